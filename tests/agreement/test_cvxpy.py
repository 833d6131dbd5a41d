"""Bounds and penalty factors against CVXPY with Clarabel, an interior-point solver.

CVXPY is given the objective as it is written, so this checks its scaling as well as the solver. Interior
points end near the optimum, not on it: Clarabel at tolerances of 1e-11 leaves about 1e-8 in the
coefficients. Agreement asked is therefore 1e-6 of the largest coefficient, and 1e-9 in the objective,
where bridle must never be worse than Clarabel by more than rounding. Because this is weak, bridle's own
answer is also put through the optimality conditions, written in plain NumPy, at 1e-10 of the null model's
largest gradient.
"""

from __future__ import annotations

import cvxpy
import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import bridle

INF = np.inf


def data(n: int, p: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, p)) * random.uniform(0.5, 4, size=p) + 0.7 * random.normal(size=(n, 1))
    return X, X[:, :6] @ np.array([1.0, -1.0, 0.5, 0.0, 2.0, -0.5]) + random.normal(size=n) + 4


DIABETES = load_diabetes(return_X_y=True, scaled=False)
TALL, WIDE = data(60, 8, 0), data(25, 40, 1)
CASES = {
    "box": (TALL, {"lower": np.full(8, -0.3), "upper": np.full(8, 0.6)}),
    "one-sided": (TALL, {"lower": np.array([0.0, -INF] * 4), "upper": np.array([INF, 0.0] * 4)}),
    "factors": (TALL, {"penalty_factors": np.array([1, 0, 3, 0.1, INF, 1, 0, 2])}),
    "box, factors, weights": (
        TALL,
        {
            "lower": np.array([-INF, -0.2, 0, 0, -INF, -1, -1, 0]),
            "upper": np.array([0.8, 0.2, INF, 0, 1.5, 0, 1, 0.05]),
            "penalty_factors": np.array([0, 0, 3, 0.1, 1, INF, 0.5, 2]),
            "weights": np.random.default_rng(2).uniform(0.2, 3, size=60),
        },
    ),
    "no intercept": (TALL, {"lower": np.full(8, -0.5), "fit_intercept": False}),
    "wide": (WIDE, {"lower": np.full(40, -0.25), "penalty_factors": 1.0 + np.arange(40) % 4}),
    "diabetes": (
        DIABETES,
        {"lower": np.zeros(10), "penalty_factors": np.array([1, 0, 1, 2, 1, 1, 0.5, 1, 1, 1.0])},
    ),
}


class Problem:
    def __init__(self, name: str, l1_ratio: float, standardize: bool) -> None:
        (self.X, self.y), options = CASES[name]
        n, p = self.X.shape
        self.options = options | {"l1_ratio": l1_ratio, "standardize": standardize}
        self.intercept = options.get("fit_intercept", True)
        w = options.get("weights", np.ones(n))
        self.w = w / w.sum()
        self.lower, self.upper = options.get("lower", np.full(p, -INF)), options.get("upper", np.full(p, INF))
        self.factors = options.get("penalty_factors", np.ones(p))
        self.scale, self.y_scale = np.ones(p), 1.0
        if standardize:
            self.scale = np.sqrt(self.w @ (self.X - self.w @ self.X) ** 2)
            self.y_scale = np.sqrt(self.w @ (self.y - self.w @ self.y) ** 2)
        self.l1_ratio = l1_ratio
        kept = np.isfinite(self.factors)
        self.kept, self.v = kept, np.where(kept, self.factors, 0.0)

    def value(self, alpha: float, b0: float, b: np.ndarray) -> float:
        """The objective, in units of the scaled target."""
        residual = (self.y - b0 - self.X @ b) / self.y_scale
        z = b * self.scale / self.y_scale
        mixed = self.l1_ratio * np.abs(z) + (1 - self.l1_ratio) / 2 * z**2
        return float(self.w @ residual**2 / 2 + alpha * self.v @ mixed)

    def clarabel(self, alpha: float) -> tuple[float, np.ndarray]:
        kept = np.flatnonzero(self.kept)
        z, b0 = cvxpy.Variable(len(kept)), cvxpy.Variable()  # in scaled units, where the solver is at home
        columns = self.X[:, kept] / self.scale[kept]
        center = self.w @ columns if self.intercept else np.zeros(len(kept))
        target = self.y / self.y_scale
        shift = self.w @ target if self.intercept else 0.0
        error = cvxpy.multiply(np.sqrt(self.w), target - shift - (columns - center) @ z - b0)
        v = self.v[kept]
        penalty = self.l1_ratio * cvxpy.sum(cvxpy.multiply(v, cvxpy.abs(z)))
        penalty += (1 - self.l1_ratio) / 2 * cvxpy.sum(cvxpy.multiply(v, cvxpy.square(z)))
        low, high = (side[kept] * self.scale[kept] / self.y_scale for side in (self.lower, self.upper))
        constraints = [] if self.intercept else [b0 == 0]
        if np.isfinite(low).any():
            constraints.append(z[np.isfinite(low)] >= low[np.isfinite(low)])
        if np.isfinite(high).any():
            constraints.append(z[np.isfinite(high)] <= high[np.isfinite(high)])
        problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(error) / 2 + alpha * penalty), constraints)
        problem.solve(solver=cvxpy.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
        b = np.zeros(len(self.scale))
        b[kept] = z.value * self.y_scale / self.scale[kept]
        return float((b0.value + shift - center @ z.value) * self.y_scale), b

    def violation(self, alpha: float, b0: float, b: np.ndarray) -> float:
        """Largest distance of the gradient to the subdifferential, over the null model's largest gradient."""
        columns, target = self.X / self.scale, self.y / self.y_scale
        null = target - (self.w @ target if self.intercept else 0)
        size = np.abs((self.w * null) @ columns).max()
        residual = self.w * (self.y - b0 - self.X @ b) / self.y_scale
        z = b * self.scale / self.y_scale
        slope = residual @ columns - alpha * (1 - self.l1_ratio) * self.v * z
        l1 = alpha * self.l1_ratio * self.v
        most = np.where(z >= 0, l1, -l1)
        least = np.where(z <= 0, -l1, l1)
        most[b >= self.upper - 1e-14] = INF
        least[b <= self.lower + 1e-14] = -INF
        off = np.maximum(slope - most, least - slope)[self.kept].max()
        return float(max(off, abs(residual.sum()) if self.intercept else 0.0) / size)


def solved(name: str, l1_ratio: float, standardize: bool):
    problem = Problem(name, l1_ratio, standardize)
    top = 0.3 if standardize else 0.3 * problem.y.std() * (1 if name != "diabetes" else 3)
    path = bridle.path(problem.X, problem.y, alphas=top * np.array([1.0, 0.1]), **problem.options)
    return problem, path


RUNS = [
    (name, standardize)
    for name in CASES
    for standardize in (True, False)
    if not standardize or name != "no intercept"  # what a scale is without an intercept is tested elsewhere
]


@pytest.mark.parametrize(
    ("solver", "l1_ratio"),
    [
        ("moments", 1.0),
        ("moments", 0.5),
        ("moments", 0.0),
        ("columns", 1.0),
        ("columns", 0.5),
    ],  # no ridge with bounds
)
@pytest.mark.parametrize(("name", "standardize"), RUNS)
def test_against_an_interior_point_solver(name, standardize, l1_ratio, solver, monkeypatch):
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: solver)
    problem, path = solved(name, l1_ratio, standardize)
    assert not path.coefs[:, ~problem.kept].any()
    for k, alpha in enumerate(path.alphas):
        b0, b = problem.clarabel(float(alpha))
        sd = problem.X.std(axis=0)
        size = max(np.abs(b * sd).max(), 1e-3 * problem.y.std())
        assert np.abs((path.coefs[k] - b) * sd).max() <= 1e-6 * size
        assert abs(path.intercepts[k] - b0) <= 1e-6 * max(abs(b0), problem.y.std())
        ours = problem.value(alpha, path.intercepts[k], path.coefs[k])
        theirs = problem.value(alpha, b0, b)
        assert ours <= theirs * (1 + 1e-12) or not np.all((b >= problem.lower) & (b <= problem.upper))
        assert ours == pytest.approx(theirs, rel=1e-9)
        assert problem.violation(alpha, path.intercepts[k], path.coefs[k]) <= 1e-10


@pytest.mark.parametrize("solver", ["moments", "columns"])
@pytest.mark.parametrize(("name", "standardize"), [run for run in RUNS if "lower" in CASES[run[0]][1]])
def test_bounds_hold_to_the_last_bit(name, standardize, solver, monkeypatch):
    """Scaling there and back must not push a coefficient over its bound."""
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: solver)
    problem, path = solved(name, 0.5, standardize)
    assert np.all(path.coefs >= problem.lower) and np.all(path.coefs <= problem.upper)
    held = (path.coefs == problem.lower) | (path.coefs == problem.upper)
    near = (np.abs(path.coefs - problem.lower) < 1e-12) | (np.abs(path.coefs - problem.upper) < 1e-12)
    assert near.any()
    assert np.array_equal(held, near)
