"""A Gram matrix that the user hands over: checked against the rows, and otherwise not needed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .reading import Table


def check_gram(
    precompute: Any, table: Table, weights: NDArray[np.float64] | None, fit_intercept: bool
) -> None:
    """Raises where the matrix is not X'X of these columns; warns, as scikit-learn does, where X was not centred.

    A wrong Gram matrix is a mistake that the caller wants to hear of, although nothing is computed from it.
    """
    if isinstance(precompute, (bool, str)) or precompute is None or not isinstance(table.X, np.ndarray):
        return
    gram = np.asarray(precompute)
    p = table.X.shape[1]
    if gram.shape != (p, p):
        raise UsageError(
            f"The Gram matrix given as precompute has the shape {gram.shape}, but X has {p} columns."
        )
    n = len(table.X)
    w = np.ones(n) if weights is None else weights * (n / weights.sum())
    mean = w @ table.X / n
    if fit_intercept and not np.allclose(mean, 0.0):
        warnings.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix.",
            UserWarning,
            stacklevel=3,
        )
        return
    a, b = p // 2, p // 2 + 1 if p // 2 + 1 < p else p // 2 - 1 if p > 1 else 0
    off = table.X[:, [a, b]].astype(np.float64) - (mean[[a, b]] if fit_intercept else 0.0)
    expected = float((w * off[:, 0]) @ off[:, 1])
    tolerance = (1e-4 if table.dtype == np.float32 else 1e-7) * max(abs(expected), 1e-10) + 1e-6
    if abs(float(gram[a, b]) - expected) > tolerance:
        raise UsageError(
            "The Gram matrix passed in via the 'precompute' parameter did not pass validation when a single element was "
            f"checked: element ({a}, {b}) should be {expected:.6g}, but is {float(gram[a, b]):.6g}."
        )
