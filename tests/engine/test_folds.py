"""Folds: what a person may ask for, and what must hold of every split made."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, TimeSeriesSplit

import bridle
from bridle.errors import DataError
from bridle.selection import make_folds


def sides(folds):
    """(train, test) row numbers of every split."""
    for round_ in folds.rounds:
        split = round_.split()
        for k in range(1, len(split.train)):
            yield split.rows_of(split.train[k]), split.rows_of(split.test[k])


@pytest.mark.parametrize(
    "splitter", [KFold(7), ShuffleSplit(10, random_state=0), TimeSeriesSplit(5)], ids=repr
)
@pytest.mark.parametrize("form", ["object", "list of pairs", "generator", "pairs of lists", "masks"])
def test_splits_given_in_every_form(table, splitter, form):
    X, y = table
    expected = [(sorted(train), sorted(test)) for train, test in splitter.split(X)]
    given = {
        "object": lambda: splitter,
        "list of pairs": lambda: list(splitter.split(X)),
        "generator": lambda: splitter.split(X),
        "pairs of lists": lambda: [(list(map(int, a)), list(map(int, b))) for a, b in splitter.split(X)],
        "masks": lambda: [
            (np.isin(np.arange(60), a), np.isin(np.arange(60), b)) for a, b in splitter.split(X)
        ],
    }[form]
    made = [(sorted(train), sorted(test)) for train, test in sides(make_folds(60, given()))]
    assert made == expected
    assert bridle.fit(X, y, folds=given()).selection.n_folds == len(expected)


def test_groups_by_scikit_learn(table):
    X, y = table
    groups = np.arange(60) % 10
    assert bridle.fit(X, y, folds=GroupKFold(5), groups=groups).selection.n_folds == 5


@pytest.mark.parametrize(
    "settings",
    [{}, {"repeats": 3}, {"stratify": np.arange(60) % 2}, {"order": np.arange(60)}, {"folds": 0.25},
     {"folds": 0.25, "order": np.arange(60)}],
    ids=lambda s: ", ".join(s) or "plain",
)  # fmt: skip
def test_groups_stay_on_one_side(settings):
    groups = np.arange(60) % 10
    try:
        made = make_folds(60, **{"folds": 5, "groups": groups, **settings})
    except bridle.UsageError:
        return  # what cannot be kept together may be refused, but not ignored
    for train, test in sides(made):
        assert not set(groups[train]) & set(groups[test])


def test_order_is_kept():
    order = np.random.default_rng(0).permutation(60)
    for train, test in sides(make_folds(60, 5, order=order)):
        assert order[train].max() < order[test].min()


@pytest.mark.parametrize(
    "folds",
    [np.arange(60) % 2, np.arange(60) % 3, [(np.flatnonzero(np.arange(60) % 2), np.arange(0, 60, 2))]],
)
@pytest.mark.parametrize("shape", [(60, 5), (60, 1600)])
def test_a_fold_whose_rows_weigh_nothing(shape, folds):
    X = np.random.default_rng(0).standard_normal(shape)
    y = 100 + X[:, 0] + np.random.default_rng(1).standard_normal(60)
    weights = (
        np.where(np.arange(60) % 2, 1.0, 0.0) if len(np.shape(folds)) != 1 else (np.asarray(folds) == 1) * 1.0
    )
    try:
        model = bridle.fit(X, y, weights=weights, folds=folds, l1_ratios=1.0)
    except DataError:
        return
    # A fit on rows without weight predicts nothing: its error must not count.
    assert model.selection.null_error < 100


def test_stratified_folds_share_the_classes():
    classes = np.repeat([0, 1, 2], [30, 20, 10])
    for _, test in sides(make_folds(60, 5, stratify=classes)):
        assert np.bincount(classes[test]).tolist() == [6, 4, 2]


@pytest.mark.parametrize("share", [0.25, np.float32(0.25), np.float64(0.25)])
def test_a_share_held_out(table, share):
    assert bridle.fit(*table, folds=share).selection.n_folds == 1
