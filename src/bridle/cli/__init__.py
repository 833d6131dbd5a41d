"""The command line: `bridle example | fit | compare | predict | verify | convert | lab`.

Data go to standard output, everything else to standard error; `-` is standard input. Nothing heavy is imported
before a command needs it, so that `bridle --help` answers at once.
"""

from __future__ import annotations

import click

from .. import __version__
from .compare_command import compare
from .convert_command import convert
from .examples import example
from .fit_command import fit
from .lab_command import lab
from .predict_command import predict
from .running import run
from .verify_command import verify

__all__ = ["main"]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 fine, 1 a bug, 2 usage, 3 bad data, 4 not certified (the result is still written), "
    "130 interrupted. BRIDLE_TRACEBACK=1 shows where an error comes from; NO_COLOR switches colours off.",
)
@click.version_option(__version__, prog_name="bridle", message="%(prog)s %(version)s")
def program() -> None:
    """Regularized models (ridge, lasso, elastic net) of a table: chosen, fitted, explained and certified.

    \b
    bridle example diabetes > diabetes.csv
    bridle fit diabetes.csv --target progression --report report.html --model m.bridle
    bridle predict m.bridle new.csv
    """


for command in (example, fit, compare, predict, verify, convert, lab):
    program.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status; ``arguments`` are those of the process unless given.

    >>> main(["--version"])
    bridle 0.1.0
    0
    """
    return run(program, arguments)
