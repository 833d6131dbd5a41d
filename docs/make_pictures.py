"""Make the pictures of the documentation: the report of the diabetes model, as a browser shows it.

Run by ``make pictures``. Needs Playwright's Python package and a Chromium on the machine; fetches nothing.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import bridle

PICTURES = Path(__file__).with_name("pictures")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


def diabetes_report(folder: Path) -> Path:
    """Fit the diabetes table as the README does and write its report."""
    table = folder / "diabetes.csv"
    example = [sys.executable, "-m", "bridle", "example", "diabetes"]
    table.write_bytes(subprocess.run(example, check=True, stdout=subprocess.PIPE).stdout)
    here = Path.cwd()
    os.chdir(folder)  # the report shows the call: the table's name, and no folder of this machine
    try:
        model = bridle.fit("diabetes.csv", target="progression")
        bridle.report(model, folder / "report.html")
    finally:
        os.chdir(here)
    return folder / "report.html"


def chromium() -> str:
    """Where Chromium is; a sentence, if it is nowhere."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    sys.exit("The pictures need a Chromium (Debian: apt-get install chromium).")


def shoot(browser: Any, page_file: Path, *, width: int, scheme: str, start: str, end: str) -> bytes:
    """Photograph the page from the top of one element to the bottom of another."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, device_scale_factor=2
    )
    page = context.new_page()
    page.goto(page_file.as_uri())
    first, last = page.locator(start).bounding_box(), page.locator(end).bounding_box()
    top = max(first["y"] - 24, 0)
    clip = {"x": 0, "y": top, "width": width, "height": last["y"] + last["height"] + 12 - top}
    picture: bytes = page.screenshot(full_page=True, clip=clip)
    context.close()
    return picture


def compose(browser: Any, pictures: list[tuple[bytes, int]], target: Path) -> None:
    """Set pictures side by side on a plain ground, each at its width in pixels."""
    images = "".join(
        f'<img width="{width}" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
        for picture, width in pictures
    )
    page = browser.new_page(viewport={"width": 2000, "height": 1000})
    page.set_content(
        "<style>body{margin:0;padding:24px;display:inline-flex;gap:24px;align-items:flex-start;background:#e9e7e2}"
        "img{border-radius:6px;box-shadow:0 1px 8px #0003}</style>" + images
    )
    page.wait_for_function("[...document.images].every(i => i.complete && i.naturalWidth)")
    page.locator("body").screenshot(path=target)
    page.close()


def main() -> None:
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        page_file = diabetes_report(Path(folder))
        browser = driver.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        top = shoot(browser, page_file, width=752, scheme="light", start="body", end="#errors .wide")
        path = shoot(browser, page_file, width=752, scheme="light", start="#h-path", end="#curve .wide")
        phone = shoot(browser, page_file, width=360, scheme="dark", start="#h-kept", end="#bars .narrow")
        compose(browser, [(top, 490), (path, 490), (phone, 288)], PICTURES / "report.png")
        browser.close()
    for picture in sorted(PICTURES.glob("*.png")):
        print(picture.relative_to(PICTURES.parent.parent))


if __name__ == "__main__":
    main()
