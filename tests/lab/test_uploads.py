"""Tables that a page sends: where they go, who may send them, how many at once, and files made to do harm."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import signal
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from bridle.cli import main
from bridle.errors import BridleError, FileError, UsageError
from bridle.lab import ahead, uploads
from bridle.lab import tables as tables_room
from bridle.lab.following import read_followed
from bridle.lab.frames import frames
from bridle.lab.security import Secrets
from bridle.lab.tables import Tables
from bridle.lab.wire import decode

SMALL = b"a,b\n1,2\n3,5\n4,4\n5,9\n"
CANCELLED_WITHIN = 0.2


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    """Where temporary files of this test go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def place(folder: Path, running: Any) -> Iterator[tuple[int, Secrets]]:
    with running() as found:
        yield found


@pytest.fixture
def client(place: tuple[int, Secrets], client_of: Any) -> Any:
    return client_of(place[0], place[1].cookie)


def headers(client: Any, **more: str) -> dict[str, str]:
    """What the lab's own page sends with a file."""
    given = {"origin": f"http://127.0.0.1:{client.port}", "content-type": "application/octet-stream"}
    return given | {name.replace("_", "-"): value for name, value in more.items()}


def send(client: Any, content: bytes, name: str = "t.csv", **more: str) -> Any:
    own = headers(client, content_length=str(len(content))) | {
        k.replace("_", "-"): v for k, v in more.items()
    }
    return client.request("POST", "/api/table?name=" + quote(name, safe=""), own, content)


def asked(client: Any, key: str) -> tuple[bytes, Any]:
    """The last frame of a lesson: its kind and what it says."""
    kind, content = frames(client.get("/api/lesson?key=" + quote(key, safe="")).content)[-1]
    return kind, decode(content) if kind == b"R" else json.loads(content)["message"]


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def alive(client: Any) -> bool:
    return client.get("/api/catalog").status_code == 200


# Where they go


def test_a_table_is_kept_in_a_private_folder_under_another_name(client: Any, folder: Path) -> None:
    said = send(client, SMALL, "prices.csv").json()
    assert set(said) == {"id", "name", "bytes", "said"} and len(said["id"]) == 16
    assert said["name"] == "prices.csv" and said["bytes"] == len(SMALL) and said["said"] == ""
    (file,) = kept(folder)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700 and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == SMALL and "prices" not in str(file) and said["id"] not in str(file)
    assert client.get("/api/tables").json()["tables"] == [{k: said[k] for k in ("id", "name", "bytes")}]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../../etc/passwd", "passwd"),
        ("/etc/cron.d/x", "x"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\x00b\r\nset-cookie: x.csv", "a b  set-cookie: x.csv"),
        ("<script>alert(1)</script>.csv", "script>.csv"),
        ("\u202egpj.csv", "gpj.csv"),
        ("x" * 400, "x" * 120),
        ("", "table"),
        ("..", ".."),
    ],
)
def test_a_name_is_only_shown(client: Any, folder: Path, name: str, shown: str) -> None:
    answer = send(client, SMALL, name)
    assert answer.status_code == 200 and answer.json()["name"] == shown
    (file,) = kept(folder)
    assert file.parent.parent == folder and file.name.isascii() and len(file.name) < 20
    kind, found = asked(client, f"yours-columns?roles=none&table={answer.json()['id']}")
    assert kind == b"R" and found["names"] == ["a", "b"] and found["title"] == shown


def test_three_are_kept_and_the_oldest_goes_with_a_word(client: Any, folder: Path) -> None:
    ids = [send(client, SMALL, f"{n}.csv").json()["id"] for n in range(3)]
    fourth = send(client, SMALL, "3.csv").json()
    assert "0.csv" in fourth["said"] and "dropped" in fourth["said"]
    assert [held["name"] for held in client.get("/api/tables").json()["tables"]] == [
        "3.csv",
        "2.csv",
        "1.csv",
    ]
    assert len(kept(folder)) == 3
    kind, said = asked(client, f"yours-columns?roles=none&table={ids[0]}")
    assert kind == b"E" and "no longer" in said and alive(client)


def test_a_table_is_dropped_when_the_page_says_so(client: Any, folder: Path) -> None:
    id = send(client, SMALL).json()["id"]
    own = headers(client)
    assert client.request("DELETE", f"/api/table?id={id}", own).json() == {"dropped": id}
    assert kept(folder) == [] and client.get("/api/tables").json()["tables"] == []
    for wrong in (id, "", "../..", "0" * 16):
        answer = client.request("DELETE", f"/api/table?id={quote(wrong, safe='')}", own)
        assert answer.status_code == 404


def test_nothing_is_left_when_the_server_ends(folder: Path, running: Any, client_of: Any) -> None:
    with running() as (port, keys):
        send(client_of(port, keys.cookie), SMALL)
        assert len(kept(folder)) == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_program_is_ended(
    process: Any, client_of: Any, folder: Path, monkeypatch: Any, end: signal.Signals
) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    one, address, _ = process("--port", "0")
    port = int(address.split(":")[2].split("/")[0])
    cookie = (
        client_of(port).get(address[address.index("/?") :]).headers["set-cookie"].split(";")[0].split("=")[1]
    )
    assert send(client_of(port, cookie), SMALL).status_code == 200 and len(kept(folder)) == 1
    one.send_signal(end)
    one.wait(10)
    assert list(folder.iterdir()) == []


# Who may send


def test_only_the_labs_own_page_may_send_or_drop(client: Any, folder: Path, client_of: Any) -> None:
    own = headers(client, content_length=str(len(SMALL)))
    without = {k: v for k, v in own.items() if k != "origin"}
    for method in ("POST", "DELETE"):
        for origin in (None, "http://evil.example", "null", f"http://localhost:{client.port}", ""):
            given = without if origin is None else {**own, "origin": origin}
            answer = client.request(method, "/api/table?name=x", given, SMALL if method == "POST" else b"")
            assert answer.status_code == 403 and "set-cookie" not in answer.headers, (method, origin)
        stranger = client_of(client.port)
        given, body = (own, SMALL) if method == "POST" else (headers(client), b"")
        assert stranger.request(method, "/api/table?name=x", given, body).status_code == 403
        foreign = {**given, "host": "evil.example"}
        assert client.request(method, "/api/table?name=x", foreign, body).status_code == 403
    assert kept(folder) == [] and client.get("/api/tables").json()["tables"] == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_nothing_else_changes_anything(client: Any, method: str) -> None:
    assert client.request(method, "/api/table?name=x", headers(client)).status_code == 405
    for path in ("/api/tables", "/api/lesson", "/", "/api/model", "/api/table/", "/api/table/x"):
        assert client.request("POST", path, headers(client)).status_code == 405


def test_a_file_must_say_what_it_is(client: Any, folder: Path) -> None:
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""):
        assert send(client, SMALL, content_type=kind).status_code == 415
    own = headers(client, transfer_encoding="chunked")
    assert client.request("POST", "/api/table?name=x", own, b"3\r\na,b\r\n0\r\n\r\n").status_code == 413
    assert client.request("POST", "/api/table?name=x", headers(client)).status_code == 411
    assert send(client, b"").json()["message"].startswith("The file is empty")
    assert kept(folder) == [] and alive(client)


# How much


def test_a_file_beyond_the_limit_is_refused_and_not_kept(client: Any, folder: Path, monkeypatch: Any) -> None:
    """A browser reads no answer while it sends: a part of what is refused is read, and forgotten."""
    monkeypatch.setattr(uploads, "READ_AND_FORGET", 1 << 20)
    with closing(socket.create_connection(("127.0.0.1", client.port), 10)) as wire:
        request = f"POST /api/table?name=x HTTP/1.1\r\nhost: 127.0.0.1:{client.port}\r\n"
        own = headers(
            client, content_length=str((2 << 30) + 1), cookie=f"bridle_lab_{client.port}={client.cookie}"
        )
        wire.sendall((request + "".join(f"{k}: {v}\r\n" for k, v in own.items()) + "\r\n").encode())
        wire.sendall(b"1,2\n" * (1 << 19))
        said = b""
        while b"bridle lab TABLE" not in said and (
            more := wire.recv(4096)
        ):  # headers and words may come apart
            said += more
    assert b" 413 " in said and b"bridle lab TABLE" in said and kept(folder) == [] and alive(client)


def _held_open(client: Any, count: int) -> list[socket.socket]:
    """Uploads that have begun and wait in the middle."""
    out = []
    for n in range(count):
        wire = socket.create_connection(("127.0.0.1", client.port), 10)
        own = headers(client, content_length="1000", cookie=f"bridle_lab_{client.port}={client.cookie}")
        lines = "".join(f"{k}: {v}\r\n" for k, v in own.items())
        head = f"POST /api/table?name={n}.csv HTTP/1.1\r\nhost: 127.0.0.1:{client.port}\r\n{lines}\r\n"
        wire.sendall(head.encode() + b"a,b\n")
        out.append(wire)
    return out


def _until(condition: Any, seconds: float = 5.0) -> float:
    start = time.perf_counter()
    while not condition():
        assert time.perf_counter() - start < seconds
        time.sleep(0.005)
    return time.perf_counter() - start


def test_the_fifth_at_once_is_asked_to_come_again(client: Any, folder: Path) -> None:
    wires = _held_open(client, 4)
    _until(lambda: len(kept(folder)) == 4)
    answer = send(client, SMALL)
    assert (
        answer.status_code == 429
        and answer.headers["retry-after"] == "5"
        and "try again" in answer.json()["message"]
    )
    wires[0].sendall(b"1,2\n" * 249)
    assert b" 200 " in wires[0].recv(4096)
    assert send(client, SMALL).status_code == 200
    for wire in wires:
        wire.close()
    _until(lambda: len(kept(folder)) == 2)
    assert alive(client)


def test_fifty_at_once_are_answered(client: Any, folder: Path) -> None:
    """Whole answers for all: four at a time come in, the others hear that they should come again."""
    content = b"a,b\n" + b"1.5,2.5\n" * 400_000
    answers: list[Any] = []

    def one() -> None:
        answers.append(send(client, content))

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    states = [answer.status_code for answer in answers]
    assert len(states) == 50 and set(states) <= {200, 429} and states.count(200) >= 4 and 429 in states
    assert all("try again" in answer.json()["message"] for answer in answers if answer.status_code == 429)
    assert len(kept(folder)) == 3 and alive(client)


def test_an_upload_that_is_given_up_leaves_nothing_at_once(client: Any, folder: Path) -> None:
    (wire,) = _held_open(client, 1)
    _until(lambda: len(kept(folder)) == 1)
    wire.close()
    assert _until(lambda: kept(folder) == []) < CANCELLED_WITHIN
    assert client.get("/api/tables").json()["tables"] == []


def test_an_upload_that_sends_nothing_more_is_ended(client: Any, folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(uploads, "PATIENCE", 0.2)
    (wire,) = _held_open(client, 1)
    assert b" 408 " in wire.recv(4096)
    wire.close()
    assert kept(folder) == [] and alive(client)


def test_a_full_disk_is_said(client: Any, folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda place: type("Usage", (), {"free": 10})())
    answer = send(client, SMALL)
    assert answer.status_code == 507 and "disk is full" in answer.json()["message"] and kept(folder) == []


# Files made to do harm, or made by accident


def _parquet(cut: int | None = None) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(pa.table({"a": [1.0, 2.0, 4.0], "b": [2.0, 3.0, 9.0]}), out)
    return out.getvalue()[:cut]


def _deep(depth: int) -> bytes:
    return b'{"a": ' * depth + b"1" + b"}" * depth + b"\n"


class _Harm:
    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/bridle-was-here",)


FINE = {
    "bom": (b"\xef\xbb\xbf" + SMALL, "t.csv", ["a", "b"], 4),
    "utf-16": ("a,b\n1,2\n3,5\n".encode("utf-16"), "t.csv", ["a", "b"], 2),
    "crlf": (SMALL.replace(b"\n", b"\r\n"), "t.csv", ["a", "b"], 4),
    "quotes": (b'"a ""q""","b,\n2"\n1,2\n"3\n",4\n', "t.csv", ['a "q"', "b,\n2"], 2),
    "latin-1": ("größe,b\n1,2\n3,4\n".encode("latin-1"), "t.csv", ["größe", "b"], 2),
    "semicolons": (b"a;b\n1,5;2\n2,5;3\n", "t.csv", ["a", "b"], 2),
    "empty-name": (b"a,,b\n1,2,3\n4,5,7\n", "t.csv", ["a", "unnamed 2", "b"], 2),
    "html": (b"<img src=x onerror=alert(1)>,b\n1,2\n3,4\n", "t.csv", ["<img src=x onerror=alert(1)>", "b"], 2),
    "gzip": (gzip.compress(SMALL), "t.csv.gz", ["a", "b"], 4),
    "parquet": (_parquet(), "t.csv", ["a", "b"], 3),
    "json-lines": (b'{"a": 1, "b": 2}\n{"a": 2, "b": "x"}\n', "t.jsonl", ["a", "b"], 2),
    "surrogates": (b'{"a\\ud800": 1, "b": 2}\n{"a\\ud800": 2, "b": "\\udc00"}\n', "t.jsonl", None, 2),
}  # fmt: skip
HARMFUL = {
    "ragged": (b"a,b\n1,2\n3,4,5\n", "t.csv", "row 2 (line 3) has 3 values, but the header has 2"),
    "short": (b"a,b\n1,2\n3\n", "t.csv", "row 2 (line 3) has 1 value"),
    "blank": (b"\n\n  \n", "t.csv", "is empty"),
    "twice": (b"a,b,a\n1,2,3\n", "t.csv", '"a": columns 1, 3'),
    "nul": (b"a,b\n1,2\n3,\x004\n", "t.csv", "NUL bytes (line 3)"),
    "open-quote": (b'a,b\n1,"2\n3,4\n5,6\n', "t.csv", "never closed"),
    "long-line": (b"a,b\n1," + b"x" * 100_000_000, "t.csv", "longer than"),
    "gzip-bomb": (gzip.compress(b"a,b\n" + b"1,2\n" * 150_000_000, 9), "t.csv.gz", "unzipped"),
    "gzip-cut": (gzip.compress(SMALL * 99)[:40], "t.csv.gz", "cut short"),
    "parquet-cut": (_parquet(-30), "t.parquet", "cut short"),
    "arrow-broken": (b"ARROW1\0\0" + b"\xff" * 200, "t.arrow", "no Arrow file"),
    "pickle": (pickle.dumps(_Harm(), 4), "t.csv", "pickle"),
    "zip": (b"PK\x03\x04" + b"\0" * 99, "t.xlsx", "Excel"),
    "page": (b"<!doctype html><p>x", "t.csv", "web page"),
    "deep-json": (_deep(100_000), "t.jsonl", "line 1 is not JSON"),
    "not-objects": (b'{"a": 1}\n[1, 2]\n', "t.jsonl", "line 2 is not a JSON object"),
    "json-torn": (b'{"a": 1}\n{"a": \n', "t.jsonl", "line 2 is not JSON"),
    "binary": (np.random.default_rng(0).bytes(5000), "t.csv", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_odd_files_are_read(client: Any, name: str) -> None:
    content, called, names, rows = FINE[name]
    id = send(client, content, called).json()["id"]
    kind, said = asked(client, f"yours-columns?roles=none&table={id}")
    assert kind == b"R", said
    assert said["n_rows"] == rows and (names is None or said["names"] == names)
    assert alive(client)


@pytest.mark.parametrize("name", HARMFUL)
def test_files_that_are_no_tables_are_one_clear_sentence(client: Any, name: str, capfd: Any) -> None:
    content, called, words = HARMFUL[name]
    id = send(client, content, called).json()["id"]
    kind, said = asked(client, f"yours-columns?roles=none&table={id}")
    assert kind == b"E" and words in said and "bug" not in said and called in said, said
    assert "Traceback" not in said + capfd.readouterr().err and len(said) < 400 and id not in said
    assert not Path("/tmp/bridle-was-here").exists() and alive(client)


def test_a_header_alone_is_shown_and_said(client: Any) -> None:
    id = send(client, b"a,b\n").json()["id"]
    kind, said = asked(client, f"yours-columns?roles=none&table={id}")
    assert kind == b"R" and said["names"] == ["a", "b"] and said["n_rows"] == 0
    assert "no rows, only a header" in said["problem"]


def test_a_hundred_thousand_levels_are_answered(client: Any) -> None:
    rows = b"".join(b"%d,v%d\n" % (n % 977, n) for n in range(100_000))
    content = b"y,x\n" + rows + b"1,v0\n"
    id = send(client, content).json()["id"]
    kind, said = asked(client, f"yours-columns?roles=t0&table={id}")
    assert kind == b"R" and said["seen"][1] == "text, 100,000 different"
    assert any("100,000 levels" in note["text"] for note in said["notes"])


@pytest.mark.parametrize(
    "key", ["yours-columns?roles=none&table=x", "yours-columns?roles=none&table=" + "0" * 16]
)
def test_a_table_that_there_is_not_is_said(client: Any, key: str) -> None:
    assert asked(client, key)[0] == b"E" and alive(client)


# The command line


def test_the_command_line_opens_one_table(process: Any, client_of: Any, tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "t.csv").write_bytes(SMALL)
    (tmp_path / "secret.csv").write_bytes(SMALL)
    command = [sys.executable, "-m", "bridle", "lab", str(tmp_path / "t.csv"), "--no-browser", "--port", "0"]
    one = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert one.stdout is not None
    try:
        line = one.stdout.readline().strip()
        address, _, place = line.partition("#/yours?table=")
        port = int(address.split(":")[2].split("/")[0])
        cookie = client_of(port).get(address[address.index("/?") :]).headers["set-cookie"].split(";")[0]
        client = client_of(port, cookie.split("=")[1])
        assert client.get("/api/tables").json()["tables"] == [
            {"id": place, "name": "t.csv", "bytes": len(SMALL)}
        ]
        assert asked(client, f"yours-columns?roles=none&table={place}")[1]["names"] == ["a", "b"]
        assert client.request("DELETE", f"/api/table?id={place}", headers(client)).status_code == 200
        assert (tmp_path / "t.csv").read_bytes() == SMALL  # the person's own file is never touched
    finally:
        one.terminate()
        one.wait(10)
        one.stdout.close()


def test_what_is_no_file_is_refused_before_a_port_is_opened(tmp_path: Path, capsys: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    for wrong, words in (
        (".", "directory"),
        ("pipe", "pipe"),
        ("none.csv", "no file"),
        ("-", "standard input"),
    ):
        path = wrong if wrong == "-" else str(tmp_path / wrong)
        assert main(["lab", path, "--no-browser"]) in (2, 3)
        said = capsys.readouterr()
        assert said.out == "" and words in said.err and "Traceback" not in said.err
    assert main(["lab", "--static", str(tmp_path / "s"), "t.csv"]) == 2


def test_the_store_says_what_is_wrong(tmp_path: Path) -> None:
    store = Tables()
    with pytest.raises(FileError, match="directory"):
        store.named(str(tmp_path))
    with pytest.raises(UsageError, match="not held"):
        store.get("0" * 16)
    assert not store.drop("x") and store.listed() == []
    store.close()
    with pytest.raises(UsageError, match="closing"):
        store.folder()
    assert tables_room.MOST_TABLES == 3 and uploads.MOST_AT_ONCE == 4 and uploads.LARGEST == 2 << 30


# Read while they arrive


AHEAD = {
    **{f"fine {name}": (content, called) for name, (content, called, _, _) in FINE.items()},
    **{f"harmful {name}": (content, called) for name, (content, called, _) in HARMFUL.items() if len(content) < 10**6},
    "many blocks": (b"a,b,c\n" + b"".join(b"%d,v%d,%d.5\n" % (n, n % 7, n) for n in range(3000)), "t.csv"),
    "whole, then not": (b"a,b\n" + b"1,2\n" * 2000 + b"1.5,x\n", "t.csv"),
    "whole, then halves": (b"a,b\n" + b"1,2\n" * 2000 + b"1.5,2\n" * 2000, "t.csv"),
    "empty at first": (b"a,b\n" + b",2\n" * 2000 + b"7,2\n" * 2000, "t.csv"),
    "days, then words": (b"a,b\n" + b"2024-01-02,2\n" * 2000 + b"soon,2\n", "t.csv"),
    "quoted lines": (b"a,b\n" + b'1,"x\ny"\n2,"z"\n' * 2000, "t.csv"),
    "quoted lines first": (b"a,b\n" + b'"x\n\ny",1\n"z",2\n' * 2000, "t.csv"),
    "inches": (b'a,b\n1,5" pipe\n2,"6"" pipe\nand more"\n' * 900, "t.csv"),
    "blank lines": (b"a,b\n" + b"1,2\n\n\n3,4\r\n" * 2000, "t.csv"),
    "no last break": (b"a,b\n" + b"1,2\n" * 3000 + b"3,4", "t.csv"),
    "ragged late": (b"a,b\n" + b"1,2\n" * 3000 + b"3,4,5\n", "t.csv"),
    "not utf-8 late": (b"a,b\n" + b"1,x\n" * 90_000 + "1,ö\n".encode("latin-1"), "t.csv"),
    "beyond 2^53": (b"a,b\n" + b"9007199254740993,2\n" * 2000 + b"1.5,2\n" * 2000, "t.csv"),
    "carriage returns": (b"a,b\r" + b"1,2\r" * 3000, "t.csv"),
    "leading zeros": (b"zip,b\n" + b"01234,2\n" * 3000 + b"99999,3\n" * 2000, "t.csv"),
}  # fmt: skip


@pytest.mark.parametrize("name", AHEAD)
def test_what_is_read_while_it_arrives_is_what_the_file_holds(
    folder: Path, monkeypatch: Any, name: str
) -> None:
    """In pieces and blocks of all sizes: the same table and notes, or none, and then the file is read as ever."""
    content, called = AHEAD[name]
    path = folder / "t"
    path.write_bytes(content)
    try:
        whole: Any = read_followed(str(path), called, lambda stage, share: None)
    except BridleError:
        whole = None
    for piece, block in ((64, 256), (1000, 1), (1 << 20, 1 << 23)):
        monkeypatch.setattr(ahead, "PIECE", piece)
        monkeypatch.setattr(ahead, "BLOCK", block)
        reading = ahead.Ahead(str(path), called, len(content))
        for there in range(0, len(content), max(1, len(content) // 7)):
            reading.grown(there)
        reading.grown(len(content))
        found: Any = reading.table(lambda stage, share: None)
        assert name != "many blocks" or found is not None
        if found is None:
            continue
        assert whole is not None and found.names == whole.names and found.n_rows == whole.n_rows
        assert found.notes == whole.notes and found.where(0) == whole.where(0) and found.name == whole.name
        for column in whole.names:
            assert found._raw[column].type == whole._raw[column].type
            assert found._raw[column].equals(whole._raw[column])


def _large() -> bytes:
    return b"a,b\n" + b"1.5,2.5\n" * 800_000


def test_a_large_table_is_there_with_its_last_byte(client: Any, folder: Path, monkeypatch: Any) -> None:
    """Without the reader of whole files."""
    monkeypatch.setattr("bridle.lab.following.read_followed", None)
    id = send(client, _large()).json()["id"]
    kind, said = asked(client, f"yours-columns?roles=none&table={id}")
    assert kind == b"R" and said["n_rows"] == 800_000 and said["names"] == ["a", "b"]


def test_an_upload_of_a_large_table_that_is_given_up_ends_its_reading(client: Any, folder: Path) -> None:
    before = threading.active_count()
    content = _large()
    wire = socket.create_connection(("127.0.0.1", client.port), 10)
    own = headers(
        client, content_length=str(len(content)), cookie=f"bridle_lab_{client.port}={client.cookie}"
    )
    lines = "".join(f"{k}: {v}\r\n" for k, v in own.items())
    wire.sendall(
        f"POST /api/table?name=t.csv HTTP/1.1\r\nhost: 127.0.0.1:{client.port}\r\n{lines}\r\n".encode()
    )
    wire.sendall(content[: len(content) // 2])
    _until(lambda: any(thread.name == "bridle-lab-ahead" for thread in threading.enumerate()))
    wire.close()
    assert _until(lambda: kept(folder) == []) < CANCELLED_WITHIN
    _until(lambda: threading.active_count() <= before)
    assert alive(client) and send(client, SMALL).status_code == 200


def test_work_on_another_table_ends_what_is_read_ahead(folder: Path) -> None:
    store = Tables()
    (folder / "small.csv").write_bytes(SMALL)
    small = store.named(str(folder / "small.csv"))
    (folder / "large.csv").write_bytes(_large()[:1000])
    reading = store.begin(str(folder / "large.csv"), "large.csv", 1 << 23)
    assert reading is not None and store.begin(str(folder / "large.csv"), "other.csv", 1 << 23) is None
    start = time.perf_counter()
    assert store.read(small.id, lambda stage, share: None).n_rows == 4
    assert time.perf_counter() - start < 1 and reading.ended and store._ahead is None
    store.close()


def test_what_the_command_line_named_is_read_before_it_is_asked_for(folder: Path, monkeypatch: Any) -> None:
    (folder / "large.csv").write_bytes(_large())
    store = Tables()
    held = store.named(str(folder / "large.csv"))
    store.begin_named()
    monkeypatch.setattr("bridle.lab.following.read_followed", None)
    assert store.read(held.id, lambda stage, share: None).n_rows == 800_000
    assert store.drop(held.id) and store._ahead is None
    store.close()
