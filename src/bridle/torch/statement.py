"""What can be said of a network's objective, in numbers and in words: where it lies and how still, never that it is best."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

STILL = 1e-3  # gradients below this, in standardized units, count as stationary: a step would change no third digit
AGREEMENT = 1e-5  # relative; sums over float32 weights and activations agree to about this


@dataclass(frozen=True)
class Stationarity:
    """Where a network's objective lies and how still.

    Attributes
    ----------
    loss : mean half unit deviance on the training rows, dropout off; of a regression in units of the target's variance.
    penalty : of the weights, in the same units.
    distance : the largest distance of a parameter's gradient to minus the subdifferential of its penalty, in
        standardized units; a group at zero counts with the norm over the root of its size.
    null_loss : the loss of the constant model.
    n_epochs, best_epoch : passes over the rows of the fit whose weights these are, and the one they are from.
    recorded : the objective that the model file holds, where this was recomputed from rows (``bridle.verify``).
    """

    loss: float
    penalty: float
    distance: float
    null_loss: float
    n_epochs: int
    best_epoch: int
    recorded: float | None = None

    @property
    def objective(self) -> float:
        """Loss and penalty."""
        return self.loss + self.penalty

    @property
    def stationary(self) -> bool:
        """Whether no parameter's gradient is far from its penalty's pull."""
        return bool(self.distance <= STILL)

    @property
    def reproduced(self) -> bool:
        """Whether the recomputed objective is the recorded one; True where nothing was recomputed."""
        if self.recorded is None:
            return True
        size = max(abs(self.recorded), 1e-3 * self.null_loss)
        return bool(abs(self.objective - self.recorded) <= AGREEMENT * size)

    @property
    def sentence(self) -> str:
        """The statement in plain English.

        >>> Stationarity(0.2, 0.1, 0.004, 0.5, 100, 100).sentence[:61]
        'Not stationary: gradients are off by 0.004 in standardized un'
        """
        text = (
            f"Stationary up to {self.distance:.1g} in standardized units"
            if self.stationary
            else f"Not stationary: gradients are off by {self.distance:.1g} in standardized units, so weights still moved"
        )
        return text + ". A network's objective is not convex, so nothing more is proven."

    @property
    def agreement(self) -> str:
        """Whether the rows give the recorded objective, in plain English; empty where nothing was recomputed."""
        if self.recorded is None:
            return ""
        if self.reproduced:
            parts = f"loss {self.loss:.6g}, penalty {self.penalty:.6g}"
            return f"Reproduced from these rows: objective {self.objective:.6g} ({parts})."
        return (
            f"Not reproduced: the model records the objective {self.recorded:.6g}, these rows give "
            f"{self.objective:.6g}. They are not the rows, weights or target it was fitted on."
        )

    def to_dict(self) -> dict[str, Any]:
        """The numbers, for the model file and the JSON."""
        return asdict(self)
