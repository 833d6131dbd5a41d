"""The oldest version of scikit-learn that is supported: these tests and its own, run against it in another process."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEAST_CALLS = {
    "Ridge": 4000,
    "RidgeCV": 300,
    "Lasso": 20,
    "LassoCV": 60,
    "ElasticNet": 450,
    "ElasticNetCV": 120,
    "PoissonRegressor": 55,
    "GammaRegressor": 55,
    "TweedieRegressor": 40,
    "HuberRegressor": 20,
}


def test_these_tests_pass(oldest_run: Any) -> None:
    output = oldest_run.output()
    assert oldest_run.process.returncode == 0, output[-10_000:]
    passed = re.search(r"(\d+) passed", output)
    assert passed is not None and int(passed[1]) > 1900, output[-500:]


def test_its_own_tests_pass(oldest_upstream: dict[str, Any]) -> None:
    assert oldest_upstream["failed"] == [], oldest_upstream["output"]
    assert oldest_upstream["output"] == "", "a run ended in an error"
    assert oldest_upstream["skipped_by_bridle"] == []
    for name, least in LEAST_CALLS.items():
        assert oldest_upstream["calls"][name] >= least, f"{name}: {oldest_upstream['calls'][name]} fits"


def test_no_reason_is_stale(oldest_upstream: dict[str, Any]) -> None:
    assert [pattern for pattern, tests in oldest_upstream["deselected"].items() if not tests] == []


def test_it_is_the_version_that_the_package_asks_for(oldest_upstream: dict[str, Any]) -> None:
    asked = re.search(r'"scikit-learn>=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert asked is not None
    if oldest_upstream["version"] != asked[1]:
        pytest.fail(f"pyproject.toml asks for {asked[1]}, but {oldest_upstream['version']} is tested")
