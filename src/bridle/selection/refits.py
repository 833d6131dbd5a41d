"""Unpenalized fits on the supports of a path, and their mixtures with the penalized fits: the relaxed lasso."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..penalties import Penalty
from ..solvers.plan import SparseRows

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Refit:
    """An unpenalized fit: coefficients (s,) of the named columns in original units, and the intercept."""

    columns: Index
    coefs: Floats
    intercept: float


@dataclass(frozen=True, eq=False)
class Refits:
    """The refits along a path: coefficients (A', p) in original units and intercepts (A',).

    A' is smaller than the number of alphas where the relaxed path ends early; ``end`` says why, and is empty where not.
    """

    stored: SparseRows
    intercepts: Floats
    end: str = ""

    def __len__(self) -> int:
        return len(self.intercepts)

    @staticmethod
    def of(found: Sequence[Refit], p: int, end: str = "") -> Refits:
        """From the refits at the first alphas."""
        sizes = [len(one.columns) for one in found]
        nothing = [np.zeros(0)]
        stored = SparseRows(
            np.cumsum([0, *sizes]).astype(np.int64),
            np.concatenate([*nothing, *(one.columns for one in found)]).astype(np.int64),
            np.concatenate([*nothing, *(one.coefs for one in found)]),
            p,
        )
        return Refits(stored, np.array([one.intercept for one in found]), end)

    def replaced(self, k: int, coef: Floats, intercept: float) -> Refits:
        """With another fit (p,) at the k-th alpha."""
        dense, intercepts = self.stored.dense(), self.intercepts.copy()
        dense[k], intercepts[k] = coef, intercept
        return replace(self, stored=SparseRows.of(dense), intercepts=intercepts)

    def mixed(self, k: int, coef: Floats, intercept: float, mix: float) -> tuple[Floats, float]:
        """mix times a penalized fit (p,) plus 1 - mix times the refit at the k-th alpha."""
        own = mix * coef + (1 - mix) * self.stored.row(k)
        return own, mix * intercept + (1 - mix) * float(self.intercepts[k])


def unpenalized_on(penalty: Penalty, support: Index) -> Penalty:
    """The same bounds, no penalty on the support, and every other column left out."""
    factors = np.full(len(penalty.factors), np.inf)
    factors[support] = 0.0
    return replace(penalty, factors=factors)


__all__ = ["Refit", "Refits", "unpenalized_on"]
