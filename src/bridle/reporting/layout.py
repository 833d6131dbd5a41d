"""What the page's template is filled with: figures in two widths, and the rows of the tables behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import given, words
from .axes import Floats, Mark
from .figure_bars import Bar, ErrorBar, Group, bars_figure, errors_figure
from .figure_curve import CurveData, curve_figure
from .figure_path import drawn_columns, path_figure
from .formatting import count, number, percent, short, signed, visible
from .pictures import pictures
from .summarizing import ChoiceRow, CoefficientRow, Summary
from .tiles import UNKNOWN, tiles

if TYPE_CHECKING:
    from ..model import Model

WIDE, NARROW = 720.0, 340.0
MOST_BARS = 30
MOST_ROWS = 300
MOST_SENTENCES = 20
LEAST_POINTS = 3  # with fewer, a path around a given strength shows nothing


def page_values(model: Model, summary: Summary, cost_ratio: float = 1.0) -> dict[str, Any]:
    """Everything the template names, as text, rows of text and SVG; only figures hold markup.

    ``cost_ratio`` is what a miss of the second class costs, in false alarms.
    """
    target = short(summary.target, 40)
    values: dict[str, Any] = {
        "s": summary,
        "title": f"Predicting {target}: a report by bridle",
        "target": short(summary.target, 80),
        "unit": target,
        "n_rows": count(summary.n_rows, "row"),
        "warned": f"{count(len(summary.warnings), 'warning')} about the data.",
        "tiles": tiles(model, summary),
        "kept_sentence": summary.kept_sentence,
        "n_dropped": count(len(summary.dropped), "variable"),
        "dropped": [visible(v) for v in summary.dropped[:MOST_ROWS]],
        "dropped_is_long": len(summary.dropped) > 12,
        "dropped_left": f" and {len(summary.dropped) - MOST_ROWS:,} more"
        if len(summary.dropped) > MOST_ROWS
        else "",
        "intercept": number(summary.intercept, 4),
        "correlated": summary.correlated[:MOST_SENTENCES],
        "correlated_left": _more(len(summary.correlated), MOST_SENTENCES, "group"),
        "rules": [_choice(r) for r in summary.rules],
        "error_column": "Root mean square" if summary.scale.squared else "Mean deviance",
        "held_column": f"Held-out {_held(summary)}",
        "explained_rule": summary.scale.share(summary.constant),
        "mixes": [_choice(r) for r in summary.mixes],
        "marks": marks(model),
        "errors_heading": _errors_heading(summary),
        "errors_note": (
            f"Root mean square error in the units of {target}" if summary.scale.squared else "Mean deviance"
        )
        + ("; whiskers span one standard error to each side." if summary.estimated else "."),
        "strength": "" if summary.estimated else given.strength_sentence(model),
        "code_note": _code_note(model),
        "independent": model.certificate.source != "solver",
        "figures": {},
    }
    parts = [_errors, _bars]
    if summary.estimated or len(model.path) >= LEAST_POINTS:
        parts.append(_path)
    if summary.estimated:
        parts.append(_curve)
    for part in parts:
        values.update(part(model, summary, target, values["figures"]))
    return values | pictures(model, _both, cost_ratio)


def _held(summary: Summary) -> str:
    reading = summary.reading
    return reading.noun if reading.scored else reading.noun.removeprefix("mean ")


def _errors_heading(summary: Summary) -> str:
    what = "Typical error" if summary.scale.squared else "Mean deviance"
    return f"{what} of a prediction." if summary.estimated else f"{what} on the training rows."


def marks(model: Model) -> list[Mark]:
    """The choices of both rules that lie on the recommended l1_ratio's path, the recommended one first."""
    selection = model.selection
    chosen, other = selection.chosen, selection.other
    found = [Mark(chosen.rule, float(chosen.alpha), True)]
    if other is not None and other.l1_ratio == chosen.l1_ratio:
        found.append(Mark(other.rule, float(other.alpha), False))
    return found


def variables_along(path_coefs: Floats, owner: npt.NDArray[np.integer[Any]]) -> list[int]:
    """How many variables have a non-zero column at each alpha.

    >>> import numpy as np
    >>> variables_along(np.array([[0.0, 0, 0], [1, 1, 0], [0, 1, 1]]), np.array([0, 0, 1]))
    [0, 1, 2]
    """
    if path_coefs.shape[1] == 0:
        return [0] * len(path_coefs)
    order = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    any_column = np.logical_or.reduceat(path_coefs[:, order] != 0, starts, axis=1)
    return [int(n) for n in any_column.sum(axis=1)]


def _both(draw: Callable[[float, str], str], ident: str) -> dict[str, str]:
    return {"wide": draw(WIDE, ident + "-wide"), "narrow": draw(NARROW, ident + "-narrow")}


def _more(amount: int, shown: int, noun: str) -> str:
    return f"{count(amount - shown, f'more {noun}')} not shown here." if amount > shown else ""


def _spread(value: float | None) -> str:
    return UNKNOWN if value is None else number(value, 2)


def _choice(row: ChoiceRow) -> dict[str, Any]:
    spread = "" if row.standard_error is None else f"\u00a0±\u00a0{number(row.standard_error, 2)}"
    return {
        "name": row.name,
        "alpha": number(row.alpha),
        "error": number(row.size) + spread,
        "kept": f"{row.n_variables:,}",
        "recommended": row.recommended,
    }


def _code_note(model: Model) -> str:
    """What the lines at the end of the page do."""
    if model.selection.is_given and "estimator" not in model.call:
        return "These lines fit the same coefficients, and estimate their error on new rows besides."
    return "These lines fit the same model and write the same page."


def _errors(model: Model, summary: Summary, target: str, figures: dict[str, Any]) -> dict[str, Any]:
    bars = []
    rows = []
    for row in summary.errors:
        spread = "" if row.standard_error is None else f"\u00a0±\u00a0{number(row.standard_error, 2)}"
        length = row.size if math.isfinite(row.size) else 0.0
        bars.append(
            ErrorBar(row.name, length, row.standard_error, number(row.size) + spread, _ERROR_STYLES[row.key])
        )
        rows.append(
            {
                "name": row.name,
                "size": number(row.size),
                "se": _spread(row.standard_error),
                "share": UNKNOWN if row.explained is None else percent(row.explained),
            }
        )
    figures["errors"] = _both(lambda width, ident: errors_figure(bars, width=width, ident=ident), "errors")
    return {"errors": rows}


_ERROR_STYLES = {"null": "null", "train": "train", "heldout": "heldout", "nested": "heldout"}


def _drawn(rows: Sequence[CoefficientRow]) -> list[CoefficientRow]:
    """The rows that fit into the figure: whole variables, and of one with very many levels the largest."""
    drawn: list[CoefficientRow] = []
    for _, group in groupby(rows, key=lambda r: r.variable):
        if len(drawn) >= MOST_BARS:
            break
        levels = list(group)
        largest = {id(r) for r in sorted(levels, key=lambda r: -abs(r.effect))[:MOST_BARS]}
        drawn += [r for r in levels if id(r) in largest]
    return drawn


def _bars(model: Model, summary: Summary, target: str, figures: dict[str, Any]) -> dict[str, Any]:
    categorical = {name for name, level in model.schema.columns() if level is not None}
    rows = _drawn(summary.coefficients)
    grouped: dict[str, list[Bar]] = {}
    for row in rows:
        name = row.variable if row.level is None else row.level
        grouped.setdefault(row.variable, []).append(Bar(name, row.effect, signed(row.value, 4)))
    groups = [Group(v, tuple(bars), v in categorical) for v, bars in grouped.items()]
    figures["bars"] = _both(lambda width, ident: bars_figure(groups, width=width, ident=ident), "bars")
    note = f"{_moves(summary, target)}, up (blue) or down (orange). Numbers: coefficients in original units"
    factor = summary.meaning.factor
    note += "." if factor is None else f"; the table has the {factor}s."
    if len(groups) < len(summary.kept):
        note += f" The {len(groups)} largest of {len(summary.kept):,} are drawn."
    if len(rows) < sum(c.variable in grouped for c in summary.coefficients):
        note += " Of variables with many levels only the largest are drawn."
    elif summary.zero_levels:
        note += " Levels that are not listed have a coefficient of exactly zero."
    rows_of_table = summary.coefficients[:MOST_ROWS]
    table = [{"label": visible(r.label), "cells": _coefficient_cells(r, summary)} for r in rows_of_table]
    return {
        "bars_note": note,
        "coefficient_heads": _coefficient_heads(summary),
        "coefficients": table,
        "coefficients_left": _more(len(summary.coefficients), MOST_ROWS, "coefficient"),
    }


def _moves(summary: Summary, target: str) -> str:
    scale = summary.meaning.scale
    if scale is None:
        return (
            f"Bars: how far the prediction of {target} moves with one standard deviation more of the variable"
        )
    return f"Bars: what one standard deviation more of the variable adds to {scale}"


def _coefficient_heads(summary: Summary) -> list[str]:
    if summary.scale.squared:
        return ["Coefficient", "Effect of 1 sd", "Standardized"]
    factor = summary.meaning.factor
    if factor is None:
        return ["Coefficient", "Effect of 1 sd"]
    return ["Coefficient", factor.capitalize(), "Effect of 1 sd", f"{factor.capitalize()} of 1 sd"]


def _coefficient_cells(row: CoefficientRow, summary: Summary) -> list[str]:
    if summary.scale.squared:
        return [signed(row.value, 4), signed(row.effect), signed(row.standardized)]
    if row.factor is None:
        return [signed(row.value, 4), signed(row.effect)]
    multiplied = summary.meaning.multiplied(row.effect)
    assert multiplied is not None
    return [signed(row.value, 4), number(row.factor, 4), signed(row.effect), number(multiplied)]


def _path(model: Model, summary: Summary, target: str, figures: dict[str, Any]) -> dict[str, Any]:
    path, names, found = model.path, model.schema.column_names(), marks(model)
    alphas = np.asarray(path.alphas, dtype=np.float64)
    coefs = np.asarray(path.coefs, dtype=np.float64) * np.asarray(path.x_scale, dtype=np.float64)
    unit = _path_unit(model, summary, target)
    choice = "recommended" if summary.estimated else "given"
    figures["path"] = _both(
        lambda width, ident: path_figure(
            alphas, coefs, names, found, unit=unit, choice=choice, width=width, ident=ident
        ),
        "path",
    )
    shown = drawn_columns(coefs)
    nearest = [int(np.argmin(np.abs(alphas - m.alpha))) for m in found]
    last = int(np.argmin(alphas))
    rows = []
    for j in sorted(shown, key=lambda j: (-_enters(alphas, coefs[:, j]), -abs(coefs[last, j]))):
        rows.append(
            {
                "name": visible(names[j]),
                "enters": number(_enters(alphas, coefs[:, j])),
                "at": [signed(coefs[i, j]) for i in nearest],
                "last": signed(coefs[last, j]),
            }
        )
    ever = int(np.count_nonzero(np.abs(coefs).max(axis=0))) if coefs.size else 0
    note = (
        f"Each line is one coefficient. Blue lines raise the prediction at the {choice} penalty, orange "
        "ones lower it, grey ones are at exactly zero there."
    )
    if ever > len(shown):
        note += f" The {len(shown)} largest of {ever:,} are drawn."
    if model.refits is not None:
        note += f" Drawn are the penalized fits; of the model they are a share of {model.mix:g}, the refits the rest."
    title, heading = _path_titles(summary, path.l1_ratio)
    return {"path_title": title, "path_heading": heading, "path_note": note, "path_rows": rows}


def _path_unit(model: Model, summary: Summary, target: str) -> str:
    scale = summary.meaning.scale
    if scale is not None:
        return f"{'effect of one standard deviation' if model.standardize else 'coefficient'}, on {scale}"
    if not model.standardize:
        return f"coefficient, in units of {target} per unit of its column"
    return f"effect of one standard deviation, in units of {target}"


def _path_titles(summary: Summary, l1_ratio: float) -> tuple[str, str]:
    """The section's title and the figure's finding."""
    title = "How variables enter as the penalty loosens"
    if l1_ratio == 0:
        title = "How coefficients grow as the penalty loosens"
    kept = f"{len(summary.kept):,} of {count(summary.n_offered, 'variable')}"
    at = f"At the {'recommended' if summary.estimated else 'given'} penalty"
    if not summary.kept:
        return title, f"{at} no variable is in."
    if not summary.dropped:
        kept = f"all {count(summary.n_offered, 'variable')}" if summary.n_offered > 1 else "the variable"
    return title, f"{at}, {kept} {'is' if len(summary.kept) == 1 else 'are'} in."


def _enters(alphas: Floats, values: Floats) -> float:
    """The strongest penalty at which a coefficient is not zero."""
    return float(alphas[values != 0].max())


def _curve(model: Model, summary: Summary, target: str, figures: dict[str, Any]) -> dict[str, Any]:
    curve, found = words.chosen_curve(model.selection), marks(model)
    alphas, reading = np.asarray(curve.alphas, dtype=np.float64), summary.reading
    shown = reading.shown(curve, model.selection.null_error)
    counts, counted = _counts(model, alphas, [int(n) for n in curve.n_nonzero])
    data = CurveData(
        alphas=alphas,
        error=shown.value,
        low=shown.low,
        high=shown.high,
        train=shown.train,
        counts=counts,
        null_error=shown.null if math.isfinite(shown.null) else None,
        constant=summary.constant if len(summary.constant) <= 9 else "a constant",
        larger=reading.larger,
    )
    unit = reading.axis
    figures["curve"] = _both(
        lambda width, ident: curve_figure(data, found, unit=unit, counted=counted, width=width, ident=ident),
        "curve",
    )
    picked = {int(np.argmin(np.abs(alphas - m.alpha))): m.label for m in reversed(found)}
    if len(found) == 2 and len(picked) == 1:
        picked = dict.fromkeys(picked, f"{found[0].label} = {found[1].label}")
    rows = [
        {
            "alpha": number(alphas[i]),
            "mark": picked.get(i),
            "kept": f"{counts[i]:,}",
            "error": number(data.error[i], 4),
            "se": _spread(reading.spread(curve.choice("", int(i)))),
            "train": number(data.train[i], 4),
        }
        for i in np.argsort(-alphas, kind="stable")
    ]
    best = reading.place(curve)
    heading = (
        f"The {reading.noun} on held-out rows is {reading.best}, {number(data.error[best])}, at alpha "
        f"{number(alphas[best])}."
    )
    band = ", with a band of one standard error" if np.isfinite(data.low).all() else ""
    rules = " and ".join(f"{m.label} ({reading.rule(m.label)})" for m in found)
    train = "Dashed: training rows. " if np.isfinite(data.train).any() else ""
    note = f"Solid: held-out rows ({summary.folds}){band}. {train}Marked: {rules}."
    return {"curve_heading": heading, "curve_note": note, "curve_rows": rows}


def _counts(model: Model, alphas: Floats, n_nonzero: list[int]) -> tuple[list[int], str]:
    """Variables kept at each alpha of the curve; columns, where the path lies on another grid."""
    grid = np.asarray(model.path.alphas, dtype=np.float64)
    if grid.shape == alphas.shape and np.allclose(grid, alphas, rtol=1e-9, atol=0.0):
        coefs = np.asarray(model.path.coefs, dtype=np.float64)
        return variables_along(coefs, np.asarray(model.schema.variable_of_column())), "variables kept"
    return n_nonzero, "columns kept"
