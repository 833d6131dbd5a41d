"""The map of the lab on the first screen, and the way from screen to screen, in a real browser."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.browser

STOPS = {
    "home": "Path", "corners": "Corners", "descent": "Descent", "twins": "Twins", "needles": "Needles",
    "overfit": "Overfit", "network": "Network", "yours": "Your data", "theory": "Theory", "quiz": "Quiz",
}  # fmt: skip
VISITED, QUIZ = "bridle-lab-visited-1", "bridle-lab-quiz-1"
NO_STORE = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('none') } })"
ROW = """() => {
  const nav = document.querySelector('nav[aria-label="Lesson"]'), box = nav.getBoundingClientRect();
  const inside = (e) => { const b = e.getBoundingClientRect(); return b.left >= box.left - 1 && b.right <= box.right + 1; };
  return {
    links: [...nav.querySelectorAll('a')].map((a) => [a.textContent, a.hash, a.getAttribute('aria-current'), inside(a)]),
    top: Math.min(...[...nav.querySelectorAll('a')].map((a) => a.getBoundingClientRect().top)),
    low: Math.max(...[...nav.querySelectorAll('a')].map((a) => a.getBoundingClientRect().bottom)),
    left: box.left, right: box.right, scrolls: nav.scrollWidth > nav.clientWidth,
    main: document.querySelector('h1').getBoundingClientRect().top, page: document.documentElement.scrollWidth,
  };
}"""


def _go(page: Any, screen: str) -> None:
    page.evaluate(f"location.hash = '#/{screen}'")
    page.wait_for_function(
        f"() => document.querySelector('main').className === '{screen}' && document.querySelector('h1')"
    )


@pytest.mark.parametrize("width", [320, 360, 600, 768, 960, 1280])
def test_every_stop_is_in_the_row_and_nothing_is_covered(open_at: Any, width: int) -> None:
    page = open_at("theory", width=width)
    for screen in ("home", "theory", "overfit", "quiz"):
        _go(page, screen)
        page.wait_for_timeout(100)
        row = page.evaluate(ROW)
        assert [(text, hash.split("?")[0]) for text, hash, *_ in row["links"]] == [
            (title, f"#/{name}") for name, title in STOPS.items()
        ]
        assert [text for text, _, current, _ in row["links"] if current == "page"] == [STOPS[screen]]
        assert all(seen for text, _, current, seen in row["links"] if current)  # in view without a hand
        assert row["page"] <= width and row["left"] >= 0 and row["right"] <= width
        assert row["low"] <= row["main"] and row["low"] - row["top"] < 45  # one row, above the headline
        assert row["scrolls"] == (width < 700)
        assert row["scrolls"] or all(seen for *_, seen in row["links"])


@pytest.mark.parametrize("width", [320, 1280])
def test_every_stop_is_reached_by_keyboard(open_at: Any, width: int) -> None:
    page = open_at("theory", width=width)
    page.focus("nav[aria-label='Lesson'] a")
    for n, title in enumerate(STOPS.values()):
        if n:
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == title
        page.wait_for_function(
            """() => {
              const [a, nav] = [document.activeElement, document.activeElement.parentElement].map(
                (e) => e.getBoundingClientRect());
              return a.left >= nav.left && a.right <= nav.right;
            }"""
        )
    assert page.evaluate("document.documentElement.scrollLeft") == 0
    page.keyboard.press("Enter")
    page.wait_for_selector(".qz-card")
    assert page.evaluate("document.activeElement.tagName") == "H1"


@pytest.mark.parametrize("screen", ["corners", "overfit", "theory"])
def test_a_new_screen_puts_the_focus_on_its_headline(open_at: Any, screen: str) -> None:
    page = open_at("home?k=40")
    page.click(f"nav[aria-label='Lesson'] a:text-is('{STOPS[screen]}')")
    page.wait_for_function(f"() => document.querySelector('main').className === '{screen}'")
    page.wait_for_function(
        "() => document.activeElement.tagName === 'H1' && !document.querySelector('.waiting')"
    )
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("Tab")  # and stays where the person goes from there
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_foot_of_a_screen_leads_on(open_at: Any) -> None:
    page = open_at("corners?k=30")
    foot = page.locator("nav.onward a")
    assert foot.all_inner_texts() == ["← Path", "The map", "Next: Descent →"]
    foot.nth(2).click()
    page.wait_for_function("() => document.querySelector('main').className === 'descent'")
    page.locator("nav.onward a:has-text('The map')").click()
    page.wait_for_function("() => document.activeElement.id === 'map'")
    assert abs(page.evaluate("document.querySelector('#map').getBoundingClientRect().top")) < 120
    _go(page, "quiz")
    assert page.locator("nav.onward a").all_inner_texts() == ["← Theory", "The map"]


def test_the_map_says_where_one_was_and_forgets(open_at: Any) -> None:
    page = open_at("home?k=40")
    page.evaluate("localStorage.clear()")
    page.reload()
    page.wait_for_selector(".map li")
    state = page.locator(".map .state")
    assert page.locator(".map .stop").all_inner_texts() == list(STOPS.values())
    assert state.all_inner_texts() == ["● you are here"] + [""] * 9
    assert page.locator(".map p >> text=You were last at").count() == 0
    for screen in ("descent", "overfit", "quiz", "corners"):
        _go(page, screen)
    been = json.dumps(["home", "descent", "overfit", "quiz", "corners"], separators=(",", ":"))
    page.wait_for_function(
        f"been => localStorage.getItem('{VISITED}') === been", arg=been
    )  # written after the paint
    _go(page, "home")
    page.wait_for_selector(".map li")
    page.reload()  # it is kept
    page.wait_for_selector(".map li")
    been = [
        title
        for title, said in zip(STOPS.values(), state.all_inner_texts(), strict=True)
        if "visited" in said
    ]
    assert been == ["Corners", "Descent", "Overfit", "Quiz"]
    assert page.locator(".map li.been").count() == 5
    assert "You were last at stop 2, Corners." in page.inner_text(".map")
    page.click("button:text-is('Forget where I was')")
    assert state.all_inner_texts() == ["● you are here"] + [""] * 9
    assert page.inner_text(".map [role=status]") == "Forgotten."
    page.wait_for_function(f"been => localStorage.getItem('{VISITED}') === been", arg='["home"]')


def test_the_map_knows_how_far_the_quiz_is(open_at: Any) -> None:
    page = open_at("quiz?seed=3")
    page.wait_for_selector(".qz-card")
    for _ in range(40):  # until one is settled
        page.locator(".qz-option input").first.check()
        page.click("button:text-is('Check the answer')")
        page.wait_for_selector(".qz-verdict")
        if page.inner_text(".qz-verdict").startswith("✓"):
            break
        page.click(".qz-buttons button")
    settled = int(page.inner_text(".qz-progress p").split()[0])
    assert settled >= 1
    _go(page, "home")
    page.wait_for_selector(".map li")
    assert page.locator(".map .state").last.inner_text() == f"◐ {settled} of 30 ideas settled"
    before = page.evaluate(f"localStorage.getItem('{QUIZ}')")
    page.click("button:text-is('Forget where I was')")
    assert page.evaluate(f"localStorage.getItem('{QUIZ}')") == before  # forgotten on its own page


@pytest.mark.parametrize("kept", ["{", "null", '{"a": 1}', '["nowhere", 7, null, "corners", "corners"]', "7"])
def test_a_stored_wreck_does_no_harm(open_at: Any, kept: str) -> None:
    page = open_at(
        "home?k=40",
        init=f"if (!sessionStorage.x) {{ sessionStorage.x = 1; localStorage['{VISITED}'] = `{kept}`; }}",
    )
    page.wait_for_selector(".map li")
    been = page.locator(".map li.been .stop").all_inner_texts()
    assert been == (["Path", "Corners"] if "corners" in kept else ["Path"])


def test_where_nothing_can_be_stored_it_lasts_as_long_as_the_page(open_at: Any) -> None:
    page = open_at("home?k=40", init=NO_STORE)
    _go(page, "descent")
    _go(page, "home")
    page.wait_for_selector(".map li")
    assert page.locator(".map li.been .stop").all_inner_texts() == ["Path", "Descent"]


def test_the_map_is_found_from_the_top_and_every_stop_opens(open_at: Any) -> None:
    page = open_at("home?k=40")
    page.click(".to-map")
    page.wait_for_function("() => document.activeElement.id === 'map'")
    minutes = sum(int(text.split()[0]) for text in page.locator(".map .minutes").all_inner_texts())
    assert f"{minutes} minutes in all" in page.inner_text(".to-map")
    for n, screen in enumerate(STOPS):
        _go(page, "home")
        page.wait_for_selector(".map li")
        page.locator(".map .stop a").nth(n).click()
        page.wait_for_function(f"() => document.querySelector('main').className === '{screen}'")
        page.wait_for_selector("h1")


def test_the_first_screen_stands_above_the_fold(open_at: Any) -> None:
    """At 1280 x 800: the path, the question or the curve, the scrubber, and the panel to its last bar."""
    for place in ("home", "home?k=40", "home?dataset=diabetes&k=40"):
        page = open_at(place)
        low = page.evaluate(
            """() => ['.pictures > figure:first-child .chart', '.scrubber', '.panel .bars li:last-child'].map(
              (what) => document.querySelector(what).getBoundingClientRect().bottom)"""
        )
        assert max(low) <= 800, (place, low)
        second = page.evaluate(
            "document.querySelector('.pictures > figure:nth-child(2)').getBoundingClientRect().bottom"
        )
        assert second <= page.evaluate("document.querySelector('.scrubber').getBoundingClientRect().top") + 1
