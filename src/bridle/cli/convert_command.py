"""`bridle convert`: a strength of one package, said in another's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..conventions import (
    CONVENTIONS,
    REFUSED,
    Convention,
    MissingQuantity,
    code,
    find,
    from_bridle,
    shared_families,
    to_bridle,
)
from ..conventions.strength import positive
from ..errors import DataError, UsageError
from .running import put, put_json, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMA = "bridle.convert/1"
KNOWN = ("rows", "weight_sum", "target_sd", "factor_mean")


def option(name: str) -> str:
    """The option's spelling of an argument's name.

    >>> option("target_sd")
    '--target-sd'
    """
    return f"--{name.replace('_', '-')}"


@click.command(
    short_help="Say a strength in another package's parameters.",
    epilog=f"Conventions: {', '.join(CONVENTIONS)}. --list shows what each of them minimizes.",
)
@click.option("--from", "source", metavar="NAME", help="The convention that the strength is given in.")
@click.option("--to", "target", metavar="NAME", help="The convention to say it in.")
@click.option(
    "--strength", type=float, metavar="X", help="The strength: alpha, lambda, C, regParam, weight_decay."
)
@click.option(
    "--mix", type=float, metavar="X", help="The share of the L1 part: l1_ratio, L1_wt, glmnet's alpha."
)
@click.option("--l1", type=float, metavar="X", help="The L1 part, for --from lesson or bridle-torch.")
@click.option("--l2", type=float, metavar="X", help="The L2 part, for --from lesson or bridle-torch.")
@click.option("--rows", type=float, metavar="N", help="Rows of the data.")
@click.option("--weight-sum", type=float, metavar="X", help="Sum of the rows' weights, where there are any.")
@click.option("--target-sd", type=float, metavar="X", help="Standard deviation of the target, divided by n.")
@click.option(
    "--factor-mean", type=float, metavar="X", help="Mean of glmnet's penalty.factor, if not all are 1."
)
@click.option(
    "--from-data", metavar="TABLE", help="Read --rows, --weight-sum and --target-sd from a table instead."
)
@click.option("--target", "target_column", metavar="COLUMN", help="The target in that table.")
@click.option("--weights", metavar="COLUMN", help="The weights in that table.")
@click.option(
    "--intercept/--no-intercept", default=True, help="How TABLE is fitted; without, sds are about 0."
)
@click.option(
    "--list", "listing", is_flag=True, help="Show every convention, what it needs and what is refused."
)
@click.option("--json", "as_json", is_flag=True, help=f"Print JSON (schema {SCHEMA}), errors included.")
def convert(listing: bool, as_json: bool, **options: Any) -> None:
    """Say a strength of one package in the parameters of another, for the same data.

    \b
    bridle convert --from sklearn-ridge --to glmnet --strength 1.0 --rows 442 --target-sd 77.0
    bridle convert --from glmnet --to sklearn --strength 0.5 --mix 0.2 --from-data diabetes.csv --target progression

    Printed are the parameters by their names over there and, after a blank line, a call that leaves the columns as they
    are: both fits have to see the same columns.
    """
    if listing:
        put_json({"schema": SCHEMA, **_table()}) if as_json else put(_listed())
        return
    source, target = options["source"], options["target"]
    if source is None or target is None:
        missing = "--from" if source is None else "--to"
        raise UsageError(f"Which convention? Give {missing} NAME; bridle convert --list shows them.")
    shared_families(source, target)
    settings = _settings(source, options)
    known = _known(source, target, options)
    try:
        strength = to_bridle(source, settings, **known)
        parameters = from_bridle(target, strength, **known)
    except MissingQuantity as problem:
        raise UsageError(_by_options(problem)) from None
    line = code(target, parameters, source=source)
    notes = [f"{name} {find(name).columns}" for name in dict.fromkeys((source, target))]
    if as_json:
        put_json(
            {
                "schema": SCHEMA, "from": source, "to": target, "settings": settings, "known": known,
                "strength": {
                    "alpha": strength.alpha, "l1_ratio": strength.l1_ratio, "l1": strength.l1, "l2": strength.l2,
                },
                "parameters": parameters, "code": line, "columns": notes,
            }
        )  # fmt: skip
        return
    put("".join(f"{name} {value!r}\n" for name, value in parameters.items()))
    put("\n" + "".join(f"# {note}\n" for note in notes) + (f"{line}\n" if line else ""))


def _settings(source: str, options: dict[str, Any]) -> dict[str, float]:
    """The parameters of the convention by their names there, from the options that stand for them."""
    row = find(source)
    meant = {"l1": "l1", "l2": "l2"} if row.parts else {"strength": row.strength, "mix": row.mix}
    for name in ("strength", "mix", "l1", "l2"):
        if options[name] is not None and meant.get(name) is None:
            takes = " and ".join(option(other) for other, there in meant.items() if there)
            raise UsageError(f'The convention "{source}" takes {takes}, not {option(name)}.')
    settings = {there: options[name] for name, there in meant.items() if there and options[name] is not None}
    for name, there in meant.items():
        if there and there not in settings and not (row.parts and settings):
            what = "--l1 or --l2" if row.parts else f"{option(name)}, its {there}"
            raise UsageError(f'The convention "{source}" needs {what}.')
    return settings


def _known(source: str, target: str, options: dict[str, Any]) -> dict[str, float | None]:
    """What is known of the data: told, or read from a table."""
    known = {name: None if options[name] is None else positive(option(name), options[name]) for name in KNOWN}
    path = options["from_data"]
    if path is None:
        for name in ("target_column", "weights"):
            if options[name] is not None:
                said = "--target" if name == "target_column" else "--weights"
                raise UsageError(f"{said} names a column of a table; give --from-data TABLE too.")
        if not options["intercept"]:
            raise UsageError(
                "--no-intercept says how to read --from-data TABLE; a --target-sd is taken as it is given (for glmnet "
                "without an intercept: the target's root mean square)."
            )
        return known
    for name in KNOWN[:3]:
        if known[name] is not None:
            raise UsageError(f"--from-data reads what {option(name)} says; give one of them.")
    if not options["intercept"] and not (find(source).for_grids and find(target).for_grids):
        raise UsageError(
            "Spark divides by the target's standard deviation about its mean without an intercept too, other packages "
            "by its root mean square: give --rows and --target-sd instead of --from-data."
        )
    return known | _read(path, options["target_column"], options["weights"], options["intercept"])


def _read(path: str, target: str | None, weights: str | None, intercept: bool) -> dict[str, float | None]:
    """Rows, sum of weights and standard deviation of the target of a table."""
    if target is None:
        raise UsageError("Which column is the target? Give --target COLUMN with --from-data.")
    from ..table import encode, infer, open_table

    table = open_table(path)
    frame = encode(infer(table, target=target, weights=weights), table, need_target=True)
    assert frame.target is not None
    for note in frame.notes:
        if note.warning:
            say(f"warning: {note.text}")
    return {
        "rows": float(frame.n_rows),
        "weight_sum": None if frame.weights is None else float(frame.weights.sum()),
        "target_sd": _deviation(target, frame.target, frame.weights, intercept),
    }


def _deviation(
    name: str, y: NDArray[np.float64], weights: NDArray[np.float64] | None, intercept: bool
) -> float:
    total = len(y) if weights is None else float(weights.sum())
    share = 1.0 / total if weights is None else weights / total
    deviation = float(((share * (y - (share * y).sum() * intercept) ** 2).sum()) ** 0.5)
    if not deviation > 0:
        raise DataError(f"The target {name} is the same in every row: it has no standard deviation.")
    return deviation


def _by_options(problem: MissingQuantity) -> str:
    """The message with the names of options instead of arguments."""
    text = f'The convention "{problem.convention}" needs {option(problem.needs)}{problem.why}'
    return text.replace("weight_sum", "--weight-sum") + " --from-data TABLE reads it from the data."


# --- the table ---


def _table() -> dict[str, Any]:
    return {
        "conventions": [
            {
                "name": name, "objective": row.objective, "parameters": list(row.parameters),
                "needs": [option(need) for need in row.needs], "columns": row.columns, "seen_in": row.seen_in,
            }
            for name, row in ((name, find(name)) for name in CONVENTIONS)
        ],
        "refused": [{"name": name, "reason": reason} for name, reason in REFUSED.items()],
    }  # fmt: skip


def _listed() -> str:
    lines = []
    for name in CONVENTIONS:
        row = find(name)
        lines += [name, f"  {row.objective}", f"  {_takes(row)}", f"  {row.columns}", ""]
    lines.append("Refused:")
    for name, reason in REFUSED.items():
        lines += ["", name, f"  {reason}"]
    return "\n".join(lines) + "\n"


def _takes(row: Convention) -> str:
    """What the convention's parameters are, by option, and what a conversion needs to know."""
    if row.parts:
        return "takes --l1, --l2"
    mix = "" if row.mix is None else f", --mix ({row.mix})"
    needs = f"; needs {', '.join(map(option, row.needs))}" if row.needs else ""
    return f"takes --strength ({row.strength}){mix}{needs}"
