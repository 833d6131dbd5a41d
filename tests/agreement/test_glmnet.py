"""bridle.path against recorded runs of R's glmnet: tests/fixtures/glmnet.json.

How a glmnet call maps onto bridle's objective, family="gaussian". With s = population sd of y under the
weights (root mean square of y when there is no intercept), a = glmnet's alpha, and v = penalty.factor * p
over the sum of the penalty factors:

- standardize=TRUE: both packages scale the columns and the target to unit sd, so that bridle's ``alpha =
  lambda / s`` and ``l1_ratio = a``. glmnet states its strength in units of y, bridle without a unit.
- standardize=FALSE: glmnet still divides y by s inside. Its L1 part is ``lambda a``, its L2 part ``lambda
  (1 - a) / s``: ``alpha * l1_ratio = lambda a`` and ``alpha * (1 - l1_ratio) = lambda (1 - a) / s``.
- ``penalty_factors = v``: bridle does not rescale them. An infinite factor counts as 1 in glmnet's sum.
- intercept=FALSE with standardize=TRUE: glmnet does not centre, but still divides columns by their
  *centred* sd. The columns are divided by hand here and bridle is asked for standardize=False.

glmnet ran at thresh=1e-24 (at 1e-20 its own answers on diabetes are up to 1.6e-8 off), and
make_fixtures.py proves that its answers satisfy the optimality conditions to 1e-11 of the largest
gradient. Agreement asked: 1e-8 of the largest coefficient, all per sd of their columns, and the same
support wherever the optimality conditions leave a margin of 1e-6.
"""

from __future__ import annotations

import base64
import functools
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes

import bridle

FIXTURE = json.loads((Path(__file__).parents[1] / "fixtures" / "glmnet.json").read_text())
AGREEMENT = 1e-8
MARGIN = 1e-6
SOLVERS = ("moments", "columns")  # the one that small tables get, and the one for wide tables


RUNS = [(name, s) for name, case in FIXTURE["cases"].items() for s in SOLVERS]


class Case:
    """One recorded glmnet call, with the arguments of bridle.path that ask for the same."""

    def __init__(self, name: str) -> None:
        case = FIXTURE["cases"][name]
        vector = {
            key: np.array(FIXTURE["vectors"][case[key]], dtype=float)
            for key in ("weights", "factors", "lower", "upper")
            if key in case
        }
        data = FIXTURE["data"][case["data"]]
        if "load" in data:
            self.X, self.y = load_diabetes(scaled=False, return_X_y=True)
        elif "x_bytes" in data:
            self.X = (
                np.frombuffer(base64.b64decode(data["x_bytes"]), np.int8).reshape(data["shape"]).astype(float)
            )
            self.y = np.array(data["y"], dtype=float)
        else:
            self.X, self.y = np.array(data["x"], dtype=float), np.array(data["y"], dtype=float)
        n, p = self.X.shape
        w = vector.get("weights", np.ones(n))
        self.w = w = w / w.sum()
        self.intercept = case["intercept"]
        self.sd = np.sqrt(w @ (self.X - w @ self.X) ** 2)
        self.y_sd = np.sqrt(w @ (self.y - (w @ self.y if self.intercept else 0)) ** 2)
        self.lam, a = np.array(case["lambda"], dtype=float), case["alpha"]
        self.factors = np.ones(p)
        if "factors" in vector:
            v = vector["factors"]
            self.factors = v * p / np.where(np.isfinite(v), v, 1.0).sum()

        self.coef = np.array(case["coef"], dtype=float)
        self.intercepts = np.array(case["intercept_values"], dtype=float)
        self.df, self.dev_ratio = np.array(case["df"]), np.array(case["dev_ratio"], dtype=float)

        # the same call in bridle's terms
        self.unit = np.ones(p)  # what the columns are divided by before bridle sees them
        if case["standardize"] and not self.intercept:
            self.unit = self.sd
        self.standardize = case["standardize"] and self.intercept
        l1, l2 = (
            a,
            (1 - a) / self.y_sd,
        )  # per unit of lambda, on columns as bridle's penalty sees them, y as it is
        if self.standardize:
            self.per_lambda, self.l1_ratio = 1 / self.y_sd, a
        else:
            self.per_lambda, self.l1_ratio = l1 + l2, l1 / (l1 + l2)
        self.scale = self.sd if case["standardize"] else np.ones(p)
        self.l1, self.l2 = l1, l2
        self.sparse = case["sparse"]
        self.lower, self.upper = vector.get("lower"), vector.get("upper")
        self.weights = vector.get("weights")
        self.has_factors = "factors" in vector
        self.lambda_max = case["lambda_max"]

    def path(self, **options):
        X = self.X / self.unit
        return bridle.path(
            scipy.sparse.csc_array(X) if self.sparse else X,
            self.y,
            l1_ratio=self.l1_ratio,
            weights=self.weights,
            standardize=self.standardize,
            fit_intercept=self.intercept,
            penalty_factors=self.factors if self.has_factors else None,
            lower=None if self.lower is None else self.lower * self.unit,
            upper=None if self.upper is None else self.upper * self.unit,
            **options,
        )

    def decided(self, k: int) -> np.ndarray:
        """The columns whose being zero or not the optimality conditions decide with a margin, at lambda k."""
        coef, lam = self.coef[k], self.lam[k]
        residual = self.w * (self.y - self.intercepts[k] - self.X @ coef)
        slope = residual @ self.X / self.scale
        finite = np.isfinite(self.factors)
        bound = np.where(finite, lam * self.l1 * np.where(finite, self.factors, 1), np.inf)
        above = bound if self.upper is None else np.where(self.upper == 0, np.inf, bound)
        below = bound if self.lower is None else np.where(self.lower == 0, np.inf, bound)
        slack = np.minimum(above - slope, slope + below)
        size = np.abs(self.scale * coef)
        return np.where(coef != 0, size > MARGIN * size.max(), slack > MARGIN * np.abs(slope).max())


@functools.cache
def solved(name: str, solver: str, n_alphas: int | None = None) -> tuple[Case, bridle.Path]:
    """The case, and bridle's path at its lambdas (or on bridle's own grid), by the named solver."""
    case = Case(name)
    grid = {"n_alphas": n_alphas} if n_alphas else {"alphas": case.lam * case.per_lambda}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bridle.solvers.auto.choose", lambda design: solver)
        return case, case.path(**grid)


@pytest.mark.parametrize(("name", "solver"), RUNS)
def test_coefficients_intercepts_and_support(name, solver):
    case, path = solved(name, solver)
    np.testing.assert_allclose(path.alphas, case.lam * case.per_lambda, rtol=1e-15)
    coefs = path.coefs / case.unit
    for k, lam in enumerate(case.lam):
        size = np.abs(case.coef[k] * case.sd).max()
        error = np.abs((coefs[k] - case.coef[k]) * case.sd).max()
        assert error <= AGREEMENT * size, f"lambda {lam}: coefficients differ by {error / size:.1e}"
        assert abs(path.intercepts[k] - case.intercepts[k]) <= AGREEMENT * max(
            abs(case.intercepts[k]), case.y_sd, np.abs(case.coef[k] * (case.w @ case.X)).max()
        )
        decided = case.decided(k)
        np.testing.assert_array_equal(
            (coefs[k] != 0)[decided], (case.coef[k] != 0)[decided], err_msg=f"lambda {lam}"
        )
        if decided.all():
            assert path.n_nonzero[k] == case.df[k]


@pytest.mark.parametrize(("name", "solver"), RUNS)
def test_training_error(name, solver):
    """glmnet's dev.ratio is 1 - MSE / null MSE, both under the weights."""
    case, path = solved(name, solver)
    null = case.y_sd**2
    np.testing.assert_allclose(path.train_error / null, 1 - case.dev_ratio, rtol=0, atol=AGREEMENT)


def has_one_null_model(case: dict) -> bool:
    """Whether both packages start their grid from the same model.

    glmnet's largest lambda is that of the intercept alone, without limits; bridle fits unpenalized columns
    first and knows that a limit of zero leaves one sign. Neither has a largest strength for ridge.
    """
    free = 0 in FIXTURE["vectors"].get(case.get("factors"), [])
    return case["alpha"] > 0 and not free and "lower" not in case


@pytest.mark.parametrize(
    ("name", "solver"), [run for run in RUNS if has_one_null_model(FIXTURE["cases"][run[0]])]
)
def test_largest_lambda(name, solver):
    """The first lambda of glmnet's own grid is bridle's alpha_max."""
    case, path = solved(name, solver, n_alphas=2)
    assert path.alpha_max / case.per_lambda == pytest.approx(case.lambda_max, rel=1e-12)
    assert not path.coefs[0].any()


def test_the_recording_names_its_makers():
    assert (
        FIXTURE["glmnet"] and FIXTURE["r"].startswith("R version") and "make_fixtures.R" in FIXTURE["made_by"]
    )
    assert all(case["violation"] < 1e-11 for case in FIXTURE["cases"].values())
