"""The pilot of an adaptive lasso: a ridge fit whose strength its own training rows choose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..families import SQUARED
from ..objective import ridge_degrees_of_freedom
from ..paths import ridge_grid
from ..penalties import Penalty
from ..solvers import Plan
from .procedures import Training

Floats = NDArray[np.float64]
STRENGTHS = 15  # on a grid from 1 % to 99 % of ridge's degrees of freedom
# Share of the rows that the degrees of freedom may reach. Beyond, the criterion is 0 / 0; of other families than squared
# error the deviance vanishes long before, where the columns tell all rows apart.
MOST_FREEDOM, MOST_OF_OTHERS = 0.9, 0.5


@dataclass(frozen=True, eq=False)
class Pilot:
    """Coefficients (p,) in the units that the penalty acts on, and the strength they were fitted at."""

    coefs: Floats
    alpha: float


def pilot_of(training: Training, plan: Plan) -> Pilot:
    """Ridge with the plan's factors and bounds, at the strength of the smallest generalized cross-validation.

    The criterion is D / (1 - d / n)^2 over a grid of strengths: D the mean unit deviance on the training rows, d the degrees
    of freedom with the intercept and one for each unpenalized column, n the rows of positive weight. With squared error it
    is that of Golub, Heath and Wahba (1979). Other families take d at the curvature of their null model (O'Sullivan, Yandell
    and Raynor 1986 have the weighted residuals where D is). It needs no row but those that the fit is made of. Bounds are
    left aside while the strength is chosen.

    Raises
    ------
    UsageError
        For bounds on more columns than ridge with bounds can take.
    """
    engine, penalty = training.engine, plan.penalty
    free = Penalty(penalty.factors)
    spectrum = engine.spectrum(free, plan.fit_intercept, plan.standardize)
    if spectrum.empty:
        return Pilot(np.zeros(len(penalty.factors)), float("nan"))
    ridge = replace(
        plan, l1_ratios=np.zeros(1), alphas=ridge_grid(spectrum, STRENGTHS)[None], penalty=free, max_nonzero=2**62,
        stop_turned=False,
    )  # fmt: skip
    solution = engine.solve(ridge, training.split)
    degrees = ridge_degrees_of_freedom(spectrum, ridge.alphas[0])
    degrees += int((penalty.factors == 0).sum()) + int(plan.fit_intercept)
    most = MOST_FREEDOM if training.every.family == SQUARED else MOST_OF_OTHERS
    at = _smallest(solution.train_error[0, 0], degrees / training.count, most)
    alpha = float(ridge.alphas[0, at])
    if penalty.lower is None and penalty.upper is None:
        return Pilot(solution.coefs[0].row(at), alpha)
    try:
        bounded = engine.solve(replace(ridge, alphas=np.array([[alpha]]), penalty=penalty), training.split)
    except UsageError as problem:
        why = str(problem).split(";")[0]
        raise UsageError(f"An adaptive lasso begins with a ridge fit. {why}; leave the bounds out.") from None
    return Pilot(bounded.coefs[0].row(0), alpha)


def _smallest(errors: Floats, share: Floats, most: float) -> int:
    """Where the criterion is smallest; ``share`` are degrees of freedom by rows. The strongest where all are too many."""
    usable = (share <= most) & np.isfinite(errors)
    if not usable.any():
        return int(np.argmin(share))
    return int(np.argmin(np.where(usable, errors / np.where(usable, 1.0 - share, 1.0) ** 2, np.inf)))


__all__ = ["Pilot", "pilot_of"]
