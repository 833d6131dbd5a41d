"""From a table to a schema: the type of every column, what is left out, and what the person should know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import DataError
from .columns import Days, Numbers, Text, Unusable
from .convert import first_row, in_order, to_boolean, to_days, to_numbers, to_text, with_missing
from .frame import Mask
from .roles import (
    Request,
    check_request,
    check_target_kind,
    read_groups,
    read_offset,
    read_order,
    read_target,
    read_weights,
)
from .schema import Note, Schema, Variable
from .spelling import looks_like_dates, looks_numeric, numbers_share, read_days, read_numbers
from .suspects import (
    Copies,
    Giveaway,
    constancy,
    is_key,
    is_name_of_rows,
    is_row_number,
    level_constancy,
)
from .table import Table
from .words import clipped, counted, declare, leave_out, listed

_MOSTLY = 0.95


@dataclass
class _Findings:
    """What is known so far while the columns are looked at one by one."""

    giveaway: Giveaway | None
    copies: Copies = field(default_factory=Copies)
    variables: list[Variable] = field(default_factory=list)
    masks: list[tuple[str, Mask]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    identifiers: list[Variable] = field(default_factory=list)

    def note(self, kind: str, name: str, text: str, warning: bool = False) -> None:
        self.notes.append(Note(kind, name, text, warning))

    def drop(self, kind: str, name: str, text: str, warning: bool = False) -> None:
        self.ignored.append(name)
        self.note(kind, name, text, warning)


def infer(
    table: Table,
    *,
    target: str | None = None,
    weights: str | None = None,
    groups: str | None = None,
    order: str | None = None,
    offset: str | None = None,
    ignore: Iterable[str] = (),
    types: Mapping[str, str] | None = None,
    classes: bool | None = None,
) -> Schema:
    """The schema of a table (n rows): each column without a role is a variable, or left out with a note.

    Left out: constant columns, columns that only name the rows, dates, cells that are no numbers and no text.
    ``types`` overrules what is inferred, {column: "numeric", "categorical", "boolean", "date" or "ignore"}; a
    column named there is never taken for an identifier. ``classes`` says whether the target may be two classes (None:
    where it is no number anyway). Warned about, and kept: a column that alone explains
    more than 99 % of the target, a category with nearly as many levels as rows, integers beyond 2^53.

    Raises ``UsageError`` for names and types that do not exist, ``DataError`` for a table without rows or
    usable columns, a target that is not numeric or not complete, and infinite values, naming column and row.

    >>> from bridle.table import open_table
    >>> table = open_table({"bmi": [22, None, 27], "sex": ["f", "m", "f"], "y": [1.0, 2.0, 5.0]})
    >>> infer(table, target="y").column_names()
    ['bmi', 'sex=f', 'sex=m', 'bmi is missing']
    """
    request = check_request(
        table,
        {"target": target, "weights": weights, "groups": groups, "order": order, "offset": offset},
        ignore,
        types,
    )
    if table.is_matrix:
        names = table.matrix_names
        return Schema(
            (), None, matrix_columns=table.matrix.shape[1] if names is None else names, notes=table.notes
        )
    if table.n_rows < 2:
        have = "no rows, only a header" if table.n_rows == 0 else "only one row"
        raise DataError(f"{table.name} has {have}; nothing can be learned from it.")
    two, giveaway = _check_roles(table, request, classes)
    found = _Findings(giveaway)
    for name in table.names:
        if name in request.roles.values():
            continue
        if name in request.ignore or request.types.get(name) == "ignore":
            found.ignored.append(name)
        else:
            _look_at(table, name, request.types.get(name), found)
    _keep_one_identifier(found)
    if not found.variables and not found.masks:
        raise DataError(_nothing_left(table, found))
    variables = _with_indicators(found, table.n_rows, taken=set(table.names))
    return Schema(
        variables,
        target,
        weights,
        groups,
        order,
        ignored=tuple(found.ignored),
        notes=(*table.notes, *found.notes),
        offset=offset,
        classes=two,
    )


def _check_roles(
    table: Table, request: Request, classes: bool | None
) -> tuple[tuple[str, ...], Giveaway | None]:
    """Reads the columns with a role once, so that what is wrong with them is said first; the target's classes."""
    roles = request.roles
    if "weights" in roles:
        read_weights(table, roles["weights"])
    if "groups" in roles:
        read_groups(table, roles["groups"])
    if "order" in roles:
        read_order(table, roles["order"])
    if "offset" in roles:
        read_offset(table, roles["offset"])
    if "target" not in roles:
        return (), None
    two = check_target_kind(table, roles["target"], request.types.get(roles["target"]), classes)
    return two, Giveaway(read_target(table, roles["target"], two))


def _look_at(table: Table, name: str, declared: str | None, found: _Findings) -> None:
    """One column becomes a variable, or is left out."""
    column = table.column(name)
    if declared == "date" or (declared == "numeric" and _is_date(column)):
        _add_days(table, name, found)
    elif declared in ("numeric", "boolean"):
        _add_numbers(table, name, found, declared)
    elif declared == "categorical":
        _add_text(table, name, found, declared)
    elif isinstance(column, Unusable):
        found.drop("type", name, f'Column "{name}" holds {column.reason} and is left out.', True)
    elif isinstance(column, Days):
        _leave_out_dates(name, column.what, found, ready=True)
    elif isinstance(column, Numbers) or _reads_as_numbers(table, name, column, found):
        _add_numbers(table, name, found, None)
    elif not column.declared and looks_like_dates(column.levels):
        _leave_out_dates(name, "what looks like dates", found, ready=_iso(column))
    else:
        _add_text(table, name, found, None)


def _is_date(column: object) -> bool:
    return isinstance(column, Days) or (
        isinstance(column, Text) and looks_like_dates(column.levels) and not looks_numeric(column.levels)
    )


def _iso(text: Text) -> bool:
    return not read_days(text.levels[:200])[1].any()


def _leave_out_dates(name: str, what: str, found: _Findings, *, ready: bool) -> None:
    said = f'Column "{name}" holds {what} and is left out: a linear model would need them as numbers. '
    if ready:
        said += f"To use them as days (dates: since 1970-01-01), say {declare(name, 'numeric')}."
    else:
        said += "To use them, write them like 2024-05-31 and say " + declare(name, "numeric") + "."
    found.drop("date", name, said, True)


def _reads_as_numbers(table: Table, name: str, text: Text, found: _Findings) -> bool:
    """Whether a column of text is meant as numbers; raises ``DataError`` where all but a few cells are."""
    if text.declared or not looks_numeric(text.levels):
        return False
    spelled = read_numbers(text.levels)
    if spelled.codes:
        said = (
            f'Column "{name}" holds codes with leading zeros ({listed(spelled.codes, 2)}) and is '
            "taken as a category."
        )
        found.note("type", name, f"{said} To use it as a number, say {declare(name, 'numeric')}.")
        return False
    good = len(text.levels) - int(spelled.missing.sum() + spelled.bad.sum())
    if not spelled.bad.any():
        if good:
            _note_spelling(name, text, spelled.missing, spelled.changed, found)
        return good > 0
    if good >= 10 and numbers_share(text, spelled) >= _MOSTLY:
        row, count = first_row(text, spelled.bad)
        cell = clipped(text.levels[text.codes[row]], 40)
        others = (
            f", nor {'is' if count == 2 else 'are'} {counted(count - 1, 'other cell')}" if count > 1 else ""
        )
        raise DataError(
            f'Column "{name}" of {table.name} holds numbers, but "{cell}" in {table.where(row)} is '
            f"none{others}. "
            f"Correct it, empty the cell (then it counts as missing), or say {declare(name, 'categorical')}."
        )
    return False


def _note_spelling(
    name: str, text: Text, gone: Any, changed: tuple[str, float] | None, found: _Findings
) -> None:
    if changed is not None:
        said = (
            f'Column "{name}" holds numbers written as text: "{clipped(changed[0], 30)}" is read as '
            f"{changed[1]:.15g}."
        )
        found.note("type", name, said)
    if gone.any():
        rows = first_row(text, gone)[1]
        markers = [level for level, is_gone in zip(text.levels, gone) if is_gone]
        said = (
            f'Column "{name}" holds numbers; {listed(markers, 3)} ({counted(rows, "row")}) is read '
            "as missing."
        )
        found.note("type", name, said)


def _add_numbers(table: Table, name: str, found: _Findings, declared: str | None) -> None:
    column = to_boolean(table, name) if declared == "boolean" else to_numbers(table, name)
    values, missing = column.values, column.missing
    same = constancy(values, missing)
    if same is not None:
        _drop_constant(table, name, same, missing, found)
        return
    kind = "boolean" if declared == "boolean" or (column.boolean and declared is None) else "numeric"
    variable = Variable(name, kind, has_missing=missing is not None)
    if declared is None and (
        is_row_number(values, missing) or (column.integer and is_key(name, values, missing))
    ):
        said = f'Column "{name}" only numbers the rows (every value is a different integer) and is left out. '
        found.drop("identifier", name, said + f"To use it, say {declare(name, 'numeric')}.", True)
        found.identifiers.append(variable)
        return
    found.variables.append(variable)
    if missing is not None:
        found.masks.append((name, missing))
    if column.imprecise:
        said = (
            f'Column "{name}" holds integers beyond 2^53 = 9,007,199,254,740,992; neighbours cannot '
            "be told apart. "
        )
        found.note(
            "precision", name, said + f"If it is an identifier, leave it out: {leave_out(name)}.", True
        )
    _look_closer(name, column, found)


def _look_closer(name: str, column: Numbers | Days, found: _Findings) -> None:
    """Remarks about a column of numbers that is kept: copies and giveaways."""
    original = found.copies.original(name, column.values, column.missing)
    if original is not None:
        found.note(
            "duplicate",
            name,
            f'Column "{name}" repeats "{original}" in every row; one of the two is enough.',
            True,
        )
    if found.giveaway is not None and found.giveaway.by_line(column.values, column.missing):
        found.note("giveaway", name, _giveaway_text(name), True)


def _giveaway_text(name: str) -> str:
    return (
        f'Column "{name}" alone explains more than 99 % of the target. Is it known before the target is? '
        f"If not, leave it out: {leave_out(name)}."
    )


def _drop_constant(table: Table, name: str, same: str, missing: Mask | None, found: _Findings) -> None:
    if same == "empty":
        found.drop("constant", name, f'Column "{name}" is empty and is left out.')
        return
    said = {
        "constant": f'Column "{name}" is constant and is left out.',
        "nearly constant": f'Column "{name}" is nearly constant (at most one row differs) and is left out.',
    }[same]
    if missing is not None and 1 < missing.sum() < table.n_rows - 1:
        # The values say nothing, but that they are there may.
        found.masks.append((name, missing))
        said = said.removesuffix(".") + "; only whether it is missing is used."
    found.drop("constant", name, said)


def _add_days(table: Table, name: str, found: _Findings) -> None:
    column = to_days(table, name)
    same = constancy(column.values, column.missing)
    if same is not None:
        _drop_constant(table, name, same, column.missing, found)
        return
    found.variables.append(Variable(name, "date", has_missing=column.missing is not None))
    if column.missing is not None:
        found.masks.append((name, column.missing))
    _look_closer(name, column, found)


def _add_text(table: Table, name: str, found: _Findings, declared: str | None) -> None:
    told = to_text(table, name)
    if declared is None and is_name_of_rows(told):
        said = f'Column "{name}" only names the rows (every value is different) and is left out. '
        found.drop("identifier", name, said + f"To use it, say {declare(name, 'categorical')}.", True)
        return
    text = with_missing(told)
    same = level_constancy(text) if told.levels else "empty"
    if same is not None:
        _drop_constant(table, name, same, None, found)
        return
    text = in_order(text)
    k, n = len(text.levels), table.n_rows
    if 2 * k >= n and k > 2:
        said = (
            f'Column "{name}" has {k:,} levels in {n:,} rows: hardly a row has company, and what it '
            "teaches is chance. "
        )
        found.note("levels", name, said + f"Join rare levels, or leave it out: {leave_out(name)}.", True)
    gone = int(np.count_nonzero(told.codes < 0))
    if gone:
        said = (
            f'Column "{name}" is missing in {counted(gone, "row")} of {n:,}; that is its level "(missing)".'
        )
        found.note("missing", name, said)
    found.variables.append(Variable(name, "categorical", levels=text.levels))
    if found.giveaway is not None and found.giveaway.by_levels(text.codes, k):
        found.note("giveaway", name, _giveaway_text(name), True)


def _keep_one_identifier(found: _Findings) -> None:
    """Where nothing but numbers of the rows is left, they are what the person wants to fit."""
    if found.variables or found.masks or not found.identifiers:
        return
    for variable in found.identifiers:
        found.variables.append(variable)
        found.ignored.remove(variable.name)
        found.notes = [
            note for note in found.notes if (note.kind, note.variable) != ("identifier", variable.name)
        ]
        said = f'Column "{variable.name}" only numbers the rows (every value is a different integer). '
        found.note("identifier", variable.name, said + "It is used because there is no other column.", True)


def _nothing_left(table: Table, found: _Findings) -> str:
    if not found.ignored:
        return (
            f"{table.name} has no column besides the target and others with a role: nothing to predict from."
        )
    why = [note.text for note in found.notes if note.variable in found.ignored]
    return f"No column of {table.name} is left to predict from. " + " ".join(why[:3])


def _with_indicators(found: _Findings, n_rows: int, taken: set[str]) -> tuple[Variable, ...]:
    """The variables and, behind them, one indicator for each different pattern of missing values."""
    alike: dict[bytes, list[str]] = {}
    for name, mask in found.masks:
        alike.setdefault(np.packbits(mask).tobytes(), []).append(name)
    counts = {name: int(mask.sum()) for name, mask in found.masks}
    out = list(found.variables)
    for names in alike.values():
        title = _indicator_name(names)
        while title in taken:
            title += " (indicator)"
        taken.add(title)
        out.append(Variable(title, "boolean", indicator_of=tuple(names)))
        for name in names:
            rows = f"{counted(counts[name], 'row')} of {n_rows:,}"
            filled = "" if name in found.ignored else "the mean of the other rows is filled in, and "
            said = f'Column "{name}" is missing in {rows}; {filled}the variable "{title}" marks these rows.'
            found.note("missing", name, said)
        if len(names) > 1:
            said = f'{listed(names)} are missing in the same rows; one indicator, "{title}", serves all.'
            found.notes.append(Note("indicator-merged", None, said, False))
    return tuple(out)


def _indicator_name(names: list[str]) -> str:
    """ "age is missing", "age, bmi and bp are missing", "age, bmi and 28 more are missing"."""
    if len(names) == 1:
        return f"{names[0]} is missing"
    if len(names) <= 3:
        return f"{', '.join(names[:-1])} and {names[-1]} are missing"
    return f"{names[0]}, {names[1]} and {len(names) - 2} more are missing"
