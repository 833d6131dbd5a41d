"""Targets that are shares, constants beside an offset, or no numbers; and limits of columns that a choice keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

import bridle
from bridle.errors import DataError, UsageError
from bridle.families import family_named


def test_two_shares_are_no_classes() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    y = np.where(rng.random(200) < 1 / (1 + np.exp(-X[:, 0])), 0.75, 0.25)
    path = bridle.path(X, y, family="binomial", alphas=[0.0])
    theirs = sm.GLM(y, sm.add_constant(X), family=sm.families.Binomial()).fit(tol=1e-12)
    assert np.append(path.intercepts[0], path.coefs[0]) == pytest.approx(theirs.params, rel=1e-6)
    assert bridle.fit(X, y, family="binomial", n_alphas=5).classes == ()
    assert bridle.fit(X, np.round(y), family="binomial", n_alphas=5).classes == ("0", "1")


def test_a_constant_count_beside_its_exposure() -> None:
    rng = np.random.default_rng(0)
    X, shift = rng.standard_normal((200, 3)), rng.standard_normal(200)
    path = bridle.path(X, np.ones(200), family="poisson", offset=shift, alphas=[0.0])
    theirs = sm.GLM(np.ones(200), sm.add_constant(X), family=sm.families.Poisson(), offset=shift).fit(
        tol=1e-12
    )
    assert path.coefs[0] == pytest.approx(theirs.params[1:], rel=1e-6)
    assert bridle.fit(X, np.ones(200), family="poisson", offset=X[:, 0], n_alphas=5).coef[0] < 0
    for y, offset in ((np.ones(200), None), (np.ones(200), np.ones(200)), (np.zeros(200), shift)):
        with pytest.raises(DataError, match="nothing to learn"):
            bridle.fit(X, y, family="poisson", offset=offset)


@pytest.mark.parametrize("name", ["squared", "huber", "poisson", "negative_binomial(2)", "gamma", "binomial"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_target_that_is_no_number_is_refused(name: str, value: float) -> None:
    with pytest.raises(DataError, match="in row 2"):
        family_named(name).check(np.array([0.5, value, 1.0]), "y")


@pytest.mark.parametrize("more", [{}, {"score": "mae"}, {"folds": 0.3}, {"relax": True}])
@pytest.mark.parametrize("limit", [2, 3, 4])
def test_no_choice_is_beyond_the_limit(limit: int, more: dict[str, Any]) -> None:
    """On a grid whose next fit keeps nearly everything."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 8))
    y = X @ [5, 4, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5] + rng.standard_normal(200)
    alphas = [0.6, 0.45, 0.001]
    assert (bridle.path(X, y, alphas=alphas).n_nonzero[1:] == [2, 8]).all()
    model = bridle.fit(X, y, l1_ratios=1.0, alphas=alphas, max_variables=limit, **more)
    assert all(choice.n_columns <= limit for choice in model.selection.choices.values())


def test_a_limit_that_nothing_keeps_is_said() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 5))
    with pytest.raises(UsageError, match="max_variables=2"):
        bridle.fit(X, X.sum(axis=1), l1_ratios=1.0, alphas=[0.01], max_variables=2)
