"""Tables of every kind, folds of every kind, and arguments that make no sense."""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, ShuffleSplit, TimeSeriesSplit

from bridle.comparing import compare as compare_all
from bridle.errors import DataError, NotCertifiedWarning, UsageError

compare = partial(compare_all, networks=False)  # networks have tests of their own


def test_more_columns_than_rows(comparisons: Any) -> None:
    found = comparisons("wide")
    row = found.row("least_squares")
    assert not row.possible
    assert row.note == "not possible: 200 columns, and only 64 rows to learn from in a fold"
    assert found.difference("least_squares") is None
    assert {d.name for d in found.differences} | {found.recommended.name} == {
        *("null", "ridge", "lasso", "elastic_net")
    }
    with pytest.raises(UsageError, match="not possible"):
        found.model("least squares")
    assert found.recommended.name in ("lasso", "elastic_net")


def test_least_squares_up_to_the_last_degree_of_freedom() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 16)), rng.normal(size=20)
    folds = np.arange(20) % 5
    assert not compare(x, y, folds=folds).row("least_squares").possible
    found = compare(x[:, :15], y, folds=folds).row("least_squares")
    for k in range(5):
        fit = LinearRegression().fit(x[folds != k, :15], y[folds != k])
        error = np.mean((y[folds == k] - fit.predict(x[folds == k, :15])) ** 2)
        assert found.fold_errors[k] == pytest.approx(error, rel=1e-6)


def test_categories_and_missing_numbers(comparisons: Any, tables: Any) -> None:
    """Least squares by hand: indicator columns, training means for what is missing."""
    folds = np.arange(300) % 4
    table = tables["mixed"]()
    row = compare(table, target="price", folds=folds).row("least_squares")
    indicators = [
        np.array([value == level for value in table[name]], dtype=float)
        for name in ("region", "heating")
        for level in sorted(set(table[name]), key=str)
    ]
    missing = np.isnan(table["income"])
    for k in range(4):
        train = folds != k
        income = np.where(missing, table["income"][train & ~missing].mean(), table["income"])
        x = np.column_stack([table["area"], income, missing, *indicators])
        fit = LinearRegression().fit(x[train], table["price"][train])
        error = np.mean((table["price"][~train] - fit.predict(x[~train])) ** 2)
        assert row.fold_errors[k] == pytest.approx(error, rel=1e-8)
    assert all(r.certified for r in comparisons("mixed").rows if r.name != "null")


def test_what_is_missing_in_test_rows_alone_is_the_training_mean() -> None:
    rng = np.random.default_rng(6)
    folds = np.arange(100) % 5
    table = {"a": rng.normal(2.0, 1.0, 100), "b": rng.normal(size=100)}
    y = table["a"] + rng.normal(size=100)
    table["a"][(folds == 0) & (np.arange(100) < 50)] = np.nan
    row = compare(table, y, folds=folds).row("least_squares")
    train = folds != 0
    x = np.column_stack([np.where(np.isnan(table["a"]), table["a"][train].mean(), table["a"]), table["b"]])
    fit = LinearRegression().fit(x[train], y[train])
    assert row.fold_errors[0] == pytest.approx(np.mean((y[~train] - fit.predict(x[~train])) ** 2), rel=1e-10)


def test_without_an_intercept(tables: Any) -> None:
    found = compare(tables["diabetes"](), target="progression", fit_intercept=False)
    y = tables["diabetes"]()["progression"]
    assert found.row("null").error == pytest.approx(np.mean(y**2))
    assert "zero" in found.row("null").note
    assert found.model("least_squares").intercept == 0


def test_groups_stay_together(tables: Any) -> None:
    table = tables["mixed"]() | {"who": [f"g{i // 10}" for i in range(300)]}
    found = compare(table, target="price", groups="who")
    assert "whole groups" in found.fold_text
    given = compare(tables["mixed"](), target="price", folds=GroupKFold(5), groups=np.arange(300) // 10)
    assert given.n_folds == 5
    assert all(row.possible for row in given.rows)
    holdout = compare(table, target="price", groups="who", folds=0.3)  # inner folds keep groups too
    assert holdout.n_folds == 1


def test_rows_of_weight_zero_do_not_count(tables: Any) -> None:
    table, keep = tables["mixed"](), np.arange(300) % 3 > 0
    folds = np.arange(300) % 5
    part = {name: np.asarray(values, dtype=object)[keep].tolist() for name, values in table.items()}
    part = {n: np.array(v, dtype=float) if n in ("area", "income", "price") else v for n, v in part.items()}
    a = compare(table, target="price", weights=keep.astype(float), folds=folds)
    b = compare(part, target="price", folds=folds[keep])
    for one, two in zip(a.rows, b.rows):
        np.testing.assert_allclose(one.fold_errors, two.fold_errors, rtol=1e-7)


@pytest.mark.parametrize(
    ("options", "folds"),
    [
        ({"folds": TimeSeriesSplit(4)}, 4),
        ({"folds": ShuffleSplit(3, random_state=0)}, 3),
        ({"folds": ShuffleSplit(3)}, 3),
        ({"order": np.arange(300)}, 5),
        ({"folds": 0.25}, 1),
        ({"folds": 0.25, "order": np.arange(300)}, 1),
        ({"folds": 2}, 2),
        ({"folds": 30}, 30),
        ({"repeats": 2}, 10),
        ({"stratify": True}, 5),
    ],
)
def test_every_kind_of_folds(tables: Any, options: dict[str, Any], folds: int) -> None:
    found = compare(tables["mixed"](), target="price", n_alphas=20, **options)
    assert found.n_folds == folds
    for row in found.rows:
        assert row.fold_errors.shape == (folds,)
        assert len(row.fold_choices) == (folds if row.name in ("ridge", "lasso", "elastic_net") else 0)
        assert row.error == pytest.approx(found.splits.share @ row.fold_errors)
    assert found.row("null").error > 2 * min(row.error for row in found.rows)
    model = found.model()  # on the very same splits, also where they are drawn at random when asked
    assert model.selection.null_error == pytest.approx(found.row("null").error, rel=1e-12)


def test_nothing_to_find(comparisons: Any) -> None:
    found = comparisons("noise")
    assert found.recommended.name == "null"
    assert found.reason.startswith("Nothing beats the constant")
    model = found.model()
    assert model.kept == ()
    assert model.intercept == pytest.approx(model.target_mean)


def test_wide_tables_with_missing_numbers() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 1510))
    y = 3 * x[:, 0] + rng.normal(size=60)
    x[::9, :3] = np.nan
    found = compare({f"v{j}": x[:, j] for j in range(1510)}, y, n_alphas=10, folds=3, l1_ratios=0.5)
    assert "v0" in found.model("lasso").kept
    assert found.row("null").error > found.row("lasso").error


def test_the_elastic_nets_mixes(tables: Any) -> None:
    table = tables["diabetes"]()
    found = compare(table, target="progression", l1_ratios=(0.0, 0.3, 1.0))
    assert found.row("elastic_net").l1_ratio == 0.3
    without = compare(table, target="progression", l1_ratios=())
    assert [row.name for row in without.rows] == ["null", "least_squares", "ridge", "lasso"]


def test_what_was_pickled_holds_no_rows(comparisons: Any) -> None:
    found = pickle.loads(pickle.dumps(comparisons("diabetes")))
    assert found.reason == comparisons("diabetes").reason
    with pytest.raises(UsageError, match="holds no rows"):
        found.model()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"l1_ratios": 1.5}, "between 0"),
        ({"l1_ratios": "lasso"}, "must be numbers"),
        ({"rule": "best"}, "rule must be one of"),
        ({"seed": -1}, "seed"),
        ({"n_alphas": 0}, "n_alphas"),
        ({"target": None}, "Which column is the target"),
    ],
)
def test_arguments_that_make_no_sense(tables: Any, options: dict[str, Any], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        compare(tables["diabetes"](), **{"target": "progression", **options})


def test_rows_that_cannot_be_split_once_more(tables: Any) -> None:
    with pytest.raises(DataError, match="cannot be split once more"):
        compare(tables["mixed"](), target="price", folds=2, groups=np.arange(300) % 2)


def test_an_unknown_method_is_named(comparisons: Any) -> None:
    assert comparisons("diabetes").row("Elastic net").name == "elastic_net"
    with pytest.raises(UsageError, match="no method 'forest'"):
        comparisons("diabetes").row("forest")


def test_a_fit_that_falls_short_is_told(tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from bridle.comparing import candidates

    original = candidates.certified

    def short(*arguments: Any) -> Any:
        path, proven = original(*arguments)
        return path, {rule: replace(c, relative_gap=1e-3) for rule, c in proven.items()}

    monkeypatch.setattr(candidates, "certified", short)
    with pytest.warns(NotCertifiedWarning, match="Lasso: Not certified"):
        found = compare(tables["diabetes"](), target="progression")
    assert found.recommended.certified is False


def test_progress_names_the_methods(tables: Any) -> None:
    told: list[tuple[str, float]] = []
    compare(
        tables["diabetes"](), target="progression", progress=lambda stage, share: told.append((stage, share))
    )
    assert {"reading", "Lasso", "Ridge", "Elastic net"} <= {stage for stage, _ in told}
    assert all(0 <= share <= 1 for _, share in told)
