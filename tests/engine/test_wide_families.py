"""Wide tables of every family: the compiled paths beside the same problems solved with every column in one Gram."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

import bridle
from bridle.solvers import newton

N, P = 90, 1_540
FAMILIES = ("binomial", "poisson", "negative_binomial(2.0)", "gamma", "tweedie(1.5)", "huber(1.0)")


def columns(seed: int, n: int = N, p: int = P) -> Any:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    X[:, 1:] = 0.5 * X[:, :-1] + X[:, 1:]
    return X * rng.lognormal(0, 1, p) + rng.standard_normal(p)


def target(family: str, X: Any, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    eta = ((X - X.mean(axis=0)) / X.std(axis=0))[:, :6].sum(axis=1) * 0.4
    mean = np.exp(eta)
    return {
        "binomial": lambda: (rng.random(len(eta)) < mean / (1 + mean)).astype(float),
        "poisson": lambda: rng.poisson(mean).astype(float),
        "negative_binomial(2.0)": lambda: rng.poisson(mean * rng.gamma(2.0, 0.5, len(eta))).astype(float),
        "gamma": lambda: mean * rng.gamma(2.0, 0.5, len(eta)),
        "tweedie(1.5)": lambda: np.where(
            rng.random(len(eta)) < 0.3, 0.0, mean * rng.gamma(2.0, 0.5, len(eta))
        ),
        "huber(1.0)": lambda: eta + rng.standard_t(2, len(eta)),
    }[family]()


def both(monkeypatch: pytest.MonkeyPatch, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """The model by the compiled paths, and with the engine of tall tables."""
    compiled = bridle.fit(*args, **kwargs)
    with monkeypatch.context() as patch:
        patch.setattr(newton, "FEW", 10**9)
        patch.setattr(newton, "in_kernel", lambda *args: False)
        return compiled, bridle.fit(*args, **kwargs)


@pytest.mark.parametrize(
    ("family", "mix"),
    # the other way takes minutes for a Huber lasso, whose curvature is nowhere definite; the C++ tests have it
    [(family, mix) for family in FAMILIES for mix in (1.0, 0.6) if (family, mix) != ("huber(1.0)", 1.0)],
)
def test_the_same_paths_as_with_every_column_inside(
    family: str, mix: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    X = columns(1)
    y = target(family, X, 2)
    factors = np.where(np.arange(P) == 3, np.inf, np.where(np.arange(P) == 2, 0.0, 1.0))
    one, other = both(
        monkeypatch, X, y, family=family, l1_ratios=mix, n_alphas=7, folds=3, nested=False, weights=rng.random(N) + 0.2,
        offset=0.2 * rng.standard_normal(N), penalty_factors=factors,
    )  # fmt: skip
    assert one.certificate.relative_gap <= 1e-8
    assert one.path.gaps.max() <= 1e-8
    assert one.alpha == pytest.approx(other.alpha, rel=1e-12)
    np.testing.assert_allclose(one.coef, other.coef, atol=2e-7 * np.abs(other.coef).max())
    assert one.intercept == pytest.approx(other.intercept, abs=1e-6)
    if family.startswith("huber"):
        return  # rows beyond delta have no curvature: with every column inside, the other way ends its paths early
    np.testing.assert_allclose(one.selection.curves[0].mean, other.selection.curves[0].mean, rtol=2e-3)
    # of tall tables by the curvature of the last steps
    np.testing.assert_allclose(one.path.degrees_of_freedom, other.path.degrees_of_freedom, rtol=5e-2)


def test_bounds_hold_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    X = columns(3)
    y = target("poisson", X, 4)
    one, other = both(
        monkeypatch,
        X,
        y,
        family="poisson",
        l1_ratios=1.0,
        n_alphas=8,
        folds=3,
        nested=False,
        lower=0.0,
        upper=0.05,
    )
    np.testing.assert_allclose(one.coef, other.coef, atol=1e-7)
    assert (one.coef == 0.05).any() and one.coef.min() == 0.0 and one.coef.max() == 0.05


@pytest.mark.parametrize("family", ["binomial", "poisson"])
@pytest.mark.parametrize("mix", [1.0, 0.5])
def test_sparse_tables(family: str, mix: float, monkeypatch: pytest.MonkeyPatch) -> None:
    n, p = 1_100, 1_550
    rng = np.random.default_rng(6)
    X = sparse.random(
        n, p, density=0.02, format="csc", random_state=7, data_rvs=lambda k: rng.lognormal(0, 0.5, k)
    )
    eta = np.asarray(X[:, :12].sum(axis=1)).ravel() * 1.5 - 0.3
    y = (
        (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
        if family == "binomial"
        else rng.poisson(np.exp(0.5 * eta))
    )
    weights, offset = rng.random(n) + 0.2, 0.2 * rng.standard_normal(n)
    first = bridle.fit(
        X, y, family=family, l1_ratios=mix, n_alphas=20, folds=3, nested=False, weights=weights, offset=offset
    )
    alphas = first.path.alphas[:8]
    one = bridle.fit(
        X,
        y,
        family=family,
        l1_ratios=mix,
        alphas=alphas,
        folds=3,
        nested=False,
        weights=weights,
        offset=offset,
    )
    other = bridle.fit(
        X.toarray(),
        y,
        family=family,
        l1_ratios=mix,
        alphas=alphas,
        folds=3,
        nested=False,
        weights=weights,
        offset=offset,
    )
    np.testing.assert_allclose(one.coef, other.coef, atol=2e-7 * np.abs(other.coef).max())
    np.testing.assert_allclose(one.selection.curves[0].mean, other.selection.curves[0].mean, rtol=1e-4)
    np.testing.assert_allclose(one.path.degrees_of_freedom, other.path.degrees_of_freedom, rtol=1e-6)
    assert first.path.gaps.max() <= 1e-8 and first.certificate.relative_gap <= 1e-8


def test_threads_do_not_change_a_bit() -> None:
    X = columns(8)
    y = target("binomial", X, 9)
    fits = [
        bridle.fit(X, y, family="binomial", n_alphas=12, folds=3, threads=t, nested=False) for t in (1, 2, 4)
    ]
    for fit in fits[1:]:
        assert fit.coef.tobytes() == fits[0].coef.tobytes()
        assert fit.selection.curves[0].mean.tobytes() == fits[0].selection.curves[0].mean.tobytes()
