"""Procedures on paths: an engine around an engine, which fits every problem in a way of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..moments import Moments
from ..objective import Spectrum
from ..penalties import Penalty
from ..solvers import Engine, Plan, Rows, Solution, Split, prepare
from ..solvers.gram import GramEngine
from ..solvers.newton import NewtonEngine
from ..solvers.plan import Null, Progress, SparseRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Procedure:
    """What answers as ``inner`` does, but for ``solve``: cross-validation need not know that there is a procedure.

    ``rows`` are all rows, which ``inner`` has read.
    """

    inner: Engine
    rows: Rows

    @property
    def name(self) -> str:
        return self.inner.name

    def finite(self) -> bool:
        return self.inner.finite()

    def null(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Null:
        return self.inner.null(penalty, fit_intercept, standardize)

    def spectrum(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Spectrum:
        return self.inner.spectrum(penalty, fit_intercept, standardize)

    def gram(self, which: NDArray[np.intp], fit_intercept: bool) -> Floats:
        return self.inner.gram(which, fit_intercept)

    def cross(self, which: NDArray[np.intp]) -> Floats:
        return self.inner.cross(which)

    def means(self) -> Floats:
        return self.inner.means()

    def fills(self) -> Floats:
        return self.inner.fills()

    def null_errors(self, split: Split, fit_intercept: bool) -> Floats:
        return self.inner.null_errors(split, fit_intercept)

    def solve(self, plan: Plan, split: Split, kept: int = 1, progress: Progress = None) -> Solution:
        return self.inner.solve(plan, split, kept, progress)


def innermost(engine: Engine) -> Engine:
    """The reading of the data that procedures stand around."""
    while isinstance(engine, Procedure):
        engine = engine.inner
    return engine


@dataclass(frozen=True, eq=False)
class Training:
    """A reading of one problem's training rows, and of nothing else: whatever is made of it has seen no other row.

    ``split`` has one problem, trained on all of them; ``which`` (m,) are their numbers among all rows.
    """

    engine: Engine
    split: Split
    which: NDArray[np.int64]
    every: Rows

    @cached_property
    def rows(self) -> Rows:
        """The rows themselves, missing numbers not filled."""
        return self.every.take(self.which)

    @property
    def count(self) -> int:
        """Rows of positive weight."""
        weights = self.every.weights
        return len(self.which) if weights is None else int((weights[self.which] > 0).sum())


def training_of(engine: Engine, rows: Rows, split: Split, problem: int) -> Training:
    """Of moments the training atoms' alone are kept; any other reading is made anew of those rows."""
    reading, flags = innermost(engine), split.train[problem]
    which = split.rows_of(flags)
    start = np.concatenate([[0], np.cumsum(np.diff(split.start)[np.flatnonzero(flags)])]).astype(np.int64)
    ones = np.ones((1, len(start) - 1), dtype=np.uint8)
    own = Split(np.arange(len(which)), start, ones, np.zeros_like(ones))
    plain = reading.base if isinstance(reading, NewtonEngine) else reading
    threads: int = getattr(plain, "threads", 1)
    if isinstance(plain, GramEngine):
        at, atoms = np.flatnonzero(flags), plain.atoms
        kept = Moments(atoms.weight[at], atoms.mean[at], atoms.scatter[at])
        plain = replace(plain, atoms=kept)
    else:
        taken = rows.take(which)
        plain = prepare(Rows(taken.design, taken.y, taken.weights), own, threads)
    if isinstance(reading, NewtonEngine):
        return Training(NewtonEngine(plain, rows.take(which), own, reading.threads), own, which, rows)
    return Training(plain, own, which, rows)


_BY_PROBLEM = (
    "gap", "train_error", "nonzero", "test_error", "x_mean", "x_scale", "y_mean", "y_scale", "fills",
)  # fmt: skip


def side_by_side(found: list[Solution], kept: int) -> Solution:
    """The solutions of problems that were solved one by one, as those of one call; each holds its coefficients."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in found]) for name in _BY_PROBLEM
    }
    ratios = range(len(found[0].coefs))
    first = found[: max(kept, 1)]
    return replace(
        found[0],
        coefs=[stacked([one.coefs[i] for one in first]) for i in ratios],
        intercepts=None
        if found[0].intercepts is None
        else [np.concatenate([one.intercepts[i] for one in first if one.intercepts]) for i in ratios],
        statistics={name: sum(one.statistics.get(name, 0) for one in found) for name in found[0].statistics},
        **arrays,
    )


def one_by_one(engine: Engine, plan: Plan, split: Split) -> Iterator[Solution]:
    """Every problem's solution with its coefficients.

    Newton's steps take all problems together, as that costs least; other engines would have to keep dense coefficients of
    them all.
    """
    problems = range(len(split.train))
    if not isinstance(innermost(engine), NewtonEngine):
        for k in problems:
            yield engine.solve(plan, split.of_problems([k]), 1)
        return
    found = engine.solve(plan, split, len(problems))
    steps = plan.alphas.shape[1]
    for k in problems:
        arrays: dict[str, Any] = {name: getattr(found, name)[k : k + 1] for name in _BY_PROBLEM}
        own = None if found.intercepts is None else [values[k : k + 1] for values in found.intercepts]
        coefs = [piece(rows, k * steps, (k + 1) * steps) for rows in found.coefs]
        yield replace(found, coefs=coefs, intercepts=own, **arrays)


def stacked(parts: list[SparseRows]) -> SparseRows:
    """Compressed rows below each other."""
    if len(parts) == 1:
        return parts[0]
    ends = np.cumsum([0, *(part.starts[-1] for part in parts)])
    starts = [part.starts[1:] + end for part, end in zip(parts, ends)]
    return SparseRows(
        np.concatenate([parts[0].starts[:1], *starts]),
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.values for part in parts]),
        parts[0].p,
    )


def piece(rows: SparseRows, first: int, last: int) -> SparseRows:
    """Rows first to last, the last one not among them."""
    a, b = rows.starts[first], rows.starts[last]
    return SparseRows(rows.starts[first : last + 1] - a, rows.columns[a:b], rows.values[a:b], rows.p)


__all__ = [
    "Procedure",
    "Training",
    "innermost",
    "one_by_one",
    "piece",
    "side_by_side",
    "stacked",
    "training_of",
]
