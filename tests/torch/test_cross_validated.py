"""MLPRegressorCV and MLPClassifierCV: the path, the folds, the rules, and which columns enter."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold

import bridle
from bridle.errors import DataError, UsageError
from bridle.torch import MLPClassifier, MLPClassifierCV, MLPRegressor, MLPRegressorCV

X, Y = load_diabetes(return_X_y=True)
IRIS = load_iris(return_X_y=True)
FAST = {"max_iter": 30, "random_state": 0}


@pytest.fixture(scope="module")
def chosen() -> Any:
    return MLPRegressorCV((8,), n_alphas=6, cv=4, groups="inputs", l1_ratio=0.8, **FAST).fit(X, Y)


def test_shapes_and_rules(chosen: Any) -> None:
    assert chosen.alphas_.shape == chosen.mean_error_.shape == (6,)
    assert (np.diff(chosen.alphas_) < 0).all()
    assert chosen.cv_error_.shape == (6, 4) and chosen.feature_path_.shape == (6, 10)
    best = int(chosen.mean_error_.argmin())
    assert chosen.alpha_ == chosen.alphas_[best] == chosen.selection_.choices["min"].alpha
    limit = chosen.mean_error_[best] + chosen.standard_error_[best]
    assert (
        chosen.selection_.choices["1se"].alpha
        == chosen.alphas_[np.flatnonzero(chosen.mean_error_ <= limit)[0]]
    )
    assert chosen.network_ is chosen.path_.networks[best]
    assert (chosen.features_used_ == chosen.feature_path_[best]).all()
    careful = clone(chosen).set_params(rule="1se").fit(X, Y)
    assert careful.alpha_ == chosen.selection_.choices["1se"].alpha >= chosen.alpha_
    assert np.array_equal(careful.cv_error_, chosen.cv_error_)


def test_without_hidden_layers_the_errors_are_those_of_the_engines_folds() -> None:
    alphas = [0.3, 0.1, 0.03, 0.01]
    pairs = list(KFold(4, shuffle=True, random_state=0).split(X))
    est = MLPRegressorCV(
        (), alphas=alphas, cv=pairs, solver="sgd", learning_rate=0.1, schedule="constant", max_iter=1500,
        batch_size=10_000, dtype="float64",
    ).fit(X, Y)  # fmt: skip
    for k, (train, test) in enumerate(pairs):
        mean, sd = Y[train].mean(), Y[train].std()
        path = bridle.path(X[train], (Y[train] - mean) / sd, alphas=alphas, l1_ratio=1.0)
        for a in range(4):
            predicted = (X[test] @ path.coefs[a] + path.intercepts[a]) * sd + mean
            assert est.cv_error_[a, k] == pytest.approx(mean_squared_error(Y[test], predicted), rel=1e-5)
    weights = np.array([len(test) for _, test in pairs])
    np.testing.assert_allclose(est.mean_error_, est.cv_error_ @ weights / 442, rtol=1e-12)
    nulls = [((Y[test] - Y[train].mean()) ** 2).mean() for train, test in pairs]
    assert est.selection_.null_error == pytest.approx(np.average(nulls, weights=weights))
    whole = bridle.path(X, (Y - Y.mean()) / Y.std(), alphas=alphas, l1_ratio=1.0)
    assert (est.feature_path_ == (np.asarray(whole.coefs) != 0)).all()
    first = [max((a for a, b in zip(alphas, whole.coefs) if b[j] != 0), default=np.nan) for j in range(10)]
    np.testing.assert_array_equal(est.entered_, first)


def test_classes_without_hidden_layers_have_the_log_loss_of_networks_fitted_alone() -> None:
    pairs = list(StratifiedKFold(3, shuffle=True, random_state=0).split(*IRIS))
    settings = {
        "solver": "sgd", "learning_rate": 0.1, "schedule": "constant", "max_iter": 1500, "batch_size": 10_000,
        "dtype": "float64",
    }  # fmt: skip
    est = MLPClassifierCV((), alphas=[0.1, 0.02], l1_ratio=0.5, cv=pairs, **settings).fit(*IRIS)
    for k, (train, test) in enumerate(pairs):
        for a, alpha in enumerate(est.alphas_):
            alone = MLPClassifier((), l1=alpha / 2, l2=alpha / 2, **settings).fit(
                IRIS[0][train], IRIS[1][train]
            )
            assert est.cv_error_[a, k] == pytest.approx(
                log_loss(IRIS[1][test], alone.predict_proba(IRIS[0][test])), rel=1e-4
            )


def test_altering_a_folds_test_rows_alters_its_error_and_nothing_that_was_fitted() -> None:
    pairs = [(np.arange(0, 300), np.arange(300, 442)), (np.arange(100, 442), np.arange(100))]
    settings = {"alphas": [0.1, 0.01], "cv": pairs, "dtype": "float64", **FAST}
    before = MLPRegressorCV((8,), activation="tanh", **settings).fit(X, Y)
    weights = np.ones(442)
    weights[200:250] = 1.7
    target = Y.copy()
    target[300:] += 1000.0
    after = MLPRegressorCV((8,), activation="tanh", **settings).fit(X, target)
    # The first fold never saw rows 300 on: its errors grow by exactly what their targets did.
    shift = after.cv_error_[:, 0] - before.cv_error_[:, 0]
    assert (np.abs(shift - 1e6) < 2e5).all()
    other = X.copy()
    other[300:] *= 50
    kept = MLPRegressorCV((8,), activation="tanh", **settings).fit(
        np.where(np.arange(442)[:, None] < 300, X, other), Y
    )
    alone = MLPRegressorCV((8,), activation="tanh", **{**settings, "cv": pairs[:1]}).fit(X, Y)
    np.testing.assert_allclose(alone.cv_error_[:, 0], before.cv_error_[:, 0], rtol=1e-8)
    assert np.abs(kept.cv_error_[:, 1] - before.cv_error_[:, 1]).max() > 1e-3


def test_weights_count_in_fits_and_errors() -> None:
    weights = np.random.default_rng(0).integers(1, 3, 442).astype(float)
    pairs = [(np.arange(0, 300), np.arange(300, 442))]
    settings = {"alphas": [0.05], "dtype": "float64", "batch_size": 10_000, **FAST}
    weighted = MLPRegressorCV((8,), cv=pairs, **settings).fit(X, Y, weights)
    rows = np.repeat(np.arange(442), weights.astype(int))
    split = [(np.flatnonzero(rows < 300), np.flatnonzero(rows >= 300))]
    repeated = MLPRegressorCV((8,), cv=split, **settings).fit(X[rows], Y[rows])
    np.testing.assert_allclose(weighted.cv_error_, repeated.cv_error_, rtol=1e-8)
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-8)


def test_columns_of_noise_enter_late() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((400, 6))
    signal = rng.standard_normal((400, 2))
    target = np.sin(2 * signal[:, 0]) + signal[:, 1] ** 2 + 0.1 * rng.standard_normal(400)
    est = MLPRegressorCV((16,), n_alphas=8, cv=2, max_iter=60, random_state=0)
    est.fit(np.hstack([noise, signal]), target)
    late = np.nan_to_num(est.entered_[:6], nan=0.0)
    assert est.entered_[6:].min() > late.max()
    for j, alpha in enumerate(est.entered_):
        used = est.alphas_[est.feature_path_[:, j]]
        assert np.isnan(alpha) if not len(used) else alpha == used.max()


def test_neurons_are_removed_as_wholes() -> None:
    est = MLPRegressorCV((16,), groups="neurons", l1_ratio=0.9, n_alphas=4, cv=2, **FAST).fit(X, Y)
    dead = [(net.weights[0] == 0).all(axis=1) for net in est.path_.networks]
    assert dead[0].sum() > dead[-1].sum()
    alive = est.path_.networks[-1].weights[0][~dead[-1]]
    assert (alive != 0).all()


def test_the_model_holds_path_and_choice(chosen: Any) -> None:
    model = chosen.model_
    np.testing.assert_allclose(model.predict(X), chosen.predict(X))
    assert model.alpha == chosen.alpha_ and model.l1_ratio == 0.8
    assert model.strengths.group == pytest.approx(0.8 * chosen.alpha_)
    assert model.strengths.l2 == pytest.approx(0.2 * chosen.alpha_)
    assert (model.path.inputs_used == chosen.feature_path_).all()
    assert model.selection.chosen.n_columns == chosen.features_used_.sum()
    again = pickle.loads(pickle.dumps(chosen))
    assert np.array_equal(again.predict(X), chosen.predict(X))


def test_early_stopping_works_in_every_fold() -> None:
    est = MLPClassifierCV((8,), early_stopping=True, n_alphas=3, cv=3, **FAST).fit(*IRIS)
    assert est.score(*IRIS) > 0.8 and len(est.model_.held_rows) == 15
    assert np.isfinite(est.cv_error_).all()


def test_folds_are_shuffled_stratified_and_follow_the_seed() -> None:
    a, b = load_breast_cancer(return_X_y=True)
    fits = [MLPClassifierCV((4,), n_alphas=2, cv=3, max_iter=5, random_state=s).fit(a, b) for s in (0, 0, 1)]
    assert np.array_equal(fits[0].cv_error_, fits[1].cv_error_)
    assert not np.array_equal(fits[0].cv_error_, fits[2].cv_error_)
    assert "stratified" in fits[0].selection_.fold_text
    rare = np.r_[np.zeros(40), np.ones(3)].astype(
        int
    )  # unstratified folds would often leave a fold without ones
    assert MLPClassifierCV((4,), n_alphas=2, cv=3, max_iter=2).fit(a[:43], rare).selection_.n_folds == 3


@pytest.mark.parametrize(
    ("settings", "says", "kind"),
    [
        ({"cv": 1}, "'cv' parameter", ValueError),
        ({"cv": 1000}, "1000 folds need at least 1000 rows", UsageError),
        ({"cv": [(np.r_[0, 0, 1], [2])]}, "names row 0 twice", DataError),
        ({"cv": [(np.r_[0, 1], [1, 2])]}, "rows on both sides", DataError),
        ({"cv": [(np.r_[0, 1], [])]}, "no test rows", UsageError),
        ({"cv": [(np.r_[0, 1], [999])]}, "names row 999", DataError),
        ({"alphas": [-1.0]}, "alphas must be", UsageError),
        ({"alphas": []}, "alphas holds no number", UsageError),
        ({"rule": "best"}, "'rule' parameter", ValueError),
        ({"groups": "rows"}, "'groups' parameter", ValueError),
    ],
)
def test_what_cannot_be_used_is_said(settings: Any, says: str, kind: type) -> None:
    with pytest.raises(kind, match=says):
        MLPRegressorCV((4,), max_iter=2, **settings).fit(X, Y)


def test_a_class_or_a_weight_that_a_fold_lacks_is_said() -> None:
    with pytest.raises(DataError, match="Split 1 trains on no row of the class 0: give fewer folds"):
        MLPClassifierCV((4,), cv=KFold(3)).fit(*IRIS)
    weights = np.r_[np.zeros(221), np.ones(221)]
    with pytest.raises(DataError, match="Split 1 has no test row of positive weight"):
        MLPRegressorCV((4,), cv=KFold(2)).fit(X, Y, weights)


def test_alphas_may_come_in_any_order_and_zero_is_one() -> None:
    est = MLPRegressorCV((4,), alphas=[0.0, 0.3, 0.1, 0.1], cv=2, **FAST).fit(X, Y)
    assert est.alphas_.tolist() == [0.3, 0.1, 0.0]
    assert MLPRegressor((4,), **FAST).fit(X, Y).n_iter_ == 30
