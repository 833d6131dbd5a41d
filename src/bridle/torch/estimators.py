"""MLPRegressor and MLPClassifier: perceptrons at given strengths, with scikit-learn's interface."""

from __future__ import annotations

import math
import os
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..selection import Selection
from .estimating import (
    GROUPS,
    Made,
    NetworkEstimator,
    hold_out,
    statement_of,
    target_of,
    with_validation,
)
from .model import History, NetworkModel
from .network import Floats
from .penalty import Strengths
from .predicting import NetworkClassifier, NetworkRegressor
from .problems import Problems, problems_of
from .stopping_figure import Curves, Figure, curves_figure
from .strengths import mean_error
from .training import Trained, train


class _AtGivenStrengths(NetworkEstimator):
    """One network, one set of strengths."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **NetworkEstimator._parameter_constraints,
        "l1": [Interval(Real, 0, None, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "group": [Interval(Real, 0, None, closed="left")],
        "groups": [StrOptions(set(GROUPS))],
    }

    def _fit(self, X: Any, y: Any, sample_weight: Any, validation: Any) -> None:
        self._validate_params()
        self._sizes()
        rows = self._rows(X, y, sample_weight)
        n, seed = len(rows), self._seed()
        if validation is not None:
            rows = with_validation(rows, *self._more(*validation))
        elif self.early_stopping:
            rows = hold_out(rows, float(self.validation_fraction), seed)
        problems = problems_of(
            rows.X,
            rows.Y,
            rows.weights[None, :],
            family=rows.family,
            outputs=rows.outputs,
            held=None if rows.held is None else rows.held[None, :],
            standardize=self.standardize,
            dtype=self._dtype(),
        )
        strengths = Strengths(float(self.l1), float(self.l2), float(self.group), self.groups)
        found = train(
            problems,
            self._architecture(rows),
            strengths,
            self._recipe(rows, seed),
            progress=self._telling("training"),
        )
        self._keep(found.networks[0], seed)
        self._keep_training(problems, found)
        train_error = mean_error(self.network_, rows.X[:n], rows.Y[:n], rows.weights[:n])
        inside = validation is None and rows.held is not None
        self._made = Made(
            strengths=strengths,
            selection=_given(strengths, train_error, int(self.features_used_.sum())),
            statement=statement_of(problems, found),
            n_rows=n,
            target=target_of(rows),
            weighted=rows.weighted or getattr(self, "class_weight", None) is not None,
            seed=seed,
            history=History(self.loss_curve_, self.validation_curve_),
            held_rows=np.flatnonzero(rows.held) if inside and rows.held is not None else None,
        )

    def _keep_training(self, problems: Problems, found: Trained) -> None:
        self.n_iter_ = found.epochs
        self.best_epoch_ = int(found.best_epoch[0])
        self.loss_curve_: Floats = found.train_history[:, 0]
        self.validation_curve_: Floats | None = None
        if found.held_history is not None:
            self.validation_curve_ = found.held_history[:, 0]
        self.loss_ = float(found.loss[0])
        self.penalty_ = float(found.penalty[0])
        self.stationarity_ = float(found.stationarity[0])

    def figure(self, path: str | os.PathLike[str] | None = None, *, width: float = 720) -> Figure:
        """Loss by epoch, of training and of the rows looked at, best epoch and stop marked: an SVG that stands alone.

        Written to ``path`` if given.
        """
        check_is_fitted(self, "network_")
        seen = self.validation_curve_
        validation = [math.nan] * self.n_iter_ if seen is None else seen.tolist()
        stopped = self.n_iter_ if self.n_iter_ - self.best_epoch_ >= self.n_iter_no_change else None
        looking = seen is not None and self.early_stopping
        curves = Curves(
            self.loss_curve_.tolist(),
            validation,
            self.best_epoch_ if looking else None,
            stopped if looking else None,
        )
        return curves_figure(curves, path, width=width)

    @property
    def model_(self) -> NetworkModel:
        """The frozen network: it predicts without PyTorch, is saved without pickle, and has a report."""
        if "_made" not in self.__dict__:
            raise AttributeError(f"This {type(self).__name__} is not fitted yet, so there is no model.")
        return self._model(self._made)


def _given(strengths: Strengths, train_error: float, columns: int) -> Selection:
    """In the words of the linear side: alpha, and the share of it that makes zeros."""
    zeros, squares = float(strengths.l1) + float(strengths.group), float(strengths.l2)
    alpha = zeros + squares
    return Selection.given(
        alpha,
        zeros / alpha if alpha > 0 else 1.0,
        train_error=train_error,
        n_columns=columns,
        n_variables=columns,
    )


class MLPRegressor(NetworkRegressor, _AtGivenStrengths):
    """A multilayer perceptron for numbers, with penalties that reach exactly zero.

    Minimizes, in standardized columns and target, so that strengths have no unit and mean what they mean in ``bridle.fit``,

        1/2 mean (y - f(x))^2  +  l1 sum |W|  +  l2/2 sum W^2  +  group sum_g sqrt(size of g) ||W_g||

    over the weights W of all layers; biases are never penalized. The penalty is taken by proximal steps in the optimizer's
    metric, so weights reach exactly zero and can leave it again. The minimum found is a stationary point at best.

    Parameters
    ----------
    hidden_layer_sizes : units of each hidden layer; () for a linear model.
    activation : "relu", "tanh", "silu" or "identity".
    l1, l2, group : strengths, at least 0; alpha and l1_ratio of the linear side are l1 = alpha * l1_ratio and
        l2 = alpha * (1 - l1_ratio).
    groups : what ``group`` removes as a whole: "inputs", columns of the first layer, or "neurons", hidden units.
    dropout : the share of hidden units that each step leaves out (Srivastava et al. 2014).
    solver : "adam", or "sgd" with Nesterov ``momentum``.  learning_rate : of the first step.
    schedule : "cosine" lets the learning rate fall to zero over ``max_iter`` epochs, "constant" keeps it.
    batch_size : rows of a step; "auto": a sixteenth of them, between 32 and 256.  max_iter : epochs, at most.
    early_stopping : hold out ``validation_fraction`` of the rows, stop after ``n_iter_no_change`` epochs in which their loss
        did not fall by more than ``min_delta``, and keep the best epoch's weights.
    standardize : columns and target by the training rows; False leaves them, and strengths then have their units.
    dtype : "float32" or "float64".  device : "cpu", "cuda", "mps".
    random_state : of initial weights, batches, dropout and held-out rows; the same number gives the same bits.
    progress : called as progress("training", share) after each epoch.

    Attributes
    ----------
    network_ : the arrays, and what standardizes; ``network_.module()`` is a ``torch.nn.Sequential``.
    coefs_, intercepts_ : (in, out) and (out,) of each layer, in original units.
    n_iter_ : epochs trained.  best_epoch_ : whose weights these are, from 1.
    loss_curve_ : (n_iter_,) the loss as it was met in the batches.  validation_curve_ : of the held-out rows, or None.
    loss_, penalty_ : of the final weights.  stationarity_ : the largest distance of a parameter's gradient to minus the
        penalty's subdifferential.
    n_nonzero_ : weights that are not exactly zero.  features_used_ : (p,) columns with such a weight.
    n_features_in_, feature_names_in_ : of X.  n_layers_, n_outputs_ : of the network.
    model_ : the frozen ``NetworkModel``: ``est.model_.save("net.bridle")``, ``bridle.report(est.model_, "net.html")``.

    Raises
    ------
    DataError, UsageError, InvalidParameterError
        (ValueErrors) for data or parameters that cannot be used, and where the loss is no number any more.

    Notes
    -----
    Yun, Lozano and Yang 2021 (proximal steps in the metric of adaptive methods); Kingma and Ba 2015.

    Examples
    --------
    >>> from bridle.torch import MLPRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> est = MLPRegressor((16,), group=0.02, max_iter=100, random_state=0).fit(X, y)
    >>> est.predict(X).shape, est.coefs_[0].shape, bool(est.score(X, y) > 0.4)
    ((442,), (10, 16), True)
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (32,),
        *,
        activation: str = "relu",
        l1: float = 0.0,
        l2: float = 3e-3,
        group: float = 0.0,
        groups: str = "inputs",
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
        self.activation = activation
        self.l1 = l1
        self.l2 = l2
        self.group = group
        self.groups = groups
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, validation: Any = None) -> MLPRegressor:
        """Train.

        Parameters
        ----------
        X : (n, p) array or dataframe.  y : (n,) or (n, outputs).
        sample_weight : (n,) weights, at least 0. With batches of all rows a weight of 2 is a row that is there twice.
        validation : (X, y) to look at after each epoch, instead of rows held out.

        Returns
        -------
        self
        """
        self._fit(X, y, sample_weight, validation)
        return self


class MLPClassifier(NetworkClassifier, _AtGivenStrengths):
    """A multilayer perceptron for classes, with penalties that reach exactly zero.

    Minimizes mean log loss + penalty; what the penalty is, and all parameters and attributes but these, are those of
    ``MLPRegressor``.

    Parameters
    ----------
    class_weight : None, "balanced" (all classes get the same total weight) or a dict from label to weight.

    Attributes
    ----------
    classes_ : the labels.

    Examples
    --------
    >>> from bridle.torch import MLPClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> est = MLPClassifier((8,), l1=1e-3, max_iter=100, random_state=0).fit(X, y)
    >>> est.predict_proba(X).shape, bool(est.score(X, y) > 0.95)
    ((150, 3), True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_AtGivenStrengths._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (32,),
        *,
        activation: str = "relu",
        l1: float = 0.0,
        l2: float = 3e-3,
        group: float = 0.0,
        groups: str = "inputs",
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
        self.activation = activation
        self.l1 = l1
        self.l2 = l2
        self.group = group
        self.groups = groups
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, validation: Any = None) -> MLPClassifier:
        """Train.

        Parameters
        ----------
        X : (n, p) array or dataframe.  y : (n,) labels.
        sample_weight : (n,) weights, at least 0.
        validation : (X, y) to look at after each epoch, instead of rows held out.

        Returns
        -------
        self
        """
        self._fit(X, y, sample_weight, validation)
        return self
