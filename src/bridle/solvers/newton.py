"""The solver for generalized linear models: exact gradients of all problems in one pass, a curvature that they share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas
from ..families import Family
from ..objective import Spectrum
from ..penalties import Penalty
from .columns import ColumnEngine, FillingEngine
from .newton_behind import PathsAhead
from .newton_paths import FEW, NewtonPaths, PathArrays, WorkingPaths
from .newton_problems import Problems, constant_of
from .newton_ridge import ridge_paths
from .newton_wide import in_kernel, wide_paths
from .plan import Engine, Floats, Null, Plan, Progress, Rows, Solution, Split

MOST_REMEMBERED = 5_000_000


@dataclass(frozen=True, eq=False)
class NewtonEngine:
    """A reading of the columns without the family (``base``: their scales, products and fills), and the rows themselves."""

    base: Engine
    rows: Rows
    split: Split
    threads: int
    name: str = "newton"

    @property
    def family(self) -> Family:
        return self.rows.family

    def finite(self) -> bool:
        return self.base.finite()

    def gram(self, which: NDArray[np.intp], fit_intercept: bool) -> Floats:
        return self.base.gram(which, fit_intercept)

    def cross(self, which: NDArray[np.intp]) -> Floats:
        return self.base.cross(which)

    def means(self) -> Floats:
        return self.base.means()

    def fills(self) -> Floats:
        return self.base.fills()

    def null(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Null:
        """The null model of the whole; ``y_mean`` is its intercept."""
        plain = self.base.null(Penalty.of(self.rows.design.p), fit_intercept, standardize)
        with single_threaded_blas():
            problems = Problems.of(
                self, Split.whole(len(self.rows.y)), penalty, fit_intercept, standardize, plain
            )
        gradient = np.where(
            plain.usable, -problems.null.gradient[0] / np.where(plain.usable, plain.x_scale, 1.0), 0.0
        )
        gradient[(penalty.factors == 0) & plain.usable] = 0.0
        return replace(
            plain,
            gradient=gradient,
            coefs=problems.null.b[0] * plain.x_scale,
            y_mean=float(problems.null.intercept[0]),
            y_scale=1.0,
        )

    def spectrum(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Spectrum:
        """Of the columns' Gram times the mean curvature of the null model: near that of the Hessian there."""
        constant = constant_of(self.rows, np.arange(len(self.rows.y)), fit_intercept)
        offset = 0.0 if self.rows.offset is None else self.rows.offset
        weights = np.ones(len(self.rows.y)) if self.rows.weights is None else self.rows.weights
        curvature = self.family.weight(self.rows.y, constant + offset + np.zeros(len(self.rows.y)))
        mean = float(weights @ curvature / weights.sum())
        return self.base.spectrum(penalty, fit_intercept, standardize).times(mean)

    def null_errors(self, split: Split, fit_intercept: bool) -> Floats:
        """Mean unit deviance of the constant model, (P, atoms); NaN where not tested."""
        out = np.full(split.test.shape, np.nan)
        for k in range(len(split.train)):
            if not split.test[k].any():
                continue
            train = split.rows_of(split.train[k])
            constant = constant_of(self.rows, train, fit_intercept)
            for a in np.flatnonzero(split.test[k]):
                rows = split.rows[split.start[a] : split.start[a + 1]]
                y = self.rows.y[rows]
                w = np.ones(len(rows)) if self.rows.weights is None else self.rows.weights[rows]
                eta = constant + (0.0 if self.rows.offset is None else self.rows.offset[rows])
                if w.sum() > 0:
                    out[k, a] = 2 * float(w @ self.family.loss(y, eta + np.zeros(len(y)))) / w.sum()
        return out

    def remembers(self, plan: Plan, count: int) -> bool:
        """Whether the coefficients of so many problems are few beside the rows."""
        p = self.rows.design.p
        compiled = isinstance(self.base, ColumnEngine)  # there a kept fit is solved to the end
        return not compiled and p <= FEW and count * plan.alphas.size * p <= MOST_REMEMBERED

    def _on(self, filled: ColumnEngine) -> NewtonEngine:
        return replace(self, base=filled, rows=replace(self.rows, design=filled.rows.design))

    def solve(self, plan: Plan, split: Split, kept: int = 1, progress: Progress = None) -> Solution:
        with (
            single_threaded_blas()
        ):  # a thread of BLAS that waits costs more than it brings on matrices of this size
            return self._solve(plan, split, kept, progress)

    def _solve(self, plan: Plan, split: Split, kept: int, progress: Progress) -> Solution:
        if isinstance(self.base, FillingEngine) and self.rows.design.p > FEW:
            return self.base.each(
                split, kept, lambda filled, one, heard: self._on(filled)._solve(plan, one, 1, heard), progress
            )
        plain = self.base.null(Penalty.of(self.rows.design.p), plan.fit_intercept, plan.standardize)
        problems = Problems.of(self, split, plan.penalty, plan.fit_intercept, plan.standardize, plain)
        wide = problems.rows.design.p > FEW
        paths: WorkingPaths | PathsAhead | NewtonPaths
        if wide:
            paths = WorkingPaths(problems, plan, kept)
        elif problems.eager or plan.alphas.shape[1] == 1:
            paths = NewtonPaths(problems, plan, kept)
        else:
            paths = PathsAhead(problems, plan, kept)
        base = self.base

        def of_ratio(i: int) -> PathArrays:
            if wide and plan.l1_ratios[i] == 0:
                return ridge_paths(problems, plan, i, kept, progress)
            if plan.l1_ratios[i] > 0 and in_kernel(base, problems, plan):
                return wide_paths(base, problems, plan, i, kept, progress)
            return paths.run(i, progress)

        found = [of_ratio(i) for i in range(len(plan.l1_ratios))]

        def stacked(name: str) -> Any:
            return np.stack([getattr(one, name) for one in found], axis=1)

        return Solution(
            [one.coefs for one in found],
            gap=stacked("gap"),
            train_error=stacked("train_error"),
            nonzero=stacked("nonzero"),
            test_error=stacked("test_error"),
            x_mean=problems.x_mean,
            x_scale=problems.x_scale,
            y_mean=problems.null.intercept,
            y_scale=np.ones(len(split.train)),
            fills=problems.fills,
            solver="newton",
            gap_source="newton",
            statistics={
                "passes": paths.state.passes,
                "curvatures": paths.state.curvatures,
                "sweeps": paths.state.passes,
            },
            intercepts=[one.intercepts for one in found],
            degrees=np.stack([one.degrees for one in found]),
        )
