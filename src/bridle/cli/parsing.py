"""Turning the texts of options into values; what cannot be turned is named."""

from __future__ import annotations

import os
from collections.abc import Iterable

import click

from ..errors import FileError, UsageError

ALL = "all"


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas (or spaces) between them.

    >>> numbers("0.1,1, 10")
    (0.1, 1.0, 10.0)
    """
    words = text.replace(",", " ").split()
    for word in words:
        if not _is_number(word):
            raise click.BadParameter(f"{word!r} is not a number; write them like 0.01,0.1,1.")
    if not words:
        raise click.BadParameter("no number is given.")
    return tuple(float(word) for word in words)


def power(text: str) -> float:
    """The value of an option that need not have one: whatever stands behind it is taken for its value."""
    if not _is_number(text):
        raise click.BadParameter(
            f"{text!r} is not a number; put --adaptive behind the table, or write --adaptive 1."
        )
    return float(text)


def mixes(text: str) -> tuple[float, ...] | bool:
    """The mixes of a relaxed lasso; True for those that it has unless some are given.

    >>> mixes("0,0.5"), mixes(ALL)
    ((0.0, 0.5), True)
    """
    if text == ALL:
        return True
    if not all(_is_number(word) for word in text.replace(",", " ").split()):
        raise click.BadParameter(
            f"{text!r} is no list of numbers; put --relax behind the table, or write --relax {ALL}."
        )
    return numbers(text)


def folds(text: str) -> int | float:
    """A whole number of folds, or the share of rows to hold out.

    >>> folds("10"), folds("0.25")
    (10, 0.25)
    """
    if not _is_number(text):
        raise click.BadParameter(f"{text!r} is neither a number of folds nor a share such as 0.25.")
    try:
        return int(text)
    except ValueError:
        return float(text)


def flattened(lists: Iterable[tuple[float, ...]]) -> tuple[float, ...] | None:
    """The numbers of an option that may be repeated; None where it was not given."""
    return tuple(number for numbers in lists for number in numbers) or None


def pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    """COLUMN=VALUE as a dict; the column's name may hold an equals sign, the value not.

    >>> pairs("--type", ["zip=categorical", "a=b=numeric"])
    {'zip': 'categorical', 'a=b': 'numeric'}
    """
    out: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.rpartition("=")
        if not sign or not name or not value:
            raise UsageError(f"{option} takes COLUMN=VALUE, not {text!r}.")
        if name in out:
            raise UsageError(f"{option} names the column {name!r} twice.")
        out[name] = value.strip()
    return out


def class_weights(texts: Iterable[str]) -> str | dict[str, float] | None:
    """The word balanced, or CLASS=NUMBER as a dict.

    >>> class_weights(["balanced"]), class_weights(["yes=5"])
    ('balanced', {'yes': 5.0})
    """
    listed = list(texts)
    return "balanced" if listed == ["balanced"] else numbered("--class-weight", listed)


def numbered(option: str, texts: Iterable[str]) -> dict[str, float] | None:
    """COLUMN=NUMBER as a dict ("inf" is a number); None where the option was not given."""
    out = {}
    for name, value in pairs(option, texts).items():
        if not _is_number(value):
            raise UsageError(f"{option} {name}={value}: {value!r} is not a number.")
        out[name] = float(value)
    return out or None


def check_outputs(table: str, outputs: dict[str, str | None]) -> None:
    """Refuse, before any work is done, outputs that cannot be written or would overwrite what is read.

    Raises ``UsageError`` where an output is the table itself or another output, ``FileError`` where it is a
    folder or a device, or lies in no folder.
    """
    seen: dict[str, str] = {} if table == "-" else {os.path.realpath(table): "the table"}
    for option, path in outputs.items():
        if path is None:
            continue
        if path in ("", "-"):
            raise UsageError(f"{option} needs the name of a file; standard output is for the answer.")
        real = os.path.realpath(path)
        if real in seen:
            raise UsageError(f"{option} {path} would overwrite {seen[real]}; give it another name.")
        seen[real] = option
        if os.path.exists(real) and not os.path.isfile(real):
            what = "a folder" if os.path.isdir(real) else "a pipe or a device"
            raise FileError(f"{option} {path} is {what}; give the name of a file.")
        if not os.path.isdir(os.path.dirname(real)):
            raise FileError(f"{option} {path} cannot be written: its folder does not exist.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
