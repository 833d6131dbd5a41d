"""Reports of every family: their own words and numbers, and what predictions out of fold say, in figures and tables."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as metrics

import bridle
from bridle.errors import UsageError
from bridle.reporting import console, report, summary, to_json
from bridle.reporting.formatting import number, percent, signed
from bridle.reporting.given import training_null
from bridle.reporting.meaning import meaning_of
from bridle.reporting.naming import constant, method

NAMES = (
    "classes", "hostile_classes", "rare", "counts", "amounts", "claims", "durations", "robust", "classes_nothing",
)  # fmt: skip
TWO = ("classes", "hostile_classes", "rare", "classes_nothing")
AMOUNTS = ("counts", "amounts", "claims", "durations")
OF_SQUARED_ERROR = re.compile(
    r"root mean square|R squared|variance|least squares|squared error|error²", re.IGNORECASE
)


class _Text(HTMLParser):
    """What a reader can see of a page, and the tables of its figures by their ids."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.hidden, self.words, self.ids = False, list[str](), list[str]()
        self.tables: dict[str, list[list[str]]] = {}
        self.within = ""
        self.cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden = tag in ("style", "script")
        ident = dict(attrs).get("id")
        self.ids += [ident] if ident else []
        if tag == "figure" or (tag == "table" and ident):
            self.within = ident or ""
        if tag == "tr":
            self.tables.setdefault(self.within, []).append([])
        if tag in ("td", "th"):
            self.tables[self.within][-1].append("")
            self.cell = True

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False
        if tag in ("td", "th"):
            self.cell = False
        if tag in ("figure", "table"):
            self.within = self.within if tag == "table" and self.within != "thresholds" else ""

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        self.words.append(data)
        if self.cell:
            self.tables[self.within][-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def read(model: Any, **more: Any) -> _Text:
    return _Text(str(report(model, **more)))


@pytest.mark.parametrize("name", NAMES)
def test_no_word_of_squared_error_is_said_of_another_family(models: Any, name: str) -> None:
    for model in (models(name), as_given(models(name))):
        texts = [read(model).text, console(model, 100, color=False), json.dumps(to_json(model))]
        for text in texts:
            assert OF_SQUARED_ERROR.findall(text.replace("mean_squared", "")) == []


def as_given(model: Any) -> Any:
    chosen = model.selection.chosen
    selection = type(model.selection).given(
        chosen.alpha, chosen.l1_ratio, train_error=chosen.train_error, n_columns=chosen.n_columns,
        n_variables=chosen.n_variables, index=chosen.index,
    )  # fmt: skip
    return replace(model, selection=selection, certificates={"given": model.certificate})


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_mean_deviances(models: Any, name: str) -> None:
    model = models(name)
    said, selection = summary(model), model.selection
    rows = {row.key: row for row in said.errors}
    assert rows["heldout"].size == rows["heldout"].mean == selection.chosen.error
    assert rows["heldout"].standard_error == selection.chosen.standard_error
    assert rows["heldout"].explained == pytest.approx(
        1 - selection.chosen.error / selection.null_error, abs=1e-9
    )
    assert "mean deviance" in said.answer[1]
    assert "of the deviance" in " ".join((said.headline, *said.answer)) or not model.kept
    assert said.rules[0].size == selection.chosen.error
    page = read(model)
    curve = page.tables["curve"][1:]
    own = selection.curve(selection.chosen.l1_ratio)
    assert [row[2] for row in curve] == [number(error, 4) for error in own.mean]


@pytest.mark.parametrize("name", NAMES)
def test_the_record_says_what_was_taken(models: Any, name: str) -> None:
    model = models(name)
    record = to_json(model)
    assert record["schema"] == "bridle.fit/1" and record["family"] == model.family
    assert record["classes"] == (list(model.classes) or None) and record["offset"] == model.has_offset
    assert record["score_names"] == {"error": "mean deviance", "explained": "share of deviance explained"}
    errors = record["errors"]["heldout"]
    assert errors["mean_squared"] is errors["rmse"] is errors["rmse_standard_error"] is None
    assert errors["deviance"] == model.selection.chosen.error
    assert errors["deviance_standard_error"] == model.selection.chosen.standard_error
    assert record["certificate"]["convex"] == (name != "durations")
    assert record["certificate"]["units"] == "half a unit deviance"
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    found = record["out_of_fold"]
    assert (found is None) == (name == "robust")
    if found is not None:
        assert found["scores"] == dict(model.selection.diagnostics.scores)
        assert (found["roc"] is None, found["lorenz"] is None) == (name in AMOUNTS, name in TWO)
        assert len(found["calibration"]["rows"]) == len(model.selection.diagnostics.calibration)


def test_squared_error_keeps_its_record(models: Any) -> None:
    record = to_json(models("diabetes"))
    assert record["link"] == "identity" and record["classes"] is None and record["out_of_fold"] is None
    assert record["score_names"] == {"error": "root mean square", "explained": "share of variance explained"}
    errors = record["errors"]["heldout"]
    assert errors["rmse"] == pytest.approx(math.sqrt(errors["mean_squared"])) and errors["deviance"] is None
    assert record["model"]["coefficients"][0]["factor"] is None


# Coefficients


@pytest.mark.parametrize(
    ("name", "scale", "factor"),
    [
        ("classes", "the log odds of won", "odds ratio"),
        ("rare", "the log hazard of outcome = 1", "hazard ratio"),
        ("classes_nothing", "the probit of outcome = 1", None),
        ("counts", "the logarithm of the rate", "factor"),
        ("amounts", "the logarithm of the mean", "factor"),
        ("robust", None, None),
        ("diabetes", None, None),
    ],
)
def test_what_a_coefficient_means(models: Any, name: str, scale: str | None, factor: str | None) -> None:
    model = models(name)
    meaning = meaning_of(model)
    assert (meaning.scale, meaning.factor) == (scale, factor)
    assert (meaning.sentence is None) == (scale is None)
    for row in summary(model).coefficients:
        assert row.factor == (None if factor is None else pytest.approx(math.exp(row.value)))
    if scale is not None and model.kept:
        assert meaning.sentence is not None and meaning.sentence in read(model).text
        assert scale in console(model, 120, color=False)


def test_the_table_has_odds_ratios_beside_log_odds(models: Any) -> None:
    model = models("classes")
    head, *rows = read(model).tables["bars"]
    assert [cell.replace("\u00ad", "") for cell in head] == [
        "Variable", "Coefficient", "Odds ratio", "Effect of 1 sd", "Odds ratio of 1 sd"
    ]  # fmt: skip
    cells = {row[0]: row[1:] for row in rows}
    for c in model.coefficients:
        label = c.variable if c.level is None else f"{c.variable} = {c.level}"
        assert cells[label] == [
            signed(c.value, 4), number(math.exp(c.value), 4), signed(c.standardized), number(math.exp(c.standardized))
        ]  # fmt: skip
    assert cells["Intercept"][0] == number(model.intercept, 4)


def test_the_effect_of_a_standard_deviation_is_on_the_links_scale(models: Any) -> None:
    model = models("counts")
    X = {c.variable: c for c in model.coefficients}
    effects = {row.variable: row.effect for row in summary(model).coefficients}
    assert effects["x0"] == pytest.approx(X["x0"].standardized)
    at = [name for name, _ in model.schema.columns()].index("x0")
    assert effects["x0"] == pytest.approx(X["x0"].value * model.path.x_scale[at])


def test_a_factor_that_overflows_is_infinite() -> None:
    from bridle.reporting.meaning import Meaning

    assert Meaning("a", "factor", "b").multiplied(1e4) == math.inf
    assert Meaning().multiplied(1e4) is None


# Names


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("classes", "the share of won"),
        ("rare", "0.632"),
        ("counts", "one rate"),
        ("amounts", "the mean"),
        ("robust", "one number"),
        ("given_ridge", "zero"),
    ],
)
def test_what_is_predicted_without_any_variable(models: Any, name: str, said: str) -> None:
    assert constant(models(name)) == said


def test_methods_have_the_names_of_their_families() -> None:
    assert method(1.0, 0.1, family="poisson") == "a Poisson lasso"
    assert method(0.0, 0.1, family="gamma", article=False) == "gamma ridge regression"
    assert method(0.5, 0.1, family="tweedie(1.5)") == "a Tweedie elastic net (l1_ratio 0.5)"
    assert method(0.5, 0.0, family="binomial(probit)") == "a probit regression without penalty"
    assert method(1.0, 0.1, family="inverse_gaussian").startswith("an inverse")


def test_the_constant_of_classes_is_their_share(models: Any) -> None:
    model = models("classes_nothing")
    assert (
        f"predicts the share of outcome = 1, {percent(model.target_mean)}, for every row"
        in summary(model).answer[0]
    )


def test_why_the_family_is_said(models: Any) -> None:
    note = "Family binomial, because the target is two classes: lost and won (won counts as 1)."
    assert note in read(models("classes")).text
    assert note in " ".join(console(models("classes"), 100, color=False).split())
    assert "Family binomial" not in read(models("hostile_classes")).text  # it was asked for


# Certificates


def test_a_loss_that_is_not_convex_has_no_gap(models: Any) -> None:
    said = summary(models("durations"))
    rows = {name: value for name, value, _ in said.certificate_rows}
    assert rows["Gap"] == "none" and not {"Relative gap", "Tolerance", "Coefficient error"} & set(rows)
    page = read(models("durations")).text
    assert "Stationary" in page and "not convex" in page and "n/a" not in page


def test_the_units_of_a_gap(models: Any) -> None:
    units = {name: meaning for name, _, meaning in summary(models("counts")).certificate_rows}
    assert units["Gap"] == "the same, where a loss is half a unit deviance"
    units = {name: meaning for name, _, meaning in summary(models("diabetes")).certificate_rows}
    assert units["Gap"] == "the same, in the units of progression squared"


# A strength that was given


def test_the_null_model_on_the_training_rows(models: Any) -> None:
    model = as_given(models("counts"))
    assert model.path.n_nonzero[0] == 0
    assert training_null(model) == model.path.train_error[0]
    cut = replace(model, path=model.path, selection=replace(model.selection, null_error=3.0))
    assert training_null(cut) == 3.0


def test_the_null_deviance_of_classes_is_their_entropy(models: Any) -> None:
    model = models("classes")
    assert training_null(as_given(model)) == pytest.approx(model.path.train_error[0], rel=1e-9)
    assert model.path.n_nonzero[0] == 0


def test_a_null_model_that_nobody_knows_is_not_spoken_of(models: Any) -> None:
    model = as_given(models("counts"))
    model = replace(model, path=replace(model.path, n_nonzero=np.ones_like(model.path.n_nonzero)))
    said = summary(model)
    assert [row.key for row in said.errors] == ["train"] and "always" not in said.fit
    page = read(model).text
    assert not re.search(r"\b(nan|n/a|None)\b", page + console(model, 100, color=False))
    assert to_json(model)["errors"]["heldout"] == dict.fromkeys(to_json(model)["errors"]["train"])


# Predictions out of fold


@pytest.mark.parametrize("name", NAMES)
def test_the_pictures_of_a_family(models: Any, name: str) -> None:
    ids = set(read(models(name)).ids)
    assert ({"calibration", "roc", "thresholds"} <= ids) == (name in TWO)
    assert ({"calibration", "lorenz", "lift"} <= ids) == (name in AMOUNTS)
    assert ("calibration" in ids) == (name != "robust")


def test_scores_of_classes_are_said(models: Any) -> None:
    model = models("classes")
    s = model.selection.diagnostics.scores
    for text in (read(model).text, " ".join(console(model, 100, color=False).split())):
        for key in ("auc", "log_loss", "brier"):
            assert number(s[key]) in text
        assert f"right in {percent(s['accuracy'])} of the cases" in text
        assert f"always saying won is right in {percent(s['share'])}" in text


def test_scores_of_counts_are_said(models: Any) -> None:
    model = models("counts")
    s = model.selection.diagnostics.scores
    text = " ".join(console(model, 100, color=False).split())
    assert f"the Gini of the predictions is {number(s['gini'])}" in text
    assert f"{percent(abs(s['balance'] - 1))} {'more' if s['balance'] > 1 else 'less'} was observed" in text


def test_the_calibration_table_is_the_summary(models: Any) -> None:
    for name, said in (("classes", percent), ("counts", number)):
        bins = models(name).selection.diagnostics.calibration
        rows = read(models(name)).tables["calibration"][1:]
        assert [row[:3] for row in rows] == [
            [f"{bins.rows[k]:,}", said(float(bins.predicted[k])), said(float(bins.observed[k]))]
            for k in range(len(bins))
        ]


@pytest.mark.parametrize("ratio", [0.25, 1.0, 4.0])
def test_the_threshold_of_lowest_cost(ratio: float) -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 2))
    y = (rng.random(300) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    model = bridle.fit(X, y, family="binomial", l1_ratios=1.0, n_alphas=10, nested=False, out_of_fold=True)
    p = model.selection.out_of_fold
    costs = {t: ratio * ((p < t) & (y == 1)).sum() + ((p >= t) & (y == 0)).sum() for t in [*p, np.inf]}
    page = read(model, cost_ratio=ratio)
    rows = {row[0].split(" ", 1)[1]: row for row in page.tables["thresholds"][1:]}
    chosen = rows["lowest cost"]
    assert chosen[-1] == number(min(costs.values()) / 300)
    assert f"the best threshold would be {number(1 / (1 + ratio))}" in page.text
    threshold = max(t for t, cost in costs.items() if cost == min(costs.values()))
    assert chosen[0].split()[0] == (number(threshold) if np.isfinite(threshold) else "none")
    (quiet, alarms), (missed, caught) = metrics.confusion_matrix(y, p >= threshold)
    assert chosen[1:5] == [str(caught), str(missed), str(alarms), str(quiet)]
    assert {sum(int(cell) for cell in row[1:5]) for row in rows.values()} == {300}


def test_a_cost_needs_classes(models: Any) -> None:
    for name in ("counts", "diabetes"):
        with pytest.raises(UsageError, match="cost_ratio"):
            report(models(name), cost_ratio=2.0)
    for bad in (0.0, -1.0, float("nan"), "2"):
        with pytest.raises(UsageError, match="cost_ratio"):
            report(models("classes"), cost_ratio=bad)  # type: ignore[arg-type]


def test_weights_are_counted_as_weights(models: Any) -> None:
    text = read(models("amounts")).text
    assert "share of weight, lowest predictions first" in text and "mean of outcome" in text
    assert "outcome per unit of exposure" in read(models("counts")).text


def test_a_model_read_from_its_file_gives_the_same_page(models: Any, tmp_path: Path) -> None:
    for name in ("classes", "claims"):
        models(name).save(tmp_path / "m.bridle")
        again = replace(bridle.load(tmp_path / "m.bridle"), call=models(name).call)
        assert report(again) == report(models(name))


def test_names_of_classes_are_only_text(models: Any) -> None:
    page = str(report(models("hostile_classes")))
    assert "<img" not in page and "<script" not in page and "\u202e" not in page


def test_the_lines_that_fit_again_name_the_family(models: Any) -> None:
    code = "\n".join(summary(models("counts")).code)
    assert "family='poisson'" in code and "offset=offset" in code
    assert "family" not in "\n".join(summary(models("classes")).code)


def test_rows_of_one_class_alone_have_no_threshold() -> None:
    rng = np.random.default_rng(9)
    X, y = rng.normal(size=(120, 2)), np.where(np.arange(120) < 90, np.arange(120) % 2, 1)
    folds = [(np.arange(90), np.arange(90, 120))]
    model = bridle.fit(X, y, family="binomial", folds=folds, l1_ratios=1.0, n_alphas=8, nested=False)
    page = read(model)
    assert "calibration" in page.ids and not {"roc", "thresholds"} & set(page.ids)
    assert "AUC" not in page.text + console(model, color=False) and "n/a" not in page.text
    assert to_json(model)["out_of_fold"]["scores"]["auc"] is None
