"""Conversions between conventions: the other package's answer minimizes bridle's objective, and back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, PoissonRegressor, Ridge

from bridle.conventions import CONVENTIONS, Strength, from_bridle, grid_in, objective, to_bridle
from bridle.errors import UsageError

Array = np.ndarray[Any, np.dtype[np.float64]]
FIXTURES = Path(__file__).parent / "fixtures"
PARAMETERS = {
    "bridle": {"alpha": 0.3, "l1_ratio": 0.7},
    "lesson": {"l1": 0.3, "l2": 0.4},
    "lesson-mix": {"lambda": 0.3, "mix": 0.4},
    "sklearn": {"alpha": 0.3, "l1_ratio": 0.7},
    "sklearn-ridge": {"alpha": 3.0},
    "sklearn-logistic": {"C": 3.0, "l1_ratio": 0.4},
    "glmnet": {"lambda": 0.3, "alpha": 0.4},
    "sgd-weight-decay": {"weight_decay": 0.1},
    "torch-mse-weight-decay": {"weight_decay": 0.1},
}
KNOWN = {"rows": 60.0, "target_sd": 7.5}


def data(seed: int = 0, n: int = 60, p: int = 5) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.array([1, 3, 0.5, 2, 1])[:p] + rng.normal(size=p)
    y = 10 + X @ np.array([3.0, 0, -4, 0.5, 1])[:p] + rng.normal(size=n)
    return X, y, rng.uniform(0.5, 2, n)


def violation(
    X: Array, y: Array, b0: float, b: Array, strength: Strength, weights: Array | None = None
) -> float:
    """The distance of bridle's subdifferential from zero at (b0, b), in units of the null model's gradient."""
    w = np.ones(len(y)) if weights is None else weights
    w = w / w.sum()
    residual = y - b0 - X @ b
    gradient = X.T @ (w * residual) - strength.l2 * b
    kink = np.maximum(np.abs(gradient) - strength.l1, 0)
    smooth = np.abs(gradient - strength.l1 * np.sign(b))
    scale = np.abs(X.T @ (w * (y - w @ y))).max()
    return float(max(np.where(b == 0, kink, smooth).max(), abs(w @ residual)) / scale)


# scikit-learn's answers minimize the objective that the conversion says


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("settings", [{"alpha": 0.4, "l1_ratio": 1.0}, {"alpha": 0.3, "l1_ratio": 0.6}])
def test_sklearn(settings: dict[str, float], weighted: bool) -> None:
    X, y, w = data()
    weights = w if weighted else None
    model = ElasticNet(**settings, tol=1e-14, max_iter=100_000).fit(X, y, sample_weight=weights)
    strength = to_bridle("sklearn", settings)
    assert violation(X, y, model.intercept_, model.coef_, strength, weights) < 1e-9
    assert violation(X, y, model.intercept_, model.coef_, Strength(1.01 * strength.alpha, 1), weights) > 1e-4


def test_sklearn_lasso() -> None:
    X, y, _ = data()
    model = Lasso(alpha=0.4, tol=1e-14, max_iter=100_000).fit(X, y)
    assert (
        violation(X, y, model.intercept_, model.coef_, to_bridle("sklearn", {"alpha": 0.4, "l1_ratio": 1}))
        < 1e-9
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_sklearn_ridge(weighted: bool) -> None:
    X, y, w = data()
    weights = w if weighted else None
    model = Ridge(alpha=7.0, solver="cholesky").fit(X, y, sample_weight=weights)
    strength = to_bridle("sklearn-ridge", {"alpha": 7.0}, rows=60, weight_sum=w.sum() if weighted else None)
    assert violation(X, y, model.intercept_, model.coef_, strength, weights) < 1e-12


def test_sklearn_glm_regressor() -> None:
    X, y, _ = data()
    counts = np.round(np.exp((y - y.mean()) / y.std()))
    model = PoissonRegressor(alpha=0.2, tol=1e-10, solver="newton-cholesky").fit(X, counts)
    residual = counts - model.predict(X)
    strength = to_bridle("sklearn", {"alpha": 0.2, "l1_ratio": 0.0})
    np.testing.assert_allclose(X.T @ residual / len(y), strength.l2 * model.coef_, atol=1e-8)


def test_sklearn_logistic() -> None:
    X, y, w = data()
    classes = y > np.median(y)
    model = LogisticRegression(C=0.5, tol=1e-12, solver="newton-cholesky").fit(X, classes, sample_weight=w)
    residual = w * (classes - model.predict_proba(X)[:, 1]) / w.sum()
    strength = to_bridle("sklearn-logistic", {"C": 0.5, "l1_ratio": 0.0}, weight_sum=w.sum())
    np.testing.assert_allclose(X.T @ residual, strength.l2 * model.coef_[0], atol=1e-10)


# The lesson's objective, gradient descent, glmnet


@pytest.mark.parametrize("settings", [{"l1": 0.5, "l2": 0.0}, {"l2": 0.3}, {"l1": 0.4, "l2": 0.2}])
def test_lesson(settings: dict[str, float]) -> None:
    """The lesson's own objective, minimized by proximal gradient steps, is where bridle's is least."""
    X, y, _ = data()
    X, y = X - X.mean(axis=0), y - y.mean()
    l1, l2 = settings.get("l1", 0.0), settings.get("l2", 0.0)
    step = 0.5 / (np.linalg.norm(X, 2) ** 2 / len(y) + l2)
    w = np.zeros(X.shape[1])
    for _ in range(5_000):
        w = w - step * (-2 * X.T @ (y - X @ w) / len(y) + 2 * l2 * w)
        w = np.sign(w) * np.maximum(np.abs(w) - step * l1, 0)
    assert violation(X, y, 0.0, w, to_bridle("lesson", settings)) < 1e-9
    total = l1 + l2
    mixed = to_bridle("lesson-mix", {"lambda": total, "mix": l1 / total})
    assert violation(X, y, 0.0, w, mixed) < 1e-9


@pytest.mark.parametrize(("convention", "half"), [("sgd-weight-decay", 1.0), ("torch-mse-weight-decay", 2.0)])
def test_weight_decay(convention: str, half: float) -> None:
    X, y, _ = data()
    X, y = X - X.mean(axis=0), y - y.mean()
    w, lr, decay = np.zeros(X.shape[1]), 0.02, 0.4
    for _ in range(5_000):
        w = w * (1 - lr * decay) - lr * half * -X.T @ (y - X @ w) / len(y)
    assert violation(X, y, 0.0, w, to_bridle(convention, {"weight_decay": decay})) < 1e-9


GLMNET = json.loads((FIXTURES / "glmnet.json").read_text())


@pytest.mark.parametrize(
    "name",
    [
        "diabetes lasso", "diabetes half", "diabetes ridge", "diabetes half raw", "diabetes ridge raw",
        "small half weights", "small ridge weights", "small half raw", "wide half",
        "small half raw no intercept", "small ridge raw no intercept",
    ],
)  # fmt: skip
def test_glmnet(name: str) -> None:
    """Recorded runs of glmnet itself: with its own standardization and without, both of bridle's frames."""
    case = GLMNET["cases"][name]
    if case["data"] == "diabetes":
        X, y = load_diabetes(scaled=False, return_X_y=True)
    else:
        X, y = (np.array(GLMNET["data"][case["data"]][k], dtype=float) for k in "xy")
    w = np.array(GLMNET["vectors"][case["weights"]], dtype=float) if "weights" in case else np.ones(len(y))
    share = w / w.sum()
    x_sd = np.sqrt(share @ (X - share @ X) ** 2) if case["standardize"] else np.ones(X.shape[1])
    y_sd = float(np.sqrt(share @ (y - (share @ y if case["intercept"] else 0)) ** 2))
    lambdas, mix = case["lambda"], case["alpha"]
    alphas, l1_ratio = grid_in("glmnet", lambdas, mix, target_sd=y_sd)
    scaled, scaled_ratio = grid_in("glmnet", lambdas, mix, target_sd=y_sd, scaled=True)
    assert scaled_ratio == pytest.approx(mix, rel=1e-14)
    for k, b in enumerate(np.array(case["coef"], dtype=float)):
        b0 = case["intercept_values"][k]
        if not case["intercept"]:
            z, target = (
                np.vstack([X, -X]),
                np.concatenate([y, -y]),
            )  # centred: the intercept condition is idle
            found = violation(z, target, 0.0, b, Strength(alphas[k], l1_ratio), np.concatenate([w, w]))
        else:
            found = violation(X / x_sd, y, b0, b * x_sd, Strength(alphas[k], l1_ratio), w)
            unit = Strength(scaled[k], scaled_ratio)
            assert violation(X / x_sd, y / y_sd, b0 / y_sd, b * x_sd / y_sd, unit, w) < 1e-8
        assert found < 1e-8


# The scaled target


@pytest.mark.parametrize("l1_ratio", [1.0, 0.8, 0.3])
def test_scaled_target(l1_ratio: float) -> None:
    """One elastic net, solved on the target as it is and on the target of unit sd."""
    X, y, _ = data()
    raw = Strength(0.3, l1_ratio)
    scaled = raw.on_scaled_target(float(y.std()))
    assert scaled.l1 == pytest.approx(raw.l1 / y.std()) and scaled.l2 == pytest.approx(raw.l2)

    def coef(target: Array, strength: Strength) -> Array:
        net = ElasticNet(alpha=strength.alpha, l1_ratio=strength.l1_ratio, tol=1e-14, max_iter=100_000)
        return np.asarray(net.fit(X, target).coef_)

    np.testing.assert_allclose(coef(y, raw), coef(y / y.std(), scaled) * y.std(), rtol=1e-8)
    back = scaled.on_raw_target(float(y.std()))
    assert (back.alpha, back.l1_ratio) == pytest.approx((raw.alpha, raw.l1_ratio))


@pytest.mark.parametrize("convention", [c for c in CONVENTIONS if c != "bridle"])
def test_scaled_grid_is_the_grid_then_scaled(convention: str) -> None:
    mix = 0.0 if len(PARAMETERS[convention]) == 1 else 0.4
    family = "binomial" if convention == "sklearn-logistic" else "squared"
    alphas, ratio = grid_in(convention, [0.1, 2.0], mix, family=family, **KNOWN)
    scaled, scaled_ratio = grid_in(convention, [0.1, 2.0], mix, family=family, scaled=True, **KNOWN)
    for raw, unit in zip(alphas, scaled):
        wanted = Strength(raw, ratio).on_scaled_target(KNOWN["target_sd"])
        assert (unit, scaled_ratio) == pytest.approx((wanted.alpha, wanted.l1_ratio), rel=1e-14)


def test_bridles_own_strengths_stay() -> None:
    for scaled in (False, True):
        assert grid_in("bridle", (1.0, 0.1), 0.3, scaled=scaled) == ((1.0, 0.1), 0.3)


# There and back


strengths = st.builds(Strength, st.floats(1e-9, 1e9), st.sampled_from([0.0, 1.0]) | st.floats(0.01, 0.99))


@given(strengths, st.sampled_from(CONVENTIONS), st.integers(1, 10**9), st.floats(1e-3, 1e3))
def test_law_there_and_back(strength: Strength, convention: str, rows: int, target_sd: float) -> None:
    if len(PARAMETERS[convention]) == 1:
        strength = Strength(strength.alpha, 0.0)
    known = {"rows": rows, "target_sd": target_sd}
    there = from_bridle(convention, strength, **known)
    assert set(there) == set(PARAMETERS[convention])
    back = to_bridle(convention, there, **known)
    assert back.l1 == pytest.approx(strength.l1, rel=1e-9)
    assert back.l2 == pytest.approx(strength.l2, rel=1e-9)  # the small part of a mix loses digits
    if strength.l1_ratio in (0.0, 1.0):
        assert back.l1_ratio == strength.l1_ratio


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_grid_is_its_single_strengths(convention: str) -> None:
    settings = PARAMETERS[convention]
    family = "binomial" if convention == "sklearn-logistic" else "squared"
    if convention == "lesson":
        total = settings["l1"] + settings["l2"]
        main, mix = total, settings["l1"] / total
    else:
        main, mix = [*settings.values(), 0.0][:2]
    (alpha,), ratio = grid_in(convention, [main], mix, family=family, **KNOWN)
    one = to_bridle(convention, settings, **KNOWN)
    assert (alpha, ratio) == pytest.approx((one.alpha, one.l1_ratio), rel=1e-14)


def test_the_lessons_half_is_bridles_third() -> None:
    assert grid_in("lesson", [1.0], 0.5) == ((0.75,), pytest.approx(1 / 3))


def test_no_penalty_keeps_its_mix() -> None:
    none = to_bridle("lesson-mix", {"lambda": 0, "mix": 0.5})
    assert (none.alpha, none.l1_ratio) == (0.0, pytest.approx(1 / 3))
    assert to_bridle("lesson", {"l1": 0.0}) == Strength(0.0, 0.0)
    assert from_bridle("sklearn", Strength(0.0, 0.3)) == {"alpha": 0.0, "l1_ratio": 0.3}


# What is missing or wrong is named


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: to_bridle("sklearn-ridge", {"alpha": 1}), "needs rows (or weight_sum"),
        (lambda: from_bridle("sklearn-logistic", Strength(1, 1)), "needs rows (or weight_sum"),
        (lambda: to_bridle("glmnet", {"lambda": 1, "alpha": 0.5}), "needs target_sd"),
        (lambda: grid_in("lesson", [1], 1.0, scaled=True), "needs target_sd"),
        (lambda: to_bridle("glmnet", {"lambda": 1, "alpha": 0}, target_sd=0), "target_sd must be positive"),
        (lambda: to_bridle("sklearn-ridge", {"alpha": 1}, rows=-3), "rows must be finite and not negative"),
        (lambda: to_bridle("sklearn-ridge", {"alpha": 1}, rows=0), "rows must be positive"),
        (lambda: to_bridle("adamw", {"weight_decay": 1}), "AdamW"),
        (lambda: from_bridle("adamw", Strength(1, 0)), "no objective"),
        (lambda: to_bridle("spark", {}), "'spark'"),
        (lambda: to_bridle("sklearn", {"alpha": 1}), "l1_ratio is missing"),
        (lambda: to_bridle("lesson", {}), "l1 is missing"),
        (lambda: to_bridle("sklearn-ridge", {"alpha": 1, "l1_ratio": 0}, rows=3), "'l1_ratio'"),
        (lambda: to_bridle("sklearn", {"alpha": -1, "l1_ratio": 0}), "alpha must be finite"),
        (lambda: to_bridle("sklearn", {"alpha": float("nan"), "l1_ratio": 0}), "alpha must be finite"),
        (lambda: to_bridle("sklearn", {"alpha": 1, "l1_ratio": 1.5}), "between 0 and 1"),
        (lambda: to_bridle("sklearn", {"alpha": "1", "l1_ratio": 1.0}), "must be a number"),
        (lambda: to_bridle("sklearn-logistic", {"C": 0, "l1_ratio": 0}, rows=3), "C must be positive"),
        (lambda: to_bridle("sklearn-logistic", {"C": 5e-324, "l1_ratio": 0}, rows=3), "too large"),
        (lambda: from_bridle("sklearn-logistic", Strength(0, 0), rows=3), "infinite C"),
        (lambda: from_bridle("sklearn-ridge", Strength(1, 0.5), rows=3), "no L1 part"),
        (lambda: grid_in("sklearn-ridge", [1], 0.5, rows=3), "no L1 part"),
        (lambda: grid_in("sklearn-logistic", [1], 0.5, rows=3), 'for family "binomial"'),
        (lambda: grid_in("sklearn", [1, -1], 0.5), "alpha must be"),
        (lambda: Strength(1, -0.5), "l1_ratio"),
        (lambda: Strength(float("inf"), 0.5), "alpha"),
        (lambda: Strength(1, 0.5).on_scaled_target(0), "target_sd must be positive"),
    ],
)  # fmt: skip
def test_errors(act: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        act()
    assert words in str(caught.value)


def test_nothing_is_asked_for_in_vain() -> None:
    """glmnet's lasso does not depend on the target's scale."""
    assert to_bridle("glmnet", {"lambda": 2.0, "alpha": 1.0}) == Strength(2.0, 1.0)
    assert grid_in("lesson", [1.0], 0.0, scaled=True) == ((1.0,), 0.0)


def test_numpy_numbers_are_numbers() -> None:
    assert grid_in("lesson", np.array([1.0, 2.0]), np.float64(1.0)) == ((0.5, 1.0), 1.0)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_convention_states_its_objective(convention: str) -> None:
    assert len(objective(convention)) > 20


def test_imports_nothing() -> None:
    code = "import sys, bridle.conventions; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
