"""Errors of cross-validation against explicit fits of every fold by scikit-learn; nothing held out ever leaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from sklearn.model_selection import KFold, ShuffleSplit, TimeSeriesSplit

import bridle
from bridle.selection import make_folds

ALPHAS = [0.5, 0.1, 0.02]
RATIOS = [0.0, 0.5, 1.0]
NEAR = 1e-8


@pytest.fixture(params=["moments", "columns"], autouse=True)
def solver(request, monkeypatch) -> str:
    """Both solvers: the one that small tables get, and the one for wide tables."""
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: request.param)
    return request.param


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(60, 5) columns of several scales, a target, weights."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5)) * [1, 10, 0.1, 2, 3] + [0, 5, 1, -2, 0]
    y = 4 + X @ [1.0, 0.1, -5, 0, 0] + rng.standard_normal(60)
    return X, y, rng.uniform(0.3, 3, 60)


def scaled(X, y, w):
    """Centres and scales of training rows: weighted mean, population standard deviation."""
    share = w / w.sum()
    x_mean, y_mean = share @ X, share @ y
    return x_mean, np.sqrt(share @ (X - x_mean) ** 2), y_mean, np.sqrt(share @ (y - y_mean) ** 2)


def fitted(X, y, w, alpha, l1_ratio):
    """Coefficients in original units, intercept: by scikit-learn, on columns scaled by these very rows."""
    x_mean, x_sd, y_mean, y_sd = scaled(X, y, w)
    Z, t = (X - x_mean) / x_sd, (y - y_mean) / y_sd
    if l1_ratio == 0:
        model = Ridge(alpha=alpha * w.sum(), fit_intercept=False)
    elif l1_ratio == 1:
        model = Lasso(alpha=alpha, fit_intercept=False, tol=1e-12, max_iter=10**6)
    else:
        model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-12, max_iter=10**6)
    coef = model.fit(Z, t, sample_weight=w).coef_ * y_sd / x_sd
    return coef, y_mean - x_mean @ coef


def errors_by_hand(X, y, w, pairs, of=fitted, alphas=ALPHAS, ratios=RATIOS):
    """(K, L, A) weighted mean squared errors of the test rows."""
    out = np.empty((len(pairs), len(ratios), len(alphas)))
    for k, (train, test) in enumerate(pairs):
        for i, ratio in enumerate(ratios):
            for j, alpha in enumerate(alphas):
                coef, intercept = of(X[train], y[train], w[train], alpha, ratio)
                out[k, i, j] = np.average((y[test] - intercept - X[test] @ coef) ** 2, weights=w[test])
    return out


def errors_of(model):
    return np.stack([curve.fold_errors for curve in model.selection.curves], axis=1)


def pairs_of(names):
    return [(np.flatnonzero(names != k), np.flatnonzero(names == k)) for k in np.unique(names)]


def plain(X, y, **settings):
    return bridle.fit(X, y, **{"l1_ratios": RATIOS, "alphas": ALPHAS, "nested": False, **settings})


NAMES = np.random.default_rng(5).integers(0, 4, 60)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
def test_errors_of_every_fold(rows, weighted, storage):
    X, y, w = rows
    model = plain(storage(X), y, folds=NAMES, weights=w if weighted else None)
    w = w if weighted else np.ones(60)
    wanted = errors_by_hand(X, y, w, pairs_of(NAMES))
    assert np.abs(errors_of(model) / wanted - 1).max() < NEAR
    size = np.array([w[k == NAMES].sum() for k in range(4)])
    for i, curve in enumerate(model.selection.curves):
        mean = size @ wanted[:, i] / size.sum()
        spread = np.sqrt(size @ (wanted[:, i] - mean) ** 2 / size.sum() / 3)
        assert np.abs(curve.mean / mean - 1).max() < NEAR
        assert np.abs(curve.standard_error / spread - 1).max() < 1e-6
    null = [
        np.average((y[b] - np.average(y[a], weights=w[a])) ** 2, weights=w[b]) for a, b in pairs_of(NAMES)
    ]
    assert model.selection.null_error == pytest.approx(size @ null / size.sum(), rel=NEAR)


SPLITS = {
    "KFold": KFold(3),
    "KFold, shuffled": KFold(4, shuffle=True, random_state=0),
    "ShuffleSplit": ShuffleSplit(5, test_size=0.3, random_state=0),
    "ShuffleSplit of part": ShuffleSplit(30, test_size=0.2, train_size=0.5, random_state=1),
    "TimeSeriesSplit": TimeSeriesSplit(4),
}


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("listed", [False, True])
def test_errors_of_given_splits(rows, name, listed):
    X, y, w = rows
    pairs = list(SPLITS[name].split(X))
    model = plain(X, y, folds=pairs if listed else SPLITS[name], weights=w)
    assert model.selection.n_folds == len(pairs)
    wanted = errors_by_hand(X, y, w, pairs, alphas=ALPHAS[1:2], ratios=[1.0])
    assert np.abs(errors_of(model)[:, 2:, 1:2] / wanted - 1).max() < NEAR


@pytest.mark.parametrize("forward", [False, True])
def test_errors_of_folds_in_order_and_of_groups(rows, forward):
    X, y, w = rows
    keys = np.random.default_rng(1).integers(0, 12, 60)
    role = {"order": keys} if forward else {"groups": keys}
    model = plain(X, y, weights=w, folds=4, **role)
    (made,) = make_folds(60, 4, **role).rounds
    split = made.split()
    pairs = [(split.rows_of(a), split.rows_of(b)) for a, b in zip(split.train[1:], split.test[1:])]
    for train, test in pairs:
        assert keys[train].max() < keys[test].min() if forward else not set(keys[train]) & set(keys[test])
    if not forward:
        assert sorted(np.concatenate([test for _, test in pairs])) == list(range(60))
    assert np.abs(errors_of(model) / errors_by_hand(X, y, w, pairs) - 1).max() < NEAR


@pytest.mark.parametrize("role", [{}, {"order": np.random.default_rng(2).permutation(60)}])
def test_a_share_held_out(rows, role):
    X, y, w = rows
    model = plain(X, y, weights=w, folds=0.25, **role)
    (made,) = make_folds(60, 0.25, **role).rounds
    split = made.split()
    train, test = split.rows_of(split.train[1]), split.rows_of(split.test[1])
    assert len(test) == 15
    assert np.abs(errors_of(model) / errors_by_hand(X, y, w, [(train, test)]) - 1).max() < NEAR
    coef, intercept = fitted(X[train], y[train], w[train], ALPHAS[1], 1.0)
    square, share = (y[test] - intercept - X[test] @ coef) ** 2, w[test] / w[test].sum()
    wanted = np.sqrt(share**2 @ (square - share @ square) ** 2)
    assert model.selection.curve(1.0).standard_error[1] == pytest.approx(wanted, rel=1e-6)


def test_repeats_are_folds_side_by_side(rows):
    X, y, w = rows
    model = plain(X, y, weights=w, folds=3, repeats=2, seed=7)
    pairs = []
    for made in make_folds(60, 3, repeats=2, seed=7).rounds:
        split = made.split()
        pairs += [(split.rows_of(a), split.rows_of(b)) for a, b in zip(split.train[1:], split.test[1:])]
    assert len(pairs) == 6
    assert np.abs(errors_of(model) / errors_by_hand(X, y, w, pairs) - 1).max() < NEAR


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_the_rules_by_hand(rows, rule):
    X, y, w = rows
    model = bridle.fit(X, y, weights=w, folds=NAMES, rule=rule, nested=False)
    curves = model.selection.curves
    best = min(range(len(curves)), key=lambda i: curves[i].mean.min())
    curve = curves[best]
    at = int(np.argmin(curve.mean))
    within = [k for k in range(at + 1) if curve.mean[k] <= curve.mean[at] + curve.standard_error[at]]
    for name, index in (("min", at), ("1se", within[0])):
        choice = model.selection.choices[name]
        assert (choice.l1_ratio, choice.alpha, choice.index) == (curve.l1_ratio, curve.alphas[index], index)
        assert choice.error == curve.mean[index]
        coef, intercept = fitted(X, y, w, choice.alpha, choice.l1_ratio)
        sd = scaled(X, y, w)
        assert np.abs((model.fit_of(name)[0] - coef) * sd[1] / sd[3]).max() < NEAR
        assert model.fit_of(name)[1] == pytest.approx(intercept, abs=1e-7)
    assert model.alpha == model.selection.choices[rule].alpha
    assert model.selection.choices["1se"].alpha >= model.selection.choices["min"].alpha


def encoded(a, level, b, train, w):
    """Columns a, level=p, level=q, level=r, b, "a is missing"; missing values get the mean of the training rows."""
    known = train[~np.isnan(a[train])]
    filled = np.where(np.isnan(a), np.average(a[known], weights=w[known]), a)
    return np.column_stack([filled, *[level == name for name in "pqr"], b, np.isnan(a)]).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
def test_missing_values_get_the_mean_of_the_training_rows(rows, weighted):
    X, y, w = rows
    rng = np.random.default_rng(3)
    a = np.where(rng.random(60) < 0.3, np.nan, X[:, 0] + NAMES)  # folds of different means
    level = rng.choice(list("pqr"), 60)
    y = y + (level == "q")
    frame = pd.DataFrame({"a": a, "level": level, "b": X[:, 1]})
    model = plain(frame, y, folds=NAMES, weights=w if weighted else None, out_of_fold=True)
    w = w if weighted else np.ones(60)
    wanted, held = np.empty((4, 3, 3)), np.empty(60)
    for k, (train, test) in enumerate(pairs_of(NAMES)):
        Z = encoded(a, level, X[:, 1], train, w)
        wanted[k] = errors_by_hand(Z, y, w, [(train, test)])[0]
        coef, intercept = fitted(Z[train], y[train], w[train], model.alpha, model.l1_ratio)
        held[test] = intercept + Z[test] @ coef
    assert np.abs(errors_of(model) / wanted - 1).max() < NEAR
    assert np.abs(model.selection.out_of_fold - held).max() < 1e-7


def test_out_of_fold_predictions(rows):
    X, y, w = rows
    model = plain(X, y, weights=w, folds=NAMES, out_of_fold=True, rule="1se")
    wanted = np.empty(60)
    for train, test in pairs_of(NAMES):
        coef, intercept = fitted(X[train], y[train], w[train], model.alpha, model.l1_ratio)
        wanted[test] = intercept + X[test] @ coef
    assert np.abs(model.selection.out_of_fold - wanted).max() < 1e-7


def test_out_of_fold_of_rows_tested_never_or_often(rows):
    X, y, w = rows
    pairs = list(ShuffleSplit(3, test_size=0.3, random_state=0).split(X))
    model = plain(X, y, weights=w, folds=pairs, out_of_fold=True)
    total, count = np.zeros(60), np.zeros(60)
    for train, test in pairs:
        coef, intercept = fitted(X[train], y[train], w[train], model.alpha, model.l1_ratio)
        total[test] += intercept + X[test] @ coef
        count[test] += 1
    found = model.selection.out_of_fold
    assert np.array_equal(np.isnan(found), count == 0)
    assert (count == 0).any() and (count > 1).any()
    assert np.abs(found - total / np.maximum(count, 1))[count > 0].max() < 1e-7


@pytest.mark.parametrize("rule", ["min", "1se"])
@pytest.mark.parametrize("weighted", [False, True])
def test_nested_against_a_double_loop(rows, rule, weighted):
    X, y, w = rows
    alphas, ratios = np.geomspace(1, 1e-3, 12), [0.5, 1.0]
    settings = {"weights": w} if weighted else {}
    model = plain(X, y, folds=NAMES, rule=rule, alphas=alphas, l1_ratios=ratios, nested=True, **settings)
    w = w if weighted else np.ones(60)
    size = np.array([w[k == NAMES].sum() for k in range(4)])

    def error(train, test):
        """(L, A) of one fit."""
        out = []
        for ratio in ratios:
            path = bridle.path(X[train], y[train], alphas=alphas, l1_ratio=ratio, weights=w[train])
            squares = (y[test][:, None] - path.predict(X[test])) ** 2
            out.append(w[test] @ squares / w[test].sum())
        return np.array(out)

    honest, picked = np.empty(4), []
    for k in range(4):
        others = [other for other in range(4) if other != k]
        inner = np.array([error((k != NAMES) & (other != NAMES), other == NAMES) for other in others])
        share = size[others] / size[others].sum()
        mean = np.einsum("k,kla->la", share, inner)
        spread = np.sqrt(np.einsum("k,kla->la", share, (inner - mean) ** 2) / 2)
        i, a = np.unravel_index(np.argmin(mean), mean.shape)
        if rule == "1se":
            a = int(np.flatnonzero(mean[i, : a + 1] <= mean[i, a] + spread[i, a])[0])
        picked.append((ratios[i], alphas[a]))
        honest[k] = error(k != NAMES, k == NAMES)[i, a]
    nested = model.selection.nested
    assert [(choice.l1_ratio, choice.alpha) for choice in nested.choices] == picked
    mean = size @ honest / size.sum()
    assert nested.error == pytest.approx(mean, rel=NEAR)
    assert nested.standard_error == pytest.approx(
        np.sqrt(size @ (honest - mean) ** 2 / size.sum() / 3), rel=1e-6
    )


@pytest.mark.parametrize("what", ["X", "y", "both", "weight"])
def test_a_held_out_row_does_not_reach_the_fit_that_tests_it(rows, what):
    X, y, w = rows
    row = int(np.flatnonzero(NAMES == 2)[0])
    X2, y2, w2 = X.copy(), y.copy(), w.copy()
    if what in ("X", "both"):
        X2[row] = [50, -3, 8, 0, 1e3]
    if what in ("y", "both"):
        y2[row] = 1e4
    if what == "weight":
        w2[row] = 100.0
    one = {"alphas": [0.1], "l1_ratios": 1.0, "folds": NAMES, "out_of_fold": True}
    before, after = plain(X, y, weights=w, **one), plain(X2, y2, weights=w2, **one)
    same = (NAMES == 2) & ((np.arange(60) != row) | (what == "weight"))
    off = np.abs(before.selection.out_of_fold - after.selection.out_of_fold)
    assert off[same].max() < 1e-10
    assert off[NAMES != 2].max() > 1e-4
    wanted = errors_by_hand(X2, y2, w2, pairs_of(NAMES), alphas=[0.1], ratios=[1.0])
    assert np.abs(errors_of(after) / wanted - 1).max() < 1e-7


@pytest.mark.parametrize("ratio", RATIOS)
def test_one_huge_cell_in_a_held_out_fold(rows, ratio):
    """The whole minus the fold would have lost every digit; the other folds' fits must not notice."""
    X, y, w = rows
    row = int(np.flatnonzero(NAMES == 1)[0])
    plain_errors = errors_of(plain(X, y, weights=w, folds=NAMES, l1_ratios=ratio))
    X2 = X.copy()
    X2[row, 0] = 1e8
    model = plain(X2, y, weights=w, folds=NAMES, l1_ratios=ratio, out_of_fold=True)
    clean = (NAMES == 1) & (np.arange(60) != row)
    coef, intercept = fitted(X[NAMES != 1], y[NAMES != 1], w[NAMES != 1], model.alpha, ratio)
    assert np.abs(model.selection.out_of_fold[clean] - intercept - X[clean] @ coef).max() < 1e-7
    huge = errors_by_hand(X2, y, w, pairs_of(NAMES)[1:2], ratios=[ratio])
    assert np.abs(errors_of(model)[1] / huge[0] - 1).max() < 1e-7
    assert np.isfinite(plain_errors).all()


def test_an_outlier_of_the_target_in_a_held_out_fold(rows):
    X, y, w = rows
    y2 = y.copy()
    row = int(np.flatnonzero(NAMES == 1)[0])
    y2[row] = 1e8
    model = plain(X, y2, weights=w, folds=NAMES, l1_ratios=1.0)
    wanted = errors_by_hand(X, y2, w, pairs_of(NAMES), ratios=[1.0])
    assert np.abs(errors_of(model)[1] / wanted[1] - 1).max() < NEAR


def test_settings_hold_in_every_fold(rows):
    """Factors, bounds, no intercept and no scaling, against bridle.path on the training rows."""
    X, y, w = rows
    settings = {
        "weights": w, "standardize": False, "fit_intercept": False, "lower": np.full(5, -0.4),
        "penalty_factors": np.array([0, 1, 2, np.inf, 1]),
    }  # fmt: skip
    model = plain(X, y, folds=NAMES, l1_ratios=0.5, **settings)
    for k, (train, test) in enumerate(pairs_of(NAMES)):
        path = bridle.path(
            X[train], y[train], alphas=ALPHAS, l1_ratio=0.5, **{**settings, "weights": w[train]}
        )
        wanted = w[test] @ (y[test][:, None] - path.predict(X[test])) ** 2 / w[test].sum()
        assert np.abs(errors_of(model)[k, 0] / wanted - 1).max() < NEAR
