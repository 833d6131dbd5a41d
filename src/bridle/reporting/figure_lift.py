"""The double lift: where two models disagree, which of them what was observed follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from . import axes
from .formatting import number, signed_percent, visible
from .plane import Plane, before

if TYPE_CHECKING:
    from ..selection.calibrating import Bins


def lift_figure(
    bins: Bins,
    *,
    constant: str = "the mean",
    exposure: str = "rows",
    width: float = 720,
    ident: str = "lift",
) -> str:
    """Draw observed and predicted means over those of the constant model, in bins of the model's ratio to it, as an SVG.

    Parameters
    ----------
    bins : as ``bridle.selection.Diagnostics.lift`` holds them.
    constant : what the other model predicts.  exposure : what the horizontal axis counts.
    width, ident : as in ``path_figure``.

    Examples
    --------
    >>> import numpy as np
    >>> from bridle.selection.calibrating import Bins
    >>> p = np.array([0.5, 1.5])
    >>> lift_figure(Bins(np.array([9, 9]), np.full(2, 9.0), p, np.ones(2), p, p - 0.1, p + 0.1)).count("<circle")
    2
    """
    narrow = width < 500
    top, bottom = 34.0, 300.0 if narrow else 330.0
    names = ("the model", "observed", "constant") if narrow else ("this model", "observed", visible(constant))
    # as wide as the names beside the ends of the lines are, but of a long one only what its share is
    gutter = min(max(76.0 if narrow else 118.0, axes.widest(names, 12 * axes.BOLD) + 12), width / 4)
    over = {name: getattr(bins, name) / bins.constant for name in ("predicted", "observed", "low", "high")}
    far = np.minimum(over["high"], 2 * over["observed"].max())  # one wide interval does not flatten the rest
    drawn = np.concatenate([over["predicted"], over["observed"], over["low"], far, [1.0]])
    low, high = float(drawn.min()), float(drawn.max())
    margin = 0.06 * (high - low) or 0.5
    low, high = max(low - margin, 0.0), high + margin
    left = max(before(low, high, 6, shares=True), 52.0)
    plane = Plane.of((0.0, 1.0), (low, high), (left, top, width - gutter, bottom))
    share = bins.exposure / bins.exposure.sum()
    middle = np.cumsum(share) - 0.5 * share
    body = _ground(plane, exposure, narrow)
    body.append(axes.line(plane.x.start, plane.y(1.0), plane.x.end, plane.y(1.0), "null"))
    xs = [plane.x(float(v)) for v in middle]
    body.append(axes.polyline(xs, [plane.y(float(v)) for v in over["predicted"]], "curve heldout"))
    for k in range(len(bins)):
        body.append(_bin(bins, k, float(middle[k]), {n: float(v[k]) for n, v in over.items()}, plane))
    body += _labels(plane, over, names, width)
    return axes.drawing(ident, width, bottom + 46, "Double lift", _described(bins, constant), body)


def _ground(plane: Plane, exposure: str, narrow: bool) -> list[str]:
    percents = Plane(plane.x, plane.y, shares=True)
    across = f"{exposure}, in the order of model over constant"
    return percents.drawn(across if not narrow else exposure, "mean, as a share of the constant's")


def _bin(bins: Bins, k: int, x: float, over: dict[str, float], plane: Plane) -> str:
    high, low = min(over["high"], plane.y.high), max(over["low"], plane.y.low)
    parts = plane.whisker(x, low, high)
    parts.append(
        f'<circle class="dot observed" cx="{axes.px(plane.x(x))}" cy="{axes.px(plane.y(over["observed"]))}" r="4"/>'
    )
    said = (
        f"{int(bins.rows[k]):,} rows: observed {number(float(bins.observed[k]))}, the model "
        f"{number(float(bins.predicted[k]))}, the constant {number(float(bins.constant[k]))}"
    )
    return f'<g class="series">{"".join(parts)}{axes.hint(said)}</g>'


def _labels(
    plane: Plane, over: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]], said: Sequence[str], width: float
) -> list[str]:  # fmt: skip
    names = [
        (plane.y(float(over["predicted"][-1])), said[0], "end heldout"),
        (plane.y(float(over["observed"][-1])), said[1], "end observed"),
        (plane.y(1.0), said[2], "end null"),
    ]
    names.sort()
    room = width - plane.x.end - 10
    places = axes.spread([n[0] for n in names], 16.0, plane.y.end, plane.y.start)
    return [
        axes.text(plane.x.end + 8, place + 4, axes.cut(name, 12 * axes.BOLD, room), style)
        for place, (_, name, style) in zip(places, names)
    ]


def _described(bins: Bins, constant: str) -> str:
    first, last = (signed_percent(float(bins.observed[k] / bins.constant[k]) - 1) for k in (0, -1))
    return visible(
        f"{len(bins)} bins, from where the model predicts least beside {constant} to where it predicts most. What was "
        f"observed differs from {constant} by {first} in the first bin and by {last} in the last."
    )


__all__ = ["lift_figure"]
