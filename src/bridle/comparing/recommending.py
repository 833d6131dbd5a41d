"""Which row to take, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..reporting.formatting import count, number
from ..reporting.measure import Measure
from .pairing import WORSE, Difference, Splits, paired
from .result import Row


class Recommendation(NamedTuple):
    """The row to take, why, and every other possible row's difference to it."""

    row: Row
    reason: str
    differences: tuple[Difference, ...]


def recommend(rows: Sequence[Row], splits: Splits, n_variables: int) -> Recommendation:
    """The smallest error; among the rows that cannot be told apart from it the simplest: a linear one before a network,
    then the fewest variables, then the smaller error.

    A row that is told apart from any other as the worse one is out, even where the noise of the smallest error hides it.
    ``n_variables`` is how many were offered.
    """
    possible = [row for row in rows if row.possible]
    best = min(possible, key=lambda row: row.error)
    beaten = {
        row.name for row in possible for other in possible
        if row is not other and _between(row, other, splits).verdict == WORSE
    }  # fmt: skip
    # The best is never beaten; with a single split nothing is, and only the best can be taken.
    tied = [row for row in possible if row.name not in beaten and (len(splits.test) > 1 or row is best)]
    taken = min(tied, key=lambda row: (row.kind == "network", row.n_variables, row.error))
    differences = tuple(_between(row, taken, splits) for row in possible if row is not taken)
    return Recommendation(taken, _reason(taken, best, tied, len(possible), splits, n_variables), differences)


def _between(row: Row, reference: Row, splits: Splits) -> Difference:
    return paired(row.name, row.fold_errors, reference.name, reference.fold_errors, splits)


def with_error(row: Row) -> str:
    """The root mean squared error, or the mean deviance, with its standard error, as text.

    >>> import numpy as np
    >>> with_error(Row("a", "A", 100.0, 4.0, 100.0, np.zeros(2)))
    '10.0\\xa0±\\xa00.20'
    """
    spread = row.size_error
    return number(row.size) + ("" if spread is None else f"\u00a0±\u00a0{number(spread, 2)}")


def _reason(taken: Row, best: Row, tied: Sequence[Row], possible: int, splits: Splits, offered: int) -> str:
    size = f"its {Measure(taken.family == 'squared').noun}, {with_error(taken)},"
    linear = taken.kind == "linear" and any(row.kind == "network" for row in tied)
    if possible == 1:
        return f"{taken.title}: no other method is possible here."
    if len(splits.test) < 2:
        return f"{taken.title}: {size} is the smallest, but a single split cannot tell that from chance."
    if taken.name == "null":
        if taken is best:
            return f"Nothing beats the constant: {size} is the smallest of all."
        return (
            f"Nothing beats the constant: {size} cannot be told apart from the smallest "
            f"({_other(best)}), and it needs no variable."
        )
    method = "linear method" if linear else "method"
    fewest = f"no {method} as good keeps fewer variables than its {taken.n_variables:,} of {offered:,}"
    if taken is not best:
        return f"{taken.title}: {size} cannot be told apart from the smallest ({_other(best)}), and {fewest}."
    if len(tied) > 1:
        return f"{taken.title}: {size} is the smallest, and {fewest}."
    kept = f"{taken.n_variables:,} of {count(offered, 'variable')}"
    return f"{taken.title}: {size} is the smallest, by more than chance would make it; it keeps {kept}."


def _other(row: Row) -> str:
    return f"{row.title[:1].lower()}{row.title[1:]}, {number(row.size)}"
