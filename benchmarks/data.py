"""The data, drawn anew from a seed for every run and written as plain numbers that every tool can read.

Columns and target have mean zero and unit (population) standard deviation over all rows, so that on the full data
bridle's alpha, scikit-learn's alpha and glmnet's lambda are one and the same number, whether a tool standardizes or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .works import Work

Floats = NDArray[np.float64]
SEED = 20_240_229
CHUNK_CELLS = 5_000_000


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


@dataclass(frozen=True)
class Data:
    """What every tool is given: X (n, p) in C order, y (n,), fold of each row (n,) from 0, decreasing alphas (A,)."""

    X: Floats
    y: Floats
    folds: NDArray[np.int32]
    alphas: Floats


def make(work: Work, kind: str) -> Data:
    """Draws the data of a work."""
    rng = np.random.default_rng([SEED, work.n, work.p, [*KINDS, "diabetes"].index(kind)])
    X, y = _diabetes() if kind == "diabetes" else _drawn(rng, work.n, work.p, KINDS[kind])
    _standardize(X)
    _standardize(y[:, None])
    folds = np.empty(work.n, dtype=np.int32)
    folds[rng.permutation(work.n)] = np.arange(work.n) * work.folds // work.n
    top = float(np.abs(X.T @ y).max()) / work.n
    return Data(X, y, folds, np.geomspace(top, top * work.span, work.n_alphas))


def _diabetes() -> tuple[Floats, Floats]:
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    return np.ascontiguousarray(X), y.copy()


def _drawn(
    rng: np.random.Generator, n: int, p: int, kind: Callable[[np.random.Generator, int, int], Floats]
) -> tuple[Floats, Floats]:
    """y = a sum of few columns + noise of the same size: half of the target's variance can be explained."""
    X = np.empty((n, p))
    step = max(1, CHUNK_CELLS // p)
    for a in range(0, n, step):
        X[a : a + step] = kind(rng, min(step, n - a), p)
    truth = np.zeros(p)
    few = max(1, min(p // 10, n // 20, 50))
    truth[rng.choice(p, few, replace=False)] = rng.standard_normal(few)
    signal = X @ truth
    return X, signal + signal.std() * rng.standard_normal(n)


def _standardize(columns: Floats) -> None:
    """In place, by chunks of rows: two passes for the mean and the deviation about it."""
    n, p = columns.shape
    parts = [slice(a, a + max(1, CHUNK_CELLS // p)) for a in range(0, n, max(1, CHUNK_CELLS // p))]
    columns -= columns.mean(axis=0)
    columns /= np.sqrt(sum(np.square(columns[part]).sum(axis=0) for part in parts) / n)


def write(data: Data, folder: Path, by_columns: bool) -> None:
    """One file for each array; X on request also by columns, as R stores it."""
    folder.mkdir(parents=True, exist_ok=True)
    data.X.tofile(folder / "X.f64")
    if by_columns:
        np.asfortranarray(data.X).T.tofile(folder / "X_by_columns.f64")
    data.y.tofile(folder / "y.f64")
    data.folds.tofile(folder / "folds.i32")
    data.alphas.tofile(folder / "alphas.f64")


def read(folder: Path, n: int, p: int) -> Data:
    """Reads what ``write`` wrote."""
    return Data(
        np.fromfile(folder / "X.f64").reshape(n, p),
        np.fromfile(folder / "y.f64"),
        np.fromfile(folder / "folds.i32", dtype=np.int32),
        np.fromfile(folder / "alphas.f64"),
    )
