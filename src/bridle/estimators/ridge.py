"""Ridge at given strengths."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from ..errors import UsageError
from ..fitting.given import Fit, elastic_net_at, joined, ridge_at
from ..solvers import Rows
from ..solvers.modes import Targets
from .base import LinearRegressor
from .reading import Table, check_total, read, read_weights, scale_of

MOST_WARNED = 10  # targets whose gaps are looked at while fitting
SOLVERS = ("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")


class Ridge(LinearRegressor):
    """Linear regression with an L2 penalty; scikit-learn's ``Ridge``, solved exactly and certified.

    Minimizes, for each target, sum_i w_i (y_i - b0 - x_i . b)^2 + alpha * sum_j b_j^2: the penalty stands beside a sum, so
    the same alpha shrinks less where there are more rows. Nothing is scaled.

    Parameters
    ----------
    alpha : strength, at least 0, or an array (n_targets,); 0 is least squares (of many solutions the shortest).
    fit_intercept : an intercept, never penalized; or none.
    copy_X : accepted, changes nothing: X is never written to.
    max_iter, tol, random_state : accepted, change nothing: nothing is iterated.
    solver : accepted; one answer for all names, by Cholesky, by an eigendecomposition or by QR (``model_.solver``).
    positive : coefficients are at least 0; scikit-learn allows solver "auto" and "lbfgs" then, and so does bridle.

    Attributes
    ----------
    coef_ : (p,), or (n_targets, p).  intercept_ : float, or (n_targets,).
    n_iter_ : None.  solver_ : the solver that was asked for.
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model``, with its certificate (``models_`` of several targets).

    Raises
    ------
    DataError
        (a ValueError) for cells that are no numbers or out of range; it names row and column.
    InvalidParameterError
        (a ValueError) for a parameter out of its range.

    Notes
    -----
    Hoerl and Kennard 1970. ``bridle convert --from sklearn-ridge`` says what this alpha is elsewhere.

    Examples
    --------
    >>> from bridle import Ridge
    >>> import numpy as np
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> est = Ridge(alpha=2.0).fit(X, np.array([3.0, 1.0, -3.0, -1.0]))
    >>> est.coef_
    array([1.5, 0.5])
    >>> est.model_.certificate.certified
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "alpha": [Interval(Real, 0, None, closed="left"), np.ndarray],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(set(SOLVERS))],
        "positive": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def _plain_numbers(self) -> bool:
        return type(self.alpha) in (float, int) and bool(
            0 <= self.alpha < np.inf and (self.max_iter is None or self.max_iter >= 1) and 0 <= self.tol < np.inf
            and self.solver in SOLVERS
        )  # fmt: skip

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Ridge:
        """Fit.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix; float32 is read as it is.
        y : (n,) or (n, n_targets).
        sample_weight : (n,) weights, at least 0, or a number for all. A weight of 2 is a row that is there twice.

        Returns
        -------
        self
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any = None) -> None:
        self._check_parameters()
        self._check_solver()
        table = read(self, X, y)
        weights = read_weights(sample_weight, table, number_counts=True)
        rows = Targets(table.design, table.columns, weights, scale_of(sample_weight, weights))
        check_total(rows.total)
        alphas = self._strengths(table) / rows.total
        if self.positive:
            fit = self._asking(lambda: self._positive(rows, table, alphas), table)
        else:
            penalty = self._penalty(table.X.shape[1])
            fit = self._asking(
                lambda: ridge_at(
                    rows, table.schema, alphas, penalty=penalty, fit_intercept=self.fit_intercept
                ),
                table,
            )
        self._keep(fit, table, weights is not None)
        self._warn_where_uncertified(fit, min(len(alphas), MOST_WARNED))
        self.n_iter_ = None
        self.solver_ = self.solver

    def _check_solver(self) -> None:
        if self.positive and self.solver not in ("auto", "lbfgs"):
            raise UsageError(
                f"solver='{self.solver}' does not support positive fitting. Please set the solver to 'auto' or 'lbfgs', or "
                "set `positive=False`"
            )
        if self.solver == "lbfgs" and not self.positive:
            raise UsageError("'lbfgs' solver can be used only when positive=True. Please use another solver.")

    def _strengths(self, table: Table) -> NDArray[np.float64]:
        count = table.columns.shape[1]
        alphas = np.asarray(self.alpha, dtype=np.float64)
        if alphas.ndim == 0:
            return np.full(count, float(alphas))
        alphas = alphas.ravel()
        if len(alphas) not in (1, count):
            raise UsageError(
                f"Number of targets and number of penalties do not correspond: {len(alphas)} != {count}"
            )
        if not (np.isfinite(alphas) & (alphas >= 0)).all():
            raise UsageError(f"alpha must hold finite numbers of at least 0, not {alphas.tolist()}.")
        return np.broadcast_to(alphas, (count,))

    def _positive(self, rows: Targets, table: Table, alphas: NDArray[np.float64]) -> Fit:
        penalty = self._penalty(table.X.shape[1])
        parts = [
            elastic_net_at(
                Rows(rows.design, np.ascontiguousarray(rows.y[:, k]), rows.weights),
                table.schema,
                float(alpha),
                0.0,
                penalty=penalty,
                fit_intercept=self.fit_intercept,
            )
            for k, alpha in enumerate(alphas)
        ]
        return parts[0] if len(parts) == 1 else joined(parts)
