"""The estimators of generalized linear models against scikit-learn's, which are driven to their last digits, against
bridle.path and bridle.fit, and against the definitions of what they minimize.

Agreement asked: 1e-7 of the largest coefficient, and with an l1 part the same coefficients that are exactly zero.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as theirs
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils.fixes import parse_version

import bridle
from bridle.families import family_named

Floats = NDArray[np.float64]
AGREEMENT = 1e-7
NEWEST = parse_version(theirs.__name__ and __import__("sklearn").__version__) >= parse_version("1.9")
CONTAINERS = {"dense": np.asarray, "F-order": np.asfortranarray, "csr": sp.csr_array, "csc": sp.csc_matrix}
random = np.random.default_rng(11)
X = random.normal(size=(90, 6)) + 0.4
X[random.random(size=X.shape) < 0.3] = 0.0
ETA = 0.8 * X[:, 0] - 0.6 * X[:, 1] + 0.4 * X[:, 2] - 0.2
CLASSES = np.where(random.random(90) < 1 / (1 + np.exp(-ETA)), "yes", "no")
COUNTS = random.poisson(np.exp(ETA)).astype(float)
AMOUNTS = random.gamma(2.0, np.exp(ETA)) + 0.01
WEIGHTS = random.integers(0, 4, size=90) / 2
OFFSET = 0.3 * random.normal(size=90)


def close(found: Any, wanted: Any, rtol: float = AGREEMENT) -> None:
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=rtol * max(np.abs(wanted).max(), 1e-3))


def quiet(model: Any, *args: Any, **kwargs: Any) -> Any:
    """Fits scikit-learn's, whatever it has to say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(*args, **kwargs)


def reference(l1_ratio: float = 0.0, **options: Any) -> Any:
    """scikit-learn's logistic regression to its last digits, in the words of its version."""
    if NEWEST:
        options["l1_ratio"] = l1_ratio
    elif l1_ratio:
        options |= {"penalty": "elasticnet", "l1_ratio": l1_ratio}
    elif options.get("C") == np.inf:
        options |= {"penalty": None, "C": 1.0}
    solver = {"solver": "saga", "max_iter": 100_000} if l1_ratio else {"solver": "newton-cholesky"}
    return theirs.LogisticRegression(tol=1e-13, **{"max_iter": 1_000} | solver, **options)


# Logistic regression


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("fit_intercept", [True, False], ids=["intercept", "origin"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("class_weight", [None, {"yes": 0.3, "no": 2.0}], ids=["even", "by class"])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0, np.inf])
def test_logistic_ridge(
    C: float, class_weight: Any, weighted: bool, fit_intercept: bool, container: str
) -> None:
    options: dict[str, Any] = {"C": C, "class_weight": class_weight, "fit_intercept": fit_intercept}
    w = WEIGHTS if weighted else None
    wanted = quiet(reference(**options), X, CLASSES, sample_weight=w)
    model = bridle.LogisticRegression(**options).fit(CONTAINERS[container](X), CLASSES, sample_weight=w)
    close(model.coef_, wanted.coef_)
    close(model.intercept_, wanted.intercept_)
    close(model.predict_proba(X), wanted.predict_proba(X))
    close(model.predict_log_proba(X), wanted.predict_log_proba(X))
    close(model.decision_function(CONTAINERS[container](X)), wanted.decision_function(X))
    assert (model.predict(X) == wanted.predict(X)).all()
    assert model.score(X, CLASSES, sample_weight=w) == pytest.approx(
        wanted.score(X, CLASSES, sample_weight=w)
    )
    assert model.model_.certificate.certified


@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False], ids=["intercept", "origin"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_logistic_elastic_net(weighted: bool, fit_intercept: bool, l1_ratio: float) -> None:
    w = WEIGHTS if weighted else None
    for C in (0.5, 5.0):
        wanted = quiet(reference(l1_ratio, C=C, fit_intercept=fit_intercept), X, CLASSES, sample_weight=w)
        for container in (np.asarray, sp.csr_matrix):
            model = bridle.LogisticRegression(C=C, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
            model.fit(container(X), CLASSES, sample_weight=w)
            close(model.coef_, wanted.coef_)
            close(model.intercept_, wanted.intercept_)
            np.testing.assert_array_equal(model.coef_ == 0, wanted.coef_ == 0)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
def test_logistic_by_its_definition(l1_ratio: float) -> None:
    """The objective's subgradient holds, with C beside a sum; the solver's name and the class labels change nothing."""
    C, w = 0.7, WEIGHTS * np.where(CLASSES == "yes", 1.5, 0.5)
    model = bridle.LogisticRegression(C=C, l1_ratio=l1_ratio, class_weight={"yes": 1.5, "no": 0.5})
    model.fit(X, CLASSES, sample_weight=WEIGHTS)
    y, b = (CLASSES == "yes").astype(float), model.coef_[0]
    pull = C * X.T @ (w * (y - 1 / (1 + np.exp(-X @ b - model.intercept_[0])))) - (1 - l1_ratio) * b
    kept = b != 0
    np.testing.assert_allclose(pull[kept], l1_ratio * np.sign(b[kept]), atol=1e-8)
    assert (np.abs(pull[~kept]) <= l1_ratio + 1e-8).all()
    for solver, labels in (("saga", y), ("liblinear", y > 0), ("newton-cg", y.astype(int) * 7 - 3)):
        again = bridle.LogisticRegression(C=C, l1_ratio=l1_ratio, solver=solver).fit(
            X, labels, sample_weight=w
        )
        close(again.coef_[0], b, 1e-9)
        np.testing.assert_array_equal(again.classes_, np.unique(labels))


@pytest.mark.skipif(not NEWEST, reason="balanced weights count weighted rows from scikit-learn 1.7 on")
def test_balanced_classes() -> None:
    for w in (None, WEIGHTS):
        wanted = quiet(reference(class_weight="balanced"), X, CLASSES, sample_weight=w)
        close(
            bridle.LogisticRegression(class_weight="balanced").fit(X, CLASSES, sample_weight=w).coef_,
            wanted.coef_,
        )


@pytest.mark.skipif(not NEWEST, reason="the attributes of scikit-learn 1.9")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scoring": "neg_log_loss", "use_legacy_attributes": False},
        {"scoring": "roc_auc", "class_weight": "balanced", "fit_intercept": False},
        {"refit": False, "l1_ratios": (0.0,), "use_legacy_attributes": False},
        {"Cs": [10.0, 0.1, 1.0], "cv": KFold(4), "scoring": "neg_brier_score", "l1_ratios": (0.0,)},
    ],
    ids=["plain", "log loss", "by class", "averaged", "own Cs"],
)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_logistic_cv(weighted: bool, options: dict[str, Any]) -> None:
    options = {"Cs": 4, "cv": 3} | options
    w = WEIGHTS + 0.5 if weighted else None
    own = theirs.LogisticRegressionCV(solver="newton-cholesky", tol=1e-13, max_iter=1_000, **options)
    wanted = quiet(own, X, CLASSES, sample_weight=w)
    model = bridle.LogisticRegressionCV(**options).fit(X, CLASSES, sample_weight=w)
    np.testing.assert_array_equal(model.C_, wanted.C_)
    assert type(model.C_) is type(wanted.C_)
    np.testing.assert_array_equal(model.Cs_, wanted.Cs_)
    np.testing.assert_array_equal(model.l1_ratios_, wanted.l1_ratios_)
    close(model.coef_, wanted.coef_)
    close(model.intercept_, wanted.intercept_)
    for name in ("scores_", "coefs_paths_"):
        ours, theirs_ = getattr(model, name), getattr(wanted, name)
        if isinstance(theirs_, dict):
            assert list(ours) == list(theirs_) == ["yes"]
            ours, theirs_ = ours["yes"], theirs_["yes"]
        close(ours, theirs_, 1e-5)  # the weakest penalty leaves scikit-learn's fits six digits
    assert model.n_iter_.shape == wanted.n_iter_.shape
    if options.get("refit", True):
        assert model.model_.certificate.certified
        close(model.model_.coef, wanted.coef_[0])
    if options.get("scoring") != "neg_brier_score":  # which takes no text by itself
        assert model.score(X, CLASSES) == pytest.approx(wanted.score(X, CLASSES))


@pytest.mark.skipif(not NEWEST, reason="the attributes of scikit-learn 1.9")
def test_logistic_cv_of_mixes() -> None:
    """Every fold's fit is that of LogisticRegression on its rows, whatever the sizes of the folds."""
    pairs = [(np.arange(30, 90), np.arange(30)), (np.arange(50), np.arange(50, 90))]
    Cs, ratios = [0.3, 3.0], (0.0, 0.5, 1.0)
    model = bridle.LogisticRegressionCV(
        Cs=Cs, l1_ratios=ratios, cv=pairs, scoring="neg_log_loss", use_legacy_attributes=False
    ).fit(X, CLASSES)
    assert model.scores_.shape == (2, 3, 2)
    for k, (train, test) in enumerate(pairs):
        for i, ratio in enumerate(ratios):
            for c, C in enumerate(Cs):
                alone = bridle.LogisticRegression(C=C, l1_ratio=ratio).fit(X[train], CLASSES[train])
                close(model.coefs_paths_[k, i, c, 0, :-1], alone.coef_[0], 1e-6)
                proba = alone.predict_proba(X[test])[
                    np.arange(len(test)), (CLASSES[test] == "yes").astype(int)
                ]
                assert model.scores_[k, i, c] == pytest.approx(np.log(proba).mean(), rel=1e-6)
    i, c = np.unravel_index(model.scores_.mean(axis=0).argmax(), (3, 2))
    assert (model.l1_ratio_, model.C_) == (ratios[i], Cs[c])
    again = bridle.LogisticRegression(C=model.C_, l1_ratio=model.l1_ratio_).fit(X, CLASSES)
    close(model.coef_, again.coef_, 1e-9)


# Poisson, gamma, Tweedie


@pytest.mark.parametrize("container", ["dense", "csr"])
@pytest.mark.parametrize("fit_intercept", [True, False], ids=["intercept", "origin"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("alpha", [0.0, 1e-3, 1.0])
@pytest.mark.parametrize(
    ("name", "options", "target"),
    [
        ("PoissonRegressor", {}, COUNTS),
        ("GammaRegressor", {}, AMOUNTS),
        ("TweedieRegressor", {"power": 0}, ETA + COUNTS),
        ("TweedieRegressor", {"power": 1.5}, COUNTS),
        ("TweedieRegressor", {"power": 2, "link": "log"}, AMOUNTS),
    ],
    ids=["poisson", "gamma", "normal", "claims", "gamma by power"],
)
def test_means(
    name: str, options: dict[str, Any], target: Floats, alpha: float, weighted: bool, fit_intercept: bool, container: str
) -> None:  # fmt: skip
    w = WEIGHTS if weighted else None
    options = {"alpha": alpha, "fit_intercept": fit_intercept, **options}
    own = getattr(theirs, name)(solver="newton-cholesky", tol=1e-13, max_iter=1_000, **options)
    wanted = quiet(own, X, target, sample_weight=w)
    model = getattr(bridle, name)(**options).fit(CONTAINERS[container](X), target, sample_weight=w)
    close(model.coef_, wanted.coef_)
    close(model.intercept_, wanted.intercept_)
    close(model.predict(X), wanted.predict(X))
    assert model.score(X, target, w) == pytest.approx(wanted.score(X, target, w), rel=1e-7)
    assert model.model_.certificate.certified


@pytest.mark.parametrize("power", [2.5, 3.0, 4.5])
def test_powers_above_two_are_stationary(power: float) -> None:
    y = AMOUNTS + 0.5
    model = bridle.TweedieRegressor(power=power, alpha=0.1).fit(X, y, sample_weight=WEIGHTS)
    mu = model.predict(X)
    slope = WEIGHTS / WEIGHTS.sum() * (mu ** (2 - power) - y * mu ** (1 - power))
    size = np.abs(slope).sum()
    np.testing.assert_allclose(X.T @ slope + 0.1 * model.coef_, 0, atol=1e-6 * size)
    assert abs(slope.sum()) < 1e-6 * size
    assert "not convex" in model.model_.certificate.sentence


# Huber


def joint(
    b: Floats, c: float, s: float, y: Floats, w: Floats, epsilon: float, alpha: float
) -> tuple[float, float]:
    """The objective, and the largest entry of its gradient."""
    r = y - X @ b - c
    u = np.clip(r, -epsilon * s, epsilon * s)
    value = w @ (s + (u * (2 * np.abs(r) - np.abs(u)) * np.sign(r)) / s) + alpha * b @ b
    gradient = [*(2 * alpha * b - 2 / s * X.T @ (w * u)), 2 / s * w @ u, w.sum() - w @ u**2 / s**2]
    return float(value), float(np.abs(gradient).max())


@pytest.mark.parametrize("alpha", [0.0, 1e-4, 10.0])
@pytest.mark.parametrize("epsilon", [1.1, 1.35, 4.0])  # at 1 the scale has no limit but 0
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_huber(weighted: bool, epsilon: float, alpha: float) -> None:
    y = 100 * (ETA + np.random.default_rng(3).standard_t(1.5, size=90))
    w = WEIGHTS if weighted else np.ones(90)
    model = bridle.HuberRegressor(epsilon=epsilon, alpha=alpha).fit(
        X, y, sample_weight=w if weighted else None
    )
    found, steepest = joint(model.coef_, float(model.intercept_), model.scale_, y, w, epsilon, alpha)
    assert steepest < 1e-9 * w.sum()
    own = theirs.HuberRegressor(epsilon=epsilon, alpha=alpha, tol=1e-12, max_iter=10_000)
    wanted = quiet(own, X, y, sample_weight=w)
    assert found <= joint(wanted.coef_, wanted.intercept_, wanted.scale_, y, w, epsilon, alpha)[0] + 1e-9
    close(model.coef_, wanted.coef_, 2e-3)  # as far as L-BFGS goes
    np.testing.assert_array_equal(model.outliers_, np.abs(y - model.predict(X)) > epsilon * model.scale_)
    assert model.model_.certificate.certified and model.model_.family.startswith("huber(")
    sparse = bridle.HuberRegressor(epsilon=epsilon, alpha=alpha).fit(sp.csr_array(X), y, sample_weight=w)
    close(sparse.coef_, model.coef_)


def test_huber_without_intercept_and_fitted_exactly() -> None:
    y = X @ np.arange(6.0)
    y[:20] += 50.0
    model = bridle.HuberRegressor(alpha=0, fit_intercept=False).fit(X, y)
    close(model.coef_, np.arange(6.0), 1e-8)
    assert model.outliers_[:20].all() and model.scale_ < 1e-7 and model.intercept_ == 0.0
    flat = bridle.HuberRegressor().fit(X, np.full(90, 3.0))
    assert not flat.coef_.any() and flat.intercept_ == 3.0


@pytest.mark.parametrize("factor", [1e-8, 1e8])
def test_huber_has_no_units(factor: float) -> None:
    y = ETA + np.random.default_rng(3).standard_t(2, size=90)
    one, other = (bridle.HuberRegressor(alpha=0).fit(X, k * y) for k in (1.0, factor))
    close(other.coef_ / factor, one.coef_)
    assert other.scale_ / factor == pytest.approx(one.scale_)


# GLM and GLMCV

TARGETS = {
    "squared": ETA + COUNTS,
    "binomial": CLASSES,
    "binomial(probit)": CLASSES,
    "binomial(cloglog)": CLASSES,
    "poisson": COUNTS,
    "negative_binomial(2)": COUNTS,
    "gamma": AMOUNTS,
    "inverse_gaussian": AMOUNTS,
    "tweedie(1.5)": COUNTS,
    "huber(1.345)": ETA + COUNTS,
}


@pytest.mark.parametrize("family", TARGETS)
@pytest.mark.parametrize("standardize", [True, False])
def test_glm_is_the_path(family: str, standardize: bool) -> None:
    options: dict[str, Any] = {"l1_ratio": 0.5, "standardize": standardize, "lower": -0.3}
    y = TARGETS[family]
    for offset in (None, OFFSET):
        wanted = bridle.path(
            X, y, alphas=[0.05], family=family, weights=WEIGHTS, offset=offset, tolerance=1e-12, **options
        )
        model = bridle.GLM(family, alpha=0.05, **options).fit(X, y, sample_weight=WEIGHTS, offset=offset)
        close(model.coef_, wanted.coefs[0], 1e-6)
        close(model.predict(X, offset=offset), wanted.predict(X, 0.05, offset=offset), 1e-6)
        assert model.model_.family == family and model.model_.has_offset == (offset is not None)
        found = bridle.verify(model.model_, X, y, weights=WEIGHTS, offset=offset)
        assert all(one.certified for one in found.values())
        assert model.score(X, y, WEIGHTS, offset) > 0


@pytest.mark.parametrize("family", ["squared", "binomial", "poisson"])
@pytest.mark.parametrize("rule", ["min", "1se"])
def test_glm_cv_is_bridle_fit(family: str, rule: str) -> None:
    y, options = TARGETS[family], {"l1_ratios": [0.5, 1.0], "n_alphas": 15, "rule": rule, "seed": 3}
    wanted = bridle.fit(X, y, family=family, folds=4, weights=WEIGHTS, offset=OFFSET, nested=False, **options)
    model = bridle.GLMCV(family, cv=4, **options).fit(X, y, sample_weight=WEIGHTS, offset=OFFSET)
    np.testing.assert_array_equal(model.coef_, wanted.coef)
    assert (model.alpha_, model.l1_ratio_, float(model.intercept_)) == (
        wanted.alpha,
        wanted.l1_ratio,
        wanted.intercept,
    )
    assert model.deviance_path_.shape == (2, 15, 4) and model.alphas_.shape == (2, 15)
    for k, curve in enumerate(wanted.selection.curves):
        np.testing.assert_array_equal(model.deviance_path_[k], curve.fold_errors.T)
    np.testing.assert_array_equal(model.predict(X, offset=OFFSET), wanted.predict(X, offset=OFFSET))


def test_glm_cv_by_another_measure() -> None:
    alphas = [1.0, 0.3, 0.1, 0.03, 0.01]
    model = bridle.GLMCV(
        "poisson", l1_ratios=1.0, alphas=alphas, cv=KFold(3), scoring="neg_mean_absolute_error"
    )
    model.fit(X, COUNTS)
    assert model.score_path_.shape == model.deviance_path_.shape == (1, 5, 3)
    for k, (train, test) in enumerate(KFold(3).split(X)):
        for a, alpha in enumerate(model.alphas_[0]):
            alone = bridle.GLM("poisson", alpha=alpha).fit(X[train], COUNTS[train])
            error = np.abs(COUNTS[test] - alone.predict(X[test])).mean()
            assert model.score_path_[0, a, k] == pytest.approx(-error, rel=1e-6)
            deviance = 2 * family_named("poisson").loss(COUNTS[test], np.log(alone.predict(X[test]))).mean()
            assert model.deviance_path_[0, a, k] == pytest.approx(deviance, rel=1e-6)
    best = model.score_path_.mean(axis=2)[0].argmax()
    assert model.alpha_ == model.alphas_[0, best]
    close(model.coef_, bridle.GLM("poisson", alpha=model.alpha_).fit(X, COUNTS).coef_, 1e-6)


def test_glm_of_trials() -> None:
    """Shares with the trials as weights are that many rows of 0 and 1."""
    trials = np.random.default_rng(5).integers(1, 6, size=90)
    hits = np.random.default_rng(6).binomial(trials, 1 / (1 + np.exp(-ETA)))
    rows = np.repeat(np.arange(90), trials)
    single = np.concatenate([np.arange(t) < h for t, h in zip(trials, hits)]).astype(int)
    one = bridle.GLM("binomial", alpha=0.01, standardize=False).fit(X, hits / trials, sample_weight=trials)
    many = bridle.GLM("binomial", alpha=0.01, standardize=False).fit(X[rows], single)
    close(one.coef_, many.coef_)
    assert not hasattr(one, "classes_") and many.classes_.tolist() == [0, 1]


def test_classes_told_apart() -> None:
    """Without a penalty there is no optimum: a word of warning, and the direction of the widest margin."""
    apart = X[:, 0] > 0.5
    with pytest.warns(ConvergenceWarning, match="tell the classes apart"):
        model = bridle.LogisticRegression(C=np.inf).fit(X, apart)
    assert (model.predict(X) == apart).all()
    folds = StratifiedKFold(3)
    found = bridle.LogisticRegressionCV(Cs=[1.0, np.inf], cv=folds, scoring="neg_log_loss").fit(X, apart)
    assert np.isfinite(found.scores_[True]).all()
