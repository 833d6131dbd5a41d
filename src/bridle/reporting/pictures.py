"""The page's part on predictions out of fold: the figures of a family with the tables behind them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .diagnosing import threshold_rows, threshold_sentence
from .figure_calibration import calibration_figure, outside
from .figure_lift import lift_figure
from .figure_lorenz import at, lorenz_figure
from .figure_roc import roc_figure
from .formatting import count, number, percent, short
from .naming import constant, family_of, first_class, second_class

if TYPE_CHECKING:
    from ..model import Model
    from ..selection.calibrating import Bins
    from ..selection.diagnostics import Diagnostics

_CHANCE = "Of intervals of 95% one in twenty misses by chance."
Draw = Callable[[Callable[[float, str], str], str], dict[str, str]]


def pictures(model: Model, both: Draw, ratio: float) -> dict[str, Any]:
    """What the template shows: heading, figures with their tables, and of two classes the thresholds.

    ``both`` draws a figure in its two widths; ``ratio`` is what a miss costs in false alarms.
    """
    found = model.selection.diagnostics
    if found is None:
        return {"pictures": [], "pictures_title": "", "thresholds": None}
    if found.roc is not None:
        return _of_classes(model, found, both, ratio)
    return _of_amounts(model, found, both)


def _of_classes(model: Model, found: Diagnostics, both: Draw, ratio: float) -> dict[str, Any]:
    first, second, bins, roc = first_class(model), second_class(model), found.calibration, found.roc
    assert roc is not None
    shown = [
        {
            "id": "calibration",
            "heading": _calibrated(bins, "the probabilities"),
            "note": f"Rows in bins of their probability of {second}, each by a fit that did not see the row. {_CHANCE}",
            "head": ("Rows", "Predicted", "Observed", "95% interval"),
            "rows": [_cells(bins, k, percent) for k in range(len(bins))],
            "figure": both(
                lambda width, ident: calibration_figure(
                    bins,
                    predicted=f"predicted probability of {second}",
                    observed=f"observed share of {second}",
                    width=width,
                    ident=ident,
                ),
                "calibration",
            ),
        }
    ]
    if math.isfinite(found.scores["auc"]):
        best, area = roc.cheapest(ratio), found.scores["auc"]
        shown.append(
            {
                "id": "roc",
                "heading": f"A row of {second} gets a higher probability than one of {first} {percent(area)} of the time.",
                "note": f"That share is the area under the curve (AUC). The dot: the cheapest threshold, {_cost(ratio)}.",
                "head": ("Threshold", "Caught", "False alarms"),
                "rows": [_corner(found, float(share)) for share in np.linspace(0.1, 0.9, 9)],
                "figure": both(
                    lambda width, ident: roc_figure(
                        roc, area, best, first=first, second=second, width=width, ident=ident
                    ),
                    "roc",
                ),
            }
        )
    return {
        "pictures": shown,
        "pictures_title": "How good are the probabilities?",
        "thresholds": _thresholds(model, found, ratio) if math.isfinite(found.scores["auc"]) else None,
    }


def _cost(ratio: float) -> str:
    return (
        "a miss and a false alarm costing the same"
        if ratio == 1
        else f"a miss costing {number(ratio)} false alarms"
    )


def _corner(found: Diagnostics, share: float) -> tuple[str, ...]:
    roc = found.roc
    assert roc is not None
    c = roc.confusion(roc.catching(share))
    return (
        number(c.threshold),
        percent(c.caught / (c.caught + c.missed)),
        percent(c.alarms / (c.alarms + c.quiet)),
    )


def _thresholds(model: Model, found: Diagnostics, ratio: float) -> dict[str, Any]:
    assert found.roc is not None
    counted = math.isclose(found.weight, found.n_rows)
    rows = [
        {
            "name": row.name,
            "threshold": number(row.counts.threshold) if math.isfinite(row.counts.threshold) else "none",
            "cells": [
                f"{round(value):,}" if counted else number(value)
                for value in (row.counts.caught, row.counts.missed, row.counts.alarms, row.counts.quiet)
            ],
            "cost": number(row.cost),
            "chosen": row.chosen,
        }
        for row in threshold_rows(found.roc, ratio)
    ]
    return {
        "sentence": threshold_sentence(model, found.roc, ratio),
        "note": ("Rows" if counted else "Weights of rows")
        + f" held out, said to be {second_class(model)} from the threshold on; cost: of a row, in false alarms.",
        "rows": rows,
    }


def _of_amounts(model: Model, found: Diagnostics, both: Draw) -> dict[str, Any]:
    target, lorenz, lift = short(model.target_name, 40), found.lorenz, found.lift
    assert lorenz is not None and lift is not None
    rate = f"{target} per unit of exposure" if model.has_offset else f"mean of {target}"
    exposure = exposure_words(model)
    bins = found.calibration
    shown = [
        {
            "id": "calibration",
            "heading": _calibrated(bins, "the predictions"),
            "note": f"Rows in bins of like {exposure}, by predictions of fits that did not see the row. {_CHANCE}",
            "head": ("Rows", "Predicted", "Observed", "95% interval"),
            "rows": [_cells(bins, k, number) for k in range(len(bins))],
            "figure": both(
                lambda width, ident: calibration_figure(
                    bins,
                    predicted=f"predicted {rate}",
                    observed=f"observed {rate}",
                    shares=False,
                    width=width,
                    ident=ident,
                ),
                "calibration",
            ),
        }
    ]
    gini = found.scores["gini"]
    if math.isfinite(gini):
        shown.append(
            {
                "id": "lorenz",
                "heading": f"The half with the lowest predictions has {percent(at(lorenz, 0.5))} of all {target}.",
                "note": f"Lift: rows in the order of their predictions. Gini {number(gini)}: 1 minus twice the area below.",
                "head": (f"Of {exposure}", f"Of all {target}"),
                "rows": [(percent(s / 10), percent(at(lorenz, s / 10))) for s in range(1, 10)],
                "figure": both(
                    lambda width, ident: lorenz_figure(
                        lorenz, gini, target=target, exposure=exposure, width=width, ident=ident
                    ),
                    "lorenz",
                ),
            }
        )
    if np.isfinite(lift.observed / lift.constant).all() and np.isfinite(lift.predicted / lift.constant).all():
        shown.append(_double_lift(model, lift, exposure, both))
    return {
        "pictures": shown,
        "pictures_title": "Where predictions are low, and where they are high",
        "thresholds": None,
    }


def _double_lift(model: Model, lift: Bins, exposure: str, both: Draw) -> dict[str, Any]:
    alone = constant(model)
    inside = len(lift) - outside(lift)
    closer = int((abs(lift.observed - lift.predicted) < abs(lift.observed - lift.constant)).sum())
    return {
        "id": "lift",
        "heading": f"Observed means are nearer to the model than to {alone} in {closer} of {count(len(lift), 'bin')}.",
        "note": f"Double lift: bins of the model's prediction over that of always predicting {alone}. Whiskers: 95%; "
        f"{inside} hold the model's line.",
        "head": ("Rows", "Observed", "The model", "The constant"),
        "rows": [
            (
                f"{int(lift.rows[k]):,}",
                number(float(lift.observed[k])),
                number(float(lift.predicted[k])),
                number(float(lift.constant[k])),
            )
            for k in range(len(lift))
        ],
        "figure": both(
            lambda width, ident: lift_figure(
                lift, constant=alone, exposure=exposure, width=width, ident=ident
            ),
            "lift",
        ),
    }


def exposure_words(model: Model) -> str:
    """What is counted along the bins: rows, their weights, or exposure."""
    if model.has_offset and family_of(model).link == "log":
        return "exposure"
    return "weight" if model.schema.weights is not None or "weights" in model.call else "rows"


def _calibrated(bins: Bins, what: str) -> str:
    off = outside(bins)
    if off == 0:
        return f"What was observed agrees with {what} in all of {count(len(bins), 'bin')}."
    return f"What was observed agrees with {what} in {len(bins) - off} of {count(len(bins), 'bin')}."


def _cells(bins: Bins, k: int, said: Callable[[float], str]) -> tuple[str, ...]:
    return (
        f"{int(bins.rows[k]):,}",
        said(float(bins.predicted[k])),
        said(float(bins.observed[k])),
        f"{said(float(bins.low[k]))} to {said(float(bins.high[k]))}",
    )


__all__ = ["exposure_words", "pictures"]
