"""StandardScaler, then LassoCV or ElasticNetCV on two threads: scikit-learn, and celer, which has the same classes.

Neither standardizes, bridle and glmnet do, so the scaler belongs to the work; its share is recorded apart ("parts"). It
scales once over all rows, not inside each fold: less work than the others do. Sparse columns are scaled, and centred
implicitly by the classes themselves.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import StandardScaler

from ..arrays import Data, Fits
from ..worker import Answer, Settings, Tool
from . import estimating

# (X, y, alphas, l1_ratio, options of accuracy, offsets for sparse X) -> coefs (p, A)
PathOf = Callable[..., Any]


def tool(home: Any, path_of: PathOf, options: Callable[[Settings], dict[str, Any]]) -> Tool:
    """The tool of a package: ``home`` has LassoCV, ElasticNetCV, Lasso."""

    def call(data: Data, settings: Settings) -> Any:
        if data.estimator is not None:
            return estimating.call(home, data, settings), 0.0
        start = time.perf_counter()
        scaled = StandardScaler(with_mean=not data.sparse).fit_transform(data.X)
        scaling = time.perf_counter() - start
        common = {
            "alphas": data.alphas, "cv": PredefinedSplit(data.folds), "n_jobs": settings.threads,
            **options(settings),
        }  # fmt: skip
        if len(data.l1_ratios) == 1:
            model = home.LassoCV(**common)
        else:
            model = home.ElasticNetCV(l1_ratio=list(data.l1_ratios), **common)
        return model.fit(scaled, data.y), scaling

    def answer(data: Data, result: Any) -> Answer:
        model, scaling = result
        if data.estimator is not None:
            return estimating.answer(data, model)
        error = float(model.mse_path_.mean(axis=-1).min())
        return Answer(float(model.alpha_), error, {"scaling": scaling})

    def path(data: Data, settings: Settings, result: Any) -> Fits:
        """The classes keep one fit only, so the path function runs over all rows with the same settings, untimed."""
        if data.estimator is not None and not data.estimator["folds"]:
            model = result[0] if result is not None else estimating.call(home, data, settings)
            return estimating.fits(data, model)
        scaler = StandardScaler(with_mean=not data.sparse).fit(data.X)
        X = scaler.transform(data.X)
        mean = data.y.mean()
        paths = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            extra = offsets(X) if data.sparse else {}
            X = X.tocsc() if data.sparse else np.asfortranarray(X)
            for ratio in data.l1_ratios:
                coefs = path_of(X, data.y - mean, data.alphas, ratio, options(settings), extra)
                original = coefs.T / scaler.scale_
                paths.append((mean - original @ column_means(data), original))
        return estimating.stacked(data, paths)

    return Tool(call, answer, path)


def offsets(X: Any) -> dict[str, Any]:
    """What the path functions need to centre sparse columns implicitly."""
    return {"X_offset": np.asarray(X.mean(axis=0)).ravel(), "X_scale": np.ones(X.shape[1])}


def column_means(data: Data) -> Any:
    """(p,) of the columns as they are given."""
    return np.asarray(data.X.mean(axis=0)).ravel()
