"""The coefficient path: every variable's coefficient from the strongest penalty to the weakest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import axes
from .axes import Alphas, Floats, Linear, Mark
from .formatting import count, number, ticks_text, visible

MOST_LINES = 60


def path_figure(
    alphas: Floats,
    coefs: Floats,
    names: Sequence[str],
    marks: Sequence[Mark],
    *,
    unit: str = "effect of one standard deviation",
    choice: str = "recommended",
    width: float = 720,
    ident: str = "path",
) -> str:
    """Draw coefficients against alpha as an SVG, the strongest penalty on the left.

    Parameters
    ----------
    alphas : (A,) array, any order; an alpha of zero gets a place of its own.
    coefs : (A, p) array, on one scale that makes columns comparable.
    names : p names, of any content; they are escaped here.
    marks : the choices to point out. Lines are coloured by their sign at the recommended one; those at zero
        are grey.
    unit : what the vertical axis measures.  choice : what the alpha of the recommended mark is called.
    width : pixels; below 500 a layout for phones.
    ident : prefix of the ids in the figure, unique in its page.

    Examples
    --------
    >>> import numpy as np
    >>> svg = path_figure(np.array([1.0, 0.1]), np.array([[0.0, 0.0], [2.0, -1.0]]), ["a", "<b>"],
    ...                   [Mark("min", 0.1, True)])
    >>> svg.startswith("<svg"), "<b>" in svg, "&lt;b&gt;" in svg
    (True, False, True)
    """
    narrow = width < 500
    order = np.argsort(-np.asarray(alphas, dtype=np.float64), kind="stable")
    alphas, coefs = np.asarray(alphas, dtype=np.float64)[order], np.asarray(coefs, dtype=np.float64)[order]
    shown = drawn_columns(coefs)
    at_choice = _at_choice(alphas, coefs, marks)
    height, top, bottom = (400.0, 58.0, 346.0) if narrow else (440.0, 58.0, 386.0)
    gutter = 92.0 if narrow else 136.0
    used = coefs[:, shown] if len(shown) else np.zeros((1, 1))
    low, high = min(float(used.min()), 0.0), max(float(used.max()), 0.0)
    margin = 0.03 * (high - low) or 1.0
    y = Linear(low - margin, high + margin, bottom, top)
    ticks = axes.nice_ticks(y.low, y.high, 7)
    left = axes.room_of_ticks(ticks_text(ticks), 44.0 if narrow else 52.0)
    scale = Alphas.over(alphas, left, width - gutter)
    end = scale.zero or scale.end
    body = [axes.text(0, 14, axes.fitted(unit, 12, width), "label")]
    body += _grid(ticks, y, left, end)
    body += axes.alpha_axis(scale, bottom, narrow)
    xs = [scale(a) for a in alphas]
    for j in reversed(shown):
        body.append(_one_line(xs, coefs[:, j], y, names[j], at_choice[j], choice))
    body += axes.mark_lines(scale, marks, (46.0, 30.0), bottom, (left, width))
    body += _end_labels(coefs[-1], at_choice, names, shown, y, end, width, 10 if narrow else 16)
    return axes.drawing(
        ident, width, height, "Coefficient path", _described(coefs, names, shown, at_choice, choice), body
    )


def drawn_columns(coefs: Floats, most: int = MOST_LINES) -> list[int]:
    """The columns a figure draws: those that are ever non-zero, largest first, at most ``most``.

    >>> import numpy as np
    >>> drawn_columns(np.array([[0.0, 1.0, -2.0], [0.0, 1.5, -1.0]]))
    [2, 1]
    """
    size = np.abs(coefs).max(axis=0) if coefs.size else np.zeros(coefs.shape[1])
    ranked = np.argsort(-size, kind="stable")[:most]
    return [int(j) for j in ranked if size[j] > 0]


def _at_choice(alphas: Floats, coefs: Floats, marks: Sequence[Mark]) -> Floats:
    """The coefficients at the recommended alpha (the nearest of the grid), or at the last alpha."""
    chosen = next((m.alpha for m in marks if m.recommended), None)
    nearest = len(alphas) - 1 if chosen is None else int(np.argmin(np.abs(alphas - chosen)))
    return np.asarray(coefs[nearest], dtype=np.float64)


def _grid(ticks: Sequence[float], y: Linear, left: float, end: float) -> list[str]:
    parts = []
    for value, label in zip(ticks, ticks_text(ticks)):
        parts.append(axes.line(left, y(value), end, y(value), "zero" if value == 0 else "grid"))
        parts.append(axes.text(left - 8, y(value) + 4, label, "tick", "end"))
    return parts


def _sign(value: float) -> str:
    return "up" if value > 0 else "down" if value < 0 else "off"


def _one_line(xs: Sequence[float], values: Floats, y: Linear, name: str, chosen: float, choice: str) -> str:
    entered = np.flatnonzero(values)
    first, last = max(int(entered[0]) - 1, 0), min(int(entered[-1]) + 1, len(values) - 1)
    points = range(first, last + 1)
    if len(xs) == 1:
        shape = (
            f'<circle class="dot {_sign(chosen)}" cx="{axes.px(xs[0])}" cy="{axes.px(y(values[0]))}" r="3"/>'
        )
    else:
        shape = axes.polyline(
            [xs[i] for i in points], [y(float(values[i])) for i in points], f"curve {_sign(chosen)}"
        )
    said = "zero" if chosen == 0 else number(chosen)
    return f'<g class="series">{shape}{axes.hint(f"{visible(name)}: {said} at the {choice} alpha")}</g>'


def _end_labels(
    final: Floats,
    at_choice: Floats,
    names: Sequence[str],
    shown: Sequence[int],
    y: Linear,
    end: float,
    width: float,
    most: int,
) -> list[str]:
    """Names at the ends of the largest lines, kept variables first, moved apart and tied to their lines."""
    ranked = sorted(shown, key=lambda j: (at_choice[j] == 0, -abs(final[j])))[:most]
    ranked.sort(key=lambda j: y(float(final[j])))
    places = axes.spread([y(float(final[j])) for j in ranked], 15.0, y.end + 4, y.start - 4)
    parts = []
    for j, place in zip(ranked, places):
        from_y, style = y(float(final[j])), _sign(at_choice[j])
        tie = axes.trace((end + 2, end + 8, end + 14, end + 17), (from_y, from_y, place, place))
        parts.append(f'<path class="tie {style}" d="{tie}"/>')
        label = axes.fitted(names[j], 12 * axes.BOLD, width - end - 20)
        parts.append(axes.text(end + 20, place + 4, label, f"end {style}"))
    return parts


def _described(
    coefs: Floats, names: Sequence[str], shown: Sequence[int], at_choice: Floats, choice: str
) -> str:
    kept = [j for j in range(len(names)) if at_choice[j] != 0]
    ever = int(np.count_nonzero(np.abs(coefs).max(axis=0))) if coefs.size else 0
    said = (
        f"Lines of {count(len(shown), 'coefficient')}"
        + (f" (the largest of {ever:,})" if ever > len(shown) else "")
        + " against alpha, from the strongest penalty on the left to the weakest on the right. "
        + f"At the {choice} alpha {count(len(kept), 'coefficient is', 'coefficients are')} not zero."
    )
    if kept:
        largest = max(kept, key=lambda j: abs(at_choice[j]))
        said += f" The largest is {visible(names[largest])}."
    return said
