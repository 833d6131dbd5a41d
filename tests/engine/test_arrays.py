"""Arrays of every layout against plain float64 arrays in C order: same coefficients, or one clear typed error."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import bridle
from bridle.errors import BridleError, DataError, UsageError


def coefs(X, y, **settings):
    return bridle.path(X, y, alphas=[0.1], **settings).coefs


def odd_strides(X):
    cells = np.zeros(len(X), dtype=[("x", "f8", (X.shape[1],)), ("rest", "i4")])
    cells["x"] = X
    return cells["x"]


def misaligned(X):
    raw = np.frombuffer(b"\0" * 4 + X.tobytes(), dtype=np.uint8)
    return raw[4:].view("f8").reshape(X.shape)


def read_only(X):
    out = X.copy()
    out.flags.writeable = False
    return out


def wide_indices(X):
    out = sp.csr_matrix(X)
    out.indices, out.indptr = out.indices.astype(np.int64), out.indptr.astype(np.int64)
    return out


def duplicate_entries(X):
    n, p = X.shape
    rows, columns = np.repeat(np.arange(n), p), np.tile(np.arange(p), n)
    return sp.csr_matrix((np.tile(X.ravel() / 2, 2), (np.tile(rows, 2), np.tile(columns, 2))), shape=X.shape)


def unsorted(X):
    out = sp.csr_matrix(X)
    p = X.shape[1]
    for row in range(len(X)):
        piece = slice(row * p, (row + 1) * p)
        out.indices[piece] = out.indices[piece][::-1].copy()
        out.data[piece] = out.data[piece][::-1].copy()
    out.has_sorted_indices = False
    return out


LAYOUTS = {
    "F order": np.asfortranarray,
    "read-only": read_only,
    "byte-swapped": lambda X: X.astype(">f8"),
    "long double": lambda X: X.astype(np.longdouble),
    "negative strides": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "steps": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "strides of no whole cells": odd_strides,
    "misaligned": misaligned,
    "masked array without masked cells": lambda X: np.ma.masked_greater(X, 1e9),
    "64-bit indices": wide_indices,
    "duplicate entries": duplicate_entries,
    "unsorted entries": unsorted,
    **{f"{kind}_array": lambda X, kind=kind: getattr(sp, f"{kind}_array")(X) for kind in ["csr", "csc", "coo"]},
    **{f"{kind}_matrix": lambda X, kind=kind: getattr(sp, f"{kind}_matrix")(X) for kind in ["csr", "lil", "dia", "bsr"]},
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_same_answer_whatever_the_layout(table, layout):
    X, y = table
    assert np.abs(coefs(LAYOUTS[layout](X), y) - coefs(X, y)).max() < 1e-13


def test_memory_mapped(table, tmp_path):
    X, y = table
    np.save(tmp_path / "X.npy", X)
    assert np.array_equal(coefs(np.load(tmp_path / "X.npy", mmap_mode="r"), y), coefs(X, y))


@pytest.mark.parametrize("target", [lambda y: y[:, None], lambda y: y.astype(">f8"), lambda y: list(y)])
def test_targets_taken_as_they_are(table, target):
    X, y = table
    assert np.array_equal(coefs(X, target(y)), coefs(X, y))


BAD_X = {
    "one dimension": (lambda X: X[:, 0], "two"),
    "three dimensions": (lambda X: X[None], "two"),
    "no rows": (lambda X: X[:0], "no rows"),
    "no columns": (lambda X: X[:, :0], "no columns"),
    "complex": (lambda X: X + 1j, "complex"),
    "objects": (lambda X: X.astype(object), "objects"),
    "text": (lambda X: X.astype(str), "text"),
    "dates": (lambda X: X.astype("M8[s]"), "dates"),
    "NaN": (lambda X: np.where(np.equal(X, X[3, 2]), np.nan, X), 'row 4, column "x2"'),
    "infinite": (lambda X: np.where(np.equal(X, X[3, 2]), -np.inf, X), 'row 4, column "x2"'),
    "masked": (lambda X: np.ma.masked_greater(X, 1), "masked"),
    "sparse NaN": (lambda X: sp.csc_array(np.where(np.equal(X, X[3, 2]), np.nan, X)), 'row 4, column "x2"'),
    "sparse complex": (lambda X: sp.csr_array(X + 1j), "complex"),
}


@pytest.mark.parametrize("case", BAD_X)
def test_what_cannot_be_a_design_says_why(table, case):
    X, y = table
    make, words = BAD_X[case]
    bad = make(X)
    with pytest.raises(DataError, match=words):
        bridle.path(bad, y[: bad.shape[0]] if bad.ndim == 2 else y)


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_index_out_of_range_never_reaches_the_kernels(table):
    X, y = table
    bad = sp.csr_matrix(X)
    bad.indices[0] = 99
    with pytest.raises(DataError, match="damaged"):
        bridle.path(bad, y)


BAD_Y = {
    "short": (lambda y: y[:-1], "shape"),
    "row": (lambda y: y[None], "shape"),
    "NaN": (lambda y: np.where(y == y[5], np.nan, y), "row 6"),
    "infinite": (lambda y: np.where(y == y[5], np.inf, y), "row 6"),
    "None": (lambda y: np.array([*y[:5], None, *y[6:]], dtype=object), "row 6"),
    "complex": (lambda y: y + 1j, "complex"),
    "dates": (lambda y: np.arange(len(y)).astype("M8[D]"), "date|datetime"),
    "durations": (lambda y: np.arange(len(y)).astype("m8[D]"), "duration|timedelta"),
    "words": (lambda y: np.array(["a"] * len(y)), "not numbers"),
}


@pytest.mark.parametrize("case", BAD_Y)
def test_what_cannot_be_a_target_says_why(table, case):
    X, y = table
    make, words = BAD_Y[case]
    with pytest.raises(DataError, match=words):
        bridle.path(X, make(y))


BAD_WEIGHTS = {
    "NaN": (lambda n: np.where(np.arange(n) == 3, np.nan, 1.0), "row 4"),
    "infinite": (lambda n: np.where(np.arange(n) == 3, np.inf, 1.0), "row 4"),
    "negative": (lambda n: np.where(np.arange(n) == 3, -1.0, 1.0), "row 4"),
    "all zero": (np.zeros, "positive"),
    "one positive": (lambda n: np.eye(1, n)[0], "positive"),
    "short": (lambda n: np.ones(n - 1), "shape"),
    "column": (lambda n: np.ones((n, 1)), "shape"),
    "complex": (lambda n: np.ones(n) + 1j, "complex"),
    "dates": (lambda n: np.arange(n).astype("M8[D]"), "date|datetime"),
    "words": (lambda n: ["a"] * n, "not numbers"),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
def test_what_cannot_be_weights_says_why(table, case):
    X, y = table
    make, words = BAD_WEIGHTS[case]
    with pytest.raises(DataError, match=words):
        bridle.path(X, y, weights=make(len(y)))


@pytest.mark.parametrize("weight", [1e-320, 1e-308, 1e-150, 1e150, 1e300])
def test_only_ratios_of_weights_matter(table, weight):
    X, y = table
    assert np.abs(coefs(X, y, weights=np.full(len(y), weight)) - coefs(X, y)).max() < 1e-9


ARGUMENTS = [
    {"penalty_factors": "abc"}, {"penalty_factors": ["a"] * 5}, {"penalty_factors": [1, 1, np.nan, 1, 1]},
    {"penalty_factors": [1, 1, -1, 1, 1]}, {"penalty_factors": {"x0": "a"}}, {"penalty_factors": {"zz": 1}},
    {"lower": 1.0}, {"lower": np.nan}, {"lower": "a"}, {"upper": [1, 2]}, {"upper": -1.0},
    {"alphas": ["a"]}, {"alphas": []}, {"alphas": [-1]}, {"alphas": [np.nan]}, {"alphas": [np.inf]},
    {"n_alphas": 0}, {"n_alphas": 2.5}, {"threads": 0}, {"threads": "2"},
]  # fmt: skip
OF_PATH = [{"l1_ratio": value} for value in ("a", None, np.nan, -0.1, 1.1)]
OF_PATH += [{"tolerance": -1.0}, {"tolerance": np.nan}, {"max_nonzero": -1}]
OF_FIT = [
    {"l1_ratios": "abc"}, {"l1_ratios": []}, {"l1_ratios": [0.5, np.nan]}, {"rule": "best"}, {"max_variables": 0},
    {"seed": -1}, {"seed": 1.5}, {"seed": None}, {"repeats": 0}, {"repeats": 1.5}, {"folds": 1}, {"folds": -3},
    {"folds": 61}, {"folds": True}, {"folds": np.nan}, {"folds": "five"}, {"folds": []}, {"folds": 1.5},
    {"folds": [([0, 1], [1, 2])]}, {"folds": [([0, 1], [99])]}, {"folds": [([], [1])]},
    {"groups": [1, 2]}, {"order": [1, 2]}, {"stratify": [1, 2]}, {"stratify": "colour"}, {"scale": "nobody's"},
    {"groups": np.array([1, "a", None] * 20, dtype=object)}, {"order": np.array([1, "a", None] * 20, dtype=object)},
    {"stratify": np.array([1, "a", None] * 20, dtype=object)},
]  # fmt: skip


@pytest.mark.parametrize("settings", ARGUMENTS + OF_PATH, ids=repr)
def test_arguments_of_path_that_make_no_sense(table, settings):
    with pytest.raises(BridleError):
        bridle.path(*table, **settings)


@pytest.mark.parametrize("settings", ARGUMENTS + OF_FIT, ids=repr)
def test_arguments_of_fit_that_make_no_sense(table, settings):
    with pytest.raises(BridleError):
        bridle.fit(*table, **settings)


def test_an_array_needs_a_target(table):
    with pytest.raises(UsageError, match="target"):
        bridle.fit(table[0])
