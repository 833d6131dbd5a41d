"""The typed errors: each says what is wrong, where, and what to do."""

from __future__ import annotations


class BridleError(Exception):
    """Base of every error that bridle raises on purpose.

    ``str(error)`` is one or two sentences that a person can act on. ``code`` is the exit status of the command line.
    """

    code = 1


class UsageError(BridleError, ValueError):
    """An argument is wrong: an unknown option, a penalty that makes no sense, a rule that does not exist."""

    code = 2


def number(name: str, value: object, low: float, high: float = float("inf"), *, whole: bool = False) -> float:
    """An argument that must be a number between two bounds, as a float.

    Raises
    ------
    UsageError
        For anything else, with the argument's name.

    >>> number("alpha", 1, 0)
    1.0
    """
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        out = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise UsageError(f"{name} must be a number, not {value!r}.") from None
    if not low <= out <= high or (whole and out != int(out)):
        kind = "a whole number" if whole else "a number"
        bounds = f"between {low:g} and {high:g}" if high <= 1 else f"of at least {low:g}"
        if high > 1 and out > high:
            bounds = f"of at most {high:g}"
        raise UsageError(f"{name} must be {kind} {bounds}, not {value}.")
    return out


class DataError(BridleError, ValueError):
    """The data cannot be used as they are; the message names the column or the row."""

    code = 3


class SeparationError(DataError):
    """Two classes that the columns tell apart without error: unpenalized coefficients have no finite optimum."""


class FileError(DataError):
    """A file cannot be read or written as what it claims to be."""


class SchemaError(DataError):
    """A table does not have the columns, types or levels that the model was fitted with."""


class ModelFileError(FileError):
    """A model file is damaged, of a newer version, or no model file at all."""


class NotCertifiedWarning(UserWarning):
    """The certificate does not reach the tolerance: the numbers are given, the word "converged" is not."""
