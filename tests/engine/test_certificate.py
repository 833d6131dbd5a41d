"""Certificates against what is true: the objective recomputed here, optima from the solver at another fit, wrong fits.

A wrong fit must not be certified, and every bound must hold for it.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import bridle
from bridle.certificate import Candidate, certify
from bridle.design import Dense, Design
from bridle.penalties import Penalty


def certificate_of(X, y, coef, intercept, alpha, l1_ratio=1.0, penalty=None, **settings):
    design = Design((Dense(X),), np.empty((0, 2), dtype=np.intp))
    candidate = Candidate(alpha, l1_ratio, float(intercept), np.asarray(coef, dtype=float))
    return certify(design, y, None, [candidate], penalty or Penalty.of(X.shape[1]), **settings)[0]


def value(X, y, coef, intercept, alpha, l1_ratio, factors=1.0):
    """The objective of standardized columns and target, in units of the target squared."""
    b, unit = coef * X.std(axis=0) / y.std(), y.std() ** 2
    penalty = np.sum(factors * (l1_ratio * np.abs(b) + (1 - l1_ratio) / 2 * b * b))
    return np.mean((y - intercept - X @ coef) ** 2) / 2 + alpha * penalty * unit


WRONG = {
    "all scaled": lambda b, b0: (b * 1.001, b0),
    "largest dropped": lambda b, b0: (np.where(np.abs(b) == np.abs(b).max(), 0.0, b), b0),
    "intercept shifted": lambda b, b0: (b, b0 + 0.01),
    "zero made nonzero": lambda b, b0: (np.where(b == 0, 1e-3, b), b0),
    "signs turned": lambda b, b0: (-b, b0),
    "NaN": lambda b, b0: (np.where(np.abs(b) == np.abs(b).max(), np.nan, b), b0),
    "infinite": lambda b, b0: (np.where(np.abs(b) == np.abs(b).max(), np.inf, b), b0),
    "NaN intercept": lambda b, b0: (b, np.nan),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_wrong_fits_are_not_certified(table, wrong, l1_ratio):
    X, y = table
    path = bridle.path(X, y, alphas=[0.1], l1_ratio=l1_ratio)
    assert certificate_of(X, y, path.coefs[0], path.intercepts[0], 0.1, l1_ratio).certified
    assert not certificate_of(X, y, *WRONG[wrong](path.coefs[0], path.intercepts[0]), 0.1, l1_ratio).certified


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("size", [1e-6, 1e-3, 0.1, 3.0])
def test_the_bounds_hold_for_perturbed_fits(table, l1_ratio, size):
    X, y = table
    path = bridle.path(X, y, alphas=[0.1], l1_ratio=l1_ratio)
    best = value(X, y, path.coefs[0], path.intercepts[0], 0.1, l1_ratio)
    for seed in range(20):
        coef = path.coefs[0] + size * np.random.default_rng(seed).standard_normal(5)
        intercept = y.mean() - X.mean(axis=0) @ coef
        found = certificate_of(X, y, coef, intercept, 0.1, l1_ratio)
        assert found.objective == pytest.approx(value(X, y, coef, intercept, 0.1, l1_ratio), rel=1e-10)
        assert found.gap >= (found.objective - best) * (1 - 1e-9) - 1e-15
        off = np.linalg.norm((coef - path.coefs[0]) * X.std(axis=0) / y.std())
        assert found.coefficient_error is None or found.coefficient_error >= off * (1 - 1e-9)


@pytest.mark.parametrize("size", [1e-3, 1e-2, 0.1, 1.0])
@pytest.mark.parametrize("standardize", [True, False])
def test_the_bounds_hold_without_any_penalty(table, size, standardize):
    X, y = table[0].copy(), table[1]
    X[:, 1] = X[:, 0] + 1e-4 * X[:, 1]  # a direction that the rows hardly see
    path = bridle.path(X, y, alphas=[0.0], standardize=standardize)
    coef = path.coefs[0] + size * np.array([1.0, -1.0, 0, 0, 0])
    intercept = y.mean() - X.mean(axis=0) @ coef
    found = certificate_of(X, y, coef, intercept, 0.0, standardize=standardize)
    best = np.mean((y - path.intercepts[0] - X @ path.coefs[0]) ** 2) / 2
    assert found.gap >= (found.objective - best) * (1 - 1e-6) - 1e-12  # the rounding of two objectives
    off = (coef - path.coefs[0]) * (X.std(axis=0) / y.std() if standardize else 1)
    assert found.coefficient_error is None or found.coefficient_error >= np.linalg.norm(off) * (1 - 1e-6)


@pytest.mark.parametrize("bounds", [{"upper": 0.5}, {"lower": -0.3}, {"lower": 0.0}])
def test_a_fit_outside_its_bounds_is_not_certified(table, bounds):
    X, y = table
    path = bridle.path(X, y, alphas=[0.1])
    outside = certificate_of(
        X, y, path.coefs[0], path.intercepts[0], 0.1, penalty=Penalty.of(5, None, **bounds)
    )
    assert not outside.certified
    bounded = bridle.path(X, y, alphas=[0.1], **bounds)
    inside = certificate_of(
        X, y, bounded.coefs[0], bounded.intercepts[0], 0.1, penalty=Penalty.of(5, None, **bounds)
    )
    assert inside.certified


def test_a_fit_that_uses_a_column_left_out_is_not_certified(table):
    X, y = table
    path = bridle.path(X, y, alphas=[0.1])
    out = Penalty.of(5, np.array([np.inf, 1, 1, 1, 1]))
    assert not certificate_of(X, y, path.coefs[0], path.intercepts[0], 0.1, penalty=out).certified


def test_the_error_of_unpenalized_coefficients_is_within_its_bound(table):
    X, y = table
    factors = np.array([0.0, 1, 1, 1, 1])
    path = bridle.path(X, y, alphas=[0.1], penalty_factors=factors)
    for size in (1e-8, 1e-7, 5e-7):
        coef = path.coefs[0].copy()
        coef[0] += size * y.std() / X[:, 0].std()
        intercept = y.mean() - X.mean(axis=0) @ coef
        found = certificate_of(X, y, coef, intercept, 0.1, penalty=Penalty.of(5, factors))
        assert found.coefficient_error is None or found.coefficient_error >= size * (1 - 1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e5, 1e7])
@pytest.mark.parametrize("kind", ["float64", "float32", "csr", "csr float32"])
def test_columns_far_from_zero_are_certified_in_every_storage(offset, kind):
    rng = np.random.default_rng(5)
    X = offset + rng.standard_normal((200, 6)) * (1 if "32" not in kind or offset < 1e5 else offset / 1e3)
    X = X.astype(np.float32 if "32" in kind else np.float64)
    y = ((X[:, 0] - X[:, 0].mean()) / X[:, 0].std()).astype(float) + rng.standard_normal(200)
    model = bridle.fit(sp.csr_array(X) if "csr" in kind else X, y, l1_ratios=1.0)
    assert model.certificate.certified


@pytest.mark.parametrize("offset", [10.0, 1e3])
def test_columns_far_from_zero_without_an_intercept(offset):
    rng = np.random.default_rng(5)
    X = offset + rng.standard_normal((200, 6))
    y = X[:, 0] - offset + rng.standard_normal(200)
    path = bridle.path(X, y, alphas=[0.1], fit_intercept=False)
    assert np.abs(path.x_scale / X.std(axis=0) - 1).max() < 1e-6
    assert path.certify()[0].certified


@pytest.mark.parametrize("offset", [1e5, 1e7])
def test_columns_too_far_from_zero_without_an_intercept_are_told(offset):
    """About zero all columns are nearly the same there; what cannot be solved is not certified, and a warning says so."""
    rng = np.random.default_rng(5)
    X = offset + rng.standard_normal((200, 6))
    y = X[:, 0] - offset + rng.standard_normal(200)
    with pytest.warns(bridle.NotCertifiedWarning, match="ill-conditioned"):
        path = bridle.path(X, y, alphas=[0.1], fit_intercept=False)
    assert np.abs(path.x_scale / X.std(axis=0) - 1).max() < 1e-6
    assert not path.certify()[0].certified


@pytest.mark.parametrize("alpha", [1e-320, 1e-300, 1e-200])
def test_a_penalty_too_small_to_matter(table, alpha):
    path = bridle.path(*table, alphas=[alpha], l1_ratio=0.0)
    assert path.certify()[0].certified
