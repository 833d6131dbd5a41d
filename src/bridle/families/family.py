"""What a family of the separable kind is: a loss for each row, of a target and a linear predictor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, UsageError

Floats = NDArray[np.float64]

FARTHEST = 300.0  # of an offset under a logarithm or a logit: its exponential has 130 digits


class Family:
    """Half the unit deviance of a target y at the linear predictor eta, and what follows from it.

    A family is one class: the solvers, certificates and reports ask for nothing else. ``y`` and ``eta`` are arrays of one
    shape, or broadcast against each other.

    Attributes
    ----------
    name, link : the standard terms.
    convex : whether the loss is convex in eta, so that a duality gap exists.
    steepest : the least upper bound of the curvature; infinite where there is none.
    smooth : whether |f'''| <= f'' holds (generalized self-concordance), which bounds coefficients from a gap.
    kernel : number of the compiled row kernel, and its parameter; None: NumPy does it.
    variance_power : where the link is the logarithm and the variance a power of the mean, which one.
    classes : whether the target is one of two classes, or a share of them.
    scores : what may choose a strength on held-out rows, by name; its own deviance first.
    """

    name: str = ""
    link: str = "identity"
    convex: bool = True
    steepest: float = np.inf
    smooth: bool = False
    variance_power: float | None = None
    classes: bool = False
    scores: tuple[str, ...] = ("deviance", "mae")
    kernel: tuple[int, float] | None = None

    @property
    def parameter(self) -> float | None:
        """The family's own parameter (power, theta, delta); None where it has none."""
        return None

    @property
    def text(self) -> str:
        """How the family is written in a call: ``tweedie(1.5)``, ``binomial(probit)``."""
        return self.name if self.parameter is None else f"{self.name}({shortest(self.parameter)})"

    def __repr__(self) -> str:
        return f"<family {self.text}, link {self.link}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Family) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def loss(self, y: Floats, eta: Floats) -> Floats:
        """Half the unit deviance: 0 where the mean is y, never below."""
        raise NotImplementedError

    def slope(self, y: Floats, eta: Floats) -> Floats:
        """The loss's derivative by eta."""
        raise NotImplementedError

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """Its second derivative by eta."""
        raise NotImplementedError

    def weight(self, y: Floats, eta: Floats) -> Floats:
        """A curvature that is nowhere negative, for Newton's steps: the expected one where the loss is not convex."""
        return self.curvature(y, eta)

    def mean(self, eta: Floats) -> Floats:
        """The mean of the target: the inverse of the link."""
        raise NotImplementedError

    def predictor(self, mean: Floats) -> Floats:
        """The link: eta of a mean."""
        raise NotImplementedError

    def trouble(self, y: Floats) -> NDArray[np.bool_]:
        """Which targets the family cannot have."""
        return np.zeros(len(y), dtype=bool)

    def at_the_edge(self, y: float) -> bool:
        """Whether rows that all have this target have no finite constant model: its predictor is infinite."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return not bool(np.isfinite(self.predictor(np.array([y], dtype=np.float64)))[0])

    @property
    def domain(self) -> str:
        """The targets it can have, in words."""
        return "any finite number"

    def check_domain(self, y: Floats, name: str) -> None:
        """Refuses a target outside the domain, or one that is no finite number, naming the first row."""
        bad = np.flatnonzero(self.trouble(y) | ~np.isfinite(y))
        if len(bad):
            raise DataError(
                f"The target {name} is {y[bad[0]]:g} in row {int(bad[0]) + 1}; the family {self.text} needs {self.domain}."
            )

    def check_offset(self, offset: Floats | None) -> None:
        """Refuses, with a link, an offset whose exponential is no number to count with, naming the first row."""
        if offset is None or self.link == "identity":
            return
        far = np.flatnonzero(np.abs(offset) > FARTHEST)
        if len(far):
            raise DataError(
                f"The offset is {offset[far[0]]:g} in row {int(far[0]) + 1}. With the {self.link} link of the family "
                f"{self.text} it lies at most {FARTHEST:g} from 0: give the logarithm of the exposure, not itself."
            )

    def check(
        self, y: Floats, name: str, weights: Floats | None = None, offset: Floats | None = None
    ) -> None:
        """Refuses a target outside the domain, or one that the constant model fits already.

        A constant target beside an ``offset`` that varies may be something to learn, unless its predictor is infinite.

        Raises
        ------
        DataError
            Naming the first row.
        """
        self.check_domain(y, name)
        self.check_offset(offset)
        used = slice(None) if weights is None else weights > 0
        seen, shift = y[used], np.zeros(1) if offset is None else offset[used]
        if len(seen) and not (seen != seen[0]).any():
            if (shift != shift[0]).any() and not self.at_the_edge(float(seen[0])):
                return
            raise DataError(
                f"The target {name} is {seen[0]:g} in every row"
                f"{'' if weights is None else ' of positive weight'}: there is nothing to learn."
            )

    def conjugate_gap(self, y: Floats, eta: Floats, share: float) -> Floats:
        """f(eta) + f*(share f'(eta)) - share f'(eta) eta, share in [0, 1]: what Fenchel's inequality leaves, 0 at share 1.

        By the eta* with f'(eta*) = share f'(eta) it is f(eta) - f(eta*) - share f'(eta) (eta - eta*), and eta* is found by
        bisection. Families with a closed form have their own.
        """
        goal = share * self.slope(y, eta)
        low, high = _bracket(self, y, eta, goal)
        for _ in range(200):
            middle = 0.5 * (low + high)
            if np.array_equal(middle, low) or np.array_equal(middle, high):
                break
            below = self.slope(y, middle) < goal
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        at = 0.5 * (low + high)
        return np.maximum(self.loss(y, eta) - self.loss(y, at) - goal * (eta - at), 0.0)


def _bracket(family: Family, y: Floats, eta: Floats, goal: Floats) -> tuple[Floats, Floats]:
    """eta* lies between eta and where the slope changes its sign; walked outwards from eta."""
    slope = family.slope(y, eta)
    low, high = eta.copy(), eta.copy()
    step = np.ones_like(eta)
    for _ in range(60):
        need_low = (slope > 0) & (family.slope(y, low) > goal)
        need_high = (slope < 0) & (family.slope(y, high) < goal)
        if not (need_low.any() or need_high.any()):
            break
        low = np.where(need_low, np.maximum(low - step, -700.0), low)
        high = np.where(need_high, np.minimum(high + step, 700.0), high)
        step = np.where(need_low | need_high, 2 * step, step)
    return low, high


def divergence(m: Floats, mu: Floats, log_mu: Floats | None = None) -> Floats:
    """m log(m / mu) - m + mu, Poisson's half unit deviance, without cancelling where m is near mu.

    With d = m - mu it is mu h(d / mu), h(t) = (1 + t) log(1 + t) - t. ``log_mu`` serves where mu underflows.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        seen = np.maximum(mu, np.finfo(np.float64).tiny)
        t = np.maximum((m - seen) / seen, -1.0)
        near, wide = np.abs(t) < 1e-2, t > 1e3
        s = np.where(near, t, 0.0)
        # h(t) = t^2/2 - t^3/6 + t^4/12 - ... = sum_k (-1)^k t^k / (k (k - 1))
        series = np.zeros_like(s)
        for k in range(9, 1, -1):
            series = series * s + (-1.0) ** k / (k * (k - 1))
        some = seen * np.where(near, s * s * series, (1 + t) * np.log1p(t) - t)
        much = m * (np.log(m) - (np.log(seen) if log_mu is None else log_mu)) - m + mu
    return np.where(wide, much, np.where(t > -1.0, some, mu))


def exponential(eta: Floats) -> Floats:
    """exp without a warning: what overflows is infinite, and so is its loss."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.exp(eta))


def shortest(number: float) -> str:
    """A number in the fewest digits that give it back.

    >>> shortest(2.0), shortest(1.2345678)
    ('2', '1.2345678')
    """
    return f"{number:g}" if float(f"{number:g}") == number else repr(number)


def positive_parameter(family: str, name: str, value: Any, low: float, high: float) -> float:
    """A family's parameter, checked.

    Raises
    ------
    UsageError
        When it is no number between low and high.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise UsageError(f"The family {family} needs {name} as a number, not {value!r}.") from None
    if not low < number < high:
        above = f" and below {high:g}" if np.isfinite(high) else ""
        raise UsageError(f"The family {family} needs {name} above {low:g}{above}, not {shortest(number)}.")
    return number
