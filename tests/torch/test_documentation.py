"""docs/neural-networks.md: its code runs and prints what it says, and its measured tables are those of the recorded runs."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from sklearn.datasets import load_breast_cancer, load_digits

from bridle.cli import main, program

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "neural-networks.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.S | re.M)
NUMBER = re.compile(r"(?<![\w.])[-+−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*-networks.json"))
ROUNDING = 0.15  # other processors sum in other orders, and 300 steps later a weight or two more is zero


def agrees(shown: str, printed: str) -> None:
    """The same words in the same order, and numbers that agree but for rounding; times may be any."""
    for a, b in zip(_lines(shown), _lines(printed), strict=True):
        assert NUMBER.sub("#", a) == NUMBER.sub("#", b), f"{a!r} is shown, {b!r} was printed"
        for x, y in zip(_numbers(a), _numbers(b)):
            assert y == pytest.approx(x, rel=ROUNDING, abs=2.5), f"{a!r} is shown, {b!r} was printed"


def _lines(text: str) -> list[str]:
    """Without spaces that align, and without times."""
    return [re.sub(r"\d+\.\d+ m?s\b", "TIME", " ".join(line.split())) for line in text.strip().splitlines()]


def _numbers(line: str) -> list[float]:
    return [float(found.replace(",", "").replace("−", "-")) for found in NUMBER.findall(line)]


def test_the_code_runs_and_prints_what_the_document_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = BLOCK.findall(TEXT)
    ran = 0
    for (kind, code), (following, shown) in zip(blocks, [*blocks[1:], ("", "")]):
        if kind != "python":
            continue
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(code, f"neural-networks.md, block {ran + 1}", "exec"), names)
        ran += 1
        assert following == "text", f"what this block prints is not shown:\n{code}"
        agrees(shown, said.getvalue())
    assert ran == len([kind for kind, _ in blocks if kind == "python"]) >= 8
    assert (tmp_path / "curves.svg").read_text().startswith("<svg") and (tmp_path / "net.html").stat().st_size


def test_the_console_shows_what_the_command_prints(capfdbinary):
    shown = [code for kind, code in BLOCK.findall(TEXT) if kind == "console"]
    assert shown
    for block in shown:
        command, output = block.removeprefix("$ bridle ").split("\n", 1)
        assert main(shlex.split(command)) == 0
        assert capfdbinary.readouterr().out.decode() == output


def test_every_option_of_the_shell_lines_exists():
    for kind, code in BLOCK.findall(TEXT):
        if kind == "sh":
            for line in code.strip().splitlines():
                _, command, *rest = shlex.split(line)
                options = {name for one in program.commands[command].params for name in one.opts}
                assert {part for part in rest if part.startswith("--")} <= options, line


# ---- The measured tables


@pytest.fixture(scope="module")
def record() -> dict:
    return json.loads(RESULTS[-1].read_text())


def tables() -> list[list[list[str]]]:
    """Cells of each table between the marks."""
    inside = TEXT.split("<!-- measured -->")[1].split("<!-- /measured -->")[0]
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines()[2:]]
        for part in re.findall(r"(?:^\|.*\n)+", inside, re.M)
    ]


@pytest.mark.parametrize(("at", "name"), [(0, "breast-cancer"), (1, "digits")])
def test_the_tables_are_the_recorded_runs(record, at, name):
    runs = [run["methods"] for run in record["runs"] if run["data"] == name]
    assert len(runs) == 10
    none = np.array([run["none"]["error"] for run in runs]) * 100
    shown = tables()[at]
    assert [row[0] for row in shown] == list(runs[0])
    for method, error, difference, better, weights, _, verdict in shown:
        errors = np.array([run[method]["error"] for run in runs]) * 100
        assert error == f"{errors.mean():.1f} ± {scipy.stats.sem(errors):.1f}"
        assert weights == f"{100 * np.mean([run[method]['weights'] for run in runs]):.0f}"
        if method == "none":
            assert (difference, better, verdict) == ("", "", "")
            continue
        paired = errors - none
        mean, se = paired.mean(), scipy.stats.sem(paired)
        assert difference == f"{mean:+.1f} ± {se:.1f}".replace("-", "−")
        assert better == f"{(paired < 0).sum()} of 10"
        assert verdict == ("no difference seen" if abs(mean) <= 2 * se else "helps" if mean < 0 else "harms")


def test_the_seeds_are_ten_and_the_network_learned_the_wrong_labels(record):
    for data in ("breast-cancer", "digits"):
        runs = [run for run in record["runs"] if run["data"] == data]
        assert sorted(run["seed"] for run in runs) == list(range(10))
        assert np.mean([run["methods"]["none"]["fitted_wrong_labels"] for run in runs]) > 0.9


def test_labels_are_flipped_in_training_and_never_in_the_test_rows():
    from benchmarks.networks import DATA, noisy

    for data, load in zip(DATA, (load_breast_cancer, load_digits)):
        X, y = load(return_X_y=True)
        truth = {row.tobytes(): label for row, label in zip(X, y)}
        X_train, y_train, X_test, y_test = noisy(data, 3)
        assert len(X_train) + len(X_test) == len(X)
        wrong = [truth[row.tobytes()] != label for row, label in zip(X_train, y_train)]
        assert sum(wrong) == round(0.2 * len(wrong))
        assert all(truth[row.tobytes()] == label for row, label in zip(X_test, y_test))


def test_what_is_said_of_the_tables_holds(record):
    said = " ".join(TEXT.split("<!-- /measured -->")[1].split())
    against_decay = {}
    for name in ("breast-cancer", "digits"):
        runs = [run["methods"] for run in record["runs"] if run["data"] == name]
        for method in runs[0]:
            paired = [100 * (run[method]["error"] - run["weight decay"]["error"]) for run in runs]
            mean, se = np.mean(paired), scipy.stats.sem(paired)
            assert mean >= -2 * se  # "no method is better than weight decay"
            against_decay[name, method] = f"{mean:.1f} ± {se:.1f}", mean > 2 * se
    cancer, digits = (against_decay[name, "all together"] for name in ("breast-cancer", "digits"))
    assert cancer[1] and digits[1]
    assert f"weight decay alone by {cancer[0]} points (breast cancer) and {digits[0]} (digits)" in said
    l1, neurons = (against_decay["digits", method] for method in ("L1", "groups of neurons"))
    assert l1[1] and neurons[1] and f"worse than weight decay by {l1[0]} and {neurons[0]} points" in said
    assert not (
        against_decay["breast-cancer", "L1"][1] or against_decay["breast-cancer", "groups of neurons"][1]
    )
    rates = {run["methods"]["dropout"]["arguments"]["dropout"] for run in record["runs"]}
    assert rates == {0.5} and "always took the largest rate offered, 0.5" in said


def test_the_figures_are_the_recorded_runs_for_light_and_dark(record):
    from benchmarks.networks import DATA, figure, rows

    for data in DATA:
        svg = (ROOT / "docs" / "pictures" / f"networks-{data.name}.svg").read_text(encoding="utf-8")
        made = rows([run for run in record["runs"] if run["data"] == data.name])
        assert svg == figure(data.title, made, f"networks-{data.name}")
        assert "prefers-color-scheme: dark" in svg and svg.count("<circle") == 7
        assert f"](pictures/networks-{data.name}.svg)" in TEXT


def test_the_names_in_the_document_exist():
    import bridle.torch

    for name in set(re.findall(r"\bbt\.(\w+)", TEXT)):
        assert name in bridle.torch.__all__
    for name in set(re.findall(r"\bbridle\.(\w+)\(", TEXT)):
        assert hasattr(bridle, name), name
