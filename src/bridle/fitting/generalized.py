"""Generalized linear models at given strengths: what the estimators of other losses are made by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas, thread_count
from ..certificate import Candidate, Responses, certify_separable
from ..errors import DataError
from ..families import SQUARED
from ..model import Model
from ..objective import alpha_max
from ..paths import VANISHING, build_paths
from ..penalties import Penalty
from ..selection import Selection
from ..solvers import Engine, Plan, Rows, Solution, Split, prepare
from ..solvers.plan import Null, SparseRows
from .certifying import certified
from .dependent import solve_unpenalized
from .given import elastic_net_at
from .intake import Prepared, check_read, check_scale
from .modelling import Setting, assembled, given_model

Floats = NDArray[np.float64]
SOLVED = 1e-10  # relative gap
WIDE, STEPS = 1_500, 10  # columns, and strengths for each factor of ten
STILL = 1e-8  # of the optimality conditions of a fit of before that is kept
HINT = 1e-8  # of the squared null gradient: the strength that stands in for none where there is no finite optimum


@dataclass(frozen=True, eq=False)
class Asked:
    """What a fit is asked besides its strength."""

    penalty: Penalty
    fit_intercept: bool = True
    standardize: bool = False
    threads: int | None = None


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model at one strength and the steps that it took; 0 where the fit of before still is the solution."""

    model: Model
    steps: int
    null_deviance: float

    @property
    def shortfall(self) -> float:
        """How far the certificate is from an optimum: gap or optimality conditions, whichever is worse."""
        proof = self.model.certificate
        gap = proof.relative_gap if proof.convex else 0.0
        return max(gap, proof.kkt_violation, proof.block_gradient)


def fit_at(
    ready: Prepared, alpha: float, l1_ratio: float, asked: Asked, call: Mapping[str, Any], start: Candidate | None = None,
    *, final: bool = False,
) -> Fitted:  # fmt: skip
    """One fit of any family, solved until its optimality conditions hold, with its certificate from the rows.

    ``start``, a fit of before, is kept where it still is the solution; where it is ``final`` it is kept in any case, and
    the certificate says how good it is.

    Raises
    ------
    DataError
        For cells that are no numbers, and a target that the family cannot have; the message names where.
    """
    with single_threaded_blas():
        return _fit_at(
            ready, alpha if alpha >= VANISHING else 0.0, l1_ratio, asked, call, start, thread_count(asked.threads), final
        )  # fmt: skip


def _fit_at(
    ready: Prepared, alpha: float, l1_ratio: float, asked: Asked, call: Mapping[str, Any], start: Candidate | None,
    threads: int, final: bool,
) -> Fitted:  # fmt: skip
    rows, penalty = ready.rows, asked.penalty
    check_target(rows)
    if rows.family == SQUARED and not asked.standardize:
        return _least_squares(ready, alpha, l1_ratio, asked, call)
    split = Split.whole(rows.design.n)
    engine = prepare(rows, split, threads)
    check_read(engine, rows, ready.schema)
    null = engine.null(penalty, asked.fit_intercept, asked.standardize)
    check_scale(null, rows, ready.schema, "y")
    top = alpha_max(null.gradient, penalty, l1_ratio)
    plan = Plan(
        np.array([l1_ratio]), np.array([[alpha]]), penalty, asked.fit_intercept, asked.standardize, SOLVED, exact=True
    )  # fmt: skip
    solution = None if start is None else _kept(rows, engine, null, plan, start, threads, final)
    if solution is None and alpha == 0 and penalty.plain:
        solution = solve_unpenalized(rows, engine, null, plan, threads)
    elif solution is None:
        plan = replace(plan, alphas=_way_down(top, alpha, rows.design.p)[None])
        solution = engine.solve(plan, split)
    path = build_paths(solution, plan, null, engine, [top], None, rows.family)[0]
    last = len(path) - 1
    kept = int(path.n_nonzero[last])
    selection = Selection.given(
        alpha, l1_ratio, train_error=float(path.train_error[last]), n_columns=kept, n_variables=kept, index=last
    )  # fmt: skip
    path, proven = certified(rows, engine, null, plan, path, selection.choices, threads)
    model = assembled(ready, selection, path, proven, engine, plan, call)
    steps = int(solution.statistics.get("passes", solution.statistics.get("sweeps", 1)))
    return Fitted(
        model,
        steps if solution.solver == "kept" else max(steps, 1),
        null_deviance(rows, asked.fit_intercept),
    )


def _way_down(top: float, alpha: float, p: int) -> Floats:
    """The strengths to solve on the way to this one: on wide tables a path, whose working sets grow along it."""
    if p <= WIDE or not 0 < alpha < top < np.inf:
        return np.array([alpha])
    return np.append(np.geomspace(top, alpha, 2 + int(STEPS * np.log10(top / alpha)))[:-1], alpha)


def _least_squares(
    ready: Prepared, alpha: float, l1_ratio: float, asked: Asked, call: Mapping[str, Any]
) -> Fitted:
    """Squared error has a solver of its own, which knows the shortest of many solutions."""
    rows = ready.rows
    fit = elastic_net_at(
        rows, ready.schema, alpha, l1_ratio, penalty=asked.penalty, fit_intercept=asked.fit_intercept, threads=asked.threads
    )  # fmt: skip
    setting = Setting(ready.schema, asked.penalty, asked.fit_intercept, ready.target_name, ready.notes, call)
    model = replace(given_model(fit, setting), has_offset=ready.has_offset)
    return Fitted(model, int(fit.steps[0]), null_deviance(rows, asked.fit_intercept))


def hint_of(engine: Engine, asked: Asked) -> float:
    """A strength so small that it says which way coefficients grow that nothing holds, and no more."""
    null = engine.null(asked.penalty, asked.fit_intercept, asked.standardize)
    return HINT * float(np.max(null.gradient**2, initial=0.0)) or HINT


def all_but_unpenalized(ready: Prepared, asked: Asked, call: Mapping[str, Any]) -> Fitted:
    """The ridge fit of a vanishing strength: of two classes that are told apart it points along the widest margin."""
    threads = thread_count(asked.threads)
    engine = prepare(ready.rows, Split.whole(ready.rows.design.n), threads)
    return fit_at(ready, hint_of(engine, asked), 0.0, asked, call)


def check_target(rows: Rows) -> None:
    """Refuses a target that the family cannot have; a constant one is fitted where its intercept is a number."""
    family, y = rows.family, rows.y
    family.check_domain(y, "y")
    family.check_offset(rows.offset)
    seen = y if rows.weights is None else y[rows.weights > 0]
    if not len(seen) or (seen != seen[0]).any():
        return
    with np.errstate(divide="ignore"):
        constant = family.predictor(seen[:1])[0]
    if not np.isfinite(constant):
        raise DataError(
            f"The target y is {seen[0]:g} in every row{'' if rows.weights is None else ' of positive weight'}: "
            f"the family {family.text} has no finite fit of that."
        )


def null_deviance(rows: Rows, fit_intercept: bool) -> float:
    """The mean unit deviance of the constant model."""
    return 2 * Responses(rows.family, rows.y, rows.weights, rows.offset).null(fit_intercept)[0]


def _kept(
    rows: Rows, engine: Engine, null: Null, plan: Plan, start: Candidate, threads: int, final: bool
) -> Solution | None:
    """A fit of before as the solution, where it still is."""
    if rows.family == SQUARED:
        return None
    responses = Responses(rows.family, rows.y, rows.weights, rows.offset)
    proof = certify_separable(
        rows.design, responses, [start], plan.penalty, fit_intercept=plan.fit_intercept, standardize=plan.standardize,
        threads=threads,
    )[0]  # fmt: skip
    worst = max(proof.kkt_violation, proof.block_gradient)
    solved = (proof.relative_gap <= SOLVED or not proof.convex) and worst <= STILL
    if not (solved or final):
        return None
    eta = rows.design.matvec(start.coef, threads) + start.intercept
    if rows.offset is not None:
        eta = eta + rows.offset
    error = 2 * float(responses.shares() @ rows.family.loss(rows.y, eta))
    kept = int(np.count_nonzero(start.coef))
    one = np.full((1, 1, 1), np.nan)
    return Solution(
        [SparseRows.of(np.where(null.x_scale > 0, start.coef * null.x_scale, 0.0)[None])],
        gap=np.full_like(one, proof.relative_gap),
        train_error=np.full_like(one, error),
        nonzero=np.full((1, 1, 1), kept, dtype=np.int64),
        test_error=one[..., None],
        x_mean=null.x_mean[None],
        x_scale=null.x_scale[None],
        y_mean=np.array([null.y_mean]),
        y_scale=np.ones(1),
        fills=engine.fills()[None],
        solver="kept",
        gap_source="rows",
        statistics={"passes": 0},
        intercepts=[np.array([[start.intercept]])],
        degrees=np.full((1, 1), float(kept)),
    )
