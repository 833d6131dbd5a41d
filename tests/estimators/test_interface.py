"""The estimators among scikit-learn's tools: signatures, copies, dataframes, pipelines, searches, metadata, models."""

from __future__ import annotations

import inspect
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as theirs
from numpy.typing import NDArray
from sklearn.base import clone, is_regressor
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import bridle
from bridle.errors import UsageError

NAMES = ("Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV")
VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
X, Y = load_diabetes(return_X_y=True)
Floats = NDArray[np.float64]


# Names that scikit-learn 1.6 still had, deprecated.
ON_THEIR_WAY_OUT = {"store_cv_values", "cv_values_"} if VERSION < (1, 7) else set()


def made(name: str, **options: Any) -> Any:
    """Of a strength that leaves something in."""
    if name in ("Ridge", "Lasso", "ElasticNet"):
        options = {"alpha": 0.05, **options}
    return getattr(bridle, name)(**options)


@pytest.fixture
def routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


# Signatures


@pytest.mark.parametrize("name", NAMES)
def test_arguments_and_defaults(name: str) -> None:
    ours, own = (inspect.signature(getattr(one, name)).parameters for one in (bridle, theirs))
    # Up to 1.8 the number of alphas was n_alphas=100, and alphas was None.
    renamed = {"n_alphas", "alphas"} if name in ("LassoCV", "ElasticNetCV") and VERSION < (1, 9) else set()
    gone = ON_THEIR_WAY_OUT & set(own)
    renamed |= {"store_cv_results"} if gone else set()
    assert set(own) - gone <= set(ours)
    assert set(ours) - set(own) <= {"n_alphas"}
    for argument, parameter in own.items():
        if argument in gone | renamed:
            continue
        assert ours[argument].kind == parameter.kind, argument
        assert same_default(ours[argument].default, parameter.default), argument


def same_default(ours: Any, own: Any) -> bool:
    # scikit-learn writes n_alphas="deprecated" and alphas="warn" where a version is on its way to another default.
    return bool(ours == own) or (ours in (None, 100) and own in ("deprecated", "warn"))


@pytest.mark.parametrize("name", NAMES)
def test_positional_arguments(name: str) -> None:
    def positional(kind: Any, method: str) -> list[str]:
        parameters = inspect.signature(getattr(kind, method)).parameters.values()
        return [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]

    for method in ("__init__", "fit", "predict", "score"):
        ours, own = (positional(getattr(one, name), method) for one in (bridle, theirs))
        assert ours == own, method


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("frame", [False, True])
def test_attributes_and_methods(name: str, targets: int, frame: bool) -> None:
    if targets == 2 and name in ("LassoCV", "ElasticNetCV"):
        pytest.skip("one target only, in scikit-learn too")
    data = pd.DataFrame(X, columns=list("abcdefghij")) if frame else X
    y = Y if targets == 1 else np.column_stack([Y, Y**2])
    ours, own = made(name), getattr(theirs, name)(**({"alpha": 0.05} if "CV" not in name else {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (ConvergenceWarning, FutureWarning))
        ours.fit(data, y)
        own.fit(data, y)
    fitted = {key for key in vars(own) if key.endswith("_") and not key.startswith("_")}
    assert fitted - set(vars(ours)) == set()
    for key in fitted:
        assert np.shape(getattr(ours, key)) == np.shape(getattr(own, key)), key
        assert isinstance(getattr(ours, key), type(getattr(own, key))) or np.isscalar(getattr(own, key)), key
    public = {key for key in dir(own) if not key.startswith("_")}
    assert public - set(object.__dir__(ours)) - ON_THEIR_WAY_OUT == set()
    assert is_regressor(ours)


@pytest.mark.parametrize("name", NAMES)
def test_parameters(name: str) -> None:
    model = made(name)
    assert set(model.get_params()) == set(inspect.signature(type(model)).parameters)
    assert model.set_params(fit_intercept=False) is model
    assert model.get_params()["fit_intercept"] is False
    with pytest.raises(ValueError, match="nonsense"):
        model.set_params(nonsense=1)
    with pytest.raises(ValueError, match="fit_intercept"):
        made(name, fit_intercept="yes").fit(X, Y)


@pytest.mark.parametrize("name", NAMES)
def test_representations(name: str) -> None:
    model = made(name, fit_intercept=False)
    assert repr(model).startswith(f"{name}(") and "fit_intercept=False" in repr(model)
    for shown in (model, model.fit(X, Y)):
        page = shown._repr_html_()
        assert name in page and "fit_intercept" in page


# Copies


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["pickle", "joblib"])
def test_copies(name: str, how: str, tmp_path: Path) -> None:
    model = made(name).fit(X, Y)
    if how == "pickle":
        again = pickle.loads(pickle.dumps(model))
    else:
        joblib.dump(model, tmp_path / "model.joblib")
        again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.get_params() == model.get_params()
    assert again.model_.certificate.certified
    np.testing.assert_array_equal(again.model_.coef, model.coef_)
    assert again.model_.certificate == model.model_.certificate


@pytest.mark.parametrize("name", NAMES)
def test_clone(name: str) -> None:
    model = made(name).fit(X, Y)
    fresh = clone(model)
    assert fresh.get_params() == model.get_params()
    assert not [key for key in vars(fresh) if key.endswith("_") or key.startswith("_")]
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    np.testing.assert_array_equal(fresh.fit(X, Y).coef_, model.coef_)


# Dataframes


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_dataframes(name: str, kind: str) -> None:
    columns = [f"x{j}" for j in range(X.shape[1])]
    frame = pd.DataFrame(X, columns=columns) if kind == "pandas" else pl.DataFrame(X, schema=columns)
    target = pd.Series(Y) if kind == "pandas" else pl.Series(Y)
    model = made(name).fit(frame, target)
    if not hasattr(theirs.Ridge().fit(frame, target), "feature_names_in_"):
        pytest.skip(f"scikit-learn {sklearn.__version__} does not see the names of {kind}'s columns")
    assert model.feature_names_in_.tolist() == columns
    of_array = made(name).fit(X, Y).coef_
    np.testing.assert_allclose(model.coef_, of_array, rtol=0, atol=1e-9 * np.abs(of_array).max())
    assert model.model_.schema.column_names() == columns
    other = frame.rename({"x0": "a"}, axis=1) if kind == "pandas" else frame.rename({"x0": "a"})
    with pytest.raises(ValueError, match="feature names"):
        model.predict(other)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    model.fit(X, Y)
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_set_output(output: str) -> None:
    """Names that a scaler hands on reach the model at the end of the pipeline."""
    frame = pd.DataFrame(X, columns=list("abcdefghij"))
    pipeline = make_pipeline(StandardScaler(), bridle.Lasso(0.1)).set_output(transform=output).fit(frame, Y)
    if not hasattr(theirs.Ridge().fit(pipeline[0].transform(frame), Y), "feature_names_in_"):
        pytest.skip(f"scikit-learn {sklearn.__version__} does not see the names of {output}'s columns")
    assert pipeline[-1].feature_names_in_.tolist() == list("abcdefghij")
    assert pipeline[-1].model_.schema.column_names() == list("abcdefghij")
    np.testing.assert_allclose(
        pipeline.predict(frame), make_pipeline(StandardScaler(), bridle.Lasso(0.1)).fit(X, Y).predict(X)
    )


# Metadata routing

WEIGHTS = np.random.default_rng(0).integers(1, 5, size=len(Y)) / 2
GROUPS = np.random.default_rng(1).integers(0, 12, size=len(Y))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("routing")
def test_weights_through_a_pipeline_and_a_search(name: str) -> None:
    model = made(name).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    pipeline = Pipeline([("scale", StandardScaler().set_fit_request(sample_weight=True)), ("model", model)])
    grid = {"model__fit_intercept": [True, False]}
    scorer = get_scorer("r2").set_score_request(sample_weight=True)
    search = GridSearchCV(pipeline, grid, cv=3, scoring=scorer).fit(X, Y, sample_weight=WEIGHTS)
    scaler = StandardScaler().fit(X, sample_weight=WEIGHTS)
    alone = made(name).fit(scaler.transform(X), Y, sample_weight=WEIGHTS)
    assert search.best_params_ == {"model__fit_intercept": True}
    np.testing.assert_allclose(search.best_estimator_[-1].coef_, alone.coef_, rtol=1e-10)
    unweighted = made(name).fit(scaler.transform(X), Y)
    assert np.abs(unweighted.coef_ - alone.coef_).max() > 1e-3


@pytest.mark.parametrize("name", ["LassoCV", "ElasticNetCV", "RidgeCV"])
@pytest.mark.usefixtures("routing")
def test_groups_reach_the_splitter(name: str) -> None:
    options = {"alphas": [0.01, 0.1, 1.0]}
    model = made(name, cv=GroupKFold(4), **options)
    assert "groups" in repr(model.get_metadata_routing())
    by_groups = make_pipeline(StandardScaler(), model).fit(X, Y, groups=GROUPS)[-1]
    pairs = list(GroupKFold(4).split(X, groups=GROUPS))
    by_pairs = make_pipeline(StandardScaler(), made(name, cv=pairs, **options)).fit(X, Y)[-1]
    np.testing.assert_array_equal(by_groups.coef_, by_pairs.coef_)
    if name == "RidgeCV":
        assert by_groups.best_score_ == by_pairs.best_score_
    else:
        np.testing.assert_array_equal(by_groups.mse_path_, by_pairs.mse_path_)
    in_order = made(name, cv=4, **options).fit(X, Y)
    in_order_path = getattr(in_order, "mse_path_", None)
    assert in_order_path is None or not np.array_equal(in_order_path, by_groups.mse_path_)


@pytest.mark.parametrize("name", ["LassoCV", "ElasticNetCV", "RidgeCV"])
def test_without_routing_extra_arguments_are_refused(name: str) -> None:
    with pytest.raises((TypeError, ValueError), match="routing"):
        made(name).fit(X, Y, groups=GROUPS)


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize("weighted_score", [True, False])
@pytest.mark.usefixtures("routing")
def test_weights_reach_the_scorer_of_ridge_cv(weighted_score: bool, cv: int | None) -> None:
    scorer = get_scorer("neg_mean_absolute_error").set_score_request(sample_weight=weighted_score)
    ours, own = (
        one.RidgeCV([0.1, 1.0, 10.0], scoring=scorer, cv=cv).fit(X, Y, sample_weight=WEIGHTS)
        for one in (bridle, theirs)
    )
    assert ours.alpha_ == own.alpha_
    if cv is None:
        # Up to 1.6 scikit-learn scores what sqrt(weight) has rescaled.
        if VERSION >= (1, 7):
            assert ours.best_score_ == pytest.approx(own.best_score_, rel=1e-8)
    else:
        assert ours.best_score_ == pytest.approx(own.best_score_, rel=1e-8)


# Tools


@pytest.mark.parametrize("name", NAMES)
def test_search_and_validation(name: str) -> None:
    grid = {"fit_intercept": [True, False]}
    search = GridSearchCV(made(name), grid, cv=KFold(3), n_jobs=2).fit(X, Y)
    assert search.best_params_ == {"fit_intercept": True}
    scores = cross_val_score(made(name), X, Y, cv=3)
    assert search.best_score_ == pytest.approx(scores.mean(), rel=1e-10)
    kept = cross_validate(made(name), X, Y, cv=3, return_estimator=True)
    assert all(one.model_.certificate.certified for one in kept["estimator"])
    np.testing.assert_array_equal(kept["test_score"], scores)


@pytest.mark.parametrize("name", NAMES)
def test_one_hot_columns(name: str) -> None:
    """A ColumnTransformer hands over a sparse matrix."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"size": random.normal(size=200), "town": random.choice(list("abcdefghijklmnop"), 200)}
    )
    y = frame["size"] + frame["town"].map(ord) / 3 + random.normal(size=200)
    columns = ColumnTransformer(
        [("town", OneHotEncoder(drop="first"), ["town"]), ("size", StandardScaler(), ["size"])],
        sparse_threshold=1.0,
    )
    assert sp.issparse(columns.fit_transform(frame))
    model = make_pipeline(columns, made(name)).fit(frame, y)
    dense = made(name).fit(columns.transform(frame).toarray(), y)
    np.testing.assert_allclose(model[-1].coef_, dense.coef_, atol=1e-9 * np.abs(dense.coef_).max())
    assert model.score(frame, y) > 0.5
    np.testing.assert_allclose(model.predict(frame), dense.predict(columns.transform(frame).toarray()))


def test_select_from_model() -> None:
    ours, own = (SelectFromModel(one.Lasso(alpha=0.5)).fit(X, Y) for one in (bridle, theirs))
    np.testing.assert_array_equal(ours.get_support(), own.get_support())
    assert 0 < ours.transform(X).shape[1] < X.shape[1]


@pytest.mark.parametrize("name", NAMES)
def test_wrappers(name: str) -> None:
    logged = TransformedTargetRegressor(made(name), func=np.log, inverse_func=np.exp).fit(X, Y)
    np.testing.assert_allclose(logged.predict(X), np.exp(made(name).fit(X, np.log(Y)).predict(X)), rtol=1e-10)
    two = np.column_stack([Y, Y**2 / 100])
    many = MultiOutputRegressor(made(name)).fit(X, two)
    for k, one in enumerate(many.estimators_):
        np.testing.assert_array_equal(one.coef_, made(name).fit(X, two[:, k]).coef_)
    bagged = BaggingRegressor(made(name), n_estimators=4, random_state=0, n_jobs=2).fit(X, Y)
    assert bagged.score(X, Y) > 0.1
    assert bagged.predict(X).shape == (len(Y),)


@pytest.mark.parametrize("name", ["LassoCV", "ElasticNetCV"])
def test_the_number_of_threads_changes_nothing(name: str) -> None:
    one, two = made(name, n_jobs=1).fit(X, Y), made(name, n_jobs=2).fit(X, Y)
    np.testing.assert_array_equal(one.mse_path_, two.mse_path_)
    np.testing.assert_array_equal(one.coef_, two.coef_)


# Weights


def repeated(n: int = 40, p: int = 6) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """X, y and counts, some of them 0."""
    random = np.random.default_rng(9)
    rows = random.normal(size=(n, p)) + 1
    y = rows @ random.normal(size=p) + random.normal(size=n)
    return rows, y, random.integers(0, 4, size=n)


def weights_options(name: str) -> list[dict[str, Any]]:
    if name in ("Ridge", "Lasso", "ElasticNet"):
        return [{"alpha": alpha, "fit_intercept": i} for alpha in (0.0, 0.1) for i in (True, False)] + [
            {"alpha": 0.1, "positive": True}
        ]
    return [{"fit_intercept": True}, {"fit_intercept": False}]


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("shape", [(40, 6), (20, 40)], ids=["tall", "wide"])
@pytest.mark.parametrize("name", NAMES)
def test_weights_are_repetitions(name: str, shape: tuple[int, int], sparse: bool) -> None:
    """Inside the folds too, where these keep repeated rows together; leave-one-out leaves out all copies of a row."""
    rows, y, counts = repeated(*shape)
    which = np.repeat(np.arange(len(y)), counts)
    held = [np.arange(len(y)) % 4 == k for k in range(4)]
    container = sp.csr_array if sparse else np.asarray
    for options in weights_options(name):
        weighted, copied = dict(options), dict(options)
        if name.endswith("CV"):
            weighted["cv"] = [(np.flatnonzero(~test), np.flatnonzero(test)) for test in held]
            copied["cv"] = [(np.flatnonzero(~test[which]), np.flatnonzero(test[which])) for test in held]
        one = made(name, **weighted).fit(container(rows), y, sample_weight=counts.astype(float))
        many = made(name, **copied).fit(container(rows[which]), y[which])
        np.testing.assert_allclose(
            one.coef_, many.coef_, atol=1e-9 * np.abs(many.coef_).max(), err_msg=str(options)
        )
        np.testing.assert_allclose(one.intercept_, many.intercept_, atol=1e-8)
        if name in ("LassoCV", "ElasticNetCV"):
            np.testing.assert_allclose(one.alphas_, many.alphas_, rtol=1e-10)
            np.testing.assert_allclose(one.mse_path_, many.mse_path_, rtol=1e-8)
        if name == "RidgeCV":
            assert one.alpha_ == many.alpha_
            assert one.best_score_ == pytest.approx(many.best_score_, rel=1e-8)


@pytest.mark.parametrize("shape", [(40, 6), (20, 40)], ids=["tall", "wide"])
def test_weights_are_repetitions_left_out_together(shape: tuple[int, int]) -> None:
    rows, y, counts = repeated(*shape)
    alphas = [0.1, 1.0, 10.0]
    model = bridle.RidgeCV(alphas, store_cv_results=True).fit(rows, y, sample_weight=counts.astype(float))
    which = np.repeat(np.arange(len(y)), counts)
    for i in np.flatnonzero(counts):
        rest = which != i
        for k, alpha in enumerate(alphas):
            left = theirs.Ridge(alpha, solver="svd").fit(rows[which][rest], y[which][rest])
            error = counts[i] * (y[i] - left.predict(rows[i : i + 1])[0]) ** 2
            assert model.cv_results_[i, k] == pytest.approx(error, rel=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_weight_zero_is_not_there(name: str) -> None:
    """Not even where its numbers are enormous. RidgeCV's best score is a mean over rows, also over those of weight 0."""
    rows, y, counts = repeated()
    weights, there = counts.astype(float), counts > 0
    spoilt, target = rows.copy(), y.copy()
    spoilt[~there], target[~there] = 1e6, -1e6
    model = made(name, **({"cv": None} if name == "RidgeCV" else {}))
    options: dict[str, Any] = {}
    if name in ("LassoCV", "ElasticNetCV"):
        folds = np.arange(len(y)) % 3
        options = {"cv": [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(3)]}
    absent = {}
    if options:
        kept = folds[there]
        absent = {"cv": [(np.flatnonzero(kept != k), np.flatnonzero(kept == k)) for k in range(3)]}
    model = made(name, **options).fit(spoilt, target, sample_weight=weights)
    without = made(name, **absent).fit(rows[there], y[there], sample_weight=weights[there])
    np.testing.assert_allclose(model.coef_, without.coef_, atol=1e-8 * np.abs(without.coef_).max())
    assert model.intercept_ == pytest.approx(without.intercept_, rel=1e-8)
    if "CV" in name:
        assert model.alpha_ == pytest.approx(without.alpha_, rel=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weights", [[-1.0] + [1.0] * 441, [np.nan] + [1.0] * 441, [0.0] * 442, [1.0] * 441])
def test_weights_that_are_none(name: str, weights: list[float]) -> None:
    with pytest.raises(ValueError):
        made(name).fit(X, Y, sample_weight=np.array(weights))


# Models


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["array", "frame", "sparse"])
def test_the_model_behind(name: str, kind: str, tmp_path: Path) -> None:
    data: Any = (
        X if kind == "array" else sp.csr_array(X) if kind == "sparse" else pd.DataFrame(X).add_prefix("x")
    )
    estimator = made(name).fit(data, Y)
    model = estimator.model_
    assert model is estimator.model_
    assert model.certificate.certified
    np.testing.assert_array_equal(model.coef, estimator.coef_)
    assert model.intercept == estimator.intercept_
    np.testing.assert_allclose(model.predict(data), estimator.predict(data), rtol=1e-12)
    assert all(one.certified for one in bridle.verify(model, data, Y).values())
    assert not any(one.certified for one in bridle.verify(model, data, Y + np.arange(len(Y))).values())
    page = tmp_path / "report.html"
    bridle.report(model, page)
    text = page.read_text(encoding="utf-8")
    assert f"bridle.{name}" in text and "</html>" in text
    model.save(tmp_path / "model.bridle")
    again = bridle.load(tmp_path / "model.bridle")
    np.testing.assert_array_equal(again.predict(data), model.predict(data))
    assert again.certificate == model.certificate


@pytest.mark.parametrize("name", NAMES)
def test_the_model_behind_a_weighted_fit(name: str) -> None:
    estimator = made(name).fit(X, Y, sample_weight=WEIGHTS)
    assert estimator.model_.certificate.certified
    np.testing.assert_array_equal(estimator.model_.coef, estimator.coef_)
    assert not any(one.certified for one in bridle.verify(estimator.model_, X, Y).values())


def test_a_weighted_fit_can_be_verified() -> None:
    estimator = made("Lasso").fit(X, Y, sample_weight=WEIGHTS)
    found = bridle.verify(estimator.model_, X, Y, weights=WEIGHTS)  # type: ignore[call-arg]
    assert all(one.certified for one in found.values())


@pytest.mark.parametrize("name", ["Ridge", "RidgeCV", "Lasso", "ElasticNet"])
def test_several_targets_have_a_model_each(name: str) -> None:
    two = np.column_stack([Y, np.sqrt(Y)])
    estimator = made(name).fit(X, two)
    assert len(estimator.models_) == 2
    for k, model in enumerate(estimator.models_):
        np.testing.assert_array_equal(model.coef, estimator.coef_[k])
        assert model.intercept == estimator.intercept_[k]
        assert model.certificate.certified
        assert all(one.certified for one in bridle.verify(model, X, two[:, k]).values())
        np.testing.assert_allclose(model.predict(X), estimator.predict(X)[:, k])
    with pytest.raises(UsageError, match="models_"):
        _ = estimator.model_


@pytest.mark.parametrize("name", ["Ridge", "RidgeCV", "Lasso", "ElasticNet"])
def test_one_model_of_several_is_not_there(name: str) -> None:
    """For hasattr, dir and whatever else looks around."""
    estimator = made(name).fit(X, np.column_stack([Y, np.sqrt(Y)]))
    assert not hasattr(estimator, "model_")
    assert "models_" in dir(estimator)


@pytest.mark.parametrize("name", NAMES)
def test_not_fitted(name: str) -> None:
    for attribute in ("model_", "models_"):
        with pytest.raises(NotFittedError, match=name):
            getattr(made(name), attribute)
        assert not hasattr(made(name), attribute)  # NotFittedError is an AttributeError too


@pytest.mark.parametrize("name", NAMES)
def test_the_model_is_of_the_last_fit(name: str) -> None:
    estimator = made(name).fit(X, Y)
    first = estimator.model_
    estimator.fit(X[:200], Y[:200])
    assert estimator.model_ is not first
    np.testing.assert_array_equal(estimator.model_.coef, estimator.coef_)


# Solving


@pytest.mark.parametrize("name", ["Lasso", "ElasticNet"])
def test_warm_start_keeps_a_solution(name: str) -> None:
    model = made(name, warm_start=True).fit(X, Y)
    coef = model.coef_.copy()
    assert model.n_iter_ > 0
    model.fit(X, Y)
    assert model.n_iter_ == 0
    np.testing.assert_array_equal(model.coef_, coef)
    moved = model.set_params(alpha=0.5).fit(X, Y)
    assert moved.n_iter_ > 0
    np.testing.assert_allclose(
        moved.coef_, made(name, alpha=0.5).fit(X, Y).coef_, atol=1e-9 * np.abs(coef).max()
    )
    model.fit(X[:, :5], Y)  # other columns than before
    np.testing.assert_allclose(model.coef_, made(name, alpha=0.5).fit(X[:, :5], Y).coef_, rtol=1e-9)


@pytest.mark.parametrize("name", ["Lasso", "ElasticNet", "LassoCV", "ElasticNetCV"])
def test_a_tolerance_that_cannot_be_met(name: str) -> None:
    """A gap of exactly zero is for luck: scikit-learn warns then, and so does bridle."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(50, 8))
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        for seed in range(20):
            made(name, tol=0).fit(rows, np.random.default_rng(seed).normal(size=50) + rows[:, 0])
    made(name).fit(rows, rows[:, 0] + random.normal(size=50))  # and by default it does not


@pytest.mark.parametrize("name", NAMES)
def test_x_is_never_written_to(name: str) -> None:
    for order in ("C", "F"):
        rows, y = np.array(X, order=order), Y.copy()
        options = {} if name in ("RidgeCV",) else {"copy_X": False}
        made(name, **options).fit(rows, y)
        np.testing.assert_array_equal(rows, X)
        np.testing.assert_array_equal(y, Y)
        rows.setflags(write=False)
        made(name, **options).fit(rows, y)


# The first steps that everyone takes


def test_the_tutorial() -> None:
    ridge = make_pipeline(StandardScaler(), bridle.Ridge(alpha=1.0)).fit(X, Y)
    ridge_wanted = make_pipeline(StandardScaler(), theirs.Ridge(alpha=1.0)).fit(X, Y)
    np.testing.assert_allclose(
        ridge.named_steps["ridge"].coef_, ridge_wanted.named_steps["ridge"].coef_, rtol=1e-9
    )
    assert ridge.score(X, Y) == pytest.approx(ridge_wanted.score(X, Y), rel=1e-10)
    for alpha in (0.1, 1.0, 10.0):
        lasso = make_pipeline(StandardScaler(), bridle.Lasso(alpha=alpha)).fit(X, Y).named_steps["lasso"]
        wanted = make_pipeline(StandardScaler(), theirs.Lasso(alpha=alpha)).fit(X, Y).named_steps["lasso"]
        assert (lasso.coef_ == 0).sum() == (wanted.coef_ == 0).sum()
        np.testing.assert_allclose(lasso.coef_, wanted.coef_, atol=2e-2 * np.abs(wanted.coef_).max())
    plain, own = bridle.Lasso(alpha=0.1).fit(X, Y), theirs.Lasso(alpha=0.1).fit(X, Y)
    assert (plain.coef_ == 0).sum() == (own.coef_ == 0).sum() > 0


# By scikit-learn's own class of the same name, whose constraints are not ours.
WRONG = [{"alphas": -5}, {"alphas": 0}, {"max_iter": 0}, {"tol": -1.0}, {"tol": np.nan}, {"eps": 0.0}, {"cv": 1},
         {"selection": "random walk"}, {"precompute": "perhaps"}, {"verbose": -1}, {"n_jobs": "two"},
         {"alphas": np.array([0.1, -1.0])}]  # fmt: skip


@pytest.mark.parametrize("name", ["LassoCV", "ElasticNetCV"])
@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_wrong_values_are_refused_after_right_ones_of_the_same_types(name, wrong):
    getattr(bridle, name)().fit(X, Y)
    getattr(bridle, name)(alphas=np.array([0.1, 1.0])).fit(X, Y)
    with pytest.raises(ValueError) as expected:
        getattr(theirs, name)(**wrong).fit(X, Y)
    with pytest.raises(ValueError) as found:
        getattr(bridle, name)(**wrong).fit(X, Y)
    assert type(found.value) is type(expected.value)
