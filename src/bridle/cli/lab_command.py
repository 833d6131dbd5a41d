"""`bridle lab`: the lesson in a browser, or as a folder of files."""

from __future__ import annotations

import sys

import click

from ..errors import UsageError
from .progress import progress_bar
from .running import is_terminal, put, say


@click.command(short_help="See in a browser what regularization does: pictures, theory, a quiz.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Of the server; 0 takes any free one.  [default: 8642 or the next free]",
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option(
    "--static", "folder", metavar="DIR", help="Write the lesson as files that need no server, and end."
)
def lab(port: int | None, no_browser: bool, folder: str | None) -> int:
    """See in a browser what regularization does: why L1 gives zeros and L2 shrinks, with pictures, theory and a
    quiz. Every number is computed by bridle's engine, on this machine; nothing is sent elsewhere. Ctrl-C ends it.

    With --static the lesson on its built-in examples becomes a folder: open its index.html, or put it on any
    web server.
    """
    if folder is not None:
        if port is not None:
            raise UsageError("--static writes files and starts no server, so --port has no meaning with it.")
        return _write(folder)
    return _serve(port, not no_browser)


def _write(folder: str) -> int:
    from ..lab.static import write_folder

    with progress_bar(enabled=is_terminal(sys.stderr)) as progress:
        index, size = write_folder(folder, progress=progress)
    put(f"{index}\n")
    say(f"The lesson as files, {size / 1e6:.1f} MB: open index.html in a browser.")
    return 0


def _serve(port: int | None, open_browser: bool) -> int:
    from ..lab import server
    from ..lab.pages import app_files
    from ..lab.security import Secrets

    files, keys = app_files(), Secrets()
    opened = server.listen(port)
    number = opened.getsockname()[1]

    def ready() -> None:
        put(server.address(number, keys.token) + "\n")
        say("The lab is open at this address, on this machine only. Ctrl-C ends it.")
        if open_browser:
            import webbrowser

            if not webbrowser.open(server.address(number, keys.pass_once())):
                say("No browser could be started; open the address in one.")
        _warm_up()

    try:
        server.serve(opened, keys, files, ready)
    except KeyboardInterrupt:
        say("The lab is closed.")
    return 0


def _warm_up() -> None:
    """Load the engine while the browser draws its first page, so that the first lesson need not wait for it."""
    from ..lab.lessons import compute

    compute("corners?dataset=pair&l1_ratio=1")
