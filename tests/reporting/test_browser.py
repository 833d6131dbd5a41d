"""The page in a real browser: no sideways scrolling, no errors, no requests, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridle.reporting import report

pytestmark = pytest.mark.browser


@pytest.fixture
def page_of(browser: Any, models: Any, tmp_path: Path) -> Iterator[Any]:
    """A function that opens the report of a model at a width; it fails on any request, error or message."""
    contexts = []
    trouble: list[str] = []

    def opened(name: str, width: int, scheme: str = "light") -> Any:
        file = tmp_path / f"{name}.html"
        report(models(name), file)
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
_CUT_OFF = """() => [...document.querySelectorAll('svg.figure text')].filter(t => {
  const box = t.getBoundingClientRect(), frame = t.ownerSVGElement.getBoundingClientRect();
  return box.width && (box.left < frame.left - 1 || box.right > frame.right + 1);
}).map(t => t.ownerSVGElement.id + ': ' + t.textContent)"""
_FONTS = {
    "as it is": "main {}",
    "one width": "* { font-family: 'DejaVu Sans Mono', 'Liberation Mono', monospace !important; }",
    "spaced": "* { letter-spacing: .05em !important; }",
}


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize(
    "name",
    [
        *("diabetes", "categorical", "wide", "hostile", "null", "ridge", "given", "leave_one_out"),
        *("classes", "hostile_classes", "counts"),
    ],
)
def test_nothing_sticks_out_sideways(page_of: Any, name: str, width: int, sideways: Any) -> None:
    page = page_of(name, width)
    assert sideways(page) == []
    page.evaluate(_OPEN_ALL)
    assert sideways(page) == []


@pytest.mark.parametrize(("name", "figures"), [("diabetes", 4), ("classes", 6), ("counts", 7)])
def test_the_text_of_figures_is_readable_and_stays_inside(page_of: Any, name: str, figures: int) -> None:
    for width in (320, 360, 700, 1280):
        page = page_of(name, width)
        sizes = page.evaluate(
            """() => {
              const all = [...document.querySelectorAll("svg.figure")];
              const shown = all.filter(s => s.getClientRects().length);
              return shown.map(s => {
                const scale = s.getBoundingClientRect().width / s.viewBox.baseVal.width;
                const texts = [...s.querySelectorAll('text')];
                return Math.min(...texts.map(t => parseFloat(getComputedStyle(t).fontSize) * scale));
              });
            }"""
        )
        assert len(sizes) == figures
        assert min(sizes) >= 10


def test_labels_of_the_figures_do_not_collide(page_of: Any, colliding: Any) -> None:
    linear = ("diabetes", "categorical", "wide", "given_path", "leave_one_out", "one_rule")
    for name in (*linear, "classes", "hostile_classes", "counts", "claims"):
        for width in (360, 1280):
            collisions = colliding(page_of(name, width))
            assert collisions == [], (name, width)


@pytest.mark.parametrize("font", _FONTS)
@pytest.mark.parametrize("name", ["categorical", "classes", "counts", "given_path"])
def test_a_wider_font_finds_room(page_of: Any, name: str, font: str, sideways: Any, colliding: Any) -> None:
    """Which font a reader has is not known: nothing may depend on a narrow one."""
    page = page_of(name, 320)
    page.add_style_tag(content=_FONTS[font])
    page.evaluate(_OPEN_ALL)
    assert sideways(page) == []
    assert colliding(page) == []
    assert page.evaluate(_CUT_OFF) == []


def test_dark_follows_the_reader(page_of: Any) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    light, dark = page_of("tiny", 800).evaluate(colour), page_of("tiny", 800, "dark").evaluate(colour)
    assert light == "rgb(253, 252, 249)"
    assert dark == "rgb(20, 23, 27)"


def test_print_is_light_even_for_a_dark_reader(page_of: Any) -> None:
    page = page_of("tiny", 800, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_hostile_names_run_nothing_and_show_themselves(page_of: Any) -> None:
    page = page_of("hostile", 800)
    assert "<script>alert(1)</script>" in page.inner_text("main")
    assert page.evaluate("document.scripts.length") == 0
