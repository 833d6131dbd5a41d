"""Laws that every fit obeys, drawn over storages, penalties, weights and bounds; each storage also once for certain.

The tables are well conditioned (more rows than columns, normal draws), so coefficients are unique and laws hold to 1e-8 of
a standardized coefficient.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import bridle

STORAGES = ["C", "F", "float32", "read-only", "CSR", "CSC", "dataframe"]
LEVELS = np.array(["p", "q", "r"])
NEAR = 1e-8


@dataclass(frozen=True)
class Problem:
    """A table, its target and what is asked of the fit, all from one seed."""

    storage: str
    seed: int = 0
    n: int = 40
    p: int = 4
    l1_ratio: float = 1.0
    standardize: bool = True
    fit_intercept: bool = True
    weighted: bool = False
    factors: str = "ones"
    bounds: str = "none"

    def rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose])

    @cached_property
    def numbers(self) -> np.ndarray:
        """(n, p): the columns that hold numbers, none of them centred, those of sparse tables mostly zero."""
        rng = self.rng(0)
        X = rng.standard_normal((self.n, self.p)) * rng.uniform(0.5, 2, self.p) + rng.uniform(-1, 1, self.p)
        if self.storage in ("CSR", "CSC"):
            X = np.where(rng.random(X.shape) < 0.5, 0.0, X)
        return X.astype(np.float32).astype(np.float64) if self.storage == "float32" else X

    @cached_property
    def y(self) -> np.ndarray:
        rng = self.rng(1)
        return 3 + self.numbers @ rng.standard_normal(self.p) + rng.standard_normal(self.n)

    @cached_property
    def missing(self) -> np.ndarray:
        """(n,): where the dataframe's first column has no value."""
        return self.rng(2).permutation(self.n) % 4 == 0

    @cached_property
    def level(self) -> np.ndarray:
        return self.rng(3).permutation(self.n) % 3

    @cached_property
    def weights(self) -> np.ndarray | None:
        return self.rng(4).uniform(0.2, 3, self.n) if self.weighted else None

    def table(self, numbers: np.ndarray | None = None, storage: str | None = None) -> Any:
        """The rows as their storage holds them."""
        X = self.numbers if numbers is None else numbers
        storage = storage or self.storage
        if storage == "F":
            return np.asfortranarray(X)
        if storage == "float32":
            return X.astype(np.float32)
        if storage == "read-only":
            X = X.copy()
            X.flags.writeable = False
            return X
        if storage in ("CSR", "CSC"):
            return sp.csr_array(X) if storage == "CSR" else sp.csc_array(X)
        if storage == "dataframe":
            frame = pd.DataFrame({f"c{j}": X[:, j] for j in range(self.p)})
            frame.insert(1, "level", LEVELS[self.level])
            frame["c0"] = frame["c0"].mask(self.missing)
            return frame
        return X

    def design(self, weights: np.ndarray | None = None) -> np.ndarray:
        """(n, P): the design columns, written out."""
        if self.storage != "dataframe":
            return self.numbers
        w = self.share(weights)
        X = self.numbers.copy()
        known = ~self.missing
        X[self.missing, 0] = w[known] @ X[known, 0] / w[known].sum()
        one_hot = (self.level[:, None] == np.arange(3)).astype(float)
        return np.column_stack([X[:, :1], one_hot, X[:, 1:], self.missing])

    def share(self, weights: np.ndarray | None = None) -> np.ndarray:
        w = self.weights if weights is None else weights
        return np.full(self.n, 1 / self.n) if w is None else w / w.sum()

    @cached_property
    def numeric(self) -> np.ndarray:
        """Which design columns hold numbers; the levels together are as good as an intercept, so they stay penalized."""
        if self.storage != "dataframe":
            return np.arange(self.p)
        return np.concatenate([[0], np.arange(4, 3 + self.p)]).astype(int)

    @property
    def width(self) -> int:
        return self.p + 4 if self.storage == "dataframe" else self.p

    @cached_property
    def penalty(self) -> dict[str, np.ndarray]:
        rng, out = self.rng(5), {}
        if self.factors != "ones":
            v = np.ones(self.width)
            v[self.numeric] = rng.uniform(0.3, 3, self.p)
            if self.factors == "zero" or self.factors == "both":
                v[self.numeric[rng.integers(self.p)]] = 0.0
            if self.factors == "infinite" or self.factors == "both":
                v[self.numeric[rng.integers(self.p)]] = np.inf
            out["penalty_factors"] = v
        if self.bounds == "nonnegative":
            out["lower"] = np.zeros(self.width)
        elif self.bounds == "box":
            out["lower"] = np.where(
                rng.random(self.width) < 0.3, -np.inf, -rng.uniform(0.05, 0.6, self.width)
            )
            out["upper"] = rng.uniform(0.05, 0.6, self.width)
        return out

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "l1_ratio": self.l1_ratio, "standardize": self.standardize, "fit_intercept": self.fit_intercept,
            "weights": self.weights, **self.penalty,
        }  # fmt: skip

    def path(self, table: Any = None, y: np.ndarray | None = None, **changes: Any) -> bridle.Path:
        settings = {"alphas": self.alphas, **self.settings, **changes}
        return bridle.path(self.table() if table is None else table, self.y if y is None else y, **settings)

    @cached_property
    def alphas(self) -> list[float]:
        top = self.top if self.l1_ratio > 0 and self.top > 0 else 1.0
        return [0.7 * top, 0.2 * top, 0.03 * top]

    @cached_property
    def top(self) -> float:
        return bridle.path(self.table(), self.y, n_alphas=1, **self.settings).alpha_max

    def close(self, coefs: np.ndarray, wanted: np.ndarray, near: float = NEAR) -> None:
        """Coefficients (A, P) agree, per standard deviation of column and target."""
        off = np.abs(coefs - wanted) * self.design().std(axis=0) / self.y.std()
        assert off.max() <= near, (
            f"off by {off.max():.1e} at (alpha, column) {np.argwhere(off == off.max())[0]}"
        )


def same(problem: Problem, found: bridle.Path, wanted: bridle.Path, near: float = NEAR) -> None:
    problem.close(found.coefs, wanted.coefs, near)
    assert np.abs(found.intercepts - wanted.intercepts).max() <= 10 * near * np.abs(problem.y).max()


def scaling_the_target(problem: Problem) -> None:
    c = float(problem.rng(6).choice([1e-6, 0.01, 3.0, 1e5]))
    bounds = {name: c * problem.penalty[name] for name in ("lower", "upper") if name in problem.penalty}
    plain = problem.path()
    for k, alpha in enumerate(plain.alphas):
        l1, l2 = alpha * problem.l1_ratio, alpha * (1 - problem.l1_ratio)
        if not problem.standardize:
            l1 *= c
        path = problem.path(y=c * problem.y, alphas=[l1 + l2], l1_ratio=l1 / (l1 + l2), **bounds)
        problem.close(path.coefs[0] / c, plain.coefs[k])
        assert path.intercepts[0] / c == pytest.approx(
            plain.intercepts[k], abs=1e-7 * np.abs(problem.y).max()
        )


def permuting_rows(problem: Problem) -> None:
    order = problem.rng(6).permutation(problem.n)
    weights = None if problem.weights is None else problem.weights[order]
    same(
        problem,
        problem.path(taken(problem.table(), order), problem.y[order], weights=weights),
        problem.path(),
    )


def permuting_columns(problem: Problem) -> None:
    table, rng = problem.table(), problem.rng(6)
    order = rng.permutation(table.shape[1])
    if problem.storage == "dataframe":
        first = {name: j + 2 * (j > 1) for j, name in enumerate(table.columns)}
        names = list(table.columns[order])
        by_name = [list(range(1, 4)) if name == "level" else [first[name]] for name in names]
        columns = np.array([*itertools.chain(*by_name), problem.width - 1])
        moved = table[names]
    else:
        columns = order
        moved = table[:, order]
    penalty = {name: values[columns] for name, values in problem.penalty.items()}
    path, plain = problem.path(moved, **penalty), problem.path()
    back = np.empty_like(path.coefs)
    back[:, columns] = path.coefs
    problem.close(back, plain.coefs)


def a_repeated_row_is_a_weight_of_two(problem: Problem) -> None:
    twice = problem.rng(6).choice(problem.n, 3, replace=False)
    rows = np.concatenate([np.arange(problem.n), twice])
    w = np.ones(problem.n) if problem.weights is None else problem.weights
    weights = w.copy()
    weights[twice] *= 2
    repeated = problem.path(taken(problem.table(), rows), problem.y[rows], weights=w[rows])
    same(problem, repeated, problem.path(weights=weights))


def a_row_of_weight_zero_is_absent(problem: Problem) -> None:
    rows = np.sort(problem.rng(6).permutation(problem.n)[3:])
    w = np.ones(problem.n) if problem.weights is None else problem.weights
    weights = np.zeros(problem.n)
    weights[rows] = w[rows]
    absent = problem.path(taken(problem.table(), rows), problem.y[rows], weights=w[rows])
    same(problem, problem.path(weights=weights), absent)


def standardizing_by_hand(problem: Problem) -> None:
    X, share = problem.design(), problem.share()
    scale = np.sqrt(share @ (X - share @ X) ** 2)
    unit = np.sqrt(share @ (problem.y - (share @ problem.y if problem.fit_intercept else 0)) ** 2)
    bounds = {
        name: problem.penalty[name] * scale / unit for name in ("lower", "upper") if name in problem.penalty
    }
    settings = {"standardize": True, "weights": problem.weights}
    easy = problem.path(**settings)
    hand = problem.path(X / scale, problem.y / unit, standardize=False, **bounds)
    problem.close(hand.coefs * unit / scale, easy.coefs)
    assert np.abs(hand.intercepts * unit - easy.intercepts).max() <= 1e-7 * np.abs(problem.y).max()


def alpha_max_is_where_the_first_column_enters(problem: Problem) -> None:
    if problem.l1_ratio == 0 or problem.top == 0:  # ridge keeps every column that its bounds let move
        assert problem.top in (0, np.inf)
        return
    held = problem.penalty.get("penalty_factors", np.ones(problem.width)) > 0
    for above in (1.0, 1 + 1e-9, 2.0, 1e6):
        assert not problem.path(alphas=[problem.top * above]).coefs[:, held].any(), above
    assert problem.path(alphas=[problem.top * (1 - 1e-9)]).coefs[:, held].any()


def a_point_of_a_path_is_the_single_fit(problem: Problem) -> None:
    path = problem.path()
    for k, alpha in enumerate(path.alphas):
        single = problem.path(alphas=[alpha])
        problem.close(single.coefs[0], path.coefs[k])
        problem.close(path.coef(alpha), path.coefs[k], 0.0)
    between = float(np.sqrt(path.alphas[1] * path.alphas[2]))
    problem.close(path.coef(between, exact=True), problem.path(alphas=[between]).coefs[0])


def every_storage_is_the_dense_design(problem: Problem) -> None:
    same(problem, problem.path(), problem.path(np.ascontiguousarray(problem.design())))


def the_orders_in_memory_are_equal(problem: Problem) -> None:
    X = problem.design()
    rowwise, columnwise = problem.path(np.ascontiguousarray(X)), problem.path(np.asfortranarray(X))
    same(problem, columnwise, rowwise, 1e-13)
    assert np.array_equal(columnwise.coefs != 0, rowwise.coefs != 0)


def float32_is_near(problem: Problem) -> None:
    table = problem.table()
    if problem.storage == "dataframe":
        table = table.astype({name: np.float32 for name in table.columns if name != "level"})
    else:
        table = table.astype(np.float32)
    same(problem, problem.path(table), problem.path(), 1e-4)


def the_gap_is_within_the_tolerance(problem: Problem) -> None:
    for tolerance in (1e-4, 1e-10):
        path = problem.path(tolerance=tolerance)
        assert (path.gaps <= tolerance).all()
    for certificate in path.certify():
        assert certificate.certified
        assert certificate.relative_gap <= certificate.tolerance


def the_objective_is_least(problem: Problem) -> None:
    """No step to any side makes the objective smaller: the law that knows nothing of the solver."""
    path, X, share = problem.path(standardize=False), problem.design(), problem.share()
    v = problem.penalty.get("penalty_factors", np.ones(problem.width))
    used = np.where(np.isfinite(v), v, 0)

    def objective(alpha: float, b0: float, b: np.ndarray) -> float:
        size = problem.l1_ratio * np.abs(b) + (1 - problem.l1_ratio) / 2 * b * b
        return share @ (problem.y - b0 - X @ b) ** 2 / 2 + alpha * (used @ size)

    rng = problem.rng(6)
    for k, alpha in enumerate(path.alphas):
        b0, b = path.intercepts[k], path.coefs[k]
        assert not b[~np.isfinite(v)].any()
        best = objective(alpha, b0, b)
        for size in (1e-4, 1e-2, 1.0):
            for _ in range(5):
                step = np.where(np.isfinite(v), size * rng.standard_normal(problem.width), 0)
                step = np.where(rng.random(problem.width) < 0.5, step, 0)
                other = np.clip(b + step, problem.penalty.get("lower"), problem.penalty.get("upper"))
                shift = size * rng.standard_normal() if problem.fit_intercept else 0.0
                assert objective(alpha, b0 + shift, other) >= best * (1 - 1e-9)


def saved_and_loaded_is_the_same(problem: Problem, folder: Any) -> None:
    settings = {**problem.settings, "alphas": problem.alphas, "folds": 3, "nested": False}
    settings["l1_ratios"] = settings.pop("l1_ratio")
    model = bridle.fit(problem.table(), problem.y, **settings)
    model.save(folder / "model.bridle")
    again = bridle.load(folder / "model.bridle")
    assert np.array_equal(again.coef, model.coef)
    assert again.intercept == model.intercept
    assert np.array_equal(again.path.coefs, model.path.coefs)
    assert np.array_equal(again.predict(problem.table()), model.predict(problem.table()))
    assert (again.alpha, again.l1_ratio, again.certificate) == (
        model.alpha,
        model.l1_ratio,
        model.certificate,
    )
    fitted = model.intercept + problem.design() @ model.coef
    assert np.abs(model.predict(problem.table()) - fitted).max() <= 1e-10 * np.abs(problem.y).max()
    again.save(folder / "again.bridle")
    assert (folder / "again.bridle").read_bytes() == (folder / "model.bridle").read_bytes()


def taken(table: Any, rows: np.ndarray) -> Any:
    if isinstance(table, pd.DataFrame):
        return table.iloc[rows].reset_index(drop=True)
    if sp.issparse(table):
        return type(table)(table.tocsr()[rows])
    return table[rows]


LAWS = [
    scaling_the_target, permuting_rows, permuting_columns, a_repeated_row_is_a_weight_of_two,
    a_row_of_weight_zero_is_absent, standardizing_by_hand, alpha_max_is_where_the_first_column_enters,
    a_point_of_a_path_is_the_single_fit, every_storage_is_the_dense_design, the_orders_in_memory_are_equal,
    float32_is_near, the_gap_is_within_the_tolerance, the_objective_is_least,
]  # fmt: skip
PROBLEMS = st.builds(
    Problem,
    storage=st.sampled_from(STORAGES),
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(30, 60),
    p=st.integers(1, 8),
    l1_ratio=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    standardize=st.booleans(),
    fit_intercept=st.booleans(),
    weighted=st.booleans(),
    factors=st.sampled_from(["ones", "drawn", "zero", "infinite", "both"]),
    bounds=st.sampled_from(["none", "nonnegative", "box"]),
)


@pytest.fixture(params=["moments", "columns"])
def solver(request, monkeypatch) -> str:
    """Both solvers: the one that small tables get, and the one for wide tables."""
    monkeypatch.setattr("bridle.solvers.auto.choose", lambda design: request.param)
    return request.param


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@given(problem=PROBLEMS)
def test_drawn(law, problem):
    law(problem)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@given(problem=PROBLEMS)
def test_drawn_for_the_wide_solver(law, problem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bridle.solvers.auto.choose", lambda design: "columns")
        law(problem)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_storage(law, storage, solver):
    law(Problem(storage, l1_ratio=0.9))


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_mix(law, l1_ratio, solver):
    law(Problem("C", l1_ratio=l1_ratio))


ONE_BY_ONE = [
    {"standardize": False}, {"fit_intercept": False}, {"weighted": True}, {"factors": "drawn"}, {"factors": "zero"},
    {"factors": "infinite"}, {"bounds": "nonnegative"}, {"bounds": "box"}, {"factors": "both", "bounds": "box"},
]  # fmt: skip


@pytest.mark.parametrize("setting", ONE_BY_ONE, ids=lambda s: ", ".join(f"{k}={v}" for k, v in s.items()))
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_setting(law, setting, solver):
    law(replace(Problem("C"), **setting))


@given(problem=PROBLEMS)
def test_saved_and_loaded(problem, tmp_path_factory):
    saved_and_loaded_is_the_same(problem, tmp_path_factory.mktemp("model"))


@pytest.mark.parametrize("storage", STORAGES)
def test_every_storage_saved_and_loaded(storage, tmp_path):
    saved_and_loaded_is_the_same(Problem(storage), tmp_path)
