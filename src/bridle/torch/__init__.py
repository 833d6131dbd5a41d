"""Regularized neural networks in PyTorch: weight decay where it belongs, exact zeros, pruning, early stopping, estimators.

    >>> import torch
    >>> import bridle.torch as bt
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    >>> optimizer = bt.Proximal(torch.optim.Adam(bt.decay_groups(model, l1=1e-3)))

A leaf of the house: nothing but the command line, the comparison and the lab loads it, and only when asked to. Needs
PyTorch (``pip install "bridle[torch]"``).
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "decay_groups": "bridle.torch.decay",
    "ParameterGroups": "bridle.torch.decay",
    "Proximal": "bridle.torch.proximal",
    "compress": "bridle.torch.compressing",
    "Compressed": "bridle.torch.compressing",
    "EarlyStopping": "bridle.torch.stopping",
    "train": "bridle.torch.loop",
    "Training": "bridle.torch.loop",
    "MLPRegressor": "bridle.torch.estimators",
    "MLPClassifier": "bridle.torch.estimators",
    "MLPRegressorCV": "bridle.torch.cross_validated",
    "MLPClassifierCV": "bridle.torch.cross_validated",
    "fit": "bridle.torch.tabular",
    "NetworkModel": "bridle.torch.model",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'bridle.torch' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
