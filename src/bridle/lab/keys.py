"""Keys of lessons: ``kind?name=value&...``, names sorted, numbers as JavaScript writes them; read, checked and listed.

A key is the whole request: nothing in it names a file, and whatever is not listed here is refused in one sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from ..errors import UsageError
from .catalog import ABOUT
from .roles import read_roles

LONGEST = 400
LONGEST_OF_TABLE = 1_500  # roles of many columns take their room
L1_RATIOS = (0.0, 0.5, 1.0)
SEEDS = (0, 1, 2)
CORRELATIONS = (0.0, 0.5, 0.8, 0.92, 0.97, 0.99, 0.997, 0.999)
STARTS = {"far": (-1.2, 1.6), "zero": (0.0, 0.0)}
Value = str | int | float
# The trainings that were recorded: the first is what the screen opens with.
NETWORKS: tuple[dict[str, Value], ...] = (
    {
        "decay": 0.003, "drop": 0.5, "extra": 0, "hidden": "64x32", "lasso": 0.001, "noise": 0.1, "patience": 20,
        "rate": 0.02, "seed": 0, "shape": "moons",
    },
)  # fmt: skip
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?(e[+-][1-9][0-9]{0,2})?")
_ID = re.compile(r"[0-9a-f]{16}")
# Families as bridle.fit takes them, or the one that it proposes; those with a parameter, and between what it lies.
FAMILIES = (
    "auto", "squared", "binomial", "binomial(probit)", "binomial(cloglog)", "poisson", "gamma", "inverse_gaussian",
)  # fmt: skip
PARAMETERS = {"huber": (0.0, 1e12), "negative_binomial": (0.0, 1e6), "tweedie": (1.0, 10.0)}
_WAYS = (("gradient", "l2"), ("subgradient", "l1"), ("proximal", "l1"))


@dataclass(frozen=True)
class Key:
    """A key that was read: its kind and its values.

    >>> str(Key.parse("corners?dataset=pair&l1_ratio=0.5"))
    'corners?dataset=pair&l1_ratio=0.5'
    """

    kind: str
    values: dict[str, Value]

    def __str__(self) -> str:
        return f"{self.kind}?" + "&".join(
            f"{name}={_written(self.values[name])}" for name in sorted(self.values)
        )

    @staticmethod
    def parse(text: str) -> Key:
        """Read a key.

        Raises
        ------
        UsageError
            For a key that is not written as it must be, or that asks for what there is not.
        """
        longest = LONGEST_OF_TABLE if text.startswith("yours") else LONGEST
        if len(text) > longest:
            raise UsageError(
                f"A lesson's key has at most {longest:,} characters; this one has {len(text):,}."
            )
        kind, _, rest = text.partition("?")
        if kind not in KINDS:
            raise UsageError(f"There is no lesson {_shown(kind)}; there are {', '.join(KINDS)}.")
        given = [pair.partition("=")[::2] for pair in rest.split("&")]
        readers = KINDS[kind]
        if [name for name, _ in given] != sorted(readers):
            raise UsageError(
                f"The lesson {kind} needs exactly {', '.join(sorted(readers))}, each once and in this order."
            )
        values = {name: readers[name](name, value) for name, value in given}
        _check_together(kind, values)
        return Key(kind, values)


def number_text(value: float) -> str:
    """A number as JavaScript's String(x) writes it.

    >>> [number_text(x) for x in (0.1, 2.0, 1e-7, 0.00001, 1e21, 123456789012345680000.0)]
    ['0.1', '2', '1e-7', '0.00001', '1e+21', '123456789012345680000']
    """
    if value == 0:
        return "0"
    sign, (digits, exponent) = "-" if value < 0 else "", _digits(abs(value))
    n = len(digits)
    if n <= exponent <= 21:
        return sign + digits + "0" * (exponent - n)
    if 0 < exponent <= 21:
        return f"{sign}{digits[:exponent]}.{digits[exponent:]}"
    if -6 < exponent <= 0:
        return f"{sign}0.{'0' * -exponent}{digits}"
    power = exponent - 1
    return f"{sign}{digits[0]}{'.' + digits[1:] if n > 1 else ''}e{'+' if power > 0 else '-'}{abs(power)}"


def _digits(value: float) -> tuple[str, int]:
    """The shortest digits that give the number back, and the power of ten that 0.digits is multiplied by."""
    mantissa, _, power = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits, exponent = whole + fraction, len(whole) + int(power or 0)
    stripped = digits.lstrip("0")
    return stripped.rstrip("0"), exponent - (len(digits) - len(stripped))


def _written(value: Value) -> str:
    return value if isinstance(value, str) else number_text(float(value))


def _shown(text: str) -> str:
    """A few characters of what was asked for."""
    return ascii(text if len(text) <= 40 else text[:40] + "...")


Reader = Callable[[str, str], Value]


def _one_of(*known: Value) -> Reader:
    texts = {_written(value): value for value in known}

    def read(name: str, text: str) -> Value:
        if text not in texts:
            raise UsageError(f"{name} must be one of {', '.join(texts)}, not {_shown(text)}.")
        return texts[text]

    return read


def _between(low: float, high: float, *, above: bool = False, whole: bool = False) -> Reader:
    kind = "a whole number" if whole else "a number"

    def read(name: str, text: str) -> Value:
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        fine = low <= value <= high and not (above and value == low) and not (whole and value != int(value))
        if not fine:
            least = f"above {low:g}" if above else f"of at least {low:g}"
            raise UsageError(f"{name} must be {kind} {least} and at most {high:g}, not {_shown(text)}.")
        if number_text(value) != text:
            raise UsageError(f"{name} must be written as {number_text(value)}, not {_shown(text)}.")
        return int(value) if whole else value

    return read


def _scale(name: str, text: str) -> Value:
    if text != "none" and not text.endswith("*1000"):
        raise UsageError(f"{name} must be none or a column's name and *1000, not {_shown(text)}.")
    return text


def _table(name: str, text: str) -> Value:
    if not _ID.fullmatch(text):
        raise UsageError(f"{name} must be the name that the lab gave a table, not {_shown(text)}.")
    return text


def _family(name: str, text: str) -> Value:
    """A family by name; its parameter is written as every number is, so that there is one way to ask for it."""
    kind, bracket, rest = text.partition("(")
    if kind in PARAMETERS and bracket and rest.endswith(")"):
        between = _between(*PARAMETERS[kind], above=True)
        return f"{kind}({_written(between(f'the parameter of {kind}', rest[:-1]))})"
    if text not in FAMILIES:
        known = ", ".join((*FAMILIES, *(f"{one}(number)" for one in PARAMETERS)))
        raise UsageError(f"{name} must be one of {known}, not {_shown(text)}.")
    return text


def _check_together(kind: str, values: dict[str, Value]) -> None:
    """What one value alone does not tell."""
    if kind == "home" and values["scale"] != "none":
        names = ABOUT[str(values["dataset"])].names
        if str(values["scale"]).removesuffix("*1000") not in names:
            raise UsageError(f"{values['dataset']} has no column {_shown(str(values['scale'])[:-5])}.")
    if kind == "descent" and values["penalty"] == "l1" and values["method"] == "gradient":
        raise UsageError(
            "L1 has no gradient where a weight is 0: the method must be subgradient or proximal."
        )
    if kind == "yours-pair" and values["across"] == values["up"]:
        raise UsageError("A picture of two weights needs two: across and up must differ.")


_OF_TABLE: dict[str, Reader] = {
    "family": _family,
    "roles": lambda name, text: read_roles(text).text,
    "rule": _one_of("min", "1se"),
    "seed": _one_of(*SEEDS),
    "share": _one_of(0, 0.1, 0.2, 0.3),
    "table": _table,
}
KINDS: dict[str, dict[str, Reader]] = {
    "home": {
        "dataset": _one_of(*ABOUT),
        "l1_ratio": _one_of(*L1_RATIOS),
        "scale": _scale,
        "seed": _one_of(*SEEDS),
        "standardize": _one_of(0, 1),
    },
    "corners": {"dataset": _one_of(*ABOUT), "l1_ratio": _one_of(*L1_RATIOS)},
    "descent": {
        "alpha": _between(0.0, 100.0),
        "dataset": _one_of("pair"),
        "lr": _between(0.0, 10.0, above=True),
        "method": _one_of("gradient", "subgradient", "proximal"),
        "penalty": _one_of("l2", "l1", "none"),
        "start": _one_of(*STARTS),
        "steps": _between(1, 2000, whole=True),
    },
    "stopping": {
        "dataset": _one_of("overfit"),
        "lr": _between(0.001, 1.0),  # ridge stands beside it with 1 / (2 lr t)
        "steps": _between(1, 5000, whole=True),
    },
    "twins": {
        "correlation": _one_of(*CORRELATIONS),
        "n": _one_of(40, 60, 200),
        "seed": _one_of(*SEEDS),
    },
    "needles": {"n": _one_of(150, 300, 600), "seed": _one_of(*SEEDS)},
    "wiggle": {
        "degree": _between(1, 15, whole=True),
        "l1_ratio": _one_of(0.0, 1.0),
        "n": _one_of(10, 30, 100),
        "noise": _one_of(0.1, 0.3, 0.6),
    },
    "network": {
        "decay": _one_of(0.001, 0.003, 0.01, 0.03),
        "drop": _one_of(0.1, 0.25, 0.5),
        "extra": _one_of(0, 3),
        "hidden": _one_of("8", "32", "64x32"),
        "lasso": _one_of(0.0003, 0.001, 0.003, 0.01),
        "noise": _one_of(0, 0.1, 0.2),
        "patience": _one_of(5, 10, 20, 40),
        "rate": _one_of(0.005, 0.02, 0.05),
        "seed": _one_of(*range(10)),
        "shape": _one_of("moons", "circles", "spirals"),
    },
    "yours": {**_OF_TABLE, "l1_ratio": _one_of(*L1_RATIOS)},
    "yours-columns": {name: _OF_TABLE[name] for name in ("roles", "table")},
    "yours-corners": {**_OF_TABLE, "l1_ratio": _one_of(*L1_RATIOS)},
    "yours-methods": {**_OF_TABLE, "networks": _one_of(0, 1)},
    "yours-pair": {
        **_OF_TABLE,
        "across": _between(0, 199, whole=True),
        "l1_ratio": _one_of(*L1_RATIOS),
        "up": _between(0, 199, whole=True),
    },
}


def offered() -> Iterator[Key]:
    """The lessons of the static folder: what the screens open with and one change from there, some 15 MB in all.

    The folds are drawn anew, and a column is multiplied, where that is most to the point; the server knows all the rest.
    """
    for dataset, ratio, standardize in product(("wide100", "diabetes"), L1_RATIOS, (1, 0)):
        many = standardize and (dataset == "diabetes" or ratio == 1)
        for seed in SEEDS if many else SEEDS[:1]:
            yield _home(dataset, ratio, "none", seed, standardize)
    for name, ratio, standardize in product(ABOUT["diabetes"].names, (0.0, 1.0), (1, 0)):
        yield _home("diabetes", ratio, f"{name}*1000", 0, standardize)
    for dataset, ratio in product(("wide100", "diabetes"), L1_RATIOS):
        yield Key("corners", {"dataset": dataset, "l1_ratio": ratio})
    for (method, penalty), alpha, lr, start in product(
        _WAYS, (0.1, 0.3, 1.0), (0.02, 0.1, 0.3, 0.6, 0.7), STARTS
    ):
        yield Key(
            "descent",
            {
                "alpha": alpha, "dataset": "pair", "lr": lr, "method": method, "penalty": penalty, "start": start,
                "steps": 200,
            },
        )  # fmt: skip
    for lr in (0.01, 0.02, 0.05, 0.1, 0.2):
        yield Key("stopping", {"dataset": "overfit", "lr": lr, "steps": 400})
    at_forty = [(40, correlation, 0) for correlation in CORRELATIONS]
    for n, correlation, seed in (
        *at_forty, (40, 0.997, 1), (40, 0.997, 2), (60, 0.92, 0), (60, 0.997, 0), (200, 0.997, 0)
    ):  # fmt: skip
        yield Key("twins", {"correlation": correlation, "n": n, "seed": seed})
    for n, seed in ((300, 0), (300, 1), (300, 2), (150, 0), (600, 0)):
        yield Key("needles", {"n": n, "seed": seed})
    for degree, n, noise, ratio in product(range(1, 16), (10, 30, 100), (0.1, 0.3, 0.6), (0.0, 1.0)):
        others = (degree != 15) + (n != 30) + (noise != 0.3)
        if others < 2 or (degree == 15 and ratio == 0):
            yield Key("wiggle", {"degree": degree, "l1_ratio": ratio, "n": n, "noise": noise})

    yield from (Key("network", values) for values in NETWORKS)


def _home(dataset: str, ratio: float, scale: str, seed: int, standardize: int) -> Key:
    values: dict[str, Value] = {
        "dataset": dataset, "l1_ratio": ratio, "scale": scale, "seed": seed, "standardize": standardize
    }  # fmt: skip
    return Key("home", values)


__all__ = [
    "FAMILIES", "KINDS", "LONGEST", "NETWORKS", "PARAMETERS", "STARTS", "Key", "number_text", "offered",
]  # fmt: skip
