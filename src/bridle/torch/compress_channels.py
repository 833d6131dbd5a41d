"""Channel sets: which channels of a network must come and go together, and which of them are constants.

Every output channel of a layer is a slot. A sum of two branches makes a slot of the one and a slot of the other one set,
since neither branch can lose its channel alone; a concatenation lists the slots of its parts one behind the other; a
flattened map repeats a channel's slot for every position. A set is pinned where something reads it that cannot lose a
channel: the output, the input, an operation that is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

Tensor = Any  # mypy does not follow torch

INPUT = "they are inputs"
OUTPUT = "they reach the output"


class Channels:
    """Slots, joined into sets (union-find), and the reasons why a set has to stay."""

    def __init__(self) -> None:
        self._parent: list[int] = []
        self._pins: list[tuple[int, str]] = []

    def new(self, count: int) -> tuple[int, ...]:
        """Slots for the channels of one more layer."""
        start = len(self._parent)
        self._parent.extend(range(start, start + count))
        return tuple(range(start, start + count))

    def root(self, slot: int) -> int:
        """The representative of a slot's set."""
        while self._parent[slot] != slot:
            self._parent[slot] = self._parent[self._parent[slot]]
            slot = self._parent[slot]
        return slot

    def join(self, left: Sequence[int], right: Sequence[int]) -> None:
        """Channel by channel, what is one set from now on."""
        for a, b in zip(left, right, strict=True):
            self._parent[self.root(a)] = self.root(b)

    def pin(self, slots: Iterable[int], reason: str) -> None:
        """Keep these channels, and say why."""
        self._pins.extend((slot, reason) for slot in set(slots))

    def pinned(self) -> dict[int, list[str]]:
        """The reasons by set, each once."""
        out: dict[int, list[str]] = {}
        for slot, reason in self._pins:
            reasons = out.setdefault(self.root(slot), [])
            if reason not in reasons:
                reasons.append(reason)
        return out


@dataclass(frozen=True, eq=False)
class Value:
    """What is known of a tensor in the network.

    Attributes
    ----------
    slots : one for each entry along the channel axis.
    constants : (len(slots),) float64; what the channel always holds, wherever and for every row; NaN where that is not
        known.
    lead, trailing : how many axes lie before and behind the channel axis.
    spatial : the sizes of the trailing axes, where an example told them.
    """

    slots: tuple[int, ...]
    constants: Tensor
    lead: int = 1
    trailing: int = 0
    spatial: tuple[int, ...] | None = None

    def with_constants(self, constants: Tensor) -> Value:
        """The same channels after something that works on each entry alone."""
        return Value(self.slots, constants, self.lead, self.trailing, self.spatial)


@dataclass(eq=False)
class Entry:
    """An argument of the network: its channels are counted by the first layer that reads it.

    ``shape`` is the example's, where there is one; ``whole`` is the argument of which this is the flattened form;
    ``known`` turns False when something reads the argument of which nothing is known.
    """

    name: str
    shape: tuple[int, ...] | None = None
    whole: Entry | None = None
    value: Value | None = None
    known: bool = True

    def read_as(self, channels: Channels, count: int, trailing: int) -> Value | None:
        """The argument as ``count`` channels with ``trailing`` axes behind them; None if it was read otherwise before."""
        if self.value is None:
            rank = 2 + trailing if self.shape is None else len(self.shape)
            lead = rank - 1 - trailing
            if lead < 0:
                return None
            spatial = None if self.shape is None else tuple(self.shape[lead + 1 :])
            slots = channels.new(count)
            channels.pin(slots, INPUT)
            self.value = Value(slots, unknown(count), lead, trailing, spatial)
        fits = len(self.value.slots) == count and self.value.trailing == trailing
        return self.value if fits else None


class Shape:
    """The sizes of a tensor, as the network reads them."""

    def __init__(self, of: Any) -> None:
        self.of = of


class Batch:
    """The number of rows, as the network reads it."""


@dataclass(frozen=True, eq=False)
class Use:
    """A call of a layer that mixes channels: what it reads, what it makes.

    ``strength`` and ``total`` are (out, in): the largest absolute weight and the sum of the weights from a channel to a
    channel. ``pads`` says that zeros are laid around the map, so that a constant other than 0 is none at the border.
    """

    name: str
    module: Any
    read: Value | None
    made: Value
    strength: Tensor
    total: Tensor
    pads: bool

    def loose(self) -> Tensor:
        """(in,) the channels whose contribution is the same everywhere: a bias can take their place."""
        assert self.read is not None
        k = self.read.constants
        return torch.isfinite(k) & ((k == 0) | (not self.pads))


@dataclass(frozen=True, eq=False)
class Through:
    """A call of a layer with parameters of each channel's own (normalization, PReLU, depthwise convolution)."""

    name: str
    module: Any
    read: Value
    made: Value


@dataclass(eq=False)
class Analysis:
    """All that a walk through the network found."""

    channels: Channels = field(default_factory=Channels)
    uses: list[Use] = field(default_factory=list)
    throughs: list[Through] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)  # layer: why it is left as it is


@dataclass(frozen=True)
class Decision:
    """Which sets go; the notes on layers with channels that do nothing and yet stay; the inputs that nothing reads."""

    removed: frozenset[int]
    notes: dict[str, str]
    unused: dict[str, tuple[int, ...]]


def unknown(count: int) -> Tensor:
    """Constants of channels of which none is known."""
    return torch.full((count,), float("nan"), dtype=torch.float64)


def decide(found: Analysis, tolerance: float) -> Decision:
    """The sets that can go: nobody who could not do without reads them.

    A reader can do without a channel if its weights for it are zero, or if what it reads is a constant that its bias can
    take over. Of a layer that would be empty one channel stays, since a layer of width 0 is none.
    """
    channels, pinned = found.channels, found.channels.pinned()
    needed: set[int] = set()  # sets with a reader that needs them
    padded: dict[int, str] = {}  # sets that are constant, but for zeros at the border
    for use in found.uses:
        if use.read is None:
            continue
        reads = ~(use.strength <= tolerance).all(dim=0)  # a weight that is NaN is read
        loose = use.loose()
        for j in torch.nonzero(reads & ~loose).ravel().tolist():
            root = channels.root(use.read.slots[j])
            needed.add(root)
            if bool(torch.isfinite(use.read.constants[j])):
                padded[root] = f"constant, but {use.name} lays zeros around them"
    known = {channels.root(slot) for value in found.values for slot in value.slots}
    removed = {root for root in known if root not in needed and root not in pinned}
    last: set[int] = set()
    for value in found.values:
        roots = [channels.root(slot) for slot in value.slots]
        if roots and all(root in removed for root in roots):
            removed.discard(roots[0])
            last.add(roots[0])
    notes = {
        use.name: note for use in found.uses if (note := _note(use, found, removed, last, padded, pinned))
    }
    unused = _unused(found, needed, pinned)
    return Decision(frozenset(removed), {**found.left, **notes}, unused)


def _unused(found: Analysis, needed: set[int], pinned: dict[int, list[str]]) -> dict[str, tuple[int, ...]]:
    """The inputs that no layer reads, by argument, where one way of reading it is all there is."""
    unused = {}
    ways = [entry.name for entry in found.entries if entry.value is not None]
    for entry in found.entries:
        known = entry.known and (entry.whole is None or entry.whole.known)
        if entry.value is None or not known or ways.count(entry.name) > 1:
            continue
        roots = [found.channels.root(slot) for slot in entry.value.slots]
        idle = tuple(j for j, root in enumerate(roots) if root not in needed and pinned.get(root) == [INPUT])
        if idle:
            unused[entry.name] = idle
    return unused


def _note(
    use: Use,
    found: Analysis,
    removed: set[int],
    last: set[int],
    padded: dict[int, str],
    pinned: dict[int, list[str]],
) -> str | None:
    """Why channels of this layer stay although they are constants."""
    if use.name in found.left:
        return None
    reasons: dict[str, int] = {}
    for slot, constant in zip(use.made.slots, use.made.constants.tolist()):
        root = found.channels.root(slot)
        if root in removed:
            continue
        if root in last:
            reason = "a layer needs one unit"
        elif constant != constant:  # not a constant
            continue
        elif root in pinned:
            reason = " and ".join(pinned[root])
        else:
            reason = padded.get(root, "another branch or reader needs them")
        reasons[reason] = reasons.get(reason, 0) + 1
    return "; ".join(f"{many} dead kept: {reason}" for reason, many in reasons.items()) or None
