"""Cross-validation and nested cross-validation: all folds, alphas and l1_ratios from one reading of the rows a round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..design import Design
from ..families import constant_model
from ..solvers import Engine, Plan, Rows, Solution, Split
from ..solvers.newton import NewtonEngine
from .choosing import Choice, Curve, NestedError, choose, pick, summarize
from .folds import Folds, Round
from .rated import Rated

Floats = NDArray[np.float64]
# Held-out errors below this share of the null model's come from residuals: moments would cancel.
CANCELLED = 1e-6
# Nested cross-validation fits every pair of folds left out: beyond this many it would cost more than it says.
MOST_NESTED = 20


@dataclass(frozen=True, eq=False)
class Fits:
    """What an engine found for the whole and each fold of a round, coefficients and all."""

    engine: Engine
    solution: Solution


@dataclass(frozen=True, eq=False)
class Scores:
    """The errors of all folds: ``errors`` (K, L, A), ``weights`` (K,), ``null_errors`` (K,)."""

    errors: Floats
    weights: Floats
    null_errors: Floats
    whole: Solution
    pair_errors: Floats | None  # (K, K, L, A): trained without folds k and l, tested on l
    row_spread: Floats | None  # (L, A): standard error over the rows of a single hold-out
    fits: list[Fits | None]  # of each round, where they were kept

    def curves(self, plan: Plan) -> tuple[Curve, ...]:
        """One curve for each l1_ratio."""
        out = []
        for i, ratio in enumerate(plan.l1_ratios):
            kept = self.whole.nonzero[
                0, i
            ]  # the first fit beyond the limit is on the path, but cannot be chosen
            done = int(((kept >= 0) & (kept <= plan.max_nonzero)).sum())
            mean, error = summarize(self.errors[:, i, :done], self.weights)
            if self.row_spread is not None:
                error = self.row_spread[i, :done]
            out.append(
                Curve(
                    float(ratio),
                    plan.alphas[i, :done],
                    mean,
                    error,
                    self.errors[:, i, :done],
                    self.whole.train_error[0, i, :done],
                    self.whole.nonzero[0, i, :done],
                )
            )
        return tuple(out)

    @property
    def null_error(self) -> float:
        """Of the constant model, over the folds."""
        return float(self.weights @ self.null_errors / self.weights.sum())

    def nested(self, curves: tuple[Curve, ...], rule: str, rated: Rated | None = None) -> NestedError | None:
        """For every fold the rule chooses by the others alone, by their errors or ratings; its error there is honest."""
        pairs = self.pair_errors if rated is None else rated.pair_losses
        if pairs is None:
            return None
        folds, steps = len(self.weights), np.arange(self.errors.shape[2])
        errors, scores, choices = np.empty(folds), np.full(folds, np.nan), []
        for k in range(folds):
            others = [other for other in range(folds) if other != k]
            weights = self.weights[others]
            means, spreads = zip(*(summarize(pairs[k, others, i], weights) for i in range(len(curves))))
            # A choice must be one that the fit without fold k, and that of all rows, can make.
            possible = [
                np.where(np.isfinite(self.errors[k, i]) & (steps < len(curve.alphas)), mean, np.nan)
                for i, (mean, curve) in enumerate(zip(means, curves))
            ]
            if not any(np.isfinite(mean).any() for mean in possible):
                return None
            i, at = pick(possible, list(spreads), rule)
            errors[k] = self.errors[k, i, at]
            choices.append(self._inner(curves[i].choice(rule, at), k, others, i, rated))
            if rated is not None:
                scores[k] = rated.values[k, i, at]
        mean, spread = summarize(np.stack([errors, scores], axis=1), self.weights)
        return NestedError(
            float(mean[0]),
            float(spread[0]),
            self.null_error,
            tuple(choices),
            float(mean[1]),
            float(spread[1]),
        )

    def _inner(self, choice: Choice, k: int, others: list[int], ratio: int, rated: Rated | None) -> Choice:
        """An outer fold's choice with what the other folds said of it."""
        assert self.pair_errors is not None
        weights, at = self.weights[others], choice.index
        mean, spread = summarize(self.pair_errors[k, others, ratio, at][:, None], weights)
        choice = replace(choice, error=float(mean[0]), standard_error=float(spread[0]))
        if rated is None or rated.pair_values is None:
            return choice
        mean, spread = summarize(rated.pair_values[k, others, ratio, at][:, None], weights)
        return replace(choice, score=float(mean[0]), score_spread=float(spread[0]))


def cross_validate(
    rows: Rows,
    engines: list[Engine],
    folds: Folds,
    plan: Plan,
    *,
    nested: bool = True,
    progress: Callable[[float], None] | None = None,
) -> Scores:
    """The errors of every fold at every strength; ``engines`` has one reading for each round."""
    errors, weights, nulls = [], [], []
    fits: list[Fits | None] = []
    whole: Solution | None = None
    pair_errors: Floats | None = None
    spread: Floats | None = None
    for engine, round_ in zip(engines, folds.rounds):
        count = len(round_.train)
        with_pairs = nested and round_.partition and folds.kind == "partition" and 3 <= count <= MOST_NESTED
        with_pairs = with_pairs and _enough_without_two(round_)
        split = round_.split(nested=with_pairs)
        remembers = isinstance(engine, NewtonEngine) and engine.remembers(plan, 1 + count)
        solution = engine.solve(replace(plan, seen=1), split, 1 + count if remembers else 1, progress)
        fits.append(Fits(engine, solution) if remembers else None)
        whole = whole or solution.of_whole()
        atom_weight = _atom_weights(rows, split)
        null = engine.null_errors(split, plan.fit_intercept)
        test = np.where(split.test.astype(bool), atom_weight, 0.0)
        solution = _exact_where_small(rows, engine, plan, split, solution, null, 1 + count)
        share = test / np.maximum(test.sum(axis=1, keepdims=True), 1e-300)
        seen = np.where(share[:, None, None, :] > 0, solution.test_error, 0.0)
        by_problem = (seen @ share[:, None, :, None])[..., 0]
        by_null = (share * np.where(share > 0, null, 0.0)).sum(axis=1)
        own = slice(1, 1 + count)
        known = _known(split, count, atom_weight)
        errors.append(by_problem[own][known])
        weights.append(test[own].sum(axis=1)[known])
        nulls.append(by_null[own][known])
        if with_pairs and known.all():
            pair_errors = _pair_errors(round_, solution.test_error[1 + count :], count)
        if folds.kind == "forward":
            pair_errors = None
        if count == 1 and len(folds.rounds) == 1 and known.all():
            spread = _row_spread(rows, engine, plan, split)
    assert whole is not None
    return Scores(
        np.concatenate(errors),
        np.concatenate(weights),
        np.concatenate(nulls),
        whole,
        pair_errors,
        spread,
        fits,
    )


def known_folds(rows: Rows, split: Split, count: int) -> NDArray[np.bool_]:
    """Which of the first folds have positive weight on both sides, (count,): one without says nothing."""
    return _known(split, count, _atom_weights(rows, split))


def _known(split: Split, count: int, weight: Floats) -> NDArray[np.bool_]:
    own = slice(1, 1 + count)
    return np.asarray((split.test[own] @ weight > 0) & (split.train[own] @ weight > 0))


def _enough_without_two(round_: Round) -> bool:
    """Whether a training set without two folds still has rows to learn from."""
    sizes = np.sort(np.diff(round_.start))
    return int(sizes[:-2].sum()) >= 3


def _atom_weights(rows: Rows, split: Split) -> Floats:
    if rows.weights is None:
        return np.asarray(split.start[1:] - split.start[:-1], dtype=np.float64)
    sums = np.concatenate([[0.0], np.cumsum(rows.weights[split.rows])])
    return np.asarray(np.diff(sums[split.start]))


def _pair_errors(round_: Round, pair_test: Floats, count: int) -> Floats:
    out = np.full((count, count, *pair_test.shape[1:3]), np.nan)
    for at, (k, other) in enumerate(round_.pairs()):
        out[k, other] = pair_test[at, :, :, other]
        out[other, k] = pair_test[at, :, :, k]
    return out


def _exact_where_small(
    rows: Rows, engine: Engine, plan: Plan, split: Split, solution: Solution, null: Floats, folds: int
) -> Solution:
    """Held-out errors that are tiny beside the held-out variance, once more from residuals: moments would cancel there."""
    if solution.solver != "moments":
        return solution
    with np.errstate(invalid="ignore"):
        small = solution.test_error < CANCELLED * null[:, None, None, :]
    if not small.any():
        return solution
    problems = [int(k) for k in np.flatnonzero(small.any(axis=(1, 2, 3)))]
    test_error = solution.test_error.copy()
    for k in problems:
        again = engine.solve(plan, split.of_problems([k]), 1)
        for i in range(len(plan.l1_ratios)):
            which = np.flatnonzero(small[k, i].any(axis=1))
            if not len(which):
                continue
            coef, intercept = coefficients(again, i, which)
            design = rows.design.fill(again.fills[0]) if again.fills.shape[1] else rows.design
            for a in np.flatnonzero(small[k, i].any(axis=0)):
                own = rows.take(split.rows[split.start[a] : split.start[a + 1]])
                residual = own.y[:, None] - design.take(
                    split.rows[split.start[a] : split.start[a + 1]]
                ).matvec(coef.T)
                residual -= intercept
                w = np.ones(len(own.y)) if own.weights is None else own.weights
                test_error[k, i, which, a] = w @ residual**2 / w.sum()
    return replace(solution, test_error=test_error)


def coefficients(
    solution: Solution, ratio: int, which: NDArray[np.intp], problem: int = 0
) -> tuple[Floats, Floats]:
    """Coefficients (k, p) and intercepts (k,) in original units of a kept problem at the named alphas."""
    steps = solution.gap.shape[2]
    scale = solution.x_scale[problem]
    inverse = np.where(scale > 0, 1.0 / np.where(scale > 0, scale, 1.0), 0.0) * solution.y_scale[problem]
    coef = np.stack([solution.coefs[ratio].row(problem * steps + int(k)) for k in which]) * inverse
    if solution.intercepts is not None:
        return coef, solution.intercepts[ratio][problem, which]
    return coef, solution.y_mean[problem] - coef @ solution.x_mean[problem]


def _row_spread(rows: Rows, engine: Engine, plan: Plan, split: Split) -> Floats:
    """Of one hold-out set: the standard error of the mean of its rows' squared errors, (L, A)."""
    solution = engine.solve(plan, split.of_problems([1]), 1)
    test = split.rows_of(split.test[1])
    own = rows.take(test)
    design = own.design.fill(solution.fills[0]) if solution.fills.shape[1] else own.design
    w = np.ones(len(test)) if own.weights is None else own.weights
    share = w / w.sum()
    out = np.empty(plan.alphas.shape)
    for i in range(len(plan.l1_ratios)):
        coef, intercept = coefficients(solution, i, np.arange(plan.alphas.shape[1]))
        eta = intercept + design.matvec(coef.T)
        if own.offset is not None:
            eta = eta + own.offset[:, None]
        square = 2 * own.family.loss(own.y[:, None], eta)  # the unit deviance: of squared error its square
        out[i] = np.sqrt(share**2 @ (square - share @ square) ** 2)
    return out


def out_of_fold(
    rows: Rows, engines: list[Engine], folds: Folds, plan: Plan, choice: Choice, fits: list[Fits | None]
) -> Floats:
    """Predictions of every tested row by the fits that did not see it, at the chosen strength; NaN where none was tested.

    Rows tested in several rounds get the mean. ``fits`` are those that need not be made again.
    """
    ratio = int(np.flatnonzero(plan.l1_ratios == choice.l1_ratio)[0])
    single = replace(plan.only([ratio]), alphas=np.array([[choice.alpha]]), seen=0)
    total, count = np.zeros(len(rows.y)), np.zeros(len(rows.y))
    for engine, round_, known in zip(engines, folds.rounds, fits, strict=True):
        split = round_.split()
        learning = [k for k in range(1, len(split.train)) if _trains(rows, split, k)]
        if not learning:
            continue
        kept = known.solution if known is not None and known.engine is engine else None
        solution = kept or engine.solve(single, split.of_problems(learning), len(learning))
        for order, k in enumerate(learning):
            at, of_ratio, step = (order, 0, 0) if kept is None else (k, ratio, choice.index)
            coef, intercept = coefficients(solution, of_ratio, np.array([step]), at)
            test = split.rows_of(split.test[k])
            design = rows.design.fill(solution.fills[at]) if solution.fills.shape[1] else rows.design
            eta = _fitted(design, coef[0], test) + intercept[0]
            total[test] += rows.family.mean(eta if rows.offset is None else eta + rows.offset[test])
            count[test] += 1
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / count, np.nan)


def _fitted(design: Design, coef: Floats, test: NDArray[np.intp]) -> Floats:
    """The products of some rows with coefficients (p,); of wide tables only the columns in use are read."""
    used = np.flatnonzero(coef)
    if design.p > design.n and 4 * len(used) < design.p:
        return np.asarray(design.columns(used)[test] @ coef[used])
    return np.asarray(design.take(test).matvec(coef))


def constant_out_of_fold(rows: Rows, folds: Folds, fit_intercept: bool) -> Floats:
    """The same of the constant model: the intercept of each training set alone, beside the rows' offset, (n,)."""
    total, count = np.zeros(len(rows.y)), np.zeros(len(rows.y))
    for round_ in folds.rounds:
        split = round_.split()
        for k in range(1, len(split.train)):
            if not _trains(rows, split, k):
                continue
            own, test = split.rows_of(split.train[k]), split.rows_of(split.test[k])
            weights, offset = (None if v is None else v[own] for v in (rows.weights, rows.offset))
            intercept = constant_model(rows.family, rows.y[own], weights, offset, fit_intercept)
            eta = intercept + (np.zeros(len(test)) if rows.offset is None else rows.offset[test])
            total[test] += rows.family.mean(eta)
            count[test] += 1
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / count, np.nan)


def _trains(rows: Rows, split: Split, problem: int) -> bool:
    """Whether a problem has a training row of positive weight."""
    return rows.weights is None or bool((rows.weights[split.rows_of(split.train[problem])] > 0).any())


__all__ = ["Scores", "choose", "constant_out_of_fold", "cross_validate", "out_of_fold"]
