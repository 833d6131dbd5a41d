"""From prepared rows and folds to a model whose strength is chosen: behind ``bridle.fit`` and ``GLMCV``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import thread_count
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
from .procedures import Procedures, best_mixes, end_notes, whole_penalty
from .relaxing import relaxed
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
    adaptive: Any = False
    relax: Any = False


def chosen(
    ready: Prepared, folds: Folds, asked: Choosing, call: Mapping[str, Any], tell: Teller, rate: Rating | None = None
) -> Model:  # fmt: skip
    """Every fold's error at every strength, the strength by the rule, its fit with its certificate.

    The errors are mean unit deviances. ``rate`` puts another measure in their place where the strength is chosen.
    """
    rows = ready.rows
    if asked.rule not in RULES:
        raise UsageError(f"rule must be one of {', '.join(RULES)}, not {asked.rule!r}.")
    ways = Procedures.of(asked.adaptive, asked.relax)
    readings = engines_for(rows, folds, ready.schema, asked.threads, tell)
    engine = readings[0]
    own = penalty_of(ready.schema, rows.design, asked.penalty_factors, asked.lower, asked.upper)
    null = engine.null(own, asked.fit_intercept, asked.standardize)
    check_null(null, ready)
    engines = ways.weighted(readings, rows)
    penalty, notes = whole_penalty(engines[0], folds, own, asked.fit_intercept, asked.standardize)
    if penalty is not own:
        null = engine.null(penalty, asked.fit_intercept, asked.standardize)
    plan, tops = plan_of(
        rows, engine, null, penalty, asked.l1_ratios, asked.alphas, asked.n_alphas, asked.scale, asked.standardize,
        asked.fit_intercept, asked.max_variables, asked.stop,
    )  # fmt: skip
    narrow = replace(plan, penalty=own)  # every problem puts its own weights to these factors
    wide, mixing = ways.widened(narrow), ways.relaxed(engines, rows)
    scores = ways.offered(
        cross_validate(rows, mixing, folds, wide, nested=asked.nested, progress=tell("cross-validation"))
    )
    curves = ways.named(scores.curves(wide))
    choices = _choices(curves, None if rate is None else rate(mixing, wide), asked.rule)
    first = choices[asked.rule]
    ratio = int(np.flatnonzero(plan.l1_ratios == first.l1_ratio)[0])
    tops = [tops[ratio]] * len(wide.l1_ratios)
    slot = ratio * len(ways.compared)  # of the penalized fit
    path = build_paths(scores.whole, replace(wide, penalty=penalty), null, engine, tops, [slot], rows.family)[
        0
    ]
    path, certificates = certified(rows, engine, null, plan, path, choices, asked.threads)
    loose = None
    if first.mix < 1:
        split, count = folds.rounds[0].split(), thread_count(asked.threads)
        loose = relaxed(rows, engine, split, null, plan, path, choices, count)
    choices = {
        name: counted(choice, path, ready.schema, loose.refits if loose else None)
        for name, choice in choices.items()
    }
    at_mix = ways.relaxed(engines, rows, (first.mix,))
    held, diagnostics = out_of_fold_of(ready, at_mix, folds, narrow, choices[asked.rule], asked.out_of_fold)
    honest = scores.nested(curves, asked.rule)
    if honest is not None and ready.schema.n_columns == len(np.unique(ready.schema.variable_of_column())):
        honest = replace(honest, choices=tuple(replace(c, n_variables=c.n_columns) for c in honest.choices))
    selection = Selection(
        asked.rule, best_mixes(curves) if ways.mixes else curves, choices, scores.null_error, folds.text, folds.n_folds,
        honest, held, diagnostics, tuple(curve for curve in curves if len(curve.mean)) if ways.mixes else (),
    )  # fmt: skip
    ready = replace(ready, notes=(*ready.notes, *notes, *end_notes(mixing, first.l1_ratio)))
    model = assembled(ready, selection, path, certificates, engine, plan, call, loose)
    return replace(model, adaptive=ways.gamma)


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
            float(curve.train_error[k]), int(curve.n_nonzero[k]), mix=curve.mix,
        )  # fmt: skip
    return out


__all__ = ["Choosing", "Rating", "chosen"]
