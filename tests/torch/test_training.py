"""Laws of the training core, held against the certified engine, scikit-learn, autograd and exact arithmetic."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, MultiTaskLasso
from sklearn.preprocessing import StandardScaler

import bridle
from bridle.errors import DataError, UsageError
from bridle.torch.network import Architecture
from bridle.torch.passes import backward, forward, loss
from bridle.torch.penalty import Strengths
from bridle.torch.problems import moments, problems_of
from bridle.torch.stack import Stack
from bridle.torch.strengths import Mix, grid, mean_error, network_path
from bridle.torch.training import Recipe, train

DIABETES = load_diabetes(return_X_y=True)
LINEAR = Recipe(solver="sgd", learning_rate=0.1, epochs=1500, batch_size=10_000, schedule="constant")
SHORT = Recipe(epochs=15, batch_size=64)


def squared(X: Any, Y: Any, weights: Any = None, dtype: type = np.float64, **more: Any) -> Any:
    Y = Y[:, None] if Y.ndim == 1 else Y
    weights = np.ones((1, len(X))) if weights is None else weights
    return problems_of(X, Y, weights, family="squared", outputs=Y.shape[1], dtype=dtype, **more)


def classes(X: Any, y: Any, weights: Any = None, dtype: type = np.float64) -> Any:
    k = len(np.unique(y))
    family, outputs = ("binomial", 1) if k == 2 else ("multinomial", k)
    weights = np.ones((1, len(X))) if weights is None else weights
    return problems_of(X, y, weights, family=family, outputs=outputs, dtype=dtype)


def some_rows(n: int = 90, p: int = 5, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.standard_normal(n)


def parameters(found: Any, problem: int = 0) -> np.ndarray:
    network = found.networks[problem]
    return np.concatenate([np.ravel(part) for part in (*network.weights, *network.biases)])


# ---- Without hidden layers: the linear models


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize(("l1_ratio", "alpha"), [(1.0, 0.05), (0.5, 0.1), (0.0, 0.1), (1.0, 0.2)])
def test_a_network_without_hidden_layers_is_the_engines_elastic_net(
    l1_ratio: float, alpha: float, solver: str
) -> None:
    X, y = DIABETES
    mean, sd = y.mean(), y.std()
    fitted = bridle.path(X, (y - mean) / sd, alphas=[alpha], l1_ratio=l1_ratio)
    wanted = np.asarray(fitted.coefs[0]) * X.std(axis=0)
    recipe = LINEAR
    if solver == "adam":
        recipe = replace(LINEAR, solver="adam", learning_rate=0.02, schedule="cosine")
    found = train(squared(X, y), Architecture(10, (), 1), Mix(l1_ratio).at(alpha), recipe)
    weights = found.networks[0].weights[0][0]
    np.testing.assert_allclose(weights, wanted, atol=1e-5)
    assert ((weights != 0) == (wanted != 0)).all()
    assert found.stationarity[0] < 1e-4


def test_groups_of_inputs_are_the_multi_task_lasso() -> None:
    X, y = DIABETES
    Y = np.stack([y, y**2, X[:, 2] * y], axis=1)
    Z, T = StandardScaler().fit_transform(X), StandardScaler().fit_transform(Y)
    alpha = 0.15
    wanted = MultiTaskLasso(alpha=alpha, tol=1e-12, max_iter=100_000).fit(Z, T).coef_
    strengths = Strengths(group=alpha / np.sqrt(3), groups="inputs")
    found = train(squared(X, Y), Architecture(10, (), 3), strengths, LINEAR)
    weights = found.networks[0].weights[0]
    np.testing.assert_allclose(weights, wanted, atol=1e-5)
    assert (found.networks[0].inputs_used == (wanted != 0).any(axis=0)).all()
    assert 0 < found.networks[0].inputs_used.sum() < 10


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
def test_classes_without_hidden_layers_are_logistic_regression(load: Any) -> None:
    X, y = load(return_X_y=True)
    X = X[:, :6]
    Z = StandardScaler().fit_transform(X)
    l2 = 0.05
    wanted = LogisticRegression(C=1 / (len(X) * l2), tol=1e-12, max_iter=10_000).fit(Z, y)
    problems = classes(X, y)
    recipe = replace(LINEAR, learning_rate=0.3)
    found = train(problems, Architecture(X.shape[1], (), problems.outputs), Strengths(l2=l2), recipe)
    network = found.networks[0]
    bias = network.biases[0]
    np.testing.assert_allclose(network.weights[0], wanted.coef_, atol=1e-5)
    if len(bias) > 1:
        bias = bias - bias.mean()
    np.testing.assert_allclose(bias, wanted.intercept_, atol=1e-5)


# ---- The gradient and the penalty


@pytest.mark.parametrize("activation", ["relu", "tanh", "silu", "identity"])
@pytest.mark.parametrize("family", ["squared", "binomial", "multinomial"])
@pytest.mark.parametrize("hidden", [(), (7,), (6, 4)])
def test_the_gradient_is_autograds(activation: str, family: str, hidden: tuple[int, ...]) -> None:
    X, y = some_rows(40)
    weights = np.random.default_rng(1).random((3, 40))
    if family == "squared":
        problems = squared(X, np.stack([y, X[:, 0] * y], axis=1), weights)
    else:
        cuts = [0.0] if family == "binomial" else [-0.5, 0.5]
        problems = classes(X, np.digitize(y, cuts), weights)
    architecture = Architecture(5, hidden, problems.outputs, activation)
    stack = Stack.initial(problems, architecture, torch.Generator().manual_seed(3), torch.float64, "cpu")
    for bias in stack.biases:
        bias.data += 0.3
    target = problems.common_target()[0] if family == "squared" else problems.Y
    W = torch.as_tensor(weights.T)
    passed = forward(stack, torch.as_tensor(problems.X), architecture, None)
    value, slope = loss(family, stack, passed.out.detach(), torch.as_tensor(target), W)
    gradients = backward(stack, passed, slope, architecture)
    for b in range(3):
        other = written_out(
            stack, problems, architecture, b, X, y if family == "squared" else problems.Y, W[:, b]
        )
        np.testing.assert_allclose(value[b].item(), other.item(), rtol=1e-10)
    total = sum(
        written_out(stack, problems, architecture, b, X, y if family == "squared" else problems.Y, W[:, b])
        for b in range(3)
    )
    for own, theirs in zip(gradients, torch.autograd.grad(total, stack.parameters)):
        np.testing.assert_allclose(own.detach(), theirs, rtol=1e-8, atol=1e-10)


def written_out(stack: Any, problems: Any, architecture: Any, b: int, X: Any, y: Any, w: Any) -> Any:
    """The loss of one problem from the rows in original units, as PyTorch's own modules give it."""
    mean = problems.x_centre + problems.x_mean[b] * problems.x_unit
    z = torch.as_tensor((X - mean) / (problems.x_scale[b] * problems.x_unit))
    activate = {"relu": torch.relu, "tanh": torch.tanh, "silu": torch.nn.functional.silu}
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases)):
        z = torch.nn.functional.linear(z, weight[b], bias[b])
        if layer < len(stack.weights) - 1:
            z = activate.get(architecture.activation, lambda same: same)(z)
    if problems.family == "squared":
        Y = torch.as_tensor((problems.Y - problems.y_mean[b]) / problems.y_scale[b])
        return 0.5 * ((z - Y).square().sum(dim=1) * w).sum()
    if problems.family == "binomial":
        Y = torch.as_tensor(y, dtype=torch.float64)
        each = torch.nn.functional.binary_cross_entropy_with_logits(z[:, 0], Y, reduction="none")
    else:
        each = torch.nn.functional.cross_entropy(z, torch.as_tensor(y), reduction="none")
    return (each * w).sum()


@pytest.mark.parametrize("groups", ["inputs", "neurons"])
def test_penalty_and_stationarity_are_those_of_the_penalty_written_out(groups: str) -> None:
    X, y = some_rows()
    strengths = Strengths(0.01, 0.02, 0.03, groups)
    found = train(
        squared(X, y), Architecture(5, (6, 4), 1, "tanh"), strengths, replace(SHORT, learning_rate=1e-6)
    )
    network = found.networks[0]
    tensors = [torch.tensor(w, requires_grad=True) for w in network.weights]
    grouped = tensors[:1] if groups == "inputs" else tensors[:-1]
    axis = 0 if groups == "inputs" else 1
    penalty = sum(0.01 * w.abs().sum() + 0.01 * w.square().sum() for w in tensors)
    penalty = penalty + sum(0.03 * w.shape[axis] ** 0.5 * w.norm(dim=axis).sum() for w in grouped)
    assert found.penalty[0] == pytest.approx(penalty.item(), rel=1e-12)
    z = torch.as_tensor((X - network.x_mean) / network.x_scale)
    biases = [torch.tensor(b, requires_grad=True) for b in network.biases]
    for layer, (weight, bias) in enumerate(zip(tensors, biases)):
        z = torch.nn.functional.linear(z, weight, bias)
        z = torch.tanh(z) if layer < 2 else z
    fit = 0.5 * (z[:, 0] - torch.as_tensor((y - y.mean()) / y.std())).square().mean()
    assert found.loss[0] == pytest.approx(fit.item(), rel=1e-10)
    assert all((w != 0).all() for w in network.weights)  # then the subdifferential is a gradient
    slopes = torch.autograd.grad(fit + penalty, tensors + biases)
    assert found.stationarity[0] == pytest.approx(max(g.abs().max().item() for g in slopes), rel=1e-8)


def test_a_full_batch_run_ends_still_and_exact_zeros_satisfy_the_subdifferential() -> None:
    X, y = DIABETES
    recipe = Recipe(epochs=1500, batch_size=10_000)
    found = train(squared(X, y), Architecture(10, (8,), 1, "tanh"), Strengths(l1=0.02, l2=0.01), recipe)
    assert found.stationarity[0] < 1e-3
    assert 0 < found.networks[0].n_nonzero < 88


# ---- Problems side by side


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-9)])
@pytest.mark.parametrize("strengths", [Strengths(l1=0.01, l2=0.01), Strengths(group=0.02, l2=0.01)])
def test_a_problem_in_a_stack_is_the_problem_alone(dtype: type, tolerance: float, strengths: Any) -> None:
    X, y = some_rows()
    weights = (
        np.random.default_rng(2).random((4, 90)) + 0.1
    )  # alone it draws the same batches: no row weighs nothing
    architecture = Architecture(5, (8,), 1, "tanh")
    together = train(squared(X, y, weights, dtype), architecture, strengths, SHORT)
    for b in range(4):
        alone = train(squared(X, y, weights[b : b + 1], dtype), architecture, strengths, SHORT)
        np.testing.assert_allclose(parameters(together, b), parameters(alone), atol=tolerance)


def test_each_problem_has_its_own_strengths() -> None:
    X, y = some_rows()
    weights = np.random.default_rng(2).random((2, 90)) + 0.1
    architecture = Architecture(5, (8,), 1, "tanh")
    each = Strengths(l1=np.array([0.001, 0.05]), l2=np.array([0.1, 0.0]))
    together = train(squared(X, y, weights), architecture, each, SHORT)
    for b in range(2):
        alone = train(squared(X, y, weights[b : b + 1]), architecture, each.of(b), SHORT)
        np.testing.assert_allclose(parameters(together, b), parameters(alone), atol=1e-9)
        assert together.penalty[b] == pytest.approx(alone.penalty[0], rel=1e-9)


@pytest.mark.parametrize("change", [1.0, 1e6])
def test_a_fold_does_not_see_its_held_out_rows(change: float) -> None:
    X, y = some_rows()
    fold = np.arange(90) % 3
    weights = np.stack([np.ones(90), *(1.0 * (fold != k) for k in range(3))])
    architecture = Architecture(5, (8,), 1, "tanh")
    before = train(squared(X, y, weights), architecture, Strengths(l1=0.01), SHORT)
    other, target = X.copy(), y.copy()
    other[fold == 1] = change * (3 + 2 * X[fold == 1])
    target[fold == 1] = -5 * change * y[fold == 1]
    after = train(squared(other, target, weights), architecture, Strengths(l1=0.01), SHORT)
    np.testing.assert_allclose(parameters(after, 2), parameters(before, 2), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(after.networks[2].x_mean, before.networks[2].x_mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(after.networks[2].y_scale, before.networks[2].y_scale, rtol=1e-12)
    assert np.abs(parameters(after, 1) - parameters(before, 1)).max() > 1e-3


def test_float32_keeps_a_folds_digits_beside_a_cell_far_out() -> None:
    X, y = some_rows()
    far = X.copy()
    far[0, 0] = 1e9
    weights = np.ones((2, 90))
    weights[1, 0] = 0.0
    architecture = Architecture(5, (8,), 1, "tanh")
    spoiled = train(squared(far, y, weights, np.float32), architecture, Strengths(), SHORT)
    clean = train(squared(X, y, weights, np.float32), architecture, Strengths(), SHORT)
    np.testing.assert_allclose(parameters(spoiled, 1), parameters(clean, 1), atol=1e-4)


def test_a_weight_of_zero_is_no_row_and_a_weight_of_two_is_two_rows() -> None:
    X, y = some_rows()
    weights = np.random.default_rng(5).integers(0, 3, 90).astype(float)
    rows = np.repeat(np.arange(90), weights.astype(int))
    architecture, recipe = Architecture(5, (8,), 1, "tanh"), Recipe(epochs=60, batch_size=10_000)
    weighted = train(squared(X, y, weights[None, :]), architecture, Strengths(l1=0.01), recipe)
    repeated = train(squared(X[rows], y[rows]), architecture, Strengths(l1=0.01), recipe)
    np.testing.assert_allclose(parameters(weighted), parameters(repeated), atol=1e-9)
    codes = (y > 0).astype(int)
    weighted = train(classes(X, codes, weights[None, :]), architecture, Strengths(l1=0.01), recipe)
    repeated = train(classes(X[rows], codes[rows]), architecture, Strengths(l1=0.01), recipe)
    np.testing.assert_allclose(parameters(weighted), parameters(repeated), atol=1e-9)


def test_in_batches_too_a_row_of_weight_zero_is_absent() -> None:
    X, y = some_rows()
    weights = np.ones((1, 90))
    weights[0, 60:] = 0.0
    architecture = Architecture(5, (8,), 1, "tanh")
    with_them = train(squared(X, y, weights), architecture, Strengths(), replace(SHORT, batch_size=16))
    without = train(squared(X[:60], y[:60]), architecture, Strengths(), replace(SHORT, batch_size=16))
    np.testing.assert_allclose(parameters(with_them), parameters(without), atol=1e-10)


def test_moments_are_numpys_and_constant_columns_have_none() -> None:
    rng = np.random.default_rng(0)
    last_bit = np.where(np.arange(50) % 2, 0.1, np.nextafter(0.1, 1))
    X = np.column_stack([1e8 + rng.standard_normal(50), last_bit, 1e200 * rng.standard_normal(50)])
    weights = rng.integers(0, 4, (2, 50)).astype(float)
    mean, scale = moments(X, weights)
    for b in range(2):
        rows = np.repeat(X, weights[b].astype(int), axis=0)
        np.testing.assert_allclose(mean[b], rows.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(
            scale[b, [0, 2]], [rows[:, 0].std(), 1e200 * (rows[:, 2] / 1e200).std()], rtol=1e-9
        )
        assert scale[b, 1] == 0


def test_constant_columns_get_no_weight() -> None:
    X, y = some_rows()
    X[:, 3] = 7.1
    X[:45, 4] = 2.0
    weights = np.ones((2, 90))
    weights[1, 45:] = 0  # there column 4 is constant, too
    found = train(squared(X, y, weights, np.float32), Architecture(5, (8,), 1), Strengths(), SHORT)
    assert found.networks[0].inputs_used.tolist() == [True, True, True, False, True]
    assert found.networks[1].inputs_used.tolist() == [True, True, True, False, False]
    assert (found.networks[0].weights[0][:, 3] == 0).all()


# ---- Early stopping


def test_early_stopping_restores_the_best_epoch_bit_for_bit() -> None:
    X, y = some_rows(120)
    y = y + np.random.default_rng(8).standard_normal(120)
    held = np.zeros((2, 120))
    held[0, ::4], held[1, 1::4] = 1, 1
    architecture = Architecture(5, (32,), 1)
    recipe = Recipe(epochs=200, batch_size=16, patience=8, schedule="constant")
    problems = squared(X, y, 1 - held, np.float32, held=held)
    found = train(problems, architecture, Strengths(), recipe)
    assert (found.best_epoch < found.epochs).all() and found.epochs < 200
    assert found.best_epoch[0] != found.best_epoch[1]
    for b, best in enumerate(found.best_epoch):
        exactly = train(problems, architecture, Strengths(), replace(recipe, epochs=int(best), patience=None))
        assert np.array_equal(parameters(found, b), parameters(exactly, b))
        rows = held[b] > 0
        error = mean_error(found.networks[b], X[rows], y[rows, None], np.ones(rows.sum()))
        smallest = 2 * found.held_history[:, b].min() * found.networks[b].y_scale[0] ** 2
        assert error == pytest.approx(smallest, rel=1e-5)
        assert found.held_history[:, b].argmin() + 1 == best


def test_without_patience_held_rows_are_only_looked_at() -> None:
    X, y = some_rows()
    held = np.zeros((1, 90))
    held[0, :20] = 1
    problems = squared(X, y, 1 - held, held=held)
    found = train(problems, Architecture(5, (8,), 1), Strengths(), SHORT)
    assert found.epochs == SHORT.epochs == found.best_epoch[0] == len(found.held_history)
    plain = train(squared(X, y, 1 - held), Architecture(5, (8,), 1), Strengths(), SHORT)
    assert np.array_equal(parameters(found), parameters(plain))


# ---- Paths


def test_a_path_leaves_the_constant_model_and_ends_where_a_cold_start_does() -> None:
    X, y = DIABETES
    problems = squared(X, y, dtype=np.float32)
    tests = np.zeros((1, len(X)))
    alphas = grid(problems, Mix(), n_alphas=6)
    path = network_path(problems, tests, alphas * 4, Mix(), Architecture(10, (16,), 1), Recipe(epochs=80))
    assert path.n_nonzero[0] == 0  # every hidden unit is dead
    assert path.n_nonzero[-1] > 20
    assert path.train_error[0] == pytest.approx(y.var(), rel=1e-3)
    assert path.train_error[-1] < 0.6 * y.var()
    used = path.inputs_used.sum(axis=1)
    assert used[0] == 0 and used[-1] == 10
    again = network_path(problems, tests, alphas * 4, Mix(), Architecture(10, (16,), 1), Recipe(epochs=80))
    assert all(np.array_equal(a.weights[0], b.weights[0]) for a, b in zip(path.networks, again.networks))


def test_each_fit_of_a_path_starts_from_its_stronger_neighbour() -> None:
    X, y = some_rows()
    problems, architecture = squared(X, y), Architecture(5, (8,), 1, "tanh")
    tests, alphas, recipe = np.zeros((1, 90)), np.array([0.02, 0.01]), replace(SHORT, epochs=20)
    path = network_path(problems, tests, alphas, Mix(), architecture, recipe)
    first = train(problems, architecture, Strengths(l1=0.02), recipe)
    second = train(problems, architecture, Strengths(l1=0.01), replace(recipe, epochs=10), start=first.stack)
    assert np.array_equal(path.networks[1].weights[0], second.networks[0].weights[0])
    assert path.epochs == 30
    assert second.train_history[0, 0] < 0.7 * first.train_history[0, 0]


def test_the_grid_begins_where_the_lasso_of_the_engine_does() -> None:
    X, y = DIABETES
    alphas = grid(squared(X, y), Mix(), n_alphas=5)
    theirs = bridle.path(X, (y - y.mean()) / y.std()).alphas[0]
    assert alphas[0] == pytest.approx(theirs, rel=1e-10)
    assert alphas[-1] == pytest.approx(theirs / 1000)


def test_a_weight_at_zero_returns_when_the_penalty_weakens() -> None:
    X, y = DIABETES
    problems = squared(X, y)
    strong = train(problems, Architecture(10, (), 1), Strengths(l1=0.3), replace(LINEAR, epochs=300))
    weak = train(
        problems,
        Architecture(10, (), 1),
        Strengths(l1=0.001),
        replace(LINEAR, epochs=300),
        start=strong.stack,
    )
    assert strong.networks[0].n_nonzero < 4 < weak.networks[0].n_nonzero


# ---- Dropout, bad numbers, devices, threads


def test_dropout_is_off_at_prediction_and_keeps_the_mean() -> None:
    X, y = some_rows()
    dropping = Architecture(5, (16,), 1, "tanh", dropout=0.3)
    found = train(squared(X, y), dropping, Strengths(), replace(SHORT, epochs=40))
    network = found.networks[0]
    assert np.array_equal(network.decision(X), network.decision(X))
    draws = network.sampled(X, 4000, seed=1)
    spread = draws.std(axis=0) / np.sqrt(4000)
    assert np.abs(draws.mean(axis=0) - network.decision(X)).max() < 5 * spread.max()
    assert draws.std(axis=0).min() > 0
    module = network.module()
    with torch.no_grad():
        out = module(torch.as_tensor(network.standardized(X))).numpy()
    np.testing.assert_allclose(out * network.y_scale + network.y_mean, network.decision(X), rtol=1e-9)
    without = train(squared(X, y), replace(dropping, dropout=0.0), Strengths(), replace(SHORT, epochs=40))
    assert not np.array_equal(parameters(found), parameters(without))


def test_the_masks_of_training_keep_the_mean_too() -> None:
    X, y = some_rows()
    problems, architecture = squared(X, y), Architecture(5, (6, 5), 1, "identity", dropout=0.4)
    random = torch.Generator().manual_seed(0)
    stack = Stack.initial(problems, architecture, random, torch.float64, "cpu")
    rows = torch.as_tensor(problems.X)
    with torch.no_grad():
        whole = forward(stack, rows, architecture, None).out
        draws = torch.stack([forward(stack, rows, architecture, random).out for _ in range(4000)])
    assert (draws.mean(dim=0) - whole).abs().max() < 5 * draws.std(dim=0).max() / 4000**0.5
    mask = forward(stack, rows, architecture, random).masks[0]
    assert sorted(set(mask.flatten().tolist())) == pytest.approx([0.0, 1 / 0.6])
    assert (mask == 0).double().mean() == pytest.approx(0.4, abs=0.1)


def test_a_loss_that_is_no_number_stops_with_the_step_and_advice() -> None:
    X, y = some_rows()
    recipe = Recipe(solver="sgd", learning_rate=1e9, epochs=50, batch_size=16)
    with pytest.raises(DataError, match=r"in epoch \d+ \(steps [\d,]+ to [\d,]+\).*smaller learning_rate"):
        train(squared(X, y), Architecture(5, (8,), 1), Strengths(), recipe)


def test_a_device_that_is_not_there_is_one_clear_sentence() -> None:
    X, y = some_rows()
    with pytest.raises(UsageError, match=r"There is no device 'moon' here.*use \"cpu\""):
        train(squared(X, y), Architecture(5, (8,), 1), Strengths(), replace(SHORT, device="moon"))


def test_threads_are_given_back_and_seeds_give_the_same_bits() -> None:
    X, y = some_rows()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    state = torch.get_rng_state()
    seen: list[int] = []
    found = train(
        squared(X, y), Architecture(5, (8,), 1, dropout=0.2), Strengths(), SHORT,
        watch=lambda moment: seen.append(torch.get_num_threads()),
    )  # fmt: skip
    assert torch.get_num_threads() == 2 and set(seen) == {1} and len(seen) == SHORT.epochs
    torch.set_num_threads(before)
    assert torch.equal(torch.get_rng_state(), state)  # nobody else's random numbers are taken
    again = train(squared(X, y), Architecture(5, (8,), 1, dropout=0.2), Strengths(), SHORT)
    assert np.array_equal(parameters(found), parameters(again))
    other = train(squared(X, y), Architecture(5, (8,), 1, dropout=0.2), Strengths(), replace(SHORT, seed=1))
    assert not np.array_equal(parameters(found), parameters(other))


def test_batches_cover_every_row_once_an_epoch() -> None:
    # At a learning rate that changes nothing, the mean of the batches' losses is the loss of all rows.
    X, y = some_rows(101)
    weights = np.random.default_rng(0).random((1, 101))
    recipe = Recipe(
        solver="sgd", learning_rate=1e-30, epochs=3, batch_size=10, schedule="constant", momentum=0.0
    )
    found = train(squared(X, y, weights), Architecture(5, (8,), 1), Strengths(), recipe)
    np.testing.assert_allclose(found.train_history[:, 0], found.loss[0], rtol=1e-12)


def test_the_learning_rate_falls_along_the_cosine() -> None:
    # One parameter (no column varies), full batches, no momentum: the bias's path is known in closed form.
    X, y = np.zeros((4, 1)), np.array([0.0, 1.0, 2.0, 5.0])
    problems = squared(X, y, standardize=False)
    recipe = Recipe(solver="sgd", learning_rate=0.3, epochs=5, batch_size=4, momentum=0.0)
    watched: list[float] = []
    stack = train(
        problems, Architecture(1, (), 1), Strengths(), replace(recipe, epochs=1, learning_rate=1e-30)
    ).stack
    with torch.no_grad():
        stack.biases[0].fill_(10.0)
    train(
        problems, Architecture(1, (), 1), Strengths(), recipe, start=stack,
        watch=lambda moment: watched.append(float(moment.network(0).biases[0][0])),
    )  # fmt: skip
    expected = [10.0]
    for epoch in range(5):
        rate = 0.3 * 0.5 * (1 + np.cos(np.pi * epoch / 5))
        expected.append(expected[-1] - rate * (expected[-1] - 2.0))
    np.testing.assert_allclose(watched, expected[1:], rtol=1e-12)
    assert all(a > b for a, b in pairwise(watched))
