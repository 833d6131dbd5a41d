"""scikit-learn: StandardScaler, then LassoCV or ElasticNetCV (scaled.py); single estimators as they are.

Of families it has no such search with a lasso of one alpha in all folds: LogisticRegressionCV multiplies the sum of the
loss, so that its alpha changes with the rows of a fold. So LogisticRegression goes down the path on each fold, by saga, its
only solver with an l1 penalty and a free intercept; and PoissonRegressor, which has ridge alone, by Newton's steps, which
its manual advises for one-hot columns. PoissonRegressor takes no offset: it gets rates, with the exposures as weights.
With w = exp(offset), w (y / w log(y / w / mu) - y / w + mu) is the loss of the count y at the mean w mu: the same
likelihood. Its mean is over the weights, not the rows, which alpha is divided by.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import linear_model

from ..arrays import Data, Fits, Floats
from ..worker import Answer, Settings, Tool, serve
from . import folded, one_by_one, scaled
from .estimating import TIGHT_ITERATIONS


def options(settings: Settings) -> dict[str, Any]:
    """tol=1e-4, max_iter=1000 by default; a lower tolerance gets room to reach it."""
    return {} if settings.tolerance is None else {"tol": settings.tolerance, "max_iter": TIGHT_ITERATIONS}


def path_of(
    X: Any, y: Any, alphas: Any, ratio: float, accuracy: dict[str, Any], offsets: dict[str, Any]
) -> Any:
    """scikit-learn's own path function, as LassoCV calls it."""
    more = {**offsets, "precompute": False, "check_input": False} if offsets else {}
    return linear_model.enet_path(X, y, l1_ratio=ratio, alphas=alphas, **accuracy, **more)[1]


def family_path(rows: folded.Rows, alphas: Floats, ratio: float, settings: Settings) -> tuple[Floats, Any]:
    """tol=1e-4 and at most 100 iterations by default."""
    accuracy = options(settings)
    if rows.family == "binomial":
        model = linear_model.LogisticRegression(
            l1_ratio=ratio, solver="saga", warm_start=True, random_state=0, **accuracy
        )
        return one_by_one.warm(model, "C", 1 / (alphas * len(rows.y)), rows.X, rows.y)
    assert ratio == 0
    weights = np.ones(len(rows.y)) if rows.offset is None else np.exp(rows.offset)
    model = linear_model.PoissonRegressor(solver="newton-cholesky", warm_start=True, **accuracy)
    return one_by_one.warm(model, "alpha", alphas / weights.mean(), rows.X, rows.y / weights, weights)


def tool() -> Tool:
    """Also of the patched scikit-learn."""
    squared, family = scaled.tool(linear_model, path_of, options), one_by_one.tool(family_path)

    def of(data: Data) -> Tool:
        return squared if data.family == "squared" else family

    def call(data: Data, settings: Settings) -> Any:
        return of(data).call(data, settings)

    def answer(data: Data, result: Any) -> Answer:
        return of(data).answer(data, result)

    def path(data: Data, settings: Settings, result: Any) -> Fits:
        return of(data).path(data, settings, result)

    return Tool(call, answer, path)


if __name__ == "__main__":
    serve(tool())
