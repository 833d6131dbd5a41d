"""The sentences say what the model's numbers say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bridle.reporting import summary
from bridle.reporting.formatting import number
from bridle.reporting.reproduce import python_lines
from bridle.reporting.words import (
    cautions,
    correlated_sentence,
    explained,
    other_sentence,
    root,
    still_falling,
    verdict,
)


def _choice(**values: float) -> Any:
    base = {"rule": "min", "l1_ratio": 1.0, "alpha": 0.1, "error": 100.0, "standard_error": 20.0}
    base |= {"train_error": 95.0, "n_variables": 3, "mix": 1.0}
    return SimpleNamespace(**{**base, **values})


def test_every_sentence_is_whole(model: Any) -> None:
    said = summary(model)
    sentences = [
        *said.answer,
        said.fit,
        said.honest,
        *([] if said.other is None else [said.other]),
        said.kept_sentence,
        *said.cautions,
        *said.correlated,
    ]
    for sentence in sentences:
        assert sentence.strip().endswith(".")
        assert sentence[0] == sentence[0].upper() or sentence.startswith(
            tuple(model.kept) + tuple(said.dropped)
        )
        assert not {"nan", "n/a", "inf"} & set(sentence.replace(",", " ").replace(".", " ").split())


def test_the_numbers_are_the_models(models: Any) -> None:
    model = models("diabetes")
    said, selection = summary(model), model.selection
    rows = {r.key: r for r in said.errors}
    assert list(rows) == ["null", "train", "heldout", "nested"]
    assert rows["heldout"].size == pytest.approx(np.sqrt(selection.chosen.error))
    assert rows["heldout"].explained == pytest.approx(1 - selection.chosen.error / selection.null_error)
    assert rows["nested"].explained == pytest.approx(1 - selection.nested.error / selection.nested.null_error)
    assert rows["train"].standard_error is None
    half = np.sqrt(selection.chosen.error + selection.chosen.standard_error) - rows["heldout"].size
    assert rows["heldout"].standard_error == pytest.approx(half, rel=0.02)
    by_name = {(r.variable, r.level): r for r in said.coefficients}
    assert len(by_name) == len(model.coefficients)
    for c in model.coefficients:
        row = by_name[c.variable, c.level]
        assert (row.value, row.standardized) == (c.value, c.standardized)
        assert row.effect == pytest.approx(c.standardized * model.target_sd)
    assert set(said.kept) | set(said.dropped) == {v for v, _ in model.schema.columns()}
    assert not set(said.kept) & set(said.dropped)


def test_the_answer_names_what_a_person_wants_to_know(models: Any) -> None:
    model = models("diabetes")
    first, second = summary(model).answer
    kept, alpha = len(model.kept), number(model.selection.chosen.alpha)
    assert first == (
        "Predicting progression from 10 variables, bridle recommends a lasso "
        f"that keeps {kept} of them (alpha {alpha})."
    )
    assert number(root(model.selection.nested.error)) in second
    assert number(root(model.selection.nested.null_error)) in second


def test_without_nested_the_cross_validated_error_is_quoted_and_said_to_flatter(models: Any) -> None:
    model = models("uncertified")
    said = summary(model)
    assert number(root(model.selection.chosen.error)) in said.answer[1]
    assert "not run" in said.honest
    assert not said.certified


def test_nothing_kept_is_said(models: Any) -> None:
    said = summary(models("null"))
    assert "recommends none of them" in said.answer[0]
    assert said.verdict == "no signal"
    assert said.coefficients == ()
    assert said.headline.startswith("Little in these 6 variables")


def test_ridge_keeps_all(models: Any) -> None:
    said = summary(models("ridge"))
    assert "a ridge regression that keeps all ten" in said.answer[0]
    assert said.dropped == ()
    assert said.cautions[0].startswith("Every variable is in the model")


def test_levels_stay_with_their_variable(models: Any) -> None:
    said = summary(models("categorical"))
    order = [r.variable for r in said.coefficients]
    assert [v for i, v in enumerate(order) if i == 0 or order[i - 1] != v] == list(dict.fromkeys(order))
    assert said.zero_levels["region"] == 2
    assert said.n_offered == 7  # "income is missing" is a variable of its own


@pytest.mark.parametrize(
    ("values", "null", "kept", "falling", "expected"),
    [
        ({}, 400.0, 3, False, "fair"),
        ({}, 400.0, 3, True, "underfitting"),
        ({"train_error": 50.0}, 400.0, 3, False, "overfitting"),
        ({"train_error": 50.0}, 400.0, 3, True, "overfitting"),
        ({"train_error": 85.0, "standard_error": 0.1}, 400.0, 3, False, "fair"),  # 8 % is no gap to speak of
        ({"train_error": 50.0, "standard_error": 90.0}, 900.0, 3, False, "fair"),  # within the noise
        ({}, 115.0, 3, False, "no signal"),
        ({}, 90.0, 3, False, "no signal"),
        ({}, 400.0, 0, False, "no signal"),
        ({"standard_error": float("nan"), "train_error": 50.0}, 400.0, 3, False, "overfitting"),
    ],
)
def test_the_rule_of_the_verdict(
    values: dict[str, float], null: float, kept: int, falling: bool, expected: str
) -> None:
    assert verdict(_choice(**values), null, kept, falling) == expected


def test_still_falling() -> None:
    alphas, noise = np.geomspace(1, 1e-3, 31), np.full(31, 1.0)
    falling = SimpleNamespace(alphas=alphas, mean=np.linspace(10, 5, 31), standard_error=noise)
    flat = SimpleNamespace(alphas=alphas, mean=5 + 5 * np.exp(-np.arange(31.0)), standard_error=noise)
    turned = SimpleNamespace(alphas=alphas, mean=np.abs(np.linspace(-3, 5, 31)), standard_error=noise)
    assert still_falling(falling)  # type: ignore[arg-type]
    to_zero = SimpleNamespace(
        alphas=np.append(alphas, 0.0), mean=np.linspace(10, 5, 32), standard_error=np.ones(32)
    )
    assert not still_falling(to_zero)  # type: ignore[arg-type]
    assert not still_falling(flat)  # type: ignore[arg-type]
    assert not still_falling(turned)  # type: ignore[arg-type]


def _rules(chosen: Any, other: Any) -> Any:
    return SimpleNamespace(chosen=chosen, other=other, n_folds=5, is_leave_one_out=False, curves=())


def test_the_other_rule_and_its_cost() -> None:
    one = _choice(rule="1se", alpha=0.3, error=121.0, n_variables=1)
    said = other_sentence(_rules(_choice(), one))
    assert "alpha 0.300" in said
    assert "keep 1 variable instead of 3" in said
    assert "error of 11.0 instead of 10.0 (+10%)" in said
    back = other_sentence(_rules(one, _choice()))
    assert "(−9%)" in back
    assert "same model" in other_sentence(_rules(_choice(), _choice(rule="1se")))


@pytest.mark.parametrize(
    ("kept", "words"),
    [(("a",), "kept a and left out b"), (("a", "b"), "kept both"), ((), "kept none of them")],
)
def test_correlated_variables(kept: tuple[str, ...], words: str) -> None:
    group: Any = SimpleNamespace(variables=("a", "b"), kept=kept, correlation=-0.93)
    assert words in correlated_sentence(group, 1.0)
    assert "correlation 0.93" in correlated_sentence(group, 1.0)


def test_nothing_is_explained_by_a_null_model() -> None:
    assert explained(100.0, 100.0) == 0.0
    assert explained(200.0, 100.0) == -1.0
    assert np.isnan(explained(0.0, 0.0))


def test_selected_is_not_true() -> None:
    assert any("not true" in s for s in cautions(1.0, 3, 10))
    assert any("p-values" in s for s in cautions(0.0, 10, 10))


def test_the_lines_that_reproduce_a_fit_are_python() -> None:
    call = {
        "data": "a\"b'.csv",
        "target": "y",
        "alphas": np.array([1.0, 0.1]),
        "ignore": ("x",),
        "weights": np.ones(99),
    }
    lines = python_lines({**call, "rule": np.str_("min"), "groups": None, "upper": [np.inf]}, "y")
    tree = compile("\n".join(lines), "report", "exec")
    assert "bridle" in tree.co_names
    text = "\n".join(lines)
    assert "alphas=[1.0, 0.1]" in text
    assert "ignore=('x',)" in text
    assert "weights=weights" in text
    assert "groups" not in text
    assert 'upper=[float("inf")]' in text


def test_arrays_are_names_to_fill_in() -> None:
    assert python_lines({}, None)[2] == "model = bridle.fit(X, y)"


def test_a_table_in_memory_is_a_name_to_fill_in() -> None:
    assert python_lines({"seed": 0}, "y")[2] == "model = bridle.fit(table, target='y', seed=0)"
