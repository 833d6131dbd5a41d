"""How errors are read: of squared error as the root of their mean square, of another family as mean deviances."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .formatting import short

if TYPE_CHECKING:
    from ..model import Model


def root(mean_squared: float) -> float:
    """The root of a mean squared error; NaN stays NaN."""
    return math.sqrt(mean_squared) if mean_squared >= 0 else math.nan


def root_error(mean_squared: float, standard_error: float) -> float | None:
    """One standard error of the root, to first order; None where there is none (a single hold-out split).

    >>> root_error(100.0, 4.0), root_error(100.0, float("nan"))
    (0.2, None)
    """
    size = root(mean_squared)
    known = math.isfinite(standard_error) and standard_error > 0 and size > 0
    return standard_error / (2 * size) if known else None


@dataclass(frozen=True)
class Measure:
    """What is shown of an error: its root in units of the target (``squared``), or the mean deviance as it is.

    ``explained`` is what a model has to explain, "variance" say.
    """

    squared: bool = True
    target: str = "the target"
    explained: str = "variance"

    @property
    def name(self) -> str:
        """Of the number itself."""
        return "root mean square" if self.squared else "mean deviance"

    @property
    def noun(self) -> str:
        """How a sentence speaks of it."""
        return "error" if self.squared else "mean deviance"

    @property
    def unit(self) -> str:
        """Of an axis, a table or a heading."""
        return f"root mean square, in units of {self.target}" if self.squared else "mean deviance"

    @property
    def axis(self) -> str:
        """The same, as a figure's axis says it."""
        return f"root mean square error, in units of {self.target}" if self.squared else "mean deviance"

    def value(self, error: float) -> float:
        """What is shown of a mean squared error, or of a mean deviance."""
        return root(error) if self.squared else error

    def spread(self, error: float, standard_error: float) -> float | None:
        """One standard error of it; None where there is none."""
        if self.squared:
            return root_error(error, standard_error)
        return standard_error if math.isfinite(standard_error) and standard_error > 0 else None

    def share(self, without: str) -> str:
        """The formula of the share explained; ``without`` is what is predicted without any variable."""
        if self.squared:
            return f"1 − error² / (error of always predicting {without})²"
        return f"1 − deviance / (deviance of always predicting {without})"


SQUARED = Measure()


def measure_of(model: Model) -> Measure:
    """How the errors of a model are read."""
    target = short(model.target_name, 40)
    if model.family != "squared":
        return Measure(False, target, "deviance")
    return Measure(True, target, "variance" if model.fit_intercept else "mean square")


__all__ = ["SQUARED", "Measure", "measure_of", "root", "root_error"]
