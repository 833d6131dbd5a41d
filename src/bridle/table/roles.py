"""Columns with a role: target, weights, groups, order; their names checked, their values read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, SchemaError, UsageError
from .columns import Days, Numbers, Text, Unusable
from .convert import refuse_infinite, to_days, to_numbers, to_text
from .schema import Schema
from .spelling import read_numbers
from .table import Table
from .words import clipped, counted, listed, suggestion

TYPES = ("numeric", "categorical", "boolean", "date", "ignore")


@dataclass(frozen=True)
class Request:
    """What the caller said: roles {role: column}, columns to ignore, types {column: type}."""

    roles: dict[str, str]
    ignore: tuple[str, ...]
    types: dict[str, str]


def check_request(
    table: Table,
    roles: Mapping[str, str | None],
    ignore: Iterable[str],
    types: Mapping[str, str] | None,
) -> Request:
    """The request with every name checked.

    Raises ``UsageError`` for a column that the table does not have (with the nearest name), an unknown type,
    and a column that is asked to be two things.
    """
    ignore = (ignore,) if isinstance(ignore, str) else tuple(ignore)
    told = {role: name for role, name in roles.items() if name is not None}
    kinds = dict(types or {})
    for said, names in ([(role, [name]) for role, name in told.items()]) + [
        ("ignore", ignore),
        ("types", kinds),
    ]:
        for name in names:
            if not table.has(name):
                raise UsageError(_no_column(table, said, name))
    for name, kind in kinds.items():
        if kind not in TYPES:
            raise UsageError(f'types says "{kind}" for column "{name}"; the types are {", ".join(TYPES)}.')
    by_name: dict[str, str] = {}
    for role, name in told.items():
        if name in by_name:
            raise UsageError(f'Column "{name}" cannot be both {by_name[name]} and {role}.')
        by_name[name] = role
    for name in (*ignore, *(n for n, kind in kinds.items() if kind == "ignore")):
        if name in by_name:
            raise UsageError(f'Column "{name}" is the {by_name[name]} and cannot be ignored.')
    return Request(told, ignore, kinds)


def _no_column(table: Table, said: str, name: str) -> str:
    if table.is_matrix:
        return (
            f'"{name}" cannot be the {said}: an array has no column names. Pass the values '
            "themselves, or a dataframe."
        )
    hint = ""
    if len(table.names) == 1:
        hint = " The table was read as a single column; the delimiters of text files are , ; tab and |."
    what = {"ignore": "a column to ignore", "types": "a column with a type"}.get(said, f"the {said}")
    return (
        f'There is no column "{clipped(str(name))}" in {table.name} ({what}). '
        f"{suggestion(str(name), table.names)}{hint}"
    )


def check_target_kind(
    table: Table, name: str, declared: str | None, classes: bool | None = None
) -> tuple[str, ...]:
    """The two classes of a target that is text or true/false, in their order; none of a numeric one.

    ``classes`` says whether they may be (None: where the target is no number anyway). Raises ``DataError`` for a target
    that is neither numbers nor two classes, or classes where numbers are needed.
    """
    column = table.column(name)
    begin = f'The target "{name}" of {table.name}'
    if declared not in (None, "numeric"):
        raise DataError(f"{begin} is declared {declared}, but only numbers and two classes can be a target.")
    if isinstance(column, Unusable):
        raise DataError(f"{begin} holds {column.reason}; it must hold numbers or two classes.")
    if isinstance(column, Days):
        raise DataError(f"{begin} holds {column.what}; it must hold numbers, such as days since a start.")
    if declared == "numeric":
        return ()
    if isinstance(column, Numbers):
        if column.boolean and classes is False:
            raise DataError(
                f'{begin} is true or false: that is for the family binomial. Say family="binomial", or '
                f'types={{"{name}": "numeric"}} for a linear model of the probability.'
            )
        return ("false", "true") if column.boolean else ()
    if isinstance(column, Text):
        spelled = read_numbers(column.levels)
        if spelled.bad.sum() > max(3, 0.05 * len(spelled.bad)) or spelled.bad.all():
            levels = sorted(column.levels)
            if len(levels) == 2 and classes is not False:
                return tuple(levels)
            asked = (
                'say family="binomial"'
                if len(levels) == 2
                else "classes must be two; choose a numeric target"
            )
            raise DataError(
                f"{begin} is text with {counted(len(levels), 'different value')} ({listed(column.levels, 3)}): {asked}."
            )
    return ()


def read_target(table: Table, name: str, classes: tuple[str, ...] = ()) -> npt.NDArray[np.float64]:
    """The target (n,), 0 and 1 of classes. Raises ``DataError`` for values that are missing, infinite, no numbers or
    another class, naming the rows.
    """
    advice = "Leave these rows out, or fill the values in."
    if not classes:
        return _complete(table, name, "target", advice)
    text = to_text(table, name)
    if (text.codes < 0).any():
        raise _missing_rows(table, name, "target", text.codes < 0, advice)
    place = {level.lower() if classes == ("false", "true") else level: k for k, level in enumerate(classes)}
    if classes == ("false", "true"):
        place |= {"0": 0, "1": 1}
    codes = np.array(
        [place.get(level.lower() if classes == ("false", "true") else level, -1) for level in text.levels]
        or [0]
    )[text.codes]
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise DataError(
            f'The target "{name}" of {table.name} is "{clipped(text.levels[text.codes[row]])}" in {table.where(row)}; '
            f"the classes are {classes[0]} and {classes[1]}."
        )
    return codes.astype(np.float64)


def read_offset(table: Table, name: str) -> npt.NDArray[np.float64]:
    """The offset (n,). Raises ``DataError`` where one is missing, infinite or no number, naming the rows."""
    return _complete(table, name, "offset", "Every row needs one; 0 adds nothing.")


def read_weights(table: Table, name: str) -> npt.NDArray[np.float64]:
    """The weights (n,). Raises ``DataError`` where one is missing, negative or infinite, or all are zero."""
    weights = _complete(table, name, "weights", "A row that must not count has weight 0.")
    if (weights < 0).any():
        row = int((weights < 0).argmax())
        raise DataError(
            f'The weights "{name}" of {table.name} are negative in {table.where(row)}: {weights[row]:g}.'
        )
    if weights.size and not weights.any():
        raise DataError(f'The weights "{name}" of {table.name} are all zero: no row counts.')
    return weights


def _complete(table: Table, name: str, role: str, advice: str) -> npt.NDArray[np.float64]:
    column = to_numbers(table, name)
    if column.missing is not None:
        raise _missing_rows(table, name, role, column.missing, advice)
    return column.values.astype(np.float64, copy=False)


def read_groups(table: Table, name: str) -> npt.NDArray[np.int64]:
    """The groups (n,) as codes from 0. Raises ``DataError`` naming the rows without a group."""
    text = to_text(table, name)
    if (text.codes < 0).any():
        raise _missing_rows(table, name, "groups", text.codes < 0, "Every row needs a group.")
    return text.codes.astype(np.int64)


def read_order(table: Table, name: str) -> npt.NDArray[Any]:
    """Sort keys (n,) from numbers or dates. Raises ``DataError`` for other columns and missing values."""
    column = table.column(name)
    if isinstance(column, Text) and read_numbers(column.levels).bad.any():
        column = to_days(table, name)
    if not isinstance(column, Days):
        column = to_numbers(table, name)
        refuse_infinite(table, name, column)
    if column.missing is not None:
        raise _missing_rows(table, name, "order", column.missing, "Every row needs a place in the order.")
    return column.values.astype(np.float64, copy=False)


def _missing_rows(table: Table, name: str, role: str, gone: npt.NDArray[np.bool_], advice: str) -> DataError:
    rows = np.flatnonzero(gone)
    places = ", ".join(table.where(int(row)) for row in rows[:3]) + (", ..." if len(rows) > 3 else "")
    verb = "are" if role in ("weights", "groups") else "is"
    return DataError(
        f'The {role} "{name}" of {table.name} {verb} missing in {counted(len(rows), "row")} of '
        f"{len(gone):,}: "
        f"{places}. {advice}"
    )


def encode_roles(
    schema: Schema, table: Table, only: tuple[str, ...] | None = None
) -> dict[str, npt.NDArray[Any]]:
    """{role: values (n,)} for the columns with a role, or those named; ``SchemaError`` where one is not in the table."""
    readers: dict[str, Callable[[Table, str], npt.NDArray[Any]]] = {
        "target": lambda table, name: read_target(table, name, schema.classes),
        "weights": read_weights,
        "groups": read_groups,
        "order": read_order,
        "offset": read_offset,
    }
    out = {}
    for role, name in schema.roles().items():
        if only is not None and role not in only:
            continue
        if not table.has(name):
            raise SchemaError(
                f'{table.name} has no column "{name}", the {role}. {suggestion(name, table.names)}'
            )
        out[role] = readers[role](table, name)
    return out
