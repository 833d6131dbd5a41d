"""Arrays of scikit-learn's world, checked and read once: plain float arrays at once, everything else by its validation."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight, validate_data

from ..design import Dense, Design, Sparse
from ..errors import DataError
from ..fitting.intake import checked_weights
from ..table import Schema, check_sparse, check_unmasked, find_bad_value, open_matrix

Floats = NDArray[np.float64]
FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
SMALLEST_TOTAL, LARGEST_TOTAL = 1e-290, 1e300
LARGEST = float(np.finfo(np.float64).max)
TOO_LARGE = 1e150
NOTHING = np.empty((0, 2), dtype=np.intp)


@dataclass(frozen=True, eq=False)
class Table:
    """X and y as the engine takes them.

    ``X`` is the array (n, p) or CSR matrix; ``y`` float64, (n,) or (n, T); ``dtype`` what coefficients come back in.
    """

    X: Any
    y: Floats
    dtype: np.dtype[Any]
    schema: Schema

    @property
    def design(self) -> Design:
        """Views of the user's own array."""
        block = Dense(self.X) if isinstance(self.X, np.ndarray) else Sparse(self.X)
        return Design((block,), NOTHING)

    @property
    def columns(self) -> Floats:
        """The targets as (n, T)."""
        return self.y if self.y.ndim == 2 else self.y[:, None]


def read(estimator: BaseEstimator, X: Any, y: Any, *, multi_output: bool = True) -> Table:
    """X and y checked; sets ``n_features_in_`` and ``feature_names_in_``. Cells are looked at by the engine."""
    names: Any = None
    check_given("X", X)
    check_given("y", y)
    check_cells(y)
    if plain(X) and len(X) and X.shape[1] and _plain_target(y, len(X)):
        estimator.n_features_in_ = X.shape[1]
        estimator.__dict__.pop("feature_names_in_", None)
    else:
        try:
            X, y = validate_data(
                estimator,
                X,
                y,
                accept_sparse=["csr", "csc"],
                dtype=[np.float64, np.float32],
                multi_output=multi_output,
                y_numeric=True,
                ensure_all_finite=False,
            )
        except OverflowError as problem:
            raise DataError(f"X or y hold a number that is too large for float64: {problem}.") from problem
        names = getattr(estimator, "feature_names_in_", None)
    return table_of(X, np.ascontiguousarray(y, dtype=np.float64), names)


def read_columns(estimator: BaseEstimator, X: Any, y: Any) -> tuple[Any, Any]:
    """X checked by itself, where y is no numbers, and the names of its columns; sets what ``read`` sets."""
    check_given("X", X)
    if plain(X) and len(X) and X.shape[1] and y is not None:
        estimator.n_features_in_ = X.shape[1]
        estimator.__dict__.pop("feature_names_in_", None)
        return X, None
    passed = {} if y is not None else {"y": None}  # without a target its message is the right one
    try:
        X = validate_data(
            estimator, X, accept_sparse=["csr", "csc"], dtype=[np.float64, np.float32], ensure_all_finite=False, **passed
        )  # fmt: skip
    except OverflowError as problem:
        raise DataError(f"X holds a number that is too large for float64: {problem}.") from problem
    return X, getattr(estimator, "feature_names_in_", None)


def table_of(X: Any, y: Floats, names: Any) -> Table:
    """A validated X, an array or a sparse matrix, with its target and the names of its columns, if it has some."""
    dtype = np.dtype(X.dtype)
    if not isinstance(X, np.ndarray):
        X = open_matrix(X).matrix.tocsr().astype(np.float64, copy=False)
    p = X.shape[1]
    schema = Schema((), None, matrix_columns=p if names is None or len(set(names)) < p else tuple(names))
    return Table(X, y, dtype, schema)


def check_cells(y: Any) -> None:
    """Names the row of a float target that is no number."""
    array = y if isinstance(y, np.ndarray) else None
    if array is None and (isinstance(y, (list, tuple)) or type(y).__name__ == "Series"):
        try:
            array = np.asarray(y)
        except ValueError:
            return  # a ragged list: validation has the word for it
    if array is None or array.dtype.kind != "f" or array.ndim not in (1, 2) or np.isfinite(array.sum()):
        return
    bad = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))
    if len(bad):
        what = "NaN" if np.isnan(array[bad[0]]).any() else "infinity"
        raise DataError(
            f"Input y contains {what} in row {int(bad[0]) + 1}: leave the rows without a target out."
        )


def check_given(name: str, values: Any) -> None:
    """What scikit-learn's validation would use although it must not: masked cells, indices out of range."""
    if type(values) is np.ndarray:
        if values.dtype.kind == "f" and values.dtype.itemsize > 8 and (np.abs(values) > LARGEST).any():
            raise DataError(
                f"{name} holds numbers beyond the range of float64 (dtype {values.dtype}). Rescale it."
            )
        return
    check_unmasked(name, values)
    if hasattr(values, "tocsc") and hasattr(values, "nnz"):
        check_sparse(values)


def plain(X: Any) -> bool:
    """Whether X is an array that needs no conversion."""
    return type(X) is np.ndarray and X.ndim == 2 and X.dtype in FLOATS


def _plain_target(y: Any, n: int) -> bool:
    # Sums of finite numbers may overflow; then the full validation has the last word.
    return (
        type(y) is np.ndarray
        and y.ndim == 1
        and len(y) == n
        and y.dtype in FLOATS
        and bool(np.isfinite(y.sum()))
    )


def read_weights(sample_weight: Any, table: Table, *, number_counts: bool = False) -> Floats | None:
    """Weights (n,) or None. A number weighs all rows alike: where the penalty stands beside a sum, it counts."""
    if sample_weight is None:
        return None
    n = len(table.y)
    if isinstance(sample_weight, numbers.Number):
        number = float(sample_weight)  # type: ignore[arg-type]
        return checked_weights(np.full(n, number), n, least=1) if number_counts and number != 1 else None
    if not (
        type(sample_weight) is np.ndarray
        and sample_weight.shape == (n,)
        and sample_weight.dtype == np.float64
    ):
        sample_weight = _check_sample_weight(sample_weight, table.X, dtype=np.float64)
    return checked_weights(sample_weight, n, least=1)


def scale_of(sample_weight: Any, weights: Floats | None) -> float:
    """What weights beyond the range of their squares were divided by: 1, or a power of two."""
    if weights is None:
        return 1.0
    largest = float(np.max(np.asarray(sample_weight, dtype=np.float64)))
    return largest / float(weights.max())


def check_total(total: float) -> None:
    """The sum of the weights stands beside alpha: it must be a number of a size that can be divided by."""
    if not SMALLEST_TOTAL < total < LARGEST_TOTAL:
        raise DataError(
            f"The weights sum to {total:.3g}, which is out of range. Rescale weights and alpha alike."
        )


def check_sizes(table: Table) -> None:
    """Refuses numbers whose squares overflow, where no engine looks at them first."""
    cells = table.X if isinstance(table.X, np.ndarray) else table.X.data
    if float(np.abs(cells).max(initial=0.0)) > TOO_LARGE:
        largest = abs(table.X).max(axis=0)
        column = int(np.argmax(largest if isinstance(table.X, np.ndarray) else largest.toarray()))
        name = table.schema.column_names()[column]
        raise DataError(f"{name} holds numbers beyond 1e150, whose squares overflow. Rescale it.")
    if float(np.abs(table.y).max(initial=0.0)) > TOO_LARGE:
        raise DataError("The target holds numbers beyond 1e150, whose squares overflow. Rescale it.")


def bad_cell(table: Table) -> DataError | None:
    """Where X has a cell that is no number: the error that says so."""
    bad = find_bad_value(table.X)
    if bad is None:
        return None
    row, column = bad
    value = table.X[row, column]
    what = "NaN" if np.isnan(value) else f"infinity ({value})"
    name = table.schema.column_names()[column]
    return DataError(
        f'Input X contains {what} in row {row + 1:,}, column "{name}". Impute it first, for instance with '
        "sklearn.impute.SimpleImputer in a pipeline, or use bridle.fit, which fills missing numbers within every fold."
    )
