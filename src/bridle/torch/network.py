"""A trained multilayer perceptron as arrays: it predicts in NumPy, so that using a network does not take PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

Array = NDArray[Any]
Floats = NDArray[np.float64]
_ROWS = 4096  # rows taken at a time: hidden units of all rows at once might not fit the memory


def _sigmoid(z: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(z / 2)))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": lambda z: np.asarray(np.tanh(z)),
    "silu": lambda z: z * _sigmoid(z),
    "identity": lambda z: z,
}
FAMILIES = ("squared", "binomial", "multinomial")


@dataclass(frozen=True)
class Architecture:
    """The shape of a multilayer perceptron.

    ``dropout`` is the share of the hidden units that each training step leaves out.

    >>> Architecture(10, (32, 16), 1).sizes
    (10, 32, 16, 1)
    """

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    activation: str = "relu"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise UsageError(f"activation must be one of {', '.join(ACTIVATIONS)}, not {self.activation!r}.")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"dropout must be at least 0 and below 1, not {self.dropout!r}.")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of every layer, the inputs first."""
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return sum(a * b + b for a, b in zip(self.sizes, self.sizes[1:]))


@dataclass(frozen=True, eq=False)
class Network:
    """The arrays of one network, and what it takes to apply it to numbers in original units.

    Attributes
    ----------
    weights : one (out, in) for each layer, in the units of the problem: standardized columns and target.
    biases : one (out,) for each layer.
    x_mean, x_scale : (p,) of the training rows; a constant column has the scale 0 and is left out.
    y_mean, y_scale : (outputs,) of the target of a regression; 0 and 1 of classes.
    """

    architecture: Architecture
    family: str
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    x_mean: Floats
    x_scale: Floats
    y_mean: Floats
    y_scale: Floats

    def decision(self, X: Array) -> Floats:
        """(n, outputs): the target's mean in original units, or the scores of classes (log odds, logits)."""
        out = np.empty((len(X), self.architecture.outputs))
        for rows in _tiles(len(X)):
            out[rows] = self._forward(self._in_units(X[rows])) * self.y_scale + self.y_mean
        return out

    def sampled(self, X: Array, draws: int, seed: int) -> Floats:
        """(draws, n, outputs) with dropout left on: Monte-Carlo dropout (Gal and Ghahramani 2016).

        Every draw is one network with one mask for all rows, as one sample of the weights is.
        """
        random = np.random.default_rng(seed)
        p = self.architecture.dropout
        out = np.empty((draws, len(X), self.architecture.outputs))
        for draw in range(draws):
            masks = [(random.random(h) >= p) / (1 - p) for h in self.architecture.hidden]
            for rows in _tiles(len(X)):
                z = self._forward(self._in_units(X[rows]), masks)
                out[draw, rows] = z * self.y_scale + self.y_mean
        return out

    def standardized(self, X: Array) -> Array:
        """(n, p) in the units and the precision of the problem."""
        with np.errstate(over="ignore"):
            return np.asarray(self._in_units(X).astype(self.weights[0].dtype))

    def _in_units(self, X: Array) -> Floats:
        scale = np.where(self.x_scale > 0, self.x_scale, np.inf)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray((X - self.x_mean) / scale, dtype=np.float64)

    def _forward(self, z: Floats, masks: list[Array] | None = None) -> Floats:
        """In double precision whatever the weights are: a row's prediction does not depend on the rows beside it."""
        activate = ACTIVATIONS[self.architecture.activation]
        last = len(self.weights) - 1
        with np.errstate(over="ignore", invalid="ignore"):
            for layer, (weight, bias) in enumerate(zip(self.weights, self.biases)):
                z = z @ weight.T.astype(z.dtype) + bias
                if layer < last:
                    z = activate(z)
                    if masks is not None:
                        z = z * masks[layer]
        return z

    @property
    def inputs_used(self) -> NDArray[np.bool_]:
        """(p,) whether any weight of the column is not exactly zero (and the column was not constant)."""
        return np.asarray((self.weights[0] != 0).any(axis=0) & (self.x_scale > 0))

    @property
    def n_nonzero(self) -> int:
        """Weights that are not exactly zero, biases left out."""
        return int(sum(np.count_nonzero(weight) for weight in self.weights))

    def module(self) -> Any:
        """A ``torch.nn.Sequential`` on standardized columns, to go on with in PyTorch (needs torch)."""
        from .modules import module_of

        return module_of(self)


def _tiles(n: int) -> Iterator[slice]:
    for start in range(0, n, _ROWS):
        yield slice(start, start + _ROWS)


__all__ = ["ACTIVATIONS", "FAMILIES", "Architecture", "Network"]
