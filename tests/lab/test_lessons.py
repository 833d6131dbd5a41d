"""Lessons against independent computation: NumPy, scikit-learn, and the conditions that an optimum has to meet."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet, Lasso, Ridge

import bridle
from bridle.lab.examples import _diabetes, load
from bridle.lab.lessons import compute
from bridle.lab.work import Cancelled

RATIOS = (0, 0.5, 1)
DATASETS = ("diabetes", "wide100", "pair", "overfit")


def home(dataset="diabetes", ratio=1, scale="none", seed=0, standardize=1):
    return compute(
        f"home?dataset={dataset}&l1_ratio={ratio}&scale={scale}&seed={seed}&standardize={standardize}"
    )


def corners(dataset, ratio):
    return compute(f"corners?dataset={dataset}&l1_ratio={ratio}")


def descent(penalty="l1", method="proximal", alpha=0.3, lr=0.1, start="far", steps=200):
    return compute(
        f"descent?alpha={alpha}&dataset=pair&lr={lr}&method={method}&penalty={penalty}&start={start}&steps={steps}"
    )


def sklearns(X, y, alpha, ratio, standardize):
    """Coefficients and intercept of bridle's objective by scikit-learn's solvers, which scale nothing themselves."""
    sd, target_sd = (X.std(axis=0), y.std()) if standardize else (np.ones(X.shape[1]), 1.0)
    Z, t = (X - X.mean(axis=0)) / sd, (y - y.mean()) / target_sd
    if ratio == 0:
        solver = Ridge(alpha * len(y), fit_intercept=False, solver="cholesky")
    else:
        solver = ElasticNet(alpha, l1_ratio=ratio, fit_intercept=False, tol=1e-13, max_iter=1_000_000)
    coef = solver.fit(Z, t).coef_
    kept = coef != 0  # on these the conditions are linear: solved to the last digits
    G = Z[:, kept].T @ Z[:, kept] / len(y) + alpha * (1 - ratio) * np.eye(kept.sum())
    exact = np.linalg.solve(G, Z[:, kept].T @ t / len(y) - alpha * ratio * np.sign(coef[kept]))
    assert (np.sign(exact) == np.sign(coef[kept])).all()
    coef[kept] = exact
    coef = coef / sd * target_sd
    return coef, y.mean() - X.mean(axis=0) @ coef


# The data sets


def test_diabetes_is_scikit_learns_table():
    X, y = load_diabetes(return_X_y=True, scaled=False)
    data = load("diabetes")
    assert (data.X == X).all() and (data.y == y).all()
    assert list(data.names) == load_diabetes().feature_names


def test_diabetes_is_found_where_the_files_are_not(monkeypatch):
    monkeypatch.setattr("bridle.lab.examples.find_spec", lambda name: None)
    assert (_diabetes()[0] == load("diabetes").X).all()


def test_the_pair_is_as_it_is_described():
    data = load("pair")
    assert data.X.mean(axis=0) == pytest.approx([0, 0], abs=1e-15)
    assert pytest.approx(np.array([[1, 0.6], [0.6, 1]]), abs=1e-14) == data.X.T @ data.X / 40
    assert np.linalg.lstsq(data.X, data.y, rcond=None)[0] == pytest.approx([1.2, -0.2], abs=1e-14)


def test_powers_are_powers():
    data = load("overfit")
    assert (data.X[:, :1] ** np.arange(1, 10) == data.X).all() or pytest.approx(
        data.X[:, :1] ** np.arange(1, 10), rel=1e-15
    ) == data.X


# Home


@pytest.mark.parametrize("standardize", [1, 0])
@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("dataset", ["diabetes", "wide100"])
def test_the_path_is_scikit_learns(dataset, ratio, standardize):
    found, data = home(dataset, ratio, standardize=standardize), load(dataset)
    assert found["alphas"].shape == (100,) and (np.diff(found["alphas"]) < 0).all()
    assert found["certified"] and found["gaps"].max() <= 1e-8
    for k in (0, 10, 35, 60):
        coef, intercept = sklearns(data.X, data.y, found["alphas"][k], ratio, standardize)
        assert found["coefs"][k] * data.X.std(axis=0) == pytest.approx(
            coef * data.X.std(axis=0), abs=1e-6 * data.y.std()
        )
        assert found["intercepts"][k] == pytest.approx(intercept, abs=1e-6 * data.y.std())
        error = ((data.y - data.X @ coef - intercept) ** 2).mean()
        assert found["train_error"][k] == pytest.approx(error, rel=1e-7)
    assert found["effects"] == pytest.approx(found["coefs"] * data.X.std(axis=0), rel=1e-6)
    assert (found["n_nonzero"] == (found["coefs"] != 0).sum(axis=1)).all()
    assert (np.diff(found["train_error"]) <= 1e-9 * found["train_error"][0]).all()


@pytest.mark.parametrize(("ratio", "standardize"), [(1, 1), (0, 1), (0.5, 0)])
def test_the_cross_validated_errors_are_those_of_fits_without_the_fold(ratio, standardize):
    data, found = load("diabetes"), home(ratio=ratio, seed=1, standardize=standardize)
    assert found["fold_text"] == "5 folds, shuffled, seed 1" and found["fold_errors"].shape == (5, 100)
    fold = np.empty(442, dtype=int)
    fold[np.random.default_rng([1, 0]).permutation(442)] = np.arange(442) * 5 // 442
    for k in (20, 57, 90):
        for f in range(5):
            train = fold != f
            coef, intercept = sklearns(data.X[train], data.y[train], found["alphas"][k], ratio, standardize)
            error = ((data.y[~train] - data.X[~train] @ coef - intercept) ** 2).mean()
            # With a ridge part, folds are solved to a relative gap of 1e-10: predictions to its square root.
            assert found["fold_errors"][f, k] == pytest.approx(error, rel=1e-5 if ratio == 0.5 else 1e-8)
    size = np.bincount(fold) / 442
    mean = size @ found["fold_errors"]
    assert found["cv_mean"] == pytest.approx(mean, rel=1e-13)
    assert found["cv_se"] == pytest.approx(np.sqrt(size @ (found["fold_errors"] - mean) ** 2 / 4), rel=1e-12)
    null = [((data.y[fold == f] - data.y[fold != f].mean()) ** 2).mean() for f in range(5)]
    assert found["null_error"] == pytest.approx(size @ null, rel=1e-12)


def test_the_rules_follow_from_the_curve():
    for dataset, ratio, seed in (("diabetes", 1, 0), ("diabetes", 0, 1), ("wide100", 0.5, 2)):
        found = home(dataset, ratio, seed=seed)
        mean, se = found["cv_mean"], found["cv_se"]
        least = int(np.argmin(mean))
        assert found["index_min"] == least
        assert found["index_1se"] == int(np.flatnonzero(mean <= mean[least] + se[least])[0])
        assert found["index_1se"] <= least


def test_reshuffled_folds_change_errors_and_not_the_path():
    one, two = home("wide100", seed=0), home("wide100", seed=2)
    assert one["alphas"] == pytest.approx(two["alphas"], rel=1e-13)
    assert one["coefs"] == pytest.approx(two["coefs"], rel=1e-9, abs=1e-12)  # other folds, other sums
    assert (one["fold_errors"] != two["fold_errors"]).any()


@pytest.mark.parametrize("dataset", ["diabetes", "wide100"])
def test_at_alpha_max_the_first_column_is_about_to_enter(dataset):
    found, data = home(dataset, 1), load(dataset)
    X, y = data.X, data.y
    correlation = np.abs(((X - X.mean(axis=0)) / X.std(axis=0)).T @ (y - y.mean())) / len(y) / y.std()
    assert found["alpha_max"] == pytest.approx(correlation.max(), rel=1e-12)
    assert found["alphas"][0] == found["alpha_max"] and found["n_nonzero"][0] == 0
    just_below = bridle.path(X, y, alphas=[0.999 * found["alpha_max"]])
    assert np.flatnonzero(just_below.coefs[0]).tolist() == [correlation.argmax()]
    assert found["coefs"][1, correlation.argmax()] != 0
    assert home(dataset, 0.5)["alpha_max"] == pytest.approx(2 * correlation.max(), rel=1e-12)
    assert home(dataset, 0)["alpha_max"] == math.inf
    raw = home(dataset, 1, standardize=0)["alpha_max"]
    assert raw == pytest.approx(np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y), rel=1e-12)


@pytest.mark.parametrize("ratio", RATIOS)
def test_standardized_a_column_times_1000_is_the_same_column(ratio):
    plain, scaled = home(ratio=ratio), home(ratio=ratio, scale="bmi*1000")
    factor = np.where(np.arange(10) == 2, 1000.0, 1.0)
    assert scaled["alphas"] == pytest.approx(plain["alphas"], rel=1e-12)
    assert scaled["coefs"] * factor == pytest.approx(plain["coefs"], rel=1e-7, abs=1e-10)
    assert scaled["cv_mean"] == pytest.approx(plain["cv_mean"], rel=1e-9)
    assert scaled["effects"] == pytest.approx(plain["effects"], rel=1e-6, abs=1e-9)


def test_unstandardized_a_column_times_1000_is_next_to_free():
    X, y = load("diabetes").X, load("diabetes").y
    plain, scaled = home(standardize=0), home(scale="bmi*1000", standardize=0)
    assert scaled["alpha_max"] == pytest.approx(
        1000 * np.abs((X[:, 2] - X[:, 2].mean()) @ (y - y.mean())) / 442, rel=1e-12
    )
    assert np.flatnonzero(scaled["coefs"][1]).tolist() == [2]
    assert np.flatnonzero(plain["coefs"][1]).tolist() != [2]
    # Its penalty is 1/1000 of what it was: the same fit as with a penalty factor of 1/1000.
    factors = np.where(np.arange(10) == 2, 1e-3, 1.0)
    same = bridle.path(X, y, alphas=scaled["alphas"], standardize=False, penalty_factors=factors)
    assert scaled["coefs"] * (1 / factors) == pytest.approx(same.coefs, rel=1e-7, abs=1e-8)


# Corners


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_the_wall_is_tangent_at_every_solution(dataset, ratio):
    """The loss's gradient is minus a subgradient of the penalty: on all weights, so on every pair of them."""
    found = corners(dataset, ratio)
    G, c, alphas, betas = found["gram"], found["cross"], found["alphas"], found["betas"]
    assert np.allclose(G, G.T, atol=0, rtol=0) and (np.diag(G) == 1).all()
    pull = c - betas @ G  # (A, p), minus the gradient
    l1, l2 = (alphas * ratio)[:, None], (alphas * (1 - ratio))[:, None]
    kept = betas != 0
    assert np.abs(np.where(kept, pull - l2 * betas - l1 * np.sign(betas), 0)).max() <= 1e-9
    assert (np.abs(pull) - l1)[~kept].max(initial=-1) <= 1e-9
    for i, j in list(combinations(range(min(G.shape[0], 6)), 2)):
        for k in (1, 40, 99):
            pair = [i, j]
            others = np.delete(np.arange(len(c)), pair)
            rest = c[pair] - G[np.ix_(pair, others)] @ betas[k, others]  # what the others leave to the two
            gradient = G[np.ix_(pair, pair)] @ betas[k, pair] - rest
            assert gradient == pytest.approx(-pull[k, pair], abs=1e-12)
            for g, b in zip(gradient, betas[k, pair]):
                if b != 0:
                    assert -g == pytest.approx(alphas[k] * (ratio * np.sign(b) + (1 - ratio) * b), abs=1e-9)
                else:
                    assert abs(g) <= alphas[k] * ratio + 1e-9
    assert found["gaps"].max() <= 1e-8


@pytest.mark.parametrize("dataset", DATASETS)
def test_corners_are_those_of_numpy(dataset):
    found, data = corners(dataset, 1), load(dataset)
    Z = (data.X - data.X.mean(axis=0)) / data.X.std(axis=0)
    t = (data.y - data.y.mean()) / data.y.std()
    assert found["gram"] == pytest.approx(np.corrcoef(data.X.T), abs=1e-12)
    assert found["cross"] == pytest.approx(Z.T @ t / len(t), abs=1e-13)
    assert found["sd"] == pytest.approx(data.X.std(axis=0), rel=1e-13)
    assert found["target_sd"] == pytest.approx(data.y.std(), rel=1e-13)
    tolerance = 1e-5 if dataset == "overfit" else 1e-9  # nine powers are nearly dependent
    assert found["least_squares"] == pytest.approx(np.linalg.lstsq(Z, t, rcond=None)[0], rel=tolerance)
    betas = found["betas"]
    residual = t[:, None] - Z @ betas.T
    assert found["r2"] == pytest.approx(1 - (residual**2).mean(axis=0), abs=1e-12)
    half = 0.5 * (1 - 2 * betas @ found["cross"] + np.einsum("ki,ij,kj->k", betas, found["gram"], betas))
    assert half == pytest.approx(0.5 * (1 - found["r2"]), abs=1e-12)


# Descent


@pytest.mark.parametrize(
    ("penalty", "method"),
    [("l2", "gradient"), ("l2", "proximal"), ("l1", "subgradient"), ("l1", "proximal"), ("none", "gradient")],
)
def test_a_descent_follows_the_lessons_formula(penalty, method):
    found = descent(penalty, method, alpha=0.3, lr=0.1)
    data = load("pair")
    X, y, w = data.X, data.y, np.array([-1.2, 1.6])
    for t in range(200):
        gradient = -2 * X.T @ (y - X @ w) / 40
        if penalty == "l2" and method == "gradient":
            new = w * (1 - 2 * 0.1 * 0.3) - 0.1 * gradient
        elif penalty == "l2":
            new = (w - 0.1 * gradient) / (1 + 2 * 0.1 * 0.3)
        elif method == "proximal":
            v = w - 0.1 * gradient
            new = np.where(np.abs(v) <= 0.03, 0.0, v - np.sign(v) * 0.03)
        else:
            new = w - 0.1 * gradient - (0.1 * 0.3 * np.sign(w) if penalty == "l1" else 0)
        assert found["positions"][t + 1] == pytest.approx(new, abs=1e-12)
        assert found["positions"][t] + found["loss_steps"][t] + found["penalty_steps"][t] == pytest.approx(
            new, abs=1e-12
        )
        w = new
    assert (
        found["loss_steps"].shape == (200, 2) and found["diverged"] is False and found["diverged_at"] is None
    )
    size = {
        "l2": (found["positions"] ** 2).sum(axis=1),
        "l1": np.abs(found["positions"]).sum(axis=1),
        "none": 0,
    }[penalty]
    loss = ((y[:, None] - X @ found["positions"].T) ** 2).mean(axis=0)
    assert found["objective"] == pytest.approx(loss + 0.3 * size, rel=1e-12)
    w = found["positions"]
    by_moments = (
        found["target_square"] - 2 * w @ found["cross"] + np.einsum("ti,ij,tj->t", w, found["gram"], w)
    )
    assert by_moments == pytest.approx(loss, rel=1e-11)
    assert found["optimum_objective"] <= found["objective"].min() + 1e-12


def test_the_optimum_is_the_one_known_by_hand():
    # G = [[1, .6], [.6, 1]], c = (1.08, 0.52). Lasso of 0.3: w1 = 1.08 - 0.15, and |2 (0.52 - 0.6 w1)| = 0.076 < 0.3.
    assert descent()["optimum"] == pytest.approx([0.93, 0.0], abs=1e-13) and descent()["optimum"][1] == 0
    ridge = np.linalg.solve(np.array([[1.3, 0.6], [0.6, 1.3]]), [1.08, 0.52])
    assert descent("l2", "gradient")["optimum"] == pytest.approx(ridge, abs=1e-13)
    assert descent("none", "gradient", alpha=0)["optimum"] == pytest.approx([1.2, -0.2], abs=1e-13)
    small = Lasso(0.05, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(load("pair").X, load("pair").y)
    assert descent(alpha=0.1)["optimum"] == pytest.approx(small.coef_, abs=1e-9)


def test_proximal_lands_on_zero_and_the_subgradient_never_does():
    lands, hovers = descent(), descent(method="subgradient")
    assert lands["landed_at"][1] is not None and lands["positions"][-1, 1] == 0
    at = lands["landed_at"][1]
    assert lands["positions"][at, 1] == 0 and (lands["positions"][:at, 1] != 0).all()
    assert hovers["landed_at"] == [None, None] and (hovers["positions"] != 0).all()
    assert abs(hovers["positions"][-1, 1]) < 0.1
    assert lands["positions"][-1] == pytest.approx(lands["optimum"], abs=1e-10)


@pytest.mark.parametrize(
    ("penalty", "method", "critical"),
    [
        ("none", "gradient", 0.625),
        ("l1", "subgradient", 0.625),
        ("l2", "gradient", 1 / 1.9),
        ("l2", "proximal", 1 / 1.3),
    ],
)
def test_beyond_the_critical_rate_it_runs_away(penalty, method, critical):
    found = descent(penalty, method)
    assert found["critical_lr"] == pytest.approx(critical, rel=1e-12)
    away = descent(penalty, method, lr=0.85, steps=2000)
    assert away["diverged"] and 0 < away["diverged_at"] < 100
    steps = len(away["loss_steps"])
    assert (
        steps < 2000 and len(away["positions"]) == len(away["objective"]) == steps + 1 > away["diverged_at"]
    )
    assert np.isfinite(away["positions"]).all() and np.isfinite(away["objective"]).all()
    assert not descent(penalty, method, lr=round(0.95 * critical, 3))["diverged"]


def test_a_proximal_run_beyond_the_critical_rate_may_settle_on_an_axis():
    found = descent(lr=0.7)
    assert found["critical_lr"] == pytest.approx(0.625, rel=1e-12) and not found["diverged"]
    assert found["positions"][-1] == pytest.approx(found["optimum"], abs=1e-10)
    assert descent(lr=1.1, steps=2000)["diverged"]  # beyond 1, the rate of the axis itself


# Stopping


@pytest.mark.parametrize("lr", [0.02, 0.05, 0.2])
def test_stopping_is_a_descent_on_the_training_rows_beside_ridge(lr):
    found, data = compute(f"stopping?dataset=overfit&lr={lr}&steps=400"), load("overfit")
    held = found["held"].astype(bool)
    assert held.sum() == 10
    X = data.X / data.X[~held].std(axis=0)
    Z, mean, y_mean = X - X[~held].mean(axis=0), X[~held].mean(axis=0), data.y[~held].mean()
    w = np.zeros(9)
    for t in range(401):
        assert found["positions"][t] == pytest.approx(w, abs=1e-12)
        assert found["train_error"][t] == pytest.approx(
            ((data.y - y_mean - Z @ w)[~held] ** 2).mean(), rel=1e-11
        )
        assert found["validation_error"][t] == pytest.approx(
            ((data.y - y_mean - Z @ w)[held] ** 2).mean(), rel=1e-11
        )
        w = w - lr * 2 / 20 * Z[~held].T @ (Z[~held] @ w - (data.y - y_mean)[~held])
    assert found["best"] == found["validation_error"].argmin() and 0 < found["best"] < 400
    assert (np.diff(found["train_error"]) <= 1e-15).all()
    assert (np.diff(found["norms"]) > 0).all() or lr == 0.2  # near the critical rate a walk swings at first
    stops = found["stops"]
    assert (np.diff(stops) > 0).all() and stops[0] == 1 and stops[-1] == 400 and found["best"] in stops
    assert found["ridge_alphas"] == pytest.approx(1 / (2 * lr * stops), rel=1e-12)
    assert found["norms"] == pytest.approx(np.linalg.norm(found["positions"], axis=1), rel=1e-13)
    for k in (0, 20, len(stops) - 1):
        strength = found["ridge_alphas"][k]  # the lesson's: mean square + lambda sum of squares
        exact = np.linalg.solve(
            Z[~held].T @ Z[~held] / 20 + strength * np.eye(9), Z[~held].T @ (data.y - y_mean)[~held] / 20
        )
        assert found["ridge_coefs"][k] == pytest.approx(exact, abs=1e-8)
        assert found["ridge_norms"][k] == pytest.approx(np.linalg.norm(exact), rel=1e-8)
        error = (data.y - y_mean - (X - mean) @ exact) ** 2
        assert found["ridge_train"][k] == pytest.approx(error[~held].mean(), rel=1e-8)
        assert found["ridge_validation"][k] == pytest.approx(error[held].mean(), rel=1e-8)


def test_a_walk_that_runs_away_has_a_best_step_too():
    for key in ("lr=1&steps=400", "lr=1&steps=5000", "lr=0.25&steps=400", "lr=0.001&steps=1"):
        found = compute(f"stopping?dataset=overfit&{key}")
        assert found["diverged"] == ("lr=0.001" not in key) and found["best"] == 1 == found["stops"][0]
        assert np.isfinite(found["ridge_validation"]).all()


# Copy as Python, progress, cancelling

FROM_PYTHON = {
    "home?dataset=diabetes&l1_ratio=0.5&scale=s5*1000&seed=1&standardize=0": {
        "alphas": "path.alphas", "coefs": "path.coefs", "intercepts": "path.intercepts", "cv_mean": "curve.mean",
        "cv_se": "curve.standard_error", "fold_errors": "curve.fold_errors", "train_error": "path.train_error",
    },
    "home?dataset=wide100&l1_ratio=1&scale=none&seed=0&standardize=1": {"coefs": "path.coefs", "cv_mean": "curve.mean"},
    "corners?dataset=diabetes&l1_ratio=0": {"alphas": "path.alphas", "betas": "betas", "least_squares": "least_squares"},
    "corners?dataset=wide100&l1_ratio=1": {"betas": "betas", "least_squares": "least_squares"},
    "descent?alpha=0.3&dataset=pair&lr=0.1&method=proximal&penalty=l1&start=far&steps=50": {
        "positions": "found.positions", "loss_steps": "found.loss_steps", "objective": "found.objective",
        "critical_lr": "found.critical_lr",
    },
    "stopping?dataset=overfit&lr=0.05&steps=100": {
        "positions": "found.positions", "train_error": "found.loss", "validation_error": "error",
        "ridge_coefs": "ridge.coefs", "ridge_validation": "ridge_error", "ridge_alphas": "alphas", "best": "best",
        "stops": "stops",
    },
}  # fmt: skip


@pytest.mark.parametrize("key", FROM_PYTHON)
def test_the_lines_to_copy_give_the_same_numbers(key, capsys):
    found, names = compute(key), {}
    assert max(map(len, found["python"].splitlines())) <= 125
    exec(found["python"], names)
    assert capsys.readouterr().out
    for field, expression in FROM_PYTHON[key].items():
        value = eval(expression, names)
        assert value == pytest.approx(found[field], rel=1e-9, abs=1e-12), field


@pytest.mark.parametrize("key", FROM_PYTHON)
def test_every_lesson_says_what_it_is_and_ends_where_it_is_told_to(key):
    stages = []
    found = compute(key, lambda stage, share: stages.append((stage, share)))
    data = load(found["dataset"])
    assert found["key"] == key and found["names"] == list(data.names) and found["n_rows"] == len(data.y)
    assert found["target"] == data.target and found["title"] == data.title and found["unit"] == ""
    assert stages[-1] == ("done", 1.0) and all(0 <= share <= 1 for _, share in stages)
    for stop in range(len(stages)):
        calls = []

        def enough(stage, share, stop=stop, calls=calls):
            calls.append(stage)
            if len(calls) > stop:
                raise Cancelled

        with pytest.raises(Cancelled):
            compute(key, enough)
        assert len(calls) == stop + 1
