"""Paths whose seen fits are finished behind the others end where paths that wait for them do."""

import numpy as np
import pytest

import bridle
from bridle.solvers import newton
from bridle.solvers.newton_paths import NewtonPaths

GOING = {"binomial": lambda r, eta: r.binomial(1, 1 / (1 + np.exp(-eta))).astype(float),
         "poisson": lambda r, eta: r.poisson(np.exp(0.3 * eta)).astype(float)}  # fmt: skip


@pytest.fixture(scope="module", params=sorted(GOING))
def table(request):
    r = np.random.default_rng(5)
    X = r.standard_normal((3_000, 60)) @ (np.eye(60) + 0.2 * r.standard_normal((60, 60)))
    eta = X[:, :12] @ r.standard_normal(12) / 4
    return X, GOING[request.param](r, eta), request.param


@pytest.fixture
def waiting(monkeypatch):
    """Has every alpha finished before the next one is begun."""
    used = []

    def straight(*given):
        used.append(1)
        return NewtonPaths(*given)

    monkeypatch.setattr(newton, "PathsAhead", straight)
    return used


def fitted(table, **options):
    X, y, family = table
    return bridle.fit(X, y, family=family, folds=4, n_alphas=15, nested=False, seed=1, **options)


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_the_same_fits_and_errors(table, ratio, request):
    ahead = fitted(table, l1_ratios=(ratio,))
    used = request.getfixturevalue("waiting")
    behind = fitted(table, l1_ratios=(ratio,))
    assert used  # the comparison is one
    assert ahead.path.gaps.max() <= 1e-10
    np.testing.assert_allclose(ahead.path.coefs, behind.path.coefs, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ahead.path.intercepts, behind.path.intercepts, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ahead.path.degrees_of_freedom, behind.path.degrees_of_freedom, rtol=0.02)
    (one,), (other,) = ahead.selection.curves, behind.selection.curves
    np.testing.assert_allclose(one.fold_errors, other.fold_errors, rtol=1e-5)
    assert ahead.alpha == behind.alpha


def test_the_last_alpha_of_a_path_that_ends_early_is_finished_too(table):
    X, y, family = table
    path = bridle.path(X, y, family=family, n_alphas=30, max_nonzero=10)
    assert len(path.alphas) < 30
    assert path.gaps.max() <= 1e-10
    whole = bridle.path(X, y, family=family, alphas=path.alphas)
    np.testing.assert_allclose(path.coefs, whole.coefs, rtol=1e-6, atol=1e-8)


def test_the_bits_do_not_depend_on_threads(table):
    one, two = (fitted(table, l1_ratios=(1.0,), threads=threads) for threads in (1, 2))
    assert np.array_equal(one.path.coefs, two.path.coefs)
    assert np.array_equal(one.selection.curves[0].fold_errors, two.selection.curves[0].fold_errors)
