"""Every family against SciPy's distributions and scikit-learn's deviances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.metrics

from bridle.families import (
    Binomial,
    Gamma,
    Huber,
    InverseGaussian,
    LogLog,
    NegativeBinomial,
    Poisson,
    Probit,
    Squared,
    Tweedie,
)

ETAS = np.linspace(-3.0, 3.0, 25)


def saturated_less(
    log_likelihood: Callable[[np.ndarray], np.ndarray], y: np.ndarray, mean: np.ndarray
) -> np.ndarray:
    """The log-likelihood with the target as its own mean, less that of the mean: half the deviance."""
    return log_likelihood(y) - log_likelihood(mean)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 150])
def test_counts_against_scipy(count):
    y, mean = np.full(25, float(count)), np.exp(ETAS)
    wanted = saturated_less(lambda m: scipy.stats.poisson.logpmf(count, m), y, mean)
    np.testing.assert_allclose(Poisson().loss(y, ETAS), wanted, rtol=1e-11, atol=1e-12)
    for theta in (0.5, 2.0, 30.0):
        family = NegativeBinomial(theta)
        wanted = saturated_less(lambda m, t=theta: scipy.stats.nbinom.logpmf(count, t, t / (t + m)), y, mean)
        np.testing.assert_allclose(family.loss(y, ETAS), wanted, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("amount", [0.01, 0.5, 1.0, 40.0])
def test_amounts_against_scipy(amount):
    y, mean = np.full(25, amount), np.exp(ETAS)
    shape = 3.7  # any: it scales the log-likelihood
    wanted = (
        saturated_less(lambda m: scipy.stats.gamma.logpdf(amount, shape, scale=m / shape), y, mean) / shape
    )
    np.testing.assert_allclose(Gamma().loss(y, ETAS), wanted, rtol=1e-11, atol=1e-12)
    scale = 2.3
    wanted = (
        saturated_less(lambda m: scipy.stats.invgauss.logpdf(amount, m / scale, scale=scale), y, mean) / scale
    )
    np.testing.assert_allclose(InverseGaussian().loss(y, ETAS), wanted, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    ("family", "cdf"),
    [
        (Binomial(), scipy.stats.logistic.cdf),
        (Probit(), scipy.stats.norm.cdf),
        (LogLog(), scipy.stats.gumbel_l.cdf),  # the smallest of many exponential times: 1 - exp(-exp(eta))
    ],
    ids=lambda value: getattr(value, "text", ""),
)
def test_classes_against_scipy(family, cdf):
    mean = cdf(ETAS)
    np.testing.assert_allclose(family.mean(ETAS), mean, rtol=1e-14)
    for y in (0, 1):
        wanted = -scipy.stats.bernoulli.logpmf(y, mean)
        np.testing.assert_allclose(family.loss(np.full(25, float(y)), ETAS), wanted, rtol=1e-8, atol=1e-15)
    for successes, trials in ((0, 3), (2, 5), (5, 5)):
        share = np.full(25, successes / trials)
        wanted = saturated_less(
            lambda m, s=successes, n=trials: scipy.stats.binom.logpmf(s, n, m), share, mean
        )
        np.testing.assert_allclose(trials * family.loss(share, ETAS), wanted, rtol=1e-8, atol=1e-12)


def test_numbers_against_scipy():
    y, eta = np.linspace(-4, 4, 25), np.full(25, 0.3)
    wanted = saturated_less(lambda m: scipy.stats.norm.logpdf(y, m), y, eta)
    np.testing.assert_allclose(Squared().loss(y, eta), wanted, rtol=1e-13)
    for delta in (0.5, 1.345, 3.0):
        np.testing.assert_allclose(Huber(delta).loss(y, eta), scipy.special.huber(delta, y - eta), rtol=1e-14)


@pytest.mark.parametrize(
    ("family", "power"),
    [
        (Squared(), 0),
        (Poisson(), 1),
        (Tweedie(1.2), 1.2),
        (Tweedie(1.5), 1.5),
        (Gamma(), 2),
        (Tweedie(2.5), 2.5),
        (InverseGaussian(), 3),
    ],
    ids=lambda value: getattr(value, "text", ""),
)
def test_mean_deviances_of_scikit_learn(family, power):
    random = np.random.default_rng(0)
    y, eta, w = random.gamma(2.0, size=50), random.normal(size=50), random.uniform(0.1, 2.0, size=50)
    if 1 <= power < 2:
        y[::5] = 0.0
    wanted = (
        sklearn.metrics.mean_tweedie_deviance(y, family.mean(eta) + 1e-300, sample_weight=w, power=power)
        if power
        else sklearn.metrics.mean_squared_error(y, eta, sample_weight=w)
    )
    assert 2 * np.average(family.loss(y, eta), weights=w) == pytest.approx(wanted, rel=1e-12)
    if power == 1:
        assert sklearn.metrics.mean_poisson_deviance(y, np.exp(eta), sample_weight=w) == pytest.approx(
            wanted, rel=1e-12
        )
    if power == 2:
        assert sklearn.metrics.mean_gamma_deviance(y, np.exp(eta), sample_weight=w) == pytest.approx(
            wanted, rel=1e-12
        )


def test_log_loss_of_scikit_learn():
    random = np.random.default_rng(1)
    y, eta, w = (
        (random.random(50) < 0.5).astype(float),
        random.normal(size=50),
        random.uniform(0.1, 2.0, size=50),
    )
    for family in (Binomial(), Probit(), LogLog()):
        wanted = sklearn.metrics.log_loss(y, family.mean(eta), sample_weight=w)
        assert np.average(family.loss(y, eta), weights=w) == pytest.approx(wanted, rel=1e-12)
