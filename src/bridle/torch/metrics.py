"""The step size that a torch optimizer used in every coordinate, read from its state after the step.

A proximal map undoes the penalty that a step left out, so it needs the step's own metric: with T the factor by which the
optimizer multiplies a gradient that never changes, w <- prox_T(w - T g) rests exactly where g + penalty' contains 0, and
with any other T somewhere else (Yun, Lozano and Yang 2021). T is written as scale / (root + offset):

    SGD         lr c                                 c: what the momentum buffer holds of a constant gradient, below
    Adam(W)     lr / (sqrt(v / (1 - beta2^k)) + eps), v the maximum so far under amsgrad
    NAdam       the same times (1 - mu_k) / (1 - m_k) + mu_k+1 (1 - beta1^k) / (1 - m_k mu_k+1), m_k the product of all mu
    RAdam       lr r sqrt(1 - beta2^k) / (sqrt(v) + eps), or lr while the rectification r is not defined
    Adamax      lr / u, u the decayed maximum of |g| + eps
    RMSprop     lr c / (sqrt(v) + eps), v without the squared mean gradient where centered
    Adagrad     lr / (1 + (k - 1) lr_decay) / (sqrt(sum) + eps)

Adam's first moment is corrected for its start, so a constant gradient counts once from the first step on. SGD's buffer is
not: it holds c_k = momentum c_k-1 + 1 - dampening, c_1 = 1, and in the end (1 - dampening) / (1 - momentum). c is kept in
the optimizer's state ("momentum_sum") beside the buffer and saved with it; Nesterov's step counts 1 + momentum c.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..errors import UsageError

Tensor = Any  # a torch.Tensor
Scalar = Any  # a number, or a tensor without axes where reading it would stop an accelerator
State = dict[str, Any]
Group = dict[str, Any]
StepSizes = Callable[[Group, Any, State], Any]
SUM = "momentum_sum"


@dataclass(frozen=True, eq=False)
class StepSize:
    """scale / (root + offset), coordinate by coordinate, of one parameter.

    The root is that of ``square`` (less ``mean`` squared where there is one), or ``plain`` as it is; 0 without any of them.
    """

    scale: Scalar
    offset: Scalar = 1.0
    square: Tensor | None = None
    mean: Tensor | None = None
    plain: Tensor | None = None

    @property
    def kind(self) -> str:
        """What the root is made of; step sizes of one kind can be computed together."""
        if self.square is not None:
            return "square" if self.mean is None else "centered"
        return "flat" if self.plain is None else "plain"


Rule = Callable[[Group, Sequence[State]], list[StepSize]]


def sgd(group: Group, states: Sequence[State]) -> list[StepSize]:
    """One number for all coordinates."""
    lr = _number(group["lr"])
    sums = _momentum_sums(group, states, 1.0 - group["dampening"])
    if group["nesterov"]:
        sums = [1.0 + group["momentum"] * one for one in sums]
    return [StepSize(lr * one) for one in sums]


def adam(group: Group, states: Sequence[State]) -> list[StepSize]:
    """Adam and AdamW; the decay of either is no part of T."""
    lr, beta2, eps = _number(group["lr"]), _number(group["betas"][1]), group["eps"]

    def parts(step: Scalar) -> tuple[Scalar, Scalar]:
        correction = (1 - beta2**step) ** 0.5
        return lr * correction, eps * correction

    square = "max_exp_avg_sq" if group["amsgrad"] else "exp_avg_sq"
    each = _each(parts, states, "step")
    return [StepSize(scale, offset, square=s[square]) for s, (scale, offset) in zip(states, each)]


def nadam(group: Group, states: Sequence[State]) -> list[StepSize]:
    """Adam with Nesterov's momentum: gradient and first moment have factors of their own."""
    lr, eps, decay = _number(group["lr"]), group["eps"], group["momentum_decay"]
    beta1, beta2 = (_number(beta) for beta in group["betas"])

    def parts(step: Scalar, product: Scalar) -> tuple[Scalar, Scalar]:
        mu = beta1 * (1 - 0.5 * 0.96 ** (step * decay))
        following = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * decay))
        counts = (1 - mu) / (1 - product) + following * (1 - beta1**step) / (1 - product * following)
        correction = (1 - beta2**step) ** 0.5
        return lr * counts * correction, eps * correction

    each = _each(parts, states, "step", "mu_product")
    return [StepSize(scale, offset, square=s["exp_avg_sq"]) for s, (scale, offset) in zip(states, each)]


def radam(group: Group, states: Sequence[State]) -> list[StepSize]:
    """Rectified Adam; its step's number decides what it does, so it is read from an accelerator too."""
    lr, beta2, eps = _number(group["lr"]), _number(group["betas"][1]), group["eps"]
    longest = 2 / (1 - beta2) - 1
    out = []
    for state in states:
        step = float(state["step"])
        correction = 1 - beta2**step
        length = longest - 2 * step * beta2**step / correction
        if length > 5:
            rectified = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            out.append(StepSize(lr * (rectified * correction) ** 0.5, eps, square=state["exp_avg_sq"]))
        else:
            out.append(StepSize(lr))
    return out


def adamax(group: Group, states: Sequence[State]) -> list[StepSize]:
    """Its eps is inside the maximum."""
    return [StepSize(_number(group["lr"]), 0.0, plain=state["exp_inf"]) for state in states]


def rmsprop(group: Group, states: Sequence[State]) -> list[StepSize]:
    """With momentum the buffer sums steps, not gradients; at rest that is the same."""
    lr, eps = _number(group["lr"]), group["eps"]
    sums = _momentum_sums(group, states, 1.0)
    return [
        StepSize(lr * one, eps, square=s["square_avg"], mean=s["grad_avg"] if group["centered"] else None)
        for s, one in zip(states, sums)
    ]


def adagrad(group: Group, states: Sequence[State]) -> list[StepSize]:
    """The sum of all squares so far."""
    lr, eps, decay = _number(group["lr"]), group["eps"], group["lr_decay"]
    each = _each(lambda step: (lr / (1 + (step - 1) * decay), eps), states, "step")
    return [StepSize(scale, offset, square=s["sum"]) for s, (scale, offset) in zip(states, each)]


RULES: dict[Any, Rule] = {
    torch.optim.SGD: sgd, torch.optim.Adam: adam, torch.optim.AdamW: adam, torch.optim.NAdam: nadam,
    torch.optim.RAdam: radam, torch.optim.Adamax: adamax, torch.optim.RMSprop: rmsprop, torch.optim.Adagrad: adagrad,
}  # fmt: skip
_MOMENTUM = {torch.optim.SGD, torch.optim.RMSprop}


def rule_of(optimizer: Any) -> Rule:
    """The rule of an optimizer's class; of a class derived from it too, as long as that steps the same way.

    Raises
    ------
    UsageError
        For an optimizer whose step sizes are not known.

    >>> rule_of(torch.optim.AdamW([torch.ones(1)])).__name__
    'adam'
    """
    kind: Any = type(optimizer)
    for base in kind.__mro__:
        if base in RULES and inspect.unwrap(kind.step) is inspect.unwrap(base.step):
            return RULES[base]
    known = ", ".join(sorted(cls.__name__ for cls in RULES))
    raise UsageError(
        f"The step sizes of {kind.__name__} are not known; those of {known} are. Give step_sizes=, a function of "
        "(group, parameter, state) that returns them after a step."
    )


def before_step(optimizer: Any, groups: Sequence[Group]) -> None:
    """What is no longer to be seen after a step: which momentum buffers were there already.

    A buffer of unknown age, from a saved plain optimizer, counts as one at rest.
    """
    if not any(isinstance(optimizer, kind) for kind in _MOMENTUM):
        return
    for group in groups:
        momentum = group["momentum"]
        if momentum:
            for p in group["params"]:
                state = optimizer.state.get(p)
                if state and state.get("momentum_buffer") is not None and SUM not in state:
                    state[SUM] = (1.0 - group.get("dampening", 0.0)) / (1.0 - momentum)


def _momentum_sums(group: Group, states: Sequence[State], share: float) -> list[float]:
    """c of every buffer after this step, written down for the next."""
    momentum = group["momentum"]
    if not momentum:
        return [1.0] * len(states)
    for state in states:
        state[SUM] = momentum * state[SUM] + share if SUM in state else 1.0
    return [state[SUM] for state in states]


def _number(value: Any) -> Scalar:
    """A number, where it can be had without waiting for a device."""
    return float(value) if not torch.is_tensor(value) or value.device.type == "cpu" else value


def _each(
    parts: Callable[..., tuple[Scalar, Scalar]], states: Sequence[State], *keys: str
) -> list[tuple[Scalar, Scalar]]:
    """``parts`` of every state's entries: once for each value that occurs, or on a device for all of them at once."""
    devices = {state[key].device for state in states for key in keys if torch.is_tensor(state[key])}
    if any(device.type != "cpu" for device in devices):
        if len(devices) > 1:
            return [parts(*(state[key] for key in keys)) for state in states]
        columns = parts(*(torch.stack([state[key] for state in states]) for key in keys))
        spread = [list(c.expand(len(states))) if torch.is_tensor(c) else [c] * len(states) for c in columns]
        return list(zip(*spread))
    found: dict[tuple[float, ...], tuple[Scalar, Scalar]] = {}
    out = []
    for state in states:
        at = tuple(float(state[key]) for key in keys)
        if at not in found:
            found[at] = parts(*at)
        out.append(found[at])
    return out


__all__ = ["RULES", "StepSize", "StepSizes", "before_step", "rule_of"]
