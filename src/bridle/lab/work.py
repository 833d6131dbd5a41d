"""What the work on a lesson looks like from outside: its result, its progress, and how it is ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Lesson = dict[str, Any]
Progress = Callable[[str, float], None]
Compute = Callable[[str, Progress], Lesson]


class Cancelled(Exception):
    """Nobody waits for the lesson any more; raised by the progress callback, it ends the work."""


def show(progress: Progress, so_far: Callable[[], Lesson]) -> None:
    """What there is of a lesson already, for whoever watches: made only where it is going to be looked at."""
    watch = getattr(progress, "show", None)
    if watch is not None:
        watch(so_far)


def compute_late(key: str, progress: Progress, tables: Any = None) -> Lesson:
    """``lessons.compute``, loading the engine with the first lesson and not with the server."""
    from .lessons import compute

    return compute(key, progress, tables)


__all__ = ["Cancelled", "Compute", "Lesson", "Progress", "compute_late", "show"]
