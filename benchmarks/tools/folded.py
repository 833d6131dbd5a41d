"""Cross-validation for tools without one that takes given folds: their path on each fold, their path on all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Data, Fits, Floats
from ..families import mean_deviance
from ..worker import Answer
from .estimating import stacked


@dataclass(frozen=True)
class Rows:
    """Some of the rows, or all; ``offset`` None where there is none."""

    family: str
    X: Any
    y: Floats
    offset: Floats | None

    def taken(self, which: Any) -> Rows:
        """The named ones."""
        return Rows(
            self.family, self.X[which], self.y[which], None if self.offset is None else self.offset[which]
        )


# (rows, alphas, l1_ratio) -> intercepts (A,), coefs (p, A)
PathOf = Callable[[Rows, Floats, float], tuple[Floats, Any]]


@dataclass(frozen=True)
class Result:
    """``errors`` (ratios, folds, A): mean unit deviances or squares; ``paths`` intercepts (A,), coefs (A, p) by ratio."""

    errors: Floats
    paths: list[tuple[Floats, Any]]

    def answer(self, data: Data) -> Answer:
        """The smallest mean over the folds, each row counted alike."""
        mean = np.average(self.errors, axis=1, weights=np.bincount(data.folds))
        best = np.unravel_index(int(mean.argmin()), mean.shape)
        return Answer(float(data.alphas[best[1]]), float(mean[best]), {})

    def fits(self, data: Data) -> Fits:
        """To be judged."""
        return stacked(data, self.paths)


def search(data: Data, X: Any, path_of: PathOf, processes: int) -> Result:
    """One path a fold and ratio, in ``processes`` processes of one thread each; then the paths of all rows."""
    from joblib import Parallel, delayed, parallel_config  # type: ignore[import-untyped]

    splits = [(ratio, fold) for ratio in data.l1_ratios for fold in range(int(data.folds.max()) + 1)]
    rows = Rows(data.family, X if isinstance(X, np.ndarray) else X.tocsr(), data.y, data.offset)
    ready = [
        (ratio, np.flatnonzero(data.folds != fold), np.flatnonzero(data.folds == fold))
        for ratio, fold in splits
    ]
    with parallel_config("loky", inner_max_num_threads=1):
        errors = Parallel(n_jobs=processes)(
            delayed(held_out)(rows, data.alphas, ratio, train, test, path_of) for ratio, train, test in ready
        )
    return Result(
        np.array(errors).reshape(len(data.l1_ratios), -1, len(data.alphas)), whole(data, X, path_of)
    )


def held_out(rows: Rows, alphas: Floats, ratio: float, train: Any, test: Any, path_of: PathOf) -> Floats:
    """(A,) mean squared errors, or mean unit deviances, of one fold."""
    fitted, others = rows.taken(train), rows.taken(test)
    if not isinstance(rows.X, np.ndarray):
        fitted = replace(fitted, X=fitted.X.tocsc())
    intercepts, coefs = path_of(fitted, alphas, ratio)
    eta = np.asarray(others.X @ coefs) + intercepts
    if others.offset is not None:
        eta += others.offset[:, None]
    return mean_deviance(rows.family, others.y, eta)


def whole(data: Data, X: Any, path_of: PathOf) -> list[tuple[Floats, Any]]:
    """The paths of all rows."""
    rows = Rows(data.family, X, data.y, data.offset)
    found = [path_of(rows, data.alphas, ratio) for ratio in data.l1_ratios]
    return [(intercepts, coefs.T) for intercepts, coefs in found]
