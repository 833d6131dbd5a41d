"""ElasticNet and Lasso at a given strength."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import metadata_routing
from sklearn.utils._param_validation import Interval, StrOptions

from ..certificate import Candidate
from ..fitting.given import elastic_net_at, joined
from ..solvers import Rows
from .base import LinearRegressor
from .paths import enet_path, sparse_rows
from .precomputed import check_gram
from .reading import Table, read, read_weights


class ElasticNet(LinearRegressor):
    """Linear regression with L1 and L2 penalties; scikit-learn's ``ElasticNet``, solved exactly and certified.

    Minimizes over b0 and b, with W the sum of the weights (n without any),

        sum_i w_i (y_i - b0 - x_i . b)^2 / (2 W) + alpha * (l1_ratio * sum |b_j| + (1 - l1_ratio) / 2 * sum b_j^2)

    Nothing is scaled: put a StandardScaler before it where the columns have different units.

    Parameters
    ----------
    alpha : strength, at least 0; 0 is least squares (of many solutions the shortest).
    l1_ratio : 0 is ridge, 1 is lasso.
    fit_intercept : an intercept, never penalized; or none.
    precompute : accepted; a Gram matrix that is given is checked against X and changes nothing else.
    max_iter : accepted, changes nothing: the solver ends by itself, exactly.
    copy_X : accepted, changes nothing: X is never written to.
    tol : a warning is given where the duality gap exceeds tol * |y|^2 / n; the solver itself goes on to rounding.
    warm_start : coefficients of a fit before are kept where they still are the solution.
    positive : coefficients are at least 0.
    random_state, selection : accepted, change nothing.

    Attributes
    ----------
    coef_ : (p,), or (n_targets, p).  intercept_ : float, or (n_targets,).  sparse_coef_ : the same, sparse.
    dual_gap_ : float, or (n_targets,); computed from the rows, an upper bound of objective - optimum.
    n_iter_ : steps of the solver, for each target.
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model``, with its certificate.

    Raises
    ------
    DataError
        (a ValueError) for cells that are no numbers or out of range; it names row and column.
    InvalidParameterError
        (a ValueError) for a parameter out of its range.

    Notes
    -----
    Several targets are fitted one by one, each with its own support, as scikit-learn does (MultiTaskElasticNet is another
    model). Objective and gap: Friedman, Hastie, Tibshirani 2010; Fercoq, Gramfort, Salmon 2015.

    Examples
    --------
    >>> from bridle import ElasticNet
    >>> import numpy as np
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> est = ElasticNet(alpha=0.5, l1_ratio=0.5).fit(X, np.array([3.0, 1.0, -3.0, -1.0]))
    >>> est.coef_
    array([1.66666667, 0.33333333])
    >>> est.model_.certificate.certified
    True
    """

    # "check_input" is no data that a pipeline could pass around.
    __metadata_request__fit: ClassVar[dict[str, Any]] = {"check_input": metadata_routing.UNUSED}

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int | None = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    def _plain_numbers(self) -> bool:
        return bool(
            0 <= self.alpha < np.inf and 0 <= self.l1_ratio <= 1 and (self.max_iter is None or self.max_iter >= 1)
            and 0 <= self.tol < np.inf and self.selection in ("cyclic", "random") and self.random_state is None
        )  # fmt: skip

    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> ElasticNet:
        """Fit.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix; float32 is read as it is.
        y : (n,) or (n, n_targets).
        sample_weight : (n,) weights, at least 0; only their ratios matter. A weight of 2 is a row that is there twice.
        check_input : accepted; the input is always checked, which costs nothing here.

        Returns
        -------
        self
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> None:
        self._check_parameters()
        table = read(self, X, y)
        weights = read_weights(sample_weight, table)
        check_gram(self.precompute, table, weights, self.fit_intercept)
        penalty = self._penalty(table.X.shape[1])
        columns, design = table.columns, table.design
        parts = [
            self._asking(
                lambda k=k: elastic_net_at(  # type: ignore[misc]
                    Rows(
                        design, table.y if table.y.ndim == 1 else np.ascontiguousarray(columns[:, k]), weights
                    ),
                    table.schema,
                    float(self.alpha),
                    float(self.l1_ratio),
                    penalty=penalty,
                    fit_intercept=self.fit_intercept,
                    start=self._start(table, k),
                ),
                table,
            )
            for k in range(columns.shape[1])
        ]
        fit = parts[0] if len(parts) == 1 else joined(parts)
        self._keep(fit, table, weights is not None)
        gaps = np.array([fit.gap(k) for k in range(len(parts))])
        self.dual_gap_ = gaps if len(parts) > 1 else table.dtype.type(gaps[0])
        steps = [0 if part.solver == "kept" else int(part.steps[0]) for part in parts]
        self.n_iter_ = steps if len(parts) > 1 else steps[0]
        self._warn_where_short(fit, len(parts))

    def _start(self, table: Table, k: int) -> Candidate | None:
        """With warm_start the coefficients of before, where they are of the same columns and targets."""
        if not self.warm_start or "coef_" not in self.__dict__:
            return None
        coefs = np.atleast_2d(self.coef_)
        if coefs.shape != (table.columns.shape[1], table.X.shape[1]):
            return None
        b = coefs[k].astype(np.float64)
        intercept = np.atleast_1d(getattr(self, "intercept_", 0.0))
        return Candidate(
            float(self.alpha), float(self.l1_ratio), float(intercept[min(k, len(intercept) - 1)]), b
        )

    @property
    def sparse_coef_(self) -> Any:
        """``coef_`` as a sparse matrix (n_targets, p)."""
        return sparse_rows(self.coef_)


class Lasso(ElasticNet):
    """Linear regression with an L1 penalty; scikit-learn's ``Lasso``, solved exactly and certified.

    Minimizes sum_i w_i (y_i - b0 - x_i . b)^2 / (2 W) + alpha * sum |b_j|; parameters, attributes and errors are those of
    ``ElasticNet`` without ``l1_ratio``. Coefficients that the penalty removes are exactly 0.

    Examples
    --------
    >>> from bridle import Lasso
    >>> est = Lasso(alpha=0.1).fit([[0, 0], [1, 1], [2, 2]], [0, 1, 2])
    >>> est.coef_.sum().round(12), est.intercept_.round(12)
    (np.float64(0.85), np.float64(0.15))
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        key: value for key, value in ElasticNet._parameter_constraints.items() if key != "l1_ratio"
    }

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            alpha=alpha, l1_ratio=1.0, fit_intercept=fit_intercept, precompute=precompute, max_iter=max_iter, copy_X=copy_X,
            tol=tol, warm_start=warm_start, positive=positive, random_state=random_state, selection=selection,
        )  # fmt: skip
