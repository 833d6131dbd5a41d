"""The words that messages share: lists of names, near misses, how to overrule what was inferred."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable, Sequence


def declare(name: str, kind: str) -> str:
    """How to say the type of a column, in Python and in the shell.

    >>> declare("zip", "categorical")
    'types={"zip": "categorical"} (in the shell: --type zip=categorical)'
    """
    return f'types={{"{name}": "{kind}"}} (in the shell: --type {shlex.quote(f"{name}={kind}")})'


def leave_out(name: str) -> str:
    """How to leave a column out, in Python and in the shell.

    >>> print(leave_out("the id"))
    ignore=["the id"] (in the shell: --ignore 'the id')
    """
    return f'ignore=["{name}"] (in the shell: --ignore {shlex.quote(name)})'


def listed(names: Iterable[str], most: int = 5) -> str:
    """Names in quotes, the first few of them.

    >>> listed(["a", "b", "c"], most=2)
    '"a", "b" and 1 more'
    """
    every = list(names)
    shown = ", ".join(f'"{clipped(name)}"' for name in every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most:,} more"


def clipped(text: str, most: int = 60) -> str:
    """The text on one line, cut where it is too long to print.

    >>> clipped("a" * 100, most=5)
    'aaaaa...'
    """
    flat = " ".join(text.split()) if len(text) < 10_000 else " ".join(text[:10_000].split())
    return flat if len(flat) <= most else flat[:most] + "..."


def suggestion(name: str, names: Sequence[str]) -> str:
    """A sentence with the nearest name, or with the names there are.

    >>> suggestion("progresion", ["age", "progression"])
    'Did you mean "progression"?'
    """
    near = difflib.get_close_matches(name, names[:2000], n=1)
    if not near:
        near = [other for other in names[:2000] if other.strip().lower() == name.strip().lower()][:1]
    return f'Did you mean "{near[0]}"?' if near else f"Its columns are {listed(names, 10)}."


def counted(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
