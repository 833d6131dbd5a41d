"""The constant model of a family: the intercept alone, beside an offset."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .family import Family, Floats


def constant_model(
    family: Family, y: Floats, weights: Floats | None, offset: Floats | None, fit_intercept: bool = True
) -> float:
    """The intercept that minimizes the weighted loss of these rows, beside their offset; 0 without one.

    Where all rows have the same offset it is the link of the mean, exactly, as the slope of every family with a link is
    (mean - y) times a factor of the mean. So it is where the variance is a power of the mean: with it, and a logarithm for
    link, the slope is mean^(2 - power) - y mean^(1 - power), and the mean a product with exp(intercept). Elsewhere Newton's
    method between bounds.
    """
    if not fit_intercept:
        return 0.0
    w = np.ones(len(y)) if weights is None else weights
    offset = np.zeros(len(y)) if offset is None else offset
    y, offset, w = y[w > 0], offset[w > 0], w[w > 0]
    if not len(y):
        return 0.0
    share = w / w.sum()
    with np.errstate(divide="ignore"):
        # within the targets: rounding must not carry the mean of rows of one class beyond it
        guess = family.predictor(np.array([np.clip(share @ y, y.min(), y.max())]))[0]
    if family.link != "identity" and not (offset != offset[0]).any():
        return float(np.clip(guess - offset[0], -700.0, 700.0))
    if family.variance_power is not None and share @ y > 0:
        power = family.variance_power
        return _log_sum(share * y, (1 - power) * offset) - _log_sum(share, (2 - power) * offset)
    centre = float(share @ offset)
    at = float(np.clip(guess, -700.0, 700.0)) - centre if np.isfinite(guess) else -centre
    return _root(
        lambda b: (float(share @ family.slope(y, offset + b)), float(share @ family.weight(y, offset + b))),
        at,
    )


def _log_sum(weights: Floats, exponents: Floats) -> float:
    """log sum w exp(e), without overflow."""
    top = float(exponents[weights > 0].max())
    return float(np.log(weights @ np.exp(np.minimum(exponents - top, 0.0)))) + top


def _root(slope: Callable[[float], tuple[float, float]], at: float) -> float:
    """Where an increasing function is zero: Newton's method, within bounds that it narrows itself."""
    low, high = -np.inf, np.inf
    step = 1.0
    for _ in range(200):
        value, curvature = slope(at)
        if value == 0 or not np.isfinite(at):
            break
        if value > 0:
            high = at
        else:
            low = at
        fresh = at - value / curvature if curvature > 0 and np.isfinite(value) else np.nan
        if not low < fresh < high:
            inside = np.isfinite(low) and np.isfinite(high)
            fresh = 0.5 * (low + high) if inside else at - np.copysign(step, value)
            step *= 2
        if abs(fresh - at) <= 4e-16 * max(abs(at), 1.0) or abs(fresh) > 1e6:
            at = fresh
            break
        at = fresh
    return at
