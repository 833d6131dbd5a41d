"""One browser for all tests that look at pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--enable-unsafe-swiftshader",  # three dimensions in software where there is no graphics card
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


_SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth, out = [];
  if (document.documentElement.scrollWidth > width) out.push('the page scrolls sideways');
  for (const e of document.querySelectorAll('main *')) {
    const box = e.getBoundingClientRect();
    const what = e.tagName + ' ' + e.textContent.slice(0, 40);
    if (box.width && (box.left < -1 || box.right > width + 1)) out.push(what + ' sticks out');
    const scrolls = getComputedStyle(e).overflowX !== 'visible';
    if (e.scrollWidth > e.clientWidth + 1 && scrolls) out.push(what + ' scrolls');
  }
  return out;
}"""

_COLLIDING = """() => {
  const out = [];
  for (const s of document.querySelectorAll('svg.figure')) {
    const texts = [...s.querySelectorAll('text')];
    const boxes = texts.map(t => [t.textContent, t.getBoundingClientRect()]);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (x > 1 && y > 3) out.push(s.id + ': ' + a + ' / ' + b);
    }));
  }
  return out;
}"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium; Playwright can drive one at a time in a process, so that every test shares it."""
    playwright = pytest.importorskip("playwright.sync_api")
    if _CHROMIUM is None:
        pytest.fail("no Chromium on this machine: the pages were not checked in a browser (tools/browser.sh)")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def sideways() -> Callable[[Any], list[str]]:
    """What of a page sticks out to the side, or scrolls there."""
    return lambda page: list(page.evaluate(_SIDEWAYS))


@pytest.fixture(scope="session")
def colliding() -> Callable[[Any], list[str]]:
    """Pairs of labels of a figure that lie on each other."""
    return lambda page: list(page.evaluate(_COLLIDING))
