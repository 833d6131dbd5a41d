"""Ridge on wide tables: one eigendecomposition of the (n, n) kernel matrix gives every alpha."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._numerics import symmetric_eigen
from ..errors import DataError
from ..penalties import Penalty
from .gram import column_scales
from .plan import Floats, Plan, Progress, Rows, Solution, SparseRows, Split

TILE = 2048  # columns that are dense at a time


@dataclass(frozen=True, eq=False)
class _Training:
    """The rows, roots of weights and scales of one problem."""

    rows: NDArray[np.int64]
    root: Floats  # sqrt(w / W)
    x_mean: Floats
    x_scale: Floats
    inverse: Floats  # 1 / (scale sqrt(v)); zero for columns left out
    y_mean: float
    y_scale: float


@dataclass(frozen=True, eq=False)
class _Free:
    """The unpenalized columns of one problem: an orthonormal basis of them, and the triangle that leads back."""

    columns: NDArray[np.intp]
    basis: Floats  # (n, f)
    triangle: Floats  # (f, f)

    @staticmethod
    def of(rows: Rows, t: _Training, plan: Plan) -> _Free:
        columns = np.flatnonzero((plan.penalty.factors == 0) & (t.x_scale > 0))
        empty = _Free(columns, np.zeros((len(t.rows), len(columns))), np.eye(len(columns)))
        if not len(columns):
            return empty
        basis, triangle = np.linalg.qr(empty.block(rows, t, t.rows) * t.root[:, None])
        pivots = np.abs(np.diag(triangle))
        if len(pivots) < len(columns) or not pivots.min() > 1e-12 * pivots.max():
            raise DataError(
                "The unpenalized columns are linearly dependent, so their coefficients are not determined."
            )
        return _Free(columns, basis, triangle)

    def block(self, rows: Rows, t: _Training, which: NDArray[np.int64]) -> Floats:
        """The columns at the named rows, standardized."""
        values = rows.design.take(which).columns(self.columns)
        return np.asarray((values - t.x_mean[self.columns]) / t.x_scale[self.columns])

    def without(self, values: Floats) -> Floats:
        """What is left of values (n, ...) beside the unpenalized columns."""
        return values - self.basis @ (self.basis.T @ values) if len(self.columns) else values

    def solve(self, residual: Floats) -> Floats:
        """Least-squares coefficients (f, A) of a residual (n, A)."""
        return np.asarray(np.linalg.solve(self.triangle, self.basis.T @ residual), dtype=np.float64)


def _tiles(rows: Rows) -> Iterator[tuple[slice, Floats]]:
    for a in range(0, rows.design.p, TILE):
        which = np.arange(a, min(a + TILE, rows.design.p))
        yield slice(a, int(which[-1]) + 1), rows.design.columns(which)


def _training(rows: Rows, train: NDArray[np.int64], plan: Plan) -> _Training:
    weights = np.ones(len(train)) if rows.weights is None else rows.weights[train]
    share = weights / weights.sum()
    p = rows.design.p
    mean, second = np.empty(p), np.empty(p)
    variance = np.empty(p)
    for piece, tile in _tiles(rows):
        own = tile[train]
        mean[piece] = share @ own
        off = own - mean[piece]
        variance[piece] = share @ (off * off)
        second[piece] = variance[piece] + (0.0 if plan.fit_intercept else mean[piece] ** 2)
    x_scale, usable = column_scales(variance, second, mean, plan.fit_intercept, plan.standardize)
    usable &= np.isfinite(plan.penalty.factors)
    penalized = usable & (plan.penalty.factors > 0)
    root_factor = np.sqrt(np.where(penalized, plan.penalty.factors, 1.0))
    inverse = np.where(penalized, 1.0 / np.where(penalized, x_scale * root_factor, 1.0), 0.0)
    y = rows.y[train]
    y_mean = float(share @ y) if plan.fit_intercept else 0.0
    y_square = float(share @ (y - y_mean) ** 2)
    y_scale = float(np.sqrt(y_square)) if plan.standardize and y_square > 0 else 1.0
    return _Training(
        train, np.sqrt(share), mean if plan.fit_intercept else np.zeros(p), x_scale, inverse, y_mean, y_scale
    )


def kernel_ridge(rows: Rows, plan: Plan, split: Split, kept: int, progress: Progress = None) -> Solution:
    """All problems of a plan with the single l1_ratio 0 and positive alphas, no bounds.

    With A the standardized rows scaled by the roots of their shares of the weight, the coefficients are
    A'(AA' + alpha)^-1 times the target, treated alike; AA' is (n, n). Unpenalized columns are projected out of both first.
    """
    penalty, alphas = plan.penalty, plan.alphas[0]
    problems, atoms = split.test.shape
    cells = (problems, 1, len(alphas))
    out_test = np.full((*cells, atoms), np.nan)
    gap, train_error = np.zeros(cells), np.empty(cells)
    coefs, x_mean, x_scale, y_mean, y_scale = [], [], [], [], []
    for k in range(problems):
        t = _training(rows, split.rows_of(split.train[k]), plan)
        kernel = _kernel(rows, t)
        target = (rows.y[t.rows] - t.y_mean) / t.y_scale * t.root
        free = _Free.of(rows, t, plan)
        own = kernel[np.ix_(t.rows, t.rows)] * t.root * t.root[:, None]
        values, vectors = symmetric_eigen(free.without(free.without(own).T))
        values = np.maximum(values, 0.0)
        plain, target = target, free.without(target)
        projected = vectors.T @ target
        shrunk = projected[:, None] / (values[:, None] + alphas)  # (n, A)
        train_error[k, 0] = ((alphas * shrunk) ** 2).sum(axis=0) * t.y_scale**2
        unscaled = free.without(vectors @ shrunk)
        dual = unscaled * t.root[:, None]
        loose = free.solve(plain[:, None] - own @ unscaled)
        for a in np.flatnonzero(split.test[k]):
            at = split.rows[split.start[a] : split.start[a + 1]]
            if len(at) == 0:
                continue
            weights = np.ones(len(at)) if rows.weights is None else rows.weights[at]
            if weights.sum() > 0:
                fitted = kernel[np.ix_(at, t.rows)] @ dual + free.block(rows, t, at) @ loose
                predicted = t.y_mean + t.y_scale * fitted
                out_test[k, 0, :, a] = weights @ (rows.y[at][:, None] - predicted) ** 2 / weights.sum()
        if k < kept:
            beta, gap[k, 0] = _coefficients(rows, t, dual, alphas, penalty, free, loose)
            coefs.append(beta)
        x_mean.append(t.x_mean)
        x_scale.append(t.x_scale)
        y_mean.append(t.y_mean)
        y_scale.append(t.y_scale)
        if progress is not None:
            progress((k + 1) / problems)
    return Solution(
        [SparseRows.of(np.concatenate(coefs))],
        gap,
        train_error,
        np.full(cells, int((t.inverse > 0).sum()) + len(free.columns), dtype=np.int64),
        out_test,
        np.array(x_mean[: max(kept, 1)]),
        np.array(x_scale[: max(kept, 1)]),
        np.array(y_mean),
        np.array(y_scale),
        np.zeros((problems, 0)),
        solver="kernel",
        gap_source="rows",
    )


def _kernel(rows: Rows, t: _Training) -> Floats:
    out = np.zeros((rows.design.n, rows.design.n))
    for piece, tile in _tiles(rows):
        z = (tile - t.x_mean[piece]) * t.inverse[piece]
        out += z @ z.T
    return out


def _coefficients(
    rows: Rows, t: _Training, dual: Floats, alphas: Floats, penalty: Penalty, free: _Free, loose: Floats
) -> tuple[Floats, Floats]:
    """(A, p) standardized coefficients, and their relative gaps: sum (g - alpha v b)^2 / (2 alpha v)."""
    scaled = np.empty((rows.design.p, len(alphas)))
    fitted = np.zeros((len(t.rows), len(alphas)))
    for piece, tile in _tiles(rows):
        z = (tile[t.rows] - t.x_mean[piece]) * t.inverse[piece]
        scaled[piece] = z.T @ dual
        fitted += z @ scaled[piece]
    target = (rows.y[t.rows] - t.y_mean) / t.y_scale
    fitted += free.block(rows, t, t.rows) @ loose
    share = (t.root**2)[:, None]
    residual = (target[:, None] - fitted) * share
    gap = np.zeros(len(alphas))
    for piece, tile in _tiles(rows):
        z = (tile[t.rows] - t.x_mean[piece]) * t.inverse[piece]
        gap += ((z.T @ residual - alphas * scaled[piece]) ** 2 / (2 * alphas)).sum(axis=0)
    null_loss = 0.5 * float(share[:, 0] @ target**2)
    root_factor = np.sqrt(
        np.where(np.isfinite(penalty.factors) & (penalty.factors > 0), penalty.factors, 1.0)
    )
    beta = np.where(t.inverse > 0, 1.0 / root_factor, 0.0)[:, None] * scaled
    beta[free.columns] = loose
    return beta.T, gap / (null_loss if null_loss > 0 else 1.0)


def kernel_spectrum(rows: Rows, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Floats:
    """Eigenvalues of AA' of the whole."""
    plan = Plan(np.zeros(1), np.ones((1, 1)), penalty, fit_intercept, standardize)
    t = _training(rows, np.arange(rows.design.n), plan)
    root = t.root
    return np.asarray(
        np.maximum(symmetric_eigen(_kernel(rows, t) * root * root[:, None], vectors=False)[0], 0.0)
    )
