"""Descent against steps worked out by hand, the exact optimum of the engine, and its laws."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from itertools import product

import numpy as np
import pytest

import bridle
from bridle.conventions import to_bridle

# mean (y - Xw)^2 = (w1 - 3)^2 + (w2 - 1)^2: the gradient is 2 (w - (3, 1)), the curvature 2.
X = np.array([[math.sqrt(2), 0.0], [0.0, math.sqrt(2)]])
Y = math.sqrt(2) * np.array([3.0, 1.0])


@pytest.fixture
def rows():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((50, 4)) @ rng.standard_normal((4, 4))
    return X, X @ np.array([2.0, -1.0, 0.0, 0.1]) + 0.3 * rng.standard_normal(50)


def optimum(X, y, penalty, alpha, fit_intercept=False):
    """From the engine, in the lesson's convention."""
    found = to_bridle("lesson", {penalty: alpha})
    return bridle.path(
        X, y, alphas=[found.alpha], l1_ratio=found.l1_ratio, standardize=False, fit_intercept=fit_intercept, tolerance=1e-14
    )  # fmt: skip


# By hand


def test_one_gradient_step_of_ridge_is_the_lessons_formula():
    d = bridle.descend(X, Y, alpha=0.5, lr=0.1, steps=1, start=[1.0, 2.0])
    # w (1 - 2 lr alpha) - lr grad: 1 * 0.9 + 0.4, 2 * 0.9 - 0.2
    assert d.positions[1] == pytest.approx([1.3, 1.6], rel=1e-14)
    assert d.loss_steps[0] == pytest.approx([0.4, -0.2], rel=1e-13)
    assert d.penalty_steps[0] == pytest.approx([-0.1, -0.2], rel=1e-14)
    assert d.objective == pytest.approx(
        [4 + 1 + 0.5 * 5, 1.7**2 + 0.6**2 + 0.5 * (1.3**2 + 1.6**2)], rel=1e-14
    )
    assert d.loss == pytest.approx([5.0, 1.7**2 + 0.6**2], rel=1e-14)


def test_one_subgradient_step_of_the_lasso():
    d = bridle.descend(
        X, Y, alpha=2.0, penalty="l1", method="subgradient", lr=0.25, steps=1, start=[-1.0, 0.0]
    )
    assert d.loss_steps[0] == pytest.approx([2.0, 0.5], rel=1e-13)
    assert d.penalty_steps[0].tolist() == [0.5, 0.0]  # the sign of 0 is 0
    assert d.positions[1] == pytest.approx([1.5, 0.5], rel=1e-13)


def test_proximal_steps_of_the_lasso_land_and_leave_again():
    d = bridle.descend(X, Y, alpha=4.0, penalty="l1", method="proximal", lr=0.25, steps=3, start=[-3.0, 3.0])
    # (-3, 3) -> (0, 2) -> soft threshold by 1 -> (0, 1) -> (1.5, 1) -> (0.5, 0) -> (1.75, 0.5) -> (0.75, 0)
    assert d.positions == pytest.approx(np.array([[-3, 3], [0, 1], [0.5, 0], [0.75, 0]]), abs=1e-14)
    assert d.positions[1, 0] == 0 and not np.signbit(d.positions[1, 0])
    assert d.positions[2, 0] != 0 and d.positions[2, 1] == 0
    assert d.landed_at.tolist() == [1, 2]
    assert d.penalty_steps[0] == pytest.approx([0.0, -1.0], abs=1e-14)


def test_a_proximal_step_of_ridge_divides():
    d = bridle.descend(X, Y, alpha=0.5, method="proximal", lr=0.1, steps=1, start=[1.0, 2.0])
    assert d.positions[1] == pytest.approx([1.4 / 1.1, 1.8 / 1.1], rel=1e-14)


def test_momentum_coupled_and_decoupled_by_hand():
    arguments = {"alpha": 0.5, "lr": 0.1, "steps": 2, "momentum": 0.5, "start": [1.0, 2.0]}
    coupled = bridle.descend(X, Y, **arguments)
    decoupled = bridle.descend(X, Y, decay="decoupled", **arguments)
    assert (coupled.positions[1] == decoupled.positions[1]).all()  # nothing is in motion yet
    # loss: v = 0.5 * (-4, 2) + 2 ((1.3, 1.6) - (3, 1)) = (-5.4, 2.2); decay: alpha 2 w = (1.3, 1.6), before (1, 2)
    assert coupled.loss_steps[1] == pytest.approx([0.54, -0.22], rel=1e-13)
    assert coupled.penalty_steps[1] == pytest.approx([-0.18, -0.26], rel=1e-13)
    assert decoupled.loss_steps[1] == pytest.approx([0.54, -0.22], rel=1e-13)
    assert decoupled.penalty_steps[1] == pytest.approx([-0.13, -0.16], rel=1e-13)


def test_the_intercept_is_the_targets_mean_where_the_columns_are_at_theirs():
    x, y = np.array([[10.0], [12.0], [14.0]]), np.array([1.0, 2.0, 6.0])
    d = bridle.descend(x, y, lr=0.1, steps=100, fit_intercept=True)
    assert d.intercepts[0] == 3.0  # all-zero weights: the mean
    assert d.loss[0] == pytest.approx(14 / 3, rel=1e-14)
    assert d.weights == pytest.approx([1.25], rel=1e-12)
    assert d.intercepts[-1] == pytest.approx(3.0 - 12 * 1.25, rel=1e-12)


# Against the engine's exact optimum


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize(
    ("penalty", "method"), [("l2", "gradient"), ("l2", "proximal"), ("l1", "proximal"), ("l2", "subgradient")]
)
def test_it_ends_at_the_engines_optimum(rows, penalty, method, fit_intercept):
    X, y = rows
    y = y + 3.0 * fit_intercept
    exact = optimum(X, y, penalty, 0.7, fit_intercept)
    step = bridle.descend(X, y, alpha=0.7, penalty=penalty, lr=1.0, steps=0, method="proximal").critical_lr
    step = min(
        step,
        bridle.descend(X, y, alpha=0.7, penalty=penalty, lr=1.0, steps=0, method="subgradient").critical_lr,
    )
    d = bridle.descend(
        X,
        y,
        alpha=0.7,
        penalty=penalty,
        method=method,
        lr=0.45 * step,
        steps=20_000,
        fit_intercept=fit_intercept,
    )
    assert d.weights == pytest.approx(exact.coefs[0], abs=1e-9)
    assert d.intercepts[-1] == pytest.approx(exact.intercepts[0], abs=1e-9)
    assert ((d.weights == 0) == (exact.coefs[0] == 0)).all()
    assert not d.diverged


def test_the_subgradient_method_hovers_about_the_optimum_and_never_lands(rows):
    X, y = rows
    exact = optimum(X, y, "l1", 2.0)
    zero = exact.coefs[0] == 0
    assert zero.any()
    d = bridle.descend(
        X,
        y,
        alpha=2.0,
        penalty="l1",
        method="subgradient",
        lr=0.003,
        steps=5_000,
        start=[0.5, 0.4, 0.3, -0.6],
    )
    assert (d.landed_at == -1).all() and (d.positions != 0).all()
    assert np.abs(d.weights[zero]).max() < 0.1
    prox = bridle.descend(
        X, y, alpha=2.0, penalty="l1", method="proximal", lr=0.003, steps=5_000, start=[0.5, 0.4, 0.3, -0.6]
    )
    assert ((prox.landed_at > 0) >= zero).all() and (prox.weights[zero] == 0).all()


# Laws


@pytest.mark.parametrize(
    ("penalty", "method", "decay", "momentum"),
    [
        *product(["l2", "none"], ["gradient", "proximal"], ["coupled", "decoupled"], [0.0, 0.8]),
        ("l1", "proximal", "coupled", 0.0),
        ("l1", "subgradient", "coupled", 0.0),
    ],
)
def test_the_critical_rate_parts_what_converges_from_what_diverges(rows, penalty, method, decay, momentum):
    X, y = rows
    arguments = {
        "alpha": 0.3,
        "penalty": penalty,
        "method": method,
        "decay": decay,
        "momentum": momentum,
        "start": [9.0, 9, 9, 9],
    }
    critical = bridle.descend(X, y, lr=1.0, steps=0, **arguments).critical_lr
    assert math.isfinite(critical)
    below = bridle.descend(X, y, lr=0.99 * critical, steps=3_000, **arguments)
    above = bridle.descend(X, y, lr=1.01 * critical, steps=3_000, **arguments)
    assert not below.diverged and below.diverged_at is None
    assert below.objective[-1] < below.objective[0]
    assert above.diverged
    at = above.diverged_at
    limit = 100 * max(above.objective[0], (y**2).mean())
    assert not above.objective[at] <= limit and (above.objective[:at] <= limit).all()


def test_the_critical_rate_is_two_over_the_curvature(rows):
    X, y = rows
    top = np.linalg.eigvalsh(2 * X.T @ X / len(y))[-1]
    assert bridle.descend(X, y, lr=0.1, steps=0).critical_lr == pytest.approx(2 / top, rel=1e-12)
    assert bridle.descend(X, y, alpha=0.4, lr=0.1, steps=0).critical_lr == pytest.approx(
        2 / (top + 0.8), rel=1e-12
    )
    wide = X.T[:3]
    assert bridle.descend(wide, np.ones(3), lr=0.1, steps=0).critical_lr == pytest.approx(
        2 / np.linalg.eigvalsh(2 * wide.T @ wide / 3)[-1], rel=1e-12
    )
    assert bridle.descend(np.zeros((3, 1)), np.ones(3), lr=0.1, steps=0).critical_lr == math.inf


@pytest.mark.parametrize(
    ("penalty", "method"), [("l2", "gradient"), ("l1", "proximal"), ("l1", "subgradient")]
)
@pytest.mark.parametrize("momentum", [0.0, 0.7])
def test_the_parts_add_up(rows, penalty, method, momentum):
    d = bridle.descend(
        *rows, alpha=0.5, penalty=penalty, method=method, lr=0.02, steps=60, momentum=momentum, start=[1] * 4
    )
    assert len(d) == 60
    assert d.positions[1:] == pytest.approx(d.positions[:-1] + d.loss_steps + d.penalty_steps, abs=1e-13)


def test_a_proximal_objective_never_rises_below_the_critical_rate(rows):
    d = bridle.descend(
        *rows, alpha=0.5, penalty="l1", method="proximal", lr=0.02, steps=300, start=[5.0, -5, 5, -5]
    )
    assert d.critical_lr > 0.02
    assert (np.diff(d.objective) <= 1e-12).all()


def test_without_momentum_coupled_and_decoupled_are_the_same_step(rows):
    a, b = (bridle.descend(*rows, alpha=0.5, lr=0.02, steps=50, decay=d) for d in ("coupled", "decoupled"))
    c, e = (
        bridle.descend(*rows, alpha=0.5, lr=0.02, steps=50, decay=d, momentum=0.5)
        for d in ("coupled", "decoupled")
    )
    assert (a.positions == b.positions).all()
    assert (c.positions[3:] != e.positions[3:]).any(axis=1).all()


def test_what_runs_away_ends_in_nan_without_a_warning():
    d = bridle.descend(X, Y, lr=1e60, steps=20)
    assert d.diverged and d.diverged_at == 1
    assert np.isnan(d.positions[-1]).all() and np.isfinite(d.positions[0]).all()


def test_the_start_is_copied_and_the_answer_frozen():
    start = np.array([1.0, 2.0])
    d = bridle.descend(X, Y, lr=0.1, steps=2, start=start)
    start[:] = 9
    assert d.positions[0].tolist() == [1.0, 2.0]
    with pytest.raises(FrozenInstanceError):
        d.lr = 2.0
    assert bridle.descend(X, Y, lr=0.1, steps=0, start=[0.0, 0.0]).landed_at.tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr": 0.0}, "lr"),
        ({"lr": math.inf}, "lr"),
        ({"lr": "fast"}, "lr"),
        ({"alpha": -1}, "alpha"),
        ({"alpha": math.nan}, "alpha"),
        ({"momentum": 1.0}, "momentum"),
        ({"steps": 1.5}, "steps"),
        ({"steps": -1}, "steps"),
        ({"penalty": "l3"}, "penalty"),
        ({"method": "newton"}, "method"),
        ({"decay": "weight"}, "decay"),
        ({"penalty": "l1"}, "no gradient"),
        ({"start": [1.0]}, "start"),
        ({"start": [1.0, math.nan]}, "start"),
        ({"start": "ab"}, "start"),
    ],
)
def test_settings_without_sense_are_refused(change, words):
    with pytest.raises(bridle.UsageError, match=words):
        bridle.descend(X, Y, **{"lr": 0.1, **change})


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, Y[:1]),
        (X[0], Y),
        (X, [1.0, math.nan]),
        (X + math.inf, Y),
        (np.zeros((0, 2)), []),
        ([["a"]], [1.0]),
    ],
)
def test_data_without_sense_are_refused(x, y):
    with pytest.raises(bridle.DataError):
        bridle.descend(x, y, lr=0.1)
