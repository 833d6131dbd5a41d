"""Where training ends: at the engine's and scikit-learn's certified answers; and what torch does around a step."""

import copy
import warnings

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes
from sklearn.linear_model import MultiTaskLasso
from torch import nn

import bridle
from bridle.torch.decay import decay_groups
from bridle.torch.proximal import Proximal

DOUBLE = torch.float64


@pytest.fixture(scope="module")
def diabetes():
    """Columns and target of mean 0 and standard deviation 1: 442 rows, 10 columns."""
    X, y = load_diabetes(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, (y - y.mean()) / y.std()


def engine(X: np.ndarray, y: np.ndarray, l1: float, l2: float) -> np.ndarray:
    """The engine's certified coefficients."""
    path = bridle.path(X, y, alphas=[l1 + l2], l1_ratio=l1 / (l1 + l2), standardize=False)
    return np.asarray(path.coefs[0])


def descend(optimizer, layer, X, y, steps, *, cosine=True):
    """Full batches of half the mean squared error; the rate falls to nothing at the end."""
    rate = optimizer.param_groups[0]["lr"]
    for step in range(steps):
        if cosine:
            for group in optimizer.param_groups:
                group["lr"] = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        optimizer.zero_grad()
        loss = (layer(X) - y).square().sum(dim=1).mean() / 2
        loss.backward()
        optimizer.step()
    return layer.weight.detach().numpy()


def linear(X, outputs=1, seed=0):
    torch.manual_seed(seed)
    return nn.Linear(X.shape[1], outputs).to(DOUBLE)


OPTIMIZERS = {
    "sgd": (lambda p: torch.optim.SGD(p, lr=0.2), 500, False),
    "momentum": (lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9), 500, False),
    "dampening": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, dampening=0.5), 500, False),
    "nesterov": (lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True), 500, False),
    "adam": (lambda p: torch.optim.Adam(p, lr=0.02), 500, True),
    "amsgrad": (lambda p: torch.optim.Adam(p, lr=0.02, amsgrad=True), 500, True),
    "adamw": (lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.0), 500, True),
    "nadam": (lambda p: torch.optim.NAdam(p, lr=0.02), 700, True),
    "radam": (lambda p: torch.optim.RAdam(p, lr=0.02), 1500, True),
    "adamax": (lambda p: torch.optim.Adamax(p, lr=0.02), 1500, True),
    "rmsprop": (lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5), 1000, True),
    "adagrad": (lambda p: torch.optim.Adagrad(p, lr=0.5), 500, False),
}


@pytest.mark.parametrize(("l1", "l2"), [(0.1, 0.0), (0.05, 0.1)], ids=["lasso", "elastic-net"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_full_batches_end_at_the_engines_answer(diabetes, name, l1, l2):
    X, y = diabetes
    exact = engine(X, y, l1, l2)
    make, steps, cosine = OPTIMIZERS[name]
    layer = linear(X)
    optimizer = Proximal(make(decay_groups(layer, l1=l1, l2=l2)))
    found = descend(optimizer, layer, torch.tensor(X), torch.tensor(y)[:, None], steps, cosine=cosine)[0]
    assert 0 < (exact == 0).sum() < 10
    np.testing.assert_allclose(found, exact, atol=1e-5)
    assert ((found == 0) == (exact == 0)).all()


def test_the_penalty_and_the_loss_together_are_the_engines_objective(diabetes):
    X, y = diabetes
    exact = engine(X, y, 0.05, 0.1)
    layer = linear(X)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(exact)[None])
    optimizer = Proximal(torch.optim.SGD(decay_groups(layer, l1=0.05, l2=0.1), lr=0.1))
    assert optimizer.penalty().item() == pytest.approx(0.05 * abs(exact).sum() + 0.05 * (exact**2).sum())


@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_groups_of_inputs_end_at_the_multi_task_lasso(diabetes, name):
    """Its penalty is the sum over columns of the norm over targets, ours counts sqrt(targets) more."""
    X = diabetes[0]
    targets = X[:, [2, 8, 3]] @ np.array([[1.0, 0.3, 0.0], [0.5, -1.0, 0.2], [0.1, 0.0, 2.0]])
    Y = targets + np.random.default_rng(0).normal(size=targets.shape)
    Y -= Y.mean(axis=0)
    alpha = 0.4
    exact = MultiTaskLasso(alpha=alpha, tol=1e-14, max_iter=100_000).fit(X, Y).coef_
    make, steps, cosine = OPTIMIZERS[name]
    steps *= 4  # the norms of Adam's metric differ between the targets of a column
    layer = linear(X, outputs=3)
    groups = decay_groups(layer, group=alpha / np.sqrt(3), groups="inputs")
    found = descend(Proximal(make(groups)), layer, torch.tensor(X), torch.tensor(Y), steps, cosine=cosine)
    dead = (exact == 0).all(axis=0)
    assert 0 < dead.sum() < 10
    np.testing.assert_allclose(found, exact, atol=1e-5)
    assert ((found == 0).all(axis=0) == dead).all()


def test_ridge_by_weight_decay_is_the_engines_ridge(diabetes):
    X, y = diabetes
    exact = engine(X, y, 0.0, 0.3)
    layer = linear(X)
    optimizer = torch.optim.SGD(decay_groups(layer, weight_decay=0.3), lr=0.3)
    found = descend(optimizer, layer, torch.tensor(X), torch.tensor(y)[:, None], 1000, cosine=False)[0]
    np.testing.assert_allclose(found, exact, atol=1e-6)


def test_ridge_by_the_proximal_part_and_by_coupled_decay_together(diabetes):
    """The wrapped optimizer's coupled decay and l2 add up."""
    X, y = diabetes
    exact = engine(X, y, 0.05, 0.3)
    layer = linear(X)
    optimizer = Proximal(
        torch.optim.SGD(decay_groups(layer, weight_decay=0.2, l1=0.05, l2=0.1), lr=0.05, momentum=0.9)
    )
    found = descend(optimizer, layer, torch.tensor(X), torch.tensor(y)[:, None], 500, cosine=False)[0]
    np.testing.assert_allclose(found, exact, atol=1e-8)


def test_a_weight_at_zero_comes_back(diabetes):
    X, y = diabetes
    layer = linear(X)
    optimizer = Proximal(torch.optim.Adam(decay_groups(layer, l1=10.0), lr=0.02))
    data = torch.tensor(X), torch.tensor(y)[:, None]
    assert (descend(optimizer, layer, *data, 300, cosine=False) == 0).all()
    optimizer.param_groups[0]["l1"] = 0.1
    found = descend(optimizer, layer, *data, 600)[0]
    np.testing.assert_allclose(found, engine(X, y, 0.1, 0.0), atol=1e-5)


def test_the_engines_zeros_do_not_come_from_an_l1_term_in_the_loss(diabetes):
    """What the wrapper is for: the same penalty by autograd hovers and never lands."""
    X, y = diabetes
    layer = linear(X)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
    for _ in range(500):
        optimizer.zero_grad()
        loss = (layer(torch.tensor(X))[:, 0] - torch.tensor(y)).square().mean() / 2
        (loss + 0.1 * layer.weight.abs().sum()).backward()
        optimizer.step()
    assert layer.weight.count_nonzero() == 10


# What torch does around a step


def network(dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2)).to(dtype)


def rows(seed=0, n=64, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, 6, generator=generator).to(dtype)
    return X, (X[:, :2] * 2 + 0.1).to(dtype)


MAKERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
}


def wrapped(model, make, **strengths):
    return Proximal(make(decay_groups(model, **(strengths or {"l1": 0.01, "l2": 0.01}))))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("clip", [False, True])
def test_accumulated_and_clipped_gradients_are_one_large_batch(make, clip):
    models = [network(DOUBLE) for _ in range(2)]
    optimizers = [wrapped(model, make, l1=0.01, group=0.002) for model in models]
    for step in range(20):
        X, y = rows(step, dtype=DOUBLE)
        for model, optimizer, parts in zip(models, optimizers, (1, 4)):
            optimizer.zero_grad()
            for x_part, y_part in zip(X.chunk(parts), y.chunk(parts)):
                (nn.functional.mse_loss(model(x_part), y_part) / parts).backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            optimizer.step()
    for one, other in zip(*(model.parameters() for model in models)):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)
        assert torch.equal(one == 0, other == 0)
    assert (models[0][0].weight == 0).any()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("foreach", [False, True])
def test_one_group_or_many_foreach_or_not(make, foreach):
    models = [network() for _ in range(2)]
    one = Proximal(make(models[0].parameters()), l1=0.01)
    many = Proximal(
        make([{"params": [p], "foreach": foreach} for p in models[1].parameters() if p.ndim == 2]), l1=0.01
    )
    many.add_param_group({"params": [p for p in models[1].parameters() if p.ndim == 1], "l1": 0.0})
    for step in range(10):
        X, y = rows(step)
        for model, optimizer in zip(models, (one, many)):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(X), y).backward()
            optimizer.step()
    for a, b in zip(*(model.parameters() for model in models)):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_scaled_gradients_and_a_step_that_is_skipped(make):
    models = [network() for _ in range(2)]
    scaled, plain = (wrapped(model, make) for model in models)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8)
    for step in range(8):
        X, y = rows(step)
        before = copy.deepcopy(models[0].state_dict())
        scaled.zero_grad()
        scaler.scale(nn.functional.mse_loss(models[0](X), y)).backward()
        if step == 3:
            models[0][0].weight.grad[0, 0] = float("inf")
        scaler.step(scaled)
        scaler.update()
        if step == 3:
            assert all(torch.equal(a, b) for a, b in zip(before.values(), models[0].state_dict().values()))
            continue
        plain.zero_grad()
        nn.functional.mse_loss(models[1](X), y).backward()
        plain.step()
    for a, b in zip(*(model.parameters() for model in models)):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_autocast_and_parameters_of_sixteen_bits():
    model = network()
    optimizer = wrapped(model, MAKERS["adam"], l1=0.05)
    for step in range(200):
        X, y = rows(step)
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.mse_loss(model(X).float(), y)
        loss.backward()
        optimizer.step()
    assert model[0].weight.dtype is torch.float32
    assert (model[0].weight[:, 2:] == 0).float().mean() > 0.8  # columns that mean nothing
    small = network(torch.bfloat16)
    optimizer = wrapped(small, MAKERS["adam"], l1=0.05)
    for step in range(200):
        X, y = rows(step, dtype=torch.bfloat16)
        optimizer.zero_grad()
        nn.functional.mse_loss(small(X), y).backward()
        optimizer.step()
    assert (small[0].weight[:, 2:] == 0).float().mean() > 0.5 and small[0].weight.isfinite().all()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_compiled_models_train_alike(make):
    """By the "aot_eager" backend: the same graphs, without a C++ compiler."""
    models = [network(), network()]
    compiled = torch.compile(models[1], backend="aot_eager")
    groups = [decay_groups(model, l1=0.01, group=0.002) for model in (models[0], compiled)]
    assert [row.name for row in groups[0].table] == [row.name for row in groups[1].table]
    optimizers = [Proximal(make(one)) for one in groups]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in range(6):
            X, y = rows(step)
            for model, optimizer in zip((models[0], compiled), optimizers):
                optimizer.zero_grad()
                nn.functional.mse_loss(model(X), y).backward()
                optimizer.step()
    for a, b in zip(*(model.parameters() for model in models)):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_inputs_that_mean_nothing_vanish():
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(256, 10, generator=generator)
    y = torch.tanh(X[:, :1] - X[:, 1:2])
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = Proximal(
        torch.optim.Adam(
            [
                {"params": [model[0].weight], "group": 0.02, "groups": "inputs"},
                {"params": [model[2].weight], "l2": 1e-2},
                {"params": [model[0].bias, model[2].bias], "l1": 0.0},
            ],
            lr=0.01,
        )
    )
    for _ in range(600):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(X), y).backward()
        optimizer.step()
    dead = (model[0].weight == 0).all(dim=0)
    assert dead.tolist() == [False] * 2 + [True] * 8
    assert optimizer.sparsity().rows[0].zero_groups == 8
    assert nn.functional.mse_loss(model(X), y).item() < 0.05
