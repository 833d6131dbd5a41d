"""Targets that are classes: labels of any type as 0 and 1, and the family that a target asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..families import SQUARED, Family, family_named
from .rows import as_target

Floats = NDArray[np.float64]


def family_of(asked: Any, y: Any) -> Family:
    """The family asked for; where none was, binomial for labels and truth values, squared error for numbers."""
    if asked is not None:
        return family_named(asked)
    kind = np.asarray(y).dtype.kind
    return family_named("binomial") if kind in "bOUS" and _labels(y) else SQUARED


def _labels(y: Any) -> bool:
    array = np.asarray(y)
    if array.dtype.kind == "b":
        return True
    return any(isinstance(value, (str, bytes, bool)) for value in array.ravel()[:100].tolist())


def numbers_of(
    y: Any, n: int, family: Family, classes: tuple[str, ...] = ()
) -> tuple[Floats, tuple[str, ...]]:
    """The target as numbers (n,), and the names of its classes, the second one 1; of another family the numbers alone.

    Known ``classes`` are looked up. Otherwise text, truth values and two different numbers become classes in their order;
    other numbers between 0 and 1, and two strictly between them, are shares and stay as they are.

    Raises
    ------
    DataError
        For labels of one or of more than two classes, or an unknown one; the message names the row.
    """
    if not family.classes:
        return as_target(y, n), ()
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (n,):
        raise DataError(f"y has the shape {array.shape}, but there are {n} rows: it must be ({n},).")
    labels = array.dtype.kind == "b" or (array.dtype.kind in "OUS" and _labels(array))
    if not labels:
        numbers = as_target(array, n)
        if classes:
            return _looked_up(numbers, classes), classes
        found = np.unique(numbers)
        if are_classes(found):
            return (numbers == found[1]).astype(np.float64), tuple(f"{value:g}" for value in found)
        return numbers, ()
    names = np.array([_name(value) for value in array.tolist()], dtype=object)
    missing = np.array([value is None or value != value for value in array.tolist()], dtype=bool)
    if missing.any():
        raise DataError(
            f"y is missing in row {int(missing.argmax()) + 1}; leave the rows without a class out."
        )
    if classes:
        out = np.array([{classes[0]: 0.0, classes[1]: 1.0}.get(name, np.nan) for name in names])
        if np.isnan(out).any():
            row = int(np.isnan(out).argmax())
            raise DataError(
                f"y is {names[row]!r} in row {row + 1}; the classes are {classes[0]} and {classes[1]}."
            )
        return out, classes
    kinds = sorted(set(names))
    if len(kinds) != 2:
        shown = ", ".join(kinds[:4]) + (", ..." if len(kinds) > 4 else "")
        raise DataError(
            f"y has {len(kinds)} class{'es' if len(kinds) != 1 else ''} ({shown}); binomial needs two."
        )
    return (names == kinds[1]).astype(np.float64), tuple(kinds)


def are_classes(found: NDArray[Any]) -> bool:
    """Whether the different numbers of a target name two classes; two between 0 and 1 are shares of trials.

    >>> are_classes(np.array([0, 1])), are_classes(np.array([0.25, 0.75]))
    (True, False)
    """
    return len(found) == 2 and not (found[0] > 0 and found[1] < 1)


def class_name(value: Any) -> str:
    """What a class is called that somebody writes as a value.

    >>> class_name(True), class_name(1.0), class_name("1")
    ('true', '1', '1')
    """
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return f"{value:g}"
    return _name(value)


def balanced(code: Floats, weights: Floats | None) -> tuple[float, float]:
    """Weights of the classes 0 and 1 that give both the same sum, and leave that of all rows (n,) as it is.

    >>> balanced(np.array([0.0, 0.0, 0.0, 1.0]), None)
    (0.6666666666666666, 2.0)
    """
    own = np.ones(len(code)) if weights is None else weights
    sums = np.bincount(code.astype(np.intp), weights=own, minlength=2)
    first, second = np.where(sums > 0, sums.sum() / (2 * np.where(sums > 0, sums, 1.0)), 1.0)
    return float(first), float(second)


def weighted_by_class(
    weights: Floats | None, code: Floats, factors: tuple[float, float] | None
) -> Floats | None:
    """The rows' weights (n,) times those of their classes, 0 and 1 in ``code`` (n,)."""
    if factors is None:
        return weights
    own = np.array(factors)[code.astype(np.intp)]
    return own if weights is None else own * weights


def _name(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _looked_up(numbers: Floats, classes: tuple[str, ...]) -> Floats:
    """0 and 1 of numbers that name classes; shares between 0 and 1 stay where the classes are 0 and 1."""
    try:
        low, high = (float(name) for name in classes)
    except ValueError:
        low, high = 0.0, 1.0
    if (low, high) == (0, 1) and ((numbers >= 0) & (numbers <= 1)).all():
        return numbers
    bad = np.flatnonzero((numbers != low) & (numbers != high))
    if len(bad):
        raise DataError(
            f"y is {numbers[bad[0]]:g} in row {int(bad[0]) + 1}; the classes are {classes[0]} and {classes[1]}."
        )
    return np.asarray(numbers == high, dtype=np.float64)
