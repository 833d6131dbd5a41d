"""Losses, slopes, curvatures and means against mpmath at 60 digits."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import scipy.special
import scipy.stats
from exact_families import DIGITS, EXACT, FAR, NEAR, ULP, Exact, Number, disagreements, names, size_of_logs

from bridle.families import (
    Binomial,
    Huber,
    LogLog,
    Poisson,
    Probit,
    Tweedie,
)


@names
def test_loss_is_half_the_deviance(family):
    def allowed(exact: Exact, y: Number, eta: Number) -> Number:
        own = 1 if family.classes and 0 < y < 1 else 0  # a share's own entropy is taken off
        scale = abs(y) + 1 + getattr(family, "theta", 0)
        second_order = ULP * scale * size_of_logs(y, eta) ** 2  # the square of the rounding of the mean
        spread = max(1, 1 / abs(getattr(family, "power", 2.0) - 1)) if isinstance(family, Tweedie) else 1
        return (
            spread * (exact.loss(y, eta) + size_of_logs(y, eta) * abs(exact.slope(y, eta)))
            + own
            + second_order
        )

    assert disagreements(family, "loss", allowed) == []


@names
def test_slope(family):
    def allowed(exact: Exact, y: Number, eta: Number) -> Number:
        moved = 1 if family.link == "identity" else exact.curvature(y, eta)
        return abs(exact.slope(y, eta)) + size_of_logs(y, eta) * abs(moved)

    assert disagreements(family, "slope", allowed) == []


@names
def test_curvature(family):
    if isinstance(family, Huber):
        y, eta = np.zeros(4), np.array([0.0, 1.3, 1.4, -1.4])
        np.testing.assert_array_equal(family.curvature(y, eta), [1.0, 1.0, 0.0, 0.0])
        return

    def allowed(exact: Exact, y: Number, eta: Number) -> Number:
        cancelled = eta * eta if isinstance(family, Probit) else 0  # hazard + eta, for a hazard near -eta
        return abs(exact.curvature(y, eta)) + size_of_logs(y, eta) * abs(exact.third(y, eta)) + cancelled

    assert disagreements(family, "curvature", allowed) == []


@names
def test_mean_and_its_link(family):
    exact = EXACT[family]
    with mp.workdps(DIGITS):
        for eta in [*NEAR, *FAR]:
            found = float(family.mean(np.array([eta]))[0])
            if isinstance(family, LogLog) and eta > 6:
                assert found == 1.0
                continue
            # the density is the mean's derivative: what the rounding of eta moves it by
            wanted, moved = exact.mean(mp.mpf(eta)), abs(mp.diff(exact.mean, mp.mpf(eta)))
            assert abs(found - wanted) <= 4 * ULP * (abs(wanted) + (1 + abs(eta)) * moved) + mp.mpf(
                "1e-305"
            ), eta
    etas = np.array([-5.0, -1.0, 0.0, 1e-3, 1.0])
    np.testing.assert_allclose(family.predictor(family.mean(etas)), etas, rtol=1e-13, atol=1e-14)


def test_predictors_are_the_links_of_scipy():
    means = np.array([1e-300, 1e-8, 0.2, 0.5, 0.999])
    np.testing.assert_allclose(
        Binomial().predictor(means), scipy.special.logit(means), rtol=1e-14, atol=1e-15
    )
    np.testing.assert_allclose(Probit().predictor(means), scipy.stats.norm.ppf(means), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(LogLog().predictor(means), np.log(-np.log1p(-means)), rtol=1e-14)
    np.testing.assert_allclose(Poisson().predictor(means), np.log(means), rtol=1e-15)


def test_rare_events_far_out():
    """The complementary log-log link where exp(exp(eta)) is beyond every number."""
    y, eta = np.array([1.0, 1.0, 0.0, 0.5]), np.array([20.0, 700.0, 700.0, 700.0])
    t = np.exp(700.0)
    np.testing.assert_array_equal(LogLog().loss(y, eta), [0.0, 0.0, t, 0.5 * t])
    np.testing.assert_array_equal(LogLog().slope(y, eta), [0.0, 0.0, t, 0.5 * t])
    np.testing.assert_array_equal(LogLog().curvature(y, eta), [0.0, 0.0, t, 0.5 * t])


@names
def test_nothing_is_nan_beyond_the_range_of_exp(family):
    """A step that goes too far has an infinite loss at most, and no warning (which would fail this test)."""
    etas = np.array([-2000.0, -1000.0, -740.0, 740.0, 1000.0, 2000.0])
    for y in EXACT[family].targets:
        loss = family.loss(np.full(6, y), etas)
        assert not np.isnan(loss).any() and (loss >= 0).all()
