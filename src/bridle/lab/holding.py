"""A table in two: rows to learn from, and rows put away before anything is done with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..selection import make_folds
from ..table import Table, open_table
from ..table.roles import read_groups, read_order


def hold_out(
    data: Any, share: float, *, seed: int = 0, groups: str | None = None, order: str | None = None
) -> tuple[Table, Table]:
    """A table in two: rows to learn from, and a share of the rows put away before anything is done with them.

    Parameters
    ----------
    data : a path or whatever else ``bridle.fit`` takes as a table.
    share : of the rows, between 0 and 1.
    seed : of the draw.
    groups : a column; groups go to one side as a whole.
    order : a column; the last rows are put away instead of random ones.

    Examples
    --------
    >>> learn, test = hold_out({"x": list(range(10)), "y": list(range(10))}, 0.2)
    >>> learn.n_rows, test.n_rows
    (8, 2)
    """
    table = open_table(data)
    learn, test, _ = apart(table, share, seed, groups, order)
    return table.take(learn), table.take(test)


def apart(
    table: Table, share: float, seed: int, groups: str | None, order: str | None
) -> tuple[NDArray[np.intp], NDArray[np.intp], str]:
    """The rows of both sides, rising, and how they were drawn."""
    folds = make_folds(
        table.n_rows,
        float(share),
        groups=None if groups is None else read_groups(table, groups),
        order=None if order is None else read_order(table, order),
        seed=seed,
    )
    split = folds.rounds[0].split()
    learn, test = split.rows_of(split.train[1]), split.rows_of(split.test[1])
    return np.sort(learn), np.sort(test), folds.text


__all__ = ["apart", "hold_out"]
