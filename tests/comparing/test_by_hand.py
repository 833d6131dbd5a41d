"""Nested errors against explicit loops over scikit-learn's estimators on the same folds and the same alphas."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge

import bridle
from bridle.comparing import compare as compare_all
from bridle.selection import make_folds

compare = partial(compare_all, networks=False)  # networks have tests of their own

K, N_ALPHAS = 5, 12
X, Y = load_diabetes(return_X_y=True)
FOLDS = np.random.default_rng(7).integers(0, K, len(Y))  # of unequal size
Model = Callable[[float, int], Any]


def _ridge(alpha: float, n: int) -> Any:
    return Ridge(alpha * n, fit_intercept=False, solver="svd")


def _lasso(alpha: float, n: int) -> Any:
    return Lasso(alpha, fit_intercept=False, tol=1e-13, max_iter=1_000_000)


def _half(alpha: float, n: int) -> Any:
    return ElasticNet(alpha, l1_ratio=0.5, fit_intercept=False, tol=1e-13, max_iter=1_000_000)


def _errors(model: Model, alpha: float, train: np.ndarray, test: np.ndarray) -> float:
    """Mean squared error on test rows of a fit to standardized training rows."""
    mean, sd = X[train].mean(axis=0), X[train].std(axis=0)
    centre, scale = Y[train].mean(), Y[train].std()
    fit = model(alpha, int(train.sum())).fit((X[train] - mean) / sd, (Y[train] - centre) / scale)
    predicted = fit.predict((X[test] - mean) / sd) * scale + centre
    return float(np.mean((Y[test] - predicted) ** 2))


def _nested(model: Model, alphas: np.ndarray, folds: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """For every fold the alpha with the smallest error on the other folds, each tested without both; its error."""
    names = np.unique(folds)
    out, chosen = [], []
    for k in names:
        inner, weight = [], []
        for other in names[names != k]:
            train = (folds != k) & (folds != other)
            inner.append([_errors(model, a, train, folds == other) for a in alphas])
            weight.append((folds == other).sum())
        best = alphas[int(np.argmin(np.average(inner, axis=0, weights=weight)))]
        chosen.append(float(best))
        out.append(_errors(model, best, folds != k, folds == k))
    return np.array(out), chosen


@pytest.mark.parametrize(
    ("name", "l1_ratio", "model"),
    [("ridge", 0.0, _ridge), ("lasso", 1.0, _lasso), ("elastic_net", 0.5, _half)],
)
def test_nested_errors_are_those_of_explicit_loops(name: str, l1_ratio: float, model: Model) -> None:
    found = compare(X, Y, folds=FOLDS, n_alphas=N_ALPHAS, l1_ratios=0.5)
    alphas = bridle.fit(X, Y, folds=FOLDS, n_alphas=N_ALPHAS, l1_ratios=l1_ratio).selection.curves[0].alphas
    errors, chosen = _nested(model, alphas, FOLDS)
    row = found.row(name)
    np.testing.assert_allclose(row.fold_errors, errors, rtol=1e-6)
    np.testing.assert_allclose([alpha for alpha, _ in row.fold_choices], chosen, rtol=1e-12)
    weight = np.bincount(FOLDS)
    assert row.error == pytest.approx(np.average(errors, weights=weight), rel=1e-6)
    spread = np.sqrt(np.average((errors - row.error) ** 2, weights=weight) / (K - 1))
    assert row.standard_error == pytest.approx(spread, rel=1e-6)
    optimistic = [_errors(model, row.alpha or 0.0, k != FOLDS, k == FOLDS) for k in range(K)]
    assert row.error != pytest.approx(np.average(optimistic, weights=weight), rel=1e-6)


def test_least_squares_and_the_constant() -> None:
    found = compare(X, Y, folds=FOLDS)
    for name, model in (("least_squares", LinearRegression()), ("null", DummyRegressor())):
        errors = []
        for k in range(K):
            fit = model.fit(X[k != FOLDS], Y[k != FOLDS])
            errors.append(np.mean((Y[k == FOLDS] - fit.predict(X[k == FOLDS])) ** 2))
        np.testing.assert_allclose(found.row(name).fold_errors, errors, rtol=1e-10)


def test_least_squares_from_moments_are_those_from_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from bridle.comparing import unpenalized

    rows = compare(X, Y, folds=FOLDS).row("least_squares")
    monkeypatch.setattr(unpenalized, "FEW_PRODUCTS", 0.0)
    called: list[int] = []
    monkeypatch.setattr(unpenalized, "_from_rows", lambda *rest: called.append(1))
    moments = compare(X, Y, folds=FOLDS).row("least_squares")
    assert called == []
    np.testing.assert_allclose(moments.fold_errors, rows.fold_errors, rtol=1e-9)
    np.testing.assert_allclose(moments.effects, rows.effects, rtol=1e-8)


def test_repeated_folds_nest_round_by_round() -> None:
    drawn = make_folds(len(Y), K, repeats=2, seed=3)
    errors = []
    for round_ in drawn.rounds:
        name = np.empty(len(Y), dtype=int)
        for k in range(K):
            name[round_.rows[round_.start[k] : round_.start[k + 1]]] = k
        errors.append(compare(X, Y, folds=name, n_alphas=N_ALPHAS).row("lasso").fold_errors)
    both = compare(X, Y, folds=K, repeats=2, seed=3, n_alphas=N_ALPHAS)
    np.testing.assert_allclose(both.row("lasso").fold_errors, np.concatenate(errors), rtol=1e-9)
    assert both.differences[0].degrees_of_freedom == 2 * K - 1


@pytest.mark.parametrize("how", ["partition", "two", "holdout", "forward", "splits", "many", "repeated"])
def test_no_choice_sees_the_rows_that_its_error_is_computed_on(how: str) -> None:
    """Ridge's grid depends on the columns alone: nonsense in a fold's targets must leave that fold's choice as it is."""
    n = len(Y)
    rng = np.random.default_rng(2)
    order = rng.random(n)
    splits = [(rows[:300], rows[300:]) for rows in (rng.permutation(n) for _ in range(4))]
    options: dict[str, dict[str, Any]] = {
        "partition": {"folds": FOLDS},
        "two": {"folds": FOLDS % 2},
        "holdout": {"folds": 0.25},
        "forward": {"folds": 4, "order": order},
        "splits": {"folds": splits},
        "many": {"folds": 25},
        "repeated": {"folds": 4, "repeats": 2},
    }
    own = options[how]
    drawn = make_folds(n, own["folds"], repeats=own.get("repeats", 1), order=own.get("order"))
    split = drawn.rounds[0].split()
    at = 2 if drawn.n_folds > 1 else 1
    test = split.rows_of(split.test[at])
    nonsense = Y.copy()
    nonsense[test] = 1e3 * rng.normal(size=len(test))
    before, after = (compare(X, y, n_alphas=40, **own).row("ridge") for y in (Y, nonsense))
    assert before.fold_choices[at - 1] == after.fold_choices[at - 1]
    assert before.fold_errors[at - 1] != pytest.approx(after.fold_errors[at - 1], rel=1e-3)
    if drawn.n_folds > 1:
        assert before.fold_choices != after.fold_choices


def test_it_says_what_bridle_fit_says(tables: Any) -> None:
    found = compare(tables["diabetes"](), target="progression", rule="1se")
    for row in found.rows:
        model = found.model(row.name)
        assert model.selection.nested is not None
        assert row.error == pytest.approx(model.selection.nested.error, rel=1e-9)
        assert row.n_variables == len(model.kept)
        np.testing.assert_allclose(row.effects, model.coef_standardized, rtol=1e-7, atol=1e-12)
