"""Several training problems on the same rows: each has its own weights of the rows and its own standardization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .network import Array, Floats

_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class Problems:
    """B problems on n rows; a fold is a problem whose held-out rows weigh nothing.

    Attributes
    ----------
    X : (n, p) columns, in common units in which float32 holds their digits; ``x_centre`` and ``x_unit`` (p,) say which.
    Y : (n, outputs) targets in original units, or (n,) codes of classes.
    weights : (B, n) of the rows in training.
    held : (B, n) of the rows that early stopping looks at; None where nothing is stopped early.
    x_mean, x_scale : (B, p) of each problem's training rows, in the units of ``X``; scale 0: constant there.
    y_mean, y_scale : (B, outputs) in the units of ``Y``; 0 and 1 for classes.
    """

    family: str
    X: Array
    Y: Array
    weights: Floats
    held: Floats | None
    x_centre: Floats
    x_unit: Floats
    x_mean: Floats
    x_scale: Floats
    y_mean: Floats
    y_scale: Floats
    outputs: int

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def n_rows(self) -> int:
        """Rows, whether a problem trains on them or not."""
        return len(self.X)

    def common_target(self) -> tuple[Floats, Floats, Floats]:
        """The target of a regression in the units of problem 0, and every problem's mean and scale (B, outputs) in these."""
        centre, unit = self.y_mean[0], self.y_scale[0]
        return (self.Y - centre) / unit, (self.y_mean - centre) / unit, self.y_scale / unit

    def null_start(self) -> Floats:
        """(B, outputs) the last layer's bias at which the network says what the constant model says."""
        if self.family == "squared":
            return (self._means() - self.y_mean) / self.y_scale
        share = self.weights / self.weights.sum(axis=1, keepdims=True)
        classes = 2 if self.family == "binomial" else self.outputs
        each = np.stack([share @ (k == self.Y) for k in range(classes)], axis=1)
        logs = np.log(np.maximum(each, 1e-6))
        if self.family == "binomial":
            return np.asarray(logs[:, 1:] - logs[:, :1])
        return np.asarray(logs - logs.mean(axis=1, keepdims=True))

    def _means(self) -> Floats:
        return np.asarray(self.weights @ self.Y / self.weights.sum(axis=1, keepdims=True))


def problems_of(
    X: Array,
    Y: Array,
    weights: Floats,
    *,
    family: str,
    outputs: int,
    held: Floats | None = None,
    standardize: bool = True,
    dtype: type = np.float32,
) -> Problems:
    """Read X (n, p) and Y once; every problem's means and scales are those of its own training rows."""
    p, problems = X.shape[1], len(weights)
    mean, scale = np.zeros((problems, p)), np.ones((problems, p))
    y_mean, y_scale = np.zeros((problems, outputs)), np.ones((problems, outputs))
    if not standardize:
        plain: Array = np.ascontiguousarray(X, dtype=dtype)
        return Problems(
            family, plain, Y, weights, held, mean[0], scale[0], mean, scale, y_mean, y_scale, outputs
        )  # fmt: skip
    mean, scale = moments(X, weights)
    centre, unit = _common(mean, scale)
    scaled = _scaled(X, centre, unit, dtype)
    mean, scale = (mean - centre) / unit, scale / unit
    if family == "squared":
        y_mean, y_scale = moments(Y, weights)
        y_scale = np.where(y_scale > 0, y_scale, 1.0)
    return Problems(
        family, scaled, Y, weights, held, centre, unit, mean, scale, y_mean, y_scale, outputs
    )  # fmt: skip


def _common(mean: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """(p,), (p,) one centre and unit for all problems: by column, those of the problem where it varies least.

    A cell far out that only some problems train on would otherwise take the digits of float32 from the others.
    """
    least = np.where(scale > 0, scale, np.inf).argmin(axis=0)[None, :]
    unit = np.take_along_axis(scale, least, axis=0)[0]
    return np.take_along_axis(mean, least, axis=0)[0], np.where(unit > 0, unit, 1.0)


def _scaled(X: Array, centre: Floats, unit: Floats, dtype: type) -> Array:
    out: Array = np.empty(X.shape, dtype=dtype)
    for start in range(0, len(X), _ROWS):
        rows = slice(start, start + _ROWS)
        out[rows] = (X[rows] - centre) / unit
    return out


def moments(X: Array, weights: Floats) -> tuple[Floats, Floats]:
    """Means and standard deviations (B, p) under each problem's weights; 0 for what is constant up to rounding.

    Each problem reads its own rows only, so that nothing in the others, however large, can touch its digits.

    >>> moments(np.array([[1.0], [3.0], [1e9]]), np.array([[1.0, 1.0, 0.0]]))
    (array([[2.]]), array([[1.]]))
    """
    mean, scale = np.zeros((len(weights), X.shape[1])), np.zeros((len(weights), X.shape[1]))
    resolution = 4 * np.finfo(X.dtype if X.dtype.kind == "f" else np.float64).eps
    for b, weight in enumerate(weights):
        share = weight / weight.sum()
        low, high = np.full(X.shape[1], np.inf), np.full(X.shape[1], -np.inf)
        tiles = [start + np.flatnonzero(share[start : start + _ROWS]) for start in range(0, len(X), _ROWS)]
        for rows in tiles:
            part = X[rows].astype(np.float64)
            mean[b] += share[rows] @ part
            low = np.minimum(low, part.min(axis=0, initial=np.inf))
            high = np.maximum(high, part.max(axis=0, initial=-np.inf))
        mean[b] = np.clip(mean[b], low, high)
        far = np.maximum(high - mean[b], mean[b] - low)  # the squares of huge numbers would overflow
        flat = high - low <= resolution * np.maximum(np.abs(low), np.abs(high))
        far = np.where(flat, 1.0, far)
        for rows in tiles:
            scale[b] += share[rows] @ ((X[rows] - mean[b]) / far) ** 2
        scale[b] = np.where(flat, 0.0, far * np.sqrt(scale[b]))
    return mean, scale
