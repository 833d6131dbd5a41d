"""Certificates: how far a fit can be from the optimum, computed from the rows by code that the solvers never call."""

from .evidence import Candidate
from .proving import Evidence, certify, examine
from .separable import Responses, certify_separable
from .statement import GAP_TOLERANCE, KKT_TOLERANCE, Certificate

__all__ = [
    "GAP_TOLERANCE",
    "KKT_TOLERANCE",
    "Candidate",
    "Certificate",
    "Evidence",
    "Responses",
    "certify",
    "certify_separable",
    "examine",
]
