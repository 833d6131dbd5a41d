"""The table on the console: rich where the terminal can, plain ASCII where it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ..reporting.formatting import number, percent, short
from ..reporting.terminal import Screen, written
from .result import Comparison, Row
from .saying import (
    auc_text,
    certificates,
    error_text,
    expectation,
    how_judged,
    how_paired,
    impossible,
    measure,
    not_compared,
    seconds,
    verdict,
)

if TYPE_CHECKING:
    from rich.table import Table

MOST_NOTES = 8


def comparison_console(
    comparison: Comparison, width: int = 80, color: bool = True, *, ascii_only: bool = False
) -> str:
    """Lay out a comparison as text for a terminal: lines, ending with a newline.

    ``width`` is in columns (below 60 it is laid out for 60), ``color`` adds ANSI sequences, ``ascii_only`` writes nothing
    but ASCII.

    >>> import numpy as np
    >>> from bridle.comparing import compare
    >>> x = np.random.default_rng(0).normal(size=(80, 3))
    >>> y = 3 * x[:, 0] + np.random.default_rng(1).normal(size=80)
    >>> found = compare(x, y, networks=False)
    >>> comparison_console(found, color=False, ascii_only=True).isascii()
    True
    """
    return written(lambda screen: _Layout(screen, ascii_only).all_of(comparison), max(width, 60), color)


_SIDES: tuple[Literal["left", "right"], ...] = (
    "left",
    "left",
    "left",
    "right",
    "right",
    "right",
    "left",
    "right",
)
_SHARE, _AUC, _TIME = 3, 4, 7


def names(of: Comparison) -> tuple[str, ...]:
    """The headings of the table's columns."""
    error, share = ("Error", "R²") if measure(of).squared else ("Deviance", "D²")
    return ("", "Method", error, share, "AUC", "Kept", "Against it", "Time")


class _Layout(Screen):
    def all_of(self, of: Comparison) -> None:
        self.paragraph(of.reason, "bold")
        self.paragraph(expectation(of), "bold")
        own = replace(measure(of), target=short(of.target_name, 30))
        self.heading("Side by side", own.unit)
        self.screen.print(self.table(of))
        for sentence in (*impossible(of), *not_compared(of)):
            self.paragraph(sentence, indent=2)
        area = " AUC: area under the ROC curve, on new rows." if of.recommended.scores else ""
        self.paragraph(
            f"{names(of)[_SHARE]}: share of the {own.explained} explained, on new rows; points are percent of it.{area} "
            "Kept: variables, by the fit on all rows. Time: of cross-validation and fit.",
            indent=2,
        )
        self.heading("How this is judged")
        self.paragraph(how_judged(of), indent=2)
        self.paragraph(how_paired(of), indent=2)
        warned = [note.text for note in of.notes if note.warning][:MOST_NOTES]
        if warned:
            self.heading("About the data")
        for text in warned:
            self.paragraph(f"⚠ {text}", "yellow", indent=2)
        self.certified(of)

    def certified(self, of: Comparison) -> None:
        fine, sentence = certificates(of)
        self.heading("Certificates")
        sign, style = ("✓", "green") if fine else ("✗", "bold red")
        self.paragraph(f"{sign} {sentence}", style, indent=2)

    def table(self, of: Comparison) -> Table:
        from rich.table import Table
        from rich.text import Text

        rows, shown, gap = self.fitting(of)
        table = Table(box=None, show_edge=False, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim")
        for at in shown:
            table.add_column(self.said(names(of)[at]), justify=_SIDES[at], no_wrap=True)
        for row, cells in zip(of.rows, rows):
            style = "bold" if row is of.recommended else ""
            table.add_row(*(Text(cells[at], style=style) for at in shown))
        return table

    def fitting(self, of: Comparison) -> tuple[list[tuple[str, ...]], list[int], int]:
        """What there is room for: first the time goes, then the share explained, the AUC, the standard errors."""
        none = () if of.recommended.scores else (_AUC,)
        for left_out, spread in (
            ((), True),
            ((_TIME,), True),
            ((_TIME, _SHARE), True),
            ((_TIME, _SHARE, _AUC), True),
            ((_TIME, _SHARE, _AUC), False),
        ):
            rows = [self.cells(of, row, spread) for row in of.rows]
            shown = [at for at in range(len(_SIDES)) if at not in (*left_out, *none)]
            width = sum(max(len(self.said(names(of)[at])), *(len(row[at]) for row in rows)) for at in shown)
            for gap in (2, 1):
                if width + gap * len(shown) <= self.screen.width:
                    return rows, shown, gap
        return rows, shown, 1

    def cells(self, of: Comparison, row: Row, spread: bool) -> tuple[str, ...]:
        taken = "→" if row is of.recommended else ""
        if row.possible:
            error = error_text(row) if spread else number(row.size)
            more = (
                error,
                percent(row.explained),
                auc_text(row),
                f"{row.n_variables:,}",
                verdict(of, row),
                seconds(row.seconds),
            )
        else:
            more = ("–", "–", "–", "–", "not possible", "–")
        return tuple(map(self.said, (taken, short(row.title, 20), *more)))
