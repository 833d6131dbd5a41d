"""Paths that go on while the fits that somebody will see are finished behind them, in the same passes over the rows.

Paths need few digits to go on, and fits that are seen need many. One pass over the rows costs about as much for seven
problems as for one: so the problems that are seen are there twice, once to go down the path with the others, and once, a
strength behind, to be finished.
"""

from __future__ import annotations

import numpy as np

from .newton_descent import Goal, descend, give_curvature
from .newton_paths import PathArrays, check_finite, degrees, goal_of, state_of, tell
from .newton_problems import Point, Problems
from .plan import Floats, Plan, Progress


class PathsAhead:
    """The paths of all problems for one plan, every column in the Gram; more than one alpha."""

    def __init__(self, problems: Problems, plan: Plan, kept: int) -> None:
        self.problems, self.plan, self.kept = problems, plan, min(kept, len(problems))
        self.seen = np.arange(min(self.kept, plan.seen))
        self.behind = len(problems) + self.seen
        self.both = problems.again(self.seen)
        self.steps = self.both.steps(plan.penalty.factors, self.both.null_loss)
        self.state = state_of(plan)

    def run(self, ratio: int, progress: Progress) -> PathArrays:
        """The path of the l1_ratio at this place of the plan."""
        problems, alphas = self.problems, self.plan.alphas[ratio]
        out = PathArrays.empty(problems, self.kept, len(alphas), problems.rows.design.p)
        point = self.both.null.copy()
        ahead = np.arange(len(problems))
        stood, gaps = point.take(ahead), np.zeros(len(problems))
        done = 0
        for k, alpha in enumerate(alphas):
            point, found = self._descend(point, self._goal(ratio, k, k - 1))
            check_finite(problems, point, alpha)
            if k > 0:
                self._record(out, k - 1, stood, gaps, point, found)
            stood, gaps = point.take(ahead), found[ahead]
            point.put(self.behind, point.take(self.seen))
            ridge = float(alpha * (1 - self.plan.l1_ratios[ratio]))
            if ridge > 0:  # of the curvature where the whole stands, before it goes on
                give_curvature(self.both, self.steps, point, self.state)
                out.degrees[k] = degrees(self.both, self.steps, self.state, point, self.plan.penalty, ridge)
            tell(progress, self.plan, ratio, k)
            done = k
            if np.count_nonzero(stood.b[0]) > self.plan.max_nonzero:
                break
        point, found = self._descend(point, self._goal(ratio, None, done))
        self._record(out, done, stood, gaps, point, found)
        return out

    def _goal(self, ratio: int, ahead: int | None, behind: int) -> Goal:
        """Of the problems on their way at one alpha and of those behind them at another; None or -1: they stay."""
        problems, plan = self.problems, self.plan
        going = goal_of(problems, plan, ratio, behind if ahead is None else ahead, 0, self.state)
        seen = goal_of(problems, plan, ratio, max(behind, 0), len(self.seen), self.state).of_problems(
            self.seen
        )
        stay = np.inf if ahead is None else 0.0
        wait = np.inf if behind < 0 else 0.0
        return Goal(going.l1, going.l2, np.maximum(going.gap, stay), going.off).beside(
            Goal(seen.l1, seen.l2, np.maximum(seen.gap, wait), np.maximum(seen.off, wait))
        )

    def _descend(self, point: Point, goal: Goal) -> tuple[Point, Floats]:
        return descend(self.both, self.steps, point, self.plan.penalty, goal, self.both.null_loss, self.state)

    def _record(
        self, out: PathArrays, k: int, stood: Point, gaps: Floats, point: Point, found: Floats
    ) -> None:
        """The problems where they stood at the k-th alpha, and those that are seen as they have been finished since."""
        stood.put(self.seen, point.take(self.behind))
        gaps[self.seen] = found[self.behind]
        out.record(k, self.problems, stood, gaps, None)
        if out.degrees[k] == 0:  # without a ridge part
            out.degrees[k] = out.nonzero[0, k]
