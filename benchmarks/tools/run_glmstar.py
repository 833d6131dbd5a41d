"""glmstar (its package is called glmnet): GaussNet, LogNet or FishNet, then its own cross-validation in two processes.

It standardizes inside each fold, as R's glmnet; sparse columns are centred implicitly. An offset is a
column beside the target. Categories become sparse columns within what is timed.
"""

from __future__ import annotations

import warnings
from typing import Any

import glmnet  # type: ignore[import-not-found]
import numpy as np
import pandas as pd
from glmnet.paths.fastnet import FastNetControl  # type: ignore[import-not-found]
from sklearn.model_selection import PredefinedSplit

from ..arrays import Data, Fits
from ..levels import Levels
from ..worker import Answer, Settings, Tool, serve
from . import estimating

SCORES = {"squared": "Mean Squared Error", "binomial": "Binomial Deviance", "poisson": "Poisson Deviance"}


def columns_and_target(data: Data) -> tuple[Any, Any]:
    """As it wants them."""
    X = data.X.one_hot() if isinstance(data.X, Levels) else data.X
    if data.offset is None:
        return X, data.y
    return X, pd.DataFrame({"y": data.y, "offset": data.offset})


def fitted(data: Data, given: tuple[Any, Any], settings: Settings, ratio: float) -> Any:
    """The path of all rows; thresh=1e-7 by default."""
    options: dict[str, Any] = {}
    if settings.tolerance is not None:
        options["control"] = FastNetControl(thresh=settings.tolerance, maxit=10_000_000)
    if data.offset is not None:
        options |= {"offset_id": "offset", "response_id": "y"}
    kinds = {"squared": glmnet.GaussNet, "binomial": glmnet.LogNet, "poisson": glmnet.FishNet}
    return kinds[data.family](lambda_values=data.alphas, alpha=ratio, **options).fit(*given)


def call(data: Data, settings: Settings) -> Any:
    """For each l1_ratio the path of all rows and its cross-validation."""
    given = columns_and_target(data)
    models = [fitted(data, given, settings, ratio) for ratio in data.l1_ratios]
    for model in models:
        model.cross_validation_path(*given, cv=PredefinedSplit(data.folds), n_jobs=settings.threads)
    return models


def answer(data: Data, models: Any) -> Answer:
    """The smallest mean over the folds."""
    curves = np.array([model.score_path_.scores[SCORES[data.family]] for model in models])
    best = np.unravel_index(int(curves.argmin()), curves.shape)
    return Answer(float(data.alphas[best[1]]), float(curves[best]), {})


def path(data: Data, settings: Settings, models: Any) -> Fits:
    """The paths that the call computed."""
    if models is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = columns_and_target(data)
            models = [fitted(data, given, settings, ratio) for ratio in data.l1_ratios]
    return estimating.stacked(data, [(model.intercepts_, model.coefs_) for model in models])


if __name__ == "__main__":
    serve(Tool(call, answer, path))
