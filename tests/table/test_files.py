"""Files: what goes in, what comes out, and for every hostile file which error says what."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pickle
import random
import stat
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from bridle.errors import BridleError, DataError, FileError, UsageError
from bridle.table import encode, files, infer, open_table, text

PLAIN = "age,sex,bmi\n31,f,22.5\n45,m,30.1\n27,f,\n"


def write(folder: Path, content: bytes | str, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def cells(table) -> dict[str, list]:
    """The raw cells of a table that was read from a file."""
    return {name: table._raw[name].to_pylist() for name in table.names}


def all_zero_gzip() -> bytes:
    return gzip.compress(b"a,b\n" + b"1,2\n" * 200_000)


HOSTILE = {
    "empty": ("", FileError, ['"data.csv" is empty']),
    "blank lines": ("\n\n \n", FileError, ["is empty"]),
    "only a mark": (b"\xef\xbb\xbf", FileError, ["is empty"]),
    "short row": ("a,b,c\n1,2,3\n4,5\n6,7,8\n", FileError, ["row 2 (line 3)", "2 values", "3 columns"]),
    "long row": ("a,b\n1,2\n3,4,5\n", FileError, ["row 2 (line 3)", "3 values", "2 columns", '","']),
    "row names": ("a,b\nr1,1,2\nr2,3,4\n", FileError, ["row 1 (line 2)", "name in the header"]),
    "ragged behind breaks": ('a,b\n"x\ny",2\n\n3\n', FileError, ["row 2 (line 5)", "1 value,"]),
    "NUL in a row": (b"a,b\n1,2\n3,\x004\n", FileError, ["NUL", "line 3"]),
    "NUL in the header": (b"a\x00,b\n1,2\n", FileError, ["NUL", "line 1"]),
    "only NUL": (b"\x00" * 50, FileError, ["NUL"]),
    "open quote": ('a,b\n1,"2\n3,4\n5,6\n', FileError, ["row 1", "never closed"]),
    "open quote, ragged": ('a,b\n"1,2\n3,4\n', FileError, ["row 1 (line 2)", "1 value,"]),
    "duplicate names": ("a,b,a\n1,2,3\n", DataError, ['"a"', "columns 1, 3", '"data.csv"']),
    "no header": ("1,2,1\n1,2,3\n", DataError, ['"1"', "looks like data"]),
    "pickle": (pickle.dumps({"a": 1}), FileError, ["pickle", "never opens"]),
    "Excel": (b"PK\x03\x04rest", FileError, ["Excel", "save the sheet as CSV"]),
    "web page": ("<!DOCTYPE html><p>", FileError, ["web page"]),
    "JSON array": ('[{"a": 1}]', FileError, ["JSON array", "JSON lines"]),
    "broken JSON": ('{"a": 1}\n{"a": 2\n', FileError, ["line 2"]),
    "JSON list in lines": ('{"a": 1}\n[2]\n', FileError, ["line 2", "not a JSON object"]),
    "nested JSON": ('{"a": 1}\n' + '{"a":' * 100_000 + "\n", FileError, ["line 2"]),
    "old feather": (b"FEA1" + bytes(20), FileError, ["Feather", "version 1"]),
    "cut gzip": (all_zero_gzip()[:-40], FileError, ["gzip", "cut short"]),
    "bzip2": (b"BZh91AY", FileError, ["bzip2"]),
    "cut UTF-16": ("a,b\n1,2\n".encode("utf-16")[:-1], FileError, ["UTF-16"]),
    "cut Arrow": (b"ARROW1\x00\x00" + bytes(60), FileError, ["Arrow", '"data.csv"']),
    "not Parquet": (b"PAR1" + bytes(60), FileError, ["Parquet", '"data.csv"']),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_file(case: str, tmp_path: Path) -> None:
    content, error, words = HOSTILE[case]
    path = write(tmp_path, content)
    with pytest.raises(error) as caught:
        open_table(path)
    assert type(caught.value) is error
    for word in words:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("place", ["header", "row"])
def test_a_line_of_a_hundred_megabytes(place: str, tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    with path.open("wb") as file:
        file.write(b"" if place == "header" else b"a,b\n1,2\n")
        for _ in range(100):
            file.write(b"7" * (1 << 20))
    tracemalloc.start()
    with pytest.raises(FileError, match=f"line {1 if place == 'header' else 3} is longer than 32 MB"):
        open_table(path)
    assert tracemalloc.get_traced_memory()[1] < 2**28
    tracemalloc.stop()


def test_gzip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "GZIP_FLOOR", 1 << 18)
    monkeypatch.setattr(files, "GZIP_RATIO", 100)
    path = write(tmp_path, all_zero_gzip(), "bomb.csv.gz")
    with pytest.raises(FileError, match=r'"bomb.csv.gz" grows to more than 0 MB .*over 100 times'):
        open_table(path)


def test_parquet_cut_short(tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    parquet.write_table(pa.table({"a": np.arange(1000.0)}), whole)
    path = write(tmp_path, whole.read_bytes()[:-100], "cut.parquet")
    with pytest.raises(FileError, match=r'"cut.parquet" is no Parquet file, or a damaged one'):
        open_table(path)


@pytest.mark.parametrize("place", range(0, 700, 23))
def test_flipped_arrow_bytes_do_not_crash(place: int, tmp_path: Path) -> None:
    whole = tmp_path / "whole.arrow"
    feather.write_feather(
        pa.table({"a": ["x", "yy", None], "b": [1.0, 2.0, 3.0]}), whole, compression="uncompressed"
    )
    content = bytearray(whole.read_bytes())
    content[place % len(content)] ^= 0xFF
    try:
        open_table(write(tmp_path, bytes(content), "flipped.arrow"))
    except FileError as error:
        assert '"flipped.arrow"' in str(error)


def test_places_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a directory"):
        open_table(tmp_path)
    with pytest.raises(FileError, match=r'There is no file .*daat\.csv\. Did you mean "data\.csv"\?'):
        write(tmp_path, PLAIN)
        open_table(tmp_path / "daat.csv")
    with pytest.raises(FileError, match="there is no directory"):
        open_table(tmp_path / "nowhere" / "data.csv")
    with pytest.raises(FileError, match=r"cannot be opened|no file"):
        open_table("a\0b")
    with pytest.raises(FileError, match="address"):
        open_table("https://example.org/data.csv")
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    with pytest.raises(FileError, match="leads back to itself"):
        open_table(loop)
    with pytest.raises(FileError, match="pipe or a device"):
        open_table("/dev/zero")


def test_fifo_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    code = f"from bridle.table import open_table; open_table({str(path)!r})"
    done = subprocess.run(
        [sys.executable, *python_flags(), "-c", code], capture_output=True, text=True, timeout=20
    )
    assert "FileError" in done.stderr and "pipe" in done.stderr and "standard input" in done.stderr


def python_flags() -> list[str]:
    return ["-S"] if sys.flags.no_site else []


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, PLAIN)
    path.chmod(stat.S_IWUSR)
    if os.access(path, os.R_OK):  # root reads everything

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(FileError, match=r'"data\.csv" cannot be opened: you have no permission'):
        open_table(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_csv_agrees_with_the_csv_module(delimiter: str, end: str, encoding: str, tmp_path: Path) -> None:
    rows = [
        ["näme", "note, or so", "size"],
        ["Ü", 'say "hi"', "1.5"],
        ["a;b|c", "two\nlines", "2"],
        ["é\t", "", "-3"],
    ]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    table = open_table(write(tmp_path, buffer.getvalue().encode(encoding)))
    header, *body = csv.reader(io.StringIO(buffer.getvalue(), newline=""), delimiter=delimiter)
    assert list(table.names) == header
    expected = [[row[0], row[1] or None, float(row[2])] for row in body]
    assert [list(row) for row in zip(*cells(table).values())] == expected


@pytest.mark.parametrize("size", [10, 100_000])
def test_latin1_is_read_with_a_note(size: int, tmp_path: Path) -> None:
    content = ("town,x\n" + "ulm,1\n" * size + "köln,2\n").encode("latin-1")
    table = open_table(write(tmp_path, content))
    assert cells(table)["town"][-1] == "köln"
    assert [note.kind for note in table.notes] == ["encoding"]


def test_decimal_comma(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, "a;b\n1,5;x\n-2,25;y\n3;z\n"))
    assert cells(table)["a"] == [1.5, -2.25, 3.0]
    assert [note.kind for note in table.notes] == ["decimal"]
    assert cells(open_table(write(tmp_path, "a;b\n1.5;x\n2,z;y\n")))["a"] == ["1.5", "2,z"]


def test_codes_keep_their_zeros(tmp_path: Path) -> None:
    assert cells(open_table(write(tmp_path, "zip,x\n01234,1\n99999,2\n")))["zip"] == ["01234", "99999"]


def test_names_of_the_header(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, '"", age ,"a\nb"\n1,2,3\n'))
    assert list(table.names) == ["unnamed 1", "age", "a\nb"]
    assert [note.kind for note in table.notes] == ["name"]
    numbers = open_table(write(tmp_path, "1.5,2.5\n3,4\n"))
    assert numbers.notes[0].kind == "header" and numbers.notes[0].warning


def test_type_changes_far_down(tmp_path: Path) -> None:
    """Arrow sees the first block only as integers; the odd cell comes after 1 MB."""
    table = open_table(write(tmp_path, "a,b\n" + "123456,1\n" * 300_000 + "x,1\n"))
    assert cells(table)["a"][0] == "123456" and cells(table)["a"][-1] == "x"


def test_line_breaks_in_cells_across_blocks(tmp_path: Path) -> None:
    cell = '"' + "x\n" * 50 + '"'
    table = open_table(write(tmp_path, "a,b\n" + f"1,{cell}\n" * 30_000))
    assert table.n_rows == 30_000 and cells(table)["b"][-1] == "x\n" * 50


def test_lines_are_named_only_where_they_are_known(tmp_path: Path) -> None:
    assert open_table(write(tmp_path, "a,b\n1,2\n3,4")).where(1) == "row 2 (line 3)"
    assert open_table(write(tmp_path, "a,b\n1,2\n\n3,4\n")).where(1) == "row 2"
    assert open_table(write(tmp_path, 'a,b\n1,"x\ny"\n3,4\n')).where(1) == "row 2"


def test_wide_lines(tmp_path: Path) -> None:
    """A header of 2 MB and rows of 1.4 MB: more than Arrow's usual block."""
    p = 20_000
    content = ",".join(f"{j:0100d}" for j in range(p)) + "\n" + ",".join(["1" + "0" * 70] * p) + "\n"
    table = open_table(write(tmp_path, content))
    assert len(table.names) == p and table.n_rows == 1


def frame() -> pd.DataFrame:
    return pd.DataFrame({"age": [31, 45, 27], "sex": ["f", "m", "f"], "bmi": [22.5, 30.1, np.nan]})


WRITERS = {
    "data.csv": lambda path: frame().to_csv(path, index=False),
    "data.csv.gz": lambda path: frame().to_csv(path, index=False),
    "data.tsv": lambda path: frame().to_csv(path, index=False, sep="\t"),
    "data.parquet": lambda path: frame().set_index("age", drop=False).to_parquet(path),
    "data.feather": lambda path: frame().to_feather(path),
    "data.arrow": lambda path: write_stream(path),
    "data.jsonl": lambda path: frame().to_json(path, orient="records", lines=True),
}


def write_stream(path: Path) -> None:
    table = pa.Table.from_pandas(frame())
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("way", ["path", "str", "file", "stdin"])
def test_every_format_by_every_way(
    name: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    if way == "file":
        with path.open("rb") as file:
            table = open_table(file)
    elif way == "stdin":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
        table = open_table("-")
        assert table.name == "standard input"
    else:
        table = open_table(path if way == "path" else str(path))
        assert table.name == f'"{name}"'
    assert table.n_rows == 3 and [note for note in table.notes if note.warning] == []
    read = encode(infer(table), table, need_target=False)
    expected = pd.get_dummies(frame()["sex"])
    age, sex, bmi, missing = read.parts
    np.testing.assert_array_equal(age.values, [31, 45, 27])
    np.testing.assert_array_equal(np.eye(2, dtype=bool)[sex.codes], expected)
    np.testing.assert_array_equal(bmi.values, [22.5, 30.1, 0])
    np.testing.assert_array_equal(missing.mask, [False, False, True])


def test_content_decides_over_the_name(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [1, 2]}), tmp_path / "wrong.csv")
    table = open_table(tmp_path / "wrong.csv")
    assert cells(table) == {"a": [1, 2]}
    assert table.notes[0].kind == "format" and "PARQUET" in table.notes[0].text
    with pytest.raises(FileError, match="no Parquet file"):
        open_table(write(tmp_path, PLAIN), format="parquet")
    with pytest.raises(UsageError, match="csv, tsv, parquet"):
        open_table(write(tmp_path, PLAIN), format="xlsx")


def test_text_streams_and_empty_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_table(io.StringIO(PLAIN)).n_rows == 3
    with pytest.raises(FileError, match="standard input is empty"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        open_table("-")


def test_large_text_is_spooled_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "IN_MEMORY", 1000)
    table = open_table(io.BytesIO(gzip.compress(b"a,b\n" + b"1.5,x\n" * 524_388)))
    assert table.n_rows == 524_388 and cells(table)["a"][-1] == 1.5


def test_mixed_types_in_json_lines(tmp_path: Path) -> None:
    lines = [{"a": 1, "b": "x"}, {"a": "two"}, {"a": None, "c": 2.5}]
    table = open_table(write(tmp_path, "\n".join(map(json.dumps, lines)), "data.jsonl"))
    assert cells(table) == {"a": ["1", "two", None], "b": ["x", None, None], "c": [None, None, 2.5]}


def test_header_only(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, "a,b,y\n"))
    assert (table.n_rows, list(table.names)) == (0, ["a", "b", "y"])
    with pytest.raises(DataError, match=r'"data\.csv" has no rows, only a header'):
        infer(table, target="y")
    schema = infer(open_table({"a": [1.0, 2.0], "b": ["u", "v"], "y": [1.0, 3.0]}), target="y")
    empty = encode(schema, table, need_target=False)
    assert empty.n_rows == 0 and [
        len(part.values if i == 0 else part.codes) for i, part in enumerate(empty.parts)
    ] == [0, 0]


def test_arrow_threads_do_not_abort_at_exit(tmp_path: Path) -> None:
    """Arrow must never hold a Python stream: letting go of it at exit would end the process with SIGABRT."""
    path = write(tmp_path, gzip.compress(PLAIN.encode()), "data.csv.gz")
    code = f"import bridle.table as t; t.open_table({str(path)!r}); t.open_table(open({str(path)!r}, 'rb'))"
    for _ in range(3):
        done = subprocess.run([sys.executable, *python_flags(), "-c", code], capture_output=True, timeout=20)
        assert (done.returncode, done.stderr.count(b"terminate")) == (0, 0)


MUTATIONS = [b"\n", b"\r", b'"', b",", b";", b"\0", b"\xff", b"inf", b"1e999", b"{", b"}", b"9" * 30]


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_raise_nothing_but_typed_errors(name: str, tmp_path: Path) -> None:
    """Bytes changed, cut out, put in at random: a table or a typed error, never another exception."""
    path = tmp_path / name
    WRITERS[name](path)
    content, draw = path.read_bytes(), random.Random(0)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(damaged) + 1)
            if draw.random() < 0.3:
                damaged[place : place + 1] = bytes([draw.randrange(256)])
            elif draw.random() < 0.5:
                damaged[place:place] = draw.choice(MUTATIONS)
            else:
                del damaged[place : place + draw.randint(1, 30)]
        try:
            table = open_table(io.BytesIO(bytes(damaged)))
            encode(infer(table), table, need_target=True)
        except BridleError as error:
            assert len(str(error)) < 1000
