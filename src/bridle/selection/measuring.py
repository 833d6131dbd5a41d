"""The errors of mixtures on atoms of rows: squared errors from moments, where there are some, others from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..moments import Moments
from ..solvers import Engine, Rows, Split
from ..solvers.gram import GramEngine
from .mixtures import Fits

Floats = NDArray[np.float64]
TILE = 1 << 20  # cells of rows that are looked at together


@dataclass(frozen=True, eq=False)
class Measure:
    """Of one problem: ``split`` has it alone, ``fills`` (k,) stand in for its missing numbers."""

    reading: Engine
    rows: Rows
    split: Split
    fills: Floats
    mixes: tuple[float, ...]

    def tested(self, fits: Fits) -> Floats:
        """Mean unit deviances (mixes, A', atoms); NaN on atoms that it is not tested on."""
        out = np.full((len(self.mixes), len(fits), len(self.split.start) - 1), np.nan)
        for a in np.flatnonzero(self.split.test[0]):
            out[:, :, a] = self._on(fits, int(a))
        return out

    def trained(self, fits: Fits) -> Floats:
        """The same on the training rows, (mixes, A')."""
        atoms = np.flatnonzero(self.split.train[0])
        weight = np.array([self._weight(int(a)) for a in atoms])
        used = weight > 0
        parts = np.array([self._on(fits, int(a)) for a in atoms[used]])
        return np.asarray(np.tensordot(weight[used] / weight.sum(), parts, axes=1))

    @cached_property
    def _moments(self) -> Moments | None:
        if not isinstance(self.reading, GramEngine):
            return None
        atoms = self.reading.atoms
        return atoms.filled(self.reading.imputed, self.fills) if len(self.fills) else atoms

    def _weight(self, a: int) -> float:
        own = self._rows_of(a)
        return float(len(own) if self.rows.weights is None else self.rows.weights[own].sum())

    def _rows_of(self, a: int) -> NDArray[np.int64]:
        return self.split.rows[self.split.start[a] : self.split.start[a + 1]]

    def _on(self, fits: Fits, a: int) -> Floats:
        if not len(fits) or not self._weight(a) > 0:
            return np.full((len(self.mixes), len(fits)), np.nan)
        if self._moments is not None:
            return _from_moments(fits, self._moments, a, self.mixes)
        return self._from_rows(fits, self._rows_of(a))

    def _from_rows(self, fits: Fits, which: NDArray[np.int64]) -> Floats:
        rows, sums, total = self.rows, np.zeros((len(self.mixes), len(fits))), 0.0
        step = max(1, TILE // (len(fits.columns) + 2 * len(fits) + 1))
        for first in range(0, len(which), step):
            own = which[first : first + step]
            weights = np.ones(len(own)) if rows.weights is None else rows.weights[own]
            design = rows.design.take(own)
            block = (design.fill(self.fills) if len(self.fills) else design).columns(fits.columns)
            offset = 0.0 if rows.offset is None else rows.offset[own, None]
            plain = block @ fits.coefs.T + fits.intercepts + offset
            loose = block @ fits.refitted.T + fits.refit_intercepts + offset
            for at, mix in enumerate(self.mixes):
                loss = rows.family.loss(rows.y[own, None], mix * plain + (1 - mix) * loose)
                sums[at] += 2 * (weights @ np.where(weights[:, None] > 0, loss, 0.0))
            total += float(weights.sum())
        return sums / total


def _from_moments(fits: Fits, atoms: Moments, a: int, mixes: tuple[float, ...]) -> Floats:
    """Squared errors: a residual is r + mix d, r that of the refit and d the refit's prediction less the penalized one, so
    that three second moments give every mix.
    """
    scatter, weight, u, p = atoms.scatter[a], float(atoms.weight[a]), fits.columns, atoms.p
    last, high, low = p * (p + 1) // 2, np.maximum.outer(u, u), np.minimum.outer(u, u)
    matrix = scatter[high * (high + 1) // 2 + low] / weight
    cross, square = scatter[last + u] / weight, float(scatter[last + p]) / weight
    x_mean, y_mean = atoms.mean[a, u], float(atoms.mean[a, -1])
    loose, apart = fits.refitted, fits.refitted - fits.coefs
    loose_mean = y_mean - fits.refit_intercepts - loose @ x_mean
    apart_mean = fits.refit_intercepts - fits.intercepts + apart @ x_mean
    seen = loose @ matrix
    rr = square - 2 * loose @ cross + np.einsum("au,au->a", seen, loose) + loose_mean**2
    rd = apart @ cross - np.einsum("au,au->a", seen, apart) + loose_mean * apart_mean
    dd = np.einsum("au,au->a", apart @ matrix, apart) + apart_mean**2
    return np.maximum([rr + 2 * mix * rd + mix * mix * dd for mix in mixes], 0.0)


__all__ = ["Measure"]
