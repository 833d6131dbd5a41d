"""Runs hostile cases in forked children: a line [file, function, case, ways] in, a line {way: what went wrong} out."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from types import ModuleType

SECONDS = 20.0  # for one way; more is a hang
MEMORY = 6 << 30


def loaded(file: str, known: dict[str, ModuleType] = {}) -> ModuleType:  # noqa: B006 - a cache
    if file not in known:
        name = f"hostile_{Path(file).stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None and spec.loader is not None
        known[file] = importlib.util.module_from_spec(spec)
        sys.modules[name] = known[file]
        spec.loader.exec_module(known[file])
    return known[file]


def child(module: ModuleType, function: str, case: str, ways: list[str], out: int) -> None:
    """Tries the ways in turn; what each came to is written as it is known."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error")
    for way in ways:
        try:
            getattr(module, function)(case, way)
            wrong = ""
        except AssertionError as problem:
            wrong = str(problem) or traceback.format_exc()
        except BaseException:
            wrong = traceback.format_exc()
        os.write(out, (json.dumps([way, wrong[-3000:]]) + "\n").encode())


def tried(module: ModuleType, function: str, case: str, ways: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    while left := [way for way in ways if way not in found]:
        inlet, outlet = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(inlet)
            sys.stdout = sys.stderr
            child(module, function, case, left, outlet)
            os._exit(0)
        os.close(outlet)
        heard, hung = b"", False
        last = time.monotonic()
        while True:
            ready = select.select([inlet], [], [], max(0.0, last + SECONDS - time.monotonic()))[0]
            if not ready:
                hung = True
                os.kill(pid, signal.SIGKILL)
                break
            piece = os.read(inlet, 1 << 16)
            if not piece:
                break
            heard += piece
            last = time.monotonic()
        os.close(inlet)
        _, status = os.waitpid(pid, 0)
        found.update(json.loads(line) for line in heard.decode().splitlines())
        rest = [way for way in left if way not in found]
        if rest:
            end = (
                f"signal {signal.Signals(os.WTERMSIG(status)).name}"
                if os.WIFSIGNALED(status)
                else f"status {status}"
            )
            found[rest[0]] = f"hung for {SECONDS:g} s" if hung else f"the process died: {end}"
    return found


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    import hostile_kit

    for way in hostile_kit.ESTIMATORS:
        hostile_kit.fitted_before(way)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a case prints is no answer
    for line in sys.stdin:
        file, function, case, ways = json.loads(line)
        answers.write(json.dumps(tried(loaded(file), function, case, ways)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
