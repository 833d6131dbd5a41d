"""Laws that every family obeys, drawn over families, storages, penalties, weights, offsets; each family once for certain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import bridle
from bridle.families import family_named

FAMILIES = [
    "binomial", "binomial(probit)", "binomial(cloglog)", "poisson", "negative_binomial(2)", "gamma", "tweedie(1.5)",
    "inverse_gaussian", "huber(1.2)",
]  # fmt: skip
STORAGES = ["C", "F", "float32", "CSR", "CSC"]
NEAR = 1e-6  # of a coefficient; fits stop at optimality conditions of 1e-9


@dataclass(frozen=True)
class Problem:
    """A table, a target that the family can have, and what is asked of the fit, all from one seed."""

    family: str
    storage: str = "C"
    seed: int = 0
    n: int = 90
    p: int = 5
    l1_ratio: float = 0.8
    standardize: bool = True
    weighted: bool = True
    offset: bool = True
    factors: bool = False
    bounded: bool = False

    def rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose])

    @cached_property
    def X(self) -> np.ndarray:
        rng = self.rng(0)
        X = rng.standard_normal((self.n, self.p)) * rng.uniform(0.5, 2, self.p) + rng.uniform(-1, 1, self.p)
        if self.storage in ("CSR", "CSC"):
            X = np.where(rng.random(X.shape) < 0.5, 0.0, X)
        return X.astype(np.float32).astype(np.float64)

    @cached_property
    def y(self) -> np.ndarray:
        rng = self.rng(1)
        eta = 0.4 * (self.X - self.X.mean(0)) @ rng.uniform(-1, 1, self.p) + self.shift
        name = self.family.split("(")[0]
        if name == "binomial":
            return (rng.random(self.n) < 1 / (1 + np.exp(-eta))).astype(float)
        if name in ("poisson", "negative_binomial"):
            return rng.poisson(np.exp(eta)).astype(float)
        if name == "tweedie":
            return np.exp(eta) * rng.poisson(1.0, self.n) * rng.gamma(2, 0.5, self.n)
        return (
            eta + rng.standard_t(3, self.n) if name == "huber" else np.exp(eta) * rng.gamma(4, 0.25, self.n)
        )

    @cached_property
    def shift(self) -> np.ndarray:
        return self.rng(2).uniform(-0.5, 0.5, self.n) if self.offset else np.zeros(self.n)

    @cached_property
    def weights(self) -> np.ndarray:
        return self.rng(3).integers(1, 4, self.n).astype(float) if self.weighted else np.ones(self.n)

    def stored(self, X: np.ndarray) -> Any:
        kinds = {"F": np.asfortranarray, "CSR": sp.csr_array, "CSC": sp.csc_array}
        return (
            X.astype(np.float32)
            if self.storage == "float32"
            else kinds.get(self.storage, np.ascontiguousarray)(X)
        )

    def path(self, X: Any = None, y: Any = None, **changed: Any) -> bridle.Path:
        arguments: dict[str, Any] = {
            "family": self.family, "l1_ratio": self.l1_ratio, "standardize": self.standardize, "weights": self.weights,
            "offset": self.shift, "alphas": [0.1, 0.02], "tolerance": 1e-14,
        }  # fmt: skip
        if self.factors:
            arguments["penalty_factors"] = np.arange(self.p) % 3 * 1.0
        if self.bounded:
            arguments |= {"lower": -0.15, "upper": 0.1}
        return bridle.path(
            self.stored(self.X) if X is None else X, self.y if y is None else y, **(arguments | changed)
        )


def problems(**fixed: Any) -> st.SearchStrategy[Problem]:
    drawn = {
        "family": st.sampled_from(FAMILIES), "storage": st.sampled_from(STORAGES), "seed": st.integers(0, 10**6),
        "l1_ratio": st.sampled_from([0.0, 0.3, 0.8, 1.0]), "standardize": st.booleans(), "weighted": st.booleans(),
        "offset": st.booleans(), "factors": st.booleans(), "bounded": st.booleans(),
    }  # fmt: skip
    return st.builds(Problem, **(drawn | {name: st.just(value) for name, value in fixed.items()}))


def same(a: bridle.Path, b: bridle.Path, factor: Any = 1.0) -> None:
    np.testing.assert_allclose(a.coefs, b.coefs * factor, rtol=NEAR, atol=NEAR)
    np.testing.assert_allclose(a.intercepts, b.intercepts, rtol=NEAR, atol=NEAR)


def weights_are_repetitions(problem: Problem) -> None:
    times = problem.weights.astype(int)
    rows = np.repeat(np.arange(problem.n), times)
    again = problem.path(
        problem.stored(problem.X[rows]), problem.y[rows], weights=None, offset=problem.shift[rows]
    )
    same(problem.path(), again)


def weight_zero_is_absence(problem: Problem) -> None:
    out = problem.rng(7).random(problem.n) < 0.2
    kept = ~out
    less = problem.path(
        problem.stored(problem.X[kept]),
        problem.y[kept],
        weights=problem.weights[kept],
        offset=problem.shift[kept],
    )
    same(problem.path(weights=np.where(out, 0.0, problem.weights)), less)


def order_does_not_matter(problem: Problem) -> None:
    rows = problem.rng(8).permutation(problem.n)
    same(
        problem.path(),
        problem.path(
            problem.stored(problem.X[rows]),
            problem.y[rows],
            weights=problem.weights[rows],
            offset=problem.shift[rows],
        ),
    )


def storage_does_not_matter(problem: Problem) -> None:
    same(problem.path(), problem.path(np.ascontiguousarray(problem.X)))


def a_constant_in_the_offset_goes_to_the_intercept(problem: Problem) -> None:
    one, other = problem.path(), problem.path(offset=problem.shift + 0.75)
    np.testing.assert_allclose(one.coefs, other.coefs, rtol=NEAR, atol=NEAR)
    np.testing.assert_allclose(one.intercepts, other.intercepts + 0.75, rtol=NEAR, atol=NEAR)


def standardizing_by_hand_is_the_same(problem: Problem) -> None:
    if problem.bounded or problem.storage in ("CSR", "CSC", "float32"):
        return
    share = problem.weights / problem.weights.sum()
    mean = share @ problem.X
    sd = np.sqrt(share @ (problem.X - mean) ** 2)
    by_hand = problem.path((problem.X - mean) / sd, standardize=False)
    own = problem.path(standardize=True)
    np.testing.assert_allclose(own.coefs, by_hand.coefs / sd, rtol=NEAR, atol=NEAR)
    np.testing.assert_allclose(
        own.intercepts, by_hand.intercepts - by_hand.coefs @ (mean / sd), rtol=NEAR, atol=NEAR
    )


def alpha_max_is_where_the_first_column_enters(problem: Problem) -> None:
    if problem.l1_ratio == 0:
        return
    top = problem.path().alpha_max
    free = np.arange(problem.p) % 3 == 0 if problem.factors else np.zeros(problem.p, dtype=bool)
    path = problem.path(alphas=[top * (1 + 1e-6), top * (1 - 1e-3)])
    assert not path.coefs[0, ~free].any() and path.coefs[1, ~free].any()


def every_fit_is_certified_from_the_rows(problem: Problem) -> None:
    for certificate in problem.path(n_alphas=5, alphas=None, tolerance=1e-10).certify():
        assert certificate.certified and max(certificate.kkt_violation, certificate.block_gradient) < 1e-7
        if family_named(problem.family).convex:
            assert certificate.relative_gap <= 1e-8
        else:
            assert np.isnan(certificate.relative_gap) and "tationary" in certificate.sentence


def threads_do_not_change_a_bit(problem: Problem) -> None:
    one = problem.path(threads=1)
    for threads in (2, 4):
        more = problem.path(threads=threads)
        assert np.array_equal(one.coefs, more.coefs) and np.array_equal(one.intercepts, more.intercepts)


def a_point_of_the_path_is_the_single_fit(problem: Problem) -> None:
    path, alone = problem.path(), problem.path(alphas=[0.02])
    np.testing.assert_allclose(path.coefs[-1], alone.coefs[0], rtol=NEAR, atol=NEAR)


LAWS = [
    weights_are_repetitions, weight_zero_is_absence, order_does_not_matter, storage_does_not_matter,
    a_constant_in_the_offset_goes_to_the_intercept, standardizing_by_hand_is_the_same,
    alpha_max_is_where_the_first_column_enters, every_fit_is_certified_from_the_rows, threads_do_not_change_a_bit,
    a_point_of_the_path_is_the_single_fit,
]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_each_family_obeys(law: Any, family: str) -> None:
    law(Problem(family))
    law(Problem(family, "CSR", seed=1, l1_ratio=1.0, factors=True))
    law(Problem(family, "F", seed=2, l1_ratio=0.0, standardize=False, offset=False))


@given(problem=problems(), law=st.sampled_from(LAWS))
def test_laws(problem: Problem, law: Any) -> None:
    law(problem)


@pytest.mark.parametrize("family", ["binomial", "poisson", "gamma"])
def test_wide_and_tall_solvers_agree(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for problem in (Problem(family, p=12), Problem(family, "CSC", seed=3, p=12, l1_ratio=1.0, factors=True),
                    Problem(family, seed=4, p=12, l1_ratio=0.0, factors=True)):  # fmt: skip
        tall = problem.path(alphas=None, n_alphas=12)
        monkeypatch.setattr("bridle.solvers.newton.FEW", 3)
        wide = problem.path(alphas=tall.alphas)
        monkeypatch.undo()
        same(tall, wide)
        np.testing.assert_allclose(tall.train_error, wide.train_error, rtol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_tables_with_categories_and_missing_numbers(family: str, tmp_path: Path) -> None:
    problem = Problem(family, n=150)
    frame = pd.DataFrame(problem.X, columns=[f"c{j}" for j in range(problem.p)])
    frame["level"] = np.array(["p", "q", "r"])[problem.rng(5).integers(0, 3, problem.n)]
    frame["c0"] = frame["c0"].mask(problem.rng(6).random(problem.n) < 0.2)
    frame["target"], frame["w"], frame["shift"] = problem.y, problem.weights, problem.shift
    model = bridle.fit(
        frame,
        target="target",
        family=family,
        weights="w",
        offset="shift",
        l1_ratios=[0.7],
        n_alphas=12,
        folds=3,
    )
    assert model.certificate.certified, model.certificate.sentence
    assert all(c.certified for c in bridle.verify(model, frame).values())
    model.save(tmp_path / "model.bridle")
    again = bridle.load(tmp_path / "model.bridle")
    assert np.array_equal(again.predict(frame), model.predict(frame)) and again.family == model.family
    assert again.score(frame) == model.score(frame) > -0.1
    with pytest.raises(bridle.errors.SchemaError, match="shift"):
        model.predict(frame.drop(columns=["shift", "target", "w"]))
    # Filled by hand with the means, one-hot by hand, the same fit
    known = ~frame["c0"].isna().to_numpy()
    filled = problem.X.copy()
    filled[~known, 0] = problem.weights[known] @ filled[known, 0] / problem.weights[known].sum()
    names = model.schema.column_names()
    by_name = {f"c{j}": filled[:, j] for j in range(problem.p)}
    by_name |= {f"level={level}": (frame["level"] == level).to_numpy(float) for level in "pqr"}
    by_name["c0 is missing"] = (~known).astype(float)
    X = np.column_stack([by_name[name] for name in names])
    path = bridle.path(X, problem.y, family=family, weights=problem.weights, offset=problem.shift, l1_ratio=0.7,
                       alphas=[model.alpha])  # fmt: skip
    np.testing.assert_allclose(model.coef, path.coefs[0], rtol=1e-6, atol=1e-7)
