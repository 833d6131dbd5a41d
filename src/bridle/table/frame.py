"""What a schema makes of a table: typed parts that the engine computes with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .schema import Note

Floats = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Numeric:
    """One numeric column: ``values`` (n,), float64 or float32, contiguous, *zero* where ``missing`` (n,) is
    True.

    The mean is filled in later, inside each training set, so that nothing of a fold leaks into another.
    """

    name: str
    values: Floats
    missing: Mask | None = None


@dataclass(frozen=True)
class Categorical:
    """One categorical variable: ``codes`` (n,) into ``levels``; -1 marks a level that the schema does not
    have.
    """

    name: str
    codes: npt.NDArray[np.int32]
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Indicator:
    """Where the values of some variable are missing: ``mask`` (n,)."""

    name: str
    mask: Mask


@dataclass(frozen=True)
class Matrix:
    """A whole array: ``values`` (n, p), a NumPy array of any strides, or a SciPy CSC or CSR matrix."""

    values: Any


Part = Numeric | Categorical | Indicator | Matrix


@dataclass(frozen=True)
class Frame:
    """The parts of a table in the schema's order, and the columns with a role.

    ``target``, ``weights`` and ``offset`` are float64 (n,), classes 0 and 1, ``groups`` integer codes from 0
    (n,), ``order`` sort keys (n,); each is None where the schema has no such column or it was not asked for.
    ``notes`` says what was met on the way: unseen levels, missing values where the training table had none.
    """

    n_rows: int
    parts: tuple[Part, ...]
    target: npt.NDArray[np.float64] | None = None
    weights: npt.NDArray[np.float64] | None = None
    groups: npt.NDArray[np.int64] | None = None
    order: npt.NDArray[Any] | None = None
    offset: npt.NDArray[np.float64] | None = None
    notes: tuple[Note, ...] = ()
