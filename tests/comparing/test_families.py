"""Comparisons by other families than squared error: against loops over scikit-learn, against ``bridle.fit``, and laws."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.metrics import log_loss, mean_poisson_deviance, roc_auc_score

import bridle
from bridle.comparing import compare as compare_all
from bridle.errors import DataError, UsageError

compare = partial(compare_all, networks=False)  # networks take squared error alone

K, N = 5, 160
RNG = np.random.default_rng(21)
X = RNG.normal(size=(N, 4)) * [1.0, 3.0, 0.2, 1.0]
ETA = 0.7 * X[:, 0] - 0.2 * X[:, 1]
FOLDS = RNG.integers(0, K, N)  # of unequal size
TWO = (RNG.random(N) < 1 / (1 + np.exp(-ETA))).astype(float)
COUNTS = RNG.poisson(np.exp(ETA)).astype(float)
AMOUNTS = np.exp(ETA) * RNG.gamma(3.0, 1 / 3, N)
TARGETS = {
    "squared": ETA + RNG.normal(size=N),
    "huber(1.5)": ETA + RNG.standard_t(2, N),
    "binomial": TWO,
    "binomial(probit)": TWO,
    "binomial(cloglog)": TWO,
    "poisson": COUNTS,
    "negative_binomial(2)": COUNTS,
    "gamma": AMOUNTS,
    "inverse_gaussian": AMOUNTS,
    "tweedie(1.5)": np.where(RNG.random(N) < 0.2, 0.0, AMOUNTS),
    "tweedie(2.5)": AMOUNTS,
}
METHODS = ("ridge", "lasso", "elastic_net")
EVERY = ("null", "unpenalized", *METHODS)


@pytest.mark.parametrize("family", TARGETS)
def test_it_says_what_bridle_fit_says(family: str) -> None:
    y = TARGETS[family]
    found = compare(X, y, family=family, folds=FOLDS, n_alphas=8, l1_ratios=0.5)
    assert found.family == family
    for name, ratio in zip(METHODS, (0.0, 1.0, 0.5)):
        row = found.row(name)
        model = bridle.fit(X, y, family=family, folds=FOLDS, n_alphas=8, l1_ratios=ratio)
        nested = model.selection.nested
        assert nested is not None
        assert row.error == pytest.approx(nested.error, rel=1e-12)
        assert row.standard_error == pytest.approx(nested.standard_error, rel=1e-9)
        assert row.null_error == pytest.approx(nested.null_error, rel=1e-12)
        assert row.fold_choices == tuple((choice.alpha, choice.l1_ratio) for choice in nested.choices)
        assert (row.alpha, row.n_variables) == (model.alpha, len(model.kept))
        np.testing.assert_allclose(row.effects, model.coef_standardized, rtol=1e-9, atol=1e-12)
        assert row.certified
    for name in EVERY if family != "squared" else ("null", "least_squares"):
        own = found.model(name)
        assert own.family == family
        assert len(own.kept) == found.row(name).n_variables


def test_an_offset_and_weights_say_what_bridle_fit_says() -> None:
    options: dict[str, Any] = {
        "family": "poisson", "offset": 0.3 * X[:, 2], "weights": RNG.integers(0, 3, N).astype(float), "folds": FOLDS,
        "n_alphas": 15,
    }  # fmt: skip
    row = compare(X, COUNTS, **options).row("lasso")
    nested = bridle.fit(X, COUNTS, l1_ratios=1.0, **options).selection.nested
    assert nested is not None
    assert row.error == pytest.approx(nested.error, rel=1e-12)
    assert row.fold_choices == tuple((choice.alpha, choice.l1_ratio) for choice in nested.choices)


def _logistic(alpha: float, n: int) -> Any:
    return LogisticRegression(C=1 / (alpha * n) if alpha > 0 else np.inf, solver="newton-cholesky", tol=1e-12)


def _poisson(alpha: float, n: int) -> Any:
    return PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-12)


def _two_deviance(y: Any, model: Any, x: Any) -> float:
    return float(2 * log_loss(y, model.predict_proba(x)[:, 1], labels=[0, 1]))


def _count_deviance(y: Any, model: Any, x: Any) -> float:
    return float(mean_poisson_deviance(y, model.predict(x)))


_PEERS = [("binomial", TWO, _logistic, _two_deviance), ("poisson", COUNTS, _poisson, _count_deviance)]


def _fitted(make: Callable[..., Any], alpha: float, y: Any, train: Any) -> tuple[Any, Any]:
    """scikit-learn's fit to standardized training rows, and all rows on that scale."""
    mean, sd = X[train].mean(axis=0), X[train].std(axis=0)
    z = (X - mean) / sd
    return make(alpha, int(train.sum())).fit(z[train], y[train]), z


@pytest.mark.parametrize(("family", "y", "make", "deviance"), _PEERS)
def test_the_fit_without_a_penalty_is_scikit_learns(family: str, y: Any, make: Any, deviance: Any) -> None:
    row = compare(X, y, family=family, folds=FOLDS).row("unpenalized")
    errors = []
    for k in range(K):
        model, z = _fitted(make, 0.0, y, k != FOLDS)
        errors.append(deviance(y[k == FOLDS], model, z[k == FOLDS]))
    np.testing.assert_allclose(row.fold_errors, errors, rtol=1e-5)


@pytest.mark.parametrize(("family", "y", "make", "deviance"), _PEERS)
def test_nested_ridge_is_explicit_loops_over_scikit_learn(
    family: str, y: Any, make: Any, deviance: Any
) -> None:
    row = compare(X, y, family=family, folds=FOLDS, n_alphas=8).row("ridge")
    options = {"family": family, "folds": FOLDS, "n_alphas": 8, "l1_ratios": 0.0}
    alphas = bridle.fit(X, y, **options).selection.curves[0].alphas

    def error(alpha: float, train: Any, test: Any) -> float:
        model, z = _fitted(make, alpha, y, train)
        return float(deviance(y[test], model, z[test]))

    for k in range(K):
        others = [other for other in range(K) if other != k]
        inner = [[error(a, (k != FOLDS) & (o != FOLDS), o == FOLDS) for a in alphas] for o in others]
        best = int(np.argmin(np.average(inner, axis=0, weights=[(o == FOLDS).sum() for o in others])))
        assert row.fold_choices[k] == (alphas[best], 0.0)
        assert row.fold_errors[k] == pytest.approx(error(alphas[best], k != FOLDS, k == FOLDS), rel=1e-5)


def test_auc_and_log_loss_are_scikit_learns() -> None:
    found = compare(X, TWO, family="binomial", folds=FOLDS, n_alphas=8)
    weight = np.bincount(FOLDS)
    row, areas, losses = found.row("ridge"), [], []
    for k, (alpha, _) in enumerate(row.fold_choices):
        model, z = _fitted(_logistic, alpha, TWO, k != FOLDS)
        p = model.predict_proba(z[k == FOLDS])[:, 1]
        areas.append(roc_auc_score(TWO[k == FOLDS], p))
        losses.append(log_loss(TWO[k == FOLDS], p))
    assert row.scores["auc"] == pytest.approx(np.average(areas, weights=weight), rel=1e-9)
    assert row.scores["log_loss"] == pytest.approx(np.average(losses, weights=weight), rel=1e-5)
    for every in found.rows:  # of whole classes it is half the deviance
        assert every.scores["log_loss"] == pytest.approx(every.error / 2, rel=1e-5)
    assert found.row("null").scores["auc"] == 0.5


def test_folds_that_test_one_class_alone_have_no_auc() -> None:
    found = compare(X[:24], TWO[:24], family="binomial", folds=24, n_alphas=5, l1_ratios=())
    assert all(np.isnan(row.scores["auc"]) for row in found.rows if row.possible)
    assert all(np.isfinite(row.scores["log_loss"]) for row in found.rows if row.possible)


def _errors(*rows: Any, **options: Any) -> dict[str, Any]:
    found = compare(*rows, **{"n_alphas": 12, "l1_ratios": 0.5, **options})
    return {row.name: row.fold_errors for row in found.rows}


@pytest.mark.parametrize("family", ["binomial", "poisson", "gamma", "huber(1.5)"])
def test_the_order_of_the_rows_does_not_matter(family: str) -> None:
    y, order = TARGETS[family], np.random.default_rng(1).permutation(N)
    one = _errors(X, y, family=family, folds=FOLDS)
    two = _errors(X[order], y[order], family=family, folds=FOLDS[order])
    for name in EVERY:
        np.testing.assert_allclose(two[name], one[name], rtol=1e-6)


def test_a_weight_of_two_is_a_row_given_twice() -> None:
    w = np.random.default_rng(2).integers(0, 3, N)
    again = np.repeat(np.arange(N), w)
    one = _errors(X, TWO, family="binomial", folds=FOLDS, weights=w.astype(float))
    two = _errors(X[again], TWO[again], family="binomial", folds=FOLDS[again])
    for name in EVERY:
        np.testing.assert_allclose(two[name], one[name], rtol=1e-6)


def test_which_class_counts_as_one_does_not_matter() -> None:
    one, two = (compare(X, y, family="binomial", folds=FOLDS, n_alphas=12) for y in (TWO, 1 - TWO))
    for name in EVERY:
        np.testing.assert_allclose(two.row(name).fold_errors, one.row(name).fold_errors, rtol=1e-6)
        np.testing.assert_allclose(two.row(name).effects, -one.row(name).effects, rtol=1e-5, atol=1e-8)
        assert two.row(name).scores["auc"] == pytest.approx(one.row(name).scores["auc"], rel=1e-12)


def test_the_unit_of_an_exposure_does_not_matter() -> None:
    years = np.random.default_rng(4).uniform(0.1, 3.0, N)
    one, two = (
        _errors(X, COUNTS, family="poisson", offset=np.log(unit * years), folds=FOLDS) for unit in (1, 365.25)
    )
    for name in EVERY:
        np.testing.assert_allclose(two[name], one[name], rtol=1e-6)


def test_counts_beside_an_offset_are_rates_with_the_exposure_as_weight() -> None:
    """The same likelihood; the mean over the rows and that over the years differ by the years of a row."""
    years = np.random.default_rng(4).uniform(0.1, 3.0, N)
    counts = _errors(X, COUNTS, family="poisson", offset=np.log(years), folds=FOLDS)
    rates = _errors(X, COUNTS / years, family="poisson", weights=years, folds=FOLDS)
    per_row = np.bincount(FOLDS, weights=years) / np.bincount(FOLDS)
    for name in ("null", "unpenalized"):  # penalties see columns scaled by other weights
        np.testing.assert_allclose(rates[name] * per_row, counts[name], rtol=1e-7)


def test_a_column_that_others_determine_changes_no_prediction() -> None:
    plain = compare(X, TWO, family="binomial", folds=FOLDS, n_alphas=5).row("unpenalized")
    more = np.column_stack([X, X[:, 0] - X[:, 1]])
    double = compare(more, TWO, family="binomial", folds=FOLDS, n_alphas=5).row("unpenalized")
    np.testing.assert_allclose(double.fold_errors, plain.fold_errors, rtol=1e-7)
    assert double.n_columns == plain.n_columns == 4
    assert double.note == "1 column that others determine is left out of the fit on all rows"


def test_a_column_that_others_all_but_determine_is_left_out() -> None:
    near = np.column_stack([X, X[:, 0] + 1e-7 * np.random.default_rng(5).normal(size=N)])
    row = compare(near, TWO, family="binomial", folds=FOLDS, n_alphas=5).row("unpenalized")
    plain = compare(X, TWO, family="binomial", folds=FOLDS, n_alphas=5).row("unpenalized")
    assert row.certified
    assert row.note == "1 column that others determine is left out of the fit on all rows"
    np.testing.assert_allclose(row.fold_errors, plain.fold_errors, rtol=1e-5)


def test_a_level_that_a_fold_never_saw_takes_the_shortest_fit() -> None:
    """The level's column is zero in the training rows, so that its coefficient is none there."""
    level = FOLDS == 2
    level[RNG.permutation(N)[:3]] = False
    with_it = compare(np.column_stack([X, level]), TWO, family="binomial", folds=FOLDS, n_alphas=5)
    without = compare(X, TWO, family="binomial", folds=FOLDS, n_alphas=5)
    row = with_it.row("unpenalized")
    assert "in 1 of 5 folds the training rows do not determine the coefficients" in row.note
    assert row.fold_errors[2] == pytest.approx(without.row("unpenalized").fold_errors[2], rel=1e-7)


def test_missing_numbers_and_categories(tables: Any) -> None:
    """By hand: indicator columns, training means for what is missing."""
    table, folds = tables["classes"](), np.arange(300) % 3
    table["heating"] = np.where(np.array(table["heating"]) == "gas", "gas", "oil").tolist()  # no rare level
    row = compare(table, target="sold", folds=folds, n_alphas=5).row("unpenalized")
    y = np.array([value == "yes" for value in table["sold"]], dtype=float)
    indicators = [
        np.array([value == level for value in table[name]], dtype=float)
        for name in ("region", "heating")
        for level in sorted(set(table[name]), key=str)[1:]
    ]
    missing = np.isnan(table["income"])
    for k in range(3):
        train = folds != k
        income = np.where(missing, table["income"][train & ~missing].mean(), table["income"])
        x = np.column_stack([table["area"], income, missing, *indicators])
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=100_000).fit(x[train], y[train])
        error = 2 * log_loss(y[~train], model.predict_proba(x[~train])[:, 1])
        assert row.fold_errors[k] == pytest.approx(error, rel=1e-4)


def _separated(x: Any, y: Any) -> bool:
    """Whether a direction sets the classes apart in some rows and wrongs none: a linear program (Albert and Anderson)."""
    signed = np.where(y > 0, 1.0, -1.0)[:, None] * np.column_stack([np.ones(len(y)), x])
    found = linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(y)), bounds=[(-1, 1)] * signed.shape[1]
    )
    return bool(-found.fun > 1e-9)


def test_there_is_a_fit_without_a_penalty_where_a_linear_program_says_so() -> None:
    rng, seen = np.random.default_rng(0), {True: 0, False: 0}
    for _ in range(40):
        x, folds = rng.integers(0, 4, (24, 2)).astype(float), np.arange(24) % 3
        y = (x[:, 0] + rng.normal(scale=rng.choice([0.3, 1.5]), size=24) > 1.5).astype(float)
        parts = [folds != k for k in range(3)]
        if any(len(np.unique(y[part])) < 2 or (np.ptp(x[part], axis=0) == 0).any() for part in parts):
            continue
        row = compare(x, y, family="binomial", folds=folds, n_alphas=3, l1_ratios=()).row("unpenalized")
        separated = [_separated(x[part], y[part]) for part in parts]
        seen[any(separated)] += 1
        assert row.possible != any(separated)
        if not _separated(x, y) and any(separated):
            assert row.note.startswith(
                f"not possible: in {sum(separated)} of 3 folds the columns tell the two"
            )
    assert min(seen.values()) > 5


def test_separable_classes_are_a_row_that_says_so(comparisons: Any) -> None:
    found = comparisons("separable")
    row = found.row("unpenalized")
    assert not row.possible
    assert row.note.startswith("not possible: the columns tell the two classes apart")
    assert found.recommended.name in METHODS
    assert found.recommended.certified
    assert found.recommended.scores["auc"] > 0.9
    with pytest.raises(UsageError, match="tell the two classes apart"):
        found.model("unpenalized")


def test_rows_whose_counts_are_all_zero_have_no_fit_without_a_penalty() -> None:
    group = np.arange(N) % 4 == 0
    x = np.column_stack([X, group])
    found = compare(x, np.where(group, 0.0, COUNTS), family="poisson", folds=FOLDS, n_alphas=5)
    assert found.row("unpenalized").note.startswith("not possible: the target is 0 in all of some rows")
    once = np.where(group, 0.0, COUNTS)
    once[:8:4] = 1.0  # of the rows of the group two have counts, in two folds
    assert compare(x, once, family="poisson", folds=FOLDS, n_alphas=5).row("unpenalized").possible


def test_the_family_is_proposed_as_bridle_fit_does(tables: Any, comparisons: Any) -> None:
    found = comparisons("classes")
    assert (found.family, found.classes, found.has_offset) == ("binomial", ("no", "yes"), False)
    assert any(note.kind == "family" and "yes counts as 1" in note.text for note in found.notes)
    whole = compare(X, COUNTS, folds=FOLDS, n_alphas=5)
    assert whole.family == "squared"
    assert any('family="poisson" may suit' in note.text for note in whole.notes)
    with pytest.raises(DataError, match='say family="binomial"'):
        compare(tables["classes"](), target="sold", family="squared")


def test_networks_take_squared_error_alone() -> None:
    with pytest.raises(UsageError, match="squared error, not the family binomial"):
        compare_all(X, TWO, family="binomial", networks=True)
    with pytest.raises(UsageError, match="they take no offset"):
        compare_all(X, COUNTS, offset=X[:, 0], networks=True)
    found = compare_all(X, TWO, family="binomial", n_alphas=5, l1_ratios=())
    assert not found.has_networks
    assert any(note.kind == "networks" and "not the family binomial" in note.text for note in found.notes)


@pytest.mark.parametrize(
    ("options", "folds"),
    [
        ({"order": np.arange(N)}, 5),
        ({"folds": 0.25}, 1),
        ({"folds": 2}, 2),
        ({"folds": 25}, 25),
        ({"repeats": 2}, 10),
        ({"groups": np.arange(N) // 8}, 5),
    ],
)
def test_every_kind_of_folds(options: dict[str, Any], folds: int) -> None:
    found = compare(X, TWO, family="binomial", n_alphas=8, l1_ratios=(), **options)
    assert found.n_folds == folds
    for row in found.rows:
        assert row.error == pytest.approx(found.splits.share @ row.fold_errors)
        assert row.scores["log_loss"] == pytest.approx(row.error / 2, rel=1e-5)
    assert found.row("ridge").error < found.row("null").error


def test_inner_folds_without_a_class_are_named() -> None:
    with pytest.raises(DataError, match=r"split once more, and there: Without fold \d every target is"):
        compare(X[:40], np.arange(40) < 6, groups=np.arange(40) // 2, folds=0.3)
