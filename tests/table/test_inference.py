"""What is inferred of a table: types, roles, what is left out, what is warned about."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from bridle.errors import DataError, UsageError
from bridle.table import Schema, encode, infer, open_table

N = 100
RNG = np.random.default_rng(0)
Y = RNG.normal(size=N)


def look(column, n: int | None = None, **types: str) -> Schema:
    """The schema of one column "c" beside noise and a target."""
    n = len(column) if n is None else n
    noise = np.random.default_rng(1).normal(size=(2, n))
    columns = {"c": column, "noise": noise[0], "y": noise[1]}
    return infer(open_table(columns), target="y", types=types)


def kinds(schema: Schema, warning: bool | None = None) -> list[str]:
    return [note.kind for note in schema.notes if note.variable == "c" and warning in (None, note.warning)]


def variable(schema: Schema):
    return next((v for v in schema.variables if v.name == "c"), None)


def pandas_column(values, dtype) -> pd.Series:
    return pd.Series(values, dtype=dtype)


KINDS = {
    "floats": ([1.5, 2.5, 1.0], "numeric"),
    "integers": ([1, 2, 2], "numeric"),
    "booleans": ([True, False, True], "boolean"),
    "text": (["a", "b", "a"], "categorical"),
    "numbers as text": (["1.5", "2", "-3e2"], "numeric"),
    "thousands and currency": (["$1,200", "900", "$3,000.50"], "numeric"),
    "percent": (["12%", "3.5%", "7 %"], "numeric"),
    "decimal comma": (["1,5", "2,25", "3"], "numeric"),
    "a marker": (["1.5", "?", "2", "n/a"], "numeric"),
    "leading zeros": (["01234", "00404", "99999"], "categorical"),
    "mixed objects": ([1, "a", 2.5, None], "categorical"),
    "numbers and numerals": ([1, "2", 3.5], "numeric"),
    "Decimal": ([Decimal("1.5"), Decimal("2")], "numeric"),
    "Decimal and float": ([Decimal("1.5"), 2.0, None], "numeric"),
    "huge integers": ([2**70, 1], "numeric"),
    "nullable integers": (pandas_column([1, None, 3], "Int64"), "numeric"),
    "nullable booleans": (pandas_column([True, None, False], "boolean"), "boolean"),
    "nullable floats": (pandas_column([1.5, None, 2.5], "Float32"), "numeric"),
    "pandas category": (pandas_column(["b", "a", "b"], "category"), "categorical"),
    "category of numbers": (pandas_column([2, 1, 2], "category"), "categorical"),
    "pandas objects": (pandas_column(["a", None, "b"], object), "categorical"),
    "sparse": (pd.Series(pd.arrays.SparseArray([0.0, 1.0, 0.0])), "numeric"),
    "period": (pd.Series(pd.period_range("2020-01", periods=2, freq="M")), "categorical"),
    "interval": (pd.Series(pd.interval_range(0, 2)), "categorical"),
    "polars categorical": (pl.Series(["b", "a"], dtype=pl.Categorical), "categorical"),
    "Arrow dictionary": (pa.array(["b", "a"]).dictionary_encode(), "categorical"),
    "Arrow decimal": (pa.array([Decimal("1.5"), None, Decimal(2)]), "numeric"),
    "Arrow half": (pa.array(np.array([1, 2], dtype="f2")), "numeric"),
    "Arrow text view": (pa.array(["a", "b"], pa.string_view()), "categorical"),
    "bytes that are text": ([b"a", b"b", b"a"], "categorical"),
    "NumPy text": (np.array(["a", "b"]), "categorical"),
    "NumPy objects": (np.array([1, None, 2.5], dtype=object), "numeric"),
    "masked": (np.ma.masked_equal([1.0, 2.0, 3.0], 2.0), "numeric"),
    "byte-swapped": (np.array([1.0, 2.0], dtype=">f8"), "numeric"),
}


@pytest.mark.parametrize("case", KINDS)
def test_kind(case: str) -> None:
    column, kind = KINDS[case]
    assert variable(look(column)).kind == kind


DATES = {
    "date": [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)],
    "datetime": [datetime.datetime(2020, 1, 1, 12), None],
    "NumPy": np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
    "pandas": pd.Series(pd.to_datetime(["2020-01-01", "2020-02-01"])),
    "time zone": pd.Series(pd.to_datetime(["2020-01-01", "2020-02-01"]).tz_localize("Europe/Berlin")),
    "ISO text": ["2020-01-01", "2020-02-30"],
    "text": ["31/12/2020", "1/2/2021"],
    "American text": ["Jan 5, 2020", "Feb 7, 2021"],
    "duration": pd.Series(pd.to_timedelta([1, 2], unit="D")),
    "time of day": [datetime.time(12), datetime.time(13)],
}


@pytest.mark.parametrize("case", DATES)
def test_dates_are_left_out_with_a_warning(case: str) -> None:
    schema = look(DATES[case])
    assert variable(schema) is None and schema.ignored == ("c",)
    note = next(note for note in schema.notes if note.kind == "date")
    assert note.warning and '"c"' in note.text and 'types={"c": "numeric"}' in note.text


UNUSABLE = {
    "complex": (np.array([1 + 1j, 2]), "complex"),
    "complex objects": ([1 + 1j, 2.0], "complex"),
    "lists": ([[1], [2, 3]], "lists"),
    "structures": ([{"a": 1}, {"a": 2}], "struct"),
    "binary": ([b"\xff\xfe", b"\x80"], "bytes"),
    "sets": ([{1}, "x"], "set"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_cells_are_left_out_with_a_warning(case: str) -> None:
    column, word = UNUSABLE[case]
    schema = look(column)
    note = next(note for note in schema.notes if note.variable == "c")
    assert schema.ignored == ("c",) and note.warning and word in note.text
    with pytest.raises(DataError, match=f'"c" .*{word}'):
        look(column, c="numeric")


CONSTANT = {
    "number": np.full(N, 3.0),
    "text": ["a"] * N,
    "boolean": np.ones(N, dtype=bool),
    "empty": [None] * N,
    "empty text": ["", " "] * (N // 2),
    "all NaN": np.full(N, np.nan),
    "one row differs": np.r_[np.zeros(N - 1), 5.0],
    "the first row differs": np.r_[5.0, np.zeros(N - 1)],
    "one text differs": ["a"] * (N - 1) + ["b"],
    "within rounding": 1e6 + 1e-9 * RNG.normal(size=N),
    "one missing": np.r_[np.nan, np.full(N - 1, 3.0)],
}


@pytest.mark.parametrize("case", CONSTANT)
def test_constant_columns_are_dropped(case: str) -> None:
    schema = look(CONSTANT[case])
    assert schema.ignored == ("c",) and kinds(schema, warning=False) == ["constant"]
    assert [v.name for v in schema.variables] == ["noise"]


def test_two_rows_that_differ_are_kept() -> None:
    assert variable(look(np.r_[np.zeros(N - 2), 5.0, 5.0])) is not None
    assert variable(look(1e9 + RNG.normal(size=N))) is not None


def test_constant_with_missing_values_leaves_the_indicator() -> None:
    schema = look(np.r_[np.full(5, np.nan), np.full(N - 5, 3.0)])
    assert [v.name for v in schema.variables] == ["noise", "c is missing"]
    assert schema.variables[1].indicator_of == ("c",) and schema.ignored == ("c",)


IDENTIFIERS = {
    "row numbers": np.arange(1, N + 1),
    "from zero, shuffled": RNG.permutation(N),
    "as floats": np.arange(1000.0, 1000.0 + N),
    "names": [f"item {i}" for i in range(N)],
    "names, some missing": [f"item {i}" for i in range(N - 5)] + [None] * 5,
}


@pytest.mark.parametrize("case", IDENTIFIERS)
def test_identifiers_are_left_out_with_a_warning(case: str) -> None:
    schema = look(IDENTIFIERS[case])
    assert schema.ignored == ("c",) and kinds(schema, warning=True) == ["identifier"]
    kept = look(IDENTIFIERS[case], c="categorical" if case.startswith("names") else "numeric")
    assert variable(kept) is not None and "identifier" not in kinds(kept)


def test_an_identifier_by_its_name() -> None:
    numbers = np.sort(np.random.default_rng(0).choice(10**6, N, replace=False))
    for name, left_out in [
        ("customer_id", True),
        ("rowId", True),
        ("ID", True),
        ("paid", False),
        ("income", False),
    ]:
        schema = infer(open_table({name: numbers, "noise": Y, "y": Y[::-1]}), target="y")
        assert (name in schema.ignored) is left_out


NO_IDENTIFIERS = {
    "distinct floats": RNG.normal(size=N),
    "age": RNG.integers(20, 80, N),
    "even numbers": np.arange(0, 2 * N, 2),
    "a gap": np.r_[np.arange(N - 1), N],
    "a tie": np.r_[np.arange(N - 1), N - 2],
    "few rows": np.arange(15),
    "halves": np.arange(N) + 0.5,
    "repeated names": [f"item {i // 2}" for i in range(N)],
}


@pytest.mark.parametrize("case", NO_IDENTIFIERS)
def test_no_false_alarm(case: str) -> None:
    schema = look(NO_IDENTIFIERS[case])
    assert variable(schema) is not None and "identifier" not in kinds(schema)


def test_the_only_column_is_kept_though_it_numbers_the_rows() -> None:
    schema = infer(open_table({"x": np.arange(50), "y": RNG.normal(size=50)}), target="y")
    assert [v.name for v in schema.variables] == ["x"] and schema.notes[0].kind == "identifier"


GIVEAWAYS = {
    "other unit": (100 * Y + 3, True),
    "nearly the same": (Y + 0.05 * RNG.normal(size=N), True),
    "strong": (Y + 0.2 * RNG.normal(size=N), False),
    "noise": (RNG.normal(size=N), False),
    "huge": (1e200 * Y, True),
    "some missing": (np.where(np.arange(N) < 20, np.nan, Y), False),
}


@pytest.mark.parametrize("case", GIVEAWAYS)
def test_giveaway(case: str) -> None:
    column, expected = GIVEAWAYS[case]
    schema = infer(open_table({"c": column, "noise": RNG.normal(size=N), "y": Y}), target="y")
    assert ("giveaway" in kinds(schema, warning=True)) is expected
    assert "c" not in schema.ignored


def test_giveaway_by_levels_is_not_fooled_by_many_levels() -> None:
    level = np.arange(N) % 5
    y = level + 0.01 * Y
    schema = infer(open_table({"c": [f"l{i}" for i in level], "noise": Y, "y": y}), target="y")
    assert "giveaway" in kinds(schema)
    many = [
        f"l{i // 2}" for i in range(N)
    ]  # two rows each: in the training rows the means explain nearly all
    schema = infer(open_table({"c": many, "noise": Y, "y": RNG.normal(size=N)}), target="y")
    assert "giveaway" not in kinds(schema) and "levels" in kinds(schema, warning=True)


def test_a_level_for_nearly_every_row_does_not_fool_the_giveaway_check() -> None:
    """The means of such levels explain all of the target in the rows that they were taken from."""
    schema = look([f"l{min(i, N - 2)}" for i in range(N)])
    assert len(variable(schema).levels) == N - 1 and "giveaway" not in kinds(schema)


def test_missing_cells_among_mixed_objects() -> None:
    assert variable(look([1, "a", float("nan"), pd.NA, "a"])).levels == ("1", "a", "(missing)")


def test_copies_are_named() -> None:
    columns = {"a": Y, "c": Y.copy(), "near": np.r_[Y[:-1], 9.0], "y": RNG.normal(size=N)}
    schema = infer(open_table(columns), target="y")
    assert [(n.variable, n.kind) for n in schema.notes if n.kind == "duplicate"] == [("c", "duplicate")]
    assert '"a"' in next(n.text for n in schema.notes if n.kind == "duplicate")


def test_integers_beyond_float64_are_warned_about() -> None:
    assert kinds(look(np.array([2**53 + 1, 5, 7])), warning=True) == ["precision"]
    assert kinds(look(np.array([2**53, 5, 7]))) == []


def test_missing_values_and_merged_indicators() -> None:
    gap, other = np.where(np.arange(N) % 7, Y, np.nan), np.where(np.arange(N) % 5, Y, np.nan)
    columns = {"a": gap, "b": 2 * gap, "d": other, "c": ["u", None] * (N // 2), "y": Y}
    schema = infer(open_table(columns), target="y")
    assert [v.name for v in schema.variables] == ["a", "b", "d", "c", "a and b are missing", "d is missing"]
    assert schema.variables[4].indicator_of == ("a", "b") and schema.variables[0].has_missing
    assert variable(schema).levels == ("u", "(missing)")
    assert [n.kind for n in schema.notes if n.kind == "indicator-merged"] == ["indicator-merged"]
    taken = infer(open_table({"d": other, "d is missing": Y, "y": Y[::-1]}), target="y")
    assert taken.variables[-1].name == "d is missing (indicator)"


def test_levels_are_in_a_sensible_order() -> None:
    assert variable(look(["b", "a ", " c", "a"])).levels == ("a", "b", "c")
    assert variable(look([10, 9, 10, 2], c="categorical")).levels == ("2", "9", "10")
    declared = pd.Series(
        pd.Categorical(["low", "high", None], categories=["low", "mid", "high"], ordered=True)
    )
    assert variable(look(declared)).levels == ("low", "high", "(missing)")
    assert variable(look([True, False], c="categorical")).levels == ("false", "true")


def test_a_hundred_thousand_levels() -> None:
    schema = look([f"l{i % 100_000}" for i in range(200_000)])
    assert len(variable(schema).levels) == 100_000 and "levels" in kinds(schema, warning=True)


def csv(text: str):
    return open_table(io.StringIO(text))


BAD = {
    "bad cell": (
        "c,y\n" + "".join(f"{i},{i * i}\n" for i in range(60)) + "12a,3\n",
        DataError,
        ['"c"', '"12a"', "row 61 (line 62)"],
    ),
    "infinite": ("c,y\n1,2\n-inf,3\n", DataError, ['"c"', "row 2 (line 3)", "-inf"]),
    "no rows": ("c,y\n", DataError, ["no rows"]),
    "one row": ("c,y\n1,2\n", DataError, ["only one row"]),
    "text target": ("c,y\n1,red\n2,blue\n3,green\n", DataError, ['"y"', '"red"', "classes must be two"]),
    "date target": ("c,y\n1,2020-01-01\n2,2020-01-02\n", DataError, ['"y"', "dates"]),
    "bad target cell": ("c,y\n1,2\n2,x\n3,4\n4,5\n", DataError, ['"y"', '"x"', "row 2 (line 3)"]),
    "missing target": ("c,y\n1,2\n2,\n3,NA\n", DataError, ['"y"', "2 rows of 3", "row 2 (line 3)", "row 3"]),
    "infinite target": ("c,y\n1,2\n2,inf\n", DataError, ['"y"', "row 2"]),
    "nothing left": ("c,y\n1,2\n1,3\n", DataError, ["left to predict from", '"c" is constant']),
    "only a target": ("y\n1\n2\n", DataError, ["nothing to predict from"]),
    "unknown target": ("c,Y\n1,2\n2,3\n", UsageError, ['"y"', 'Did you mean "Y"?']),
    "wrong delimiter": ("c y\n1 2\n2 3\n", UsageError, ['"y"', "delimiters"]),
}


@pytest.mark.parametrize(
    ("text", "classes"),
    [("c,y\n1,red\n2,blue\n3,red\n", ("blue", "red")), ("c,y\n1,true\n2,false\n3,True\n", ("false", "true"))],
)
def test_two_classes_are_a_target_where_they_may_be(text: str, classes: tuple[str, str]) -> None:
    table = csv(text)
    schema = infer(table, target="y")
    assert schema.classes == classes and Schema.from_dict(schema.to_dict()) == schema
    encoded = encode(schema, table, need_target=True)
    assert encoded.target is not None and encoded.target.tolist() == [1.0, 0.0, 1.0]
    with pytest.raises(DataError, match="binomial"):
        infer(table, target="y", classes=False)


@pytest.mark.parametrize("case", BAD)
def test_bad_values(case: str) -> None:
    text, error, words = BAD[case]
    with pytest.raises(error) as caught:
        infer(csv(text), target="y")
    for word in words:
        assert word in str(caught.value)


ROLES = {
    "negative weight": ({"weights": "w"}, {"w": [1.0, -2.0, 1.0]}, DataError, ['"w"', "row 2", "-2"]),
    "zero weights": ({"weights": "w"}, {"w": [0.0, 0.0, 0.0]}, DataError, ['"w"', "all zero"]),
    "missing weight": ({"weights": "w"}, {"w": [1.0, None, 1.0]}, DataError, ['"w"', "row 2"]),
    "text weight": ({"weights": "w"}, {"w": ["a", "b", "c"]}, DataError, ['"w"', "row 1"]),
    "missing group": ({"groups": "g"}, {"g": ["a", None, "b"]}, DataError, ['"g"', "row 2"]),
    "missing order": ({"order": "o"}, {"o": [1.0, 2.0, np.nan]}, DataError, ['"o"', "row 3"]),
    "text order": ({"order": "o"}, {"o": ["a", "b", "c"]}, DataError, ['"o"', "row 1"]),
    "two roles": ({"weights": "y"}, {}, UsageError, ['"y"', "both target and weights"]),
    "ignored target": ({"ignore": ["y"]}, {}, UsageError, ['"y"', "cannot be ignored"]),
    "ignored by type": ({"types": {"y": "ignore"}}, {}, UsageError, ['"y"', "cannot be ignored"]),
    "unknown ignore": ({"ignore": "z"}, {}, UsageError, ['"z"']),
    "unknown column": ({"types": {"z": "numeric"}}, {}, UsageError, ['"z"']),
    "unknown type": ({"types": {"x": "float"}}, {}, UsageError, ['"float"', "categorical"]),
    "not boolean": ({"types": {"x": "boolean"}}, {}, DataError, ['"x"', "row 2", "2 is neither"]),
    "not a date": ({"types": {"x": "date"}}, {}, DataError, ['"x"', "dates"]),
    "not numeric": ({"types": {"t": "numeric"}}, {"t": ["a", "b", "b"]}, DataError, ['"t"', '"a"', "row 1"]),
    "not an ISO date": (
        {"types": {"t": "numeric"}},
        {"t": ["1/2/2020"] * 3},
        DataError,
        ['"t"', "2024-05-31"],
    ),
}


@pytest.mark.parametrize("case", ROLES)
def test_roles(case: str) -> None:
    arguments, columns, error, words = ROLES[case]
    table = open_table({"x": [1.0, 2.0, 4.0], "y": [1.0, 3.0, 2.0], **columns})
    with pytest.raises(error) as caught:
        infer(table, target="y", **arguments)
    for word in words:
        assert word in str(caught.value)


def test_a_boolean_target_declared_numeric() -> None:
    assert (
        infer(
            open_table({"x": [1.0, 2.0, 3.0], "y": [True, False, True]}), target="y", types={"y": "numeric"}
        ).target
        == "y"
    )


def frames() -> dict:
    data = {"a": [1.5, None, 3.0], "b": ["u", "v", "u"], "y": [1.0, 2.0, 4.0]}
    return {
        "dict": data,
        "pandas": pd.DataFrame(data),
        "polars": pl.DataFrame(data),
        "lazy polars": pl.LazyFrame(data),
        "pyarrow": pa.table(data),
        "record batch": pa.RecordBatch.from_pydict(data),
        "chunks": pa.concat_tables([pa.table(data).slice(i, 1) for i in range(3)]),
        "narwhals": nw.from_native(pl.DataFrame(data)),
        "structured array": np.array([(1.5, "u", 1), (np.nan, "v", 2), (3, "u", 4)], dtype="f8,U1,f8"),
    }


@pytest.mark.parametrize("case", frames())
def test_every_kind_of_table_gives_the_same_schema(case: str) -> None:
    source = frames()[case]
    if case == "structured array":
        source.dtype.names = ("a", "b", "y")
    schema = infer(open_table(source), target="y")
    assert schema.column_names() == ["a", "b=u", "b=v", "a is missing"]


TABLES = {
    "different lengths": ({"a": [1, 2], "b": [1]}, DataError, ['"a" has 2 rows', '"b" has 1 row']),
    "a scalar": ({"a": 1}, DataError, ['"a"', "int"]),
    "a text": ({"a": "xyz"}, DataError, ['"a"', "str"]),
    "two dimensions": ({"a": np.zeros((2, 2))}, DataError, ['"a"', "(2, 2)"]),
    "pandas duplicates": (pd.DataFrame([[1, 2]], columns=["a", "a"]), DataError, ['"a"', "columns 1, 2"]),
    "equal as text": ({1: [1], "1": [2]}, DataError, ['"1"']),
    "Arrow duplicates": (pa.table([[1], [2]], names=["a", "a"]), DataError, ['"a"']),
    "a number": (3, UsageError, ["type int"]),
    "None": (None, UsageError, ["NoneType"]),
    "a list": ([[1, 2]], UsageError, ["type list"]),
    "a format in memory": ({"a": [1]}, UsageError, ["format="]),
}


@pytest.mark.parametrize("case", TABLES)
def test_what_is_no_table(case: str) -> None:
    source, error, words = TABLES[case]
    with pytest.raises(error) as caught:
        open_table(source, format="csv" if case == "a format in memory" else None)
    for word in words:
        assert word in str(caught.value)


def test_names_that_are_no_text() -> None:
    frame = pd.DataFrame({0: [1.0, 2.0], ("a", 1): [3.0, 4.0], 2.5: [0.0, 1.0]})
    assert list(open_table(frame).names) == ["0", "a_1", "2.5"]
    levels = pd.DataFrame([[1.0, 2.0]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    assert list(open_table(levels).names) == ["a_x", "a_y"]
