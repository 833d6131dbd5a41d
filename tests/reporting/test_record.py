"""The JSON of a fit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridle.reporting import to_json


def test_it_is_json_with_a_version(model: Any) -> None:
    record = to_json(model)
    assert record["schema"] == "bridle.fit/1"
    again = json.loads(json.dumps(record, allow_nan=False))
    assert again == record


def test_its_numbers_are_the_models(models: Any) -> None:
    model = models("diabetes")
    record = to_json(model)
    values = {(c["variable"], c["level"]): c["value"] for c in record["model"]["coefficients"]}
    assert values == {(c.variable, c.level): c.value for c in model.coefficients}
    assert record["model"]["alpha"] == model.selection.chosen.alpha
    assert record["errors"]["heldout"]["mean_squared"] == model.selection.chosen.error
    assert record["selection"]["curves"][0]["mean"] == pytest.approx(list(model.selection.curves[0].mean))
    assert set(record["selection"]["choices"]) == {"min", "1se"}
    assert record["certificate"]["certified"] is True


def test_what_is_unknown_is_null(models: Any) -> None:
    record = to_json(models("uncertified"))
    assert record["selection"]["nested"] is None
    assert record["certificate"]["coefficient_error"] is None
    assert record["errors"]["train"]["rmse_standard_error"] is None


def test_the_keys_are_kept(models: Any) -> None:
    record = to_json(models("diabetes"))
    keys = (
        "schema target n_rows family link classes offset class_weights score_names answer model errors fit selection "
        "out_of_fold correlated notes certified certificate refit_certificate call"
    )
    assert list(record) == keys.split()
