"""Ctrl-C in the middle of long work is answered at once, by KeyboardInterrupt, and leaves a process that still works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import bridle

MOST_SECONDS = 1.0  # a machine busy with other things; 0.2 on a quiet one
SCRIPT = """
import sys, time, numpy as np, bridle
rng = np.random.default_rng(0)
small = rng.standard_normal((50, 3))
bridle.path(small, small[:, 0], n_alphas=3)
{setup}
print("ready", flush=True)
try:
    while True:
        {work}
except KeyboardInterrupt:
    print("answered", flush=True)
assert np.isfinite(bridle.path(small, small[:, 0] + rng.standard_normal(50), n_alphas=3).coefs).all()
print("works", flush=True)
"""
TALL = "X = rng.standard_normal((200_000, 200)); y = X[:, 0] + rng.standard_normal(len(X))"
WIDE = "X = rng.standard_normal((500, 20_000), dtype=np.float32); y = X[:, 0] + rng.standard_normal(len(X))"
CORRELATED = (
    "X = rng.standard_normal((700, 1)) + 0.05 * rng.standard_normal((700, 1400)); "
    "y = X[:, :50] @ rng.standard_normal(50) + rng.standard_normal(700)"
)
SPARSE = (
    "import scipy.sparse as sp; X = sp.random_array((5_000, 30_000), density=0.001, format='csc', rng=rng); "
    "y = X[:, :50] @ rng.standard_normal(50) + rng.standard_normal(5_000)"
)
WORK = {
    "moments": (TALL, "bridle.Moments.from_arrays(X, y)"),
    "fit of many rows": (TALL, "bridle.fit(X, y, progress=lambda stage, share: None)"),
    "path of many columns": (WIDE, "bridle.path(X, y)"),
    "fit of many columns": (WIDE, "bridle.fit(X, y)"),
    "ridge of many columns": (WIDE, "bridle.path(X, y, l1_ratio=0.0)"),
    "sparse columns": (SPARSE, "bridle.path(X, y)"),
    "fit of sparse columns": (SPARSE, "bridle.fit(X, y, l1_ratios=(0.5, 1.0))"),
    "ridge of sparse rows": (SPARSE, "bridle.fit(X, y, l1_ratios=0.0)"),
    "ridge of a family": (SPARSE, "bridle.fit(X, y > 0, family='binomial', l1_ratios=0.0)"),
    "correlated columns": (CORRELATED, "bridle.fit(X, y, l1_ratios=(0.5, 1.0))"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
@pytest.mark.parametrize("work", WORK)
def test_an_interrupt_is_answered_at_once(work):
    setup, call = WORK[work]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(setup=setup, work=call)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "BRIDLE_THREADS": "2"},
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        began = time.perf_counter()
        process.send_signal(signal.SIGINT)
        answer = process.stdout.readline()
        took = time.perf_counter() - began
        process.wait(timeout=20)  # not communicate(): it would lose what readline has buffered
        rest, errors = process.stdout.read(), process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    print(f"{work}: answered after {took:.3f} s")
    assert answer == "answered\n", errors[-1000:]
    assert rest == "works\n", errors[-1000:]
    assert took < MOST_SECONDS


def test_an_error_of_the_progress_callback_comes_through():
    class Enough(Exception):
        pass

    def stop(stage, share):
        raise Enough

    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 100))
    with pytest.raises(Enough):
        bridle.fit(X, X[:, 0] + rng.standard_normal(20_000), progress=stop)
