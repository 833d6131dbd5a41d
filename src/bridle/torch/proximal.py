"""A proximal step behind every step of a torch optimizer: weights that are exactly zero, and come back when they must."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..errors import UsageError
from .fused import Job, apply
from .metrics import Group, StepSize, StepSizes, before_step, rule_of
from .penalties import Penalty, Strength, keep_axes, none, strength
from .sparsity import Sparsity, sparsity

STRENGTHS = ("l1", "l2", "group")
TINY = 1e-30  # a step size that is given as 0 counts as this


class Proximal(torch.optim.Optimizer):  # type: ignore[misc]
    """Wraps a torch optimizer: after each of its steps, the proximal map of

        l1 sum |w| + l2/2 sum w^2 + group sum_g sqrt(size of g) ||w_g||

    in the metric of that very step, so that training minimizes the mean loss plus this penalty. Weights, and with ``group``
    whole neurons, channels or inputs, become exactly 0, and leave it again when the loss pulls harder than the penalty.

    Parameters
    ----------
    optimizer : SGD (with momentum, dampening, Nesterov), Adam, AdamW, NAdam, RAdam, Adamax, RMSprop or Adagrad; any other
        with ``step_sizes``. ``param_groups`` and ``state`` are the optimizer's own.
    l1, l2, group : strengths at least 0: numbers, or tensors that broadcast to each parameter (to its groups). They count
        for parameter groups that have no key of that name, and there for tensors of two axes or more only, so that biases
        and normalization are spared. A group's own key, as ``decay_groups`` writes it, counts for all its tensors.
    groups : what a group is: "neurons" (or "channels"; axis 0, unless told), "inputs" (axis 1), or a tuple of the axes that
        are kept while a group spans the others.
    step_sizes : a function of (group, parameter, state) that returns, after a step, the number or tensor by which the
        optimizer multiplies a gradient that never changes.

    Raises
    ------
    UsageError
        For an optimizer of unknown step sizes, a strength that makes no sense, and for what has no proximal step: complex
        parameters, sparse gradients, ``maximize``, ``differentiable``.

    Notes
    -----
    ``l2`` here is a part of the objective whatever the optimizer; the ``weight_decay`` of the wrapped one is what torch
    makes of it: coupled (SGD, Adam and kin) it adds weight_decay/2 sum w^2 to the objective, decoupled (AdamW) it is part
    of none (Loshchilov and Hutter 2019). Parameters without a gradient in a step are left alone, as torch leaves them.
    While the learning rate is 0 nothing changes. In 16 bits a penalty that moves a weight by less than half its last bit
    does nothing. The step size of each optimizer stands in ``bridle.torch.metrics``. Proximal gradient: Beck and Teboulle
    2009; in the metrics of Adam and its kin: Yun, Lozano and Yang 2021.

    Examples
    --------
    >>> layer = torch.nn.Linear(3, 1)
    >>> optimizer = Proximal(torch.optim.SGD(layer.parameters(), lr=0.1), l1=100.0)
    >>> layer(torch.ones(2, 3)).square().mean().backward()
    >>> optimizer.step()
    >>> layer.weight.count_nonzero()
    tensor(0)
    """

    def __init__(
        self,
        optimizer: Any,
        *,
        l1: Strength | None = None,
        l2: Strength | None = None,
        group: Strength | None = None,
        groups: Any = None,
        step_sizes: StepSizes | None = None,
    ) -> None:
        if not isinstance(optimizer, torch.optim.Optimizer) or isinstance(optimizer, Proximal):
            raise UsageError(
                "Proximal wraps a torch optimizer, such as torch.optim.Adam(model.parameters()), not "
                f"{type(optimizer).__name__}."
            )
        given = {"l1": l1, "l2": l2, "group": group}
        self.__setstate__(
            {
                "optimizer": optimizer,
                "step_sizes": step_sizes,
                "_given": {name: strength(name, value) for name, value in given.items() if value is not None},
                "_groups": "neurons" if groups is None else groups,
            }
        )
        for one in self.param_groups:
            self._fill(one)

    # What torch asks of an optimizer: everything that it keeps is the wrapped one's.

    @property
    def param_groups(self) -> list[Group]:
        """The wrapped optimizer's, with the keys l1, l2, group and groups."""
        return self.optimizer.param_groups  # type: ignore[no-any-return]

    @property
    def state(self) -> Any:
        """The wrapped optimizer's."""
        return self.optimizer.state

    @property
    def defaults(self) -> dict[str, Any]:
        """The wrapped optimizer's."""
        return self.optimizer.defaults  # type: ignore[no-any-return]

    def add_param_group(self, param_group: Group) -> None:
        """Adds a group to the wrapped optimizer; strengths that it lacks are those of the constructor."""
        self.optimizer.add_param_group(param_group)
        self._fill(self.param_groups[-1])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients."""
        self.optimizer.zero_grad(set_to_none=set_to_none)

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in ("optimizer", "step_sizes", "_given", "_groups")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Of a pickle or a copy; of ``load_state_dict`` too, which has the wrapped optimizer's groups and state."""
        inner = {name: state[name] for name in ("state", "param_groups") if name in state}
        super().__setstate__({name: value for name, value in state.items() if name not in inner})
        if inner:
            self.optimizer.__setstate__(inner)
            for one in self.param_groups:
                self._fill(one)
        self._rule = None if self.step_sizes is not None else rule_of(self.optimizer)

    def __repr__(self) -> str:
        return f"Proximal({self.optimizer!r})"

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """The optimizer's step, then the proximal map; returns what the optimizer's step returns.

        ``closure`` evaluates the model anew, as in torch.
        """
        paying = [one for one in self.param_groups if not all(none(one[name]) for name in STRENGTHS)]
        if closure is None:
            for one in paying:
                _moving(one)
        before_step(self.optimizer, paying)
        out = self.optimizer.step() if closure is None else self.optimizer.step(closure)
        apply([job for one in paying for job in self._jobs(one)])
        return out

    # What it adds

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def penalty(self) -> Any:
        """The penalty of the weights as they are, a tensor without axes: with the mean loss, the objective.

        >>> layer = torch.nn.Linear(2, 1)
        >>> _ = torch.nn.init.ones_(layer.weight)
        >>> Proximal(torch.optim.SGD(layer.parameters(), lr=0.1), l1=0.5, l2=1.0).penalty()
        tensor(2.)
        """
        total: Any = torch.zeros(())
        for one in self.param_groups:
            for p in one["params"]:
                l1, l2, group = _strengths(one, p)
                if not (none(l1) and none(l2) and none(group)):
                    total = total.to(p.device) + Penalty(l1, l2, group, one["groups"]).value(p)
        return total

    def sparsity(self) -> Sparsity:
        """A table of exact zeros by parameter, single and by whole groups."""
        named = []
        for number, one in enumerate(self.param_groups):
            names = one.get("param_names") or [f"{number}.{k}" for k in range(len(one["params"]))]
            named += [(name, p, one["groups"]) for name, p in zip(names, one["params"])]
        return sparsity(named)

    def _fill(self, group: Group) -> None:
        """Gives a group the strengths that it lacks, and looks at those that it has."""
        lacking = tuple(name for name in STRENGTHS if name not in group)
        for name in STRENGTHS:
            group[name] = strength(name, group[name]) if name in group else self._given.get(name, 0.0)
        group.setdefault("groups", self._groups)
        group["matrices_only"] = lacking or group.get("matrices_only", ())
        for name in ("maximize", "differentiable"):
            if group.get(name):
                raise UsageError(f"There is no proximal step with {name}=True: leave it out.")
        for p in group["params"]:
            l1, l2, whole = _strengths(group, p)
            if none(l1) and none(l2) and none(whole):
                continue
            if p.is_complex():
                raise UsageError(
                    "Complex parameters have no proximal step here: put them into a group without l1, l2, group."
                )
            if not none(whole):
                keep_axes(group["groups"], p.ndim)

    def _jobs(self, group: Group) -> list[Job]:
        """The parameters of a group that just moved, each with its step and its penalty."""
        moved = _moving(group)
        strengths = [_strengths(group, p) for p in moved]
        paying = [k for k, three in enumerate(strengths) if not all(none(one) for one in three)]
        moved, strengths = [moved[k] for k in paying], [strengths[k] for k in paying]
        states = [self.state.get(p) or {} for p in moved]
        if self._rule is not None:
            steps = self._rule(group, states)
        else:
            steps = [self._given_size(group, p, state) for p, state in zip(moved, states)]
        return [
            Job(p, step, l1, l2, whole, group["groups"])
            for p, step, (l1, l2, whole) in zip(moved, steps, strengths)
        ]

    def _given_size(self, group: Group, p: Any, state: dict[str, Any]) -> StepSize:
        size = self.step_sizes(group, p, state)
        if not torch.is_tensor(size):
            return StepSize(float(size))
        size = size.to(device=p.device, dtype=torch.promote_types(p.dtype, torch.float32))
        return StepSize(1.0, 0.0, plain=size.clamp(min=TINY).reciprocal().expand_as(p))


def _moving(group: Group) -> list[Any]:
    """The parameters that have a gradient."""
    moving = [p for p in group["params"] if p.grad is not None]
    if any(p.grad.layout is not torch.strided for p in moving):
        raise UsageError(
            "A parameter with l1, l2 or group has a sparse gradient, which steps some of its rows only. Make its Embedding "
            "with sparse=False, or put it into a group without penalty."
        )
    return moving


def _strengths(group: Group, p: Any) -> tuple[Strength, Strength, Strength]:
    """Those that count for one parameter."""
    if p.ndim >= 2 or not group["matrices_only"]:
        return group["l1"], group["l2"], group["group"]
    l1, l2, whole = (0.0 if name in group["matrices_only"] else group[name] for name in STRENGTHS)
    return l1, l2, whole


__all__ = ["Proximal"]
