"""glmstar (its package is called glmnet): GaussNet, then its own cross-validation in two processes.

It standardizes inside each fold, as R's glmnet; sparse columns are centred implicitly.
"""

from __future__ import annotations

import warnings
from typing import Any

import glmnet  # type: ignore[import-not-found]
import numpy as np
from glmnet.paths.fastnet import FastNetControl  # type: ignore[import-not-found]
from sklearn.model_selection import PredefinedSplit

from ..arrays import Data, Fits
from ..worker import Answer, Settings, Tool, serve
from . import estimating

SCORE = "Mean Squared Error"


def fitted(data: Data, settings: Settings, ratio: float) -> Any:
    """The path of all rows; thresh=1e-7 by default."""
    options = {}
    if settings.tolerance is not None:
        options["control"] = FastNetControl(thresh=settings.tolerance, maxit=10_000_000)
    return glmnet.GaussNet(lambda_values=data.alphas, alpha=ratio, **options).fit(data.X, data.y)


def call(data: Data, settings: Settings) -> Any:
    """For each l1_ratio the path of all rows and its cross-validation."""
    models = [fitted(data, settings, ratio) for ratio in data.l1_ratios]
    for model in models:
        model.cross_validation_path(data.X, data.y, cv=PredefinedSplit(data.folds), n_jobs=settings.threads)
    return models


def answer(data: Data, models: Any) -> Answer:
    """The smallest mean over the folds."""
    curves = np.array([model.score_path_.scores[SCORE] for model in models])
    best = np.unravel_index(int(curves.argmin()), curves.shape)
    return Answer(float(data.alphas[best[1]]), float(curves[best]), {})


def path(data: Data, settings: Settings, models: Any) -> Fits:
    """The paths that the call computed."""
    if models is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            models = [fitted(data, settings, ratio) for ratio in data.l1_ratios]
    return estimating.stacked(data, [(model.intercepts_, model.coefs_) for model in models])


if __name__ == "__main__":
    serve(Tool(call, answer, path))
