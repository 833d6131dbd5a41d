"""Networks made smaller without a change of what they compute: dead neurons and channels cut out.

A neuron is dead if nothing reads it (the weights that leave it are all zero), or if it reads nothing (the weights that
reach it are all zero): then what it passes on is a constant, which the biases behind it take over exactly. This is what
makes the zeros of a group penalty pay (Wen, Wu, Wang, Chen, Li 2016, "Learning structured sparsity in deep neural
networks"); a zero scale in a batch normalization does the same (Liu et al. 2017, "network slimming").
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import torch
from torch import nn

from ..errors import UsageError, number
from .compress_channels import Decision, decide
from .compress_rules import Walk
from .compress_shrinking import shrink
from .compress_timing import LayerSeconds, median_seconds, seconds_by_layer, table
from .compress_tracing import Calling, fixed_layers, outputs_agree, traced

Tensor = Any
MOST_ROUNDS = 1000


@dataclass(frozen=True)
class LayerRow:
    """One layer before and after: widths as "in -> out", parameters, median seconds of one forward pass, and a note."""

    name: str
    kind: str
    before: str
    after: str
    parameters_before: int
    parameters_after: int
    seconds_before: float | None = None
    seconds_after: float | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class Compressed:
    """A smaller network and what became smaller. ``str()`` is the table.

    Attributes
    ----------
    module : the smaller network, of the same class as the original, with parameters of its own: an optimizer for it has to
        be made anew.
    rows : one ``LayerRow`` for each layer that has parameters.
    parameters_before, parameters_after : numbers of parameters, shared ones counted once.
    seconds_before, seconds_after : median time of a forward pass on the example; None without one.
    unused_inputs : for each argument of the network the places along its channel axis (of a flattened argument: along the
        flattened row) that nothing reads any more. The network still takes them.
    """

    module: Any
    rows: tuple[LayerRow, ...]
    parameters_before: int
    parameters_after: int
    seconds_before: float | None
    seconds_after: float | None
    unused_inputs: Mapping[str, tuple[int, ...]]

    def __str__(self) -> str:
        lines = [
            (r.name or "(network)", r.kind, r.before, r.after, r.parameters_before, r.parameters_after,
             r.seconds_before, r.seconds_after, r.note)
            for r in self.rows
        ]  # fmt: skip
        total = ("in all", "", "", "", self.parameters_before, self.parameters_after,
                 self.seconds_before, self.seconds_after, "")  # fmt: skip
        text = table([*lines, total])
        for name, places in self.unused_inputs.items():
            text += f"\n{len(places):,} of the inputs in {name!r} are read by nothing (see unused_inputs)."
        return text

    def __repr__(self) -> str:
        return (
            f"<bridle.torch.Compressed, {self.parameters_before:,} -> {self.parameters_after:,} parameters, "
            f"{len(self.rows)} layers>"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def compress(model: Any, example: Any = None, *, tolerance: float = 0.0) -> Compressed:
    """Cut out the neurons and channels that do nothing, and return a smaller network that computes the same.

    Known are linear layers, convolutions (plain and depthwise), batch normalization, activations, dropout, pools,
    flattening, sums and products of branches (a channel goes only if no branch and no reader needs it) and concatenation.
    What is not known is left as it is, and the table says so. It is repeated until nothing more dies.

    Parameters
    ----------
    model : a ``torch.nn.Module`` that ``torch.fx`` can trace; it is not changed. Of a compiled model, the model inside.
    example : an input, a tuple of inputs, or a dict of named ones, as the model takes them. With it, shapes are read off,
        the outputs of both networks are compared on it, and the table has median times. Without it, inputs are taken to be
        (rows, features) in front of a linear layer and (rows, channels, ...) in front of a convolution.
    tolerance : weights of at most this size count as zero when a neuron is looked at. With 0 the outputs agree up to
        rounding.

    Returns
    -------
    Compressed
        ``.module`` on the same device, with the same types and modes. It agrees with the original in evaluation mode;
        trained further, a constant that has become part of a bias is trained with it.

    Raises
    ------
    UsageError
        If the model cannot be traced or deep-copied, does not run on the example, takes another way in training than in
        evaluation, or does something in place that a trace cannot see.

    Notes
    -----
    Arguments with default values are held at them, unless the example gives them. Of a layer of which every unit is dead,
    one unit stays.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> with torch.no_grad():
    ...     _ = model[0].weight[:2].zero_()  # two neurons that read nothing
    >>> small = compress(model)
    >>> small.module[0], small.parameters_before, small.parameters_after
    (Linear(in_features=3, out_features=2, bias=True), 21, 11)
    """
    tolerance = number("tolerance", tolerance, 0.0)
    model = getattr(model, "_orig_mod", model)
    original, small = _copied(model), _copied(model)
    modes = {name: module.training for name, module in small.named_modules()}
    call = Calling.of(original, example)
    seconds = _timed(original.eval(), call)
    before = _sizes(original)
    decision = _until_stable(small, call, tolerance)
    small.eval()
    if call.given and tolerance == 0:
        _check(original, small, call)
    after = _timed(small, call)
    rows = _rows(before, _sizes(small), seconds, after, decision.notes)
    for name, module in small.named_modules():
        module.training = modes[name]
    return Compressed(
        small, rows, _parameters(original), _parameters(small), seconds.total, after.total, decision.unused
    )  # fmt: skip


def _copied(model: Any) -> Any:
    if not isinstance(model, nn.Module) or isinstance(model, torch.jit.ScriptModule):
        raise UsageError(
            f"compress takes a torch.nn.Module that is neither scripted nor exported, not {type(model).__name__}."
        )
    for name, parameter in model.named_parameters():
        if torch.nn.parameter.is_lazy(parameter):
            raise UsageError(f"{name} has no shape yet: run the model once on data before it is compressed.")
    try:
        return copy.deepcopy(model)
    except Exception as problem:
        raise UsageError(
            "The model cannot be copied, so it cannot be compressed. If its weights are computed (torch.nn.utils.prune, "
            f"weight_norm), make them plain first, as with prune.remove. ({problem})"
        ) from problem


def _until_stable(small: Any, call: Calling, tolerance: float) -> Decision:
    """Cut until a round finds nothing: what a cut neuron read may be dead by then."""
    modules = dict(small.named_modules(remove_duplicate=False))
    for _ in range(MOST_ROUNDS):
        graph = traced(small, call)
        found = Walk(graph, modules, fixed_layers(small, graph), tolerance).go()
        decision = decide(found, tolerance)
        if not decision.removed:
            break
        shrink(found, decision)
    return decision


def _check(original: Any, small: Any, call: Calling) -> None:
    expected = call.run(original)
    if not outputs_agree(expected, call.run(original)):
        return  # it draws at random in evaluation too: there is nothing to compare with
    if not outputs_agree(expected, call.run(small)):
        raise UsageError(
            "The smaller network does not agree with the model on the example: the model does something that a trace cannot "
            "see (writes into a tensor that it reads again, or keeps a state). It was not compressed."
        )


def _timed(model: Any, call: Calling) -> LayerSeconds:
    if not call.given:
        return LayerSeconds(None, {})
    return LayerSeconds(median_seconds(model, call), seconds_by_layer(model, call))


def _parameters(model: Any) -> int:
    return sum(int(p.numel()) for p in model.parameters())


def _sizes(model: Any) -> dict[str, tuple[str, str, int]]:
    """For each layer with parameters: its kind, its widths, its number of parameters (shared ones with the first)."""
    seen: Counter[int] = Counter()
    out = {}
    for name, module in model.named_modules():
        own = list(module.parameters(recurse=False))
        if not own:
            continue
        count = sum(int(p.numel()) for p in own if not seen[id(p)])
        seen.update(id(p) for p in own)
        out[name] = (type(module).__name__, _widths(module), count)
    return out


def _widths(module: Any) -> str:
    for wide, narrow in (("in_features", "out_features"), ("in_channels", "out_channels")):
        if hasattr(module, wide) and hasattr(module, narrow):
            return f"{getattr(module, wide)} -> {getattr(module, narrow)}"
    return str(getattr(module, "num_features", ""))


def _rows(
    before: dict[str, tuple[str, str, int]],
    after: dict[str, tuple[str, str, int]],
    slow: LayerSeconds,
    fast: LayerSeconds,
    notes: Mapping[str, str],
) -> tuple[LayerRow, ...]:
    return tuple(
        LayerRow(
            name, kind, wide, after[name][1], count, after[name][2],
            slow.layers.get(name), fast.layers.get(name), notes.get(name, ""),
        )
        for name, (kind, wide, count) in before.items()
    )  # fmt: skip
