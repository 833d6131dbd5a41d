"""Ridge's strength chosen by exact leave-one-out, or on given folds; unscaled, for several targets at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas, thread_count
from ..errors import DataError
from ..model import Model
from ..paths import VANISHING, Path
from ..penalties import Penalty
from ..selection import Choice, Curve, Selection, checked_pairs
from ..selection.choosing import LEAVE_ONE_OUT, summarize
from ..solvers.least_squares import least_squares
from ..solvers.modes import Gram, Modes, Targets
from ..solvers.plan import SparseRows
from ..solvers.ridge import ridge_of_targets
from ..table import Schema
from .given import Fit, by_products, finished_ridge, refuse, ridge_at
from .modelling import Setting, model_of, single_path

Floats = NDArray[np.float64]
Score = Callable[[Floats], Floats]
MOST_KEPT = 2_000_000  # coefficients of a path that are kept beside a fit
MOST_DECOMPOSED = 15_000  # rows or columns of a sparse table, whichever are fewer


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
    path: Path | None

    def models(self, setting: Setting) -> tuple[Model, ...]:
        """One frozen model for each target, with the curve of its leave-one-out errors."""
        return tuple(
            _model_with_curve(
                self.fit, setting, k, self.alphas, self.total, int(self.best[k]), self.sums[k : k + 1] / self.total,
                float(self.null_error[k]), LEAVE_ONE_OUT, self.fit.n_rows, self.path,
            )
            for k in range(len(self.fit.coefs))
        )  # fmt: skip


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
    side = min(rows.design.n, rows.design.p)
    if side > MOST_DECOMPOSED and by_products(rows, alphas / rows.total):
        raise DataError(
            f"Leave-one-out errors need every eigenvector of a ({side:,}, {side:,}) matrix here, which takes "
            f"{8e-9 * side * side:.1f} GB several times over, and hours. Use cv=5."
        )
    modes, gram = decomposed(rows, schema, fit_intercept, count)
    with np.errstate(all="ignore"):  # leverages of one, strengths that vanish: judged below
        sums, held = modes.leave_one_out(alphas / rows.total, keep)
    if not np.isfinite(sums).all():
        bad = alphas[~np.isfinite(sums).all(axis=0)]
        raise DataError(
            f"Leave-one-out errors are no numbers at alpha = {bad[0]:.3g}: a row is all that holds a coefficient there. "
            "Use larger alphas, or cv=5."
        )
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
        _null_errors(rows, fit_intercept), _ridge_path(modes, gram, alphas / rows.total, fit, best),
    )  # fmt: skip


def _ridge_path(
    modes: Modes, gram: Gram | None, alphas: Floats, fit: Fit, best: NDArray[np.intp]
) -> Path | None:
    """The whole path of a single target, where the decomposition of the Gram gives it for next to nothing."""
    p = len(modes.x_mean)
    if gram is None or len(best) > 1 or p * len(alphas) > MOST_KEPT:
        return None
    order = np.argsort(-alphas, kind="stable")
    strengths, values, pull = alphas[order], modes.values[:, None], modes.pull
    with single_threaded_blas():
        coefs = modes.vectors @ (pull / (values + strengths))
        left = gram.cross - gram.matrix @ coefs - strengths * coefs
    coefs[:, np.flatnonzero(order == best[0])[0]] = fit.coefs[0]
    sums = fit.evidence.sums
    explained = (pull**2 * (values + 2 * strengths) / (values + strengths) ** 2).sum(axis=0)
    square = float(sums.y_square[0])
    gaps = (left**2).sum(axis=0) / (2 * strengths) / (0.5 * square if square > 0 else 1.0)
    return Path(
        alphas=strengths,
        l1_ratio=0.0,
        intercepts=np.asarray(modes.y_mean[0] - modes.x_mean @ coefs),
        n_nonzero=np.count_nonzero(coefs, axis=0),
        degrees_of_freedom=(values / (values + strengths)).sum(axis=0),
        train_error=np.maximum(square - explained, 0.0),
        gaps=gaps,
        gap_source="moments",
        alpha_max=float("inf"),
        x_mean=modes.x_mean,
        x_scale=fit.evidence.x_scale,
        y_mean=float(modes.y_mean[0]),
        y_scale=1.0,
        stored=SparseRows.of(np.ascontiguousarray(coefs.T)),
        gap_rounding=np.zeros(len(alphas)),
        solver="eigendecomposition",
    )


def decomposed(rows: Targets, schema: Schema, fit_intercept: bool, threads: int) -> tuple[Modes, Gram | None]:
    """The modes of the rows; cells that are no numbers are refused by name."""
    with np.errstate(all="ignore"):
        gram = Gram.of(rows, fit_intercept, threads) if rows.design.p < rows.design.n else None
        if gram is not None and not gram.finite():
            refuse(rows, schema, threads)
        modes = (
            Modes.of(rows, fit_intercept, threads)
            if gram is None
            else Modes.of_gram(gram, rows, fit_intercept, threads)
        )
    if not (np.isfinite(modes.values).all() and np.isfinite(modes.pull).all()):
        refuse(rows, schema, threads)
    return modes, gram


def _null_errors(rows: Targets, fit_intercept: bool) -> Floats:
    """Leave-one-out errors of the constant model, (T,)."""
    share = rows.shares()
    if not fit_intercept:
        return np.asarray(share @ rows.y**2)
    left = np.where(share < 1, 1 - share, 1.0)
    return np.asarray(share @ ((rows.y - share @ rows.y) / left[:, None]) ** 2)


@dataclass(frozen=True, eq=False)
class RidgeFolds:
    """Ridge on given folds: ``errors`` (A, T, K) weighted mean squared errors, ``scores`` (A, K) by the caller's scorer,
    ``best`` which alpha has the best mean score, ``fit`` of all rows there."""

    alphas: Floats
    total: float
    best: int
    errors: Floats
    scores: Floats
    fit: Fit
    fold_text: str
    null_error: Floats

    def models(self, setting: Setting) -> tuple[Model, ...]:
        """One frozen model for each target, with the curve of its squared errors; the scorer chose the alpha."""
        return tuple(
            _model_with_curve(
                self.fit, setting, k, self.alphas, self.total, self.best, self.errors[:, k].T, float(self.null_error[k]),
                self.fold_text, self.errors.shape[2],
            )
            for k in range(len(self.fit.coefs))
        )  # fmt: skip


def ridge_on_folds(
    rows: Targets,
    schema: Schema,
    pairs: Sequence[tuple[Any, Any]],
    fold_text: str,
    alphas: Floats,
    score: Callable[[int, Any, Floats, Floats, Floats], Floats],
    *,
    penalty: Penalty,
    fit_intercept: bool = True,
    threads: int | None = None,
) -> RidgeFolds:
    """Every fold's fits at all alphas (A,) of scikit-learn's Ridge from one decomposition a fold, rated by
    ``score(fold, test rows, coefs (A, T, p), intercepts (A, T), predictions (A, n_test, T)) -> (A,)``, more being better."""
    count = thread_count(threads)
    targets = rows.y.shape[1]
    scores, errors = np.empty((len(alphas), len(pairs))), np.empty((len(alphas), targets, len(pairs)))
    nulls = np.zeros(targets)
    sides = checked_pairs(len(rows.y), pairs)
    for k, (train, test) in enumerate(sides):
        own, held = _taken(rows, train), _taken(rows, test)
        if not own.total > 0 or not held.total > 0:
            raise DataError(
                f"Fold {k + 1} has no row of positive weight on one of its sides; give other folds or weights."
            )
        coefs, intercepts = _at_all(own, schema, alphas / own.total, fit_intercept, count)
        flat = held.design.matvec(np.ascontiguousarray(coefs.reshape(-1, coefs.shape[2]).T), count)
        predictions = np.moveaxis(flat.reshape(len(held.y), len(alphas), targets), 1, 0) + intercepts[:, None]
        share = held.shares()
        errors[:, :, k] = np.einsum("n,ant->at", share, (held.y - predictions) ** 2)
        nulls += share @ (held.y - (own.shares() @ own.y if fit_intercept else 0.0)) ** 2 / len(pairs)
        if not np.isfinite(predictions).all():
            refuse(rows, schema, count)
        scores[:, k] = score(k, test, coefs, intercepts, predictions)
    means = scores.mean(axis=1)
    if not np.isfinite(
        means
    ).all():  # R^2 of a single held-out row is none: as in scikit-learn such alphas come last
        warnings.warn(f"One or more of the test scores are non-finite: {means}", UserWarning, stacklevel=2)
        means = np.where(np.isfinite(means), means, -np.inf)
    best = int(np.argmax(means))
    strengths = np.full(targets, alphas[best] / rows.total)
    fit = ridge_at(rows, schema, strengths, penalty=penalty, fit_intercept=fit_intercept, threads=threads)
    return RidgeFolds(alphas, rows.total, best, errors, scores, fit, fold_text, nulls)


def _taken(rows: Targets, which: Any) -> Targets:
    weights = None if rows.weights is None else rows.weights[which]
    return Targets(rows.design.take(which), rows.y[which], weights, rows.scale)


def _at_all(
    rows: Targets, schema: Schema, alphas: Floats, fit_intercept: bool, threads: int
) -> tuple[Floats, Floats]:
    """Coefficients (A, T, p) and intercepts (A, T) at the alphas (A,) of bridle's objective."""
    targets = rows.y.shape[1]
    if by_products(rows, alphas):
        coefs, intercepts = ridge_of_targets(rows, np.tile(alphas, (targets, 1)), fit_intercept)
        return np.ascontiguousarray(coefs.transpose(2, 0, 1)), intercepts.T
    modes = decomposed(rows, schema, fit_intercept, threads)[0]
    found = [
        least_squares(rows, None, fit_intercept, threads)
        if alpha < VANISHING
        else modes.coefficients(float(alpha))
        for alpha in alphas
    ]
    return np.stack([one.T for one in found]), np.stack([modes.intercepts(one) for one in found])


def _model_with_curve(
    fit: Fit, setting: Setting, k: int, alphas: Floats, total: float, best: int, fold_errors: Floats, null_error: float,
    fold_text: str, n_folds: int, path: Path | None = None,
) -> Model:  # fmt: skip
    """The model of the k-th target, its curve over decreasing alphas; ``fold_errors`` (K, A), or one row of means."""
    order = np.argsort(-alphas, kind="stable")
    unknown = np.full(len(order), np.nan)
    errors = fold_errors[:, order]
    mean, spread = (
        (errors[0], unknown) if fold_text == LEAVE_ONE_OUT else summarize(errors, np.ones(len(errors)))
    )
    kept_folds = errors[:0] if fold_text == LEAVE_ONE_OUT else errors
    at = int(np.flatnonzero(order == best)[0])
    index = at if path is not None else 0
    path = single_path(fit, setting.penalty, k) if path is None else path
    kept = int(np.count_nonzero(fit.coefs[k]))
    train = path.train_error if len(path) == len(order) else unknown
    curve = Curve(0.0, alphas[order] / total, mean, spread, kept_folds, train, np.full(len(order), kept))
    choice = Choice(
        "min", 0.0, float(curve.alphas[at]), index, float(mean[at]), float(spread[at]), float(path.train_error[index]),
        kept, kept,
    )  # fmt: skip
    selection = Selection("min", (curve,), {"min": choice}, null_error, fold_text, n_folds)
    return model_of(fit, setting, path, selection, {"min": fit.certificate(k)}, k)
