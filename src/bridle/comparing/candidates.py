"""Who takes part in a comparison: small frozen objects that all answer one question.

A candidate of another kind is one more class with ``assess``, and one more entry in ``candidates``; networks, which need
PyTorch, are in ``networks``. Nothing else of the comparison changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..families import SQUARED, Family
from ..fitting.certifying import certified, named
from ..fitting.planning import plan_of
from ..fitting.remarks import counted
from ..paths import build_paths
from ..penalties import Penalty
from ..reporting.naming import second_class
from ..selection import Choice, choose
from ..selection.choosing import summarize
from ..solvers import Engine, Plan, Solution
from ..solvers.plan import Null, SparseRows
from .nesting import Nesting
from .result import Row
from .scoring import scores_of

Floats = NDArray[np.float64]
Progress = Callable[[float], None] | None
ROUNDING = 1e-13  # of an error: folds whose errors differ by less do not differ


@dataclass(frozen=True, eq=False)
class Task:
    """What every candidate is given: one reading of the data, the folds, and how to choose.

    ``null`` is of the problem as it is penalized; ``plain`` (columns and target by themselves) gives effects.
    ``null_predictors`` of every split are the constant model's.
    """

    nesting: Nesting
    null: Null
    plain: Null
    null_predictors: tuple[Floats, ...]
    n_alphas: int
    standardize: bool
    fit_intercept: bool
    rule: str

    @property
    def engine(self) -> Engine:
        """Of the first round: it knows the whole."""
        return self.nesting.engines[0]

    @property
    def family(self) -> Family:
        """The loss by which every method is fitted and judged."""
        return self.nesting.ready.rows.family

    @property
    def penalty(self) -> Penalty:
        """Every column alike."""
        return Penalty.of(self.nesting.ready.rows.design.p)

    def summarized(self, errors: Floats) -> tuple[float, float]:
        """Mean and standard error over the folds; there is no standard error of a single split."""
        means, spreads = summarize(errors[:, None], self.nesting.splits.test)
        mean, spread = float(means[0]), float(spreads[0])
        if len(errors) < 2:
            return mean, float("nan")
        return mean, spread if spread > ROUNDING * abs(mean) else 0.0

    @cached_property
    def null_errors(self) -> Floats:
        """(K,) of the constant model."""
        return self.nesting.errors_of(self.null_predictors)

    @property
    def null_error(self) -> float:
        return self.summarized(self.null_errors)[0]

    def effects(self, coef: Floats) -> Floats:
        """Coefficients per standard deviation of the column; of squared error also of the target."""
        return coef * self.plain.x_scale / (self.plain.y_scale if self.family == SQUARED else 1.0)

    def scores(self, predictors: tuple[Floats, ...]) -> dict[str, float]:
        """Of two classes what else the linear predictors of every split are judged by."""
        return scores_of(self.nesting.ready.rows, self.nesting.sides, predictors)

    def variables(self, coef: Floats) -> int:
        owner = self.nesting.ready.schema.variable_of_column()
        return len(np.unique(owner[np.flatnonzero(coef)]))


class Candidate(Protocol):
    """One method."""

    @property
    def title(self) -> str:
        """What people read."""
        ...

    def assess(self, task: Task, progress: Progress) -> Row:
        """Its held-out errors and its fit on all rows. What it cannot do is a row with a note, never an exception."""
        ...


@dataclass(frozen=True)
class Constant:
    """The model without variables, fitted to the training rows: what every method has to beat.

    It is their mean (zero, without an intercept), or what the family makes of it beside an offset.
    """

    title: str = "Constant"

    def assess(self, task: Task, progress: Progress) -> Row:
        start = perf_counter()
        error, spread = task.summarized(task.null_errors)
        p = task.nesting.ready.rows.design.p
        strength = 2 * float(np.abs(task.null.gradient).max(initial=0.0))
        return Row(
            "null", self.title, error, spread, error, task.null_errors, effects=np.zeros(p),
            seconds=perf_counter() - start,
            note=_constant_note(task), arguments={"l1_ratios": 1.0, "alphas": (strength,)}, family=task.family.text,
            scores=task.scores(task.null_predictors),
        )  # fmt: skip


def _constant_note(task: Task) -> str:
    """What the constant model predicts."""
    ready: Any = task.nesting.ready  # has what is asked of a model there
    if ready.has_offset:
        one = "one rate" if task.family.link == "log" else "the offset and a constant"
        return f"always predicts {one if task.fit_intercept else 'the offset alone'}"
    if not task.fit_intercept:
        mean = float(task.family.mean(np.zeros(1))[0])
        return f"always predicts {mean:.3g}" if mean else "always predicts zero"
    if task.family.classes:
        return f"always predicts the share of {second_class(ready)} in the training rows"
    what = "the number of least loss for" if task.family.name == "huber" else "the mean of"
    return f"always predicts {what} the training rows"


@dataclass(frozen=True)
class Penalized:
    """Ridge, lasso or elastic net: alpha, and the l1_ratio where there are several, chosen by cross-validation."""

    name: str
    title: str
    l1_ratios: tuple[float, ...]

    def assess(self, task: Task, progress: Progress) -> Row:
        start = perf_counter()
        nesting, engine, null = task.nesting, task.engine, task.null
        rows, schema = nesting.ready.rows, nesting.ready.schema
        plan, tops = plan_of(
            rows, engine, null, task.penalty, self.l1_ratios, None, task.n_alphas, "bridle", task.standardize,
            task.fit_intercept, None, None,
        )  # fmt: skip
        held = nesting.held_out(plan, task.rule, progress)
        choice = choose(held.scores.curves(plan), task.rule)
        ratio = int(np.flatnonzero(plan.l1_ratios == choice.l1_ratio)[0])
        one, alone = _alone(held.scores.whole, plan, ratio, choice.index)
        path = build_paths(one, alone, null, engine, [tops[ratio]], None, task.family)[0]
        choice = replace(choice, index=0)
        path, proven = certified(rows, engine, null, alone, path, {task.rule: choice}, nesting.threads)
        choice = counted(choice, path, schema)
        error, spread = task.summarized(held.errors)
        scores = task.scores(nesting.predictors(plan, held.choices)) if task.family.classes else {}
        return Row(
            self.name, self.title, error, spread, task.null_error, held.errors, choice.n_variables, choice.n_columns,
            choice.alpha, choice.l1_ratio, _strengths(held.choices), task.effects(path.stored.row(choice.index)),
            named(proven[task.rule], schema), perf_counter() - start,
            arguments={
                "l1_ratios": self.l1_ratios[0] if len(self.l1_ratios) == 1 else self.l1_ratios,
                "n_alphas": task.n_alphas,
            },
            family=task.family.text,
            scores=scores,
        )  # fmt: skip


def _alone(solution: Solution, plan: Plan, ratio: int, at: int) -> tuple[Solution, Plan]:
    """One fit of the whole as a path of its own: degrees of freedom along all of it would cost more than the path."""
    cell = (slice(None), slice(ratio, ratio + 1), slice(at, at + 1))
    one = replace(
        solution,
        coefs=[SparseRows.of(solution.coefs[ratio].row(at)[None, :])],
        intercepts=None if solution.intercepts is None else [solution.intercepts[ratio][:1, at : at + 1]],
        degrees=None if solution.degrees is None else solution.degrees[ratio : ratio + 1, at : at + 1],
        **{name: getattr(solution, name)[cell] for name in ("gap", "train_error", "nonzero", "test_error")},
    )
    return one, replace(plan.only([ratio]), alphas=plan.alphas[ratio : ratio + 1, at : at + 1])


def _strengths(choices: tuple[Choice, ...]) -> tuple[tuple[float, float], ...]:
    return tuple((choice.alpha, choice.l1_ratio) for choice in choices)


def candidates(l1_ratios: float | Sequence[float], family: Family = SQUARED) -> tuple[Candidate, ...]:
    """All methods, the simplest first; ``l1_ratios`` are the elastic net's mixes, 0 and 1 being ridge and lasso anyway.

    >>> [candidate.title for candidate in candidates((0.5,))]
    ['Constant', 'Least squares', 'Ridge', 'Lasso', 'Elastic net']
    """
    from .generalized import Unpenalized
    from .unpenalized import LeastSquares

    try:
        mixes = np.unique(np.atleast_1d(np.asarray(l1_ratios, dtype=np.float64)))
    except (TypeError, ValueError):
        raise UsageError(f"l1_ratios must be numbers between 0 and 1, not {l1_ratios!r}.") from None
    if not ((mixes >= 0) & (mixes <= 1)).all():
        raise UsageError(f"l1_ratios must lie between 0 (ridge) and 1 (lasso), not {mixes.tolist()}.")
    between = tuple(float(mix) for mix in mixes if 0 < mix < 1)
    net = (Penalized("elastic_net", "Elastic net", between),) if between else ()
    return (
        Constant(),
        LeastSquares() if family == SQUARED else Unpenalized(),
        Penalized("ridge", "Ridge", (0.0,)),
        Penalized("lasso", "Lasso", (1.0,)),
        *net,
    )
