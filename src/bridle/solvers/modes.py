"""Ridge at every strength, and its exact leave-one-out errors, from one eigendecomposition of the rows.

With share_i = w_i / sum w, Z the rows centred and scaled by sqrt(share_i) and Y the targets alike, ridge minimizes
|Y - Z b|^2 / 2 + alpha |b|^2 / 2. Tall tables decompose Z'Z (p, p), wide ones ZZ' (n, n); where there is an intercept
the direction sqrt(share) is taken out of ZZ' exactly. A row's leave-one-out residual is its residual over one minus its
leverage (Allen 1974; Rifkin and Lippert 2007), so no row is ever left out in earnest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas, symmetric_eigen
from ..design import Design
from ..errors import DataError
from ..moments import accumulate
from .plan import Floats

LANES = 4  # sums over tiles run in this many fixed lanes, so that their bits do not depend on the threads
ROUNDING = float(np.finfo(np.float64).eps)
WIDE_TILE = 2048
CHUNK = 64  # targets at once
MANY = 16  # targets
NEGLIGIBLE = 1e-6  # beside the largest mode
DELICATE = 1e-10
MOST_CELLS, MOST_WORK = 2e7, 2e10
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Targets:
    """The rows of a problem with T targets: a design (n, p), targets (n, T), weights (n,) or None for ones."""

    design: Design
    y: Floats
    weights: Floats | None = None
    scale: float = 1.0  # weights out of range were divided by it

    @property
    def total(self) -> float:
        """The sum of the weights, as they were given."""
        return float(len(self.y)) if self.weights is None else float(self.weights.sum()) * self.scale

    def shares(self) -> Floats:
        """w / sum w, (n,)."""
        n = len(self.y)
        return np.full(n, 1.0 / n) if self.weights is None else self.weights / self.weights.sum()


@dataclass(frozen=True, eq=False)
class Gram:
    """Z'Z (p, p) and Z'Y (p, T) of a tall table, with the means that were taken off."""

    matrix: Floats
    cross: Floats
    x_mean: Floats
    y_mean: Floats

    @staticmethod
    def of(rows: Targets, fit_intercept: bool, threads: int) -> Gram:
        """One pass over the rows; more targets than one cost a second."""
        design, n, p = rows.design, rows.design.n, rows.design.p
        first = np.ascontiguousarray(rows.y[:, 0])
        atom = accumulate(design, first, rows.weights, np.arange(n), np.array([0, n]), threads)
        total, mean, packed = float(atom.weight[0]), atom.mean[0], atom.scatter[0]
        matrix = np.empty((p, p))
        for i in range(p):
            start = i * (i + 1) // 2
            matrix[i, : i + 1] = packed[start : start + i + 1]
            matrix[:i, i] = packed[start : start + i]
        last = p * (p + 1) // 2
        cross = packed[last : last + p, None]
        matrix /= total
        cross = cross / total
        y_mean = rows.shares() @ rows.y
        if rows.y.shape[1] > 1:
            off = (rows.y - y_mean) * rows.shares()[:, None]
            with single_threaded_blas():
                cross = design.rmatvec(off, threads) - np.outer(mean[:p], off.sum(axis=0))
        if not fit_intercept:
            matrix += np.outer(mean[:p], mean[:p])
            cross = cross + np.outer(mean[:p], y_mean)
        x_mean = mean[:p] if fit_intercept else np.zeros(p)
        return Gram(matrix, cross, x_mean, y_mean if fit_intercept else np.zeros_like(y_mean))

    def finite(self) -> bool:
        """Whether every sum is a number."""
        return bool(np.isfinite(self.matrix.diagonal()).all() and np.isfinite(self.cross).all())

    def solve(self, alpha: float, which: slice | NDArray[np.intp] = slice(None)) -> Floats | None:
        """(G + alpha)^-1 Z'Y, (p, T), by Cholesky; None where the matrix is not positive to working precision."""
        from scipy.linalg.lapack import dposv

        matrix = self.matrix.copy()
        matrix[np.diag_indices(len(matrix))] += alpha
        with single_threaded_blas():
            _, solution, info = dposv(matrix, self.cross[:, which], lower=1, overwrite_a=1)
        return None if info != 0 else np.asarray(solution)


@dataclass(frozen=True, eq=False)
class Modes:
    """The decomposition. ``values`` (k,); ``vectors`` (p, k) of Z'Z, or (n, k) of ZZ' where ``by_row``; ``pull`` (k, T):
    the targets seen along each mode."""

    rows: Targets
    fit_intercept: bool
    by_row: bool
    values: Floats
    vectors: Floats
    pull: Floats
    x_mean: Floats
    y_mean: Floats
    threads: int

    @staticmethod
    def of(rows: Targets, fit_intercept: bool, threads: int) -> Modes:
        """Decomposes whichever of Z'Z and ZZ' is smaller."""
        if rows.design.p < rows.design.n:
            return Modes.of_gram(Gram.of(rows, fit_intercept, threads), rows, fit_intercept, threads)
        share = rows.shares()
        y_mean = share @ rows.y if fit_intercept else np.zeros(rows.y.shape[1])
        target = (rows.y - y_mean) * np.sqrt(share)[:, None]
        kernel, x_mean = _kernel(rows, fit_intercept, threads)
        if not (np.isfinite(kernel).all() and np.isfinite(target).all()):
            raise DataError("X or y hold numbers that are not finite, or whose squares overflow.")
        if fit_intercept:
            kernel, back = _without(kernel, np.sqrt(share))
            values, inner = symmetric_eigen(kernel)
            vectors = back(inner)
        else:
            values, vectors = symmetric_eigen(kernel)
        if _delicate(values, rows):
            return Modes._by_svd(rows, fit_intercept, threads)
        return Modes._made(
            rows, fit_intercept, True, values, vectors, vectors.T @ target, x_mean, y_mean, threads
        )

    @staticmethod
    def of_gram(gram: Gram, rows: Targets, fit_intercept: bool, threads: int) -> Modes:
        """Of a tall table whose Gram is at hand."""
        values, vectors = symmetric_eigen(gram.matrix)
        if _delicate(values, rows):
            return Modes._by_svd(rows, fit_intercept, threads)
        pull = vectors.T @ gram.cross
        return Modes._made(
            rows, fit_intercept, False, values, vectors, pull, gram.x_mean, gram.y_mean, threads
        )

    @staticmethod
    def _by_svd(rows: Targets, fit_intercept: bool, threads: int) -> Modes:
        """From the rows themselves, without squaring their condition."""
        share = rows.shares()
        block = rows.design.columns(np.arange(rows.design.p))
        x_mean = np.zeros(rows.design.p)
        y_mean = np.zeros(rows.y.shape[1])
        if fit_intercept:
            x_mean, y_mean = share @ block, share @ rows.y
            block -= x_mean
            again = share @ block  # what rounding left of the means
            block -= again
            x_mean = x_mean + again
        root = np.sqrt(share)[:, None]
        target = (rows.y - y_mean) * root
        with single_threaded_blas():
            left, singular, right = np.linalg.svd(block * root, full_matrices=False)
            pull = singular[:, None] * (left.T @ target)
        order = np.argsort(singular, kind="stable")
        floor = ROUNDING * max(block.shape)
        return Modes._made(
            rows, fit_intercept, False, singular[order] ** 2, right[order].T, pull[order], x_mean, y_mean, threads,
            floor**2,
        )  # fmt: skip

    @staticmethod
    def _made(
        rows: Targets, fit_intercept: bool, by_row: bool, values: Floats, vectors: Floats, pull: Floats, x_mean: Floats,
        y_mean: Floats, threads: int, floor: float | None = None,
    ) -> Modes:  # fmt: skip
        top = float(values[-1]) if len(values) else 0.0
        floor = ROUNDING * max(len(values), 1) if floor is None else floor
        values = np.where(values <= floor * top, 0.0, values)
        return Modes(rows, fit_intercept, by_row, values, vectors, pull, x_mean, y_mean, threads)

    def coefficients(self, alpha: float, which: slice | NDArray[np.intp] = slice(None)) -> Floats:
        """(p, T) of the named targets at one alpha > 0."""
        shrunk = self.pull[:, which] * self._shrink(np.array([alpha]))
        with single_threaded_blas():
            inner = self.vectors @ shrunk
            if not self.by_row:
                return np.asarray(inner)
            dual = inner * np.sqrt(self.rows.shares())[:, None]
            off = np.outer(self.x_mean, dual.sum(axis=0)) if self.fit_intercept else 0.0
            return np.asarray(self.rows.design.rmatvec(dual, self.threads) - off)

    def _shrink(self, alphas: Floats) -> Floats:
        """1 / (value + alpha), (k, A).

        Z'Y lies in the span of Z'Z: along what is no mode of it, there is only rounding, which a small alpha would blow up.
        """
        out = 1.0 / (self.values[:, None] + alphas)
        if not self.by_row and len(self.values):
            out[(self.values == 0)[:, None] & (alphas < NEGLIGIBLE * self.values[-1])] = 0.0
        return np.asarray(out)

    def intercepts(self, coefs: Floats, which: slice | NDArray[np.intp] = slice(None)) -> Floats:
        """(T,) of coefficients (p, T)."""
        return np.asarray(self.y_mean[which] - self.x_mean @ coefs)

    def degrees_of_freedom(self, alpha: float) -> float:
        """The trace of the smoother, without the intercept."""
        return float((self.values / (self.values + alpha)).sum())

    def leave_one_out(self, alphas: Floats, keep: bool) -> tuple[Floats, Floats | None]:
        """Sums over the rows of w e^2, (T, A), e the residual of a row by the fit without it; alphas (A,) > 0.

        With ``keep`` also the residuals sqrt(w) e themselves, (n, T, A).
        """
        n, targets = self.rows.y.shape
        shrink = self._shrink(alphas)
        spread = self._spread(shrink)
        kept = np.empty((n, targets, len(alphas))) if keep else None
        root_total = np.sqrt(self.rows.total)
        chunks = [slice(t, t + CHUNK) for t in range(0, targets, CHUNK)]

        def of_tile(a: int, b: int) -> Floats:
            sums = np.empty((targets, len(alphas)))
            with np.errstate(all="ignore"):  # a thread of its own knows nothing of its caller's
                z, target, left = self._seen(a, b, shrink)
                for chunk in chunks:
                    errors = spread(z, self.pull[:, chunk])
                    if target is not None:
                        np.subtract(target[:, chunk, None], errors, out=errors)
                    errors *= (root_total / left)[:, None, :]
                    if kept is not None:
                        kept[a:b, chunk] = errors
                    sums[chunk] = np.einsum("ita,ita->ta", errors, errors)
            return sums

        step = max(64, (1 << 22) // (8 * max(len(self.values), min(targets, CHUNK) * len(alphas))))
        tiles = [(a, min(a + step, n)) for a in range(0, n, step)]
        total = np.zeros((targets, len(alphas)))
        with single_threaded_blas():
            for part in _in_order(lambda tile: of_tile(*tile), tiles, self.threads):
                total += part
        return total, kept

    def _seen(self, a: int, b: int, shrink: Floats) -> tuple[Floats, Floats | None, Floats]:
        """Of rows [a, b): along the modes (b - a, k); the targets (b - a, T), where the fit is taken off them; one minus
        the leverage (b - a, A). By row, residual and leverage have a factor alpha in common, and are left without it."""
        share = np.full(b - a, 1.0 / len(self.rows.y)) if self.rows.weights is None else self._share(a, b)
        root = np.sqrt(share)
        if self.by_row:
            z = self.vectors[a:b]
            return z, None, (z * z) @ shrink
        x = self.rows.design.columns(np.arange(self.rows.design.p), a, b)
        x -= self.x_mean
        z = x @ self.vectors
        z *= root[:, None]
        target = (self.rows.y[a:b] - self.y_mean) * root[:, None]
        return z, target, 1.0 - (z * z) @ shrink - (share[:, None] if self.fit_intercept else 0.0)

    def _spread(self, shrink: Floats) -> Callable[[Floats, Floats], Floats]:
        """What makes sum_k z_ik pull_kt shrink_ka, (rows, T, A), of z (rows, k) and pull (k, T).

        For many targets and alphas value / (value + alpha), which lies between 0 and 1, is taken as a sum of few products:
        on a log grid its singular values fall so fast that 30 of them leave only rounding of 100 alphas.
        """
        modes, count = shrink.shape

        def plain(z: Floats, pull: Floats) -> Floats:
            inner = (pull[:, :, None] * shrink[:, None, :]).reshape(modes, -1)
            return (z @ inner).reshape(len(z), pull.shape[1], count)

        if self.by_row or self.pull.shape[1] < MANY or not modes:
            return plain
        usable = self.values > 0
        left, singular, right = np.linalg.svd(self.values[usable, None] * shrink[usable], full_matrices=False)
        rank = int((singular > 2 * ROUNDING * singular[0]).sum())
        if rank * (modes + count) > 0.7 * modes * count:
            return plain
        first = np.zeros((modes, rank))
        first[usable] = left[:, :rank] * singular[:rank] / self.values[usable, None]
        second = np.ascontiguousarray(right[:rank])

        def factored(z: Floats, pull: Floats) -> Floats:
            inner = (pull[:, :, None] * first[:, None, :]).reshape(modes, -1)
            return np.asarray(((z @ inner).reshape(-1, rank) @ second).reshape(len(z), -1, count))

        return factored

    def _share(self, a: int, b: int) -> Floats:
        assert self.rows.weights is not None
        return np.asarray(self.rows.weights[a:b] / self.rows.weights.sum())


def _delicate(values: Floats, rows: Targets) -> bool:
    """Whether the squares have lost digits of small modes that the rows still have, and the rows are few enough to ask."""
    n, p = rows.design.n, rows.design.p
    if not len(values) or n * p > MOST_CELLS or n * p * min(n, p) > MOST_WORK:
        return False
    return bool(values[0] < DELICATE * values[-1])


def _kernel(rows: Targets, fit_intercept: bool, threads: int) -> tuple[Floats, Floats]:
    """ZZ' (n, n), and the means of the columns."""
    n, p, share = rows.design.n, rows.design.p, rows.shares()
    root, x_mean = np.sqrt(share)[:, None], np.zeros(p)
    tiles = [np.arange(a, min(a + WIDE_TILE, p)) for a in range(0, p, WIDE_TILE)]

    def lane(first: int) -> Floats:
        out = np.zeros((n, n))
        for which in tiles[first::LANES]:
            tile = rows.design.columns(which)
            if fit_intercept:
                x_mean[which] = share @ tile
                tile -= x_mean[which]
            tile *= root
            out += tile @ tile.T
        return out

    total = np.zeros((n, n))
    with single_threaded_blas():
        for part in _in_order(lane, range(min(LANES, len(tiles))), threads):
            total += part
    return total, x_mean


def _without(kernel: Floats, direction: Floats) -> tuple[Floats, Callable[[Floats], Floats]]:
    """The kernel on the space orthogonal to a direction, (n - 1, n - 1), and the map of its vectors back to (n, ...).

    A Householder reflection takes the direction to the first axis, which is then left off.
    """
    v = direction / np.linalg.norm(direction)
    v[0] += np.copysign(1.0, v[0])
    v /= np.linalg.norm(v)
    product = kernel @ v
    reflected = kernel - 2 * np.outer(v, product) - 2 * np.outer(product - 2 * v * (v @ product), v)

    def back(inner: Floats) -> Floats:
        out = np.zeros((len(v), inner.shape[1]))
        out[1:] = inner
        return np.asarray(out - 2 * np.outer(v, v @ out))

    return reflected[1:, 1:], back


def _in_order(work: Callable[[Any], Result], items: Any, threads: int) -> Iterator[Result]:
    """work(item) of each item, in the order of the items whatever the number of threads."""
    if threads <= 1 or len(items) < 2:
        yield from map(work, items)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
