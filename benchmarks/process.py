"""A tool's process: started in its own environment, asked in turn, ended when a call takes too long."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from . import environments
from .tools import TOOLS, Maker
from .works import LIMIT

THREADS = 2
STARTING = 120.0  # seconds that reading the data and loading libraries may take besides a call
SAMPLE = 0.1  # seconds between two looks at the memory of a tool's helpers


class TooSlow(RuntimeError):
    """A call took longer than the limit; the process has been ended."""


def environment() -> dict[str, str]:
    """The same number of threads for everyone."""
    names = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    )
    return {**os.environ, **dict.fromkeys(names, str(THREADS)), "PYTHONWARNINGS": "ignore"}


def command_of(maker: Maker) -> list[str]:
    """What starts the tool; its environment is made where it is missing."""
    if maker.environment == "R":
        return ["Rscript", "--vanilla", str(environments.HERE / "tools" / maker.file)]
    python = environments.python_of(maker.environment) if maker.environment else sys.executable
    return [python, "-m", f"benchmarks.tools.{maker.file}"]


class Worker:
    """A tool's process.

    Attributes
    ----------
    helpers : the most memory, in bytes, that processes which the tool started held beside it while somebody looked.
    """

    def __init__(self, tool: str, tolerance: float | None, folder: Path) -> None:
        maker = TOOLS[tool]
        self.tool, self.tolerance, self.helpers = tool, tolerance, 0
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        settings = [
            str(folder),
            "default" if tolerance is None else repr(tolerance),
            str(THREADS),
            maker.variant,
        ]
        try:
            self.process = subprocess.Popen(
                [*command_of(maker), *settings], cwd=environments.ROOT, env=environment(), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise RuntimeError(f"not started: {error}") from None

    def ask(self, command: str, watch: bool = False) -> dict[str, Any]:
        """Sends a command, waits for its answer; with ``watch`` looks at the memory of the tool's helpers meanwhile.

        Raises
        ------
        TooSlow
            After ``LIMIT`` seconds.
        RuntimeError
            Where the tool failed, with its last words.
        """
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self._line(watch)
        if not line:
            raise RuntimeError(self._last_words())
        return dict(json.loads(line))

    def _line(self, watch: bool) -> str:
        assert self.process.stdout
        end = time.monotonic() + LIMIT + STARTING
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not selector.select(SAMPLE if watch else max(0.0, end - time.monotonic())):
                if time.monotonic() > end:
                    self.end()
                    raise TooSlow(f"> {LIMIT:.0f} s")
                if watch:
                    self.helpers = max(self.helpers, _held(self.process.pid))
        return self.process.stdout.readline()

    def _last_words(self) -> str:
        self.process.wait()
        self.log.seek(0)
        lines = [line for line in self.log.read().decode(errors="replace").splitlines() if line.strip()]
        killed = " (killed: no memory?)" if self.process.returncode == -signal.SIGKILL else ""
        return f"failed{killed}: {' '.join(lines[-2:])[:200] if lines else 'without a word'}"

    def end(self) -> None:
        """At once, with everything it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """Lets it end, and whatever it leaves behind."""
        assert self.process.stdin
        try:
            self.process.stdin.close()
            self.process.wait(timeout=20)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.end()


def _held(pid: int) -> int:
    """Bytes that the descendants of a process have for themselves alone (pages shared with it not counted)."""
    total = 0
    for child in _children(pid):
        try:
            lines = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended meanwhile
            continue
        total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))
    return total


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            own = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        found += [more for child in own for more in (child, *_children(child))]
    return found
