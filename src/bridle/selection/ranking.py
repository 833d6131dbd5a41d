"""How well predictions put rows in order: ROC and its area for classes, the ordered Lorenz curve and Gini for amounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_POINTS = 201
TIED = (
    1e-13  # predictions that differ by less of themselves are one: more than rounding, less than any finding
)
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


def levels_of(predicted: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Each prediction's place (n,) among the different ones, from the lowest, and the lowest number of each place.

    What differs by rounding alone is one prediction: equal rows need not come out of a product of matrices alike.

    >>> levels_of(np.array([0.3, 0.1 + 0.2, 0.1]))[0]
    array([1, 1, 0])
    """
    order = np.argsort(predicted)
    ranked = predicted[order]
    apart = np.diff(ranked) > TIED * np.abs(ranked[1:])
    first = np.concatenate([[0], 1 + np.flatnonzero(apart)])
    code = np.empty(len(order), dtype=np.intp)
    code[order] = np.concatenate([[0], np.cumsum(apart)])
    return code, ranked[first]


def _corners(y: Floats, predicted: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Different predictions from the highest, and how much of the second and of the first class each of them holds."""
    code, lowest = levels_of(predicted)
    hits, misses = (np.asarray(np.bincount(code, weights=weights * s)[::-1], np.float64) for s in (y, 1 - y))
    return lowest[::-1], hits, misses


def area_of(y: Floats, predicted: Floats, weights: Floats) -> float:
    """The area under the ROC curve, exact with ties and weights (Mann and Whitney 1947); NaN with one class alone.

    ``y`` (n,) is 0 or 1, or a share of the second class. All arrays (n,).
    """
    return _area(*_corners(y, predicted, weights)[1:])


def _area(hits: Floats, misses: Floats) -> float:
    whole = float(hits.sum() * misses.sum())
    if not whole > 0:
        return float("nan")
    return float(misses @ (np.cumsum(hits) - 0.5 * hits)) / whole


def roc_of(y: Floats, predicted: Floats, weights: Floats) -> tuple[Roc, float]:
    """The ROC curve and the area under it, as ``area_of``.

    >>> ones = np.ones(4)
    >>> roc_of(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.4, 0.4, 0.8]), ones)[1]
    0.875
    """
    levels, hits, misses = _corners(y, predicted, weights)
    caught, alarms = np.concatenate([[0.0], np.cumsum(hits)]), np.concatenate([[0.0], np.cumsum(misses)])
    return _thinned(Roc(np.concatenate([[np.inf], levels]), caught, alarms)), _area(hits, misses)


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


def _shares(rate: Floats, amount: Floats, exposure: Floats) -> tuple[Floats, Floats] | None:
    """Corners of the ordered Lorenz curve; None where there is no exposure, or nothing was observed."""
    code, _ = levels_of(rate)
    x = np.concatenate([[0.0], np.cumsum(np.bincount(code, weights=exposure))])
    y = np.concatenate([[0.0], np.cumsum(np.bincount(code, weights=amount))])
    return (x / x[-1], y / y[-1]) if x[-1] > 0 and y[-1] > 0 else None


def gini_of(rate: Floats, amount: Floats, exposure: Floats) -> float:
    """1 minus twice the area under the ordered Lorenz curve, arrays (n,); NaN where nothing was observed."""
    found = _shares(rate, amount, exposure)
    return float("nan") if found is None else _gini(*found)


def _gini(x: Floats, y: Floats) -> float:
    return 1.0 - float(np.diff(x) @ (y[1:] + y[:-1]))


def lorenz_of(rate: Floats, amount: Floats, exposure: Floats) -> tuple[Lorenz, float]:
    """The curve of amounts (n,) in the order of the predicted rates (n,), and its Gini: 1 minus twice the area under it.

    Rows of one rate are one straight piece: their order says nothing. (Frees, Meyers and Cummings 2011.)

    >>> lorenz_of(np.array([1.0, 2.0]), np.array([0.0, 4.0]), np.ones(2))[1]
    0.5
    """
    found = _shares(rate, amount, exposure)
    if found is None:
        return Lorenz(np.array([0.0, 1.0]), np.array([0.0, 1.0])), float("nan")
    x, y = found
    gini = _gini(x, y)
    if len(x) > MOST_POINTS:
        even = np.linspace(0.0, 1.0, MOST_POINTS)
        x, y = even, np.interp(even, x, y)
    return Lorenz(x, y), gini


__all__ = ["Confusion", "Lorenz", "Roc", "area_of", "gini_of", "levels_of", "lorenz_of", "roc_of"]
