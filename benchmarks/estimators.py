"""``python -m benchmarks.estimators``: bridle's estimators against scikit-learn's, by changing the import.

Both run in one process, one call each in turn, after a warm-up of each; the time is the median. The same arguments, both at
their defaults of accuracy; "gap" is the certified relative duality gap of each one's answer, from the rows, by one code.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn import linear_model
from sklearn.datasets import load_diabetes

import bridle
from bridle.certificate import Candidate, certify
from bridle.design import Dense, Design
from bridle.penalties import Penalty

from . import machine
from .run import RESULTS

THREADS = 2
SHORTEST = 0.2  # a shorter call is repeated within one timing


@dataclass(frozen=True)
class Task:
    """One call, by both: ``goal`` is how many times faster bridle should be."""

    name: str
    estimator: str
    settings: dict[str, Any]
    n: int
    p: int
    goal: float | None
    turns: int = 7


ALPHAS = np.geomspace(1e-1, 1e5, 100)
TASKS = (
    Task("Lasso(alpha=0.1), diabetes", "Lasso", {"alpha": 0.1}, 442, 10, 1.5),
    Task("ElasticNet(alpha=0.01), diabetes", "ElasticNet", {"alpha": 0.01}, 442, 10, None),
    Task("Ridge(), diabetes", "Ridge", {}, 442, 10, None),
    Task("LassoCV(), diabetes", "LassoCV", {}, 442, 10, 20),
    Task("LassoCV(n_jobs=2), 20,000 x 500", "LassoCV", {"n_jobs": 2}, 20_000, 500, None, 3),
    Task("RidgeCV(100 alphas), diabetes", "RidgeCV", {"alphas": ALPHAS / 1e4}, 442, 10, None),
    Task(
        "RidgeCV(100 alphas), leave-one-out, 20,000 x 1,000", "RidgeCV", {"alphas": ALPHAS}, 20_000, 1_000, 30, 2
    ),
)  # fmt: skip


def data(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Diabetes, or normal columns with twenty that count and noise of the same size."""
    if task.n == 442:
        return load_diabetes(return_X_y=True)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((task.n, task.p))
    signal = X[:, :20] @ rng.standard_normal(20)
    return X, signal + signal.std() * rng.standard_normal(task.n)


def timed(call: Callable[[], Any], repeat: int) -> float:
    """Mean seconds of a call."""
    start = time.perf_counter()
    for _ in range(repeat):
        call()
    return (time.perf_counter() - start) / repeat


def gap(task: Task, X: np.ndarray, y: np.ndarray, fitted: Any) -> float:
    """The certified relative gap of an answer, at the strength that it chose."""
    alpha = float(getattr(fitted, "alpha_", getattr(fitted, "alpha", 0.0)))
    ratio = float(getattr(fitted, "l1_ratio", 1.0))
    if task.estimator.startswith("Ridge"):
        alpha, ratio = alpha / len(y), 0.0
    candidate = Candidate(alpha, ratio, float(fitted.intercept_), fitted.coef_)
    design = Design((Dense(X),), np.empty((0, 2), dtype=np.intp))
    return certify(design, y, None, [candidate], Penalty.of(X.shape[1]), standardize=False)[0].relative_gap


def run(task: Task) -> dict[str, Any]:
    """Both, in turn."""
    X, y = data(task)
    makers = [
        lambda home=home: getattr(home, task.estimator)(**task.settings).fit(X, y)
        for home in (bridle, linear_model)
    ]
    # The first call loads code; a second one says how long a call takes, where that does not take too long itself.
    warm = [(first if (first := timed(make, 1)) > 5 else timed(make, 1), make) for make in makers]
    repeats = [max(1, min(200, int(SHORTEST / max(first, 1e-9)))) for first, _ in warm]
    seconds: list[list[float]] = [[], []]
    fitted: list[Any] = [None, None]
    for _ in range(task.turns):
        for at, make in enumerate(makers):

            def call(at: int = at, make: Callable[[], Any] = make) -> None:
                fitted[at] = make()

            seconds[at].append(timed(call, repeats[at]))
    ours, theirs = fitted
    medians = [statistics.median(one) for one in seconds]
    off = float(np.abs(ours.coef_ - theirs.coef_).max() / max(np.abs(theirs.coef_).max(), 1e-300))
    return {
        "task": {key: value for key, value in asdict(task).items() if key != "settings"},
        "bridle": {"seconds": seconds[0], "gap": gap(task, X, y, ours)},
        "scikit-learn": {"seconds": seconds[1], "gap": gap(task, X, y, theirs)},
        "ratio": medians[1] / medians[0],
        "coefficients_differ_by": off,
    }


def main() -> None:
    """Runs the tasks, prints the table, writes the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--only", default="", help="a part of a task's name")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, machine.spread(THREADS))
    here = machine.describe(THREADS)
    console = Console(width=None if os.isatty(1) else 150)
    if here["load_before"] > 0.5:
        console.print(f"The machine is busy (load {here['load_before']:.1f}): times will be too long.")
    table = Table("task", "bridle", "gap", "scikit-learn", "gap", "ratio", "goal", "coefficients differ by")
    done = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for task in TASKS:
            if arguments.only in task.name:
                record = run(task)
                done.append(record)
                cells = [_time(record[tool]) for tool in ("bridle", "scikit-learn")]
                gaps = [f"{record[tool]['gap']:.0e}" for tool in ("bridle", "scikit-learn")]
                goal = "" if task.goal is None else f"{task.goal:g} x"
                table.add_row(
                    task.name, cells[0], gaps[0], cells[1], gaps[1], f"{record['ratio']:.1f} x", goal,
                    f"{record['coefficients_differ_by']:.0e}",
                )  # fmt: skip
    console.print(table)
    if not arguments.dry:
        part = "".join(c if c.isalnum() else "-" for c in arguments.only)
        name = "-".join(filter(None, [date.today().isoformat(), "estimators", part])) + ".json"
        (RESULTS / name).write_text(json.dumps({"machine": here, "tasks": done}, indent=1) + "\n")
        console.print(f"Written: benchmarks/results/{name}")


def _time(one: dict[str, Any]) -> str:
    seconds = statistics.median(one["seconds"])
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


if __name__ == "__main__":
    main()
