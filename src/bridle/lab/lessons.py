"""From a key to a lesson: a dict of scalars, strings and arrays, computed by the engine; no server is needed.

>>> sorted(compute("corners?dataset=pair&l1_ratio=1"))[:3]
['alpha_max', 'alphas', 'betas']
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import UsageError
from . import corners, descending, home, needles, networks, stopping, twins, wiggle
from .examples import Example, load
from .keys import Key
from .tables import Tables
from .work import Lesson, Progress

_MAKERS: dict[str, Callable[[Example, Key, Progress], Lesson]] = {
    "home": home.lesson,
    "corners": corners.lesson,
    "descent": descending.lesson,
    "stopping": stopping.lesson,
}
# Lessons that make their own tables.
_OWN: dict[str, Callable[[Key, Progress], Lesson]] = {
    "twins": twins.lesson,
    "needles": needles.lesson,
    "wiggle": wiggle.lesson,
    "network": networks.lesson,
}


def compute(key: str, progress: Progress | None = None, tables: Tables | None = None) -> Lesson:
    """The lesson of a key.

    Parameters
    ----------
    key : ``kind?name=value&...``; see ``keys``.
    progress : called with a stage's name and its share done; what it raises ends the work and comes through.
    tables : the person's own tables, for the lessons on them.

    Raises
    ------
    UsageError
        For a key that asks for what there is not.
    """
    asked = Key.parse(key)
    tell = progress or (lambda stage, share: None)
    tell("reading", 0.0)
    if "table" in asked.values:
        if tables is None:
            raise UsageError("Tables of one's own need the running lab: bridle lab TABLE.")
        from .yours import lesson as own

        return own(asked, tell, tables)
    if asked.kind in _OWN:
        made: Lesson = {"key": str(asked)} | _OWN[asked.kind](asked, tell)
        tell("done", 1.0)
        return made
    data = load(str(asked.values["dataset"]))
    lesson = {
        "key": str(asked),
        "dataset": data.id,
        "title": data.title,
        "target": data.target,
        "unit": data.unit,
        "names": list(data.names),
        "n_rows": len(data.y),
    } | _MAKERS[asked.kind](data, asked, tell)
    tell("done", 1.0)
    return lesson


__all__ = ["compute"]
