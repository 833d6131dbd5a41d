"""How an unpenalized fit on a support is made, from one problem's training rows, and when there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas
from ..design import Dense, Design
from ..errors import DataError
from ..families import SQUARED, constant_model
from ..penalties import Penalty
from ..solvers import Plan, Rows, Split, prepare
from ..solvers.gram import unpenalized
from ..solvers.plan import SparseRows
from .procedures import Training
from .refits import Index, Refit, Refits

Floats = NDArray[np.float64]
DEPENDENT = 1e-10  # reciprocal condition number of the kept columns, each scaled to unit length
MOVING = 1e-3  # a Newton step that changes linear predictors by this share of their size shows that there is no finite fit


class NoRefit(Exception):
    """Why a support has no refit, in words."""


@dataclass(frozen=True, eq=False)
class Refitting:
    """Refits of one problem from its training rows alone.

    ``columns`` (u,) are those that the supports are made of, rising; ``free`` those that are in every support, since they
    have no penalty; ``penalty`` is the plan's, for its bounds.
    """

    training: Training
    columns: Index
    free: Index
    penalty: Penalty
    fit_intercept: bool
    _known: dict[bytes, Refit | NoRefit] = field(default_factory=dict)

    def at(self, support: Index) -> Refit:
        """The refit on a support, rising column numbers.

        Raises
        ------
        NoRefit
            When the support leaves no row over, its columns depend on each other, or the fit would be infinite.
        """
        key = support.tobytes()
        if key not in self._known:
            try:
                with single_threaded_blas():
                    self._known[key] = self._fitted(support)
            except NoRefit as problem:
                self._known[key] = problem
        found = self._known[key]
        if isinstance(found, NoRefit):
            raise found
        return found

    @staticmethod
    def of(
        training: Training,
        paths: Sequence[SparseRows],
        penalty: Penalty,
        x_scale: Floats,
        fit_intercept: bool,
    ) -> Refitting:
        """For the supports along these paths, (A, p) each; ``x_scale`` (p,) is 0 of columns that are constant here."""
        room = _room(training, fit_intercept)
        free = np.flatnonzero((penalty.factors == 0) & (x_scale > 0))
        pieces = [free]
        for path in paths:
            length = np.repeat(np.diff(path.starts), np.diff(path.starts))
            pieces.append(path.columns[length < room])
        columns = np.unique(np.concatenate(pieces)).astype(np.intp)
        return Refitting(training, columns, free, penalty, fit_intercept)

    def along(self, path: SparseRows) -> Refits:
        """The refits on the supports of a path (A, p), up to the first that has none."""
        found: list[Refit] = []
        for k in range(len(path)):
            try:
                own = path.columns[path.starts[k] : path.starts[k + 1]]
                found.append(self.at(np.union1d(own, self.free).astype(np.intp)))
            except NoRefit as problem:
                return Refits.of(found, path.p, str(problem))
        return Refits.of(found, path.p)

    def _fitted(self, support: Index) -> Refit:
        if len(support) >= _room(self.training, self.fit_intercept):
            raise NoRefit(
                f"{len(support)} columns kept leave none of {self.training.count} training rows over"
            )
        if self.training.every.family == SQUARED:
            return self._normal.fit(support, self.penalty)
        return self._by_steps(support)

    @cached_property
    def _normal(self) -> Normal:
        return Normal.of(self.training, self.columns, self.fit_intercept)

    def _by_steps(self, support: Index) -> Refit:
        """Of another family than squared error: the engine at alpha = 0, on these columns alone."""
        rows = self.training.rows
        if not len(support):
            constant = constant_model(rows.family, rows.y, rows.weights, rows.offset, self.fit_intercept)
            return Refit(support, np.zeros(0), constant)
        block = np.asfortranarray(rows.design.fill(self.training.engine.fills()).columns(support))
        own = replace(rows, design=Design((Dense(block),), np.empty((0, 2), dtype=np.intp)))
        engine = prepare(own, Split.whole(len(own.y)), 1, solver="moments")
        size = np.sqrt(np.diag(engine.gram(np.arange(len(support)), self.fit_intercept)))
        _check_condition(engine.gram(np.arange(len(support)), self.fit_intercept), size)
        penalty = replace(self.penalty.among(support), factors=np.zeros(len(support)))
        plan = Plan(np.ones(1), np.zeros((1, 1)), penalty, self.fit_intercept, True, 1e-11, exact=True)
        try:
            solution = engine.solve(plan, Split.whole(len(own.y)))
        except DataError as problem:
            raise NoRefit(str(problem).rstrip(".")) from None
        assert solution.intercepts is not None
        coefs = solution.coefs[0].row(0) / np.where(solution.x_scale[0] > 0, solution.x_scale[0], 1.0)
        coefs = _onto_bounds(coefs, penalty)
        intercept = float(solution.intercepts[0][0, 0])
        _check_settled(own, block, coefs, intercept, penalty, self.fit_intercept)
        return Refit(support, coefs, intercept)


def _room(training: Training, fit_intercept: bool) -> int:
    """A refit needs fewer columns than this: one row at least is left over."""
    return training.count - int(fit_intercept)


@dataclass(frozen=True, eq=False)
class Normal:
    """The normal equations of least squares on the named columns, each scaled to unit length."""

    columns: Index
    gram: Floats  # (u, u)
    pull: Floats  # (u,)
    size: Floats  # (u,) what the columns were divided by
    x_mean: Floats
    y_mean: float

    @staticmethod
    def of(training: Training, columns: Index, fit_intercept: bool) -> Normal:
        """From a reading of the training rows."""
        engine = training.engine
        null = engine.null(Penalty.of(training.every.design.p), fit_intercept, True)
        gram = engine.gram(columns, fit_intercept)
        size = np.sqrt(np.diag(gram))
        size = np.where(size > 0, size, 1.0)
        pull = (null.gradient * null.x_scale)[columns] * null.y_scale / size
        return Normal(columns, gram / size / size[:, None], pull, size, null.x_mean[columns], null.y_mean)

    def fit(self, support: Index, penalty: Penalty) -> Refit:
        """Least squares on a support, within the bounds of ``penalty`` (p,)."""
        from scipy.linalg.lapack import dpotrs

        if not len(support):
            return Refit(support, np.zeros(0), self.y_mean)
        at = np.searchsorted(self.columns, support)
        block, pull, size = self.gram[np.ix_(at, at)], self.pull[at], self.size[at]
        factor = _check_condition(block, np.ones(len(at)))
        scaled = dpotrs(factor, pull)[0]
        scaled = scaled + dpotrs(factor, pull - block @ scaled)[0]
        bounds = replace(penalty.among(support), factors=np.zeros(len(at)))
        if not bounds.feasible(scaled / size):
            scaled = unpenalized(block, pull, bounds.scaled(size, 1.0), np.arange(len(at)))
        coefs = _onto_bounds(np.asarray(scaled / size), bounds)
        return Refit(support, coefs, float(self.y_mean - self.x_mean[at] @ coefs))


def _onto_bounds(coefs: Floats, penalty: Penalty) -> Floats:
    """What lies on a bound or beyond it by rounding, exactly there."""
    for bound in (penalty.lower, penalty.upper):
        if bound is not None:
            near = np.isfinite(bound) & (np.abs(coefs - bound) <= 1e-12 * np.abs(coefs))
            coefs = np.where(near, bound, coefs)
    low = -np.inf if penalty.lower is None else penalty.lower
    return np.asarray(np.clip(coefs, low, np.inf if penalty.upper is None else penalty.upper))


def _check_condition(gram: Floats, size: Floats) -> Floats:
    """The Cholesky factor of second moments (s, s) scaled to a unit diagonal; refused where columns depend on others."""
    from scipy.linalg.lapack import dpocon, dpotrf

    if (size > 0).all():
        scaled = gram / size / size[:, None]
        factor, info = dpotrf(scaled)
        left = dpocon(factor, np.abs(scaled).sum(axis=0).max())[0] if info == 0 else 0.0
        if left >= DEPENDENT:
            return np.asarray(factor)
    raise NoRefit(f"of {len(gram)} columns kept some are linear combinations of the others, to rounding")


def _check_settled(
    rows: Rows, block: Floats, coefs: Floats, intercept: float, penalty: Penalty, fit_intercept: bool
) -> None:
    """Where no finite fit exists, one more Newton step still moves linear predictors by about one, however far it went."""
    from scipy.linalg.lapack import dpotrf, dpotrs

    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    seen = weights > 0
    share = weights[seen] / weights.sum()
    with np.errstate(over="ignore", invalid="ignore"):
        eta = (block @ coefs + intercept + (0.0 if rows.offset is None else rows.offset))[seen]
        slope = share * rows.family.slope(rows.y[seen], eta)
        curvature = share * rows.family.weight(rows.y[seen], eta)
        pull = block[seen].T @ slope
        free = block[seen][:, ~penalty.stopped(coefs, -pull)]
        inside = np.hstack([np.ones((len(free), int(fit_intercept))), free])
        hessian = (inside * curvature[:, None]).T @ inside
        size = np.sqrt(np.diag(hessian))
        good = bool(np.isfinite(hessian).all() and (size > 0).all())
        if good:
            factor, info = dpotrf(hessian / size / size[:, None])
            good = info == 0
        if good:
            step = dpotrs(factor, (inside.T @ slope) / size)[0] / size
            good = bool(np.max(np.abs(inside @ step), initial=0.0) <= MOVING * (1 + np.abs(eta).max()))
    if not good:
        raise NoRefit(
            f"on the {len(coefs)} columns kept there is no finite fit: its coefficients grow without end"
        )


__all__ = ["NoRefit", "Refitting"]
