"""Numbers and names as text."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.reporting.formatting import (
    alpha_tick,
    listing,
    number,
    percent,
    short,
    ticks_text,
    to_ascii,
    visible,
)


def _back(text: str) -> float:
    powers = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
    return float(text.replace("\u00a0×\u00a010", "e").translate(powers).replace(",", ""))


@given(st.floats(-1e300, 1e300), st.integers(2, 6))
def test_a_number_is_within_half_a_unit_of_its_last_digit(value: float, digits: int) -> None:
    assert math.isclose(_back(number(value, digits)), value, rel_tol=0.5001 * 10 ** (1 - digits))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (99.96, "100"),
        (999.96, "1,000"),
        (0.99999, "1.00"),
        (123456.7, "123,457"),
        (0.00012345, "0.000123"),
        (0.0000999, "9.99\u00a0×\u00a010⁻⁵"),
        (5e-324, "4.94\u00a0×\u00a010⁻³²⁴"),
        (1e300, "1.00\u00a0×\u00a010³⁰⁰"),
        (float("inf"), "∞"),
        (float("nan"), "n/a"),
    ],
)
def test_numbers_at_the_edges(value: float, text: str) -> None:
    assert number(value) == text


def test_a_share_never_rounds_to_an_untrue_whole() -> None:
    assert percent(0.99996) == "99.996%"
    assert percent(0.004) == "0.4%"
    assert percent(0.0) == "0%"
    assert percent(float("nan")) == "n/a"


def test_ticks_of_one_axis_share_their_decimals() -> None:
    assert ticks_text([0.05, 0.1, 0.15]) == ["0.05", "0.10", "0.15"]
    assert ticks_text([2e7, 4e7]) == ["2\u00a0×\u00a010⁷", "4\u00a0×\u00a010⁷"]
    assert ticks_text([]) == []


@given(st.floats(1e-12, 1e9))
def test_an_alpha_tick_is_short(value: float) -> None:
    assert len(alpha_tick(float(f"{value:.0e}"))) <= 11


@given(st.text())
def test_a_visible_name_hides_and_reorders_nothing(name: str) -> None:
    shown = visible(name).strip("\u2068\u2069")
    assert shown.strip()
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u200e\u200f\ufeff")


@given(st.text(min_size=1, max_size=200), st.integers(5, 40))
def test_a_short_name_is_short(name: str, length: int) -> None:
    assert len(short(name, length).strip("\u2068\u2069")) <= max(length, len("(empty name)"))


@given(st.text())
def test_ascii_is_ascii(text: str) -> None:
    assert to_ascii(text).isascii()


def test_a_list_of_names() -> None:
    assert listing([]) == ""
    assert listing(["a", "b", "c"], most=2) == "a, b and c"
    assert listing(map(str, range(100)), most=3) == "0, 1, 2 and 97 more"
