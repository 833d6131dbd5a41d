"""A network as a header and arrays, and back: what a file of kind "network" holds.

The weights are one array of bytes in the safetensors format, so that any tool of the field can read them once the
array is cut out (docs/model-file.md). Neither writing nor reading takes PyTorch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import modelfile
from ..errors import ModelFileError
from ..model.persistence import plain_call, selection_arrays, selection_header, selection_of
from ..table import Note, Schema
from .model import FeaturePath, History, NetworkModel
from .network import FAMILIES, Architecture, Network
from .penalty import Strengths
from .statement import Stationarity

WEIGHTS = "weights.safetensors"
_PLAIN = ("n_rows", "target_name", "target_mean", "target_sd", "weighted")
_SCALES = ("x_mean", "x_scale", "y_mean", "y_scale")
Arrays = Mapping[str, NDArray[Any]]


def save_network(model: NetworkModel, path: str | os.PathLike[str]) -> None:
    """Writes one file of kind "network"."""
    bytes_ = _safetensors().save(_tensors(model.network))
    arrays: dict[str, NDArray[Any]] = {
        WEIGHTS: np.frombuffer(bytes_, dtype=np.uint8),
        "fill_values": model.fill_values,
        **selection_arrays(model.selection),
    }
    optional = {
        "history.train": None if model.history is None else model.history.train,
        "history.held": None if model.history is None else model.history.held,
        "held_rows": model.held_rows,
    }
    arrays |= {name: array for name, array in optional.items() if array is not None}
    if model.path is not None:
        arrays |= {
            f"path.{name}": getattr(model.path, name) for name in ("alphas", "inputs_used", "n_nonzero")
        }
    modelfile.write(path, "network", _header(model), arrays)


def network_of(header: Mapping[str, Any], arrays: Arrays) -> NetworkModel:
    """The model that ``save_network`` wrote.

    Raises
    ------
    ModelFileError
        When the weights are none that fit the header, or safetensors is not installed.
    KeyError, TypeError, ValueError
        When a part is missing or of another kind: ``bridle.load`` says so of the file.
    """
    schema = Schema.from_dict(header["schema"])
    network = _network(header, arrays[WEIGHTS])
    fills = arrays["fill_values"]
    if fills.shape != (schema.n_columns,) or network.architecture.inputs != schema.n_columns:
        raise ValueError("the network's columns are not the schema's")
    classes = None if header["classes"] is None else tuple(header["classes"])
    if (classes is None) != (network.family == "squared"):
        raise ValueError("the classes do not go with the family")
    return NetworkModel(
        schema=schema,
        network=network,
        strengths=Strengths(**header["strengths"]),
        selection=selection_of(header["selection"], arrays),
        stationarity=Stationarity(**header["stationarity"]),
        fill_values=fills,
        classes=classes,
        history=History(arrays["history.train"], arrays.get("history.held"))
        if "history.train" in arrays
        else None,
        path=FeaturePath(*(arrays[f"path.{name}"] for name in ("alphas", "inputs_used", "n_nonzero")))
        if "path.alphas" in arrays
        else None,
        held_rows=arrays.get("held_rows"),
        seeds=dict(header["seeds"]),
        notes=tuple(Note(**note) for note in header["notes"]),
        call=header["call"],
        **{name: header[name] for name in _PLAIN},
    )


def _header(model: NetworkModel) -> dict[str, Any]:
    strengths = model.strengths
    return {
        **{name: getattr(model, name) for name in _PLAIN},
        "schema": model.schema.to_dict(),
        "family": model.family,
        "architecture": asdict(model.network.architecture),
        "strengths": {
            "l1": float(strengths.l1),
            "l2": float(strengths.l2),
            "group": float(strengths.group),
            "groups": strengths.groups,
        },
        "selection": selection_header(model.selection),
        "stationarity": model.stationarity.to_dict(),
        "classes": None if model.classes is None else np.asarray(model.classes).tolist(),
        "seeds": dict(model.seeds),
        "notes": [asdict(note) for note in model.notes],
        "call": plain_call(model.call),
    }


def _tensors(network: Network) -> dict[str, NDArray[Any]]:
    """Named as ``torch.nn`` names them; layer 0 takes the columns standardized by x_mean and x_scale."""
    out: dict[str, NDArray[Any]] = {}
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases)):
        out[f"layers.{layer}.weight"] = np.ascontiguousarray(weight)
        out[f"layers.{layer}.bias"] = np.ascontiguousarray(bias)
    return out | {name: np.ascontiguousarray(getattr(network, name)) for name in _SCALES}


def _network(header: Mapping[str, Any], stored: NDArray[Any]) -> Network:
    """The network of the header's architecture, every shape held against it."""
    safetensors, described = _safetensors(), dict(header["architecture"])
    described["hidden"] = tuple(int(units) for units in described["hidden"])
    architecture = Architecture(**described)
    if header["family"] not in FAMILIES:
        raise ValueError(f"unknown family {header['family']!r}")
    try:
        tensors = safetensors.load(stored.tobytes())
    except Exception as problem:  # safetensors has an exception of its own for every version
        raise ModelFileError(
            f"The weights of this network are damaged ({problem}); fit and save it again."
        ) from problem
    sizes = architecture.sizes
    wanted: dict[str, tuple[int, ...]] = dict(
        zip(_SCALES, ((sizes[0],), (sizes[0],), (sizes[-1],), (sizes[-1],)))
    )
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        wanted |= {f"layers.{layer}.weight": (outputs, inputs), f"layers.{layer}.bias": (outputs,)}
    for name, shape in wanted.items():
        array = tensors[name]
        if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"the tensor {name} is of shape {array.shape}, not {shape}, or not finite")
    layers = range(len(sizes) - 1)
    return Network(
        architecture,
        header["family"],
        tuple(tensors[f"layers.{layer}.weight"] for layer in layers),
        tuple(tensors[f"layers.{layer}.bias"] for layer in layers),
        *(tensors[name].astype(np.float64) for name in _SCALES),
    )


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ModelFileError(
            'A network\'s file needs the package safetensors: pip install "bridle[torch]".'
        ) from None
    return safetensors.numpy


__all__ = ["WEIGHTS", "network_of", "save_network"]
