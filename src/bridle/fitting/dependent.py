"""Fits without a penalty where columns depend on each other: solved on some that do not, the shortest taken of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..penalties import Penalty
from ..selection.crossvalidation import coefficients
from ..solvers import Engine, Plan, Rows, Solution, Split
from ..solvers.least_squares import least_squares
from ..solvers.modes import Targets
from ..solvers.plan import Null, SparseRows

DEPENDENT = 1e-11  # a standardized column whose square is this much beside the others is one of them
MOST_COLUMNS = 3_000  # beyond, nobody looks


def solve_unpenalized(rows: Rows, engine: Engine, null: Null, plan: Plan, threads: int) -> Solution:
    """The fit at alpha = 0, every column penalized alike; of many solutions the shortest."""
    whole = Split.whole(rows.design.n)
    kept = _basis(engine, null, plan.fit_intercept)
    if kept is None:
        return engine.solve(plan, whole)
    factors = np.full(rows.design.p, np.inf)
    factors[kept] = 1.0
    found = engine.solve(replace(plan, penalty=Penalty(factors)), whole)
    return _shortest(rows, null, plan, found, threads)


def _basis(engine: Engine, null: Null, fit_intercept: bool) -> NDArray[np.intp] | None:
    """Columns that span all others, by a pivoted Cholesky factor of their Gram; None where all are independent."""
    from scipy.linalg.lapack import dpstrf

    used = np.flatnonzero(null.usable)
    if not len(used) or len(used) > MOST_COLUMNS:
        return None
    gram = engine.gram(used, fit_intercept)
    size = np.sqrt(np.diag(gram))
    _, pivots, rank, _ = dpstrf(gram / size / size[:, None], tol=DEPENDENT, lower=1)
    return None if rank == len(used) else np.sort(used[pivots[:rank] - 1])


def _shortest(rows: Rows, null: Null, plan: Plan, found: Solution, threads: int) -> Solution:
    """The same linear predictors by the shortest coefficients."""
    coefs, intercepts = coefficients(found, 0, np.array([0]))
    eta = rows.design.matvec(coefs[0], threads) + intercepts[0]
    own = least_squares(Targets(rows.design, eta[:, None], rows.weights), None, plan.fit_intercept, threads)[
        :, 0
    ]
    intercept = 0.0
    if plan.fit_intercept:
        share = np.ones(len(eta)) if rows.weights is None else rows.weights
        intercept = float(share @ (eta - rows.design.matvec(own, threads)) / share.sum())
    return replace(
        found,
        coefs=[SparseRows.of(np.where(null.x_scale > 0, own * null.x_scale, 0.0)[None])],
        intercepts=[np.array([[intercept]])],
        nonzero=np.full((1, 1, 1), int(np.count_nonzero(own)), dtype=np.int64),
    )
