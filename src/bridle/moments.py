"""Sufficient statistics of a linear model: weighted means and centred products, by atom of rows.

Atoms are the pieces that every training and test set is a union of: with K folds, the folds. One pass over the data
gives the moments of each atom about its own means; unions are merged, never subtracted, where accuracy counts (one huge
cell in a held-out fold would make "the whole minus the fold" wrong).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._numerics import kernels, single_threaded_blas, thread_count
from .design import Block, Dense, Design, Sparse
from .errors import DataError, UsageError
from .table import check_unmasked, find_bad_value, matrix_error, open_matrix

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of ``p`` columns and a target, of one or several atoms of rows.

    Attributes
    ----------
    weight : (A,) sums of weights.
    mean : (A, p + 1) weighted means, the target last.
    scatter : (A, (p + 1)(p + 2) / 2) weighted sums of products of deviations from the atom's means: the lower triangle,
        row by row.

    Chan, Golub, LeVeque 1983 give the merge.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((50, 3)), rng.standard_normal(50)
    >>> whole = Moments.from_arrays(X, y)
    >>> parts = Moments.from_arrays(X[:20], y[:20]) + Moments.from_arrays(X[20:], y[20:])
    >>> bool(np.allclose(whole.covariance(), parts.covariance(), rtol=1e-12))
    True
    """

    weight: Floats
    mean: Floats
    scatter: Floats

    @property
    def p(self) -> int:
        """Columns, the target not counted."""
        return int(self.mean.shape[1]) - 1

    @staticmethod
    def from_arrays(X: Any, y: Any, weights: Any = None) -> Moments:
        """The moments of all rows as one atom; X (n, p) array or SciPy sparse matrix, y (n,), weights (n,) or None for ones.

        Raises
        ------
        DataError, UsageError
            For wrong shapes, for cells that are no finite numbers or whose squares overflow, for negative weights.
        """
        matrix = open_matrix(X).matrix
        n = matrix.shape[0]
        y = _vector("y", y, n)
        w = None if weights is None else _vector("weights", weights, n)
        if w is not None and not (w >= 0).all():
            raise UsageError(f"weights must be at least 0, not {w.min()} in row {int(w.argmin()) + 1}.")
        block: Block = (
            Dense(matrix) if isinstance(matrix, np.ndarray) else Sparse(matrix.tocsr().astype(np.float64))
        )
        design = Design((block,), np.empty((0, 2), dtype=np.intp))
        out = accumulate(design, y, w, np.arange(n), np.array([0, n]))
        if not (np.isfinite(out.mean).all() and np.isfinite(out.scatter).all()):
            bad = find_bad_value(matrix)
            if bad is not None:
                raise matrix_error(matrix, *bad)
            raise DataError("X or y hold numbers whose squares overflow. Rescale them.")
        return out

    @staticmethod
    def from_batches(batches: Iterable[tuple[Any, ...]]) -> Moments:
        """The moments of all batches (X, y) or (X, y, weights) together, one batch in memory at a time."""
        total: Moments | None = None
        for batch in batches:
            part = Moments.from_arrays(*batch)
            total = part if total is None else total + part
        if total is None:
            raise DataError("There is no batch: moments need at least one.")
        return total

    def __add__(self, other: Moments) -> Moments:
        """The moments of the rows of both."""
        if self.p != other.p:
            raise UsageError(f"Moments of {self.p} and of {other.p} columns cannot be added.")
        return _merge([self.union(), other.union()])

    def __sub__(self, other: Moments) -> Moments:
        """The moments of the rows of this one without those of the other, which must be among them.

        Accurate only where the rows taken away are not much larger than those that stay.
        """
        whole, part = self.union(), other.union()
        weight = whole.weight[0] - part.weight[0]
        if self.p != other.p or not weight > 0:
            raise UsageError("Only moments of fewer rows of the same columns can be taken away.")
        mean = (whole.weight[0] * whole.mean[0] - part.weight[0] * part.mean[0]) / weight
        distance = part.mean[0] - mean
        share = weight * part.weight[0] / whole.weight[0]
        scatter = whole.scatter[0] - part.scatter[0] - share * _packed_outer(distance)
        diagonal = _diagonal(self.p + 1)
        scatter[diagonal] = np.maximum(scatter[diagonal], 0.0)
        return Moments(np.array([weight]), mean[None], scatter[None])

    def union(self, atoms: NDArray[np.intp] | None = None) -> Moments:
        """All atoms, or those named, merged into one."""
        which = range(len(self.weight)) if atoms is None else atoms
        if atoms is None and len(self.weight) == 1:
            return self
        return _merge(
            [Moments(self.weight[a : a + 1], self.mean[a : a + 1], self.scatter[a : a + 1]) for a in which]
        )

    def covariance(self) -> Floats:
        """Of the union of all atoms, the target last, (p + 1, p + 1), divided by the sum of weights."""
        whole = self.union()
        return np.asarray(unpack(whole.scatter[0], self.p + 1) / whole.weight[0])

    def variances(self) -> Floats:
        """Of each atom's columns and target, (A, p + 1)."""
        weight = np.where(self.weight > 0, self.weight, 1.0)
        return self.scatter[:, _diagonal(self.p + 1)] / weight[:, None]

    def filled(self, imputed: NDArray[np.intp], means: Floats) -> Moments:
        """Moments of the columns with ``means`` in place of the missing numbers: x + mean * mask is linear in (x, mask)."""
        q = self.p + 1
        column, mask = imputed[:, 0], imputed[:, 1]
        mean = self.mean.copy()
        mean[:, column] += means * self.mean[:, mask]
        scatter = np.empty_like(self.scatter)
        for a in range(len(self.weight)):
            full = unpack(self.scatter[a], q)
            full[:, column] += means * full[:, mask]
            full[column, :] += means[:, None] * full[mask, :]
            scatter[a] = full[np.tril_indices(q)]
        return Moments(self.weight, mean, scatter)


def accumulate(
    design: Design,
    y: Floats,
    weights: Floats | None,
    rows: NDArray[np.int64],
    start: NDArray[np.int64],
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Moments:
    """The moments of atoms, atom a being rows[start[a]:start[a + 1]], in one pass over the stored columns."""
    q, atoms = design.p + 1, len(start) - 1
    out = Moments(np.zeros(atoms), np.zeros((atoms, q)), np.zeros((atoms, q * (q + 1) // 2)))
    core = kernels()
    columns = design.handed_over(core, by_row=True)
    with single_threaded_blas():
        core.accumulate_moments(
            columns,
            y,
            weights,
            np.ascontiguousarray(rows, dtype=np.int64),
            np.ascontiguousarray(start, dtype=np.int64),
            out.weight,
            out.mean,
            out.scatter,
            thread_count(threads) if design.n * q > 50_000 else 1,
            progress,
        )
    return out


def unpack(packed: Floats, q: int) -> Floats:
    """The full symmetric (q, q) matrix of a packed lower triangle."""
    full = np.zeros((q, q))
    full[np.tril_indices(q)] = packed
    return full + np.tril(full, -1).T


def _vector(name: str, values: Any, n: int) -> Floats:
    check_unmasked(name, values)
    array = np.asarray(values)
    if array.shape != (n,):
        raise UsageError(f"{name} must be ({n},), as X has {n} rows, not {array.shape}.")
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} holds {array.dtype} values, not real numbers.")
    out = np.ascontiguousarray(array, dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(out))
    if len(bad):
        raise DataError(f"{name} is {out[bad[0]]} in row {int(bad[0]) + 1}; it must be a finite number.")
    return out


def _diagonal(q: int) -> NDArray[np.intp]:
    i = np.arange(q)
    return i * (i + 1) // 2 + i


def _packed_outer(vector: Floats) -> Floats:
    return np.asarray(np.outer(vector, vector)[np.tril_indices(len(vector))])


def _merge(parts: list[Moments]) -> Moments:
    parts = [part for part in parts if part.weight[0] > 0] or parts[:1]
    weight = sum(float(part.weight[0]) for part in parts)
    if weight == 0:
        return parts[0]
    mean = np.zeros_like(parts[0].mean[0])
    seen = 0.0
    for part in parts:
        seen += float(part.weight[0])
        mean += part.weight[0] / seen * (part.mean[0] - mean)
    scatter = np.zeros_like(parts[0].scatter[0])
    for part in parts:
        scatter += part.scatter[0] + part.weight[0] * _packed_outer(part.mean[0] - mean)
    return Moments(np.array([weight]), mean[None], scatter[None])
