"""CSV and its kin: delimiter, header and decimal sign found by looking, the rest read by Arrow."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Any

from ..errors import FileError
from .dataframes import check_names, from_arrow
from .files import Bytes
from .schema import Note
from .table import Table
from .text import FALLBACK, LONGEST_LINE, Watched, load, read_head, text_stream
from .words import clipped, counted

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 200
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA_NUMBER, _POINT_NUMBER = re.compile(r"[+-]?\d+,\d+"), re.compile(r"[+-]?\d+\.\d+")
_CODE = re.compile(r"0\d+")


@dataclass(frozen=True)
class Layout:
    """How a text file is written, as far as its first lines tell."""

    delimiter: str
    names: tuple[str, ...]
    header_bytes: int  # in UTF-8, without the mark
    header_lines: int
    decimal: str
    codes: tuple[str, ...]  # columns whose digits begin with a zero, "01234": kept as text
    longest: int  # bytes of the longest line seen
    notes: tuple[Note, ...]


def read_delimited(source: Bytes, delimiter: str | None = None) -> Table:
    """A table from text with one row a line; quoted cells may hold delimiters, quotes ("") and line breaks.

    Raises ``FileError`` for an empty file, rows of different lengths (naming row and line), NUL bytes,
    endless lines and quotation marks that are never closed; ``DataError`` for repeated column names. Text
    that is not UTF-8 is read as Windows-1252, with a note. Lines without anything on them are skipped.
    """
    text, encoding, mark = read_head(source)
    layout = find_layout(text, source.name, delimiter)
    table, watched = _read_arrow(source, encoding, mark, layout)
    if encoding == "utf-8" and any(str(kind) == "binary" for kind in table.schema.types):
        text, encoding, mark = read_head(source, FALLBACK)
        layout = find_layout(text, source.name, delimiter)
        table, watched = _read_arrow(source, encoding, mark, layout)
    notes = list(layout.notes)
    if encoding == FALLBACK:
        said = (
            f"{source.name} is not UTF-8; it was read as Windows-1252 (Latin-1). If letters look "
            "wrong, save it as UTF-8."
        )
        notes.insert(0, Note("encoding", None, said, False))
    _check_last_quote(table, watched, source.name)
    one_line_each = watched.lines + (not watched.ended) == table.num_rows
    first_line = layout.header_lines + 1 if one_line_each else None
    return from_arrow(table, source.name, notes=tuple(notes), first_line=first_line, typed=False)


def find_layout(text: str, name: str, delimiter: str | None = None) -> Layout:
    """The layout of a text by its first lines.

    >>> layout = find_layout("a;b\\n1,5;01\\n2,5;02\\n", "t")
    >>> layout.delimiter, layout.names, layout.decimal, layout.codes
    (';', ('a', 'b'), ',', ('b',))
    """
    lines = list(io.StringIO(text, newline=""))
    lines = lines if len(lines) < 2 or lines[-1].endswith(("\n", "\r")) else lines[:-1]
    lines = lines[: 20 * _SAMPLE_ROWS]
    start = next((i for i, line in enumerate(lines) if line.strip("\r\n")), 0)
    delimiter = delimiter or _find_delimiter(lines[start:])
    reader = csv.reader(lines[start:], delimiter=delimiter)
    try:
        header = next(reader)
    except csv.Error as problem:
        raise FileError(f"{name}: the header (line {start + 1:,}) cannot be read: {problem}.") from problem
    header_lines = start + reader.line_num
    rows = _sample(reader)
    names, notes = _clean_names(header, name)
    decimal = _find_decimal(rows, delimiter)
    if decimal == ",":
        notes.append(
            Note("decimal", None, f"{name} writes numbers with a decimal comma; they were read so.", False)
        )
    codes = {j for row in rows for j, cell in enumerate(row[: len(names)]) if _CODE.fullmatch(cell.strip())}
    return Layout(
        delimiter,
        names,
        len("".join(lines[:header_lines]).encode("utf-8", "replace")),
        header_lines,
        decimal,
        tuple(names[j] for j in sorted(codes)),
        max(len(line.encode("utf-8", "replace")) for line in lines),
        tuple(notes),
    )


def _sample(reader: Any) -> list[list[str]]:
    """The first rows that the csv module can read; what it cannot, Arrow will complain about."""
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    return rows


def _find_delimiter(lines: list[str]) -> str:
    """The sign that cuts the header into cells and most rows into as many; a comma where none does."""
    best, best_score = ",", (0.0, 0)
    for sign in DELIMITERS:
        rows = _sample(csv.reader(lines, delimiter=sign))
        if not rows or len(rows[0]) < 2:
            continue
        agree = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        score = (agree if len(rows) > 1 else 0.5, len(rows[0]))
        if score > best_score:
            best, best_score = sign, score
    return best


def _find_decimal(rows: list[list[str]], delimiter: str) -> str:
    if delimiter == ",":
        return "."
    cells = [cell.strip() for row in rows for cell in row]
    commas = sum(_COMMA_NUMBER.fullmatch(cell) is not None for cell in cells)
    return "," if commas > sum(_POINT_NUMBER.fullmatch(cell) is not None for cell in cells) else "."


def _clean_names(header: list[str], where: str) -> tuple[tuple[str, ...], list[Note]]:
    """Names without spaces at their ends, made up where there are none; ``DataError`` where they repeat."""
    names = [cell.strip().lstrip("\ufeff") for cell in header]
    notes = []
    numeric = [name for name in names if _NUMBER.fullmatch(name)]
    all_numbers = len(numeric) == len([name for name in names if name])
    hint = " The first line of the file must hold the names of the columns; here it looks like data."
    check_names([name for name in names if name], where, hint if all_numbers else "")
    if all_numbers and numeric:
        said = f"The first line of {where} holds only numbers and was taken for the names of the columns. "
        notes.append(Note("header", None, said + "If it is data, add a line with names above it.", True))
    for j, name in enumerate(names):
        if not name:
            fresh = f"unnamed {j + 1}"
            while fresh in names:
                fresh += "'"
            names[j] = fresh
            said = f'Column {j + 1} of {where} has no name in the header; it is called "{fresh}" here.'
            notes.append(Note("name", fresh, said, False))
    return tuple(names), notes


def _read_arrow(source: Bytes, encoding: str, mark: int, layout: Layout) -> tuple[Any, Watched]:
    """The rows behind the header as an Arrow table, with blocks large enough for their longest line."""
    import pyarrow as pa

    first = min(max(1 << 20, 8 * layout.longest), 2 * LONGEST_LINE)
    for block_size in (first, 2 * LONGEST_LINE):
        file, watched = load(source, encoding, mark, layout.header_bytes, layout.header_lines)
        try:
            with file:
                return _parse(file, layout, block_size), watched
        except pa.ArrowInvalid as problem:
            said = str(problem)
            if "straddling" in said and block_size < 2 * LONGEST_LINE:
                continue
            if "Empty CSV" in said:
                return pa.table({name: pa.array([], pa.null()) for name in layout.names}), watched
            raise _explain(source, encoding, mark, layout, said) from problem
        except pa.ArrowException as problem:
            raise FileError(f"{source.name} cannot be read: {problem}.") from problem
    raise AssertionError("the last block size either reads the file or raises")


def _parse(stream: Any, layout: Layout, block_size: int) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    nulls = [*arrow_csv.ConvertOptions().null_values, "<NA>"]
    return arrow_csv.read_csv(
        stream,
        read_options=arrow_csv.ReadOptions(column_names=layout.names, block_size=block_size),
        parse_options=arrow_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            null_values=nulls,
            strings_can_be_null=True,
            decimal_point=layout.decimal,
            column_types={name: pa.string() for name in layout.codes},
        ),
    )


def _explain(source: Bytes, encoding: str, mark: int, layout: Layout, said: str) -> FileError:
    """The error for a file that Arrow does not parse, with the row and the line of the trouble."""
    if "straddling" in said:
        return FileError(
            f"{source.name} has a cell or a row of more than {2 * LONGEST_LINE >> 20} MB. "
            'Perhaps a quotation mark (") is opened and never closed.'
        )
    ragged = _find_ragged(source, encoding, mark, layout)
    if ragged is None:
        return FileError(f"{source.name} cannot be read as a table of text: {clipped(said, 200)}.")
    row, line, cells, every = ragged
    expected = len(layout.names)
    text = (
        f"{source.name}, row {row:,} (line {line:,}) has {counted(cells, 'value')}, "
        f"but the header has {counted(expected, 'column')}."
    )
    if every and cells == expected + 1:
        return FileError(
            f"{text} If the first value of each row is its name, give that column a name in the header."
        )
    if cells > expected:
        return FileError(f'{text} A value that holds "{_sign(layout.delimiter)}" must be in quotation marks.')
    return FileError(f"{text} Add the missing values (nothing between two delimiters is a missing value).")


def _sign(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else delimiter


def _find_ragged(
    source: Bytes, encoding: str, mark: int, layout: Layout
) -> tuple[int, int, int, bool] | None:
    """(row, line, number of cells, whether it is the very first row) of the first row of the wrong length."""
    old = csv.field_size_limit(2 * LONGEST_LINE)
    try:
        with text_stream(source, encoding, mark) as stream:
            for _ in range(layout.header_lines):
                stream.readline()
            reader = csv.reader(stream, delimiter=layout.delimiter)
            row, before = 0, 0
            for cells in reader:
                row += bool(cells)
                if cells and len(cells) != len(layout.names):
                    return row, layout.header_lines + before + 1, len(cells), row == 1
                before = reader.line_num
    except csv.Error:
        return None
    finally:
        csv.field_size_limit(old)
    return None


def _check_last_quote(table: Any, watched: Watched, name: str) -> None:
    """Arrow lets a quotation mark that is never closed swallow the rest of the file: refuse that."""
    if watched.quotes % 2 == 0 or table.num_rows == 0:
        return
    last = table.column(table.num_columns - 1)[table.num_rows - 1].as_py()
    if isinstance(last, str) and "\n" in last:
        row = table.num_rows
        raise FileError(
            f'{name}, row {row:,}: a quotation mark (") is opened in the last column and never closed, '
            f"so that the rest of the file ({counted(last.count(chr(10)), 'line')}) became one value."
        )
