"""The summary on the console."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from bridle.reporting import console, summary


def _width(line: str) -> int:
    wide = {"W": 2, "F": 2}
    return sum(
        0
        if unicodedata.combining(c) or unicodedata.category(c) == "Cf"
        else wide.get(unicodedata.east_asian_width(c), 1)
        for c in line
    )


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit_the_terminal(model: Any, width: int) -> None:
    assert max(_width(line) for line in console(model, width, color=False).splitlines()) <= width


def test_without_colour_there_are_no_control_characters(model: Any) -> None:
    text = console(model, color=False)
    assert "\x1b" not in text
    assert not any(unicodedata.category(c) == "Cc" for c in text.replace("\n", ""))


def test_names_cannot_send_control_sequences_or_markup(models: Any) -> None:
    plain = console(models("hostile"), 200, color=False)
    assert "[bold red]markup[/]" in plain
    coloured = console(models("hostile"), 200, color=True)
    assert "\x1b[31mred" not in coloured


def test_ascii_only(model: Any) -> None:
    assert console(model, color=False, ascii_only=True).isascii()


def test_it_says_what_the_page_says(models: Any) -> None:
    said = summary(models("diabetes"))
    text = " ".join(console(models("diabetes"), 100, color=False).split())
    for sentence in (*said.answer, said.fit, said.other, said.certificate, *said.correlated, *said.warnings):
        assert " ".join(sentence.split()) in text


def test_colour_is_only_added(models: Any) -> None:
    import re

    coloured = console(models("diabetes"), color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).split() == console(models("diabetes"), color=False).split()
