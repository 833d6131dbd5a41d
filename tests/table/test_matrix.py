"""Arrays: taken without a copy where the engine can, refused by name where they are no table of numbers."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from bridle.errors import DataError, SchemaError
from bridle.table import Matrix, encode, find_bad_value, infer, matrix_error, open_matrix, open_table

X = np.random.default_rng(0).normal(size=(6, 3))


def read_only() -> np.ndarray:
    array = X.copy()
    array.setflags(write=False)
    return array


KEPT = {
    "C order": X,
    "F order": np.asfortranarray(X),
    "rows reversed": X[::-1],
    "every other row": np.repeat(X, 2, axis=0)[::2],
    "columns of a wider array": np.hstack([X, X])[:, 1:4],
    "float32": X.astype(np.float32),
    "float32, F order": np.asfortranarray(X.astype(np.float32)),
    "read-only": read_only(),
}


@pytest.mark.parametrize("case", KEPT)
def test_kept_without_a_copy(case: str) -> None:
    table = open_matrix(KEPT[case])
    assert np.shares_memory(table.matrix, KEPT[case])
    assert table.matrix.strides == KEPT[case].strides and table.matrix.dtype == KEPT[case].dtype


def test_memory_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.shares_memory(open_matrix(mapped).matrix, mapped)


@pytest.mark.parametrize("dtype", [">f8", ">f4", "i1", "u2", "i4", ">i8", "?", "f2", "g"])
def test_converted(dtype: str) -> None:
    array = (10 * X).astype(dtype)
    matrix = open_matrix(array).matrix
    assert matrix.dtype == (np.float32 if dtype == ">f4" else np.float64) and matrix.dtype.isnative
    np.testing.assert_array_equal(matrix, array.astype(matrix.dtype))


REFUSED = {
    "one dimension": (np.zeros(5), ["1 dimension (", "(5,)", "reshape(-1, 1)"]),
    "three dimensions": (np.zeros((2, 2, 2)), ["3 dimensions", "(2, 2, 2)"]),
    "a number": (np.float64(3), ["0 dimensions"]),
    "no rows": (np.zeros((0, 3)), ["no rows", "(0, 3)"]),
    "no columns": (np.zeros((3, 0)), ["no columns", "(3, 0)"]),
    "complex": (X + 1j, ["complex numbers"]),
    "text": (np.array([["a", "b"]]), ["text", "astype(float)"]),
    "dates": (np.array([["2020-01-01"]], dtype="M8[D]"), ["dates"]),
    "objects": (np.array([[1, 2.5], [3, "red"]], dtype=object), ["'red'", "row 2", "column 1", "dataframe"]),
    "None": (np.array([[1, None]], dtype=object), ["None", "row 1"]),
    "numbers as objects": (np.array([[1, 2.5]], dtype=object), ["astype(float)"]),
    "ragged list": ([[1.0, 2.0], [3.0]], ["not an array"]),
    "masked": (np.ma.masked_invalid([[1.0, np.nan]]), ["masked", "dataframe"]),
    "structured": (np.zeros((2, 1), dtype=[("a", float)]), ["real numbers"]),
    "complex sparse": (sparse.csr_array(X + 1j), ["complex"]),
    "empty sparse": (sparse.csr_array((0, 3)), ["no rows"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    array, words = REFUSED[case]
    with pytest.raises(DataError) as caught:
        open_matrix(array)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_is_kept(make, dtype) -> None:
    matrix = make(X.astype(dtype))
    kept = open_matrix(matrix).matrix
    assert kept.format == matrix.format and np.shares_memory(kept.data, matrix.data)


@pytest.mark.parametrize("make", [sparse.coo_array, sparse.lil_array, sparse.dok_array, sparse.bsr_array])
def test_other_sparse_becomes_csc(make) -> None:
    kept = open_matrix(make(X)).matrix
    assert kept.format == "csc" and kept.has_canonical_format
    np.testing.assert_array_equal(kept.toarray(), X)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_duplicates_and_order(make, index) -> None:
    parts = (np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2], dtype=index), np.array([0, 3, 3, 3], dtype=index))
    matrix = make(parts, shape=(3, 3))
    dense = sparse.coo_array(matrix).toarray()
    kept = open_matrix(matrix).matrix
    assert kept.has_canonical_format and kept.nnz == 2
    np.testing.assert_array_equal(kept.toarray(), dense)
    np.testing.assert_array_equal(matrix.indices, [2, 0, 2])  # the caller's matrix is as it was


def test_damaged_sparse() -> None:
    matrix = sparse.csc_array(X)
    matrix.indices[0] = 10**6
    with pytest.raises(DataError, match="damaged sparse matrix"):
        open_matrix(matrix)


def test_integers_beyond_float64() -> None:
    assert open_matrix(np.array([[2**53 + 1]])).notes[0].kind == "precision"
    assert open_matrix(np.array([[2**53]])).notes == ()


@pytest.mark.parametrize(
    "names, words", [(["a"], "3 columns but feature_names has 1 name"), ("aba", 'repeats "a"')]
)
def test_feature_names(names, words: str) -> None:
    with pytest.raises(DataError, match=words):
        open_matrix(X, feature_names=list(names))
    assert open_matrix(X, feature_names=[1, "b", "c"]).names == ("1", "b", "c")


@pytest.mark.parametrize("order", ["C", "F", "csr", "csc"])
@pytest.mark.parametrize("shape", [(5, 7), (3000, 700), (2, 1_100_000)])
def test_find_bad_value(order: str, shape: tuple[int, int]) -> None:
    array = np.zeros(shape, order=order if order in "CF" else "C")
    assert find_bad_value(array) is None
    array[1, 3], array[1, shape[1] - 1], array[shape[0] - 1, 0] = np.inf, np.nan, np.nan
    first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    matrix = array if order in "CF" else getattr(sparse, f"{order}_array")(array)
    assert find_bad_value(matrix) == first


def test_matrix_error() -> None:
    array = np.array([[1.0, np.nan], [np.inf, 2.0]])
    assert 'row 1, column "x1"' in str(matrix_error(array, 0, 1))
    assert "dataframe" in str(matrix_error(array, 0, 1))
    assert 'infinite value (inf) in row 2, column "bmi"' in str(matrix_error(array, 1, 0, ["bmi", "age"]))
    assert isinstance(matrix_error(sparse.csr_array(array), 1, 0), DataError)


def test_schema_and_frame_of_an_array() -> None:
    table = open_matrix(X)
    schema = infer(table)
    assert schema.matrix_columns == 3 and schema.column_names() == ["x0", "x1", "x2"]
    frame = encode(schema, table, need_target=True)
    assert (
        isinstance(frame.parts[0], Matrix) and frame.parts[0].values is table.matrix and frame.target is None
    )
    with pytest.raises(SchemaError, match="X has 2 columns, but the model was fitted on 3"):
        encode(schema, open_matrix(X[:, :2]), need_target=False)
    named = infer(open_matrix(X, feature_names=["a", "b", "c"]))
    with pytest.raises(SchemaError, match='Column 1 of X is called "c", but it was "b"'):
        encode(named, open_matrix(X, feature_names=["a", "c", "b"]), need_target=False)


def test_model_of_an_array_is_shown_a_dataframe() -> None:
    schema = infer(open_matrix(X, feature_names=["a", "b", "c"]))
    frame = pd.DataFrame(X[:, [2, 0, 1]], columns=["c", "a", "b"])
    np.testing.assert_array_equal(encode(schema, open_table(frame), need_target=False).parts[0].values, X)
    with pytest.raises(SchemaError, match='"b" is not in'):
        encode(schema, open_table(frame[["a", "c"]]), need_target=False)
    with pytest.raises(SchemaError, match=r'Column "a" .* missing in row 2'):
        encode(schema, open_table(frame.assign(a=[1, None, 3, 4, 5, 6])), need_target=False)
    by_name = infer(open_table(frame))
    with pytest.raises(SchemaError, match="named columns"):
        encode(by_name, open_matrix(X), need_target=False)


def test_opening_is_quick_and_imports_nothing() -> None:
    array = np.zeros((442, 10))
    best = min(timed(lambda: open_matrix(array)) for _ in range(50))
    assert best < 1e-4
    flags = ["-S"] if sys.flags.no_site else []
    code = (
        "import sys, numpy; import bridle.table as t; t.encode(t.infer(t.open_matrix(numpy.zeros((4, 2)))),"
        "t.open_matrix(numpy.zeros((4, 2))), need_target=False);"
        "names = ('pyarrow', 'narwhals', 'pandas', 'polars', 'scipy', 'sklearn');"
        "print([m for m in names if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
