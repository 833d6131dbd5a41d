"""One column, whatever library it came from, as numbers, text or days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .frame import Floats, Mask

EXACT_INTEGERS = 2**53
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Numbers:
    """Numbers: ``values`` (n,) float64 or float32, contiguous, zero where ``missing``.

    ``boolean`` and ``integer`` tell the type before the conversion; ``imprecise`` says that some integer lies
    beyond 2^53, where float64 cannot tell neighbours apart; ``infinite`` is the first row with an infinite
    value.
    """

    values: Floats
    missing: Mask | None
    boolean: bool = False
    integer: bool = False
    imprecise: bool = False
    infinite: int | None = None


@dataclass(frozen=True)
class Text:
    """Text: ``codes`` (n,) into ``levels`` (all different, none empty, spaces at the ends cut), -1 where
    missing.

    ``declared`` says that the source called it categorical: then the order of its levels is kept.
    """

    codes: npt.NDArray[np.int32]
    levels: tuple[str, ...]
    declared: bool = False


@dataclass(frozen=True)
class Days:
    """Points in time (or durations, times of day) in days: ``values`` (n,) since 1970-01-01 UTC."""

    values: npt.NDArray[np.float64]
    missing: Mask | None
    what: str = "dates"


@dataclass(frozen=True)
class Unusable:
    """Cells that no linear model takes: lists, structures, complex numbers, bytes; ``reason`` names them."""

    reason: str


Column = Numbers | Text | Days | Unusable


def read_column(raw: Any, *, typed: bool) -> Column:
    """A NumPy array (n,) or a pyarrow ChunkedArray as a column.

    ``typed`` is False for text files, whose dictionaries say nothing about the person's intentions.
    A float64 or float32 column without missing cells, in one piece, is not copied.

    >>> read_column(np.array([1.0, np.nan]), typed=True).missing
    array([False,  True])
    """
    if isinstance(raw, Unusable):
        return raw
    if isinstance(raw, np.ndarray):
        return _from_numpy(raw)
    return _from_arrow(raw, typed)


def _from_numpy(raw: npt.NDArray[Any]) -> Column:
    kind = raw.dtype.kind
    if kind in "fiub":
        return numbers(raw)
    if kind in "mM":
        missing = np.isnat(raw)
        unit = "datetime64[us]" if kind == "M" else "timedelta64[us]"
        return _days(raw.astype(unit).view(np.int64), missing, "dates" if kind == "M" else "durations")
    if kind == "c":
        return Unusable("complex numbers")
    return Unusable(f"cells of type {raw.dtype}")


def numbers(raw: npt.NDArray[Any], missing: Mask | None = None) -> Numbers:
    """Numbers of any real dtype; NaN counts as missing.

    Cells under ``missing`` may hold anything. The sum tells whether a closer look is needed: it is finite
    only if every value is (or overflows, and then the closer look finds nothing).
    """
    kind, size = raw.dtype.kind, raw.dtype.itemsize
    if kind == "f":
        width = raw.dtype.newbyteorder("=") if size in (4, 8) else np.dtype(np.float64)
        values = np.ascontiguousarray(raw, dtype=width)
    else:
        values = np.ascontiguousarray(raw, dtype=np.float64)
    imprecise = beyond_exact(raw)
    infinite = None
    if kind == "f":
        with np.errstate(all="ignore"):
            suspicious = not np.isfinite(values.sum())
        if suspicious:
            nan, inf = np.isnan(values), np.isinf(values)
            if missing is not None:
                inf &= ~missing
            infinite = int(inf.argmax()) if inf.any() else None
            if nan.any():
                missing = nan if missing is None else missing | nan
    if missing is not None:
        missing = missing if missing.any() else None
    if missing is not None:
        values = np.where(missing, values.dtype.type(0), values)
    return Numbers(values, missing, kind == "b", kind in "iu", imprecise, infinite)


def beyond_exact(raw: npt.NDArray[Any]) -> bool:
    """Whether some integer lies beyond 2^53; compared as integers, since 2^53 + 1 is 2^53 as float64."""
    if raw.dtype.kind not in "iu" or raw.dtype.itemsize < 8 or raw.size == 0:
        return False
    return int(raw.max()) > EXACT_INTEGERS or int(raw.min()) < -EXACT_INTEGERS


def _days(microseconds: npt.NDArray[np.int64], missing: Mask | None, what: str) -> Days:
    values = microseconds / _DAY
    if missing is None or not missing.any():
        return Days(values, None, what)
    return Days(np.where(missing, 0.0, values), missing, what)


def _from_arrow(raw: Any, typed: bool) -> Column:
    """A pyarrow ChunkedArray; the branches follow Arrow's families of types."""
    import pyarrow as pa
    import pyarrow.compute as pc

    t = pa.types
    of = raw.type
    if isinstance(of, pa.BaseExtensionType):
        return _from_arrow(pa.chunked_array([c.storage for c in raw.chunks], of.storage_type), typed)
    if t.is_run_end_encoded(of):
        return _from_arrow(pc.run_end_decode(raw), typed)
    if t.is_null(of):
        return Numbers(np.zeros(len(raw)), np.ones(len(raw), dtype=bool) if len(raw) else None)
    if t.is_decimal(of):
        return _from_arrow(raw.cast(pa.float64()), typed)
    if t.is_integer(of) or t.is_floating(of) or t.is_boolean(of):
        return _numbers_from_arrow(raw)
    if t.is_temporal(of):
        return _days_from_arrow(raw)
    if t.is_dictionary(of):
        return _dictionary(raw, typed)
    if t.is_binary(of) or t.is_large_binary(of) or t.is_fixed_size_binary(of) or of == pa.binary_view():
        try:
            return _dictionary(raw.cast(pa.large_binary()).cast(pa.large_string()).dictionary_encode(), False)
        except pa.ArrowInvalid:
            return Unusable("bytes that are not text")
    if t.is_string(of) or t.is_large_string(of) or of == pa.string_view():
        return _dictionary(raw.cast(pa.large_string()).dictionary_encode(), False)
    return Unusable("lists" if "list" in str(of) else f"cells of type {str(of).split('<')[0]}")


def _one_piece(raw: Any) -> Any:
    """The chunks as one array; a single chunk is not copied."""
    import pyarrow as pa

    if raw.num_chunks == 1:
        return raw.chunk(0)
    return pa.concat_arrays(raw.chunks) if raw.num_chunks else pa.array([], raw.type)


_NUMPY_NAMES = {"double": "f8", "float": "f4", "halffloat": "f2"}


def _as_numpy(array: Any) -> npt.NDArray[Any]:
    """A primitive Arrow array as NumPy's, on the same memory; cells without a value may hold anything.

    ``array.to_numpy`` and ``array.fill_null`` would do, but they import pandas wherever that is installed: a
    third of a second.
    """
    import pyarrow as pa

    truth = pa.types.is_boolean(array.type)
    if truth:
        array = array.cast(pa.uint8())
    dtype = np.dtype(_NUMPY_NAMES.get(str(array.type), str(array.type)))
    if len(array) == 0:
        return np.empty(0, dtype=bool if truth else dtype)
    values = np.frombuffer(array.buffers()[1], dtype, len(array), array.offset * dtype.itemsize)
    return values != 0 if truth else values


def _filled(array: Any, fill: int) -> tuple[npt.NDArray[Any], Mask | None]:
    """(values with ``fill`` where there is none, those places or None) of a primitive Arrow array."""
    values = _as_numpy(array)
    if not array.null_count:
        return values, None
    missing = _as_numpy(array.is_null())
    return np.where(missing, values.dtype.type(fill), values), missing


def _numbers_from_arrow(raw: Any) -> Numbers:
    return numbers(*_filled(_one_piece(raw), 0))


def _days_from_arrow(raw: Any) -> Column:
    import pyarrow as pa

    t, of = pa.types, raw.type
    if t.is_interval(of):
        return Unusable("calendar intervals")
    array = _one_piece(raw)
    what = "dates"
    try:
        if t.is_timestamp(of) or t.is_date(of):
            ticks = array.cast(pa.timestamp("us", of.tz if t.is_timestamp(of) else None), safe=False)
        elif t.is_time(of):
            ticks, what = array.cast(pa.time64("us"), safe=False), "times of day"
        else:
            ticks, what = array.cast(pa.duration("us"), safe=False), "durations"
    except pa.ArrowInvalid:
        return Unusable("dates too far away to be counted in microseconds")
    return _days(*_filled(ticks.view(pa.int64()), 0), what)


def _dictionary(raw: Any, declared: bool) -> Column:
    """A dictionary-encoded column: codes and levels."""
    import pyarrow as pa

    whole = raw.unify_dictionaries() if raw.num_chunks > 1 else raw
    array = _one_piece(whole)
    codes = _filled(array.indices.cast(pa.int64()), -1)[0].astype(np.int32)
    values = array.dictionary
    t = pa.types
    if t.is_string(values.type) or t.is_large_string(values.type) or values.type == pa.string_view():
        text = text_column(codes, values.to_pylist(), declared)
        return _compact(text.codes, text.levels, declared)
    if not declared:  # numbers or days that a writer encoded to save space
        return _from_arrow(whole.cast(values.type), False)
    inside = _from_arrow(pa.chunked_array([values]), False)
    if isinstance(inside, Unusable):
        return inside
    names = as_text(inside)
    # as_text sorts its levels; the order of a declared category is that of its dictionary.
    order = list(dict.fromkeys(code for code in names.codes.tolist() if code >= 0))
    place = np.full(len(names.levels) + 1, -1, dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    of_value = np.append(place[names.codes], np.int32(-1))
    return _compact(of_value[codes], tuple(names.levels[code] for code in order), declared)


def _compact(codes: npt.NDArray[np.int32], levels: tuple[str, ...], declared: bool) -> Text:
    """Drops the levels that no row has: a category that is only declared makes no column."""
    used = np.zeros(len(levels) + 1, dtype=bool)
    used[codes] = True  # -1 falls on the last, extra place
    used = used[:-1]
    if used.all():
        return Text(codes, levels, declared)
    new = np.append(np.cumsum(used) - 1, -1).astype(np.int32)
    return Text(new[codes], tuple(level for level, here in zip(levels, used) if here), declared)


def text_column(codes: npt.NDArray[np.int32], levels: Iterable[str | None], declared: bool) -> Text:
    """Text with the spaces at the ends of its levels cut; equal levels are merged, empty ones are missing."""
    place: dict[str, int] = {}
    new: list[int] = []
    for level in levels:
        cut = "" if level is None else level.strip()
        new.append(place.setdefault(cut, len(place)) if cut else -1)
    if new == list(range(len(new))):
        return Text(codes, tuple(place), declared)
    return Text(np.array([*new, -1], dtype=np.int32)[codes], tuple(place), declared)


def as_text(column: Numbers | Text | Days) -> Text:
    """The levels of a column that is to be a category: "1" for the numbers 1 and 1.0, "true", "2024-05-01".

    >>> as_text(numbers(np.array([2.0, 1.5, 2.0]))).levels
    ('1.5', '2')
    """
    if isinstance(column, Text):
        return column
    missing = column.missing
    distinct, codes = np.unique(column.values, return_inverse=True)
    if isinstance(column, Days):
        stamps = np.round(distinct * _DAY).astype(np.int64).astype("datetime64[us]")
        levels = [str(s).removesuffix(".000000").removesuffix("T00:00:00") for s in stamps]
    elif column.boolean:
        levels = ["true" if value else "false" for value in distinct]
    else:
        levels = [str(int(v)) if abs(v) < 1e15 and v == int(v) else str(v) for v in distinct]
    by_row: npt.NDArray[np.int32] = codes.astype(np.int32)
    if missing is not None:
        by_row[missing] = -1
    return _compact(by_row, tuple(levels), False)
