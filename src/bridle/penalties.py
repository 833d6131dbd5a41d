"""The elastic-net penalty with factors and bounds: values, conjugates, distances to the subdifferential."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .errors import UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Penalty:
    """What is asked of the weights besides a small loss.

    For each column j: alpha * v_j * (l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2), and lower_j <= b_j <= upper_j.

    Attributes
    ----------
    factors : (p,) v, at least 0; 0: never penalized, infinite: left out.
    lower, upper : (p,) in units of the coefficients, lower <= 0 <= upper; None without bounds.
    """

    factors: Floats
    lower: Floats | None = None
    upper: Floats | None = None

    @staticmethod
    def of(
        p: int, factors: Floats | None = None, lower: Floats | None = None, upper: Floats | None = None
    ) -> Penalty:
        """Checked and filled up; a scalar bound serves all columns.

        Raises
        ------
        UsageError
            For a wrong length, a negative or NaN factor, or bounds that do not contain 0.
        """
        v = _vector("penalty_factors", factors, p) if factors is not None else np.ones(p)
        if v is None or not (v >= 0).all():
            raise UsageError(
                "penalty_factors must be numbers of at least 0 (0: never penalized, inf: left out)."
            )
        low = _vector("lower", lower, p)
        high = _vector("upper", upper, p)
        if low is not None and not (low <= 0).all():
            raise UsageError("lower bounds must be at most 0: a coefficient of zero must stay possible.")
        if high is not None and not (high >= 0).all():
            raise UsageError("upper bounds must be at least 0: a coefficient of zero must stay possible.")
        if low is not None and np.isneginf(low).all():
            low = None
        if high is not None and np.isposinf(high).all():
            high = None
        return Penalty(v, low, high)

    def among(self, columns: NDArray[np.intp]) -> Penalty:
        """Of the named columns alone."""
        lower = None if self.lower is None else np.ascontiguousarray(self.lower[columns])
        upper = None if self.upper is None else np.ascontiguousarray(self.upper[columns])
        return Penalty(np.ascontiguousarray(self.factors[columns]), lower, upper)

    @property
    def even(self) -> bool:
        """No bounds, and every column is penalized alike or left out."""
        v = self.factors
        return self.lower is None and self.upper is None and bool(((v == 1) | (v == np.inf)).all())

    @property
    def plain(self) -> bool:
        """All factors one and no bounds."""
        return self.lower is None and self.upper is None and bool((self.factors == 1).all())

    def scaled(self, x_scale: Floats, y_scale: float) -> Penalty:
        """The same bounds in units of standardized coefficients b * x_scale / y_scale."""
        if self.lower is None and self.upper is None:
            return self

        def times(bound: Floats | None) -> Floats | None:
            return (
                None
                if bound is None
                else np.where(bound == 0, 0.0, bound * np.where(x_scale > 0, x_scale, 1.0) / y_scale)
            )

        return replace(self, lower=times(self.lower), upper=times(self.upper))

    def value(self, b: Floats, alpha: float, l1_ratio: float) -> float:
        """The penalty; columns with an infinite factor must be zero and count nothing."""
        v = np.where(np.isfinite(self.factors), self.factors, 0.0)
        return float(alpha * (v @ (l1_ratio * np.abs(b) + 0.5 * (1 - l1_ratio) * b * b)))

    def feasible(self, b: Floats) -> bool:
        """Whether b respects the bounds (to rounding) and leaves out what is left out."""
        if self.lower is None and self.upper is None:
            return not b[~np.isfinite(self.factors)].any()
        slack = 1e-9 * np.abs(b)
        inside = self.lower is None or bool((b >= self.lower - slack).all())
        inside &= self.upper is None or bool((b <= self.upper + slack).all())
        return inside and not b[~np.isfinite(self.factors)].any()

    def conjugate(self, z: Floats, alpha: Floats | float, l1_ratio: Floats | float) -> Floats:
        """sup over feasible b of z b - penalty(b), by column; infinite where nothing holds b back.

        Without bounds and with a ridge part: (|z| - alpha l1_ratio v)_+^2 / (2 alpha (1 - l1_ratio) v).
        """
        finite = np.isfinite(self.factors)
        v = np.where(finite, self.factors, 0.0)
        excess = np.maximum(np.abs(z) - alpha * l1_ratio * v, 0.0)
        curvature = alpha * (1 - l1_ratio) * v
        if self.lower is None and self.upper is None:
            held = curvature > 0
            out = np.where(held, 0.5 * excess * (excess / np.where(held, curvature, 1.0)), np.inf)
            return np.where((excess > 0) & finite, out, 0.0)
        limit = np.full_like(z, np.inf)
        if self.upper is not None:
            limit = np.where(z > 0, self.upper, limit)
        if self.lower is not None:
            limit = np.where(z < 0, -self.lower, limit)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            best = np.minimum(np.where(curvature > 0, excess / curvature, np.inf), limit)
            out = np.where(
                best == 0, 0.0, best * (excess - 0.5 * curvature * np.where(curvature > 0, best, 0.0))
            )
        return np.where((excess > 0) & finite, out, 0.0)

    def held(self, z: Floats, alpha: Floats | float, l1_ratio: Floats | float) -> NDArray[np.bool_]:
        """Where something besides the l1 part keeps b finite when it is pulled by z: a ridge part or a bound."""
        out = np.isfinite(self.factors) & (self.factors > 0) & (alpha * (1 - l1_ratio) > 0)
        if self.upper is not None:
            out |= (z > 0) & np.isfinite(self.upper)
        if self.lower is not None:
            out |= (z < 0) & np.isfinite(self.lower)
        return np.asarray(out)

    def stopped(self, b: Floats, g: Floats) -> NDArray[np.bool_]:
        """Where b lies on a bound that g pulls it against."""
        out = np.zeros(b.shape, dtype=bool)
        if self.upper is not None:
            out |= (b >= self.upper) & (g > 0)
        if self.lower is not None:
            out |= (b <= self.lower) & (g < 0)
        return out

    def distance(self, b: Floats, g: Floats, alpha: Floats | float, l1_ratio: Floats | float) -> Floats:
        """How far g = -(gradient of the loss) is from the subdifferential of the penalty and the bounds at b, by column."""
        v = np.where(np.isfinite(self.factors), self.factors, 0.0)
        l1, l2 = alpha * l1_ratio * v, alpha * (1 - l1_ratio) * v
        away = np.where(b == 0, np.sign(g) * np.maximum(np.abs(g) - l1, 0.0), g - l1 * np.sign(b) - l2 * b)
        if self.upper is not None:
            away = np.where((b >= self.upper) & (away > 0), 0.0, away)
        if self.lower is not None:
            away = np.where((b <= self.lower) & (away < 0), 0.0, away)
        return np.where(np.isfinite(self.factors), np.abs(away), 0.0)


def _vector(name: str, values: Floats | float | None, p: int) -> Floats | None:
    if values is None:
        return None
    try:
        out = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name} must be numbers: one for all columns, or one for each.") from None
    if out.ndim == 0:
        out = np.full(p, float(out))
    if out.shape != (p,):
        raise UsageError(f"{name} has shape {out.shape}, but there are {p} columns.")
    if np.isnan(out).any():
        raise UsageError(f"{name} has a missing value at column {int(np.flatnonzero(np.isnan(out))[0]) + 1}.")
    return np.ascontiguousarray(out)
