"""Newton's steps of many problems towards their minima, each at a strength of its own, and when they may stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..design import Dense
from ..objective import ROUNDING
from ..penalties import Penalty
from .plan import Floats

if TYPE_CHECKING:
    from .newton_problems import Point, Problems

MOST_STEPS = 200
WORTH, MOST_WORTH = 3.0, 8.0  # steps that a fresh curvature costs, at least and at most
COLUMNS_A_STEP = 40  # products of so many dense columns with each other take as long as a step
MOST_SLOW = 8  # steps without gain
SHORTEST = 2.0**-30
STATIONARY = 1e-9  # of the optimality conditions of fits that a person sees
OF_ONE = 1e-11  # and of a single fit that is asked to be exact: a step or two more


@dataclass
class State:
    """What one path knows of its curvature."""

    passes: int = 0
    curvatures: int = 0
    known: bool = False  # whether the steps have a curvature at all
    stationary: float = STATIONARY
    fewest: int = -1  # steps to a minimum with the whole's curvature when it was fresh; -1: not seen yet
    debt: int = 0  # steps more than those since then
    own: NDArray[np.bool_] = field(
        default_factory=lambda: np.zeros(0, dtype=bool)
    )  # problems with one of their own


@dataclass(frozen=True, eq=False)
class Goal:
    """Of each problem the strengths of its penalty and the relative gap and violation at which it may stop, (K,) each."""

    l1: Floats
    l2: Floats
    gap: Floats
    off: Floats

    @staticmethod
    def of(count: int, l1: float, l2: float, gap: Floats | float, off: Floats | float) -> Goal:
        """All problems at one strength."""
        return Goal(*(np.full(count, one, dtype=np.float64) for one in (l1, l2, gap, off)))

    def beside(self, other: Goal) -> Goal:
        """The problems of both, one after the other."""
        both = zip((self.l1, self.l2, self.gap, self.off), (other.l1, other.l2, other.gap, other.off))
        return Goal(*(np.concatenate(pair) for pair in both))

    def of_problems(self, which: NDArray[np.intp]) -> Goal:
        return Goal(self.l1[which], self.l2[which], self.gap[which], self.off[which])


def descend(
    problems: Problems, steps: Any, point: Point, penalty: Penalty, goal: Goal, null_loss: Floats,
    state: State | None = None,
) -> tuple[Point, Floats]:  # fmt: skip
    """From where the problems stand to their minima; returns the new point and the relative gaps (K,)."""
    state = State() if state is None else state
    count = len(problems)
    point = point.copy()
    every = np.arange(count)
    stand = standing(problems, point, penalty, goal, null_loss, every)
    gaps, off = stand.gaps, stand.off
    tolerance, loose = goal.gap, goal.off
    dense = sum(block.width for block in problems.rows.design.blocks if isinstance(block, Dense))
    # Degrees of freedom beside a ridge part are those of the last curvature: there it is not to grow old.
    worth = WORTH if (goal.l2 > 0).any() else min(max(WORTH, dense / COLUMNS_A_STEP), MOST_WORTH)
    slow = np.zeros(count, dtype=np.int64)
    if len(state.own) != count:
        state.own = np.zeros(count, dtype=bool)
    fresh = np.zeros(count, dtype=bool)  # whose curvature is that of where they stand, or of the whole
    if state.known and state.debt > worth:  # a fresh one will save as many steps as it costs
        _share(problems, steps, point, every, state)
    rounds = 0
    for _ in range(MOST_STEPS):
        todo = np.flatnonzero(~((gaps <= tolerance) & (off <= loose)))
        if not len(todo):
            break
        if problems.eager:
            problems.curve_own(steps, todo)
            state.known |= bool(todo[0] == 0)
            state.curvatures += len(todo)
        elif not state.known:
            _share(problems, steps, point, every, state)
            state.known = True
            fresh[:] = True
        rounds += 1
        moved = _step(problems, steps, point, penalty, goal, null_loss, todo, state)
        before, off_before = gaps[todo].copy(), off[todo].copy()
        stand = standing(problems, point, penalty, goal, null_loss, todo)
        gaps[todo], off[todo] = stand.gaps, stand.off
        # Either the gap says how it goes, or, where that is done, the square of what the conditions lack.
        done = gaps[todo] <= tolerance[todo]
        left = np.where(
            done, (off[todo] / np.maximum(off_before, 1e-300)) ** 2, gaps[todo] / np.maximum(before, 1e-300)
        )
        open_ = ~(done & (off[todo] <= loose[todo]))
        slow[todo] = np.where(open_ & (~moved | (left > 0.9)), slow[todo] + 1, 0)
        if slow.max() >= MOST_SLOW:  # rounding: nothing is gained any more
            tolerance = np.where(slow >= MOST_SLOW, np.inf, tolerance)
            loose = np.where(slow >= MOST_SLOW, np.inf, loose)
        if problems.eager:
            continue
        # Steps that are still needed at this pace; a fresh curvature costs as much as a few of them.
        pace = np.clip(left, 1e-6, 0.999)
        rest = np.where(
            done, (off[todo] / loose[todo]) ** 2, gaps[todo] / np.maximum(tolerance[todo], 1e-300)
        )
        needed = np.log(np.maximum(rest, 1.0)) / -np.log(pace)
        wants = open_ & (needed > worth)
        # Where even a fresh curvature of the whole helps much less than it helps the whole itself (far from the minimum no
        # curvature does), the problem gets its own from now on.
        of_whole = float(left[0]) if todo[0] == 0 else 0.0
        state.own[todo[open_ & fresh[todo] & (~moved | (left > max(0.3, 2 * of_whole)))]] = True
        alone = todo[wants & state.own[todo]]
        for k in alone:
            problems.at(point.b[[k]], point.intercept[[k]], np.array([k]), 0)
            problems.curve(steps, np.array([k]))
            state.passes += 1
            state.curvatures += 1
        fresh[:] = False
        if (wants & ~state.own[todo]).any():
            _share(problems, steps, point, np.flatnonzero(~state.own), state, known=todo[0] == 0)
            fresh[~state.own] = True
    if rounds and not problems.eager:
        state.fewest = rounds if state.fewest < 0 else state.fewest
        state.debt += max(rounds - state.fewest, 0)
    return point, gaps


def give_curvature(problems: Problems, steps: Any, point: Point, state: State) -> None:
    """The curvature of where the whole stands, for all problems."""
    if problems.eager:
        problems.curve_own(steps, np.array([0]))
    else:
        _share(problems, steps, point, np.arange(len(problems)), state)
        state.known = True


def _share(
    problems: Problems, steps: Any, point: Point, which: NDArray[np.intp], state: State, known: bool = False
) -> None:
    """Gives the named problems the whole's curvature, each on its own rows; ``known`` : the last pass has left it."""
    if not known:
        problems.at(point.b[:1], point.intercept[:1], np.array([0]), 0)
        state.passes += 1
    problems.curve(steps, which)
    state.curvatures += 1
    state.fewest, state.debt = -1, 0


def _step(
    problems: Problems, steps: Any, point: Point, penalty: Penalty, goal: Goal, null_loss: Floats,
    todo: NDArray[np.intp], state: State,
) -> NDArray[np.bool_]:  # fmt: skip
    """One step of the named problems, halved where the objective would rise; returns which of them moved."""
    count = len(problems)
    flags = np.zeros(count, dtype=np.uint8)
    flags[todo] = 1
    b, change, expected = point.b.copy(), np.zeros(count), np.zeros(count)
    steps.step(
        flags, np.ascontiguousarray(point.b), point.intercept, np.ascontiguousarray(point.gradient), point.sum,
        point.size, goal.l1, goal.l2, 1e-12, True, 2_000, b, change, expected, problems.threads,
    )  # fmt: skip
    start = point.take(todo)
    height = start.value + penalties(problems, start.b, penalty, goal, todo)
    share, there, there_intercept = np.ones(len(todo)), b[todo], point.intercept[todo] + change[todo]
    waiting = np.arange(len(todo))
    moved = np.zeros(len(todo), dtype=bool)
    while len(waiting):
        own = share[waiting]
        if (own == 1).all():
            new_b, new_intercept = there[waiting], there_intercept[waiting]
        else:
            new_b = start.b[waiting] + own[:, None] * (there[waiting] - start.b[waiting])
            new_intercept = start.intercept[waiting] + own * (
                there_intercept[waiting] - start.intercept[waiting]
            )
        which = todo[waiting]
        found = problems.at(new_b, new_intercept, which, 0 if which[0] == 0 and not problems.eager else -1)
        state.passes += 1
        fresh_height = found.value + penalties(problems, new_b, penalty, goal, which)
        with np.errstate(invalid="ignore"):
            slack = 64 * ROUNDING * (np.abs(height[waiting]) + null_loss[which])
            good = fresh_height <= height[waiting] - 1e-3 * own * np.maximum(expected[which], 0.0) + slack
        point.put(which[good], found.take(np.flatnonzero(good)))
        moved[waiting[good]] = True
        share[waiting[~good]] *= 0.5 if (share > 0.25).all() else 0.25
        waiting = waiting[~good]
        waiting = waiting[share[waiting] >= SHORTEST]
    return moved


@dataclass(frozen=True, eq=False)
class Standing:
    """Where named problems stand: relative gaps (k,), and the largest violations of their optimality conditions (k,)."""

    gaps: Floats
    off: Floats


def penalties(problems: Problems, b: Floats, penalty: Penalty, goal: Goal, which: NDArray[np.intp]) -> Floats:
    """Of the named problems' b (k, p), original units."""
    v = np.where(np.isfinite(penalty.factors), penalty.factors, 0.0)
    scaled = b * problems.x_scale[which]
    return np.asarray(goal.l1[which] * (np.abs(scaled) @ v) + 0.5 * goal.l2[which] * ((scaled * scaled) @ v))


def standing(
    problems: Problems, point: Point, penalty: Penalty, goal: Goal, null_loss: Floats, which: NDArray[np.intp]
) -> Standing:  # fmt: skip
    """The duality gaps of the named problems, relative to their null losses, and how far they are from stationary.

    The dual point is the slopes scaled by s; by Fenchel and Young what that costs is (1 - s)^2 / 2 sum slope^2 / curvature
    to second order in 1 - s, which is what a solver needs to know when to stop. Certificates have it exactly.
    """
    scale, size = problems.x_scale[which], point.size[which]
    usable = scale > 0
    b = point.b[which] * scale
    g = np.where(usable, -point.gradient[which] / np.where(usable, scale, 1.0), 0.0)
    own = Penalty(np.where(usable, penalty.factors, np.inf), penalty.lower, penalty.upper).scaled(scale, 1.0)
    l1, l2 = goal.l1[which, None], goal.l2[which, None]
    alpha = l1 + l2
    ratio = np.where(alpha > 0, l1 / np.where(alpha > 0, alpha, 1.0), 1.0)
    intercept = np.abs(point.sum[which]) if problems.fit_intercept else np.zeros(len(which))
    off = own.distance(b, g, alpha, ratio)
    loose = (own.factors == 0) | (alpha == 0)
    # The intercept and what no penalty holds: to first order what is left to gain there.
    gap = 0.5 * np.maximum(np.where(loose, off, 0.0).max(axis=1, initial=0.0), intercept) ** 2
    if (alpha > 0).any():
        v = np.where(np.isfinite(own.factors), own.factors, 0.0)
        unheld = (v > 0) & ~own.held(g, alpha, ratio)
        limit = l1 * v
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(unheld & (np.abs(g) > limit), limit / np.abs(g), 1.0).min(axis=1, initial=1.0)
        shared = share[:, None]
        conjugate = np.where(unheld | (v == 0), 0.0, own.conjugate(shared * g, alpha, ratio))
        penalized = np.where(v > 0, b, 0.0)
        terms = np.stack(
            [
                0.5 * (1 - share) ** 2 * size,
                ((l1 * np.abs(penalized) + 0.5 * l2 * penalized**2) * v).sum(axis=1),
                -share * (penalized * g).sum(axis=1),
                conjugate.sum(axis=1),
            ]
        )
        penalized_gap = np.maximum(terms.sum(axis=0), 0.0) + ROUNDING * np.abs(terms).sum(axis=0)
        gap = np.where(alpha[:, 0] > 0, np.maximum(gap, penalized_gap), gap)
        outside = np.zeros(len(which), dtype=bool)
        for bound, sign in ((own.lower, 1.0), (own.upper, -1.0)):
            if bound is not None:
                outside |= (sign * (b - bound) < -1e-9 * np.abs(b)).any(axis=1)
        gap = np.where(outside, np.inf, gap)
    worst = np.maximum(off.max(axis=1, initial=0.0), intercept) / problems.slope_size
    return Standing(gap / null_loss[which], worst)
