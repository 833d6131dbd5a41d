"""From whatever a person has to checked arrays: the table encoded, weights, folds and penalties made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import thread_count
from ..design import Design, from_frame
from ..errors import DataError, UsageError
from ..families import SQUARED, family_named
from ..model import as_table
from ..model.rows import checked_offset
from ..model.targets import family_of, numbers_of
from ..penalties import Penalty
from ..selection import Folds, make_folds
from ..solvers import Engine, Rows, prepare
from ..solvers.plan import Null
from ..table import Note, Schema, encode, find_bad_value, infer, matrix_error

Floats = NDArray[np.float64]
SMALLEST, LARGEST = 1e-140, 1e150  # beyond these the squares of numbers leave the range of floating point
Teller = Callable[[str], Callable[[float], None] | None]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table read, checked and encoded; ``taken`` (n,) is the offset that was taken off a target of squared error.

    ``class_weights`` of the first and the second class are in the weights of the rows already.
    """

    schema: Schema
    rows: Rows
    groups: NDArray[Any] | None
    order: NDArray[Any] | None
    target_name: str
    notes: tuple[Note, ...]
    classes: tuple[str, ...] = ()
    has_offset: bool = False
    taken: Floats | None = None
    class_weights: tuple[float, float] | None = None


def read_in(
    data: Any, y: Any, target: str | None, weights: Any, groups: Any, order: Any, ignore: Sequence[str],
    types: Mapping[str, str] | None, family: Any = "squared", offset: Any = None,
) -> Prepared:  # fmt: skip
    """The table encoded; ``family`` None: the one that the target asks for."""
    table = as_table(data)
    if table.is_matrix and y is None:
        raise UsageError("An array has no column that could be the target; give y.")
    if y is not None and target is not None:
        raise UsageError("Give the target either as a column's name or as y, not both.")
    if y is None and target is None:
        raise UsageError(f"Which column is the target? Give target=... ({some_names(table.names)}).")
    named = {
        role: value
        for role, value in (("weights", weights), ("groups", groups), ("order", order), ("offset", offset))
        if isinstance(value, str)
    }
    known = None if family is None else family_named(family)
    may = None if known is None else known.classes
    schema = infer(table, target=target, ignore=tuple(ignore), types=types, classes=may, **named)
    frame = encode(schema, table, need_target=target is not None)
    n = frame.n_rows
    if y is not None:
        known = family_of(known, y)
        values, classes = numbers_of(y, n, known)
    else:
        assert frame.target is not None
        known = known or family_named("binomial" if schema.classes else "squared")
        values, classes = frame.target, schema.classes
        if known.classes and not classes:
            values, classes = numbers_of(values, n, known)
    if n < 2:
        raise DataError(f"There {'is 1 row' if n == 1 else 'are no rows'}: a model needs at least 2.")
    w = checked_weights(frame.weights if isinstance(weights, str) else weights, n)
    shift = frame.offset if isinstance(offset, str) else checked_offset(offset, n)
    if known == SQUARED and shift is not None:  # squared error knows no offset: it is taken off the target
        values, rest = values - shift, None
    else:
        rest = shift
    rows = Rows(from_frame(frame), np.ascontiguousarray(values, dtype=np.float64), w, rest, known)
    if known != SQUARED:
        known.check(rows.y, target or "y", w, rest)
    return Prepared(
        schema,
        rows,
        frame.groups if isinstance(groups, str) else column("groups", groups, n),
        frame.order if isinstance(order, str) else column("order", order, n),
        target or "y",
        (*schema.notes, *frame.notes),
        classes,
        shift is not None,
        shift if known == SQUARED else None,
    )


def some_names(names: Sequence[str]) -> str:
    return "columns: " + ", ".join(list(names)[:8]) + (", ..." if len(names) > 8 else "")


def column(name: str, values: Any, n: int) -> NDArray[Any] | None:
    if values is None:
        return None
    array = np.asarray(values)
    if array.shape != (n,):
        raise DataError(f"{name} has the shape {array.shape}, but there are {n} rows.")
    return array


def checked_weights(weights: Any, n: int, least: int = 2) -> Floats | None:
    if weights is None:
        return None
    array = column("weights", weights, n)
    assert array is not None
    try:
        if array.dtype.kind in "mMcV":
            raise TypeError
        out = np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"weights hold {array.dtype} values, not numbers.") from None
    bad = np.flatnonzero(~(np.isfinite(out) & (out >= 0)))
    if len(bad):
        raise DataError(
            f"The weight in row {int(bad[0]) + 1} is {out[bad[0]]}; weights must be finite and at least 0."
        )
    if not (out > 0).sum() >= least:
        raise DataError(
            f"A model needs at least {least} row{'s' if least > 1 else ''} of positive weight; all others have weight zero."
        )
    exponent = int(np.frexp(out.max())[1])
    if abs(exponent) > 200:  # only ratios of weights matter: bring their sums and products back into range
        out = np.ldexp(out, -exponent)
    return out


def folds_of(n: int, folds: Any, repeats: int, stratify: Any, ready: Prepared, seed: int) -> Folds:
    y = ready.rows.y
    two = ready.rows.family.classes and len(np.unique(y)) == 2
    if stratify is None and two and ready.groups is None and ready.order is None:
        stratify = True  # a fold without one of the classes could not be fitted
    classes = (
        y
        if stratify is True
        else None
        if stratify is None or stratify is False
        else column("stratify", stratify, n)
    )
    if folds is None:
        if n < 3:
            raise DataError(
                f"There are only {n} rows: cross-validation needs at least 3. Use bridle.path for a single fit."
            )
        folds = min(5, n)
    made = make_folds(
        n, folds, repeats=repeats, stratify=classes, groups=ready.groups, order=ready.order, y=y, seed=seed
    )
    check_folds(made, ready)
    return made


def check_folds(folds: Folds, ready: Prepared) -> None:
    """Refuses a split whose training rows have one target only, where the family has no finite constant model for it.

    Raises
    ------
    DataError
        Naming the fold.
    """
    rows = ready.rows
    if rows.family == SQUARED:
        return
    for round_ in folds.rounds:
        split = round_.split()
        for k in range(1, len(split.train)):
            y = rows.y[split.rows_of(split.train[k])]
            if not len(y) or (y != y[0]).any() or not rows.family.at_the_edge(float(y[0])):
                continue
            name = f'class "{ready.classes[int(y[0])]}"' if ready.classes else f"{y[0]:g}"
            raise DataError(
                f"Without fold {k} every target is {name}: the family {rows.family.text} cannot be fitted there. Use fewer "
                "folds, or folds that give each its share (stratify=True)."
            )


def engines_for(
    rows: Rows,
    folds: Folds,
    schema: Schema,
    threads: int | None,
    tell: Teller,
) -> list[Engine]:
    count = thread_count(threads)
    engines: list[Engine] = []
    for round_ in folds.rounds:
        heard = tell("reading")
        if heard is not None:
            heard(0.0)
        engine = prepare(rows, round_.split(), count, heard)
        check_read(engine, rows, schema)
        engines.append(engine)
    return engines


def check_read(engine: Engine, rows: Rows, schema: Schema) -> None:
    """The engine's first pass over the data has met every cell: a sum that is no number betrays a cell that is none."""
    if engine.finite():
        return
    names = schema.column_names()
    first = 0
    for block in rows.design.blocks:
        values = getattr(block, "values", getattr(block, "rows", None))
        bad = find_bad_value(values) if values is not None and values.dtype != bool else None
        if bad is not None:
            raise matrix_error(values, bad[0], bad[1], names[first : first + block.width])
        first += block.width
    for at, name in enumerate(names):
        if np.abs(rows.design.columns(np.array([at]))).max() > LARGEST:
            raise DataError(f"{name} holds numbers beyond 1e150, whose squares overflow. Rescale it.")
    raise DataError("The target holds numbers beyond 1e150, whose squares overflow. Rescale it.")


def check_null(null: Null, ready: Prepared) -> None:
    check_scale(null, ready.rows, ready.schema, ready.target_name)
    if not null.usable.any():
        raise DataError("No column varies: there is nothing to learn from.")
    rows = ready.rows
    rows.family.check(rows.y, ready.target_name, rows.weights, rows.offset)


def check_scale(null: Null, rows: Rows, schema: Schema, target: str) -> None:
    """Numbers that vary, but so little that their squares vanish, are refused by name: they would be lost in silence."""
    spread = float(np.ptp(rows.y))
    if 0 < spread < SMALLEST or spread > LARGEST:
        raise DataError(
            f"The target {target} varies by {spread:g}, which is out of range for its squares. Rescale it."
        )
    for j in np.flatnonzero(~null.usable)[:50]:
        column = rows.design.columns(np.array([j]))[:, 0]
        if 0 < np.ptp(column) < SMALLEST and np.abs(column).max() < SMALLEST:
            _too_small(schema, int(j), float(np.ptp(column)))
    tiny = np.flatnonzero(null.usable & (null.deviation < SMALLEST) & (null.deviation > 0))
    if len(tiny):
        _too_small(schema, int(tiny[0]), float(null.deviation[tiny[0]]))


def _too_small(schema: Schema, column: int, spread: float) -> None:
    name = f"x{column}" if isinstance(schema.matrix_columns, int) else schema.column_names()[column]
    raise DataError(f"{name} varies by {spread:g} only, so little that its squares vanish. Rescale it.")


def penalty_of(schema: Schema, design: Design, factors: Any, lower: Any, upper: Any) -> Penalty:
    def by_column(name: str, value: Any, default: float) -> Any:
        if not isinstance(value, Mapping):
            return value
        out = np.full(design.p, default)
        owners = [variable for variable, _ in schema.columns()]
        labels = schema.column_names()
        for key, number in value.items():
            hit = [j for j, (owner, label) in enumerate(zip(owners, labels)) if key in (owner, label)]
            if not hit:
                raise UsageError(
                    f"{name} names {key!r}, which is no variable of the model ({some_names(labels)})."
                )
            try:
                out[hit] = float(number)
            except (TypeError, ValueError):
                raise UsageError(f"{name} of {key!r} must be a number, not {number!r}.") from None
        return out

    return Penalty.of(
        design.p,
        by_column("penalty_factors", factors, 1.0),
        by_column("lower", lower, -np.inf),
        by_column("upper", upper, np.inf),
    )
