"""Measurements as tables: on the console and in Markdown."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from .works import TIGHT

HEAD = ("work", "columns", "tool", "time", "ratio", "goal", "worst gap", "peak memory", "of data")
TITLES = (
    "Everyone at the defaults",
    f"Peers tightened to a certified gap of at most {TIGHT:.0e} on the whole path",
)
Record = dict[str, Any]


def rows(contests: list[Record], tightened: bool) -> list[tuple[str, ...]]:
    """The first table (everyone at the defaults) or the second (peers at a gap of at most ``TIGHT``)."""
    out = []
    for contest in contests:
        names = [own["tool"] for own in contest["ours"]]
        ours = [entry for entry in contest["entries"] if entry["tool"] in names]
        shown = [
            entry for entry in contest["entries"] if entry not in ours and _belongs(contest, entry, tightened)
        ]
        if not shown:
            continue
        work, kind = f"{contest['work']}: {contest['text']}", contest["kind"]
        for entry in [*ours, *shown]:
            cells = (work, kind, *_cells(contest, entry, shown, ours[0], tightened))
            out.append(cells)
            work = kind = ""
    return out


def _belongs(contest: Record, entry: Record, tightened: bool) -> bool:
    """Closed forms are the same in both tables and stand in the first; references too."""
    if entry["tolerance"] is not None or entry["knob"]:
        return tightened
    return not tightened


def _cells(
    contest: Record, entry: Record, peers: list[Record], own: Record, tightened: bool
) -> tuple[str, ...]:
    if entry["median"] is None:
        return (_tool(entry), entry["reason"], "", "", "", "", "")
    goals = {one["tool"]: one["goal"] for one in contest["ours"]}
    if entry["tool"] in goals:
        ratio, goal = "", verdict(contest, entry, goals[entry["tool"]], peers, tightened)
    else:
        ratio = _times(entry["median"] / own["median"]) if own["median"] else ""
        goal = ""
    memory = (entry["peak"] - entry["before"]) / entry["data"] if entry["data"] else 0.0
    return (
        _tool(entry), _seconds(entry["median"]), ratio, goal, _gap(entry), f"{entry['peak'] / 1e6:,.0f} MB",
        f"{memory:.2f}",
    )  # fmt: skip


def verdict(contest: Record, own: Record, goal: float | None, peers: list[Record], tightened: bool) -> str:
    """How many times faster bridle is than the fastest peer, and whether that is what was asked, at no larger gap.

    Where no peer comes to a tight gap, the fastest of them as tight as it got: what it lacks would take it longer still.
    What was ended counts with the seconds it had.
    """
    said = []
    reference = contest["reference"]
    timed = [
        peer
        for peer in peers
        if _seconds_of(peer) is not None and not (reference and peer["tool"] == reference["tool"])
    ]
    tight = [peer for peer in timed if peer["median"] is not None and (not tightened or _tight(peer))]
    rivals = tight or (timed if tightened else [])
    if rivals and own["median"]:
        best = min(rivals, key=_seconds_of)
        ratio = _seconds_of(best) / own["median"]
        words = "" if best["median"] is not None else "more than "
        said.append(f"{words}{_times(ratio)} {best['tool']}" + ("" if tight or words else " at a larger gap"))
        if goal is not None:
            larger = _larger(own, best, tightened)
            met = "larger gap" if larger else "reached" if ratio >= goal else "missed" if tight else "open"
            said[-1] += f", {goal:g} x {met}"
    bare = next((peer for peer in peers if reference and peer["tool"] == reference["tool"]), None)
    if bare is not None and bare["median"]:
        times = own["median"] / bare["median"]
        met = "reached" if times <= reference["most"] else "missed"
        said.append(f"{times:.2g} times {bare['tool']}, at most {reference['most']:g} {met}")
    return "; ".join(said)


def _seconds_of(peer: Record) -> Any:
    return peer["median"] if peer["median"] is not None else peer["least"]


def _tight(peer: Record) -> bool:
    return peer["worst_gap"] is not None and peer["worst_gap"] <= TIGHT


def _larger(own: Record, peer: Record, tightened: bool) -> bool:
    """Whether bridle's gap is larger than what it is compared with; rounding is nobody's gap."""
    if own["worst_gap"] is None:
        return True
    allowed = TIGHT if tightened else max(peer["worst_gap"] or 0.0, 1e-12)
    return bool(own["worst_gap"] > allowed)


def _tool(entry: Record) -> str:
    if entry["tolerance"] is None:
        return str(entry["tool"])
    return f"{entry['tool']} ({entry['knob']}={entry['tolerance']:.0e})"


def _times(ratio: float) -> str:
    return f"{ratio:.0f} x" if ratio >= 10 else f"{ratio:.1f} x"


def _seconds(value: float) -> str:
    if value < 1e-3:
        return f"{1e6 * value:.0f} us"
    return f"{1e3 * value:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def _gap(entry: Record) -> str:
    if entry["worst_gap"] is None:
        return str(entry["reason"])
    text = f"{entry['worst_gap']:.0e}"
    text += f" ({entry['unsettled']} not converged)" if entry["unsettled"] else ""
    return text + (f" ({entry['beyond']})" if entry["beyond"] else "")


def line(contest: Record) -> str:
    """One contest as it ends, in a line."""
    return "; ".join(f"{_tool(entry)} {_short(entry)}" for entry in contest["entries"])


def _short(entry: Record) -> str:
    if entry["median"] is None:
        return str(entry["reason"])
    return _seconds(entry["median"]) + (f" (gap {gap})" if (gap := _gap(entry)) else "")


def show(contests: list[Record], console: Console) -> None:
    """Both tables on the console."""
    for tightened, title in enumerate(TITLES):
        body = rows(contests, bool(tightened))
        if not body:
            continue
        table = Table(*HEAD, title=title, title_justify="left")
        for k, row in enumerate(body):
            table.add_row(*row, end_section=k + 1 == len(body) or bool(body[k + 1][0]))
        console.print(table)


def markdown(contests: list[Record], machine: Record) -> str:
    """Both tables and a sentence on the machine."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["peers"].items())
    parts = [f"{machine['cpu']}, {machine['threads']} threads, {machine['memory_gib']} GiB; {versions}."]
    for tightened, title in enumerate(TITLES):
        body = rows(contests, bool(tightened))
        if body:
            lines = [HEAD, ("---",) * len(HEAD), *body]
            parts.append(f"**{title}**\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines))
    return "\n\n".join(parts) + "\n"
