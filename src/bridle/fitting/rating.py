"""What a caller asks to choose a strength by, as ratings of fits: a score by its name, or a measure of the caller's own."""

from __future__ import annotations

from typing import Any

from ..errors import UsageError
from ..families import Family
from ..selection import Rating, rating_by
from ..selection.rating import Floats, Index, Rate
from ..selection.scoring import DEVIANCE, SCORES
from .intake import Prepared


def checked_score(name: Any, family: Family) -> str:
    """A score's name, where it suits the family.

    Raises
    ------
    UsageError
        For any other, naming those that do.
    """
    if name not in family.scores:
        raise UsageError(
            f"score must be one of {', '.join(family.scores)} for the family {family.text}, not {name!r}."
        )
    return str(name)


def rating_of(name: str, ready: Prepared) -> Rating | None:
    """How a score of this name rates fits; None of the deviance, which cross-validation has at hand."""
    if checked_score(name, ready.rows.family) == DEVIANCE:
        return None
    return rating_by(SCORES[name], ready.rows, ready.taken)


def rating_with(rate: Rate, ready: Prepared, name: str) -> Rating:
    """Of the caller's own measure, more being better; the design must have no missing numbers."""
    taken = ready.taken
    if taken is None:
        return Rating(name, True, rate, beside=False)

    def restored(which: Index, eta: Floats, coefs: Floats, intercepts: Floats) -> Floats:
        return rate(which, eta + taken[which], coefs, intercepts)

    return Rating(name, True, restored, beside=False)


__all__ = ["Rate", "checked_score", "rating_of", "rating_with"]
