"""Two figures of a network: which inputs enter as the penalty weakens, and how training went."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..reporting import axes
from ..reporting.axes import Alphas, Linear, Mark
from ..reporting.formatting import count, number, ticks_text, visible
from .network import Floats


def inputs_figure(
    alphas: Floats,
    used: NDArray[np.bool_],
    names: Sequence[str],
    marks: Sequence[Mark],
    *,
    width: float = 720,
    ident: str = "inputs",
) -> str:
    """Draw at which strengths each variable is in the network, as an SVG; the strongest penalty on the left.

    Parameters
    ----------
    alphas : (A,).  used : (A, V) by variable.  names : V of any content, they are escaped here.
    marks : the choices to point out.
    width, ident : as in ``bridle.reporting.figure_path.path_figure``.

    >>> svg = inputs_figure(np.array([1.0, 0.1]), np.array([[False], [True]]), ["bmi"], [Mark("min", 0.1, True)])
    >>> svg.count("<circle")
    1
    """
    narrow = width < 500
    order = np.argsort(-alphas, kind="stable")
    alphas, used = alphas[order], used[order]
    step, top = 22.0, 56.0
    longest = max((axes.text_width(visible(name), 13) for name in names), default=0.0)
    left = min(longest + 22, width * (0.34 if narrow else 0.3))
    right = width - (18.0 if narrow else 30.0)
    scale = Alphas.over(alphas, left, right)
    xs = [scale(a) for a in alphas]
    bottom = top + step * len(names) + 8
    body = axes.alpha_axis(scale, bottom, narrow)
    body += axes.mark_lines(scale, marks, (42.0, 26.0), bottom, (left, width))
    body.insert(0, axes.text(0, 14, "in the network", "label"))
    for row, name in enumerate(names):
        y = top + step * (row + 0.5)
        body.append(axes.line(left, y, scale.zero or scale.end, y, "grid"))
        body.append(axes.text(0, y + 4.5, axes.fitted(name, 13, left - 16), "name"))
        body.append(_entered(xs, used[:, row], y, visible(name), alphas))
    in_it = f"{int(used[-1].sum()):,} of {count(len(names), 'variable drawn', 'variables drawn')}"
    said = f"From the strongest penalty on the left to the weakest on the right, where {in_it} are in the network."
    return axes.drawing(ident, width, bottom + 46, "Which variables enter the network", said, body)


def _entered(xs: Sequence[float], used: NDArray[np.bool_], y: float, name: str, alphas: Floats) -> str:
    """Dots where the variable is in, joined where it stays in."""
    runs = [
        axes.polyline(pair, (y, y), "curve up")
        for pair, both in zip(itertools.pairwise(xs), used[:-1] & used[1:])
        if both
    ]
    dots = [
        f'<circle class="dot up" cx="{axes.px(x)}" cy="{axes.px(y)}" r="3.5"/>'
        for x, is_in in zip(xs, used)
        if is_in
    ]
    first = f"enters at alpha {number(float(alphas[np.argmax(used)]))}" if used.any() else "never enters"
    return f'<g class="series">{"".join(runs + dots)}{axes.hint(f"{name}: {first}")}</g>'


def history_figure(
    train: Floats, held: Floats | None, best: int, *, unit: str, width: float = 720, ident: str = "history"
) -> str:
    """Draw the loss by epoch as an SVG: dashed on the rows trained on, solid on rows set aside; the best epoch marked.

    ``train`` (E,) and ``held`` (E,) or None; ``best`` counts from 1.

    >>> svg = history_figure(np.array([2.0, 1.0]), np.array([2.5, 2.0]), 2, unit="loss")
    >>> svg.count('class="curve')
    2
    """
    narrow = width < 500
    height, top, bottom = (330.0, 54.0, 276.0) if narrow else (350.0, 54.0, 296.0)
    epochs = np.arange(1, len(train) + 1, dtype=np.float64)
    low, high = _span(train, held)
    ticks = axes.nice_ticks(low, high, 6)
    left = axes.room_of_ticks(ticks_text(ticks), 44.0 if narrow else 52.0)
    curves = [("train", "training", train)] + ([("heldout", "set aside", held)] if held is not None else [])
    gutter = max(74.0 if narrow else 118.0, axes.widest((name for _, name, _ in curves), 12 * axes.BOLD) + 8)
    x = Linear(1.0, max(float(len(train)), 2.0), left, width - gutter)
    y = Linear(low, high, bottom, top)
    body = [axes.text(0, 14, axes.fitted(unit, 12, width), "label")]
    for value, label in zip(ticks, ticks_text(ticks)):
        body.append(axes.line(left, y(value), x.end, y(value), "grid"))
        body.append(axes.text(left - 8, y(value) + 4, label, "tick", "end"))
    body.append(axes.line(left, bottom, x.end, bottom, "axis"))
    for tick in _epoch_ticks(len(train), 5 if narrow else 9):
        body.append(axes.line(x(tick), bottom, x(tick), bottom + 5, "axis"))
        body.append(axes.text(x(tick), bottom + 19, f"{tick:,.0f}", "tick", "middle"))
    body.append(axes.text((left + x.end) / 2, bottom + 38, "pass over the rows", "label", "middle"))
    ends = []
    for style, name, values in curves:
        ys = [y(min(float(v), high)) for v in values]
        body.append(_line([x(e) for e in epochs], ys, style))
        ends.append((ys[-1], name, f"end {style}"))
    ends.sort()
    for place, (_, name, style) in zip(axes.spread([end[0] for end in ends], 16.0, top, bottom), ends):
        body.append(axes.text(x.end + 8, place + 4, name, style))
    if held is not None:
        body += _best(x(float(best)), y(min(float(held[best - 1]), high)), top, bottom, best, x.end)
    said = f"The loss by pass over the rows, {number(float(train[0]))} at first and {number(float(train[-1]))} at the end."
    return axes.drawing(ident, width, height, "How training went", said, body)


def _line(xs: Sequence[float], ys: Sequence[float], style: str) -> str:
    if len(xs) > 1:
        return axes.polyline(xs, ys, f"curve {style}")
    return f'<circle class="dot heldout" cx="{axes.px(xs[0])}" cy="{axes.px(ys[0])}" r="3"/>'


def _best(at: float, value: float, top: float, bottom: float, best: int, end: float) -> list[str]:
    left = at > 0.7 * end
    return [
        axes.line(at, top - 12, at, bottom, "mark"),
        axes.text(
            at - 5 if left else at + 5, top - 14, f"pass {best:,}", "mark name", "end" if left else "start"
        ),
        f'<circle class="dot heldout" cx="{axes.px(at)}" cy="{axes.px(value)}" r="5"/>',
    ]


def _span(train: Floats, held: Floats | None) -> tuple[float, float]:
    """Everything, but the first passes of a fresh network do not press the rest flat."""
    both = train if held is None else np.concatenate([train, held])
    low = float(both.min())
    high = float(both.max())
    if len(train) >= 10:
        later = max(float(v[2:].max()) for v in (train, held) if v is not None)
        high = min(high, low + 2 * (later - low)) if later > low else high
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return max(low - margin, 0.0) if low >= 0 else low - margin, high + margin


def _epoch_ticks(epochs: int, most: int) -> list[float]:
    return [
        1.0,
        *(t for t in axes.nice_ticks(1.0, float(max(epochs, 2)), most) if t >= 1.5 and t == round(t)),
    ]
