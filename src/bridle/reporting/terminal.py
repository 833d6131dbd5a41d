"""The summary on the console: rich where the terminal can, plain ASCII where it cannot."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from .formatting import clean, count, listing, number, percent, short, signed, to_ascii
from .page import summon
from .summarizing import CoefficientRow, Summary, summary

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..model import Model

MOST_COEFFICIENTS = 25
MOST_NOTES = 12


def console(model: Model | Any, width: int = 80, color: bool = True, *, ascii_only: bool = False) -> str:
    """Lay out a model's summary as text for a terminal.

    Parameters
    ----------
    model : a fitted model.
    width : columns of the terminal; below 40 it is laid out for 40.
    color : whether to use colours (ANSI sequences).
    ascii_only : write nothing but ASCII; a name's other characters become escapes.

    Returns
    -------
    str
        Lines, ending with a newline.

    Examples
    --------
    >>> import numpy as np
    >>> import bridle
    >>> from bridle.reporting import console
    >>> x = np.random.default_rng(0).normal(size=(80, 3))
    >>> model = bridle.fit(x, 3 * x[:, 0] + np.random.default_rng(1).normal(size=80))
    >>> console(model, color=False, ascii_only=True).isascii()
    True
    """
    summon(model)
    return written(lambda screen: text_of(model, screen, ascii_only), max(width, 40), color)


@singledispatch
def text_of(model: Any, screen: Console, ascii_only: bool) -> None:
    """Print what there is to say of a model; rooms above register their own kinds."""
    said = summary(model)
    layout = Layout(screen, ascii_only)
    layout.answer(said)
    layout.errors(said, replace(said.scale, target=short(said.target, 30)).unit)
    for sentence in (said.chosen_by, said.scores):
        if sentence is not None:
            layout.paragraph(sentence, indent=2)
    layout.coefficients(said)
    layout.remarks(said)
    layout.certificate(said)


def written(lay_out: Callable[[Console], None], width: int, color: bool) -> str:
    """What ``lay_out`` prints, as lines without trailing blanks."""
    from rich.console import Console

    out = io.StringIO()
    screen = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    lay_out(screen)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


class Screen:
    """Paragraphs and headings on a terminal."""

    def __init__(self, screen: Console, ascii_only: bool) -> None:
        self.screen = screen
        self.ascii_only = ascii_only

    def said(self, content: str) -> str:
        return to_ascii(content) if self.ascii_only else content

    def paragraph(self, content: str, style: str = "", indent: int = 0) -> None:
        from rich.padding import Padding
        from rich.text import Text

        self.screen.print(Padding(Text(self.said(content), style=style), (0, 0, 0, indent)))

    def heading(self, content: str, note: str = "") -> None:
        from rich.text import Text

        line = Text(self.said(content), style="bold cyan")
        if note:
            line.append(self.said(f"  {note}"), style="dim")
        self.screen.print()
        self.screen.print(line)


class Layout(Screen):
    """The parts of the summary, printed one after the other."""

    def answer(self, said: Any) -> None:
        self.paragraph(said.answer[0], "bold")
        self.paragraph(said.answer[1], "bold")

    def table(self) -> Table:
        from rich.table import Table

        return Table(box=None, show_header=False, show_edge=False, padding=(0, 2, 0, 0), pad_edge=False)

    def errors(self, said: Any, unit: str) -> None:
        from rich.padding import Padding

        self.heading("Error", f"{unit}; {said.folds or 'training rows only'}")
        table = self.table()
        for justify in ("left", "right", "left", "left"):
            table.add_column(
                justify=justify, no_wrap=True, overflow="crop" if self.ascii_only else "ellipsis"
            )
        for row in said.errors:
            noise = "" if row.standard_error is None else f"± {number(row.standard_error, 2)}"
            share = "" if row.explained is None else f"{percent(row.explained)} of the {said.measure}"
            table.add_row(*map(self._cell, (row.name, number(row.size), noise, share)))
        self.screen.print(Padding(table, (0, 0, 0, 2)))
        self.paragraph(said.fit, indent=2)
        self.paragraph(said.honest, indent=2)

    def coefficients(self, said: Summary) -> None:
        from rich.padding import Padding

        self.heading("Variables kept", self._columns(said))
        shown = said.coefficients[:MOST_COEFFICIENTS]
        if not shown:
            self.paragraph(said.kept_sentence, indent=2)
            return
        table = self.table()
        room_for_names = max(12, self.screen.width // 3)
        table.add_column(
            no_wrap=True, overflow="crop" if self.ascii_only else "ellipsis", max_width=room_for_names
        )
        longest = max(abs(r.effect) for r in shown)
        cells = [_numbers(r) for r in shown]
        for _ in cells[0]:
            table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        names = max(len(short(r.label, room_for_names)) for r in shown) + 2
        taken = names + sum(max(len(cell[i]) for cell in cells) + 2 for i in range(len(cells[0]))) + 2
        room = max(4, min(24, self.screen.width - taken))
        for row, cell in zip(shown, cells):
            bar = self._bar(row, longest, room)
            table.add_row(self._name(row.label, room_for_names), *map(self._cell, cell), bar)
        self.screen.print(Padding(table, (0, 0, 0, 2)))
        if len(said.coefficients) > len(shown):
            more = count(len(said.coefficients) - len(shown), "smaller coefficient")
            self.paragraph(f"and {more}", "dim", indent=2)
        if said.dropped:
            self.paragraph(f"Left out: {listing(said.dropped, most=20)}.", indent=2)
        for sentence in said.correlated[:MOST_NOTES]:
            self.paragraph(sentence, indent=2)

    def _columns(self, said: Summary) -> str:
        """What the numbers beside the names are."""
        meaning = said.meaning
        if meaning.scale is None:
            return "coefficient in original units; effect of one standard deviation"
        factor = "" if meaning.factor is None else f"; {meaning.factor}"
        return f"adds to {meaning.scale}{factor}; effect of one standard deviation"

    def _bar(self, row: CoefficientRow, longest: float, room: int) -> Text:
        from rich.text import Text

        share = abs(row.effect) / longest if longest else 0.0
        if self.ascii_only:
            bar = "#" * max(1, round(share * room))
        else:
            full, eighths = divmod(max(1, round(share * room * 8)), 8)
            bar = "█" * full + (" ▏▎▍▌▋▊▉"[eighths] if eighths else "")
        return Text(bar, style="blue" if row.effect > 0 else "yellow")

    def _name(self, label: str, room: int) -> Text:
        if not self.ascii_only:
            return self._cell(short(label, room))
        label = to_ascii(clean(label))
        return self._cell(label if len(label) <= room else label[: room - 3] + "...")

    def _cell(self, content: str) -> Text:
        from rich.text import Text

        return Text(self.said(content))

    def remarks(self, said: Any) -> None:
        if said.other is not None:
            self.heading("The other rule")
            self.paragraph(said.other, indent=2)
        if said.warnings or said.notes:
            self.heading("About the data")
        for sentence in said.warnings[:MOST_NOTES]:
            self.paragraph(f"⚠ {sentence}", "yellow", indent=2)
        room = max(0, MOST_NOTES - len(said.warnings))
        for sentence in said.notes[:room]:
            self.paragraph(sentence, indent=2)
        left = (
            len(said.warnings)
            + len(said.notes)
            - min(len(said.warnings), MOST_NOTES)
            - len(said.notes[:room])
        )
        if left > 0:
            self.paragraph(f"and {count(left, 'more note')} in the report", "dim", indent=2)

    def certificate(self, said: Summary) -> None:
        self.heading("Certificate")
        sign, style = ("✓", "green") if said.certified else ("✗", "bold red")
        self.paragraph(f"{sign} {said.certificate}", style, indent=2)


def _numbers(row: CoefficientRow) -> tuple[str, ...]:
    """Coefficient, what it multiplies where it does, effect of one standard deviation."""
    factor = () if row.factor is None else (f"×{number(row.factor)}",)
    return (signed(row.value, 4), *factor, signed(row.effect))
