"""What a model is made of. ``Model`` adds what it can do; a model file holds these fields and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..certificate import Certificate
from ..paths import Path
from ..penalties import Penalty
from ..selection import Refits, Selection
from ..table import Note, Schema

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CorrelatedGroup:
    """Variables that carry nearly the same information; ``correlation`` is the smallest |r| of a kept one with another."""

    variables: tuple[str, ...]
    kept: tuple[str, ...]
    correlation: float


@dataclass(frozen=True, eq=False)
class Contents:
    """The fields of a model; ``Model`` says what each is."""

    schema: Schema
    intercept: float
    coef: Floats
    coef_standardized: Floats
    path: Path
    selection: Selection
    certificates: Mapping[str, Certificate]
    penalty: Penalty
    fit_intercept: bool
    standardize: bool
    fill_values: Floats
    n_rows: int
    target_name: str
    target_mean: float
    target_sd: float
    notes: tuple[Note, ...] = ()
    correlated: tuple[CorrelatedGroup, ...] = ()
    call: Mapping[str, Any] = field(default_factory=dict)
    family: str = "squared"
    classes: tuple[str, ...] = ()
    has_offset: bool = False
    class_weights: tuple[float, float] | None = None
    solver: str = ""
    adaptive: float | None = None
    refits: Refits | None = None
    refit_certificates: Mapping[str, Certificate] = field(default_factory=dict)
