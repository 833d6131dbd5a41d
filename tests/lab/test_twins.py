"""The twins: the table, every weight against all sign patterns solved by hand, and the frequencies."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from bridle.errors import UsageError
from bridle.lab.keys import CORRELATIONS, Key
from bridle.lab.lessons import compute
from bridle.lab.twins import RESAMPLES, resamples, table
from bridle.lab.work import Cancelled

RATIOS = (0.0, 0.5, 1.0)
PAIRS = [(40, 0.997), (60, 0.92), (200, 0.0), (40, 0.999)]


def twins(n=40, correlation=0.997, seed=0):
    return compute(f"twins?correlation={correlation:g}&n={n}&seed={seed}")


def brute(X, y, alpha, ratio):
    """The elastic net of two standardized columns: of all nine sign patterns the one that meets the conditions."""
    sd, target = X.std(axis=0), y.std()
    Z, t = (X - X.mean(axis=0)) / sd, (y - y.mean()) / target
    G, c = Z.T @ Z / len(y), Z.T @ t / len(y)
    found = []
    for signs in product((-1, 0, 1), repeat=2):
        s = np.array(signs)
        kept = np.flatnonzero(s)
        if ratio == 0 and len(kept) < 2:
            continue  # ridge has no zeros
        w = np.zeros(2)
        A = G[np.ix_(kept, kept)] + alpha * (1 - ratio) * np.eye(len(kept))
        w[kept] = np.linalg.solve(A, c[kept] - alpha * ratio * s[kept]) if len(kept) else []
        pull = c - G @ w - alpha * (1 - ratio) * w
        if ratio > 0 and not (np.sign(w) == s).all():
            continue
        if (np.abs(pull)[s == 0] <= alpha * ratio + 1e-12).all():
            found.append(w / sd * target)
    if ratio > 0:
        assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(("n", "correlation"), PAIRS)
def test_the_table_prefers_neither_twin(n, correlation):
    X, y = table(n, correlation, 1)
    assert X.shape == (n, 2) and X.mean(axis=0) == pytest.approx([0, 0], abs=1e-14)
    assert pytest.approx(np.array([[1, correlation], [correlation, 1]]), abs=1e-13) == X.T @ X / n
    assert np.linalg.lstsq(X, y, rcond=None)[0] == pytest.approx([1, 1], abs=1e-10)
    assert (y - X.sum(axis=1)).std() == pytest.approx(1.25, rel=1e-12)
    assert (table(n, correlation, 2)[0] != X).any()


def test_resamples_are_drawn_with_replacement():
    drawn = resamples(200, 0)
    assert drawn.shape == (RESAMPLES, 200) and drawn.min() == 0 and drawn.max() == 199
    share = np.mean([len(set(rows)) / 200 for rows in drawn.tolist()])
    assert share == pytest.approx(1 - np.exp(-1), abs=0.01)
    assert (resamples(200, 0) == drawn).all() and (resamples(200, 1) != drawn).any()


@pytest.mark.parametrize(("n", "correlation"), PAIRS)
def test_every_resamples_weights_are_those_of_the_only_sign_pattern_that_fits(n, correlation):
    found, drawn = twins(n, correlation), resamples(n, 0)
    X, y = table(n, correlation, 0)
    weights = found["weights"]
    assert weights.shape == (3, 31, 200, 2) and found["alphas"] == pytest.approx(
        10.0 ** (-np.arange(31) / 10)
    )
    for m, ratio in enumerate(RATIOS):
        for k in (0, 4, 9, 20):
            exact = np.array([brute(X[rows], y[rows], found["alphas"][k], ratio) for rows in drawn])
            # Zeros are zeros, and everything else is right to the seven digits of its storage.
            assert ((exact != 0) == (weights[m, k] != 0)).all()
            assert weights[m, k] == pytest.approx(exact, rel=2e-6, abs=2e-6)


def test_what_is_counted_is_what_is_there():
    found = twins(60, 0.97, 2)
    kept = found["weights"] != 0
    for m, k in product(range(3), range(31)):
        own = [tuple(pair) for pair in kept[m, k].tolist()]
        both, none = own.count((True, True)), own.count((False, False))
        assert found["counts"][m, k].tolist() == [
            both,
            own.count((True, False)),
            own.count((False, True)),
            none,
        ]
        assert found["counts"][m, k].sum() == RESAMPLES
        gaps = [abs(float(u) - float(v)) for u, v in found["weights"][m, k]]
        assert found["apart"][m, k] == pytest.approx(np.mean(gaps), rel=1e-6, abs=1e-7)
    assert (found["counts"][0, :, 0] == RESAMPLES).all()  # ridge keeps everything


@pytest.mark.parametrize("correlation", CORRELATIONS[3:])
def test_twins_of_a_ridge_part_stay_within_the_bound(correlation):
    """Zou and Hastie 2005, theorem 1, in bridle's scale: for equal signs, sqrt(2 (1 - r)) / (alpha (1 - l1_ratio))."""
    found, drawn = twins(40, correlation), resamples(40, 0)
    X, y = table(40, correlation, 0)
    for b in range(RESAMPLES):
        rows = drawn[b]
        sd, target = X[rows].std(axis=0), y[rows].std()
        r = np.corrcoef(X[rows].T)[0, 1]
        for m, ratio in ((0, 0.0), (1, 0.5)):
            w = found["weights"][m, :, b].astype(float) * sd / target
            limit = np.sqrt(2 * (1 - r)) / (found["alphas"] * (1 - ratio))
            same = (w > 0).all(axis=1) | (w < 0).all(axis=1)
            assert same.any() and (np.abs(w[:, 0] - w[:, 1])[same] <= limit[same] + 1e-5).all()


def test_a_lasso_of_one_alpha_decides_for_either_twin():
    """With n = 40 and a correlation of 0.997 mostly for one, with n = 60 and 0.92 nearly never; no law either way."""
    lasso, weak = twins(40, 0.997), twins(60, 0.92)
    both, first, second, neither = lasso["counts"][2, lasso["choices"][2, 1]]
    assert (both, first, second, neither) == (30, 94, 76, 0)
    assert weak["counts"][2, weak["choices"][2, 1]].tolist() == [195, 2, 3, 0]
    k = lasso["choices"][2, 1]
    assert lasso["apart"][0, k] < lasso["apart"][1, k] < 0.1 * lasso["apart"][2, k]
    for seed in (1, 2):
        often, seldom = twins(40, 0.997, seed), twins(60, 0.92, seed)
        for found, low, high in ((often, 0.7, 0.9), (seldom, 0.0, 0.12)):
            one = found["counts"][2, found["choices"][2, 1], 1:3].sum() / RESAMPLES
            assert low <= one <= high


@pytest.mark.parametrize("seed", [0, 2])
def test_the_rules_stop_where_cross_validation_by_hand_does(seed):
    found = twins(40, 0.97, seed)
    X, y = table(40, 0.97, seed)
    fold = np.empty(40, dtype=int)
    fold[np.random.default_rng([seed, 0]).permutation(40)] = np.arange(40) * 5 // 40
    for m, ratio in enumerate(RATIOS):
        errors = np.empty((5, 31))
        for f, (k, alpha) in product(range(5), enumerate(found["alphas"])):
            train = fold != f
            w = brute(X[train], y[train], alpha, ratio)
            off = y[~train] - y[train].mean() - (X[~train] - X[train].mean(axis=0)) @ w
            errors[f, k] = (off**2).mean()
        mean, best = errors.mean(axis=0), int(errors.mean(axis=0).argmin())
        se = errors[:, best].std() / 2  # sqrt(5 folds - 1), for folds of equal size
        within = int(np.flatnonzero(mean <= mean[best] + se)[0])
        assert found["choices"][m].tolist() == [best, within]


def test_the_lines_to_copy_give_the_same_numbers(capsys):
    for n, correlation, seed in ((40, 0.997, 0), (60, 0.5, 1)):
        found, names = twins(n, correlation, seed), {}
        assert max(map(len, found["python"].splitlines())) <= 125
        exec(found["python"], names)
        assert capsys.readouterr().out
        assert names["weights"] == pytest.approx(found["weights"], rel=1e-6, abs=1e-6)
        for name in ("counts", "choices", "alphas"):
            assert np.asarray(names[name]) == pytest.approx(found[name], rel=1e-12)
        assert names["apart"] == pytest.approx(found["apart"], rel=1e-9, abs=1e-12)


def test_it_ends_where_it_is_told_to():
    stages = []
    key = "twins?correlation=0.8&n=200&seed=1"
    found = compute(key, lambda stage, share: stages.append((stage, share)))
    assert found["key"] == key and stages[-1] == ("done", 1.0)
    assert all(0 <= share <= 1 for _, share in stages) and len(stages) >= 6
    for stop in (0, 1, 5):  # how often progress is told after that depends on the time it takes
        calls = []

        def enough(stage, share, stop=stop, calls=calls):
            calls.append(stage)
            if len(calls) > stop:
                raise Cancelled

        with pytest.raises(Cancelled):
            compute(key, enough)
        assert len(calls) == stop + 1


@pytest.mark.parametrize(
    "text",
    [
        "twins?correlation=0.998&n=40&seed=0",
        "twins?correlation=1&n=40&seed=0",
        "twins?correlation=0.8&n=50&seed=0",
        "twins?correlation=0.8&n=40&seed=3",
        "twins?n=40&correlation=0.8&seed=0",
    ],
)
def test_other_twins_are_refused(text):
    with pytest.raises(UsageError):
        Key.parse(text)
