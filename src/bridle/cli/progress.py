"""A progress bar on standard error, shown only where work takes long enough to wonder."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .running import colored

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

QUIET_SECONDS = 0.5
Report = Callable[[str, float], None]


@contextmanager
def progress_bar(*, enabled: bool) -> Iterator[Report | None]:
    """A function that takes a stage's name and its share done, or None where nobody looks.

    The bar appears after half a second and is wiped away at the end. That takes sequences that move the cursor, so that
    there is none on a terminal that wants or knows no such sequences.
    """
    if not (enabled and colored(sys.stderr)):
        yield None
        return
    bar = _Bar()
    try:
        yield bar.tell
    finally:
        bar.close()


class _Bar:
    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown: Progress | None = None
        self._task: TaskID | None = None

    def tell(self, stage: str, share: float) -> None:
        if self._shown is None:
            if time.monotonic() - self._start < QUIET_SECONDS:
                return
            self._open()
        assert self._shown is not None and self._task is not None
        self._shown.update(self._task, description=stage, completed=min(max(share, 0.0), 1.0))

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        console = Console(file=sys.stderr, highlight=False, markup=False)
        columns = (
            TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
        )  # fmt: skip
        self._shown = Progress(*columns, console=console, transient=True)
        self._task = self._shown.add_task("", total=1.0)
        self._shown.start()

    def close(self) -> None:
        if self._shown is not None:
            self._shown.stop()
