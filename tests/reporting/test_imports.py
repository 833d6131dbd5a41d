"""Importing the room costs little: what draws and lays out is loaded when used."""

from __future__ import annotations

import subprocess
import sys


def test_importing_reporting_loads_neither_jinja2_nor_rich_nor_a_plotting_library() -> None:
    code = (
        "import sys, bridle.reporting\n"
        "heavy = {'jinja2', 'rich', 'matplotlib', 'sklearn', 'pandas', 'scipy', 'pyarrow'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    path = f"import sys; sys.path[:] = {sys.path!r}\n"
    result = subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
