"""Summary: everything a reader is told about a model, as sentences and rows, before any layout."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import given, words
from .diagnosing import scores_sentence
from .formatting import clean, count, listing, short
from .meaning import Meaning, meaning_of
from .measure import Measure, measure_of
from .naming import constant, method, method_of
from .proof import certificate_rows, certificate_sentence
from .reading import Reading, reading_of, score_sentence
from .reproduce import python_lines

if TYPE_CHECKING:
    from ..model import Model


@dataclass(frozen=True)
class ErrorRow:
    """One error: ``mean`` is a mean square or a mean deviance, ``size`` what is shown of it, with its ``standard_error``.

    ``explained`` is a share of 1. Where no row was held out there are only "null" and "train", both on the training rows.
    """

    key: str  # "null", "train", "heldout", "nested"
    name: str
    mean: float
    size: float
    standard_error: float | None
    explained: float | None


@dataclass(frozen=True)
class CoefficientRow:
    """One coefficient that is not zero.

    ``value`` is in original units (target per unit of the variable), ``effect`` what one standard deviation
    of the variable adds to the prediction in units of the target, ``standardized`` the same in standard
    deviations of it. Of a family with a link all three are on the link's scale, the latter two the same, and ``factor`` is
    exp(value) where that means something: an odds ratio, a factor on the mean.
    """

    variable: str
    level: str | None
    value: float
    effect: float
    standardized: float
    factor: float | None = None

    @property
    def label(self) -> str:
        """The name of the coefficient: "bmi" or "region = north"."""
        return self.variable if self.level is None else f"{self.variable} = {self.level}"


@dataclass(frozen=True)
class ChoiceRow:
    """What one mix of penalties, or one rule, comes to."""

    name: str
    alpha: float
    size: float
    standard_error: float | None
    n_variables: int
    recommended: bool


@dataclass(frozen=True)
class Summary:
    """What is said about a model: plain sentences and rows, in the order in which a reader wants them.

    ``answer`` holds the two sentences that come first. ``verdict`` is "fair", "overfitting", "underfitting"
    or "no signal", ``fit`` its sentence and ``fit_rule`` the rule behind it. ``constant`` is what is predicted
    without any variable ("the mean" or "zero"), ``measure`` what is explained then, ``scale`` how errors are read,
    ``meaning`` what coefficients say, ``scores`` what predictions out of fold of classes, counts and amounts say (None: none
    were summed up). ``reading`` is how the numbers that chose the strength are read, ``chosen_by`` its sentence where these
    are no errors. ``coefficients`` are sorted by the size of their variable's effect, the levels of a categorical together;
    ``zero_levels`` counts a kept categorical's levels that are exactly zero.

    ``estimated`` says whether errors on new rows are known. Where the strength was given they are not: there
    is no ``verdict``, no ``other`` rule, and ``fit_rule`` and ``folds`` are empty.
    """

    target: str
    n_rows: int
    n_offered: int
    method: str
    intercept: float
    headline: str
    answer: tuple[str, str]
    estimated: bool
    constant: str
    measure: str
    scale: Measure
    meaning: Meaning
    scores: str | None
    reading: Reading
    chosen_by: str | None
    errors: tuple[ErrorRow, ...]
    verdict: str | None
    fit: str
    fit_rule: str
    honest: str
    folds: str
    kept: tuple[str, ...]
    coefficients: tuple[CoefficientRow, ...]
    zero_levels: dict[str, int]
    dropped: tuple[str, ...]
    rules: tuple[ChoiceRow, ...]
    mixes: tuple[ChoiceRow, ...]
    other: str | None
    correlated: tuple[str, ...]
    cautions: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    certified: bool
    certificate: str
    certificate_rows: tuple[tuple[str, str, str], ...]
    code: tuple[str, ...]

    @property
    def kept_sentence(self) -> str:
        """How many variables are kept, and which are not."""
        if not self.kept:
            return f"None of the {count(self.n_offered, 'variable')} is kept."
        if not self.dropped:
            return (
                f"All {count(self.n_offered, 'variable')} are kept." if self.n_offered > 1 else "It is kept."
            )
        return (
            f"{len(self.kept):,} of {count(self.n_offered, 'variable')} "
            f"{'is' if len(self.kept) == 1 else 'are'} kept; left out: {listing(self.dropped)}."
        )


def summary(model: Model) -> Summary:
    """Put a model into words.

    Parameters
    ----------
    model : a fitted model, as ``bridle.fit`` returns it or ``bridle.load`` reads it.

    Returns
    -------
    Summary
        Every sentence and every row that the console and the report show.

    Examples
    --------
    >>> import numpy as np
    >>> import bridle
    >>> from bridle.reporting import summary
    >>> x = np.random.default_rng(0).normal(size=(80, 3))
    >>> model = bridle.fit(x, 3 * x[:, 0] + np.random.default_rng(1).normal(size=80))
    >>> summary(model).kept[0]
    'x0'
    """
    selection, chosen = model.selection, model.selection.chosen
    offered, kept = words.variables(model), tuple(str(v) for v in model.kept)
    rows, zero_levels = _coefficients(model)
    verdict, headline, fit = _judged(model)
    kept_set, scale = set(kept), measure_of(model)
    return Summary(
        target=str(model.target_name),
        n_rows=int(model.n_rows),
        n_offered=len(offered),
        method=method_of(model, article=False),
        intercept=float(model.intercept),
        headline=headline,
        answer=given.answer(model) if selection.is_given else words.answer(model),
        estimated=not selection.is_given,
        constant=constant(model),
        measure=scale.explained,
        scale=scale,
        meaning=meaning_of(model),
        scores=scores_sentence(model),
        reading=reading_of(selection, scale),
        chosen_by=score_sentence(selection, scale, constant(model)),
        errors=_errors(model),
        verdict=verdict,
        fit=fit,
        fit_rule="" if verdict is None else words.fit_rule(model),
        honest=given.honest_sentence(model)
        if selection.is_given
        else words.honest_sentence(selection, scale),
        folds=selection.fold_text,
        kept=kept,
        coefficients=rows,
        zero_levels=zero_levels,
        dropped=tuple(v for v in offered if v not in kept_set),
        rules=_rules(model),
        mixes=_mixes(model),
        other=words.other_sentence(selection, scale, model.family, model.adaptive is not None),
        correlated=tuple(
            words.correlated_sentence(g, chosen.l1_ratio, chosen.alpha) for g in model.correlated
        ),
        cautions=words.cautions(
            chosen.l1_ratio,
            len(kept),
            len(offered),
            alpha=chosen.alpha,
            standardized=model.standardize,
            estimated=not selection.is_given,
            squared=scale.squared,
            mix=chosen.mix,
        ),
        warnings=tuple(clean(n.text) for n in model.notes if n.warning),
        notes=tuple(clean(n.text) for n in model.notes if not n.warning),
        certified=model.certified,
        certificate=certificate_sentence(model),
        certificate_rows=certificate_rows(model),
        code=python_lines(model.call, model.schema.target, _as_given(model)),
    )


def _judged(model: Model) -> tuple[str | None, str, str]:
    """The verdict on the fit, the headline and the sentence that go with it."""
    selection = model.selection
    if selection.is_given:
        return None, given.headline(model), given.fit_sentence(model)
    falling = words.still_falling(words.chosen_curve(selection))
    scale = measure_of(model)
    verdict = words.verdict(selection.chosen, selection.null_error, len(model.kept), falling, scale)
    return verdict, words.headline(model, verdict), words.fit_sentence(model, verdict)


def _as_given(model: Model) -> dict[str, Any] | None:
    """What makes ``bridle.fit`` fit a given strength, where the call itself does not say what made the model."""
    if not model.selection.is_given or "estimator" in model.call:
        return None
    plain = {"l1_ratios": model.l1_ratio, "alphas": [model.alpha]}
    plain |= {} if model.standardize else {"standardize": False}
    return plain | ({} if model.fit_intercept else {"fit_intercept": False})


def _errors(model: Model) -> tuple[ErrorRow, ...]:
    selection, chosen, scale = model.selection, model.selection.chosen, measure_of(model)
    null = given.training_null(model) if selection.is_given else selection.null_error

    def row(key: str, name: str, error: float, standard_error: float, against: float | None) -> ErrorRow:
        share = words.explained(error, against) if against is not None and against > 0 else None
        return ErrorRow(key, name, error, scale.value(error), scale.spread(error, standard_error), share)

    rows = [row("train", "Training rows", chosen.train_error, math.nan, null)]
    if math.isfinite(null):
        rows.insert(0, row("null", f"Always {constant(model)}", null, math.nan, None))
    if selection.is_given:
        return tuple(rows)
    rows.append(
        row("heldout", words.held_out(selection).capitalize(), chosen.error, chosen.standard_error, null)
    )
    nested = selection.nested
    if nested is not None:
        rows.append(row("nested", "Nested (honest)", nested.error, nested.standard_error, nested.null_error))
    return tuple(rows)


def _coefficients(model: Model) -> tuple[tuple[CoefficientRow, ...], dict[str, int]]:
    """The non-zero coefficients, largest variable first, and each categorical's number of zero levels."""
    grouped: dict[str, list[CoefficientRow]] = {}
    meaning, unit = meaning_of(model), model.target_sd if model.family == "squared" else 1.0
    for c in model.coefficients:
        effect, factor = float(c.standardized * unit), meaning.multiplied(float(c.value))
        row = CoefficientRow(c.variable, c.level, float(c.value), effect, float(c.standardized), factor)
        grouped.setdefault(c.variable, []).append(row)
    levels = Counter(name for name, level in model.schema.columns() if level is not None)
    zero_levels = {v: levels[v] - len(rows) for v, rows in grouped.items() if levels[v] > len(rows)}
    groups = sorted(grouped.values(), key=lambda rows: -max(abs(r.effect) for r in rows))
    for rows in groups:
        rows.sort(key=lambda r: -r.effect)
    return tuple(r for rows in groups for r in rows), zero_levels


def _rules(model: Model) -> tuple[ChoiceRow, ...]:
    """The choice of each rule, the recommended one first; none where the strength was given."""
    selection = model.selection
    if selection.is_given:
        return ()
    reading = reading_of(selection, measure_of(model))
    choices = [choice for choice in (selection.chosen, selection.other) if choice is not None]
    return tuple(
        ChoiceRow(
            c.rule, c.alpha, reading.value(c), reading.spread(c), c.n_variables, c is selection.chosen
        )
        for c in choices
    )  # fmt: skip


def _mixes(model: Model) -> tuple[ChoiceRow, ...]:
    """The best point of every mix of penalties (l1_ratio) that was tried."""
    rows, selection = [], model.selection
    reading = reading_of(selection, measure_of(model))
    for curve in selection.curves:
        best = curve.choice("min", reading.place(curve))
        name = method(
            curve.l1_ratio, best.alpha or 1.0, article=False, family=model.family,
            adaptive=model.adaptive is not None, mix=curve.mix,
        )  # fmt: skip
        rows.append(
            ChoiceRow(
                short(name), best.alpha, reading.value(best), reading.spread(best), best.n_columns,
                curve.l1_ratio == selection.chosen.l1_ratio,
            )
        )  # fmt: skip
    return tuple(rows)
