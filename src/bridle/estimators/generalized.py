"""PoissonRegressor, GammaRegressor and TweedieRegressor at a given strength."""

from __future__ import annotations

import warnings
from contextlib import suppress
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight

from ..certificate import Candidate
from ..errors import DataError, UsageError
from ..families import SQUARED, Family, Gamma, Poisson, family_named
from ..fitting.generalized import Asked, fit_at
from ..fitting.intake import Prepared
from ..model.rows import deviance_explained
from ..penalties import Penalty
from ..solvers import Rows
from .base import LinearEstimator
from .reading import Table, check_cells, read, read_weights

Floats = NDArray[np.float64]


class MeanRegressor(RegressorMixin, LinearEstimator):  # type: ignore[misc]
    """A regressor of one family: predictions are means, the score is the share of deviance explained."""

    def _family(self) -> Family:
        raise NotImplementedError

    def _mean(self, eta: NDArray[Any], family: Family) -> NDArray[Any]:
        with np.errstate(over="ignore"):
            out = np.asarray(family.mean(eta))
        if not np.isfinite(out).all():
            row = int(np.flatnonzero(~np.isfinite(out))[0])
            raise DataError(
                f"The prediction of row {row + 1} overflows: its linear predictor is {eta[row]:g}."
            )
        return out

    def _explained(
        self, eta: NDArray[Any], target: Floats, weights: Any, offset: Floats | None, fit_intercept: bool
    ) -> float:
        """1 - deviance / deviance of the constant model, NaN where that fits perfectly."""
        family = self._family()
        family.check_domain(target, "y")
        own = None if weights is None else _check_sample_weight(weights, target, dtype=np.float64)
        try:
            return deviance_explained(
                family, target, np.asarray(eta, dtype=np.float64), own, offset, fit_intercept
            )
        except DataError:
            warnings.warn(
                "The target is constant on these rows: the share of deviance explained is not defined.",
                UndefinedMetricWarning,
                stacklevel=3,
            )
            return float("nan")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = True
        tags.target_tags.multi_output = False
        with suppress(ValueError, TypeError):  # parameters that make no family: fit says so
            tags.target_tags.positive_only = bool(self._family().trouble(np.array([-1.0]))[0])
        return tags


def target_of(y: Any, n: int) -> Floats:
    """A target to be scored, (n,)."""
    check_cells(y)
    out = column_or_1d(y, dtype=np.float64)
    if len(out) != n:
        check_consistent_length(np.empty(n), out)
    return np.asarray(out)


class GeneralizedRegressor(MeanRegressor):
    """scikit-learn's generalized linear models: a ridge penalty, a link that goes with the family."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "alpha": [Interval(Real, 0.0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "solver": [StrOptions({"lbfgs", "newton-cholesky"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        solver: str = "lbfgs",
        max_iter: int = 100,
        tol: float = 1e-4,
        warm_start: bool = False,
        verbose: Any = 0,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> GeneralizedRegressor:
        """Fit.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix; float32 is read as it is.
        y : (n,) within the family's domain.
        sample_weight : (n,) weights, at least 0; only their ratios matter. A weight of 2 is a row that is there twice.

        Returns
        -------
        self
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> None:
        self._check_parameters()
        family = self._family()
        table = read(self, X, y, multi_output=False)
        weights = read_weights(sample_weight, table)
        rows = Rows(table.design, table.y, weights, None, family)
        call = self._call(self._settings(), ["sample_weight"] if weights is not None else [])
        asked = Asked(Penalty.of(table.X.shape[1]), self.fit_intercept)
        fitted = self._asking(
            lambda: fit_at(
                Prepared(table.schema, rows, None, None, "y", ()), float(self.alpha), 0.0, asked, call, self._start(table)
            ),
            table,
        )  # fmt: skip
        self._keep_model(fitted.model, table)
        self.n_iter_ = fitted.steps
        self._warn_where_not_shown(fitted)

    def _start(self, table: Table) -> Candidate | None:
        """With warm_start the fit of before, where it is of the same columns."""
        if not self.warm_start or len(self.__dict__.get("coef_", ())) != table.X.shape[1]:
            return None
        return Candidate(float(self.alpha), 0.0, float(self.intercept_), self.coef_.astype(np.float64))

    def predict(self, X: Any) -> NDArray[Any]:
        """Predicted means (n,) of X (n, n_features), an array, dataframe or sparse matrix."""
        return self._mean(self._linear_predictor(X), self._family())

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of deviance explained (D^2): 1 - deviance / deviance of the mean of y."""
        eta = self._linear_predictor(X)
        return self._explained(eta, target_of(y, len(eta)), sample_weight, None, True)


class PoissonRegressor(GeneralizedRegressor):
    """Counts with the log link; scikit-learn's ``PoissonRegressor``, solved exactly and certified.

    Minimizes over b0 and b, with W the sum of the weights (n without any) and mu_i = exp(b0 + x_i . b),

        sum_i w_i (y_i log(y_i / mu_i) - y_i + mu_i) / W + alpha / 2 * sum_j b_j^2

    Parameters
    ----------
    alpha : strength, at least 0.
    fit_intercept : an intercept, never penalized; or none.
    solver, max_iter, verbose : accepted, change nothing: Newton's steps end by themselves.
    tol : a ConvergenceWarning is given where gap or optimality conditions are above it (and above 1e-6).
    warm_start : a fit of before is kept where it still is the solution.

    Attributes
    ----------
    coef_ : (p,).  intercept_ : float.  n_iter_ : passes over the rows, 0 where the fit of before was kept.
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model``, with its certificate.

    Raises
    ------
    DataError
        (a ValueError) for cells that are no numbers and for negative counts; it names the row.
    InvalidParameterError
        (a ValueError) for a parameter out of its range.

    Examples
    --------
    >>> from bridle import PoissonRegressor
    >>> est = PoissonRegressor().fit([[1, 2], [2, 3], [3, 4], [4, 3]], [12, 17, 22, 21])
    >>> est.coef_.round(3), est.model_.certificate.certified
    (array([0.121, 0.158]), True)
    """

    def _family(self) -> Family:
        return Poisson()


class GammaRegressor(GeneralizedRegressor):
    """Amounts above 0 with the log link; scikit-learn's ``GammaRegressor``, solved exactly and certified.

    Minimizes sum_i w_i (y_i / mu_i - 1 - log(y_i / mu_i)) / W + alpha / 2 * sum_j b_j^2, mu_i = exp(b0 + x_i . b);
    parameters, attributes and errors are those of ``PoissonRegressor``.

    Examples
    --------
    >>> from bridle import GammaRegressor
    >>> est = GammaRegressor().fit([[1, 2], [2, 3], [3, 4], [4, 3]], [19, 26, 33, 30])
    >>> est.coef_.round(3), round(est.score([[1, 2], [2, 3], [3, 4], [4, 3]], [19, 26, 33, 30]), 3)
    (array([0.073, 0.067]), 0.773)
    """

    def _family(self) -> Family:
        return Gamma()


class TweedieRegressor(GeneralizedRegressor):
    """Variance mean^power; scikit-learn's ``TweedieRegressor``, solved exactly and certified.

    Minimizes half the mean unit deviance + alpha / 2 * sum_j b_j^2; parameters, attributes and errors besides these two are
    those of ``PoissonRegressor``.

    Parameters
    ----------
    power : 0 is squared error, 1 Poisson, between 1 and 2 claims with a mass at zero, 2 gamma, 3 inverse Gaussian. Above 2
        the loss is not convex: the certificate then says "stationary".
    link : "auto", "identity" or "log". The identity goes with power 0, the logarithm with all others; scikit-learn has
        other pairs, which are refused here.

    Raises
    ------
    UsageError
        (a ValueError) for powers below 1 other than 0, and for the other link.

    Examples
    --------
    >>> from bridle import TweedieRegressor
    >>> est = TweedieRegressor(power=1.5).fit([[1, 2], [2, 3], [3, 4], [4, 3]], [2, 3.5, 5, 5.5])
    >>> est.model_.family, est.model_.certificate.certified
    ('tweedie(1.5)', True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **GeneralizedRegressor._parameter_constraints,
        "power": [Interval(Real, None, None, closed="neither")],
        "link": [StrOptions({"auto", "identity", "log"})],
    }

    def __init__(
        self,
        *,
        power: float = 0.0,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        link: str = "auto",
        solver: str = "lbfgs",
        max_iter: int = 100,
        tol: float = 1e-4,
        warm_start: bool = False,
        verbose: Any = 0,
    ) -> None:
        super().__init__(
            alpha=alpha, fit_intercept=fit_intercept, solver=solver, max_iter=max_iter, tol=tol, warm_start=warm_start,
            verbose=verbose,
        )  # fmt: skip
        self.power = power
        self.link = link

    def _family(self) -> Family:
        power = float(self.power)
        if power < 1 and power != 0:
            raise UsageError(
                f"power must be 0 or at least 1, not {power:g}: no distribution lies between 0 and 1, and bridle has none "
                "of negative power."
            )
        family = SQUARED if power == 0 else family_named(f"tweedie({power!r})")
        if self.link not in ("auto", family.link):
            raise UsageError(
                f'link="{self.link}" does not go with power={power:g} here: its link is "{family.link}" ("auto").'
            )
        return family
