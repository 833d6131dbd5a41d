"""Strengths chosen on given folds, unscaled: what the cross-validated estimators are made by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import thread_count
from ..certificate import Candidate
from ..errors import DataError
from ..model import Model
from ..objective import alpha_max
from ..paths import Path, build_paths
from ..penalties import Penalty
from ..selection import Curve, Selection, choose, cross_validate, make_folds
from ..selection.choosing import summarize
from ..solvers import Plan, Rows, Solution
from ..table import Schema
from .given import Fit, check_ranges, examined
from .intake import engines_for
from .modelling import Setting, model_of
from .planning import FOLD_TOLERANCE
from .remarks import counted

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Folded:
    """What cross-validation on given folds found.

    Attributes
    ----------
    errors : (L, A, K) mean squared error of each fold.
    alphas : (L, A), decreasing.  best : (which l1_ratio, which alpha), by the plain mean over the folds.
    fit : the fits of all rows by the rules "min" and "1se".
    """

    errors: Floats
    plan: Plan
    best: tuple[int, int]
    fit: Fit
    path: Path
    curves: tuple[Curve, ...]
    null_error: float
    fold_text: str

    def model(self, setting: Setting) -> Model:
        """The frozen model: the path at the chosen l1_ratio, the curves, the certificates of both rules."""
        chosen = (self.curves[self.best[0]],)
        choices = {rule: counted(choose(chosen, rule), self.path, setting.schema) for rule in ("min", "1se")}
        certificates = {rule: self.fit.certificate(k) for k, rule in enumerate(choices)}
        selection = Selection(
            "min", self.curves, choices, self.null_error, self.fold_text, self.errors.shape[2]
        )
        return model_of(self.fit, setting, self.path, selection, certificates)


def elastic_net_folded(
    rows: Rows,
    schema: Schema,
    splits: Sequence[tuple[Any, Any]] | NDArray[np.intp],
    fold_text: str,
    l1_ratios: Floats,
    alphas: Floats,
    *,
    penalty: Penalty,
    fit_intercept: bool = True,
    threads: int | None = None,
) -> Folded:
    """Every fold's error at every strength, (L,) l1_ratios with (L, A) decreasing alphas; all folds weigh the same.

    ``splits`` are pairs (train, test), or the number of every row's fold.
    """
    count = thread_count(threads)
    folds = make_folds(rows.design.n, splits)
    engines = engines_for(rows, folds, schema, threads, lambda stage: None)
    plan = Plan(
        l1_ratios, np.ascontiguousarray(alphas), penalty, fit_intercept, False, FOLD_TOLERANCE, exact=True
    )
    scores = cross_validate(rows, engines, folds, plan, nested=False)
    if len(scores.errors) < folds.n_folds:
        raise DataError(
            "A fold has no row of positive weight on one of its sides; give other folds or weights."
        )
    curves = _curves(scores.errors, scores.whole, plan)
    best = _smallest([curve.mean for curve in curves])
    null = engines[0].null(penalty, fit_intercept, False)
    tops = [alpha_max(null.gradient, penalty, float(ratio)) for ratio in l1_ratios]
    path = build_paths(scores.whole, plan, null, engines[0], tops, [best[0]])[0]
    other = choose((curves[best[0]],), "1se").index
    found = [
        Candidate(float(path.alphas[k]), path.l1_ratio, float(path.intercepts[k]), path.stored.row(k))
        for k in (best[1], other)
    ]
    steps = max(int(scores.whole.statistics.get("sweeps", 1)), 1)
    fit = examined(
        rows,
        found,
        penalty,
        fit_intercept,
        engines[0],
        count,
        float(null.y_mean),
        path.solver,
        [steps, steps],
    )
    check_ranges(fit.evidence, rows.design, rows.y[:, None], schema)
    return Folded(
        np.moveaxis(scores.errors, 0, 2), plan, best, fit, path, curves, scores.null_error, fold_text
    )


def _curves(errors: Floats, whole: Solution, plan: Plan) -> tuple[Curve, ...]:
    """With folds of equal say, whatever their rows weigh: scikit-learn's mean."""
    even = np.ones(len(errors))
    out = []
    for i, ratio in enumerate(plan.l1_ratios):
        mean, spread = summarize(errors[:, i], even)
        out.append(
            Curve(
                float(ratio), plan.alphas[i], mean, spread, errors[:, i], whole.train_error[0, i], whole.nonzero[0, i]
            )
        )  # fmt: skip
    return tuple(out)


def _smallest(means: list[Floats]) -> tuple[int, int]:
    """Of equals the strongest alpha of the first l1_ratio."""
    best, where = np.inf, (0, 0)
    for i, mean in enumerate(means):
        k = int(np.argmin(mean))
        if mean[k] < best:
            best, where = float(mean[k]), (i, k)
    return where
