"""What products with a symmetric matrix alone can tell: systems with it for many shifts at once, and its spectrum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..objective import Spectrum
from .plan import Floats

Product = Callable[[Floats], Floats]

ROOM = 1 << 25  # numbers that the vectors of one space may be
MOST_SPACES = 60
BROKEN = 1e-15  # of the largest eigenvalue: the space cannot grow
PROBES, STEPS = 8, 80  # of a spectrum
SEED = 20_000


def shifted_systems(product: Product, target: Floats, shifts: Floats, goal: float) -> tuple[Floats, Floats]:
    """x (n, A) with (B + shift) x = target for every positive shift, and for each the bound top r^2 / (shift t^2), (A,).

    r is what is left of the target, t the target, both as lengths, and ``top`` a bound of the eigenvalues of B; it stops
    when that bound is at most ``goal``. One space of Lanczos serves all shifts, since it is the same for all of them
    (Frommer and Maass 1999), and since what is left has one direction for all, so does the next space, where one has no
    more room (Simoncini 2003). NaN where the products are no numbers.
    """
    size = float(np.linalg.norm(target))
    found = np.zeros((len(target), len(shifts)))
    if size == 0:
        return found, np.zeros(len(shifts))
    room = max(64, ROOM // len(target))
    left, vector, hardest, top = np.full(len(shifts), size), target / size, int(np.argmin(shifts)), 0.0
    for _ in range(MOST_SPACES):
        basis = np.empty((room, len(target)))
        diagonal, beside = [], [0.0]
        rest, pivot, done = float(left[hardest]), 1.0, False
        for j in range(room):
            basis[j] = vector
            fresh = product(vector) - (beside[-1] * basis[j - 1] if j else 0.0)
            diagonal.append(float(vector @ fresh))
            fresh -= diagonal[-1] * vector
            length = float(np.linalg.norm(fresh))
            if not np.isfinite(length):
                return np.full_like(found, np.nan), np.full(len(shifts), np.inf)
            pivot = diagonal[-1] + float(shifts[hardest]) - beside[-1] ** 2 / pivot
            rest *= length / pivot
            top = max(top, diagonal[-1] + beside[-1] + length)
            beside.append(length)
            done = top * rest * rest <= goal * shifts[hardest] * size * size or length <= BROKEN * top
            if done:
                break
            vector = fresh / length
        solved = _tridiagonal(diagonal, beside[1:-1], shifts) * left
        found += basis[: len(diagonal)].T @ solved
        left = -beside[-1] * solved[-1]
        if done:
            break
    return found, top * left * left / (shifts * size * size)


def _tridiagonal(diagonal: list[float], beside: list[float], shifts: Floats) -> Floats:
    """First columns of (T + shift)^-1, (k, A)."""
    from scipy.linalg import eigh_tridiagonal

    values, vectors = eigh_tridiagonal(diagonal, beside)
    return np.asarray(vectors @ (vectors[0][:, None] / (np.maximum(values, 0.0)[:, None] + shifts)))


def estimated_spectrum(product: Product, n: int) -> Spectrum:
    """Of an (n, n) matrix; ``product`` takes (n, k).

    Gauss quadrature of Lanczos for vectors of random signs (Golub and Meurant 2010, chapter 11): sums over the eigenvalues
    of a smooth function come out to about a percent of their square root. The signs are always the same.
    """
    from scipy.linalg import eigh_tridiagonal

    signs = np.random.default_rng(SEED).integers(0, 2, (n, PROBES))
    vector, before = (2.0 * signs - 1.0) / np.sqrt(n), np.zeros((n, PROBES))
    steps = min(STEPS, n)
    diagonal, beside = np.zeros((steps, PROBES)), np.zeros((steps, PROBES))
    for j in range(steps):
        fresh = product(vector) - (beside[j - 1] if j else 0.0) * before
        diagonal[j] = (vector * fresh).sum(axis=0)
        fresh -= diagonal[j] * vector
        beside[j] = np.linalg.norm(fresh, axis=0)
        before, vector = vector, fresh / np.where(beside[j] > 0, beside[j], 1.0)
    values, counts = [], []
    for k in range(PROBES):
        ends = np.flatnonzero(beside[:, k] <= BROKEN * np.abs(diagonal[:, k]).max())
        last = int(ends[0]) + 1 if len(ends) else steps
        own, vectors = eigh_tridiagonal(diagonal[:last, k], beside[: last - 1, k])
        values.append(np.maximum(own, 0.0))
        counts.append(vectors[0] ** 2 * n / PROBES)
    return Spectrum(np.concatenate(values), np.concatenate(counts))
