"""`bridle predict`: a model applied to new rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from .parsing import check_outputs
from .running import say
from .tables_out import format_of, write_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..table import Table


@click.command(short_help="Apply a model to new rows.")
@click.argument("model_file", metavar="MODEL")
@click.argument("table_file", metavar="TABLE")
@click.option("-o", "--output", metavar="FILE", help="Write .csv or .parquet instead of standard output.")
@click.option("--rule", type=click.Choice(["min", "1se"]), help="Predict with this rule's choice.")
@click.option(
    "--offset", metavar="COLUMN", help="The offset, for a model that was fitted on arrays with one."
)
@click.option("-q", "--quiet", is_flag=True, help="No remarks on standard error.")
def predict(
    model_file: str, table_file: str, output: str | None, rule: str | None, offset: str | None, quiet: bool
) -> None:
    """Predict every row of TABLE (- is standard input) with MODEL, one line each, in the order of the rows.

    The answer is one column with the target's name; of two classes it is the probability of the second one, and
    named so. TABLE needs the model's columns, in any order, and its offset; others are ignored.
    """
    format_of(output)
    if output != "-":
        check_outputs(table_file, {"--output": output})
    from ..model import load
    from ..table import encode, open_table

    model = load(model_file)
    table = open_table(table_file)
    more = {} if offset is None else {"offset": offset_of(model, table, offset)}
    frame = encode(model.schema, table, need_target=False)
    needs_offset(model, offset)
    if not quiet:
        for note in (*table.notes, *frame.notes):
            say(f"{'warning' if note.warning else 'note'}: {note.text}")
    predicted = model.predict(table, rule=rule, **more)
    write_columns(output, {prediction_name(model, model.target_name): predicted})


def prediction_name(model: Any, name: str) -> str:
    """What a column of predictions is called: ``name``, but of a model of two classes what it is the probability of."""
    classes: tuple[str, ...] = model.classes if hasattr(model, "has_offset") else ()
    return f"probability of {model.target_name}={classes[1]}" if len(classes) == 2 else name


def offset_of(model: Any, table: Table, name: str) -> NDArray[Any]:
    """The offset of a model that does not know its column, as one of an array does not."""
    from ..errors import DataError
    from ..table.roles import read_offset

    if not getattr(model, "has_offset", False):
        raise UsageError("The model was fitted without an offset; leave --offset out.")
    if model.schema.offset is not None:
        raise UsageError(f"The model's offset is {model.schema.offset}; leave --offset out.")
    if not table.has(name):
        raise DataError(f'{table.name} has no column "{name}", the offset.')
    return read_offset(table, name)


def needs_offset(model: Any, offset: str | None) -> None:
    """Refuse a model with an offset that no column is known for."""
    if getattr(model, "has_offset", False) and model.schema.offset is None and offset is None:
        raise UsageError(
            "The model was fitted on arrays with an offset: say which column it is with --offset NAME (0 in every row adds "
            "nothing)."
        )


__all__ = ["needs_offset", "offset_of", "predict", "prediction_name"]
