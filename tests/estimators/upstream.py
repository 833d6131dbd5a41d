"""A pytest plugin that puts bridle's classes in the place of scikit-learn's before its test files are imported.

    python -m pytest -c tests/estimators/upstream.ini -p tests.estimators.upstream \
        --pyargs sklearn.linear_model.tests.test_ridge sklearn.linear_model.tests.test_coordinate_descent

Every ``fit`` that a test asks of a class of bridle's is counted once, so that nobody tests scikit-learn by mistake; and
the run stops before its first test where a test file holds one of scikit-learn's own classes under a replaced name. Tests
that do not apply are deselected by name, each with its reason, in upstream_deselected.txt. The outcome goes to the file
$BRIDLE_UPSTREAM as JSON. With $BRIDLE_UPSTREAM_ORIGINAL set nothing is replaced: what scikit-learn's own classes do.
"""

from __future__ import annotations

import fnmatch
import functools
import json
import os
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

NAMES = (
    "Ridge",
    "RidgeCV",
    "Lasso",
    "LassoCV",
    "ElasticNet",
    "ElasticNetCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "PoissonRegressor",
    "GammaRegressor",
    "TweedieRegressor",
    "HuberRegressor",
)
ORIGINAL = bool(os.environ.get("BRIDLE_UPSTREAM_ORIGINAL"))
calls: Counter[str] = Counter()
outcomes: dict[str, str] = {}
skip_reasons: Counter[str] = Counter()
skipped_by_bridle: list[str] = []  # within a call of bridle's
called_in: set[str] = set()
deselected: dict[str, list[str]] = {}
inside = threading.local()  # a fit within a fit is part of it


def replaced() -> None:
    """Replaces the classes in scikit-learn's package, and only there: its modules keep their own for themselves."""
    import sklearn.linear_model

    import bridle.estimators

    ours = [getattr(bridle.estimators, name) for name in NAMES]
    homes = {next(kind for kind in one.__mro__ if "fit" in vars(kind)) for one in ours}
    for home in homes:  # a class may have its fit from another
        home.fit = _counting(home.fit)
    for one in ours:
        # Tests of generalized linear models ask a class for its loss, to compute by it what they expect.
        lent = getattr(getattr(sklearn.linear_model, one.__name__), "_get_loss", None)
        if lent is not None:
            one._get_loss = lent
        setattr(sklearn.linear_model, one.__name__, one)


def _counting(fit: Any) -> Any:
    @functools.wraps(fit)
    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(inside, "fit", False):
            return fit(self, *args, **kwargs)
        inside.fit = True
        # The class that was asked for, which may have its fit from another: Lasso's is ElasticNet's.
        calls[next(one.__name__ for one in type(self).__mro__ if one.__module__.startswith("bridle."))] += 1
        try:
            return fit(self, *args, **kwargs)
        finally:
            inside.fit = False

    return counted


def reasons(version: str) -> list[tuple[str, str]]:
    """(pattern, reason) of every deselected test of a version of scikit-learn."""
    out, applies = [], True
    for line in (Path(__file__).parent / "upstream_deselected.txt").read_text().splitlines():
        if line.startswith("["):
            applies = version in SpecifierSet(line.strip("[]"), prereleases=True)
        elif line.strip() and not line.startswith("#") and applies:
            pattern, reason = line.split("#", 1)
            out.append((pattern.strip(), reason.strip()))
    return out


def name_of(item: pytest.Item) -> str:
    """As "test_ridge::test_name[parameters]", wherever scikit-learn is installed."""
    return f"{item.module.__name__.rsplit('.', 1)[-1]}::{item.name}"  # type: ignore[attr-defined]


def pytest_configure(config: pytest.Config) -> None:
    if not ORIGINAL:
        replaced()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    import sklearn

    _check_replaced(items)
    if ORIGINAL:
        return
    kept, left = [], []
    deselected.update({pattern: [] for pattern, _ in reasons(sklearn.__version__)})
    for item in items:
        name = name_of(item)
        # fnmatch reads [ and ] as a class of characters; in a test's name they are themselves.
        matching = [pattern for pattern in deselected if fnmatch.fnmatchcase(_plain(name), _plain(pattern))]
        if matching:
            deselected[matching[0]].append(name)
            left.append(item)
        else:
            kept.append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def _check_replaced(items: list[pytest.Item]) -> None:
    """Stops the run where a test file does not hold the classes that it should."""
    home = "sklearn." if ORIGINAL else "bridle."
    held = 0
    for module in {item.module for item in items}:  # type: ignore[attr-defined]
        for name in NAMES:
            if name in vars(module):
                held += 1
                if not vars(module)[name].__module__.startswith(home):
                    raise pytest.UsageError(
                        f"{module.__name__}.{name} is {vars(module)[name]}, not of {home}"
                    )
    if not held:
        raise pytest.UsageError(f"No test file holds any of {', '.join(NAMES)}: nothing would be tested.")


def _plain(name: str) -> str:
    return name.replace("[", "<").replace("]", ">")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    before = sum(calls.values())
    with warnings.catch_warnings():
        yield
    if sum(calls.values()) > before:
        called_in.add(name_of(item))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    ours = call.excinfo is not None and any(_of_bridle(entry.path) for entry in call.excinfo.traceback)
    result = yield
    report = result.get_result()  # type: ignore[attr-defined]
    name = name_of(item)
    if hasattr(report, "wasxfail"):
        outcomes[name] = "xfailed" if report.skipped else "xpassed"
    elif report.when == "call" or report.outcome != "passed":  # a fixture that fails is a failure
        outcomes[name] = report.outcome
        if report.skipped:
            skip_reasons[str(report.longrepr[2])] += 1
            if ours:
                skipped_by_bridle.append(name)


def _of_bridle(path: Path | str) -> bool:
    import bridle

    return Path(path).is_relative_to(Path(bridle.__file__).parent)


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = os.environ.get("BRIDLE_UPSTREAM")
    if not target:
        return
    import sklearn

    passed_or_failed = [name for name, outcome in outcomes.items() if outcome != "skipped"]
    summary = {
        "version": sklearn.__version__,
        "outcomes": dict(Counter(outcomes.values())),
        "failed": sorted(name for name, outcome in outcomes.items() if outcome not in NOT_FAILED),
        "skipped": sorted(name for name, outcome in outcomes.items() if outcome == "skipped"),
        "skip_reasons": dict(skip_reasons),
        "skipped_by_bridle": sorted(skipped_by_bridle),
        "deselected": {pattern: sorted(names) for pattern, names in deselected.items()},
        "reasons": dict(reasons(sklearn.__version__)),
        "calls": dict(calls),
        "run": len(passed_or_failed),
        "tests_that_called": len(called_in),
    }
    Path(target).write_text(json.dumps(summary, indent=1))


NOT_FAILED = ("passed", "xfailed", "skipped")
