"""bridle.path's generalized linear models against scikit-learn and statsmodels, run here.

The scales. scikit-learn's LogisticRegression weighs the *sum* of losses: C is 1 / (alpha times the sum of the weights);
PoissonRegressor, GammaRegressor and TweedieRegressor have bridle's alpha with ``l1_ratio=0`` (they halve the mean deviance).
HuberRegressor finds a scale s of the noise beside the coefficients; at its s it minimizes Huber's loss at delta = epsilon
s, and its alpha is bridle's times the number of rows over s. None of them penalizes the intercept or scales columns, so
``standardize=False``. statsmodels has no penalty here: alpha = 0, with weights as ``freq_weights``; its negative
binomial has alpha = 1 / theta.

Agreement asked: 1e-7 of the largest coefficient, all per sd of their columns, of bridle at tolerance=0 and the peer at
the tightest tolerance that it takes; 1e-4 of HuberRegressor, whose L-BFGS stops by the objective, and 1e-6 of cvxpy with
Clarabel, which has Huber's loss with an L1 part. A path's training error is statsmodels' deviance over the rows.
"""

from __future__ import annotations

import warnings

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse
import statsmodels.api as sm
from scipy.special import expit
from sklearn.linear_model import (
    GammaRegressor,
    HuberRegressor,
    LogisticRegression,
    PoissonRegressor,
    TweedieRegressor,
)
from statsmodels.genmod import families

import bridle

AGREEMENT = 1e-7
ROWS = 160


def table() -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Correlated columns off centre, an offset, weights, and a target for each family."""
    random = np.random.default_rng(11)
    X = 0.6 * random.normal(size=(ROWS, 1)) + random.normal(size=(ROWS, 6)) * [1, 2, 0.5, 1, 1, 0.3]
    X += [0, 2, 0, -1, 0.5, 0]
    offset = random.uniform(-0.8, 0.8, size=ROWS)
    weights = random.integers(1, 6, size=ROWS) / 2
    eta = X @ [0.5, -0.2, 0.4, 0.0, 0.3, -0.5] + offset
    mean = np.exp(0.4 + eta - eta.mean())
    claims = random.poisson(mean)
    targets = {
        "classes": (random.random(ROWS) < expit(eta - eta.mean())).astype(float),
        "counts": random.poisson(mean).astype(float),
        "spread counts": random.poisson(mean * random.gamma(2.0, 0.5, size=ROWS)).astype(float),
        "amounts": random.gamma(2.0, mean / 2),
        "durations": random.wald(mean, 4.0),
        "claims": np.array([random.gamma(2.0, 0.5, size=k).sum() for k in claims]),
    }
    return X, offset, weights, targets


X, OFFSET, WEIGHTS, TARGETS = table()
weighted = pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])


def path(y, family, alphas, X=X, **options):
    return bridle.path(
        X,
        y,
        family=family,
        alphas=alphas,
        l1_ratio=options.pop("l1_ratio", 0.0),
        standardize=False,
        tolerance=0.0,
        **options,
    )


def assert_close(found, k, coef, intercept, weights, near=AGREEMENT, X=X) -> None:
    sd = np.sqrt(np.cov(X.T, bias=True, aweights=weights).diagonal())
    size = np.abs(coef * sd).max()
    assert np.abs((found.coefs[k] - coef) * sd).max() <= near * size
    assert abs(found.intercepts[k] - intercept) <= near * max(abs(intercept), np.abs(coef @ X.T).max())


# --- scikit-learn ---


def total(weights) -> float:
    return float(ROWS if weights is None else weights.sum())


@weighted
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
def test_logistic_ridge(solver, weights):
    y, alphas = TARGETS["classes"], [1.0, 0.1, 0.01, 1e-4]
    found = path(y, "binomial", alphas, weights=weights)
    for k, alpha in enumerate(alphas):
        model = LogisticRegression(C=1 / (alpha * total(weights)), solver=solver, tol=1e-10, max_iter=10_000)
        if solver == "lbfgs":  # its gradient stops at the rounding of the objective
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(X, y, sample_weight=weights)
        else:
            model.fit(X, y, sample_weight=weights)
        assert_close(
            found, k, model.coef_[0], model.intercept_[0], weights, 3e-6 if solver == "lbfgs" else AGREEMENT
        )


@weighted
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_logistic_lasso_and_elastic_net(l1_ratio, weights):
    """SAGA converges linearly on these columns, scaled: it gets there, in some thousand passes."""
    y, alphas = TARGETS["classes"], [0.1, 0.03, 0.005]
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    found = path(y, "binomial", alphas, X=Z, l1_ratio=l1_ratio, weights=weights)
    for k, alpha in enumerate(alphas):
        model = LogisticRegression(
            C=1 / (alpha * total(weights)),
            l1_ratio=l1_ratio,
            solver="saga",
            tol=1e-12,
            max_iter=50_000,
            random_state=0,
        ).fit(Z, y, sample_weight=weights)
        assert_close(found, k, model.coef_[0], model.intercept_[0], weights, X=Z)
        assert ((found.coefs[k] != 0) == (np.abs(model.coef_[0]) > 1e-9)).all()


PENALIZED = {
    "poisson": ("counts", PoissonRegressor, {}),
    "gamma": ("amounts", GammaRegressor, {}),
    "tweedie(1.5)": ("claims", TweedieRegressor, {"power": 1.5, "link": "log"}),
    "tweedie(1.1)": ("claims", TweedieRegressor, {"power": 1.1, "link": "log"}),
}


@weighted
@pytest.mark.parametrize("family", PENALIZED)
def test_ridge_of_counts_and_amounts(family, weights):
    name, kind, options = PENALIZED[family]
    y, alphas = TARGETS[name], [3.0, 0.3, 0.01, 1e-4]
    found = path(y, family, alphas, weights=weights)
    for k, alpha in enumerate(alphas):
        model = kind(alpha=alpha, solver="newton-cholesky", tol=1e-11, max_iter=1_000, **options)
        model.fit(X, y, sample_weight=weights)
        assert_close(found, k, model.coef_, model.intercept_, weights)


@pytest.mark.parametrize("family", ["binomial", "poisson", "gamma"])
def test_ridge_with_more_columns_than_rows(family):
    random = np.random.default_rng(5)
    wide = random.normal(size=(40, 90)) + 0.5 * random.normal(size=(40, 1))
    eta = wide[:, :5].sum(axis=1) / 3
    y = {
        "binomial": (random.random(40) < expit(eta)).astype(float),
        "poisson": random.poisson(np.exp(eta)).astype(float),
        "gamma": random.gamma(2.0, np.exp(eta) / 2),
    }[family]
    alphas = [1.0, 0.1]
    found = path(y, family, alphas, X=wide)
    for k, alpha in enumerate(alphas):
        if family == "binomial":
            model = LogisticRegression(
                C=1 / (alpha * 40), solver="newton-cholesky", tol=1e-11, max_iter=1_000
            )
        else:
            kind = PoissonRegressor if family == "poisson" else GammaRegressor
            model = kind(alpha=alpha, solver="newton-cholesky", tol=1e-11, max_iter=1_000)
        model.fit(wide, y)
        assert_close(found, k, np.ravel(model.coef_), np.ravel(model.intercept_)[0], None, X=wide)


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_ridge_on_a_sparse_table(family):
    random = np.random.default_rng(6)
    counts = random.poisson(0.3, size=(ROWS, 12)).astype(float)
    eta = counts @ random.normal(size=12) * 0.5
    y = (
        (random.random(ROWS) < expit(eta)).astype(float)
        if family == "binomial"
        else random.poisson(np.exp(eta / 2)) * 1.0
    )
    alphas = [0.3, 0.01]
    found = path(y, family, alphas, X=scipy.sparse.csc_array(counts))
    for k, alpha in enumerate(alphas):
        if family == "binomial":
            model = LogisticRegression(
                C=1 / (alpha * ROWS), solver="newton-cholesky", tol=1e-11, max_iter=1_000
            )
        else:
            model = PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-11, max_iter=1_000)
        model.fit(counts, y)
        assert_close(found, k, np.ravel(model.coef_), np.ravel(model.intercept_)[0], None, X=counts)


@weighted
def test_huber(weights):
    y = X @ [0.5, -0.2, 0.4, 0.0, 0.3, -0.5] + np.random.default_rng(3).standard_t(2, size=ROWS)
    model = HuberRegressor(epsilon=1.5, alpha=2.0, tol=1e-12, max_iter=10_000).fit(
        X, y, sample_weight=weights
    )
    delta, alpha = 1.5 * model.scale_, 2.0 * model.scale_ / total(weights)
    found = path(y, f"huber({float(delta)!r})", [alpha], weights=weights)
    assert_close(found, 0, model.coef_, model.intercept_, weights, 1e-4)


@weighted
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_huber_with_an_l1_part(l1_ratio, weights):
    y = X @ [0.5, -0.2, 0.4, 0.0, 0.3, -0.5] + np.random.default_rng(3).standard_t(2, size=ROWS)
    alphas, w = [0.3, 0.05], np.ones(ROWS) if weights is None else weights
    found = path(y, "huber(0.8)", alphas, l1_ratio=l1_ratio, offset=OFFSET, weights=weights)
    for k, alpha in enumerate(alphas):
        b, b0 = cp.Variable(6), cp.Variable()
        loss = (w / w.sum()) @ cp.huber(y - OFFSET - b0 - X @ b, 0.8) / 2  # cvxpy's is twice Huber's
        penalty = alpha * (l1_ratio * cp.norm1(b) + (1 - l1_ratio) / 2 * cp.sum_squares(b))
        cp.Problem(cp.Minimize(loss + penalty)).solve(
            solver="CLARABEL", tol_gap_abs=1e-14, tol_gap_rel=1e-14, tol_feas=1e-14
        )
        assert_close(found, k, b.value, b0.value, weights, 1e-6)


# --- statsmodels ---

LOG = families.links.Log()
UNPENALIZED = {
    "binomial": ("classes", families.Binomial()),
    "binomial(probit)": ("classes", families.Binomial(families.links.Probit())),
    "binomial(cloglog)": ("classes", families.Binomial(families.links.CLogLog())),
    "poisson": ("counts", families.Poisson()),
    "negative_binomial(2)": ("spread counts", families.NegativeBinomial(LOG, alpha=0.5)),
    "negative_binomial(0.7)": ("spread counts", families.NegativeBinomial(LOG, alpha=1 / 0.7)),
    "gamma": ("amounts", families.Gamma(LOG)),
    "inverse_gaussian": ("durations", families.InverseGaussian(LOG)),
    "tweedie(1.5)": ("claims", families.Tweedie(LOG, var_power=1.5)),
    "squared": ("amounts", families.Gaussian()),
}


@weighted
@pytest.mark.parametrize("offset", [None, OFFSET], ids=["", "offset"])
@pytest.mark.parametrize("family", UNPENALIZED)
def test_without_a_penalty(family, offset, weights):
    name, peer = UNPENALIZED[family]
    y = TARGETS[name]
    found = path(y, family, [0.0], offset=offset, weights=weights)
    fit = sm.GLM(y, sm.add_constant(X), family=peer, offset=offset, freq_weights=weights).fit(
        tol=1e-13, tol_criterion="params", maxiter=500
    )
    assert fit.converged
    assert_close(found, 0, fit.params[1:], fit.params[0], weights)
    assert found.train_error[0] == pytest.approx(fit.deviance / total(weights), rel=1e-9)


def test_trials_are_weights():
    """Successes out of trials are their share with the trials as weights."""
    random = np.random.default_rng(8)
    trials = random.integers(1, 12, size=ROWS).astype(float)
    successes = random.binomial(trials.astype(int), expit(X @ [0.5, -0.2, 0.4, 0.0, 0.3, -0.5]))
    found = path(successes / trials, "binomial", [0.0], weights=trials)
    both = np.column_stack([successes, trials - successes])
    fit = sm.GLM(both, sm.add_constant(X), family=families.Binomial()).fit(tol=1e-13, tol_criterion="params")
    assert_close(found, 0, fit.params[1:], fit.params[0], trials)


def test_exposure_is_an_offset_or_a_weight():
    """Counts with an offset of log exposure are rates with the exposure as weight."""
    y, exposure = TARGETS["counts"], np.exp(OFFSET)
    alphas = [0.1, 0.01, 0.0]
    counts = path(y, "poisson", alphas, offset=OFFSET, l1_ratio=0.5)
    share = exposure.sum() / ROWS  # the mean loss of the rates is per exposure
    rates = path(y / exposure, "poisson", np.array(alphas) / share, weights=exposure, l1_ratio=0.5)
    for k in range(3):
        assert_close(rates, k, counts.coefs[k], counts.intercepts[k], None)
