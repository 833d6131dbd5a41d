"""The JSON that ``--json`` prints: a model and what is said about it, in a schema with a version."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np

from ..selection import Choice, NestedError, Scored
from ..selection.scoring import DEVIANCE
from .formatting import clean
from .naming import family_of
from .page import summon
from .summarizing import ErrorRow, summary

if TYPE_CHECKING:
    from ..certificate import Certificate
    from ..model import Model
    from ..selection import Diagnostics, Selection
    from ..table import Note

SCHEMA = "bridle.fit/1"


def to_json(model: Model | Any) -> dict[str, Any]:
    """Turn a model into plain JSON types, under the schema "bridle.fit/1" (a network: "bridle.fit-network/1").

    Errors are mean squared errors in the target's units squared; "rmse" is their root. Of another family than squared
    error both are null and "deviance" holds the mean unit deviance (in ``selection`` too); ``score_names`` says what was
    taken. A number that JSON cannot hold (NaN, infinite) is null. Within one version of the schema keys are only added.

    ``model.adaptive`` is the power of adaptive weights or null, ``model.mix`` the penalized fit's share: below 1 of a
    relaxed lasso, whose ``certificate`` is of the penalized fit and ``refit_certificate`` of the refit; ``certified``
    means both.
    ``selection.mixes`` has the errors of every mix that was compared.

    ``out_of_fold`` sums up the predictions out of fold of classes, counts and amounts: ``scores``, the bins of the
    calibration, and the ROC, or the Lorenz curve and the bins of the double lift; null with other families.

    ``selection.score`` names what chose the strength. Where that is no deviance, every curve has its ``score`` beside the
    errors (``larger_is_better``, ``mean``, ``standard_error``, ``train``), every choice and ``nested`` theirs, else null.

    Where the strength was given (``selection.rule`` is "given") no row was held out. Then all of
    ``errors.heldout``, ``fit.verdict``, ``selection.folds``, ``selection.null_error`` and the errors of its
    choice are null, ``selection.curves`` is empty, and ``errors.null`` is on the training rows as
    ``errors.train`` is. ``fit.other_rule`` is null where only one rule was applied.

    Parameters
    ----------
    model : a fitted model, as ``bridle.fit`` returns it or ``bridle.load`` reads it.

    Examples
    --------
    >>> import numpy as np
    >>> import bridle
    >>> from bridle.reporting import to_json
    >>> x = np.random.default_rng(0).normal(size=(80, 3))
    >>> model = bridle.fit(x, 3 * x[:, 0] + np.random.default_rng(1).normal(size=80))
    >>> to_json(model)["schema"]
    'bridle.fit/1'
    """
    summon(model)
    made: dict[str, Any] = plain(record_of(model))
    return made


@singledispatch
def record_of(model: Any) -> dict[str, Any]:
    """What is recorded of a model; rooms above register their own kinds."""
    said = summary(model)
    chosen, refit = model.selection.chosen, model.refit_certificate
    return {
        "schema": SCHEMA,
        "target": said.target,
        "n_rows": said.n_rows,
        "family": model.family,
        "link": family_of(model).link,
        "classes": list(model.classes) or None,
        "offset": model.has_offset,
        "class_weights": None
        if model.class_weights is None
        else dict(zip(model.classes, model.class_weights)),
        "score_names": {"error": said.scale.name, "explained": f"share of {said.scale.explained} explained"},
        "answer": list(said.answer),
        "model": {
            "method": said.method,
            "rule": chosen.rule,
            "l1_ratio": chosen.l1_ratio,
            "alpha": chosen.alpha,
            "adaptive": model.adaptive,
            "mix": chosen.mix,
            "intercept": said.intercept,
            "coefficients": [
                {
                    "variable": c.variable,
                    "level": c.level,
                    "value": c.value,
                    "standardized": c.standardized,
                    "effect": c.effect,
                    "factor": c.factor,
                }
                for c in said.coefficients
            ],
            "kept": list(said.kept),
            "dropped": list(said.dropped),
        },
        "errors": errors_record(said.errors, said.estimated, squared=said.scale.squared),
        "fit": {
            "verdict": said.verdict,
            "sentence": said.fit,
            "honest": said.honest,
            "chosen_by": said.chosen_by,
            "other_rule": said.other,
        },
        "selection": selection_record(model.selection),
        "out_of_fold": diagnostics_record(model.selection.diagnostics),
        "correlated": [
            {"variables": list(g.variables), "kept": list(g.kept), "correlation": g.correlation}
            for g in model.correlated
        ],
        "notes": notes_record(model.notes),
        "certified": said.certified,
        "certificate": _certificate(model.certificate),
        "refit_certificate": None if refit is None else _certificate(refit),
        "call": dict(model.call),
    }


def notes_record(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """The remarks on the data."""
    return [{"kind": n.kind, "variable": n.variable, "text": n.text, "warning": n.warning} for n in notes]


def errors_record(
    errors: Sequence[ErrorRow], estimated: bool, *, squared: bool | None = None
) -> dict[str, Any]:
    """Errors by their keys; those on held-out rows are null where they are not known.

    ``squared`` says whether they are mean squares; None leaves out the keys that tell them from deviances.
    """
    rows = {row.key: _error(row, squared) for row in errors}
    if estimated:
        return rows
    return rows | {"heldout": dict.fromkeys(rows["train"])}


def _error(row: ErrorRow, squared: bool | None) -> dict[str, Any]:
    keys = ("mean_squared", "rmse", "rmse_standard_error", "deviance", "deviance_standard_error")
    values: dict[str, Any] = dict.fromkeys(keys if squared is not None else keys[:3])
    if squared is False:
        values |= {"deviance": row.mean, "deviance_standard_error": row.standard_error}
    else:
        values |= dict(zip(keys, (row.mean, row.size, row.standard_error)))
    return values | {"explained": row.explained}


def diagnostics_record(found: Diagnostics | None) -> dict[str, Any] | None:
    """What predictions out of fold sum up to."""
    if found is None:
        return None
    parts = {name: getattr(found, name) for name in ("calibration", "roc", "lorenz", "lift")}
    return {
        "n_rows": found.n_rows,
        "weight": found.weight,
        "scores": dict(found.scores),
        **{name: None if part is None else vars(part) for name, part in parts.items()},
    }


def selection_record(selection: Selection) -> dict[str, Any]:
    """How the strength came about."""
    nested, scored = selection.nested, selection.score != DEVIANCE
    return {
        "rule": selection.rule,
        "score": selection.score if selection.curves else None,
        "folds": selection.fold_text or None,
        "n_folds": selection.n_folds,
        "null_error": selection.null_error,
        "choices": {name: _choice(choice, scored) for name, choice in selection.choices.items()},
        "curves": [
            {
                "l1_ratio": c.l1_ratio,
                "alphas": c.alphas,
                "mean": c.mean,
                "standard_error": c.standard_error,
                "train_error": c.train_error,
                "n_nonzero": c.n_nonzero,
                "mix": c.mix,
                "score": None if c.scored is None else _scored(c.scored),
            }
            for c in selection.curves
        ],
        "mixes": [
            {"l1_ratio": c.l1_ratio, "mix": c.mix, "alphas": c.alphas, "mean": c.mean}
            for c in selection.relaxed
        ],
        "nested": None
        if nested is None
        else {
            "error": nested.error,
            "standard_error": nested.standard_error,
            "null_error": nested.null_error,
            "score": _own_score(nested, scored),
            "choices": [_choice(choice, scored) for choice in nested.choices],
        },
    }


def _scored(of: Scored) -> dict[str, Any]:
    return {
        "name": of.name,
        "larger_is_better": of.larger,
        "null": of.null,
        "mean": of.mean,
        "standard_error": of.standard_error,
        "train": of.train,
    }


def _own_score(of: Choice | NestedError, scored: bool) -> dict[str, Any] | None:
    return {"value": of.score, "standard_error": of.score_spread} if scored else None


def _choice(choice: Choice, scored: bool) -> dict[str, Any]:
    return {
        "rule": choice.rule,
        "l1_ratio": choice.l1_ratio,
        "alpha": choice.alpha,
        "error": choice.error,
        "standard_error": choice.standard_error,
        "train_error": choice.train_error,
        "n_columns": choice.n_columns,
        "n_variables": choice.n_variables,
        "mix": choice.mix,
        "score": _own_score(choice, scored),
    }


def _certificate(c: Certificate) -> dict[str, Any]:
    return {
        "certified": c.certified,
        "identified": c.identified,
        "sentence": clean(c.sentence),
        "alpha": c.alpha,
        "l1_ratio": c.l1_ratio,
        "objective": c.objective,
        "gap": c.gap,
        "relative_gap": c.relative_gap,
        "kkt_violation": c.kkt_violation,
        "kkt_variable": c.kkt_variable,
        "block_gradient": c.block_gradient,
        "coefficient_error": c.coefficient_error,
        "coefficient_norm": c.coefficient_norm,
        "tolerance": c.tolerance,
        "source": c.source,
        "convex": c.convex,
        "units": c.units,
    }


def plain(value: Any) -> Any:
    """Plain JSON types all the way down; what has none is written as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {plain(str(k)): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    return str(value)
