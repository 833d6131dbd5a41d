"""Which solver: one decision table."""

from __future__ import annotations

from ..design import Design
from ..families import SQUARED
from .columns import ColumnEngine, FillingEngine
from .gram import GramEngine
from .newton import NewtonEngine
from .plan import Engine, Progress, Rows, Split

FEW = 1_500  # a Gram of this many columns costs less than the first screening passes
FEW_BESIDE_ROWS = 200  # the same for other families, of tables with more columns than rows
MOST_GRAM_BYTES = 4 << 30
SPARSE_SHARE = 0.04  # of all cells; an entry counts as two, its number and its place


def choose(design: Design) -> str:
    """ "moments" or "columns".

    ===============================================  =========
    table                                            solver
    ===============================================  =========
    at most 1,500 columns                            moments
    more, but at least as many rows as columns,      moments
    and a Gram within 4 GiB
    the same, but nearly all zeros (sparse, levels)  columns
    anything wider                                   columns
    ===============================================  =========
    """
    n, p = design.n, design.p
    if p <= FEW:
        return "moments"
    if n >= p and 8 * p * p <= MOST_GRAM_BYTES and not _nearly_empty(design):
        return "moments"
    return "columns"


def _nearly_empty(design: Design) -> bool:
    filled = design.n * sum(block.cells for block in design.blocks)
    return filled < SPARSE_SHARE * design.n * design.p


def prepare(
    rows: Rows, split: Split, threads: int, progress: Progress = None, solver: str | None = None
) -> Engine:
    """Reads the rows once for all problems of the split; families other than the squared loss take Newton's steps."""
    if rows.family != SQUARED:
        plain = Rows(rows.design, rows.y, rows.weights)
        if (
            solver is None
            and rows.design.p > max(rows.design.n, FEW_BESIDE_ROWS)
            and not len(rows.design.imputed)
        ):
            solver = "columns"  # a Gram of all columns would be made again with every curvature
        return NewtonEngine(prepare(plain, split, threads, progress, solver), rows, split, threads)
    if (solver or choose(rows.design)) == "moments":
        return GramEngine.read(rows, split, threads, progress)
    if len(rows.design.imputed):
        return FillingEngine(rows, split, threads)
    return ColumnEngine.read(rows, split, threads, progress)
