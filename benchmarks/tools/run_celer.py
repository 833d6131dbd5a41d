"""celer: its LassoCV and ElasticNetCV, which are scikit-learn's with another solver (scaled.py)."""

from __future__ import annotations

from typing import Any

import celer  # type: ignore[import-not-found]

from ..worker import Settings, serve
from . import scaled

TIGHT_ROUNDS = 1_000


def options(settings: Settings) -> dict[str, Any]:
    """tol=1e-4 and at most 100 working sets by default."""
    return {} if settings.tolerance is None else {"tol": settings.tolerance, "max_iter": TIGHT_ROUNDS}


def path_of(
    X: Any, y: Any, alphas: Any, ratio: float, accuracy: dict[str, Any], offsets: dict[str, Any]
) -> Any:
    """celer's own path function, with the defaults of its LassoCV."""
    settings = {"tol": 1e-4, "max_iter": 100, **accuracy}
    return celer.celer_path(X, y, "lasso", alphas=alphas, l1_ratio=ratio, prune=True, **settings, **offsets)[
        1
    ]


if __name__ == "__main__":
    serve(scaled.tool(celer, path_of, options))
