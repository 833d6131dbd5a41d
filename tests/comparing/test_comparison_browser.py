"""The page in a real browser: no sideways scrolling, no errors, no requests, nothing on top of anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridle.comparing import comparison_page

pytestmark = pytest.mark.browser


@pytest.fixture
def page_of(browser: Any, comparisons: Any, tmp_path: Path) -> Iterator[Any]:
    """A function that opens the page of a comparison at a width; it fails on any request, error or message."""
    contexts = []
    trouble: list[str] = []

    def opened(name: str, width: int, scheme: str = "light") -> Any:
        file = tmp_path / f"{name}.html"
        comparison_page(comparisons(name), file)
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: r.url in (file.as_uri(), "data:,") or trouble.append(r.url))
        page.on("console", lambda m: trouble.append(m.text))
        page.on("pageerror", lambda e: trouble.append(str(e)))
        page.on("dialog", lambda d: trouble.append("a dialog: " + d.message))
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert trouble == []


_OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true })"
_SMALLEST = """() => [...document.querySelectorAll("svg.figure")].filter(s => s.getClientRects().length).map(s => {
  const scale = s.getBoundingClientRect().width / s.viewBox.baseVal.width;
  return Math.min(...[...s.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize) * scale));
})"""


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize(
    "name", ["diabetes", "mixed", "wide", "noise", "hostile", "holdout", "classes", "counts"]
)
def test_nothing_sticks_out_or_collides(
    page_of: Any, name: str, width: int, sideways: Any, colliding: Any
) -> None:
    page = page_of(name, width)
    assert sideways(page) == []
    page.evaluate(_OPEN_ALL)
    assert sideways(page) == []
    assert colliding(page) == []
    sizes = page.evaluate(_SMALLEST)
    assert len(sizes) == 3
    assert min(sizes) >= 10


def test_dark_follows_the_reader_and_paper_is_light(page_of: Any) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page_of("diabetes", 800).evaluate(colour) == "rgb(253, 252, 249)"
    dark = page_of("diabetes", 800, "dark")
    assert dark.evaluate(colour) == "rgb(20, 23, 27)"
    dark.emulate_media(media="print", color_scheme="dark")
    assert dark.evaluate(colour) == "rgb(255, 255, 255)"


def test_hostile_names_run_nothing_and_show_themselves(page_of: Any) -> None:
    page = page_of("hostile", 800)
    page.evaluate(_OPEN_ALL)
    assert "<script>alert(1)</script>" in page.inner_text("main")
    assert page.evaluate("document.scripts.length") == 0
