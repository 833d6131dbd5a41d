"""What an import loads, and that no module hides a function of the same name."""

from __future__ import annotations

import pkgutil

import numpy as np
import pytest

import bridle

LATE = [
    "scipy",
    "sklearn",
    "pyarrow",
    "torch",
    "dask",
    "matplotlib",
    "starlette",
    "uvicorn",
    "pandas",
    "polars",
    "jinja2",
    "rich",
]
LOADED = "import sys; print('|'.join(sorted(name for name in sys.modules if '.' not in name)))"
FUNCTIONS = ["fit", "path", "load", "verify", "report", "compare", "descend"]
EVERYTHING = (
    "import pkgutil, importlib, bridle\n"
    "for module in pkgutil.walk_packages(bridle.__path__, 'bridle.'):\n"
    "    if not module.name.endswith('__main__'): importlib.import_module(module.name)\n"
)


def test_import_loads_nothing_heavy(alone):
    loaded = alone("import bridle\n" + LOADED).strip().split("|")
    assert set(loaded) & {*LATE, "numpy"} == set()


def test_a_path_of_arrays_loads_no_tables(alone):
    loaded = alone(
        "import numpy as np, bridle\n"
        "X = np.random.default_rng(0).standard_normal((30, 3))\n"
        "bridle.path(X, X[:, 0])\n" + LOADED
    ).strip().split("|")  # fmt: skip
    assert set(loaded) & ({*LATE} - {"scipy"}) == set()


def test_names_stay_functions_after_every_module_is_imported(alone):
    alone(
        f"names = {FUNCTIONS}\n"
        "import bridle\n"
        "before = {name: getattr(bridle, name) for name in names}\n" + EVERYTHING + "for name in names:\n"
        "    assert callable(getattr(bridle, name)), name\n"
        "    assert getattr(bridle, name) is before[name], name\n"
    )


def test_names_are_found_when_every_module_was_imported_first(alone):
    alone(
        EVERYTHING + f"for name in {FUNCTIONS} * 2:\n    assert callable(getattr(bridle, name)), name\n"
        "for name in bridle.__all__:\n"
        "    assert getattr(bridle, name) is getattr(bridle, name), name\n"
        "    assert name in dir(bridle), name\n"
    )


def test_no_module_bears_the_name_of_a_public_one():
    modules = {module.name for module in pkgutil.iter_modules(bridle.__path__)}
    assert modules & set(bridle.__all__) == set()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        bridle.nonsense  # noqa: B018


def test_the_command_line_with_a_report_loads_neither_peers_nor_plots(alone, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 4))
    rows = np.column_stack([X, X[:, 0] + rng.standard_normal(60)])
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", header="a,b,c,d,target", comments="")
    out = alone(
        "import sys\n"
        "from bridle.cli import main\n"
        "try: code = main()\n"
        "except SystemExit as end: code = end.code\n"
        "assert not code, code\n"
        "print('LOADED'); " + LOADED,
        "fit", tmp_path / "t.csv", "--target", "target", "--report", tmp_path / "r.html", "--quiet",
    )  # fmt: skip
    assert (tmp_path / "r.html").stat().st_size > 10_000
    loaded = set(out.split("LOADED")[1].strip().split("|"))
    assert "bridle" in loaded
    assert loaded & {"sklearn", "matplotlib", "pandas", "torch", "dask"} == set()
