"""From prepared rows and folds to a model whose strength is chosen: behind ``bridle.fit`` and ``GLMCV``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._numerics import thread_count
from ..certificate import Certificate
from ..errors import UsageError
from ..model import Model
from ..paths import Path, build_paths
from ..selection import Choice, Curve, Folds, Rating, Selection, choose, cross_validate, rated
from ..selection.choosing import RULES
from ..solvers import Engine, Plan, Rows, Solution
from ..solvers.plan import Null
from ..table import Note
from .certifying import certified
from .diagnosing import out_of_fold_of
from .intake import Prepared, Teller, check_null, engines_for, penalty_of
from .modelling import assembled
from .planning import plan_of
from .procedures import Procedures, check_any, end_notes, whole_penalty
from .rating import rating_of
from .relaxing import Relaxed, relaxed
from .remarks import counted


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
    score: str = "deviance"


@dataclass(frozen=True, eq=False)
class _Ground:
    """What stands before anything is compared: readings, engines that cross-validate, and the plan of the model itself."""

    ways: Procedures
    reading: Engine
    engines: list[
        Engine
    ]  # one for each round; adaptive ones weigh the factors of ``narrow`` for every problem
    mixing: list[Engine]  # the same, for all mixes of a relaxed lasso
    null: Null
    plan: Plan  # with the model's own penalty
    narrow: Plan  # with the factors that were given
    wide: Plan  # with every l1_ratio once for each mix
    tops: list[float]
    notes: tuple[Note, ...]


def _ground(ready: Prepared, folds: Folds, asked: Choosing, tell: Teller) -> _Ground:
    rows, ways = ready.rows, Procedures.of(asked.adaptive, asked.relax)
    readings = engines_for(rows, folds, ready.schema, asked.threads, tell)
    given = penalty_of(ready.schema, rows.design, asked.penalty_factors, asked.lower, asked.upper)
    null = readings[0].null(given, asked.fit_intercept, asked.standardize)
    check_null(null, ready)
    engines = ways.weighted(readings, rows)
    whole = folds.rounds[0].split()
    penalty, notes = whole_penalty(engines[0], whole, given, asked.fit_intercept, asked.standardize)
    if penalty is not given:
        null = readings[0].null(penalty, asked.fit_intercept, asked.standardize)
    plan, tops = plan_of(
        rows, readings[0], null, penalty, asked.l1_ratios, asked.alphas, asked.n_alphas, asked.scale, asked.standardize,
        asked.fit_intercept, asked.max_variables, asked.stop,
    )  # fmt: skip
    narrow = replace(plan, penalty=given)
    mixing = ways.relaxed(engines, rows)
    return _Ground(ways, readings[0], engines, mixing, null, plan, narrow, ways.widened(narrow), tops, notes)


def chosen(
    ready: Prepared, folds: Folds, asked: Choosing, call: Mapping[str, Any], tell: Teller, rating: Rating | None = None
) -> Model:  # fmt: skip
    """Every fold's error at every strength, the strength by the rule, its fit with its certificate.

    The errors are mean unit deviances. ``rating``, or the score that is asked for, stands in their place where the strength
    is chosen.
    """
    rows = ready.rows
    if asked.rule not in RULES:
        raise UsageError(f"rule must be one of {', '.join(RULES)}, not {asked.rule!r}.")
    rating = rating or rating_of(asked.score, ready)
    g = _ground(ready, folds, asked, tell)
    heard = tell("cross-validation")
    scores = cross_validate(rows, g.mixing, folds, g.wide, nested=asked.nested, progress=heard)
    scores = g.ways.offered(scores)
    curves = g.ways.named(scores.curves(g.wide))
    _check_limit(curves, asked.max_variables)
    check_any(curves, g.mixing, folds)
    by = None
    if rating is not None:
        by = rated(rows, g.mixing, folds, g.wide, scores, rating, tell("scores"))
        curves = by.on(curves)
    choices = {name: choose(curves, name) for name in RULES}
    first = choices[asked.rule]
    path, certificates, loose = _fits(rows, g, folds, scores.whole, choices, asked)
    refits = None if loose is None else loose.refits
    choices = {name: counted(choice, path, ready.schema, refits) for name, choice in choices.items()}
    at_mix = g.ways.relaxed(g.engines, rows, (first.mix,))
    held, diagnostics = out_of_fold_of(
        ready, at_mix, folds, g.narrow, choices[asked.rule], asked.out_of_fold, scores.fits
    )
    honest = scores.nested(curves, asked.rule, by)
    if honest is not None and ready.schema.n_columns == len(np.unique(ready.schema.variable_of_column())):
        honest = replace(honest, choices=tuple(replace(c, n_variables=c.n_columns) for c in honest.choices))
    shown, relaxed_curves = g.ways.shown(curves)
    selection = Selection(
        asked.rule, shown, choices, scores.null_error, folds.text, folds.n_folds, honest, held, diagnostics, relaxed_curves
    )  # fmt: skip
    ready = replace(ready, notes=(*ready.notes, *g.notes, *end_notes(g.mixing, folds, first.l1_ratio)))
    model = assembled(ready, selection, path, certificates, g.reading, g.plan, call, loose)
    return replace(model, adaptive=g.ways.gamma)


def _check_limit(curves: tuple[Curve, ...], most: int | None) -> None:
    if most is None or any(np.isfinite(curve.mean).any() for curve in curves):
        return
    raise UsageError(
        f"Every fit keeps more columns than max_variables={most}, in all rows or in a fold: allow more, penalize more of "
        "them, or use larger alphas."
    )


def _fits(
    rows: Rows, g: _Ground, folds: Folds, whole: Solution, choices: Mapping[str, Choice], asked: Choosing
) -> tuple[Path, dict[str, Certificate], Relaxed | None]:
    """The path of the chosen l1_ratio, the certificates of the choices, and the refits where they are mixed in."""
    first = choices[asked.rule]
    ratio = int(np.flatnonzero(g.plan.l1_ratios == first.l1_ratio)[0])
    place = ratio * len(g.ways.compared)  # of the penalized fit in the wide plan
    wide, tops = replace(g.wide, penalty=g.plan.penalty), [g.tops[ratio]] * len(g.wide.l1_ratios)
    (path,) = build_paths(whole, wide, g.null, g.reading, tops, [place], rows.family)
    path, certificates = certified(rows, g.reading, g.null, g.plan, path, choices, asked.threads)
    if first.mix == 1:
        return path, certificates, None
    split, threads = folds.rounds[0].split(), thread_count(asked.threads)
    return path, certificates, relaxed(rows, g.reading, split, g.null, g.plan, path, choices, threads)


__all__ = ["Choosing", "chosen"]
