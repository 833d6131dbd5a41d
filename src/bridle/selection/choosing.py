"""The rules that turn cross-validated errors into one strength, and the frozen answer: chosen, or given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, UsageError
from .diagnostics import Diagnostics
from .scoring import DEVIANCE

Floats = NDArray[np.float64]
RULES = ("min", "1se")
GIVEN = "given"  # in a rule's place: nothing was compared
LEAVE_ONE_OUT = "leave-one-out"


@dataclass(frozen=True, eq=False)
class Scored:
    """What another score than the deviance says along a curve; the strength is chosen by it.

    Attributes
    ----------
    larger : whether more is better.
    mean, standard_error : (A,) over the folds, weighted by their weight.  fold_scores : (K, A).
    train : (A,) of the fit on its own rows.  null : of the constant model on held-out rows. NaN where they were not rated.
    """

    name: str
    larger: bool
    mean: Floats
    standard_error: Floats
    fold_scores: Floats
    train: Floats
    null: float = math.nan

    def cut(self, count: int) -> Scored:
        """Up to the first ``count`` alphas."""
        return replace(
            self, mean=self.mean[:count], standard_error=self.standard_error[:count],
            fold_scores=self.fold_scores[:, :count], train=self.train[:count],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Curve:
    """The cross-validated errors of one l1_ratio; errors are mean squared errors in units of the target squared, of another
    family than squared error mean unit deviances.

    Attributes
    ----------
    alphas : (A,).  mean, standard_error : (A,) over the folds, weighted by their weight.
    fold_errors : (K, A); (0, A) for leave-one-out, whose folds of one row are not kept.
    train_error : (A,) of the fit on all rows.  n_nonzero : (A,) of that fit.
    mix : 1 of the penalized fits, less of their mixtures with refits (see ``RelaxedEngine``).
    scored : what was asked to choose the strength instead; None: these errors chose.
    """

    l1_ratio: float
    alphas: Floats
    mean: Floats
    standard_error: Floats
    fold_errors: Floats
    train_error: Floats
    n_nonzero: NDArray[np.int64]
    mix: float = 1.0
    scored: Scored | None = None

    @property
    def ranked(self) -> tuple[Floats, Floats]:
        """What chooses, and is to be small, (A,); and its standard errors, (A,)."""
        if self.scored is None:
            return self.mean, self.standard_error
        return (-self.scored.mean if self.scored.larger else self.scored.mean), self.scored.standard_error

    def cut(self, count: int) -> Curve:
        """Up to the first ``count`` alphas."""
        return replace(
            self, alphas=self.alphas[:count], mean=self.mean[:count], standard_error=self.standard_error[:count],
            fold_errors=self.fold_errors[:, :count], train_error=self.train_error[:count],
            n_nonzero=self.n_nonzero[:count], scored=None if self.scored is None else self.scored.cut(count),
        )  # fmt: skip

    def choice(self, rule: str, k: int) -> Choice:
        """The k-th alpha as a rule's choice."""
        own = self.scored
        return Choice(
            rule, self.l1_ratio, float(self.alphas[k]), k, float(self.mean[k]), float(self.standard_error[k]),
            float(self.train_error[k]), int(self.n_nonzero[k]), mix=self.mix,
            score=math.nan if own is None else float(own.mean[k]),
            score_spread=math.nan if own is None else float(own.standard_error[k]),
        )  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One strength, why it was chosen, and what it costs.

    ``error`` and ``standard_error`` are NaN where no row was held out. ``mix`` is the penalized fit's share of the model.
    ``score`` and its standard error are those of the score that chose, NaN where the errors did.
    """

    rule: str
    l1_ratio: float
    alpha: float
    index: int
    error: float
    standard_error: float
    train_error: float
    n_columns: int
    n_variables: int = 0
    mix: float = 1.0
    score: float = math.nan
    score_spread: float = math.nan


@dataclass(frozen=True)
class NestedError:
    """The error of the whole procedure, choice of strength included, on rows that took no part in it.

    ``score`` and its standard error are the same of the score that chose, inside too; NaN where the errors did.
    """

    error: float
    standard_error: float
    null_error: float
    choices: tuple[Choice, ...]
    score: float = math.nan
    score_spread: float = math.nan


@dataclass(frozen=True, eq=False)
class Selection:
    """How the strength came about.

    Chosen by cross-validation: ``curves`` holds the errors, ``choices`` the rules, whichever was asked for: ``min``
    (smallest mean error) and ``1se`` (the largest alpha, at the minimizer's l1_ratio, whose error is within one standard
    error of the smallest; Breiman et al. 1984), by another score (``Curve.scored``) where one was asked for: the best, and
    within one standard error of the best; an estimator may know ``min`` alone. With leave-one-out ``fold_text`` is
    LEAVE_ONE_OUT and ``n_folds`` the number of rows. Of a relaxed lasso ``curves`` has every l1_ratio at its best mix and
    ``relaxed`` all mixes that were compared. ``diagnostics`` sums up the predictions out of fold of classes, counts
    and amounts; ``out_of_fold`` (n,) holds them where they were asked for.

    Given: ``Selection.given``. The rule is "given", its choice the only one, there are no curves and no errors on new rows.
    """

    rule: str
    curves: tuple[Curve, ...]
    choices: Mapping[str, Choice]
    null_error: float
    fold_text: str
    n_folds: int
    nested: NestedError | None = None
    out_of_fold: Floats | None = None
    diagnostics: Diagnostics | None = None
    relaxed: tuple[Curve, ...] = ()

    @classmethod
    def given(
        cls,
        alpha: float,
        l1_ratio: float,
        *,
        train_error: float,
        n_columns: int,
        n_variables: int,
        index: int = 0,
    ) -> Selection:
        """Of a strength that was given: ``index`` is its place on the model's path, ``train_error`` a mean square.

        >>> Selection.given(0.1, 1.0, train_error=2.5, n_columns=3, n_variables=3).chosen.alpha
        0.1
        """
        choice = Choice(
            GIVEN, l1_ratio, alpha, index, math.nan, math.nan, train_error, n_columns, n_variables
        )
        return cls(GIVEN, (), {GIVEN: choice}, math.nan, "", 0)

    @property
    def score(self) -> str:
        """What chose the strength: "deviance", or the name of a score."""
        scored = self.curves[0].scored if self.curves else None
        return DEVIANCE if scored is None else scored.name

    @property
    def is_given(self) -> bool:
        """Whether the strength was given, so that nothing is known of errors on new rows."""
        return self.rule == GIVEN

    @property
    def is_leave_one_out(self) -> bool:
        """Whether every row was held out by itself."""
        return self.fold_text == LEAVE_ONE_OUT

    @property
    def chosen(self) -> Choice:
        """By the rule that was asked for, or as it was given."""
        return self.choices[self.rule]

    @property
    def other(self) -> Choice | None:
        """By the other rule; None where there is none."""
        return next((choice for rule, choice in self.choices.items() if rule != self.rule), None)

    def curve(self, l1_ratio: float) -> Curve:
        """The curve of one l1_ratio.

        Raises
        ------
        UsageError
            When that l1_ratio was not compared; a given strength has no curve at all.
        """
        for curve in self.curves:
            if curve.l1_ratio == l1_ratio:
                return curve
        raise UsageError(f"There is no cross-validated error for the l1_ratio {l1_ratio:g}.")


def summarize(errors: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Mean and standard error over folds, (K, A) -> (A,), (A,); folds weigh as much as their test rows.

    The standard error is the weighted standard deviation of the folds' errors over sqrt(K - 1), as glmnet's.
    """
    if not len(errors) or not weights.sum() > 0:
        raise DataError("No fold has rows of positive weight on both sides; give other folds or weights.")
    share = weights / weights.sum()
    mean = share @ errors
    if len(errors) < 2:
        return mean, np.zeros_like(mean)
    off = errors - mean
    size = np.max(np.abs(off), axis=0)
    safe = np.where(size > 0, size, 1.0)  # the squares of huge errors would overflow
    return mean, size * np.sqrt(share @ (off / safe) ** 2 / (len(errors) - 1))


def pick(means: list[Floats], standard_errors: list[Floats], rule: str) -> tuple[int, int]:
    """(which curve, which alpha) by a rule; alphas decrease, so the first of equals is the strongest.

    Raises
    ------
    UsageError
        For an unknown rule.
    DataError
        When no error is a number.
    """
    if rule not in RULES:
        raise UsageError(f"rule must be one of {', '.join(RULES)}, not {rule!r}.")
    best: tuple[int, int] | None = None
    for i, mean in enumerate(means):
        if not np.isfinite(mean).any():
            continue
        k = int(np.nanargmin(mean))
        if best is None or mean[k] < means[best[0]][best[1]]:
            best = (i, k)
    if best is None:
        raise DataError(
            "No cross-validated error could be computed; is there a fold whose rows all have weight zero?"
        )
    if rule == "min":
        return best
    curve, k = best
    limit = means[curve][k] + standard_errors[curve][k]
    within = np.flatnonzero(means[curve][: k + 1] <= limit)
    return curve, int(within[0])


def choose(curves: tuple[Curve, ...], rule: str) -> Choice:
    """The choice of a rule among all curves."""
    means, spreads = zip(*(curve.ranked for curve in curves))
    i, k = pick(list(means), list(spreads), rule)
    return curves[i].choice(rule, k)
