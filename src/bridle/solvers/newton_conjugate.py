"""One ridge problem of a generalized linear model: Newton's steps whose systems are solved by conjugate gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..families import Family
from ..objective import ROUNDING
from .abreast import Tick
from .plan import Floats

MOST_STEPS, MOST_PRODUCTS = 100, 5_000
SHORTEST = 2.0**-30
MOST_SLOW = 3  # steps without gain
LOOSEST, TIGHTEST = 0.03, 1e-10  # of what is left of a system, as a share
BELOW = 0.3  # of what the next step needs to be the last
FEW_EXACT = 500  # columns whose degrees of freedom are counted, not estimated
PROBES, OF_PROBES = 8, 1e-3
SEED = 20_000


class Columns(Protocol):
    """The training rows' penalized columns, (n, size), as the penalty sees them."""

    @property
    def size(self) -> int: ...
    def times(self, right: Floats) -> Floats: ...
    def transposed(self, right: Floats) -> Floats: ...
    def squares(self, weights: Floats) -> Floats:
        """Sums of weights times their squares over the rows, (size,)."""
        ...

    def dense(self) -> Floats | None:
        """Where they are written out."""
        ...


@dataclass(frozen=True, eq=False)
class Losses:
    """The training rows: targets, offsets and shares of the weight, (n,) each."""

    family: Family
    y: Floats
    offset: Floats
    share: Floats

    def value(self, eta: Floats) -> float:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            loss = np.where(self.share > 0, self.share * self.family.loss(self.y, eta), 0.0)
        return float(loss.sum())

    def slopes(self, eta: Floats) -> tuple[Floats, Floats]:
        """First and second derivatives by eta, shares included."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            slope = np.where(self.share > 0, self.share * self.family.slope(self.y, eta), 0.0)
            curvature = np.where(self.share > 0, self.share * self.family.weight(self.y, eta), 0.0)
        return slope, curvature


@dataclass(frozen=True)
class Aim:
    """Relative gap, and violation of the optimality conditions in units of ``slope``, at which a fit may stop."""

    gap: float
    stationary: float
    null_loss: float
    slope: float


@dataclass(frozen=True, eq=False)
class Fit:
    """``x`` (size + beside,), the linear predictor (n,), the loss, the relative gap, the curvature (n,)."""

    x: Floats
    eta: Floats
    value: float
    gap: float
    curvature: Floats


class RidgeProblem:
    """loss(offset + columns c + beside d) + alpha c'c / 2; ``beside`` (n, f) are the intercept and what no penalty holds."""

    def __init__(self, columns: Columns, beside: Floats, losses: Losses, aim: Aim) -> None:
        self.columns, self.beside, self.losses, self.aim = columns, beside, losses, aim

    def predictor(self, x: Floats) -> Floats:
        return self.losses.offset + self._times(x)

    def _times(self, x: Floats) -> Floats:
        size = self.columns.size
        return self.columns.times(x[:size]) + self.beside @ x[size:]

    def _transposed(self, r: Floats) -> Floats:
        return np.concatenate([self.columns.transposed(r), self.beside.T @ r])

    def _penalized(self, x: Floats, alpha: float) -> Floats:
        """What the penalty adds to a gradient, or to a product with the curvature."""
        out = np.zeros_like(x)
        out[: self.columns.size] = alpha * x[: self.columns.size]
        return out

    def height(self, x: Floats, eta: Floats, alpha: float) -> float:
        c = x[: self.columns.size]
        return self.losses.value(eta) + 0.5 * alpha * float(c @ c)

    def solve(self, x: Floats, eta: Floats, alpha: float, tick: Tick) -> Fit:
        """The minimum, from x with its predictor."""
        aim, size = self.aim, self.columns.size
        height, slow, before = self.height(x, eta, alpha), 0, np.inf
        for _ in range(MOST_STEPS):
            slope, curvature = self.losses.slopes(eta)
            g = self._transposed(slope) + self._penalized(x, alpha)
            free = float(np.abs(g[size:]).max(initial=0.0))
            # The penalty is that much curved; of what it does not hold, to first order.
            gap = (float(g[:size] @ g[:size]) / (2 * alpha) + 0.5 * free * free) / aim.null_loss
            off = float(np.abs(g).max(initial=0.0)) / aim.slope
            slow = slow + 1 if not gap < 0.5 * before else 0
            before = min(gap, before)
            if (gap <= aim.gap and off <= aim.stationary) or slow >= MOST_SLOW or not np.isfinite(gap):
                break
            needed = min(np.sqrt(aim.gap / gap), aim.stationary / off) if off > 0 else 1.0
            step = self._newton(curvature, -g, alpha, min(max(BELOW * needed, TIGHTEST), LOOSEST), tick)
            along, gain = self._times(step), float(g @ step)
            t = 1.0
            while t >= SHORTEST:
                there, seen = x + t * step, eta + t * along
                fresh = self.height(there, seen, alpha)
                if fresh <= height + 1e-4 * t * gain + 64 * ROUNDING * (abs(height) + aim.null_loss):
                    break
                t *= 0.5
            else:
                break
            x, eta, height = there, seen, fresh
        return Fit(x, eta, self.losses.value(eta), gap, curvature)

    def _newton(self, curvature: Floats, right: Floats, alpha: float, share: float, tick: Tick) -> Floats:
        """Of the system with this curvature: preconditioned by its diagonal, until ``share`` of it is left."""
        diagonal = np.concatenate(
            [self.columns.squares(curvature) + alpha, curvature @ (self.beside * self.beside)]
        )
        diagonal = np.maximum(diagonal, 1e-12 * diagonal.max())
        out, left = np.zeros_like(right), right.copy()
        z = left / diagonal
        direction, square = z.copy(), float(left @ z)
        goal = share * share * square
        for _ in range(MOST_PRODUCTS):
            if not square > goal:
                break
            tick(-1.0)
            product = self._transposed(curvature * self._times(direction)) + self._penalized(direction, alpha)
            bend = float(direction @ product)
            if not bend > 0:
                break
            t = square / bend
            out += t * direction
            left -= t * product
            z = left / diagonal
            last, square = square, float(left @ z)
            direction = z + (square / last) * direction
        return out

    def degrees(self, fit: Fit, alpha: float, intercept: bool, tick: Tick) -> float:
        """The trace of (H + alpha)^-1 H at the fit, without the intercept's own one.

        Of many columns by vectors of random signs (Hutchinson 1989), always the same ones.
        """
        h, written = np.sqrt(fit.curvature), self.columns.dense()
        if written is not None and self.columns.size <= FEW_EXACT:
            a = np.hstack([written, self.beside]) * h[:, None]
            gram = a.T @ a
            ridge = np.zeros(len(gram))
            ridge[: self.columns.size] = alpha
            try:
                return float(np.trace(np.linalg.solve(gram + np.diag(ridge), gram))) - intercept
            except np.linalg.LinAlgError:
                return float(len(gram)) - intercept
        signs = 2.0 * np.random.default_rng(SEED).integers(0, 2, (PROBES, len(h))) - 1.0
        total = 0.0
        for sign in signs:
            right = self._transposed(h * sign)
            total += float(right @ self._newton(fit.curvature, right, alpha, OF_PROBES, tick))
        return total / PROBES - intercept
