"""Scales, ticks and a few SVG elements: what every figure shares, and no figure of its own."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from .formatting import alpha_tick, ticks_text, visible

Floats = npt.NDArray[np.float64]

# Which font draws a figure is known to its reader alone, and none may need more room than was left. So texts are taken to
# be as wide as in DejaVu Sans (about as wide as Verdana), whose advance widths in em these are, or as in a face with
# letters of one width, where that is more.
_EMS = {
    **dict.fromkeys(" ijlIftr.,:;'|!()[]/\\-·⁻", 0.41),
    **dict.fromkeys('ckszvxyJ?*_`"–', 0.58),
    **dict.fromkeys("DGHNOQU", 0.78),
    **dict.fromkeys("w&+<=>#~^−×±→←", 0.84),
    **dict.fromkeys("mMW@%—…⋯�", 1.0),
}
_ONE_WIDTH = 0.602
BOLD = 1.12  # bold letters are that much wider


@dataclass(frozen=True)
class Mark:
    """A choice of alpha to point out in a figure; the recommended one is drawn stronger."""

    label: str
    alpha: float
    recommended: bool


@dataclass(frozen=True)
class Linear:
    """Maps values from [low, high] to pixels [start, end], straight.

    >>> Linear(0.0, 10.0, 100.0, 200.0)(2.5)
    125.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True)
class Alphas:
    """Maps alphas to pixels by their logarithm, the strongest penalty at ``start``.

    ``weakest`` and ``strongest`` are positive; an alpha of zero has a place of its own at ``end``, off the
    log scale.

    >>> scale = Alphas.over([1.0, 0.1, 0.01], 0.0, 100.0)
    >>> [scale(a) for a in (1.0, 0.1, 0.01)]
    [0.0, 50.0, 100.0]
    >>> Alphas.over([1.0, 0.1, 0.0], 0.0, 110.0)(0.0)
    110.0
    """

    strongest: float
    weakest: float
    start: float
    end: float
    zero: float | None

    @staticmethod
    def over(alphas: Iterable[float], start: float, end: float) -> Alphas:
        values = [float(a) for a in alphas]
        positive = [a for a in values if a > 0 and math.isfinite(a)] or [1.0]
        has_zero = any(a <= 0 for a in values)
        room = 0.09 * (end - start) if has_zero else 0.0
        return Alphas(max(positive), min(positive), start, end - room, end if has_zero else None)

    def __call__(self, alpha: float) -> float:
        if alpha <= 0:
            return self.end if self.zero is None else self.zero
        span = math.log(self.strongest) - math.log(self.weakest)
        share = (math.log(self.strongest) - math.log(alpha)) / span if span else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """The labelled positions: powers of ten, or 1-3-10 or 1-2-5-10 where there is room for more."""
        ticks = log_ticks(self.weakest, self.strongest, most)
        return ticks if self.zero is None else [0.0, *ticks]


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers inside [low, high], at most ``most`` of them, steps of 1, 2 or 5 times a power of ten.

    >>> nice_ticks(-3.0, 27.0), nice_ticks(52.3, 78.9, 5)
    ([0.0, 5.0, 10.0, 15.0, 20.0, 25.0], [55.0, 60.0, 65.0, 70.0, 75.0])
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (power * m for m in (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [float(f"{i * step:.12g}") for i in range(first, last + 1)]
    return [low, high]


def log_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers inside [low, high] for a log axis, at most ``most`` of them.

    >>> log_ticks(0.001, 1.0), log_ticks(0.3, 2.1, 4)
    ([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0], [0.5, 1.0, 2.0])
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{d}e{e}") for e in range(first, last + 1) for d in digits]
        inside = [t for t in ticks if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
        if len(inside) <= most:
            break
    else:
        inside = inside[:: math.ceil(len(inside) / most)]
    return inside or [float(f"{math.sqrt(low * high):.2g}")]


def fitting_ticks(
    low: float,
    high: float,
    room: float,
    most: int,
    written: Callable[[Sequence[float]], list[str]] = ticks_text,
) -> list[float]:
    """Round numbers inside [low, high], as many as their labels have room side by side, at most ``most``.

    >>> fitting_ticks(0.0, 5e6, 300.0, 6), fitting_ticks(0.0, 5.0, 300.0, 6)
    ([0.0, 2000000.0, 4000000.0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    """
    while True:
        ticks = nice_ticks(low, high, most)
        wide = widest(written(ticks), 12) + 14
        if most <= 2 or wide * len(ticks) <= room:
            return ticks
        most -= 1


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions apart to at least ``gap`` between neighbours, by the least squared displacement.

    The problem is isotonic regression of ``wanted[i] - i * gap``, solved by pooling adjacent violators; the
    result is shifted into [low, high] where it fits. ``wanted`` must be sorted.

    >>> spread([10.0, 11.0, 40.0], 6.0, 0.0, 100.0)
    [7.5, 13.5, 40.0]
    """
    pools: list[list[float]] = []  # [mean, size]
    for i, value in enumerate(wanted):
        pools.append([value - i * gap, 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, size = pools.pop()
            total = pools[-1][1] + size
            pools[-1] = [(pools[-1][0] * pools[-1][1] + mean * size) / total, total]
    level = [mean for mean, size in pools for _ in range(int(size))]
    ceiling = high - gap * (len(wanted) - 1)
    return [max(low, min(v, ceiling)) + i * gap for i, v in enumerate(level)]


def px(value: float) -> str:
    """A coordinate with at most one decimal.

    >>> px(12.04), px(3.0), px(-0.01)
    ('12', '3', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def text_width(content: str, size: float) -> float:
    """How many pixels wide a text of this size may be, in one of the wider fonts."""
    ems, letters = 0.0, 0
    for character in content:
        if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
            continue
        letters += 1
        if unicodedata.east_asian_width(character) in "WF":
            ems += 1.0
        else:
            ems += _EMS.get(character) or (0.7 if character.isupper() else 0.64)
    return max(ems, _ONE_WIDTH * letters) * size


def widest(contents: Iterable[str], size: float) -> float:
    """The width of the widest of these texts, in whole pixels."""
    return float(math.ceil(max((text_width(content, size) for content in contents), default=0.0)))


def room_of_ticks(labels: Iterable[str], least: float) -> float:
    """How far in a plot begins whose vertical axis has these labels, which end 8 pixels before it."""
    return max(least, widest(labels, 12) + 10)


def fitted(name: object, size: float, room: float) -> str:
    """A user's name, cut in the middle to fit into ``room`` pixels.

    >>> fitted("bmi", 12, 100), len(fitted("x" * 200, 12, 100)) < 20
    ('bmi', True)
    """
    return cut(visible(name), size, room)


def cut(content: str, size: float, room: float) -> str:
    """A text made of visible names, cut in the middle to fit into ``room`` pixels."""
    if text_width(content, size) <= room:
        return content
    isolated = content.startswith("\u2068")
    letters = content.strip("\u2068\u2069")
    keep = len(letters)
    while keep > 2 and text_width(letters[: (keep + 1) // 2] + "…" + letters[-(keep // 2) :], size) > room:
        keep -= 1
    left = letters[: (keep + 1) // 2].rstrip() + "…" + letters[-(keep // 2) :].lstrip()
    return f"\u2068{left}\u2069" if isolated else left


def _written(content: str) -> str:
    """Content as it stands in the file: escaped, and without the characters that XML does not know."""
    known = (c if unicodedata.category(c) not in ("Cc", "Cs") else "�" for c in content)
    return escape("".join(known))


def text(x: float, y: float, content: str, style: str, anchor: str = "start") -> str:
    """A text element; ``content`` is escaped here and nowhere else."""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{style}" x="{px(x)}" y="{px(y)}"{where}>{_written(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """A straight line."""
    return f'<line class="{style}" x1="{px(x1)}" y1="{px(y1)}" x2="{px(x2)}" y2="{px(y2)}"/>'


def polyline(xs: Iterable[float], ys: Iterable[float], style: str) -> str:
    """An open line through points."""
    return f'<path class="{style}" d="{trace(xs, ys)}"/>'


def trace(xs: Iterable[float], ys: Iterable[float]) -> str:
    """The ``d`` of a path through points."""
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in zip(xs, ys))


def hint(content: str) -> str:
    """The text a pointer resting on an element brings up."""
    return f"<title>{_written(content)}</title>"


def drawing(
    ident: str, width: float, height: float, title: str, description: str, body: Iterable[str]
) -> str:
    """An accessible SVG: named by its title, described by its desc, scaled to the room it gets."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" id="{escape(ident)}" role="img" '
        f'viewBox="0 0 {px(width)} {px(height)}" '
        f'aria-labelledby="{escape(ident)}-title" aria-describedby="{escape(ident)}-desc">'
        f'<title id="{escape(ident)}-title">{_written(title)}</title>'
        f'<desc id="{escape(ident)}-desc">{_written(description)}</desc>' + "".join(body) + "</svg>"
    )


def alpha_axis(scale: Alphas, y: float, narrow: bool) -> list[str]:
    """The axis below a figure over alphas, strong penalties on the left."""
    parts = [line(scale.start, y, scale.zero or scale.end, y, "axis")]
    for tick in _apart(scale, 5 if narrow else 8):
        parts.append(line(scale(tick), y, scale(tick), y + 5, "axis"))
        parts.append(text(scale(tick), y + 19, alpha_tick(tick), "tick", "middle"))
    end = scale.zero or scale.end
    left, right = ("← stronger", "weaker →") if narrow else ("← stronger penalty", "weaker penalty →")
    parts.append(text(scale.start, y + 38, left, "label"))
    before, after = scale.start + text_width(left, 12), end - text_width(right, 12)
    if after - before > text_width("alpha", 12):  # in the middle of what the two at the ends leave free
        parts.append(text((before + after) / 2, y + 38, "alpha", "label", "middle"))
    parts.append(text(end, y + 38, right, "label", "end"))
    return parts


def _apart(scale: Alphas, most: int) -> list[float]:
    """As many ticks of a scale as have labels that do not touch; what touches the place of zero gives way to it."""

    def touch(a: float, b: float) -> bool:
        return abs(scale(a) - scale(b)) < text_width(alpha_tick(a) + alpha_tick(b), 12) / 2 + 6

    while True:
        positive = sorted(tick for tick in scale.ticks(most) if tick > 0)
        if most <= 2 or not any(touch(a, b) for a, b in itertools.pairwise(positive)):
            break
        most -= 1
    if scale.zero is None:
        return positive
    return [0.0, *(tick for tick in positive if not touch(0.0, tick))]


def mark_lines(
    scale: Alphas, marks: Sequence[Mark], rows: tuple[float, float], bottom: float, room: tuple[float, float]
) -> list[str]:
    """Vertical lines at the chosen alphas with their names above, never overlapping.

    The stronger penalty is named to the left of its line, the weaker one to the right. ``rows`` holds the
    baselines of the names' lower and upper row (the upper is used where one row is too short), ``room`` the
    pixels the names may use.
    """
    merged = _merged(scale, marks)
    taken: list[tuple[float, float, int]] = []
    parts = []
    for i, mark in enumerate(merged):
        x, wide = scale(mark.alpha), text_width(mark.label, 13 * BOLD) + 5
        left = i < len(merged) - 1
        if (left and x - wide < room[0]) or (not left and x + wide > room[1]):
            left = not left
        start, end = (x - wide, x) if left else (x, x + wide)
        row = int(any(start < e and s < end and r == 0 for s, e, r in taken))
        taken.append((start, end, row))
        style = "mark" if mark.recommended else "mark other"
        parts.append(line(x, rows[row] - 10, x, bottom, style))
        name = x - 5 if left else x + 5
        parts.append(text(name, rows[row], mark.label, f"{style} name", "end" if left else "start"))
    return parts


def _merged(scale: Alphas, marks: Sequence[Mark]) -> list[Mark]:
    """The marks from the strongest penalty to the weakest; those on the same pixel as one."""
    merged: list[Mark] = []
    for mark in sorted(marks, key=lambda m: -m.alpha):
        if merged and abs(scale(merged[-1].alpha) - scale(mark.alpha)) < 1.0:
            last = merged.pop()
            mark = Mark(f"{last.label} = {mark.label}", mark.alpha, mark.recommended or last.recommended)
        merged.append(mark)
    return merged
