"""The ordered Lorenz curve: how much of what was observed lies with the rows of the lowest predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import axes
from .formatting import number, percent, short
from .plane import MARGIN, Plane, before, legend

if TYPE_CHECKING:
    from ..selection.ranking import Lorenz


def lorenz_figure(
    lorenz: Lorenz,
    gini: float,
    *,
    target: str = "the target",
    exposure: str = "rows",
    width: float = 720,
    ident: str = "lorenz",
) -> str:
    """Draw the share of the target against the share of exposure, lowest predictions first, as an SVG.

    Parameters
    ----------
    lorenz, gini : the points of the curve, and 1 minus twice the area under it.
    target : what was observed.  exposure : what the horizontal axis counts.
    width, ident : as in ``path_figure``.

    Examples
    --------
    >>> import numpy as np
    >>> from bridle.selection.ranking import Lorenz
    >>> lorenz_figure(Lorenz(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.2, 1.0])), 0.3).startswith("<svg")
    True
    """
    narrow = width < 500
    top, left = 34.0, before(0.0, 1.0, 6, shares=True)
    side = width - left - MARGIN if narrow else 400.0
    room = (left, top, left + side, top + side)
    plane = Plane.of((0.0, 1.0), (0.0, 1.0), room, shares=True)
    body = plane.drawn(
        f"share of {exposure}, lowest predictions first",
        f"share of all {short(target, 40)}",
    )
    body.append(axes.line(plane.x(0), plane.y(0), plane.x(1), plane.y(1), "null"))
    xs = [plane.x(float(v)) for v in lorenz.exposure]
    body.append(axes.polyline(xs, [plane.y(float(v)) for v in lorenz.observed], "curve heldout"))
    for x, said in _read_off(lorenz, target):
        body.append(
            f'<circle class="target" cx="{axes.px(plane.x(x))}" cy="{axes.px(plane.y(at(lorenz, x)))}" r="8">'
            f"{axes.hint(said)}</circle>"
        )
    if not narrow:
        half = percent(at(lorenz, 0.5))
        lines = [
            ("name", f"Gini {number(gini)}"),
            ("label", f"the lower half has {half} of the total"),
            ("name", "⋯ predictions that tell nothing"),
        ]
        body += legend(room[2] + 28, top + 12, lines, width - room[2] - 28)
    return axes.drawing(
        ident, width, room[3] + 46, "Lift: ordered Lorenz curve", _described(lorenz, gini), body
    )


def at(lorenz: Lorenz, share: float) -> float:
    """How much was observed with this share of exposure, lowest predictions first."""
    return float(np.interp(share, lorenz.exposure, lorenz.observed))


def _read_off(lorenz: Lorenz, target: str) -> list[tuple[float, str]]:
    shares = [k / 20 for k in range(1, 20)]
    return [
        (s, f"the lowest {percent(s)} have {percent(at(lorenz, s))} of all {short(target, 40)}")
        for s in shares
    ]


def _described(lorenz: Lorenz, gini: float) -> str:
    return (
        f"The half with the lowest predictions has {percent(at(lorenz, 0.5))} of what was observed; the Gini coefficient of "
        f"the order is {number(gini)}. Without any order the curve would be the diagonal."
    )


__all__ = ["at", "lorenz_figure"]
