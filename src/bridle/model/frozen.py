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
from ..families import Family, family_named
from .contents import Contents
from .persistence import load_contents, save_contents
from .rows import Encoded, as_table, as_target, checked_offset, deviance_explained, encoded, finite
from .targets import numbers_of, weighted_by_class

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
    certificate : of this fit; ``certificates`` holds one for every rule in ``selection.choices``. Of a relaxed lasso they
        are of the penalized fits, and ``refit_certificate`` is of the refit; ``certified`` looks at both.
    penalty, fit_intercept, standardize : what the objective was.
    fill_values : (p,) training means, standing in for missing numbers.
    family : the loss, as ``bridle.fit`` takes it: "squared", "binomial", "tweedie(1.5)" ...
    classes : names of the two classes of a binomial target, the second one counted as 1; empty otherwise.
    has_offset : whether it was fitted with an offset, which predictions then demand.
    class_weights : what rows of the two classes were weighted with, besides their own weights; None without.
    adaptive : the power of the weights that a pilot gave the penalty factors, which ``penalty`` holds; None without them.
    refits : of a relaxed lasso the unpenalized fits on the supports of ``path``, whose mixtures with its fits predict.
    refit_certificates : of these refits, for every rule; empty where nothing is mixed in.
    notes, correlated, call, n_rows, target_name, target_mean, target_sd : for the report.

    A model predicts, scores and saves itself; what stands above it (reports, exports) are functions of it.
    """

    @property
    def certificate(self) -> Certificate:
        """Of the recommended fit."""
        return self.certificates[self.selection.rule]

    @property
    def refit_certificate(self) -> Certificate | None:
        """Of the refit that the recommended fit is mixed with; None where nothing is mixed in."""
        return self.refit_certificates.get(self.selection.rule)

    @property
    def certified(self) -> bool:
        """Whether the recommended fit is certified, and with it the refit that is mixed in."""
        refit = self.refit_certificate
        return bool(self.certificate.certified) and (refit is None or bool(refit.certified))

    @property
    def alpha(self) -> float:
        """The strength, chosen or given."""
        return self.selection.chosen.alpha

    @property
    def l1_ratio(self) -> float:
        """The mix, chosen or given: 0 is ridge, 1 is lasso."""
        return self.selection.chosen.l1_ratio

    @property
    def mix(self) -> float:
        """The share of the penalized fit: 1 but for a relaxed lasso, 0 where the refit on its support stands alone."""
        return self.selection.chosen.mix

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

    def predict(self, data: Any, *, rule: str | None = None, offset: Any = None) -> Floats:
        """Predicted means (n,): in units of the target, of a binomial model the probability of the second class.

        Parameters
        ----------
        data : a path, dataframe, Arrow table or dict with the model's columns in any order; or an array (n, p) where the
            model was fitted on one.
        rule : "min" or "1se", where the strength was chosen; by default the one it was chosen by.
        offset : (n,) what joins the linear predictor; demanded where the model was fitted with one that is no column of
            the table.

        Raises
        ------
        SchemaError
            When a column is missing or is not of the type it had.
        DataError
            When a cell cannot be used; the message names row and column.
        UsageError
            Where the offset that the model was fitted with is not given.
        """
        return self._family.mean(self.linear_predictor(data, rule=rule, offset=offset))

    def linear_predictor(self, data: Any, *, rule: str | None = None, offset: Any = None) -> Floats:
        """offset + intercept + x . coef of every row (n,); see ``predict``."""
        return self._predictor(self.rows_of(data, need_target=False, offset=offset), rule)

    def score(self, data: Any, y: Any = None, *, offset: Any = None) -> float:
        """The share of deviance explained on these rows: 1 - deviance / deviance of the constant model there.

        With squared error it is R^2. ``y`` (n,) is needed where the target is no column of ``data``, ``offset`` as in
        ``predict``.
        """
        own = self.rows_of(data, y=y, offset=offset)
        assert own.target is not None
        eta = self._predictor(own, None)
        return deviance_explained(self._family, own.target, eta, own.weights, own.offset, self.fit_intercept)

    @cached_property
    def _family(self) -> Family:
        return family_named(self.family)

    def _predictor(self, rows: Encoded, rule: str | None) -> Floats:
        coef, intercept = self.fit_of(rule)
        with np.errstate(over="ignore", invalid="ignore"):
            out = rows.design.matvec(coef) + intercept
        out = finite(out, rows.design, self.schema)
        return out if rows.offset is None else out + rows.offset

    def fit_of(self, rule: str | None = None) -> tuple[Floats, float]:
        """Coefficients (p,) and intercept in original units of a rule's choice."""
        if rule is None or rule == self.selection.rule:
            return self.coef, self.intercept
        if rule not in self.selection.choices:
            raise UsageError(f"rule must be one of {', '.join(self.selection.choices)}, not {rule!r}.")
        choice = self.selection.choices[rule]
        coef, intercept = self.penalized_fit_of(rule)
        if self.refits is None:
            return coef, intercept
        return self.refits.mixed(choice.index, coef, intercept, choice.mix)

    def penalized_fit_of(self, rule: str) -> tuple[Floats, float]:
        """The same of the penalized fit alone, before any refit is mixed in."""
        index = self.selection.choices[rule].index
        return self.path.stored.row(index), float(self.path.intercepts[index])

    def rows_of(self, data: Any, *, y: Any = None, need_target: bool = True, offset: Any = None) -> Encoded:
        """What this model's schema makes of a table: design, target, weights and offset; missing numbers filled in.

        Where the target is known, the weights are those of the classes too.
        """
        design, frame = encoded(self.schema, self.fill_values, data, need_target=need_target and y is None)
        target = frame.target
        if y is not None:
            target, _ = numbers_of(y, frame.n_rows, self._family, self.classes)
        elif target is None and need_target:
            raise UsageError("These rows have no target column; give y.")
        elif target is not None and self.classes and not self.schema.classes:
            target, _ = numbers_of(target, frame.n_rows, self._family, self.classes)
        shift = frame.offset if offset is None else checked_offset(offset, frame.n_rows)
        if self.has_offset and shift is None:
            raise UsageError(
                "This model was fitted with an offset, and its predictions demand one: give offset=... for every row "
                "(0 adds nothing; of an exposure it is the logarithm)."
            )
        weights = (
            frame.weights if target is None else weighted_by_class(frame.weights, target, self.class_weights)
        )
        return Encoded(design, target, weights, shift)

    def encode(
        self, data: Any, *, y: Any = None, need_target: bool = True
    ) -> tuple[Design, Floats, Floats | None]:
        """The design, target and weights that this model's schema makes of a table; missing numbers filled in."""
        own = self.rows_of(data, y=y, need_target=need_target, offset=None)
        return own.design, np.zeros(0) if own.target is None else own.target, own.weights

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
