"""The rows of a table as training problems: the whole and its folds, each filling missing numbers with its own means.

A row that lacks a number stands once for every problem, filled with that problem's training mean and of weight zero in
the others: so nothing of a fold leaks into another, and problems still share one matrix. Complete rows stand once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..design import Design
from ..errors import DataError, UsageError
from .network import Floats

Index = NDArray[np.intp]
MOST_CELLS = 500_000_000  # dense numbers: 4 GB before the copies that training makes


@dataclass(frozen=True, eq=False)
class Shares:
    """What B problems do with n rows: weights (B, n) in training, of the rows that they are tested on, and of those that
    early stopping looks at (None: nowhere)."""

    train: Floats
    test: Floats
    held: Floats | None = None

    def taken(self, rows: Index, owner: Index) -> Shares:
        """For rows that stand for several problems (owner -1) or for one."""
        problems = np.arange(len(self.train))[:, None]
        mine = (owner[None, :] == problems) | (owner[None, :] < 0)

        def own(weights: Floats) -> Floats:
            return np.where(mine, weights[:, rows], 0.0)

        return Shares(own(self.train), own(self.test), None if self.held is None else own(self.held))


@dataclass(frozen=True, eq=False)
class Material:
    """Dense rows X (N, p) and y (N, 1), what each problem does with them, and the fills (p,) of problem 0."""

    X: Floats
    y: Floats
    shares: Shares
    fills: Floats

    @property
    def crowding(self) -> float:
        """How many times the rows of a problem the matrix has: batches grow by it, so that steps stay what they were."""
        train = self.shares.train
        rows = max(int(np.count_nonzero(train.any(axis=0))), 1)
        return rows / max(int(np.count_nonzero(train[0])), 1)


def material(design: Design, y: Floats, shares: Shares) -> Material:
    """Read a design once for all problems.

    Raises
    ------
    DataError
        Where it is too large to be dense.
    """
    n, p = design.n, design.p
    if n * p > MOST_CELLS:
        raise DataError(
            f"A network needs every number written out: {n:,} rows of {p:,} columns are {8 * n * p / 1e9:.0f} GB. "
            "Give fewer columns or rows."
        )
    X = design.unfilled().columns(np.arange(p))
    if not len(design.imputed):
        return Material(X, y[:, None], shares, np.zeros(p))
    columns = design.imputed[:, 0]
    missing = design.columns(design.imputed[:, 1]) != 0
    means = _observed_means(X[:, columns], missing, shares.train)
    fills = np.zeros(p)
    fills[columns] = means[0]
    lacking = missing.any(axis=1)
    rows, owner = [np.flatnonzero(~lacking)], [np.full(int((~lacking).sum()), -1)]
    filled = [X[rows[0]]]
    for b in range(len(shares.train)):
        seen = shares.train[b] + shares.test[b] + (0.0 if shares.held is None else shares.held[b])
        own = np.flatnonzero(lacking & (seen > 0))
        part = X[own]
        part[:, columns] += missing[own] * means[b]
        rows.append(own)
        owner.append(np.full(len(own), b))
        filled.append(part)
    of_row = np.concatenate(rows)
    return Material(
        np.concatenate(filled), y[of_row, None], shares.taken(of_row, np.concatenate(owner)), fills
    )


def _observed_means(values: Floats, missing: NDArray[np.bool_], weights: Floats) -> Floats:
    """(B, q) means of what each problem's training rows hold; 0 where they hold nothing. Missing cells are zero."""
    total = weights @ ~missing
    return np.asarray(weights @ values / np.where(total > 0, total, 1.0))


def set_aside(
    train: Floats,
    share: float,
    groups: NDArray[np.generic] | None,
    order: NDArray[np.generic] | None,
    seed: int,
) -> tuple[Floats, Floats]:
    """(B, n) training weights without, and of, the rows that early stopping looks at instead.

    Of every problem about ``share`` of its rows: drawn at random, whole groups where there are groups, the last ones
    where there is an order.

    Raises
    ------
    UsageError
        When a problem has too few rows for both.
    """
    left, held = train.copy(), np.zeros_like(train)
    for b, weights in enumerate(train):
        rows = np.flatnonzero(weights)
        away = rows[_aside(rows, share, groups, order, seed)]
        if not 0 < len(away) < len(rows) - 1:
            raise UsageError(
                f"Early stopping cannot set aside {share:.0%} of {len(rows):,} training rows: give more rows, another "
                "validation_fraction, or leave early stopping out."
            )
        left[b, away], held[b, away] = 0.0, weights[away]
    return left, held


def _aside(
    rows: Index,
    share: float,
    groups: NDArray[np.generic] | None,
    order: NDArray[np.generic] | None,
    seed: int,
) -> NDArray[np.bool_]:
    count = max(1, round(share * len(rows)))
    if order is not None:
        keys = np.unique(order[rows], return_inverse=True)[1]
        return np.asarray(keys >= np.sort(keys)[-count])
    owner = rows if groups is None else groups[rows]
    names, codes = np.unique(owner, return_inverse=True)
    place = np.random.default_rng(seed).permutation(int(np.max(rows)) + 1 if groups is None else len(names))
    rank = place[rows] if groups is None else place[codes]
    return np.asarray(rank <= np.sort(rank)[count - 1])


__all__ = ["Material", "Shares", "material", "set_aside"]
