"""The adaptive and the relaxed lasso as arguments of a fit: checked, and put around the engines that cross-validate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import DataError, UsageError, number
from ..penalties import Penalty
from ..selection import AdaptiveEngine, Curve, Folds, RelaxedEngine, Scores
from ..selection.relaxed import PLAIN, End
from ..solvers import Engine, Plan, Rows, Split
from ..table import Note
from .planning import FOLD_TOLERANCE

MIXES = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_GAMMA = 10.0


@dataclass(frozen=True)
class Procedures:
    """What is asked besides a plain path: the power of adaptive weights, or none; the mixes of a relaxed lasso, or none."""

    gamma: float | None = None
    mixes: tuple[float, ...] = ()

    @staticmethod
    def of(adaptive: Any, relax: Any) -> Procedures:
        """From the arguments of ``bridle.fit``.

        Raises
        ------
        UsageError
            For a power or a mix that is none.
        """
        return Procedures(_gamma_of(adaptive), _mixes_of(relax))

    @property
    def compared(self) -> tuple[float, ...]:
        """The mixes that every l1_ratio is solved for: the penalized fit first, asked for or not, then ever less of it."""
        return (PLAIN, *sorted(set(self.mixes) - {PLAIN}, reverse=True))

    def weighted(self, readings: list[Engine], rows: Rows) -> list[Engine]:
        """Engines that weigh the penalties of every problem by its own pilot."""
        if self.gamma is None:
            return readings
        return [AdaptiveEngine(reading, rows, self.gamma) for reading in readings]

    def relaxed(
        self, engines: list[Engine], rows: Rows, mixes: tuple[float, ...] | None = None
    ) -> list[Engine]:
        """Engines that solve every l1_ratio for all mixes, or for those named."""
        if not self.mixes:
            return engines
        return [RelaxedEngine(engine, rows, mixes or self.compared) for engine in engines]

    def widened(self, plan: Plan) -> Plan:
        """Every l1_ratio once for each mix, as relaxed engines want it."""
        return plan.only([i for i in range(len(plan.l1_ratios)) for _ in self.compared])

    def offered(self, scores: Scores) -> Scores:
        """Without the errors of the penalized fit, where that was not among the mixes asked for."""
        if not self.mixes or PLAIN in self.mixes:
            return scores
        slots, pairs = np.arange(scores.errors.shape[1]) % len(self.compared) == 0, scores.pair_errors
        errors = np.where(slots[:, None], np.nan, scores.errors)
        return replace(
            scores,
            errors=errors,
            pair_errors=None if pairs is None else np.where(slots[:, None], np.nan, pairs),
        )

    def named(self, curves: Sequence[Curve]) -> tuple[Curve, ...]:
        """The curves of a widened plan with their mixes, each as far as every fold reaches."""
        if not self.mixes:
            return tuple(curves)
        count = len(self.compared)
        return tuple(_cut(replace(curve, mix=self.compared[i % count])) for i, curve in enumerate(curves))

    def shown(self, curves: tuple[Curve, ...]) -> tuple[tuple[Curve, ...], tuple[Curve, ...]]:
        """Of every l1_ratio the curve of its best mix; and all of them, where there are mixes."""
        if not self.mixes:
            return curves, ()
        best: dict[float, Curve] = {}
        for curve in curves:
            if len(curve.mean):
                old = best.get(curve.l1_ratio)
                if old is None or curve.ranked[0].min() < old.ranked[0].min():
                    best[curve.l1_ratio] = curve
        return tuple(best.values()), tuple(curve for curve in curves if len(curve.mean))


def _cut(curve: Curve) -> Curve:
    known = np.isfinite(curve.mean)
    return curve.cut(len(known) if known.all() else int(np.argmin(known)))


def whole_penalty(
    engine: Engine, split: Split, penalty: Penalty, fit_intercept: bool, standardize: bool
) -> tuple[Penalty, tuple[Note, ...]]:
    """The penalty of the whole, problem 0 of ``split``: its weights made from all rows, and what is to be said of them."""
    if not isinstance(engine, AdaptiveEngine):
        return penalty, ()
    plan = Plan(np.ones(1), np.ones((1, 1)), penalty, fit_intercept, standardize, FOLD_TOLERANCE)
    own = engine.penalty_of(plan, split, 0)
    alpha = engine.pilot(plan, split, 0).alpha
    lost = int((~np.isfinite(own.factors) & np.isfinite(penalty.factors)).sum())
    text = (
        f"Adaptive lasso: penalties are weighted by a ridge fit (alpha {alpha:.3g}, by generalized cross-validation of its "
        f"own rows) to the power -{engine.gamma:g}, made anew in every fold."
    )
    if lost:
        text += f" {lost} column{'s' if lost > 1 else ''} with a ridge coefficient of zero left out."
    return own, (Note("adaptive", None, text, False),)


def end_notes(engines: Sequence[Engine], folds: Folds, l1_ratio: float) -> tuple[Note, ...]:
    """Where the relaxed path of one l1_ratio ended before its last alpha, and why."""
    found = _ends(engines, folds, l1_ratio)
    if not found:
        return ()
    first = max(found, key=lambda end: end.alpha)
    text = f"Refits of the relaxed lasso end above alpha {first.alpha:.3g}: {first.why}."
    return (Note("relaxed", None, text, False),)


def check_any(curves: Sequence[Curve], engines: Sequence[Engine], folds: Folds) -> None:
    """Refuses mixes that no alpha has in every fold.

    Raises
    ------
    DataError
        Saying why the refits ended.
    """
    if any(len(curve.mean) for curve in curves):
        return
    found = _ends(engines, folds, curves[0].l1_ratio)
    why = f" ({found[0].why})" if found else ""
    raise DataError(
        f"There are no refits in every fold at any alpha{why}. Let relax hold 1, the penalized fit."
    )


def _ends(engines: Sequence[Engine], folds: Folds, l1_ratio: float) -> list[End]:
    """Of the whole and the folds; problems of nested cross-validation do not count."""
    out: list[End] = []
    for engine, round_ in zip(engines, folds.rounds):
        if isinstance(engine, RelaxedEngine):
            own = {flags.tobytes() for flags in round_.split().train}
            out.extend(end for key, end in engine.ends.get(l1_ratio, {}).items() if key in own)
    return out


def _gamma_of(adaptive: Any) -> float | None:
    if adaptive is None or isinstance(adaptive, (bool, np.bool_)):
        return 1.0 if adaptive else None
    gamma = float(number("adaptive", adaptive, 0, MOST_GAMMA))
    return gamma if gamma > 0 else None


def _mixes_of(relax: Any) -> tuple[float, ...]:
    if relax is None or isinstance(relax, (bool, np.bool_)):
        return MIXES if relax else ()
    try:
        mixes = np.unique(np.asarray(relax, dtype=np.float64))
        good = np.ndim(relax) == 1 and len(mixes) > 0 and bool(((mixes >= 0) & (mixes <= 1)).all())
    except (TypeError, ValueError):
        good = False
    if not good:
        raise UsageError(
            f"relax must be True, or a list of mixes between 0 (the refit) and 1 (the penalized fit), not {relax!r}."
        )
    return tuple(float(mix) for mix in mixes)


__all__ = ["MIXES", "Procedures", "check_any", "end_notes", "whole_penalty"]
