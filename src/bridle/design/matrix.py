"""The design: blocks side by side, and the map that fills missing numbers with means that each fold finds for itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..table import Categorical, Frame, Indicator, Matrix, Numeric
from .blocks import Block, Dense, Floats, OneHot, Sparse

Result = TypeVar("Result")
TILE_BYTES = 1 << 21
COLUMNS_AT_ONCE = 1024  # of a wide table
MANY_BLOCKS = 32
SMALL_CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Design:
    """An (n, p) matrix over blocks of columns.

    ``imputed`` holds pairs (column, mask column): the column is zero where its number is missing, the mask one. Filled
    with ``means`` (one a pair), the column acts as ``x + mean * mask``; unfilled, as ``x``.
    """

    blocks: tuple[Block, ...]
    imputed: NDArray[np.intp]  # (k, 2)
    means: Floats | None = None

    @cached_property
    def n(self) -> int:
        return self.blocks[0].n_rows if self.blocks else 0

    @cached_property
    def p(self) -> int:
        return sum(block.width for block in self.blocks)

    @property
    def sparse(self) -> bool:
        return any(isinstance(block, Sparse) for block in self.blocks)

    def fill(self, means: Floats) -> Design:
        """The same design, its missing numbers replaced by these means."""
        return replace(self, means=means)

    def take(self, rows: NDArray[np.intp]) -> Design:
        return replace(self, blocks=tuple(block.take(rows) for block in self.blocks))

    def spread(self, coefficients: Floats) -> Floats:
        """Coefficients (p, ...) of the filled columns as coefficients of the stored ones."""
        if self.means is None or not len(self.imputed):
            return coefficients
        out = coefficients.copy()
        shape = (-1,) + (1,) * (out.ndim - 1)
        np.add.at(out, self.imputed[:, 1], self.means.reshape(shape) * coefficients[self.imputed[:, 0]])
        return out

    def gather(self, products: Floats) -> Floats:
        """Products x' r (p, ...) with the stored columns as products with the filled ones: the adjoint of spread."""
        if self.means is None or not len(self.imputed):
            return products
        out = products.copy()
        shape = (-1,) + (1,) * (out.ndim - 1)
        out[self.imputed[:, 0]] += self.means.reshape(shape) * products[self.imputed[:, 1]]
        return out

    def tiles(self, sides: int = 1) -> list[tuple[int, int]]:
        """Row ranges small enough that a tile stays near the processor, and no smaller than what its products with so many
        sides write."""
        cells = max(1, sum(block.cells for block in self.blocks))
        rows = max(
            64, 2 * sides, TILE_BYTES // (8 * min(cells, 4096)), 32 * len(self.blocks), self.p // cells
        )
        return [(a, min(a + rows, self.n)) for a in range(0, self.n, rows)]

    def map_tiles(
        self, work: Callable[[int, int], Result], threads: int = 1, sides: int = 1
    ) -> Iterator[Result]:
        """work(a, b) of every tile, in the order of the tiles whatever the number of threads."""
        return _in_order(work, self.tiles(sides), threads)

    def times_rows(self, a: int, b: int, right: Floats) -> Floats:
        """x[a:b] @ right for right (p, k) already spread."""
        if len(self.blocks) == 1:
            return self.blocks[0].times(a, b, right)
        out = np.zeros((b - a, right.shape[1]))
        first = 0
        for block in self.blocks:
            out += block.times(a, b, right[first : first + block.width])
            first += block.width
        return out

    def transposed_times_rows(self, a: int, b: int, right: Floats) -> Floats:
        """x[a:b].T @ right, still to be gathered."""
        return np.concatenate([block.transposed_times(a, b, right) for block in self.blocks])

    def squares_rows(self, a: int, b: int, weights: Floats, shift: Floats) -> Floats:
        out, first = [], 0
        for block in self.blocks:
            out.append(block.squares(a, b, weights, shift[first : first + block.width]))
            first += block.width
        return np.concatenate(out)

    def matvec(self, right: Floats, threads: int = 1) -> Floats:
        """x @ right, shape (n,) or (n, k)."""
        flat = self.spread(right.reshape(self.p, math.prod(right.shape[1:])))
        parts = list(self.map_tiles(lambda a, b: self.times_rows(a, b, flat), threads))
        out = np.concatenate(parts) if parts else np.zeros((0, flat.shape[1]))
        return out.reshape(self.n, *right.shape[1:])

    def rmatvec(self, right: Floats, threads: int = 1) -> Floats:
        """x.T @ right, shape (p,) or (p, k)."""
        flat = right.reshape(self.n, math.prod(right.shape[1:]))
        block = self.blocks[0] if len(self.blocks) == 1 else None
        if isinstance(block, Dense) and self.p > self.n:
            # Columns by columns: what tiles of rows would add up again and again is written once.
            starts = range(0, self.p, COLUMNS_AT_ONCE)
            pieces = [(a, min(a + COLUMNS_AT_ONCE, self.p)) for a in starts]
            out = np.empty((self.p, flat.shape[1]))
            for _ in _in_order(
                lambda a, b: np.matmul(block.among(a, b).T, flat, out=out[a:b]), pieces, threads
            ):
                pass
        else:
            out = np.zeros((self.p, flat.shape[1]))
            sides = flat.shape[1]
            for part in self.map_tiles(
                lambda a, b: self.transposed_times_rows(a, b, flat[a:b]), threads, sides
            ):
                out += part
        return self.gather(out).reshape(self.p, *right.shape[1:])

    def columns(self, which: NDArray[np.intp], a: int = 0, b: int | None = None) -> Floats:
        """The named columns of rows [a, b), filled and dense, shape (b - a, len(which))."""
        which = np.asarray(which, dtype=np.intp)
        b = self.n if b is None else b
        if len(self.blocks) == 1 and (self.means is None or not len(self.imputed)):
            return self.blocks[0].columns(a, b, which)
        out = np.zeros((b - a, len(which)))
        first = 0
        for block in self.blocks:
            mine = (which >= first) & (which < first + block.width)
            if mine.any():
                out[:, mine] = block.columns(a, b, which[mine] - first)
            first += block.width
        if self.means is not None and len(self.imputed):
            of_column = {int(column): k for k, column in enumerate(self.imputed[:, 0])}
            pairs = [(at, of_column[int(j)]) for at, j in enumerate(which) if int(j) in of_column]
            if pairs:
                masks = self.unfilled().columns(self.imputed[[k for _, k in pairs], 1], a, b)
                for m, (at, k) in enumerate(pairs):
                    out[:, at] += self.means[k] * masks[:, m]
        return out

    def compressed(self) -> Any:
        """All stored columns as one SciPy matrix in compressed rows."""
        from scipy.sparse import csr_array, hstack

        blocks = [block.compressed() for block in self.blocks]
        return csr_array(blocks[0] if len(blocks) == 1 else hstack(blocks, format="csr"))

    def unfilled(self) -> Design:
        return replace(self, means=None)

    def handed_over(self, kernels: Any, by_row: bool) -> Any:
        """The kernels' view of the stored columns; rows compressed for tiles, columns for working sets."""
        columns = kernels.Columns(self.n)
        for block in self.blocks:
            block.hand_over(columns, by_row)
        return columns

    def materialized(self) -> Design:
        """Filled columns written out as blocks of their own kind, so that nothing is left to impute."""
        nothing = np.empty((0, 2), dtype=np.intp)
        if self.means is None or not len(self.imputed):
            return replace(self, imputed=nothing, means=None)
        starts = np.cumsum([0, *(block.width for block in self.blocks)])
        written: dict[int, Floats] = {}  # blocks by their place, each copied once
        for (column, mask), mean in zip(self.imputed, self.means):
            at, of_mask = (int(np.searchsorted(starts, j, side="right")) - 1 for j in (column, mask))
            if at not in written:
                written[at] = self.blocks[at].columns(0, self.n, np.arange(self.blocks[at].width))
            missing = self.blocks[of_mask].columns(0, self.n, np.array([mask - starts[of_mask]]))[:, 0]
            written[at][:, column - starts[at]] += mean * missing
        blocks = (Dense(written[at]) if at in written else block for at, block in enumerate(self.blocks))
        return Design(tuple(blocks), nothing)


def from_frame(frame: Frame) -> Design:
    """The design of an encoded table: numbers as views, categoricals one-hot, indicators as masks."""
    blocks: list[Block] = []
    column_of: dict[int, int] = {}  # id of a mask -> its column
    wanting: list[tuple[int, NDArray[np.bool_]]] = []
    first = 0
    for part in frame.parts:
        block: Block
        if isinstance(part, Numeric):
            block = Dense(part.values[:, None])
            if part.missing is not None:
                wanting.append((first, part.missing))
        elif isinstance(part, Categorical):
            block = OneHot(part.codes, len(part.levels))
        elif isinstance(part, Indicator):
            block = Dense(part.mask[:, None])
            column_of[id(part.mask)] = first
        else:
            block = _matrix_block(part)
        blocks.append(block)
        first += block.width
    alike: dict[bytes, int] = {}  # the first mask with these bits
    for column, part in _indicator_columns(frame):
        alike.setdefault(np.packbits(part.mask).tobytes(), column)
    pairs = []
    for column, missing in wanting:
        mask = column_of.get(id(missing))
        if mask is None:
            mask = alike[np.packbits(missing).tobytes()]
        pairs.append((column, mask))
    return Design(_gathered(blocks), np.array(pairs, dtype=np.intp).reshape(-1, 2))


def _gathered(blocks: list[Block]) -> tuple[Block, ...]:
    """Runs of single columns copied into one block where they are many and small: every pass walks through the blocks."""
    if len(blocks) < MANY_BLOCKS or len(blocks) * blocks[0].n_rows > SMALL_CELLS:
        return tuple(blocks)
    out: list[Block] = []
    run: list[Dense] = []

    def close() -> None:
        if run:
            joined = np.concatenate([block.values for block in run], axis=1)
            # Wide tables are read by column, tall ones by row.
            out.append(Dense(np.asfortranarray(joined) if joined.shape[1] > joined.shape[0] else joined))
            run.clear()

    for block in blocks:
        if not isinstance(block, Dense) or (run and block.values.dtype != run[0].values.dtype):
            close()
        if isinstance(block, Dense):
            run.append(block)
        else:
            out.append(block)
    close()
    return tuple(out)


def _indicator_columns(frame: Frame) -> list[tuple[int, Indicator]]:
    out, first = [], 0
    for part in frame.parts:
        if isinstance(part, Indicator):
            out.append((first, part))
        first += len(part.levels) if isinstance(part, Categorical) else 1
    return out


def _matrix_block(part: Matrix) -> Block:
    if isinstance(part.values, np.ndarray):
        return Dense(part.values)
    return Sparse(part.values.tocsr().astype(np.float64, copy=False))


def _in_order(
    work: Callable[[int, int], Result], ranges: list[tuple[int, int]], threads: int
) -> Iterator[Result]:
    if threads <= 1 or len(ranges) < 4:
        yield from (work(a, b) for a, b in ranges)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        yield from pool.map(lambda one: work(*one), ranges)
    finally:  # after Ctrl-C those that wait are not waited for
        pool.shutdown(wait=True, cancel_futures=True)
