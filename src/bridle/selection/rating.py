"""Every fold's fits at every strength, rated on the rows they did not see by a score or a measure of the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..families import constant_model
from ..solvers import Engine, Plan, Rows, Solution, Split
from ..solvers.plan import Progress
from .crossvalidation import Scores, coefficients, known_folds
from .diagnostics import exposure_of
from .folds import Folds, Round
from .rated import Rated
from .scoring import Score

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
MOST_KEPT = 1 << 25  # coefficients of problems that are solved together
MOST_CELLS = 1 << 22  # coefficients and linear predictors that are looked at together
# (rows, linear predictors (A, n), coefs (A, p), intercepts (A,)) -> (A,)
Rate = Callable[[Index, Floats, Floats, Floats], Floats]


@dataclass(frozen=True, eq=False)
class Rating:
    """How fits are rated.

    Attributes
    ----------
    rate : the scores of fits on rows; ``larger`` says whether more is better.
    by_row : what each row adds to a score that is a mean over the rows, (rows, linear predictors (A, n)) -> (A, n).
    beside : whether the constant model, and the fit of all rows on them, are rated too.
    undefined : which rows have no score, in words; empty: a score that is no number is left where it stands.
    """

    name: str
    larger: bool
    rate: Rate
    by_row: Callable[[Index, Floats], Floats] | None = None
    beside: bool = True
    undefined: str = ""


def rating_by(score: Score, rows: Rows, taken: Floats | None = None) -> Rating:
    """Of a score of predicted means, rows of weight zero left out.

    ``taken`` (n,) was taken off the target of squared error, and is put back.
    """
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    shift = np.zeros(len(rows.y)) if taken is None else taken

    def means(which: Index, eta: Floats) -> Floats:
        return rows.family.mean(eta + shift[which])

    def rate(which: Index, eta: Floats, coefs: Floats, intercepts: Floats) -> Floats:
        used = weights[which] > 0
        own = which[used]
        y, w, exposure = rows.y[own] + shift[own], weights[own], exposure_of(rows, own)
        return np.array([score.of(y, mean, w, exposure) for mean in means(own, eta[:, used])])

    by_row = score.by_row
    if by_row is None:
        return Rating(score.name, score.larger, rate, undefined=score.undefined)
    return Rating(
        score.name, score.larger, rate, lambda which, eta: by_row(rows.y[which] + shift[which], means(which, eta))
    )  # fmt: skip


def rated(
    rows: Rows, engines: list[Engine], folds: Folds, plan: Plan, scores: Scores, rating: Rating, progress: Progress = None
) -> Rated:  # fmt: skip
    """The fits behind ``scores``, of the same engines, folds and plan, rated.

    Raises
    ------
    DataError
        Where the rows of a fold have no such score; the message names the fold.
    """
    reach = int((scores.whole.nonzero[0] >= 0).sum(axis=1).max())
    # Where a path ends the errors say already: those of the folds are NaN behind it.
    plan = replace(plan, alphas=plan.alphas[:, :reach], stop_turned=False, max_nonzero=2**62)
    made = _Sheets.of(scores, rating, plan)
    first = 0
    for engine, round_ in zip(engines, folds.rounds):
        known = known_folds(rows, round_.split(), len(round_.train))
        jobs = _jobs(made, round_, known, first, len(rows.y))
        _fill(rows, engine, plan, rating, jobs, progress)
        _check_defined(made, rating, known, first, scores)
        split = round_.split()
        for at, fold in enumerate(np.flatnonzero(known)):
            if rating.beside:
                made.nulls[first + at] = _null(rows, split, 1 + int(fold), plan, rating)
        first += int(known.sum())
    made.values[~np.isfinite(scores.errors)] = np.nan
    if made.pairs is not None and scores.pair_errors is not None:
        made.pairs[~np.isfinite(scores.pair_errors)] = np.nan
    return Rated(
        rating.name,
        rating.larger,
        made.values,
        scores.weights,
        made.nulls,
        made.train,
        made.pairs,
        made.spread,
    )


@dataclass(frozen=True, eq=False)
class _Sheets:
    """Where the ratings are written: as the fields of ``Rated``."""

    values: Floats
    nulls: Floats
    train: Floats
    pairs: Floats | None
    spread: Floats | None

    @staticmethod
    def of(scores: Scores, rating: Rating, plan: Plan) -> _Sheets:
        folds, ratios, steps = scores.errors.shape
        values = np.full((folds, ratios, steps), np.nan)
        pairs = None if scores.pair_errors is None else np.full_like(scores.pair_errors, np.nan)
        alone = scores.row_spread is not None and rating.by_row is not None
        return _Sheets(
            values, np.full(folds, np.nan), np.full((ratios, steps), np.nan), pairs,
            np.full((ratios, steps), np.nan) if alone else None,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Job:
    """A problem of ``split`` and the rows on which it is rated; the answers go to ``out`` (L, A)."""

    split: Split
    problem: int
    which: Index
    out: Floats
    spread: Floats | None = None


def _jobs(made: _Sheets, round_: Round, known: NDArray[np.bool_], first: int, n: int) -> list[_Job]:
    split = round_.split(nested=made.pairs is not None)
    jobs = [_Job(split, 0, np.arange(n), made.train)] if first == 0 else []
    for at, fold in enumerate(np.flatnonzero(known)):
        which = split.rows_of(split.test[1 + fold])
        jobs.append(_Job(split, 1 + int(fold), which, made.values[first + at], made.spread))
    if made.pairs is None:
        return jobs
    for at, (k, other) in enumerate(round_.pairs()):
        problem = 1 + len(round_.train) + at
        for without, on in ((k, other), (other, k)):
            which = split.rows[split.start[on] : split.start[on + 1]]
            jobs.append(_Job(split, problem, which, made.pairs[without, on]))
    return jobs


def _fill(
    rows: Rows, engine: Engine, plan: Plan, rating: Rating, jobs: list[_Job], progress: Progress
) -> None:
    jobs = [job for job in jobs if rating.beside or job.problem > 0]
    problems = sorted({job.problem for job in jobs})
    together = max(1, MOST_KEPT // max(1, plan.alphas.size * rows.design.p))
    for start in range(0, len(problems), together):
        group = problems[start : start + together]
        solution = engine.solve(plan, jobs[0].split.of_problems(group), len(group))
        for job in jobs:
            if job.problem in group:
                _rate(rows, plan, rating, solution, group.index(job.problem), job)
        if progress is not None:
            progress((start + len(group)) / len(problems))


def _rate(rows: Rows, plan: Plan, rating: Rating, solution: Solution, at: int, job: _Job) -> None:
    design = rows.design if len(job.which) == len(rows.y) else rows.design.take(job.which)
    design = design.fill(solution.fills[at]) if solution.fills.shape[1] else design
    offset = 0.0 if rows.offset is None else rows.offset[job.which]
    for i in range(len(plan.l1_ratios)):
        for steps in _pieces(plan.alphas.shape[1], design.p + design.n):
            coefs, intercepts = coefficients(solution, i, steps, at)
            eta = _products(design, coefs) + intercepts[:, None] + offset
            job.out[i, steps] = rating.rate(job.which, eta, coefs, intercepts)
            if job.spread is not None:
                job.spread[i, steps] = _spread(rows, rating, job.which, eta)


def _pieces(steps: int, cells: int) -> Iterator[NDArray[np.intp]]:
    size = max(1, MOST_CELLS // cells)
    for start in range(0, steps, size):
        yield np.arange(start, min(start + size, steps))


def _products(design: Any, coefs: Floats) -> Floats:
    """x . coef of every row and fit (A, n); of few columns where few have a coefficient."""
    used = np.flatnonzero(coefs.any(axis=0))
    if 4 * len(used) < design.p and len(used) * design.n <= MOST_CELLS:
        return np.asarray(coefs[:, used] @ design.columns(used).T)
    return np.asarray(design.matvec(np.ascontiguousarray(coefs.T)).T)


def _spread(rows: Rows, rating: Rating, which: Index, eta: Floats) -> Floats:
    """Of one hold-out set: the standard error of a mean over its rows, (A,)."""
    assert rating.by_row is not None
    w = np.ones(len(which)) if rows.weights is None else rows.weights[which]
    share = w / w.sum()
    each = rating.by_row(which, eta)
    return np.asarray(np.sqrt((each - (each @ share)[:, None]) ** 2 @ share**2))


def _null(rows: Rows, split: Split, k: int, plan: Plan, rating: Rating) -> float:
    """Of the constant model of a fold's training rows, beside the offset."""
    own, test = split.rows_of(split.train[k]), split.rows_of(split.test[k])
    weights, offset = (None if v is None else v[own] for v in (rows.weights, rows.offset))
    intercept = constant_model(rows.family, rows.y[own], weights, offset, plan.fit_intercept)
    eta = np.full((1, len(test)), intercept) + (0.0 if rows.offset is None else rows.offset[test])
    return float(rating.rate(test, eta, np.zeros((1, rows.design.p)), np.array([intercept]))[0])


def _check_defined(
    made: _Sheets, rating: Rating, known: NDArray[np.bool_], first: int, scores: Scores
) -> None:
    """Whether the rows have such a score does not depend on the fit: one strength tells."""
    if not rating.undefined:
        return
    for at, k in enumerate(np.flatnonzero(known)):
        seen = np.isfinite(scores.errors[first + at])
        if np.isnan(made.values[first + at][seen]).all():
            raise DataError(
                f"The rows held out in fold {k + 1} {rating.undefined}, so that they have no {rating.name}. Use fewer "
                "folds, folds that give each its share (stratify=True), or another score."
            )


__all__ = ["Rate", "Rating", "rated", "rating_by"]
