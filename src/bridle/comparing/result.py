"""What a comparison finds: one row for each method, frozen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..reporting.measure import Measure
from .pairing import Difference, Splits

if TYPE_CHECKING:
    from ..certificate import Certificate
    from ..table import Note, Schema

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Row:
    """One method: its error on rows that took no part in any of its choices, and its fit on all rows.

    Attributes
    ----------
    name, title : the key and what people read.
    error, standard_error : nested mean unit deviance over the folds, of squared error its mean square in units of the
        target squared; NaN where the method is not possible (``note`` says why), the standard error also where there is a
        single split.
    null_error : of the constant model on the same rows.
    fold_errors : (K,).
    n_variables, n_columns : kept by the fit on all rows.
    alpha, l1_ratio : chosen by cross-validation on all rows; None where there is nothing to choose.
    fold_choices : (alpha, l1_ratio) chosen for each fold by the other rows alone.
    effects : (p,) coefficients of that fit per standard deviation of the column; of squared error also of the target.
    certificate : of that fit, from the rows; None for the constant and for networks, which have none. A network's
        ``effects`` are average slopes over the rows.
    seconds : for its cross-validation and its fit; the reading of the data is not counted.
    arguments : what ``bridle.fit`` (of a network: ``bridle.torch.fit``) takes to fit it.
    kind : "linear" or "network".
    family : the loss behind ``error``, as ``bridle.fit`` writes it.
    scores : of two classes "auc" and "log_loss" on the rows that ``error`` is of, means over the folds; otherwise empty.
    """

    name: str
    title: str
    error: float
    standard_error: float
    null_error: float
    fold_errors: Floats
    n_variables: int = 0
    n_columns: int = 0
    alpha: float | None = None
    l1_ratio: float | None = None
    fold_choices: tuple[tuple[float, float], ...] = ()
    effects: Floats = field(default_factory=lambda: np.zeros(0))
    certificate: Certificate | None = None
    seconds: float = 0.0
    note: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "linear"
    family: str = "squared"
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def possible(self) -> bool:
        """Whether the method has an error to compare."""
        return math.isfinite(self.error)

    @property
    def rmse(self) -> float:
        """The root of a mean squared error, in units of the target; NaN with another family than squared error."""
        return math.sqrt(self.error) if self.family == "squared" and self.error >= 0 else math.nan

    @property
    def size(self) -> float:
        """What is shown of the error: ``rmse``, or the mean deviance as it is."""
        return Measure(self.family == "squared").value(self.error)

    @property
    def size_error(self) -> float | None:
        """One standard error of ``size``; None where there is none."""
        return (
            Measure(self.family == "squared").spread(self.error, self.standard_error)
            if self.possible
            else None
        )

    @property
    def explained(self) -> float:
        """The share of the constant's squared error, or deviance, that is explained on new rows."""
        return 1 - self.error / self.null_error if self.null_error > 0 else math.nan

    @property
    def certified(self) -> bool | None:
        """Whether the fit on all rows is certified (stationary, where the loss is not convex); None where there is nothing
        to certify."""
        return None if self.certificate is None else self.certificate.certified


@dataclass(frozen=True, eq=False)
class Comparison:
    """Methods side by side on the same folds; functions of it make the page, the console's text and the JSON.

    Attributes
    ----------
    rows : one for each method, in the order of the candidates.
    recommended : the row to take, and ``reason`` why, in one sentence.
    differences : of every other possible row to the recommended one.
    splits : the weights of the folds.  fold_text, nested_text : how rows were split, and how choices were kept apart.
    reading_seconds : what reading the data took, once for all methods.
    family, classes, has_offset, fit_intercept : as in ``Model``; classes are empty but of a binomial target.
    """

    rows: tuple[Row, ...]
    recommended: Row
    reason: str
    differences: tuple[Difference, ...]
    splits: Splits
    fold_text: str
    nested_text: str
    rule: str
    n_rows: int
    target_name: str
    target_sd: float
    schema: Schema
    notes: tuple[Note, ...] = ()
    call: Mapping[str, Any] = field(default_factory=dict)
    reading_seconds: float = 0.0
    origin: Callable[[Row], Any] | None = None
    family: str = "squared"
    classes: tuple[str, ...] = ()
    has_offset: bool = False
    fit_intercept: bool = True

    @property
    def n_folds(self) -> int:
        """Over all rounds."""
        return len(self.splits.test)

    @property
    def has_networks(self) -> bool:
        """Whether any row is a network."""
        return any(row.kind == "network" for row in self.rows)

    @property
    def n_variables(self) -> int:
        """How many variables were offered."""
        return len(np.unique(self.schema.variable_of_column()))

    def row(self, name: str) -> Row:
        """The row of that name."""
        key = name.lower().replace(" ", "_").replace("-", "_")
        for row in self.rows:
            if row.name == key:
                return row
        names = ", ".join(row.name for row in self.rows)
        raise UsageError(f"There is no method {name!r} in this comparison; it has {names}.")

    def difference(self, name: str) -> Difference | None:
        """The difference of that row to the recommended one; None for itself and for what is not possible."""
        own = self.row(name).name
        return next((d for d in self.differences if d.name == own), None)

    def model(self, name: str | None = None) -> Any:
        """The model that ``bridle.fit`` makes of all rows by the named method (the recommended one unless named); of a
        network ``bridle.torch.fit`` makes it.

        It is fitted now, from the table that the comparison has at hand: a comparison that was pickled has none.
        """
        row = self.recommended if name is None else self.row(name)
        if not row.possible:
            raise UsageError(f"{row.title}: {row.note}")
        if self.origin is None:
            raise UsageError("This comparison holds no rows; call bridle.fit with the row's arguments.")
        return self.origin(row)

    def called(self, **arguments: Any) -> Comparison:
        """The same, with more of the call that made it: where the table was read from, say."""
        return replace(self, call={**arguments, **self.call})

    def __getstate__(self) -> dict[str, Any]:
        """Without the rows: what is pickled is the finding alone."""
        return {**self.__dict__, "origin": None}

    def __repr__(self) -> str:
        return f"<bridle comparison of {len(self.rows)} methods: {self.reason}>"
