"""Paired differences of held-out errors, and whether they are more than chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL = 0.95
ALIKE = (
    1e-8  # differences below this share of the error are rounding: the fits are proven to a gap of this size
)
BETTER, WORSE, ALIKE_WORDS, UNKNOWN = "better", "worse", "cannot be told apart", "not known"


@dataclass(frozen=True, eq=False)
class Splits:
    """What pairing needs to know of the folds: weights (K,) of the test rows and of the training rows."""

    test: Floats
    train: Floats

    @property
    def share(self) -> Floats:
        """(K,) how much each fold counts."""
        return np.asarray(self.test / self.test.sum())


@dataclass(frozen=True)
class Difference:
    """The error of one method, a mean unit deviance, minus that of another on the same folds.

    ``low`` and ``high`` bound it with 95 % confidence (NaN where a single split leaves it open); ``verdict`` says what
    that makes of the method: "better", "worse", "cannot be told apart" (the interval holds 0) or "not known".
    """

    name: str
    against: str
    mean: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: int
    verdict: str


def paired(name: str, errors: Floats, against: str, reference: Floats, splits: Splits) -> Difference:
    """The difference of two methods' errors (K,), by the corrected resampled t-test.

    Training sets of a cross-validation overlap, so the folds' differences d_k are no independent sample: the usual
    variance of their mean is too small. Nadeau and Bengio (2003, Machine Learning 52, 239-281) replace its factor 1/K
    by 1/K + n_test/n_train; the interval takes Student's t with K - 1 degrees of freedom. Folds count by the weight of
    their test rows: the mean is sum s_k d_k, the variance sum s_k (d_k - mean)^2 / (1 - sum s_k^2), and sum s_k^2 takes
    the place of 1/K; with equal folds these are the usual ones.

    >>> import numpy as np
    >>> splits = Splits(np.full(5, 20.0), np.full(5, 80.0))
    >>> paired("a", np.array([4.0, 5, 6, 5, 4]), "b", np.array([1.0, 2, 2, 2, 1]), splits).verdict
    'worse'
    """
    off = errors - reference
    count, share = len(off), splits.share
    mean = float(share @ off)
    if count < 2:
        return Difference(name, against, mean, np.nan, np.nan, np.nan, 0, UNKNOWN)
    effective = float(share @ share)
    size = float(np.abs(off - mean).max())  # the squares of huge errors would overflow
    spread = size * np.sqrt(share @ ((off - mean) / size) ** 2 / (1 - effective)) if size > 0 else 0.0
    ratio = float(share @ (splits.test / splits.train))
    error = float(spread * np.sqrt(effective + ratio))
    reach = _quantile(count - 1) * error
    low, high = mean - reach, mean + reach
    return Difference(
        name, against, mean, error, low, high, count - 1, _verdict(mean, low, high, float(share @ reference))
    )


def _verdict(mean: float, low: float, high: float, error: float) -> str:
    if low <= 0 <= high or abs(mean) <= ALIKE * abs(error):
        return ALIKE_WORDS
    return WORSE if mean > 0 else BETTER


def _quantile(degrees_of_freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, 0.5 + LEVEL / 2))
