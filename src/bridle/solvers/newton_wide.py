"""Generalized linear models on wide tables: the screening pass of squared error with Newton's steps inside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from .columns import ColumnEngine
from .newton_paths import OF_WHOLE, PathArrays, state_of
from .newton_problems import Problems
from .plan import Plan, Progress

if TYPE_CHECKING:
    from .plan import Engine


def in_kernel(base: Engine, problems: Problems, plan: Plan) -> TypeGuard[ColumnEngine]:
    """Whether the compiled paths take them: a loss with a kernel, no missing numbers, alpha > 0."""
    return (
        isinstance(base, ColumnEngine)
        and problems.rows.family.kernel is not None
        and not len(problems.rows.design.imputed)
        and bool((plan.alphas > 0).all())
    )


def wide_paths(
    base: ColumnEngine, problems: Problems, plan: Plan, ratio: int, kept: int, progress: Progress
) -> PathArrays:
    """The path of the l1_ratio at this place of the plan; not ridge."""
    kernel = problems.rows.family.kernel
    assert kernel is not None
    share, whole = 1.0 / len(plan.l1_ratios), plan.only([ratio])
    family = (
        *kernel, problems.rows.offset, problems.null.intercept, problems.null.b, problems.null.gradient,
        problems.null_loss, problems.slope_size, state_of(plan).stationary, OF_WHOLE,
    )  # fmt: skip
    out = base.paths(
        whole,
        problems.split,
        kept,
        family,
        None if progress is None else lambda done: progress((ratio + done) * share),
    )
    return _arrays(base, problems, whole, min(kept, len(problems)), out)


def _arrays(base: ColumnEngine, problems: Problems, plan: Plan, kept: int, out: dict[str, Any]) -> PathArrays:
    """What the kernel found, as the paths of tall tables give it: mean unit deviances with the terms of the target."""
    split, weight = problems.split, problems.atom_weight
    constant = problems.reader.constant
    found = PathArrays.empty(problems, kept, plan.alphas.shape[1], problems.rows.design.p)
    mean_constant = (split.train @ constant) / problems.weight
    found.train_error[:] = 2 * np.maximum(_cells(out, "train_error") + mean_constant[:, None], 0.0)
    by_atom = np.where(weight > 0, constant / np.where(weight > 0, weight, 1.0), 0.0)
    found.test_error[:] = 2 * np.maximum(_cells(out, "test_error") + by_atom, 0.0)
    found.nonzero[:] = _cells(out, "nonzero")
    found.gap[:] = _cells(out, "gap") if problems.rows.family.convex else np.nan
    found.intercepts[:] = _cells(out, "intercept")[:kept]
    found.degrees[:] = np.asarray(out["degrees"])[0]
    (rows,) = base.coefs(out, plan)
    return replace(found, given=rows)


def _cells(out: dict[str, Any], name: str) -> NDArray[Any]:
    return np.asarray(out[name])[:, 0]
