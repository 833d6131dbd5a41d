"""Arrays of every type and layout, damaged ones too, through every way to fit and to predict."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hostile_kit import (
    ESTIMATORS,
    WAYS,
    WITHIN_SINGLE,
    Known,
    must_answer,
    must_refuse,
    refused,
    settle,
    table,
    table_of,
)

import bridle

X, Y = table()
WHOLE = np.round(X * 10)
NAMES = list("abcde")
FRAME = pd.DataFrame(X, columns=NAMES)
EST = list(ESTIMATORS)
ARRAYS_ONLY = ["path", "fit"]


def odd_strides() -> Any:
    cells = np.zeros(60, dtype=[("x", "f8", (5,)), ("rest", "i4")])
    cells["x"] = X
    return cells["x"]


def misaligned() -> Any:
    return np.frombuffer(b"\0" * 4 + X.tobytes(), dtype=np.uint8)[4:].view("f8").reshape(X.shape)


def read_only() -> Any:
    out = X.copy()
    out.flags.writeable = False
    return out


def mapped() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.npy"
        np.save(path, X)
        return np.load(path, mmap_mode="r")


def sparse(kind: str) -> Any:
    out = sp.csr_matrix(X)
    if kind == "64-bit":
        out.indices, out.indptr = out.indices.astype(np.int64), out.indptr.astype(np.int64)
    elif kind == "unsorted":
        for row in range(60):
            piece = slice(row * 5, row * 5 + 5)
            out.indices[piece], out.data[piece] = (
                out.indices[piece][::-1].copy(),
                out.data[piece][::-1].copy(),
            )
        out.has_sorted_indices = False
    elif kind == "unsorted, and says it is sorted":
        out.indices[:5], out.data[:5] = out.indices[:5][::-1].copy(), out.data[:5][::-1].copy()
        out.has_sorted_indices = out.has_canonical_format = True
    elif kind == "duplicates":
        rows, columns = np.repeat(A60, 5), np.tile(np.arange(5), 60)
        out = sp.coo_matrix(
            (np.tile(X.ravel() / 2, 2), (np.tile(rows, 2), np.tile(columns, 2))), shape=X.shape
        )
    elif kind == "stored zeros":
        out.data[::7] = 0.0
    return out


A60 = np.arange(60)
ZEROED = X.ravel().copy()
ZEROED[::7] = 0.0

KINDS = [f"{kind}_matrix" for kind in ("csr", "csc", "coo", "dok", "lil")]
KINDS += [f"{kind}_array" for kind in ("csr", "csc", "coo", "bsr", "dia")]
ORDERS = ["64-bit", "unsorted", "duplicates", "unsorted, and says it is sorted"]
# case -> (X, the same numbers as floats).
READ: dict[str, tuple[Callable[[], Any], Any]] = {
    "F order": (lambda: np.asfortranarray(X), X),
    "read-only": (read_only, X),
    "byte-swapped": (lambda: X.astype(">f8"), X),
    "negative strides": (lambda: X[::-1, ::-1].copy()[::-1, ::-1], X),
    "steps": (lambda: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3], X),
    "a field of a record": (odd_strides, X),
    "misaligned": (misaligned, X),
    "memory-mapped": (mapped, X),
    "broadcast columns": (lambda: np.broadcast_to(X[:, :1], (60, 5)), np.repeat(X[:, :1], 5, axis=1)),
    "float32": (lambda: X.astype(np.float32), X.astype(np.float32)),
    "float16": (lambda: X.astype(np.float16), X.astype(np.float16)),
    "long double": (lambda: X.astype(np.longdouble), X),
    "bool": (lambda: X > 0, X > 0),
    "int8": (lambda: WHOLE.astype(np.int8), WHOLE),
    "uint64": (lambda: np.abs(WHOLE).astype(np.uint64), np.abs(WHOLE)),
    "subclass": (lambda: X.view(type("Own", (np.ndarray,), {})), X),
    "masked, nothing hidden": (lambda: np.ma.masked_greater(X, 99), X),
    "pandas": (lambda: FRAME.copy(), X),
    "pandas, nullable": (lambda: FRAME.astype("Float64"), X),
    "pandas, arrow": (lambda: FRAME.astype("float64[pyarrow]"), X),
    "pandas, names of numbers": (lambda: pd.DataFrame(X), X),
    "polars": (lambda: pl.DataFrame(X, schema=NAMES), X),
    **{kind: (partial(getattr(sp, kind), X), X) for kind in KINDS},
    **{f"sparse, {kind}": (partial(sparse, kind), X) for kind in ORDERS},
    "sparse, stored zeros": (lambda: sparse("stored zeros"), ZEROED.reshape(60, 5)),
    "sparse, integers": (lambda: sp.csr_array(WHOLE.astype(np.int64)), WHOLE),
    "sparse, float32": (lambda: sp.csc_array(X.astype(np.float32)), X.astype(np.float32)),
}  # fmt: skip
# Read by scikit-learn's rules, or refused with a word on what to pass instead.
EITHER: dict[str, tuple[Callable[[], Any], Any]] = {
    "np.matrix": (lambda: np.asmatrix(X), X),
    "objects": (lambda: X.astype(object), X),
    "Decimal": (lambda: np.array([[Decimal(repr(float(c))) for c in row] for row in X]), X),
    "numbers spelt": (lambda: X.astype(str), X),
    "numbers spelt in bytes": (lambda: X.astype("S32"), X),
    "list of lists": (lambda: X.tolist(), X),
    "dates": (lambda: (WHOLE * 1e6).astype("M8[s]"), WHOLE * 1e6),
    "durations": (lambda: (WHOLE * 1e6).astype("m8[s]"), WHOLE * 1e6),
    "pandas, repeated names": (lambda: pd.DataFrame(X, columns=list("aabcd")), X),
    "pandas, categories": (lambda: FRAME.assign(a=pd.Categorical(WHOLE[:, 0])), np.c_[WHOLE[:, :1], X[:, 1:]]),
    "large Python integers": (lambda: np.array([[int(c) * 10**30 for c in row] for row in WHOLE], dtype=object),
                              WHOLE * 1e30),
}  # fmt: skip
# Nothing but an error will do.
NO_ARRAY: dict[str, Callable[[], Any]] = {
    "complex": lambda: X + 1j, "complex without an imaginary part": lambda: X + 0j,
    "words": lambda: np.full((60, 5), "a"), "bytes": lambda: np.full((60, 5), b"a"),
    "masked": lambda: np.ma.masked_greater(X, 1), "a record": lambda: np.zeros(60, dtype=[(c, "f8") for c in NAMES]),
    "one dimension": lambda: X[:, 0], "three dimensions": lambda: X[None], "no dimension": lambda: np.float64(3),
    "None": lambda: None, "dict": lambda: {"a": 1}, "ragged": lambda: [[1, 2], [3]] * 30, "set": lambda: {1, 2},
    "Nones": lambda: [[None] * 5] * 60, "objects with None": lambda: np.where(X > 1, None, X), "text": lambda: "X",
    "generator": lambda: (row for row in X), "too large an integer": lambda: np.array([[10**400] * 5] * 60, dtype=object),
    "too large a long double": lambda: X.astype(np.longdouble) * np.longdouble("1e4000"),
    "integers that float64 cannot tell apart": lambda: np.abs(WHOLE).astype(np.uint64) + np.uint64(2**63),
    "pandas, NA": lambda: FRAME.astype("Float64").mask(FRAME > 1),
    "polars, null": lambda: pl.DataFrame({"a": [None, 1.0] * 30}),
    "sparse complex": lambda: sp.csr_array(X + 1j), "sparse without rows": lambda: sp.csr_array((0, 5)),
    "sparse without columns": lambda: sp.csr_array((60, 0)), "pandas, words": lambda: FRAME.assign(a="x"),
    "pandas, time zones": lambda: FRAME.assign(a=pd.date_range("2024", periods=60, tz="Europe/Paris")),
}  # fmt: skip
# bridle.fit and bridle.path know what to do with these in a dataframe: they encode and fill in.
OF_FRAMES = ["pandas, NA", "pandas, words", "pandas, time zones", "polars, null", "pandas, categories"]


def damaged(kind: str) -> Any:
    out: Any = sp.csr_matrix(X)
    if kind == "index beyond the columns":
        out.indices[0] = 10**8
    elif kind == "index one beyond":
        out.indices[4] = 5
    elif kind == "negative index":
        out.indices[0] = -(10**8)
    elif kind == "row ends beyond the data":
        out.indptr[-1] = 10**8
    elif kind == "row ends decrease":
        out.indptr[2], out.indptr[3] = 50, 0
    elif kind == "row starts before the data":
        out.indptr[0] = -(10**7)
    elif kind == "data too short":
        out.data = out.data[:10]
    elif kind == "indices too short":
        out.indices = out.indices[:10]
    elif kind == "shape that lies":
        out._shape = (10**7, 5)
    elif kind == "csc":
        out = sp.csc_matrix(X)
        out.indices[0] = 10**8
    elif kind == "coo":
        out = sp.coo_matrix(X)
        out.coords[0][0] = 10**8
    elif kind == "coo, negative":
        out = sp.coo_matrix(X)
        out.coords[1][0] = -(10**8)
    elif kind == "lil":
        out = sp.lil_matrix(X)
        out.rows[0] = [10**8, *out.rows[0][1:]]
    elif kind == "dok":
        out = sp.dok_matrix(X)
        out._dict[(10**8, 3)] = 1.0
    elif kind == "bsr":
        out = sp.bsr_matrix(X, blocksize=(2, 1))
        out.indices[0] = 10**8
    return out


DAMAGED = [
    "index beyond the columns", "index one beyond", "negative index", "row ends beyond the data", "row ends decrease",
    "row starts before the data", "data too short", "indices too short", "shape that lies", "csc", "coo",
    "coo, negative", "lil", "dok", "bsr",
]  # fmt: skip
TARGETS: dict[str, Callable[[], Any]] = {
    "short": lambda: Y[:-1], "a row": lambda: Y[None], "complex": lambda: Y + 1j, "words": lambda: np.array(["a"] * 60),
    "None": lambda: None, "objects with None": lambda: np.where(Y > 1, None, Y), "empty": list,
    "three dimensions": lambda: Y[:, None, None], "masked": lambda: np.ma.masked_greater(Y, 1), "dict": dict,
}  # fmt: skip
ODD_TARGETS: dict[str, tuple[Callable[[], Any], Any]] = {
    "list": (lambda: Y.tolist(), Y), "byte-swapped": (lambda: Y.astype(">f8"), Y), "bool": (lambda: Y > 0, Y > 0),
    "int8": (lambda: np.round(Y).astype(np.int8), np.round(Y)),
    "float16": (lambda: Y.astype(np.float16), Y.astype(np.float16)),
    "series": (lambda: pd.Series(Y, index=A60[::-1]), Y), "polars": (lambda: pl.Series(Y), Y),
    "every other": (lambda: np.repeat(Y, 2)[::2], Y), "reversed": (lambda: Y[::-1].copy()[::-1], Y),
    "long double": (lambda: Y.astype(np.longdouble), Y), "objects": (lambda: Y.astype(object), Y),
}  # fmt: skip


def check_read(case: str, way: str) -> None:
    make, exact = READ[case]
    must_answer(
        way,
        make(),
        Y,
        exact=np.asarray(exact, dtype=float),
        within=WITHIN_SINGLE if "float" in case else 2e-5,
    )


def check_either(case: str, way: str) -> None:
    make, exact = EITHER[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # np.matrix itself
        x = make()
    settle(way, x, Y, exact=exact, say="large" in case)


def check_no_array(case: str, way: str) -> None:
    must_refuse(way, NO_ARRAY[case](), Y)


def check_damaged(case: str, way: str) -> None:
    must_refuse(way, damaged(case), Y)


def check_target(case: str, way: str) -> None:
    must_refuse(way, X, TARGETS[case]())


def check_odd_target(case: str, way: str) -> None:
    make, exact = ODD_TARGETS[case]
    if (case, way) == ("bool", "fit"):  # two classes: another family is proposed, and kept
        model = bridle.fit(X, make())
        assert (
            model.family == "binomial" and model.classes == ("false", "true") and model.certificate.certified
        )
        return
    must_answer(way, X, make(), target=np.asarray(exact, dtype=float))


PREDICTORS = [*EST, "path", "fit"]
SAID: dict[str, tuple[Callable[[], Any], Any]] = {
    key: READ[key] for key in READ if not key.startswith("pandas") and key != "polars"
}
NOT_SAID: dict[str, Callable[[], Any]] = {
    **{key: make for key, make in NO_ARRAY.items() if "pandas" not in key and "apart" not in key and key != "polars, null"},
    "NaN": lambda: np.where(X > 1, np.nan, X), "inf": lambda: np.where(X > 1, np.inf, X),
    "sparse NaN": lambda: sp.csr_array(np.where(X > 1, np.nan, X)), "too few columns": lambda: X[:, :4],
    "too many columns": lambda: np.c_[X, X], "one row": lambda: X[0], "no rows": lambda: X[:0],
    "too large": lambda: np.full((60, 5), 1.7e308) * np.sign(X),
}  # fmt: skip


def fitted(way: str, data: Any = X) -> Any:
    if way in ESTIMATORS:
        return ESTIMATORS[way]().fit(data, Y)
    return bridle.path(X, Y, alphas=[0.1]) if way == "path" else bridle.fit(X, Y, l1_ratios=1.0, nested=False)


def check_said(case: str, way: str) -> None:
    make, exact = SAID[case]
    model = fitted(way)
    want = model.predict(np.ascontiguousarray(exact, dtype=float))
    within = 1e-5 if "float" in case else 1e-12
    assert np.allclose(model.predict(make()), want, rtol=within, atol=within)
    if way != "path":
        off = Y - want
        assert np.isclose(
            model.score(make(), Y), 1 - off @ off / ((Y - Y.mean()) @ (Y - Y.mean())), rtol=max(within, 1e-9)
        )


def check_not_said(case: str, way: str) -> None:
    model = fitted(way)
    for ask in (model.predict, *(() if way == "path" else (lambda data: model.score(data, Y),))):
        try:
            found = ask(NOT_SAID[case]())
        except Exception as problem:
            refused(problem)
        else:
            raise AssertionError(f"accepted: {np.ravel(found)[:3]}")


def check_not_said_damaged(case: str, way: str) -> None:
    model = fitted(way)
    try:
        found = model.predict(damaged(case))
    except Exception as problem:
        refused(problem)
    else:
        raise AssertionError(f"accepted: {np.ravel(found)[:3]}")


COLUMNS: dict[str, Callable[[], Any]] = {
    "reordered": lambda: FRAME[NAMES[::-1]], "one missing": lambda: FRAME[NAMES[:-1]],
    "one more": lambda: FRAME.assign(z=1.0),
    "renamed": lambda: FRAME.rename(columns={"a": "z"}), "repeated": lambda: pd.DataFrame(X, columns=list("aabcd")),
    "polars, reordered": lambda: pl.DataFrame(X, schema=NAMES)[NAMES[::-1]],
    "some no text": lambda: FRAME.rename(columns={"a": 1}),
}  # fmt: skip


def check_columns(case: str, way: str) -> None:
    """Fitted on a dataframe, a column that is elsewhere is never taken for another."""
    est = fitted(way, FRAME)
    try:
        est.predict(COLUMNS[case]())
    except Exception as problem:
        refused(problem)
    else:
        raise AssertionError("accepted")


def check_model_columns(case: str, way: str) -> None:
    """A model finds its columns by name, wherever they are; one that is missing is an error."""
    model = bridle.fit(FRAME.assign(y=Y), target="y", l1_ratios=1.0, nested=False)
    want = model.predict(FRAME)
    try:
        found = model.predict(COLUMNS[case]())
    except Exception as problem:
        refused(problem)
        assert case not in ("reordered", "one more", "polars, reordered")
        return
    assert case in ("reordered", "one more", "polars, reordered")
    assert np.array_equal(found, want)


MASKED = "what a masked array hides is used"
UNCHECKED = "Path.predict checks the number of columns only"
OVERFLOW = "NumPy's overflow is not caught"
CONVERTED = "converted by SciPy before it is checked: foreign memory"
UNCHECKED_SPARSE = "a sparse matrix is not checked before it is multiplied: foreign memory"
ESTIMATOR = "(Ridge|Lasso|ElasticNet).*"
KNOWN_DAMAGED: Known = []
KNOWN_NO_ARRAY: Known = [
    ("no note on integers that float64 merges", "integers that.*", f"{ESTIMATOR}|path|Lasso.path"),
]
KNOWN_NOT_SAID: Known = []
KNOWN_NOT_SAID_DAMAGED: Known = []
CHECKS: dict[str, tuple[Callable[[str, str], None], Any, list[str], Known]] = {
    "read": (check_read, READ, list(WAYS), []),
    "either": (check_either, EITHER, list(WAYS), []),
    "no array": (check_no_array, NO_ARRAY, list(WAYS), KNOWN_NO_ARRAY),
    "damaged": (check_damaged, DAMAGED, list(WAYS), KNOWN_DAMAGED),
    "bad y": (check_target, TARGETS, list(WAYS), []),
    "odd y": (check_odd_target, ODD_TARGETS, list(WAYS), []),
    "predicts": (check_said, SAID, PREDICTORS, []),
    "predicts nothing": (check_not_said, NOT_SAID, PREDICTORS, KNOWN_NOT_SAID),
    "predicts nothing, damaged": (check_not_said_damaged, DAMAGED, PREDICTORS, KNOWN_NOT_SAID_DAMAGED),
    "columns": (check_columns, COLUMNS, EST, []),
    "columns of a model": (check_model_columns, COLUMNS, ["fit"], []),
}
SKIPPED = {
    (check, case, way) for check in ("no array", "either") for case in OF_FRAMES for way in ARRAYS_ONLY
}
ALL = [
    pytest.param(name, *one.values, marks=one.marks, id=f"{name}: {one.id}")
    for name, (_, cases, ways, known) in CHECKS.items()
    for one in table_of(cases, ways, known)
    if (name, *one.values) not in SKIPPED
]


@pytest.mark.parametrize(("check", "case", "way"), ALL)
def test_arrays(alone: Callable[..., None], check: str, case: str, way: str) -> None:
    run, cases, ways, _ = CHECKS[check]
    alone(run, case, way, cases, ways)
