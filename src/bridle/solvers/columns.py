"""The solver for wide tables: working sets inside, one screening pass over quantized columns outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import kernels, single_threaded_blas
from ..errors import UsageError
from ..objective import Spectrum
from ..penalties import Penalty
from .gram import null_errors, unpenalized
from .plan import Floats, Null, Plan, Progress, Rows, Solution, SparseRows, Split
from .ridge import ridge, ridge_spectrum

MOST_BOUNDED = 6_000  # ridge with bounds keeps every column in the working set, and their Gram


@dataclass(frozen=True, eq=False)
class ColumnEngine:
    """Column statistics and the quantized copy, read once. The design has nothing left to impute."""

    data: Any  # the kernels' WideData
    rows: Rows
    split: Split
    threads: int
    name: str = "columns"
    spectra: dict[tuple[bytes, bool, bool], Spectrum] = field(default_factory=dict)  # that were asked for

    @staticmethod
    def read(rows: Rows, split: Split, threads: int, progress: Progress = None) -> ColumnEngine:
        core = kernels()
        columns = rows.design.handed_over(core, by_row=False)
        data = core.WideData(
            columns,
            rows.y,
            rows.weights,
            np.ascontiguousarray(split.rows, dtype=np.int64),
            np.ascontiguousarray(split.start, dtype=np.int64),
            threads,
            progress,
        )
        return ColumnEngine(data, rows, split, threads)

    def finite(self) -> bool:
        _, x_mean, x_scale, y_mean, y_scale = self.data.null_gradient(
            np.ones(len(self.split.start) - 1, dtype=np.uint8), True, True
        )
        return bool(
            np.isfinite(x_mean).all() and np.isfinite(x_scale).all() and np.isfinite([y_mean, y_scale]).all()
        )

    def cross(self, which: NDArray[np.intp]) -> Floats:
        share = self._shares()
        block = self.rows.design.columns(which)
        block = (block - share @ block) * share[:, None]
        return np.asarray(self.rows.design.rmatvec(block, self.threads).T)

    def means(self) -> Floats:
        train = np.ones(len(self.split.start) - 1, dtype=np.uint8)
        return np.asarray(self.data.null_gradient(train, True, True)[1])

    def fills(self) -> Floats:
        return np.zeros(0)

    def null(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Null:
        train = np.ones(len(self.split.start) - 1, dtype=np.uint8)
        gradient, x_mean, x_scale, y_mean, y_scale = self.data.null_gradient(
            train, fit_intercept, standardize
        )
        usable = x_scale > 0
        coefs = np.zeros(len(gradient))
        free = np.flatnonzero((penalty.factors == 0) & usable)
        if len(free):
            inverse = np.where(usable, 1.0 / np.where(usable, x_scale, 1.0), 0.0)
            design, share = self.rows.design, self._shares()
            block = (design.columns(free) - x_mean[free]) * inverse[free]
            target = (self.rows.y - y_mean) / y_scale
            root = np.sqrt(share)
            weighted = block * root[:, None]
            coefs[free] = unpenalized(
                weighted.T @ weighted, weighted.T @ (target * root), penalty.scaled(x_scale, y_scale), free
            )
            left = share * (target - block @ coefs[free])
            gradient = (design.rmatvec(left) - x_mean * left.sum()) * inverse
            gradient[free] = 0.0
        deviation, y_deviation = x_scale, y_scale
        if not standardize:
            _, _, deviation, _, y_deviation = self.data.null_gradient(train, fit_intercept, True)
            if not fit_intercept:
                deviation = self.data.null_gradient(train, True, True)[2]
        return Null(gradient, coefs, usable, x_mean, x_scale, y_mean, y_scale, deviation, y_deviation)

    def _shares(self) -> Floats:
        weights = np.ones(len(self.rows.y)) if self.rows.weights is None else self.rows.weights
        return np.asarray(weights / weights.sum())

    def gram(self, which: NDArray[np.intp], fit_intercept: bool) -> Floats:
        share, block = self._shares(), self.rows.design.columns(which)
        if fit_intercept:
            block = block - share @ block
        return np.asarray((block * share[:, None]).T @ block)

    def spectrum(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Spectrum:
        asked = (penalty.factors.tobytes(), fit_intercept, standardize)
        if asked not in self.spectra:
            self.spectra[asked] = ridge_spectrum(
                self.rows, self.data, self.split, penalty, fit_intercept, standardize
            )
        return self.spectra[asked]

    def solve(self, plan: Plan, split: Split, kept: int = 1, progress: Progress = None) -> Solution:
        """Descent for every l1_ratio above 0; ridge goes a way of its own."""
        if (plan.alphas <= 0).any():
            raise UsageError(
                f"alpha = 0 (least squares) on {self.rows.design.p} columns and {self.rows.design.n} rows has no unique "
                "answer, or is too large to be solved by columns; use alpha > 0."
            )
        penalty = plan.penalty
        bounded = penalty.lower is not None or penalty.upper is not None
        if bounded and (plan.l1_ratios == 0).any() and self.rows.design.p > MOST_BOUNDED:
            raise UsageError(
                f"Ridge (l1_ratio = 0) with bounds takes at most {MOST_BOUNDED:,} columns, not "
                f"{self.rows.design.p:,}; use an l1_ratio above 0."
            )
        parts: dict[int, Solution] = {}
        descent = [i for i, ratio in enumerate(plan.l1_ratios) if ratio > 0 or bounded]
        if descent:
            solved = self._descend(plan.only(descent), split, kept, progress)
            parts.update({i: _ratio(solved, at) for at, i in enumerate(descent)})
        for i in range(len(plan.l1_ratios)):
            if i not in parts:
                parts[i] = ridge(self.rows, self.data, plan.only([i]), split, kept, self.threads, progress)
        return _stack([parts[i] for i in range(len(plan.l1_ratios))])

    def _descend(self, plan: Plan, split: Split, kept: int, progress: Progress) -> Solution:
        out = self.paths(plan, split, kept, None, progress)
        keys = ("gap", "train_error", "nonzero", "test_error", "y_mean", "y_scale", "x_mean", "x_scale")
        return Solution(
            self.coefs(out, plan),
            **{key: out[key] for key in keys},
            fills=np.zeros((len(split.train), 0)),
            solver="columns",
            gap_source="screening",
            statistics={key: int(out[key]) for key in ("passes", "exact_products")},
        )

    def paths(
        self, plan: Plan, split: Split, kept: int, family: tuple[Any, ...] | None, progress: Progress
    ) -> dict[str, Any]:
        """The kernel's paths; ``family`` as it takes one, None with squared error."""
        with single_threaded_blas():
            answer: dict[str, Any] = self.data.solve_paths(
                np.ascontiguousarray(split.train),
                np.ascontiguousarray(split.test),
                min(max(kept, 1), len(split.train)),
                np.ascontiguousarray(plan.l1_ratios),
                np.ascontiguousarray(plan.alphas),
                plan.penalty.factors,
                plan.penalty.lower,
                plan.penalty.upper,
                plan.fit_intercept,
                plan.standardize,
                min(plan.max_nonzero, 2**62),
                plan.tolerance,
                plan.exact,
                plan.max_sweeps,
                plan.stop_turned,
                family,
                self.threads,
                progress,
            )
        return answer

    def coefs(self, out: dict[str, Any], plan: Plan) -> list[SparseRows]:
        """For each l1_ratio (kept, A) rows, standardized."""
        steps, p = plan.alphas.shape[1], self.rows.design.p
        found = []
        for ratio in range(len(plan.l1_ratios)):
            rows = None
            for starts, columns, values in out["kept"]:
                own = starts[ratio * steps : (ratio + 1) * steps + 1]
                piece = slice(own[0], own[-1])
                one = SparseRows(own - own[0], columns[piece], values[piece], p)
                rows = one if rows is None else _below(rows, one)
            assert rows is not None
            found.append(rows)
        return found

    def null_errors(self, split: Split, fit_intercept: bool) -> Floats:
        weight, mean, scatter = self.data.atoms()
        return null_errors(weight, mean, scatter, split, fit_intercept)


def _below(upper: SparseRows, lower: SparseRows) -> SparseRows:
    starts = np.concatenate([upper.starts, upper.starts[-1] + lower.starts[1:]])
    return SparseRows(
        starts,
        np.concatenate([upper.columns, lower.columns]),
        np.concatenate([upper.values, lower.values]),
        upper.p,
    )


Solve = Callable[[ColumnEngine, Split, Progress], Solution]


@dataclass(frozen=True, eq=False)
class FillingEngine:
    """Wide tables with missing numbers: every problem fills in the means of its own training rows and is read for itself."""

    rows: Rows
    split: Split
    threads: int
    name: str = "columns"

    @cached_property
    def _whole(self) -> ColumnEngine:
        return self._filled(np.ones(len(self.split.start) - 1, dtype=np.uint8), self.split)

    def _means(self, train: NDArray[np.uint8]) -> Floats:
        own = self.rows.take(self.split.rows_of(train))
        weights = np.ones(len(own.y)) if own.weights is None else own.weights
        sums = own.design.rmatvec(np.column_stack([weights, weights]))[:, 0]
        present = weights.sum() - sums[own.design.imputed[:, 1]]
        return np.where(
            present > 0, sums[own.design.imputed[:, 0]] / np.where(present > 0, present, 1.0), 0.0
        )

    def _filled(self, train: NDArray[np.uint8], split: Split) -> ColumnEngine:
        design = self.rows.design.fill(self._means(train)).materialized()
        return ColumnEngine.read(replace(self.rows, design=design), split, self.threads)

    def on(self, train: NDArray[np.uint8]) -> tuple[ColumnEngine, Floats]:
        """The table filled with the means of the flagged atoms, and those means."""
        return self._filled(train, self.split), self._means(train)

    def finite(self) -> bool:
        return self._whole.finite()

    def means(self) -> Floats:
        return self._whole.means()

    def fills(self) -> Floats:
        return self._means(np.ones(len(self.split.start) - 1, dtype=np.uint8))

    def null(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Null:
        return self._whole.null(penalty, fit_intercept, standardize)

    def spectrum(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Spectrum:
        return self._whole.spectrum(penalty, fit_intercept, standardize)

    def gram(self, which: NDArray[np.intp], fit_intercept: bool) -> Floats:
        return self._whole.gram(which, fit_intercept)

    def cross(self, which: NDArray[np.intp]) -> Floats:
        return self._whole.cross(which)

    def null_errors(self, split: Split, fit_intercept: bool) -> Floats:
        return self._whole.null_errors(split, fit_intercept)

    def solve(self, plan: Plan, split: Split, kept: int = 1, progress: Progress = None) -> Solution:
        return self.each(split, kept, lambda filled, one, heard: filled.solve(plan, one, 1, heard), progress)

    def each(self, split: Split, kept: int, solve: Solve, progress: Progress) -> Solution:
        """What ``solve`` makes of every problem by itself, on the table filled with the means of its own training rows."""
        parts, fills = [], []
        for k in range(len(split.train)):
            one, heard = split.of_problems([k]), _shared(progress, k, len(split.train))
            parts.append(solve(self._filled(split.train[k], one), one, heard))
            if heard is not None:
                heard(1.0)
            fills.append(self._means(split.train[k]))
        merged: dict[str, Any] = {
            key: np.concatenate([getattr(part, key) for part in parts])
            for key in (*_BY_RATIO, "y_mean", "y_scale", "x_mean", "x_scale")
        }
        coefs = parts[0].coefs
        for part in parts[1 : max(kept, 1)]:
            coefs = [_below(a, b) for a, b in zip(coefs, part.coefs)]
        if parts[0].intercepts is not None:
            own = [part.intercepts or [] for part in parts[: max(kept, 1)]]
            merged["intercepts"] = [np.concatenate(of_ratio) for of_ratio in zip(*own)]
        return replace(parts[0], coefs=coefs, fills=np.array(fills), **merged)


def _shared(progress: Progress, k: int, count: int) -> Progress:
    """What is heard of the k-th of so many parts."""
    if progress is None:
        return None
    tell = progress
    return lambda share: tell((k + share) / count)


_BY_RATIO = ("gap", "train_error", "nonzero", "test_error")


def _ratio(solution: Solution, at: int) -> Solution:
    pieces = {key: getattr(solution, key)[:, at : at + 1] for key in _BY_RATIO}
    return replace(solution, coefs=[solution.coefs[at]], **pieces)


def _stack(parts: list[Solution]) -> Solution:
    if len(parts) == 1:
        return parts[0]
    pieces: dict[str, Any] = {
        key: np.concatenate([getattr(part, key) for part in parts], axis=1) for key in _BY_RATIO
    }
    return replace(parts[-1], coefs=[part.coefs[0] for part in parts], **pieces)
