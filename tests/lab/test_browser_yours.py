"""A table of one's own in a real browser: it comes in, is looked at, fitted, scored and saved; all as the engine says."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bridle
from bridle.conventions import Strength, from_bridle
from bridle.lab.static import write_folder
from bridle.lab.yours import hold_out

pytestmark = pytest.mark.browser

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_QUIET = (
    "() => { const f = bridleLab.facts(); return f.busy === false && f.columns?.busy === false "
    "&& !f.methods?.busy && !f.corner?.busy; }"
)
_HTML = "<img src=x onerror=alert(1)><b>size</b>"
NAMES = ["id", _HTML, "rooms", "region", "site", "price"]
LEFT = ["id", "site"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: Any) -> Path:
    """160 houses with an identifier, a constant, missing cells and a name that is HTML."""
    rng = np.random.default_rng(11)
    path: Path = tmp_path_factory.mktemp("own") / "houses, 2024.csv"
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(NAMES)
        for n in range(160):
            size, rooms = rng.normal(100, 30), int(rng.integers(1, 7))
            region = str(rng.choice(["east", "north", "south"]))
            price = 2 * size + 9 * rooms + 30 * (region == "south") + rng.normal(0, 30)
            writer.writerow([n + 1, f"{size:.3f}", rooms if n % 9 else "", region, "main", f"{price:.3f}"])
    return path


def _facts(page: Any) -> Any:
    return page.evaluate("() => JSON.parse(JSON.stringify(bridleLab.facts()))")


def _take_in(page: Any, table: Path) -> str:
    """Choose the file; the name that the lab gave the table."""
    page.set_input_files("input[type=file]", str(table))
    page.wait_for_function("() => bridleLab.facts().columns?.busy === false")
    return str(
        page.evaluate("new URLSearchParams(location.hash.split('?')[1] ?? '').get('table') ?? ''") or ""
    )


def _at(page: Any, settings: str) -> None:
    """Change the settings of the table at hand."""
    page.wait_for_function("() => location.hash.includes('table=')")
    page.evaluate(
        """(settings) => {
          const id = new URLSearchParams(location.hash.split('?')[1]).get('table');
          location.hash = `#/yours?table=${id}&${settings}`;
        }""",
        settings,
    )
    page.wait_for_timeout(50)
    page.wait_for_function(_QUIET)


def _own(table: Path, **changes: Any) -> tuple[Any, Any]:
    """The same by the engine: the model and the rows put away."""
    learn, test = hold_out(table, 0.2, seed=changes.get("seed", 0))
    settings = {"target": "price", "ignore": LEFT, "l1_ratios": 1.0, "seed": 0, "nested": False} | changes
    return bridle.fit(learn, **settings), test


def test_a_table_is_chosen_and_its_columns_are_shown_as_text(open_at: Any, table: Path) -> None:
    page = open_at("yours")
    assert "Nothing leaves this computer" in page.inner_text("main")
    _take_in(page, table)
    facts = _facts(page)["columns"]
    assert facts["names"] == NAMES and facts["rows"] == 160 and facts["title"] == table.name
    assert facts["missing"] == [0, 0, 18, 0, 0, 0] and facts["problem"] == ""
    assert [n for n, role in zip(NAMES, facts["roles"]) if role == "ignored"] == LEFT
    said = page.inner_text("main")
    assert _HTML in said and "Warning" in said and "160 rows" in said and "18 missing" in said
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.wait_for_selector(".scrolls td")
    assert page.locator("main img, main b").count() == 0
    cells = page.locator(".scrolls tbody tr").nth(1).locator("td").all_inner_texts()
    with open(table, newline="") as stream:
        row = list(csv.reader(stream))[2]
    assert float(cells[1]) == float(row[1]) and cells[3] == row[3] and float(cells[5]) == float(row[5])


@pytest.mark.parametrize(("l1", "rule"), [("1", "min"), ("0.5", "1se"), ("0", "min")])
def test_the_pictures_show_what_the_engine_says(open_at: Any, table: Path, l1: str, rule: str) -> None:
    model, test = _own(table, l1_ratios=float(l1), rule=rule)
    path, curve = model.path, model.selection.curve(float(l1))
    page = open_at("yours")
    _take_in(page, table)
    _at(page, f"roles=t5.i0.i4&l1={l1}&rule={rule}")
    facts = _facts(page)
    assert facts["k"] == model.selection.chosen.index and facts["held"] is None and facts["certified"]
    for k in (0, 33, 99):
        page.evaluate(f"document.querySelector('.scrubber input').value = {k}")
        page.dispatch_event(".scrubber input", "input")
        facts = _facts(page)
        assert facts["alpha"] == pytest.approx(path.alphas[k], rel=1e-12)
        assert facts["rmse"] == pytest.approx(np.sqrt(curve.mean[k]), rel=1e-6)
        assert facts["train"] == pytest.approx(np.sqrt(path.train_error[k]), rel=1e-6)
        assert facts["coefs"] == pytest.approx(path.coefs[k].tolist(), rel=1e-6, abs=1e-9)
        assert facts["effects"] == pytest.approx((path.coefs[k] * path.x_scale).tolist(), rel=1e-6, abs=1e-6)
        assert facts["kept"] == path.n_nonzero[k] and facts["names"] == model.schema.column_names()
        strength = Strength(float(path.alphas[k]), float(l1)).on_raw_target(model.target_sd)
        own = from_bridle("glmnet", strength, rows=128, target_sd=model.target_sd)
        assert facts["scales"]["glmnet"] == pytest.approx(own, rel=1e-9)
    page.click("button:has-text('about the same')")
    held = _facts(page)["held"]
    squared = (model.encode(test)[1] - model.predict(test)) ** 2
    assert held[f"error_{rule}"] == pytest.approx(np.sqrt(squared.mean()), rel=1e-6)
    assert held[f"explained_{rule}"] == pytest.approx(model.score(test), rel=1e-6)
    said = page.inner_text(".predict")
    assert "32 rows put away" in said and ("As you said" in said) == (held[f"verdict_{rule}"] == "close")


def test_the_score_is_hidden_until_a_guess_is_made(open_at: Any, table: Path) -> None:
    page = open_at("yours")
    _take_in(page, table)
    page.select_option(".target select", label="price")
    page.wait_for_function(_QUIET)
    assert "What will it be" in page.inner_text(".predict") and "R²" not in page.inner_text("main")
    page.click("button:has-text('Just show me')")
    assert "R²" in page.inner_text(".predict")
    page.click(".choices:has-text('Recommended') label:has-text('1-SE')")
    page.wait_for_function("() => bridleLab.facts().rule === '1se' && !bridleLab.facts().busy")
    assert "What will it be" in page.inner_text(".predict")


def test_roles_and_types_are_changed_by_hand(open_at: Any, table: Path) -> None:
    page = open_at("yours")
    _take_in(page, table)
    page.select_option(".target select", label="price")
    page.wait_for_function(_QUIET)
    page.click("summary:has-text('what each is used as')")
    page.select_option("select[aria-label='region: used as']", label="left out")
    page.wait_for_function("() => bridleLab.facts().columns.asked.includes('i3')")
    page.wait_for_function(_QUIET)
    page.select_option("select[aria-label='rooms: read as']", label="category")
    page.wait_for_function("() => bridleLab.facts().columns.asked === 't5.i3.c2'")
    page.wait_for_function(_QUIET)
    model, _ = _own(table, ignore=["region"], types={"rooms": "categorical"})
    facts = _facts(page)
    assert facts["names"] == model.schema.column_names() and "region=south" not in facts["names"]
    assert facts["rmse"] == pytest.approx(np.sqrt(model.selection.chosen.error), rel=1e-6)
    page.select_option("select[aria-label='region: used as']", label="target")
    page.wait_for_selector(".alert:has-text('classes must be two')")
    page.wait_for_function(
        "() => !document.querySelector('.chart')"
    )  # those of the last target go when its answer comes
    page.wait_for_function("() => location.hash.includes('roles=t3.c2')")
    page.reload()
    page.wait_for_selector(".alert:has-text('classes must be two')")


def test_everything_is_within_reach_of_the_keyboard(open_at: Any, table: Path) -> None:
    page = open_at("yours")
    _take_in(page, table)
    page.focus(".target select")
    page.keyboard.press("p")  # types ahead to "price"
    page.wait_for_function("() => bridleLab.facts().columns.asked === 't5'")
    page.wait_for_function(_QUIET)
    page.focus(".scrubber input")
    before = _facts(page)["k"]
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("k => bridleLab.facts().k === k", arg=before - 1)
    after = {
        "about the same": "() => document.activeElement?.closest('.told')",
        "Compare the methods": "() => bridleLab.facts().methods",
        "Show the corner": "() => bridleLab.facts().corner",
    }
    for name in (*after, "Open another table"):
        button = page.locator(f"button:has-text('{name}')")
        button.focus()
        assert button.evaluate("e => e === document.activeElement")
        if not name.startswith("Open"):
            page.keyboard.press("Enter")
            page.wait_for_function(after[name])  # what it does moves the focus, or makes the page anew
            page.wait_for_function(_QUIET)
    page.wait_for_function(_QUIET)
    facts = _facts(page)
    assert facts["held"] and facts["methods"]["recommended"] and facts["corner"]["tangency"] < 1e-9


def test_corners_and_methods_are_the_engines(open_at: Any, table: Path) -> None:
    page = open_at("yours")
    _take_in(page, table)
    _at(page, "roles=t5.i0.i4&corners=1&methods=1&k=35")
    page.wait_for_function("() => bridleLab.facts().methods && bridleLab.facts().corner")
    facts = _facts(page)
    model, _ = _own(table)
    betas = model.path.coefs[35] * model.path.x_scale / model.path.y_scale
    i, j = facts["corner"]["pair"]
    assert facts["corner"]["weights"] == pytest.approx([betas[i], betas[j]], rel=1e-6, abs=1e-9)
    assert facts["corner"]["tangency"] < 1e-9 and facts["corner"]["violation"] < 1e-6
    learn, _ = hold_out(table, 0.2, seed=0)
    found = bridle.compare(learn, target="price", ignore=LEFT, networks=False)
    assert [row["rmse"] for row in facts["methods"]["rows"]] == pytest.approx(
        [r.rmse for r in found.rows], rel=1e-6
    )
    assert facts["methods"]["recommended"] == found.recommended.name and found.reason in page.inner_text(
        "main"
    )


def test_model_and_report_are_saved(open_at: Any, table: Path, tmp_path: Path) -> None:
    page = open_at("yours")
    _take_in(page, table)
    _at(page, "roles=t5.i0.i4")
    for text, name in (("Save the model", "model.bridle"), ("Save the report", "bridle-report.html")):
        with page.expect_download() as download:
            page.click(f"text={text}")
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    model, test = _own(table)
    assert bridle.load(tmp_path / "model.bridle").score(test) == pytest.approx(model.score(test), rel=1e-9)
    report = (tmp_path / "bridle-report.html").read_text()
    assert "put away first" in report and _HTML not in report


def test_a_file_may_be_dropped_anywhere_and_forgotten(open_at: Any, table: Path) -> None:
    page = open_at("yours")
    page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.items.add(new File([text], '../<i>dropped</i>.csv'));
          for (const type of ['dragover', 'drop']) document.querySelector('h1').dispatchEvent(
            new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
        }""",
        table.read_text(),
    )
    page.wait_for_function("() => bridleLab.facts().columns?.busy === false")
    assert _facts(page)["columns"]["rows"] == 160 and page.locator("main i").count() == 0
    page.click("button:has-text('Forget this table')")
    page.wait_for_selector("button:has-text('Choose a table')")
    page.wait_for_function("() => !location.hash.includes('table=')")


def test_a_file_that_is_no_table_is_said_and_the_page_goes_on(
    open_at: Any, table: Path, tmp_path: Path
) -> None:
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n3,4,5\n")
    page = open_at("yours")
    page.set_input_files("input[type=file]", str(tmp_path / "ragged.csv"))
    page.wait_for_selector(".alert:has-text('row 2 (line 3) has 3 values')")
    assert page.locator(".alert").count() == 1
    _take_in(page, table)
    assert _facts(page)["columns"]["rows"] == 160


def test_a_table_that_is_gone_is_said(browser: Any, address: str, signed_in: Any) -> None:
    context = browser.new_context(storage_state=signed_in)
    page = context.new_page()
    page.goto(address.split("?")[0] + "#/yours?table=0123456789abcdef&roles=t1")
    page.wait_for_selector(".alert:has-text('open the file again')")
    assert page.locator("button:has-text('Choose a table')").count() == 1
    context.close()


def test_long_work_is_stopped_by_a_button(open_at: Any, table: Path) -> None:
    page = open_at("yours")
    _take_in(page, table)
    given_up: list[str] = []
    page.on("requestfailed", lambda r: given_up.append(r.url))
    page.route("**/api/lesson?*yours%3F*", lambda route: None)  # an answer that takes for ever
    page.select_option(".target select", label="price")
    page.wait_for_function(
        "() => bridleLab.facts().columns.asked === 't5' && !bridleLab.facts().columns.busy"
    )
    page.click(".working button:has-text('Stop')")
    page.wait_for_selector("button:has-text('Fit it')")
    page.wait_for_timeout(100)
    assert len([url for url in given_up if "yours%3F" in url]) == 1
    page.unroute_all(behavior="ignoreErrors")
    page.click("button:has-text('Fit it')")
    page.wait_for_function(_QUIET)
    assert _facts(page)["key"].startswith("yours?")


def test_the_place_is_kept_in_the_address(open_at: Any, table: Path) -> None:
    page = open_at("yours")
    _take_in(page, table)
    _at(page, "roles=t5.i0.i4&k=40&share=0.1&seed=2&l1=0.5&guess=close")
    before = _facts(page)
    page.reload()
    page.wait_for_function(_QUIET)
    after = _facts(page)
    assert after == before and after["k"] == 40 and after["learn"] == 144


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_screen_is_accessible_and_nothing_scrolls_sideways(
    open_at: Any, table: Path, width: int, scheme: str
) -> None:
    page = open_at("yours", width=width, scheme=scheme)
    for step in range(3):
        if step == 1:
            _take_in(page, table)
        if step == 2:
            _at(page, "roles=t5.i0.i4&guess=close&corners=1&methods=1")
            page.wait_for_function("() => bridleLab.facts().methods && bridleLab.facts().corner")
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        wide = page.evaluate(
            """() => [...document.querySelectorAll('main *')].filter((e) => !e.closest('.scrolls') && !e.closest('svg')
              && !e.closest('pre') && !e.closest('.aside-voice')
              && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 99))"""
        )
        assert wide == []
        if step == 0:
            page.evaluate(_AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            """() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
              .then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.target.join(' '))]))"""
        )
        assert found == []


def test_the_folder_says_that_this_needs_the_program(browser: Any, tmp_path: Path) -> None:
    index, _ = write_folder(tmp_path / "lesson", keys=[])
    page = browser.new_page()
    page.goto(f"{index.as_uri()}#/yours?table=0123456789abcdef")
    page.wait_for_selector(".alert")
    said = page.inner_text("main")
    assert "bridle lab TABLE" in said and "input" not in page.inner_html("main")
    page.close()
