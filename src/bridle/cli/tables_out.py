"""Columns of results, written as CSV or Parquet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .running import put_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[Any]]

_ROWS_AT_ONCE = 50_000
_FORMATS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}


def format_of(path: str | None) -> str:
    """The format that a file's name asks for; standard output ("-" or None) is CSV."""
    if path is None or path == "-":
        return "csv"
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _FORMATS:
        raise UsageError(f"{path} ends in {suffix or 'nothing'}: results are written as .csv or .parquet.")
    return _FORMATS[suffix]


def write_columns(path: str | None, columns: Columns) -> None:
    """Write columns of one length, by name, to a file or to standard output."""
    pieces = csv_pieces(columns) if format_of(path) == "csv" else parquet_pieces(columns)
    if path is None or path == "-":
        put_bytes(pieces)
        return
    from ..modelfile import replace_file

    replace_file(path, pieces)


def csv_pieces(columns: Columns) -> Iterator[bytes]:
    """CSV in UTF-8; every number is written so that reading it gives the same number again."""
    arrays = list(columns.values())
    yield _lines([tuple(columns)])
    for start in range(0, len(arrays[0]), _ROWS_AT_ONCE):
        yield _lines(zip(*(_cells(array[start : start + _ROWS_AT_ONCE]) for array in arrays)))


def parquet_pieces(columns: Columns) -> Iterator[bytes]:
    """Parquet, by pyarrow."""
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(dict(columns)), sink)
    yield sink.getvalue().to_pybytes()


def _cells(array: NDArray[Any]) -> list[Any]:
    """Python values; what is not known is an empty cell."""
    values = array.tolist()
    return [None if value != value else value for value in values] if array.dtype.kind == "f" else values


def _lines(rows: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")
