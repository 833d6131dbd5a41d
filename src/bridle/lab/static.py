"""The lesson as a folder: the same page, every offered lesson as a script, no server.

Scripts, because a page opened by double-click may not fetch files. ``data/catalog.js`` sets ``window.bridleStatic`` and
runs before the page's own script; ``data/<key>.js`` calls ``window.bridleLesson`` with the bytes of ``wire`` in base64.

An earlier export is replaced file by file, the page last; a folder that holds anything else is left alone.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from .. import __version__
from ..errors import FileError
from .catalog import catalog
from .keys import Key, offered
from .lessons import compute
from .networks import recorded
from .pages import APP, app_files
from .wire import encode

LIST = "bridle-lab.json"
FORMAT = "bridle.lab/1"
PAGE = "index.html"
CATALOG = "data/catalog.js"
HELD = ".bridle-lab-"  # files until they are put in place


def write_folder(
    folder: str | os.PathLike[str],
    *,
    app: Path = APP,
    keys: Iterable[Key] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[Path, int]:
    """Write the lesson into ``folder``, which is made, empty, or an earlier export.

    Parameters
    ----------
    app : the built front end.
    keys : the lessons; those that ``keys.offered`` lists unless given.
    progress : called with a stage's name and its share done.

    Returns
    -------
    (index, size)
        The page to open, and how many bytes were written.

    Raises
    ------
    FileError
        For a folder that holds other files, or that cannot be written; what was there is then as it was, or, where the
        disk fails in the middle, still a list of its own files.
    """
    target = Path(os.path.realpath(folder))
    files = app_files(app)
    earlier = _earlier(target)
    wanted = [str(key) for key in (offered() if keys is None else keys)]
    try:
        target.mkdir(parents=True, exist_ok=True)
        held = tempfile.mkdtemp(prefix=HELD, dir=target)
    except OSError as problem:
        raise _unwritable(target, problem) from problem
    try:
        names = _fill(Path(held), files, wanted, progress)
        size = sum((Path(held) / name).stat().st_size for name in names)
        _put_in_place(Path(held), target, names, earlier)
    except OSError as problem:
        raise _unwritable(target, problem) from problem
    finally:
        for left in target.glob(f"{HELD}*/"):
            shutil.rmtree(left, ignore_errors=True)
    return target / PAGE, size


def slug(key: str) -> str:
    """The name of a lesson's file, without its ending; as the front end makes it.

    >>> slug("corners?dataset=pair&l1_ratio=0.5")
    'corners_dataset=pair_l1_ratio=0.5'
    """
    return re.sub(r"[^A-Za-z0-9.=_-]", "_", key)


def lesson_script(key: str, content: bytes) -> bytes:
    """A script that hands a lesson's bytes to the page."""
    return f"window.bridleLesson({_quoted(key)}, {_quoted(base64.b64encode(content).decode())});\n".encode()


def _fill(
    folder: Path, files: Mapping[str, bytes], keys: list[str], progress: Callable[[str, float], None] | None
) -> list[str]:
    """Every file, in the order in which they are put in place: the page last."""
    (folder / "data").mkdir()
    names: dict[str, str] = {}
    for at, key in enumerate(keys):
        name = f"data/{slug(key)}.js"
        if name in names or name == CATALOG:
            raise ValueError(f"Two lessons would share the file {name}.")
        names[name] = key
        (folder / name).write_bytes(lesson_script(key, encode(recorded(key) or compute(key))))
        if progress is not None:
            progress("lessons", (at + 1) / len(keys))
    known = {"catalog": catalog(__version__), "keys": keys}
    (folder / CATALOG).write_bytes(f"window.bridleStatic = {_quoted(known)};\n".encode())
    for name, content in files.items():
        (folder / name).write_bytes(with_catalog(content) if name == PAGE else content)
    out = [*names, CATALOG, *sorted(set(files) - {PAGE}), PAGE]
    record = {"format": FORMAT, "version": __version__, "files": sorted([*out, LIST])}
    (folder / LIST).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return [LIST, *out]


def with_catalog(page: bytes) -> bytes:
    """The page with the catalog's script before its first own one."""
    if CATALOG.encode() in page:
        return page
    at = page.find(b"<script")
    if at < 0:
        raise FileError("The lab's page has no script; install bridle again.")
    return page[:at] + f'<script src="{CATALOG}"></script>\n'.encode() + page[at:]


def _earlier(target: Path) -> set[str]:
    """The files of an earlier export; nothing for a folder that is empty or not there."""
    if not os.path.lexists(target):
        return set()
    if not target.is_dir():
        raise FileError(f"{target} is no folder; give another one for the lesson.")
    try:
        there = {
            p.relative_to(target).as_posix() for p in target.rglob("*") if not p.is_dir() or p.is_symlink()
        }
    except OSError as problem:
        raise _unwritable(target, problem) from problem
    if not there:
        return set()
    left_over = {name for name in there if name.startswith(HELD)}  # of an export that was killed
    foreign = sorted(there - left_over - _listed(target))
    if foreign:
        more = f" and {len(foreign) - 1:,} more" if len(foreign) > 1 else ""
        raise FileError(
            f"{target} holds files that are no earlier lesson of bridle ({ascii(foreign[0])[1:-1]}{more}); "
            "give an empty folder, or a new one."
        )
    return there - left_over


def _listed(target: Path) -> set[str]:
    try:
        record = json.loads((target / LIST).read_text(encoding="utf-8"))
        return {str(name) for name in record["files"]} if record["format"] == FORMAT else set()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def _put_in_place(held: Path, target: Path, names: list[str], earlier: set[str]) -> None:
    (target / "data").mkdir(exist_ok=True)
    # While files change the list names those of both exports, so that an interrupted one can be written over.
    both = json.loads((held / LIST).read_text(encoding="utf-8"))
    both["files"] = sorted({*both["files"], *earlier})
    final = (held / LIST).read_bytes()
    (held / LIST).write_text(json.dumps(both), encoding="utf-8")
    for name in names:
        os.replace(held / name, target / name)
    for name in earlier - set(names):
        (target / name).unlink(missing_ok=True)
    (held / LIST).write_bytes(final)
    os.replace(held / LIST, target / LIST)


def _quoted(value: object) -> str:
    """A value as JavaScript: JSON, ASCII, and nothing that could end a script."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _unwritable(target: Path, problem: OSError) -> FileError:
    return FileError(f"{target} cannot be written: {(problem.strerror or str(problem)).lower()}.")


__all__ = ["lesson_script", "slug", "with_catalog", "write_folder"]
