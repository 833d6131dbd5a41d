"""``python -m benchmarks.proximal``: what ``bridle.torch.Proximal`` adds to a training step.

A step is forward, backward and the optimizer's step of a network with 10 million parameters. Two networks alternate, one
with the plain optimizer and one with the wrapped one, the order turning with every pair, so that what else the machine does
falls on both alike. The figure is the ratio of the medians; beside it stand that of the shortest steps and that of the
medians of the processor's time, which are the ones to read on a busy machine (of a GPU the processor's time says nothing).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from bridle.torch.decay import decay_groups
from bridle.torch.proximal import Proximal

from . import machine
from .run import RESULTS

THREADS = 2
GOAL = 1.10
WIDTHS = (1024, 2048, 2048, 1792, 10)
BATCHES = (64, 256)
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD, momentum": lambda groups: torch.optim.SGD(groups, lr=1e-3, momentum=0.9),
    "Adam": lambda groups: torch.optim.Adam(groups, lr=1e-5),
    "AdamW": lambda groups: torch.optim.AdamW(groups, lr=1e-5),
    "Adam, fused": lambda groups: torch.optim.Adam(groups, lr=1e-5, fused=True),
}
PENALTIES: dict[str, dict[str, float]] = {
    "l1": {"l1": 1e-5},
    "elastic net": {"l1": 1e-5, "l2": 1e-5},
    "group neurons": {"group": 1e-6},
}


@dataclass(frozen=True)
class Task:
    """One optimizer, one penalty, one size of batch."""

    optimizer: str
    penalty: str
    batch: int


def network(device: torch.device) -> nn.Module:
    """A perceptron with ReLUs; the same weights each time."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for one, other in pairwise(WIDTHS):
        layers += [nn.Linear(one, other), nn.ReLU()]
    return nn.Sequential(*layers[:-1]).to(device)


def stepper(
    model: nn.Module, optimizer: Any, batch: int, device: torch.device
) -> Callable[[], tuple[float, float]]:
    """A function that takes one step and returns its seconds, by the clock and by the processor."""
    generator = torch.Generator().manual_seed(1)
    X = torch.randn(batch, WIDTHS[0], generator=generator).to(device)
    y = torch.randint(0, WIDTHS[-1], (batch,), generator=generator).to(device)

    def step() -> tuple[float, float]:
        _wait(device)
        start, busy = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(X), y).backward()
        optimizer.step()
        _wait(device)
        return time.perf_counter() - start, time.process_time() - busy

    return step


def run(task: Task, turns: int, device: torch.device) -> dict[str, Any]:
    """Both, in turn."""
    steps = []
    for wrap in (False, True):
        model = network(device)
        optimizer = OPTIMIZERS[task.optimizer](decay_groups(model, **PENALTIES[task.penalty]))
        steps.append(stepper(model, Proximal(optimizer) if wrap else optimizer, task.batch, device))
    seconds: list[list[tuple[float, float]]] = [[], []]
    for turn in range(turns + 3):
        for at in (0, 1) if turn % 2 else (1, 0):
            spent = steps[at]()
            if turn >= 3:  # the first ones fetch memory
                seconds[at].append(spent)
    found = [
        {
            "median": statistics.median(wall for wall, _ in one),
            "shortest": min(wall for wall, _ in one),
            "processor": statistics.median(busy for _, busy in one),
        }
        for one in seconds
    ]
    ratios = {f"ratio_{name}": found[1][name] / found[0][name] for name in found[0]}
    return {"task": asdict(task), "plain": found[0], "wrapped": found[1], **ratios, "turns": turns}


def main() -> None:
    """Runs the tasks, prints the table, writes the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proximal", description=__doc__)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, ...")
    parser.add_argument("--turns", type=int, default=40, help="pairs of steps for each task")
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--only", default="", help="a part of the names of optimizer and penalty")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cpu":
        os.sched_setaffinity(0, machine.spread(arguments.threads))
        torch.set_num_threads(arguments.threads)
    here = machine.describe(arguments.threads) | {"torch": torch.__version__, "device": _name(device)}
    parameters = sum(p.numel() for p in network(device).parameters())
    console = Console(width=None if os.isatty(1) else 130)
    console.print(f"{parameters:,} parameters on {here['device']}, load before {here['load_before']:.1f}")
    table = Table(
        "optimizer", "penalty", "batch", "plain", "wrapped", "ratio", "shortest", "processor", "goal"
    )
    done = []
    for name in OPTIMIZERS:
        for penalty in PENALTIES:
            for batch in BATCHES:
                if arguments.only not in f"{name}, {penalty}":
                    continue
                record = run(Task(name, penalty, batch), arguments.turns, device)
                done.append(record)
                console.print(f"{name}, {penalty}, {batch}: {record['ratio_processor']:.3f}")
                if not arguments.dry:
                    _write(here, parameters, done, device)  # what is measured is kept if the run is stopped
                times = [f"{record[kind]['median'] * 1e3:.1f} ms" for kind in ("plain", "wrapped")]
                table.add_row(
                    name, penalty, str(batch), *times,
                    *(f"{record[f'ratio_{key}']:.3f}" for key in record["plain"]), f"{GOAL:.2f}",
                )  # fmt: skip
    console.print(table)
    if not arguments.dry:
        console.print(f"Written: benchmarks/results/{_write(here, parameters, done, device)}")


def _write(here: dict[str, Any], parameters: int, done: list[dict[str, Any]], device: torch.device) -> str:
    name = "-".join((date.today().isoformat(), "proximal", device.type)) + ".json"
    record = {"machine": here, "parameters": parameters, "goal": GOAL, "tasks": done}
    (RESULTS / name).write_text(json.dumps(record, indent=1) + "\n")
    return name


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


if __name__ == "__main__":
    main()
