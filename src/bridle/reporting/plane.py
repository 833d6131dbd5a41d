"""Two straight axes with their grid, ticks and names: the ground of the figures over shares and rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import axes
from .axes import Linear
from .formatting import ticks_text

MARGIN = 18.0  # what a plane leaves free on its right, into which the last label reaches


@dataclass(frozen=True)
class Plane:
    """A horizontal and a vertical axis; ``shares`` are labelled in percent.

    >>> plane = Plane.of((0.0, 1.0), (0.0, 1.0), (60.0, 30.0, 160.0, 130.0))
    >>> plane.x(0.5), plane.y(0.0)
    (110.0, 130.0)
    """

    x: Linear
    y: Linear
    shares: bool = False

    @staticmethod
    def of(
        across: tuple[float, float],
        up: tuple[float, float],
        room: tuple[float, float, float, float],
        *,
        shares: bool = False,
    ) -> Plane:
        """Over the values ``across`` and ``up``, in the room left, top, right, bottom."""
        left, top, right, bottom = room
        return Plane(Linear(*across, left, right), Linear(*up, bottom, top), shares)

    def drawn(self, across: str, up: str, *, ticks: int = 6) -> list[str]:
        """Grid, ticks and the names of both axes; ``up`` stands above the plot."""
        top, bottom, left, right = self.y.end, self.y.start, self.x.start, self.x.end
        parts = [axes.text(0, top - 16, axes.fitted(up, 12, right), "label")]
        values = axes.nice_ticks(self.y.low, self.y.high, ticks)
        for value, label in zip(values, _written(values, self.shares)):
            parts.append(axes.line(left, self.y(value), right, self.y(value), "grid"))
            parts.append(axes.text(left - 8, self.y(value) + 4, label, "tick", "end"))
        values = axes.fitting_ticks(
            self.x.low, self.x.high, right - left, ticks, lambda v: _written(v, self.shares)
        )
        for value, label in zip(values, _written(values, self.shares)):
            at = min(self.x(value), right + MARGIN - axes.text_width(label, 12) / 2)
            parts.append(axes.line(self.x(value), bottom, self.x(value), bottom + 5, "axis"))
            parts.append(axes.text(at, bottom + 19, label, "tick", "middle"))
        parts.append(axes.line(left, bottom, right, bottom, "axis"))
        parts.append(axes.text(left, bottom + 38, axes.fitted(across, 12, right - left + 10), "label"))
        return parts

    def whisker(self, x: float, low: float, high: float, half: float = 3.0) -> list[str]:
        """A vertical interval with ends, at a value across."""
        at, ends = self.x(x), (self.y(low), self.y(high))
        bar = axes.line(at, ends[0], at, ends[1], "whisker strong")
        return [bar, *(axes.line(at - half, end, at + half, end, "whisker strong") for end in ends)]


def before(low: float, high: float, ticks: int, *, shares: bool = False) -> float:
    """How far in a plane begins whose vertical axis spans these values: past the labels of at most so many ticks."""
    return axes.room_of_ticks(_written(axes.nice_ticks(low, high, ticks), shares), 48.0)


def _written(values: Sequence[float], shares: bool) -> list[str]:
    return [f"{t}%" for t in ticks_text([100 * v for v in values])] if shares else ticks_text(values)


def legend(x: float, y: float, lines: Sequence[tuple[str, str]], room: float) -> list[str]:
    """Lines of text below each other: (CSS class, text); what is wider than ``room`` goes on in the next one."""
    parts = []
    for style, content in lines:
        for piece in _wrapped(content, 13, room):
            parts.append(axes.text(x, y, piece, style))
            y += 20
    return parts


def _wrapped(content: str, size: float, room: float) -> list[str]:
    """A text in lines, broken at blanks; what cannot be broken is cut."""
    lines = [""]
    for word in content.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1].strip() and axes.text_width(longer, size) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return [axes.cut(line, size, room) for line in lines]


__all__ = ["MARGIN", "Plane", "before", "legend"]
