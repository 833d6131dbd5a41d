"""The figures of classes, counts and amounts put every number where it belongs."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from bridle.reporting.figure_calibration import calibration_figure, outside
from bridle.reporting.figure_lift import lift_figure
from bridle.reporting.figure_lorenz import at, lorenz_figure
from bridle.reporting.figure_roc import roc_figure
from bridle.selection.calibrating import Bins
from bridle.selection.ranking import Lorenz, lorenz_of, roc_of

WIDTHS = [720.0, 340.0]
NASTY = ["<b>&\"'", "]]>", "\x00\x1b[0m", "\u202eabc", "עברית", "x" * 500]


def _parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", svg))


def _all(root: ElementTree.Element, tag: str, style: str) -> list[ElementTree.Element]:
    return [e for e in root.iter(tag) if set(style.split()) <= set(e.get("class", "").split())]


def _number(element: ElementTree.Element, *names: str) -> list[float]:
    return [float(element.get(name, "")) for name in names]


def _curve(root: ElementTree.Element) -> Any:
    path = _all(root, "path", "curve")[0].get("d", "")[1:]
    return np.array([[float(v) for v in point.split()] for point in path.split("L")])


def bins(predicted: Any, observed: Any, spread: float = 0.05, constant: float = 0.4) -> Bins:
    p, y = np.asarray(predicted, dtype=float), np.asarray(observed, dtype=float)
    count = len(p)
    return Bins(
        np.full(count, 30), np.full(count, 30.0), p, np.full(count, constant), y, y - spread, y + spread
    )


def ends(root: ElementTree.Element) -> tuple[list[float], list[float]]:
    """Where the dotted diagonal begins and ends, in pixels."""
    (line,) = _all(root, "line", "null")
    return _number(line, "x1", "y1"), _number(line, "x2", "y2")


@pytest.mark.parametrize("width", WIDTHS)
def test_bins_lie_where_their_means_are(width: float) -> None:
    made = bins([0.1, 0.4, 0.8], [0.1, 0.5, 0.7])
    root = _parse(calibration_figure(made, width=width))
    low, high = ends(root)
    reach = 0.8 * 1.03
    for k, dot in enumerate(_all(root, "circle", "dot")):
        x, y = _number(dot, "cx", "cy")
        assert (x - low[0]) / (high[0] - low[0]) == pytest.approx(made.predicted[k] / reach, abs=0.002)
        assert (y - low[1]) / (high[1] - low[1]) == pytest.approx(made.observed[k] / reach, abs=0.002)
        assert 0 <= x <= width
    assert outside(made) == 2
    assert "in 2 of them the prediction lies outside" in (root.find("desc").text or "")  # type: ignore[union-attr]


def test_shares_are_percents_and_rates_are_not() -> None:
    made = bins([0.1, 0.9], [0.1, 0.9])
    shares, rates = calibration_figure(made), calibration_figure(made, shares=False)
    assert "80%" in shares and "80%" not in rates and ">0.8<" in rates
    assert "predicted 10%, observed 10%" in shares and "predicted 0.100, observed 0.100" in rates


def test_bins_of_nothing_can_be_drawn() -> None:
    _parse(calibration_figure(bins([0.0], [0.0], 0.0), shares=False))
    _parse(lift_figure(bins([0.4, 0.4], [0.0, 0.0], 0.0)))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_roc_rises_through_its_corners(width: float) -> None:
    y, p = np.array([0.0, 0, 1, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.4, 0.7, 0.9])
    roc, area = roc_of(y, p, np.ones(6))
    root = _parse(roc_figure(roc, area, 2, width=width))
    low, high = ends(root)
    points = (_curve(root) - low) / (np.array(high) - low)
    assert points[:, 0] == pytest.approx(roc.alarms / 3, abs=0.002)
    assert points[:, 1] == pytest.approx(roc.caught / 3, abs=0.002)
    (dot,) = _all(root, "circle", "dot")
    x, up = _number(dot, "cx", "cy")
    assert [(x - low[0]) / (high[0] - low[0]), (up - low[1]) / (high[1] - low[1])] == pytest.approx(
        [0, 2 / 3], abs=0.003
    )
    assert "threshold 0.700, catches 67%" in (root.find("desc").text or "")  # type: ignore[union-attr]
    assert len(_all(root, "circle", "target")) == len(roc) - 1


def test_a_roc_where_nothing_is_flagged_says_so() -> None:
    roc, area = roc_of(np.array([0.0, 1.0]), np.array([0.4, 0.4]), np.ones(2))
    assert "nothing is flagged" in roc_figure(roc, area, 0)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_lorenz_curve_hangs_below_the_diagonal(width: float) -> None:
    rate = np.random.default_rng(0).gamma(2.0, size=300)
    lorenz, gini = lorenz_of(rate, rate, np.ones(300))
    root = _parse(lorenz_figure(lorenz, gini, width=width))
    low, high = ends(root)
    points = (_curve(root) - low) / (np.array(high) - low)
    assert points[:, 0] == pytest.approx(lorenz.exposure, abs=0.002)
    assert points[:, 1] == pytest.approx(lorenz.observed, abs=0.002)
    assert (points[:, 1] <= points[:, 0] + 1e-9).all()
    assert at(Lorenz(np.array([0.0, 1.0]), np.array([0.0, 1.0])), 0.3) == pytest.approx(0.3)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_double_lift_is_over_the_constant(width: float) -> None:
    made = bins([0.2, 0.4, 0.8], [0.3, 0.4, 0.6])
    root = _parse(lift_figure(made, width=width, constant="one rate"))
    (line,) = _all(root, "line", "null")
    one = float(line.get("y1", ""))
    dots = [_number(dot, "cx", "cy") for dot in _all(root, "circle", "dot observed")]
    model = _curve(root)
    assert [x for x, _ in dots] == pytest.approx(model[:, 0])
    assert dots[1][1] == pytest.approx(one) == pytest.approx(model[1, 1])
    per_unit = (one - model[2, 1]) / (2.0 - 1.0)
    assert (one - dots[2][1]) == pytest.approx(0.5 * per_unit, abs=0.2)
    assert (one - dots[0][1]) == pytest.approx(-0.25 * per_unit, abs=0.2)
    said = root.find("desc").text or ""  # type: ignore[union-attr]
    assert "differs from one rate by −25% in the first bin and by +50% in the last" in said


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NASTY)
def test_any_name_is_only_text(name: str, width: float) -> None:
    made = bins([0.2, 0.4], [0.3, 0.4])
    roc, area = roc_of(np.array([0.0, 1.0]), np.array([0.1, 0.4]), np.ones(2))
    line = Lorenz(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    for svg in (
        calibration_figure(made, predicted=name, observed=name, width=width),
        roc_figure(roc, area, 1, first=name, second=name, width=width),
        lorenz_figure(line, 0.0, target=name, exposure=name, width=width),
        lift_figure(made, constant=name, exposure=name, width=width),
    ):
        root = _parse(svg)
        assert not any(e.tag in ("b", "script") for e in root.iter())
        assert "\u202e" not in svg and "\x1b" not in svg
        for text in root.iter("text"):
            assert len("".join(text.itertext())) < 150
