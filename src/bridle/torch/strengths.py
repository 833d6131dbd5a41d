"""A path of strengths for networks: from strong to weak, each fit starting where the last one ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, number
from ..selection import Curve
from ..selection.choosing import summarize
from .network import Architecture, Array, Floats, Network
from .penalty import Strengths
from .problems import Problems
from .training import Recipe, train

Progress = Callable[[float], None] | None
GROUPS = ("inputs", "neurons")
REACH = 1e-3  # the weakest strength of a grid, as a share of the strongest
WARM = 0.5  # the share of the epochs that a fit takes which starts from its neighbour's weights


@dataclass(frozen=True)
class Mix:
    """What a strength alpha is made of: alpha * l1_ratio for the part that makes zeros, the rest for the squares.

    With ``groups`` ("inputs" or "neurons") the first part acts on whole groups instead of single weights. A group
    penalty on the first layer alone can be evaded by larger weights behind it, so leave the squares a share.

    >>> Mix(0.5).at(0.2)
    Strengths(l1=0.1, l2=0.1, group=0.0, groups='inputs')
    """

    l1_ratio: float = 1.0
    groups: str | None = None

    def __post_init__(self) -> None:
        number("l1_ratio", self.l1_ratio, 0, 1)
        if self.groups is not None and self.groups not in GROUPS:
            raise UsageError(f"groups must be one of {', '.join(GROUPS)}, or None, not {self.groups!r}.")

    def at(self, alpha: float) -> Strengths:
        """The strengths of each part."""
        zeros, squares = alpha * self.l1_ratio, alpha * (1 - self.l1_ratio)
        if self.groups is None:
            return Strengths(l1=zeros, l2=squares)
        return Strengths(l2=squares, group=zeros, groups=self.groups)


@dataclass(frozen=True, eq=False)
class NetworkPath:
    """The fits of A strengths, strongest first; problem 0 is the one that is kept, the others are folds.

    Attributes
    ----------
    networks : A networks of problem 0.
    errors : (A, B) on each problem's test rows: mean squared error in units of the target squared, or mean log loss; NaN
        where a problem has no test rows.
    train_error : (A,) of problem 0 on its own rows, the same measure.
    inputs_used : (A, p) which columns enter problem 0's network; n_nonzero : (A,) how many of its weights are not zero.
    penalty, stationarity : (A,) of problem 0.
    train_history, held_history, best_epoch : of every fit, problem 0's: losses by epoch, None where nothing was held.
    """

    alphas: Floats
    mix: Mix
    networks: tuple[Network, ...]
    errors: Floats
    train_error: Floats
    inputs_used: NDArray[np.bool_]
    n_nonzero: NDArray[np.int64]
    loss: Floats
    penalty: Floats
    stationarity: Floats
    epochs: int
    train_history: tuple[Floats, ...]
    held_history: tuple[Floats | None, ...]
    best_epoch: NDArray[np.int64]

    def curve(self, test_weights: Floats) -> Curve:
        """The cross-validated curve of the folds, problems 1 to B - 1, for ``bridle.selection.choose``.

        ``test_weights`` : (B - 1,) the weight of each fold's test rows.
        """
        mean, spread = summarize(self.errors[:, 1:].T, test_weights)
        return Curve(
            self.mix.l1_ratio,
            self.alphas,
            mean,
            spread,
            self.errors[:, 1:].T,
            self.train_error,
            self.n_nonzero,
        )


def grid(problems: Problems, mix: Mix, alphas: Sequence[float] | None = None, n_alphas: int = 12) -> Floats:
    """(A,) strengths, strongest first: given ones sorted, or a log grid.

    Networks have no exact alpha_max. The grid starts where the linear model without hidden layers becomes constant, and
    ends at a thousandth of that.
    """
    if alphas is not None:
        given = np.unique(
            np.asarray([number("alphas", a, 0) for a in np.atleast_1d(np.asarray(alphas, dtype=object))])
        )
        if not len(given):
            raise UsageError("alphas holds no number: give at least one strength.")
        return np.asarray(given[::-1])
    n_alphas = int(number("n_alphas", n_alphas, 1, 10_000, whole=True))
    top = _null_gradient(problems) / max(mix.l1_ratio, 0.1)
    if not top > 0:
        top = 1.0
    return np.geomspace(top, top * REACH, n_alphas) if n_alphas > 1 else np.array([top])


def _null_gradient(problems: Problems) -> float:
    """The largest gradient of the constant model by a standardized column, over the outputs: problem 0's."""
    share = problems.weights[0] / problems.weights[0].sum()
    if problems.family == "squared":
        target = (problems.Y - problems.y_mean[0]) / problems.y_scale[0]
    else:
        classes = [1] if problems.family == "binomial" else range(problems.outputs)
        target = np.stack([k == problems.Y for k in classes], axis=1).astype(np.float64)
    residual = (target - share @ target) * share[:, None]
    scale = np.where(problems.x_scale[0] > 0, problems.x_scale[0], np.inf)
    return float(np.abs((problems.X.T.astype(np.float64) @ residual) / scale[:, None]).max(initial=0.0))


def network_path(
    problems: Problems,
    tests: Floats,
    alphas: Floats,
    mix: Mix,
    architecture: Architecture,
    recipe: Recipe,
    *,
    progress: Progress = None,
) -> NetworkPath:
    """Fit every strength, strongest first; ``tests`` (B, n) weighs the rows that each problem is tested on.

    All problems are trained side by side (``training``), each fit from its stronger neighbour's weights, hidden units
    that died given their initial weights back.
    """
    stack, fits = None, []
    errors = np.full((len(alphas), len(problems)), np.nan)
    train_error = np.empty(len(alphas))
    for k, alpha in enumerate(alphas):
        own = recipe if k == 0 else replace(recipe, epochs=max(1, round(recipe.epochs * WARM)))
        found = train(
            problems,
            architecture,
            mix.at(float(alpha)),
            own,
            start=stack,
            progress=_share(progress, k, len(alphas)),
        )
        stack = found.stack
        fits.append(found)
        for b, network in enumerate(found.networks):
            if tests[b].any():
                errors[k, b] = held_error(network, problems, tests[b])
        train_error[k] = held_error(found.networks[0], problems, problems.weights[0])
    kept = [fit.networks[0] for fit in fits]
    return NetworkPath(
        alphas=alphas,
        mix=mix,
        networks=tuple(kept),
        errors=errors,
        train_error=train_error,
        inputs_used=np.array([network.inputs_used for network in kept]),
        n_nonzero=np.array([network.n_nonzero for network in kept]),
        loss=np.array([fit.loss[0] for fit in fits]),
        penalty=np.array([fit.penalty[0] for fit in fits]),
        stationarity=np.array([fit.stationarity[0] for fit in fits]),
        epochs=sum(fit.epochs for fit in fits),
        train_history=tuple(fit.train_history[:, 0] for fit in fits),
        held_history=tuple(None if fit.held_history is None else fit.held_history[:, 0] for fit in fits),
        best_epoch=np.array([int(fit.best_epoch[0]) for fit in fits]),
    )


def held_error(network: Network, problems: Problems, weights: Floats) -> float:
    """Mean squared error (over rows and outputs' sum) in units of the target squared, or mean log loss."""
    rows = np.flatnonzero(weights)
    X = problems.X[rows].astype(np.float64) * problems.x_unit + problems.x_centre
    return mean_error(network, X, problems.Y[rows], weights[rows])


def mean_error(network: Network, X: Array, Y: Array, weights: Floats) -> float:
    """The same of rows in original units: X (m, p), Y (m, outputs) or codes (m,), weights (m,)."""
    out = network.decision(X)
    if network.family == "squared":
        each = ((Y - out) ** 2).sum(axis=1)
    elif network.family == "binomial":
        each = np.logaddexp(0.0, out[:, 0]) - out[:, 0] * Y
    else:
        top = out.max(axis=1)
        each = (
            np.log(np.exp(out - top[:, None]).sum(axis=1)) + top - out[np.arange(len(out)), Y.astype(np.intp)]
        )
    return float(weights @ each / weights.sum())


def _share(progress: Progress, k: int, count: int) -> Progress:
    if progress is None:
        return None
    return lambda share: progress((k + share) / count)
