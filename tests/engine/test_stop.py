"""stop="auto": paths on wide tables end once the error on other rows has turned in every fold, and nothing else changes."""

import numpy as np
import pytest
import scipy.sparse as sp

import bridle


@pytest.fixture
def wide(monkeypatch):
    """Small tables are solved as large ones of their kind."""
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: "columns")


def table(seed, signal, n=90, p=900):
    random = np.random.default_rng(seed)
    X = random.standard_normal((n, p)) + random.uniform(-2, 2, p)
    return X, X[:, :6] @ random.standard_normal(6) * signal + random.standard_normal(n)


def turned(errors):
    """What the docstring says, of one fold's errors."""
    least = int(np.argmin(errors))
    rise = max(0.05 * (errors[0] - errors[least]), 0.01 * errors[least])
    return len(errors) - least > 5 and (errors[-5:] > errors[least] + rise).all()


@pytest.mark.parametrize("signal", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("storage", [np.asarray, lambda X: sp.csc_array(np.where(X > 1.5, X, 0.0))])
def test_the_curves_are_shorter_and_nothing_else_is_different(wide, storage, seed, signal):
    X, y = table(seed, signal)
    settings = {"l1_ratios": [0.5, 1.0], "folds": 4, "seed": seed, "nested": False}
    early = bridle.fit(storage(X), y, stop="auto", **settings)
    whole = bridle.fit(storage(X), y, **settings)
    for short, long in zip(early.selection.curves, whole.selection.curves):
        done = len(short.alphas)
        assert np.abs(short.fold_errors / long.fold_errors[:, :done] - 1).max() <= 1e-8
        assert (short.alphas == long.alphas[:done]).all() and (short.n_nonzero == long.n_nonzero[:done]).all()
        ends = [all(turned(errors[: k + 1]) for errors in long.fold_errors) for k in range(len(long.alphas))]
        assert done == (ends.index(True) + 1 if any(ends) else len(long.alphas))
    for rule in ("min", "1se"):
        one, other = early.selection.choices[rule], whole.selection.choices[rule]
        assert (one.alpha, one.l1_ratio, one.n_columns) == (other.alpha, other.l1_ratio, other.n_columns)
    assert np.abs(early.coef - whole.coef).max() <= 1e-9 and early.certificate.certified
    assert len(early.path) == len(early.selection.curve(early.l1_ratio).alphas)


def test_an_error_that_never_turns_ends_nothing(wide):
    random = np.random.default_rng(1)
    X = random.standard_normal((120, 500))
    y = X[:, :3] @ [3.0, -2.0, 1.0]
    model = bridle.fit(X, y, l1_ratios=1.0, nested=False, stop="auto")
    assert len(model.path) == 100


def test_nested_errors_are_those_of_the_whole_path(wide):
    X, y = table(3, 0.0, p=600)
    early, whole = (bridle.fit(X, y, l1_ratios=1.0, folds=4, stop=stop) for stop in ("auto", None))
    assert len(early.path) < len(whole.path)
    assert early.selection.nested.error == pytest.approx(whole.selection.nested.error, rel=1e-8)
    assert early.alpha == whole.alpha


def test_a_tall_table_is_solved_as_ever():
    X, y = table(0, 1.0, n=400, p=20)
    early, whole = (bridle.fit(X, y, stop=stop) for stop in ("auto", None))
    assert early.selection.choices == whole.selection.choices
    assert [len(curve.alphas) for curve in early.selection.curves] == [100] * 4


def test_another_value_is_refused():
    X, y = table(0, 1.0, p=20)
    with pytest.raises(bridle.errors.UsageError, match="stop must be None or \"auto\", not 'soon'"):
        bridle.fit(X, y, stop="soon")
