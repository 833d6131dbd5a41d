"""`bridle predict`: a model applied to new rows."""

from __future__ import annotations

import click

from .parsing import check_outputs
from .running import say
from .tables_out import format_of, write_columns


@click.command(short_help="Apply a model to new rows.")
@click.argument("model_file", metavar="MODEL")
@click.argument("table_file", metavar="TABLE")
@click.option("-o", "--output", metavar="FILE", help="Write .csv or .parquet instead of standard output.")
@click.option("--rule", type=click.Choice(["min", "1se"]), help="Predict with this rule's choice.")
@click.option("-q", "--quiet", is_flag=True, help="No remarks on standard error.")
def predict(model_file: str, table_file: str, output: str | None, rule: str | None, quiet: bool) -> None:
    """Predict every row of TABLE (- is standard input) with MODEL, one line each, in the order of the rows.

    The answer is one column with the target's name. TABLE needs the model's columns, in any order; others are
    ignored.
    """
    format_of(output)
    if output != "-":
        check_outputs(table_file, {"--output": output})
    from ..model import load
    from ..table import encode, open_table

    model = load(model_file)
    table = open_table(table_file)
    frame = encode(model.schema, table, need_target=False)
    if not quiet:
        for note in (*table.notes, *frame.notes):
            say(f"{'warning' if note.warning else 'note'}: {note.text}")
    write_columns(output, {model.target_name: model.predict(table, rule=rule)})
