"""What the page's template is filled with: figures in two widths, and the rows of the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..reporting.formatting import count, number, percent, short, signed, visible
from ..reporting.reproduce import python_lines
from . import saying
from .figure_dots import Dot, dots_figure
from .figure_matrix import Cell, matrix_figure
from .pairing import ALIKE_WORDS
from .result import Comparison, Row

WIDE, NARROW = 720.0, 340.0
MOST_VARIABLES = 40
MOST_NOTES = 50
_NONE = "–"


def page_values(of: Comparison) -> dict[str, Any]:
    """Everything the template names, as text, rows of text and SVG; only ``figures`` holds markup."""
    target = short(of.target_name, 40)
    warnings = [note.text for note in of.notes if note.warning]
    notes = [note.text for note in of.notes if not note.warning]
    fine, certificate = saying.certificates(of)
    own = saying.measure(of)
    values: dict[str, Any] = {
        "title": f"Predicting {target}: methods compared by bridle",
        "target": short(of.target_name, 80),
        "error_title": "Typical error of a prediction." if own.squared else "Mean deviance of a prediction.",
        "error_name": f"Root mean square error in the units of {target}"
        if own.squared
        else "Mean unit deviance",
        "error_column": "Error" if own.squared else "Mean deviance",
        "share_column": own.explained.capitalize(),
        "with_scores": bool(of.recommended.scores),
        "convex": saying.family(of).convex,
        "n_rows": count(of.n_rows, "row"),
        "headline": saying.headline(of),
        "reason": of.reason,
        "expectation": saying.expectation(of),
        "recommended": of.recommended.title.lower(),
        "tiles": _tiles(of, target),
        "how_judged": saying.how_judged(of),
        "how_paired": saying.how_paired(of),
        "how_chosen": _how_chosen(of),
        "impossible": saying.impossible(of),
        "whiskers": "; whiskers span one standard error to each side" if of.n_folds > 1 else "",
        "rows": [_row(of, row) for row in of.rows],
        "cautions": saying.cautions(of),
        "warned": f"{count(len(warnings), 'warning')} about the data.",
        "warnings": warnings,
        "notes": notes[:MOST_NOTES],
        "notes_left": f"{count(len(notes) - MOST_NOTES, 'more note')} not shown here."
        if len(notes) > MOST_NOTES
        else "",
        "certified": fine,
        "certificate": certificate,
        "proofs": [_proof(row) for row in of.rows if row.certificate is not None],
        "code": _code(of),
        "figures": {},
    }
    values["figures"]["errors"] = _both(lambda w, ident: _errors(of, target, w, ident), "errors")
    for part in (_differences, _matrix):
        values.update(part(of, values["figures"]))
    return values


def _both(draw: Callable[[float, str], str], ident: str) -> dict[str, str]:
    return {"wide": draw(WIDE, ident + "-wide"), "narrow": draw(NARROW, ident + "-narrow")}


def _tiles(of: Comparison, target: str) -> list[dict[str, str]]:
    row = of.recommended
    possible = sum(r.possible for r in of.rows)
    alike = sum(d.verdict == ALIKE_WORDS for d in of.differences)
    own = saying.measure(of)
    error = (
        "Typical error" if own.squared else "Mean deviance", number(row.size), own.unit if own.squared else "on new rows"
    )  # fmt: skip
    if row.scores:  # the sentences above have the deviance
        error = (
            "AUC",
            saying.auc_text(row),
            f"on new rows, with a log-loss of {number(row.scores['log_loss'])}",
        )
    tiles = [
        error,
        (f"{own.explained.capitalize()} explained", percent(row.explained), "of the target, on new rows"),
        (
            "Variables kept",
            f"{row.n_variables:,} of {of.n_variables:,}",
            f"by {row.title.lower()}, on all rows",
        ),
    ]
    if of.n_folds > 1:
        tiles.append(
            ("As good as that", f"{alike} of {possible - 1}", "other methods cannot be told apart from it")
        )
    return [{"name": name, "value": value, "note": note} for name, value, note in tiles]


def _row(of: Comparison, row: Row) -> dict[str, Any]:
    strengths = [alpha for alpha, _ in row.fold_choices]
    between = f"{number(min(strengths), 2)} to {number(max(strengths), 2)}" if strengths else _NONE
    return {
        "title": row.title,
        "recommended": row is of.recommended,
        "error": saying.error_text(row),
        "explained": percent(row.explained) if row.possible else _NONE,
        "auc": saying.auc_text(row),
        "log_loss": number(row.scores["log_loss"]) if row.scores else _NONE,
        "kept": f"{row.n_variables:,}" if row.possible else _NONE,
        "alpha": _NONE if row.alpha is None else number(row.alpha),
        "range": between,
        "mix": f", l1_ratio {row.l1_ratio:g}" if row.l1_ratio not in (None, 0.0, 1.0) else "",
        "seconds": saying.seconds(row.seconds) if row.possible else _NONE,
    }


def _how_chosen(of: Comparison) -> str:
    rule = "the smallest error"
    if of.rule == "1se":
        rule = "the strongest penalty within one standard error of the smallest error"
    reading = saying.seconds(of.reading_seconds)
    return (
        f"Rule: {rule} ({of.rule}). “Between folds” is how far the choices of the single folds lie apart. Time is "
        "that of a method's cross-validation and fit on this machine; reading the data, once for all, took "
        f"{reading}."
    )


def _errors(of: Comparison, target: str, width: float, ident: str) -> str:
    dots = []
    for row in of.rows:
        if row.possible:
            spread = np.nan if row.size_error is None else row.size_error
            style = "off" if row.name == "null" and row is not of.recommended else "heldout"
            dots.append(
                Dot(
                    row.title, row.size, row.size - spread, row.size + spread, saying.error_text(row),
                    row is of.recommended, style,
                )
            )  # fmt: skip
    unit = replace(saying.measure(of), target=target).axis
    return dots_figure(dots, title="Errors side by side", unit=unit, width=width, ident=ident)


def _differences(of: Comparison, figures: dict[str, Any]) -> dict[str, Any]:
    if not of.differences:
        return {"differences": []}
    rows, dots = [], []
    for found in of.differences:
        row = of.row(found.name)
        text = saying.interval(of, found)
        rows.append({"title": row.title, "interval": text, "verdict": saying.verdict(of, row)})
        mean, low, high = (saying.points(value, of) for value in (found.mean, found.low, found.high))
        style = "off" if row.name == "null" else "heldout"
        dots.append(Dot(row.title, mean, low, high, text, style=style))
    sides = ("explains more", "explains less")
    figures["differences"] = _both(
        lambda w, ident: dots_figure(
            dots,
            title="Differences to the recommended method",
            unit="points",
            sides=sides,
            width=w,
            ident=ident,
        ),
        "differences",
    )
    own = saying.measure(of)
    error = "squared error" if own.squared else "deviance"
    note = (
        f"How much more {error} than the recommended method, in points: percent of the constant's {error}, so one point is "
        f"one percent of the {own.explained} explained."
    )
    if of.n_folds > 1:
        note += " Lines are 95% intervals; where one crosses zero, the two cannot be told apart."
    return {"differences": rows, "differences_note": note}


def _matrix(of: Comparison, figures: dict[str, Any]) -> dict[str, Any]:
    methods = [row for row in of.rows if row.possible and row.name != "null"]
    effects = np.stack([row.effects for row in methods], axis=1) * (
        of.target_sd if of.family == "squared" else 1.0
    )
    names, cells = variable_cells(effects, of.schema.columns())
    if not names:
        return {"matrix": [], "methods": []}
    order = sorted(range(len(names)), key=lambda i: -max(cell.size for cell in cells[i]))[:MOST_VARIABLES]
    shown, drawn = [names[i] for i in order], [cells[i] for i in order]
    titles = [row.title for row in methods]
    marked = next((j for j, row in enumerate(methods) if row is of.recommended), None)
    figures["kept"] = _both(
        lambda w, ident: matrix_figure(shown, titles, drawn, marked=marked, width=w, ident=ident), "kept"
    )
    note = (
        f"The area of a dot is the effect of one standard deviation on {saying.scale(of)}, up (blue) or down (orange); no "
        "dot: left out."
    )
    if any(row.kind == "network" for row in methods):
        note += " Of a network it is the average slope over the rows; where it goes up and down, that may be small."
    if any(cell.sign == 0 and cell.size > 0 for row in drawn for cell in row):
        note += (
            " Of a categorical variable it is the largest effect of a level; grey where levels go both ways."
        )
    note += f" The {len(shown)} largest of {len(names):,} are drawn." if len(names) > len(shown) else ""
    dropped = of.n_variables - len(names)
    note += (
        f" {count(dropped, 'variable')} that no method keeps {'is' if dropped == 1 else 'are'} not drawn."
        if dropped
        else ""
    )
    rows = [{"name": visible(name), "cells": [cell.text for cell in row]} for name, row in zip(shown, drawn)]
    return {"matrix": rows, "methods": titles, "matrix_note": note}


def variable_cells(
    effects: NDArray[np.float64], columns: Sequence[tuple[str, str | None]]
) -> tuple[list[str], list[list[Cell]]]:
    """The variables that any method keeps, and a cell for each method, from effects (p, methods) by design column.

    >>> names, cells = variable_cells(np.array([[1.0], [0.0], [-2.0]]), [("a", None), ("b", None), ("c", "x")])
    >>> names, [row[0].sign for row in cells]
    (['a', 'c'], [1, -1])
    """
    by_variable: dict[str, list[int]] = {}
    for j in np.flatnonzero((effects != 0).any(axis=1)):
        by_variable.setdefault(columns[int(j)][0], []).append(int(j))
    cells = [[_cell(effects[own, m]) for m in range(effects.shape[1])] for own in by_variable.values()]
    return list(by_variable), cells


def _cell(values: NDArray[np.float64]) -> Cell:
    kept = values[values != 0]
    if not len(kept):
        return Cell(0.0, 0, _NONE)
    largest = float(kept[np.argmax(np.abs(kept))])
    sign = int(np.sign(largest)) if (np.sign(kept) == np.sign(largest)).all() else 0
    return Cell(abs(largest), sign, signed(largest) if sign else f"±{number(abs(largest))}")


def _proof(row: Row) -> dict[str, str]:
    certificate = row.certificate
    assert certificate is not None
    worst = max(certificate.kkt_violation, certificate.block_gradient)
    return {
        "title": row.title,
        "gap": _tiny(certificate.relative_gap) if certificate.convex else _NONE,
        "worst": _tiny(worst),
        "certified": "yes" if certificate.certified else "no",
    }


def _tiny(value: float) -> str:
    return "< 10⁻¹⁵" if value < 1e-15 else number(value, 1)


def _code(of: Comparison) -> tuple[str, ...]:
    """The lines that fit, turned into lines that compare: the arguments have the same names."""
    lines = list(python_lines(of.call, of.schema.target))[:-1]
    at = next(i for i, line in enumerate(lines) if "bridle.fit(" in line)
    lines[at] = lines[at].replace("model = bridle.fit(", "found = bridle.compare(", 1)
    return (
        *lines,
        f'model = found.model("{of.recommended.name}")',
        'bridle.report(found, "comparison.html")',
    )
