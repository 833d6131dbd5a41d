"""The lab in a real browser, against the real server: numbers, keys, reach. Nothing is judged by its pixels' colours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bridle
from bridle.lab.examples import load
from bridle.lab.frames import RESULT, frame, frames
from bridle.lab.keys import Key
from bridle.lab.static import write_folder
from bridle.lab.wire import decode, encode

pytestmark = pytest.mark.browser

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_SCREENS = ["home", "corners", "descent", "theory", "quiz", "twins", "needles", "overfit"]
_SHOWN = {
    "home": "?k=30",
    "corners": "?k=30",
    "descent": "?t=9",
    "theory": "",
    "quiz": "",
    "twins": "?guess=flips&r=9",
    "needles": "?guess=few&f=7",
    "overfit": "?k=30",
}
_QUIET = "() => bridleLab.facts().busy === false"


def _facts(page: Any) -> Any:
    return page.evaluate("() => JSON.parse(JSON.stringify(bridleLab.facts()))")


def _standardized(name: str) -> tuple[Any, Any]:
    data = load(name)
    X, y = data.X, data.y
    return (X - X.mean(0)) / X.std(0), (y - y.mean()) / y.std()


def test_the_server_is_the_real_one(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_home_shows_what_the_engine_says(open_at: Any, ratio: float) -> None:
    data = load("diabetes")
    model = bridle.fit(data.X, data.y, l1_ratios=ratio, seed=1, nested=False)
    curve = model.selection.curves[0]
    page = open_at(f"home?dataset=diabetes&l1={ratio:g}&seed=1&k=0")
    for k in (0, 17, 55, 99):
        page.evaluate(f"document.querySelector('.scrubber input').value = {k}")
        page.dispatch_event(".scrubber input", "input")
        facts = _facts(page)
        assert facts["k"] == k
        assert facts["alpha"] == pytest.approx(model.path.alphas[k], rel=1e-12)
        assert facts["kept"] == model.path.n_nonzero[k]
        assert facts["rmse"] == pytest.approx(np.sqrt(curve.mean[k]), rel=1e-6)
        assert facts["train"] == pytest.approx(np.sqrt(model.path.train_error[k]), rel=1e-6)
        np.testing.assert_allclose(
            facts["effects"], model.path.coefs[k] * data.X.std(0), atol=5e-6, rtol=1e-6
        )
        said = page.inner_text(".sentence")
        kept = "all 10" if ratio == 0 else f"{facts['kept']} of 10"
        assert f"keeps {kept} features" in said
        assert f"{np.sqrt(curve.mean[k]):.3g}" in said
    page.click("button:text-is('min')")
    assert _facts(page)["k"] == model.selection.choices["min"].index
    page.click("button:text-is('1-SE')")
    assert _facts(page)["k"] == model.selection.choices["1se"].index


def test_the_dots_stand_where_the_axis_says(open_at: Any) -> None:
    path = bridle.path(load("diabetes").X, load("diabetes").y)
    page = open_at("home?dataset=diabetes&k=60")
    marks = page.evaluate(
        """() => [...document.querySelectorAll('.chart')].map((chart) => {
          const ticks = [...chart.querySelectorAll('text.tick')].map((t) => [t.textContent, t.x.baseVal[0].value,
            t.y.baseVal[0].value, t.getAttribute('text-anchor')]);
          const dots = [...chart.querySelectorAll('.dot')].map((c) => [c.cx.baseVal.value, c.cy.baseVal.value]);
          return [ticks, dots];
        })"""
    )
    facts = _facts(page)
    wanted = [sorted(facts["effects"]), sorted([facts["rmse"], facts["train"]])]
    for (ticks, dots), values in zip(marks, wanted, strict=True):
        up = [(float(t.replace("\u2212", "-")), y) for t, _, y, anchor in ticks if anchor == "end"]
        slope, base = np.polyfit([y for _, y in up], [v for v, _ in up], 1)
        read = sorted(
            base + slope * (y + 4) for _, y in dots
        )  # a tick's text stands four pixels below its line
        np.testing.assert_allclose(read, values, atol=2.5 * abs(slope))
        floor = max(y for _, _, y, anchor in ticks if anchor == "middle")
        along = [(np.log(float(t)), x) for t, x, y, anchor in ticks if anchor == "middle" and y == floor]
        slope, base = np.polyfit([x for _, x in along], [v for v, _ in along], 1)
        assert base + slope * dots[0][0] == pytest.approx(np.log(path.alphas[60]), abs=0.02)


@pytest.mark.parametrize("place", ["home?k=30", "corners?k=30", "descent?t=9"])
def test_the_sentence_is_said_aloud_once_it_rests(open_at: Any, place: str) -> None:
    page = open_at(place)
    page.focus(".scrubber input")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        """() => document.querySelector('.sentence').textContent === document.querySelector('[role=status]').textContent"""
    )


def test_one_column_multiplied_by_1000(open_at: Any) -> None:
    data = load("diabetes")
    X = data.X.copy()
    X[:, 2] *= 1000
    page = open_at("home?dataset=diabetes&k=20&std=0")
    plain = _facts(page)["effects"]
    page.select_option("label:has-text('Multiply by 1,000') select", "bmi")
    page.wait_for_function("() => bridleLab.facts().key.includes('bmi') && !bridleLab.facts().busy")
    facts = _facts(page)
    path = bridle.path(X, data.y, standardize=False)
    np.testing.assert_allclose(facts["effects"], path.coefs[20] * X.std(0), atol=5e-6, rtol=1e-6)
    assert facts["effects"] != plain
    assert "next to nothing" in page.inner_text(".panel")


def test_the_table_behind_the_picture_says_the_same(open_at: Any) -> None:
    page = open_at("home?dataset=diabetes&k=40")
    page.click("summary:has-text('All penalties')")
    facts, path = _facts(page), bridle.path(load("diabetes").X, load("diabetes").y)
    rows = page.locator("details.table[open] tbody tr")
    assert rows.count() == 25
    page.click("button:has-text('Next rows')")
    current = page.locator("tr[aria-current] > *").all_inner_texts()
    assert current[0] == f"{path.alphas[40]:.3g}"
    assert int(current[1]) == facts["kept"] == np.count_nonzero(path.coefs[40])


def test_scrubbing_asks_nobody(open_at: Any) -> None:
    page = open_at("home?k=10")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.focus(".scrubber input")
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    box = page.locator(".chart").first.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 100, steps=20)
    page.mouse.up()
    page.wait_for_timeout(500)
    assert _facts(page)["k"] not in (10, 70)
    assert asked == []


def test_everything_by_keyboard(open_at: Any) -> None:
    page = open_at("home?k=50")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the lesson"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "range":
            break
    for press, k in (("ArrowRight", 51), ("ArrowLeft", 50), ("End", 99), ("Home", 0)):
        page.keyboard.press(press)
        assert _facts(page)["k"] == k
        assert page.evaluate("document.activeElement.getAttribute('aria-valuetext')").startswith("lambda ")
    page.wait_for_function("() => location.hash.includes('k=0')")


def test_one_commits_to_a_guess_before_the_curve_shows(open_at: Any) -> None:
    page = open_at("home")
    assert page.locator(".chart").count() == 1
    assert "error is" not in page.inner_text(".sentence")
    page.click(".guesses button:has-text('fall, then rise')")
    page.wait_for_selector(".told")
    assert page.locator(".chart").count() == 2
    assert page.inner_text(".told").startswith("As you said.")
    facts = _facts(page)
    assert facts["k"] == facts["min"]


def test_the_state_is_in_the_url_and_the_token_is_not(open_at: Any, address: str) -> None:
    page = open_at("home?dataset=diabetes&k=12&pick=bmi")
    page.focus(".scrubber input")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => location.hash.includes('k=13')")
    assert address.split("token=")[1] not in page.url
    page.reload()
    page.wait_for_function(_QUIET)
    facts = _facts(page)
    assert (facts["k"], facts["picked"]) == (13, "bmi")
    page.click("nav a:has-text('Corners')")
    page.wait_for_function("() => bridleLab.facts().screen === 'corners' && !bridleLab.facts().busy")
    page.go_back()
    page.wait_for_function("() => bridleLab.facts().screen === 'home' && !bridleLab.facts().busy")
    assert _facts(page)["k"] == 13


# How far the drawn wall and the drawn ellipse pass from the drawn solution, and how deep the wall cuts into the ellipse.
_TOUCH = """() => {
  const wall = document.querySelector('path.body'), ring = document.querySelector('path.touching');
  const at = document.querySelector('circle.solution');
  const c = [at.cx.baseVal.value, at.cy.baseVal.value];
  const outline = (path) => {
    const corners = path.getAttribute('d').slice(1, -1).split('L').map((p) => p.split(' ').map(Number));
    return corners.map((p, n) => [p, corners[(n + 1) % corners.length]]);
  };
  const gap = (path) => Math.min(...outline(path).map(([p, q]) => {
    const d = [q[0] - p[0], q[1] - p[1]], e = [c[0] - p[0], c[1] - p[1]];
    const s = Math.max(0, Math.min(1, (d[0] * e[0] + d[1] * e[1]) / (d[0] * d[0] + d[1] * d[1])));
    return Math.hypot(e[0] - s * d[0], e[1] - s * d[1]);
  }));
  const svg = wall.ownerSVGElement;
  let deep = 0;
  for (const [p, q] of outline(wall)) for (let s = 0; s < 1; s += 0.02) {
    const point = svg.createSVGPoint();
    point.x = p[0] + s * (q[0] - p[0]);
    point.y = p[1] + s * (q[1] - p[1]);
    if (ring.isPointInFill(point)) deep = Math.max(deep, Math.hypot(point.x - c[0], point.y - c[1]));
  }
  return [gap(wall), gap(ring), deep];
}"""


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_the_ellipse_is_tangent_to_the_body(open_at: Any, ratio: float) -> None:
    Z, t = _standardized("diabetes")
    path = bridle.path(Z, t, l1_ratio=ratio)
    names = load("diabetes").names
    page = open_at(f"corners?l1={ratio:g}&k=20&i=bmi&j=bp")
    seen = 0
    for i, j in (("bmi", "bp"), ("s5", "s1"), ("s3", "bmi"), ("sex", "s6")):
        for k in (12, 30, 55, 80):
            page.evaluate(f"location.hash = '#/corners?dataset=diabetes&l1={ratio:g}&k={k}&i={i}&j={j}'")
            page.wait_for_function(
                f"() => bridleLab.facts().k === {k} && bridleLab.facts().names[0] === '{i}'"
            )
            facts = _facts(page)
            want = path.coefs[k][[names.index(i), names.index(j)]]
            np.testing.assert_allclose(facts["weights"], want, atol=1e-9)
            assert (np.array(facts["weights"]) == 0).tolist() == (want == 0).tolist()
            assert facts["violation"] < 1e-9
            if facts["tangency"] is None:
                assert not want.any()
                continue
            assert facts["tangency"] < 1e-9
            seen += 1
            shown = page.locator(".reading dd").all_inner_texts()
            assert [s == "0" for s in shown[:2]] == (want == 0).tolist()
            wall, ring, deep = page.evaluate(_TOUCH)
            assert wall < 0.5
            if page.locator("text=lowest loss").count():  # the ellipse is larger than a few pixels
                assert ring < 0.5
                assert deep < 12  # near the touching point two smooth curves are one pixel apart for a while
    assert seen >= 9


def test_a_corner_is_reached_and_left(open_at: Any) -> None:
    page = open_at("corners")
    before = _facts(page)
    assert 0 not in before["weights"]
    page.click(".guesses button:has-text('exactly 0')")
    page.wait_for_selector(".told")
    facts = _facts(page)
    assert facts["weights"][1] == 0 != facts["weights"][0]
    assert "is exactly 0" in page.inner_text(".sentence")
    assert page.inner_text(".told").startswith("As you said.")


def test_three_dimensions_turn_by_button_key_and_drag(open_at: Any) -> None:
    page = open_at("corners?k=30&dim=3")
    page.wait_for_selector("canvas[data-renderer]")
    assert _facts(page)["dim"] == 3
    page.click("button:has-text('turn →')")
    page.wait_for_function("() => location.hash.includes('az=50')")
    page.focus(".bowl-stage")
    page.keyboard.press("ArrowUp")
    page.wait_for_function("() => location.hash.includes('el=35')")
    box = page.locator(".bowl-stage").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 200, steps=4)
    page.mouse.up()
    page.wait_for_function("() => location.hash.includes('az=30')")


def test_the_3d_view_at_rest_is_the_same_however_it_came_there(open_at: Any) -> None:
    """While it turns without a graphics card it is coarser; nothing of that may stay."""
    pictures = []
    for start in ("az=35&el=30", "az=40&el=35"):
        page = open_at(f"corners?k=30&dim=3&guess=skip&{start}")
        page.wait_for_selector("canvas[data-renderer]")
        page.focus(".bowl-stage")
        if start.startswith("az=35"):
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowUp")
        page.wait_for_timeout(600)
        page.evaluate("document.activeElement.blur()")
        page.wait_for_timeout(200)
        pictures.append(page.locator(".bowl-stage").screenshot())
    assert pictures[0] == pictures[1]


def test_without_webgl_the_view_from_above_stays(open_at: Any) -> None:
    none = """HTMLCanvasElement.prototype.getContext = ((old) => function (kind, ...rest) {
      return kind.startsWith('webgl') ? null : old.call(this, kind, ...rest);
    })(HTMLCanvasElement.prototype.getContext);"""
    page = open_at("corners?k=30&dim=3", init=none)
    assert page.locator(".plane svg path.body").count() == 1
    assert "no WebGL" in page.inner_text(".panel")
    assert _facts(page)["dim"] == 2


@pytest.mark.parametrize(
    ("way", "penalty", "method"),
    [("l2", "l2", "gradient"), ("sub", "l1", "subgradient"), ("prox", "l1", "proximal")],
)
@pytest.mark.parametrize("rate", ["0.1", "0.7"])
def test_descent_shows_every_step_of_the_engine(
    open_at: Any, way: str, penalty: str, method: str, rate: str
) -> None:
    data = load("pair")
    found = bridle.descend(
        data.X,
        data.y,
        alpha=0.3,
        penalty=penalty,
        method=method,
        lr=float(rate),
        steps=200,
        start=[-1.2, 1.6],
    )
    for t in (0, 1, 15, 28):
        page = open_at(f"descent?way={way}&lr={rate}&t={t}")
        facts = _facts(page)
        assert facts["t"] == t
        np.testing.assert_allclose(facts["weights"], found.positions[t], rtol=1e-9)
        np.testing.assert_allclose(facts["lossStep"], found.loss_steps[t], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(facts["penaltyStep"], found.penalty_steps[t], rtol=1e-9, atol=1e-12)
        assert facts["diverged"] == found.diverged
        assert facts["critical"] == pytest.approx(found.critical_lr, rel=1e-12)
    said = page.inner_text(".sentence >> nth=0")
    if found.diverged:
        assert rate == "0.7"
        assert "overshoots" in said
    elif method == "proximal":
        landed = int(found.landed_at[1])
        assert f"x2 landed on exactly 0 at step {landed}." in said
        assert page.locator(".reading dd").nth(1).inner_text() == "0"
    elif method == "subgradient":
        assert "never landed" in said
        assert (found.positions[:, 1] != 0).all()


@pytest.mark.parametrize("rate", ["0.01", "0.05", "0.2"])
def test_early_stopping_stands_beside_ridge(open_at: Any, rate: str) -> None:
    data = load("overfit")
    held = np.arange(len(data.y)) % 3 == 1
    X = data.X / data.X[~held].std(axis=0)
    found = bridle.descend(X[~held], data.y[~held], lr=float(rate), steps=400, fit_intercept=True)
    error = np.sqrt(((data.y[held, None] - X[held] @ found.positions.T - found.intercepts) ** 2).mean(axis=0))
    page = open_at("descent?t=3" + ("" if rate == "0.05" else f"&rate={rate}"))
    page.wait_for_selector(".part .chart")

    def check(step: int) -> None:
        facts = _facts(page)["stopping"]
        assert (facts["rate"], facts["step"], facts["best"]) == (float(rate), step, error.argmin())
        alpha = 1 / (2 * float(rate) * step)
        ridge = bridle.path(X[~held], data.y[~held], alphas=[alpha], l1_ratio=0.0, standardize=False)
        own = np.sqrt(((data.y[held, None] - ridge.predict(X[held])) ** 2).mean())
        engine = {
            "error": error[step],
            "train": np.sqrt(found.loss[step]),
            "norm": np.linalg.norm(found.positions[step]),
            "alpha": alpha,
            "ridgeError": own,
            "ridgeNorm": np.linalg.norm(ridge.coefs[0]),
            "critical": found.critical_lr,
        }
        assert {name: facts[name] for name in engine} == pytest.approx(engine, rel=1e-6)
        assert facts["diverged"] is False
        said = page.inner_text(".part .sentence")
        for value in (error[step], alpha, own, engine["norm"], engine["ridgeNorm"]):
            assert f"{value:.3g}".removesuffix("0") in said
        assert f"Stopped after {step} step" in said

    check(int(error.argmin()))
    assert page.locator(".part .scrubber button:text-is('best')").get_attribute("aria-pressed") == "true"
    assert "No other step does better" in page.inner_text(".part .sentence")
    page.focus(".part .scrubber input")
    for key, step in (("Home", 1), ("ArrowRight", 2), ("End", 400)):
        page.keyboard.press(key)
        check(step)
    page.wait_for_function("() => location.hash.includes('stop=400')")
    page.reload()
    page.wait_for_selector(".part .chart")
    check(400)


def test_the_rate_of_early_stopping_is_chosen(open_at: Any) -> None:
    page = open_at("descent?t=3&stop=12")
    page.wait_for_selector(".part .chart")
    before = _facts(page)
    page.click(".rates label:has-text('0.1')")
    page.wait_for_function("() => bridleLab.facts().stopping.rate === 0.1")
    page.wait_for_function("() => location.hash.includes('rate=0.1')")
    facts = _facts(page)
    assert facts["stopping"]["best"] == 18
    assert facts["key"] == before["key"]  # the walk above goes its own pace
    # Every stop is a number of steps of its own, and one asked for in between is the nearest.
    stops = facts["stopping"]["stops"]
    assert facts["stopping"]["step"] == min(stops, key=lambda t: abs(t - 12))
    assert stops == sorted(set(stops)) and (stops[0], stops[-1]) == (1, 400)
    page.click(".rates label:has-text('0.05')")
    page.wait_for_function("() => !location.hash.includes('rate')")


def test_a_rate_that_is_too_large_is_said_to_be(open_at: Any) -> None:
    page = open_at("descent?t=3&rate=0.25")
    page.wait_for_selector(".part .chart")
    facts = _facts(page)["stopping"]
    assert facts["diverged"] is True and facts["critical"] < 0.25
    assert "the walk runs away" in page.inner_text(".part .sentence")
    page = open_at("descent?t=3&rate=5")
    page.wait_for_selector(".part .alert")
    assert "at most 1" in page.inner_text(".part .alert")


@pytest.mark.parametrize("screen", _SCREENS)
def test_nothing_scrolls_sideways(open_at: Any, screen: str) -> None:
    for place in {screen, screen + _SHOWN[screen]}:
        page = open_at(place, width=320)
        page.wait_for_timeout(100)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        sticking = """() => [...document.querySelectorAll('main *')].filter((e) => {
          const box = e.getBoundingClientRect();
          return box.width > 1 && !e.closest('svg, math') && (box.left < -1 || box.right > 321);
        }).map((e) => e.tagName + ' ' + e.className)"""
        assert page.evaluate(sticking) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("screen", _SCREENS)
def test_axe_finds_nothing(open_at: Any, screen: str, width: int, scheme: str) -> None:
    if not _AXE.is_file():
        pytest.fail("axe-core is not installed: run `npm --prefix web ci`")
    for place in sorted({screen, screen + _SHOWN[screen]}):
        page = open_at(place, width=width, scheme=scheme)
        page.wait_for_timeout(200)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.evaluate(_AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            """async () => (await axe.run(document, {
              runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
            })).violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html + n.failureSummary)])"""
        )
        assert found == [], json.dumps(found, indent=1)


def test_no_style_attribute_and_no_inline_script_in_the_page(open_at: Any) -> None:
    page = open_at("home?k=20")
    assert (
        page.evaluate("fetch('index.html').then((r) => r.text()).then((t) => / style=|<script>/.test(t))")
        is False
    )
    assert page.evaluate("document.scripts.length") == 1


def test_the_folder_opens_from_a_file(browser: Any, tmp_path: Path) -> None:
    keys = [
        Key.parse("home?dataset=diabetes&l1_ratio=1&scale=none&seed=0&standardize=1"),
        Key.parse("corners?dataset=diabetes&l1_ratio=1"),
    ]
    index, _ = write_folder(tmp_path / "lesson", keys=keys)
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    trouble: list[str] = []
    page.on("request", lambda r: r.url.startswith((tmp_path.as_uri(), "data:")) or trouble.append(r.url))
    page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.goto(f"{index.as_uri()}#/home?dataset=diabetes&k=40")
    page.wait_for_function(_QUIET)
    path = bridle.path(load("diabetes").X, load("diabetes").y)
    assert _facts(page)["alpha"] == pytest.approx(path.alphas[40], rel=1e-12)
    assert _facts(page)["kept"] == path.n_nonzero[40]
    page.click("label:has-text('ridge')")
    page.wait_for_selector(".alert")
    assert "bridle lab" in page.inner_text(".alert")
    page.goto(f"{index.as_uri()}#/corners?k=30&dim=3")
    page.wait_for_selector("canvas[data-renderer]")
    assert _facts(page)["tangency"] < 1e-9
    context.close()
    assert trouble == []


def test_the_scrubber_stops_only_where_something_was_solved(open_at: Any) -> None:
    alphas = bridle.path(load("diabetes").X, load("diabetes").y).alphas
    page = open_at("home?dataset=diabetes&k=50")
    slider = page.locator(".scrubber input").bounding_box()
    chart = page.locator(".chart").first.bounding_box()
    for box, y in ((slider, slider["y"] + slider["height"] / 2), (chart, chart["y"] + 100)):
        seen = set()
        for share in (0.3137, 0.4273, 0.5071, 0.6619):
            page.mouse.move(box["x"] + share * box["width"], y)
            page.mouse.down()
            page.mouse.up()
            facts = _facts(page)
            assert facts["k"] == int(facts["k"])
            assert facts["alpha"] == pytest.approx(alphas[int(facts["k"])], rel=1e-12)
            assert page.evaluate("Number(document.querySelector('.scrubber input').value)") == facts["k"]
            seen.add(facts["k"])
        assert len(seen) == 4


def test_the_folds_are_drawn_anew_by_the_button(open_at: Any) -> None:
    data = load("diabetes")
    page = open_at("home?dataset=diabetes&k=60")
    for seed in (1, 2, 0):
        page.click("button:has-text('Reshuffle the folds')")
        page.wait_for_function(
            f"() => bridleLab.facts().key.includes('seed={seed}') && !bridleLab.facts().busy"
        )
        curve = bridle.fit(data.X, data.y, l1_ratios=1.0, seed=seed, nested=False).selection.curves[0]
        assert _facts(page)["rmse"] == pytest.approx(np.sqrt(curve.mean[60]), rel=1e-6)
        assert f"seed {seed}" in page.inner_text(".pictures")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_by_itself_where_motion_is_unwelcome(open_at: Any, motion: str) -> None:
    page = open_at("home?dataset=diabetes&k=0", motion=motion)
    # Two pictures later the jump is over, and a sweep has hardly begun.
    k = page.evaluate(
        """() => new Promise((done) => {
          [...document.querySelectorAll('.stops button')].find((b) => b.textContent === 'min').click();
          requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(bridleLab.facts().k))));
        })"""
    )
    least = _facts(page)["min"]
    assert (k == least) == (motion == "reduce")
    page.wait_for_function("() => bridleLab.facts().k === bridleLab.facts().min")
    moves = page.evaluate("getComputedStyle(document.querySelector('figure')).transitionDuration")
    assert (moves in ("0s", "none")) == (motion == "reduce")


@pytest.mark.parametrize("screen", _SCREENS[:3])
def test_a_columns_name_is_text_whatever_it_holds(open_at: Any, screen: str) -> None:
    """The built-in tables have tame names; what the server sends is changed on the way."""

    def renamed(route: Any) -> None:
        answer = route.fetch()
        body = b""
        for kind, content in frames(answer.body()):
            if kind == RESULT:
                lesson = decode(content)
                lesson["names"] = [f"<img src=x><b>{name}</b>" for name in lesson["names"]]
                content = encode(lesson)
            body += frame(kind, content)
        route.fulfill(response=answer, body=body)

    page = open_at("quiz")
    page.route("**/api/lesson?*", renamed)
    page.evaluate(f"location.hash = '#/{screen}?k=30&t=3'")
    page.wait_for_function(f"() => bridleLab.facts().screen === '{screen}' && !bridleLab.facts().busy")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.wait_for_timeout(200)
    assert "<img src=x><b>" in page.inner_text("main")
    assert page.locator("main img, main b").count() == 0


def test_a_lesson_nobody_waits_for_is_given_up(open_at: Any) -> None:
    page = open_at("home?dataset=diabetes&k=40")
    given_up: list[str] = []
    page.on("requestfailed", lambda r: given_up.append(r.url))
    page.route("**/api/lesson?*seed%3D1*", lambda route: None)  # an answer that takes for ever
    page.click("button:has-text('Reshuffle the folds')")
    page.wait_for_function("() => bridleLab.facts().busy")
    assert given_up == []
    page.click("button:has-text('Reshuffle the folds')")
    page.wait_for_function("() => bridleLab.facts().key.includes('seed=2') && !bridleLab.facts().busy")
    assert any("seed%3D1" in url for url in given_up)
    page.unroute_all(behavior="ignoreErrors")
