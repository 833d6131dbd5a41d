"""Options and remarks that the commands on tables share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .running import say

if TYPE_CHECKING:
    from ..table import Schema, Table

MOST_COLUMNS_SHOWN = 40
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def options(*several: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which the help shows them."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(several):
            function = option(function)
        return function

    return decorate


ROLES = options(
    click.option("--target", metavar="COLUMN", help="What to predict."),
    click.option("--weights", metavar="COLUMN", help="Weights of the rows, at least 0."),
    click.option("--groups", metavar="COLUMN", help="Rows of one group stay on one side of every split."),
    click.option("--order", metavar="COLUMN", help="Train on what comes before, test on what comes after."),
    click.option("--ignore", metavar="COLUMN", multiple=True, help="Leave a column out. Repeatable."),
    click.option(
        "--type", "types", metavar="COLUMN=TYPE", multiple=True,
        help="Read a column as numeric, categorical, boolean or date. Repeatable.",
    ),
)  # fmt: skip


def some(data: Table) -> str:
    """The columns of a table, as many as fit a message."""
    names = list(data.names)
    return ", ".join(names[:12]) + (f" and {len(names) - 12:,} more" if len(names) > 12 else "")


def tell_roles(schema: Schema, data: Table) -> None:
    """What the columns were taken for."""
    rows = schema.describe()
    say(f"{data.n_rows:,} rows, {len(data.names):,} columns")
    shown = [(*map(_cut, row[:3]), row[3]) for row in rows[:MOST_COLUMNS_SHOWN]]
    widths = [max((len(row[i]) for row in shown), default=0) for i in range(3)]
    for row in shown:
        say("  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip())
    if len(rows) > len(shown):
        say(f"  and {len(rows) - len(shown):,} more")


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
