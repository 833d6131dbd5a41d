"""How time grows with rows, columns, folds and alphas: everyone at the defaults, one thing varied at a time.

``make bench ONLY=growth``, or as the last part of ``make bench``.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from typing import Any

from rich.console import Console

from . import contest, machine
from .process import THREADS
from .tables import line
from .works import Own, Work

TOOLS = ("scikit-learn", "celer", "adelie", "glmnet")
BASE = Work("growth", 4_000, 400, ("independent",), (Own(),), TOOLS)
AXES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "n": ((1_000, 4_000, 16_000, 64_000, 256_000), {"p": 200}),
    "p": ((250, 1_000, 4_000, 16_000, 64_000), {"n": 500, "span": 1e-2}),
    "folds": ((3, 5, 10, 20), {}),
    "n_alphas": ((10, 30, 100, 300), {}),
}


def works(share: float, tools: str = "") -> list[tuple[str, int, Work]]:
    """(what grows, its size, the work); a smaller share leaves the last points out, and shrinks the others.

    ``tools`` : these peers alone, separated by commas.
    """
    peers = tuple(tool for tool in TOOLS if tool in tools.split(",")) if tools else TOOLS
    points = []
    for axis, (sizes, fixed) in AXES.items():
        kept = sizes if share == 1 else sizes[:2]
        for size in kept:
            points.append((axis, size, replace(BASE, peers=peers, **{**fixed, axis: size}).reduced(share)))
    return points


def measured(share: float, console: Console, tools: str = "") -> list[dict[str, Any]]:
    """One record for each point: what grew, its size, median seconds of each tool (None: failed or too slow)."""
    records = []
    for axis, size, work in works(share, tools):
        console.print(f"growth: {axis} = {size:,}")
        entries = contest.hold(work, work.kinds[0], lambda text: None, tightened=False, judging=False)
        record = contest.as_record(work, work.kinds[0], entries)
        console.print(f"  {line(record)}")
        seconds = {entry.tool: entry.median for entry in entries}
        reasons = {entry.tool: entry.reason for entry in entries if entry.reason}
        records.append({"axis": axis, "size": getattr(work, axis), "text": work.text, "seconds": seconds,
                        "reasons": reasons})  # fmt: skip
    return records


def main() -> None:
    """Measures the points alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the cells, to try things out; nothing is written"
    )
    parser.add_argument("--tools", default="", help="these peers alone, separated by commas")
    arguments = parser.parse_args()
    from .run import written

    console = Console(width=None if os.isatty(1) else 190)
    os.sched_setaffinity(0, machine.spread(THREADS))
    record = {
        "machine": machine.describe(THREADS),
        "contests": [],
        "growth": measured(arguments.share, console, arguments.tools),
    }
    if arguments.share == 1:
        written(["growth"], record, console)


if __name__ == "__main__":
    main()
