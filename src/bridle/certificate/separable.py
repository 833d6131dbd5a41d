"""Certificates of generalized linear models: the same questions as of squared error, asked of any separable loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas
from ..design import Design
from ..families import Family, constant_model
from ..objective import ROUNDING, dual_scale, separable_gap
from ..penalties import Penalty
from .evidence import Candidate, Floats, totals
from .proving import MOST_COLUMNS, smallest_eigenvalue
from .statement import GAP_TOLERANCE, Certificate

MOST_PRODUCTS = (
    2e10  # rows times columns squared: beyond this no Hessian is built for the bound on the coefficients
)


@dataclass(frozen=True, eq=False)
class Responses:
    """Target (n,), weights (n,), offset (n,) or None each, and the family that they are seen by."""

    family: Family
    y: Floats
    weights: Floats | None = None
    offset: Floats | None = None

    def shares(self) -> Floats:
        w = np.ones(len(self.y)) if self.weights is None else self.weights
        return np.asarray(w / w.sum())

    def null(self, fit_intercept: bool) -> tuple[float, float]:
        """The loss of the constant model, and the root mean square of its slopes."""
        constant = constant_model(self.family, self.y, self.weights, self.offset, fit_intercept)
        eta = constant + np.zeros(len(self.y)) + (0.0 if self.offset is None else self.offset)
        share = self.shares()
        slope = self.family.slope(self.y, eta)
        size = math.sqrt(float(share @ slope**2))
        # A constant target is fitted to rounding: what is left is no unit to measure in.
        rounding = 8 * ROUNDING * self.family.weight(self.y, eta) * (1 + np.abs(eta))
        if size <= math.sqrt(float(share @ np.where(np.isfinite(rounding), rounding, 0.0) ** 2)):
            return 0.0, 0.0
        return float(share @ self.family.loss(self.y, eta)), size


def certify_separable(
    design: Design,
    responses: Responses,
    candidates: Sequence[Candidate],
    penalty: Penalty,
    *,
    fit_intercept: bool = True,
    standardize: bool = True,
    tolerance: float = GAP_TOLERANCE,
    threads: int = 1,
) -> list[Certificate]:
    """Certificates of fits that share a penalty, from the rows; ``penalty`` has bounds in original units.

    The dual point is the slopes at the fit, scaled where only an l1 part holds a column back; what the scaling costs is
    Fenchel's inequality row by row (``Family.conjugate_gap``). Where the loss is not convex there is no gap.
    """
    family, share = responses.family, responses.shares()
    coefs = np.array([c.coef for c in candidates]).T
    with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore"):
        eta = design.matvec(coefs, threads) + np.array([c.intercept for c in candidates])
        if responses.offset is not None:
            eta = eta + responses.offset[:, None]
        y = np.broadcast_to(responses.y[:, None], eta.shape)
        slopes = family.slope(y, eta)
        # The sums that a residual would make: minus the slopes, each candidate with a "target" of its own.
        sums = totals(
            design, -slopes, responses.weights, [_nothing(c) for c in candidates], fit_intercept, threads
        )
        sd = np.sqrt(np.maximum(sums.variance, 0.0))
        constant = sd <= 1e-13 * np.abs(sums.mean)
        if not fit_intercept:
            sd = np.where(constant, np.sqrt(sums.variance + sums.mean**2), sd)
            constant = sd == 0
        x_scale = np.where(constant, 0.0, sd if standardize else 1.0)
        own = Penalty(np.where(constant, np.inf, penalty.factors), penalty.lower, penalty.upper).scaled(
            x_scale, 1.0
        )
        null_loss, slope_size = responses.null(fit_intercept)
        out = []
        for k, candidate in enumerate(candidates):
            view = _View(
                design, responses, candidate, own, x_scale, sd, sums.mean if fit_intercept else np.zeros(len(sd)),
                np.where(constant, 0.0, candidate.coef * x_scale),
                np.where(constant, 0.0, sums.products[:, k] / sums.weight / np.where(constant, 1.0, x_scale)),
                eta[:, k], share, fit_intercept, threads,
            )  # fmt: skip
            out.append(
                _certificate(view, null_loss if null_loss > 0 else 1.0, slope_size if slope_size > 0 else 1.0,
                             float(sums.residual_sum[k]) / sums.weight, tolerance, standardize)
            )  # fmt: skip
        return out


def _nothing(candidate: Candidate) -> Candidate:
    return Candidate(candidate.alpha, candidate.l1_ratio, 0.0, np.zeros_like(candidate.coef))


@dataclass(frozen=True, eq=False)
class _View:
    """One candidate in standardized units."""

    design: Design
    responses: Responses
    candidate: Candidate
    penalty: Penalty
    x_scale: Floats
    sd: Floats
    centre: Floats
    b: Floats
    g: Floats  # minus the gradient of the loss
    eta: Floats
    share: Floats
    fit_intercept: bool
    threads: int


def _certificate(
    view: _View, null_loss: float, slope_size: float, slope_mean: float, tolerance: float, standardize: bool
) -> Certificate:
    candidate, penalty, family = view.candidate, view.penalty, view.responses.family
    alpha, ratio, y = candidate.alpha, candidate.l1_ratio, view.responses.y
    loss = float(view.share @ family.loss(y, view.eta))
    usable = view.x_scale > 0
    column_sd = np.where(usable, view.sd, 1.0) / np.where(usable, view.x_scale, 1.0)
    free = (penalty.factors == 0) | (alpha == 0)
    off = penalty.distance(view.b, view.g, alpha, ratio) / column_sd / slope_size
    block = float(np.max(off[free], initial=0.0))
    if view.fit_intercept:
        block = max(block, abs(slope_mean) / slope_size)
    held = np.where(free, 0.0, off)
    worst = int(np.argmax(held)) if len(held) else 0
    violation = float(held[worst]) if len(held) else 0.0
    gap, error = math.nan, None
    if family.convex:
        gap = _gap(view, alpha, ratio)
        error = _coefficient_error(view, gap) if math.isfinite(gap) else None
    return Certificate(
        alpha=alpha,
        l1_ratio=ratio,
        objective=loss + penalty.value(view.b, alpha, ratio),
        gap=gap,
        relative_gap=gap / null_loss,
        kkt_violation=violation,
        kkt_column=worst if violation > 0 else None,
        block_gradient=block,
        coefficient_error=error,
        coefficient_norm=float(np.linalg.norm(view.b)),
        tolerance=tolerance,
        standardized=standardize,
        convex=family.convex,
        units="half a unit deviance",
    )


def _gap(view: _View, alpha: float, ratio: float) -> float:
    """By Fenchel and Young; at alpha = 0, where that says nothing, the decrease that a Newton step would bring."""
    if alpha == 0:
        return _newton_decrease(view)
    family, y = view.responses.family, view.responses.y
    scale = dual_scale(view.g, view.penalty, alpha, ratio)
    cost = 0.0 if scale == 1 else float(view.share @ family.conjugate_gap(y, view.eta, scale))
    return separable_gap(cost, scale, view.b, view.g, view.penalty, alpha, ratio)


def _hessian(view: _View, which: NDArray[np.intp]) -> tuple[Floats, float]:
    """Of the loss by intercept (where there is one, first) and the named standardized columns; the longest row of those."""
    curvature = view.share * view.responses.family.weight(view.responses.y, view.eta)
    first = int(view.fit_intercept)
    out = np.zeros((len(which) + first, len(which) + first))
    longest, step = 0.0, max(1, (1 << 18) // max(1, len(which)))
    convex = bool((curvature >= 0).all())
    for a in range(0, view.design.n, step):
        b = min(a + step, view.design.n)
        block = np.empty((b - a, len(which) + first))
        block[:, :first] = 1.0
        np.subtract(view.design.columns(which, a, b), view.centre[which], out=block[:, first:])
        block[:, first:] /= view.x_scale[which]
        longest = max(longest, float(np.einsum("ij,ij->i", block, block).max(initial=0.0)))
        if convex:  # one matrix with itself: half the products
            block *= np.sqrt(curvature[a:b, None])
            out += block.T @ block
        else:
            out += (block * curvature[a:b, None]).T @ block
    return out, math.sqrt(longest)


def _newton_decrease(view: _View) -> float:
    """g' H^+ g / 2 over the columns in use: to second order what the loss still lacks; infinite where H does not say.

    The gradient of a column that its bound stops counts as none: it can only lose by moving. Columns that depend on others
    leave directions without curvature. The loss is flat along them where the gradient there is rounding: below 1e-12 of the
    slopes in units of their curvature.
    """
    used = np.flatnonzero((view.x_scale > 0) & np.isfinite(view.penalty.factors))
    if not len(used):
        return 0.0
    if len(used) > MOST_COLUMNS or not view.penalty.feasible(view.b):
        return math.inf
    matrix, _ = _hessian(view, used)
    size = np.sqrt(np.diag(matrix))
    if not (size > 0).all() or not np.isfinite(matrix).all():
        return math.inf
    own = np.where(view.penalty.stopped(view.b, view.g), 0.0, view.g)[used]
    pull = np.concatenate([np.zeros(int(view.fit_intercept)), own]) / size
    values, vectors = np.linalg.eigh(matrix / size / size[:, None])
    along = vectors.T @ pull
    curved = values > 1e-12 * values[-1]
    slope = view.responses.family.slope(view.responses.y, view.eta)
    weight = view.responses.family.weight(view.responses.y, view.eta)
    unit = math.sqrt(float(view.share @ slope**2) / max(float(view.share @ weight), 1e-300))
    if (np.abs(along[~curved]) > 1e-12 * unit).any():
        return math.inf
    return 0.5 * float(np.sum(along[curved] ** 2 / values[curved]))


def _coefficient_error(view: _View, gap: float) -> float | None:
    """A bound of ||b - b*|| from the gap, where |f'''| <= f'' (generalized self-concordance, Bach 2010).

    Along a step d from b the loss exceeds its tangent by at least d'Hd (e^-t + t - 1) / t^2, t the largest change of a
    linear predictor, at most R ||d||. With mu the smallest eigenvalue of H and the ridge part over every column that some
    optimum may use, mu (e^-t + t - 1) / R^2 <= gap bounds t. A loss whose curvature is at most L rules out the columns whose
    gradient stays below its threshold by sqrt(2 L gap) times their size (gap safe screening, Ndiaye et al. 2017).
    """
    family = view.responses.family
    if not family.smooth:
        return None
    alpha, ratio, factors = view.candidate.alpha, view.candidate.l1_ratio, view.penalty.factors
    usable = np.isfinite(factors)
    v = alpha * np.where(usable, factors, 0.0)
    possible = usable
    if math.isfinite(family.steepest):
        size = np.where(view.x_scale > 0, view.sd, 1.0) / np.where(view.x_scale > 0, view.x_scale, 1.0)
        radius = math.sqrt(2 * family.steepest * gap) + 1e-14
        possible = usable & ((view.b != 0) | (np.abs(view.g) + radius * size >= ratio * v))
    which = np.flatnonzero(possible)
    if not len(which):
        return 0.0
    if len(which) > MOST_COLUMNS or len(which) ** 2 * view.design.n > MOST_PRODUCTS:
        return None
    matrix, longest = _hessian(view, which)
    first = int(view.fit_intercept)
    matrix[np.arange(first, len(matrix)), np.arange(first, len(matrix))] += (1 - ratio) * v[which]
    mu = smallest_eigenvalue(matrix)
    if not mu > 1e-13:
        return None
    goal = gap * longest**2 / mu
    low, high = 0.0, 1.0
    while math.exp(-high) + high - 1 < goal and high < 1e8:
        high *= 2
    if (
        goal < 1e-6
    ):  # where the function loses digits: it is t^2/2 - t^3/6 + ..., at least 0.49 t^2 below t = 0.06
        return math.sqrt(gap / (0.49 * mu))
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if math.exp(-middle) + middle - 1 < goal else (low, middle)
    return high / longest


__all__ = ["Responses", "certify_separable"]
