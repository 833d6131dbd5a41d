"""bridle.path's generalized linear models against recorded runs of R's glmnet: tests/fixtures/glmnet_glm.json.

How a glmnet call maps onto bridle's objective for family="binomial", "poisson" and Gamma(link="log"): lambda is ``alpha``,
glmnet's alpha is ``l1_ratio``, and ``penalty_factors = penalty.factor * p / (their sum)``, an infinite one counting as 1
in that sum. Neither package scales the target of these families; both scale columns to unit population sd under the
weights where standardize=TRUE. glmnet takes trials as two columns, failures and successes; here they are the share of
successes with the trials as weights.

make_glm.py proves that the answers satisfy the optimality conditions to 1e-11 of the null model's largest gradient, and
that they are within 1e-11 of the solution; a test here says the same by bridle's own families. Agreement asked of the
solver, in units of the largest coefficient, all per sd of their columns: 1e-9 where it is told to go on until nothing
moves (tolerance=0), and as it is called by default 3e-7, since it then stops once the optimality conditions hold to 1e-8
of the null model's gradient. The support is the same wherever the optimality conditions leave a margin of 1e-6.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest

import bridle
from bridle.families import Family, family_named

FIXTURE = json.loads((Path(__file__).parents[1] / "fixtures" / "glmnet_glm.json").read_text())
CASES = FIXTURE["cases"]
NAMES = {"binomial": "binomial", "poisson": "poisson", "Gamma(log)": "gamma"}
AGREEMENT = {"default": 3e-7, "tight": 1e-9}
MARGIN = 1e-6


class Case:
    """One recorded glmnet call, and the arguments of bridle.path that ask for the same."""

    def __init__(self, name: str) -> None:
        case = CASES[name]
        vector = {
            key: np.array(FIXTURE["vectors"][case[key]], dtype=float)
            for key in ("weights", "offset", "factors", "lower", "upper")
            if key in case
        }
        self.X = np.array(FIXTURE["x"], dtype=float)
        self.n, self.p = self.X.shape
        self.y, self.weights = np.array(FIXTURE["targets"][case["data"]], dtype=float), vector.get("weights")
        if self.y.ndim == 2:
            trials = self.y.sum(axis=1)
            self.y, self.weights = (
                self.y[:, 1] / trials,
                trials if self.weights is None else self.weights * trials,
            )
        self.family_name = NAMES[case["family"]]
        self.family: Family = family_named(self.family_name)
        self.offset = vector.get("offset")
        self.factors = None
        if "factors" in vector:
            v = vector["factors"]
            self.factors = v * self.p / np.where(np.isfinite(v), v, 1.0).sum()
        self.lower, self.upper = vector.get("lower"), vector.get("upper")
        self.l1_ratio, self.standardize, self.intercept = (
            case["alpha"],
            case["standardize"],
            case["intercept"],
        )

        self.lam = np.array(case["lambda"], dtype=float)
        self.coef = np.array(case["coef"], dtype=float)
        self.intercepts = np.array(case["intercept_values"], dtype=float)
        self.df, self.dev_ratio = np.array(case["df"]), np.array(case["dev_ratio"], dtype=float)
        self.lambda_max = case["lambda_max"]

        self.w = np.ones(self.n) if self.weights is None else self.weights
        self.w = self.w / self.w.sum()
        self.sd = np.sqrt(self.w @ (self.X - self.w @ self.X) ** 2)
        self.scale = self.sd if self.standardize else np.ones(self.p)

    def path(self, **options):
        return bridle.path(
            self.X,
            self.y,
            family=self.family_name,
            l1_ratio=self.l1_ratio,
            weights=self.weights,
            offset=self.offset,
            standardize=self.standardize,
            fit_intercept=self.intercept,
            penalty_factors=self.factors,
            lower=self.lower,
            upper=self.upper,
            **options,
        )

    def null_loss(self) -> float:
        """The mean loss of the intercept alone, beside the offset, by Newton's method."""
        offset = np.zeros(self.n) if self.offset is None else self.offset
        null = 0.0
        for _ in range(50 if self.intercept else 0):
            slope, curvature = (
                self.family.slope(self.y, offset + null),
                self.family.curvature(self.y, offset + null),
            )
            null -= (self.w @ slope) / (self.w @ curvature)
        return float(self.w @ self.family.loss(self.y, offset + null))

    def eta(self, k: int) -> np.ndarray:
        """glmnet's linear predictor at lambda k."""
        return (0.0 if self.offset is None else self.offset) + self.intercepts[k] + self.X @ self.coef[k]

    def pull(self, k: int) -> np.ndarray:
        """(p,) Minus the gradient of the mean loss at glmnet's answer, by bridle's family, per unit of the penalty."""
        return -(self.w * self.family.slope(self.y, self.eta(k))) @ self.X / self.scale

    def allowed(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(p,), (p,) The least and the largest pull that leave glmnet's coefficients where they are."""
        v = np.ones(self.p) if self.factors is None else self.factors
        finite = np.isfinite(v)
        v = np.where(finite, v, 0.0)
        l1, l2 = self.lam[k] * self.l1_ratio * v, self.lam[k] * (1 - self.l1_ratio) * v
        b = self.coef[k]
        low = np.where(b == 0, -l1, l1 * np.sign(b) + l2 * b * self.scale)
        high = np.where(b == 0, l1, low)
        low = np.where(finite, low, -np.inf)
        high = np.where(finite, high, np.inf)
        if self.lower is not None:
            low = np.where(b <= self.lower + 1e-12, -np.inf, low)
        if self.upper is not None:
            high = np.where(b >= self.upper - 1e-12, np.inf, high)
        return low, high

    def decided(self, k: int) -> np.ndarray:
        """The columns whose being zero or not the optimality conditions decide with a margin, at lambda k."""
        low, high = self.allowed(k)
        pull, size = self.pull(k), np.abs(self.sd * self.coef[k])
        slack = np.minimum(high - pull, pull - low)
        return np.where(self.coef[k] != 0, size > MARGIN * size.max(), slack > MARGIN * np.abs(pull).max())


case_named = functools.cache(Case)


@functools.cache
def solved(name: str, effort: str) -> bridle.Path:
    """bridle's path at the lambdas of the case."""
    case = case_named(name)
    return case.path(alphas=case.lam, **({"tolerance": 0.0} if effort == "tight" else {}))


@pytest.mark.parametrize("name", CASES)
def test_glmnet_is_optimal_by_the_families(name):
    """The families' slopes put glmnet's answers on the optimality conditions of the objective, to 1e-11."""
    case = case_named(name)
    null = case.family.predictor(np.array(case.w @ case.y)) if case.intercept else 0.0
    size = np.abs((case.w * case.family.slope(case.y, np.full(case.n, null))) @ (case.X / case.scale)).max()
    for k in range(len(case.lam)):
        pull = case.pull(k)
        low, high = case.allowed(k)
        assert np.maximum(low - pull, pull - high).max() <= 1e-11 * size
        if case.intercept:
            assert abs(case.w @ case.family.slope(case.y, case.eta(k))) <= 1e-11 * size


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name]["data"] != "trials"])
def test_glmnet_has_the_families_deviance(name):
    """glmnet's dev.ratio is 1 - deviance / null deviance, the null model with the offset; of trials it differs."""
    case = case_named(name)
    worst = case.null_loss()
    ratio = [1 - case.w @ case.family.loss(case.y, case.eta(k)) / worst for k in range(len(case.lam))]
    np.testing.assert_allclose(ratio, case.dev_ratio, rtol=0, atol=1e-11)


@pytest.mark.parametrize("effort", AGREEMENT)
@pytest.mark.parametrize("name", CASES)
def test_coefficients_intercepts_and_support(name, effort):
    case, path, near = case_named(name), solved(name, effort), AGREEMENT[effort]
    np.testing.assert_allclose(path.alphas, case.lam, rtol=1e-15)
    for k, lam in enumerate(case.lam):
        size = np.abs(case.coef[k] * case.sd).max()
        error = np.abs((path.coefs[k] - case.coef[k]) * case.sd).max()
        assert error <= near * size, f"lambda {lam}: coefficients differ by {error:.1e} of {size:.1e}"
        part = np.abs(case.coef[k] * (case.w @ case.X)).max()
        error = abs(path.intercepts[k] - case.intercepts[k])
        assert error <= near * max(abs(case.intercepts[k]), part), (
            f"lambda {lam}: intercepts differ by {error:.1e}"
        )
        decided = case.decided(k)
        np.testing.assert_array_equal(
            (path.coefs[k] != 0)[decided], (case.coef[k] != 0)[decided], err_msg=f"lambda {lam}"
        )
        if decided.all():
            assert path.n_nonzero[k] == case.df[k]


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name]["data"] != "trials"])
def test_training_error(name):
    """A path's training error is the mean unit deviance; glmnet's dev.ratio is what of the null model's is explained."""
    case, path = case_named(name), solved(name, "tight")
    np.testing.assert_allclose(path.train_error, (1 - case.dev_ratio) * 2 * case.null_loss(), rtol=1e-9)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, case in CASES.items()
        if case["alpha"] > 0 and "lower" not in case and "factors" not in case
    ],
)
def test_largest_lambda(name):
    """The first lambda of glmnet's own grid is bridle's alpha_max, except where limits or free columns change the null
    model; glmnet's null model with an offset goes through R's glm, which stops at 1e-8."""
    case = case_named(name)
    path = case.path(n_alphas=2)
    assert path.alpha_max == pytest.approx(case.lambda_max, rel=1e-10)
    assert not path.coefs[0].any()


def test_the_recording_names_its_makers():
    assert FIXTURE["glmnet"] and FIXTURE["r"].startswith("R version") and "make_glm.py" in FIXTURE["made_by"]
    assert all(case["violation"] < 1e-11 and case["distance"] < 1e-11 for case in CASES.values())
