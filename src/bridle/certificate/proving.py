"""From evidence to certificates: the duality gap, the KKT violation, and a bound on the coefficients."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas
from ..design import Design
from ..objective import duality_gap
from ..penalties import Penalty
from .evidence import Candidate, Floats, Totals, totals
from .statement import GAP_TOLERANCE, Certificate

MOST_COLUMNS = 2_000
Gram = Callable[[NDArray[np.intp]], Floats]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the rows say about fits that share a penalty: all that a certificate needs, and no row.

    ``gram(columns)`` gives unscaled second moments of named columns, for the bound on the coefficients; ``excess`` the
    exact excess of unpenalized fits, by candidate.
    """

    candidates: tuple[Candidate, ...]
    sums: Totals
    penalty: Penalty  # original units; constant columns left out
    x_scale: Floats  # (p,) 0 for constant columns
    sd: Floats  # (p,) of the columns; about zero where one is constant and there is no intercept
    fit_intercept: bool
    standardize: bool
    gram: Gram
    excess: dict[int, float]
    most_columns: int = MOST_COLUMNS

    @property
    def column_sd(self) -> Floats:
        """(p,) of the scaled columns: 1 where they were scaled to unit standard deviation, and where they are constant."""
        usable = self.x_scale > 0
        return np.where(usable, self.sd, 1.0) / np.where(usable, self.x_scale, 1.0)

    def gap(self, k: int) -> float:
        """The duality gap of a candidate, in units of the target squared."""
        return _gap(_Problem.of(self, k), GAP_TOLERANCE) * self.y_scale(k) ** 2

    def null_loss(self, k: int) -> float:
        """Half the mean square of the candidate's target, about its mean where there is an intercept."""
        sizes = self.sums.y_square
        return 0.5 * float(sizes[k if len(sizes) > 1 else 0])

    def y_sd(self, k: int) -> float:
        """The root of twice the null loss; 1 where that is 0."""
        square = 2 * self.null_loss(k)
        return math.sqrt(square) if square > 0 else 1.0

    def y_scale(self, k: int) -> float:
        """What the target was divided by."""
        return self.y_sd(k) if self.standardize else 1.0

    def certificate(self, k: int, tolerance: float = GAP_TOLERANCE) -> Certificate:
        """Of candidate k."""
        with single_threaded_blas():
            return _certificate(_Problem.of(self, k), tolerance)


@dataclass(frozen=True, eq=False)
class _Problem:
    """One candidate in standardized units, as the penalty sees it."""

    evidence: Evidence
    candidate: Candidate
    penalty: Penalty
    b: Floats
    g: Floats  # minus the gradient of the loss
    square: float  # mean squared residual
    null_loss: float
    residual_mean: float
    least_squares_excess: float | None
    y_scale: float
    y_sd: float

    @staticmethod
    def of(evidence: Evidence, k: int) -> _Problem:
        sums, candidate = evidence.sums, evidence.candidates[k]
        y_sd = evidence.y_sd(k)
        y_scale = y_sd if evidence.standardize else 1.0
        usable = evidence.x_scale > 0
        safe = np.where(usable, evidence.x_scale, 1.0)
        null_loss = evidence.null_loss(k) / y_scale**2
        return _Problem(
            evidence=evidence,
            candidate=candidate,
            penalty=evidence.penalty.scaled(evidence.x_scale, y_scale),
            b=np.where(usable, candidate.coef * evidence.x_scale / y_scale, 0.0),
            g=np.where(usable, sums.products[:, k] / (sums.weight * y_scale) / safe, 0.0),
            square=float(sums.residual_square[k]) / sums.weight / y_scale**2,
            null_loss=null_loss if null_loss > 0 else 1.0,
            residual_mean=float(sums.residual_sum[k]) / sums.weight,
            least_squares_excess=evidence.excess.get(k),
            y_scale=y_scale,
            y_sd=y_sd,
        )


def examine(
    design: Design,
    y: Floats,
    weights: Floats | None,
    candidates: Sequence[Candidate],
    penalty: Penalty,
    *,
    fit_intercept: bool = True,
    standardize: bool = True,
    gram: Gram | None = None,
    always: bool = False,
    most_columns: int = MOST_COLUMNS,
    threads: int = 1,
) -> Evidence:
    """The evidence for fits that share a penalty and differ in strength, or in their target, from one pass over the rows.

    ``y`` is (n,), or (n, C) where every candidate has a target of its own. ``penalty`` has bounds in original units.
    ``gram(columns)`` may give second moments of named columns where the rows would be long to multiply (or, with
    ``always``, wherever they are asked for, so that no row is kept). Beyond
    ``most_columns`` the smallest eigenvalue on the support is not looked for.
    """
    with (
        single_threaded_blas()
    ):  # the tiles are the parallel work; small factorizations are slower with threads
        sums = totals(design, y, weights, candidates, fit_intercept, threads)
        sd = np.sqrt(np.maximum(sums.variance, 0.0))
        constant = sd <= 1e-13 * np.abs(sums.mean)
        if not fit_intercept:
            sd = np.where(constant, np.sqrt(sums.variance + sums.mean**2), sd)
            constant = sd == 0
        x_scale = np.where(constant, 0.0, sd if standardize else 1.0)
        factors = np.where(constant, np.inf, penalty.factors)
        evidence = Evidence(
            candidates=tuple(candidates),
            sums=sums,
            penalty=Penalty(factors, penalty.lower, penalty.upper),
            x_scale=x_scale,
            sd=sd,
            fit_intercept=fit_intercept,
            standardize=standardize,
            gram=gram
            if always and gram is not None
            else _gram_from(design, weights, sums, fit_intercept, gram),
            excess={},
            most_columns=most_columns,
        )
        for k, candidate in enumerate(candidates):
            if candidate.alpha == 0:
                target = y if y.ndim == 1 else y[:, k]
                excess = _least_squares_excess(design, target, weights, _Problem.of(evidence, k))
                if excess is not None:
                    evidence.excess[k] = excess
        return evidence


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
    gram: Gram | None = None,
    threads: int = 1,
) -> list[Certificate]:
    """Certificates of fits that share a penalty and differ in strength, from one pass over the rows; see ``examine``."""
    evidence = examine(
        design, y, weights, candidates, penalty, fit_intercept=fit_intercept, standardize=standardize, gram=gram,
        threads=threads,
    )  # fmt: skip
    return [evidence.certificate(k, tolerance) for k in range(len(candidates))]


def _certificate(problem: _Problem, tolerance: float) -> Certificate:
    evidence, candidate, penalty = problem.evidence, problem.candidate, problem.penalty
    alpha, ratio, b, g, y_scale = candidate.alpha, candidate.l1_ratio, problem.b, problem.g, problem.y_scale
    gap = _gap(problem, tolerance)
    # Dimensionless: per standard deviation of the column and of the target.
    free = (penalty.factors == 0) | (alpha == 0)
    off = penalty.distance(b, g, alpha, ratio) / evidence.column_sd * y_scale / problem.y_sd
    block = float(np.max(off[free], initial=0.0))
    if evidence.fit_intercept:
        block = max(block, abs(problem.residual_mean) / problem.y_sd)
    held = np.where(free, 0.0, off)
    worst = int(np.argmax(held)) if len(held) else 0
    violation = float(held[worst]) if len(held) else 0.0
    return Certificate(
        alpha=alpha,
        l1_ratio=ratio,
        objective=(0.5 * problem.square + penalty.value(b, alpha, ratio)) * y_scale**2,
        gap=float(gap * y_scale**2),
        relative_gap=float(gap / problem.null_loss),
        kkt_violation=violation,
        kkt_column=worst if violation > 0 else None,
        block_gradient=block,
        coefficient_error=_coefficient_error(problem, gap) if math.isfinite(gap) else None,
        coefficient_norm=float(np.linalg.norm(b)),
        tolerance=tolerance,
        standardized=evidence.standardize,
    )


def _gap(problem: _Problem, tolerance: float) -> float:
    """The duality gap; without an l1 part, where that says little, the exact excess of a quadratic."""
    alpha, ratio, penalty = problem.candidate.alpha, problem.candidate.l1_ratio, problem.penalty
    gap, _ = duality_gap(problem.square, problem.b, problem.g, penalty, alpha, ratio)
    unbounded = penalty.lower is None and penalty.upper is None
    if alpha == 0 and problem.least_squares_excess is not None:
        return problem.least_squares_excess if penalty.feasible(problem.b) else math.inf
    if alpha == 0 or (ratio == 0 and unbounded and gap > tolerance * problem.null_loss):
        return _quadratic_gap(problem)
    return gap


def _coefficient_error(problem: _Problem, gap: float) -> float | None:
    """sqrt(2 gap / mu), mu the strong convexity on every column that some optimum may use.

    The dual optimum is within sqrt(2 gap) of the residual (the dual is strongly concave), so a column whose gradient stays
    below its threshold by more than that times its norm is zero in every optimum (gap safe screening, Ndiaye et al. 2017).
    """
    evidence, candidate, b, g = problem.evidence, problem.candidate, problem.b, problem.g
    factors, x_scale = problem.penalty.factors, evidence.x_scale
    usable = np.isfinite(factors)
    v = candidate.alpha * np.where(usable, factors, 0.0)
    l1, l2 = candidate.l1_ratio * v, (1 - candidate.l1_ratio) * v
    # Rounding in g itself is of the order of 1e-15; it must not count as proof.
    radius = math.sqrt(2 * gap) + 1e-14
    norm = evidence.column_sd  # of the standardized column: 1 where it was scaled to unit sd
    possible = np.flatnonzero(usable & ((b != 0) | (np.abs(g) + radius * norm >= l1)))
    if not len(possible):
        return 0.0
    ridge = l2[possible]
    if len(possible) > evidence.most_columns:
        mu = float(ridge.min())
    else:
        matrix = evidence.gram(possible) / x_scale[possible] / x_scale[possible][:, None]
        mu = smallest_eigenvalue(matrix + np.diag(ridge))
        mu = max(mu, float(ridge.min()))
    if not mu > 1e-13:
        return None
    return math.sqrt(2 * gap / mu)


def _least_squares_excess(
    design: Design, y: Floats, weights: Floats | None, problem: _Problem
) -> float | None:
    """At alpha = 0 half the square of the residual's part in the span of the columns, by QR of the rows.

    With bounds it is a bound of the excess: a column that its bound stops can only lose by moving, so that its gradient
    counts as none: with g the gradient of the others, g'(X'X)^-1 g / 2. None where the rows are too many to be factorized,
    or bounds meet columns that depend on others: the Gram then has to do.
    """
    evidence, candidate = problem.evidence, problem.candidate
    used = np.flatnonzero(np.isfinite(problem.penalty.factors))
    if not len(used) or design.n * len(used) ** 2 > 5e8:
        return None
    root = np.sqrt((np.ones(len(y)) if weights is None else weights) / evidence.sums.weight)
    centre = evidence.sums.mean[used] if evidence.fit_intercept else 0.0
    block = (design.columns(used) - centre) / evidence.x_scale[used] * root[:, None]
    residual = (y - candidate.intercept - design.matvec(candidate.coef)) / problem.y_scale * root
    basis, triangle, order = _factors(block)
    inside = basis.T @ residual
    stopped = problem.penalty.stopped(problem.b, problem.g)[used]
    if stopped.any():
        from scipy.linalg import solve_triangular

        if basis.shape[1] < len(used):
            return None
        inside = solve_triangular(triangle, np.where(stopped, 0.0, block.T @ residual)[order], trans="T")
    return 0.5 * float(inside @ inside)


def _factors(block: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """QR with the order of its columns; what depends on other columns to rounding adds no direction of its own."""
    from scipy.linalg import qr

    q, r, order = qr(block, mode="economic", pivoting=True)
    pivots = np.abs(np.diag(r))
    kept = pivots > 1e-14 * max(block.shape) * pivots[0] if len(pivots) else np.zeros(0, dtype=bool)
    return np.asarray(q[:, kept]), np.asarray(r), np.asarray(order)


def _quadratic_gap(problem: _Problem) -> float:
    """Without an l1 part the excess is (g - D b)'(G + D)^-1 (g - D b) / 2 exactly, D the ridge part alpha v.

    Infinite where G + D is singular, b infeasible, or bounds make it another problem.
    """
    penalty, x_scale, b, g = problem.penalty, problem.evidence.x_scale, problem.b, problem.g
    alpha = problem.candidate.alpha
    used = np.flatnonzero(np.isfinite(penalty.factors))
    bounded = penalty.lower is not None or penalty.upper is not None
    if bounded or not penalty.feasible(b) or len(used) > problem.evidence.most_columns:
        return float("inf")
    matrix = problem.evidence.gram(used) / x_scale[used] / x_scale[used][:, None]
    ridge = alpha * penalty.factors[used]
    off = g[used] - ridge * b[used]
    try:
        step = np.linalg.solve(matrix + np.diag(ridge), off)
    except np.linalg.LinAlgError:
        return float("inf")
    return abs(0.5 * float(off @ step)) + float(np.finfo(np.float64).eps) * abs(float(b @ b))


def smallest_eigenvalue(matrix: Floats) -> float:
    """A lower bound: 1 / ||inverse||_1 (symmetric, so no smaller than the spectral norm); 0 when singular."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, info = dpotrf(matrix, lower=0)
    if info != 0:
        return 0.0
    inverse, info = dpotri(factor, lower=0)
    if info != 0:
        return 0.0
    size = np.abs(inverse)  # the upper triangle; zeros below
    return 1.0 / float((size.sum(axis=0) + size.sum(axis=1) - size.diagonal()).max())


def _gram_from(
    design: Design, weights: Floats | None, sums: Totals, fit_intercept: bool, given: Gram | None
) -> Gram:
    def from_rows(which: NDArray[np.intp]) -> Floats:
        total = np.zeros((len(which), len(which)))
        step = max(1, (1 << 17) // max(1, len(which)))
        for a in range(0, design.n, step):
            b = min(a + step, design.n)
            block = design.columns(which, a, b) - (sums.mean[which] if fit_intercept else 0.0)
            total += (block if weights is None else block * weights[a:b, None]).T @ block
        return total / sums.weight

    def best(which: NDArray[np.intp]) -> Floats:
        if given is not None and design.n * len(which) ** 2 > 2e7:
            return given(which)
        return from_rows(which)

    return best
