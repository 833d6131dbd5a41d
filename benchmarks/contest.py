"""A contest: tools in processes of their own take turns on the same data, then their paths are judged."""

from __future__ import annotations

import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import data
from .works import TIGHT, Peer, Work

HERE = Path(__file__).parent
ROOT = HERE.parent
SCRATCH = ROOT / ".bench"
THREADS = 2
REPETITIONS, FEWER, SLOW = (
    5,
    3,
    15.0,
)  # fewer repetitions where a call of the slowest takes more than SLOW seconds
SHORTEST = 0.3  # a shorter call is repeated within one timing


def _python(name: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.tools.{name}"]


@dataclass(frozen=True)
class Maker:
    """How a tool is started, on how many threads, and tolerances to try until its path is tight."""

    command: list[str]
    threads: int
    ladder: tuple[float, ...]


R = ["Rscript", "--vanilla", str(HERE / "tools" / "run_glmnet.R")]
GLMNET_LADDER = (1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-16)
TOOLS = {
    "bridle": Maker(_python("run_bridle"), THREADS, ()),
    "scikit-learn": Maker(
        _python("run_sklearn"), THREADS, (5e-7, 1e-7, 1e-8)
    ),  # tol bounds half the relative gap
    "glmnet": Maker(R, 1, GLMNET_LADDER),
    "glmnet, 2 processes": Maker(R, 2, GLMNET_LADDER),
}


@dataclass(frozen=True)
class Entry:
    """One tool's row.

    Attributes
    ----------
    tolerance : None for the tool's default.
    seconds : one number a repetition, the warm-up left out.
    worst_gap, median_gap, alphas : of the certified full-data path.
    alpha, error : what it chose.
    unsettled : fits of a call that the tool itself warned about (not converged).
    peak, before, data : bytes, of the whole process; before the data were read; of X and y.
    """

    tool: str
    tolerance: float | None
    goal: float | None
    seconds: list[float]
    calls_each: int
    worst_gap: float
    median_gap: float
    alphas: int
    alpha: float
    error: float
    parts: dict[str, float]
    unsettled: int
    peak: int
    before: int
    data: int

    @property
    def median(self) -> float:
        """Seconds of a call."""
        return statistics.median(self.seconds)


class Worker:
    """A tool's process."""

    def __init__(self, tool: str, tolerance: float | None, folder: Path, work: Work) -> None:
        maker = TOOLS[tool]
        self.tool, self.tolerance = tool, tolerance
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        settings = [
            str(folder),
            str(work.n),
            str(work.p),
            "default" if tolerance is None else repr(tolerance),
        ]
        self.process = subprocess.Popen(
            [*maker.command, *settings, str(maker.threads)], cwd=ROOT, env=environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )  # fmt: skip

    def ask(self, command: str) -> dict[str, Any]:
        """Sends a command, waits for its answer."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise RuntimeError(f"{self.tool} failed at {command!r}:\n{self.log.read().decode()[-2000:]}")
        return dict(json.loads(line))

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def environment() -> dict[str, str]:
    """The same number of threads for everyone."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(THREADS))}


def judged(worker: Worker, folder: Path, work: Work) -> dict[str, Any]:
    """The certified gaps of a worker's full-data path."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as fitted:
        worker.ask(f"path {fitted}")
        command = [
            sys.executable,
            "-m",
            "benchmarks.judge",
            str(folder),
            str(work.n),
            str(work.p),
            fitted,
            str(THREADS),
        ]
        done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"The judge failed:\n{done.stderr[-2000:]}")
        return dict(json.loads(done.stdout))


def tight_tolerance(tool: str, folder: Path, work: Work) -> float:
    """The first tolerance of the tool's ladder that certifies its full-data path to ``TIGHT``; else the last."""
    for tolerance in TOOLS[tool].ladder:
        worker = Worker(tool, tolerance, folder, work)
        gaps = judged(worker, folder, work)
        worker.close()
        if gaps["worst"] <= TIGHT:
            break
    return tolerance


def hold(work: Work, kind: str, peers: list[Peer], tell: Callable[[str], None]) -> list[Entry]:
    """One contest; bridle's entry comes first, tightened peers last."""
    SCRATCH.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=SCRATCH))
    try:
        data.write(data.make(work, kind), folder, any(TOOLS[peer.tool].command is R for peer in peers))
        field = [(Peer("bridle"), None), *((peer, None) for peer in peers)]
        known: dict[str, float] = {}
        for peer in peers:
            if peer.tightened:
                family = peer.tool.split(",")[0]
                if family not in known:
                    tell(f"looking for the tolerance that makes {family} tight")
                    known[family] = tight_tolerance(family, folder, work)
                field.append((peer, known[family]))
        workers = [Worker(peer.tool, tolerance, folder, work) for peer, tolerance in field]
        try:
            return _alternated([peer for peer, _ in field], workers, folder, work, tell)
        finally:
            for worker in workers:
                worker.close()
    finally:
        shutil.rmtree(folder)


def _alternated(
    peers: list[Peer], workers: list[Worker], folder: Path, work: Work, tell: Callable[[str], None]
) -> list[Entry]:
    tell("warming up")
    first = [worker.ask("time 1") for worker in workers]
    again = [worker.ask("time 1") if f["seconds"] < SHORTEST else f for worker, f in zip(workers, first)]
    calls = [max(1, math.ceil(SHORTEST / f["seconds"])) for f in again]
    repetitions = REPETITIONS if max(f["seconds"] for f in again) <= SLOW else FEWER
    answers: list[list[dict[str, Any]]] = [[] for _ in workers]
    for turn in range(repetitions):
        tell(f"repetition {turn + 1} of {repetitions}")
        for peer, worker, count, said in zip(peers, workers, calls, answers):
            if peer.repetitions is None or turn < peer.repetitions:
                said.append(worker.ask(f"time {count}"))
    entries = []
    for peer, worker, count, said in zip(peers, workers, calls, answers):
        tell(f"judging {worker.tool}")
        memory = worker.ask("memory")
        gaps = judged(worker, folder, work)
        last = said[-1]
        entries.append(
            Entry(
                tool=worker.tool, tolerance=worker.tolerance, goal=peer.goal, seconds=[s["seconds"] for s in said],
                calls_each=count, worst_gap=gaps["worst"], median_gap=gaps["median"], alphas=gaps["alphas"],
                alpha=last["alpha"], error=last["error"], parts=last["parts"], unsettled=last["unsettled"], **memory,
            )
        )  # fmt: skip
    return entries


def as_record(work: Work, kind: str, entries: list[Entry]) -> dict[str, Any]:
    """One contest for the JSON file."""
    return {"work": work.name, "text": work.text, "n": work.n, "p": work.p, "folds": work.folds, "kind": kind,
            "entries": [{**asdict(e), "median": e.median} for e in entries]}  # fmt: skip
