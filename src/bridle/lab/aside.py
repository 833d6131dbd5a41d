"""Work beside the one who waits for it: readers and kernels in the middle of a pass cannot be asked to stop at once.

Who waits asks 50 times a second whether it still matters, and leaves when it does not; what was left behind ends at its
own next report of progress. One piece of work at a time, so that what was left behind and what came after it never hold
two tables' worth of memory together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from .work import Cancelled, Progress

Result = TypeVar("Result")
ASKED_EVERY = 0.02


def aside(work: Callable[[Progress], Result], progress: Progress, turn: threading.Lock) -> Result:
    """The result of ``work(progress)``, or what it raised; what ``progress`` raises comes through at once.

    >>> aside(lambda tell: 6 * 7, lambda stage, share: None, threading.Lock())
    42
    """
    left, done = threading.Event(), threading.Event()
    told = ("waiting", 0.0)
    results: list[Result] = []
    problems: list[BaseException] = []

    def tell(stage: str, share: float) -> None:
        nonlocal told
        if left.is_set():
            raise Cancelled
        told = (stage, share)

    def run() -> None:
        try:
            while not turn.acquire(timeout=ASKED_EVERY):
                tell(*told)
            try:
                results.append(work(tell))
            finally:
                turn.release()
        except BaseException as problem:
            problems.append(problem)
        finally:
            done.set()

    threading.Thread(target=run, name="bridle-lab-aside").start()
    try:
        while not done.wait(ASKED_EVERY):
            progress(*told)
        progress(*told)
    except BaseException:
        left.set()
        raise
    if problems:
        raise problems[0]
    return results[0]


__all__ = ["aside"]
