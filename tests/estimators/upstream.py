"""A pytest plugin that puts bridle's classes in the place of scikit-learn's before its test files are imported.

    python -m pytest -p tests.estimators.upstream --pyargs sklearn.linear_model.tests.test_ridge

Every ``fit`` of a class of bridle's is counted, so that nobody tests scikit-learn by mistake. Tests that do not apply are
deselected by name, each with its reason, in upstream_deselected.txt. The outcome goes to the file $BRIDLE_UPSTREAM as JSON.
"""

from __future__ import annotations

import fnmatch
import functools
import json
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

NAMES = ("Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV")
calls: Counter[str] = Counter()
outcomes: dict[str, str] = {}
counted_in: dict[str, int] = {}
deselected: list[str] = []


def replaced() -> None:
    """Replaces the classes in scikit-learn's package, and only there: its modules keep their own for themselves."""
    import sklearn.linear_model

    import bridle.estimators

    for name in NAMES:
        ours = getattr(bridle.estimators, name)
        ours.fit = _counting(ours.fit, name)
        setattr(sklearn.linear_model, name, ours)


def _counting(fit: Any, name: str) -> Any:
    @functools.wraps(fit)
    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return fit(self, *args, **kwargs)

    return counted


def reasons() -> list[tuple[str, str]]:
    """(pattern, reason) of every deselected test."""
    lines = (Path(__file__).parent / "upstream_deselected.txt").read_text().splitlines()
    pairs = (line.split("#", 1) for line in lines if line.strip() and not line.startswith("#"))
    return [(pattern.strip(), reason.strip()) for pattern, reason in pairs]


def pytest_configure(config: pytest.Config) -> None:
    replaced()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = []
    patterns = [pattern for pattern, _ in reasons()]
    for item in items:
        # fnmatch reads [ and ] as a class of characters; in a test's name they are themselves.
        if any(fnmatch.fnmatchcase(_plain(item.name), _plain(pattern)) for pattern in patterns):
            deselected.append(item.name)
        else:
            kept.append(item)
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def _plain(name: str) -> str:
    return name.replace("[", "<").replace("]", ">")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    before = sum(calls.values())
    with warnings.catch_warnings():
        yield
    counted_in[item.nodeid] = sum(calls.values()) - before


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
        outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        outcomes[report.nodeid] = outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = os.environ.get("BRIDLE_UPSTREAM")
    if target:
        summary = {
            "outcomes": dict(Counter(outcomes.values())),
            "failed": sorted(name for name, outcome in outcomes.items() if outcome == "failed"),
            "deselected": sorted(deselected),
            "calls": dict(calls),
            "tests_that_called": sum(count > 0 for count in counted_in.values()),
        }
        Path(target).write_text(json.dumps(summary, indent=1))
