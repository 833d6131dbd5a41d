"""Fits on given folds at strengths that stand beside a sum over the rows, rated by the caller: LogisticRegressionCV.

In C * sum_i w_i loss_i + penalty the rows of a training set weigh against the penalty by their number: the strength of the
objective, 1 / (C W), is another one in every fold of another weight W. Folds of the same weight are solved together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import thread_count
from ..errors import DataError, SeparationError
from ..objective import alpha_max
from ..paths import VANISHING, Path, build_paths
from ..selection import Choice, Curve, Selection, checked_pairs, make_folds
from ..selection.choosing import summarize
from ..selection.crossvalidation import coefficients
from ..solvers import Engine, Plan, Solution, Split
from ..solvers.plan import SparseRows
from .certifying import certified
from .generalized import Asked, Fitted, check_target, hint_of, null_deviance
from .intake import Prepared, check_scale, engines_for
from .modelling import assembled
from .planning import FOLD_TOLERANCE
from .remarks import counted

Floats = NDArray[np.float64]
BEHIND = 1e-8  # relative gap
# (fold, its test rows, linear predictors (C, n_test), coefs (C, p), intercepts (C,)) -> scores (C,), more being better.
Rate = Callable[[int, Any, Floats, Floats, Floats], Floats]


@dataclass(frozen=True, eq=False)
class FoldFits:
    """What K folds said of (C,) strengths at (L,) l1_ratios.

    Attributes
    ----------
    scores (K, L, C), coefs (K, L, C, p), intercepts (K, L, C), passes (K, L, C).
    deviances : (K, L, C) mean unit deviances of the held-out rows.  null_deviances : (K,) of the constant model.
    engine : the first reading of the rows.  scale : what the weights were divided by.
    """

    ready: Prepared
    Cs: Floats
    l1_ratios: Floats
    asked: Asked
    fold_text: str
    engine: Engine
    scores: Floats
    coefs: Floats
    intercepts: Floats
    passes: NDArray[np.int32]
    deviances: Floats
    null_deviances: Floats
    scale: float


def fits_on_folds(
    ready: Prepared, pairs: Sequence[tuple[Any, Any]], fold_text: str, Cs: Floats, l1_ratios: Floats, asked: Asked,
    rate: Rate, scale: float = 1.0,
) -> FoldFits:  # fmt: skip
    """Every fold's fit at every strength, and what ``rate`` makes of it.

    Raises
    ------
    DataError
        For a fold without a row of positive weight on one of its sides, and as ``fit_at``.
    """
    rows = ready.rows
    check_target(rows)
    folds = make_folds(rows.design.n, pairs)
    engines = engines_for(rows, folds, ready.schema, asked.threads, lambda stage: None)
    null = engines[0].null(asked.penalty, asked.fit_intercept, False)
    check_scale(null, rows, ready.schema, "y")
    sides = checked_pairs(rows.design.n, pairs)
    shape = (len(sides), len(l1_ratios), len(Cs))
    out = FoldFits(
        ready, Cs, l1_ratios, asked, fold_text, engines[0], np.empty(shape), np.empty((*shape, rows.design.p)),
        np.empty(shape), np.ones(shape, dtype=np.int32), np.empty(shape), np.empty(len(sides)),
        scale,
    )  # fmt: skip
    first = 0
    for engine, round_ in zip(engines, folds.rounds):
        _solve_round(out, engine, round_.split(), first)
        first += len(round_.train)
    for k, (_, test) in enumerate(sides):
        design = rows.design.take(test)
        for i in range(len(l1_ratios)):
            coefs, intercepts = out.coefs[k, i], out.intercepts[k, i]
            eta = (
                design.matvec(np.ascontiguousarray(coefs.T), thread_count(asked.threads)).T
                + intercepts[:, None]
            )
            out.scores[k, i] = rate(k, test, eta, coefs, intercepts)
    return out


def _solve_round(out: FoldFits, engine: Engine, split: Split, first: int) -> None:
    """The folds of one reading, those of the same weight together; the first of them is the ``first`` of all."""
    rows = out.ready.rows
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    atoms = np.array([weights[split.rows[a:b]].sum() for a, b in zip(split.start[:-1], split.start[1:])])
    train, test = split.train @ atoms, split.test * atoms
    if not ((train[1:] > 0) & (test[1:].sum(axis=1) > 0)).all():
        raise DataError(
            "A fold has no row of positive weight on one of its sides; give other folds or weights."
        )
    share = test / np.maximum(test.sum(axis=1, keepdims=True), 1e-300)
    null = engine.null_errors(split, out.asked.fit_intercept)
    every, place = np.unique(out.Cs, return_inverse=True)  # rising C: falling strength
    for problem, solution, at in _solutions(out, engine, split, train, every):
        k = first + problem - 1
        known = share[problem] > 0
        for i in range(len(out.l1_ratios)):
            coefs, intercepts = coefficients(solution, i, np.arange(len(every)), at)
            out.coefs[k, i], out.intercepts[k, i] = coefs[place], intercepts[place]
        errors = np.where(known, solution.test_error[at], 0.0) @ share[problem]
        out.deviances[k] = errors[:, place]
        passes = solution.statistics.get("passes", 1) / (len(every) * len(out.l1_ratios))
        out.passes[k] = max(1, round(passes))
        out.null_deviances[k] = float(np.where(known, null[problem], 0.0) @ share[problem])


def _solutions(
    out: FoldFits, engine: Engine, split: Split, train: Floats, Cs: Floats
) -> Iterator[tuple[int, Solution, int]]:
    """Each fold's problem with its solution and its place there; one that fell behind the others is solved alone."""
    for weight in np.unique(train[1:]):
        group = (1 + np.flatnonzero(train[1:] == weight)).tolist()
        plan = _plan(out, Cs, out.scale * float(weight), out.l1_ratios)
        try:
            together = engine.solve(plan, split.of_problems(group), len(group))
        except SeparationError:
            plan = held(plan, engine, out.asked)
            together = engine.solve(plan, split.of_problems(group), len(group))
        for at, problem in enumerate(group):
            if len(group) == 1 or (together.gap[at] <= BEHIND).all():
                yield problem, together, at
            else:
                yield problem, engine.solve(plan, split.of_problems([problem]), 1), 0


def held(plan: Plan, engine: Engine, asked: Asked) -> Plan:
    """Classes that are told apart have no finite fit without a penalty: a vanishing one takes its place."""
    return replace(plan, alphas=np.where(plan.alphas == 0, hint_of(engine, asked), plan.alphas))


def _plan(out: FoldFits, Cs: Floats, weight: float, l1_ratios: Floats) -> Plan:
    alphas = np.array([strength(float(C), weight) for C in Cs])
    return Plan(
        l1_ratios, np.tile(alphas, (len(l1_ratios), 1)), out.asked.penalty, out.asked.fit_intercept, False,
        FOLD_TOLERANCE, exact=True,
    )  # fmt: skip


def strength(C: float, weight: float) -> float:
    """alpha of the objective, whose loss is a mean: 1 / (C W).

    >>> strength(0.5, 100.0), strength(float("inf"), 100.0)
    (0.02, 0.0)
    """
    alpha = 1.0 / (C * weight)
    return alpha if alpha >= VANISHING else 0.0


def whole_model(found: FoldFits, best: tuple[int, int], call: Mapping[str, Any]) -> Fitted:
    """The model of all rows at the best (l1_ratio, C), with the curves of the folds' deviances."""
    rows, asked, engine = found.ready.rows, found.asked, found.engine
    total = found.scale * (float(len(rows.y)) if rows.weights is None else float(rows.weights.sum()))
    every, place = np.unique(found.Cs, return_inverse=True)
    plan = _plan(found, every, total, found.l1_ratios)
    null = engine.null(asked.penalty, asked.fit_intercept, False)
    tops = [alpha_max(null.gradient, asked.penalty, float(ratio)) for ratio in found.l1_ratios]
    whole = Split.whole(rows.design.n)
    try:
        solution = engine.solve(plan, whole)
    except SeparationError:
        plan = held(plan, engine, asked)
        solution = engine.solve(plan, whole)
    i, k = best[0], int(place[best[1]])
    path = build_paths(solution, plan, null, engine, tops, [i], rows.family)[0]
    # Alone at its strength a fit is solved to rounding.
    single = replace(plan, alphas=plan.alphas[[i]][:, [k]], l1_ratios=plan.l1_ratios[[i]])
    alone = engine.solve(single, whole)
    path = _replaced(path, k, build_paths(alone, single, null, engine, [tops[i]], None, rows.family)[0])
    curves = _curves(found, plan, solution, place)
    curve = curves[i]
    choice = Choice(
        "min", curve.l1_ratio, float(curve.alphas[k]), k, float(curve.mean[k]), float(curve.standard_error[k]),
        float(curve.train_error[k]), int(curve.n_nonzero[k]),
    )  # fmt: skip
    choices = {"min": counted(choice, path, found.ready.schema)}
    path, proven = certified(rows, engine, null, plan, path, choices, asked.threads)
    null_error = float(found.null_deviances.mean())
    selection = Selection("min", curves, choices, null_error, found.fold_text, len(found.scores))
    model = assembled(found.ready, selection, path, proven, engine, plan, call)
    return Fitted(
        model, max(1, int(alone.statistics.get("passes", 1))), null_deviance(rows, asked.fit_intercept)
    )


def _replaced(path: Path, k: int, single: Path) -> Path:
    """The path with its k-th fit in the place of a better one."""
    dense, intercepts, gaps, errors = (
        path.coefs,
        path.intercepts.copy(),
        path.gaps.copy(),
        path.train_error.copy(),
    )
    dense[k], intercepts[k] = single.coefs[0], single.intercepts[0]
    gaps[k], errors[k] = single.gaps[0], single.train_error[0]
    return replace(
        path, stored=SparseRows.of(dense), intercepts=intercepts, gaps=gaps, train_error=errors,
        n_nonzero=np.count_nonzero(dense, axis=1),
    )  # fmt: skip


def _curves(found: FoldFits, plan: Plan, whole: Solution, place: NDArray[np.intp]) -> tuple[Curve, ...]:
    """Held-out deviances over the strengths of the whole; the score chose, whatever it was."""
    order = np.unique(place, return_index=True)[1]  # of each strength one of its places among the Cs
    out = []
    for i, ratio in enumerate(plan.l1_ratios):
        errors = found.deviances[:, i][:, order]
        mean, spread = summarize(errors, np.ones(len(errors)))
        out.append(
            Curve(
                float(ratio), plan.alphas[i], mean, spread, errors, whole.train_error[0, i], whole.nonzero[0, i]
            )
        )  # fmt: skip
    return tuple(out)
