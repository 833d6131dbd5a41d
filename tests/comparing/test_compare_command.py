"""`bridle compare`: streams, exit statuses, files."""

from __future__ import annotations

import csv
import json
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest

from bridle import load
from bridle.cli.compare_command import compare as command
from bridle.cli.running import run
from bridle.comparing import compare as compare_all

compare = partial(compare_all, networks=False)  # networks have tests of their own


@pytest.fixture
def program() -> click.Group:
    group = click.Group("bridle")
    group.add_command(command)
    return group


@pytest.fixture
def table(tables: Any, tmp_path: Path) -> Path:
    columns = tables["diabetes"]()
    path = tmp_path / "diabetes.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *zip(*columns.values())])
    return path


def test_the_table_goes_to_standard_output_and_the_rest_to_standard_error(
    program: click.Group, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "out.html"
    model = tmp_path / "m.bridle"
    arguments = [
        "compare",
        str(table),
        "--target",
        "progression",
        "--no-networks",
        "--report",
        str(report),
        "--model",
        str(model),
    ]
    assert run(program, arguments) == 0
    out, err = capsys.readouterr()
    assert "cannot be told apart" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert "442 rows, 11 columns" in err
    assert str(report) in err
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    found = compare(str(table), target="progression")
    saved = load(model)
    assert saved.l1_ratio == found.recommended.l1_ratio
    assert saved.call["data"] == str(table)


def test_json_is_the_librarys_answer(
    program: click.Group, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--folds", "4", "--seed", "3", "--rule", "1se", "--l1-ratio", "0.3,0.7", "--ignore", "age",
               "--type", "sex=categorical", "--n-alphas", "30", "--threads", "1", "--repeats", "2",
               "--no-networks"]  # fmt: skip
    assert run(program, ["compare", str(table), "--target", "progression", "--json", *options]) == 0
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert err == ""
    found = compare(
        str(table), target="progression", folds=4, seed=3, rule="1se", l1_ratios=(0.3, 0.7), ignore=["age"],
        types={"sex": "categorical"}, n_alphas=30, repeats=2,
    )  # fmt: skip
    assert [m["fold_errors"] for m in record["methods"]] == [row.fold_errors.tolist() for row in found.rows]
    assert record["recommended"]["name"] == found.recommended.name
    assert {c["name"] for c in record["columns"]} >= {"age", "sex", "progression"}


def test_a_family_and_an_offset_are_the_librarys(
    program: click.Group, tables: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns, path, model = tables["counts"](), tmp_path / "counts.csv", tmp_path / "counts.bridle"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *zip(*columns.values())])
    options = ["--target", "claims", "--family", "poisson", "--offset", "log years", "--n-alphas", "20"]
    assert run(program, ["compare", str(path), *options, "--json", "--model", str(model)]) == 0
    record = json.loads(capsys.readouterr().out)
    found = compare(str(path), target="claims", family="poisson", offset="log years", n_alphas=20)
    assert [m["error"]["deviance"] for m in record["methods"]] == [row.error for row in found.rows]
    assert (record["family"], record["offset"]) == ("poisson", True)
    assert {c["name"]: c["role"] for c in record["columns"]}["log years"] == "offset"
    assert (load(model).family, load(model).has_offset) == ("poisson", True)


def test_two_classes_are_a_binomial_comparison(
    program: click.Group, tables: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns, path = tables["classes"](), tmp_path / "classes.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *zip(*columns.values())])
    assert run(program, ["compare", str(path), "--target", "sold", "--n-alphas", "20", "-q"]) == 0
    out = capsys.readouterr().out
    assert "AUC" in out
    assert max(map(len, out.splitlines())) <= 80
    assert run(program, ["compare", str(path), "--target", "sold", "--networks"]) == 2
    assert "not the family binomial" in capsys.readouterr().err


def test_weights_groups_and_order_are_columns(
    program: click.Group, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for role, column in (("--weights", "bmi"), ("--groups", "age"), ("--order", "bp")):
        assert (
            run(
                program,
                ["compare", str(table), "--target", "progression", "--no-networks", role, column, "--json"],
            )
            == 0
        )
        record = json.loads(capsys.readouterr().out)
        kind = {c["name"]: c["role"] for c in record["columns"]}
        assert kind[column] != "feature"


@pytest.mark.parametrize(
    ("more", "status", "match"),
    [
        ([], 2, "Which column is the target"),
        (["--target", "nothing"], 2, "nothing"),
        (["--target", "progression", "--rule", "best"], 2, "best"),
        (["--target", "progression", "--l1-ratio", "2"], 2, "between 0"),
        (["--target", "progression", "--report", "missing/out.html"], 3, "folder"),
    ],
)
def test_what_is_wrong_has_a_status_and_a_sentence(
    program: click.Group,
    table: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    status: int,
    match: str,
) -> None:
    found = run(program, ["compare", str(table), *more])
    out, err = capsys.readouterr()
    assert (found, out) == (status, "")
    assert match in err
    run(program, ["compare", str(table), *more, "--json"])
    error = json.loads(capsys.readouterr().out)
    assert (error["schema"], error["error"]["exit_status"]) == ("bridle.error/1", status)


def test_not_certified_is_status_4_and_the_answer_is_still_given(
    program: click.Group, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from bridle.comparing import candidates

    original = candidates.certified

    def short(*arguments: Any) -> Any:
        path, proven = original(*arguments)
        return path, {rule: replace(c, relative_gap=1e-3) for rule, c in proven.items()}

    monkeypatch.setattr(candidates, "certified", short)
    assert run(program, ["compare", str(table), "--target", "progression", "--no-networks"]) == 4
    out, err = capsys.readouterr()
    assert "Lasso" in out
    assert "Not certified" in err


def test_quiet_says_nothing_on_standard_error(
    program: click.Group, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(program, ["compare", str(table), "--target", "progression", "--no-networks", "-q"]) == 0
    assert capsys.readouterr().err == ""
