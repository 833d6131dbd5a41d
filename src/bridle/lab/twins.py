"""The lesson "twins": two nearly identical features, both real, fitted again on 200 resamples of the same rows.

The table prefers neither twin: columns and noise are made orthogonal first, so the correlation of the two, their equal
correlations with the target and the least-squares weights of exactly 1 and 1 hold to rounding. What differs between
fits is only which rows were drawn (the bootstrap of Efron 1979). All resamples are problems of one reading: a resample
is an atom of rows, some of them named more than once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..design import Dense, Design
from ..fitting import fit
from ..penalties import Penalty
from ..solvers import Plan, Rows, Split
from ..solvers.gram import GramEngine
from .keys import CORRELATIONS, L1_RATIOS, Key, number_text

Floats = NDArray[np.float64]

RESAMPLES = 200
NOISE = 1.25
ALPHAS = 10.0 ** (-np.arange(31) / 10.0)  # from 1, which no lasso of standardized columns survives, to 0.001
TOLERANCE = 1e-10  # relative gap, as of bridle.path


def table(n: int, correlation: float, seed: int) -> tuple[Floats, Floats]:
    """(n, 2) columns of mean 0 and unit standard deviation, and their sum plus noise of standard deviation 1.25.

    >>> X, y = table(40, 0.997, 0)
    >>> round(float(np.corrcoef(X.T)[0, 1]), 12), np.linalg.lstsq(X, y)[0].round(12).tolist()
    (0.997, [1.0, 1.0])
    """
    raw = np.column_stack([np.ones(n), np.random.default_rng([seed, n]).standard_normal((n, 3))])
    shared, own, noise = np.linalg.qr(raw)[0][:, 1:].T * np.sqrt(n)
    alike, apart = np.sqrt((1 + correlation) / 2) * shared, np.sqrt((1 - correlation) / 2) * own
    X = np.column_stack([alike + apart, alike - apart])
    return X, X.sum(axis=1) + NOISE * noise


def resamples(n: int, seed: int) -> NDArray[np.int64]:
    """(200, n) row numbers, drawn with replacement."""
    return np.random.default_rng([seed, n, RESAMPLES]).integers(0, n, (RESAMPLES, n))


def lesson(key: Key, progress: Callable[[str, float], None]) -> dict[str, Any]:
    """Weights (3, A, 200, 2) by method, alpha and resample; how many keep both, x1, x2, none (3, A, 4).

    The methods are ridge, elastic net and lasso. ``apart`` (3, A) is the mean distance of the twins' weights; ``choices``
    (3, 2) where "min" and "1se" stop on the table itself.
    """
    n, seed = int(key.values["n"]), int(key.values["seed"])
    correlation = float(key.values["correlation"])
    X, y = table(n, correlation, seed)
    drawn = resamples(n, seed)
    progress("resamples", 0.1)
    weights = _weights(X, y, drawn, lambda share: progress("resamples", 0.1 + 0.5 * share))
    kept = weights != 0
    both, neither = kept.all(axis=3).sum(axis=2), (~kept.any(axis=3)).sum(axis=2)
    first, second = kept[..., 0].sum(axis=2) - both, kept[..., 1].sum(axis=2) - both
    choices = np.empty((len(L1_RATIOS), 2), dtype=np.int32)
    for m, ratio in enumerate(L1_RATIOS):
        progress("cross-validation", 0.7 + 0.1 * m)
        found = fit(X, y, l1_ratios=ratio, alphas=ALPHAS.tolist(), nested=False, seed=seed).selection.choices
        choices[m] = found["min"].index, found["1se"].index
    lines = [
        "import bridle",
        "import numpy as np",
        "from bridle.lab.twins import resamples, table",
        f"X, y = table({n}, {number_text(correlation)}, {seed})",
        f"drawn = resamples({n}, {seed})",
        "alphas = 10.0 ** (-np.arange(31) / 10)",
        "weights = np.array([",
        "    [bridle.path(X[rows], y[rows], alphas=alphas, l1_ratio=ratio).coefs for rows in drawn]",
        "    for ratio in (0, 0.5, 1)",
        "]).swapaxes(1, 2)",
        "first, second = (weights != 0).transpose(3, 0, 1, 2)",
        "counts = np.stack([(first & second), first & ~second, ~first & second, ~first & ~second], axis=2).sum(axis=3)",
        "apart = np.abs(weights[..., 0] - weights[..., 1]).mean(axis=2)",
        "fits = [",
        f"    bridle.fit(X, y, l1_ratios=ratio, alphas=alphas, nested=False, seed={seed}) for ratio in (0, 0.5, 1)",
        "]",
        'choices = [[f.selection.choices[rule].index for rule in ("min", "1se")] for f in fits]',
        "print(counts[2, choices[2][1]])  # the lasso at 1-SE: both, only the first, only the second, neither",
    ]
    return {
        "title": "Twins",
        "names": ["x1", "x2"],
        "n_rows": n,
        "seed": seed,
        "correlation": correlation,
        "correlations": list(CORRELATIONS),
        "l1_ratios": np.array(L1_RATIOS),
        "alphas": ALPHAS,
        "weights": weights.astype(np.float32),  # for dots: seven digits will do, and a zero stays one
        "counts": np.stack([both, first, second, neither], axis=2),
        "apart": np.abs(weights[..., 0] - weights[..., 1]).mean(axis=2),
        "choices": choices,
        "python": "\n".join(lines),
    }


def _weights(X: Floats, y: Floats, drawn: NDArray[np.int64], progress: Callable[[float], None]) -> Floats:
    """(3, A, B, 2): every method at every alpha on every resample, from one reading of the rows."""
    count, n = drawn.shape
    own = np.eye(count, dtype=np.uint8)
    split = Split(drawn.ravel(), np.arange(count + 1, dtype=np.int64) * n, own, np.zeros_like(own))
    rows = Rows(Design((Dense(np.asfortranarray(X)),), np.empty((0, 2), dtype=np.intp)), y)
    engine = GramEngine.read(rows, split, threads=1)
    plan = Plan(
        np.array(L1_RATIOS),
        np.tile(ALPHAS, (len(L1_RATIOS), 1)),
        Penalty.of(X.shape[1]),
        tolerance=TOLERANCE,
        exact=True,
    )
    found = engine.solve(plan, split, count, progress)
    scale = found.y_scale[:, None] / found.x_scale
    standard = np.stack([rows.dense().reshape(count, len(ALPHAS), -1) for rows in found.coefs])
    return np.asarray((standard * scale[:, None]).swapaxes(1, 2))


__all__ = ["RESAMPLES", "lesson", "resamples", "table"]
