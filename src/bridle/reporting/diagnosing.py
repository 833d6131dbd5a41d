"""What predictions out of fold say of classes, counts and amounts, in sentences and small tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .formatting import listing, number, percent
from .naming import family_of, first_class, second_class

if TYPE_CHECKING:
    from ..model import Model
    from ..selection.diagnostics import Diagnostics
    from ..selection.ranking import Confusion, Roc

CATCHES = (0.25, 0.5, 0.75, 0.9)  # shares of the second class whose thresholds the table shows


def scores_sentence(model: Model) -> str | None:
    """The scores of the family, on rows that the fits did not see; None where nothing was summed up."""
    found = model.selection.diagnostics
    if found is None:
        return None
    return _of_classes(model, found) if family_of(model).classes else _of_amounts(found)


def _of_classes(model: Model, found: Diagnostics) -> str:
    s = found.scores
    parts = [f"an AUC of {number(s['auc'])}"] if math.isfinite(s["auc"]) else []
    parts += [f"a log-loss of {number(s['log_loss'])}", f"a Brier score of {number(s['brier'])}"]
    usual = second_class(model) if s["share"] >= 0.5 else first_class(model)
    return (
        f"On held-out rows the probabilities have {listing(parts)}. A threshold of one half is right in "
        f"{percent(s['accuracy'])} of the cases, where always saying {usual} is right in "
        f"{percent(max(s['share'], 1 - s['share']))}."
    )


def _of_amounts(found: Diagnostics) -> str:
    gini, off = found.scores["gini"], found.scores["balance"] - 1
    order = f"On held-out rows the Gini of the predictions is {number(gini)}" if math.isfinite(gini) else ""
    if not math.isfinite(off):
        return f"{order}." if order else "Nothing was predicted on held-out rows."
    close = abs(off) < 5e-5
    total = (
        "as much was observed as predicted"
        if close
        else f"{percent(abs(off))} {_more(off)} was observed than predicted"
    )
    return f"{order}; in all, {total}." if order else f"On held-out rows {total} in all."


def _more(off: float) -> str:
    return "more" if off > 0 else "less"


@dataclass(frozen=True)
class ThresholdRow:
    """One threshold: why it is shown, what it does, and what it costs a row in false alarms."""

    name: str
    counts: Confusion
    cost: float
    chosen: bool


def threshold_rows(roc: Roc, ratio: float) -> tuple[ThresholdRow, ...]:
    """The cheapest threshold where a miss costs ``ratio`` false alarms, among others worth a look; the highest first."""
    best = roc.cheapest(ratio)
    names = {best: "lowest cost", roc.at(0.5): "one half"}
    for share in CATCHES:
        names.setdefault(roc.catching(share), f"catches {percent(share)}")
    names[best] = "lowest cost"
    rows = []
    for k in sorted(names):
        counts = roc.confusion(k)
        rows.append(ThresholdRow(names[k], counts, counts.cost(ratio), k == best))
    return tuple(rows)


def threshold_sentence(model: Model, roc: Roc, ratio: float) -> str:
    """The chosen threshold in words, and where it would lie if the probabilities were exact."""
    counts = roc.confusion(roc.cheapest(ratio))
    second = second_class(model)
    costs = "as much as a false alarm" if ratio == 1 else f"{number(ratio)} times as much as a false alarm"
    start = f"Where a missed {second} costs {costs}"
    exact = f"Were the probabilities exact, the best threshold would be {number(1 / (1 + ratio))}."
    if not math.isfinite(counts.threshold):
        return f"{start}, it is cheapest to say {second} of no row at all. {exact}"
    positives, negatives = counts.caught + counts.missed, counts.alarms + counts.quiet
    caught = percent(counts.caught / positives if positives > 0 else math.nan)
    alarms = percent(counts.alarms / negatives if negatives > 0 else math.nan)
    return (
        f"{start}, the threshold of lowest cost on held-out rows is {number(counts.threshold)}: it catches {caught} of "
        f"{second} at false alarms in {alarms} of {first_class(model)}. {exact} The lowest of many costs flatters a little, "
        "for it was chosen on the same rows."
    )


__all__ = ["ThresholdRow", "scores_sentence", "threshold_rows", "threshold_sentence"]
