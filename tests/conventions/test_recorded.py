"""Recorded runs of packages that are not at hand (glmnet, celer, skglm, Spark): each minimizes what its row says.

tests/fixtures/make_conventions.py recorded them, all on one small table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

from bridle.conventions import CONVENTIONS, Strength, convert, find, from_bridle, to_bridle
from bridle.errors import UsageError

Array = np.ndarray[Any, np.dtype[np.float64]]
RECORDED = json.loads((Path(__file__).parents[1] / "fixtures" / "conventions.json").read_text())
DATA = {name: np.array(values, dtype=float) for name, values in RECORDED["data"].items()}
CASES = [case for package in RECORDED["packages"].values() for case in package["cases"]]
REACHED = {
    "glmnet": 1e-10,
    "glmnet-glm": 1e-9,
    "celer": 1e-10,
    "skglm": 1e-10,
    "spark": 1e-6,
    "spark-lbfgs": 1e-5,
}


def refused(case: dict[str, Any]) -> bool:
    """Spark's sample standard deviation of a weighted target; a lasso does without."""
    return (
        case["convention"] == "spark-lbfgs"
        and "weights" in case
        and case["parameters"]["elasticNetParam"] < 1
    )


CONVERTED = [c for c in CASES if not refused(c) and not ("weights" in c and c.get("divided") == "sample sd")]


def name_of(case: dict[str, Any]) -> str:
    words = [*case["parameters"].values(), case.get("family"), case.get("solver"), case.get("divided")]
    flags = [flag for flag in ("weights", "factors", "no_intercept") if flag in case]
    return " ".join(str(word) for word in [case["convention"], *words, *flags] if word is not None)


def target_of(case: dict[str, Any]) -> Array:
    return DATA[case["family"] if case.get("family") in ("binomial", "poisson") else "gaussian"]


def known_of(case: dict[str, Any]) -> dict[str, float]:
    """What a person who knows the data tells the conversion."""
    y, weights = target_of(case), weights_of(case)
    share = weights / weights.sum()
    about_zero = case.get("no_intercept") and case["convention"] == "glmnet"
    known = {"rows": len(y), "target_sd": float(np.sqrt(share @ (y - (0 if about_zero else share @ y)) ** 2))}
    if "weights" in case:
        known["weight_sum"] = float(weights.sum())
    if "factors" in case:
        known["factor_mean"] = float(DATA["factors"].mean())
    return known


def weights_of(case: dict[str, Any]) -> Array:
    return DATA["weights"] if "weights" in case else np.ones(30)


def columns_of(case: dict[str, Any]) -> Array:
    """The divisors of the columns that the penalty saw."""
    X, share = DATA["x"], weights_of(case) / weights_of(case).sum()
    if "divided" not in case:
        return np.ones(X.shape[1])
    deviation = np.sqrt(share @ (X - share @ X) ** 2)
    return deviation * np.sqrt(30 / 29) if case["divided"] == "sample sd" else deviation


def violation(case: dict[str, Any], strength: Strength) -> float:
    """The distance of bridle's subdifferential from zero, in units of the null model's gradient."""
    y, share, scale = target_of(case), weights_of(case) / weights_of(case).sum(), columns_of(case)
    v = DATA["factors"] if "factors" in case else np.ones(len(scale))
    X, b = DATA["x"] / scale, np.array(case["coef"]) * scale
    eta = case["intercept"] + X @ b
    mean = {"binomial": lambda: 1 / (1 + np.exp(-eta)), "poisson": lambda: np.exp(eta)}.get(
        case.get("family", ""), lambda: eta
    )()
    gradient = X.T @ (share * (y - mean)) - strength.l2 * v * b
    kink = np.maximum(np.abs(gradient) - strength.l1 * v, 0)
    smooth = np.abs(gradient - strength.l1 * v * np.sign(b))
    off = np.where(b == 0, kink, smooth).max()
    if "no_intercept" not in case:
        off = max(off, abs(share @ (y - mean)))
    return float(off / np.abs(X.T @ (share * (y - share @ y))).max())


@pytest.mark.parametrize("case", CONVERTED, ids=name_of)
def test_to_bridle_and_back(case: dict[str, Any]) -> None:
    """The answer minimizes bridle's objective at the converted strength, not at one 1 % off; and back are its parameters."""
    known = known_of(case)
    strength = to_bridle(case["convention"], case["parameters"], **known)
    assert violation(case, strength) < REACHED[case["convention"]]
    assert violation(case, Strength(1.01 * strength.alpha, strength.l1_ratio)) > 5e-5
    assert from_bridle(case["convention"], strength, **known) == pytest.approx(case["parameters"], rel=1e-12)


@pytest.mark.parametrize(
    "case",
    [
        c
        for c in CONVERTED
        if "factors" not in c and c.get("family") not in ("binomial", "poisson", "mgaussian 2")
    ],
    ids=name_of,
)
def test_scikit_learn_finds_the_same(case: dict[str, Any]) -> None:
    """scikit-learn, told the converted strength, finds the coefficients that the other package found."""
    scale, weights = columns_of(case), weights_of(case)
    told = convert(case["convention"], "sklearn", case["parameters"], **known_of(case))
    net = ElasticNet(**told, fit_intercept="no_intercept" not in case, tol=1e-12, max_iter=100_000)
    net.fit(DATA["x"] / scale, target_of(case), sample_weight=weights)
    np.testing.assert_allclose(net.coef_ / scale, case["coef"], rtol=1e-4, atol=1e-6)
    back = convert("sklearn", case["convention"], told, **known_of(case))
    assert back == pytest.approx(case["parameters"], rel=1e-12)


def test_weighted_sample_deviations_are_refused() -> None:
    """They divide by W - sum w^2 / W, which rows and the sum W of the weights do not tell: the runs show it."""
    cases = [c for c in CASES if refused(c) and "divided" not in c]
    assert len(cases) == 4
    for case in cases:
        with pytest.raises(UsageError, match="sum of the squared weights"):
            to_bridle("spark-lbfgs", case["parameters"], **known_of(case))
        w = weights_of(case)
        sample_sd = known_of(case)["target_sd"] / np.sqrt(1 - w @ w / w.sum() ** 2)
        strength = to_bridle("spark", case["parameters"], target_sd=sample_sd)
        assert violation(case, strength) < 1e-5


def test_every_row_has_runs() -> None:
    """Recorded here, or seen in test_runs.py or torch/test_conventions.py; a new row without either fails."""
    recorded = {case["convention"] for case in CASES}
    live = {"sklearn", "sklearn-ridge", "sklearn-sgd", "sklearn-logistic", "statsmodels"}
    torch = {"sgd-weight-decay", "torch-mse-weight-decay", "torch-adam-weight-decay", "bridle-torch"}
    steps = {"bridle", "lesson", "lesson-mix"}
    assert recorded | live | torch | steps == set(CONVENTIONS)
    assert not recorded & (live | torch)
    assert {name for name in CONVENTIONS if find(name).seen_in == "runs in the tests"} == live | torch
