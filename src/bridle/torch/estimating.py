"""What the network estimators share: their settings, reading of rows, held-out rows, and what a fit leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from inspect import signature
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..errors import DataError, UsageError, number
from ..estimators.reading import check_given
from ..fitting.intake import checked_weights
from ..selection import Selection
from ..table import Schema
from .model import FeaturePath, History, NetworkModel
from .network import ACTIVATIONS, Architecture, Array, Floats, Network
from .penalty import Strengths
from .problems import Problems
from .statement import Stationarity
from .training import Recipe, Trained

SCHEDULES = ("cosine", "constant")
SOLVERS = ("adam", "sgd")
GROUPS = ("inputs", "neurons")
LARGEST_BATCH, SMALLEST_BATCH = 256, 32


@dataclass(frozen=True, eq=False)
class Rows:
    """X (n, p), Y (n, outputs) or codes (n,), and what each row weighs: in training, and where early stopping looks."""

    X: Array
    Y: Array
    weights: Floats
    family: str
    outputs: int
    weighted: bool
    held: Floats | None = None

    def __len__(self) -> int:
        return len(self.X)

    @property
    def p(self) -> int:
        """Columns."""
        return int(self.X.shape[1])


class NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """A perceptron with scikit-learn's interface; subclasses say what y is and how strengths are found."""

    classes_: NDArray[Any]
    network_: Network

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "solver": [StrOptions(set(SOLVERS))],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions(set(SCHEDULES))],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "min_delta": [Interval(Real, 0, None, closed="left")],
        "standardize": ["boolean"],
        "dtype": [StrOptions({"float32", "float64"})],
        "device": [str],
        "random_state": ["random_state"],
        "progress": [callable, None],
    }

    def _sizes(self) -> tuple[int, ...]:
        sizes: list[Any] = np.atleast_1d(np.asarray(self.hidden_layer_sizes, dtype=object)).tolist()
        if not all(isinstance(size, int | np.integer) and size >= 1 and size is not True for size in sizes):
            raise UsageError(
                f"hidden_layer_sizes must be whole numbers of at least 1, () for none, not {self.hidden_layer_sizes!r}."
            )
        return tuple(int(size) for size in sizes)

    def _architecture(self, rows: Rows) -> Architecture:
        return Architecture(rows.p, self._sizes(), rows.outputs, self.activation, float(self.dropout))

    def _recipe(self, rows: Rows, seed: int) -> Recipe:
        n = int((rows.weights > 0).sum())
        size = batch_size(n) if isinstance(self.batch_size, str) else int(self.batch_size)
        return Recipe(
            solver=self.solver,
            learning_rate=float(self.learning_rate),
            epochs=int(self.max_iter),
            batch_size=size,
            schedule=self.schedule,
            momentum=float(self.momentum),
            patience=int(self.n_iter_no_change) if self.early_stopping else None,
            min_delta=float(self.min_delta),
            seed=seed,
            device=self.device,
        )

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _dtype(self) -> Any:
        return np.float64 if self.dtype == "float64" else np.float32

    def _telling(self, stage: str) -> Callable[[float], None] | None:
        progress = self.progress
        return None if progress is None else lambda share: progress(stage, share)

    def _read_weights(self, sample_weight: Any, X: Array) -> Floats:
        if sample_weight is None:
            return np.ones(len(X))
        weights = checked_weights(_check_sample_weight(sample_weight, X, dtype=np.float64), len(X), least=1)
        assert weights is not None
        return weights

    def _matrix(self, X: Any) -> Array:
        """New rows, checked against the rows of the fit."""
        check_is_fitted(self, "network_")
        check_given("X", X)
        return np.asarray(validate_data(self, X, dtype=[np.float64, np.float32], reset=False))

    def _decision(self, X: Any) -> Floats:
        """(n, outputs) in original units."""
        matrix = self._matrix(X)
        return _finite(self.network_.decision(matrix), matrix)

    def _draws(self, X: Any, n_draws: int) -> Floats:
        """(n_draws, n, outputs), each with units left out at random; the same ones at every call."""
        matrix = self._matrix(X)
        if not self.network_.architecture.dropout > 0:
            raise UsageError(
                "Monte-Carlo dropout needs a network that was trained with dropout: fit with dropout=0.1, say."
            )
        draws = int(number("n_draws", n_draws, 1, 1_000_000, whole=True))
        return self.network_.sampled(matrix, draws, self._fit_seed)

    @property
    def coefs_(self) -> list[Floats]:
        """A (in, out) for each layer, in original units: they take X as it comes and give the target as it is."""
        return [weight.T for weight in self._layers()[0]]

    @property
    def intercepts_(self) -> list[Floats]:
        """An (out,) for each layer, in original units."""
        return self._layers()[1]

    def _layers(self) -> tuple[list[Floats], list[Floats]]:
        if "network_" not in self.__dict__:
            raise AttributeError(f"This {type(self).__name__} is not fitted yet, so it has no weights.")
        return original_units(self.network_)

    def _keep(self, network: Network, seed: int) -> None:
        self.network_ = network
        self._fit_seed = seed
        self.n_layers_ = len(network.weights) + 1
        self.n_outputs_ = network.architecture.outputs
        self.n_nonzero_ = network.n_nonzero
        self.features_used_ = network.inputs_used

    def _call(self) -> dict[str, Any]:
        """What it takes to make the same estimator again."""
        call: dict[str, Any] = {"estimator": f"bridle.torch.{type(self).__name__}"}
        for name, default in _defaults(type(self)).items():  # type: ignore[arg-type]
            value = getattr(self, name)
            plain = isinstance(value, (bool, int, float, str, tuple))
            if name not in ("progress", "random_state") and not (plain and value == default):
                call[name] = value
        return call

    def _model(self, made: Made) -> NetworkModel:
        """The frozen network of this fit."""
        names = tuple(map(str, getattr(self, "feature_names_in_", ())))
        p = int(self.n_features_in_)
        classes = getattr(self, "classes_", None)
        call = {**self._call(), "random_state": made.seed}
        if made.weighted:
            call["fit"] = ["sample_weight"]
        return NetworkModel(
            schema=Schema((), None, matrix_columns=names if len(set(names)) == p else p),
            network=self.network_,
            strengths=made.strengths,
            selection=made.selection,
            stationarity=made.statement,
            fill_values=self.network_.x_mean,
            n_rows=made.n_rows,
            target_mean=made.target[0],
            target_sd=made.target[1],
            classes=None if classes is None else tuple(classes.tolist()),
            history=made.history,
            path=made.path,
            held_rows=made.held_rows,
            weighted=made.weighted,
            seeds={"network": made.seed},
            call=call,
        )


@dataclass(frozen=True, eq=False)
class Made:
    """The circumstances of a fit: what its model is built from when somebody asks for it."""

    strengths: Strengths
    selection: Selection
    statement: Stationarity
    n_rows: int
    target: tuple[float, float]
    weighted: bool
    seed: int
    history: History | None = None
    path: FeaturePath | None = None
    held_rows: NDArray[np.int64] | None = None


def statement_of(problems: Problems, found: Trained) -> Stationarity:
    """Of problem 0 at the end of its training."""
    return Stationarity(
        float(found.loss[0]),
        float(found.penalty[0]),
        float(found.stationarity[0]),
        null_loss(problems),
        found.epochs,
        int(found.best_epoch[0]),
    )


def null_loss(problems: Problems) -> float:
    """Half the mean deviance of problem 0's constant model, in the units of its loss."""
    share = problems.weights[0] / problems.weights[0].sum()
    if problems.family == "squared":
        mean = share @ problems.Y
        return float(0.5 * (share @ ((problems.Y - mean) / problems.y_scale[0]) ** 2).sum())
    each = np.bincount(problems.Y.astype(np.intp), weights=share)
    return float(-(each[each > 0] * np.log(each[each > 0])).sum())


def target_of(rows: Rows) -> tuple[float, float]:
    """Mean and standard deviation of one target; 0 and 1 of classes and of several."""
    if rows.family != "squared" or rows.outputs > 1:
        return 0.0, 1.0
    share = rows.weights / rows.weights.sum()
    mean = float(share @ rows.Y[:, 0])
    return mean, float(np.sqrt(share @ (rows.Y[:, 0] - mean) ** 2))


def batch_size(n: int) -> int:
    """Rows of a batch where nobody says: a sixteenth of them, between 32 and 256, at most all.

    >>> [batch_size(n) for n in (20, 442, 2_000, 100_000)]
    [20, 32, 125, 256]
    """
    return min(n, max(SMALLEST_BATCH, min(LARGEST_BATCH, n // 16)))


def hold_out(rows: Rows, share: float, seed: int) -> Rows:
    """The rows, a share of them moved from training to where early stopping looks: of classes, the same share of each.

    Rows of weight zero stay where they are, and one row of every class always stays in training.

    Raises
    ------
    DataError
        When that leaves no row on one side.
    """
    random = np.random.default_rng([seed, 1])
    order = random.permutation(np.flatnonzero(rows.weights > 0))
    count = max(1, round(share * len(order)))
    if rows.family != "squared":
        codes = rows.Y[order]
        order = order[np.argsort(codes, kind="stable")]
        first = np.unique(rows.Y[order], return_index=True)[1]
        order = np.delete(order, first)
    if not count < len(order) + (rows.family != "squared"):
        raise DataError(
            f"Holding out {count} of {int((rows.weights > 0).sum())} rows for early stopping leaves too few to train "
            "on. Give a smaller validation_fraction, or early_stopping=False."
        )
    # Evenly spaced along rows sorted by class: every class gives its share, up to one row.
    chosen = order[((np.arange(count) + 0.5) * len(order) / count).astype(np.intp)]
    held = np.zeros(len(rows))
    held[chosen] = rows.weights[chosen]
    return replace(rows, weights=rows.weights * (held == 0), held=held)


def with_validation(rows: Rows, X: Array, Y: Array) -> Rows:
    """The rows, and behind them others that are only looked at.

    Raises
    ------
    DataError
        Where these have another number of targets.
    """
    if Y.shape[1:] != rows.Y.shape[1:]:
        raise DataError(
            f"validation has targets of shape {Y.shape[1:]}, the training rows {rows.Y.shape[1:]}."
        )
    more, none = np.ones(len(X)), np.zeros(len(rows))
    return replace(
        rows,
        X=np.concatenate([rows.X, X]),
        Y=np.concatenate([rows.Y, Y]),
        weights=np.concatenate([rows.weights, 0 * more]),
        held=np.concatenate([none, more]),
    )


def original_units(network: Network) -> tuple[list[Floats], list[Floats]]:
    """Weights (out, in) and biases (out,) in float64 that take columns and give the target in original units."""
    weights = [weight.astype(np.float64) for weight in network.weights]
    biases = [bias.astype(np.float64) for bias in network.biases]
    inverse = np.where(network.x_scale > 0, 1 / np.where(network.x_scale > 0, network.x_scale, 1.0), 0.0)
    weights[0] = weights[0] * inverse
    biases[0] = biases[0] - weights[0] @ network.x_mean
    weights[-1] = weights[-1] * network.y_scale[:, None]
    biases[-1] = biases[-1] * network.y_scale + network.y_mean
    return weights, biases


def _finite(out: Floats, X: Array) -> Floats:
    if not np.isfinite(out).all():
        row = int(np.flatnonzero(~np.isfinite(out).all(axis=1))[0])
        raise DataError(
            f"The prediction of row {row + 1} overflows: X holds numbers that are too large there."
        )
    return out


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    return {name: one.default for name, one in signature(kind).parameters.items()}
