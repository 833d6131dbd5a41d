"""The cross-validation curve: the error, or a score, on held-out rows against alpha, with that on training rows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import axes
from .axes import Alphas, Floats, Linear, Mark
from .formatting import number, ticks_text


@dataclass(frozen=True)
class CurveData:
    """What the curve figure draws; every array has length A, in any order of alphas.

    ``low`` and ``high`` bound the band of one standard error (NaN: unknown), ``counts`` is what is kept at
    each alpha, ``null_error`` the error of always predicting ``constant`` (None: not drawn). ``larger``: they are scores, of
    which more is better. A training error that is nowhere known is not drawn.
    """

    alphas: Floats
    error: Floats
    low: Floats
    high: Floats
    train: Floats
    counts: Sequence[int]
    null_error: float | None = None
    constant: str = "the mean"
    larger: bool = False

    def sorted(self) -> CurveData:
        """The same curve from the strongest penalty to the weakest."""
        order = np.argsort(-np.asarray(self.alphas, dtype=np.float64), kind="stable")
        arrays = (self.alphas, self.error, self.low, self.high, self.train)
        alphas, error, low, high, train = (np.asarray(v, dtype=np.float64)[order] for v in arrays)
        counts = [int(self.counts[i]) for i in order]
        return replace(self, alphas=alphas, error=error, low=low, high=high, train=train, counts=counts)


def curve_figure(
    data: CurveData,
    marks: Sequence[Mark],
    *,
    unit: str = "root mean square error",
    counted: str = "variables kept",
    width: float = 720,
    ident: str = "curve",
) -> str:
    """Draw held-out and training error against alpha as an SVG, the strongest penalty on the left.

    Parameters
    ----------
    data : the curve.
    marks : the choices to point out.
    unit, counted : what the vertical axis and the numbers along the top measure.
    width, ident : as in ``path_figure``.

    Examples
    --------
    >>> import numpy as np
    >>> a, e = np.array([1.0, 0.1]), np.array([3.0, 2.0])
    >>> data = CurveData(a, e, e - 0.5, e + 0.5, e - 0.2, [0, 2])
    >>> curve_figure(data, [Mark("min", 0.1, True)]).startswith("<svg")
    True
    """
    narrow = width < 500
    data = data.sorted()
    height, top, bottom = (410.0, 96.0, 356.0) if narrow else (430.0, 96.0, 376.0)
    y = Linear(*_range(data), bottom, top)
    ticks = axes.nice_ticks(y.low, y.high, 6)
    left = axes.room_of_ticks(ticks_text(ticks), 44.0 if narrow else 52.0)
    names = _names(data, y, narrow)
    gutter = max(74.0 if narrow else 118.0, axes.widest((said for _, said, _ in names), 12 * axes.BOLD) + 8)
    scale = Alphas.over(data.alphas, left, width - gutter)
    end = scale.zero or scale.end
    xs = [scale(a) for a in data.alphas]
    body = [axes.text(0, 14, axes.fitted(unit, 12, width), "label")]
    for value, label in zip(ticks, ticks_text(ticks)):
        body.append(axes.line(left, y(value), end, y(value), "grid"))
        body.append(axes.text(left - 8, y(value) + 4, label, "tick", "end"))
    body += axes.alpha_axis(scale, bottom, narrow)
    body += _band(xs, data, y)
    if data.null_error is not None and y.low <= data.null_error <= y.high:
        body.append(axes.line(left, y(data.null_error), end, y(data.null_error), "null"))
    if np.isfinite(data.train).any():
        body.append(axes.polyline(xs, [_inside(y, v) for v in data.train], "curve train"))
    body.append(axes.polyline(xs, [_inside(y, v) for v in data.error], "curve heldout"))
    body += axes.mark_lines(scale, marks, (46.0, 30.0), bottom, (left, width))
    body += _top_counts(xs, data.counts, counted, top, narrow)
    body += _points(data, xs, marks, y, counted)
    places = axes.spread([name[0] for name in names], 16.0, y.end, y.start)
    body += [axes.text(end + 8, place + 4, said, style) for place, (_, said, style) in zip(places, names)]
    return axes.drawing(
        ident,
        width,
        height,
        f"{_title(data)} on held-out rows against alpha",
        _described(data, marks, unit),
        body,
    )


def _title(data: CurveData) -> str:
    return "Score" if data.larger else "Error"


def _range(data: CurveData) -> tuple[float, float]:
    """What the vertical axis spans: everything, but a curve running away does not flatten the rest."""
    drawn = (data.error, data.low, data.high, data.train)
    finite = np.concatenate([v[np.isfinite(v)] for v in drawn])
    if not len(finite):
        return 0.0, 1.0
    bottom, peak = float(finite.min()), float(finite.max())
    null = data.null_error
    if null is not None and data.larger:
        if null < peak:
            bottom = max(bottom, peak - 2.0 * (peak - null))
        bottom = min(bottom, null)
    elif null is not None:
        if null > bottom:
            peak = min(peak, bottom + 2.0 * (null - bottom))
        peak = max(peak, null)
    margin = 0.05 * (peak - bottom) or 0.5 * abs(peak) or 1.0
    return max(bottom - margin, 0.0) if bottom >= 0 else bottom - margin, peak + margin


def _inside(y: Linear, value: float) -> float:
    """The pixel of a value, held at the edge of the plot where the value lies beyond it."""
    return y(min(max(float(value), y.low), y.high)) if np.isfinite(value) else y(y.high)


def _band(xs: Sequence[float], data: CurveData, y: Linear) -> list[str]:
    """The band of one standard error, with a bar at every few alphas."""
    if not (np.isfinite(data.low).all() and np.isfinite(data.high).all()):
        return []
    ys_high, ys_low = [_inside(y, v) for v in data.high], [_inside(y, v) for v in data.low]
    outline = axes.trace([*xs, *reversed(xs)], [*ys_high, *reversed(ys_low)])
    parts = [f'<path class="band" d="{outline}Z"/>']
    last = -np.inf
    for x, above, below in zip(xs, ys_high, ys_low):
        if x - last >= 12:
            parts.append(axes.line(x, above, x, below, "whisker"))
            last = x
    return parts


def _top_counts(
    xs: Sequence[float], counts: Sequence[int], counted: str, top: float, narrow: bool
) -> list[str]:
    parts = [axes.text(0, 66, counted, "label")]
    last, said, taken = -np.inf, None, -np.inf
    for x, amount in zip(xs, counts):
        half = axes.text_width(f"{amount:,}", 12) / 2
        if amount != said and x - last >= (30 if narrow else 34) and x - half >= taken:
            parts.append(axes.text(x, 84, f"{amount:,}", "tick", "middle"))
            parts.append(axes.line(x, top - 7, x, top - 3, "axis"))
            last, said, taken = x, amount, x + half + 6
    return parts


def _points(
    data: CurveData, xs: Sequence[float], marks: Sequence[Mark], y: Linear, counted: str
) -> list[str]:
    """Dots at the choices, and unseen columns that bring up the numbers under a pointer."""
    parts = []
    for mark in sorted(marks, key=lambda m: m.recommended):
        i = int(np.argmin(np.abs(data.alphas - mark.alpha)))
        style = "dot heldout" if mark.recommended else "dot heldout other"
        at = f'cx="{axes.px(xs[i])}" cy="{axes.px(_inside(y, data.error[i]))}"'
        parts.append(f'<circle class="{style}" {at} r="5"/>')
    edges = [xs[0], *((a + b) / 2 for a, b in itertools.pairwise(xs)), xs[-1]]
    for i, alpha in enumerate(data.alphas):
        train = f", training {number(data.train[i])}" if np.isfinite(data.train[i]) else ""
        said = f"alpha {number(alpha)}: held-out {number(data.error[i])}{train}; {data.counts[i]:,} {counted}"
        place = f'x="{axes.px(edges[i])}" y="{axes.px(y.end)}"'
        size = f'width="{axes.px(edges[i + 1] - edges[i])}" height="{axes.px(y.start - y.end)}"'
        parts.append(f'<rect class="target" {place} {size}>{axes.hint(said)}</rect>')
    return parts


def _names(data: CurveData, y: Linear, narrow: bool) -> list[tuple[float, str, str]]:
    """What stands beside the ends of the lines, from the top down: where it wants to be, the text, its CSS class."""
    names = [(_inside(y, data.error[-1]), "held out", "end heldout")]
    if np.isfinite(data.train).any():
        names.append((_inside(y, data.train[-1]), "training", "end train"))
    if data.null_error is not None and y.low <= data.null_error <= y.high:
        names.append((y(data.null_error), data.constant if narrow else f"always {data.constant}", "end null"))
    return sorted(names)


def _described(data: CurveData, marks: Sequence[Mark], unit: str) -> str:
    find = np.nanargmax if data.larger else np.nanargmin
    best = int(find(data.error)) if np.isfinite(data.error).any() else 0
    chosen = "; ".join(f"{m.label}: alpha {number(m.alpha)}" for m in marks)
    beside = ["a band of one standard error"] if np.isfinite(data.low).all() else []
    if np.isfinite(data.train).any():
        beside.append("the training score" if data.larger else "the training error")
    return (
        f"The {unit} on held-out rows against alpha, from the strongest penalty on the left to the weakest "
        f"on the right{', with ' if beside else ''}{' and '.join(beside)}. It is "
        f"{'highest' if data.larger else 'lowest'}, {number(data.error[best])}, "
        f"at alpha {number(data.alphas[best])}. Marked: {chosen}."
    )
