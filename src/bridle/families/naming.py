"""Families by name: ``poisson``, ``tweedie(1.5)``, ``binomial(probit)``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..errors import UsageError
from .binomial import binomial
from .family import Family
from .logarithmic import Gamma, InverseGaussian, NegativeBinomial, Poisson, Tweedie
from .squared import Huber, Squared

SQUARED = Squared()
# Name: (made without an argument, made from what stands in brackets)
FAMILIES: dict[str, tuple[Callable[[], Family] | None, Callable[[str], Family] | None]] = {
    "squared": (Squared, None),
    "binomial": (binomial, binomial),
    "poisson": (Poisson, None),
    "negative_binomial": (None, lambda text: NegativeBinomial(text)),  # type: ignore[arg-type]
    "gamma": (Gamma, None),
    "inverse_gaussian": (InverseGaussian, None),
    "tweedie": (None, lambda text: _tweedie(text)),
    "huber": (Huber, lambda text: Huber(text)),  # type: ignore[arg-type]
}


def _tweedie(text: str) -> Family:
    """Whole powers have families of their own, whose formulas do not divide by zero."""
    named: dict[float, Callable[[], Family]] = {1.0: Poisson, 2.0: Gamma, 3.0: InverseGaussian, 0.0: Squared}
    try:
        key = float(text)
    except ValueError:
        key = float("nan")
    return named[key]() if key in named else Tweedie(text)  # type: ignore[arg-type]


def family_named(family: Any) -> Family:
    """A family from its name, or the family itself.

    Raises
    ------
    UsageError
        For a name that is none, or a parameter that is missing or out of range.

    >>> family_named("tweedie(1.5)"), family_named("binomial").link
    (<family tweedie(1.5), link log>, 'logit')
    """
    if isinstance(family, Family):
        return family
    found = (
        re.fullmatch(r"\s*(\w+)\s*(?:\(\s*([^()]*?)\s*\))?\s*", family) if isinstance(family, str) else None
    )
    name = (
        {"gaussian": "squared", "normal": "squared", "logistic": "binomial"}.get(found[1], found[1])
        if found
        else ""
    )
    if found is None or name not in FAMILIES:
        raise UsageError(f"family must be one of {', '.join(FAMILIES)}, not {family!r}.")
    plain, given = FAMILIES[name]
    if found[2] is None:
        if plain is None:
            asked = "tweedie(1.5)" if name == "tweedie" else "negative_binomial(2)"
            raise UsageError(f"The family {name} needs its parameter, for example {asked}.")
        return plain()
    if given is None:
        raise UsageError(f"The family {name} has no parameter, but {found[2]!r} was given.")
    return given(found[2])
