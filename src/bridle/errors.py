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


class DataError(BridleError, ValueError):
    """The data cannot be used as they are; the message names the column or the row."""

    code = 3


class FileError(DataError):
    """A file cannot be read or written as what it claims to be."""


class SchemaError(DataError):
    """A table does not have the columns, types or levels that the model was fitted with."""


class ModelFileError(FileError):
    """A model file is damaged, of a newer version, or no model file at all."""


class NotCertifiedWarning(UserWarning):
    """The certificate does not reach the tolerance: the numbers are given, the word "converged" is not."""
