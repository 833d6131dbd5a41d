"""The steps of ``bridle.descend`` are torch's: coupled and decoupled decay, momentum, the proximal step, to 1e-12."""

import numpy as np
import pytest
import torch
from torch import nn

import bridle
from bridle.torch.proximal import Proximal

ALPHA, LR, STEPS = 0.3, 0.03, 60
START = [2.0, -1.0, 0.5]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30, 3)) * [1.0, 2.0, 0.5]
    return X, X @ [1.5, 0.0, -2.0] + rng.normal(size=30)


def positions(make, rows, *, decay=0.0, steps=STEPS):
    """Where torch's optimizer takes the weights on the mean squared error; ``decay`` shrinks them beside the step."""
    X, y = (torch.tensor(one) for one in rows)
    w = nn.Parameter(torch.tensor([START], dtype=torch.float64))  # (1, 3), as a Linear has it
    optimizer = make([w])
    out = [w.detach().numpy().ravel().copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.mse_loss((X @ w.T)[:, 0], y).backward()
        shrunk = decay * w.detach()
        optimizer.step()
        with torch.no_grad():
            w -= shrunk
        out.append(w.detach().numpy().ravel().copy())
    return np.array(out)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize("foreach", [False, True])
def test_coupled_decay_is_torchs_weight_decay_of_twice_alpha(rows, momentum, foreach):
    """The lesson's alpha stands beside w^2, torch's weight_decay beside half of it."""
    ours = bridle.descend(
        *rows, alpha=ALPHA, penalty="l2", decay="coupled", lr=LR, steps=STEPS, start=START, momentum=momentum
    )
    theirs = positions(
        lambda p: torch.optim.SGD(p, lr=LR, momentum=momentum, weight_decay=2 * ALPHA, foreach=foreach), rows
    )
    np.testing.assert_allclose(ours.positions, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_decoupled_decay_shrinks_beside_torchs_step(rows, momentum):
    ours = bridle.descend(
        *rows,
        alpha=ALPHA,
        penalty="l2",
        decay="decoupled",
        lr=LR,
        steps=STEPS,
        start=START,
        momentum=momentum,
    )
    theirs = positions(lambda p: torch.optim.SGD(p, lr=LR, momentum=momentum), rows, decay=2 * ALPHA * LR)
    np.testing.assert_allclose(ours.positions, theirs, rtol=0, atol=1e-12)
    coupled = positions(lambda p: torch.optim.SGD(p, lr=LR, momentum=momentum, weight_decay=2 * ALPHA), rows)
    assert (abs(coupled - theirs).max() > 1e-3) == (momentum > 0)


def test_decoupled_decay_is_adamws_when_its_step_is_the_gradients(rows):
    """AdamW without memory, with an eps that drowns the gradient's size: lr/eps times the gradient, the decay beside it."""
    eps = 1e9
    theirs = positions(
        lambda p: torch.optim.AdamW(
            p, lr=LR, betas=(0.0, 0.0), eps=1.0, weight_decay=2 * ALPHA
        ),
        rows,
        steps=1,
    )  # fmt: skip
    X, y = rows
    gradient = 2 / len(y) * X.T @ (X @ START - y)
    start = np.array(START)
    np.testing.assert_allclose(
        theirs[1], start * (1 - 2 * ALPHA * LR) - LR * gradient / (abs(gradient) + 1.0), rtol=0, atol=1e-12
    )
    step = bridle.descend(*rows, alpha=ALPHA, penalty="l2", decay="decoupled", lr=LR, steps=1, start=START)
    np.testing.assert_allclose(step.penalty_steps[0], -2 * ALPHA * LR * start, rtol=0, atol=1e-15)
    drowned = positions(
        lambda p: torch.optim.AdamW(p, lr=LR * eps, betas=(0.0, 0.0), eps=eps, weight_decay=2 * ALPHA / eps),
        rows,
    )
    ours = bridle.descend(
        *rows, alpha=ALPHA, penalty="l2", decay="decoupled", lr=LR, steps=STEPS, start=START
    )
    np.testing.assert_allclose(ours.positions, drowned, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("penalty", "strength"), [("l1", {"l1": ALPHA}), ("l2", {"l2": 2 * ALPHA})])
def test_the_proximal_step_is_the_wrapped_optimizers(rows, penalty, strength):
    ours = bridle.descend(
        *rows, alpha=ALPHA, penalty=penalty, method="proximal", lr=LR, steps=STEPS, start=START
    )
    theirs = positions(lambda p: Proximal(torch.optim.SGD(p, lr=LR), **strength), rows)
    np.testing.assert_allclose(ours.positions, theirs, rtol=0, atol=1e-12)
    assert ((ours.positions == 0) == (theirs == 0)).all()


def test_the_subgradient_step_is_autograds(rows):
    X, y = (torch.tensor(one) for one in rows)
    w = nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = torch.optim.SGD([w], lr=LR)
    ours = bridle.descend(
        *rows, alpha=ALPHA, penalty="l1", method="subgradient", lr=LR, steps=STEPS, start=START
    )
    for step in range(STEPS):
        np.testing.assert_allclose(ours.positions[step], w.detach().numpy(), rtol=0, atol=1e-12)
        optimizer.zero_grad()
        (nn.functional.mse_loss(X @ w, y) + ALPHA * w.abs().sum()).backward()
        optimizer.step()
