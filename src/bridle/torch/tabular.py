"""``bridle.torch.fit``: from a table to a network whose strength is chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .._numerics import thread_count
from ..errors import UsageError, number
from ..fitting.calls import Progress, call_of, teller
from ..fitting.intake import Prepared, check_null, check_read, folds_of, read_in
from ..fitting.remarks import matrix_notes
from ..penalties import Penalty
from ..selection import Choice, Curve, Folds, Selection, choose
from ..selection.choosing import RULES
from ..solvers import Rows, Split, prepare
from ..solvers.plan import Null
from ..table import Note
from .material import Material, Shares, material, set_aside
from .model import FeaturePath, History, NetworkModel
from .network import Architecture, Floats
from .penalty import Strengths
from .problems import Problems, problems_of
from .statement import Stationarity
from .strengths import Mix, NetworkPath, grid, network_path
from .training import Recipe

PENALIZE = ("weights", "inputs", "neurons")
PATIENCE = 10
STEPS = 400  # of the first, strongest fit, unless epochs are given; the others take half of that each
SHORTEST, LONGEST = 10, 300  # epochs


@dataclass(frozen=True)
class Settings:
    """What kind of network, and how it is trained; checked when it is made."""

    hidden: tuple[int, ...] = (32,)
    activation: str = "relu"
    dropout: float = 0.0
    l1_ratio: float = 1.0
    penalize: str = "weights"
    early_stopping: bool = False
    validation_fraction: float = 0.15
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float = 0.01
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for units in self.hidden:
            number("hidden", units, 1, 1e6, whole=True)
        number("l1_ratio", self.l1_ratio, 0, 1)
        number("validation_fraction", self.validation_fraction, 0, 1)
        number("learning_rate", self.learning_rate, 1e-12)
        for name in ("epochs", "batch_size"):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), 1, 1e9, whole=True)
        if self.penalize not in PENALIZE:
            raise UsageError(f"penalize must be one of {', '.join(PENALIZE)}, not {self.penalize!r}.")
        self.architecture(1)

    def architecture(self, inputs: int) -> Architecture:
        return Architecture(inputs, self.hidden, 1, self.activation, self.dropout)

    @property
    def mix(self) -> Mix:
        return Mix(self.l1_ratio, None if self.penalize == "weights" else self.penalize)

    def recipe(self, n: int, crowding: float = 1.0) -> Recipe:
        """For n training rows; ``crowding`` is how many times these the matrix has."""
        size = self.batch_size or int(np.clip(2 ** round(np.log2(max(n, 2) / 16)), 16, 512))
        steps = max(1, -(-n // size))
        epochs = self.epochs or int(np.clip(round(STEPS / steps), SHORTEST, LONGEST))
        return Recipe(
            learning_rate=self.learning_rate,
            epochs=epochs,
            batch_size=max(1, round(size * crowding)),
            patience=PATIENCE if self.early_stopping else None,
            seed=self.seed,
            device=self.device,
        )


def fit(
    data: Any,
    y: Any = None,
    *,
    target: str | None = None,
    weights: Any = None,
    groups: Any = None,
    order: Any = None,
    ignore: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    hidden: int | Sequence[int] = (32,),
    activation: str = "relu",
    dropout: float = 0.0,
    l1_ratio: float = 1.0,
    penalize: str = "weights",
    alphas: Sequence[float] | None = None,
    n_alphas: int = 12,
    folds: Any = None,
    repeats: int = 1,
    stratify: Any = None,
    rule: str = "min",
    early_stopping: bool = False,
    validation_fraction: float = 0.15,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float = 0.01,
    seed: int = 0,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress = None,
) -> NetworkModel:
    """From a table to a multilayer perceptron: the strength of its penalty chosen by cross-validation, and explained.

    The objective is mean half squared error, of the standardized target, plus
    alpha (l1_ratio sum |W| + (1 - l1_ratio)/2 sum W^2); biases are free. All folds are trained side by side, from the
    strongest penalty to the weakest, each fit from its neighbour's weights. Numeric targets only; ``MLPClassifier``
    takes classes.

    Parameters
    ----------
    data, y, target, weights, groups, order, ignore, types, folds, repeats, stratify, rule : as in ``bridle.fit``. Missing
        numbers are filled with the training means of each fold.
    hidden : units of the hidden layers; ``()`` is a linear model.
    activation : "relu", "tanh", "silu" or "identity".
    dropout : the share of hidden units left out in each training step.
    l1_ratio : the share of the strength that makes zeros; 0 is weight decay alone.
    penalize : what becomes zero together: single "weights", all weights of an input ("inputs", the first layer), all
        incoming weights of a hidden unit ("neurons"). A group penalty on one layer can be evaded by larger weights in the
        next, so give it an ``l1_ratio`` below 1.
    alphas, n_alphas : the strengths to compare, or how many on a log grid.
    early_stopping : set ``validation_fraction`` of the training rows aside and keep the weights of the epoch that predicts
        them best. Nothing of them is trained on; rows of a group stay together, in an order they are the last.
    epochs, batch_size : of the strongest fit, the others taking half; unless given, about 400 steps of n/16 rows
        (between 16 and 512).
    learning_rate : of Adam, falling to zero along a cosine.
    seed : of folds, initial weights, batches and dropout.
    device : where to train, "cpu" or "cuda".
    threads : how many PyTorch takes; as many as it likes unless given.
    progress : called with a stage's name and its share done.

    Returns
    -------
    NetworkModel
        Frozen; ``model.stationarity`` says how still the objective lies. Nothing is certified.

    Raises
    ------
    UsageError
        For arguments that make no sense together.
    DataError
        For data that cannot be used; the message names the column or the row.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((120, 4))
    >>> model = fit(X, X[:, 0] * X[:, 1], hidden=8, n_alphas=3, folds=3, epochs=20)
    >>> model.predict(X).shape, model.stationarity.sentence[-63:]
    ((120,), "A network's objective is not convex, so nothing more is proven.")
    """
    call = call_of(fit, locals())
    settings = Settings(
        _hidden(hidden), activation, dropout, l1_ratio, penalize, early_stopping, validation_fraction, epochs,
        batch_size, learning_rate, int(number("seed", seed, 0, 2**63 - 1, whole=True)), device,
    )  # fmt: skip
    if rule not in RULES:
        raise UsageError(f"rule must be one of {', '.join(RULES)}, not {rule!r}.")
    ready = read_in(data, y, target, weights, groups, order, ignore, types)
    tell = teller(progress)
    null = null_of(ready, threads)
    made = folds_of(ready.rows.design.n, folds, repeats, stratify, ready, settings.seed)
    shares = shares_of(ready.rows, made)
    with torch_threads(threads):
        fitted = _Fitted.of(ready, shares, settings, alphas, n_alphas, tell("training"))
    found = selection_of(fitted, shares, made, rule, ready)
    return _model(ready, null, fitted, found, settings, call, weighted=_needs_weights(weights))


def null_of(ready: Prepared, threads: int | None) -> Null:
    """The constant model of the whole table, every cell looked at: what cannot be learned from is refused here."""
    engine = prepare(ready.rows, Split.whole(ready.rows.design.n), thread_count(threads))
    check_read(engine, ready.rows, ready.schema)
    null = engine.null(Penalty.of(ready.rows.design.p), True, True)
    check_null(null, ready)
    return null


def shares_of(rows: Rows, folds: Folds) -> Shares:
    """Problem 0 trains on every row, the others on the folds that have rows of positive weight on both sides."""
    n = rows.design.n
    w = np.ones(n) if rows.weights is None else rows.weights
    train, test = [w], [np.zeros(n)]
    for round_ in folds.rounds:
        split = round_.split()
        for k in range(1, len(split.train)):
            own, tested = np.zeros(n), np.zeros(n)
            own[split.rows_of(split.train[k])] = 1.0
            tested[split.rows_of(split.test[k])] = 1.0
            if (own * w).any() and (tested * w).any():
                train.append(own * w)
                test.append(tested * w)
    return Shares(np.array(train), np.array(test))


@contextmanager
def torch_threads(threads: int | None) -> Iterator[None]:
    """PyTorch held at this many threads."""
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(thread_count(threads))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """The path of the whole and of all folds, and what it was fitted on."""

    path: NetworkPath
    problems: Problems
    made: Material
    held_rows: NDArray[np.int64] | None

    @staticmethod
    def of(
        ready: Prepared, shares: Shares, settings: Settings, alphas: Any, n_alphas: int, progress: Any
    ) -> _Fitted:
        rows, held_rows = ready.rows, None
        if settings.early_stopping:
            left, held = set_aside(
                shares.train, settings.validation_fraction, ready.groups, ready.order, settings.seed
            )
            shares, held_rows = Shares(left, shares.test, held), np.flatnonzero(held[0]).astype(np.int64)
        made = material(rows.design, rows.y, shares)
        problems = problems_of(
            made.X, made.y, made.shares.train, family="squared", outputs=1, held=made.shares.held
        )
        strengths = grid(problems, settings.mix, alphas, n_alphas)
        recipe = settings.recipe(int(np.count_nonzero(shares.train[0])), made.crowding)
        path = network_path(
            problems, made.shares.test, strengths, settings.mix, settings.architecture(rows.design.p), recipe,
            progress=progress,
        )  # fmt: skip
        return _Fitted(path, problems, made, held_rows)


def selection_of(fitted: _Fitted, shares: Shares, made: Folds, rule: str, ready: Prepared) -> Selection:
    """The curve, and what both rules choose of it; columns counted are those that the network uses."""
    used = fitted.path.inputs_used
    curve: Curve = replace(fitted.path.curve(shares.test[1:].sum(axis=1)), n_nonzero=used.sum(axis=1))
    owner = ready.schema.variable_of_column()

    def counted(choice: Choice) -> Choice:
        return replace(choice, n_variables=len(np.unique(owner[used[choice.index]])))

    choices = {name: counted(choose((curve,), name)) for name in RULES}
    return Selection(rule, (curve,), choices, null_error(ready.rows.y, shares), made.text, made.n_folds)


def null_error(y: Floats, shares: Shares) -> float:
    """The mean squared error of the training means on the folds' test rows."""
    train, test = shares.train[1:], shares.test[1:]
    means = train @ y / train.sum(axis=1)
    return float((test * (y - means[:, None]) ** 2).sum() / test.sum())


def _model(
    ready: Prepared, null: Null, fitted: _Fitted, selection: Selection, settings: Settings, call: Mapping[str, Any],
    *, weighted: bool,
) -> NetworkModel:  # fmt: skip
    path, at = fitted.path, selection.chosen.index
    network = path.networks[at]
    strengths = settings.mix.at(float(path.alphas[at]))
    rows = ready.rows
    return NetworkModel(
        schema=ready.schema,
        network=network,
        strengths=Strengths(strengths.l1, strengths.l2, strengths.group, strengths.groups),
        selection=selection,
        stationarity=Stationarity(
            loss=float(path.loss[at]),
            penalty=float(path.penalty[at]),
            distance=float(path.stationarity[at]),
            null_loss=0.5,
            n_epochs=len(path.train_history[at]),
            best_epoch=int(path.best_epoch[at]),
        ),
        fill_values=np.where(fitted.made.fills != 0, fitted.made.fills, network.x_mean),
        n_rows=rows.design.n,
        target_name=ready.target_name,
        target_mean=null.y_mean,
        target_sd=null.y_scale,
        history=History(path.train_history[at], path.held_history[at]),
        path=FeaturePath(path.alphas, path.inputs_used, path.n_nonzero),
        held_rows=fitted.held_rows,
        weighted=weighted,
        seeds={"seed": settings.seed},
        notes=(*ready.notes, *matrix_notes(ready, null), *_notes(settings)),
        call=call,
    )


def _notes(settings: Settings) -> list[Note]:
    if settings.penalize != "weights" and settings.l1_ratio == 1:
        text = (
            f"The group penalty on {settings.penalize} stands alone: larger weights in the next layer can evade it. "
            "Give an l1_ratio below 1, such as 0.9."
        )
        return [Note("penalty", None, text, True)]
    return []


def _needs_weights(weights: Any) -> bool:
    return weights is not None and not isinstance(weights, str)


def _hidden(hidden: Any) -> tuple[int, ...]:
    values = (hidden,) if np.ndim(hidden) == 0 else tuple(hidden)
    return tuple(int(number("hidden", units, 1, 1e6, whole=True)) for units in values)


__all__ = ["Settings", "fit"]
