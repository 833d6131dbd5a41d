"""``make footprint``: what bridle costs before it computes anything, and what memory it takes when it does.

Seconds are wall time of a process of its own, started and ended. Memory is the process's peak above what it held before
the data were made (interpreter and libraries loaded), divided by the bytes of X and y: 1 is the data themselves.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from . import machine
from .process import THREADS, environment
from .worker import memory

STARTS, FITS = 20, 5
RESULTS = Path(__file__).parent / "results"
SHAPES = ((1_000_000, 100), (100_000, 100), (25_000, 500), (100_000, 2_000))
UNWANTED = ("sklearn", "matplotlib")
FIT = ("fit", "diabetes.csv", "--target", "progression", "--report", "out.html")


@dataclass(frozen=True)
class Line:
    """One figure; ``measured`` None: cannot be measured yet."""

    what: str
    goal: str
    measured: str | None
    reached: bool | None


def seconds(command: list[str], folder: str | Path = ".") -> float:
    """Wall time of one process."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    took = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return took


def importing(statement: str) -> Line:
    """The statement minus ``import numpy``, each the best of 20 in turns."""
    python = [sys.executable, "-c"]
    both = [(seconds([*python, statement]), seconds([*python, "import numpy"])) for _ in range(STARTS)]
    ours, theirs = (min(times) for times in zip(*both))
    extra = ours - theirs
    text = f"{extra:+.3f} s ({ours:.3f} - {theirs:.3f}), best of {STARTS}"
    return Line(f"{statement}, above import numpy", "0.15 s", text, extra <= 0.15)


def helping() -> Line:
    """``bridle --help``, best of 20."""
    took = min(seconds([_program(), "--help"]) for _ in range(STARTS))
    return Line("bridle --help", "0.25 s", f"{took:.3f} s, best of {STARTS}", took <= 0.25)


def fitting() -> Line:
    """A fit of the diabetes table with its report, median of 5."""
    with tempfile.TemporaryDirectory() as folder:
        _diabetes(Path(folder))
        took = statistics.median(seconds([_program(), *FIT], folder) for _ in range(FITS))
    return Line("bridle " + " ".join(FIT), "1.5 s", f"{took:.2f} s, median of {FITS}", took <= 1.5)


def loading() -> Line:
    """Which unwanted packages that fit has loaded."""
    code = (
        "import sys\nfrom bridle.cli import main\nsys.argv[0] = 'bridle'\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"open('loaded', 'w').write(' '.join(name for name in {UNWANTED} if name in sys.modules))"
    )
    with tempfile.TemporaryDirectory() as folder:
        _diabetes(Path(folder))
        seconds([sys.executable, "-c", code, *FIT], folder)
        loaded = (Path(folder) / "loaded").read_text()
    return Line(f"the same loads none of {', '.join(UNWANTED)}", "none", loaded or "none", not loaded)


def remembering(n: int, p: int, call: str) -> Line:
    """Peak memory of a fit; ``call`` is "default" or "lasso"."""
    command = [sys.executable, "-m", "benchmarks.footprint", "--peak", str(n), str(p), call]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    said = json.loads(done.stdout)
    ratio = said["peak"] / said["data"]
    text = f"{ratio:.2f} ({said['peak'] / 1e6:,.0f} MB, data {said['data'] / 1e6:,.0f} MB)"
    words = "bridle.fit(X, y)" if call == "default" else "the same, lasso alone, not nested"
    return Line(f"peak memory / data, {n:,} x {p:,}: {words}", "1.2", text, ratio <= 1.2)


def peak(n: int, p: int, call: str) -> dict[str, int]:
    """In a process of its own: libraries are warmed up first, and the peak is counted from there."""
    import bridle

    options = {} if call == "default" else {"l1_ratios": 1.0, "nested": False}
    rng = np.random.default_rng(0)
    bridle.fit(rng.standard_normal((100, 5)), rng.standard_normal(100), **options)
    before = memory("VmRSS")
    X = np.empty((n, p))
    for part in np.array_split(X, max(1, X.size // 1_000_000)):
        rng.standard_normal(out=part)
    y = X[:, : p // 10].sum(axis=1) + rng.standard_normal(n)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    bridle.fit(X, y, threads=THREADS, **options)
    return {"peak": memory("VmHWM") - before, "data": X.nbytes + y.nbytes}


def _program() -> str:
    """The command, in the environment that runs this."""
    program = Path(sys.executable).parent / "bridle"
    if not program.exists():
        raise FileNotFoundError(program)
    return str(program)


def _diabetes(folder: Path) -> None:
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    head = ",".join([*data.feature_names, "progression"])
    cells = np.column_stack([data.data, data.target])
    np.savetxt(folder / "diabetes.csv", cells, delimiter=",", header=head, comments="", fmt="%.10g")


def measured(what: str, measure: Callable[[], Line]) -> Line:
    """The line, or why there is none."""
    try:
        return measure()
    except (RuntimeError, FileNotFoundError) as error:
        return Line(what, "", f"not measured: {str(error).strip().splitlines()[-1]}", None)


def main() -> None:
    """Measures everything, prints the table, writes benchmarks/results/footprint-<date>.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    parser.add_argument(
        "--peak", nargs=3, metavar=("N", "P", "CALL"), help="measure one fit in this very process"
    )
    parser.add_argument("--quick", action="store_true", help="the second shape alone; nothing is written")
    arguments = parser.parse_args()
    if arguments.peak:
        n, p, call = arguments.peak
        print(json.dumps(peak(int(n), int(p), call)))
        return
    lines = [
        measured("import bridle", lambda: importing("import bridle")),
        measured("bridle.fit found", lambda: importing("import bridle; bridle.fit")),
        measured("bridle --help", helping),
        measured("bridle fit", fitting),
        measured("bridle fit loads", loading),
    ]
    for n, p in SHAPES[1:2] if arguments.quick else SHAPES:
        for call in ("lasso", "default"):
            lines.append(measured(f"memory, {n:,} x {p:,}, {call}", lambda: remembering(n, p, call)))  # noqa: B023
    table = Table("figure", "goal", "measured", "")
    for line in lines:
        table.add_row(
            line.what, line.goal, line.measured, {True: "reached", False: "missed", None: ""}[line.reached]
        )
    Console(width=170).print(table)
    if not arguments.quick:
        RESULTS.mkdir(exist_ok=True)
        record = {"machine": machine.describe(THREADS), "lines": [asdict(line) for line in lines]}
        (RESULTS / f"footprint-{date.today().isoformat()}.json").write_text(
            json.dumps(record, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
