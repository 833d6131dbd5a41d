"""The recorded breaks (tools/breaks.py, `make breaks`) still fit the files that they break."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _breaks() -> Any:
    spec = importlib.util.spec_from_file_location("breaks", ROOT / "tools" / "breaks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["breaks"] = module  # a dataclass looks its module up
    spec.loader.exec_module(module)
    return module.BREAKS


BREAKS = _breaks()


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.name)
def test_what_is_broken_occurs_once(one: Any) -> None:
    text = (ROOT / one.file).read_text(encoding="utf-8")
    assert text.count(one.old) == 1 and one.old != one.new
    # The pages are built from web/; only what runs in them needs that.
    assert not one.app or one.file.startswith("web/src/")
    for test in one.tests:
        file, _, name = test.partition("::")
        made = {
            node.name
            for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef)
        }
        assert name.partition("[")[0] in made, test


def test_breaks_have_names_of_their_own() -> None:
    assert len(BREAKS) >= 25 and len({one.name for one in BREAKS}) == len(BREAKS)
