"""Proximal maps in place, over lists of parameters at once.

With d = root + offset the curvature of a step of size T = scale / d, the map of ``penalties`` is, without a division by a
step size that may be 0,

    b = soft(v d, scale l1),   e = d + scale l2,   u = b / e,   or b / (e + scale s/n) where there are groups

Without groups, everything runs through torch's foreach operations: one call for all parameters of one kind. Large
parameters on a CPU go through the same arithmetic in blocks that stay in the cache, in memory that is used again, since
there a step is paid by the byte. Floats of 16 bits are taken to 32 and back.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .metrics import StepSize
from .penalties import Strength, group_norms, keep_axes, none, other_axes

Tensor = Any  # a torch.Tensor
LARGE = 1 << 18  # numbers of a parameter on a CPU that is worth blocks of its own
BLOCK = 1 << 20  # numbers in a block: less, and starting an operation costs more than the memory does
GROUP_BLOCK = 1 << 18  # the same where a block is read many times
Workspace = dict[Any, Tensor]


@dataclass(frozen=True, eq=False)
class Job:
    """One parameter, the step that it took, and the penalty that it is to pay."""

    parameter: Tensor
    step: StepSize
    l1: Strength
    l2: Strength
    group: Strength = 0.0
    groups: Any = "neurons"


def apply(jobs: Sequence[Job], workspace: Workspace) -> None:
    """All proximal maps, in place; ``workspace`` keeps memory between calls.

    >>> w = torch.tensor([3.0, -0.5])
    >>> apply([Job(w, StepSize(0.5), l1=2.0, l2=0.0)], {})
    >>> w
    tensor([2., 0.])
    """
    buckets: dict[Any, list[Job]] = defaultdict(list)
    for job in jobs:
        if not torch.is_tensor(job.step.scale) and job.step.scale == 0:
            continue  # no step, no penalty
        p = job.parameter
        if not none(job.group):
            _grouped(job)
        elif _in_blocks(job):
            _blocked(job, workspace)
        else:
            buckets[p.device, p.dtype, job.step.kind, none(job.l1), none(job.l2)].append(job)
    for bucket in buckets.values():
        _listed(bucket)


def _listed(jobs: list[Job]) -> None:
    """Parameters of one device, dtype and kind, by foreach operations."""
    weights = [job.parameter for job in jobs]
    v = weights if weights[0].dtype.itemsize >= 4 else [w.float() for w in weights]
    scales = [job.step.scale for job in jobs]
    d = _curvatures([job.step for job in jobs], v[0].dtype)
    if d is not None:
        torch._foreach_mul_(v, d)
    if not none(jobs[0].l1):
        _foreach_soft(v, [_times(scale, job.l1, like) for scale, job, like in zip(scales, jobs, v)])
    if not none(jobs[0].l2):
        add = [_times(scale, job.l2, like) for scale, job, like in zip(scales, jobs, v)]
        if d is None:
            _foreach("div", v, [1 + one for one in add])
        else:
            _foreach("add", d, add)
    if d is not None:
        torch._foreach_div_(v, d)
    if v is not weights:
        torch._foreach_copy_(weights, v)


def _curvatures(steps: list[StepSize], dtype: Any) -> list[Tensor] | None:
    """root + offset of every step, new tensors; None where it is 1 throughout."""
    kind = steps[0].kind
    if kind == "flat":
        return None
    if kind == "plain":
        d = [_to(step.plain, dtype).clone() for step in steps]
    elif kind == "centered":
        means = [_to(step.mean, dtype) for step in steps]
        squares = [_to(step.square, dtype) for step in steps]
        d = list(torch._foreach_addcmul(squares, means, means, value=-1))
        torch._foreach_sqrt_(d)
    else:
        squares = [_to(step.square, dtype) for step in steps]
        if len(squares) == 1 and squares[0].device.type == "cpu":
            d = [torch.rsqrt(squares[0]).reciprocal_()]  # as in _blocked
        else:
            d = list(torch._foreach_sqrt(squares))
    _foreach("add", d, [step.offset for step in steps])
    return d


def _to(tensor: Any, dtype: Any) -> Tensor:
    return tensor.to(dtype)


def _times(scale: Any, strength: Strength, like: Tensor) -> Any:
    """scale * strength: a float where both are, a tensor beside the parameter where the strength is one."""
    if torch.is_tensor(strength):
        strength = strength.to(device=like.device, dtype=like.dtype)
    elif strength == 1:
        return scale
    return scale * strength


def _foreach(operation: str, tensors: list[Tensor], others: list[Any]) -> None:
    """An operation in place with one other operand for each tensor: numbers, or tensors where one of them is one."""
    call = getattr(torch, f"_foreach_{operation}_")
    if any(torch.is_tensor(one) for one in others):
        others = [torch.as_tensor(one, dtype=t.dtype, device=t.device) for one, t in zip(others, tensors)]
    call(tensors, others)


def _foreach_soft(v: list[Tensor], thresholds: list[Any]) -> None:
    """v - max(min(v, threshold), -threshold): exactly 0 inside, and what is no number stays none."""
    if any(torch.is_tensor(one) for one in thresholds):
        thresholds = [torch.as_tensor(one, dtype=t.dtype, device=t.device) for one, t in zip(thresholds, v)]
        inside = torch._foreach_minimum(v, thresholds)
        torch._foreach_maximum_(inside, torch._foreach_neg(thresholds))
    else:
        inside = torch._foreach_clamp_max(v, thresholds)
        torch._foreach_clamp_min_(inside, [-one for one in thresholds])
    torch._foreach_sub_(v, inside)


def _in_blocks(job: Job) -> bool:
    p, step = job.parameter, job.step
    numbers = (step.scale, step.offset, job.l1, job.l2)
    return (
        p.device.type == "cpu" and p.numel() >= LARGE and p.dtype.itemsize >= 4 and p.is_contiguous()
        and step.kind in ("flat", "square") and not any(torch.is_tensor(one) for one in numbers)
        and (step.square is None or (step.square.is_contiguous() and step.square.dtype == p.dtype))
        and step.offset > 0
    )  # fmt: skip


def _blocked(job: Job, workspace: Workspace) -> None:
    """The same for one large parameter on a CPU."""
    p, step, scale = job.parameter.view(-1), job.step, job.step.scale
    l1, l2 = scale * job.l1, scale * job.l2
    soft = torch._C._nn.softshrink
    if step.square is None:
        for v in p.split(BLOCK):
            if l1:
                soft(v, l1, out=v)
            if l2:
                v.div_(1 + l2)
        return
    memory = workspace.get(p.dtype)
    if memory is None:
        memory = workspace[p.dtype] = torch.empty(BLOCK, dtype=p.dtype)
    for v, square in zip(p.split(BLOCK), step.square.view(-1).split(BLOCK)):
        # sqrt as 1/rsqrt: half the time of sqrt on a processor for which MKL is slow, and no slower on others.
        d = torch.rsqrt(square, out=memory[: v.numel()]).reciprocal_().add_(step.offset)
        v.mul_(d)
        if l1:
            soft(v, l1, out=v)
        if l2:
            d.add_(l2)
        v.div_(d)


def _grouped(job: Job) -> None:
    """A parameter whose groups are shrunk together, on a CPU in blocks of groups."""
    p = job.parameter
    keep = keep_axes(job.groups, p.ndim)
    strengths = (job.l1, job.l2, job.group)
    whole = p.device.type != "cpu" or p.numel() < LARGE or any(torch.is_tensor(one) for one in strengths)
    count = 1 if whole else max(1, p.numel() // GROUP_BLOCK)
    width = -(-p.shape[keep[0]] // count)
    step = job.step
    pieces = [
        [None] * count if tensor is None else tensor.split(max(width, 1), dim=keep[0])
        for tensor in (p, step.square, step.mean, step.plain)
    ]
    for v, square, mean, plain in zip(*pieces):
        part = StepSize(step.scale, step.offset, square, mean, plain)
        v.copy_(_shrunk(v, part, job, other_axes(keep, p.ndim)))


def _shrunk(w: Tensor, step: StepSize, job: Job, axes: tuple[int, ...]) -> Tensor:
    v = w if w.dtype.itemsize >= 4 else w.float()
    l1, l2, group = (_times(step.scale, one, v) for one in (job.l1, job.l2, job.group))
    curvatures = _curvatures([step], v.dtype)
    d = None if curvatures is None else curvatures[0]
    b = v if d is None else v * d
    s = group * math.sqrt(math.prod(v.shape[axis] for axis in axes))
    if not axes:  # groups of one coordinate: |u|
        l1 = l1 + s
    if torch.is_tensor(l1):
        b = b - torch.minimum(torch.maximum(b, -l1), l1)
    elif l1:
        b = torch.nn.functional.softshrink(b, l1)
    e: Any = 1 + l2 if d is None else d.add_(l2)
    if not axes:
        return b / e
    n = group_norms(b, e, s, axes)
    share = torch.where(n > 0, n, torch.ones_like(n))
    return b * (n / (share * e + s)) if d is None else (b * n).div_(e.mul_(share).add_(s))


__all__ = ["Job", "Workspace", "apply"]
