"""Columns to be suspicious of: constant ones, identifiers, copies, and those that give the target away."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from .columns import Text
from .frame import Floats, Mask

FEWEST_ROWS = 20
FEWEST_NAMES = 10
GIVEAWAY = 0.99
_MOST_ROWS = 20_000
_ROUNDING = 1e-13
_ID_NAME = re.compile(r"(?i:(.*[_\s.-])?(id|uuid|guid)|index|idx|rowid|unnamed \d+'*)|.*[a-z]I[Dd]")


def constancy(values: Floats, missing: Mask | None) -> str | None:
    """ "empty", "constant", "nearly constant", or None for a column with something to say.

    Nearly constant: the same in all rows but one (of at least 20), or all differences within rounding.

    >>> constancy(np.array([3.0, 3.0, 3.0]), None)
    'constant'
    """
    seen = values if missing is None else values[~missing]
    if seen.size == 0:
        return "empty"
    usual = np.sort(seen[:3])[min(1, seen.size - 1)]  # if all but one agree, two of the first three do
    start = seen[:1000]
    if np.count_nonzero(start != usual) > 1 and _varies(start):
        return None
    others = int(np.count_nonzero(seen != usual))
    if others == 0:
        return "constant"
    return _nearly(seen.size, others) or (None if _varies(seen) else "nearly constant")


def level_constancy(text: Text) -> str | None:
    """The same for a category: every row has one level, or all rows but one."""
    counts = np.bincount(text.codes + 1)
    if counts.size == 0 or counts[1:].sum() == 0:
        return "empty"
    others = int(counts.sum() - counts.max())
    return "constant" if others == 0 else _nearly(len(text.codes), others)


def _nearly(rows: int, others: int) -> str | None:
    return "nearly constant" if others == 1 and rows >= FEWEST_ROWS else None


def _varies(values: Floats) -> bool:
    low, high = float(values.min()), float(values.max())
    eps = _ROUNDING if values.dtype == np.float64 else 1e-6
    return high - low > eps * max(abs(low), abs(high))


def is_row_number(values: Floats, missing: Mask | None) -> bool:
    """Whether the values are consecutive integers, each once, in any order.

    >>> is_row_number(np.arange(30.0)[::-1], None), is_row_number(np.arange(0, 60, 2.0), None)
    (True, False)
    """
    n = len(values)
    if missing is not None or n < FEWEST_ROWS:
        return False
    low, high = float(values.min()), float(values.max())
    if high - low != n - 1 or low != np.floor(low):
        return False
    place = (values - low).astype(np.int64)
    seen = np.zeros(n, dtype=bool)
    seen[place] = True
    return bool(seen.all() and np.array_equal(place + low, values))


def is_key(name: str, values: Floats, missing: Mask | None) -> bool:
    """Whether a column of integers is called an identifier and has no value twice."""
    if missing is not None or len(values) < FEWEST_ROWS or not _ID_NAME.fullmatch(name):
        return False
    return len(np.unique(values)) == len(values)


def is_name_of_rows(text: Text) -> bool:
    """Whether no level occurs twice."""
    told = int(np.count_nonzero(text.codes >= 0))
    return told >= FEWEST_NAMES and len(text.levels) == told


class Giveaway:
    """Tells whether one column alone explains more than 99 % of the target in rows that it was not fitted on.

    The rows (at most 20,000, drawn with a fixed seed) are split in two; a line, or the means of the levels,
    fitted on each half are judged on the other. A category with a level for every row explains nothing that
    way.

    >>> y = np.arange(100.0)
    >>> Giveaway(y).by_line(2 * y + 1, None), Giveaway(y).by_levels(np.arange(100), 100)
    (True, False)
    """

    def __init__(self, target: npt.NDArray[np.float64]) -> None:
        n = len(target)
        draw = np.random.default_rng(0)
        self._rows: Any = slice(None)
        if n > _MOST_ROWS:
            self._rows = np.sort(draw.choice(n, _MOST_ROWS, replace=False))
        y = target[self._rows]
        with np.errstate(all="ignore"):
            y = (y - y.mean()) / (np.abs(y).max() or 1.0)
        half = draw.random(len(y)) < 0.5
        self._halves = (half, ~half)
        self._y = y
        self._able = n >= FEWEST_ROWS and bool(np.isfinite(y).all()) and float(np.ptp(y)) > 0

    def by_line(self, values: Floats, missing: Mask | None) -> bool:
        """Whether a line through the values (n,) gives the target away; missing values get the mean."""
        if not self._able:
            return False
        x = values[self._rows].astype(np.float64)
        with np.errstate(all="ignore"):
            x = x / (np.abs(x).max() or 1.0)
            if missing is not None:
                gone = missing[self._rows]
                x[gone] = x[~gone].mean() if not gone.all() else 0.0
            # What explains 99 % of unseen rows explains most of all rows: nearly every column fails here.
            centred = x - x.mean()
            shared = _dot(centred, self._y) ** 2
            if not shared > 0.8 * _dot(centred, centred) * _dot(self._y, self._y):
                return False
            return self._explains(lambda train, test: _line(x[train], self._y[train], x[test]))

    def by_levels(self, codes: npt.NDArray[Any], n_levels: int) -> bool:
        """Whether the means of the levels ``codes`` (n,) give the target away."""
        if not self._able:
            return False
        codes = codes[self._rows]
        return self._explains(
            lambda train, test: _level_means(codes[train], self._y[train], codes[test], n_levels)
        )

    def _explains(self, predict: Any) -> bool:
        wrong = total = 0.0
        for train, test in (self._halves, self._halves[::-1]):
            if train.sum() < 2:
                return False
            wrong += float(np.sum((self._y[test] - predict(train, test)) ** 2))
            total += float(np.sum((self._y[test] - self._y[train].mean()) ** 2))
        return wrong < (1 - GIVEAWAY) * total


def _dot(a: Floats, b: Floats) -> float:
    """The inner product without BLAS, whose threads take milliseconds to meet over so little."""
    return float(np.einsum("i,i", a, b))


def _line(x: Floats, y: Floats, new: Floats) -> Floats:
    centre = x.mean()
    size = float(np.sum((x - centre) ** 2))
    slope = float(np.sum((x - centre) * (y - y.mean()))) / size if size > 0 else 0.0
    predicted: Floats = y.mean() + slope * (new - centre)
    return predicted


def _level_means(codes: npt.NDArray[Any], y: Floats, new: npt.NDArray[Any], n_levels: int) -> Floats:
    counts = np.bincount(codes + 1, minlength=n_levels + 1)
    sums = np.bincount(codes + 1, weights=y, minlength=n_levels + 1)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), y.mean())
    predicted: Floats = means[new + 1]
    return predicted


class Copies:
    """Finds columns that repeat an earlier one: a sample of the values is the key, all values the proof."""

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], list[tuple[str, Floats, Mask | None]]] = {}

    def original(self, name: str, values: Floats, missing: Mask | None) -> str | None:
        """The name of the earlier column with the same values, or None; the column is remembered."""
        sample = values[:: max(1, len(values) // 500)]
        earlier = self._seen.setdefault((sample.tobytes(), missing is None), [])
        for other, theirs, gone in earlier:
            same = missing is None or (gone is not None and np.array_equal(gone, missing))
            if same and np.array_equal(theirs, values):
                return other
        earlier.append((name, values, missing))
        return None
