"""What a solver is asked and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..design import Design
from ..families import SQUARED, Family
from ..objective import Spectrum
from ..penalties import Penalty

Floats = NDArray[np.float64]
Progress = Callable[[float], None] | None


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a problem: a design (n, p), a target (n,), weights (n,) or None for ones, an offset (n,) or None.

    ``family`` is the loss. Squared error never has an offset here: it is taken off the target before.
    """

    design: Design
    y: Floats
    weights: Floats | None = None
    offset: Floats | None = None
    family: Family = SQUARED

    def take(self, rows: NDArray[np.intp]) -> Rows:
        weights = None if self.weights is None else self.weights[rows]
        offset = None if self.offset is None else self.offset[rows]
        return Rows(self.design.take(rows), self.y[rows], weights, offset, self.family)


@dataclass(frozen=True, eq=False)
class Split:
    """Atoms of rows, and for each problem which atoms it trains and is tested on. Problem 0 is the whole.

    Attributes
    ----------
    rows : row numbers, grouped by atom.  start : (A + 1,) where each atom begins.
    train, test : (P, A) flags.
    """

    rows: NDArray[np.int64]
    start: NDArray[np.int64]
    train: NDArray[np.uint8]
    test: NDArray[np.uint8]

    @staticmethod
    def whole(n: int) -> Split:
        """One problem on all rows, tested nowhere."""
        flags = np.ones((1, 1), dtype=np.uint8)
        return Split(np.arange(n), np.array([0, n]), flags, np.zeros_like(flags))

    def rows_of(self, flags: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The row numbers of the flagged atoms."""
        pieces = [self.rows[self.start[a] : self.start[a + 1]] for a in np.flatnonzero(flags)]
        return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int64)

    def of_problems(self, which: list[int]) -> Split:
        return Split(self.rows, self.start, self.train[which], self.test[which])


@dataclass(frozen=True, eq=False)
class Plan:
    """Which paths to solve: for every l1_ratio a grid of decreasing alphas, (L,) and (L, A).

    ``stop_turned``: paths on wide tables end once the errors on other rows have clearly turned in every fold. ``seen``:
    at how many of the kept problems' coefficients somebody will look; those of the others need no more digits than folds.
    """

    l1_ratios: Floats
    alphas: Floats
    penalty: Penalty
    fit_intercept: bool = True
    standardize: bool = True
    tolerance: float = 1e-7
    exact: bool = False
    max_nonzero: int = 2**62
    max_sweeps: int = 100_000
    stop_turned: bool = False
    seen: int = 2**62

    def only(self, ratios: list[int]) -> Plan:
        return replace(self, l1_ratios=self.l1_ratios[ratios], alphas=self.alphas[ratios])


@dataclass(frozen=True, eq=False)
class Solution:
    """The paths of all problems (P), l1_ratios (L) and alphas (A).

    Attributes
    ----------
    coefs : for each l1_ratio the coefficients of the kept problems, (kept, A, p), standardized units, compressed rows.
    gap, train_error : (P, L, A) relative duality gap; mean squared error in units of the target.
    nonzero : (P, L, A); -1 behind the end of a path that was limited.
    test_error : (P, L, A, atoms); NaN where a problem is not tested.
    x_mean, x_scale : (P, p) of the kept problems at least.  y_mean, y_scale : (P,).
    fills : for each problem the means that stand in for missing numbers, (P, k).
    intercepts : for each l1_ratio those of the kept problems, (kept, A), where they do not follow from the means.
    degrees : (L, A) degrees of freedom of the whole, where the curvature is needed for them.

    With another family than the squared loss, errors are mean unit deviances.
    """

    coefs: list[SparseRows]
    gap: Floats
    train_error: Floats
    nonzero: NDArray[np.int64]
    test_error: Floats
    x_mean: Floats
    x_scale: Floats
    y_mean: Floats
    y_scale: Floats
    fills: Floats
    solver: str
    gap_source: str
    statistics: dict[str, int] = field(default_factory=dict)
    intercepts: list[Floats] | None = None
    degrees: Floats | None = None

    def of_whole(self) -> Solution:
        """With the coefficients of the first problem alone."""
        steps = self.gap.shape[2]
        intercepts = None if self.intercepts is None else [one[:1] for one in self.intercepts]
        return replace(self, coefs=[rows.first(steps) for rows in self.coefs], intercepts=intercepts)


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows of coefficients of which most are zero: (rows, p)."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Floats
    p: int

    @staticmethod
    def of(dense: Floats) -> SparseRows:
        if len(dense) == 1:
            kept = np.flatnonzero(dense[0])
            return SparseRows(
                np.array([0, len(kept)], dtype=np.int64),
                kept.astype(np.int64),
                dense[0, kept],
                dense.shape[1],
            )
        rows, columns = np.nonzero(dense)
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(dense)))])
        return SparseRows(
            starts.astype(np.int64), columns.astype(np.int64), dense[rows, columns], dense.shape[1]
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def counts(self) -> NDArray[np.int64]:
        """Coefficients of each row that are not zero."""
        return self.starts[1:] - self.starts[:-1]

    def first(self, count: int) -> SparseRows:
        end = self.starts[count]
        return SparseRows(self.starts[: count + 1], self.columns[:end], self.values[:end], self.p)

    def row(self, i: int) -> Floats:
        out = np.zeros(self.p)
        piece = slice(self.starts[i], self.starts[i + 1])
        out[self.columns[piece]] = self.values[piece]
        return out

    def dense(self) -> Floats:
        out = np.zeros((len(self), self.p))
        rows = np.repeat(np.arange(len(self)), self.counts)
        out[rows, self.columns] = self.values
        return out

    def rescaled(self, by_column: Floats, factor: float) -> SparseRows:
        return SparseRows(self.starts, self.columns, self.values * by_column[self.columns] * factor, self.p)


@dataclass(frozen=True, eq=False)
class Null:
    """The null model of the whole: intercept and unpenalized columns alone.

    ``gradient`` (p,) is what the residual still says about each column, standardized; ``coefs`` (p,) are zero but for
    the unpenalized ones; ``usable`` (p,) marks columns that vary.
    """

    gradient: Floats
    coefs: Floats
    usable: NDArray[np.bool_]
    x_mean: Floats
    x_scale: Floats
    y_mean: float
    y_scale: float
    deviation: Floats  # (p,) standard deviations, whatever the penalty sees
    y_deviation: float  # what the target would be divided by, were it scaled


class Engine(Protocol):
    """One reading of the data, ready to answer."""

    @property
    def name(self) -> str: ...
    def finite(self) -> bool:
        """Whether every sum over the data is a finite number."""
        ...

    def null(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Null: ...
    def spectrum(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Spectrum:
        """Eigenvalues of the penalized Gram V^-1/2 G V^-1/2 of the whole, for degrees of freedom."""
        ...

    def solve(self, plan: Plan, split: Split, kept: int = 1, progress: Progress = None) -> Solution: ...
    def gram(self, which: NDArray[np.intp], fit_intercept: bool) -> Floats:
        """Second moments of the named columns over the whole, filled, unscaled, (k, k)."""
        ...

    def cross(self, which: NDArray[np.intp]) -> Floats:
        """Covariances of the named columns with all, over the whole, (k, p)."""
        ...

    def means(self) -> Floats:
        """Weighted means of the columns over the whole, (p,)."""
        ...

    def fills(self) -> Floats:
        """Means that stand in for the missing numbers of the whole, (k,)."""
        ...

    def null_errors(self, split: Split, fit_intercept: bool) -> Floats:
        """Mean squared error of the constant model, (P, atoms); NaN where not tested."""
        ...
