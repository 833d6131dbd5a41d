"""``make bench``: runs the works, prints the tables, writes benchmarks/results/<date>.json, .md and .svg."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from . import contest, environments, growth, machine, tables
from .process import THREADS
from .works import WORKS, Work

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Reads the command line; everything else happens in contest.py and growth.py."""
    names = [work.name for work in WORKS] + ["growth"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--only", default="", help=f"works, separated by commas: {', '.join(names)}")
    parser.add_argument("--kind", default="", help="one kind of columns instead of each work's own")
    parser.add_argument("--tools", default="", help="these peers alone, separated by commas")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the cells, to try things out; nothing is written"
    )
    parser.add_argument("--defaults", action="store_true", help="leave the tightened peers out")
    arguments = parser.parse_args()
    wanted = [name for name in arguments.only.split(",") if name]
    if set(wanted) - set(names):
        parser.error(f"no such work: {', '.join(sorted(set(wanted) - set(names)))}")

    console = Console(width=None if os.isatty(1) else 190)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that large files are removed
    os.sched_setaffinity(0, machine.spread(THREADS))
    here = machine.describe(THREADS)
    if here["load_before"] > 0.5:
        console.print(f"The machine is busy (load {here['load_before']:.1f}): times will be too long.")
    done = []
    for work in WORKS:
        if not wanted or work.name in wanted:
            done += _contests(_chosen(work, arguments), arguments, console)
    tables.show(done, console)
    grown = not wanted or "growth" in wanted
    curves = growth.measured(arguments.share, console, arguments.tools) if grown else []
    if arguments.share == 1:
        written(wanted, {"machine": here, "contests": done, "growth": curves}, console)


def _chosen(work: Work, arguments: argparse.Namespace) -> Work:
    small = work.reduced(arguments.share)
    if not arguments.tools:
        return small
    kept = arguments.tools.split(",")
    return replace(small, peers=tuple(peer for peer in small.peers if peer in kept))


def _contests(work: Work, arguments: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    done = []
    for kind in work.kinds:
        if arguments.kind and kind not in (arguments.kind, "diabetes", "zipf", "levels"):
            continue
        title = f"{work.name}, {kind}"
        with console.status(title) as status:
            entries = contest.hold(work, kind, partial(tell, console, status, title), not arguments.defaults)
        done.append(contest.as_record(work, kind, entries))
        console.print(f"{title}: {tables.line(done[-1])}")
    return done


def written(wanted: list[str], record: dict[str, Any], console: Console) -> None:
    """JSON first: a picture that fails costs nothing."""
    RESULTS.mkdir(exist_ok=True)
    stem = RESULTS / "-".join([date.today().isoformat(), *wanted])
    stem.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
    if record["contests"]:
        stem.with_suffix(".md").write_text(tables.markdown(record["contests"], record["machine"]))
    console.print(f"Written: benchmarks/results/{stem.name}.json")
    draw(stem.with_suffix(".json"), console)


def draw(file: Path, console: Console) -> None:
    """The pictures of a JSON file, by matplotlib in an environment of its own."""
    try:
        python = environments.python_of("matplotlib")
    except RuntimeError as error:
        console.print(f"No pictures: matplotlib {error}")
        return
    done = subprocess.run(
        [python, "-m", "benchmarks.pictures", str(file)],
        cwd=environments.ROOT,
        capture_output=True,
        text=True,
    )
    console.print(done.stdout.strip() if done.returncode == 0 else f"No pictures: {done.stderr[-500:]}")


def tell(console: Console, status: Status, title: str, text: str) -> None:
    """A line that changes on a terminal, lines one below the other in a log."""
    if console.is_terminal:
        status.update(f"{title}: {text}")
    else:
        console.print(f"  {title}: {text}")


if __name__ == "__main__":
    main()
