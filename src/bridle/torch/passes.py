"""Forward and backward passes of stacked perceptrons, written out.

The step of a small network is overhead for the most part. The gradient of a perceptron is two products a layer
(Rumelhart, Hinton and Williams 1986), and taking them without autograd's bookkeeping makes a step more than twice as
fast; the tests hold it against autograd.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from .network import Architecture

if TYPE_CHECKING:
    from .stack import Stack

FUNCTIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "silu": torch.nn.functional.silu,
    "identity": lambda z: z,
}


def _silu_slope(z: Any, h: Any) -> Any:
    gate = torch.sigmoid(z)
    return gate + h * (1 - gate)


# The derivative at z, where the function's value is h.
SLOPES = {
    "relu": lambda z, h: h > 0,
    "tanh": lambda z, h: 1 - h * h,
    "silu": _silu_slope,
}


@dataclass(frozen=True, eq=False)
class Forward:
    """What a forward pass leaves for the way back.

    ``out`` (B, rows, outputs); of each hidden layer ``before`` its activation and ``after`` it, and the ``masks`` of
    dropout (None where there are none), ``given`` what the next layer was given.
    """

    X: Any
    scaled: Any
    before: list[Any]
    after: list[Any]
    masks: list[Any]
    given: list[Any]
    out: Any


def forward(stack: Stack, X: Any, architecture: Architecture, random: Any) -> Forward:
    """Of X (rows, p); with ``random`` given, dropout draws masks that are common to all networks."""
    scaled, z = _first(stack, X)
    activate, rate = FUNCTIONS[architecture.activation], architecture.dropout
    before, after, masks, given = [], [], [], []
    for weight, bias in zip(stack.weights[1:], stack.biases[1:]):
        before.append(z)
        z = activate(z)
        after.append(z)
        mask = None
        if random is not None and rate > 0:
            mask = torch.empty(z.shape[1:], dtype=z.dtype, device=z.device)
            mask.bernoulli_(1 - rate, generator=random).div_(1 - rate)
            z = z * mask
        masks.append(mask)
        given.append(z)
        z = torch.baddbmm(bias[:, None, :], z, weight.transpose(1, 2))
    return Forward(X, scaled, before, after, masks, given, z)


def _first(stack: Stack, X: Any) -> tuple[Any, Any]:
    """The first layer is one product for all networks: they read the same rows, each scaled in its own way."""
    weight, bias = stack.weights[0], stack.biases[0]
    count, units, p = weight.shape
    scaled = weight
    if not stack.plain:
        scaled = weight * stack.x_inverse
        bias = bias - torch.bmm(scaled, stack.x_mean[:, :, None])[:, :, 0]
    z = torch.addmm(bias.reshape(-1), X, scaled.reshape(count * units, p).T)
    return scaled, z.view(len(X), count, units).transpose(0, 1)


def backward(stack: Stack, passed: Forward, slope: Any, architecture: Architecture) -> list[Any]:
    """Gradients in the order of ``stack.parameters``; ``slope`` (B, rows, outputs) is the loss's by the outputs."""
    weights: list[Any] = []
    biases: list[Any] = []
    derivative = SLOPES.get(architecture.activation)
    for layer in range(len(stack.weights) - 1, 0, -1):
        at = layer - 1
        weights.append(torch.bmm(slope.transpose(1, 2), passed.given[at]))
        biases.append(slope.sum(dim=1))
        slope = torch.bmm(slope, stack.weights[layer])
        if passed.masks[at] is not None:
            slope = slope * passed.masks[at]
        if derivative is not None:
            slope = slope * derivative(passed.before[at], passed.after[at])
    count, units, p = stack.weights[0].shape
    flat = slope.transpose(0, 1).reshape(len(passed.X), count * units)
    weight, bias = (flat.T @ passed.X).view(count, units, p), flat.sum(dim=0).view(count, units)
    if not stack.plain:
        weight = (weight - bias[:, :, None] * stack.x_mean[:, None, :]) * stack.x_inverse
    return [weight, *reversed(weights), bias, *reversed(biases)]


def loss(family: str, stack: Stack, out: Any, y: Any, weights: Any) -> tuple[Any, Any]:
    """Half the unit deviance summed under ``weights`` (rows, B), and its slope by the outputs (B, rows, outputs).

    ``y`` : (rows, outputs) numbers, or (rows,) codes of classes.
    """
    share = weights.T
    if family == "squared":
        residual = out - stack.target(y)
        slope = residual * share[:, :, None]
        return 0.5 * (slope * residual).sum(dim=(1, 2)), slope
    if family == "binomial":
        score = out[..., 0]
        each = torch.nn.functional.softplus(score) - score * y
        return torch.linalg.vecdot(each, share), ((torch.sigmoid(score) - y) * share)[:, :, None]
    logs = torch.log_softmax(out, dim=2)
    codes = y.expand(len(out), -1)[:, :, None]
    each = -logs.gather(2, codes)[:, :, 0]
    chance = logs.exp()
    chance.scatter_add_(2, codes, torch.full_like(chance[:, :, :1], -1.0))
    return torch.linalg.vecdot(each, share), chance * share[:, :, None]
