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
from ..solvers import Plan, Rows
from .candidates import Task
from .result import Row

Floats = NDArray[np.float64]
Progress = Callable[[float], None] | None
SOUND = 1e-6  # a Gram whose eigenvalues stay within this ratio has kept the digits that least squares needs
DEPENDENT = 1e-14  # times the larger side: pivots below are rounding
FEW_PRODUCTS = 2e8  # up to here a fold's rows are factorized whatever the Gram is like
MOST_PRODUCTS = 2e11  # beyond, factorizing the rows would take minutes


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
        except _NotPossibleError as why:
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
        used, sound = _independent(task)
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
            perf_counter() - start, _remark(int(null.usable.sum()) - len(used), rank_lost, len(errors)),
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
        raise _NotPossibleError(f"not possible: {why}") from None
    return path, found["min"]


class _NotPossibleError(Exception):
    """Why there are no least squares."""


def _independent(task: Task) -> tuple[NDArray[np.intp], bool]:
    """The columns that no others determine, and whether their moments have the digits."""
    rows, null = task.nesting.ready.rows, task.null
    usable = np.flatnonzero(null.usable)
    least = min(_positive(rows, sides.train) for sides in task.nesting.sides)
    columns = _without_references(task, usable)
    if len(columns) >= least:
        raise _NotPossibleError(
            f"not possible: {len(columns):,} columns, and only {least:,} rows to learn from in a fold"
        )
    if task.engine.name != "moments":
        raise _NotPossibleError(
            f"not computed: {len(columns):,} columns of {rows.design.n:,} rows are too many for it"
        )
    if _sound(task, columns):
        return columns, True
    if rows.design.n * len(columns) ** 2 > MOST_PRODUCTS:
        raise _NotPossibleError(
            f"not computed: the columns depend on each other, and {rows.design.n:,} rows of {len(columns):,} columns are "
            "too many to be factorized"
        )
    columns = _pivots(task, columns)
    return columns, _sound(task, columns)


def _positive(rows: Rows, which: NDArray[np.int64]) -> int:
    return len(which) if rows.weights is None else int(np.count_nonzero(rows.weights[which]))


def _without_references(task: Task, usable: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of every categorical variable whose levels always add up to one, the most frequent level is left out.

    With an intercept only: without one, the levels of the first such variable take its place.
    """
    columns, mean = task.nesting.ready.schema.columns(), task.engine.means()
    by_variable: dict[str, list[int]] = {}
    for j in usable:
        variable, level = columns[j]
        if level is not None:
            by_variable.setdefault(variable, []).append(int(j))
    full = [levels for levels in by_variable.values() if abs(float(mean[levels].sum()) - 1) < 1e-9]
    left_out = [levels[int(np.argmax(mean[levels]))] for levels in full[0 if task.fit_intercept else 1 :]]
    return np.setdiff1d(usable, left_out)


def _sound(task: Task, columns: NDArray[np.intp]) -> bool:
    scale = task.null.x_scale[columns]
    gram = task.engine.gram(columns, task.fit_intercept) / scale / scale[:, None]
    eigenvalues = np.linalg.eigvalsh(gram)
    return bool(eigenvalues[0] > SOUND * eigenvalues[-1]) if len(columns) else True


def _pivots(task: Task, columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """The columns that a pivoted QR of the rows goes through; of alike ones the first."""
    from scipy.linalg import qr

    rows = task.nesting.ready.rows
    filled = replace(rows, design=rows.design.fill(task.engine.fills()))
    block = _standardized(filled, columns, task.fit_intercept)[0]
    favour = np.geomspace(1.0, 0.5, len(columns))  # among alike columns the first is taken
    r, order = qr(block * favour, mode="r", pivoting=True)
    pivots = np.abs(np.diag(r))
    rank = int((pivots > DEPENDENT * max(block.shape) * pivots[0]).sum())
    return np.sort(columns[order[:rank]])


def _standardized(
    rows: Rows, columns: NDArray[np.intp], fit_intercept: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """Weighted, centred and scaled columns (n, k), the roots of the weights, means and scales (k,); 0 where constant."""
    w = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    share = w / w.sum()
    block = rows.design.columns(columns)
    mean = share @ block if fit_intercept else np.zeros(len(columns))
    block = block - mean
    again = share @ block if fit_intercept else np.zeros(len(columns))  # takes away the rounding of the means
    block, mean = block - again, mean + again
    scale = np.sqrt(share @ block**2)
    scale = np.where(scale > 1e-13 * np.abs(mean), scale, 0.0)
    block = np.where(scale > 0, block / np.where(scale > 0, scale, 1.0), 0.0)
    return block * np.sqrt(share)[:, None], np.sqrt(share), mean, scale


def _from_rows(task: Task, rank: int, progress: Progress) -> tuple[Floats, int]:
    """Held-out errors (K,) of the smallest solution of each fold, and in how many folds there are several."""
    rows, sides = task.nesting.ready.rows, task.nesting.sides
    usable = np.flatnonzero(task.null.usable)
    errors, lost = np.empty(len(sides)), 0
    for k, side in enumerate(sides):
        train, test = rows.take(side.train), rows.take(side.test)
        fills = _fills(train)
        train = replace(train, design=train.design.fill(fills))
        block, root, mean, scale = _standardized(train, usable, task.fit_intercept)
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


def _fills(rows: Rows) -> Floats:
    """The means that stand in for missing numbers: of the numbers that are there."""
    imputed = rows.design.imputed
    if not len(imputed):
        return np.zeros(0)
    w = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    share, plain = w / w.sum(), rows.design.unfilled()
    present = 1.0 - share @ plain.columns(imputed[:, 1])
    known = present > 1e-12
    return np.where(known, share @ plain.columns(imputed[:, 0]) / np.where(known, present, 1.0), 0.0)


def _remark(dependent: int, lost: int, folds: int) -> str:
    parts = []
    if dependent > 0:
        many = dependent > 1
        parts.append(
            f"{dependent} column{'s that others determine are' if many else ' that others determine is'} left out of the "
            "fit on all rows"
        )
    if lost:
        parts.append(
            f"in {lost} of {folds} folds the training rows do not determine the coefficients: the smallest are used"
        )
    return "; ".join(parts)
