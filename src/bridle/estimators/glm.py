"""GLM: every family in bridle's own conventions, at a given strength."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval
from sklearn.utils.metaestimators import available_if

from ..errors import DataError, UsageError
from ..families import SQUARED, Family, family_named
from ..fitting.generalized import Asked, fit_at
from ..fitting.intake import Prepared, penalty_of
from ..model.rows import checked_offset
from ..solvers import Rows
from .generalized import MeanRegressor, target_of
from .labels import is_named, read_column
from .logistic import threads_of
from .reading import Table, read, read_columns, read_weights, table_of

Floats = NDArray[np.float64]


def _of_classes(estimator: Any) -> bool:
    try:
        return bool(estimator._family().classes)
    except ValueError:
        return False


class FamilyRegressor(MeanRegressor):
    """What GLM and GLMCV share: targets with an offset, means, probabilities where the target is two classes."""

    def _family(self) -> Family:
        return family_named(self.family)

    def _read(self, X: Any, y: Any, sample_weight: Any, offset: Any) -> tuple[Table, Prepared]:
        """Table and rows; sets ``classes_`` where the target names two."""
        family = self._family()
        classes: NDArray[Any] | None = None
        if family.classes:
            X, names = read_columns(self, X, y)
            labels = read_column(X, y)
            if is_named(labels):
                classes, code = np.unique(labels, return_inverse=True)
                if len(classes) != 2:
                    shown = ", ".join(str(one) for one in classes[:5]) + (", ..." if len(classes) > 5 else "")
                    raise DataError(
                        f"y holds {len(classes)} class{'es' if len(classes) > 1 else ''} ({shown}): binomial needs two."
                    )
                labels = code.reshape(-1)
            table = table_of(X, np.ascontiguousarray(labels, dtype=np.float64), names)
        else:
            table = read(self, X, y, multi_output=False)
        n = len(table.y)
        weights = read_weights(sample_weight, table)
        shift = checked_offset(offset, n)
        target, rest, taken = table.y, shift, None
        if (
            family == SQUARED and shift is not None
        ):  # squared error knows no offset: it is taken off the target
            target, rest, taken = target - shift, None, shift
        rows = Rows(table.design, target, weights, rest, family)
        called = () if classes is None else tuple(str(one) for one in classes)
        self.__dict__.pop("classes_", None)
        if classes is not None:
            self.classes_ = classes
        self.offset_ = shift is not None
        return table, Prepared(table.schema, rows, None, None, "y", (), called, shift is not None, taken)

    def _passed(self, sample_weight: Any, offset: Any) -> list[str]:
        given = {"sample_weight": sample_weight, "offset": offset}
        return [name for name, value in given.items() if value is not None]

    def _predictor(self, X: Any, offset: Any) -> NDArray[Any]:
        eta = self._linear_predictor(X)
        if offset is None:
            if self.offset_:
                raise UsageError(
                    "This estimator was fitted with an offset, and its predictions demand one: give offset=... for every "
                    "row (0 adds nothing; of an exposure it is the logarithm)."
                )
            return eta
        return np.asarray(eta + checked_offset(offset, len(eta)))

    def predict(self, X: Any, offset: Any = None) -> NDArray[Any]:
        """Predicted means (n,): in units of the target, of two classes the probability of the second.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix.
        offset : (n,) joins the linear predictor; demanded where there was one in ``fit``.
        """
        return self._mean(self._predictor(X, offset), self._family())

    @available_if(_of_classes)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, offset: Any = None) -> NDArray[Any]:
        """Probabilities (n, 2) of both classes, where the family is binomial; arguments as ``predict``."""
        eta, family = self._predictor(X, offset), self._family()
        second = self._mean(eta, family)
        first = 1 - second if family.link == "cloglog" else self._mean(-eta, family)
        return np.column_stack([first, second])

    def score(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> float:
        """The share of deviance explained: 1 - deviance / deviance of the constant model; of squared error it is R^2."""
        eta = self._predictor(X, offset)
        if "classes_" in self.__dict__:
            labels = read_column(eta, y)
            known = np.isin(labels, self.classes_)
            if not known.all():
                row = int(np.argmin(known))
                raise DataError(
                    f"y is '{labels[row]}' in row {row + 1}; the classes are {', '.join(map(str, self.classes_))}."
                )
            target = (labels == self.classes_[1]).astype(np.float64)
        else:
            target = target_of(y, len(eta))
        shift = checked_offset(offset, len(eta))
        if shift is not None and self._family() == SQUARED:
            target, eta, shift = target - shift, eta - shift, None
        return self._explained(eta, target, sample_weight, shift, self.fit_intercept)


class GLM(FamilyRegressor):
    """A generalized linear model with an elastic-net penalty, in bridle's conventions, solved exactly and certified.

    Minimizes over b0 and b, W the sum of the weights, e_i = offset_i + b0 + x_i . b,

        sum_i w_i loss(y_i, e_i) / W + alpha * sum_j v_j (l1_ratio |b_j| + (1 - l1_ratio) / 2 b_j^2)

    The loss is half the family's unit deviance. With ``standardize`` the columns are scaled to unit standard deviation first
    (and the target of squared error), so that alpha has no unit; coefficients come back in original units.

    Parameters
    ----------
    family : "squared", "binomial", "poisson", "negative_binomial(2)", "gamma", "inverse_gaussian", "tweedie(1.5)" or
        "huber(1.35)"; also "binomial(probit)" and "binomial(cloglog)".
    alpha : strength, at least 0.
    l1_ratio : 0 is ridge, 1 is lasso.
    standardize : scale the columns first.
    fit_intercept : an intercept, never penalized; or none.
    penalty_factors, lower, upper : v and bounds, a number, (p,), or a dict by column name; factor 0: never penalized,
        infinite: left out; bounds in original units contain 0.
    n_jobs : threads; None: all processors at hand. The result does not depend on it.

    Attributes
    ----------
    coef_ : (p,).  intercept_ : float.  n_iter_ : passes over the rows.
    classes_ : (2,) of a binomial target that names two; shares between 0 and 1, with the trials as weights, have none.
    offset_ : whether there was an offset, which predictions then demand.
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model``, with its certificate.

    Raises
    ------
    DataError, UsageError
        (ValueErrors) for cells that are no numbers, targets that the family cannot have, a family that is none; they name
        row and column.

    Notes
    -----
    To scikit-learn it is a regressor of means, whatever the family: ``predict`` of a binomial one gives the probability of
    the second class. ``LogisticRegression`` is the classifier.

    Examples
    --------
    >>> import numpy as np
    >>> from bridle import GLM
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]])
    >>> exposure = np.array([1.0, 2.0, 1.0, 2.0, 1.0])
    >>> est = GLM("poisson", alpha=0.01).fit(X, [1, 3, 3, 9, 8], offset=np.log(exposure))
    >>> est.predict(X[:2], offset=np.zeros(2)).round(2), est.model_.certificate.certified
    (array([0.94, 1.6 ]), True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "family": [str, Family],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "standardize": ["boolean"],
        "fit_intercept": ["boolean"],
        "penalty_factors": [None, Real, "array-like", dict],
        "lower": [None, Real, "array-like", dict],
        "upper": [None, Real, "array-like", dict],
        "n_jobs": [None, Integral],
    }

    def __init__(
        self,
        family: Any = "squared",
        *,
        alpha: float = 0.1,
        l1_ratio: float = 1.0,
        standardize: bool = True,
        fit_intercept: bool = True,
        penalty_factors: Any = None,
        lower: Any = None,
        upper: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.family = family
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.penalty_factors = penalty_factors
        self.lower = lower
        self.upper = upper
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> GLM:
        """Fit.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix; float32 is read as it is.
        y : (n,) within the family's domain; of a binomial one two classes of any type, or shares between 0 and 1.
        sample_weight : (n,) weights, at least 0; only their ratios matter.
        offset : (n,), or a number: joins the linear predictor with a coefficient of one; of counts with the exposure e it
            is log e.

        Returns
        -------
        self
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight, offset)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any, offset: Any) -> None:
        self._validate_params()
        table, ready = self._read(X, y, sample_weight, offset)
        penalty = penalty_of(table.schema, table.design, self.penalty_factors, self.lower, self.upper)
        asked = Asked(penalty, self.fit_intercept, self.standardize, threads_of(self.n_jobs))
        call = self._call(self._settings(), self._passed(sample_weight, offset))
        fitted = self._asking(
            lambda: fit_at(ready, float(self.alpha), float(self.l1_ratio), asked, call), table
        )
        self._keep_model(fitted.model, table)
        self.n_iter_ = fitted.steps
        self._warn_where_not_shown(fitted)
