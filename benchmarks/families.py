"""What the works of generalized linear models need of their families: targets, null models and deviances.

NumPy is all it needs, so that every peer's Python can read it; bridle's own families are not asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CLASSES, COUNTS = 2.0, 0.5  # standard deviation of what is drawn into the linear predictor
FREQUENCY = 0.1  # claims of a full year of exposure


def drawn(rng: np.random.Generator, family: str, signal: Floats, offset: Floats | None = None) -> Floats:
    """Targets (n,) of a linear predictor that goes up and down with ``signal`` (n,).

    Classes 0 and 1, about as many of each; counts of about one a row, or claims of an exposure exp(offset).
    """
    signal = (signal - signal.mean()) / signal.std()
    if family == "binomial":
        return (rng.random(len(signal)) < _logistic(CLASSES * signal)).astype(np.float64)
    mean = np.exp(COUNTS * signal)
    if offset is not None:
        mean *= FREQUENCY * np.exp(offset)
    return rng.poisson(mean).astype(np.float64)


def null_residual(family: str, y: Floats, offset: Floats | None) -> Floats:
    """(n,) y minus its mean under the constant model: its gradient, whose products with the columns bound alpha."""
    if offset is None:
        return np.asarray(y - y.mean())
    exposure = np.exp(offset)
    return np.asarray(y - exposure * (y.sum() / exposure.sum()))


def null_curvature(family: str, y: Floats) -> float:
    """The mean curvature of the constant model: of a column of unit standard deviation, its Hessian."""
    mean = float(y.mean())
    return {"squared": 1.0, "binomial": mean * (1 - mean), "poisson": mean}[family]


def mean_deviance(family: str, y: Floats, eta: Floats) -> Floats:
    """(A,) mean unit deviances of linear predictors (n, A): of squared error the mean squared error."""
    y = y[:, None]
    if family == "squared":
        unit = (y - eta) ** 2
    elif family == "binomial":
        unit = 2 * (np.maximum(eta, 0.0) - y * eta + np.log1p(np.exp(-np.abs(eta))))
    else:
        unit = 2 * (y * np.log(np.where(y > 0, y, 1.0)) - y - y * eta + np.exp(eta))
    return np.asarray(unit.mean(axis=0))


def _logistic(eta: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * eta)))
