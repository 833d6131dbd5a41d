"""A network's arrays as a PyTorch module, and back."""

from __future__ import annotations

from typing import Any

import torch

from .network import Network

LAYERS = {
    "relu": torch.nn.ReLU,
    "tanh": torch.nn.Tanh,
    "silu": torch.nn.SiLU,
    "identity": torch.nn.Identity,
}


def module_of(network: Network) -> Any:
    """A ``torch.nn.Sequential`` that maps standardized columns to standardized outputs, in eval mode.

    >>> import numpy as np
    >>> from bridle.torch.network import Architecture
    >>> one = np.ones(1)
    >>> net = Network(Architecture(1, (), 1), "squared", (2 * np.ones((1, 1)),), (one,), one, one, one, one)
    >>> module_of(net)(torch.tensor([[3.0]], dtype=torch.float64)).item()
    7.0
    """
    layers: list[Any] = []
    architecture = network.architecture
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases)):
        linear = torch.nn.utils.skip_init(torch.nn.Linear, weight.shape[1], weight.shape[0])
        linear.weight.data = torch.tensor(weight)
        linear.bias.data = torch.tensor(bias)
        layers.append(linear)
        if layer < len(network.weights) - 1:
            layers.append(LAYERS[architecture.activation]())
            if architecture.dropout > 0:
                layers.append(torch.nn.Dropout(architecture.dropout))
    return torch.nn.Sequential(*layers).eval()
