"""Opening a table, whatever it is: one door for files, standard input, dataframes and arrays."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import UsageError
from .dataframes import read_memory
from .files import open_bytes, open_path
from .formats import FORMATS, read_file
from .matrix import open_matrix
from .table import Table


def open_table(source: Any, *, format: str | None = None) -> Table:
    """A table from a path, from standard input ("-"), an open file, a dataframe, a dict of columns or an
    array.

    Files may be CSV (delimiters , ; tab and |; gzipped or not), Parquet, Arrow (Feather) or JSON lines: the
    content decides, or ``format`` ("csv", "tsv", "parquet", "arrow", "feather", "jsonl"). Dataframes may be
    pandas', polars', pyarrow's or of any library that narwhals knows; their columns are not copied.

    Raises ``FileError`` where a file cannot be read as a table (with the line where the trouble is),
    ``DataError`` where columns share a name or differ in length, ``UsageError`` where ``source`` or
    ``format`` makes no sense.

    >>> table = open_table({"age": [31, 45, 27], "region": ["north", "south", "north"]})
    >>> table
    <Table the table: 3 rows, 2 columns>
    """
    if format is not None and format not in FORMATS:
        raise UsageError(f"There is no format {format!r}; the formats are {', '.join(FORMATS)}.")
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, os.PathLike)):
        return read_file(open_path(os.fspath(source)), format)
    if hasattr(source, "read"):
        return read_file(open_bytes(source), format)
    if format is not None:
        raise UsageError("format= is for files and open files; a table in memory has none.")
    if isinstance(source, np.ndarray) and source.dtype.names is None:
        return open_matrix(source)
    if hasattr(source, "tocsc") and hasattr(source, "nnz"):
        return open_matrix(source)
    return read_memory(source)
