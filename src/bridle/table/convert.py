"""Columns turned into the kind that is asked for, or the error that says where that fails."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from .columns import Column, Days, Numbers, Text, Unusable, as_text, numbers
from .schema import MISSING_LEVEL
from .spelling import read_days, read_numbers
from .table import Table
from .words import clipped, leave_out

_TRUE, _FALSE = ("true", "1"), ("false", "0")


def to_numbers(table: Table, name: str, error: type[DataError] = DataError) -> Numbers:
    """The column as numbers. Raises ``error`` naming the first row whose value is none, or is infinite."""
    column = _usable(table, name, "numeric", error)
    if isinstance(column, Days):
        raise error(f'Column "{name}" of {table.name} holds {column.what} where numbers are expected.')
    if isinstance(column, Text):
        spelled = read_numbers(column.levels)
        if spelled.bad.any():
            raise _not_a(table, name, column, spelled.bad, "a number", error)
        column = spread(column, spelled.values)
    refuse_infinite(table, name, column)
    return column


def spread(text: Text, values: npt.NDArray[np.float64]) -> Numbers:
    """Numbers by row from the numbers of the levels (k,); NaN is missing."""
    return numbers(np.append(values, np.nan)[text.codes])


def to_boolean(table: Table, name: str, error: type[DataError] = DataError) -> Numbers:
    """The column as 0 and 1. Raises ``error`` naming the first row that is neither true nor false."""
    column = _usable(table, name, "boolean", error)
    if isinstance(column, Text):
        folded = [level.lower() for level in column.levels]
        bad = np.array([level not in _TRUE + _FALSE for level in folded], dtype=bool)
        if bad.any():
            raise _not_a(table, name, column, bad, "true or false (1 or 0)", error)
        return spread(column, np.array([float(level in _TRUE) for level in folded]))
    if isinstance(column, Days):
        raise error(f'Column "{name}" of {table.name} holds {column.what} where true or false is expected.')
    bad = (column.values != 0) & (column.values != 1)
    if bad.any():
        row = int(bad.argmax())
        raise error(
            f'Column "{name}" of {table.name}, {table.where(row)}: {column.values[row]:g} is neither '
            "true nor false."
        )
    return column


def to_days(table: Table, name: str, error: type[DataError] = DataError) -> Days:
    """The column as days since 1970-01-01 UTC. Raises ``error`` naming the first row that is no date."""
    column = _usable(table, name, "date", error)
    if isinstance(column, Days):
        return column
    if isinstance(column, Text):
        values, bad = read_days(column.levels)
        if bad.any():
            raise _not_a(
                table, name, column, bad, "a date of the form 2024-05-31 (or 2024-05-31T12:00:00)", error
            )
        by_row = spread(column, values)
        return Days(by_row.values.astype(np.float64), by_row.missing)
    if column.missing is not None and column.missing.all():
        return Days(column.values.astype(np.float64), column.missing)
    raise error(f'Column "{name}" of {table.name} holds numbers where dates are expected.')


def to_text(table: Table, name: str, error: type[DataError] = DataError) -> Text:
    """The column as levels."""
    return as_text(_usable(table, name, "categorical", error))


def with_missing(text: Text) -> Text:
    """The same with the level "(missing)", at the end, for the rows without a value."""
    gone = text.codes < 0
    if not gone.any():
        return text
    levels = text.levels
    if MISSING_LEVEL not in levels:
        levels = (*levels, MISSING_LEVEL)
    codes = np.where(gone, np.int32(levels.index(MISSING_LEVEL)), text.codes)
    return Text(codes.astype(np.int32), levels, text.declared)


def in_order(text: Text) -> Text:
    """The same with its levels sorted: as numbers where all are, otherwise as text; "(missing)" comes last.

    A declared category keeps the order that it was given.
    """
    levels = text.levels
    if not text.declared:
        values = read_numbers(levels).values if len(levels) <= 1000 else np.full(len(levels), np.nan)
        plain = np.isfinite(values).sum() >= len(levels) - (MISSING_LEVEL in levels)
        order = sorted(
            range(len(levels)),
            key=lambda i: (levels[i] == MISSING_LEVEL, values[i] if plain else 0.0, levels[i]),
        )
    else:
        order = sorted(range(len(levels)), key=lambda i: levels[i] == MISSING_LEVEL)
    place = np.empty(len(levels) + 1, dtype=np.int32)
    place[order] = np.arange(len(levels), dtype=np.int32)
    place[-1] = -1
    return Text(place[text.codes], tuple(levels[i] for i in order), text.declared)


def refuse_infinite(table: Table, name: str, column: Numbers) -> None:
    """Raises ``DataError`` where a number is infinite, naming column and row."""
    if column.infinite is not None:
        row = column.infinite
        raise DataError(
            f'Column "{name}" of {table.name} has an infinite value ({column.values[row]}) in '
            f"{table.where(row)}. "
            "Correct it, empty the cell (then it counts as missing), or leave the column out: "
            f"{leave_out(name)}."
        )


def _usable(table: Table, name: str, kind: str, error: type[DataError]) -> Numbers | Text | Days:
    column: Column = table.column(name)
    if isinstance(column, Unusable):
        raise error(f'Column "{name}" of {table.name} holds {column.reason}; it cannot be {kind}.')
    return column


def _not_a(
    table: Table, name: str, text: Text, bad: npt.NDArray[np.bool_], what: str, error: type[DataError]
) -> DataError:
    """The error for the first row whose level is bad."""
    row, count = first_row(text, bad)
    others = f" (and so in {count - 1:,} other {'row' if count == 2 else 'rows'})" if count > 1 else ""
    return error(
        f'Column "{name}" of {table.name}, {table.where(row)}: '
        f'"{clipped(text.levels[text.codes[row]], 40)}" is not '
        f"{what}{others}. Correct it, or empty the cell: then it counts as missing."
    )


def first_row(text: Text, of: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """(first row, number of rows) whose level is marked in ``of`` (k,)."""
    rows = np.append(of, False)[text.codes]
    return int(rows.argmax()), int(rows.sum())
