"""Compute every number that the theory page and the quiz state, and the data of their small pictures.

    .venv/bin/python web/dev/theory_facts.py          writes web/src/theory/facts.json and figures.json
    .venv/bin/python web/dev/theory_facts.py --check   says whether they are what is computed now

All fits are bridle's. tests/lab/test_quiz.py calls ``facts`` and ``figures`` again and compares.
"""

from __future__ import annotations

import json
import pathlib
import sys
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.datasets import load_diabetes

import bridle
from bridle.conventions import convert

HERE = pathlib.Path(__file__).parent.parent / "src" / "theory"
Floats = NDArray[np.float64]


@lru_cache
def diabetes() -> tuple[Floats, Floats, list[str]]:
    """442 patients, ten measurements, the progression a year later."""
    data = load_diabetes(scaled=False)
    return data.data, data.target, list(data.feature_names)


@lru_cache
def chosen(l1_ratio: float, seed: int = 0) -> bridle.Model:
    """The diabetes table, strength chosen by cross-validation."""
    X, y, names = diabetes()
    table = {name: X[:, j] for j, name in enumerate(names)} | {"progression": y}
    return bridle.fit(table, target="progression", l1_ratios=l1_ratio, seed=seed)


def root(mean_square: float) -> float:
    return float(np.sqrt(mean_square))


@lru_cache
def sparse() -> dict[str, float]:
    """500 rows, 1,000 columns of which the first 50 matter (made)."""
    rng = np.random.default_rng(1)
    w = np.zeros(1000)
    w[:50] = rng.choice([-1, 1], 50)
    X = rng.standard_normal((500, 1000))
    y = X @ w + 3 * rng.standard_normal(500)
    Xt = rng.standard_normal((5000, 1000))
    yt = Xt @ w + 3 * rng.standard_normal(5000)
    out = {"null": root(np.mean((yt - y.mean()) ** 2))}
    for name, ratio in (("lasso", 1.0), ("ridge", 0.0)):
        model = bridle.fit(X, y, l1_ratios=ratio, nested=False)
        for rule in ("min", "1se"):
            coef, intercept = model.fit_of(rule)
            out[f"{name} {rule} kept"] = int((coef != 0).sum())
            out[f"{name} {rule} real"] = int((coef[:50] != 0).sum())
            out[f"{name} {rule} error"] = root(np.mean((yt - intercept - Xt @ coef) ** 2))
    return out


@lru_cache
def dense() -> dict[str, float]:
    """200 rows, 200 columns that all matter a little (made)."""
    rng = np.random.default_rng(2)
    w = 0.25 * rng.standard_normal(200)
    X = rng.standard_normal((200, 200))
    y = X @ w + 3 * rng.standard_normal(200)
    Xt = rng.standard_normal((5000, 200))
    yt = Xt @ w + 3 * rng.standard_normal(5000)
    out = {"null": root(np.mean((yt - y.mean()) ** 2))}
    for name, ratio in (("lasso", 1.0), ("ridge", 0.0)):
        coef, intercept = bridle.fit(X, y, l1_ratios=ratio, nested=False).fit_of("min")
        out[f"{name} error"] = root(np.mean((yt - intercept - Xt @ coef) ** 2))
    return out


@lru_cache
def twins() -> tuple[Floats, Floats]:
    """Two columns that are nearly the same and matter together (made)."""
    rng = np.random.default_rng(3)
    z = rng.standard_normal(100)
    X = np.c_[z + 0.1 * rng.standard_normal(100), z + 0.1 * rng.standard_normal(100)]
    return X, 3 * z + rng.standard_normal(100)


@lru_cache
def wide_kept(l1_ratio: float) -> int:
    """The most columns a path keeps with 30 rows, 100 columns, 50 of them real (made)."""
    rng = np.random.default_rng(4)
    X = rng.standard_normal((30, 100))
    y = X[:, :50].sum(1) + rng.standard_normal(30)
    return int(bridle.path(X, y, l1_ratio=l1_ratio).n_nonzero.max())


@lru_cache
def peeked() -> tuple[float, float]:
    """Pure noise: the held-out share explained when 20 of 1,000 columns were picked on all 50 rows, and when not."""
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((50, 1000)), rng.standard_normal(50)
    pull = np.abs(np.corrcoef(X.T, y)[-1, :-1])
    picked = bridle.fit(X[:, np.argsort(-pull)[:20]], y, l1_ratios=0.0).selection
    fair = bridle.fit(X, y, l1_ratios=0.0, nested=False).selection
    assert picked.nested is not None
    share = 1 - picked.nested.error / picked.nested.null_error
    return share, 1 - fair.chosen.error / fair.null_error


@lru_cache
def significant() -> tuple[float, float]:
    """200 tables of noise (100 x 50): the lasso's first five or so columns, refitted: how often is a p-value below 0.05?"""
    some, each = [], []
    for seed in range(200):
        rng = np.random.default_rng(1000 + seed)
        X, y = rng.standard_normal((100, 50)), rng.standard_normal(100)
        path = bridle.path(X, y)
        kept = np.flatnonzero(path.coefs[np.flatnonzero(path.n_nonzero >= 5)[0]])
        refit = bridle.path(X[:, kept], y, alphas=[0.0])
        design = np.c_[np.ones(100), X[:, kept]]
        free = 100 - design.shape[1]
        noise = refit.train_error[0] * 100 / free
        spread = np.sqrt(noise * np.diag(np.linalg.inv(design.T @ design))[1:])
        p = 2 * stats.t.sf(np.abs(refit.coefs[0] / spread), free)
        some.append(p.min() < 0.05)
        each.append((p < 0.05).mean())
    return float(np.mean(some)), float(np.mean(each))


@lru_cache
def flattered() -> tuple[float, float]:
    """100 tables of noise (40 x 20): the mean of the lowest held-out error and of the nested one, null model = 1."""
    lowest, nested = [], []
    for seed in range(100):
        rng = np.random.default_rng(2000 + seed)
        picked = bridle.fit(rng.standard_normal((40, 20)), rng.standard_normal(40)).selection
        assert picked.nested is not None
        lowest.append(picked.chosen.error / picked.null_error)
        nested.append(picked.nested.error / picked.nested.null_error)
    return float(np.mean(lowest)), float(np.mean(nested))


@lru_cache
def more(n: int) -> tuple[float, float, float]:
    """40 columns, 10 of them real, n rows, ten tables: mean error on new rows of least squares and ridge; ridge's alpha."""
    plain, ridge, alphas = [], [], []
    for seed in range(10):
        rng = np.random.default_rng(3000 + seed)
        w = np.r_[np.full(10, 0.5), np.zeros(30)]
        X = rng.standard_normal((n, 40))
        y = X @ w + 2 * rng.standard_normal(n)
        Xt = rng.standard_normal((4000, 40))
        yt = Xt @ w + 2 * rng.standard_normal(4000)
        model = bridle.fit(X, y, l1_ratios=0.0, nested=False)
        least = bridle.path(X, y, alphas=[0.0])
        ridge.append(np.mean((yt - model.intercept - Xt @ model.coef) ** 2))
        plain.append(np.mean((yt - least.intercepts[0] - Xt @ least.coefs[0]) ** 2))
        alphas.append(model.selection.chosen.alpha)
    return float(np.mean(plain)), float(np.mean(ridge)), float(np.median(alphas))


@lru_cache
def small() -> bridle.Model:
    """A lasso on 80 rows and 40 columns of which 8 matter (made): a table small enough to overfit."""
    rng = np.random.default_rng(11)
    X = rng.standard_normal((80, 40))
    w = np.r_[np.ones(8), np.zeros(32)]
    return bridle.fit(X, X @ w + 2 * rng.standard_normal(80), l1_ratios=1.0, nested=False)


@lru_cache
def scaled(column: str | None) -> Floats:
    """The lasso's effects per standard deviation at alpha 1, nothing standardized, one column times 1,000 or none."""
    X, y, names = diabetes()
    Z = X.copy()
    if column is not None:
        Z[:, names.index(column)] *= 1000
    return np.asarray(bridle.path(Z, y, alphas=[1.0], standardize=False).coefs[0] * Z.std(0))


def wave() -> tuple[Floats, Floats]:
    """Twelve points on a wave, with noise (made): x in [-1, 1]."""
    rng = np.random.default_rng(7)
    x = np.linspace(-1, 1, 12)
    return x, np.round(np.sin(2.6 * x) + 0.35 * rng.standard_normal(12), 3)


def powers(x: Floats) -> Floats:
    return np.stack([x**k for k in range(1, 10)], axis=1)


def facts() -> dict[str, str]:
    """Every number that is stated, as it is written."""
    X, y, names = diabetes()
    at = {name: j for j, name in enumerate(names)}
    sd = X.std(0)
    lasso, net, ridge = chosen(1.0), chosen(0.5), chosen(0.0)
    low, simple = lasso.selection.choices["min"], lasso.selection.choices["1se"]
    assert lasso.selection.nested is not None
    path = bridle.path(X, y)
    least = bridle.path(X, y, alphas=[0.0]).coefs[0]
    strong = bridle.path(X, y, l1_ratio=0.0, alphas=[10.0]).coefs[0] * sd
    mild = bridle.path(X, y, l1_ratio=0.0, alphas=[0.1]).coefs[0] * sd
    coef_1se = lasso.fit_of("1se")[0]
    folds = [chosen(1.0, seed).selection.choices for seed in (0, 1, 2)]
    minima = sorted(choice["min"].alpha for choice in folds)
    s3 = path.coefs[:, at["s3"]] != 0
    left = int(np.flatnonzero(s3[:-1] & ~s3[1:])[0]) + 1
    back = left + int(np.flatnonzero(s3[left:])[0])
    Xw, yw = twins()
    twin = {r: bridle.path(Xw, yw, alphas=[0.1], l1_ratio=r).coefs[0] for r in (0.0, 0.5, 1.0)}
    s, d = sparse(), dense()
    doubled = bridle.path(np.c_[X, X[:, at["bmi"]]], y, l1_ratio=0.0, alphas=[0.1]).coefs[0]
    lesson = convert("lesson", "torch-mse-weight-decay", {"l1": 0.0, "l2": 0.5})["weight_decay"]
    return {
        "rows": str(len(y)),
        "alpha_max": f"{path.alpha_max:.3f}",
        "lasso_min_alpha": f"{low.alpha:.4f}",
        "lasso_min_index": str(low.index),
        "lasso_min_kept": str(low.n_variables),
        "lasso_min_error": f"{root(low.error):.1f}",
        "lasso_1se_index": str(simple.index),
        "lasso_1se_kept": str(simple.n_variables),
        "lasso_1se_error": f"{root(simple.error):.1f}",
        "lasso_nested": f"{root(lasso.selection.nested.error):.1f}",
        "net_1se_kept": str(net.selection.choices["1se"].n_variables),
        "ridge_min_error": f"{root(ridge.selection.choices['min'].error):.1f}",
        "train_weak": f"{root(path.train_error[-1]):.1f}",
        "train_strong": f"{root(path.train_error[0]):.1f}",
        "seeds_low": f"{minima[0]:.4f}",
        "seeds_high": f"{minima[-1]:.4f}",
        "seeds_kept": " or ".join(str(k) for k in sorted({c["min"].n_variables for c in folds})),
        "corr_s4": f"{np.corrcoef(X[:, at['s4']], y)[0, 1]:.2f}",
        "s4_1se": f"{coef_1se[at['s4']]:g}",
        "least_s1": f"{least[at['s1']] * sd[at['s1']]:.1f}".replace("-", "−"),
        "ridge_s1": f"{mild[at['s1']]:.1f}".replace("-", "−"),
        "ridge_smallest": f"{np.abs(strong).min():.2f}",
        "least_s5": f"{least[at['s5']]:.1f}",
        "lasso_s5": f"{coef_1se[at['s5']]:.1f}",
        "least_sex": f"{least[at['sex']]:.1f}".replace("-", "−"),
        "least_bmi": f"{least[at['bmi']]:.1f}",
        "effect_sex": f"{least[at['sex']] * sd[at['sex']]:.1f}".replace("-", "−"),
        "effect_bmi": f"{least[at['bmi']] * sd[at['bmi']]:.1f}",
        "s3_left": f"{path.alphas[left]:.4f}",
        "s3_left_index": str(left),
        "s3_back": f"{path.alphas[back]:.4f}",
        "s5_own_units": f"{scaled(None)[at['s5']]:.1f}",
        "s5_times_1000": f"{scaled('s5')[at['s5']]:.1f}",
        "bmi_twice": f"{doubled[at['bmi']] * sd[at['bmi']]:.1f}",
        "bmi_once": f"{mild[at['bmi']]:.1f}",
        "twin_corr": f"{np.corrcoef(Xw.T)[0, 1]:.2f}",
        "twin_lasso": f"{twin[1.0][0]:.2f} and {twin[1.0][1]:.2f}",
        "twin_net": f"{twin[0.5][0]:.2f} and {twin[0.5][1]:.2f}",
        "twin_ridge": f"{twin[0.0][0]:.2f} and {twin[0.0][1]:.2f}",
        "sparse_kept": str(s["lasso min kept"]),
        "sparse_real": str(s["lasso min real"]),
        "sparse_false": str(s["lasso min kept"] - s["lasso min real"]),
        "sparse_1se_kept": str(s["lasso 1se kept"]),
        "sparse_lasso": f"{s['lasso min error']:.1f}",
        "sparse_ridge": f"{s['ridge min error']:.1f}",
        "sparse_null": f"{s['null']:.1f}",
        "dense_lasso": f"{d['lasso error']:.1f}",
        "dense_ridge": f"{d['ridge error']:.1f}",
        "dense_null": f"{d['null']:.1f}",
        "wide_lasso": str(wide_kept(1.0)),
        "wide_net": str(wide_kept(0.1)),
        "peek": f"{100 * peeked()[0]:.0f}%",
        "significant": f"{100 * significant()[0]:.0f}%",
        "flattered": f"{flattered()[0]:.2f}",
        "flattered_nested": f"{flattered()[1]:.2f}",
        "more_60_least": f"{more(60)[0]:.1f}",
        "more_60_ridge": f"{more(60)[1]:.1f}",
        "more_6000_least": f"{more(6000)[0]:.2f}",
        "more_6000_ridge": f"{more(6000)[1]:.2f}",
        "decay_as_torch": f"{lesson:g}",
        "ridge_1_is": f"{convert('sklearn-ridge', 'bridle', {'alpha': 1.0}, rows=442)['alpha']:.5f}",
    }  # fmt: skip


def figures() -> dict[str, Any]:
    """The data of the small pictures, rounded to what a picture shows."""
    _, _, names = diabetes()
    model = small()
    curve, path = model.selection.curves[0], model.path
    Xw, yw = twins()
    Z, t = (Xw - Xw.mean(0)) / Xw.std(0), (yw - yw.mean()) / yw.std()
    x, y = wave()

    def short(values: Any, digits: int = 4) -> list[float]:
        return [float(f"{v:.{digits}g}") for v in np.asarray(values, dtype=float)]

    return {
        "curve": {
            "alphas": short(curve.alphas),
            "cv": short(np.sqrt(curve.mean)),
            "low": short(np.sqrt(curve.mean - curve.standard_error)),
            "high": short(np.sqrt(curve.mean + curve.standard_error)),
            "train": short(np.sqrt(path.train_error)),
            "kept": [int(k) for k in path.n_nonzero],
            "min": model.selection.choices["min"].index,
            "simple": model.selection.choices["1se"].index,
        },
        "twins": {
            "gram": short((Z.T @ Z / 100).ravel(), 6),
            "cross": short(Z.T @ t / 100, 6),
            "units": short(yw.std() / Xw.std(0), 6),
        },
        "wave": {"x": short(x, 6), "y": short(y, 4)},
        "scale": {"names": names, "plain": short(scaled(None), 3), "times": short(scaled("s5"), 3)},
        "more": {"rows": [60, 120, 300, 1200, 6000], "least": [], "ridge": []}
        | dict(zip(("least", "ridge"), zip(*[short(more(n)[:2], 6) for n in (60, 120, 300, 1200, 6000)]))),
    }


def written(content: Any) -> str:
    return json.dumps(content, indent=None if "curve" in content else 1, ensure_ascii=False) + "\n"


def main(check: bool) -> int:
    stale = 0
    for name, content in (("facts.json", facts()), ("figures.json", figures())):
        text = written(content)
        if not check:
            (HERE / name).write_text(text, encoding="utf-8")
        elif (HERE / name).read_text(encoding="utf-8") != text:
            print(f"{name} is not what bridle computes now")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
