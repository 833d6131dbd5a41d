"""The lessons "yours-corners" and "yours-pair": what a picture of two weights of a table's model needs.

The loss of squared error is a quadratic that the correlations tell whole. That of another family is not: for one pair of
columns its slope and its curvature are read off the rows at every fit of the path, the intercept profiled out by the
weights of the curvature, as Newton's steps do. The quadratic made of them has the loss's own slope at the fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..families import SQUARED
from ..model import Model
from ..moments import accumulate
from .asking import Asked, about
from .keys import Key
from .modelling import fitted
from .tables import Tables
from .work import Lesson, Progress

Floats = NDArray[np.float64]
MOST_CORNERS = 200


def corners(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """The path in standard deviations and, with squared error, the correlations; missing cells filled."""
    asked = Asked(key, progress, tables)
    model = fitted(asked, progress, tables)
    path = model.path
    if path.p > MOST_CORNERS:
        raise UsageError(
            f"The columns of this table make {path.p:,} weights; the picture of two of them can show at most "
            f"{MOST_CORNERS} beside each other. Leave columns out to see it."
        )
    progress("correlations", 0.3)
    out: dict[str, Any] = {
        **about(key, tables, asked.table, asked.arguments),
        "names": model.schema.column_names(),
        "alphas": path.alphas,
        "l1_ratio": path.l1_ratio,
        "betas": path.coefs * (path.x_scale / path.y_scale),
    }
    return {**out, **_correlations(model, asked)} if asked.family == SQUARED else out


def _correlations(model: Model, asked: Asked) -> dict[str, Floats]:
    rows = model.rows_of(asked.learn)
    assert rows.target is not None
    y = rows.target if rows.offset is None else rows.target - rows.offset
    n = rows.design.n
    covariance = accumulate(rows.design, y, rows.weights, np.arange(n), np.array([0, n])).covariance()
    scale = np.sqrt(np.diag(covariance))
    scale[scale == 0] = 1.0
    correlation = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    return {"gram": correlation[:-1, :-1], "cross": correlation[:-1, -1]}


def pair(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """Slope (A, 2) and curvature (A, 3: both diagonal entries between them the other) of the mean loss at every fit of the
    path, in two of the weights, in standard deviations of their columns.
    """
    asked = Asked(key, progress, tables)
    across, up = int(key.values["across"]), int(key.values["up"])
    model = fitted(asked, progress, tables)
    if max(across, up) >= model.path.p:
        raise UsageError(f"There is no weight {max(across, up) + 1}: the columns make {model.path.p:,}.")
    slope, curvature = _at_every_fit(model, asked, np.array([across, up]), progress)
    return {
        **about(key, tables, asked.table, asked.arguments),
        "names": [],
        "across": across,
        "up": up,
        "slope": slope,
        "curvature": curvature,
    }


def _at_every_fit(
    model: Model, asked: Asked, which: NDArray[np.intp], progress: Progress
) -> tuple[Floats, Floats]:
    path, family, rows = model.path, asked.family, model.rows_of(asked.learn)
    assert rows.target is not None
    weights = np.ones(rows.design.n) if rows.weights is None else rows.weights
    share = weights / weights.sum()
    x = rows.design.columns(which) / path.x_scale[which]
    slope, curvature = np.zeros((len(path), 2)), np.zeros((len(path), 3))
    for k in range(len(path)):
        progress("curvature", k / len(path))
        eta = rows.design.matvec(path.stored.row(k)) + path.intercepts[k]
        eta = eta if rows.offset is None else eta + rows.offset
        bend = share * family.weight(rows.target, eta)
        total = bend.sum()
        z = x - (bend @ x / total if total > 0 else share @ x)
        slope[k] = (share * family.slope(rows.target, eta)) @ z
        square = (z * bend[:, None]).T @ z
        curvature[k] = square[0, 0], square[0, 1], square[1, 1]
    return slope, curvature


__all__ = ["corners", "pair"]
