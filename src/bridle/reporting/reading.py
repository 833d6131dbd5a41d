"""How the numbers that chose the strength are read: as the errors are, or in another score's own words and direction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..selection import Choice, Curve, Selection
from .axes import Floats
from .formatting import number
from .measure import SQUARED, Measure

_NOUNS = {
    "mae": "mean absolute error",
    "auc": "AUC",
    "log_loss": "log-loss",
    "brier": "Brier score",
    "accuracy": "accuracy",
    "calibration": "miscalibration",
    "gini": "Gini",
}


@dataclass(frozen=True)
class Shown:
    """A curve as it is drawn: (A,) each. ``low`` and ``high`` are NaN where there are no standard errors."""

    value: Floats
    low: Floats
    high: Floats
    train: Floats
    null: float


@dataclass(frozen=True)
class Reading:
    """Of one selection.

    Attributes
    ----------
    noun : what chose, "mean deviance" or "AUC" say.  axis : the same with its unit.
    best : "lowest" or "highest".  scored : whether a score chose instead of the errors.
    """

    measure: Measure
    noun: str
    axis: str
    larger: bool = False
    scored: bool = False

    @property
    def best(self) -> str:
        return "highest" if self.larger else "lowest"

    def rule(self, name: str) -> str:
        """A rule in words."""
        what = self.noun if self.scored else "error"
        rules = {
            "min": f"{self.best} {what} on held-out rows",
            "1se": f"strongest penalty within one standard error of the {self.best}",
        }
        return rules.get(name, "the choice made")

    def value(self, choice: Choice) -> float:
        """What is shown of a choice."""
        return choice.score if self.scored else self.measure.value(choice.error)

    def spread(self, choice: Choice) -> float | None:
        """One standard error of it; None where there is none."""
        if self.scored:
            return known_spread(choice.score_spread)
        return self.measure.spread(choice.error, choice.standard_error)

    def place(self, curve: Curve) -> int:
        """Where a curve is best, the strongest of equals."""
        return int(np.nanargmin(curve.ranked[0]))

    def shown(self, curve: Curve, null_error: float) -> Shown:
        """A curve's numbers; ``null_error`` is the constant model's error."""
        if curve.scored is not None:
            own = curve.scored
            band = _known(own.standard_error)
            return Shown(own.mean, own.mean - band, own.mean + band, own.train, own.null)
        mean = np.asarray(curve.mean, dtype=np.float64)
        band = _known(np.asarray(curve.standard_error, dtype=np.float64))
        read = np.sqrt if self.measure.squared else np.asarray
        return Shown(
            read(mean), read(np.maximum(mean - band, 0.0)), read(mean + band),
            read(np.asarray(curve.train_error, dtype=np.float64)), self.measure.value(null_error),
        )  # fmt: skip


def known_spread(standard_error: float) -> float | None:
    """A standard error, where there is one.

    >>> known_spread(0.1), known_spread(0.0)
    (0.1, None)
    """
    return standard_error if math.isfinite(standard_error) and standard_error > 0 else None


def _known(spread: Floats) -> Floats:
    return np.where(np.isfinite(spread).all() and spread.any(), spread, np.nan)


def reading_of(selection: Selection, measure: Measure = SQUARED) -> Reading:
    """How a selection's choices are read; ``measure`` is how its errors are."""
    scored = selection.curves[0].scored if selection.curves else None
    if scored is None:
        return Reading(measure, measure.noun, measure.axis)
    noun = _NOUNS.get(scored.name, scored.name)
    axis = f"{noun}, in units of {measure.target}" if scored.name == "mae" else noun
    return Reading(measure, noun, axis, scored.larger, True)


def score_sentence(selection: Selection, measure: Measure, without: str) -> str | None:
    """What chose the strength where the errors did not, and what it comes to; ``without`` is the constant model."""
    reading, chosen = reading_of(selection, measure), selection.chosen
    if not reading.scored:
        return None
    said = f"{number(reading.value(chosen))}{_plus_minus(reading.spread(chosen))} on held-out rows"
    scored = selection.curves[0].scored
    assert scored is not None
    if math.isfinite(scored.null):
        said += f", where always predicting {without} has {number(scored.null)}"
    nested = selection.nested
    if nested is not None:
        honest = f"{number(nested.score)}{_plus_minus(known_spread(nested.score_spread))}"
        said += f"; nested cross-validation, whose inner choices are by the same score, gives {honest}"
    return f"The penalty was chosen by the {reading.best} {reading.noun}: {said}."


def _plus_minus(spread: float | None) -> str:
    return "" if spread is None else f"\u00a0±\u00a0{number(spread, 2)}"


__all__ = ["Reading", "Shown", "known_spread", "reading_of", "score_sentence"]
