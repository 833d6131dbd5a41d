"""The frozen model: what was fitted, how it was chosen, what is proven about it. It holds no rows."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..certificate import Certificate
from ..design import Design, from_frame
from ..errors import DataError, UsageError
from ..table import (
    Frame,
    Numeric,
    Schema,
    Table,
    check_unmasked,
    encode,
    find_bad_value,
    matrix_error,
    open_matrix,
    open_table,
)
from .contents import Contents
from .persistence import load_contents, save_contents

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
        if not np.isfinite(out).all():
            _blame(design, self.schema)
            row = int(np.flatnonzero(~np.isfinite(out))[0])
            raise DataError(
                f"The prediction of row {row + 1} overflows: it holds numbers that are too large."
            )
        return out

    def score(self, data: Any, y: Any = None) -> float:
        """R^2 on these rows: 1 - squared error / squared deviation of the target from its mean.

        ``y`` (n,) is needed where the target is no column of ``data``.
        """
        _, target, weights = self.encode(data, y=y)
        share = np.ones(len(target)) if weights is None else weights
        residual = target - self.predict(data)
        off = target - share @ target / share.sum()
        total = float(share @ off**2)
        if total == 0:
            raise DataError("The target is constant on these rows, so R^2 has no meaning.")
        return 1.0 - float(share @ residual**2) / total

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
        table = as_table(data)
        frame = encode(
            self.schema, table, need_target=need_target and y is None and self.schema.target is not None
        )
        target = frame.target
        if y is not None:
            target = as_target(y, frame.n_rows)
        elif need_target and target is None:
            raise UsageError("These rows have no target column; give y.")
        values = target if target is not None else np.zeros(0)
        return from_frame(self._filled(frame)), values, frame.weights

    def _filled(self, frame: Frame) -> Frame:
        parts, first = [], 0
        for part in frame.parts:
            if isinstance(part, Numeric):
                if part.missing is not None and part.missing.any():
                    part = Numeric(part.name, np.where(part.missing, self.fill_values[first], part.values))
                elif part.missing is not None:
                    part = Numeric(part.name, part.values)
            parts.append(part)
            first += len(part.levels) if hasattr(part, "levels") else 1
        return replace(frame, parts=tuple(parts))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file (see docs/model-file.md); an old file is replaced atomically."""
        save_contents(self, path)


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that ``Model.save`` wrote.

    Raises
    ------
    ModelFileError
        When the file is damaged, of a newer version, or no model file.
    """
    return load_contents(path, Model)


def as_table(data: Any) -> Table:
    """Any source as a table; arrays and sparse matrices directly, everything else through the readers."""
    if isinstance(data, Table):
        return data
    if isinstance(data, np.ndarray) or (hasattr(data, "tocsc") and hasattr(data, "nnz")):
        return open_matrix(data)
    return open_table(data)


def as_target(y: Any, n: int) -> Floats:
    """A target array as float64 (n,); (n, 1) is accepted.

    Raises
    ------
    DataError
        For another shape, for values that are not finite numbers; the message names the row.
    """
    check_unmasked("y", y)
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (n,):
        raise DataError(f"y has the shape {array.shape}, but there are {n} rows: it must be ({n},).")
    if array.dtype.kind in "mMcV":
        raise DataError(f"y holds {array.dtype} values, not numbers; give one real number for each row.")
    if array.dtype.kind not in "fiub":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise DataError(
                f"y holds {array.dtype} values, not numbers; text and classes are not regression targets."
            ) from None
    out = np.ascontiguousarray(array, dtype=np.float64)
    if not np.isfinite(out).all():
        row = int(np.flatnonzero(~np.isfinite(out))[0])
        raise DataError(f"y is {out[row]} in row {row + 1}; remove the rows without a finite target.")
    return out


def _blame(design: Design, schema: Schema) -> None:
    for block in design.blocks:
        values = getattr(block, "values", getattr(block, "rows", None))
        bad = (
            None
            if values is None or (isinstance(values, np.ndarray) and values.dtype.kind == "b")
            else find_bad_value(values)
        )
        if bad is not None and schema.matrix_columns is not None:
            raise matrix_error(values, *bad, schema.column_names())


__all__ = ["Coefficient", "Model", "as_table", "as_target", "load"]
