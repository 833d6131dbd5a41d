"""A contest: tools in processes of their own take turns on the same data, then their fits are judged."""

from __future__ import annotations

import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import arrays, data
from .environments import ROOT, SCRATCH
from .process import THREADS, TooSlow, Worker, environment
from .tools import TOOLS
from .works import LIMIT, TIGHT, Work

REPETITIONS, FEWER, ONCE = 5, 3, 1
SLOW, VERY_SLOW = 15.0, 60.0  # seconds of a call: fewer turns, one turn
SHORTEST = 0.3  # a shorter call is repeated within one timing
MOST_CALLS = 1_000
JUDGING = 1_800.0
Tell = Callable[[str], None]


@dataclass
class Entry:
    """One tool's row.

    Attributes
    ----------
    tolerance : None for the tool's default.
    knob : what it is called.
    reason : why there is no time or no gap; "" where there is both.
    least : seconds that a call takes at least, where it was ended.
    beyond : the next tolerance and why the tool did not end with it, where none that it ended with is tight.
    seconds : one number a turn, the warm-up left out.
    calls_each : calls of a turn, of which ``seconds`` are the mean.
    worst_gap, median_gap, fits : of the certified fits to all rows.
    alpha, error : what it chose.
    unsettled : fits of a call that the tool itself warned about (not converged).
    peak, before, data : bytes, of the whole process and its helpers; before the data were read; of X and y.
    """

    tool: str
    tolerance: float | None = None
    knob: str = ""
    reason: str = ""
    least: float | None = None
    beyond: str = ""
    seconds: list[float] = field(default_factory=list)
    calls_each: int = 1
    worst_gap: float | None = None
    median_gap: float | None = None
    fits: int = 0
    alpha: float | None = None
    error: float | None = None
    parts: dict[str, float] = field(default_factory=dict)
    unsettled: int = 0
    peak: int = 0
    before: int = 0
    data: int = 0

    @property
    def median(self) -> float | None:
        """Seconds of a call."""
        return statistics.median(self.seconds) if self.seconds else None


def hold(work: Work, kind: str, tell: Tell, tightened: bool = True, judging: bool = True) -> list[Entry]:
    """One contest: everyone at the defaults, then the peers tightened."""
    SCRATCH.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=SCRATCH))
    try:
        tell("drawing the data")
        makers = [TOOLS[tool] for tool in work.tools]
        arrays.write(
            data.make(work, kind), folder, any(maker.environment == "R" for maker in makers),
            any(maker.variant == "float32" for maker in makers),
        )  # fmt: skip
        entries = [Entry(tool) for tool in work.tools]
        if tightened and not work.exact:
            entries += [tight(tool, folder, tell) for tool in work.peers if TOOLS[tool].ladder]
        _alternated(entries, folder, tell, judging)
        return entries
    finally:
        shutil.rmtree(folder)


def tight(tool: str, folder: Path, tell: Tell) -> Entry:
    """The first tolerance of the tool's ladder that certifies its fits to ``TIGHT``, else the last it ends with."""
    entry = Entry(tool, knob=TOOLS[tool].knob)
    for tolerance in TOOLS[tool].ladder:
        tell(f"{tool}: is {entry.knob}={tolerance:.0e} tight?")
        try:
            worker = Worker(tool, tolerance, folder)
            try:
                worst = judged(worker, folder)["worst"]
            finally:
                worker.end()
        except RuntimeError as error:
            if entry.tolerance is None:
                entry.tolerance, entry.reason = tolerance, str(error)
            else:
                entry.beyond = f"{entry.knob}={tolerance:.0e}: {error}"
            break
        entry.tolerance = tolerance
        if worst <= TIGHT:
            break
    return entry


def judged(worker: Worker, folder: Path) -> dict[str, Any]:
    """The certified gaps of a worker's fits to all rows."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as fitted:
        worker.ask(f"path {fitted}")
        variant = TOOLS[worker.tool].variant
        command = [sys.executable, "-m", "benchmarks.judge", str(folder), fitted, str(THREADS), variant]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=JUDGING
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError("not judged: the certificate takes too long") from None
        if done.returncode:
            raise RuntimeError(f"not judged: {(done.stderr.strip().splitlines() or ['killed'])[-1][:200]}")
        return dict(json.loads(done.stdout))


def _alternated(entries: list[Entry], folder: Path, tell: Tell, judging: bool) -> None:
    """Fills the entries in: a warm-up, turns, memory, gaps. A tool that fails or is too slow drops out."""
    ready = _warmed_up(entries, folder, tell)
    try:
        for turn in range(REPETITIONS):
            tell(f"turn {turn + 1} of at most {REPETITIONS}")
            for entry, worker, turns in ready:
                if turn < turns and not entry.reason:
                    _guarded(entry, lambda: _timed(entry, worker))  # noqa: B023
        for entry, worker, _ in ready:
            if not entry.reason:
                tell(f"judging {entry.tool}")
                _guarded(entry, lambda: _weighed(entry, worker, folder, judging))  # noqa: B023
    finally:
        for _, worker, _ in ready:
            worker.close()


def _warmed_up(entries: list[Entry], folder: Path, tell: Tell) -> list[tuple[Entry, Worker, int]]:
    """The workers of those that can run, with how many turns they get; the first calls load and compile code."""
    ready: list[tuple[Entry, Worker, int]] = []
    for entry in entries:
        if entry.reason:
            continue
        tell(f"warming up {entry.tool}")
        worker = None
        try:
            worker = Worker(entry.tool, entry.tolerance, folder)
            ready.append((entry, worker, _first(entry, worker)))
        except RuntimeError as error:
            entry.reason, entry.least = str(error), LIMIT if isinstance(error, TooSlow) else None
            if worker is not None:
                worker.end()
    return ready


def _first(entry: Entry, worker: Worker) -> int:
    seconds = worker.ask("time 1", watch=True)["seconds"]
    if seconds < SLOW:
        seconds = worker.ask("time 1")["seconds"]
    if seconds > LIMIT:
        raise TooSlow(f"> {LIMIT:.0f} s")
    entry.calls_each = min(MOST_CALLS, max(1, math.ceil(SHORTEST / seconds)))
    return REPETITIONS if seconds <= SLOW else FEWER if seconds <= VERY_SLOW else ONCE


def _timed(entry: Entry, worker: Worker) -> None:
    said = worker.ask(f"time {entry.calls_each}")
    entry.seconds.append(said["seconds"])
    entry.alpha, entry.error = said["alpha"], said["error"]
    entry.parts, entry.unsettled = said["parts"], said["unsettled"]


def _weighed(entry: Entry, worker: Worker, folder: Path, judging: bool) -> None:
    memory = worker.ask("memory")
    entry.before, entry.data = memory["before"], memory["data"]
    entry.peak = memory["peak"] + worker.helpers
    if judging and TOOLS[entry.tool].file != "run_dsyrk":
        gaps = judged(worker, folder)
        entry.worst_gap, entry.median_gap, entry.fits = gaps["worst"], gaps["median"], gaps["fits"]


def _guarded(entry: Entry, step: Callable[[], None]) -> None:
    """What goes wrong is the tool's row, not the end of the contest."""
    try:
        step()
    except RuntimeError as error:
        entry.reason = str(error)


def as_record(work: Work, kind: str, entries: list[Entry]) -> dict[str, Any]:
    """One contest for the JSON file: what ``tables`` and the pictures are made from."""
    return {
        "work": work.name, "text": work.text, "n": work.n, "p": work.p, "folds": work.folds, "kind": kind,
        "n_alphas": work.n_alphas, "exact": work.exact, "ours": [asdict(own) for own in work.ours],
        "reference": None if work.reference is None else asdict(work.reference),
        "entries": [{**asdict(e), "median": e.median} for e in entries],
    }  # fmt: skip
