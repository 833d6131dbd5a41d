"""Figures put every number where it belongs."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from bridle.reporting.axes import Alphas, Mark
from bridle.reporting.figure_bars import Bar, ErrorBar, Group, bars_figure, errors_figure
from bridle.reporting.figure_curve import CurveData, curve_figure
from bridle.reporting.figure_path import MOST_LINES, drawn_columns, path_figure

ALPHAS = np.geomspace(1.0, 0.001, 31)
MARKS = [Mark("min", float(ALPHAS[20]), True), Mark("1se", float(ALPHAS[10]), False)]
WIDTHS = [720.0, 340.0]
NASTY = ["<b>&\"'", "]]>", "\x00\x1b[0m", "\u202eabc", "עברית", "x" * 500]


def _parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", svg))


def _points(path: ElementTree.Element) -> np.ndarray:
    return np.array(
        [[float(v) for v in p.split()] for p in path.get("d", "")[1:].replace("L", "\n").split("\n")]
    )


def _all(root: ElementTree.Element, tag: str, style: str) -> list[ElementTree.Element]:
    return [e for e in root.iter(tag) if set(style.split()) <= set(e.get("class", "").split())]


def _coefs(p: int) -> np.ndarray:
    enters = np.linspace(0, 25, p).astype(int)
    signs = np.where(np.arange(p) % 2, -1.0, 1.0)
    return np.array(
        [[s * max(0, i - e) for s, e in zip(signs, enters, strict=True)] for i in range(31)], dtype=float
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_path_lines_follow_the_coefficients(width: float) -> None:
    coefs = _coefs(6)
    root = _parse(path_figure(ALPHAS, coefs, list("abcdef"), MARKS, width=width))
    lines = {g.find("title").text[0]: _points(g.find("path")) for g in _all(root, "g", "series")}  # type: ignore[union-attr,index]
    assert set(lines) == set("abcdef")
    zero = float(_all(root, "line", "zero")[0].get("y1", ""))
    ends = {}
    for j, name in enumerate("abcdef"):
        points = lines[name]
        assert np.all(np.diff(points[:, 0]) > 0)
        assert np.all(np.diff(points[:, 1]) * np.sign(coefs[-1, j]) <= 0.05)
        ends[name] = (zero - points[-1, 1]) / coefs[-1, j]
    assert np.allclose(list(ends.values()), ends["a"], rtol=0.02)


@pytest.mark.parametrize("width", WIDTHS)
def test_marks_stand_at_their_alphas_in_both_figures(width: float) -> None:
    curve = CurveData(ALPHAS, ALPHAS + 1, ALPHAS + 0.9, ALPHAS + 1.1, ALPHAS + 0.8, [1] * 31, 2.0)
    for svg in (
        path_figure(ALPHAS, _coefs(3), list("abc"), MARKS, width=width),
        curve_figure(curve, MARKS, width=width),
    ):
        root = _parse(svg)
        axis = _all(root, "line", "axis")
        base = next(a for a in axis if a.get("y1") == a.get("y2"))
        scale = Alphas.over(ALPHAS, float(base.get("x1", "")), float(base.get("x2", "")))
        drawn = {float(e.get("x1", "")): e.get("class") for e in _all(root, "line", "mark")}
        assert sorted(drawn) == pytest.approx(sorted(scale(m.alpha) for m in MARKS), abs=0.06)
        assert drawn[max(drawn)] == "mark"
        assert drawn[min(drawn)] == "mark other"


def test_the_order_of_the_alphas_does_not_matter() -> None:
    coefs = _coefs(4)
    forth = path_figure(ALPHAS, coefs, list("abcd"), MARKS)
    assert path_figure(ALPHAS[::-1], coefs[::-1], list("abcd"), MARKS) == forth


def test_lines_are_coloured_by_their_sign_at_the_recommended_alpha() -> None:
    coefs = np.zeros((31, 3))
    coefs[5:, 0], coefs[5:, 1], coefs[25:, 2] = 1.0, -1.0, 5.0
    root = _parse(path_figure(ALPHAS, coefs, ["up", "down", "late"], MARKS))
    styles = {
        g.find("title").text.split(":")[0]: g.find("path").get("class") for g in _all(root, "g", "series")
    }  # type: ignore[union-attr]
    assert styles == {"up": "curve up", "down": "curve down", "late": "curve off"}


def test_only_the_largest_of_many_lines_are_drawn() -> None:
    coefs = np.random.default_rng(0).normal(size=(31, 500))
    svg = path_figure(ALPHAS, coefs, [f"v{i}" for i in range(500)], MARKS)
    assert len(_all(_parse(svg), "g", "series")) == MOST_LINES
    assert "the largest of 500" in svg
    assert drawn_columns(coefs)[0] == int(np.argmax(np.abs(coefs).max(axis=0)))


@pytest.mark.parametrize("width", WIDTHS)
def test_end_labels_do_not_overlap(width: float) -> None:
    coefs = _coefs(40) / 100 + np.linspace(0, 0.01, 40) * (ALPHAS[:, None] < 0.5)
    root = _parse(path_figure(ALPHAS, coefs, [f"variable {i}" for i in range(40)], MARKS, width=width))
    ys = sorted(float(t.get("y", "")) for t in _all(root, "text", "end"))
    assert len(ys) >= 10
    assert min(np.diff(ys)) >= 14.8


@pytest.mark.parametrize("width", WIDTHS)
def test_the_curve_maps_errors_monotonically(width: float) -> None:
    error = np.linspace(80, 50, 31)
    data = CurveData(ALPHAS, error, error - 2, error + 2, error - 1, range(31), 79.0)
    root = _parse(curve_figure(data, MARKS, width=width))
    held, train = (_points(_all(root, "path", f"curve {k}")[0]) for k in ("heldout", "train"))
    assert np.all(np.diff(held[:, 0]) > 0)
    assert np.allclose(np.diff(held[:, 1]), np.diff(held[:, 1])[0], atol=0.11)
    assert np.all(train[:, 1] > held[:, 1])
    per_unit = (held[-1, 1] - held[0, 1]) / 30
    assert train[0, 1] - held[0, 1] == pytest.approx(per_unit, abs=0.11)
    null = float(_all(root, "line", "null")[0].get("y1", ""))
    assert null - held[0, 1] == pytest.approx(per_unit, abs=0.11)
    dots = [float(c.get("cx", "")) for c in _all(root, "circle", "dot")]
    assert sorted(dots) == pytest.approx([held[10, 0], held[20, 0]])


def test_a_curve_that_runs_away_does_not_flatten_the_rest() -> None:
    error = np.linspace(50, 60, 31)
    error[-3:] = 1e6
    data = CurveData(ALPHAS, error, error, error, error, range(31), 60.0)
    held = _points(_all(_parse(curve_figure(data, MARKS)), "path", "curve heldout")[0])
    assert held[0, 1] - held[20, 1] > 80


def test_a_curve_without_standard_errors_has_no_band() -> None:
    unknown = np.full(31, np.nan)
    data = CurveData(ALPHAS, ALPHAS + 1, unknown, unknown, ALPHAS, range(31))
    assert "band" not in curve_figure(data, MARKS)


@pytest.mark.parametrize("width", WIDTHS)
def test_bars_are_as_long_as_their_effects(width: float) -> None:
    groups = [Group("a", (Bar("a", 10.0, "1"),)), Group("c", (Bar("x", -5.0, "2"), Bar("y", 2.5, "3")), True)]
    root = _parse(bars_figure(groups, width=width))
    up, down = _all(root, "rect", "bar up"), _all(root, "rect", "bar down")
    wide = [float(r.get("width", "")) for r in (*up, *down)]
    assert wide[1] / wide[0] == pytest.approx(0.25, abs=0.005)
    assert wide[2] / wide[0] == pytest.approx(0.5, abs=0.005)
    zero = float(up[0].get("x", ""))
    assert float(down[0].get("x", "")) + wide[2] == pytest.approx(zero, abs=0.15)
    assert {float(r.get("x", "")) for r in up} == {zero}


def test_errors_start_at_zero() -> None:
    rows = [ErrorBar("a", 50.0, None, "50", "train"), ErrorBar("b", 100.0, 10.0, "100", "heldout")]
    root = _parse(errors_figure(rows))
    first, second = (float(r.get("width", "")) for r in _all(root, "rect", "bar"))
    assert second / first == pytest.approx(2.0, rel=0.01)
    assert len(_all(root, "line", "whisker")) == 3


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NASTY)
def test_any_name_is_only_text(name: str, width: float) -> None:
    svgs: list[Any] = [
        path_figure(ALPHAS, _coefs(2), [name, "b"], MARKS, unit=name, width=width),
        bars_figure([Group(name, (Bar(name, 1.0, name),), True)], unit=name, width=width),
        errors_figure([ErrorBar(name, 1.0, None, name, "train")], width=width),
    ]
    for svg in svgs:
        root = _parse(svg)
        assert {e.tag for e in root.iter()} <= {
            *("svg", "title", "desc", "g", "path", "line", "rect", "circle", "text")
        }


@pytest.mark.parametrize("width", WIDTHS)
def test_figures_are_named_and_nothing_leaves_the_frame(width: float) -> None:
    names = ["a long name of a variable", "b", "c"]
    for svg in (
        path_figure(ALPHAS, _coefs(3), names, MARKS, width=width),
        bars_figure([Group(n, (Bar(n, 3.0, "+1,234.5"),)) for n in names], width=width),
    ):
        root = _parse(svg)
        assert root.get("role") == "img"
        ids = {e.get("id") for e in root.iter()}
        assert {root.get("aria-labelledby"), root.get("aria-describedby")} <= ids
        high = float(root.get("viewBox", "").split()[3])
        for e in root.iter("text"):
            assert 0 <= float(e.get("x", "")) <= width
            assert 0 <= float(e.get("y", "")) <= high


def test_one_alpha_and_no_coefficients_can_be_drawn() -> None:
    one = [Mark("min", 0.5, True)]
    _parse(path_figure(np.array([0.5]), np.array([[1.0, 0.0]]), ["a", "b"], one))
    _parse(path_figure(ALPHAS, np.zeros((31, 2)), ["a", "b"], MARKS))
    _parse(path_figure(ALPHAS, np.zeros((31, 0)), [], MARKS))
    v = np.array([2.0])
    _parse(curve_figure(CurveData(np.array([0.5]), v, v, v, v, [1]), one))
    _parse(bars_figure([]))
