"""Numbers at the edge of what numbers can say, through every way to fit: a right answer or a clear error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model as peers
from hostile_kit import (
    ESTIMATORS,
    WAYS,
    Answer,
    Known,
    must_answer,
    must_refuse,
    refused,
    settle,
    table,
    table_of,
)

import bridle

X, Y = table()
WIDE_X, WIDE_Y = table(20, 50)
ONES = np.ones(60)
A60 = np.arange(60)
PLACE = r"(NaN|inf).*row 4,? column .?x2|row 4.*column .?x2"


def put(values: Any, at: Any, value: float) -> Any:
    out = np.array(values, dtype=float)
    out[at] = value
    return out


# Nothing but an error will do: case -> (X, y, weights, what the error must say).
REFUSED: dict[str, tuple[Any, Any, Any, str]] = {
    **{f"{v} in X": (put(X, (3, 2), v), Y, None, PLACE) for v in (np.nan, np.inf, -np.inf)},
    **{f"{v} in a wide X": (put(WIDE_X, (3, 2), v), WIDE_Y, None, PLACE) for v in (np.nan, np.inf, -np.inf)},
    "NaN in float32": (put(X, (3, 2), np.nan).astype(np.float32), Y, None, PLACE),
    "NaN everywhere": (X * np.nan, Y, None, "NaN.*row 1"),
    **{f"{v} in y": (X, put(Y, 3, v), None, "nan|inf") for v in (np.nan, np.inf, -np.inf)},
    **{f"{v} in weights": (X, Y, put(ONES, 3, v), "nan|inf") for v in (np.nan, np.inf, -np.inf)},
    "a negative weight": (X, Y, put(ONES, 3, -1.0), "row 4.*at least 0"),
    "no positive weight": (X, Y, 0 * ONES, "positive weight"),
    "too few weights": (X, Y, ONES[:-1], "shape|inconsistent|weights"),
    "too many weights": (X, Y, np.ones(61), "shape|inconsistent|weights"),
    "a column of weights": (X, Y, ONES[:, None], "1D|shape"),
    "two columns of weights": (X, Y, np.ones((60, 2)), "1D|shape"),
    "words as weights": (X, Y, np.array(["a"] * 60), "number|convert"),
    "complex weights": (X, Y, ONES + 1j, "complex"),
    "no weights in a list": (X, Y, [], "shape|inconsistent|weights"),
    "no rows": (X[:0], Y[:0], None, "row|sample"),
    "no columns": (X[:, :0], Y, None, "column|feature"),
}

# A right answer or a clear error: case -> (X, y, weights, settings).
SETTLED: dict[str, tuple[Any, Any, Any, dict[str, Any]]] = {
    **{f"{n} rows of {p}": (*table(n, p), None, {}) for n in (1, 2, 3) for p in (1, 5)},
    **{f"a target of {v:.3g}": (X, np.full(60, v), None, {}) for v in (0.0, 0.1, 1e8 / 3)},
    **{f"a wide target of {v:.3g}": (WIDE_X, np.full(20, v), None, {}) for v in (0.0, 1e8 / 3)},
    **{f"cells of {v:.3g}": (np.full((60, 5), v), Y, None, {}) for v in (0.0, 0.1, 1e8 / 3)},
    **{f"a column of {v:.3g}": (put(X, (slice(None), 2), v), Y, None, {}) for v in (0.0, 0.1, 1e8 / 3)},
    "duplicate columns": (np.repeat(X, 2, axis=1), Y, None, {}),
    "collinear columns": (np.column_stack([X, X @ [1.0, 2, 3, 4, 5], X[:, 0] - X[:, 1]]), Y, None, {}),
    "nearly collinear": (np.column_stack([X, X[:, 0] + 1e-9 * X[:, 1]]), Y, None, {}),
    "more columns than rows": (WIDE_X, WIDE_Y, None, {}),
    **{f"{s:g} from zero": (X + s, Y, None, {}) for s in (1e8, 1e12, 1e15)},
    "a target 1e12 from zero": (X, Y + 1e12, None, {}),
    **{f"one column times {s:g}": (X * [s, 1, 1, 1, 1], Y, None, {}) for s in (1e6, 1e8, 1e12)},
    **{
        f"one wide column times {s:g}": (WIDE_X * np.r_[s, np.ones(49)], WIDE_Y, None, {})
        for s in (1e5, 1e8, 1e12)
    },
    "integers at 2^53": (np.round(X * 10) + 2.0**53, Y, None, {}),
    "one positive weight": (X, Y, np.eye(1, 60)[0], {}),
    "two positive weights": (X, Y, np.eye(2, 60).sum(axis=0), {}),
    "weights of whole numbers": (X, Y, np.arange(60), {}),
    "weights in float32": (X, Y, np.arange(60, dtype=np.float32), {}),
    "weights as truth": (X, Y, X[:, 0] > 0, {}),
    "a fold without weight": (X, Y, np.r_[np.zeros(20), np.ones(40)], {}),
    "weight in one fold only": (X, Y, np.r_[np.ones(20), np.zeros(40)], {}),
    **{f"weights of {w:g}": (X, Y, w * ONES, {}) for w in (1e-300, 1e-100, 1e-20, 1e20, 1e100, 1e300)},
    "weights of all sizes": (X, Y, np.where(X[:, 0] > 0, 1e150, 1e-150), {}),
    "weights of the largest size": (X, Y, 1.7e308 * ONES, {}),
    "weights of the smallest size": (X, Y, 5e-324 * ONES, {}),
}
SIZES = (1e-320, 1e-150, 1e50, 1e150, 1e200, 1e307)
SCALED = {
    f"{what} times {s:g}": (what, s) for what in ("X", "y", "column", "wide X", "wide column") for s in SIZES
}
UNITS = {
    f"{what} times {s:g}": (what, s)
    for what in ("X", "y")
    for s in (1e-150, 1e-100, 1e-30, 1e30, 1e100, 1e150)
}


def check_refused(case: str, way: str) -> None:
    x, y, weights, words = REFUSED[case]
    must_refuse(way, x, y, weights, match=words)


def check_settled(case: str, way: str) -> None:
    x, y, weights, settings = SETTLED[case]
    settle(way, x, y, weights, say=True, **settings)


def check_without_intercept(case: str, way: str) -> None:
    x, y, weights, settings = SETTLED[case]
    settle(way, x, y, weights, say=True, fit_intercept=False, **settings)


def check_scaled(case: str, way: str) -> None:
    """The strength stays what it is, so that it is next to nothing or everything: only the rows can tell what is right."""
    what, s = SCALED[case]
    x, y = (WIDE_X, WIDE_Y) if "wide" in what else (X, Y)
    column = np.ones(x.shape[1])
    column[: 1 if "column" in what else None] = 1 if what == "y" else s
    with np.errstate(all="ignore"):
        x, y = x * column, y * (s if what == "y" else 1)
    settle(way, x, y, say=True)


def strengths(way: str, what: str, s: float) -> dict[str, Any]:
    """Settings under which rescaled data must give rescaled coefficients."""
    if way in ("fit", "LassoCV"):  # standardized, or with a grid made from the data
        return {}
    if way == "ElasticNetCV":
        return {"l1_ratio": 1.0}
    if way == "path":
        return {"standardize": True}
    if way.startswith("Ridge"):
        alphas = [a * (s * s if what == "X" else 1.0) for a in (0.1, 1.0)]
        return {"alpha": alphas[0]} if way == "Ridge" else {"alphas": alphas}
    ratio = {} if way == "Lasso" else {"l1_ratio": 1.0}
    return {"alphas": [0.1 * s], **ratio} if way == "Lasso.path" else {"alpha": 0.1 * s, **ratio}


def check_units(case: str, way: str) -> None:
    what, s = UNITS[case]
    plain = must_answer(way, X, Y, **strengths(way, what, 1.0))
    scaled = (X * s, Y) if what == "X" else (X, Y * s)
    outcome = settle(way, *scaled, say=True, **strengths(way, what, s))
    if isinstance(outcome, Answer):
        back = outcome.coef * s if what == "X" else outcome.coef / s
        off = np.abs(back - plain.coef).max() / np.abs(plain.coef).max()
        assert off < 1e-6, f"other units gave another answer: {off:.1e}, {back} instead of {plain.coef}"
    else:
        assert any(word in outcome.text for word in ("Rescale", "Objective", "Not certified", "scale")), (
            outcome.text
        )


EIGEN = "an eigendecomposition of unscaled columns loses those that are small beside the largest"
SUMS = "weights are rescaled, and ridge's alpha is not rescaled with them"
FOLDS = "ridge's folds do not look for cells that are no numbers, or too large"
LAPACK = "LAPACK meets the cell before anybody looks for it"
GRID = "the grid of alphas is made before anybody looks at the cells"
FLOOR = "strengths below 1e-15 become 1e-15, as in scikit-learn: every coefficient is zero"
CV3 = r"RidgeCV\(cv=3\)"
KNOWN_REFUSED: Known = []
KNOWN_SETTLED: Known = []
KNOWN_WITHOUT: Known = []
KNOWN_SCALED: Known = []
KNOWN_UNITS: Known = []


@pytest.mark.parametrize(("case", "way"), table_of(REFUSED, known=KNOWN_REFUSED))
def test_refused(alone: Callable[..., None], case: str, way: str) -> None:
    alone(check_refused, case, way, REFUSED, list(WAYS))


@pytest.mark.parametrize(("case", "way"), table_of(SETTLED, known=KNOWN_SETTLED))
def test_right_or_refused(alone: Callable[..., None], case: str, way: str) -> None:
    alone(check_settled, case, way, SETTLED, list(WAYS))


WITH_INTERCEPT = [way for way in WAYS if way != "Lasso.path"]
PLAIN = [case for case in SETTLED if "column" in case or "from zero" in case or "target" in case]


@pytest.mark.parametrize(("case", "way"), table_of(PLAIN, WITH_INTERCEPT, known=KNOWN_WITHOUT))
def test_right_or_refused_without_intercept(alone: Callable[..., None], case: str, way: str) -> None:
    alone(check_without_intercept, case, way, PLAIN, WITH_INTERCEPT)


@pytest.mark.parametrize(("case", "way"), table_of(SCALED, known=KNOWN_SCALED))
def test_numbers_of_any_size(alone: Callable[..., None], case: str, way: str) -> None:
    alone(check_scaled, case, way, SCALED, list(WAYS))


@pytest.mark.parametrize(("case", "way"), table_of(UNITS, known=KNOWN_UNITS))
def test_units_change_nothing_or_are_refused(alone: Callable[..., None], case: str, way: str) -> None:
    alone(check_units, case, way, UNITS, list(WAYS))


UNDETERMINED = {
    "more columns than rows": (WIDE_X, WIDE_Y), "duplicate columns": (np.repeat(X, 2, axis=1), Y), "one row": table(1, 4),
    "two rows": table(2, 5), "a column of zeros": (put(X, (slice(None), 2), 0.0), Y), "zeros": (0 * X, Y),
    "1e8 from zero": (WIDE_X + 1e8, WIDE_Y), "of all sizes": (WIDE_X * np.geomspace(1e-3, 1e3, 50), WIDE_Y),
}  # fmt: skip


KNOWN_UNDETERMINED: Known = []


@pytest.mark.parametrize(
    ("case", "name"), table_of(UNDETERMINED, ["Ridge", "Lasso", "ElasticNet"], KNOWN_UNDETERMINED)
)
def test_without_a_penalty_the_shortest_solution(case: str, name: str) -> None:
    x, y = UNDETERMINED[case]
    est = getattr(bridle, name)(alpha=0.0).fit(x, y)
    wide = x.astype(np.longdouble)  # far from zero, means in doubles leave a direction that there is not
    shortest = np.linalg.lstsq((wide - wide.mean(axis=0)).astype(float), y - y.mean(), rcond=1e-9)[0]
    assert np.allclose(est.coef_, shortest, rtol=1e-6, atol=1e-6 * np.abs(shortest).max())


CHOSEN = {
    "duplicate columns": (np.repeat(X, 2, axis=1), Y, None), "far from zero": (X + 1e6, Y, None),
    "six rows": (*table(6, 3), None), "zeros": (put(X, (slice(None), 2), 0.0), Y, None),
    "weights of zero": (X, Y, (A60 % 3 > 0) * 1.0), "unequal columns": (X * [1e4, 1, 1, 1, 1e-4], Y, None),
    "unequal weights": (X, Y, np.geomspace(1e-6, 1e6, 60)), "wide": (WIDE_X, WIDE_Y, None),
}  # fmt: skip


KNOWN_CHOSEN: Known = []
CROSS_VALIDATED = ["RidgeCV", "RidgeCV(cv=3)", "LassoCV", "ElasticNetCV"]


@pytest.mark.parametrize(("case", "name"), table_of(CHOSEN, CROSS_VALIDATED, KNOWN_CHOSEN))
def test_the_choice_is_scikit_learns(case: str, name: str) -> None:
    x, y, weights = CHOSEN[case]
    kind = name.partition("(")[0]
    settings: dict[str, Any] = {"alphas": [0.03, 0.3, 3.0]}
    if name != "RidgeCV":
        settings["cv"] = 3
    if name == "RidgeCV(cv=3)":
        settings["scoring"] = "neg_mean_squared_error"
    exact = {} if kind == "RidgeCV" else {"tol": 1e-12, "max_iter": 1_000_000}
    est = getattr(bridle, kind)(**settings).fit(x, y, sample_weight=weights)
    peer = getattr(peers, kind)(**settings, **exact).fit(x, y, sample_weight=weights)
    assert est.alpha_ == peer.alpha_
    near = 1e-4 if kind != "RidgeCV" else 1e-6
    errors = (est.best_score_, peer.best_score_) if kind == "RidgeCV" else (est.mse_path_, peer.mse_path_)
    assert np.allclose(*errors, rtol=near)
    assert np.allclose(est.predict(x), peer.predict(x), rtol=near, atol=near * np.abs(y).max())


FAILED_FITS = {
    "fewer columns": lambda: (put(X[:, :3], (3, 2), np.nan), Y),
    "no number in y": lambda: (X[:, :3], put(Y, 3, np.nan)),
    "wrong type": lambda: (X[:, :3] + 1j, Y),
}
KNOWN_FAILED: Known = []


def check_failed_fit(case: str, way: str) -> None:
    """A fit that failed leaves the one before as it was, and an estimator that never was fitted says so."""
    est = ESTIMATORS[way]().fit(X, Y)
    before = est.predict(X)
    fresh = ESTIMATORS[way]()
    for one in (est, fresh):
        try:
            one.fit(*FAILED_FITS[case]())
        except Exception as problem:
            refused(problem)
        else:
            raise AssertionError("accepted")
    try:
        fresh.predict(X)
    except Exception as problem:
        assert "not fitted" in str(problem), f"{type(problem).__name__}: {problem}"
    assert est.predict(X).tobytes() == before.tobytes()


@pytest.mark.parametrize(("case", "way"), table_of(FAILED_FITS, ESTIMATORS, known=KNOWN_FAILED))
def test_a_fit_that_fails_changes_nothing(alone: Callable[..., None], case: str, way: str) -> None:
    alone(check_failed_fit, case, way, FAILED_FITS, list(ESTIMATORS))


MOMENTS: dict[str, tuple[Any, ...]] = {
    "NaN in X": (put(X, (3, 2), np.nan), Y),
    "inf in X": (put(X, (3, 2), np.inf), Y),
    "NaN in y": (X, put(Y, 3, np.nan)),
    "too few weights": (X, Y, np.ones(10)),
    "too many weights": (X, Y, np.ones(100)),
    "negative weights": (X, Y, -ONES),
    "NaN in weights": (X, Y, put(ONES, 3, np.nan)),
    "two columns of weights": (X, Y, np.ones((60, 2))),
    "complex X": (X + 1j, Y),
    "complex y": (X, Y + 1j),
    "words": (np.full((60, 5), "a"), Y),
    "no rows": (X[:0], Y[:0]),
    "one dimension": (X[:, 0], Y),
    "a short y": (X, Y[:10]),
    "nothing": (None, Y),
    "masked": (np.ma.masked_greater(X, 1), Y),
    "dates": ((X * 1e6).astype("M8[s]"), Y),
    "squares that overflow": (X * 1e200, Y),
}
KNOWN_MOMENTS: Known = []


def check_moments(case: str, way: str) -> None:
    """Numbers in, numbers out; what gives none is refused."""
    try:
        made = bridle.Moments.from_arrays(*MOMENTS[case])
        found = made.covariance()
    except Exception as problem:
        refused(problem)
        return
    raise AssertionError(f"accepted: {found.ravel()[:3]}")


@pytest.mark.parametrize(("case", "way"), table_of(MOMENTS, ["Moments.from_arrays"], known=KNOWN_MOMENTS))
def test_moments_of_what_has_none(alone: Callable[..., None], case: str, way: str) -> None:
    alone(check_moments, case, way, MOMENTS, ["Moments.from_arrays"])
