"""How the strength is chosen, from the shell: scores, class weights, adaptive and relaxed procedures."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bridle
from bridle.cli import main
from bridle.cli.progress import progress_bar

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


PROCEDURES: list[tuple[tuple[str, ...], dict[str, Any], str]] = [
    (("--adaptive",), {"adaptive": True}, "an adaptive lasso that"),
    (("--adaptive", "2"), {"adaptive": 2.0}, "an adaptive lasso that"),
    (("--relax",), {"relax": True}, "lasso"),
    (("--relax", "0.25"), {"relax": [0.25]}, "a relaxed lasso (mix 0.25) that"),
    (
        ("--adaptive", "--relax", "0"),
        {"adaptive": True, "relax": [0]},
        "an adaptive relaxed lasso (mix 0) that",
    ),
]


@pytest.mark.parametrize(("options", "arguments", "name"), PROCEDURES)
def test_procedures_from_the_shell(
    visits: Path, shell: Shell, tmp_path: Path, options: tuple[str, ...], arguments: dict[str, Any], name: str
) -> None:
    asked = ("fit", visits, "--target", "spent", "--ignore", "bought", *options, *QUICK)
    done = shell(*asked, "--model", tmp_path / "m.bridle", "--report", tmp_path / "r.html")
    assert done.status == 0, done.err
    model = bridle.load(tmp_path / "m.bridle")
    again = bridle.fit(
        str(visits), target="spent", ignore=["bought"], l1_ratios=1.0, n_alphas=10, nested=False, **arguments
    )
    assert np.array_equal(model.coef, again.coef) and model.adaptive == again.adaptive
    assert name in done.words
    mixed = model.refit_certificate is not None
    assert ("The unpenalized refit on its support: Certified" in done.words) is mixed
    page = (tmp_path / "r.html").read_text()
    assert ("Refit: relative gap" in page) is mixed and name.removesuffix(" that") in page
    record = shell(*asked, "--json").json
    assert record["model"]["mix"] == model.mix and record["model"]["adaptive"] == model.adaptive
    assert record["certified"] and (record["refit_certificate"] is not None) is mixed
    assert bool(record["selection"]["mixes"]) is ("relax" in arguments)


def test_verify_looks_at_the_refit(visits: Path, shell: Shell, tmp_path: Path) -> None:
    """Refits that are not those of the rows are no longer certified, whatever the penalized fit is."""
    model = bridle.fit(
        str(visits), target="spent", ignore=["bought"], l1_ratios=1.0, n_alphas=10, relax=[0.5]
    )
    model.save(tmp_path / "good.bridle")
    good = shell("verify", tmp_path / "good.bridle", visits)
    assert good.status == 0 and "min refit (alpha" in good.out and good.out.count("recommended") == 2
    k = model.selection.chosen.index
    off = model.refits.replaced(k, model.refits.stored.row(k) * 1.01, float(model.refits.intercepts[k]))
    replace(model, refits=off).save(tmp_path / "bad.bridle")
    found = shell("verify", tmp_path / "bad.bridle", visits, "--json")
    assert found.status == 4 and found.json["certified"] is False
    assert (
        found.json["certificates"]["min"]["certified"]
        and not found.json["certificates"]["min refit"]["certified"]
    )


def test_a_fit_is_certified_with_its_refit() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4))
    model = bridle.fit(X, X[:, 0] + rng.normal(size=80), l1_ratios=1.0, relax=[0.0])
    rule = model.selection.rule
    assert model.certified and model.refit_certificate is model.refit_certificates[rule]
    assert not replace(model, refit_certificates={rule: _not(model.refit_certificate)}).certified
    assert not replace(model, certificates={rule: _not(model.certificate)}).certified


def _not(certificate: Any) -> Any:
    return replace(certificate, relative_gap=1.0, gap=1.0)


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
        ("--target spent --adaptive much", "--adaptive 1"),
        ("--target spent --adaptive 11", "adaptive"),
        ("--target spent --relax some", "--relax all"),
        ("--target spent --relax 0,2", "between 0"),
        ("--target spent --model mlp --relax", "--relax"),
    ],
)
def test_bad_choices(visits: Path, shell: Shell, options: str, words: str) -> None:
    done = shell("fit", visits, *options.split())
    assert done.status == 2 and done.out == "" and words in done.err and done.err.startswith("bridle: ")


@pytest.mark.parametrize(
    "options", ["--target spent", "--target bought --family squared", "--target count --family poisson"]
)
def test_a_cost_of_misses_without_classes_is_refused_before_the_fit(
    visits: Path, shell: Shell, tmp_path: Path, options: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr("bridle.fitting.fit", lambda *given, **more: pytest.fail("the fit was begun"))
    done = shell("fit", visits, *options.split(), "--cost-ratio", 5, "--report", tmp_path / "r.html")
    assert done.status == 2 and "--cost-ratio chooses a threshold between two classes" in done.err


def test_the_weights_of_an_array_are_verified(visits: Path, shell: Shell, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(60, 2)), rng.integers(1, 5, 60).astype(float)
    y = X[:, 0] + rng.normal(size=60)
    bridle.fit(X, y, weights=w, l1_ratios=1.0).save(tmp_path / "m.bridle")
    lines = ["x0,x1,y,w", *(",".join(map(repr, map(float, row))) for row in zip(*X.T, y, w))]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    asked = ("verify", tmp_path / "m.bridle", tmp_path / "t.csv", "--target", "y")
    assert shell(*asked, "--weights", "w").status == 0
    assert shell(*asked).status == 4
    gone = shell(*asked, "--weights", "v")
    assert gone.status == 3 and 'no column "v"' in gone.err


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": ""}]
)
def test_no_bar_where_no_sequences_are_wanted(environment: dict[str, str], monkeypatch: Any) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("bridle.cli.progress.QUIET_SECONDS", -1.0)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    with progress_bar(enabled=True) as tell:
        if tell is not None:
            tell("cross-validation", 0.5)
    assert ("\x1b" in stream.getvalue()) is (environment.get("NO_COLOR") == "")
