"""Two columns that say the same: a lasso may share a weight among them in any way; bridle keeps one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bridle


@pytest.mark.parametrize("kernels", ["", "Prescott", "Haswell"])
def test_with_other_kernels_too(kernels: str) -> None:
    """OpenBLAS takes older processors' kernels when told so, which round differently."""
    here = str(Path(__file__).parent)
    program = f"import sys; sys.path.insert(0, {here!r}); import test_opposites; test_opposites.one_is_kept()"
    environment = os.environ | ({"OPENBLAS_CORETYPE": kernels} if kernels else {})
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def one_is_kept() -> None:
    # Found on these rows: what Newton's curvature learnt from the smallest moves told the two levels apart, and one took
    # over from the other.
    rng = np.random.default_rng(6)
    rows = []
    for n in range(200):
        age, debt, late = rng.normal(45, 12), rng.lognormal(8, 1), int(rng.poisson(1))
        region = str(rng.choice(["east", "west"]))
        eta = -1.2 - 0.04 * (age - 45) + 0.7 * (np.log(debt) - 8) + 0.5 * late
        cell = np.nan if n % 17 == 4 else round(float(debt), 2)
        yes = rng.random() < 1 / (1 + np.exp(-eta))
        rows.append((round(float(age), 1), cell, region, late, "yes" if yes else "no"))
    table = pd.DataFrame(rows, columns=["age", "debt", "region", "late", "default"])
    model = bridle.fit(table, target="default", family="binomial")
    assert model.l1_ratio == 1
    at = [model.schema.column_names().index(f"region={name}") for name in ("east", "west")]
    kept = model.path.coefs[:, at] != 0
    assert kept.any(axis=0).sum() == 1
