"""The judge: certified gaps of a tool's fits to all rows, whoever computed them, by bridle's certificate code from the rows.

The certificate knows no solver: it takes alpha, l1_ratio, intercept and coefficients in units of the data and the objective
(half the mean squared error or unit deviance + alpha times the elastic net of standardized columns).

Of squared error the best intercept is a mean, and the certificate holds whatever the tool's is. Of other families the
certificate supposes that the intercept is the best one for the coefficients. So it is found here for each fit, that fit is
certified, and what the tool's own intercept lacks is added to the gap.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bridle.certificate import Candidate, Responses, certify_separable, examine
from bridle.design import Dense, Design, OneHot, Sparse
from bridle.families import constant_model, family_named
from bridle.penalties import Penalty

from .arrays import Data, Fits, Floats, read, read_fits
from .levels import Levels

BATCH_BYTES = 1 << 30  # of the products that the rows' tiles hold at once
PER_ROW = 10  # numbers that a family's certificate holds for each row and fit


def gaps(given: Data, fits: Fits, threads: int) -> Floats:
    """(k,) relative gaps: duality gap / the null model's loss."""
    design = Design(_blocks(given.X), np.zeros((0, 2), dtype=np.intp))
    size = design.p * len(design.tiles())
    if given.family != "squared":
        size = max(size, PER_ROW * design.n)
    batch = max(1, BATCH_BYTES // (8 * size))
    count = len(fits.alphas)
    if given.family != "squared":
        parts = [
            _of_family(design, given, fits, np.arange(a, min(a + batch, count)), threads)
            for a in range(0, count, batch)
        ]
        return np.concatenate(parts)
    gram = _gram(given) if not np.any(fits.l1_ratios) else None
    parts = [
        _some(design, given, fits, np.arange(a, min(a + batch, count)), gram, threads)
        for a in range(0, count, batch)
    ]
    return np.concatenate(parts)


def _blocks(X: Any) -> tuple[Any, ...]:
    if isinstance(X, Levels):
        return tuple(OneHot(np.ascontiguousarray(X.codes[:, j]), count) for j, count in enumerate(X.counts))
    return (Dense(X) if isinstance(X, np.ndarray) else Sparse(X.tocsr()),)


def _candidates(fits: Fits, which: Any, coefs: Floats, intercepts: Floats) -> list[Candidate]:
    return [
        Candidate(float(fits.alphas[k]), float(fits.l1_ratios[k]), float(b0), b)
        for k, b, b0 in zip(which, coefs, intercepts)
    ]


def _of_family(design: Design, given: Data, fits: Fits, which: Any, threads: int) -> Floats:
    """The certified gaps with the best intercepts, and what the given ones lack, in units of the null model's loss."""
    family = family_named(given.family)
    coefs = fits.coefs[which].toarray()
    beside = design.matvec(coefs.T, threads)
    if given.offset is not None:
        beside += given.offset[:, None]
    best = np.array([constant_model(family, given.y, None, own) for own in beside.T])
    lacking = [
        float(np.mean(family.loss(given.y, own + b0)) - np.mean(family.loss(given.y, own + b)))
        for own, b0, b in zip(beside.T, fits.intercepts[which], best)
    ]
    responses = Responses(family, given.y, None, given.offset)
    proven = certify_separable(
        design, responses, _candidates(fits, which, coefs, best), Penalty.of(design.p), standardize=True, threads=threads
    )  # fmt: skip
    null = responses.null(True)[0]
    found = np.array([one.gap for one in proven]) + np.maximum(lacking, 0.0)
    return np.asarray(found / null)


def _some(design: Design, given: Data, fits: Fits, which: Any, gram: Any, threads: int) -> Floats:
    coefs = fits.coefs[which].toarray()
    candidates = _candidates(fits, which, coefs, fits.intercepts[which])
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
