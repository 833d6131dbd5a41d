"""The exact finish on the rows: the equations on a support solved by pivoted QR, without squaring the condition."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..penalties import Penalty
from .plan import Floats, Null, Rows

# Below this share of the largest pivot a column depends on those before it.
DEPENDENT = 1e-15
EXTENDED_CELLS = 1_000_000


class Refined(NamedTuple):
    """Standardized coefficients (p,), and the ratio of the smallest to the largest pivot of the QR factor."""

    beta: Floats
    pivot_ratio: float


def refined(
    rows: Rows, null: Null, beta: Floats, alpha: float, l1_ratio: float, penalty: Penalty, fit_intercept: bool
) -> Refined | None:
    """The standardized coefficients on the support of ``beta``, signs kept, solved from the rows themselves.

    Minimizes over the support S: sum w (y - x_S b)^2 / 2 W + alpha sum v (l1_ratio sign b + (1 - l1_ratio)/2 b^2) by QR of
    the centred, scaled rows with the ridge part appended (Golub 1965). None where signs or bounds would not hold.

    Raises
    ------
    DataError
        Where columns without any penalty are linearly dependent to working precision.
    """
    free = (penalty.factors == 0) | (alpha == 0)
    keep = null.usable & np.isfinite(penalty.factors) & ((beta != 0) | free)
    keep &= ~_held(beta, penalty)
    support = np.flatnonzero(keep)
    if not len(support):
        return Refined(beta, 1.0)
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    root = np.sqrt(weights / weights.sum())
    block = (rows.design.columns(support) - null.x_mean[support]) / null.x_scale[support]
    target = (rows.y - null.y_mean) / null.y_scale
    fixed = np.flatnonzero((beta != 0) & ~keep)
    if len(fixed):
        target = (
            target - (rows.design.columns(fixed) - null.x_mean[fixed]) / null.x_scale[fixed] @ beta[fixed]
        )
    if fit_intercept:  # centring once more takes away the rounding of the means
        share = root**2
        block = block - share @ block
        target = target - share @ target
    v = penalty.factors[support]
    ridge = np.sqrt(alpha * (1 - l1_ratio) * v)
    linear = alpha * l1_ratio * v * np.sign(beta[support])
    solution, ratio = _least_squares(block * root[:, None], target * root, ridge, linear)
    if ratio < DEPENDENT * max(block.shape) and ((alpha == 0) | (v == 0)).any():
        raise DataError(
            "The columns are linearly dependent to working precision (ill-conditioned: the smallest pivot of the "
            f"standardized columns is {ratio:.1e} of the largest), so the unpenalized coefficients are not determined. "
            "Drop columns or use alpha > 0."
        )
    out = beta.copy()
    out[support] = solution
    signs = np.where(alpha * l1_ratio * v > 0, np.sign(beta[support]) * solution < 0, False)
    outside = (penalty.lower is not None and (out < penalty.lower).any()) or (
        penalty.upper is not None and (out > penalty.upper).any()
    )
    return None if signs.any() or outside else Refined(out, ratio)


def _held(beta: Floats, penalty: Penalty) -> NDArray[np.bool_]:
    held = np.zeros(len(beta), dtype=bool)
    if penalty.lower is not None:
        held |= (beta <= penalty.lower) & (beta != 0)
    if penalty.upper is not None:
        held |= (beta >= penalty.upper) & (beta != 0)
    return held


def _least_squares(a: Floats, target: Floats, ridge: Floats, linear: Floats) -> tuple[Floats, float]:
    """min |a b - target|^2 / 2 + linear'b + |ridge b|^2 / 2, refined once with residuals in extended precision."""
    from scipy.linalg import qr, solve_triangular

    k = a.shape[1]
    stacked = np.vstack([a, np.diag(ridge)]) if ridge.any() else a
    right = np.concatenate([target, np.zeros(k)]) if ridge.any() else target
    q, r, order = qr(stacked, mode="economic", pivoting=True)
    pivots = np.abs(np.diag(r))
    ratio = float(pivots[-1] / pivots[0]) if len(pivots) == k and pivots[0] > 0 else 0.0
    if ratio == 0.0:
        return np.zeros(k), 0.0

    def solve(residual: Floats, slope: Floats) -> Floats:
        # R'R b = A'residual - slope, each factor applied once
        inner = q.T @ residual - solve_triangular(r, slope[order], trans="T")
        out = np.empty(k)
        out[order] = solve_triangular(r, inner)
        return out

    b = solve(right, linear)
    if not ridge.any() and not linear.any() and stacked.size <= EXTENDED_CELLS:
        # Plain least squares: residuals in extended precision win back the digits that rounding took.
        wide, target_wide = stacked.astype(np.longdouble), right.astype(np.longdouble)
        for _ in range(3):
            b = b + solve((target_wide - wide @ b.astype(np.longdouble)).astype(np.float64), linear)
    return b, ratio
