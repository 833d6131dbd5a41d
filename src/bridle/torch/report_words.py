"""A network in words: the sentences and rows that its page, its console text and its JSON share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..reporting import words
from ..reporting.formatting import clean, count, listing, number, percent, short
from ..reporting.reproduce import python_lines
from ..reporting.summarizing import ChoiceRow, ErrorRow
from .model import NetworkModel

CONSTANT = {"squared": "the mean"}
UNPROVEN = "Not certified: a network."


@dataclass(frozen=True)
class Measure:
    """How errors are read: the root of mean squared errors in units of the target, or mean log loss as it is."""

    squared: bool
    target: str

    @property
    def name(self) -> str:
        return "root mean square" if self.squared else "mean log loss"

    @property
    def unit(self) -> str:
        return f"root mean square error, in units of {self.target}" if self.squared else "mean log loss"

    @property
    def explained(self) -> str:
        return "variance" if self.squared else "deviance"

    def value(self, error: float) -> float:
        return words.root(error) if self.squared else error

    def spread(self, error: float, standard_error: float) -> float | None:
        if self.squared:
            return words.root_error(error, standard_error)
        return standard_error if math.isfinite(standard_error) and standard_error > 0 else None


@dataclass(frozen=True)
class LayerRow:
    """The weights of one layer: how many there are and how many are exactly zero."""

    name: str
    weights: int
    zeros: int
    dead: int


@dataclass(frozen=True)
class NetworkSummary:
    """What is said about a network, in the order in which a reader wants it; names as ``bridle.reporting.Summary``'s."""

    target: str
    n_rows: int
    n_offered: int
    method: str
    headline: str
    answer: tuple[str, str]
    estimated: bool
    constant: str
    measure: str
    scale: Measure
    errors: tuple[ErrorRow, ...]
    verdict: str | None
    fit: str
    fit_rule: str
    honest: str
    folds: str
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    layers: tuple[LayerRow, ...]
    zeros: str
    training: str
    rules: tuple[ChoiceRow, ...]
    other: str | None
    cautions: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    statement: str
    statement_rows: tuple[tuple[str, str, str], ...]
    code: tuple[str, ...]

    @property
    def kept_sentence(self) -> str:
        """How many variables enter the network, and which do not."""
        if not self.kept:
            return f"None of the {count(self.n_offered, 'variable')} enters the network."
        if not self.dropped:
            return "Every variable enters the network." if self.n_offered > 1 else "It enters the network."
        enter = "enters" if len(self.kept) == 1 else "enter"
        return (
            f"{len(self.kept):,} of {count(self.n_offered, 'variable')} {enter} the network; every weight of the others "
            f"is exactly zero: {listing(self.dropped)}."
        )


def network_summary(model: NetworkModel) -> NetworkSummary:
    """Put a network into words."""
    selection = model.selection
    offered, kept = _variables(model), tuple(str(v) for v in model.kept)
    scale = Measure(model.classes is None, short(model.target_name, 40))
    judged = None if selection.is_given else _verdict(model, scale, len(kept))
    kept_set = set(kept)
    return NetworkSummary(
        target=str(model.target_name),
        n_rows=int(model.n_rows),
        n_offered=len(offered),
        method=f"{_shape(model)}, {penalty_words(model)}",
        headline=_headline(model, scale, judged, len(kept), len(offered)),
        answer=_answer(model, scale, len(kept), len(offered)),
        estimated=not selection.is_given,
        constant=_constant(model),
        measure=scale.explained,
        scale=scale,
        errors=_errors(model, scale),
        verdict=judged,
        fit=_fit(model, scale, judged),
        fit_rule=_fit_rule(model) if judged else "",
        honest=_honest(model),
        folds=selection.fold_text,
        kept=kept,
        dropped=tuple(v for v in offered if v not in kept_set),
        layers=_layers(model),
        zeros=_zeros(model),
        training=_training(model),
        rules=_rules(model, scale),
        other=words.other_sentence(selection) if scale.squared else None,
        cautions=_cautions(model, len(kept), len(offered)),
        warnings=tuple(clean(n.text) for n in model.notes if n.warning),
        notes=tuple(clean(n.text) for n in model.notes if not n.warning),
        statement=model.stationarity.sentence,
        statement_rows=_statement_rows(model),
        code=code_lines(model),
    )


def penalty_words(model: NetworkModel) -> str:
    """What holds the weights.

    "L1 penalty", "weight decay", "group penalty on inputs with weight decay", "no penalty".
    """
    s = model.strengths
    parts = []
    if float(s.group) > 0:
        parts.append(f"group penalty on {s.groups}")
    if float(s.l1) > 0:
        parts.append("L1 penalty")
    if float(s.l2) > 0:
        parts.append("weight decay")
    if model.network.architecture.dropout > 0:
        parts.append(f"dropout {model.network.architecture.dropout:g}")
    if model.held_rows is not None and len(model.held_rows):
        parts.append("early stopping")
    return listing(parts, most=9) if parts else "no penalty"


def _shape(model: NetworkModel) -> str:
    hidden = model.network.architecture.hidden
    if not hidden:
        return "network without hidden units"
    return f"network with {listing([f'{units:,}' for units in hidden], most=9)} hidden units"


def _variables(model: NetworkModel) -> list[str]:
    return list(dict.fromkeys(name for name, _ in model.schema.columns()))


def _constant(model: NetworkModel) -> str:
    return "the mean" if model.classes is None else "the shares of the classes"


def _null(model: NetworkModel) -> float:
    """The constant's error: on held-out rows where these are known, otherwise on the training rows."""
    if not model.selection.is_given:
        return model.selection.null_error
    return model.target_sd**2 if model.classes is None else model.stationarity.null_loss


def _headline(model: NetworkModel, scale: Measure, judged: str | None, kept: int, offered: int) -> str:
    target = short(model.target_name, 40)
    some = f"{kept:,} of {count(offered, 'variable')}" if kept < offered else count(kept, "variable")
    if judged is None:
        return (
            f"A network predicts {target} from {some}"
            if kept
            else "At this penalty nothing enters the network"
        )
    share = words.explained(model.selection.chosen.error, _null(model))
    if judged == "no signal" or not share > 0:
        return f"A network finds little in these {count(offered, 'variable')}"
    verb = "explains" if kept == 1 else "explain"
    return f"{some} {verb} {percent(share)} of the {scale.explained} of {target}"


def _answer(model: NetworkModel, scale: Measure, kept: int, offered: int) -> tuple[str, str]:
    target, chosen = short(model.target_name), model.selection.chosen
    uses = "uses none of them" if kept == 0 else f"uses {words.those_kept(kept, offered)}"
    start = f"Predicting {target} from {count(offered, 'variable')}"
    what, how = f"a {_shape(model)}", penalty_words(model)
    if model.selection.is_given:
        return f"{start}, {what} {uses} at the given strength ({how}, alpha {number(chosen.alpha)}).", (
            "The strength of the penalty was given, not chosen by errors on held-out rows, so there is no estimate of the "
            "error on new rows."
        )
    first = f"{start}, bridle recommends {what} that {uses} ({how}, alpha {number(chosen.alpha)})."
    size = f"On new rows expect errors of about {number(scale.value(chosen.error))} ({scale.name}"
    size += f", in the units of {target})" if scale.squared else ")"
    null, share = number(scale.value(_null(model))), words.explained(chosen.error, _null(model))
    if not share > 0:
        return first, f"{size}, no better than the {null} of always predicting {_constant(model)}."
    return first, (
        f"{size}, against {null} when always predicting {_constant(model)}: it explains {percent(share)} of the "
        f"{scale.explained}."
    )


def _verdict(model: NetworkModel, scale: Measure, kept: int) -> str:
    """As ``bridle.reporting.words.verdict``, in the measure's units."""
    choice = model.selection.chosen
    error, train, null = (scale.value(e) for e in (choice.error, choice.train_error, _null(model)))
    noise = scale.spread(choice.error, choice.standard_error) or 0.0
    if kept == 0 or null - error < noise or error >= null:
        return "no signal"
    if error - train > 2 * noise and error - train > 0.1 * error:
        return "overfitting"
    return "underfitting" if words.still_falling(words.chosen_curve(model.selection)) else "fair"


def _fit_rule(model: NetworkModel) -> str:
    return (
        "The rule behind this sentence: little signal if the held-out error is not at least one standard error below that "
        f"of always predicting {_constant(model)}; overfitting if the training error lies more than two standard errors and "
        "more than 10% below the held-out one; underfitting if the error is still falling at the weakest penalty tried; a "
        "fair fit otherwise."
    )


def _fit(model: NetworkModel, scale: Measure, judged: str | None) -> str:
    choice, null = model.selection.chosen, number(scale.value(_null(model)))
    train = number(scale.value(choice.train_error))
    if judged is None:
        return (
            f"On the training rows the error is {train} ({scale.name}), where always predicting {_constant(model)} gives "
            f"{null}. On new rows errors are larger as a rule, and nothing here says by how much."
        )
    spread = scale.spread(choice.error, choice.standard_error)
    noise = "" if spread is None else f" (standard error {number(spread, 2)})"
    pair = f"The error is {train} on the training rows and {number(scale.value(choice.error))} on held-out rows{noise}"
    if judged == "no signal":
        return (
            f"{pair}, where always predicting {_constant(model)} gives {null}: little or no signal. Either these variables "
            "say little about the target, or there are too few rows for a network to find it."
        )
    if judged == "overfitting":
        return (
            f"{pair}: a gap that is a sign of overfitting. Only the second number holds for new rows; no penalty tried does "
            "clearly better there, so more rows, or a linear model, would help more than a stronger penalty."
        )
    if judged == "underfitting":
        return (
            f"{pair}, and it still falls at the weakest penalty tried: a sign of underfitting. A weaker penalty, more "
            "hidden units or more epochs would probably predict better."
        )
    return f"{pair}; both lie below the {null} of always predicting {_constant(model)}: no sign of over- or underfitting."


def _honest(model: NetworkModel) -> str:
    if model.selection.is_given:
        return "bridle.torch.fit, or MLPRegressorCV and MLPClassifierCV, cross-validate the strength and give an estimate."
    said = words.honest_sentence(model.selection)
    if model.selection.nested is None and model.classes is None:
        said += " bridle.compare runs it, and sets the network beside the linear models."
    return said


def _errors(model: NetworkModel, scale: Measure) -> tuple[ErrorRow, ...]:
    selection, chosen, null = model.selection, model.selection.chosen, _null(model)

    def row(key: str, name: str, error: float, standard_error: float = math.nan) -> ErrorRow:
        share = words.explained(error, null) if key != "null" and null > 0 else None
        return ErrorRow(key, name, error, scale.value(error), scale.spread(error, standard_error), share)

    rows = [
        row("null", f"Always {_constant(model)}", null),
        row("train", "Training rows", chosen.train_error),
    ]
    if not selection.is_given:
        name = words.held_out(selection).capitalize()
        rows.append(row("heldout", name, chosen.error, chosen.standard_error))
    return tuple(rows)


def _layers(model: NetworkModel) -> tuple[LayerRow, ...]:
    rows, weights = [], model.network.weights
    for layer, weight in enumerate(weights):
        last = layer == len(weights) - 1
        name = "Output" if last else f"Hidden layer {layer + 1}"
        dead = 0 if last else int((~weight.any(axis=1)).sum())
        rows.append(LayerRow(name, weight.size, int((weight == 0).sum()), dead))
    return tuple(rows)


def _zeros(model: NetworkModel) -> str:
    total = sum(weight.size for weight in model.network.weights)
    zero = total - model.network.n_nonzero
    if zero == 0:
        return f"None of the {count(total, 'weight')} is exactly zero."
    dead = sum(row.dead for row in _layers(model))
    units = f" {count(dead, 'hidden unit')} receive{'s' if dead == 1 else ''} nothing." if dead else ""
    return f"{zero:,} of {count(total, 'weight')} are exactly zero ({percent(zero / total)}).{units}"


def _training(model: NetworkModel) -> str:
    s = model.stationarity
    passes = count(s.n_epochs, "pass", "passes")
    if model.held_rows is None or not len(model.held_rows):
        return f"The weights are those after {passes} over the rows; nothing was stopped early."
    return (
        f"{count(len(model.held_rows), 'training row')} were set aside. The weights are those after pass {s.best_epoch:,} "
        f"of {s.n_epochs:,}, when the loss on these rows was lowest."
    )


def _rules(model: NetworkModel, scale: Measure) -> tuple[ChoiceRow, ...]:
    selection = model.selection
    if selection.is_given:
        return ()
    return tuple(
        ChoiceRow(
            c.rule, c.alpha, scale.value(c.error), scale.spread(c.error, c.standard_error), c.n_variables,
            c is selection.chosen,
        )
        for c in (selection.chosen, selection.other)
        if c is not None
    )  # fmt: skip


def _cautions(model: NetworkModel, kept: int, offered: int) -> tuple[str, ...]:
    said = [
        "Nothing proves that these weights are the best: a network's objective has many valleys, and other seeds end in "
        "others, with other weights and somewhat other predictions.",
        "A network's weights have no meaning one by one. That a variable enters says that the prediction depends on it, not "
        "how, and not what would happen if someone changed it.",
    ]
    if kept < offered:
        said.append(
            "A variable left out is not thereby irrelevant: of variables that carry the same information another seed, or "
            "other rows, may keep others."
        )
    if not model.selection.is_given:
        said.append(
            "The errors hold for new rows from the same source. Where the source changes, they have to be measured anew."
        )
    return tuple(said)


def _statement_rows(model: NetworkModel) -> tuple[tuple[str, str, str], ...]:
    s = model.stationarity
    unit = "in units of the target's variance" if model.classes is None else "half the mean deviance"
    return (
        ("Loss", number(s.loss, 4), f"on the training rows, dropout off, {unit}"),
        ("Penalty", number(s.penalty, 4), f"of the weights: {penalty_words(model)}"),
        ("Objective", number(s.objective, 4), "their sum, which training lowers"),
        ("Null loss", number(s.null_loss, 4), f"the loss of always predicting {_constant(model)}"),
        (
            "Distance",
            number(s.distance, 2),
            "of the steepest gradient from the pull of its penalty; at a resting point it is zero",
        ),
        ("Passes", f"{s.n_epochs:,}", f"over the rows; the weights are from pass {s.best_epoch:,}"),
    )


def code_lines(model: NetworkModel) -> tuple[str, ...]:
    """The Python lines that fit the same network again."""
    lines = list(python_lines(model.call, model.schema.target))
    if "estimator" not in model.call:
        lines = [line.replace("model = bridle.fit(", "model = bridle.torch.fit(", 1) for line in lines]
        lines.insert(1, "import bridle.torch")
    return tuple(lines)


def plain_strengths(model: NetworkModel) -> dict[str, Any]:
    """The strengths of the penalty's parts, by name."""
    s = model.strengths
    return {"l1": float(s.l1), "l2": float(s.l2), "group": float(s.group), "groups": s.groups}
