"""Calibration: what was observed beside what was predicted, in bins of the prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import axes
from .formatting import number, percent, visible
from .plane import MARGIN, Plane, before, legend

if TYPE_CHECKING:
    from ..selection.calibrating import Bins


def calibration_figure(
    bins: Bins,
    *,
    predicted: str = "predicted probability",
    observed: str = "observed share",
    shares: bool = True,
    width: float = 720,
    ident: str = "calibration",
) -> str:
    """Draw bins as dots over a diagonal, where observed and predicted agree, as an SVG.

    Parameters
    ----------
    bins : as ``bridle.selection.Diagnostics`` holds them.
    predicted, observed : names of the axes.  shares : whether both are shares, written in percent.
    width, ident : as in ``path_figure``.

    Examples
    --------
    >>> import numpy as np
    >>> from bridle.selection.calibrating import Bins
    >>> p = np.array([0.2, 0.6])
    >>> bins = Bins(np.array([9, 9]), np.full(2, 9.0), p, p, p, p - 0.1, p + 0.1)
    >>> calibration_figure(bins).count("<circle")
    2
    """
    narrow = width < 500
    ticks = 5 if narrow else 6
    reach = float(np.max([bins.predicted, bins.observed, np.minimum(bins.high, 2 * bins.observed.max())]))
    reach = min(1.03 * reach, 1.0) if shares else 1.03 * reach
    reach = reach if reach > 0 else 1.0
    top, left = 34.0, before(0.0, reach, ticks, shares=shares)
    side = width - left - MARGIN if narrow else 400.0
    room = (left, top, left + side, top + side)
    plane = Plane.of((0.0, reach), (0.0, reach), room, shares=shares)
    body = plane.drawn(predicted, observed, ticks=ticks)
    body.append(axes.line(plane.x(0), plane.y(0), plane.x(reach), plane.y(reach), "null"))
    for k in range(len(bins)):
        body.append(_bin(bins, k, plane, reach, shares))
    if not narrow:
        few, most = int(bins.rows.min()), int(bins.rows.max())
        size = f"{few:,}" if few == most else f"{few:,} to {most:,}"
        lines = [
            ("name", f"● {len(bins)} bins of {size} rows"),
            ("name", "┃ 95% interval of the observed"),
            ("name", "⋯ observed as predicted"),
        ]
        body += legend(room[2] + 28, top + 12, lines, width - room[2] - 28)
    height = room[3] + 46
    return axes.drawing(ident, width, height, "Calibration", _described(bins, shares), body)


def _bin(bins: Bins, k: int, plane: Plane, reach: float, shares: bool) -> str:
    said = percent if shares else number
    x, y = float(bins.predicted[k]), float(bins.observed[k])
    low, high = max(float(bins.low[k]), 0.0), min(float(bins.high[k]), reach)
    parts = plane.whisker(x, low, high)
    parts.append(
        f'<circle class="dot heldout" cx="{axes.px(plane.x(x))}" cy="{axes.px(plane.y(min(y, reach)))}" r="4.5"/>'
    )
    hint = axes.hint(f"{int(bins.rows[k]):,} rows: predicted {said(x)}, observed {said(y)}")
    return f'<g class="series">{"".join(parts)}{hint}</g>'


def outside(bins: Bins) -> int:
    """In how many bins the prediction lies outside the interval of what was observed."""
    return int(((bins.predicted < bins.low) | (bins.predicted > bins.high)).sum())


def _described(bins: Bins, shares: bool) -> str:
    said = percent if shares else number
    return visible(
        f"{len(bins)} bins of the prediction, from {said(float(bins.predicted[0]))} to {said(float(bins.predicted[-1]))}; "
        f"in {outside(bins)} of them the prediction lies outside the 95% interval of the observed mean."
    )


__all__ = ["calibration_figure", "outside"]
