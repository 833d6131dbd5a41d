"""The gaps that a path states from moments, plus what rounding may hide, cover the gaps computed from the rows."""

import numpy as np
import pytest

import bridle


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_rounding_covers_what_the_rows_say(l1_ratio, standardize, fit_intercept):
    rng = np.random.default_rng(4)
    X = rng.standard_normal((3000, 12)) * 10.0 ** rng.integers(-3, 4, size=12)
    y = X @ (rng.standard_normal(12) / X.std(axis=0)) + rng.standard_normal(3000)
    path = bridle.path(
        X, y, n_alphas=20, l1_ratio=l1_ratio, standardize=standardize, fit_intercept=fit_intercept
    )
    assert path.gap_source == "moments" and (path.gap_rounding > 0).all()
    rows = np.array([certificate.relative_gap for certificate in path.certify()])
    assert (rows <= path.gaps + path.gap_rounding).all()
    assert path.gap_rounding.max() < 1e-9
