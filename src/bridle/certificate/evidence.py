"""The evidence of a certificate: what one pass over the rows says about fits, by code that the solvers never call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..design import Dense, Design

Floats = NDArray[np.float64]


NEAR = 16.0  # squared means of a tile, in units of its variances: sums of squares about zero lose one digit at most


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
    if len(design.blocks) == 1 and not len(design.imputed) and len(design.tiles()) == 1:
        block = design.blocks[0]
        if isinstance(block, Dense):
            given = np.ones(len(y)) if weights is None else weights
            return _of_one_tile(block.values, targets, given, coefs, intercepts, fit_intercept)
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
    design: Design, targets: Floats, given: Floats | None, coefs: Floats, intercepts: Floats, fit_intercept: bool,
    threads: int,
) -> Totals:  # fmt: skip
    """About a shift near the means, so that nothing cancels."""
    weights = np.ones(len(targets)) if given is None else given
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
    else:  # nor is there anything to lose where means are no larger than what the columns vary by
        spreads = np.maximum(design.squares_rows(*first, ones, shift) / max(seen, 1e-300), 0.0)
        shift = np.where((shift * shift <= NEAR * spreads).all(), 0.0, shift)
    y_shift = ones @ targets[first[0] : first[1]] / seen if seen > 0 else np.zeros(targets.shape[1])

    def tile(a: int, b: int) -> tuple[Floats, Floats, Floats]:
        w = weights[a:b]
        sides = np.empty(
            (1 + len(intercepts), b - a)
        )  # one by one, as they are multiplied: ones and residuals
        sides[0] = 1.0
        np.subtract(targets[a:b].T, design.times_rows(a, b, spread).T, out=sides[1:])
        sides[1:] -= intercepts[:, None]
        weighted = sides if given is None else sides * w
        products = design.transposed_times_rows(a, b, weighted.T)
        sums = np.stack([weighted.sum(axis=1), np.einsum("ij,ij->i", weighted, sides)])
        return products, design.squares_rows(a, b, w, shift), sums

    stored, squares = np.zeros((design.p, coefs.shape[1] + 1)), np.zeros(design.p)
    sums = np.zeros((2, 1 + coefs.shape[1]))
    for part in design.map_tiles(tile, threads):  # one by one: together they may be larger than the table
        stored += part[0]
        squares += part[1]
        sums += part[2]
    weight, residuals = float(sums[0, 0]), sums[:, 1:]
    y_sum, y_about, y_raw = np.array([_sizes(y, middle, weights) for y, middle in zip(targets.T, y_shift)]).T
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


def _sizes(y: Floats, middle: float, weights: Floats) -> tuple[float, float, float]:
    off = y - middle
    weighted = weights * off
    return float(weighted.sum()), float(np.dot(weighted, off)), float(np.dot(weights, y * y))


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
