"""A table read while its bytes still arrive, so that little is left to do when the last of them is there.

Plain text in UTF-8 goes this way, which is what most large tables are. Where anything is odd nothing comes of it: the
file is then read like every other one when it is asked for, and says all there is to say about it.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, cast

from .work import Cancelled, Progress

if TYPE_CHECKING:
    from ..table import Table
    from ..table.delimited import Layout
    from ..table.files import Bytes
    from ..table.text import Watched

WORTH = 1 << 22  # bytes: a smaller file is read at once when it is there
PIECE = 1 << 20
BLOCK = 1 << 22  # parsed at once
ASKED_EVERY = 0.02
_GZIP = b"\x1f\x8b"
_TEXT = {"", ".csv", ".tsv", ".tab", ".txt", ".dat"}


class Ahead:
    """The reading of one file of ``size`` bytes, in threads of its own; ``grown`` tells how much of it is there.

    It ends by itself: with the last byte, or when it is left.
    """

    def __init__(self, path: str, name: str, size: int) -> None:
        self.id = ""  # of the table, once it is kept
        self._path, self._name, self._size = path, name, size
        self._there = self._told = self._seen = 0
        self._left = False
        self._changed, self._done = threading.Condition(), threading.Event()
        self._table: Table | None = None
        threading.Thread(target=self._run, name="bridle-lab-ahead").start()

    def grown(self, there: int) -> None:
        """So many bytes are in the file."""
        self._there = there
        if there - self._told >= PIECE or there >= self._size:
            self._told = there
            with self._changed:
                self._changed.notify_all()

    def leave(self) -> None:
        """Nobody wants the table any more."""
        with self._changed:
            self._left = True
            self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """Whether nothing is being read any more."""
        return self._done.is_set()

    def table(self, progress: Progress) -> Table | None:
        """The table when it is read; None where it has to be read another way."""
        while not self._done.wait(ASKED_EVERY):
            progress("reading", self._seen / self._size)
        return self._table

    def arrived(self, place: int) -> int:
        """How many bytes can be read at a place: a whole piece, or all to the end; waits for them."""
        wanted = min(place + PIECE, self._size)
        with self._changed:
            self._changed.wait_for(lambda: self._left or self._there >= wanted)
        if self._left:
            raise Cancelled
        self._seen = max(self._seen, place)
        return wanted - place

    def _run(self) -> None:
        try:
            from . import yours  # what will be asked of the table: loaded by the way

            del yours
            self._table = _read(self._source())
        except Exception:
            self._table = None  # whoever asks reads the file itself, and gets the sentence
        finally:
            self._done.set()

    def _source(self) -> Bytes:
        from ..table.files import open_path

        def opened() -> IO[bytes]:
            return cast("IO[bytes]", _Growing(io.FileIO(self._path), self))

        return replace(open_path(self._path, self._name), open=opened, path=None)


class _Growing(io.RawIOBase):
    """A file that still grows: waits for what is not there yet."""

    def __init__(self, file: io.FileIO, ahead: Ahead) -> None:
        self._file, self._ahead, self._place = file, ahead, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(min(size, self._ahead.arrived(self._place)))
        self._place += len(piece)
        return piece

    def close(self) -> None:
        self._file.close()
        super().close()


def _read(source: Bytes) -> Table | None:
    """As ``table.delimited`` reads text, a block after the other; None for what is no plain text."""
    from ..table.dataframes import from_arrow
    from ..table.delimited import find_layout
    from ..table.formats import find_format
    from ..table.text import Watched, read_head

    head = source.head(2048)
    if source.suffix not in _TEXT or head.startswith(_GZIP) or find_format(head, source.name) != "csv":
        return None
    text, encoding, mark = read_head(source)
    if encoding != "utf-8":
        return None
    layout = find_layout(text, source.name)
    with Watched(source, encoding, mark, layout.header_bytes, layout.header_lines) as watched:
        found = _joined([_parsed(block, layout) for block in _blocks(watched)])
    one_line_each = watched.lines + (not watched.ended) == found.num_rows
    first_line = layout.header_lines + 1 if one_line_each else None
    return from_arrow(found, source.name, notes=layout.notes, first_line=first_line, typed=False)


def _blocks(watched: Watched) -> Iterator[bytes]:
    """The text behind the header in blocks that end where a line does."""
    from ..table.text import LONGEST_LINE

    kept, size = [], 0
    while piece := watched.read(PIECE):
        kept.append(piece)
        size += len(piece)
        end = piece.rfind(b"\n") + 1
        if size >= BLOCK and end:
            yield b"".join([*kept[:-1], piece[:end]])
            kept, size = [piece[end:]], len(piece) - end
        elif size > BLOCK + LONGEST_LINE:
            raise ValueError("no line feeds; all of it would be held")
    if size:
        yield b"".join(kept)


def _parsed(block: bytes, layout: Layout) -> Any:
    """The rows of a block.

    Arrow goes through a text from its beginning, so a block that begins with a row gives the rows that the whole file
    gives, up to its end. Only there a value in quotation marks can have been cut in two: it then lacks the cells
    behind it, which Arrow refuses, or is the last one and holds the end of its line.
    """
    import pyarrow as pa

    from ..table.delimited import _parse

    found = _parse(pa.BufferReader(block), layout, len(block) + 1)  # in one: no search for ends of rows
    last = found.column(found.num_columns - 1)[found.num_rows - 1].as_py()
    if isinstance(last, str) and "\n" in last:
        raise ValueError("a value may go on in the next block")
    return found


def _joined(blocks: list[Any]) -> Any:
    """One table, each column of the type that Arrow finds for all of it; refused where that takes the text again."""
    import pyarrow as pa

    fields = []
    for of_one in zip(*(block.schema for block in blocks)):
        types = {field.type for field in of_one} - {pa.null()}
        if types == {pa.int64(), pa.float64()}:
            types = {pa.float64()}
        if len(types) > 1 or pa.binary() in types:
            raise ValueError("not of one type, or not UTF-8")
        fields.append(pa.field(of_one[0].name, types.pop() if types else pa.null()))
    schema = pa.schema(fields)
    whole = pa.concat_tables([block.cast(schema) for block in blocks])
    return whole.combine_chunks()  # or every lesson would do that again


__all__ = ["WORTH", "Ahead"]
