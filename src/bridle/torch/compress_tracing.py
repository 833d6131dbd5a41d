"""A network traced into a graph of operations, and how it is called on an example."""

from __future__ import annotations

import inspect
import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from ..errors import UsageError

Tensor = Any


@dataclass(frozen=True, eq=False)
class Calling:
    """How the network is called: the example's arguments, and the values at which other arguments are held."""

    given: bool
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    held: Mapping[str, Any]

    @staticmethod
    def of(model: Any, example: Any) -> Calling:
        """Sort an example (a tensor, a tuple, a dict or None) into the arguments of the network."""
        named = dict(example) if isinstance(example, Mapping) else {}
        arguments: tuple[Any, ...] = ()
        if example is not None and not named:
            arguments = tuple(example) if isinstance(example, (tuple, list)) else (example,)
        signature = inspect.signature(model.forward)
        try:
            bound = signature.bind_partial(*arguments, **named).arguments
        except TypeError as problem:
            raise UsageError(f"The example does not fit the model's arguments: {problem}.") from None
        held = {
            name: parameter.default
            for name, parameter in signature.parameters.items()
            if name not in bound and parameter.default is not inspect.Parameter.empty
        }
        # What is no tensor decides the way through the network, so that it is held as well.
        held |= {name: value for name, value in bound.items() if not _has_tensor(value)}
        return Calling(example is not None, arguments, named, held)

    def run(self, model: Any) -> Any:
        """One forward pass, without gradients."""
        with torch.no_grad():
            try:
                return model(*self.arguments, **self.named)
            except Exception as problem:
                raise UsageError(f"The model does not run on this example: {problem}") from problem

    def wait(self) -> None:
        """Wait until the device has done what it was asked to."""
        for value in (*self.arguments, *self.named.values()):
            kind = value.device.type if isinstance(value, torch.Tensor) else "cpu"
            if kind != "cpu":
                torch.get_device_module(kind).synchronize()
                return


class _InPlaceProxy(fx.Proxy):  # type: ignore[misc]
    """Records ``x += y`` as what it is: a plain proxy would take it for ``x = x + y``."""

    def __iadd__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

    def __isub__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.isub, (self, other), {})

    def __imul__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.imul, (self, other), {})

    def __itruediv__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.itruediv, (self, other), {})


class _Tracer(fx.Tracer):  # type: ignore[misc]
    def proxy(self, node: Any) -> Any:
        return _InPlaceProxy(node, self)


def traced(model: Any, call: Calling) -> Any:
    """The operations of the network in evaluation mode, with the shapes that the example gives them.

    Raises
    ------
    UsageError
        If the way through the network depends on data, or on whether it is being trained.
    """
    try:
        model.train()
        training = _Tracer().trace(model, dict(call.held))
        model.eval()
        graph = _Tracer().trace(model, dict(call.held))
    except Exception as problem:
        said = (str(problem) or type(problem).__name__).splitlines()[0].rstrip(".")
        raise UsageError(
            f"torch.fx cannot trace this model ({said}). "
            "Its forward must not branch on the values of tensors; compress the part that can be traced."
        ) from problem
    if [(n.op, n.target) for n in training.nodes] != [(n.op, n.target) for n in graph.nodes]:
        raise UsageError(
            "The model's forward does other things in training than in evaluation: cut for the one, it would not run in the "
            "other. Compress the part that does the same in both."
        )
    if call.given:
        with torch.no_grad():
            ShapeProp(fx.GraphModule(model, graph)).propagate(*_in_order(graph, model, call))
    return graph


def _in_order(graph: Any, model: Any, call: Calling) -> list[Any]:
    """The example's values for the placeholders of the graph, in their order."""
    bound = inspect.signature(model.forward).bind_partial(*call.arguments, **call.named).arguments
    values = {**bound, **call.held}
    names = list(inspect.signature(model.forward).parameters)
    places = [node for node in graph.nodes if node.op == "placeholder"]
    return [values.get(name) for name in names[: len(places)]]


def fixed_layers(model: Any, graph: Any) -> dict[str, str]:
    """The layers that must keep their shape, and why: called twice, sharing parameters, hooked, read from outside."""
    owners: Counter[int] = Counter()
    layers = dict(model.named_modules())
    for layer in layers.values():
        owners.update(id(p) for p in layer.parameters(recurse=False))
    calls = Counter(id(_at(model, n.target)) for n in graph.nodes if n.op == "call_module")
    read = {id(_at(model, n.target)) for n in graph.nodes if n.op == "get_attr"}
    fixed = {}
    for name, layer in model.named_modules(remove_duplicate=False):
        own = [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]
        if own and calls[id(layer)] > 1:
            fixed[name] = "it is called more than once"
        elif any(owners[id(p)] > 1 for p in own):
            fixed[name] = "it shares a parameter with another layer"
        elif any(id(p) in read for p in own):
            fixed[name] = "its parameters are read from outside of it"
        elif layer._forward_hooks or layer._forward_pre_hooks:
            fixed[name] = (
                "it has hooks (after torch.nn.utils.prune: make the zeros permanent with prune.remove)"
            )
        elif any(p.is_complex() or not p.is_floating_point() for p in layer.parameters(recurse=False)):
            fixed[name] = "its parameters are no real numbers"
    return fixed


def _at(model: Any, target: str) -> Any:
    return operator.attrgetter(target)(model)


def outputs_agree(one: Any, two: Any) -> bool:
    """Whether two outputs (tensors, or tuples and dicts of them) agree up to rounding."""
    if isinstance(one, torch.Tensor):
        if one.shape != two.shape or one.dtype != two.dtype:
            return False
        if not one.is_floating_point():
            return bool(torch.equal(one, two))
        close = 1e4 * torch.finfo(one.dtype).eps
        scale = float(one.detach().abs().nan_to_num(0.0, 0.0, 0.0).max()) if one.numel() else 0.0
        return bool(
            torch.allclose(one, two, rtol=close, atol=min(close, 0.1) * max(scale, 1e-30), equal_nan=True)
        )
    if isinstance(one, Mapping):
        return set(one) == set(two) and all(outputs_agree(one[key], two[key]) for key in one)
    if isinstance(one, (tuple, list)):
        return len(one) == len(two) and all(outputs_agree(a, b) for a, b in zip(one, two))
    return type(one) is type(two)


def _has_tensor(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_has_tensor, value))
    return isinstance(value, (torch.Tensor, nn.Module))
