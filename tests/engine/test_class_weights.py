"""Rows weighted by their class, against scikit-learn's LogisticRegression(class_weight=...)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight

import bridle
from bridle.errors import DataError, UsageError
from bridle.reporting import summary


@pytest.fixture(scope="module")
def rows() -> tuple[Any, Any, Any]:
    """(200, 4) columns, labels of which one is rare, weights."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((200, 4))
    y = np.where(rng.random(200) < 1 / (1 + np.exp(2 - X[:, 0])), "yes", "no")
    return X, y, rng.uniform(0.5, 2.0, 200)


@pytest.mark.parametrize("asked", ["balanced", {"yes": 5.0}, {"yes": 3.0, "no": 0.25}])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_fit_is_scikit_learns(rows: Any, asked: Any, weighted: bool) -> None:
    X, y, w = rows
    given = w if weighted else None
    w = w if weighted else np.ones(200)
    classes = np.array(["no", "yes"])
    if asked == "balanced":
        factors = compute_class_weight("balanced", classes=classes, y=y, sample_weight=w)
    else:
        factors = np.array([asked.get(name, 1.0) for name in classes])
    total = float((w * factors[(y == "yes").astype(int)]).sum())
    theirs = LogisticRegression(C=1 / (0.01 * total), class_weight=asked, tol=1e-12, max_iter=10_000)
    theirs.fit(X, y, sample_weight=given)
    model = bridle.fit(
        X, y, weights=given, class_weight=asked, alphas=[0.01], l1_ratios=0.0, standardize=False
    )
    assert model.class_weights == pytest.approx(tuple(factors))
    assert model.coef == pytest.approx(theirs.coef_[0], rel=1e-6)
    assert model.predict(X) == pytest.approx(theirs.predict_proba(X)[:, 1], rel=1e-6)


def test_they_are_weights_of_rows(rows: Any, tmp_path: Any) -> None:
    """Errors, folds, scores and certificates included; a file and a second look at the rows know them."""
    X, y, w = rows
    asked: dict[str, Any] = {
        "l1_ratios": [0.5, 1.0],
        "n_alphas": 12,
        "score": "auc",
        "folds": np.arange(200) % 4,
    }
    model = bridle.fit(X, y, weights=w, class_weight={"yes": 4.0}, **asked)
    same = bridle.fit(X, y, weights=np.where(y == "yes", 4.0, 1.0) * w, **asked)
    assert np.array_equal(model.coef, same.coef)
    assert model.selection.choices == same.selection.choices
    assert model.selection.nested == same.selection.nested
    assert model.selection.diagnostics.scores == same.selection.diagnostics.scores
    model.save(tmp_path / "m")
    again = bridle.load(tmp_path / "m")
    assert again.class_weights == model.class_weights == (1.0, 4.0)
    found = bridle.verify(again, X, y, weights=w)["min"]
    assert found.certified and found.objective == pytest.approx(model.certificate.objective, rel=1e-12)
    bare = replace(again, class_weights=None)
    assert not bridle.verify(bare, X, y, weights=w)["min"].certified
    alone = bridle.fit(X, y, class_weight={"yes": 4.0}, **asked)
    assert alone.score(X, y) == pytest.approx(replace(alone, class_weights=None).score(*doubled(X, y)))


def doubled(X: Any, y: Any) -> tuple[Any, Any]:
    """The rows of the second class four times."""
    times = np.where(y == "yes", 4, 1)
    return np.repeat(X, times, axis=0), np.repeat(y, times)


def test_balanced_classes_of_a_table(rows: Any) -> None:
    """The weights are said, and the call that makes the model again holds them."""
    X, y, _ = rows
    table = {"a": X[:, 0], "b": X[:, 1], "y": y == "yes"}
    model = bridle.fit(table, target="y", class_weight="balanced", n_alphas=5)
    assert model.classes == ("false", "true")
    share = np.average(y == "yes", weights=np.array(model.class_weights)[(y == "yes").astype(int)])
    assert share == pytest.approx(0.5)
    assert any("weighted by their class" in note and "balanced" in note for note in summary(model).notes)
    given = bridle.fit(table, target="y", class_weight={True: 2}, n_alphas=5)
    assert given.class_weights == (1.0, 2.0) and given.call["class_weight"] == {"true": 2.0}
    assert any("class_weight=" in line for line in summary(given).code)


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ("equal", UsageError, 'class_weight must be "balanced" or a mapping'),
        ({"maybe": 2.0}, UsageError, "'maybe', but the classes are no and yes"),
        ({"yes": -1.0}, UsageError, "weight of class yes is -1"),
        ({"yes": "x"}, UsageError, "at least 0"),
        ({"yes": 0.0}, DataError, "nothing to learn"),
    ],
)
def test_class_weights_that_are_none(rows: Any, asked: Any, error: Any, words: str) -> None:
    X, y, _ = rows
    with pytest.raises(error, match=words):
        bridle.fit(X, y, class_weight=asked)


@pytest.mark.parametrize(("family", "words"), [("squared", "holds numbers"), ("binomial", "holds shares")])
def test_targets_without_classes(rows: Any, family: str, words: str) -> None:
    X = rows[0]
    with pytest.raises(UsageError, match=words):
        bridle.fit(X, np.linspace(0.1, 0.9, 200), family=family, class_weight="balanced")
