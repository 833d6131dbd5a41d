"""Problems that have nothing to share, side by side on threads of their own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

import numpy as np

from .._numerics import single_threaded_blas
from .plan import Progress

Result = TypeVar("Result")
Tick = Callable[[float], None]
LOOK = 0.05  # seconds between two looks at the progress, and at Ctrl-C


class Abandoned(Exception):
    """Nobody waits for this problem any more."""


def side_by_side(
    work: Callable[[int, Tick], Result], count: int, threads: int, progress: Progress = None
) -> list[Result]:
    """work(k, tick) for every k below the count, in their order; BLAS has one thread meanwhile.

    ``tick`` takes the share of the problem that is done; after Ctrl-C, or when another problem has failed, it raises.
    """
    done, left = np.zeros(count), Event()

    def tell() -> None:
        if progress is not None:
            progress(float(done.sum()) / count)

    def alone(k: int) -> Tick:
        def tick(share: float) -> None:
            done[k] = share
            tell()

        return tick

    def beside(k: int) -> Tick:
        def tick(share: float) -> None:
            if left.is_set():
                raise Abandoned
            done[k] = share

        return tick

    with single_threaded_blas():
        if threads <= 1 or count == 1:
            return [work(k, alone(k)) for k in range(count)]
        pool = ThreadPoolExecutor(min(threads, count))
        try:
            every = [pool.submit(work, k, beside(k)) for k in range(count)]
            waiting: set[Future[Result]] = set(every)
            while waiting:
                finished, waiting = wait(waiting, LOOK, FIRST_COMPLETED)
                for one in finished:
                    one.result()
                tell()
            return [one.result() for one in every]
        finally:
            left.set()
            pool.shutdown(wait=False, cancel_futures=True)
