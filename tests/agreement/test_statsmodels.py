"""bridle.path at alpha = 0 against statsmodels' OLS and WLS: coefficients, intercept and mean squared error,
to 1e-9.
"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.datasets import load_diabetes

import bridle

X, Y = load_diabetes(return_X_y=True, scaled=False)
WEIGHTS = {
    "plain": None,
    "weighted": np.random.default_rng(0).uniform(0.1, 4.0, size=len(Y)),
    "some zero": np.where(np.arange(len(Y)) % 5 == 0, 0.0, 1.0),
}


@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
@pytest.mark.parametrize("fit_intercept", [True, False], ids=["intercept", "origin"])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_least_squares(weights, fit_intercept, standardize):
    w = np.ones(len(Y)) if WEIGHTS[weights] is None else WEIGHTS[weights]
    path = bridle.path(
        X, Y, alphas=[0.0], weights=WEIGHTS[weights], standardize=standardize, fit_intercept=fit_intercept
    )
    design = sm.add_constant(X) if fit_intercept else X
    fit = sm.WLS(Y, design, weights=w).fit()
    found = np.append(path.intercepts[0], path.coefs[0])[0 if fit_intercept else 1 :]
    np.testing.assert_allclose(found, fit.params, rtol=1e-9)
    assert path.train_error[0] == pytest.approx(fit.ssr / w.sum(), rel=1e-12)
    assert path.n_nonzero[0] == 10


def test_ols_is_wls_with_ones():
    path = bridle.path(X, Y, alphas=[0.0])
    fit = sm.OLS(Y, sm.add_constant(X)).fit()
    np.testing.assert_allclose(np.append(path.intercepts[0], path.coefs[0]), fit.params, rtol=1e-9)
    assert 1 - path.train_error[0] / Y.var() == pytest.approx(fit.rsquared, rel=1e-12)


@pytest.mark.parametrize("solver", ["moments", "columns"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_unpenalized_columns_are_partialled_out(l1_ratio, solver, monkeypatch):
    """Frisch-Waugh-Lovell: columns free of the penalty may be regressed out of everything else first."""
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: solver)
    free = np.array([1, 3])
    rest = np.setdiff1d(np.arange(10), free)
    factors = np.ones(10)
    factors[free] = 0
    alphas = [5.0, 1.0, 0.2]
    whole = bridle.path(X, Y, alphas=alphas, l1_ratio=l1_ratio, penalty_factors=factors, standardize=False)
    base = sm.add_constant(X[:, free])
    left = np.column_stack([sm.OLS(X[:, j], base).fit().resid for j in rest])
    part = bridle.path(
        left,
        sm.OLS(Y, base).fit().resid,
        alphas=alphas,
        l1_ratio=l1_ratio,
        standardize=False,
        fit_intercept=False,
    )
    np.testing.assert_allclose(whole.coefs[:, rest], part.coefs, rtol=0, atol=1e-9 * np.abs(part.coefs).max())
    for k in range(len(alphas)):
        again = sm.OLS(Y - X[:, rest] @ whole.coefs[k, rest], base).fit()
        np.testing.assert_allclose(
            np.append(whole.intercepts[k], whole.coefs[k, free]), again.params, rtol=1e-8
        )
