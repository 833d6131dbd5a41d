"""The lesson "yours": the path of a table's model, its errors on new rows, and what all of it is called in its family."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..certificate import GAP_TOLERANCE
from ..errors import NotCertifiedWarning
from ..fitting import fit
from ..model import Model
from ..reporting.meaning import meaning_of
from ..reporting.measure import measure_of
from ..reporting.naming import adjective, constant, second_class
from ..table import Note
from ..table.roles import read_weights
from .asking import Asked, about, noted
from .keys import Key, number_text
from .scoring import held_scores, out_of_fold
from .tables import Tables
from .translating import scales
from .work import Lesson, Progress

Floats = NDArray[np.float64]
MOST_DRAWN = 300  # columns of a design whose paths are sent; the others are counted


def model_of(key: Key, progress: Progress, tables: Tables) -> Model:
    """The model of a key, from memory where it was made before."""
    known = tables.result(("model", _of(key)))
    return known if known is not None else fitted(Asked(key, progress, tables), progress, tables)


def fitted(asked: Asked, progress: Progress, tables: Tables) -> Model:
    """The model that a key asks for, from memory where it was made before."""
    known: Model | None = tables.result(("model", _of(asked.key)))
    if known is not None:
        return known
    ratio = float(asked.key.values["l1_ratio"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)  # the lesson says so itself
        model = fit(
            asked.learn, family=asked.given, l1_ratios=ratio, rule=asked.rule, seed=asked.seed, nested=False,
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
    tables.remember(("model", _of(asked.key)), asked.held.id, model)
    return model


def _of(key: Key) -> str:
    """The key of the model itself: every lesson about it finds the one that was fitted for another."""
    names = ("family", "l1_ratio", "roles", "rule", "seed", "share", "table")
    return str(Key("yours", {name: key.values[name] for name in names}))


def lesson(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """The path, the errors on new rows, the score on the rows put away, and the strength in other packages' words."""
    asked = Asked(key, progress, tables)
    model = fitted(asked, progress, tables)
    progress("scores", 0.0)
    path, choices = model.path, model.selection.choices
    ratio = float(key.values["l1_ratio"])
    curve = model.selection.curve(ratio)
    drawn, coefs = _drawn(model)
    names = model.schema.column_names()
    certified = all(c.certified for c in model.certificates.values())
    gaps = path.gaps[np.isfinite(path.gaps)]  # a loss that is not convex has none
    weights = asked.arguments.get("weights")
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
        **about(key, tables, asked.table, asked.arguments),
        **_words(model),
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
        "certified": bool(certified and np.all(gaps <= GAP_TOLERANCE)),
        "certificate": model.certificate.sentence,
        "fold_text": model.selection.fold_text,
        "target_sd": model.target_sd,
        "notes": noted(model.notes),
        "n_notes": len(model.notes),
        "held": {} if asked.test is None else held_scores(model, asked.learn, asked.test),
        "out_of_fold": out_of_fold(model),
        "scales": scales(model, None if weights is None else float(read_weights(asked.learn, weights).sum())),
        "python": asked.python(call, lines),
        "shell": asked.shell(ratio),
    }


def _words(model: Model) -> dict[str, Any]:
    """What the family calls its errors, its coefficients, its constant model and its predictions."""
    measure, meaning = measure_of(model), meaning_of(model)
    return {
        "family": model.family,
        "kind": adjective(model.family),
        "squared": measure.squared,
        "explained": measure.explained,
        "constant": constant(model),
        "scale": meaning.scale or "",
        "factor": meaning.factor or "",
        "meaning": meaning.sentence or "",
        "classes": list(model.classes),
        "second": second_class(model) if model.classes else "",
        "offset": model.schema.offset or "",
    }


def _drawn(model: Model) -> tuple[NDArray[np.intp], Floats]:
    """Which design columns are sent, the strongest if not all, and their coefficients (A, drawn)."""
    path = model.path
    strongest = np.zeros(path.p)
    for k in range(len(path)):
        np.maximum(strongest, np.abs(path.stored.row(k)) * path.x_scale, out=strongest)
    drawn = np.sort(np.argsort(-strongest, kind="stable")[:MOST_DRAWN])
    return drawn, np.stack([path.stored.row(k)[drawn] for k in range(len(path))])


__all__ = ["fitted", "lesson", "model_of"]
