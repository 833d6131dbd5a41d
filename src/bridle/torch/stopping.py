"""Early stopping: the best weights are kept, and training ends when it has been long since they were found.

Stopping a descent early holds the weights near their start, as a ridge penalty holds them near zero; for a quadratic loss
the two can be compared exactly (Bishop 1995, "Regularization and complexity control in feed-forward networks"; for the
rules of when to stop see Prechelt 1998, "Early stopping - but when?").
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Mapping
from typing import Any

import torch

from ..errors import DataError, UsageError, number
from .stopping_figure import Curves, Figure, curves_figure

MODES = ("min", "max")
_SETTINGS = ("patience", "min_delta", "mode", "keeps")
_STATE = ("epoch", "best_value", "best_epoch", "waited", "stopped", "history", "kept")


class EarlyStopping:
    """Stop when the validation value has not improved for a while, and give the best weights back.

    Parameters
    ----------
    patience : epochs without an improvement after which to stop, at least 1.
    min_delta : an improvement is more than this, in units of the value.
    mode : "min" (a loss) or "max" (an accuracy).
    restore : whether a copy of the best weights and buffers is kept, on the model's device, for ``restore(model)``.

    Attributes
    ----------
    epoch : how many values were given. best_epoch : the epoch, from 1, of the best one; None before the first.
    best_value : its value. waited : epochs since then. stopped : whether it is time.
    history : {"train": [...], "validation": [...]}, one number for each epoch; NaN for a training value not given.

    Examples
    --------
    >>> import torch
    >>> model, stopping = torch.nn.Linear(1, 1), EarlyStopping(patience=2)
    >>> for epoch, value in enumerate([3.0, 1.0, 2.0, 1.5, 0.5]):
    ...     if stopping.step(value, model):
    ...         break
    >>> stopping.epoch, stopping.best_epoch, stopping.best_value
    (4, 2, 1.0)
    >>> stopping.restore(model)
    """

    def __init__(
        self, patience: int = 10, min_delta: float = 0.0, mode: str = "min", restore: bool = True
    ) -> None:
        self.patience = int(number("patience", patience, 1, whole=True))
        self.min_delta = number("min_delta", min_delta, 0.0)
        if mode not in MODES:
            raise UsageError(f"mode must be 'min' or 'max', not {mode!r}.")
        self.mode, self.keeps = mode, bool(restore)
        self.epoch = 0
        self.best_value: float | None = None
        self.best_epoch: int | None = None
        self.waited = 0
        self.stopped = False
        self.history: dict[str, list[float]] = {"train": [], "validation": []}
        self.kept: dict[str, Any] | None = None

    def step(self, value: Any, model: Any = None, *, train: Any = None) -> bool:
        """Count an epoch with its validation value; whether to stop now.

        Parameters
        ----------
        value : a number, or a tensor or array that holds one.
        model : whose weights and buffers are copied if this is the best epoch so far; needed with ``restore=True``.
        train : the training value of the epoch, for the history and the figure.

        Raises
        ------
        DataError
            If the value is NaN or infinite: no weights can be better or worse than that.
        UsageError
            After the stop, or without a model where one is needed.
        """
        if self.stopped:
            raise UsageError(
                f"Training was stopped at epoch {self.epoch}; make a new EarlyStopping for another one."
            )
        if self.keeps and model is None:
            raise UsageError("step needs the model to keep its best weights; or set restore=False.")
        value = float(value)
        if not math.isfinite(value):
            raise DataError(
                f"The validation value of epoch {self.epoch + 1} is {value}: training has diverged, or the rows hold NaN. "
                "Take a smaller learning rate, scale the columns to a standard deviation of 1, or clip the gradients."
            )
        self.epoch += 1
        self.history["validation"].append(value)
        self.history["train"].append(math.nan if train is None else float(train))
        if self._better(value):
            self.best_value, self.best_epoch, self.waited = value, self.epoch, 0
            self.kept = _copied(model) if self.keeps else None
        else:
            self.waited += 1
            self.stopped = self.waited >= self.patience
        return self.stopped

    def _better(self, value: float) -> bool:
        if self.best_value is None:
            return True
        gain = self.best_value - value if self.mode == "min" else value - self.best_value
        return gain > self.min_delta

    def restore(self, model: Any) -> None:
        """Put the best weights and buffers into the model, bit for bit, on whatever device it is.

        Raises
        ------
        UsageError
            If none were kept.
        """
        if self.kept is None:
            why = "no epoch was counted yet" if self.keeps else "it was made with restore=False"
            raise UsageError(f"There are no weights to restore: {why}.")
        model = _plain(model)
        model.load_state_dict(self.kept["state"])
        hidden = _hidden_buffers(model)
        for name, value in self.kept["buffers"].items():
            hidden[name].data.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """All of it, settings and best weights too, in plain types that ``torch.save`` and ``torch.load`` take."""
        state = {name: getattr(self, name) for name in (*_SETTINGS, *_STATE)}
        state["history"] = {name: list(values) for name, values in self.history.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was taken, with its settings.

        Raises
        ------
        UsageError
            If that is no state of an EarlyStopping.
        """
        missing = [name for name in (*_SETTINGS, *_STATE) if name not in state]
        if missing:
            raise UsageError(f"This is no state of an EarlyStopping: it lacks {', '.join(missing)}.")
        for name in (*_SETTINGS, *_STATE):
            setattr(self, name, copy.deepcopy(state[name]))

    def curves(self, unit: str = "loss") -> Curves:
        """What ``figure`` draws."""
        stop = self.epoch if self.stopped else None
        return Curves(self.history["train"], self.history["validation"], self.best_epoch, stop, unit)

    def figure(self, path: str | os.PathLike[str] | None = None, *, width: float = 720) -> Figure:
        """Both curves with the best epoch and the stop marked, as an SVG that stands alone; written to ``path`` if given.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        return curves_figure(self.curves(), path, width=width)

    def __repr__(self) -> str:
        said = f"patience={self.patience}, min_delta={self.min_delta:g}, mode={self.mode!r}, restore={self.keeps}"
        return f"EarlyStopping({said})"

    def _repr_svg_(self) -> str | None:
        return str(self.figure()) if self.epoch else None

    def _repr_html_(self) -> str | None:
        return self.figure()._repr_html_() if self.epoch else None


def _plain(model: Any) -> Any:
    """The model inside a compiled one, whose names have no prefix."""
    return getattr(model, "_orig_mod", model)


def _copied(model: Any) -> dict[str, Any]:
    """Weights and buffers in memory of their own, also the buffers that a state_dict leaves out."""
    model = _plain(model)
    with torch.no_grad():
        state = {name: _copy(value) for name, value in model.state_dict().items()}
        return {"state": state, "buffers": {n: _copy(b) for n, b in _hidden_buffers(model).items()}}


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value)


def _hidden_buffers(model: Any) -> dict[str, Any]:
    """The buffers that are not persistent."""
    known = set(model.state_dict())
    return {name: buffer for name, buffer in model.named_buffers() if name not in known}
