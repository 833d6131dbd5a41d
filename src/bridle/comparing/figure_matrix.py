"""Which variables each method keeps: a matrix of dots, their area the size of the effect, their colour its sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..reporting import axes
from ..reporting.formatting import count, visible


@dataclass(frozen=True)
class Cell:
    """What a method makes of a variable: the size of its effect (0: left out) and its sign (0: levels of both signs)."""

    size: float
    sign: int
    text: str


def matrix_figure(
    variables: Sequence[str],
    methods: Sequence[str],
    cells: Sequence[Sequence[Cell]],
    *,
    marked: int | None = None,
    width: float = 720,
    ident: str = "kept",
) -> str:
    """Draw variables (rows) by methods (columns) as an SVG; ``marked`` is the column of the recommended method.

    >>> svg = matrix_figure(["bmi"], ["Lasso", "Ridge"], [[Cell(2.0, 1, "+2"), Cell(0.0, 0, "left out")]])
    >>> svg.count("<circle")
    1
    """
    narrow = width < 500
    step = 26.0 if narrow else 24.0
    longest = max((axes.text_width(visible(name), 13) for name in variables), default=0.0)
    room = min(longest + 16, width * (0.36 if narrow else 0.4))
    column = min((width - room) / max(len(methods), 1), 120.0)
    turned = any(
        axes.text_width(word, 12 * axes.BOLD) > column - 4 for method in methods for word in _lines(method)
    )
    head = axes.widest(methods, 12 * axes.BOLD) + 12 if turned else 46.0
    largest = max((cell.size for row in cells for cell in row), default=0.0) or 1.0
    body = []
    for j, method in enumerate(methods):
        style, middle = "mark" if j == marked else "label", room + column * (j + 0.5)
        body += [_turned(method, middle, head, style)] if turned else _heading(method, middle, style)
    for i, (name, row) in enumerate(zip(variables, cells)):
        y = head + step * i
        body.append(axes.line(0, y, room + column * len(methods), y, "grid"))
        label = axes.text(0, y + step / 2 + 4.5, axes.fitted(name, 13, room - 10), "name")
        body.append(f"<g>{label}{axes.hint(visible(name))}</g>")
        for j, cell in enumerate(row):
            body.append(
                _dot(cell, room + column * (j + 0.5), y + step / 2, largest, f"{visible(name)}, {methods[j]}")
            )
    height = head + step * len(variables) + 6
    kept = "; ".join(
        f"{method} keeps {sum(row[j].size > 0 for row in cells)}" for j, method in enumerate(methods)
    )
    said = f"Of {count(len(variables), 'variable')} drawn: {kept}."
    return axes.drawing(ident, width, height, "Which variables each method keeps", said, body)


def _lines(method: str) -> list[str]:
    """A method's name on two lines, where it has two words."""
    return method.split(" ", 1)


def _heading(method: str, x: float, style: str) -> list[str]:
    """A method's name over its column."""
    lines = _lines(method)
    first = 2 - len(lines)
    return [axes.text(x, 18.0 + 16 * (first + at), word, style, "middle") for at, word in enumerate(lines)]


def _turned(method: str, x: float, head: float, style: str) -> str:
    """The name rising over its column, where columns are too narrow for it to lie."""
    words = axes.text(0, 0, method, style)
    return f'<g transform="translate({axes.px(x + 4)} {axes.px(head - 8)}) rotate(-90)">{words}</g>'


def _dot(cell: Cell, x: float, y: float, largest: float, where: str) -> str:
    if not cell.size > 0:
        return ""
    radius = max(9.5 * math.sqrt(cell.size / largest), 1.6)
    style = "up" if cell.sign > 0 else "down" if cell.sign < 0 else "off"
    circle = f'<circle class="dot {style}" cx="{axes.px(x)}" cy="{axes.px(y)}" r="{axes.px(radius)}"/>'
    return f'<g class="series">{circle}{axes.hint(f"{where}: {cell.text}")}</g>'
