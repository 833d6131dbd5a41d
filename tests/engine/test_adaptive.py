"""The adaptive lasso against ridge and lasso fits by scikit-learn on rescaled columns; no pilot sees a held-out row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq, minimize
from sklearn.linear_model import Lasso, Ridge

import bridle
from bridle.errors import UsageError
from bridle.selection import AdaptiveEngine
from bridle.selection.adaptive import adapted

ALPHAS = np.geomspace(0.5, 0.005, 6)
NAMES = np.random.default_rng(5).integers(0, 4, 60)
NEAR = 1e-7


@pytest.fixture
def rows():
    """(60, 5) columns of several scales, a target of three of them, weights."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5)) * [1, 10, 0.1, 2, 3] + [0, 5, 1, -2, 0]
    y = 4 + X @ [1.0, 0.1, -5, 0, 0.05] + rng.standard_normal(60)
    return X, y, rng.uniform(0.3, 3, 60)


@pytest.fixture(params=["moments", "columns"])
def solver(request, monkeypatch):
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: request.param)


# --- the procedure once more, by scikit-learn ---


def scaled(X, y, w):
    share = w / w.sum()
    x_mean, y_mean = share @ X, share @ y
    x_sd, y_sd = np.sqrt(share @ (X - x_mean) ** 2), np.sqrt(share @ (y - y_mean) ** 2)
    return (
        (X - x_mean) / np.where(x_sd > 0, x_sd, 1.0),
        (y - y_mean) / y_sd,
        share,
        (x_mean, x_sd, y_mean, y_sd),
    )


def strengths(spectrum, count=15):
    """From 1 % to 99 % of ridge's degrees of freedom."""
    spectrum = spectrum[spectrum > 1e-12 * spectrum.max()]

    def at(freedom):
        return np.exp(
            brentq(lambda a: (spectrum / (spectrum + np.exp(a))).mean() - freedom, -40, 40, xtol=1e-13)
        )

    return np.geomspace(at(0.01), at(0.99), count)


def pilot_by_hand(X, y, w):
    """Ridge at the strength of the smallest generalized cross-validation, standardized units."""
    Z, t, share, _ = scaled(X, y, w)
    spectrum = np.linalg.eigvalsh((Z * share[:, None]).T @ Z)
    best = (np.inf, None)
    for alpha in strengths(spectrum):
        b = Ridge(alpha=alpha * w.sum(), fit_intercept=False).fit(Z, t, sample_weight=w).coef_
        freedom = (spectrum / (spectrum + alpha)).sum() + 1
        best = min(best, (share @ (t - Z @ b) ** 2 / (1 - freedom / len(y)) ** 2, tuple(b)))
    return np.array(best[1])


def fitted(X, y, w, alpha, gamma):
    """The plain lasso on columns times |pilot|^gamma, back in original units: coefficients, intercept, factors."""
    pilot = pilot_by_hand(X, y, w)
    Z, t, _, (x_mean, x_sd, y_mean, y_sd) = scaled(X, y, w)
    size = (np.abs(pilot) / np.abs(pilot).max()) ** gamma
    found = Lasso(alpha=alpha, fit_intercept=False, tol=1e-13, max_iter=10**6).fit(
        Z * size, t, sample_weight=w
    )
    coef = found.coef_ * size * y_sd / np.where(x_sd > 0, x_sd, 1.0)
    return coef, y_mean - x_mean @ coef, 1 / np.where(size > 0, size, np.nan)


def error_by_hand(X, y, w, train, test, alpha, gamma):
    coef, intercept, _ = fitted(X[train], y[train], w[train], alpha, gamma)
    return np.average((y[test] - intercept - X[test] @ coef) ** 2, weights=w[test])


def asked(X, y, w, **settings):
    return bridle.fit(
        X,
        y,
        weights=w,
        folds=NAMES,
        **{"l1_ratios": 1.0, "alphas": ALPHAS, "nested": False, "adaptive": True, **settings},
    )


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_it_is_a_lasso_on_rescaled_columns_in_every_fold(rows, solver, gamma):
    X, y, w = rows
    model = asked(X, y, w, adaptive=gamma, out_of_fold=True)
    wanted = [
        [error_by_hand(X, y, w, k != NAMES, k == NAMES, alpha, gamma) for alpha in ALPHAS] for k in range(4)
    ]
    assert np.abs(model.selection.curve(1.0).fold_errors / wanted - 1).max() < NEAR
    coef, intercept, factors = fitted(X, y, w, model.alpha, gamma)
    sd = scaled(X, y, w)[3]
    assert np.abs((model.coef - coef) * sd[1] / sd[3]).max() < 1e-9
    assert model.intercept == pytest.approx(intercept, abs=1e-8)
    assert np.abs(model.penalty.factors / factors - 1).max() < NEAR
    assert model.penalty.factors.min() == 1.0 and model.adaptive == gamma
    held = np.empty(60)
    for k in range(4):
        coef, intercept, _ = fitted(X[k != NAMES], y[k != NAMES], w[k != NAMES], model.alpha, gamma)
        held[k == NAMES] = intercept + X[k == NAMES] @ coef
    assert np.abs(model.selection.out_of_fold - held).max() < NEAR


def test_the_nested_error_makes_the_pilots_anew(rows):
    X, y, w = rows
    alphas = ALPHAS[::2]
    model = asked(X, y, w, nested=True, alphas=alphas)
    size = np.array([w[k == NAMES].sum() for k in range(4)])
    honest = np.empty(4)
    for k in range(4):
        inner = np.array(
            [
                [
                    error_by_hand(X, y, w, (k != NAMES) & (j != NAMES), j == NAMES, alpha, 1.0)
                    for alpha in alphas
                ]
                for j in range(4)
                if j != k
            ]
        )
        best = int(np.argmin(np.delete(size, k) @ inner))
        honest[k] = error_by_hand(X, y, w, k != NAMES, k == NAMES, alphas[best], 1.0)
        assert model.selection.nested.choices[k].alpha == alphas[best]
    assert model.selection.nested.error == pytest.approx(size @ honest / size.sum(), rel=NEAR)


def test_missing_numbers_are_filled_for_every_pilot(rows):
    X, y, w = rows
    gone = np.random.default_rng(3).random(60) < 0.3
    frame = pd.DataFrame({"a": np.where(gone, np.nan, X[:, 0] + NAMES), "b": X[:, 1]})
    model = asked(frame, y, w, alphas=[0.05])
    for k in range(4):
        train, test = k != NAMES, k == NAMES
        known = train & ~gone
        a = np.where(gone, np.average((X[:, 0] + NAMES)[known], weights=w[known]), X[:, 0] + NAMES)
        Z = np.column_stack([a, X[:, 1], gone]).astype(float)
        wanted = error_by_hand(Z, y, w, train, test, 0.05, 1.0)
        assert model.selection.curve(1.0).fold_errors[k, 0] == pytest.approx(wanted, rel=NEAR)
    assert all(c.certified for c in bridle.verify(model, frame, y, weights=w).values())


# --- nothing held out is seen ---


def changed(rows, what):
    """The same rows, but for one of fold 2."""
    X, y, w = (array.copy() for array in rows)
    row = int(np.flatnonzero(NAMES == 2)[0])
    if what == "X":
        X[row] = [50, -3, 8, 0, 1e3]
    elif what == "y":
        y[row] = y[row] + 5 if (y != np.round(y)).any() else 1 - y[row]
    else:
        w[row] = 100.0
    return X, y, w, np.flatnonzero((NAMES == 2) & (np.arange(60) != row))


def moved(rows, what, family, **settings):
    """By how much the held-out predictions of fold 2's other rows move when one of its rows changes."""
    X, y, w, others = changed(rows, what)
    settings = {"family": family, "alphas": [0.02], "out_of_fold": True, "stratify": False, **settings}
    one, two = asked(*rows, **settings), asked(X, y, w, **settings)
    assert not np.array_equal(one.penalty.factors, two.penalty.factors)
    return np.abs(one.selection.out_of_fold - two.selection.out_of_fold)[others].max()


def of_family(rows, family):
    X, y, w = rows
    return rows if family == "squared" else (X, (y > np.median(y)).astype(float), w)


@pytest.mark.parametrize("family", ["squared", "binomial"])
@pytest.mark.parametrize("what", ["X", "y", "weight"])
def test_a_held_out_row_reaches_no_pilot(rows, what, family):
    own = of_family(rows, family)
    assert moved(own, what, family) < (1e-12 if family == "squared" else 1e-7)


@pytest.mark.parametrize("what", ["X", "y", "weight"])
def test_that_test_sees_a_pilot_of_all_rows(rows, what, monkeypatch):
    honest = AdaptiveEngine.pilot
    monkeypatch.setattr(
        AdaptiveEngine, "pilot", lambda self, plan, split, k: honest(self, plan, _whole(split), 0)
    )
    assert moved(rows, what, "squared") > 1e-4


def _whole(split):
    return replace(split, train=np.ones_like(split.train))


# --- other families: the definitions, by SciPy ---


def losses(family):
    """Half the unit deviance, its slope and the variance at the mean, by eta."""
    if family == "binomial":
        return (
            lambda y, eta: np.logaddexp(0, eta) - y * eta,
            lambda y, eta: 1 / (1 + np.exp(-eta)) - y,
            lambda eta: np.exp(-np.logaddexp(0, eta) - np.logaddexp(0, -eta)),
        )
    return lambda y, eta: np.exp(eta) - y * eta, lambda y, eta: np.exp(eta) - y, np.exp


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_families_with_offset_and_weights(rows, family, tmp_path):
    X, _, w = rows
    rng = np.random.default_rng(2)
    offset = 0.5 * rng.standard_normal(60)
    eta = X @ [0.8, 0, -5, 0, 0.1] + 5 + offset
    y = (
        (rng.random(60) < 1 / (1 + np.exp(-eta))) * 1.0
        if family == "binomial"
        else rng.poisson(np.exp(eta / 2)) * 1.0
    )
    settings = {"family": family, "offset": offset, "stratify": False}
    model = asked(X, y, w, **settings)
    _, slope, _ = losses(family)
    share = w / w.sum()
    sd = scaled(X, y, w)[3][1]
    for rule in ("min", "1se"):  # the conditions of the weighted problem, by hand
        coef, intercept = model.fit_of(rule)
        pull = -(share * slope(y, offset + intercept + X @ coef)) @ np.column_stack([np.ones(60), X / sd])
        limit = model.selection.choices[rule].alpha * model.penalty.factors
        b = coef * sd
        assert np.abs(pull[0]) < 1e-8
        assert np.abs(pull[1:] - limit * np.sign(b))[b != 0].max(initial=0) < 1e-7
        assert (np.abs(pull[1:]) <= limit + 1e-7).all()
    proven = bridle.verify(model, X, y, weights=w, offset=offset)
    assert all(c.certified for c in proven.values())
    assert np.abs(model.penalty.factors * np.abs(glm_pilot(X, y, w, offset, family)) - 1).max() < 1e-4
    model.save(tmp_path / "m.bridle")
    again = bridle.load(tmp_path / "m.bridle")
    assert again.adaptive == 1.0 and np.array_equal(again.penalty.factors, model.penalty.factors)
    assert bridle.verify(again, X, y, weights=w, offset=offset) == proven
    assert np.array_equal(again.predict(X, offset=offset), model.predict(X, offset=offset))


def glm_pilot(X, y, w, offset, family):
    """|Ridge| over its largest, at the strength of the smallest criterion: deviance over (1 - freedom / n)^2."""
    loss, slope, variance = losses(family)
    share = w / w.sum()
    x_mean, x_sd = scaled(X, y, w)[3][:2]
    Z = np.column_stack([np.ones(60), (X - x_mean) / x_sd])
    floor = share @ np.where(y > 0, y * np.log(np.maximum(y, 1)) - y, 0) if family == "poisson" else 0.0
    null = brentq(lambda c: share @ slope(y, offset + c), -20, 20, xtol=1e-14)
    plain = np.linalg.eigvalsh((Z[:, 1:] * share[:, None]).T @ Z[:, 1:])
    spectrum = plain * (share @ variance(offset + null))
    best = (np.inf, None)
    start = np.zeros(6)
    for alpha in strengths(spectrum):
        hold = alpha * np.array([0, 1, 1, 1, 1, 1])
        start = minimize(
            lambda b, hold=hold: share @ loss(y, offset + Z @ b) + 0.5 * hold @ b**2,
            start,
            jac=lambda b, hold=hold: (share * slope(y, offset + Z @ b)) @ Z + hold * b,
            method="BFGS",
            options={"gtol": 1e-9},
        ).x
        deviance = 2 * (share @ loss(y, offset + Z @ start) + floor)
        freedom = (spectrum / (spectrum + alpha)).sum() + 1
        best = min(best, (deviance / (1 - freedom / 60) ** 2, tuple(start[1:])))
    size = np.abs(np.array(best[1]))
    return size / size.max()


# --- factors, bounds, zeros ---


def test_weights_multiply_the_factors():
    own = adapted(np.array([2.0, 1.0, 0.0, np.inf, 3.0]), np.array([1.0, -4.0, 9.0, 7.0, 0.0]), 0.5)
    assert own.tolist() == [4.0, 1.0, 0.0, np.inf, np.inf]
    assert adapted(np.ones(2), np.zeros(2), 1.0).tolist() == [np.inf, np.inf]
    assert adapted(np.ones(2), np.array([1e-300, 1e300]), 2.0).tolist() == [np.inf, 1.0]


@pytest.mark.parametrize("family", ["squared", "binomial"])
def test_factors_and_bounds_hold(rows, family):
    X, y, w = of_family(rows, family)
    model = asked(X, y, w, family=family, stratify=False, penalty_factors=[0, 2, 1, np.inf, 1], lower=0.0)
    v = model.penalty.factors
    assert v[0] == 0 and v[3] == np.inf and np.isfinite(v[1])
    assert v[2] == np.inf  # its effect is negative, so that the pilot has it on its bound, at zero
    assert (model.coef >= 0).all() and model.coef[2] == model.coef[3] == 0 and model.coef[0] > 0
    assert all(c.certified for c in bridle.verify(model, X, y, weights=w).values())
    assert "ridge coefficient of zero" in next(note.text for note in model.notes if note.kind == "adaptive")


def test_alpha_max_is_that_of_the_column_with_the_largest_pilot(rows):
    X, y, w = rows
    model = asked(X, y, w, alphas=None, n_alphas=8)
    Z, t, share, _ = scaled(X, y, w)
    pull = np.abs((share * t) @ Z)
    assert model.path.alpha_max == pytest.approx(np.max(pull / model.penalty.factors))
    assert model.path.n_nonzero[0] == 0
    assert model.path.alpha_max <= pull.max() * (1 + 1e-12)


def test_a_column_that_is_constant_in_a_fold(rows):
    X, y, w = rows
    X[:, 3] = NAMES == 2
    model = asked(X, y, w)
    assert np.isfinite(model.selection.curve(1.0).fold_errors).all() and model.certificate.certified


def test_every_pilot_zero_is_the_constant_model(rows):
    X, _, w = rows
    model = asked(-np.abs(X), np.abs(X).sum(axis=1), w, lower=0.0)
    assert not model.coef.any() and model.certificate.certified


# --- how it is asked for ---


def test_without_weights_nothing_changes(rows):
    X, y, w = rows
    plain = asked(X, y, w, adaptive=False)
    same = asked(X, y, w, adaptive=0)
    assert np.array_equal(plain.coef, same.coef) and plain.adaptive is same.adaptive is None
    assert not any(note.kind == "adaptive" for note in plain.notes)


def test_the_call_reproduces_the_model(rows, tmp_path):
    X, y, _ = rows
    model = bridle.fit(X, y, adaptive=1.5, l1_ratios=[0.5, 1.0], n_alphas=10, folds=3, out_of_fold=True)
    model.save(tmp_path / "m.bridle")
    call = bridle.load(tmp_path / "m.bridle").call
    assert call["adaptive"] == 1.5
    assert np.array_equal(bridle.fit(X, y, **call).coef, model.coef)


def test_several_l1_ratios_and_rounds(rows):
    X, y, w = rows
    model = bridle.fit(X, y, weights=w, adaptive=True, n_alphas=10, folds=3, repeats=2)
    assert len(model.selection.curves) == 4 and model.selection.curves[0].fold_errors.shape == (6, 10)
    assert all(c.certified for c in bridle.verify(model, X, y, weights=w).values())


@pytest.mark.parametrize("wrong", ["yes", -1, 11, float("nan")])
def test_what_is_no_power_is_refused(rows, wrong):
    X, y, w = rows
    with pytest.raises(UsageError, match="adaptive"):
        asked(X, y, w, adaptive=wrong)


def test_a_wide_table():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((50, 1600))
    y = X[:, 0] - X[:, 1] + 0.3 * rng.standard_normal(50)
    model = bridle.fit(X, y, adaptive=True, l1_ratios=1.0, n_alphas=20, folds=3, nested=False)
    assert set(np.flatnonzero(model.coef)) >= {0, 1}
    assert all(c.certified for c in bridle.verify(model, X, y).values())


@pytest.mark.parametrize("gamma", [1.0, 0.5])
def test_a_path_of_arrays_is_weighted(rows, solver, gamma):
    X, y, w = rows
    path = bridle.path(X, y, weights=w, alphas=ALPHAS, adaptive=gamma)
    for k, alpha in enumerate(ALPHAS):
        coef, intercept, _ = fitted(X, y, w, alpha, gamma)
        assert path.coefs[k] == pytest.approx(coef, rel=NEAR, abs=NEAR)
        assert path.intercepts[k] == pytest.approx(intercept, rel=NEAR)
    assert all(certificate.certified for certificate in path.certify())
    between = float(np.sqrt(ALPHAS[2] * ALPHAS[3]))
    assert path.coef(between, exact=True) == pytest.approx(
        fitted(X, y, w, between, gamma)[0], rel=NEAR, abs=NEAR
    )


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_a_path_of_arrays_is_that_of_the_fit(rows, family):
    X, y, w = rows
    y = (y > y.mean()).astype(float) if family == "binomial" else np.abs(np.round(y))
    path = bridle.path(X, y, weights=w, family=family, adaptive=2, n_alphas=8)
    model = bridle.fit(X, y, weights=w, family=family, adaptive=2, n_alphas=8, l1_ratios=1.0, nested=False)
    assert path.alphas == pytest.approx(model.path.alphas)
    assert path.coefs == pytest.approx(model.path.coefs, abs=1e-8)
    assert all(certificate.certified for certificate in path.certify())
