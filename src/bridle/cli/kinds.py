"""Which kind of model `bridle fit` fits: `--model mlp` is a network, everything else stays linear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import click

from ..errors import UsageError
from .options import options

KINDS = ("linear", "mlp")
GET_TORCH = 'Networks need PyTorch: pip install "bridle[torch]".'
NETWORK = options(
    click.option("--hidden", metavar="LIST", help="Units of the hidden layers, 32,16 say.  [default: 32]"),
    click.option(
        "--penalize", type=click.Choice(["weights", "inputs", "neurons"]),
        help="What becomes zero together: single weights, a column's, a unit's.  [default: weights]",
    ),
    click.option("--dropout", type=float, metavar="SHARE", help="Leave this share of hidden units out of each step."),
    click.option(
        "--early-stopping", is_flag=True, default=None,
        help="Set rows aside, and keep the weights that predict them best.",
    ),
    click.option("--epochs", type=int, metavar="N", help="Passes over the rows of the strongest fit."),
    click.option("--device", metavar="NAME", help="Where to train: cpu or cuda.  [default: cpu]"),
)  # fmt: skip
_OF_NETWORKS = ("hidden", "penalize", "dropout", "early_stopping", "epochs", "device")
_OF_LINEAR = (
    "family", "class_weight", "offset", "scale", "standardize", "fit_intercept", "penalty_factors", "lower", "upper",
    "max_variables", "adaptive", "relax", "stop", "score", "nested", "cost_ratio", "predictions",
)  # fmt: skip


class Wanted(NamedTuple):
    """What the values of --model say: which kind, and the file to write (None: no file)."""

    kind: str
    file: str | None


def wanted(values: Sequence[str]) -> Wanted:
    """The bare words in KINDS choose the kind, anything else is a file.

    >>> wanted(["mlp", "net.bridle"]), wanted(["./mlp"])
    (Wanted(kind='mlp', file='net.bridle'), Wanted(kind='linear', file='./mlp'))
    """
    kinds = [value for value in values if value in KINDS]
    files = [value for value in values if value not in KINDS]
    if len(set(kinds)) > 1:
        raise UsageError("--model names two kinds: give either linear or mlp.")
    if len(files) > 1:
        raise UsageError(f"--model names two files, {files[0]} and {files[1]}: give one.")
    return Wanted(kinds[0] if kinds else "linear", files[0] if files else None)


def check_kind(kind: str, context: click.Context) -> None:
    """Refuse what belongs to the other kind of model."""
    given = [
        option
        for option in context.command.params
        if isinstance(option, click.Option)
        and context.get_parameter_source(option.name or "") is click.core.ParameterSource.COMMANDLINE
    ]
    for option in given:
        name = "/".join((option.opts[0], *option.secondary_opts))
        if kind == "linear" and option.name in _OF_NETWORKS:
            raise UsageError(f"{name} is for networks: add --model mlp, or leave it out.")
        if kind == "mlp" and option.name in _OF_LINEAR:
            raise UsageError(f"{name} is for linear models: leave it out, or leave --model mlp out.")


def network_arguments(arguments: Mapping[str, Any], context: click.Context) -> dict[str, Any]:
    """Arguments of ``bridle.fit`` and the network's options as arguments of ``bridle.torch.fit``."""
    out = {name: value for name, value in arguments.items() if name not in _OF_LINEAR}
    ratios = out.pop("l1_ratios", None)
    if ratios is not None:
        if len(ratios) != 1:
            raise UsageError("A network takes one --l1-ratio: 0 is weight decay, 1 is L1.")
        out["l1_ratio"] = ratios[0]
    if context.get_parameter_source("n_alphas") is not click.core.ParameterSource.COMMANDLINE:
        out.pop("n_alphas", None)
    if "hidden" in out:
        out["hidden"] = _units(out["hidden"])
    return out


def _units(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.replace(" ", "").split(",") if part)
    except ValueError:
        raise UsageError(f"--hidden must be whole numbers with commas between them, not {text!r}.") from None


def network_fit() -> Callable[..., Any]:
    """``bridle.torch.fit``, or one line on how to get PyTorch."""
    try:
        from ..torch import fit
    except ImportError as problem:
        if (problem.name or "").partition(".")[0] != "torch":
            raise
        raise UsageError(GET_TORCH) from None
    return cast("Callable[..., Any]", fit)


__all__ = ["KINDS", "NETWORK", "Wanted", "check_kind", "network_arguments", "network_fit", "wanted"]
