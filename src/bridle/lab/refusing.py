"""What a family cannot be fitted to is refused before any work, naming column and row as the file counts them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..families import Family
from ..selection import make_folds
from ..table import Table
from ..table.roles import read_groups, read_order
from .suiting import Target

Floats = NDArray[np.float64]
WIDEST_OFFSET = 50.0  # exp(50): no two rows were seen for times or sizes as far apart


def check(target: Target, family: Family, table: Table) -> None:
    """Refuses a target that a family cannot have, naming the row as the file counts it.

    Raises
    ------
    DataError
        With what to do.
    """
    if target.classes and not family.classes:
        first, second = target.classes
        raise DataError(
            f'The target "{target.name}" is two classes, {first} and {second}: choose the family binomial'
            + (", or read it as a number." if target.truth else ".")
        )
    if family.classes and len(np.unique(target.y)) == 2:
        return
    bad = np.flatnonzero(family.trouble(target.y))
    if len(bad):
        row = int(bad[0])
        raise DataError(
            f'The target "{target.name}" is {target.y[row]:g} in {table.where(row)}; the family {family.text} needs '
            f"{family.domain}. Choose another family, or leave such rows out."
        )


def check_classes(target: Target, table: Table) -> None:
    """Refuses a class that only one of the rows to learn from has: the fold that holds it out knows but the other one.

    Raises
    ------
    DataError
        Naming the class and the row.
    """
    values, counts = np.unique(target.y, return_counts=True)
    if len(values) != 2 or counts.min() > 1:
        return
    value = values[int(np.argmin(counts))]
    row = int(np.flatnonzero(target.y == value)[0])
    name = target.classes[int(value)] if target.classes else f"{value:g}"
    raise DataError(
        f'The target "{target.name}" is {name} in one of the rows to learn from, {table.where(row)}: cross-validation '
        "needs each class twice at least. Put fewer rows away, or add rows of that class."
    )


def check_offset(name: str, offset: Floats, family: Family) -> None:
    """Refuses an offset that is an exposure as it stands where its logarithm is meant.

    Raises
    ------
    DataError
        Naming the column and what to do.
    """
    spread = float(np.ptp(offset)) if len(offset) else 0.0
    if family.link in ("log", "cloglog") and spread > WIDEST_OFFSET:
        raise DataError(
            f'The offset "{name}" goes from {offset.min():g} to {offset.max():g}, and with the family {family.text} the '
            f"mean is multiplied by exp of it. Of an exposure give the logarithm: a column log({name}) in its place."
        )


def check_folds(
    target: Target, table: Table, groups: str | None, order: str | None, seed: int, count: int = 5
) -> None:
    """Refuses folds by groups or in order one of which would learn from a single class.

    Raises
    ------
    DataError
        Naming the fold, the class and the column.
    """
    name = groups or order
    if name is None or len(np.unique(target.y)) != 2:
        return
    folds = make_folds(
        table.n_rows,
        min(count, table.n_rows),
        groups=None if groups is None else read_groups(table, groups),
        order=None if order is None else read_order(table, order),
        seed=seed,
    )
    split = folds.rounds[0].split()
    for k in range(1, len(split.train)):
        y = target.y[split.rows_of(split.train[k])]
        if (y != y[0]).any():
            continue
        only = target.classes[int(y[0])] if target.classes else f"{y[0]:g}"
        raise DataError(
            f'Fold {k} of {len(split.train) - 1}, made by "{name}", would learn from rows that are all {only}: both classes '
            f'of "{target.name}" must be among them. Give "{name}" no role, or take one in which the classes are spread.'
        )


__all__ = ["check", "check_classes", "check_folds", "check_offset"]
