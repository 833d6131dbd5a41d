"""`bridle example`: real tables to try things on, from scikit-learn's bundled data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .running import is_terminal, say
from .tables_out import write_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGETS = {"diabetes": "progression", "iris": "petal_width", "linnerud": "weight", "wine": "color_intensity"}


@click.command(short_help="Write a real table as CSV.")
@click.argument("name", type=click.Choice(list(TARGETS)), default="diabetes")
def example(name: str) -> None:
    """Write a real table as CSV on standard output.

    \b
    diabetes  442 patients: ten measurements and how far the disease was a year later (the default)
    iris      150 flowers of three species: four lengths and widths
    linnerud  20 men in a fitness club: three exercises and three measurements of the body
    wine      178 wines of three cultivars: thirteen chemical measurements
    """
    columns = {column: _whole(values) for column, values in _read(name).items()}
    write_columns(None, columns)
    if not is_terminal(sys.stdout):
        rows = len(next(iter(columns.values())))
        say(
            f"{name}: {rows} rows, {len(columns)} columns. Next: bridle fit {name}.csv --target {TARGETS[name]}"
        )


def _read(name: str) -> dict[str, NDArray[Any]]:
    from sklearn import datasets

    if name == "diabetes":
        data = datasets.load_diabetes(scaled=False)
        return _named(data.feature_names, data.data) | {"progression": data.target}
    if name == "linnerud":
        data = datasets.load_linnerud()
        return _named(data.feature_names + data.target_names, data.data, data.target)
    data = getattr(datasets, f"load_{name}")()
    names = [text.removesuffix(" (cm)").replace(" ", "_").replace("/", "_") for text in data.feature_names]
    return _named(names, data.data) | {
        "species" if name == "iris" else "cultivar": data.target_names[data.target]
    }


def _named(names: list[str], *blocks: NDArray[Any]) -> dict[str, NDArray[Any]]:
    columns = [column for block in blocks for column in block.T]
    return dict(zip([name.lower() for name in names], columns))


def _whole(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers as such: 59, not 59.0."""
    if values.dtype.kind == "f" and (values == values.round()).all():
        return values.astype("int64")
    return values
