"""glum: StandardScaler, then GeneralizedLinearRegressorCV (normal family), folds in two processes. For orientation."""

from __future__ import annotations

from typing import Any

import numpy as np
from glum import (  # type: ignore[import-not-found]
    GeneralizedLinearRegressor,
    GeneralizedLinearRegressorCV,
)
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import StandardScaler

from ..arrays import Data, Fits
from ..worker import Answer, Settings, Tool, serve
from . import estimating


def options(settings: Settings) -> dict[str, Any]:
    """gradient_tol=1e-4 by default."""
    if settings.tolerance is None:
        return {}
    return {"gradient_tol": settings.tolerance, "max_iter": 10_000, "max_inner_iter": 10_000_000}


def call(data: Data, settings: Settings) -> Any:
    """Scaler and search."""
    X = np.asfortranarray(StandardScaler().fit_transform(data.X))
    model = GeneralizedLinearRegressorCV(
        l1_ratio=list(data.l1_ratios), alphas=data.alphas, cv=PredefinedSplit(data.folds),
        n_jobs=settings.threads, **options(settings),
    )  # fmt: skip
    return model.fit(X, data.y)


def answer(data: Data, model: Any) -> Answer:
    """The smallest mean over the folds; the deviance of the normal family is the squared error."""
    return Answer(float(model.alpha_), float(model.deviance_path_.mean(axis=0).min()), {})


def path(data: Data, settings: Settings, model: Any) -> Fits:
    """The search keeps one fit to all rows only, so the path is computed once more, untimed."""
    X = np.asfortranarray(data.X)
    paths = []
    for ratio in data.l1_ratios:
        one = GeneralizedLinearRegressor(
            l1_ratio=ratio, alpha_search=True, alphas=data.alphas, **options(settings)
        )
        one.fit(X, data.y)
        paths.append((np.ravel(one.intercept_path_), one.coef_path_))
    return estimating.stacked(data, paths)


if __name__ == "__main__":
    serve(Tool(call, answer, path))
