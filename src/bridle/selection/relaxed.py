"""The relaxed lasso (Meinshausen 2007): along every path, mixtures of the penalized fit and the refit on its support.

A mixture is mix times the one plus 1 - mix times the other (Hastie, Tibshirani and Tibshirani 2020).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas
from ..solvers import Plan, Solution, Split
from ..solvers.plan import Progress, SparseRows
from .measuring import Measure
from .mixtures import Fits, Widened
from .procedures import Procedure, innermost, one_by_one, piece, training_of
from .refitting import Refitting

Floats = NDArray[np.float64]
PLAIN = 1.0  # the mix that is the penalized fit


@dataclass(frozen=True)
class End:
    """Where a relaxed path ended, and why."""

    alpha: float
    why: str


@dataclass(frozen=True, eq=False)
class RelaxedEngine(Procedure):
    """Solves a plan whose l1_ratios stand there once for every mix, in the order of ``mixes``.

    Numbers at mix 1 are the inner engine's own. ``ends`` collects where relaxed paths ended: for each l1_ratio, by the
    training atoms of the problem.
    """

    mixes: tuple[float, ...] = (PLAIN,)
    ends: dict[float, dict[bytes, End]] = field(default_factory=dict)

    def solve(self, plan: Plan, split: Split, kept: int = 1, progress: Progress = None) -> Solution:
        """Coefficients and errors of every mix; NaN, and -1 kept columns, where the relaxed path has ended.

        There the coefficients are those of the penalized fit.
        """
        count = len(self.mixes)
        narrow = plan.only(list(range(0, len(plan.l1_ratios), count)))
        if self.mixes == (PLAIN,):
            return self.inner.solve(narrow, split, kept, progress)
        first = None if progress is None else lambda share: progress(0.2 * share)
        plain = self.inner.solve(narrow, split, kept, first)
        out = Widened(plain, count, max(kept, 1))
        reached = (plain.nonzero >= 0).sum(axis=2)
        short = replace(
            narrow, alphas=narrow.alphas[:, : reached.max()], stop_turned=False, max_nonzero=2**62
        )
        for k, alone in enumerate(one_by_one(self.inner, short, split)):
            with single_threaded_blas():  # many small products: threads of BLAS would wait for each other
                self._mix(out, short, split.of_problems([k]), k, alone, reached[k])
            if progress is not None:
                progress(0.2 + 0.8 * (k + 1) / len(split.train))
        return out.solution()

    def _mix(
        self, out: Widened, plan: Plan, split: Split, k: int, alone: Solution, reached: NDArray[np.intp]
    ) -> None:
        """Puts the mixtures of the k-th problem in their places; ``split`` and ``alone`` have that problem alone.

        ``reached`` (L,) says how many alphas its paths are to have.
        """
        scale = alone.x_scale[0] / alone.y_scale[0]
        inverse = np.where(scale > 0, 1.0 / np.where(scale > 0, scale, 1.0), 0.0)
        paths = [
            piece(coefs, 0, int(done)).rescaled(inverse, 1.0) for coefs, done in zip(alone.coefs, reached)
        ]
        training = training_of(self.inner, self.rows, split, 0)
        refitting = Refitting.of(training, paths, plan.penalty, alone.x_scale[0], plan.fit_intercept)
        measure = Measure(innermost(self), self.rows, split, alone.fills[0], self.mixes)
        for i, (ratio, path) in enumerate(zip(plan.l1_ratios, paths)):
            refits = refitting.along(path)
            if refits.end:
                own = self.ends.setdefault(float(ratio), {})
                own[split.train[0].tobytes()] = End(float(plan.alphas[i, len(refits)]), refits.end)
            fits = Fits.of(alone, i, path, refits)
            errors = measure.tested(fits)
            train = measure.trained(fits) if k < out.kept else np.full(errors.shape[:2], np.nan)
            for at, mix in enumerate(self.mixes):
                if mix != PLAIN:
                    coefs, intercepts = fits.mixed(mix)
                    own_rows = _standardized(coefs, fits.columns, scale)
                    out.put(k, i * len(self.mixes) + at, own_rows, intercepts, train[at], errors[at])


def _standardized(coefs: Floats, columns: NDArray[np.intp], scale: Floats) -> SparseRows:
    """(A', u) in original units as compressed rows (A', p) in standardized ones."""
    rows, at = np.nonzero(coefs)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(coefs)))]).astype(np.int64)
    own = columns[at].astype(np.int64)
    return SparseRows(starts, own, coefs[rows, at] * scale[own], len(scale))


__all__ = ["PLAIN", "End", "RelaxedEngine"]
