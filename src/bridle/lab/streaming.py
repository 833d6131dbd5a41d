"""A lesson as a stream of frames: progress while it is computed, then the result; ended when nobody listens any more."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor

from starlette.types import Receive, Scope, Send

from ..errors import BridleError
from .frames import ERROR, PARTIAL, PROGRESS, RESULT, frame, message
from .work import Cancelled, Compute, Lesson

# A page draws 60 pictures a second: progress more often than this would only be work.
QUIET = 0.03
SLOW = 0.05  # between two parts of a result


class LessonStream:
    """The answer to one request. The work runs in ``pool``; every report of progress asks whether it still matters."""

    def __init__(self, compute: Compute, key: str, pool: Executor, stopping: threading.Event) -> None:
        self.compute, self.key, self.pool, self.stopping = compute, key, pool, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Queue[tuple[bytes, bool]]()
        gone = threading.Event()

        def hand_over(piece: bytes, last: bool) -> None:
            if not gone.is_set():
                loop.call_soon_threadsafe(told.put_nowait, (piece, last))

        work = self.pool.submit(self._work, gone, hand_over)
        leaving = asyncio.ensure_future(_until_gone(receive))
        headers = [(b"content-type", b"application/octet-stream"), (b"cache-control", b"no-store")]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            last = False
            while not last:
                next_piece = asyncio.ensure_future(told.get())
                await asyncio.wait({next_piece, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if leaving.done():
                    next_piece.cancel()
                    return
                piece, last = next_piece.result()
                await send({"type": "http.response.body", "body": piece, "more_body": not last})
        finally:
            gone.set()
            work.cancel()  # where it still waits for its turn
            leaving.cancel()

    def _work(self, gone: threading.Event, hand_over: Callable[[bytes, bool], None]) -> None:
        """In a thread of the pool: whatever happens becomes one last frame, unless nobody is there to read it."""
        progress = _Telling(lambda: gone.is_set() or self.stopping.is_set(), hand_over)
        try:
            progress("starting", 0.0)
            from .wire import encode  # NumPy: not before it is needed

            last = frame(RESULT, encode(self.compute(self.key, progress)))
        except Cancelled:
            last = message(ERROR, message="The server is stopping.")
        except BridleError as problem:
            last = message(ERROR, message=str(problem))
        except Exception as problem:
            traceback.print_exc()
            last = message(ERROR, message=f"This is a bug in bridle ({type(problem).__name__}: {problem}).")
        hand_over(last, True)


class _Telling:
    """Progress, and what there is so far, on their way to the page; the end of the work where nobody waits any more."""

    def __init__(self, over: Callable[[], bool], hand_over: Callable[[bytes, bool], None]) -> None:
        self._over, self._hand_over = over, hand_over
        self._said = self._shown = 0.0

    def __call__(self, stage: str, share: float) -> None:
        if self._over():
            raise Cancelled
        now = time.monotonic()
        if now - self._said >= QUIET:
            self._said = now
            self._hand_over(message(PROGRESS, stage=stage, share=min(max(float(share), 0.0), 1.0)), False)

    def show(self, so_far: Callable[[], Lesson]) -> None:
        """Pictures that grow: not more often than ``SLOW``, whatever the work would show."""
        now = time.monotonic()
        if now - self._shown >= SLOW:
            from .wire import encode

            self._hand_over(frame(PARTIAL, encode(so_far())), False)
            self._shown = time.monotonic()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


__all__ = ["LessonStream"]
