"""The report: one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import os
import re
from functools import cache, singledispatch
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileError, ModelFileError, UsageError, number
from ..model import room_of
from ..modelfile import replace_file
from .layout import page_values
from .summarizing import summary

if TYPE_CHECKING:
    from ..model import Model

_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−")
# bridle's own words at the heads of columns, with the places where they may be broken
_SYLLABLES = (
    "certi-fied coeffi-cient condi-tion devi-ance differ-ence ex-plained inter-val ob-served pre-dicted rela-tive "
    "stan-dard stan-dard-ized station-ary thresh-old train-ing unpenal-ized vari-able vari-ance weak-est"
)
_BROKEN = {word.replace("-", ""): word.replace("-", "\u00ad") for word in _SYLLABLES.split()}
_TEMPLATES = Path(__file__).with_name("templates")


class Page(str):
    """The HTML of a report: a string that shows itself as a page in a notebook, and briefly elsewhere."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<bridle report, {len(self.encode()) / 1000:,.0f} kB of HTML>"

    def _repr_html_(self) -> str:
        style = "width:100%;height:48rem;border:1px solid #8884;border-radius:6px"
        return f'<iframe title="bridle report" sandbox srcdoc="{escape(str(self))}" style="{style}"></iframe>'


def report(model: Model | Any, path: str | os.PathLike[str] | None = None, *, cost_ratio: float = 1.0) -> str:
    """Write a model's report as one self-contained HTML page.

    The page asks for nothing from outside: figures are inline SVG, there is no script and no web font. It
    follows the reader's light or dark setting, fits a phone and prints.

    Parameters
    ----------
    model : a fitted model, as ``bridle.fit`` returns it or ``bridle.load`` reads it; or a comparison.
    path : where to write the page; an existing file is replaced in one step. None: it is only returned.
    cost_ratio : of two classes, what it costs to miss a row of the second one, in false alarms: the page then names the
        threshold of lowest cost.

    Returns
    -------
    str
        The HTML. In a notebook it is shown as a page.

    Raises
    ------
    FileError
        If the file cannot be written.
    UsageError
        If there is no page of what is given, or ``cost_ratio`` is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> import bridle
    >>> x = np.random.default_rng(0).normal(size=(80, 3))
    >>> model = bridle.fit(x, 3 * x[:, 0] + np.random.default_rng(1).normal(size=80))
    >>> bridle.report(model).startswith("<!doctype html>")
    True
    """
    summon(model)
    ratio = number("cost_ratio", cost_ratio, 1e-6, 1e6)
    html = Page(page_of(model) if ratio == 1 else _of_linear(model, ratio))
    if path is not None:
        _write(Path(path), html)
    return html


def summon(model: object) -> None:
    """Let the room above that makes this kind of model register its page, text and JSON."""
    room = room_of(model)
    if room is not None:
        import_module(f"{room}.report_page")


@singledispatch
def page_of(model: Any) -> str:
    """The HTML of what there is a page for; rooms above register their own kinds."""
    return _of_linear(model, 1.0)


def _of_linear(model: Any, cost_ratio: float) -> str:
    if not hasattr(model, "selection"):
        raise UsageError(
            f"There is no report of a {type(model).__name__}: give a bridle.Model (est.model_) or a comparison."
        )
    if cost_ratio != 1 and (model.selection.diagnostics is None or model.selection.diagnostics.roc is None):
        raise UsageError("cost_ratio chooses a threshold between two classes: this model predicts none.")
    values = page_values(model, summary(model), cost_ratio)
    return str(_template().render(css=_css(), version=_version(), **values))


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["svg"] = _trusted
    environment.filters["raised"] = raised
    environment.filters["tabular"] = tabular
    return environment.from_string((_TEMPLATES / "report.html.j2").read_text(encoding="utf-8"))


def _trusted(markup: str) -> Any:
    """Mark bridle's own SVG and CSS as markup; names inside were escaped where the SVG was made."""
    from markupsafe import Markup

    return Markup(markup)


def raised(text: str) -> Any:
    """Escape a text and set its powers as real superscripts, which every font draws alike."""
    from markupsafe import Markup
    from markupsafe import escape as escaped

    def superscript(power: re.Match[str]) -> str:
        return f"<sup>{power[0].translate(_LOWERED)}</sup>"

    return Markup(re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", superscript, str(escaped(text))))


def tabular(table: Any) -> Any:
    """Markup of a table which a narrow screen may break in long words of its head, and in a cell before ± and ×.

    The wider a reader's font is, the sooner a row of whole words and numbers is wider than a phone.
    """
    from markupsafe import Markup

    def hyphenated(word: re.Match[str]) -> str:
        first, rest = word[0][0], word[0][1:]  # a name in capitals stays as it is
        broken = _BROKEN.get(first.lower() + rest)
        return word[0] if broken is None else f'<span class="word">{first}{broken[1:]}</span>'

    head, end, rows = str(table).partition("</thead>")
    head = re.sub(r"(?<=>)[^<]+", lambda text: re.sub("[A-Za-z]+", hyphenated, text[0]), head)
    return Markup(head + end + re.sub("\u00a0(?=[±×])", " ", rows))


@cache
def _css() -> str:
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")


@cache
def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("bridle")
    except PackageNotFoundError:
        return "(not installed)"


def _write(path: Path, html: str) -> None:
    """Replace the file in one step, so that a reader sees the old page or the new one; never a device."""
    try:
        replace_file(path, [html.encode("utf-8", "backslashreplace")])
    except ModelFileError as error:
        raise FileError(
            f"The report cannot be written: {error} Name a file in a folder that exists and can be written to."
        ) from error
