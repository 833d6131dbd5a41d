"""A compressed network computes what the original does, is as small as counting says, and is a network like any other."""

from __future__ import annotations

import copy
import io
import math
import pickle

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from bridle.errors import UsageError
from bridle.torch import compress
from bridle.torch.compress_operations import through

CLOSE = {torch.float32: 1e-6, torch.float64: 1e-12}


def settle(model, seed=0, dtype=torch.float32):
    """Random weights of a scale that keeps outputs near 1, random statistics of every normalization."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(module.bias, 0.0, 0.3, generator=generator)
        elif isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            fan = module.weight[0].numel()
            nn.init.normal_(module.weight, 0.0, fan**-0.5, generator=generator)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0.0, 0.3, generator=generator)
    return model.to(dtype).eval()


def silence(layer, rows=(), columns=()):
    """Zero weights into the units ``rows`` and out of the units ``columns`` of the layer before."""
    with torch.no_grad():
        layer.weight[list(rows)] = 0.0
        layer.weight[:, list(columns)] = 0.0


def check(model, X, example=None, **settings):
    """Compress; the outputs must agree, the original must be untouched."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    small = compress(model, example, **settings)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0, equal_nan=True)
    with torch.no_grad():
        torch.testing.assert_close(
            small.module.eval()(X), model.eval()(X), rtol=0, atol=CLOSE[X.dtype], equal_nan=True
        )
    count = sum(p.numel() for p in small.module.parameters())
    assert small.parameters_after == count
    assert sum(row.parameters_after for row in small.rows) == count
    assert small.parameters_before == sum(p.numel() for p in model.parameters())
    return small


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("act", [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.Softplus, nn.PReLU, nn.Softshrink])
@pytest.mark.parametrize("seed", [0, 1])
def test_mlp(dtype, act, seed):
    model = settle(
        nn.Sequential(
            nn.Linear(7, 12), nn.BatchNorm1d(12), act(), nn.Dropout(0.5), nn.Linear(12, 9, bias=False), act(),
            nn.Linear(9, 3),
        ),
        seed, dtype,
    )  # fmt: skip
    silence(model[0], rows=[0, 3])
    silence(model[4], rows=[1, 2, 8], columns=[4, 5, 6])
    silence(model[6], columns=[0])
    X = torch.randn(20, 7, dtype=dtype)
    small = check(model, X)
    assert (small.module[0].out_features, small.module[1].num_features) == (7, 7)
    assert (small.module[4].in_features, small.module[4].out_features) == (7, 5)
    assert small.module[6].in_features == 5
    assert small.module[0].weight.dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("given", [False, True])
def test_convnet(dtype, seed, given):
    model = settle(
        nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(8, 6, 3), nn.GELU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(6 * 9, 10), nn.ReLU(),
            nn.Linear(10, 2),
        ),
        seed, dtype,
    )  # fmt: skip
    silence(model[0], rows=[0, 1])
    silence(model[4], rows=[2], columns=[5])
    silence(model[8], rows=[3], columns=range(9, 18))  # all nine places of channel 1
    X = torch.randn(4, 3, 16, 16, dtype=dtype)
    small = check(model, X, X[:2] if given else None)
    widths = [model_.out_channels for model_ in (small.module[0], small.module[4])]
    assert widths == [5, 4]
    assert (small.module[8].in_features, small.module[8].out_features) == (36, 9)


def test_a_constant_beside_a_zero_border_stays_unless_it_is_zero():
    def built(padding_mode):
        model = settle(
            nn.Sequential(
                nn.Conv1d(2, 4, 3),
                nn.ReLU(),
                nn.Conv1d(4, 3, 3, padding=1, padding_mode=padding_mode),
                nn.Tanh(),
            )
        )
        silence(model[0], rows=[0, 1])
        with torch.no_grad():
            model[0].bias[:2] = torch.tensor([0.5, -0.5])  # ReLU: 0.5 and 0
        return model

    X = torch.randn(3, 2, 11)
    padded = check(built("zeros"), X)
    assert padded.module[0].out_channels == 3
    assert "2 lays zeros around them" in padded.rows[0].note
    assert "lays zeros" in str(padded)
    for mode in ("replicate", "reflect", "circular"):
        assert check(built(mode), X).module[0].out_channels == 2


def test_what_is_constant_inside_but_not_at_the_border_is_no_constant():
    def built(between):
        model = settle(
            nn.Sequential(nn.Conv1d(2, 3, 3), nn.ReLU(), between, nn.Sigmoid(), nn.Conv1d(3, 2, 3))
        )
        silence(model[0], rows=[0])
        with torch.no_grad():
            model[0].bias[0] = 0.7
            if isinstance(between, nn.Conv1d) and between.groups == 1:
                between.weight[1, 1:] = 0.0  # reads the constant channel alone
        return model

    X = torch.randn(3, 2, 11)
    for between, widths in (
        (nn.Conv1d(3, 3, 3, padding=1), (3, 3)),
        (nn.Conv1d(3, 3, 3, padding="same"), (3, 3)),
        (nn.Conv1d(3, 3, 1, padding="same"), (2, 2)),
        (nn.Conv1d(3, 3, 3), (2, 2)),
        (nn.Conv1d(3, 3, 3, padding=1, groups=3), (3, 3)),
        (nn.Conv1d(3, 3, 3, groups=3), (2, 2)),
        (nn.AvgPool1d(3, padding=1), (3, 3)),
        (nn.AvgPool1d(3), (2, 2)),
        (nn.MaxPool1d(3, padding=1), (2, 2)),
    ):
        small = check(built(between), X)
        assert (small.module[0].out_channels, small.module[4].in_channels) == widths, between


def test_a_function_that_swallows_nan_makes_nothing_known():
    k = torch.tensor([math.nan, 2.0], dtype=torch.float64)
    assert through(torch.nan_to_num, k).isnan().tolist() == [True, False]


def test_a_weight_that_is_no_number_is_no_zero():
    model = settle(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)))
    with torch.no_grad():
        model[2].weight[:, 0] = math.nan
        model[0].weight[1] = 0.0
        model[0].weight[1, 2] = math.nan
    assert check(model, torch.randn(5, 3)).module[0].out_features == 4


class Residual(nn.Module):
    def __init__(self, width=6, depthwise=False):
        super().__init__()
        groups = width if depthwise else 1
        self.one = nn.Conv2d(width, 5, 3, padding=1, bias=False)
        self.norm_one = nn.BatchNorm2d(5)
        self.two = nn.Conv2d(5, width, 3, padding=1, bias=False)
        self.norm_two = nn.BatchNorm2d(width)
        self.third = nn.Conv2d(width, width, 3, padding=1, groups=groups)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.norm_two(self.two(self.act(self.norm_one(self.one(x)))))
        out += x
        return self.third(self.act(out))


class ResNet(nn.Module):
    def __init__(self, depthwise=False):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        self.blocks = nn.Sequential(Residual(6, depthwise), Residual(6, depthwise))
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        x = self.blocks(self.stem(x))
        x = F.adaptive_avg_pool2d(x, 1)
        return self.head(torch.flatten(x, 1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("depthwise", [False, True])
def test_resnet(dtype, seed, depthwise):
    model = settle(ResNet(depthwise), seed, dtype)
    block = model.blocks[0]
    with torch.no_grad():
        for norm in (model.stem[1], block.norm_two):  # channel 2: zero in both branches
            norm.weight[2] = norm.bias[2] = 0.0
        block.norm_two.weight[4] = block.norm_two.bias[4] = 0.0  # channel 4: in one branch only
        block.norm_one.weight[1] = 0.0
        block.norm_one.bias[1] = -1.0  # ReLU makes it zero
        if depthwise:  # it hands its channels on one by one: channel 2 must be dead in every block
            for each in model.blocks:
                each.third.weight[2] = each.third.bias[2] = 0.0
                each.norm_two.weight[2] = each.norm_two.bias[2] = 0.0
        else:
            model.head.weight[:, 3] = 0.0
    X = torch.randn(3, 3, 8, 8, dtype=dtype)
    small = check(model, X, X)
    assert small.module.stem[0].out_channels == 5
    assert small.module.blocks[0].one.out_channels == 4
    assert small.module.blocks[0].two.out_channels == 5
    assert small.seconds_before > 0 and small.seconds_after > 0
    assert all(row.seconds_before > 0 for row in small.rows)
    assert small.module.blocks[1].third.out_channels == small.module.head.in_features == 5


def test_a_channel_that_lives_in_one_branch_stays_in_both():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.out = nn.Linear(4, 5), nn.Linear(4, 5), nn.Linear(5, 1)

        def forward(self, x):
            return self.out(torch.relu(self.a(x) + self.b(x)))

    model = settle(Sum())
    silence(model.a, rows=[0, 1])
    silence(model.b, rows=[1, 2])
    small = check(model, torch.randn(6, 4))
    assert small.module.a.out_features == small.module.b.out_features == 4  # only unit 1 is dead in both
    assert small.rows[0].note == "1 dead kept: another branch or reader needs them"


def test_concatenated_and_multiplied_branches():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.gate = nn.Conv1d(2, 3, 3), nn.Conv1d(2, 4, 3), nn.Linear(7, 7)
            self.norm, self.out = nn.BatchNorm1d(7), nn.Conv1d(7, 2, 1)

        def forward(self, x):
            both = self.norm(torch.cat([self.a(x), torch.tanh(self.b(x))], dim=1))
            weight = torch.sigmoid(self.gate(both.mean(2)))
            return self.out(both * weight.unsqueeze(2))

    class Plain(Branches):
        def forward(self, x):
            both = self.norm(torch.cat([self.a(x), torch.tanh(self.b(x))], 1))
            return self.out(both * 2.0 - 1).mean(-1)

    X = torch.randn(3, 2, 9)
    for kind, widths in ((Plain, (2, 3)), (Branches, (3, 4))):
        model = settle(kind())
        silence(model.a, rows=[1])
        silence(model.out, columns=[3])
        small = check(model, X, X)
        assert (small.module.a.out_channels, small.module.b.out_channels) == widths
    assert small.rows[0].note == "1 dead kept: they reach mul, which is left as it is"


def test_what_died_upstream_of_the_dead_goes_too():
    model = settle(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)))
    silence(model[4], columns=[0])
    with torch.no_grad():
        model[2].weight[1:, 2] = 0.0  # unit 2 is read by unit 0 alone, which nobody reads
    small = check(model, torch.randn(5, 3))
    assert (small.module[0].out_features, small.module[2].out_features) == (3, 3)


@pytest.mark.parametrize("bias", [True, False])
def test_of_an_all_dead_layer_one_unit_stays(bias):
    model = settle(
        nn.Sequential(nn.Linear(3, 4, bias), nn.Sigmoid(), nn.Linear(4, 4, bias), nn.ReLU(), nn.Linear(4, 2))
    )
    silence(model[0], rows=range(4))
    small = check(model, torch.randn(5, 3))
    assert small.module[0].out_features == small.module[2].out_features == 1
    assert "a layer needs one unit" in small.rows[0].note
    assert small.unused_inputs == {"input": (0, 1, 2)}
    conv = settle(nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 3, padding=1)))
    silence(conv[2], columns=range(4))
    assert check(conv, torch.randn(2, 2, 6, 6)).module[0].out_channels == 1


def test_inputs_that_nothing_reads_are_told_and_still_taken():
    model = settle(nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 1)))
    silence(model[0], columns=[1, 4])
    small = check(model, torch.randn(6, 5))
    assert small.unused_inputs == {"input": (1, 4)}
    flat = settle(nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.ReLU(), nn.Linear(4, 1)))
    silence(flat[1], columns=[11])
    assert check(flat, torch.randn(6, 3, 2, 2)).unused_inputs == {"input": (11,)}

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 1)

        def forward(self, x):
            return self.b(torch.relu(self.a(x)) + x) + x.sum(1, keepdim=True)

    twice = settle(Twice())
    silence(twice.a, columns=[0])
    silence(twice.b, columns=[0])
    assert check(twice, torch.randn(4, 3)).unused_inputs == {}


def test_what_is_not_known_stays_whole_and_the_table_says_so():
    class Strange(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.norm, self.b, self.c = (
                nn.Linear(4, 6),
                nn.LayerNorm(6),
                nn.Linear(6, 6),
                nn.Linear(6, 2),
            )
            self.scale = nn.Parameter(torch.ones(6))

        def forward(self, x):
            x = self.b(torch.relu(self.norm(self.a(x))))
            return self.c(x.view(-1, 6) * self.scale)

    model = settle(Strange())
    silence(model.a, rows=[0])
    silence(model.b, rows=[1])
    small = check(model, torch.randn(3, 4))
    assert small.parameters_after == small.parameters_before
    notes = {row.name: row.note for row in small.rows}
    assert notes["a"] == "1 dead kept: they reach norm, which is left as it is"
    assert notes["norm"] == "left as it is: no rule for LayerNorm here"
    assert notes["b"] == "1 dead kept: they reach view, which is left as it is"


def test_layers_that_are_shared_hooked_or_read_from_outside_stay():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.twice, self.tied = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
            self.tied.weight = self.first.weight
            self.read, self.out = nn.Linear(4, 4), nn.Linear(4, 1)

        def forward(self, x):
            x = torch.tanh(self.twice(torch.tanh(self.twice(self.first(x)))))
            return self.out(torch.relu(self.read(self.tied(x)))) + self.read.weight.sum()

    model = settle(Shared())
    for layer in (model.first, model.twice, model.read):
        silence(layer, rows=[0])
    small = check(model, torch.randn(5, 4))
    assert small.parameters_after == small.parameters_before
    assert small.module.tied.weight is small.module.first.weight
    notes = {row.name: row.note for row in small.rows}
    assert "called more than once" in notes["twice"]
    assert "shares a parameter" in notes["first"] and "shares a parameter" in notes["tied"]
    assert "read from outside" in notes["read"]

    pruned = settle(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)))
    prune.ln_structured(pruned[0], "weight", 0.5, n=2, dim=0)
    with torch.no_grad():
        pruned[0].bias[:] = 0.3
    with pytest.raises(UsageError, match=r"prune\.remove"):
        compress(pruned)
    with torch.no_grad():
        pruned(torch.zeros(1, 3))  # now its weight can be copied
    assert "prune.remove" in check(pruned, torch.randn(5, 3)).rows[0].note
    prune.remove(pruned[0], "weight")
    assert check(pruned, torch.randn(5, 3)).module[0].out_features == 2


def test_in_place_operations_on_tensors_that_are_read_again_are_not_misread():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 1)

        def forward(self, x):
            y = self.a(x)
            z = self.b(y)
            y += 1.0  # y is read again below, with one more
            return self.c(torch.tanh(z)) + self.c.bias * 0 + self.b(y).sum(1, keepdim=True)

    class Kept(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.c = nn.Linear(3, 4), nn.Linear(4, 1)

        def forward(self, x):
            y = self.a(x)
            z = y
            z += 1.0
            return self.c(y)

    class Act(Kept):
        def forward(self, x):
            y = self.a(x)
            F.relu(y, inplace=True)
            return self.c(y)

    for kind in (InPlace, Kept, Act):
        model = settle(kind())
        silence(model.a, rows=[0, 1])
        with torch.no_grad():
            model.a.bias[:2] = -0.7
        check(model, torch.randn(5, 3))


def test_dropout_that_stays_on_is_no_constant():
    class Always(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.c = nn.Linear(3, 4), nn.Linear(4, 1)

        def forward(self, x):
            return self.c(F.dropout(self.a(x), 0.5))

    model = settle(Always())
    silence(model.a, rows=[0])
    small = compress(model, torch.randn(5, 3))
    assert small.module.a.out_features == 4


@pytest.mark.parametrize("kind", ["tuple", "dict"])
def test_several_inputs_and_outputs(kind):
    class Many(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.out = nn.Linear(3, 5), nn.Linear(2, 5), nn.Linear(5, 2)

        def forward(self, x, z, scale=1.0, mask=None):
            h = torch.relu(self.a(x) + self.b(z)) * scale
            if mask is not None:
                h = h * mask
            out = self.out(h)
            return (out, h.sum(1)) if kind == "tuple" else {"out": out, "loss": [out.mean()]}

    model = settle(Many())
    silence(model.a, rows=[0], columns=[2])
    silence(model.b, rows=[0])
    example = (torch.randn(4, 3), torch.randn(4, 2))
    for given_ in (example, {"x": example[0], "z": example[1]}, None):
        small = compress(model, given_)
        want, got = model(*example), small.module(*example)
        assert torch.allclose(
            got["out"] if kind == "dict" else got[0], (want["out"] if kind == "dict" else want[0]), atol=1e-6
        )
        assert small.module.a.out_features == (4 if kind == "dict" else 5)
        if kind == "dict":
            assert small.unused_inputs == {"x": (2,)}


def test_linear_layers_over_sequences():
    model = settle(nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 2)))
    silence(model[0], rows=[0])
    X = torch.randn(4, 7, 3)
    assert check(model, X, X).module[0].out_features == 5
    assert check(model, X).module[0].out_features == 5


def test_modes_trainability_types_and_devices_are_kept():
    model = settle(
        nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2)), 0, torch.float64
    )
    silence(model[0], rows=[0])
    model.train()
    model[1].eval()
    model[0].weight.requires_grad_(False)
    small = compress(model).module
    assert [m.training for m in small.modules()] == [m.training for m in model.modules()]
    assert [p.requires_grad for p in small.parameters()] == [p.requires_grad for p in model.parameters()]
    assert {v.dtype for v in small.state_dict().values()} == {torch.float64, torch.int64}
    assert [type(m) for m in small] == [type(m) for m in model]
    assert int(small[1].num_batches_tracked) == int(model[1].num_batches_tracked)


def test_a_compressed_network_is_a_network_like_any_other():
    torch.manual_seed(0)
    model = settle(ResNet())
    with torch.no_grad():
        model.blocks[0].norm_one.weight[:3] = 0.0
        model.blocks[0].norm_one.bias[:3] = -1.0
    small = compress(model).module
    X = torch.randn(4, 3, 8, 8)
    want = small(X).detach()
    buffer = io.BytesIO()
    torch.save(small.state_dict(), buffer)
    buffer.seek(0)
    again = copy.deepcopy(small)
    with torch.no_grad():
        again.head.bias.zero_()
    again.load_state_dict(torch.load(buffer, weights_only=True))
    assert torch.equal(again(X), want)
    assert torch.equal(pickle.loads(pickle.dumps(small))(X), want)
    compiled = torch.compile(small, backend="eager")
    torch.testing.assert_close(compiled(X), want, rtol=0, atol=1e-6)
    assert compress(compiled).parameters_after == sum(p.numel() for p in small.parameters())
    small.train()
    optimizer = torch.optim.SGD(small.parameters(), lr=0.1)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = small(X).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert all(p.grad is not None for p in small.parameters()) and losses[-1] < losses[0]


def test_tolerance_cuts_small_weights():
    model = settle(nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 2)))
    with torch.no_grad():
        model[2].weight[:, 0] = 1e-5
    assert compress(model).module[0].out_features == 6
    small = compress(model, tolerance=1e-4).module
    assert small[0].out_features == 5
    X = torch.randn(5, 3)
    assert 0 < float((small(X) - model(X)).detach().abs().max()) < 1e-4


def test_errors_say_what_to_do():
    class Branching(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    class TwoWays(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(2, 2)

        def forward(self, x):
            return self.a(x) + 1 if self.training else self.a(x)

    class Hidden(nn.Module):
        """Writes into memory behind the trace's back: the constant of unit 0 is none."""

        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 3), nn.Linear(3, 1)

        def forward(self, x):
            y = self.a(x)
            torch.nn.init.constant_(y, 2.0) if isinstance(y, torch.Tensor) else None
            return self.b(y)

    with pytest.raises(UsageError, match="cannot trace this model"):
        compress(Branching())
    with pytest.raises(UsageError, match="in training than in evaluation"):
        compress(TwoWays())
    hidden = settle(Hidden())
    silence(hidden.a, rows=[0])
    with pytest.raises(UsageError, match="a trace cannot see"), torch.no_grad():
        compress(hidden, torch.randn(4, 2))
    with pytest.raises(UsageError, match=r"takes a torch\.nn\.Module"):
        compress(torch.relu)
    with pytest.raises(UsageError, match="run the model once"):
        compress(nn.Sequential(nn.LazyLinear(3)))
    with pytest.raises(UsageError, match="does not run on this example"):
        compress(nn.Sequential(nn.Linear(2, 3)), torch.zeros(4, 5))
    with pytest.raises(UsageError, match="does not fit the model's arguments"):
        compress(nn.Sequential(nn.Linear(2, 3)), (torch.zeros(4, 2), 1))
    with pytest.raises(UsageError, match="tolerance"):
        compress(nn.Sequential(nn.Linear(2, 3)), tolerance=-1)


def test_the_table():
    model = settle(nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 2)))
    silence(model[0], rows=[0, 1], columns=[2])
    lines = str(compress(model)).splitlines()
    assert lines[0].split() == ["layer", "kind", "before", "after", "parameters", "after"]
    assert lines[1].split() == ["0", "Linear", "3", "->", "6", "3", "->", "4", "24", "16"]
    assert lines[3].split() == ["in", "all", "38", "26"]
    assert lines[4] == "1 of the inputs in 'input' are read by nothing (see unused_inputs)."
    assert "time" in str(compress(model, torch.zeros(2, 3))).splitlines()[0]


ACTS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "hardshrink": nn.Hardshrink, "elu": nn.ELU}


class Chain(nn.Module):
    """A random network: convolutions or linear layers, some with a residual sum, with and without normalization."""

    def __init__(self, conv, widths, plan, act, padding):
        super().__init__()
        self.conv, self.plan, self.act = conv, plan, ACTS[act]()
        layers, norms = [], []
        for i, (kind, normed) in enumerate(plan):
            wide, narrow = widths[i], widths[i + 1]
            narrow_ = wide if kind == "residual" else narrow
            widths[i + 1] = narrow_
            layers.append(
                nn.Conv1d(wide, narrow_, 3, padding="same" if kind == "residual" else padding)
                if conv
                else nn.Linear(wide, narrow_)
            )
            norms.append(nn.BatchNorm1d(narrow_) if normed else nn.Identity())
        self.layers, self.norms = nn.ModuleList(layers), nn.ModuleList(norms)
        self.head = nn.Linear(widths[-1], 2)

    def forward(self, x):
        for (kind, _), layer, norm in zip(self.plan, self.layers, self.norms):
            out = self.act(norm(layer(x)))
            x = x + out if kind == "residual" else out
        if self.conv:
            x = F.adaptive_max_pool1d(x, 1).flatten(1)
        return self.head(x)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_small_network_agrees(data):
    depth = data.draw(st.integers(1, 4))
    widths = data.draw(st.lists(st.integers(1, 5), min_size=depth + 1, max_size=depth + 1))
    plan = data.draw(
        st.lists(
            st.tuples(st.sampled_from(["plain", "residual"]), st.booleans()), min_size=depth, max_size=depth
        )
    )
    conv, padding = data.draw(st.booleans()), data.draw(st.integers(0, 1))
    seed = data.draw(st.integers(0, 10_000))
    model = settle(
        Chain(conv, widths, plan, data.draw(st.sampled_from(sorted(ACTS))), padding), seed, torch.float64
    )
    for layer in [*model.layers, model.head]:
        units = st.sets(st.integers(0, layer.weight.shape[0] - 1))
        silence(layer, rows=data.draw(units) if layer is not model.head else ())
        silence(layer, columns=data.draw(st.sets(st.integers(0, layer.weight.shape[1] - 1))))
    for norm in model.norms:
        if isinstance(norm, nn.BatchNorm1d):
            with torch.no_grad():
                norm.weight[sorted(data.draw(st.sets(st.integers(0, norm.num_features - 1))))] = 0.0
    X = torch.randn(3, widths[0], *([12] if conv else []), dtype=torch.float64)
    small = check(model, X, X if data.draw(st.booleans()) else None)
    again = compress(small.module)
    assert again.parameters_after == small.parameters_after
