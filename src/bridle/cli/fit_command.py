"""`bridle fit`: from a table to a model you can defend, or to a network."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import click

from ..conventions import SCALES
from ..errors import UsageError
from . import parsing
from .kinds import NETWORK, check_kind, network_arguments, network_fit, wanted
from .options import ROLES, options, some, tell_roles
from .predict_command import prediction_name
from .progress import progress_bar
from .running import NOT_CERTIFIED, is_terminal, put_json, put_screen, say
from .tables_out import format_of, write_columns

if TYPE_CHECKING:
    from ..model import Model
    from ..table import Table


@dataclass(frozen=True)
class Output:
    """Where the answer goes."""

    report: str | None
    cost_ratio: float | None
    model: str | None
    predictions: str | None
    json: bool
    quiet: bool


_FAMILY = options(
    click.option(
        "--family", metavar="NAME",
        help="squared, binomial, poisson, negative_binomial(2), gamma, inverse_gaussian, tweedie(1.5) or huber(1.35); also "
        "binomial(probit) and binomial(cloglog).  [default: binomial where the target is two classes, else squared]",
    ),
    click.option(
        "--class-weight", metavar="balanced|CLASS=V", multiple=True,
        help="Of two classes: the same weight for both, or the weight of one. Repeatable.",
    ),
    click.option(
        "--offset", metavar="COLUMN",
        help="Joins the linear predictor with a coefficient of 1: of counts the logarithm of their exposure.",
    ),
)  # fmt: skip
_PENALTY = options(
    click.option(
        "--l1-ratio", "l1_ratios", type=parsing.numbers, multiple=True, metavar="LIST",
        help="Mixes to compare: 0 is ridge, 1 is lasso.  [default: 0,0.5,0.9,1]",
    ),
    click.option("--alphas", type=parsing.numbers, multiple=True, metavar="LIST", help="Your own strengths."),
    click.option("--n-alphas", type=int, default=100, show_default=True, help="Or how many, on a log grid."),
    click.option(
        "--scale", default="bridle", metavar="NAME",
        help=f"Whose scale --alphas and --l1-ratio are on: {', '.join(SCALES)}.",
    ),
    click.option(
        "--standardize/--no-standardize", default=True,
        help="Penalize columns of unit standard deviation (the default), or the columns as they are.",
    ),
    click.option("--intercept/--no-intercept", "fit_intercept", default=True, help="With an intercept, or without."),
    click.option(
        "--penalty-factor", "penalty_factors", metavar="COLUMN=V", multiple=True,
        help="0: never penalized; inf: left out. Repeatable.",
    ),
    click.option("--lower", metavar="COLUMN=V", multiple=True, help="Lower bound of a coefficient. Repeatable."),
    click.option("--upper", metavar="COLUMN=V", multiple=True, help="Upper bound of a coefficient. Repeatable."),
    click.option("--max-variables", type=int, metavar="N", help="Keep at most this many columns."),
    click.option(
        "--adaptive", type=parsing.power, is_flag=False, flag_value="1", metavar="[POWER]",
        help="The adaptive lasso: penalties weighted by a ridge fit to this power (1 unless given).",
    ),
    click.option(
        "--relax", type=parsing.mixes, is_flag=False, flag_value=parsing.ALL, metavar="[MIXES]",
        help="The relaxed lasso: also choose how to mix the penalized fit (1) with the unpenalized one on the columns it "
        "keeps (0); 0,0.25,0.5,0.75,1 unless given.",
    ),
    click.option(
        "--stop", type=click.Choice(["auto"]),
        help="auto: end a wide table's path once every fold's error has clearly turned.",
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
        "--score", metavar="NAME",
        help="What chooses the strength on held-out rows: deviance; of numbers, counts and amounts also mae; of counts and "
        "amounts gini; of two classes auc, log_loss, brier, accuracy or calibration.  [default: deviance]",
    ),
    click.option(
        "--rule", type=click.Choice(["min", "1se"]), default="min", show_default=True,
        help="Best error or score, or strongest penalty within a standard error of it.",
    ),
    click.option("--nested/--no-nested", default=True, help="Estimate the honest error too, or not."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the folds."),
    click.option("--threads", type=int, help="How many; the answer does not depend on it."),
)  # fmt: skip
_OUTPUT = options(
    click.option("--report", metavar="FILE", help="Write a report (HTML, one file)."),
    click.option(
        "--model",
        "models",
        metavar="KIND|FILE",
        multiple=True,
        help="mlp: fit a neural network instead of a linear model. Anything else: write the model to this file, for "
        "bridle predict and bridle verify (a file of that name is ./mlp). Both may be given.",
    ),
    click.option(
        "--cost-ratio",
        type=float,
        metavar="X",
        help="Of the report on two classes: what it costs to miss the second one, in false alarms.  [default: 1]",
    ),
    click.option("--predictions", metavar="FILE", help="Write out-of-fold predictions (.csv or .parquet)."),
    click.option(
        "--json", is_flag=True, help="Print JSON (schema bridle.fit/1, of a network bridle.fit-network/1)."
    ),
    click.option("-q", "--quiet", is_flag=True, help="Nothing on standard error but errors."),
)


@click.command(short_help="Choose, fit, explain and certify a model of a table.")
@click.argument("table")
@ROLES
@_FAMILY
@_PENALTY
@NETWORK
@_SELECTION
@_OUTPUT
@click.pass_context
def fit(context: click.Context, /, table: str, **given: Any) -> int:
    """Fit TABLE (CSV, Parquet, Arrow or JSON lines; - is standard input): alpha and l1_ratio are chosen by
    cross-validation, the fit is certified, the answer explained on standard output.

    With --model mlp it is a neural network, its alpha chosen in the same way; nothing of it can be certified.
    """
    kind, given["model"] = wanted(given.pop("models"))
    check_kind(kind, context)
    output = Output(**{field.name: given.pop(field.name) for field in fields(Output)})
    parsing.check_outputs(
        table, {"--report": output.report, "--model": output.model, "--predictions": output.predictions}
    )
    if output.predictions is not None:
        format_of(output.predictions)
    if output.cost_ratio is not None:
        check_cost_ratio(output.cost_ratio, output.report)
    arguments = _arguments(given)

    fit_model = _fit_of(kind)
    if kind == "mlp":
        arguments = network_arguments(arguments, context)
    elif output.predictions is not None:
        arguments["out_of_fold"] = True

    from ..table import open_table

    data = open_table(table)
    if given["target"] is None:
        raise UsageError(f"Which column is the target? Give --target NAME; there are {some(data)}.")
    if output.cost_ratio is not None:
        check_two_classes(data, given["target"], given["family"], arguments.get("types", {}))
    with progress_bar(enabled=is_terminal(sys.stderr) and not output.quiet) as progress:
        model = fit_model(data, progress=progress, **arguments)
    if table != "-":
        model = replace(model, call={"data": table, **model.call})
    written = _write_files(model, data, output)
    if not output.quiet and not output.json:
        tell_roles(model.schema, data)
    if output.json:
        put_json(_record(model, output))
    else:
        _print_summary(model)
    if not output.quiet:
        _tell_rest(model, output, written)
    return 0 if kind == "mlp" or model.certified else NOT_CERTIFIED


def _fit_of(kind: str) -> Callable[..., Any]:
    if kind == "mlp":
        return network_fit()
    from ..fitting import fit

    return fit


def _arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The options as arguments of ``bridle.fit``; those not given are left to its defaults."""
    out = {name: value for name, value in options.items() if value not in (None, ())}
    for name in ("l1_ratios", "alphas"):
        if name in out:
            out[name] = parsing.flattened(out[name])
    if "class_weight" in out:
        out["class_weight"] = parsing.class_weights(out["class_weight"])
    if "types" in out:
        out["types"] = parsing.pairs("--type", out["types"])
    for name in ("penalty_factors", "lower", "upper"):
        if name in out:
            option = "--penalty-factor" if name == "penalty_factors" else f"--{name}"
            out[name] = parsing.numbered(option, out[name])
    return out


def _write_files(model: Model, data: Table, output: Output) -> list[str]:
    """The files asked for, before anything is printed: a reader that goes away loses none of them."""
    written = []
    if output.model is not None:
        model.save(output.model)
        written.append(f"Model: {output.model}")
    if output.predictions is not None:
        write_columns(output.predictions, _held_out(model, data))
        written.append(f"Out-of-fold predictions: {output.predictions}")
    if output.report is not None:
        from ..reporting import report

        report(model, output.report, cost_ratio=1.0 if output.cost_ratio is None else output.cost_ratio)
        written.append(f"Report: {output.report}")
    return written


def _held_out(model: Model, data: Table) -> dict[str, Any]:
    """Row numbers from 1, the target as observed, its prediction by fits that did not see the row."""
    import numpy as np

    observed: Any = model.rows_of(data).target
    name = model.target_name
    if model.classes:
        observed = np.array(model.classes, dtype=object)[observed.astype(int)]
    predicted = prediction_name(model, "prediction")
    return {
        "row" if name != "row" else "row_number": np.arange(1, len(observed) + 1),
        name: observed,
        predicted if name != predicted else "out_of_fold": model.selection.out_of_fold,
    }


def check_cost_ratio(ratio: float, report: str | None) -> None:
    """Refuse, before any work is done, a cost that is none, or that no report would show."""
    from ..errors import number

    number("--cost-ratio", ratio, 1e-6, 1e6)
    if report is None:
        raise UsageError("--cost-ratio chooses the threshold that the report shows: give --report FILE too.")


def check_two_classes(data: Table, target: str, family: str | None, types: Mapping[str, str]) -> None:
    """Refuse, before any work is done, a cost of misses where the target that is asked for has no classes to miss."""
    from ..families import family_named
    from ..table.roles import check_target_kind

    if family is not None:
        classes = family_named(family).classes
    else:
        classes = not data.has(target) or bool(check_target_kind(data, target, types.get(target)))
    if not classes:
        raise UsageError(
            f"--cost-ratio chooses a threshold between two classes, but {target} is fitted as numbers: leave it out, or add "
            "--family binomial."
        )


def _print_summary(model: Model) -> None:
    from ..reporting import console

    put_screen(model, console)


def _record(model: Model, output: Output) -> dict[str, Any]:
    from ..reporting import to_json

    columns = ("name", "role", "kind", "detail")
    return {
        **to_json(model),
        "columns": [dict(zip(columns, row)) for row in model.schema.describe()],
        "files": {"report": output.report, "model": output.model, "predictions": output.predictions},
    }


def _tell_rest(model: Model, output: Output, written: list[str]) -> None:
    """Warnings, where the summary that holds them is not on the screen, and what was written where."""
    from ..model import Model as Linear

    if not is_terminal(sys.stdout):
        for note in model.notes:
            if note.warning:
                say(f"warning: {note.text}")
    for line in written:
        say(line)
    proofs = (model.certificate, model.refit_certificate) if isinstance(model, Linear) else ()
    for certificate in proofs:
        if certificate is not None and not certificate.certified:
            say(f"warning: {certificate.sentence}")
