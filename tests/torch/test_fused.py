"""The compiled proximal pass against the maps of ``penalties``, however weights lie, and torch's route where it is none."""

import math

import pytest
import torch
from torch import nn

from bridle import _core
from bridle.torch import fused
from bridle.torch.fused import KINDS, LARGE, Job, apply, merged
from bridle.torch.metrics import StepSize
from bridle.torch.penalties import Penalty, keep_axes

STRENGTHS = [
    (3.0, 0.0, 0.0), (0.0, 2.0, 0.0), (3.0, 2.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.01), (0.0, 0.7, 0.5),
    (0.5, 0.0, 0.5), (1.0, 2.0, 1.0), (0.0, 0.0, 1e4),
]  # fmt: skip
PLACES = [
    ((7, 5), (0,)), ((7, 5), (1,)), ((9, 300), (0,)), ((300, 9), (1,)), ((70, 45), (1,)), ((4, 6, 50), (0, 2)),
    ((4, 6, 50), (0, 1)), ((4, 6, 50), (1,)), ((6, 7, 3, 3), (0,)), ((6, 7, 3, 3), (1,)), ((3, 5000), (0,)), ((12,), (0,)),
    ((1, 40, 3), (0, 2)), ((5, 1), (0,)),
]  # fmt: skip


@pytest.fixture
def compiled_only(monkeypatch):
    """Torch's route is closed."""
    monkeypatch.setattr(fused, "_listed", None)
    monkeypatch.setattr(fused, "_shrunk", None)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def step_of(p: torch.Tensor, kind: str, spread: float = 1.0, offset: float = 0.003) -> StepSize:
    square = (normal(*p.shape, seed=7) * 10 ** (spread * normal(*p.shape, seed=8))).square().to(p.dtype)
    if kind == "flat":
        return StepSize(0.05)
    if kind == "plain":
        return StepSize(0.01, offset, plain=square)
    mean = (0.3 * square.sqrt()) if kind == "centered" else None
    return StepSize(0.01, offset, square=square, mean=mean)


def size_of(step: StepSize, p: torch.Tensor) -> torch.Tensor:
    root = torch.zeros(p.shape, dtype=torch.float64)
    if step.square is not None:
        root = (step.square.double() - (0 if step.mean is None else step.mean.double().square())).sqrt()
    elif step.plain is not None:
        root = step.plain.double()
    return step.scale / (root + step.offset)


def close(found: torch.Tensor, wanted: torch.Tensor, rtol: float) -> None:
    torch.testing.assert_close(
        found.double(), wanted, rtol=rtol, atol=rtol * float(wanted.abs().max()) * 0.01
    )


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("l1", "l2", "group"), STRENGTHS)
def test_it_is_the_map_in_doubles_and_in_floats(kind, l1, l2, group):
    for shape, groups in PLACES:
        for spread in (0.3, 2.0):
            for dtype, rtol in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
                p = normal(*shape, dtype=dtype)
                step = step_of(p, kind, spread)
                wanted = Penalty(l1, l2, group, groups).proximal(p.double(), size_of(step, p))
                apply([Job(p, step, l1, l2, group, groups)])
                if dtype is torch.float64:
                    assert torch.equal(p == 0, wanted == 0)
                close(p, wanted, rtol * (10 if kind == "centered" else 1))


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("shape", "groups"),
    [
        ((1024, 300), (0,)),
        ((300, 1024), (1,)),
        ((64, 64, 9, 9), (1,)),
        ((LARGE + 4097, 1), (0, 1)),
        ((2, 400, 500), (0, 2)),
    ],
)
def test_the_number_of_threads_changes_no_bit(shape, groups, dtype):
    for group in (0.0, 0.4):
        found = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            p = normal(*shape, dtype=dtype)
            step = step_of(p, "square")
            apply([Job(p, step, 0.2, 0.3, group, groups)])
            found.append(p)
        assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])
        p = normal(*shape, dtype=dtype).double()
        close(found[0], Penalty(0.2, 0.3, group, groups).proximal(p, size_of(step, p)), 1e-5)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("shape", "groups"), [((6, 40), (0,)), ((40, 16), (1,))])
@pytest.mark.parametrize("kind", ["flat", "square"])
def test_groups_of_zeros_and_of_denormals_become_zero_and_others_stay(kind, shape, groups, dtype):
    p = normal(*shape, dtype=dtype)
    rows = p if groups == (0,) else p.t()
    rows[0] = 0
    rows[2] = torch.finfo(dtype).tiny / 1024
    step = step_of(p, kind)
    wanted = Penalty(0.1, 0.2, 0.05, groups).proximal(p.double(), size_of(step, p))
    q = p.clone()
    apply([Job(p, step, 0.1, 0.2, 0.05, groups), Job(q, step, 0.1, 0.2)])
    close(p, wanted, 1e-12 if dtype is torch.float64 else 1e-5)
    rows = p if groups == (0,) else p.t()
    assert (rows[[0, 2]] == 0).all() and (rows[1] != 0).any()
    assert not rows[[0, 2]].signbit().any()
    assert (q[p == 0] == 0).sum() >= 2 * len(rows[0])


@pytest.mark.usefixtures("compiled_only")
def test_norms_far_below_their_start_and_roots_that_vanish_are_found():
    p = normal(4, 500)
    d = torch.where(torch.arange(500) < 250, 1e-9, 1.0).expand(4, 500).contiguous() * (
        1 + normal(4, 500, seed=3).abs()
    )
    step = StepSize(1.0, 0.0, plain=d)
    for share in (1e-9, 1e-3, 0.5, 0.999, 0.9999999):
        group = share * float((p * d).norm(dim=1).min()) / math.sqrt(500)
        wanted = Penalty(group=group).proximal(p, 1 / d)
        found = p.clone()
        apply([Job(found, step, 0.0, 0.0, group)])
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=0)
    tiny = torch.full((3, 40), 1e-25, dtype=torch.float32)  # its squares underflow, those of b do not
    root = torch.full((3, 40), 1e20, dtype=torch.float32)
    wanted = Penalty(group=1e-6).proximal(tiny.double(), 1 / root.double())
    apply([Job(tiny, StepSize(1.0, 0.0, plain=root), 0.0, 0.0, 1e-6)])
    torch.testing.assert_close(tiny.double(), wanted, rtol=1e-5, atol=0)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shape", "groups"), [((5, 50), (0,)), ((50, 16), (1,))])
def test_what_is_no_number_stays_none_and_leaves_other_groups_alone(bad, kind, shape, groups):
    p = normal(*shape)
    p[1, 3] = bad
    where = torch.zeros(shape, dtype=torch.bool)
    where[1, 3] = True
    whole = where.any(1 if groups == (0,) else 0, keepdim=True).expand(shape)
    q, clean = p.clone(), torch.where(whole, torch.zeros_like(p), p)
    step = step_of(p, kind)
    apply([Job(p, step, 0.1, 0.2, 0.3, groups), Job(q, step, 0.1, 0.2)])
    assert not p[1, 3].isfinite()
    assert torch.equal(q.isfinite(), ~where)
    wanted = Penalty(0.1, 0.2, 0.3, groups).proximal(clean, size_of(step, p))
    torch.testing.assert_close(p[~whole], wanted[~whole], rtol=1e-12, atol=1e-14)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (2, 0, 3)])
def test_nothing_is_done_to_nothing(shape):
    p = torch.zeros(shape)
    for kind in KINDS:
        apply([Job(p, step_of(p, kind), 1.0, 1.0, group) for group in (0.0, 1.0)])
    assert p.shape == shape


def test_a_group_at_the_edge_is_zero_on_the_right_side():
    p, d = normal(1, 64), torch.exp(normal(1, 64, seed=5))
    edge = float((p * d).norm()) / 8
    for share, zero in ((1 + 1e-12, True), (1 - 1e-12, False)):
        found = p.clone()
        apply([Job(found, StepSize(1.0, 0.0, plain=d), 0.0, 0.0, edge * share)])
        assert bool((found == 0).all()) is zero


def test_what_the_core_does_not_know_goes_through_torch(monkeypatch):
    calls = []
    monkeypatch.setattr(_core, "proximal", lambda *arguments: calls.append(arguments))

    class Own(torch.Tensor):
        pass

    p = normal(6, 4)
    others = {
        "16 bits": (normal(6, 4, dtype=torch.bfloat16), StepSize(0.1), 1.0, 0.0, "neurons"),
        "turned": (normal(4, 6).t(), StepSize(0.1), 1.0, 0.5, "neurons"),
        "strength": (p.clone(), StepSize(0.1), torch.tensor(1.0), 0.5, "neurons"),
        "scale": (p.clone(), StepSize(torch.tensor(0.1)), 1.0, 0.5, "neurons"),
        "root": (p.clone(), StepSize(0.1, 0.1, square=normal(4, 6).square().t()), 1.0, 0.5, "neurons"),
        "floats": (p.clone(), StepSize(0.1, 0.1, square=normal(6, 4).square().float()), 1.0, 0.0, "neurons"),
        "order": (normal(2, 2, 2, 2, 2), StepSize(0.1), 0.1, 0.5, (0, 2, 4)),
        "class": (p.clone().as_subclass(Own), StepSize(0.1), 1.0, 0.0, "neurons"),
    }
    for name, (weights, step, l1, group, groups) in others.items():
        before = weights.clone().double()
        wanted = (
            Penalty(float(l1), 0.0, group, groups).proximal(before, size_of(step, before)).to(weights.dtype)
        )
        apply([Job(weights, step, l1, 0.0, group, groups)])
        rtol = 1e-2 if name == "16 bits" else 1e-6
        torch.testing.assert_close(
            torch.Tensor(weights), torch.Tensor(wanted), rtol=rtol, atol=rtol, msg=name
        )
    assert not calls
    apply([Job(p, StepSize(0.1), 1.0, 0.0)])
    assert len(calls) == 1


def test_axes_are_merged_as_far_as_they_go():
    assert merged((5, 3), keep_axes("neurons", 2)) == (5, 3, 1, 1)
    assert merged((5, 3), keep_axes("inputs", 2)) == (1, 5, 3, 1)
    assert merged((4, 5, 3), (0, 1)) == (20, 3, 1, 1)
    assert merged((4, 5, 3), (0, 2)) == (4, 5, 3, 1)
    assert merged((2, 1, 3, 1, 5), (1, 2)) == (1, 2, 3, 5)
    assert merged((1, 1), (0,)) == (1, 1, 1, 1)
    assert merged((2, 3, 2, 3, 2), (0, 2, 4)) is None


def test_autograd_learns_that_the_weights_changed():
    p = nn.Parameter(torch.ones(3, 3))
    loss = (p.exp() * p).sum()
    with torch.no_grad():
        apply([Job(p, StepSize(0.1), 1.0, 0.0)])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
