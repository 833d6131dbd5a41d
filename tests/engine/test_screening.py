"""The solver for wide tables, which screens quantized columns, against the one on moments: the same answers to 1e-8."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import bridle

NEAR = 1e-8
RATIOS = [0.0, 0.5, 0.9, 1.0]


def made(n=60, p=90, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.exp(rng.uniform(-2, 2, p)) + rng.uniform(-3, 3, p)
    return X, X[:, :4] @ rng.uniform(0.5, 2, 4) + rng.standard_normal(n)


def with_constants(X):
    X = X.copy()
    X[:, 7], X[:, 20] = 3.0, 0.0
    return X


def with_outliers(X):
    X = X.copy()
    X[5, 9], X[8, 0], X[11, 12] = 1e8, -1e8, 1e5
    return X


def with_denormals(X):
    X = X.copy()
    X[::3, 11], X[1::3, 13], X[:, 15] = 5e-324, -1e-310, 1e-310
    return X


def sparse(X):
    return sp.csr_array(np.where(np.abs(X) > 1.5, X, 0.0))


def counts(X):
    return np.round(X * 2).astype(np.int64)


def dataframe(X):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(X[:, :20]).add_prefix("c")
    frame["c1"] = frame["c1"].mask(rng.random(len(X)) < 0.2)
    frame.insert(3, "level", rng.choice(list("pqrst"), len(X)))
    frame["flag"] = rng.random(len(X)) < 0.4
    return frame


TABLES = {
    "dense": lambda X: X,
    "tall": lambda X: np.ascontiguousarray(X[:, :12]),
    "float32": lambda X: X.astype(np.float32),
    "F order": np.asfortranarray,
    "sparse rows": sparse,
    "sparse columns": lambda X: sparse(X).tocsc(),
    "counts": counts,
    "dataframe": dataframe,
    "constant columns": with_constants,
    "outliers": with_outliers,
    "denormal cells": with_denormals,
}
SETTINGS = {
    "plain": lambda n, p: {},
    "weights": lambda n, p: {"weights": np.random.default_rng(2).integers(0, 4, n) + 0.0},
    "factors": lambda n, p: {"penalty_factors": np.random.default_rng(3).choice([0.3, 1, 3, np.inf], p)},
    "one column not penalized": lambda n, p: {"penalty_factors": (np.arange(p) != 2) * 1.0},
    "nonnegative": lambda n, p: {"lower": 0.0},
    "box": lambda n, p: {"lower": -0.1, "upper": 0.2},
    "no intercept": lambda n, p: {"fit_intercept": False},
    "no scaling": lambda n, p: {"standardize": False},
    "neither": lambda n, p: {"standardize": False, "fit_intercept": False},
}


def both(monkeypatch, call):
    out = []
    for name in ("columns", "moments"):
        monkeypatch.setattr("bridle.solvers.auto.choose", lambda design, name=name: name)
        out.append(call())
        assert out[-1].solver in (name, "kernel")  # ridge of wide tables goes through the kernel matrix
    return out


def agree(found, wanted, y):
    assert np.abs(found.x_scale - wanted.x_scale).max() <= 1e-9 * np.abs(wanted.x_scale).max()
    fitted = np.abs(found.coefs - wanted.coefs) * wanted.x_scale / y.std()
    assert fitted.max() <= NEAR
    assert np.abs(found.alphas / wanted.alphas - 1).max() <= 1e-9
    assert np.abs(found.train_error - wanted.train_error).max() <= NEAR * y.var()


@pytest.mark.parametrize("l1_ratio", RATIOS)
@pytest.mark.parametrize("table", TABLES)
def test_paths_on_every_table(monkeypatch, table, l1_ratio):
    X, y = made()
    data = TABLES[table](X)
    settings = {"l1_ratio": l1_ratio, "n_alphas": 12}
    agree(*both(monkeypatch, lambda: bridle.path(data, y, **settings)), y)


@pytest.mark.parametrize("l1_ratio", RATIOS)
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("storage", [np.asarray, sparse])
def test_paths_with_every_setting(monkeypatch, setting, l1_ratio, storage):
    X, y = made()
    data = storage(X)
    settings = {"l1_ratio": l1_ratio, "n_alphas": 12, **SETTINGS[setting](*X.shape)}
    agree(*both(monkeypatch, lambda: bridle.path(data, y, **settings)), y)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_duplicate_columns_share_their_coefficient(monkeypatch, l1_ratio, sign):
    X, y = made()
    X[:, 50], X[:, 51] = X[:, 0], sign * 3 * X[:, 0]
    columns, moments = both(monkeypatch, lambda: bridle.path(X, y, l1_ratio=l1_ratio, n_alphas=12))
    agree(columns, moments, y)
    standard = columns.coefs * columns.x_scale
    assert np.abs(standard[:, 50] - standard[:, 0]).max() <= NEAR * y.std()
    assert np.abs(sign * standard[:, 51] - standard[:, 0]).max() <= NEAR * y.std()


def test_duplicate_columns_of_a_lasso_predict_the_same(monkeypatch):
    X, y = made()
    X[:, 50], X[:, 51] = X[:, 0], -X[:, 0]
    columns, moments = both(monkeypatch, lambda: bridle.path(X, y, n_alphas=12))
    assert np.abs(columns.predict(X) - moments.predict(X)).max() <= 1e-7
    assert all(certificate.certified for certificate in columns.certify())


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("share", [0.02, 0.09])  # few entries: descent on them; more: their Gram
def test_sparse_columns_beside_full_ones(monkeypatch, share, weighted, fit_intercept):
    random = np.random.default_rng(3)
    n = 1100 if share < 1 / 16 else 120
    X = np.where(random.random((n, 300)) < share, 1 + random.standard_t(4, (n, 300)), 0.0)
    X[:, :20] = random.standard_normal((n, 20))
    y = X[:, :40] @ random.standard_normal(40) + random.standard_normal(n)
    few = share < 1 / 16
    ratios = [0.5, 0.9] if few else [0.5, 1.0]  # columns that share their only row are twins to a lasso
    weights = random.uniform(0.1, 3, n) if weighted else None
    settings = {"n_alphas": 15, "folds": 4, "l1_ratios": ratios, "nested": False, "weights": weights}
    data = sp.csc_array(X)
    columns, moments = both(monkeypatch, lambda: bridle.fit(data, y, fit_intercept=fit_intercept, **settings))
    for found, wanted in zip(columns.selection.curves, moments.selection.curves):
        assert np.abs(found.fold_errors / wanted.fold_errors - 1).max() <= (1e-4 if few else NEAR)
    assert columns.certificate.certified


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("weighted", [False, True])
def test_errors_of_every_fold(monkeypatch, table, weighted):
    X, y = made()
    data = TABLES[table](X)
    settings = {"n_alphas": 12, "folds": 3, "l1_ratios": [0.0, 0.5, 1.0], "out_of_fold": True}
    if weighted:
        settings["weights"] = np.random.default_rng(2).uniform(0.2, 3, len(y))
    columns, moments = both(monkeypatch, lambda: bridle.fit(data, y, **settings))
    for found, wanted in zip(columns.selection.curves, moments.selection.curves):
        assert np.abs(found.fold_errors / wanted.fold_errors - 1).max() <= NEAR
        assert np.abs(found.train_error - wanted.train_error).max() <= NEAR * y.var()
    assert columns.selection.null_error == pytest.approx(moments.selection.null_error, rel=1e-10)
    assert columns.selection.nested.error == pytest.approx(moments.selection.nested.error, rel=NEAR)
    assert columns.alpha == pytest.approx(moments.alpha, rel=1e-9)
    off = np.abs(columns.selection.out_of_fold - moments.selection.out_of_fold)
    assert (off <= NEAR * (np.abs(moments.selection.out_of_fold) + y.std())).all()
    assert columns.certificate.certified


@pytest.mark.parametrize("solver", ["columns", "moments"])
@pytest.mark.parametrize("sizes", [(0.0, 5e-324), (1e-310, 2e-310), (0.0, 1e-200)])
def test_columns_whose_squares_vanish_are_refused_by_name(monkeypatch, solver, sizes):
    X, y = made()
    X[:, 11] = np.where(X[:, 11] > 0, *sizes)
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: solver)
    for call in (bridle.path, bridle.fit):
        with pytest.raises(bridle.DataError, match="x11"):
            call(X, y)


@pytest.mark.parametrize("seed", range(5))
def test_many_more_columns_than_rows(monkeypatch, seed):
    X, y = made(80, 700, seed)
    columns, moments = both(monkeypatch, lambda: bridle.path(X, y, n_alphas=25))
    agree(columns, moments, y)
    assert np.array_equal(columns.n_nonzero, moments.n_nonzero)


def test_the_path_ends_where_it_was_told_to(monkeypatch):
    X, y = made()
    columns, moments = both(monkeypatch, lambda: bridle.path(X, y, max_nonzero=9))
    assert len(columns) == len(moments)
    agree(columns, moments, y)


HASH = """
import hashlib, numpy as np, bridle, scipy.sparse as sp
rng = np.random.default_rng(0)
total = hashlib.sha256()
for n, p in ((61, 1601), (133, 1777)):
    X = rng.standard_normal((n, p)) * np.exp(rng.uniform(-3, 3, p)) + rng.uniform(-3, 3, p)
    X[3, 5] = 1e8
    y = X[:, :5].sum(axis=1) + rng.standard_normal(n)
    w = rng.uniform(0.2, 3, n)
    for data in (X, X.astype(np.float32), sp.csr_array(np.where(abs(X) > 2, X, 0))):
        for settings in ({}, {"weights": w, "l1_ratio": 0.5}, {"standardize": False}):
            path = bridle.path(data, y, n_alphas=10, **settings)
            assert path.solver == "columns"
            for part in (path.coefs, path.gaps, path.intercepts):
                total.update(part.tobytes())
print(total.hexdigest())
"""


def test_every_kernel_screens_to_the_same_bits():
    found = set()
    for kernel in ("plain", "avx2", None):
        own = {name: value for name, value in os.environ.items() if name != "BRIDLE_SCREEN"}
        own |= {} if kernel is None else {"BRIDLE_SCREEN": kernel}
        done = subprocess.run(
            [sys.executable, "-c", HASH], env=own, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


PATHS = """
import sys, numpy as np, bridle
rng = np.random.default_rng(1)
X = rng.standard_normal((2_000, 130)) @ (np.eye(130) + 0.3 * rng.standard_normal((130, 130)))
y = X[:, :40] @ rng.standard_normal(40) + rng.standard_normal(2_000)
found = []
for data, family, target in ((X, "squared", y), (X[:150], "squared", y[:150]), (X, "binomial", y > 0)):
    for ratio in (1.0, 0.4):
        found.append(bridle.path(data, target, family=family, l1_ratio=ratio, n_alphas=12).coefs)
np.save(sys.argv[1], np.stack(found))
"""


def test_products_by_blas_lead_to_the_same_paths(tmp_path):
    """On processors without AVX-512 a library multiplies: the same paths to rounding."""
    found = []
    for name, own in (("own", {}), ("blas", {"BRIDLE_PRODUCTS": "blas"})):
        at = tmp_path / f"{name}.npy"
        kept = {key: value for key, value in os.environ.items() if key != "BRIDLE_PRODUCTS"}
        subprocess.run([sys.executable, "-c", PATHS, str(at)], env=kept | own, check=True)
        found.append(np.load(at))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6, atol=1e-8)
