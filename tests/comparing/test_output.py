"""The JSON, the console and the page: the comparison's numbers, every name only text."""

from __future__ import annotations

import html
import json
import os
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from bridle.comparing import Comparison, compare, comparison_console, comparison_page, comparison_to_json
from bridle.comparing.figure_dots import Dot, dots_figure
from bridle.comparing.figure_matrix import Cell, matrix_figure
from bridle.comparing.saying import error_text, verdict
from bridle.errors import FileError
from bridle.reporting.formatting import number

_VOID = {"meta", "link", "br", "img", "input"}


def test_it_is_json_with_a_version(found: Comparison) -> None:
    record = comparison_to_json(found)
    assert record["schema"] == "bridle.compare/1"
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    keys = (
        "schema target n_rows family link classes offset score_names n_variables recommended methods differences folds "
        "null_error reading_seconds notes call"
    )
    assert list(record) == keys.split()


def test_its_numbers_are_the_comparisons(found: Comparison) -> None:
    record = comparison_to_json(found)
    assert record["recommended"]["name"] == found.recommended.name
    assert record["recommended"]["reason"] == found.reason
    for method, row in zip(record["methods"], found.rows):
        assert method["name"] == row.name
        assert method["possible"] == row.possible
        taken, other = (
            ("mean_squared", "deviance") if found.family == "squared" else ("deviance", "mean_squared")
        )
        assert method["error"][taken] == (row.error if row.possible else None)
        assert method["error"][other] is None
        assert method["scores"] == (dict(row.scores) or None)
        assert method["fold_errors"] == row.fold_errors.tolist()
        assert len(method["kept"]) == row.n_variables
        assert (method["certificate"] is None) == (row.certificate is None)
    for difference, d in zip(record["differences"], found.differences):
        assert difference["mean_squared" if found.family == "squared" else "deviance"] == d.mean
        assert difference["low"] == (d.low if found.n_folds > 1 else None)


def _width(line: str) -> int:
    wide = {"W": 2, "F": 2}
    return sum(
        0
        if unicodedata.combining(c) or unicodedata.category(c) == "Cf"
        else wide.get(unicodedata.east_asian_width(c), 1)
        for c in line
    )


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_lines_fit_the_terminal_and_nothing_is_cut(found: Comparison, width: int, ascii_only: bool) -> None:
    lines = comparison_console(found, width, color=False, ascii_only=ascii_only).splitlines()
    assert max(map(_width, lines)) <= width
    start = next(i for i, line in enumerate(lines) if line.strip().startswith("Method"))
    table = lines[start + 1 : start + 1 + len(found.rows)]
    for line, row in zip(table, found.rows):
        assert row.title in line
        assert (verdict(found, row) if row.possible else "not possible") in line
        assert line.startswith("->" if ascii_only else "→") == (row is found.recommended)
        assert number(row.size) in line or not row.possible
        if not ascii_only and width >= 80:
            assert error_text(row) in line
    assert "Time" in lines[start] or width < 80


def test_the_console_is_plain_without_colour_and_ascii_where_asked(found: Comparison) -> None:
    plain = comparison_console(found, color=False)
    assert not any(unicodedata.category(c) == "Cc" for c in plain.replace("\n", ""))
    assert comparison_console(found, color=False, ascii_only=True).isascii()
    coloured = comparison_console(found, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).split() == plain.split()


def test_names_cannot_send_control_sequences_or_markup(comparisons: Any) -> None:
    found = comparisons("hostile")
    assert "\x1b[31m" not in comparison_console(found, 200, color=True)
    assert "\u202e" not in comparison_console(found, 200, color=False)


def test_the_console_says_why_and_how(comparisons: Any) -> None:
    found = comparisons("diabetes")
    text = " ".join(comparison_console(found, color=False).split())
    assert " ".join(found.reason.split()) in text
    for words in (
        "nested",
        "corrected resampled t-test",
        "4 degrees of freedom",
        "Nadeau and Bengio",
        "certified",
    ):
        assert words in text
    assert "not possible: 200 columns" in " ".join(
        comparison_console(comparisons("wide"), color=False).split()
    )
    assert "single split" in comparison_console(comparisons("holdout"), color=False)


class _Reader(HTMLParser):
    """Reads a page strictly: every element closed in order; keeps attributes, ids, headings and tables."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.tables: list[list[list[str]]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data


def test_the_page_is_well_formed_and_asks_for_nothing(found: Comparison) -> None:
    page = str(comparison_page(found))
    reader = _Reader(page)
    assert page.startswith("<!doctype html>")
    for tag, attributes in reader.elements:
        assert tag not in ("script", "iframe", "object", "embed", "base", "form", "img")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "srcset", "action", "data", "xlink:href"):
                assert value is not None
                assert value.startswith("#") or value == "data:,"
    assert not re.search(r"https?:|//[a-z]", page.replace("http://www.w3.org/2000/svg", ""))
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", page)
    assert reader.headings.count(1) == 1
    ids = [a["id"] for _, a in reader.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in reader.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name) is None or attributes[name] in ids
        if (attributes.get("href") or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in ids


def test_hostile_names_stay_text(comparisons: Any) -> None:
    page = str(comparison_page(comparisons("hostile")))
    assert not {tag for tag, _ in _Reader(page).elements} & {"script", "img", "b", "i"}
    assert "alert(1)</script>" not in page
    assert "{{ 7 * 7 }}{% raw %}" in html.unescape(page)


def test_the_tables_hold_the_comparisons_numbers(comparisons: Any) -> None:
    found = comparisons("diabetes")
    side, differences, kept = _Reader(str(comparison_page(found))).tables[:3]
    for cells, row in zip(side[1:], found.rows):
        assert cells[0].split(" recommended")[0] == row.title
        assert ("recommended" in cells[0]) == (row is found.recommended)
        assert cells[1] == error_text(row).replace("\u00a0±", " ±")
        assert cells[3] == str(row.n_variables)
    assert [cells[2] for cells in differences[1:]] == [
        verdict(found, found.row(d.name)) for d in found.differences
    ]
    lasso = kept[0].index("Lasso")
    out = {cells[0] for cells in kept[1:] if cells[lasso] == "–"}
    assert len(kept) - 1 - len(out) == found.row("lasso").n_variables
    bmi = next(cells for cells in kept if cells[0] == "bmi")
    assert float(bmi[lasso]) == pytest.approx(found.row("lasso").effects[2] * found.target_sd, rel=1e-2)


def test_the_page_tells_what_matters(comparisons: Any) -> None:
    page = html.unescape(re.sub(r"<[^>]+>", "", str(comparison_page(comparisons("noise")))))
    assert "Nothing beats the constant" in page
    assert "Nadeau and Bengio" in page
    assert "does not mean equal" in page
    wide = html.unescape(str(comparison_page(comparisons("wide"))))
    assert "not possible: 200 columns" in wide
    assert "The 40 largest of 200 are drawn." in wide
    assert "single split" in str(comparison_page(comparisons("holdout")))


def test_classes_and_counts_are_told_in_their_own_words(comparisons: Any) -> None:
    for name, words, other in (
        (
            "classes",
            ("family binomial (logit link)", "share of yes in the training rows", "an AUC of", "D²"),
            "R²",
        ),
        ("counts", ("family poisson (log link, beside the offset)", "always predicts one rate", "D²"), "AUC"),
    ):
        found = comparisons(name)
        text = " ".join(comparison_console(found, 100, color=False).split())
        page = str(comparison_page(found))
        assert all(word in text for word in ("mean deviance", *words))
        assert "root mean square" not in text.lower()
        assert other not in text
        plain = html.unescape(re.sub(r"<[^>]+>", "", page)).replace("\u00ad", "")
        assert "root mean square" not in plain.lower()
        assert "variance" not in plain.replace("whose variance allows", "")
        assert "Deviance explained" in plain
        side = _Reader(page).tables[0]
        scored = [found.row(row.name).scores for row in found.rows]
        assert ("AUC" in side[0]) == (name == "classes")
        for cells, row, scores in zip(side[1:], found.rows, scored):
            assert cells[1] == error_text(row).replace("\u00a0±", " ±")
            assert name == "counts" or cells[3] == f"{scores['auc']:.3f}"
    effects = "one standard deviation on {}, up"
    assert effects.format("the log odds of yes") in str(comparison_page(comparisons("classes")))
    assert effects.format("the logarithm of the rate") in str(comparison_page(comparisons("counts")))
    classes = comparison_to_json(comparisons("classes"))
    assert (classes["family"], classes["link"], classes["classes"]) == ("binomial", "logit", ["no", "yes"])
    assert comparison_to_json(comparisons("counts"))["offset"] is True
    lines = comparison_page(comparisons("counts")).split("<pre><code>")[1]
    assert "family=&#39;poisson&#39;" in lines
    assert "offset=&#39;log years&#39;" in lines


def test_fits_that_cannot_be_certified_are_called_stationary() -> None:
    x = np.random.default_rng(0).normal(size=(80, 3))
    y = np.exp(x[:, 0]) * np.random.default_rng(1).gamma(3.0, 1 / 3, 80)
    found = compare(x, y, family="inverse_gaussian", networks=False, n_alphas=8, l1_ratios=())
    text = " ".join(comparison_console(found, color=False).split())
    assert "Every fit on all rows is stationary" in text
    assert "another fit may be better" in text
    proofs = _Reader(str(comparison_page(found))).tables[-1]
    assert proofs[0][-1].replace("\u00ad", "") == "Stationary"
    assert {cells[1] for cells in proofs[1:]} == {"–"}


def test_writing_replaces_in_one_step(comparisons: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.html"
    target.write_text("old")
    assert target.read_text() != (page := comparison_page(comparisons("diabetes"), target))
    assert target.read_text(encoding="utf-8") == page
    assert os.listdir(tmp_path) == ["out.html"]
    with pytest.raises(FileError, match="cannot be written"):
        comparison_page(comparisons("diabetes"), tmp_path / "missing" / "out.html")


def _parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", svg))


@pytest.mark.parametrize("width", [720.0, 340.0])
def test_dots_stand_where_their_values_are(width: float) -> None:
    rows = [Dot(n, v, v - 1, v + 1, str(v)) for n, v in (("a", 10.0), ("b", 12.0), ("c", 16.0))]
    root = _parse(dots_figure(rows, title="t", unit="u", width=width))
    x = [float(c.get("cx", "")) for c in root.iter("circle")]
    assert (x[2] - x[1]) / (x[1] - x[0]) == pytest.approx(2.0, rel=0.01)
    whiskers = [w for w in root.iter("line") if w.get("class") == "whisker strong"]
    ends = float(whiskers[0].get("x1", "")), float(whiskers[0].get("x2", ""))
    assert (ends[1] - ends[0]) / (x[1] - x[0]) == pytest.approx(1.0, rel=0.01)
    assert root.get("role") == "img"
    assert root.find("title") is not None
    assert "a: 10.0" in (root.findtext("desc") or "")


def test_a_dot_far_out_becomes_an_arrow_and_zero_has_a_line() -> None:
    rows = [
        Dot("a", 0.1, -0.5, 0.7, "+0.1"),
        Dot("b", 0.2, -0.4, 0.8, "+0.2"),
        Dot("far", 900.0, 800.0, 1000.0, "+900"),
    ]
    root = _parse(dots_figure(rows, title="t", unit="u", sides=("left", "right")))
    assert len(list(root.iter("circle"))) == 2
    assert [t.text for t in root.iter("text")].count("→") == 1
    assert len([e for e in root.iter("line") if e.get("class") == "zero"]) == 1
    apart = [Dot("null", 1.38, 1.379, 1.381, "1.38"), *(Dot(n, 1.1, 1.08, 1.12, "1.1") for n in "abc")]
    root = _parse(
        dots_figure(apart, title="t", unit="u")
    )  # the shortest interval is not the measure of the others
    assert len(list(root.iter("circle"))) == 4
    unknown = _parse(dots_figure([Dot("a", 1.0, np.nan, np.nan, "1")], title="t", unit="u"))
    assert not [e for e in unknown.iter("line") if e.get("class") == "whisker strong"]


def test_the_area_of_a_dot_is_its_effect() -> None:
    cells = [[Cell(4.0, 1, "+4"), Cell(1.0, -1, "-1")], [Cell(0.0, 0, "left out"), Cell(1.0, 0, "up to 1")]]
    root = _parse(matrix_figure(["a", "<b>"], ["Least squares", "Lasso"], cells, marked=1))
    circles = list(root.iter("circle"))
    assert [c.get("class") for c in circles] == ["dot up", "dot down", "dot off"]
    r = [float(c.get("r", "")) for c in circles]
    assert (r[1] / r[0]) ** 2 == pytest.approx(0.25, abs=0.02)
    assert "Lasso keeps 2" in (root.findtext("desc") or "")
