"""HuberRegressor: robust regression with its scale estimated along."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils._param_validation import Interval

from ..certificate import Candidate
from ..families import Huber
from ..fitting.concomitant import huber_with_scale
from ..fitting.generalized import Asked, fit_at
from ..fitting.intake import Prepared
from ..penalties import Penalty
from ..solvers import Rows
from ..table import Note
from .base import LinearEstimator
from .reading import Table, bad_cell, check_sizes, check_total, read, read_weights, scale_of

Floats = NDArray[np.float64]


class HuberRegressor(RegressorMixin, LinearEstimator):  # type: ignore[misc]
    """Linear regression that far rows pull on no harder than near ones; scikit-learn's ``HuberRegressor``, solved exactly.

    Minimizes over b0, b and s > 0, with r_i = y_i - b0 - x_i . b,

        sum_i w_i (s + H(r_i / s) s) + alpha * sum_j b_j^2,   H(z) = z^2 for |z| <= epsilon, 2 epsilon |z| - epsilon^2 beyond

    which is jointly convex; Newton's method takes a handful of steps, one pass over the rows each.

    Parameters
    ----------
    epsilon : at least 1; rows beyond epsilon * s are outliers.
    max_iter, tol : accepted, change nothing: the steps end by themselves.
    alpha : strength, at least 0.
    warm_start : a fit of before is where the steps begin, and stays where it still is the solution.
    fit_intercept : an intercept, never penalized; or none.

    Attributes
    ----------
    coef_ : (p,).  intercept_ : float.
    scale_ : s. Where more rows than not are fitted exactly it has no limit but 1e-10 of the target's spread.
    outliers_ : (n,) flags.  n_iter_ : Newton steps.
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model`` at the scale that was found (family huber, delta = epsilon * s), with its
        certificate.

    Raises
    ------
    DataError
        (a ValueError) for cells that are no numbers; it names row and column.
    InvalidParameterError
        (a ValueError) for a parameter out of its range.

    Notes
    -----
    Huber and Ronchetti, Robust Statistics; Owen 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from bridle import HuberRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 1))
    >>> y = 3 * X[:, 0] + 0.1 * rng.standard_normal(50)
    >>> y[3] = 500.0
    >>> est = HuberRegressor().fit(X, y)
    >>> est.coef_.round(1), bool(est.outliers_[3]), est.model_.certificate.certified
    (array([3.]), True, True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "epsilon": [Interval(Real, 1.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "fit_intercept": ["boolean"],
        "tol": [Interval(Real, 0.0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        epsilon: float = 1.35,
        max_iter: int = 100,
        alpha: float = 0.0001,
        warm_start: bool = False,
        fit_intercept: bool = True,
        tol: float = 1e-05,
    ) -> None:
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.alpha = alpha
        self.warm_start = warm_start
        self.fit_intercept = fit_intercept
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> HuberRegressor:
        """Fit.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix; float32 is read as it is.
        y : (n,).
        sample_weight : (n,) weights, at least 0, or a number for all. A weight of 2 is a row that is there twice.

        Returns
        -------
        self
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> None:
        self._check_parameters()
        table = read(self, X, y, multi_output=False)
        weights = read_weights(sample_weight, table, number_counts=True)
        scale = scale_of(sample_weight, weights)
        total = float(len(table.y)) if weights is None else float(weights.sum())
        check_total(scale * total)
        epsilon, alpha = float(self.epsilon), float(self.alpha)
        rows = Rows(table.design, table.y, weights)
        bad = bad_cell(table)
        if bad is not None:
            raise bad
        check_sizes(table)
        found = huber_with_scale(
            rows, epsilon, alpha / scale, fit_intercept=self.fit_intercept, start=self._start(table)
        )
        # At the scale that was found it is the family huber, whose strength stands beside a mean of half squares.
        strength = alpha / scale * found.scale / total
        family = Huber(epsilon * found.scale)
        note = Note(
            "scale", None,
            f"The scale of HuberRegressor is {found.scale:.6g}: rows beyond {family.delta:.6g} pull no harder than there. "
            f"At that scale its alpha is {strength:.6g} in bridle's objective.", False,
        )  # fmt: skip
        own = Rows(table.design, table.y, weights, None, family)
        call = self._call(self._settings(), ["sample_weight"] if sample_weight is not None else [])
        fitted = fit_at(
            Prepared(table.schema, own, None, None, "y", (note,)), strength, 0.0,
            Asked(Penalty.of(table.X.shape[1]), self.fit_intercept), call,
            Candidate(strength, 0.0, found.intercept, found.coef), final=True,
        )  # fmt: skip
        self._keep_model(fitted.model, table)
        self.scale_ = found.scale
        self.outliers_ = np.abs(found.residual) > epsilon * found.scale
        self.n_iter_ = found.steps
        if not found.at_floor:
            self._warn_where_not_shown(fitted)

    def _start(self, table: Table) -> tuple[Floats, float, float] | None:
        """With warm_start the fit of before, where it is of the same columns."""
        if not self.warm_start or len(self.__dict__.get("coef_", ())) != table.X.shape[1]:
            return None
        return self.coef_.astype(np.float64), float(self.intercept_), float(self.scale_)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predictions (n,) of X (n, n_features), an array, dataframe or sparse matrix."""
        return self._linear_predictor(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = True
        tags.target_tags.multi_output = False
        return tags
