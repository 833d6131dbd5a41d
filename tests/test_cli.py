"""The command line from outside: what goes to which stream, with which exit status, and never a traceback."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import pickle
import pty
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import bridle
from bridle import conventions
from bridle.cli import main
from bridle.cli.fit_command import fit as fit_command
from bridle.cli.running import ERROR_SCHEMA

PROGRAM = [sys.executable, "-c", "import sys; from bridle.cli import main; sys.exit(main())"]


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def cli(*arguments: object, stdin: bytes | None = None) -> Result:
    """One run inside this process, with streams of bytes."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    old = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin or b""), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main([str(argument) for argument in arguments])
    finally:
        sys.stdin = old
    out.flush(), err.flush()
    return Result(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))  # type: ignore[attr-defined]


def outside(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """One run as a process of its own."""
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def fails(result: Result, status: int, *words: str) -> None:
    """One clear message, nothing on standard output, no traceback."""
    assert result.status == status, result
    assert result.out == ""
    message = result.err.strip()
    assert message.startswith("bridle: ") and "\n" not in message and len(message) < 600, message
    assert "Traceback" not in message and "bug" not in message
    assert message.endswith((".", "?", "csv")) or "< " in message, message
    for word in words:
        assert word in message, message


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    """A folder with the diabetes table and a model of it."""
    place: Path = tmp_path_factory.mktemp("cli")
    table = cli("example")
    assert table.status == 0
    (place / "diabetes.csv").write_text(table.out)
    done = cli("fit", place / "diabetes.csv", "--target", "progression", "--model", place / "m.bridle", "-q")
    assert done.status == 0, done.err
    return place


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A table of 30 rows with a category."""
    path = tmp_path / "small.csv"
    path.write_text(small_text())
    return path


def small_text(n: int = 30, header: str = "a,b,region,y", extra: str = "") -> str:
    rng = np.random.default_rng(0)
    lines = [header]
    for i, (a, b, noise) in enumerate(rng.normal(size=(n, 3))):
        region = ("north", "south", "west")[i % 3]
        lines.append(f"{a:.4f},{b:.4f},{region},{2 * a - b + (i % 3) + 0.1 * noise:.4f}{extra}")
    return "\n".join(lines) + "\n"


# Help, version, usage


def test_help_lists_the_commands_that_work() -> None:
    result = cli("--help")
    assert result.status == 0 and result.err == ""
    commands = re.findall(r"^  (\w+)  +[A-Z]", result.out, re.M)
    assert [c for c in commands if c.islower()] == [
        "compare",
        "convert",
        "example",
        "fit",
        "lab",
        "predict",
        "verify",
    ]
    for command in ("compare", "convert", "example", "fit", "lab", "predict", "verify"):
        assert cli(command, "--help").status == 0


def test_help_names_every_scale_for_numbers() -> None:
    text = " ".join(cli("fit", "--help").out.split()).replace("- ", "-")
    for name in conventions.CONVENTIONS:
        assert (f" {name}," in text or f" {name}." in text) == (name in conventions.SCALES), name


def test_every_option_of_fit_has_help() -> None:
    for parameter in fit_command.params:
        assert parameter.param_type_name == "argument" or getattr(parameter, "help", None), parameter.name


def test_version() -> None:
    assert cli("--version") == Result(0, f"bridle {bridle.__version__}\n", "")


def test_nothing_typed_shows_the_help() -> None:
    result = cli()
    assert result.status == 2 and result.out == "" and "Commands:" in result.err


def test_help_is_quick_and_light() -> None:
    code = "import sys; from bridle.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    best = 9.0
    for _ in range(3):
        before = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        best = min(best, time.perf_counter() - before)
    for heavy in ("numpy", "scipy", "rich", "pyarrow", "sklearn", "jinja2", "bridle._core"):
        assert f"'{heavy}'" not in done.stderr, heavy
    assert best < 1.0  # 0.25 s on a machine that does nothing else; make bench measures it


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fot"], "No such command"),
        (["--foo"], "--foo"),
        (["fit"], "TABLE"),
        (["fit", "--foo"], "--foo"),
        (["predict", "m"], "TABLE"),
        (["example", "titanic"], "titanic"),
    ],
)
def test_usage(arguments: list[str], words: str) -> None:
    result = cli(*arguments)
    assert result.status == 2 and words in result.err and "--help" in result.err and result.out == ""


# example


@pytest.mark.parametrize(
    ("name", "shape"),
    [("diabetes", (442, 11)), ("iris", (150, 5)), ("linnerud", (20, 6)), ("wine", (178, 14))],
)
def test_examples_can_be_fitted(name: str, shape: tuple[int, int], tmp_path: Path) -> None:
    result = cli("example", name)
    rows = rows_of(result.out)
    assert result.status == 0 and (len(rows) - 1, len(rows[0])) == shape
    hint = re.search(r"Next: bridle fit \S+ --target (\w+)", result.err)
    assert hint is not None
    (tmp_path / "t.csv").write_text(result.out)
    assert cli("fit", tmp_path / "t.csv", "--target", hint[1], "--no-nested").status == 0


def test_diabetes_is_in_its_own_units() -> None:
    rows = rows_of(cli("example", "diabetes").out)
    assert ",".join(rows[0]) == "age,sex,bmi,bp,s1,s2,s3,s4,s5,s6,progression"
    assert ",".join(rows[1]) == "59,2,32.1,101.0,157,93.2,38.0,4.0,4.8598,87,151"


# fit


def test_fit_answers_on_stdout_and_tells_the_rest_on_stderr(folder: Path) -> None:
    result = cli("fit", folder / "diabetes.csv", "--target", "progression")
    assert result.status == 0
    assert result.out.startswith("Predicting progression from 10 variables")
    assert "Certified from the rows" in result.out and "\x1b" not in result.out
    assert "progression  target" in result.err and "bmi          feature  numeric" in result.err
    assert cli("fit", folder / "diabetes.csv", "--target", "progression", "-q").err == ""


def test_fit_writes_what_is_asked_for(folder: Path, tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("r.html", "m.bridle", "oof.csv")}
    result = cli(
        "fit", folder / "diabetes.csv", "--target", "progression", "--report", paths["r.html"],
        "--model", paths["m.bridle"], "--predictions", paths["oof.csv"],
    )  # fmt: skip
    assert result.status == 0
    for path in paths.values():
        assert path.exists() and str(path) in result.err
    assert "<!doctype html>" in paths["r.html"].read_text()[:100].lower()
    model = bridle.load(paths["m.bridle"])
    rows = rows_of(paths["oof.csv"].read_text())
    assert rows[0] == ["row", "progression", "prediction"] and len(rows) == 443
    table = np.array(rows[1:], dtype=float)
    assert (table[:, 0] == np.arange(1, 443)).all() and table[0, 1] == 151
    error = np.mean((table[:, 1] - table[:, 2]) ** 2)
    assert error == pytest.approx(model.selection.chosen.error, rel=1e-5)
    assert model.call["data"] == str(folder / "diabetes.csv")


def test_fit_is_bridle_fit(folder: Path) -> None:
    """Every option reaches the function of the same meaning."""
    arguments = {
        "--ignore": "age", "--l1-ratio": "0.5,1", "--n-alphas": 30, "--folds": 4, "--repeats": 2, "--rule": "1se",
        "--seed": 3, "--max-variables": 6, "--penalty-factor": "bmi=0", "--lower": "s5=0", "--upper": "bp=1",
        "--threads": 1, "--type": "sex=categorical",
    }  # fmt: skip
    flat = [text for pair in arguments.items() for text in pair]
    result = cli("fit", folder / "diabetes.csv", "--target", "progression", "--json", "--no-nested", *flat)
    assert result.status == 0, result.err
    model = bridle.fit(
        folder / "diabetes.csv", target="progression", ignore=("age",), l1_ratios=(0.5, 1), n_alphas=30, folds=4,
        repeats=2, rule="1se", seed=3, max_variables=6, penalty_factors={"bmi": 0.0}, lower={"s5": 0.0},
        upper={"bp": 1.0}, nested=False, types={"sex": "categorical"},
    )  # fmt: skip
    record = result.json
    assert record["model"]["alpha"] == model.alpha and record["model"]["l1_ratio"] == model.l1_ratio
    values = {(c["variable"], c["level"]): c["value"] for c in record["model"]["coefficients"]}
    assert values == {(c.variable, c.level): c.value for c in model.coefficients}
    assert {row["name"]: row["kind"] for row in record["columns"]}["sex"] == "categorical"


def test_raw_columns_and_no_intercept(folder: Path) -> None:
    table = folder / "diabetes.csv"
    result = cli("fit", table, "--target", "progression", "--json", "--no-standardize", "--no-intercept")
    assert result.json["model"]["intercept"] == 0
    assert result.json["call"]["standardize"] is False


@pytest.mark.parametrize(
    ("scale", "alphas", "ratio", "unscaled"),
    [
        ("bridle", "5", "1", (5.0, 1.0)),
        ("sklearn", "5", "0.5", (5.0, 0.5)),
        ("lesson", "5", "1", (2.5, 1.0)),
        ("lesson", "5", "0.5", (3.75, 1 / 3)),
        ("sklearn-ridge", "44.2", "0", (0.1, 0.0)),
        ("torch-mse-weight-decay", "5", "0", (2.5, 0.0)),
    ],
)
def test_scales(folder: Path, scale: str, alphas: str, ratio: str, unscaled: tuple[float, float]) -> None:
    result = cli(
        "fit", folder / "diabetes.csv", "--target", "progression", "--json", "--no-standardize", "--no-nested",
        "--scale", scale, "--alphas", alphas, "--l1-ratio", ratio,
    )  # fmt: skip
    assert result.status == 0, result.err
    assert (result.json["model"]["alpha"], result.json["model"]["l1_ratio"]) == pytest.approx(unscaled)


def test_a_lessons_grid(folder: Path) -> None:
    """The grid a lesson would try, on standardized columns, one l1_ratio after the other."""
    result = cli(
        "fit", folder / "diabetes.csv", "--target", "progression", "--json", "--scale", "lesson",
        "--alphas", "0.0001,0.001,0.01,0.1,1,10", "--l1-ratio", "0", "--l1-ratio", "1",
    )  # fmt: skip
    assert result.status == 0, result.err
    curves = {curve["l1_ratio"]: curve["alphas"] for curve in result.json["selection"]["curves"]}
    assert curves[0.0] == pytest.approx([10, 1, 0.1, 0.01, 0.001, 0.0001])
    target_sd = np.std([float(row[-1]) for row in rows_of((folder / "diabetes.csv").read_text())[1:]])
    assert curves[1.0] == pytest.approx(np.array([10, 1, 0.1, 0.01, 0.001, 0.0001]) / 2 / target_sd)


def test_json_has_a_schema_errors_included(folder: Path) -> None:
    good = cli("fit", folder / "diabetes.csv", "--target", "progression", "--json")
    assert good.json["schema"] == "bridle.fit/1" and good.json["certificate"]["certified"] is True
    assert good.err == "" or "warning" in good.err
    bad = cli("fit", folder / "no.csv", "--target", "progression", "--json")
    assert bad.json["schema"] == ERROR_SCHEMA
    assert bad.json["error"]["exit_status"] == bad.status == 3 and bad.json["error"]["kind"] == "FileError"
    assert bad.json["error"]["message"] in bad.err
    usage = cli("fit", folder / "diabetes.csv", "--folds", "x", "--json")
    assert usage.json["error"]["exit_status"] == usage.status == 2


def test_standard_input(folder: Path) -> None:
    table = (folder / "diabetes.csv").read_bytes()
    named = cli("fit", folder / "diabetes.csv", "--target", "progression")
    for content in (
        table,
        gzip.compress(table),
        table.replace(b"\n", b"\r\n"),
        table.decode().encode("utf-16"),
    ):
        result = cli("fit", "-", "--target", "progression", stdin=content)
        assert result.status == 0 and result.out == named.out


def test_roles(small: Path) -> None:
    lines = small.read_text().splitlines()
    with small.open("w") as file:
        for i, line in enumerate(lines):
            file.write(line + (",w,g,t\n" if i == 0 else f",{1 + i % 2},{'pqrstu'[i % 6]},{i}\n"))
    roles = ["--weights", "w", "--groups", "g"]
    result = cli("fit", small, "--target", "y", *roles, "--ignore", "t", "--json")
    assert result.status == 0, result.err
    found = {row["name"]: row["role"] for row in result.json["columns"]}
    assert found | {"w": "weights", "g": "groups", "t": "ignored", "y": "target"} == found
    assert cli("fit", small, "--target", "y", "--order", "t", "--ignore", "g", "--ignore", "w").status == 0


def test_warnings_reach_stderr_when_the_summary_is_elsewhere(small: Path) -> None:
    text = small.read_text().splitlines()
    small.write_text(
        "\n".join(f"{'id' if i == 0 else 1000 + i},{line}" for i, line in enumerate(text)) + "\n"
    )
    result = cli("fit", small, "--target", "y")
    assert result.status == 0 and "warning: " in result.err and '"id"' in result.err


def test_a_name_that_would_steer_the_terminal(small: Path) -> None:
    small.write_text(small_text(header="a,\x1b[31mred,region,y"))
    result = cli("fit", small, "--target", "y")
    assert result.status == 0 and "\x1b" not in result.out + result.err
    assert "\\x1b[31mred" in result.err


def test_not_certified_is_written_and_said(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    real = bridle.fit

    def short(*arguments: Any, **keywords: Any) -> Any:
        model = real(*arguments, **keywords)
        worse = {rule: replace(c, relative_gap=1e-3) for rule, c in model.certificates.items()}
        return replace(model, certificates=worse)

    monkeypatch.setattr("bridle.fitting.fit", short)
    result = cli("fit", folder / "diabetes.csv", "--target", "progression", "--model", tmp_path / "m.bridle")
    assert result.status == 4 and (tmp_path / "m.bridle").exists()
    assert "warning: Not certified" in result.err and result.out


# Bad input: one sentence, exit status 3 (the data) or 2 (the options), no traceback


def bad_tables() -> dict[str, tuple[bytes, str]]:
    text = small_text()
    good = text.encode()
    body = "\n".join(text.splitlines()[1:])
    return {
        "empty": (b"", "empty"),
        "blank": (b" \n \n", "empty"),
        "header only": (b"a,b,region,y\n", "no rows"),
        "one row": (small_text(1).encode(), "one row"),
        "two rows": (small_text(2).encode(), "2 rows"),
        "ragged": (good + b"1,2,north,4,5\n", "row 31"),
        "short row": (good + b"1,2\n", "row 31"),
        "NUL bytes": (good.replace(b"\n", b"\n\0", 3), "NUL"),
        "noise": (bytes(range(256)) * 20, "bad.csv"),
        "two columns of a name": (good.replace(b"a,b,", b"a,a,", 1), '"a"'),
        "infinite feature": (good + b"inf,1,north,2\n", '"a"'),
        "infinite target": (good + b"1,1,north,-inf\n", '"y"'),
        "missing target": (good + b"1,1,north,\n", "row 31"),
        "text target": (b"a,y\n" + b"1,x\n2,z\n3,w\n" * 20, '"y"'),
        "nothing varies": (b"a,b,y\n" + b"".join(b"1,2,%d\n" % i for i in range(9)), "constant"),
        "no features": (b"y\n1\n2\n3\n4\n", "nothing to predict from"),
        "huge numbers": (good + b"1e308,1,north,2\n-1e308,1,north,2\n", "1e150"),
        "pickle": (pickle.dumps({"a": [1, 2]}), "pickle"),
        "web page": (b"<!doctype html><html><body>404</body></html>", "web page"),
        "zip": (b"PK\x03\x04" + bytes(100), "zip"),
        "JSON array": (b'[{"a": 1, "y": 2}]', "JSON"),
        "broken JSON lines": (b'{"a": 1, "y": 2}\n{"a": 1, "y"\n', "line 2"),
        "open quote": (good + b'"1,2,north,3\n4,5,north,6\n', "row"),
        "cut gzip": (gzip.compress(good * 50)[:-20], "gzip"),
        "model": (b"bridle model, format 1, needs bridle 0.1.0 or newer\n" + bytes(99), "bad.csv"),
        "latin-1 word for a number": (b"a,y\n" + b"1,2\n" * 9 + b"\xe4\xf6,\xfc\n", '"y"'),
        "one line for all": (b"a,b,y " + body.replace("\n", " ").encode(), "needs its own name"),
    }


@pytest.mark.parametrize("name", bad_tables())
def test_bad_tables(name: str, tmp_path: Path) -> None:
    content, words = bad_tables()[name]
    (tmp_path / "bad.csv").write_bytes(content)
    result = cli("fit", tmp_path / "bad.csv", "--target", "y")
    fails(result, 3, words)


@pytest.mark.parametrize("form", ["utf-16", "utf-8-sig", "crlf", "quoted", "semicolons", "latin-1"])
def test_odd_but_good_tables(form: str, small: Path) -> None:
    text = small.read_text()
    wanted = cli("fit", small, "--target", "y", "--json").json["model"]["coefficients"]
    if form in ("utf-16", "utf-8-sig", "latin-1"):
        small.write_bytes(text.encode(form))
    elif form == "crlf":
        small.write_bytes(text.replace("\n", "\r\n").encode())
    elif form == "semicolons":
        small.write_text(text.replace(",", ";"))
    else:
        small.write_text(re.sub(r"(north|south|west)", r'"\1"', text))
    assert cli("fit", small, "--target", "y", "--json").json["model"]["coefficients"] == wanted


def test_what_is_no_table(tmp_path: Path, small: Path) -> None:
    fails(cli("fit", tmp_path, "--target", "y"), 3, "directory")
    fails(cli("fit", tmp_path / "smal.csv", "--target", "y"), 3, "There is no file")
    os.mkfifo(tmp_path / "pipe")
    fails(cli("fit", tmp_path / "pipe", "--target", "y"), 3, "pipe")
    fails(cli("fit", "https://example.org/a.csv", "--target", "y"), 3, "address")
    fails(cli("fit", "-", "--target", "y", stdin=b""), 3, "empty")
    table = pa.table({"a": np.arange(50.0), "y": np.arange(50.0)})
    parquet.write_table(table, tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(content[: len(content) // 2])
    fails(cli("fit", tmp_path / "t.parquet", "--target", "y"), 3, "Parquet")
    fails(cli("fit", small, "--target", "z"), 2, '"z"', '"region"')
    fails(cli("fit", small), 2, "--target", "region")


def test_bad_weights_and_groups(small: Path) -> None:
    for value, words in (("-1", "negative"), ("0", "all zero"), ("x", '"w"'), ("", '"w"'), ("inf", '"w"')):
        small.write_text(small_text(extra=f",{value}").replace("region,y\n", "region,y,w\n", 1))
        fails(cli("fit", small, "--target", "y", "--weights", "w"), 3, words)
    small.write_text(small_text(extra=",g").replace("region,y\n", "region,y,g\n", 1))
    fails(cli("fit", small, "--target", "y", "--groups", "g"), 2, "groups")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--folds 1", "at least 2 folds"),
        ("--folds 1000", "1000"),
        ("--folds half", "'half'"),
        ("--folds 0.999", "empty"),
        ("--l1-ratio 1.5", "between 0"),
        ("--l1-ratio 0,a", "'a'"),
        ("--l1-ratio ,", "no number"),
        ("--alphas -1", "at least 0"),
        ("--alphas nan", "alphas"),
        ("--n-alphas 0", "at least 1"),
        ("--n-alphas x", "'x'"),
        ("--scale foo --alphas 1", "lesson-mix"),
        ("--scale lesson", "alphas"),
        ("--scale adamw --alphas 1", "AdamW"),
        ("--scale sklearn-ridge --alphas 1", "no L1 part"),
        ("--scale sklearn-logistic --alphas 1", "binomial"),
        ("--penalty-factor a", "COLUMN=VALUE"),
        ("--penalty-factor a=x", "'x'"),
        ("--penalty-factor z=1", "'z'"),
        ("--penalty-factor a=-1", "at least 0"),
        ("--penalty-factor a=1 --penalty-factor a=2", "twice"),
        ("--lower a=1", "at most 0"),
        ("--max-variables 0", "at least 1"),
        ("--repeats 0", "at least 1"),
        ("--rule best", "'best'"),
        ("--seed -1", "--seed"),
        ("--threads 0", "at least 1"),
        ("--type a=word", '"word"'),
        ("--type z=numeric", '"z"'),
        ("--ignore z", '"z"'),
        ("--ignore y", '"y"'),
        ("--weights y", '"y"'),
        ("--model -", "--model"),
        ("--model {table}", "overwrite"),
        ("--model x --report ./x", "overwrite"),
        ("--predictions oof.txt", ".txt"),
    ],
)
def test_bad_options(small: Path, options: str, words: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(small.parent)
    before = small.read_bytes()
    given = [text.format(table=small.name) for text in options.split()]
    fails(cli("fit", small, "--target", "y", *given), 2, words)
    assert small.read_bytes() == before and os.listdir(small.parent) == [small.name]


@pytest.mark.parametrize("place", ["no/m.bridle", ".", "pipe"])
def test_outputs_that_cannot_be_written_are_refused_before_the_work(
    small: Path, place: str, monkeypatch: Any
) -> None:
    os.mkfifo(small.parent / "pipe")
    monkeypatch.chdir(small.parent)
    monkeypatch.setattr("bridle.fitting.fit", None)
    for option in ("--model", "--report"):
        fails(cli("fit", small, "--target", "y", option, place), 3, option)


def test_a_device_is_never_replaced(small: Path) -> None:
    for option in ("--model", "--report"):
        fails(cli("fit", small, "--target", "y", option, "/dev/full"), 3, "device")
    assert Path("/dev/full").is_char_device()


def test_a_bug_says_so(small: Path, monkeypatch: Any) -> None:
    def broken(*arguments: Any, **keywords: Any) -> Any:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("bridle.fitting.fit", broken)
    result = cli("fit", small, "--target", "y")
    assert result.status == 1 and "bug" in result.err and "BRIDLE_TRACEBACK=1" in result.err
    assert "Traceback" not in result.err
    monkeypatch.setenv("BRIDLE_TRACEBACK", "1")
    assert "Traceback" in cli("fit", small, "--target", "y").err


@pytest.mark.parametrize(("error", "status"), [(MemoryError(), 3), (KeyboardInterrupt(), 130)])
def test_memory_and_interruption(small: Path, monkeypatch: Any, error: BaseException, status: int) -> None:
    def broken(*arguments: Any, **keywords: Any) -> Any:
        raise error

    monkeypatch.setattr("bridle.fitting.fit", broken)
    fails(cli("fit", small, "--target", "y"), status)


# predict and verify


def test_predict(folder: Path, tmp_path: Path) -> None:
    model = bridle.load(folder / "m.bridle")
    wanted = model.predict(folder / "diabetes.csv")
    result = cli("predict", folder / "m.bridle", folder / "diabetes.csv")
    rows = rows_of(result.out)
    assert result.status == 0 and result.err == "" and rows[0] == ["progression"]
    assert (np.array(rows[1:], dtype=float)[:, 0] == wanted).all()
    piped = cli("predict", folder / "m.bridle", "-", stdin=(folder / "diabetes.csv").read_bytes())
    assert piped.out == result.out
    assert cli("predict", folder / "m.bridle", folder / "diabetes.csv", "-o", "-").out == result.out
    for name in ("p.csv", "p.parquet"):
        assert cli("predict", folder / "m.bridle", folder / "diabetes.csv", "-o", tmp_path / name).status == 0
    assert (tmp_path / "p.csv").read_text() == result.out
    assert (parquet.read_table(tmp_path / "p.parquet")["progression"].to_numpy() == wanted).all()
    other = cli("predict", folder / "m.bridle", folder / "diabetes.csv", "--rule", "1se")
    assert other.out != result.out


def test_predict_checks_the_table(small: Path, folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.bridle"
    assert cli("fit", small, "--target", "y", "--model", model, "-q").status == 0
    text = small.read_text()

    def predicted(content: str) -> Result:
        return cli("predict", model, "-", stdin=content.encode())

    swapped = "\n".join(",".join(reversed(line.split(","))) for line in text.splitlines())
    assert predicted(swapped).out == predicted(text).out
    unseen = predicted(text.replace("north", "east"))
    assert (
        unseen.status == 0
        and "warning: " in unseen.err
        and '"region"' in unseen.err
        and '"east"' in unseen.err
    )
    fails(predicted(text.replace("region", "area")), 3, '"region"')
    fails(predicted("a,b,region\n1,x,north\n"), 3, '"b"')
    fails(predicted("a,b,region\n1,inf,north\n"), 3, '"b"')
    fails(predicted(""), 3, "empty")
    fails(cli("predict", model, folder / "diabetes.csv"), 3, "lacks")


def test_a_target_with_a_comma_is_quoted(small: Path, tmp_path: Path) -> None:
    small.write_text(small_text(header='a,b,region,"y, in ""units"""'))
    name = 'y, in "units"'
    assert cli("fit", small, "--target", name, "--model", tmp_path / "m.bridle", "-q").status == 0
    assert rows_of(cli("predict", tmp_path / "m.bridle", small).out)[0] == [name]


def test_bad_models(folder: Path, tmp_path: Path) -> None:
    table, content = folder / "diabetes.csv", (folder / "m.bridle").read_bytes()
    bad = tmp_path / "bad.bridle"
    os.mkfifo(tmp_path / "pipe")
    for command in ("predict", "verify"):
        for damaged in (
            b"",
            content[:-1],
            content[: len(content) // 2],
            content[:2000] + b"!" + content[2001:],
        ):
            bad.write_bytes(damaged)
            fails(cli(command, bad, table), 3, "bad.bridle")
        bad.write_bytes(pickle.dumps([1]))
        fails(cli(command, bad, table), 3, "pickle")
        fails(cli(command, table, folder / "m.bridle"), 3, "not a bridle file")
        fails(cli(command, tmp_path, table), 3, "directory")
        fails(cli(command, tmp_path / "pipe", table), 3, "pipe")
        fails(cli(command, tmp_path / "no.bridle", table), 3, "There is no file")
        fails(cli(command, folder / "m.bridle", tmp_path / "no.csv"), 3, "There is no file")


def test_bad_outputs_of_predict(folder: Path, tmp_path: Path) -> None:
    model, table = folder / "m.bridle", folder / "diabetes.csv"
    fails(cli("predict", model, table, "-o", tmp_path / "p.xlsx"), 2, ".xlsx")
    fails(cli("predict", model, table, "-o", table), 2, "overwrite")
    fails(cli("predict", model, table, "-o", tmp_path / "no" / "p.csv"), 3, "folder")


def test_verify(folder: Path) -> None:
    table = (folder / "diabetes.csv").read_bytes()
    result = cli("verify", folder / "m.bridle", folder / "diabetes.csv")
    assert result.status == 0 and result.err == ""
    assert [line.split()[0] for line in result.out.splitlines()] == ["min", "1se"]
    record = cli("verify", folder / "m.bridle", "-", "--json", stdin=table).json
    assert record["schema"] == "bridle.verify/1" and record["certified"] is True
    assert record["certificates"]["min"]["relative_gap"] < 1e-8


def test_verify_fails_on_other_rows(folder: Path) -> None:
    lines = (folder / "diabetes.csv").read_bytes().splitlines(keepends=True)
    fewer = cli("verify", folder / "m.bridle", "-", stdin=b"".join(lines[:-1]))
    assert fewer.status == 4 and "Not certified" in fewer.out and "442 rows" in fewer.err
    changed = cli(
        "verify", folder / "m.bridle", "-", "--json", stdin=b"".join(lines).replace(b"151", b"152", 1)
    )
    assert changed.status == 4 and changed.json["certified"] is False


# Families


QUICK = ("--l1-ratio", 1, "--n-alphas", 10, "--no-nested")


def write_table(path: Path, **columns: Any) -> Path:
    """A CSV of columns of one length."""
    rows = zip(*columns.values())
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


@pytest.fixture(scope="module")
def purchases(tmp_path_factory: Any) -> Path:
    """A table with a target of two classes."""
    rng = np.random.default_rng(2)
    age, income = rng.normal(size=(2, 200)).round(4)
    bought = np.where(rng.random(200) < 1 / (1 + np.exp(-age)), "yes", "no")
    path = tmp_path_factory.mktemp("purchases") / "purchases.csv"
    return write_table(path, age=age, income=income, bought=bought)


@pytest.fixture(scope="module")
def policies(tmp_path_factory: Any) -> Path:
    """A table of counts beside an exposure."""
    rng = np.random.default_rng(3)
    age, exposure = rng.normal(size=200).round(4), rng.uniform(0.1, 2.0, 200)
    zone = np.array(["town", "land"])[np.arange(200) % 2]
    claims = rng.poisson(exposure * np.exp(0.5 * age))
    path = tmp_path_factory.mktemp("policies") / "policies.csv"
    return write_table(path, age=age, zone=zone, log_exposure=np.log(exposure).round(6), claims=claims)


def test_two_classes_from_the_shell(purchases: Path, tmp_path: Path) -> None:
    page, model, held = tmp_path / "r.html", tmp_path / "m.bridle", tmp_path / "oof.csv"
    result = cli(
        "fit", purchases, "--target", "bought", *QUICK, "--report", page, "--model", model, "--predictions", held,
        "--cost-ratio", 5,
    )  # fmt: skip
    assert result.status == 0, result.err
    words = " ".join(result.out.split())
    assert "a logistic lasso" in words and "root mean square" not in words
    assert "Family binomial, because the target is two classes: no and yes (yes counts as 1)." in words
    assert "bought  target   classes  no and yes" in result.err
    assert "a miss costing 5.00 false alarms" in page.read_text() and "Which threshold?" in page.read_text()
    column = "probability of bought=yes"
    rows = rows_of(held.read_text())
    assert rows[0] == ["row", "bought", column] and {row[1] for row in rows[1:]} == {"yes", "no"}
    loaded = bridle.load(model)
    p, y = (np.array([float(row[2]) for row in rows[1:]]), np.array([row[1] == "yes" for row in rows[1:]]))
    assert loaded.selection.diagnostics.scores["brier"] == pytest.approx(np.mean((p - y) ** 2))
    predicted = cli("predict", model, purchases)
    rows = rows_of(predicted.out)
    assert predicted.err == "" and rows[0] == [column]
    assert (np.array(rows[1:], dtype=float)[:, 0] == loaded.predict(purchases)).all()
    verified = cli("verify", model, purchases, "--json").json
    assert (
        verified["certified"] is True and verified["certificates"]["min"]["units"] == "half a unit deviance"
    )


def test_counts_with_an_exposure_from_the_shell(policies: Path, tmp_path: Path) -> None:
    page, model, held = tmp_path / "r.html", tmp_path / "m.bridle", tmp_path / "oof.csv"
    result = cli(
        "fit", policies, "--target", "claims", "--family", "poisson", "--offset", "log_exposure", *QUICK, "--json",
        "--report", page, "--model", model, "--predictions", held,
    )  # fmt: skip
    assert result.status == 0, result.err
    record = result.json
    assert record["family"] == "poisson" and record["link"] == "log" and record["offset"] is True
    assert record["errors"]["heldout"]["rmse"] is None and record["errors"]["heldout"]["deviance"] > 0
    assert {row["name"]: row["role"] for row in record["columns"]}["log_exposure"] == "offset"
    assert "Double lift" in page.read_text() and "per unit of exposure" in page.read_text()
    assert rows_of(held.read_text())[0] == ["row", "claims", "prediction"]
    predicted = rows_of(cli("predict", model, policies).out)
    assert predicted[0] == ["claims"]
    wanted = bridle.load(model).predict(policies)
    assert (np.array(predicted[1:], dtype=float)[:, 0] == wanted).all()
    assert cli("verify", model, policies).status == 0
    lines = [line.split(",") for line in policies.read_text().splitlines()]
    without = tmp_path / "without.csv"
    without.write_text("\n".join(",".join((a, zone)) for a, zone, *_ in lines) + "\n")
    fails(cli("predict", model, without), 3, '"log_exposure"', "offset")
    without.write_text("\n".join(",".join((a, zone, shift)) for a, zone, shift, _ in lines) + "\n")
    assert rows_of(cli("predict", model, without).out) == predicted
    fails(cli("predict", model, policies, "--offset", "age"), 2, "log_exposure")


def test_an_array_with_an_offset_is_predicted_and_verified(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    X, shift = rng.normal(size=(120, 2)).round(4), rng.normal(size=120).round(4)
    counts = rng.poisson(np.exp(0.5 * X[:, 0] + shift))
    few: dict[str, Any] = {"l1_ratios": 1.0, "n_alphas": 10, "nested": False}
    fitted = bridle.fit(X, counts, family="poisson", offset=shift, **few)
    fitted.save(tmp_path / "m.bridle")
    table = write_table(tmp_path / "t.csv", x0=X[:, 0], x1=X[:, 1], shift=shift, counts=counts)
    model = tmp_path / "m.bridle"
    fails(cli("predict", model, table), 2, "--offset")
    fails(cli("predict", model, table, "--offset", "no"), 3, '"no"')
    rows = rows_of(cli("predict", model, table, "--offset", "shift").out)
    assert np.array(rows[1:], dtype=float)[:, 0] == pytest.approx(fitted.predict(X, offset=shift), rel=1e-12)
    fails(cli("verify", model, table, "--target", "counts"), 2, "--offset")
    assert cli("verify", model, table, "--target", "counts", "--offset", "shift").status == 0
    assert cli("verify", model, table, "--target", "counts", "--offset", "x1").status == 4
    fails(cli("verify", model, table, "--target", "no", "--offset", "shift"), 2, '"no"')


@pytest.mark.parametrize("labels", [("no", "yes"), (0, 1), (1, 2)])
def test_classes_of_an_array_are_verified(tmp_path: Path, labels: tuple[Any, Any]) -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(120, 2)).round(4)
    y = np.array(labels)[(rng.random(120) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)]
    fitted = bridle.fit(X, y, family="binomial", l1_ratios=1.0, n_alphas=10, nested=False)
    fitted.save(tmp_path / "m.bridle")
    table = write_table(tmp_path / "t.csv", x0=X[:, 0], x1=X[:, 1], y=y)
    result = cli("verify", tmp_path / "m.bridle", table, "--target", "y")
    assert result.status == 0, result
    assert rows_of(cli("predict", tmp_path / "m.bridle", table).out)[0] == [f"probability of y={labels[1]}"]
    fails(cli("predict", tmp_path / "m.bridle", table, "--offset", "x0"), 2, "without an offset")


def test_counts_get_a_proposal(policies: Path) -> None:
    result = cli("fit", policies, "--target", "claims", "--ignore", "log_exposure", *QUICK)
    assert result.status == 0 and 'family="poisson" may suit' in " ".join(result.out.split())
    assert "warning" not in result.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--family possion", "poisson"),
        ("--family tweedie", "tweedie(1.5)"),
        ("--family huber(0)", "delta"),
        ("--offset nowhere", '"nowhere"'),
        ("--offset claims", '"claims"'),
        ("--cost-ratio 2", "--report"),
        ("--cost-ratio 0 --report r.html", "--cost-ratio"),
        ("--model mlp --family poisson", "--family"),
        ("--model mlp --offset age", "--offset"),
    ],
)
def test_bad_options_of_a_family(
    policies: Path, tmp_path: Path, options: str, words: str, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(cli("fit", policies, "--target", "claims", *options.split()), 2, words)
    assert os.listdir(tmp_path) == []


def test_a_target_outside_the_family_is_named(policies: Path) -> None:
    fails(cli("fit", policies, "--target", "claims", "--family", "gamma"), 3, "claims", "row", "above 0")


# The process: streams, signals, terminals


def test_broken_pipe_is_silent(folder: Path) -> None:
    for command in ("example", f"predict {folder}/m.bridle {folder}/diabetes.csv"):
        writer = subprocess.Popen(
            [*PROGRAM, *command.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert writer.stdout is not None and writer.stderr is not None
        writer.stdout.close()
        assert writer.stderr.read() == b""
        writer.stderr.close()
        assert writer.wait(30) == -signal.SIGPIPE


def test_full_and_closed_standard_output(folder: Path) -> None:
    command = " ".join(
        [*(f"'{part}'" for part in PROGRAM), "predict", f"{folder}/m.bridle", f"{folder}/diabetes.csv"]
    )
    for redirection, words in ((">/dev/full", "no space left"), (">&-", "no standard output")):
        done = subprocess.run(["sh", "-c", f"{command} {redirection}"], capture_output=True, text=True)
        assert done.returncode == 3 and words in done.stderr and "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 1


def test_interrupted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {f"x{j}": rng.normal(size=150_000) for j in range(60)}
    parquet.write_table(pa.table(columns | {"y": rng.normal(size=150_000)}), tmp_path / "t.parquet")
    model = tmp_path / "m.bridle"
    command = ["fit", str(tmp_path / "t.parquet"), "--target", "y", "--repeats", "200", "--model", str(model)]
    child = subprocess.Popen([*PROGRAM, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "pyarrow" not in Path(f"/proc/{child.pid}/maps").read_text():  # it has begun to read the table
        time.sleep(0.05)
    time.sleep(1)
    assert child.poll() is None
    before = time.perf_counter()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert time.perf_counter() - before < 3  # 0.2 s inside the kernels, and the end of Python
    assert child.returncode == 130 and err.strip() == "bridle: Interrupted." and out == ""
    assert os.listdir(tmp_path) == ["t.parquet"]


def on_a_terminal(*arguments: object, **environment: str) -> tuple[int, str]:
    """Run with all three streams on a pseudo-terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.pop("NO_COLOR", None)
        os.environ.update({"TERM": "xterm", **environment})
        os.execv(sys.executable, [*PROGRAM, *map(str, arguments)])
    pieces = []
    with contextlib.suppress(OSError):  # the end of a pseudo-terminal is an error
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), b"".join(pieces).decode()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_colours_only_where_they_are_wanted(folder: Path) -> None:
    arguments = ("fit", folder / "diabetes.csv", "--target", "progression")
    status, text = on_a_terminal(*arguments)
    assert status == 0 and "\x1b[" in text and "Predicting progression" in text
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        status, text = on_a_terminal(*arguments, **environment)
        assert status == 0 and "\x1b[" not in text
    assert "\x1b" not in outside(*arguments).stdout


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_table_is_not_waited_for_at_the_keyboard() -> None:
    status, text = on_a_terminal("fit", "-", "--target", "y")
    assert status == 2 and "< data.csv" in text


def test_plain_letters_where_the_terminal_has_no_others(folder: Path) -> None:
    done = outside(
        "fit", folder / "diabetes.csv", "--target", "progression",
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.isascii() and "###" in done.stdout and "?" not in done.stdout


def test_fit_needs_neither_scikit_learn_nor_matplotlib(folder: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from bridle.cli import main
main(["fit", {str(folder / "diabetes.csv")!r}, "--target", "progression", "--report", {str(tmp_path / "r")!r}])
for name in ("sklearn", "matplotlib", "pandas", "polars"):
    assert name not in sys.modules, name
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
