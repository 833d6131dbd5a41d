"""The lesson "home": the path and the cross-validated errors of one model, as ``bridle.fit`` gives them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..certificate import GAP_TOLERANCE
from ..errors import NotCertifiedWarning
from ..fitting import fit
from .examples import Example
from .keys import Key, number_text

THOUSAND = "*1000"


def lesson(data: Example, key: Key, progress: Callable[[str, float], None]) -> dict[str, Any]:
    """Coefficients in original units, effects as target units per standard deviation of the column, squared errors.

    ``certified`` says that the fits of both rules are certified from the rows and that no gap of the path is above 1e-8.
    """
    ratio, seed = float(key.values["l1_ratio"]), int(key.values["seed"])
    standardize, scale = bool(key.values["standardize"]), str(key.values["scale"])
    X, lines = data.X, ["import bridle", data.python]
    if scale != "none":
        j = data.names.index(scale.removesuffix(THOUSAND))
        X = X.copy()
        X[:, j] *= 1000
        lines.append(f"X[:, {j}] *= 1000  # {data.names[j]}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)  # the lesson says so itself
        model = fit(
            X, data.y, l1_ratios=ratio, standardize=standardize, seed=seed, nested=False, progress=progress
        )
    progress("curve", 0.95)
    path, curve, choices = model.path, model.selection.curve(ratio), model.selection.choices
    coefs = path.coefs
    lines += [
        f"model = bridle.fit(X, y, l1_ratios={number_text(ratio)}, standardize={standardize}, seed={seed}, nested=False)",
        "path, curve = model.path, model.selection.curves[0]",
        "print(path.alphas, path.coefs, path.intercepts)",
        "print(curve.mean, curve.standard_error)",
    ]
    certified = all(c.certified for c in model.certificates.values())
    return {
        "alphas": path.alphas,
        "l1_ratio": ratio,
        "standardize": standardize,
        "coefs": coefs,
        "effects": (coefs * X.std(axis=0)).astype(np.float32),  # for bars: seven digits will do
        "intercepts": path.intercepts,
        "n_nonzero": path.n_nonzero,
        "train_error": path.train_error,
        "cv_mean": curve.mean,
        "cv_se": curve.standard_error,
        "fold_errors": curve.fold_errors,
        "null_error": model.selection.null_error,
        "index_min": choices["min"].index,
        "index_1se": choices["1se"].index,
        "alpha_max": path.alpha_max,
        "gaps": path.gaps,
        "certified": bool(certified and np.all(path.gaps <= GAP_TOLERANCE)),
        "fold_text": model.selection.fold_text,
        "python": "\n".join(lines),
    }
