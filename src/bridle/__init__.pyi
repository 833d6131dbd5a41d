from .comparing import Comparison as Comparison
from .comparing import compare as compare
from .descent import Descent as Descent
from .descent import descend as descend
from .errors import BridleError as BridleError
from .errors import DataError as DataError
from .errors import NotCertifiedWarning as NotCertifiedWarning
from .errors import UsageError as UsageError
from .estimators import ElasticNet as ElasticNet
from .estimators import ElasticNetCV as ElasticNetCV
from .estimators import Lasso as Lasso
from .estimators import LassoCV as LassoCV
from .estimators import Ridge as Ridge
from .estimators import RidgeCV as RidgeCV
from .fitting import fit as fit
from .fitting import path as path
from .fitting import verify as verify
from .model import Model as Model
from .model import load as load
from .moments import Moments as Moments
from .paths import Path as Path
from .reporting import report as report

__version__: str
