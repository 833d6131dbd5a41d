"""Paths of generalized linear models, all problems in step: each alpha starts where the last one ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SeparationError, UsageError
from ..penalties import Penalty
from .newton_descent import OF_ONE, STATIONARY, Goal, State, descend, give_curvature
from .newton_problems import Point, Problems
from .plan import Floats, Plan, Progress, SparseRows

# Relative gap of fits that nobody sees. A lasso's grows in step with what its gradient lacks, where there is a ridge part
# with the square of it.
OF_FOLDS, OF_LASSO_FOLDS = 1e-8, 1e-7
OF_WHOLE = 1e-11  # and of those that somebody does
FEW = 1_500  # columns whose Gram is small enough to be kept whole
MOST_WORKING = 10_000
# A column joins the working set for the next alpha when its gradient, followed along a straight line, comes this near,
# but no further than this many times the last step.
FORESIGHT, FARTHEST = 0.99, 4.0
SEPARATED = 1e-7  # of the null loss
SLACK = 1e-9  # by which a gradient outside the working set may exceed its threshold


@dataclass(eq=False)
class PathArrays:
    """One l1_ratio: (K, A) or (K, A, atoms); coefficients of the kept problems by (problem, alpha), standardized."""

    intercepts: Floats
    gap: Floats
    train_error: Floats
    nonzero: NDArray[np.int64]
    test_error: Floats
    degrees: Floats
    p: int
    found: dict[tuple[int, int], tuple[NDArray[np.intp], Floats]] = field(default_factory=dict)
    given: SparseRows | None = None  # in place of ``found``

    @staticmethod
    def empty(problems: Problems, kept: int, steps: int, p: int) -> PathArrays:
        count, atoms = problems.split.train.shape
        return PathArrays(
            np.zeros((kept, steps)), np.full((count, steps), np.nan), np.full((count, steps), np.nan),
            np.full((count, steps), -1, dtype=np.int64), np.full((count, steps, atoms), np.nan), np.zeros(steps), p,
        )  # fmt: skip

    def record(
        self, k: int, problems: Problems, point: Point, gaps: Floats, columns: NDArray[np.intp] | None
    ) -> None:
        """Where the problems stand at the k-th alpha; ``columns`` are those that the point's are of."""
        kept = len(self.intercepts)
        self.gap[:, k] = gaps if problems.rows.family.convex else np.nan
        self.train_error[:, k] = 2 * np.maximum(point.value, 0.0)
        self.nonzero[:, k] = np.count_nonzero(point.b, axis=1)
        weight = problems.atom_weight
        tested = problems.split.test.astype(bool) & (weight > 0)
        mean = 2 * np.maximum(point.by_atom, 0.0) / np.where(weight > 0, weight, 1.0)
        self.test_error[:, k] = np.where(tested, mean, np.nan)
        self.intercepts[:, k] = point.intercept[:kept]
        for i in range(kept):
            at = np.flatnonzero(point.b[i])
            values = point.b[i, at] * problems.x_scale[i, at]
            self.found[i, k] = (at if columns is None else columns[at], values)

    @property
    def coefs(self) -> SparseRows:
        """(kept, A) rows."""
        if self.given is not None:
            return self.given
        kept, steps = self.intercepts.shape
        none = (np.zeros(0, dtype=np.intp), np.zeros(0))
        rows = [self.found.get((i, k), none) for i in range(kept) for k in range(steps)]
        starts = np.concatenate([[0], np.cumsum([len(columns) for columns, _ in rows])])
        return SparseRows(
            starts.astype(np.int64),
            np.concatenate([columns for columns, _ in rows]).astype(np.int64),
            np.concatenate([values for _, values in rows]),
            self.p,
        )


class NewtonPaths:
    """The paths of all problems for one plan, every column in the Gram."""

    def __init__(self, problems: Problems, plan: Plan, kept: int) -> None:
        self.problems, self.plan, self.kept = problems, plan, min(kept, len(problems))
        self.seen = min(self.kept, plan.seen)
        self.steps = problems.steps(plan.penalty.factors, problems.null_loss)
        self.state = state_of(plan)

    def run(self, ratio: int, progress: Progress) -> PathArrays:
        """The path of the l1_ratio at this place of the plan."""
        problems, plan, alphas = self.problems, self.plan, self.plan.alphas[ratio]
        mix = float(plan.l1_ratios[ratio])
        out = PathArrays.empty(problems, self.kept, len(alphas), problems.rows.design.p)
        point = problems.null.copy()
        for k, alpha in enumerate(alphas):
            point, gaps = descend(
                problems, self.steps, point, plan.penalty, goal_of(problems, plan, ratio, k, self.seen, self.state),
                problems.null_loss, self.state,
            )  # fmt: skip
            check_finite(problems, point, alpha)
            out.record(k, problems, point, gaps, None)
            out.degrees[k] = degrees(problems, self.steps, self.state, point, plan.penalty, alpha * (1 - mix))
            tell(progress, plan, ratio, k)
            if out.nonzero[0, k] > plan.max_nonzero:
                break
        return out


class WorkingPaths:
    """The same on wide tables: the columns that may matter inside, one look at all of them outside."""

    def __init__(self, problems: Problems, plan: Plan, kept: int) -> None:
        self.problems, self.plan, self.kept = problems, plan, min(kept, len(problems))
        self.seen = min(self.kept, plan.seen)
        self.state = state_of(plan)
        scale = problems.x_scale
        self._inverse = np.where(scale > 0, 1.0 / np.where(scale > 0, scale, 1.0), 0.0)
        finite = np.isfinite(plan.penalty.factors)
        self._v = np.where(finite, plan.penalty.factors, np.inf)

    def run(self, ratio: int, progress: Progress) -> PathArrays:
        """The path of the l1_ratio at this place of the plan; not ridge."""
        problems, plan, alphas = self.problems, self.plan, self.plan.alphas[ratio]
        mix = float(plan.l1_ratios[ratio])
        out = PathArrays.empty(problems, self.kept, len(alphas), problems.rows.design.p)
        pull = self._pull(problems.null.gradient)
        before, alpha_before = (
            pull,
            np.maximum(np.abs(pull / self._v_or_one()).max(axis=1, initial=0.0) / mix, alphas[0]),
        )
        free = np.flatnonzero((self._v == 0) & (self._inverse > 0).any(axis=0))
        working = problems.with_masks(np.union1d(free, self._beyond(pull, FORESIGHT * alphas[0] * mix)))
        part, steps, point = self._part(working, None, problems.null)
        for k, alpha in enumerate(alphas):
            l1, l2 = alpha * mix, alpha * (1 - mix)
            while True:
                point, gaps = descend(
                    part, steps, point, part.penalty, goal_of(problems, plan, ratio, k, self.seen, self.state),
                    problems.null_loss, self.state,
                )  # fmt: skip
                pull = self._pull(problems.gradient_at(part, point))
                wanting = np.setdiff1d(self._beyond(pull, l1 * (1 + SLACK)), working)
                if not len(wanting):
                    break
                working, part, steps, point = self._grown(working, wanting, point)
            out.record(k, part, point, gaps, working)
            out.degrees[k] = degrees(part, steps, self.state, point, part.penalty, l2)
            tell(progress, plan, ratio, k)
            if out.nonzero[0, k] > plan.max_nonzero or k + 1 == len(alphas):
                break
            past = np.maximum(alpha_before - alpha, 0.0)
            slope = np.where(
                past > 0, np.minimum((alpha - alphas[k + 1]) / np.where(past > 0, past, 1.0), FARTHEST), 0.0
            )
            ahead = pull + slope[:, None] * (pull - before)
            wanting = np.setdiff1d(self._beyond(ahead, FORESIGHT * alphas[k + 1] * mix), working)
            if len(wanting):
                working, part, steps, point = self._grown(working, wanting, point)
            before, alpha_before = pull, np.full(len(problems), alpha)
        return out

    def _v_or_one(self) -> Floats:
        return np.where((self._v > 0) & np.isfinite(self._v), self._v, 1.0)

    def _pull(self, gradient: Floats) -> Floats:
        """Minus the gradient, standardized (K, p); zero where bounds let a column move against it only."""
        out = -gradient * self._inverse
        penalty = self.plan.penalty
        if penalty.upper is not None:
            out = np.where((out > 0) & (penalty.upper == 0), 0.0, out)
        if penalty.lower is not None:
            out = np.where((out < 0) & (penalty.lower == 0), 0.0, out)
        return np.asarray(out)

    def _beyond(self, pull: Floats, limit: float) -> NDArray[np.intp]:
        """Columns whose pull exceeds the limit in any problem."""
        with np.errstate(invalid="ignore"):
            return np.flatnonzero((np.abs(pull) > limit * self._v).any(axis=0))

    def _part(
        self, working: NDArray[np.intp], old: NDArray[np.intp] | None, point: Point
    ) -> tuple[Problems, Any, Point]:
        """The problems on the working set, and where they stand; ``old`` are the columns that the point is of."""
        if len(working) > MOST_WORKING:
            raise UsageError(
                f"At these strengths {len(working):,} columns are in the working set, more than {MOST_WORKING:,}; use "
                "larger alphas, an l1_ratio nearer to 1, or max_variables."
            )
        part = self.problems.among(working)
        b = np.zeros((len(part), len(working)))
        if old is not None:
            b[:, np.searchsorted(working, old)] = point.b
        else:
            b[:] = point.b[:, working]
        here = part.at(b, point.intercept, np.arange(len(part)), 0)
        self.state.known = False
        return part, part.steps(part.penalty.factors, part.null_loss), here

    def _grown(
        self, working: NDArray[np.intp], wanting: NDArray[np.intp], point: Point
    ) -> tuple[NDArray[np.intp], Problems, Any, Point]:
        more = self.problems.with_masks(np.union1d(working, wanting))
        return more, *self._part(more, working, point)


def goal_of(problems: Problems, plan: Plan, ratio: int, k: int, seen: int, state: State) -> Goal:
    """Where the problems are to go at this l1_ratio and alpha of the plan; the first ``seen`` to more digits."""
    alpha, mix = float(plan.alphas[ratio, k]), float(plan.l1_ratios[ratio])
    off = np.full(len(problems), np.inf)
    off[:seen] = state.stationary
    return Goal.of(len(problems), alpha * mix, alpha * (1 - mix), gaps_of(problems, plan, ratio, seen), off)


def gaps_of(problems: Problems, plan: Plan, ratio: int, seen: int) -> Floats:
    """(K,) relative gaps at which the problems may stop, at the l1_ratio at this place of the plan."""
    folds = OF_LASSO_FOLDS if plan.l1_ratios[ratio] == 1 else OF_FOLDS
    out = np.full(len(problems), max(plan.tolerance, folds))
    out[:seen] = min(plan.tolerance, OF_WHOLE)
    return out


def check_finite(problems: Problems, point: Point, alpha: float) -> None:
    """Refuses what has no minimum: without a penalty, classes that the columns separate.

    Raises
    ------
    SeparationError
        Where alpha is 0 and the loss of the whole has all but vanished.
    """
    if alpha == 0 and problems.rows.family.classes and point.value[0] < SEPARATED * problems.null_loss[0]:
        raise SeparationError(
            "The columns separate the two classes, so that without a penalty the coefficients grow without end. "
            "Use alpha > 0."
        )


def degrees(problems: Problems, steps: Any, state: State, point: Point, penalty: Penalty, l2: float) -> float:
    """Degrees of freedom of the whole: the number of columns kept, less what the ridge part takes off them.

    The trace of (H + D)^-1 H on the support, H the curvature that the last steps were taken with.
    """
    at = np.flatnonzero(point.b[0])
    if l2 == 0 or not len(at) or len(at) > FEW:
        return float(len(at))
    if not state.known:  # the problems stood at their minima from the start
        give_curvature(problems, steps, point, state)
    gram = steps.gram(0)[np.ix_(at, at)]
    ridge = np.diag(l2 * penalty.factors[at])
    try:
        return float(np.trace(np.linalg.solve(gram + ridge, gram)))
    except np.linalg.LinAlgError:
        return float(len(at))


def tell(progress: Progress, plan: Plan, ratio: int, k: int) -> None:
    """The share of all alphas that is done."""
    if progress is not None:
        progress((ratio + (k + 1) / plan.alphas.shape[1]) / len(plan.l1_ratios))


def state_of(plan: Plan) -> State:
    """Nothing known yet; how far it will go."""
    return State(stationary=OF_ONE if plan.exact and plan.alphas.shape[1] == 1 else STATIONARY)
