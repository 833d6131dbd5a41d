"""The lesson "wiggle": a polynomial through noisy points, fitted again on 100 data sets drawn from the same truth.

Columns are the powers of an x between -1 and 1, each brought to unit standard deviation by the engine: wild curves need
huge weights, which is why a penalty calms them. The expected error on a new point splits into the noise, the squared bias
of the mean fit and the variance of the fits about it (Geman, Bienenstock, Doursat 1992); all three are means over a grid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fitting import path as solve_path
from .keys import Key, number_text

Floats = NDArray[np.float64]

DRAWS, SHOWN = 100, 8  # data sets in all, and those that can be looked at one by one
SERIES = 3
GRID = np.linspace(-1.0, 1.0, 101)
# Below these the kernel of the lasso is no longer certain to certify fifteen powers of ten points.
ALPHAS = {0.0: np.geomspace(10.0, 1e-8, 46), 1.0: np.geomspace(1.0, 1e-4, 41)}
CLOSE = 1.05  # an error within 5 % of the best is as good as it


def truth(x: Floats) -> Floats:
    """What the points are drawn from: sin 4x."""
    return np.asarray(np.sin(4.0 * x))


def draw(n: int, noise: float, number: int) -> tuple[Floats, Floats]:
    """(n,) places, one at random in each of n equal stretches of [-1, 1], and (n,) values: the truth plus normal noise.

    >>> x, y = draw(10, 0.3, 0)
    >>> x.shape, bool((np.diff(x) > 0).all())
    ((10,), True)
    """
    rng = np.random.default_rng([SERIES, n, number])
    x = -1.0 + 2.0 * (np.arange(n) + rng.uniform(size=n)) / n
    return x, truth(x) + noise * rng.standard_normal(n)


def powers(x: Floats, degree: int) -> Floats:
    """(n, degree): x, x^2 and so on.

    >>> powers(np.array([2.0]), 3).tolist()
    [[2.0, 4.0, 8.0]]
    """
    return np.asarray(x[:, None] ** np.arange(1, degree + 1))


def lesson(key: Key, progress: Callable[[str, float], None]) -> dict[str, Any]:
    """Mean squared errors (8, A) and weights (8, A, degree) of the shown data sets; what all 100 say together (A,).

    ``test_error`` is the expected squared error on a new point anywhere on the grid, noise included; ``expected`` its mean
    over the data sets. ``band_low`` and ``band_high`` (A, 101) hold the middle 80 % of the fits.
    """
    n, degree = int(key.values["n"]), int(key.values["degree"])
    noise, ratio = float(key.values["noise"]), float(key.values["l1_ratio"])
    alphas, columns = ALPHAS[ratio], powers(GRID, degree)
    fits = np.empty((DRAWS, len(GRID), len(alphas)))
    shown: list[dict[str, Any]] = []
    for number in range(DRAWS):
        progress("data sets", number / DRAWS)
        x, y = draw(n, noise, number)
        X = powers(x, degree)
        found = solve_path(X, y, alphas=alphas.tolist(), l1_ratio=ratio, threads=1)
        fits[number] = found.predict(columns)
        if number < SHOWN:
            shown.append(
                {
                    "x": x,
                    "y": y,
                    "coefs": found.coefs,
                    "intercepts": found.intercepts,
                    "kept": found.n_nonzero,
                    "train_error": found.train_error,
                    "largest": np.abs(found.coefs * X.std(axis=0)).max(axis=1),
                    "gaps": found.gaps,
                }
            )
    wanted = truth(GRID)[:, None]
    test = ((fits - wanted) ** 2).mean(axis=1) + noise**2
    mean = fits.mean(axis=0)
    bias, variance = ((mean - wanted) ** 2).mean(axis=0), ((fits - mean) ** 2).mean(axis=(0, 1))
    expected = test.mean(axis=0)
    low, high = np.quantile(fits, (0.1, 0.9), axis=0)
    return {
        "title": "Overfit",
        "names": ["x", *(f"x^{k}" for k in range(2, degree + 1))],
        "n_rows": n,
        "degree": degree,
        "noise": noise,
        "l1_ratio": ratio,
        "draws": DRAWS,
        "alphas": alphas,
        "grid": GRID,
        "truth": truth(GRID),
        **{name: np.stack([one[name] for one in shown]) for name in shown[0]},
        "test_error": test[:SHOWN],
        "expected": expected,
        "bias": bias,
        "variance": variance,
        "noise_error": noise**2,
        "best": int(np.argmin(expected)),
        "verdict": verdicts(expected, bias),
        "band_low": low.T.astype(np.float32),  # for a shade: seven digits will do
        "band_high": high.T.astype(np.float32),
        "python": "\n".join(_lines(n, degree, noise, ratio)),
    }


def verdicts(expected: Floats, bias: Floats) -> NDArray[np.int32]:
    """(A,): -1 where a fit is too stiff, 1 where it is too free, 0 where it is as good as this model gets, and good enough.

    ``expected`` and ``bias`` (A,) run from strong to weak penalties. Too stiff is also a model whose best fits owe more
    of their error to bias than to everything else together.

    >>> verdicts(np.array([9.0, 4.0, 2.0, 3.0]), np.array([8.0, 3.0, 0.5, 0.1])).tolist()
    [-1, -1, 0, 1]
    >>> verdicts(np.array([9.0, 4.0]), np.array([8.0, 3.0])).tolist()
    [-1, -1]
    """
    side = np.sign(np.arange(len(expected)) - np.argmin(expected))
    stiff = np.where(2.0 * bias > expected, -1, 0)
    return np.where(expected > CLOSE * expected.min(), side, stiff).astype(np.int32)


def _lines(n: int, degree: int, noise: float, ratio: float) -> list[str]:
    grid = "np.geomspace(10, 1e-8, 46)" if ratio == 0 else "np.geomspace(1, 1e-4, 41)"
    return [
        "import bridle",
        "import numpy as np",
        "from bridle.lab.wiggle import draw, powers, truth",
        f"alphas, grid = {grid}, np.linspace(-1, 1, 101)",
        "fits, train = [], []",
        f"for number in range({DRAWS}):",
        f"    x, y = draw({n}, {number_text(noise)}, number)",
        f"    path = bridle.path(powers(x, {degree}), y, alphas=alphas, l1_ratio={number_text(ratio)})",
        f"    fits.append(path.predict(powers(grid, {degree})))",
        "    train.append(path.train_error)",
        "fits = np.array(fits)  # data set, place, alpha",
        f"test = ((fits - truth(grid)[:, None]) ** 2).mean(axis=1) + {number_text(noise)}**2",
        "bias = ((fits.mean(axis=0) - truth(grid)[:, None]) ** 2).mean(axis=0)",
        "variance = fits.var(axis=0).mean(axis=0)",
        "best = test.mean(axis=0).argmin()",
        f"print(alphas[best], bias[best] + variance[best] + {number_text(noise)}**2, test.mean(axis=0)[best])",
    ]


__all__ = ["draw", "lesson", "powers", "truth", "verdicts"]
