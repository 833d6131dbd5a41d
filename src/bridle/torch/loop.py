"""The training loop that each project writes anew: averages by rows, validation without dropout, resumable to the bit."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from ..errors import UsageError, number
from .loop_batches import Batches
from .loop_running import Epoch, Progress, Run, Settings, randomness
from .stopping import EarlyStopping
from .stopping_figure import Curves, Figure, curves_figure

VALIDATION_ROWS = 1024


@dataclass(frozen=True, eq=False)
class Training:
    """What ``train`` did.

    Attributes
    ----------
    history : the epochs, first to last. epochs : how many. best_epoch : the one with the best validation value (without
        validation rows: training loss), from 1; None before the first.
    seconds : in all. stopping : the EarlyStopping, if there was one.
    """

    history: tuple[Epoch, ...]
    best_epoch: int | None
    seconds: float
    stopping: EarlyStopping | None
    _state: Mapping[str, Any] = field(repr=False)

    @property
    def epochs(self) -> int:
        """How many epochs were run."""
        return len(self.history)

    def state_dict(self) -> dict[str, Any]:
        """What ``train(..., resume=...)`` needs to go on as if there had been no pause; for ``torch.save``.

        It holds the weights as they were at the end of the last epoch, also where the model got its best ones back.
        """
        return copy.deepcopy(dict(self._state))

    def figure(self, path: str | os.PathLike[str] | None = None, *, width: float = 720) -> Figure:
        """Both curves with the best epoch and the stop marked, as an SVG; written to ``path`` if given.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        stop = self.epochs if self.stopping is not None and self.stopping.stopped else None
        train, validation = [e.train for e in self.history], [e.validation for e in self.history]
        return curves_figure(Curves(train, validation, self.best_epoch, stop), path, width=width)

    def _repr_html_(self) -> str:
        return self.figure()._repr_html_()

    def _repr_svg_(self) -> str:
        return str(self.figure())


def train(
    model: Any,
    data: Any,
    *,
    loss: Callable[[Any, Any], Any],
    optimizer: Any,
    epochs: int = 100,
    batch_size: int = 32,
    shuffle: bool = True,
    validation: Any = None,
    metric: Callable[[Any, Any], Any] | None = None,
    stopping: EarlyStopping | None = None,
    scheduler: Any = None,
    clip: float | None = None,
    accumulate: int = 1,
    device: Any = None,
    amp: bool | Any = False,
    seed: int | None = None,
    resume: Training | Mapping[str, Any] | None = None,
    progress: Progress = None,
    callback: Callable[[Epoch, Callable[[], dict[str, Any]]], Any] | None = None,
) -> Training:
    """Train a network.

    Parameters
    ----------
    model : a ``torch.nn.Module``. Layers that are in evaluation mode in a model that is in training mode stay so (frozen
        normalization). Afterwards the model is in evaluation mode.
    data : a DataLoader (or anything that yields (X, y) or (X, y, weights) again in each epoch), or such tensors themselves,
        of n rows, which are then cut into batches of ``batch_size`` and shuffled.
    loss : loss(output, y), a mean over the rows, or one number for each row; the latter is needed with weights.
    optimizer : of the model's parameters; one that calls for a closure (LBFGS) will not do.
    epochs : how many in all, those before ``resume`` included.
    validation : as ``data``; looked at after each epoch, without dropout and without gradients.
    metric : metric(output, y) on validation rows, as ``loss``, which it is unless given.
    stopping : an EarlyStopping; watches the validation value, or without validation rows the training loss. At the end the
        model gets its best weights back, unless it was made with ``restore=False``.
    scheduler : stepped after each epoch; ReduceLROnPlateau gets the value that stopping watches.
    clip : largest Euclidean norm of all gradients together; a longer one is scaled down (Pascanu, Mikolov, Bengio 2013).
    accumulate : batches that make one step together. A row counts the same in each of them, in a last smaller group too.
    device : where to move the model and each batch; without it both stay, and must be in the same place.
    amp : automatic mixed precision: True for float16 with scaled gradients on CUDA and bfloat16 elsewhere, or a dtype.
    seed : of shuffling, dropout and all else random, without an effect on random numbers outside; None: torch's own state.
    resume : a Training or its ``state_dict()``: weights, optimizer, scheduler, stopping and random numbers go on from there.
    progress : called with "training" and the share done, after each epoch.
    callback : called with each ``Epoch`` and a function that returns the state to resume from; a true answer ends the
        training after it.

    Returns
    -------
    Training

    Raises
    ------
    DataError
        For a loss or a value that is no finite number, with the step's and the epoch's number (the best weights are back
        then, if some were kept); for a batch on another device or of another dtype than the model, before the first step.
    UsageError
        For arguments that make no sense, or an optimizer of other parameters.
    KeyboardInterrupt
        Is passed on, with the best weights restored if some were kept; a note on it says so.

    Examples
    --------
    >>> import torch
    >>> import bridle.torch as bt
    >>> X = torch.linspace(-1, 1, 40)[:, None]
    >>> model = torch.nn.Linear(1, 1)
    >>> done = bt.train(model, (X, 2 * X), loss=torch.nn.functional.mse_loss,
    ...                 optimizer=torch.optim.SGD(model.parameters(), lr=0.3), epochs=60, seed=0)
    >>> round(model.weight.item(), 3), done.epochs
    (2.0, 60)
    """
    place = None if device is None else torch.device(device)
    settings = Settings(loss, metric or loss, epochs, accumulate, clip, place, amp, progress, callback)
    _check(model, optimizer, stopping, resume)
    if place is not None:
        model.to(place)
    state = _state_of(resume)
    seed = state["seed"] if state is not None and seed is None else seed
    size = int(number("batch_size", batch_size, 1, whole=True))
    with randomness(seed, next(iter(model.parameters())).device):
        batches = Batches(data, size, shuffle, torch.Generator())
        if batches.tensors and shuffle:
            batches.generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
        held_out = None
        if validation is not None:
            held_out = Batches(validation, max(size, VALIDATION_ROWS), False, None, "validation")
        run = Run(model, optimizer, scheduler, stopping, batches, held_out, settings, seed)
        if state is not None:
            run.load(state)
        end = run.go()
    return Training(tuple(run.history), run.best(), sum(e.seconds for e in run.history), stopping, end)


def _check(model: Any, optimizer: Any, stopping: Any, resume: Any) -> None:
    if not isinstance(model, torch.nn.Module) or next(iter(model.parameters()), None) is None:
        raise UsageError("train takes a torch.nn.Module with parameters.")
    if isinstance(optimizer, torch.optim.LBFGS):
        raise UsageError(
            "LBFGS calls its loss several times for a step; train takes optimizers that step once."
        )
    if not hasattr(optimizer, "param_groups"):
        raise UsageError(f"optimizer must be a torch optimizer, not {type(optimizer).__name__}.")
    own = {id(p) for p in model.parameters()}
    if not any(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        raise UsageError(
            "The optimizer holds none of the model's parameters: make it from this model's parameters() (a compressed or "
            "copied model has new ones)."
        )
    if stopping is not None and not isinstance(stopping, EarlyStopping):
        raise UsageError(f"stopping must be a bridle.torch.EarlyStopping, not {type(stopping).__name__}.")
    if stopping is not None and stopping.epoch and resume is None:
        raise UsageError(
            f"This EarlyStopping has counted {stopping.epoch} epochs already; make a new one, or resume."
        )


def _state_of(resume: Any) -> Mapping[str, Any] | None:
    state = resume._state if isinstance(resume, Training) else resume
    if state is not None and not (
        isinstance(state, Mapping) and {"model", "generator", "history"} <= set(state)
    ):
        raise UsageError("resume must be a Training or what its state_dict() returned.")
    return state
