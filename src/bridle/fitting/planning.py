"""The plan of a fit: which l1_ratios, on which grids of alphas, in which convention they were written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..conventions import grid_in
from ..errors import UsageError, number
from ..objective import alpha_max
from ..paths import alpha_grid, checked_alphas
from ..penalties import Penalty
from ..solvers import Engine, Plan, Rows
from ..solvers.plan import Null

Floats = NDArray[np.float64]
AUTO = "auto"
FOLD_TOLERANCE = 1e-10  # relative gap of every fit, folds included: the exact steps reach it at no extra cost


def grid_of(
    engine: Engine, null: Null, plan: Plan, ratio: float, alphas: Any, n_alphas: int, n: int
) -> tuple[Floats, float]:

    if alphas is not None:
        return checked_alphas(alphas), alpha_max(null.gradient, plan.penalty, ratio)
    return alpha_grid(engine, null, plan, ratio, int(number("n_alphas", n_alphas, 1, 1e6, whole=True)), n)


def plan_of(
    rows: Rows, engine: Engine, null: Null, penalty: Penalty, l1_ratios: Any, alphas: Any, n_alphas: int, scale: str,
    standardize: bool, fit_intercept: bool, max_variables: int | None, stop: str | None,
) -> tuple[Plan, list[float]]:  # fmt: skip
    if stop not in (None, AUTO):
        raise UsageError(f'stop must be None or "{AUTO}", not {stop!r}.')
    try:
        ratios = np.unique(np.atleast_1d(np.asarray(l1_ratios, dtype=np.float64)))
    except (TypeError, ValueError):
        raise UsageError(f"l1_ratios must be numbers between 0 and 1, not {l1_ratios!r}.") from None
    if not len(ratios) or not ((ratios >= 0) & (ratios <= 1)).all():
        raise UsageError(f"l1_ratios must lie between 0 (ridge) and 1 (lasso), not {ratios.tolist()}.")
    limit = (
        2**62 if max_variables is None else int(number("max_variables", max_variables, 1, 1e9, whole=True))
    )
    base = Plan(
        ratios,
        np.zeros((len(ratios), 0)),
        penalty,
        fit_intercept,
        standardize,
        FOLD_TOLERANCE,
        max_nonzero=limit,
        stop_turned=stop == AUTO,
    )
    if max_variables is not None and 0.0 in ratios and max_variables < int(null.usable.sum()):
        ratios = ratios[ratios > 0]  # ridge keeps every column
        if not len(ratios):
            raise UsageError(
                f"Ridge (l1_ratio = 0) keeps every column; with max_variables={max_variables} use more."
            )
    grids, tops, mixes = [], [], []
    for ratio in ratios:
        own, mix = alphas, float(ratio)
        if alphas is not None and scale != "bridle":
            weights = rows.weights
            own, mix = grid_in(
                scale, [float(a) for a in alphas], float(ratio), rows=rows.design.n,
                weight_sum=None if weights is None else float(weights.sum()),
                target_sd=target_sd(rows, fit_intercept), scaled=standardize,
            )  # fmt: skip
        grid, top = grid_of(engine, null, base, mix, own, n_alphas, rows.design.n)
        grids.append(grid)
        tops.append(top)
        mixes.append(mix)
    if alphas is None and scale != "bridle":
        raise UsageError(f'scale="{scale}" says how alphas are written; give alphas too.')
    return replace(base, l1_ratios=np.array(mixes), alphas=np.ascontiguousarray(np.stack(grids))), tops


def target_sd(rows: Rows, fit_intercept: bool) -> float:
    share = (
        np.full(len(rows.y), 1.0 / len(rows.y)) if rows.weights is None else rows.weights / rows.weights.sum()
    )
    centre = share @ rows.y if fit_intercept else 0.0
    return float(np.sqrt(share @ (rows.y - centre) ** 2))
