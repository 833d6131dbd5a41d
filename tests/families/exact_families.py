"""Every family in mpmath at 60 digits, and where bridle's may be off from it by more than rounding.

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

from bridle.families import (
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
)

ULP = 2.0**-52
LARGEST = float(np.finfo(float).max)
DIGITS, DIGITS_FAR_OUT = 60, 700  # far out a derivative may be what is left of numbers 1e300 times as large
Number = Any  # mpmath's


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


def size_of_logs(y: Number, eta: Number) -> Number:
    """How large the logarithms in a loss are, at least 1: their rounding acts like that of eta."""
    return 1 + abs(eta) + (abs(mp.log(abs(y))) if y else 0)
