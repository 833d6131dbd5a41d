"""`bridle convert` from outside: parameters first, a line of code after them, and refusals that name the option."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from bridle.cli.convert_command import convert as convert_command
from bridle.cli.running import ERROR_SCHEMA, run
from bridle.conventions import CONVENTIONS, REFUSED, convert, find

RIDGE = ("--from", "sklearn-ridge", "--to", "glmnet", "--strength", "1.0")


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def cli(*arguments: object) -> Result:
    """One run of the command inside this process, with streams of bytes."""
    program = click.Group("bridle", commands={"convert": convert_command})
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(program, ["convert", *map(str, arguments)])
    out.flush(), err.flush()
    return Result(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))  # type: ignore[attr-defined]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path / "small.csv"
    rows = "".join(f"{a:.4f},{3 + 2 * a:.4f},{1 + i % 3}\n" for i, a in enumerate(rng.normal(size=30)))
    path.write_text("a,y,w\n" + rows)
    return path


def columns(path: Path) -> tuple[Any, Any]:
    values = np.loadtxt(path, delimiter=",", skiprows=1)
    return values[:, 1], values[:, 2]


def test_answer_first_then_code() -> None:
    result = cli(*RIDGE, "--rows", 442, "--target-sd", 77.0)
    assert result.status == 0 and result.err == ""
    answer, call = result.out.split("\n\n")
    assert answer == "lambda 0.1742081447963801\nalpha 0.0"
    *notes, code = call.strip().split("\n")
    assert (
        code
        == 'glmnet(x, y, family = "gaussian", lambda = 0.1742081447963801, alpha = 0.0, standardize = FALSE)'
    )
    assert [note[:15] for note in notes] == ["# sklearn-ridge", "# glmnet divide"]


def test_json() -> None:
    result = cli(*RIDGE, "--rows", 442, "--target-sd", 77.0, "--json")
    record = result.json
    assert (result.status, result.err, record["schema"]) == (0, "", "bridle.convert/1")
    assert record["from"], record["to"] == ("sklearn-ridge", "glmnet")
    assert record["settings"] == {"alpha": 1.0}
    assert record["known"] == {"rows": 442.0, "weight_sum": None, "target_sd": 77.0, "factor_mean": None}
    assert record["strength"] == {"alpha": 1 / 442, "l1_ratio": 0.0, "l1": 0.0, "l2": 1 / 442}
    assert record["parameters"] == convert(
        "sklearn-ridge", "glmnet", {"alpha": 1.0}, rows=442, target_sd=77.0
    )
    assert record["code"].startswith("glmnet(") and len(record["columns"]) == 2


@pytest.mark.parametrize("source", CONVENTIONS)
@pytest.mark.parametrize("target", CONVENTIONS)
def test_every_pair(source: str, target: str) -> None:
    """Each pair is either converted as the library does, or refused with a reason."""
    row = find(source)
    said = ["--l1", 0.3, "--l2", 0.4] if row.parts else ["--strength", 0.3]
    settings = {"l1": 0.3, "l2": 0.4} if row.parts else {row.strength: 0.3}
    ridge = find(target).mix is None
    if row.mix is not None and not row.parts:
        said += ["--mix", 0 if ridge else 0.4]
        settings[row.mix] = 0.0 if ridge else 0.4
    result = cli("--from", source, "--to", target, *said, "--rows", 60, "--target-sd", 7.5, "--json")
    if result.status == 2:
        message = result.json["error"]["message"]
        assert any(words in message for words in ("no L1 part", "loss of family", "fits no ridge")), message
        assert {source, target} & {"sklearn-logistic", "celer"} or ridge
        return
    assert result.status == 0, result
    assert result.json["parameters"] == convert(source, target, settings, rows=60, target_sd=7.5)
    assert tuple(result.json["parameters"]) == find(target).parameters


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*RIDGE, "--rows", 442), ("glmnet", "needs --target-sd", "--from-data")),
        ((*RIDGE, "--target-sd", 77), ("sklearn-ridge", "needs --rows", "--weight-sum")),
        (("--from", "sklearn-sgd", "--to", "lesson", "--strength", 1, "--mix", 1, "--weight-sum", 9),
         ("needs --rows beside --weight-sum",)),
        ((*RIDGE, "--rows", 442, "--target-sd", "nan"), ("--target-sd must be",)),
        ((*RIDGE, "--rows", "inf", "--target-sd", 7), ("--rows must be",)),
        ((*RIDGE, "--rows", 442, "--target-sd", 7, "--factor-mean", 0), ("--factor-mean must be positive",)),
        ((*RIDGE, "--mix", 0.5), ("takes --strength, not --mix",)),
        ((*RIDGE, "--l1", 0.5), ("takes --strength, not --l1",)),
        (RIDGE[:4], ("needs --strength, its alpha",)),
        (("--from", "glmnet", "--to", "sklearn", "--strength", 1), ("needs --mix, its alpha",)),
        (("--from", "lesson", "--to", "sklearn", "--strength", 1), ("takes --l1 and --l2, not --strength",)),
        (("--from", "lesson", "--to", "sklearn"), ("needs --l1 or --l2",)),
        (("--from", "lesson", "--to", "sklearn", "--l1", -1), ("l1 must be",)),
        (("--from", "lesson", "--l1", 1), ("--to", "--list")),
        (("--to", "lesson"), ("--from", "--list")),
        (("--from", "lesso", "--to", "sklearn", "--l1", 1), ("'lesso'", "lesson-mix")),
        (("--from", "lesson", "--to", "sklearn-ridge", "--l1", 1, "--rows", 3), ("no L1 part",)),
        (("--from", "sklearn-logistic", "--to", "glmnet", "--strength", 1, "--mix", 1, "--rows", 9), ("loss of family",)),
        (("--from", "spark-lbfgs", "--to", "sklearn", "--strength", 1, "--mix", 0, "--weight-sum", 9), ("squared weights",)),
        ((*RIDGE, "--target", "y"), ("--target", "--from-data")),
        ((*RIDGE, "--weights", "w"), ("--weights", "--from-data")),
        ((*RIDGE, "--no-intercept", "--rows", 3), ("--no-intercept", "root mean square")),
        ((*RIDGE, "--strength", "much"), ("'much'",)),
    ],
)  # fmt: skip
def test_usage(arguments: tuple[object, ...], words: tuple[str, ...]) -> None:
    result = cli(*arguments)
    assert result.status == 2 and result.out == ""
    message = result.err.strip()
    assert message.startswith("bridle: ") and "\n" not in message and len(message) < 600
    assert all(word in message for word in words), message
    error = cli(*arguments, "--json").json
    assert error["schema"] == ERROR_SCHEMA and error["error"]["kind"] == "UsageError"
    assert all(word in error["error"]["message"] for word in words)


@pytest.mark.parametrize("refused", REFUSED)
def test_refused(refused: str) -> None:
    for arguments in (("--from", refused, "--to", "sklearn"), ("--from", "sklearn", "--to", refused)):
        result = cli(*arguments, "--strength", 1)
        assert result.status == 2 and REFUSED[refused] in result.err


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_from_data(table: Path, weighted: bool, intercept: bool) -> None:
    y, w = columns(table)
    w = w if weighted else np.ones(30)
    share = w / w.sum()
    centre = share @ y if intercept else 0.0
    known = {"rows": 30, "weight_sum": w.sum(), "target_sd": float(np.sqrt(share @ (y - centre) ** 2))}
    more = ["--weights", "w"] if weighted else []
    more += [] if intercept else ["--no-intercept"]
    result = cli(*RIDGE, "--from-data", table, "--target", "y", *more, "--json")
    assert result.status == 0 and result.err == ""
    assert result.json["known"]["weight_sum"] == (w.sum() if weighted else None)
    wanted = convert("sklearn-ridge", "glmnet", {"alpha": 1.0}, **known)
    assert result.json["parameters"] == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--from-data", "TABLE"), 2, "--target COLUMN"),
        (("--from-data", "TABLE", "--target", "nothing"), 2, "nothing"),
        (("--from-data", "TABLE", "--target", "y", "--rows", 3), 2, "--rows"),
        (("--from-data", "TABLE", "--target", "y", "--target-sd", 3), 2, "--target-sd"),
        (("--from-data", "TABLE", "--target", "y", "--no-intercept", "--to", "spark"), 2, "Spark"),
        (("--from-data", "missing.csv", "--target", "y"), 3, "missing.csv"),
        (("--from-data", "TABLE", "--target", "same"), 3, "same in every row"),
        (("--from-data", "TABLE", "--target", "y", "--weights", "none"), 3, "all zero"),
    ],
)
def test_bad_data(table: Path, arguments: tuple[object, ...], status: int, words: str) -> None:
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0] + ",same,none"] + [line + ",7,0" for line in lines[1:]]))
    result = cli(*RIDGE, *(table if a == "TABLE" else a for a in arguments))
    assert result.status == status and result.out == "", result
    assert words in result.err and "Traceback" not in result.err and "bug" not in result.err


def test_list() -> None:
    result = cli("--list")
    assert result.status == 0 and result.err == ""
    for name in CONVENTIONS:
        row = find(name)
        assert f"{name}\n  {row.objective}\n  takes --" in result.out
        assert row.parts or f"--strength ({row.strength})" in result.out
    assert "takes --strength (regParam), --mix (elasticNetParam); needs --rows, --target-sd" in result.out
    record = cli("--list", "--json").json
    assert [row["name"] for row in record["conventions"]] == list(CONVENTIONS)
    assert {row["name"]: row["reason"] for row in record["refused"]} == REFUSED


def test_help_names_every_convention() -> None:
    text = " ".join(cli("--help").out.split()).replace("- ", "-")
    for name in CONVENTIONS:
        assert f" {name}," in text or f" {name}." in text, name
    for parameter in convert_command.params:
        assert getattr(parameter, "help", None), parameter.name
