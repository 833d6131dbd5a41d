"""Fits on folds rated by a measure of the caller's instead of the deviance, for ``choosing``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..selection import Folds
from ..selection.choosing import summarize
from ..selection.crossvalidation import coefficients
from ..solvers import Engine, Plan
from .choosing import Rating
from .intake import Prepared

Floats = NDArray[np.float64]
# (test rows, linear predictors (A, n_test), coefs (A, p), intercepts (A,)) -> scores (A,), more being better.
Score = Callable[[Any, Floats, Floats, Floats], Floats]


def rated(ready: Prepared, folds: Folds, score: Score, keep: list[Floats]) -> Rating:
    """A ``Rating`` by ``score``, whose values (K, L, A) are left in ``keep``; folds weigh as much as their test rows.

    The design must have no missing numbers.
    """

    def rate(engines: list[Engine], plan: Plan) -> tuple[list[Floats], list[Floats]]:
        rows = ready.rows
        weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
        steps = np.arange(plan.alphas.shape[1])
        scores, sizes = [], []
        for engine, round_ in zip(engines, folds.rounds):
            split = round_.split()
            own = list(range(1, len(split.train)))
            solution = engine.solve(plan, split.of_problems(own), len(own))
            for at, k in enumerate(own):
                test = split.rows_of(split.test[k])
                design = rows.design.take(test)
                out = np.empty(plan.alphas.shape)
                for i in range(len(plan.l1_ratios)):
                    coefs, intercepts = coefficients(solution, i, steps, at)
                    eta = design.matvec(np.ascontiguousarray(coefs.T)).T + intercepts[:, None]
                    if rows.offset is not None:
                        eta = eta + rows.offset[test]
                    if ready.taken is not None:
                        eta = eta + ready.taken[test]
                    out[i] = score(test, eta, coefs, intercepts)
                scores.append(out)
                sizes.append(float(weights[test].sum()))
        keep.append(np.stack(scores))
        pairs = [summarize(-keep[-1][:, i], np.array(sizes)) for i in range(len(plan.l1_ratios))]
        return [mean for mean, _ in pairs], [spread for _, spread in pairs]

    return rate
