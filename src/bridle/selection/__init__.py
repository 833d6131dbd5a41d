"""Choosing the strength: folds, cross-validation, the rules, nested cross-validation."""

from .choosing import Choice, Curve, NestedError, Selection, choose
from .crossvalidation import Scores, cross_validate
from .folds import Folds, Round, make_folds

__all__ = [
    "Choice",
    "Curve",
    "Folds",
    "NestedError",
    "Round",
    "Scores",
    "Selection",
    "choose",
    "cross_validate",
    "make_folds",
]
