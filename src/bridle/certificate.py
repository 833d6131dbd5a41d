"""Certificates: how far a fit can be from the optimum, computed from the rows by code that the solvers never call."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._numerics import single_threaded_blas
from .design import Design
from .objective import duality_gap
from .penalties import Penalty

Floats = NDArray[np.float64]
GAP_TOLERANCE = 1e-8
KKT_TOLERANCE = 1e-6
MOST_COLUMNS = 2_000  # beyond these, the smallest eigenvalue on the support is not looked for


@dataclass(frozen=True)
class Certificate:
    """What is proven about one fit.

    Attributes
    ----------
    alpha, l1_ratio : the strength it belongs to.
    objective : P at the fit, in units of the target squared.
    gap : duality gap, an upper bound of P(b) - min P in the same units; conditional on ``block_gradient``.
    relative_gap : gap divided by the null model's loss (scikit-learn's ``tol`` asks for 2 tol).
    kkt_violation : the largest distance of a column's gradient to the subdifferential, in units of that column's and the
        target's standard deviations; ``kkt_column`` (and ``kkt_variable``, where names are known) is where.
    block_gradient : the same on the intercept and the unpenalized columns.
    coefficient_error : a bound of ||b - b*||_2 in standardized units, from strong convexity on every column that could be
        in an optimal support; None where that support has no positive smallest eigenvalue.
    coefficient_norm : ||b||_2 in the same units.
    tolerance : the relative gap that "certified" asks for.
    source : "rows" (computed from the data rows).
    """

    alpha: float
    l1_ratio: float
    objective: float
    gap: float
    relative_gap: float
    kkt_violation: float
    kkt_column: int | None
    block_gradient: float
    coefficient_error: float | None
    coefficient_norm: float
    tolerance: float = GAP_TOLERANCE
    source: str = "rows"
    kkt_variable: str | None = None

    @property
    def certified(self) -> bool:
        """Whether gap, KKT violation and the gradient of the unpenalized block are all within tolerance."""
        worst = max(self.kkt_violation, self.block_gradient)
        return bool(self.relative_gap <= self.tolerance and worst <= KKT_TOLERANCE)

    @property
    def identified(self) -> bool:
        """Whether the coefficients are pinned down to a hundredth of their size."""
        bound = self.coefficient_error
        return bound is not None and bound <= 0.01 * self.coefficient_norm + 1e-12

    @property
    def sentence(self) -> str:
        """The certificate in plain English."""
        worst = max(self.kkt_violation, self.block_gradient)
        if not self.certified:
            return (
                f"Not certified: the objective may be up to {self.relative_gap:.1e} of the null model's loss above its "
                f"minimum, and the optimality conditions are off by {worst:.1e}."
            )
        text = (
            f"Certified from the rows: the objective is within {_at_most(self.relative_gap, 1e-12)} of the null model's "
            f"loss of its minimum, and every optimality condition holds to {_at_most(worst, 1e-12)}."
        )
        if self.identified and self.coefficient_error is not None:
            error = _at_most(self.coefficient_error, 1e-6)
            return text + f" No coefficient is off by more than {error} in standardized units."
        return text + " Objective certified, coefficients not identified: other weights would fit as well."

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and model files."""
        return asdict(self)


def _at_most(value: float, floor: float) -> str:
    """The next power of ten above, and never below a floor: digits of rounding noise would say nothing."""
    return f"{floor:.0e}" if value <= floor else f"1e{math.ceil(math.log10(value)):+03d}"


@dataclass(frozen=True)
class Candidate:
    """One fit to certify: original units; ``coef`` (p,)."""

    alpha: float
    l1_ratio: float
    intercept: float
    coef: Floats


@dataclass(frozen=True)
class _Totals:
    weight: float
    mean: Floats  # (p,) weighted means
    variance: Floats  # (p,)
    y_mean: float
    y_square: float  # about the mean, or about zero without an intercept
    y_variance: float
    residual_sum: Floats  # (C,) sum w r
    residual_square: Floats  # (C,) sum w r^2
    products: Floats  # (p, C) sum w (x - mean) r


@dataclass(frozen=True, eq=False)
class _Rows:
    design: Design
    y: Floats
    weights: Floats


@dataclass(frozen=True, eq=False)
class _Problem:
    """The problem in standardized units, as the penalty sees it."""

    rows: _Rows
    totals: _Totals
    penalty: Penalty  # bounds in standardized units; constant columns left out
    x_scale: Floats  # (p,) 0 for constant columns
    column_sd: Floats  # (p,) of the scaled columns: 1 where they were scaled to unit sd
    y_scale: float
    y_sd: float
    fit_intercept: bool
    gram: Callable[[NDArray[np.intp]], Floats]  # unscaled second moments of named columns


def certify(
    design: Design,
    y: Floats,
    weights: Floats | None,
    candidates: Sequence[Candidate],
    penalty: Penalty,
    *,
    fit_intercept: bool = True,
    standardize: bool = True,
    tolerance: float = GAP_TOLERANCE,
    gram: Callable[[NDArray[np.intp]], Floats] | None = None,
    threads: int = 1,
) -> list[Certificate]:
    """Certificates of fits that share a penalty and differ in strength, from one pass over the rows.

    ``penalty`` has bounds in original units. ``gram(columns)`` may give second moments of named columns where the rows
    would be long to multiply; it is used for the bound on the coefficients alone.
    """
    with (
        single_threaded_blas()
    ):  # the tiles are the parallel work; small factorizations are slower with threads
        rows = _Rows(design, y, np.ones(len(y)) if weights is None else weights)
        problem = _standardized(rows, candidates, penalty, fit_intercept, standardize, gram, threads)
        return [_certificate(problem, candidate, k, tolerance) for k, candidate in enumerate(candidates)]


def _standardized(
    rows: _Rows,
    candidates: Sequence[Candidate],
    penalty: Penalty,
    fit_intercept: bool,
    standardize: bool,
    gram: Callable[[NDArray[np.intp]], Floats] | None,
    threads: int,
) -> _Problem:
    totals = _totals(rows, candidates, fit_intercept, threads)
    sd = np.sqrt(np.maximum(totals.variance, 0.0))
    constant = sd <= 1e-13 * np.abs(totals.mean)
    if not fit_intercept:
        sd = np.where(constant, np.sqrt(totals.variance + totals.mean**2), sd)
        constant = sd == 0
    y_sd = math.sqrt(totals.y_square) if totals.y_square > 0 else 1.0
    x_scale = np.where(constant, 0.0, sd if standardize else 1.0)
    y_scale = y_sd if standardize else 1.0
    own = penalty.scaled(x_scale, y_scale)
    safe = np.where(constant, 1.0, x_scale)
    return _Problem(
        rows=rows,
        totals=totals,
        penalty=Penalty(np.where(constant, np.inf, own.factors), own.lower, own.upper),
        x_scale=x_scale,
        column_sd=np.where(constant, 1.0, sd) / safe,
        y_scale=y_scale,
        y_sd=y_sd,
        fit_intercept=fit_intercept,
        gram=_gram_from(rows, totals, fit_intercept, gram),
    )


def _certificate(problem: _Problem, candidate: Candidate, k: int, tolerance: float) -> Certificate:
    alpha, ratio = candidate.alpha, candidate.l1_ratio
    totals, penalty, y_scale = problem.totals, problem.penalty, problem.y_scale
    usable = problem.x_scale > 0
    safe = np.where(usable, problem.x_scale, 1.0)
    b = np.where(usable, candidate.coef * problem.x_scale / y_scale, 0.0)
    g = np.where(usable, totals.products[:, k] / totals.weight / safe / y_scale, 0.0)
    square = float(totals.residual_square[k]) / totals.weight / y_scale**2
    null_loss = 0.5 * totals.y_square / y_scale**2
    null_loss = null_loss if null_loss > 0 else 1.0
    gap = _gap(problem, candidate, b, g, square, tolerance * null_loss)
    # Dimensionless: per standard deviation of the column and of the target.
    free = (penalty.factors == 0) | (alpha == 0)
    off = penalty.distance(b, g, alpha, ratio) / problem.column_sd * y_scale / problem.y_sd
    block = float(np.max(off[free], initial=0.0))
    if problem.fit_intercept:
        block = max(block, abs(float(totals.residual_sum[k])) / totals.weight / problem.y_sd)
    held = np.where(free, 0.0, off)
    worst = int(np.argmax(held)) if len(held) else 0
    violation = float(held[worst]) if len(held) else 0.0
    return Certificate(
        alpha=alpha,
        l1_ratio=ratio,
        objective=(0.5 * square + penalty.value(b, alpha, ratio)) * y_scale**2,
        gap=float(gap * y_scale**2),
        relative_gap=float(gap / null_loss),
        kkt_violation=violation,
        kkt_column=worst if violation > 0 else None,
        block_gradient=block,
        coefficient_error=_coefficient_error(problem, candidate, b, g, gap) if math.isfinite(gap) else None,
        coefficient_norm=float(np.linalg.norm(b)),
        tolerance=tolerance,
    )


def _gap(
    problem: _Problem, candidate: Candidate, b: Floats, g: Floats, residual_square: float, enough: float
) -> float:
    """The duality gap; without an l1 part, where that says little, the exact excess of a quadratic."""
    alpha, ratio, penalty = candidate.alpha, candidate.l1_ratio, problem.penalty
    gap, _ = duality_gap(residual_square, b, g, penalty, alpha, ratio)
    unbounded = penalty.lower is None and penalty.upper is None
    if alpha == 0:
        excess = _least_squares_excess(problem, candidate)
        if excess is not None:
            return excess if unbounded and penalty.feasible(b) else math.inf
    if alpha == 0 or (ratio == 0 and unbounded and gap > enough):
        return _quadratic_gap(problem, b, g, alpha)
    return gap


def _coefficient_error(
    problem: _Problem, candidate: Candidate, b: Floats, g: Floats, gap: float
) -> float | None:
    """sqrt(2 gap / mu), mu the strong convexity on every column that some optimum may use.

    The dual optimum is within sqrt(2 gap) of the residual (the dual is strongly concave), so a column whose gradient stays
    below its threshold by more than that times its norm is zero in every optimum (gap safe screening, Ndiaye et al. 2017).
    """
    factors, x_scale = problem.penalty.factors, problem.x_scale
    usable = np.isfinite(factors)
    v = candidate.alpha * np.where(usable, factors, 0.0)
    l1, l2 = candidate.l1_ratio * v, (1 - candidate.l1_ratio) * v
    # Rounding in g itself is of the order of 1e-15; it must not count as proof.
    radius = math.sqrt(2 * gap) + 1e-14
    norm = problem.column_sd  # of the standardized column: 1 where it was scaled to unit sd
    possible = np.flatnonzero(usable & ((b != 0) | (np.abs(g) + radius * norm >= l1)))
    if not len(possible):
        return 0.0
    ridge = l2[possible]
    if len(possible) > MOST_COLUMNS:
        mu = float(ridge.min())
    else:
        matrix = problem.gram(possible) / x_scale[possible] / x_scale[possible][:, None]
        mu = _smallest_eigenvalue(matrix + np.diag(ridge))
        mu = max(mu, float(ridge.min()))
    if not mu > 1e-13:
        return None
    return math.sqrt(2 * gap / mu)


def _least_squares_excess(problem: _Problem, candidate: Candidate) -> float | None:
    """At alpha = 0 half the square of the residual's part in the span of the columns, by QR of the rows.

    None where the rows are too many to be factorized: the Gram then has to do.
    """
    rows, totals, design = problem.rows, problem.totals, problem.rows.design
    used = np.flatnonzero(np.isfinite(problem.penalty.factors))
    if not len(used) or design.n * len(used) ** 2 > 5e8:
        return None
    root = np.sqrt(rows.weights / totals.weight)
    centre = totals.mean[used] if problem.fit_intercept else 0.0
    block = (design.columns(used) - centre) / problem.x_scale[used] * root[:, None]
    residual = (rows.y - candidate.intercept - design.matvec(candidate.coef)) / problem.y_scale * root
    inside = np.linalg.qr(block)[0].T @ residual
    return 0.5 * float(inside @ inside)


def _quadratic_gap(problem: _Problem, b: Floats, g: Floats, alpha: float) -> float:
    """Without an l1 part the excess is (g - D b)'(G + D)^-1 (g - D b) / 2 exactly, D the ridge part alpha v.

    Infinite where G + D is singular, b infeasible, or bounds make it another problem.
    """
    penalty, x_scale = problem.penalty, problem.x_scale
    used = np.flatnonzero(np.isfinite(penalty.factors))
    bounded = penalty.lower is not None or penalty.upper is not None
    if bounded or not penalty.feasible(b) or len(used) > MOST_COLUMNS:
        return float("inf")
    matrix = problem.gram(used) / x_scale[used] / x_scale[used][:, None]
    ridge = alpha * penalty.factors[used]
    off = g[used] - ridge * b[used]
    try:
        step = np.linalg.solve(matrix + np.diag(ridge), off)
    except np.linalg.LinAlgError:
        return float("inf")
    return abs(0.5 * float(off @ step)) + float(np.finfo(np.float64).eps) * abs(float(b @ b))


def _smallest_eigenvalue(matrix: Floats) -> float:
    """A lower bound: 1 / ||inverse||_1 (symmetric, so no smaller than the spectral norm); 0 when singular."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, info = dpotrf(matrix, lower=0)
    if info != 0:
        return 0.0
    inverse, info = dpotri(factor, lower=0)
    if info != 0:
        return 0.0
    inverse = np.triu(inverse) + np.triu(inverse, 1).T
    return 1.0 / float(np.abs(inverse).sum(axis=0).max())


def _gram_from(
    rows: _Rows, totals: _Totals, fit_intercept: bool, given: Callable[[NDArray[np.intp]], Floats] | None
) -> Callable[[NDArray[np.intp]], Floats]:
    design, weights = rows.design, rows.weights

    def from_rows(which: NDArray[np.intp]) -> Floats:
        total = np.zeros((len(which), len(which)))
        step = max(1, (1 << 17) // max(1, len(which)))
        for a in range(0, design.n, step):
            b = min(a + step, design.n)
            block = design.columns(which, a, b) - (totals.mean[which] if fit_intercept else 0.0)
            total += (block * weights[a:b, None]).T @ block
        return total / totals.weight

    def best(which: NDArray[np.intp]) -> Floats:
        if given is not None and design.n * len(which) ** 2 > 2e7:
            return given(which)
        return from_rows(which)

    return best


def _totals(rows: _Rows, candidates: Sequence[Candidate], fit_intercept: bool, threads: int) -> _Totals:
    """Everything the certificates need, from one pass over tiles of rows, about a shift near the means."""
    design, y, weights = rows.design, rows.y, rows.weights
    coefs = design.spread(np.stack([c.coef for c in candidates], axis=1))
    intercepts = np.array([c.intercept for c in candidates])
    first = design.tiles()[0]
    ones = weights[first[0] : first[1]]
    seen = float(ones.sum())
    shift = (
        design.transposed_times_rows(*first, ones[:, None])[:, 0] / seen if seen > 0 else np.zeros(design.p)
    )
    if design.sparse:  # a tile's mean says little of a column that is mostly zero
        everything = design.unfilled().rmatvec(weights, threads)
        shift = everything / weights.sum()
    y_shift = float(ones @ y[first[0] : first[1]]) / seen if seen > 0 else 0.0

    def tile(a: int, b: int) -> tuple[Floats, Floats, Floats, Floats]:
        w = weights[a:b]
        residual = y[a:b, None] - intercepts - design.times_rows(a, b, coefs)
        weighted = np.column_stack([w, w[:, None] * residual])
        products = design.transposed_times_rows(a, b, weighted)
        squares = design.squares_rows(a, b, w, shift)
        off = y[a:b] - y_shift
        scalars = np.array([w.sum(), w @ off, w @ (off * off), w @ y[a:b] ** 2])
        return products, squares, np.vstack([w @ residual, w @ residual**2]), scalars

    parts = design.map_tiles(tile, threads)
    stored: Floats = sum((p[0] for p in parts), np.zeros((design.p, len(candidates) + 1)))
    squares: Floats = sum((p[1] for p in parts), np.zeros(design.p))
    residuals: Floats = sum((p[2] for p in parts), np.zeros((2, len(candidates))))
    weight, y_sum, y_about, y_raw = sum((p[3] for p in parts), np.zeros(4))
    mean = stored[:, 0] / weight
    variance = np.maximum(squares / weight - (mean - shift) ** 2, 0.0)
    if len(design.imputed):
        mean, variance = _filled_statistics(design, weights, mean, variance, weight)
    products = design.gather(stored[:, 1:])
    if fit_intercept:
        products = products - mean[:, None] * residuals[0]
    y_variance = max(float(y_about / weight - (y_sum / weight) ** 2), 0.0)
    return _Totals(
        float(weight), mean, variance, y_shift + float(y_sum / weight),
        y_variance if fit_intercept else float(y_raw / weight), y_variance, residuals[0], residuals[1], products,
    )  # fmt: skip


def _filled_statistics(
    design: Design, weights: Floats, mean: Floats, variance: Floats, weight: float
) -> tuple[Floats, Floats]:
    mean, variance = mean.copy(), variance.copy()
    for column in np.unique(design.imputed[:, 0]):
        values = design.columns(np.array([column]))[:, 0]
        mean[column] = weights @ values / weight
        variance[column] = weights @ (values - mean[column]) ** 2 / weight
    return mean, variance
