"""Moments added, merged in batches and subtracted are the moments of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bridle


def by_hand(X, y, w):
    Z = np.column_stack([X, y]).astype(np.float64)
    mean = w @ Z / w.sum()
    return mean, (Z - mean).T @ ((Z - mean) * w[:, None]) / w.sum()


def agree(moments, X, y, w, near=1e-11):
    mean, covariance = by_hand(X, y, w)
    sd = np.sqrt(np.diag(covariance))
    assert moments.union().weight[0] == pytest.approx(w.sum(), rel=1e-13)
    assert (np.abs(moments.union().mean[0] - mean) <= near * (sd + np.abs(mean))).all()
    assert (np.abs(moments.covariance() - covariance) <= near * np.outer(sd, sd)).all()


def check(seed, n, p, cut, weighted, kind):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + rng.uniform(-3, 3, p)
    X = X.astype(np.float32) if kind == "float32" else np.asarray(X, order=kind)
    y = rng.standard_normal(n)
    w = rng.uniform(0.2, 3, n) if weighted else np.ones(n)
    a, b = slice(0, cut), slice(cut, n)

    def of(rows):
        return bridle.Moments.from_arrays(X[rows], y[rows], w[rows] if weighted else None)

    whole = of(slice(0, n))
    agree(whole, X, y, w)
    agree(of(a) + of(b), X, y, w)
    agree(of(b) + of(a), X, y, w)
    pieces = [slice(at, at + 7) for at in range(0, n, 7)]
    agree(bridle.Moments.from_batches((X[s], y[s], w[s]) for s in pieces), X, y, w)
    agree(whole - of(b), X[a], y[a], w[a], 1e-9)
    agree((of(a) + of(b)) - of(a), X[b], y[b], w[b], 1e-9)


@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(20, 80), p=st.integers(1, 9), share=st.floats(0.2, 0.8),
    weighted=st.booleans(), kind=st.sampled_from(["C", "F", "float32"]),
)  # fmt: skip
def test_drawn(seed, n, p, share, weighted, kind):
    check(seed, n, p, int(share * n), weighted, kind)


@pytest.mark.parametrize("kind", ["C", "F", "float32"])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_storage(kind, weighted):
    check(0, 5_000, 12, 3_000, weighted, kind)


def test_rows_of_weight_zero_add_nothing():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 3)), rng.standard_normal(30)
    nothing = bridle.Moments.from_arrays(X[:10], y[:10], np.zeros(10))
    agree(nothing + bridle.Moments.from_arrays(X, y), X, y, np.ones(30))
    agree(bridle.Moments.from_arrays(X, y) + nothing, X, y, np.ones(30))


@pytest.mark.parametrize("other", [(20, 4), (40, 3)])
def test_what_cannot_be_taken_away_is_refused(other):
    rng = np.random.default_rng(0)
    whole = bridle.Moments.from_arrays(rng.standard_normal((30, 3)), rng.standard_normal(30))
    part = bridle.Moments.from_arrays(rng.standard_normal(other), rng.standard_normal(other[0]))
    with pytest.raises(bridle.UsageError):
        whole - part
