"""``python -m benchmarks.lab``: how long the lab takes, in a headless chromium on this machine.

Frames: milliseconds of script and layout from an input event to the new picture, and from frame to frame. The large path is
made up, handed to the page in place of the server's answer; everything else is the real server's.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from bridle.lab.wire import encode

QUANTILES = "(a, p) => a.sort((x, y) => x - y)[Math.floor(p * (a.length - 1))]"
FRAMES = """async ([selector, act, frames]) => {
  const element = document.querySelector(selector), work = [], between = [];
  const scrub = (s) => {
    element.value = String(Math.round(Number(element.max) * (0.5 + 0.45 * Math.sin(s / 9))));
    element.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const turn = () => element.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  element.focus();
  for (let s = 0, last = 0; s < frames; s++) {
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    if (last) between.push(start - last);
    last = start;
    act === "scrub" ? scrub(s) : turn();
    for (let i = 0; i < 5; i++) await Promise.resolve();
    document.body.getBoundingClientRect();
    work.push(performance.now() - start);
  }
  const at = QUANTILES;
  return [at(work, 0.5), at(work, 0.95), at(between, 0.95)];
}""".replace("QUANTILES", QUANTILES)


@contextmanager
def server(*more: str) -> Iterator[tuple[str, float, int]]:
    """The address of a lab, the seconds from the command to it, and its process."""
    start = time.perf_counter()
    command = [str(Path(sys.executable).with_name("bridle")), "lab", *more, "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), time.perf_counter() - start, process.pid
    finally:
        process.terminate()
        process.wait()


def large_path(alphas: int, features: int) -> bytes:
    """A path of so many points, as the server would frame it."""
    rng = np.random.default_rng(0)
    grid, weights = np.geomspace(1, 1e-3, alphas), rng.standard_normal(features)
    effects = np.sign(weights) * np.maximum(np.abs(weights) - 2 * np.sqrt(grid)[:, None], 0)
    error = 1 + np.linspace(-1, 1, alphas) ** 2
    content = encode(
        {
            "key": "large", "dataset": "large", "title": "", "target": "y", "unit": "", "python": "", "fold_text": "",
            "names": [f"x{j}" for j in range(features)], "n_rows": 1000, "alphas": grid, "l1_ratio": 1.0,
            "standardize": True, "coefs": effects, "effects": effects, "intercepts": 0 * grid,
            "n_nonzero": (effects != 0).sum(axis=1).astype(np.int32), "train_error": 0.8 * error, "cv_mean": error,
            "cv_se": 0.05 * error, "fold_errors": np.stack([error] * 5), "null_error": 2.0, "index_min": alphas // 2,
            "index_1se": alphas // 3, "alpha_max": 1.0, "gaps": 0 * grid, "certified": True,
        }
    )  # fmt: skip
    return struct.pack("<I", len(content) + 1) + b"R" + content


def answer_with(body: bytes) -> Callable[[Any], None]:
    """A handler that answers a request with these bytes."""
    return lambda route: route.fulfill(body=body)


def frames(page: Page, selector: str, act: str, count: int = 240) -> list[float]:
    """Median and 95 % of the work in a frame, 95 % from frame to frame, milliseconds."""
    found: list[float] = page.evaluate(FRAMES, [selector, act, count])
    return found


def large_table(path: Path) -> None:
    """A million rows of ten numbers, a category and a target, 110 MB of CSV."""
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(0)
    X, region = (
        rng.standard_normal((1_000_000, 10)),
        rng.choice(["north", "south", "east", "west"], 1_000_000),
    )
    y = X @ np.array([1, -0.5, 0.3, 0, 0, 0.2, 0, 0.1, 0, -0.05]) + 0.7 * (region == "north")
    columns = {f"x{j + 1}": np.round(X[:, j], 6) for j in range(10)}
    columns |= {"region": region, "y": np.round(y + rng.standard_normal(1_000_000), 6)}
    csv.write_csv(pa.table(columns), path)


IDLE = "() => { const f = bridleLab.facts(); return f.busy === false && f.columns?.busy === false && EXTRA; }"


def own_table(driver: Any, chromium: str | None) -> list[tuple[str, str, str]]:
    """What a person waits for with a table of their own: dropped on the page, and named on the command line."""
    rows, once = [], "performance.now()"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        large_table(path)
        browser = driver.chromium.launch(executable_path=chromium)
        for way in ("dropped", "named"):
            with server(*([str(path)] if way == "named" else [])) as (address, _, process):
                page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
                start = time.perf_counter()
                page.goto(address if way == "named" else address + "#/yours")
                if way == "dropped":
                    page.wait_for_selector("h1")
                    start = time.perf_counter()
                    page.set_input_files("input[type=file]", path)
                page.wait_for_function(IDLE.replace("EXTRA", "true"), timeout=120_000)
                rows.append(
                    (f"110 MB CSV {way}: columns shown", f"{time.perf_counter() - start:.2f} s", "3 s")
                )
                start = time.perf_counter()
                page.select_option(".target select", label="y")
                page.wait_for_function(IDLE.replace("EXTRA", "!!f.key"), timeout=120_000)
                rows.append(("  path and errors on new rows", f"{time.perf_counter() - start:.2f} s", "15 s"))
                page.wait_for_timeout(300)
                found = frames(page, ".scrubber input", "scrub")
                rows.append(("  scrub", f"{found[0]:.1f} ms, 95 % {found[1]:.1f} ms", "8 ms"))
                page.click("text=Reshuffle the rows")
                page.wait_for_selector(".working button")
                page.wait_for_timeout(100)
                left = page.evaluate(
                    f"""async () => {{
                      const start = {once};
                      document.querySelector(".working button").click();
                      const answer = await fetch("api/lesson?key=corners%3Fdataset%3Dpair%26l1_ratio%3D1");
                      await answer.arrayBuffer();
                      return {once} - start;
                    }}"""
                )
                rows.append(("  stopped, and another lesson there", f"{left:.0f} ms", "200 ms"))
                text = (
                    Path(f"/proc/{process}/status").read_text() if Path("/proc").is_dir() else "VmHWM: 0 kB"
                )
                peak = int(text.split("VmHWM:")[1].split()[0]) / 1000
                rows.append(("  most memory of the server", f"{peak:.0f} MB", "bounded"))
                page.context.close()
        browser.close()
    return rows


def main() -> None:
    """Prints the table."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    rows: list[tuple[str, str, str]] = []

    def told(name: str, found: list[float], goal: str) -> None:
        work = f"{found[0]:.1f} ms, 95 % {found[1]:.1f} ms; frame to frame 95 % {found[2]:.1f} ms"
        rows.append((name, work, goal))

    with server() as (address, started, _), sync_playwright() as driver:
        rows.append(("command to open port", f"{started:.2f} s", "1 s"))
        home = address.split("?")[0]
        browser = driver.chromium.launch(executable_path=chromium, args=["--enable-unsafe-swiftshader"])
        page: Any = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(address)
        page.wait_for_selector(".chart canvas")
        page.goto("about:blank")
        start = time.perf_counter()
        page.goto(home + "#/home")
        page.wait_for_selector(".chart canvas")
        drawn = 1000 * (time.perf_counter() - start)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        rows.append(
            ("first paint; path drawn and scrubber ready", f"{paint:.0f} ms; {drawn:.0f} ms", "300; 500 ms")
        )
        for alphas, features in ((100, 1000), (1000, 100)):
            body = large_path(alphas, features)
            page.route("**/api/lesson*", answer_with(body))
            page.goto(home + "#/home?k=5")
            page.reload()
            page.wait_for_selector(".chart canvas")
            page.wait_for_timeout(500)
            told(
                f"scrub {features:,} features x {alphas:,} alphas",
                frames(page, ".scrubber input", "scrub"),
                "8 ms",
            )
            page.unroute_all()
        page.goto(home + "#/corners?k=30")
        page.reload()
        page.wait_for_selector("path.body")
        page.wait_for_timeout(500)
        told("scrub the corners", frames(page, ".scrubber input", "scrub"), "8 ms")
        for screen in ("twins", "needles", "overfit", "network"):
            page.goto("about:blank")
            start = time.perf_counter()
            page.goto(f"{home}#/{screen}")
            page.wait_for_selector("main .scrubber input")
            shown = time.perf_counter() - start
            page.wait_for_timeout(4000)  # what still streams in must not fall into the frames
            told(
                f"{screen}: scrubber after {shown:.1f} s",
                frames(page, "main .scrubber input", "scrub"),
                "8 ms",
            )
        page.goto(home + "#/corners?k=30&dim=3")
        page.wait_for_selector("canvas[data-renderer]")
        page.wait_for_timeout(800)
        renderer = page.evaluate("document.querySelector('canvas[data-renderer]').dataset.renderer")
        told(f"turn the bowl ({renderer[:60]})", frames(page, ".bowl-stage", "turn", 150), "16 ms")
        rows.extend(own_table(driver, chromium))
    table = Table("what", "measured", "goal")
    for row in rows:
        table.add_row(*row)
    Console(width=170).print(table)


if __name__ == "__main__":
    main()
