"""The ROC curve: how many of the second class each threshold catches, and at how many false alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import axes
from .formatting import number, percent, short
from .plane import MARGIN, Plane, before, legend

if TYPE_CHECKING:
    from ..selection.ranking import Roc


def roc_figure(
    roc: Roc,
    area: float,
    chosen: int,
    *,
    first: str = "the first class",
    second: str = "the second class",
    width: float = 720,
    ident: str = "roc",
) -> str:
    """Draw a ROC curve with one threshold marked as an SVG.

    Parameters
    ----------
    roc, area : the corners of the curve, and the area under it.  chosen : the corner to mark.
    first, second : the classes; the curve catches the second.
    width, ident : as in ``path_figure``.

    Examples
    --------
    >>> import numpy as np
    >>> from bridle.selection.ranking import roc_of
    >>> roc, area = roc_of(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.4, 0.4, 0.8]), np.ones(4))
    >>> roc_figure(roc, area, 1).startswith("<svg")
    True
    """
    narrow = width < 500
    top, left = 34.0, before(0.0, 1.0, 6, shares=True)
    side = width - left - MARGIN if narrow else 400.0
    room = (left, top, left + side, top + side)
    plane = Plane.of((0.0, 1.0), (0.0, 1.0), room, shares=True)
    body = plane.drawn(
        f"share of {short(first, 24)} with a false alarm",
        f"share of {short(second, 30)} that is caught",
    )
    body.append(axes.line(plane.x(0), plane.y(0), plane.x(1), plane.y(1), "null"))
    alarms, caught = roc.alarms / max(roc.alarms[-1], 1e-300), roc.caught / max(roc.caught[-1], 1e-300)
    body.append(
        axes.polyline(
            [plane.x(float(v)) for v in alarms], [plane.y(float(v)) for v in caught], "curve heldout"
        )
    )
    body += _corners(roc, alarms, caught, plane)
    x, y = plane.x(float(alarms[chosen])), plane.y(float(caught[chosen]))
    body.append(f'<circle class="dot heldout" cx="{axes.px(x)}" cy="{axes.px(y)}" r="6"/>')
    found = [
        ("name", f"AUC {number(area)}"),
        ("name", f"● {threshold_text(float(roc.thresholds[chosen]))}"),
        ("label", f"   catches {percent(float(caught[chosen]))} of {short(second, 20)}"),
        ("label", f"   false alarms: {percent(float(alarms[chosen]))} of {short(first, 20)}"),
        ("name", "⋯ guessing"),
    ]
    if not narrow:
        body += legend(room[2] + 28, top + 12, found, width - room[2] - 28)
    return axes.drawing(ident, width, room[3] + 46, "ROC curve", _described(area, found), body)


def threshold_text(threshold: float) -> str:
    """A threshold as it is said.

    >>> threshold_text(0.25), threshold_text(float("inf"))
    ('threshold 0.250', 'no threshold: nothing is flagged')
    """
    return f"threshold {number(threshold)}" if np.isfinite(threshold) else "no threshold: nothing is flagged"


def _corners(
    roc: Roc, alarms: np.ndarray[tuple[int], np.dtype[np.float64]], caught: np.ndarray[tuple[int], np.dtype[np.float64]],
    plane: Plane,
) -> list[str]:  # fmt: skip
    """Unseen dots that bring up a threshold under a pointer."""
    parts = []
    for k in range(1, len(roc)):
        at = f'cx="{axes.px(plane.x(float(alarms[k])))}" cy="{axes.px(plane.y(float(caught[k])))}"'
        said = (
            f"{threshold_text(float(roc.thresholds[k]))}: catches {percent(float(caught[k]))}, "
            f"false alarms {percent(float(alarms[k]))}"
        )
        parts.append(f'<circle class="target" {at} r="6">{axes.hint(said)}</circle>')
    return parts


def _described(area: float, found: list[tuple[str, str]]) -> str:
    marked = ", ".join(content.strip(" ●") for _, content in found[1:4])
    start = "The curve rises from nothing caught to everything caught"
    return f"{start}; the area under it is {number(area)}. Marked: {marked}."


__all__ = ["roc_figure", "threshold_text"]
