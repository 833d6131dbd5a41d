"""The evidence of a certificate: what one pass over the rows says about fits, by code that the solvers never call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..design import Dense, Design

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """One fit to certify: original units; ``coef`` (p,)."""

    alpha: float
    l1_ratio: float
    intercept: float
    coef: Floats


@dataclass(frozen=True, eq=False)
class Totals:
    """Weighted sums over the rows, of C candidates; sizes of the target are one for all candidates, or one for each.

    Attributes
    ----------
    mean, variance : (p,) of the columns.
    y_mean, y_variance : (1,) or (C,) of the targets.  y_square : about the mean, or about zero without an intercept.
    residual_sum, residual_square : (C,) sum w r, sum w r^2.
    products : (p, C) sum w (x - mean) r, or sum w x r without an intercept.
    """

    weight: float
    mean: Floats
    variance: Floats
    y_mean: Floats
    y_square: Floats
    y_variance: Floats
    residual_sum: Floats
    residual_square: Floats
    products: Floats


def totals(
    design: Design, y: Floats, weights: Floats | None, candidates: Sequence[Candidate], fit_intercept: bool, threads: int
) -> Totals:  # fmt: skip
    """One pass over the rows; y is (n,), or (n, C) where every candidate has a target of its own."""
    targets = y if y.ndim == 2 else y[:, None]
    coefs = np.array([c.coef for c in candidates]).T
    intercepts = np.array([c.intercept for c in candidates])
    if weights is None:
        weights = np.ones(len(y))
    if len(design.blocks) == 1 and not len(design.imputed) and len(design.tiles()) == 1:
        block = design.blocks[0]
        if isinstance(block, Dense):
            return _of_one_tile(block.values, targets, weights, coefs, intercepts, fit_intercept)
    return _of_tiles(design, targets, weights, coefs, intercepts, fit_intercept, threads)


def _of_one_tile(
    values: NDArray[np.floating], targets: Floats, weights: Floats, coefs: Floats, intercepts: Floats,
    fit_intercept: bool,
) -> Totals:  # fmt: skip
    x = np.asarray(values, dtype=np.float64)
    weight = float(weights.sum())
    mean = weights @ x / weight
    y_mean = weights @ targets / weight
    residual = targets - intercepts - x @ coefs
    weighted = weights[:, None] * residual
    off = x - mean
    products = (off if fit_intercept else x).T @ weighted
    np.multiply(off, off, out=off)
    y_off = targets - y_mean
    y_variance = weights @ (y_off * y_off) / weight
    y_square = y_variance if fit_intercept else weights @ (targets * targets) / weight
    return Totals(
        weight, mean, weights @ off / weight, y_mean, y_square, y_variance, weighted.sum(axis=0),
        (weighted * residual).sum(axis=0), products,
    )  # fmt: skip


def _of_tiles(
    design: Design, targets: Floats, weights: Floats, coefs: Floats, intercepts: Floats, fit_intercept: bool, threads: int
) -> Totals:  # fmt: skip
    """About a shift near the means, so that nothing cancels."""
    spread = design.spread(coefs)
    first = design.tiles()[0]
    ones = weights[first[0] : first[1]]
    seen = float(ones.sum())
    shift = (
        design.transposed_times_rows(*first, ones[:, None])[:, 0] / seen if seen > 0 else np.zeros(design.p)
    )
    if design.sparse:  # a tile's mean says little of a column that is mostly zero
        everything = design.unfilled().rmatvec(weights, threads)
        shift = everything / weights.sum()
    y_shift = ones @ targets[first[0] : first[1]] / seen if seen > 0 else np.zeros(targets.shape[1])

    def tile(a: int, b: int) -> tuple[Floats, Floats, Floats, Floats, float]:
        w, y = weights[a:b], targets[a:b]
        residual = y - intercepts - design.times_rows(a, b, spread)
        weighted = np.column_stack([w, w[:, None] * residual])
        products = design.transposed_times_rows(a, b, weighted)
        squares = design.squares_rows(a, b, w, shift)
        off = y - y_shift
        sizes = np.stack([w @ off, w @ (off * off), w @ (y * y)])
        return products, squares, np.stack([w @ residual, w @ residual**2]), sizes, float(w.sum())

    stored, squares = np.zeros((design.p, coefs.shape[1] + 1)), np.zeros(design.p)
    residuals, sizes, weight = np.zeros((2, coefs.shape[1])), np.zeros((3, targets.shape[1])), 0.0
    for part in design.map_tiles(tile, threads):  # one by one: together they may be larger than the table
        stored += part[0]
        squares += part[1]
        residuals += part[2]
        sizes += part[3]
        weight += part[4]
    y_sum, y_about, y_raw = sizes
    mean = stored[:, 0] / weight
    variance = np.maximum(squares / weight - (mean - shift) ** 2, 0.0)
    if len(design.imputed):
        mean, variance = _filled_statistics(design, weights, mean, variance, weight)
    products = design.gather(stored[:, 1:])
    if fit_intercept:
        products = products - mean[:, None] * residuals[0]
    y_variance = np.maximum(y_about / weight - (y_sum / weight) ** 2, 0.0)
    return Totals(
        weight, mean, variance, y_shift + y_sum / weight, y_variance if fit_intercept else y_raw / weight, y_variance,
        residuals[0], residuals[1], products,
    )  # fmt: skip


def _filled_statistics(
    design: Design, weights: Floats, mean: Floats, variance: Floats, weight: float
) -> tuple[Floats, Floats]:
    mean, variance = mean.copy(), variance.copy()
    columns = np.unique(design.imputed[:, 0])
    step = max(
        1, (1 << 20) // max(1, design.n)
    )  # every call walks through all blocks: many columns at a time
    for at in range(0, len(columns), step):
        own = columns[at : at + step]
        values = design.columns(own)
        mean[own] = weights @ values / weight
        values -= mean[own]
        variance[own] = weights @ (values * values) / weight
    return mean, variance
