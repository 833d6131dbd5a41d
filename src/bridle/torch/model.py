"""A frozen network: what was fitted, how it was chosen, how still it lies. It holds no rows and predicts without PyTorch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..design import Design
from ..errors import DataError, UsageError
from ..model.rows import encoded, encoded_with_target, finite, r_squared
from ..selection import Selection
from ..table import Note, Schema
from .network import Floats, Network
from .penalty import Strengths
from .statement import Stationarity

_ROWS = 4096  # rows made dense at a time


@dataclass(frozen=True, eq=False)
class History:
    """The objective by epoch: ``train`` (E,) as met in the batches, ``held`` (E,) on rows held out, or None."""

    train: Floats
    held: Floats | None = None


@dataclass(frozen=True, eq=False)
class FeaturePath:
    """Which columns enter as the penalty weakens.

    Attributes
    ----------
    alphas : (A,) strongest first.
    inputs_used : (A, p) whether any weight of the column is not exactly zero.
    n_nonzero : (A,) weights of the whole network that are not zero.
    """

    alphas: Floats
    inputs_used: NDArray[np.bool_]
    n_nonzero: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class NetworkModel:
    """A fitted network.

    Attributes
    ----------
    schema : which columns it expects, and what they make.
    network : the weights, and what standardizes columns and target.
    strengths : of the penalty, as numbers.
    selection : how the strength came about; ``n_columns`` of its choices counts the columns used.
    stationarity : where the objective lies and how still.
    fill_values : (p,) training means, standing in for missing numbers.
    n_rows, target_name, target_mean, target_sd : of the training table; of classes the mean and sd are 0 and 1.
    classes : the labels by code, of a classifier; None of a regression.
    history, path : how training went, and which columns entered at which strength; None where that is not known.
    held_rows : the rows, from 0, on which early stopping looked instead of training; None where nothing was held out.
    weighted : whether rows had weights that are no column of the table, so that verifying needs them again.
    seeds : of folds, initial weights and batches, by name.
    notes, call : for the report.
    """

    ROOM: ClassVar[str] = "bridle.torch"  # where ``bridle.verify`` and ``bridle.report`` find what they need

    schema: Schema
    network: Network
    strengths: Strengths
    selection: Selection
    stationarity: Stationarity
    fill_values: Floats
    n_rows: int
    target_name: str = "y"
    target_mean: float = 0.0
    target_sd: float = 1.0
    classes: tuple[Any, ...] | None = None
    history: History | None = None
    path: FeaturePath | None = None
    held_rows: NDArray[np.int64] | None = None
    weighted: bool = False
    seeds: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    call: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alpha(self) -> float:
        """The strength, chosen or given."""
        return self.selection.chosen.alpha

    @property
    def l1_ratio(self) -> float:
        """The share of the strength that makes zeros."""
        return self.selection.chosen.l1_ratio

    @property
    def family(self) -> str:
        """ "squared", "binomial" or "multinomial"."""
        return self.network.family

    @property
    def kept(self) -> tuple[str, ...]:
        """The variables with any weight in the first layer that is not exactly zero."""
        columns = self.schema.columns()
        return tuple(dict.fromkeys(columns[j][0] for j in np.flatnonzero(self.network.inputs_used)))

    def predict(self, data: Any, *, rule: str | None = None) -> NDArray[Any]:
        """Predictions (n,) in units of the target (n, outputs) of several targets, or the classes' labels (n,).

        Parameters
        ----------
        data : a path, dataframe, Arrow table or dict with the model's columns in any order; or an array (n, p) where the
            model was fitted on one.
        rule : the one that the strength was chosen by; a network keeps the weights of no other.

        Raises
        ------
        UsageError
            For another rule.
        SchemaError, DataError
            When a column is missing or a cell cannot be used; the message names them.
        """
        self._check_rule(rule)
        scores = self._decision(data)
        if self.classes is None:
            return scores[:, 0] if scores.shape[1] == 1 else scores
        codes = (scores[:, 0] > 0).astype(np.intp) if scores.shape[1] == 1 else scores.argmax(axis=1)
        return np.asarray(np.asarray(self.classes)[codes])

    def predict_proba(self, data: Any) -> Floats:
        """(n, classes) probabilities, in the order of ``classes``.

        Raises
        ------
        UsageError
            For a regression.
        """
        if self.classes is None:
            raise UsageError("This network predicts a number, so there are no probabilities: use predict.")
        return probabilities(self._decision(data))

    def score(self, data: Any, y: Any = None) -> float:
        """R^2 of a regression, the share of right labels of a classifier.

        ``y`` (n,) is needed where the target is no column of ``data``.
        """
        if self.classes is not None:
            labels = np.asarray(self.classes)[self.codes_of(y)]
            return float(np.mean(self.predict(data) == labels))
        _, target, weights = self.encode(data, y=y)
        return r_squared(target, self.predict(data), weights)

    def encode(
        self, data: Any, *, y: Any = None, need_target: bool = True
    ) -> tuple[Design, Floats, Floats | None]:
        """The design, numeric target and weights that this model's schema makes of a table; missing numbers filled in."""
        return encoded_with_target(self.schema, self.fill_values, data, y, need_target=need_target)

    def codes_of(self, y: Any) -> NDArray[np.int64]:
        """The classes' codes (n,) of labels.

        Raises
        ------
        UsageError, DataError
            When there are no labels, or one that the model does not know.
        """
        if self.classes is None or y is None:
            raise UsageError("Give y, the labels of these rows.")
        labels, known = np.asarray(y).ravel(), {label: code for code, label in enumerate(self.classes)}
        out = np.array([known.get(label, -1) for label in labels.tolist()], dtype=np.int64)
        if (out < 0).any():
            row = int(np.flatnonzero(out < 0)[0])
            raise DataError(f"y is {labels[row]!r} in row {row + 1}, which is none of the model's classes.")
        return out

    def __repr__(self) -> str:
        sizes = " - ".join(f"{size:,}" for size in self.network.architecture.sizes)
        return f"<bridle network {sizes}, predicting {self.target_name}: {self.network.n_nonzero:,} weights not zero>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to one file (see docs/model-file.md); an old file is replaced atomically."""
        from .filing import save_network  # filing reads what this class is made of

        save_network(self, path)

    def module(self) -> Any:
        """A ``torch.nn.Sequential`` on standardized columns, to go on with in PyTorch (needs torch)."""
        return self.network.module()

    def _check_rule(self, rule: str | None) -> None:
        if rule is not None and rule != self.selection.rule:
            raise UsageError(
                f'This network was chosen by the rule "{self.selection.rule}" and keeps no other weights; '
                f'fit it again with rule="{rule}".'
            )

    def _decision(self, data: Any) -> Floats:
        """(n, outputs)."""
        design = encoded(self.schema, self.fill_values, data, need_target=False)[0]
        every = np.arange(design.p)
        out = np.empty((design.n, self.network.architecture.outputs))
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, design.n, _ROWS):
                stop = min(start + _ROWS, design.n)
                out[start:stop] = self.network.decision(design.columns(every, start, stop))
        return finite(out, design, self.schema)


def probabilities(scores: Floats) -> Floats:
    """(n, classes) of scores: log odds (n, 1) of the second of two classes, or logits (n, classes).

    >>> probabilities(np.zeros((1, 1)))
    array([[0.5, 0.5]])
    """
    if scores.shape[1] == 1:
        scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
    each = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(each / each.sum(axis=1, keepdims=True))
