"""Ridge of a generalized linear model on a wide table: its coefficients lie in the span of the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .._numerics import symmetric_eigen
from ..design import Dense, Design
from ..errors import UsageError
from ..penalties import Penalty
from .newton_paths import NewtonPaths, PathArrays, tell
from .newton_problems import Problems
from .plan import Floats, Plan, Progress, Split

TILE = 2048
VISIBLE = 1e-13  # of the largest eigenvalue


def ridge_paths(problems: Problems, plan: Plan, ratio: int, kept: int, progress: Progress) -> PathArrays:
    """Every problem for itself: with Z Z' = X V^-1 X' of its scaled columns, c on Z has the penalty of b on X.

    The columns of Z are as many as the rows; those without a penalty stand beside them as they are.
    """
    penalty = plan.penalty
    if penalty.lower is not None or penalty.upper is not None:
        raise UsageError(
            "Ridge (l1_ratio = 0) with bounds takes at most 1,500 columns here; use an l1_ratio above 0."
        )
    if (plan.alphas[ratio] <= 0).any():
        raise UsageError(
            f"alpha = 0 on {problems.rows.design.p} columns and {problems.rows.design.n} rows has no unique answer; "
            "use alpha > 0."
        )
    steps = plan.alphas.shape[1]
    out = PathArrays.empty(problems, min(kept, len(problems)), steps, problems.rows.design.p)
    for k in range(len(problems)):
        _one(problems, plan.only([ratio]), k, out)
        tell(progress, plan, ratio, int((k + 1) / len(problems) * steps) - 1)
    return out


def _one(problems: Problems, plan: Plan, k: int, out: PathArrays) -> None:
    rows, scale, mean = problems.rows, problems.x_scale[k], problems.x_mean[k]
    factors = plan.penalty.factors
    design = rows.design if not problems.fills.shape[1] else rows.design.fill(problems.fills[k])
    penalized = np.flatnonzero((scale > 0) & (factors > 0) & np.isfinite(factors))
    free = np.flatnonzero((scale > 0) & (factors == 0))
    divisor = scale * np.sqrt(np.where(factors > 0, factors, 1.0))
    kernel = np.zeros((design.n, design.n))
    for a in range(0, len(penalized), TILE):
        which = penalized[a : a + TILE]
        block = (design.columns(which) - mean[which]) / divisor[which]
        kernel += block @ block.T
    values, vectors = symmetric_eigen(kernel)
    seen = values > VISIBLE * max(float(values[-1]), 0.0)
    root = np.sqrt(values[seen])
    z = vectors[:, seen] * root
    beside = (design.columns(free) - mean[free]) / scale[free]
    whole = np.asfortranarray(np.hstack([z, beside]))
    width = whole.shape[1]
    split = Split(
        problems.split.rows, problems.split.start, problems.split.train[[k]], problems.split.test[[k]]
    )
    nothing = np.empty((0, 2), dtype=np.intp)
    own = Penalty(np.concatenate([np.ones(z.shape[1]), np.zeros(len(free))]))
    part = Problems(
        replace(rows, design=Design((Dense(whole),), nothing)), split, own, problems.fit_intercept,
        np.zeros((1, width)), np.ones((1, width)), np.zeros((1, 0)), problems.threads,
    )  # fmt: skip
    found = NewtonPaths(part, replace(plan, penalty=own, standardize=False), 1).run(0, None)
    for name in ("gap", "train_error", "test_error"):
        getattr(out, name)[k] = getattr(found, name)[0]
    out.nonzero[k] = len(penalized) + len(free)
    if k == 0:
        out.degrees[:] = found.degrees
    if k >= len(out.intercepts):
        return
    c = found.coefs.dense()
    back = vectors[:, seen] / root
    for a in range(0, len(penalized), TILE):
        which = penalized[a : a + TILE]
        block = (design.columns(which) - mean[which]) / divisor[which]
        _put(out, k, which, (c[:, : z.shape[1]] @ back.T) @ block / np.sqrt(factors[which]))
    _put(out, k, free, c[:, z.shape[1] :])
    for at in range(len(c)):
        columns, values_at = out.found[k, at]
        order = np.argsort(columns, kind="stable")
        columns, values_at = columns[order], values_at[order]
        out.found[k, at] = (columns, values_at)
        shift = float((mean[columns] / scale[columns]) @ values_at)
        out.intercepts[k, at] = found.intercepts[0, at] - (shift if problems.fit_intercept else 0.0)


def _put(out: PathArrays, k: int, which: NDArray[np.intp], values: Floats) -> None:
    for at, row in enumerate(values):
        old = out.found.get((k, at))
        new = (which, row)
        out.found[k, at] = (
            new if old is None else (np.concatenate([old[0], which]), np.concatenate([old[1], row]))
        )


__all__ = ["ridge_paths"]
