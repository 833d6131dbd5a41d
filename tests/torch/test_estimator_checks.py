"""scikit-learn's own checks of what an estimator must do, for several settings of each class of network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from bridle.torch import MLPClassifier, MLPClassifierCV, MLPRegressor, MLPRegressorCV

ESTIMATORS = [
    MLPRegressor(max_iter=60),
    MLPRegressor((8,), l1=1e-3, dtype="float64", max_iter=30, batch_size=10_000),
    MLPRegressor((8, 4), group=1e-2, groups="neurons", activation="tanh", early_stopping=True, max_iter=60),
    MLPRegressor((), solver="sgd", l1=1e-2, l2=0, max_iter=60, learning_rate=0.05),
    MLPRegressor((16,), dropout=0.1, activation="silu", schedule="constant", max_iter=60),
    MLPClassifier(max_iter=60),
    MLPClassifier((8,), l1=1e-3, dtype="float64", max_iter=100, batch_size=10_000, learning_rate=0.1),
    MLPClassifier((8,), group=1e-2, class_weight="balanced", early_stopping=True, max_iter=60),
    MLPClassifier((), solver="sgd", max_iter=60, learning_rate=0.05),
    MLPRegressorCV((8,), n_alphas=3, cv=3, max_iter=40),
    MLPRegressorCV(
        (8,), n_alphas=2, cv=2, groups="inputs", l1_ratio=0.5, rule="1se", early_stopping=True, max_iter=40
    ),
    MLPClassifierCV((8,), n_alphas=3, cv=3, max_iter=40),
]

WEIGHTS = "check_sample_weight_equivalence_on_dense_data"
BATCHES = "mini-batches and held-out rows are drawn among the rows, and float32 adds them in another order"
FOLDS = "the folds are drawn among the rows: a row that is there twice may lie in two folds"


def expected(estimator: Any) -> dict[str, str]:
    """What fails, and why. Weights are rows exactly where batches hold all rows, in float64."""
    if isinstance(estimator, MLPRegressorCV | MLPClassifierCV):
        return {WEIGHTS: FOLDS}
    if estimator.dtype == "float64":
        return {}
    return {WEIGHTS: BATCHES}


def cases() -> Iterator[Any]:
    for estimator in ESTIMATORS:
        for fresh, check in estimator_checks_generator(estimator):
            name = check.func.__name__ if isinstance(check, partial) else check.__name__
            reason = expected(estimator).get(name)
            marks = [] if reason is None else [pytest.mark.xfail(strict=True, reason=reason)]
            yield pytest.param(fresh, check, id=f"{' '.join(repr(estimator).split())}-{name}", marks=marks)


@pytest.mark.parametrize(("estimator", "check"), list(cases()))
def test_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


def test_the_expected_failure_is_scikit_learns_own_where_rows_are_drawn() -> None:
    from sklearn.linear_model import SGDRegressor
    from sklearn.utils._test_common.instance_generator import PER_ESTIMATOR_XFAIL_CHECKS

    assert WEIGHTS in PER_ESTIMATOR_XFAIL_CHECKS[SGDRegressor]
