"""What the estimators share: parameters, linear predictors, tags, and the frozen model behind them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.validation import check_is_fitted, validate_data

from .._numerics import single_threaded_blas
from ..certificate import KKT_TOLERANCE
from ..errors import DataError, NotCertifiedWarning, UsageError
from ..fitting.generalized import Fitted
from ..fitting.given import Fit
from ..fitting.modelling import Setting, given_model
from ..model import Model
from ..penalties import Penalty
from ..table import Note, Schema
from .reading import FLOATS, Table, bad_cell, check_given, plain

Floats = NDArray[np.float64]
Result = TypeVar("Result")
UNCERTIFIED = 1e-6
BELOW_ROUNDING = 1e-14  # relative gaps that no arithmetic in doubles can improve on


class SeveralModelsError(UsageError, AttributeError):
    """There is no one model of several targets; an attribute error too, so that hasattr and dir can ask."""


@dataclass(frozen=True, eq=False)
class Made:
    """A fit and the circumstances of its making: what models are built from when somebody asks for them."""

    fit: Fit
    schema: Schema
    settings: dict[str, Any]
    weighted: bool
    notes: tuple[Note, ...]


_HELD = single_threaded_blas()
_VALIDATED = ("n_features_in_", "feature_names_in_")
_passed: set[tuple[type, ...]] = set()  # a class and the types of its parameters that were found right


class _Fitting:
    """What leaves the range of floating point while fitting is judged by the answer, not by warnings on the way."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.attributes = attributes

    def __enter__(self) -> None:
        self.before = {name: self.attributes[name] for name in _VALIDATED if name in self.attributes}
        self.quiet = np.errstate(all="ignore")
        self.quiet.__enter__()
        _HELD.__enter__()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        _HELD.__exit__()
        self.quiet.__exit__(None, None, None)
        if kind is not None:
            for name in _VALIDATED:
                self.attributes.pop(name, None)
            self.attributes.update(self.before)


class LinearEstimator(BaseEstimator):  # type: ignore[misc]
    """Anything with a linear predictor: its parameters checked, its fit all or nothing, its rows read."""

    def _check_parameters(self) -> None:
        """scikit-learn's own check of every parameter, left out where parameters of these types have passed before and
        the numbers lie in their ranges."""
        own = self.__dict__
        kinds = (type(self), *(type(own[name]) for name in _defaults(type(self))))  # type: ignore[arg-type]
        if kinds not in _passed or not self._plain_numbers():
            self._validate_params()
            _passed.add(kinds)

    def _plain_numbers(self) -> bool:
        """Whether numbers and words among the parameters lie in their ranges; False also means: not known at a glance."""
        return False

    def _all_or_nothing(self) -> _Fitting:
        """BLAS held at one thread, no warnings on the way; a fit that fails leaves what validation changed as it was."""
        return _Fitting(self.__dict__)

    def _asking(self, work: Callable[[], Result], table: Table) -> Result:
        """work(), its complaint about the data made out in terms of X where that has a cell that is no number."""
        try:
            return work()
        except DataError as problem:
            better = bad_cell(table)
            if better is None:
                raise
            raise better from problem

    def _call(self, settings: dict[str, Any], passed: list[str]) -> dict[str, Any]:
        """What it takes to make the same estimator again, for the model's report."""
        call: dict[str, Any] = {"estimator": f"bridle.{type(self).__name__}"}
        for name, default in _defaults(type(self)).items():  # type: ignore[arg-type]
            value = settings[name]
            if value is not default and not _same(value, default):
                call[name] = value
        if passed:
            call["fit"] = passed
        return call

    def _settings(self) -> dict[str, Any]:
        own = self.__dict__
        return {name: own[name] for name in _defaults(type(self))}  # type: ignore[arg-type]

    def _linear_predictor(self, X: Any) -> NDArray[Any]:
        """X coef + intercept, of an array, dataframe or sparse matrix X (n, n_features)."""
        if "coef_" not in self.__dict__:
            check_is_fitted(self)
        coef = self.coef_
        check_given("X", X)
        if (
            plain(X)
            and X.shape[1] == self.n_features_in_
            and len(X)
            and "feature_names_in_" not in self.__dict__
            and coef.dtype in FLOATS
        ):
            with np.errstate(over="ignore", invalid="ignore"):
                out = X @ coef.T + self.intercept_
                if np.isfinite(out.sum()):
                    return np.asarray(out)
        try:
            with np.errstate(all="ignore"):
                X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], reset=False)
        except OverflowError as problem:
            raise DataError(f"X holds a number that is too large for float64: {problem}.") from problem
        with np.errstate(over="ignore", invalid="ignore"):
            out = np.asarray(X @ coef.T + self.intercept_)
        if not np.isfinite(out).all():
            row = int(np.flatnonzero(~np.isfinite(out.reshape(len(out), -1)).all(axis=1))[0])
            raise DataError(
                f"The prediction of row {row + 1} overflows: X holds numbers that are too large there."
            )
        return out

    def _keep_model(self, model: Model, table: Table) -> None:
        """``coef_`` (p,) and ``intercept_`` of a model, in the dtype of what came in."""
        coef, intercept = model.coef, np.float64(model.intercept)
        if not (np.isfinite(coef).all() and np.isfinite(intercept)):
            raise bad_cell(table) or DataError(
                "The coefficients overflow: X or y hold numbers that are too large."
            )
        self.coef_ = coef.astype(table.dtype)
        self.intercept_ = table.dtype.type(intercept) if self.fit_intercept else 0.0
        self._model = model

    def _warn_where_not_shown(self, fitted: Fitted) -> None:
        """A fit that its certificate does not show to be the optimum, to ``tol`` at least."""
        if not fitted.shortfall <= max(getattr(self, "tol", 0.0), KKT_TOLERANCE):
            warnings.warn(
                f"{fitted.model.certificate.sentence} The columns may be ill-conditioned: scale them, or increase the "
                "regularization.",
                ConvergenceWarning,
                stacklevel=4,
            )

    @property
    def model_(self) -> Model:
        """The frozen model of the fit."""
        model: Model | None = self.__dict__.get("_model")
        if model is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments first."
            )
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearRegressor(MultiOutputMixin, RegressorMixin, LinearEstimator):  # type: ignore[misc]
    """A linear model with scikit-learn's interface; subclasses fit, this class does the rest.

    ``model_`` is the frozen ``bridle.Model`` of a fit with one target (``models_`` of several): its certificate, its
    coefficients by name, ``bridle.report(est.model_, "out.html")``.
    """

    def _penalty(self, p: int) -> Penalty:
        positive = getattr(self, "positive", False)
        return Penalty(np.ones(p), np.zeros(p) if positive else None)

    def _keep(self, fit: Fit, table: Table, weighted: bool, notes: tuple[Note, ...] = ()) -> None:
        """The attributes of a fit, in the dtype and the shape of what came in."""
        coefs, intercepts = fit.coefs, fit.intercepts
        if not np.isfinite(coefs.sum() + intercepts.sum()) and not np.isfinite(coefs).all():
            raise bad_cell(table) or DataError(
                "The coefficients overflow: X or y hold numbers that are too large."
            )
        if table.dtype != np.float64:
            coefs, intercepts = coefs.astype(table.dtype), intercepts.astype(table.dtype)
        if table.y.ndim == 1 or table.y.shape[1] == 1:
            self.coef_ = coefs[0]
            self.intercept_ = (
                (intercepts[0] if table.y.ndim == 1 else intercepts[:1]) if self.fit_intercept else 0.0
            )
        else:
            self.coef_ = coefs
            self.intercept_ = intercepts if self.fit_intercept else 0.0
        self._made = Made(fit, table.schema, self._settings(), weighted, notes)

    def _setting(self, made: Made) -> Setting:
        """What the model says of its making."""
        call = self._call(made.settings, ["sample_weight"] if made.weighted else [])
        penalty = self._penalty(made.schema.n_columns)
        return Setting(made.schema, penalty, made.settings["fit_intercept"], notes=made.notes, call=call)

    def _warn_where_short(self, fit: Fit, count: int) -> None:
        """scikit-learn's warning where a gap is above ``tol`` times the null model's mean square."""
        for k in range(count):
            relative = fit.relative_gap(k) / 2  # tol is measured in |y|^2 / n, twice the null loss
            if relative > self.tol and not (self.tol > 0 and 2 * relative <= BELOW_ROUNDING):
                warnings.warn(
                    f"Objective did not converge: the duality gap is {fit.gap(k):.3e}, the tolerance "
                    f"{self.tol * 2 * fit.null_loss(k):.3e}. The columns may be ill-conditioned: scale them, or "
                    "increase the regularization.",
                    ConvergenceWarning,
                    stacklevel=4,
                )

    def _warn_where_uncertified(self, fit: Fit, count: int) -> None:
        """Nothing is iterated in ridge: a gap that stays is the data's condition, and worth a word."""
        for k in range(count):
            if not fit.relative_gap(k) <= UNCERTIFIED:
                warnings.warn(
                    f"The ridge fit is not certified: its objective may be {fit.relative_gap(k):.1e} of the null model's "
                    "loss above the minimum. The columns are ill-conditioned: centre and scale them.",
                    NotCertifiedWarning,
                    stacklevel=5,
                )
                return

    @property
    def model_(self) -> Model:
        """The frozen model of the fit (one target)."""
        models = self.models_
        if len(models) > 1:
            raise SeveralModelsError(
                f"This fit has {len(models)} targets, and a model for each: use models_."
            )
        return models[0]

    @property
    def models_(self) -> tuple[Model, ...]:
        """The frozen models of the fit, one for each target."""
        made = self.__dict__.get("_made")
        if made is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments first."
            )
        known = self.__dict__.get("_models")
        if known is None or known[0] is not made:
            known = (made, self._build_models(made.fit, self._setting(made)))
            self._models = known
        models: tuple[Model, ...] = known[1]
        return models

    def _build_models(self, fit: Fit, setting: Setting) -> tuple[Model, ...]:
        return tuple(given_model(fit, setting, k) for k in range(len(fit.coefs)))

    def predict(self, X: Any) -> NDArray[Any]:
        """Predictions (n,), or (n, n_targets), of X (n, n_features), an array, dataframe or sparse matrix."""
        return self._linear_predictor(X)


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    """The parameters of a class and their defaults."""
    return {name: one.default for name, one in signature(kind).parameters.items()}


def _same(value: Any, default: Any) -> bool:
    return type(value) in (bool, int, float, str, tuple) and value == default
