"""bridle: regularized models in Python that are fast, proven right and visible.

    >>> import bridle
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = bridle.fit(X, y)
    >>> model.certificate.certified
    True

Names are resolved when they are first used, so that ``import bridle`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "fit": "bridle.fitting",
    "verify": "bridle.fitting",
    "path": "bridle.fitting",
    "descend": "bridle.descent",
    "Descent": "bridle.descent",
    "load": "bridle.model",
    "Model": "bridle.model",
    "Path": "bridle.paths",
    "Moments": "bridle.moments",
    "report": "bridle.reporting",
    "compare": "bridle.comparing",
    "Comparison": "bridle.comparing",
    "Ridge": "bridle.estimators",
    "RidgeCV": "bridle.estimators",
    "Lasso": "bridle.estimators",
    "LassoCV": "bridle.estimators",
    "ElasticNet": "bridle.estimators",
    "ElasticNetCV": "bridle.estimators",
    "LogisticRegression": "bridle.estimators",
    "LogisticRegressionCV": "bridle.estimators",
    "PoissonRegressor": "bridle.estimators",
    "GammaRegressor": "bridle.estimators",
    "TweedieRegressor": "bridle.estimators",
    "HuberRegressor": "bridle.estimators",
    "GLM": "bridle.estimators",
    "GLMCV": "bridle.estimators",
    "BridleError": "bridle.errors",
    "UsageError": "bridle.errors",
    "DataError": "bridle.errors",
    "NotCertifiedWarning": "bridle.errors",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'bridle' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
