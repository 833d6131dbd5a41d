"""What predictions out of fold say about a model of classes, counts or amounts, summed up: bins and curves, never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers import Rows
from .calibrating import Bins, HeldOut, binned
from .ranking import Lorenz, Roc, lorenz_of, roc_of
from .scoring import accuracy, brier, log_loss

Floats = NDArray[np.float64]
_PARTS: dict[str, type[Any]] = {"calibration": Bins, "lift": Bins, "roc": Roc, "lorenz": Lorenz}


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """A summary of predictions by fits that did not see the row.

    Attributes
    ----------
    n_rows : rows that were held out.  weight : what they weigh.
    scores : of two classes "auc", "log_loss", "brier", "accuracy" (at a half) and "share" of the second class; of the others
        "gini", "balance" (observed over predicted, in all) and "mean" (observed, by exposure).
    calibration : bins of the prediction.
    roc : of two classes.
    lorenz, lift : of the others; ``lift`` has bins of the prediction over that of the constant model.
    """

    n_rows: int
    weight: float
    scores: Mapping[str, float]
    calibration: Bins
    roc: Roc | None = None
    lorenz: Lorenz | None = None
    lift: Bins | None = None

    def header(self) -> dict[str, Any]:
        """What is no array, in plain types; with ``arrays`` it makes ``Diagnostics.of``."""
        return {"n_rows": self.n_rows, "weight": self.weight, "scores": dict(self.scores)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by name: "calibration.rows", "roc.thresholds", ..."""
        return {
            f"{part}.{field.name}": np.asarray(getattr(value, field.name))
            for part, kind in _PARTS.items()
            if (value := getattr(self, part)) is not None
            for field in fields(kind)
        }

    @staticmethod
    def of(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Diagnostics:
        """What ``header`` and ``arrays`` gave."""
        parts = {
            part: kind(**{field.name: arrays[f"{part}.{field.name}"] for field in fields(kind)})
            for part, kind in _PARTS.items()
            if f"{part}.{fields(kind)[0].name}" in arrays
        }
        return Diagnostics(header["n_rows"], header["weight"], dict(header["scores"]), **parts)


def is_diagnosed(rows: Rows) -> bool:
    """Whether the family's predictions are summed up: those of classes, counts and amounts.

    Squared error has its own figures, and Huber's predictions are no means that could be compared with observed ones.
    """
    return rows.family.link != "identity"


def diagnose(rows: Rows, predicted: Floats, constant: Floats) -> Diagnostics | None:
    """The summary of predictions out of fold, (n,) by the model and by the constant model, NaN of rows never held out.

    None where the family has none, or fewer than two rows of positive weight were held out.
    """
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    held = np.isfinite(predicted) & np.isfinite(constant) & (weights > 0)
    if not is_diagnosed(rows) or held.sum() < 2:
        return None
    exposure = exposure_of(rows, np.flatnonzero(held))
    own = HeldOut(rows.y[held], predicted[held], constant[held], weights[held], exposure)
    made = _of_classes if rows.family.classes else _of_amounts
    return made(own)


def exposure_of(rows: Rows, which: NDArray[np.intp]) -> Floats:
    """What the named rows count for each unit of their weight: exp(offset) where the link is the logarithm, else 1."""
    ones = np.ones(len(which))
    if rows.family.link != "log" or rows.offset is None:
        return ones
    with np.errstate(over="ignore", under="ignore"):
        shift = np.exp(rows.offset[which])
    return shift if (np.isfinite(shift) & (shift > 0)).all() else ones


def _of_classes(r: HeldOut) -> Diagnostics:
    share = r.weights / r.weights.sum()
    roc, auc = roc_of(r.y, r.predicted, r.weights)
    scores = {
        "auc": auc,
        "log_loss": float(share @ log_loss(r.y, r.predicted)),
        "brier": float(share @ brier(r.y, r.predicted)),
        "accuracy": float(share @ accuracy(r.y, r.predicted)),
        "share": float(share @ r.y),
    }
    bins = binned(r, r.predicted, classes=True)
    return Diagnostics(len(r.y), float(r.weights.sum()), scores, bins, roc=roc)


def _of_amounts(r: HeldOut) -> Diagnostics:
    lorenz, gini = lorenz_of(r.rate, r.weights * r.y, r.size)
    observed, expected = float(r.weights @ r.y), float(r.weights @ r.predicted)
    scores = {
        "gini": gini,
        "balance": observed / expected if expected > 0 else float("nan"),
        "mean": observed / float(r.size.sum()),
    }
    return Diagnostics(
        len(r.y),
        float(r.weights.sum()),
        scores,
        binned(r, r.rate, classes=False),
        lorenz=lorenz,
        lift=binned(r, r.predicted / r.constant, classes=False),
    )


__all__ = ["Diagnostics", "diagnose", "exposure_of", "is_diagnosed"]
