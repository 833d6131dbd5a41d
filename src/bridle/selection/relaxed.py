"""The relaxed lasso (Meinshausen 2007): along every path, mixtures of the penalized fit and the refit on its support.

The mixture is that of Hastie, Tibshirani and Tibshirani (2020): mix times the one plus 1 - mix times the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..solvers import Plan, Rows, Solution, Split
from ..solvers.plan import Progress, SparseRows
from .procedures import Procedure, stacked, training_of
from .refits import Refits
from .refitting import Refitting

Floats = NDArray[np.float64]
PLAIN = 1.0  # the mix that is the penalized fit
TILE = 1 << 20  # cells of rows that are looked at together


@dataclass(frozen=True)
class End:
    """Where a relaxed path ended, and why."""

    alpha: float
    why: str


@dataclass(frozen=True, eq=False)
class RelaxedEngine(Procedure):
    """Solves a plan whose l1_ratios stand there once for every mix, in the order of ``mixes``.

    Numbers at mix 1 are the inner engine's own. ``ends`` collects, for each l1_ratio, where relaxed paths ended, by the
    training atoms of the problem.
    """

    mixes: tuple[float, ...] = (PLAIN,)
    ends: dict[float, dict[bytes, End]] = field(default_factory=dict)

    def widened(self, plan: Plan) -> Plan:
        """The plan with every l1_ratio once for each mix."""
        return plan.only([i for i in range(len(plan.l1_ratios)) for _ in self.mixes])

    def solve(self, plan: Plan, split: Split, kept: int = 1, progress: Progress = None) -> Solution:
        """Coefficients and errors of every mix; NaN, and -1 kept columns, where the relaxed path has ended.

        There the coefficients are those of the penalized fit.
        """
        count = len(self.mixes)
        narrow = plan.only(list(range(0, len(plan.l1_ratios), count)))
        plain = self.inner.solve(narrow, split, kept, progress)
        if self.mixes == (PLAIN,):
            return plain
        out = _Widened(plain, count, max(kept, 1))
        reached = int((plain.nonzero >= 0).sum(axis=2).max())
        short = replace(narrow, alphas=narrow.alphas[:, :reached], stop_turned=False)
        for k in range(len(split.train)):
            one = split.of_problems([k])
            self._mix(out, self.inner.solve(short, one, 1), short, one, k)
            if progress is not None:
                progress((k + 1) / len(split.train))
        return out.solution()

    def _mix(self, out: _Widened, alone: Solution, plan: Plan, split: Split, k: int) -> None:
        """Puts the k-th problem's mixtures in their places; ``alone`` is its solution, ``split`` its own."""
        scale, y_scale = alone.x_scale[0], float(alone.y_scale[0])
        inverse = np.where(scale > 0, 1.0 / np.where(scale > 0, scale, 1.0), 0.0)
        paths = [coefs.rescaled(inverse, y_scale) for coefs in alone.coefs]
        training = training_of(self.inner, self.rows, split, 0)
        refitting = Refitting.of(training, paths, plan.penalty, plan.fit_intercept)
        for i, (ratio, path) in enumerate(zip(plan.l1_ratios, paths)):
            done = int((alone.nonzero[0, i] >= 0).sum())
            refits = refitting.along(_first(path, done))
            if refits.end:
                own = self.ends.setdefault(float(ratio), {})
                own[split.train[0].tobytes()] = End(float(plan.alphas[i, len(refits)]), refits.end)
            fits = Fits.of(alone, i, path, refits)
            errors = self._errors(fits, alone, split, k < out.kept)
            for at, mix in enumerate(self.mixes):
                if mix != PLAIN:
                    out.put(k, i * len(self.mixes) + at, mix, fits, errors[at], scale / y_scale)

    def _errors(self, fits: Fits, alone: Solution, split: Split, trained: bool) -> Floats:
        """(mixes, A', atoms + 1) mean unit deviances on the tested atoms; last on the training rows where asked for."""
        rows, atoms = self.rows, len(split.start) - 1
        out = np.full((len(self.mixes), len(fits), atoms + 1), np.nan)
        if not len(fits):
            return out
        design = rows.design.fill(alone.fills[0]) if alone.fills.shape[1] else rows.design
        sets = [(a, split.rows[split.start[a] : split.start[a + 1]]) for a in np.flatnonzero(split.test[0])]
        if trained:
            sets.append((atoms, split.rows_of(split.train[0])))
        for a, which in sets:
            sums, total = np.zeros((len(self.mixes), len(fits))), 0.0
            step = max(1, TILE // (len(fits.columns) + 2 * len(fits)))
            for first in range(0, len(which), step):
                own = which[first : first + step]
                weights = np.ones(len(own)) if rows.weights is None else rows.weights[own]
                plain, loose = fits.predictors(design.take(own).columns(fits.columns))
                if rows.offset is not None:
                    plain, loose = plain + rows.offset[own, None], loose + rows.offset[own, None]
                for at, mix in enumerate(self.mixes):
                    loss = rows.family.loss(rows.y[own, None], mix * plain + (1 - mix) * loose)
                    sums[at] += 2 * (weights @ np.where(weights[:, None] > 0, loss, 0.0))
                total += float(weights.sum())
            if total > 0:
                out[:, :, a] = sums / total
        return out


def _first(path: SparseRows, count: int) -> SparseRows:
    last = path.starts[count]
    return SparseRows(path.starts[: count + 1], path.columns[:last], path.values[:last], path.p)


@dataclass(frozen=True, eq=False)
class Fits:
    """One problem's fits along one path, in original units: penalized ones (A, u), and refits (A', u) as far as there are any."""

    columns: NDArray[np.intp]
    coefs: Floats
    intercepts: Floats
    refitted: Floats
    refit_intercepts: Floats
    standardized: SparseRows  # (A, p) the penalized ones, whatever columns they have

    def __len__(self) -> int:
        return len(self.refitted)

    @staticmethod
    def of(alone: Solution, i: int, path: SparseRows, refits: Refits) -> Fits:
        """Of the i-th l1_ratio of a solution of one problem; ``path`` has its coefficients in original units."""
        count = len(refits)
        plain = _first(path, count)
        columns = np.unique(np.concatenate([plain.columns, refits.stored.columns])).astype(np.intp)
        coefs = np.array([plain.row(r)[columns] for r in range(count)]).reshape(count, len(columns))
        loose = np.array([refits.stored.row(r)[columns] for r in range(count)]).reshape(coefs.shape)
        if alone.intercepts is None:
            intercepts = float(alone.y_mean[0]) - coefs @ alone.x_mean[0][columns]
        else:
            intercepts = alone.intercepts[i][0]
        return Fits(columns, coefs, intercepts, loose, refits.intercepts, alone.coefs[i])

    def predictors(self, block: Floats) -> tuple[Floats, Floats]:
        """Linear predictors (n, A') of the penalized fits and of the refits, from the columns (n, u)."""
        plain = block @ self.coefs.T + self.intercepts[: len(self)]
        return plain, block @ self.refitted.T + self.refit_intercepts

    def mixed(self, mix: float) -> Floats:
        """(A', u)."""
        return np.asarray(mix * self.coefs + (1 - mix) * self.refitted)


class _Widened:
    """A solution on its way to one with every l1_ratio once for each mix."""

    def __init__(self, plain: Solution, mixes: int, kept: int) -> None:
        self.plain, self.mixes, self.kept = plain, mixes, kept
        names = ("gap", "train_error", "nonzero", "test_error")
        self.arrays = {name: np.repeat(getattr(plain, name), mixes, axis=1) for name in names}
        steps = plain.gap.shape[2]
        self.coefs = [
            [_piece(coefs, k * steps, (k + 1) * steps) for k in range(min(kept, len(plain.gap)))]
            for coefs in plain.coefs
            for _ in range(mixes)
        ]
        self.intercepts = (
            None
            if plain.intercepts is None
            else [own.copy() for own in plain.intercepts for _ in range(mixes)]
        )

    def put(self, k: int, slot: int, mix: float, fits: Fits, errors: Floats, by_column: Floats) -> None:
        """The k-th problem's mixtures; ``errors`` (A', atoms + 1), ``by_column`` (p,) turns original units into standardized."""
        count, mixed = len(fits), fits.mixed(mix)
        for name, value in (("train_error", np.nan), ("test_error", np.nan), ("nonzero", -1)):
            self.arrays[name][k, slot] = value
        self.arrays["train_error"][k, slot, :count] = errors[:, -1]
        self.arrays["test_error"][k, slot, :count] = errors[:, :-1]
        self.arrays["nonzero"][k, slot, :count] = np.count_nonzero(mixed, axis=1)
        if k >= self.kept:
            return
        old = self.coefs[slot][k]
        own = SparseRows.of(np.vstack([mixed, np.zeros((0, mixed.shape[1]))])) if count else None
        if own is not None:
            front = SparseRows(own.starts, fits.columns[own.columns], own.values, old.p).rescaled(by_column, 1.0)
            self.coefs[slot][k] = stacked([front, _piece(old, count, len(old))])
        if self.intercepts is not None:
            intercepts = mix * fits.intercepts[:count] + (1 - mix) * fits.refit_intercepts
            self.intercepts[slot][k, :count] = intercepts

    def solution(self) -> Solution:
        """All of it."""
        degrees = None if self.plain.degrees is None else np.repeat(self.plain.degrees, self.mixes, axis=0)
        return replace(
            self.plain, coefs=[stacked(own) for own in self.coefs], intercepts=self.intercepts, degrees=degrees,
            **self.arrays,
        )  # fmt: skip


def _piece(rows: SparseRows, first: int, last: int) -> SparseRows:
    a, b = rows.starts[first], rows.starts[last]
    return SparseRows(rows.starts[first : last + 1] - a, rows.columns[a:b], rows.values[a:b], rows.p)


__all__ = ["PLAIN", "End", "Fits", "RelaxedEngine"]
