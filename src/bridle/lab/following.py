"""Tables that tell how far they were read and looked at, and can be left in between."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from typing import IO, cast

from ..table import Table
from ..table.columns import Column
from ..table.files import Bytes, open_path
from ..table.formats import read_file
from .work import Progress


class Followed(Table):
    """A table with columns of its own, converted when asked for, telling each time."""

    def __init__(self, table: Table, progress: Progress) -> None:
        self.__dict__.update({**table.__dict__, "_columns": {}})
        self._progress = progress

    def column(self, name: str) -> Column:
        if name not in self._columns:
            self._progress("looking at the columns", len(self._columns) / max(1, len(self.names)))
        return super().column(name)


def read_followed(path: str, name: str, progress: Progress) -> Table:
    """The table in a file that is called ``name`` in every message."""
    source = open_path(path, name)
    size = max(1, os.path.getsize(path))

    def opened() -> IO[bytes]:
        return cast("IO[bytes]", _Followed(source.open(), size, progress))

    progress("reading", 0.0)
    followed: Bytes = replace(source, open=opened)
    return read_file(followed, None)


class _Followed(io.RawIOBase):
    """A stream that tells how much of it was read."""

    def __init__(self, stream: IO[bytes], size: int, progress: Progress) -> None:
        self._stream, self._size, self._progress, self._seen = stream, size, progress, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._progress("reading", min(1.0, self._seen / self._size))
        piece = self._stream.read(size)
        self._seen += len(piece)
        return piece

    def close(self) -> None:
        self._stream.close()
        super().close()


__all__ = ["Followed", "read_followed"]
