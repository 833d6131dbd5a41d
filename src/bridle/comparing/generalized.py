"""The fit without a penalty of another family than squared error as a candidate, where there is one.

Two classes that the columns tell apart, or a level of a variable whose counts are all zero, have none: the loss falls for
ever along some direction of the coefficients (Albert and Anderson 1984). Along it the fit has no curvature left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ..certificate import Certificate
from ..errors import DataError, SeparationError
from ..fitting.certifying import certified, named
from ..fitting.dependent import solve_unpenalized
from ..fitting.planning import FOLD_TOLERANCE
from ..paths import Path, build_paths
from ..penalties import Penalty
from ..selection import Choice
from ..selection.crossvalidation import coefficients
from ..solvers import Plan, Rows, Split, prepare
from .candidates import Task
from .independent import MOST_PRODUCTS, NotPossibleError, independent, remark, training_fills
from .nesting import Sides
from .result import Row

Floats = NDArray[np.float64]
Columns = NDArray[np.intp]
Progress = Callable[[float], None] | None
TILE = 20_000  # rows of a Gram at a time
DEPENDENT = 1e-11  # of the largest eigenvalue of the standardized columns' Gram
FLAT = 1e-7  # of the constant model's curvature: a direction with less of it has no end


@dataclass(frozen=True)
class Unpenalized:
    """No penalty. Columns that others determine (one level of each categorical, say) are left out of the fit on all rows;
    of the many solutions that a fold may leave, the shortest is taken.
    """

    title: str = "Unpenalized"

    def assess(self, task: Task, progress: Progress) -> Row:
        start = perf_counter()
        try:
            with np.errstate(invalid="ignore"):  # alpha = 0 times the infinite factors of columns left out
                return self._fitted(task, progress, start)
        except NotPossibleError as why:
            return Row(
                "unpenalized", self.title, np.nan, np.nan, task.null_error, np.zeros(0),
                effects=np.zeros(task.nesting.ready.rows.design.p), note=str(why), family=task.family.text,
            )  # fmt: skip

    def _fitted(self, task: Task, progress: Progress, start: float) -> Row:
        nesting, schema = task.nesting, task.nesting.ready.schema
        rows, p = nesting.ready.rows, nesting.ready.rows.design.p
        used = independent(task)[0]
        if rows.design.n * len(used) ** 2 > MOST_PRODUCTS:
            raise NotPossibleError(
                f"not computed: {rows.design.n:,} rows of {len(used):,} columns are too many for it"
            )
        penalty = Penalty.of(p, np.where(np.isin(np.arange(p), used), 1.0, np.inf))
        path, proven = _whole(task, penalty, used)
        folds = [_fold(task, side, used, progress, k) for k, side in enumerate(nesting.sides)]
        endless = sum(fold is None for fold in folds)
        if endless:
            raise NotPossibleError(_no_end(task, f"in {endless} of {len(folds)} folds "))
        found = [fold for fold in folds if fold is not None]
        predictors = tuple(fold.predictor for fold in found)
        errors = nesting.errors_of(predictors)
        error, spread = task.summarized(errors)
        coef = path.stored.row(0)
        factors = {} if len(used) == p else {"penalty_factors": penalty.factors}
        return Row(
            "unpenalized", self.title, error, spread, task.null_error, errors, task.variables(coef),
            int(np.count_nonzero(coef)), 0.0, None, (), task.effects(coef), named(proven, schema),
            perf_counter() - start,
            remark(int(task.null.usable.sum()) - len(used), sum(fold.rank < len(used) for fold in found), len(found)),
            {"l1_ratios": 1.0, "alphas": (0.0,), **factors}, family=task.family.text, scores=task.scores(predictors),
        )  # fmt: skip


def _whole(task: Task, penalty: Penalty, used: Columns) -> tuple[Path, Certificate]:
    """The fit on all rows and its certificate."""
    nesting, engine = task.nesting, task.engine
    rows = nesting.ready.rows
    plan = Plan(
        np.ones(1),
        np.zeros((1, 1)),
        penalty,
        task.fit_intercept,
        task.standardize,
        FOLD_TOLERANCE,
        exact=True,
    )
    try:
        solution = engine.solve(plan, nesting.folds.rounds[0].split().of_problems([0]), 1)
    except SeparationError:
        raise NotPossibleError(_no_end(task)) from None
    path = build_paths(solution, plan, task.null, engine, [np.inf], None, task.family)[0]
    filled = replace(rows, design=rows.design.fill(path.fills))
    if _flat(filled, used, path.stored.row(0), float(path.intercepts[0]), task)[0]:
        raise NotPossibleError(_no_end(task))
    choice = Choice("min", 1.0, 0.0, 0, np.nan, np.nan, float(path.train_error[0]), 0)
    try:
        path, proven = certified(rows, engine, task.null, plan, path, {"min": choice}, nesting.threads)
    except DataError as why:
        raise NotPossibleError(f"not possible: {why}") from None
    return path, proven["min"]


def _no_end(task: Task, where: str = "") -> str:
    """Why there is no fit, in the words of the family."""
    what = (
        "the columns tell the two classes apart"
        if task.family.classes
        else "a direction of the columns has zeros alone"
    )
    return f"not possible: {where}{what}, so that without a penalty the coefficients grow without end"


@dataclass(frozen=True, eq=False)
class _Fold:
    """The linear predictor (n_test,) of the tested rows, and how many columns the training rows tell apart."""

    predictor: Floats
    rank: int


def _fold(task: Task, side: Sides, used: Columns, progress: Progress, k: int) -> _Fold | None:
    """The fit to a split's training rows, the shortest of many; None where there is no finite one."""
    nesting = task.nesting
    own, test = nesting.ready.rows.take(side.train), nesting.ready.rows.take(side.test)
    fills = training_fills(own)
    own, test = replace(own, design=own.design.fill(fills)), replace(test, design=test.design.fill(fills))
    engine = prepare(own, Split.whole(own.design.n), nesting.threads)
    every = Penalty.of(own.design.p)
    null = engine.null(every, task.fit_intercept, True)
    plan = Plan(np.ones(1), np.zeros((1, 1)), every, task.fit_intercept, True, FOLD_TOLERANCE, exact=True)
    try:
        solution = solve_unpenalized(own, engine, null, plan, nesting.threads)
    except SeparationError:
        return None
    coefs, intercepts = coefficients(solution, 0, np.array([0]))
    flat, rank = _flat(own, used, coefs[0], float(intercepts[0]), task)
    if progress is not None:
        progress((k + 1) / len(nesting.sides))
    return None if flat else _Fold(_predictor(test, coefs[0], float(intercepts[0]), nesting.threads), rank)


def _predictor(rows: Rows, coef: Floats, intercept: float, threads: int) -> Floats:
    eta = rows.design.matvec(coef, threads) + intercept
    return eta if rows.offset is None else eta + rows.offset


def _flat(rows: Rows, used: Columns, coef: Floats, intercept: float, task: Task) -> tuple[bool, int]:
    """Whether the fit has a direction without curvature left, where the family can run away, and the rank of the columns.

    The least of d'Hd / d'Gd, H the curvature at the fit and G the columns' Gram, both about their means.
    """
    fit_intercept, threads = task.fit_intercept, task.nesting.threads
    share = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    share = share / share.sum()
    gram = _gram(rows, used, share, fit_intercept)
    scale = np.sqrt(np.diag(gram))
    inverse = np.where(scale > 0, 1 / np.where(scale > 0, scale, 1.0), 0.0)
    values, vectors = np.linalg.eigh(gram * inverse * inverse[:, None])
    kept = values > DEPENDENT * values[-1]
    rank = int(kept.sum())
    if not task.family.at_the_edge(0.0) or not rank:
        return False, rank
    eta = _predictor(rows, coef, intercept, threads)
    constant = task.family.weight(rows.y, np.full(len(rows.y), task.null.y_mean))
    curvature = share * task.family.weight(rows.y, eta)
    bent = _gram(rows, used, curvature, fit_intercept) * inverse * inverse[:, None]
    axes = vectors[:, kept] / np.sqrt(values[kept])
    least = float(np.linalg.eigvalsh(axes.T @ bent @ axes)[0])
    return least < FLAT * float(share @ constant), rank


def _gram(rows: Rows, columns: Columns, weights: Floats, fit_intercept: bool) -> Floats:
    """Second moments (k, k) of the named columns under these weights, about their means where there is an intercept."""
    k, total = len(columns), float(weights.sum())
    centre = np.zeros(k)
    tiles = [(a, min(a + TILE, rows.design.n)) for a in range(0, rows.design.n, TILE)]
    if fit_intercept and total > 0:
        for a, b in tiles:
            centre += weights[a:b] @ rows.design.columns(columns, a, b)
        centre /= total
    out = np.zeros((k, k))
    for a, b in tiles:
        block = rows.design.columns(columns, a, b) - centre
        out += block.T @ (block * weights[a:b, None])
    return out
