"""The directions of the columns, and whether a fit without a penalty has an end along each of them.

Two classes that the columns tell apart, or counts that are all zero in some rows, have none: the loss falls for ever along
some direction of the coefficients (Albert and Anderson 1984). There the fit is left without curvature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpstrf

from ..solvers import Rows

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
TILE = 20_000  # rows of a Gram at a time
DEPENDENT = 1e-11  # a standardized column whose square is this much beside the others is one of them
FLAT = 1e-8  # of the constant model's curvature; directions without an end are left with about 1e-11


@dataclass(frozen=True, eq=False)
class Directions:
    """The span of the named columns on rows with filled cells: ``axes`` (k, rank) are uncorrelated, of variance one.

    ``basis`` (rank,) are columns that span the others.
    """

    rows: Rows
    columns: Index
    fit_intercept: bool
    axes: Floats
    basis: Index

    @staticmethod
    def of(rows: Rows, columns: Index, fit_intercept: bool) -> Directions:
        gram = _gram(rows, columns, _shares(rows), fit_intercept)
        scale = np.sqrt(np.diag(gram))
        inverse = np.where(scale > 0, 1 / np.where(scale > 0, scale, 1.0), 0.0)
        correlation = gram * inverse * inverse[:, None]
        favour = np.geomspace(1.0, 0.5, len(columns))  # among alike columns the first is taken
        _, pivots, rank, _ = dpstrf(correlation * favour * favour[:, None], tol=DEPENDENT, lower=1)
        values, vectors = np.linalg.eigh(correlation)
        first = len(columns) - rank
        lengths = np.sqrt(np.maximum(values[first:], np.finfo(np.float64).eps))
        axes = inverse[:, None] * vectors[:, first:] / lengths
        return Directions(rows, columns, fit_intercept, axes, np.sort(columns[pivots[:rank] - 1]))

    @property
    def rank(self) -> int:
        """How many columns the rows tell apart."""
        return int(self.axes.shape[1])

    def endless(self, predictor: Floats, constant: Floats) -> bool:
        """Whether the fit with these linear predictors (n,) has a direction without curvature, beside the constant's (n,).

        Only where the family's loss falls towards infinity: for a target of 0 at least.
        """
        family, y, share = self.rows.family, self.rows.y, _shares(self.rows)
        if not family.at_the_edge(0.0) or not self.rank:
            return False
        curvature = np.where(
            share > 0, share * family.weight(y, predictor), 0.0
        )  # infinite where a mean overflows
        bent = _gram(self.rows, self.columns, curvature, self.fit_intercept)
        least = float(np.linalg.eigvalsh(self.axes.T @ bent @ self.axes)[0])
        return least < FLAT * float(share @ family.weight(y, constant))


def _shares(rows: Rows) -> Floats:
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    return np.asarray(weights / weights.sum())


def _gram(rows: Rows, columns: Index, weights: Floats, fit_intercept: bool) -> Floats:
    """Second moments (k, k) of the named columns under these weights, about their means where there is an intercept."""
    k, total = len(columns), float(weights.sum())
    tiles = [(a, min(a + TILE, rows.design.n)) for a in range(0, rows.design.n, TILE)]
    centre = np.zeros(k)
    if fit_intercept and total > 0:
        for a, b in tiles:
            centre += weights[a:b] @ rows.design.columns(columns, a, b)
        centre /= total
    out = np.zeros((k, k))
    for a, b in tiles:
        block = rows.design.columns(columns, a, b) - centre
        out += block.T @ (block * weights[a:b, None])
    return out
