"""Every row of the table against the packages: what they answer minimizes the objective that the conversion says."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDRegressor,
    TweedieRegressor,
)

import bridle
from bridle.conventions import Strength, code, convert, from_bridle, grid_in, to_bridle

Array = np.ndarray[Any, np.dtype[np.float64]]
SLOW = {"eta0": 0.02, "power_t": 0.6, "max_iter": 20_000, "tol": None, "random_state": 0}  # steps that arrive
FIXTURES = Path(__file__).parents[1] / "fixtures"


def data(seed: int = 0, n: int = 60, p: int = 5) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.array([1, 3, 0.5, 2, 1])[:p] + rng.normal(size=p)
    y = 10 + X @ np.array([3.0, 0, -4, 0.5, 1])[:p] + rng.normal(size=n)
    return X, y, rng.uniform(0.5, 2, n)


def violation(
    X: Array,
    y: Array,
    b0: float,
    b: Array,
    strength: Strength,
    weights: Array | None = None,
    factors: Any = 1.0,
) -> float:
    """The distance of bridle's subdifferential from zero at (b0, b), in units of the null model's gradient."""
    w = np.ones(len(y)) if weights is None else weights
    w = w / w.sum()
    residual = y - b0 - X @ b
    gradient = X.T @ (w * residual) - strength.l2 * factors * b
    kink = np.maximum(np.abs(gradient) - strength.l1 * factors, 0)
    smooth = np.abs(gradient - strength.l1 * factors * np.sign(b))
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


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_sklearn_glm_regressors(power: float) -> None:
    """Poisson, Tweedie and gamma: half the mean deviance, whose gradient is that of (y - mu) / mu^(power - 1)."""
    X, y, _ = data()
    counts = np.exp((y - y.mean()) / y.std())
    kinds = {1.0: PoissonRegressor, 1.5: TweedieRegressor, 2.0: GammaRegressor}
    more = {"power": 1.5, "link": "log"} if power == 1.5 else {}
    model = kinds[power](alpha=0.2, tol=1e-10, solver="newton-cholesky", **more).fit(X, counts)
    mean = model.predict(X)
    strength = to_bridle("sklearn", {"alpha": 0.2, "l1_ratio": 0.0})
    residual = (counts - mean) / mean ** (power - 1)
    np.testing.assert_allclose(X.T @ residual / len(y), strength.l2 * model.coef_, atol=1e-8)


def test_sklearn_logistic() -> None:
    X, y, w = data()
    classes = y > np.median(y)
    model = LogisticRegression(C=0.5, tol=1e-12, solver="newton-cholesky").fit(X, classes, sample_weight=w)
    residual = w * (classes - model.predict_proba(X)[:, 1]) / w.sum()
    strength = to_bridle("sklearn-logistic", {"C": 0.5, "l1_ratio": 0.0}, weight_sum=w.sum())
    np.testing.assert_allclose(X.T @ residual, strength.l2 * model.coef_[0], atol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_sklearn_sgd(l1_ratio: float, weighted: bool) -> None:
    """Stochastic steps never quite arrive; the weighted loss is divided by the number of rows, not by the weights."""
    X, y, w = data()
    w = w if weighted else np.ones(60)
    X, y = (X - w @ X / w.sum()) / X.std(axis=0), y - w @ y / w.sum()
    model = SGDRegressor(
        penalty="elasticnet", alpha=0.3, l1_ratio=l1_ratio, fit_intercept=False, **SLOW
    ).fit(X, y, sample_weight=w)  # fmt: skip
    known = {"rows": 60, "weight_sum": w.sum()} if weighted else {}
    strength = to_bridle("sklearn-sgd", {"alpha": 0.3, "l1_ratio": l1_ratio}, **known)
    assert violation(X, y, 0.0, model.coef_, strength, w) < 1e-4
    assert violation(X, y, 0.0, model.coef_, Strength(1.01 * strength.alpha, l1_ratio), w) > 2e-4
    assert from_bridle("sklearn-sgd", strength, **known)["alpha"] == pytest.approx(0.3)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("L1_wt", [0.0, 0.5, 1.0])
def test_statsmodels(L1_wt: float, weighted: bool) -> None:
    """With alpha 0 for the constant; WLS turns its alpha so that it stands beside the weighted mean."""
    X, y, w = data()
    exog = sm.add_constant(X)
    model = sm.WLS(y, exog, weights=w) if weighted else sm.OLS(y, exog)
    alpha = np.r_[0, np.full(X.shape[1], 0.4)]
    start = None
    for _ in range(5):  # a coefficient that was 0 once is left there until the next call
        fit = model.fit_regularized(
            alpha=alpha, L1_wt=L1_wt, start_params=start, maxiter=10_000, cnvrg_tol=1e-13, zero_tol=1e-12
        )
        start = fit.params
    b0, b = fit.params[0], fit.params[1:]
    strength = to_bridle("statsmodels", {"alpha": 0.4, "L1_wt": L1_wt}, rows=60, weight_sum=w.sum())
    weights = w if weighted else None
    assert violation(X, y, b0, b, strength, weights) < 1e-10
    assert violation(X, y, b0, b, Strength(1.01 * strength.alpha, strength.l1_ratio), weights) > 1e-4
    assert from_bridle("statsmodels", strength) == pytest.approx({"alpha": 0.4, "L1_wt": L1_wt})


def test_statsmodels_penalizes_the_constant_too() -> None:
    X, y, _ = data()
    fit = sm.OLS(y, sm.add_constant(X)).fit_regularized(alpha=0.4, L1_wt=0.0)
    assert (y - sm.add_constant(X) @ fit.params).mean() == pytest.approx(0.4 * fit.params[0])


def test_huber_estimates_a_scale() -> None:
    """Where no residual is an outlier the coefficients are a ridge's, but its alpha goes by the scale that was found."""
    X, y, _ = data()
    y = 5 * y
    huber = HuberRegressor(epsilon=100.0, alpha=5.0, max_iter=10_000, tol=1e-10).fit(X, y)
    residual = y - huber.predict(X)
    np.testing.assert_allclose(X.T @ residual / huber.scale_, 5.0 * huber.coef_, rtol=0.01)
    assert huber.scale_ > 2


def test_liblinear_penalizes_the_intercept() -> None:
    X, y, _ = data()
    classes = y > np.quantile(y, 0.8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=0.5, solver="liblinear", tol=1e-10, max_iter=10_000).fit(X, classes)
    residual = classes - model.predict_proba(X)[:, 1]
    assert 0.5 * residual.sum() == pytest.approx(model.intercept_[0], rel=1e-4)


# The calls that `code` writes


@pytest.mark.parametrize("source", ["lesson", "glmnet"])
@pytest.mark.parametrize(
    "target", ["sklearn", "sklearn-sgd", "statsmodels", "bridle", "lesson", "lesson-mix"]
)
def test_code_fits_the_same(source: str, target: str) -> None:
    """The line of code, run as it stands, finds the coefficients that the source's objective has."""
    X, y, _ = data()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    settings = {"l1": 0.6, "l2": 0.2} if source == "lesson" else {"lambda": 0.5, "alpha": 0.9}
    known = {"rows": 60, "target_sd": float(y.std())}
    exact = to_bridle(source, settings, **known)
    net = ElasticNet(alpha=exact.alpha, l1_ratio=exact.l1_ratio, tol=1e-12).fit(X, y)
    parameters = convert(source, target, settings, **known)
    line = code(target, parameters, source=source)
    assert line is not None
    if target.startswith("lesson"):
        assert evaluate(line, X, y, net.coef_, net.intercept_) / 2 == pytest.approx(
            ((y - net.predict(X)) ** 2).mean() / 2
            + exact.l1 * np.abs(net.coef_).sum()
            + exact.l2 / 2 * (net.coef_**2).sum()
        )
        return
    fitted = evaluate(line, X, y)
    if target == "sklearn-sgd":
        fitted.set_params(**SLOW)
    coef = fitted.fit(X, y).coef_ if target.startswith("sklearn") else coefficients(fitted)
    np.testing.assert_allclose(coef, net.coef_, rtol=0.02, atol=1e-3)


@pytest.mark.parametrize("alpha", [7.0, 70.0])
def test_code_of_ridge_and_lasso(alpha: float) -> None:
    X, y, _ = data()
    ridge = convert("sklearn", "sklearn-ridge", {"alpha": alpha / 60, "l1_ratio": 0.0}, rows=60)
    line = code("sklearn-ridge", ridge)
    assert line is not None
    exact = np.linalg.solve((X - X.mean(0)).T @ X + alpha * np.eye(5), (X - X.mean(0)).T @ y)
    np.testing.assert_allclose(evaluate(line, X, y).fit(X, y).coef_, exact, rtol=1e-10)
    assert code("sklearn", {"alpha": alpha, "l1_ratio": 1.0}) == f"Lasso(alpha={alpha})"
    assert code("celer", {"alpha": alpha, "l1_ratio": 1.0}) == f"celer.Lasso(alpha={alpha})"


def test_code_of_logistic() -> None:
    X, y, _ = data()
    classes = y > np.median(y)
    X = X / X.std(axis=0)
    line = code(
        "sklearn-logistic", convert("glmnet-glm", "sklearn-logistic", {"lambda": 0.1, "alpha": 0.0}, rows=60)
    )
    assert line is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = evaluate(line, X, y).fit(X, classes)
    residual = classes - model.predict_proba(X)[:, 1]
    np.testing.assert_allclose(X.T @ residual / 60, 0.1 * model.coef_[0], atol=2e-3)


def test_code_of_a_family() -> None:
    assert code("bridle", {"alpha": 1.0, "l1_ratio": 0.0}, source="sklearn-logistic") is None
    settings = {"lambda": 0.1, "alpha": 1.0}
    for source, family in [("sklearn-logistic", '"binomial"'), ("lesson", "gaussian()")]:
        line = code("glmnet-glm", settings, source=source)
        assert line is not None and f"family = {family}" in line


def evaluate(line: str, X: Array, y: Array, w: Array | None = None, b: float = 0.0) -> Any:
    """The value of a line of code, with its packages and the data at hand; of an assignment, what is assigned."""
    table = {f"x{j}": column for j, column in enumerate(X.T)} | {"y": y}
    names = {
        "ElasticNet": ElasticNet, "Lasso": Lasso, "LogisticRegression": LogisticRegression, "Ridge": Ridge,
        "SGDRegressor": SGDRegressor, "sm": sm, "np": np, "bridle": bridle, "x": X, "y": y, "table": table, "w": w, "b": b,
    }  # fmt: skip
    return eval(line.removeprefix("loss = "), names)


def coefficients(fitted: Any) -> Array:
    """Those of the columns, without the intercept."""
    if hasattr(fitted, "params"):
        return np.asarray(fitted.params[1:])
    of = {c.variable: c.value for c in fitted.coefficients}
    return np.array([of.get(f"x{j}", 0.0) for j in range(5)])


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


@pytest.mark.parametrize(
    "name", ["small lasso factors", "small half factors", "small ridge factors raw weights"]
)
def test_glmnet_divides_factors_by_their_mean(name: str) -> None:
    """Recorded runs with factors of which one is 0 and one infinite, which counts as 1 and leaves its column out."""
    case = GLMNET["cases"][name]
    X, y = (np.array(GLMNET["data"][case["data"]][k], dtype=float) for k in "xy")
    w = np.array(GLMNET["vectors"][case["weights"]], dtype=float) if "weights" in case else np.ones(len(y))
    v = np.array([float(f) for f in GLMNET["vectors"][case["factors"]]])
    share, kept = w / w.sum(), np.isfinite(v)
    x_sd = np.sqrt(share @ (X - share @ X) ** 2)[kept] if case["standardize"] else np.ones(kept.sum())
    known = {
        "target_sd": float(np.sqrt(share @ (y - share @ y) ** 2)),
        "factor_mean": np.where(kept, v, 1).mean(),
    }
    assert known["factor_mean"] != 1
    alphas, l1_ratio = grid_in("glmnet", case["lambda"], case["alpha"], **known)
    for alpha, b0, b in zip(alphas, case["intercept_values"], np.array(case["coef"], dtype=float)):
        found = X[:, kept] / x_sd, y, b0, b[kept] * x_sd, Strength(alpha, l1_ratio), w, v[kept]
        assert violation(*found) < 1e-8
