"""Two straight axes with their grid, ticks and names: the ground of the figures over shares and rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import axes
from .axes import Linear
from .formatting import ticks_text


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
        for value, label in self._ticks(self.y, ticks):
            parts.append(axes.line(left, self.y(value), right, self.y(value), "grid"))
            parts.append(axes.text(left - 8, self.y(value) + 4, label, "tick", "end"))
        for value, label in self._ticks(self.x, ticks):
            parts.append(axes.line(self.x(value), bottom, self.x(value), bottom + 5, "axis"))
            parts.append(axes.text(self.x(value), bottom + 19, label, "tick", "middle"))
        parts.append(axes.line(left, bottom, right, bottom, "axis"))
        parts.append(axes.text(left, bottom + 38, axes.fitted(across, 12, right - left + 10), "label"))
        return parts

    def _ticks(self, scale: Linear, most: int) -> list[tuple[float, str]]:
        values = axes.nice_ticks(scale.low, scale.high, most)
        if self.shares:
            return [(v, f"{t}%") for v, t in zip(values, ticks_text([100 * v for v in values]))]
        return list(zip(values, ticks_text(values)))

    def whisker(self, x: float, low: float, high: float, half: float = 3.0) -> list[str]:
        """A vertical interval with ends, at a value across."""
        at, ends = self.x(x), (self.y(low), self.y(high))
        bar = axes.line(at, ends[0], at, ends[1], "whisker strong")
        return [bar, *(axes.line(at - half, end, at + half, end, "whisker strong") for end in ends)]


def legend(x: float, y: float, lines: Sequence[tuple[str, str]]) -> list[str]:
    """Lines of text below each other: (CSS class, text)."""
    return [axes.text(x, y + 20 * i, content, style) for i, (style, content) in enumerate(lines)]


__all__ = ["Plane", "legend"]
