"""Counts, claims and durations: families with the log link, whose coefficients multiply the mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .family import Family, Floats, divergence, exponential, positive_parameter


class Logarithmic(Family):
    """What all of them share: the mean is exp(eta)."""

    link = "log"
    scores = ("deviance", "mae", "gini")

    def mean(self, eta: Floats) -> Floats:
        return exponential(eta)

    def predictor(self, mean: Floats) -> Floats:
        return np.asarray(np.log(mean))


class Poisson(Logarithmic):
    """Counts, or rates with the exposure as weight: y log(y / mu) - y + mu."""

    name = "poisson"
    smooth = True
    variance_power = 1.0
    kernel = (2, 0.0)

    def trouble(self, y: Floats) -> NDArray[np.bool_]:
        return np.asarray(~(y >= 0))

    @property
    def domain(self) -> str:
        return "counts or rates of at least 0"

    def loss(self, y: Floats, eta: Floats) -> Floats:
        return divergence(y, exponential(eta), eta)

    def slope(self, y: Floats, eta: Floats) -> Floats:
        return np.asarray(exponential(eta) - y)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        return exponential(eta + 0.0 * y)

    def conjugate_gap(self, y: Floats, eta: Floats, share: float) -> Floats:
        mu = exponential(eta)
        return divergence((1 - share) * y + share * mu, mu)


class NegativeBinomial(Logarithmic):
    """Counts of variance mu + mu^2 / theta, theta given: y log(y / mu) - (y + theta) log((y + theta) / (mu + theta))."""

    name = "negative_binomial"
    smooth = True

    def __init__(self, theta: float = 1.0) -> None:
        self.theta = positive_parameter("negative_binomial", "theta", theta, 0.0, np.inf)
        self.kernel = (5, self.theta)

    @property
    def parameter(self) -> float:
        return self.theta

    def trouble(self, y: Floats) -> NDArray[np.bool_]:
        return np.asarray(~(y >= 0))

    @property
    def domain(self) -> str:
        return "counts of at least 0"

    def _shares(self, eta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """mu / (mu + theta) and theta / (mu + theta), each with its logarithm."""
        s = eta - np.log(self.theta)
        with np.errstate(under="ignore"):
            e = np.exp(-np.abs(s))
            large, small = 1 / (1 + e), e / (1 + e)
        log_large = -np.log1p(e)
        log_small = log_large - np.abs(s)
        up = s > 0
        return (
            np.where(up, large, small),
            np.where(up, small, large),
            np.where(up, log_large, log_small),
            np.where(up, log_small, log_large),
        )

    def loss(self, y: Floats, eta: Floats) -> Floats:
        # (y + theta) times the divergence of one coin, y / (y + theta), from another, mu / (mu + theta): nothing cancels
        share, rest, log_share, log_rest = self._shares(eta)
        own, left = y / (y + self.theta), self.theta / (y + self.theta)
        return np.asarray(
            (y + self.theta) * (divergence(own, share, log_share) + divergence(left, rest, log_rest))
        )

    def slope(self, y: Floats, eta: Floats) -> Floats:
        share, rest, _, _ = self._shares(eta)
        return np.asarray(self.theta * share - y * rest)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        share, rest, _, _ = self._shares(eta)
        return np.asarray((y + self.theta) * share * rest)


class Tweedie(Logarithmic):
    """Variance mu^p: 1 Poisson, 2 gamma, 3 inverse Gaussian, between 1 and 2 claims with a mass at zero; log link.

    Half the unit deviance is y^(2-p) / ((1-p)(2-p)) - y mu^(1-p) / (1-p) + mu^(2-p) / (2-p). Convex in eta for 1 <= p <= 2.
    """

    name = "tweedie"

    def __init__(self, power: float = 1.5) -> None:
        self.power = positive_parameter("tweedie", "power", power, 1.0, np.inf)
        if self.power == 2 and type(self) is Tweedie:
            raise UsageError("The family tweedie of power 2 is the family gamma: ask for that.")
        self.convex = self.power <= 2
        self.smooth = self.power <= 2
        self.variance_power = self.power
        self.kernel = (4, self.power)

    @property
    def parameter(self) -> float | None:
        return self.power

    def trouble(self, y: Floats) -> NDArray[np.bool_]:
        return np.asarray(~(y >= 0) if self.power < 2 else ~(y > 0))

    @property
    def domain(self) -> str:
        return "numbers of at least 0" if self.power < 2 else "numbers above 0"

    def _powers(self, eta: Floats) -> tuple[Floats, Floats]:
        return exponential((1 - self.power) * eta), exponential((2 - self.power) * eta)

    def loss(self, y: Floats, eta: Floats) -> Floats:
        p = self.power
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            log_y = np.log(np.where(y > 0, y, 1.0))
            t = log_y - eta  # log(y / mu)
            size = exponential((2 - p) * eta)
            # mu^(2-p) [ (e^((2-p)t) - 1)/((1-p)(2-p)) - (e^t - 1)/(1-p) ]
            some = _grown(size, (2 - p) * t, exponential((2 - p) * log_y)) / ((1 - p) * (2 - p))
            some = some - _grown(size, t, exponential(log_y + (1 - p) * eta)) / (1 - p)
            none = size / (2 - p) if p < 2 else np.full_like(size, np.inf)
        return np.where(np.isfinite(size), np.maximum(np.where(y > 0, some, none), 0.0), np.inf)

    def slope(self, y: Floats, eta: Floats) -> Floats:
        one, two = self._powers(eta)
        with np.errstate(over="ignore"):
            return np.asarray(two - y * one)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        p = self.power
        one, two = self._powers(eta)
        with np.errstate(over="ignore"):
            return np.asarray((2 - p) * two - (1 - p) * y * one)

    def weight(self, y: Floats, eta: Floats) -> Floats:
        return self.curvature(y, eta) if self.power <= 2 else self._powers(eta + 0.0 * y)[1]


def _grown(size: Floats, t: Floats, whole: Floats) -> Floats:
    """size (e^t - 1), where size e^t = whole: it overflows only where the whole does."""
    return np.where(t > 36.0, whole, size * np.expm1(np.minimum(t, 36.0)))


class Gamma(Tweedie):
    """Amounts above 0 whose spread grows with their mean: y / mu - 1 - log(y / mu)."""

    name = "gamma"

    def __init__(self) -> None:
        super().__init__(2.0)
        self.kernel = (3, 2.0)

    @property
    def parameter(self) -> float | None:
        return None

    def loss(self, y: Floats, eta: Floats) -> Floats:
        t = np.log(y) - eta
        with np.errstate(over="ignore"):
            return np.maximum(np.expm1(t) - t, 0.0)

    def conjugate_gap(self, y: Floats, eta: Floats, share: float) -> Floats:
        with np.errstate(over="ignore"):
            ratio = y * exponential(-eta)
        return divergence((1 - share) + share * ratio, ratio)


class InverseGaussian(Tweedie):
    """Durations with a long tail: (y - mu)^2 / (2 y mu^2), variance mu^3. Not convex in eta."""

    name = "inverse_gaussian"

    def __init__(self) -> None:
        super().__init__(3.0)
        self.convex = self.smooth = False

    @property
    def parameter(self) -> float | None:
        return None

    def loss(self, y: Floats, eta: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            ratio = y * exponential(-eta)
            return np.asarray(0.5 * (ratio - 1) ** 2 / y)
