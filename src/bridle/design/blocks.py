"""The storages of a design's columns. Each multiplies, sums squares and takes rows in its own way, never densified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PIECE = 1 << 18  # cells
FEW_SIDES = 4
# Products whose result is small are made by np.dot: the operator @ would keep Python's lock, and other threads waiting.


class Block(Protocol):
    """What the design asks of a storage; rows are a slice [a, b)."""

    @property
    def width(self) -> int: ...
    @property
    def n_rows(self) -> int: ...
    @property
    def cells(self) -> int:
        """Numbers that one row is, on average."""
        ...

    def times(self, a: int, b: int, right: Floats) -> Floats:
        """x[a:b] @ right, shapes (b - a, width) @ (width, k)."""
        ...

    def transposed_times(self, a: int, b: int, right: Floats) -> Floats:
        """x[a:b].T @ right, shapes (width, b - a) @ (b - a, k)."""
        ...

    def squares(self, a: int, b: int, weights: Floats, shift: Floats) -> Floats:
        """Column sums of weights * (x[a:b] - shift)^2, shape (width,)."""
        ...

    def take(self, rows: NDArray[np.intp]) -> Block: ...
    def columns(self, a: int, b: int, which: NDArray[np.intp]) -> Floats:
        """The named columns of rows [a, b), dense, shape (b - a, len(which))."""
        ...

    def compressed(self) -> Any:
        """As a SciPy matrix in compressed rows, float64."""
        ...

    def hand_over(self, columns: Any, by_row: bool) -> None:
        """Adds itself to the kernels' column interface."""
        ...


@dataclass(frozen=True, eq=False)
class Dense:
    """float64, float32 or bool values, any strides; a view of the user's own array."""

    values: NDArray[Any]

    @property
    def width(self) -> int:
        return int(self.values.shape[1])

    @property
    def n_rows(self) -> int:
        return int(self.values.shape[0])

    @property
    def cells(self) -> int:
        return self.width

    def _tile(self, a: int, b: int) -> Floats:
        return np.asarray(self.values[a:b], dtype=np.float64)

    def _pieces(self, rows: int) -> Iterator[slice]:
        """Columns that are few enough for a copy of theirs to stay near the processor."""
        step = max(16, PIECE // max(1, rows))
        return (slice(c, min(c + step, self.width)) for c in range(0, self.width, step))

    def times(self, a: int, b: int, right: Floats) -> Floats:
        used = np.flatnonzero(right.any(axis=1))
        if 4 * len(used) < self.width:
            return self.columns(a, b, used) @ right[used]
        tile = self._tile(a, b)
        if right.shape[1] > FEW_SIDES:
            return np.asarray(np.dot(tile, right))
        sides = np.empty((right.shape[1], b - a))  # a product of matrices would copy the tile first
        for side, own in zip(sides, np.ascontiguousarray(right.T)):
            np.dot(tile, own, out=side)
        return sides.T

    def among(self, a: int, b: int) -> Floats:
        """Columns [a, b), shape (n, b - a)."""
        return np.asarray(self.values[:, a:b], dtype=np.float64)

    def transposed_times(self, a: int, b: int, right: Floats) -> Floats:
        out = np.empty((self.width, right.shape[1]))
        few = right.shape[1] <= FEW_SIDES
        sides = np.ascontiguousarray(right.T if few else right)
        pieces = [slice(None)] if self.values.dtype == np.float64 else self._pieces(b - a)
        for piece in pieces:
            values = np.asarray(self.values[a:b, piece], dtype=np.float64)
            if few:
                for k, side in enumerate(sides):
                    out[piece, k] = np.dot(side, values)
            else:
                out[piece] = np.dot(values.T, sides)
        return out

    def squares(self, a: int, b: int, weights: Floats, shift: Floats) -> Floats:
        if not shift.any() and (weights == weights[0]).all():
            tile = self._tile(a, b)
            return np.asarray(weights[0] * np.einsum("ij,ij->j", tile, tile))
        out = np.empty(self.width)
        for piece in self._pieces(b - a):
            off = np.asarray(self.values[a:b, piece], dtype=np.float64) - shift[piece]
            np.multiply(off, off, out=off)
            out[piece] = np.dot(weights, off)
        return out

    def take(self, rows: NDArray[np.intp]) -> Dense:
        return Dense(self.values[rows])

    def columns(self, a: int, b: int, which: NDArray[np.intp]) -> Floats:
        return np.asarray(self.values[a:b, which], dtype=np.float64)

    def compressed(self) -> Any:
        from scipy.sparse import csr_array

        return csr_array(np.asarray(self.values, dtype=np.float64))

    def hand_over(self, columns: Any, by_row: bool) -> None:
        values = self.values
        if any(step % values.itemsize for step in values.strides):  # a field of a record array
            values = np.ascontiguousarray(values)
        columns.add_dense(values)


@dataclass(frozen=True, eq=False)
class Sparse:
    """A SciPy matrix in compressed rows, float64, without duplicates; columns are compressed when they are asked for."""

    rows: Any

    @property
    def width(self) -> int:
        return int(self.rows.shape[1])

    @property
    def n_rows(self) -> int:
        return int(self.rows.shape[0])

    @property
    def cells(self) -> int:
        return 2 * int(self.rows.nnz) // max(1, self.n_rows)

    def times(self, a: int, b: int, right: Floats) -> Floats:
        return np.asarray(self.rows[a:b] @ right)

    def transposed_times(self, a: int, b: int, right: Floats) -> Floats:
        return np.asarray(self.rows[a:b].T @ right)

    def squares(self, a: int, b: int, weights: Floats, shift: Floats) -> Floats:
        # The stored entries one by one, all zeros of a column at once: nothing cancels, nothing is written out.
        tile = self.rows[a:b]
        w = np.repeat(weights, np.diff(tile.indptr))
        off = tile.data - shift[tile.indices]
        stored = np.bincount(tile.indices, weights=w * off * off, minlength=self.width)
        zeros = weights.sum() - np.bincount(tile.indices, weights=w, minlength=self.width)
        return np.asarray(stored + np.maximum(zeros, 0.0) * shift**2)

    def take(self, rows: NDArray[np.intp]) -> Sparse:
        return Sparse(self.rows[rows])

    def columns(self, a: int, b: int, which: NDArray[np.intp]) -> Floats:
        return np.asarray(self.rows[a:b][:, which].toarray(), dtype=np.float64)

    def compressed(self) -> Any:
        return self.rows

    def hand_over(self, columns: Any, by_row: bool) -> None:
        matrix = self.rows if by_row else self.rows.tocsc()
        columns.add_sparse(
            np.ascontiguousarray(matrix.data, dtype=np.float64),
            np.ascontiguousarray(matrix.indices, dtype=np.int32),
            np.ascontiguousarray(matrix.indptr, dtype=np.int64),
            self.width,
            by_row,
        )


@dataclass(frozen=True, eq=False)
class OneHot:
    """One column a level, kept as the level of each row; -1 is a row without any."""

    codes: NDArray[np.int32]
    width: int

    @property
    def n_rows(self) -> int:
        return int(self.codes.shape[0])

    @property
    def cells(self) -> int:
        return 1

    def times(self, a: int, b: int, right: Floats) -> Floats:
        codes = self.codes[a:b]
        out: Floats = right[codes]
        out[codes < 0] = 0.0
        return out

    def transposed_times(self, a: int, b: int, right: Floats) -> Floats:
        codes = self.codes[a:b]
        known = codes >= 0
        out = np.empty((self.width, right.shape[1]))
        for k in range(right.shape[1]):
            out[:, k] = np.bincount(codes[known], weights=right[known, k], minlength=self.width)
        return out

    def squares(self, a: int, b: int, weights: Floats, shift: Floats) -> Floats:
        count = self.transposed_times(a, b, weights[:, None])[:, 0]
        return np.asarray(count * (1 - shift) ** 2 + (weights.sum() - count) * shift**2)

    def take(self, rows: NDArray[np.intp]) -> OneHot:
        return OneHot(self.codes[rows], self.width)

    def columns(self, a: int, b: int, which: NDArray[np.intp]) -> Floats:
        return np.asarray(self.codes[a:b, None] == which[None, :], dtype=np.float64)

    def compressed(self) -> Any:
        from scipy.sparse import csr_array

        known = self.codes >= 0
        starts = np.concatenate([[0], np.cumsum(known)])
        return csr_array(
            (np.ones(int(known.sum())), self.codes[known], starts), shape=(self.n_rows, self.width)
        )

    def hand_over(self, columns: Any, by_row: bool) -> None:
        if by_row:
            columns.add_one_hot(np.ascontiguousarray(self.codes), self.width)
        else:
            Sparse(self.compressed()).hand_over(columns, by_row=False)
