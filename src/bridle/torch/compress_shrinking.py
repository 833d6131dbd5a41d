"""Layers made smaller in place: weights, biases and statistics cut to the channels that stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from .compress_channels import Analysis, Decision, Through, Use, Value

Tensor = Any


def shrink(found: Analysis, decision: Decision) -> None:
    """Cut every layer that the walk met; what constants contributed goes into the biases first."""
    for use in found.uses:
        _shrink_use(use, found, decision)
    for through in found.throughs:
        _shrink_through(through, found, decision)


def _kept(value: Value | None, count: int, found: Analysis, decision: Decision) -> list[int]:
    if value is None:
        return list(range(count))
    return [j for j, slot in enumerate(value.slots) if found.channels.root(slot) not in decision.removed]


def _shrink_use(use: Use, found: Analysis, decision: Decision) -> None:
    module, (wide_out, wide_in) = use.module, use.strength.shape
    rows = _kept(use.made, wide_out, found, decision)
    columns = _kept(use.read, wide_in, found, decision)
    if len(columns) < wide_in and use.read is not None:
        gone = torch.ones(wide_in, dtype=torch.bool)
        gone[columns] = False
        # Where nothing is known of a channel that goes, its weights are zero (or below the tolerance).
        k = torch.where(gone & use.loose(), use.read.constants, 0.0)
        _fold(module, use.total @ k)
    if len(rows) < wide_out or len(columns) < wide_in:
        module.weight = _cut(_cut(module.weight, rows, 0), columns, 1)
    if len(rows) < wide_out and module.bias is not None:
        module.bias = _cut(module.bias, rows, 0)
    if isinstance(module, nn.Linear):
        module.out_features, module.in_features = len(rows), len(columns)
    else:
        module.out_channels, module.in_channels = len(rows), len(columns)


def _fold(module: Any, shift: Tensor) -> None:
    """Add what the constants contributed to the bias; a layer without one gets one where it is needed."""
    if not bool((shift != 0).any()):
        return
    weight, bias = module.weight, module.bias
    if bias is None:
        new, trained = shift, weight.requires_grad
    else:
        new, trained = bias.detach().cpu().double() + shift, bias.requires_grad
    module.bias = nn.Parameter(new.to(dtype=weight.dtype).to(weight.device), requires_grad=trained)


def _shrink_through(through: Through, found: Analysis, decision: Decision) -> None:
    module = through.module
    keep = _kept(through.made, len(through.made.slots), found, decision)
    if len(keep) == len(through.made.slots):
        return
    for name, parameter in list(module.named_parameters(recurse=False)):
        setattr(module, name, _cut(parameter, keep, 0))
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        module.num_features = len(keep)
        for name in ("running_mean", "running_var"):
            if getattr(module, name) is not None:
                setattr(module, name, _cut(getattr(module, name), keep, 0))
    elif isinstance(module, nn.PReLU):
        module.num_parameters = len(keep)
    else:
        inputs = len(_kept(through.read, len(through.read.slots), found, decision))
        module.out_channels, module.in_channels, module.groups = len(keep), inputs, inputs


def _cut(tensor: Tensor, keep: Sequence[int], axis: int) -> Tensor:
    """A parameter or buffer at fewer places, of the same type, place and trainability."""
    if len(keep) == tensor.shape[axis]:
        return tensor
    index = torch.tensor(keep, dtype=torch.int64, device=tensor.device)
    cut = tensor.detach().index_select(axis, index)
    return nn.Parameter(cut, requires_grad=tensor.requires_grad) if isinstance(tensor, nn.Parameter) else cut
