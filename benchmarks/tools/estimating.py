"""One call of an estimator by scikit-learn's name, whoever provides it: the tools differ by the import alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Data, Fits, Floats
from ..worker import Answer, Settings

TIGHT_ITERATIONS = 100_000


def call(home: Any, data: Data, settings: Settings) -> Any:
    """The constructor with the work's settings, and ``fit``: X as it stands, nothing scaled."""
    assert data.estimator is not None
    options = dict(data.estimator["settings"])
    if data.estimator["grid"]:
        options["alphas"] = data.alphas
    if data.estimator["folds"]:
        from sklearn.model_selection import PredefinedSplit

        options["cv"] = PredefinedSplit(data.folds)
    if settings.tolerance is not None:
        options |= {"tol": settings.tolerance, "max_iter": TIGHT_ITERATIONS}
    return getattr(home, data.estimator["name"])(**options).fit(data.X, data.y)


def answer(data: Data, fitted: Any) -> Answer:
    """The (mean) alpha that it chose; the error where it keeps one: a mean squared one."""
    alpha = float(np.mean(getattr(fitted, "alpha_", getattr(fitted, "alpha", np.nan))))
    if hasattr(fitted, "mse_path_"):
        return Answer(alpha, float(fitted.mse_path_.mean(axis=-1).min()), {})
    return Answer(alpha, float(-np.mean(getattr(fitted, "best_score_", 0.0))), {})


def fits(data: Data, fitted: Any) -> Fits:
    """The fit that it returns, one for each target."""
    assert data.estimator is not None
    ridge = data.estimator["ridge"]
    coefs = np.atleast_2d(fitted.coef_)
    alphas = np.broadcast_to(getattr(fitted, "alpha_", getattr(fitted, "alpha", 0.0)), len(coefs))
    return Fits(
        alphas / len(data.y) if ridge else alphas,
        0.0 if ridge else 1.0,
        np.broadcast_to(fitted.intercept_, len(coefs)),
        coefs,
        np.arange(len(coefs)),
    )


def stacked(data: Data, paths: list[tuple[Floats, Floats]]) -> Fits:
    """One path (intercepts (A,), coefs (A, p)) for each l1_ratio, on the work's grid, as fits to be judged."""
    import scipy.sparse

    return Fits(
        np.tile(data.alphas, len(paths)),
        np.repeat(data.l1_ratios, len(data.alphas)),
        np.concatenate([intercepts for intercepts, _ in paths]),
        scipy.sparse.vstack([scipy.sparse.csr_matrix(coefs) for _, coefs in paths]),
    )
