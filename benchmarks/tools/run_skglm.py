"""skglm: its warm-started path on each fold, two processes.

Its own cross-validation (GeneralizedLinearEstimatorCV) takes a number of folds, not given ones, and starts every fit anew.
It does not standardize; a scaler goes first, once over all rows. Sparse columns are not centred: the intercept is a
coordinate of its own, which is the same problem. Classes go to its SparseLogisticRegression, one strength after another.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import skglm  # type: ignore[import-not-found]
from sklearn.preprocessing import StandardScaler

from ..arrays import Data, Fits, Floats
from ..worker import Answer, Settings, Tool, serve
from . import estimating, folded
from .one_by_one import warm

TIGHT_ROUNDS = 1_000


def options(tolerance: float | None) -> dict[str, Any]:
    """tol=1e-4 and at most 50 working sets (20 for classes) by default."""
    return {} if tolerance is None else {"tol": tolerance, "max_iter": TIGHT_ROUNDS}


def path_of(tolerance: float | None, rows: folded.Rows, alphas: Floats, ratio: float) -> tuple[Floats, Any]:
    """Its path, or its classifier down the path."""
    accuracy = options(tolerance)
    X = np.asfortranarray(rows.X) if isinstance(rows.X, np.ndarray) else rows.X
    if rows.family == "binomial":
        classifier = skglm.SparseLogisticRegression(l1_ratio=ratio, warm_start=True, **accuracy)
        return warm(classifier, "alpha", alphas, X, rows.y)
    if ratio == 1:
        model = skglm.Lasso(fit_intercept=True, **accuracy)
    else:
        model = skglm.ElasticNet(l1_ratio=ratio, fit_intercept=True, **accuracy)
    coefs = model.path(X, rows.y, alphas, return_n_iter=False)[1]
    return coefs[-1], coefs[:-1]


def call(data: Data, settings: Settings) -> Any:
    """Scaler, folds, all rows."""
    if data.estimator is not None:
        return estimating.call(skglm, data, settings)
    X = StandardScaler(with_mean=not data.sparse).fit_transform(data.X)
    return folded.search(data, X, partial(path_of, settings.tolerance), settings.threads)


def answer(data: Data, result: Any) -> Answer:
    """The smallest mean over the folds."""
    return estimating.answer(data, result) if data.estimator is not None else result.answer(data)


def path(data: Data, settings: Settings, result: Any) -> Fits:
    """Columns have unit standard deviation before the scaler, so its units are the data's."""
    if data.estimator is not None:
        return estimating.fits(data, result if result is not None else call(data, settings))
    if result is None:
        paths = folded.whole(data, data.X, partial(path_of, settings.tolerance))
        result = folded.Result(np.zeros(0), paths)
    return folded.Result.fits(result, data)


if __name__ == "__main__":
    serve(Tool(call, answer, path))
