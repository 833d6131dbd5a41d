"""Mixtures of penalized fits and refits, gathered into the solution of a plan that names every l1_ratio for each mix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers import Solution
from ..solvers.plan import SparseRows
from .procedures import piece, stacked
from .refits import Refits

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fits:
    """One problem's fits along one path on the columns ``columns`` (u,), in original units.

    ``coefs``, ``refitted`` (A', u) and their intercepts (A',): penalized and refitted, as far as there are refits.
    """

    columns: NDArray[np.intp]
    coefs: Floats
    intercepts: Floats
    refitted: Floats
    refit_intercepts: Floats

    def __len__(self) -> int:
        return len(self.refitted)

    @staticmethod
    def of(alone: Solution, ratio: int, path: SparseRows, refits: Refits) -> Fits:
        """Of one l1_ratio of a solution of one problem; ``path`` (A, p) has its coefficients in original units."""
        count = len(refits)
        plain = piece(path, 0, count)
        columns = np.unique(np.concatenate([plain.columns, refits.stored.columns])).astype(np.intp)
        coefs, loose = np.zeros((2, count, len(columns)))
        for k in range(count):
            coefs[k], loose[k] = plain.row(k)[columns], refits.stored.row(k)[columns]
        if alone.intercepts is None:
            intercepts = alone.y_mean[0] - coefs @ alone.x_mean[0][columns]
        else:
            intercepts = alone.intercepts[ratio][0, :count]
        return Fits(columns, coefs, intercepts, loose, refits.intercepts)

    def mixed(self, mix: float) -> tuple[Floats, Floats]:
        """Coefficients (A', u) and intercepts (A',)."""
        return (
            mix * self.coefs + (1 - mix) * self.refitted,
            mix * self.intercepts + (1 - mix) * self.refit_intercepts,
        )


class Widened:
    """A solution on its way to one with every l1_ratio once for each mix; it begins as copies of the penalized one."""

    def __init__(self, plain: Solution, mixes: int, kept: int) -> None:
        self.plain, self.mixes, self.kept = plain, mixes, min(kept, len(plain.gap))
        names = ("gap", "train_error", "nonzero", "test_error")
        self.arrays: dict[str, Any] = {name: np.repeat(getattr(plain, name), mixes, axis=1) for name in names}
        steps = plain.gap.shape[2]
        self.coefs = [
            [piece(coefs, k * steps, (k + 1) * steps) for k in range(self.kept)]
            for coefs in plain.coefs
            for _ in range(mixes)
        ]
        self.intercepts = (
            None
            if plain.intercepts is None
            else [own.copy() for own in plain.intercepts for _ in range(mixes)]
        )

    def put(
        self,
        k: int,
        slot: int,
        coefs: SparseRows,
        intercepts: Floats,
        train_error: Floats,
        test_error: Floats,
    ) -> None:
        """One problem's mixtures (A', p), standardized, with their errors (A',) and (A', atoms); behind them is nothing."""
        count = len(coefs)
        for name, nothing in (("train_error", np.nan), ("test_error", np.nan), ("nonzero", -1)):
            self.arrays[name][k, slot] = nothing
        self.arrays["train_error"][k, slot, :count] = train_error
        self.arrays["test_error"][k, slot, :count] = test_error
        self.arrays["nonzero"][k, slot, :count] = np.diff(coefs.starts)
        if k >= self.kept:
            return
        old = self.coefs[slot][k]
        self.coefs[slot][k] = stacked([coefs, piece(old, count, len(old))])
        if self.intercepts is not None:
            self.intercepts[slot][k, :count] = intercepts

    def solution(self) -> Solution:
        """All of it."""
        degrees = None if self.plain.degrees is None else np.repeat(self.plain.degrees, self.mixes, axis=0)
        return replace(
            self.plain, coefs=[stacked(own) for own in self.coefs], intercepts=self.intercepts, degrees=degrees,
            **self.arrays,
        )  # fmt: skip


__all__ = ["Fits", "Widened"]
