"""From fits at given or cross-validated strengths to frozen models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..certificate import Certificate
from ..families import SQUARED
from ..model import Model
from ..objective import alpha_max
from ..paths import Path
from ..penalties import Penalty
from ..selection import Selection
from ..solvers import Engine, Plan
from ..solvers.plan import Null, SparseRows
from ..table import Note, Schema
from .certifying import named
from .given import Fit
from .intake import Prepared
from .relaxing import Relaxed
from .remarks import correlated_groups, matrix_notes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What a model says of its making besides the numbers."""

    schema: Schema
    penalty: Penalty
    fit_intercept: bool
    target_name: str = "y"
    notes: tuple[Note, ...] = ()
    call: Mapping[str, Any] | None = None


def given_model(fit: Fit, setting: Setting, k: int = 0) -> Model:
    """The model of a strength that was given, for the k-th target."""
    if fit.parts:
        return given_model(fit.parts[k], setting)
    found = fit.evidence.candidates[k]
    path = single_path(fit, setting.penalty, k)
    kept = np.flatnonzero(found.coef)
    selection = Selection.given(
        found.alpha, found.l1_ratio, train_error=float(path.train_error[0]), n_columns=len(kept), n_variables=len(kept)
    )  # fmt: skip
    return model_of(fit, setting, path, selection, {"given": fit.certificate(k)}, k)


def single_path(fit: Fit, penalty: Penalty, k: int = 0) -> Path:
    """A path of one alpha, for the k-th target."""
    evidence, found = fit.evidence, fit.evidence.candidates[k]
    sums = evidence.sums
    top = float("inf") if fit.pull is None else alpha_max(fit.pull, evidence.penalty, found.l1_ratio)
    at = k if len(sums.y_mean) > 1 else 0
    return Path(
        alphas=np.array([found.alpha]),
        l1_ratio=found.l1_ratio,
        intercepts=np.array([found.intercept]),
        n_nonzero=np.array([np.count_nonzero(found.coef)]),
        degrees_of_freedom=np.array([_degrees_of_freedom(fit, k)]),
        train_error=np.array([float(sums.residual_square[k]) / sums.weight]),
        gaps=np.array([fit.relative_gap(k)]),
        gap_source="rows",
        alpha_max=top,
        x_mean=sums.mean if evidence.fit_intercept else np.zeros_like(sums.mean),
        x_scale=evidence.x_scale,
        y_mean=float(sums.y_mean[at]) if evidence.fit_intercept else 0.0,
        y_scale=1.0,
        stored=SparseRows.of(found.coef[None]),
        gap_rounding=np.zeros(1),
        solver=fit.solver,
    )


def _degrees_of_freedom(fit: Fit, k: int) -> float:
    """Of the fit: the number of columns kept, less what the ridge part shrinks where the moments are at hand."""
    found = fit.evidence.candidates[k]
    kept = np.flatnonzero(found.coef)
    ridge = found.alpha * (1 - found.l1_ratio)
    if ridge == 0 or not len(kept) or fit.engine is None:
        return float(len(kept))
    gram = fit.engine.gram(kept, fit.evidence.fit_intercept)
    return float(np.trace(np.linalg.solve(gram + ridge * np.eye(len(kept)), gram)))


def model_of(
    fit: Fit, setting: Setting, path: Path, selection: Selection, certificates: Mapping[str, Certificate], k: int = 0
) -> Model:  # fmt: skip
    """The frozen model around a path whose chosen point is the fit of the k-th target."""
    evidence, found = fit.evidence, fit.evidence.candidates[k]
    sums = evidence.sums
    at = k if len(sums.y_mean) > 1 else 0
    x_sd, y_sd = np.sqrt(sums.variance), float(np.sqrt(sums.y_variance[at]))
    standardized = found.coef * x_sd / (y_sd if y_sd > 0 else 1.0)
    schema = setting.schema
    model = Model(
        schema=schema,
        intercept=found.intercept,
        coef=found.coef,
        coef_standardized=standardized,
        path=path,
        selection=selection,
        certificates={rule: named(c, schema) for rule, c in certificates.items()},
        penalty=setting.penalty,
        fit_intercept=setting.fit_intercept,
        standardize=False,
        fill_values=sums.mean,
        n_rows=fit.n_rows,
        target_name=setting.target_name,
        target_mean=float(sums.y_mean[at]),
        target_sd=y_sd,
        notes=setting.notes,
        call=setting.call or {},
        solver=fit.solver,
    )
    if fit.engine is None:
        return model
    null = fit.engine.null(Penalty.of(len(found.coef)), True, True)
    groups = correlated_groups(fit.n_rows, fit.engine, schema, null, found.coef, standardized)
    return replace(model, correlated=groups)


def plain_null(engine: Engine, p: int) -> Null:
    """Columns and target by themselves, whatever the family: their means and standard deviations."""
    return getattr(engine, "base", engine).null(Penalty.of(p), True, True)


def assembled(
    ready: Prepared, selection: Selection, path: Path, certificates: Mapping[str, Certificate], engine: Engine, plan: Plan,
    call: Mapping[str, Any], relaxed: Relaxed | None = None,
) -> Model:  # fmt: skip
    """The frozen model of any family around a path, from the engine that solved it; ``relaxed``: with refits mixed in."""
    rows, schema = ready.rows, ready.schema
    index = selection.chosen.index
    coef, intercept = path.stored.row(index), float(path.intercepts[index])
    if relaxed is not None:
        coef, intercept = relaxed.refits.mixed(index, coef, intercept, selection.chosen.mix)
    plain = plain_null(engine, rows.design.p)
    # Per standard deviation of the column; of squared error also of the target, of a link on its own scale.
    standardized = coef * plain.x_scale / (plain.y_scale if rows.family == SQUARED else 1.0)
    return Model(
        schema=schema,
        intercept=intercept,
        coef=coef,
        coef_standardized=standardized,
        path=path,
        selection=selection,
        certificates={rule: named(c, schema) for rule, c in certificates.items()},
        penalty=plan.penalty,
        fit_intercept=plan.fit_intercept,
        standardize=plan.standardize,
        fill_values=plain.x_mean,
        n_rows=rows.design.n,
        target_name=ready.target_name,
        target_mean=plain.y_mean,
        target_sd=plain.y_scale,
        notes=(*ready.notes, *matrix_notes(ready, plain)),
        correlated=correlated_groups(rows.design.n, engine, schema, plain, coef, standardized),
        call=call,
        family=rows.family.text,
        classes=ready.classes,
        has_offset=ready.has_offset,
        class_weights=ready.class_weights,
        solver=engine.name,
        refits=None if relaxed is None else relaxed.refits,
        refit_certificates={}
        if relaxed is None
        else {rule: named(c, schema) for rule, c in relaxed.certificates.items()},
    )
