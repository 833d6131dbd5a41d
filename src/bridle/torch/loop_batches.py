"""Batches for the training loop: from a loader, or cut from tensors in an order of the loop's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..errors import DataError, UsageError

Tensor = Any


@dataclass(frozen=True)
class Batch:
    """Rows on their way through the network: inputs, targets, and weights of the rows (None: all alike)."""

    x: Any
    y: Any
    weights: Tensor | None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(tensors_in(self.y), next(tensors_in(self.x))))


class Batches:
    """What is read once in each epoch.

    Tensors (X, y) or (X, y, weights) are cut into batches, shuffled anew for each epoch by ``generator``, so that the order
    depends on the seed alone; the last batch holds what is left. Anything else is iterated as it is.
    """

    def __init__(self, data: Any, size: int, shuffle: bool, generator: Any, name: str = "data") -> None:
        self.data, self.size, self.shuffle, self.name = data, size, shuffle, name
        self.tensors = _as_tensors(data, name)
        loader = getattr(data, "generator", None)
        # A loader with a generator of its own is the one whose state has to be kept.
        self.generator = generator if self.tensors or loader is None else loader

    def __iter__(self) -> Iterator[Batch]:
        if not self.tensors:
            for batch in self.data:
                yield self._of(batch)
            return
        rows, first = len(self.tensors[1]), self.tensors[0]
        order = torch.randperm(rows, generator=self.generator).to(first.device) if self.shuffle else None
        for start in range(0, rows, self.size):
            place = slice(start, start + self.size) if order is None else order[start : start + self.size]
            yield self._of(tuple(t[place] for t in self.tensors))

    def _of(self, batch: Any) -> Batch:
        if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
            raise DataError(
                f"{self.name} must yield (X, y) or (X, y, weights) for each batch, not {type(batch).__name__}; give a "
                "DataLoader of such pairs, or the tensors themselves."
            )
        x, y, weights = (*batch, None)[:3]
        if next(tensors_in(x), None) is None:
            raise DataError(f"The batches of {self.name} hold no tensors; make them with torch.as_tensor.")
        return Batch(x, y, weights)


def _as_tensors(data: Any, name: str) -> tuple[Tensor, ...]:
    """The tensors to cut into batches; empty where ``data`` brings its own batches."""
    if (
        isinstance(data, (tuple, list))
        and 2 <= len(data) <= 3
        and all(isinstance(t, torch.Tensor) for t in data)
    ):
        rows = {len(t) if t.ndim else 0 for t in data}
        if len(rows) > 1 or not rows - {0}:
            raise DataError(
                f"The tensors in {name} must have the same number of rows, at least one, not {sorted(rows)}."
            )
        return tuple(data)
    if not isinstance(data, Iterable) or isinstance(data, (torch.Tensor, Mapping, str)):
        raise UsageError(
            f"{name} must be a DataLoader or tensors (X, y) or (X, y, weights), not {type(data).__name__}."
        )
    return ()


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in a tensor, or in a list, tuple or dict of them."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors_in(part)


def moved(value: Any, device: Any) -> Any:
    """The same on a device; tensors that are there already are not copied."""
    if isinstance(value, torch.Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, Mapping):
        return {name: moved(part, device) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        parts = [moved(part, device) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def mean_loss(loss: Callable[..., Tensor], output: Any, batch: Batch) -> Tensor:
    """The mean loss by row, rows weighted where they have weights.

    Raises
    ------
    UsageError
        If the loss is no number, or rows are weighted and it is not one number for each row.
    """
    value = loss(output, batch.y)
    if not isinstance(value, torch.Tensor):
        raise UsageError(f"loss(output, y) must return a tensor, not {type(value).__name__}.")
    if value.ndim == 0:
        if batch.weights is not None:
            raise UsageError(
                "With weights, loss(output, y) must return one number for each row: make it with reduction='none'."
            )
        return value
    if len(value) != batch.rows:
        raise UsageError(
            f"loss(output, y) must return a mean or {batch.rows} numbers, one for each row, not {tuple(value.shape)}."
        )
    by_row = value.reshape(len(value), -1).mean(dim=1)
    if batch.weights is None:
        return by_row.mean()
    weights = batch.weights.to(by_row.dtype).reshape(-1)
    total = weights.sum()
    return (by_row * weights).sum() / torch.where(total > 0, total, torch.ones_like(total))


def misfit(model: Any, batch: Batch) -> str | None:
    """What is wrong between the network and a batch: both sides in words; None where nothing is."""
    parameters = [p for p in model.parameters() if p.is_floating_point()]
    if not parameters:
        return None
    devices, kinds = {p.device for p in model.parameters()}, {p.dtype for p in parameters}
    for part, value in (("inputs", batch.x), ("targets", batch.y)):
        for tensor in tensors_in(value):
            if len(devices) == 1 and tensor.device not in devices:
                return (
                    f"The {part} are on {tensor.device}, the model is on {next(iter(devices))}: "
                    "give device=... to train, which moves both."
                )
    for part, value in (("inputs", batch.x), ("targets", batch.y)):
        for tensor in tensors_in(value):
            other = tensor.dtype not in kinds and (part == "inputs" or tensor.is_floating_point())
            if len(kinds) == 1 and other:
                kind = next(iter(kinds))
                return f"The {part} are {tensor.dtype}, the model is {kind}: convert one of them, as with X.to({kind})."
    for tensor in tensors_in(batch.y):
        if not tensor.is_floating_point() and tensor.dtype != torch.int64:
            return f"The targets are {tensor.dtype}, losses of classes take torch.int64: give y.long()."
    return None
