"""The conversions themselves: there and back, grids, the scaled target, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet

from bridle.conventions import (
    CONVENTIONS,
    REFUSED,
    SCALES,
    MissingQuantity,
    Strength,
    convert,
    find,
    from_bridle,
    grid_in,
    objective,
    to_bridle,
)
from bridle.errors import UsageError

Array = np.ndarray[Any, np.dtype[np.float64]]
PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"
KNOWN = {"rows": 60.0, "target_sd": 7.5}
MAINS = {"C": 3.0, "weight_decay": 0.1}
GRIDS = [c for c in CONVENTIONS if c in SCALES or c == "sklearn-logistic"]


def settings_of(convention: str) -> dict[str, float]:
    """Some parameters of a convention, mixed where it can be."""
    row = find(convention)
    if row.parts:
        return {"l1": 0.3, "l2": 0.4}
    main = {row.strength: MAINS.get(row.strength, 0.3)}
    return main if row.mix is None else main | {row.mix: 0.4}


def family_of(convention: str) -> str:
    return (find(convention).families or ("squared",))[0]


def data(seed: int = 0, n: int = 60, p: int = 5) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.array([1, 3, 0.5, 2, 1])[:p] + rng.normal(size=p)
    return X, 10 + X @ np.array([3.0, 0, -4, 0.5, 1])[:p] + rng.normal(size=n)


# The scaled target


@pytest.mark.parametrize("l1_ratio", [1.0, 0.8, 0.3])
def test_scaled_target(l1_ratio: float) -> None:
    """One elastic net, solved on the target as it is and on the target of unit sd."""
    X, y = data()
    raw = Strength(0.3, l1_ratio)
    scaled = raw.on_scaled_target(float(y.std()))
    assert scaled.l1 == pytest.approx(raw.l1 / y.std()) and scaled.l2 == pytest.approx(raw.l2)

    def coef(target: Array, strength: Strength) -> Array:
        net = ElasticNet(alpha=strength.alpha, l1_ratio=strength.l1_ratio, tol=1e-14, max_iter=100_000)
        return np.asarray(net.fit(X, target).coef_)

    np.testing.assert_allclose(coef(y, raw), coef(y / y.std(), scaled) * y.std(), rtol=1e-8)
    back = scaled.on_raw_target(float(y.std()))
    assert (back.alpha, back.l1_ratio) == pytest.approx((raw.alpha, raw.l1_ratio))


@pytest.mark.parametrize("convention", [c for c in GRIDS if c != "bridle"])
def test_scaled_grid_is_the_grid_then_scaled(convention: str) -> None:
    mix, family = 0.0 if find(convention).mix is None else 0.4, family_of(convention)
    alphas, ratio = grid_in(convention, [0.1, 2.0], mix, family=family, **KNOWN)
    scaled, scaled_ratio = grid_in(convention, [0.1, 2.0], mix, family=family, scaled=True, **KNOWN)
    for raw, unit in zip(alphas, scaled):
        wanted = Strength(raw, ratio).on_scaled_target(KNOWN["target_sd"])
        assert (unit, scaled_ratio) == pytest.approx((wanted.alpha, wanted.l1_ratio), rel=1e-14)


def test_bridles_own_strengths_stay() -> None:
    for scaled in (False, True):
        assert grid_in("bridle", (1.0, 0.1), 0.3, scaled=scaled) == ((1.0, 0.1), 0.3)


# There and back


strengths = st.builds(Strength, st.floats(1e-9, 1e9), st.sampled_from([0.0, 1.0]) | st.floats(0.01, 0.99))


data_known = st.integers(2, 10**9), st.floats(1e-3, 1e3), st.none() | st.floats(1e-2, 1e2)


def fitting(strength: Strength, *conventions: str) -> Strength:
    """The strength without the parts that one of the conventions lacks."""
    ratio = strength.l1_ratio
    if any(not find(c).ridge for c in conventions) and ratio == 0.0:
        ratio = 1.0
    return Strength(strength.alpha, 0.0 if any(find(c).mix is None for c in conventions) else ratio)


@given(strengths, st.sampled_from(CONVENTIONS), *data_known)
def test_law_there_and_back(
    strength: Strength, convention: str, rows: int, target_sd: float, factor_mean: float | None
) -> None:
    strength = fitting(strength, convention)
    known = {"rows": rows, "target_sd": target_sd, "factor_mean": factor_mean}
    there = from_bridle(convention, strength, **known)
    assert tuple(there) == find(convention).parameters
    back = to_bridle(convention, there, **known)
    assert back.l1 == pytest.approx(strength.l1, rel=1e-9)
    assert back.l2 == pytest.approx(strength.l2, rel=1e-9)  # the small part of a mix loses digits
    if strength.l1_ratio in (0.0, 1.0):
        assert back.l1_ratio == strength.l1_ratio


pairs = st.tuples(st.sampled_from(CONVENTIONS), st.sampled_from(CONVENTIONS)).filter(
    lambda pair: (
        not (any(find(c).mix is None for c in pair) and any(not find(c).ridge for c in pair))
        and (
            "sklearn-logistic" not in pair
            or all("binomial" in (find(c).families or ("binomial",)) for c in pair)
        )
    )
)


@given(strengths, pairs, *data_known)
def test_law_convert_there_and_back(
    strength: Strength, pair: tuple[str, str], rows: int, target_sd: float, factor_mean: float | None
) -> None:
    """From any convention to any other and back is the identity, and on the way it is the same strength."""
    one, other = pair
    known = {"rows": rows, "target_sd": target_sd, "factor_mean": factor_mean}
    start = from_bridle(one, fitting(strength, one, other), **known)
    there = convert(one, other, start, **known)
    back = convert(other, one, there, **known)
    largest = max(start.values())
    assert back == pytest.approx(start, rel=1e-9, abs=1e-9 * largest if find(one).parts else 0)
    assert to_bridle(other, there, **known).l1 == pytest.approx(to_bridle(one, start, **known).l1, rel=1e-9)
    assert to_bridle(other, there, **known).l2 == pytest.approx(to_bridle(one, start, **known).l2, rel=1e-9)


@pytest.mark.parametrize("convention", GRIDS)
def test_a_grid_is_its_single_strengths(convention: str) -> None:
    settings, family = settings_of(convention), family_of(convention)
    if find(convention).parts:
        total = settings["l1"] + settings["l2"]
        main, mix = total, settings["l1"] / total
    else:
        main, mix = [*settings.values(), 0.0][:2]
    (alpha,), ratio = grid_in(convention, [main], mix, family=family, **KNOWN)
    one = to_bridle(convention, settings, **KNOWN)
    assert (alpha, ratio) == pytest.approx((one.alpha, one.l1_ratio), rel=1e-14)


def test_the_lessons_half_is_bridles_third() -> None:
    assert grid_in("lesson", [1.0], 0.5) == ((0.75,), pytest.approx(1 / 3))


def test_no_penalty_keeps_its_mix() -> None:
    none = to_bridle("lesson-mix", {"lambda": 0, "mix": 0.5})
    assert (none.alpha, none.l1_ratio) == (0.0, pytest.approx(1 / 3))
    assert to_bridle("lesson", {"l1": 0.0}) == Strength(0.0, 0.0)
    assert from_bridle("sklearn", Strength(0.0, 0.3)) == {"alpha": 0.0, "l1_ratio": 0.3}


# What is missing or wrong is named


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: to_bridle("sklearn-ridge", {"alpha": 1}), "needs rows (or weight_sum"),
        (lambda: from_bridle("sklearn-logistic", Strength(1, 1)), "needs rows (or weight_sum"),
        (lambda: to_bridle("glmnet", {"lambda": 1, "alpha": 0.5}), "needs target_sd"),
        (lambda: grid_in("lesson", [1], 1.0, scaled=True), "needs target_sd"),
        (lambda: to_bridle("glmnet", {"lambda": 1, "alpha": 0}, target_sd=0), "target_sd must be positive"),
        (lambda: to_bridle("sklearn-ridge", {"alpha": 1}, rows=-3), "rows must be finite and not negative"),
        (lambda: to_bridle("sklearn-ridge", {"alpha": 1}, rows=0), "rows must be positive"),
        (lambda: to_bridle("adamw", {"weight_decay": 1}), "AdamW"),
        (lambda: from_bridle("adamw", Strength(1, 0)), "no objective"),
        (lambda: to_bridle("adam", {}), "'adam'"),
        (lambda: to_bridle("spark", {"regParam": 1, "elasticNetParam": 0}), "needs target_sd"),
        (lambda: to_bridle("spark-lbfgs", {"regParam": 1, "elasticNetParam": 0}, target_sd=1), "needs rows:"),
        (lambda: to_bridle("spark-lbfgs", {"regParam": 1, "elasticNetParam": 0}, rows=3), "needs target_sd"),
        (lambda: from_bridle("spark-lbfgs", Strength(1, 0), rows=1, target_sd=1), "rows must be at least 2"),
        (lambda: from_bridle("spark-lbfgs", Strength(1, 0), weight_sum=9, rows=3, target_sd=1), "squared weights"),
        (lambda: to_bridle("sklearn-sgd", {"alpha": 1, "l1_ratio": 0}, weight_sum=9), "needs rows beside weight_sum"),
        (lambda: to_bridle("glmnet", {"lambda": 1, "alpha": 1}, factor_mean=0), "factor_mean must be positive"),
        (lambda: from_bridle("celer", Strength(1, 0)), "fits no ridge"),
        (lambda: grid_in("spark", [1], 0.5, target_sd=1), "Convert the strengths first"),
        (lambda: grid_in("lesson", [1], 0.5, family="binomial"), 'for family "squared"'),
        (lambda: convert("sklearn-logistic", "sklearn-ridge", {"C": 1, "l1_ratio": 0}, rows=3), "loss of family"),
        (lambda: convert("sklearn", "sklearn-ridge", {"alpha": 1, "l1_ratio": 1}, rows=3), "no L1 part"),
        (lambda: convert("sklearn-huber", "sklearn", {"alpha": 1}), "estimates a scale"),
        (lambda: convert("sklearn", "sklearn-liblinear", {"alpha": 1, "l1_ratio": 0}), "penalizes the intercept"),
        (lambda: to_bridle("sklearn", {"alpha": 1}), "l1_ratio is missing"),
        (lambda: to_bridle("lesson", {}), "l1 is missing"),
        (lambda: to_bridle("sklearn-ridge", {"alpha": 1, "l1_ratio": 0}, rows=3), "'l1_ratio'"),
        (lambda: to_bridle("sklearn", {"alpha": -1, "l1_ratio": 0}), "alpha must be finite"),
        (lambda: to_bridle("sklearn", {"alpha": float("nan"), "l1_ratio": 0}), "alpha must be finite"),
        (lambda: to_bridle("sklearn", {"alpha": 1, "l1_ratio": 1.5}), "between 0 and 1"),
        (lambda: to_bridle("sklearn", {"alpha": "1", "l1_ratio": 1.0}), "must be a number"),
        (lambda: to_bridle("sklearn-logistic", {"C": 0, "l1_ratio": 0}, rows=3), "C must be positive"),
        (lambda: to_bridle("sklearn-logistic", {"C": 5e-324, "l1_ratio": 0}, rows=3), "too large"),
        (lambda: from_bridle("sklearn-logistic", Strength(0, 0), rows=3), "infinite C"),
        (lambda: from_bridle("sklearn-ridge", Strength(1, 0.5), rows=3), "no L1 part"),
        (lambda: grid_in("sklearn-ridge", [1], 0.5, rows=3), "no L1 part"),
        (lambda: grid_in("sklearn-logistic", [1], 0.5, rows=3), 'for family "binomial"'),
        (lambda: grid_in("sklearn", [1, -1], 0.5), "alpha must be"),
        (lambda: Strength(1, -0.5), "l1_ratio"),
        (lambda: Strength(float("inf"), 0.5), "alpha"),
        (lambda: Strength(1, 0.5).on_scaled_target(0), "target_sd must be positive"),
    ],
)  # fmt: skip
def test_errors(act: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        act()
    assert words in str(caught.value)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_what_is_needed_is_what_the_table_says(convention: str) -> None:
    """All of it is enough, and without any one of it the conversion names what is missing."""
    needs = {name: KNOWN[name] for name in find(convention).needs}
    ratio = 0.0 if find(convention).mix is None else 0.5
    assert from_bridle(convention, Strength(1.0, ratio), **needs)
    for name in needs:
        fewer = {other: value for other, value in needs.items() if other != name}
        with pytest.raises(MissingQuantity, match=f"needs {name}"):
            from_bridle(convention, Strength(1.0, ratio), **fewer)
        with pytest.raises(MissingQuantity, match=f"needs {name}"):
            to_bridle(convention, settings_of(convention), **fewer)


@pytest.mark.parametrize("refused", REFUSED)
def test_what_is_refused_gives_the_reason(refused: str) -> None:
    for act in (lambda: to_bridle(refused, {}), lambda: from_bridle(refused, Strength(1, 0))):
        with pytest.raises(UsageError, match=re.escape(REFUSED[refused])):
            act()


def test_nothing_is_asked_for_in_vain() -> None:
    """glmnet's lasso does not depend on the target's scale."""
    assert to_bridle("glmnet", {"lambda": 2.0, "alpha": 1.0}) == Strength(2.0, 1.0)
    assert grid_in("lesson", [1.0], 0.0, scaled=True) == ((1.0,), 0.0)


def test_numpy_numbers_are_numbers() -> None:
    assert grid_in("lesson", np.array([1.0, 2.0]), np.float64(1.0)) == ((0.5, 1.0), 1.0)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_convention_states_its_objective(convention: str) -> None:
    assert len(objective(convention)) > 20


def test_the_page_has_every_convention() -> None:
    """One row of the page's table each, with the parameters and the needs of the code."""
    lines = PAGE.read_text().splitlines()
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    written = {row[0].strip("`"): row for row in rows if len(row) == 5}
    for name in CONVENTIONS:
        _, stated, parameters, needs, _ = written[name]
        assert stated == "`" + objective(name).replace("|", "\\|") + "`", name
        assert tuple(parameters.split(", ")) == find(name).parameters
        assert tuple(filter(None, needs.split(", "))) == find(name).needs
    for name in REFUSED:
        assert f"**{name}**" in PAGE.read_text()


def test_imports_nothing() -> None:
    code = "import sys, bridle.conventions; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
