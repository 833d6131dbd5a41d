"""adelie: its solver on each fold and on all rows, as adelie.cv.cv_grpnet does (weight zero for the held-out rows).

cv_grpnet itself draws folds and alphas of its own and fits each fold twice, so its loop is written out here with ours.
It does not standardize: dense columns are standardized once over all rows into the order that adelie wants; sparse ones
stay sparse under adelie.matrix.standardize, which centres and scales implicitly. Its own threads, early exit off.
"""

from __future__ import annotations

from typing import Any

import adelie as ad  # type: ignore[import-not-found]
import numpy as np

from ..arrays import Data, Fits, Floats
from ..families import mean_deviance
from ..worker import Answer, Settings, Tool, serve
from . import estimating, folded
from .scaled import column_means


def ready(data: Data, threads: int) -> tuple[Any, Floats, Floats]:
    """The matrix that adelie multiplies with, and the means and scales of its columns."""
    mean = column_means(data)
    if data.sparse:
        scale = np.sqrt(np.asarray(data.X.multiply(data.X).mean(axis=0)).ravel() - mean**2)
        inner = ad.matrix.sparse(data.X, method="naive", n_threads=threads)
        return ad.matrix.standardize(inner, mean, scale, n_threads=threads), mean, scale
    scale = data.X.std(axis=0)
    X = np.empty(data.X.shape, order="F")
    np.subtract(data.X, mean, out=X)
    X /= scale
    return ad.matrix.dense(X, method="naive", n_threads=threads), mean, scale


def family(data: Data, weights: Floats | None = None) -> Any:
    """Its loss, weights as it wants them."""
    kinds = {"squared": ad.glm.gaussian, "binomial": ad.glm.binomial}
    return kinds[data.family](data.y, weights=weights)


def solve(X: Any, glm: Any, data: Data, ratio: float, settings: Settings) -> Any:
    """tol=1e-7 by default, for classes irls_tol too."""
    accuracy = {} if settings.tolerance is None else {"tol": settings.tolerance, "max_iters": 10_000_000}
    if settings.tolerance is not None and data.family != "squared":
        accuracy["irls_tol"] = settings.tolerance
    return ad.grpnet(
        X, glm, alpha=ratio, lmda_path=data.alphas, early_exit=False, progress_bar=False,
        n_threads=settings.threads, **accuracy,
    )  # fmt: skip


def errors(X: Any, data: Data, ratio: float, fold: int, settings: Settings) -> Floats:
    """(A,) mean squared errors, or mean unit deviances, of the held-out rows."""
    weights = (data.folds != fold) / (data.folds != fold).sum()
    state = solve(X, family(data, weights), data, ratio, settings)
    predicted = ad.diagnostic.predict(X, state.betas, state.intercepts, n_threads=settings.threads)
    test = data.folds == fold
    return mean_deviance(data.family, data.y[test], predicted[:, test].T)


def whole(X: Any, mean: Floats, scale: Floats, data: Data, settings: Settings) -> list[tuple[Floats, Any]]:
    """The paths of all rows, in units of the data."""
    paths = []
    for ratio in data.l1_ratios:
        state = solve(X, family(data), data, ratio, settings)
        coefs = state.betas.multiply(1 / scale[None, :]).tocsr()
        paths.append((state.intercepts - coefs @ mean, coefs))
    return paths


def call(data: Data, settings: Settings) -> Any:
    """Standardization, folds, all rows."""
    X, mean, scale = ready(data, settings.threads)
    folds = range(int(data.folds.max()) + 1)
    found = [[errors(X, data, ratio, fold, settings) for fold in folds] for ratio in data.l1_ratios]
    return folded.Result(np.array(found), whole(X, mean, scale, data, settings))


def answer(data: Data, result: Any) -> Answer:
    """The smallest mean over the folds."""
    return folded.Result.answer(result, data)


def path(data: Data, settings: Settings, result: Any) -> Fits:
    """The paths that the call computed."""
    paths = result.paths if result is not None else whole(*ready(data, settings.threads), data, settings)
    return estimating.stacked(data, paths)


if __name__ == "__main__":
    serve(Tool(call, answer, path))
