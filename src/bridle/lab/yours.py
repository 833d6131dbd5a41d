"""The lessons on a person's own table: its columns, the path with its errors on new rows, corners, and every method.

Some rows are put away before anything else is done with the table; what they say is looked at once, for the strengths
that both rules chose. All else is ``bridle.fit`` and ``bridle.compare`` on the remaining rows.
"""

from __future__ import annotations

import math
import shlex
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..certificate import GAP_TOLERANCE
from ..comparing import compare
from ..conventions import CONVENTIONS, Strength, code, find, from_bridle
from ..errors import BridleError, DataError, NotCertifiedWarning, UsageError
from ..fitting import fit
from ..model import Model
from ..moments import accumulate
from ..selection import make_folds
from ..table import Note, Schema, Table, infer, open_table
from ..table.columns import Column, Days, Numbers, Text
from ..table.roles import read_groups, read_order, read_weights
from .following import Followed
from .keys import Key, number_text
from .roles import read_roles
from .tables import Tables
from .work import Lesson, Progress

Floats = NDArray[np.float64]
HEAD_ROWS = 8
LONGEST_CELL = 40
MOST_DRAWN = 300  # columns of a design whose paths are sent; the others are counted
MOST_NOTES = 200
_PYTHON_FIT = ("weights", "groups", "order", "ignore", "types")


def hold_out(
    data: Any, share: float, *, seed: int = 0, groups: str | None = None, order: str | None = None
) -> tuple[Table, Table]:
    """A table in two: rows to learn from, and a share of the rows put away before anything is done with them.

    Parameters
    ----------
    data : a path or whatever else ``bridle.fit`` takes as a table.
    share : of the rows, between 0 and 1.
    seed : of the draw.
    groups : a column; groups go to one side as a whole.
    order : a column; the last rows are put away instead of random ones.

    Examples
    --------
    >>> learn, test = hold_out({"x": list(range(10)), "y": list(range(10))}, 0.2)
    >>> learn.n_rows, test.n_rows
    (8, 2)
    """
    table = open_table(data)
    learn, test, _ = _apart(table, share, seed, groups, order)
    return table.take(learn), table.take(test)


def _apart(
    table: Table, share: float, seed: int, groups: str | None, order: str | None
) -> tuple[NDArray[np.intp], NDArray[np.intp], str]:
    folds = make_folds(
        table.n_rows,
        float(share),
        groups=None if groups is None else read_groups(table, groups),
        order=None if order is None else read_order(table, order),
        seed=seed,
    )
    split = folds.rounds[0].split()
    learn, test = split.rows_of(split.train[1]), split.rows_of(split.test[1])
    return np.sort(learn), np.sort(test), folds.text


def lesson(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """Any of the lessons on a table; beside the thread that waits for it."""
    maker = _MAKERS[key.kind]
    try:
        found: Lesson = tables.beside(lambda tell: maker(key, tell, tables), progress)
    except MemoryError:
        raise DataError("There is not enough memory for this table.") from None
    return found


# --- the columns ---


def _columns(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """What the columns were taken for, the first rows, and what is worth knowing; a role that cannot be is a sentence."""
    id = str(key.values["table"])
    table = tables.read(id, progress)
    roles, problem = read_roles(str(key.values["roles"])), ""
    arguments = roles.arguments(table.names)
    schema: Schema | None
    try:
        schema = infer(table, **arguments)
        if schema.classes:
            raise DataError(
                f'The target "{schema.target}" is two classes, {schema.classes[0]} and {schema.classes[1]}. This screen '
                "fits numbers so far; for classes there is bridle.fit, and bridle fit on the command line."
            )
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
        **_about(key, tables, table, arguments),
        "problem": problem,
        "names": list(table.names),
        "roles": [by_name.get(name, ("", "", ""))[0] for name in table.names],
        "kinds": [by_name.get(name, ("", "", ""))[1] for name in table.names],
        "details": [by_name.get(name, ("", "", ""))[2] for name in table.names],
        "seen": seen,
        "missing": np.array(missing, dtype=np.int64),
        "head": [_cells(table.column(name), min(HEAD_ROWS, table.n_rows)) for name in table.names],
        "notes": _noted(notes),
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


def _noted(notes: tuple[Note, ...]) -> list[dict[str, Any]]:
    """Warnings first; a page has no room for thousands."""
    ordered = sorted(notes, key=lambda note: not note.warning)[:MOST_NOTES]
    return [
        {"kind": n.kind, "column": n.variable or "", "text": n.text, "warning": n.warning} for n in ordered
    ]


def _about(key: Key, tables: Tables, table: Table, arguments: Mapping[str, Any]) -> Lesson:
    held = tables.get(str(key.values["table"]))
    return {
        "key": str(key),
        "dataset": held.id,
        "title": held.name,
        "bytes": held.size,
        "target": arguments.get("target", ""),
        "unit": "",
        "n_rows": table.n_rows,
    }


# --- the model ---


class Asked:
    """What a key asks of a table: the rows to learn from, those put away, and the arguments of the fit."""

    def __init__(self, key: Key, progress: Progress, tables: Tables) -> None:
        self.key, self.held = key, tables.get(str(key.values["table"]))
        self.table = tables.read(self.held.id, progress)
        self.arguments = read_roles(str(key.values["roles"])).arguments(self.table.names)
        if "target" not in self.arguments:
            raise UsageError("Which column is the target? Choose the one to predict.")
        self.share, self.seed = float(key.values["share"]), int(key.values["seed"])
        self.rule = str(key.values["rule"])
        self.hold_text = ""
        self.learn: Table = self.table
        self.test: Table | None = None
        if self.share > 0:
            progress("putting rows away", 0.0)
            apart = {name: self.arguments.get(name) for name in ("groups", "order")}
            rows, held, self.hold_text = _apart(self.table, self.share, self.seed, **apart)
            self.learn = Followed(self.table.take(rows), progress)
            self.test = Followed(self.table.take(held), progress)

    @property
    def source(self) -> str:
        """What the shell and Python call the file: its path where the person gave one, its name otherwise."""
        return self.held.name if self.held.own else self.held.path

    def python(self, call: str, after: tuple[str, ...]) -> str:
        """The lines that give the same numbers; ``call`` takes what follows the table."""
        if self.share > 0:
            extra = "".join(
                f", {name}={self.arguments[name]!r}" for name in ("groups", "order") if name in self.arguments
            )
            lines = [
                "import bridle",
                "from bridle.lab.yours import hold_out",
                f"learn, test = hold_out({self.source!r}, {number_text(self.share)}, seed={self.seed}{extra})",
            ]
            data = "learn"
        else:
            lines, data = ["import bridle"], repr(self.source)
        return "\n".join([*lines, call.format(data=data, roles=self._roles()), *after])

    def _roles(self) -> str:
        said = {"target": self.arguments["target"]} | {
            name: self.arguments[name] for name in _PYTHON_FIT if name in self.arguments
        }
        return "".join(f"{name}={value!r}, " for name, value in said.items())

    def shell(self, ratio: float) -> str:
        """The same fit on all rows, as a command."""
        words = ["bridle", "fit", self.source if not self.source.startswith("-") else f"./{self.source}"]
        for name in ("target", "weights", "groups", "order"):
            if name in self.arguments:
                words += [f"--{name}", self.arguments[name]]
        for name in self.arguments.get("ignore", ()):
            words += ["--ignore", name]
        for name, kind in self.arguments.get("types", {}).items():
            words += ["--type", f"{name}={kind}"]
        words += ["--l1-ratio", number_text(ratio), "--seed", str(self.seed), "--no-nested"]
        words += ["--rule", self.rule] if self.rule != "min" else []
        return " ".join(map(shlex.quote, words))


def model_of(key: Key, progress: Progress, tables: Tables) -> Model:
    """The model of a key, from memory where it was made before."""
    known = tables.result(("model", str(key)))
    return known if known is not None else _fitted(Asked(key, progress, tables), progress, tables)


def _fitted(asked: Asked, progress: Progress, tables: Tables) -> Model:
    ratio = float(asked.key.values["l1_ratio"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)  # the lesson says so itself
        model = fit(
            asked.learn, family="squared", l1_ratios=ratio, rule=asked.rule, seed=asked.seed, nested=False,
            progress=progress, **asked.arguments,
        )  # fmt: skip
    if asked.share > 0:
        text = (
            f"{asked.test.n_rows if asked.test else 0:,} of {asked.table.n_rows:,} rows were put away first "
            f"({asked.hold_text}); neither the fit nor the choice of its strength has seen them."
        )
        model = replace(model, notes=(*model.notes, Note("held-out", None, text, False)))
    else:
        model = replace(model, call={"data": asked.source, **model.call})
    tables.remember(("model", str(asked.key)), asked.held.id, model)
    return model


def _path(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """The path, the errors on new rows, the score on the rows put away, and the strength in other packages' words."""
    asked = Asked(key, progress, tables)
    model = tables.result(("model", str(key))) or _fitted(asked, progress, tables)
    progress("scores", 0.0)
    path, choices = model.path, model.selection.choices
    ratio = float(key.values["l1_ratio"])
    curve = model.selection.curve(ratio)
    drawn, coefs = _drawn(model)
    names = model.schema.column_names()
    certified = all(c.certified for c in model.certificates.values())
    lines = (
        "path, curve = model.path, model.selection.curves[0]",
        "print(path.alphas, path.coefs, path.intercepts)",
        "print(curve.mean, curve.standard_error)",
        *(("print(model.score(test))",) if asked.share > 0 else ()),
    )
    call = (
        f"model = bridle.fit({{data}}, {{roles}}l1_ratios={number_text(ratio)}, seed={asked.seed}"
        f"{'' if asked.rule == 'min' else f', rule={asked.rule!r}'}, nested=False)"
    )
    return {
        **_about(key, tables, asked.table, asked.arguments),
        "names": [names[j] for j in drawn],
        "n_design": len(names),
        "n_learn": asked.learn.n_rows,
        "share": asked.share,
        "hold_text": asked.hold_text,
        "rule": asked.rule,
        "alphas": path.alphas,
        "l1_ratio": ratio,
        "coefs": coefs,
        "effects": (coefs * path.x_scale[drawn]).astype(np.float32),  # for bars: seven digits will do
        "intercepts": path.intercepts,
        "n_nonzero": path.n_nonzero,
        "train_error": path.train_error,
        "cv_mean": curve.mean,
        "cv_se": curve.standard_error,
        "fold_errors": curve.fold_errors,
        "null_error": model.selection.null_error,
        "index_min": choices["min"].index,
        "index_1se": choices["1se"].index,
        "alpha_max": path.alpha_max,
        "certified": bool(certified and np.all(path.gaps <= GAP_TOLERANCE)),
        "certificate": model.certificate.sentence,
        "fold_text": model.selection.fold_text,
        "target_sd": model.target_sd,
        "notes": _noted(model.notes),
        "n_notes": len(model.notes),
        "held": {} if asked.test is None else _held_scores(model, asked.test),
        "scales": _scales(model, asked),
        "python": asked.python(call, lines),
        "shell": asked.shell(ratio),
    }


def _drawn(model: Model) -> tuple[NDArray[np.intp], Floats]:
    """Which design columns are sent, the strongest if not all, and their coefficients (A, drawn)."""
    path = model.path
    strongest = np.zeros(path.p)
    for k in range(len(path)):
        np.maximum(strongest, np.abs(path.stored.row(k)) * path.x_scale, out=strongest)
    drawn = np.sort(np.argsort(-strongest, kind="stable")[:MOST_DRAWN])
    return drawn, np.stack([path.stored.row(k)[drawn] for k in range(len(path))])


def _held_scores(model: Model, test: Table) -> dict[str, Any]:
    """Errors on the rows put away, for both rules: nothing was chosen by them."""
    out: dict[str, Any] = {"n": test.n_rows}
    _, y, own = model.encode(test)
    weights = np.ones(len(y)) if own is None else own
    share = weights / weights.sum()
    mean = model.path.y_mean
    out["null_rmse"] = float(np.sqrt(share @ (y - mean) ** 2))
    spread = float(share @ (y - share @ y) ** 2)
    for rule, choice in model.selection.choices.items():
        squared = (y - model.predict(test, rule=rule)) ** 2
        error = float(share @ squared)
        out[f"rmse_{rule}"] = math.sqrt(error)
        out[f"se_{rule}"] = float(np.sqrt((share**2) @ (squared - error) ** 2))
        out[f"r2_{rule}"] = 1.0 - error / spread if spread > 0 else math.nan
        out[f"verdict_{rule}"] = _verdict(
            error - choice.error, math.hypot(out[f"se_{rule}"], choice.standard_error)
        )
    return out


def _verdict(difference: float, standard_error: float) -> str:
    """Whether the error on the rows put away is that of cross-validation: within two standard errors."""
    if not abs(difference) > 2 * standard_error:
        return "close"
    return "higher" if difference > 0 else "lower"


def _scales(model: Model, asked: Asked) -> list[dict[str, Any]]:
    """The strengths of the path in the parameters of every convention that has them; the columns standardized."""
    weights = asked.arguments.get("weights")
    known = {
        "rows": float(model.n_rows),
        "weight_sum": None if weights is None else float(read_weights(asked.learn, weights).sum()),
        "target_sd": model.target_sd,
    }
    out: list[dict[str, Any]] = []
    for name in CONVENTIONS:
        row = find(name)
        if name == "bridle" or (row.families is not None and "squared" not in row.families):
            continue
        raw = [
            Strength(float(a), model.path.l1_ratio).on_raw_target(model.target_sd) for a in model.path.alphas
        ]
        try:
            said = [from_bridle(name, strength, **known) for strength in raw]
            chosen = model.selection.chosen.index
            line = code(name, said[chosen])
        except UsageError:
            continue
        out.append(
            {
                "name": name,
                "objective": row.objective,
                "columns": row.columns,
                "parameters": list(said[0]),
                "values": np.array([list(one.values()) for one in said]),
                "code": line or "",
            }
        )
    return out


# --- corners ---

MOST_CORNERS = 200


def _corners(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """The path in standard deviations and the correlations, as the screen of corners has them; missing cells filled."""
    asked = Asked(key, progress, tables)
    model = tables.result(("model", str(key))) or _fitted(asked, progress, tables)
    if model.path.p > MOST_CORNERS:
        raise UsageError(
            f"The columns of this table make {model.path.p:,} weights; the picture of two of them can show at most "
            f"{MOST_CORNERS} beside each other. Leave columns out to see it."
        )
    progress("correlations", 0.3)
    design, y, weights = model.encode(asked.learn)
    n = design.n
    covariance = accumulate(design, y, weights, np.arange(n), np.array([0, n])).covariance()
    scale = np.sqrt(np.diag(covariance))
    scale[scale == 0] = 1.0
    correlation = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    path = model.path
    return {
        **_about(key, tables, asked.table, asked.arguments),
        "names": model.schema.column_names(),
        "alphas": path.alphas,
        "l1_ratio": path.l1_ratio,
        "gram": correlation[:-1, :-1],
        "cross": correlation[:-1, -1],
        "betas": path.coefs * (path.x_scale / path.y_scale),
    }


# --- every method ---


def _methods(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """``bridle.compare`` on the rows to learn from."""
    asked, networks = Asked(key, progress, tables), bool(key.values["networks"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)
        found = compare(
            asked.learn,
            networks=networks,
            rule=asked.rule,
            seed=asked.seed,
            progress=progress,
            **asked.arguments,
        )
    rows = []
    for row in found.rows:
        difference = found.difference(row.name)
        rows.append(
            {
                "name": row.name,
                "title": row.title,
                "rmse": row.rmse,
                "error": row.error,
                "se": row.standard_error,
                "explained": row.explained,
                "kept": row.n_variables,
                "alpha": row.alpha,
                "l1_ratio": row.l1_ratio,
                "note": row.note,
                "verdict": "" if difference is None else difference.verdict,
                "certified": row.certified,
            }
        )
    rule = "" if asked.rule == "min" else f"rule={asked.rule!r}, "
    call = f"found = bridle.compare({{data}}, {{roles}}networks={networks}, {rule}seed={asked.seed})"
    return {
        **_about(key, tables, asked.table, asked.arguments),
        "names": [],
        "rows": rows,
        "recommended": found.recommended.name,
        "reason": found.reason,
        "fold_text": found.fold_text,
        "nested_text": found.nested_text,
        "n_variables": found.n_variables,
        "python": asked.python(call, ("print([(row.title, row.rmse) for row in found.rows], found.reason)",)),
    }


_MAKERS = {
    "yours": _path,
    "yours-columns": _columns,
    "yours-corners": _corners,
    "yours-methods": _methods,
}

__all__ = ["Asked", "hold_out", "lesson", "model_of"]
