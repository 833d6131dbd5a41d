"""A strength: the pair (l1, l2) of bridle's objective, said as alpha and l1_ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

from ..errors import UsageError


class MissingQuantity(UsageError):
    """A conversion needs to know something of the data that was not given.

    ``needs`` names the arguments that would do, ``why`` says what for; the message is made of both.
    """

    def __init__(self, convention: str, needs: str, why: str) -> None:
        self.convention, self.needs, self.why = convention, needs, why
        super().__init__(f'The convention "{convention}" needs {needs}{why}')


@dataclass(frozen=True)
class Strength:
    """The strength of a penalty in bridle's objective: alpha >= 0 and l1_ratio in [0, 1] (0 ridge, 1 lasso).

    >>> Strength(2.0, 0.25).l1, Strength(2.0, 0.25).l2
    (0.5, 1.5)
    """

    alpha: float
    l1_ratio: float

    def __post_init__(self) -> None:
        check("alpha", self.alpha, 0.0, math.inf)
        check("l1_ratio", self.l1_ratio, 0.0, 1.0)

    @property
    def l1(self) -> float:
        """alpha * l1_ratio, the factor of sum |b_j|."""
        return self.alpha * self.l1_ratio

    @property
    def l2(self) -> float:
        """alpha * (1 - l1_ratio), the factor of sum b_j^2 / 2."""
        return self.alpha * (1.0 - self.l1_ratio)

    def on_scaled_target(self, target_sd: float) -> Strength:
        """The same penalty where the target is divided by ``target_sd``: (l1, l2) becomes (l1/target_sd, l2).

        >>> Strength(1.0, 0.5).on_scaled_target(2.0)
        Strength(alpha=0.75, l1_ratio=0.3333333333333333)
        """
        return from_parts(self.alpha, self.l1_ratio, positive("target_sd", target_sd), 1.0)

    def on_raw_target(self, target_sd: float) -> Strength:
        """The inverse of ``on_scaled_target``.

        >>> Strength(2.0, 0.5).on_raw_target(2.0).l1
        2.0
        """
        return from_parts(self.alpha, self.l1_ratio, positive("target_sd", target_sd), 1.0, inverse=True)


def from_parts(main: float, mix: float, d1: float, d2: float, *, inverse: bool = False) -> Strength:
    """The parts main * mix and main * (1 - mix), divided by d1 and d2 (or multiplied), as a strength.

    The mix is defined where main is 0 too, and where it is 0 or 1 nothing is rounded twice.

    >>> from_parts(2.0, 0.5, 2.0, 1.0).l1
    0.5
    """
    if mix in (0.0, 1.0):
        divisor = d1 if mix else d2
        return Strength(finite("alpha", main * divisor if inverse else main / divisor), mix)
    l1, l2 = (mix * d1, (1.0 - mix) * d2) if inverse else (mix / d1, (1.0 - mix) / d2)
    return Strength(finite("alpha", main * (l1 + l2)), l1 / (l1 + l2))


def check(name: str, value: object, low: float, high: float) -> float:
    """A finite number between two bounds, as a float; ``UsageError`` names anything else.

    >>> check("l1_ratio", 1, 0.0, 1.0)
    1.0
    """
    if not isinstance(value, Real):
        raise UsageError(f"{name} must be a number, not {value!r}.")
    number = float(value)
    if not (low <= number <= high and math.isfinite(number)):
        bounds = f"between {low:g} and {high:g}" if math.isfinite(high) else "finite and not negative"
        raise UsageError(f"{name} must be {bounds}, not {number:g}.")
    return number


def positive(name: str, value: object) -> float:
    """A finite number above 0.

    >>> positive("rows", 3)
    3.0
    """
    number = check(name, value, 0.0, math.inf)
    if number == 0.0:
        raise UsageError(f"{name} must be positive, not 0.")
    return number


def finite(name: str, value: float) -> float:
    """The value, where it did not leave the range of numbers."""
    if not math.isfinite(value):
        raise UsageError(f"{name} is too large for a number in these units.")
    return value
