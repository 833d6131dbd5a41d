"""How many weights, and how many whole groups, are exactly zero: a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from .penalties import keep_axes, other_axes
from .text_table import aligned


@dataclass(frozen=True)
class Zeros:
    """One parameter: ``zeros`` of ``size`` numbers, ``zero_groups`` of ``groups`` groups are exactly 0."""

    name: str
    shape: tuple[int, ...]
    zeros: int
    size: int
    zero_groups: int
    groups: int


@dataclass(frozen=True)
class Sparsity:
    """The rows of the table, and their sums; ``print`` shows it."""

    rows: tuple[Zeros, ...]

    @property
    def zeros(self) -> int:
        """How many numbers are exactly zero."""
        return sum(row.zeros for row in self.rows)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(row.size for row in self.rows)

    def __str__(self) -> str:
        head = ("parameter", "shape", "zeros", "of", "share", "zero groups", "of")
        lines = [(row.name, row.shape, row.zeros, row.size, row.zero_groups, row.groups) for row in self.rows]
        groups = sum(row.zero_groups for row in self.rows), sum(row.groups for row in self.rows)
        lines.append(("all", (), self.zeros, self.size, *groups))
        cells = [
            (
                name,
                " x ".join(map(str, shape)),
                f"{z:,}",
                f"{n:,}",
                f"{z / max(n, 1):.1%}",
                f"{zg:,}",
                f"{g:,}",
            )
            for name, shape, z, n, zg, g in lines
        ]
        return aligned(head, cells, right=(2, 3, 4, 5, 6))


def sparsity(named: Iterable[tuple[str, Any, Any]]) -> Sparsity:
    """Counts zeros of (name, parameter, groups as in ``keep_axes``); a parameter without such groups has those of axis 0.

    >>> print(sparsity([("weight", torch.tensor([[0.0, 0.0], [1.0, 0.0]]), "neurons")]))
    parameter  shape  zeros  of  share  zero groups  of
    weight     2 x 2      3   4  75.0%            1   2
    all                   3   4  75.0%            1   2
    """
    rows = []
    for name, parameter, groups in named:
        p = parameter.detach()
        zero = p == 0
        keep = keep_axes(groups, p.ndim) if _has(groups, p.ndim) else (0,) if p.ndim else ()
        axes = other_axes(keep, p.ndim)
        whole = zero.all(dim=axes) if axes else zero
        counts = torch.stack([zero.sum(), whole.sum()]).tolist()
        rows.append(Zeros(name, tuple(p.shape), counts[0], p.numel(), counts[1], whole.numel()))
    return Sparsity(tuple(rows))


def _has(groups: Any, ndim: int) -> bool:
    """Whether a parameter of so many axes has such groups: a bias in a group of weights has no inputs."""
    if isinstance(groups, str):
        return ndim > 1 or (ndim == 1 and groups != "inputs")
    return all(-ndim <= axis < ndim for axis in groups)


__all__ = ["Sparsity", "Zeros", "sparsity"]
