"""The sentences about a model whose strength was given: nothing was held out, so nothing is said of new rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .formatting import count, number, percent, short
from .measure import measure_of
from .naming import constant, method, predicted
from .words import those_kept, variables

if TYPE_CHECKING:
    from ..model import Model


def training_null(model: Model) -> float:
    """The error on the training rows without any variable; NaN where neither the model nor its path says it.

    With squared error it is that of the mean, or of zero.
    """
    if math.isfinite(model.selection.null_error):
        return model.selection.null_error
    if model.family == "squared":
        return float(model.target_sd**2 + (0.0 if model.fit_intercept else model.target_mean**2))
    share = model.target_mean
    if model.classes and model.fit_intercept and not model.has_offset and 0 < share < 1:
        return -2 * (share * math.log(share) + (1 - share) * math.log1p(-share))
    empty = np.flatnonzero(np.asarray(model.path.n_nonzero) == 0)
    return float(model.path.train_error[empty[0]]) if len(empty) else math.nan


def headline(model: Model) -> str:
    """What was fitted, in half a line."""
    kept, offered = len(model.kept), len(variables(model))
    if kept == 0:
        return f"At this penalty none of {count(offered, 'variable')} is kept"
    name = method(model.l1_ratio, model.alpha, family=model.family).split(" (")[0]
    some = f"{kept:,} of {count(offered, 'variable')}" if kept < offered else f"all {count(kept, 'variable')}"
    if offered == 1:
        some = "1 variable"
    return f"{name[0].upper()}{name[1:]} predicts {short(model.target_name, 40)} from {some}"


def strength(model: Model) -> str:
    """The given alpha, also in the scale of the estimator that it was given to, where that is another.

    scikit-learn's ridge, for one, sums squared errors where bridle takes half their mean.
    """
    own = model.call.get("alpha") if "estimator" in model.call else None
    if isinstance(own, (int, float)) and not math.isclose(own, model.alpha, rel_tol=1e-9):
        name = str(model.call["estimator"]).rpartition(".")[2]
        return f"alpha {number(own)} for {name}, {number(model.alpha)} in bridle's scale"
    return f"alpha {number(model.alpha)}"


def answer(model: Model) -> tuple[str, str]:
    """What the given strength makes of the variables, and that errors on new rows are not known."""
    kept, offered = len(model.kept), len(variables(model))
    target, name = short(model.target_name), method(model.l1_ratio, model.alpha, family=model.family)
    keeps = "keeps none" if kept == 0 else f"keeps {those_kept(kept, offered)}"
    first = (
        f"Predicting {target} from {count(offered, 'variable')}, {name} {keeps} at the given strength "
        f"({strength(model)})" + (f" and predicts {predicted(model)} for every row." if kept == 0 else ".")
    )
    return first, (
        "The strength of the penalty was given, not chosen by errors on held-out rows, so there is no estimate "
        "of the error on new rows."
    )


def fit_sentence(model: Model) -> str:
    """The error on the training rows, and what it leaves open."""
    own, null = measure_of(model), training_null(model)
    error = number(own.value(model.selection.chosen.train_error))
    start = f"On the training rows the {own.noun} is {error}"
    if own.squared:
        start += f" (root mean square, in the units of {short(model.target_name)})"
    if math.isfinite(null):
        start += f", where always predicting {constant(model)} gives {number(own.value(null))}"
    return (
        f"{start}. That says how closely the model follows the rows it was fitted on; on new rows errors are larger as a "
        "rule, and nothing here says by how much."
    )


def honest_sentence(model: Model) -> str:
    """How to get what is missing."""
    if model.family != "squared":
        return f'bridle.fit with family="{model.family}" cross-validates the strength, and gives an estimate.'
    ratio = model.l1_ratio
    estimator = "LassoCV" if ratio == 1 else "RidgeCV" if ratio == 0 or model.alpha == 0 else "ElasticNetCV"
    how = "leaves out every row once" if estimator == "RidgeCV" else "cross-validates"
    return (
        f"Two ways to an estimate: {estimator}, which {how} to choose the strength, and bridle.fit, "
        "which also estimates what the choice itself costs."
    )


def strength_sentence(model: Model) -> str:
    """Where the given strength stands."""
    alone = "No other strength was compared with it."
    if model.alpha == 0:
        return f"There is no penalty: alpha was given as 0. {alone}"
    said = f"It was given: {strength(model)}. {alone}"
    top = model.path.alpha_max
    penalized = bool((model.penalty.factors > 0).all())
    if model.l1_ratio > 0 and math.isfinite(top) and top > 0 and penalized:
        where = (
            f"this one is {percent(model.alpha / top)} of that" if model.alpha < top else "this one is there"
        )
        said += f" From alpha {number(top)} upwards no variable would be kept; {where}."
    return said
