"""Scales, ticks and the spreading of labels."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridle.reporting.axes import (
    Alphas,
    Linear,
    Mark,
    alpha_axis,
    fitted,
    fitting_ticks,
    log_ticks,
    mark_lines,
    nice_ticks,
    spread,
)  # fmt: skip
from bridle.reporting.axes import text_width as width_of
from bridle.reporting.formatting import ticks_text

_POSITIVE = st.floats(1e-12, 1e6)


@given(st.lists(_POSITIVE, min_size=2, max_size=30, unique=True))
def test_weaker_penalties_lie_further_right(alphas: list[float]) -> None:
    assume(max(alphas) > 1.001 * min(alphas))
    scale = Alphas.over(alphas, 50.0, 600.0)
    xs = [scale(a) for a in sorted(alphas, reverse=True)]
    assert xs == sorted(xs)
    assert xs[0] == pytest.approx(50.0)
    assert xs[-1] == pytest.approx(600.0)


def test_equal_ratios_of_alpha_are_equal_distances() -> None:
    scale = Alphas.over(np.geomspace(1, 1e-4, 5), 0.0, 400.0)
    assert [scale(10.0**-k) for k in range(5)] == pytest.approx([0, 100, 200, 300, 400])


def test_an_alpha_of_zero_stands_apart() -> None:
    scale = Alphas.over([1.0, 0.1, 0.0], 0.0, 100.0)
    assert scale(0.1) < scale(0.0) == 100.0
    assert scale.ticks(5)[0] == 0.0


def test_one_alpha_stands_in_the_middle() -> None:
    assert Alphas.over([0.3], 0.0, 100.0)(0.3) == 50.0
    assert Linear(1.0, 1.0, 0.0, 10.0)(1.0) == 5.0


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(3, 9))
def test_ticks_are_inside_even_and_few(low: float, span: float, most: int) -> None:
    high = low + span
    assume(span > 1e-9 * abs(low))
    ticks = nice_ticks(low, high, most)
    assert 1 <= len(ticks) <= most
    assert all(low - 1e-6 * span <= t <= high + 1e-6 * span for t in ticks)
    assert np.allclose(np.diff(ticks, n=2), 0, atol=1e-5 * span)


@given(_POSITIVE, st.floats(1.001, 1e9), st.integers(4, 9))
def test_log_ticks_are_inside_and_few(low: float, ratio: float, most: int) -> None:
    ticks = log_ticks(low, low * ratio, most)
    assert 1 <= len(ticks) <= most
    assert ticks == sorted(ticks)
    if len(ticks) > 1:
        assert low * 0.999 <= ticks[0]
        assert ticks[-1] <= low * ratio * 1.001


@given(_POSITIVE, st.floats(1.5, 1e9), st.booleans(), st.booleans())
def test_labels_along_alphas_do_not_touch(low: float, ratio: float, zero: bool, narrow: bool) -> None:
    width = 200.0 if narrow else 540.0
    scale = Alphas.over([low * ratio, low, *([0.0] if zero else [])], 50.0, 50.0 + width)
    found = re.findall(r'class="tick" x="([^"]+)"[^>]*>([^<]+)<', "".join(alpha_axis(scale, 300.0, narrow)))
    sides = ((float(x), side * width_of(label, 12) / 2) for x, label in found for side in (-1, 1))
    ends = [half for _, half in sorted((x + half, half) for x, half in sides)]
    assert [half > 0 for half in ends] == [False, True] * len(found)
    assert not zero or "0" in [label for _, label in found]


@given(st.floats(1e-3, 1e12), st.floats(150, 500), st.integers(3, 8))
def test_labels_side_by_side_have_room_or_are_two(high: float, room: float, most: int) -> None:
    ticks = fitting_ticks(0.0, high, room, most)
    assert set(ticks) <= set(nice_ticks(0.0, high, len(ticks)))
    assert len(ticks) <= 2 or width_of("".join(ticks_text(ticks)), 12) <= room


@given(st.lists(st.floats(0, 300), min_size=1, max_size=15))
def test_labels_are_spread_without_overlap(wanted: list[float]) -> None:
    wanted.sort()
    places = spread(wanted, 15.0, 0.0, 300.0)
    assert all(b - a >= 15.0 - 1e-9 for a, b in pairwise(places))
    assert min(places) >= -1e-9
    assert max(places) <= 300.0 + 1e-9


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=8))
def test_labels_with_room_stay_where_they_are(wanted: list[float]) -> None:
    wanted.sort()
    assume(all(b - a >= 15.0 for a, b in pairwise(wanted)))
    assert spread(wanted, 15.0, -1e4, 1e4) == pytest.approx(wanted, abs=1e-9)


@given(st.text(min_size=1, max_size=100), st.floats(40, 300))
def test_a_fitted_name_fits(name: str, room: float) -> None:
    assert width_of(fitted(name, 12, room), 12) <= max(room, width_of("WW…WW", 12))


@pytest.mark.parametrize("alphas", [(1.0, 0.9), (0.1, 0.095), (0.0011, 0.001), (0.5, 0.01), (1.0, 0.001)])
def test_the_names_of_two_marks_never_overlap(alphas: tuple[float, float]) -> None:
    scale = Alphas.over([1.0, 0.001], 40.0, 250.0)
    marks = [Mark("min", min(alphas), True), Mark("1se", max(alphas), False)]
    names = [p for p in mark_lines(scale, marks, (46.0, 30.0), 300.0, (40.0, 300.0)) if "<text" in p]
    boxes = []
    for name in names:
        x, y = (float(name.split(f'{k}="')[1].split('"')[0]) for k in "xy")
        wide = width_of("min", 12)
        boxes.append((x - wide, x, y) if 'anchor="end"' in name else (x, x + wide, y))
    (a0, a1, ay), (b0, b1, by) = boxes
    assert ay != by or a1 <= b0 or b1 <= a0


def test_marks_on_one_spot_share_a_name() -> None:
    scale = Alphas.over([1.0, 0.001], 40.0, 250.0)
    parts = mark_lines(scale, [Mark("min", 0.1, True), Mark("1se", 0.1, False)], (46, 30), 300, (40, 300))
    assert len(parts) == 2
    assert "min = 1se" in parts[1] or "1se = min" in parts[1]
