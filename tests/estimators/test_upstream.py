"""scikit-learn's own tests of its linear models, with bridle's classes in the place of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "estimators.md"
# Fits that a test asked for itself; fewer would mean that tests no longer meet bridle.
LEAST_CALLS = {
    "Ridge": 6000,
    "RidgeCV": 450,
    "Lasso": 14,
    "LassoCV": 60,
    "ElasticNet": 450,
    "ElasticNetCV": 150,
    "LogisticRegression": 480,
    "LogisticRegressionCV": 60,
    "PoissonRegressor": 55,
    "GammaRegressor": 55,
    "TweedieRegressor": 40,
    "HuberRegressor": 20,
}
LEAST_TESTS = 1180  # that fitted a class of bridle's


def table(found: dict[str, Any]) -> str:
    """The table of docs/estimators.md."""
    outcomes, calls = found["outcomes"], found["calls"]
    lines = [
        f"| scikit-learn {found['version']} | tests |",
        "| --- | ---: |",
        f"| passed | {outcomes['passed']:,} |",
        f"| failed | {len(found['failed'])} |",
        f"| expected to fail by scikit-learn itself | {outcomes['xfailed']} |",
        f"| skipped by scikit-learn itself | {outcomes['skipped']} |",
        f"| deselected | {sum(map(len, found['deselected'].values()))} |",
        f"| of those that ran: fitted a class of bridle's | {found['tests_that_called']:,} |",
        "",
        "| class | fits |",
        "| --- | ---: |",
        *(f"| {name} | {calls[name]:,} |" for name in LEAST_CALLS),
    ]
    return "\n".join(lines)


def deselected(found: dict[str, Any]) -> str:
    """The table of the tests that do not apply."""
    rows = (
        f"| `{name.split('::')[1]}` | {len(tests)} | {found['reasons'][name]} |"
        for name, tests in found["deselected"].items()
    )
    return "\n".join(["| deselected | tests | reason |", "| --- | ---: | --- |", *rows])


def test_nothing_fails(upstream: dict[str, Any]) -> None:
    assert upstream["failed"] == [], upstream["output"]
    assert upstream["output"] == "", "a run ended in an error"


def test_every_class_was_asked_for(upstream: dict[str, Any]) -> None:
    for name, least in LEAST_CALLS.items():
        assert upstream["calls"][name] >= least, f"{name}: {upstream['calls'][name]} fits, expected {least}"
    assert set(upstream["calls"]) == set(LEAST_CALLS)
    assert upstream["tests_that_called"] >= LEAST_TESTS


def test_nothing_is_skipped_because_of_bridle(upstream: dict[str, Any]) -> None:
    """No test was skipped from within a call of bridle's."""
    assert upstream["skipped_by_bridle"] == []


def test_no_reason_is_stale(upstream: dict[str, Any]) -> None:
    assert [pattern for pattern, tests in upstream["deselected"].items() if not tests] == []


def test_the_page_says_what_came_out(upstream: dict[str, Any]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for wanted in (table(upstream), deselected(upstream)):
        assert wanted in page, f"docs/estimators.md should hold:\n\n{wanted}\n"
