"""A model as a header and arrays, and back: what a model file holds, and who reads the other kinds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import modelfile
from ..certificate import Certificate
from ..errors import ModelFileError
from ..paths import Path
from ..penalties import Penalty
from ..selection import Choice, Curve, Diagnostics, NestedError, Refits, Scored, Selection
from ..solvers.plan import SparseRows
from ..table import Note, Schema
from .contents import Contents, CorrelatedGroup

Kind = TypeVar("Kind", bound=Contents)
# Kinds of models that rooms above read, by name: this room may not import them, and a linear model must not load them.
READERS = {"network": ("bridle.torch.filing", "network_of")}
_PATH_ARRAYS = (
    "alphas", "intercepts", "n_nonzero", "degrees_of_freedom", "train_error", "gaps", "x_mean", "x_scale", "fills",
    "gap_rounding",
)  # fmt: skip
_CURVE_ARRAYS = ("alphas", "mean", "standard_error", "fold_errors", "train_error", "n_nonzero")
_SCORED_ARRAYS = ("mean", "standard_error", "fold_scores", "train")
_PLAIN = (
    "intercept", "fit_intercept", "standardize", "n_rows", "target_name", "target_mean", "target_sd", "family", "solver",
)  # fmt: skip
_STORED = ("starts", "columns", "values")


def save_contents(model: Contents, path: str | os.PathLike[str]) -> None:
    """Writes one file of kind "model"."""
    arrays: dict[str, NDArray[Any]] = {
        "coef": model.coef,
        "coef_standardized": model.coef_standardized,
        "fill_values": model.fill_values,
        "factors": model.penalty.factors,
    }
    for name in ("lower", "upper"):
        bound = getattr(model.penalty, name)
        if bound is not None:
            arrays[name] = bound
    for name in _PATH_ARRAYS:
        arrays[f"path.{name}"] = np.asarray(getattr(model.path, name))
    for name in _STORED:
        arrays[f"path.stored.{name}"] = getattr(model.path.stored, name)
    if model.refits is not None:
        arrays["refits.intercepts"] = model.refits.intercepts
        arrays |= {f"refits.stored.{name}": getattr(model.refits.stored, name) for name in _STORED}
    arrays |= selection_arrays(model.selection)
    modelfile.write(path, "model", _header(model), arrays)


def _header(model: Contents) -> dict[str, Any]:
    path = model.path
    return {
        **{name: getattr(model, name) for name in _PLAIN},
        "classes": list(model.classes),
        "has_offset": model.has_offset,
        "class_weights": None if model.class_weights is None else list(model.class_weights),
        "schema": model.schema.to_dict(),
        "notes": [asdict(note) for note in model.notes],
        "correlated": [asdict(group) for group in model.correlated],
        "call": plain_call(model.call),
        "certificates": {rule: certificate.to_dict() for rule, certificate in model.certificates.items()},
        "adaptive": model.adaptive,
        "refits": None
        if model.refits is None
        else {
            "end": model.refits.end,
            "certificates": {rule: c.to_dict() for rule, c in model.refit_certificates.items()},
        },
        "path": {
            name: getattr(path, name)
            for name in ("l1_ratio", "gap_source", "alpha_max", "y_mean", "y_scale", "solver", "family")
        },
        "selection": selection_header(model.selection),
    }


def selection_header(selection: Selection) -> dict[str, Any]:
    """What a file's header holds of a selection; ``selection_arrays`` holds the rest."""
    nested = selection.nested
    return {
        "rule": selection.rule,
        "null_error": selection.null_error,
        "fold_text": selection.fold_text,
        "n_folds": selection.n_folds,
        "l1_ratios": [curve.l1_ratio for curve in selection.curves],
        "mixes": [curve.mix for curve in selection.curves],
        "relaxed": [[curve.l1_ratio, curve.mix] for curve in selection.relaxed],
        "score": _score_header(selection),
        "choices": {rule: asdict(choice) for rule, choice in selection.choices.items()},
        "nested": None
        if nested is None
        else {
            "error": nested.error,
            "standard_error": nested.standard_error,
            "null_error": nested.null_error,
            "choices": [asdict(choice) for choice in nested.choices],
            "score": nested.score,
            "score_spread": nested.score_spread,
        },
        "diagnostics": None if selection.diagnostics is None else selection.diagnostics.header(),
    }


def _score_header(selection: Selection) -> dict[str, Any] | None:
    """Of the score that chose the strength; None where the errors did."""
    scored = selection.curves[0].scored if selection.curves else None
    return None if scored is None else {"name": scored.name, "larger": scored.larger, "null": scored.null}


def selection_arrays(selection: Selection) -> dict[str, NDArray[Any]]:
    """The curves, what was summed up of predictions out of fold, and these themselves where they were kept."""
    arrays: dict[str, NDArray[Any]] = {}
    for kind, curves in (("curve", selection.curves), ("relaxed", selection.relaxed)):
        for i, curve in enumerate(curves):
            arrays |= {f"{kind}.{i}.{name}": np.asarray(getattr(curve, name)) for name in _CURVE_ARRAYS}
            if curve.scored is not None:
                arrays |= {
                    f"{kind}.{i}.scored.{name}": getattr(curve.scored, name) for name in _SCORED_ARRAYS
                }
    if selection.out_of_fold is not None:
        arrays["out_of_fold"] = selection.out_of_fold
    if selection.diagnostics is not None:
        arrays |= {f"diagnostics.{name}": value for name, value in selection.diagnostics.arrays().items()}
    return arrays


def selection_of(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Selection:
    """The selection that ``selection_header`` and ``selection_arrays`` wrote."""
    nested, diagnosed = header["nested"], header.get("diagnostics")
    score = header.get("score")
    begin, mixes = "diagnostics.", header.get("mixes") or [1.0] * len(header["l1_ratios"])
    return Selection(
        rule=header["rule"],
        curves=_curves("curve", zip(header["l1_ratios"], mixes), arrays, score),
        relaxed=_curves("relaxed", header.get("relaxed", ()), arrays, score),
        choices={rule: Choice(**choice) for rule, choice in header["choices"].items()},
        null_error=header["null_error"],
        fold_text=header["fold_text"],
        n_folds=header["n_folds"],
        nested=None
        if nested is None
        else NestedError(**{**nested, "choices": tuple(Choice(**choice) for choice in nested["choices"])}),
        out_of_fold=arrays.get("out_of_fold"),
        diagnostics=None
        if diagnosed is None
        else Diagnostics.of(
            diagnosed,
            {name.removeprefix(begin): value for name, value in arrays.items() if name.startswith(begin)},
        ),
    )


def _curves(
    kind: str, places: Iterable[Sequence[float]], arrays: Mapping[str, NDArray[Any]], score: Mapping[str, Any] | None
) -> tuple[Curve, ...]:  # fmt: skip
    """Of the kind "curve" or "relaxed", at these l1_ratios and mixes, with the scores of a file that has them."""
    out = []
    for i, (ratio, mix) in enumerate(places):
        own: dict[str, Any] = {name: arrays[f"{kind}.{i}.{name}"] for name in _CURVE_ARRAYS}
        scored = None
        if score is not None:
            values: dict[str, Any] = {name: arrays[f"{kind}.{i}.scored.{name}"] for name in _SCORED_ARRAYS}
            scored = Scored(**score, **values)
        out.append(Curve(float(ratio), mix=float(mix), scored=scored, **own))
    return tuple(out)


def plain_call(call: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call that a header can hold: no arrays, no objects."""
    return {key: value for key, value in call.items() if _jsonable(value)}


def _jsonable(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_jsonable(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _jsonable(item) for key, item in value.items())
    return value is None or isinstance(value, (bool, int, float, str))


def load_contents(path: str | os.PathLike[str], kind: type[Kind]) -> Any:
    """Reads what ``save_contents`` wrote, or another kind of model; every field is checked by the dataclass it goes into.

    ``kind`` is the class of linear models: their own, which stands above this module.
    """
    found, header, arrays = modelfile.read_one_of(path, ("model", *READERS))
    try:
        if found in READERS:
            room, reader = READERS[found]
            return getattr(import_module(room), reader)(header, arrays)
        return kind(**_fields(header, arrays))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        if isinstance(problem, ModelFileError):
            raise
        raise ModelFileError(
            f"{os.fspath(path)} lacks a part of a model ({problem}); fit and save it again."
        ) from problem


def _fields(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    coef = arrays["coef"]
    stored: dict[str, Any] = {name: arrays[f"path.stored.{name}"] for name in _STORED}
    of_path: dict[str, Any] = {name: arrays[f"path.{name}"] for name in _PATH_ARRAYS}
    path = Path(**of_path, **header["path"], stored=SparseRows(**stored, p=len(coef)))
    return {
        **{name: header[name] for name in _PLAIN},
        "classes": tuple(header.get("classes", ())),
        "has_offset": bool(header.get("has_offset", False)),
        "class_weights": None if header.get("class_weights") is None else tuple(header["class_weights"]),
        "schema": Schema.from_dict(header["schema"]),
        "coef": coef,
        "coef_standardized": arrays["coef_standardized"],
        "path": path,
        "selection": selection_of(header["selection"], arrays),
        "certificates": {
            rule: Certificate.from_dict(values) for rule, values in header["certificates"].items()
        },
        "penalty": Penalty(arrays["factors"], arrays.get("lower"), arrays.get("upper")),
        "fill_values": arrays["fill_values"],
        "notes": tuple(Note(**note) for note in header["notes"]),
        "correlated": tuple(
            CorrelatedGroup(tuple(group["variables"]), tuple(group["kept"]), group["correlation"])
            for group in header["correlated"]
        ),
        "call": header["call"],
        "adaptive": header.get("adaptive"),
        **_refits(header.get("refits"), arrays, len(coef)),
    }


def _refits(header: Mapping[str, Any] | None, arrays: Mapping[str, NDArray[Any]], p: int) -> dict[str, Any]:
    """The fields that only a relaxed lasso has."""
    if header is None:
        return {}
    stored: dict[str, Any] = {name: arrays[f"refits.stored.{name}"] for name in _STORED}
    return {
        "refits": Refits(SparseRows(**stored, p=p), arrays["refits.intercepts"], header["end"]),
        "refit_certificates": {
            rule: Certificate.from_dict(values) for rule, values in header["certificates"].items()
        },
    }
