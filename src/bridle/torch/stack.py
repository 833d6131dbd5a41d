"""Networks of one architecture side by side: parameters (B, out, in), one product for all of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch

from .network import Architecture, Array, Floats, Network
from .penalty import Strengths
from .problems import Problems


class Stack:
    """The parameters of B networks, and what standardizes each one's columns and target."""

    def __init__(self, weights: list[Any], biases: list[Any], problems: Problems) -> None:
        self.weights, self.biases = weights, biases
        like = weights[0]

        def tensor(values: Array) -> Any:
            return torch.as_tensor(values, dtype=like.dtype, device=like.device)

        inverse = np.where(
            problems.x_scale > 0, 1 / np.where(problems.x_scale > 0, problems.x_scale, 1.0), 0.0
        )
        self.plain = bool((inverse == 1).all() and (problems.x_mean == 0).all())
        self.x_mean, self.x_inverse = tensor(problems.x_mean), tensor(inverse)[:, None, :]
        self.y_mean = self.y_scale = None
        if problems.family == "squared":
            _, y_mean, y_scale = problems.common_target()
            if (y_mean != 0).any() or (y_scale != 1).any():
                self.y_mean, self.y_scale = tensor(y_mean)[:, None, :], tensor(y_scale)[:, None, :]

    @staticmethod
    def initial(
        problems: Problems, architecture: Architecture, random: Any, dtype: Any, device: Any
    ) -> Stack:
        """The same random weights for every problem (He et al. 2015), none on constant columns; the last layer's bias is the
        constant model's. Its weights start no smaller than the others': small ones leave the first layer a gradient so weak
        that a penalty which a good network could pay would still end every unit, and the path would stay at zero for long.
        """
        count, sizes = len(problems), architecture.sizes
        weights, biases = [], []
        for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
            last = layer == len(sizes) - 2
            spread = ((1.0 if last else 2.0) / inputs) ** 0.5
            drawn = torch.randn((outputs, inputs), generator=random, dtype=torch.float64) * spread
            weight = drawn.to(dtype).to(device).expand(count, outputs, inputs).clone()
            if layer == 0:
                moves = torch.as_tensor(problems.x_scale > 0, device=device)
                weight *= moves[:, None, :]
            bias = torch.zeros((count, outputs), dtype=dtype, device=device)
            if last:
                bias += torch.as_tensor(problems.null_start(), dtype=dtype, device=device)
            weights.append(weight.requires_grad_())
            biases.append(bias.requires_grad_())
        return Stack(weights, biases, problems)

    @property
    def parameters(self) -> list[Any]:
        """Weights, then biases."""
        return [*self.weights, *self.biases]

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def continue_from(self, other: Stack) -> None:
        """Take another stack's parameters; hidden units that are dead on both sides keep their initial weights.

        A unit whose incoming and outgoing weights are all zero has no gradient at any strength: without this a path
        from strong to weak penalties could never leave the constant model.
        """
        dead = [
            (inward == 0).all(dim=2) & (outward == 0).all(dim=1)
            for inward, outward in zip(other.weights, other.weights[1:])
        ]
        for layer, (own, given) in enumerate(zip(self.weights, other.weights)):
            taken = torch.ones_like(own, dtype=torch.bool)
            if layer < len(dead):
                taken &= ~dead[layer][:, :, None]
            if layer > 0:
                taken &= ~dead[layer - 1][:, None, :]
            own.copy_(torch.where(taken, given, own))
        for layer, (own, given) in enumerate(zip(self.biases, other.biases)):
            own.copy_(torch.where(~dead[layer], given, own) if layer < len(dead) else given)

    def target(self, y: Any) -> Any:
        """(B, rows, outputs) in each problem's units, of y (rows, outputs) in common units."""
        return y if self.y_mean is None else (y - self.y_mean) / self.y_scale

    def groups(self, strengths: Strengths) -> list[dict[str, Any]]:
        """Parameter groups for a proximal optimizer; a strength is a number, or a tensor (B, 1, 1)."""
        l1, l2, group = (self._strength(v) for v in (strengths.l1, strengths.l2, strengths.group))
        keep = (0, 2) if strengths.groups == "inputs" else (0, 1)
        common = {"l1": l1, "l2": l2, "groups": keep}
        in_groups: list[Any] = []
        alone: list[Any] = []
        some = bool(np.any(np.asarray(strengths.group) > 0))
        for layer, weight in enumerate(self.weights):
            (in_groups if some and self.grouped(layer, strengths) else alone).append(weight)
        out = [{"params": in_groups, "group": group, **common}, {"params": alone, "group": 0.0, **common}]
        free = {"params": self.biases, "l1": 0.0, "l2": 0.0, "group": 0.0, "groups": keep}
        return [*(part for part in out if part["params"]), free]

    def grouped(self, layer: int, strengths: Strengths) -> bool:
        """Whether the group part acts on this layer."""
        if strengths.groups == "inputs":
            return layer == 0
        return layer < len(self.weights) - 1

    def _strength(self, value: float | Floats) -> Any:
        if np.ndim(value) == 0:
            return float(value)
        like = self.weights[0]
        return torch.as_tensor(value, dtype=like.dtype, device=like.device).view(-1, 1, 1)

    def penalty(self, strengths: Strengths) -> Floats:
        """(B,) values in double precision."""
        total = np.zeros(len(self.weights[0]))
        l1, l2, group = (_column(v) for v in (strengths.l1, strengths.l2, strengths.group))
        for layer, weight in enumerate(self.weights):
            w = weight.detach().cpu().double().numpy()
            total += (l1 * np.abs(w) + 0.5 * l2 * w**2).sum(axis=(1, 2))
            if self.grouped(layer, strengths):
                axis = 1 if strengths.groups == "inputs" else 2
                norms = np.sqrt((w**2).sum(axis=axis)) * w.shape[axis] ** 0.5
                total += np.broadcast_to(group[..., 0], (len(norms), 1))[:, 0] * norms.sum(axis=1)
        return total

    def stationarity(self, strengths: Strengths) -> Floats:
        """(B,) the largest distance of any parameter's gradient, now in ``.grad``, to minus its penalty's subdifferential.

        Groups at zero count with the norm over the root of their size; everything is in standardized units.
        """
        worst = np.zeros(len(self.weights[0]))
        for layer, weight in enumerate(self.weights):
            w = weight.detach().cpu().double().numpy()
            g = weight.grad.detach().cpu().double().numpy()
            group = _column(strengths.group) if self.grouped(layer, strengths) else np.zeros((1, 1, 1))
            axis = 1 if strengths.groups == "inputs" else 2
            each = distance(w, g, _column(strengths.l1), _column(strengths.l2), group, axis)
            worst = np.maximum(worst, each.reshape(len(w), -1).max(axis=1, initial=0.0))
        for bias in self.biases:
            g = bias.grad.detach().cpu().double().numpy()
            worst = np.maximum(worst, np.abs(g).max(axis=1, initial=0.0))
        return worst

    def network(self, problem: int, problems: Problems, architecture: Architecture) -> Network:
        """One network, in original units of columns and target."""
        unit = problems.x_unit
        return Network(
            architecture,
            problems.family,
            tuple(w[problem].detach().cpu().numpy().copy() for w in self.weights),
            tuple(b[problem].detach().cpu().numpy().copy() for b in self.biases),
            problems.x_centre + problems.x_mean[problem] * unit,
            problems.x_scale[problem] * unit,
            problems.y_mean[problem].copy(),
            problems.y_scale[problem].copy(),
        )


def distance(w: Floats, g: Floats, l1: Floats, l2: Floats, group: Floats, axis: int) -> Floats:
    """Of the loss's gradient g to minus the subdifferential of the penalty at w, entry by entry.

    w, g : (B, out, in); strengths broadcast to them; ``axis`` is summed over within a group. Of a group at zero every
    entry gets the group's excess over the root of its size.

    >>> one = np.ones((1, 1, 1))
    >>> distance(0 * one, 0.3 * one, 0.1 * one, 0 * one, 0 * one, 1).round(6).item()
    0.2
    """
    smooth = g + l2 * w
    by_sign = np.where(w != 0, np.abs(smooth + l1 * np.sign(w)), np.maximum(np.abs(smooth) - l1, 0.0))
    if not (group > 0).any():
        return by_sign
    root = w.shape[axis] ** 0.5
    norm = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    pull = np.where(norm > 0, group * root * w / np.where(norm > 0, norm, 1.0), 0.0)
    away = smooth + pull
    alive = np.where(w != 0, np.abs(away + l1 * np.sign(w)), np.maximum(np.abs(away) - l1, 0.0))
    left = np.maximum(np.abs(smooth) - l1, 0.0)
    excess = np.maximum(np.sqrt((left**2).sum(axis=axis, keepdims=True)) - group * root, 0.0) / root
    return np.where(norm > 0, alive, excess)


def _column(value: float | Floats) -> Floats:
    return np.asarray(value, dtype=np.float64).reshape(-1, 1, 1)
