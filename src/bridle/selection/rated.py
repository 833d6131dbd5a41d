"""What a score says of the fits of all folds: what ``Scores`` is for the deviance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .choosing import Curve, Scored, summarize

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rated:
    """The scores of all folds, NaN where a fold's path has ended.

    Attributes
    ----------
    larger : whether more is better.
    values : (K, L, A) of held-out rows.  weights : (K,).  nulls : (K,) of the constant model there.
    train : (L, A) of the fit of all rows on them.
    pair_values : (K, K, L, A) trained without folds k and l, rated on l; None without nested cross-validation.
    row_spread : (L, A) standard error over the rows of a single hold-out, of a score that is a mean over the rows.
    """

    name: str
    larger: bool
    values: Floats
    weights: Floats
    nulls: Floats
    train: Floats
    pair_values: Floats | None = None
    row_spread: Floats | None = None

    @property
    def pair_losses(self) -> Floats | None:
        """``pair_values`` with the sign that makes less better."""
        return -self.pair_values if self.larger and self.pair_values is not None else self.pair_values

    def on(self, curves: Sequence[Curve]) -> tuple[Curve, ...]:
        """The curves of all l1_ratios, in the plan's order, with their scores."""
        out = []
        null = float(self.weights @ self.nulls / self.weights.sum())
        for i, curve in enumerate(curves):
            done = len(curve.alphas)
            values = self.values[:, i, :done]
            mean, spread = summarize(values, self.weights)
            if self.row_spread is not None:
                spread = self.row_spread[i, :done]
            scored = Scored(self.name, self.larger, mean, spread, values, self.train[i, :done], null)
            out.append(replace(curve, scored=scored))
        return tuple(out)


__all__ = ["Rated"]
