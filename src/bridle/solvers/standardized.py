"""Rows of a sparse table as the penalty sees them, multiplied without ever being written out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .plan import Floats


class Standardized:
    """A = diag(root) (X - 1 mean') diag(inverse), X some rows of a SciPy matrix in compressed rows."""

    def __init__(
        self, matrix: Any, rows: NDArray[np.int64], root: Floats, mean: Floats, inverse: Floats
    ) -> None:
        part = matrix[rows]
        weights = np.repeat(root, np.diff(part.indptr)) * inverse[part.indices]
        part.data = part.data * weights
        self.matrix, self.root, self.shift = part, root, mean * inverse

    def times(self, right: Floats) -> Floats:
        """A right, (n,) or (n, k)."""
        off = self.shift @ right
        return np.asarray(
            self.matrix @ right - (np.outer(self.root, off) if right.ndim > 1 else off * self.root)
        )

    def transposed(self, right: Floats) -> Floats:
        """A' right, (p,) or (p, k)."""
        off = self.root @ right
        return np.asarray(
            self.matrix.T @ right - (np.outer(self.shift, off) if right.ndim > 1 else off * self.shift)
        )

    def times_itself(self, right: Floats) -> Floats:
        """A A' right."""
        return self.times(self.transposed(right))

    def squares(self, weights: Floats) -> Floats:
        """Sums of weights A^2 over the rows, (p,)."""
        own = self.matrix
        w = np.repeat(weights, np.diff(own.indptr))
        stored = np.bincount(own.indices, weights=w * own.data**2, minlength=own.shape[1])
        cross = np.bincount(
            own.indices,
            weights=w * own.data * np.repeat(self.root, np.diff(own.indptr)),
            minlength=own.shape[1],
        )
        return np.maximum(
            stored - 2 * self.shift * cross + self.shift**2 * float(weights @ self.root**2), 0.0
        )
