"""The fit without a penalty of another family than squared error as a candidate, where there is one."""

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
from ..solvers import Plan, Rows, Solution, Split, prepare
from .candidates import Task
from .directions import Directions
from .independent import MOST_PRODUCTS, NotPossibleError, independent, remark, training_fills
from .nesting import Sides
from .result import Row

Floats = NDArray[np.float64]
Columns = NDArray[np.intp]
Progress = Callable[[float], None] | None


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
        filled = replace(rows, design=rows.design.fill(task.engine.fills()))
        used = Directions.of(filled, used, task.fit_intercept).basis
        penalty = Penalty.of(p, np.where(np.isin(np.arange(p), used), 1.0, np.inf))
        path, proven = _whole(task, penalty, Directions.of(filled, used, task.fit_intercept))
        folds = []
        for k, side in enumerate(nesting.sides):
            folds.append(_fold(task, side, used, penalty))
            if progress is not None:
                progress((k + 1) / len(nesting.sides))
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


def _whole(task: Task, penalty: Penalty, directions: Directions) -> tuple[Path, Certificate]:
    """The fit on all rows and its certificate."""
    nesting, engine = task.nesting, task.engine
    rows = nesting.ready.rows
    plan = _plan(task, penalty)
    try:
        solution = engine.solve(plan, nesting.folds.rounds[0].split().of_problems([0]), 1)
    except SeparationError:
        raise NotPossibleError(_no_end(task)) from None
    path = build_paths(solution, plan, task.null, engine, [np.inf], None, task.family)[0]
    coef, intercept = path.stored.row(0), float(path.intercepts[0])
    predictor = _predictor(directions.rows, coef, intercept, nesting.threads)
    if directions.endless(predictor, _constant(rows, task)):
        raise NotPossibleError(_no_end(task))
    choice = Choice("min", 1.0, 0.0, 0, np.nan, np.nan, float(path.train_error[0]), 0)
    try:
        path, proven = certified(rows, engine, task.null, plan, path, {"min": choice}, nesting.threads)
    except DataError as why:
        raise NotPossibleError(f"not possible: {why}") from None
    return path, proven["min"]


def _no_end(task: Task, where: str = "") -> str:
    """Why there is no fit, in the words of the family."""
    what = "the target is 0 in all of some rows that the columns set apart"
    if task.family.classes:
        what = "the columns tell the two classes apart in some rows or in all"
    return f"not possible: {where}{what}, so that without a penalty the coefficients grow without end"


@dataclass(frozen=True, eq=False)
class _Fold:
    """The linear predictor (n_test,) of the tested rows, and how many columns the training rows tell apart."""

    predictor: Floats
    rank: int


def _fold(task: Task, side: Sides, used: Columns, penalty: Penalty) -> _Fold | None:
    """The fit to a split's training rows, the shortest of many; None where there is no finite one."""
    nesting, rows = task.nesting, task.nesting.ready.rows
    weights = np.zeros(len(rows.y))
    weights[side.train] = 1.0 if rows.weights is None else rows.weights[side.train]
    own = replace(rows, weights=weights)
    own = replace(own, design=own.design.fill(training_fills(own)))
    directions = Directions.of(own, used, task.fit_intercept)
    try:
        if directions.rank == len(used):
            plan = _plan(task, penalty)
            solution = nesting.engines[side.round].solve(plan, nesting.split_of(side))
        else:
            solution = _shortest(task, own.take(side.train))
    except SeparationError:
        return None
    coefs, intercepts = coefficients(solution, 0, np.array([0]))
    predictor = _predictor(own, coefs[0], float(intercepts[0]), nesting.threads)
    if directions.endless(predictor, _constant(own, task)):
        return None
    return _Fold(predictor[side.test], directions.rank)


def _shortest(task: Task, own: Rows) -> Solution:
    """The fit to rows whose columns depend on each other: of many the shortest."""
    threads, every = task.nesting.threads, Penalty.of(own.design.p)
    engine = prepare(own, Split.whole(own.design.n), threads)
    plan = replace(_plan(task, every), standardize=True)
    return solve_unpenalized(own, engine, engine.null(every, task.fit_intercept, True), plan, threads)


def _plan(task: Task, penalty: Penalty) -> Plan:
    """No penalty, but on the columns that are left out."""
    return Plan(
        np.ones(1),
        np.zeros((1, 1)),
        penalty,
        task.fit_intercept,
        task.standardize,
        FOLD_TOLERANCE,
        exact=True,
    )


def _predictor(rows: Rows, coef: Floats, intercept: float, threads: int) -> Floats:
    eta = rows.design.matvec(coef, threads) + intercept
    return eta if rows.offset is None else eta + rows.offset


def _constant(rows: Rows, task: Task) -> Floats:
    """The linear predictors of the constant model of all rows."""
    return task.null.y_mean + (np.zeros(len(rows.y)) if rows.offset is None else rows.offset)
