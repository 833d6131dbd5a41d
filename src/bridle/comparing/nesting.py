"""Errors of a whole procedure, choice of strength included, for any kind of folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..families import constant_model
from ..fitting.intake import Prepared, check_folds
from ..selection import Choice, Folds, Scores, choose, cross_validate, make_folds
from ..selection.crossvalidation import MOST_NESTED, coefficients
from ..solvers import Engine, Plan, Rows, Split, prepare
from .pairing import Splits

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
Progress = Callable[[float], None] | None
INNER = 5
WIDE = 1_500  # columns: beyond, a path down to a strength costs less than the fit there alone


@dataclass(frozen=True, eq=False)
class Sides:
    """The rows that one split trains and is tested on; it is problem ``problem`` of the round ``round``."""

    train: Index
    test: Index
    round: int
    problem: int


@dataclass(frozen=True, eq=False)
class HeldOut:
    """``scores`` of all folds at every strength; (K,) ``errors`` and the choices that the rest of each fold made.

    Errors are mean unit deviances: of squared error its mean square.
    """

    scores: Scores
    errors: Floats
    choices: tuple[Choice, ...]


@dataclass(frozen=True, eq=False)
class Nesting:
    """The folds of a comparison, the engines that have read them, and the folds inside their training rows."""

    ready: Prepared
    folds: Folds
    engines: list[Engine]
    sides: tuple[Sides, ...]
    seed: int
    threads: int

    @staticmethod
    def of(ready: Prepared, folds: Folds, engines: list[Engine], seed: int, threads: int) -> Nesting:
        return Nesting(ready, folds, engines, sides_of(ready.rows, folds), seed, threads)

    @property
    def splits(self) -> Splits:
        w = self.ready.rows.weights

        def weight(rows: Index) -> float:
            return float(len(rows)) if w is None else float(w[rows].sum())

        return Splits(
            np.array([weight(s.test) for s in self.sides]), np.array([weight(s.train) for s in self.sides])
        )

    def null_predictors(self, fit_intercept: bool) -> tuple[Floats, ...]:
        """The constant model's linear predictors (n_test,) on every split."""
        out = []
        for side in self.sides:
            own, test = self.ready.rows.take(side.train), self.ready.rows.take(side.test)
            constant = constant_model(own.family, own.y, own.weights, own.offset, fit_intercept)
            out.append(constant + (np.zeros(len(test.y)) if test.offset is None else test.offset))
        return tuple(out)

    def errors_of(self, predictors: tuple[Floats, ...]) -> Floats:
        """(K,) mean unit deviances of the tested rows at their linear predictors."""
        return np.array(
            [deviance(self.ready.rows.take(s.test), eta) for s, eta in zip(self.sides, predictors)]
        )

    def predictors(self, plan: Plan, choices: tuple[Choice, ...]) -> tuple[Floats, ...]:
        """The linear predictors (n_test,) of every split's fit at the strength that was chosen for it."""
        return tuple(self._predictor(side, plan, choice) for side, choice in zip(self.sides, choices))

    def split_of(self, side: Sides) -> Split:
        """Its one problem."""
        return self.folds.rounds[side.round].split().of_problems([side.problem])

    def _predictor(self, side: Sides, plan: Plan, choice: Choice) -> Floats:
        ratio = int(np.flatnonzero(plan.l1_ratios == choice.l1_ratio)[0])
        alphas = plan.alphas[ratio, : choice.index + 1]
        if self.ready.rows.design.p <= WIDE:
            alphas = alphas[-1:]
        single = replace(plan.only([ratio]), alphas=alphas[None])
        solution = self.engines[side.round].solve(single, self.split_of(side))
        coefs, intercepts = coefficients(solution, 0, np.array([len(alphas) - 1]))
        test = self.ready.rows.take(side.test)
        design = test.design.fill(solution.fills[0]) if solution.fills.shape[1] else test.design
        eta = design.matvec(coefs[0], self.threads) + intercepts[0]
        return np.asarray(eta if test.offset is None else eta + test.offset)

    def held_out(self, plan: Plan, rule: str, progress: Progress) -> HeldOut:
        """For every fold the rule chooses by that fold's training rows alone; its error on the fold is honest."""
        if self.in_pairs:
            return self._by_pairs(plan, rule, progress)
        rows = self.ready.rows
        scores = cross_validate(rows, self.engines, self.folds, plan, nested=False, progress=progress)
        choices = []
        for k, sides in enumerate(self.sides):
            choices.append(self._inner_choice(sides, plan, rule))
            if progress is not None:
                progress((k + 1) / len(self.sides))
        return HeldOut(scores, _errors_at(scores, plan, choices), tuple(choices))

    def _by_pairs(self, plan: Plan, rule: str, progress: Progress) -> HeldOut:
        """Rounds of folds that partition the rows nest in themselves: one more problem for each pair of folds."""
        parts: list[Scores] = []
        choices: list[Choice] = []
        for engine, round_ in zip(self.engines, self.folds.rounds):
            alone = Folds((round_,), self.folds.text, "partition")
            scores = cross_validate(self.ready.rows, [engine], alone, plan, progress=progress)
            nested = scores.nested(scores.curves(plan), rule)
            assert nested is not None  # as in_pairs promised
            parts.append(scores)
            choices += nested.choices
        scores = _joined(parts)
        return HeldOut(scores, _errors_at(scores, plan, choices), tuple(choices))

    def _inner_choice(self, sides: Sides, plan: Plan, rule: str) -> Choice:
        own, inner = self.ready.rows.take(sides.train), self.inner_folds(sides)
        try:
            check_folds(inner, replace(self.ready, rows=own))
        except DataError as why:
            raise DataError(f"The training rows of a fold are split once more, and there: {why}") from None
        engines = [prepare(own, round_.split(), self.threads) for round_ in inner.rounds]
        scores = cross_validate(own, engines, inner, plan, nested=False)
        return choose(scores.curves(plan), rule)

    def inner_folds(self, sides: Sides) -> Folds:
        """Folds of one split's training rows.

        Splits with a meaning of their own (in order, or given) keep it: the other splits, as far as they lie inside.
        Otherwise, and where nothing of them does, the rows are split anew, groups and order kept.
        """
        n, train = len(self.ready.rows.y), sides.train
        if self.folds.kind in ("forward", "given"):
            inside = _restricted(n, train, [other for other in self.sides if other is not sides])
            if inside:
                return make_folds(len(train), inside)
        groups, order = self.ready.groups, self.ready.order
        groups = None if groups is None else groups[train]
        order = None if order is None else order[train]
        count = min(INNER, len(train))
        if groups is not None:
            count = min(count, len(np.unique(groups)))
        if order is not None:
            count = min(count, len(np.unique(order)) - 1)
        if count < 2:
            raise DataError(
                "The training rows of a fold cannot be split once more, which comparing needs: there are too few rows, "
                "groups or distinct keys of order. Give fewer folds, or more rows."
            )
        y = self.ready.rows.y[train]
        two = self.ready.rows.family.classes and len(np.unique(y)) == 2 and groups is None and order is None
        classes = y if two else None  # as the outer folds: each gets its share of both classes
        return make_folds(len(train), count, stratify=classes, groups=groups, order=order, seed=self.seed)

    @property
    def in_pairs(self) -> bool:
        """Whether the folds nest in themselves: the limits of ``cross_validate``."""
        if self.folds.kind not in ("partition", "repeated") or len(self.sides) < self.folds.n_folds:
            return False
        sizes = [np.sort(np.diff(round_.start)) for round_ in self.folds.rounds]
        return all(
            round_.partition and 3 <= len(size) <= MOST_NESTED and size[:-2].sum() >= 3
            for round_, size in zip(self.folds.rounds, sizes)
        )

    @property
    def text(self) -> str:
        """What chose for each fold, as half a sentence."""
        if self.in_pairs:
            return "by the other folds alone"
        if self.folds.kind in ("forward", "given") and len(self.sides) > 1:
            return (
                "by the other splits as far as they lie inside its training rows, or by new folds of these where none "
                "does"
            )
        return f"by an inner cross-validation of its training rows alone (at most {INNER} folds)"


def deviance(rows: Rows, eta: Floats) -> float:
    """The mean unit deviance of rows at their linear predictors: of squared error its mean square."""
    w = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    return float(2 * (w @ rows.family.loss(rows.y, eta)) / w.sum())


def sides_of(rows: Rows, folds: Folds) -> tuple[Sides, ...]:
    """Every split that has rows of positive weight on both sides, in the order of the folds."""
    out = []
    for at, round_ in enumerate(folds.rounds):
        split = round_.split()
        for k in range(1, len(split.train)):
            sides = Sides(split.rows_of(split.train[k]), split.rows_of(split.test[k]), at, k)
            w = rows.weights
            if w is None or (w[sides.train].sum() > 0 and w[sides.test].sum() > 0):
                out.append(sides)
    return tuple(out)


def _restricted(n: int, train: Index, others: list[Sides]) -> list[tuple[Index, Index]]:
    place = np.full(n, -1)
    place[train] = np.arange(len(train))
    pairs = []
    for other in others:
        inner, test = place[other.train], place[other.test]
        inner, test = inner[inner >= 0], test[test >= 0]
        if len(inner) >= 2 and len(test):
            pairs.append((inner, test))
    return pairs


def _joined(all_scores: list[Scores]) -> Scores:
    first = all_scores[0]
    if len(all_scores) == 1:
        return first
    return Scores(
        np.concatenate([s.errors for s in all_scores]),
        np.concatenate([s.weights for s in all_scores]),
        np.concatenate([s.null_errors for s in all_scores]),
        first.whole,
        None,
        None,
        [fits for s in all_scores for fits in s.fits],
    )


def _errors_at(scores: Scores, plan: Plan, choices: list[Choice]) -> Floats:
    ratio = [int(np.flatnonzero(plan.l1_ratios == choice.l1_ratio)[0]) for choice in choices]
    at = [choice.index for choice in choices]
    return scores.errors[np.arange(len(choices)), ratio, at]
