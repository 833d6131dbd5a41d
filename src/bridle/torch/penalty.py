"""How strongly a network is penalized, as numbers: what its file, its report and its verification read without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .network import Floats


@dataclass(frozen=True)
class Strengths:
    """How strongly each part of the penalty acts: numbers, or (B,) one for each problem.

        l1 sum |W|  +  l2/2 sum W^2  +  group sum_g sqrt(size of g) ||W_g||

    ``groups`` are what the group part takes together: all weights of an input feature ("inputs", the first layer
    alone) or all incoming weights of a neuron ("neurons", every hidden layer). Biases are never penalized.
    """

    l1: float | Floats = 0.0
    l2: float | Floats = 0.0
    group: float | Floats = 0.0
    groups: str = "inputs"

    def of(self, problem: int) -> Strengths:
        """Of one problem, as numbers."""
        l1, l2, group = (
            float(np.ravel(v)[problem if np.ndim(v) else 0]) for v in (self.l1, self.l2, self.group)
        )
        return Strengths(l1, l2, group, self.groups)
