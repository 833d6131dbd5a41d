"""The lesson "descent": the steps of ``bridle.descend`` on two columns, and the exact optimum from the engine.

The screen's convention is the lesson's: mean (y - Xw)^2 + alpha sum w^2 (or alpha sum |w|); the engine's alpha for the
same optimum comes from ``bridle.conventions``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..conventions import to_bridle
from ..descent import descend
from ..fitting import path as solve_path
from .examples import Example
from .keys import STARTS, Key, number_text

# Behind weights of this size there is nothing to see: a run that diverges is shown up to there.
OUT_OF_SIGHT = 1e6


def lesson(data: Example, key: Key, progress: Callable[[str, float], None]) -> dict[str, Any]:
    """Positions, both parts of each step and the objective; the optimum, solved exactly."""
    values = key.values
    alpha, lr, steps = float(values["alpha"]), float(values["lr"]), int(values["steps"])
    penalty, method, start = str(values["penalty"]), str(values["method"]), STARTS[str(values["start"])]
    progress("steps", 0.0)
    found = descend(
        data.X, data.y, alpha=alpha, penalty=penalty, method=method, lr=lr, steps=steps, start=start
    )
    progress("optimum", 0.5)
    strength = to_bridle("lesson", {penalty: alpha}) if penalty != "none" else None
    exact = solve_path(
        data.X,
        data.y,
        alphas=[strength.alpha if strength else 0.0],
        l1_ratio=strength.l1_ratio if strength else 1.0,
        standardize=False,
        fit_intercept=False,
    )
    at = descend(
        data.X, data.y, alpha=alpha, penalty=penalty, method="proximal", lr=lr, steps=0, start=exact.coefs[0]
    )
    with np.errstate(invalid="ignore"):
        gone = np.flatnonzero(~(np.abs(found.positions) <= OUT_OF_SIGHT).all(axis=1))
    shown = int(gone[0]) if len(gone) else steps
    if not np.isfinite(found.positions[shown]).all():
        shown -= 1
    n = len(data.y)
    lines = [
        "import bridle",
        data.python,
        f'found = bridle.descend(X, y, alpha={number_text(alpha)}, penalty="{penalty}", method="{method}", '
        f"lr={number_text(lr)}, steps={steps}, start={list(start)})",
        "print(found.positions, found.objective, found.critical_lr, found.landed_at)",
    ]
    return {
        "positions": found.positions[: shown + 1],
        "loss_steps": found.loss_steps[:shown],
        "penalty_steps": found.penalty_steps[:shown],
        "objective": found.objective[: shown + 1],
        "optimum": exact.coefs[0],
        "optimum_objective": float(at.objective[0]),
        "diverged": found.diverged,
        "diverged_at": found.diverged_at,
        "critical_lr": found.critical_lr,
        "landed_at": [int(step) if step > 0 else None for step in found.landed_at],
        "gram": data.X.T @ data.X / n,
        "cross": data.X.T @ data.y / n,
        "target_square": float(data.y @ data.y) / n,
        "lr": lr,
        "alpha": alpha,
        "method": method,
        "penalty": penalty,
        "python": "\n".join(lines),
    }
