"""`bridle lab`: what it prints where, which address a browser gets, and what it loads when."""

from __future__ import annotations

import re
import subprocess
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridle.cli import main
from bridle.lab import pages, server

ADDRESS = r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]{43,})"


@pytest.fixture
def opened(monkeypatch: Any, app_folder: Path) -> list[str]:
    """The addresses that a browser was given; the server itself says at once that it is ready, and ends by Ctrl-C."""
    addresses: list[str] = []

    def serve(listening: Any, keys: Any, files: Any, ready: Callable[[], None]) -> None:
        ready()
        assert addresses == [] or keys.opens(addresses[0].split("=")[1])
        assert addresses == [] or not keys.opens(addresses[0].split("=")[1])
        listening.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(pages.app_files, "__defaults__", (app_folder,))
    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr(webbrowser, "open", lambda url: addresses.append(url) or True)
    return addresses


def test_the_address_is_data_and_the_rest_is_said(opened: list[str], capsys: Any) -> None:
    assert main(["lab"]) == 0
    said = capsys.readouterr()
    printed = re.fullmatch(ADDRESS + "\n", said.out)
    given = re.fullmatch(ADDRESS, opened[0])
    assert printed and given and len(opened) == 1
    assert printed[1] == given[1] and int(printed[1]) >= server.FIRST_PORT
    assert printed[2] != given[2]  # what stands among a process's arguments opens once
    assert "Ctrl-C" in said.err and "closed" in said.err and printed[2] not in said.err


def test_no_browser_is_opened_where_none_is_wanted(opened: list[str], capsys: Any) -> None:
    assert main(["lab", "--no-browser", "--port", "0"]) == 0
    assert opened == [] and re.fullmatch(ADDRESS + "\n", capsys.readouterr().out)


def test_a_machine_without_a_browser_is_told_so(opened: list[str], monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    assert main(["lab"]) == 0
    assert "No browser" in capsys.readouterr().err


def test_pages_that_are_missing_are_an_error(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(pages.app_files, "__defaults__", (tmp_path,))
    assert main(["lab"]) == 3
    said = capsys.readouterr()
    assert said.out == "" and "pages are missing" in said.err


def test_only_files_that_a_page_needs_are_served(tmp_path: Path) -> None:
    for name in ("index.html", "app.js", "app.js.map", "notes.md", ".hidden.js", "x.svg"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder.js").mkdir()
    assert set(pages.app_files(tmp_path)) == {"index.html", "app.js", "x.svg"}


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('LOADED', *{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split("LOADED")[1].split())


def test_help_loads_no_server() -> None:
    assert (
        loaded_by("from bridle.cli import main\nmain(['--help'])") & {"starlette", "uvicorn", "numpy"}
        == set()
    )
    assert loaded_by("import bridle\nbridle.descend") & {"starlette", "uvicorn", "scipy"} == set()
    assert loaded_by("from bridle.lab import lessons, static") & {"starlette", "uvicorn", "sklearn"} == set()


def test_the_server_listens_before_the_engine_is_loaded() -> None:
    loaded = loaded_by("from bridle.lab import server, security, pages")
    assert {"starlette", "uvicorn"} <= loaded and loaded & {"numpy", "scipy", "sklearn"} == set()


def test_no_lesson_loads_scikit_learn() -> None:
    """It takes over a second; the table is read from its files."""
    key = "home?dataset=diabetes&l1_ratio=1&scale=none&seed=0&standardize=1"
    assert "sklearn" not in loaded_by(f"from bridle.lab.lessons import compute\ncompute({key!r})")
