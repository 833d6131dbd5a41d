"""Numbers, dates and codes that arrive as text: how they are spelled, and what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .columns import Text

_MARKERS = """? ?? - -- --- . .. * / na n/a n.a. #n/a nan nil null none missing unknown <na>
#div/0! #value! #ref! #num!"""
MISSING_MARKERS = frozenset(_MARKERS.split())
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([, '\u00a0\u202f\u2019])\d{3}(\1\d{3})*(\.\d+)?")
_THOUSANDS_POINT = re.compile(r"[+-]?\d{1,3}([. '\u00a0\u202f\u2019])\d{3}(\1\d{3})*(,\d+)?")
_CODE = re.compile(r"0\d+")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_DATE = re.compile(
    r"(\d{1,2}[/.\- ](\d{1,2}|[A-Za-z]{3,9})[/.\- ,]+\d{2,4}|\d{4}[/.\-]\d{1,2}[/.\-]\d{1,2}"
    r"|[A-Za-z]{3,9} \d{1,2},? \d{4})"
    r"([T ,]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?"
)
_STRIP = str.maketrans({"$": "", "€": "", "£": "", "¥": "", "%": ""})


@dataclass(frozen=True)
class Spelled:
    """Levels read as numbers: ``values`` (k,), NaN where ``missing`` or ``bad``.

    ``codes`` are the first few spelled with a leading zero, ``changed`` the first level that is not spelled
    as a plain number (thousands, currency, percent, decimal comma) with what it was read as.
    """

    values: npt.NDArray[np.float64]
    missing: npt.NDArray[np.bool_]
    bad: npt.NDArray[np.bool_]
    codes: tuple[str, ...] = ()
    changed: tuple[str, float] | None = None


def read_numbers(levels: Sequence[str]) -> Spelled:
    """Levels read as numbers, with a decimal point, or with a decimal comma where that reads more of them.

    >>> spelled = read_numbers(["1.5", "$1,200", "?", "red"])
    >>> spelled.values.tolist()[:2], spelled.missing.tolist(), spelled.bad.tolist()
    ([1.5, 1200.0], [False, False, True, False], [False, False, False, True])
    >>> read_numbers(["3,14", "2,5"]).values.tolist()
    [3.14, 2.5]
    """
    point = _read(levels, comma=False)
    if not point.bad.any() or not any("," in level for level in levels):
        return point
    comma = _read(levels, comma=True)
    return comma if comma.bad.sum() < point.bad.sum() else point


def _read(levels: Sequence[str], comma: bool) -> Spelled:
    values = np.full(len(levels), np.nan)
    missing = np.zeros(len(levels), dtype=bool)
    bad = np.zeros(len(levels), dtype=bool)
    codes: list[str] = []
    changed = None
    for i, level in enumerate(levels):
        if level.lower() in MISSING_MARKERS:
            missing[i] = True
            continue
        number = _number(level, comma)
        if number is None:
            bad[i] = True
            continue
        values[i] = number
        if len(codes) < 3 and _CODE.fullmatch(level):
            codes.append(level)
        if changed is None and not _PLAIN.fullmatch(level):
            changed = (level, number)
    return Spelled(values, missing, bad, tuple(codes), changed)


def _number(level: str, comma: bool) -> float | None:
    if not comma and _PLAIN.fullmatch(level):
        return float(level)
    if _INFINITE.fullmatch(level):
        return float(level)
    text = level.translate(_STRIP).replace("\u2212", "-").strip()
    if (_THOUSANDS_POINT if comma else _THOUSANDS).fullmatch(text):
        text = re.sub("[ '\u00a0\u202f\u2019" + (".]" if comma else ",]"), "", text)
    if comma:
        text = text.replace(",", ".") if "." not in text else text
    return float(text) if _PLAIN.fullmatch(text) else None


def numbers_share(text: Text, spelled: Spelled) -> float:
    """The share of the rows with a value whose value reads as a number."""
    seen = np.bincount(text.codes[text.codes >= 0], minlength=len(text.levels))
    told = seen[~spelled.missing].sum()
    return float(seen[~spelled.missing & ~spelled.bad].sum() / told) if told else 0.0


def looks_numeric(levels: Sequence[str], most: int = 200) -> bool:
    """A cheap first look: whether half of a sample of the levels read as numbers or as missing."""
    step = max(1, len(levels) // most)
    spelled = _read(levels[::step], comma=False)
    other = _read(levels[::step], comma=True)
    return bool(2 * min(spelled.bad.sum(), other.bad.sum()) <= len(spelled.bad))


def looks_like_dates(levels: Sequence[str], most: int = 200) -> bool:
    """Whether nearly all of a sample of the levels are spelled like a date.

    >>> looks_like_dates(["31/12/2020", "01/02/2021"]), looks_like_dates(["north", "south"])
    (True, False)
    """
    sample = levels[:: max(1, len(levels) // most)]
    hits = sum(_DATE.fullmatch(level) is not None for level in sample)
    return len(sample) > 0 and hits >= 0.95 * len(sample)


def read_days(levels: Sequence[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """ISO dates (2024-05-01, with a time or not, zones turned to UTC) as days since 1970-01-01, and which are
    bad.

    >>> read_days(["1970-01-02", "1970-01-01T12:00:00Z", "soon"])
    (array([1. , 0.5, nan]), array([False, False,  True]))
    """
    from datetime import UTC, datetime

    values = np.full(len(levels), np.nan)
    start = datetime(1970, 1, 1, tzinfo=UTC)
    for i, level in enumerate(levels):
        try:
            moment = datetime.fromisoformat(level)
        except ValueError:
            continue
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        values[i] = (moment - start).total_seconds() / 86400
    return values, np.isnan(values)
