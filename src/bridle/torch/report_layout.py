"""What a network's page is filled with: figures in two widths, and the rows of the tables behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..reporting import words
from ..reporting.axes import Mark
from ..reporting.figure_bars import ErrorBar, errors_figure
from ..reporting.figure_curve import CurveData, curve_figure
from ..reporting.formatting import count, number, percent, short, visible
from .model import FeaturePath, NetworkModel
from .network import Floats
from .report_figures import history_figure, inputs_figure
from .report_words import NetworkSummary

WIDE, NARROW = 720.0, 340.0
MOST_VARIABLES = 40
MOST_ROWS = 300
_UNKNOWN = "–"
_STYLES = {"null": "null", "train": "train", "heldout": "heldout"}


def page_values(model: NetworkModel, said: NetworkSummary) -> dict[str, Any]:
    """Everything the template names, as text, rows of text and SVG; only ``figures`` holds markup."""
    target = short(said.target, 40)
    values: dict[str, Any] = {
        "s": said,
        "title": f"Predicting {target}: a network, reported by bridle",
        "target": short(said.target, 80),
        "n_rows": count(said.n_rows, "row"),
        "warned": f"{count(len(said.warnings), 'warning')} about the data.",
        "tiles": _tiles(model, said),
        "errors_note": _capital(said.scale.unit)
        + ("; whiskers span one standard error to each side." if said.estimated else "."),
        "dropped": [visible(v) for v in said.dropped[:MOST_ROWS]],
        "dropped_left": f" and {len(said.dropped) - MOST_ROWS:,} more"
        if len(said.dropped) > MOST_ROWS
        else "",
        "layers": [
            {
                "name": row.name,
                "weights": f"{row.weights:,}",
                "zeros": f"{row.zeros:,}",
                "dead": f"{row.dead:,}",
            }
            for row in said.layers
        ],
        "rules": [_choice(rule) for rule in said.rules],
        "figures": {},
    }
    for part in (_errors, _inputs, _curve, _history):
        values.update(part(model, said, values["figures"]))
    return values


def _both(draw: Callable[[float, str], str], ident: str) -> dict[str, str]:
    return {"wide": draw(WIDE, ident + "-wide"), "narrow": draw(NARROW, ident + "-narrow")}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _choice(row: Any) -> dict[str, Any]:
    spread = "" if row.standard_error is None else f"\u00a0±\u00a0{number(row.standard_error, 2)}"
    return {
        "name": row.name,
        "alpha": number(row.alpha),
        "error": number(row.size) + spread,
        "kept": f"{row.n_variables:,}",
        "recommended": row.recommended,
    }


def _tiles(model: NetworkModel, said: NetworkSummary) -> list[dict[str, str]]:
    rows = {row.key: row for row in said.errors}
    null = number(rows["null"].size)
    if said.estimated:
        found, where = rows["heldout"], "new rows"
        share = percent(found.explained) if found.explained is not None else _UNKNOWN
        second = {
            "name": f"{_capital(said.measure)} explained",
            "value": share,
            "note": "of the target, on new rows",
        }
    else:
        found, where = rows["train"], "training rows"
        note = "not estimated: the strength was given"
        second = {"name": "Error on new rows", "value": _UNKNOWN, "note": note}
    return [
        {
            "name": "Typical error" if said.estimated else "Training error",
            "value": number(found.size),
            "note": f"{said.scale.name}, {where}; {said.constant} alone: {null}",
        },
        second,
        {
            "name": "Variables used",
            "value": f"{len(said.kept):,} of {said.n_offered:,}",
            "note": f"{model.network.n_nonzero:,} weights are not zero",
        },
        {
            "name": "Not certified",
            "value": number(model.stationarity.distance, 1),
            "note": "distance from a resting point; that is all a network can show",
        },
    ]


def _errors(model: NetworkModel, said: NetworkSummary, figures: dict[str, Any]) -> dict[str, Any]:
    bars, rows = [], []
    for row in said.errors:
        spread = "" if row.standard_error is None else f"\u00a0±\u00a0{number(row.standard_error, 2)}"
        text = number(row.size) + spread
        bars.append(ErrorBar(row.name, row.size, row.standard_error, text, _STYLES[row.key]))
        rows.append(
            {
                "name": row.name,
                "rmse": number(row.size),
                "se": _UNKNOWN if row.standard_error is None else number(row.standard_error, 2),
                "share": _UNKNOWN if row.explained is None else percent(row.explained),
            }
        )
    figures["errors"] = _both(lambda width, ident: errors_figure(bars, width=width, ident=ident), "errors")
    return {"errors": rows}


def marks_of(model: NetworkModel) -> list[Mark]:
    """The choices of both rules, the recommended one first."""
    found = [Mark(model.selection.rule, float(model.alpha), True)]
    other = model.selection.other
    if other is not None:
        found.append(Mark(other.rule, float(other.alpha), False))
    return found


def by_variable(path: FeaturePath, owner: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(A, V) whether any column of a variable is in.

    >>> by_variable(FeaturePath(np.ones(1), np.array([[True, False, False]]), np.ones(1)), np.array([0, 0, 1]))
    array([[ True, False]])
    """
    out = np.zeros((len(path.alphas), int(owner.max(initial=-1)) + 1), dtype=bool)
    for column, variable in enumerate(owner):
        out[:, variable] |= path.inputs_used[:, column]
    return out


def _inputs(model: NetworkModel, said: NetworkSummary, figures: dict[str, Any]) -> dict[str, Any]:
    path = model.path
    if path is None or len(path.alphas) < 2:
        return {"inputs_heading": "", "inputs_note": "", "inputs_rows": [], "inputs_alone": ""}
    used = by_variable(path, model.schema.variable_of_column())
    alphas = np.asarray(path.alphas, dtype=np.float64)
    if used.all():
        alone = "Every variable is in the network at every strength that was tried."
        return {"inputs_heading": "", "inputs_note": "", "inputs_rows": [], "inputs_alone": alone}
    names = list(dict.fromkeys(name for name, _ in model.schema.columns()))
    order = np.lexsort((-used.sum(axis=0), -_first(alphas, used)))
    shown = [int(j) for j in order[:MOST_VARIABLES]]
    figures["inputs"] = _both(
        lambda width, ident: inputs_figure(
            alphas, used[:, shown], [names[j] for j in shown], marks_of(model), width=width, ident=ident
        ),
        "inputs",
    )
    at = int(np.argmin(np.abs(alphas - model.alpha)))
    first = _first(alphas, used)
    rows = [
        {
            "name": visible(names[j]),
            "enters": number(float(first[j])) if used[:, j].any() else "never",
            "now": "in" if used[at, j] else "out",
        }
        for j in shown
    ]
    chosen = "recommended" if said.estimated else "given"
    note = "A dot: some weight of the variable is not zero at that strength. A variable may leave again, or come back."
    if len(shown) < len(names):
        note += f" The {len(shown)} that enter first, of {len(names):,}, are drawn."
    some = (
        f"{len(said.kept):,} of {count(said.n_offered, 'variable')} are"
        if said.dropped
        else "every variable is"
    )
    heading = f"At the {chosen} penalty {some} in."
    return {"inputs_heading": heading, "inputs_note": note, "inputs_rows": rows, "inputs_alone": ""}


def _first(alphas: Floats, used: NDArray[np.bool_]) -> Floats:
    """(V,) the strongest penalty at which each variable is in; 0: never."""
    return np.asarray(np.where(used, alphas[:, None], 0.0).max(axis=0))


def _curve(model: NetworkModel, said: NetworkSummary, figures: dict[str, Any]) -> dict[str, Any]:
    if not said.estimated:
        alone = f"It was given: alpha {number(model.alpha)}. No other strength was compared with it."
        return {"strength": alone, "curve_heading": "", "curve_note": "", "curve_rows": []}
    curve, scale, found = words.chosen_curve(model.selection), said.scale, marks_of(model)
    alphas = np.asarray(curve.alphas, dtype=np.float64)
    mean, se = np.asarray(curve.mean), np.asarray(curve.standard_error)
    known = np.where(np.isfinite(se).all() and se.any(), se, np.nan)
    counts, counted = [int(n) for n in curve.n_nonzero], "columns used"
    if model.path is not None and len(model.path.alphas) == len(alphas):
        counts = by_variable(model.path, model.schema.variable_of_column()).sum(axis=1).tolist()
        counted = "variables used"

    def read(values: Floats) -> Floats:
        return np.sqrt(np.maximum(values, 0.0)) if scale.squared else values

    data = CurveData(
        alphas, read(mean), read(mean - known), read(mean + known), read(np.asarray(curve.train_error)), counts,
        scale.value(model.selection.null_error), said.constant,
    )  # fmt: skip
    figures["curve"] = _both(
        lambda width, ident: curve_figure(
            data, found, unit=scale.unit, counted=counted, width=width, ident=ident
        ),
        "curve",
    )
    picked = {int(np.argmin(np.abs(alphas - mark.alpha))): mark.label for mark in reversed(found)}
    if len(found) == 2 and len(picked) == 1:
        picked = dict.fromkeys(picked, f"{found[0].label} = {found[1].label}")
    rows = []
    for i in np.argsort(-alphas, kind="stable"):
        spread = scale.spread(float(mean[i]), float(se[i]))
        rows.append(
            {
                "alpha": number(float(alphas[i])),
                "mark": picked.get(int(i)),
                "kept": f"{counts[i]:,}",
                "error": number(float(data.error[i]), 4),
                "se": _UNKNOWN if spread is None else number(spread, 2),
                "train": number(float(data.train[i]), 4),
            }
        )
    best = int(np.nanargmin(mean))
    heading = f"The error on held-out rows is lowest, {number(float(data.error[best]))}, at alpha {number(alphas[best])}."
    band = ", with a band of one standard error" if np.isfinite(known).all() else ""
    rules = " and ".join(f"{mark.label} ({words.RULES.get(mark.label, 'the choice made')})" for mark in found)
    note = f"Solid: held-out rows ({said.folds}){band}. Dashed: training rows. Marked: {rules}."
    return {"strength": "", "curve_heading": heading, "curve_note": note, "curve_rows": rows}


def _history(model: NetworkModel, said: NetworkSummary, figures: dict[str, Any]) -> dict[str, Any]:
    history, best = model.history, model.stationarity.best_epoch
    if history is None or not len(history.train):
        return {"history_note": "", "history_rows": []}
    unit = (
        "loss, in units of the target's variance" if model.classes is None else "loss: half the mean deviance"
    )
    best = min(max(best, 1), len(history.train))
    figures["history"] = _both(
        lambda width, ident: history_figure(
            history.train, history.held, best, unit=unit, width=width, ident=ident
        ),
        "history",
    )
    dashed = "Dashed: rows trained on, as the batches met them" + (
        ", dropout on." if model.network.architecture.dropout > 0 else "."
    )
    solid = (
        " Solid: rows set aside, with the pass whose weights are kept." if history.held is not None else ""
    )
    start = (
        " Training began from the weights at the next stronger penalty."
        if not model.selection.is_given
        else ""
    )
    shown = np.unique(np.linspace(0, len(history.train) - 1, 12).round().astype(int))
    rows = [
        {
            "epoch": f"{i + 1:,}",
            "train": number(float(history.train[i]), 4),
            "held": _UNKNOWN if history.held is None else number(float(history.held[i]), 4),
            "best": history.held is not None and i + 1 == best,
        }
        for i in sorted({*shown.tolist(), best - 1})
    ]
    return {"history_note": dashed + solid + start, "history_rows": rows}
