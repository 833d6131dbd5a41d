"""ElasticNetCV and LassoCV: the strength chosen by cross-validation, every fold and alpha from one reading of X."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, PredefinedSplit, check_cv
from sklearn.utils import check_scalar
from sklearn.utils._metadata_requests import MetadataRouter, MethodMapping, _raise_for_params
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.metadata_routing import _routing_enabled, process_routing
from sklearn.utils.validation import column_or_1d

from ..errors import UsageError
from ..fitting.folded import Folded, elastic_net_folded
from ..fitting.given import Fit
from ..fitting.modelling import Setting
from ..model import Model
from ..solvers import Rows
from .base import LinearRegressor
from .paths import alpha_grid, checked_ratios, enet_path, given_alphas, lasso_path
from .precomputed import check_gram
from .reading import Table, read, read_weights

Floats = NDArray[np.float64]


MOST_KNOWN = 1000  # folds


class ElasticNetCV(LinearRegressor):
    """The elastic net with alpha (and l1_ratio) chosen by cross-validation; scikit-learn's ``ElasticNetCV``.

    All folds, alphas and l1_ratios are solved exactly from one reading of X; the smallest mean over the folds of their
    (weighted) mean squared errors wins, as in scikit-learn. ``model_`` also holds the one-standard-error rule:
    ``est.model_.predict(X, rule="1se")``.

    Parameters
    ----------
    l1_ratio : a number, or several to compare; 0 is ridge, 1 is lasso.
    eps : the smallest alpha of a made grid, as a share of the largest.
    n_alphas : the number of alphas by the name it had up to scikit-learn 1.8; None: ``alphas`` says.
    alphas : how many, or which.
    fit_intercept : an intercept, never penalized; or none.
    cv : None (5 folds in order), a number, a splitter, or pairs (train, test).
    n_jobs : threads; None: all processors at hand. The result does not depend on it.
    tol : a warning is given where the duality gap of the chosen fit exceeds tol * |y|^2 / n.
    positive : coefficients are at least 0.
    precompute : accepted; a Gram matrix that is given is checked against X and changes nothing else.
    max_iter, copy_X, verbose, random_state, selection : accepted, change nothing.

    Attributes
    ----------
    alpha_, l1_ratio_ : the chosen ones.
    coef_ : (p,).  intercept_ : float.
    mse_path_ : (n_alphas, n_folds), or (n_l1_ratio, n_alphas, n_folds).
    alphas_ : (n_alphas,), or (n_l1_ratio, n_alphas).
    dual_gap_ : of the chosen fit, from the rows.  n_iter_ : steps of the solver.
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model``: path, curves, both rules, certificates.

    Raises
    ------
    DataError, UsageError
        (ValueErrors) for data or folds that cannot be used; they name what is wrong.

    Notes
    -----
    A StandardScaler before this estimator sees the rows of every inner fold before they are held out; ``bridle.fit`` scales
    inside the folds.

    Examples
    --------
    >>> from bridle import ElasticNetCV
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> est = ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=20).fit(X, y)
    >>> est.l1_ratio_, est.mse_path_.shape, est.model_.certificate.certified
    (np.float64(1.0), (2, 20, 5), True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "n_alphas": [Interval(Integral, 1, None, closed="left"), None, Hidden(StrOptions({"deprecated"}))],
        "alphas": [
            Interval(Integral, 1, None, closed="left"),
            "array-like",
            None,
            Hidden(StrOptions({"warn"})),
        ],
        "fit_intercept": ["boolean"],
        "precompute": [StrOptions({"auto"}), "array-like", "boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "copy_X": ["boolean"],
        "cv": ["cv_object"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }

    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        n_alphas: Any = None,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.n_alphas = n_alphas
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    def _plain_numbers(self) -> bool:
        mix, cv = self.__dict__.get("l1_ratio", 1.0), self.cv
        return bool(
            _plain(mix) and 0 <= mix <= 1 and _plain(self.eps) and 0 < self.eps < np.inf and self.n_alphas is None
            and (isinstance(self.alphas, np.ndarray) or (_plain(self.alphas) and self.alphas >= 1))
            and self.max_iter >= 1 and 0 <= self.tol < np.inf and self.selection in ("cyclic", "random")
            and (cv is None or hasattr(cv, "split") or (_plain(cv) and cv >= 2))
            and isinstance(self.precompute, str) and self.precompute == "auto"
            and self.random_state is None and self.n_jobs is None and self.verbose >= 0
        )  # fmt: skip

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> ElasticNetCV:
        """Choose the strength and fit.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix.
        y : (n,).
        sample_weight : (n,) weights, at least 0, of the fits and of every fold's error.
        **params : for the splitter, where scikit-learn's metadata routing is enabled.

        Returns
        -------
        self
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight, **params)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> None:
        _raise_for_params(params, self, "fit")
        self._check_parameters()
        table = self._read(X, y)
        weights = read_weights(sample_weight, table)
        check_gram(self.precompute, table, weights, self.fit_intercept)
        ratios = self._ratios()
        made, alphas = self._grids(table, weights, ratios)
        cv = check_cv(self.cv)
        routed: dict[str, Any] = {}
        if _routing_enabled():
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params).splitter.split
        known = None if routed else _fold_of_rows(cv, len(table.y))
        splits: Any = list(cv.split(X, y, **routed)) if known is None else known
        count = len(splits) if known is None else cv.get_n_splits()
        found = self._asking(
            lambda: elastic_net_folded(
                Rows(table.design, table.y, weights),
                table.schema,
                splits,
                f"{count} folds, {type(cv).__name__}",
                ratios,
                alphas,
                penalty=self._penalty(table.X.shape[1]),
                fit_intercept=self.fit_intercept,
                threads=_threads(self.n_jobs),
            ),
            table,
        )
        self._keep(found.fit, table, weights is not None)
        self._found = found
        i, k = found.best
        self.alpha_ = alphas[i, k]
        self.l1_ratio_ = ratios[i]
        self.mse_path_ = np.squeeze(found.errors)
        self.alphas_ = alphas if made and len(ratios) > 1 else alphas[0]
        self.dual_gap_ = table.dtype.type(found.fit.gap())
        self.n_iter_ = int(found.fit.steps[0])
        self._warn_where_short(found.fit, 1)

    def _read(self, X: Any, y: Any) -> Table:
        if getattr(y, "ndim", 1) == 2 and y.shape[1] > 1:
            raise UsageError(
                f"For multi-task outputs, use MultiTask{type(self).__name__} of scikit-learn: y has {y.shape[1]} columns."
            )
        if getattr(y, "ndim", 1) == 2 and not hasattr(y, "tocsc"):
            y = column_or_1d(y, warn=True)
        return read(self, X, y, multi_output=False)

    def _ratios(self) -> Floats:
        return checked_ratios(self.l1_ratio)

    def _grids(self, table: Table, weights: Floats | None, ratios: Floats) -> tuple[bool, Floats]:
        """Whether the grid was made, and the alphas (L, A)."""
        asked = self.alphas
        if self.n_alphas is not None and not isinstance(self.n_alphas, str) and not np.iterable(asked):
            asked = self.n_alphas
        if asked is None or isinstance(asked, str):
            asked = 100
        if isinstance(asked, Integral):
            grids = [
                alpha_grid(
                    table, weights, float(ratio), self.eps, int(asked), self.fit_intercept, self.positive
                )
                for ratio in ratios
            ]
            return True, np.stack(grids)
        known = isinstance(asked, np.ndarray) and asked.dtype.kind == "f" and bool((asked >= 0).all())
        for index, alpha in enumerate(() if known else asked):
            check_scalar(alpha, f"alphas[{index}]", target_type=Real, min_val=0.0, include_boundaries="left")
        grid = given_alphas(asked)
        return False, np.tile(grid, (len(ratios), 1))

    def _build_models(self, fit: Fit, setting: Setting) -> tuple[Model, ...]:
        found: Folded = self._found
        return (found.model(setting),)

    def get_metadata_routing(self) -> MetadataRouter:
        """Where ``fit`` passes its metadata on to: the splitter."""
        mapping = MethodMapping().add(caller="fit", callee="split")
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=check_cv(self.cv), method_mapping=mapping)
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = True
        tags.target_tags.multi_output = False
        return tags


class LassoCV(ElasticNetCV):
    """The lasso with alpha chosen by cross-validation; scikit-learn's ``LassoCV``.

    Parameters, attributes and errors are those of ``ElasticNetCV`` without ``l1_ratio``.

    Examples
    --------
    >>> from bridle import LassoCV
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> est = LassoCV().fit(X, y)
    >>> round(float(est.alpha_), 6), int((est.coef_ == 0).sum()), est.model_.certificate.certified
    (0.003754, 1, True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        key: value for key, value in ElasticNetCV._parameter_constraints.items() if key != "l1_ratio"
    }

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        n_alphas: Any = None,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            l1_ratio=1.0, eps=eps, n_alphas=n_alphas, alphas=alphas, fit_intercept=fit_intercept, precompute=precompute,
            max_iter=max_iter, tol=tol, copy_X=copy_X, cv=cv, verbose=verbose, n_jobs=n_jobs, positive=positive,
            random_state=random_state, selection=selection,
        )  # fmt: skip
        del self.l1_ratio

    def _ratios(self) -> Floats:
        return np.ones(1)

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> LassoCV:
        """Choose alpha and fit; see ``ElasticNetCV.fit``."""
        super().fit(X, y, sample_weight=sample_weight, **params)
        del self.l1_ratio_
        return self


def _plain(value: Any) -> bool:
    return type(value) in (int, float)


def _threads(n_jobs: int | None) -> int | None:
    return None if n_jobs is None or n_jobs < 1 else int(n_jobs)


def _fold_of_rows(cv: Any, n: int) -> NDArray[np.intp] | None:
    """The fold of every row, where the splitter has it or it follows from their number; None: ask it for its splits."""
    if type(cv) is PredefinedSplit:
        known = cv.test_fold
        return (
            known
            if known.shape == (n,) and 1 < len(cv.unique_folds) <= MOST_KNOWN and known.min() >= 0
            else None
        )
    if type(cv) is not KFold or cv.shuffle or cv.n_splits > min(n, MOST_KNOWN):
        return None
    size, longer = divmod(n, cv.n_splits)  # in order, the first ones one row longer
    sizes = np.full(cv.n_splits, size)
    sizes[:longer] += 1
    return np.repeat(np.arange(cv.n_splits), sizes)
