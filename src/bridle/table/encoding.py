"""From a schema and a table to a Frame: every promise of the schema is checked by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import SchemaError
from .columns import Days, Numbers, Text, Unusable
from .convert import to_boolean, to_days, to_numbers, to_text
from .frame import Categorical, Frame, Indicator, Mask, Matrix, Numeric, Part
from .roles import encode_roles
from .schema import MISSING_LEVEL, Note, Schema, Variable
from .table import Table
from .words import clipped, counted, listed, suggestion


def encode(schema: Schema, table: Table, *, need_target: bool) -> Frame:
    """The table (n rows) in the schema's order of variables.

    Other columns are ignored and their order does not matter. A level that the schema does not have becomes a
    row of zeros (code -1) with a note; so does a missing number where training had none, with a note that the
    mean is used. ``need_target`` says whether the target and the other columns with a role are read; without
    it they may be absent, the offset excepted. A table without rows gives a Frame without rows.

    Raises ``SchemaError`` naming a column that is absent or of another type (with its first bad row),
    ``DataError`` for infinite values and for a target with missing values.

    >>> from bridle.table import infer, open_table
    >>> schema = infer(open_table({"sex": ["f", "m", "f"], "y": [1.0, 2.0, 4.0]}), target="y")
    >>> encode(schema, open_table({"sex": ["m", "x"]}), need_target=False).parts[0].codes
    array([ 1, -1], dtype=int32)
    """
    if schema.matrix_columns is not None:
        return Frame(table.n_rows, (Matrix(_as_matrix(schema, table)),))
    if table.is_matrix:
        raise SchemaError(
            f"The model was fitted on a table with named columns ({listed(_needed(schema), 4)}), not on "
            "an array. "
            "Pass a dataframe or a dict of columns with these names."
        )
    _check_columns(schema, table)
    notes: list[Note] = list(table.notes)
    roles = encode_roles(schema, table, None if need_target else ("offset",))
    parts = tuple(_part(variable, table, notes) for variable in schema.variables)
    return Frame(table.n_rows, parts, notes=tuple(notes), **roles)


def _needed(schema: Schema) -> list[str]:
    names = [name for v in schema.variables for name in (v.indicator_of or (v.name,))]
    return list(dict.fromkeys(names))


def _check_columns(schema: Schema, table: Table) -> None:
    absent = [name for name in _needed(schema) if not table.has(name)]
    if len(absent) == 1:
        raise SchemaError(
            f'{_capital(table.name)} has no column "{absent[0]}", which the model needs. '
            f"{suggestion(absent[0], table.names)}"
        )
    if absent:
        raise SchemaError(
            f"{_capital(table.name)} lacks {len(absent):,} of the {counted(len(_needed(schema)), 'column')} "
            f"that the model needs: {listed(absent)}. It has {listed(table.names)}."
        )


def _part(variable: Variable, table: Table, notes: list[Note]) -> Part:
    if variable.indicator_of:
        return Indicator(variable.name, _any_missing(variable.indicator_of, table))
    if variable.kind == "categorical":
        return _categorical(variable, table, notes)
    column: Numbers | Days
    if variable.kind == "date":
        column = to_days(table, variable.name, SchemaError)
    elif variable.kind == "boolean":
        column = to_boolean(table, variable.name, SchemaError)
    else:
        column = to_numbers(table, variable.name, SchemaError)
    if column.missing is not None and not variable.has_missing:
        said = (
            f'Column "{variable.name}" is missing in {counted(int(column.missing.sum()), "row")} of '
            f"{table.n_rows:,}, "
            "though it was complete when the model was fitted; the mean is filled in."
        )
        notes.append(Note("missing", variable.name, said, True))
    return Numeric(variable.name, column.values, column.missing)


def _any_missing(names: tuple[str, ...], table: Table) -> Mask:
    """Where any of the columns is missing; when the model was fitted they were missing together."""
    mask = np.zeros(table.n_rows, dtype=bool)
    for name in names:
        column = table.column(name)
        if isinstance(column, Text):
            column = to_numbers(table, name, SchemaError) if column.levels else column
        if isinstance(column, Text):
            mask |= column.codes < 0
        elif not isinstance(column, Unusable) and column.missing is not None:
            mask |= column.missing
    return mask


def _categorical(variable: Variable, table: Table, notes: list[Note]) -> Categorical:
    column = table.column(variable.name)
    text = to_text(table, variable.name, SchemaError)
    place = {level: code for code, level in enumerate(variable.levels)}
    if isinstance(column, Numbers):
        place = _by_value(place, boolean=column.boolean)
        known = [place.get(_key(level, column.boolean), -1) for level in text.levels]
    else:
        known = [place.get(level, -1) for level in text.levels]
    missing_code = variable.levels.index(MISSING_LEVEL) if MISSING_LEVEL in variable.levels else -1
    codes = np.array([*known, missing_code], dtype=np.int32)[text.codes]
    _note_unseen(variable, table, text, codes, notes)
    return Categorical(variable.name, codes, variable.levels)


def _key(level: str, boolean: bool) -> Any:
    return level if boolean else float(level)


def _by_value(place: dict[str, int], *, boolean: bool) -> dict[Any, int]:
    """Levels looked up by value: the number 7 is the level "7", and "007" where there is no other.

    A table may hold as numbers what was text when the model was fitted, because the odd ones are not in it.
    """
    out: dict[Any, int] = {}
    for level, code in place.items():
        if boolean:
            out.setdefault(level.lower(), code)
            continue
        try:
            value = float(level)
        except ValueError:
            continue
        plain = not level.startswith("0") or value == 0
        if value not in out or plain:
            out[value] = code
    return out


def _note_unseen(
    variable: Variable, table: Table, text: Text, codes: npt.NDArray[np.int32], notes: list[Note]
) -> None:
    unseen = codes < 0
    if not unseen.any():
        return
    met = np.unique(text.codes[unseen]).tolist()
    names = [clipped(text.levels[code], 30) if code >= 0 else MISSING_LEVEL for code in met[:6]]
    levels = listed(names, 3) if len(met) <= 6 else f"{listed(names[:3])} and {len(met) - 3:,} more"
    said = (
        f'Column "{variable.name}" has {counted(len(met), "level")} that the model has not seen '
        f"({levels}), in "
        f"{counted(int(unseen.sum()), 'row')} of {table.n_rows:,}, first in "
        f"{table.where(int(unseen.argmax()))}; "
        "the variable adds nothing to the prediction there."
    )
    notes.append(Note("unseen-level", variable.name, said, True))


def _as_matrix(schema: Schema, table: Table) -> Any:
    """The array that a model fitted on an array is shown: an array of as many columns, or columns of these
    names.
    """
    names = schema.matrix_columns
    assert names is not None
    if not table.is_matrix:
        return _stack(schema, table)
    if table.matrix.shape[1] != schema.n_columns:
        raise SchemaError(
            f"X has {counted(table.matrix.shape[1], 'column')}, but the model was fitted on "
            f"{schema.n_columns:,}."
        )
    if table.matrix_names is not None and not isinstance(names, int) and table.matrix_names != names:
        j = next(j for j, (ours, theirs) in enumerate(zip(names, table.matrix_names)) if ours != theirs)
        raise SchemaError(
            f'Column {j} of X is called "{table.matrix_names[j]}", but it was "{names[j]}" when the '
            "model was fitted; "
            "the order of an array's columns matters."
        )
    return table.matrix


def _stack(schema: Schema, table: Table) -> npt.NDArray[np.float64]:
    names = schema.column_names()
    absent = [name for name in names if not table.has(name)]
    if absent:
        raise SchemaError(
            f"The model was fitted on an array; a table for it must have the columns {listed(names, 3)}, "
            f"but {listed(absent, 3)} {'is' if len(absent) == 1 else 'are'} not in {table.name}."
        )
    out = np.empty((table.n_rows, len(names)), order="F")
    for j, name in enumerate(names):
        column = to_numbers(table, name, SchemaError)
        if column.missing is not None:
            row = int(column.missing.argmax())
            raise SchemaError(
                f'Column "{name}" of {table.name} is missing in {table.where(row)}; the model was '
                "fitted on a "
                "complete array and cannot fill it in."
            )
        out[:, j] = column.values
    return out


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
