"""The relaxed lasso against least squares and unpenalized models by NumPy, SciPy and statsmodels on the supports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import lsq_linear
from sklearn.linear_model import Lasso

import bridle
from bridle.errors import DataError, UsageError

ALPHAS = np.geomspace(0.6, 0.01, 6)
MIXES = [0.0, 0.3, 1.0]
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


def asked(X, y, w, **settings):
    own = {"folds": NAMES, "l1_ratios": 1.0, "alphas": ALPHAS, "nested": False, "relax": MIXES, **settings}
    return bridle.fit(X, y, weights=w, **own)


def fitted(X, y, w, alpha, mix):
    """The lasso by scikit-learn on standardized columns, least squares by NumPy on what it keeps, mixed."""
    share = w / w.sum()
    x_mean, y_mean = share @ X, share @ y
    x_sd, y_sd = np.sqrt(share @ (X - x_mean) ** 2), np.sqrt(share @ (y - y_mean) ** 2)
    lasso = Lasso(alpha=alpha, fit_intercept=False, tol=1e-13, max_iter=10**6)
    plain = lasso.fit((X - x_mean) / x_sd, (y - y_mean) / y_sd, sample_weight=w).coef_ * y_sd / x_sd
    kept, root, loose = plain != 0, np.sqrt(w), np.zeros(X.shape[1])
    Z = np.column_stack([np.ones(len(y)), X[:, kept]])
    found = np.linalg.lstsq(Z * root[:, None], y * root, rcond=None)[0]
    loose[kept] = found[1:]
    return (
        mix * plain + (1 - mix) * loose,
        mix * (y_mean - x_mean @ plain) + (1 - mix) * found[0],
    )


def error_by_hand(X, y, w, train, test, alpha, mix):
    coef, intercept = fitted(X[train], y[train], w[train], alpha, mix)
    return np.average((y[test] - intercept - X[test] @ coef) ** 2, weights=w[test])


# --- squared error, by hand ---


def test_errors_of_every_fold_and_mix(rows, solver):
    X, y, w = rows
    model = asked(X, y, w, out_of_fold=True)
    assert [curve.mix for curve in model.selection.relaxed] == [1.0, 0.3, 0.0]
    for curve in model.selection.relaxed:
        wanted = [
            [error_by_hand(X, y, w, k != NAMES, k == NAMES, alpha, curve.mix) for alpha in ALPHAS]
            for k in range(4)
        ]
        assert np.abs(curve.fold_errors / wanted - 1).max() < NEAR
        for alpha, found in zip(ALPHAS, curve.train_error):
            coef, intercept = fitted(X, y, w, alpha, curve.mix)
            assert found == pytest.approx(np.average((y - intercept - X @ coef) ** 2, weights=w), rel=NEAR)
    means = {(c.mix, a): m for c in model.selection.relaxed for a, m in zip(c.alphas, c.mean)}
    assert (model.mix, model.alpha) == min(means, key=means.__getitem__)
    assert model.mix < 1
    held = np.empty(60)
    for k in range(4):
        coef, intercept = fitted(X[k != NAMES], y[k != NAMES], w[k != NAMES], model.alpha, model.mix)
        held[k == NAMES] = intercept + X[k == NAMES] @ coef
    assert np.abs(model.selection.out_of_fold - held).max() < NEAR


def test_errors_far_below_the_variance_keep_their_digits(rows):
    X, y, w = rows
    y = 4 + X @ [1.0, 0.1, -5, 0, 0.05] + 1e-7 * (y - y.mean())
    model = asked(X, y, w, alphas=[0.01, 0.001])
    for curve in model.selection.relaxed:
        wanted = [error_by_hand(X, y, w, k != NAMES, k == NAMES, 0.001, curve.mix) for k in range(4)]
        assert np.abs(curve.fold_errors[:, 1] / wanted - 1).max() < 1e-5
    assert model.mix == 0 and model.selection.chosen.error < 1e-12


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_the_model_of_both_rules(rows, rule, tmp_path):
    X, y, w = rows
    model = asked(X, y, w, rule=rule)
    assert model.mix < 1
    for name, choice in model.selection.choices.items():
        coef, intercept = fitted(X, y, w, choice.alpha, choice.mix)
        assert np.abs(model.fit_of(name)[0] - coef).max() < 1e-9 * np.abs(coef).max()
        assert model.fit_of(name)[1] == pytest.approx(intercept, abs=1e-8)
        assert model.predict(X, rule=name) == pytest.approx(intercept + X @ coef)
        assert choice.n_columns == np.count_nonzero(coef)
    assert np.array_equal(model.coef, model.fit_of(rule)[0])
    assert np.array_equal(model.coef, model.fit_of(None)[0])
    model.save(tmp_path / "m.bridle")
    again = bridle.load(tmp_path / "m.bridle")
    assert again.mix == model.mix and again.refits.end == model.refits.end
    for name in model.selection.choices:
        assert np.array_equal(again.fit_of(name)[0], model.fit_of(name)[0])
        assert np.array_equal(again.predict(X, rule=name), model.predict(X, rule=name))
    assert [c.mix for c in again.selection.relaxed] == [1.0, 0.3, 0.0]
    assert [c.mix for c in again.selection.curves] == [model.mix]
    proven = bridle.verify(again, X, y, weights=w)
    assert set(proven) == {"min", "1se", "min refit", "1se refit"}
    assert all(c.certified for c in proven.values())
    assert proven[f"{rule} refit"].alpha == 0
    assert proven[f"{rule} refit"].objective == pytest.approx(
        again.refit_certificates[rule].objective, rel=1e-12
    )


def test_the_nested_error_chooses_the_mix_anew(rows):
    X, y, w = rows
    alphas = ALPHAS[::2]
    model = asked(X, y, w, nested=True, alphas=alphas)
    size = np.array([w[k == NAMES].sum() for k in range(4)])
    pairs = [(mix, alpha) for mix in (1.0, 0.3, 0.0) for alpha in alphas]
    honest = np.empty(4)
    for k in range(4):
        others = [j for j in range(4) if j != k]
        inner = np.array(
            [
                [error_by_hand(X, y, w, (k != NAMES) & (j != NAMES), j == NAMES, a, m) for m, a in pairs]
                for j in others
            ]
        )
        mix, alpha = pairs[int(np.argmin(size[others] @ inner))]
        assert (model.selection.nested.choices[k].mix, model.selection.nested.choices[k].alpha) == (
            mix,
            alpha,
        )
        honest[k] = error_by_hand(X, y, w, k != NAMES, k == NAMES, alpha, mix)
    assert model.selection.nested.error == pytest.approx(size @ honest / size.sum(), rel=NEAR)


@pytest.mark.parametrize("family", ["squared", "poisson"])
def test_mix_one_is_the_plain_fit_bit_for_bit(rows, family):
    X, y, w = rows
    y = y if family == "squared" else np.round(np.abs(y))
    plain, same = asked(X, y, w, family=family, relax=False), asked(X, y, w, family=family, relax=[1.0])
    for model in (same, asked(X, y, w, family=family)):
        (curve,) = [c for c in model.selection.relaxed if c.mix == 1]
        for name in ("mean", "standard_error", "fold_errors", "train_error", "n_nonzero"):
            assert np.array_equal(getattr(curve, name), getattr(plain.selection.curves[0], name))
        assert np.array_equal(model.path.coefs, plain.path.coefs)
        assert np.array_equal(model.path.intercepts, plain.path.intercepts)
    assert np.array_equal(same.coef, plain.coef) and same.intercept == plain.intercept
    assert same.selection.choices == plain.selection.choices and same.mix == 1 and same.refits is None
    assert same.certificates == plain.certificates and not same.refit_certificates
    assert set(bridle.verify(same, X, y, weights=w)) == {"min", "1se"}


def test_orthogonal_columns_have_the_coefficients_of_least_squares():
    rng = np.random.default_rng(1)
    Q = np.linalg.qr(np.column_stack([np.ones(64), rng.standard_normal((64, 8))]))[0][:, 1:] * 8
    y = Q @ [3, -2, 1, 0.5, 0, 0, 0, 0] + 0.3 * rng.standard_normal(64)
    model = bridle.fit(Q, y, relax=[0.0], l1_ratios=1.0, alphas=[0.3], folds=4)
    kept = model.coef != 0
    assert 0 < kept.sum() < 8
    assert np.abs(model.coef - np.where(kept, Q.T @ y / 64, 0)).max() < 1e-14


# --- other families, by statsmodels ---


@pytest.mark.parametrize("family", ["squared", "binomial", "poisson"])
def test_mix_zero_is_the_unpenalized_model_on_the_support(rows, family, tmp_path):
    X, y, w = rows
    rng = np.random.default_rng(4)
    offset = 0.5 * rng.standard_normal(60)
    eta = X @ [0.8, 0, -5, 0, 0.1] + 5 + offset
    if family != "squared":
        chance = 1 / (1 + np.exp(-eta))
        y = (rng.random(60) < chance) * 1.0 if family == "binomial" else rng.poisson(np.exp(eta / 2)) * 1.0
    settings = {"family": family, "offset": offset, "stratify": False}
    model = asked(X, y, w, alphas=ALPHAS[2:4], relax=[0.0], **settings)
    for rule in model.selection.choices:
        coef, intercept = model.fit_of(rule)
        kept = np.flatnonzero(coef)
        assert 0 < len(kept) < 5
        Z = sm.add_constant(X[:, kept])
        if family == "squared":
            wanted = sm.WLS(y - offset, Z, weights=w).fit().params
        else:
            of = sm.families.Binomial() if family == "binomial" else sm.families.Poisson()
            wanted = sm.GLM(y, Z, family=of, freq_weights=w, offset=offset).fit(tol=1e-14, maxiter=100).params
        assert np.abs(np.append(intercept, coef[kept]) - wanted).max() < 1e-7
    model.save(tmp_path / "m.bridle")
    proven = bridle.verify(bridle.load(tmp_path / "m.bridle"), X, y, weights=w, offset=offset)
    assert len(proven) == 4 and all(c.certified for c in proven.values())
    moved = replace(
        model, refits=model.refits.replaced(model.selection.chosen.index, model.coef * 1.001, model.intercept)
    )
    assert not bridle.verify(moved, X, y, weights=w, offset=offset)[f"{model.selection.rule} refit"].certified


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_fold_errors_of_families(rows, family):
    """Deviances on the held-out rows, from the path of the training rows and statsmodels on its supports."""
    X, y, w = rows
    offset = np.linspace(-0.5, 0.5, 60)
    y = (y > np.median(y)) * 1.0 if family == "binomial" else np.round(np.abs(y) / 2)
    alphas = [0.12, 0.06]
    model = asked(X, y, w, family=family, offset=offset, alphas=alphas, stratify=False)
    of = sm.families.Binomial() if family == "binomial" else sm.families.Poisson()
    for k in range(4):
        train, test = k != NAMES, k == NAMES
        path = bridle.path(
            X[train], y[train], alphas=alphas, weights=w[train], offset=offset[train], family=family
        )
        for a, coef in enumerate(path.coefs):
            kept, plain = coef != 0, path.intercepts[a] + X[test] @ coef
            own = sm.GLM(
                y[train],
                sm.add_constant(X[train][:, kept]),
                family=of,
                freq_weights=w[train],
                offset=offset[train],
            )
            loose = (
                sm.add_constant(X[test][:, kept], has_constant="add") @ own.fit(tol=1e-14, maxiter=100).params
            )
            for curve in model.selection.relaxed:
                mean = of.link.inverse(offset[test] + curve.mix * plain + (1 - curve.mix) * loose)
                wanted = of.deviance(y[test], mean, freq_weights=w[test]) / w[test].sum()
                assert curve.fold_errors[k, a] == pytest.approx(wanted, rel=1e-6)


# --- factors, bounds, missing numbers ---


def test_bounds_and_factors_hold_in_the_refit(rows):
    X, y, w = rows
    settings = {"lower": [-np.inf, -np.inf, -3.0, -np.inf, -np.inf], "penalty_factors": [1, 1, 1, 0, np.inf]}
    model = asked(X, y, w, relax=[0.0], alphas=[0.1, 0.05], **settings)
    kept = np.flatnonzero(model.coef)
    assert set(kept) >= {0, 2, 3} and 4 not in kept and model.coef[2] == -3.0
    root, share = np.sqrt(w), w / w.sum()
    Z, t = X[:, kept] - share @ X[:, kept], y - share @ y
    low = np.where(kept == 2, -3.0, -np.inf)
    wanted = lsq_linear(Z * root[:, None], t * root, (low, np.inf), method="bvls", tol=1e-14).x
    assert np.abs(model.coef[kept] - wanted).max() < 1e-8
    assert all(c.certified for c in bridle.verify(model, X, y, weights=w).values())


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_bounds_of_families(rows, family):
    X, y, w = rows
    y = (y > np.median(y)) * 1.0 if family == "binomial" else np.round(np.abs(y))
    model = asked(X, y, w, family=family, relax=[0.0], alphas=[0.02], lower=-0.3, upper=0.2, stratify=False)
    eta = model.intercept + X @ model.coef
    pull = (
        (w / w.sum() * (y - (1 / (1 + np.exp(-eta)) if family == "binomial" else np.exp(eta))))
        @ X
        / X.std(axis=0)
    )
    high, low = model.coef == 0.2, model.coef == -0.3
    assert (high | low).any() and (model.coef <= 0.2).all() and (model.coef >= -0.3).all()
    assert (pull[high] > 0).all() and (pull[low] < 0).all()
    assert np.abs(pull[~high & ~low & (model.coef != 0)]).max() < 1e-8
    assert all(c.certified for c in bridle.verify(model, X, y, weights=w).values())


def test_an_unpenalized_column_that_a_fold_has_constant(rows):
    X, y, w = rows
    X[:, 3] = NAMES == 2
    model = asked(X, y, w, penalty_factors=[1, 1, 1, 0, 1])
    assert all(
        np.isfinite(curve.fold_errors).all() and len(curve.alphas) == 6 for curve in model.selection.relaxed
    )
    assert model.certificate.certified


@pytest.mark.parametrize("family", ["squared", "poisson"])
def test_missing_numbers(rows, family):
    X, y, w = rows
    y = y if family == "squared" else np.round(np.abs(y))
    gone = np.random.default_rng(3).random(60) < 0.3
    frame = pd.DataFrame({"a": np.where(gone, np.nan, X[:, 0]), "b": X[:, 2]})
    model = asked(frame, y, w, family=family, alphas=[0.01], relax=[0.0])
    if family == "squared":
        for k in range(4):
            known = (k != NAMES) & ~gone
            a = np.where(gone, np.average(X[known, 0], weights=w[known]), X[:, 0])
            wanted = error_by_hand(
                np.column_stack([a, X[:, 2], gone]), y, w, k != NAMES, k == NAMES, 0.01, 0.0
            )
            assert model.selection.curves[0].fold_errors[k, 0] == pytest.approx(wanted, rel=NEAR)
    proven = bridle.verify(model, frame, y, weights=w)
    assert len(proven) == 4 and all(c.certified for c in proven.values())


# --- where the relaxed path ends ---


def ends(model):
    return [note.text for note in model.notes if note.kind == "relaxed"]


def test_more_columns_than_rows():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((40, 60))
    y, alphas = X[:, 0] + rng.standard_normal(40), np.geomspace(1, 1e-4, 60)
    model = bridle.fit(X, y, relax=True, l1_ratios=1.0, folds=4, alphas=alphas)
    plain, *others = model.selection.relaxed
    assert all(len(curve.alphas) < len(plain.alphas) == 60 for curve in others)
    assert np.isfinite([curve.mean.max() for curve in others]).all()
    assert len(model.refits) < 60 if model.mix < 1 else True
    assert "training rows over" in ends(model)[0] and "above alpha" in ends(model)[0]
    assert model.selection.nested is not None and np.isfinite(model.selection.nested.error)


def test_ridge_on_a_wide_table_has_no_refits():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((30, 50))
    model = bridle.fit(X, X[:, 0] + rng.standard_normal(30), relax=True, l1_ratios=0.0, folds=3, n_alphas=5)
    assert model.mix == 1 and [curve.mix for curve in model.selection.relaxed] == [1.0]
    with pytest.raises(DataError, match="Let relax hold 1"):
        bridle.fit(X, X[:, 0], relax=[0.0], l1_ratios=0.0, folds=3, n_alphas=5)


def test_twins_among_the_columns_kept(rows):
    X, y, w = rows
    X[:, 1] = 2 * X[:, 0] + 1
    model = asked(X, y, w, l1_ratios=0.5)
    assert "linear combinations" in ends(model)[0]
    assert [len(curve.alphas) for curve in model.selection.relaxed][1:] < [6, 6]
    assert model.certificate.certified


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_separation(rows, family):
    X, _, w = rows
    y = (X[:, 0] > 0) * 1.0 if family == "binomial" else np.where(X[:, 3] > 0, 3.0, 0.0)
    X[:, 3] = X[:, 3] > 0
    model = asked(X, y, w, family=family, stratify=False)
    assert "coefficients grow without end" in ends(model)[0]
    assert model.certificate.certified


# --- how it is asked for ---


def test_the_call_reproduces_the_model(rows, tmp_path):
    X, y, _ = rows
    model = bridle.fit(X, y, relax=[0, 0.5], adaptive=True, n_alphas=10, folds=3, nested=False)
    model.save(tmp_path / "m.bridle")
    call = bridle.load(tmp_path / "m.bridle").call
    assert call["relax"] == [0, 0.5] and call["adaptive"] is True
    assert np.array_equal(bridle.fit(X, y, **call).coef, model.coef)


def test_adaptive_and_relaxed_together(rows):
    """On the support that the weighted lasso keeps, the refit knows no weights."""
    X, y, w = rows
    model = asked(X, y, w, adaptive=True, relax=[0.0])
    kept = np.flatnonzero(model.coef)
    wanted = sm.WLS(y, sm.add_constant(X[:, kept]), weights=w).fit().params
    assert np.abs(np.append(model.intercept, model.coef[kept]) - wanted).max() < 1e-9
    assert all(c.certified for c in bridle.verify(model, X, y, weights=w).values())


@pytest.mark.parametrize("settings", [{"folds": 0.25}, {"folds": 3, "repeats": 2}, {"max_variables": 2}])
def test_other_folds_and_limits(rows, settings):
    X, y, w = rows
    model = asked(X, y, w, **{"nested": True, "out_of_fold": True, **settings})
    assert model.certificate.certified and np.isfinite(model.selection.chosen.standard_error)
    assert len(model.selection.curves) == 1 and model.selection.curves[0].mix == model.mix
    plain = asked(X, y, w, relax=False, **settings)
    within = plain.path.n_nonzero <= settings.get(
        "max_variables", 5
    )  # a fit beyond the limit is on the path alone
    assert max(len(c.alphas) for c in model.selection.relaxed) == within.sum()


@pytest.mark.parametrize("wrong", [0.5, [], [0.5, 2], ["x"], "all", [[0.5]], [float("nan")]])
def test_what_is_no_list_of_mixes_is_refused(rows, wrong):
    X, y, w = rows
    with pytest.raises(UsageError, match="relax"):
        asked(X, y, w, relax=wrong)
