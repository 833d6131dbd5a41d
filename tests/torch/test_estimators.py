"""MLPRegressor and MLPClassifier: what they give, keep, refuse, and how they compare with scikit-learn's."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

import bridle
from bridle.errors import DataError, UsageError
from bridle.torch import MLPClassifier, MLPRegressor

X, Y = load_diabetes(return_X_y=True)
IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
FULL = {"batch_size": 10_000, "dtype": "float64"}
QUICK = {"max_iter": 20, "random_state": 0}


def same(a: Any, b: Any) -> bool:
    return all(np.array_equal(p, q) for p, q in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_))


# ---- What the strengths mean


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_strengths_have_no_unit_and_are_those_of_the_engine(unit: float) -> None:
    alpha, l1_ratio = 0.05, 0.5
    est = MLPRegressor(
        (), l1=alpha * l1_ratio, l2=alpha * (1 - l1_ratio), solver="sgd", learning_rate=0.1, max_iter=1500,
        schedule="constant", random_state=0, **FULL,
    ).fit(X * unit + 3, Y)  # fmt: skip
    sd = Y.std()
    wanted = np.asarray(bridle.path(X, Y / sd, alphas=[alpha], l1_ratio=l1_ratio).coefs[0]) * sd
    np.testing.assert_allclose(est.coefs_[0][:, 0] * unit, wanted, atol=1e-5 * sd / X.std())
    assert (est.features_used_ == (wanted != 0)).all() and 0 < est.features_used_.sum() < 10
    assert est.n_nonzero_ == est.features_used_.sum()
    assert est.stationarity_ < 1e-6


def test_without_standardizing_strengths_have_the_units_of_the_columns() -> None:
    Z = StandardScaler().fit_transform(IRIS[0])[:, :2] * [1.0, 3.0]
    theirs = LogisticRegression(C=1 / (150 * 0.1), tol=1e-12, max_iter=10_000).fit(Z, IRIS[1])
    est = MLPClassifier(
        (),
        l2=0.1,
        standardize=False,
        solver="sgd",
        learning_rate=0.1,
        max_iter=3000,
        schedule="constant",
        **FULL,
    ).fit(Z, IRIS[1])
    np.testing.assert_allclose(est.predict_proba(Z), theirs.predict_proba(Z), atol=1e-6)
    np.testing.assert_allclose(est.coefs_[0].T, theirs.coef_, atol=1e-5)


# ---- Against scikit-learn's own networks


def test_held_out_r2_is_that_of_scikit_learns_regressor() -> None:
    ours, theirs = [], []
    for seed in range(3):
        a, b, c, d = train_test_split(X, Y, random_state=seed, test_size=0.3)
        ours.append(MLPRegressor((16,), l2=0.01, random_state=seed, max_iter=100).fit(a, c).score(b, d))
        scaled = StandardScaler().fit(a)
        other = TheirRegressor(
            hidden_layer_sizes=(16,),
            alpha=0.01 * 200,
            learning_rate_init=0.01,
            max_iter=1000,
            random_state=seed,
        )
        target = (c - c.mean()) / c.std()
        theirs.append(
            other.fit(scaled.transform(a), target).score(scaled.transform(b), (d - c.mean()) / c.std())
        )
    assert np.mean(ours) > np.mean(theirs) - 0.03
    assert np.mean(ours) > 0.35


def test_held_out_accuracy_is_that_of_scikit_learns_classifier() -> None:
    ours, theirs = [], []
    for seed in range(3):
        a, b, c, d = train_test_split(*CANCER, random_state=seed, test_size=0.3, stratify=CANCER[1])
        ours.append(MLPClassifier((16,), random_state=seed, max_iter=60).fit(a, c).score(b, d))
        other = make_pipeline(StandardScaler(), TheirClassifier((16,), max_iter=1000, random_state=seed))
        theirs.append(other.fit(a, c).score(b, d))
    assert np.mean(ours) > np.mean(theirs) - 0.02


# ---- What a fit leaves


@pytest.mark.parametrize(("hidden", "activation"), [((), "relu"), ((7,), "relu"), ((7, 3), "tanh")])
def test_coefs_in_original_units_give_the_predictions(hidden: Any, activation: str) -> None:
    est = MLPRegressor(hidden, activation=activation, **QUICK).fit(X, np.stack([Y, -Y], axis=1))
    assert [c.shape for c in est.coefs_] == list(zip((10, *hidden), (*hidden, 2)))
    z = X
    for layer, (coef, intercept) in enumerate(zip(est.coefs_, est.intercepts_)):
        z = z @ coef + intercept
        if layer < len(hidden):
            z = np.tanh(z) if activation == "tanh" else np.maximum(z, 0)
    np.testing.assert_allclose(z, est.predict(X), rtol=1e-9)
    assert est.n_layers_ == len(hidden) + 2 and est.n_outputs_ == 2


def test_the_kept_module_predicts_what_the_estimator_does() -> None:
    est = MLPClassifier((8,), **QUICK).fit(*IRIS)
    inside = torch.as_tensor(est.network_.standardized(IRIS[0]))
    with torch.no_grad():
        chances = torch.softmax(est.network_.module()(inside), dim=1).numpy()
    np.testing.assert_allclose(est.predict_proba(IRIS[0]), chances, atol=1e-6)
    np.testing.assert_allclose(np.exp(est.predict_log_proba(IRIS[0])), chances, atol=1e-6)
    assert (est.classes_[est.decision_function(IRIS[0]).argmax(axis=1)] == est.predict(IRIS[0])).all()


def test_curves_and_figures_of_the_fit() -> None:
    stages: list[tuple[str, float]] = []
    est = MLPClassifier((8,), l1=1e-3, l2=1e-3, progress=lambda *told: stages.append(told), **QUICK).fit(
        *CANCER
    )
    assert est.n_iter_ == est.best_epoch_ == len(est.loss_curve_) == 20
    assert est.validation_curve_ is None
    assert est.loss_ == pytest.approx(log_loss(CANCER[1], est.predict_proba(CANCER[0])), rel=1e-5)
    assert est.penalty_ == pytest.approx(
        sum(1e-3 * np.abs(w).sum() + 5e-4 * (w**2).sum() for w in est.network_.weights), rel=1e-5
    )
    assert stages == [("training", (k + 1) / 20) for k in range(20)]


def test_the_figure_draws_both_curves_and_marks_the_best_epoch(tmp_path: Any) -> None:
    est = MLPRegressor((64,), l2=0.0, early_stopping=True, n_iter_no_change=4, random_state=0).fit(X, Y)
    drawn = est.figure(tmp_path / "curves.svg")
    assert str(drawn) == (tmp_path / "curves.svg").read_text() and drawn.startswith("<svg")
    assert f"{est.best_epoch_}" in drawn and est.n_iter_ == est.best_epoch_ + 4
    plain = MLPRegressor((8,), **QUICK).fit(X, Y).figure()
    assert plain.count('class="curve heldout"') < drawn.count('class="curve heldout"')


def test_labels_may_be_words_and_columns_have_names() -> None:
    frame = pd.DataFrame(CANCER[0][:, :4], columns=list("abcd"))
    words = np.where(CANCER[1] == 1, "benign", "malign")
    est = MLPClassifier((4,), **QUICK).fit(frame, words)
    assert est.classes_.tolist() == ["benign", "malign"]
    assert set(est.predict(frame)) == {"benign", "malign"}
    assert list(est.feature_names_in_) == list("abcd")
    np.testing.assert_allclose(
        est.predict_proba(frame)[:, 1], 1 / (1 + np.exp(-est.decision_function(frame))), rtol=1e-9
    )
    with pytest.raises(ValueError, match="feature names"):
        est.predict(frame[list("bacd")])


def test_model_is_a_model_like_any_other() -> None:
    est = MLPClassifier((8,), l1=1e-3, l2=1e-3, early_stopping=True, **QUICK).fit(*IRIS)
    model = est.model_
    assert (model.predict(IRIS[0]) == est.predict(IRIS[0])).all()
    np.testing.assert_allclose(model.predict_proba(IRIS[0]), est.predict_proba(IRIS[0]), rtol=1e-12)
    assert (model.alpha, model.l1_ratio) == pytest.approx((0.002, 0.5))
    assert model.stationarity.loss == est.loss_ and model.stationarity.best_epoch == est.best_epoch_
    assert model.stationarity.null_loss == pytest.approx(np.log(3), abs=0.01)
    assert len(model.held_rows) == 15 and model.history.held is est.validation_curve_
    net = MLPRegressor((8,), **QUICK).fit(X, Y).model_
    assert (net.target_mean, net.target_sd) == pytest.approx((Y.mean(), Y.std()))
    assert net.stationarity.null_loss == pytest.approx(0.5)
    assert net.selection.chosen.train_error == pytest.approx(((net.predict(X) - Y) ** 2).mean())


# ---- Reproducing, cloning, pickling


@pytest.mark.parametrize(
    "made", [MLPRegressor((8,), dropout=0.2, early_stopping=True), MLPClassifier((8,), dropout=0.2)]
)
def test_a_seed_gives_the_same_bits_and_an_estimator_can_be_pickled(made: Any) -> None:
    data = (X, Y) if isinstance(made, MLPRegressor) else IRIS
    made = made.set_params(max_iter=20, random_state=3)
    a, b = clone(made).fit(*data), clone(made).fit(*data)
    assert same(a, b)
    assert not same(a, clone(made).set_params(random_state=4).fit(*data))
    shared = np.random.RandomState(3)
    c = clone(made).set_params(random_state=shared)
    assert not same(clone(c).fit(*data), clone(made).set_params(random_state=7).fit(*data))
    stored = pickle.dumps(a)
    assert b"torch._utils" not in stored and b"torch.storage" not in stored
    again = pickle.loads(stored)
    assert same(a, again) and np.array_equal(a.predict(data[0]), again.predict(data[0]))


def test_the_global_random_numbers_of_torch_are_left_alone() -> None:
    state = torch.get_rng_state()
    MLPRegressor((8,), dropout=0.3, **QUICK).fit(X, Y)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_grid_search_runs() -> None:
    search = GridSearchCV(MLPRegressor((4,), max_iter=5, random_state=0), {"l1": [0.0, 5.0]}, cv=2).fit(X, Y)
    assert search.best_params_ == {"l1": 0.0}


def test_float64_and_float32_agree_at_first() -> None:
    fits = [MLPRegressor((8,), dtype=d, max_iter=2, random_state=0).fit(X, Y) for d in ("float32", "float64")]
    np.testing.assert_allclose(fits[0].predict(X), fits[1].predict(X), rtol=1e-4)
    assert fits[0].network_.weights[0].dtype == np.float32 and fits[1].network_.weights[0].dtype == np.float64


# ---- Weights


@pytest.mark.parametrize("classes", [False, True])
def test_a_weight_of_two_is_a_row_that_is_there_twice(classes: bool) -> None:
    weights = np.random.default_rng(0).integers(0, 3, 442)
    rows = np.repeat(np.arange(442), weights)
    target = np.digitize(Y, [100, 200]) if classes else Y
    made = (MLPClassifier if classes else MLPRegressor)((8,), l1=1e-3, max_iter=60, random_state=0, **FULL)
    weighted, repeated = clone(made).fit(X, target, weights), clone(made).fit(X[rows], target[rows])
    for a, b in zip(weighted.network_.weights, repeated.network_.weights):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-9)


def test_class_weights_are_scikit_learns_sample_weights() -> None:
    keep = np.r_[0:50, 50:60, 100:130]
    a, b = IRIS[0][keep], IRIS[1][keep]
    for given in ("balanced", {0: 1.0, 1: 5.0, 2: 2.0}):
        by_class = MLPClassifier((8,), class_weight=given, **QUICK, **FULL).fit(a, b)
        by_row = MLPClassifier((8,), **QUICK, **FULL).fit(a, b, compute_sample_weight(given, b))
        np.testing.assert_allclose(by_class.network_.weights[0], by_row.network_.weights[0], atol=1e-10)
    plain = MLPClassifier((8,), **QUICK, **FULL).fit(a, b)
    assert np.abs(by_class.network_.weights[0] - plain.network_.weights[0]).max() > 1e-3


# ---- Early stopping


def test_held_out_rows_are_neither_trained_on_nor_used_to_standardize() -> None:
    made = MLPRegressor((8,), early_stopping=True, max_iter=40, random_state=0, dtype="float64")
    est = made.fit(X, Y)
    held = est.model_.held_rows
    assert len(held) == 44
    rest = np.setdiff1d(np.arange(442), held)
    np.testing.assert_allclose(est.network_.x_mean, X[rest].mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(est.network_.y_scale, Y[rest].std())
    inside = clone(made).set_params(early_stopping=False, max_iter=40)
    other = inside.fit(X[rest], Y[rest], validation=(X[held], Y[held]))
    np.testing.assert_allclose(other.validation_curve_[: est.n_iter_], est.validation_curve_, rtol=1e-8)
    assert other.best_epoch_ == 40
    assert est.best_epoch_ == est.validation_curve_.argmin() + 1
    errors = (est.predict(X[held]) - Y[held]) ** 2
    assert est.validation_curve_.min() == pytest.approx(errors.mean() / 2 / Y[rest].var(), rel=1e-9)


def test_held_out_rows_are_stratified_and_leave_a_row_of_every_class() -> None:
    a = np.random.default_rng(0).standard_normal((203, 3))
    b = np.array(["a"] * 150 + ["b"] * 50 + ["c"] * 2 + ["d"])
    drawn = set()
    for seed in range(5):
        est = MLPClassifier(
            (2,), early_stopping=True, validation_fraction=0.2, max_iter=1, random_state=seed
        ).fit(a, b)
        held = b[est.model_.held_rows]
        assert len(held) == 41
        drawn.add(tuple(est.model_.held_rows))
        assert abs((held == "a").sum() - 30) <= 1 and abs((held == "b").sum() - 10) <= 1
        assert (held == "c").sum() <= 1 and (held == "d").sum() == 0
        half = MLPClassifier(
            (2,), early_stopping=True, validation_fraction=0.5, max_iter=1, random_state=seed
        ).fit(a, b)
        assert set(np.delete(b, half.model_.held_rows)) == set("abcd")
        weights = np.where(np.arange(203) % 2, 1.0, 0.0)
        est.fit(a, b, weights)
        assert (est.model_.held_rows % 2 == 1).all()
    assert len(drawn) == 5


def test_given_validation_rows_stop_training() -> None:
    a, b, c, d = train_test_split(*CANCER, random_state=0)
    noisy = np.where(np.random.default_rng(0).random(len(c)) < 0.2, 1 - c, c)
    est = MLPClassifier((32,), l2=0.0, early_stopping=True, n_iter_no_change=5, max_iter=300, random_state=0)
    est.fit(a, noisy, validation=(b, d))
    assert est.n_iter_ == est.best_epoch_ + 5 < 300
    assert est.validation_curve_.min() == pytest.approx(log_loss(d, est.predict_proba(b)), rel=1e-5)
    assert est.model_.held_rows is None and est.model_.n_rows == len(a)
    with pytest.raises(DataError, match="validation has the class 7"):
        est.fit(a, noisy, validation=(b, d + 7))


# ---- Dropout


def test_monte_carlo_dropout_gives_a_mean_and_a_spread() -> None:
    est = MLPRegressor((32,), dropout=0.2, max_iter=40, random_state=0).fit(X, Y)
    mean, spread = est.predict(X, return_std=True, n_draws=400)
    assert mean.shape == spread.shape == (442,) and (spread > 0).all()
    again = est.predict(X, return_std=True, n_draws=400)
    assert np.array_equal(mean, again[0]) and np.array_equal(spread, again[1])
    draws = est.network_.sampled(X, 400, est._fit_seed)[:, :, 0]
    np.testing.assert_allclose(spread, draws.std(axis=0))
    assert np.corrcoef(mean, est.predict(X))[0, 1] > 0.99
    chance = MLPClassifier((16,), dropout=0.3, **QUICK).fit(*CANCER)
    averaged = chance.predict_proba(CANCER[0], mc_dropout=True, n_draws=50)
    np.testing.assert_allclose(averaged.sum(axis=1), 1)
    each = 1 / (1 + np.exp(-chance.network_.sampled(CANCER[0], 50, chance._fit_seed)[:, :, 0]))
    np.testing.assert_allclose(averaged[:, 1], each.mean(axis=0), rtol=1e-9)


def test_without_dropout_there_is_no_spread() -> None:
    with pytest.raises(UsageError, match="trained with dropout"):
        MLPRegressor((8,), **QUICK).fit(X, Y).predict(X, return_std=True)
    with pytest.raises(UsageError, match="trained with dropout"):
        MLPClassifier((8,), **QUICK).fit(*IRIS).predict_proba(IRIS[0], mc_dropout=True)
    with pytest.raises(UsageError, match="n_draws"):
        MLPRegressor((8,), dropout=0.1, **QUICK).fit(X, Y).predict(X, return_std=True, n_draws=0)


# ---- What is refused


@pytest.mark.parametrize(
    ("made", "data", "says"),
    [
        (MLPRegressor(hidden_layer_sizes=(8, 0)), (X, Y), "hidden_layer_sizes must be whole numbers"),
        (MLPRegressor(hidden_layer_sizes=(2.5,)), (X, Y), "hidden_layer_sizes must be whole numbers"),
        (MLPRegressor(l1=-1.0), (X, Y), "'l1' parameter"),
        (MLPRegressor(dropout=1.0), (X, Y), "'dropout' parameter"),
        (MLPRegressor(solver="lbfgs"), (X, Y), "'solver' parameter"),
        (MLPRegressor(device="moon"), (X, Y), "no device 'moon' here"),
        (MLPRegressor(), (np.where(np.arange(442)[:, None] == 3, np.nan, X), Y), "NaN"),
        (MLPRegressor(), (X, np.where(np.arange(442) == 3, np.inf, Y)), "infinity"),
        (MLPRegressor(), (X[:1], Y[:1]), "1 sample"),
        (MLPRegressor(early_stopping=True, validation_fraction=0.9), (X[:3], Y[:3]), "too few to train on"),
        (MLPRegressor(learning_rate=1e9, solver="sgd"), (X, Y), "smaller learning_rate"),
        (MLPClassifier(), (X, np.zeros(442)), "one class only"),
        (MLPClassifier(), (X, Y + 0.5), "continuous|Unknown label type"),
        (MLPClassifier(), (X, np.ones((442, 2), dtype=int)), "MultiOutputClassifier"),
        (MLPClassifier(), (X, np.eye(442, 3, dtype=int)), "MultiOutputClassifier"),
        (MLPClassifier(class_weight={7: 1.0}), IRIS, "7|class"),
    ],
)
def test_what_cannot_be_used_is_said(made: Any, data: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        made.fit(*data)


def test_sparse_matrices_and_negative_weights_are_refused() -> None:
    with pytest.raises(TypeError, match="dense data is required"):
        MLPRegressor().fit(scipy.sparse.csr_matrix(X), Y)
    with pytest.raises(DataError, match="weight in row 1 is -1"):
        MLPRegressor().fit(X, Y, -np.ones(442))
    with pytest.raises(ValueError, match=r"positive weight|non-zero"):
        MLPRegressor().fit(X, Y, np.zeros(442))


def test_columns_of_any_scale_are_learned_from() -> None:
    scales = 10.0 ** np.arange(-150, 150, 30)
    est = MLPRegressor((8,), **QUICK).fit(X * scales + 1e6 * scales * X.std(axis=0), 1e6 + 1e-3 * Y)
    plain = MLPRegressor((8,), **QUICK).fit(X, Y)
    np.testing.assert_allclose(
        est.predict(X * scales + 1e6 * scales * X.std(axis=0)), 1e6 + 1e-3 * plain.predict(X), atol=2e-3
    )
