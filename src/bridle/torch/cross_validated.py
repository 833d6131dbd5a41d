"""MLPRegressorCV and MLPClassifierCV: the strength of a network's penalty chosen by cross-validation on a path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from ..errors import DataError
from ..selection import Choice, Curve, Folds, Selection, choose, make_folds
from ..selection.choosing import RULES
from .estimating import GROUPS, Made, NetworkEstimator, Rows, hold_out, null_loss, target_of
from .model import FeaturePath, History, NetworkModel
from .network import Floats
from .predicting import NetworkClassifier, NetworkRegressor
from .problems import Problems, problems_of
from .statement import Stationarity
from .strengths import Mix, NetworkPath, grid, network_path

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Split:
    """Every fold as weights: (K, n) of the rows it trains on, and of those it is tested on."""

    train: Floats
    test: Floats
    text: str


class _AtChosenStrength(NetworkEstimator):
    """All folds and all rows side by side, from the strongest penalty to the weakest."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **NetworkEstimator._parameter_constraints,
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "groups": [StrOptions(set(GROUPS)), None],
        "alphas": ["array-like", None],
        "n_alphas": [Interval(Integral, 1, None, closed="left")],
        "cv": ["cv_object"],
        "rule": [StrOptions(set(RULES))],
    }

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> None:
        self._validate_params()
        self._sizes()
        rows = self._rows(X, y, sample_weight)
        seed = self._seed()
        split = self._split(rows, seed)
        problems = _problems(self, rows, split, seed)
        mix = Mix(float(self.l1_ratio), self.groups)
        alphas = grid(problems, mix, self.alphas, int(self.n_alphas))
        tests = np.concatenate([np.zeros((1, len(rows))), split.test])
        path = network_path(
            problems,
            tests,
            alphas,
            mix,
            self._architecture(rows),
            self._recipe(rows, seed),
            progress=self._telling("path"),
        )
        self._keep_path(path, rows, split)
        k = self.selection_.chosen.index
        self._keep(path.networks[k], seed)
        self._made = Made(
            strengths=mix.at(self.alpha_),
            selection=self.selection_,
            statement=Stationarity(
                float(path.loss[k]),
                float(path.penalty[k]),
                float(path.stationarity[k]),
                null_loss(problems),
                len(path.train_history[k]),
                int(path.best_epoch[k]),
            ),
            n_rows=len(rows),
            target=target_of(rows),
            weighted=rows.weighted or getattr(self, "class_weight", None) is not None,
            seed=seed,
            history=History(path.train_history[k], path.held_history[k]),
            path=FeaturePath(path.alphas, path.inputs_used, path.n_nonzero),
            held_rows=None if problems.held is None else np.flatnonzero(problems.held[0]),
        )

    def _split(self, rows: Rows, seed: int) -> Split:
        classes = None if rows.family == "squared" else rows.Y
        cv = FOLDS if self.cv is None else self.cv
        stratify = classes if isinstance(cv, Integral) else None
        y = rows.Y if classes is not None or rows.outputs > 1 else rows.Y[:, 0]
        split = split_of(make_folds(len(rows), cv, stratify=stratify, y=y, seed=seed), rows.weights)
        for k, train in enumerate(split.train):
            if not train.any() or not split.test[k].any():
                side = "test" if train.any() else "training"
                raise DataError(f"Split {k + 1} has no {side} row of positive weight; give other folds.")
            if classes is not None:
                there = np.bincount(classes, weights=train, minlength=len(self.classes_)) > 0
                if not there.all():
                    lost = self.classes_.tolist()[int(np.flatnonzero(~there)[0])]
                    raise DataError(
                        f"Split {k + 1} trains on no row of the class {lost!r}: give fewer folds, or merge rare classes."
                    )
        return split

    def _keep_path(self, path: NetworkPath, rows: Rows, split: Split) -> None:
        curve = replace(path.curve(split.test.sum(axis=1)), n_nonzero=path.inputs_used.sum(axis=1))
        self.path_ = path
        self.alphas_ = path.alphas
        self.cv_error_ = path.errors[:, 1:]
        self.mean_error_, self.standard_error_ = curve.mean, curve.standard_error
        self.selection_ = Selection(
            self.rule,
            (curve,),
            {rule: _chosen(curve, rule) for rule in RULES},
            _null_error(rows, split),
            split.text,
            len(split.test),
        )
        self.alpha_ = self.selection_.chosen.alpha
        self.feature_path_ = path.inputs_used
        self.entered_ = entered(path.alphas, path.inputs_used)
        self.n_iter_ = path.epochs

    @property
    def model_(self) -> NetworkModel:
        """The frozen network at the chosen strength: it predicts without PyTorch, is saved without pickle, has a report."""
        if "_made" not in self.__dict__:
            raise AttributeError(f"This {type(self).__name__} is not fitted yet, so there is no model.")
        return self._model(self._made)


def split_of(folds: Folds, weights: Floats) -> Split:
    """Every fold's rows, each with its weight."""
    train, test = [], []
    for made in folds.rounds:
        atom = np.empty(len(weights), dtype=np.intp)
        atom[made.rows] = np.repeat(np.arange(len(made.start) - 1), np.diff(made.start))
        train.append(made.train[:, atom] * weights)
        test.append(made.test[:, atom] * weights)
    return Split(np.concatenate(train), np.concatenate(test), folds.text)


def entered(alphas: Floats, used: NDArray[np.bool_]) -> Floats:
    """(p,) the largest alpha at which each column is used; NaN where it never is.

    >>> entered(np.array([2.0, 1.0]), np.array([[True, False, False], [True, True, False]]))
    array([ 2.,  1., nan])
    """
    return np.where(used.any(axis=0), alphas[used.argmax(axis=0)], np.nan)


def _problems(estimator: NetworkEstimator, rows: Rows, split: Split, seed: int) -> Problems:
    """Problem 0 is all rows, 1 to K the folds. Each gives rows of its own to early stopping, never one it is tested on."""
    weights = np.concatenate([rows.weights[None, :], split.train])
    held = None
    if estimator.early_stopping:
        share = float(estimator.validation_fraction)
        parted = [hold_out(replace(rows, weights=own), share, seed) for own in weights]
        weights, held = np.array([one.weights for one in parted]), np.array([one.held for one in parted])
    return problems_of(
        rows.X,
        rows.Y,
        weights,
        family=rows.family,
        outputs=rows.outputs,
        held=held,
        standardize=estimator.standardize,
        dtype=estimator._dtype(),
    )


def _chosen(curve: Curve, rule: str) -> Choice:
    choice = choose((curve,), rule)
    return replace(choice, n_variables=choice.n_columns)


def _null_error(rows: Rows, split: Split) -> float:
    """What the constant model of each fold's training rows makes of its test rows: mean squared error, or log loss."""
    errors = []
    for train, test in zip(split.train, split.test):
        if rows.family == "squared":
            each = ((rows.Y - train @ rows.Y / train.sum()) ** 2).sum(axis=1)
        else:
            each = -np.log(np.bincount(rows.Y, weights=train) / train.sum())[rows.Y]
        errors.append(test @ each / test.sum())
    weights = split.test.sum(axis=1)
    return float(weights @ np.array(errors) / weights.sum())


class MLPRegressorCV(NetworkRegressor, _AtChosenStrength):
    """A multilayer perceptron for numbers, the strength of its penalty chosen by cross-validation.

    A grid of strengths is walked from strong to weak, each fit starting where its stronger neighbour ended; all folds and
    the fit on all rows are trained side by side. ``bridle.fit``'s rules choose the strength: "min" (smallest mean error) or
    "1se" (the strongest within one standard error of it; Breiman et al. 1984). Nothing is fitted again: the network is the
    path's own at the chosen strength.

    Parameters
    ----------
    l1_ratio : the share of alpha that makes zeros; the rest is for squares.
    groups : None: single weights become zero; "inputs" or "neurons": whole columns of the first layer, or hidden units.
    alphas : strengths to try, in any order; None: ``n_alphas`` of a log grid from where a linear model becomes constant down
        to a thousandth of that.
    cv : None (5 folds, shuffled, of classes stratified), a number, a splitter, or pairs (train, test).
    rule : "min" or "1se".
    max_iter : epochs of the first strength; the others take half as many.
    hidden_layer_sizes, activation, dropout, solver, learning_rate, schedule, momentum, batch_size, early_stopping,
    validation_fraction, n_iter_no_change, min_delta, standardize, dtype, device, random_state, progress : as in
        ``MLPRegressor``.

    Attributes
    ----------
    alpha_ : the chosen strength.  alphas_ : (A,), strongest first.
    cv_error_ : (A, K) mean squared errors of the folds.  mean_error_, standard_error_ : (A,).
    selection_ : the ``Selection``, with both rules.
    feature_path_ : (A, p) whether a column is used.  entered_ : (p,) the largest alpha at which it is, NaN: at none.
    path_ : the ``NetworkPath``, with the network of every strength.
    n_iter_ : epochs of the whole path.
    network_, coefs_, intercepts_, n_nonzero_, features_used_, n_features_in_, feature_names_in_, model_ : as in
        ``MLPRegressor``, of the chosen strength.

    Examples
    --------
    >>> from bridle.torch import MLPRegressorCV
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> est = MLPRegressorCV((8,), groups="inputs", l1_ratio=0.5, n_alphas=5, max_iter=40, random_state=0).fit(X, y)
    >>> est.cv_error_.shape, est.feature_path_.shape, bool(est.alpha_ in est.alphas_)
    ((5, 5), (5, 10), True)
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (32,),
        *,
        l1_ratio: float = 1.0,
        groups: str | None = None,
        alphas: Any = None,
        n_alphas: int = 12,
        cv: Any = None,
        rule: str = "min",
        activation: str = "relu",
        dropout: float = 0.0,
        solver: str = "adam",
        learning_rate: float = 0.01,
        schedule: str = "cosine",
        momentum: float = 0.9,
        batch_size: Any = "auto",
        max_iter: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        min_delta: float = 0.0,
        standardize: bool = True,
        dtype: str = "float32",
        device: str = "cpu",
        random_state: Any = None,
        progress: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.l1_ratio = l1_ratio
        self.groups = groups
        self.alphas = alphas
        self.n_alphas = n_alphas
        self.cv = cv
        self.rule = rule
        self.activation = activation
        self.dropout = dropout
        self.solver = solver
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.momentum = momentum
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.min_delta = min_delta
        self.standardize = standardize
        self.dtype = dtype
        self.device = device
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressorCV:
        """Choose the strength and fit: X (n, p), y (n,) or (n, outputs), sample_weight (n,) of fits and of errors."""
        self._fit(X, y, sample_weight)
        return self


class MLPClassifierCV(NetworkClassifier, _AtChosenStrength):
    """A multilayer perceptron for classes, the strength of its penalty chosen by the cross-validated log loss.

    Parameters and attributes are those of ``MLPRegressorCV``; errors are mean log losses.

    Parameters
    ----------
    class_weight : None, "balanced" or a dict from label to weight; it weighs the folds' errors too.

    Attributes
    ----------
    classes_ : the labels.

    Examples
    --------
    >>> from bridle.torch import MLPClassifierCV
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> est = MLPClassifierCV((8,), n_alphas=4, cv=3, max_iter=40, random_state=0).fit(X, y)
    >>> bool(est.score(X, y) > 0.9), est.selection_.n_folds
    (True, 3)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_AtChosenStrength._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (32,),
        *,
        l1_ratio: float = 1.0,
        groups: str | None = None,
        alphas: Any = None,
        n_alphas: int = 12,
        cv: Any = None,
        rule: str = "min",
        activation: str = "relu",
        dropout: float = 0.0,
        solver: str = "adam",
        learning_rate: float = 0.01,
        schedule: str = "cosine",
        momentum: float = 0.9,
        batch_size: Any = "auto",
        max_iter: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        min_delta: float = 0.0,
        standardize: bool = True,
        dtype: str = "float32",
        device: str = "cpu",
        random_state: Any = None,
        progress: Any = None,
        class_weight: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.l1_ratio = l1_ratio
        self.groups = groups
        self.alphas = alphas
        self.n_alphas = n_alphas
        self.cv = cv
        self.rule = rule
        self.activation = activation
        self.dropout = dropout
        self.solver = solver
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.momentum = momentum
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.min_delta = min_delta
        self.standardize = standardize
        self.dtype = dtype
        self.device = device
        self.random_state = random_state
        self.progress = progress
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifierCV:
        """Choose the strength and fit: X (n, p), y (n,) labels, sample_weight (n,) of fits and of errors."""
        self._fit(X, y, sample_weight)
        return self
