"""The adaptive lasso (Zou 2006): every problem weighs its penalties by a pilot of its own training rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..penalties import Penalty
from ..solvers import Plan, Solution, Split
from ..solvers.plan import Progress
from .pilots import Pilot, pilot_of
from .procedures import Procedure, side_by_side, training_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AdaptiveEngine(Procedure):
    """Solves every problem with penalty factors made from its own training rows, the plan's factors times the weights.

    All splits that it is given have the atoms of the one reading that ``inner`` is.
    """

    gamma: float = 1.0
    _pilots: dict[bytes, Pilot] = field(default_factory=dict)

    def pilot(self, plan: Plan, split: Split, problem: int) -> Pilot:
        """Of one problem; made once."""
        key = split.train[problem].tobytes()
        if key not in self._pilots:
            self._pilots[key] = pilot_of(training_of(self.inner, self.rows, split, problem), plan)
        return self._pilots[key]

    def penalty_of(self, plan: Plan, split: Split, problem: int) -> Penalty:
        """The penalty that one problem is solved with."""
        own = adapted(plan.penalty.factors, self.pilot(plan, split, problem).coefs, self.gamma)
        return replace(plan.penalty, factors=own)

    def solve(self, plan: Plan, split: Split, kept: int = 1, progress: Progress = None) -> Solution:
        """As any engine; ``plan.penalty`` has the factors that the weights are still to be put to."""
        found, count = [], len(split.train)
        for k in range(count):
            own = replace(plan, penalty=self.penalty_of(plan, split, k), stop_turned=False)
            found.append(self.inner.solve(own, split.of_problems([k]), 1))
            if progress is not None:
                progress((k + 1) / count)
        return side_by_side(found, kept)


def adapted(factors: Floats, pilot: Floats, gamma: float) -> Floats:
    """Penalty factors (p,) times (largest pilot / |pilot_j|)^gamma.

    The column of the largest pilot keeps its factor, all others pay more: alpha means what it means without weights for the
    column that the pilot is surest of. A pilot of zero leaves its column out; factors of 0 and infinite ones stay.

    >>> adapted(np.array([1.0, 1.0, 0.0, 1.0]), np.array([2.0, -1.0, 5.0, 0.0]), 1.0)
    array([ 1.,  2.,  0., inf])
    """
    held = (factors > 0) & np.isfinite(factors)
    size = np.abs(pilot)
    top = float(size[held].max(initial=0.0))
    seen = held & (size > 0)
    with np.errstate(over="ignore"):
        weight = np.where(seen, (top / np.where(seen, size, 1.0)) ** gamma, np.inf)
        return np.asarray(np.where(held, np.where(held, factors, 1.0) * weight, factors))


__all__ = ["AdaptiveEngine", "adapted"]
