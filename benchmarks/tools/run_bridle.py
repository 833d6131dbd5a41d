"""bridle: the public calls with everything a user gets by default, except that the search is over the given l1_ratios.

Timed in ``bridle.fit``: reading the array as a table and checking it, the pass over the data, folds, all paths, the
choice, certificates from the rows at both chosen alphas, correlated groups. Standardization happens inside each fold
(target included). Variants: "float32" (X in single precision), "estimator" (scikit-learn's names), "path" (one alpha),
"stop" (paths end early, once every fold's error has clearly turned). Categories come as a pandas table.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import bridle

from ..arrays import Data, Fits
from ..levels import Levels
from ..worker import Answer, Settings, Tool, serve
from . import estimating


def call(data: Data, settings: Settings) -> Any:
    """No tolerance: what bridle returns is the same in both tables."""
    if settings.variant == "estimator":
        return estimating.call(bridle, data, settings)
    if settings.variant == "path":
        assert data.estimator is not None
        alphas = [data.estimator["settings"]["alpha"]]
        return bridle.path(data.X, data.y, alphas=alphas, standardize=False, threads=settings.threads)
    return bridle.fit(
        data.X.frame() if isinstance(data.X, Levels) else data.X,
        data.y,
        family=data.family,
        offset=data.offset,
        l1_ratios=data.l1_ratios,
        folds=data.folds,
        alphas=list(data.alphas),
        nested=False,
        stop="auto" if settings.variant == "stop" else None,
        threads=settings.threads,
    )


def answer(data: Data, result: Any) -> Answer:
    """The rule "min" is bridle's default."""
    if isinstance(result, bridle.Path):
        return Answer(float(result.alphas[0]), float(result.train_error[0]), {})
    if not isinstance(result, bridle.Model):
        return estimating.answer(data, result)
    error = min(float(np.min(curve.mean)) for curve in result.selection.curves)
    return Answer(result.selection.chosen.alpha, error, {})


def path(data: Data, settings: Settings, result: Any) -> Fits:
    """The path that the model itself carries; those of the other l1_ratios, which it drops, by ``bridle.path``."""
    if result is None:
        result = call(data, settings)
    if isinstance(result, bridle.Path):
        return Fits(result.alphas, result.l1_ratio, result.intercepts, result.coefs)
    if isinstance(result, bridle.LassoCV):
        result = result.model_
    if not isinstance(result, bridle.Model):
        return estimating.fits(data, result)
    kept = result.path

    def at(ratio: float) -> bridle.Path:
        if ratio == kept.l1_ratio:
            return kept
        return bridle.path(data.X, data.y, alphas=list(data.alphas), l1_ratio=ratio, threads=settings.threads)

    if len(data.l1_ratios) == 1:
        coefs = in_order(data.X, result) if isinstance(data.X, Levels) else kept.coefs
        return Fits(kept.alphas, kept.l1_ratio, kept.intercepts, coefs)
    paths = [at(ratio) for ratio in data.l1_ratios]
    return estimating.stacked(data, [(one.intercepts, one.coefs) for one in paths])


def in_order(table: Levels, model: bridle.Model) -> Any:
    """The path's coefficients by category and level, as the judge has the columns; a level that no row has gets zero."""
    place = {name: j for j, name in enumerate(table.names)}
    coefs = np.zeros((len(model.path), len(place)))
    coefs[:, [place[name] for name in model.schema.columns()]] = model.path.coefs
    return coefs


if __name__ == "__main__":
    serve(Tool(call, answer, path))
