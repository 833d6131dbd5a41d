"""Products with a design, tile by tile and by columns, against NumPy's of the whole array."""

import numpy as np
import pytest

from bridle.design import Dense, Design

NONE = np.empty((0, 2), dtype=np.intp)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n", "p"), [(300, 2_500), (2_500, 300), (70, 9_000), (9_000, 3), (5, 5)])
@pytest.mark.parametrize("sides", [0, 1, 4, 7, 90])
def test_products_with_both_sides(n, p, sides, dtype, order):
    rng = np.random.default_rng(n + p + sides)
    X = np.asarray(rng.standard_normal((n, p)), dtype=dtype, order=order)
    design, exact = Design((Dense(X),), NONE), X.astype(np.float64)
    shape = (sides,) if sides else ()
    left, right = rng.standard_normal((p, *shape)), rng.standard_normal((n, *shape))
    for found, expected in (
        (design.matvec(left, 2), exact @ left),
        (design.rmatvec(right, 2), exact.T @ right),
    ):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * (n + p))
    assert (design.rmatvec(right, 1) == design.rmatvec(right, 3)).all()
    assert (design.matvec(left, 1) == design.matvec(left, 3)).all()
