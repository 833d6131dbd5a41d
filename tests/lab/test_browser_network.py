"""The screen "A small network" in a real browser: its numbers against trainings in this process, its ways to be driven."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridle.lab.frames import PARTIAL, PROGRESS, RESULT, frame, message
from bridle.lab.keys import NETWORKS, Key
from bridle.lab.lessons import compute
from bridle.lab.networks import accuracy, lattice, log_loss, table
from bridle.lab.static import write_folder
from bridle.lab.wire import encode

pytestmark = pytest.mark.browser

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_SMALL = "hidden=8&shape=circles&rate=0.05&lasso=0.003"
_VALUES = {**NETWORKS[0], "hidden": "8", "shape": "circles", "rate": 0.05, "lasso": 0.003}
_READY = "() => bridleLab.facts().screen === 'network' && !bridleLab.facts().busy && !bridleLab.facts().live"


def _facts(page: Any) -> Any:
    return page.evaluate("() => JSON.parse(JSON.stringify(bridleLab.facts()))")


def _ready(page: Any) -> Any:
    page.wait_for_function(_READY, timeout=120_000)
    return _facts(page)


class _Parts:
    def __init__(self) -> None:
        self.parts: list[Any] = []

    def __call__(self, stage: str, share: float) -> None:
        pass

    def show(self, so_far: Any) -> None:
        self.parts.append(so_far())


@pytest.fixture(scope="module")
def parts() -> _Parts:
    return _Parts()


@pytest.fixture(scope="module")
def lesson(parts: _Parts) -> Any:
    return compute(str(Key("network", _VALUES)), parts)


@pytest.fixture(scope="module")
def networks(lesson: Any) -> Any:
    """Trained once more, by the lines that the screen gives away."""
    names: dict[str, Any] = {"print": lambda *words: None}
    exec(lesson["python"], names)
    return names["networks"]


@pytest.fixture
def answered(lesson: Any) -> Any:
    """Lessons in the browser come at once: those of the engine, computed here."""

    def serve(page: Any) -> None:
        body = frame(RESULT, encode(lesson))
        page.route("**/api/lesson?*network*", lambda route: route.fulfill(body=body))

    return serve


def _opened(open_at: Any, answered: Any, query: str = "", **more: Any) -> Any:
    page = open_at("theory", **more)
    answered(page)
    page.evaluate(f"location.hash = '#/network?{_SMALL}{query}'")
    _ready(page)
    return page


def test_the_screen_trains_and_shows_what_the_engine_says(open_at: Any, lesson: Any, networks: Any) -> None:
    """The whole way: the server trains, the page gets parts and then the result."""
    page = open_at("theory")
    page.evaluate(
        """() => { window.seen = []; const look = () => {
          const f = bridleLab.facts();
          if (f.screen === 'network' && f.live) window.seen.push(f.done.reduce((a, b) => a + b));
          requestAnimationFrame(look);
        }; look(); }"""
    )
    page.evaluate(f"location.hash = '#/network?{_SMALL}&k=40'")
    facts = _ready(page)
    seen = [n for n, before in zip(*[page.evaluate("window.seen")[s:] for s in (1, 0)]) if n != before]
    assert len(seen) > 3 and seen == sorted(seen), seen  # pictures grew
    X, y, part = table("circles", 0.1, 0, 0)
    held, fresh, train = ((X[part == p], y[part == p]) for p in (1, 2, 0))
    assert facts["key"] == str(Key("network", _VALUES)) and facts["k"] == facts["count"] - 1
    for m, (shown, network) in enumerate(zip(facts["methods"], networks, strict=True)):
        assert shown["train"] == pytest.approx(log_loss(network, *train), rel=1e-6)
        assert shown["held"] == pytest.approx(log_loss(network, *held), rel=1e-6)
        assert shown["freshLoss"] == pytest.approx(log_loss(network, *fresh), rel=1e-6)
        assert shown["freshRight"] == accuracy(network, *fresh)
        assert shown["zeros"] == sum((w == 0).sum() for w in network.weights)
        # Where the line is drawn, the network is undecided: as near as a straight piece in a cell allows.
        line = np.array(shown["boundary"]).reshape(-1, 2)
        odds = network.decision(line)[:, 0]
        steep = np.hypot(*[
            (network.decision(line + step)[:, 0] - odds) / 0.01 for step in (np.array([0.01, 0]), np.array([0, 0.01]))
        ])  # fmt: skip
        assert len(line) > 10 and (np.abs(odds) < 0.1 + 0.02 * steep).mean() > 0.97, m
        assert shown["best"] == lesson["best"][m]
    row = page.locator(".judged tbody tr").nth(2).locator("td").all_inner_texts()
    assert (
        row[2] == str(facts["methods"][2]["zeros"])
        and row[1] == f"{100 * accuracy(networks[2], *fresh):.1f}%"
    )


def test_scrubbing_goes_through_recorded_epochs_and_asks_nobody(
    open_at: Any, answered: Any, lesson: Any
) -> None:
    page = _opened(open_at, answered, "&k=10")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.focus(".scrubber input")
    last = len(lesson["at"]) - 1
    for press, k in (
        ("ArrowRight", 11),
        ("ArrowLeft", 10),
        ("Home", 0),
        ("End", last),
        ("ArrowLeft", last - 1),
    ):
        page.keyboard.press(press)
        facts = _facts(page)
        assert facts["k"] == k
        epoch = int(lesson["at"][facts["k"]])
        assert facts["epoch"] == epoch
        for m, shown in enumerate(facts["methods"]):
            kept = lesson["restored"] if m == 4 and epoch > lesson["done"][4] else epoch
            assert shown["epoch"] == kept
            assert shown["train"] == pytest.approx(lesson["losses"][m, facts["k"]], rel=1e-9)
            assert shown["held"] == pytest.approx(lesson["held"][m, kept], rel=1e-9)
    # The dots stand where the numbers are: heights of one chart lie on one line.
    dots = page.evaluate(
        """() => [...document.querySelectorAll('.net-losses svg')].flatMap((svg) =>
          [...svg.querySelectorAll('.dot')].map((c) => c.cy.baseVal.value))"""
    )
    values = [v for shown in facts["methods"] for v in (shown["train"], shown["held"])]
    slope, base = np.polyfit(values, dots, 1)
    np.testing.assert_allclose(base + slope * np.array(values), dots, atol=0.2)
    assert slope < 0 and asked == []
    page.wait_for_function(f"() => location.hash.includes('k={facts['k']}')")


def test_one_commits_before_the_held_out_loss_is_shown(open_at: Any, answered: Any, lesson: Any) -> None:
    page = _opened(open_at, answered)
    assert page.locator(".net-held").count() == 0 and page.locator(".judged").count() == 0
    assert "held out" not in page.inner_text(".nets")
    held = lesson["held"][0]
    turns = held[-1] > 1.1 * held[1:].min() and lesson["best"][0] >= 3
    page.click(".guesses button:has-text('then rise')")
    page.wait_for_selector(".told")
    assert page.inner_text(".told").startswith("As you said." if turns else "Not quite.")
    assert (
        page.locator(".net-held").count() == 6 and page.locator(".judged tbody tr").count() == 5
    )  # one in the key


def test_early_stopping_says_what_it_put_back(open_at: Any, answered: Any, lesson: Any) -> None:
    page = _opened(open_at, answered, "&k=40")
    said = page.locator(".net").nth(4).inner_text()
    assert f"stopped at {lesson['done'][4]}, weights of {lesson['restored']} back" in said
    at = page.locator(".net").nth(4).locator(".marker").get_attribute("x1")
    assert at == page.locator(".net").nth(4).locator(".net-best").get_attribute("x1")


def test_masks_are_drawn_when_asked_for_and_are_off_in_the_picture(open_at: Any, answered: Any) -> None:
    page = _opened(open_at, answered, "&k=30")
    drawing = (
        """() => [...document.querySelectorAll('.net-plot canvas:first-child')].map((c) => c.toDataURL())"""
    )
    before, facts = page.evaluate(drawing), _facts(page)
    page.check("label:has-text('show masks') input")
    page.wait_for_function("() => bridleLab.facts().masks")
    after = page.evaluate(drawing)
    assert [a != b for a, b in zip(before, after)] == [False, False, False, True, False]
    assert _facts(page)["methods"] == facts["methods"]
    assert page.locator(".net-met").count() == 2  # one in the key
    assert "masks off" in page.inner_text(".panel")


def test_a_training_grows_is_stopped_and_begun_again(open_at: Any, lesson: Any, parts: _Parts) -> None:
    """An answer that never ends: what has come stays to be seen; Stop gives the request up."""
    page = open_at("theory", init=_STREAM % json.dumps([list(c) for c in _pieces(parts)]))
    page.evaluate(f"location.hash = '#/network?{_SMALL}'")
    page.wait_for_function("() => bridleLab.facts().live && bridleLab.facts().done[0] > 3")
    facts = _facts(page)
    assert facts["busy"] and facts["methods"][0]["boundary"]
    page.click("button:text-is('Stop')")
    page.wait_for_function("() => window.givenUp === 1 && !bridleLab.facts().busy")
    assert _facts(page)["live"] and "Stopped" in page.inner_text(".training")
    page.click("button:has-text('Train from the start')")
    page.wait_for_function("() => window.begun === 2 && bridleLab.facts().busy")
    page.click("label:has-text('spirals')")  # another setting
    page.wait_for_function("() => window.givenUp === 2 && window.begun === 3")
    page.evaluate("location.hash = '#/theory'")
    page.wait_for_function("() => window.givenUp === 3")


# Answers of this page's trainings: the pieces given, a few a second, and no end.
_STREAM = """(() => {
  const pieces = %s, real = window.fetch;
  window.begun = window.givenUp = 0;
  window.fetch = (url, options) => {
    if (!String(url).includes('network')) return real(url, options);
    window.begun++;
    return Promise.resolve(new Response(new ReadableStream({
      async start(out) {
        options.signal.addEventListener('abort', () => { window.givenUp++; out.error(new Error('given up')); });
        for (const piece of pieces) {
          await new Promise((done) => setTimeout(done, 60));
          if (options.signal.aborted) return;
          out.enqueue(Uint8Array.from(piece));
        }
      },
    })));
  };
})();"""


def _pieces(parts: _Parts) -> Iterator[bytes]:
    yield message(PROGRESS, stage="training", share=0.0)
    for part in parts.parts[:12]:
        yield frame(PARTIAL, encode(part))


def test_a_changed_setting_trains_again_and_another_seed_too(open_at: Any, answered: Any) -> None:
    page = _opened(open_at, answered, "&k=20")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.focus(".snap:has-text('L1') input")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => location.hash.includes('lasso=0.01')")
    assert any("lasso%3D0.01" in url for url in asked)
    page.click("button:has-text('other seed')")
    page.wait_for_function("() => location.hash.includes('seed=1')")
    assert any("seed%3D1" in url for url in asked)


def test_without_pytorch_a_recorded_run_and_the_command(browser: Any) -> None:
    code = (
        "import sys\nsys.modules['torch'] = None\nimport importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'torch' else find(name, *more)\n"
        "from bridle.cli import main\nsys.exit(main(['lab', '--no-browser', '--port', '0']))"
    )
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    context = browser.new_context(reduced_motion="reduce")
    try:
        page = context.new_page()
        page.goto(server.stdout.readline().strip() + "#/network?k=40")
        page.wait_for_selector("h1")
        page.evaluate("location.hash = '#/network?k=40'")
        facts = _ready(page)
        assert facts["recorded"] is True
        assert 'pip install "bridle[torch]"' in page.inner_text(".recorded")
        page.click("label:has-text('spirals')")
        page.wait_for_selector(".alert")
        assert 'pip install "bridle[torch]"' in page.inner_text(".alert")
        page.click("button:has-text('Back to the first settings')")
        page.wait_for_function("() => !document.querySelector('.alert')")
        _ready(page)
    finally:
        context.close()
        server.terminate()
        server.wait(10)
        server.stdout.close()


def test_the_recorded_run_opens_from_a_file(browser: Any, tmp_path: Path) -> None:
    key = Key("network", NETWORKS[0])
    index, _ = write_folder(tmp_path / "lesson", keys=[key])
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.goto(f"{index.as_uri()}#/network?k=40")
    facts = _ready(page)
    assert (
        facts["key"] == str(key)
        and facts["recorded"] is True
        and "bridle lab" in page.inner_text(".recorded")
    )
    page.click("label:has-text('spirals')")
    page.wait_for_selector(".alert")
    assert "bridle lab" in page.inner_text(".alert")
    context.close()
    assert trouble == []


@pytest.mark.parametrize("query", ["", "&k=40", "&k=12&masks=1"])
def test_nothing_scrolls_sideways(open_at: Any, answered: Any, query: str) -> None:
    page = _opened(open_at, answered, query, width=320)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    sticking = """() => [...document.querySelectorAll('main *')].filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width > 1 && !e.closest('svg, math') && (box.left < -1 || box.right > 321);
    }).map((e) => e.tagName + ' ' + e.className)"""
    assert page.evaluate(sticking) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(open_at: Any, answered: Any, width: int, scheme: str) -> None:
    if not _AXE.is_file():
        pytest.fail("axe-core is not installed: run `npm --prefix web ci`")
    for query in ("", "&k=40&masks=1"):
        page = _opened(open_at, answered, query, width=width, scheme=scheme)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.wait_for_timeout(200)
        page.evaluate(_AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            """async () => (await axe.run(document, {
              runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
            })).violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html + n.failureSummary)])"""
        )
        assert found == [], json.dumps(found, indent=1)


def test_the_sentence_is_said_aloud_once_it_rests(open_at: Any, answered: Any) -> None:
    page = _opened(open_at, answered, "&k=40")
    page.focus(".scrubber input")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        """() => document.querySelector('.sentence').textContent === document.querySelector('[role=status]').textContent"""
    )


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_after_a_guess_epochs_run_by_only_where_motion_is_welcome(
    open_at: Any, answered: Any, motion: str
) -> None:
    page = _opened(open_at, answered, motion=motion)
    page.click(".guesses button:has-text('then rise')")
    page.wait_for_timeout(60)
    assert (_facts(page)["k"] == _facts(page)["count"] - 1) == (motion == "reduce")
    page.wait_for_function("() => bridleLab.facts().k === bridleLab.facts().count - 1")


def test_contours_of_a_known_field_are_where_they_are(open_at: Any, answered: Any, lesson: Any) -> None:
    """A circle in place of a network: the line of even odds is that circle."""
    across, down = lesson["cells"]
    points = lattice(across, down)
    odds = 4 * (points[:, 0] ** 2 + points[:, 1] ** 2 - 1)
    code = np.rint(127 + 127 * np.sign(odds) * np.sqrt(np.minimum(np.abs(odds) / 8, 1))).astype(np.uint8)
    made = lesson | {"grids": np.ascontiguousarray(np.tile(code, (5, len(lesson["at"]), 1))).view("<i4")}
    page = open_at("theory")
    page.route("**/api/lesson?*network*", lambda route: route.fulfill(body=frame(RESULT, encode(made))))
    page.evaluate(f"location.hash = '#/network?{_SMALL}&k=5'")
    line = np.array(_ready(page)["methods"][0]["boundary"]).reshape(-1, 2)
    radius = np.hypot(*line.T)
    assert len(line) > 60 and np.abs(radius - 1).max() < 0.01
    assert np.histogram(np.arctan2(*line.T), bins=12)[0].min() > 2
