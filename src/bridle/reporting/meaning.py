"""What a coefficient means in a family: units of the target, log odds, or a factor on the mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .naming import family_of, second_class

if TYPE_CHECKING:
    from ..model import Model


@dataclass(frozen=True)
class Meaning:
    """What the coefficients of a link say.

    Attributes
    ----------
    scale : what a coefficient adds to, "the log odds of yes" say; None with squared error, where it is the prediction.
    factor : what exp(coefficient) is called, "odds ratio" say; None where it is nothing.
    sentence : the same for a reader; None with squared error.
    """

    scale: str | None = None
    factor: str | None = None
    sentence: str | None = None

    def multiplied(self, coefficient: float) -> float | None:
        """exp(coefficient), where it means something; infinite where it overflows."""
        if self.factor is None:
            return None
        return math.exp(coefficient) if coefficient < 709.0 else math.inf


def meaning_of(model: Model) -> Meaning:
    """What the coefficients of a model say."""
    family = family_of(model)
    if family.link == "identity":
        return Meaning()
    if family.link == "log":
        what = "the rate" if model.has_offset else "the mean"
        scale = f"the logarithm of {what}"
        return Meaning(scale, "factor", _sentence(scale, "factor", f"{what} is multiplied by"))
    second = second_class(model)
    if family.link == "logit":
        scale = f"the log odds of {second}"
        return Meaning(
            scale, "odds ratio", _sentence(scale, "odds ratio", f"the odds of {second} are multiplied by")
        )
    if family.link == "cloglog":
        scale = f"the log hazard of {second}"
        return Meaning(
            scale,
            "hazard ratio",
            _sentence(scale, "hazard ratio", f"the hazard of {second} is multiplied by"),
        )
    scale = f"the probit of {second}"
    return Meaning(
        scale,
        None,
        f"A coefficient is what one unit more adds to {scale}: its quantile of the normal distribution.",
    )


def _sentence(scale: str, factor: str, multiplied: str) -> str:
    return (
        f"A coefficient is what one unit more of its variable adds to {scale}; the {factor}, exp(coefficient), is what "
        f"{multiplied}."
    )


__all__ = ["Meaning", "meaning_of"]
