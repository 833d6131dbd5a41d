"""``python -m benchmarks.networks``: which regularizer helps an over-large network that learns from wrong labels.

A fifth of the training labels is wrong (each flipped to another class at random), the test labels are clean. For each seed
the split, the flips and the initial weights are drawn anew, and all methods get the same ones, so that what is compared
within a seed is the method alone. Strengths and rates of dropout are chosen by ``MLPClassifierCV`` on the training rows,
by the log loss of folds whose labels are wrong to the same share; then one network is fitted at the choice, with the same
initial weights, batches and epochs as the network without any regularizer. The test rows are looked at once.

The seeds share one data set, so the standard errors speak of other splits, flips and weights, not of other data.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split

from bridle.comparing.figure_dots import Dot, dots_figure

from . import machine
from .run import RESULTS

ROOT = Path(__file__).parent.parent
DOCUMENT, PICTURES = ROOT / "docs" / "neural-networks.md", ROOT / "docs" / "pictures"
START, END = "<!-- measured -->\n", "<!-- /measured -->"
SEEDS, FLIPPED, PROCESSES = 10, 0.2, 2
NETWORK: dict[str, Any] = {"hidden_layer_sizes": (128,), "batch_size": 64, "max_iter": 50}
CHOOSING: dict[str, Any] = {"cv": 3, "n_alphas": 7}
STYLE = """
#ID { --paper: #fdfcf9; --ink: #1c2025; --muted: #5a626c; --grid: #e9e5dd; --up: #1b5e9e;
  background: var(--paper); font-family: -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
@media (prefers-color-scheme: dark) {
  #ID { --paper: #14171b; --ink: #e9e7e2; --muted: #a4acb6; --grid: #262b31; --up: #7fb4ec; } }
#ID text { font-size: 13px; fill: var(--ink); font-variant-numeric: tabular-nums; }
#ID text.tick, #ID text.label { font-size: 12px; fill: var(--muted); } #ID text.mark { font-weight: 700; }
#ID line { fill: none; stroke-width: 1; } #ID .grid { stroke: var(--grid); } #ID .axis, #ID .zero { stroke: var(--muted); }
#ID .whisker { stroke: var(--ink); stroke-width: 1.3; }
#ID .dot { fill: var(--up); stroke: var(--up); stroke-width: 2; } #ID .dot.other { fill: var(--paper); }
"""


@dataclass(frozen=True)
class Data:
    """A data set of scikit-learn, and the share of its rows to train on."""

    name: str
    title: str
    train: float

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """X (n, p) and labels (n,)."""
        loaded: tuple[np.ndarray, np.ndarray] = (
            load_breast_cancer(return_X_y=True)
            if self.name == "breast-cancer"
            else load_digits(return_X_y=True)
        )
        return loaded


@dataclass(frozen=True)
class Method:
    """Settings of the network, and the candidates among which cross-validation chooses; none: nothing to choose."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    candidates: tuple[dict[str, Any], ...] = ()


DATA = (Data("breast-cancer", "Breast cancer", 1 / 2), Data("digits", "Digits", 1 / 3))
STOPPING: dict[str, Any] = {"early_stopping": True, "validation_fraction": 0.2}
METHODS = (
    Method("none"),
    Method("weight decay", candidates=({"l1_ratio": 0.0},)),
    Method("L1", candidates=({"l1_ratio": 1.0},)),
    Method("groups of inputs", candidates=({"l1_ratio": 0.9, "groups": "inputs"},)),
    Method("groups of neurons", candidates=({"l1_ratio": 0.9, "groups": "neurons"},)),
    Method("dropout", candidates=tuple({"alphas": (0.0,), "dropout": rate} for rate in (0.1, 0.25, 0.5))),
    Method("early stopping", STOPPING),
    Method("all together", STOPPING | {"dropout": 0.25}, ({"l1_ratio": 0.5},)),
)


def noisy(data: Data, seed: int) -> tuple[np.ndarray, ...]:
    """X and wrong labels to train on, X and clean labels to test on."""
    X, y = data.load()
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=data.train, stratify=y, random_state=seed
    )
    random, classes = np.random.default_rng(seed), int(y.max()) + 1
    wrong = random.permutation(len(y_train))[: round(FLIPPED * len(y_train))]
    y_train[wrong] = (y_train[wrong] + random.integers(1, classes, len(wrong))) % classes
    return X_train, y_train, X_test, y_test


def chosen(method: Method, X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Any]:
    """What cross-validation on the training rows makes of the method: arguments of ``MLPClassifier``."""
    from bridle.torch import MLPClassifierCV

    best, found = math.inf, {"l2": 0.0} | method.settings
    for candidate in method.candidates:
        settings = NETWORK | CHOOSING | method.settings | candidate
        cv = MLPClassifierCV(**settings, random_state=seed).fit(X, y)
        error = float(cv.mean_error_.min())
        if error < best:
            at = cv.model_.strengths
            strengths = {"l1": at.l1, "l2": at.l2, "group": at.group, "groups": at.groups}
            best, found = error, {**method.settings, **strengths, "dropout": cv.dropout}
    return found


def run(data: Data, seed: int) -> dict[str, Any]:
    """Every method on one split: errors are shares of the test rows."""
    import torch

    from bridle.torch import MLPClassifier

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    X, y, X_test, y_test = noisy(data, seed)
    out: dict[str, Any] = {}
    for method in METHODS:
        start = time.process_time()
        arguments = chosen(method, X, y, seed)
        est = MLPClassifier(**NETWORK, **arguments, random_state=seed).fit(X, y)
        out[method.name] = {
            "error": float((est.predict(X_test) != y_test).mean()),
            "fitted_wrong_labels": float((est.predict(X) == y).mean()),
            "weights": est.n_nonzero_ / sum(w.size for w in est.coefs_),
            "inputs": int(est.features_used_.sum()),
            "arguments": arguments,
            "seconds": time.process_time() - start,
        }
    return {"data": data.name, "seed": seed, "n_train": len(y), "n_test": len(y_test), "methods": out}


@dataclass(frozen=True)
class Row:
    """One method over the seeds, in per cent: the error, and its difference to the network with no regularizer."""

    name: str
    error: float
    error_se: float
    difference: float
    difference_se: float
    better: int
    weights: float
    inputs: float

    @property
    def verdict(self) -> str:
        """Two standard errors are taken to be a difference."""
        if self.name == "none":
            return ""
        if abs(self.difference) <= 2 * self.difference_se:
            return "no difference seen"
        return "helps" if self.difference < 0 else "harms"


def rows(runs: Sequence[dict[str, Any]]) -> list[Row]:
    """Means over seeds with their standard errors."""
    out = []
    for method in METHODS:
        found = [one["methods"][method.name] for one in runs]
        errors = [100 * one["error"] for one in found]
        paired = [e - 100 * one["methods"]["none"]["error"] for e, one in zip(errors, runs)]
        out.append(
            Row(
                method.name,
                statistics.mean(errors),
                _standard_error(errors),
                statistics.mean(paired),
                _standard_error(paired),
                sum(d < 0 for d in paired),
                100 * statistics.mean(one["weights"] for one in found),
                statistics.mean(one["inputs"] for one in found),
            )
        )
    return out


def _standard_error(values: Sequence[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def table(made: Sequence[Row], seeds: int) -> str:
    """In Markdown."""
    lines = [
        "| method | test error, % | against none, points | seeds with fewer | weights left, % | inputs used | so it |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in made:
        difference = "" if row.name == "none" else f"{_signed(row.difference)} ± {row.difference_se:.1f}"
        better = "" if row.name == "none" else f"{row.better} of {seeds}"
        lines.append(
            f"| {row.name} | {row.error:.1f} ± {row.error_se:.1f} | {difference} | {better} | {row.weights:.0f} | "
            f"{row.inputs:.1f} | {row.verdict} |"
        )
    return "\n".join(lines) + "\n"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def figure(title: str, made: Sequence[Row], ident: str) -> str:
    """Differences to none with one standard error on each side, as an SVG that stands alone, light or dark."""
    others = [row for row in made if row.name != "none"]
    best = min(others, key=lambda row: row.difference)
    dots = [
        Dot(
            row.name,
            row.difference,
            row.difference - row.difference_se,
            row.difference + row.difference_se,
            f"{_signed(row.difference)} ± {row.difference_se:.1f}",
            row is best,
        )
        for row in others
    ]
    drawn = dots_figure(
        dots, title=f"{title}: test error against no regularizer", unit="percentage points",
        sides=("fewer errors", "more"), ident=ident,
    )  # fmt: skip
    head, rest = drawn.split("</desc>", 1)
    style = f"<style>{STYLE.replace('ID', ident)}</style>"
    ground = '<rect width="100%" height="100%" style="fill:var(--paper)"/>'
    return f"{head}</desc>{style}{ground}{rest}\n"


def section(record: dict[str, Any]) -> str:
    """Tables and pictures for the document."""
    parts = []
    for data in DATA:
        runs = [one for one in record["runs"] if one["data"] == data.name]
        n, m = runs[0]["n_train"], runs[0]["n_test"]
        parts.append(
            f"**{data.title}**, {n} training rows ({round(FLIPPED * n)} labels wrong), {m} test rows, {len(runs)} seeds:\n\n"
            + table(rows(runs), len(runs))
            + f"\n![{data.title}: difference of the test error to no regularizer](pictures/networks-{data.name}.svg)\n"
        )
    return "\n".join(parts)


def write(record: dict[str, Any]) -> None:
    """The tables into the document, the figures beside it."""
    for data in DATA:
        made = rows([one for one in record["runs"] if one["data"] == data.name])
        target = PICTURES / f"networks-{data.name}.svg"
        target.write_text(figure(data.title, made, f"networks-{data.name}"), encoding="utf-8")
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(START)
    DOCUMENT.write_text(before + START + section(record) + END + rest.split(END)[1], encoding="utf-8")


def main() -> None:
    """Runs every split, prints the tables, writes the results, the figures and the document's tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--from", dest="file", help="a file of results: nothing is run, only written anew")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    console = Console(width=None if os.isatty(1) else 150)
    if arguments.file:
        record = json.loads(Path(arguments.file).read_text())
    else:
        record = {"machine": machine.describe(arguments.processes) | {"torch": machine._version("torch")}}
        record |= {"flipped": FLIPPED, "network": NETWORK, "choosing": CHOOSING}
        start, tasks = time.perf_counter(), [(data, seed) for seed in range(arguments.seeds) for data in DATA]
        with ProcessPoolExecutor(arguments.processes, get_context("spawn")) as pool:
            record["runs"] = list(pool.map(run, *zip(*tasks)))
        record["seconds"] = time.perf_counter() - start
    console.print(section(record), markup=False, soft_wrap=True)
    if not arguments.dry:
        if not arguments.file:
            name = f"{date.today().isoformat()}-networks.json"
            (RESULTS / name).write_text(json.dumps(record, indent=1) + "\n")
            console.print(f"Written: benchmarks/results/{name}")
        write(record)


if __name__ == "__main__":
    main()
