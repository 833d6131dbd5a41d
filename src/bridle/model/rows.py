"""From whatever a person has to the rows that a frozen model's schema asks for: what every kind of model predicts with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..design import Design, from_frame
from ..errors import DataError, UsageError
from ..families import SQUARED, Family, constant_model
from ..table import (
    Frame,
    Numeric,
    Schema,
    Table,
    check_unmasked,
    encode,
    find_bad_value,
    matrix_error,
    open_matrix,
    open_table,
)

Floats = NDArray[np.float64]


def as_table(data: Any) -> Table:
    """Any source as a table; arrays and sparse matrices directly, everything else through the readers."""
    if isinstance(data, Table):
        return data
    if isinstance(data, np.ndarray) or (hasattr(data, "tocsc") and hasattr(data, "nnz")):
        return open_matrix(data)
    return open_table(data)


def as_target(y: Any, n: int) -> Floats:
    """A target array as float64 (n,); (n, 1) is accepted.

    Raises
    ------
    DataError
        For another shape, for values that are not finite numbers; the message names the row.
    """
    check_unmasked("y", y)
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (n,):
        raise DataError(f"y has the shape {array.shape}, but there are {n} rows: it must be ({n},).")
    if array.dtype.kind in "mMcV":
        raise DataError(f"y holds {array.dtype} values, not numbers; give one real number for each row.")
    if array.dtype.kind not in "fiub":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise DataError(
                f"y holds {array.dtype} values, not numbers; text and classes are not regression targets."
            ) from None
    out = np.ascontiguousarray(array, dtype=np.float64)
    if not np.isfinite(out).all():
        row = int(np.flatnonzero(~np.isfinite(out))[0])
        raise DataError(f"y is {out[row]} in row {row + 1}; remove the rows without a finite target.")
    return out


def encoded(schema: Schema, fills: Floats, data: Any, *, need_target: bool) -> tuple[Design, Frame]:
    """The design that a schema makes of a table, missing numbers filled with ``fills`` (p,), and the frame it is from."""
    frame = encode(schema, as_table(data), need_target=need_target and schema.target is not None)
    return from_frame(_filled(frame, fills)), frame


def encoded_with_target(
    schema: Schema, fills: Floats, data: Any, y: Any, *, need_target: bool
) -> tuple[Design, Floats, Floats | None]:
    """Design, numeric target and weights of a table; ``y`` (n,) where the target is no column of it."""
    design, frame = encoded(schema, fills, data, need_target=need_target and y is None)
    target = frame.target
    if y is not None:
        target = as_target(y, frame.n_rows)
    elif need_target and target is None:
        raise UsageError("These rows have no target column; give y.")
    return design, target if target is not None else np.zeros(0), frame.weights


def finite(predictions: Floats, design: Design, schema: Schema) -> Floats:
    """The predictions, or an error that names the cell, or the row, which made one of them no number."""
    if not np.isfinite(predictions).all():
        _blame(design, schema)
        bad = ~np.isfinite(predictions)
        row = int(np.flatnonzero(bad if bad.ndim == 1 else bad.any(axis=1))[0])
        raise DataError(f"The prediction of row {row + 1} overflows: it holds numbers that are too large.")
    return predictions


def checked_offset(offset: Any, n: int) -> Floats | None:
    """An offset (n,) of finite numbers, one for all rows or one for each, or None.

    Raises
    ------
    DataError
        Naming the first row that has none.
    """
    if offset is None:
        return None
    array = np.asarray(offset)
    if array.ndim == 0:
        array = np.full(n, array[()])
    if array.shape != (n,):
        raise DataError(f"offset has the shape {array.shape}, but there are {n} rows.")
    try:
        out = np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"The offset holds {array.dtype} values, not numbers.") from None
    bad = np.flatnonzero(~np.isfinite(out))
    if len(bad):
        raise DataError(
            f"The offset is {out[bad[0]]} in row {int(bad[0]) + 1}; "
            "it must be a finite number (of an exposure its logarithm)."
        )
    return out


@dataclass(frozen=True, eq=False)
class Encoded:
    """Rows as a model asks for them: design, target (n,) or None, weights and offset (n,) or None."""

    design: Design
    target: Floats | None
    weights: Floats | None
    offset: Floats | None


def deviance_explained(
    family: Family, target: Floats, predicted: Floats, weights: Floats | None, offset: Floats | None,
    fit_intercept: bool = True,
) -> float:  # fmt: skip
    """1 - deviance / deviance of the constant model on these rows; ``predicted`` are linear predictors.

    Of squared error it is R^2.
    """
    if family == SQUARED and offset is None:
        return r_squared(target, predicted, weights)
    share = np.ones(len(target)) if weights is None else weights
    constant = constant_model(family, target, weights, offset, fit_intercept)
    eta = constant + np.zeros(len(target)) + (0.0 if offset is None else offset)
    total = float(share @ family.loss(target, eta))
    used = target[share > 0]
    if total == 0 or (offset is None and not (used != used[:1]).any()):
        raise DataError("The target is constant on these rows, so the deviance explained has no meaning.")
    return 1.0 - float(share @ family.loss(target, predicted)) / total


def r_squared(target: Floats, predicted: Floats, weights: Floats | None) -> float:
    """1 - squared error / squared deviation of the target from its mean."""
    share = np.ones(len(target)) if weights is None else weights
    residual = target - predicted
    off = target - share @ target / share.sum()
    total = float(share @ off**2)
    if total == 0:
        raise DataError("The target is constant on these rows, so R^2 has no meaning.")
    return 1.0 - float(share @ residual**2) / total


def _filled(frame: Frame, fills: Floats) -> Frame:
    parts, first = [], 0
    for part in frame.parts:
        if isinstance(part, Numeric):
            if part.missing is not None and part.missing.any():
                part = Numeric(part.name, np.where(part.missing, fills[first], part.values))
            elif part.missing is not None:
                part = Numeric(part.name, part.values)
        parts.append(part)
        first += len(part.levels) if hasattr(part, "levels") else 1
    return replace(frame, parts=tuple(parts))


def _blame(design: Design, schema: Schema) -> None:
    for block in design.blocks:
        values = getattr(block, "values", getattr(block, "rows", None))
        bad = (
            None
            if values is None or (isinstance(values, np.ndarray) and values.dtype.kind == "b")
            else find_bad_value(values)
        )
        if bad is not None and schema.matrix_columns is not None:
            raise matrix_error(values, *bad, schema.column_names())


__all__ = [
    "Encoded", "as_table", "as_target", "checked_offset", "deviance_explained", "encoded",
    "encoded_with_target", "finite", "r_squared",
]  # fmt: skip
