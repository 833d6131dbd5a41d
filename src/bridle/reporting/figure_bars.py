"""Bars: coefficients grouped by variable, and errors side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import axes
from .axes import Linear
from .formatting import count, visible


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length (with sign) and the text at its end."""

    name: str
    length: float
    text: str


@dataclass(frozen=True)
class Group:
    """The bars of one variable: one for a number; for a categorical one per level, under its name."""

    name: str
    bars: tuple[Bar, ...]
    categorical: bool = False


@dataclass(frozen=True)
class ErrorBar:
    """One error: name, size, one standard error (None: unknown), the text at its end, its CSS class."""

    name: str
    length: float
    standard_error: float | None
    text: str
    style: str


def bars_figure(
    groups: Sequence[Group],
    *,
    unit: str = "effect of one standard deviation",
    value: str = "coefficient",
    width: float = 720,
    ident: str = "bars",
) -> str:
    """Draw coefficients as bars to the left and right of zero as an SVG, one group of bars for each variable.

    Parameters
    ----------
    groups : in the order in which they are drawn; names of any content, they are escaped here.
    unit : what the bars measure; ``value`` : what the texts say.
    width, ident : as in ``path_figure``.

    Examples
    --------
    >>> svg = bars_figure([Group("bmi", (Bar("bmi", 24.8, "5.6"),))])
    >>> svg.count('class="bar up"')
    1
    """
    narrow = width < 500
    lengths = [b.length for g in groups for b in g.bars] or [0.0]
    low, high = min(0.0, *lengths), max(0.0, *lengths)
    said = axes.widest([value, *(b.text for g in groups for b in g.bars)], 13) + 12  # the texts at the right
    left, right = (0.0, width) if narrow else (_name_room(groups, width), width - max(said, 96.0))
    x = Linear(low, high, left, right) if high > low else Linear(0.0, 1.0, left, right)
    body: list[str] = []
    y = 14.0
    body += [
        axes.text(left, y, axes.fitted(unit, 12, width - left - axes.text_width(value, 12) - 12), "label")
    ]
    body += [axes.text(width, y, value, "label", "end")]
    top = y = y + 10
    for group in groups:
        if group.categorical:
            body.append(axes.text(0, y + 18, axes.fitted(group.name, 13, width - 10), "name"))
            y += 26
        for bar in group.bars:
            indent = 14.0 if group.categorical else 0.0
            room = (width - max(said, 90.0) if narrow else left - 14) - indent
            body.append(_bar(bar, group, x, y, indent, room, width, narrow))
            if narrow:  # a line through all rows would cross the names
                body.append(axes.line(x(0.0), y + 21, x(0.0), y + 36, "zero"))
            y += 40 if narrow else 28
        y += 6 if group.categorical else 0
    if not narrow:
        body.append(axes.line(x(0.0), top, x(0.0), y, "zero"))
    return axes.drawing(ident, width, y + 6, "Coefficients of the variables kept", _described(groups), body)


def _name_room(groups: Sequence[Group], width: float) -> float:
    """How far in the bars begin: past the longest name, but never past a third of the figure."""
    longest = max(
        (axes.text_width(b.name, 13) + (14 if g.categorical else 0) for g in groups for b in g.bars),
        default=0,
    )
    return min(longest + 24, width / 3)


def _bar(
    bar: Bar, group: Group, x: Linear, y: float, indent: float, room: float, width: float, narrow: bool
) -> str:
    style = "up" if bar.length > 0 else "down" if bar.length < 0 else "off"
    start, end = sorted((x(0.0), x(bar.length)))
    base, thick = (y + 24, 9) if narrow else (y + 6, 17)
    full = f"{visible(group.name)} = {visible(bar.name)}" if group.categorical else visible(bar.name)
    rect = (
        f'<rect class="bar {style}" x="{axes.px(start)}" y="{axes.px(base)}" '
        f'width="{axes.px(max(end - start, 1.0))}" height="{thick}" rx="1.5"/>'
    )
    label = axes.text(indent, y + 18 + (1 if not narrow else 0), axes.fitted(bar.name, 13, room), "name")
    said = axes.text(width, y + 18 + (1 if not narrow else 0), bar.text, "value", "end")
    return f'<g class="series">{rect}{label}{said}{axes.hint(f"{full}: {bar.text}")}</g>'


def _described(groups: Sequence[Group]) -> str:
    if not groups:
        return "No variable is kept."
    strongest = max(groups, key=lambda g: max((abs(b.length) for b in g.bars), default=0.0))
    return f"Bars of {count(len(groups), 'variable')}; the longest belongs to {visible(strongest.name)}."


def errors_figure(rows: Sequence[ErrorBar], *, width: float = 720, ident: str = "errors") -> str:
    """Draw errors as bars from zero with whiskers of one standard error as an SVG.

    >>> errors_figure([ErrorBar("training", 50.0, None, "50.0", "train")]).count("<rect")
    1
    """
    narrow = width < 500
    reach = max([r.length + (r.standard_error or 0.0) for r in rows], default=1.0) or 1.0
    names = [Group(r.name, (Bar(r.name, 0.0, ""),)) for r in rows]
    said = axes.widest((r.text for r in rows), 13) + 12  # the texts at the right
    left, right = (0.0, width) if narrow else (_name_room(names, width), width - max(said, 110.0))
    x = Linear(0.0, reach, left, right)
    body, y = [], 0.0
    for row in rows:
        base = y + 24 if narrow else y + 6
        thick = 10 if narrow else 18
        label = y + 17 if narrow else y + 20
        parts = (
            f'<rect class="bar {row.style}" x="{axes.px(left)}" y="{axes.px(base)}" '
            f'width="{axes.px(x(row.length) - left)}" height="{thick}" rx="1.5"/>'
        )
        if row.standard_error:
            middle = base + thick / 2
            ends = x(max(row.length - row.standard_error, 0.0)), x(row.length + row.standard_error)
            parts += axes.line(ends[0], middle, ends[1], middle, "whisker strong")
            parts += "".join(axes.line(e, middle - 4, e, middle + 4, "whisker strong") for e in ends)
        room = width - axes.text_width(row.text, 13) - 12 if narrow else left - 14
        name = axes.cut(row.name, 13, room)
        parts += axes.text(0, label, name, "name") + axes.text(width, label, row.text, "value", "end")
        body.append(f'<g class="series">{parts}{axes.hint(f"{row.name}: {row.text}")}</g>')
        y += 42 if narrow else 31
    if not narrow:
        body.append(axes.line(left, 2, left, y, "axis"))
    described = "; ".join(f"{r.name}: {r.text}" for r in rows) + "."
    return axes.drawing(ident, width, y + 4, "Errors side by side", described, body)
