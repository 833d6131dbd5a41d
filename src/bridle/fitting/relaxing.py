"""The refits of a relaxed lasso's own path, solved to the end where they are chosen, with certificates of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..certificate import GAP_TOLERANCE, Candidate, Certificate, Responses, certify, certify_separable
from ..families import SQUARED
from ..model import Model
from ..paths import Path
from ..penalties import Penalty
from ..selection import Choice, Refits, Refitting, training_of, unpenalized_on
from ..solvers import Engine, Plan, Rows, Split, refined
from ..solvers.plan import Null

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Relaxed:
    """Refits along a path, and a certificate of the refit that each rule chose."""

    refits: Refits
    certificates: Mapping[str, Certificate]


def relaxed(
    rows: Rows, engine: Engine, split: Split, null: Null, plan: Plan, path: Path, choices: Mapping[str, Choice], threads: int
) -> Relaxed:  # fmt: skip
    """Of the whole: ``split`` has the atoms of the reading, its first problem trains on all of them."""
    training = training_of(engine, rows, split, 0)
    refitting = Refitting.of(training, [path.stored], plan.penalty, path.x_scale, plan.fit_intercept)
    refits = refitting.along(path.stored)
    filled = replace(rows, design=rows.design.fill(path.fills))
    proven: dict[str, Certificate] = {}
    for rule, choice in choices.items():
        k = choice.index
        penalty = refit_penalty(plan.penalty, path.stored.row(k))
        if rows.family == SQUARED:
            refits = _finished(refits, k, filled, null, penalty, plan.fit_intercept)
        proven[rule] = refit_certificate(
            filled, refits.stored.row(k), float(refits.intercepts[k]), path.l1_ratio, penalty,
            fit_intercept=plan.fit_intercept, standardize=plan.standardize, threads=threads,
        )  # fmt: skip
    return Relaxed(refits, proven)


def refit_penalty(penalty: Penalty, coef: Floats) -> Penalty:
    """The refit's own: nothing on the columns that a penalized fit (p,) keeps or no penalty holds, all others left out."""
    return unpenalized_on(penalty, np.flatnonzero((coef != 0) | (penalty.factors == 0)))


def _finished(
    refits: Refits, k: int, rows: Rows, null: Null, penalty: Penalty, fit_intercept: bool
) -> Refits:
    """Squared error: the k-th refit once more from the rows, by QR."""
    scale = np.where(null.x_scale > 0, null.x_scale, 0.0) / null.y_scale
    standard = penalty.scaled(null.x_scale, null.y_scale)
    better = refined(rows, null, refits.stored.row(k) * scale, 0.0, 1.0, standard, fit_intercept)
    if better is None:
        return refits
    old = refits.stored.row(k)
    coef = np.where(scale > 0, better.beta / np.where(scale > 0, scale, 1.0), 0.0)
    for bound in (penalty.lower, penalty.upper):
        coef = coef if bound is None else np.where(old == bound, bound, coef)
    return refits.replaced(k, coef, float(null.y_mean - null.x_mean @ coef))


def refit_certificate(
    rows: Rows, coef: Floats, intercept: float, l1_ratio: float, penalty: Penalty, *, fit_intercept: bool,
    standardize: bool, tolerance: float = GAP_TOLERANCE, threads: int = 1,
) -> Certificate:  # fmt: skip
    """Of a refit, from rows without missing numbers: how far it is from the best unpenalized fit on its support."""
    found = [Candidate(0.0, l1_ratio, intercept, coef)]
    if rows.family == SQUARED:
        return certify(
            rows.design, rows.y, rows.weights, found, penalty, fit_intercept=fit_intercept, standardize=standardize,
            tolerance=tolerance, threads=threads,
        )[0]  # fmt: skip
    responses = Responses(rows.family, rows.y, rows.weights, rows.offset)
    return certify_separable(
        rows.design, responses, found, penalty, fit_intercept=fit_intercept, standardize=standardize,
        tolerance=tolerance, threads=threads,
    )[0]  # fmt: skip


def verified_refits(model: Model, rows: Rows, settings: Mapping[str, Any]) -> dict[str, Certificate]:
    """Of a relaxed model's refits, from rows: "min refit" and "1se refit"."""
    assert model.refits is not None
    out = {}
    for rule, choice in model.selection.choices.items():
        k, (plain, _) = choice.index, model.penalized_fit_of(rule)
        out[f"{rule} refit"] = refit_certificate(
            rows, model.refits.stored.row(k), float(model.refits.intercepts[k]), choice.l1_ratio,
            refit_penalty(model.penalty, plain), **settings,
        )  # fmt: skip
    return out


__all__ = ["Relaxed", "relaxed", "verified_refits"]
