"""Dots with intervals, one row for each method: errors, and differences about zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..reporting import axes
from ..reporting.axes import BOLD, Linear
from ..reporting.formatting import ticks_text

WIDE_TEXT = 190.0


@dataclass(frozen=True)
class Dot:
    """One row: where its dot is, the ends of its interval (NaN: unknown), the text at its end.

    ``strong`` is the one to look at; ``style`` is a CSS class: "heldout" or "off".
    """

    name: str
    value: float
    low: float
    high: float
    text: str
    strong: bool = False
    style: str = "heldout"


def dots_figure(
    rows: Sequence[Dot],
    *,
    title: str,
    unit: str,
    sides: tuple[str, str] | None = None,
    width: float = 720,
    ident: str = "dots",
) -> str:
    """Draw dots with intervals as an SVG.

    ``sides`` says what lies to the left and to the right of zero, which has a line of its own then.

    A dot that lies so far out that the others could not be told apart is drawn as an arrow at the edge; its text says
    where it is.

    >>> rows = [Dot("Lasso", 50.0, 48.0, 52.0, "50.0", True), Dot("Ridge", 51.0, 49.0, 53.0, "51.0")]
    >>> dots_figure(rows, title="Errors", unit="error").count("<circle")
    2
    """
    narrow, zero = width < 500, sides is not None
    step, top = (44, 6.0) if narrow else (31, 6.0)
    low, high = _reach(rows, zero)
    room = 0.0 if narrow else min(axes.widest((row.name for row in rows), 13 * BOLD) + 24, width / 3)
    said = axes.widest((row.text for row in rows), 13) + 12  # the texts at the right
    left, right = (8.0, width - 8) if narrow else (room, width - max(said, WIDE_TEXT))
    x = Linear(low, high, left, right)
    bottom = top + step * len(rows)
    body = []
    ticks = axes.fitting_ticks(low, high, right - left, 4 if narrow else 6)
    for tick, label in zip(ticks, ticks_text(ticks)):
        half = axes.text_width(label, 12) / 2
        body.append(axes.line(x(tick), top, x(tick), bottom, "zero" if zero and tick == 0 else "grid"))
        body.append(axes.text(min(max(x(tick), half), width - half), bottom + 17, label, "tick", "middle"))
    for at, row in enumerate(rows):
        body.append(_row(row, x, top + step * at, width, width - said if narrow else room - 12, narrow))
    body.append(axes.line(left, bottom, right, bottom, "axis"))
    if sides is None:
        body.append(axes.text(left, bottom + 36, axes.fitted(unit, 12, width - left), "label"))
    else:
        body.append(axes.text(left, bottom + 36, f"← {sides[0]}", "label"))
        body.append(axes.text((left + right) / 2, bottom + 36, unit, "label", "middle"))
        body.append(axes.text(right, bottom + 36, f"{sides[1]} →", "label", "end"))
    described = "; ".join(f"{row.name}: {row.text}" for row in rows) + "."
    return axes.drawing(ident, width, bottom + 44, title, described, body)


def _reach(rows: Sequence[Dot], zero: bool) -> tuple[float, float]:
    """The ends of the axis: everything, but for rows that would press all others into a corner.

    It grows from one of the narrower rows, whichever lets most others join: a very short interval may stand apart.
    """
    spans = sorted((_span(row, zero) for row in rows), key=lambda span: span[1] - span[0])
    grown = [_joining(spans, seed, 12 if zero else 40) for seed in range((len(spans) + 1) // 2)]
    kept = max(grown, key=len)
    low, high = min(s[0] for s in kept), max(s[1] for s in kept)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    margin = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return low - margin, high + margin


def _joining(spans: Sequence[tuple[float, float]], seed: int, most: float) -> list[tuple[float, float]]:
    """The seed, and in their order the others that do not widen what is there by more than this factor."""
    kept = [spans[seed]]
    for span in (*spans[:seed], *spans[seed + 1 :]):
        low, high = min(s[0] for s in kept), max(s[1] for s in kept)
        if max(span[1], high) - min(span[0], low) <= most * (high - low) or high == low:
            kept.append(span)
    return kept


def _span(row: Dot, zero: bool) -> tuple[float, float]:
    ends = [
        value for value in (row.low, row.value, row.high, 0.0 if zero else row.value) if math.isfinite(value)
    ]
    return (min(ends), max(ends)) if ends else (0.0, 0.0)


def _row(row: Dot, x: Linear, y: float, width: float, room: float, narrow: bool) -> str:
    middle, label = (y + 31, y + 18) if narrow else (y + 15, y + 20)
    name = "name mark" if row.strong else "name"
    parts = axes.text(0, label, axes.fitted(row.name, 13 * BOLD, room), name)
    parts += axes.text(width, label, row.text, "value", "end")
    outside = row.value > x.high or row.value < x.low
    if outside:
        edge, sign = (x.end, "→") if row.value > x.high else (x.start, "←")
        parts += axes.text(edge, middle + 4, sign, "label", "end" if row.value > x.high else "start")
    elif math.isfinite(row.value):
        if math.isfinite(row.low) and row.high > row.low:
            ends = x(max(row.low, x.low)), x(min(row.high, x.high))
            parts += axes.line(ends[0], middle, ends[1], middle, "whisker strong")
            parts += "".join(axes.line(e, middle - 4, e, middle + 4, "whisker strong") for e in ends)
        style = f"dot {row.style}" + ("" if row.strong or row.style == "off" else " other")
        parts += f'<circle class="{style}" cx="{axes.px(x(row.value))}" cy="{axes.px(middle)}" r="5"/>'
    return f'<g class="series">{parts}{axes.hint(f"{row.name}: {row.text}")}</g>'
