"""What a person should know beside the coefficients: correlated groups, constants, giveaways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..model import CorrelatedGroup
from ..paths import Path
from ..selection import Choice, Refits
from ..solvers import Engine
from ..solvers.plan import Null
from ..table import Note, Schema
from .intake import Prepared

Floats = NDArray[np.float64]
COUNTS = 20.0  # whole numbers of a smaller mean may well be counts whose spread grows with their mean
CORRELATED = 0.9  # beyond this |r| two variables carry nearly the same information


def label(schema: Schema, column: int) -> str:
    return f"x{column}" if isinstance(schema.matrix_columns, int) else schema.column_names()[column]


def counted(choice: Choice, path: Path, schema: Schema, refits: Refits | None = None) -> Choice:
    coef = path.stored.row(choice.index)
    if refits is not None:
        coef, _ = refits.mixed(choice.index, coef, 0.0, choice.mix)
    kept = np.flatnonzero(coef)
    return replace(choice, n_columns=len(kept), n_variables=len(np.unique(schema.variable_of_column()[kept])))


def matrix_notes(ready: Prepared, null: Null) -> list[Note]:
    """What the table room says of named columns, for arrays: constants and giveaways, from the same reading."""
    schema = ready.schema
    notes: list[Note] = []
    if schema.matrix_columns is None:
        return notes
    constant = np.flatnonzero(~null.usable)
    if len(constant):
        names = ", ".join(label(schema, int(j)) for j in constant[:5]) + (
            ", ..." if len(constant) > 5 else ""
        )
        text = f"{len(constant)} constant column{'s' if len(constant) > 1 else ''} left out: {names}."
        notes.append(Note("constant", None, text, False))
    if ready.rows.design.n >= 20:
        for j in np.flatnonzero(null.gradient**2 > 0.99)[:10]:
            name = label(schema, int(j))
            notes.append(
                Note(
                    "giveaway", name,
                    f"{name} alone explains {null.gradient[j] ** 2:.1%} of the target: does it give the target away?", True,
                )
            )  # fmt: skip
    return notes


def family_notes(ready: Prepared, given: bool) -> tuple[Note, ...]:
    """Why this family, where none was asked for; of what looks like classes or counts, the family that may suit better."""
    y = ready.rows.y if ready.taken is None else np.round(ready.rows.y + ready.taken, 9)
    text = None if given else _why_binomial(ready.classes) or _proposal(y, ready.target_name)
    return () if text is None else (Note("family", ready.target_name, text),)


def _why_binomial(classes: tuple[str, ...]) -> str | None:
    if not classes:
        return None
    first, second = classes
    return f"Family binomial, because the target is two classes: {first} and {second} ({second} counts as 1)."


def _proposal(y: Floats, name: str) -> str | None:
    """Of whole numbers that squared error was fitted to."""
    if not (y == np.round(y)).all():
        return None
    found, mean = np.unique(y), float(y.mean())
    if len(found) == 2:
        return (
            f"The target {name} is {found[0]:g} or {found[1]:g} in every row, fitted by squared error. If these are "
            'classes, family="binomial" models the probability of the second one.'
        )
    if found[0] < 0 or mean >= COUNTS:
        return None
    return (
        f"The target {name} holds whole numbers from {found[0]:g} to {found[-1]:g} with a mean of {mean:.3g}, fitted by "
        'squared error. If they count something, family="poisson" may suit them better.'
    )


def correlated_groups(
    n: int, engine: Engine, schema: Schema, null: Null, coef: Floats, standardized: Floats
) -> tuple[CorrelatedGroup, ...]:
    """Kept variables and what correlates with them beyond 0.9, as connected groups."""
    kept = np.flatnonzero(coef)
    if not len(kept):
        return ()
    # On wide tables every column is compared with the largest of the kept ones: as many as cost little.
    most = int(np.clip(5e8 / (n * len(coef)), 10, 100)) if engine.name == "columns" else 100
    kept = np.sort(kept[np.argsort(-np.abs(standardized[kept]), kind="stable")[:most]])
    inverse = np.where(null.usable, 1.0 / np.where(null.usable, null.x_scale, 1.0), 0.0)
    correlation = engine.cross(kept)  # on a wide table nothing else here is as large: held once
    correlation *= inverse[kept, None]
    correlation *= inverse
    owner = schema.variable_of_column()
    pairs = [
        (int(owner[kept[i]]), int(owner[j]), abs(float(correlation[i, j])))
        for i, j in zip(*np.nonzero((correlation >= CORRELATED) | (correlation <= -CORRELATED)))
        if owner[kept[i]] != owner[j]
    ]
    if not pairs:
        return ()
    return _components(pairs, schema, {int(owner[j]) for j in np.flatnonzero(coef)})


def _components(
    pairs: list[tuple[int, int, float]], schema: Schema, kept: set[int]
) -> tuple[CorrelatedGroup, ...]:
    parent: dict[int, int] = {}

    def root(a: int) -> int:
        while parent.setdefault(a, a) != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        return a

    for a, b, _ in pairs:
        parent[root(a)] = root(b)
    members: dict[int, list[int]] = {}
    for a in sorted(parent):
        members.setdefault(root(a), []).append(a)

    def name(variable: int) -> str:
        return (
            label(schema, variable) if schema.matrix_columns is not None else schema.variables[variable].name
        )

    weakest: dict[int, float] = {}
    for a, _, r in pairs:
        top = root(a)
        weakest[top] = min(r, weakest.get(top, 1.0))
    return tuple(
        CorrelatedGroup(
            tuple(name(a) for a in group), tuple(name(a) for a in group if a in kept), weakest[top]
        )
        for top, group in members.items()
    )
