"""Strengths, mixes and folds that make no sense, through every way to fit: refused, or read as a number would be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model as peers
from hostile_kit import ESTIMATORS, WAYS, Known, must_refuse, settle, table, table_of

import bridle

X, Y = table()
WIDE_X, WIDE_Y = table(20, 50)
ONE = ("Ridge", "Lasso", "ElasticNet")
GRID = [way for way in WAYS if way not in ONE]
CROSS_VALIDATED = ["RidgeCV", "LassoCV", "ElasticNetCV", "fit"]
MIXED = ["ElasticNet", "ElasticNetCV", "path", "fit", "Lasso.path"]


def strength(way: str, alpha: Any) -> dict[str, Any]:
    return {"alpha": alpha} if way in ONE else {"alphas": [alpha]}


BAD_ALPHA: dict[str, Any] = {
    "nan": np.nan, "inf": np.inf, "-inf": -np.inf, "-1": -1.0, "word": "a", "complex": 1j, "list": [[1.0]], "dict": {},
    "None": None,
}  # fmt: skip
BAD_ALPHAS: dict[str, Any] = {
    "none": [], "ragged": [[1.0], [2.0, 3.0]], "one is nan": [0.1, np.nan], "one is negative": [0.1, -1.0], "words": ["a"],
    "word": "a", "dict": {}, "complex": [1j], "empty and 2-D": np.zeros((2, 0)), "nan": np.nan, "inf": np.inf,
    "one is inf": [0.1, np.inf], "-1": -1, "2-D": [[1.0, 0.1], [2.0, 3.0]],
}  # fmt: skip
ODD_ALPHAS: dict[str, Callable[[], Any]] = {
    "unsorted": lambda: [0.1, 1.0, 0.01], "all the same": lambda: [0.1, 0.1, 0.1], "whole numbers": lambda: [1, 2, 3],
    "float32": lambda: np.array([0.1, 1.0], dtype=np.float32), "series": lambda: pd.Series([0.1, 1.0]),
    "range": lambda: range(1, 4), "tuple": lambda: (0.5,), "generator": lambda: (a for a in (0.1, 1.0)),
}  # fmt: skip
ODD_ALPHA: dict[str, Any] = {
    "0": 0.0, "5e-324": 5e-324, "1e-300": 1e-300, "1e-12": 1e-12, "1e300": 1e300, "1e308": 1e308,
    "whole": 2, "Decimal": Decimal("0.5"), "as text": "0.5",
}  # fmt: skip
DESIGNS = {
    "plain": (X, Y), "wide": (WIDE_X, WIDE_Y), "duplicates": (np.repeat(X, 2, axis=1), Y), "far": (X + 1e8, Y),
}  # fmt: skip
BAD_RATIO: dict[str, Any] = {
    "-0.1": -0.1, "1.1": 1.1, "nan": np.nan, "inf": np.inf, "word": "a", "None": None, "none": [], "one is 2": [0.5, 2.0],
    "complex": 1j,
}  # fmt: skip
A = np.arange(60)
BAD_FOLDS: dict[str, Any] = {
    "no test rows": [(A, []), (A[20:], A[:20])], "no training rows": [([], A), (A[20:], A[:20])],
    "beyond the end": [(A[20:], [99])], "before the start": [(A[20:], [-99])],
    "no whole numbers": [(A[20:] * 1.0, A[:20] * 1.0)], "short masks": [(np.ones(3, bool), np.ones(3, bool))],
    "none": [], "word": "x", "1": 1, "0": 0, "-1": -1, "61": 61, "nan": np.nan, "triples": [(A, A, A)], "2.5": 2.5,
    "2-D": [(A[20:].reshape(2, 20), A[:20])], "dict": {}, "object": object(), "one side": [A, A],
}  # fmt: skip
OVERLAP = {"overlap": [(A, A[:20]), (A[20:], A[:20])]}
ODD_FOLDS: dict[str, Callable[[], Any]] = {
    "from the end": lambda: [(A[20:], np.arange(-60, -40))], "masks": lambda: [(A >= 20, A < 20)],
    "one pair": lambda: [(A[20:], A[:20])], "one test row": lambda: [(A[1:], A[:1]), (A[:-1], A[-1:])],
    "one training row": lambda: [(A[:1], A[1:])], "lists": lambda: [(A[20:].tolist(), A[:20].tolist())],
    "generator": lambda: (pair for pair in [(A[20:], A[:20]), (A[:40], A[40:])]), "every row": lambda: 60,
    "int8": lambda: [(A[20:].astype(np.int8), A[:20].astype(np.uint8))],
}  # fmt: skip


def folds(way: str, value: Any) -> dict[str, Any]:
    return {"folds" if way == "fit" else "cv": value}


def check_bad_alpha(case: str, way: str) -> None:
    if way in ("path", "fit") and case == "list":
        return  # taken one after another
    must_refuse(way, X, Y, match="alpha|number|must be|could not convert", **strength(way, BAD_ALPHA[case]))


def check_bad_alphas(case: str, way: str) -> None:
    if way in ("path", "fit") and case in ("2-D",):
        return  # taken one after another
    must_refuse(way, X, Y, match="alpha|number|must be|could not convert", alphas=BAD_ALPHAS[case])


def check_odd_alphas(case: str, way: str) -> None:
    settle(way, X, Y, alphas=ODD_ALPHAS[case]())


def check_odd_alpha(case: str, way: str) -> None:
    name, design = case.split(" on ")
    settle(way, *DESIGNS[design], say=True, **strength(way, ODD_ALPHA[name]))


def check_bad_ratio(case: str, way: str) -> None:
    must_refuse(
        way, X, Y, match="l1_ratio|number", **{"l1_ratios" if way == "fit" else "l1_ratio": BAD_RATIO[case]}
    )


def check_bad_folds(case: str, way: str) -> None:
    must_refuse(way, X, Y, **folds(way, BAD_FOLDS[case]))


def check_overlap(case: str, way: str) -> None:
    must_refuse(way, X, Y, match="both sides", **folds(way, OVERLAP[case]))


def check_odd_folds(case: str, way: str) -> None:
    settle(way, X, Y, say=True, **folds(way, ODD_FOLDS[case]()))


REPEATED = {
    "a training row twice": [(np.r_[A[20:], A[20:40]], A[:20]), (np.r_[A[:40], A[:5]], A[40:])],
    "a test row twice": [(A[20:], np.r_[A[:20], A[:5], A[:5]]), (A[:40], A[40:])],
}


def check_repeated(case: str, way: str) -> None:
    """scikit-learn counts a row that a split names twice, twice: so must bridle, or refuse the split."""
    settings: dict[str, Any] = {"cv": REPEATED[case], "alphas": [0.5, 0.1, 0.01]}
    if way.startswith("Ridge"):
        settings["scoring"] = "neg_mean_squared_error"
    peer = getattr(peers, way)(**settings)
    peer.fit(X, Y)
    try:
        est = getattr(bridle, way)(**settings).fit(X, Y)
    except ValueError as problem:
        assert "plit" in str(problem)
        return
    if way.startswith("Ridge"):
        assert np.allclose(est.best_score_, peer.best_score_, rtol=1e-6)
    else:
        assert np.allclose(est.mse_path_, peer.mse_path_, rtol=1e-3), "other errors than scikit-learn's"


NO_WEIGHT = {
    "a test set": np.r_[np.zeros(20), np.ones(40)], "a training set": np.r_[np.ones(20), np.zeros(40)],
}  # fmt: skip


def check_no_weight(case: str, way: str) -> None:
    pairs = [(A[20:], A[:20]), (A[:40], A[40:])]
    settle(way, X, Y, NO_WEIGHT[case], say=True, **folds(way, pairs))


OF_PATH = "the static path checks no strength and no mix"
OF_CV = "alphas and l1_ratio of the cross-validated lasso are not checked one by one"
OF_PAIRS = "ridge's folds are not checked"
KNOWN_ALPHA: Known = []
KNOWN_ALPHAS: Known = []
KNOWN_ODD_ALPHA: Known = []
KNOWN_RATIO: Known = []
KNOWN_FOLDS: Known = []
KNOWN_REPEATED: Known = []
CHECKS: dict[str, tuple[Callable[[str, str], None], Any, list[str], Known]] = {
    "bad alpha": (check_bad_alpha, BAD_ALPHA, list(WAYS), KNOWN_ALPHA),
    "bad alphas": (check_bad_alphas, BAD_ALPHAS, GRID, KNOWN_ALPHAS),
    "odd alphas": (check_odd_alphas, ODD_ALPHAS, GRID, []),
    "odd alpha": (
        check_odd_alpha,
        [f"{a} on {d}" for a in ODD_ALPHA for d in DESIGNS],
        list(WAYS),
        KNOWN_ODD_ALPHA,
    ),
    "bad l1_ratio": (check_bad_ratio, BAD_RATIO, MIXED, KNOWN_RATIO),
    "bad folds": (check_bad_folds, BAD_FOLDS, CROSS_VALIDATED, KNOWN_FOLDS),
    # scikit-learn lets ridge test on rows that it trained on, and so it is.
    "overlapping folds": (check_overlap, OVERLAP, ["LassoCV", "ElasticNetCV", "fit"], []),
    "odd folds": (check_odd_folds, ODD_FOLDS, CROSS_VALIDATED, []),
    "repeated rows": (check_repeated, REPEATED, ["RidgeCV", "LassoCV", "ElasticNetCV"], KNOWN_REPEATED),
    "folds without weight": (check_no_weight, NO_WEIGHT, CROSS_VALIDATED, []),
}
ALL = [
    pytest.param(name, *one.values, marks=one.marks, id=f"{name}: {one.id}")
    for name, (_, cases, ways, known) in CHECKS.items()
    for one in table_of(cases, ways, known)
]


@pytest.mark.parametrize(("check", "case", "way"), ALL)
def test_settings(alone: Callable[..., None], check: str, case: str, way: str) -> None:
    run, cases, ways, _ = CHECKS[check]
    alone(run, case, way, cases, ways)


def test_every_estimator_is_here() -> None:
    names = {
        name
        for name in bridle.__all__
        if isinstance(getattr(bridle, name), type) and hasattr(getattr(bridle, name), "get_params")
    }
    # Those of other families have targets, strengths and errors of their own: tests/estimators.
    generalized = {
        "LogisticRegression", "LogisticRegressionCV", "PoissonRegressor", "GammaRegressor", "TweedieRegressor",
        "HuberRegressor", "GLM", "GLMCV",
    }  # fmt: skip
    assert names == {name.partition("(")[0] for name in ESTIMATORS} | generalized
