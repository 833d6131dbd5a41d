"""The person's own tables: files in a folder that nobody else may open, or where the command line named them.

A table is known by an opaque name. Nothing that a page says is ever part of a path; the name that a file had is only
shown. Three tables are kept; a fourth takes the place of the oldest. Nothing here loads the engine.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .ahead import WORTH, Ahead
from .aside import aside
from .work import Progress

if TYPE_CHECKING:
    from ..table import Table

MOST_TABLES = 3
MOST_RESULTS = 6
LONGEST_NAME = 120
PREFIX = "bridle-lab-"
ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Held:
    """One table: the opaque ``id``, the ``name`` to show, where it lies, and whether the lab put it there."""

    id: str
    name: str
    path: str
    size: int
    own: bool

    def described(self) -> dict[str, Any]:
        """What a page is told: not where the file lies."""
        return {"id": self.id, "name": self.name, "bytes": self.size}


class Tables:
    """The tables of one run of the lab; ``close`` removes what it wrote."""

    def __init__(self) -> None:
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._folder: str | None = None
        self._parsed: tuple[str, Table] | None = None
        self._ahead: Ahead | None = None
        self._results: OrderedDict[Hashable, tuple[str, Any]] = OrderedDict()
        self._closed = False

    def folder(self) -> str:
        """The private folder (0700), made when it is first needed."""
        with self._lock:
            if self._closed:
                raise UsageError("The lab is closing.")
            self._folder = self._folder or tempfile.mkdtemp(prefix=PREFIX)
            return self._folder

    def add(self, path: str, name: str, ahead: Ahead | None = None) -> tuple[Held, str]:
        """Keep a file that was written into the folder; what the person should know of a table that had to go, or ""."""
        held = Held(secrets.token_hex(8), shown(name), path, os.path.getsize(path), True)
        if ahead is not None:
            ahead.id = held.id
        return self._keep(held)

    def begin(self, path: str, name: str, size: int) -> Ahead | None:
        """Read a file that is still being written; None where that does not pay, or a table is at work already."""
        with self._lock:
            busy = self._turn.locked() or (self._ahead is not None and not self._ahead.ended)
            if self._closed or busy or size < WORTH:
                return None
            self._parsed = None  # two tables in memory would be one too many
            self._ahead = Ahead(path, shown(name), size)
            return self._ahead

    def begin_named(self) -> None:
        """Read what the command line named, before the page asks for it."""
        for held in self.listed()[:1]:
            ahead = self.begin(held.path, held.name, held.size)
            if ahead is not None:
                ahead.id = held.id
                ahead.grown(held.size)

    def named(self, path: str) -> Held:
        """Keep a file that the command line named, where it lies.

        Raises
        ------
        FileError
            For a folder, a pipe, a file that is not there or may not be read.
        """
        from ..table.files import open_path

        open_path(path)
        name = shown(os.path.basename(path))
        return self._keep(Held(secrets.token_hex(8), name, path, os.path.getsize(path), False))[0]

    def _keep(self, held: Held) -> tuple[Held, str]:
        with self._lock:
            self._held[held.id] = held
            gone = [next(iter(self._held.values()))] if len(self._held) > MOST_TABLES else []
        for old in gone:
            self.drop(old.id)
        said = (
            f'The lab keeps {MOST_TABLES} tables; the oldest, "{gone[0].name}", was dropped.' if gone else ""
        )
        return held, said

    def get(self, id: str) -> Held:
        """The table of that name.

        Raises
        ------
        UsageError
            Where there is none, or no more.
        """
        held = self._held.get(id)
        if held is None:
            raise UsageError("This table is not held, or no longer: open the file again.")
        return held

    def listed(self) -> list[Held]:
        """All of them, the newest first."""
        with self._lock:
            return list(reversed(self._held.values()))

    def drop(self, id: str) -> bool:
        """Forget a table, with its file where the lab wrote that; False where there was none."""
        with self._lock:
            held = self._held.pop(id, None)
            if self._parsed is not None and self._parsed[0] == id:
                self._parsed = None
            if self._ahead is not None and self._ahead.id == id:
                self._ahead.leave()
                self._ahead = None
            for key in [key for key, (of, _) in self._results.items() if of == id]:
                del self._results[key]
        if held is not None and held.own:
            remove(held.path)
        return held is not None

    def close(self) -> None:
        """Remove every file and the folder."""
        with self._lock:
            self._closed = True
            self._held.clear()
            self._results.clear()
            self._parsed = None
            if self._ahead is not None:
                self._ahead.leave()
                self._ahead = None
            folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def read(self, id: str, progress: Progress) -> Table:
        """The table, read at most once while no other one is asked for; whoever asks anew gets columns of their own."""
        from .following import Followed, read_followed

        held = self.get(id)
        parsed = self._parsed
        if parsed is None or parsed[0] != id:
            self._parsed = None  # two tables in memory would be one too many
            table = self._read_ahead(id, progress) or read_followed(held.path, held.name, progress)
            with self._lock:
                if id in self._held:
                    self._parsed = (id, table)
        else:
            table = parsed[1]
        return Followed(table, progress)

    def _read_ahead(self, id: str, progress: Progress) -> Table | None:
        """The table where it was read ahead; what was read of another one is given up."""
        ahead = self._ahead
        if ahead is None:
            return None
        if ahead.id != id:
            ahead.leave()
        found = ahead.table(progress)
        with self._lock:
            if self._ahead is ahead:
                self._ahead = None
        return found if ahead.id == id else None

    def beside(self, work: Any, progress: Progress) -> Any:
        """``aside.aside``, one piece of work on tables at a time."""
        return aside(work, progress, self._turn)

    def result(self, key: Hashable) -> Any:
        """What was remembered under a key, or None."""
        with self._lock:
            found = self._results.get(key)
            if found is None:
                return None
            self._results.move_to_end(key)
            return found[1]

    def remember(self, key: Hashable, id: str, result: Any) -> None:
        """Keep a result while its table is kept, and not too many."""
        with self._lock:
            if id in self._held:
                self._results[key] = (id, result)
            while len(self._results) > MOST_RESULTS:
                self._results.popitem(last=False)


def shown(name: str) -> str:
    """A file's name as it may be shown: the last part, on one line, nothing that steers a terminal or turns text round.

    >>> shown("../../etc/passwd"), shown("C:\\\\data\\\\a\\tb.csv"), shown("")
    ('passwd', 'a b.csv', 'table')
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(c if c.isprintable() else " " for c in last).strip()
    return plain[:LONGEST_NAME] or "table"


def remove(path: str) -> None:
    """Delete a file that may be gone already."""
    try:
        os.remove(path)
    except OSError:
        return


__all__ = ["ID", "Held", "Tables", "remove", "shown"]
