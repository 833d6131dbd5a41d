"""Tables of classes and of counts in a real browser, from drop to report: the numbers of the Python that the page copies."""

from __future__ import annotations

import csv
import io
import os
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_poisson_deviance, roc_auc_score

import bridle

pytestmark = pytest.mark.browser

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_QUIET = (
    "() => { const f = bridleLab.facts(); return f.busy === false && f.columns?.busy === false "
    "&& !f.methods?.busy && !f.corner?.busy; }"
)
_BOTH = "() => { const f = bridleLab.facts(); return f.methods && !f.methods.busy && f.corner && !f.corner.busy; }"


@pytest.fixture(scope="module")
def loans(tmp_path_factory: Any) -> Path:
    """200 loans with a category and missing cells; a third of them in default."""
    rng = np.random.default_rng(6)
    path: Path = tmp_path_factory.mktemp("own") / "loans.csv"
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["age", "debt", "region", "late", "default"])
        for n in range(200):
            age, debt, late = rng.normal(45, 12), rng.lognormal(8, 1), int(rng.poisson(1))
            region = str(rng.choice(["east", "west"]))
            eta = -1.2 - 0.04 * (age - 45) + 0.7 * (np.log(debt) - 8) + 0.5 * late
            cell = "" if n % 17 == 4 else f"{debt:.2f}"
            yes = rng.random() < 1 / (1 + np.exp(-eta))
            writer.writerow([f"{age:.1f}", cell, region, late, "yes" if yes else "no"])
    return path


@pytest.fixture(scope="module")
def claims(tmp_path_factory: Any) -> Path:
    """300 policies: counts, a name that is HTML, and the logarithm of the years insured."""
    rng = np.random.default_rng(7)
    path: Path = tmp_path_factory.mktemp("own") / "claims.csv"
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["age", "<b>power</b>", "log years", "claims", "area"])
        for _ in range(300):
            age, power, years = rng.normal(45, 15), rng.normal(100, 25), rng.uniform(0.2, 3)
            mean = years * np.exp(-0.8 - 0.02 * (age - 45) + 0.012 * (power - 100))
            writer.writerow(
                [
                    f"{age:.1f}",
                    f"{power:.1f}",
                    f"{np.log(years):.6f}",
                    int(rng.poisson(mean)),
                    str(rng.choice(["city", "land"])),
                ]
            )
    return path


def _facts(page: Any) -> Any:
    return page.evaluate("() => JSON.parse(JSON.stringify(bridleLab.facts()))")


def _drop(page: Any, file: Path) -> None:
    """As a person drops a file anywhere on the page."""
    page.evaluate(
        """([text, name]) => {
          const data = new DataTransfer();
          data.items.add(new File([text], name));
          for (const type of ['dragover', 'drop']) document.querySelector('h1').dispatchEvent(
            new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
        }""",
        [file.read_text(), file.name],
    )
    page.wait_for_function(
        "name => { const f = bridleLab.facts().columns; return f?.busy === false && f.title === name; }",
        arg=file.name,
    )


def _settled(page: Any, condition: str) -> Any:
    page.wait_for_function(f"() => {{ const f = bridleLab.facts(); return {condition}; }}")
    page.wait_for_function(_QUIET)
    return _facts(page)


def _at(page: Any, settings: str) -> None:
    """Change the settings of the table at hand, once the address names it."""
    table = _facts(page)["columns"]["key"].rpartition("table=")[2]
    page.wait_for_function("table => location.hash.includes(table)", arg=table)
    page.evaluate("place => { location.hash = place; }", f"#/yours?table={table}&{settings}")
    page.wait_for_timeout(50)
    page.wait_for_function(_QUIET)


def _copied(code: str, folder: Path) -> dict[str, Any]:
    """What the copied lines make, run where the file lies."""
    names: dict[str, Any] = {}
    before = os.getcwd()
    os.chdir(folder)
    try:
        with redirect_stdout(io.StringIO()):
            exec(code, names)
    finally:
        os.chdir(before)
    return names


def _same_path(page: Any, names: dict[str, Any]) -> None:
    """At three strengths: deviances, coefficients and effects of the page are those of the Python lines."""
    path, curve = names["path"], names["curve"]
    for k in (0, 45, 99):
        page.evaluate(f"document.querySelector('.scrubber input').value = {k}")
        page.dispatch_event(".scrubber input", "input")
        facts = _facts(page)
        assert facts["rmse"] is None and facts["deviance"] == pytest.approx(curve.mean[k], rel=1e-6)
        assert facts["train"] == pytest.approx(path.train_error[k], rel=1e-6)
        assert facts["alpha"] == pytest.approx(path.alphas[k], rel=1e-9)
        assert facts["coefs"] == pytest.approx(path.coefs[k].tolist(), rel=1e-6, abs=1e-9)
        assert facts["effects"] == pytest.approx((path.coefs[k] * path.x_scale).tolist(), rel=1e-5, abs=1e-6)
        assert facts["kept"] == path.n_nonzero[k]


def test_two_classes_from_drop_to_report(open_at: Any, loans: Path, tmp_path: Path) -> None:
    page = open_at("yours")
    _drop(page, loans)
    page.select_option(".target select", label="default")
    facts = _settled(page, "f.columns.asked === 't4'")
    assert facts["columns"]["families"] == ["binomial", "binomial(probit)", "binomial(cloglog)"]
    assert page.input_value(".family select") == "binomial" and facts["family"] == "binomial"
    said = page.inner_text("main")
    assert "logistic lasso" in said and "It predicts the probability of yes." in said
    assert "because the target is two classes: no and yes" in said and "R²" not in said
    assert "mean deviance" in page.inner_text(".predict")
    names = _copied(facts["python"], loans.parent)
    model, test = names["model"], names["test"]
    assert "family='binomial'" in facts["python"] and facts["k"] == model.selection.chosen.index
    chances, y = model.predict(test), model.encode(test)[1]
    page.click("button:has-text('about the same')")
    facts = _facts(page)
    assert facts["held"]["error_min"] == pytest.approx(2 * log_loss(y, chances), rel=1e-6)
    assert facts["held"]["auc_min"] == pytest.approx(roc_auc_score(y, chances), rel=1e-9)
    told = page.inner_text(".predict")
    assert f"AUC is {facts['held']['auc_min']:.3g}" in told and "probability of yes" in told
    found = model.selection.diagnostics
    assert facts["calibration"]["predicted"] == pytest.approx(found.calibration.predicted.tolist(), rel=1e-9)
    assert facts["calibration"]["scores"]["auc"] == pytest.approx(found.scores["auc"], rel=1e-12)
    assert page.locator(".calibration circle").count() == len(found.calibration)
    _same_path(page, names)
    page.click("summary:has-text('All features')")
    page.wait_for_selector("th:has-text('odds ratio')")
    for text, name in (("Save the model", "model.bridle"), ("Save the report", "bridle-report.html")):
        with page.expect_download() as download:
            page.click(f"text={text}")
        download.value.save_as(tmp_path / name)
    saved = bridle.load(tmp_path / "model.bridle")
    np.testing.assert_allclose(saved.predict(test), chances, rtol=1e-9)
    report = (tmp_path / "bridle-report.html").read_text()
    assert "AUC" in report and "deviance" in report


def test_counts_with_their_exposure_from_drop_to_report(open_at: Any, claims: Path, tmp_path: Path) -> None:
    page = open_at("yours")
    _drop(page, claims)
    page.select_option(".target select", label="claims")
    facts = _settled(page, "f.columns.asked === 't3'")
    assert facts["family"] == "squared" and "may suit them better" in page.inner_text("main")
    page.select_option(".family select", label="Poisson: counts")
    _settled(page, "f.family === 'poisson'")
    assert "logarithm of that exposure" in page.inner_text(".family")
    page.click("summary:has-text('what each is used as')")
    page.select_option("select[aria-label='log years: used as']", label="offset")
    facts = _settled(page, "f.columns.asked === 't3.s2'")
    assert facts["family"] == "poisson" and "“log years” is the offset" in page.inner_text(".family")
    assert "offset='log years', family='poisson'" in facts["python"]
    names = _copied(facts["python"], claims.parent)
    model, test = names["model"], names["test"]
    page.click("button:has-text('Just show me')")
    held = _facts(page)["held"]
    counts = test.column("claims").values
    assert held["error_min"] == pytest.approx(mean_poisson_deviance(counts, model.predict(test)), rel=1e-6)
    assert held["explained_min"] == pytest.approx(model.score(test), rel=1e-6)
    assert "one rate alone" in page.inner_text(".predict") and "The Gini is" in page.inner_text(".predict")
    _same_path(page, names)
    assert page.locator("main b").count() == 0
    with page.expect_download() as download:
        page.click("text=Save the report")
    download.value.save_as(tmp_path / "report.html")
    assert "log years" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("which", ["loans", "claims"])
def test_two_weights_and_methods_are_the_engines(open_at: Any, which: str, request: Any) -> None:
    file = request.getfixturevalue(which)
    page = open_at("yours")
    _drop(page, file)
    _at(
        page,
        "roles=t4&corners=1&methods=1&k=35"
        if which == "loans"
        else "roles=t3.s2&family=poisson&corners=1&methods=1&k=35",
    )
    page.wait_for_function(_BOTH)
    facts = _facts(page)
    names = _copied(facts["python"], file.parent)
    betas = names["path"].coefs[35] * names["path"].x_scale
    i, j = facts["corner"]["pair"]
    assert facts["corner"]["near"] and facts["corner"]["weights"] == pytest.approx(
        [betas[i], betas[j]], abs=1e-9
    )
    assert (facts["corner"]["tangency"] or 0) < 1e-6 and facts["corner"]["violation"] < 1e-7
    assert "slope and its curvature" in page.inner_text("main")
    asked = (
        {"target": "default"}
        if which == "loans"
        else {"target": "claims", "offset": "log years", "family": "poisson"}
    )
    found = bridle.compare(names["learn"], networks=False, **asked)
    rows = facts["methods"]["rows"]
    assert [row["error"] for row in rows] == pytest.approx([row.error for row in found.rows], rel=1e-6)
    assert facts["methods"]["recommended"] == found.recommended.name
    assert found.reason in page.inner_text("main") and page.locator("text=neural networks").count() == 0
    # Another pair: the choice stays in the focus while its numbers are on their way.
    other = page.locator(".pair-choice select").nth(1)
    last = other.evaluate("e => e.selectedIndex === e.options.length - 1")
    other.focus()
    page.keyboard.press("ArrowUp" if last else "ArrowDown")
    page.wait_for_function(
        "pair => JSON.stringify(bridleLab.facts().corner?.pair) !== pair", arg=f"[{i},{j}]"
    )
    page.wait_for_function(_BOTH)
    assert other.evaluate("e => e === document.activeElement")
    assert (_facts(page)["corner"]["tangency"] or 0) < 1e-6


def test_a_parameter_is_typed_and_kept_in_the_address(open_at: Any, claims: Path) -> None:
    page = open_at("yours")
    _drop(page, claims)
    _at(page, "roles=t3.s2")
    page.select_option(".family select", label="negative binomial: counts that spread more")
    facts = _settled(page, "f.family?.startsWith('negative_binomial')")
    start = float(page.input_value(".parameter input"))
    assert facts["family"] == f"negative_binomial({start:g})"
    page.fill(".parameter input", "0")
    page.keyboard.press("Enter")
    assert "theta must be a number above 0" in page.inner_text(".parameter")
    assert _facts(page)["family"] == f"negative_binomial({start:g})"
    page.fill(".parameter input", "2.5")
    page.keyboard.press("Enter")
    facts = _settled(page, "f.family === 'negative_binomial(2.5)'")
    model = _copied(facts["python"], claims.parent)["model"]
    assert facts["deviance"] == pytest.approx(model.selection.chosen.error, rel=1e-6)
    page.wait_for_function("() => location.hash.includes('negative_binomial')")
    page.reload()
    facts = _settled(page, "f.family === 'negative_binomial(2.5)'")
    assert page.input_value(".parameter input") == "2.5"
    page.select_option(".target select", label="age")  # another target is asked anew what it is
    assert _settled(page, "f.columns.asked.startsWith('t0')")["family"] == "squared"


def test_a_family_that_cannot_be_is_said_and_changed(open_at: Any, claims: Path) -> None:
    page = open_at("yours")
    _drop(page, claims)
    _at(page, "roles=t3&family=gamma")
    page.wait_for_selector(".alert:has-text('the family gamma needs numbers above 0')")
    assert page.locator(".alert").count() == 1
    page.click("summary:has-text('cannot have')")
    assert "gamma needs numbers above 0" in page.inner_text(".unsuited")
    page.select_option(".family select", label="Poisson: counts")
    assert _settled(page, "f.family === 'poisson'")["key"].startswith("yours?family=poisson")
    _at(page, "roles=t3&family=%3Cimg%20src%3Dx%3E")
    page.wait_for_selector(".alert:has-text('family must be one of')")
    assert page.locator("main img").count() == 0
    _at(page, "roles=t3&family=tweedie(1.5)")
    assert _facts(page)["family"] == "tweedie(1.5)"


def test_the_family_is_within_reach_of_the_keyboard(open_at: Any, loans: Path) -> None:
    page = open_at("yours")
    _drop(page, loans)
    page.focus(".target select")
    page.keyboard.press("d")
    page.keyboard.press("e")  # types ahead to "debt", then "default"
    page.keyboard.press("f")
    _settled(page, "f.family === 'binomial'")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.family') !== null")
    page.keyboard.press("ArrowDown")
    facts = _settled(page, "f.family === 'binomial(probit)'")
    assert "probit" in page.inner_text(".sentence") and facts["certified"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_families_are_accessible_and_nothing_scrolls_sideways(
    open_at: Any, loans: Path, claims: Path, width: int, scheme: str
) -> None:
    page = open_at("yours", width=width, scheme=scheme)
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    places = (
        (loans, "roles=t4&guess=close&corners=1&methods=1"),
        (claims, "roles=t3.s2&family=negative_binomial(2)&guess=close&corners=1&methods=1"),
    )
    for file, settings in places:
        _drop(page, file)
        _at(page, settings)
        page.wait_for_function(_BOTH)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        wide = page.evaluate(
            """() => [...document.querySelectorAll('main *')].filter((e) => !e.closest('.scrolls') && !e.closest('svg')
              && !e.closest('pre') && !e.closest('.aside-voice')
              && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 99))"""
        )
        assert wide == []
        found = page.evaluate(
            """() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
              .then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.target.join(' '))]))"""
        )
        assert found == []
