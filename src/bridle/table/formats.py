"""Which format a file has, by its content; Parquet, Arrow and JSON lines."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import numpy as np

from ..errors import DataError, FileError
from .dataframes import from_arrow, read_memory
from .delimited import read_delimited
from .files import Bytes
from .schema import Note
from .table import Table
from .text import find_encoding
from .words import clipped

FORMATS = ("csv", "tsv", "parquet", "arrow", "feather", "jsonl")
_SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".dat": "csv",
    ".parquet": "parquet", ".pq": "parquet",
    ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
DEEPEST = (
    200  # brackets within brackets: Arrow's reader of JSON has no limit of its own, and the stack has one
)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_NO_MARKS = bytes(set(range(256)) - set(b"[]{}\n"))
_FOREIGN = (
    (b"FEA1", "an old Feather file (version 1); write it again as Feather 2 or Parquet"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook; save the sheet as CSV, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office file; save the sheet as CSV"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"),
    (b"\x89HDF", "an HDF5 file; save the table as Parquet or CSV"),
    (b"SQLite format 3", "an SQLite database; export the table as CSV"),
    (b"%PDF", "a PDF document; save its table as CSV"),
    (b"\x93NUMPY", "a NumPy array; load it with numpy.load and pass the array"),
    (b"\x80\x02", "a Python pickle, which bridle never opens; save the table as Parquet or CSV"),
    (b"\x80\x03", "a Python pickle, which bridle never opens; save the table as Parquet or CSV"),
    (b"\x80\x04", "a Python pickle, which bridle never opens; save the table as Parquet or CSV"),
    (b"\x80\x05", "a Python pickle, which bridle never opens; save the table as Parquet or CSV"),
    (b"SAS ", "a SAS transport file; save the table as CSV"),
    (b"$FL2", "an SPSS file; save the table as CSV"),
)


def read_file(source: Bytes, format: str | None) -> Table:
    """The table in a file. Its content decides what it is read as; ``format`` overrules that."""
    head = source.head(2048)
    found = find_format(head, source.name) if format is None else format
    if found in ("csv", "tsv"):
        table = read_delimited(source, "\t" if found == "tsv" else None)
    elif found == "parquet":
        table = _read_parquet(source)
    elif found == "jsonl":
        table = _read_json_lines(source)
    else:
        table = _read_arrow(source)
    claimed = _SUFFIXES.get(source.suffix)
    if format is None and claimed is not None and claimed != found:
        said = (
            f"{source.name} is called {source.suffix} but its content is {found.upper()}; it was "
            "read as that."
        )
        table.notes = (Note("format", None, said, True), *table.notes)
    return table


def find_format(head: bytes, name: str) -> str:
    """The format by the first bytes. Raises ``FileError`` for what is known not to be a table.

    >>> find_format(b"PAR1...", "t"), find_format(b'{"a": 1}', "t"), find_format(b"a,b", "t")
    ('parquet', 'jsonl', 'csv')
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise FileError(f"{name} is {what}.")
    encoding, mark = find_encoding(head)
    text = head[mark:].decode(encoding, "replace").lstrip().lower()
    if text.startswith("{"):
        return "jsonl"
    if text.startswith("["):
        raise FileError(f"{name} is a JSON array; bridle reads JSON lines, one object a line.")
    if text.startswith(("<!doctype", "<html", "<?xml")):
        raise FileError(f"{name} is a web page or XML, not a table. Download the data itself.")
    return "csv"


def _read_parquet(source: Bytes) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(_random_access(source)) as file:
            _check_size(file.metadata.num_rows, file.metadata.num_columns, source.name)
            return from_arrow(file.read(), source.name)
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise _damaged(source, "Parquet", problem) from problem


def _read_arrow(source: Bytes) -> Table:
    import pyarrow as pa
    from pyarrow import ipc

    try:
        buffer = _random_access(source, mapped=True)
        open_ = ipc.open_file if source.head(6) == b"ARROW1" else ipc.open_stream
        table = open_(buffer).read_all()
        table.validate(full=True)  # offsets out of range would read foreign memory
        return from_arrow(table, source.name)
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise _damaged(source, "Arrow", problem) from problem


def _random_access(source: Bytes, mapped: bool = False) -> Any:
    """A native Arrow file over the bytes; see ``text.load`` for why never a Python object."""
    import pyarrow as pa

    if source.path is not None:
        return pa.memory_map(source.path) if mapped else pa.OSFile(source.path)
    sink = pa.BufferOutputStream()
    sink.write(source.whole())
    return pa.BufferReader(sink.getvalue())


def _damaged(source: Bytes, format: str, problem: Exception) -> DataError:
    if isinstance(problem, DataError):
        return problem
    return FileError(
        f"{source.name} is no {format} file, or a damaged one, or one cut short: {clipped(str(problem), 160)}"
    )


def _check_size(rows: int, columns: int, name: str) -> None:
    """A small file can claim more cells than there is memory: refuse before they are unpacked."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 62
    if rows * columns > memory:
        raise FileError(
            f"{name} holds {rows:,} rows of {columns:,} columns, more than fits into this machine's memory."
        )


def _read_json_lines(source: Bytes) -> Table:
    """Objects, one a line. Arrow reads what is regular, Python what is mixed, or finds the bad line."""
    import pyarrow as pa
    from pyarrow import json as arrow_json

    encoding, mark = find_encoding(source.head(2048))
    lines, depth = _lines(source)
    if encoding == "utf-8" and mark == 0 and depth <= DEEPEST:
        try:
            with _random_access(source) as file:
                table = arrow_json.read_json(file, arrow_json.ReadOptions(block_size=1 << 24))
            return from_arrow(table, source.name, first_line=1 if lines == table.num_rows else None)
        except pa.ArrowException:
            pass
    text = source.whole()[mark:].decode(encoding, "replace")
    columns: dict[str, list[Any]] = {}
    rows = 0
    for line, cells in enumerate(text.split("\n"), 1):
        if not cells.strip():
            continue
        try:
            record = json.loads(cells)
        except (json.JSONDecodeError, RecursionError) as problem:
            where = (
                f", column {problem.colno:,}: {problem.msg}"
                if isinstance(problem, json.JSONDecodeError)
                else ""
            )
            raise FileError(f"{source.name}, line {line:,} is not JSON{where}.") from problem
        if not isinstance(record, dict):
            raise FileError(
                f"{source.name}, line {line:,} is not a JSON object {{...}} but {clipped(cells, 40)}."
            )
        if _HALF.search(cells):
            record = {_whole(key): _whole(value) for key, value in record.items()}
        for key in record:
            columns.setdefault(key, [None] * rows)
        for key, values in columns.items():
            values.append(record.get(key))
        rows += 1
    table = read_memory(columns)
    table.name = source.name
    return table


def _whole(value: Any) -> Any:
    """A text without halves of characters, which no table can hold."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _lines(source: Bytes) -> tuple[int, int]:
    """(how many lines, how deep brackets are nested in one of them, or a little more); those in texts count too."""
    count, last, deepest, depth = 0, b"\n", 0, 0
    with source.open() as stream:
        while piece := stream.read(1 << 20):
            # Flat objects, which most tables are made of, go first: what is left is short, and at least as deep.
            marks = np.frombuffer(piece.translate(None, _NO_MARKS).replace(b"{}\n", b""), np.uint8)
            breaks = np.flatnonzero(marks == ord("\n"))
            steps = np.where((marks == ord("{")) | (marks == ord("[")), 1, -1)
            steps[breaks] = 0
            depths = depth + np.cumsum(steps)
            lengths = np.diff([0, *breaks, len(marks)])
            before = np.repeat([0, *depths[breaks]], lengths)  # every line begins at depth 0
            if len(depths):
                deepest = max(deepest, int((depths - before).max()))
                depth = int(depths[-1] - before[-1])
            count += piece.count(b"\n")
            last = piece[-1:]
    return count + (last != b"\n"), deepest
