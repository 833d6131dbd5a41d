"""Every family against numbers that bridle did not compute: mpmath at 60 digits, SciPy's distributions, scikit-learn's
deviances; and the laws that a family claims for itself.

Rounding of the linear predictor alone moves a loss by |slope| |eta| units of its last place, so that is what a loss may be
off by, besides a few units of its own; a slope by |curvature| |eta|, and so on. A formula that loses digits where y is near
the mean, or far out, is off by more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

import bridle._core as core
from bridle.errors import DataError, UsageError
from bridle.families import (
    FAMILIES,
    Binomial,
    Family,
    Gamma,
    Huber,
    InverseGaussian,
    LogLog,
    NegativeBinomial,
    Poisson,
    Probit,
    Squared,
    Tweedie,
    binomial,
    constant_model,
    family_named,
)

ULP = 2.0**-52
LARGEST = float(np.finfo(float).max)
DIGITS, DIGITS_FAR_OUT = 60, 700  # far out a derivative may be what is left of numbers 1e300 times as large
Number = Any  # mpmath's


# --- the same in mpmath ---


@dataclass(frozen=True)
class Exact:
    """A family in mpmath: its loss and slope from the definitions, its mean, and where to look at it."""

    loss: Callable[[Number, Number], Number]
    slope: Callable[[Number, Number], Number]
    mean: Callable[[Number], Number]
    targets: tuple[float, ...]
    far_digits: int = DIGITS_FAR_OUT

    def curvature(self, y: Number, eta: Number) -> Number:
        with mp.workdps(self.far_digits if abs(eta) > 30 else DIGITS):
            return mp.diff(lambda at: self.slope(y, at), eta)

    def third(self, y: Number, eta: Number) -> Number:
        with mp.workdps(self.far_digits if abs(eta) > 30 else DIGITS):
            return mp.diff(lambda at: self.slope(y, at), eta, 2)


def _times_log(a: Number, log: Number) -> Number:
    return mp.mpf(0) if a == 0 else a * log


def _classes(
    log_mean: Callable, log_rest: Callable, density: Callable, far_digits: int = DIGITS_FAR_OUT
) -> Exact:
    """A share y from the logarithms of both classes' probabilities and the derivative of the mean."""

    def loss(y: Number, eta: Number) -> Number:
        own = _times_log(y, mp.log(y) if y else 0) + _times_log(1 - y, mp.log(1 - y) if y < 1 else 0)
        return own - _times_log(y, log_mean(eta)) - _times_log(1 - y, log_rest(eta))

    def slope(y: Number, eta: Number) -> Number:
        up = -y * mp.exp(density(eta) - log_mean(eta)) if y else mp.mpf(0)
        return up + ((1 - y) * mp.exp(density(eta) - log_rest(eta)) if y < 1 else 0)

    shares = (0.0, 1.0, 0.3, 1e-8, 0.5)
    return Exact(loss, slope, lambda eta: mp.exp(log_mean(eta)), shares, far_digits)


def _logit() -> Exact:
    def log_mean(eta: Number) -> Number:
        return -mp.log1p(mp.exp(-eta))

    return _classes(log_mean, lambda eta: log_mean(-eta), lambda eta: log_mean(eta) + log_mean(-eta))


def _probit() -> Exact:
    def log_mean(eta: Number) -> Number:
        return mp.log1p(-mp.ncdf(-eta)) if eta > 0 else mp.log(mp.ncdf(eta))

    def log_density(eta: Number) -> Number:
        return -eta * eta / 2 - mp.log(2 * mp.pi) / 2

    return _classes(log_mean, lambda eta: log_mean(-eta), log_density, DIGITS)


def _cloglog() -> Exact:
    def log_mean(eta: Number) -> Number:
        t = mp.exp(eta)
        return mp.log1p(-mp.exp(-t)) if t > 1 else mp.log(-mp.expm1(-t))

    return _classes(log_mean, lambda eta: -mp.exp(eta), lambda eta: eta - mp.exp(eta))


def _tweedie(power: float) -> Exact:
    """From half the unit deviance: the integral of (u - y) / u^power from y to the mean, y fixed."""
    p = mp.mpf(power)

    def loss(y: Number, eta: Number) -> Number:
        mu = mp.exp(eta)
        if p == 1:
            return _times_log(y, mp.log(y / mu) if y else 0) - y + mu
        if p == 2:
            return y / mu - 1 - mp.log(y / mu)
        own = y ** (2 - p) / ((1 - p) * (2 - p)) if y else 0
        return own - y * mu ** (1 - p) / (1 - p) + mu ** (2 - p) / (2 - p)

    targets = (0.0, 1.0, 3.0, 1e-8, 1e8)
    return Exact(
        loss, lambda y, eta: (mp.exp(eta) - y) * mp.exp((1 - p) * eta), mp.exp, targets[power >= 2 :]
    )


def _negative_binomial(theta: float) -> Exact:
    t = mp.mpf(theta)

    def loss(y: Number, eta: Number) -> Number:
        mu = mp.exp(eta)
        return _times_log(y, mp.log(y / mu) if y else 0) - (y + t) * mp.log((y + t) / (mu + t))

    def slope(y: Number, eta: Number) -> Number:
        mu = mp.exp(eta)
        return (mu - y) * t / (mu + t)

    return Exact(loss, slope, mp.exp, (0.0, 1.0, 3.0, 1e-8, 1e8))


def _huber(delta: float) -> Exact:
    d = mp.mpf(delta)

    def loss(y: Number, eta: Number) -> Number:
        r = abs(y - eta)
        return r * r / 2 if r <= d else d * r - d * d / 2

    numbers = (0.0, 1.0, -3.0, 1e-8, 1e8)
    return Exact(loss, lambda y, eta: max(-d, min(d, eta - y)), lambda eta: eta, numbers)


def _squared() -> Exact:
    return Exact(
        lambda y, eta: (y - eta) ** 2 / 2,
        lambda y, eta: eta - y,
        lambda eta: eta,
        (0.0, 1.0, -3.0, 1e-8, 1e8),
    )


EXACT: dict[Family, Exact] = {
    Squared(): _squared(),
    Huber(): _huber(1.345),
    Binomial(): _logit(),
    Probit(): _probit(),
    LogLog(): _cloglog(),
    Poisson(): _tweedie(1.0),
    Tweedie(1.1): _tweedie(1.1),
    Tweedie(1.5): _tweedie(1.5),
    Tweedie(1.9): _tweedie(1.9),
    Gamma(): _tweedie(2.0),
    Tweedie(2.5): _tweedie(2.5),
    InverseGaussian(): _tweedie(3.0),
    NegativeBinomial(0.5): _negative_binomial(0.5),
    NegativeBinomial(2.0): _negative_binomial(2.0),
    NegativeBinomial(1e5): _negative_binomial(1e5),
}
ALL = list(EXACT)
CONVEX = [family for family in ALL if family.convex]
FAR = (-700.0, -300.0, -100.0, -40.0, -20.0, -5.0, 20.0, 40.0, 100.0, 300.0, 700.0)
NEAR = (-1.0, -1e-3, 0.0, 1e-9, 0.3, 1.0, 3.0, 4.0, 5.0, 6.0)
FROM_THE_MEAN = (0.0, 1e-12, 1e-9, -1e-7, 1e-5, -1e-3, 0.02, -0.3)

names = pytest.mark.parametrize("family", ALL, ids=lambda family: family.text)
convex_names = pytest.mark.parametrize("family", CONVEX, ids=lambda family: family.text)


def points(family: Family, far: bool = True) -> list[tuple[float, float]]:
    """(y, eta) pairs: everywhere, at the edges, and close to where the mean is y."""
    exact = EXACT[family]
    etas = [*NEAR, *(FAR if far else ())]
    out = list(itertools.product(exact.targets, etas))
    for y in exact.targets:
        inside = 0 < y < 1 if family.classes else y > 0 or family.link == "identity"
        if inside:
            at = float(family.predictor(np.array(y)))
            out += [(y, at + off) for off in FROM_THE_MEAN]
    if isinstance(family, LogLog):  # exp(exp(eta)) is out of reach beyond; test_rare_events_far_out has it
        out = [(y, eta) for y, eta in out if eta <= 6]
    return out


def disagreements(
    family: Family, method: str, allowed: Callable[[Exact, Number, Number], Number]
) -> list[tuple[float, ...]]:
    """Where a method is off by more than 16 units of what is allowed: (y, eta, computed, exact)."""
    exact, out = EXACT[family], []
    with mp.workdps(DIGITS):
        for y, eta in points(family):
            found = float(getattr(family, method)(np.array([y]), np.array([eta]))[0])
            wanted = getattr(exact, method)(mp.mpf(y), mp.mpf(eta))
            if abs(wanted) > LARGEST:
                right = found == np.sign(wanted) * np.inf
            else:
                off, unit = abs(mp.mpf(found) - wanted), 16 * ULP
                right = np.isfinite(found) and off <= unit * abs(wanted) + mp.mpf("1e-305")
                right = right or off <= unit * allowed(exact, mp.mpf(y), mp.mpf(eta))
            if not right:
                out.append((y, eta, found, float(wanted)))
    return out


def _size(y: Number, eta: Number) -> Number:
    """How large the logarithms in a loss are, at least 1: their rounding acts like that of eta."""
    return 1 + abs(eta) + (abs(mp.log(abs(y))) if y else 0)


@names
def test_loss_is_half_the_deviance(family):
    def allowed(exact: Exact, y: Number, eta: Number) -> Number:
        own = 1 if family.classes and 0 < y < 1 else 0  # a share's own entropy is taken off
        scale = abs(y) + 1 + getattr(family, "theta", 0)
        second_order = ULP * scale * _size(y, eta) ** 2  # the square of the rounding of the mean
        spread = max(1, 1 / abs(getattr(family, "power", 2.0) - 1)) if isinstance(family, Tweedie) else 1
        return spread * (exact.loss(y, eta) + _size(y, eta) * abs(exact.slope(y, eta))) + own + second_order

    assert disagreements(family, "loss", allowed) == []


@names
def test_slope(family):
    def allowed(exact: Exact, y: Number, eta: Number) -> Number:
        moved = 1 if family.link == "identity" else exact.curvature(y, eta)
        return abs(exact.slope(y, eta)) + _size(y, eta) * abs(moved)

    assert disagreements(family, "slope", allowed) == []


@names
def test_curvature(family):
    if isinstance(family, Huber):
        y, eta = np.zeros(4), np.array([0.0, 1.3, 1.4, -1.4])
        np.testing.assert_array_equal(family.curvature(y, eta), [1.0, 1.0, 0.0, 0.0])
        return

    def allowed(exact: Exact, y: Number, eta: Number) -> Number:
        cancelled = eta * eta if isinstance(family, Probit) else 0  # hazard + eta, for a hazard near -eta
        return abs(exact.curvature(y, eta)) + _size(y, eta) * abs(exact.third(y, eta)) + cancelled

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


# --- the same in SciPy and scikit-learn ---

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


# --- laws ---

drawn = settings(max_examples=60, derandomize=True, deadline=None, database=None)


def targets(family: Family) -> st.SearchStrategy[float]:
    """Targets the family can have, at the edges too."""
    edges = st.sampled_from(EXACT[family].targets)
    if family.classes:
        return edges | st.floats(0.0, 1.0, allow_subnormal=False)
    low = -1e3 if family.link == "identity" else 0.0 if not family.trouble(np.zeros(1))[0] else 1e-3
    return edges | st.floats(low, 1e3, allow_subnormal=False)


def at(family: Family, method: str, y: float, *etas: float) -> np.ndarray:
    return getattr(family, method)(np.full(len(etas), y), np.array(etas))


ETA = st.floats(-30.0, 30.0)
SHARE = st.floats(0.0, 1.0)


@convex_names
@given(data=st.data())
@drawn
def test_the_loss_lies_above_its_tangents_and_below_its_chords(family, data):
    y, a, b, share = data.draw(targets(family)), data.draw(ETA), data.draw(ETA), data.draw(SHARE)
    middle = a + share * (b - a)
    loss, slope = at(family, "loss", y, a, b, middle), at(family, "slope", y, a, b, middle)
    slack = 1e-13 * (1 + np.abs(loss).max() + np.abs(slope).max() * (1 + abs(a) + abs(b)))
    assert loss[1] >= loss[0] + slope[0] * (b - a) - slack
    assert loss[2] <= (1 - share) * loss[0] + share * loss[1] + slack
    assert (slope[1] - slope[0]) * (b - a) >= -slack


@pytest.mark.parametrize("family", [f for f in ALL if not f.convex], ids=lambda family: family.text)
def test_what_is_not_convex_says_so(family):
    y, eta = np.array([1.0]), np.array([3.0])
    assert family.curvature(y, eta)[0] < 0
    assert family.weight(y, eta)[0] > 0  # what Newton's steps use instead


@names
@given(data=st.data())
@drawn
def test_the_weight_of_newtons_steps_is_never_negative(family, data):
    y, etas = data.draw(targets(family)), data.draw(st.lists(ETA, min_size=1, max_size=5))
    weight = at(family, "weight", y, *etas)
    assert (weight >= 0).all()
    if family.convex:
        np.testing.assert_array_equal(weight, at(family, "curvature", y, *etas))
    else:  # the expected curvature: the one at y = mean
        means = family.mean(np.array(etas))
        np.testing.assert_allclose(weight, family.curvature(means, np.array(etas)), rtol=1e-12)


@names
@given(data=st.data())
@drawn
def test_no_curvature_exceeds_the_steepest(family, data):
    y, etas = data.draw(targets(family)), data.draw(st.lists(st.floats(-700, 700), min_size=1, max_size=5))
    assert (at(family, "curvature", y, *etas) <= family.steepest * (1 + 2 * ULP)).all()


@names
def test_the_steepest_is_the_least_bound(family):
    etas = np.array([0.0, -600.0, 600.0])
    most = max(np.abs(family.curvature(np.full(3, y), etas)).max() for y in EXACT[family].targets)
    unbounded = not isinstance(family, NegativeBinomial) and family.steepest == np.inf
    if unbounded:
        assert most > 1e100
    elif isinstance(family, NegativeBinomial):  # (y + theta) / 4: it grows with the target alone
        y = np.array([1e12])
        assert family.curvature(y, np.log([family.theta]))[0] == pytest.approx((1e12 + family.theta) / 4)
    else:
        assert most > family.steepest * (1 - 1e-5)


@pytest.mark.parametrize("family", [f for f in ALL if f.smooth], ids=lambda family: family.text)
@given(data=st.data())
@drawn
def test_curvature_changes_no_faster_than_exp_where_it_is_smooth(family, data):
    """|f'''| <= f'' between two points is |log f''(a) - log f''(b)| <= |a - b|."""
    y, a, b = data.draw(targets(family)), data.draw(ETA), data.draw(ETA)
    curvature = at(family, "curvature", y, a, b)
    assert (curvature > 0).all()
    assert abs(np.log(curvature[0]) - np.log(curvature[1])) <= abs(a - b) * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize("family", [f for f in ALL if not f.smooth], ids=lambda family: family.text)
def test_what_is_not_smooth_breaks_that_law(family):
    etas = np.linspace(-6.0, 6.0, 241)
    broken = False
    for y in EXACT[family].targets[:3]:
        curvature = family.curvature(np.full(241, y), etas)
        with np.errstate(divide="ignore", invalid="ignore"):
            broken |= bool(
                (np.abs(np.diff(np.log(curvature))) > 1.01 * np.diff(etas)).any() or (curvature < 0).any()
            )
    assert broken


@convex_names
@given(data=st.data())
@drawn
def test_fenchels_inequality(family, data):
    """f(eta) + f*(z) - z eta is at least f(eta) - f(e) - z (eta - e) for every e, and 0 for z = f'(eta)."""
    y, eta, share, other = data.draw(targets(family)), data.draw(ETA), data.draw(SHARE), data.draw(ETA)
    gap = family.conjugate_gap(np.array([y]), np.array([eta]), share)
    loss, slope = at(family, "loss", y, eta, other), at(family, "slope", y, eta)[0]
    size = loss.max() + abs(slope) * (1 + abs(eta) + abs(other)) + abs(y) * (1 + abs(eta))
    assert gap.shape == (1,) and gap[0] >= 0
    assert gap[0] >= loss[0] - loss[1] - share * slope * (eta - other) - 1e-13 * size
    assert family.conjugate_gap(np.array([y]), np.array([eta]), 1.0)[0] <= 1e-14 * size


def exact_gap(family: Family, y: float, eta: float, share: float) -> Number:
    """f(eta) - f(e) - z (eta - e) at the e with f'(e) = z = share f'(eta), found in mpmath; None where there is none."""
    exact, y, eta = EXACT[family], mp.mpf(y), mp.mpf(eta)
    goal = mp.mpf(share) * exact.slope(y, eta)
    low, high = mp.mpf(-200), mp.mpf(200 if not isinstance(family, LogLog) else 20)
    low, high = min(low, y - 2, eta), max(high, eta if family.link != "identity" else y + 2 + abs(eta))
    if not exact.slope(y, low) < goal < exact.slope(y, high):
        return None
    for _ in range(110):
        middle = (low + high) / 2
        low, high = (middle, high) if exact.slope(y, middle) < goal else (low, middle)
    return exact.loss(y, eta) - exact.loss(y, low) - goal * (eta - low)


@convex_names
def test_conjugate_gap(family):
    """Against the gap at the conjugate's own point, in mpmath. Closed forms keep small gaps to their last digits."""
    closed = type(family).conjugate_gap is not Family.conjugate_gap and family.link != "probit"
    closed = closed and family.link != "cloglog"
    seen = 0
    with mp.workdps(DIGITS):
        for y, eta, share in itertools.product(
            EXACT[family].targets, (-20.0, -3.0, -0.1, 0.7, 2.0, 5.0), (0.0, 0.3, 0.9, 1 - 2.0**-20)
        ):
            wanted = exact_gap(family, y, eta, share)
            if wanted is None:
                continue
            seen += 1
            found = float(family.conjugate_gap(np.array([y]), np.array([eta]), share)[0])
            size = abs(wanted) if closed else EXACT[family].loss(y, eta) + abs(EXACT[family].slope(y, eta))
            rounding = 1e-8 if closed else 1e-12
            assert abs(found - wanted) <= rounding * size + mp.mpf("1e-30") * (1 + abs(y)), (y, eta, share)
    assert seen > 20


@convex_names
def test_the_gap_of_a_zero_dual_point_is_the_loss(family):
    """With share 0 nothing but the loss is left, as the least loss is 0: in the limit too, for targets at the edge."""
    for y in EXACT[family].targets:
        etas = np.array([-5.0, -0.3, 0.0, 1.2, 4.0])
        loss = family.loss(np.full(5, y), etas)
        gap = family.conjugate_gap(np.full(5, y), etas, 0.0)
        np.testing.assert_allclose(gap, loss, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    "offset", [None, np.full(30, 0.7), np.linspace(-1.0, 1.5, 30)], ids=["", "one", "many"]
)
@names
def test_the_constant_model_has_no_slope_left(family, offset):
    random = np.random.default_rng(4)
    y = random.gamma(2.0, size=30)
    y = y / y.max() if family.classes else y
    w = np.where(np.arange(30) % 5 == 0, 0.0, random.uniform(0.1, 2.0, size=30))
    own = np.zeros(30) if offset is None else offset
    for weights in (None, w):
        share = np.ones(30) if weights is None else weights
        at = constant_model(family, y, weights, offset)
        pulls = share * family.slope(y, own + at)
        assert abs(pulls.sum()) <= 1e-13 * np.abs(pulls).sum()
        assert share @ family.loss(y, own + at) < share @ family.loss(y, own + at + 1e-3)
        assert share @ family.loss(y, own + at) < share @ family.loss(y, own + at - 1e-3)
    assert constant_model(family, y, None, offset, fit_intercept=False) == 0.0


@names
def test_arrays_broadcast(family):
    y, eta = np.full(4, 0.5), np.array([0.2])
    for method in ("loss", "slope", "curvature", "weight"):
        whole = getattr(family, method)(y, np.full(4, 0.2))
        assert whole.shape == (4,) and whole.dtype == np.float64
        np.testing.assert_array_equal(getattr(family, method)(y, eta), whole)
        np.testing.assert_array_equal(getattr(family, method)(y[:, None], np.full((4, 2), 0.2))[:, 1], whole)


@pytest.mark.parametrize("family", [f for f in ALL if f.kernel], ids=lambda family: family.text)
def test_the_compiled_rows_say_the_same(family):
    """Slope and weight as they are; the value without a term of the target alone, so that differences are compared."""
    etas = np.tile(np.linspace(-8.0, 8.0, 33), 4)
    y = np.repeat([t for t in EXACT[family].targets if abs(t) < 1e8][:4], 33)
    etas = etas[: len(y)]
    slope, curvature, value, start = (np.empty(len(y)) for _ in range(4))
    core.family_rows(*family.kernel, y, np.zeros(len(y)), slope, curvature, start)
    core.family_rows(*family.kernel, y, etas, slope, curvature, value)
    np.testing.assert_allclose(slope, family.slope(y, etas), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(curvature, family.weight(y, etas), rtol=1e-12)
    here, there = family.loss(y, etas), family.loss(y, np.zeros(len(y)))
    size = 1 + np.abs(value) + np.abs(start) + here + there
    assert (np.abs((value - start) - (here - there)) <= 1e-14 * size).all()


# --- domains ---

DOMAINS = {
    "binomial": ([0.0, 1.0, 0.5], [-0.1, 1.1, np.nan], "between them"),
    "binomial(probit)": ([0.0, 1.0, 0.5], [-0.1, 1.1, np.nan], "between them"),
    "binomial(cloglog)": ([0.0, 1.0, 0.5], [-0.1, 1.1, np.nan], "between them"),
    "poisson": ([0.0, 2.0, 1e8], [-1.0, -1e-300, np.nan], "at least 0"),
    "negative_binomial(2)": ([0.0, 2.0, 1e8], [-1.0, np.nan], "at least 0"),
    "tweedie(1.5)": ([0.0, 2.0, 1e8], [-1.0, np.nan], "at least 0"),
    "gamma": ([1e-300, 2.0, 1e8], [0.0, -1.0, np.nan], "above 0"),
    "tweedie(2.5)": ([1e-300, 2.0, 1e8], [0.0, -1.0, np.nan], "above 0"),
    "inverse_gaussian": ([1e-300, 2.0, 1e8], [0.0, -1.0, np.nan], "above 0"),
    "squared": ([-5.0, 0.0, 1e300], [], ""),
    "huber": ([-5.0, 0.0, 1e300], [], ""),
}


@pytest.mark.parametrize("name", DOMAINS)
def test_check_names_the_row_the_value_and_the_domain(name):
    fine, wrong, words = DOMAINS[name]
    family = family_named(name)
    family.check(np.array(fine), "claims")
    assert words in family.domain
    for value in wrong:
        y = np.array([*fine, value, *fine])
        with pytest.raises(DataError) as caught:
            family.check(y, "claims")
        message = str(caught.value)
        assert "claims" in message and f" {value:g} " in message and family.text in message
        assert f"row {len(fine) + 1};" in message and family.domain in message


@names
def test_a_constant_target_is_refused(family):
    with pytest.raises(DataError, match=r"^The target y is 1 in every row: there is nothing to learn"):
        family.check(np.ones(5), "y")
    with pytest.raises(DataError, match=r"y is 0\.5 in every row of positive weight"):
        family.check(np.array([0.5, 0.5, 1.0]), "y", np.array([1.0, 2.0, 0.0]))
    family.check(np.array([0.5, 0.5, 1.0]), "y", np.array([1.0, 2.0, 1e-9]))


# --- names ---


def test_every_name_is_a_family():
    arguments = {"negative_binomial": "(2)", "tweedie": "(1.5)"}
    for name in FAMILIES:
        family = family_named(name + arguments.get(name, ""))
        assert isinstance(family, Family) and family.name == name and family.link in repr(family)
    assert family_named(family) is family


@pytest.mark.parametrize(
    ("text", "kind", "parameter"),
    [
        ("gaussian", Squared, None),
        ("normal", Squared, None),
        ("logistic", Binomial, None),
        ("binomial(logit)", Binomial, None),
        ("binomial(probit)", Probit, None),
        (" binomial ( cloglog ) ", LogLog, None),
        ("huber", Huber, 1.345),
        ("huber(2)", Huber, 2.0),
        ("negative_binomial(0.5)", NegativeBinomial, 0.5),
        ("tweedie(1.5)", Tweedie, 1.5),
        ("tweedie(0)", Squared, None),
        ("tweedie(1)", Poisson, None),
        ("tweedie(2.0)", Gamma, None),
        ("tweedie(3)", InverseGaussian, None),
        ("tweedie(1.0000001)", Tweedie, 1.0000001),
        ("tweedie(1.9999999)", Tweedie, 1.9999999),
    ],
)
def test_names_and_parameters(text, kind, parameter):
    family = family_named(text)
    assert type(family) is kind and family.parameter == parameter


@pytest.mark.parametrize(
    "family",
    [*ALL, Huber(1 / 3), NegativeBinomial(1.23456789), Tweedie(1.0000001), Tweedie(np.nextafter(1.5, 2))],
    ids=repr,
)
def test_the_text_gives_the_family_back(family):
    again = family_named(family.text)
    assert again == family and hash(again) == hash(family) and again.parameter == family.parameter
    assert type(again) is type(family)


def test_families_differ_by_their_parameters():
    different = [*ALL, Huber(2.0), Huber(1.345 + 1e-12), NegativeBinomial(2.0 + 1e-9)]
    assert len(set(different)) == len(different)
    assert Poisson() != "poisson" and Binomial() == binomial() and Probit() == binomial("probit")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("poison", ["family must be one of", "poisson", "tweedie", "'poison'"]),
        ("", ["family must be one of", "binomial"]),
        (None, ["family must be one of", "None"]),
        (3, ["family must be one of", "not 3"]),
        ("poisson(", ["family must be one of"]),
        ("Poisson", ["family must be one of", "'Poisson'"]),
        ("tweedie", ["tweedie needs its parameter", "tweedie(1.5)"]),
        ("negative_binomial", ["negative_binomial needs its parameter", "negative_binomial(2)"]),
        ("poisson(2)", ["poisson has no parameter", "'2'"]),
        ("gamma(log)", ["gamma has no parameter", "'log'"]),
        ("tweedie(0.5)", ["tweedie needs power above 1", "not 0.5"]),
        ("tweedie(inf)", ["tweedie needs power above 1", "not inf"]),
        ("tweedie(nan)", ["tweedie needs power above 1", "not nan"]),
        ("tweedie(wide)", ["tweedie needs power as a number", "'wide'"]),
        ("tweedie()", ["tweedie needs power as a number"]),
        ("negative_binomial(0)", ["needs theta above 0", "not 0"]),
        ("negative_binomial(-1.00000001)", ["needs theta above 0", "not -1.00000001"]),
        ("huber(0)", ["huber needs delta above 0"]),
        ("binomial(loglog)", ["logit, probit, cloglog", "'loglog'"]),
    ],
)
def test_wrong_names_are_told_what_to_do(wrong, words):
    with pytest.raises(UsageError) as caught:
        family_named(wrong)
    for word in words:
        assert word in str(caught.value)


def test_tweedie_of_power_two_is_sent_to_gamma():
    """Its own formula divides by 2 - power."""
    with pytest.raises(UsageError, match="gamma"):
        Tweedie(2)
