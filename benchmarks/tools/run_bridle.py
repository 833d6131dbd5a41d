"""bridle: the public call with everything a user gets by default, except that the search is over the lasso alone.

Timed: reading the array as a table and checking it, the pass over the data, folds, all paths, the choice, certificates
from the rows at both chosen alphas, correlated groups. Standardization happens inside each fold (target included).
"""

from __future__ import annotations

from typing import Any

import numpy as np

import bridle

from ..data import Data
from ..worker import Answer, Floats, Settings, Tool, serve


def call(data: Data, settings: Settings) -> Any:
    """bridle.fit as it stands; its tolerance has no knob here, it is the same in both tables."""
    return bridle.fit(
        data.X,
        data.y,
        l1_ratios=1.0,
        folds=data.folds,
        alphas=data.alphas,
        nested=False,
        threads=settings.threads,
    )


def answer(model: Any) -> Answer:
    """The rule "min" is bridle's default."""
    curve = model.selection.curves[0]
    return Answer(model.selection.chosen.alpha, float(np.min(curve.mean)), {})


def path(data: Data, settings: Settings, model: Any) -> tuple[Floats, Floats, Floats]:
    """The full-data path that the model itself carries."""
    if model is None:
        model = call(data, settings)
    return model.path.alphas, model.path.intercepts, model.path.coefs


if __name__ == "__main__":
    serve(Tool(call, answer, path))
