"""Penalties on tensors of weights: their values and their proximal maps in a diagonal metric.

    penalty(w) = l1 sum |w_i| + l2/2 sum w_i^2 + group sum_g sqrt(size of g) ||w_g||

With alpha and l1_ratio of the linear side, l1 = alpha l1_ratio and l2 = alpha (1 - l1_ratio). The proximal map of step
sizes t, one per coordinate, is the minimizer u of

    sum_i (u_i - v_i)^2 / (2 t_i) + penalty(u)                                                                       (1)

the step that undoes what a gradient method of those step sizes leaves out (Beck and Teboulle 2009 for one t; Yun, Lozano
and Yang 2021 for the metrics of Adam and its kin). Without groups it is sign(v) max(|v| - t l1, 0) / (1 + t l2). With
groups, (1) says for every group that is not zero, with b = soft(v/t, l1), e = 1/t + l2, s = group sqrt(size), n = ||u||:

    u_i = b_i / (e_i + s/n),        n the root of || b / (n e + s) || = 1,        u = 0 exactly where ||b|| <= s

so that soft threshold and group shrinkage are done one after the other, but the second in the metric that l2 changed. The
root: 1/||b / (n e + s)|| is concave and grows in n (the secular equation of trust regions: Conn, Gould and Toint 2000,
section 7.3), so that Newton's method for it lands below the root wherever it starts, and then rises to it, without a guard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from ..errors import UsageError, number

Tensor = Any  # a torch.Tensor
Strength = Any  # a number, or a tensor that broadcasts to the parameter
Keep = tuple[int, ...]

GROUPS: dict[str, Keep] = {"neurons": (0,), "channels": (0,), "inputs": (1,)}
NEWTON_STEPS = 16  # where nothing may be asked of the device; on a CPU it stops when nothing changes


def strength(name: str, value: Any) -> Strength:
    """A strength as it may be used: a finite number of at least 0, or a tensor of such.

    Raises
    ------
    UsageError
        For anything else. A tensor on an accelerator is read once to see that.

    >>> strength("l1", 1)
    1.0
    """
    if torch.is_tensor(value) and value.ndim:
        if value.is_complex() or not bool((torch.isfinite(value) & (value >= 0)).all()):
            raise UsageError(f"{name} must hold finite numbers of at least 0.")
        return value.detach()
    out = number(name, value, 0.0)
    if math.isinf(out):
        raise UsageError(f"{name} must be finite.")
    return out


def none(value: Strength) -> bool:
    """Whether a strength is the number 0; a tensor counts as some strength, since only its device knows.

    >>> none(0.0), none(torch.zeros(2))
    (True, False)
    """
    return not torch.is_tensor(value) and value == 0


def keep_axes(groups: str | Iterable[int], ndim: int) -> Keep:
    """The axes of a weight along which one group follows the other; a group spans all other axes.

    Parameters
    ----------
    groups : "neurons" or "channels" (axis 0: the rows of a Linear's weight (out, in), the output channels of a convolution),
        "inputs" (axis 1), or axes, such as (0, 2) for a stack (B, out, in) of B weights whose groups are inputs.
    ndim : the weight's number of axes.

    Raises
    ------
    UsageError
        For another name, and for axes that the weight lacks.

    >>> keep_axes("inputs", 4), keep_axes((0, -1), 3)
    ((1,), (0, 2))
    """
    if isinstance(groups, str):
        if groups not in GROUPS:
            raise UsageError(f"groups must be one of {', '.join(GROUPS)}, or axes to keep, not {groups!r}.")
        axes = GROUPS[groups]
    else:
        axes = tuple(int(axis) for axis in groups)
    if not axes or not all(-ndim <= axis < ndim for axis in axes):
        raise UsageError(f"groups={groups!r} asks for axes that a weight of {ndim} axes does not have.")
    return tuple(sorted({axis % ndim for axis in axes}))


def other_axes(keep: Keep, ndim: int) -> Keep:
    """The axes that a group spans.

    >>> other_axes((1,), 4)
    (0, 2, 3)
    """
    return tuple(axis for axis in range(ndim) if axis not in keep)


@dataclass(frozen=True, eq=False)
class Penalty:
    """l1 sum |w| + l2/2 sum w^2 + group sum_g sqrt(size) ||w_g||, with its proximal map.

    Strengths are numbers or tensors that broadcast to the weights, that of a group to its groups; ``groups`` as in
    ``keep_axes``.

    >>> penalty = Penalty(l1=1.0, l2=1.0)
    >>> penalty.proximal(torch.tensor([3.0, -0.5]), 1.0)
    tensor([1., -0.])
    >>> float(penalty.value(torch.tensor([3.0, -1.0])))
    9.0
    """

    l1: Strength = 0.0
    l2: Strength = 0.0
    group: Strength = 0.0
    groups: str | Keep = "neurons"

    def value(self, w: Tensor) -> Tensor:
        """The penalty's value, a tensor without axes, through which a gradient goes."""
        out = w.new_zeros((), dtype=torch.float32 if w.dtype.itemsize < 4 else w.dtype)
        w = w.to(out.dtype)
        if not none(self.l1):
            out = out + (self.l1 * w.abs()).sum()
        if not none(self.l2):
            out = out + (self.l2 * w.square()).sum() / 2
        if not none(self.group):
            axes = other_axes(keep_axes(self.groups, w.ndim), w.ndim)
            size = math.prod(w.shape[axis] for axis in axes)
            norms = torch.linalg.vector_norm(w, dim=axes, keepdim=True) if axes else w.abs()
            out = out + (math.sqrt(size) * self.group * norms).sum()
        return out

    def proximal(self, v: Tensor, t: Strength) -> Tensor:
        """The minimizer of (1) at v, in step sizes t > 0 (a number or a tensor that broadcasts to v)."""
        if none(self.group):
            return elastic_net(v, t, self.l1, self.l2)
        return sparse_group(v, t, self)


def soft_threshold(v: Tensor, threshold: Strength) -> Tensor:
    """sign(v) max(|v| - threshold, 0): exactly zero inside the threshold.

    >>> soft_threshold(torch.tensor([2.0, -0.5, -3.0]), 1.0)
    tensor([ 1., -0., -2.])
    """
    return torch.sign(v) * torch.clamp(v.abs() - threshold, min=0)


def elastic_net(v: Tensor, t: Strength, l1: Strength = 0.0, l2: Strength = 0.0) -> Tensor:
    """soft(v, t l1) / (1 + t l2), the proximal map of l1 sum |u| + l2/2 sum u^2.

    >>> elastic_net(torch.tensor([3.0, 0.5]), 0.5, l1=2.0, l2=2.0)
    tensor([1., 0.])
    """
    return soft_threshold(v, t * l1) / (1 + t * l2)


def sparse_group(v: Tensor, t: Strength, penalty: Penalty) -> Tensor:
    """The proximal map of all three parts together; with l1 = l2 = 0 that of the group penalty.

    >>> sparse_group(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), 1.0, Penalty(group=1 / 2**0.5))
    tensor([[2.4000, 3.2000],
            [0.0000, 0.0000]])
    """
    keep = keep_axes(penalty.groups, v.ndim)
    axes = other_axes(keep, v.ndim)
    if not axes:  # groups of one coordinate: |u|
        return elastic_net(v, t, penalty.l1 + penalty.group, penalty.l2)
    size = math.prod(v.shape[axis] for axis in axes)
    b, e = soft_threshold(v / t, penalty.l1), 1 / t + penalty.l2
    s = penalty.group * math.sqrt(size)
    n = group_norms(b, e, s, axes)
    return torch.where(n > 0, b * n / (n * e + s), torch.zeros_like(b))


def group_norms(b: Tensor, e: Strength, s: Strength, axes: Keep) -> Tensor:
    """The norms of the groups after a proximal step: n with ||b / (n e + s)|| = 1, exactly 0 where ||b|| <= s.

    Parameters
    ----------
    b, e : the weights' own, e above 0, a number or a tensor like b.
    s : at least 0, broadcasts to the norms.
    axes : that a group spans; they are kept, of length 1, in what is returned.

    Notes
    -----
    Newton's step for 1/h - 1, h = ||q||, q = b / (n e + s), is n + h^2 (h - 1) / sum q^2 e / (n e + s). It starts at s = 0's
    norm, above the root. From n = 0 its step is (||b|| - s) / (mean of e by b^2), below the root too: the larger is taken.
    """
    size = torch.linalg.vector_norm(b, dim=axes, keepdim=True)
    alive = size > s
    if not torch.is_tensor(e) or e.ndim == 0:
        return torch.where(alive, (size - s) / e, torch.zeros_like(size))
    n = torch.linalg.vector_norm(b / e, dim=axes, keepdim=True)
    may_ask = b.device.type == "cpu"
    low = None if may_ask else _below(b, e, s, size, axes)
    # The next step's error is of the order of this step's square.
    near = 0.25 * math.sqrt(torch.finfo(b.dtype).eps)
    for _ in range(NEWTON_STEPS):
        n = torch.where(alive, n, torch.ones_like(n))  # where a group is zero, a number that does no harm
        r = (n * e).add_(s).reciprocal_()
        q = (b * r).square_()
        h2 = q.sum(axes, keepdim=True)
        slope = q.mul_(r).mul_(e).sum(axes, keepdim=True)
        new = n + h2 * (h2.sqrt() - 1) / slope
        if low is None and bool(((new < n / 2) & alive).any()):
            low = _below(b, e, s, size, axes)
        if low is not None:
            new = torch.maximum(new, low)
        done = may_ask and bool((((new - n).abs() <= near * new) | ~alive).all())
        n = new
        if done:
            break
    return torch.where(alive, n, torch.zeros_like(n))


def _below(b: Tensor, e: Tensor, s: Strength, size: Tensor, axes: Keep) -> Tensor:
    """Newton's step from n = 0, below the root; 0 or less where the root is 0."""
    square = size.square()
    mean = (b.square() * e).sum(axes, keepdim=True)
    return torch.where(square > 0, (size - s) * square / mean, -torch.ones_like(size))


__all__ = [
    "GROUPS",
    "Penalty",
    "elastic_net",
    "group_norms",
    "keep_axes",
    "soft_threshold",
    "sparse_group",
    "strength",
]
