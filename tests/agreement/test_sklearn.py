"""bridle.path(standardize=False) against scikit-learn's Lasso, ElasticNet and Ridge at tol=1e-14.

The scales: Lasso and ElasticNet have bridle's alpha and l1_ratio (their sample weights are rescaled to
mean one, so only ratios matter); Ridge penalizes the *sum* of squares, so its alpha is bridle's times the
sum of the weights.

Agreement asked: 1e-8 of the largest coefficient, all per sd of their columns, and the same support
wherever scikit-learn's solution decides it with a margin of 1e-6. scikit-learn may warn that 1e-14 is out
of reach of its rounding; that is no matter here, since agreement is what is judged.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, Ridge

import bridle

AGREEMENT = 1e-8
MARGIN = 1e-6


@pytest.fixture(params=["moments", "columns"], autouse=True)
def solver(request, monkeypatch) -> str:
    """Both solvers: the one that small tables get, and the one for wide tables."""
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: request.param)
    return request.param


FRACTIONS = np.array([0.9, 0.5, 0.2, 0.05, 0.02])  # of the largest alpha that leaves anything in


def correlated(n: int, p: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, p)) + random.normal(size=(n, 1)) + random.uniform(-2, 2, size=p)
    y = X[:, :5] @ np.array([2.0, -1.0, 0.5, 0.0, 1.0]) + random.normal(size=n) + 3
    return X, y


def sparse_counts() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    X = random.poisson(0.2, size=(80, 20)).astype(float)
    return X, X @ random.normal(size=20) + random.normal(size=80)


DATA = {
    "diabetes": load_diabetes(return_X_y=True),
    "diabetes in original units": load_diabetes(return_X_y=True, scaled=False),
    "tall": correlated(300, 12, 0),
    "square": correlated(40, 40, 1),
    "wide": correlated(30, 80, 2),
    "counts": sparse_counts(),
}


def moments(X, y, w, fit_intercept):
    w = w / w.sum()
    center = w @ X if fit_intercept else np.zeros(X.shape[1])
    y = y - (w @ y if fit_intercept else 0)
    return w, X - center, y


def compare(path, models, X, y, w, l1_ratio, fit_intercept) -> None:
    sd = np.sqrt(w @ (X - w @ X / w.sum()) ** 2 / w.sum())
    share, centred, target = moments(X, y, w, fit_intercept)
    for k, (alpha, model) in enumerate(zip(path.alphas, models, strict=True)):
        wanted = np.ravel(model.coef_)
        size = np.abs(wanted * sd).max()
        error = np.abs((path.coefs[k] - wanted) * sd).max()
        assert error <= AGREEMENT * size, f"alpha {alpha}: coefficients differ by {error / size:.1e}"
        assert abs(path.intercepts[k] - model.intercept_) <= AGREEMENT * max(
            abs(model.intercept_), np.abs(y).max()
        )
        slope = np.abs((share * (target - centred @ wanted)) @ centred)
        slack = alpha * l1_ratio - slope
        decided = np.where(wanted != 0, np.abs(wanted * sd) > MARGIN * size, slack > MARGIN * slope.max())
        np.testing.assert_array_equal((path.coefs[k] != 0)[decided], (wanted != 0)[decided])


def elastic_nets(X, y, alphas, l1_ratio, sample_weight=None, **options) -> list[ElasticNet]:
    models = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for alpha in alphas:
            model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, tol=1e-14, max_iter=20_000, **options)
            models.append(model.fit(X, y, sample_weight=sample_weight))
    return models


def grid(X, y, w, l1_ratio, fit_intercept=True) -> np.ndarray:
    share, centred, target = moments(X, y, w, fit_intercept)
    return FRACTIONS * np.abs((share * target) @ centred).max() / l1_ratio


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("name", DATA)
def test_lasso_and_elastic_net(name, l1_ratio, weighted):
    X, y = DATA[name]
    weights = np.random.default_rng(0).integers(1, 6, size=len(y)) / 2 if weighted else None
    w = np.ones(len(y)) if weights is None else weights
    alphas = grid(X, y, w, l1_ratio)
    path = bridle.path(X, y, alphas=alphas, l1_ratio=l1_ratio, weights=weights, standardize=False)
    compare(path, elastic_nets(X, y, alphas, l1_ratio, weights), X, y, w, l1_ratio, True)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_no_intercept(l1_ratio):
    X, y = DATA["tall"]
    w = np.ones(len(y))
    alphas = grid(X, y, w, l1_ratio, fit_intercept=False)
    path = bridle.path(X, y, alphas=alphas, l1_ratio=l1_ratio, standardize=False, fit_intercept=False)
    models = elastic_nets(X, y, alphas, l1_ratio, fit_intercept=False)
    compare(path, models, X, y, w, l1_ratio, False)


@pytest.mark.parametrize("format", ["csc", "csr", "coo"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_sparse(l1_ratio, format):
    X, y = DATA["counts"]
    alphas = grid(X, y, np.ones(len(y)), l1_ratio)
    stored = scipy.sparse.coo_array(X).asformat(format)
    path = bridle.path(stored, y, alphas=alphas, l1_ratio=l1_ratio, standardize=False)
    models = elastic_nets(scipy.sparse.csc_matrix(X), y, alphas, l1_ratio)
    compare(path, models, X, y, np.ones(len(y)), l1_ratio, True)


@pytest.mark.parametrize("name", ["diabetes", "wide"])
def test_nonnegative(name):
    """positive=True is a lower bound of zero."""
    X, y = DATA[name]
    alphas = grid(X, y, np.ones(len(y)), 1.0)
    path = bridle.path(X, y, alphas=alphas, lower=np.zeros(X.shape[1]), standardize=False)
    for k, model in enumerate(elastic_nets(X, y, alphas, 1.0, positive=True)):
        np.testing.assert_allclose(
            path.coefs[k], model.coef_, rtol=0, atol=AGREEMENT * np.abs(model.coef_).max()
        )


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("fit_intercept", [True, False], ids=["intercept", "origin"])
@pytest.mark.parametrize("name", DATA)
def test_ridge(name, fit_intercept, weighted):
    X, y = DATA[name]
    weights = np.random.default_rng(1).integers(1, 6, size=len(y)) / 2 if weighted else None
    w = np.ones(len(y)) if weights is None else weights
    _, centred, _ = moments(X, y, w, fit_intercept)
    alphas = (centred**2).mean() * np.array([10.0, 1.0, 0.1, 1e-3])
    path = bridle.path(
        X, y, alphas=alphas, l1_ratio=0.0, weights=weights, standardize=False, fit_intercept=fit_intercept
    )
    models = [
        Ridge(alpha=alpha * w.sum(), fit_intercept=fit_intercept, solver="svd").fit(
            X, y, sample_weight=weights
        )
        for alpha in alphas
    ]
    compare(path, models, X, y, w, 0.0, fit_intercept)


def test_standardizing_is_a_scaler_before_and_a_division_of_the_target():
    """standardize=True is StandardScaler on the columns and on the target, and coefficients turned back."""
    X, y = DATA["diabetes in original units"]
    sd, y_sd = X.std(axis=0), y.std()
    alphas = [0.3, 0.1, 0.03, 0.01]
    path = bridle.path(X, y, alphas=alphas, l1_ratio=0.5)
    for k, model in enumerate(elastic_nets((X - X.mean(axis=0)) / sd, (y - y.mean()) / y_sd, alphas, 0.5)):
        wanted = model.coef_ * y_sd / sd
        np.testing.assert_allclose(
            path.coefs[k] * sd, wanted * sd, rtol=0, atol=AGREEMENT * np.abs(wanted * sd).max()
        )
        assert path.intercepts[k] == pytest.approx(y.mean() - X.mean(axis=0) @ wanted, rel=AGREEMENT)
