"""Columns of text below each other."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Lines with two spaces between columns; the columns numbered in ``right`` end below each other.

    >>> print(aligned(("name", "n"), [("one", "10"), ("three", "5")], right=(1,)))
    name    n
    one    10
    three   5
    """
    lines = [head, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if k in right else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    )


__all__ = ["aligned"]
