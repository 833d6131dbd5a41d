"""Least squares without any penalty: pivoted QR where the columns are independent, the shortest solution where not."""

from __future__ import annotations

import numpy as np

from .._numerics import single_threaded_blas
from ..errors import DataError
from ..penalties import Penalty
from .modes import Modes, Targets
from .plan import Floats, Null, Rows
from .refine import refined

EPSILON = float(np.finfo(np.float64).eps)
MOST_CELLS = 2e7  # dense copies of the rows beyond this are not made
MOST_WORK = 2e11


def least_squares(rows: Targets, null: Null | None, fit_intercept: bool, threads: int) -> Floats:
    """Coefficients (p, T) of smallest squared error; where many fit equally well, the shortest of them.

    ``null`` (standardized scales of the columns) makes the QR possible; without it the shortest solution is computed.
    """
    design = rows.design
    n, p = design.n, design.p
    if null is not None and n > p and n * p**2 <= MOST_WORK and n * p <= MOST_CELLS:
        found = [_by_qr(rows, null, k, fit_intercept) for k in range(rows.y.shape[1])]
        if all(one is not None for one in found):
            return np.stack([one for one in found if one is not None], axis=1)
    if n * p <= MOST_CELLS:
        return _shortest(rows, fit_intercept)
    modes = Modes.of(rows, fit_intercept, threads)
    held = modes.values > 1e-13 * modes.values[-1]
    inverse = np.where(held, 1.0 / np.where(held, modes.values, 1.0), 0.0)
    inner = modes.vectors @ (modes.pull * inverse[:, None])
    if not modes.by_row:
        return np.asarray(inner)
    dual = inner * np.sqrt(rows.shares())[:, None]
    return np.asarray(design.rmatvec(dual, threads) - np.outer(modes.x_mean, dual.sum(axis=0)))


def _by_qr(rows: Targets, null: Null, k: int, fit_intercept: bool) -> Floats | None:
    one = Rows(rows.design, np.ascontiguousarray(rows.y[:, k]), rows.weights)
    share = rows.shares()
    y_mean = float(share @ one.y) if fit_intercept else 0.0
    own = Null(
        null.gradient, null.coefs, null.usable, null.x_mean, null.x_scale, y_mean, 1.0, null.deviation, 1.0
    )
    try:
        found = refined(one, own, np.zeros(rows.design.p), 0.0, 1.0, Penalty.of(rows.design.p), fit_intercept)
    except DataError:  # dependent columns: many solutions
        return None
    if found is None or found.pivot_ratio == 0:
        return None
    return np.asarray(found.beta / np.where(null.usable, null.x_scale, 1.0))


def _shortest(rows: Targets, fit_intercept: bool) -> Floats:
    from scipy.linalg import lstsq

    share = rows.shares()
    root = np.sqrt(share)[:, None]
    block = rows.design.columns(np.arange(rows.design.p))
    largest = float(np.abs(block).max(initial=0.0))
    target = rows.y
    if fit_intercept:
        block = block - share @ block
        block = block - share @ block  # what rounding left of the means is no direction
        target = target - share @ target
    # Far from zero the columns carry rounding of their own size: it is no direction either.
    cond = EPSILON * max(block.shape) * max(1.0, largest / max(float(np.abs(block).max(initial=0.0)), 1e-300))
    with single_threaded_blas():
        return np.asarray(lstsq(block * root, target * root, cond=cond, lapack_driver="gelsd")[0])
