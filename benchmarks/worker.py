"""How a tool written in Python answers the runner: commands on stdin, one JSON line each on stdout.

    time K     call the tool K times: mean seconds of a call, the alpha it chose, its cross-validated error
    memory     bytes: before the data were read, the data themselves, the process's peak so far
    path DIR   write the full-data path: alphas (A,), intercepts (A,), coefs (A, p), float64, units of the data

The glmnet tool speaks the same language from R.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import data

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """What a tool is told besides the data: ``tolerance`` None means the tool's default."""

    tolerance: float | None
    threads: int


@dataclass(frozen=True)
class Answer:
    """What a call chose: the alpha with the smallest mean squared error, and that error; ``parts`` are seconds."""

    alpha: float
    error: float
    parts: dict[str, float]


@dataclass(frozen=True)
class Tool:
    """``call`` alone is timed; ``answer`` reads its result; ``path`` gives alphas, intercepts, coefs of the full data."""

    call: Callable[[data.Data, Settings], Any]
    answer: Callable[[Any], Answer]
    path: Callable[[data.Data, Settings, Any], tuple[Floats, Floats, Floats]]


def serve(tool: Tool) -> None:
    """Answers commands until stdin ends; arguments: folder, n, p, tolerance or "default", threads."""
    folder, n, p, tolerance, threads = sys.argv[1:6]
    settings = Settings(None if tolerance == "default" else float(tolerance), int(threads))
    before = memory("VmRSS")
    given = data.read(Path(folder), int(n), int(p))
    result: Any = None
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        if command == "time":
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                start = time.perf_counter()
                for _ in range(int(argument)):
                    result = tool.call(given, settings)
                seconds = (time.perf_counter() - start) / int(argument)
            answer = tool.answer(result)
            unsettled = sum("onverge" in str(w.message) for w in caught) // int(argument)
            say(
                seconds=seconds,
                alpha=answer.alpha,
                error=answer.error,
                parts=answer.parts,
                unsettled=unsettled,
            )
        elif command == "memory":
            say(before=before, data=given.X.nbytes + given.y.nbytes, peak=memory("VmHWM"))
        elif command == "path":
            for name, values in zip(("alphas", "intercepts", "coefs"), tool.path(given, settings, result)):
                np.ascontiguousarray(values, dtype=np.float64).tofile(Path(argument) / f"{name}.f64")
            say()


def memory(field: str) -> int:
    """VmRSS (now) or VmHWM (peak) of this process in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field + ":")).split()[1])


def say(**values: Any) -> None:
    """One line of JSON to the runner."""
    print(json.dumps(values), flush=True)
