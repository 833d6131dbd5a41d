"""``bridle.torch.fit`` on tables: against the certified linear engine, scikit-learn's imputer and torch's autograd."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.impute import SimpleImputer

import bridle
from bridle.design import from_frame
from bridle.errors import DataError, UsageError
from bridle.fitting.intake import read_in
from bridle.selection import Selection
from bridle.table import Schema
from bridle.torch import NetworkModel
from bridle.torch import fit as fit_network
from bridle.torch.material import Shares, material, set_aside
from bridle.torch.network import Architecture, Network
from bridle.torch.penalty import Strengths
from bridle.torch.statement import Stationarity
from bridle.torch.verifying import average_slopes, penalty_of

FEW: dict[str, Any] = {"n_alphas": 3, "folds": 3, "epochs": 12}
LINEAR: dict[str, Any] = {"hidden": (), "epochs": 1500, "batch_size": 10_000, "learning_rate": 0.02}


def table(n: int = 120, seed: int = 0) -> dict[str, Any]:
    """Numbers, some missing, and a category."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4)) @ np.diag([1, 5, 0.1, 1]) + 3
    y = x[:, 0] - 0.4 * x[:, 1] + rng.normal(size=n)
    x[rng.random((n, 4)) < 0.15] = np.nan
    columns: dict[str, Any] = {f"x{j}": x[:, j] for j in range(4)}
    columns["kind"] = np.array(["a", "b", "c"])[rng.integers(0, 3, n)].tolist()
    return columns | {"y": y}


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    return fit_network(table(), target="y", hidden=8, **FEW)


# The same problem as the engine's, where both can solve it


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_without_hidden_layers_it_is_the_certified_elastic_net(l1_ratio: float) -> None:
    """Same meaning of alpha, same filling of missing numbers, same standardization, same folds."""
    options: dict[str, Any] = {"target": "y", "alphas": [0.1, 0.05], "folds": 3, "seed": 1}
    exact = bridle.fit(table(), l1_ratios=l1_ratio, nested=False, **options)
    found = fit_network(table(), l1_ratio=l1_ratio, **LINEAR, **options)
    assert exact.certificate.certified and found.stationarity.distance < 2e-3
    coef = found.network.weights[0][0].astype(float)
    assert np.allclose(coef, exact.coef_standardized, atol=2e-3)
    clear = np.abs(exact.coef_standardized) > 5e-3
    assert (coef[clear] != 0).all() and (l1_ratio == 0 or (coef[exact.coef_standardized == 0] == 0).all())
    assert np.allclose(found.selection.curves[0].mean, exact.selection.curves[0].mean, rtol=3e-3)
    assert found.selection.null_error == pytest.approx(exact.selection.null_error, rel=1e-12)
    assert np.allclose(found.predict(table()), exact.predict(table()), atol=0.02)
    loss_and_penalty = exact.certificate.objective / exact.target_sd**2
    if found.alpha == exact.alpha:
        assert found.stationarity.objective == pytest.approx(loss_and_penalty, rel=1e-4)


def test_weights_of_rows_are_rows_repeated() -> None:
    columns, times = table(60), np.random.default_rng(5).integers(1, 4, 60)
    again = {k: np.repeat(np.asarray(v, dtype=object), times).tolist() for k, v in columns.items()}
    again = {k: v if k == "kind" else np.array(v, dtype=float) for k, v in again.items()}
    folds = np.arange(60) % 3
    options: dict[str, Any] = {"target": "y", "alphas": [0.05], **LINEAR}
    weighted = fit_network(columns, weights=times.astype(float), folds=folds, **options)
    repeated = fit_network(again, folds=np.repeat(folds, times), **options)
    assert weighted.weighted and not repeated.weighted
    assert np.allclose(weighted.network.weights[0], repeated.network.weights[0], atol=2e-3)
    assert weighted.selection.chosen.error == pytest.approx(repeated.selection.chosen.error, rel=5e-3)


def test_notes_and_roles_are_those_of_the_linear_fit() -> None:
    columns = {**table(), "flat": np.ones(120), "who": np.arange(120) // 4, "again": table()["y"]}
    options: dict[str, Any] = {"target": "y", "groups": "who", "ignore": ["x3"], "types": {"x2": "numeric"}}
    network, linear = (
        fit_network(columns, hidden=4, **FEW, **options),
        bridle.fit(columns, folds=3, **options),
    )
    assert network.schema == linear.schema
    assert network.notes == linear.notes and {"constant", "giveaway"} <= {note.kind for note in network.notes}
    assert network.selection.fold_text == linear.selection.fold_text
    X = np.column_stack([columns["y"], columns["flat"], np.random.default_rng(0).normal(size=120)])
    assert fit_network(X, columns["y"], **FEW).notes == bridle.fit(X, columns["y"], folds=3).notes


# Nothing leaks


def test_every_problem_fills_missing_numbers_with_its_own_training_means() -> None:
    columns = table()
    ready = read_in(columns, None, "y", None, None, None, (), None)
    design, n = from_frame(_frame(columns)), 120
    fold = np.arange(n) % 3
    train = np.array([np.ones(n), *((fold != k).astype(float) for k in range(3))])
    test = np.array([np.zeros(n), *((fold == k).astype(float) for k in range(3))])
    made = material(design, ready.rows.y, Shares(train, test))
    names = ready.schema.column_names()
    at = [names.index(f"x{j}") for j in range(4)]
    raw = np.column_stack([columns[f"x{j}"] for j in range(4)])
    for b in range(4):
        imputer = SimpleImputer().fit(raw[train[b] > 0])
        expected = imputer.transform(raw)
        rows = np.flatnonzero(made.shares.train[b] + made.shares.test[b] > 0)
        assert len(rows) == n
        # The target of a row says which row it is.
        origin = np.array([int(np.flatnonzero(ready.rows.y == y)[0]) for y in made.y[rows, 0]])
        assert sorted(origin) == list(range(n))
        assert np.allclose(made.X[np.ix_(rows, at)], expected[origin], rtol=1e-12)
        assert np.array_equal(made.shares.train[b, rows], train[b, origin])
    assert np.allclose(made.fills[at], SimpleImputer().fit(raw).statistics_, rtol=1e-12)


def _frame(columns: dict[str, Any]) -> Any:
    from bridle.model import as_table
    from bridle.table import encode, infer

    opened = as_table(columns)
    return encode(infer(opened, target="y"), opened, need_target=True)


def test_early_stopping_trains_on_none_of_the_rows_it_looks_at() -> None:
    n = 100
    train = np.array([np.ones(n), (np.arange(n) % 4 != 0).astype(float)])
    left, held = set_aside(train, 0.2, None, None, seed=3)
    assert np.array_equal(left + held, train) and not (left * held).any()
    assert (held > 0).sum(axis=1).tolist() == [20, 15]
    groups = np.arange(n) // 7
    left, held = set_aside(train, 0.2, groups, None, seed=3)
    for b in range(2):
        assert not set(groups[left[b] > 0]) & set(groups[held[b] > 0])
    order = np.random.default_rng(0).permutation(n) // 2
    left, held = set_aside(train, 0.2, None, order, seed=3)
    assert all(order[left[b] > 0].max() < order[held[b] > 0].min() for b in range(2))


def test_rows_set_aside_have_no_say_in_the_weights() -> None:
    """Their targets only choose the epoch: with one epoch they choose nothing."""
    columns = table()
    options: dict[str, Any] = {
        "target": "y",
        "early_stopping": True,
        "alphas": [0.02],
        "folds": 3,
        "epochs": 1,
    }
    first = fit_network(columns, **options)
    changed = columns["y"].copy()
    changed[first.held_rows] += 100
    second = fit_network({**columns, "y": changed}, **options)
    assert len(first.held_rows) == 18 and np.array_equal(first.held_rows, second.held_rows)
    for one, two in zip(first.network.weights, second.network.weights):
        assert np.array_equal(one, two)
    assert first.history.held[0] != second.history.held[0]


# Choosing


def test_the_selection_is_what_the_rules_say(model: NetworkModel) -> None:
    curve = model.selection.curves[0]
    best = int(curve.mean.argmin())
    choice = model.selection.choices["min"]
    assert (choice.index, choice.alpha, choice.error) == (best, curve.alphas[best], curve.mean[best])
    within = curve.mean <= curve.mean[best] + curve.standard_error[best]
    assert model.selection.choices["1se"].index == int(np.flatnonzero(within)[0])
    assert choice.n_columns == model.path.inputs_used[best].sum() == curve.n_nonzero[best]
    assert model.strengths.l1 == model.alpha and float(model.strengths.l2) == 0.0
    share = np.bincount(np.arange(120) % 3) / 120
    assert curve.fold_errors.shape == (3, 3)
    assert np.allclose(share @ curve.fold_errors, curve.mean, rtol=1e-6)


def test_the_training_error_is_of_the_predictions(model: NetworkModel) -> None:
    error = np.mean((table()["y"] - model.predict(table())) ** 2)
    assert model.selection.chosen.train_error == pytest.approx(error, rel=1e-5)


def test_a_seed_reproduces_every_bit(model: NetworkModel) -> None:
    again = fit_network(table(), target="y", hidden=8, **FEW)
    other = fit_network(table(), target="y", hidden=8, seed=1, **FEW)
    assert all(np.array_equal(a, b) for a, b in zip(again.network.weights, model.network.weights))
    assert not np.array_equal(other.network.weights[0], model.network.weights[0])


def test_group_penalties_let_go_of_whole_variables() -> None:
    columns = {**table(200), **{f"noise{j}": np.random.default_rng(j).normal(size=200) for j in range(6)}}
    net = fit_network(
        columns,
        target="y",
        hidden=8,
        penalize="inputs",
        l1_ratio=0.9,
        n_alphas=8,
        folds=3,
        rule="1se",
        epochs=40,
    )
    zero = (net.network.weights[0] == 0).all(axis=0)
    assert {"x0", "x1"} <= set(net.kept) and np.array_equal(~zero, net.network.inputs_used) and zero.any()
    used, names = net.path.inputs_used, np.array([name for name, _ in net.schema.columns()])
    assert not used[0].any() and used[-1].sum() > used[2].sum()
    longest = used.sum(axis=0) == used.sum(axis=0).max()
    assert {"x0", "x1"} <= set(names[longest]) and not longest.all()
    alone = fit_network(table(), target="y", hidden=4, penalize="inputs", **FEW)
    assert any("evade" in note.text for note in alone.notes)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"target": None}, "Which column is the target"),
        ({"rule": "best"}, "rule must be one of"),
        ({"penalize": "rows"}, "penalize must be one of"),
        ({"dropout": 1.0}, "dropout"),
        ({"hidden": (8, 0)}, "hidden"),
        ({"hidden": "many"}, "hidden"),
        ({"l1_ratio": 2}, "l1_ratio"),
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0.5}, "batch_size"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"activation": "sin"}, "activation"),
        ({"device": "abacus"}, "no device"),
        ({"alphas": []}, "alphas"),
        ({"early_stopping": True, "validation_fraction": 0.99}, "validation_fraction"),
        ({"target": "kind"}, "kind"),
        ({"target": "flat"}, "nothing to learn"),
    ],
)
def test_what_makes_no_sense_is_said(options: dict[str, Any], match: str) -> None:
    with pytest.raises((UsageError, DataError), match=match):
        fit_network({**table(), "flat": np.ones(120)}, **{"target": "y", **FEW, **options})


def test_too_wide_a_table_is_refused_before_memory_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridle.torch.material.MOST_CELLS", 100)
    with pytest.raises(DataError, match="every number written out"):
        fit_network(table(), target="y", **FEW)


# Verifying


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hidden": (6, 5), "penalize": "neurons", "l1_ratio": 0.5, "activation": "tanh"},
        {"penalize": "inputs", "l1_ratio": 0.9, "early_stopping": True},
        {"l1_ratio": 0.0, "dropout": 0.3, "activation": "silu"},
        {"weights": "w", "groups": "who"},
    ],
)
def test_the_rows_give_the_recorded_objective(options: dict[str, Any]) -> None:
    columns = {**table(), "w": 0.5 + np.arange(120) % 3, "who": np.arange(120) // 5}
    net = fit_network(columns, **{"target": "y", "hidden": 6, **FEW, **options})
    found = bridle.verify(net, columns)
    assert list(found) == ["min"] and found["min"].reproduced and found["min"].recorded is not None
    assert found["min"].distance == pytest.approx(net.stationarity.distance, rel=1e-3, abs=1e-6)
    assert found["min"].null_loss == pytest.approx(net.stationarity.null_loss, rel=1e-9)
    nudged = {**columns, "y": columns["y"] + 1.0 * (np.arange(120) == 3)}
    other = bridle.verify(net, nudged)["min"]
    assert not other.reproduced or (net.held_rows is not None and 3 in net.held_rows)
    assert not bridle.verify(net, {k: v[:100] for k, v in columns.items()})["min"].reproduced


def test_weights_that_are_no_column_are_asked_for() -> None:
    w = 1.0 + np.arange(120) % 3
    net = fit_network(table(), target="y", weights=w, **FEW)
    with pytest.raises(UsageError, match="give weights"):
        bridle.verify(net, table())
    assert bridle.verify(net, table(), weights=w)["min"].reproduced
    assert not bridle.verify(net, table(), weights=np.ones(120))["min"].reproduced


@pytest.mark.parametrize("family", ["squared", "binomial", "multinomial"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "silu", "identity"])
def test_loss_and_gradient_are_those_of_autograd(family: str, activation: str) -> None:
    rng = np.random.default_rng(2)
    X, w = rng.normal(size=(30, 3)), rng.random(30)
    outputs = {"squared": 2, "binomial": 1, "multinomial": 3}[family]
    sizes = ((5, 3), (4, 5), (outputs, 4))
    network = Network(
        Architecture(3, (5, 4), outputs, activation), family, tuple(rng.normal(size=s) for s in sizes),
        tuple(rng.normal(size=s[0]) for s in sizes), rng.normal(size=3), 0.5 + rng.random(3),
        rng.normal(size=outputs) if family == "squared" else np.zeros(outputs),
        0.5 + rng.random(outputs) if family == "squared" else np.ones(outputs),
    )  # fmt: skip
    classes = None if family == "squared" else tuple(range(max(outputs, 2)))
    y = rng.normal(size=(30, outputs)) if classes is None else rng.integers(0, len(classes), 30)
    given = Selection.given(0.1, 1.0, train_error=0.5, n_columns=3, n_variables=3)
    net = NetworkModel(
        Schema((), None, matrix_columns=3), network, Strengths(), given, Stationarity(1, 0, 0, 1, 1, 1), np.zeros(3), 30,
        classes=classes,
    )  # fmt: skip
    found = bridle.verify(net, X, y, weights=w)["given"]
    module = net.module()
    out = module(torch.tensor((X - network.x_mean) / network.x_scale))
    if family == "squared":
        target = torch.tensor((y - network.y_mean) / network.y_scale)
        each = 0.5 * ((out - target) ** 2).sum(1)
    elif family == "binomial":
        truth = torch.tensor(y, dtype=torch.float64)
        each = torch.nn.functional.binary_cross_entropy_with_logits(out[:, 0], truth, reduction="none")
    else:
        each = torch.nn.functional.cross_entropy(out, torch.tensor(y), reduction="none")
    loss = (torch.tensor(w) * each).sum() / w.sum()
    loss.backward()
    assert found.loss == pytest.approx(loss.item(), rel=1e-12)
    steepest = max(p.grad.abs().max().item() for p in module.parameters())
    assert found.distance == pytest.approx(steepest, rel=1e-10)


def test_the_distance_is_zero_only_inside_the_subdifferential() -> None:
    """One weight at zero under L1 alpha: the objective rises on both sides exactly if the slope is within alpha."""
    x = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    y, zero = np.array([0.3, -0.3, 0.3, -0.3]), np.zeros(1)
    for alpha, off in ((0.31, 0.0), (0.2, 0.1)):
        net = NetworkModel(
            Schema((), None, matrix_columns=1),
            Network(Architecture(1, (), 1), "squared", (np.zeros((1, 1)),), (zero,), zero, zero + 1, zero, zero + 1),
            Strengths(l1=alpha), Selection.given(alpha, 1.0, train_error=0.0, n_columns=0, n_variables=0),
            Stationarity(0.045, 0, 0, 0.045, 1, 1), np.zeros(1), 4,
        )  # fmt: skip
        assert bridle.verify(net, x, y)["given"].distance == pytest.approx(off, abs=1e-12)
        grouped = replace(net, strengths=Strengths(group=alpha, groups="inputs"))
        assert bridle.verify(grouped, x, y)["given"].distance == pytest.approx(off, abs=1e-12)


def test_the_penalty_is_its_formula() -> None:
    w0, w1 = np.array([[3.0, 0.0], [4.0, -2.0]]), np.array([[1.0, -1.0]])
    ones = (np.zeros(2), np.ones(2), np.zeros(1), np.ones(1))
    network = Network(Architecture(2, (2,), 1), "squared", (w0, w1), (np.ones(2), np.ones(1)), *ones)
    assert penalty_of(network, Strengths(l1=2.0, l2=0.5)) == pytest.approx(2 * 11 + 0.25 * 31)
    inputs = np.sqrt(2) * (5 + 2)
    assert penalty_of(network, Strengths(group=1.0, groups="inputs")) == pytest.approx(inputs)
    neurons = np.sqrt(2) * (3 + np.sqrt(20))
    assert penalty_of(network, Strengths(group=1.0, groups="neurons")) == pytest.approx(neurons)


def test_average_slopes_are_autograds() -> None:
    net = fit_network(table(), target="y", hidden=(6, 5), activation="tanh", **FEW)
    design = net.encode(table())[0]
    X = design.columns(np.arange(design.p))
    w = np.random.default_rng(0).random(len(X))
    z = torch.tensor(
        (X - net.network.x_mean) / np.where(net.network.x_scale > 0, net.network.x_scale, 1),
        requires_grad=True,
    )
    (net.module().double()(z)[:, 0] * torch.tensor(w)).sum().backward()
    assert np.allclose(
        average_slopes(net.network, X, w), z.grad.sum(0).numpy() / w.sum(), rtol=1e-8, atol=1e-10
    )
