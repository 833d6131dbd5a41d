"""Huber's regression with the scale of the noise as one more unknown: jointly convex, solved by Newton's method.

Minimized over b, c and s > 0, with r_i = y_i - c - x_i . b, W the sum of the weights and d = epsilon s,

    sum_i w_i (s + H(r_i / s) s) + alpha sum_j b_j^2,   H(z) = z^2 within epsilon, 2 epsilon |z| - epsilon^2 beyond

(Huber and Ronchetti, Robust Statistics; Owen 2006). With u_i = r_i clipped to [-d, d] its gradient is -(2 / s) X'(w u) +
2 alpha b, -(2 / s) w'u and W - w'u^2 / s^2; its curvature is that of r^2 / s on the rows within d, a square of
x db + dc + (r / s) ds. At a fixed s it is the family huber(d) at the strength alpha s / W.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas, thread_count
from ..moments import accumulate, unpack
from ..solvers import Rows

Floats = NDArray[np.float64]
FLOOR = 1e-10  # smallest scale, as a share of the target's spread: below, most rows are fitted exactly
MOST_STEPS = 500
SETTLED = 1e-15  # of the objective, half a Newton decrement
RESTING = 1e-9  # the same where a fit of before may stay as it is
LEAST_DAMPING = 1e-9
SHRINK = 0.7  # of the scale in one step, at most: the coefficients have to follow it
MOST_IDLE = 12  # steps in a row that gain nothing


@dataclass(frozen=True, eq=False)
class Scaled:
    """Coefficients (p,), intercept, scale, residuals (n,), the steps it took, and whether the scale is at its floor."""

    coef: Floats
    intercept: float
    scale: float
    residual: Floats
    steps: int
    at_floor: bool


class _Joint:
    """The objective, divided by W, and its Newton steps on one table."""

    def __init__(self, rows: Rows, epsilon: float, alpha: float, fit_intercept: bool, threads: int) -> None:
        self.rows, self.epsilon, self.fit_intercept, self.threads = rows, epsilon, fit_intercept, threads
        weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
        self.share = weights / weights.sum()
        self.ridge = alpha / float(weights.sum())
        self.order, self.start = np.arange(len(rows.y)), np.array([0, len(rows.y)])

    def value(self, residual: Floats, scale: float, square: float) -> float:
        """Of residuals and a scale; ``square`` is |b|^2."""
        near = np.minimum(np.abs(residual), self.epsilon * scale)
        return float(
            scale + self.share @ (near * (2 * np.abs(residual) - near)) / scale + self.ridge * square
        )

    def slope(self, residual: Floats, scale: float, change: Floats, d_s: float, along: float) -> float:
        """The derivative of ``value`` where the residual goes down by ``change`` and the scale up by d_s.

        ``along`` is the penalty's share: b . db.
        """
        u = np.clip(residual, -self.epsilon * scale, self.epsilon * scale)
        of_scale = 1.0 - float(self.share @ u**2) / scale**2
        return d_s * of_scale - 2.0 / scale * float(self.share @ (u * change)) + 2.0 * self.ridge * along

    def step(
        self, coef: Floats, residual: Floats, scale: float, held: bool, damping: float
    ) -> tuple[Floats, float, float, float]:
        """Newton's step (db, dc, ds) and its decrement; the scale stays where it is ``held``.

        A row beyond d has no curvature of its own: it gets ``damping`` times that of the parabola that touches its loss
        from above, d / |r|, so that the step is defined where few rows are within. The columns are taken about their means
        under these weights, so that the intercept goes on its own.
        """
        limit = self.epsilon * scale
        size_of = np.abs(residual)
        inside = size_of <= limit
        u = np.clip(residual, -limit, limit)
        p = len(coef)
        curved = self.share * np.where(inside, 1.0, damping * limit / np.where(inside, 1.0, size_of))
        moments = accumulate(
            self.rows.design, np.where(inside, residual, 0.0), curved, self.order, self.start, self.threads
        )
        weight, mean = float(moments.weight[0]), moments.mean[0]
        scatter = unpack(moments.scatter[0], p + 1)
        if not self.fit_intercept:
            scatter = scatter + weight * np.outer(mean, mean)
            mean = np.zeros(p + 1)
        pull = self.rows.design.rmatvec(self.share * u, self.threads)
        total = float(self.share @ u) if self.fit_intercept else 0.0
        # Everything times s / 2, the scale's own row and column divided by s besides.
        g_b = self.ridge * scale * coef - pull + mean[:p] * total
        g_s = 0.5 * (scale - float(self.share @ u**2) / scale)
        matrix = scatter[:p, :p] + self.ridge * scale * np.eye(p)
        along, across = scatter[:p, p] / scale, weight * mean[p] / scale
        own = (scatter[p, p] + weight * mean[p] ** 2) / scale**2
        solved = _solve(matrix, np.column_stack([g_b, along]))
        safe = weight if weight > 0 else 1.0
        left = own - float(along @ solved[:, 1]) - across**2 / safe
        push = g_s - float(along @ solved[:, 0]) + across * total / safe
        d_s = 0.0
        if not held:  # without curvature the scale goes downhill by a tenth of itself
            d_s = -push / left if left > 1e-10 * own else -0.1 * scale * float(np.sign(g_s))
        d_b = -solved[:, 0] - solved[:, 1] * d_s
        d_c = (total - across * d_s) / safe if self.fit_intercept else 0.0
        decrement = -2.0 / scale * (float(g_b @ d_b) - total * d_c + g_s * d_s)
        return d_b, d_c - float(mean[:p] @ d_b), d_s, decrement


def _solve(matrix: Floats, right: Floats) -> Floats:
    """By Cholesky on columns of unit length; where some depend on others, the shortest of the solutions."""
    from scipy.linalg.lapack import dpotrf, dpotrs

    size = np.sqrt(np.diag(matrix))
    size = np.where(size > 0, size, 1.0)
    scaled = matrix / size / size[:, None]
    factor, info = dpotrf(scaled, lower=1)
    if info == 0 and (np.diag(factor) > 1e-7).all():
        return np.asarray(dpotrs(factor, right / size[:, None], lower=1)[0] / size[:, None])
    values, vectors = np.linalg.eigh(scaled)
    kept = values > 1e-13 * max(float(values[-1]), 1e-300)
    inverse = np.where(kept, 1.0 / np.where(kept, values, 1.0), 0.0)
    return np.asarray(vectors @ (inverse[:, None] * (vectors.T @ (right / size[:, None]))) / size[:, None])


def huber_with_scale(
    rows: Rows,
    epsilon: float,
    alpha: float,
    *,
    fit_intercept: bool = True,
    threads: int | None = None,
    start: tuple[Floats, float, float] | None = None,
) -> Scaled:
    """The joint optimum; ``start`` (coefficients, intercept, scale) of a fit before stays where it still is.

    The scale is kept above 1e-10 of the target's spread: where more rows than not are fitted exactly it has no other limit.
    """
    count = thread_count(threads)
    with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore"):
        problem = _Joint(rows, epsilon, alpha, fit_intercept, count)
        centre = _median(rows.y, problem.share) if fit_intercept else 0.0
        spread = float(np.sqrt(problem.share @ (rows.y - centre) ** 2))
        if spread == 0:  # a constant target: fitted exactly
            floor = FLOOR * (abs(float(rows.y[0])) or 1.0)
            return Scaled(np.zeros(rows.design.p), centre, floor, rows.y - centre, 0, True)
        floor = FLOOR * spread
        coef, intercept, scale = np.zeros(rows.design.p), centre, spread
        if start is not None:
            coef, intercept, scale = start[0].copy(), start[1], max(start[2], floor)
        return _descend(problem, coef, intercept, scale, floor, start is not None)


def _descend(
    problem: _Joint, coef: Floats, intercept: float, scale: float, floor: float, warm: bool
) -> Scaled:
    rows = problem.rows
    residual = rows.y - intercept - rows.design.matvec(coef, problem.threads)
    height = problem.value(residual, scale, float(coef @ coef))
    steps, idle, damping, behind = 0, 0, LEAST_DAMPING, False
    while steps < MOST_STEPS and idle < MOST_IDLE:
        u = np.clip(residual, -problem.epsilon * scale, problem.epsilon * scale)
        held = scale <= floor and float(problem.share @ u**2) <= scale**2
        d_b, d_c, d_s, decrement = problem.step(coef, residual, scale, held, damping)
        waits = d_s < 0 and behind  # a scale that shrinks waits for coefficients that cannot follow
        if waits:
            d_b, d_c, d_s, decrement = problem.step(coef, residual, scale, True, damping)
        settled = decrement <= (RESTING if warm and steps == 0 else SETTLED) * height
        if settled and warm and steps == 0:
            break
        if (
            settled and damping == LEAST_DAMPING
        ):  # once more: nearby each of Newton's steps doubles the digits
            if waits:
                behind = False
                continue
            if not held and scale + d_s > floor:
                coef, intercept, scale = coef + d_b, intercept + d_c, scale + d_s
                steps += 1
            break
        if settled:
            idle, damping = idle + 1, max(LEAST_DAMPING, 0.1 * damping)
        change = rows.design.matvec(d_b, problem.threads) + d_c
        share = _share(problem, residual, scale, change, d_s, float(coef @ d_b), float(d_b @ d_b))
        behind = share < 0.5
        new_scale = max(scale + share * d_s, floor)
        new_coef, new_residual = coef + share * d_b, residual - share * change
        fresh = problem.value(new_residual, new_scale, float(new_coef @ new_coef))
        damping = float(
            np.clip(damping * (0.1 if share > 0.5 else 10.0 if share < 0.1 else 1.0), LEAST_DAMPING, 1.0)
        )
        if not fresh < height:
            idle += 1
            if not fresh <= height:
                continue
        elif fresh < height * (1 - 1e-14):
            idle = 0
        coef, intercept, scale, residual, height = (
            new_coef, intercept + share * d_c, new_scale, new_residual, fresh,
        )  # fmt: skip
        steps += 1
        if steps % 10 == 0:  # afresh, so that rounding does not add up
            residual = rows.y - intercept - rows.design.matvec(coef, problem.threads)
    residual = rows.y - intercept - rows.design.matvec(coef, problem.threads)
    return Scaled(coef, float(intercept), float(scale), residual, steps, scale <= 10 * floor)


def _share(
    problem: _Joint, residual: Floats, scale: float, change: Floats, d_s: float, along: float, square: float
) -> float:  # fmt: skip
    """How much of a step to take: all of it where that is about right, else where the objective ends falling."""

    def slope(t: float) -> float:
        return problem.slope(residual - t * change, scale + t * d_s, change, d_s, along + t * square)

    most = 64.0 if d_s >= 0 else min(64.0, SHRINK * scale / -d_s)
    first = abs(slope(0.0))
    low, high = 0.0, min(1.0, most)
    at = slope(high)
    if abs(at) <= 0.3 * first:
        return high
    while at < 0:
        if high >= most:
            return most
        low, high = high, min(2 * high, most)
        at = slope(high)
    for _ in range(60):
        if abs(at) <= 0.05 * first or high - low <= 1e-12 * high:
            break
        middle = 0.5 * (low + high)
        at = slope(middle)
        low, high = (middle, high) if at < 0 else (low, middle)
    return 0.5 * (low + high) if high - low > 0 else high


def _median(y: Floats, share: Floats) -> float:
    """The weighted median."""
    order = np.argsort(y, kind="stable")
    return float(y[order[np.searchsorted(np.cumsum(share[order]), 0.5)]])
