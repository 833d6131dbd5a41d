"""The Table: named columns or a matrix, read one column at a time, and the words for its places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .columns import Column, Unusable, read_column
from .schema import Note


class Table:
    """A table of data, wherever it came from: columns by name, or one matrix.

    Made by ``open_table`` and ``open_matrix``. ``name`` is what messages call it. Nothing is copied or
    converted until a column is asked for; a column is converted once.

    >>> from bridle.table import open_table
    >>> table = open_table({"x": [1.0, 2.5, None]})
    >>> table.n_rows, list(table.names)
    (3, ['x'])
    >>> table.where(2)
    'row 3'
    """

    def __init__(
        self,
        name: str,
        n_rows: int,
        raw: Mapping[str, Any] | None = None,
        *,
        matrix: Any = None,
        matrix_names: Sequence[str] | None = None,
        notes: tuple[Note, ...] = (),
        first_line: int | None = None,
        typed: bool = True,
        numbers: npt.NDArray[np.intp] | None = None,
    ) -> None:
        self.name = name
        self.n_rows = n_rows
        self.notes = notes
        self.matrix = matrix
        self.matrix_names = None if matrix_names is None else tuple(matrix_names)
        self._raw = {} if raw is None else dict(raw)
        self._first_line = first_line
        self._typed = typed
        self._numbers = numbers
        self._columns: dict[str, Column] = {}

    @property
    def is_matrix(self) -> bool:
        """Whether the table is an array (n, p) rather than columns with types of their own."""
        return self.matrix is not None

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns, in order; those of an unnamed matrix are made here: "x0", "x1", ..."""
        if self.matrix is None:
            return tuple(self._raw)
        if self.matrix_names is None:
            return tuple(f"x{j}" for j in range(self.matrix.shape[1]))
        return self.matrix_names

    def has(self, name: str) -> bool:
        """Whether there is a column of that name (a matrix has none)."""
        return name in self._raw

    def column(self, name: str) -> Column:
        """The column as numbers, text or days. Raises ``KeyError`` where there is none of that name."""
        if name not in self._columns:
            self._columns[name] = read_column(self._raw[name], typed=self._typed)
        return self._columns[name]

    def where(self, row: int) -> str:
        """The words for a row, counted from 0 here and from 1 in the words: "row 3 (line 4)"."""
        if self._numbers is not None:
            row = int(self._numbers[row])
        if self._first_line is None:
            return f"row {row + 1:,}"
        return f"row {row + 1:,} (line {row + self._first_line:,})"

    def take(self, rows: npt.NDArray[np.intp]) -> Table:
        """The rows of these numbers (m,), from 0 and in this order, as a table of its own whose messages still count the
        rows as this one does.

        >>> from bridle.table import open_table
        >>> part = open_table({"x": [1.0, 2.5, 4.0]}).take(np.array([2, 0]))
        >>> part.column("x").values, part.where(0)
        (array([4., 1.]), 'row 3')
        """
        return Table(
            self.name,
            len(rows),
            {name: _taken(raw, rows) for name, raw in self._raw.items()},
            matrix=None if self.matrix is None else self.matrix[rows],
            matrix_names=self.matrix_names,
            notes=self.notes,
            first_line=self._first_line,
            typed=self._typed,
            numbers=rows if self._numbers is None else self._numbers[rows],
        )

    def __repr__(self) -> str:
        width = self.matrix.shape[1] if self.matrix is not None else len(self._raw)
        return f"<Table {self.name}: {self.n_rows:,} rows, {width:,} columns>"


def _taken(raw: Any, rows: npt.NDArray[np.intp]) -> Any:
    """Rows of a raw column: an array of NumPy's, a ChunkedArray, or a column that nobody can use."""
    if isinstance(raw, Unusable):
        return raw
    return raw[rows] if isinstance(raw, np.ndarray) else raw.take(rows)
