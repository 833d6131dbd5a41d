"""The lessons on a person's own table: its columns, the path with its errors on new rows, corners, and every method.

Some rows are put away before anything else is done with the table; what they say is looked at once, for the strengths
that both rules chose. All else is ``bridle.fit`` and ``bridle.compare`` on the remaining rows.
"""

from __future__ import annotations

from ..errors import DataError
from . import columns, methods, modelling, pairs
from .holding import hold_out
from .keys import Key
from .modelling import model_of
from .tables import Tables
from .work import Lesson, Progress

_MAKERS = {
    "yours": modelling.lesson,
    "yours-columns": columns.lesson,
    "yours-corners": pairs.corners,
    "yours-methods": methods.lesson,
    "yours-pair": pairs.pair,
}


def lesson(key: Key, progress: Progress, tables: Tables) -> Lesson:
    """Any of the lessons on a table; beside the thread that waits for it."""
    maker = _MAKERS[key.kind]
    try:
        found: Lesson = tables.beside(lambda tell: maker(key, tell, tables), progress)
    except MemoryError:
        raise DataError("There is not enough memory for this table.") from None
    return found


__all__ = ["hold_out", "lesson", "model_of"]
