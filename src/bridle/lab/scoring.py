"""What rows put away say of a model, and what predictions out of fold say: errors, deviance, AUC, calibration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..families import SQUARED, Family, constant_model, family_named
from ..model import Model
from ..model.rows import Encoded, deviance_explained
from ..reporting.diagnosing import scores_sentence
from ..reporting.measure import measure_of
from ..selection.diagnostics import diagnose
from ..solvers import Rows
from ..table import Table

Floats = NDArray[np.float64]


def held_scores(model: Model, learn: Table, test: Table) -> dict[str, Any]:
    """Errors on the rows put away, for both rules: nothing was chosen by them.

    ``error`` and ``null`` (of the constant model of the rows learned from) are what the screen shows: of squared error the
    root of its mean, of another family the mean deviance. ``se`` is of the mean itself.
    """
    family, measure = family_named(model.family), measure_of(model)
    rows = model.rows_of(test)
    assert rows.target is not None
    share = np.ones(len(rows.target)) if rows.weights is None else rows.weights
    share = share / share.sum()
    constant = _constant(family, model.rows_of(learn)) + _shift(rows)
    out: dict[str, Any] = {"n": test.n_rows}
    out["null"] = measure.value(float(share @ _deviance(family, rows.target, constant)))
    for rule, choice in model.selection.choices.items():
        coef, intercept = model.fit_of(rule)
        eta = rows.design.matvec(coef) + intercept + _shift(rows)
        each = _deviance(family, rows.target, eta)
        error = float(share @ each)
        out[f"error_{rule}"] = measure.value(error)
        with np.errstate(over="ignore", invalid="ignore"):  # a deviance may be as large as it likes
            out[f"se_{rule}"] = float(np.sqrt((share**2) @ (each - error) ** 2))
        out[f"explained_{rule}"] = _explained(family, rows, eta)
        out[f"verdict_{rule}"] = _verdict(
            error - choice.error, math.hypot(out[f"se_{rule}"], choice.standard_error)
        )
        out |= {f"{name}_{rule}": value for name, value in _ranked(family, rows, eta, constant).items()}
    return out


def out_of_fold(model: Model) -> dict[str, Any]:
    """What predictions out of fold say of classes, counts and amounts: scores in a sentence, bins; {} of other families."""
    found = model.selection.diagnostics
    if found is None:
        return {}
    bins = found.calibration
    return {
        "sentence": scores_sentence(model) or "",
        "scores": dict(found.scores),
        "rows": bins.rows,
        "predicted": bins.predicted,
        "observed": bins.observed,
        "low": bins.low,
        "high": bins.high,
    }


def _deviance(family: Family, y: Floats, eta: Floats) -> Floats:
    return 2 * family.loss(y, eta)


def _shift(rows: Encoded) -> Floats:
    return np.zeros(rows.design.n) if rows.offset is None else rows.offset


def _constant(family: Family, learned: Encoded) -> float:
    """The constant model of the rows learned from, on the linear predictor's scale."""
    assert learned.target is not None
    if family == SQUARED:  # an offset is taken off the target
        w = np.ones(len(learned.target)) if learned.weights is None else learned.weights
        return float(w @ (learned.target - _shift(learned)) / w.sum())
    return constant_model(family, learned.target, learned.weights, learned.offset)


def _explained(family: Family, rows: Encoded, eta: Floats) -> float:
    """``Model.score``; NaN where every target of these rows is the same, so that there is nothing to explain."""
    assert rows.target is not None
    if not (rows.target != rows.target[0]).any():
        return math.nan
    return deviance_explained(family, rows.target, eta, rows.weights, rows.offset)


def _ranked(family: Family, rows: Encoded, eta: Floats, constant: Floats) -> dict[str, float]:
    """Scores of classes, counts and amounts; the means of what was predicted and observed."""
    assert rows.target is not None
    own = Rows(rows.design, rows.target, rows.weights, rows.offset, family)
    predicted = family.mean(eta)
    found = diagnose(own, predicted, family.mean(constant))
    if found is None:
        return {}
    weights = np.ones(len(eta)) if rows.weights is None else rows.weights
    means = {
        "predicted": float(weights @ predicted / weights.sum()),
        "observed": float(weights @ rows.target / weights.sum()),
    }
    return {**found.scores, **means}


def _verdict(difference: float, standard_error: float) -> str:
    """Whether the error on the rows put away is that of cross-validation: within two standard errors."""
    if not abs(difference) > 2 * standard_error:
        return "close"
    return "higher" if difference > 0 else "lower"


__all__ = ["held_scores", "out_of_fold"]
