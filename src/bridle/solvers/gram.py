"""The solver for tall tables: the rows are read once into moments, every path runs on those."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import kernels, single_threaded_blas, symmetric_eigen, thread_count
from ..moments import Moments, accumulate
from ..objective import Spectrum
from ..penalties import Penalty
from .plan import Floats, Null, Plan, Progress, Rows, Solution, SparseRows, Split

CONSTANT_SHARE = 1e-13  # below this share of its mean a standard deviation is rounding; as in gram_paths.cpp


@dataclass(frozen=True, eq=False)
class GramEngine:
    """Moments of every atom of a split (stored columns, before imputation)."""

    atoms: Moments
    imputed: NDArray[np.intp]
    threads: int
    name: str = "moments"

    @staticmethod
    def read(rows: Rows, split: Split, threads: int, progress: Progress = None) -> GramEngine:
        atoms = accumulate(rows.design, rows.y, rows.weights, split.rows, split.start, threads, progress)
        return GramEngine(atoms, rows.design.imputed, threads)

    def finite(self) -> bool:
        if self.atoms.scatter.size <= 10_000:  # a sum is a number only where every term is one
            with np.errstate(over="ignore", invalid="ignore"):
                return bool(np.isfinite(self.atoms.mean.sum() + self.atoms.scatter.sum()))
        last = np.arange(self.atoms.p + 1)
        diagonal = self.atoms.scatter[:, last * (last + 1) // 2 + last]
        return bool(np.isfinite(self.atoms.mean).all() and np.isfinite(diagonal).all())

    @cached_property
    def _whole(self) -> tuple[Moments, Floats]:
        """The atoms with their missing numbers filled, and the means of all rows."""
        atoms = self._filled()
        return atoms, _weighted_mean(atoms.weight, atoms.mean)

    def means(self) -> Floats:
        return self._whole[1][:-1]

    def fills(self) -> Floats:
        return _fill_means(self.atoms, np.ones(len(self.atoms.weight), dtype=np.uint8), self.imputed)

    def _filled(self, train: NDArray[np.uint8] | None = None) -> Moments:
        if not len(self.imputed):
            return self.atoms
        flags = np.ones(len(self.atoms.weight), dtype=np.uint8) if train is None else train
        return self.atoms.filled(self.imputed, _fill_means(self.atoms, flags, self.imputed))

    def null(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Null:
        atoms, mean = self._whole
        p, weight = atoms.p, atoms.weight.sum()
        share = atoms.weight / weight
        off = atoms.mean - (mean if fit_intercept else 0.0)
        diagonal = np.arange(p + 1)
        within = atoms.scatter[:, diagonal * (diagonal + 1) // 2 + diagonal].sum(axis=0) / weight
        second = within + share @ (off * off)
        last = p * (p + 1) // 2
        cross = atoms.scatter[:, last : last + p].sum(axis=0) / weight + (share * off[:, p]) @ off[:, :p]
        about = atoms.mean - mean
        variance = within + share @ (about * about)
        x_scale, usable = column_scales(variance[:p], second[:p], mean[:p], fit_intercept, standardize)
        y_deviation = float(np.sqrt(second[p])) if second[p] > 0 else 1.0
        y_scale = y_deviation if standardize else 1.0
        safe = np.where(usable, x_scale, 1.0)
        gradient = np.where(usable, cross / safe / y_scale, 0.0)
        coefs = np.zeros(p)
        free = np.flatnonzero((penalty.factors == 0) & usable)
        if len(free):
            block = self.gram(free, fit_intercept) / safe[free] / safe[free][:, None]
            coefs[free] = unpenalized(block, gradient[free], penalty.scaled(x_scale, y_scale), free)
            others = self._products(free, np.arange(p), fit_intercept) / safe[free, None] / safe
            gradient = gradient - np.where(usable, others, 0.0).T @ coefs[free]
            gradient[free] = 0.0
        x_mean = mean[:p] if fit_intercept else np.zeros(p)
        y_mean = float(mean[p]) if fit_intercept else 0.0
        deviation = np.sqrt(np.maximum(variance[:p], 0.0))
        return Null(gradient, coefs, usable, x_mean, x_scale, y_mean, y_scale, deviation, y_deviation)

    def scales_of(
        self, train: NDArray[np.uint8], fit_intercept: bool, standardize: bool
    ) -> tuple[Floats, Floats, Floats]:
        """Means (p,), scales (p,) and fills (k,) of the columns on the flagged atoms alone."""
        atoms, fills = self._filled(train), _fill_means(self.atoms, train, self.imputed)
        p, weight = atoms.p, atoms.weight * train
        mean = _weighted_mean(weight, atoms.mean)
        share = weight / max(float(weight.sum()), 1e-300)
        diagonal = np.arange(p + 1)
        within = (atoms.scatter[:, diagonal * (diagonal + 1) // 2 + diagonal] * train[:, None]).sum(axis=0)
        within = within / max(float(weight.sum()), 1e-300)
        variance = within + share @ (atoms.mean - mean) ** 2
        second = variance if fit_intercept else within + share @ atoms.mean**2
        x_scale, _ = column_scales(variance[:p], second[:p], mean[:p], fit_intercept, standardize)
        return (mean[:p] if fit_intercept else np.zeros(p)), x_scale, fills

    def gram(self, which: NDArray[np.intp], fit_intercept: bool) -> Floats:
        return self._products(which, which, fit_intercept)

    def cross(self, which: NDArray[np.intp]) -> Floats:
        return self._products(which, np.arange(self.atoms.p), True)

    def _products(self, left: NDArray[np.intp], right: NDArray[np.intp], fit_intercept: bool) -> Floats:
        """Second moments of two sets of columns over the whole, about the means or about zero."""
        atoms, mean = self._whole
        high, low = np.maximum.outer(left, right), np.minimum.outer(left, right)
        index = high * (high + 1) // 2 + low
        off = atoms.mean - mean if fit_intercept else atoms.mean
        total = (off[:, left] * atoms.weight[:, None]).T @ off[:, right]
        for scatter in atoms.scatter:
            total += scatter[index]
        return np.asarray(total / atoms.weight.sum())

    def spectrum(self, penalty: Penalty, fit_intercept: bool, standardize: bool) -> Spectrum:
        null = self.null(penalty, fit_intercept, standardize)
        used = np.flatnonzero(null.usable & np.isfinite(penalty.factors) & (penalty.factors > 0))
        scale = null.x_scale[used] * np.sqrt(penalty.factors[used])
        gram = self.gram(used, fit_intercept) / scale / scale[:, None]
        return Spectrum.of(symmetric_eigen(gram, vectors=False)[0] if len(used) else np.zeros(0))

    def solve(self, plan: Plan, split: Split, kept: int = 1, progress: Progress = None) -> Solution:
        if not len(self.imputed):
            arrays = self._solve(self.atoms, plan, split, kept, progress)
            fills = np.zeros((len(split.train), 0))
        else:  # each problem fills in its own training means
            pieces, filled = [], []
            for k in range(len(split.train)):
                part = split.of_problems([k])
                pieces.append(self._solve(self._filled(part.train[0]), plan, part, int(k < kept), progress))
                filled.append(_fill_means(self.atoms, part.train[0], self.imputed))
            arrays = {key: np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]}
            fills = np.array(filled)
        coefs = [
            SparseRows.of(_known(arrays["beta"][:, i].reshape(-1, self.atoms.p), plan))
            for i in range(len(plan.l1_ratios))
        ]
        keys = ("gap", "train_error", "nonzero", "test_error", "x_mean", "x_scale", "y_mean", "y_scale")
        return Solution(
            coefs,
            **{key: arrays[key] for key in keys},
            fills=fills,
            solver="moments",
            gap_source="moments",
            statistics={"sweeps": int(arrays["sweeps"].sum())},
        )

    def _solve(
        self, atoms: Moments, plan: Plan, split: Split, kept: int, progress: Progress
    ) -> dict[str, Any]:
        problems, ratios, steps, p = len(split.train), len(plan.l1_ratios), plan.alphas.shape[1], atoms.p
        cells = (problems, ratios, steps)
        out: dict[str, Any] = {
            "beta": np.empty((kept, ratios, steps, p)),
            "gap": np.empty(cells),
            "train_error": np.empty(cells),
            "nonzero": np.empty(cells, dtype=np.int64),
            "sweeps": np.empty(cells, dtype=np.int64),
            "test_error": np.empty((*cells, len(atoms.weight))),
            "x_mean": np.empty((problems, p)),
            "x_scale": np.empty((problems, p)),
            "y_mean": np.empty(problems),
            "y_scale": np.empty(problems),
        }
        work = problems * ratios * steps * p * p
        with single_threaded_blas():
            kernels().solve_gram_paths(
                atoms.weight,
                np.ascontiguousarray(atoms.mean),
                np.ascontiguousarray(atoms.scatter),
                np.ascontiguousarray(split.train),
                np.ascontiguousarray(split.test),
                kept,
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
                **out,
                threads=thread_count(self.threads) if work > 500_000 else 1,
                progress=progress,
            )
        return out

    def null_errors(self, split: Split, fit_intercept: bool) -> Floats:
        means, weight, scatter = self.atoms.mean[:, -1], self.atoms.weight, self.atoms.scatter[:, -1]
        return null_errors(weight, means, scatter, split, fit_intercept)


def _known(beta: Floats, plan: Plan) -> Floats:
    """Coefficients, with zeros behind the end of a path that was limited."""
    return beta if plan.max_nonzero >= beta.shape[1] else np.nan_to_num(beta)


def unpenalized(block: Floats, c: Floats, penalty: Penalty, free: NDArray[np.intp]) -> Floats:
    """argmin b'G b/2 - c'b over the unpenalized columns alone, within their bounds; ``penalty`` in standardized units."""
    if penalty.lower is None and penalty.upper is None:
        return np.asarray(np.linalg.lstsq(block, c, rcond=None)[0])
    from scipy.optimize import lsq_linear

    values, vectors = np.linalg.eigh(block)
    seen = values > 1e-12 * values[-1]
    root = np.sqrt(values[seen])
    low = np.full(len(free), -np.inf) if penalty.lower is None else penalty.lower[free]
    high = np.full(len(free), np.inf) if penalty.upper is None else penalty.upper[free]
    fixed = low == high  # both zero: the solver wants an open interval
    out = np.zeros(len(free))
    if not fixed.all():
        left = (root * vectors[:, seen]).T[:, ~fixed]
        solved = lsq_linear(
            left, (vectors[:, seen].T @ c) / root, (low[~fixed], high[~fixed]), method="bvls", tol=1e-15
        )
        out[~fixed] = solved.x
    return out


def null_errors(weight: Floats, mean: Floats, scatter: Floats, split: Split, fit_intercept: bool) -> Floats:
    """Of the constant model on every tested atom, from each atom's weight, mean and scatter of the target."""
    trained = np.maximum(split.train @ weight, 1e-300)
    constant = (split.train @ (weight * mean)) / trained if fit_intercept else np.zeros(len(split.train))
    within = scatter / np.where(weight > 0, weight, np.nan)
    out = within[None, :] + (mean[None, :] - constant[:, None]) ** 2
    return np.where(split.test.astype(bool) & (weight > 0), out, np.nan)


def column_scales(
    variance: Floats, second: Floats, mean: Floats, fit_intercept: bool, standardize: bool
) -> tuple[Floats, NDArray[np.bool_]]:
    """The scale that the penalty sees of each column (1 unstandardized, 0 for constants), and which columns vary."""
    scale = np.sqrt(np.maximum(variance, 0.0))
    constant = scale <= CONSTANT_SHARE * np.abs(mean)
    if not fit_intercept:
        scale = np.where(constant, np.sqrt(second), scale)
    usable = (scale > 0) & (~constant | (not fit_intercept))
    return np.where(usable, scale if standardize else 1.0, 0.0), usable


def _weighted_mean(weight: Floats, means: Floats) -> Floats:
    if len(weight) == 1:
        return np.asarray(means[0])
    total, mean = 0.0, np.zeros(means.shape[1])
    for w, m in zip(weight, means):
        if w > 0:
            total += w
            mean += w / total * (m - mean)
    return mean


def _fill_means(atoms: Moments, train: NDArray[np.uint8], imputed: NDArray[np.intp]) -> Floats:
    if not len(imputed):
        return np.zeros(0)
    mean = _weighted_mean(atoms.weight * train, atoms.mean)
    present = 1.0 - mean[imputed[:, 1]]
    return np.where(present > 1e-12, mean[imputed[:, 0]] / np.where(present > 1e-12, present, 1.0), 0.0)
