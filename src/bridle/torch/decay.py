"""Parameter groups that decay weights and spare what no penalty suits, with a table that says which and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from html import escape
from typing import Any

from ..errors import UsageError, number
from .penalties import Keep, Strength, keep_axes, strength
from .roles import WEIGHT, Role, roles
from .text_table import aligned

Named = str | type | Iterable[str | type]
_SWAPPED = {"neurons": (1,), "channels": (1,), "inputs": (0,)}  # of a transposed convolution
HEAD = ("parameter", "shape", "role", "decayed", "why")


@dataclass(frozen=True)
class Decision:
    """One parameter: what it is, whether it is in a group that pays the penalties, and why."""

    name: str
    shape: tuple[int, ...]
    role: str
    decayed: bool
    why: str
    frozen: bool = False
    also: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """As text."""
        why = self.why + (f"; also {', '.join(self.also)}" if self.also else "")
        answer = "frozen" if self.frozen else "yes" if self.decayed else "no"
        return self.name, " x ".join(map(str, self.shape)) or "1", self.role, answer, why


class ParameterGroups(list[dict[str, Any]]):
    """A list of dicts for any torch optimizer; ``print`` shows the table, ``table`` has its rows."""

    table: tuple[Decision, ...]

    def __init__(self, groups: Iterable[dict[str, Any]], table: Iterable[Decision]) -> None:
        super().__init__(groups)
        self.table = tuple(table)

    def __str__(self) -> str:
        return aligned(HEAD, [row.cells for row in self.table])

    __repr__ = __str__

    def __reduce__(self) -> Any:
        return type(self), (list(self), self.table)

    def _repr_html_(self) -> str:
        lines = [
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row.cells)}</tr>" for row in self.table
        ]
        head = "".join(f"<th>{name}</th>" for name in HEAD)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def decay_groups(
    model: Any,
    weight_decay: float = 0.0,
    *,
    l1: Strength = 0.0,
    l2: Strength = 0.0,
    group: Strength = 0.0,
    groups: str | Keep = "neurons",
    spare: Named = (),
    penalize: Named = (),
    lr: float | None = None,
) -> ParameterGroups:
    """Parameter groups: weights with these penalties, everything else with none.

    Biases, normalization, embeddings, slopes of activations and vectors of unknown modules are spared: shrinking them does
    not make a network simpler. Frozen parameters are listed and left out; a shared one counts once.

    Parameters
    ----------
    model : a torch.nn.Module, compiled or not.
    weight_decay : handed to the optimizer, at least 0. In SGD, Adam and most others it is *coupled*: weight_decay * w is
        added to the gradient, so the optimizer minimizes mean loss + weight_decay/2 sum w^2, but an adaptive one divides
        this gradient, too, by its running size, and so shrinks weights of large gradients less on the way there. In AdamW
        it is *decoupled*: w is multiplied by 1 - lr * weight_decay beside the step (Loshchilov and Hutter 2019), which
        trains well and minimizes no objective. ``bridle.conventions`` converts the coupled ones ("sgd-weight-decay",
        "torch-mse-weight-decay", "torch-adam-weight-decay") and refuses "adamw".
    l1, l2, group, groups : for ``Proximal``: l1 sum |w| + l2/2 sum w^2 + group sum_g sqrt(size) ||w_g|| beside the mean
        loss, under every optimizer the same; plain optimizers do not look at them. Transposed convolutions have their
        neurons along axis 1; names of ``groups`` mean that there, axes are taken as they are.
    spare, penalize : what to decide otherwise: names of parameters with wildcards ("head.*"), or types of modules for all
        that they hold.
    lr : a learning rate for all groups; the optimizer's own unless given.

    Returns
    -------
    ParameterGroups
        One to three dicts with the keys params, param_names, weight_decay, l1, l2, group, groups (and lr).

    Raises
    ------
    UsageError
        For a model without parameters to train, a lazy one that has seen no batch, a name or type that fits nothing, one
        that is both spared and penalized, and strengths that make no sense.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 1, bias=False))
    >>> decay_groups(model, weight_decay=0.1)
    parameter  shape  role           decayed  why
    0.weight   8 x 4  weight         yes      of Linear
    0.bias     8      bias           no       of Linear
    1.weight   8      normalization  no       of LayerNorm
    1.bias     8      normalization  no       of LayerNorm
    2.weight   1 x 8  weight         yes      of Linear
    >>> optimizer = torch.optim.AdamW(decay_groups(model, weight_decay=0.1), lr=1e-3)
    """
    keys = {
        "weight_decay": number("weight_decay", weight_decay, 0.0),
        "l1": strength("l1", l1), "l2": strength("l2", l2), "group": strength("group", group),
    }  # fmt: skip
    nothing = dict.fromkeys(keys, 0.0)
    more = {} if lr is None else {"lr": number("lr", lr, 0.0)}
    found = roles(model)
    decided = _decide(found, _names(spare), _names(penalize))
    if all(one.frozen for one in decided):
        raise UsageError(f"Every parameter of {type(model).__name__} is frozen: there is nothing to train.")
    swapped = _SWAPPED.get(groups, groups) if isinstance(groups, str) else groups
    if isinstance(groups, str):
        keep_axes(groups, 2)
    out = []
    for chosen, pays, axes in (
        ([not one.transposed for one in found], True, groups),
        ([one.transposed for one in found], True, swapped),
        ([True] * len(found), False, groups),
    ):
        here = [
            role
            for role, decision, fits in zip(found, decided, chosen)
            if fits and decision.decayed == pays and not decision.frozen
        ]
        if here:
            members = {"params": [one.parameter for one in here], "param_names": [one.name for one in here]}
            out.append({**members, **(keys if pays else nothing), "groups": axes, **more})
    return ParameterGroups(out, decided)


def _names(given: Named) -> tuple[str | type, ...]:
    return (given,) if isinstance(given, (str, type)) else tuple(given)


def _decide(
    found: list[Role], spare: tuple[str | type, ...], penalize: tuple[str | type, ...]
) -> list[Decision]:
    for what, wanted in (("spare", spare), ("penalize", penalize)):
        for one in wanted:
            if not any(_fits(role, one) for role in found):
                some = ", ".join(role.name for role in found[:5])
                thing = (
                    f"module of type {one.__name__}" if isinstance(one, type) else f"parameter named {one!r}"
                )
                raise UsageError(f"{what}: the model has no {thing}; its parameters are {some}, ...")
    out = []
    for role in found:
        spared, wanted_ = (
            next((one for one in many if _fits(role, one)), None) for many in (spare, penalize)
        )
        if spared is not None and wanted_ is not None:
            raise UsageError(
                f'The parameter "{role.name}" is both in spare and in penalize: take it out of one.'
            )
        decayed, why = role.role == WEIGHT, role.why
        if spared is not None:
            decayed, why = False, f"spared by {_said(spared)}"
        elif wanted_ is not None:
            decayed, why = True, f"penalized by {_said(wanted_)}"
        decayed = decayed and not role.frozen
        out.append(Decision(role.name, role.shape, role.role, decayed, why, role.frozen, role.also))
    return out


def _fits(role: Role, wanted: str | type) -> bool:
    if isinstance(wanted, type):
        return any(isinstance(module, wanted) for module in role.within)
    return any(fnmatchcase(name, wanted) for name in (role.name, *role.also))


def _said(one: str | type) -> str:
    return one.__name__ if isinstance(one, type) else repr(one)


__all__ = ["Decision", "ParameterGroups", "decay_groups"]
