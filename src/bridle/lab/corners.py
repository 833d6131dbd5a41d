"""The lesson "corners": everything that a picture of two weights needs, columns and target of unit standard deviation.

With the correlations G of the columns and c with the target, the loss of weights w is 1/2 (1 - 2 w'c + w'Gw), half the
share of the target's variance that is left; bridle adds alpha (l1_ratio sum |w| + (1 - l1_ratio)/2 sum w^2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..fitting import path as solve_path
from ..moments import Moments
from .examples import Example
from .keys import Key, number_text


def lesson(data: Example, key: Key, progress: Callable[[str, float], None]) -> dict[str, Any]:
    """The path in standardized units, the least-squares weights it ends in, and the correlations."""
    ratio = float(key.values["l1_ratio"])
    progress("correlations", 0.0)
    covariance = Moments.from_arrays(data.X, data.y).covariance()
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    sd, target_sd = scale[:-1], float(scale[-1])
    progress("path", 0.2)
    path = solve_path(data.X, data.y, l1_ratio=ratio)
    progress("least squares", 0.8)
    free = solve_path(data.X, data.y, alphas=[0.0])
    to_standard = sd / target_sd
    lines = [
        "import bridle",
        data.python,
        f"path = bridle.path(X, y, l1_ratio={number_text(ratio)})",
        "betas = path.coefs * X.std(axis=0) / y.std()",
        "least_squares = bridle.path(X, y, alphas=[0]).coefs[0] * X.std(axis=0) / y.std()",
        "print(path.alphas, betas, least_squares)",
    ]
    return {
        "alphas": path.alphas,
        "l1_ratio": ratio,
        "gram": correlation[:-1, :-1],
        "cross": correlation[:-1, -1],
        "betas": path.coefs * to_standard,
        "least_squares": free.coefs[0] * to_standard,
        "sd": sd,
        "target_sd": target_sd,
        "r2": 1.0 - path.train_error / target_sd**2,
        "gaps": path.gaps,
        "alpha_max": path.alpha_max,
        "python": "\n".join(lines),
    }
