"""The torch rows of the conventions: torch's own runs end where bridle's objective says, at the converted strength."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

import bridle.torch as bt
from bridle.conventions import Strength, code, convert, from_bridle, to_bridle
from bridle.errors import UsageError


def data(seed=0, n=60, p=5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.array([1, 2, 0.5, 1.5, 1])[:p] + 0.5 * rng.normal(size=p)
    return X, 3 + X @ np.array([1.5, 0, -1, 0.5, 1])[:p] + rng.normal(size=n)


def violation(X, y, b0, b, strength):
    """The distance of bridle's subdifferential from zero at (b0, b), in units of the null model's gradient."""
    residual = y - b0 - X @ b
    gradient = X.T @ residual / len(y) - strength.l2 * b
    off = np.where(
        b == 0, np.maximum(abs(gradient) - strength.l1, 0), abs(gradient - strength.l1 * np.sign(b))
    )
    return float(max(off.max(), abs(residual.mean())) / abs(X.T @ (y - y.mean()) / len(y)).max())


def rest(line, X, y, *, half, lr, steps=4000):
    """Where the optimizer that a line of code makes comes to rest, with a rate that falls to nothing."""
    torch.manual_seed(0)
    model = nn.Linear(X.shape[1], 1).double()
    names = {"torch": torch, "bt": bt, "model": model, "w": model.weight, "b": model.bias, "lr": lr}
    optimizer = eval(line.partition("  #")[0], names)
    inputs, target = torch.tensor(X), torch.tensor(y)[:, None]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: 1e-9 ** max(0.0, k / steps - 0.5))
    for _ in range(steps):
        optimizer.zero_grad()
        (nn.functional.mse_loss(model(inputs), target) / (2 if half else 1)).backward()
        optimizer.step()
        schedule.step()
    return model.bias.item(), model.weight.detach().numpy()[0]


@pytest.mark.parametrize(
    ("convention", "half", "lr"),
    [
        ("sgd-weight-decay", True, 0.1),
        ("torch-mse-weight-decay", False, 0.05),
        ("torch-adam-weight-decay", False, 0.02),
    ],
)
def test_coupled_weight_decay_is_the_ridge_that_the_table_says(convention, half, lr):
    X, y = data()
    strength = to_bridle(convention, {"weight_decay": 0.4})
    line = code(convention, from_bridle(convention, strength))
    b0, b = rest(line, X, y, half=half, lr=lr)
    assert violation(X, y, b0, b, strength) < 1e-7
    assert violation(X, y, b0, b, Strength(1.01 * strength.alpha, 0.0)) > 1e-4


@pytest.mark.parametrize("settings", [{"l1": 0.3}, {"l2": 0.4}, {"l1": 0.2, "l2": 0.3}])
def test_bridles_own_strengths_for_networks_are_its_strengths(settings):
    X, y = data()
    strength = to_bridle("bridle-torch", settings)
    line = code("bridle-torch", from_bridle("bridle-torch", strength))
    b0, b = rest(line, X, y, half=True, lr=0.02)
    assert violation(X, y, b0, b, strength) < 1e-7
    assert violation(X, y, b0, b, Strength(1.01 * strength.alpha, strength.l1_ratio)) > 1e-4
    assert (b == 0).any() == ("l1" in settings)


def test_beside_the_log_loss_they_are_those_of_a_logistic_regression():
    X, y = data()
    classes = (y > np.median(y)).astype(float)
    C = 0.3
    theirs = LogisticRegression(C=C, tol=1e-12, solver="newton-cholesky").fit(X, classes)
    settings = convert("sklearn-logistic", "bridle-torch", {"C": C, "l1_ratio": 0.0}, rows=60)
    model = nn.Linear(5, 1).double()
    optimizer = bt.Proximal(torch.optim.SGD(bt.decay_groups(model, **settings), lr=0.3, momentum=0.9))
    for _ in range(2000):
        optimizer.zero_grad()
        logits = model(torch.tensor(X))[:, 0]
        nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(classes)).backward()
        optimizer.step()
    np.testing.assert_allclose(model.weight.detach().numpy(), theirs.coef_, atol=1e-7)


def test_where_adamw_rests_no_ridge_is_stationary():
    """Its pull on a weight, over the weight, is another one for every weight; Adam's is one number."""
    X, y = data()
    pulls = []
    for kind in ("Adam", "AdamW"):
        line = f'torch.optim.{kind}([{{"params": [w], "weight_decay": 0.4}}, {{"params": [b]}}], lr=lr)'
        b0, b = rest(line, X, y, half=True, lr=0.02)
        pulls.append(X.T @ (y - b0 - X @ b) / len(y) / b)
    assert np.ptp(pulls[0]) < 1e-5 and pulls[0].mean() == pytest.approx(0.4, abs=1e-5)
    assert np.ptp(pulls[1]) > 1e-3
    with pytest.raises(UsageError, match=r"bridle\.torch\.Proximal"):
        to_bridle("adamw", {"weight_decay": 0.4})
