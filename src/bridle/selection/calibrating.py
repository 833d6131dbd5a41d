"""Rows in bins of their predictions: what was observed beside what was predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_BINS = 20
ROWS_PER_BIN = 80
LEAST_BINS = 4
NORMAL = 1.959963984540054  # the normal distribution's 97.5% point


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What was observed and predicted of rows that a fit did not see; all arrays (n,).

    Attributes
    ----------
    y : the target.  predicted : its mean by the model.  constant : by the constant model beside the offset.
    weights : of the rows, above 0.  exposure : what a row counts for each unit of its weight: 1, or exp(offset) where the
        link is the logarithm. Means are taken by weights times exposure, so that they are rates.
    """

    y: Floats
    predicted: Floats
    constant: Floats
    weights: Floats
    exposure: Floats

    @property
    def size(self) -> Floats:
        """What each row counts in a mean, (n,)."""
        return self.weights * self.exposure

    @property
    def rate(self) -> Floats:
        """The prediction for each unit of exposure, (n,)."""
        return self.predicted / self.exposure


@dataclass(frozen=True, eq=False)
class Bins:
    """Rows in bins of about equal exposure, from the lowest prediction to the highest; all arrays (B,).

    Attributes
    ----------
    rows : how many.  exposure : their weights times their exposure.
    predicted, constant, observed : means by exposure of the model, of the constant model, of the target.
    low, high : an interval of 95% around ``observed``.
    """

    rows: NDArray[np.int64]
    exposure: Floats
    predicted: Floats
    constant: Floats
    observed: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.rows)


def binned(rows: HeldOut, key: Floats, *, classes: bool) -> Bins:
    """Rows in quantile bins of ``key`` (n,) by exposure; rows of one key stay together.

    There are 4 to 20 bins, of 80 rows or more where that leaves four. With ``classes`` the intervals are Wilson's (1927);
    of other targets they come from the spread of the rows in a bin.
    """
    size, w = rows.size, rows.weights
    count = int(np.clip(len(key) // ROWS_PER_BIN, LEAST_BINS, MOST_BINS))
    _, code = np.unique(key, return_inverse=True)
    step = np.bincount(code, weights=size)
    middle = np.cumsum(step) - 0.5 * step
    place = np.minimum((count * middle / size.sum()).astype(np.int64), count - 1)[code]
    _, place = np.unique(place, return_inverse=True)  # bins that stayed empty are left out
    exposure = _sums(place, size)
    observed = _sums(place, w * rows.y) / exposure
    if classes:
        low, high = wilson(observed, _trials(rows, place))
    else:
        off = w * rows.y - observed[place] * size
        spread = NORMAL * np.sqrt(_sums(place, off**2)) / exposure
        low, high = np.maximum(observed - spread, 0.0), observed + spread
    predicted = _sums(place, w * rows.predicted) / exposure
    constant = _sums(place, w * rows.constant) / exposure
    return Bins(np.bincount(place), exposure, predicted, constant, observed, low, high)


def _trials(rows: HeldOut, place: NDArray[np.int64]) -> Floats:
    """What each bin is worth in trials: the weights of shares, the effective number of rows of classes (Kish 1965)."""
    total = _sums(place, rows.weights)
    if ((rows.y > 0) & (rows.y < 1)).any():
        return total
    return np.asarray(total**2 / _sums(place, rows.weights**2))


def _sums(place: NDArray[np.int64], values: Floats) -> Floats:
    return np.asarray(np.bincount(place, weights=values), dtype=np.float64)


def wilson(share: Floats, trials: Floats) -> tuple[Floats, Floats]:
    """The interval of a share at 95% (Wilson 1927): where a test would not refuse it.

    >>> low, high = wilson(np.array([0.5]), np.array([100.0]))
    >>> low.round(3), high.round(3)
    (array([0.404]), array([0.596]))
    """
    square = NORMAL**2 / trials
    centre = (share + 0.5 * square) / (1 + square)
    half = np.sqrt(share * (1 - share) * square + 0.25 * square**2) / (1 + square)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


__all__ = ["Bins", "HeldOut", "binned", "wilson"]
