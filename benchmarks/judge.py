"""The judge: certified gaps of a full-data path, whoever computed it, by bridle's certificate code from the rows.

The certificate knows no solver: it takes alpha, intercept and coefficients in units of the data and the objective (half
the mean squared error + alpha times the sum of absolute weights of standardized columns).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from bridle.certificate import Candidate, certify
from bridle.design import Dense, Design
from bridle.penalties import Penalty

from . import data


def gaps(folder: Path, n: int, p: int, fitted: Path, threads: int) -> np.ndarray:
    """(A,) relative gaps of the path in ``fitted``: duality gap / the null model's loss."""
    given = data.read(folder, n, p)
    alphas, intercepts, coefs = (
        np.fromfile(fitted / f"{name}.f64") for name in ("alphas", "intercepts", "coefs")
    )
    found = certify(
        Design((Dense(given.X),), np.zeros((0, 2), dtype=np.intp)),
        given.y,
        None,
        [
            Candidate(float(a), 1.0, float(b0), b)
            for a, b0, b in zip(alphas, intercepts, coefs.reshape(-1, p))
        ],
        Penalty.of(p),
        standardize=True,
        threads=threads,
        gram=lambda columns: np.zeros(
            (len(columns), len(columns))
        ),  # spares the bound on coefficients, unused here
    )
    return np.array([c.relative_gap for c in found])


if __name__ == "__main__":
    found = gaps(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]))
    print(json.dumps({"worst": found.max(), "median": float(np.median(found)), "alphas": len(found)}))
