"""How well two classes are told apart on new rows: the area under the ROC curve, and the log-loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..selection.ranking import roc_of
from ..solvers import Rows
from .nesting import Sides

Floats = NDArray[np.float64]
SURE = np.finfo(np.float64).eps  # a probability is held this far from 0 and 1 before its logarithm is taken


def scores_of(rows: Rows, sides: Sequence[Sides], predictors: Sequence[Floats]) -> dict[str, float]:
    """ "auc" and "log_loss" of two classes, means over the splits weighted as errors are; of another family nothing.

    ``predictors`` holds each split's linear predictors (n_test,). The AUC is within a split, never between rows of two
    splits, whose fits are not the same; splits that test one class alone have none, and where all do it is NaN.
    """
    if not rows.family.classes:
        return {}
    weights, areas, losses = np.empty(len(sides)), np.empty(len(sides)), np.empty(len(sides))
    for k, (side, eta) in enumerate(zip(sides, predictors)):
        own = rows.take(side.test)
        w = np.ones(len(own.y)) if own.weights is None else own.weights
        weights[k] = w.sum()
        areas[k] = roc_of(own.y, eta, w)[1]
        p = np.clip(own.family.mean(eta), SURE, 1 - SURE)
        losses[k] = -(w @ (own.y * np.log(p) + (1 - own.y) * np.log1p(-p))) / weights[k]
    known = np.isfinite(areas)
    auc = weights[known] @ areas[known] / weights[known].sum() if known.any() else np.nan
    return {"auc": float(auc), "log_loss": float(weights @ losses / weights.sum())}
