"""The kernel matrix of a table's rows: the products of all of them with each other, a tile of columns at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..design import Design
from .plan import Floats

TILE = 2048  # columns that are dense at a time


def tiles(design: Design, mean: Floats, inverse: Floats) -> Iterator[tuple[slice, Floats]]:
    """All rows of the columns (x - mean) inverse, dense."""
    for a in range(0, design.p, TILE):
        piece = slice(a, min(a + TILE, design.p))
        tile = design.columns(np.arange(piece.start, piece.stop))
        yield piece, (tile - mean[piece]) * inverse[piece]


def row_kernel(design: Design, mean: Floats, inverse: Floats) -> Floats:
    """(n, n)"""
    out = np.zeros((design.n, design.n))
    for _, z in tiles(design, mean, inverse):
        out += z @ z.T  # which takes half the products: NumPy sees that it is symmetric
    return out
