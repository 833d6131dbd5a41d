"""`bridle verify`: the certificate of a model, or the objective of a network, computed again from the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError, UsageError
from .predict_command import needs_offset, offset_of
from .running import NOT_CERTIFIED, put, put_json, say

if TYPE_CHECKING:
    from ..table import Schema, Table

SCHEMA = "bridle.verify/1"


@click.command(short_help="Recompute a model's certificate.")
@click.argument("model_file", metavar="MODEL")
@click.argument("table_file", metavar="TABLE")
@click.option("--target", metavar="COLUMN", help="The target, for a model that was fitted on arrays.")
@click.option(
    "--offset", metavar="COLUMN", help="The offset, for a model that was fitted on arrays with one."
)
@click.option(
    "--weights", metavar="COLUMN", help="The weights, for a model that was fitted with an array of them."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema bridle.verify/1), errors included.")
def verify(
    model_file: str, table_file: str, target: str | None, offset: str | None, weights: str | None, as_json: bool
) -> int:  # fmt: skip
    """Recompute MODEL's certificate from the rows of TABLE (- is standard input) that it was fitted on.

    Nothing of the fit is reused but the coefficients and the objective's settings. Exit status 4 where the
    recommended fit (of a relaxed lasso also its refit) is not certified on these rows; of a network, which cannot be
    certified, where these rows do not give the objective that its file records.
    """
    from ..fitting import verify as recompute
    from ..model import Model, load
    from ..table import open_table

    model = load(model_file)
    if not isinstance(model, Model) and model.classes is not None:
        raise UsageError("The labels of a classifier are verified from Python: bridle.verify(model, X, y).")
    table = open_table(table_file)
    more: dict[str, Any] = {} if offset is None else {"offset": offset_of(model, table, offset)}
    needs_offset(model, offset)
    if weights is not None:
        more["weights"] = _weights_of(model, table, weights)
    if target is not None and model.schema.target not in (None, target):
        raise UsageError(f"The model's target is {model.schema.target}; leave --target out.")
    if model.schema.target is None:
        if target is None:
            raise UsageError(
                "The model was fitted on arrays: say which column is the target with --target NAME."
            )
        if model.schema.matrix_columns is None:
            model = replace(model, schema=_with_target(model, table, target))
        else:
            more["y"] = _target_of(model, table, target)
    if table.n_rows != model.n_rows:
        say(f"warning: the model was fitted on {model.n_rows:,} rows; this table has {table.n_rows:,}.")
    found = recompute(model, table, **more)
    tell = _tell_certificates if isinstance(model, Model) else _tell_statements
    return 0 if tell(model, found, table.n_rows, as_json) else NOT_CERTIFIED


def _weights_of(model: Any, table: Table, name: str) -> Any:
    """The weights of a model that knows no column for them."""
    from ..table.roles import read_weights

    if model.schema.weights is not None:
        raise UsageError(f"The model's weights are {model.schema.weights}; leave --weights out.")
    if not table.has(name):
        raise DataError(f'{table.name} has no column "{name}", the weights.')
    return read_weights(table, name)


def _target_of(model: Any, table: Table, name: str) -> Any:
    """The target of a model of an array, which knows no column for it."""
    from ..table.roles import read_target

    return read_target(table, name, _with_target(model, table, name).classes)


def _with_target(model: Any, table: Table, name: str) -> Schema:
    """The model's schema with a target; with its classes where that column is text."""
    from ..table.columns import Text

    if not table.has(name):
        raise UsageError(f'{table.name} has no column "{name}", the target.')
    known = bool(model.classes) and isinstance(table.column(name), Text)
    schema: Schema = replace(model.schema, target=name, classes=tuple(model.classes) if known else ())
    return schema


def _tell_certificates(model: Any, found: dict[str, Any], n_rows: int, as_json: bool) -> bool:
    """Of a linear model; whether the recommended fit is certified, and with it the refit that is mixed in."""
    rule = model.selection.rule
    own = {rule, f"{rule} refit"}
    certified = all(c.certified for name, c in found.items() if name in own)
    if as_json:
        put_json(
            {
                "schema": SCHEMA,
                "rule": rule,
                "certified": certified,
                "n_rows": n_rows,
                "n_rows_fitted": model.n_rows,
                "certificates": {
                    name: {"certified": c.certified, "identified": c.identified, "sentence": c.sentence}
                    | finite(c.to_dict())
                    for name, c in found.items()
                },
            }
        )
        return certified
    for name, c in found.items():
        recommended = ", recommended" if name in own and name != "given" else ""
        put(f"{name} (alpha {c.alpha:.3g}, l1_ratio {c.l1_ratio:.3g}{recommended}): {c.sentence}\n")
    return certified


def _tell_statements(model: Any, found: dict[str, Any], n_rows: int, as_json: bool) -> bool:
    """Of a network; whether these rows give the recorded objective."""
    rule = model.selection.rule
    s = found[rule]
    if as_json:
        put_json(
            {
                "schema": SCHEMA,
                "kind": "network",
                "rule": rule,
                "certified": False,
                "reproduced": s.reproduced,
                "n_rows": n_rows,
                "n_rows_fitted": model.n_rows,
                "statements": {
                    rule: {
                        "stationary": s.stationary,
                        "reproduced": s.reproduced,
                        "sentence": f"{s.agreement} {s.sentence}",
                        "objective": s.objective,
                    }
                    | finite(s.to_dict())
                },
            }
        )
    else:
        put(f"{rule} (alpha {model.alpha:.3g}, a network): {s.agreement}\n{s.sentence}\n")
    return bool(s.reproduced)


def finite(record: dict[str, object]) -> dict[str, object]:
    """The record in JSON's types; numbers that JSON cannot hold are null."""
    import math

    out: dict[str, object] = {}
    for key, value in record.items():
        number = value if isinstance(value, (int, str)) or value is None else float(str(value))
        out[key] = None if isinstance(number, float) and not math.isfinite(number) else number
    return out
