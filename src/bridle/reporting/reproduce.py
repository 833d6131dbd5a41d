"""The Python lines that fit the same model again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def python_lines(
    call: Mapping[str, Any], target: str | None, given: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """The Python lines that reproduce the fit; what is not a plain value becomes a name to fill in.

    A call that names its ``estimator``, "bridle.Lasso" say, holds the arguments of that class, and under "fit" the
    names of further arguments of its ``fit``, ["sample_weight"] say; any other is one of ``bridle.fit``.
    ``given`` replaces arguments of such a call: the strength, where it was given.
    """
    if "estimator" in call:
        return _estimator_lines(call)
    arguments = dict(call)
    if given is not None:
        arguments.pop("scale", None)  # the strength is in bridle's own scale
        arguments.update(given)
    source = next((arguments.pop(k) for k in ("source", "data", "table", "path") if k in arguments), None)
    parts = [repr(source) if isinstance(source, str) else "X" if target is None else "table"]
    if target is None:
        parts.append("y")
    else:
        arguments = {"target": target, **arguments}
    parts += [f"{k}={_literal(v, k)}" for k, v in arguments.items() if v is not None or k == "seed"]
    return ("import bridle", "", *_called("model = bridle.fit", parts), 'bridle.report(model, "report.html")')


def _estimator_lines(call: Mapping[str, Any]) -> tuple[str, ...]:
    module, _, kind = str(call["estimator"]).rpartition(".")
    inside = module in ("", "bridle")
    imports = ["import bridle"] if inside else ["import bridle", f"from {module} import {kind}"]
    settings = [f"{k}={_literal(v, k)}" for k, v in call.items() if k not in ("estimator", "fit")]
    fit = ["X", "y", *(f"{name}={name}" for name in call.get("fit", ()))]
    made = _called(f"estimator = {'bridle.' if inside else ''}{kind}", settings)
    return (
        *imports,
        "",
        *made,
        f"estimator.fit({', '.join(fit)})",
        'bridle.report(estimator.model_, "report.html")',
    )


def _called(what: str, parts: Sequence[str]) -> list[str]:
    joined = ", ".join(parts)
    if len(joined) <= 50:
        return [f"{what}({joined})"]
    return [f"{what}(", *(f"    {part}," for part in parts), ")"]


def _literal(value: object, name: str) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray) and value.size <= 20:
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, (str, int, float, bool)):
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
