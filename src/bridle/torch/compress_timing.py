"""How long a network and each of its layers take for one forward pass, and the table that shows it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .compress_tracing import Calling

REPEATS = 30
ENOUGH_SECONDS = 0.5
_HEADINGS = ("layer", "kind", "before", "after", "parameters", "after", "time", "after", "note")


@dataclass(frozen=True)
class LayerSeconds:
    """Median seconds of the whole network (None: not measured) and of its layers by name."""

    total: float | None
    layers: Mapping[str, float]


def median_seconds(model: Any, call: Calling) -> float:
    """The median time of a forward pass in evaluation mode, without gradients, after one to warm up."""
    call.run(model)
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 3 or (len(times) < REPEATS and time.perf_counter() - begun < ENOUGH_SECONDS):
        call.wait()
        start = time.perf_counter()
        call.run(model)
        call.wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def seconds_by_layer(model: Any, call: Calling) -> dict[str, float]:
    """The median time of each layer that has parameters; a layer that is called several times has the sum of its calls."""
    spent: dict[str, list[float]] = {}
    running: dict[str, float] = {}
    hooks = []

    def watch(name: str, layer: Any) -> None:
        def begin(*_: Any) -> None:
            call.wait()
            running[name] = time.perf_counter()

        def end(*_: Any) -> None:
            call.wait()
            spent[name][-1] += time.perf_counter() - running[name]

        hooks.append(layer.register_forward_pre_hook(begin))
        hooks.append(layer.register_forward_hook(end))

    for name, layer in model.named_modules():
        if next(layer.parameters(recurse=False), None) is not None and next(layer.children(), None) is None:
            spent[name] = []
            watch(name, layer)
    try:
        begun = time.perf_counter()
        for i in range(REPEATS):
            if i >= 3 and time.perf_counter() - begun > ENOUGH_SECONDS:
                break
            for times in spent.values():
                times.append(0.0)
            call.run(model)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: statistics.median(times) for name, times in spent.items()}


def table(lines: Sequence[tuple[Any, ...]]) -> str:
    """Lines of (layer, kind, before, after, parameters, after, seconds, after, note) as aligned text."""
    timed = any(line[6] is not None for line in lines)
    noted = any(line[8] for line in lines)
    shown = [i for i in range(9) if (timed or i not in (6, 7)) and (noted or i != 8)]
    cells = [[_HEADINGS[i] for i in shown]]
    cells += [[_cell(i, line[i]) for i in shown] for line in lines]
    widths = [max(len(row[i]) for row in cells) for i in range(len(shown))]
    written = []
    for row in cells:
        parts = [
            cell.rjust(width) if 4 <= i <= 7 else cell.ljust(width)
            for i, cell, width in zip(shown, row, widths)
        ]
        written.append("  ".join(parts).rstrip())
    return "\n".join(written)


def _cell(column: int, value: Any) -> str:
    if value is None:
        return ""
    if column in (4, 5):
        return f"{value:,}"
    return _duration(value) if column in (6, 7) else str(value)


def _duration(seconds: float) -> str:
    return f"{1e3 * seconds:,.3f} ms"
