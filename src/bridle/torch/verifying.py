"""Loss and penalty of a saved network, and the gradient of both, once more from the rows.

In NumPy, in double precision, forward and backward written out by hand: nothing is shared with what trained the
network but its weights. (Backpropagation: Rumelhart, Hinton and Williams 1986, Nature 323.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..design import Design
from ..errors import DataError, UsageError
from ..fitting.intake import checked_weights
from ..model.rows import encoded, encoded_with_target
from .model import NetworkModel
from .network import Floats, Network
from .penalty import Strengths
from .statement import Stationarity

_ROWS = 4096  # rows taken at a time
Layers = list[Floats]


def verify(model: NetworkModel, data: Any, y: Any = None, *, weights: Any = None) -> dict[str, Stationarity]:
    """Where the objective lies on these rows, those that the network was fitted on, and how still.

    ``y`` (n,) and ``weights`` (n,) are needed where they are no columns of ``data``; rows that early stopping set aside
    are left out again. The answer has one entry, under the rule that chose the strength: ``reproduced`` says whether the
    objective is the recorded one.

    Raises
    ------
    UsageError
        When the network was fitted with weights that are not given.
    SchemaError, DataError
        When the rows are none that the network can be applied to.
    """
    design, target, weights = _rows(model, data, y, weights)
    loss, gradients, biases = _loss(model, design, target, weights)
    penalty = penalty_of(model.network, model.strengths)
    distance = max(
        *(_distance(w, g, model.strengths, layer, len(gradients)) for layer, (w, g) in
          enumerate(zip(_double(model.network.weights), gradients))),
        *(float(np.abs(bias).max(initial=0.0)) for bias in biases),
    )  # fmt: skip
    found = replace(
        model.stationarity,
        loss=loss,
        penalty=penalty,
        distance=distance,
        null_loss=_null_loss(model, target, weights),
        recorded=model.stationarity.objective,
    )
    return {model.selection.rule: found}


def _rows(model: NetworkModel, data: Any, y: Any, weights: Any) -> tuple[Design, Floats, Floats]:
    """Columns, standardized targets (n, outputs) or codes (n,), and weights (n,) that sum to one."""
    target: Any
    if model.classes is None:
        outputs = model.network.architecture.outputs
        if outputs == 1:
            design, target, own = encoded_with_target(
                model.schema, model.fill_values, data, y, need_target=True
            )
            target = target[:, None]
        else:
            design, frame = encoded(model.schema, model.fill_values, data, need_target=False)
            target, own = np.asarray(y, dtype=np.float64), frame.weights
        if target.shape != (design.n, outputs):
            raise DataError(f"y has the shape {target.shape}, not ({design.n}, {outputs}).")
        target = (target - model.network.y_mean) / model.network.y_scale
    else:
        design, frame = encoded(model.schema, model.fill_values, data, need_target=False)
        target, own = model.codes_of(y), frame.weights
        if len(target) != design.n:
            raise DataError(f"y has {len(target):,} labels, but there are {design.n:,} rows.")
    if weights is None and own is None and model.weighted:
        raise UsageError("The network was fitted with weights of the rows that are no column: give weights.")
    share = checked_weights(weights, design.n, least=1) if own is None or weights is not None else own
    share = np.ones(design.n) if share is None else share.copy()
    if model.held_rows is not None and len(model.held_rows):
        share[model.held_rows[model.held_rows < design.n]] = 0.0
    if not share.sum() > 0:
        raise DataError("None of these rows has a positive weight in training.")
    return design, target, share / share.sum()


def _loss(
    model: NetworkModel, design: Design, target: Floats, weights: Floats
) -> tuple[float, Layers, Layers]:
    """The mean loss, and its gradient by every weight and bias."""
    network = model.network
    into, free = _double(network.weights), _double(network.biases)
    activate, slope = _ACTIVATIONS[network.architecture.activation]
    total, gradients, biases = 0.0, [np.zeros_like(w) for w in into], [np.zeros_like(b) for b in free]
    varies = network.x_scale > 0
    inverse = np.where(varies, 1 / np.where(varies, network.x_scale, 1.0), 0.0)
    every, last = np.arange(design.p), len(into) - 1
    for start in range(0, design.n, _ROWS):
        stop = min(start + _ROWS, design.n)
        inputs = [(design.columns(every, start, stop) - network.x_mean) * inverse]
        before: Layers = []
        for layer in range(last + 1):
            before.append(inputs[-1] @ into[layer].T + free[layer])
            if layer < last:
                inputs.append(activate(before[-1]))
        values, error = _FAMILIES[network.family](before[-1], target[start:stop])
        total += float(weights[start:stop] @ values)
        error = error * weights[start:stop, None]
        for layer in range(last, -1, -1):
            gradients[layer] += error.T @ inputs[layer]
            biases[layer] += error.sum(axis=0)
            if layer > 0:
                error = (error @ into[layer]) * slope(before[layer - 1])
    return total, gradients, biases


def average_slopes(network: Network, X: Floats, weights: Floats) -> Floats:
    """(p,) how the (first) standardized output moves with one standard deviation of each column, on average over rows.

    X (n, p) in original units, weights (n,). The mean of the gradient by the inputs, called average marginal effect.
    """
    into, free = _double(network.weights), _double(network.biases)
    activate, slope = _ACTIVATIONS[network.architecture.activation]
    varies = network.x_scale > 0
    inverse = np.where(varies, 1 / np.where(varies, network.x_scale, 1.0), 0.0)
    total = np.zeros(X.shape[1])
    for start in range(0, len(X), _ROWS):
        rows = slice(start, start + _ROWS)
        z, before = (X[rows] - network.x_mean) * inverse, []
        for weight, bias in zip(into[:-1], free[:-1]):
            before.append(z @ weight.T + bias)
            z = activate(before[-1])
        back = np.tile(into[-1][:1], (len(z), 1))
        for layer in range(len(into) - 2, -1, -1):
            back = (back * slope(before[layer])) @ into[layer]
        total += weights[rows] @ back
    return np.where(varies, total / weights.sum(), 0.0)


def _squared(out: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Half the squared error by row, and its derivative by the outputs."""
    return 0.5 * ((out - target) ** 2).sum(axis=1), out - target


def _binomial(out: Floats, codes: Floats) -> tuple[Floats, Floats]:
    """log(1 + e^s) - s y of the log odds s, and its derivative."""
    s = out[:, 0]
    chance = np.where(s > 0, 1 / (1 + np.exp(-np.abs(s))), np.exp(-np.abs(s)) / (1 + np.exp(-np.abs(s))))
    return np.maximum(s, 0) + np.log1p(np.exp(-np.abs(s))) - s * codes, (chance - codes)[:, None]


def _multinomial(out: Floats, codes: Floats) -> tuple[Floats, Floats]:
    """log sum e^s - s_y of the logits, and its derivative."""
    each = np.exp(out - out.max(axis=1, keepdims=True))
    total = each.sum(axis=1)
    rows, own = np.arange(len(out)), codes.astype(np.intp)
    slope = each / total[:, None]
    slope[rows, own] -= 1
    return np.log(total) + out.max(axis=1) - out[rows, own], slope


_FAMILIES: dict[str, Callable[[Floats, Floats], tuple[Floats, Floats]]] = {
    "squared": _squared,
    "binomial": _binomial,
    "multinomial": _multinomial,
}


def _logistic(z: Floats) -> Floats:
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1.0, small) / (1 + small))


_ACTIVATIONS: dict[str, tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]] = {
    "relu": (lambda z: np.where(z > 0, z, 0.0), lambda z: (z > 0).astype(np.float64)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "silu": (lambda z: z * _logistic(z), lambda z: _logistic(z) * (1 + z * (1 - _logistic(z)))),
    "identity": (lambda z: z, np.ones_like),
}


def penalty_of(network: Network, strengths: Strengths) -> float:
    """The penalty of a network's weights."""
    layers, total = _double(network.weights), 0.0
    for layer, w in enumerate(layers):
        total += float(strengths.l1) * float(np.abs(w).sum()) + 0.5 * float(strengths.l2) * float(
            (w * w).sum()
        )
        axis = _group_axis(strengths, layer, len(layers))
        if axis is not None:
            total += float(strengths.group) * w.shape[axis] ** 0.5 * float(np.linalg.norm(w, axis=axis).sum())
    return total


def _group_axis(strengths: Strengths, layer: int, layers: int) -> int | None:
    """What a group's norm sums over in this layer's (out, in) weights; None where it has no groups."""
    if not float(strengths.group) > 0:
        return None
    if strengths.groups == "inputs":
        return 0 if layer == 0 else None
    return 1 if layer < layers - 1 else None


def _distance(w: Floats, gradient: Floats, strengths: Strengths, layer: int, layers: int) -> float:
    """The largest distance of a weight's gradient to minus the subdifferential of the penalty.

    A group at zero counts with the norm of what is left beyond the l1 part, less its own pull, over the root of its size.
    """
    l1, group = float(strengths.l1), float(strengths.group)
    pull = gradient + float(strengths.l2) * w
    axis = _group_axis(strengths, layer, layers)
    if axis is not None:
        norm, root = np.linalg.norm(w, axis=axis, keepdims=True), w.shape[axis] ** 0.5
        beyond = np.maximum(np.abs(pull) - l1, 0.0)
        idle = np.maximum(np.linalg.norm(beyond, axis=axis, keepdims=True) / root - group, 0.0)
        pull = pull + group * root * np.divide(w, norm, out=np.zeros_like(w), where=norm > 0)
    at_zero = np.maximum(np.abs(pull) - l1, 0.0)
    each = np.where(w == 0, at_zero, np.abs(pull + l1 * np.sign(w)))
    if axis is not None:
        each = np.where(norm > 0, each, idle)
    return float(each.max(initial=0.0))


def _null_loss(model: NetworkModel, target: Floats, weights: Floats) -> float:
    """The loss of the best constant on these rows."""
    if model.classes is None:
        mean = weights @ target
        return float(0.5 * (weights @ (target - mean) ** 2).sum())
    shares = np.bincount(target.astype(np.intp), weights=weights, minlength=len(model.classes))
    some = shares[shares > 0]
    return float(-(some @ np.log(some)))


def _double(arrays: tuple[NDArray[Any], ...]) -> Layers:
    return [array.astype(np.float64) for array in arrays]


__all__ = ["average_slopes", "penalty_of", "verify"]
