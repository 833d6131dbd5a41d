"""The needles: every fit by the conditions of its optimum, errors recomputed, folds by scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Ridge

from bridle.errors import UsageError
from bridle.lab.keys import Key
from bridle.lab.lessons import compute
from bridle.lab.needles import table
from bridle.lab.work import Cancelled

RATIOS = (0.0, 0.5, 1.0)


@pytest.fixture(scope="module")
def needles():
    known = {}

    def made(n, seed):
        if (n, seed) not in known:
            known[n, seed] = compute(f"needles?n={n}&seed={seed}")
        return known[n, seed]

    return made


def coefs_of(found, m):
    """The weights (A, 1000) as the page puts them together."""
    if m == 0:
        return found["ridge_coefs"].astype(float)
    out = np.zeros((40, 1000))
    starts, columns, values = (found[f"{name}_{m}"] for name in ("starts", "columns", "values"))
    for k in range(40):
        out[k, columns[starts[k] : starts[k + 1]]] = values[starts[k] : starts[k + 1]]
    return out


def test_the_haystack_is_as_it_is_described():
    X, y, fresh, fresh_y, weights = table(600, 1)
    assert X.shape == (600, 1000) and fresh.shape == (2000, 1000)
    sizes = np.sort(np.abs(weights[weights != 0]))
    assert sizes == pytest.approx(np.linspace(0.1, 1, 50)) and (weights > 0).sum() == 25
    for rows, target in ((X, y), (fresh, fresh_y)):
        assert (target - rows @ weights).std() == pytest.approx(1, abs=0.07)
        assert rows.mean() == pytest.approx(0, abs=0.005) and rows.std() == pytest.approx(1, abs=0.005)
    few, few_y, same, _, _ = table(150, 1)
    assert (few == X[:150]).all() and few_y == pytest.approx(y[:150]) and (same == fresh).all()
    assert (np.flatnonzero(table(150, 0)[4]) != np.flatnonzero(weights)).any()


@pytest.mark.parametrize(("n", "seed"), [(300, 0), (150, 1), (600, 2)])
def test_every_fit_meets_the_conditions_of_its_optimum(needles, n, seed):
    found = needles(n, seed)
    X, y, *_ = table(n, seed)
    Z, t = (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()
    for m, ratio in enumerate(RATIOS):
        w = coefs_of(found, m) * X.std(axis=0) / y.std()
        alphas = found["alphas"][m][:, None]
        pull = (t - w @ Z.T) @ Z / n - alphas * (1 - ratio) * w
        kept = w != 0
        slack = 2e-6 * (1 + alphas)  # seven digits of each weight are kept
        assert (np.abs(np.where(kept, pull - alphas * ratio * np.sign(w), 0)) <= slack).all()
        assert (np.abs(np.where(kept, 0, pull)) <= alphas * ratio + slack).all()
        assert kept.all() if ratio == 0 else kept[0].sum() <= 2


def test_errors_and_counts_are_those_of_the_weights(needles):
    found = needles(300, 0)
    X, y, fresh, fresh_y, weights = table(300, 0)
    assert (found["weights"] == weights).all()
    assert found["null_error"] == pytest.approx(((fresh_y - y.mean()) ** 2).mean(), rel=1e-12)
    assert found["noise_error"] == pytest.approx(((fresh_y - fresh @ weights) ** 2).mean(), rel=1e-12)
    for m in range(3):
        w = coefs_of(found, m)
        off = fresh_y[:, None] - (fresh - X.mean(axis=0)) @ w.T - y.mean()
        assert found["fresh_error"][m] == pytest.approx((off**2).mean(axis=0), rel=1e-5)
        assert (found["n_nonzero"][m] == (w != 0).sum(axis=1)).all()
        for k in range(40):
            kept = set(np.flatnonzero(w[k]).tolist())
            assert found["true_kept"][m, k] == len(kept & set(np.flatnonzero(weights).tolist()))


def test_the_cross_validated_errors_are_scikit_learns(needles):
    n, seed = 300, 1
    found = needles(n, seed)
    X, y, *_ = table(n, seed)
    fold = np.empty(n, dtype=int)
    fold[np.random.default_rng([seed, 0]).permutation(n)] = np.arange(n) * 5 // n
    for m, k in ((0, 5), (0, 16), (1, 14), (2, 10), (2, 17)):
        ratio, alpha, errors = RATIOS[m], found["alphas"][m, k], []
        for f in range(5):
            train = fold != f
            mean, sd, target = X[train].mean(axis=0), X[train].std(axis=0), y[train].std()
            Z, t = (X[train] - mean) / sd, (y[train] - y[train].mean()) / target
            solver = (
                Ridge(alpha * train.sum(), fit_intercept=False)
                if ratio == 0
                else ElasticNet(alpha, l1_ratio=ratio, fit_intercept=False, tol=1e-9, max_iter=100_000)
            )
            w = solver.fit(Z, t).coef_ * target
            errors.append(((y[~train] - y[train].mean() - (X[~train] - mean) / sd @ w) ** 2).mean())
        assert found["cv_mean"][m, k] == pytest.approx(np.mean(errors), rel=2e-5)
        assert found["cv_se"][m, k] == pytest.approx(np.std(errors) / 2, rel=2e-4)


@pytest.mark.parametrize(("n", "seed"), [(300, 0), (300, 1), (600, 2), (150, 1)])
def test_what_the_lesson_says_is_so(needles, n, seed):
    found = needles(n, seed)
    kept, true, error = found["n_nonzero"], found["true_kept"], found["fresh_error"]
    for m in range(3):
        mean, se = found["cv_mean"][m], found["cv_se"][m]
        least = int(np.argmin(mean))
        within = int(np.flatnonzero(mean <= mean[least] + se[least])[0])
        assert found["choices"][m].tolist() == [least, within]
    ridge, _, lasso = found["choices"]
    assert error[2, lasso[0]] < error[0, ridge[0]]  # L1 wins
    assert 2 * true[2, lasso[0]] < kept[2, lasso[0]]  # and most of what it keeps is not real
    assert kept[2, lasso[1]] < kept[2, lasso[0]]  # 1-SE keeps fewer: real ones and others
    assert (kept - true)[2, lasso[1]] < (kept - true)[2, lasso[0]] and true[2, lasso[1]] <= true[2, lasso[0]]
    assert 0 < lasso[0] < 39  # the valley lies within the path


def test_the_lines_to_copy_give_the_same_numbers(needles, capsys):
    found, names = needles(300, 0), {}
    assert max(map(len, found["python"].splitlines())) <= 125
    exec(found["python"], names)
    assert capsys.readouterr().out
    assert names["errors"] == pytest.approx(found["fresh_error"], rel=1e-8)
    for name, field in (("kept", "n_nonzero"), ("true", "true_kept"), ("choices", "choices")):
        assert (np.asarray(names[name]) == found[field]).all()
    for m, model in enumerate(names["models"]):
        assert model.path.alphas == pytest.approx(found["alphas"][m], rel=1e-12)
        assert model.path.coefs == pytest.approx(coefs_of(found, m), rel=1e-6, abs=1e-7)
        assert model.selection.curves[0].mean == pytest.approx(found["cv_mean"][m], rel=1e-8)


def test_it_ends_where_it_is_told_to():
    key, stages = "needles?n=150&seed=2", []
    found = compute(key, lambda stage, share: stages.append((stage, share)))
    assert found["key"] == key and stages[-1] == ("done", 1.0) and len(stages) > 10
    shares = [share for _, share in stages]
    assert shares == sorted(shares) and shares[0] == 0
    assert {"lasso", "elastic net", "ridge"} <= {stage for stage, _ in stages}
    for stop in (0, 1, 5):  # how often work is told of depends on how long it takes
        calls = []

        def enough(stage, share, stop=stop, calls=calls):
            calls.append(stage)
            if len(calls) > stop:
                raise Cancelled

        with pytest.raises(Cancelled):
            compute(key, enough)
        assert len(calls) == stop + 1


@pytest.mark.parametrize(
    "text", ["needles?n=100&seed=0", "needles?n=300&seed=5", "needles?n=300", "needles?seed=0&n=300"]
)
def test_other_haystacks_are_refused(text):
    with pytest.raises(UsageError):
        Key.parse(text)
