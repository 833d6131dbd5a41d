"""Twins and needles in a real browser: the numbers shown against the engine, keys, the URL, the folder without a server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bridle
from bridle.lab import needles, twins
from bridle.lab.keys import Key
from bridle.lab.lessons import compute
from bridle.lab.static import write_folder

pytestmark = pytest.mark.browser

_QUIET = "() => bridleLab.facts().busy === false"
_LASSO = {"0": 0.0, "0.5": 0.5, "1": 1.0}


def _facts(page: Any) -> Any:
    return page.evaluate("() => JSON.parse(JSON.stringify(bridleLab.facts()))")


def _resampled(n: int, correlation: float, alpha: float, ratio: float) -> Any:
    """(200, 2): each resample fitted on its own."""
    X, y = twins.table(n, correlation, 0)
    drawn = twins.resamples(n, 0)
    return np.array([bridle.path(X[r], y[r], alphas=[alpha], l1_ratio=ratio).coefs[0] for r in drawn])


def _count(weights: Any) -> list[int]:
    u, v = weights.T != 0
    return [int(g.sum()) for g in (u & v, u & ~v, ~u & v, ~u & ~v)]


@pytest.mark.parametrize("l1", ["0", "0.5", "1"])
@pytest.mark.parametrize(("n", "correlation"), [(40, "0.997"), (60, "0.92")])
def test_twins_show_what_the_engine_says(open_at: Any, l1: str, n: int, correlation: str) -> None:
    page = open_at(f"twins?cor={correlation}&n={n}&l1={l1}&k=0")
    for k in (3, 12):
        page.evaluate(f"document.querySelector('.scrubber input').value = {k}")
        page.dispatch_event(".scrubber input", "input")
        facts = _facts(page)
        assert facts["k"] == k
        assert facts["alpha"] == pytest.approx(10 ** (-k / 10), rel=1e-12)
        weights = _resampled(n, float(correlation), facts["alpha"], _LASSO[l1])
        assert facts["counts"] == facts["ofAll"] == _count(weights)
        assert facts["apart"] == pytest.approx(np.abs(weights[:, 0] - weights[:, 1]).mean(), rel=1e-6)
        assert facts["last"] == pytest.approx(weights[-1].tolist(), rel=1e-6, abs=1e-6)
        values = [int(re.match(r"\d+", v)[0]) for v in page.locator(".freq .value").all_inner_texts()]  # type: ignore[index]
        assert values == facts["counts"]
        side = page.locator("table.side tr.picked td").all_inner_texts()
        both, first, second, neither = facts["counts"]
        assert [int(cell) for cell in side[:3]] == [both, first + second, neither]
        said = page.inner_text(".sentence")
        assert ("every one of 200" in said) == (both == 200)
        if first + second:
            assert f"{int((first + second) / 2 + 0.5)}% of 200" in said
            assert f"only x1 in {first}, only x2 in {second}" in said


def test_the_marks_stand_where_the_weights_are(open_at: Any) -> None:
    """A circle for both, squares on the axis of x1, triangles on that of x2."""
    page = open_at("twins?cor=0.997&n=40&l1=1&k=5")
    weights = _resampled(40, 0.997, 10**-0.5, 1.0)
    drawn = page.evaluate(
        """() => ['both', 'first', 'second', 'neither'].map((kind) =>
          (document.querySelector(`.plane path.mark.${kind}`)?.getAttribute('d') ?? '').split('M').slice(1)
            .map((piece) => piece.split(/[a-zA-Z ]/).slice(0, 2).map(Number)))"""
    )
    assert [len(marks) for marks in drawn[:3]] == _count(weights)[:3]
    ring = page.evaluate(
        "() => { const c = document.querySelector('.plane .truth'); return [c.cx.baseVal.value, c.cy.baseVal.value]; }"
    )
    zero = page.evaluate(
        """() => [...document.querySelectorAll('.plane line.zero')].map((l) => [l.x1.baseVal.value, l.y1.baseVal.value])"""
    )
    base = [max(x for x, _ in zero), max(y for _, y in zero)]
    scale = [ring[0] - base[0], ring[1] - base[1]]  # of a weight of 1
    for kind, axis, off in ((1, 1, 3.4), (2, 0, 0.0)):
        for mark in drawn[kind]:
            assert mark[axis] + off == pytest.approx(base[axis], abs=0.11)
    shown = sorted((mark[0] + 3.4 - base[0]) / scale[0] for mark in drawn[1])
    own = weights[(weights[:, 0] != 0) & (weights[:, 1] == 0), 0]
    np.testing.assert_allclose(shown, np.sort(own), atol=0.11 / scale[0])


def test_resamples_are_drawn_one_after_another(open_at: Any) -> None:
    weights = _resampled(40, 0.997, 10**-0.5, 1.0)
    page = open_at("twins?l1=1&k=5&r=1")
    for count in (1, 2, 3):
        facts = _facts(page)
        assert facts["shown"] == count and facts["counts"] == _count(weights[:count])
        kept = np.flatnonzero(weights[count - 1])
        said = page.inner_text(".sentence")
        assert f"Resample {count} of 200" in said
        if len(kept) == 1:
            assert f"keeps only x{kept[0] + 1}, with a weight of" in said
        page.focus(".resamples button:has-text('→')")
        page.keyboard.press("Enter")
    page.wait_for_function("() => location.hash.includes('r=4')")
    page.click(".resamples button:has-text('Play')")
    page.wait_for_function("() => bridleLab.facts().shown > 5")
    page.click(".resamples button:has-text('Pause')")
    page.click(".resamples button:has-text('all 200')")
    facts = _facts(page)
    assert facts["shown"] == 200 and facts["counts"] == _count(weights) and not facts["playing"]
    page.wait_for_function("() => !location.hash.includes('r=')")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_drawing_plays_by_itself_only_where_motion_is_welcome(open_at: Any, motion: str) -> None:
    page = open_at("twins", motion=motion)
    assert _facts(page)["shown"] == 1 and page.locator(".freq, table.side").count() == 0
    page.click(".guesses button:has-text('now this, now that')")
    page.wait_for_selector(".told")
    assert page.inner_text(".told").startswith("As you said.")
    facts = _facts(page)
    assert facts["playing"] == (motion != "reduce")
    assert (facts["shown"] == 200) == (motion == "reduce")
    page.wait_for_function(
        "() => bridleLab.facts().shown === 200 && !bridleLab.facts().playing", timeout=60_000
    )
    _, first, second, _ = _facts(page)["counts"]
    assert f"only x1 in {first}" in page.inner_text(".sentence") and f"x2 in {second}" in page.inner_text(
        ".told"
    )


def test_the_correlation_snaps_to_what_was_solved(open_at: Any) -> None:
    page = open_at("twins?k=5&l1=1")
    page.focus(".snap input")
    seen = []
    for key in ("Home", "ArrowRight", "ArrowRight", "End", "ArrowLeft"):
        page.keyboard.press(key)
        text = page.inner_text(".snap strong")
        page.wait_for_function(
            f"() => bridleLab.facts().key.includes('correlation={text}&') && !bridleLab.facts().busy"
        )
        assert page.get_attribute(".snap input", "aria-valuetext") == text
        facts = _facts(page)
        assert facts["counts"] == _count(_resampled(40, float(text), facts["alpha"], 1.0))
        seen.append(text)
    assert seen == ["0", "0.5", "0.8", "0.999", "0.997"]
    page.wait_for_function("() => location.hash.includes('cor=0.997')")
    page.reload()
    page.wait_for_function(_QUIET)
    assert _facts(page)["key"] == "twins?correlation=0.997&n=40&seed=0"
    page.click("button:has-text('Another table')")
    page.wait_for_function("() => bridleLab.facts().key.endsWith('seed=1') && !bridleLab.facts().busy")


@pytest.fixture(scope="module")
def haystack() -> Any:
    """The models of the lines to copy, once."""
    X, y, fresh, fresh_y, weights = needles.table(300, 0)
    lasso = np.geomspace(0.4, 0.0008, 40)
    grids = {"0": np.geomspace(100, 0.001, 40), "0.5": 2 * lasso, "1": lasso}
    return {
        l1: bridle.fit(X, y, l1_ratios=float(l1), alphas=grid, nested=False) for l1, grid in grids.items()
    }, (fresh, fresh_y, weights)


@pytest.mark.parametrize("l1", ["0", "0.5", "1"])
def test_needles_show_what_the_engine_says(open_at: Any, haystack: Any, l1: str) -> None:
    models, (fresh, fresh_y, weights) = haystack
    model = models[l1]
    path, curve, choices = model.path, model.selection.curves[0], model.selection.choices
    page = open_at(f"needles?l1={l1}&k=0&f=1")

    def check(k: int) -> None:
        facts = _facts(page)
        coef = path.coefs[k]
        kept, found = int((coef != 0).sum()), int(((coef != 0) & (weights != 0)).sum())
        assert [facts[name] for name in ("k", "kept", "found", "wrong", "missed", "nonzero")] == [
            k, kept, found, kept - found, 50 - found, kept,
        ]  # fmt: skip
        error = np.sqrt(((fresh_y - fresh @ coef - path.intercepts[k]) ** 2).mean())
        assert facts["alpha"] == pytest.approx(path.alphas[k], rel=1e-9)
        assert facts["error"] == pytest.approx(error, rel=1e-6)
        assert facts["cv"] == pytest.approx(np.sqrt(curve.mean[k]), rel=1e-6)
        assert facts["feature"] == pytest.approx([1, coef[0], weights[0]], rel=1e-6)
        said = page.inner_text(".sentence")
        assert f"{found} of the 50 real ones and {kept - found} that do nothing" in said
        assert f"error is {error:.3g}" in said
        shown = page.locator(".reading dd").all_inner_texts()
        assert [int(v.replace(",", "")) for v in shown[:4]] == [kept, found, kept - found, 50 - found]

    for k in (0, 11, 25, 39):
        page.evaluate(f"document.querySelector('.scrubber input').value = {k}")
        page.dispatch_event(".scrubber input", "input")
        check(k)
    for label, rule in (("min", "min"), ("1-SE", "1se")):
        page.click(f".stops button:text-is('{label}')")
        check(choices[rule].index)


def test_the_features_are_drawn_as_what_they_are(open_at: Any, haystack: Any) -> None:
    """Diamonds where a feature is real, filled where it is kept; at its place in the grid of 25 by 40."""
    models, (_, _, weights) = haystack
    coef = models["1"].path.coefs[20]
    page = open_at("needles?l1=1&k=20")
    places = page.evaluate(
        """() => { const box = document.querySelector('.hay-field svg'); const [w, h] = [box.clientWidth, box.clientHeight];
          return Object.fromEntries(['found', 'missed', 'false', 'out'].map((kind) => {
            const path = document.querySelector(`.hay path.${kind}`);
            const out = path.getAttribute('d').split('M').slice(1).map((piece) => {
              const [x, y] = piece.split(/[a-zA-Z ]/).slice(0, 2).map(Number);
              const left = kind === 'found' || kind === 'missed' ? 0 : 1;
              return 40 * Math.floor(25 * y / h) + Math.floor(40 * (x + left) / w);
            });
            return [kind, out];
          })); }"""
    )
    real, kept = weights != 0, coef != 0
    wanted = {"found": real & kept, "missed": real & ~kept, "false": ~real & kept, "out": ~real & ~kept}
    for kind, which in wanted.items():
        assert sorted(places[kind]) == np.flatnonzero(which).tolist(), kind
    legend = [int(v) for v in page.locator(".legend strong").all_inner_texts()]
    assert legend == [int(which.sum()) for which in wanted.values()]


def test_every_feature_says_its_weight_to_mouse_and_keys(open_at: Any, haystack: Any) -> None:
    models, (_, _, weights) = haystack
    coef = models["1"].path.coefs[20]
    page = open_at("needles?l1=1&k=20")
    j = int(np.flatnonzero((weights != 0) & (coef != 0))[0])
    box = page.locator(".hay-field svg").bounding_box()
    page.mouse.move(
        box["x"] + (j % 40 + 0.5) * box["width"] / 40, box["y"] + (j // 40 + 0.5) * box["height"] / 25
    )
    page.wait_for_function(f"() => document.querySelector('.hay p').textContent.startsWith('x{j + 1}:')")
    said = page.inner_text(".hay p").replace("\u2212", "-").replace("+", "")
    own, true = (float(v) for v in re.findall(r"weight (-?[\d.]+)", said))
    assert (own, true) == pytest.approx((coef[j], weights[j]), rel=5e-3)
    page.mouse.move(5, 5)
    page.focus(".hay-field")
    for key, feature in (
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowDown", 42),
        ("ArrowLeft", 41),
        ("ArrowUp", 1),
    ):
        page.keyboard.press(key)
        facts = _facts(page)["feature"]
        assert facts == pytest.approx([feature, coef[feature - 1], weights[feature - 1]], rel=1e-6)
        assert page.inner_text(".hay p").startswith(f"x{feature}:")
    page.wait_for_function("() => location.hash.includes('f=1')")


def test_one_commits_to_a_guess_before_the_needles_show(open_at: Any) -> None:
    page = open_at("needles")
    assert (
        page.locator(".hay path.found, .hay path.missed, .legend, .chart, table.side, .reading").count() == 0
    )
    assert "do nothing" not in page.inner_text("main")
    page.click(".guesses button:has-text('A third or fewer')")
    page.wait_for_selector(".told")
    facts = _facts(page)
    assert page.inner_text(".told").startswith("As you said.") and facts["k"] == facts["min"]
    rows = [
        row.all_inner_texts()
        for row in (page.locator(f"table.side tbody tr >> nth={n} >> td") for n in range(6))
    ]
    assert rows[2] == [f"{facts['error']:.3g}", str(facts["kept"]), str(facts["found"]), str(facts["wrong"])]
    found = compute("needles?n=300&seed=0")
    for at, row in enumerate(rows):
        m, k = at % 3, found["choices"][at % 3, at // 3]
        kept, true = int(found["n_nonzero"][m, k]), int(found["true_kept"][m, k])
        error = np.sqrt(found["fresh_error"][m, k])
        assert [float(v.replace(",", "")) for v in row] == pytest.approx(
            [float(f"{error:.3g}"), kept, true, kept - true]
        )
    page.click("button:has-text('Another haystack')")
    page.wait_for_function("() => bridleLab.facts().key.endsWith('seed=1') && !bridleLab.facts().busy")
    page.click(".choices label:has-text('150')")
    page.wait_for_function("() => bridleLab.facts().key.includes('n=150&seed=1') && !bridleLab.facts().busy")


@pytest.mark.parametrize(("place", "count"), [("twins?k=9", 31), ("needles?k=9", 40)])
def test_the_penalty_moves_by_keys_and_asks_nobody(open_at: Any, place: str, count: int) -> None:
    page = open_at(place)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.focus(".scrubber input")
    for press, k in (("ArrowRight", 10), ("ArrowLeft", 9), ("End", count - 1), ("Home", 0)):
        page.keyboard.press(press)
        assert _facts(page)["k"] == k
        assert page.get_attribute(".scrubber input", "aria-valuetext").startswith("lambda ")
    page.wait_for_function("() => location.hash.includes('k=0')")
    assert asked == []


def test_the_folder_holds_twins_and_needles(browser: Any, tmp_path: Path) -> None:
    keys = [Key.parse("twins?correlation=0.997&n=40&seed=0"), Key.parse("needles?n=300&seed=0")]
    index, _ = write_folder(tmp_path / "lesson", keys=keys)
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    trouble: list[str] = []
    page.on("request", lambda r: r.url.startswith((tmp_path.as_uri(), "data:")) or trouble.append(r.url))
    page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.goto(f"{index.as_uri()}#/twins?k=5&l1=1")
    page.wait_for_function(_QUIET)
    assert _facts(page)["counts"] == [30, 94, 76, 0]
    page.click(".choices label:has-text('200')")
    page.wait_for_selector(".alert")
    assert "bridle lab" in page.inner_text(".alert")
    page.goto(f"{index.as_uri()}#/needles?k=25&l1=1")
    page.wait_for_function("() => bridleLab.facts().screen === 'needles' && bridleLab.facts().busy === false")
    assert _facts(page)["kept"] == compute(str(keys[1]))["n_nonzero"][2, 25]
    page.click(".choices label:has-text('600')")
    page.wait_for_selector(".alert")
    context.close()
    assert trouble == []
