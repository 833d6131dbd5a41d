"""Training of several small networks side by side: one forward and backward pass serves every fold.

The networks of B problems lie stacked along the first axis of their parameters, so that a step of all of them costs
little more than a step of one. Rows of weight zero are how a problem does not see a row; batches, initial weights and
dropout masks are common to all problems, so that their differences are the data's.

    objective of problem b = sum_i w_bi loss(y_i, f_b(x_i)) / sum_i w_bi  +  l1 sum |W| + l2/2 sum W^2
                             + group sum_g sqrt(size of g) ||W_g||

with loss half the unit deviance; biases are never penalized. The penalty is taken by proximal steps in the metric of
the optimizer (Yun, Lozano and Yang 2021), so weights reach exactly zero and leave it again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from ..errors import DataError, UsageError
from .network import Architecture, Array, Floats, Network
from .passes import backward, forward, loss
from .penalty import Strengths
from .problems import Problems
from .proximal import Proximal
from .stack import Stack

Progress = Callable[[float], None] | None
Watch = Callable[["Moment"], None] | None
_SMALL = 1 << 23  # multiplications of a step below which one thread is faster than two
_GATHERED = 1 << 22  # numbers that are gathered or computed at a time


@dataclass(frozen=True)
class Recipe:
    """How to train.

    The learning rate falls along a cosine to zero over ``epochs`` unless ``schedule`` is "constant". ``patience`` is
    how many epochs without improvement on the held rows end a problem, which then gets its best weights back;
    None: the held rows are only looked at.
    """

    solver: str = "adam"
    learning_rate: float = 0.01
    epochs: int = 200
    batch_size: int = 64
    schedule: str = "cosine"
    momentum: float = 0.9
    patience: int | None = None
    min_delta: float = 0.0
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class Moment:
    """Where training stands after an epoch: what a caller may look at. ``network(b)`` is a copy."""

    epoch: int
    train: Floats
    held: Floats | None
    network: Callable[[int], Network]


@dataclass(frozen=True, eq=False)
class Trained:
    """What training gives: B networks and how they came about.

    Attributes
    ----------
    networks : one for each problem; of the best epoch where training was stopped early.
    train_history : (epochs, B) the loss as it was met in the batches.  held_history : (epochs, B) or None.
    best_epoch : (B,) from 1; the last one where nothing was stopped early.
    loss, penalty : (B,) of the final networks on the training rows, dropout off.
    stationarity : (B,) the largest distance of a weight's gradient to the subdifferential of its penalty.
    """

    networks: tuple[Network, ...]
    train_history: Floats
    held_history: Floats | None
    best_epoch: Array
    loss: Floats
    penalty: Floats
    stationarity: Floats
    stack: Stack

    @property
    def epochs(self) -> int:
        return len(self.train_history)


def train(
    problems: Problems,
    architecture: Architecture,
    strengths: Strengths,
    recipe: Recipe,
    *,
    start: Stack | None = None,
    progress: Progress = None,
    watch: Watch = None,
) -> Trained:
    """Train every problem's network.

    Raises
    ------
    DataError
        When the loss is no finite number any more: the message says in which step.
    """
    work = len(problems) * min(recipe.batch_size, problems.n_rows) * architecture.n_parameters
    with torch.no_grad(), _threads(work):
        run = _Run(problems, architecture, strengths, recipe, start)
        for epoch in range(recipe.epochs):
            run.epoch(epoch)
            if watch is not None:
                watch(Moment(epoch + 1, run.train[-1], run.held[-1] if run.held else None, run.network))
            if progress is not None:
                progress((epoch + 1) / recipe.epochs)
            if run.over:
                break
        return run.trained()


@contextmanager
def _threads(work: int) -> Iterator[None]:
    """One thread where a step is small: handing it out takes longer than doing it.

    ``work`` : multiplications of a forward pass.
    """
    before = torch.get_num_threads()
    few = before > 1 and work < _SMALL
    if few:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if few:
            torch.set_num_threads(before)


class _Run:
    """One training run: what changes from step to step."""

    def __init__(
        self,
        problems: Problems,
        architecture: Architecture,
        strengths: Strengths,
        recipe: Recipe,
        start: Stack | None,
    ) -> None:
        self.problems, self.architecture = problems, architecture
        self.strengths, self.recipe = strengths, recipe
        self.device = device_of(recipe.device)
        self.dtype = torch.float64 if problems.X.dtype == np.float64 else torch.float32
        self.random = torch.Generator().manual_seed(recipe.seed)
        self.stack = Stack.initial(problems, architecture, self.random, self.dtype, self.device)
        if start is not None:
            self.stack.continue_from(start)
        self.X = torch.as_tensor(problems.X, dtype=self.dtype, device=self.device)
        self.Y = self._target()
        self.weights = self._shares(problems.weights)
        self.rows = self._rows(problems.weights)
        self.masks = torch.Generator(self.device).manual_seed(recipe.seed + 1)
        self.held_weights = self.held_rows = None
        if problems.held is not None:
            self.held_weights, self.held_rows = self._shares(problems.held), self._rows(problems.held)
        self.optimizer = self._optimizer()
        self.train: list[Floats] = []
        self.held: list[Floats] = []
        count = len(problems)
        self.best = torch.full((count,), math.inf, dtype=torch.float64)
        self.best_epoch = np.zeros(count, dtype=np.int64)
        self.waited = np.zeros(count, dtype=np.int64)
        self.kept: list[Any] | None = None

    def _shares(self, weights: Floats) -> Any:
        """(n, B) that sum to one by column: a row's weight in every problem lies together."""
        shares = (weights / weights.sum(axis=1, keepdims=True)).T
        return torch.as_tensor(np.ascontiguousarray(shares), dtype=self.dtype, device=self.device)

    def _rows(self, weights: Floats) -> Any:
        """The rows that weigh anything in any problem: others take no part in batches."""
        return torch.as_tensor(np.flatnonzero(weights.any(axis=0)), device=self.device)

    def _target(self) -> Any:
        problems = self.problems
        if problems.family == "squared":
            values: Array = problems.common_target()[0]
        else:
            values = problems.Y
        dtype = torch.int64 if problems.family == "multinomial" else self.dtype
        return torch.as_tensor(values, dtype=dtype, device=self.device)

    def _optimizer(self) -> Proximal:
        groups = self.stack.groups(self.strengths)
        lr, recipe = self.recipe.learning_rate, self.recipe
        how = "fused" if self.device.type in ("cpu", "cuda") else "foreach"
        if recipe.solver == "adam":
            inner = torch.optim.Adam(groups, lr=lr, betas=(0.9, 0.99), **{how: True})
        else:
            inner = torch.optim.SGD(
                groups, lr=lr, momentum=recipe.momentum, nesterov=recipe.momentum > 0, **{how: True}
            )
        return Proximal(inner)

    def epoch(self, epoch: int) -> None:
        """One pass over the rows in a new order, and a look at the rows held out."""
        n = len(self.rows)
        steps = -(-n // self.recipe.batch_size)
        total = torch.zeros(len(self.problems), dtype=self.dtype, device=self.device)
        for step, (X, y, weights) in enumerate(self._batches(n, steps)):
            self._set_rate((epoch + step / steps) / self.recipe.epochs)
            total += self._step(X, y, weights, n / len(X)) * (len(X) / n)
        seen = total.double().cpu().numpy()
        if not np.isfinite(seen).all():
            self._diverged(epoch, steps)
        self.train.append(seen)
        if self.held_weights is not None:
            self._look(epoch)

    def _batches(self, n: int, steps: int) -> Iterator[tuple[Any, Any, Any]]:
        """Batches of nearly equal size in a random order; rows are gathered for many steps at a time."""
        if steps == 1 and n == self.problems.n_rows:
            yield self.X, self.Y, self.weights
            return
        order = self.rows
        if steps > 1:
            order = order[torch.randperm(n, generator=self.random).to(self.device)]
        together = max(1, _GATHERED * steps // (n * self.X.shape[1]))
        edges = [step * n // steps for step in range(steps + 1)]
        for first in range(0, steps, together):
            ends = edges[first : first + together + 1]
            rows = order[ends[0] : ends[-1]]
            X, y, weights = self.X[rows], self.Y[rows], self.weights[rows]
            for low, high in pairwise(ends):
                part = slice(low - ends[0], high - ends[0])
                yield X[part], y[part], weights[part]

    def _set_rate(self, done: float) -> None:
        if self.recipe.schedule == "cosine":
            rate = self.recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
            for group in self.optimizer.param_groups:
                group["lr"] = rate

    def _step(self, X: Any, y: Any, weights: Any, share: float) -> Any:
        passed = forward(self.stack, X, self.architecture, self.masks)
        value, slope = loss(self.problems.family, self.stack, passed.out, y, weights * share)
        gradients = backward(self.stack, passed, slope, self.architecture)
        for parameter, gradient in zip(self.stack.parameters, gradients):
            parameter.grad = gradient
        self.optimizer.step()
        return value

    def _diverged(self, epoch: int, steps: int) -> None:
        raise DataError(
            f"The loss is no finite number any more, in epoch {epoch + 1} (steps {epoch * steps + 1:,} to "
            f"{(epoch + 1) * steps:,}), at the learning rate {self.recipe.learning_rate:g}. Give a smaller "
            "learning_rate, and standardize the columns if that was turned off."
        )

    def _look(self, epoch: int) -> None:
        """Early stopping: the best weights are kept as they are, bit for bit, and each problem has its own."""
        values = self._whole(self.held_rows, self.held_weights)[0].cpu()
        self.held.append(values.numpy())
        if self.recipe.patience is None:
            return
        better = values < self.best - (self.recipe.min_delta if epoch else 0.0)
        going = torch.as_tensor(self.waited < self.recipe.patience)
        better &= going
        if self.kept is None:
            self.kept = [p.detach().clone() for p in self.stack.parameters]
        elif bool(better.any()):
            where = better.to(self.device)
            for kept, now in zip(self.kept, self.stack.parameters):
                kept.copy_(torch.where(where.view(-1, *[1] * (now.ndim - 1)), now.detach(), kept))
        self.best = torch.where(better, values, self.best)
        found = better.numpy()
        self.best_epoch[found] = epoch + 1
        self.waited = np.where(found, 0, self.waited + going.numpy())

    @property
    def over(self) -> bool:
        """Whether every problem has stopped."""
        patience = self.recipe.patience
        return self.held_rows is not None and patience is not None and bool((self.waited >= patience).all())

    def _whole(self, rows: Any, weights: Any) -> tuple[Any, list[Any]]:
        """(B,) losses of the rows in double precision, dropout off, and the gradients, in tiles."""
        total = torch.zeros(len(self.problems), dtype=torch.float64, device=self.device)
        gradients = [torch.zeros_like(p) for p in self.stack.parameters]
        size = max(1, _GATHERED // max(len(self.problems) * max(self.architecture.sizes), 1))
        for start in range(0, len(rows), size):
            tile = rows[start : start + size]
            passed = forward(self.stack, self.X[tile], self.architecture, None)
            value, slope = loss(self.problems.family, self.stack, passed.out, self.Y[tile], weights[tile])
            total += value.double()
            for sum_, part in zip(gradients, backward(self.stack, passed, slope, self.architecture)):
                sum_ += part
        return total, gradients

    def network(self, problem: int) -> Network:
        return self.stack.network(problem, self.problems, self.architecture)

    def trained(self) -> Trained:
        """The networks as training leaves them, and how still they lie."""
        if self.kept is not None:
            for parameter, kept in zip(self.stack.parameters, self.kept):
                parameter.data.copy_(kept)
        total, gradients = self._whole(self.rows, self.weights)
        for parameter, gradient in zip(self.stack.parameters, gradients):
            parameter.grad = gradient
        count = len(self.problems)
        best = self.best_epoch if self.kept is not None else np.full(count, len(self.train), dtype=np.int64)
        penalty, distance = self.stack.penalty(self.strengths), self.stack.stationarity(self.strengths)
        for parameter in self.stack.parameters:
            parameter.grad = None
        networks = tuple(self.network(b) for b in range(count))
        held = np.array(self.held) if self.held else None
        return Trained(
            networks, np.array(self.train), held, best, total.cpu().numpy(), penalty, distance, self.stack
        )


def device_of(name: str) -> Any:
    """The device of that name.

    Raises
    ------
    UsageError
        Where there is none.

    >>> device_of("cpu").type
    'cpu'
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as problem:
        raise UsageError(
            f'There is no device {name!r} here ({str(problem).splitlines()[0]}): use "cpu".'
        ) from None
    return device


__all__ = ["Moment", "Progress", "Recipe", "Strengths", "Trained", "Watch", "device_of", "train"]
