"""The page: one file, nothing from outside, every name only text, the model's own numbers."""

from __future__ import annotations

import html
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridle.errors import FileError
from bridle.reporting import report
from bridle.reporting.formatting import number, signed
from bridle.reporting.page import tabular

_VOID = {"meta", "link", "br", "img", "input"}


class _Reader(HTMLParser):
    """Reads a page strictly: every element closed in order; keeps attributes, ids, headings and tables."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.text: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._figure = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "figure":
            self._figure = dict(attrs)["id"] or ""
        if tag == "tr":
            self.tables.setdefault(self._figure, []).append([])
        if tag in ("td", "th"):
            self.tables[self._figure][-1].append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "figure":
            self._figure = ""

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open and {"td", "th"} & set(self.open):
            self.tables[self._figure][-1][-1] += data


def test_the_page_is_well_formed_and_asks_for_nothing(model: Any) -> None:
    page = str(report(model))
    reader = _Reader(page)
    assert page.startswith("<!doctype html>")
    assert ("html", {"lang": "en"}) in reader.elements
    for tag, attributes in reader.elements:
        assert tag not in ("script", "iframe", "object", "embed", "base", "form", "img")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "srcset", "action", "data", "xlink:href"):
                assert value is not None
                assert value.startswith("#") or value == "data:,"
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))
    assert "url(" not in styles
    assert "@import" not in styles
    text = page.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]", text)


def test_headings_are_in_order_and_ids_are_unique(model: Any) -> None:
    reader = _Reader(str(report(model)))
    assert reader.headings[0] == 1
    assert reader.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(reader.headings, reader.headings[1:], strict=False))
    ids = [a["id"] for _, a in reader.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in reader.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name) is None or attributes[name] in ids
        if (attributes.get("href") or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in ids


def test_hostile_names_stay_text(models: Any) -> None:
    model = models("hostile")
    page = str(report(model))
    tags = {tag for tag, _ in _Reader(page).elements}
    assert not tags & {"script", "img", "b"}
    assert "alert(1)</script>" not in page
    assert "{{ 7 * 7 }}{% raw %}" in html.unescape(page)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", page)


def test_the_tables_hold_the_models_numbers(models: Any) -> None:
    model = models("diabetes")
    tables = _Reader(str(report(model))).tables
    coefficients = {row[0]: row[1:] for row in tables["bars"][1:]}
    for c in model.coefficients:
        expected = [signed(c.value, 4), signed(c.standardized * model.target_sd), signed(c.standardized)]
        assert coefficients[c.variable] == expected
    assert len(coefficients) == len(model.coefficients) + 1
    assert coefficients["Intercept"][0] == number(model.intercept, 4)
    curve = model.selection.curves[0]
    rows = tables["curve"][1:]
    assert len(rows) == len(curve.alphas)
    for i, row in enumerate(rows):
        assert row[0].split()[0] == number(curve.alphas[i])
        assert row[1] == str(int(curve.n_nonzero[i]))
        assert row[2] == number(np.sqrt(curve.mean[i]), 4)
        assert row[4] == number(np.sqrt(curve.train_error[i]), 4)
    marked = {row[0].split()[1]: i for i, row in enumerate(rows) if len(row[0].split()) > 1}
    assert marked == {rule: c.index for rule, c in model.selection.choices.items()}
    path = {row[0]: row[1:] for row in tables["path"][1:]}
    effects = model.path.coefs * model.path.x_scale
    for j, name in enumerate(model.schema.column_names()):
        entered = np.flatnonzero(effects[:, j])
        assert path[name][0] == number(model.path.alphas[entered[0]])
        assert path[name][1] == signed(effects[model.selection.choices["min"].index, j])
        assert path[name][2] == signed(effects[model.selection.choices["1se"].index, j])
        assert path[name][3] == signed(effects[-1, j])


def test_the_parts_come_in_their_order(models: Any) -> None:
    text = " ".join(_Reader(str(report(models("diabetes")))).text)
    order = [
        "Predicting progression from 10 variables",
        "How good are the predictions?",
        "What the model uses",
        "How variables enter",
        "Why this strength",
        "What the other rule would give",
        "Variables that stand in for each other",
        "What this does not prove",
        "Notes on the data",
        "Are the numbers right?",
        "Do it again",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.index("Warning.") < text.index("sex has two values")


def test_what_is_not_certified_is_said_at_the_top(models: Any) -> None:
    page = str(report(models("uncertified")))
    assert page.index("Not certified") < page.index("<h2")
    assert "Not certified" not in str(report(models("diabetes")))


def test_the_same_model_gives_the_same_page(models: Any) -> None:
    assert report(models("diabetes")) == report(models("diabetes"))


def test_a_page_of_many_variables_stays_small(models: Any) -> None:
    assert len(report(models("wide"))) < 400_000


def test_writing_replaces_in_one_step(models: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.html"
    target.write_text("old")
    page = report(models("tiny"), target)
    assert target.read_text(encoding="utf-8") == page
    assert os.listdir(tmp_path) == ["out.html"]
    report(models("tiny"), str(target))


@pytest.mark.parametrize("where", ["missing/out.html", "."])
def test_a_page_that_cannot_be_written(models: Any, tmp_path: Path, where: str) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        report(models("tiny"), tmp_path / where)
    assert os.listdir(tmp_path) == []


def test_a_page_shows_itself_in_a_notebook_and_briefly_elsewhere(models: Any) -> None:
    page = report(models("tiny"))
    assert isinstance(page, str)
    assert len(repr(page)) < 60
    shown = page._repr_html_()  # type: ignore[attr-defined]
    assert shown.startswith("<iframe")
    assert html.unescape(re.findall(r'srcdoc="(.*?)"', shown, re.DOTALL)[0]) == str(page)


def _luminance(colour: str) -> float:
    colour = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_text_has_contrast_in_light_in_dark_and_on_paper(models: Any) -> None:
    css = re.findall(r"<style>(.*?)</style>", str(report(models("tiny"))), re.DOTALL)[0]
    palettes = [
        dict(re.findall(r"--([\w-]+): (#\w+);", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    ]
    assert len(palettes) == 3
    for p in palettes:
        pairs = [(ink, "paper", 4.5) for ink in ("ink", "muted", "up", "down", "alert")]
        pairs += [
            ("ink", "select", 4.5),
            ("ink", "raised", 4.5),
            ("ink", "alert-back", 4.5),
            ("up", "alert-back", 4.5),
        ]
        pairs += [("train", "paper", 3.0)]
        for ink, back, least in pairs:
            light, dark = sorted((_luminance(p[ink]), _luminance(p[back])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (ink, back)


def test_a_table_may_break_in_bridles_own_words_and_before_signs_only() -> None:
    head = '<table class="deviance"><thead><tr><th>Mean deviance</th><th>DEVIANCE &lt;x</th></tr></thead>'
    body = "<tr><th>deviance</th><td>1.5\u00a0±\u00a00.2</td><td>2\u00a0×\u00a010</td><td>6\u00a0ms</td></tr>"
    broken = tabular(head + body)
    assert broken.startswith(
        '<table class="deviance"><thead><tr><th>Mean <span class="word">devi\u00adance</span></th>'
        "<th>DEVIANCE &lt;x</th>"
    )
    assert broken.endswith(body.replace("\u00a0±", " ±").replace("\u00a0×", " ×"))
