"""The operations of a traced network that are known: layers, functions and methods by what they do to channels."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

Tensor = Any  # mypy does not follow torch
Node = Any

LINEAR = (nn.Linear,)
CONVOLUTIONS = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
SAME = (
    nn.Identity,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)
POINTWISE = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid, nn.Tanh,
    nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softplus, nn.Softsign, nn.Softshrink, nn.Hardshrink, nn.Tanhshrink,
    nn.Threshold, nn.LogSigmoid,
)  # fmt: skip
_POOLS = ("MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool")
POOLS = {getattr(nn, f"{kind}{d}d"): d for kind in _POOLS for d in (1, 2, 3)}
POOL_FUNCTIONS = {
    getattr(F, f"{kind}_pool{d}d"): (kind, d)
    for kind in ("max", "avg", "adaptive_max", "adaptive_avg")
    for d in (1, 2, 3)
}
POINTWISE_NAMES = (
    "relu", "relu_", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "sigmoid", "tanh", "hardtanh",
    "hardswish", "hardsigmoid", "softplus", "softsign", "softshrink", "hardshrink", "tanhshrink", "threshold",
    "logsigmoid", "abs", "exp", "square", "neg", "clamp", "contiguous", "clone", "sigmoid_", "tanh_",
)  # fmt: skip
POINTWISE_FUNCTIONS = {
    getattr(home, name) for home in (torch, F) for name in POINTWISE_NAMES if hasattr(home, name)
} | {operator.neg, operator.abs}
SAME_FUNCTIONS = {F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout}
IN_PLACE = {operator.iadd, operator.isub, operator.imul, operator.itruediv}
ARITHMETIC = IN_PLACE | {
    operator.add, operator.sub, operator.mul, operator.truediv, torch.add, torch.sub, torch.mul, torch.div,
}  # fmt: skip
METHOD_ARITHMETIC = {
    "add": torch.add, "add_": torch.add, "sub": torch.sub, "mul": torch.mul, "mul_": torch.mul, "div": torch.div,
}  # fmt: skip


def shape_of(node: Node) -> tuple[int, ...] | None:
    """The sizes that an example gave this tensor, where there was one."""
    told = node.meta.get("tensor_meta")
    return tuple(told.shape) if told is not None and hasattr(told, "shape") else None


def spatial_of(shape: Any, lead: int, trailing: int) -> tuple[int, ...] | None:
    return None if shape is None or len(shape) != lead + 1 + trailing else tuple(shape[lead + 1 :])


def weights_of(module: Any) -> tuple[Tensor, Tensor]:
    """(out, in) the largest absolute weight and the sum of the weights between two channels, in double precision."""
    weight = module.weight.detach()
    flat = weight.reshape(*weight.shape[:2], -1)
    return flat.abs().amax(dim=2).cpu().double(), flat.cpu().double().sum(dim=2)


def numbers_of(parameter: Tensor | None, count: int, default: float = 0.0) -> Tensor:
    if parameter is None:
        return torch.full((count,), default, dtype=torch.float64)
    return parameter.detach().cpu().double()


def pads(module: Any) -> bool:
    """Whether a convolution lays zeros around its map."""
    if module.padding_mode != "zeros" or module.padding == "valid":
        return False
    if module.padding == "same":
        return any(k > 1 for k in module.kernel_size)
    return any(p > 0 for p in module.padding)


def uniform(kind: str, settings: dict[str, Any]) -> bool:
    """Whether a pool makes a constant map of a constant map."""
    if not kind.startswith("AvgPool"):
        return True
    padding = settings.get("padding", 0)
    flat = padding == 0 or (isinstance(padding, tuple) and not any(padding))
    return flat and settings.get("divisor_override") is None


def through(function: Callable[[Tensor], Tensor], constants: Tensor) -> Tensor:
    """What a function of each entry alone makes of constants; what is not known (NaN) stays so in any case."""
    return torch.where(torch.isnan(constants), constants, function(constants.clone()))


def applied(function: Callable[..., Tensor], node: Node) -> Callable[[Tensor], Tensor]:
    settings = {name: value for name, value in node.kwargs.items() if name != "inplace"}
    return lambda x: function(x, *node.args[1:], **settings)


def in_place(node: Node, modules: dict[str, Any]) -> bool:
    if node.op == "call_module":
        return bool(getattr(modules[node.target], "inplace", False))
    if node.op == "call_method":
        return str(node.target).endswith("_") and not str(node.target).startswith("__")
    if node.op != "call_function":
        return False
    name = getattr(node.target, "__name__", "")
    placed = node.kwargs.get("inplace") or any(a is True for a in node.args[1:])
    return bool(placed) or node.target in IN_PLACE or (name.endswith("_") and not name.startswith("_"))


def aliases(node: Node, modules: dict[str, Any]) -> bool:
    """Whether what the operation makes may be the memory that it reads: it may, where nothing is known of it."""
    if in_place(node, modules):
        return True
    if node.op == "call_module":
        kind = type(modules[node.target])
        return kind not in (*LINEAR, *CONVOLUTIONS, *NORMS, *POINTWISE, *POOLS, nn.PReLU)
    if node.op == "call_function":
        return node.target not in {
            *ARITHMETIC,
            *POINTWISE_FUNCTIONS,
            *POOL_FUNCTIONS,
            torch.cat,
            torch.concat,
        }
    return node.target == "contiguous" or node.target not in (*METHOD_ARITHMETIC, *POINTWISE_NAMES)


def next_width(node: Node, modules: dict[str, Any]) -> int | None:
    """The inputs of the linear layer that reads this next, past what works on each entry alone."""
    for user in node.users:
        if user.op == "call_module":
            module = modules[user.target]
            if type(module) is nn.Linear:
                return int(module.in_features)
            if type(module) in NORMS:
                return int(module.num_features)
            if type(module) in SAME or type(module) in POINTWISE:
                return next_width(user, modules)
        if user.target in SAME_FUNCTIONS or user.target in POINTWISE_FUNCTIONS:
            return next_width(user, modules)
    return None
