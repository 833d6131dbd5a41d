"""What the hostile tests share: every way to fit, and a judge that knows a right answer by itself.

``settle`` runs one way to fit on hostile data and accepts two outcomes only: an answer that meets the optimality
conditions, computed here from the rows in long doubles (which reach from 1e-4932 to 1e4932); or a ValueError or TypeError
that bridle or scikit-learn's validation raised on purpose. Warnings are errors, the input must stay as it was, and an
estimator that was fitted before must keep its fit.
"""

from __future__ import annotations

import copy
import re
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

import bridle
from bridle.errors import NotCertifiedWarning

Wide = NDArray[np.longdouble]
WITHIN = 2e-5  # a relative duality gap of 1e-10, which every solver is asked for
WITHIN_SINGLE = 1e-4  # coefficients that come back in float32 carry its rounding


def table(n: int = 60, p: int = 5, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard normal columns (n, p), and a target of the first two plus noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, 2 * X[:, 0] - X[:, 1 % p] + rng.standard_normal(n)


@dataclass(frozen=True)
class Answer:
    """One fit: coefficients in original units, strength in bridle's objective; ``standardized`` says in which units."""

    coef: NDArray[Any]
    intercept: float
    alpha: float
    l1_ratio: float
    fit_intercept: bool = True
    standardized: bool = False


Way = Callable[..., Answer]


def _total(X: Any, weights: Any) -> float:
    return float(X.shape[0] if weights is None else np.sum(np.asarray(weights, dtype=np.longdouble)))


def rows_of(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def _estimated(make: Callable[..., Any], ridge: bool) -> Way:
    def run(X: Any, y: Any, weights: Any = None, est: Any = None, **settings: Any) -> Answer:
        est = make(**settings) if est is None else est.set_params(**settings)
        est.fit(X, y, **({} if weights is None else {"sample_weight": weights}))
        alpha = float(getattr(est, "alpha_", getattr(est, "alpha", np.nan)))
        if ridge:
            alpha /= rows_of(X) if weights is None else float(np.sum(np.asarray(weights, dtype=np.float64)))
        ratio = 0.0 if ridge else float(getattr(est, "l1_ratio_", getattr(est, "l1_ratio", 1.0)))
        coef, intercept = np.ravel(est.coef_), float(np.ravel(est.intercept_)[0])
        return Answer(coef, intercept, alpha, ratio, est.fit_intercept)

    return run


def _path(X: Any, y: Any, weights: Any = None, *, alpha: Any = 0.1, **settings: Any) -> Answer:
    settings = {"alphas": [alpha], "standardize": False, **settings}
    found = bridle.path(X, y, weights=weights, **settings)
    k = len(found) - 1
    return Answer(
        found.coefs[k], float(found.intercepts[k]), float(found.alphas[k]), found.l1_ratio,
        settings.get("fit_intercept", True), settings["standardize"],
    )  # fmt: skip


def _fit(X: Any, y: Any, weights: Any = None, **settings: Any) -> Answer:
    model = bridle.fit(X, y, weights=weights, **{"l1_ratios": 1.0, "nested": False, **settings})
    assert model.certificate.certified
    return Answer(
        model.coef, model.intercept, model.alpha, model.certificate.l1_ratio, model.fit_intercept, model.standardize
    )  # fmt: skip


def _static_path(X: Any, y: Any, weights: Any = None, **settings: Any) -> Answer:
    own = {} if weights is None else {"sample_weight": weights}
    alphas, coefs, gaps = bridle.Lasso.path(X, y, **{"alphas": [0.1], "l1_ratio": 1.0, **settings}, **own)
    assert coefs.shape[1] == len(alphas) == len(gaps)
    return Answer(coefs[:, -1], 0.0, float(alphas[-1]), 1.0, False)


ESTIMATORS: dict[str, Callable[..., Any]] = {
    "Ridge": bridle.Ridge,
    "RidgeCV": bridle.RidgeCV,
    "RidgeCV(cv=3)": lambda **settings: bridle.RidgeCV(**{"cv": 3, **settings}),
    "Lasso": lambda **settings: bridle.Lasso(**{"alpha": 0.1, **settings}),
    "LassoCV": lambda **settings: bridle.LassoCV(**{"cv": 3, "alphas": 8, **settings}),
    "ElasticNet": lambda **settings: bridle.ElasticNet(**{"alpha": 0.1, **settings}),
    "ElasticNetCV": lambda **settings: bridle.ElasticNetCV(**{"cv": 3, "alphas": 8, **settings}),
}
WAYS: dict[str, Way] = {
    **{name: _estimated(make, name.startswith("Ridge")) for name, make in ESTIMATORS.items()},
    "path": _path,
    "fit": _fit,
    "Lasso.path": _static_path,
}


def excess(answer: Answer, X: Any, y: Any, weights: Any = None) -> float:
    """How far the answer is from the optimality conditions, from the rows in long doubles; nothing of bridle is used.

    Per column the distance of its correlation with the residual from the subdifferential, divided by the sizes of column
    and target: it does not depend on units, and is at rounding for a right answer whatever the strength.
    """
    x, target = np.asarray(X, dtype=np.longdouble), np.ravel(np.asarray(y, dtype=np.longdouble))
    share = (
        np.ones(len(target), dtype=np.longdouble)
        if weights is None
        else np.asarray(weights, dtype=np.longdouble)
    )
    share = share / share.sum()
    b, b0 = answer.coef.astype(np.longdouble), np.longdouble(answer.intercept)
    assert np.isfinite(b).all() and np.isfinite(b0), "an answer that is no number"
    assert b.shape == (x.shape[1],), "coefficients of another shape"
    off = target - share @ target if answer.fit_intercept else target
    columns = x - share @ x if answer.fit_intercept else x
    # The rows' own residual, with the intercept that was given: a wrong intercept counts.
    residual = target - b0 - x @ b
    if answer.standardized:
        deviation, size = np.sqrt(share @ (x - share @ x) ** 2), np.sqrt(share @ off**2)
        size = size if size > 0 else np.longdouble(1)
        unit = np.where(deviation > 0, deviation, 1)
        x, columns, b, off, residual, target = (
            x / unit,
            columns / unit,
            b * unit / size,
            off / size,
            residual / size,
            target / size,
        )
    # What the values themselves are rounded to is no mistake.
    norm = np.sqrt(share @ columns**2) + 1e-7 * np.abs(x).max(axis=0)
    height = (
        np.sqrt(share @ off**2) + 1e-7 * np.abs(target).max(initial=0) + 1e-10 * (np.abs(x) @ np.abs(b)).max()
    )
    if answer.standardized:  # a column that does not vary has no standard deviation, and is left out
        norm = np.where(deviation > 1e-14 * np.abs(x * unit).max(axis=0), norm, np.inf)
    if height == 0:
        return float(np.abs(b).max(initial=0) + np.abs(residual).max(initial=0))
    alpha, ratio = np.longdouble(answer.alpha), np.longdouble(answer.l1_ratio)
    left = columns.T @ (share * residual) - alpha * (1 - ratio) * b
    wrong = np.where(
        b == 0, np.maximum(np.abs(left) - alpha * ratio, 0), np.abs(left - alpha * ratio * np.sign(b))
    )
    wrong = np.where(norm > 0, wrong / np.where(norm > 0, norm, 1), wrong) / height
    mean = abs(share @ residual) / height if answer.fit_intercept else 0
    return float(max(wrong.max(initial=0), mean))


def _state(value: Any) -> Any:
    """Everything that a fit could have written into."""
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype, value.tobytes() if value.dtype != object else repr(value.tolist()))
    if sp.issparse(value):
        parts = value.__dict__ if value.format not in ("dok",) else {"items": sorted(value.items())}
        return {
            key: _state(part) for key, part in parts.items() if isinstance(part, (np.ndarray, tuple, list))
        }
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return (list(map(str, value.dtypes)) if value.ndim == 2 else str(value.dtype), value.to_csv())
    if isinstance(value, (pl.DataFrame, pl.Series)):
        return value.clone().to_dict(as_series=False) if isinstance(value, pl.DataFrame) else value.to_list()
    return repr(value)


@dataclass(frozen=True)
class Refused:
    """An error that was raised on purpose."""

    kind: str
    text: str


def refused(problem: BaseException) -> Refused:
    """The error as an outcome, or an AssertionError where it is no clear one."""
    frames = [frame.filename for frame in traceback.extract_tb(problem.__traceback__)]
    shown = f"{type(problem).__name__}: {problem}"
    trail = "".join(traceback.format_exception(problem)[-6:])
    assert isinstance(problem, (ValueError, TypeError)), f"not a typed error: {shown}\n{trail}"
    # NumPy may raise below scikit-learn's validation, which lets it through on purpose ("could not convert string").
    ours = "/bridle/" in frames[-1] or any(
        "/sklearn/utils/" in f or "/sklearn/model_selection/" in f for f in frames
    )
    assert ours, f"raised by {frames[-1]}, not by a check: {shown}\n{trail}"
    assert len(str(problem)) > 15, f"says too little: {shown}"
    return Refused(type(problem).__name__, str(problem))


@cache
def fitted_before(way: str) -> Any:
    """An estimator with a fit that a failing one must leave alone."""
    return ESTIMATORS[way]().fit(*table(30, 4, seed=9))


def settle(
    way: str, X: Any, y: Any, weights: Any = None, *, exact: Any = None, target: Any = None, within: float = WITHIN,
    say: bool = False, **settings: Any,
) -> Answer | Refused:  # fmt: skip
    """The outcome of one way to fit: a right answer, or a clear error.

    ``exact``, ``target``: the same numbers as a float array (n, p) and (n,), for what is no such array. ``say``: a warning
    that an answer is not certified counts as an error, since it says so.
    """
    before = [_state(value) for value in (X, y, weights)]
    est = copy.deepcopy(fitted_before(way)) if way in ESTIMATORS else None
    told = None if est is None else est.coef_.copy()
    outcome: Answer | Refused
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            outcome = WAYS[way](X, y, weights, **({} if est is None else {"est": est}), **settings)
    except Exception as problem:
        honest = say and isinstance(problem, (NotCertifiedWarning, UserWarning))
        outcome = Refused(type(problem).__name__, str(problem)) if honest else refused(problem)
        if est is not None and not honest:
            assert told is not None and est.coef_.tobytes() == told.tobytes(), (
                "a failed fit changed the one before"
            )
    after = [_state(value) for value in (X, y, weights)]
    assert before == after, "the input was written to"
    if isinstance(outcome, Answer):
        found = excess(outcome, X if exact is None else exact, y if target is None else target, weights)
        assert found <= within, f"a wrong answer in silence: optimality violated by {found:.2e}, {outcome}"
    return outcome


def must_refuse(way: str, X: Any, y: Any, weights: Any = None, *, match: str = "", **settings: Any) -> None:
    """Only an error will do, and it must say ``match``."""
    outcome = settle(way, X, y, weights, **settings)
    assert isinstance(outcome, Refused), f"accepted: {outcome}"
    assert re.search(match, outcome.text, re.I), f"{outcome.kind}: {outcome.text!r} does not say {match!r}"


def must_answer(way: str, X: Any, y: Any, weights: Any = None, **settings: Any) -> Answer:
    """Only a right answer will do."""
    outcome = settle(way, X, y, weights, **settings)
    assert isinstance(outcome, Answer), f"refused: {outcome}"
    return outcome


Known = list[
    tuple[str, str, str]
]  # (why, which cases, which ways), the latter two as patterns of whole names


def table_of(cases: Any, ways: Any = WAYS, known: Known = []) -> list[Any]:  # noqa: B006 - never written to
    """Parameters (case, way); those of known mistakes are expected to fail, strictly: who mends one sees it here."""
    import pytest

    out = []
    for case in cases:
        for way in ways:
            why = [w for w, which, by in known if re.fullmatch(which, case) and re.fullmatch(by, way)]
            marks = [pytest.mark.xfail(strict=True, reason=why[0])] if why else []
            out.append(pytest.param(case, way, marks=marks, id=f"{case}-{way}"))
    return out
