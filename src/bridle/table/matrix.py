"""Arrays: NumPy (n, p) and SciPy sparse, taken as they are wherever the engine can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError
from .columns import beyond_exact
from .schema import Note
from .table import Table
from .words import clipped, counted, listed

_CELLS_AT_ONCE = 1 << 20


def open_matrix(X: Any, feature_names: Sequence[object] | None = None) -> Table:
    """An array (n, p) as a table: float64 and float32 are not copied, whatever their strides.

    Booleans, integers and other floats become float64, foreign byte orders the machine's own. Sparse matrices
    become CSC or CSR with sorted indices and summed duplicates (CSR stays CSR); the caller's matrix is never
    changed. Values are not looked at: the engine finds a NaN in its first pass and ``find_bad_value`` its
    place.

    Raises ``DataError`` where X has not two dimensions, no row, no column, or cells that are not real
    numbers, and where ``feature_names`` are not p different names.

    >>> table = open_matrix(np.zeros((3, 2)), feature_names=["a", "b"])
    >>> table.n_rows, table.names
    (3, ('a', 'b'))
    """
    notes: tuple[Note, ...] = ()
    if hasattr(X, "tocsc") and hasattr(X, "nnz"):
        matrix = _sparse(X)
    else:
        matrix, notes = _dense(X)
    names = None if feature_names is None else _names(feature_names, matrix.shape[1])
    return Table("X", matrix.shape[0], matrix=matrix, matrix_names=names, notes=notes)


def _dense(X: Any) -> tuple[Any, tuple[Note, ...]]:
    check_unmasked("X", X)
    try:
        array = np.asarray(X)
    except ValueError as problem:
        raise DataError(f"X is not an array: {problem}.") from problem
    _check_shape(array.shape)
    kind = array.dtype.kind
    if kind not in "fiub":
        raise _dtype_error(array)
    if kind == "f" and array.dtype.itemsize in (4, 8):
        return (array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))), ()
    if kind == "f" and array.dtype.itemsize > 8 and (np.abs(array) > np.finfo(np.float64).max).any():
        raise DataError(f"X holds numbers beyond the range of float64 (dtype {array.dtype}). Rescale it.")
    converted = array.astype(np.float64)
    if beyond_exact(array):
        text = (
            "X holds integers beyond 2^53 = 9,007,199,254,740,992; as float64, neighbours cannot be "
            "told apart."
        )
        return converted, (Note("precision", None, text, True),)
    return converted, ()


def _sparse(X: Any) -> Any:
    _check_shape(X.shape)
    if X.dtype.kind not in "fiub":
        raise DataError(f"X is a sparse matrix of {_kind_of(X.dtype)}; it must hold real numbers.")
    check_sparse(X)
    ours = X if X.format in ("csc", "csr") else X.tocsc()
    if not ours.has_canonical_format:
        ours = ours.copy()
        ours.sum_duplicates()
    if ours.dtype not in (np.float64, np.float32):
        keep = ours.dtype.kind == "f" and ours.dtype.itemsize == 4
        ours = ours.astype(np.float32 if keep else np.float64)
    return ours


def check_sparse(X: Any) -> None:
    """Refuses a sparse matrix whose indices leave its shape: whoever converts or multiplies it reads foreign memory.

    Raises ``DataError``. To be called before SciPy converts the matrix into another format.
    """
    try:
        if X.format in ("csr", "csc", "bsr"):
            X.check_format(full_check=True)
            places: list[Any] = []
        elif X.format == "coo":
            places = list(X.coords if hasattr(X, "coords") else (X.row, X.col))
        elif X.format == "lil":
            places = [np.concatenate([np.empty(0, dtype=np.intp), *map(np.asarray, X.rows)])]
            if any(len(columns) != len(cells) for columns, cells in zip(X.rows, X.data)):
                raise ValueError("a row has more columns than cells")
            places.insert(0, np.empty(0, dtype=np.intp))
        elif X.format == "dok":
            keys = np.array(list(X.keys()), dtype=np.intp).reshape(-1, 2)
            places = [keys[:, 0], keys[:, 1]]
        else:
            places = []
        for axis, (where, size) in enumerate(zip(places, X.shape)):
            where = np.asarray(where)
            if len(where) and (where.min() < 0 or where.max() >= size):
                raise ValueError(f"{'row' if axis == 0 else 'column'} indices must lie in [0, {size})")
    except (ValueError, TypeError, IndexError) as problem:
        raise DataError(f"X is a damaged sparse matrix: {problem}.") from problem


def check_unmasked(name: str, values: Any) -> None:
    """Refuses a masked array: what it hides would be used."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(
            f"{name} is a masked array. Pass a dataframe: its missing numbers are filled in automatically."
        )


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) != 2:
        hint = ""
        if len(shape) == 1:
            hint = " For one column, write X.reshape(-1, 1); for one row, X.reshape(1, -1)."
        dimensions = counted(len(shape), "dimension")
        raise DataError(f"X has {dimensions} (shape {shape}); it must have two, (rows, columns).{hint}")
    if shape[0] == 0:
        raise DataError(f"X has no rows (shape {shape}).")
    if shape[1] == 0:
        raise DataError(f"X has no columns (shape {shape}).")


def _kind_of(dtype: np.dtype[Any]) -> str:
    words = {
        "c": "complex numbers",
        "O": "objects",
        "U": "text",
        "S": "bytes",
        "M": "dates",
        "m": "durations",
    }
    return words.get(dtype.kind, f"cells of type {dtype}")


def _dtype_error(array: Any) -> DataError:
    """What is wrong with an array that is not of real numbers, with the first cell that shows it."""
    what = f"X holds {_kind_of(array.dtype)} (dtype {array.dtype})"
    if array.dtype.kind == "O":
        for place, cell in np.ndenumerate(array):
            if isinstance(cell, (bool, int, float, np.number, np.bool_)) and not isinstance(
                cell, np.complexfloating
            ):
                continue
            shown = clipped(repr(cell), 40)
            return DataError(
                f"{what}: {shown} in row {place[0] + 1:,}, column {place[1]} (x{place[1]}) is not a number. "
                "Pass a dataframe or a dict of columns; text columns are encoded automatically."
            )
        return DataError(f"{what}, though every cell is a number: pass X.astype(float).")
    if array.dtype.kind in "US":
        return DataError(
            f"{what}; pass X.astype(float) if it spells numbers, a dataframe if it holds categories."
        )
    return DataError(f"{what}; it must hold real numbers.")


def _names(feature_names: Sequence[object], p: int) -> tuple[str, ...]:
    names = tuple(map(str, feature_names))
    if len(names) != p:
        raise DataError(f"X has {counted(p, 'column')} but feature_names has {counted(len(names), 'name')}.")
    if len(set(names)) != p:
        seen: set[str] = set()
        twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
        raise DataError(
            f"feature_names repeats {listed(dict.fromkeys(twice))}; every column needs its own name."
        )
    return names


def find_bad_value(matrix: Any) -> tuple[int, int] | None:
    """(row, column), counted from 0, of the first NaN or infinite value of a matrix (n, p) in row order, or
    None.

    It looks at about a million cells at a time, so that no copy of the matrix is made.

    >>> find_bad_value(np.array([[1.0, 2.0], [np.nan, 4.0]]))
    (1, 0)
    """
    if hasattr(matrix, "nnz"):
        return _find_bad_sparse(matrix)
    n, p = matrix.shape
    step = max(1, _CELLS_AT_ONCE // max(p, 1))
    for start in range(0, n, step):
        good = np.isfinite(matrix[start : start + step])
        if not good.all():
            row, column = np.unravel_index(int(good.argmin()), good.shape)
            return start + int(row), int(column)
    return None


def _find_bad_sparse(matrix: Any) -> tuple[int, int] | None:
    best: tuple[int, int] | None = None
    for start in range(0, len(matrix.data), _CELLS_AT_ONCE):
        for offset in np.flatnonzero(~np.isfinite(matrix.data[start : start + _CELLS_AT_ONCE])):
            place = start + int(offset)
            major = int(np.searchsorted(matrix.indptr, place, side="right")) - 1
            minor = int(matrix.indices[place])
            cell = (minor, major) if matrix.format == "csc" else (major, minor)
            best = cell if best is None or cell < best else best
            if matrix.format == "csr":
                return best
    return best


def matrix_error(matrix: Any, row: int, column: int, names: Sequence[str] | int | None = None) -> DataError:
    """The error for the cell (row, column), counted from 0, that ``find_bad_value`` found; not raised here.

    >>> print(matrix_error(np.array([[np.inf]]), 0, 0))
    X has an infinite value (inf) in row 1, column "x0". Replace it, or leave the row out.
    """
    value = matrix[row, column]
    name = f"x{column}" if names is None or isinstance(names, int) else names[column]
    where = f'in row {row + 1:,}, column "{clipped(name)}"'
    if np.isnan(value):
        return DataError(
            f"X has a missing value (NaN) {where}. Missing numbers are filled in automatically in a "
            "dataframe "
            "(named columns), not in an array: pass a dataframe, or impute it first."
        )
    return DataError(f"X has an infinite value ({value}) {where}. Replace it, or leave the row out.")
