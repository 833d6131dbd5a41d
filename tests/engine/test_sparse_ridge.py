"""Ridge of sparse tables with many rows, where no matrix of all rows or of all columns is ever made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import bridle
from bridle.objective import ridge_degrees_of_freedom
from bridle.solvers import krylov, newton_ridge, ridge
from bridle.solvers.standardized import Standardized

FACTORS = {0: 0.0, 3: 2.0, 5: np.inf, 7: 0.0}


def table(n: int, p: int, seed: int = 0) -> sp.csr_array:
    """Words of texts: few are frequent, most are rare, some never there."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, p + 1)
    columns = rng.choice(p, size=(n, 12), p=share / share.sum())
    rows = np.repeat(np.arange(n), 12)
    out = sp.csr_array((rng.uniform(0.5, 2, n * 12), (rows, columns.ravel())), shape=(n, p))
    out.sum_duplicates()
    return out


def target(X: sp.csr_array, family: str, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    eta = X @ rng.standard_normal(X.shape[1]) * 0.3
    if family == "squared":
        return eta + rng.standard_normal(len(eta))
    if family == "poisson":
        return rng.poisson(np.exp(np.clip(eta, -3, 3))).astype(float)
    return (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(float)


@pytest.fixture()
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of a test are large enough."""
    monkeypatch.setattr(ridge.of_products, "__defaults__", (50,))
    monkeypatch.setattr(newton_ridge, "FEW_ROWS", 50)


def standardized(X: sp.csr_array, share: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dense = X.toarray()
    mean = share @ dense
    scale = np.sqrt(share @ (dense - mean) ** 2)
    used = scale > 0
    return np.where(used, (dense - mean) / np.where(used, scale, 1), 0.0), mean, scale


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("room", [krylov.ROOM, 64 * 300])
def test_squared_error_against_the_normal_equations(
    few: None, weighted: bool, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether one space is enough or another has to follow."""
    monkeypatch.setattr(krylov, "ROOM", room)
    X = table(300, 1_700)
    y = target(X, "squared")
    weights = np.random.default_rng(2).uniform(0, 2, 300) if weighted else np.ones(300)
    weights[:3] = 0
    v = np.ones(1_700)
    for at, value in FACTORS.items():
        v[at] = value
    alphas = np.geomspace(30, 1e-3, 12)
    path = bridle.path(X, y, l1_ratio=0.0, alphas=alphas, weights=weights, penalty_factors=v)
    assert path.gaps.max() < 1e-10
    share = weights / weights.sum()
    z, _mean, scale = standardized(X, share)
    kept = (scale > 0) & np.isfinite(v)
    y_mean = share @ y
    y_scale = np.sqrt(share @ (y - y_mean) ** 2)
    for k, alpha in enumerate(path.alphas):
        a = z[:, kept] * np.sqrt(share)[:, None]
        right = a.T @ ((y - y_mean) / y_scale * np.sqrt(share))
        b = np.linalg.solve(a.T @ a + alpha * np.diag(v[kept]), right)
        own = path.coefs[k][kept] * scale[kept] / y_scale
        np.testing.assert_allclose(own, b, rtol=0, atol=1e-6 * np.abs(b).max())
        assert path.coefs[k][5] == 0


def test_cross_validation_is_that_of_the_kernel_matrix(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    X = table(240, 1_600)
    y = target(X, "squared")
    kwargs: dict[str, Any] = {"l1_ratios": 0.0, "alphas": np.geomspace(10, 0.01, 8).tolist(), "nested": False}
    ours = bridle.fit(X, y, **kwargs)
    monkeypatch.setattr(ridge, "of_products", lambda *_: False)
    other = bridle.fit(X, y, **kwargs)
    assert ours.alpha == other.alpha
    np.testing.assert_allclose(ours.selection.curves[0].mean, other.selection.curves[0].mean, rtol=1e-6)
    np.testing.assert_allclose(ours.coef, other.coef, rtol=0, atol=1e-6 * np.abs(other.coef).max())


@pytest.mark.parametrize("family", ["binomial", "poisson"])
@pytest.mark.parametrize("dense", [False, True])
def test_families_against_newton_on_the_whole_system(few: None, family: str, dense: bool) -> None:
    """Plain Newton's steps with an offset, weights, and columns that no penalty holds."""
    X = table(220, 1_600, seed=4)
    y = target(X, family)
    rng = np.random.default_rng(5)
    weights, offset = rng.uniform(0.5, 2, 220), rng.normal(0, 0.2, 220)
    v = np.ones(1_600)
    v[1], v[2], v[4] = 0.0, 3.0, np.inf
    alpha = 0.05
    given = X.toarray() if dense else X
    path = bridle.path(
        given,
        y,
        family=family,
        l1_ratio=0.0,
        alphas=[1.0, 0.2, alpha],
        weights=weights,
        offset=offset,
        penalty_factors=v,
    )
    share = weights / weights.sum()
    z, mean, scale = standardized(X, share)
    kept = np.flatnonzero((scale > 0) & np.isfinite(v))
    a = np.hstack([np.ones((220, 1)), z[:, kept]])
    ridge_part = alpha * np.r_[0.0, v[kept]]
    b = np.zeros(a.shape[1])
    for _ in range(60):
        eta = np.clip(offset + a @ b, -30, 30)
        mu = np.exp(eta) if family == "poisson" else 1 / (1 + np.exp(-eta))
        w = mu if family == "poisson" else mu * (1 - mu)
        g = a.T @ (share * (mu - y)) + ridge_part * b
        step = np.linalg.solve(a.T @ (a * (share * w)[:, None]) + np.diag(ridge_part), g)
        b -= step / max(1.0, np.abs(step).max())
        if np.abs(g).max() < 1e-13:
            break
    assert np.abs(g).max() < 1e-12
    np.testing.assert_allclose(path.coefs[-1][kept] * scale[kept], b[1:], rtol=0, atol=1e-7 * np.abs(b).max())
    assert path.gaps.max() < 1e-9
    intercept = b[0] - (mean[kept] / scale[kept]) @ b[1:]
    assert path.intercepts[-1] == pytest.approx(intercept, rel=1e-7)


def test_products_with_standardized_rows() -> None:
    X, rng = table(60, 90), np.random.default_rng(0)
    rows, root = np.array([3, 5, 8, 40]), rng.uniform(0.5, 2, 4)
    mean, inverse = rng.uniform(0, 1, 90), rng.uniform(0, 2, 90)
    ours = Standardized(X, rows, root, mean, inverse)
    a = root[:, None] * (X.toarray()[rows] - mean) * inverse
    for right in (rng.standard_normal(90), rng.standard_normal((90, 3))):
        np.testing.assert_allclose(ours.times(right), a @ right, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(
            ours.transposed(ours.times(right)), a.T @ (a @ right), rtol=1e-12, atol=1e-12
        )
        np.testing.assert_allclose(
            ours.times_itself(ours.times(right)), a @ (a.T @ (a @ right)), rtol=1e-12, atol=1e-12
        )
    np.testing.assert_allclose(ours.squares(root), root @ a**2, rtol=1e-12, atol=1e-12)


def test_a_tall_table_of_many_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than columns, more columns than a Gram of all is kept for: no matrix of the rows."""
    from bridle.solvers import newton

    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 60)) + rng.standard_normal((400, 1))
    y = (rng.random(400) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)
    kwargs: dict[str, Any] = {"family": "binomial", "l1_ratio": 0.0, "alphas": [1.0, 0.1, 0.01]}
    usual = bridle.path(X, y, **kwargs)
    monkeypatch.setattr(newton, "FEW", 10)
    other = bridle.path(X, y, **kwargs)
    np.testing.assert_allclose(other.coefs, usual.coefs, rtol=0, atol=1e-8)
    np.testing.assert_allclose(other.degrees_of_freedom, usual.degrees_of_freedom, rtol=1e-3)


def test_the_spectrum_is_near() -> None:
    X = table(400, 900)
    z, _, _ = standardized(X, np.full(400, 1 / 400))
    kernel = z @ z.T / 400
    exact = np.linalg.eigvalsh(kernel)
    near = krylov.estimated_spectrum(lambda right: kernel @ right, 400)
    for alpha in np.geomspace(exact[-1] * 10, 1e-3, 9):
        true = float((exact / (exact + alpha)).sum())
        assert abs(ridge_degrees_of_freedom(near, np.array([alpha]))[0] - true) < 0.5 * np.sqrt(true)
    assert abs(near.positive().counts.sum() - (exact > 1e-10).sum()) < 3


def test_degrees_of_freedom_of_a_family(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """By random signs as by counting."""
    X = table(220, 1_600, seed=4)
    y = target(X, "binomial")
    kwargs: dict[str, Any] = {"family": "binomial", "l1_ratio": 0.0, "alphas": np.geomspace(1, 0.01, 30)}
    estimated = bridle.path(X, y, **kwargs).degrees_of_freedom
    monkeypatch.setattr(newton_ridge, "FEW_ROWS", 10_000)
    counted = bridle.path(X, y, **kwargs).degrees_of_freedom
    np.testing.assert_allclose(estimated, counted, rtol=0.1)
    assert (np.diff(counted) > 0).all()


@pytest.mark.parametrize("family", ["squared", "binomial"])
def test_threads_do_not_change_a_bit(few: None, family: str) -> None:
    X = table(220, 1_600)
    y = target(X, family)
    found = [
        bridle.fit(X, y, family=family, l1_ratios=0.0, n_alphas=10, nested=False, threads=threads)
        for threads in (1, 2, 4)
    ]
    for other in found[1:]:
        assert other.alpha == found[0].alpha
        assert (other.coef == found[0].coef).all()
        assert (other.selection.curves[0].mean == found[0].selection.curves[0].mean).all()


def test_estimators_against_scikit_learn(few: None) -> None:
    from sklearn.linear_model import Ridge

    X = table(1_800, 1_700, seed=3)  # beyond the Gram that few columns have
    y = np.column_stack([target(X, "squared", seed) for seed in (1, 2)])
    ours = bridle.Ridge(alpha=np.array([3.0, 0.5])).fit(X, y)
    theirs = Ridge(alpha=np.array([3.0, 0.5]), solver="lsqr", tol=1e-14, max_iter=20_000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-7)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=1e-7)
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold

    folds = KFold(3, shuffle=True, random_state=0)
    ours_cv = bridle.RidgeCV(alphas=[0.1, 1.0, 10.0], cv=folds).fit(X, y[:, 0])
    theirs_cv = RidgeCV(alphas=[0.1, 1.0, 10.0], cv=folds).fit(X, y[:, 0])
    assert ours_cv.alpha_ == theirs_cv.alpha_
    np.testing.assert_allclose(ours_cv.best_score_, theirs_cv.best_score_, rtol=1e-3)


def test_leave_one_out_of_too_much_is_refused(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from bridle.fitting import held_out

    monkeypatch.setattr(held_out, "MOST_DECOMPOSED", 1_000)
    X = table(1_800, 1_700)
    with pytest.raises(ValueError, match=r"Leave-one-out errors need .* \(1,700, 1,700\) .* Use cv=5"):
        bridle.RidgeCV(alphas=[1.0]).fit(X, target(X, "squared"))


def test_cells_that_are_no_numbers_are_refused(few: None) -> None:
    X = table(1_800, 1_700)
    X.data[5] = np.inf
    with pytest.raises(ValueError):
        bridle.Ridge().fit(X, np.arange(1_800.0))
    with pytest.raises(ValueError):
        bridle.fit(X, np.arange(1_800.0), l1_ratios=0.0)


def levels(n: int, shops: int) -> Any:
    import pandas as pd

    rng = np.random.default_rng(0)
    shop = rng.integers(0, shops, n)
    return pd.DataFrame({"shop": pd.Categorical([f"s{i}" for i in shop]), "a": rng.standard_normal(n)})


@pytest.mark.parametrize("l1_ratio", [0.0, 0.7, 1.0])
def test_many_levels_are_a_sparse_table(l1_ratio: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """More levels than a Gram of all columns is kept for: by entries, and with the same fits."""
    from bridle.solvers import auto

    X = levels(4_000, 1_700)
    y = X["a"].to_numpy() + np.random.default_rng(1).standard_normal(4_000)
    kwargs: dict[str, Any] = {"l1_ratios": l1_ratio, "alphas": [0.3, 0.1, 0.03], "nested": False, "folds": 3}
    by_entries = bridle.fit(X, y, **kwargs)
    assert by_entries.path.solver == ("kernel" if l1_ratio == 0 else "columns")
    monkeypatch.setattr(auto, "choose", lambda design: "moments")
    by_moments = bridle.fit(X, y, **kwargs)
    assert by_entries.alpha == by_moments.alpha
    np.testing.assert_allclose(
        by_entries.coef, by_moments.coef, rtol=0, atol=1e-6 * np.abs(by_moments.coef).max()
    )
    errors = [model.selection.curves[0].mean for model in (by_entries, by_moments)]
    np.testing.assert_allclose(*errors, rtol=1e-5)


def test_masks_are_found_by_their_bits() -> None:
    """Columns that lack the same numbers share a mask; thousands of them take no time."""
    import pandas as pd

    from bridle.design.matrix import from_frame
    from bridle.table import encode, infer, open_table

    values = np.random.default_rng(0).standard_normal((40, 6))
    values[3, [0, 4]] = values[7, 2] = np.nan
    table = open_table(pd.DataFrame(values, columns=list("abcdef")).assign(y=1.0))
    design = from_frame(encode(infer(table, target="y"), table, need_target=False))
    at, masks = design.imputed.T
    assert len(at) == 3 and masks[0] == masks[2] != masks[1]
    filled = design.fill(np.full(3, 9.0)).materialized().columns(at)
    np.testing.assert_array_equal(filled, np.where(np.isnan(values), 9.0, values)[:, [0, 2, 4]])
