"""The schema: its columns, its way through JSON, its table for printing."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from bridle.errors import SchemaError
from bridle.table import Note, Schema, Variable, describe

FULL = Schema(
    variables=(
        Variable("age", "numeric", has_missing=True),
        Variable("smoker", "boolean"),
        Variable('re"gion\n', "categorical", levels=("nörth", "south", "(missing)")),
        Variable("when", "date"),
        Variable("age is missing", "boolean", indicator_of=("age",)),
    ),
    target="y",
    weights="w",
    groups="g",
    order="o",
    ignored=("id", "site"),
    notes=(Note("constant", "site", "It is constant.", False), Note("giveaway", "age", "Too good.", True)),
)
SCHEMAS = [
    FULL,
    Schema((), None, matrix_columns=7),
    Schema((), None, matrix_columns=("a", "b")),
    Schema((), "y"),
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_through_json_and_back(schema: Schema) -> None:
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


def test_columns() -> None:
    assert FULL.columns()[2:5] == [('re"gion\n', "nörth"), ('re"gion\n', "south"), ('re"gion\n', "(missing)")]
    assert FULL.column_names()[1:3] == ["smoker", 're"gion\n=nörth']
    np.testing.assert_array_equal(FULL.variable_of_column(), [0, 1, 2, 2, 2, 3, 4])
    assert FULL.n_columns == len(FULL.columns()) == 7
    assert Schema((), None, matrix_columns=3).columns() == [("x0", None), ("x1", None), ("x2", None)]


def test_wide_matrices_are_quick() -> None:
    start = time.perf_counter()
    schema = Schema((), None, matrix_columns=200_000)
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))).n_columns == 200_000
    assert len(schema.variable_of_column()) == 200_000
    assert time.perf_counter() - start < 0.02
    named = Schema((), None, matrix_columns=tuple(schema.column_names()))
    start = time.perf_counter()
    assert Schema.from_dict(json.loads(json.dumps(named.to_dict()))) == named
    assert time.perf_counter() - start < 0.5


BROKEN = [
    {},
    {**FULL.to_dict(), "variables": [{"name": "a"}]},
    {**FULL.to_dict(), "variables": [{**FULL.to_dict()["variables"][0], "kind": "magic"}]},
    {**FULL.to_dict(), "variables": [{**FULL.to_dict()["variables"][0], "levels": "abc"}]},
    {**FULL.to_dict(), "target": 3},
    {**FULL.to_dict(), "ignored": [None]},
    {**FULL.to_dict(), "matrix_columns": -1},
    {**FULL.to_dict(), "matrix_columns": True},
    {**FULL.to_dict(), "notes": [["constant", "a"]]},
    {**FULL.to_dict(), "variables": None},
]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_no_schema(broken: dict) -> None:
    with pytest.raises(SchemaError, match="not a schema"):
        Schema.from_dict(broken)


def test_describe() -> None:
    rows = describe(FULL)
    assert [row[:3] for row in rows] == [
        ("y", "target", "numeric"),
        ("w", "weights", ""),
        ("g", "groups", ""),
        ("o", "order", ""),
        ("age", "feature", "numeric"),
        ("smoker", "feature", "boolean"),
        ('re"gion\n', "feature", "categorical"),
        ("when", "feature", "date"),
        ("age is missing", "feature", "indicator"),
        ("id", "ignored", ""),
        ("site", "ignored", ""),
    ]
    detail = {row[0]: row[3] for row in rows}
    assert "giveaway" in detail["age"] and "indicator" in detail["age"]
    assert detail['re"gion\n'] == "3 levels: nörth, south, (missing)"
    assert detail["site"] == "left out, constant"
    assert describe(Schema((), None, matrix_columns=5)) == [("5 columns", "feature", "numeric", "an array")]
