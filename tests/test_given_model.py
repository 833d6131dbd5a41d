"""Models whose strength was given, or chosen by an estimator: kept in a file, verified, asked."""

from __future__ import annotations

import ast
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bridle
import bridle.model
from bridle.errors import ModelFileError, UsageError
from bridle.model import Model
from bridle.selection import Selection

RNG = np.random.default_rng(4)
X = RNG.normal(size=(60, 5)) * [1.0, 10.0, 0.1, 3.0, 1.0]
Y = X @ [2.0, -0.1, 0.0, 1.0, 0.0] + RNG.normal(size=60)


def fitted(**options: Any) -> Model:
    model = bridle.fit(X, Y, standardize=False, nested=False, **options)
    return replace(model, schema=replace(model.schema, matrix_columns=tuple("abcde")))


def given() -> Model:
    model = fitted(l1_ratios=1.0, alphas=[0.2])
    selection = Selection.given(0.2, 1.0, train_error=1.1, n_columns=4, n_variables=4)
    return replace(model, selection=selection, certificates={"given": model.certificate})


def leave_one_out() -> Model:
    model = fitted(l1_ratios=0.0, n_alphas=7)
    curve = replace(model.selection.curves[0], fold_errors=np.zeros((0, 7)))
    return replace(
        model, selection=replace(model.selection, curves=(curve,), fold_text="leave-one-out", n_folds=60)
    )


def one_rule() -> Model:
    model = fitted(l1_ratios=0.5, n_alphas=7)
    selection = replace(model.selection, choices={"min": model.selection.choices["min"]})
    return replace(model, selection=selection, certificates={"min": model.certificates["min"]})


BUILDERS = (given, leave_one_out, one_rule)


def same(a: Any, b: Any) -> bool:
    """Equal to the last bit, NaN included, whatever they are made of."""
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, np.ndarray):
        return bool(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    return bool(a == b)


@pytest.mark.parametrize("build", BUILDERS)
def test_a_file_gives_back_the_same_model(build: Any, tmp_path: Path) -> None:
    model = build()
    model.save(tmp_path / "m.bridle")
    again = bridle.load(tmp_path / "m.bridle")
    assert type(again) is Model
    for field in fields(Model):
        assert same(getattr(again, field.name), getattr(model, field.name)), field.name
    assert again.predict(X).tobytes() == model.predict(X).tobytes()
    again.save(tmp_path / "again.bridle")
    assert (tmp_path / "again.bridle").read_bytes() == (tmp_path / "m.bridle").read_bytes()


def test_the_comparison_sees_a_difference() -> None:
    model = given()
    assert not same(model.selection, replace(model.selection, null_error=0.0))
    assert not same(model.path, replace(model.path, alphas=model.path.alphas * (1 + 1e-15)))


@pytest.mark.parametrize("build", BUILDERS)
def test_every_choice_is_verified_from_the_rows(build: Any) -> None:
    model = build()
    found = bridle.verify(model, X, Y)
    assert list(found) == list(model.selection.choices)
    for rule, certificate in found.items():
        assert certificate.certified
        assert certificate.alpha == model.selection.choices[rule].alpha
    off = replace(model, coef=model.coef + 1e-3)
    assert not bridle.verify(off, X, Y)[model.selection.rule].certified


def test_a_given_strength_answers_what_it_can() -> None:
    model = given()
    selection = model.selection
    assert (model.alpha, model.l1_ratio) == (0.2, 1.0)
    assert model.certificate is model.certificates["given"]
    assert selection.is_given and not selection.is_leave_one_out
    assert selection.other is None and selection.curves == () and selection.nested is None
    assert math.isnan(selection.null_error) and math.isnan(selection.chosen.error)
    assert model.predict(X, rule="given").tobytes() == model.predict(X).tobytes()
    with pytest.raises(UsageError, match="must be one of given"):
        model.predict(X, rule="1se")
    with pytest.raises(UsageError, match="no cross-validated error"):
        selection.curve(1.0)
    assert 0.5 < model.score(X, Y) < 1


def test_a_given_strength_may_stand_anywhere_on_its_path() -> None:
    model = fitted(l1_ratios=1.0, n_alphas=9)
    alpha = float(model.path.alphas[4])
    selection = Selection.given(alpha, 1.0, train_error=1.1, n_columns=3, n_variables=3, index=4)
    coef = model.path.stored.row(4)
    moved = replace(
        model,
        selection=selection,
        coef=coef,
        intercept=float(model.path.intercepts[4]),
        certificates={"given": model.certificate},
    )
    assert bridle.verify(moved, X, Y)["given"].certified
    assert moved.selection.chosen.index == 4
    assert moved.path.alphas[moved.selection.chosen.index] == moved.alpha


def test_the_other_rule() -> None:
    model = leave_one_out()
    assert model.selection.is_leave_one_out
    assert model.selection.other is model.selection.choices["1se"]
    assert replace(model.selection, rule="1se").other is model.selection.choices["min"]
    assert one_rule().selection.other is None
    assert model.selection.curve(0.0) is model.selection.curves[0]


def test_a_file_that_lacks_a_part_is_refused(tmp_path: Path) -> None:
    from bridle import modelfile

    given().save(tmp_path / "m.bridle")
    header, arrays = modelfile.read(tmp_path / "m.bridle", "model")
    for part in ("selection", "schema", "intercept"):
        short = {key: value for key, value in header.items() if key != part}
        modelfile.write(tmp_path / "short.bridle", "model", short, arrays)
        with pytest.raises(ModelFileError, match="lacks a part of a model"):
            bridle.load(tmp_path / "short.bridle")


def test_the_models_room_imports_one_way() -> None:
    """contents < rows < targets < persistence < frozen, and nothing is imported inside a function."""
    room = Path(bridle.model.__file__).parent
    order = ["contents", "rows", "targets", "persistence", "frozen"]
    for place, name in enumerate(order):
        tree = ast.parse((room / f"{name}.py").read_text(encoding="utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
        assert all(node in tree.body for node in imports)
        own = {node.module for node in imports if isinstance(node, ast.ImportFrom) and node.level == 1}
        assert own <= set(order[:place])
