"""`bridle compare`: every method side by side on the same folds."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from . import parsing
from .options import ROLES, options, some, tell_roles
from .progress import progress_bar
from .running import NOT_CERTIFIED, is_terminal, put_json, put_screen, say

if TYPE_CHECKING:
    from ..comparing import Comparison


@dataclass(frozen=True)
class Output:
    """Where the answer goes."""

    report: str | None
    model: str | None
    json: bool
    quiet: bool


_FAMILY = options(
    click.option(
        "--family", metavar="NAME",
        help="As in bridle fit: squared, binomial, poisson, tweedie(1.5), ...  [default: binomial where the target is two "
        "classes, else squared]",
    ),
    click.option(
        "--offset", metavar="COLUMN",
        help="Joins the linear predictor with a coefficient of 1: of counts the logarithm of their exposure.",
    ),
)  # fmt: skip
_METHODS = options(
    click.option(
        "--l1-ratio", "l1_ratios", type=parsing.numbers, multiple=True, metavar="LIST",
        help="The elastic net's mixes, between 0 (ridge) and 1 (lasso).  [default: 0.1,0.5,0.9]",
    ),
    click.option("--n-alphas", type=int, default=100, show_default=True, help="Strengths of each, on a log grid."),
    click.option(
        "--standardize/--no-standardize", default=True,
        help="Penalize columns of unit standard deviation (the default), or the columns as they are.",
    ),
    click.option("--intercept/--no-intercept", "fit_intercept", default=True, help="With an intercept, or without."),
    click.option(
        "--networks/--no-networks", default=None,
        help="Compare small neural networks too (squared error only), or not.  [default: where PyTorch is installed and the "
        "table is moderate]",
    ),
)  # fmt: skip
_SELECTION = options(
    click.option(
        "--folds", type=parsing.folds, metavar="K|SHARE",
        help="Folds of the cross-validation, or the share of rows to hold out.  [default: 5]",
    ),
    click.option("--repeats", type=int, default=1, show_default=True, help="Draw the folds anew this often."),
    click.option("--stratify", is_flag=True, default=None, help="Every fold gets its share of the target's deciles."),
    click.option(
        "--rule", type=click.Choice(["min", "1se"]), default="min", show_default=True,
        help="Each method takes the smallest error, or the strongest penalty within a standard error of it.",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the folds."),
    click.option("--threads", type=int, help="How many; the answer does not depend on it."),
)  # fmt: skip
_OUTPUT = options(
    click.option("--report", metavar="FILE", help="Write a page of the comparison (HTML, one file)."),
    click.option("--model", metavar="FILE", help="Fit the recommended method and write its model."),
    click.option("--json", is_flag=True, help="Print JSON (schema bridle.compare/1), errors included."),
    click.option("-q", "--quiet", is_flag=True, help="Nothing on standard error but errors."),
)


@click.command(short_help="Compare ridge, lasso, elastic net, no penalty, networks and the constant.")
@click.argument("table")
@ROLES
@_FAMILY
@_METHODS
@_SELECTION
@_OUTPUT
def compare(table: str, **given: Any) -> int:
    """Compare methods on TABLE (CSV, Parquet, Arrow or JSON lines; - is standard input): the constant, the fit
    without a penalty, ridge, lasso, elastic net and neural networks on the same folds, by nested
    cross-validation; one is recommended.
    """
    output = Output(**{field.name: given.pop(field.name) for field in fields(Output)})
    parsing.check_outputs(table, {"--report": output.report, "--model": output.model})
    arguments = _arguments(given)

    from ..comparing import compare as compare_methods
    from ..table import open_table

    data = open_table(table)
    if given["target"] is None:
        raise UsageError(f"Which column is the target? Give --target NAME; there are {some(data)}.")
    with progress_bar(enabled=is_terminal(sys.stderr) and not output.quiet) as progress:
        found = compare_methods(data, progress=progress, **arguments)
    if table != "-":
        found = found.called(data=table)
    written = _write_files(found, table, output)
    if not output.quiet and not output.json:
        tell_roles(found.schema, data)
    if output.json:
        put_json(_record(found, output))
    else:
        _print_table(found)
    if not output.quiet:
        _tell_rest(found, written)
    return NOT_CERTIFIED if found.recommended.certified is False else 0


def _arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The options as arguments of ``bridle.compare``; those not given are left to its defaults."""
    out = {name: value for name, value in options.items() if value not in (None, ())}
    if "l1_ratios" in out:
        out["l1_ratios"] = parsing.flattened(out["l1_ratios"])
    if "types" in out:
        out["types"] = parsing.pairs("--type", out["types"])
    return out


def _write_files(found: Comparison, table: str, output: Output) -> list[str]:
    """The files asked for, before anything is printed: a reader that goes away loses none of them."""
    written = []
    if output.model is not None:
        model = found.model()
        if table != "-":
            model = replace(model, call={"data": table, **model.call})
        model.save(output.model)
        written.append(f"Model ({found.recommended.title.lower()}): {output.model}")
    if output.report is not None:
        from ..reporting import report

        report(found, output.report)
        written.append(f"Report: {output.report}")
    return written


def _print_table(found: Comparison) -> None:
    from ..comparing import comparison_console

    put_screen(found, comparison_console)


def _record(found: Comparison, output: Output) -> dict[str, Any]:
    from ..comparing import comparison_to_json

    columns = ("name", "role", "kind", "detail")
    return {
        **comparison_to_json(found),
        "columns": [dict(zip(columns, row)) for row in found.schema.describe()],
        "files": {"report": output.report, "model": output.model},
    }


def _tell_rest(found: Comparison, written: list[str]) -> None:
    """Warnings, where the text that holds them is not on the screen, and what was written where."""
    if not is_terminal(sys.stdout):
        for note in found.notes:
            if note.warning:
                say(f"warning: {note.text}")
    for line in written:
        say(line)
