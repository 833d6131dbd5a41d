"""What else than the deviance can choose a strength: scores of predicted means on rows that a fit did not see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ranking import area_of, gini_of, levels_of

Floats = NDArray[np.float64]
DEVIANCE = "deviance"  # the default, which is no score of this table: solvers compute it on the way
SURE = np.finfo(np.float64).eps  # a probability is held this far from 0 and 1 before its logarithm is taken


@dataclass(frozen=True)
class Score:
    """A number from targets and predicted means; families name those that suit them (``Family.scores``).

    Attributes
    ----------
    larger : whether more is better.
    by_row : of scores that are means over the rows, what each adds: (y, mean), (n,) each -> (n,).
    by_all : of the others: (y, mean, weights, exposure), (n,) each -> a number, NaN where the rows have none.
    undefined : which rows have none, in words.
    """

    name: str
    larger: bool
    by_row: Callable[[Floats, Floats], Floats] | None = None
    by_all: Callable[[Floats, Floats, Floats, Floats], float] | None = None
    undefined: str = ""

    def of(self, y: Floats, mean: Floats, weights: Floats, exposure: Floats) -> float:
        """Of rows of positive weight; all arrays (n,).

        >>> ones = np.ones(2)
        >>> SCORES["mae"].of(np.array([1.0, 2.0]), np.array([1.5, 2.0]), ones, ones)
        0.25
        """
        if self.by_row is not None:
            return float(weights @ self.by_row(y, mean) / weights.sum())
        assert self.by_all is not None
        return self.by_all(y, mean, weights, exposure)


def absolute_error(y: Floats, mean: Floats) -> Floats:
    """|y - mean|."""
    return np.asarray(np.abs(y - mean))


def log_loss(y: Floats, p: Floats) -> Floats:
    """-y log p - (1 - y) log(1 - p): half the deviance of classes, with p held off 0 and 1."""
    sure = np.clip(p, SURE, 1 - SURE)
    return np.asarray(-(y * np.log(sure) + (1 - y) * np.log1p(-sure)))


def brier(y: Floats, p: Floats) -> Floats:
    """The squared error of a probability (Brier 1950); of a share that of its trials, one by one."""
    return np.asarray(y * (1 - p) ** 2 + (1 - y) * p**2)


def accuracy(y: Floats, p: Floats) -> Floats:
    """Whether a threshold of one half says what was observed; of a share, of how many of its trials."""
    return np.where(p >= 0.5, y, 1 - y)


def miscalibration(y: Floats, p: Floats, weights: Floats) -> float:
    """By how much the Brier score falls when the probabilities are put right: replaced by the isotonic regression of y on
    them. 0 where they hold what they promise, whatever they tell apart (the MCB of Dimitriadis, Gneiting and Jordan 2021,
    "Stable reliability diagrams for probabilistic classifiers").

    >>> miscalibration(np.array([0.0, 1.0, 1.0, 1.0]), np.full(4, 0.5), np.ones(4))
    0.0625
    """
    from scipy.optimize import isotonic_regression

    code, _ = levels_of(p)
    total = np.bincount(code, weights=weights)
    share = np.bincount(code, weights=weights * y) / total
    said = np.bincount(code, weights=weights * p) / total
    right = isotonic_regression(share, weights=total).x
    # (p - y)^2 - (r - y)^2 = (p - r) (p + r - 2 y): nothing of the rows' own spread is left to cancel
    return max(float(total @ ((said - right) * (said + right - 2 * share)) / total.sum()), 0.0)


SCORES = {
    score.name: score
    for score in (
        Score("mae", False, absolute_error),
        Score(
            "auc", True, by_all=lambda y, mean, weights, exposure: area_of(y, mean, weights),
            undefined="are all of one class",
        ),
        Score("log_loss", False, log_loss),
        Score("brier", False, brier),
        Score("accuracy", True, accuracy),
        Score(
            "calibration", False, by_all=lambda y, mean, weights, exposure: miscalibration(y, mean, weights)
        ),
        Score(
            "gini", True,
            by_all=lambda y, mean, weights, exposure: gini_of(mean / exposure, weights * y, weights * exposure),
            undefined="have a target of zero each",
        ),
    )
}  # fmt: skip

__all__ = ["DEVIANCE", "SCORES", "Score", "accuracy", "brier", "log_loss"]
