"""What a call was, and how it tells of its progress: shared by the functions that a person calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .intake import Teller

Progress = Callable[[str, float], None] | None


def call_of(function: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that differ from the function's defaults: what it takes to call it the same way again."""
    out: dict[str, Any] = {}
    data = arguments["data"]
    if isinstance(data, str) or hasattr(data, "__fspath__"):
        out["data"] = str(data)
    for name, default in (function.__kwdefaults__ or {}).items():
        value = arguments[name]
        if name in ("threads", "progress") or value is None:
            continue
        if isinstance(value, (bool, int, float, str)) and value == default:
            continue
        if isinstance(value, (list, tuple)) and isinstance(default, tuple) and list(value) == list(default):
            continue
        out[name] = value
    return out


def teller(progress: Progress) -> Teller:
    """What tells one stage's share done, from what tells a stage and its share."""
    if progress is None:
        return lambda stage: None
    return lambda stage: lambda share: progress(stage, share)
