"""The files of the built front end (made from web/), which the server and the static folder share."""

from __future__ import annotations

from pathlib import Path

from ..errors import FileError

APP = Path(__file__).parent / "app"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


def app_files(folder: Path = APP) -> dict[str, bytes]:
    """The files of the built front end by name, read once: requests never reach the file system.

    Raises
    ------
    FileError
        Where there is no front end.
    """
    if not (folder / "index.html").is_file():
        raise FileError(
            f"The lab's pages are missing: there is no {folder / 'index.html'}. Install bridle again."
        )
    return {
        f.name: f.read_bytes()
        for f in sorted(folder.iterdir())
        if f.is_file() and f.suffix in TYPES and not f.name.startswith(".")
    }


__all__ = ["APP", "TYPES", "app_files"]
