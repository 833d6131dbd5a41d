"""THE objective, written once.

    P(b0, b) = sum_i w_i * loss(y_i, offset_i + b0 + x_i . b) / sum_i w_i + alpha * sum_j v_j * Omega(b_j)
    Omega(b_j) = l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2

The loss is half the unit deviance of a family: (y - eta)^2 / 2 of the squared one, the others in ``families``. The intercept
b0 is never penalized. With ``standardize=True`` the columns are scaled to unit weighted standard deviation (population)
and with squared error the target likewise (about zero where there is no intercept), so that alpha has no unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .penalties import Penalty

Floats = NDArray[np.float64]
ROUNDING = float(np.finfo(np.float64).eps)


def loss(residual: Floats, share: Floats) -> float:
    """sum share_i residual_i^2 / 2, share = w / sum w: half the mean squared error."""
    return 0.5 * float(share @ (residual * residual))


def alpha_max(gradient: Floats, penalty: Penalty, l1_ratio: float) -> float:
    """The smallest alpha at which no penalized column enters, from the null model's gradient (p,).

    max_j |g_j| / (l1_ratio v_j) over the columns that could move that way; 0 when none can; infinite for ridge.
    """
    v = penalty.factors
    pull = np.abs(gradient)
    if penalty.upper is not None:
        pull = np.where((gradient > 0) & (penalty.upper == 0), 0.0, pull)
    if penalty.lower is not None:
        pull = np.where((gradient < 0) & (penalty.lower == 0), 0.0, pull)
    used = (v > 0) & np.isfinite(v)
    if not used.any() or not (pull[used] > 0).any():
        return 0.0
    return float(np.max(pull[used] / v[used])) / l1_ratio if l1_ratio > 0 else float("inf")


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues (m,), none below zero, and how many there are of each (m,), which may be estimates."""

    values: Floats
    counts: Floats

    @staticmethod
    def of(values: Floats) -> Spectrum:
        return Spectrum(np.maximum(values, 0.0), np.ones(len(values)))

    @property
    def empty(self) -> bool:
        return not len(self.values) or not self.values.max() > 0

    def times(self, factor: float) -> Spectrum:
        return Spectrum(self.values * factor, self.counts)

    def positive(self) -> Spectrum:
        """Without what is rounding."""
        kept = self.values > 1e-12 * self.values.max(initial=0.0)
        return Spectrum(self.values[kept], self.counts[kept])


def ridge_degrees_of_freedom(spectrum: Spectrum, alpha: Floats) -> Floats:
    """sum_i d_i / (d_i + alpha), the trace of the ridge smoother, for each alpha."""
    with np.errstate(invalid="ignore"):
        shares = spectrum.values[:, None] / (spectrum.values[:, None] + np.atleast_1d(alpha))
    return np.asarray(spectrum.counts @ np.nan_to_num(shares))


def duality_gap(
    residual_square: float, b: Floats, g: Floats, penalty: Penalty, alpha: float, l1_ratio: float
) -> tuple[float, float]:
    """The duality gap at b, and the scaling s of the residual that makes it dual feasible.

    ``residual_square`` is sum share_i r_i^2 and ``g`` (p,) = X' (share r), both of the standardized problem. The dual
    point is s r with s in [0, 1]; by Fenchel and Young the gap is
        (1 - s)^2 residual_square / 2 + penalty(b) - s b'g + sum_j conjugate_j(s g_j).
    Columns with factor 0 are left out: the gap is conditional on their gradient being zero. Zero is always feasible; only
    where nothing but the l1 part holds a column back must s be below 1. A point outside the bounds, or with weight on a
    column that is left out, is no candidate: its gap is infinite.
    """
    if not penalty.feasible(b):
        return float("inf"), 1.0
    if penalty.even:
        return _even_gap(residual_square, b, g, alpha * l1_ratio, alpha * (1 - l1_ratio))
    scale = dual_scale(g, penalty, alpha, l1_ratio)
    return separable_gap(
        0.5 * (1 - scale) ** 2 * residual_square, scale, b, g, penalty, alpha, l1_ratio
    ), scale


def dual_scale(g: Floats, penalty: Penalty, alpha: float, l1_ratio: float) -> float:
    """The largest s in [0, 1] with s times the slopes dual feasible: below 1 only where the l1 part stands alone."""
    limit, unheld = _unheld(g, penalty, alpha, l1_ratio)
    pull = np.abs(g)
    over = unheld & (pull > limit)
    return float(np.min(limit[over] / pull[over])) if over.any() else 1.0


def separable_gap(
    cost: float, scale: float, b: Floats, g: Floats, penalty: Penalty, alpha: float, l1_ratio: float
) -> float:
    """The duality gap of any separable loss: what scaling the dual point costs the rows (``cost``), and the penalty's part.

    penalty(b) - s b'g + sum_j conjugate_j(s g_j), g minus the gradient of the loss; infinite where b is not feasible.
    """
    if not penalty.feasible(b):
        return float("inf")
    penalized = (penalty.factors > 0) & np.isfinite(penalty.factors)
    _, unheld = _unheld(g, penalty, alpha, l1_ratio)
    conjugate = np.where(unheld, 0.0, penalty.conjugate(scale * g, alpha, l1_ratio))
    own = np.where(penalized, b, 0.0)
    terms = (
        cost,
        penalty.value(own, alpha, l1_ratio),
        -scale * float(own @ g),
        float(conjugate[penalized].sum()),
    )
    return _seen(terms)


def _unheld(g: Floats, penalty: Penalty, alpha: float, l1_ratio: float) -> tuple[Floats, NDArray[np.bool_]]:
    """The thresholds of all columns, and which of them nothing but the l1 part holds back."""
    penalized = (penalty.factors > 0) & np.isfinite(penalty.factors)
    limit = alpha * l1_ratio * np.where(penalized, penalty.factors, 1.0)
    return limit, penalized & ~penalty.held(g, alpha, l1_ratio)


def _even_gap(residual_square: float, b: Floats, g: Floats, l1: float, l2: float) -> tuple[float, float]:
    """The same where all columns are penalized alike and no bound holds; what is left out has b = g = 0."""
    pull, size = np.abs(g), np.abs(b)
    scale, conjugate = 1.0, 0.0
    if l2 > 0:
        excess = np.maximum(pull - l1, 0.0)
        conjugate = 0.5 * float(excess @ excess) / l2
    else:
        most = float(pull.max(initial=0.0))
        scale = l1 / most if most > l1 else 1.0
    terms = (
        0.5 * (1 - scale) ** 2 * residual_square,
        l1 * float(size.sum()) + 0.5 * l2 * float(b @ b),
        -scale * float(b @ g),
        conjugate,
    )
    return _seen(terms), scale


def _seen(terms: tuple[float, ...]) -> float:
    """The sum of the terms of a gap, and what its rounding may hide.

    Nobody can see below the rounding of the sum itself, so no gap is reported smaller.
    """
    return max(sum(terms), 0.0) + ROUNDING * sum(abs(term) for term in terms)
