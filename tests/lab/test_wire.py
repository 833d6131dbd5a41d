"""Lessons as bytes and back, down to the last byte of the format that the front end reads."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest

from bridle.lab.frames import ERROR, PROGRESS, RESULT, frame, frames, message
from bridle.lab.wire import decode, encode


def test_arrays_and_scalars_come_back_as_they_were():
    record = {
        "f8": np.array([[0.1, -0.0, np.nan], [np.inf, -np.inf, 5e-324]]),
        "f4": np.array([0.1, np.nan, 1e-40], dtype=np.float32),
        "i4": np.array([-(2**31), 2**31 - 1, 0]),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 3)),
        "nothing": np.zeros(0, dtype=np.float32),
        "point": np.array(2.5),
        "turned": np.arange(6.0).reshape(2, 3).T,
        "names": ["b", "é", "価格", "a\U0001f600b", '"</script>\u2028\x00', "\ud800"],
        "nested": {"list": [1, None, True, {"x": np.arange(2)}]},
        "number": 1e-300,
        "big": 2**53 - 1,
    }
    back = decode(encode(record))
    assert list(back) == list(record)
    for name in ("f8", "f4", "empty", "nothing", "point", "turned"):
        assert back[name].dtype == record[name].dtype and back[name].shape == record[name].shape
        assert back[name].tobytes() == np.ascontiguousarray(record[name]).tobytes(), name
    assert back["i4"].dtype == np.int32 and back["i4"].tolist() == record["i4"].tolist()
    assert back["flags"].tolist() == [1, 0]
    assert back["names"] == record["names"]
    assert back["nested"]["list"][:3] == [1, None, True]
    assert back["nested"]["list"][3]["x"].tolist() == [0, 1]
    assert back["number"] == 1e-300 and back["big"] == 2**53 - 1


def test_scalars_that_json_does_not_know_are_null():
    record = {
        "a": math.nan,
        "b": math.inf,
        "c": np.float64("-inf"),
        "d": [math.nan],
        "e": np.int64(3),
        "f": np.bool_(True),
    }
    assert decode(encode(record)) == {"a": None, "b": None, "c": None, "d": [None], "e": 3, "f": True}


def test_every_byte_is_where_the_contract_says():
    content = encode({"a": np.array([1, 2, 3]), "b": np.array([0.5])})
    assert content[:4] == b"BRL1"
    length = struct.unpack("<I", content[4:8])[0]
    assert (8 + length) % 8 == 0
    header = json.loads(content[8 : 8 + length])
    assert header == {"a": {"$": ["i4", [3], 0]}, "b": {"$": ["f8", [1], 16]}}
    arrays = content[8 + length :]
    assert arrays == struct.pack("<iii", 1, 2, 3) + bytes(4) + struct.pack("<d", 0.5)
    for size in range(12):  # whatever the header's length, arrays begin at a multiple of 8
        one = encode({"n" * (size + 1): np.array([0.5])})
        assert len(one) % 8 == 0 and one[-8:] == struct.pack("<d", 0.5)


def test_another_byte_order_is_turned_round():
    assert decode(encode({"x": np.arange(3, dtype=">i4")}))["x"].tolist() == [0, 1, 2]
    assert decode(encode({"x": np.arange(3, dtype=">f8")}))["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"$": 1}, ValueError),
        ({1: 2}, ValueError),
        (np.array([2**31]), OverflowError),
        (np.array([-(2**31) - 1]), OverflowError),
        (np.array(["a"]), TypeError),
        (np.array([1j]), TypeError),
        (object(), TypeError),
        ({1, 2}, TypeError),
    ],
)
def test_what_has_no_place_is_refused(value, problem):
    with pytest.raises(problem):
        encode({"x": value})


@pytest.mark.parametrize(
    "content", [b"", b"BRL1", b"BRL2\0\0\0\0", b"BRL1\xff\0\0\0{}", b"BRL1\x08\0\0\0[]      "]
)
def test_other_bytes_are_no_lesson(content):
    with pytest.raises(ValueError):
        decode(content)


def test_frames_are_length_kind_content():
    stream = message(PROGRESS, stage="é", share=0.5) + frame(RESULT, b"abc") + message(ERROR, message="no")
    first = struct.unpack_from("<I", stream)[0]
    assert stream[4:5] == b"P" and json.loads(stream[5 : 4 + first]) == {"stage": "é", "share": 0.5}
    assert stream[4 + first : 4 + first + 8] == struct.pack("<I", 4) + b"Rabc"
    assert [kind for kind, _ in frames(stream)] == [PROGRESS, RESULT, ERROR]
    assert frames(frame(RESULT, b"")) == [(b"R", b"")]
    for end in (1, 4, len(stream) - 1):
        with pytest.raises(ValueError):
            frames(stream[:end])
