"""Reports of strengths that were given, of leave-one-out and of a single rule: what is unknown is said, never shown."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import bridle
from bridle.reporting import console, report, summary, to_json
from bridle.reporting.formatting import number
from bridle.reporting.given import strength, strength_sentence
from bridle.reporting.reproduce import python_lines
from bridle.reporting.words import cautions, explained, honest_sentence

GIVEN = ("given", "given_path", "given_ridge", "given_nothing")
OTHERS = ("leave_one_out", "one_rule")
UNKNOWN = re.compile(r"\b(nan|NaN|None(?! of)|inf|infinity|n/a)\b|∞")


class _Text(HTMLParser):
    """What a reader can see of a page, hints of figures and closed details included."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.hidden, self.text, self.ids = False, "", set[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden = tag in ("style", "script")
        self.ids |= {value or "" for name, value in attrs if name == "id"}

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self.hidden else data + " "


def read(model: Any) -> _Text:
    return _Text(str(report(model)))


def refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


@pytest.mark.parametrize("name", [*GIVEN, *OTHERS])
def test_nothing_unknown_is_written_as_a_number(models: Any, name: str) -> None:
    model = models(name)
    for text in (read(model).text, console(model, 100, color=False)):
        assert UNKNOWN.findall(text) == []
    record = json.dumps(to_json(model), allow_nan=False)
    assert json.loads(record, parse_constant=refuse) == to_json(model)


def test_the_search_for_what_is_unknown_finds_it() -> None:
    for text in ("an error of nan", "None", "±inf", "n/a", "∞"):
        assert UNKNOWN.search(text)
    assert not UNKNOWN.search("None of the 10 variables is kept. The information")


@pytest.mark.parametrize("name", GIVEN)
def test_a_given_strength_is_said_to_be_given(models: Any, name: str) -> None:
    model = models(name)
    estimator = {0.0: "RidgeCV", 0.5: "ElasticNetCV", 1.0: "LassoCV"}[model.l1_ratio]
    for text in (read(model).text, console(model, 100, color=False)):
        said = " ".join(text.split())
        assert "was given, not chosen" in said
        assert "there is no estimate of the error on new rows" in said
        assert f"{estimator}, which" in said and "bridle.fit" in said
        for claim in ("recommend", "1se", "other rule", "On new rows expect", "cross-validated error"):
            assert claim not in said, claim


@pytest.mark.parametrize("name", GIVEN)
def test_a_given_strength_has_no_curve(models: Any, name: str) -> None:
    page = read(models(name))
    assert not {"curve", "curve-wide"} & page.ids
    assert ("path" in page.ids) == (name == "given_path")
    assert {"errors-wide", "certificate", "notes"} <= page.ids
    assert ("bars" in page.ids) == (name != "given_nothing")


def test_a_path_is_drawn_from_three_points_on(models: Any) -> None:
    model = models("given_path")
    whole = model.path
    for points in (2, 3):
        arrays = ("alphas", "intercepts", "n_nonzero", "degrees_of_freedom", "train_error", "gaps")
        cut = {name: getattr(whole, name)[-points:] for name in arrays}
        rows = type(whole.stored).of(whole.coefs[-points:])
        page = read(replace(model, path=replace(whole, stored=rows, **cut)))
        assert ("path" in page.ids) == (points == 3)


def test_the_path_of_a_given_strength_calls_it_given(models: Any) -> None:
    page = str(report(models("given_path")))
    assert "At the given penalty, all 10 variables are in." in page
    assert "at the given alpha" in page
    assert "at the recommended alpha" in str(report(models("leave_one_out")))


def test_the_errors_are_on_the_training_rows(models: Any) -> None:
    data = load_diabetes(scaled=False)
    for name, null in (("given", np.var(data.target)), ("given_ridge", np.mean(data.target**2))):
        model = models(name)
        said = summary(model)
        assert [row.key for row in said.errors] == ["null", "train"]
        assert said.errors[0].mean == pytest.approx(null, rel=1e-12)
        train = np.mean((data.target - model.predict(data.data)) ** 2)
        assert said.errors[1].mean == pytest.approx(train, rel=1e-10)
        assert said.errors[1].explained == pytest.approx(1 - train / null)
        assert number(np.sqrt(train)) in said.fit and number(np.sqrt(null)) in said.fit


def test_the_record_of_a_given_strength(models: Any) -> None:
    record = to_json(models("given"))
    assert record["schema"] == "bridle.fit/1"
    assert list(record) == list(to_json(models("diabetes")))
    assert record["model"]["rule"] == record["selection"]["rule"] == "given"
    assert set(record["errors"]["heldout"]) == set(record["errors"]["train"])
    assert set(record["errors"]["heldout"].values()) == {None}
    assert record["errors"]["train"]["rmse"] > 0
    assert record["fit"]["verdict"] is None and record["fit"]["other_rule"] is None
    chosen = record["selection"]["choices"]
    assert list(chosen) == ["given"]
    assert chosen["given"]["error"] is None and chosen["given"]["standard_error"] is None
    assert chosen["given"]["train_error"] == models("given").selection.chosen.train_error
    for name in ("folds", "null_error", "nested"):
        assert record["selection"][name] is None
    assert record["selection"]["curves"] == []


def test_leave_one_out_is_called_so(models: Any) -> None:
    model = models("leave_one_out")
    said, text = summary(model), read(model).text
    row = next(row for row in said.errors if row.key == "heldout")
    assert row.name == "Leave-one-out"
    assert row.mean == model.selection.chosen.error
    assert "The leave-one-out error" in said.honest
    assert said.other is not None and "leave-one-out error of" in said.other
    assert not re.search(r"\d+ folds|cross-validated error", text)
    assert {"curve", "path"} <= read(model).ids


def test_a_single_rule_has_no_other(models: Any) -> None:
    model = models("one_rule")
    said, page = summary(model), read(model)
    assert model.selection.other is None
    assert said.other is None and [row.name for row in said.rules] == ["min"]
    assert "other rule" not in page.text and "1se" not in page.text
    assert "curve" in page.ids
    assert "The other rule" not in console(model, color=False)
    assert to_json(model)["fit"]["other_rule"] is None


@pytest.mark.parametrize("name", ["given", "leave_one_out", "one_rule"])
def test_columns_that_were_not_scaled_are_not_said_to_be(models: Any, name: str) -> None:
    model = models(name)
    said = html.unescape(read(model).text) + console(model, 100, color=False) + json.dumps(to_json(model))
    assert "standardized units" not in said
    assert "off by more than" in said and "original units" in said
    assert "were not scaled before the fit" in said
    scaled = models("diabetes")
    said = read(scaled).text
    assert "standardized units" in said and "were not scaled" not in said


@pytest.mark.parametrize("name", ["given_ridge", "one_rule"])
def test_without_an_intercept_nothing_is_said_of_the_mean(models: Any, name: str) -> None:
    text = read(models(name)).text + console(models(name), 100, color=False)
    assert "Always zero" in text and "mean square" in text.lower()
    for words in ("the mean", "Variance explained", "of the variance"):
        assert words.lower() not in text.lower().replace("mean square", ""), words


def test_a_model_without_variables_and_intercept_predicts_zero(models: Any) -> None:
    model = replace(models("given_nothing"), fit_intercept=False, intercept=0.0)
    assert "predicts zero for every row" in summary(model).answer[0]
    assert "predicts the mean, 152, for every row" in summary(models("given_nothing")).answer[0]


def test_the_strength_in_both_scales(models: Any) -> None:
    assert strength(models("given")) == "alpha 3.00"
    said = "alpha 8,840 for Ridge, 20.0 in bridle's scale"
    assert strength(models("given_ridge")) == said
    assert f"keeps all ten at the given strength ({said})." in summary(models("given_ridge")).answer[0]
    assert said in strength_sentence(models("given_ridge"))


def test_where_the_strength_stands(models: Any) -> None:
    model = models("given")
    said = strength_sentence(model)
    assert f"From alpha {number(model.path.alpha_max)} upwards no variable would be kept" in said
    assert said.endswith("this one is 1% of that.")
    assert strength_sentence(models("given_nothing")).endswith("this one is there.")
    assert "upwards" not in strength_sentence(models("given_ridge"))
    free = replace(model.penalty, factors=np.append(np.ones(9), 0.0))  # never left out
    assert "upwards" not in strength_sentence(replace(model, penalty=free))
    held = replace(model.penalty, lower=np.zeros(10))
    assert "upwards" in strength_sentence(replace(model, penalty=held))
    selection = type(model.selection).given(0.0, 1.0, train_error=1.0, n_columns=10, n_variables=10)
    assert strength_sentence(replace(model, selection=selection)).startswith("There is no penalty")


def test_least_squares_is_not_said_to_shrink() -> None:
    assert any("pulled towards zero" in said for said in cautions(0.0, 10, 10))
    plain = cautions(0.0, 10, 10, alpha=0.0, standardized=False, estimated=False)
    for words in ("pulled", "penalty sets", "not scaled", "new rows"):
        assert not any(words in said for said in plain), words
    assert "sets nothing aside" in cautions(1.0, 10, 10)[0]
    assert not any("Every variable is in" in said for said in cautions(0.0, 9, 10))


def test_one_penalty_alone_was_not_chosen_by_its_error(models: Any) -> None:
    model = models("leave_one_out")
    assert "slightly too good" in honest_sentence(model.selection)
    curve = model.selection.curves[0]
    names = ("alphas", "mean", "standard_error", "train_error", "n_nonzero")
    single = replace(curve, **{name: getattr(curve, name)[:1] for name in names})
    assert "does not flatter" in honest_sentence(replace(model.selection, curves=(single,)))


def test_a_constant_target_leaves_nothing_to_explain(models: Any) -> None:
    model = replace(models("given_nothing"), target_sd=0.0)
    assert summary(model).errors[1].explained is None
    assert UNKNOWN.findall(read(model).text) == []


def test_rounding_explains_nothing() -> None:
    assert explained(100.0 * (1 + 4e-16), 100.0) == 0.0
    assert explained(99.0, 100.0) == pytest.approx(0.01)


def test_the_lines_of_an_estimator() -> None:
    call = {
        "estimator": "bridle.Lasso",
        "alpha": 0.1,
        "positive": True,
        "fit": ["sample_weight"],
    }
    assert python_lines(call, None) == (
        "import bridle",
        "",
        "estimator = bridle.Lasso(alpha=0.1, positive=True)",
        "estimator.fit(X, y, sample_weight=sample_weight)",
        'bridle.report(estimator.model_, "report.html")',
    )
    lines = python_lines({"estimator": "bridle.linear.RidgeCV", "cv": None}, None)
    assert lines[1] == "from bridle.linear import RidgeCV"
    assert lines[3] == "estimator = RidgeCV(cv=None)"


@pytest.mark.parametrize("name", ["given_path", "given_ridge"])
def test_the_lines_of_a_given_strength_fit_its_coefficients(models: Any, name: str) -> None:
    model = replace(models(name), call={"scale": "sklearn"})
    data = load_diabetes(scaled=False)
    lines = summary(model).code
    assert "scale" not in "".join(lines)  # the strength they name is in bridle's own
    assert "These lines fit the same coefficients, and estimate their error on new rows" in read(model).text
    assert "write the same page" in read(models("given")).text
    seen: dict[str, Any] = {"X": data.data, "y": data.target}
    exec("\n".join(line for line in lines if "report" not in line), seen)
    np.testing.assert_allclose(seen["model"].coef, model.coef, rtol=1e-9)
    assert seen["model"].intercept == pytest.approx(model.intercept, rel=1e-9, abs=1e-12)
    assert isinstance(seen["model"], bridle.Model)
