"""What the work on a lesson looks like from outside: its result, its progress, and how it is ended."""

from __future__ import annotations

import threading
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


def compute_late(
    key: str, progress: Progress, tables: Any = None, stopping: threading.Event | None = None
) -> Lesson:
    """``lessons.compute``, loading the engine with the first lesson and not with the server.

    With ``stopping``, the event that a server sets when it stops, what the next screen needs is loaded ahead.
    """
    from .lessons import compute

    lesson = compute(key, progress, tables)
    if stopping is not None and key.startswith("wiggle"):  # the screen before the one with the networks
        from .networks import load_ahead

        load_ahead(stopping)
    return lesson


__all__ = ["Cancelled", "Compute", "Lesson", "Progress", "compute_late", "show"]
