"""Regularization paths: the grid of alphas, and the frozen Path that a solution becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._numerics import single_threaded_blas
from .certificate import GAP_TOLERANCE, Candidate, Certificate, Responses, certify, certify_separable
from .errors import DataError, UsageError
from .families import SQUARED, Family, family_named
from .objective import Spectrum, alpha_max, ridge_degrees_of_freedom
from .penalties import Penalty
from .solvers import Engine, Plan, Rows, Solution, Split, refined
from .solvers.plan import Null, SparseRows
from .table import find_bad_value, matrix_error, open_matrix

Floats = NDArray[np.float64]
# A tile has at most 1,024 rows, tiles and atoms are added one after another: 2,048 roundings cover four million rows.
VANISHING = 1e-290  # strengths below are none: their products leave the range of floating point
MOMENT_ROUNDING = 2048 * float(np.finfo(np.float64).eps) / 2


@dataclass(frozen=True, eq=False)
class Path:
    """Coefficients for a decreasing grid of alphas at one l1_ratio.

    Attributes
    ----------
    alphas : (A,) decreasing.
    l1_ratio : 0 is ridge, 1 is lasso.
    intercepts : (A,) in units of the target.
    n_nonzero : (A,) coefficients that are not exactly zero.
    degrees_of_freedom : (A,) the intercept not counted: n_nonzero for the lasso (Zou, Hastie, Tibshirani 2007), the trace of
        the smoother on the support otherwise; of ridge on large sparse tables, and of families with many columns, an
        estimate by random signs (within a few percent).
    train_error : (A,) weighted mean squared error on the training rows, units of the target squared; of another family
        the mean unit deviance.
    gaps : (A,) relative duality gaps as the solver sees them; ``gap_source`` says from what: "moments", "screening" (exact
        products decided every column outside the working set), "newton" (exact gradients, the cost of scaling the dual
        point to second order; NaN where the loss is not convex) or "rows".
    gap_rounding : (A,) how much rounding in the moments may have hidden from ``gaps``; zero where they come from rows.
    alpha_max : the smallest alpha that keeps nothing (infinite for ridge).
    x_mean, x_scale : (p,), y_scale : the scales that the penalty saw (1 where nothing is standardized).

    ``coefs`` is the dense (A, p) array in original units; ``coef(alpha)`` interpolates or solves exactly.
    """

    alphas: Floats
    l1_ratio: float
    intercepts: Floats
    n_nonzero: NDArray[np.int64]
    degrees_of_freedom: Floats
    train_error: Floats
    gaps: Floats
    gap_source: str
    alpha_max: float
    x_mean: Floats
    x_scale: Floats
    y_mean: float
    y_scale: float
    stored: SparseRows
    fills: Floats = field(default_factory=lambda: np.zeros(0))
    gap_rounding: Floats = field(default_factory=lambda: np.zeros(0))
    solver: str = ""
    family: str = SQUARED.text
    origin: Origin | None = None

    @property
    def coefs(self) -> Floats:
        """(A, p), original units."""
        return self.stored.dense()

    @property
    def p(self) -> int:
        """Columns."""
        return self.stored.p

    def __len__(self) -> int:
        return len(self.alphas)

    def __getstate__(self) -> dict[str, Any]:
        """Without the rows: what is pickled is the path alone."""
        return {**self.__dict__, "origin": None}

    def coef(self, alpha: float, *, exact: bool = False) -> Floats:
        """Coefficients (p,) at any alpha within the grid, original units.

        Between two alphas they are interpolated linearly in alpha (which is exact for the lasso while the support stays
        the same); with ``exact=True`` they are solved for, which needs the rows: only a path from ``bridle.path`` has
        them at hand.

        Raises
        ------
        UsageError
            For a negative or non-finite alpha; for ``exact=True`` without the rows.
        """
        return self._at(alpha, exact)[0]

    def intercept(self, alpha: float, *, exact: bool = False) -> float:
        """The intercept at any alpha, as ``coef``."""
        return self._at(alpha, exact)[1]

    def predict(
        self, X: Any, alpha: float | None = None, *, exact: bool = False, offset: Any = None
    ) -> Floats:
        """Predicted means: (m,) at one alpha, (m, A) at all of them; X (m, p) an array or SciPy sparse matrix.

        ``offset`` (m,) joins the linear predictor; of a binomial path the mean is the probability of the second class.
        """
        matrix = open_matrix(X).matrix
        if matrix.shape[1] != self.p:
            raise UsageError(f"X must have {self.p} columns, not the shape {matrix.shape}.")
        with np.errstate(over="ignore", invalid="ignore"):
            if alpha is None:
                out = np.asarray(matrix @ self.coefs.T + self.intercepts)
            else:
                coef, intercept = self._at(alpha, exact)
                out = np.asarray(matrix @ coef + intercept)
            if offset is not None:
                own = np.asarray(offset, dtype=np.float64)
                if own.shape != (matrix.shape[0],):
                    raise UsageError(
                        f"offset must be ({matrix.shape[0]},), as X has that many rows, not {own.shape}."
                    )
                out = out + (own if out.ndim == 1 else own[:, None])
            out = family_named(self.family).mean(out)
        if not np.isfinite(out).all():
            bad = find_bad_value(matrix)
            raise (
                DataError("X holds numbers whose products overflow.")
                if bad is None
                else matrix_error(matrix, *bad)
            )
        return out

    def certify(self) -> list[Any]:
        """A certificate from the rows for every alpha; only a path from ``bridle.path`` has the rows at hand."""
        if self.origin is None:
            raise UsageError(
                "This path holds no rows; use bridle.verify(model, data) or certify the path of bridle.path."
            )
        return self.origin.certify(self)

    def _at(self, alpha: float, exact: bool) -> tuple[Floats, float]:
        if not (np.isfinite(alpha) and alpha >= 0):
            raise UsageError(f"alpha must be a number of at least 0, not {alpha}.")
        hit = np.flatnonzero(self.alphas == alpha)
        if len(hit):
            return self.stored.row(int(hit[0])), float(self.intercepts[hit[0]])
        if exact:
            if self.origin is None:
                raise UsageError(
                    "exact=True needs the rows, which this path does not hold; refit with alphas=[alpha]."
                )
            solved = self.origin.solve(np.array([alpha]), self.l1_ratio)
            return solved.stored.row(0), float(solved.intercepts[0])
        if alpha > self.alphas[0]:
            return self.stored.row(0), float(self.intercepts[0])
        if alpha < self.alphas[-1]:
            return self.stored.row(len(self) - 1), float(self.intercepts[-1])
        right = int(np.searchsorted(-self.alphas, -alpha))
        share = (self.alphas[right - 1] - alpha) / (self.alphas[right - 1] - self.alphas[right])
        coef = (1 - share) * self.stored.row(right - 1) + share * self.stored.row(right)
        return coef, float((1 - share) * self.intercepts[right - 1] + share * self.intercepts[right])


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a path came from, kept while its rows are in memory: solves at other alphas, certifies from the rows."""

    solve: Callable[[Floats, float], Path]
    certify: Callable[[Path], list[Any]]


def alpha_grid(
    engine: Engine, null: Null, plan: Plan, ratio: float, n_alphas: int, n_rows: int
) -> tuple[Floats, float]:
    """The grid of one l1_ratio, (A,) decreasing, and alpha_max.

    l1_ratio > 0: from the exact alpha_max down to 1e-3 of it (1e-2 where there are more columns than rows), even steps of
    log alpha. Ridge: between 1 % and 99 % of its degrees of freedom.
    """
    top = alpha_max(null.gradient, plan.penalty, ratio)
    if ratio == 0:
        spectrum = engine.spectrum(plan.penalty, plan.fit_intercept, plan.standardize)
        return ridge_grid(spectrum, n_alphas), top
    if top == 0:
        return np.geomspace(1.0, 1e-3, n_alphas), top
    share = 1e-3 if n_rows >= len(null.gradient) else 1e-2
    grid = np.geomspace(top, top * share, n_alphas)
    grid[0] = top
    return grid, top


def ridge_grid(spectrum: Spectrum, n_alphas: int) -> Floats:
    """Ridge's strengths from 1 % to 99 % of its degrees of freedom, (n_alphas,), even steps of log alpha."""
    low, high = _ridge_range(spectrum)
    return np.geomspace(high, low, n_alphas)


def _ridge_range(spectrum: Spectrum) -> tuple[float, float]:
    """The alphas with 99 % and 1 % of the degrees of freedom that the rank allows."""
    if spectrum.empty:
        return 1e-3, 1e3
    positive = spectrum.positive()
    rank = float(positive.counts.sum())

    def alpha_of(share: float) -> float:
        low, high = np.log(positive.values.min()) - 12, np.log(positive.values.max()) + 12
        for _ in range(80):
            middle = 0.5 * (low + high)
            if ridge_degrees_of_freedom(positive, np.array([np.exp(middle)]))[0] > share * rank:
                low = middle
            else:
                high = middle
        return float(np.exp(0.5 * (low + high)))

    return alpha_of(0.99), alpha_of(0.01)


def checked_alphas(alphas: Sequence[float] | Floats) -> Floats:
    """The user's alphas, decreasing and without repeats.

    Raises
    ------
    UsageError
        For an empty list, or an alpha that is negative or not a number.
    """
    try:
        grid = np.unique(np.asarray(alphas, dtype=np.float64))[::-1]
    except (TypeError, ValueError):
        raise UsageError("alphas must be numbers of at least 0.") from None
    if not len(grid) or not np.isfinite(grid).all() or (grid < 0).any():
        raise UsageError(
            f"alphas must be numbers of at least 0, not {np.asarray(alphas).ravel()[:5].tolist()}."
        )
    if grid[-1] < VANISHING:
        grid = np.unique(np.where(grid < VANISHING, 0.0, grid))[::-1]
    return grid.copy()


def build_paths(
    solution: Solution,
    plan: Plan,
    null: Null,
    engine: Engine,
    tops: list[float],
    which: list[int] | None = None,
    family: Family = SQUARED,
) -> list[Path]:
    """The frozen paths of the whole, one for each l1_ratio or for those named."""
    out = []
    for i in range(len(plan.l1_ratios)) if which is None else which:
        ratio = plan.l1_ratios[i]
        done = int((solution.nonzero[0, i] >= 0).sum())
        grid = plan.alphas[i, :done]
        standardized = _first_rows(solution.coefs[i], done)
        x_scale, y_scale = solution.x_scale[0], float(solution.y_scale[0])
        inverse = np.where(x_scale > 0, 1.0 / np.where(x_scale > 0, x_scale, 1.0), 0.0)
        stored = _held_exactly(standardized.rescaled(inverse, y_scale), plan.penalty)
        out.append(
            Path(
                alphas=grid,
                l1_ratio=float(ratio),
                intercepts=_intercepts(stored, solution)
                if solution.intercepts is None
                else solution.intercepts[i][0, :done],
                n_nonzero=stored.counts,
                degrees_of_freedom=degrees_of_freedom(standardized, grid, float(ratio), plan, engine, x_scale)
                if solution.degrees is None
                else solution.degrees[i, :done],
                train_error=solution.train_error[0, i, :done],
                gaps=solution.gap[0, i, :done],
                gap_source=solution.gap_source,
                alpha_max=tops[i],
                x_mean=solution.x_mean[0],
                x_scale=x_scale,
                y_mean=float(solution.y_mean[0]),
                y_scale=y_scale,
                stored=stored,
                fills=engine.fills(),
                gap_rounding=_gap_rounding(stored, null, engine, plan, solution),
                solver=solution.solver,
                family=family.text,
            )
        )
    return out


def _held_exactly(rows: SparseRows, penalty: Penalty) -> SparseRows:
    """Coefficients that sit on a bound in standardized units sit on it to the last bit in original ones."""
    values = rows.values
    for bound in (penalty.lower, penalty.upper):
        if bound is not None:
            own = bound[rows.columns]
            near = np.isfinite(own) & (np.abs(values - own) <= 1e-14 * np.abs(own))
            values = np.where(near, own, values)
    return SparseRows(rows.starts, rows.columns, values, rows.p)


def _gap_rounding(stored: SparseRows, null: Null, engine: Engine, plan: Plan, solution: Solution) -> Floats:
    """2 u (1 + ||b||_1)^2 in units of standard deviations, u = MOMENT_ROUNDING.

    Every standardized second moment of columns and target is off by at most u (Cauchy and Schwarz on sums of rounded
    products), and the gap is made of the moments with the coefficients (1, b) on both sides.
    """
    if solution.gap_source != "moments":
        return np.zeros(len(stored))
    size = (
        np.sqrt(null.deviation**2 + (0.0 if plan.fit_intercept else engine.means() ** 2)) / null.y_deviation
    )
    weighted = np.abs(stored.values) * size[stored.columns]
    length = stored.counts
    sums = np.add.reduceat(np.append(weighted, 0.0), stored.starts[:-1]) if len(stored) else np.zeros(0)
    return np.asarray(2 * MOMENT_ROUNDING * (1 + np.where(length == 0, 0.0, sums)) ** 2)


def _first_rows(rows: SparseRows, count: int) -> SparseRows:
    last = rows.starts[count]
    return SparseRows(rows.starts[: count + 1], rows.columns[:last], rows.values[:last], rows.p)


def _intercepts(stored: SparseRows, solution: Solution) -> Floats:
    weighted = stored.values * solution.x_mean[0][stored.columns]
    sums = np.add.reduceat(np.append(weighted, 0.0), stored.starts[:-1]) if len(stored) else np.zeros(0)
    sums[stored.counts == 0] = 0.0
    return np.asarray(solution.y_mean[0] - sums)


def degrees_of_freedom(
    rows: SparseRows, alphas: Floats, ratio: float, plan: Plan, engine: Engine, x_scale: Floats
) -> Floats:
    """Of each fit on the path: see ``Path``."""
    count = rows.counts.astype(np.float64)
    if ratio == 1 or not len(alphas):
        return count
    if ratio == 0 and plan.penalty.plain:
        return ridge_degrees_of_freedom(
            engine.spectrum(plan.penalty, plan.fit_intercept, plan.standardize), alphas
        )
    out, known = np.empty(len(alphas)), np.unique(rows.columns)
    if len(known) > 1_000:  # the trace costs s^3 at every alpha: the count bounds it from above
        return count
    gram = engine.gram(known, plan.fit_intercept) / x_scale[known] / x_scale[known][:, None]
    with single_threaded_blas():
        for k, alpha in enumerate(alphas):
            at = np.searchsorted(known, np.sort(rows.columns[rows.starts[k] : rows.starts[k + 1]]))
            ridge = alpha * (1 - ratio) * plan.penalty.factors[known[at]]
            out[k] = len(at) - _shrinkage(gram[np.ix_(at, at)], ridge)
    return out


def _shrinkage(gram: Floats, ridge: Floats) -> float:
    """trace of (G + D)^-1 D, D the diagonal ridge: what the trace of (G + D)^-1 G lacks of the number of columns."""
    from scipy.linalg.lapack import dpotrf, dtrtri

    if not ridge.any():
        return 0.0
    factor, info = dpotrf(gram + np.diag(ridge), lower=1)
    if info != 0:
        return 0.0
    inverse, _ = dtrtri(factor, lower=1)
    return float((np.tril(inverse) ** 2).sum(axis=0) @ ridge)


def finished(
    path: Path, rows: Rows, null: Null, penalty: Penalty, fit_intercept: bool, which: list[int]
) -> Path:
    """The path with the named fits solved once more from the rows (see ``solvers.refine``)."""
    dense, intercepts, errors = None, path.intercepts.copy(), path.train_error.copy()
    share = (
        np.full(len(rows.y), 1.0 / len(rows.y)) if rows.weights is None else rows.weights / rows.weights.sum()
    )
    standard = penalty.scaled(null.x_scale, null.y_scale)
    for k in which:
        beta = path.stored.row(k) * np.where(null.x_scale > 0, null.x_scale, 0.0) / null.y_scale
        better = refined(rows, null, beta, float(path.alphas[k]), path.l1_ratio, standard, fit_intercept)
        if better is None:
            continue
        dense = path.coefs if dense is None else dense
        dense[k] = np.where(
            null.x_scale > 0, better.beta / np.where(null.x_scale > 0, null.x_scale, 1.0), 0.0
        )
        dense[k] *= null.y_scale
        intercepts[k] = null.y_mean - null.x_mean @ dense[k]
        errors[k] = share @ (rows.y - intercepts[k] - rows.design.matvec(dense[k])) ** 2
    if dense is None:
        return path
    return replace(path, stored=SparseRows.of(dense), intercepts=intercepts, train_error=errors)


def ill_conditioned(engine: Engine, null: Null, plan: Plan) -> bool:
    """Whether the columns that no penalty holds are so near to dependent that their Gram has lost their digits."""
    free = np.flatnonzero((plan.penalty.factors == 0) & null.usable)
    if len(free) < 2:
        return False
    scale = null.x_scale[free]
    eigenvalues = np.linalg.eigvalsh(engine.gram(free, plan.fit_intercept) / scale / scale[:, None])
    return bool(eigenvalues[0] < 1e-6 * eigenvalues[-1])


def certify_path(
    rows: Rows,
    plan: Plan,
    path: Path,
    which: list[int],
    threads: int = 1,
    gram: Callable[[NDArray[np.intp]], Floats] | None = None,
) -> list[Certificate]:
    """Certificates from the rows (their missing numbers filled) of the named fits of a path."""
    candidates = [
        Candidate(float(path.alphas[k]), path.l1_ratio, float(path.intercepts[k]), path.stored.row(k))
        for k in which
    ]
    if rows.family != SQUARED:
        return certify_separable(
            rows.design, Responses(rows.family, rows.y, rows.weights, rows.offset), candidates, plan.penalty,
            fit_intercept=plan.fit_intercept, standardize=plan.standardize, tolerance=GAP_TOLERANCE, threads=threads,
        )  # fmt: skip
    return certify(
        rows.design, rows.y, rows.weights, candidates, plan.penalty, fit_intercept=plan.fit_intercept,
        standardize=plan.standardize, tolerance=GAP_TOLERANCE, threads=threads, gram=gram,
    )  # fmt: skip


def solve_paths(
    rows: Rows,
    engine: Engine,
    null: Null,
    plan: Plan,
    tops: list[float],
    progress: Callable[[float], None] | None = None,
) -> list[Path]:
    """The paths of all rows, no cross-validation; alpha = 0 is solved by QR on the rows."""
    solution = engine.solve(plan, Split.whole(rows.design.n), 1, progress)
    out = []
    for path in build_paths(solution, plan, null, engine, tops, None, rows.family):
        if rows.family != SQUARED:
            out.append(path)
            continue
        filled = replace(rows, design=rows.design.fill(path.fills))
        delicate = ill_conditioned(engine, null, plan)
        from_rows = [k for k, alpha in enumerate(path.alphas) if alpha == 0 or delicate]
        better = finished(path, filled, null, plan.penalty, plan.fit_intercept, from_rows)
        if better is not path:
            proven = certify_path(filled, plan, better, from_rows)
            gaps = better.gaps.copy()
            gaps[from_rows] = [certificate.relative_gap for certificate in proven]
            better = replace(better, gaps=gaps)
        out.append(better)
    return out
