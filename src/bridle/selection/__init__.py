"""Choosing the strength: folds, cross-validation, the rules, nested cross-validation."""

from .choosing import Choice, Curve, NestedError, Selection, choose
from .crossvalidation import Scores, cross_validate
from .diagnostics import Diagnostics
from .folds import Folds, Round, checked_pairs, make_folds

__all__ = [
    "Choice",
    "Curve",
    "Diagnostics",
    "Folds",
    "NestedError",
    "Round",
    "Scores",
    "Selection",
    "checked_pairs",
    "choose",
    "cross_validate",
    "make_folds",
]
