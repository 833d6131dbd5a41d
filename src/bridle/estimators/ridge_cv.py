"""RidgeCV: the strength chosen by exact leave-one-out, or on folds."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import check_scalar
from sklearn.utils._metadata_requests import MetadataRouter, MethodMapping, _raise_for_params
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import _routing_enabled, process_routing
from sklearn.utils.validation import _check_method_params

from ..errors import UsageError
from ..fitting.given import Fit
from ..fitting.held_out import LeaveOneOut, RidgeFolds, leave_one_out, ridge_on_folds
from ..fitting.modelling import Setting
from ..model import Model
from ..solvers.modes import Targets
from ..table import Note
from .base import LinearRegressor
from .reading import Table, check_total, read, read_weights, scale_of
from .ridge import Ridge

Floats = NDArray[np.float64]


class RidgeCV(LinearRegressor):
    """Ridge with alpha chosen by cross-validation; scikit-learn's ``RidgeCV``.

    With ``cv=None`` by exact leave-one-out: one eigendecomposition gives every row's held-out error at every alpha, and no
    row is ever left out in earnest.

    Parameters
    ----------
    alphas : strengths, (n_alphas,) or one; positive where ``cv`` is None.
    fit_intercept : an intercept, never penalized; or none.
    scoring : None (squared error with leave-one-out, R^2 on folds), a name, or a scorer.
    cv : None (leave-one-out), a number of folds, a splitter, or pairs (train, test).
    gcv_mode : accepted, changes nothing.
    store_cv_results : keep ``cv_results_`` (leave-one-out only).
    alpha_per_target : an alpha for each target (leave-one-out only).

    Attributes
    ----------
    alpha_ : the chosen one, or (n_targets,).  best_score_ : its score, or (n_targets,).
    coef_ : (p,), or (n_targets, p).  intercept_ : float, or (n_targets,).
    cv_results_ : (n, n_alphas), or (n, n_targets, n_alphas): weighted squared errors, or predictions with a scorer.
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model``, with its certificate (``models_`` of several targets).

    Raises
    ------
    DataError, UsageError
        (ValueErrors) for data or settings that cannot be used; they name what is wrong.

    Notes
    -----
    With weights a row of weight w is left out as a whole: as w repeated rows that are left out together. Allen 1974; Rifkin
    and Lippert 2007.

    Examples
    --------
    >>> from bridle import RidgeCV
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> est = RidgeCV(alphas=[1e-3, 1e-2, 1e-1, 1]).fit(X, y)
    >>> float(est.alpha_), round(est.score(X, y), 4), est.model_.selection.fold_text
    (0.01, 0.5166, 'leave-one-out')
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "alphas": ["array-like", Interval(Real, 0, None, closed="neither")],
        "fit_intercept": ["boolean"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "cv": ["cv_object"],
        "gcv_mode": [StrOptions({"auto", "svd", "eigen"}), None],
        "store_cv_results": ["boolean"],
        "alpha_per_target": ["boolean"],
    }

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        gcv_mode: str | None = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> RidgeCV:
        """Choose the strength and fit.

        Parameters
        ----------
        X : (n, p) array, dataframe or sparse matrix.
        y : (n,) or (n, n_targets).
        sample_weight : (n,) weights, at least 0, or a number for all.
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
        alphas = self._strengths()
        scorer = self._get_scorer()
        table = read(self, X, y)
        weights = read_weights(sample_weight, table, number_counts=True)
        rows = Targets(table.design, table.columns, weights, scale_of(sample_weight, weights))
        check_total(rows.total)
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        if self.cv is None:
            self._leave_one_out(rows, table, alphas, scorer, params)
        else:
            self._on_folds(X, y, rows, table, alphas, scorer, params)

    def _leave_one_out(
        self, rows: Targets, table: Table, alphas: Floats, scorer: Any, params: dict[str, Any]
    ) -> None:  # fmt: skip
        if self.gcv_mode == "svd" and not isinstance(table.X, np.ndarray):
            warnings.warn(
                "The 'svd' mode is not supported for sparse X; scikit-learn will raise an error from version 1.11 on. "
                "bridle needs no mode.",
                FutureWarning,
                stacklevel=3,
            )
        if _routing_enabled():
            score_params = process_routing(self, "fit", **params).scorer.score
        else:
            score_params = {"sample_weight": params["sample_weight"]} if "sample_weight" in params else {}
        scored = self.scoring is not None
        found = self._asking(
            lambda: leave_one_out(
                rows, table.schema, alphas, penalty=self._penalty(table.X.shape[1]), fit_intercept=self.fit_intercept,
                keep=scored or self.store_cv_results,
                score=None if not scored else lambda held: self._scores(held, table, scorer, score_params),
                by_target=self.alpha_per_target,
            ),
            table,
        )  # fmt: skip
        single = table.y.ndim == 1
        self._keep(
            found.fit, table, rows.weights is not None, self._scale_note(alphas[found.best[0]], rows.total)
        )
        self._found: LeaveOneOut | RidgeFolds = found
        self._warn_where_uncertified(found.fit, 1)
        each = self.alpha_per_target and rows.y.shape[1] > 1
        self.alpha_ = alphas[found.best] if each else float(alphas[found.best[0]])
        self.best_score_ = found.best_scores if each else float(found.best_scores[0])
        if self.store_cv_results and found.held is not None:
            held = found.held if scored else found.held**2
            self.cv_results_ = (held[:, 0] if single else held).astype(table.dtype, copy=False)
        elif "cv_results_" in self.__dict__:
            del self.cv_results_

    @staticmethod
    def _scale_note(alpha: float, total: float) -> tuple[Note, ...]:
        text = (
            f"The chosen alpha of RidgeCV is {alpha:.6g}; its penalty stands beside a sum over the rows, so in bridle's "
            f"scale, beside a mean, it is {alpha / total:.6g}."
        )
        return (Note("alpha", None, text, False),)

    def _scores(self, predictions: Floats, table: Table, scorer: Any, score_params: dict[str, Any]) -> Floats:
        """Of leave-one-out predictions (n, T, A) by the user's scorer, (T or 1, A)."""
        targets, count = predictions.shape[1:]
        apart = self.alpha_per_target and targets > 1
        out = np.empty((targets if apart else 1, count))
        for k in range(count):
            if apart:
                for t in range(targets):
                    out[t, k] = scorer(_Said(), predictions[:, t, k], table.columns[:, t], **score_params)
            else:
                said = predictions[:, 0, k] if table.y.ndim == 1 else predictions[:, :, k]
                out[0, k] = scorer(_Said(), said, table.y, **score_params)
        return out

    def _on_folds(
        self, X: Any, y: Any, rows: Targets, table: Table, alphas: Floats, scorer: Any, params: dict[str, Any]
    ) -> None:  # fmt: skip
        if self.store_cv_results:
            raise UsageError("cv!=None and store_cv_results=True are incompatible")
        if self.alpha_per_target:
            raise UsageError("cv!=None and alpha_per_target=True are incompatible")
        weighted = {name: value for name, value in params.items() if name == "sample_weight"}
        score_params, split_params = weighted, {}
        if _routing_enabled():
            routed = process_routing(self, "fit", **params)
            score_params, split_params = routed.scorer.score, routed.splitter.split
        cv = check_cv(self.cv, y, classifier=False)
        pairs = list(cv.split(X, y, **split_params))
        single = table.y.ndim == 1
        fitted = _Fitted(fit_intercept=self.fit_intercept)
        fitted.n_features_in_ = self.n_features_in_

        def score(k: int, test: Any, coefs: Floats, intercepts: Floats, predictions: Floats) -> Floats:
            own = _check_method_params(X, score_params, indices=test)
            part_X, part_y = table.X[test], table.y[test]
            out = np.empty(len(coefs))
            for a in range(len(coefs)):
                fitted.coef_ = coefs[a, 0] if coefs.shape[1] == 1 else coefs[a]
                fitted.intercept_ = intercepts[a, 0] if single else intercepts[a]
                fitted.said = (part_X, predictions[a][:, 0] if coefs.shape[1] == 1 else predictions[a])
                out[a] = scorer(fitted, part_X, part_y, **own)
            return out

        found = self._asking(
            lambda: ridge_on_folds(
                rows, table.schema, pairs, f"{len(pairs)} folds, {type(cv).__name__}", alphas, score,
                penalty=self._penalty(table.X.shape[1]), fit_intercept=self.fit_intercept,
            ),
            table,
        )  # fmt: skip
        self._keep(
            found.fit, table, rows.weights is not None, self._scale_note(alphas[found.best], rows.total)
        )
        self._found = found
        self._warn_where_uncertified(found.fit, 1)
        self.alpha_ = alphas[found.best]
        self.best_score_ = float(found.scores.mean(axis=1)[found.best])

    def _strengths(self) -> Floats:
        bound = "neither" if self.cv is None else "left"
        if isinstance(self.alphas, (list, tuple)) and any(np.ndim(alpha) for alpha in self.alphas):
            raise UsageError("alphas must be a list of numbers, not of lists.")
        if isinstance(self.alphas, (np.ndarray, list, tuple)) and np.ndim(self.alphas):
            for index, alpha in enumerate(self.alphas):
                name = f"alphas[{index}]" if len(self.alphas) > 1 else "alphas"
                check_scalar(alpha, name, target_type=Real, min_val=0.0, include_boundaries=bound)
        alphas = np.atleast_1d(np.asarray(self.alphas, dtype=np.float64))
        if not len(alphas) or not np.isfinite(alphas).all():
            raise UsageError(f"alphas must be finite numbers, at least one, not {alphas.tolist()}.")
        return alphas

    def _build_models(self, fit: Fit, setting: Setting) -> tuple[Model, ...]:
        return self._found.models(setting)

    def _get_scorer(self) -> Any:
        if _routing_enabled() and self.scoring is None:
            return get_scorer("r2").set_score_request(sample_weight=True)
        return check_scoring(estimator=self, scoring=self.scoring, allow_none=True)

    def get_metadata_routing(self) -> MetadataRouter:
        """Where ``fit`` passes its metadata on to: the scorer and the splitter."""
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(scorer=self._get_scorer(), method_mapping=MethodMapping().add(caller="fit", callee="score"))
            .add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        )


class _Said(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Predictions that pass for an estimator: a scorer asks it for what it already has."""

    def predict(self, said: Any) -> Any:
        return said


class _Fitted(Ridge):
    """Ridge at one alpha and fold, its predictions of the held-out rows at hand: a scorer's question costs nothing."""

    said: tuple[Any, Any]

    def predict(self, X: Any) -> NDArray[Any]:
        asked, said = self.said
        return np.asarray(said) if X is asked else super().predict(X)
