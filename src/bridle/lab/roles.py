"""Which column of a table is what, in a few characters: letters for roles and types, the columns by their numbers from 0.

    t3.w5.i0-2.i9.c7      column 3 is the target, 5 the weights; 0, 1, 2 and 9 are left out; 7 is taken as categories

Every request has one way to be written: letters in the order of ``LETTERS``, numbers rising, neighbours joined.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..errors import UsageError

LETTERS = {
    "t": "target", "w": "weights", "g": "groups", "o": "order", "s": "offset", "i": "ignore",
    "n": "numeric", "c": "categorical", "b": "boolean", "d": "date",
}  # fmt: skip
MOST_SAID = 200_000
_ROLES, _TYPES = "twgos", "ncbd"
_PIECE = re.compile(r"([twgosincbd])(0|[1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?")


@dataclass(frozen=True)
class Roles:
    """Column numbers by letter; ``text`` writes them the one way."""

    columns: dict[str, tuple[int, ...]]

    @property
    def text(self) -> str:
        """
        >>> Roles({"i": (2, 0, 1), "t": (7,)}).text
        't7.i0-2'
        """
        out = []
        for letter in LETTERS:
            numbers = sorted(set(self.columns.get(letter, ())))
            breaks = [0, *(n for n, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1), len(numbers)]
            for start, end in pairwise(breaks):
                run = numbers[start:end]
                out += [f"{letter}{run[0]}" + (f"-{run[-1]}" if len(run) > 1 else "")] if run else []
        return ".".join(out) or "none"

    def arguments(self, names: Sequence[str]) -> dict[str, Any]:
        """What ``bridle.fit`` takes: target, weights, groups, order, offset, ignore and types, those that were said.

        Raises
        ------
        UsageError
            For the number of a column that there is not.

        >>> Roles({"t": (1,), "c": (0,)}).arguments(["zip", "price"])
        {'target': 'price', 'types': {'zip': 'categorical'}}
        """
        highest = max((max(numbers) for numbers in self.columns.values() if numbers), default=0)
        if highest >= len(names):
            raise UsageError(f"There is no column {highest + 1:,}: the table has {len(names):,}.")
        out: dict[str, Any] = {
            LETTERS[letter]: names[self.columns[letter][0]] for letter in _ROLES if self.columns.get(letter)
        }
        if self.columns.get("i"):
            out["ignore"] = [names[j] for j in self.columns["i"]]
        types = {names[j]: LETTERS[letter] for letter in _TYPES for j in self.columns.get(letter, ())}
        return {**out, "types": types} if types else out


def read_roles(text: str) -> Roles:
    """Read what ``Roles.text`` writes.

    Raises
    ------
    UsageError
        For anything else: unknown letters, two targets, two roles or two types for a column, another spelling.

    >>> read_roles("t7.i0-2").columns
    {'t': (7,), 'i': (0, 1, 2)}
    """
    found: dict[str, list[int]] = {}
    pieces = [] if text == "none" else text.split(".")
    for piece in pieces:
        match = _PIECE.fullmatch(piece)
        if match is None:
            raise UsageError(f"roles must be pieces such as t3 or i0-2, not {piece[:40]!a}.")
        letter, first, last = match[1], int(match[2]), int(match[3] or match[2])
        found.setdefault(letter, []).extend(range(first, last + 1))
        if sum(map(len, found.values())) > MOST_SAID:
            raise UsageError(f"roles can say {MOST_SAID:,} things at most.")
    for letter in _ROLES:
        if len(found.get(letter, ())) > 1:
            raise UsageError(f"Only one column can be the {LETTERS[letter]}.")
    for letters, what in ((_ROLES + "i", "role"), (_TYPES, "type")):
        named = [j for letter in letters for j in found.get(letter, ())]
        seen: set[int] = set()
        for j in named:
            if j in seen:
                raise UsageError(f"Column {j + 1:,} can have only one {what}.")
            seen.add(j)
    roles = Roles({letter: tuple(numbers) for letter, numbers in found.items()})
    if roles.text != text:
        raise UsageError(f"roles must be written as {roles.text[:80]}, not {text[:40]!a}.")
    return roles


__all__ = ["LETTERS", "Roles", "read_roles"]
