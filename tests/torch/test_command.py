"""`bridle fit --model mlp` and what follows it; what loads PyTorch and what never does."""

from __future__ import annotations

import ast
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import csv as arrow_csv

import bridle
from bridle.cli import main
from bridle.cli.kinds import wanted
from bridle.errors import UsageError
from bridle.torch import NetworkModel
from bridle.torch import fit as fit_network

SOURCE = Path(bridle.__file__).parent
QUICK = ["--hidden", "6", "--n-alphas", "3", "--folds", "3", "--epochs", "12"]
BLOCKED = "import sys; sys.modules['torch'] = None; from bridle.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(90, 3))
    y = 4 * np.abs(x[:, 0]) + x[:, 1] + 0.2 * rng.normal(size=90)
    for name, rows in (("table.csv", 90), ("part.csv", 70)):
        with (folder / name).open("w", newline="") as file:
            cells = [[f"{v:.17g}" for v in row] for row in np.column_stack([x, y])[:rows]]
            cells[4][2] = ""
            csv.writer(file).writerows([["a", "b", "c", "y"], *cells])
    return folder


@pytest.fixture(scope="module")
def net(folder: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "bridle", "fit", str(folder / "table.csv"), "--target", "y", "--model", "mlp", "--model",
         str(folder / "net.bridle"), "-q", *QUICK],
        capture_output=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return folder / "net.bridle"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main([str(argument) for argument in arguments])
    return (status, *capsys.readouterr())


# Fitting


def test_the_answer_is_on_the_screen_and_not_called_certified(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, model = tmp_path / "r.html", tmp_path / "m.bridle"
    status, out, err = run(
        capsys, "fit", folder / "table.csv", "--target", "y", "--model", "mlp", "--model", model, "--report", report, *QUICK
    )  # fmt: skip
    assert status == 0
    assert "Not certified: a network." in out and "✓" not in out and "network with 6 hidden units" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "90 rows, 4 columns" in err and f"Model: {model}" in err and "not converge" not in err
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert type(bridle.load(model)) is NetworkModel


def test_the_command_is_bridle_torch_fit(folder: Path, net: Path) -> None:
    expected = fit_network(str(folder / "table.csv"), target="y", hidden=6, n_alphas=3, folds=3, epochs=12)
    saved = bridle.load(net)
    for one, two in zip(saved.network.weights, expected.network.weights):
        assert np.allclose(one, two, atol=1e-6)
    assert saved.alpha == expected.alpha and saved.call["data"] == str(folder / "table.csv")
    assert saved.selection.fold_text == expected.selection.fold_text


def test_the_networks_options_reach_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.bridle"
    options = [
        "--hidden",
        "5, 4",
        "--dropout",
        "0.2",
        "--penalize",
        "neurons",
        "--l1-ratio",
        "0.7",
        "--early-stopping",
    ]
    few = [
        "--alphas",
        "0.1,0.01",
        "--folds",
        "2",
        "--epochs",
        "4",
        "--seed",
        "3",
        "--device",
        "cpu",
        "--rule",
        "1se",
    ]
    status, out, _ = run(
        capsys, "fit", folder / "table.csv", "--target", "y", "--model", model, "--model", "mlp", *options, *few, "--json"
    )  # fmt: skip
    record, made = json.loads(out), bridle.load(model)
    assert status == 0 and record["schema"] == "bridle.fit-network/1" and record["kind"] == "network"
    assert (
        record["certificate"] is None and record["stationarity"]["objective"] == made.stationarity.objective
    )
    assert made.network.architecture.hidden == (5, 4) and made.network.architecture.dropout == 0.2
    assert made.strengths.groups == "neurons" and made.l1_ratio == 0.7 and len(made.held_rows) > 0
    assert made.strengths.group == pytest.approx(0.7 * made.alpha) and made.strengths.l2 == pytest.approx(
        0.3 * made.alpha
    )
    assert record["selection"]["curves"][0]["alphas"] == [0.1, 0.01] and made.selection.rule == "1se"
    assert record["files"]["model"] == str(model) and record["seeds"]["seed"] == 3


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ([], ("linear", None)),
        (["m.bridle"], ("linear", "m.bridle")),
        (["mlp"], ("mlp", None)),
        (["linear", "mlp.bridle"], ("linear", "mlp.bridle")),
        (["./mlp", "mlp"], ("mlp", "./mlp")),
    ],
)
def test_bare_words_choose_the_kind(values: list[str], answer: tuple[str, str | None]) -> None:
    assert tuple(wanted(values)) == answer


def test_two_kinds_or_two_files_are_refused() -> None:
    for values in (["mlp", "linear"], ["a.bridle", "b.bridle"]):
        with pytest.raises(UsageError, match="names two"):
            wanted(values)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--hidden 4", "--hidden is for networks: add --model mlp"),
        ("--early-stopping", "--early-stopping is for networks"),
        ("--dropout 0", "--dropout is for networks"),
        ("--model mlp --scale glmnet", "--scale is for linear models"),
        ("--model mlp --no-intercept", "--intercept/--no-intercept is for linear models"),
        ("--model mlp --standardize", "is for linear models"),
        ("--model mlp --lower a=0", "--lower is for linear models"),
        ("--model mlp --no-nested", "is for linear models"),
        ("--model mlp --max-variables 3", "--max-variables is for linear models"),
        ("--model mlp --predictions out.csv", "--predictions is for linear models"),
        ("--model mlp --l1-ratio 0,1", "one --l1-ratio"),
        ("--model mlp --hidden four", "--hidden must be whole numbers"),
        ("--model mlp --penalize rows", "rows"),
        ("--model mlp --device abacus", "no device"),
    ],
)
def test_options_of_the_other_kind_are_refused(
    folder: Path, options: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "fit", folder / "table.csv", "--target", "y", *options.split())
    assert (status, out) == (2, "") and words in err


def test_without_pytorch_one_line_says_how_to_get_it(folder: Path) -> None:
    command = [sys.executable, "-c", BLOCKED, "fit", str(folder / "table.csv"), "--target", "y"]
    done = subprocess.run([*command, "--model", "mlp"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == 'bridle: Networks need PyTorch: pip install "bridle[torch]".\n'
    assert subprocess.run([*command, "--n-alphas", "5"], capture_output=True).returncode == 0


# Afterwards


def test_predict_and_verify(
    net: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.csv"
    assert run(capsys, "predict", net, folder / "table.csv", "-o", out)[0] == 0
    told = arrow_csv.read_csv(out)["y"].to_numpy()
    assert np.array_equal(told, bridle.load(net).predict(str(folder / "table.csv")))
    status, text, err = run(capsys, "verify", net, folder / "table.csv")
    assert (
        (status, err) == (0, "") and "Reproduced from these rows" in text and "nothing more is proven" in text
    )
    status, text, _ = run(capsys, "verify", net, folder / "table.csv", "--json")
    record = json.loads(text)
    assert status == 0 and record["reproduced"] is True and record["certified"] is False
    status, text, err = run(capsys, "verify", net, folder / "part.csv")
    assert status == 4 and "Not reproduced" in text and "fitted on 90 rows" in err
    status, _, err = run(capsys, "predict", net, folder / "table.csv", "--rule", "1se")
    assert status == 2 and "keeps no other weights" in err


def test_compare_has_networks_or_not(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = (
        "compare",
        folder / "table.csv",
        "--target",
        "y",
        "--n-alphas",
        "10",
        "--json",
        "-q",
    )
    model = tmp_path / "m.bridle"
    status, out, _ = run(capsys, *common, "--networks", "--model", model)
    record = json.loads(out)
    assert status == 0 and sum(m["kind"] == "network" for m in record["methods"]) == 6
    kinds = {m["name"]: m["kind"] for m in record["methods"]}
    is_network = type(bridle.load(model)) is NetworkModel
    assert is_network == (kinds[record["recommended"]["name"]] == "network")
    record = json.loads(run(capsys, *common, "--no-networks")[1])
    assert {m["kind"] for m in record["methods"]} == {"linear"}


# What loads PyTorch


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["fit", "--help"], ["fit", "{table}", "--target", "y", "-q"], ["predict", "{net}", "{table}"],
     ["verify", "{net}", "{table}"], ["compare", "{table}", "--target", "y", "--no-networks", "--n-alphas", "5"]],
)  # fmt: skip
def test_the_rest_of_the_command_line_never_loads_it(arguments: list[str], folder: Path, net: Path) -> None:
    given = [argument.format(table=folder / "table.csv", net=net) for argument in arguments]
    code = f"import sys; from bridle.cli import main; main({given!r}); print('torch' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.split()[-1] == "False"


def test_only_what_stands_above_imports_the_room_and_only_inside_functions() -> None:
    allowed, met = {"cli", "comparing", "lab"}, set()
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if room == "torch":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        package = ["bridle", *path.relative_to(SOURCE).parts[:-1]]
        inside = {node for function in _functions(tree) for node in ast.walk(function)}
        inside |= {node for block in _for_types(tree) for node in ast.walk(block)}  # nothing is loaded there
        for node in ast.walk(tree):
            for name in _imported(node, package):
                if name.split(".")[:2] == ["bridle", "torch"] or name.split(".")[0] == "torch":
                    met.add(room)
                    assert room in allowed, f"{path} imports {name}"
                    assert node in inside, f"{path} imports {name} outside of a function"
    assert {"cli", "comparing"} <= met


def _functions(tree: ast.AST) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def _for_types(tree: ast.AST) -> list[ast.AST]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]


def _imported(node: Any, package: list[str]) -> list[str]:
    """Absolute names, of ``from . import torch`` too."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = package[: len(package) - node.level + 1] if node.level else []
    home = ".".join([*base, *([node.module] if node.module else [])])
    return [home, *(f"{home}.{alias.name}" for alias in node.names)]
