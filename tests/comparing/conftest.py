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


BUILDERS = {f.__name__: f for f in (diabetes, mixed, wide, noise, hostile, holdout)}


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
    """A function from a name to a table: "diabetes" or "mixed"."""
    return {"diabetes": diabetes_table, "mixed": mixed_table}
