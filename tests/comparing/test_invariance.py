"""What must not change a comparison, and what must change it in a known way."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from bridle.comparing import Comparison
from bridle.comparing import compare as compare_all

compare = partial(compare_all, networks=False)  # networks have tests of their own

NAMES = ("null", "least_squares", "ridge", "lasso", "elastic_net")


def _data(n: int = 90, p: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(n, p))
    return x, x[:, 0] - 2 * x[:, 1] + rng.normal(size=n), rng.integers(0, 5, n)


def _same(a: Comparison, b: Comparison, factor: float = 1.0, rtol: float = 1e-8) -> None:
    for name in NAMES:
        one, two = a.row(name), b.row(name)
        np.testing.assert_allclose(two.fold_errors, factor * one.fold_errors, rtol=rtol)
        assert two.standard_error == pytest.approx(factor * one.standard_error, rel=rtol)
        np.testing.assert_allclose(two.effects, one.effects, rtol=1e-6, atol=1e-9)
        assert two.n_variables == one.n_variables
    assert a.recommended.name == b.recommended.name
    for d, e in zip(a.differences, b.differences):
        assert (e.name, e.verdict) == (d.name, d.verdict)
        assert (e.low, e.high) == pytest.approx(
            (factor * d.low, factor * d.high), rel=1e-5, abs=1e-9 * factor
        )


def test_the_order_of_the_rows_does_not_matter() -> None:
    x, y, folds = _data()
    order = np.random.default_rng(1).permutation(len(y))
    _same(compare(x, y, folds=folds), compare(x[order], y[order], folds=folds[order]))


def test_a_weight_of_two_is_a_row_given_twice() -> None:
    x, y, folds = _data()
    w = np.random.default_rng(2).integers(0, 4, len(y))
    again = np.repeat(np.arange(len(y)), w)
    _same(
        compare(x, y, folds=folds, weights=w.astype(float)),
        compare(x[again], y[again], folds=folds[again]),
    )


def test_the_unit_and_the_zero_of_the_target_do_not_matter() -> None:
    x, y, folds = _data()
    _same(compare(x, y, folds=folds), compare(x, 250 * y - 40, folds=folds), factor=250.0**2)


def test_the_units_of_the_columns_do_not_matter() -> None:
    x, y, folds = _data()
    _same(compare(x, y, folds=folds), compare(x * np.geomspace(1e-3, 1e3, 6) + 5, y, folds=folds))


def test_sparse_and_dense_say_the_same() -> None:
    x, y, folds = _data()
    x = np.where(np.abs(x) < 0.8, 0.0, x)
    _same(compare(x, y, folds=folds), compare(sp.csr_array(x), y, folds=folds))


def test_threads_change_nothing() -> None:
    x, y, folds = _data()
    one, two = (compare(x, y, folds=folds, threads=t) for t in (1, 2))
    for name in NAMES:
        assert one.row(name).fold_errors.tolist() == two.row(name).fold_errors.tolist()


def test_a_duplicated_column_changes_no_prediction_of_least_squares() -> None:
    x, y, folds = _data()
    plain = compare(x, y, folds=folds).row("least_squares")
    double = compare(np.column_stack([x, x[:, 1], x[:, 2] - x[:, 0]]), y, folds=folds).row("least_squares")
    np.testing.assert_allclose(double.fold_errors, plain.fold_errors, rtol=1e-9)
    assert double.n_columns == plain.n_columns == 6
    assert double.certified
    assert double.note.startswith("2 columns that others determine")


def test_the_data_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from bridle.fitting import intake

    read: list[Any] = []
    original = intake.prepare
    monkeypatch.setattr(intake, "prepare", lambda *a, **k: (read.append(1), original(*a, **k))[1])
    x, y, folds = _data()
    compare(x, y, folds=folds)
    assert len(read) == 1
