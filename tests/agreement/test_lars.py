"""The LARS paper's figures on the diabetes data, found on bridle's lasso path.

Source: Efron, Hastie, Johnstone, Tibshirani (2004), "Least angle regression", Annals of Statistics 32,
407-499: the order of entry, the residual sums of squares, Cp and the largest correlations at the ten LAR
steps. Columns are centred and of unit norm, as scikit-learn ships them, so that a column's correlation
with the residual is n * alpha along the lasso path.

The paper's numbers belong to LAR mode, where no variable ever leaves. Lasso mode follows the same path
until a coefficient would change its sign. On these data that happens once, to s3 (hdl), *after* all ten
variables are in (below correlation 5.089); and both modes end at least squares. So all ten entries, all
eleven residual sums of squares and all ten correlations are shared; the only thing that lasso mode adds
are the two steps at which s3 leaves and comes back.

The copy of the data in scikit-learn rounds two columns that the paper's had in full: bp is a mean
arterial pressure, in thirds of a millimetre, kept to two decimals, and s5 the logarithm of a whole
number, kept to four. With both restored every published figure comes out as printed; on the columns as
shipped the correlations come out to 2e-4 and the residual sums of squares to 5e-6, relative.

The knots are found from bridle's own solutions (between two knots the path is a straight line in alpha),
and compared with the published figures as printed, and with scikit-learn's lars_path to 1e-8.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import lars_path

import bridle

NAMES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
ENTRY = ("bmi", "s5", "bp", "s3", "sex", "s6", "s1", "s4", "s2", "age")  # 3, 9, 4, 7, 2, 10, 5, 8, 6, 1
RSS = (2621009, 2510465, 1700369, 1527165, 1365734, 1324118, 1308932, 1275355, 1270233, 1269390, 1263983)
CORRELATIONS = (949.435, 889.316, 452.901, 316.074, 130.131, 88.782, 68.965, 19.981, 5.477, 5.089)


def paper_columns() -> np.ndarray:
    """The paper's columns, centred and of unit norm: scikit-learn's, the rounding of bp and s5 undone."""
    X = load_diabetes(scaled=False).data
    bp, s5 = NAMES.index("bp"), NAMES.index("s5")
    X[:, bp] = np.round(X[:, bp] * 3) / 3
    X[:, s5] = np.log(np.round(np.exp(X[:, s5])))
    X -= X.mean(axis=0)
    return X / np.sqrt((X**2).sum(axis=0))


SHIPPED, Y = load_diabetes(return_X_y=True)
X = paper_columns()
N = len(Y)


def lasso(correlations, X=X):
    """bridle's lasso at the alphas where the active columns' correlation with the residual is as given."""
    return bridle.path(X, Y, alphas=np.asarray(correlations, dtype=float) / N, standardize=False)


def entries(X) -> np.ndarray:
    """The correlations at which the ten variables enter, from bridle's path alone.

    Just below its entry a coefficient is a line in alpha; the entry is where that line reaches zero.
    """
    found = []
    for printed, name in zip(CORRELATIONS, ENTRY, strict=True):
        near, far = printed * 0.999, printed * 0.998
        b_near, b_far = lasso([near, far], X).coefs[:, NAMES.index(name)]
        found.append(near + b_near * (near - far) / (b_far - b_near))
    return np.array(found)


@pytest.fixture(scope="module")
def knots() -> np.ndarray:
    return entries(X)


def test_the_restored_columns_are_those_of_the_paper():
    assert np.abs(X - SHIPPED).max() < 2e-5
    changed = np.flatnonzero(np.abs(X - SHIPPED).max(axis=0) > 1e-12)
    assert [NAMES[j] for j in changed] == ["bp", "s5"]


def test_figures_on_the_columns_as_shipped():
    found = entries(SHIPPED)
    np.testing.assert_allclose(found, CORRELATIONS, rtol=2e-4)
    np.testing.assert_allclose(lasso([*found, 0.0], SHIPPED).train_error * N, RSS, rtol=5e-6)


def test_correlations_at_entry(knots):
    np.testing.assert_allclose(knots, CORRELATIONS, rtol=0, atol=5.001e-4)


@pytest.mark.parametrize("step", range(10))
def test_entry_is_where_the_paper_prints_it(step):
    """A thousandth above the printed correlation the variable is out, a thousandth below it is in."""
    j = NAMES.index(ENTRY[step])
    path = lasso([CORRELATIONS[step] + 0.001, CORRELATIONS[step] - 0.001])
    assert path.coefs[0, j] == 0
    assert path.coefs[1, j] != 0
    assert set(np.flatnonzero(path.coefs[1])) == {NAMES.index(name) for name in ENTRY[: step + 1]}


def test_order_of_entry_on_a_grid():
    path = lasso(np.geomspace(950, 0.9, 500))
    order = []
    for coef in path.coefs:
        for j in np.flatnonzero(coef):
            if NAMES[j] not in order:
                order.append(NAMES[j])
    assert tuple(order) == ENTRY


def test_largest_alpha():
    path = bridle.path(X, Y, standardize=False)
    assert path.alpha_max * N == pytest.approx(949.435, abs=5e-4)
    assert path.alphas[0] == pytest.approx(path.alpha_max, rel=1e-15)


def test_residual_sums_of_squares(knots):
    """At the ten knots and at the end, as printed (rounded to whole numbers)."""
    path = lasso([*knots, 0.0])
    np.testing.assert_allclose(path.train_error * N, RSS, rtol=0, atol=0.51)


def test_cp_is_smallest_at_step_seven(knots):
    """Cp = RSS / sigma^2 - n + 2 (k + 1), for k variables and the intercept; sigma^2 from least squares."""
    path = lasso([*knots, 0.0])
    rss = path.train_error * N
    cp = rss / (rss[-1] / (N - 11)) - N + 2 * (np.arange(11) + 1)
    assert np.argmin(cp) == 7
    assert cp[7] == pytest.approx(8.88, abs=5e-3)


def test_lasso_mode_has_twelve_steps():
    """Ten entries, then s3 leaves once and comes back."""
    path = lasso([*np.geomspace(955, 0.5, 1500), 0.0])
    events, present = [], set()
    for coef in path.coefs:
        now = set(np.flatnonzero(coef))
        assert len(now ^ present) <= 1, "the grid is too coarse to tell the steps apart"
        events += [("enters", NAMES[j]) for j in now - present] + [
            ("leaves", NAMES[j]) for j in present - now
        ]
        present = now
    assert events == [("enters", name) for name in ENTRY] + [("leaves", "s3"), ("enters", "s3")]


def test_degrees_of_freedom_count_the_variables():
    """For the lasso: the number of non-zero coefficients (up to the intercept, which every model has)."""
    path = lasso(np.geomspace(940, 0.5, 40))
    extra = path.degrees_of_freedom - path.n_nonzero
    assert extra[0] in (0, 1)
    assert np.all(extra == extra[0])


def test_knots_and_coefficients_agree_with_lars_path():
    """scikit-learn's lasso-mode path (an exact homotopy): at its knots, and halfway between them."""
    alphas, _, coefs = lars_path(X, Y - Y.mean(), method="lasso")
    assert len(alphas) == 13  # twelve steps
    between = (alphas[:-1] + alphas[1:]) / 2
    path = bridle.path(X, Y, alphas=np.concatenate([alphas, between]), standardize=False)
    expected = np.concatenate([coefs.T, (coefs.T[:-1] + coefs.T[1:]) / 2])
    expected = expected[np.argsort(-np.concatenate([alphas, between]), kind="stable")]
    np.testing.assert_allclose(path.coefs, expected, rtol=0, atol=1e-8 * np.abs(expected).max())


def test_lar_mode_shares_the_entries(knots):
    alphas, _, _ = lars_path(X, Y - Y.mean(), method="lar")
    np.testing.assert_allclose(knots, alphas[:10] * N, rtol=1e-8)


@pytest.mark.parametrize("exact", [False, True], ids=["interpolated", "exact"])
def test_between_the_knots(exact):
    """A path computed at its knots holds every lasso solution: interpolating and solving give the same."""
    alphas, _, coefs = lars_path(X, Y - Y.mean(), method="lasso")
    path = bridle.path(X, Y, alphas=alphas, standardize=False)
    for share in (0.2, 0.7):
        between = (1 - share) * alphas[:-1] + share * alphas[1:]
        wanted = ((1 - share) * coefs[:, :-1] + share * coefs[:, 1:]).T
        found = np.array([path.coef(alpha, exact=exact) for alpha in between])
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-8 * np.abs(wanted).max())
