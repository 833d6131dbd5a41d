"""Tables in memory: pandas, polars, pyarrow, dictionaries of columns, and whatever narwhals reads."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from ..errors import DataError, UsageError
from .columns import Unusable
from .table import Table
from .words import counted, listed


def read_memory(source: Any) -> Table:
    """A table in memory as a ``Table``; its columns are not copied here.

    Raises ``UsageError`` where ``source`` is nothing that can be read as a table.
    """
    if isinstance(source, Mapping):
        return _from_mapping(source)
    if _is(source, "pandas", "DataFrame"):
        return _from_pandas(source)
    if _is(source, "pyarrow", "Table") or _is(source, "pyarrow", "RecordBatch"):
        return from_arrow(source, "the table")
    if _is(source, "polars", "LazyFrame"):
        source = source.collect()
    if _is(source, "polars", "DataFrame"):
        return from_arrow(source.to_arrow(), "the dataframe")
    if isinstance(source, np.ndarray) and source.dtype.names is not None:
        return _from_mapping({name: source[name] for name in source.dtype.names})
    return _from_narwhals(source)


def _is(source: Any, library: str, name: str) -> bool:
    """Whether ``source`` is of a library's class, without importing the library for it."""
    module = sys.modules.get(library)
    return module is not None and isinstance(source, getattr(module, name, ()))


def _from_narwhals(source: Any) -> Table:
    import narwhals as nw

    try:
        frame = nw.from_native(source)
    except TypeError:
        return _from_stream(source)
    lazy = frame.collect(backend="pyarrow") if isinstance(frame, nw.LazyFrame) else frame
    return from_arrow(lazy.to_arrow(), "the dataframe")


def _from_stream(source: Any) -> Table:
    """Whatever else hands out Arrow data (the PyCapsule protocol)."""
    if hasattr(source, "__arrow_c_stream__") and hasattr(source, "schema"):
        import pyarrow as pa

        return from_arrow(pa.table(source), "the table")
    kind = type(source).__name__
    raise UsageError(
        f"Cannot read a table from an object of type {kind}. Pass a path, a pandas, polars or pyarrow table, "
        "a dict of columns, or a NumPy array or SciPy sparse matrix with one row for each observation."
    )


def from_arrow(table: Any, name: str, **about: Any) -> Table:
    """A pyarrow Table or RecordBatch. Columns that pandas stored as its index are left out."""
    names = [str(n) for n in table.schema.names]
    check_names(names, name)
    raw = {}
    for position, column in enumerate(names):
        if column.startswith("__index_level_") and column.endswith("__"):
            continue
        values = table.column(position)
        raw[column] = values if hasattr(values, "num_chunks") else _chunked(values)
    return Table(name, table.num_rows, raw, **about)


def _chunked(array: Any) -> Any:
    import pyarrow as pa

    return pa.chunked_array([array])


def check_names(names: Sequence[str], where: str, hint: str = "") -> None:
    """Raises ``DataError`` where a name occurs twice: which of the columns is meant could not be told."""
    if len(set(names)) == len(names):
        return
    counts: dict[str, list[int]] = {}
    for position, name in enumerate(names, 1):
        counts.setdefault(name, []).append(position)
    twice = {name: places for name, places in counts.items() if len(places) > 1}
    first = next(iter(twice))
    places = ", ".join(str(place) for place in twice[first][:5])
    raise DataError(
        f"Every column of {where} needs its own name, but {listed(twice)} "
        f'{"names" if len(twice) == 1 else "name"} several columns ("{first}": columns {places}). '
        f"Rename them.{hint}"
    )


def _from_pandas(frame: Any) -> Table:
    name = "the dataframe"
    labels = ["_".join(map(str, c)) if isinstance(c, tuple) else str(c) for c in frame.columns]
    check_names(labels, name)
    raw = {label: _pandas_column(series) for label, (_, series) in zip(labels, frame.items())}
    return Table(name, len(frame), raw)


def _pandas_column(series: Any) -> Any:
    """NumPy's view of a numeric column (no copy); through Arrow otherwise."""
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiubmMc":
        return series.to_numpy()
    kind = type(series.dtype).__name__
    if kind == "SparseDtype":
        return _numpy_or_cells(series.to_numpy())
    if kind in ("PeriodDtype", "IntervalDtype"):
        series = series.astype("str").where(series.notna())
    return _cells(series)


def _cells(values: Any) -> Any:
    """A column of Python objects as an Arrow column; objects of mixed kinds one by one."""
    import pyarrow as pa

    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        column = _mixed(list(values))
    if isinstance(column, Unusable) or hasattr(column, "num_chunks") or isinstance(column, np.ndarray):
        return column
    return pa.chunked_array([column])


def _mixed(values: list[Any]) -> Any:
    """Cells that Arrow finds no common type for: all numbers, or text and numbers beside each other, or
    unusable.
    """
    import pyarrow as pa

    cells = [None if _is_missing(value) else value for value in values]
    told = [value for value in cells if value is not None]
    if any(isinstance(value, (complex, np.complexfloating)) for value in told):
        return Unusable("complex numbers")
    if all(isinstance(value, (int, float, Decimal, np.number, np.bool_)) for value in told):
        try:
            return np.array([np.nan if value is None else float(value) for value in cells])
        except OverflowError:
            return Unusable("integers too large for a float64")
    for value in told:
        if isinstance(value, (list, tuple, set, dict, np.ndarray, bytes)):
            return Unusable("bytes" if isinstance(value, bytes) else f"cells of type {type(value).__name__}")
    return pa.array([None if value is None else str(value) for value in cells], pa.large_string())


def _is_missing(value: Any) -> bool:
    if value is None or (isinstance(value, (float, np.floating)) and value != value):
        return True
    return type(value).__name__ in ("NAType", "NaTType")


def _from_mapping(source: Mapping[Any, Any]) -> Table:
    name = "the table"
    labels = [str(key) for key in source]
    check_names(labels, name)
    raw = {label: _mapping_column(values, label) for label, values in zip(labels, source.values())}
    lengths = {label: len(source[key]) for label, key in zip(labels, source)}
    different = dict.fromkeys(lengths.values())
    if len(different) > 1:
        (first, n), *rest = lengths.items()
        other = next(label for label, m in rest if m != n)
        raise DataError(
            f'The columns of a table must have the same length, but "{first}" has {counted(n, "row")} '
            f'and "{other}" has {counted(lengths[other], "row")}.'
        )
    return Table(name, next(iter(different), 0), raw)


def _mapping_column(values: Any, label: str) -> Any:
    if isinstance(values, (str, bytes)) or not (hasattr(values, "__len__") and hasattr(values, "__iter__")):
        raise DataError(
            f'Column "{label}" is a single {type(values).__name__}, not a list or an array of values.'
        )
    if _is(values, "pandas", "Series"):
        return _pandas_column(values)
    if _is(values, "polars", "Series"):
        return _cells(values.to_arrow())
    if _is(values, "pyarrow", "ChunkedArray"):
        return values
    if _is(values, "pyarrow", "Array"):
        return _cells(values)
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise DataError(f'Column "{label}" has shape {values.shape}; a column has one dimension.')
        return _numpy_or_cells(values)
    return _cells(list(values))


def _numpy_or_cells(values: Any) -> Any:
    """NumPy's own column where it is of a type that numbers and dates have; masked cells are missing."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        return _cells(values.tolist())
    if values.dtype.kind in "fiubmMc":
        return values
    return _cells(values.tolist())
