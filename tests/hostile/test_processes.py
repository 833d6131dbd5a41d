"""Fits beside fits: threads, forks, daemons, and tables of more cells than 32 bits can count."""

from __future__ import annotations

import multiprocessing as mp
import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hostile_kit import ESTIMATORS, WAYS, Answer, excess, table

X, Y = table(400, 20)
HOW = ["two threads", "fork after fit", "joblib", "daemon"]


def coefs(way: str) -> Any:
    return WAYS[way](X, Y).coef


def _send(pipe: Any, way: str) -> None:
    pipe.send(coefs(way))


def check_processes(case: str, way: str) -> None:
    """The same bits as alone; between threads the same numbers."""
    alone = coefs(way)
    if case == "two threads":
        found: list[Any] = [None] * 4
        work = [threading.Thread(target=lambda k=k: found.__setitem__(k, coefs(way))) for k in range(4)]  # type: ignore[misc]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
    elif case == "fork after fit":
        inlet, outlet = os.pipe()
        if (pid := os.fork()) == 0:
            os.write(outlet, coefs(way).tobytes())
            os._exit(0)
        os.close(outlet)
        data = os.read(inlet, 1 << 16)
        assert os.waitpid(pid, 0)[1] == 0
        found = [np.frombuffer(data)]
    elif case == "joblib":
        from joblib import Parallel, delayed

        found = Parallel(n_jobs=2, backend="multiprocessing")(delayed(coefs)(way) for _ in range(2))
    else:
        context = mp.get_context("fork")
        here, there = context.Pipe()
        process = context.Process(target=_send, args=(there, way), daemon=True)
        process.start()
        assert here.poll(15), "no answer"
        found = [here.recv()]
        process.join(5)
    for one in found:
        # In another thread OpenBLAS may round differently in the last place.
        near = case == "two threads" and np.allclose(one, alone, rtol=1e-12, atol=1e-15)
        assert near or one.tobytes() == alone.tobytes(), "another answer than alone"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", HOW)
def test_beside_others(alone: Callable[..., None], case: str, way: str) -> None:
    alone(check_processes, case, way, HOW, list(WAYS))


def check_large(case: str, way: str) -> None:
    """2^31 cells and some: one row of float32, seen many times over, so that nothing is stored."""
    n, p = 2**21 + 3, 2**10
    row = np.random.default_rng(0).standard_normal(p)
    cells = np.broadcast_to(row, (n, p))
    assert cells.size > 2**31
    x = np.random.default_rng(1).standard_normal((40, p))
    est = ESTIMATORS[way]().fit(x, x[:, 0])
    said = est.predict(cells)
    assert np.allclose(said, row @ est.coef_ + est.intercept_, rtol=1e-9)


@pytest.mark.parametrize("way", ["Ridge"])
def test_predictions_of_more_cells_than_32_bits_count(alone: Callable[..., None], way: str) -> None:
    alone(check_large, "broadcast", way, ["broadcast"], [way])


JUDGED = {"right": 0.0, "one coefficient off": 1e-3, "the intercept off": 1e-3, "a column left out": 1.0}


@pytest.mark.parametrize("case", JUDGED)
@pytest.mark.parametrize("way", WAYS)
def test_the_judge_sees_mistakes(way: str, case: str) -> None:
    x, y = table()
    answer = WAYS[way](x, y)
    coef = np.array(answer.coef)
    if case == "one coefficient off":
        coef[0] *= 1 + JUDGED[case]
    elif case == "a column left out":
        coef[0] = 0.0
    moved = answer.intercept + (JUDGED[case] if "intercept" in case else 0)
    if "intercept" in case and not answer.fit_intercept:
        return
    off = excess(
        Answer(coef, moved, answer.alpha, answer.l1_ratio, answer.fit_intercept, answer.standardized), x, y
    )
    assert off < 2e-5 if case == "right" else off > 2e-5
