"""How a tool written in Python answers the runner: commands on stdin, one JSON line each on stdout.

    time K     read the data, call the tool K times: mean seconds of a call, the alpha it chose, its error
    memory     bytes: before the data were read, the data themselves, the process's peak so far
    path DIR   write the fits to all rows that are judged (arrays.write_fits)

It runs in the tool's own environment: NumPy and SciPy are all it needs. The data are let go after each command, so that
tools that wait for their turn hold nothing. The glmnet tool speaks the same language from R.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from .arrays import Data, Fits, read, write_fits


@dataclass(frozen=True)
class Settings:
    """What a tool is told besides the data: ``tolerance`` None means the tool's default."""

    tolerance: float | None
    threads: int
    variant: str = ""


@dataclass(frozen=True)
class Answer:
    """What a call chose: the alpha with the smallest error, and that error; ``parts`` are seconds."""

    alpha: float
    error: float
    parts: dict[str, float]


@dataclass(frozen=True)
class Tool:
    """``call`` alone is timed; ``answer`` reads its result; ``path`` gives the fits to all rows."""

    call: Callable[[Data, Settings], Any]
    answer: Callable[[Data, Any], Answer]
    path: Callable[[Data, Settings, Any], Fits]


def serve(tool: Tool) -> None:
    """Answers commands until stdin ends; arguments: folder, tolerance or "default", threads, variant."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a tool prints goes to the log
    folder, tolerance, threads, variant = sys.argv[1:5]
    settings = Settings(None if tolerance == "default" else float(tolerance), int(threads), variant)
    before, size = memory("VmRSS"), 0
    result: Any = None
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        if command == "memory":
            say(out, before=before, data=size, peak=memory("VmHWM"))
            continue
        given = read(Path(folder), single=variant == "float32")
        size = given.size
        if command == "time":
            result = None  # the last call's must not count as this one's memory
            result, said = timed(tool, given, settings, int(argument))
            say(out, **said)
        elif command == "path":
            write_fits(tool.path(given, settings, result), Path(argument))
            say(out)
        del given


def timed(tool: Tool, given: Data, settings: Settings, times: int) -> tuple[Any, dict[str, Any]]:
    """The last call's result, and what is said about all of them."""
    result = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        for _ in range(times):
            result = tool.call(given, settings)
        seconds = (time.perf_counter() - start) / times
    answer = tool.answer(given, result)
    unsettled = sum("onverge" in str(w.message) for w in caught) // times
    return result, {
        "seconds": seconds, "alpha": answer.alpha, "error": answer.error, "parts": answer.parts,
        "unsettled": unsettled,
    }  # fmt: skip


def memory(field: str) -> int:
    """VmRSS (now) or VmHWM (peak) of this process in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field + ":")).split()[1])


def say(out: TextIO, **values: Any) -> None:
    """One line of JSON to the runner."""
    print(json.dumps(values), file=out, flush=True)
