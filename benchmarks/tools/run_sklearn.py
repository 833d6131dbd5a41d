"""scikit-learn: StandardScaler, then LassoCV on two threads.

LassoCV does not standardize, bridle and glmnet do, so the scaler belongs to the work; its share is recorded apart
("parts"). It scales once over all rows, not inside each fold: less work than the others do.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from sklearn.linear_model import LassoCV, lasso_path
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import StandardScaler

from ..data import Data
from ..worker import Answer, Floats, Settings, Tool, serve

TIGHT_ITERATIONS = 100_000


def options(settings: Settings) -> dict[str, Any]:
    """tol=1e-4, max_iter=1000 by default; a lower tolerance gets room to reach it."""
    return {} if settings.tolerance is None else {"tol": settings.tolerance, "max_iter": TIGHT_ITERATIONS}


def call(data: Data, settings: Settings) -> tuple[LassoCV, float]:
    """Scaler and LassoCV; also the seconds that the scaler took."""
    start = time.perf_counter()
    scaled = StandardScaler().fit_transform(data.X)
    scaling = time.perf_counter() - start
    model = LassoCV(
        alphas=data.alphas,
        cv=PredefinedSplit(data.folds),
        n_jobs=settings.threads,
        copy_X=False,
        **options(settings),
    )
    return model.fit(scaled, data.y), scaling


def answer(result: tuple[LassoCV, float]) -> Answer:
    """The smallest mean over the folds."""
    model, scaling = result
    return Answer(float(model.alpha_), float(model.mse_path_.mean(axis=1).min()), {"scaling": scaling})


def path(data: Data, settings: Settings, result: Any) -> tuple[Floats, Floats, Floats]:
    """LassoCV keeps one fit only, so its path function runs over all rows with the same settings, untimed."""
    scaler = StandardScaler().fit(data.X)
    mean = data.y.mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alphas, coefs, _ = lasso_path(
            np.asfortranarray(scaler.transform(data.X)),
            data.y - mean,
            alphas=data.alphas,
            **options(settings),
        )
    original = coefs.T / scaler.scale_
    return alphas, mean - original @ scaler.mean_, original


if __name__ == "__main__":
    serve(Tool(call, answer, path))
