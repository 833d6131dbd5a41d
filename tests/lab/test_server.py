"""The server: what it answers, what it refuses, and that it drops work nobody waits for."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

import bridle
from bridle.lab import server
from bridle.lab.frames import frames
from bridle.lab.lessons import compute
from bridle.lab.security import CSP, LONGEST_QUERY, Secrets
from bridle.lab.wire import decode

Files = dict[str, bytes]
KEY = "descent?alpha=0.3&dataset=pair&lr=0.1&method=proximal&penalty=l1&start=far&steps=20"
# A busy machine with 2 shared cores adds to these; the lab's own figures are 0.2 s and 1 s.
CANCELLED_WITHIN = 0.2
PORT_OPEN_WITHIN = 3.0


@pytest.fixture(scope="module")
def place(running: Any) -> Iterator[tuple[int, Secrets]]:
    """One server for all that only ask."""
    with running() as found:
        yield found


@pytest.fixture
def port(place: tuple[int, Secrets]) -> int:
    return place[0]


@pytest.fixture
def keys(place: tuple[int, Secrets]) -> Secrets:
    return place[1]


@pytest.fixture
def stranger(port: int, client_of: Any) -> Any:
    """A client without the cookie."""
    return client_of(port)


@pytest.fixture
def client(port: int, keys: Secrets, client_of: Any) -> Any:
    """A client that was let in."""
    return client_of(port, keys.cookie)


def refused(answer: Any, status: int, *words: str) -> None:
    """One clear JSON error."""
    assert answer.status_code == status, answer.content
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert set(said) == {"message"} and "Traceback" not in said["message"] and len(said["message"]) < 300
    for word in words:
        assert word in said["message"]


def lesson_url(key: str) -> str:
    return "/api/lesson?key=" + quote(key, safe="")


# What it answers


def test_the_token_is_exchanged_for_a_strict_cookie(stranger: Any, keys: Secrets, files: Files) -> None:
    answer = stranger.get(f"/?token={keys.token}")
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert re.match(rf"bridle_lab_{stranger.port}=[\w-]{{43}};", cookie)
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    assert keys.token not in cookie and keys.token.encode() not in answer.content
    page = stranger.get("/", {"cookie": cookie.split(";")[0]})
    assert page.status_code == 200 and page.content == files["index.html"]


def test_files_have_their_types_and_the_headers_that_hold_a_page_in(client: Any, files: Files) -> None:
    for path, name, kind in (
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/index.html", "index.html", "text/html; charset=utf-8"),
        ("/app.js", "app.js", "text/javascript; charset=utf-8"),
        ("/app.css", "app.css", "text/css; charset=utf-8"),
    ):
        answer = client.get(path)
        assert answer.status_code == 200 and answer.content == files[name]
        assert answer.headers["content-type"] == kind
    for path in ("/", "/app.js", "/api/catalog", lesson_url(KEY), "/nothing", lesson_url("home")):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == CSP
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert ("no-store" in headers["cache-control"]) == (path not in ("/", "/app.js"))
        assert "access-control-allow-origin" not in headers


def test_the_policy_is_the_one_agreed_on() -> None:
    assert CSP == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_the_catalog_is_json(client: Any) -> None:
    said = client.get("/api/catalog").json()
    assert said["version"] == bridle.__version__
    assert [one["id"] for one in said["datasets"]] == ["diabetes", "wide100", "pair", "overfit"]
    assert set(said["datasets"][0]) == {"id", "title", "about", "n_rows", "p", "target", "names"}


def test_a_lesson_arrives_as_frames(client: Any) -> None:
    answer = client.get(lesson_url(KEY))
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/octet-stream"
    *before, (kind, content) = frames(answer.content)
    assert before and all(kind == b"P" for kind, _ in before)
    assert all(set(json.loads(said)) == {"stage", "share"} for _, said in before)
    assert kind == b"R"
    found, own = decode(content), compute(KEY)
    assert set(found) == set(own)
    for name, value in own.items():
        if isinstance(value, np.ndarray):
            assert (found[name] == value).all() and found[name].shape == value.shape, name
        else:
            assert found[name] == value, name


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("x", "There is no lesson"),
        ("home", "exactly"),
        ("nonsense?a=1", "There is no lesson"),
        ("corners?dataset=iris&l1_ratio=1", "dataset must be one of"),
        ("{" * 200, "There is no lesson"),
        ("[" * 450, "characters"),
        ("é\x00\n<script>", "There is no lesson"),
    ],
)
def test_a_key_that_asks_for_nothing_is_one_error(client: Any, key: str, words: str) -> None:
    (last,) = [one for one in frames(client.get(lesson_url(key)).content) if one[0] != b"P"]
    said = json.loads(last[1])
    assert last[0] == b"E" and set(said) == {"message"}
    assert words in said["message"] and said["message"].isprintable() and len(said["message"]) < 300
    assert client.get("/api/catalog").status_code == 200


def test_a_bug_in_a_lesson_is_one_error_and_the_server_lives(
    running: Any, client_of: Any, capfd: Any
) -> None:
    def broken(key: str, progress: Callable[[str, float], None]) -> dict[str, Any]:
        return {"x": 1 / 0} if key == "broken" else {"fine": True}

    with running(broken) as (port, keys):
        client = client_of(port, keys.cookie)
        kind, content = frames(client.get("/api/lesson?key=broken").content)[-1]
        said = json.loads(content)["message"]
        assert kind == b"E" and "bug" in said and "ZeroDivisionError" in said
        assert "Traceback" in capfd.readouterr().err
        assert frames(client.get("/api/lesson?key=fine").content)[-1][0] == b"R"


# What it refuses


def test_nothing_is_answered_without_the_cookie(stranger: Any, port: int, keys: Secrets) -> None:
    with_token = (f"/app.js?token={keys.token}", f"/?x=1&token={keys.token}")
    for path in ("/", "/app.js", "/api/catalog", lesson_url(KEY), "/nothing", *with_token):
        answer = stranger.get(path)
        refused(answer, 403, "bridle lab")
        assert "set-cookie" not in answer.headers
    for cookie in ("", "x", keys.token, keys.cookie[:-1], keys.cookie + "x", keys.cookie.swapcase(), "é"):
        refused(stranger.get("/api/catalog", {"cookie": f"bridle_lab_{port}={cookie}".encode()}), 403)
    refused(stranger.get("/api/catalog", {"cookie": f"bridle_lab_{port + 1}={keys.cookie}"}), 403)
    odd = f'a"=b;;=; x[]=1; bridle_lab_{port}={keys.cookie}; $Version=1'
    assert stranger.get("/api/catalog", {"cookie": odd}).status_code == 200


@pytest.mark.parametrize("change", ["", "{0[0]}", "{0}x", "%C3%A9", "{0}&token=x", "{0}&x=1", "x&token={0}"])
def test_a_wrong_token_opens_nothing(stranger: Any, keys: Secrets, change: str) -> None:
    for token in (change.format(keys.token), keys.token.swapcase(), keys.cookie):
        answer = stranger.get("/?token=" + token)
        refused(answer, 403, "token")
        assert "set-cookie" not in answer.headers


def test_a_token_for_the_browser_opens_once(stranger: Any, keys: Secrets) -> None:
    once = keys.pass_once()
    assert stranger.get(f"/?token={once}").status_code == 303
    refused(stranger.get(f"/?token={once}"), 403, "no longer")
    assert stranger.get(f"/?token={keys.token}").status_code == 303
    assert stranger.get(f"/?token={keys.token}").status_code == 303


def test_secrets_are_long_and_new_each_time() -> None:
    made = [
        secret for keys in (Secrets(), Secrets()) for secret in (keys.token, keys.cookie, keys.pass_once())
    ]
    assert len(set(made)) == 6 and all(len(secret) >= 43 for secret in made)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1:1{}", "127.0.0.1.evil.example:{}", "[::1]:{}",
     "0.0.0.0:{}", "evil@127.0.0.1:{}", ""],
)  # fmt: skip
def test_a_foreign_host_is_refused(client: Any, port: int, keys: Secrets, host: str) -> None:
    for path in ("/", "/api/catalog", f"/?token={keys.token}"):
        answer = client.get(path, {"host": host.format(port)})
        refused(answer, 403, "localhost")
        assert "set-cookie" not in answer.headers


def test_localhost_is_a_name_of_it(client: Any, port: int) -> None:
    assert client.get("/api/catalog", {"host": f"localhost:{port}"}).status_code == 200
    assert client.get("/api/catalog", {"host": f"LOCALHOST:{port}"}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://127.0.0.1:{}", "http://127.0.0.1:1{}", "http://127.0.0.1",
     "http://localhost:{}", "http://127.0.0.1:{}.evil.example", ""],
)  # fmt: skip
def test_a_foreign_origin_is_refused(client: Any, port: int, origin: str) -> None:
    refused(client.get("/api/catalog", {"origin": origin.format(port)}), 403, "Another page")
    assert client.get("/api/catalog", {"origin": f"http://127.0.0.1:{port}"}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_only_get_is_answered(client: Any, method: str) -> None:
    answer = client.request(method, "/api/catalog")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET"


def test_a_body_is_refused(client: Any) -> None:
    refused(client.request("GET", "/api/catalog", {"content-length": "3"}, b"abc"), 413)
    refused(client.request("GET", "/api/catalog", {"transfer-encoding": "chunked"}, b"0\r\n\r\n"), 413)
    assert client.request("GET", "/api/catalog", {"content-length": "0"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/..%2fpyproject.toml", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/..", "/.", "/%2e",
     "/app/index.html", "/static.py", "/%00", "/app.js%00.html", "/..\\wire.py", "/app.js/", "/api", "/api/", "/api/x",
     "/APP.JS", "/%C3%28"],
)  # fmt: skip
def test_there_is_no_way_to_other_files(client: Any, path: str) -> None:
    refused(client.get(path), 404, "nothing here")


def test_queries_that_make_no_sense_are_refused(client: Any) -> None:
    refused(client.get("/api/lesson?key=" + "a" * LONGEST_QUERY), 414)
    refused(client.get("/" + "a" * 600), 414)
    for query in ("", "?", "?key", "?key=", "?kex=a", "?key=a&key=b", "?key=a&b=c", "?key=%ff", "?key=a&",
                  "?" + "&" * 500, "?" + "a[b]=" * 300, ):  # fmt: skip
        refused(client.get("/api/lesson" + query), 400, "key=")
    assert frames(client.get(lesson_url(KEY)).content)[-1][0] == b"R"


# The real thing


def ask(port: int, keys: Secrets, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(
        "GET", path, headers={"cookie": f"bridle_lab_{port}={keys.cookie}", "connection": "close"}
    )
    return connection.getresponse()


class Endless:
    """A lesson that never ends by itself and notes when it was ended."""

    def __init__(self, work: Callable[[Callable[[str, float], None]], Any]) -> None:
        self.work, self.begun, self.ended, self.at = work, threading.Event(), threading.Event(), 0.0

    def __call__(self, key: str, progress: Callable[[str, float], None]) -> dict[str, Any]:
        if key != "endless":
            return {"key": key}
        self.begun.set()
        try:
            while True:
                self.work(progress)
        finally:
            self.at = time.perf_counter()
            self.ended.set()


def idle(progress: Callable[[str, float], None]) -> None:
    time.sleep(0.01)
    progress("idle", 0.5)


def fitting(progress: Callable[[str, float], None]) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 60))
    bridle.fit(X, X[:, 0] + rng.standard_normal(20_000), threads=1, progress=progress)


@pytest.mark.parametrize("work", [idle, fitting])
def test_work_ends_when_the_client_goes_away(work: Callable[..., None], running: Any) -> None:
    endless = Endless(work)
    with running(endless) as (port, keys):
        answer = ask(port, keys, "/api/lesson?key=endless")
        assert endless.begun.wait(5)
        answer.read(10)
        began = time.perf_counter()
        answer.close()
        assert endless.ended.wait(5), "the work goes on"
        took = endless.at - began
        print(f"cancelled after {took:.3f} s")
        assert took < CANCELLED_WITHIN * (
            1 if work is idle else 3
        )  # a fit also draws its table, as no lesson does
        assert frames(ask(port, keys, "/api/lesson?key=other").read())[-1][0] == b"R"


def test_work_that_waits_for_its_turn_is_dropped_too(running: Any) -> None:
    endless, asked = Endless(idle), []

    def lessons(key: str, progress: Callable[[str, float], None]) -> dict[str, Any]:
        asked.append(key)
        return endless(key, progress)

    with running(lessons) as (port, keys):
        first = ask(port, keys, "/api/lesson?key=endless")
        assert endless.begun.wait(5)
        second = socket.create_connection(("127.0.0.1", port))
        request = f"GET /api/lesson?key=second HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        second.sendall(f"{request}Cookie: bridle_lab_{port}={keys.cookie}\r\n\r\n".encode())
        assert second.recv(100).startswith(b"HTTP/1.1 200")
        second.close()
        time.sleep(0.2)
        first.close()
        assert endless.ended.wait(5)
        assert frames(ask(port, keys, "/api/lesson?key=third").read())[-1][0] == b"R"
    assert asked == ["endless", "third"]


def test_stopping_ends_a_lesson_in_the_middle(running: Any) -> None:
    endless = Endless(idle)
    began = 0.0
    with running(endless) as (port, keys):
        answer = ask(port, keys, "/api/lesson?key=endless")
        assert endless.begun.wait(5)
        began = time.perf_counter()
    assert endless.ended.is_set() and time.perf_counter() - began < 2
    answer.close()


def test_bytes_that_are_no_request_leave_the_server_alive(running: Any) -> None:
    with running() as (port, keys):
        for content in (
            b"\x16\x03\x01\x02\x00nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
            b"GET /" + b"a" * 200_000 + b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        ):  # fmt: skip
            with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
                one.sendall(content)
                answered = one.recv(12)
                assert answered[9:10] == b"4" or not answered
        assert ask(port, keys, "/api/catalog").status == 200


def test_it_listens_on_this_machine_alone() -> None:
    opened = server.listen(0)
    assert opened.getsockname()[0] == "127.0.0.1"
    opened.close()


def test_a_port_in_use_is_the_next_one_or_an_error() -> None:
    first = server.listen()
    second = server.listen()
    try:
        one, two = first.getsockname()[1], second.getsockname()[1]
        assert server.FIRST_PORT <= one < two < server.FIRST_PORT + server.MOST_PORTS
        with pytest.raises(bridle.UsageError, match=f"Port {one} is in use"):
            server.listen(one)
    finally:
        first.close()
        second.close()
    server.listen(one).close()  # free again at once


def test_all_ports_in_use_is_an_error(monkeypatch: Any) -> None:
    taken = server.listen(0)
    monkeypatch.setattr(server, "FIRST_PORT", taken.getsockname()[1])
    monkeypatch.setattr(server, "MOST_PORTS", 1)
    with pytest.raises(bridle.UsageError, match="all in use"):
        server.listen()
    taken.close()


# As a process


def test_a_process_answers_soon_and_ends_on_ctrl_c(process: Any, files: Files) -> None:
    running_one, url, took = process("--port", 0)
    print(f"port open after {took:.3f} s")
    assert took < PORT_OPEN_WITHIN
    port, token = re.fullmatch(r"http://127.0.0.1:(\d+)/\?token=(.+)", url).groups()  # type: ignore[union-attr]
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    connection.request("GET", f"/?token={token}")
    answer = connection.getresponse()
    assert answer.status == 303
    cookie = answer.headers["set-cookie"].split(";")[0]
    answer.read()
    connection.request("GET", "/", headers={"cookie": cookie})
    assert connection.getresponse().read() == files["index.html"]
    connection.request("GET", lesson_url(KEY), headers={"cookie": cookie})
    assert frames(connection.getresponse().read())[-1][0] == b"R"
    began = time.perf_counter()
    running_one.send_signal(signal.SIGINT)
    out, err = running_one.communicate(timeout=10)
    assert running_one.returncode == 0 and out == ""
    assert "Traceback" not in err and err.splitlines()[-1] == "The lab is closed." and token not in err
    assert time.perf_counter() - began < 3
    connection.close()


def test_a_process_says_that_its_port_is_taken(process: Any) -> None:
    taken = server.listen(0)
    with pytest.raises(AssertionError) as said:
        process("--port", taken.getsockname()[1])
    assert f"bridle: Port {taken.getsockname()[1]} is in use" in str(said.value) and "Traceback" not in str(
        said.value
    )
    taken.close()
