"""Ridge on wide tables, every alpha from one decomposition: of the (n, n) kernel matrix, or, on sparse tables of many rows,
of the part of it that the target reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._numerics import symmetric_eigen
from ..design import Design
from ..errors import DataError
from ..objective import Spectrum
from ..penalties import Penalty
from .abreast import Tick, side_by_side
from .krylov import estimated_spectrum, shifted_systems
from .modes import Targets
from .plan import Floats, Plan, Progress, Rows, Solution, SparseRows, Split
from .row_kernel import row_kernel, tiles
from .standardized import Standardized

FEW_ROWS = 1_000  # whose kernel matrix costs less than products that follow each other
GOAL, GOAL_OF_FOLDS, GOAL_OF_ONE = 1e-13, 1e-10, 1e-18  # relative gaps where no kernel matrix is made
EMPTY = 4  # times as many columns as numbers in a row, at least: entries, and levels of categories
CHUNK = 16  # strengths at a time, where all columns stand beside each other


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

    @staticmethod
    def of(
        rows: Rows, data: Any, flags: NDArray[np.uint8], which: NDArray[np.int64], plan: Plan
    ) -> _Training:
        _, x_mean, x_scale, y_mean, y_scale = data.null_gradient(
            np.ascontiguousarray(flags), plan.fit_intercept, plan.standardize
        )
        weights = np.ones(len(which)) if rows.weights is None else rows.weights[which]
        factors = plan.penalty.factors
        penalized = (x_scale > 0) & np.isfinite(factors) & (factors > 0)
        divisor = np.where(penalized, x_scale * np.sqrt(np.where(penalized, factors, 1.0)), 1.0)
        inverse = np.where(penalized, 1.0 / divisor, 0.0)
        return _Training(which, np.sqrt(weights / weights.sum()), x_mean, x_scale, inverse, y_mean, y_scale)


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
        if not len(self.columns):
            return np.zeros((len(which), 0))
        values = rows.design.columns(self.columns)[which]
        return np.asarray((values - t.x_mean[self.columns]) / t.x_scale[self.columns])

    def without(self, values: Floats) -> Floats:
        """What is left of values (n, ...) beside the unpenalized columns."""
        return values - self.basis @ (self.basis.T @ values) if len(self.columns) else values

    def solve(self, residual: Floats) -> Floats:
        """Least-squares coefficients (f, A) of a residual (n, A)."""
        return np.asarray(np.linalg.solve(self.triangle, self.basis.T @ residual), dtype=np.float64)


class _Reading(Protocol):
    """A, the standardized training rows of one problem scaled by the roots of their shares of the weight."""

    def solve(self, free: _Free, target: Floats, alphas: Floats, goal: float) -> tuple[Floats, Floats]:
        """(AA' + alpha)^-1 target beside the unpenalized columns, (n, A), and bounds of the relative gaps (A,)."""
        ...

    def own(self, dual: Floats) -> Floats:
        """AA' dual."""
        ...

    def fitted(self, at: NDArray[np.int64], dual: Floats) -> Floats:
        """What the columns say at other rows, whatever their weights, (rows, A)."""
        ...

    def coefficients(self, dual: Floats) -> Floats:
        """A' dual, (p, A)."""
        ...

    def left(self, residual: Floats, scaled: Floats, alphas: Floats) -> Floats:
        """Sums over the columns of (A' residual - alpha scaled)^2, (A,)."""
        ...


class _Kernel:
    """By the kernel matrix, and dense tiles of columns."""

    def __init__(self, rows: Rows, t: _Training) -> None:
        self.design, self.t = rows.design, t
        self.kernel = row_kernel(rows.design, t.x_mean, t.inverse)

    def of_training(self) -> Floats:
        root, rows = self.t.root, self.t.rows
        return np.asarray(self.kernel[np.ix_(rows, rows)] * root * root[:, None])

    def solve(self, free: _Free, target: Floats, alphas: Floats, goal: float) -> tuple[Floats, Floats]:
        values, vectors = symmetric_eigen(free.without(free.without(self.of_training()).T))
        projected = vectors.T @ target
        shrunk = projected[:, None] / (np.maximum(values, 0.0)[:, None] + alphas)
        return vectors @ shrunk, np.zeros(len(alphas))

    def own(self, dual: Floats) -> Floats:
        return self.of_training() @ dual

    def fitted(self, at: NDArray[np.int64], dual: Floats) -> Floats:
        return np.asarray(self.kernel[np.ix_(at, self.t.rows)] @ (dual * self.t.root[:, None]))

    def coefficients(self, dual: Floats) -> Floats:
        out, weighted = np.empty((self.design.p, dual.shape[1])), dual * self.t.root[:, None]
        for piece, z in tiles(self.design, self.t.x_mean, self.t.inverse):
            out[piece] = z[self.t.rows].T @ weighted
        return out

    def left(self, residual: Floats, scaled: Floats, alphas: Floats) -> Floats:
        out, weighted = np.zeros(len(alphas)), residual * self.t.root[:, None]
        for piece, z in tiles(self.design, self.t.x_mean, self.t.inverse):
            out += ((z[self.t.rows].T @ weighted - alphas * scaled[piece]) ** 2).sum(axis=0)
        return out


class _Products:
    """By products with the entries alone."""

    def __init__(self, matrix: Any, t: _Training) -> None:
        self.matrix, self.t = matrix, t
        self.a = Standardized(matrix, t.rows, t.root, t.x_mean, t.inverse)

    def solve(self, free: _Free, target: Floats, alphas: Floats, goal: float) -> tuple[Floats, Floats]:
        return shifted_systems(
            lambda right: free.without(self.a.times_itself(free.without(right))), target, alphas, goal
        )

    def own(self, dual: Floats) -> Floats:
        return self._by_chunks(self.a, dual)

    def fitted(self, at: NDArray[np.int64], dual: Floats) -> Floats:
        there = Standardized(self.matrix, at, np.ones(len(at)), self.t.x_mean, self.t.inverse)
        return self._by_chunks(there, dual)

    def _by_chunks(self, there: Standardized, dual: Floats) -> Floats:
        pieces = [
            there.times(self.a.transposed(dual[:, k : k + CHUNK])) for k in range(0, dual.shape[1], CHUNK)
        ]
        return np.concatenate(pieces, axis=1)

    def coefficients(self, dual: Floats) -> Floats:
        return self.a.transposed(dual)

    def left(self, residual: Floats, scaled: Floats, alphas: Floats) -> Floats:
        return np.array(
            [
                ((self.a.transposed(residual[:, k]) - alpha * scaled[:, k]) ** 2).sum()
                for k, alpha in enumerate(alphas)
            ]
        )


def of_products(design: Design, few_rows: int = FEW_ROWS) -> bool:
    """Whether the entries are so few that the kernel matrix of the rows is not worth its cost."""
    cells = sum(block.cells for block in design.blocks)
    few = design.p <= design.n or 2 * cells < design.n
    return EMPTY * cells < design.p and design.n > few_rows and few


def ridge_of_targets(rows: Targets, alphas: Floats, fit_intercept: bool) -> tuple[Floats, Floats]:
    """Coefficients (T, p, A) of T targets at their alphas (T, A) > 0, of columns as they stand, and intercepts (T, A)."""
    share = rows.shares()
    matrix, n, p = rows.design.compressed(), rows.design.n, rows.design.p
    mean = matrix.T @ share if fit_intercept else np.zeros(p)
    y_mean = share @ rows.y if fit_intercept else np.zeros(rows.y.shape[1])
    own = Standardized(matrix, np.arange(n), np.sqrt(share), mean, np.ones(p))
    target = (rows.y - y_mean) * np.sqrt(share)[:, None]
    coefs = np.stack(
        [
            own.transposed(shifted_systems(own.times_itself, target[:, t], alphas[t], GOAL_OF_ONE)[0])
            for t in range(len(alphas))
        ]
    )
    return coefs, y_mean[:, None] - mean @ coefs


def ridge(
    rows: Rows, data: Any, plan: Plan, split: Split, kept: int, threads: int, progress: Progress = None
) -> Solution:
    """All problems of a plan with the single l1_ratio 0 and positive alphas, no bounds.

    With A the standardized rows scaled by the roots of their shares of the weight, the coefficients are
    A'(AA' + alpha)^-1 times the target, treated alike. Unpenalized columns are projected out of both first. ``data`` are
    the kernels' columns, which know the scales.
    """
    penalty, alphas = plan.penalty, plan.alphas[0]
    problems, atoms = split.test.shape
    matrix = rows.design.compressed() if of_products(rows.design) else None
    cells = (problems, 1, len(alphas))
    out_test = np.full((*cells, atoms), np.nan)
    gap, train_error = np.zeros(cells), np.empty(cells)

    def one(k: int, tick: Tick) -> tuple[_Training, int, Floats | None]:
        t = _Training.of(rows, data, split.train[k], split.rows_of(split.train[k]), plan)
        reading: _Reading = _Kernel(rows, t) if matrix is None else _Products(matrix, t)
        plain = (rows.y[t.rows] - t.y_mean) / t.y_scale * t.root
        free = _Free.of(rows, t, plan)
        tick(0.1)
        dual, gap[k, 0] = reading.solve(
            free, free.without(plain), alphas, GOAL if k < kept else GOAL_OF_FOLDS
        )
        tick(0.8)
        train_error[k, 0] = ((alphas * dual) ** 2).sum(axis=0) * t.y_scale**2
        dual = free.without(dual)
        loose = np.zeros((0, len(alphas)))
        if len(free.columns):
            loose = free.solve(plain[:, None] - reading.own(dual))
        for a in np.flatnonzero(split.test[k]):
            at = split.rows[split.start[a] : split.start[a + 1]]
            weights = np.ones(len(at)) if rows.weights is None else rows.weights[at]
            if len(at) and weights.sum() > 0:
                fitted = reading.fitted(at, dual) + free.block(rows, t, at) @ loose
                predicted = t.y_mean + t.y_scale * fitted
                out_test[k, 0, :, a] = weights @ (rows.y[at][:, None] - predicted) ** 2 / weights.sum()
        beta = None
        if k < kept:
            beta, gap[k, 0] = _coefficients(rows, t, reading, plain, dual, alphas, penalty, free, loose)
        tick(1.0)
        return t, int((t.inverse > 0).sum()) + len(free.columns), beta

    found = side_by_side(one, problems, threads, progress)
    first = [t for t, _, _ in found[: max(kept, 1)]]
    return Solution(
        [SparseRows.of(np.concatenate([beta for _, _, beta in found if beta is not None]))],
        gap,
        train_error,
        np.array([np.full((1, len(alphas)), count) for _, count, _ in found], dtype=np.int64),
        out_test,
        np.array([t.x_mean for t in first]),
        np.array([t.x_scale for t in first]),
        np.array([t.y_mean for t, _, _ in found]),
        np.array([t.y_scale for t, _, _ in found]),
        np.zeros((problems, 0)),
        solver="kernel",
        gap_source="rows",
    )


def _coefficients(
    rows: Rows, t: _Training, reading: _Reading, plain: Floats, dual: Floats, alphas: Floats, penalty: Penalty,
    free: _Free, loose: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """(A, p) standardized coefficients, and their relative gaps: sum (g - alpha v b)^2 / (2 alpha v)."""
    scaled = reading.coefficients(dual)
    fitted = reading.own(dual) + t.root[:, None] * (free.block(rows, t, t.rows) @ loose)
    left = reading.left(plain[:, None] - fitted, scaled, alphas)
    null_loss = 0.5 * float(plain @ plain)
    root_factor = np.sqrt(
        np.where(np.isfinite(penalty.factors) & (penalty.factors > 0), penalty.factors, 1.0)
    )
    beta = np.where(t.inverse > 0, 1.0 / root_factor, 0.0)[:, None] * scaled
    beta[free.columns] = loose
    return beta.T, left / (2 * alphas) / (null_loss if null_loss > 0 else 1.0)


def ridge_spectrum(
    rows: Rows, data: Any, split: Split, penalty: Penalty, fit_intercept: bool, standardize: bool
) -> Spectrum:
    """Eigenvalues of AA' of the whole; of sparse tables with many rows, estimates of how they lie."""
    plan = Plan(np.zeros(1), np.ones((1, 1)), penalty, fit_intercept, standardize)
    flags = np.ones(len(split.start) - 1, dtype=np.uint8)
    t = _Training.of(rows, data, flags, split.rows_of(flags), plan)
    if of_products(rows.design):
        return estimated_spectrum(_Products(rows.design.compressed(), t).a.times_itself, len(t.rows))
    return Spectrum.of(symmetric_eigen(_Kernel(rows, t).of_training(), vectors=False)[0])
