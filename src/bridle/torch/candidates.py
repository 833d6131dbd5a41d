"""Networks as candidates of a comparison: none, weight decay, L1, dropout, early stopping, and all of these.

For every fold the strength is chosen by rows set aside of that fold's training rows, so that its error on the fold is
honest; what is reported of all rows is chosen by the errors of all folds. The whole, the K folds and the K inner splits
are 2 K + 1 problems, trained side by side. Steps are few and fixed, so that a comparison stays a matter of seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import torch

from ..errors import DataError
from ..fitting.intake import Prepared
from ..selection import Choice, Curve, choose
from ..selection.choosing import summarize
from .material import Material, Shares, material, set_aside
from .network import Floats
from .problems import problems_of
from .strengths import Mix, NetworkPath, grid, network_path
from .tabular import Settings, torch_threads
from .training import Recipe
from .verifying import average_slopes

Progress = Callable[[float], None] | None
STEPS, SHORTEST = 240, 6
N_ALPHAS = 6
RATES = (0.1, 0.25, 0.5)  # of dropout


@dataclass(frozen=True)
class Method:
    """One way to regularize a network. ``mix`` None: no penalty, so no strength to choose."""

    name: str
    title: str
    mix: Mix | None = None
    rates: tuple[float, ...] = (0.0,)
    early_stopping: bool = False


METHODS = (
    Method("network", "Network"),
    Method("network_decay", "Network, decay", Mix(0.0)),
    Method("network_l1", "Network, L1", Mix(1.0)),
    Method("network_dropout", "Network, dropout", rates=RATES),
    Method("network_early", "Network, early stop", early_stopping=True),
    Method("network_all", "Network, all", Mix(0.5), (RATES[0],), True),
)


class Task(Protocol):
    """What a comparison gives its candidates (``bridle.comparing.candidates.Task``, which stands above)."""

    @property
    def ready(self) -> Prepared: ...

    @property
    def rule(self) -> str: ...

    @property
    def seed(self) -> int: ...

    @property
    def threads(self) -> int: ...

    def splits_with_inner(self) -> Sequence[tuple[Any, Any, Any, Any]]: ...


@dataclass(frozen=True, eq=False)
class Assessed:
    """One method's answer: its errors on the folds (K,), and its fit on all rows.

    ``choice`` is None where there was no strength to choose; ``fold_choices`` holds each fold's (alpha, l1_ratio).
    ``effects`` (p,) are average slopes: of the prediction, in standard deviations of the target, per standard deviation
    of the column, over the rows.
    """

    method: Method
    errors: Floats
    n_variables: int
    n_columns: int
    choice: Choice | None
    fold_choices: tuple[tuple[float, float], ...]
    effects: Floats
    seconds: float
    note: str
    arguments: dict[str, Any]


@dataclass(eq=False)
class Bench:
    """What the methods of one comparison share: the rows made dense once, with and without rows set aside."""

    task: Task
    made: dict[bool, tuple[Material, Shares]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The first optimizer of a process loads parts of PyTorch: seconds that are no method's own."""
        torch.optim.Adam([torch.zeros(1, requires_grad=True)]).step()

    def rows(self, early: bool) -> tuple[Material, Shares]:
        if early not in self.made:
            ready, shares = self.task.ready, self._shares()
            if early:
                fraction = Settings().validation_fraction
                left, held = set_aside(shares.train, fraction, ready.groups, ready.order, self.task.seed)
                shares = Shares(left, shares.test, held)
            self.made[early] = material(ready.rows.design, ready.rows.y, shares), shares
        return self.made[early]

    def _shares(self) -> Shares:
        """Problem 0 is the whole, then the folds, then the inner splits of the folds' training rows."""
        rows = self.task.ready.rows
        n = rows.design.n
        w = np.ones(n) if rows.weights is None else rows.weights
        splits = self.task.splits_with_inner()
        pairs = [(s[0], s[1]) for s in splits] + [(s[2], s[3]) for s in splits]
        train, test = [w], [np.zeros(n)]
        for own, tested in pairs:
            for into, some in ((train, own), (test, tested)):
                weights = np.zeros(n)
                weights[some] = w[some]
                into.append(weights)
        return Shares(np.array(train), np.array(test))

    def recipe(self, method: Method, crowding: float) -> Recipe:
        settings = Settings(early_stopping=method.early_stopping, seed=self.task.seed)
        recipe = settings.recipe(self.task.ready.rows.design.n, crowding)
        steps = max(1, -(-self.task.ready.rows.design.n // max(1, round(recipe.batch_size / crowding))))
        return replace(recipe, epochs=int(np.clip(round(STEPS / steps), SHORTEST, 200)))


def assess(method: Method, bench: Bench, progress: Progress) -> Assessed:
    """Train one method on every split and on all rows.

    Raises
    ------
    DataError
        Where training does not come to finite numbers, or there are too few rows to set some aside.
    """
    start = perf_counter()
    with torch_threads(bench.task.threads):
        paths = [
            _path(method, rate, bench, _share(progress, k, len(method.rates)))
            for k, rate in enumerate(method.rates)
        ]
    found = _chosen(method, paths, bench)
    return replace(found, seconds=perf_counter() - start)


def _path(method: Method, rate: float, bench: Bench, progress: Progress) -> NetworkPath:
    made, _ = bench.rows(method.early_stopping)
    problems = problems_of(
        made.X, made.y, made.shares.train, family="squared", outputs=1, held=made.shares.held
    )
    mix = method.mix or Mix(0.0)
    alphas = np.zeros(1) if method.mix is None else grid(problems, mix, None, N_ALPHAS)
    architecture = Settings(dropout=rate).architecture(made.X.shape[1])
    recipe = bench.recipe(method, made.crowding)
    return network_path(problems, made.shares.test, alphas, mix, architecture, recipe, progress=progress)


def _chosen(method: Method, paths: list[NetworkPath], bench: Bench) -> Assessed:
    """The choice among all strengths and rates: for each fold by its inner split, for all rows by all folds."""
    rows, shares = bench.rows(method.early_stopping)
    count = (len(shares.test) - 1) // 2
    errors = np.concatenate([path.errors for path in paths])  # strengths of all rates, one below the other
    if not np.isfinite(errors[:, 1:]).all():
        raise DataError("its training does not come to finite numbers")
    folds, inner = errors[:, 1 : 1 + count], errors[:, 1 + count :]
    at = inner.argmin(axis=0)
    tested = shares.test[1 : 1 + count].sum(axis=1)
    which, choice = _of_all_rows(method, paths, folds, tested, bench.task.rule)
    path = paths[which]
    index = 0 if choice is None else choice.index
    network = path.networks[index]
    used = path.inputs_used[index]
    owner = bench.task.ready.schema.variable_of_column()
    alphas = np.concatenate([path.alphas for path in paths])
    ratio = (method.mix or Mix(0.0)).l1_ratio
    complete = rows.shares.train[0] > 0
    weights = rows.shares.train[0][complete]
    return Assessed(
        method,
        folds[at, np.arange(count)],
        len(np.unique(owner[used])),
        int(used.sum()),
        choice if method.mix is not None else None,
        tuple((float(alphas[k]), ratio) for k in at) if method.mix is not None else (),
        average_slopes(network, rows.X[complete], weights),
        0.0,
        _note(method, method.rates[which]),
        _arguments(method, method.rates[which], bench.recipe(method, 1.0)),
    )


def _of_all_rows(
    method: Method, paths: list[NetworkPath], folds: Floats, tested: Floats, rule: str
) -> tuple[int, Choice | None]:
    """Which rate, and which strength on its path, the folds choose for all rows."""
    mean, spread = summarize(folds.T, tested)
    if method.mix is None:
        return int(mean.argmin()), None
    path = paths[0]
    curve = Curve(
        path.mix.l1_ratio, path.alphas, mean, spread, folds.T, path.train_error, path.inputs_used.sum(axis=1)
    )
    return 0, choose((curve,), rule)


def _note(method: Method, rate: float) -> str:
    return f"dropout of {rate:.0%} was chosen of {len(method.rates)} rates" if len(method.rates) > 1 else ""


def _arguments(method: Method, rate: float, recipe: Recipe) -> dict[str, Any]:
    """What ``bridle.torch.fit`` takes to fit the method to all rows."""
    out: dict[str, Any] = {"epochs": recipe.epochs, "batch_size": recipe.batch_size}
    out |= (
        {"alphas": (0.0,)} if method.mix is None else {"l1_ratio": method.mix.l1_ratio, "n_alphas": N_ALPHAS}
    )
    out |= {"dropout": rate} if rate else {}
    return out | ({"early_stopping": True} if method.early_stopping else {})


def _share(progress: Progress, k: int, count: int) -> Progress:
    if progress is None:
        return None
    return lambda share: progress((k + share) / count)


__all__ = ["METHODS", "Assessed", "Bench", "Method", "assess"]
