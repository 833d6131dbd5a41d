"""Every peer in an environment of its own: .bench/env/<name>, made from peers/<name>.txt, reused while that is unchanged."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
SCRATCH = ROOT / ".bench"


def pinned(name: str) -> str:
    """The list of versions, as it is kept in ``peers/``."""
    return (HERE / "peers" / f"{name}.txt").read_text()


@cache
def python_of(name: str) -> str:
    """The environment's Python, the environment made first where it is missing or of another list.

    Raises
    ------
    RuntimeError
        Where it cannot be installed, with pip's last words.
    """
    folder = SCRATCH / "env" / name
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two benchmarks at once make it once
        if not stamp.exists() or stamp.read_text() != pinned(name):
            _make(name, folder, python)
            stamp.write_text(pinned(name))
    return str(python)


def _make(name: str, folder: Path, python: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [*pip, "-r", str(HERE / "peers" / f"{name}.txt")],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            words = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
            raise RuntimeError(f"not installed: {' '.join(words[-3:])}")


def versions() -> dict[str, str]:
    """The version of each peer, as its list pins it."""
    found = {}
    for file in sorted((HERE / "peers").glob("*.txt")):
        lines = dict(line.split("==") for line in file.read_text().split())
        found[file.stem] = lines[file.stem]
    return found
