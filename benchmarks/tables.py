"""Measurements as tables: on the console and in Markdown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from .contest import Entry
from .works import TIGHT

HEAD = ("work", "columns", "tool", "time", "ratio", "goal", "worst gap", "peak memory", "of data")


def rows(contests: list[dict[str, Any]], tightened: bool) -> list[tuple[str, ...]]:
    """The first table (everyone at the defaults) or the second (peers at a gap of at most ``TIGHT``)."""
    out = []
    for contest in contests:
        own = contest["entries"][0]
        shown = [e for e in contest["entries"][1:] if (e["tolerance"] is not None) == tightened]
        if not shown:
            continue
        for entry in [own, *shown]:
            work = f"{contest['work']}: {contest['text']}" if entry is own else ""
            ratio = "" if entry is own else f"{entry['median'] / own['median']:.1f} x"
            out.append(
                (
                    work, contest["kind"] if entry is own else "", _tool(entry), _seconds(entry["median"]), ratio,
                    _verdict(own, entry), _gap(entry), f"{entry['peak'] / 1e6:,.0f} MB",
                    f"{(entry['peak'] - entry['before']) / entry['data']:.2f}",
                )
            )  # fmt: skip
    return out


def _tool(entry: dict[str, Any]) -> str:
    if entry["tolerance"] is None:
        return str(entry["tool"])
    word = "tol" if entry["tool"] == "scikit-learn" else "thresh"
    return f"{entry['tool']} ({word}={entry['tolerance']:.0e})"


def _seconds(value: float) -> str:
    return f"{1e3 * value:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def _gap(entry: dict[str, Any]) -> str:
    text = f"{entry['worst_gap']:.0e}"
    return text + (f" ({entry['unsettled']} not converged)" if entry["unsettled"] else "")


def _verdict(own: dict[str, Any], entry: dict[str, Any]) -> str:
    """Whether bridle is as many times faster as asked, at a gap that is no larger."""
    if entry is own or entry["goal"] is None:
        return ""
    if own["worst_gap"] > entry["worst_gap"]:
        return f"{entry['goal']:.0f} x: missed, larger gap"
    fast = entry["median"] / own["median"] >= entry["goal"]
    return f"{entry['goal']:.0f} x: {'reached' if fast else 'missed'}"


def titles() -> tuple[str, str]:
    """Of the two tables."""
    return (
        "Everyone at the defaults",
        f"Peers tightened to a certified gap of at most {TIGHT:.0e} on the whole path",
    )


def line(entries: list[Entry]) -> str:
    """One contest as it ends, in a line."""
    return "; ".join(f"{_tool(asdict(e))} {_seconds(e.median)} (gap {e.worst_gap:.0e})" for e in entries)


def show(contests: list[dict[str, Any]], console: Console) -> None:
    """Both tables on the console."""
    for tightened, title in enumerate(titles()):
        body = rows(contests, bool(tightened))
        if not body:
            continue
        table = Table(*HEAD, title=title, title_justify="left")
        for k, row in enumerate(body):
            table.add_row(*row, end_section=k + 1 == len(body) or bool(body[k + 1][0]))
        console.print(table)


def markdown(contests: list[dict[str, Any]], machine: dict[str, Any]) -> str:
    """Both tables and a sentence on the machine."""
    versions = ", ".join(
        f"{name} {machine[name]}" for name in ("numpy", "scikit-learn", "R", "glmnet") if name in machine
    )
    parts = [f"{machine['cpu']}, {machine['threads']} threads, {machine['memory_gib']} GiB; {versions}."]
    for tightened, title in enumerate(titles()):
        body = rows(contests, bool(tightened))
        if body:
            lines = [HEAD, ("---",) * len(HEAD), *body]
            parts.append(f"**{title}**\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines))
    return "\n\n".join(parts) + "\n"
