"""A small front end, the lab's application behind a client, and the lab as a process of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridle.lab import server
from bridle.lab.security import Secrets

PAGE = (
    b'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title><link rel="icon" href="data:,">'
    b'<link rel="stylesheet" href="app.css"></head><body><script src="app.js"></script></body></html>'
)
FILES = {"index.html": PAGE, "app.js": b"window.started = true;\n", "app.css": b"body { margin: 0 }\n"}


@pytest.fixture(scope="session")
def app_folder(tmp_path_factory: Any) -> Path:
    """A front end as small as can be."""
    place: Path = tmp_path_factory.mktemp("app")
    for name, content in FILES.items():
        (place / name).write_bytes(content)
    return place


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    """The same by name."""
    return FILES


@pytest.fixture(scope="session")
def running() -> Callable[..., contextlib.AbstractContextManager[tuple[int, Secrets]]]:
    """The real server in a thread of this process: `with running(lessons) as (port, secrets)`."""
    return _running


@dataclass(frozen=True)
class Answer:
    """What came back: names of headers in lower case."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Client:
    """Requests as they are written, a connection each; ``cookie`` is sent unless other headers are given."""

    port: int
    cookie: str | None = None

    def get(self, path: str, headers: dict[str, str | bytes] | None = None) -> Answer:
        return self.request("GET", path, headers)

    def request(self, method: str, path: str, headers: Any = None, content: bytes = b"") -> Answer:
        given = {"host": f"127.0.0.1:{self.port}"} | (headers or {})
        if self.cookie is not None and "cookie" not in given:
            given["cookie"] = f"bridle_lab_{self.port}={self.cookie}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(content or None)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="session")
def client_of() -> type[Client]:
    """Makes a client of a port and, where it was let in, a cookie."""
    return Client


@contextlib.contextmanager
def _running(lessons: Callable[..., Any] | None = None) -> Iterator[tuple[int, Secrets]]:
    opened, keys, ready = server.listen(0), Secrets(), threading.Event()
    port = opened.getsockname()[1]
    more = {} if lessons is None else {"lessons": lessons}
    made: list[Any] = []
    init = server._Server.__init__

    def kept(self: Any, *arguments: Any) -> None:
        made.append(self)
        init(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server._Server, "__init__", kept)
        thread = threading.Thread(target=server.serve, args=(opened, keys, FILES, ready.set), kwargs=more)
        thread.start()
        assert ready.wait(10)
    try:
        yield port, keys
    finally:
        made[0].handle_exit(2, None)
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def process(app_folder: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str, float]]]:
    """Starts `bridle lab` on the small front end; gives the process, the address it prints and the seconds that took."""
    started: list[subprocess.Popen[str]] = []
    code = (
        "import sys, pathlib\n"
        "from bridle.lab import pages\n"
        f"pages.app_files.__defaults__ = (pathlib.Path({str(app_folder)!r}),)\n"
        "from bridle.cli import main\nsys.exit(main())"
    )

    def start(*arguments: object) -> tuple[subprocess.Popen[str], str, float]:
        began = time.perf_counter()
        one = subprocess.Popen(
            [sys.executable, "-c", code, "lab", "--no-browser", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        started.append(one)
        assert one.stdout is not None and one.stderr is not None
        line = one.stdout.readline()
        found = re.fullmatch(r"(http://127\.0\.0\.1:\d+/\?token=[\w-]{40,})\n", line)
        assert found, line + one.stderr.read()
        return one, found[1], time.perf_counter() - began

    yield start
    for one in started:
        one.kill()
        one.wait()
        for stream in (one.stdout, one.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address that `bridle lab` prints, with its token."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bridle", "lab", "--no-browser", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


@pytest.fixture(scope="session")
def signed_in(browser: Any, address: str) -> Any:
    """The cookies that the address with the token is exchanged for."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("h1")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_at(browser: Any, address: str, signed_in: Any) -> Iterator[Callable[..., Any]]:
    """A function that opens the lab at a hash; any error, message or request to elsewhere fails the test."""
    origin = address.split("?")[0]
    contexts: list[Any] = []
    trouble: list[str] = []

    def opened(
        place: str, width: int = 1280, scheme: str = "light", motion: str = "reduce", init: str = ""
    ) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            reduced_motion=motion,
            storage_state=signed_in,
        )
        context.set_default_timeout(90_000)  # other tests keep both processors busy
        contexts.append(context)
        page = context.new_page()
        if init:
            page.add_init_script(init)
        page.on("request", lambda r: r.url.startswith((origin, "data:")) or trouble.append(r.url))
        page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
        page.on("pageerror", lambda e: trouble.append(str(e)))
        page.goto(origin + "#/" + place)
        page.wait_for_selector("h1")
        if place.split("?")[0] not in ("theory", "quiz"):
            page.wait_for_function("() => bridleLab.facts().busy === false")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert trouble == []
