"""Scores that choose the strength, against scikit-learn's metrics, by brute force and by fits of the folds one by one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.metrics as metrics
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import Lasso, LogisticRegression

import bridle
from bridle.errors import DataError, UsageError
from bridle.families import FAMILIES, family_named
from bridle.reporting import console, summary, to_json
from bridle.reporting.formatting import number
from bridle.selection.scoring import SCORES

NAMED = [
    "squared",
    "huber",
    "binomial",
    "binomial(probit)",
    "poisson",
    "negative_binomial(2)",
    "gamma",
    "tweedie(1.5)",
]


def lorenz(y: Any, p: Any, w: Any, exposure: Any) -> float:
    """The Gini by the trapezoids of scikit-learn, ties put together by hand."""
    rate = p / exposure
    x, z = [0.0], [0.0]
    for level in np.unique(rate):
        own = rate == level
        x.append(x[-1] + (w * exposure)[own].sum())
        z.append(z[-1] + (w * y)[own].sum())
    return float(1 - 2 * metrics.auc(np.array(x) / x[-1], np.array(z) / z[-1]))


def miscalibration(y: Any, p: Any, w: Any) -> float:
    right = IsotonicRegression().fit(p, y, sample_weight=w).predict(p)
    return float(metrics.brier_score_loss(y, p, sample_weight=w) - np.average((y - right) ** 2, weights=w))


THEIRS: dict[str, Any] = {
    "mae": lambda y, p, w: metrics.mean_absolute_error(y, p, sample_weight=w),
    "auc": lambda y, p, w: metrics.roc_auc_score(y, p, sample_weight=w),
    "log_loss": lambda y, p, w: metrics.log_loss(y, p, sample_weight=w),
    "brier": lambda y, p, w: metrics.brier_score_loss(y, p, sample_weight=w),
    "accuracy": lambda y, p, w: metrics.accuracy_score(y, p >= 0.5, sample_weight=w),
    "calibration": miscalibration,
    "gini": lambda y, p, w: lorenz(y, p, w, np.ones(len(y))),
}


def test_every_family_names_scores_that_there_are() -> None:
    for name in NAMED:
        assert family_named(name).scores[0] == "deviance"
        assert set(family_named(name).scores[1:]) <= set(SCORES)
    assert {name.partition("(")[0] for name in NAMED} | {"inverse_gaussian"} == set(FAMILIES)
    assert set(SCORES) == set(THEIRS)


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_scikit_learns(name: str, ties: bool, weighted: bool) -> None:
    rng = np.random.default_rng(5)
    p = rng.beta(1.2, 2.0, 300)
    p = np.clip(p.round(1), 0.05, 0.95) if ties else p
    y = (rng.random(300) < p**1.3).astype(float)
    w = rng.uniform(0.1, 3.0, 300) if weighted else np.ones(300)
    if name in ("mae", "gini"):
        y = rng.gamma(2.0, 3 * p)
    found = SCORES[name].of(y, p, w, np.ones(300))
    assert found == pytest.approx(THEIRS[name](y, p, w), rel=1e-10, abs=1e-13)


def test_rounding_makes_no_order() -> None:
    """Rows with the same columns are tied, however their products were added up."""
    y = np.array([0.0, 1.0, 0.0, 1.0])
    p = np.array([0.3, np.nextafter(0.3, 0), 0.3, np.nextafter(0.3, 1)])
    assert SCORES["auc"].of(y, p, np.ones(4), np.ones(4)) == 0.5
    tiny = np.array([1e-20, 3e-20, 2e-20, 4e-20])
    assert SCORES["auc"].of(y, tiny, np.ones(4), np.ones(4)) == 1.0


def test_gini_orders_rates() -> None:
    rng = np.random.default_rng(1)
    exposure, w = rng.uniform(0.2, 2.0, 200), rng.uniform(0.5, 2.0, 200)
    p = exposure * rng.gamma(2.0, 1.0, 200)
    y = rng.poisson(p).astype(float)
    assert SCORES["gini"].of(y, p, w, exposure) == pytest.approx(lorenz(y, p, w, exposure), rel=1e-12)


@pytest.fixture(scope="module")
def rows() -> tuple[Any, Any, Any, Any]:
    """(150, 6) columns, two of which say something; classes; weights; the name of each row's fold."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((150, 6))
    y = (rng.random(150) < 1 / (1 + np.exp(-X[:, 0] + 0.7 * X[:, 1]))).astype(float)
    return X, y, rng.uniform(0.2, 2.0, 150), rng.integers(0, 4, 150)


@pytest.mark.parametrize("name", [name for name in family_named("binomial").scores if name != "deviance"])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_strength_of_every_fold(rows: Any, name: str, weighted: bool) -> None:
    """Folds fitted by scikit-learn, one strength at a time, rated by its metrics."""
    X, y, w, names = rows
    w = w if weighted else np.ones(150)
    alphas = [0.1, 0.02, 0.004]
    model = bridle.fit(
        X,
        y,
        family="binomial",
        weights=w,
        folds=names,
        alphas=alphas,
        l1_ratios=0.0,
        standardize=False,
        score=name,
    )
    scored = model.selection.curves[0].scored
    assert scored is not None and scored.name == model.selection.score == name
    expected, sizes = np.empty((4, 3)), np.empty(4)
    for k, (a, alpha) in itertools.product(range(4), enumerate(alphas)):
        train, test = names != k, names == k
        C = 1 / (alpha * w[train].sum())
        fit = LogisticRegression(C=C, tol=1e-12, max_iter=10_000).fit(X[train], y[train], w[train])
        expected[k, a] = THEIRS[name](y[test], fit.predict_proba(X[test])[:, 1], w[test])
        sizes[k] = w[test].sum()
    assert scored.fold_scores == pytest.approx(expected, rel=1e-5, abs=1e-7)
    assert scored.mean == pytest.approx(np.average(expected, axis=0, weights=sizes), rel=1e-5, abs=1e-7)
    best = expected.T @ sizes * (1 if SCORES[name].larger else -1)
    assert model.selection.choices["min"].index == int(np.argmax(best))
    assert model.selection.choices["1se"].alpha >= model.selection.choices["min"].alpha
    assert model.selection.chosen.score == pytest.approx(scored.mean[model.selection.chosen.index])


def test_absolute_errors_of_the_lasso(rows: Any) -> None:
    X, _, w, names = rows
    y = X[:, 0] + np.random.default_rng(0).standard_t(2, 150)
    alphas = [0.3, 0.1, 0.03]
    model = bridle.fit(
        X, y, weights=w, folds=names, alphas=alphas, l1_ratios=1.0, standardize=False, score="mae"
    )
    for k, (a, alpha) in itertools.product(range(4), enumerate(alphas)):
        train, test = names != k, names == k
        fit = Lasso(alpha=alpha, tol=1e-12).fit(X[train], y[train], w[train])
        expected = THEIRS["mae"](y[test], fit.predict(X[test]), w[test])
        assert model.selection.curves[0].scored.fold_scores[k, a] == pytest.approx(expected, rel=1e-7)
    assert model.selection.curves[0].scored.train[1] == pytest.approx(
        THEIRS["mae"](y, Lasso(alpha=0.1, tol=1e-12).fit(X, y, w).predict(X), w), rel=1e-7
    )


def kinds() -> dict[str, dict[str, Any]]:
    """Tables and procedures: what ``bridle.fit`` is given besides one strength, folds and a score."""
    rng = np.random.default_rng(8)
    n = 160
    X = rng.standard_normal((n, 5))
    eta = X[:, 0] - 0.6 * X[:, 1]
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    counts = rng.poisson(np.exp(0.4 * eta)).astype(float)
    holes = np.where(rng.random(X.shape) < 0.1, np.nan, X)
    named = {f"x{j}": holes[:, j] for j in range(5)}
    town = rng.choice(["ash", "elm", "oak"], n)
    exposure = rng.uniform(0.3, 2.0, n)
    wide = np.hstack([X, rng.standard_normal((n, 400))])
    thin = sp.random(n, 30, 0.2, random_state=1, format="csr") + sp.csr_matrix(np.eye(n, 30) * eta[:, None])
    classes: dict[str, Any] = {"data": X, "y": y, "family": "binomial", "score": "auc"}
    return {
        "adaptive": {**classes, "adaptive": True},
        "relaxed": {**classes, "relax": [0.5]},
        "both": {**classes, "adaptive": 2.0, "relax": [0.0]},
        "offset": {**classes, "offset": 0.3 * X[:, 2]},
        "missing": {**classes, "data": named},
        "categories": {**classes, "data": {"a": X[:, 0], "b": holes[:, 1], "town": town}},
        "wide": {**classes, "data": wide},
        "sparse": {**classes, "data": thin},
        "weights": {**classes, "weights": rng.integers(0, 3, n).astype(float), "score": "brier"},
        "counts": {"data": X, "y": counts, "family": "poisson", "score": "mae", "offset": np.log(exposure)},
        "squared": {
            "data": named,
            "y": eta + counts,
            "score": "mae",
            "offset": 2.0 * exposure,
            "relax": [0.25],
        },
        "wide squared": {"data": wide, "y": eta, "score": "mae", "adaptive": True},
    }


@pytest.mark.parametrize("kind", kinds())
def test_the_predictions_out_of_fold_have_these_scores(kind: str) -> None:
    asked = kinds()[kind]
    names = np.arange(160) % 4
    y, w = asked["y"], asked.get("weights", np.ones(160))
    first = bridle.fit(**asked, folds=names, l1_ratios=1.0, n_alphas=8, nested=False)
    asked["alphas"] = [float(first.path.alphas[3])]
    model = bridle.fit(**asked, folds=names, l1_ratios=1.0, out_of_fold=True)
    p = model.selection.out_of_fold
    curve = (model.selection.relaxed or model.selection.curves)[-1]
    assert curve.scored is not None and p is not None
    for k in range(4):
        own = (names == k) & (w > 0)
        expected = THEIRS[asked["score"]](y[own], p[own], w[own])
        assert curve.scored.fold_scores[k, 0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("score", ["auc", "calibration"])
@pytest.mark.parametrize("relax", [False, [0.0, 1.0]])
def test_nested_scores_are_those_of_fits_without_the_fold(rows: Any, score: str, relax: Any) -> None:
    X, y, w, names = rows
    asked: dict[str, Any] = {
        "family": "binomial", "alphas": [0.2, 0.1, 0.05, 0.01], "l1_ratios": [0.5, 1.0], "score": score, "relax": relax,
        "rule": "1se",
    }  # fmt: skip
    nested = bridle.fit(X, y, weights=w, folds=names, **asked).selection.nested
    assert nested is not None
    sizes, honest = [], []
    for k in range(4):
        train, test = names != k, names == k
        alone = bridle.fit(X[train], y[train], weights=w[train], folds=names[train], nested=False, **asked)
        chosen = nested.choices[k]
        assert (chosen.alpha, chosen.l1_ratio, chosen.mix) == (alone.alpha, alone.l1_ratio, alone.mix)
        assert chosen.score == pytest.approx(alone.selection.chosen.score, rel=1e-6)
        assert chosen.error == pytest.approx(alone.selection.chosen.error, rel=1e-6)
        honest.append(THEIRS[score](y[test], alone.predict(X[test]), w[test]))
        sizes.append(w[test].sum())
    assert nested.score == pytest.approx(np.average(honest, weights=sizes), rel=1e-6)
    assert np.isfinite(nested.error) and nested.score_spread > 0


def test_the_constant_model(rows: Any) -> None:
    X, y, _, names = rows
    found = {
        name: bridle.fit(X, y, family="binomial", folds=names, score=name, nested=False, n_alphas=3)
        for name in ("auc", "brier")
    }
    assert found["auc"].selection.curves[0].scored.null == 0.5
    expected = [np.mean((y[names == k] - y[names != k].mean()) ** 2) for k in range(4)]
    sizes = [(names == k).sum() for k in range(4)]
    assert found["brier"].selection.curves[0].scored.null == pytest.approx(
        np.average(expected, weights=sizes)
    )


def test_one_hold_out_has_the_spread_of_its_rows(rows: Any) -> None:
    X, y, _, _ = rows
    model = bridle.fit(
        X, y, family="binomial", folds=0.3, score="brier", alphas=[0.05], l1_ratios=1.0, out_of_fold=True
    )
    held = np.isfinite(model.selection.out_of_fold)
    each = (y - model.selection.out_of_fold)[held] ** 2
    assert model.selection.chosen.score == pytest.approx(each.mean())
    assert model.selection.chosen.score_spread == pytest.approx(each.std() / np.sqrt(len(each)))


@pytest.mark.parametrize("settings", [{"repeats": 2, "folds": 3}, {"max_variables": 2}, {"stop": "auto"}])
def test_limits_and_repeats(rows: Any, settings: dict[str, Any]) -> None:
    X, y, _, _ = rows
    rng = np.random.default_rng(0)
    wide = np.hstack([X, rng.standard_normal((150, 300))])
    model = bridle.fit(wide, y, family="binomial", score="auc", l1_ratios=1.0, n_alphas=30, **settings)
    curve = model.selection.curves[0]
    known = np.isfinite(curve.scored.mean)
    assert (known == np.isfinite(curve.mean)).all() and known.any()
    assert model.selection.chosen.index == int(np.nanargmax(curve.scored.mean))


def test_a_score_that_does_not_suit_is_refused(rows: Any) -> None:
    X, y, _, _ = rows
    with pytest.raises(UsageError, match="one of deviance, mae for the family squared, not 'auc'"):
        bridle.fit(X, y, family="squared", score="auc")
    with pytest.raises(UsageError, match="deviance, auc, log_loss, brier, accuracy, calibration"):
        bridle.fit(X, y, family="binomial", score="roc")


def test_a_fold_without_the_score_is_named() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 3)), np.repeat([0.0, 1.0], 30)
    y[:3], names = 1.0, np.arange(60) // 20
    with pytest.raises(
        DataError, match=r"fold 3 are all of one class, so that they have no auc.*stratify=True"
    ):
        bridle.fit(X, y, family="binomial", folds=names, score="auc")
    assert np.isfinite(
        bridle.fit(X, y, family="binomial", folds=names, score="brier", n_alphas=5).selection.chosen.score
    )


def test_a_file_keeps_the_scores(rows: Any, tmp_path: Any) -> None:
    X, y, _, _ = rows
    model = bridle.fit(X, y, family="binomial", score="auc", n_alphas=5, relax=[0.5, 1.0])
    model.save(tmp_path / "m")
    again = bridle.load(tmp_path / "m").selection
    assert again.score == "auc" and again.choices == model.selection.choices
    assert again.nested == model.selection.nested
    for one, other in zip(again.relaxed, model.selection.relaxed, strict=True):
        assert one.scored.larger and one.scored.null == other.scored.null
        assert np.array_equal(one.scored.fold_scores, other.scored.fold_scores, equal_nan=True)


@pytest.mark.parametrize("name", ["auc", "brier", "accuracy"])
def test_the_estimator_takes_the_same_scores(rows: Any, name: str) -> None:
    X, y, w, _ = rows
    asked: dict[str, Any] = {"l1_ratios": [0.5, 1.0], "n_alphas": 6}
    model = bridle.fit(X, y, family="binomial", weights=w, score=name, nested=False, **asked)
    est = bridle.GLMCV("binomial", scoring=name, **asked).fit(X, y, w)
    assert est.alpha_ == model.alpha and est.model_.selection.score == name
    assert est.score_path_ == pytest.approx(
        np.stack([curve.scored.fold_scores.T for curve in model.selection.curves])
    )


@pytest.mark.parametrize(
    ("score", "best", "noun"), [("auc", "highest", "AUC"), ("brier", "lowest", "Brier score")]
)
def test_reports_speak_of_the_score(rows: Any, tmp_path: Any, score: str, best: str, noun: str) -> None:
    X, y, _, _ = rows
    model = bridle.fit(X, y, family="binomial", score=score, l1_ratios=[0.5, 1.0], n_alphas=8)
    chosen, other, nested = model.selection.chosen, model.selection.other, model.selection.nested
    said = summary(model)
    assert said.chosen_by is not None and nested is not None and other is not None and said.other is not None
    assert f"by the {best} {noun}: {number(chosen.score)}" in said.chosen_by
    assert number(nested.score) in said.chosen_by
    assert [row.size for row in said.rules] == [chosen.score, other.score]
    text = " ".join(console(model, color=False).split())
    assert f"The penalty was chosen by the {best} {noun}" in text
    bridle.report(model, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    (curve,) = [c for c in model.selection.curves if c.l1_ratio == model.l1_ratio]
    top = np.max(curve.scored.mean) if best == "highest" else np.min(curve.scored.mean)
    assert f"The {noun} on held-out rows is {best}, {number(top)}" in page
    assert f"Held-out {noun}" in page and said.chosen_by in page
    record = to_json(model)["selection"]
    assert record["score"] == score and record["curves"][0]["score"]["larger_is_better"] is (
        best == "highest"
    )
    assert record["choices"]["min"]["score"]["value"] == chosen.score
    assert record["nested"]["score"]["value"] == nested.score and record["nested"]["error"] == nested.error


def test_the_deviance_is_no_other_score(rows: Any) -> None:
    X, y, _, _ = rows
    model = bridle.fit(X, y, family="binomial", n_alphas=5, l1_ratios=1.0)
    assert model.selection.score == "deviance" and model.selection.curves[0].scored is None
    assert summary(model).chosen_by is None and to_json(model)["selection"]["curves"][0]["score"] is None
