"""The two curves of a training, as one SVG that stands alone: light or dark, after the reader's setting."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import FileError, ModelFileError
from ..modelfile import replace_file
from ..reporting import axes
from ..reporting.axes import Linear
from ..reporting.formatting import number, ticks_text

MOST_TARGETS = 250  # epochs that tell their numbers under a pointer
_STYLE = """
#ID { --paper: #fdfcf9; --ink: #1c2025; --muted: #5a626c; --grid: #e9e5dd; --up: #1b5e9e; --train: #74808e;
  background: var(--paper); font-family: -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
@media (prefers-color-scheme: dark) {
  #ID { --paper: #14171b; --ink: #e9e7e2; --muted: #a4acb6; --grid: #262b31; --up: #7fb4ec; --train: #95a0ad; } }
#ID .paper { fill: var(--paper); }
#ID text { font-size: 12px; fill: var(--ink); font-variant-numeric: tabular-nums; }
#ID .label, #ID .tick { fill: var(--muted); }
#ID line, #ID path { fill: none; stroke-width: 1; }
#ID .grid { stroke: var(--grid); } #ID .axis { stroke: var(--muted); }
#ID .curve { stroke-linejoin: round; stroke-linecap: round; }
#ID .curve.heldout { stroke: var(--up); stroke-width: 2.4; }
#ID .curve.train { stroke: var(--train); stroke-width: 2; stroke-dasharray: 6 4; stroke-linecap: butt; }
#ID line.mark { stroke: var(--ink); stroke-width: 1.4; }
#ID line.mark.other { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 3 3; }
#ID text.mark { font-size: 13px; font-weight: 700; } #ID text.mark.other { font-weight: 400; fill: var(--muted); }
#ID .end { font-weight: 600; } #ID .end.heldout { fill: var(--up); }
#ID .end.train { fill: var(--muted); font-weight: 400; }
#ID .dot { fill: var(--up); stroke: var(--paper); stroke-width: 1.5; }
#ID .target { fill: transparent; }
@media (hover: hover) { #ID .target:hover { fill: var(--ink); fill-opacity: .07; } }
"""


class Figure(str):
    """The text of an SVG that shows itself in a notebook, and briefly elsewhere."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<bridle figure, {len(self.encode()) / 1000:,.0f} kB of SVG>"

    def _repr_svg_(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f'<div style="max-width:720px">{self!s}</div>'


@dataclass(frozen=True)
class Curves:
    """What the figure draws, of epochs 1 to E: NaN where a value is not known.

    ``train`` and ``validation`` have length E; ``best`` is the best epoch, ``stop`` the one at which training was stopped
    (None: it was not); ``unit`` names what is measured.
    """

    train: Sequence[float]
    validation: Sequence[float]
    best: int | None
    stop: int | None
    unit: str = "loss"


def curves_figure(
    curves: Curves, path: str | os.PathLike[str] | None = None, *, width: float = 720
) -> Figure:
    """Draw training and validation values against the epoch, and write the file if ``path`` is given.

    Raises
    ------
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> curves_figure(Curves([3.0, 2.0, 1.0], [3.0, 2.5, 2.7], best=2, stop=3)).count("<path")
    2
    """
    epochs = max(len(curves.train), len(curves.validation))
    narrow, height, top, bottom = width < 500, 340.0, 48.0, 284.0
    y = Linear(*_range(curves), bottom, top)
    ticks = axes.nice_ticks(y.low, y.high, 6)
    left = axes.room_of_ticks(ticks_text(ticks), 58.0)
    end = width - max(80.0 if narrow else 96.0, axes.widest(("validation", "training"), 12 * axes.BOLD) + 8)
    x = Linear(1.0, float(max(epochs, 2)), left, end)
    ident = f"learning-{zlib.crc32(repr(curves).encode()):08x}"
    body = [f"<style>{_STYLE.replace('ID', ident)}</style>", _area("paper", 0, 0, width, height)]
    body += [axes.text(4, 16, axes.fitted(curves.unit, 12, width), "label")]
    for value, label in zip(ticks, ticks_text(ticks)):
        body.append(axes.line(left, y(value), end, y(value), "grid"))
        body.append(axes.text(left - 8, y(value) + 4, label, "tick", "end"))
    body.append(axes.line(left, bottom, end, bottom, "axis"))
    for tick in _whole_ticks(epochs, 5 if narrow else 10):
        body.append(axes.line(x(tick), bottom, x(tick), bottom + 5, "axis"))
        body.append(axes.text(x(tick), bottom + 19, f"{tick:,}", "tick", "middle"))
    body.append(axes.text((left + end) / 2, bottom + 40, "epoch", "label", "middle"))
    for values, style in ((curves.train, "train"), (curves.validation, "heldout")):
        points = [(x(i), _inside(y, v)) for i, v in enumerate(values, 1) if math.isfinite(v)]
        if points:
            body.append(axes.polyline([p[0] for p in points], [p[1] for p in points], f"curve {style}"))
    body += _marks(curves, x, y, end)
    body += _targets(curves, epochs, x, y)
    body += _names(curves, y, end)
    drawn = axes.drawing(
        ident, width, height, "Training and validation by epoch", _described(curves, epochs), body
    )
    figure = Figure(drawn)
    if path is not None:
        try:
            replace_file(path, [figure.encode("utf-8")])
        except ModelFileError as problem:
            raise FileError(str(problem)) from problem
    return figure


def _range(curves: Curves) -> tuple[float, float]:
    """What the vertical axis spans; a start far above the rest does not flatten what follows."""
    values = sorted(v for v in (*curves.train, *curves.validation) if math.isfinite(v))
    if not values:
        return 0.0, 1.0
    low, high, middle = values[0], values[-1], values[len(values) // 2]
    high = min(high, low + 6.0 * (middle - low)) if middle > low else high
    margin = 0.05 * (high - low) or 0.5 * abs(high) or 1.0
    return max(low - margin, 0.0) if low >= 0 else low - margin, high + margin


def _inside(y: Linear, value: float) -> float:
    return y(min(max(value, y.low), y.high))


def _whole_ticks(epochs: int, most: int) -> list[int]:
    ticks = [int(t) for t in axes.nice_ticks(0.0, float(epochs), most) if t == int(t) and t >= 1]
    return [1, *(t for t in ticks if t > 1)] if epochs < most else ticks or [1]


def _marks(curves: Curves, x: Linear, y: Linear, end: float) -> list[str]:
    """Lines at the best epoch and at the stop, named above, each name on the side where there is room."""
    parts = []
    marks = [(curves.best, "best", "mark"), (curves.stop, "stopped", "mark other")]
    if curves.best is not None and curves.best == curves.stop:
        marks = [(curves.best, "best, stopped", "mark")]
    for epoch, name, style in marks:
        if epoch is None:
            continue
        said = f"{name}: epoch {epoch:,}"
        row = 38.0 if style == "mark" else 22.0
        left = x(epoch) + 5 + axes.text_width(said, 13 * axes.BOLD) > end + 60
        parts.append(axes.line(x(epoch), row - 8, x(epoch), y.start, style))
        parts.append(axes.text(x(epoch) + (-5 if left else 5), row, said, style, "end" if left else "start"))
    values = curves.validation if any(map(math.isfinite, curves.validation)) else curves.train
    if curves.best is not None and math.isfinite(value := values[curves.best - 1]):
        at = f'cx="{axes.px(x(curves.best))}" cy="{axes.px(_inside(y, value))}"'
        parts.append(f'<circle class="dot" {at} r="5"/>')
    return parts


def _targets(curves: Curves, epochs: int, x: Linear, y: Linear) -> list[str]:
    """Unseen columns that bring up an epoch's numbers under a pointer."""
    step = max(1, math.ceil(epochs / MOST_TARGETS))
    wide = step * (x(2) - x(1))
    parts = []
    for epoch in range(1, epochs + 1, step):
        said = f"epoch {epoch:,}"
        for values, name in ((curves.validation, "validation"), (curves.train, "training")):
            if epoch <= len(values) and math.isfinite(values[epoch - 1]):
                said += f", {name} {number(values[epoch - 1], 4)}"
        start, stop = max(x(epoch) - wide / 2, x.start), min(x(epoch) + wide / 2, x.end)
        parts.append(_area("target", start, y.end, stop - start, y.start - y.end, axes.hint(said)))
    return parts


def _area(style: str, x: float, y: float, width: float, height: float, inside: str = "") -> str:
    size = f'width="{axes.px(max(width, 0.0))}" height="{axes.px(height)}"'
    return f'<rect class="{style}" x="{axes.px(x)}" y="{axes.px(y)}" {size}>{inside}</rect>'


def _names(curves: Curves, y: Linear, end: float) -> list[str]:
    names = []
    for values, name, style in (
        (curves.validation, "validation", "heldout"),
        (curves.train, "training", "train"),
    ):
        finite = [v for v in values if math.isfinite(v)]
        if finite:
            names.append((_inside(y, finite[-1]), name, f"end {style}"))
    names.sort()
    places = axes.spread([n[0] for n in names], 16.0, y.end, y.start)
    return [axes.text(end + 8, place + 4, name, style) for place, (_, name, style) in zip(places, names)]


def _described(curves: Curves, epochs: int) -> str:
    said = f"The {curves.unit} on training and validation rows over {epochs:,} epochs."
    if curves.best is not None:
        values = curves.validation if any(map(math.isfinite, curves.validation)) else curves.train
        said += f" It is best, {number(values[curves.best - 1], 4)}, at epoch {curves.best:,}."
    return said + (f" Training was stopped at epoch {curves.stop:,}." if curves.stop is not None else "")
