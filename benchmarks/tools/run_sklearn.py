"""scikit-learn: StandardScaler, then LassoCV or ElasticNetCV (scaled.py); single estimators as they are."""

from __future__ import annotations

from typing import Any

from sklearn import linear_model

from ..worker import Settings, Tool, serve
from . import scaled
from .estimating import TIGHT_ITERATIONS


def options(settings: Settings) -> dict[str, Any]:
    """tol=1e-4, max_iter=1000 by default; a lower tolerance gets room to reach it."""
    return {} if settings.tolerance is None else {"tol": settings.tolerance, "max_iter": TIGHT_ITERATIONS}


def path_of(
    X: Any, y: Any, alphas: Any, ratio: float, accuracy: dict[str, Any], offsets: dict[str, Any]
) -> Any:
    """scikit-learn's own path function, as LassoCV calls it."""
    more = {**offsets, "precompute": False, "check_input": False} if offsets else {}
    return linear_model.enet_path(X, y, l1_ratio=ratio, alphas=alphas, **accuracy, **more)[1]


def tool() -> Tool:
    """Also of the patched scikit-learn."""
    return scaled.tool(linear_model, path_of, options)


if __name__ == "__main__":
    serve(tool())
