"""How the strength is chosen, from the shell: scores, class weights, adaptive and relaxed procedures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bridle
from bridle.cli import main

QUICK = ("--l1-ratio", 1, "--n-alphas", 10, "--no-nested")


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        return " ".join(self.out.split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Shell = Callable[..., Done]


@pytest.fixture
def shell(capsys: Any) -> Shell:
    def run(*arguments: object) -> Done:
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Done(status, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def visits(tmp_path_factory: Any) -> Path:
    """A table of a number, a count and a target of two classes, the second one rare."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 4)).round(4)
    bought = np.where(rng.random(300) < 1 / (1 + np.exp(1.5 - x[:, 0])), "yes", "no")
    count, spent = rng.poisson(np.exp(0.5 * x[:, 1])), (x @ [2, -1, 0, 0] + rng.normal(size=300)).round(4)
    lines = ["a,b,c,d,count,spent,bought"]
    lines += [",".join(map(str, (*x[i], count[i], spent[i], bought[i]))) for i in range(300)]
    path: Path = tmp_path_factory.mktemp("visits") / "visits.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_score_from_the_shell(visits: Path, shell: Shell, tmp_path: Path) -> None:
    asked = ("fit", visits, "--target", "bought", "--score", "auc", *QUICK)
    done = shell(*asked, "--model", tmp_path / "m.bridle")
    assert done.status == 0 and "The penalty was chosen by the highest AUC" in done.words
    model = bridle.load(tmp_path / "m.bridle")
    again = bridle.fit(
        str(visits), target="bought", score="auc", l1_ratios=1.0, n_alphas=10, nested=False, threads=1
    )
    assert model.selection.score == "auc" and model.alpha == again.alpha
    record = shell(*asked, "--json").json
    assert record["selection"]["score"] == "auc" and record["call"]["score"] == "auc"


@pytest.mark.parametrize("options", [("balanced",), ("yes=4", "no=0.5")])
def test_class_weights_from_the_shell(
    visits: Path, shell: Shell, tmp_path: Path, options: tuple[str, ...]
) -> None:
    given = [word for option in options for word in ("--class-weight", option)]
    done = shell("fit", visits, "--target", "bought", *given, *QUICK, "--model", tmp_path / "m.bridle")
    assert done.status == 0 and "Rows are weighted by their class: no" in done.words
    model = bridle.load(tmp_path / "m.bridle")
    again = bridle.fit(
        str(visits), target="bought", l1_ratios=1.0, n_alphas=10, nested=False,
        class_weight="balanced" if options == ("balanced",) else {"yes": 4.0, "no": 0.5},
    )  # fmt: skip
    assert np.array_equal(model.coef, again.coef) and model.class_weights == again.class_weights
    assert shell("verify", tmp_path / "m.bridle", visits).status == 0
    record = shell("fit", visits, "--target", "bought", *given, *QUICK, "--json").json
    assert list(record["class_weights"].values()) == list(model.class_weights)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--target spent --score auc", "deviance, mae"),
        ("--target count --family poisson --score brier", "deviance, mae, gini"),
        ("--target spent --model mlp --score mae", "--score"),
        ("--target spent --class-weight balanced", "two classes"),
        ("--target bought --class-weight maybe=2", "no and yes"),
        ("--target bought --class-weight yes=many", "not a number"),
        ("--target bought --class-weight even", "COLUMN=VALUE"),
    ],
)
def test_bad_choices(visits: Path, shell: Shell, options: str, words: str) -> None:
    done = shell("fit", visits, *options.split())
    assert done.status == 2 and done.out == "" and words in done.err and done.err.startswith("bridle: ")
