"""The Python lines that fit the same model again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def python_lines(call: Mapping[str, Any], target: str | None) -> tuple[str, ...]:
    """The Python lines that reproduce the fit; what is not a plain value becomes a name to fill in."""
    arguments = dict(call)
    source = next((arguments.pop(k) for k in ("source", "data", "table", "path") if k in arguments), None)
    parts = [repr(source) if isinstance(source, str) else "X" if target is None else "table"]
    if target is None:
        parts.append("y")
    else:
        arguments = {"target": target, **arguments}
    parts += [f"{k}={_literal(v, k)}" for k, v in arguments.items() if v is not None or k == "seed"]
    joined = ", ".join(parts)
    fit = [f"model = bridle.fit({joined})"]
    if len(joined) > 50:
        fit = ["model = bridle.fit(", *(f"    {part}," for part in parts), ")"]
    return ("import bridle", "", *fit, 'bridle.report(model, "report.html")')


def _literal(value: object, name: str) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray) and value.size <= 20:
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, (str, int, float, bool)):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k!r}: {_literal(v, str(k))}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence) and len(value) <= 200:
        inside = ", ".join(_literal(v, name) for v in value)
        return (
            f"({inside},)"
            if isinstance(value, tuple) and len(value) == 1
            else (f"({inside})" if isinstance(value, tuple) else f"[{inside}]")
        )
    return name
