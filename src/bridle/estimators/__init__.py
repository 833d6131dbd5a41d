"""scikit-learn's linear estimators by their names and with their meaning: validation and naming, no mathematics."""

from .cross_validated import ElasticNetCV, LassoCV
from .elastic_net import ElasticNet, Lasso
from .ridge import Ridge
from .ridge_cv import RidgeCV

__all__ = ["ElasticNet", "ElasticNetCV", "Lasso", "LassoCV", "Ridge", "RidgeCV"]
