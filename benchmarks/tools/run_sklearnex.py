"""scikit-learn patched by its Intel extension: the same calls as run_sklearn.py.

The extension replaces Lasso, ElasticNet and Ridge (the first two only as a preview), not LassoCV, ElasticNetCV or RidgeCV:
where those do the work, this is scikit-learn under another name.
"""

# ruff: noqa: E402  (the patch must come before scikit-learn's modules)
from __future__ import annotations

import os

os.environ["SKLEARNEX_PREVIEW"] = "YES"

from sklearnex import patch_sklearn  # type: ignore[import-not-found]

patch_sklearn()

from ..worker import serve
from .run_sklearn import tool

if __name__ == "__main__":
    serve(tool())
