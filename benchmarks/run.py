"""``make bench``: runs the works, prints the tables, writes benchmarks/results/<date>.json and .md."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from . import contest, machine, tables
from .works import WORKS, Peer

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Reads the command line; everything else happens in contest.py."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument(
        "--only", default="", help=f"works, separated by commas: {', '.join(w.name for w in WORKS)}"
    )
    parser.add_argument("--kind", default="", help="one kind of columns instead of each work's own")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the cells, to try things out; nothing is written"
    )
    parser.add_argument("--defaults", action="store_true", help="leave the tightened peers out")
    arguments = parser.parse_args()
    wanted = [name for name in arguments.only.split(",") if name]
    unknown = set(wanted) - {work.name for work in WORKS}
    if unknown:
        parser.error(f"no such work: {', '.join(sorted(unknown))}")

    console = Console(width=None if os.isatty(1) else 190)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that large files are removed
    os.sched_setaffinity(0, machine.spread(contest.THREADS))
    here = machine.describe(contest.THREADS)
    if here["load_before"] > 0.5:
        console.print(f"The machine is busy (load {here['load_before']:.1f}): times will be too long.")
    done = []
    for work in WORKS:
        if wanted and work.name not in wanted:
            continue
        small = work.reduced(arguments.share)
        for kind in work.kinds:
            if arguments.kind and kind not in (arguments.kind, "diabetes"):
                continue
            peers = [peer for peer in work.peers if _installed(peer, here)]
            if arguments.defaults:
                peers = [replace(peer, tightened=False) for peer in peers]
            title = f"{work.name}, {kind}"
            with console.status(title) as status:
                entries = contest.hold(small, kind, peers, partial(_tell, console, status, title))
            console.print(f"{title}: {tables.line(entries)}")
            done.append(contest.as_record(small, kind, entries))
    tables.show(done, console)
    if "glmnet" not in here:
        console.print("R with glmnet is not installed (r-cran-glmnet): its rows are left out.")
    elif "doMC" not in here:
        console.print("R's doMC is not installed (r-cran-domc): glmnet with two processes is left out.")
    if arguments.share == 1:
        RESULTS.mkdir(exist_ok=True)
        name = "-".join([date.today().isoformat(), *wanted])
        record = {"machine": here, "contests": done}
        (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
        (RESULTS / f"{name}.md").write_text(tables.markdown(done, here))
        console.print(f"Written: benchmarks/results/{name}.json and .md")


def _tell(console: Console, status: Status, title: str, text: str) -> None:
    """A line that changes on a terminal, lines one below the other in a log."""
    if console.is_terminal:
        status.update(f"{title}: {text}")
    else:
        console.print(f"  {title}: {text}")


def _installed(peer: Peer, here: dict[str, Any]) -> bool:
    needed = {"glmnet": ["glmnet"], "glmnet, 2 processes": ["glmnet", "doMC"]}.get(peer.tool, [])
    return all(name in here for name in needed)


if __name__ == "__main__":
    main()
