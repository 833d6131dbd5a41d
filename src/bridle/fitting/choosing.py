"""From prepared rows and folds to a model whose strength is chosen: behind ``bridle.fit`` and ``GLMCV``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..model import Model
from ..paths import build_paths
from ..selection import Choice, Curve, Folds, Selection, choose, cross_validate
from ..selection.choosing import RULES, pick
from ..solvers import Engine, Plan
from .certifying import certified
from .diagnosing import out_of_fold_of
from .intake import Prepared, Teller, check_null, engines_for, penalty_of
from .modelling import assembled
from .planning import plan_of
from .remarks import counted

Floats = NDArray[np.float64]
# From the readings and the plan: for each l1_ratio the mean and the standard error of what is to be small, (A,) each.
Rating = Callable[[list[Engine], Plan], tuple[list[Floats], list[Floats]]]


@dataclass(frozen=True)
class Choosing:
    """What is compared, and how the best is chosen; every field is an argument of ``bridle.fit``."""

    l1_ratios: float | Sequence[float] = 1.0
    alphas: Sequence[float] | None = None
    n_alphas: int = 100
    scale: str = "bridle"
    standardize: bool = True
    fit_intercept: bool = True
    penalty_factors: Any = None
    lower: Any = None
    upper: Any = None
    rule: str = "min"
    nested: bool = True
    max_variables: int | None = None
    stop: str | None = None
    out_of_fold: bool = False
    threads: int | None = None


def chosen(
    ready: Prepared, folds: Folds, asked: Choosing, call: Mapping[str, Any], tell: Teller, rate: Rating | None = None
) -> Model:  # fmt: skip
    """Every fold's error at every strength, the strength by the rule, its fit with its certificate.

    The errors are mean unit deviances. ``rate`` puts another measure in their place where the strength is chosen.
    """
    rows = ready.rows
    if asked.rule not in RULES:
        raise UsageError(f"rule must be one of {', '.join(RULES)}, not {asked.rule!r}.")
    engines = engines_for(rows, folds, ready.schema, asked.threads, tell)
    penalty = penalty_of(ready.schema, rows.design, asked.penalty_factors, asked.lower, asked.upper)
    null = engines[0].null(penalty, asked.fit_intercept, asked.standardize)
    check_null(null, ready)
    plan, tops = plan_of(
        rows, engines[0], null, penalty, asked.l1_ratios, asked.alphas, asked.n_alphas, asked.scale, asked.standardize,
        asked.fit_intercept, asked.max_variables, asked.stop,
    )  # fmt: skip
    scores = cross_validate(
        rows, engines, folds, plan, nested=asked.nested, progress=tell("cross-validation")
    )
    curves = scores.curves(plan)
    choices = _choices(curves, None if rate is None else rate(engines, plan), asked.rule)
    ratio = int(np.flatnonzero(plan.l1_ratios == choices[asked.rule].l1_ratio)[0])
    path = build_paths(scores.whole, plan, null, engines[0], tops, [ratio], rows.family)[0]
    path, certificates = certified(rows, engines[0], null, plan, path, choices, asked.threads)
    choices = {name: counted(choice, path, ready.schema) for name, choice in choices.items()}
    held, diagnostics = out_of_fold_of(ready, engines, folds, plan, choices[asked.rule], asked.out_of_fold)
    honest = scores.nested(curves, asked.rule)
    if honest is not None and ready.schema.n_columns == len(np.unique(ready.schema.variable_of_column())):
        honest = replace(honest, choices=tuple(replace(c, n_variables=c.n_columns) for c in honest.choices))
    selection = Selection(
        asked.rule, curves, choices, scores.null_error, folds.text, folds.n_folds, honest, held, diagnostics
    )
    return assembled(ready, selection, path, certificates, engines[0], plan, call)


def _choices(
    curves: tuple[Curve, ...], rated: tuple[list[Floats], list[Floats]] | None, rule: str
) -> dict[str, Choice]:
    """The choice of every rule; both are on the path of the rule that was asked for."""
    if rated is None:
        return {name: choose(curves, name) for name in RULES}
    out = {}
    for name in RULES:
        i, k = pick(*rated, name)
        curve = curves[i]
        out[name] = Choice(
            name, curve.l1_ratio, float(curve.alphas[k]), k, float(curve.mean[k]), float(curve.standard_error[k]),
            float(curve.train_error[k]), int(curve.n_nonzero[k]),
        )  # fmt: skip
    return out


__all__ = ["Choosing", "Rating", "chosen"]
