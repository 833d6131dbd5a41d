"""The proximal maps against an interior point, the step sizes against torch's steps, the wrapper against torch's rules."""

import copy
import io
import math
import pickle

import cvxpy
import numpy as np
import pytest
import torch
from torch import nn

from bridle.errors import UsageError
from bridle.torch.fused import Job, apply
from bridle.torch.metrics import SUM, StepSize, before_step, rule_of
from bridle.torch.penalties import Penalty, elastic_net, group_norms, keep_axes, soft_threshold
from bridle.torch.proximal import Proximal

DOUBLE = torch.float64


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = DOUBLE) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


# The maps


def minimizer(v: np.ndarray, t: np.ndarray, l1: float, l2: float, group: float, axis: int) -> np.ndarray:
    """Of sum (u - v)^2 / (2 t) + l1 |u| + l2/2 u^2 + group sqrt(size) ||u_g||, by an interior point."""
    u = cvxpy.Variable(v.shape)
    size = v.shape[1 - axis]
    norms = cvxpy.norm(u, axis=1 - axis)
    cost = cvxpy.sum(cvxpy.multiply(0.5 / t, cvxpy.square(u - v))) + l1 * cvxpy.sum(cvxpy.abs(u))
    cost += l2 / 2 * cvxpy.sum_squares(u) + group * math.sqrt(size) * cvxpy.sum(norms)
    cvxpy.Problem(cvxpy.Minimize(cost)).solve(solver=cvxpy.CLARABEL)
    return np.asarray(u.value)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("l1", "l2", "group"),
    [(0.4, 0.0, 0.0), (0.3, 0.8, 0.0), (0.0, 0.0, 1.4), (0.0, 0.6, 1.4), (0.3, 0.0, 0.4), (0.2, 0.7, 0.4)],
)
def test_the_maps_minimize_what_they_say_in_every_metric(l1, l2, group, axis):
    v = normal(6, 5, seed=1)
    t = torch.exp(normal(6, 5, seed=2))
    found = Penalty(l1, l2, group, (axis,)).proximal(v, t)
    wanted = minimizer(v.numpy(), t.numpy(), l1, l2, group, axis)
    assert (found == 0).any()
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-4)
    assert_stationary(found, v, t, l1, l2, group, axis)


def assert_stationary(u, v, t, l1, l2, group, axis):
    """0 in (u - v)/t + l2 u + l1 sign + group sqrt(size) u/||u||, to the last digits: at a zero group, ||b|| <= s."""
    s = group * math.sqrt(u.shape[1 - axis])
    norms = u.norm(dim=1 - axis, keepdim=True).expand_as(u)
    pull = (v - u) / t - l2 * u
    alive = norms > 0
    smooth = pull - l1 * u.sign() - s * u / torch.where(alive, norms, torch.ones_like(norms))
    at_zero = (pull.abs() - l1).clamp(min=0)
    off = torch.where(u != 0, smooth.abs(), at_zero)
    scale = 1 + (v / t).abs()
    assert (off[alive] / scale[alive]).max() < 1e-12 if alive.any() else True
    outside = at_zero.norm(dim=1 - axis, keepdim=True).expand_as(u)
    assert (outside[~alive] <= s * (1 + 1e-12) + 1e-15).all()


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("share", [1e-6, 0.3, 0.99, 0.999999])
def test_the_norms_solve_their_equation_however_different_the_metrics_are(spread, share):
    b = normal(40, 60)
    e = 10 ** (spread * normal(40, 60, seed=3))
    s = share * b.norm(dim=1, keepdim=True)
    n = group_norms(b, e, s, (1,))
    assert (n > 0).all()
    assert ((b / (n * e + s)).norm(dim=1) - 1).abs().max() < 1e-12


def test_a_group_is_zero_exactly_where_the_metric_says():
    v, t = normal(1, 4), torch.exp(normal(1, 4, seed=5))
    edge = float((v / t).norm()) / 2  # sqrt(size) is 2
    inside, outside = (Penalty(group=edge * (1 + d)).proximal(v, t) for d in (1e-12, -1e-12))
    assert (inside == 0).all() and (outside != 0).all()


def test_in_one_metric_the_group_map_is_the_block_soft_threshold():
    v = normal(3, 4, 5, seed=4)
    for groups, axes in (((0, 2), (1,)), ("neurons", (1, 2)), ("inputs", (0, 2)), ((0, 1), (2,))):
        size = math.prod(v.shape[a] for a in axes)
        norms = v.norm(dim=axes, keepdim=True)
        wanted = v * torch.clamp(1 - 0.7 * 0.6 * math.sqrt(size) / norms, min=0)
        torch.testing.assert_close(
            Penalty(group=0.6, groups=groups).proximal(v, 0.7), wanted, atol=1e-14, rtol=0
        )


def test_values_by_hand_and_gradients():
    w = torch.tensor([[3.0, 4.0], [0.0, -1.0]], dtype=DOUBLE, requires_grad=True)
    penalty = Penalty(l1=2.0, l2=3.0, group=0.5)
    value = penalty.value(w)
    assert value.item() == pytest.approx(2 * 8 + 1.5 * 26 + 0.5 * math.sqrt(2) * 6)
    value.backward()
    assert w.grad[0, 0].item() == pytest.approx(2 + 9 + 0.5 * math.sqrt(2) * 0.6)
    stacked = Penalty(l1=torch.tensor([1.0, 10.0])[:, None, None]).value(torch.ones(2, 2, 3))
    assert stacked.item() == 66.0


def test_what_is_no_group_is_refused():
    assert keep_axes("channels", 4) == (0,) and keep_axes([0, 2], 3) == (0, 2)
    for groups, ndim in (("rows", 2), ("inputs", 1), ((), 2), ((3,), 2)):
        with pytest.raises(UsageError, match="groups"):
            keep_axes(groups, ndim)


# In place: every route is the same map


def steps_of(p: torch.Tensor, kind: str) -> tuple[StepSize, torch.Tensor]:
    """A step of a kind, and its size coordinate by coordinate."""
    square = normal(*p.shape, seed=7).square().to(p.dtype)
    mean = (0.3 * square.sqrt()).contiguous()
    step = {
        "flat": StepSize(0.05),
        "square": StepSize(0.01, 0.003, square=square),
        "centered": StepSize(0.01, 0.003, square=square, mean=mean),
        "plain": StepSize(0.01, 0.003, plain=square),
    }[kind]
    root = {
        "flat": torch.zeros_like(p), "square": square.sqrt(),
        "centered": (square - mean.square()).sqrt(), "plain": square,
    }[kind].double()  # fmt: skip
    return step, step.scale / (root + step.offset)


@pytest.mark.parametrize("kind", ["flat", "square", "centered", "plain"])
@pytest.mark.parametrize(
    ("l1", "l2", "group"),
    [(3.0, 0.0, 0.0), (0.0, 2.0, 0.0), (3.0, 2.0, 0.0), (0.0, 0.0, 1.0), (1.0, 2.0, 1.0)],
)
@pytest.mark.parametrize("shape", [(7, 5), (300, 1000)])
def test_in_place_is_the_map(kind, l1, l2, group, shape):
    p = normal(*shape)
    step, t = steps_of(p, kind)
    wanted = Penalty(l1, l2, group).proximal(p, t)
    others = [normal(3, 2, seed=9), normal(4, seed=8)]
    extra = [Job(one, steps_of(one, kind)[0], l1, l2, group) for one in others]
    apply([*extra, Job(p, step, l1, l2, group)])
    torch.testing.assert_close(p, wanted, rtol=1e-11, atol=1e-12)
    assert torch.equal(p == 0, wanted == 0)


@pytest.mark.parametrize("kind", ["flat", "square"])
@pytest.mark.parametrize("shape", [(4, 6, 5), (4, 300, 250)])
@pytest.mark.parametrize("groups", [(0, 1), (0, 2)])
def test_strengths_of_a_stack_count_each_for_its_own(kind, shape, groups):
    p = normal(*shape)
    step, t = steps_of(p, kind)
    l1, l2, group = (torch.rand(4, 1, 1, generator=torch.Generator().manual_seed(k)) for k in range(3))
    wanted = [
        Penalty(float(l1[b]), float(l2[b]), float(group[b]), tuple(a - 1 for a in groups[1:])).proximal(
            p[b], t[b]
        )
        for b in range(4)
    ]
    plain = [elastic_net(p[b], t[b], float(l1[b]), float(l2[b])) for b in range(4)]
    q = p.clone()
    apply([Job(p, step, l1, l2, group, groups), Job(q, step, l1, l2)])
    torch.testing.assert_close(p, torch.stack(wanted), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(q, torch.stack(plain), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("group", [0.0, 0.5])
def test_sixteen_bits_are_taken_to_thirty_two(dtype, group):
    p = normal(8, 6).to(dtype)
    step, _ = steps_of(p, "square")
    t = step.scale / (step.square.float().sqrt() + step.offset)
    wanted = Penalty(2.0, 1.0, group).proximal(p.float(), t).to(dtype)
    apply([Job(p, step, 2.0, 1.0, group)])
    assert p.dtype is dtype
    torch.testing.assert_close(p, wanted, rtol=1e-2, atol=1e-6)
    assert torch.equal(p == 0, wanted == 0)


@pytest.mark.parametrize("shape", [(5, 3), (600, 600)])
@pytest.mark.parametrize("kind", ["flat", "square"])
def test_what_is_no_number_stays_none_and_other_layouts_work(shape, kind):
    p = normal(*shape)
    p[0, 1] = math.nan
    step, _ = steps_of(p, kind)
    apply([Job(p, step, 1.0, 0.5)])
    assert p.isnan().sum() == 1
    p, turned = normal(*shape), normal(*shape).t().contiguous().t()
    step, t = steps_of(p, kind)
    wanted = elastic_net(p, t, 1.0, 0.5)
    apply([Job(turned, step, 1.0, 0.5)])
    torch.testing.assert_close(turned, wanted, rtol=1e-11, atol=1e-12)


# The step sizes: torch's own displacement under a gradient that never changes, coordinate by coordinate

OPTIMIZERS = [
    (torch.optim.SGD, {}),
    (torch.optim.SGD, {"momentum": 0.9}),
    (torch.optim.SGD, {"momentum": 0.8, "dampening": 0.3}),
    (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (torch.optim.SGD, {"momentum": 0.9, "foreach": True}),
    (torch.optim.SGD, {"momentum": 0.9, "fused": True}),
    (torch.optim.Adam, {}),
    (torch.optim.Adam, {"amsgrad": True, "betas": (0.0, 0.8)}),
    (torch.optim.Adam, {"eps": 0.1, "foreach": True}),
    (torch.optim.Adam, {"eps": 0.1, "fused": True}),
    (torch.optim.Adam, {"lr": torch.tensor(0.02), "foreach": False}),
    (torch.optim.AdamW, {"weight_decay": 0.0, "betas": (0.0, 0.9)}),
    (torch.optim.NAdam, {"eps": 0.1}),
    (torch.optim.NAdam, {"foreach": True, "betas": (0.8, 0.9)}),
    (torch.optim.RAdam, {"eps": 0.1}),
    (torch.optim.RAdam, {"betas": (0.9, 0.5)}),
    (torch.optim.Adamax, {"eps": 0.1}),
    (torch.optim.RMSprop, {"eps": 0.1}),
    (torch.optim.RMSprop, {"centered": True, "eps": 0.1}),
    (torch.optim.Adagrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.3}),
]


@pytest.mark.parametrize(("kind", "settings"), OPTIMIZERS)
def test_the_step_size_is_what_torch_multiplies_a_lasting_gradient_by(kind, settings):
    gradient = torch.exp(2 * normal(4, 3)) * normal(4, 3, seed=6).sign()
    p = nn.Parameter(normal(4, 3, seed=5))
    optimizer = kind([p], **({"lr": 0.02} | settings))
    rule, group = rule_of(optimizer), optimizer.param_groups[0]
    for step in range(14):
        if step == 9 and not torch.is_tensor(group["lr"]):
            group["lr"] = 0.05  # a schedule
        if step == 5 and settings.get("amsgrad"):
            gradient = gradient / 10  # what was the largest stays
        before = p.detach().clone()
        p.grad = gradient.clone()
        before_step(optimizer, [group])
        optimizer.step()
        (size,) = rule(group, [optimizer.state.get(p) or {}])
        root = torch.zeros_like(before)
        if size.square is not None:
            root = (size.square - (0 if size.mean is None else size.mean.square())).clamp(min=0).sqrt()
        root = root if size.plain is None else size.plain
        found = size.scale / (root + size.offset)
        torch.testing.assert_close(
            (before - p.detach()) / gradient, found.expand_as(before), rtol=1e-6, atol=1e-10
        )


def test_a_buffer_of_unknown_age_counts_as_one_at_rest_and_rmsprops_gets_there():
    p = nn.Parameter(normal(3, 2))
    plain = torch.optim.SGD([p], lr=0.1, momentum=0.9, dampening=0.5)
    for _ in range(3):
        p.grad = torch.ones_like(p)
        plain.step()
    before_step(plain, plain.param_groups)
    assert plain.state[p][SUM] == pytest.approx(5.0)
    optimizer = torch.optim.RMSprop([p], lr=0.01, momentum=0.9, alpha=0.5)
    for _ in range(300):
        before = p.detach().clone()
        p.grad = torch.full_like(p, 2.0)
        before_step(optimizer, optimizer.param_groups)
        optimizer.step()
        (size,) = rule_of(optimizer)(optimizer.param_groups[0], [optimizer.state[p]])
    found = size.scale / (size.square.sqrt() + size.offset)
    torch.testing.assert_close((before - p.detach()) / 2, found, rtol=1e-10, atol=0)


def test_other_optimizers_need_step_sizes_and_get_them():
    p = nn.Parameter(torch.full((2, 2), 0.3))
    with pytest.raises(UsageError, match="Rprop are not known"):
        Proximal(torch.optim.Rprop([p]))

    class Own(torch.optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    class Renamed(torch.optim.SGD):
        pass

    with pytest.raises(UsageError, match="Own"):
        Proximal(Own([p], lr=0.1))
    Proximal(Renamed([p], lr=0.1))
    for size in (0.1, torch.tensor([[0.1, 0.0], [0.1, 0.1]])):
        p = nn.Parameter(torch.full((2, 2), 0.3))
        optimizer = Proximal(Own([p], lr=0.1), l1=1.0, step_sizes=lambda group, q, state, size=size: size)
        p.grad = torch.zeros_like(p)
        optimizer.step()
        wanted = soft_threshold(torch.full((2, 2), 0.3), torch.as_tensor(size).expand(2, 2))
        torch.testing.assert_close(p.detach(), wanted)


# The wrapper is an optimizer


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 2))


def batch(seed: int = 0, n: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 6, generator=generator), torch.randn(n, 2, generator=generator)


def train(model: nn.Module, optimizer: Proximal, steps: int, start: int = 0) -> None:
    for step in range(start, start + steps):
        X, y = batch(step)
        optimizer.zero_grad()
        nn.functional.mse_loss(model(X), y).backward()
        optimizer.step()


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values()))


MAKERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("tensor", [False, True])
def test_saved_and_resumed_it_goes_on_bit_by_bit(make, tensor):
    def fresh() -> tuple[nn.Module, Proximal]:
        model = network()
        l1 = torch.linspace(0.01, 0.05, 8)[:, None] if tensor else 0.02
        first = {"params": [model[0].weight], "l1": l1, "group": 0.01}
        rest = {"params": [p for p in model.parameters() if p is not model[0].weight]}
        return model, Proximal(make([first, rest]), l2=0.03)

    model, optimizer = fresh()
    train(model, optimizer, 7)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    train(model, optimizer, 6, start=7)
    other, resumed = fresh()
    for group in resumed.param_groups:
        group["l1"] = 99.0  # what was saved rules
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    other.load_state_dict(saved["model"])
    resumed.load_state_dict(saved["optimizer"])
    train(other, resumed, 6, start=7)
    assert same(model, other)
    assert (model[0].weight == 0).any()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_and_pickles_go_on_alike(copied):
    model = network()
    optimizer = Proximal(MAKERS["sgd"](model.parameters()), l1=0.01)
    train(model, optimizer, 3)
    other, twin = copied((model, optimizer))
    train(other, twin, 3, start=3)
    assert not same(model, other)
    train(model, optimizer, 3, start=3)
    assert same(model, other)
    assert twin.param_groups[0]["params"][0] is other[0].weight


def test_a_plain_optimizers_checkpoint_can_be_loaded():
    model = network()
    plain = MAKERS["sgd"](model.parameters())
    train(model, plain, 2)
    optimizer = Proximal(MAKERS["sgd"](model.parameters()), l1=0.01)
    optimizer.load_state_dict(plain.state_dict())
    train(model, optimizer, 1, start=2)
    assert optimizer.param_groups[0]["l1"] == 0.01
    assert optimizer.state[model[0].weight][SUM] == pytest.approx(10.0)


def test_keywords_count_for_matrices_of_groups_without_the_key():
    model = network()
    optimizer = Proximal(torch.optim.SGD(model.parameters(), lr=0.1), l1=1000.0)
    train(model, optimizer, 1)
    zero = {name: bool((p == 0).all()) for name, p in model.named_parameters()}
    assert [name for name, is_zero in zero.items() if is_zero] == ["0.weight", "3.weight"]
    model = network()
    own = [
        {"params": [model[0].weight, model[0].bias], "l1": 1000.0},
        {"params": [model[3].weight], "l1": 0.0},
    ]
    optimizer = Proximal(torch.optim.SGD(own, lr=0.1), l1=1000.0)
    optimizer.add_param_group({"params": [model[2].weight, model[2].bias]})
    train(model, optimizer, 1)
    zero = {name: bool((p == 0).all()) for name, p in model.named_parameters()}
    assert [name for name, is_zero in zero.items() if is_zero] == ["0.weight", "0.bias"]
    assert optimizer.param_groups[2]["l1"] == 1000.0


def test_parameters_without_a_gradient_are_left_alone():
    model = network()
    optimizer = Proximal(torch.optim.Adam(model.parameters(), lr=0.1), l1=1.0, group=1.0)
    before = model[0].weight.detach().clone()
    model[0].weight.requires_grad_(False)
    train(model, optimizer, 2)
    assert torch.equal(model[0].weight, before) and (model[3].weight == 0).all()


def test_schedules_drive_it_and_at_a_rate_of_zero_nothing_moves():
    model = network()
    optimizer = Proximal(MAKERS["sgd"](model.parameters()), l1=0.5, l2=1.0)
    assert isinstance(optimizer, torch.optim.Optimizer)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: [1.0, 0.5, 0.0][min(epoch, 2)])
    rates = []
    for step in range(4):
        before = copy.deepcopy(model)
        train(model, optimizer, 1, start=step)
        rates.append(optimizer.optimizer.param_groups[0]["lr"])
        assert same(before, model) == (step >= 2)
        schedule.step()
    assert rates == [0.05, 0.025, 0.0, 0.0]
    Proximal(MAKERS["adam"](network().parameters()), l1=0.5)
    torch.optim.lr_scheduler.OneCycleLR(
        Proximal(MAKERS["sgd"](network().parameters()), l1=0.5), max_lr=0.1, total_steps=5
    )


def test_hooks_and_closures():
    model, seen = network(), []
    optimizer = Proximal(MAKERS["sgd"](model.parameters()), l1=0.02)
    optimizer.register_step_post_hook(lambda *_: seen.append(int((model[0].weight == 0).sum())))
    other = network()
    direct = Proximal(MAKERS["sgd"](other.parameters()), l1=0.02)
    for step in range(4):
        X, y = batch(step)

        def closure(X=X, y=y):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(X), y)
            loss.backward()
            return loss

        assert optimizer.step(closure).item() > 0
        train(other, direct, 1, start=step)
    assert same(model, other)
    assert len(seen) == 4 and max(seen) > 0


def test_a_group_without_penalty_costs_and_changes_nothing():
    model, plain = network(), network()
    optimizer = Proximal(MAKERS["sgd"](model.parameters()))
    bare = MAKERS["sgd"](plain.parameters())
    for step in range(3):
        train(model, optimizer, 1, start=step)
        train(plain, bare, 1, start=step)
    assert same(model, plain)
    assert all(set(state) == {"momentum_buffer"} for state in optimizer.state.values())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: Proximal("adam"), "not str"),
        (lambda p: Proximal(Proximal(torch.optim.SGD([p], lr=0.1))), "not Proximal"),
        (lambda p: Proximal(torch.optim.SGD([p], lr=0.1), l1=-1.0), "l1"),
        (lambda p: Proximal(torch.optim.SGD([p], lr=0.1), l2=math.inf), "l2"),
        (lambda p: Proximal(torch.optim.SGD([p], lr=0.1), group=torch.tensor([1.0, -1.0])), "group"),
        (lambda p: Proximal(torch.optim.SGD([{"params": [p], "l1": -2}], lr=0.1)), "l1"),
        (lambda p: Proximal(torch.optim.SGD([p], lr=0.1), group=1.0, groups="rows"), "rows"),
        (lambda p: Proximal(torch.optim.SGD([p], lr=0.1), group=1.0, groups=(5,)), "axes"),
        (lambda p: Proximal(torch.optim.SGD([p], lr=0.1, maximize=True), l1=1.0), "maximize"),
        (lambda p: Proximal(torch.optim.SGD([p.to(torch.complex64)], lr=0.1), l1=1.0), "Complex"),
        (lambda p: Proximal(torch.optim.LBFGS([p]), l1=1.0), "LBFGS"),
    ],
)
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(UsageError, match=words):
        make(torch.ones(2, 2))


def test_sparse_gradients_are_refused_where_there_is_a_penalty():
    table = nn.Embedding(5, 3, sparse=True)
    layer = nn.Linear(3, 1)

    def take(optimizer: Proximal) -> None:
        layer(table(torch.tensor([1, 2]))).sum().backward()
        optimizer.step()

    before = table.weight.detach().clone()
    with pytest.raises(UsageError, match="sparse gradient"):
        take(Proximal(torch.optim.SGD(table.parameters(), lr=0.1), l1=0.1))
    assert torch.equal(before, table.weight)
    take(
        Proximal(
            torch.optim.SGD(
                [{"params": table.parameters(), "l1": 0.0}, {"params": layer.parameters()}], lr=0.1
            ),
            l1=99.0,
        )
    )
    assert (layer.weight == 0).all()


def test_sparsity_and_penalty_are_counted_as_they_are():
    layer = nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, -2.0]]))
    optimizer = Proximal(torch.optim.SGD(layer.named_parameters(), lr=0.1), l1=2.0, l2=1.0, group=1.0)
    row, bias = optimizer.sparsity().rows
    assert (row.name, row.zeros, row.size, row.zero_groups, row.groups) == ("weight", 4, 6, 1, 2)
    assert (bias.name, bias.groups) == ("bias", 2)
    assert "66.7%" in str(optimizer.sparsity())
    assert float(optimizer.penalty()) == pytest.approx(6 + 2.5 + math.sqrt(15))
    inputs = Proximal(torch.optim.SGD([layer.weight], lr=0.1), group=1.0, groups="inputs")
    assert inputs.sparsity().rows[0].zero_groups == 1
