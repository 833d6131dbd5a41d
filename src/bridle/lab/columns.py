"""The lesson "yours-columns": what each column of a table was taken for, its first rows, and the families of the target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import BridleError
from ..table import Schema, Table, infer
from ..table.columns import Column, Days, Numbers, Text
from .asking import about, noted
from .keys import Key, number_text
from .roles import read_roles
from .suiting import described, read_it
from .tables import Tables
from .work import Lesson, Progress

HEAD_ROWS = 8
LONGEST_CELL = 40


def lesson(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """What the columns were taken for, the first rows, and what is worth knowing; a role that cannot be is a sentence."""
    id = str(key.values["table"])
    table = tables.read(id, progress)
    roles, problem = read_roles(str(key.values["roles"])), ""
    arguments = roles.arguments(table.names)
    families: dict[str, Any] = {"families": [], "unsuited": [], "proposed": ""}
    schema: Schema | None
    try:
        schema = infer(table, **arguments)
        if "target" in arguments:
            name = arguments["target"]
            families = described(table, read_it(table, name, arguments.get("types", {}).get(name)))
    except BridleError as found:
        problem = str(found)
        schema = _without_roles(table, arguments)
    rows = [] if schema is None else [row for row in schema.describe() if row[2] != "indicator"]
    by_name = {name: (role, kind, detail) for name, role, kind, detail in rows}
    notes = () if schema is None else schema.notes
    missing, seen = [], []
    for name in table.names:
        column = table.column(name)
        missing.append(_missing(column))
        seen.append(_seen(column))
    return {
        **about(key, tables, table, arguments),
        **families,
        "problem": problem,
        "names": list(table.names),
        "roles": [by_name.get(name, ("", "", ""))[0] for name in table.names],
        "kinds": [by_name.get(name, ("", "", ""))[1] for name in table.names],
        "details": [by_name.get(name, ("", "", ""))[2] for name in table.names],
        "seen": seen,
        "missing": np.array(missing, dtype=np.int64),
        "head": [_cells(table.column(name), min(HEAD_ROWS, table.n_rows)) for name in table.names],
        "notes": noted(notes),
        "n_notes": len(notes),
        "n_design": 0 if schema is None else schema.n_columns,
    }


def _without_roles(table: Table, arguments: Mapping[str, Any]) -> Schema | None:
    """What is inferred where what was asked for cannot be."""
    for kept in ("ignore", "types"), ("ignore",), ():
        try:
            return infer(table, **{name: arguments[name] for name in kept if name in arguments})
        except BridleError:
            continue
    return None


def _missing(column: Any) -> int:
    if isinstance(column, Text):
        return int(np.count_nonzero(column.codes < 0))
    gone = getattr(column, "missing", None)
    return 0 if gone is None else int(gone.sum())


def _seen(column: Any) -> str:
    """What is in the cells, in a word or two."""
    if isinstance(column, Numbers):
        return "true or false" if column.boolean else "whole numbers" if column.integer else "numbers"
    if isinstance(column, Text):
        return f"text, {len(column.levels):,} different"
    return column.what if isinstance(column, Days) else str(column.reason)


def _cells(column: Column, count: int) -> list[str]:
    """The first cells of a column as texts to show."""
    if isinstance(column, Text):
        cells = [column.levels[code] if code >= 0 else "" for code in column.codes[:count]]
    elif isinstance(column, (Numbers, Days)):
        gone = np.zeros(count, dtype=bool) if column.missing is None else column.missing
        show = _day if isinstance(column, Days) else _number
        cells = [
            ""
            if off
            else ("true" if value else "false")
            if getattr(column, "boolean", False)
            else show(value)
            for value, off in zip(column.values[:count], gone[:count])
        ]
    else:
        cells = ["…"] * count
    return [cell if len(cell) <= LONGEST_CELL else cell[:LONGEST_CELL] + "…" for cell in cells]


def _number(value: float) -> str:
    return number_text(float(value)) if math.isfinite(value) else str(value)


def _day(value: float) -> str:
    whole = np.datetime64(round(value * 86_400), "s")
    return str(whole).replace("T", " ").removesuffix(" 00:00:00")


__all__ = ["lesson"]
