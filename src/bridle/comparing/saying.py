"""The sentences about a comparison. The console and the page both take them from here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..certificate import GAP_TOLERANCE, KKT_TOLERANCE
from ..families import Family, family_named
from ..reporting.formatting import count, listing, number, percent, short, signed
from ..reporting.meaning import meaning_of
from ..reporting.measure import Measure, measure_of
from ..table import Schema
from .pairing import ALIKE_WORDS, BETTER, UNKNOWN, WORSE, Difference
from .recommending import with_error
from .result import Comparison, Row

SOURCE = "Nadeau and Bengio, Inference for the generalization error, Machine Learning 52 (2003), 239-281"


def measure(of: Comparison) -> Measure:
    """How its errors are read."""
    own: Any = of  # has what is asked of a model there
    return measure_of(own)


def family(of: Comparison) -> Family:
    """By which every method was fitted and judged."""
    return family_named(of.family)


def scale(of: Comparison) -> str:
    """What an effect adds to: the prediction, or what the link makes of it."""
    own: Any = of
    return meaning_of(own).scale or "the prediction"


def headline(of: Comparison) -> str:
    """The finding in half a line."""
    row, offered = of.recommended, of.n_variables
    if row.name == "null":
        return "Nothing beats the constant"
    if of.n_folds < 2:
        return f"{row.title} has the smallest error"
    if not any(d.verdict == ALIKE_WORDS for d in of.differences):
        return f"{row.title} predicts best"
    if row.n_variables == offered:
        return f"{row.title}: as good as any"
    return f"{row.title}: as good as any, with {row.n_variables:,} of {count(offered, 'variable')}"


def expectation(of: Comparison) -> str:
    """What errors to expect of the recommended method."""
    row, target, own = of.recommended, short(of.target_name, 40), measure(of)
    size = (
        f"On new rows expect errors of about {number(row.size)} (root mean square, in the units of {target})"
    )
    if not own.squared:
        size = f"On new rows expect a mean deviance of about {number(row.size)}"
    if row.name == "null":
        return f"{size}."
    null = number(own.value(row.null_error))
    if not row.explained > 0:
        return f"{size}, no better than the {null} of the constant."
    said = f"{size}, against {null} of the constant: it explains {percent(row.explained)} of the {own.explained}."
    return f"{said} {scores_sentence(row)}".rstrip()


def scores_sentence(row: Row) -> str:
    """The other scores of two classes; nothing elsewhere."""
    if not row.scores:
        return ""
    parts = [f"an AUC of {auc_text(row)}"] if math.isfinite(row.scores["auc"]) else []
    parts.append(f"a log-loss of {number(row.scores['log_loss'])}")
    return f"Its probabilities have {listing(parts)}."


def auc_text(row: Row) -> str:
    """The area under the ROC curve, a dash where there is none."""
    auc = row.scores.get("auc", math.nan)
    return f"{auc:.3f}" if math.isfinite(auc) else "–"


def points(value: float, of: Comparison) -> float:
    """A difference of errors in points: percent of the constant's squared error, or of its deviance."""
    null = of.recommended.null_error
    return 100 * value / null if null > 0 else float("nan")


def verdict(of: Comparison, row: Row) -> str:
    """A row beside the recommended one, in words."""
    if row is of.recommended:
        return "recommended"
    found = of.difference(row.name)
    if found is None:
        return "not possible"
    if found.verdict in (WORSE, BETTER):
        return f"{found.verdict} by {number(abs(points(found.mean, of)), 2)} points"
    return "not known" if found.verdict == UNKNOWN else found.verdict


def interval(of: Comparison, found: Difference) -> str:
    """A difference with its interval, in points of what is explained.

    Less is better: a positive difference explains that much less.
    """
    if not np.isfinite(found.low):
        return signed(points(found.mean, of), 2)
    ends = f"{signed(points(found.low, of), 2)} to {signed(points(found.high, of), 2)}"
    return f"{signed(points(found.mean, of), 2)} ({ends})"


def error_text(row: Row) -> str:
    """The root mean squared error, or the mean deviance, with its standard error; a dash where there is none."""
    return with_error(row) if row.possible else "–"


def seconds(value: float) -> str:
    """Short times in milliseconds, very short ones not at all.

    >>> seconds(0.0123), seconds(12.3), seconds(1e-5)
    ('12 ms', '12.3 s', '< 1 ms')
    """
    if value < 1e-3:
        return "< 1 ms"
    return f"{number(1000 * value, 2)} ms" if value < 0.9995 else f"{number(value)} s"


def kept_variables(schema: Schema, effects: NDArray[np.float64]) -> tuple[str, ...]:
    """The names of the variables with an effect, in the order of the schema."""
    columns = schema.columns()
    return tuple(dict.fromkeys(columns[j][0] for j in np.flatnonzero(effects)))


def how_judged(of: Comparison) -> str:
    """How rows were split and choices kept apart, and by what."""
    said = f"The constant {of.row('null').note}. "
    if not measure(of).squared:
        own, offset = family(of), ", beside the offset" if of.has_offset else ""
        said = (
            f"Every method is fitted and judged by the family {own.text} ({own.link} link{offset}): errors are mean unit "
            f"deviances, 0 where every prediction is exact. {said}"
        )
    said += (
        f"Every method is judged on the same {count(of.n_folds, 'split')} of the rows ({of.fold_text}). What a method "
        f"chooses, the strength of its penalty above all, is chosen for each split {of.nested_text} (nested "
        "cross-validation)."
    )
    if of.has_networks:
        said += (
            " A network chooses by one part of each split's training rows, set aside; it has one layer of 32 units and few "
            "steps, and a longer training or another network may do better."
        )
    return said


def how_paired(of: Comparison) -> str:
    """How differences were tested, and in what they are measured."""
    if of.n_folds < 2:
        return "A single split leaves no way to tell a difference from chance; give more folds."
    return (
        "Differences are paired: on every split the error of the recommended method is taken from the other's. Their "
        f"intervals (95%) are of the corrected resampled t-test, {of.n_folds - 1} degrees of freedom, whose variance allows "
        f"for the overlap of the training rows ({SOURCE})."
    )


def certificates(of: Comparison) -> tuple[bool, str]:
    """Whether every fit on all rows is certified, and the sentence about it."""
    short_of = [row.title for row in of.rows if row.certified is False]
    rest = " Networks are not certified: their objective is not convex." if of.has_networks else ""
    convex = family(of).convex
    if short_of:
        word = "certified" if convex else "stationary"
        return (
            False,
            f"Not {word}: {listing(short_of)}. The errors are as computed; the fits may be off.{rest}",
        )
    if not convex:
        return True, (
            f"Every fit on all rows is stationary: recomputed from the rows, its optimality conditions hold to "
            f"{KKT_TOLERANCE:.0e}. The loss is not convex, so that another fit may be better."
        )
    return True, (
        f"Every {'linear ' if of.has_networks else ''}fit on all rows is certified: recomputed from the rows, its objective "
        f"is within {GAP_TOLERANCE:.0e} of the null model's loss of its minimum.{rest}"
    )


def impossible(of: Comparison) -> list[str]:
    """What could not be compared, and remarks on what could."""
    return [f"{row.title}: {row.note}." for row in of.rows if row.note and row.name != "null"]


def cautions(of: Comparison) -> list[str]:
    """What a comparison does not prove."""
    out = [
        "“Cannot be told apart” does not mean equal: more rows may show a difference. The intervals are approximate, and "
        "each is for one pair of methods, not for all at once.",
        "No choice made by a method has seen the rows that its error is computed on. Which method is recommended was "
        "decided by these errors, though, so the error of the recommended one is a little flattered.",
        "A standard error says how far the folds differ. All methods are judged on the same rows, so whether two of them "
        "differ is for the paired differences to say, not for whiskers that overlap.",
        "A variable that is kept is not thereby a cause, nor one that is left out without effect: of variables that carry "
        "the same information, other rows may keep others.",
    ]
    if of.recommended.name == "null":
        lines = "straight lines" if family(of).link == "identity" else "models that are linear"
        lines += " and small networks" if of.has_networks else ""
        out.insert(
            0, f"That nothing beats the constant holds for these rows and for {lines} in these variables."
        )
    if of.has_networks and of.recommended.kind == "linear":
        out.append(
            "A linear model is recommended before a network that cannot be told apart from it: it is simpler, it is "
            "certified, and its coefficients can be read."
        )
    return out


def not_compared(of: Comparison) -> list[str]:
    """Why networks do not take part, and how to get them."""
    return [note.text for note in of.notes if note.kind == "networks"]
