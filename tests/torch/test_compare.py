"""Networks in a comparison: who takes part, honest choices, a fair recommendation, and what is said."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import bridle
from bridle.comparing import Comparison, compare, comparison_console, comparison_page, comparison_to_json
from bridle.comparing import networks as taking_part
from bridle.comparing.nesting import Nesting
from bridle.comparing.networks import TITLES, Inner
from bridle.comparing.recommending import recommend
from bridle.errors import UsageError
from bridle.fitting.intake import engines_for, folds_of, read_in
from bridle.torch import NetworkModel
from bridle.torch.candidates import METHODS, Bench
from bridle.torch.problems import problems_of
from bridle.torch.strengths import Mix
from bridle.torch.tabular import Settings
from bridle.torch.training import train

NAMES = list(TITLES)
QUICK: dict[str, Any] = {"n_alphas": 20, "threads": 1}


def bent(n: int = 240) -> tuple[Any, Any]:
    """No straight line says anything about y, which a network finds."""
    x = np.random.default_rng(7).normal(size=(n, 3))
    return x, 4 * np.abs(x[:, 0]) + 0.3 * np.random.default_rng(8).normal(size=n)


@cache
def found(name: str) -> Comparison:
    if name == "bent":
        return compare(*bent(), networks=True, **QUICK)
    if name == "mixed":
        rng = np.random.default_rng(4)
        x = rng.normal(size=(150, 2))
        table = {
            "a": np.where(np.arange(150) % 9 == 0, np.nan, x[:, 0]),
            "b": x[:, 1],
            "<b>kind</b>": np.array(["u", "v", "w"])[rng.integers(0, 3, 150)].tolist(),
            "who": np.arange(150) // 5,
            "y": x[:, 0] + rng.normal(size=150),
        }
        return compare(table, target="y", groups="who", folds=4, networks=True, **QUICK)
    x, y = load_diabetes(return_X_y=True)
    return compare(x, y, networks=True, **QUICK)


def test_the_titles_are_the_methods() -> None:
    assert {method.name: method.title for method in METHODS} == TITLES


def test_six_networks_follow_the_linear_methods() -> None:
    rows = found("diabetes").rows
    assert [row.name for row in rows][-6:] == NAMES
    assert [row.kind for row in rows] == ["linear"] * 5 + ["network"] * 6
    for row in rows[5:]:
        assert row.possible and row.certificate is None and row.certified is None
        assert row.fold_errors.shape == (5,) and row.seconds > 0
        assert row.error == pytest.approx(np.average(row.fold_errors, weights=found("diabetes").splits.test))
        assert row.explained > 0.4, row.name
        assert np.count_nonzero(row.effects) == row.n_columns


def test_strengths_are_chosen_where_there_is_one_to_choose() -> None:
    of = found("diabetes")
    for name, ratio in (("network_decay", 0.0), ("network_l1", 1.0), ("network_all", 0.5)):
        row = of.row(name)
        assert row.l1_ratio == ratio and row.alpha is not None and row.alpha > 0
        assert len(row.fold_choices) == 5 and all(mix == ratio for _, mix in row.fold_choices)
    for name in ("network", "network_dropout", "network_early"):
        assert of.row(name).alpha is None and of.row(name).fold_choices == ()


def test_a_linear_model_comes_first_where_noise_hides_the_difference() -> None:
    of = found("diabetes")
    assert of.recommended.kind == "linear"
    smallest = min(of.rows, key=lambda row: row.error)
    if smallest.kind == "network":
        assert "no linear method as good keeps fewer variables" in of.reason
    again = recommend(of.rows[:5], of.splits, of.n_variables)
    assert again.row is of.recommended


def test_a_network_is_taken_where_it_predicts_better_by_more_than_chance() -> None:
    of = found("bent")
    assert of.recommended.kind == "network" and of.recommended.explained > 0.8
    assert of.difference("lasso").verdict == of.difference("null").verdict == "worse"
    assert of.row("ridge").explained < 0.2


@pytest.mark.parametrize("name", ["network", "network_decay", "network_l1", "network_dropout", "network_all"])
def test_a_rows_model_is_fitted_by_the_same_method(name: str) -> None:
    of = found("bent")
    net = of.model(name)
    assert isinstance(net, NetworkModel) and net.n_rows == 240
    row, strengths = of.row(name), net.strengths
    assert net.selection.fold_text == of.fold_text
    assert net.network.architecture.dropout == row.arguments.get("dropout", 0.0)
    assert (float(strengths.l1) > 0) == (name in ("network_l1", "network_all"))
    assert (float(strengths.l2) > 0) == (name in ("network_decay", "network_all"))
    assert (net.held_rows is not None) == (name == "network_all")
    assert net.selection.chosen.error / row.null_error == pytest.approx(row.error / row.null_error, abs=0.1)
    assert isinstance(of.model("lasso"), bridle.Model)


def test_inner_rows_are_the_folds_training_rows_with_groups_whole_and_order_kept() -> None:
    n, rng = 90, np.random.default_rng(0)
    x, y = rng.normal(size=(n, 2)), rng.normal(size=n)
    groups, order = np.arange(n) // 3, rng.permutation(n)
    for role, keys in (("groups", groups), ("order", order), ("groups", None)):
        ready = read_in(
            x, y, None, None, keys if role == "groups" else None, keys if role == "order" else None, (), None
        )
        made = folds_of(n, 4, 1, None, ready, 0)
        nesting = Nesting.of(
            ready, made, engines_for(ready.rows, made, ready.schema, 1, lambda stage: None), 0, 1
        )
        splits = Inner(nesting, "min").splits_with_inner()
        assert len(splits) == len(nesting.sides)
        for outer, test, own, tested in splits:
            assert (
                set(own) | set(tested) <= set(outer)
                and not set(own) & set(tested)
                and not set(test) & set(outer)
            )
            if role == "order":
                assert order[own].max() < order[tested].min()
                assert order[tested].max() == order[outer].max()  # the split that trains on most
            elif keys is not None:
                assert not set(groups[own]) & set(groups[tested])


def test_what_a_fold_learns_and_chooses_does_not_depend_on_its_own_targets() -> None:
    """The targets of the first fold are shuffled among themselves: its network and its inner split's stay as they were."""
    x, y = bent(120)
    fold = np.arange(120) % 3
    shuffled = y.copy()
    shuffled[fold == 0] = y[fold == 0][::-1]
    networks = []
    for target in (y, shuffled):
        ready = read_in(x, target, None, None, None, None, (), None)
        made = folds_of(120, fold, 1, None, ready, 0)
        nesting = Nesting.of(
            ready, made, engines_for(ready.rows, made, ready.schema, 1, lambda stage: None), 0, 1
        )
        bench = Bench(Inner(nesting, "min"))
        rows, _ = bench.rows(False)
        problems = problems_of(rows.X, rows.y, rows.shares.train, family="squared", outputs=1)
        recipe = bench.recipe(METHODS[2], 1.0)
        networks.append(train(problems, Settings().architecture(3), Mix(1.0).at(0.01), recipe).networks)
    same = [
        all(np.allclose(a, b, atol=1e-5) for a, b in zip(before.weights, after.weights))
        for before, after in zip(*networks)
    ]
    assert same == [False, True, False, False, True, False, False]


def test_columns_groups_and_missing_numbers() -> None:
    of = found("mixed")
    assert all(row.possible for row in of.rows)
    assert of.row("network_l1").n_variables <= of.n_variables
    page = comparison_page(of)
    assert "<b>kind</b>" not in page


# Who takes part


def test_without_pytorch_a_note_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_part, "find_spec", lambda name: None)
    of = compare(*bent(60), **QUICK)
    assert not of.has_networks
    assert 'pip install "bridle[torch]"' in " ".join(comparison_console(of, color=False).split())
    assert "bridle[torch]" in comparison_page(of)
    assert any("bridle[torch]" in note["text"] for note in comparison_to_json(of)["notes"])
    with pytest.raises(UsageError, match="pip install"):
        compare(*bent(60), networks=True, **QUICK)


def test_large_tables_go_without_unless_networks_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_part, "LARGEST", 1000)
    of = compare(*bent(60), **QUICK)
    assert not of.has_networks and "networks=True" in " ".join(comparison_console(of, color=False).split())
    assert compare(*bent(60), networks=True, folds=3, **QUICK).has_networks
    assert not compare(*bent(60), networks=False, **QUICK).notes


def test_what_cannot_be_compared_is_left_out_or_refused() -> None:
    of = compare(*bent(60), standardize=False, **QUICK)
    assert not of.has_networks and any(note.kind == "networks" for note in of.notes)
    with pytest.raises(UsageError, match="standardize"):
        compare(*bent(60), standardize=False, networks=True, **QUICK)
    with pytest.raises(UsageError, match="True, False or None"):
        compare(*bent(60), networks="yes")  # type: ignore[arg-type]


def test_a_method_that_fails_is_a_row_that_says_why() -> None:
    x, y = bent(14)
    of = compare(x, y, networks=True, folds=7, l1_ratios=(), **QUICK)
    assert all(row.possible or row.note for row in of.rows)


def test_without_networks_torch_is_not_loaded() -> None:
    code = (
        "import sys, numpy as np, bridle\n"
        "x = np.random.default_rng(0).normal(size=(50, 2))\n"
        "bridle.compare(x, x[:, 0], n_alphas=5, networks=False)\n"
        "bridle.compare(x, x[:, 0], n_alphas=5, standardize=False)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# What is said


def test_networks_are_never_called_certified() -> None:
    for name in ("diabetes", "bent"):
        of = found(name)
        text = comparison_console(of, 100, color=False)
        assert "Networks are not certified" in text and "Every linear fit" in text
        record = json.loads(json.dumps(comparison_to_json(of)))
        networks = [method for method in record["methods"] if method["kind"] == "network"]
        assert len(networks) == 6 and all(method["certificate"] is None for method in networks)
        for row, method in zip(of.rows[5:], networks):
            assert len(method["kept"]) == row.n_variables
        page = comparison_page(of)
        assert all(title in page for title in TITLES.values())
        assert "average slope" in page
