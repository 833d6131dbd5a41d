"""Gradient descent on a penalized mean squared error, step by step, in plain NumPy: to look at, not to fit with.

    objective(w) = mean (y - Xw)^2 + alpha * R(w),     R(w) = sum w_j^2 ("l2"), sum |w_j| ("l1") or 0 ("none")

This is the lesson's convention (``bridle.conventions``, "lesson"), not bridle's own, which halves the loss. Every step
is the sum of two parts that are kept apart: what the loss asks for and what the penalty asks for.

- "gradient": w <- w (1 - 2 lr alpha) - lr grad MSE. L1 has no gradient where a weight is 0, so it is refused.
- "subgradient": the same with lr alpha sign(w) for L1, and 0 for the sign of 0. It hops over zero and never lands.
- "proximal": a gradient step of the loss, then the exact minimizer of the penalty nearby: for L1 the soft threshold
  sign(v) max(|v| - lr alpha, 0), which lands on exactly 0 (ISTA; Beck and Teboulle 2009); for L2 a division by
  1 + 2 lr alpha. A weight at 0 leaves it again when the loss pulls harder than the penalty holds.

With momentum m the parts are summed into velocities, v <- m v + gradient. Coupled, the penalty's gradient goes through a
velocity as the loss's does; decoupled, the weights decay by the step at hand alone (Loshchilov and Hutter 2019).
Without momentum the two are the same step. A proximal step is decoupled by its nature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DataError, UsageError, number

Floats = NDArray[np.float64]
PENALTIES = ("none", "l2", "l1")
METHODS = ("gradient", "subgradient", "proximal")
DECAYS = ("coupled", "decoupled")
# Diverged: the objective is this many times the larger of the start's and of all-zero weights'.
FAR = 100.0
MOST_STEPS = 1_000_000


@dataclass(frozen=True, eq=False)
class Descent:
    """What every step of a descent did, T steps in p weights.

    Attributes
    ----------
    positions : (T + 1, p) weights, the start first.
    loss_steps, penalty_steps : (T, p) the two parts of every step: positions[t + 1] is positions[t] plus both, up to
        rounding.
    objective, loss : (T + 1,) the objective, and the mean squared error alone, in units of the target squared.
    intercepts : (T + 1,) that belong to the weights; 0 where none was asked for.
    critical_lr : 2 / L for the largest curvature L of what the step differentiates. Below it a run converges (a subgradient
        one hovers); above it, it diverges from almost every start, but that an L1 proximal run may still settle where
        weights at 0 leave less curvature to the others.
    diverged, diverged_at : whether, and at which step first, the objective was 100 times the larger of its values at the
        start and at all-zero weights; None where it was not.
    landed_at : (p,) the first step, from 1, that left a weight at exactly 0; -1 where none did.
    """

    positions: Floats
    loss_steps: Floats
    penalty_steps: Floats
    objective: Floats
    loss: Floats
    intercepts: Floats
    critical_lr: float
    diverged_at: int | None
    landed_at: NDArray[np.int64]
    lr: float
    alpha: float
    penalty: str
    method: str
    decay: str
    momentum: float

    @property
    def diverged(self) -> bool:
        """Whether the objective ran away."""
        return self.diverged_at is not None

    @property
    def weights(self) -> Floats:
        """(p,) where the last step ended."""
        return np.asarray(self.positions[-1])

    def __len__(self) -> int:
        return len(self.loss_steps)


def descend(
    X: Any,
    y: Any,
    *,
    alpha: float = 0.0,
    penalty: str = "l2",
    method: str = "gradient",
    decay: str = "coupled",
    lr: float,
    steps: int = 100,
    start: Any = None,
    fit_intercept: bool = False,
    momentum: float = 0.0,
) -> Descent:
    """Descend on mean (y - Xw)^2 plus a penalty and keep every step: for lessons about how weights move.

    Parameters
    ----------
    X, y : (n, p) and (n,) finite numbers.
    alpha : the strength, at least 0, in the lesson's convention: alpha sum w^2 or alpha sum |w|.
    penalty : "l2", "l1" or "none".
    method : "gradient" (not for L1), "subgradient" or "proximal".
    decay : "coupled" or "decoupled"; they differ with momentum only.
    lr : the learning rate, above 0.
    steps : how many, T.
    start : (p,) weights; zeros unless given.
    fit_intercept : columns and target are centred first; the intercept is never penalized.
    momentum : at least 0 and below 1.

    Returns
    -------
    Descent
        Frozen. Behind a step that left the range of numbers everything is NaN.

    Raises
    ------
    UsageError
        For settings that make no sense.
    DataError
        For arrays of other shapes, or that hold what is no finite number.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[1.0], [-1.0]]), np.array([2.0, -2.0])
    >>> descend(X, y, alpha=1.0, lr=0.25, steps=2).positions.ravel()
    array([0., 1., 1.])
    >>> descend(X, y, alpha=6.0, penalty="l1", method="proximal", lr=0.25, steps=3, start=[1.0]).landed_at
    array([1])
    """
    X, y = _rows(X, y)
    alpha, lr = number("alpha", alpha, 0.0), number("lr", lr, 0.0)
    if not (lr > 0 and math.isfinite(lr) and math.isfinite(alpha)):
        raise UsageError(f"lr must be a finite number above 0 and alpha finite, not {lr:g} and {alpha:g}.")
    steps = int(number("steps", steps, 0, MOST_STEPS, whole=True))
    momentum = number("momentum", momentum, 0.0, 1.0)
    if momentum == 1:
        raise UsageError("momentum must be below 1.")
    for name, value, known in (
        ("penalty", penalty, PENALTIES), ("method", method, METHODS), ("decay", decay, DECAYS)
    ):  # fmt: skip
        if value not in known:
            raise UsageError(f"{name} must be one of {', '.join(known)}, not {value!r}.")
    if method == "gradient" and penalty == "l1":
        raise UsageError('L1 has no gradient where a weight is 0: use method="subgradient" or "proximal".')
    n, p = X.shape
    x_mean, y_mean = (X.mean(axis=0), float(y.mean())) if fit_intercept else (np.zeros(p), 0.0)
    X, y = X - x_mean, y - y_mean
    settings = _Settings(alpha, penalty, method, decay, lr, momentum)
    w = _start(start, p)
    positions, parts = np.full((steps + 1, p), np.nan), np.full((2, steps, p), np.nan)
    positions[0] = w
    velocity = np.zeros((2, p))
    with np.errstate(over="ignore", invalid="ignore"):  # what diverges ends in infinity, and says so
        for t in range(steps):
            gradient = 2.0 / n * (X.T @ (X @ w - y))
            parts[0, t], parts[1, t], w = _step(w, gradient, velocity, settings)
            if not np.isfinite(w).all():
                break
            positions[t + 1] = w
        loss = ((y[:, None] - X @ positions.T) ** 2).mean(axis=0)
        objective = loss + alpha * _size(positions, penalty)
        far = np.flatnonzero(~(objective <= FAR * max(objective[0], float(y @ y) / n)))
    zero = positions[1:] == 0
    return Descent(
        positions=positions,
        loss_steps=parts[0],
        penalty_steps=parts[1],
        objective=objective,
        loss=loss,
        intercepts=y_mean - positions @ x_mean,
        critical_lr=_critical(X, settings),
        diverged_at=int(far[0]) if len(far) else None,
        landed_at=np.where(zero.any(axis=0), zero.argmax(axis=0) + 1, -1) if steps else np.full(p, -1),
        lr=lr,
        alpha=alpha,
        penalty=penalty,
        method=method,
        decay=decay,
        momentum=momentum,
    )


@dataclass(frozen=True)
class _Settings:
    alpha: float
    penalty: str
    method: str
    decay: str
    lr: float
    momentum: float


def _step(w: Floats, gradient: Floats, velocity: Floats, s: _Settings) -> tuple[Floats, Floats, Floats]:
    """One step: its loss's part, its penalty's part and where it ends; ``velocity`` (2, p) is carried on in place."""
    velocity[0] = s.momentum * velocity[0] + gradient
    by_loss = -s.lr * velocity[0]
    if s.method == "proximal":
        end = _proximal(w + by_loss, s)
        return by_loss, end - (w + by_loss), end
    own = s.alpha * (2.0 * w if s.penalty == "l2" else np.sign(w) if s.penalty == "l1" else np.zeros_like(w))
    velocity[1] = own + (s.momentum * velocity[1] if s.decay == "coupled" else 0.0)
    by_penalty = -s.lr * velocity[1]
    return by_loss, by_penalty, w + by_loss + by_penalty


def _proximal(v: Floats, s: _Settings) -> Floats:
    """The minimizer of (u - v)^2 / 2 + lr alpha R(u): the soft threshold for L1, exactly 0 inside it."""
    if s.penalty == "l1":
        return np.asarray(np.sign(v) * np.maximum(np.abs(v) - s.lr * s.alpha, 0.0) + 0.0)
    return np.asarray(v / (1.0 + 2.0 * s.lr * s.alpha) if s.penalty == "l2" else v)


def _size(positions: Floats, penalty: str) -> Floats:
    if penalty == "none":
        return np.zeros(len(positions))
    return np.asarray((positions**2 if penalty == "l2" else np.abs(positions)).sum(axis=1))


def _critical(X: Floats, s: _Settings) -> float:
    """The largest rate at which no direction of the quadratic grows; h is the loss's largest curvature.

    A direction of curvature h moves by a recurrence of second order; its roots leave the unit circle through -1 at
        lr (h + 2 alpha) = 2 (1 + m) coupled,  lr (h + 2 alpha (1 + m)) = 2 (1 + m) decoupled,
        lr (h - 2 alpha (1 + m)) = 2 (1 + m) after an L2 proximal step.
    Without momentum and penalty that is 2 / h. L1 adds no curvature.
    """
    n, p = X.shape
    square = X.T @ X if p <= n else X @ X.T
    h = 2.0 * float(np.linalg.eigvalsh(square)[-1]) / n if min(n, p) else 0.0
    ridge = 2.0 * s.alpha if s.penalty == "l2" else 0.0
    reach = 2.0 * (1.0 + s.momentum)
    if s.method == "proximal":
        curvature = h - ridge * (1.0 + s.momentum)
    else:
        curvature = h + ridge * (1.0 if s.decay == "coupled" else 1.0 + s.momentum)
    return reach / curvature if curvature > 0 else math.inf


def _rows(X: Any, y: Any) -> tuple[Floats, Floats]:
    try:
        X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("X and y must hold numbers.") from None
    if X.ndim != 2 or y.shape != (X.shape[0],) or not len(y):
        raise DataError(f"X must be (n, p) and y (n,) with n at least 1, not {X.shape} and {y.shape}.")
    if not (np.isfinite(X).all() and np.isfinite(y).all()):
        raise DataError("X and y must hold finite numbers only.")
    return X, y


def _start(start: Any, p: int) -> Floats:
    if start is None:
        return np.zeros(p)
    try:
        w = np.array(start, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"start must be {p} numbers.") from None
    if w.shape != (p,) or not np.isfinite(w).all():
        raise UsageError(f"start must be {p} finite numbers, not {w.tolist()!r}.")
    return w


__all__ = ["Descent", "descend"]
