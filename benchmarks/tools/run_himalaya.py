"""himalaya: RidgeCV with its NumPy backend, an alpha for each target, on the work's folds.

It has no leave-one-out of its own. Columns and targets have mean zero and unit standard deviation already.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from himalaya.ridge import RidgeCV  # type: ignore[import-not-found]
from sklearn.model_selection import PredefinedSplit

from ..arrays import Data, Fits
from ..worker import Answer, Settings, Tool, serve


def call(data: Data, settings: Settings) -> Any:
    """All defaults but the grid, the folds and the intercept."""
    model = RidgeCV(alphas=data.alphas, fit_intercept=True, cv=PredefinedSplit(data.folds))
    return model.fit(data.X, data.y)


def answer(data: Data, model: Any) -> Answer:
    """Means over the targets; its score is minus the mean squared error."""
    return Answer(float(np.mean(model.best_alphas_)), float(-np.mean(model.cv_scores_)), {})


def path(data: Data, settings: Settings, model: Any) -> Fits:
    """One fit a target, at the alpha it chose."""
    count = model.coef_.shape[1]
    alphas = model.best_alphas_ / len(data.y)
    return Fits(alphas, 0.0, model.intercept_, model.coef_.T, np.arange(count))


if __name__ == "__main__":
    serve(Tool(call, answer, path))
