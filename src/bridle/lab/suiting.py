"""Which families suit a target: proposed as ``bridle.fit`` proposes them, offered where every row is in their domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..families import Family, family_named
from ..selection import make_folds
from ..table import Table
from ..table.columns import Numbers
from ..table.roles import check_target_kind, read_groups, read_order, read_target

Floats = NDArray[np.float64]
AUTO = "auto"
WIDEST_OFFSET = 50.0  # exp(50): no two rows were seen for times or sizes as far apart
# How a family is offered, and the name of its parameter where it has one.
OFFERED: dict[str, tuple[str, str]] = {
    "squared": ("squared error: numbers", ""),
    "huber": ("Huber: numbers, wild ones among them", "delta"),
    "binomial": ("binomial: two classes", ""),
    "binomial(probit)": ("binomial, probit link", ""),
    "binomial(cloglog)": ("binomial, complementary log-log link", ""),
    "poisson": ("Poisson: counts", ""),
    "negative_binomial": ("negative binomial: counts that spread more", "theta"),
    "tweedie": ("Tweedie: amounts, many exactly 0", "power"),
    "gamma": ("gamma: amounts above 0", ""),
    "inverse_gaussian": ("inverse Gaussian: durations above 0", ""),
}


@dataclass(frozen=True)
class Target:
    """A target as it was read: its numbers (n,), and the names of its classes where it is no number."""

    name: str
    y: Floats
    classes: tuple[str, ...]
    truth: bool


def read_it(table: Table, name: str, declared: str | None = None) -> Target:
    """The target's column.

    Raises
    ------
    DataError
        For a column that can be no target; the message names the row.
    """
    classes = check_target_kind(table, name, declared)
    column = table.column(name)
    truth = bool(classes) and isinstance(column, Numbers) and column.boolean
    return Target(name, read_target(table, name, classes), classes, truth)


def proposed(target: Target) -> Family:
    """What ``bridle.fit`` takes where no family is named."""
    return family_named("binomial" if target.classes else "squared")


def described(table: Table, target: Target) -> dict[str, Any]:
    """For the page: the families that suit, each with where its parameter may start, and why others do not."""
    fit, unfit = [], []
    for name, (label, parameter) in OFFERED.items():
        start = _START[parameter](target.y) if parameter else None
        family = family_named(name if start is None else f"{name}({start!r})")
        why = _unsuited(table, target, family, label.partition(":")[0])
        if why is None:
            fit.append({"name": name, "label": label, "parameter": parameter, "start": start})
        elif why:
            unfit.append(why)
    return {"families": fit, "unsuited": list(dict.fromkeys(unfit)), "proposed": proposed(target).text}


def _unsuited(table: Table, target: Target, family: Family, title: str) -> str | None:
    """Why a family cannot have this target, in a sentence ("" where nobody would ask); None where it can."""
    if target.classes:
        if family.classes:
            return None
        return (
            f'"{target.name}" is true or false. To fit it as the numbers 1 and 0, read it as a number.'
            if target.truth
            else ""
        )
    if family.classes:
        fine = len(np.unique(target.y)) == 2 or not family.trouble(target.y).any()
        return None if fine else ""
    bad = np.flatnonzero(family.trouble(target.y))
    if not len(bad):
        return None
    row = int(bad[0])
    return f'{title} needs {family.domain}; "{target.name}" is {target.y[row]:g} in {table.where(row)}.'


def _delta(y: Floats) -> float:
    """1.345 standard deviations, the deviation read off the median one (Huber 1964)."""
    spread = float(np.median(np.abs(y - np.median(y)))) / 0.6745 or float(y.std()) or 1.0
    return _short(1.345 * spread)


def _theta(y: Floats) -> float:
    """What the target's own mean and variance say, mean + mean^2 / theta; the features will explain some of it."""
    mean, variance = float(y.mean()), float(y.var())
    return min(_short(mean**2 / (variance - mean)), 1e6) if variance > mean > 0 else 10.0


def _short(value: float) -> float:
    """Two significant digits, within what a key can say."""
    return float(f"{min(max(value, 1e-9), 1e12):.2g}")


_START: dict[str, Callable[[Floats], float]] = {"delta": _delta, "theta": _theta, "power": lambda y: 1.5}


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


__all__ = [
    "AUTO", "OFFERED", "Target", "check", "check_classes", "check_folds", "check_offset", "described", "proposed", "read_it",
]  # fmt: skip
