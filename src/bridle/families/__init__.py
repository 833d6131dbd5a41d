"""Families of the separable kind: the losses of generalized linear models, one class each."""

from .binomial import Binomial, LogLog, Probit, binomial
from .constants import constant_model
from .family import Family
from .logarithmic import Gamma, InverseGaussian, NegativeBinomial, Poisson, Tweedie
from .naming import FAMILIES, SQUARED, family_named
from .squared import Huber, Squared

__all__ = [
    "FAMILIES",
    "SQUARED",
    "Binomial",
    "Family",
    "Gamma",
    "Huber",
    "InverseGaussian",
    "LogLog",
    "NegativeBinomial",
    "Poisson",
    "Probit",
    "Squared",
    "Tweedie",
    "binomial",
    "constant_model",
    "family_named",
]
