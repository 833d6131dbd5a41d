"""The schema: which variables a model was fitted on, of which types, and which design columns they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import SchemaError

MISSING_LEVEL = "(missing)"
KINDS = ("numeric", "boolean", "categorical", "date")
_ROLES = ("target", "weights", "groups", "order", "offset")


@dataclass(frozen=True)
class Note:
    """A remark about the data that the person should read.

    ``kind`` is one word for programs ("constant", "identifier", "giveaway", "missing", "type", "date", ...),
    ``variable`` the column it is about (None: the whole table), ``text`` a full sentence. ``warning`` is True
    where something may be wrong, False where it is only worth knowing.

    >>> Note("constant", "site", 'The column "site" is constant.', False).kind
    'constant'
    """

    kind: str
    variable: str | None
    text: str
    warning: bool = False


@dataclass(frozen=True)
class Variable:
    """One variable of the user's: a number, a truth value, a category, a date, or "x is missing".

    ``levels`` are those of a categorical variable, in a fixed order; cells without a value have the level
    ``"(missing)"``. ``has_missing`` says of a numeric variable that an indicator variable marks its missing
    cells; ``indicator_of`` says of an indicator whose missing cells it marks.

    >>> Variable("region", "categorical", levels=("north", "south")).n_columns
    2
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    has_missing: bool = False
    indicator_of: tuple[str, ...] = ()

    @property
    def n_columns(self) -> int:
        """How many design columns the variable makes: one for each level of a category, otherwise one."""
        return len(self.levels) if self.kind == "categorical" else 1


@dataclass(frozen=True)
class Schema:
    """What a model expects of a table: the variables in order, the columns with a role, and what was noticed.

    ``variables`` holds the features, then the indicators of missing values. For an array, ``variables`` is
    empty and ``matrix_columns`` holds the names of the columns, or only their number p: then the names are
    "x0" to "x{p-1}", made when somebody asks for them.

    >>> schema = Schema((Variable("bmi", "numeric"), Variable("area", "categorical", ("city", "land"))), "y")
    >>> schema.column_names()
    ['bmi', 'area=city', 'area=land']
    >>> Schema((), None, matrix_columns=2).column_names()
    ['x0', 'x1']
    >>> Schema.from_dict(schema.to_dict()) == schema
    True
    """

    variables: tuple[Variable, ...]
    target: str | None
    weights: str | None = None
    groups: str | None = None
    order: str | None = None
    ignored: tuple[str, ...] = ()
    matrix_columns: tuple[str, ...] | int | None = None
    notes: tuple[Note, ...] = ()
    offset: str | None = None
    classes: tuple[str, ...] = ()  # of a target that is text or true/false: the second one counts as 1

    @property
    def n_columns(self) -> int:
        """The number p of design columns."""
        if self.matrix_columns is not None:
            return self.matrix_columns if isinstance(self.matrix_columns, int) else len(self.matrix_columns)
        return sum(variable.n_columns for variable in self.variables)

    def columns(self) -> list[tuple[str, str | None]]:
        """(variable, level or None) of each of the p design columns, in order."""
        if self.matrix_columns is not None:
            return [(name, None) for name in self.column_names()]
        out: list[tuple[str, str | None]] = []
        for variable in self.variables:
            if variable.kind == "categorical":
                out.extend((variable.name, level) for level in variable.levels)
            else:
                out.append((variable.name, None))
        return out

    def column_names(self) -> list[str]:
        """The p names to print: "bmi", "region=north", "age is missing"."""
        if isinstance(self.matrix_columns, int):
            return [f"x{j}" for j in range(self.matrix_columns)]
        if self.matrix_columns is not None:
            return list(self.matrix_columns)
        return [name if level is None else f"{name}={level}" for name, level in self.columns()]

    def variable_of_column(self) -> npt.NDArray[np.intp]:
        """The index of the variable that owns each design column, shape (p,)."""
        if self.matrix_columns is not None:
            return np.arange(self.n_columns, dtype=np.intp)
        widths = np.array([variable.n_columns for variable in self.variables], dtype=np.intp)
        return np.repeat(np.arange(len(widths), dtype=np.intp), widths)

    def roles(self) -> dict[str, str]:
        """The columns with a role of their own, {role: column}."""
        pairs = ((role, getattr(self, role)) for role in _ROLES)
        return {role: name for role, name in pairs if name is not None}

    def describe(self) -> list[tuple[str, str, str, str]]:
        """Rows (name, role, kind, detail) for printing what was inferred; an array gives one row for all
        columns.

        >>> Schema((Variable("age", "numeric"),), "y", ignored=("id",)).describe()
        [('y', 'target', 'numeric', ''), ('age', 'feature', 'numeric', ''), ('id', 'ignored', '', 'left out')]
        """
        target = ("classes", " and ".join(self.classes)) if self.classes else ("numeric", "")
        rows = [
            (name, role, *(target if role == "target" else ("", ""))) for role, name in self.roles().items()
        ]
        if self.matrix_columns is not None:
            rows.append((f"{self.n_columns} columns", "feature", "numeric", "an array"))
        kinds: dict[str | None, list[str]] = {}
        for note in self.notes:
            kinds.setdefault(note.variable, []).append(note.kind)
        for variable in self.variables:
            seen = kinds.get(variable.name, [])
            rows.append((variable.name, *_role_and_kind(variable), _detail(variable, seen)))
        for name in self.ignored:
            reasons = [kind for kind in kinds.get(name, []) if kind not in ("missing", "name")]
            rows.append((name, "ignored", "", ", ".join(["left out", *reasons[:1]])))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """The schema as plain JSON types; ``Schema.from_dict`` gives back an equal schema."""
        matrix = self.matrix_columns
        return {
            "variables": [
                {
                    "name": v.name,
                    "kind": v.kind,
                    "levels": list(v.levels),
                    "has_missing": v.has_missing,
                    "indicator_of": list(v.indicator_of),
                }
                for v in self.variables
            ],
            **{role: getattr(self, role) for role in _ROLES},
            "ignored": list(self.ignored),
            "classes": list(self.classes),
            "matrix_columns": list(matrix) if isinstance(matrix, tuple) else matrix,
            "notes": [[n.kind, n.variable, n.text, n.warning] for n in self.notes],
        }

    @staticmethod
    def from_dict(d: dict[str, Any]) -> Schema:
        """The schema that ``to_dict`` wrote. Raises ``SchemaError`` where ``d`` is not such a dictionary."""
        try:
            matrix = d["matrix_columns"]
            return Schema(
                variables=tuple(_variable_from(v) for v in d["variables"]),
                **{role: _text_or_none(d.get(role) if role == "offset" else d[role]) for role in _ROLES},
                classes=_texts(d.get("classes", [])),
                ignored=_texts(d["ignored"]),
                matrix_columns=_texts(matrix) if isinstance(matrix, list) else _count_or_none(matrix),
                notes=tuple(Note(str(k), _text_or_none(v), str(t), bool(w)) for k, v, t, w in d["notes"]),
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise SchemaError(f"This is not a schema of bridle's: {problem!r}.") from problem


def describe(schema: Schema) -> list[tuple[str, str, str, str]]:
    """Rows (name, role, kind, detail) for printing; the same as ``schema.describe()``."""
    return schema.describe()


def _role_and_kind(variable: Variable) -> tuple[str, str]:
    return ("feature", "indicator") if variable.indicator_of else ("feature", variable.kind)


def _detail(variable: Variable, noted: list[str]) -> str:
    parts = []
    if variable.kind == "categorical":
        shown = ", ".join(variable.levels[:4]) + (", ..." if len(variable.levels) > 4 else "")
        parts.append(f"{len(variable.levels)} {'level' if len(variable.levels) == 1 else 'levels'}: {shown}")
    if variable.kind == "date":
        parts.append("days since 1970-01-01")
    if variable.has_missing:
        parts.append("missing cells: mean and indicator")
    if variable.indicator_of:
        parts.append("1 where the value is missing")
    parts.extend(
        f"see the note: {kind}" for kind in noted if kind in ("giveaway", "levels", "precision", "duplicate")
    )
    return "; ".join(parts)


def _variable_from(d: dict[str, Any]) -> Variable:
    if d["kind"] not in KINDS:
        raise ValueError(f"unknown kind of variable {d['kind']!r}")
    return Variable(
        _text(d["name"]), d["kind"], _texts(d["levels"]), bool(d["has_missing"]), _texts(d["indicator_of"])
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, not {value!r}")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(type(value) is str for value in values):
        raise TypeError(f"expected a list of texts, not {str(values)[:80]!r}")
    return tuple(values)


def _count_or_none(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise TypeError(f"expected a number of columns, not {value!r}")
