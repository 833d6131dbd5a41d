"""What things are called in a family: the method, the model without variables, and what it predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..families import Family, family_named
from .formatting import number, percent, short

if TYPE_CHECKING:
    from ..model import Model

_NAMES = {
    "binomial": "logistic",
    "binomial(probit)": "probit",
    "binomial(cloglog)": "binomial (cloglog)",
    "poisson": "Poisson",
    "negative_binomial": "negative binomial",
    "gamma": "gamma",
    "inverse_gaussian": "inverse Gaussian",
    "tweedie": "Tweedie",
    "huber": "Huber",
}


def family_of(model: Model) -> Family:
    """The family that a model was fitted with."""
    return family_named(model.family)


def adjective(family: str) -> str:
    """A family before the name of a method; nothing of squared error.

    >>> adjective("squared"), adjective("binomial"), adjective("tweedie(1.5)")
    ('', 'logistic', 'Tweedie')
    """
    return _NAMES.get(family, _NAMES.get(family.partition("(")[0], ""))


def method(
    l1_ratio: float, alpha: float, article: bool = True, family: str = "squared", *, adaptive: bool = False, mix: float = 1.0
) -> str:  # fmt: skip
    """The name of the method; ``mix`` below 1 is the penalized fit's share of a relaxed one.

    >>> method(1.0, 0.1), method(0.5, 0.1), method(0.0, 1.0, article=False)
    ('a lasso', 'an elastic net (l1_ratio 0.5)', 'ridge regression')
    >>> method(1.0, 0.1, family="binomial"), method(0.0, 0.0, family="inverse_gaussian")
    ('a logistic lasso', 'an inverse Gaussian regression without penalty')
    >>> method(1.0, 0.1, adaptive=True), method(1.0, 0.1, family="poisson", adaptive=True, mix=0.25)
    ('an adaptive lasso', 'an adaptive relaxed Poisson lasso (mix 0.25)')
    """
    kind = adjective(family)
    if alpha == 0:
        if not kind:
            return "plain least squares"
        name = "regression without penalty"
    elif l1_ratio == 1:
        name = "lasso"
    elif l1_ratio == 0:
        name = "ridge regression"
    else:
        name = f"elastic net (l1_ratio {l1_ratio:g})"
    procedure = ("adaptive " if adaptive and alpha > 0 else "") + ("relaxed " if mix < 1 else "")
    name = f"{procedure}{kind} {name}".replace("  ", " ").strip()
    if mix < 1:
        share = f"mix {mix:g}"
        name = name.replace("(l1_ratio", f"({share}, l1_ratio") if name.endswith(")") else f"{name} ({share})"
    if not article:
        return name
    return f"an {name}" if name[0] in "aei" else f"a {name}"


def method_of(model: Model, article: bool = True) -> str:
    """The name of the method of a model's recommended fit."""
    return method(
        model.l1_ratio, model.alpha, article, model.family, adaptive=model.adaptive is not None, mix=model.mix
    )


def second_class(model: Model) -> str:
    """What the probability of a binomial model is the probability of."""
    return _class(model, 1)


def first_class(model: Model) -> str:
    """The class that counts as 0."""
    return _class(model, 0)


def _class(model: Model, which: int) -> str:
    """Its name; one that says nothing by itself, such as 1 or true, with the target's."""
    if not model.classes:
        return ("failure", "success")[which]
    name = model.classes[which]
    bare = name in ("true", "false") or name.replace(".", "", 1).lstrip("-").isdigit()
    return f"{short(model.target_name, 20)} = {name}" if bare else short(name, 24)


def constant(model: Model) -> str:
    """What is predicted without any variable: without an intercept that is no mean."""
    family = family_of(model)
    if model.has_offset:
        if not model.fit_intercept:
            return "the offset alone"
        return "one rate" if family.link == "log" else "the offset and a constant"
    if not model.fit_intercept:
        return "zero" if family.link == "identity" else f"{float(family.mean(np.zeros(1))[0]):.3g}"
    if family.classes:
        return f"the share of {second_class(model)}"
    return "one number" if family.name == "huber" else "the mean"


def predicted(model: Model) -> str:
    """What a model without variables predicts, with its number."""
    family, name = family_of(model), constant(model)
    if not model.fit_intercept:
        return name
    if model.has_offset and family.link != "log":
        return f"the offset and {number(model.intercept)},"
    mean = float(family.mean(np.array([model.intercept]))[0])
    return f"{name}, {percent(mean) if family.classes else number(mean)},"


__all__ = [
    "adjective",
    "constant",
    "family_of",
    "first_class",
    "method",
    "method_of",
    "predicted",
    "second_class",
]
