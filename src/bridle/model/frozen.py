"""The frozen model: what was fitted, how it was chosen, what is proven about it. It holds no rows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..certificate import Certificate
from ..design import Design
from ..errors import UsageError
from .contents import Contents
from .persistence import load_contents, save_contents
from .rows import as_table, as_target, encoded_with_target, finite, r_squared

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Coefficient:
    """One coefficient: ``value`` in units of the target per unit, ``standardized`` per standard deviations."""

    variable: str
    level: str | None
    value: float
    standardized: float


@dataclass(frozen=True, eq=False)
class Model(Contents):
    """A fitted model.

    Attributes
    ----------
    schema : which columns it expects, and what they make.
    intercept, coef : in original units, coef (p,) by design column.
    coef_standardized : (p,) per standard deviation of the column and of the target.
    path : the whole path at the chosen l1_ratio; of a strength that was given perhaps that one fit alone.
    selection : how the strength came about: errors, rules, choices.
    certificate : of this fit; ``certificates`` holds one for every rule in ``selection.choices``.
    penalty, fit_intercept, standardize : what the objective was.
    fill_values : (p,) training means, standing in for missing numbers.
    notes, correlated, call, n_rows, target_name, target_mean, target_sd : for the report.

    A model predicts, scores and saves itself; what stands above it (reports, exports) are functions of it.
    """

    @property
    def certificate(self) -> Certificate:
        """Of the recommended fit."""
        return self.certificates[self.selection.rule]

    @property
    def alpha(self) -> float:
        """The strength, chosen or given."""
        return self.selection.chosen.alpha

    @property
    def l1_ratio(self) -> float:
        """The mix, chosen or given: 0 is ridge, 1 is lasso."""
        return self.selection.chosen.l1_ratio

    @cached_property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """Every coefficient that is not exactly zero, by variable and level, in the order of the schema."""
        which = np.flatnonzero(self.coef)
        columns = self.schema.columns()
        return tuple(
            Coefficient(*columns[j], float(self.coef[j]), float(self.coef_standardized[j])) for j in which
        )

    @property
    def kept(self) -> tuple[str, ...]:
        """The variables with a coefficient that is not zero."""
        return tuple(dict.fromkeys(c.variable for c in self.coefficients))

    def predict(self, data: Any, *, rule: str | None = None) -> Floats:
        """Predictions (n,) in units of the target.

        Parameters
        ----------
        data : a path, dataframe, Arrow table or dict with the model's columns in any order; or an array (n, p) where the
            model was fitted on one.
        rule : "min" or "1se", where the strength was chosen; by default the one it was chosen by.

        Raises
        ------
        SchemaError
            When a column is missing or is not of the type it had.
        DataError
            When a cell cannot be used; the message names row and column.
        """
        design = self.encode(data, need_target=False)[0]
        coef, intercept = self.fit_of(rule)
        with np.errstate(over="ignore", invalid="ignore"):
            out = design.matvec(coef) + intercept
        return finite(out, design, self.schema)

    def score(self, data: Any, y: Any = None) -> float:
        """R^2 on these rows: 1 - squared error / squared deviation of the target from its mean.

        ``y`` (n,) is needed where the target is no column of ``data``.
        """
        _, target, weights = self.encode(data, y=y)
        return r_squared(target, self.predict(data), weights)

    def fit_of(self, rule: str | None = None) -> tuple[Floats, float]:
        """Coefficients (p,) and intercept in original units of a rule's choice."""
        if rule is None or rule == self.selection.rule:
            return self.coef, self.intercept
        if rule not in self.selection.choices:
            raise UsageError(f"rule must be one of {', '.join(self.selection.choices)}, not {rule!r}.")
        index = self.selection.choices[rule].index
        return self.path.stored.row(index), float(self.path.intercepts[index])

    def encode(
        self, data: Any, *, y: Any = None, need_target: bool = True
    ) -> tuple[Design, Floats, Floats | None]:
        """The design, target and weights that this model's schema makes of a table; missing numbers filled in."""
        return encoded_with_target(self.schema, self.fill_values, data, y, need_target=need_target)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file (see docs/model-file.md); an old file is replaced atomically."""
        save_contents(self, path)


def load(path: str | os.PathLike[str]) -> Any:
    """Read a model that was saved: a ``Model``, or the ``bridle.torch.NetworkModel`` of a network's file.

    Raises
    ------
    ModelFileError
        When the file is damaged, of a newer version, or no model file.
    """
    return load_contents(path, Model)


def room_of(model: object) -> str | None:
    """The room above that verifies and reports a model of another kind, by name; None of a ``Model``.

    Functions on models import it when they meet one, so that linear models never load what they do not need.

    >>> room_of("not even a model") is None
    True
    """
    room: str | None = getattr(type(model), "ROOM", None)
    return room


__all__ = ["Coefficient", "Model", "as_table", "as_target", "load", "room_of"]
