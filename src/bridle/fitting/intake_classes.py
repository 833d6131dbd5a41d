"""Rows weighted by their class, as a caller asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import UsageError
from ..model.targets import balanced, class_name, weighted_by_class
from ..table import Note
from .intake import Prepared

BALANCED = "balanced"


def class_weighted(ready: Prepared, asked: Any) -> Prepared:
    """Every row's weight times that of its class.

    Raises
    ------
    UsageError
        For a target that is not of two classes, a name that is none of them, or a weight below 0.
    DataError
        Where a class is left without a row of positive weight.
    """
    if not ready.classes:
        raise UsageError(
            f"class_weight weighs two classes, but the target {ready.target_name} holds "
            f"{'shares' if ready.rows.family.classes else 'numbers'}; leave it out, or give weights."
        )
    rows = ready.rows
    factors = balanced(rows.y, rows.weights) if _is_balanced(asked) else _given(asked, ready.classes)
    weights = weighted_by_class(rows.weights, rows.y, factors)
    assert weights is not None
    rows.family.check(rows.y, ready.target_name, weights, rows.offset)
    named = " and ".join(f"{name} {factor:.3g}" for name, factor in zip(ready.classes, factors))
    made = (
        "balanced, from the numbers (or weights) of all rows, those held out among them"
        if _is_balanced(asked)
        else "as given"
    )
    text = (
        f"Rows are weighted by their class: {named} ({made}). Probabilities and errors are those of a population with "
        "these weights."
    )
    note = Note("class weights", ready.target_name, text, False)
    return replace(
        ready, rows=replace(rows, weights=weights), class_weights=factors, notes=(*ready.notes, note)
    )


def _is_balanced(asked: Any) -> bool:
    return isinstance(asked, str) and asked == BALANCED


def _given(asked: Any, classes: tuple[str, ...]) -> tuple[float, float]:
    if not isinstance(asked, Mapping):
        raise UsageError(
            f'class_weight must be "{BALANCED}" or a mapping of classes to weights, not {asked!r}.'
        )
    found = dict.fromkeys(classes, 1.0)
    for key, value in asked.items():
        name = class_name(key)
        if name not in found:
            raise UsageError(f"class_weight names {key!r}, but the classes are {' and '.join(classes)}.")
        try:
            found[name] = float(value)
        except (TypeError, ValueError):
            found[name] = float("nan")
        if not (np.isfinite(found[name]) and found[name] >= 0):
            raise UsageError(f"The weight of class {name} is {value!r}; give a number of at least 0.")
    first, second = found.values()
    return first, second


__all__ = ["class_weighted"]
