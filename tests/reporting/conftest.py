"""Models to report on: one for each kind of page."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import bridle
from bridle.model import CorrelatedGroup, Model
from bridle.selection import Selection
from bridle.table import Note

NAMES = ("age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "a very long name of a column that nobody has ever cut and that goes on and on, " * 4,
    "{{ 7 * 7 }}{% raw %}",
    "גיל המטופל",
    "العمر بالسنوات",
    "体重指数（公斤每平方米）",
    "x\u202ecod.exe\x00\x1b[31mred",
    "line\nbreak\tand ]]> --> &amp; </svg></style>",
    "[bold red]markup[/]",
)


def _diabetes(names: tuple[str, ...] = NAMES, target: str = "progression", **options: Any) -> Model:
    data = load_diabetes(scaled=False)
    table = {name: data.data[:, j] for j, name in enumerate(names)}
    return bridle.fit({**table, target: data.target}, target=target, **{"l1_ratios": 1.0, **options})


def diabetes() -> Model:
    """Numbers only; a warning, a note and two groups of correlated variables."""
    model = _diabetes()
    pairs = ((("tc", "ldl"), 0.897), (("hdl", "tch"), 0.738))
    return replace(
        model,
        correlated=tuple(CorrelatedGroup(p, tuple(v for v in p if v in model.kept), r) for p, r in pairs),
        notes=(
            Note("type", "sex", "sex has two values, 1 and 2, and is taken as a number.", False),
            Note("giveaway", "ltg", "ltg alone explains much of progression; is it known beforehand?", True),
        ),
    )


def categorical() -> Model:
    """Two categorical variables among numbers; missing cells; the 1se rule."""
    rng = np.random.default_rng(3)
    n = 600
    region, fuel = rng.integers(0, 5, n), rng.integers(0, 3, n)
    area, income = rng.normal(40, 12, n), rng.normal(52_000, 3_000, n)
    price = 240_000 + 1500 * area + 3.0 * income + rng.normal(0, 25_000, n)
    price += np.array([42_000, -35_000, 0, 0, 18_000])[region] + np.array([0, 0, -9_000])[fuel]
    income[::17] = np.nan
    table = {
        "floor area": area,
        "tax rate": rng.normal(0.1, 0.02, n),
        "income": income,
        "noise": rng.normal(size=n),
        "region": np.array(["north", "south", "east", "west", None], dtype=object)[region].tolist(),
        "heating": np.array(["gas", "heat pump", "oil"])[fuel].tolist(),
        "price": price,
    }
    return bridle.fit(table, target="price", rule="1se", l1_ratios=1.0)


def wide() -> Model:
    """More variables than rows."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(150, 1000))
    y = x[:, :12] @ np.linspace(3, 0.5, 12) + rng.normal(0, 3.0, 150)
    return bridle.fit(x, y, l1_ratios=1.0)


def ridge() -> Model:
    """Nothing is left out."""
    return _diabetes(l1_ratios=0.0)


def mixed() -> Model:
    """Four mixes of penalties compared."""
    return _diabetes(l1_ratios=(0.0, 0.5, 0.9, 1.0))


def null() -> Model:
    """Nothing is kept."""
    rng = np.random.default_rng(11)
    columns = {f"noise {i}": rng.normal(size=80) for i in range(6)}
    return bridle.fit({**columns, "luck": rng.normal(size=80)}, target="luck", rule="1se", l1_ratios=1.0)


def hostile() -> Model:
    """Names that would do harm if they were more than text."""
    model = _diabetes()
    variables = tuple(replace(v, name=name) for v, name in zip(model.schema.variables, HOSTILE))
    target = "<b>target</b> & \u202e co"
    return replace(
        model,
        schema=replace(model.schema, variables=variables, target=target),
        target_name=target,
        notes=(Note("constant", HOSTILE[0], f"{HOSTILE[0]} is constant and left out.", True),),
        correlated=(CorrelatedGroup(HOSTILE[:5], HOSTILE[2:4], 0.95),),
        call={"data": "</code><script>.csv", "ignore": [HOSTILE[1]], "weights": np.arange(30.0)},
    )


def uncertified() -> Model:
    """The certificate falls short, and there is no nested error."""
    model = _diabetes(nested=False, rule="1se")
    short = replace(model.certificate, relative_gap=4.2e-3, gap=25.0, coefficient_error=None)
    return replace(model, certificates=dict.fromkeys(model.certificates, short))


def holdout() -> Model:
    """One split instead of folds."""
    return _diabetes(folds=0.25)


def tiny() -> Model:
    """A single alpha, given by the user."""
    return _diabetes(alphas=[0.05])


def _unscaled(call: dict[str, Any], **options: Any) -> Model:
    """As the estimators fit: an array, whose columns may have names, in its own units."""
    data = load_diabetes(scaled=False)
    model = bridle.fit(data.data, data.target, standardize=False, nested=False, **options)
    return replace(model, schema=replace(model.schema, matrix_columns=NAMES), call=call)


def as_given(model: Model) -> Model:
    """The same fit, its strength given instead of chosen."""
    chosen = model.selection.chosen
    selection = Selection.given(
        chosen.alpha,
        chosen.l1_ratio,
        train_error=chosen.train_error,
        n_columns=chosen.n_columns,
        n_variables=chosen.n_variables,
        index=chosen.index,
    )
    return replace(model, selection=selection, certificates={"given": model.certificate})


def given() -> Model:
    """A lasso whose strength was given: one fit, no errors on new rows."""
    return as_given(_unscaled({"estimator": "bridle.Lasso", "alpha": 3.0}, l1_ratios=1.0, alphas=[3.0]))


def given_path() -> Model:
    """The same with a path around it."""
    return as_given(_unscaled({}, l1_ratios=1.0, n_alphas=30))


def given_ridge() -> Model:
    """A ridge without an intercept, its strength in another scale than bridle's."""
    call = {"estimator": "bridle.Ridge", "alpha": 8840.0, "fit_intercept": False}
    return as_given(_unscaled(call, l1_ratios=0.0, alphas=[20.0], fit_intercept=False))


def given_nothing() -> Model:
    """A strength that keeps no variable."""
    return as_given(_unscaled({}, l1_ratios=0.5, alphas=[1e5]))


def leave_one_out() -> Model:
    """Ridge chosen by leave-one-out: no errors of single folds are kept."""
    model = _unscaled({"estimator": "bridle.RidgeCV"}, l1_ratios=0.0, n_alphas=40)
    curve = replace(model.selection.curves[0], fold_errors=np.zeros((0, 40)))
    selection = replace(model.selection, curves=(curve,), fold_text="leave-one-out", n_folds=model.n_rows)
    return replace(model, selection=selection)


def one_rule() -> Model:
    """Chosen by folds, by one rule alone; without an intercept."""
    model = _unscaled({"fit_intercept": False}, l1_ratios=(0.5, 1.0), n_alphas=20, fit_intercept=False)
    selection = replace(model.selection, choices={"min": model.selection.choices["min"]})
    return replace(model, selection=selection, certificates={"min": model.certificates["min"]})


def _of_family(family: str, y: Any, **options: Any) -> Model:
    rng = np.random.default_rng(21)
    table = {f"x{j}": rng.normal(size=400) for j in range(4)}
    table["region"] = np.array(["north", "south", "west"])[np.arange(400) % 3].tolist()
    eta = 0.7 * table["x0"] - 0.4 * table["x1"] + 0.3 * (np.arange(400) % 3 == 0)
    made = {**table, "outcome": y(rng, eta)}
    few = {"l1_ratios": (0.5, 1.0), "n_alphas": 15, "nested": False}
    return bridle.fit(made, target="outcome", family=family, **{**few, **options})


def _labels(first: str, second: str) -> Any:
    return lambda rng, eta: np.where(rng.random(400) < 1 / (1 + np.exp(-eta)), second, first).tolist()


def classes() -> Model:
    """Two classes, the family not given; with the honest error."""
    return _of_family(None, _labels("lost", "won"), nested=True, n_alphas=8)  # type: ignore[arg-type]


def hostile_classes() -> Model:
    """Classes whose names would do harm if they were more than text."""
    return _of_family(
        "binomial", _labels('"><img src=x>' + "long " * 30, "</svg><script>alert(1)</script>\u202e")
    )


def rare() -> Model:
    """A rare event by the complementary log-log link, without an intercept."""
    return _of_family(
        "binomial(cloglog)",
        lambda rng, eta: (rng.random(400) < 0.2 * np.exp(eta)).astype(int),
        fit_intercept=False,
    )


def counts() -> Model:
    """Counts beside an exposure."""
    exposure = np.random.default_rng(22).uniform(0.2, 2.0, 400)
    return _of_family(
        "poisson", lambda rng, eta: rng.poisson(exposure * np.exp(eta)).astype(float), offset=np.log(exposure)
    )


def amounts() -> Model:
    """Amounts above zero with weights."""
    weights = np.random.default_rng(23).uniform(0.5, 2.0, 400)
    return _of_family("gamma", lambda rng, eta: rng.gamma(3.0, np.exp(5 + eta)), weights=weights)


def claims() -> Model:
    """Amounts with zeros among them."""
    return _of_family(
        "tweedie(1.5)", lambda rng, eta: rng.gamma(2.0, np.exp(eta)) * (rng.random(400) < 0.4), rule="1se"
    )


def durations() -> Model:
    """A loss that is not convex."""
    return _of_family("inverse_gaussian", lambda rng, eta: rng.wald(np.exp(eta), 4.0))


def robust() -> Model:
    """Huber's loss: another family, but no link."""
    return _of_family("huber(1.35)", lambda rng, eta: 9 * eta + rng.standard_t(2, 400))


def classes_nothing() -> Model:
    """Classes that nothing predicts."""
    return _of_family(
        "binomial(probit)",
        lambda rng, eta: (rng.random(400) < 0.4).astype(int),
        rule="1se",
        alphas=[5.0, 4.0],
    )


FAMILIES = (
    classes, hostile_classes, rare, counts, amounts, claims, durations, robust, classes_nothing,
)  # fmt: skip
BUILDERS = {
    f.__name__: f
    for f in (
        *(diabetes, categorical, wide, ridge, mixed, null, hostile, uncertified, holdout, tiny),
        *(given, given_path, given_ridge, given_nothing, leave_one_out, one_rule),
        *FAMILIES,
    )
}


@cache
def build(name: str) -> Model:
    """The model of that name; see the functions above for what each is about."""
    return BUILDERS[name]()


@pytest.fixture(params=sorted(BUILDERS))
def model(request: pytest.FixtureRequest) -> Model:
    """Every model in turn."""
    return build(request.param)


@pytest.fixture
def models() -> Any:
    """A function from the name of a model to the model."""
    return build
