"""What y is and how predictions are made: a number for each row, or a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d, validate_data

from ..errors import DataError, UsageError
from ..estimators.reading import check_given
from .estimating import NetworkEstimator, Rows
from .model import probabilities
from .network import Array, Floats

_READ = [np.float64, np.float32]
N_DRAWS = 100  # of Monte-Carlo dropout: the spread is known to about 7 %


class NetworkRegressor(MultiOutputMixin, RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """Half the squared error; one target or several."""

    def _rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        check_given("X", X)
        check_given("y", y)
        X, y = validate_data(self, X, y, dtype=_READ, multi_output=True, y_numeric=True, ensure_min_samples=2)
        weights = self._read_weights(sample_weight, X)
        self._one_dimensional = np.ndim(y) == 1
        Y = np.ascontiguousarray(y, dtype=np.float64).reshape(len(y), -1)
        return Rows(X, Y, weights, "squared", Y.shape[1], sample_weight is not None)

    def _more(self, X: Any, y: Any) -> tuple[Array, Array]:
        X, y = validate_data(self, X, y, dtype=_READ, multi_output=True, y_numeric=True, reset=False)
        return X, np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def predict(self, X: Any, return_std: bool = False, *, n_draws: int = N_DRAWS) -> Any:
        """Predictions (n,), or (n, outputs), of X (n, p).

        Parameters
        ----------
        return_std : also the spread by Monte-Carlo dropout (Gal and Ghahramani 2016): ``n_draws`` networks with units left
            out at random; their mean and their standard deviation are returned. It is the model's doubt, not the noise.

        Raises
        ------
        UsageError
            With ``return_std``, where the network was trained without dropout.
        """
        if not return_std:
            return self._shaped(self._decision(X))
        draws = self._draws(X, n_draws)
        return self._shaped(draws.mean(axis=0)), self._shaped(draws.std(axis=0))

    def _shaped(self, out: Floats) -> Floats:
        return out[:, 0] if self._one_dimensional else out


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """Log loss: one output for two classes, an output for each of more."""

    def _rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        check_given("X", X)
        X, y = validate_data(self, X, y, dtype=_READ, multi_output=True, ensure_min_samples=2)
        if type_of_target(y, input_name="y").startswith("multilabel") or (y.ndim == 2 and y.shape[1] > 1):
            raise UsageError(
                f"y has {y.shape[1]} columns, but every row has one class here. For several labels at once, wrap this in "
                "sklearn.multioutput.MultiOutputClassifier."
            )
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"y has one class only, {self.classes_.tolist()[0]!r}; a classifier needs at least 2 classes."
            )
        weights = self._read_weights(sample_weight, X) * self._class_weights(y, codes, sample_weight)
        binary = len(self.classes_) == 2
        return Rows(
            X,
            codes,
            weights,
            "binomial" if binary else "multinomial",
            1 if binary else len(self.classes_),
            sample_weight is not None,
        )

    def _more(self, X: Any, y: Any) -> tuple[Array, Array]:
        X, y = validate_data(self, X, y, dtype=_READ, reset=False)
        codes = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = np.flatnonzero(self.classes_[codes] != y)
        if len(unknown):
            raise DataError(
                f"validation has the class {y[unknown[:1]].tolist()[0]!r}, which the training rows have not."
            )
        return X, codes

    def _class_weights(self, y: NDArray[Any], codes: NDArray[Any], sample_weight: Any) -> Floats:
        """(n,) each row's class's weight; "balanced" gives all classes the same total of sample weights."""
        if self.class_weight is None:
            return np.ones(len(y))
        if isinstance(self.class_weight, str):
            own = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
            totals = np.bincount(
                codes, weights=None if own is None else np.broadcast_to(own, codes.shape)
            ).astype(np.float64)
            each = np.where(totals > 0, totals.sum() / (len(totals) * np.where(totals > 0, totals, 1.0)), 0.0)
        else:
            each = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        return np.asarray(each[codes], dtype=np.float64)

    def decision_function(self, X: Any) -> Floats:
        """(n,) log odds of the second of two classes; (n, classes) logits of more."""
        out = self._decision(X)
        return out[:, 0] if out.shape[1] == 1 else out

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class (n,) of X (n, p)."""
        out = self._decision(X)
        codes = (out[:, 0] > 0).astype(np.intp) if out.shape[1] == 1 else out.argmax(axis=1)
        return np.asarray(self.classes_[codes])

    def predict_proba(self, X: Any, *, mc_dropout: bool = False, n_draws: int = N_DRAWS) -> Floats:
        """(n, classes) probabilities, in the order of ``classes_``.

        Parameters
        ----------
        mc_dropout : the mean over ``n_draws`` networks with units left out at random (Gal and Ghahramani 2016), which is
            less sure of itself where these disagree.

        Raises
        ------
        UsageError
            With ``mc_dropout``, where the network was trained without dropout.
        """
        if not mc_dropout:
            return probabilities(self._decision(X))
        total: Any = 0.0
        for draw in self._draws(X, n_draws):
            total = total + probabilities(draw)
        return np.asarray(total / n_draws)

    def predict_log_proba(self, X: Any) -> Floats:
        """(n, classes) logarithms of the probabilities."""
        out = self._decision(X)
        if out.shape[1] == 1:
            out = np.concatenate([np.zeros_like(out), out], axis=1)
        top = out.max(axis=1, keepdims=True)
        return np.asarray(out - top - np.log(np.exp(out - top).sum(axis=1, keepdims=True)))
