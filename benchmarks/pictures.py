"""Pictures of results, run in matplotlib's own environment: ``python -m benchmarks.pictures FILE.json ... [--to NAME.svg]``.

NAME.svg: for each work every tool's time against its worst gap; NAME-growth.svg: time against size, log-log. Of several
files what each work was measured last is drawn; without a name they are called as the first file.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import matplotlib  # type: ignore[import-not-found]

matplotlib.use("svg")
import matplotlib.pyplot as plt  # type: ignore[import-not-found]
from matplotlib.ticker import NullFormatter  # type: ignore[import-not-found]

NAMES = {"n": "rows", "p": "columns", "folds": "folds", "n_alphas": "alphas"}
SMALLEST_GAP = 1e-17


def machine_text(machine: dict[str, Any]) -> str:
    """Under each picture: where its numbers are from."""
    return f"{machine['cpu']}, {machine['threads']} threads, {machine['memory_gib']} GiB, bridle {machine['commit']}"


def colours(names: list[str]) -> dict[str, Any]:
    """One colour a tool, bridle's black."""
    palette = plt.get_cmap("tab10").colors
    others = sorted(name for name in names if not name.startswith("bridle"))
    return dict.fromkeys(names, "black") | {name: palette[k % 10] for k, name in enumerate(others)}


def of_contests(contests: list[dict[str, Any]], machine: dict[str, Any]) -> Any:
    """A panel a contest: time to the right, worst gap upwards; hollow: tightened."""
    tools = sorted({entry["tool"] for contest in contests for entry in contest["entries"]})
    colour = colours(tools)
    columns = min(4, len(contests))
    lines = math.ceil(len(contests) / columns)
    figure, axes = plt.subplots(lines, columns, figsize=(4 * columns, 3 * lines + 0.8), squeeze=False)
    for axis, contest in zip(axes.flat, contests):
        for entry in contest["entries"]:
            if entry["median"] is None or entry["worst_gap"] is None:
                continue
            fill = colour[entry["tool"]] if entry["tolerance"] is None else "none"
            axis.scatter(entry["median"], max(entry["worst_gap"], SMALLEST_GAP), s=36,
                         edgecolors=[colour[entry["tool"]]], facecolors=[fill])  # fmt: skip
        axis.set(xscale="log", yscale="log", ylim=(SMALLEST_GAP, 1))
        whole_decades(axis)
        axis.set_title(f"{contest['work']}, {contest['kind']}\n{contest['text']}", fontsize=7)
    for axis in list(axes.flat)[len(contests) :]:
        axis.axis("off")
    handles = [plt.Line2D([], [], marker="o", linestyle="", color=colour[tool], label=tool) for tool in tools]
    figure.legend(handles=handles, loc="lower center", ncols=min(8, len(tools)), fontsize=7)
    figure.suptitle("seconds (right) and worst certified gap (up); hollow: tightened", fontsize=9)
    return finished(figure, machine)


def whole_decades(axis: Any) -> None:
    """From a power of ten to the next but one at least: labels between them would lie on each other."""
    low, high = (math.log10(end) for end in axis.get_xlim())
    low, high = math.floor(low + 1e-9), math.ceil(high - 1e-9)
    axis.set_xlim(10.0**low, 10.0 ** max(high, low + 1))
    for side in (axis.xaxis, axis.yaxis):
        side.set_minor_formatter(NullFormatter())


def of_growth(points: list[dict[str, Any]], machine: dict[str, Any]) -> Any:
    """A panel for each thing that grows: seconds against its size, both logarithmic."""
    grown = list(dict.fromkeys(point["axis"] for point in points))
    tools = list(dict.fromkeys(tool for point in points for tool in point["seconds"]))
    colour = colours(tools)
    figure, axes = plt.subplots(1, len(grown), figsize=(3.6 * len(grown), 3.8), squeeze=False)
    for axis, name in zip(axes.flat, grown):
        own = [point for point in points if point["axis"] == name]
        for tool in tools:
            known = [(point["size"], point["seconds"][tool]) for point in own if point["seconds"].get(tool)]
            axis.plot(*zip(*known), marker="o", color=colour[tool], label=tool) if known else None
        axis.set(xscale="log", yscale="log", xlabel=NAMES[name])
        whole_decades(axis)
    axes[0, 0].set_ylabel("seconds")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(tools), fontsize=7)
    return finished(figure, machine)


def finished(figure: Any, machine: dict[str, Any]) -> Any:
    """The machine below, room for the legend."""
    figure.text(0.995, 0.995, machine_text(machine), ha="right", va="top", fontsize=6)
    figure.tight_layout(rect=(0, 0.08, 1, 0.97))
    return figure


def joined(files: list[Path]) -> dict[str, Any]:
    """One record of several, a later contest in place of an earlier one of the same name; the machine is the last one's."""
    contests: dict[tuple[str, str], Any] = {}
    growth: list[dict[str, Any]] = []
    machine: dict[str, Any] = {}
    for file in files:
        record = json.loads(file.read_text())
        contests |= {(one["work"], one["kind"]): one for one in record["contests"]}
        growth, machine = record["growth"] or growth, record["machine"]
    return {"contests": list(contests.values()), "growth": growth, "machine": machine}


def main() -> None:
    """Draws what the files hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, help="what the first picture is called")
    arguments = parser.parse_args()
    record = joined(arguments.files)
    name = arguments.to or arguments.files[0].with_suffix(".svg")
    made = []
    if record["contests"]:
        made.append(name)
        of_contests(record["contests"], record["machine"]).savefig(name)
    if record["growth"]:
        made.append(name if name.stem.endswith("growth") else name.with_name(f"{name.stem}-growth.svg"))
        of_growth(record["growth"], record["machine"]).savefig(made[-1])
    print("Drawn: " + ", ".join(str(one) for one in made))


if __name__ == "__main__":
    main()
