"""Fits at given strengths: nothing is chosen, nothing is scaled beforehand; the certificate comes from the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas, thread_count
from ..certificate import GAP_TOLERANCE, Candidate, Certificate, Evidence, examine
from ..design import Design
from ..errors import DataError
from ..paths import VANISHING
from ..penalties import Penalty
from ..solvers import Engine, Plan, Rows, Split, prepare, refined
from ..solvers.auto import FEW
from ..solvers.least_squares import least_squares
from ..solvers.modes import Gram, Modes, Targets
from ..solvers.plan import Null
from ..solvers.ridge import of_products, ridge_of_targets
from ..table import Schema
from .intake import LARGEST, SMALLEST, check_read

Floats = NDArray[np.float64]
LIGHT = 250  # the moments of so many columns are small enough to stay beside a fit, for later questions
SOLVED = 1e-10  # relative gap


@dataclass(frozen=True, eq=False)
class Fit:
    """Fits of T targets on the same rows, each at its own strength in bridle's objective, unscaled.

    Attributes
    ----------
    coefs : (T, p), intercepts : (T,), original units.
    evidence : what the rows said of them.  certificates : already drawn where the evidence no longer could be.
    pull : (p,) the null model's gradient of a single target: how alpha_max comes about; None where it was not needed.
    steps : (T,) of the solver.  solver : its name.
    """

    coefs: Floats
    intercepts: Floats
    evidence: Evidence
    pull: Floats | None
    steps: NDArray[np.int64]
    solver: str
    n_rows: int
    engine: Engine | None = None
    parts: tuple[Fit, ...] = ()  # of several targets that were fitted one by one
    _drawn: dict[int, Certificate] = field(default_factory=dict)
    _gaps: dict[int, float] = field(default_factory=dict)

    def null_loss(self, k: int = 0) -> float:
        """Half the mean square of the k-th target, about its mean where there is an intercept."""
        return self.parts[k].null_loss() if self.parts else self.evidence.null_loss(k)

    def relative_gap(self, k: int = 0) -> float:
        """The gap divided by the null model's loss."""
        if self.parts:
            return self.parts[k].relative_gap()
        loss = self.evidence.null_loss(k)
        return self.gap(k) / (loss if loss > 0 else 1.0)

    def gap(self, k: int = 0) -> float:
        """The duality gap in units of the target squared."""
        if self.parts:
            return self.parts[k].gap()
        if k not in self._gaps:
            self._gaps[k] = self._drawn[k].gap if k in self._drawn else self.evidence.gap(k)
        return self._gaps[k]

    def certificate(self, k: int = 0) -> Certificate:
        """Of the k-th target."""
        if self.parts:
            return self.parts[k].certificate()
        if k not in self._drawn:
            self._drawn[k] = self.evidence.certificate(k)
        return self._drawn[k]


def elastic_net_at(
    rows: Rows,
    schema: Schema,
    alpha: float,
    l1_ratio: float,
    *,
    penalty: Penalty,
    fit_intercept: bool = True,
    threads: int | None = None,
    start: Candidate | None = None,
) -> Fit:
    """The elastic net of one target at one strength, solved until the support is settled.

    ``start``, a fit of before, is kept where it still is the solution.
    """
    with single_threaded_blas():  # once for all that follows
        return _elastic_net_at(
            rows, schema, alpha, l1_ratio, penalty, fit_intercept, thread_count(threads), start
        )


def _elastic_net_at(
    rows: Rows, schema: Schema, alpha: float, l1_ratio: float, penalty: Penalty, fit_intercept: bool, count: int,
    start: Candidate | None,
) -> Fit:  # fmt: skip
    if start is not None:
        kept = examined(rows, [start], penalty, fit_intercept, None, count, None, "kept", [0])
        if kept.relative_gap() <= SOLVED:
            return kept
    split = Split.whole(rows.design.n)
    engine = prepare(rows, split, count)
    check_read(engine, rows, schema)
    bounded = penalty.lower is not None or penalty.upper is not None
    alpha = alpha if alpha >= VANISHING else 0.0
    if alpha == 0 and not bounded:
        coef, steps = _unpenalized(rows, engine, fit_intercept, count), 1
        x_mean = engine.means() if fit_intercept else np.zeros(rows.design.p)
        y_mean = _mean(rows) if fit_intercept else 0.0
    else:
        plan = Plan(
            np.array([l1_ratio]), np.array([[alpha]]), penalty, fit_intercept, False, SOLVED, exact=True
        )
        solution = engine.solve(plan, split)
        coef = solution.coefs[0].row(0)
        steps = max(int(solution.statistics.get("sweeps", solution.statistics.get("passes", 1))), 1)
        x_mean, y_mean = solution.x_mean[0], float(solution.y_mean[0])
    found = Candidate(alpha, l1_ratio, float(y_mean - x_mean @ coef), coef)
    fit = examined(rows, [found], penalty, fit_intercept, engine, count, y_mean, engine.name, [steps])
    check_ranges(fit.evidence, rows.design, rows.y[:, None], schema)
    if fit.relative_gap() > GAP_TOLERANCE and alpha > 0:
        fit = _refined(rows, engine, fit, found, penalty, fit_intercept, count, y_mean)
    return fit


def ridge_at(
    rows: Targets,
    schema: Schema,
    alphas: Floats,
    *,
    penalty: Penalty,
    fit_intercept: bool = True,
    threads: int | None = None,
) -> Fit:
    """Ridge of T targets, (T,) alphas in bridle's objective (scikit-learn's over the sum of the weights), no bounds."""
    count = thread_count(threads)
    tall = rows.design.p < rows.design.n and not by_products(rows, alphas)
    gram = Gram.of(rows, fit_intercept, count) if tall else None
    if gram is not None and not gram.finite():
        refuse(rows, schema, count)
    coefs, name = ridge_coefficients(rows, alphas, fit_intercept, count, gram)
    if not np.isfinite(coefs).all():
        refuse(rows, schema, count)
    return finished_ridge(rows, schema, coefs, alphas, penalty, fit_intercept, gram, count, name)


def finished_ridge(
    rows: Targets, schema: Schema, coefs: Floats, alphas: Floats, penalty: Penalty, fit_intercept: bool, gram: Gram | None,
    threads: int, name: str,
) -> Fit:  # fmt: skip
    """Coefficients (p, T) with their intercepts and the evidence of the rows."""
    n, p = rows.design.n, rows.design.p
    share = rows.shares()
    x_mean = (
        (gram.x_mean if gram is not None else rows.design.rmatvec(share)) if fit_intercept else np.zeros(p)
    )
    y_mean = share @ rows.y if fit_intercept else np.zeros(rows.y.shape[1])
    intercepts = y_mean - x_mean @ coefs
    candidates = [Candidate(float(a), 0.0, float(b0), b) for a, b0, b in zip(alphas, intercepts, coefs.T)]
    light = gram is not None and p <= LIGHT
    own = partial(_second_moments, gram.matrix) if gram is not None else None
    with np.errstate(over="ignore", invalid="ignore"):  # out of range: refused by name below
        evidence = examine(
            rows.design, rows.y, rows.weights, candidates, penalty, fit_intercept=fit_intercept, standardize=False,
            gram=own, always=light, most_columns=2_000 if len(candidates) == 1 else LIGHT, threads=threads,
        )  # fmt: skip
    check_ranges(evidence, rows.design, rows.y, schema)
    fit = Fit(
        np.ascontiguousarray(coefs.T),
        intercepts,
        evidence,
        None,
        np.ones(len(alphas), dtype=np.int64),
        name,
        n,
    )
    return fit if light else _closed(fit)


def ridge_coefficients(
    rows: Targets, alphas: Floats, fit_intercept: bool, threads: int, gram: Gram | None = None
) -> tuple[Floats, str]:
    """(p, T), and by what: Cholesky for one strength, the decomposition for several, least squares for none; products
    with the entries of a large sparse table."""
    if gram is None and by_products(rows, alphas):
        return ridge_of_targets(rows, alphas[:, None], fit_intercept)[0][:, :, 0].T, "products"
    coefs = np.empty((rows.design.p, len(alphas)))
    modes: Modes | None = None
    strengths, which = np.unique(alphas, return_inverse=True)
    name = "cholesky"
    for at, alpha in enumerate(strengths):
        own = np.flatnonzero(which == at)
        if alpha < VANISHING:
            part = Targets(rows.design, rows.y[:, own], rows.weights)
            coefs[:, own] = least_squares(part, _scales(part, fit_intercept, threads), fit_intercept, threads)
            name = "least squares"
            continue
        solved = gram.solve(float(alpha), own) if gram is not None and len(strengths) <= 3 else None
        if solved is not None and _settled(gram, solved, float(alpha), own):
            coefs[:, own] = solved
            continue
        if modes is None:
            modes = (
                Modes.of(rows, fit_intercept, threads)
                if gram is None
                else Modes.of_gram(gram, rows, fit_intercept, threads)
            )
        coefs[:, own], name = modes.coefficients(float(alpha), own), "eigendecomposition"
    return coefs, name


def by_products(rows: Targets, alphas: Floats) -> bool:
    """Whether neither the columns nor the rows of a sparse table are few enough for a matrix of their products."""
    return rows.design.p > FEW and of_products(rows.design) and bool((alphas >= VANISHING).all())


def _settled(gram: Gram | None, coefs: Floats, alpha: float, which: NDArray[np.intp]) -> bool:
    """Whether the normal equations hold: a nearly singular matrix may pass Cholesky and still say nothing."""
    assert gram is not None
    left = gram.cross[:, which] - gram.matrix @ coefs - alpha * coefs
    return bool(
        np.abs(left).max(initial=0.0) <= 1e-12 * max(np.abs(gram.cross[:, which]).max(initial=0.0), 1e-300)
    )


def check_ranges(evidence: Evidence, design: Design, targets: Floats, schema: Schema) -> None:
    """Numbers that vary, but so little that their squares vanish, are refused by name: they would be lost in silence."""
    sums = evidence.sums
    sizes = (sums.variance, sums.y_variance)
    if all(size.min() >= SMALLEST**2 and size.max() <= LARGEST**2 for size in sizes):
        return
    for k in np.flatnonzero(sums.y_variance < SMALLEST**2):
        spread = float(np.ptp(targets[:, k]))
        if 0 < spread < SMALLEST:
            raise DataError(
                f"The target varies by {spread:g} only, so little that its squares vanish. Rescale it."
            )
    if not float(np.max(sums.y_variance, initial=0.0)) <= LARGEST**2:
        raise DataError(
            "The target varies by more than 1e150, which is out of range for its squares. Rescale it."
        )
    for j in np.flatnonzero(sums.variance < SMALLEST**2)[:50]:
        column = design.columns(np.array([j]))[:, 0]
        spread = float(np.ptp(column))
        if 0 < spread < SMALLEST:
            raise DataError(
                f"{schema.column_names()[j]} varies by {spread:g} only, so little that its squares vanish. Rescale it."
            )


def refuse(rows: Targets, schema: Schema, threads: int) -> None:
    """Finds the cell that is no number, or too large a one, and says where it is."""
    one = Rows(rows.design, np.ascontiguousarray(rows.y[:, 0]), rows.weights)
    check_read(prepare(one, Split.whole(one.design.n), threads), one, schema)
    raise DataError("The targets hold numbers whose squares overflow. Rescale them.")


def _mean(rows: Rows) -> float:
    if rows.weights is None:
        return float(rows.y.mean())
    return float(rows.weights @ rows.y / rows.weights.sum())


def _second_moments(matrix: Floats, which: NDArray[np.intp]) -> Floats:
    return np.asarray(matrix[np.ix_(which, which)])


def _scales(rows: Targets, fit_intercept: bool, threads: int) -> Null | None:
    design = rows.design
    if design.n <= design.p or design.n * design.p**2 > 2e11:
        return None
    one = Rows(design, np.ascontiguousarray(rows.y[:, 0]), rows.weights)
    return prepare(one, Split.whole(design.n), threads, solver="moments").null(
        Penalty.of(design.p), fit_intercept, True
    )


def _unpenalized(rows: Rows, engine: Engine, fit_intercept: bool, threads: int) -> Floats:
    targets = Targets(rows.design, rows.y[:, None], rows.weights)
    null = engine.null(Penalty.of(rows.design.p), fit_intercept, True)
    return least_squares(targets, null, fit_intercept, threads)[:, 0]


def examined(
    rows: Rows, candidates: Sequence[Candidate], penalty: Penalty, fit_intercept: bool, engine: Engine | None,
    threads: int, y_mean: float | None, solver: str, steps: list[int],
) -> Fit:  # fmt: skip
    """The fit with its evidence; the null model goes along as one more candidate, for alpha_max."""
    coef = candidates[0].coef
    asked = list(candidates)
    if y_mean is not None:
        asked.append(Candidate(1.0, candidates[0].l1_ratio, y_mean, np.zeros_like(coef)))
    light = engine is not None and engine.name == "moments" and len(coef) <= LIGHT
    gram = None if engine is None else partial(engine.gram, fit_intercept=fit_intercept)
    with np.errstate(over="ignore", invalid="ignore"):  # out of range: refused by name below
        evidence = examine(
            rows.design, rows.y, rows.weights, asked, penalty, fit_intercept=fit_intercept, standardize=False,
            gram=gram, always=light, threads=threads,
        )  # fmt: skip
    pull = None if y_mean is None else evidence.sums.products[:, -1] / evidence.sums.weight
    fit = Fit(
        np.array([c.coef for c in candidates]), np.array([c.intercept for c in candidates]), evidence, pull,
        np.array(steps), solver, rows.design.n, engine if light else None,
    )  # fmt: skip
    return fit if light else _closed(fit)


def _closed(fit: Fit) -> Fit:
    """With its certificates drawn, so that nothing holds on to the rows."""
    drawn = {k: fit.evidence.certificate(k) for k in range(len(fit.coefs))}
    return replace(fit, evidence=replace(fit.evidence, gram=_gone), _drawn=drawn)


def _gone(which: NDArray[np.intp]) -> Floats:
    raise RuntimeError("the second moments of this fit were not kept")


def _refined(
    rows: Rows, engine: Engine, fit: Fit, found: Candidate, penalty: Penalty, fit_intercept: bool, threads: int,
    y_mean: float,
) -> Fit:  # fmt: skip
    """Once more from the rows by QR, where the moments were not good enough; the better of the two."""
    null = engine.null(penalty, fit_intercept, False)
    better = refined(rows, null, found.coef, found.alpha, found.l1_ratio, penalty, fit_intercept)
    if better is None:
        return fit
    again = Candidate(found.alpha, found.l1_ratio, float(y_mean - null.x_mean @ better.beta), better.beta)
    second = examined(
        rows, [again], penalty, fit_intercept, engine, threads, y_mean, "QR", [int(fit.steps[0])]
    )
    return second if second.relative_gap() < fit.relative_gap() else fit


def elastic_net_path(
    rows: Rows, schema: Schema, alphas: Floats, l1_ratio: float, *, penalty: Penalty, threads: int | None = None
) -> Fit:  # fmt: skip
    """The elastic net of one target along decreasing alphas, without an intercept; ``Fit`` holds one fit for each alpha."""
    count = thread_count(threads)
    split = Split.whole(rows.design.n)
    engine = prepare(rows, split, count)
    check_read(engine, rows, schema)
    plan = Plan(np.array([l1_ratio]), alphas[None, :], penalty, False, False, SOLVED, exact=True)
    solution = engine.solve(plan, split)
    found = [
        Candidate(float(alpha), l1_ratio, 0.0, solution.coefs[0].row(k)) for k, alpha in enumerate(alphas)
    ]
    steps = [max(int(solution.statistics.get("sweeps", 1)) // len(found), 1)] * len(found)
    fit = examined(rows, found, penalty, False, engine, count, None, engine.name, steps)
    check_ranges(fit.evidence, rows.design, rows.y[:, None], schema)
    return fit


def joined(parts: Sequence[Fit]) -> Fit:
    """Fits of several targets side by side."""
    return replace(
        parts[0],
        coefs=np.concatenate([part.coefs[:1] for part in parts]),
        intercepts=np.concatenate([part.intercepts[:1] for part in parts]),
        steps=np.concatenate([part.steps[:1] for part in parts]),
        parts=tuple(parts),
    )
