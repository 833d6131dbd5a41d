"""Families in tools that fit one strength at a time: down the grid, each fit from the last, on every fold and on all rows.

None of these tools standardizes: the columns are scaled once, over all rows, dense ones centred too. Categories become
sparse columns first. All of that is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from ..arrays import Data, Fits, Floats
from ..levels import Levels
from ..worker import Answer, Settings, Tool
from . import estimating, folded

# (rows, alphas, l1_ratio, settings) -> intercepts (A,), coefs (p, A)
PathOf = Callable[[folded.Rows, Floats, float, Settings], tuple[Floats, Any]]


def tool(path_of: PathOf) -> Tool:
    """The tool of a path function."""

    def call(data: Data, settings: Settings) -> Any:
        scaler, X = scaled(data)
        return scaler, folded.search(data, X, partial(told, path_of, settings), settings.threads)

    def answer(data: Data, result: Any) -> Answer:
        return folded.Result.answer(result[1], data)

    def path(data: Data, settings: Settings, result: Any) -> Fits:
        if result is None:
            scaler, X = scaled(data)
            paths = folded.whole(data, X, partial(told, path_of, settings))
        else:
            scaler, paths = result[0], result[1].paths
        mean = 0.0 if scaler.mean_ is None or not scaler.with_mean else scaler.mean_
        original = [(intercepts, coefs / scaler.scale_) for intercepts, coefs in paths]
        return estimating.stacked(data, [(b0 - np.sum(b * mean, axis=1), b) for b0, b in original])

    return Tool(call, answer, path)


def told(
    path_of: PathOf, settings: Settings, rows: folded.Rows, alphas: Floats, ratio: float
) -> tuple[Floats, Any]:
    """The path function with its settings, in the order of ``folded.PathOf``."""
    return path_of(rows, alphas, ratio, settings)


def scaled(data: Data) -> tuple[Any, Any]:
    """The scaler and the columns."""
    X = data.X.one_hot() if isinstance(data.X, Levels) else data.X
    scaler = StandardScaler(with_mean=isinstance(X, np.ndarray))
    return scaler, scaler.fit_transform(X)


def warm(
    model: Any, name: str, strengths: Floats, X: Any, target: Any, weights: Floats | None = None
) -> tuple[Floats, Any]:
    """Sets ``name`` of the estimator to one strength after another and fits; intercepts (A,), coefs (p, A)."""
    more = {} if weights is None else {"sample_weight": weights}
    intercepts, coefs = [], []
    for strength in strengths:
        model.set_params(**{name: strength}).fit(X, target, **more)
        intercepts.append(float(np.ravel(model.intercept_)[0]))
        coefs.append(np.ravel(model.coef_).copy())
    return np.array(intercepts), np.array(coefs).T
