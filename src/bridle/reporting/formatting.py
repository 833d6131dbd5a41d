"""How numbers and names are written: the one place where a value becomes text for a person."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_ASCII = {
    "−": "-",
    "–": "-",
    "—": "-",
    "×": "x",
    "±": "+/-",
    "≤": "<=",
    "≥": ">=",
    "…": "...",
    "·": "|",
    "∞": "inf",
    "²": "^2",
    "\u00a0": " ",
    "\u2068": "",
    "\u2069": "",
    "“": '"',
    "”": '"',
    "’": "'",
    "→": "->",
    "←": "<-",
    "█": "#",
    "✓": "ok",
    "✗": "x",
    "⚠": "!",
}
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number(value: float, digits: int = 3) -> str:
    """Write a number with significant digits, thousands separated, never rounding its whole part.

    >>> number(54.5678), number(0.043721), number(1234567.0), number(-0.5)
    ('54.6', '0.0437', '1,234,567', '−0.500')
    >>> number(1.0000000002), number(3.2e-11, 2).split(), number(0.0), number(float("nan"))
    ('1.00', ['3.2', '×', '10⁻¹¹'], '0', 'n/a')
    """
    value = float(value)
    if math.isnan(value):
        return "n/a"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exponent = int(f"{value:.{digits - 1}e}".split("e")[1])
    if exponent < -4 or exponent >= 9:
        return _scientific(value, digits)
    text = f"{value:,.{max(0, digits - 1 - exponent)}f}"
    return text.replace("-", "−")


def _scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = str(int(exponent)).translate(_SUPERSCRIPTS)
    return f"{mantissa.replace('-', '−')}\u00a0×\u00a010{power}"


def signed(value: float, digits: int = 3) -> str:
    """Write a number with its sign, for effects and changes.

    >>> signed(2.5, 2), signed(-2.5, 2), signed(0.0)
    ('+2.5', '−2.5', '0')
    """
    return ("+" if value > 0 else "") + number(value, digits)


def percent(share: float) -> str:
    """Write a share as a percentage that never rounds to an untrue 0 % or 100 %.

    >>> percent(0.5), percent(0.0042), percent(0.9997), percent(-0.031), percent(1.0)
    ('50%', '0.4%', '99.97%', '−3%', '100%')
    """
    if not math.isfinite(share):
        return "n/a"
    value = 100 * share
    decimals = 0
    while decimals < 4 and round(abs(value), decimals) in (0, 100) and abs(value) not in (0, 100):
        decimals += 1
    return f"{value:.{decimals}f}%".replace("-", "−")


def signed_percent(share: float) -> str:
    """A change in percent, with its sign.

    >>> signed_percent(0.024), signed_percent(-0.3)
    ('+2%', '−30%')
    """
    return ("+" if share > 0 else "") + percent(share)


def count(amount: int, noun: str, plural: str | None = None) -> str:
    """Write an amount with its noun in the right form.

    >>> count(1, "variable"), count(7, "variable"), count(1200, "row")
    ('1 variable', '7 variables', '1,200 rows')
    """
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def word(amount: int) -> str:
    """Write a small amount as a word.

    >>> word(2), word(12)
    ('two', '12')
    """
    return _WORDS[amount] if 0 <= amount < len(_WORDS) else f"{amount:,}"


def ticks_text(values: Sequence[float]) -> list[str]:
    """Write the labels of one axis with as many decimals as they need, the same for all.

    >>> ticks_text([0.0, 0.5, 1.0]), ticks_text([-20.0, 0.0, 20.0]), ticks_text([0.0, 2000.0])
    (['0', '0.5', '1.0'], ['−20', '0', '20'], ['0', '2,000'])
    """
    largest = max((abs(v) for v in values), default=0.0)
    if largest and (largest < 1e-3 or largest >= 1e7):
        return ["0" if v == 0 else _scientific(v, 1 + _mantissa_decimals(v)) for v in values]
    decimals = 0
    while decimals < 7 and any(abs(v - round(v, decimals)) > 1e-9 * largest for v in values):
        decimals += 1
    return ["0" if v == 0 else f"{v:,.{decimals}f}".replace("-", "−") for v in values]


def _mantissa_decimals(value: float) -> int:
    mantissa = float(f"{value:.6e}".split("e")[0])
    return next(d for d in range(8) if abs(mantissa - round(mantissa, d)) < 1e-6)


def alpha_tick(value: float) -> str:
    """Write a position on the alpha axis as shortly as can be.

    >>> alpha_tick(0.001), alpha_tick(30.0), alpha_tick(1e-7), alpha_tick(0.0)
    ('0.001', '30', '10⁻⁷', '0')
    """
    if value == 0:
        return "0"
    if 1e-4 <= value < 1e5:
        return f"{value:,.10f}".rstrip("0").rstrip(".") if value < 1 else f"{value:,g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    return power if mantissa == "1" else f"{mantissa}×{power}"


def clean(text: object) -> str:
    """Make text safe to set in a line: no control characters, no line breaks, no bidi overrides.

    >>> clean("a\\nb\\x00c"), clean("x\\u202ey")
    ('a b�c', 'x�y')
    """
    return "".join(map(_visible_character, str(text)))


def visible(name: object) -> str:
    """A user's name as it can stand in a line: cleaned, never empty.

    A name that runs from right to left is isolated (U+2068, U+2069), so that it does not turn its sentence
    around.

    >>> visible("bmi"), visible(""), visible("a\\tb")
    ('bmi', '(empty name)', 'a b')
    """
    text = clean(name)
    if not text.strip():
        return "(empty name)" if not text else "(blank name)"
    if any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text):
        return f"\u2068{text}\u2069"
    return text


def _visible_character(character: str) -> str:
    category = unicodedata.category(character)
    if character in "\t\n\r\u2028\u2029":
        return " "
    # U+200C and U+200D shape letters in several scripts; other format characters only hide or reorder text.
    hidden = category in ("Cc", "Cs") or (category == "Cf" and character not in "\u200c\u200d\u00ad")
    hidden = hidden or ord(character) & 0xFFFE == 0xFFFE  # no characters, and not allowed in XML
    return "�" if hidden else character


def short(name: object, length: int = 60) -> str:
    """Cut a long name in the middle, keeping both ends, which tell names apart.

    >>> short("a" * 30 + "b" * 30, 11)
    'aaaaa…bbbbb'
    """
    text = visible(name)
    if len(text) <= length:
        return text
    isolated = text.startswith("\u2068")
    text = text.strip("\u2068\u2069")
    head = length // 2
    tail = length - head - 1
    cut = f"{text[:head].rstrip()}…{text[-tail:].lstrip()}"
    return f"\u2068{cut}\u2069" if isolated else cut


def listing(names: Iterable[object], most: int = 12, length: int = 40) -> str:
    """Write names as an English list, the rest of a long one as a number.

    >>> listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"]), listing("abcdef", most=2)
    ('a', 'a and b', 'a, b and c', 'a, b and 4 more')
    """
    words = [short(name, length) for name in names]
    if len(words) > most + 1:
        words = [*words[:most], f"{len(words) - most:,} more"]
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def to_ascii(text: str) -> str:
    """Turn bridle's own typography into ASCII; what else is not ASCII (a user's name) becomes an escape.

    >>> to_ascii("−0.5 ± 2 × 10⁻⁸ · größe")
    '-0.5 +/- 2 x 10^-8 | gr\\\\xf6\\\\xdfe'
    """
    pieces = []
    for previous, character in zip(" " + text, text):
        if character in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻":
            digit = "0123456789-"["⁰¹²³⁴⁵⁶⁷⁸⁹⁻".index(character)]
            pieces.append(digit if previous in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻" else "^" + digit)
        else:
            pieces.append(_ASCII.get(character, character))
    return "".join(pieces).encode("ascii", "backslashreplace").decode("ascii")
