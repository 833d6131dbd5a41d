"""Two classes: labels, or successes out of trials as shares with the trials as weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .family import Family, Floats, divergence


class Binomial(Family):
    """The negative log-likelihood of a Bernoulli share y in [0, 1], less that of the share itself; link logit."""

    name = "binomial"
    link = "logit"
    steepest = 0.25
    smooth = True
    classes = True
    scores = ("deviance", "auc", "log_loss", "brier", "accuracy", "calibration")
    kernel = (1, 0.0)

    def trouble(self, y: Floats) -> NDArray[np.bool_]:
        return np.asarray(~((y >= 0) & (y <= 1)))

    @property
    def domain(self) -> str:
        return "two classes, 0 and 1, or shares between them with the trials as weights"

    @staticmethod
    def _own(y: Floats) -> Floats:
        """y log y + (1 - y) log(1 - y): 0 for classes."""
        with np.errstate(divide="ignore", invalid="ignore"):
            out = np.where(y > 0, y * np.log(y), 0.0) + np.where(y < 1, (1 - y) * np.log1p(-y), 0.0)
        return np.asarray(out)

    def loss(self, y: Floats, eta: Floats) -> Floats:
        # log(1 + exp(eta)) - y eta, with the larger part taken out first: nothing cancels for y of 0 or 1
        lost = np.where(eta > 0, (1 - y) * eta, -y * eta) + np.log1p(np.exp(-np.abs(eta)))
        return np.maximum(lost + self._own(y), 0.0)

    def slope(self, y: Floats, eta: Floats) -> Floats:
        e = np.exp(-np.abs(eta))
        # mu - y without cancelling: for y = 1 it is -1 / (1 + exp(eta))
        return np.asarray(np.where(eta > 0, (1 - y) - e / (1 + e), e / (1 + e) - y))

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        e = np.exp(-np.abs(eta))
        out = e / (1 + e) ** 2
        return np.broadcast_to(out, np.broadcast_shapes(np.shape(y), np.shape(eta))).copy()

    def mean(self, eta: Floats) -> Floats:
        e = np.exp(-np.abs(eta))
        return np.asarray(np.where(eta > 0, 1.0, e) / (1 + e))

    def predictor(self, mean: Floats) -> Floats:
        return np.asarray(np.log(mean) - np.log1p(-mean))

    def conjugate_gap(self, y: Floats, eta: Floats, share: float) -> Floats:
        # the divergence of the mean m = y + share (mu - y) from mu, of both classes
        mu, rest = self.mean(eta), self.mean(-eta)
        m, left = (1 - share) * y + share * mu, (1 - share) * (1 - y) + share * rest
        return divergence(m, mu) + divergence(left, rest)


class Probit(Binomial):
    """The same with the normal distribution as the inverse link."""

    link = "probit"
    steepest = 1.0
    smooth = False
    kernel = None  # type: ignore[assignment]

    @property
    def text(self) -> str:
        return "binomial(probit)"

    @staticmethod
    def _hazard(t: Floats) -> Floats:
        """phi(t) / Phi(t), by the scaled error function: no digits are lost far out."""
        from scipy.special import erfcx

        return np.asarray(np.sqrt(2 / np.pi) / erfcx(-t * np.sqrt(0.5)))

    def loss(self, y: Floats, eta: Floats) -> Floats:
        from scipy.special import log_ndtr

        lost = np.where(y > 0, -y * log_ndtr(eta), 0.0) + np.where(y < 1, -(1 - y) * log_ndtr(-eta), 0.0)
        return np.maximum(lost + self._own(y), 0.0)

    def slope(self, y: Floats, eta: Floats) -> Floats:
        return np.where(y < 1, (1 - y) * self._hazard(-eta), 0.0) - np.where(
            y > 0, y * self._hazard(eta), 0.0
        )

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        up, down = self._hazard(eta), self._hazard(-eta)
        out = np.where(y > 0, y * up * (up + eta), 0.0) + np.where(y < 1, (1 - y) * down * (down - eta), 0.0)
        return np.asarray(np.clip(out, 0.0, 1.0))  # its bounds; far out hazard + eta cancels

    def mean(self, eta: Floats) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr(eta))

    def predictor(self, mean: Floats) -> Floats:
        from scipy.special import ndtri

        return np.asarray(ndtri(mean))

    def conjugate_gap(self, y: Floats, eta: Floats, share: float) -> Floats:
        return Family.conjugate_gap(self, y, eta, share)


class LogLog(Binomial):
    """The complementary log-log link: mean 1 - exp(-exp(eta)), a rare event in continuous time."""

    link = "cloglog"
    steepest = np.inf
    smooth = False
    kernel = None  # type: ignore[assignment]

    @property
    def text(self) -> str:
        return "binomial(cloglog)"

    @staticmethod
    def _odds(t: Floats) -> Floats:
        """t / (exp(t) - 1), t = exp(eta)."""
        some = np.clip(t, 1e-300, 700.0)
        return np.where(t <= 700.0, some / np.expm1(some), 0.0)

    def loss(self, y: Floats, eta: Floats) -> Floats:
        t = np.exp(np.minimum(eta, 700.0))
        with np.errstate(divide="ignore", under="ignore"):
            # -log(1 - exp(-t)): each way keeps its digits on its own side
            hit = np.where(t > 0.7, -np.log1p(-np.exp(-t)), -np.log(-np.expm1(-np.maximum(t, 1e-290))))
            hit = np.where(t > 1e-290, hit, -eta)
        lost = np.where(y > 0, y * hit, 0.0) + (1 - y) * t
        return np.maximum(lost + self._own(y), 0.0)

    def slope(self, y: Floats, eta: Floats) -> Floats:
        t = np.exp(np.minimum(eta, 700.0))
        return np.asarray((1 - y) * t - y * self._odds(t))

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        t = np.exp(np.minimum(eta, 700.0))
        odds = self._odds(t)
        # d/d eta of t / (e^t - 1) is odds (1 - t - odds), and for small t the bracket is -(t/2 + t^2/12 - t^4/720 + ...)
        s = np.minimum(t, 0.1)
        small = s * (0.5 + s * (1 / 12 + s * s * (-1 / 720 + s * s * (1 / 30240 - s * s / 1209600))))
        return np.maximum((1 - y) * t + y * odds * np.where(t < 0.1, small, t + odds - 1), 0.0)

    def mean(self, eta: Floats) -> Floats:
        return np.asarray(-np.expm1(-np.exp(np.minimum(eta, 700.0))))

    def predictor(self, mean: Floats) -> Floats:
        return np.asarray(np.log(-np.log1p(-mean)))

    def conjugate_gap(self, y: Floats, eta: Floats, share: float) -> Floats:
        return Family.conjugate_gap(self, y, eta, share)


def binomial(link: str = "logit") -> Binomial:
    """The binomial family with one of its links.

    >>> binomial("probit").link
    'probit'
    """
    kinds = {"logit": Binomial, "probit": Probit, "cloglog": LogLog}
    if link not in kinds:
        raise UsageError(f"The family binomial has the links {', '.join(kinds)}, not {link!r}.")
    return kinds[link]()
