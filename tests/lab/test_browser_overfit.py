"""The screen "overfit" in a real browser: what it shows, by the engine run anew; keys, the URL, the folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bridle
from bridle.lab.keys import Key
from bridle.lab.static import write_folder
from bridle.lab.wiggle import GRID, draw, powers

pytestmark = pytest.mark.browser

_QUIET = "() => bridleLab.facts().screen === 'overfit' && bridleLab.facts().busy === false"
_RIDGE, _LASSO = np.geomspace(10, 1e-8, 46), np.geomspace(1, 1e-4, 41)


def _facts(page: Any) -> Any:
    return page.evaluate("() => JSON.parse(JSON.stringify(bridleLab.facts()))")


@cache
def _fits(degree: int, ratio: float, n: int, noise: float) -> Any:
    """All 100 fits on the grid (100, 101, A) and the paths of the first eight."""
    alphas = _LASSO if ratio else _RIDGE
    paths = []
    for number in range(100):
        x, y = draw(n, noise, number)
        paths.append(bridle.path(powers(x, degree), y, alphas=alphas, l1_ratio=ratio))
    return np.array([p.predict(powers(GRID, degree)) for p in paths]), paths[:8]


def _check(page: Any, degree: int, ratio: float, n: int, noise: float, number: int, k: int) -> None:
    fits, paths = _fits(degree, ratio, n, noise)
    facts, own, truth = _facts(page), paths[number], np.sin(4 * GRID)
    engine = {
        "k": k,
        "draw": number,
        "alpha": own.alphas[k],
        "train": np.sqrt(own.train_error[k]),
        "fresh": np.sqrt(((fits[number, :, k] - truth) ** 2).mean() + noise**2),
        "expected": ((fits[:, :, k] - truth) ** 2).mean() + noise**2,
        "bias": ((fits[:, :, k].mean(axis=0) - truth) ** 2).mean(),
        "variance": fits[:, :, k].var(axis=0).mean(),
        "noise": noise**2,
        "kept": own.n_nonzero[k],
        "largest": (np.abs(own.coefs[k]) * powers(draw(n, noise, number)[0], degree).std(axis=0)).max(),
        "best": ((fits - truth[:, None]) ** 2).mean(axis=(0, 1)).argmin(),
    }
    assert {name: facts[name] for name in engine} == pytest.approx(engine, rel=1e-6)
    np.testing.assert_allclose(facts["fit"], fits[number, :, k], rtol=1e-6, atol=1e-6)
    assert facts["noise"] + facts["bias"] + facts["variance"] == pytest.approx(facts["expected"], rel=1e-12)
    said = page.inner_text(".sentence").replace("\u2212", "-")
    for name in ("train", "fresh", "bias", "variance", "expected"):
        assert f"{float(f'{engine[name]:.3g}'):g}" in said, (name, said)
    word = {-1: "underfits", 0: "is about right", 1: "overfits"}[facts["verdict"]]
    assert f"of degree {degree}" in said and word in said and f"own {n} points" in said


@pytest.mark.parametrize(
    ("degree", "ratio", "n", "noise", "number"),
    [(15, 0.0, 30, 0.3, 0), (15, 1.0, 10, 0.3, 4), (1, 0.0, 30, 0.3, 0), (9, 0.0, 100, 0.6, 2)],
)
def test_overfit_shows_what_the_engine_says(
    open_at: Any, degree: int, ratio: float, n: int, noise: float, number: int
) -> None:
    page = open_at(f"overfit?degree={degree}&draw={number + 1}&k=0&l1={ratio:g}&n={n}&noise={noise:g}")
    last = len(_LASSO if ratio else _RIDGE) - 1
    seen = set()
    for k in (0, 13, 20, last):
        page.evaluate(f"document.querySelector('.scrubber input').value = {k}")
        page.dispatch_event(".scrubber input", "input")
        _check(page, degree, ratio, n, noise, number, k)
        seen.add(_facts(page)["verdict"])
        assert page.locator(".bars .value").count() == 4
    assert seen == ({-1} if degree == 1 else {-1, 0} if n == 100 else {-1, 1} if n == 10 else {-1, 0, 1})
    page.click("button:text-is('best')")
    _check(page, degree, ratio, n, noise, number, _facts(page)["best"])
    page.click("button:text-is('λ ≈ 0')")
    assert _facts(page)["k"] == last


def test_one_commits_before_the_errors_show(open_at: Any) -> None:
    page = open_at("overfit")
    facts = _facts(page)
    assert facts["k"] == facts["count"] - 1 and facts["alpha"] == pytest.approx(1e-8)
    assert page.locator(".chart canvas").count() == 0 and "new ones?" in page.inner_text(".sentence")
    assert page.locator(".bars").count() == 0
    page.click(".guesses button:has-text('falls, then rises')")
    page.wait_for_selector(".told")
    assert page.inner_text(".told").startswith("As you said.")
    assert page.locator(".chart canvas").count() == 2
    facts = _facts(page)
    assert facts["k"] == facts["best"] and "is about right" in page.inner_text(".sentence")
    page = open_at("overfit?degree=1")  # a line has nothing to be cured of
    page.click(".guesses button:has-text('Both rise')")
    assert page.inner_text(".told").startswith("As you said.")


@pytest.mark.parametrize("number", [0, 4])
def test_the_curve_is_drawn_where_the_axes_say(open_at: Any, number: int) -> None:
    """Dots and curve, read back from the picture, are the points and the fit."""
    page = open_at(f"overfit?draw={number + 1}&k=19")
    dots, curve, ticks = page.evaluate(
        """() => {
          const svg = document.querySelector('.fit svg');
          const d = svg.querySelector('path.curve').getAttribute('d');
          return [
            [...svg.querySelectorAll('.sample')].map((c) => [c.cx.baseVal.value, c.cy.baseVal.value]),
            d.slice(1).split('L').map((p) => p.split(' ').map(Number)),
            [...svg.querySelectorAll('text.tick')].map((t) => [t.textContent, t.x.baseVal[0].value,
              t.y.baseVal[0].value, t.getAttribute('text-anchor')]),
          ];
        }"""
    )
    up = [(float(t.replace("\u2212", "-")), y - 4) for t, _, y, anchor in ticks if anchor == "end"]
    along = [(float(t.replace("\u2212", "-")), x) for t, x, _, anchor in ticks if anchor == "middle"]
    to_y = np.polyfit([y for _, y in up], [v for v, _ in up], 1)
    to_x = np.polyfit([x for _, x in along], [v for v, _ in along], 1)
    x, y = draw(30, 0.3, number)
    np.testing.assert_allclose(np.polyval(to_x, [d[0] for d in dots]), x, atol=0.002)
    np.testing.assert_allclose(np.polyval(to_y, [d[1] for d in dots]), y, atol=0.01)
    places = np.polyval(to_x, [p[0] for p in curve])
    own = bridle.path(powers(x, 15), y, alphas=_RIDGE[[19]], l1_ratio=0)
    drawn = np.polyval(to_y, [p[1] for p in curve])
    np.testing.assert_allclose(drawn, own.predict(powers(places, 15))[:, 0], atol=0.03)


def test_points_are_drawn_anew_and_settings_changed(open_at: Any) -> None:
    page = open_at("overfit?k=30")
    for number in (1, 2, 3, 4, 5, 6, 7, 0):
        page.click("button:text-is('Resample')")
        page.wait_for_function(f"() => bridleLab.facts().draw === {number}")
        _check(page, 15, 0.0, 30, 0.3, number, 30)
    page.wait_for_function("() => location.hash.includes('draw=1')")
    page.click(".choices label:has-text('much')")
    page.wait_for_function("() => bridleLab.facts().key.includes('noise=0.6') && !bridleLab.facts().busy")
    _check(page, 15, 0.0, 30, 0.6, 0, 30)
    page.select_option("label:has-text('Degree') select", "4")
    page.wait_for_function("() => bridleLab.facts().key.includes('degree=4&') && !bridleLab.facts().busy")
    _check(page, 4, 0.0, 30, 0.6, 0, 30)
    page.click(".choices label:has-text('lasso')")
    page.wait_for_function("() => bridleLab.facts().key.includes('l1_ratio=1') && !bridleLab.facts().busy")
    _check(page, 4, 1.0, 30, 0.6, 0, 40)
    page.wait_for_function("() => location.hash.includes('degree=4') && location.hash.includes('l1=1')")
    page.reload()
    page.wait_for_function(_QUIET)
    _check(page, 4, 1.0, 30, 0.6, 0, 40)


def test_the_tables_say_the_same_and_all_goes_by_keyboard(open_at: Any) -> None:
    page = open_at("overfit?k=12")
    page.focus(".scrubber input")
    for press, k in (("ArrowRight", 13), ("Home", 0), ("End", 45), ("ArrowLeft", 44)):
        page.keyboard.press(press)
        assert _facts(page)["k"] == k
        assert page.evaluate("document.activeElement.getAttribute('aria-valuetext')").startswith("lambda ")
    for caption in ("All penalties", "The points and the curve", "The weights at this λ"):
        page.focus(f"summary:has-text('{caption}')")
        page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('details.table[open] table').length === 3")
    tables = page.locator("details.table[open]")
    tables.nth(0).locator("button:has-text('Next rows')").click()
    facts = _facts(page)
    row = [float(c.replace("\u2212", "-")) for c in page.locator("tr[aria-current] > *").all_inner_texts()]
    names = ("alpha", "train", "fresh", "bias", "variance", "noise", "expected")
    assert row == pytest.approx([facts[name] for name in names], rel=6e-3)
    x, y = draw(30, 0.3, 0)
    own = bridle.path(powers(x, 15), y, alphas=_RIDGE[[44]], l1_ratio=0)
    cells = tables.nth(1).locator("tbody tr").nth(3).locator("> *").all_inner_texts()
    wanted = [x[3], y[3], own.predict(powers(x[3:4], 15))[0, 0]]
    assert [float(c.replace("\u2212", "-")) for c in cells[:3]] == pytest.approx(wanted, rel=6e-3)
    weights = tables.nth(2).locator("tbody tr").nth(5).locator("td").inner_text()
    assert float(weights.replace("\u2212", "-").replace(",", "")) == pytest.approx(own.coefs[0, 4], rel=1e-3)


def test_scrubbing_asks_nobody(open_at: Any) -> None:
    page = open_at("overfit?k=10")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.focus(".scrubber input")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    page.click("button:text-is('Resample')")
    page.wait_for_timeout(400)
    assert _facts(page)["k"] == 30 and asked == []


@pytest.mark.parametrize("place", ["overfit", "overfit?k=30", "overfit?degree=1&k=45&l1=1&n=10"])
def test_nothing_scrolls_sideways(open_at: Any, place: str) -> None:
    page = open_at(place, width=320)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    out = """() => [...document.querySelectorAll('main *')].filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width > 1 && !e.closest('svg, math') && (box.left < -1 || box.right > 321);
    }).map((e) => e.tagName + ' ' + e.className)"""
    assert page.evaluate(out) == []


def test_the_folder_holds_it_and_says_what_needs_the_server(browser: Any, tmp_path: Path) -> None:
    index, _ = write_folder(
        tmp_path / "lesson", keys=[Key.parse("wiggle?degree=15&l1_ratio=0&n=30&noise=0.3")]
    )
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    trouble: list[str] = []
    page.on("request", lambda r: r.url.startswith((tmp_path.as_uri(), "data:")) or trouble.append(r.url))
    page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.goto(f"{index.as_uri()}#/overfit?k=25")
    page.wait_for_function(_QUIET)
    _check(page, 15, 0.0, 30, 0.3, 0, 25)
    page.click(".choices label:has-text('100')")
    page.wait_for_selector(".alert")
    assert "bridle lab" in page.inner_text(".alert")
    context.close()
    assert trouble == []
