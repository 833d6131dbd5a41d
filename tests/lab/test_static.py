"""The lesson as a folder: complete, the same numbers, nobody else's files touched, and read by a browser from file://."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridle.cli import main
from bridle.errors import FileError
from bridle.lab import pages, static
from bridle.lab.catalog import ABOUT
from bridle.lab.keys import Key, offered
from bridle.lab.lessons import compute
from bridle.lab.static import lesson_script, slug, with_catalog, write_folder
from bridle.lab.wire import decode

TEXTS = [
    "home?dataset=diabetes&l1_ratio=1&scale=bmi*1000&seed=0&standardize=0",
    "descent?alpha=0.3&dataset=pair&lr=0.1&method=proximal&penalty=l1&start=far&steps=20",
    "corners?dataset=pair&l1_ratio=0.5",
]
KEYS = [Key.parse(text) for text in TEXTS]
# The lessons alone; the folder is meant to be put on the web.
MOST_BYTES = 16e6


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_the_folder_holds_the_page_the_catalog_and_every_lesson(
    tmp_path: Path, app_folder: Path, files: Any
) -> None:
    told: list[tuple[str, float]] = []
    index, size = write_folder(
        tmp_path / "a" / "b", app=app_folder, keys=KEYS, progress=lambda *a: told.append(a)
    )
    folder = tmp_path / "a" / "b"
    assert index == folder / "index.html"
    made = tree(folder)
    names = {f"data/{slug(text)}.js" for text in TEXTS}
    assert set(made) == {*files, "data/catalog.js", "bridle-lab.json", *names}
    assert size == sum(map(len, made.values()))
    assert told[-1] == ("lessons", 1.0) and len(told) == 3
    known = json.loads(re.fullmatch(rb"window\.bridleStatic = (.*);\n", made["data/catalog.js"])[1])  # type: ignore[index]
    assert known["keys"] == TEXTS
    assert [one["id"] for one in known["catalog"]["datasets"]] == list(ABOUT)
    for text in TEXTS:
        called = re.fullmatch(
            rb'window\.bridleLesson\((".*"),"?\s*(".*")\);\n', made[f"data/{slug(text)}.js"]
        )
        assert called and json.loads(called[1]) == text
        found, own = decode(base64.b64decode(json.loads(called[2]), validate=True)), compute(text)
        assert set(found) == set(own)
        for name, value in own.items():
            assert (
                np.array_equal(found[name], value, equal_nan=isinstance(value, np.ndarray))
                or found[name] == value
            )


def test_the_catalog_comes_before_the_pages_own_script(tmp_path: Path, app_folder: Path, files: Any) -> None:
    page = write_folder(tmp_path / "x", app=app_folder, keys=[])[0].read_bytes()
    assert page.replace(b'<script src="data/catalog.js"></script>\n', b"", 1) == files["index.html"]
    assert page.index(b"data/catalog.js") < page.index(b"app.js")
    assert with_catalog(page) == page
    with pytest.raises(FileError, match="no script"):
        with_catalog(b"<html></html>")


def test_file_names_are_those_of_the_front_end() -> None:
    # As slug() in web/src/ground/load.ts: every character outside [A-Za-z0-9.=_-], code point by code point.
    assert slug(TEXTS[0]) == "home_dataset=diabetes_l1_ratio=1_scale=bmi_1000_seed=0_standardize=0"
    assert slug("a/../b\\c:é\U0001f600") == "a_.._b_c___"
    names = [slug(str(key)).lower() for key in offered()]
    assert len(set(names)) == len(names) and "catalog" not in names and max(map(len, names)) < 150


def test_a_script_ends_nothing() -> None:
    script = lesson_script('</script><!-- "\n\u2028é', b"\0\xff")
    assert b"<" not in script and script.isascii() and script.count(b"\n") == 1


def test_an_earlier_export_is_replaced(tmp_path: Path, app_folder: Path) -> None:
    write_folder(tmp_path / "x", app=app_folder, keys=KEYS)
    first = tree(tmp_path / "x")
    write_folder(tmp_path / "x", app=app_folder, keys=KEYS)
    assert tree(tmp_path / "x") == first
    write_folder(tmp_path / "x", app=app_folder, keys=KEYS[:1])
    assert set(first) - set(tree(tmp_path / "x")) == {f"data/{slug(text)}.js" for text in TEXTS[1:]}
    assert json.loads((tmp_path / "x" / "bridle-lab.json").read_text())["files"] == sorted(
        tree(tmp_path / "x")
    )


@pytest.mark.parametrize("name", ["notes.txt", "data/mine.js", "index.html", "bridle-lab.json", "sub/deep/x"])
def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, app_folder: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileError, match="no earlier lesson"):
        write_folder(tmp_path, app=app_folder, keys=KEYS)
    assert tree(tmp_path) == {name: b"mine"}


def test_a_file_added_to_an_export_is_not_lost(tmp_path: Path, app_folder: Path) -> None:
    write_folder(tmp_path, app=app_folder, keys=KEYS)
    (tmp_path / "notes.txt").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(FileError, match=r"notes\.txt"):
        write_folder(tmp_path, app=app_folder, keys=[])
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "listed",
    [
        "[]",
        "{}",
        '{"format": "bridle.lab/1"}',
        '{"format": "other/1", "files": ["bridle-lab.json"]}',
        "[" * 10_000,
    ],
)
def test_a_list_that_is_none_makes_no_export(tmp_path: Path, app_folder: Path, listed: str) -> None:
    (tmp_path / "bridle-lab.json").write_text(listed)
    with pytest.raises(FileError, match="no earlier lesson"):
        write_folder(tmp_path, app=app_folder, keys=[])


def test_links_are_not_followed(tmp_path: Path, app_folder: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious").write_text("mine")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "data").symlink_to(tmp_path / "other")
    with pytest.raises(FileError, match="no earlier lesson"):
        write_folder(tmp_path / "x", app=app_folder, keys=[])
    assert tree(tmp_path / "other") == {"precious": b"mine"}


def test_an_export_that_breaks_off_leaves_what_was_there(
    tmp_path: Path, app_folder: Path, monkeypatch: Any
) -> None:
    write_folder(tmp_path, app=app_folder, keys=KEYS[1:])
    before = tree(tmp_path)

    def broken(key: str) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(static, "compute", broken)
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path, app=app_folder, keys=KEYS)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("after", range(7))
def test_one_killed_while_files_are_put_in_place_can_be_repeated(
    tmp_path: Path, app_folder: Path, monkeypatch: Any, after: int
) -> None:
    write_folder(tmp_path, app=app_folder, keys=KEYS[1:])
    replace, done = os.replace, []

    class Killed(BaseException):
        pass

    def fails(a: Any, b: Any) -> None:
        done.append(b)
        if len(done) > after:
            raise Killed
        replace(a, b)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        patch.setattr(shutil, "rmtree", lambda *a, **k: None)  # nothing is tidied up after a kill
        with pytest.raises(Killed):
            write_folder(tmp_path, app=app_folder, keys=KEYS[:2])
    write_folder(tmp_path, app=app_folder, keys=KEYS[:2])
    clean = tmp_path.parent / f"{tmp_path.name}-clean"
    write_folder(clean, app=app_folder, keys=KEYS[:2])
    assert tree(tmp_path) == tree(clean)


def test_everybody_may_read_what_is_put_on_a_host(tmp_path: Path, app_folder: Path) -> None:
    old = os.umask(0o022)
    try:
        write_folder(tmp_path / "x", app=app_folder, keys=KEYS[1:])
    finally:
        os.umask(old)
    for one in [tmp_path / "x", *(tmp_path / "x").rglob("*")]:
        wanted = 0o755 if one.is_dir() else 0o644
        assert stat.S_IMODE(one.stat().st_mode) == wanted, one


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path, app_folder: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileError, match="no folder"):
        write_folder(tmp_path / "file", app=app_folder, keys=[])
    with pytest.raises(FileError, match="cannot be written"):
        write_folder(tmp_path / "file" / "below", app=app_folder, keys=[])
    with pytest.raises(FileError, match="pages are missing"):
        write_folder(tmp_path / "x", app=tmp_path, keys=[])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_the_command_writes_everything_that_is_offered(
    tmp_path: Path, app_folder: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr(pages.app_files, "__defaults__", (app_folder,))
    monkeypatch.setattr(write_folder, "__kwdefaults__", {**write_folder.__kwdefaults__, "app": app_folder})
    assert main(["lab", "--static", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'out' / 'index.html'}\n" and "MB" in said.err
    made = tree(tmp_path / "out")
    assert {f"data/{slug(str(key))}.js" for key in offered()} <= set(made)
    size = sum(map(len, made.values()))
    print(f"{len(made)} files, {size / 1e6:.2f} MB")
    assert size < MOST_BYTES


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--static", "x", "--port", "1"], "--port"), (["--port", "70000"], "65535"), (["--port", "x"], "x")],
)
def test_options_without_sense_are_usage_errors(arguments: list[str], words: str, capsys: Any) -> None:
    assert main(["lab", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == "" and words in said.err and "Traceback" not in said.err


@pytest.mark.browser
def test_a_browser_reads_the_folder_from_its_files(browser: Any, tmp_path: Path, app_folder: Path) -> None:
    """By double-click there is no server: the catalog and a lesson are scripts, and their bytes arrive whole."""
    index, _ = write_folder(tmp_path / "a b ü#1", app=app_folder, keys=KEYS)
    trouble: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("console", lambda m: trouble.append(m.text))
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("requestfailed", lambda r: trouble.append(r.url))
    page.goto(index.as_uri())
    assert page.evaluate("window.started") is True
    assert page.evaluate("window.bridleStatic.keys") == TEXTS
    got = page.evaluate(
        """keys => Promise.all(keys.map(key => new Promise((done, fail) => {
          window.bridleLesson = (name, content) => (window.got ??= {}, window.got[name] = content);
          const script = document.createElement('script');
          script.src = 'data/' + key.replace(/[^A-Za-z0-9.=_-]/gu, '_') + '.js';
          script.onload = () => done(window.got[key]);
          script.onerror = () => fail(new Error(script.src));
          document.head.append(script);
        })))""",
        TEXTS,
    )
    context.close()
    assert trouble == []
    for text, content in zip(TEXTS, got):
        assert decode(base64.b64decode(content))["key"] == text
