"""The laws that a family claims for itself."""

from __future__ import annotations

import itertools

import mpmath as mp
import numpy as np
import pytest
from exact_families import ALL, DIGITS, EXACT, ULP, Number, convex_names, names
from hypothesis import given, settings
from hypothesis import strategies as st

import bridle._core as core
from bridle.families import (
    Family,
    LogLog,
    NegativeBinomial,
    constant_model,
)

drawn = settings(max_examples=60, derandomize=True, deadline=None, database=None)


def targets(family: Family) -> st.SearchStrategy[float]:
    """Targets the family can have, at the edges too."""
    edges = st.sampled_from(EXACT[family].targets)
    if family.classes:
        return edges | st.floats(0.0, 1.0, allow_subnormal=False)
    low = -1e3 if family.link == "identity" else 0.0 if not family.trouble(np.zeros(1))[0] else 1e-3
    return edges | st.floats(low, 1e3, allow_subnormal=False)


def at(family: Family, method: str, y: float, *etas: float) -> np.ndarray:
    return getattr(family, method)(np.full(len(etas), y), np.array(etas))


ETA = st.floats(-30.0, 30.0)
SHARE = st.floats(0.0, 1.0)


@convex_names
@given(data=st.data())
@drawn
def test_the_loss_lies_above_its_tangents_and_below_its_chords(family, data):
    y, a, b, share = data.draw(targets(family)), data.draw(ETA), data.draw(ETA), data.draw(SHARE)
    middle = a + share * (b - a)
    loss, slope = at(family, "loss", y, a, b, middle), at(family, "slope", y, a, b, middle)
    slack = 1e-13 * (1 + np.abs(loss).max() + np.abs(slope).max() * (1 + abs(a) + abs(b)))
    assert loss[1] >= loss[0] + slope[0] * (b - a) - slack
    assert loss[2] <= (1 - share) * loss[0] + share * loss[1] + slack
    assert (slope[1] - slope[0]) * (b - a) >= -slack


@pytest.mark.parametrize("family", [f for f in ALL if not f.convex], ids=lambda family: family.text)
def test_what_is_not_convex_says_so(family):
    y, eta = np.array([1.0]), np.array([3.0])
    assert family.curvature(y, eta)[0] < 0
    assert family.weight(y, eta)[0] > 0  # what Newton's steps use instead


@names
@given(data=st.data())
@drawn
def test_the_weight_of_newtons_steps_is_never_negative(family, data):
    y, etas = data.draw(targets(family)), data.draw(st.lists(ETA, min_size=1, max_size=5))
    weight = at(family, "weight", y, *etas)
    assert (weight >= 0).all()
    if family.convex:
        np.testing.assert_array_equal(weight, at(family, "curvature", y, *etas))
    else:  # the expected curvature: the one at y = mean
        means = family.mean(np.array(etas))
        np.testing.assert_allclose(weight, family.curvature(means, np.array(etas)), rtol=1e-12)


@names
@given(data=st.data())
@drawn
def test_no_curvature_exceeds_the_steepest(family, data):
    y, etas = data.draw(targets(family)), data.draw(st.lists(st.floats(-700, 700), min_size=1, max_size=5))
    assert (at(family, "curvature", y, *etas) <= family.steepest * (1 + 2 * ULP)).all()


@names
def test_the_steepest_is_the_least_bound(family):
    etas = np.array([0.0, -600.0, 600.0])
    most = max(np.abs(family.curvature(np.full(3, y), etas)).max() for y in EXACT[family].targets)
    unbounded = not isinstance(family, NegativeBinomial) and family.steepest == np.inf
    if unbounded:
        assert most > 1e100
    elif isinstance(family, NegativeBinomial):  # (y + theta) / 4: it grows with the target alone
        y = np.array([1e12])
        assert family.curvature(y, np.log([family.theta]))[0] == pytest.approx((1e12 + family.theta) / 4)
    else:
        assert most > family.steepest * (1 - 1e-5)


@pytest.mark.parametrize("family", [f for f in ALL if f.smooth], ids=lambda family: family.text)
@given(data=st.data())
@drawn
def test_curvature_changes_no_faster_than_exp_where_it_is_smooth(family, data):
    """|f'''| <= f'' between two points is |log f''(a) - log f''(b)| <= |a - b|."""
    y, a, b = data.draw(targets(family)), data.draw(ETA), data.draw(ETA)
    curvature = at(family, "curvature", y, a, b)
    assert (curvature > 0).all()
    assert abs(np.log(curvature[0]) - np.log(curvature[1])) <= abs(a - b) * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize("family", [f for f in ALL if not f.smooth], ids=lambda family: family.text)
def test_what_is_not_smooth_breaks_that_law(family):
    etas = np.linspace(-6.0, 6.0, 241)
    broken = False
    for y in EXACT[family].targets[:3]:
        curvature = family.curvature(np.full(241, y), etas)
        with np.errstate(divide="ignore", invalid="ignore"):
            broken |= bool(
                (np.abs(np.diff(np.log(curvature))) > 1.01 * np.diff(etas)).any() or (curvature < 0).any()
            )
    assert broken


@convex_names
@given(data=st.data())
@drawn
def test_fenchels_inequality(family, data):
    """f(eta) + f*(z) - z eta is at least f(eta) - f(e) - z (eta - e) for every e, and 0 for z = f'(eta)."""
    y, eta, share, other = data.draw(targets(family)), data.draw(ETA), data.draw(SHARE), data.draw(ETA)
    gap = family.conjugate_gap(np.array([y]), np.array([eta]), share)
    loss, slope = at(family, "loss", y, eta, other), at(family, "slope", y, eta)[0]
    size = loss.max() + abs(slope) * (1 + abs(eta) + abs(other)) + abs(y) * (1 + abs(eta))
    assert gap.shape == (1,) and gap[0] >= 0
    assert gap[0] >= loss[0] - loss[1] - share * slope * (eta - other) - 1e-13 * size
    assert family.conjugate_gap(np.array([y]), np.array([eta]), 1.0)[0] <= 1e-14 * size


def exact_gap(family: Family, y: float, eta: float, share: float) -> Number:
    """f(eta) - f(e) - z (eta - e) at the e with f'(e) = z = share f'(eta), found in mpmath; None where there is none."""
    exact, y, eta = EXACT[family], mp.mpf(y), mp.mpf(eta)
    goal = mp.mpf(share) * exact.slope(y, eta)
    low, high = mp.mpf(-200), mp.mpf(200 if not isinstance(family, LogLog) else 20)
    low, high = min(low, y - 2, eta), max(high, eta if family.link != "identity" else y + 2 + abs(eta))
    if not exact.slope(y, low) < goal < exact.slope(y, high):
        return None
    for _ in range(110):
        middle = (low + high) / 2
        low, high = (middle, high) if exact.slope(y, middle) < goal else (low, middle)
    return exact.loss(y, eta) - exact.loss(y, low) - goal * (eta - low)


@convex_names
def test_conjugate_gap(family):
    """Against the gap at the conjugate's own point, in mpmath. Closed forms keep small gaps to their last digits."""
    closed = type(family).conjugate_gap is not Family.conjugate_gap and family.link != "probit"
    closed = closed and family.link != "cloglog"
    seen = 0
    with mp.workdps(DIGITS):
        for y, eta, share in itertools.product(
            EXACT[family].targets, (-20.0, -3.0, -0.1, 0.7, 2.0, 5.0), (0.0, 0.3, 0.9, 1 - 2.0**-20)
        ):
            wanted = exact_gap(family, y, eta, share)
            if wanted is None:
                continue
            seen += 1
            found = float(family.conjugate_gap(np.array([y]), np.array([eta]), share)[0])
            size = abs(wanted) if closed else EXACT[family].loss(y, eta) + abs(EXACT[family].slope(y, eta))
            rounding = 1e-8 if closed else 1e-12
            assert abs(found - wanted) <= rounding * size + mp.mpf("1e-30") * (1 + abs(y)), (y, eta, share)
    assert seen > 20


@convex_names
def test_the_gap_of_a_zero_dual_point_is_the_loss(family):
    """With share 0 nothing but the loss is left, as the least loss is 0: in the limit too, for targets at the edge."""
    for y in EXACT[family].targets:
        etas = np.array([-5.0, -0.3, 0.0, 1.2, 4.0])
        loss = family.loss(np.full(5, y), etas)
        gap = family.conjugate_gap(np.full(5, y), etas, 0.0)
        np.testing.assert_allclose(gap, loss, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    "offset", [None, np.full(30, 0.7), np.linspace(-1.0, 1.5, 30)], ids=["", "one", "many"]
)
@names
def test_the_constant_model_has_no_slope_left(family, offset):
    random = np.random.default_rng(4)
    y = random.gamma(2.0, size=30)
    y = y / y.max() if family.classes else y
    w = np.where(np.arange(30) % 5 == 0, 0.0, random.uniform(0.1, 2.0, size=30))
    own = np.zeros(30) if offset is None else offset
    for weights in (None, w):
        share = np.ones(30) if weights is None else weights
        at = constant_model(family, y, weights, offset)
        pulls = share * family.slope(y, own + at)
        assert abs(pulls.sum()) <= 1e-13 * np.abs(pulls).sum()
        assert share @ family.loss(y, own + at) < share @ family.loss(y, own + at + 1e-3)
        assert share @ family.loss(y, own + at) < share @ family.loss(y, own + at - 1e-3)
    assert constant_model(family, y, None, offset, fit_intercept=False) == 0.0


@names
def test_arrays_broadcast(family):
    y, eta = np.full(4, 0.5), np.array([0.2])
    for method in ("loss", "slope", "curvature", "weight"):
        whole = getattr(family, method)(y, np.full(4, 0.2))
        assert whole.shape == (4,) and whole.dtype == np.float64
        np.testing.assert_array_equal(getattr(family, method)(y, eta), whole)
        np.testing.assert_array_equal(getattr(family, method)(y[:, None], np.full((4, 2), 0.2))[:, 1], whole)


@pytest.mark.parametrize("family", [f for f in ALL if f.kernel], ids=lambda family: family.text)
def test_the_compiled_rows_say_the_same(family):
    """Slope and weight as they are; the value without a term of the target alone, so that differences are compared."""
    etas = np.tile(np.linspace(-8.0, 8.0, 33), 4)
    y = np.repeat([t for t in EXACT[family].targets if abs(t) < 1e8][:4], 33)
    etas = etas[: len(y)]
    slope, curvature, value, start = (np.empty(len(y)) for _ in range(4))
    core.family_rows(*family.kernel, y, np.zeros(len(y)), slope, curvature, start)
    core.family_rows(*family.kernel, y, etas, slope, curvature, value)
    np.testing.assert_allclose(slope, family.slope(y, etas), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(curvature, family.weight(y, etas), rtol=1e-12)
    here, there = family.loss(y, etas), family.loss(y, np.zeros(len(y)))
    size = 1 + np.abs(value) + np.abs(start) + here + there
    assert (np.abs((value - start) - (here - there)) <= 1e-14 * size).all()
