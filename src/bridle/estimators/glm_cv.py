"""GLMCV: every family in bridle's own conventions, its strength chosen by cross-validation."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils._metadata_requests import MetadataRouter, MethodMapping, _raise_for_params
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import _routing_enabled, process_routing
from sklearn.utils.validation import _check_method_params

from ..errors import DataError, NotCertifiedWarning
from ..fitting.choosing import Choosing, chosen
from ..fitting.intake import Prepared, folds_of
from ..fitting.rating import Rate, rating_with
from ..selection import Folds, make_folds
from ..selection.scoring import SCORES
from .glm import GLM, FamilyRegressor
from .logistic import threads_of
from .reading import Table

Floats = NDArray[np.float64]


class GLMCV(FamilyRegressor):
    """A generalized linear model whose alpha and l1_ratio are chosen by cross-validation, in bridle's conventions.

    The same as ``bridle.fit`` on arrays: the same folds, grids, rules and certificates; the objective is that of ``GLM``.

    Parameters
    ----------
    family : as in ``GLM``.
    l1_ratios : the mixes to compare; 0 is ridge, 1 is lasso.
    alphas, n_alphas : the strengths, or how many on a log grid from the exact alpha_max.
    cv : None (5) or a number of shuffled folds, stratified where the target is two classes; a splitter, or pairs (train,
        test).
    rule : "min" (smallest mean error) or "1se" (largest alpha within one standard error at the minimizer's l1_ratio).
    scoring : None (mean unit deviance); a score of ``bridle.fit`` that suits the family, "auc" say; a name of
        scikit-learn's, or a scorer of predicted means, the largest of which wins.
    standardize, fit_intercept, penalty_factors, lower, upper : as in ``GLM``.
    seed : of the folds.
    n_jobs : threads; None: all processors at hand. The result does not depend on it.

    Attributes
    ----------
    alpha_, l1_ratio_ : the chosen ones.
    alphas_ : (n_l1_ratios, n_alphas).  l1_ratios_ : (n_l1_ratios,), rising.
    deviance_path_ : (n_l1_ratios, n_alphas, n_folds) mean unit deviances of held-out rows; of squared error mean squares.
    score_path_ : the same of ``scoring``, where that was given.
    coef_ : (p,).  intercept_ : float.  classes_, offset_ : as in ``GLM``.
    n_features_in_, feature_names_in_ : of X.
    model_ : the frozen ``bridle.Model``: path, curves, both rules, certificates.

    Raises
    ------
    DataError, UsageError
        (ValueErrors) for data, folds or settings that cannot be used; they name what is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from bridle import GLMCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 5))
    >>> est = GLMCV("poisson", l1_ratios=1.0, n_alphas=20).fit(X, rng.poisson(np.exp(0.5 * X[:, 0])))
    >>> est.deviance_path_.shape, bool(est.coef_[0] > 0.3), est.model_.certificate.certified
    ((1, 20, 5), True, True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{
            name: GLM._parameter_constraints[name]
            for name in (
                "family",
                "standardize",
                "fit_intercept",
                "penalty_factors",
                "lower",
                "upper",
                "n_jobs",
            )
        },
        "l1_ratios": [Interval(Real, 0, 1, closed="both"), "array-like"],
        "alphas": ["array-like", None],
        "n_alphas": [Interval(Integral, 1, None, closed="left")],
        "cv": ["cv_object"],
        "rule": [StrOptions({"min", "1se"})],
        "scoring": [StrOptions({*get_scorer_names(), *SCORES}), callable, None],
        "seed": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        family: Any = "squared",
        *,
        l1_ratios: Any = (0.0, 0.5, 0.9, 1.0),
        alphas: Any = None,
        n_alphas: int = 100,
        cv: Any = None,
        rule: str = "min",
        scoring: Any = None,
        standardize: bool = True,
        fit_intercept: bool = True,
        penalty_factors: Any = None,
        lower: Any = None,
        upper: Any = None,
        seed: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.family = family
        self.l1_ratios = l1_ratios
        self.alphas = alphas
        self.n_alphas = n_alphas
        self.cv = cv
        self.rule = rule
        self.scoring = scoring
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.penalty_factors = penalty_factors
        self.lower = lower
        self.upper = upper
        self.seed = seed
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None, **params: Any) -> GLMCV:
        """Choose the strength and fit.

        Parameters
        ----------
        X, y, sample_weight, offset : as ``GLM.fit``; the weights also count in every fold's error.
        **params : for scorer and splitter, where scikit-learn's metadata routing is enabled.

        Returns
        -------
        self
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight, offset, **params)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any, offset: Any, **params: Any) -> None:
        _raise_for_params(params, self, "fit")
        self._validate_params()
        table, ready = self._read(X, y, sample_weight, offset)
        if len(table.y) < 3:
            raise DataError(
                f"There {'is 1 row' if len(table.y) == 1 else 'are 2 rows'} (n_samples = {len(table.y)}): cross-validation "
                "needs at least 3."
            )
        rows = ready.rows
        rows.family.check(rows.y, "y", rows.weights, rows.offset)
        score_params = {} if sample_weight is None else {"sample_weight": sample_weight}
        split_params: dict[str, Any] = {}
        if _routing_enabled():
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            score_params, split_params = routed.scorer.score, routed.splitter.split
        folds = self._folds(X, ready, split_params)
        settings = Choosing(
            self.l1_ratios, self.alphas, int(self.n_alphas), "bridle", self.standardize, self.fit_intercept,
            self.penalty_factors, self.lower, self.upper, self.rule, nested=False, threads=threads_of(self.n_jobs),
            score=self.scoring if self._own else "deviance",
        )  # fmt: skip
        rating = None
        if self.scoring is not None and not self._own:
            name = self.scoring if isinstance(self.scoring, str) else "score"
            rating = rating_with(self._rate_of(table, ready, score_params), ready, name)
        call = self._call(self._settings(), self._passed(sample_weight, offset))
        model = self._asking(lambda: chosen(ready, folds, settings, call, lambda stage: None, rating), table)
        self._keep_model(model, table)
        curves = model.selection.curves
        self.alpha_, self.l1_ratio_ = model.alpha, model.l1_ratio
        self.l1_ratios_ = np.array([curve.l1_ratio for curve in curves])
        self.alphas_ = np.stack([curve.alphas for curve in curves])
        self.deviance_path_ = np.stack([curve.fold_errors.T for curve in curves])
        self.__dict__.pop("score_path_", None)
        scored = [curve.scored.fold_scores.T for curve in curves if curve.scored is not None]
        if scored:
            self.score_path_ = np.stack(scored)
        if not model.certificate.certified:
            warnings.warn(model.certificate.sentence, NotCertifiedWarning, stacklevel=3)

    def _folds(self, X: Any, ready: Prepared, params: dict[str, Any]) -> Folds:
        """bridle's own, or those of a splitter."""
        n = ready.rows.design.n
        if self.cv is None or isinstance(self.cv, Integral):
            return folds_of(n, self.cv if self.cv is None else int(self.cv), 1, None, ready, int(self.seed))
        labels = ready.rows.y if ready.taken is None else ready.rows.y + ready.taken
        cv = check_cv(self.cv, labels, classifier=bool(ready.classes))
        pairs = list(cv.split(X, labels, **params))
        return replace(make_folds(n, pairs), text=f"{len(pairs)} folds, {type(cv).__name__}")

    @property
    def _own(self) -> bool:
        """Whether ``scoring`` is one of bridle's scores, which come before scikit-learn's of the same name."""
        return isinstance(self.scoring, str) and self.scoring in SCORES

    def _rate_of(self, table: Table, ready: Prepared, params: dict[str, Any]) -> Rate:
        scorer, family = get_scorer(self.scoring), ready.rows.family
        one = _Known(self.family)
        one.n_features_in_, one.offset_ = table.X.shape[1], False

        def score(test: Any, eta: Floats, coefs: Floats, intercepts: Floats) -> Floats:
            X, y = table.X[test], table.y[test]
            own = _check_method_params(table.X, params, indices=test)
            out = np.empty(len(eta))
            for a in range(len(eta)):
                one.coef_, one.intercept_ = coefs[a], float(intercepts[a])
                one.said = (X, family.mean(eta[a]))
                out[a] = scorer(one, X, y, **own)
            return out

        return score

    def get_metadata_routing(self) -> MetadataRouter:
        """Where ``fit`` passes its metadata on to: the scorer and the splitter."""
        router = MetadataRouter(owner=self).add_self_request(self)
        mapping = MethodMapping().add(caller="fit", callee="score")
        scorer = get_scorer("r2" if self.scoring is None or self._own else self.scoring)
        return router.add(scorer=scorer, method_mapping=mapping).add(
            splitter=check_cv(self.cv), method_mapping=MethodMapping().add(caller="fit", callee="split")
        )


class _Known(GLM):
    """A GLM whose predictions of the held-out rows are at hand."""

    said: tuple[Any, Any]

    def predict(self, X: Any, offset: Any = None) -> NDArray[Any]:
        asked, said = self.said
        return np.asarray(said) if X is asked else super().predict(X, offset)
