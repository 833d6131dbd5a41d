"""Ridge of generalized linear models on wide tables.

On tables of few rows the coefficients are looked for in the span of those rows, along the eigenvectors of their kernel
matrix: there the curvature is nearly diagonal, so that a Newton step takes a handful of products with an (n, n) matrix. On
sparse tables of many rows the products are with the entries themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from .._numerics import symmetric_eigen
from ..design import Design
from ..errors import UsageError
from .abreast import Tick, side_by_side
from .newton_conjugate import Aim, Columns, Fit, Losses, RidgeProblem
from .newton_paths import PathArrays, gaps_of, state_of
from .newton_problems import Problems
from .plan import Floats, Plan, Progress, SparseRows
from .ridge import of_products
from .row_kernel import row_kernel, tiles
from .standardized import Standardized

VISIBLE = 1e-13  # of the largest eigenvalue
FEW_ROWS = 200  # whose kernel matrix costs nothing, sparse or not
MOST_COUNTED = 16  # strengths whose degrees of freedom are found; those between them follow smoothly


def ridge_paths(problems: Problems, plan: Plan, ratio: int, kept: int, progress: Progress) -> PathArrays:
    """Every problem for itself; columns without a penalty stand beside the others as they are."""
    penalty, alphas = plan.penalty, plan.alphas[ratio]
    if penalty.lower is not None or penalty.upper is not None:
        raise UsageError(
            "Ridge (l1_ratio = 0) with bounds takes at most 1,500 columns here; use an l1_ratio above 0."
        )
    if (alphas <= 0).any():
        raise UsageError(
            f"alpha = 0 on {problems.rows.design.p} columns and {problems.rows.design.n} rows has no unique answer; "
            "use alpha > 0."
        )
    kept = min(kept, len(problems))
    out = PathArrays.empty(problems, kept, len(alphas), problems.rows.design.p)
    sparse = of_products(problems.rows.design, FEW_ROWS) and not problems.fills.shape[1]
    matrix = problems.rows.design.compressed() if sparse else None
    aims = gaps_of(problems, plan, ratio, min(kept, plan.seen))

    def one(k: int, tick: Tick) -> SparseRows | None:
        stationary = state_of(plan).stationary if k < min(kept, plan.seen) else np.inf
        aim = Aim(float(aims[k]), stationary, float(problems.null_loss[k]), problems.slope_size)
        return _Path(problems, plan, k, matrix, aim).run(alphas, out, tick)

    def told(share: float) -> None:
        if progress is not None:
            progress((ratio + share) / len(plan.l1_ratios))

    found = side_by_side(one, len(problems), problems.threads, told)
    rows = [one for one in found if one is not None]
    return replace(out, given=rows[0] if len(rows) == 1 else _stacked(rows))


class _Span(Columns, Protocol):
    def there(self, x: Floats) -> Floats:
        """What coefficients (size,) say at the rows that are held out."""
        ...

    def back(self, c: Floats) -> Floats:
        """Coefficients (A, size) as those of the scaled columns, (A, p)."""
        ...


class _Eigenvectors:
    """Z with Z Z' = X X' of the scaled columns X: c on Z has the penalty of b on X.

    Z is X in the coordinates of the eigenvectors of X'X, or, of more columns than rows, what those of XX' say of them.
    """

    def __init__(self, design: Design, rows: Any, held: Any, mean: Floats, inverse: Floats) -> None:
        self.design, self.rows, self.mean, self.inverse = design, rows, mean, inverse
        self.by_row = design.p > len(rows)
        if self.by_row:
            kernel = row_kernel(design, mean, inverse)
            values, vectors = symmetric_eigen(kernel[np.ix_(rows, rows)])
            seen = values > VISIBLE * max(float(values[-1]), 0.0)
            root = np.sqrt(values[seen])
            self._back = vectors[:, seen] / root
            self.z = np.ascontiguousarray(vectors[:, seen] * root)
            self.z_there = kernel[np.ix_(held, rows)] @ self._back
        else:
            scaled = np.empty((design.n, design.p))
            for piece, block in tiles(design, mean, inverse):
                scaled[:, piece] = block
            own = scaled[rows]
            self._back = symmetric_eigen(own.T @ own)[1]
            self.z, self.z_there = own @ self._back, scaled[held] @ self._back

    @property
    def size(self) -> int:
        return int(self.z.shape[1])

    def times(self, right: Floats) -> Floats:
        return np.asarray(self.z @ right)

    def transposed(self, right: Floats) -> Floats:
        return np.asarray(right @ self.z)

    def squares(self, weights: Floats) -> Floats:
        return np.asarray(np.einsum("i,ij,ij->j", weights, self.z, self.z))

    def dense(self) -> Floats | None:
        return self.z

    def there(self, x: Floats) -> Floats:
        return np.asarray(self.z_there @ x)

    def back(self, c: Floats) -> Floats:
        along = c @ self._back.T
        if not self.by_row:
            return np.asarray(along)
        out = np.empty((len(c), self.design.p))
        for piece, block in tiles(self.design, self.mean, self.inverse):
            out[:, piece] = along @ block[self.rows]
        return out


class _Entries(Standardized):
    """The scaled columns themselves."""

    def __init__(self, matrix: Any, rows: Any, held: Any, mean: Floats, inverse: Floats) -> None:
        super().__init__(matrix, rows, np.ones(len(rows)), mean, inverse)
        self._there = Standardized(matrix, held, np.ones(len(held)), mean, inverse)

    @property
    def size(self) -> int:
        return len(self.shift)

    def dense(self) -> Floats | None:
        return None

    def there(self, x: Floats) -> Floats:
        return self._there.times(x)

    def back(self, c: Floats) -> Floats:
        return c


class _Path:
    """One problem: its rows and columns, in the coordinates that its steps are taken in."""

    def __init__(self, problems: Problems, plan: Plan, k: int, matrix: Any, aim: Aim) -> None:
        self.problems, self.k, rows, split = problems, k, problems.rows, problems.split
        self.scale, self.mean = problems.x_scale[k], problems.x_mean[k]
        factors = plan.penalty.factors
        self.penalized = (self.scale > 0) & (factors > 0) & np.isfinite(factors)
        self.free = np.flatnonzero((self.scale > 0) & (factors == 0))
        self.root = np.sqrt(np.where(self.penalized, factors, 1.0))
        inverse = np.where(self.penalized, 1.0 / np.where(self.penalized, self.scale * self.root, 1.0), 0.0)
        train, test = split.train[k].astype(bool), split.test[k].astype(bool)
        self.tested = np.flatnonzero(test & (problems.atom_weight > 0))
        self.rows, self.held = split.rows_of(train), split.rows_of(test)
        self.atom = problems.reader.atom[self.held]
        design = rows.design if not problems.fills.shape[1] else rows.design.fill(problems.fills[k])
        self.columns: _Span = (
            _Eigenvectors(design, self.rows, self.held, self.mean, inverse)
            if matrix is None
            else _Entries(matrix, self.rows, self.held, self.mean, inverse)
        )
        free = (design.columns(self.free) - self.mean[self.free]) / self.scale[self.free]
        ones = np.ones((len(free), int(problems.fit_intercept)))
        beside = np.hstack([free, ones])
        self.offset = np.zeros(len(rows.y)) if rows.offset is None else rows.offset
        self.weights = problems.reader.weights
        weight = self.weights[self.rows]
        losses = Losses(rows.family, rows.y[self.rows], self.offset[self.rows], weight / weight.sum())
        self.problem = RidgeProblem(self.columns, beside[self.rows], losses, aim)
        self.beside_there = beside[self.held]

    def run(self, alphas: Floats, out: PathArrays, tick: Tick) -> SparseRows | None:
        problems, k, size = self.problems, self.k, self.columns.size
        kept, done = k < len(out.intercepts), [0.0]

        def alive(_: float) -> None:
            tick(done[0])

        out.nonzero[k] = int(self.penalized.sum()) + len(self.free)
        begin = problems.null.b[k, self.free]
        x = np.zeros(size + self.problem.beside.shape[1])
        x[size : size + len(self.free)] = begin * self.scale[self.free]
        if problems.fit_intercept:
            x[-1] = problems.null.intercept[k] + self.mean[self.free] @ begin
        found = np.zeros((len(alphas), len(x))) if kept else np.zeros((0, len(x)))
        recent: list[tuple[float, Floats]] = []
        counted = set(np.linspace(0, len(alphas) - 1, min(MOST_COUNTED, len(alphas))).astype(int).tolist())
        degrees: dict[int, float] = {}
        eta = self.problem.predictor(x)
        for at, alpha in enumerate(alphas):
            x, eta = self._start(x, eta, recent, float(alpha))
            fit = self.problem.solve(x, eta, float(alpha), alive)
            x, eta = fit.x, fit.eta
            recent = [*recent[-2:], (float(np.log(alpha)), x)]
            self._record(fit, at, out)
            if kept:
                found[at] = x
            if k == 0 and at in counted:
                degrees[at] = self.problem.degrees(fit, float(alpha), problems.fit_intercept, alive)
            done[0] = (at + 1) / len(alphas)
        if k == 0:
            out.degrees[:] = _between(alphas, degrees)
        return self._coefficients(found, out) if kept else None

    def _start(
        self, x: Floats, eta: Floats, recent: list[tuple[float, Floats]], alpha: float
    ) -> tuple[Floats, Floats]:
        """Where the last minima point to, if that is lower than the last of them."""
        if len(recent) < 2:
            return x, eta
        here = np.log(alpha)
        ahead = np.zeros_like(x)
        for i, (own, value) in enumerate(recent):
            others = [other for j, (other, _) in enumerate(recent) if j != i]
            ahead += np.prod([(here - other) / (own - other) for other in others]) * value
        seen = self.problem.predictor(ahead)
        lower = self.problem.height(ahead, seen, alpha) < self.problem.height(x, eta, alpha)
        return (ahead, seen) if lower else (x, eta)

    def _record(self, fit: Fit, at: int, out: PathArrays) -> None:
        problems, k = self.problems, self.k
        out.gap[k, at] = fit.gap if problems.rows.family.convex else np.nan
        out.train_error[k, at] = 2 * max(fit.value, 0.0)
        if not len(self.tested):
            return
        size = self.columns.size
        eta = self.offset[self.held] + self.columns.there(fit.x[:size]) + self.beside_there @ fit.x[size:]
        weights = self.weights[self.held]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            loss = np.where(
                weights > 0, weights * problems.rows.family.loss(problems.rows.y[self.held], eta), 0.0
            )
        sums = np.bincount(self.atom, weights=loss, minlength=out.test_error.shape[2])
        out.test_error[k, at, self.tested] = (
            2 * np.maximum(sums[self.tested], 0.0) / problems.atom_weight[self.tested]
        )

    def _coefficients(self, found: Floats, out: PathArrays) -> SparseRows:
        """(A, p), standardized; and the intercepts of the columns as they stand."""
        size = self.columns.size
        b = self.columns.back(found[:, :size]) / self.root
        b[:, self.free] = found[:, size : size + len(self.free)]
        if self.problems.fit_intercept:
            used = self.scale > 0
            shift = b[:, used] @ (self.mean[used] / self.scale[used])
            out.intercepts[self.k] = found[:, -1] - shift
        return SparseRows.of(b)


def _between(alphas: Floats, found: dict[int, float]) -> Floats:
    """Degrees of freedom at all strengths, monotone between those that were found."""
    if len(found) == len(alphas):
        return np.array([found[at] for at in range(len(alphas))])
    from scipy.interpolate import PchipInterpolator

    known = np.array(sorted(found, reverse=True))
    values = np.array([found[int(at)] for at in known])
    return np.asarray(PchipInterpolator(np.log(alphas[known]), values)(np.log(alphas)))


def _stacked(rows: list[SparseRows]) -> SparseRows:
    starts = [rows[0].starts]
    for one in rows[1:]:
        starts.append(starts[-1][-1] + one.starts[1:])
    return SparseRows(
        np.concatenate(starts),
        np.concatenate([one.columns for one in rows]),
        np.concatenate([one.values for one in rows]),
        rows[0].p,
    )
