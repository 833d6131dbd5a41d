"""Proximal maps in place, over lists of parameters at once.

With d = root + offset the curvature of a step of size T = scale / d, the map of ``penalties`` is, without a division by a
step size that may be 0,

    b = soft(v d, scale l1),   e = d + scale l2,   u = b / e,   or b / (e + scale s/n) where there are groups

On a CPU a step is paid by the byte: there the compiled core does all of this in one pass over memory. What it does not
know, other devices, tensors as strengths, other layouts, goes through torch: without groups by foreach operations, one call
for all parameters of one kind. Floats of 16 bits are taken to 32 and back.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from .. import _core
from .metrics import StepSize
from .penalties import Keep, Strength, group_norms, keep_axes, none, other_axes

Tensor = Any  # a torch.Tensor
KINDS = {"flat": 0, "square": 1, "centered": 2, "plain": 3}  # as the core counts them
PLAIN = (
    torch.Tensor,
    torch.nn.Parameter,
)  # whose memory is what it seems: a class of its own may keep it elsewhere
LARGE = 1 << 17  # numbers of a parameter that is worth a second thread


@dataclass(frozen=True, eq=False)
class Job:
    """One parameter, the step that it took, and the penalty that it is to pay."""

    parameter: Tensor
    step: StepSize
    l1: Strength
    l2: Strength
    group: Strength = 0.0
    groups: Any = "neurons"


def apply(jobs: Sequence[Job]) -> None:
    """All proximal maps, in place.

    >>> w = torch.tensor([3.0, -0.5])
    >>> apply([Job(w, StepSize(0.5), l1=2.0, l2=0.0)])
    >>> w
    tensor([2., 0.])
    """
    buckets: dict[Any, list[Job]] = defaultdict(list)
    for job in jobs:
        if not torch.is_tensor(job.step.scale) and job.step.scale == 0:
            continue  # no step, no penalty
        if _compiled(job):
            continue
        p = job.parameter
        if not none(job.group):
            p.copy_(_shrunk(job))
        else:
            buckets[p.device, p.dtype, job.step.kind, none(job.l1), none(job.l2)].append(job)
    for bucket in buckets.values():
        _listed(bucket)


def _compiled(job: Job) -> bool:
    """The map by the core; False, and nothing done, where the core does not know how."""
    p, step = job.parameter, job.step
    numbers = (step.scale, step.offset, job.l1, job.l2, job.group)
    if any(isinstance(one, torch.Tensor) for one in numbers) or not _readable(p, p):
        return False
    root = step.plain if step.square is None else step.square
    if not all(one is None or _readable(one, p) for one in (root, step.mean)):
        return False
    l1, group, axes = job.l1, 0.0, (1, 1, p.numel(), 1)
    if job.group:
        found = merged(tuple(p.shape), keep_axes(job.groups, p.ndim))
        if found is None:
            return False
        size = found[1] * found[3]
        if size == 1:  # groups of one coordinate: |u|
            l1 = l1 + job.group
        else:
            axes, group = found, step.scale * job.group * math.sqrt(size)
    first, second = (0 if one is None else one.data_ptr() for one in (root, step.mean))
    threads = torch.get_num_threads() if p.numel() >= LARGE else 1
    _core.proximal(
        p.dtype is torch.float64, KINDS[step.kind], p.data_ptr(), first, second, step.offset, step.scale * l1,
        step.scale * job.l2, group, *axes, threads,
    )  # fmt: skip
    torch.autograd.graph.increment_version(p)
    return True


def _readable(tensor: Tensor, p: Tensor) -> bool:
    """Whether the core may take a tensor's memory as it lies, beside that of the parameter."""
    return (
        type(tensor) in PLAIN and tensor.dtype is p.dtype and p.dtype in (torch.float32, torch.float64)
        and tensor.device.type == "cpu" and tensor.layout is torch.strided and tensor.is_contiguous()
        and tensor.shape == p.shape
    )  # fmt: skip


@lru_cache(maxsize=1024)
def merged(shape: tuple[int, ...], keep: Keep) -> tuple[int, int, int, int] | None:
    """The axes kept and those that a group spans, neighbours as one: kept, spanned, kept, spanned. None for any other order.

    >>> merged((5, 3), (0,)), merged((5, 3, 2, 2), (1,)), merged((2, 3, 2, 3, 2), (0, 2, 4))
    ((5, 3, 1, 1), (1, 5, 3, 4), None)
    """
    out = [1, 1, 1, 1]
    at = 0
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        if at % 2 == (axis in keep):  # an even place is for kept axes, an odd one for spanned ones
            at += 1
        if at > 3:
            return None
        out[at] *= length
    return out[0], out[1], out[2], out[3]


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


def _shrunk(job: Job) -> Tensor:
    """A parameter whose groups are shrunk together."""
    w, step = job.parameter, job.step
    axes = other_axes(keep_axes(job.groups, w.ndim), w.ndim)
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


__all__ = ["Job", "apply"]
