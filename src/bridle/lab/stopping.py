"""The lesson "stopping": gradient descent without a penalty that is stopped early, beside ridge.

From all-zero weights, t steps at the rate lr leave of a direction of curvature d the share (1 - 2 lr d)^t untaken; ridge
of the lesson's lambda leaves lambda / (d + lambda). The two agree about where lambda = 1 / (2 lr t), so ridge is shown
at those strengths (Goodfellow, Bengio, Courville 2016, section 7.8): for steps even on a log scale, and the best one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..descent import descend
from ..fitting import path as solve_path
from .examples import Example
from .keys import Key, number_text

MOST_STOPS = 60


def lesson(data: Example, key: Key, progress: Callable[[str, float], None]) -> dict[str, Any]:
    """Errors on the training rows and on every third row, which nothing was fitted on; columns of unit sd."""
    lr, steps = float(key.values["lr"]), int(key.values["steps"])
    progress("steps", 0.0)
    held = np.arange(len(data.y)) % 3 == 1
    train = ~held
    X = data.X / data.X[train].std(axis=0)
    y = data.y
    found = descend(X[train], y[train], lr=lr, steps=steps, fit_intercept=True)
    with np.errstate(over="ignore", invalid="ignore"):  # a rate beyond the critical one
        error = ((y[held, None] - X[held] @ found.positions.T - found.intercepts) ** 2).mean(axis=0)
        norms = np.sqrt((found.positions**2).sum(axis=1))
    progress("ridge", 0.5)
    # With t = 0 there would be no strength of ridge to stand beside it.
    best = 1 + int(np.nanargmin(error[1:]))
    stops = np.unique(np.append(np.geomspace(1, steps, min(MOST_STOPS, steps)).round(), best))
    alphas = 1.0 / (2.0 * lr * stops)
    ridge = solve_path(X[train], y[train], alphas=alphas.tolist(), l1_ratio=0.0, standardize=False)
    lines = [
        "import bridle",
        "import numpy as np",
        data.python,
        "held = np.arange(len(y)) % 3 == 1",
        "X = X / X[~held].std(axis=0)",
        f"found = bridle.descend(X[~held], y[~held], lr={number_text(lr)}, steps={steps}, fit_intercept=True)",
        "error = ((y[held, None] - X[held] @ found.positions.T - found.intercepts) ** 2).mean(axis=0)",
        "best = 1 + int(np.nanargmin(error[1:]))",
        f"stops = np.unique(np.append(np.geomspace(1, {steps}, {min(MOST_STOPS, steps)}).round(), best))",
        f"alphas = 1 / (2 * {number_text(lr)} * stops)",
        "ridge = bridle.path(X[~held], y[~held], alphas=alphas, l1_ratio=0, standardize=False)",
        "ridge_error = ((y[held, None] - ridge.predict(X[held])) ** 2).mean(axis=0)",
        "print(best, error[best], ridge_error.min())",
    ]
    return {
        "train_error": found.loss,
        "validation_error": error,
        "best": best,
        "stops": stops.astype(np.int32),
        "norms": norms,
        "ridge_alphas": ridge.alphas,
        "ridge_train": ridge.train_error,
        "ridge_validation": ((y[held, None] - ridge.predict(X[held])) ** 2).mean(axis=0),
        "ridge_norms": np.sqrt((ridge.coefs**2).sum(axis=1)),
        "positions": found.positions,
        "ridge_coefs": ridge.coefs,
        "held": held,
        "critical_lr": found.critical_lr,
        "diverged": found.diverged,
        "diverged_at": found.diverged_at,
        "lr": lr,
        "python": "\n".join(lines),
    }
