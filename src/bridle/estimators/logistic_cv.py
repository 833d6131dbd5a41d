"""LogisticRegressionCV: the strength of a logistic regression chosen by cross-validation."""

from __future__ import annotations

import warnings
from inspect import signature
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import metadata_routing
from sklearn.utils._metadata_requests import MetadataRouter, MethodMapping, _raise_for_params
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.metadata_routing import _routing_enabled, process_routing
from sklearn.utils.validation import _check_method_params

from ..errors import UsageError
from ..fitting.generalized import Asked
from ..fitting.intake import Prepared
from ..fitting.summed import FoldFits, fits_on_folds, whole_model
from ..model import Model
from ..penalties import Penalty
from ..solvers import Rows
from .labels import check_both, class_weighted, read_labels
from .logistic import LOGIT, PENALTIES, LogisticRegression, TwoClasses, threads_of, warn_of_penalty
from .reading import Table, check_total, read_weights, scale_of

Floats = NDArray[np.float64]


class NoModelError(UsageError, AttributeError):
    """An average of fits is the optimum of nothing; an attribute error too, so that hasattr and dir can ask."""


class LogisticRegressionCV(TwoClasses):
    """Logistic regression of two classes with C (and l1_ratio) chosen by cross-validation; scikit-learn's class.

    Every fold is solved exactly at every C and l1_ratio of C * (sum of its rows' losses) + penalty; the largest mean score
    over the folds wins. ``model_`` also holds the curves of the folds' mean deviances, whatever the score.

    Parameters
    ----------
    Cs : how many, in even steps of log C from 1e-4 to 1e4, or which; np.inf is no penalty.
    l1_ratios : several to compare, 0 is ridge, 1 is lasso; None: ridge, and attributes without that dimension.
    fit_intercept : an intercept, never penalized; or none.
    cv : None (5 stratified folds), a number, a splitter, or pairs (train, test).
    penalty : the older way to say l1_ratios: "l1", "l2" or "elasticnet"; a FutureWarning, as in scikit-learn.
    scoring : None (accuracy), a name, or a scorer.
    tol : a ConvergenceWarning is given where gap or optimality conditions of the refit are above it (and above 1e-6).
    class_weight : a dict by label, or "balanced" (by all rows); times the weights of the rows while fitting.
    n_jobs : threads; None: all processors at hand. The result does not depend on it.
    refit : fit all rows at the best mean score; False: the mean of the folds' own best fits.
    use_legacy_attributes : True: arrays by class as up to scikit-learn 1.9; False: plain ones as from 1.10 on.
    dual, solver, max_iter, verbose, intercept_scaling, random_state : accepted, change nothing.

    Attributes
    ----------
    classes_ : (2,).  coef_ : (1, p).  intercept_ : (1,).
    Cs_ : (n_cs,).  l1_ratios_ : (n_l1_ratios,).
    C_, l1_ratio_ : the chosen ones; with legacy attributes (1,).
    scores_ : (n_folds, n_l1_ratios, n_cs); legacy: {second class: (n_folds, n_cs, n_l1_ratios)}.
    coefs_paths_ : (n_folds, n_l1_ratios, n_cs, 1, p + 1), the intercept last; legacy: {second class: (n_folds, n_cs,
        n_l1_ratios, p + 1)}.
    n_iter_ : passes over the rows, (n_folds, n_l1_ratios, n_cs); legacy: (1, n_folds, n_cs, n_l1_ratios).
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model``: path, curves, certificate; with refit=False there is none.

    Raises
    ------
    DataError, UsageError
        (ValueErrors) for data or folds that cannot be used; they name what is wrong.

    Examples
    --------
    >>> from bridle import LogisticRegressionCV
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> est = LogisticRegressionCV(Cs=4, l1_ratios=(1.0,), scoring="neg_log_loss", use_legacy_attributes=False)
    >>> est = est.fit(scale(X), y)
    >>> round(est.C_, 4), est.scores_.shape, est.model_.certificate.certified
    (0.0464, (5, 1, 4), True)
    """

    # It goes on to the scorer, and is no argument of this class's own.
    __metadata_request__score: ClassVar[dict[str, Any]] = {"sample_weight": metadata_routing.UNUSED}

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{
            name: value
            for name, value in LogisticRegression._parameter_constraints.items()
            if name not in ("C", "warm_start", "l1_ratio")
        },
        "Cs": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "l1_ratios": ["array-like", None, Hidden(StrOptions({"warn"}))],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None, Hidden(StrOptions({"warn"}))],
        "refit": ["boolean"],
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), Hidden(StrOptions({"deprecated"}))],
        "use_legacy_attributes": ["boolean", Hidden(StrOptions({"warn"}))],
    }

    def __init__(
        self,
        *,
        Cs: Any = 10,
        l1_ratios: Any = None,
        fit_intercept: bool = True,
        cv: Any = None,
        dual: bool = False,
        penalty: Any = "deprecated",
        scoring: Any = None,
        solver: str = "lbfgs",
        tol: float = 1e-4,
        max_iter: int = 100,
        class_weight: Any = None,
        n_jobs: int | None = None,
        verbose: Any = 0,
        refit: bool = True,
        intercept_scaling: float = 1.0,
        random_state: Any = None,
        use_legacy_attributes: Any = True,
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> LogisticRegressionCV:
        """Choose the strength and fit.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix.
        y : (n,) labels of two classes, of any type that can be sorted.
        sample_weight : (n,) weights, at least 0, of the fits and of every fold's score, or a number for all.
        **params : for scorer and splitter, where scikit-learn's metadata routing is enabled.

        Returns
        -------
        self
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight, **params)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> None:
        _raise_for_params(params, self, "fit")
        self._validate_params()
        ratios, Cs = self._ratios(), self._strengths()
        table, classes = read_labels(self, X, y)
        labels = classes[table.y.astype(np.intp)]
        scored = read_weights(sample_weight, table, number_counts=True)
        weights = class_weighted(self.class_weight, classes, table.y, scored)
        check_both(classes, table.y, weights)
        scale = scale_of(sample_weight, scored)
        check_total(scale * (float(len(table.y)) if weights is None else float(weights.sum())))
        score_params, split_params = self._routed(sample_weight, params)
        cv = check_cv(self.cv, labels, classifier=True)
        pairs = list(cv.split(X, labels, **split_params))
        rows = Rows(table.design, table.y, weights, None, LOGIT)
        ready = Prepared(table.schema, rows, None, None, "y", (), tuple(str(one) for one in classes))
        asked = Asked(Penalty.of(table.X.shape[1]), self.fit_intercept, False, threads_of(self.n_jobs))
        rate = _Rating(self._scorer(classes), table, labels, classes, scored, score_params, Cs)
        found = self._asking(
            lambda: fits_on_folds(
                ready, pairs, f"{len(pairs)} folds, {type(cv).__name__}", Cs, ratios, asked, rate, scale
            ),
            table,
        )
        self.classes_ = classes
        if self.refit:
            call = self._call(self._settings(), ["sample_weight"] if sample_weight is not None else [])
            C, ratio = self._refitted(found, table, call)
        else:
            C, ratio = self._averaged(found, table)
        self._keep_folds(found, C, ratio)

    def _refitted(self, found: FoldFits, table: Table, call: dict[str, Any]) -> tuple[float, float]:
        """All rows at the best: of equals the first C that was given, and its first l1_ratio."""
        means = np.moveaxis(found.scores, 1, 2).mean(axis=0)  # (C, L)
        if not np.isfinite(means).all():
            warnings.warn("One or more of the test scores are non-finite.", UserWarning, stacklevel=5)
            means = np.where(np.isfinite(means), means, -np.inf)
        c, i = np.unravel_index(int(np.argmax(means)), means.shape)
        fitted = whole_model(found, (int(i), int(c)), call)
        self._keep_model(fitted.model, table)
        self.coef_ = self.coef_[None, :]
        self.intercept_ = np.array([self.intercept_], dtype=table.dtype)
        self._warn_where_not_shown(fitted)
        return float(found.Cs[c]), float(found.l1_ratios[i])

    def _averaged(self, found: FoldFits, table: Table) -> tuple[float, float]:
        """The mean of every fold's fit at its own best."""
        folds = np.arange(len(found.scores))
        scores = np.moveaxis(found.scores, 1, 2).reshape(len(folds), -1)
        c, i = np.unravel_index(np.argmax(scores, axis=1), (len(found.Cs), len(found.l1_ratios)))
        self.coef_ = found.coefs[folds, i, c].mean(axis=0)[None, :].astype(table.dtype)
        self.intercept_ = np.array([found.intercepts[folds, i, c].mean()], dtype=table.dtype)
        self.__dict__.pop("_model", None)
        return float(found.Cs[c].mean()), float(found.l1_ratios[i].mean())

    scores_: Any
    coefs_paths_: Any
    C_: Any
    l1_ratio_: Any

    def _keep_folds(self, found: FoldFits, C: float, ratio: float) -> None:
        """What the folds said, in the shapes of scikit-learn up to 1.9 or from 1.10 on."""
        paths = found.coefs
        if self.fit_intercept:
            paths = np.concatenate([paths, found.intercepts[..., None]], axis=-1)
        self.Cs_ = found.Cs
        plain = self.l1_ratios is None or isinstance(self.l1_ratios, str)
        self.l1_ratios_ = np.asarray([None] if plain else self.l1_ratios)
        if self.use_legacy_attributes:
            own = self.classes_[1]
            scores, n_iter = np.swapaxes(found.scores, 1, 2), np.swapaxes(found.passes, 1, 2)[None]
            paths = np.swapaxes(paths, 1, 2)
            if plain:
                scores, n_iter, paths = scores[..., 0], n_iter[..., 0], paths[:, :, 0]
            self.scores_, self.coefs_paths_, self.n_iter_ = {own: scores}, {own: paths}, n_iter
            self.C_ = np.array([C])
            self.l1_ratio_ = np.array([None if plain and self.refit else ratio])
        else:
            self.scores_, self.coefs_paths_, self.n_iter_ = found.scores, paths[:, :, :, None], found.passes
            self.C_, self.l1_ratio_ = C, ratio

    def _ratios(self) -> Floats:
        """The mixes that are fitted, (L,)."""
        asked = None if isinstance(self.l1_ratios, str) else self.l1_ratios
        if self.penalty != "deprecated":
            warn_of_penalty("l1_ratios", "Cs=(np.inf,)", 5)
            if self.penalty != "elasticnet":
                if asked is not None:
                    warnings.warn(
                        f"l1_ratios parameter is only used when penalty is 'elasticnet'. Got (penalty={self.penalty})",
                        UserWarning,
                        stacklevel=4,
                    )
                return np.full(1 if asked is None else len(asked), PENALTIES[self.penalty])
        if asked is None and self.penalty != "elasticnet":
            return np.zeros(1)
        try:
            ratios = np.asarray(() if asked is None else asked, dtype=np.float64)
        except (TypeError, ValueError):
            ratios = np.array([np.nan])
        if ratios.ndim != 1 or not len(ratios) or not ((ratios >= 0) & (ratios <= 1)).all():
            raise UsageError(
                f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={self.l1_ratios!r})"
            )
        return ratios

    def _strengths(self) -> Floats:
        if isinstance(self.Cs, Integral):
            return np.logspace(-4, 4, int(self.Cs))
        try:
            Cs = np.asarray(self.Cs, dtype=np.float64)
        except (TypeError, ValueError):
            raise UsageError("Cs must be numbers above 0, or how many.") from None
        if Cs.ndim != 1 or not len(Cs) or not (Cs > 0).all():
            raise UsageError(
                f"Cs must be numbers above 0 (np.inf is no penalty), at least one, not {Cs.tolist()}."
            )
        return Cs

    def _routed(self, sample_weight: Any, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What goes to the scorer and to the splitter."""
        if _routing_enabled():
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            return routed.scorer.score, routed.splitter.split
        return {} if sample_weight is None else {"sample_weight": sample_weight}, {}

    def _scorer(self, classes: NDArray[Any]) -> Any:
        """The scorer, told of the labels that a fold may lack; None for accuracy."""
        if self.scoring is None or (isinstance(self.scoring, str) and self.scoring == "warn"):
            return None
        scorer = get_scorer(self.scoring)
        function = getattr(scorer, "_score_func", None)
        known = () if function is None else signature(function).parameters
        if "labels" not in known:
            return scorer
        extra = {"labels": classes} | ({"pos_label": classes[-1]} if "pos_label" in known else {})
        return make_scorer(
            function, greater_is_better=scorer._sign == 1, response_method=scorer._response_method, **extra | scorer._kwargs
        )  # fmt: skip

    def score(self, X: Any, y: Any, sample_weight: Any = None, **score_params: Any) -> float:
        """The score by ``scoring`` of the predictions of X (n, p) for the labels y (n,)."""
        _raise_for_params(score_params, self, "score")
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        if _routing_enabled():
            score_params = process_routing(self, "score", **score_params).scorer.score
        return float(self._get_scorer()(self, X, y, **score_params))

    def _get_scorer(self) -> Any:
        named = self.scoring is not None and not (isinstance(self.scoring, str) and self.scoring == "warn")
        return get_scorer(self.scoring if named else "accuracy")

    def get_metadata_routing(self) -> MetadataRouter:
        """Where ``fit`` and ``score`` pass their metadata on to: the splitter and the scorer."""
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
            .add(
                scorer=self._get_scorer(),
                method_mapping=MethodMapping()
                .add(caller="score", callee="score")
                .add(caller="fit", callee="score"),
            )
        )

    @property
    def model_(self) -> Model:
        """The frozen model of the refit."""
        if "coef_" in self.__dict__ and self.__dict__.get("_model") is None:
            raise NoModelError(
                "With refit=False the coefficients are a mean over folds, and the optimum of nothing."
            )
        return super().model_


class _Rating:
    """Rates a fold's fits: by accuracy at once, by a scorer with a classifier that has its predictions at hand."""

    def __init__(
        self, scorer: Any, table: Table, labels: NDArray[Any], classes: NDArray[Any], weights: Floats | None,
        params: dict[str, Any], Cs: Floats,
    ) -> None:  # fmt: skip
        self.scorer, self.table, self.labels, self.classes = scorer, table, labels, classes
        self.weights, self.params, self.Cs = weights, params, Cs

    def __call__(self, k: int, test: Any, eta: Floats, coefs: Floats, intercepts: Floats) -> Floats:
        if self.scorer is None:
            weights = None if self.weights is None else self.weights[test]
            hit = (eta > 0) == (self.table.y[test] > 0)
            return np.asarray(np.average(hit, axis=1, weights=weights))
        X, y = self.table.X[test], self.labels[test]
        own = _check_method_params(self.table.X, self.params, indices=test)
        one = _Known()
        one.classes_, one.n_features_in_ = self.classes, X.shape[1]
        out = np.empty(len(eta))
        for c in range(len(eta)):
            one.coef_, one.intercept_, one.C = coefs[[c]], intercepts[[c]], self.Cs[c]
            one.said = (X, eta[c])
            out[c] = self.scorer(one, X, y, **own)
        return out


class _Known(LogisticRegression):
    """A logistic regression whose linear predictors of the held-out rows are at hand."""

    said: tuple[Any, Any]

    def decision_function(self, X: Any) -> NDArray[Any]:
        asked, said = self.said
        return np.asarray(said) if X is asked else super().decision_function(X)
