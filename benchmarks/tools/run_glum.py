"""glum: GeneralizedLinearRegressorCV, folds in two processes. Squared error (for orientation) after a StandardScaler.

Counts are scaled by the search itself, inside each fold. Categories are categorical columns of a pandas table, which it
keeps as codes by its own matrices (tabmat), every level with a coefficient; offsets are taken as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from glum import (  # type: ignore[import-not-found]
    GeneralizedLinearRegressor,
    GeneralizedLinearRegressorCV,
)
from joblib import parallel_config  # type: ignore[import-untyped]
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import StandardScaler

from ..arrays import Data, Fits
from ..levels import Levels
from ..worker import Answer, Settings, Tool, serve
from . import estimating


def options(settings: Settings) -> dict[str, Any]:
    """gradient_tol=1e-4 by default."""
    if settings.tolerance is None:
        return {}
    return {"gradient_tol": settings.tolerance, "max_iter": 10_000, "max_inner_iter": 10_000_000}


def family(data: Data) -> dict[str, Any]:
    """Its name for it."""
    return {} if data.family == "squared" else {"family": data.family, "scale_predictors": True}


def table(X: Any) -> Any:
    """Numbers by columns, categories as a table."""
    return X.frame() if isinstance(X, Levels) else np.asfortranarray(X)


def call(data: Data, settings: Settings) -> Any:
    """Scaler and search: two processes of one thread each, then all rows with two threads."""
    scaled = StandardScaler().fit_transform(data.X) if data.family == "squared" else data.X
    model = GeneralizedLinearRegressorCV(
        l1_ratio=list(data.l1_ratios), alphas=data.alphas, cv=PredefinedSplit(data.folds),
        n_jobs=settings.threads, **family(data), **options(settings),
    )  # fmt: skip
    with parallel_config("loky", inner_max_num_threads=1):
        return model.fit(table(scaled), data.y, offset=data.offset)


def answer(data: Data, model: Any) -> Answer:
    """The smallest mean over the folds; unit deviances, of the normal family squared errors."""
    return Answer(float(model.alpha_), float(model.deviance_path_.mean(axis=0).min()), {})


def path(data: Data, settings: Settings, model: Any) -> Fits:
    """The search keeps one fit to all rows only, so the path is computed once more, untimed."""
    X = table(data.X)
    paths = []
    for ratio in data.l1_ratios:
        one = GeneralizedLinearRegressor(
            l1_ratio=ratio, alpha_search=True, alphas=data.alphas, **family(data), **options(settings)
        )
        one.fit(X, data.y, offset=data.offset)
        paths.append((np.ravel(one.intercept_path_), one.coef_path_))
    return estimating.stacked(data, paths)


if __name__ == "__main__":
    serve(Tool(call, answer, path))
