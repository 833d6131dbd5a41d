"""The judge: certified gaps of a tool's fits to all rows, whoever computed them, by bridle's certificate code from the rows.

The certificate knows no solver: it takes alpha, l1_ratio, intercept and coefficients in units of the data and the objective
(half the mean squared error + alpha times the elastic net of standardized columns).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bridle.certificate import Candidate, examine
from bridle.design import Dense, Design, Sparse
from bridle.penalties import Penalty

from .arrays import Data, Fits, Floats, read, read_fits

BATCH_BYTES = 1 << 30  # of the products that the rows' tiles hold at once


def gaps(given: Data, fits: Fits, threads: int) -> Floats:
    """(k,) relative gaps: duality gap / the null model's loss."""
    block = Sparse(given.X.tocsr()) if given.sparse else Dense(given.X)
    design = Design((block,), np.zeros((0, 2), dtype=np.intp))
    batch = max(1, BATCH_BYTES // (8 * design.p * len(design.tiles())))
    count = len(fits.alphas)
    gram = _gram(given) if not np.any(fits.l1_ratios) else None
    parts = [
        _some(design, given, fits, np.arange(a, min(a + batch, count)), gram, threads)
        for a in range(0, count, batch)
    ]
    return np.concatenate(parts)


def _some(design: Design, given: Data, fits: Fits, which: Any, gram: Any, threads: int) -> Floats:
    coefs = fits.coefs[which].toarray()
    candidates = [
        Candidate(float(fits.alphas[k]), float(fits.l1_ratios[k]), float(fits.intercepts[k]), b)
        for k, b in zip(which, coefs)
    ]
    y = given.y if given.y.ndim == 1 else given.y[:, fits.target[which]]
    evidence = examine(
        design, y, None, candidates, Penalty.of(design.p), standardize=True, threads=threads, gram=gram,
        always=gram is not None,
    )  # fmt: skip
    return np.array([evidence.gap(k) / evidence.null_loss(k) for k in range(len(candidates))])


def _gram(given: Data) -> Any:
    """Second moments of named columns, computed once: what a ridge fit that is not exact is compared by."""
    kept: dict[int, Floats] = {}

    def of(columns: Any) -> Floats:
        if len(columns) not in kept:
            centred = given.X[:, columns] - given.X[:, columns].mean(axis=0)
            kept[len(columns)] = centred.T @ centred / len(given.y)
        return kept[len(columns)]

    return of


def main() -> None:
    """Arguments: folder of the data, folder of the fits, threads, variant."""
    folder, fitted, threads, variant = sys.argv[1:5]
    given = read(Path(folder), single=variant == "float32")
    found = gaps(given, read_fits(Path(fitted), given.X.shape[1]), int(threads))
    print(json.dumps({"worst": found.max(), "median": float(np.median(found)), "fits": len(found)}))


if __name__ == "__main__":
    main()
