"""Tables to compare methods on."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from bridle.comparing import Comparison
from bridle.comparing import compare as compare_all

compare = partial(compare_all, networks=False)  # networks have tests of their own

NAMES = ("age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "a very long name of a column that nobody has ever cut and that goes on and on, " * 4,
    "{{ 7 * 7 }}{% raw %}",
    "גיל המטופל",
    "العمر بالسنوات",
    "体重指数（公斤每平方米）",
    "x\u202ecod.exe\x00\x1b[31mred",
    "line\nbreak\tand ]]> --> &amp; </svg></style>",
    "[bold red]markup[/]",
)


def diabetes_table(names: tuple[str, ...] = NAMES, target: str = "progression") -> dict[str, Any]:
    data = load_diabetes(scaled=False)
    return {name: data.data[:, j] for j, name in enumerate(names)} | {target: data.target}


def mixed_table(n: int = 300) -> dict[str, Any]:
    """Numbers, some missing; categories, some missing, one level rare."""
    rng = np.random.default_rng(4)
    income = rng.normal(size=n)
    heating = np.where(rng.random(n) < 0.02, 2, rng.integers(0, 2, n))
    region = rng.integers(0, 5, n)
    price = 2 * rng.normal(size=n)
    table = {
        "area": price / 2,
        "income": np.where(np.arange(n) % 7 == 0, np.nan, income),
        "region": np.array(["n", "s", "e", "w", None], dtype=object)[region].tolist(),
        "heating": np.array(["gas", "oil", "rare"])[heating].tolist(),
    }
    return table | {"price": price + income + (heating == 0) + (region == 1) + rng.normal(size=n)}


def classes_table(n: int = 300) -> dict[str, Any]:
    """The mixed table, and two classes that hang on it."""
    table = mixed_table(n)
    rng = np.random.default_rng(12)
    odds = table.pop("price") - 1 + rng.logistic(size=n)
    return table | {"sold": np.where(odds > 0, "yes", "no").tolist()}


def counts_table(n: int = 300) -> dict[str, Any]:
    """Counts over years that differ from row to row."""
    rng = np.random.default_rng(13)
    x, years = rng.normal(size=(n, 5)), rng.uniform(0.2, 4.0, n)
    table = {name: x[:, j] for j, name in enumerate(("age", "power", "dirt", "noise", "more noise"))}
    claims = rng.poisson(years * np.exp(0.5 * x[:, 0] - 0.4 * x[:, 1]))
    return table | {"log years": np.log(years), "claims": claims.astype(float)}


def diabetes() -> Comparison:
    """Numbers only."""
    return compare(diabetes_table(), target="progression")


def mixed() -> Comparison:
    """Categories and missing numbers."""
    return compare(mixed_table(), target="price")


def wide() -> Comparison:
    """More columns than rows: no least squares."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(80, 200))
    return compare(x, x[:, :5] @ np.ones(5) + rng.normal(size=80), n_alphas=30)


def noise() -> Comparison:
    """Nothing to find, in large numbers."""
    rng = np.random.default_rng(11)
    columns = {f"noise {i}": rng.normal(size=120) for i in range(6)}
    return compare({**columns, "luck": 1e6 * rng.normal(size=120)}, target="luck")


def hostile() -> Comparison:
    """Names that would do harm if they were more than text."""
    target = "<b>target</b> & \u202e co"
    return compare(diabetes_table(HOSTILE, target), target=target)


def holdout() -> Comparison:
    """One split: no standard errors, no differences to judge."""
    return compare(diabetes_table(), target="progression", folds=0.3)


def classes() -> Comparison:
    """Two classes by name."""
    return compare(classes_table(), target="sold", n_alphas=40)


def counts() -> Comparison:
    """Counts beside an offset."""
    return compare(counts_table(), target="claims", family="poisson", offset="log years", n_alphas=40)


def separable() -> Comparison:
    """Two classes that a column tells apart: no fit without a penalty."""
    x = np.random.default_rng(14).normal(size=(90, 4))
    return compare(x, np.where(x[:, 0] > 0, "left", "right"), n_alphas=30)


BUILDERS = {
    f.__name__: f for f in (diabetes, mixed, wide, noise, hostile, holdout, classes, counts, separable)
}


@cache
def build(name: str) -> Comparison:
    return BUILDERS[name]()


@pytest.fixture(params=sorted(BUILDERS))
def found(request: pytest.FixtureRequest) -> Comparison:
    """Every comparison in turn."""
    return build(request.param)


@pytest.fixture
def comparisons() -> Any:
    """A function from the name of a comparison to the comparison."""
    return build


@pytest.fixture
def tables() -> Any:
    """A function from a name to a table: "diabetes", "mixed", "classes" or "counts"."""
    return {
        "diabetes": diabetes_table,
        "mixed": mixed_table,
        "classes": classes_table,
        "counts": counts_table,
    }
