"""Columns that nearly depend on each other: which BLAS kernels a machine takes must not decide whether a path is solved."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import bridle

Floats = NDArray[np.float64]
KINDS = (
    "a walk along the columns",
    "three directions and a little noise",
    "powers",
    "opposites",
    "fractions",
)


def table(kind: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """5 to 60 rows, 3 to 60 columns."""
    n, p = int(rng.integers(5, 60)), int(rng.integers(3, 60))
    if kind == 0:
        X = np.cumsum(0.01 * rng.normal(size=(n, p)), axis=1) + rng.normal(size=(n, 1))
    elif kind == 1:
        X = rng.normal(size=(n, 3)) @ rng.normal(size=(3, p)) + 1e-6 * rng.normal(size=(n, p))
    elif kind == 2:
        X = np.power.outer(rng.uniform(0, 1, n), np.arange(1, p + 1))
    elif kind == 3:
        X = rng.integers(0, 2, size=(n, p)).astype(float)
        X[:, 1::2] = 1 - X[:, : 2 * (p // 2) : 2]
    else:
        X = rng.normal(size=(n, 1)) / (1 + np.add.outer(np.arange(n), np.arange(p)))
    return X, X @ rng.normal(size=p) + 0.1 * rng.normal(size=n)


def worst_gap(kind: int) -> float:
    """Of 80 paths."""
    gaps = []
    for seed in range(40):
        X, y = table(kind, np.random.default_rng([kind, seed]))
        gaps += [bridle.path(X, y, n_alphas=30, l1_ratio=ratio).gaps.max() for ratio in (1.0, 0.5)]
    return float(max(gaps))


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=KINDS)
def test_paths_are_solved(kind: int) -> None:
    assert worst_gap(kind) < 1e-9


@pytest.mark.parametrize("kernels", ["Prescott", "Sandybridge", "Haswell"])
def test_they_are_solved_with_other_kernels(kernels: str) -> None:
    """OpenBLAS takes older processors' kernels when told so: the same sums in another order."""
    program = f"""
import sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_nearly_dependent import KINDS, worst_gap
print(max(worst_gap(kind) for kind in range(len(KINDS))))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"OPENBLAS_CORETYPE": kernels},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-9
