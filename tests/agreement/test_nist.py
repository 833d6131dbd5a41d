"""Unpenalized fits against NIST's certified linear regressions: tests/fixtures/nist.json.

Source: NIST StRD (Statistical Reference Datasets), linear regression: Norris, Pontius, NoInt1, NoInt2,
Filip, Longley, Wampler1-5; certified to 15 digits. The first test proves the fixture itself: in exact
rational arithmetic the certified values solve the normal equations of the data.

Measure: LRE = -log10(|b - c| / |c|), the number of correct digits, the smallest over the coefficients and
the intercept, at most 15. bridle.path at alpha = 0 has to reach the least LRE of each set, or, on Filip
alone, refuse with an error that names ill-conditioning: never a wrong answer in silence. The design of a
polynomial are the powers of x in doubles; on Filip the exact least-squares solution for those rounded
powers has LRE 7.66, so that is the most anyone can get.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import bridle
import bridle.errors

SETS = json.loads((Path(__file__).parents[1] / "fixtures" / "nist.json").read_text())["sets"]


def exact_design(item: dict) -> tuple[list[list[Fraction]], list[Fraction]]:
    """Rows of the design, the intercept's column of ones included, and the target."""
    y = [Fraction(value) for value in item["y"]]
    kind = item["model"].split()
    if kind[0] == "polynomial":
        return [[Fraction(value) ** k for k in range(int(kind[1]) + 1)] for value in item["x"]], y
    if kind[0] == "linear":
        return [[Fraction(1), *map(Fraction, row)] for row in item["x"]], y
    return [[Fraction(value)] for value in item["x"]], y


def has_intercept(item: dict) -> bool:
    return item["model"] != "through the origin"


def double_design(item: dict) -> tuple[np.ndarray, np.ndarray]:
    """The columns that bridle is given: the powers are computed in doubles, as a user would."""
    x = np.array(item["x"], dtype=float)
    kind = item["model"].split()
    powers = int(kind[1]) if kind[0] == "polynomial" else 0
    X = x[:, None] ** np.arange(1, powers + 1) if powers else x.reshape(len(x), -1)
    return X, np.array(item["y"], dtype=float)


def correct_digits(found, certified: list[str]) -> float:
    digits = 15.0
    for value, text in zip(found, certified, strict=True):
        wanted = Fraction(text)
        error = abs(Fraction(float(value)) - wanted) / abs(wanted)
        digits = min(digits, -math.log10(error)) if error else digits
    return digits


def solve(system: list[list[Fraction]]) -> list[Fraction]:
    size = len(system)
    for i in range(size):
        pivot = next(k for k in range(i, size) if system[k][i])
        system[i], system[pivot] = system[pivot], system[i]
        for k in range(size):
            if k != i and system[k][i]:
                factor = system[k][i] / system[i][i]
                system[k] = [a - factor * b for a, b in zip(system[k], system[i], strict=True)]
    return [row[size] / row[i] for i, row in enumerate(system)]


@pytest.mark.parametrize("name", SETS)
def test_the_certified_values_solve_the_normal_equations(name):
    item = SETS[name]
    rows, y = exact_design(item)
    columns = list(zip(*rows, strict=True))
    gram = [[sum(a * b for a, b in zip(u, v, strict=True)) for v in columns] for u in columns]
    system = [
        [*line, sum(a * b for a, b in zip(column, y, strict=True))]
        for line, column in zip(gram, columns, strict=True)
    ]
    exact = solve(system)
    for value, text in zip(exact, item["certified"], strict=True):
        assert abs(value - Fraction(text)) <= Fraction(1, 10**14) * abs(value)
    residuals = (
        t - sum(a * b for a, b in zip(row, exact, strict=True)) for row, t in zip(rows, y, strict=True)
    )
    rss = sum(residual**2 for residual in residuals)
    assert abs(rss - Fraction(item["certified_rss"])) <= Fraction(1, 10**14) * rss


def unpenalized(item: dict, X: np.ndarray, y: np.ndarray, **options) -> np.ndarray | str:
    """All coefficients as NIST lists them, or the words with which bridle refuses."""
    try:
        path = bridle.path(X, y, fit_intercept=has_intercept(item), **options)
    except bridle.errors.BridleError as error:
        return str(error)
    assert path.alphas[-1] == 0
    return np.append(path.intercepts[-1], path.coefs[-1])[0 if has_intercept(item) else 1 :]


def judge(answer: np.ndarray | str, item: dict) -> float:
    if isinstance(answer, str):
        assert item["may_refuse"], answer
        assert "condition" in answer
        return math.nan
    digits = correct_digits(answer, item["certified"])
    assert digits >= item["least_lre"]
    return digits


@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
@pytest.mark.parametrize("name", SETS)
def test_correct_digits(name, standardize, record_property):
    item = SETS[name]
    X, y = double_design(item)
    answer = unpenalized(item, X, y, alphas=[0.0], standardize=standardize)
    record_property("correct_digits", judge(answer, item))


@pytest.mark.parametrize("name", SETS)
def test_correct_digits_at_the_end_of_a_path(name):
    """The last point of a path that began with penalties is as good as a fit of its own."""
    item = SETS[name]
    X, y = double_design(item)
    judge(unpenalized(item, X, y, alphas=[1.0, 0.1, 1e-3, 1e-6, 0.0], l1_ratio=0.5), item)


@pytest.mark.parametrize("name", SETS)
def test_correct_digits_with_weights(name):
    """Equal weights that are no power of two, and rows given twice at half weight, change nothing."""
    item = SETS[name]
    X, y = double_design(item)
    judge(unpenalized(item, X, y, alphas=[0.0], weights=np.full(len(y), 3.0)), item)
    order = np.random.default_rng(1).permutation(2 * len(y)) % len(y)
    judge(unpenalized(item, X[order], y[order], alphas=[0.0], weights=np.full(2 * len(y), 0.5)), item)


@pytest.mark.parametrize("name", SETS)
def test_columns_free_of_the_penalty(name):
    """Penalty factors of zero at a strong alpha: the same unpenalized fit."""
    item = SETS[name]
    X, y = double_design(item)
    try:
        path = bridle.path(
            X, y, alphas=[10.0], penalty_factors=np.zeros(X.shape[1]), fit_intercept=has_intercept(item)
        )
    except bridle.errors.BridleError as error:
        judge(str(error), item)
        return
    answer = np.append(path.intercepts[-1], path.coefs[-1])[0 if has_intercept(item) else 1 :]
    judge(answer, item)


@pytest.mark.parametrize("name", ["Norris", "Pontius", "NoInt1", "NoInt2", "Longley", "Wampler3", "Wampler4"])
def test_training_error_is_the_certified_one(name):
    item = SETS[name]
    X, y = double_design(item)
    path = bridle.path(X, y, alphas=[0.0], fit_intercept=has_intercept(item))
    assert path.train_error[0] * len(y) == pytest.approx(float(item["certified_rss"]), rel=1e-8)
