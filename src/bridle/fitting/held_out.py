"""Ridge's strength chosen by exact leave-one-out, or on given folds; unscaled, for several targets at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import thread_count
from ..errors import DataError
from ..model import Model
from ..penalties import Penalty
from ..selection import Curve, Selection, choose
from ..selection.choosing import LEAVE_ONE_OUT
from ..solvers.least_squares import least_squares
from ..solvers.modes import Gram, Modes, Targets
from ..table import Schema
from .given import Fit, finished_ridge, refuse, ridge_at
from .modelling import Setting, model_of, single_path

Floats = NDArray[np.float64]
Score = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """What leave-one-out found.

    Attributes
    ----------
    alphas : (A,) on the scale of scikit-learn's Ridge.  total : the sum of the weights.
    best : (T,) which alpha.  best_scores : (1,) or (T,).
    fit : of all rows at the best.
    sums : (T, A) sum over the rows of w e^2.  spread : (T, A) standard errors of the mean squared error.
    held : (n, T, A) sqrt(w) e, or predictions where there was a scorer; None unless asked for.
    """

    alphas: Floats
    total: float
    best: NDArray[np.intp]
    best_scores: Floats
    fit: Fit
    sums: Floats
    held: Floats | None
    null_error: Floats

    def models(self, setting: Setting) -> tuple[Model, ...]:
        """One frozen model for each target, with the curve of its leave-one-out errors."""
        return tuple(self._model(setting, k) for k in range(len(self.fit.coefs)))

    def _model(self, setting: Setting, k: int) -> Model:
        order = np.argsort(-self.alphas, kind="stable")
        mean = self.sums[k, order] / self.total
        unknown = np.full(len(mean), np.nan)
        path = single_path(self.fit, setting.penalty, k)
        at = int(np.flatnonzero(order == self.best[k])[0])
        kept = int(np.count_nonzero(self.fit.coefs[k]))
        curve = Curve(
            0.0, self.alphas[order] / self.total, mean, unknown, np.zeros((0, len(mean))), unknown,
            np.full(len(mean), kept),
        )  # fmt: skip
        chosen = choose((curve,), "min")
        choice = type(chosen)(
            "min",
            0.0,
            float(curve.alphas[at]),
            0,
            float(mean[at]),
            float("nan"),
            float(path.train_error[0]),
            kept,
            kept,
        )
        selection = Selection(
            "min", (curve,), {"min": choice}, float(self.null_error[k]), LEAVE_ONE_OUT, self.fit.n_rows
        )
        return model_of(self.fit, setting, path, selection, {"min": self.fit.certificate(k)}, k)


def leave_one_out(
    rows: Targets,
    schema: Schema,
    alphas: Floats,
    *,
    penalty: Penalty,
    fit_intercept: bool = True,
    keep: bool = False,
    score: Score | None = None,
    by_target: bool = False,
    threads: int | None = None,
) -> LeaveOneOut:
    """Every row's error by the fit without it, at every alpha (A,) > 0 of scikit-learn's Ridge; and the fit at the best.

    ``score`` rates leave-one-out predictions (n, T, A) instead of the squared error, (T or 1, A), more being better.
    Without ``by_target`` all targets share one alpha.
    """
    count = thread_count(threads)
    if len(rows.y) < 2:
        raise DataError("There is 1 row (n_samples = 1): leave-one-out needs at least 2.")
    gram = Gram.of(rows, fit_intercept, count) if rows.design.p < rows.design.n else None
    if gram is not None and not gram.finite():
        refuse(rows, schema, count)
    modes = (
        Modes.of(rows, fit_intercept, count)
        if gram is None
        else Modes.of_gram(gram, rows, fit_intercept, count)
    )
    if not (np.isfinite(modes.values).all() and np.isfinite(modes.pull).all()):
        refuse(rows, schema, count)
    sums, held = modes.leave_one_out(alphas / rows.total, keep)
    if score is not None and held is not None:
        root = (
            1.0
            if rows.weights is None
            else np.sqrt(np.where(rows.weights > 0, rows.weights, 1.0))[:, None, None]
        )
        held = rows.y[:, :, None] - held / root
        scores = score(held)
    else:
        n = len(rows.y)
        scores = -sums / n if by_target else -sums.mean(axis=0, keepdims=True) / n
    first = np.argmax(scores, axis=1)  # of equals the first that was given
    best = np.broadcast_to(first, (rows.y.shape[1],)) if len(first) == 1 else first
    chosen = alphas[best] / rows.total
    coefs = np.empty((rows.design.p, len(best)))
    for a in np.unique(best):
        own = np.flatnonzero(best == a)
        coefs[:, own] = modes.coefficients(float(alphas[a] / rows.total), own)
    fit = finished_ridge(
        rows, schema, coefs, chosen, penalty, fit_intercept, gram, count, "eigendecomposition"
    )
    return LeaveOneOut(
        alphas, rows.total, best, scores[np.arange(len(first)), first], fit, sums, held if keep else None,
        _null_errors(rows, fit_intercept),
    )  # fmt: skip


def _null_errors(rows: Targets, fit_intercept: bool) -> Floats:
    """Leave-one-out errors of the constant model, (T,)."""
    share = rows.shares()
    if not fit_intercept:
        return np.asarray(share @ rows.y**2)
    left = np.where(share < 1, 1 - share, 1.0)
    return np.asarray(share @ ((rows.y - share @ rows.y) / left[:, None]) ** 2)


def ridge_on_folds(
    rows: Targets,
    schema: Schema,
    pairs: Sequence[tuple[Any, Any]],
    alphas: Floats,
    of_fold: Callable[[int, Any, Floats, Floats], None],
    choose_best: Callable[[], int],
    *,
    penalty: Penalty,
    fit_intercept: bool = True,
    threads: int | None = None,
) -> Fit:
    """Hands every fold's fits at all alphas (A,) of scikit-learn's Ridge to ``of_fold(fold, test rows, coefs (A, T, p),
    intercepts (A, T))``, and fits all rows at the alpha that ``choose_best()`` then names."""
    count = thread_count(threads)
    for k, (train, test) in enumerate(pairs):
        chosen = np.flatnonzero(train) if np.asarray(train).dtype == bool else np.asarray(train)
        own = Targets(
            rows.design.take(chosen), rows.y[chosen], None if rows.weights is None else rows.weights[chosen]
        )
        modes = Modes.of(own, fit_intercept, count)
        fits = [_at(own, float(alpha), modes, fit_intercept, count) for alpha in alphas]
        coefs = np.stack([c.T for c, _ in fits])
        of_fold(k, test, coefs, np.stack([b for _, b in fits]))
    best = choose_best()
    strengths = np.full(rows.y.shape[1], alphas[best] / rows.total)
    return ridge_at(rows, schema, strengths, penalty=penalty, fit_intercept=fit_intercept, threads=threads)


def _at(
    rows: Targets, alpha: float, modes: Modes, fit_intercept: bool, threads: int
) -> tuple[Floats, Floats]:
    if alpha == 0:
        coefs = least_squares(rows, None, fit_intercept, threads)
    else:
        coefs = modes.coefficients(alpha / rows.total)
    return coefs, modes.intercepts(coefs)
