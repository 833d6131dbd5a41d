"""Which columns a fit without a penalty takes, and why there may be none: columns that no others determine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..solvers import Rows
from .candidates import Task

Floats = NDArray[np.float64]
SOUND = 1e-6  # a Gram whose eigenvalues stay within this ratio has kept the digits that least squares needs
DEPENDENT = 1e-14  # times the larger side: pivots below are rounding
MOST_PRODUCTS = 2e11  # beyond, factorizing the rows would take minutes


class NotPossibleError(Exception):
    """Why there is no fit without a penalty."""


def independent(task: Task) -> tuple[NDArray[np.intp], bool]:
    """The columns that no others determine, and whether their moments have the digits."""
    rows, null = task.nesting.ready.rows, task.null
    usable = np.flatnonzero(null.usable)
    least = min(_positive(rows, sides.train) for sides in task.nesting.sides)
    columns = _without_references(task, usable)
    if len(columns) >= least:
        raise NotPossibleError(
            f"not possible: {len(columns):,} columns, and only {least:,} rows to learn from in a fold"
        )
    if getattr(task.engine, "base", task.engine).name != "moments":
        raise NotPossibleError(
            f"not computed: {len(columns):,} columns of {rows.design.n:,} rows are too many for it"
        )
    if _sound(task, columns):
        return columns, True
    if rows.design.n * len(columns) ** 2 > MOST_PRODUCTS:
        raise NotPossibleError(
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
    block = standardized(filled, columns, task.fit_intercept)[0]
    favour = np.geomspace(1.0, 0.5, len(columns))  # among alike columns the first is taken
    r, order = qr(block * favour, mode="r", pivoting=True)
    pivots = np.abs(np.diag(r))
    rank = int((pivots > DEPENDENT * max(block.shape) * pivots[0]).sum())
    return np.sort(columns[order[:rank]])


def standardized(
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


def training_fills(rows: Rows) -> Floats:
    """The means that stand in for missing numbers: of the numbers that are there."""
    imputed = rows.design.imputed
    if not len(imputed):
        return np.zeros(0)
    w = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    share, plain = w / w.sum(), rows.design.unfilled()
    present = 1.0 - share @ plain.columns(imputed[:, 1])
    known = present > 1e-12
    return np.where(known, share @ plain.columns(imputed[:, 0]) / np.where(known, present, 1.0), 0.0)


def remark(dependent: int, lost: int, folds: int) -> str:
    """What to say of columns left out, and of folds that leave several solutions."""
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
