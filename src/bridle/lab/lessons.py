"""From a key to a lesson: a dict of scalars, strings and arrays, computed by the engine; no server is needed.

>>> sorted(compute("corners?dataset=pair&l1_ratio=1"))[:3]
['alpha_max', 'alphas', 'betas']
"""

from __future__ import annotations

from collections.abc import Callable

from . import corners, descending, home, stopping
from .examples import Example, load
from .keys import Key
from .work import Lesson, Progress

_MAKERS: dict[str, Callable[[Example, Key, Progress], Lesson]] = {
    "home": home.lesson,
    "corners": corners.lesson,
    "descent": descending.lesson,
    "stopping": stopping.lesson,
}


def compute(key: str, progress: Progress | None = None) -> Lesson:
    """The lesson of a key.

    Parameters
    ----------
    key : ``kind?name=value&...``; see ``keys``.
    progress : called with a stage's name and its share done; what it raises ends the work and comes through.

    Raises
    ------
    UsageError
        For a key that asks for what there is not.
    """
    asked = Key.parse(key)
    tell = progress or (lambda stage, share: None)
    tell("reading", 0.0)
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
