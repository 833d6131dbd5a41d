"""The lesson "needles": 1,000 features of which 50 are real, and what ridge, elastic net and lasso make of them.

The lasso and the elastic net are ``bridle.fit``; ridge is the same problem on the same folds, solved from the (n, n)
kernel, which for fewer rows than features takes a quarter of the time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..design import Dense, Design
from ..errors import NotCertifiedWarning
from ..fitting import fit
from ..penalties import Penalty
from ..selection import choose, cross_validate, make_folds
from ..solvers import Plan, Rows
from ..solvers.auto import prepare
from .keys import L1_RATIOS, Key

Floats = NDArray[np.float64]

FEATURES, REAL, MOST_ROWS, FRESH = 1000, 50, 600, 2000
STEPS = 40
RIDGE_ALPHAS = np.geomspace(100.0, 0.001, STEPS)
L1_ALPHAS = np.geomspace(
    0.4, 0.0008, STEPS
)  # of the lasso: from nothing kept to beyond what cross-validation likes
FOLD_TOLERANCE = 1e-10  # relative gap, as of bridle.fit
NAMES = ("ridge", "elastic net", "lasso")


def table(n: int, seed: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Rows to learn from (n, 1000) with their target (n,), 2,000 fresh ones with theirs, and the true weights (1000,).

    Fifty weights from 1 down to 0.1 at random places, half of them negative; noise of standard deviation 1. Fewer rows
    are the first ones of more rows.

    >>> X, y, fresh_X, fresh_y, weights = table(150, 0)
    >>> X.shape, fresh_X.shape, int((weights != 0).sum())
    ((150, 1000), (2000, 1000), 50)
    """
    rng = np.random.default_rng([seed, FEATURES])
    weights = np.zeros(FEATURES)
    sizes = np.linspace(1.0, 0.1, REAL) * np.where(np.arange(REAL) % 2, -1.0, 1.0)
    weights[rng.choice(FEATURES, REAL, replace=False)] = sizes
    X, noise = rng.standard_normal((MOST_ROWS, FEATURES)), rng.standard_normal(MOST_ROWS)
    fresh = rng.standard_normal((FRESH, FEATURES))
    fresh_y = fresh @ weights + rng.standard_normal(FRESH)
    return X[:n], X[:n] @ weights + noise[:n], fresh, fresh_y, weights


def lesson(key: Key, progress: Callable[[str, float], None]) -> dict[str, Any]:
    """Errors (3, A), what is kept (3, A), both rules (3, 2) and the weights: dense for ridge, compressed rows for L1.

    The methods are ridge, elastic net and lasso; ``true_kept`` counts real features among those kept.
    """
    n, seed = int(key.values["n"]), int(key.values["seed"])
    progress("rows", 0.0)
    X, y, fresh, fresh_y, weights = table(n, seed)
    real = weights != 0
    out: dict[str, Any] = {
        "title": "Needles",
        "n_rows": n,
        "seed": seed,
        "methods": list(NAMES),
        "l1_ratios": np.array(L1_RATIOS),
        "weights": weights,
        "null_error": float(((fresh_y - y.mean()) ** 2).mean()),
        "noise_error": float(((fresh_y - fresh @ weights) ** 2).mean()),
        "python": "\n".join(_lines(n, seed)),
    }
    shape = (len(L1_RATIOS), STEPS)
    alphas, cv_mean, cv_se, errors = (np.empty(shape) for _ in range(4))
    kept, true = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int32)
    choices = np.empty((len(L1_RATIOS), 2), dtype=np.int32)
    begins = dict(zip(L1_RATIOS, (0.6, 0.35, 0.1)))
    for m, ratio in reversed(list(enumerate(L1_RATIOS))):

        def tell(share: float, m: int = m, begin: float = begins[ratio]) -> None:
            progress(NAMES[m], begin + 0.2 * share)

        solve = _ridge if ratio == 0 else _sparse
        alphas[m], cv_mean[m], cv_se[m], choices[m], coefs, intercepts = solve(X, y, ratio, seed, tell)
        progress("fresh rows", begins[ratio] + 0.2)
        errors[m] = ((fresh_y[:, None] - fresh @ coefs.T - intercepts) ** 2).mean(axis=0)
        kept[m], true[m] = (coefs != 0).sum(axis=1), (coefs[:, real] != 0).sum(axis=1)
        if ratio == 0:
            out["ridge_coefs"] = coefs.astype(np.float32)
        else:
            at, columns = np.nonzero(coefs)
            out[f"starts_{m}"] = np.searchsorted(at, np.arange(STEPS + 1))
            out[f"columns_{m}"], out[f"values_{m}"] = columns, coefs[at, columns].astype(np.float32)
    return out | {
        "alphas": alphas,
        "cv_mean": cv_mean,
        "cv_se": cv_se,
        "fresh_error": errors,
        "n_nonzero": kept,
        "true_kept": true,
        "choices": choices,
    }


Solved = tuple[Floats, Floats, Floats, tuple[int, int], Floats, Floats]


def _sparse(X: Floats, y: Floats, ratio: float, seed: int, tell: Callable[[float], None]) -> Solved:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)
        model = fit(
            X, y, l1_ratios=ratio, alphas=(L1_ALPHAS / ratio).tolist(), nested=False, seed=seed,
            progress=lambda stage, share: tell(share if stage == "cross-validation" else 0.0),
        )  # fmt: skip
    path, curve, choices = model.path, model.selection.curves[0], model.selection.choices
    rules = choices["min"].index, choices["1se"].index
    return path.alphas, curve.mean, curve.standard_error, rules, path.coefs, path.intercepts


def _ridge(X: Floats, y: Floats, ratio: float, seed: int, tell: Callable[[float], None]) -> Solved:
    """As ``_sparse``, on the folds of ``bridle.fit``."""
    rows = Rows(Design((Dense(np.asfortranarray(X)),), np.empty((0, 2), dtype=np.intp)), y)
    folds = make_folds(len(y), 5, seed=seed)
    engine = prepare(rows, folds.rounds[0].split(), threads=1, solver="columns")
    tell(0.0)
    plan = Plan(np.array([ratio]), RIDGE_ALPHAS[None], Penalty.of(FEATURES), tolerance=FOLD_TOLERANCE)
    scores = cross_validate(rows, [engine], folds, plan, nested=False, progress=tell)
    curves, whole = scores.curves(plan), scores.whole
    rules = choose(curves, "min").index, choose(curves, "1se").index
    coefs = whole.coefs[0].dense() / whole.x_scale[0] * whole.y_scale[0]
    intercepts = whole.y_mean[0] - coefs @ whole.x_mean[0]
    return RIDGE_ALPHAS, curves[0].mean, curves[0].standard_error, rules, coefs, intercepts


def _lines(n: int, seed: int) -> list[str]:
    return [
        "import bridle",
        "import numpy as np",
        "from bridle.lab.needles import table",
        f"X, y, fresh_X, fresh_y, weights = table({n}, {seed})",
        "models = [",
        f"    bridle.fit(X, y, l1_ratios=0, alphas=np.geomspace(100, 0.001, {STEPS}), nested=False, seed={seed}),",
        f"    bridle.fit(X, y, l1_ratios=0.5, alphas=np.geomspace(0.8, 0.0016, {STEPS}), nested=False, seed={seed}),",
        f"    bridle.fit(X, y, l1_ratios=1, alphas=np.geomspace(0.4, 0.0008, {STEPS}), nested=False, seed={seed}),",
        "]",
        "errors = np.array([((fresh_y[:, None] - m.path.predict(fresh_X)) ** 2).mean(axis=0) for m in models])",
        "kept = np.array([(m.path.coefs != 0).sum(axis=1) for m in models])",
        "true = np.array([(m.path.coefs[:, weights != 0] != 0).sum(axis=1) for m in models])",
        'choices = [[m.selection.choices[rule].index for rule in ("min", "1se")] for m in models]',
        "for k, rules in enumerate(choices):",
        "    print(errors[k, rules] ** 0.5, kept[k, rules], true[k, rules])",
    ]


__all__ = ["lesson", "table"]
