"""The compiled kernels, made ready once: SciPy's BLAS handed over, its threads held still while bridle's own run."""

from __future__ import annotations

import os
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any

from .errors import UsageError, number


@cache
def kernels() -> ModuleType:
    """The compiled module, with SciPy's own BLAS and LAPACK behind it."""
    from scipy.linalg import cython_blas, cython_lapack

    from . import _core

    _core.set_blas(cython_blas.__pyx_capi__, cython_lapack.__pyx_capi__)
    return _core


@cache
def _blas_libraries() -> list[Any]:
    # Finding the libraries takes milliseconds, holding them microseconds: so look for them once.
    from threadpoolctl import ThreadpoolController

    kernels()  # SciPy's own BLAS is among them
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


class single_threaded_blas:
    """Holds every BLAS at one thread: parallelism is then bridle's own, over fixed tiles, with the same bits.

    Held from the first entry, in whatever thread, to the last exit.
    """

    _lock = Lock()
    _entries = 0
    _before: tuple[int, ...] = ()

    def __enter__(self) -> None:
        kind = single_threaded_blas
        with kind._lock:
            if kind._entries == 0:
                kind._before = tuple(library.num_threads for library in _blas_libraries())
                for library, threads in zip(_blas_libraries(), kind._before):
                    if threads != 1:
                        library.set_num_threads(1)
            kind._entries += 1

    def __exit__(self, *_: object) -> None:
        kind = single_threaded_blas
        with kind._lock:
            kind._entries -= 1
            if kind._entries == 0:
                for library, threads in zip(_blas_libraries(), kind._before):
                    if threads != 1:
                        library.set_num_threads(threads)


def _forked() -> None:
    """A child of fork has one thread: what others held, it does not; the lock may have been taken by one of them."""
    single_threaded_blas._lock = Lock()
    single_threaded_blas._entries = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def symmetric_eigen(matrix: Any, vectors: bool = True) -> tuple[Any, Any]:
    """Eigenvalues (n,) ascending, and eigenvectors as columns (n, n) or None; answers Ctrl-C while LAPACK works."""
    import numpy as np

    with single_threaded_blas():
        values, rows = kernels().symmetric_eigen(np.ascontiguousarray(matrix, dtype=np.float64), vectors)
    return values, None if rows is None else rows.T


def thread_count(threads: int | None = None) -> int:
    """How many threads to use: the argument, else BRIDLE_THREADS, else the processors at hand.

    OMP_NUM_THREADS, which joblib sets in its workers, is an upper limit.

    Raises
    ------
    UsageError
        When the argument or the variable is no positive whole number.

    >>> thread_count(3)
    3
    """
    if threads is not None:
        return int(number("threads", threads, 1, 4096, whole=True))
    asked = os.environ.get("BRIDLE_THREADS")
    if asked is not None:
        if not asked.isdigit() or int(asked) < 1:
            raise UsageError(f"BRIDLE_THREADS must be a whole number of at least 1, not {asked!r}.")
        return int(asked)
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(available, int(limit)) if limit.isdigit() and int(limit) > 0 else available
