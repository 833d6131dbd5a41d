"""A lesson as bytes: a header in JSON and, behind it, every array as it lies in memory; little-endian.

    "BRL1" | uint32 length of the header | header, padded with spaces | arrays, each beginning at a multiple of 8

In the header an array is {"$": [dtype, shape, offset]}: dtype "f8", "f4" or "i4", the offset in bytes from the start of
the arrays, which is 8 + the length. JSON knows no NaN and no infinity: as scalars they are null, inside arrays they stay.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"BRL1"
_DTYPES = {"f8": "<f8", "f4": "<f4", "i4": "<i4"}


def encode(record: Mapping[str, Any]) -> bytes:
    """Scalars, strings, lists, mappings and NumPy arrays as bytes.

    Raises
    ------
    TypeError, ValueError, OverflowError
        For what the format cannot hold: other objects, the name "$", whole numbers beyond 32 bits in an array.

    >>> decode(encode({"name": "é", "x": np.arange(3.0), "top": math.inf}))
    {'name': 'é', 'x': array([0., 1., 2.]), 'top': None}
    """
    pieces: list[bytes] = []
    header = json.dumps(_described(record, pieces), allow_nan=False, separators=(",", ":")).encode()
    header += b" " * (-(8 + len(header)) % 8)
    return b"".join([MAGIC, struct.pack("<I", len(header)), header, *pieces])


def decode(content: bytes) -> dict[str, Any]:
    """The record again; arrays as copies.

    Raises
    ------
    ValueError
        For bytes that ``encode`` did not write.
    """
    if len(content) < 8 or content[:4] != MAGIC:
        raise ValueError("These bytes are no lesson.")
    start = 8 + struct.unpack_from("<I", content, 4)[0]
    if start > len(content) or start % 8:
        raise ValueError("The lesson ends in its header.")
    out = _revived(json.loads(content[8:start]), content, start)
    if not isinstance(out, dict):
        raise ValueError("The lesson's header is no object.")
    return out


def _described(value: Any, pieces: list[bytes]) -> Any:
    if isinstance(value, np.ndarray):
        return {"$": _stored(value, pieces)}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        if "$" in value or not all(isinstance(name, str) for name in value):
            raise ValueError('Names must be text and none may be "$".')
        return {name: _described(inner, pieces) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_described(inner, pieces) for inner in value]
    raise TypeError(f"{type(value).__name__} has no place in a lesson.")


def _stored(array: NDArray[Any], pieces: list[bytes]) -> list[Any]:
    if array.dtype.kind in "bui":
        whole = np.iinfo(np.int32)
        if array.size and (array.max() > whole.max or array.min() < whole.min):
            raise OverflowError("Whole numbers in an array must fit 32 bits.")
        dtype = "i4"
    elif array.dtype.kind == "f" and array.dtype.itemsize in (4, 8):
        dtype = f"f{array.dtype.itemsize}"
    else:
        raise TypeError(f"Arrays of {array.dtype} have no place in a lesson.")
    offset = sum(map(len, pieces))
    content = np.ascontiguousarray(array, dtype=_DTYPES[dtype]).tobytes()
    pieces.append(content + bytes(-len(content) % 8))
    return [dtype, list(array.shape), offset]


def _revived(value: Any, content: bytes, start: int) -> Any:
    if isinstance(value, list):
        return [_revived(inner, content, start) for inner in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {name: _revived(inner, content, start) for name, inner in value.items()}
    dtype, shape, offset = value["$"]
    count = math.prod(shape)
    return np.frombuffer(content, _DTYPES[dtype], count, start + offset).reshape(shape).copy()


__all__ = ["decode", "encode"]
