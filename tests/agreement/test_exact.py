"""Penalized fits against exact rational arithmetic (fractions.Fraction).

Given which coefficients are zero, at a bound, or free with which sign, the minimizer of the elastic net's
objective solves a linear system with rational entries. The test takes that pattern from bridle's answer,
solves the system exactly, and checks the optimality conditions of the exact solution exactly. If they
hold, it *is* the minimizer (the system is nonsingular, the objective convex), whoever proposed the
pattern; then bridle's numbers are compared with it. If they do not hold, bridle's support or a sign is
wrong, and the test fails.

Square roots occur in one place: with standardize=True the L1 part of a column carries sd(x_j) * sd(y),
taken here to 60 digits. Alphas, mixes, factors and bounds are dyadic, so that both sides hold the same
numbers.

Agreement asked: 1e-12 of the largest coefficient (all per sd of their columns) on well-conditioned
integers, and on NIST's ill-conditioned designs (Longley, Filip, Wampler, Pontius; penalized) as stated
there; zeros are exact zeros.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

import bridle
from bridle.solvers.plan import SparseRows

NIST = json.loads((Path(__file__).parents[1] / "fixtures" / "nist.json").read_text())["sets"]
DIGITS = 60


@pytest.fixture(params=["moments", "columns"], autouse=True)
def solver(request, monkeypatch) -> str:
    """Both solvers: the one that small tables get, and the one for wide tables."""
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: request.param)
    return request.param


def root(value: Fraction) -> Fraction:
    """The square root, to DIGITS digits (exact where it is rational and short)."""
    scale = 10 ** (2 * DIGITS)
    return Fraction(math.isqrt(value.numerator * scale * value.denominator), value.denominator * 10**DIGITS)


def dot(a, b) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        pivot = next(
            k for k in range(i, size) if rows[k][i]
        )  # StopIteration: singular, the pattern is not unique
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, size):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i], strict=True)]
    out = [Fraction(0)] * size
    for i in reversed(range(size)):
        out[i] = (rows[i][size] - dot(rows[i][i + 1 : size], out[i + 1 :])) / rows[i][i]
    return out


@dataclass
class Problem:
    """Data and penalty in doubles, as bridle gets them; every number is read exactly."""

    X: np.ndarray
    y: np.ndarray
    l1_ratio: float = 1.0
    standardize: bool = False
    fit_intercept: bool = True
    weights: np.ndarray | None = None
    penalty_factors: np.ndarray | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None

    def __post_init__(self) -> None:
        n, self.p = self.X.shape
        w = [Fraction(float(v)) for v in (np.ones(n) if self.weights is None else self.weights)]
        self.w = [v / sum(w) for v in w]
        self.columns = [[Fraction(float(v)) for v in column] for column in self.X.T]
        self.target = [Fraction(float(v)) for v in self.y]
        self.means = [dot(self.w, c) if self.fit_intercept else Fraction(0) for c in self.columns]
        self.y_mean = dot(self.w, self.target) if self.fit_intercept else Fraction(0)
        centred = [[v - m for v in c] for c, m in zip(self.columns, self.means, strict=True)]
        t = [v - self.y_mean for v in self.target]
        weighted = [[a * b for a, b in zip(self.w, c, strict=True)] for c in centred]
        self.gram = [[dot(u, c) for c in centred] for u in weighted]
        self.cross = [dot(u, t) for u in weighted]
        self.null = dot([a * b for a, b in zip(self.w, t, strict=True)], t)
        self.variances = [self.gram[j][j] for j in range(self.p)]
        factors = np.ones(self.p) if self.penalty_factors is None else self.penalty_factors
        self.factors = [None if math.isinf(v) else Fraction(float(v)) for v in factors]

    def strengths(self, alpha: float) -> tuple[list[Fraction], list[Fraction]]:
        """L1 and L2 strength of each column, for coefficients and target in original units."""
        l1 = Fraction(alpha) * Fraction(self.l1_ratio)
        l2 = Fraction(alpha) * (1 - Fraction(self.l1_ratio))
        first, second = [], []
        for variance, factor in zip(self.variances, self.factors, strict=True):
            v = Fraction(0) if factor is None else factor
            first.append(l1 * v * (root(variance * self.null) if self.standardize and l1 else 1))
            second.append(l2 * v * (variance if self.standardize else 1))
        return first, second

    def bound(self, side: np.ndarray | None, j: int) -> Fraction | None:
        return None if side is None or math.isinf(side[j]) else Fraction(float(side[j]))

    def minimizer(self, alpha: float, proposal: np.ndarray) -> list[Fraction]:
        """The exact minimizer, if the proposal has its pattern of zeros, signs and active bounds."""
        l1, l2 = self.strengths(alpha)
        low = [self.bound(self.lower, j) for j in range(self.p)]
        high = [self.bound(self.upper, j) for j in range(self.p)]
        held = {j: Fraction(0) for j in range(self.p) if proposal[j] == 0}
        for j, sides in enumerate(zip(low, high, strict=True)):
            for side in sides:
                if side and abs(float(side) - proposal[j]) <= 1e-14 * abs(side):
                    held[j] = side
        free = [j for j in range(self.p) if j not in held]
        signs = {j: (1 if proposal[j] > 0 else -1) for j in free}
        matrix = [[self.gram[i][j] + (l2[i] if i == j else 0) for j in free] for i in free]
        right = [
            self.cross[i] - l1[i] * signs[i] - sum(self.gram[i][j] * value for j, value in held.items())
            for i in free
        ]
        b = [held.get(j, Fraction(0)) for j in range(self.p)]
        for j, value in zip(free, solve(matrix, right), strict=True):
            b[j] = value
            assert l1[j] == 0 or value * signs[j] > 0, f"column {j} has the wrong sign"
            assert low[j] is None or value >= low[j], f"column {j} is below its bound"
            assert high[j] is None or value <= high[j], f"column {j} is above its bound"
        for j in held:
            if self.factors[j] is None:
                assert b[j] == 0
                continue
            slope = self.cross[j] - dot(self.gram[j], b) - l2[j] * b[j]
            least = -l1[j] if b[j] <= 0 else l1[j]
            most = l1[j] if b[j] >= 0 else -l1[j]
            assert slope <= most or b[j] == high[j], f"column {j} should be larger than {float(b[j])}"
            assert slope >= least or b[j] == low[j], f"column {j} should be smaller than {float(b[j])}"
        return b

    def intercept(self, b: list[Fraction]) -> Fraction:
        return self.y_mean - dot(self.means, b)

    def objective(self, alpha: float, b: list[Fraction], intercept: Fraction) -> Fraction:
        l1, l2 = self.strengths(alpha)
        shift = intercept - self.intercept(b)  # zero at the minimizer; doubles round it
        fit = self.null - 2 * dot(self.cross, b) + sum(b[i] * dot(self.gram[i], b) for i in range(self.p))
        penalty = sum(l1[j] * abs(b[j]) + l2[j] * b[j] ** 2 / 2 for j in range(self.p))
        return (fit + shift**2) / 2 + penalty

    def path(self, alphas, X=None):
        return bridle.path(
            self.X if X is None else X,
            self.y,
            alphas=alphas,
            l1_ratio=self.l1_ratio,
            weights=self.weights,
            standardize=self.standardize,
            fit_intercept=self.fit_intercept,
            penalty_factors=self.penalty_factors,
            lower=self.lower,
            upper=self.upper,
        )

    def check(self, alphas, tolerance: float, X=None) -> None:
        path = self.path(alphas, X)
        sd = np.sqrt([float(v) for v in self.variances])
        for k, alpha in enumerate(path.alphas):
            exact = self.minimizer(float(alpha), path.coefs[k])
            wanted = np.array([float(v) for v in exact])
            size = np.abs(wanted * sd).max()
            error = np.abs((path.coefs[k] - wanted) * sd).max()
            assert error <= tolerance * size, f"alpha {alpha}: off by {error / size:.1e}"
            assert np.array_equal(path.coefs[k] != 0, wanted != 0)
            b0 = float(self.intercept(exact))
            moved = max(abs(b0), np.abs([float(m) for m in self.means] * wanted).max(), math.sqrt(self.null))
            assert abs(path.intercepts[k] - b0) <= tolerance * moved
            rounding = Fraction(10) ** -15 * self.null  # of coefficients that stand at a bound
            found = [Fraction(float(v)) for v in path.coefs[k]]
            excess = self.objective(alpha, found, Fraction(float(path.intercepts[k])))
            excess -= self.objective(alpha, exact, self.intercept(exact))
            assert excess <= Fraction(max(float(path.gaps[k]), 0.0)) * self.null / 2 + rounding, (
                "the gap is no bound"
            )
            squares = 2 * (self.objective(alpha, exact, self.intercept(exact)) - self.penalty(alpha, exact))
            assert path.train_error[k] == pytest.approx(
                float(squares), rel=1e-9, abs=1e-14 * float(self.null)
            )

    def penalty(self, alpha: float, b: list[Fraction]) -> Fraction:
        l1, l2 = self.strengths(alpha)
        return sum(l1[j] * abs(b[j]) + l2[j] * b[j] ** 2 / 2 for j in range(self.p))


def integers(seed: int, n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    X = random.integers(-9, 10, size=(n, p)).astype(float)
    y = X[:, : min(p, 4)] @ np.array([3.0, -2.0, 1.0, 0.5])[:p] + random.integers(-9, 10, size=n)
    return X, y + 20


MIXES = [1.0, 0.5, 0.0]
ROUNDING = 1e-11
ALPHAS = [2.0, 0.75, 0.25, 0.0625, 2**-8]


@pytest.mark.parametrize("l1_ratio", MIXES)
@pytest.mark.parametrize(
    ("standardize", "fit_intercept"),
    [(True, True), (False, True), (False, False)],
    ids=["std", "raw", "origin"],
)
@pytest.mark.parametrize(("n", "p"), [(8, 3), (12, 5), (30, 12)])
def test_plain(n, p, standardize, fit_intercept, l1_ratio):
    X, y = integers(n, n, p)
    Problem(X, y, l1_ratio, standardize, fit_intercept).check(ALPHAS, ROUNDING)


@pytest.mark.parametrize("l1_ratio", MIXES)
@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
def test_more_columns_than_rows(standardize, l1_ratio):
    X, y = integers(3, 8, 25)
    Problem(X, y, l1_ratio, standardize).check(ALPHAS[:-1] if l1_ratio else ALPHAS, 1e-11)


@pytest.mark.parametrize("free", [False, True], ids=["penalized", "one free"])
@pytest.mark.parametrize(
    ("n", "seed"),
    [
        (3, 0),
        (4, 1),
        (5, 12),
        (6, 2),
        (6, 26),
        (6, 42),
        (7, 19),
        (7, 53),
        (8, 0),
        (9, 29),
        (9, 53),
        (9, 58),
        (10, 40),
    ],
)
def test_supports_as_large_as_the_rows_allow(n, seed, free):
    """The lasso at the end of its path, where one more column would fit every row exactly.

    Descent alone crawls here, and a relative gap of 1e-10 leaves errors of 1e-8 and more in the coefficients.
    """
    X, y = integers(1000 * n + seed, n, 3 * n)
    factors = np.ones(3 * n)
    factors[2] = 0.0 if free else 1.0
    Problem(X, y, standardize=bool(seed % 2), penalty_factors=factors).check([0.5, 2**-3, 2**-5, 2**-8], 1e-9)


@pytest.mark.parametrize("l1_ratio", MIXES)
@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
@pytest.mark.parametrize("seed", [1, 2])
def test_weights(seed, standardize, l1_ratio):
    X, y = integers(seed, 14, 5)
    weights = np.random.default_rng(seed).integers(0, 9, size=14) / 4
    Problem(X, y, l1_ratio, standardize, weights=weights).check(ALPHAS, ROUNDING)


@pytest.mark.parametrize("l1_ratio", MIXES)
@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
def test_penalty_factors(standardize, l1_ratio, solver):
    X, y = integers(5, 14, 6)
    factors = np.array([1.0, 0.25, 4.0, np.inf, 0.0, 1.5])
    problem = Problem(X, y, l1_ratio, standardize, penalty_factors=factors)
    problem.check(ALPHAS, ROUNDING)


@pytest.mark.parametrize("l1_ratio", MIXES)
@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
def test_bounds(standardize, l1_ratio, solver):
    X, y = integers(6, 16, 6)
    lower = np.array([-np.inf, -0.5, 0.0, -np.inf, -0.25, 0.0])
    upper = np.array([1.5, np.inf, 0.375, 0.0, 0.25, np.inf])
    problem = Problem(X, y, l1_ratio, standardize, lower=lower, upper=upper)
    problem.check(ALPHAS, ROUNDING)
    last = problem.path(ALPHAS).coefs[-1]
    assert (np.isclose(last, lower) | np.isclose(last, upper)).sum() >= 3, "the bounds are meant to bite"


@pytest.mark.parametrize("l1_ratio", MIXES)
def test_everything_at_once(l1_ratio, solver):
    X, y = integers(7, 18, 6)
    problem = Problem(
        X,
        y,
        l1_ratio,
        standardize=True,
        weights=np.random.default_rng(3).integers(1, 9, size=18) / 8,
        penalty_factors=np.array([0.0, 1.0, 2.0, 0.5, np.inf, 1.0]),
        lower=np.array([-1.0, -1.0, 0.0, -np.inf, -1.0, -0.125]),
        upper=np.array([2.0, 0.5, 1.0, 0.25, 1.0, np.inf]),
    )
    problem.check(ALPHAS, ROUNDING)


@pytest.mark.parametrize("l1_ratio", MIXES)
@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
def test_sparse(standardize, l1_ratio):
    X, y = integers(8, 20, 6)
    X[np.random.default_rng(8).random(X.shape) < 0.7] = 0
    Problem(X, y, l1_ratio, standardize).check(ALPHAS, 1e-12, scipy.sparse.csr_array(X))


@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_alpha_max(l1_ratio, standardize):
    """The largest alpha that leaves anything in: the null model's gradient, factors and signs minded."""
    X, y = integers(9, 12, 5)
    factors, upper = np.array([1.0, 2.0, 0.5, np.inf, 1.0]), np.array([0.0, np.inf, np.inf, np.inf, np.inf])
    problem = Problem(X, y, l1_ratio, standardize, penalty_factors=factors, upper=upper)
    l1, _ = problem.strengths(1.0)
    pull = [problem.cross[j] / l1[j] for j in range(5) if l1[j]]
    wanted = max([-pull[0] if pull[0] < 0 else Fraction(0), *map(abs, pull[1:])])
    path = problem.path(None)
    assert path.alpha_max == pytest.approx(float(wanted), rel=1e-13)
    near = problem.path([float(wanted) * (1 + 1e-9), float(wanted) * (1 - 1e-9)])
    assert list(near.n_nonzero) == [0, 1]


@pytest.mark.parametrize("size", [0.1, 1e-3, 1e-6])
@pytest.mark.parametrize("l1_ratio", MIXES)
@pytest.mark.parametrize("bounded", [False, True], ids=["free", "bounded"])
def test_certificates_bound_the_exact_distance(bounded, l1_ratio, size, solver):
    """Of coefficients moved away on purpose: the true excess is at most the gap, the true error at most its
    bound.
    """
    X, y = integers(10, 24, 6)
    bounds = {"lower": np.full(6, -0.5), "upper": np.full(6, 1.5)} if bounded else {}
    problem = Problem(X, y, l1_ratio, standardize=True, **bounds)
    path = problem.path([0.25, 2**-5])
    random = np.random.default_rng(0)
    moved = np.where(path.coefs != 0, path.coefs * (1 + size * random.normal(size=path.coefs.shape)), 0.0)
    moved = np.clip(moved, *bounds.values()) if bounded else moved
    means = np.array([float(v) for v in problem.means])
    away = replace(path, stored=SparseRows.of(moved), intercepts=float(problem.y_mean) - moved @ means)
    for k, certificate in enumerate(path.origin.certify(away)):
        exact = problem.minimizer(float(path.alphas[k]), path.coefs[k])
        found = [Fraction(float(v)) for v in moved[k]]
        least = problem.objective(certificate.alpha, exact, problem.intercept(exact))
        excess = problem.objective(certificate.alpha, found, Fraction(float(away.intercepts[k]))) - least
        null = float(problem.null)
        assert 0 < excess <= certificate.gap * (1 + 1e-9) + 1e-15 * null
        assert certificate.gap <= 10 * size * null, "a bound this loose says nothing"
        assert certificate.objective == pytest.approx(float(least + excess), rel=1e-12)
        assert certificate.relative_gap == pytest.approx(2 * certificate.gap / null, rel=1e-12)
        error = (moved[k] - [float(v) for v in exact]) * path.x_scale / path.y_scale
        assert np.linalg.norm(error) <= certificate.coefficient_error


@pytest.mark.parametrize("fit_intercept", [True, False], ids=["intercept", "origin"])
def test_scales_that_the_path_reports(fit_intercept):
    """Standardizing is dividing by hand by the scales that the path reports."""
    X, y = integers(4, 15, 4)
    options = {"alphas": [0.5, 0.25, 0.0625], "l1_ratio": 0.5, "fit_intercept": fit_intercept}
    path = bridle.path(X, y, **options)
    by_hand = bridle.path(X / path.x_scale, y / path.y_scale, standardize=False, **options)
    np.testing.assert_allclose(path.coefs, by_hand.coefs * path.y_scale / path.x_scale, rtol=1e-12)
    np.testing.assert_allclose(path.intercepts, by_hand.intercepts * path.y_scale, rtol=1e-12)


def nist_design(name: str) -> tuple[np.ndarray, np.ndarray]:
    item = NIST[name]
    x = np.array(item["x"], dtype=float)
    degree = int(item["model"].split()[1]) if item["model"].startswith("polynomial") else 0
    X = x[:, None] ** np.arange(1, degree + 1) if degree else x.reshape(len(x), -1)
    return X, np.array(item["y"], dtype=float)


@pytest.mark.parametrize("l1_ratio", MIXES)
@pytest.mark.parametrize("name", ["Longley", "Filip", "Wampler1", "Wampler2", "Wampler5", "Pontius"])
def test_ill_conditioned_designs(name, l1_ratio):
    """NIST's designs with a penalty: so nearly collinear that rounding the moments already moves the answer.

    1e-8 of the largest standardized coefficient is asked, and the right support.
    """
    X, y = nist_design(name)
    Problem(X, y, l1_ratio, standardize=True).check([0.5, 2**-4, 2**-7, 2**-10], 1e-8)
