"""Wide tables of families with missing numbers: every fold fills in the means of its own training rows."""

import numpy as np
import pandas as pd
import pytest

import bridle
from bridle.families import family_named

FAMILIES = {"binomial": lambda r, eta: (eta + r.logistic(size=len(eta)) > 0).astype(float),
            "poisson": lambda r, eta: r.poisson(np.exp(eta / 3)).astype(float)}  # fmt: skip


def by_hand(X, train):
    """Filled with means of the training rows, and a column for every mask there is."""
    gaps = np.isnan(X)
    masks = np.unique(gaps[:, gaps.any(axis=0)], axis=1)
    return np.hstack([np.where(gaps, np.nanmean(X[train], axis=0), X), masks.astype(float)])


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def wide(request):
    r = np.random.default_rng(8)
    X = r.standard_normal((90, 1_600))
    y = FAMILIES[request.param](r, X[:, :5].sum(axis=1))
    X[r.random(X.shape) < 0.04] = np.nan
    return X, y, request.param, np.arange(90) % 3


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.0])
def test_paths_and_errors_are_those_of_tables_filled_by_hand(wide, ratio):
    X, y, family, folds = wide
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    alphas = [0.3, 0.15, 0.1] if ratio else [30.0, 10.0, 3.0]
    model = bridle.fit(frame, y, family=family, l1_ratios=(ratio,), alphas=alphas, folds=folds, nested=False)
    options = {"family": family, "l1_ratio": ratio, "alphas": alphas}
    Z = by_hand(X, np.ones(len(y), dtype=bool))
    path = bridle.path(Z, y, **options)
    at = alphas.index(model.alpha)
    np.testing.assert_allclose(
        model.linear_predictor(frame), Z @ path.coefs[at] + path.intercepts[at], atol=1e-6
    )
    np.testing.assert_allclose(model.path.n_nonzero, path.n_nonzero)
    assert model.certificate.certified
    unit = family_named(family)
    (curve,) = model.selection.curves
    for k in range(3):
        train = folds != k
        Z = by_hand(X, train)
        path = bridle.path(Z[train], y[train], **options)
        eta = Z[~train] @ path.coefs.T + path.intercepts
        wanted = 2 * np.array([unit.loss(y[~train], one).mean() for one in eta.T])
        np.testing.assert_allclose(curve.fold_errors[k], wanted, rtol=1e-4)


def test_progress_is_told_once_from_start_to_end(wide):
    X, y, family, folds = wide
    heard: dict[str, list[float]] = {}
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])

    def hear(stage, share):
        heard.setdefault(stage, []).append(share)

    bridle.fit(
        frame, y, family=family, l1_ratios=(1.0,), folds=folds, n_alphas=10, nested=False, progress=hear
    )
    shares = heard["cross-validation"]
    assert shares == sorted(shares)
    assert {0.25, 0.5, 0.75, 1.0} <= set(shares) and shares[-1] == 1  # the whole and three folds
