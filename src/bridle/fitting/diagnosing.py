"""Predictions out of fold and what they sum up to: kept where asked for, summed up where the family has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..selection import Choice, Diagnostics, Folds
from ..selection.crossvalidation import Fits, constant_out_of_fold, out_of_fold
from ..selection.diagnostics import diagnose, is_diagnosed
from ..solvers import Engine, Plan
from .intake import Prepared

Floats = NDArray[np.float64]


def out_of_fold_of(
    ready: Prepared,
    engines: list[Engine],
    folds: Folds,
    plan: Plan,
    choice: Choice,
    keep: bool,
    fits: list[Fits | None],
) -> tuple[Floats | None, Diagnostics | None]:
    """The predictions (n,) if they are to be kept, and their summary; folds that were not kept are fitted once more."""
    rows = ready.rows
    summed = is_diagnosed(rows)
    if not (keep or summed):
        return None, None
    held = out_of_fold(rows, engines, folds, plan, choice, fits)
    found = diagnose(rows, held, constant_out_of_fold(rows, folds, plan.fit_intercept)) if summed else None
    if ready.taken is not None:  # squared error saw the target less its offset
        held = held + ready.taken
    return held if keep else None, found
