"""How well predictions put rows in order: ROC and its area for classes, the ordered Lorenz curve and Gini for amounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_POINTS = 201
COSTS = np.geomspace(1e-3, 1e3, 101)  # cost ratios whose best threshold is always kept; the middle one is 1


@dataclass(frozen=True)
class Confusion:
    """What a threshold does, as weights of rows: said yes when the prediction reaches ``threshold``.

    ``caught`` and ``missed`` are rows of the second class, ``alarms`` and ``quiet`` of the first one.
    """

    threshold: float
    caught: float
    missed: float
    alarms: float
    quiet: float

    def cost(self, ratio: float) -> float:
        """The mean cost of a row, in false alarms; a miss costs ``ratio`` of them."""
        total = self.caught + self.missed + self.alarms + self.quiet
        return (ratio * self.missed + self.alarms) / total


@dataclass(frozen=True, eq=False)
class Roc:
    """The ROC curve, at most 201 of its corners.

    Attributes
    ----------
    thresholds : (T,) decreasing; the first is infinite, where nothing is said to be of the second class.
    caught, alarms : (T,) weights of the rows of the second and of the first class whose prediction reaches the threshold.
    """

    thresholds: Floats
    caught: Floats
    alarms: Floats

    def __len__(self) -> int:
        return len(self.thresholds)

    def confusion(self, k: int) -> Confusion:
        """The counts at the k-th threshold."""
        caught, alarms = float(self.caught[k]), float(self.alarms[k])
        return Confusion(
            float(self.thresholds[k]),
            caught,
            float(self.caught[-1]) - caught,
            alarms,
            float(self.alarms[-1]) - alarms,
        )

    def at(self, threshold: float) -> int:
        """The corner that a threshold stands for: the last one that is not below it."""
        return int(np.flatnonzero(self.thresholds >= threshold)[-1])

    def catching(self, share: float) -> int:
        """The first corner that catches this share of the second class."""
        return int(np.argmax(self.caught >= share * self.caught[-1] * (1 - 1e-12)))

    def cheapest(self, ratio: float) -> int:
        """The corner of the lowest cost, where a miss costs ``ratio`` false alarms; of equals the highest threshold."""
        return int(np.argmin(ratio * (self.caught[-1] - self.caught) + self.alarms))


def roc_of(y: Floats, predicted: Floats, weights: Floats) -> tuple[Roc, float]:
    """The ROC curve and the area under it, exact with ties and weights (Mann and Whitney 1947); NaN with one class alone.

    ``y`` (n,) is 0 or 1, or a share of the second class. All arrays (n,).

    >>> ones = np.ones(4)
    >>> roc_of(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.4, 0.4, 0.8]), ones)[1]
    0.875
    """
    levels, code = np.unique(-predicted, return_inverse=True)
    hits, misses = np.bincount(code, weights=weights * y), np.bincount(code, weights=weights * (1 - y))
    caught, alarms = np.concatenate([[0.0], np.cumsum(hits)]), np.concatenate([[0.0], np.cumsum(misses)])
    whole = float(caught[-1] * alarms[-1])
    area = float(misses @ (caught[:-1] + 0.5 * hits)) / whole if whole > 0 else float("nan")
    full = Roc(np.concatenate([[np.inf], -levels]), caught, alarms)
    return _thinned(full), area


def _thinned(roc: Roc) -> Roc:
    """The corners that some cost ratio chooses, the one at a half, and others along the curve as far as there is room."""
    if len(roc) <= MOST_POINTS:
        return roc
    keep = {0, len(roc) - 1, roc.at(0.5), *(roc.cheapest(float(ratio)) for ratio in COSTS)}
    along = roc.caught / max(roc.caught[-1], 1e-300) + roc.alarms / max(roc.alarms[-1], 1e-300)
    even = np.searchsorted(along, np.linspace(0.0, along[-1], MOST_POINTS - len(keep)))
    which = np.array(sorted(keep | {int(k) for k in even if k < len(roc)}))
    return Roc(roc.thresholds[which], roc.caught[which], roc.alarms[which])


@dataclass(frozen=True, eq=False)
class Lorenz:
    """The ordered Lorenz curve: of the rows with the lowest predictions, the share of all exposure and of all that was
    observed. Arrays (T,), at most 201 points of the curve, both from 0 to 1.
    """

    exposure: Floats
    observed: Floats


def lorenz_of(rate: Floats, amount: Floats, exposure: Floats) -> tuple[Lorenz, float]:
    """The curve of amounts (n,) in the order of the predicted rates (n,), and its Gini: 1 minus twice the area under it.

    Rows of one rate are one straight piece: their order says nothing. (Frees, Meyers and Cummings 2011.)

    >>> lorenz_of(np.array([1.0, 2.0]), np.array([0.0, 4.0]), np.ones(2))[1]
    0.5
    """
    _, code = np.unique(rate, return_inverse=True)
    x = np.concatenate([[0.0], np.cumsum(np.bincount(code, weights=exposure))])
    y = np.concatenate([[0.0], np.cumsum(np.bincount(code, weights=amount))])
    if not (x[-1] > 0 and y[-1] > 0):
        return Lorenz(np.array([0.0, 1.0]), np.array([0.0, 1.0])), float("nan")
    x, y = x / x[-1], y / y[-1]
    gini = 1.0 - float(np.diff(x) @ (y[1:] + y[:-1]))
    if len(x) > MOST_POINTS:
        even = np.linspace(0.0, 1.0, MOST_POINTS)
        x, y = even, np.interp(even, x, y)
    return Lorenz(x, y), gini


__all__ = ["Confusion", "Lorenz", "Roc", "lorenz_of", "roc_of"]
