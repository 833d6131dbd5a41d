"""Choosing the strength: folds, cross-validation, the rules, nested cross-validation."""

from .adaptive import AdaptiveEngine
from .choosing import Choice, Curve, NestedError, Scored, Selection, choose
from .crossvalidation import Scores, cross_validate
from .diagnostics import Diagnostics
from .folds import Folds, Round, checked_pairs, make_folds
from .procedures import training_of
from .rated import Rated
from .rating import Rating, rated, rating_by
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
    "Rated",
    "Rating",
    "Refits",
    "Refitting",
    "RelaxedEngine",
    "Round",
    "Scored",
    "Scores",
    "Selection",
    "checked_pairs",
    "choose",
    "cross_validate",
    "make_folds",
    "rated",
    "rating_by",
    "training_of",
    "unpenalized_on",
]
