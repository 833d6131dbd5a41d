"""Peak memory of a whole fit beside the size of its data, in processes of their own."""

from __future__ import annotations

import pytest

MEASURE = """
import sys
import numpy as np
import bridle
n, p, order, kind, count = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
rng = np.random.default_rng(0)
bridle.fit(rng.standard_normal((100, 3)), rng.standard_normal(100), l1_ratios=1.0)
X = np.empty((n, p), dtype=kind, order=order)
for at in range(0, n, 10_000):
    X[at : at + 10_000] = rng.standard_normal(X[at : at + 10_000].shape, dtype=kind)
y = X[:, :count].sum(axis=1) + rng.standard_normal(n)
def kilobytes(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))
before = kilobytes("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
model = bridle.fit(X, y, l1_ratios=1.0)
assert model.certificate.certified
print(1 + (kilobytes("VmHWM") - before) * 1024 / X.nbytes)
"""


@pytest.mark.parametrize("count", [2, 20])
@pytest.mark.parametrize(
    ("n", "p", "order", "kind"),
    [(200_000, 100, "C", "float64"), (200_000, 100, "F", "float64"), (60_000, 300, "C", "float32")],
)
def test_a_tall_fit_needs_little_beside_its_data(alone, n, p, order, kind, count):
    assert float(alone(MEASURE, n, p, order, kind, count)) <= 1.2
