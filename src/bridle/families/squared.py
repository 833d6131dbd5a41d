"""Numbers with noise of one size: squared error, and Huber's, which far rows pull on no harder than near ones."""

from __future__ import annotations

import numpy as np

from .family import Family, Floats, positive_parameter


class Squared(Family):
    """(y - eta)^2 / 2."""

    name = "squared"
    steepest = 1.0
    smooth = True
    kernel = (0, 0.0)

    def loss(self, y: Floats, eta: Floats) -> Floats:
        return np.asarray(0.5 * (y - eta) ** 2)

    def slope(self, y: Floats, eta: Floats) -> Floats:
        return np.asarray(eta - y)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        return np.ones(np.broadcast_shapes(np.shape(y), np.shape(eta)))

    def mean(self, eta: Floats) -> Floats:
        return eta

    def predictor(self, mean: Floats) -> Floats:
        return mean

    def conjugate_gap(self, y: Floats, eta: Floats, share: float) -> Floats:
        return np.asarray(0.5 * ((1 - share) * (y - eta)) ** 2)


class Huber(Family):
    """r^2 / 2 within delta, delta |r| - delta^2 / 2 beyond, r = y - eta (Huber 1964). delta in units of the target."""

    name = "huber"
    steepest = 1.0

    def __init__(self, delta: float = 1.345) -> None:
        self.delta = positive_parameter("huber", "delta", delta, 0.0, np.inf)
        self.kernel = (6, self.delta)

    @property
    def parameter(self) -> float:
        return self.delta

    def loss(self, y: Floats, eta: Floats) -> Floats:
        r = np.abs(y - eta)
        near = np.minimum(r, self.delta)
        return np.asarray(near * (r - 0.5 * near))

    def slope(self, y: Floats, eta: Floats) -> Floats:
        return np.clip(eta - y, -self.delta, self.delta)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        return np.asarray(np.abs(y - eta) <= self.delta, dtype=np.float64)

    def mean(self, eta: Floats) -> Floats:
        return eta

    def predictor(self, mean: Floats) -> Floats:
        return mean

    def conjugate_gap(self, y: Floats, eta: Floats, share: float) -> Floats:
        u = np.clip(eta - y, -self.delta, self.delta)
        return np.asarray(
            0.5 * (1 - share) ** 2 * u * u
            + (1 - share) * np.abs(u) * np.maximum(np.abs(y - eta) - self.delta, 0.0)
        )
