"""The sentences about a model, in plain English. The console and the page both take them from here.

Those about a strength that was given, so that no error on new rows is known, are in ``given.py``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .formatting import count, listing, number, percent, short, signed_percent, word
from .measure import SQUARED, Measure, measure_of
from .measure import root as root
from .measure import root_error as root_error
from .naming import constant, method, method_of, predicted
from .reading import Reading, reading_of

if TYPE_CHECKING:
    from ..model import CorrelatedGroup, Model
    from ..selection import Choice, Curve, NestedError, Selection

RULES = {name: Reading(SQUARED, "error", "").rule(name) for name in ("min", "1se")}


def fit_rule(model: Model) -> str:
    """The rule that ``verdict`` applies, in words."""
    own = measure_of(model)
    what = "root mean square errors" if own.squared else "mean deviances"
    return (
        f"The rule behind this sentence, on {what}: little signal if the held-out {own.noun} "
        f"is not at least one standard error below that of always predicting {constant(model)}; overfitting "
        f"if the training {own.noun} lies more than two standard errors and more than 10% below the held-out one; "
        f"underfitting if the {own.noun} is still falling at the weakest penalty tried; a fair fit otherwise."
    )


def explained(error: float, null_error: float) -> float:
    """The share of the variance that is explained.

    >>> explained(50.0, 100.0)
    0.5
    """
    if not null_error > 0:
        return math.nan
    share = 1 - error / null_error
    return 0.0 if abs(share) < 1e-12 else share  # what is left there is rounding


def variables(model: Model) -> list[str]:
    """The names of all variables that were offered, in order."""
    return list(dict.fromkeys(name for name, _ in model.schema.columns()))


def chosen_curve(selection: Selection) -> Curve:
    """The curve that the recommended choice lies on."""
    ratio = selection.chosen.l1_ratio
    return min(selection.curves, key=lambda c: abs(c.l1_ratio - ratio))


def headline(model: Model, judged: str) -> str:
    """The finding in half a line."""
    error, null_error = honest_errors(model.selection)
    share, kept, offered = explained(error, null_error), len(model.kept), len(variables(model))
    target = short(model.target_name, 40)
    if judged == "no signal" or not share > 0:
        return f"Little in these {count(offered, 'variable')} predicts {target}"
    who = f"{kept:,} of {count(offered, 'variable')}" if kept < offered else count(kept, "variable")
    verb = "explains" if kept == 1 else "explain"
    return f"{who} {verb} {percent(share)} of the {measure_of(model).explained} of {target}"


def answer(model: Model) -> tuple[str, str]:
    """The recommendation and what to expect of it: two sentences."""
    chosen, offered = model.selection.chosen, len(variables(model))
    kept, target = len(model.kept), short(model.target_name)
    start = f"Predicting {target} from {count(offered, 'variable')}"
    name = method_of(model)
    strength = f"alpha {number(chosen.alpha)}"
    if kept == 0:
        first = (
            f"{start}, bridle recommends none of them: {name} ({strength}) keeps no variable and predicts "
            f"{predicted(model)} for every row."
        )
    else:
        first = f"{start}, bridle recommends {name} that keeps {those_kept(kept, offered)} ({strength})."
    return first, _expectation(model, target)


def those_kept(kept: int, offered: int) -> str:
    """Some or all of the variables just spoken of.

    >>> those_kept(3, 10), those_kept(2, 2), those_kept(1, 1)
    ('3 of them', 'both', 'it')
    """
    if kept < offered:
        return f"{kept:,} of them"
    return "both" if kept == 2 else "it" if kept == 1 else f"all {word(kept)}"


def _expectation(model: Model, target: str) -> str:
    error, null_error = honest_errors(model.selection)
    own = measure_of(model)
    size, null = number(own.value(error)), number(own.value(null_error))
    expect = f"On new rows expect errors of about {size} (root mean square, in the units of {target})"
    if not own.squared:
        expect = f"On new rows expect a mean deviance of about {size}"
    without = f"always predicting {constant(model)}"
    if not model.kept:
        return f"{expect}, which is what {without} gives."
    share = explained(error, null_error)
    if share <= 0:
        return f"{expect}, no better than {null}, which {without} gives."
    return f"{expect}, against {null} when {without}: it explains {percent(share)} of the {own.explained}."


def honest_errors(selection: Selection) -> tuple[float, float]:
    """The most honest error at hand (mean squared, or mean deviance) and the null model's on the same rows."""
    if selection.nested is not None:
        return selection.nested.error, selection.nested.null_error
    return selection.chosen.error, selection.null_error


def verdict(choice: Choice, null_error: float, kept: int, falling: bool, measure: Measure = SQUARED) -> str:
    """Apply the rule that ``fit_rule`` states: "no signal", "overfitting", "underfitting" or "fair"."""
    error, train, null = (measure.value(e) for e in (choice.error, choice.train_error, null_error))
    noise = measure.spread(choice.error, choice.standard_error) or 0.0
    if kept == 0 or null - error < noise or error >= null:
        return "no signal"
    if error - train > 2 * noise and error - train > 0.1 * error:
        return "overfitting"
    return "underfitting" if falling else "fair"


def still_falling(curve: Curve) -> bool:
    """Whether the error is lowest at the weakest penalty, and fell clearly over the last decade of alpha.

    "Clearly" is a quarter of its standard error. At alpha = 0 there is nothing weaker, so nothing to say.
    """
    alphas, mean = np.asarray(curve.alphas, dtype=np.float64), np.asarray(curve.mean, dtype=np.float64)
    last = int(np.argmin(alphas))
    if len(mean) < 2 or alphas[last] <= 0 or int(np.nanargmin(mean)) != last:
        return False
    before = int(np.argmin(np.abs(alphas - 10 * alphas[last])))
    noise = float(curve.standard_error[last])
    return bool(mean[before] - mean[last] > 0.25 * (noise if math.isfinite(noise) else 0.0))


def fit_sentence(model: Model, judged: str) -> str:
    """Training error beside the error on held-out rows, and what that says about under- or overfitting."""
    chosen, own = model.selection.chosen, measure_of(model)
    error, train = own.value(chosen.error), own.value(chosen.train_error)
    noise = own.spread(chosen.error, chosen.standard_error)
    null = number(own.value(model.selection.null_error))
    pair = f"The {own.noun} is {number(train)} on the training rows and {number(error)} on held-out rows"
    spread = "" if noise is None else f" (standard error {number(noise, 2)})"
    if judged == "no signal":
        return (
            f"{pair}{spread}, where always predicting {constant(model)} gives {null}: little or no signal. "
            "Either these variables say little about the target in a straight line, or the model is too rigid for "
            "what they say (underfitting)."
        )
    if judged == "overfitting":
        more = percent((error - train) / error)
        return (
            f"{pair}{spread}, a gap of {more}: a sign of overfitting. Only the second number holds for new "
            "rows; no penalty tried does clearly better there, so more rows would help more than a stronger "
            "penalty."
        )
    if judged == "underfitting":
        return (
            f"{pair}{spread}, and it still falls at the weakest penalty tried: a sign of underfitting. A "
            "weaker penalty, or richer variables, would probably predict better."
        )
    return (
        f"{pair}{spread}; the gap is small, and both lie below the {null} of always predicting "
        f"{constant(model)}: no sign of overfitting or underfitting."
    )


def held_out(selection: Selection) -> str:
    """What the error on rows not trained on is called: a single split is no cross-validation."""
    if selection.is_leave_one_out:
        return "leave-one-out"
    return "cross-validated" if selection.n_folds > 1 else "held-out"


def honest_sentence(selection: Selection, measure: Measure = SQUARED) -> str:
    """What the held-out error leaves out, and the nested one."""
    nested = selection.nested
    same = "on the same rows" if reading_of(selection, measure).scored else "by the same numbers"
    if nested is None and sum(len(curve.alphas) for curve in selection.curves) == 1:
        return (
            f"The {held_out(selection)} error does not flatter: only one penalty was tried, so none was chosen "
            f"{same}."
        )
    if nested is None:
        return (
            f"The {held_out(selection)} error is slightly too good: the penalty was chosen {same}. "
            "Nested cross-validation, which was not run, gives an error free of that."
        )
    noise = measure.spread(nested.error, nested.standard_error)
    spread = "" if noise is None else f"\u00a0±\u00a0{number(noise, 2)}"
    return (
        f"The {held_out(selection)} error is slightly flattering, for the penalty was chosen {same}; "
        "nested cross-validation, which repeats the choice for every outer fold, gives "
        f"{number(measure.value(nested.error))}{spread}. "
        f"This is the number to quote.{_outer_choices(nested)}"
    )


def _outer_choices(nested: NestedError) -> str:
    if len(nested.choices) < 2:
        return ""
    alphas = sorted(c.alpha for c in nested.choices)
    ratios = sorted({c.l1_ratio for c in nested.choices})
    low, high = number(alphas[0], 2), number(alphas[-1], 2)
    strength = f"alpha {low} every time" if low == high else f"alphas from {low} to {high}"
    if len(ratios) > 1:
        strength = f"l1_ratios {listing(f'{r:g}' for r in ratios)}"
    kept = sorted(c.n_variables for c in nested.choices)
    size = ""
    if kept[-1] > 0:
        size = f" and kept {kept[0]:,}" + ("" if kept[0] == kept[-1] else f" to {kept[-1]:,}") + " variables"
    return f" The {word(len(nested.choices))} outer folds chose {strength}{size}."


def other_sentence(
    selection: Selection, measure: Measure = SQUARED, family: str = "squared", adaptive: bool = False
) -> str | None:
    """What the rule that was not used would give, and what it would cost; None where there is no other."""
    chosen, other = selection.chosen, selection.other
    if other is None:
        return None
    reading = reading_of(selection, measure)
    start = f"The other rule, {other.rule} ({reading.rule(other.rule)}),"
    if other.alpha == chosen.alpha and other.l1_ratio == chosen.l1_ratio and other.mix == chosen.mix:
        return f"{start} chooses the same model."
    error, base = reading.value(other), reading.value(chosen)
    change = error / base - 1 if base > 0 else math.nan
    kind = held_out(selection)
    cost = f"a {kind} {reading.noun} of {number(error)} instead of {number(base)}"
    if number(error) == number(base):
        cost = f"the same {kind} {reading.noun}, {number(error)}"
    elif math.isfinite(change):
        cost += f" ({signed_percent(change)})"
    which = (
        ""
        if other.l1_ratio == chosen.l1_ratio and other.mix == chosen.mix
        else f"{method(other.l1_ratio, other.alpha, family=family, adaptive=adaptive, mix=other.mix)} with "
    )
    kept = f"keep {count(other.n_variables, 'variable')} instead of {chosen.n_variables:,}"
    if other.n_variables == chosen.n_variables:
        kept = f"keep {count(other.n_variables, 'variable')} too"
    return f"{start} would take {which}alpha {number(other.alpha)} and {kept}, at {cost}."


def correlated_sentence(group: CorrelatedGroup, l1_ratio: float, alpha: float = 1.0) -> str:
    """Which variables of a group stand in for each other, and which of them was kept."""
    together = "much the same" if abs(group.correlation) < 0.99 else "the same"
    joint = "carry" if len(group.variables) > 1 else "carries"
    start = (
        f"{listing(group.variables)} {joint} {together} information "
        f"(correlation {number(abs(group.correlation), 2)}{' or more' if len(group.variables) > 2 else ''})"
    )
    left = [v for v in group.variables if v not in set(group.kept)]
    name = method(l1_ratio, 1.0, article=False).split(" (")[0] if alpha > 0 else "fit"
    if not group.kept:
        return f"{start}; the {name} kept none of them."
    if not left:
        kept = "both" if len(group.kept) == 2 else "all"
        return f"{start}; the {name} kept {kept} and splits the effect among them."
    return f"{start}; the {name} kept {listing(group.kept)} and left out {listing(left)}."


def cautions(
    l1_ratio: float,
    kept: int,
    offered: int,
    *,
    alpha: float = 1.0,
    standardized: bool = True,
    estimated: bool = True,
    squared: bool = True,
    mix: float = 1.0,
) -> tuple[str, ...]:
    """What a fit does not prove; ``estimated``: an error on new rows is quoted, ``squared``: of squared error, ``mix``: the
    penalized fit's share of a relaxed one."""
    said = []
    silent = "that a variable is in it says nothing about whether it matters."
    if alpha > 0 and l1_ratio > 0 and kept < offered:
        said.append(
            "Kept is not true, and dropped is not irrelevant: the penalty looks for variables that predict "
            "well together. Another sample of rows could keep others, above all among correlated ones."
        )
    elif kept < offered:
        said.append(f"No variable was left out of the model for predicting badly; {silent}")
    elif alpha > 0:
        why = "this penalty sets nothing aside" if l1_ratio == 0 else "a penalty this weak sets nothing aside"
        said.append(f"Every variable is in the model because {why}; {silent}")
    else:
        said.append(f"Every variable is in the model because nothing sets one aside; {silent}")
    unproven = "They come without confidence intervals or p-values."
    if alpha > 0 and mix == 0:
        said.append(
            "Coefficients are those of a fit without penalty on the variables kept. These were chosen on the same rows, so "
            f"that the coefficients tend to be too large. {unproven}"
        )
    elif alpha > 0:
        without = "least squares" if squared else "a fit without penalty"
        said.append(
            "Coefficients are pulled towards zero on purpose, which makes predictions better and the "
            f"coefficients smaller than {without} would have them. {unproven}"
        )
    else:
        said.append(
            "No penalty holds the coefficients: where variables are many or correlated, they follow the chance "
            f"in these rows. {unproven}"
        )
    if alpha > 0 and not standardized:
        said.append(
            "The variables were not scaled before the fit, so the penalty depends on their units: measured in "
            "other units, the same variable would be shrunk more or less."
        )
    said.append(
        "A coefficient says how the prediction differs between rows, not what would happen if someone "
        "changed a variable."
    )
    if estimated:
        said.append(
            "The errors hold for new rows from the same source. Where the source changes, they have to be "
            "measured anew."
        )
    return tuple(said)
