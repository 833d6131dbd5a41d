"""One browser for all tests that look at pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
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
