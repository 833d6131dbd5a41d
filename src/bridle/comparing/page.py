"""The page of a comparison: one HTML file in the report's style that loads nothing from anywhere."""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from typing import Any

from .. import __version__
from ..reporting.page import page_of, report, tabular
from .layout import page_values
from .result import Comparison


def comparison_page(comparison: Comparison, path: str | os.PathLike[str] | None = None) -> str:
    """Write a comparison as one self-contained HTML page.

    It asks for nothing from outside, follows the reader's light or dark setting, fits a phone and prints.

    Parameters
    ----------
    comparison : as ``bridle.compare`` returns it.
    path : where to write the page; an existing file is replaced in one step. None: it is only returned.

    Raises
    ------
    FileError
        If the file cannot be written.

    >>> import numpy as np
    >>> from bridle.comparing import compare
    >>> x = np.random.default_rng(0).normal(size=(80, 3))
    >>> y = 3 * x[:, 0] + np.random.default_rng(1).normal(size=80)
    >>> found = compare(x, y, networks=False)
    >>> comparison_page(found).startswith("<!doctype html>")
    True
    """
    return report(comparison, path)


@page_of.register
def _page(comparison: Comparison) -> str:
    return str(_template().render(css=_css(), version=__version__, **page_values(comparison)))


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["svg"] = (
        Markup  # bridle's own SVG and CSS; names inside were escaped where the SVG was made
    )
    environment.filters["tabular"] = tabular
    return environment.from_string(_read("bridle.comparing", "compare.html.j2"))


@cache
def _css() -> str:
    """The report's."""
    return _read("bridle.reporting", "report.css")


def _read(package: str, name: str) -> str:
    return (files(package) / "templates" / name).read_text(encoding="utf-8")
