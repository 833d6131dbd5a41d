"""`bridle lab`: the lesson in a browser, on a table of one's own too, or as a folder of files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from .progress import progress_bar
from .running import is_terminal, put, say

if TYPE_CHECKING:
    from ..lab.tables import Held, Tables


@click.command(short_help="See in a browser what regularization does: pictures, theory, a quiz.")
@click.argument("table", required=False)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Of the server; 0 takes any free one.  [default: 8642 or the next free]",
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option(
    "--static", "folder", metavar="DIR", help="Write the lesson as files that need no server, and end."
)
def lab(table: str | None, port: int | None, no_browser: bool, folder: str | None) -> int:
    """See in a browser what regularization does: why L1 gives zeros and L2 shrinks, with pictures, theory and a
    quiz. Every number is computed by bridle's engine, on this machine; nothing is sent elsewhere. Ctrl-C ends it.

    With a TABLE (CSV, Parquet, Arrow or JSON lines) it opens on that one: choose the column to predict, and see
    what a penalty does to your own data. The file stays where it is.

    With --static the lesson on its built-in examples becomes a folder: open its index.html, or put it on any
    web server.
    """
    if folder is not None:
        if port is not None:
            raise UsageError("--static writes files and starts no server, so --port has no meaning with it.")
        if table is not None:
            raise UsageError(
                "--static writes the built-in examples; a TABLE of your own needs the running lab."
            )
        return _write(folder)
    return _serve(port, not no_browser, table)


def _write(folder: str) -> int:
    from ..lab.static import write_folder

    with progress_bar(enabled=is_terminal(sys.stderr)) as progress:
        index, size = write_folder(folder, progress=progress)
    put(f"{index}\n")
    say(f"The lesson as files, {size / 1e6:.1f} MB: open index.html in a browser.")
    return 0


def _held(path: str) -> tuple[Tables, Held]:
    """The table that the command line names, found good to read before anything is opened."""
    from ..lab.tables import Tables

    if path == "-":
        raise UsageError("The lab reads a table from a file, not from standard input; write it to one first.")
    tables = Tables()
    return tables, tables.named(path)


def _serve(port: int | None, open_browser: bool, table: str | None) -> int:
    from ..lab import server
    from ..lab.pages import app_files
    from ..lab.security import Secrets

    files, keys, place = app_files(), Secrets(), ""
    serve: Callable[..., None] = server.serve
    if table is not None:
        tables, held = _held(table)
        place, serve = f"#/yours?table={held.id}", partial(server.serve, tables=tables)
    opened = server.listen(port)
    number = opened.getsockname()[1]

    def ready() -> None:
        put(server.address(number, keys.token) + place + "\n")
        say("The lab is open at this address, on this machine only. Ctrl-C ends it.")
        if open_browser:
            import webbrowser

            if not webbrowser.open(server.address(number, keys.pass_once()) + place):
                say("No browser could be started; open the address in one.")
        _warm_up()

    try:
        serve(opened, keys, files, ready)
    except KeyboardInterrupt:
        say("The lab is closed.")
    return 0


def _warm_up() -> None:
    """Load the engine while the browser draws its first page, so that the first lesson need not wait for it."""
    from ..lab.lessons import compute

    compute("corners?dataset=pair&l1_ratio=1")
