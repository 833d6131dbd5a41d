"""What each operation of a traced network does to channels: the rules of the walk.

An operation without a rule is left as it is: whatever it reads stays whole, and nothing is assumed of what it makes.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from . import compress_operations as ops
from .compress_channels import OUTPUT, Analysis, Batch, Entry, Shape, Through, Use, Value, unknown

Tensor = Any  # mypy does not follow torch
Node = Any


class Walk:
    """One walk along the traced network; ``found`` is what it brings home."""

    def __init__(self, graph: Any, modules: dict[str, Any], fixed: dict[str, str], tolerance: float) -> None:
        self.graph, self.modules, self.fixed, self.tolerance = graph, modules, fixed, tolerance
        self.found = Analysis()
        self.known: dict[Any, Any] = {}

    def go(self) -> Analysis:
        """Visit every operation in the order in which they run."""
        for node in self.graph.nodes:
            if node.op == "output":
                self._pin(node, OUTPUT)
                continue
            made = self._visit(node)
            self.known[node] = made
            if isinstance(made, Value):
                self.found.values.append(made)
        return self.found

    def _visit(self, node: Node) -> Any:
        if node.op == "placeholder":
            entry = Entry(str(node.target), ops.shape_of(node))
            self.found.entries.append(entry)
            return entry
        if ops.in_place(node, self.modules) and not self._alone(node):
            return self._unknown(node, "a tensor is changed in place and read again")
        if node.op == "call_module":
            return self._module(node, self.modules[node.target])
        if node.op == "call_function":
            return self._function(node)
        if node.op == "call_method":
            return self._method(node)
        return None  # an attribute: its readers do not know it

    # What is not known

    def _unknown(self, node: Node, reason: str | None = None, why: str | None = None) -> Any:
        """Nothing is assumed of what the operation makes; what it reads stays, for ``reason``."""
        name = getattr(node.target, "__name__", str(node.target))
        if node.op == "call_module":
            kind = type(self.modules[node.target]).__name__
            self.found.left.setdefault(name, f"left as it is: {why or f'no rule for {kind} here'}")
        self._pin(node, reason or f"they reach {name}, which is left as it is")
        return None

    def _pin(self, node: Node, reason: str) -> None:
        for source in node.all_input_nodes:
            known = self.known.get(source)
            if isinstance(known, Entry):
                known.known = False
            value = self._value(source)
            if value is not None:
                self.found.channels.pin(value.slots, reason)

    def _value(self, source: Any) -> Value | None:
        known = self._read(source)
        known = known.of if isinstance(known, Shape) else known
        known = known.value if isinstance(known, Entry) else known
        return known if isinstance(known, Value) else None

    def _read(self, source: Any) -> Any:
        """What is known of an argument of an operation."""
        return self.known.get(source) if isinstance(source, torch.fx.Node) else None

    def _alone(self, node: Node) -> bool:
        """Whether nothing else reads the tensor that is changed in place, under this or another name."""
        source = node.args[0] if node.args else None
        while isinstance(source, torch.fx.Node):
            if len(source.users) > 1:
                return False
            if source.op == "placeholder" or not ops.aliases(source, self.modules):
                return True
            source = source.args[0] if source.args else None
        return True

    # Layers

    def _module(self, node: Node, module: Any) -> Any:
        name, kind = str(node.target), type(module)
        if name in self.fixed:
            return self._unknown(node, why=self.fixed[name])
        if len(node.args) != 1 or node.kwargs or not isinstance(node.args[0], torch.fx.Node):
            return self._unknown(node)
        read = self._read(node.args[0])
        if kind in ops.LINEAR:
            return self._linear(node, name, module, read)
        if kind in ops.CONVOLUTIONS:
            return self._convolution(node, name, module, read)
        if kind in ops.NORMS:
            return self._norm(node, name, module, read)
        if kind is nn.PReLU:
            return self._prelu(node, name, module, read)
        if kind is nn.Flatten:
            return self._flatten(node, read, module.start_dim, module.end_dim)
        if kind in ops.SAME:
            return read
        if kind in ops.POINTWISE:
            return self._pointwise(read, module)
        if kind in ops.POOLS and not getattr(module, "return_indices", False):
            return self._pool(node, read, ops.POOLS[kind], ops.uniform(kind.__name__, vars(module)))
        return self._unknown(node)

    def _linear(self, node: Node, name: str, module: Any, read: Any) -> Any:
        if isinstance(read, Entry):
            read = read.read_as(self.found.channels, module.in_features, 0)
        if isinstance(read, Value) and (read.trailing != 0 or len(read.slots) != module.in_features):
            return self._unknown(node, why="it reads what was taken for another shape")
        return self._mix(name, module, read, 0, False)

    def _convolution(self, node: Node, name: str, module: Any, read: Any) -> Any:
        trailing, pads = ops.CONVOLUTIONS[type(module)], ops.pads(module)
        if isinstance(read, Entry):
            read = read.read_as(self.found.channels, module.in_channels, trailing)
        if isinstance(read, Value) and (read.trailing != trailing or len(read.slots) != module.in_channels):
            return self._unknown(node, why="it reads what was taken for another shape")
        if module.groups == 1:
            return self._mix(name, module, read, trailing, pads, ops.shape_of(node))
        if module.groups != module.in_channels or not isinstance(read, Value):
            return self._unknown(node, why="a convolution in groups")
        return self._depthwise(name, module, read, pads, ops.shape_of(node))

    def _mix(
        self, name: str, module: Any, read: Value | None, trailing: int, pads: bool, shape: Any = None
    ) -> Value:
        """A layer that mixes channels: an output is a constant where every input that it reads is one."""
        strength, total = ops.weights_of(module)
        bias = ops.numbers_of(module.bias, len(strength))
        constants = unknown(len(strength))
        if isinstance(read, Value):
            k = read.constants
            loose = torch.isfinite(k) & ((k == 0) | (not pads))
            steady = ((strength <= self.tolerance) | loose).all(dim=1)
            constants = torch.where(steady, bias + total @ torch.where(loose, k, 0.0), constants)
        else:
            steady = (strength <= self.tolerance).all(dim=1)
            constants = torch.where(steady, bias, constants)
        slots = self.found.channels.new(len(strength))
        lead = read.lead if isinstance(read, Value) else 1
        spatial = ops.spatial_of(shape, lead, trailing)
        made = Value(slots, constants, lead, trailing, spatial)
        self.found.uses.append(
            Use(name, module, read if isinstance(read, Value) else None, made, strength, total, pads)
        )
        return made

    def _depthwise(self, name: str, module: Any, read: Value, pads: bool, shape: Any) -> Value:
        """A filter for each channel alone: what it makes of a channel goes with that channel."""
        strength, total = (t.ravel() for t in ops.weights_of(module))
        times = module.out_channels // module.in_channels
        k = read.constants.repeat_interleave(times)
        loose = torch.isfinite(k) & ((k == 0) | (not pads))
        steady = loose | (strength <= self.tolerance)
        bias = ops.numbers_of(module.bias, len(strength))
        constants = torch.where(
            steady, bias + total * torch.where(loose, k, 0.0), unknown(module.out_channels)
        )
        slots = tuple(slot for slot in read.slots for _ in range(times))
        made = Value(
            slots, constants, read.lead, read.trailing, ops.spatial_of(shape, read.lead, read.trailing)
        )
        self.found.throughs.append(Through(name, module, read, made))
        return made

    def _norm(self, node: Node, name: str, module: Any, read: Any) -> Any:
        if isinstance(read, Entry):
            trailing = {nn.BatchNorm1d: 0, nn.BatchNorm2d: 2, nn.BatchNorm3d: 3}[type(module)]
            trailing = trailing if read.shape is None else len(read.shape) - 2
            read = read.read_as(self.found.channels, module.num_features, trailing)
        if not isinstance(read, Value) or read.lead != 1 or len(read.slots) != module.num_features:
            return self._unknown(node)
        count = module.num_features
        gamma, beta = ops.numbers_of(module.weight, count, 1.0), ops.numbers_of(module.bias, count)
        if module.running_mean is None:  # the rows at hand tell the mean: nothing is a constant before them
            constants = unknown(count)
        else:
            mean, variance = (
                ops.numbers_of(module.running_mean, count),
                ops.numbers_of(module.running_var, count),
            )
            constants = (read.constants - mean) / torch.sqrt(variance + module.eps) * gamma + beta
        constants = torch.where(gamma.abs() <= self.tolerance, beta, constants)
        made = read.with_constants(constants)
        self.found.throughs.append(Through(name, module, read, made))
        return made

    def _prelu(self, node: Node, name: str, module: Any, read: Any) -> Any:
        if not isinstance(read, Value):
            return read
        k, slopes = read.constants, module.weight.detach().cpu().double()
        if module.num_parameters > 1:
            if read.lead != 1 or len(read.slots) != module.num_parameters:
                return self._unknown(node)
            made = read.with_constants(torch.where(k < 0, slopes * k, k))
            self.found.throughs.append(Through(name, module, read, made))
            return made
        return read.with_constants(torch.where(k < 0, slopes * k, k))

    # Functions and methods

    def _function(self, node: Node) -> Any:
        target, args = node.target, node.args
        if target is getattr and args[1] in ("shape", "device", "dtype"):
            return Shape(self._value(args[0])) if args[1] == "shape" else None
        if target is operator.getitem and isinstance(self._read(args[0]), Shape):
            return self._size(node, self._read(args[0]).of, args[1])
        if target in (torch.cat, torch.concat):
            return self._concatenation(node)
        if target is torch.flatten:
            return self._flatten_call(node)
        if target in ops.ARITHMETIC:
            return self._arithmetic(node, target)
        if target is torch.mean:
            return self._mean(node)
        read = self._only(node)
        if read is None:
            return self._unknown(node)
        if target in ops.SAME_FUNCTIONS:
            return self._dropped(node, read)
        if target in ops.POINTWISE_FUNCTIONS:
            return self._pointwise(read, ops.applied(target, node))
        if target in ops.POOL_FUNCTIONS:
            return self._pool_call(node, read, *ops.POOL_FUNCTIONS[target])
        return self._unknown(node)

    def _method(self, node: Node) -> Any:
        name, args = str(node.target), node.args
        if name == "size":
            of = self._value(args[0])
            return self._size(node, of, args[1]) if len(args) > 1 else Shape(of)
        if name in ("dim", "type"):
            return None
        if name == "flatten":
            return self._flatten_call(node)
        if name == "mean":
            return self._mean(node)
        if name in ops.METHOD_ARITHMETIC:
            return self._arithmetic(node, ops.METHOD_ARITHMETIC[name])
        rows_then_rest = len(args) == 3 and isinstance(args[1], torch.fx.Node) and args[2] == -1
        if name in ("view", "reshape") and rows_then_rest and isinstance(self._read(args[1]), Batch):
            return self._flatten(node, self._read(args[0]), 1, -1)
        read = self._only(node)
        if name in ops.POINTWISE_NAMES and read is not None:
            return self._pointwise(read, ops.applied(lambda x, *a, **k: getattr(x, name)(*a, **k), node))
        return self._unknown(node)

    def _only(self, node: Node) -> Any:
        """What the operation reads, if that is one tensor, given first, that something is known of."""
        return self._read(node.args[0]) if node.args and len(node.all_input_nodes) == 1 else None

    def _size(self, node: Node, of: Value | None, axis: Any) -> Any:
        if axis == 0 and (of is None or of.lead > 0):
            return Batch()
        return self._unknown(node, "their number is read as a size")

    def _pointwise(self, read: Any, function: Callable[[Tensor], Tensor]) -> Any:
        if not isinstance(read, Value):
            return read
        return read.with_constants(ops.through(function, read.constants))

    def _dropped(self, node: Node, read: Any) -> Any:
        """Dropout as a function drops in evaluation too, unless told not to: then only a zero is a constant."""
        on = node.args[2] if len(node.args) > 2 else node.kwargs.get("training", True)
        if on is False or not isinstance(read, Value):
            return read
        k = read.constants
        shifts = node.target is F.alpha_dropout
        return read.with_constants(unknown(len(k)) if shifts else torch.where(k == 0, k, float("nan")))

    def _pool(self, node: Node, read: Any, spatial: int, uniform: bool) -> Any:
        if not isinstance(read, Value):
            return read
        if read.trailing != spatial:
            return self._unknown(node)
        k = read.constants
        constants = k if uniform else torch.where(k == 0, k, float("nan"))
        return Value(
            read.slots, constants, read.lead, spatial, ops.spatial_of(ops.shape_of(node), read.lead, spatial)
        )

    def _pool_call(self, node: Node, read: Any, kind: str, spatial: int) -> Any:
        if node.kwargs.get("return_indices"):
            return self._unknown(node)
        # What a mean pads with is told in too many ways: with more than these, only a zero surely stays one.
        plain = len(node.args) <= 3 and not set(node.kwargs) - {"kernel_size", "stride"}
        uniform = plain or kind != "avg"
        return self._pool(node, read, spatial, uniform)

    def _flatten_call(self, node: Node) -> Any:
        start = node.args[1] if len(node.args) > 1 else node.kwargs.get("start_dim", 0)
        end = node.args[2] if len(node.args) > 2 else node.kwargs.get("end_dim", -1)
        return self._flatten(node, self._read(node.args[0]), start, end)

    def _flatten(self, node: Node, read: Any, start: Any, end: Any) -> Any:
        if start != 1 or end != -1:
            return self._unknown(node)
        if isinstance(read, Entry):
            entry = Entry(read.name, None, read)
            self.found.entries.append(entry)
            return entry
        if not isinstance(read, Value) or read.lead != 1:
            return self._unknown(node)
        if read.trailing == 0:
            return read
        if read.spatial is not None:
            block = math.prod(read.spatial)
        else:
            wide = ops.next_width(node, self.modules)
            block = wide // len(read.slots) if wide else 0
            if not wide or block * len(read.slots) != wide:
                return self._unknown(node, "they are flattened to a size that only an example can tell")
        slots = tuple(slot for slot in read.slots for _ in range(block))
        return Value(slots, read.constants.repeat_interleave(block))

    def _mean(self, node: Node) -> Any:
        read = self._read(node.args[0])
        dims = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
        keep = node.args[2] if len(node.args) > 2 else node.kwargs.get("keepdim", False)
        dims = (dims,) if isinstance(dims, int) else dims
        if not isinstance(read, Value) or not isinstance(dims, (tuple, list)):
            return self._unknown(node)
        rank = read.lead + 1 + read.trailing
        axes = {d % rank for d in dims if isinstance(d, int)}
        if len(axes) != len(dims) or min(axes, default=0) <= read.lead:
            return self._unknown(node)
        trailing = read.trailing if keep else read.trailing - len(axes)
        return Value(
            read.slots,
            read.constants,
            read.lead,
            trailing,
            ops.spatial_of(ops.shape_of(node), read.lead, trailing),
        )

    def _arithmetic(self, node: Node, function: Callable[..., Tensor]) -> Any:
        """Sums, differences, products: of two branches channel by channel, or of one with a number."""
        if len(node.args) != 2 or node.kwargs:
            return self._unknown(node)
        sides = [self._read(a) if isinstance(a, torch.fx.Node) else a for a in node.args]
        numbers = [isinstance(a, (int, float)) and not isinstance(a, bool) for a in node.args]
        if any(numbers):
            read = sides[numbers.index(False)] if not all(numbers) else None
            if isinstance(read, Entry):
                return read
            if not isinstance(read, Value):
                return self._unknown(node)
            left, right = (s.constants.clone() if isinstance(s, Value) else s for s in sides)
            return read.with_constants(function(left, right))
        for i in (
            0,
            1,
        ):  # an argument of the network that no layer has read yet takes the other branch's shape
            if isinstance(sides[i], Entry) and isinstance(sides[1 - i], Value):
                other = sides[1 - i]
                sides[i] = sides[i].read_as(self.found.channels, len(other.slots), other.trailing)
            elif isinstance(sides[i], Entry) and sides[i].value is not None:
                sides[i] = sides[i].value
        one, two = sides
        if not (isinstance(one, Value) and isinstance(two, Value)):
            return self._unknown(node)
        if one.trailing != two.trailing or len(one.slots) != len(two.slots):
            return self._unknown(node, "they are added to a tensor of another shape")
        self.found.channels.join(one.slots, two.slots)
        wide = one if one.lead >= two.lead else two
        return Value(
            wide.slots, function(one.constants.clone(), two.constants), wide.lead, wide.trailing,
            ops.spatial_of(ops.shape_of(node), wide.lead, wide.trailing),
        )  # fmt: skip

    def _concatenation(self, node: Node) -> Any:
        parts = node.args[0] if node.args else node.kwargs.get("tensors", ())
        axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
        parts = parts if isinstance(parts, (tuple, list)) else ()
        values = [value for part in parts if (value := self._value(part)) is not None]
        if not values or len(values) < len(parts):
            return self._unknown(node)
        first = values[0]
        if any((v.lead, v.trailing) != (first.lead, first.trailing) for v in values):
            return self._unknown(node)
        if axis not in (first.lead, -1 - first.trailing):
            return self._unknown(node)
        slots = tuple(slot for v in values for slot in v.slots)
        constants = torch.cat([v.constants for v in values])
        return Value(slots, constants, first.lead, first.trailing, first.spatial)
