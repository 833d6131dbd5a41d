"""What a schema makes of a table that it is shown later, and how it objects."""

from __future__ import annotations

import datetime
import io
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from bridle.errors import DataError, SchemaError
from bridle.table import Categorical, Frame, Indicator, Numeric, Schema, encode, infer, open_table

N = 60
RNG = np.random.default_rng(0)
TRAINING = pd.DataFrame(
    {
        "age": np.where(np.arange(N) % 9, RNG.integers(20, 80, N), np.nan),
        "bmi": RNG.normal(27, 4, N),
        "region": RNG.choice(["north", "south", "east"], N),
        "smoker": RNG.random(N) < 0.5,
        "when": pd.date_range("2020-01-01", periods=N),
        "zip": RNG.choice(["01234", "99999", "K2"], N),
        "y": RNG.normal(size=N),
        "w": RNG.random(N),
        "g": RNG.choice(["p", "q", "r"], N),
        "o": pd.date_range("2021-01-01", periods=N)[::-1],
    }
)
SCHEMA = infer(
    open_table(TRAINING),
    target="y",
    weights="w",
    groups="g",
    order="o",
    types={"when": "numeric", "zip": "categorical"},
)


def dense(frame: Frame) -> np.ndarray:
    """The design matrix, plainly written."""
    columns = []
    for part in frame.parts:
        if isinstance(part, Categorical):
            columns += [part.codes == code for code in range(len(part.levels))]
        else:
            columns.append(part.mask if isinstance(part, Indicator) else part.values)
    return np.column_stack(columns).astype(float)


def show(**columns) -> Frame:
    """The first rows of the training table with some columns exchanged."""
    n = len(next(iter(columns.values())))
    table = {**TRAINING.iloc[:n].to_dict("list"), **columns}
    return encode(SCHEMA, open_table(table), need_target=False)


def part(frame: Frame, name: str):
    return next(p for p in frame.parts if p.name == name)


def test_agrees_with_get_dummies() -> None:
    frame = encode(SCHEMA, open_table(TRAINING), need_target=True)
    numeric = TRAINING[["age", "bmi", "region", "smoker", "when", "zip"]].assign(
        age=TRAINING["age"].fillna(0),
        when=(TRAINING["when"] - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1),
    )
    expected = pd.get_dummies(numeric, prefix_sep="=").assign(**{"age is missing": TRAINING["age"].isna()})
    np.testing.assert_array_equal(dense(frame), expected[SCHEMA.column_names()].to_numpy(dtype=float))
    np.testing.assert_array_equal(part(frame, "age").missing, TRAINING["age"].isna())
    np.testing.assert_array_equal(frame.target, TRAINING["y"])
    np.testing.assert_array_equal(frame.weights, TRAINING["w"])
    assert len(set(zip(frame.groups, TRAINING["g"]))) == 3
    np.testing.assert_array_equal(np.argsort(frame.order), np.arange(N)[::-1])


def through_csv() -> io.StringIO:
    return io.StringIO(TRAINING.to_csv(index=False))


def through_parquet() -> io.BytesIO:
    sink = io.BytesIO()
    TRAINING.to_parquet(sink)
    sink.seek(0)
    return sink


SAME = {
    "polars": lambda: pl.from_pandas(TRAINING),
    "pyarrow": lambda: pa.Table.from_pandas(TRAINING),
    "CSV": through_csv,
    "Parquet": through_parquet,
    "other columns, other order": lambda: TRAINING.assign(extra=1)[["extra", *TRAINING.columns[::-1]]],
    "categories": lambda: TRAINING.astype({"region": "category", "zip": "category"}),
    "objects": lambda: TRAINING.astype(object),
    "everything as text": lambda: TRAINING.assign(
        age=TRAINING["age"].map(str),
        bmi=TRAINING["bmi"].map(repr),
        smoker=TRAINING["smoker"].map(str),
        when=TRAINING["when"].map(str),
    ),
    "time zone": lambda: TRAINING.assign(when=TRAINING["when"].dt.tz_localize("UTC")),
    "0 and 1": lambda: TRAINING.assign(smoker=TRAINING["smoker"].astype(int)),
}


@pytest.mark.parametrize("case", SAME)
def test_the_same_table_in_another_dress(case: str) -> None:
    expected = dense(encode(SCHEMA, open_table(TRAINING), need_target=False))
    frame = encode(SCHEMA, open_table(SAME[case]()), need_target=False)
    np.testing.assert_array_equal(dense(frame), expected)
    assert frame.notes == () and frame.target is None and frame.groups is None


def test_a_schema_that_went_through_json() -> None:
    again = Schema.from_dict(SCHEMA.to_dict())
    expected = dense(encode(SCHEMA, open_table(TRAINING), need_target=False))
    np.testing.assert_array_equal(dense(encode(again, open_table(TRAINING), need_target=False)), expected)


def test_unseen_levels_are_rows_of_zeros_with_a_note() -> None:
    frame = show(region=["north", "west", "moon", "west", None])
    np.testing.assert_array_equal(part(frame, "region").codes, [1, -1, -1, -1, -1])
    (note,) = frame.notes
    assert (note.kind, note.variable, note.warning) == ("unseen-level", "region", True)
    for word in ('"west"', '"moon"', "(missing)", "3 levels", "4 rows of 5", "row 2"):
        assert word in note.text


def test_levels_that_arrive_as_numbers() -> None:
    """A part of the table without the odd code is read as integers; its levels are found by value."""
    frame = show(zip=[1234, 99999, 7])
    np.testing.assert_array_equal(part(frame, "zip").codes, [0, 1, -1])
    np.testing.assert_array_equal(part(show(zip=[1234.0, np.nan]), "zip").codes, [0, -1])
    schema = infer(open_table({"c": ["07", "7", "x", "x"], "y": [1.0, 2, 3, 5]}), target="y")
    table = open_table({"c": [7, 7]})
    assert [
        schema.variables[0].levels[i] for i in encode(schema, table, need_target=False).parts[0].codes
    ] == ["7", "7"]


def test_missing_numbers_that_training_did_not_have() -> None:
    frame = show(bmi=[22.0, None, 25.0])
    np.testing.assert_array_equal(part(frame, "bmi").missing, [False, True, False])
    assert part(frame, "bmi").values[1] == 0 and [n.kind for n in frame.notes] == ["missing"]
    assert part(show(age=[1.0, 2.0]), "age").missing is None
    assert not part(show(age=[1.0, 2.0]), "age is missing").mask.any()
    assert part(show(age=[None, None]), "age is missing").mask.all()


BROKEN = {
    "text for numbers": (
        {"bmi": [22.0, "heavy", "light"]},
        SchemaError,
        ['"bmi"', "row 2", '"heavy"', "1 other row"],
    ),
    "dates for numbers": ({"bmi": [datetime.date(2020, 1, 1)]}, SchemaError, ['"bmi"', "dates"]),
    "numbers for dates": ({"when": [1.0, 2.0]}, SchemaError, ['"when"', "dates are expected"]),
    "text for dates": ({"when": ["2020-01-01", "soon"]}, SchemaError, ['"when"', "row 2", '"soon"']),
    "numbers for booleans": ({"smoker": [0, 1, 2]}, SchemaError, ['"smoker"', "row 3", "2 is neither"]),
    "text for booleans": ({"smoker": ["true", "perhaps"]}, SchemaError, ['"smoker"', "row 2", '"perhaps"']),
    "lists for levels": ({"region": [["a"], ["b"]]}, SchemaError, ['"region"', "lists"]),
    "infinite": ({"bmi": [1.0, -np.inf]}, DataError, ['"bmi"', "row 2", "-inf"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_promises(case: str) -> None:
    columns, error, words = BROKEN[case]
    with pytest.raises(error) as caught:
        show(**columns)
    for word in words:
        assert word in str(caught.value)


def test_absent_columns() -> None:
    with pytest.raises(SchemaError, match=r'no column "bmi", which the model needs\. Did you mean "bmI"\?'):
        encode(SCHEMA, open_table(TRAINING.rename(columns={"bmi": "bmI"})), need_target=False)
    with pytest.raises(SchemaError, match=r'lacks 2 of the 6 columns that the model needs: "age", "region"'):
        encode(SCHEMA, open_table(TRAINING.drop(columns=["age", "region"])), need_target=False)
    without = open_table(TRAINING.drop(columns=["y", "w", "g", "o"]))
    assert encode(SCHEMA, without, need_target=False).n_rows == N
    with pytest.raises(SchemaError, match='no column "y", the target'):
        encode(SCHEMA, without, need_target=True)


def test_merged_indicators() -> None:
    gap = [1.0, None, 3.0, 5.0]
    schema = infer(
        open_table({"a": gap, "b": [2 * x if x else None for x in gap], "y": [1.0, 2, 3, 5]}), target="y"
    )
    frame = encode(schema, open_table({"a": [None, 1.0, 2.0], "b": [1.0, None, 2.0]}), need_target=False)
    np.testing.assert_array_equal(frame.parts[2].mask, [True, True, False])


def test_an_indicator_of_a_dropped_column() -> None:
    columns = {"a": [1.0] * 30 + [None] * 10, "x": RNG.normal(size=40), "y": RNG.normal(size=40)}
    schema = infer(open_table(columns), target="y")
    frame = encode(schema, open_table({"x": [1.0, 2.0], "a": [7.0, None]}), need_target=False)
    np.testing.assert_array_equal(frame.parts[1].mask, [False, True])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("source", ["dict", "pandas", "polars", "pyarrow"])
def test_complete_floats_are_not_copied(source: str, dtype) -> None:
    x = RNG.normal(size=1000).astype(dtype)
    table = {
        "dict": lambda: {"x": x, "y": x},
        "pandas": lambda: pd.DataFrame({"x": x, "y": x}, copy=False),
        "polars": lambda: pl.DataFrame({"x": x, "y": x}),
        "pyarrow": lambda: pa.table({"x": x, "y": x}),
    }[source]()
    values = {
        "polars": lambda: table["x"].to_numpy(allow_copy=False),
        "pandas": lambda: table["x"].to_numpy(),
    }
    original = values.get(source, lambda: x)()
    schema = infer(open_table({"x": x, "y": x}), target="y")
    numeric = encode(schema, open_table(table), need_target=False).parts[0]
    assert isinstance(numeric, Numeric) and numeric.values.dtype == dtype
    assert np.shares_memory(numeric.values, original)


def test_strided_columns_become_contiguous() -> None:
    frame = pd.DataFrame(RNG.normal(size=(50, 3)), columns=list("abc"))
    schema = infer(open_table(frame), target="c")
    for numeric in encode(schema, open_table(frame), need_target=True).parts:
        assert numeric.values.flags.c_contiguous


def test_a_written_arrow_file_is_not_copied(tmp_path) -> None:
    path = tmp_path / "data.arrow"
    table = pa.table({"x": RNG.normal(size=200_000), "y": RNG.normal(size=200_000)})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    before = pa.total_allocated_bytes()
    opened = open_table(path)
    frame = encode(infer(opened, target="y"), opened, need_target=True)
    np.testing.assert_array_equal(frame.parts[0].values, table["x"])
    assert pa.total_allocated_bytes() - before < 1000


def test_dictionary_columns_of_parquet_are_categories() -> None:
    sink = io.BytesIO()
    parquet.write_table(
        pa.table({"c": pa.array(["b", "a", None, "b"]).dictionary_encode(), "y": [1.0, 2, 3, 5]}), sink
    )
    sink.seek(0)
    table = open_table(sink)
    schema = infer(table, target="y")
    assert schema.variables[0].levels == ("b", "a", "(missing)")
    np.testing.assert_array_equal(encode(schema, table, need_target=True).parts[0].codes, [0, 1, 2, 0])


def test_reading_a_csv_needs_neither_pandas_nor_sklearn() -> None:
    flags = ["-S"] if sys.flags.no_site else []
    code = (
        "import sys, io, bridle.table as t;"
        "x = t.open_table(io.StringIO('a,b,y,d\\n1,u,2,2020-01-01\\n2,,3,\\n,u,1,2020-01-02\\n'));"
        "t.encode(t.infer(x, target='y', types={'d': 'date'}), x, need_target=True);"
        "names = ('narwhals', 'pandas', 'polars', 'scipy', 'sklearn', 'matplotlib');"
        "print([m for m in names if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
