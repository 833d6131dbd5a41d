"""Choosing the strength: folds, cross-validation, the rules, nested cross-validation."""

from .adaptive import AdaptiveEngine
from .choosing import Choice, Curve, NestedError, Selection, choose
from .crossvalidation import Scores, cross_validate
from .diagnostics import Diagnostics
from .folds import Folds, Round, checked_pairs, make_folds
from .procedures import training_of
from .refits import Refits, unpenalized_on
from .refitting import Refitting
from .relaxed import RelaxedEngine

__all__ = [
    "AdaptiveEngine",
    "Choice",
    "Curve",
    "Diagnostics",
    "Folds",
    "NestedError",
    "Refits",
    "Refitting",
    "RelaxedEngine",
    "Round",
    "Scores",
    "Selection",
    "checked_pairs",
    "choose",
    "cross_validate",
    "make_folds",
    "training_of",
    "unpenalized_on",
]
