"""scikit-learn's linear estimators by their names and with their meaning: validation and naming, no mathematics.

GLM and GLMCV are bridle's own: every family, in the conventions of ``bridle.fit``.
"""

from .cross_validated import ElasticNetCV, LassoCV
from .elastic_net import ElasticNet, Lasso
from .generalized import GammaRegressor, PoissonRegressor, TweedieRegressor
from .glm import GLM
from .glm_cv import GLMCV
from .huber import HuberRegressor
from .logistic import LogisticRegression
from .logistic_cv import LogisticRegressionCV
from .ridge import Ridge
from .ridge_cv import RidgeCV

__all__ = [
    "GLM",
    "GLMCV",
    "ElasticNet",
    "ElasticNetCV",
    "GammaRegressor",
    "HuberRegressor",
    "Lasso",
    "LassoCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "PoissonRegressor",
    "Ridge",
    "RidgeCV",
    "TweedieRegressor",
]
