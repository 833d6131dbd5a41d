"""The lessons on tables of classes, counts and amounts, against scikit-learn, SciPy, finite differences and laws."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, xlogy
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.metrics import (
    brier_score_loss,
    d2_log_loss_score,
    log_loss,
    mean_poisson_deviance,
    roc_auc_score,
)

import bridle
from bridle.cli import main
from bridle.errors import DataError, UsageError
from bridle.families import family_named
from bridle.lab.keys import FAMILIES, PARAMETERS, Key
from bridle.lab.lessons import compute
from bridle.lab.suiting import OFFERED
from bridle.lab.tables import Tables
from bridle.lab.yours import hold_out
from bridle.selection import make_folds

LOANS = ["age", "debt", "late", "default"]
CLAIMS = ["age", "power", "years", "claims"]


def _write(path: Path, names: list[str], rows: Any) -> Path:
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        writer.writerows(rows)
    return path


def _numbers(file: Path, names: list[str]) -> np.ndarray:
    with open(file, newline="") as stream:
        return np.array([[float(row[name]) for name in names] for row in csv.DictReader(stream)])


def _column(file: Path, name: str) -> list[str]:
    with open(file, newline="") as stream:
        return [row[name] for row in csv.DictReader(stream)]


@pytest.fixture(scope="module")
def loans(tmp_path_factory: Any) -> Path:
    """200 loans, a quarter of them in default."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 3))
    yes = rng.random(200) < 1 / (1 + np.exp(1.3 - x @ [0.2, 1.0, -0.6]))
    rows = [[*(f"{v:.6f}" for v in row), "yes" if y else "no"] for row, y in zip(x, yes)]
    return _write(tmp_path_factory.mktemp("families") / "loans.csv", LOANS, rows)


@pytest.fixture(scope="module")
def claims(tmp_path_factory: Any) -> Path:
    """240 policies: claims in proportion to the years insured, whose logarithm is a column."""
    rng = np.random.default_rng(4)
    x, years = rng.normal(size=(240, 2)), rng.uniform(0.2, 3.0, 240)
    counts = rng.poisson(years * np.exp(-0.3 + x @ [-0.4, 0.5]))
    rows = [
        [*(f"{v:.6f}" for v in row), repr(float(np.log(e))), int(y)] for row, e, y in zip(x, years, counts)
    ]
    return _write(tmp_path_factory.mktemp("families") / "claims.csv", CLAIMS, rows)


@pytest.fixture
def store() -> Iterator[Tables]:
    tables = Tables()
    yield tables
    tables.close()


def ask(store: Tables, file: Path, roles: str, kind: str = "yours", **changes: Any) -> dict[str, Any]:
    held = next((one for one in store.listed() if one.path == str(file)), None)
    held = store.named(str(file)) if held is None else held
    values = {"family": "auto", "l1_ratio": "1", "rule": "min", "seed": "0", "share": "0.2"} | changes
    values |= {"roles": roles, "table": held.id}
    if kind == "yours-columns":
        values = {name: values[name] for name in ("roles", "table")}
    if kind == "yours-methods":
        values = {name: value for name, value in values.items() if name != "l1_ratio"} | {"networks": "0"}
    return compute(f"{kind}?" + "&".join(f"{name}={values[name]}" for name in sorted(values)), None, store)


def _standardized(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (X - X.mean(0)) / X.std(0), X.std(0)


# Two classes


@pytest.mark.parametrize("ratio", ["0", "1"])
def test_the_path_of_classes_is_scikit_learns(store: Tables, loans: Path, ratio: str) -> None:
    said = ask(store, loans, "t3", share="0", l1_ratio=ratio)
    assert (said["family"], said["squared"], said["classes"], said["second"]) == (
        "binomial",
        False,
        ["no", "yes"],
        "yes",
    )
    X, y = _numbers(loans, LOANS[:3]), np.array(_column(loans, "default")) == "yes"
    Z, sd = _standardized(X)
    for k in (20, 60):
        C = 1 / (said["alphas"][k] * len(y))
        solver = {"solver": "lbfgs"} if ratio == "0" else {"solver": "saga", "random_state": 0}
        peer = LogisticRegression(C=C, l1_ratio=float(ratio), tol=1e-10, max_iter=100_000, **solver).fit(Z, y)
        np.testing.assert_allclose(said["coefs"][k] * sd, peer.coef_[0], atol=2e-6)
        deviance = 2 * log_loss(y, peer.predict_proba(Z)[:, 1])
        assert said["train_error"][k] == pytest.approx(deviance, rel=1e-6)
    assert said["certified"] and said["scale"] == "the log odds of yes" and said["factor"] == "odds ratio"


def test_the_deviance_on_new_rows_is_that_of_each_fold(store: Tables, loans: Path) -> None:
    """Ridge on each fold by scikit-learn; the folds give the classes their shares, and are solved to a gap of 1e-10."""
    said = ask(store, loans, "t3", share="0", l1_ratio="0")
    X, y = _numbers(loans, LOANS[:3]), np.array(_column(loans, "default")) == "yes"
    split = make_folds(len(y), 5, stratify=y.astype(float), seed=0).rounds[0].split()
    for k in (10, said["index_min"]):
        errors, sizes = [], []
        for fold in range(1, 6):
            learn, test = split.rows_of(split.train[fold]), split.rows_of(split.test[fold])
            centre, sd = X[learn].mean(0), X[learn].std(0)
            C = 1 / (said["alphas"][k] * len(learn))
            peer = LogisticRegression(C=C, l1_ratio=0.0, solver="newton-cholesky", tol=1e-10).fit(
                (X[learn] - centre) / sd, y[learn]
            )
            chances = peer.predict_proba((X[test] - centre) / sd)[:, 1]
            errors.append(2 * log_loss(y[test], chances, labels=[False, True]))
            sizes.append(len(test))
        assert said["cv_mean"][k] == pytest.approx(np.average(errors, weights=sizes), rel=1e-5)


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_classes_put_away_are_scored_by_scikit_learn(store: Tables, loans: Path, rule: str) -> None:
    said = ask(store, loans, "t3", rule=rule)
    learn, test = hold_out(loans, 0.2, seed=0)
    model = bridle.fit(learn, target="default", l1_ratios=1.0, rule=rule, nested=False)
    chances, y = model.predict(test), np.array(model.encode(test)[1])
    learned = model.encode(learn)[1].mean()
    held = said["held"]
    assert held[f"error_{rule}"] == pytest.approx(2 * log_loss(y, chances), rel=1e-9)
    assert held["null"] == pytest.approx(2 * log_loss(y, np.full(len(y), learned)), rel=1e-9)
    assert held[f"explained_{rule}"] == pytest.approx(d2_log_loss_score(y, chances), rel=1e-9)
    assert held[f"auc_{rule}"] == pytest.approx(roc_auc_score(y, chances), rel=1e-12)
    assert held[f"brier_{rule}"] == pytest.approx(brier_score_loss(y, chances), rel=1e-9)
    each = -2 * np.log(np.where(y == 1, chances, 1 - chances))
    assert held[f"se_{rule}"] == pytest.approx(each.std() / np.sqrt(len(y)), rel=1e-9)
    assert (held[f"predicted_{rule}"], held[f"observed_{rule}"]) == pytest.approx((chances.mean(), y.mean()))


def test_calibration_is_of_predictions_out_of_fold(store: Tables, loans: Path) -> None:
    said = ask(store, loans, "t3")
    learn, _ = hold_out(loans, 0.2, seed=0)
    model = bridle.fit(learn, target="default", l1_ratios=1.0, nested=False, out_of_fold=True)
    chances, y = model.selection.out_of_fold, model.encode(learn)[1]
    found = said["out_of_fold"]
    assert chances is not None and found["rows"].sum() == len(y) == 160
    assert found["scores"]["auc"] == pytest.approx(roc_auc_score(y, chances), rel=1e-12)
    share = found["rows"] / 160
    assert (share @ found["predicted"], share @ found["observed"]) == pytest.approx(
        (chances.mean(), y.mean())
    )
    assert ((found["low"] <= found["observed"]) & (found["observed"] <= found["high"])).all()
    assert f"{found['scores']['auc']:.3g}" in found["sentence"]


# Counts with their exposure


def test_counts_with_an_offset_are_scikit_learns_rates(store: Tables, claims: Path) -> None:
    """Poisson counts beside the logarithm of the years are rates weighted by the years."""
    said = ask(store, claims, "t3.s2", family="poisson", share="0", l1_ratio="0")
    X, rest = _numbers(claims, CLAIMS[:2]), _numbers(claims, CLAIMS[2:])
    years, y = np.exp(rest[:, 0]), rest[:, 1]
    Z, sd = _standardized(X)
    for k in (15, 70):
        alpha = said["alphas"][k] * len(y) / years.sum()
        peer = PoissonRegressor(alpha=alpha, tol=1e-12, max_iter=10_000).fit(Z, y / years, years)
        np.testing.assert_allclose(said["coefs"][k] * sd, peer.coef_, atol=1e-6)
        fitted = peer.predict(Z) * years
        assert said["train_error"][k] == pytest.approx(mean_poisson_deviance(y, fitted), rel=1e-6)
    assert said["offset"] == "years" and said["scale"] == "the logarithm of the rate"


def test_counts_put_away_are_scored_by_scikit_learn(store: Tables, claims: Path) -> None:
    said = ask(store, claims, "t3.s2", family="poisson")
    learn, test = hold_out(claims, 0.2, seed=0)
    model = bridle.fit(learn, target="claims", offset="years", family="poisson", l1_ratios=1.0, nested=False)
    y, shift = (test.column(name).values for name in ("claims", "years"))
    seen, time = (learn.column(name).values for name in ("claims", "years"))
    held = said["held"]
    assert held["error_min"] == pytest.approx(mean_poisson_deviance(y, model.predict(test)), rel=1e-9)
    rate = seen.sum() / np.exp(time).sum()
    assert held["null"] == pytest.approx(mean_poisson_deviance(y, rate * np.exp(shift)), rel=1e-9)
    assert held["explained_min"] == pytest.approx(model.score(test), rel=1e-9)
    assert said["null_error"] > said["cv_mean"].min()


def test_without_its_family_a_count_is_squared_error_with_a_note(store: Tables, claims: Path) -> None:
    said = ask(store, claims, "t3")
    assert said["squared"] and said["family"] == "squared"
    assert any('family="poisson" may suit' in note["text"] for note in said["notes"])
    said = ask(store, claims, "t3", family="poisson")
    assert not any(note["kind"] == "family" for note in said["notes"])


def test_an_offset_of_squared_error_comes_off_the_target(store: Tables, claims: Path, tmp_path: Path) -> None:
    """In the path, on the rows put away, and in the picture of two weights."""
    X = _numbers(claims, CLAIMS)
    moved = _write(tmp_path / "moved.csv", CLAIMS, [[*row[:3], row[3] - row[2]] for row in X.tolist()])
    one, other = ask(store, claims, "t3.s2"), ask(store, moved, "t3.i2")
    for name in ("coefs", "cv_mean", "null_error"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-11)
    for name in ("error_min", "null", "se_min"):
        assert one["held"][name] == pytest.approx(other["held"][name], rel=1e-9)
    one = ask(store, claims, "t3.s2", "yours-corners")
    other = ask(store, moved, "t3.i2", "yours-corners")
    for name in ("gram", "cross", "betas"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-11)


# The lines that reproduce it


EVERY = [
    ("loans", "t3", "auto"), ("loans", "t3.i2", "binomial(probit)"), ("loans", "t3.i0", "binomial(cloglog)"),
    ("claims", "t3.s2", "poisson"), ("claims", "t3.s2", "negative_binomial(1.7)"), ("claims", "t3", "tweedie(1.5)"),
    ("claims", "t3.w2", "huber(0.5)"), ("claims", "t2.s0", "auto"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "roles", "family"), EVERY)
def test_the_python_lines_give_the_same_numbers(
    store: Tables, file: str, roles: str, family: str, request: Any, tmp_path: Path
) -> None:
    path = request.getfixturevalue(file)
    if "w" in roles:  # weights must not be negative
        rows = _numbers(path, CLAIMS)
        rows[:, 2] = np.exp(rows[:, 2])
        path = _write(tmp_path / "weighted.csv", CLAIMS, rows.tolist())
    said = ask(store, path, roles, family=family, rule="1se", seed="1", l1_ratio="0.5")
    names: dict[str, Any] = {}
    with redirect_stdout(io.StringIO()) as out:
        exec(said["python"], names)
    path_found, curve = names["path"], names["curve"]
    found = (
        path_found.alphas,
        path_found.coefs,
        path_found.intercepts,
        curve.mean,
        curve.standard_error,
    )
    for mine, name in zip(found, ("alphas", "coefs", "intercepts", "cv_mean", "cv_se")):
        np.testing.assert_allclose(mine, said[name], rtol=1e-9, atol=1e-10 * np.abs(said[name]).max())
    assert float(out.getvalue().split()[-1]) == pytest.approx(said["held"]["explained_1se"], rel=1e-9)
    assert names["model"].family == said["family"]
    assert ("family=" in said["python"]) == (said["family"] != "squared")


def test_the_shell_command_gives_the_same_choice(store: Tables, claims: Path, capsys: Any) -> None:
    said = ask(store, claims, "t3.s2", family="negative_binomial(2)", share="0", rule="1se")
    words = shlex.split(said["shell"])
    assert words[words.index("--offset") :][:2] == ["--offset", "years"]
    assert main([*words[1:], "--json"]) == 0
    found = capsys.readouterr().out
    assert repr(float(said["alphas"][said["index_1se"]])) in json.dumps(json.loads(found))


@pytest.mark.parametrize("ratio", ["0", "1"])
def test_the_strength_in_scikit_learns_words_gives_its_fit(store: Tables, loans: Path, ratio: str) -> None:
    said = ask(store, loans, "t3", l1_ratio=ratio, share="0")
    X, y = _numbers(loans, LOANS[:3]), np.array(_column(loans, "default")) == "yes"
    Z, sd = _standardized(X)
    k = said["index_min"]
    scales = {one["name"]: one for one in said["scales"]}
    assert set(scales) == {"sklearn-logistic", "glmnet-glm", "bridle-torch"}
    own = scales["sklearn-logistic"]
    line = re.sub(
        r"solver=\"saga\"", "tol=1e-9, max_iter=100_000, random_state=0, solver='saga'", own["code"]
    )
    peer = eval(line, {"LogisticRegression": LogisticRegression}).fit(Z, y)
    np.testing.assert_allclose(said["coefs"][k] * sd, peer.coef_[0], atol=1e-5)
    assert 'family = "binomial"' in scales["glmnet-glm"]["code"]


def test_a_package_is_named_only_for_the_families_it_fits(store: Tables, claims: Path, loans: Path) -> None:
    """scikit-learn's estimators of counts know ridge alone, and no package here knows the probit link but glmnet."""

    def named(file: Path, roles: str, **changes: str) -> set[str]:
        return {one["name"] for one in ask(store, file, roles, **changes)["scales"]}

    assert named(claims, "t3.s2", family="poisson") == {"glmnet-glm"}
    assert named(claims, "t3.s2", family="poisson", l1_ratio="0") == {"sklearn", "glmnet-glm"}
    assert named(loans, "t3", family="binomial(probit)") == {"glmnet-glm"}
    assert named(claims, "t3", family="huber(1)") == set()


# Two weights


@pytest.mark.parametrize(
    ("file", "roles", "family", "pair"),
    [("loans", "t3", "binomial", (1, 2)), ("claims", "t3.s2", "poisson", (0, 1))],
)
def test_slope_and_curvature_are_those_of_the_loss(
    store: Tables, file: str, roles: str, family: str, pair: tuple[int, int], request: Any
) -> None:
    """By finite differences of the mean loss as SciPy computes it, its intercept minimized anew at every point."""
    path = request.getfixturevalue(file)
    across, up = pair
    said = ask(store, path, roles, "yours-pair", family=family, share="0", across=str(across), up=str(up))
    flat = ask(store, path, roles, "yours-corners", family=family, share="0")
    assert "gram" not in flat and flat["betas"].shape[1] == len(flat["names"])
    if file == "loans":
        X, y, shift = _numbers(path, LOANS[:3]), np.array(_column(path, "default")) == "yes", 0.0
    else:
        X = _numbers(path, CLAIMS[:2])
        shift, y = _numbers(path, CLAIMS[2:]).T
    Z, _ = _standardized(X)

    def loss(intercept: float, weights: np.ndarray) -> float:
        eta = shift + intercept + Z @ weights
        if file == "loans":
            return float(np.mean(np.logaddexp(0, eta) - y * eta))
        return float(np.mean(np.exp(eta) - y * eta + gammaln(y + 1) * 0 + xlogy(y, y) - y))

    def lowest(weights: np.ndarray) -> float:
        return float(minimize_scalar(loss, bracket=(-1, 1), args=(weights,), options={"xtol": 1e-10}).fun)

    for k in (5, 60):
        w, h = flat["betas"][k], 1e-3
        steps = np.zeros((2, len(w)))
        steps[0, across] = steps[1, up] = h
        for m in range(2):
            slope = (lowest(w + steps[m]) - lowest(w - steps[m])) / (2 * h)
            assert said["slope"][k, m] == pytest.approx(slope, abs=1e-6)
            bend = (lowest(w + steps[m]) - 2 * lowest(w) + lowest(w - steps[m])) / h**2
            assert said["curvature"][k, 2 * m] == pytest.approx(bend, rel=1e-3)
        both = lowest(w + steps[0] + steps[1]) - lowest(w + steps[0] - steps[1])
        both += lowest(w - steps[0] - steps[1]) - lowest(w - steps[0] + steps[1])
        assert said["curvature"][k, 1] == pytest.approx(both / (4 * h**2), abs=1e-4)


@pytest.mark.parametrize("family", [text for text in OFFERED if "binomial" not in text[:8]])
def test_the_slope_obeys_the_optimality_conditions(store: Tables, tmp_path: Path, family: str) -> None:
    """At a lasso's fit no slope is larger than alpha, and that of a weight that is not 0 is alpha itself."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(90, 3))
    y = np.exp(0.5 * X[:, 0] - 0.4 * X[:, 1] + 0.3 * rng.normal(size=90)).round(3) + 0.01
    file = _write(tmp_path / "t.csv", ["a", "b", "c", "y"], np.column_stack([X, y]).tolist())
    text = {
        "huber": "huber(0.5)",
        "negative_binomial": "negative_binomial(2)",
        "tweedie": "tweedie(1.5)",
    }.get(family, family)
    flat = ask(store, file, "t3", "yours-corners", family=text)
    said = ask(store, file, "t3", "yours-pair", family=text, across="0", up="1")
    scale = ask(store, file, "t3", family=text)["target_sd"] ** 2 if text == "squared" else 1.0
    for k in (10, 50, 90):
        w, slope = flat["betas"][k, :2], said["slope"][k] / np.sqrt(scale)
        alpha = flat["alphas"][k]
        assert np.abs(slope).max() <= alpha * (1 + 1e-6)
        on = w != 0
        np.testing.assert_allclose(slope[on], -alpha * np.sign(w[on]), rtol=1e-6)
    assert (said["curvature"][:, [0, 2]] >= 0).all()


# Every method


def test_methods_of_classes_are_compared_by_deviance(store: Tables, loans: Path) -> None:
    said = ask(store, loans, "t3", "yours-methods", share="0")
    rows = {row["name"]: row for row in said["rows"]}
    assert not said["squared"] and "unpenalized" in rows and "least_squares" not in rows
    y = np.array(_column(loans, "default")) == "yes"
    split = make_folds(len(y), 5, stratify=y.astype(float), seed=0).rounds[0].split()
    sides = [(split.rows_of(split.train[k]), split.rows_of(split.test[k])) for k in range(1, 6)]
    errors = [
        2 * log_loss(y[test], np.full(len(test), y[learn].mean()), labels=[False, True])
        for learn, test in sides
    ]
    assert rows["null"]["error"] == pytest.approx(
        np.average(errors, weights=[len(test) for _, test in sides]), rel=1e-9
    )
    names: dict[str, Any] = {}
    with redirect_stdout(io.StringIO()):
        exec(said["python"], names)
    for mine, row in zip(names["found"].rows, said["rows"]):
        assert row["error"] == pytest.approx(mine.error, rel=1e-9)
        assert row["scores"]["auc"] == pytest.approx(mine.scores["auc"], rel=1e-12)
    assert 0.5 < rows["lasso"]["scores"]["auc"] < 1 and said["recommended"] in rows


def test_methods_take_the_offset(store: Tables, claims: Path) -> None:
    said = ask(store, claims, "t3.s2", "yours-methods", family="poisson", share="0")
    found = bridle.compare(claims, target="claims", offset="years", family="poisson", networks=False)
    assert [row["error"] for row in said["rows"]] == pytest.approx(
        [row.error for row in found.rows], rel=1e-9
    )
    assert said["recommended"] == found.recommended.name and said["reason"] == found.reason


# What is offered, and what is refused


@pytest.mark.parametrize(
    ("target", "offered", "proposed"),
    [
        (["yes", "no"] * 20, {"binomial", "binomial(probit)", "binomial(cloglog)"}, "binomial"),
        (["true", "false"] * 20, {"binomial", "binomial(probit)", "binomial(cloglog)"}, "binomial"),
        (list(np.arange(40) % 7), {"squared", "huber", "poisson", "negative_binomial", "tweedie"}, "squared"),
        (list(np.arange(40) - 20.5), {"squared", "huber"}, "squared"),
        (list(np.arange(40) % 2), set(OFFERED) - {"gamma", "inverse_gaussian"}, "squared"),
        (list(np.arange(40) + 1.5), set(OFFERED) - {"binomial", "binomial(probit)", "binomial(cloglog)"}, "squared"),
    ],
)  # fmt: skip
def test_families_are_offered_that_suit_the_target(
    store: Tables, tmp_path: Path, target: list[Any], offered: set[str], proposed: str
) -> None:
    """Each that is offered is fitted, and none that is not."""
    x = np.random.default_rng(0).normal(size=40)
    file = _write(tmp_path / "t.csv", ["x", "y"], zip(x, target))
    said = ask(store, file, "t1", "yours-columns")
    assert {one["name"] for one in said["families"]} == offered and said["proposed"] == proposed
    for name, (_, parameter) in OFFERED.items():
        found = [one for one in said["families"] if one["name"] == name]
        start = found[0]["start"] if found else 1.5
        assert (start is not None) == (parameter != "") or not found
        text = f"{name}({start!r})" if parameter else name
        text = text.replace(".0)", ")")
        assert str(
            Key.parse(f"yours?family={text}&l1_ratio=1&roles=t1&rule=min&seed=0&share=0&table={'0' * 16}")
        )
        if name in offered:
            assert ask(store, file, "t1", family=text, share="0")["family"] == family_named(text).text
        else:
            with pytest.raises(DataError):
                ask(store, file, "t1", family=text, share="0")


def test_a_family_that_does_not_suit_names_the_row_of_the_file(store: Tables, claims: Path) -> None:
    """Whether or not rows were put away: line 1 is the header."""
    first = next(n for n, cell in enumerate(_column(claims, "claims")) if float(cell) == 0)
    said = ask(store, claims, "t3", "yours-columns")
    where = f'"claims" is 0 in row {first + 1} (line {first + 2})'
    assert len(said["unsuited"]) == 2 and all(where in why for why in said["unsuited"])
    for share in ("0", "0.3"):
        with pytest.raises(
            DataError, match=rf"is 0 in row {first + 1} \(line {first + 2}\).*numbers above 0"
        ):
            ask(store, claims, "t3", family="gamma", share=share)


def _table(tmp_path: Path, **columns: Any) -> Path:
    return _write(tmp_path / "t.csv", list(columns), zip(*columns.values()))


X = np.random.default_rng(1).normal(size=60).round(4)
HALF = np.where(np.arange(60) < 30, "no", "yes")


@pytest.mark.parametrize(
    ("columns", "roles", "family", "words"),
    [
        ({"y": np.array(list("abc") * 20)}, "t1", "auto", "3 different values"),
        ({"y": np.arange(60) % 5 - 1}, "t1", "poisson", r"is -1 in row 1 \(line 2\).*at least 0"),
        ({"y": np.where(np.arange(60) == 9, "yes", "no")}, "t1", "auto", r"is yes in one .* row 10 \(line 11\)"),
        ({"y": HALF}, "t1", "gamma", "two classes, no and yes: choose the family binomial"),
        ({"y": np.arange(60) % 3}, "t1", "binomial", r"is 2 in row 3 \(line 4\)"),
        ({"g": np.arange(60) // 6, "y": np.where(np.arange(60) < 6, "yes", "no")}, "t2.g1", "auto", "all no.*\"g\" no role"),
        ({"e": 1000 + np.arange(60), "y": np.arange(60) % 3}, "t2.s1", "poisson", "from 1000 to 1059.*give the logarithm"),
        ({"e": ["1.5"] * 20 + [""] + ["2"] * 39, "y": np.arange(60) % 3}, "t2.s1", "poisson", r"row 21 \(line 22\)"),
        ({"e": ["low", "high"] * 30, "y": np.arange(60) % 3}, "t2.s1", "poisson", '"e"'),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(
    store: Tables, tmp_path: Path, columns: dict[str, Any], roles: str, family: str, words: str
) -> None:
    file = _table(tmp_path, x=X, **columns)
    with pytest.raises(DataError, match=words) as found:
        ask(store, file, roles, family=family, share="0")
    assert "\n" not in str(found.value) and len(str(found.value)) < 400


@pytest.mark.parametrize("kind", ["yours", "yours-methods", "yours-corners"])
def test_separable_classes_are_fitted_all_the_same(store: Tables, tmp_path: Path, kind: str) -> None:
    """Any penalty makes the fit finite; the fit without one says that it is not possible."""
    file = _table(tmp_path, x=X, z=np.roll(X, 3), y=np.where(X > 0.1, "yes", "no"))
    said = ask(store, file, "t2", kind)
    if kind == "yours":
        assert said["certified"] and np.isfinite(said["coefs"]).all() and said["held"]["auc_min"] == 1
    if kind == "yours-methods":
        free = next(row for row in said["rows"] if row["name"] == "unpenalized")
        assert not np.isfinite(free["error"]) and free["note"]


def test_rows_put_away_of_one_class_have_no_share_explained(store: Tables, tmp_path: Path) -> None:
    """Nor an AUC: what there is of a deviance is shown."""
    y = np.where(np.arange(60) % 3 == 0, "yes", "no")
    y[48:] = "no"
    file = _table(tmp_path, x=X, day=np.arange(60), y=y)
    held = ask(store, file, "t2.o1")["held"]
    assert held["n"] == 12 and held["error_min"] > 0
    assert np.isnan(held["explained_min"]) and np.isnan(held["auc_min"])


def test_a_family_is_written_one_way() -> None:
    def key(family: str) -> str:
        return f"yours?family={family}&l1_ratio=1&roles=t1&rule=min&seed=0&share=0&table={'0' * 16}"

    for text in (*FAMILIES, *(f"{name}(1.5)" for name in PARAMETERS)):
        assert str(Key.parse(key(text))) == key(text)
        if text != "auto":
            family_named(text)
    for wrong in ("", "Poisson", "poisson()", "tweedie", "tweedie()", "tweedie(1.50)", "tweedie(1)", "tweedie(nan)",
                  "huber(-1)", "huber(0)", "huber(1e400)", "negative_binomial(1)(2)", "tweedie(1.5", "gaussian",
                  "binomial(logit)", "__import__('os')", "<img src=x>", "huber( 1)"):  # fmt: skip
        with pytest.raises(UsageError, match=r"family|parameter") as found:
            Key.parse(key(wrong))
        assert len(str(found.value)) < 400
    with pytest.raises(UsageError, match="must differ"):
        Key.parse(
            f"yours-pair?across=1&family=auto&l1_ratio=1&roles=t1&rule=min&seed=0&share=0&table={'0' * 16}&up=1"
        )


def test_a_weight_that_there_is_not_is_one_sentence(store: Tables, loans: Path) -> None:
    with pytest.raises(UsageError, match="no weight 9: the columns make 3"):
        ask(store, loans, "t3", "yours-pair", across="0", up="8")


# Files to save


def test_model_and_report_of_classes_are_saved(
    running: Any, client_of: Any, tmp_path: Path, loans: Path
) -> None:
    with running() as (port, keys):
        client = client_of(port, keys.cookie)
        content = loans.read_bytes()
        own = {"origin": f"http://127.0.0.1:{port}", "content-type": "application/octet-stream"}
        own["content-length"] = str(len(content))
        id = client.request("POST", "/api/table?name=loans.csv", own, content).json()["id"]
        key = f"yours?family=binomial(probit)&l1_ratio=1&roles=t3&rule=1se&seed=0&share=0.2&table={id}"
        answer = client.get(f"/api/model?key={quote(key, safe='')}")
        (tmp_path / "m.bridle").write_bytes(answer.content)
        page = client.get(f"/api/report?key={quote(key, safe='')}").content.decode()
        wrong = key.replace("binomial(probit)", "gamma")
        refused = client.get(f"/api/model?key={quote(wrong, safe='')}")
        assert refused.status_code == 422 and "choose the family binomial" in refused.json()["message"]
    model = bridle.load(tmp_path / "m.bridle")
    assert (model.family, model.classes, model.selection.rule) == ("binomial(probit)", ("no", "yes"), "1se")
    learn, test = hold_out(loans, 0.2, seed=0)
    peer = bridle.fit(
        learn, target="default", family="binomial(probit)", l1_ratios=1, rule="1se", nested=False
    )
    np.testing.assert_allclose(model.predict(test), peer.predict(test), rtol=1e-9)
    assert "AUC" in page and "deviance" in page and "40 of 200 rows were put away first" in page
