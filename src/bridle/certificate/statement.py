"""What is proven about one fit, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

GAP_TOLERANCE = 1e-8
KKT_TOLERANCE = 1e-6


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
    coefficient_error : a bound of ||b - b*||_2 in the penalty's units, from strong convexity on every column that could be
        in an optimal support; None where that support has no positive smallest eigenvalue.
    coefficient_norm : ||b||_2 in the same units.
    tolerance : the relative gap that "certified" asks for.
    source : "rows" (computed from the data rows).
    convex : whether the loss is; where it is not there is no gap (NaN), and a stationary fit is all that can be shown.
    units : what ``objective`` and ``gap`` are in.
    standardized : whether the penalty acted on scaled columns and target, whose units ``coefficient_error`` then has.
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
    standardized: bool = True
    convex: bool = True
    units: str = "target squared"

    @property
    def certified(self) -> bool:
        """Whether gap, KKT violation and the gradient of the unpenalized block are all within tolerance."""
        worst = max(self.kkt_violation, self.block_gradient)
        return bool((self.relative_gap <= self.tolerance or not self.convex) and worst <= KKT_TOLERANCE)

    @property
    def identified(self) -> bool:
        """Whether the coefficients are pinned down to a hundredth of their size."""
        bound = self.coefficient_error
        return bound is not None and bound <= 0.01 * self.coefficient_norm + 1e-12

    @property
    def sentence(self) -> str:
        """The certificate in plain English."""
        worst = max(self.kkt_violation, self.block_gradient)
        if not self.convex:
            if not self.certified:
                return f"Not stationary: the optimality conditions are off by {worst:.1e}."
            return (
                f"Stationary, from the rows: every optimality condition holds to {_at_most(worst, 1e-12)}. The loss is not "
                "convex, so that another fit may be better."
            )
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
            units = "standardized" if self.standardized else "original"
            return text + f" No coefficient is off by more than {error} in {units} units."
        return text + " Objective certified, coefficients not identified: other weights would fit as well."

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and model files; a gap that there cannot be is None."""
        return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(self).items()}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Certificate:
        """What ``to_dict`` wrote."""
        gaps = {k: math.nan for k in ("gap", "relative_gap") if values.get(k) is None}
        return Certificate(**{**values, **gaps})


def _at_most(value: float, floor: float) -> str:
    """The next power of ten above, and never below a floor: digits of rounding noise would say nothing."""
    return f"{floor:.0e}" if value <= floor else f"1e{math.ceil(math.log10(value)):+03d}"
