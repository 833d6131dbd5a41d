"""The estimators of generalized linear models among scikit-learn's tools, with good input and bad."""

from __future__ import annotations

import inspect
import pickle
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as theirs
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import bridle
from bridle.errors import DataError, UsageError

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
Floats = NDArray[np.float64]
random = np.random.default_rng(7)
X = random.normal(size=(120, 4))
ETA = X[:, 0] - 0.5 * X[:, 1]
LABELS = np.where(random.random(120) < 1 / (1 + np.exp(-ETA)), "yes", "no")
COUNTS = random.poisson(np.exp(0.5 * ETA)).astype(float)
AMOUNTS = random.gamma(2.0, np.exp(0.5 * ETA))
WEIGHTS = random.integers(1, 4, size=120) / 2
GROUPS = random.integers(0, 9, size=120)

MADE: dict[str, tuple[Any, Any]] = {
    "LogisticRegression": (bridle.LogisticRegression(C=0.5), LABELS),
    "LogisticRegressionCV": (bridle.LogisticRegressionCV(Cs=3, cv=3, scoring="neg_log_loss"), LABELS),
    "PoissonRegressor": (bridle.PoissonRegressor(alpha=0.1), COUNTS),
    "GammaRegressor": (bridle.GammaRegressor(alpha=0.1), AMOUNTS),
    "TweedieRegressor": (bridle.TweedieRegressor(power=1.5, alpha=0.1), COUNTS),
    "HuberRegressor": (bridle.HuberRegressor(), ETA + COUNTS),
    "GLM": (bridle.GLM("poisson", alpha=0.02), COUNTS),
    "GLM of classes": (bridle.GLM("binomial", alpha=0.02), LABELS),
    "GLMCV": (bridle.GLMCV("gamma", l1_ratios=1.0, n_alphas=8, cv=3), AMOUNTS),
}
THEIRS = tuple(name for name in MADE if hasattr(theirs, name))


def made(name: str) -> tuple[Any, Any]:
    estimator, target = MADE[name]
    return clone(estimator), target


# Signatures, copies, tools


@pytest.mark.skipif(VERSION < (1, 9), reason="the arguments of scikit-learn 1.9")
@pytest.mark.parametrize("name", THEIRS)
def test_arguments_and_defaults(name: str) -> None:
    ours, own = (inspect.signature(getattr(one, name)).parameters for one in (bridle, theirs))
    assert list(ours) == list(own)
    for argument, parameter in own.items():
        assert ours[argument].kind == parameter.kind, argument
        if parameter.default != "warn":  # on its way to another one
            assert ours[argument].default == parameter.default, argument


@pytest.mark.skipif(VERSION < (1, 9), reason="the attributes of scikit-learn 1.9")
@pytest.mark.parametrize("name", THEIRS)
def test_attributes_and_methods(name: str) -> None:
    ours, target = made(name)
    own = getattr(theirs, name)(**ours.get_params())
    frame = pd.DataFrame(X, columns=list("abcd"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own.fit(frame, target)
    ours.fit(frame, target)
    fitted = {key for key in vars(own) if key.endswith("_") and not key.startswith("_")}
    assert fitted - set(vars(ours)) == set()
    for key in fitted:
        assert np.shape(getattr(ours, key)) == np.shape(getattr(own, key)), key
    public = {key for key in dir(own) if not key.startswith("_")} - {
        "set_callbacks",
        "param",
    }  # the second is left over from a loop
    assert public - set(dir(ours)) == set()
    assert is_classifier(ours) == is_classifier(own) and is_regressor(ours) == is_regressor(own)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("how", ["pickle", "joblib"])
def test_copies(name: str, how: str, tmp_path: Path) -> None:
    model, target = made(name)
    model.fit(X, target)
    if how == "pickle":
        again = pickle.loads(pickle.dumps(model))
    else:
        joblib.dump(model, tmp_path / "model.joblib")
        again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.get_params() == model.get_params()
    assert again.model_.certificate == model.model_.certificate
    fresh = clone(model)
    assert not [key for key in vars(fresh) if key.endswith("_") or key.startswith("_")]
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    with pytest.raises(NotFittedError):
        _ = fresh.model_
    assert not hasattr(fresh, "model_")


@pytest.mark.parametrize("name", MADE)
def test_the_model_behind(name: str, tmp_path: Path) -> None:
    estimator, target = made(name)
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = estimator.fit(frame, target).model_
    assert model.certificate.certified
    np.testing.assert_array_equal(model.coef, np.ravel(estimator.coef_))
    assert model.intercept == np.ravel(estimator.intercept_)[0]
    assert model.schema.column_names() == list("abcd")
    classifier = hasattr(estimator, "predict_proba")
    means = estimator.predict_proba(frame)[:, 1] if classifier else estimator.predict(frame)
    np.testing.assert_allclose(model.predict(frame), means, rtol=1e-12)
    assert all(one.certified for one in bridle.verify(model, frame, target).values())
    bridle.report(model, tmp_path / "report.html")
    assert f"bridle.{type(estimator).__name__}" in (tmp_path / "report.html").read_text(encoding="utf-8")
    model.save(tmp_path / "model.bridle")
    again = bridle.load(tmp_path / "model.bridle")
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))


@pytest.mark.parametrize("name", MADE)
def test_a_pipeline_and_a_search(name: str) -> None:
    model, target = made(name)
    pipeline = Pipeline([("scale", StandardScaler()), ("model", model)])
    search = GridSearchCV(pipeline, {"model__fit_intercept": [True, False]}, cv=3).fit(X, target)
    scores = cross_val_score(pipeline.set_params(**search.best_params_), X, target, cv=3)
    assert search.best_score_ == pytest.approx(scores.mean())
    assert search.best_estimator_[-1].model_.certificate.certified


@pytest.mark.parametrize("name", MADE)
def test_what_changes_nothing(name: str) -> None:
    """Storage, float32 but for its digits, all weights alike, a row of weight 0 that is enormous."""
    model, target = made(name)
    coef = np.ravel(model.fit(X, target).coef_)
    for other in (np.asfortranarray(X), sp.csr_array(X), sp.csc_matrix(X), X.tolist()):
        np.testing.assert_allclose(np.ravel(clone(model).fit(other, target).coef_), coef, rtol=0, atol=1e-9)
    narrow = clone(model).fit(X.astype(np.float32), target)
    assert narrow.coef_.dtype == np.float32
    np.testing.assert_allclose(np.ravel(narrow.coef_), coef, atol=1e-4)
    even = clone(model).fit(X, target, sample_weight=np.ones(len(X)))
    np.testing.assert_allclose(np.ravel(even.coef_), coef, rtol=0, atol=1e-9)
    if "CV" not in name:
        spoilt = np.vstack([X, np.full((1, 4), 50.0)])
        longer = np.append(target, target[:1])
        zero = clone(model).fit(spoilt, longer, sample_weight=np.append(np.ones(len(X)), 0.0))
        np.testing.assert_allclose(np.ravel(zero.coef_), coef, rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", ["LogisticRegressionCV", "GLMCV"])
def test_groups_reach_the_splitter_and_threads_change_nothing(name: str) -> None:
    model, target = made(name)
    pairs = list(GroupKFold(4).split(X, groups=GROUPS))
    by_pairs = clone(model).set_params(cv=pairs, n_jobs=1).fit(X, target)
    with sklearn.config_context(enable_metadata_routing=True):
        by_groups = clone(model).set_params(cv=GroupKFold(4), n_jobs=2)
        by_groups = make_pipeline(StandardScaler(), by_groups).fit(X, target, groups=GROUPS)[-1]
        scaled = make_pipeline(StandardScaler(), clone(model).set_params(cv=pairs)).fit(X, target)[-1]
    np.testing.assert_array_equal(by_groups.coef_, scaled.coef_)
    assert np.abs(by_pairs.coef_).max() > 0
    with pytest.raises((TypeError, ValueError), match="routing"):
        model.fit(X, target, groups=GROUPS)


def test_classifiers_among_tools() -> None:
    model = bridle.LogisticRegression(l1_ratio=0.5)
    proba = cross_val_predict(model, X, LABELS, cv=3, method="predict_proba")
    assert proba.shape == (120, 2)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    calibrated = CalibratedClassifierCV(model, cv=3).fit(X, LABELS)
    assert calibrated.score(X, LABELS) > 0.6
    data, kinds = load_iris(return_X_y=True)
    many = OneVsRestClassifier(bridle.LogisticRegression()).fit(data, kinds)
    assert many.score(data, kinds) > 0.9 and len(many.estimators_) == 3
    fitted = model.fit(X, LABELS)
    dense = fitted.coef_.copy()
    assert sp.issparse(fitted.sparsify().coef_)
    np.testing.assert_allclose(fitted.decision_function(X), X @ dense[0] + fitted.intercept_[0])
    np.testing.assert_array_equal(fitted.densify().coef_, dense)


@pytest.mark.parametrize("labels", [["b", "a"], [True, False], [7, 3], [0.0, 1.0], [-1, 1]])
def test_labels_of_any_kind(labels: list[Any]) -> None:
    target = np.array(labels)[(LABELS == "yes").astype(int)]
    own = bridle.LogisticRegression().fit(X, target)
    sign = 1 if labels[1] == max(labels) else -1
    np.testing.assert_allclose(own.coef_, sign * bridle.LogisticRegression().fit(X, LABELS).coef_, atol=1e-10)
    assert own.classes_.tolist() == sorted(labels) and set(own.predict(X)) <= set(labels)
    assert own.score(X, pd.Series(target)) == own.score(X, target)


@pytest.mark.parametrize(
    "name", ["LogisticRegression", "PoissonRegressor", "GammaRegressor", "HuberRegressor"]
)
def test_warm_start_keeps_a_solution(name: str) -> None:
    model, target = made(name)
    model.set_params(warm_start=True).fit(X, target)
    coef = model.coef_.copy()
    assert np.all(model.n_iter_ > 0)
    assert np.all(model.fit(X, target).n_iter_ == 0)
    np.testing.assert_array_equal(model.coef_, coef)
    again = model.fit(X[:60], target[:60]).coef_
    np.testing.assert_allclose(again, clone(model).fit(X[:60], target[:60]).coef_, atol=1e-8)


# Bad input


@pytest.mark.parametrize("name", MADE)
def test_a_cell_that_is_no_number_is_named(name: str) -> None:
    model, target = made(name)
    spoilt = X.copy()
    spoilt[4, 2] = np.nan
    with pytest.raises(DataError, match=r"row 5, column .x2"):
        model.fit(spoilt, target)
    assert not hasattr(model, "n_features_in_")
    for factor, message in ((1e-200, "so little"), (1e200, "1e150")):
        spoilt = X * np.array([1.0, factor, 1.0, 1.0])
        with pytest.raises(DataError, match=message):
            model.fit(spoilt, target)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_target_that_is_no_number_is_named(name: str, value: float) -> None:
    model, target = made(name)
    spoilt = (np.arange(120) % 2).astype(float) if target.dtype.kind == "U" else target.astype(float)
    spoilt[6] = value
    with pytest.raises(DataError, match="row 7"):
        model.fit(X, spoilt)
    if target.dtype.kind == "U":
        labels = LABELS.astype(object)
        labels[6] = None
        with pytest.raises(DataError, match="row 7"):
            model.fit(X, labels)


@pytest.mark.parametrize("name", ["PoissonRegressor", "GammaRegressor", "TweedieRegressor", "GLM", "GLMCV"])
def test_a_target_outside_the_domain_is_named(name: str) -> None:
    model, target = made(name)
    spoilt = target.copy()
    spoilt[8] = -1.0
    with pytest.raises(DataError, match=r"-1 in row 9"):
        model.fit(X, spoilt)
    if name in ("PoissonRegressor", "TweedieRegressor"):
        with pytest.raises(DataError, match="no finite fit"):
            model.fit(X, np.zeros(120))
        flat = model.fit(X, np.full(120, 3.0))
        assert np.abs(flat.coef_).max() < 1e-12 and flat.predict(X[:1])[0] == pytest.approx(3.0)
        assert flat.model_.certificate.certified


@pytest.mark.parametrize("name", ["LogisticRegression", "LogisticRegressionCV", "GLM of classes"])
def test_classes_that_are_not_two(name: str) -> None:
    model, _ = made(name)
    with pytest.raises(DataError, match=r"one class|1 class"):
        model.fit(X, ["yes"] * 120)
    three = np.array(list("abc"))[np.arange(120) % 3]
    with pytest.raises(ValueError, match=r"3 classes \(a, b, c\)"):
        model.fit(X, three)
    if name != "GLM of classes":
        with pytest.raises(ValueError, match=r"Only binary classification is supported.*OneVsRestClassifier"):
            model.fit(X, three)
        with pytest.raises(DataError, match="No row of class no has a positive weight"):
            model.fit(X, LABELS, sample_weight=(LABELS == "yes").astype(float))
        with pytest.raises(UsageError, match="'maybe'"):
            model.set_params(class_weight={"maybe": 2.0}).fit(X, LABELS)


def test_what_tweedie_refuses() -> None:
    for options, message in (
        ({"power": 0.5}, "at least 1, not 0.5"),
        ({"power": -1}, "at least 1, not -1"),
        ({"power": 1.5, "link": "identity"}, 'its link is "log"'),
        ({"power": 0, "link": "log"}, 'its link is "identity"'),
    ):
        with pytest.raises(UsageError, match=message):
            bridle.TweedieRegressor(**options).fit(X, COUNTS)


def test_an_offset_that_was_fitted_is_demanded() -> None:
    offset = 0.1 * X[:, 3]
    for model, target in ((bridle.GLM("poisson"), COUNTS), (bridle.GLM(), ETA)):
        model.fit(X, target, offset=offset)
        for ask in (lambda m=model: m.predict(X), lambda m=model, t=target: m.score(X, t)):
            with pytest.raises(UsageError, match="demand"):
                ask()
        assert model.predict(X, offset=offset).shape == (120,)
        with pytest.raises(DataError, match="row 3"):
            model.predict(X, offset=np.where(np.arange(120) == 2, np.nan, offset))
        assert model.fit(X, target).predict(X).shape == (120,)


def test_glm_by_name_of_column() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = bridle.GLM("poisson", alpha=0.5, penalty_factors={"b": 0.0}, upper={"a": 0.1})
    model.fit(frame, COUNTS)
    assert model.coef_[1] < 0 and 0 <= model.coef_[0] <= 0.1 and not model.coef_[2:].any()
    with pytest.raises(UsageError, match="names 'z'"):
        bridle.GLM(lower={"z": 0.0}).fit(frame, COUNTS)
    with pytest.raises(UsageError, match="family must be one of"):
        bridle.GLM("poison").fit(X, COUNTS)
    assert not hasattr(model, "predict_proba") and not hasattr(bridle.GLM("poison"), "predict_proba")


@pytest.mark.parametrize("family", ["binomial", "binomial(probit)", "binomial(cloglog)"])
def test_glm_of_classes(family: str) -> None:
    model = bridle.GLM(family, alpha=0.01).fit(X, LABELS)
    assert model.classes_.tolist() == ["no", "yes"] and is_regressor(model)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(proba[:, 1], model.predict(X))
    with pytest.raises(DataError, match="'maybe' in row 1"):
        model.score(X, np.array(["maybe", *LABELS[1:]]))


def test_older_names_of_the_penalty() -> None:
    plain = bridle.LogisticRegression(l1_ratio=1.0, C=0.3).fit(X, LABELS)
    with pytest.warns(FutureWarning, match="'penalty' was deprecated"):
        older = bridle.LogisticRegression("l1", l1_ratio=1.0, C=0.3).fit(X, LABELS)
    np.testing.assert_array_equal(older.coef_, plain.coef_)
    free = bridle.LogisticRegression(C=np.inf).fit(X, LABELS)
    with pytest.warns(FutureWarning, match="'penalty' was deprecated"):
        none = bridle.LogisticRegression(None).fit(X, LABELS)
    np.testing.assert_array_equal(none.coef_, free.coef_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        with pytest.warns(UserWarning, match="Inconsistent values"):
            bridle.LogisticRegression("l1").fit(X, LABELS)


def test_averaged_fits_have_no_model() -> None:
    model = bridle.LogisticRegressionCV(Cs=3, cv=3, refit=False).fit(X, LABELS)
    assert not hasattr(model, "model_") and model.predict(X).shape == (120,)
    with pytest.raises(UsageError, match="mean over folds"):
        _ = model.model_


def test_columns_that_depend_on_each_other() -> None:
    """Without a penalty: the shortest of the solutions, without a warning."""
    twice = np.hstack([X, X])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = bridle.LogisticRegression(C=np.inf).fit(twice, LABELS)
        counts = bridle.PoissonRegressor(alpha=0).fit(twice, COUNTS)
    once = bridle.LogisticRegression(C=np.inf).fit(X, LABELS).coef_[0]
    np.testing.assert_allclose(model.coef_[0], np.tile(once / 2, 2), atol=1e-7)
    np.testing.assert_allclose(
        counts.coef_, np.tile(bridle.PoissonRegressor(alpha=0).fit(X, COUNTS).coef_ / 2, 2), atol=1e-7
    )


@pytest.mark.parametrize("l1_ratio", [0.0, 0.7, 1.0])
def test_a_wide_table(l1_ratio: float) -> None:
    """Solved along a path; the certificate is of the strength that was asked for, and a warm start keeps it."""
    wide = sp.random(60, 2_000, 0.05, random_state=0, format="csr")
    labels = np.asarray(wide[:, :40].sum(axis=1)).ravel() > 0.9
    model = bridle.LogisticRegression(C=3.0, l1_ratio=l1_ratio, warm_start=True).fit(wide, labels)
    assert model.model_.certificate.certified and model.model_.alpha == pytest.approx(1 / 180)
    pull = 3.0 * wide.T @ (labels - model.predict_proba(wide)[:, 1]) - (1 - l1_ratio) * model.coef_[0]
    kept = model.coef_[0] != 0
    np.testing.assert_allclose(pull[kept], l1_ratio * np.sign(model.coef_[0][kept]), atol=1e-6)
    assert (np.abs(pull[~kept]) <= l1_ratio + 1e-6).all()
    coef = model.coef_.copy()
    np.testing.assert_allclose(model.fit(wide, labels).coef_, coef, atol=1e-6)
    assert model.model_.alpha == pytest.approx(1 / 180)
