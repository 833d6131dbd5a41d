"""The problems of a generalized linear model that share their rows: scales, fills, null models, the pass over the rows."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import kernels, single_threaded_blas
from ..design import Dense, Design
from ..families import constant_model
from ..moments import Moments, accumulate
from ..penalties import Penalty
from .columns import ColumnEngine, FillingEngine
from .gram import GramEngine
from .newton_descent import STATIONARY, Goal, descend
from .plan import Floats, Null, Rows, Split

if TYPE_CHECKING:
    from .newton import NewtonEngine

SETTLED = 1e-14
MANY, LITTLE = 4_000_000, 40_000_000
ALL = -2  # of a pass: the curvature of every problem


@dataclass(frozen=True, eq=False)
class Point:
    """Where K problems stand, and what a pass said there; everything per unit of training weight.

    ``b`` (K, p) and ``intercept`` (K,) in original units; ``value`` (K,) the loss; ``gradient`` (K, p), ``sum`` (K,) of its
    slopes; ``size`` (K,) of slope^2 / curvature; ``by_atom`` (K, A) sums of losses.
    """

    b: Floats
    intercept: Floats
    value: Floats
    gradient: Floats
    sum: Floats
    size: Floats
    by_atom: Floats

    def take(self, which: NDArray[np.intp]) -> Point:
        return Point(*(getattr(self, name)[which] for name in _FIELDS))

    def put(self, which: NDArray[np.intp], other: Point) -> None:
        for name in _FIELDS:
            getattr(self, name)[which] = getattr(other, name)

    def copy(self) -> Point:
        return Point(*(getattr(self, name).copy() for name in _FIELDS))


_FIELDS = ("b", "intercept", "value", "gradient", "sum", "size", "by_atom")


class Reader:
    """The pass over the rows: losses and gradients of any problems, and the curvature of the first of them."""

    atom: NDArray[np.int32]  # (n,) of each row, -1 for none
    curvature: Floats  # (n,) of the problem that was asked for last, times the weights
    weights: Floats
    constant: Floats  # (A,) what the kernels' losses lack

    def __init__(self, rows: Rows, split: Split, threads: int, whole: Reader | None = None) -> None:
        self.rows, self.split, self.threads = rows, split, threads
        self.columns = rows.design.unfilled().handed_over(kernels(), by_row=True)
        self.latest = np.zeros((0, len(rows.y)))
        if whole is not None:
            self.atom, self.curvature, self.weights = whole.atom, whole.curvature, whole.weights
            self.constant = whole.constant
            return
        n, atoms = len(rows.y), len(split.start) - 1
        self.atom = np.full(n, -1, dtype=np.int32)
        self.atom[split.rows] = np.repeat(np.arange(atoms, dtype=np.int32), np.diff(split.start))
        self.curvature = np.zeros(n)
        self.weights = np.ones(n) if rows.weights is None else rows.weights
        self.constant = self._constant()

    def _constant(self) -> Floats:
        family, y = self.rows.family, self.rows.y
        if family.kernel is None:
            return np.zeros(len(self.split.start) - 1)
        zero, slope, curvature, value = np.zeros((4, len(y)))
        kernels().family_rows(*family.kernel, y, zero, slope, curvature, value)
        lack = self.weights * (family.loss(y, zero) - value)
        known = (self.atom >= 0) & (self.weights > 0)
        return np.asarray(
            np.bincount(self.atom[known], weights=lack[known], minlength=len(self.split.start) - 1),
            dtype=np.float64,
        )

    def read(
        self, b: Floats, intercept: Floats, train: NDArray[np.uint8], curved: int = -1
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Sums over the rows: losses by atom (K, A), gradients (K, stored p), slopes (K,), slope^2 / curvature (K,).

        ``curved`` >= 0 leaves that problem's curvature in ``self.curvature``; ``ALL`` those of all in ``self.latest``.
        """
        count, p = b.shape
        by_atom = np.zeros((count, train.shape[1]))
        gradient, total, size = np.zeros((count, p)), np.zeros(count), np.zeros(count)
        if self.rows.family.kernel is not None:
            with single_threaded_blas():
                kernels().family_pass(
                    self.columns,
                    *self.rows.family.kernel,
                    self.rows.y,
                    self.rows.weights,
                    self.rows.offset,
                    self.atom,
                    np.ascontiguousarray(train),
                    np.ascontiguousarray(b),
                    np.ascontiguousarray(intercept),
                    by_atom,
                    gradient,
                    total,
                    size,
                    self._room(curved, count),
                    max(curved, 0) if curved != ALL else -1,
                    self.threads if len(self.rows.y) * p > 20_000 else 1,
                    None,
                )
            return by_atom + self.constant, gradient, total, size
        return self._in_numpy(b, intercept, train, curved)

    def _in_numpy(
        self, b: Floats, intercept: Floats, train: NDArray[np.uint8], curved: int
    ) -> tuple[Floats, Floats, Floats, Floats]:
        rows, design = self.rows, self.rows.design.unfilled()
        eta = design.matvec(np.ascontiguousarray(b.T), self.threads) + intercept
        if rows.offset is not None:
            eta += rows.offset[:, None]
        y = rows.y[:, None]
        known = self.atom >= 0
        trained = np.where(known, self.weights, 0.0)[:, None] * train[:, np.maximum(self.atom, 0)].T
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            loss = np.where(
                (self.weights > 0)[:, None], self.weights[:, None] * rows.family.loss(y, eta), 0.0
            )
            slope, curvature = rows.family.slope(y, eta), rows.family.weight(y, eta)
            weighted = np.where(trained > 0, trained * slope, 0.0)
            size = np.where(
                curvature > 0, weighted * slope / np.where(curvature > 0, curvature, 1.0), 0.0
            ).sum(axis=0)
        by_atom = np.zeros((len(b), train.shape[1]))
        for own, one in zip(by_atom, loss.T):
            own += np.bincount(self.atom[known], weights=one[known], minlength=train.shape[1])
        if curved >= 0:
            self.curvature[:] = np.where(self.weights > 0, self.weights * curvature[:, curved], 0.0)
        elif curved == ALL:
            self._room(ALL, len(b))[:] = np.where(self.weights > 0, self.weights * curvature.T, 0.0)
        gradient = design.rmatvec(weighted, self.threads).T
        return by_atom, np.ascontiguousarray(gradient), weighted.sum(axis=0), size

    def _room(self, curved: int, count: int) -> Any:
        """Where a pass leaves the curvature that is asked for; None where none is."""
        if curved == ALL and len(self.latest) != count:
            self.latest = np.zeros((count, len(self.rows.y)))
        return self.latest if curved == ALL else self.curvature if curved >= 0 else None

    def moments(self, design: Design) -> Moments:
        """Second moments of the columns by atom, weighted by the last curvature."""
        return accumulate(
            design, self.rows.y, self.curvature, self.split.rows, self.split.start, self.threads
        )


class Problems:
    """K problems on the same rows: each its training atoms, scales, fills and null model."""

    atom_weight: Floats  # (A,)
    weight: Floats  # (K,) of the training rows
    null: Point
    null_loss: Floats  # (K,)
    reader: Reader
    slope_size: float

    def __init__(
        self, rows: Rows, split: Split, penalty: Penalty, fit_intercept: bool, x_mean: Floats, x_scale: Floats,
        fills: Floats, threads: int, whole: Problems | None = None,
    ) -> None:  # fmt: skip
        """``whole`` : the problems that these are a part of the columns of; they have the same null models."""
        self.rows, self.split, self.penalty, self.fit_intercept = rows, split, penalty, fit_intercept
        self.x_mean, self.x_scale, self.fills, self.threads = x_mean, x_scale, fills, threads
        self.reader = Reader(rows, split, threads, None if whole is None else whole.reader)
        self.design = rows.design.unfilled()
        count, (n, p) = len(split.train), (len(rows.y), rows.design.p)
        # Of small tables every problem's own curvature at every step costs less than steps that go astray.
        self.eager = not len(rows.design.imputed) and count * n <= MANY and count * n * p * p <= LITTLE
        self.curvatures = np.zeros((count, n) if self.eager else (0, n))
        if whole is not None:
            self.atom_weight, self.weight = whole.atom_weight, whole.weight
            self.null_loss, self.slope_size = whole.null_loss, whole.slope_size
            return
        own = self.reader.weights[split.rows]
        sums = np.bincount(self.reader.atom[split.rows], weights=own, minlength=len(split.start) - 1)
        self.atom_weight = sums.astype(np.float64)
        self.weight = np.maximum(split.train @ self.atom_weight, 1e-300)
        self.slope_size = self._slope_size()
        self.null = self._null()
        self.null_loss = np.where(self.null.value > 0, self.null.value, 1.0)

    def among(self, columns: NDArray[np.intp]) -> Problems:
        """The same problems on the named columns alone, copied; with a column that has missing numbers its mask must be."""
        imputed = self.rows.design.imputed
        place = np.full(self.rows.design.p, -1)
        place[columns] = np.arange(len(columns))
        kept = np.flatnonzero((place[imputed] >= 0).all(axis=1))
        values = np.asfortranarray(self.design.columns(columns))
        rows = replace(self.rows, design=Design((Dense(values),), place[imputed[kept]]))
        return Problems(
            rows, self.split, self.penalty.among(columns), self.fit_intercept, self.x_mean[:, columns],
            np.ascontiguousarray(self.x_scale[:, columns]), self.fills[:, kept], self.threads, self,
        )  # fmt: skip

    def again(self, which: NDArray[np.intp]) -> Problems:
        """These problems, and behind them the named ones once more; not of small tables (``eager``)."""
        out = copy(self)
        order = np.concatenate([np.arange(len(self)), which])
        out.split = self.split.of_problems(list(order))
        out.x_mean, out.x_scale, out.fills = self.x_mean[order], self.x_scale[order], self.fills[order]
        out.weight, out.null_loss, out.null = self.weight[order], self.null_loss[order], self.null.take(order)
        return out

    def with_masks(self, columns: NDArray[np.intp]) -> NDArray[np.intp]:
        """The named columns and the masks of their missing numbers."""
        imputed = self.rows.design.imputed
        masks = imputed[np.isin(imputed[:, 0], columns), 1]
        return np.union1d(columns, masks).astype(np.intp)

    @staticmethod
    def of(
        engine: NewtonEngine,
        split: Split,
        penalty: Penalty,
        fit_intercept: bool,
        standardize: bool,
        plain: Null,
    ) -> Problems:
        """From a reading of the columns: the scales of every problem's own training rows."""
        count, p = len(split.train), engine.rows.design.p
        x_mean, x_scale = np.zeros((count, p)), np.zeros((count, p))
        fills = np.zeros((count, len(engine.rows.design.imputed)))
        for k in range(count):
            if k == 0 and split.train[0].all() and len(split.rows) == len(engine.rows.y):
                x_mean[0], x_scale[0], fills[0] = plain.x_mean, plain.x_scale, engine.fills()
            else:
                x_mean[k], x_scale[k], fills[k] = _scales(
                    engine.base, split.train[k], fit_intercept, standardize
                )
        return Problems(engine.rows, split, penalty, fit_intercept, x_mean, x_scale, fills, engine.threads)

    def __len__(self) -> int:
        return len(self.weight)

    def at(self, b: Floats, intercept: Floats, which: NDArray[np.intp], curved: int = -1) -> Point:
        """A pass for the named problems, whose b (k, p) and intercept (k,) are given; ``curved`` counts among them."""
        curved = ALL if self.eager else curved
        by_atom, gradient, total, size = self.reader.read(
            self.spread(b, which), intercept, self.split.train[which], curved
        )
        if self.eager:
            self.curvatures[which] = self.reader.latest
        weight = self.weight[which]
        gradient = self.gather(gradient, which) / weight[:, None]
        value = (by_atom * self.split.train[which]).sum(axis=1) / weight
        return Point(b, intercept, value, gradient, total / weight, size / weight, by_atom)

    def gradient_at(self, part: Problems, point: Point) -> Floats:
        """The gradients (K, p) by every column, where the problems of a part of the columns stand."""
        every, rows = np.arange(len(self)), self.rows
        eta = part.design.matvec(np.ascontiguousarray(part.spread(point.b, every).T), self.threads)
        eta += point.intercept
        if rows.offset is not None:
            eta += rows.offset[:, None]
        atom = self.reader.atom
        trained = (
            np.where(atom >= 0, self.reader.weights, 0.0)[:, None]
            * self.split.train[:, np.maximum(atom, 0)].T
        )
        slope = np.where(trained > 0, trained * rows.family.slope(rows.y[:, None], eta), 0.0)
        products = np.ascontiguousarray(self.design.rmatvec(slope, self.threads).T)
        return np.asarray(self.gather(products, every) / self.weight[:, None])

    def spread(self, b: Floats, which: NDArray[np.intp]) -> Floats:
        """Coefficients (k, p) of filled columns as those of stored ones, each problem with its own fills."""
        imputed = self.rows.design.imputed
        if not len(imputed):
            return b
        out = b.copy()
        for row, k in enumerate(which):
            np.add.at(out[row], imputed[:, 1], self.fills[k] * b[row, imputed[:, 0]])
        return out

    def gather(self, products: Floats, which: NDArray[np.intp]) -> Floats:
        """The adjoint of ``spread``."""
        imputed = self.rows.design.imputed
        if not len(imputed):
            return products
        out = products.copy()
        out[:, imputed[:, 0]] += self.fills[which] * products[:, imputed[:, 1]]
        return out

    def steps(self, factors: Floats, null_loss: Floats) -> Any:
        """The kernel that takes Newton's steps of all problems."""
        return kernels().NewtonSteps(
            np.ascontiguousarray(self.split.train), self.weight, np.ascontiguousarray(self.x_scale), null_loss, factors,
            self.penalty.lower, self.penalty.upper, self.fit_intercept,
            self.rows.family.smooth and not self.eager,
        )  # fmt: skip

    def curve(self, steps: Any, which: NDArray[np.intp]) -> None:
        """Hands the last curvature to the steps of the named problems."""
        moments = self.reader.moments(self.design)
        imputed = self.rows.design.imputed
        if not len(imputed) and len(which) == len(self):
            steps.curvature(moments.weight, moments.mean, moments.scatter, -1, self.threads)
            return
        for k in which:
            own = moments.filled(imputed, self.fills[k]) if len(imputed) else moments
            steps.curvature(own.weight, own.mean, own.scatter, int(k), self.threads)

    def curve_own(self, steps: Any, which: NDArray[np.intp]) -> None:
        """Gives each of the named problems the curvature of where it stands; of small tables (``eager``) only."""
        flags = np.zeros(len(self), dtype=np.uint8)
        flags[which] = 1
        split, reader = self.split, self.reader
        steps.own_curvature(flags, reader.columns, self.curvatures, split.rows, split.start, self.threads)

    def _slope_size(self) -> float:
        """The root mean square of the slopes at the whole's constant model: the unit in which a gradient is small."""
        rows = self.rows
        constant = constant_of(rows, np.arange(len(rows.y)), self.fit_intercept)
        eta = constant + np.zeros(len(rows.y)) + (0.0 if rows.offset is None else rows.offset)
        weights = self.reader.weights
        square = float(weights @ rows.family.slope(rows.y, eta) ** 2) / max(float(weights.sum()), 1e-300)
        return float(np.sqrt(square)) if 0 < square < np.inf else 1.0

    def _null(self) -> Point:
        """Intercepts and unpenalized columns alone."""
        count, p = len(self), self.rows.design.p
        every = np.arange(count)
        start = np.array(
            [
                constant_of(self.rows, self.split.rows_of(self.split.train[k]), self.fit_intercept)
                for k in range(count)
            ]
        )
        point = self.at(np.zeros((count, p)), start, every, 0)
        free = np.flatnonzero((self.penalty.factors == 0) & (self.x_scale > 0).any(axis=0))
        if not len(free):
            return point
        self.null_loss = np.where(point.value > 0, point.value, 1.0)
        columns = self.with_masks(free)
        part = self.among(columns)
        only = np.where(np.isin(columns, free), 0.0, np.inf)
        penalty = Penalty(only, part.penalty.lower, part.penalty.upper)
        begin = replace(point, b=np.zeros((count, len(columns))), gradient=point.gradient[:, columns])
        found, _ = descend(
            part, part.steps(only, self.null_loss), begin, penalty, Goal.of(count, 0.0, 0.0, SETTLED, STATIONARY),
            self.null_loss,
        )  # fmt: skip
        b = np.zeros((count, p))
        b[:, columns] = found.b
        return self.at(b, found.intercept, every, 0)


def constant_of(rows: Rows, which: NDArray[np.int64], fit_intercept: bool) -> float:
    """The constant model of the named rows."""
    weights = None if rows.weights is None else rows.weights[which]
    offset = None if rows.offset is None else rows.offset[which]
    return constant_model(rows.family, rows.y[which], weights, offset, fit_intercept)


def _scales(
    base: Any, train: NDArray[np.uint8], fit_intercept: bool, standardize: bool
) -> tuple[Floats, Floats, Floats]:
    """Means and scales of the columns on some atoms, their missing numbers filled with means of those atoms."""
    if isinstance(base, ColumnEngine):
        _, mean, scale, _, _ = base.data.null_gradient(
            np.ascontiguousarray(train), fit_intercept, standardize
        )
        return mean, scale, np.zeros(0)
    if isinstance(base, FillingEngine):
        filled, fills = base.on(train)
        return (*_scales(filled, train, fit_intercept, standardize)[:2], fills)
    assert isinstance(base, GramEngine)
    return base.scales_of(train, fit_intercept, standardize)
