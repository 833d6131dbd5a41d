"""LogisticRegression of two classes at a given strength."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..certificate import Candidate
from ..errors import SeparationError, UsageError
from ..families import Binomial
from ..fitting.generalized import Asked, Fitted, all_but_unpenalized, fit_at
from ..fitting.intake import Prepared
from ..penalties import Penalty
from ..solvers import Rows
from .base import LinearEstimator
from .labels import check_both, class_weighted, read_labels
from .paths import sparse_rows
from .reading import Table, check_total, read_weights, scale_of

Floats = NDArray[np.float64]
SOLVERS = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
LOGIT = Binomial()
PENALTIES = {"l1": 1.0, "l2": 0.0}


class TwoClasses(ClassifierMixin, LinearEstimator):  # type: ignore[misc]
    """A linear classifier of two classes: decisions, labels and probabilities from ``coef_`` (1, p)."""

    coef_: Any  # an array, or what sparsify makes of it
    intercept_: Any

    def decision_function(self, X: Any) -> NDArray[Any]:
        """The linear predictor (n,): the log-odds of the second class."""
        return np.asarray(self._linear_predictor(X)).ravel()

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier class of each row (n,)."""
        second = self.decision_function(X) > 0
        return np.asarray(self.classes_[second.astype(np.intp)])

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probabilities (n, 2), in the order of ``classes_``."""
        eta = self.decision_function(X)
        return np.column_stack([LOGIT.mean(-eta), LOGIT.mean(eta)]).astype(eta.dtype, copy=False)

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Their logarithms (n, 2), which do not end at the smallest number where the probabilities do."""
        eta = self.decision_function(X)
        return np.column_stack([-np.logaddexp(0, eta), -np.logaddexp(0, -eta)])

    def sparsify(self) -> TwoClasses:
        """``coef_`` as a sparse matrix from now on."""
        check_is_fitted(self)
        self.coef_ = sparse_rows(self.coef_) if not sparse.issparse(self.coef_) else self.coef_
        return self

    def densify(self) -> TwoClasses:
        """``coef_`` as an array again."""
        check_is_fitted(self)
        self.coef_ = self.coef_.toarray() if sparse.issparse(self.coef_) else self.coef_
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


class LogisticRegression(TwoClasses):
    """Logistic regression of two classes; scikit-learn's ``LogisticRegression``, solved exactly and certified.

    Minimizes over b0 and b, with y_i 1 for the second class and 0 for the first and e_i = b0 + x_i . b,

        C * sum_i w_i (log(1 + exp(e_i)) - y_i e_i) + l1_ratio * sum |b_j| + (1 - l1_ratio) / 2 * sum b_j^2

    Nothing is scaled: put a StandardScaler before it where the columns have different units.

    Parameters
    ----------
    penalty : the older way to say l1_ratio: "l1", "l2", "elasticnet", or None for no penalty; a FutureWarning, as in
        scikit-learn.
    C : the inverse of the strength, above 0; np.inf is no penalty.
    l1_ratio : 0 is ridge, 1 is lasso.
    dual, intercept_scaling, random_state, max_iter, verbose : accepted, change nothing.
    tol : a ConvergenceWarning is given where gap or optimality conditions are above it (and above 1e-6).
    fit_intercept : an intercept, never penalized (with solver="liblinear" neither); or none.
    class_weight : a dict by label, or "balanced"; times the weights of the rows.
    solver : accepted; one answer for all names, with every penalty.
    warm_start : a fit of before is kept where it still is the solution.
    n_jobs : threads; None: all processors at hand. The result does not depend on it.

    Attributes
    ----------
    classes_ : (2,).  coef_ : (1, p).  intercept_ : (1,).
    n_iter_ : (1,) passes over the rows, 0 where the fit of before was kept.
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model``, with its certificate.

    Raises
    ------
    DataError
        (a ValueError) for cells that are no numbers, labels that are missing, one class; it names row and column.
    UsageError
        (a ValueError) for more than two classes.
    InvalidParameterError
        (a ValueError) for a parameter out of its range.

    Notes
    -----
    Certificates by Fenchel's inequality, row by row; the bound on coefficients by generalized self-concordance (Bach 2010).

    Examples
    --------
    >>> from bridle import LogisticRegression
    >>> est = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> est.predict([[0.5], [2.5]]), est.predict_proba([[1.5]]).round(3)
    (array(['no', 'yes'], dtype='<U3'), array([[0.5, 0.5]]))
    >>> est.model_.certificate.certified
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None, Hidden(StrOptions({"deprecated"}))],
        "C": [Interval(Real, 0, None, closed="right")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "dual": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "solver": [StrOptions(set(SOLVERS))],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [None, Integral],
    }

    def __init__(
        self,
        penalty: Any = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        max_iter: int = 100,
        verbose: Any = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Fit.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix; float32 is read as it is.
        y : (n,) labels of two classes, of any type that can be sorted.
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
        strength, l1_ratio = self._asked()
        table, classes = read_labels(self, X, y)
        weights = read_weights(sample_weight, table, number_counts=True)
        scale = scale_of(sample_weight, weights)
        weights = class_weighted(self.class_weight, classes, table.y, weights)
        check_both(classes, table.y, weights)
        total = scale * (float(len(table.y)) if weights is None else float(weights.sum()))
        check_total(total)
        alpha = 0.0 if strength == np.inf else 1.0 / (strength * total)
        rows = Rows(table.design, table.y, weights, None, LOGIT)
        names = tuple(str(one) for one in classes)
        ready = Prepared(table.schema, rows, None, None, "y", (), names)
        call = self._call(self._settings(), ["sample_weight"] if sample_weight is not None else [])
        asked = Asked(Penalty.of(table.X.shape[1]), self.fit_intercept, False, threads_of(self.n_jobs))
        start = self._start(table, alpha, l1_ratio, classes)
        try:
            fitted = self._asking(lambda: fit_at(ready, alpha, l1_ratio, asked, call, start), table)
        except SeparationError:
            warn_of_separation(4)
            fitted = all_but_unpenalized(ready, asked, call)
        self.classes_ = classes
        self._keep_two(fitted, table)
        self._warn_where_not_shown(fitted)

    def _keep_two(self, fitted: Fitted, table: Table) -> None:
        self._keep_model(fitted.model, table)
        self.coef_ = self.coef_[None, :]
        self.intercept_ = np.array([self.intercept_], dtype=table.dtype)
        self.n_iter_ = np.array([fitted.steps], dtype=np.int32)

    def _asked(self) -> tuple[float, float]:
        """C and l1_ratio, from ``penalty`` where that is given."""
        given = 0.0 if self.l1_ratio is None else float(self.l1_ratio)
        if self.l1_ratio is None:
            warnings.warn(
                "l1_ratio=None was deprecated in scikit-learn 1.8, 'l1_ratio=None' was deprecated: give a number, 0 for "
                "ridge.",
                FutureWarning,
                stacklevel=4,
            )
        if isinstance(self.penalty, str) and self.penalty == "deprecated":
            return float(self.C), given
        warn_of_penalty("l1_ratio", "C=np.inf", 5)
        if self.penalty is None:
            if self.C != 1.0:
                warnings.warn(
                    "Setting penalty=None will ignore the C and l1_ratio parameters",
                    UserWarning,
                    stacklevel=4,
                )
            return np.inf, given
        if self.penalty == "elasticnet":
            if self.l1_ratio is None:
                raise UsageError("l1_ratio must be specified when penalty is elasticnet.")
            return float(self.C), given
        meant = PENALTIES[self.penalty]
        if given != meant:
            text = f"Inconsistent values: penalty={self.penalty} with l1_ratio={self.l1_ratio}; the penalty counts."
            if 0 < given < 1:
                text += f" l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={self.penalty})"
            warnings.warn(text, UserWarning, stacklevel=4)
        return float(self.C), meant

    def _start(self, table: Table, alpha: float, l1_ratio: float, classes: NDArray[Any]) -> Candidate | None:
        """With warm_start the fit of before, where it is of the same columns and classes."""
        known = self.__dict__.get("coef_")
        if not self.warm_start or known is None or sparse.issparse(known):
            return None
        if known.shape != (1, table.X.shape[1]) or not np.array_equal(self.classes_, classes):
            return None
        return Candidate(alpha, l1_ratio, float(self.intercept_[0]), known[0].astype(np.float64))


def warn_of_penalty(ratio: str, none: str, depth: int) -> None:
    """scikit-learn's word on ``penalty``."""
    warnings.warn(
        f"'penalty' was deprecated in scikit-learn 1.8: leave it out and use {ratio} (0 for 'l2', 1 for 'l1', between for "
        f"'elasticnet') and {none} for no penalty.",
        FutureWarning,
        stacklevel=depth,
    )


def warn_of_separation(depth: int) -> None:
    """Classes without a finite unpenalized fit."""
    warnings.warn(
        "The columns tell the classes apart without error: unpenalized coefficients grow without end. The fit is that of a "
        "ridge penalty so small that it only gives them their direction; give a finite C.",
        ConvergenceWarning,
        stacklevel=depth,
    )


def threads_of(n_jobs: int | None) -> int | None:
    """How many threads ``n_jobs`` asks for; None: all processors at hand."""
    return None if n_jobs is None or n_jobs < 1 else int(n_jobs)
