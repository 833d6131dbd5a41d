"""skglm: its warm-started path on each fold, two processes.

Its own cross-validation (GeneralizedLinearEstimatorCV) takes a number of folds, not given ones, and starts every fit anew.
It does not standardize; a scaler goes first, once over all rows. Sparse columns are not centred: the intercept is a
coordinate of its own, which is the same problem.
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

TIGHT_ROUNDS = 1_000


def path_of(
    tolerance: float | None, X: Any, y: Floats, alphas: Floats, ratio: float
) -> tuple[Floats, Floats]:
    """tol=1e-4 and at most 50 working sets by default."""
    accuracy = {} if tolerance is None else {"tol": tolerance, "max_iter": TIGHT_ROUNDS}
    if ratio == 1:
        model = skglm.Lasso(fit_intercept=True, **accuracy)
    else:
        model = skglm.ElasticNet(l1_ratio=ratio, fit_intercept=True, **accuracy)
    X = np.asfortranarray(X) if isinstance(X, np.ndarray) else X
    coefs = model.path(X, y, alphas, return_n_iter=False)[1]
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
