"""The data, drawn anew from a seed for every run.

Columns and target have unit (population) standard deviation over all rows, so that on the full data bridle's alpha,
scikit-learn's alpha and glmnet's lambda are one and the same number, whether a tool standardizes or not. Dense columns
have mean zero as well; sparse ones are only scaled, so that zeros stay zeros, and the intercept does the rest. Classes and
counts stay as they are. The columns of categories are zeros and ones, which every tool scales.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import scipy.sparse

from . import families, levels
from .arrays import Data, Floats
from .levels import Levels
from .works import Work

SEED = 20_240_229
CHUNK_CELLS = 5_000_000
MOST_RIDGE = 1e3  # the strongest alpha of a ridge grid, per row
MOST_HELD = 1e2  # the same of a generalized linear model, in units of the null model's curvature


def independent(rng: np.random.Generator, rows: int, p: int) -> Floats:
    """Normal columns that know nothing of each other."""
    return rng.standard_normal((rows, p))


def neighbours(rng: np.random.Generator, rows: int, p: int) -> Floats:
    """Normal columns, neighbours correlated 0.9, the next but one 0.81, ..."""
    x = rng.standard_normal((p, rows))
    for j in range(1, p):
        x[j] *= np.sqrt(1 - 0.9**2)
        x[j] += 0.9 * x[j - 1]
    return np.ascontiguousarray(x.T)


def blocks(rng: np.random.Generator, rows: int, p: int) -> Floats:
    """Blocks of ten columns, correlated about 0.7 by a common part, all with heavy tails (Student's t, 4 degrees)."""
    common = rng.standard_t(4, size=(rows, -(-p // 10)))
    x = rng.standard_t(4, size=(rows, p))
    x *= np.sqrt(0.3)
    x += np.sqrt(0.7) * common[:, np.arange(p) // 10]
    return x


KINDS: dict[str, Callable[[np.random.Generator, int, int], Floats]] = {
    "independent": independent,
    "neighbours": neighbours,
    "blocks": blocks,
}


def make(work: Work, kind: str) -> Data:
    """Draws the data of a work."""
    rng = np.random.default_rng([SEED, work.n, work.p, [*KINDS, "diabetes", "zipf", "levels"].index(kind)])
    X: Any
    offset = None
    if kind == "diabetes":
        X, y = _diabetes()
    elif kind == "zipf":
        X, y = _zipf(rng, work)
    elif kind == "levels":
        X, y, offset = _claims(rng, work)
    else:
        X, y = _drawn(rng, work, KINDS[kind])
    if kind not in ("zipf", "levels"):
        _standardize(X)
    if work.family == "squared":
        _standardize(y)
    folds = np.empty(work.n, dtype=np.int32)
    folds[rng.permutation(work.n)] = np.arange(work.n) * work.folds // work.n
    estimator = None if work.estimator is None else {**asdict(work.estimator), "ridge": work.estimator.ridge}
    y = y[:, 0] if work.targets == 1 else y
    return Data(X, y, folds, grid(work, X, y, offset), work.l1_ratios, estimator, work.family, offset)


def grid(work: Work, X: Any, y: Floats, offset: Floats | None) -> Floats:
    """Decreasing alphas: from the one that keeps nothing at the smallest l1_ratio; for ridge from a strong one."""
    if work.exact:
        return work.n * np.geomspace(MOST_RIDGE, MOST_RIDGE * work.span, work.n_alphas)
    if work.ridge:
        top = MOST_HELD * families.null_curvature(work.family, y)
    else:
        off = families.null_residual(work.family, y, offset)
        pull = X.one_hot().T @ off / X.deviation() if isinstance(X, Levels) else X.T @ off
        top = float(np.abs(pull).max()) / work.n / min(work.l1_ratios)
    return np.geomspace(top, top * work.span, work.n_alphas)


def _diabetes() -> tuple[Floats, Floats]:
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    return np.ascontiguousarray(X), y[:, None].copy()


def _drawn(
    rng: np.random.Generator, work: Work, kind: Callable[[np.random.Generator, int, int], Floats]
) -> tuple[Floats, Floats]:
    n, p = work.n, work.p
    X = np.empty((n, p))
    step = max(1, CHUNK_CELLS // p)
    for a in range(0, n, step):
        X[a : a + step] = kind(rng, min(step, n - a), p)
    return X, _explained(rng, X, work, np.arange(p))


def _claims(rng: np.random.Generator, work: Work) -> tuple[Levels, Floats, Floats]:
    """Policies: categories, numbers of claims, and the logarithm of the exposure, between some days and a year."""
    X = levels.drawn(rng, work.n, work.levels)
    offset = np.log(rng.uniform(0.02, 1.0, work.n))
    signal = X.one_hot() @ rng.standard_normal(work.p)
    return X, families.drawn(rng, work.family, signal, offset)[:, None], offset


def _zipf(rng: np.random.Generator, work: Work) -> tuple[Any, Floats]:
    """Sparse columns: the j-th most frequent has about 1/j of the first one's non-zeros, heavy-tailed (Student's t)."""
    n, p, wanted = work.n, work.p, work.nonzeros or 0
    counts = zipf_counts(p, wanted, n // 2)
    parts = []
    for j in np.flatnonzero(counts > n // 20):  # full columns one by one, drawn without repetition
        parts.append(j * n + np.sort(rng.choice(n, counts[j], replace=False)))
    rare = np.flatnonzero(counts <= n // 20)
    drawn = np.repeat(rare, counts[rare]) * n + rng.integers(0, n, int(counts[rare].sum()))
    cells = np.sort(np.concatenate([*parts, np.unique(drawn)]))
    columns, rows = np.divmod(cells, n)
    starts = np.searchsorted(columns, np.arange(p + 1))
    values = rng.standard_t(4, size=len(cells))
    mean = np.bincount(columns, weights=values, minlength=p) / n
    values /= np.sqrt(np.bincount(columns, weights=values**2, minlength=p) / n - mean**2)[columns]
    X = scipy.sparse.csc_matrix((values, rows.astype(np.int32), starts.astype(np.int32)), shape=(n, p))
    order = rng.permutation(p)  # frequent columns anywhere
    X = X[:, order]
    X.sort_indices()
    frequent = np.flatnonzero(np.diff(X.indptr) >= n // 200)
    return X, _explained(rng, X, work, frequent)


def zipf_counts(p: int, total: int, most: int) -> Any:
    """(p,) at least 1, at most ``most``, proportional to 1/rank in between, ``total`` in all (to rounding)."""
    low, high = 0.0, float(total)
    for _ in range(60):
        middle = (low + high) / 2
        counts = np.clip(middle / np.arange(1, p + 1), 1, most)
        low, high = (middle, high) if counts.sum() < total else (low, middle)
    return np.rint(counts).astype(np.int64)


def _explained(rng: np.random.Generator, X: Any, work: Work, among: Any) -> Floats:
    """Each target = a sum of few columns + noise of the same size: half of its variance can be explained.

    Classes and counts are drawn with that sum as their linear predictor.
    """
    n, targets = X.shape[0], work.targets
    few = max(1, min(len(among) // 10, n // 20, 50))
    truth = np.zeros((X.shape[1], targets))
    for t in range(targets):
        truth[rng.choice(among, few, replace=False), t] = rng.standard_normal(few)
    signal = np.asarray(X @ truth)
    if work.family != "squared":
        return families.drawn(rng, work.family, signal[:, 0])[:, None]
    return np.asarray(signal + signal.std(axis=0) * rng.standard_normal(signal.shape))


def _standardize(columns: Floats) -> None:
    """In place, by chunks of rows: two passes for the mean and the deviation about it."""
    n, p = columns.shape
    parts = [slice(a, a + max(1, CHUNK_CELLS // p)) for a in range(0, n, max(1, CHUNK_CELLS // p))]
    columns -= columns.mean(axis=0)
    columns /= np.sqrt(sum(np.square(columns[part]).sum(axis=0) for part in parts) / n)
