"""Networks in a comparison: whether they take part, and rows made of what ``bridle.torch`` finds.

PyTorch is loaded when the first of them is assessed, never before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, UsageError
from ..families import SQUARED
from ..fitting.intake import Prepared
from ..table import Note
from .candidates import Task
from .nesting import Nesting, Sides
from .result import Row

Index = NDArray[np.int64]
Progress = Callable[[float], None] | None
GET = 'pip install "bridle[torch]"'
LARGEST = 5_000_000  # of _size: beyond it networks take more than about a minute on one core
# The names and titles of ``bridle.torch.candidates.METHODS``, which must not be loaded to be counted.
TITLES = {
    "network": "Network",
    "network_decay": "Network, decay",
    "network_l1": "Network, L1",
    "network_dropout": "Network, dropout",
    "network_early": "Network, early stop",
    "network_all": "Network, all",
}


def taking_part(
    networks: bool | None, ready: Prepared, n_splits: int, *, standardize: bool, fit_intercept: bool
) -> tuple[bool, tuple[Note, ...]]:
    """Whether networks are compared, and the note that says why not.

    None asks for them where PyTorch is installed and the table is of moderate size.

    Raises
    ------
    UsageError
        When they are asked for and cannot be had.
    """
    if networks not in (True, False, None):
        raise UsageError(f"networks must be True, False or None, not {networks!r}.")
    if networks is False:
        return False, ()
    if ready.rows.family != SQUARED or ready.has_offset:
        text = "they take no offset"
        if ready.rows.family != SQUARED:
            text = f"they take numeric targets by squared error, not the family {ready.rows.family.text}"
        if networks:
            raise UsageError(f"Networks cannot be compared: {text}. Leave networks=True (--networks) out.")
        return False, (_note(f"Networks are not compared: {text}."),)
    if find_spec("torch") is None:
        if networks:
            raise UsageError(f"Networks need PyTorch: {GET}.")
        return False, (_note(f"Networks are not compared: PyTorch is not installed ({GET})."),)
    if not (standardize and fit_intercept):
        text = "A network standardizes its columns and has an intercept"
        if networks:
            raise UsageError(
                f"{text}: leave standardize=False and fit_intercept=False out, or networks=True."
            )
        return False, (
            _note(f"Networks are not compared: {text[0].lower()}{text[1:]}, unlike what was asked for."),
        )
    size = _size(ready, n_splits)
    if networks is None and size > LARGEST:
        text = (
            f"Networks are not compared: on {ready.rows.design.n:,} rows and {ready.rows.design.p:,} columns that would "
            "take more than about a minute. Ask for them with networks=True (--networks)."
        )
        return False, (_note(text),)
    return True, ()


def _note(text: str) -> Note:
    return Note("networks", None, text, False)


def _size(ready: Prepared, n_splits: int) -> int:
    """Rows times columns, about what training costs; a row that lacks a number stands once for each problem."""
    design = ready.rows.design
    rows = design.n
    if len(design.imputed):
        lacking = int((design.columns(design.imputed[:, 1]) != 0).any(axis=1).sum())
        rows += 2 * n_splits * lacking
    return rows * (design.p + 50)


@dataclass(frozen=True, eq=False)
class Inner:
    """What ``bridle.torch.candidates`` asks of a comparison."""

    nesting: Nesting
    rule: str

    @property
    def ready(self) -> Prepared:
        return self.nesting.ready

    @property
    def seed(self) -> int:
        return self.nesting.seed

    @property
    def threads(self) -> int:
        return self.nesting.threads

    def splits_with_inner(self) -> Sequence[tuple[Index, Index, Index, Index]]:
        """(train, test, inner train, inner test) rows of every split; the inner rows are the split's training rows."""
        return [(side.train, side.test, *self._inner(side)) for side in self.nesting.sides]

    def _inner(self, side: Sides) -> tuple[Index, Index]:
        """The first inner split (the last one where rows have an order) that has weight on both sides."""
        inner, w = self.nesting.inner_folds(side), self.nesting.ready.rows.weights
        pairs = []
        for round_ in inner.rounds:
            split = round_.split()
            for k in range(1, len(split.train)):
                own, tested = (
                    side.train[split.rows_of(split.train[k])],
                    side.train[split.rows_of(split.test[k])],
                )
                if w is None or (w[own].any() and w[tested].any()):
                    pairs.append((own, tested))
        if not pairs:
            raise DataError("no rows of positive weight can be set aside within a fold")
        forward = "forward" in (inner.kind, self.nesting.folds.kind)
        return pairs[-1] if forward else pairs[0]


@dataclass(eq=False)
class Shared:
    """The bench of one comparison, made when the first network is assessed."""

    bench: Any = None

    def of(self, task: Task) -> Any:
        from ..torch.candidates import Bench

        if self.bench is None:
            self.bench = Bench(Inner(task.nesting, task.rule))
        return self.bench


@dataclass(frozen=True)
class NetworkCandidate:
    """A network, regularized in one way."""

    name: str
    title: str
    shared: Shared = field(default_factory=Shared, repr=False)

    def assess(self, task: Task, progress: Progress) -> Row:
        from ..torch.candidates import METHODS, assess

        method = next(m for m in METHODS if m.name == self.name)
        try:
            found = assess(method, self.shared.of(task), progress)
        except (DataError, UsageError) as problem:
            nothing = np.full(len(task.nesting.sides), np.nan)
            note = str(problem).rstrip(".")
            return Row(
                self.name, self.title, np.nan, np.nan, task.null_error, nothing, note=note, kind="network"
            )
        error, spread = task.summarized(found.errors)
        choice = found.choice
        return Row(
            self.name, self.title, error, spread, task.null_error, found.errors, found.n_variables, found.n_columns,
            None if choice is None else choice.alpha, None if choice is None else choice.l1_ratio, found.fold_choices,
            found.effects, None, found.seconds, found.note, found.arguments, kind="network",
        )  # fmt: skip


def network_candidates() -> tuple[NetworkCandidate, ...]:
    """All of them; the rows are made ready once.

    >>> [candidate.name for candidate in network_candidates()][:3]
    ['network', 'network_decay', 'network_l1']
    """
    shared = Shared()
    return tuple(NetworkCandidate(name, title, shared) for name, title in TITLES.items())
