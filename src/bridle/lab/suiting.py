"""Which families suit a target: proposed as ``bridle.fit`` proposes them, offered where every row is in their domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..families import Family, family_named
from ..table import Table
from ..table.columns import Numbers
from ..table.roles import check_target_kind, read_target

Floats = NDArray[np.float64]
AUTO = "auto"
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


__all__ = ["AUTO", "OFFERED", "Target", "described", "proposed", "read_it"]
