"""Text out of bytes: byte order marks, encodings, and one stream that watches what passes through it."""

from __future__ import annotations

import codecs
import io
import tempfile
from typing import IO, Any

from ..errors import FileError
from .files import Bytes, read_up_to

LONGEST_LINE = 1 << 25
IN_MEMORY = 1 << 28
_HEAD = 1 << 18
_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
FALLBACK = "cp1252"


def find_encoding(head: bytes) -> tuple[str, int]:
    """(encoding, length of the byte order mark) of a text by its first bytes.

    UTF-8 unless a mark says otherwise, or every other byte is zero (UTF-16 without a mark), or the bytes are
    not UTF-8: then Windows-1252, in which every western byte means something.

    >>> find_encoding("a,b".encode("utf-16"))
    ('utf-16-le', 2)
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    start = head[:2000]
    zeros = (start[0::2].count(0), start[1::2].count(0))
    half = len(start) // 2
    if half and max(zeros) > 0.7 * half and min(zeros) < 0.1 * half:
        return ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"), 0
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head, final=False)
    except UnicodeDecodeError:
        return FALLBACK, 0
    return "utf-8", 0


def read_head(source: Bytes, encoding: str | None = None) -> tuple[str, str, int]:
    """(text, encoding, mark) of the first lines: a quarter of a megabyte, more where the first line is
    longer.

    Raises ``FileError`` for an empty file and for one whose first line is longer than any table's.
    """
    size = _HEAD
    while True:
        raw = source.head(size)
        found, mark = find_encoding(raw)
        found = encoding or found
        text = _decode(raw[mark:], found)
        if len(raw) < size or "\n" in text or "\r" in text:
            break
        if size >= LONGEST_LINE:
            raise long_line(source.name, 1)
        size = min(8 * size, LONGEST_LINE)
    at = text.find("\0")
    if at >= 0:
        raise _nul(source.name, 1 + text.count("\n", 0, at))
    if not text.strip("\r\n\t ;,|\ufeff"):
        raise FileError(f"{source.name} is empty: there is no header line and no data in it.")
    return text, found, mark


def _decode(raw: bytes, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(raw, final=False)


def long_line(name: str, line: int) -> FileError:
    """The error for a line that is longer than a line of any table."""
    return FileError(
        f"{name}: line {line:,} is longer than {LONGEST_LINE >> 20} MB. This is not a table as text, "
        "or its line breaks are lost."
    )


class Watched(io.RawIOBase):
    """A text file as UTF-8 without its mark and its header, with an eye on what passes.

    ``lines`` counts line feeds, ``quotes`` quotation marks, both behind the header; ``ended`` tells whether
    the last byte was a line feed. Raises ``FileError`` at NUL bytes, at bytes that do not decode and at
    endless lines.
    """

    def __init__(self, source: Bytes, encoding: str, mark: int, skip: int = 0, header_lines: int = 0) -> None:
        self._name, self._stream = source.name, source.open()
        self._decoder = (
            None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)(_errors(encoding))
        )
        self._encoding, self._header_lines = encoding, header_lines
        self._rest, self._run = b"", 0
        self.lines, self.quotes, self.ended = 0, 0, True
        read_up_to(self._stream, mark)
        left = skip
        while left > 0 and (piece := self._next(left)):
            self._rest, left = piece[left:], left - min(left, len(piece))
        if self._rest:
            self._watch(self._rest)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return read_up_to(self, 1 << 62)  # type: ignore[arg-type]
        if not self._rest:
            self._rest = self._next(size)
            self._watch(self._rest)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _next(self, size: int) -> bytes:
        """The next bytes as UTF-8; empty only at the end."""
        while True:
            raw = self._stream.read(size)
            if self._decoder is None:
                return raw
            try:
                text = self._decoder.decode(raw, final=not raw)
            except UnicodeDecodeError as problem:
                raise FileError(
                    f"{self._name} begins like {self._encoding.upper()} text but line "
                    f"{self._line():,} is not: the file is damaged or cut short ({problem.reason})."
                ) from problem
            if text or not raw:
                return text.encode("utf-8", "replace")

    def _line(self) -> int:
        return self.lines + self._header_lines + 1

    def _watch(self, piece: bytes) -> None:
        if not piece:
            return
        at = piece.find(b"\0")
        if at >= 0:
            raise _nul(self._name, self._line() + piece.count(b"\n", 0, at))
        last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        self.lines += piece.count(b"\n")
        self.quotes += piece.count(b'"')
        self.ended = piece.endswith((b"\n", b"\r"))
        self._run = self._run + len(piece) if last < 0 else len(piece) - last - 1
        if self._run > LONGEST_LINE:
            raise long_line(self._name, self._line())


def _nul(name: str, line: int) -> FileError:
    return FileError(f"{name} holds NUL bytes (line {line:,}): it is binary or damaged, not a table as text.")


def _errors(encoding: str) -> str:
    # Windows-1252 leaves five bytes undefined; a lost character is better than a lost table.
    return "replace" if encoding == FALLBACK else "strict"


def load(source: Bytes, encoding: str, mark: int, skip: int, header_lines: int) -> tuple[Any, Watched]:
    """(a native Arrow file at the first row, what was seen on the way) of a text file, read once to watch it.

    A UTF-8 file on disk is read again by Arrow; anything else is kept as UTF-8 in Arrow's memory, or in a
    temporary file where it is large. Arrow never gets a Python stream: a thread of its own that lets go of
    one while Python shuts down would end the process.
    """
    import pyarrow as pa

    with Watched(source, encoding, mark, skip, header_lines) as watched:
        if encoding == "utf-8" and source.path is not None:
            while watched.read(_CHUNK):
                pass
            file = pa.OSFile(source.path)
            file.seek(mark + skip)
            return file, watched
        sink = pa.BufferOutputStream()
        size = 0
        while size < IN_MEMORY and (piece := watched.read(_CHUNK)):
            size += len(piece)
            sink.write(piece)
        start = sink.getvalue()
        if size < IN_MEMORY:
            return pa.BufferReader(start), watched
        with tempfile.NamedTemporaryFile(prefix="bridle-") as spool:
            spool.write(start)
            while piece := watched.read(_CHUNK):
                spool.write(piece)
            spool.flush()
            return pa.OSFile(spool.name), watched  # stays open when its name is gone


def text_stream(source: Bytes, encoding: str, mark: int) -> IO[str]:
    """The file as text, line breaks untouched (as the csv module wants them)."""
    return io.TextIOWrapper(
        io.BufferedReader(Watched(source, encoding, mark)), encoding="utf-8", errors="replace", newline=""
    )
