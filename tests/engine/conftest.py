"""Small tables, and a runner of scripts in a process of their own, for the engine's tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture
def table() -> tuple[np.ndarray, np.ndarray]:
    """(60, 5) standard normal columns, and a target of two of them plus noise."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5))
    return X, 2 * X[:, 0] - X[:, 1] + rng.standard_normal(60)


@pytest.fixture
def alone() -> Callable[..., str]:
    """Runs Python code in a fresh process, within a time limit, and gives back what it printed."""

    def run(code: str, *arguments: object, timeout: float = 60) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run
