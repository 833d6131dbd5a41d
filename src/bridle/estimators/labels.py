"""Class labels: two of any type as 0 and 1, and the weights that classes are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ..errors import DataError, UsageError
from ..model.targets import are_classes, balanced
from .reading import Table, check_cells, check_given, read_columns, table_of

Floats = NDArray[np.float64]


def read_labels(estimator: BaseEstimator, X: Any, y: Any) -> tuple[Table, NDArray[Any]]:
    """X checked and y as 0 and 1, with the two classes; sets ``n_features_in_`` and ``feature_names_in_``.

    Raises
    ------
    DataError, UsageError
        For labels that are missing, of one class, or of more than two.
    """
    X, names = read_columns(estimator, X, y)
    labels = read_column(X, y)
    check_classification_targets(labels)
    classes, code = np.unique(labels, return_inverse=True)
    if len(classes) != 2:
        raise _not_two(type(estimator).__name__, classes)
    return table_of(X, code.reshape(-1).astype(np.float64), names), classes


def read_column(X: Any, y: Any) -> NDArray[Any]:
    """Labels or numbers (n,) beside X, none of them missing."""
    check_given("y", y)
    labels = column_or_1d(y, warn=True)
    check_consistent_length(X, labels)
    check_cells(labels)
    if labels.dtype.kind == "O":
        missing = [k for k, label in enumerate(labels.tolist()) if label is None or label != label]
        if missing:
            raise DataError(
                f"Input y contains {labels[missing[0]]} in row {missing[0] + 1}: leave the rows without a class out."
            )
    return np.asarray(labels)


def is_named(labels: NDArray[Any]) -> bool:
    """Whether a column names classes: text, truth values, or two numbers that are no shares."""
    return labels.dtype.kind in "bOUS" or are_classes(np.unique(labels))


def _not_two(name: str, classes: NDArray[Any]) -> UsageError | DataError:
    if len(classes) == 1:
        return DataError(
            f"y holds one class only ({classes[0]}): a classifier needs rows of two. "
            f"{name} needs samples of at least 2 classes in the data."
        )
    shown = ", ".join(str(one) for one in classes[:5]) + (", ..." if len(classes) > 5 else "")
    return UsageError(
        f"Only binary classification is supported. y has {len(classes)} classes ({shown}), and {name} takes two so far: "
        "wrap it, sklearn.multiclass.OneVsRestClassifier(...), for one model a class."
    )


def class_weighted(asked: Any, classes: NDArray[Any], code: Floats, weights: Floats | None) -> Floats | None:
    """The weights (n,) times those of each row's class: a dict by label, "balanced", or None for ones.

    "balanced" gives both classes the same sum of weights and leaves the sum of all as it is.

    Raises
    ------
    UsageError
        For a dict that names a label that is no class.
    """
    if asked is None:
        return weights
    own = np.ones(len(code)) if weights is None else weights
    if isinstance(asked, Mapping):
        unknown = [key for key in asked if key not in classes.tolist()]
        if unknown:
            raise UsageError(
                f"The class weights name {unknown[0]!r}, but the classes are {', '.join(map(str, classes))}: "
                "The given class_weight dict must have the class labels as keys."
            )
        factor = np.array([float(asked.get(label, 1.0)) for label in classes.tolist()])
        bad = np.flatnonzero(~(np.isfinite(factor) & (factor >= 0)))
        if len(bad):
            raise UsageError(f"The weight of class {classes[bad[0]]} is {factor[bad[0]]}; give 0 or more.")
    else:
        factor = np.array(balanced(code, own))
    return np.asarray(own * factor[code.astype(np.intp)])


def check_both(classes: NDArray[Any], code: Floats, weights: Floats | None) -> None:
    """Each class needs a row of positive weight."""
    if weights is None:
        return
    sums = np.bincount(code.astype(np.intp), weights=weights, minlength=2)
    if not (sums > 0).all():
        raise DataError(
            f"No row of class {classes[int(np.argmin(sums > 0))]} has a positive weight: a classifier needs rows of two "
            "classes."
        )
