"""What predictions out of fold sum up to, against scikit-learn's metrics and by brute force."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.calibration
import sklearn.metrics as metrics
from statsmodels.stats.proportion import proportion_confint

import bridle
from bridle.design import Dense, Design
from bridle.families import family_named
from bridle.selection.calibrating import Bins, HeldOut, binned, wilson
from bridle.selection.diagnostics import Diagnostics, diagnose
from bridle.selection.ranking import MOST_POINTS, Roc, lorenz_of, roc_of
from bridle.solvers import Rows

FEW: dict[str, Any] = {"l1_ratios": 1.0, "n_alphas": 12, "nested": False}


def labels(n: int = 400, ties: bool = False) -> tuple[Any, Any, Any]:
    """Classes, probabilities that know something of them, and weights."""
    rng = np.random.default_rng(4)
    p = rng.beta(1.2, 2.0, n)
    y = (rng.random(n) < p**1.3).astype(float)
    return y, p.round(1) if ties else p, rng.uniform(0.1, 3.0, n)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_area_under_the_curve_is_scikit_learns(ties: bool, weighted: bool) -> None:
    y, p, w = labels(ties=ties)
    w = w if weighted else np.ones(len(y))
    roc, area = roc_of(y, p, w)
    assert area == pytest.approx(metrics.roc_auc_score(y, p, sample_weight=w), rel=1e-12)
    alarms, caught, thresholds = metrics.roc_curve(y, p, sample_weight=w, drop_intermediate=False)
    places = np.searchsorted(-thresholds, -roc.thresholds)
    assert thresholds[places] == pytest.approx(roc.thresholds)
    assert roc.alarms / roc.alarms[-1] == pytest.approx(alarms[places], abs=1e-12)
    assert roc.caught / roc.caught[-1] == pytest.approx(caught[places], abs=1e-12)


def test_one_class_alone_has_no_area() -> None:
    roc, area = roc_of(np.ones(4), np.arange(4.0), np.ones(4))
    assert np.isnan(area) and roc.caught[-1] == 4 and roc.alarms[-1] == 0


def test_shares_of_trials_are_the_trials_one_by_one() -> None:
    rng = np.random.default_rng(0)
    trials, p = rng.integers(1, 9, 60), rng.random(60).round(1)
    hits = rng.binomial(trials, p)
    y = np.concatenate([np.repeat([1.0, 0.0], [h, t - h]) for h, t in zip(hits, trials)])
    one, area = roc_of(hits / trials, p, trials.astype(float))
    other, expected = roc_of(y, np.repeat(p, trials), np.ones(len(y)))
    assert area == pytest.approx(expected) == pytest.approx(metrics.roc_auc_score(y, np.repeat(p, trials)))
    assert one.caught == pytest.approx(other.caught) and one.alarms == pytest.approx(other.alarms)


@pytest.mark.parametrize("ratio", [1e-3, 0.2, 1.0, 5.0, 1e3])
def test_the_cheapest_threshold_is_the_cheapest_of_all(ratio: float) -> None:
    y, p, w = labels(20_000)
    roc, _ = roc_of(y, p, w)
    assert len(roc) <= MOST_POINTS
    chosen = roc.confusion(roc.cheapest(ratio))
    best = min(
        (ratio * (w * y)[p < t].sum() + (w * (1 - y))[p >= t].sum()) / w.sum() for t in [np.inf, *p[::20], *roc.thresholds]
    )  # fmt: skip
    assert chosen.cost(ratio) == pytest.approx(best, rel=1e-9)
    said = p >= chosen.threshold
    counts = metrics.confusion_matrix(y, said, sample_weight=w)
    assert [[chosen.quiet, chosen.alarms], [chosen.missed, chosen.caught]] == pytest.approx(counts)


def test_corners_of_a_roc() -> None:
    y, p, w = labels(5_000)
    roc, _ = roc_of(y, p, w)
    assert roc.thresholds[roc.at(0.5)] == p[p >= 0.5].min()
    assert roc.confusion(roc.at(0.5)).caught == pytest.approx((w * y)[p >= 0.5].sum())
    k = roc.catching(0.9)
    assert roc.caught[k] >= 0.9 * roc.caught[-1] > roc.caught[k - 1]
    assert (np.diff(roc.thresholds) < 0).all() and (np.diff(roc.caught) >= 0).all()
    assert roc.at(2.0) == 0 and roc.catching(1.0) <= len(roc) - 1


@pytest.mark.parametrize("ties", [False, True])
def test_the_gini_is_one_minus_twice_the_area(ties: bool) -> None:
    rng = np.random.default_rng(1)
    rate, exposure = rng.gamma(2.0, 1.0, 700), rng.uniform(0.1, 1.0, 700)
    rate = rate.round(1) if ties else rate
    amount = rng.poisson(rate * exposure).astype(float)
    lorenz, gini = lorenz_of(rate, amount, exposure)
    order = np.argsort(rate)
    x, y = exposure[order], amount[order]
    if ties:  # rows of one prediction as one piece
        _, code = np.unique(rate[order], return_inverse=True)
        x, y = np.bincount(code, weights=x), np.bincount(code, weights=y)
    x, y = (np.concatenate([[0.0], np.cumsum(v) / v.sum()]) for v in (x, y))
    assert gini == pytest.approx(1 - 2 * metrics.auc(x, y), rel=1e-12)
    assert len(lorenz.exposure) <= MOST_POINTS
    assert lorenz.observed == pytest.approx(np.interp(lorenz.exposure, x, y))
    assert (lorenz.exposure[[0, -1]] == [0, 1]).all() and lorenz.observed[-1] == 1


def test_the_order_of_predictions_that_tell_nothing_has_no_gini() -> None:
    assert lorenz_of(np.ones(50), np.arange(50.0), np.ones(50))[1] == pytest.approx(0.0)
    assert np.isnan(lorenz_of(np.arange(5.0), np.zeros(5), np.ones(5))[1])


def held_out(y: Any, p: Any, w: Any = None, exposure: Any = None) -> HeldOut:
    ones = np.ones(len(y))
    return HeldOut(y, p, 0.0 * p + y.mean(), ones if w is None else w, ones if exposure is None else exposure)


def test_calibration_is_scikit_learns() -> None:
    y, p, _ = labels(800)
    bins = binned(held_out(y, p), p, classes=True)
    observed, predicted = sklearn.calibration.calibration_curve(y, p, n_bins=len(bins), strategy="quantile")
    assert len(bins) == 10 and (bins.rows == 80).all()
    assert bins.observed == pytest.approx(observed) and bins.predicted == pytest.approx(predicted)
    assert (bins.low < bins.observed).all() and (bins.observed < bins.high).all()


def test_rows_of_one_prediction_stay_in_one_bin() -> None:
    y, p, w = labels(1_000, ties=True)
    bins = binned(held_out(y, p, w), p, classes=True)
    assert len(bins) <= len(np.unique(p)) and bins.rows.sum() == 1_000
    assert bins.exposure.sum() == pytest.approx(w.sum())
    assert bins.exposure @ bins.observed == pytest.approx(w @ y)
    assert bins.exposure @ bins.predicted == pytest.approx(w @ p)
    assert len(binned(held_out(y, np.full(1_000, 0.3)), np.full(1_000, 0.3), classes=True)) == 1


def test_intervals_of_shares_are_wilsons() -> None:
    hits, trials = np.array([0.0, 3, 20, 40]), np.array([40.0, 40, 40, 40])
    low, high = wilson(hits / trials, trials)
    theirs = proportion_confint(hits, trials, method="wilson")
    assert low == pytest.approx(theirs[0], abs=1e-12) and high == pytest.approx(theirs[1], abs=1e-12)


def test_intervals_of_rates_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    inside, total = 0, 0
    for _ in range(60):
        rate, exposure = rng.uniform(1.0, 3.0, 1_600), rng.uniform(0.5, 2.0, 1_600)
        y = rng.poisson(rate * exposure).astype(float)
        bins = binned(held_out(y, rate * exposure, exposure=exposure), rate, classes=False)
        inside += int(((bins.low <= bins.predicted) & (bins.predicted <= bins.high)).sum())
        total += len(bins)
    assert 0.92 < inside / total < 0.97


def test_an_offset_is_an_exposure() -> None:
    """Counts with the logarithm of the exposure as offset, and rates weighted by it, are the same data."""
    rng = np.random.default_rng(3)
    exposure, rate = rng.uniform(0.2, 3.0, 500), rng.gamma(2.0, 0.5, 500)
    y = rng.poisson(rate * exposure).astype(float)
    design, poisson = (
        Design((Dense(np.zeros((500, 1))),), np.zeros((0, 2), dtype=np.intp)),
        family_named("poisson"),
    )
    counts = diagnose(Rows(design, y, None, np.log(exposure), poisson), rate * exposure, 0.9 * exposure)
    rates = diagnose(Rows(design, y / exposure, exposure, None, poisson), rate, np.full(500, 0.9))
    assert counts is not None and rates is not None
    same(counts.calibration, rates.calibration)
    same(counts.lift, rates.lift)
    same(counts.lorenz, rates.lorenz)
    for name, value in counts.scores.items():
        assert value == pytest.approx(rates.scores[name], rel=1e-12)


def same(ours: Any, theirs: Any) -> None:
    for field in fields(ours):
        assert getattr(ours, field.name) == pytest.approx(getattr(theirs, field.name), rel=1e-9), field.name


@pytest.fixture(scope="module")
def classes() -> dict[str, Any]:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(300, 4))
    y = rng.random(300) < 1 / (1 + np.exp(-X[:, 0] + 0.5 * X[:, 1]))
    return {"X": X, "y": np.where(y, "yes", "no"), "weights": rng.uniform(0.5, 2.0, 300)}


def test_the_scores_of_classes_are_those_of_the_predictions_out_of_fold(classes: Any) -> None:
    model = bridle.fit(classes["X"], classes["y"], weights=classes["weights"], out_of_fold=True, **FEW)
    found, p, w = model.selection.diagnostics, model.selection.out_of_fold, classes["weights"]
    assert found is not None and found.roc is not None and found.lorenz is None
    y = (classes["y"] == "yes").astype(float)
    scores = found.scores
    assert scores["auc"] == pytest.approx(metrics.roc_auc_score(y, p, sample_weight=w), rel=1e-12)
    assert scores["brier"] == pytest.approx(metrics.brier_score_loss(y, p, sample_weight=w), rel=1e-12)
    assert scores["log_loss"] == pytest.approx(metrics.log_loss(y, p, sample_weight=w), rel=1e-12)
    assert scores["accuracy"] == pytest.approx(
        metrics.accuracy_score(y, p >= 0.5, sample_weight=w), rel=1e-12
    )
    assert scores["log_loss"] == pytest.approx(model.selection.chosen.error / 2, rel=1e-5)
    assert scores["share"] == pytest.approx(w @ y / w.sum()) and found.n_rows == 300


def test_the_summary_is_kept_without_the_rows(classes: Any, tmp_path: Path) -> None:
    model = bridle.fit(classes["X"], classes["y"], **FEW)
    assert model.selection.out_of_fold is None and model.selection.diagnostics is not None
    sizes = [array.size for array in model.selection.diagnostics.arrays().values()]
    assert max(sizes) <= MOST_POINTS
    model.save(tmp_path / "m.bridle")
    again = bridle.load(tmp_path / "m.bridle").selection.diagnostics
    assert again.header() == model.selection.diagnostics.header()
    same(again.calibration, model.selection.diagnostics.calibration)
    same(again.roc, model.selection.diagnostics.roc)


@pytest.mark.parametrize(
    "family", ["poisson", "negative_binomial(2)", "tweedie(1.5)", "gamma", "inverse_gaussian"]
)
def test_the_summary_of_counts_and_amounts(family: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    X, exposure = rng.normal(size=(240, 2)), rng.uniform(0.5, 2.0, 240)
    mean = exposure * np.exp(0.4 * X[:, 0])
    y = rng.poisson(mean) if family[0] in "pnt" else rng.gamma(3.0, mean / 3.0)
    model = bridle.fit(X, y, family=family, offset=np.log(exposure), out_of_fold=True, **FEW)
    found, held = model.selection.diagnostics, model.selection.out_of_fold
    assert found is not None and found.roc is None and found.lift is not None
    assert found.scores["balance"] == pytest.approx(y.sum() / held.sum())
    assert found.scores["mean"] == pytest.approx(y.sum() / exposure.sum())
    assert found.scores["gini"] == lorenz_of(held / exposure, y.astype(float), exposure)[1]
    assert found.calibration.exposure @ found.calibration.predicted == pytest.approx(held.sum())
    # The constant model of each fold is its intercept beside the offset: its total is the observed one, nearly.
    assert found.lift.exposure @ found.lift.constant == pytest.approx(y.sum(), rel=0.06)
    model.save(tmp_path / "m.bridle")
    again = bridle.load(tmp_path / "m.bridle").selection.diagnostics
    for part in ("calibration", "lift", "lorenz"):
        same(getattr(again, part), getattr(found, part))


def test_rows_without_weight_or_held_out_do_not_count(classes: Any) -> None:
    weights = np.where(np.arange(300) < 100, 0.0, 1.0)
    model = bridle.fit(classes["X"], classes["y"], weights=weights, folds=0.3, **FEW)
    found = model.selection.diagnostics
    assert found is not None and found.n_rows == found.calibration.rows.sum() < 90


def test_squared_error_and_hubers_are_not_summed_up() -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    for family in ("squared", "huber(1.35)"):
        assert bridle.fit(X, X[:, 0] + 0.1 * X[:, 1], family=family, **FEW).selection.diagnostics is None


def test_predictions_out_of_fold_of_squared_error_hold_the_offset() -> None:
    rng = np.random.default_rng(1)
    X, shift = rng.normal(size=(80, 2)), 50 * rng.normal(size=80)
    y = X[:, 0] + shift + 0.1 * rng.normal(size=80)
    model = bridle.fit(X, y, offset=shift, out_of_fold=True, **FEW)
    assert np.mean((y - model.selection.out_of_fold) ** 2) == pytest.approx(
        model.selection.chosen.error, rel=1e-6
    )


def test_a_selection_without_a_summary_is_read(tmp_path: Path, classes: Any) -> None:
    model = bridle.fit(classes["X"], classes["y"], **FEW)
    bare = replace(model, selection=replace(model.selection, diagnostics=None))
    bare.save(tmp_path / "m.bridle")
    assert bridle.load(tmp_path / "m.bridle").selection.diagnostics is None


def test_parts_come_back_as_what_they_were() -> None:
    y, p, w = labels(200)
    roc, area = roc_of(y, p, w)
    bins = binned(held_out(y, p), p, classes=True)
    made = Diagnostics(200, 200.0, {"auc": area}, bins, roc=roc)
    again = Diagnostics.of(made.header(), made.arrays())
    assert isinstance(again.roc, Roc) and isinstance(again.calibration, Bins) and again.lift is None
    same(again.roc, roc)


# Notes on the family


def notes_of(y: Any, **more: Any) -> list[str]:
    X = np.random.default_rng(5).normal(size=(len(y), 2))
    return [note.text for note in bridle.fit(X, y, **FEW, **more).notes if note.kind == "family"]


def test_the_family_that_was_taken_is_explained(classes: Any) -> None:
    assert notes_of(classes["y"]) == [
        "Family binomial, because the target is two classes: no and yes (yes counts as 1)."
    ]
    assert notes_of(classes["y"], family="binomial") == []


def test_counts_and_classes_among_numbers_get_a_proposal() -> None:
    rng = np.random.default_rng(6)
    (said,) = notes_of(rng.poisson(2.0, 100))
    assert 'family="poisson"' in said and "squared error" in said
    (said,) = notes_of(rng.integers(0, 2, 100))
    assert 'family="binomial"' in said
    assert notes_of(rng.poisson(2.0, 100), family="squared") == []
    assert notes_of(rng.poisson(40.0, 100)) == [] == notes_of(rng.normal(size=100))
    assert notes_of(rng.poisson(2.0, 100) - 3) == []
