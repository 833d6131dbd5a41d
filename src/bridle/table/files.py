"""Getting at the bytes: paths, standard input, open files, gzip; every way in which that can fail has its
sentence.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, cast

from ..errors import FileError, UsageError
from .words import clipped, suggestion

# A gzip file may grow to the larger of the two: deflate reaches 1,030 to 1, tables rarely 30 to 1.
GZIP_RATIO = 200
GZIP_FLOOR = 1 << 28
# What arrives through a pipe is held in memory.
PIPE_LIMIT = 1 << 32
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Bytes:
    """Where the bytes of a table come from: ``open`` starts again from the first of them.

    ``name`` is what messages call it, ``path`` is set for an uncompressed file on disk, ``data`` for bytes in
    memory.
    """

    name: str
    open: Callable[[], IO[bytes]]
    suffix: str = ""
    path: str | None = None
    data: bytes | None = None

    def head(self, size: int) -> bytes:
        """The first ``size`` bytes, or all there are."""
        with self.open() as stream:
            return read_up_to(stream, size)

    def whole(self) -> bytes:
        """All bytes, in memory."""
        if self.data is not None:
            return self.data
        with self.open() as stream:
            return stream.read()


def read_up_to(stream: IO[bytes], size: int) -> bytes:
    """``size`` bytes from a stream that may hand out fewer at a time."""
    pieces, left = [], size
    while left > 0 and (piece := stream.read(min(left, _CHUNK))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def open_path(path: str | bytes, called: str | None = None) -> Bytes:
    """The bytes of a file, or of standard input for "-". Raises ``FileError`` for what is not a readable
    file. Messages say ``called``, where it is given, instead of the file's own name.
    """
    path = os.fsdecode(path)
    if path in ("-", "/dev/stdin"):
        return _from_stdin()
    name = f'"{clipped(called or os.path.basename(path) or path, 80)}"'
    if "://" in path:
        raise FileError(f"{path} is an address; bridle reads files on this machine: download it first.")
    try:
        status = os.stat(path)
    except (OSError, ValueError) as problem:
        raise _cannot_open(path, name, problem) from problem
    if stat.S_ISDIR(status.st_mode):
        raise FileError(f"{name} is a directory, not a file. Name one of the tables inside it.")
    if stat.S_ISFIFO(status.st_mode) and path.startswith(("/dev/fd/", "/proc/")):
        with open(path, "rb") as stream:  # the shell's <(command): already open, so this cannot wait for ever
            return _maybe_gzip(_in_memory(stream, name, ""), name)
    if not stat.S_ISREG(status.st_mode):
        raise FileError(
            f"{name} is a pipe or a device, not a file, and reading it might never end. "
            f"Send it through standard input instead: name the table - and add < {path}"
        )
    try:
        with open(path, "rb"):
            pass
    except OSError as problem:
        raise _cannot_open(path, name, problem) from problem
    suffix = os.path.splitext(called or path)[1].lower()
    return _maybe_gzip(Bytes(name, lambda: open(path, "rb", buffering=0), suffix, path), path)


def open_bytes(stream: Any) -> Bytes:
    """The bytes of an open file, binary or text, read here from where it stands."""
    name = getattr(stream, "name", None)
    name = f'"{os.path.basename(name)}"' if isinstance(name, str) else "the open file"
    suffix = os.path.splitext(name.strip('"'))[1].lower()
    return _maybe_gzip(_in_memory(stream, name, suffix), name)


def _from_stdin() -> Bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise FileError("There is no standard input to read the table from.")
    if sys.stdin.isatty():
        raise UsageError("The table - is read from standard input, but nothing is sent there: add < data.csv")
    stream = getattr(sys.stdin, "buffer", sys.stdin)
    return _maybe_gzip(_in_memory(stream, "standard input", ""), "-")


def _in_memory(stream: Any, name: str, suffix: str) -> Bytes:
    pieces: list[bytes] = []
    total = 0
    try:
        while piece := stream.read(_CHUNK):
            pieces.append(piece.encode() if isinstance(piece, str) else bytes(piece))
            total += len(pieces[-1])
            if total > PIPE_LIMIT:
                raise FileError(
                    f"{name} sends more than {PIPE_LIMIT >> 30} GB; write it to a file first, which is "
                    "not held in memory."
                )
    except (OSError, ValueError) as problem:
        if isinstance(problem, FileError):
            raise
        raise FileError(f"{name} cannot be read: {problem}.") from problem
    data = b"".join(pieces)
    return Bytes(name, lambda: io.BytesIO(data), suffix, data=data)


def _cannot_open(path: str, name: str, problem: Exception) -> FileError:
    code = getattr(problem, "errno", None)
    if code in (errno.ENOENT, errno.ENOTDIR):
        folder = os.path.dirname(path) or "."
        try:
            near = suggestion(os.path.basename(path), sorted(os.listdir(folder)))
        except OSError:
            return FileError(f"There is no file {path}: there is no directory {folder} to hold it.")
        return FileError(f"There is no file {path}." + (f" {near}" if near.startswith("Did") else ""))
    if code in (errno.EACCES, errno.EPERM):
        return FileError(f"{name} cannot be opened: you have no permission to read it.")
    if code == errno.ELOOP:
        return FileError(f"{name} cannot be opened: it is a link that leads back to itself.")
    return FileError(f"{name} cannot be opened: {getattr(problem, 'strerror', None) or problem}.")


def _maybe_gzip(source: Bytes, origin: str) -> Bytes:
    """The same bytes, or those inside the gzip file that they are."""
    if source.head(3) != b"\x1f\x8b\x08":
        return source
    size = len(source.data) if source.data is not None else os.path.getsize(origin)
    limit = max(GZIP_FLOOR, GZIP_RATIO * size)
    suffix = os.path.splitext(source.name.strip('"').lower().removesuffix(".gz"))[1]

    def unzip() -> IO[bytes]:
        return cast("IO[bytes]", _Unzipped(source.open(), limit, source.name))

    return Bytes(source.name, unzip, suffix)


class _Unzipped(io.RawIOBase):
    """The content of a gzip file; stops with an error where it grows beyond a limit."""

    def __init__(self, stream: IO[bytes], limit: int, name: str) -> None:
        self._stream, self._zip = stream, gzip.GzipFile(fileobj=stream)
        self._limit, self._name, self._seen = limit, name, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return read_up_to(self, sys.maxsize)  # type: ignore[arg-type]
        try:
            piece = self._zip.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise FileError(
                f"{self._name} is a damaged gzip file, or one cut short ({problem}). Copy or make it again."
            ) from problem
        self._seen += len(piece)
        if self._seen > self._limit:
            raise FileError(
                f"{self._name} grows to more than {self._limit >> 20:,} MB when unzipped, over "
                f"{GZIP_RATIO} times its "
                "size. If that is no mistake, unzip it first and pass the file inside."
            )
        return piece

    def close(self) -> None:
        self._zip.close()
        self._stream.close()
        super().close()
