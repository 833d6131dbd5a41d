"""What each parameter of a module is: weight, bias, normalization, embedding, or something else that no penalty suits.

The rule, in this order: the module that owns it (a LayerNorm's weight is no weight), its name there, and for modules that
nobody knows here its axes: two or more make a weight. A parameter used in several places counts once, under its first
name; if one of the places is an Embedding it is an embedding. Parametrized weights are judged by what their parts do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..errors import UsageError

WEIGHT, BIAS, NORMALIZATION, EMBEDDING = "weight", "bias", "normalization", "embedding"
SLOPE, DIRECTION, OTHER = "slope", "direction", "other"

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
_EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
_WEIGHTED = (
    nn.Linear, nn.Bilinear, nn.modules.conv._ConvNd, nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention,
)  # fmt: skip
_TRANSPOSED = nn.modules.conv._ConvTransposeNd
# Parametrizations whose result does not depend on how large the tensor behind it is.
_SCALE_FREE = {"_SpectralNorm", "_Orthogonal"}
_WEIGHT_NORM = {"_WeightNorm"}
_COMPILED = "_orig_mod."  # that torch.compile puts before names


@dataclass(frozen=True, eq=False)
class Role:
    """One parameter: its ``name`` (and those that it has ``also``), the tensor, what it is and why it counts as that.

    ``within`` are the modules that hold it, the innermost last; ``transposed`` says that its outputs lie along axis 1.
    """

    name: str
    parameter: Any
    role: str
    why: str
    within: tuple[Any, ...]
    also: tuple[str, ...] = ()
    transposed: bool = False

    @property
    def frozen(self) -> bool:
        """Whether nothing is trained here."""
        return not self.parameter.requires_grad

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor."""
        return tuple(self.parameter.shape)


def roles(model: Any) -> list[Role]:
    """Every parameter of a module, once, in the module's order.

    Raises
    ------
    UsageError
        Where there are none, or where one has no shape yet because a lazy module has not seen a batch.

    >>> model = nn.Sequential(nn.Embedding(5, 3), nn.LayerNorm(3), nn.Linear(3, 1))
    >>> [(role.name, role.role) for role in roles(model)][:3]
    [('0.weight', 'embedding'), ('1.weight', 'normalization'), ('1.bias', 'normalization')]
    """
    if not isinstance(model, nn.Module):
        raise UsageError(f"A model must be a torch.nn.Module, not {type(model).__name__}.")
    found: dict[int, list[Role]] = {}
    for one in _walk(model):
        if isinstance(one.parameter, nn.parameter.UninitializedParameter):
            raise UsageError(
                f'The parameter "{one.name}" has no shape yet: run one batch through the lazy module first.'
            )
        found.setdefault(id(one.parameter), []).append(one)
    if not found:
        raise UsageError(f"The model {type(model).__name__} has no parameters.")
    return [_merged(places) for places in found.values()]


def _merged(places: list[Role]) -> Role:
    """A parameter used in several places: an embedding if it is one anywhere, else what it is where it is first."""
    first = places[0]
    names = list(dict.fromkeys(one.name for one in places))
    judged = next((one for one in places if one.role == EMBEDDING), first)
    why = judged.why
    if judged is not first:
        why = f"tied to the embedding {judged.name}"
    elif len(names) > 1 and judged.role == EMBEDDING:
        why = f"{judged.why}, tied to {', '.join(names[1:])}"
    within = tuple(dict.fromkeys(module for one in places for module in one.within))
    return Role(names[0], first.parameter, judged.role, why, within, tuple(names[1:]), judged.transposed)


def _walk(model: Any) -> Iterator[Role]:
    """Every place where a parameter stands."""
    for path, module in model.named_modules(remove_duplicate=False):
        for own, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            name = f"{path}.{own}" if path else own
            within = tuple(_ancestors(model, path))
            owner, tensor, parametrizations = module, own, None
            if isinstance(module, nn.utils.parametrize.ParametrizationList):
                owner, tensor, parametrizations = within[-3], path.rsplit(".", 1)[-1], module
            role, why = _judge(owner, tensor, parameter)
            if parametrizations is not None:
                role, why = _parametrized(parametrizations, own, role, why)
            transposed = isinstance(owner, _TRANSPOSED)
            yield Role(name.replace(_COMPILED, ""), parameter, role, why, within, (), transposed)


def _ancestors(model: Any, path: str) -> Iterator[Any]:
    yield model
    module = model
    for part in path.split(".") if path else ():
        module = getattr(module, part)
        yield module


def _judge(owner: Any, name: str, parameter: Any) -> tuple[str, str]:
    """The role of a module's own parameter, and why."""
    kind = _kind(owner)
    if isinstance(owner, _NORMS):
        return NORMALIZATION, f"of {kind}"
    if isinstance(owner, _EMBEDDINGS):
        return EMBEDDING, f"of {kind}"
    if isinstance(owner, nn.PReLU):
        return SLOPE, f"of {kind}"
    known = isinstance(owner, _WEIGHTED)
    if name.startswith("bias") or name.endswith("bias"):
        return BIAS, f"of {kind}"
    if known:
        # The hooks of torch.nn.utils.weight_norm and spectral_norm, older than the parametrizations.
        if name.endswith("_v") and hasattr(owner, name[:-2] + "_g"):
            return DIRECTION, "weight_norm: only its direction counts"
        if name.endswith("_g") and hasattr(owner, name[:-2] + "_v"):
            return WEIGHT, f"of {kind}, the norms of its weight"
        if name.endswith("_orig") and hasattr(owner, name[: -len("_orig")] + "_u"):
            return DIRECTION, "spectral_norm: only its direction counts"
        return WEIGHT, f"of {kind}"
    if parameter.ndim < 2:
        return OTHER, f"{_axes(parameter)} in {kind}, which is not known here"
    return WEIGHT, f"{_axes(parameter)} in {kind}, which is not known here"


def _parametrized(parametrizations: Any, own: str, role: str, why: str) -> tuple[str, str]:
    """What the tensors behind a parametrized one are."""
    if role != WEIGHT:
        return role, why
    kinds = {type(one).__name__ for one in parametrizations}
    if kinds & _WEIGHT_NORM:
        if own == "original0":
            return WEIGHT, f"{why}, the norms of its weight"
        return DIRECTION, "weight_norm: only its direction counts"
    if kinds & _SCALE_FREE:
        return DIRECTION, f"{', '.join(sorted(kind.strip('_') for kind in kinds))}: only its direction counts"
    return role, f"{why}, through {', '.join(sorted(kinds))}"


def _kind(module: Any) -> str:
    name = type(module).__name__
    return name.removeprefix("Parametrized") if nn.utils.parametrize.is_parametrized(module) else name


def _axes(parameter: Any) -> str:
    return {0: "a number", 1: "a vector"}.get(parameter.ndim, f"{parameter.ndim} axes")


__all__ = ["BIAS", "DIRECTION", "EMBEDDING", "NORMALIZATION", "OTHER", "SLOPE", "WEIGHT", "Role", "roles"]
