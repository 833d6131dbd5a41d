"""The lab's built-in data sets: one real table and three made ones, the same on every machine and in every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .catalog import ABOUT

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Example:
    """Columns, a target and what to say of them.

    Attributes
    ----------
    X, y : (n, p) and (n,), read-only.  names : p of them.
    python : the lines that make X and y, for "Copy as Python".
    """

    id: str
    title: str
    about: str
    target: str
    unit: str
    names: tuple[str, ...]
    X: Floats
    y: Floats
    python: str


@cache
def load(id: str) -> Example:
    """A data set by its name.

    Raises
    ------
    UsageError
        For a name that is none.

    >>> load("pair").X.shape
    (40, 2)
    """
    if id not in ABOUT:
        raise UsageError(f"There is no data set {id!r}; there are {', '.join(ABOUT)}.")
    X, y = _MAKERS[id]()
    for array in (X, y):
        array.setflags(write=False)
    about = ABOUT[id]
    return Example(id, about.title, about.about, about.target, "", about.names, X, y, _python(id))


def _python(id: str) -> str:
    if id == "diabetes":
        return (
            "from sklearn.datasets import load_diabetes\nX, y = load_diabetes(return_X_y=True, scaled=False)"
        )
    return f'from bridle.lab.examples import load\nX, y = load("{id}").X.copy(), load("{id}").y'


def _diabetes() -> tuple[Floats, Floats]:
    """scikit-learn's table; from its files where they lie as ever, since importing sklearn.datasets takes over a second."""
    package = find_spec("sklearn")
    if package is not None and package.origin is not None:
        folder = Path(package.origin).parent / "datasets" / "data"
        files = folder / "diabetes_data_raw.csv.gz", folder / "diabetes_target.csv.gz"
        if all(file.is_file() for file in files):
            X, y = (np.loadtxt(file) for file in files)
            if X.shape == (442, 10) and y.shape == (442,):
                return X, y
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    return np.array(X, dtype=np.float64), np.array(y, dtype=np.float64)


def _wide100() -> tuple[Floats, Floats]:
    """Ten weights from 1 down to 0.28, every second one negative; noise of standard deviation 1."""
    rng = np.random.default_rng(100)
    X = rng.standard_normal((200, 100))
    weights = np.linspace(1.0, 0.28, 10) * np.where(np.arange(10) % 2, -1.0, 1.0)
    return X, X[:, :10] @ weights + rng.standard_normal(200)


def _pair() -> tuple[Floats, Floats]:
    """Columns and noise are made orthogonal first: mean 0, sd 1, correlation 0.6 and the weights then hold exactly."""
    rng = np.random.default_rng(2)
    raw = np.column_stack([np.ones(40), rng.standard_normal((40, 3))])
    basis = np.linalg.qr(raw)[0][:, 1:] * np.sqrt(40.0)
    X = np.column_stack([basis[:, 0], 0.6 * basis[:, 0] + 0.8 * basis[:, 1]])
    return X, X @ np.array([1.2, -0.2]) + 0.5 * basis[:, 2]


def _overfit() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(8)
    x = np.sort(rng.uniform(-1.0, 1.0, 30))
    y = np.sin(2.5 * x) + 0.35 * rng.standard_normal(30)
    return x[:, None] ** np.arange(1, 10), y


_MAKERS: dict[str, Callable[[], tuple[Floats, Floats]]] = {
    "diabetes": _diabetes,
    "wide100": _wide100,
    "pair": _pair,
    "overfit": _overfit,
}


__all__ = ["Example", "load"]
