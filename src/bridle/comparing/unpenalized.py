"""Least squares as a candidate: alpha = 0, where it is possible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ..certificate import Certificate
from ..errors import DataError
from ..fitting.certifying import certificates_of, certified, named
from ..fitting.planning import FOLD_TOLERANCE
from ..paths import Path, build_paths
from ..penalties import Penalty
from ..selection import Choice, cross_validate
from ..solvers import Plan
from .candidates import Task
from .independent import NotPossibleError, independent, remark, standardized, training_fills
from .result import Row

Floats = NDArray[np.float64]
Progress = Callable[[float], None] | None
FEW_PRODUCTS = 2e8  # up to here a fold's rows are factorized whatever the Gram is like


@dataclass(frozen=True)
class LeastSquares:
    """No penalty. Columns that others determine (one level of each categorical, say) are left out of the fit on all rows.

    Held-out errors come from the moments where these have the digits, otherwise from a factorization of each fold's
    training rows, which takes the smallest solution where a fold leaves several.
    """

    title: str = "Least squares"

    def assess(self, task: Task, progress: Progress) -> Row:
        start = perf_counter()
        try:
            with np.errstate(
                invalid="ignore"
            ):  # penalties multiply alpha = 0 with the infinite factors of columns left out
                return self._fitted(task, progress, start)
        except NotPossibleError as why:
            none = np.zeros(0)
            p = task.nesting.ready.rows.design.p
            return Row(
                "least_squares",
                self.title,
                np.nan,
                np.nan,
                task.null_error,
                none,
                effects=np.zeros(p),
                note=str(why),
            )

    def _fitted(self, task: Task, progress: Progress, start: float) -> Row:
        nesting, null = task.nesting, task.null
        rows, schema = nesting.ready.rows, nesting.ready.schema
        used, sound = independent(task)
        penalty = Penalty.of(rows.design.p, np.where(np.isin(np.arange(rows.design.p), used), 1.0, np.inf))
        plan = Plan(
            np.ones(1), np.zeros((1, 1)), penalty, task.fit_intercept, task.standardize, FOLD_TOLERANCE
        )
        from_moments = sound and rows.design.n * len(used) ** 2 > FEW_PRODUCTS
        if from_moments:
            scores = cross_validate(
                rows, nesting.engines, nesting.folds, plan, nested=False, progress=progress
            )
            errors, rank_lost = scores.errors[:, 0, 0], 0
        else:
            errors, rank_lost = _from_rows(task, len(used), progress)
        path, proven = _whole(task, plan, from_moments)
        coef = path.stored.row(0)
        error, spread = task.summarized(errors)
        factors = None if len(used) == rows.design.p else penalty.factors
        return Row(
            "least_squares", self.title, error, spread, task.null_error, errors, task.variables(coef),
            int(np.count_nonzero(coef)), 0.0, None, (), task.effects(coef), named(proven, schema),
            perf_counter() - start, remark(int(null.usable.sum()) - len(used), rank_lost, len(errors)),
            {"l1_ratios": 1.0, "alphas": (0.0,), **({} if factors is None else {"penalty_factors": factors})},
        )  # fmt: skip


def _whole(task: Task, plan: Plan, from_moments: bool) -> tuple[Path, Certificate]:
    """The fit on all rows and its certificate; solved once more from the rows, unless moments do and it is certified."""
    nesting, engine = task.nesting, task.engine
    rows = nesting.ready.rows
    solution = engine.solve(plan, nesting.folds.rounds[0].split().of_problems([0]), 1)
    path = build_paths(solution, plan, task.null, engine, [np.inf])[0]
    if from_moments:
        proven = certificates_of(rows, engine, plan, path, [0], nesting.threads)[0]
        if proven.certified:
            return path, proven
    choice = Choice("min", 1.0, 0.0, 0, np.nan, np.nan, float(path.train_error[0]), 0)
    try:
        path, found = certified(rows, engine, task.null, plan, path, {"min": choice}, nesting.threads)
    except DataError as why:
        raise NotPossibleError(f"not possible: {why}") from None
    return path, found["min"]


def _from_rows(task: Task, rank: int, progress: Progress) -> tuple[Floats, int]:
    """Held-out errors (K,) of the smallest solution of each fold, and in how many folds there are several."""
    rows, sides = task.nesting.ready.rows, task.nesting.sides
    usable = np.flatnonzero(task.null.usable)
    errors, lost = np.empty(len(sides)), 0
    for k, side in enumerate(sides):
        train, test = rows.take(side.train), rows.take(side.test)
        fills = training_fills(train)
        train = replace(train, design=train.design.fill(fills))
        block, root, mean, scale = standardized(train, usable, task.fit_intercept)
        centre = float(root**2 @ train.y) if task.fit_intercept else 0.0
        beta, _, found, _ = np.linalg.lstsq(block, (train.y - centre) * root, rcond=None)
        lost += int(found < rank)
        coef = np.zeros(rows.design.p)
        coef[usable] = np.where(scale > 0, beta / np.where(scale > 0, scale, 1.0), 0.0)
        predicted = test.design.fill(fills).matvec(coef) + centre - mean @ coef[usable]
        w = np.ones(len(test.y)) if test.weights is None else test.weights
        errors[k] = w @ (test.y - predicted) ** 2 / w.sum()
        if progress is not None:
            progress((k + 1) / len(sides))
    return errors, lost
