"""Which parameters pay: the rule by module type, the table, the overrides; and torch's AdamW, SGD and Adam step by step."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from bridle.errors import UsageError
from bridle.torch.decay import ParameterGroups, decay_groups
from bridle.torch.proximal import Proximal
from bridle.torch.roles import roles

DOUBLE = torch.float64


def names(groups: ParameterGroups, *, decayed: bool) -> list[str]:
    return [row.name for row in groups.table if row.decayed == decayed and not row.frozen]


class Own(nn.Module):
    """A module that the rule does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.vector = nn.Parameter(torch.ones(4))
        self.matrix = nn.Parameter(torch.ones(4, 4))
        self.out_bias = nn.Parameter(torch.ones(4, 1))


EVERYTHING = {
    "linear": (lambda: nn.Linear(3, 2), {"weight"}),
    "bilinear": (lambda: nn.Bilinear(3, 2, 4), {"weight"}),
    "convolution": (lambda: nn.Conv2d(3, 4, 3), {"weight"}),
    "transposed": (lambda: nn.ConvTranspose1d(3, 4, 3), {"weight"}),
    "lstm": (
        lambda: nn.LSTM(3, 4, proj_size=2, num_layers=1, bidirectional=True),
        {f"weight_{k}_l0{end}" for k in ("ih", "hh", "hr") for end in ("", "_reverse")},
    ),
    "gru cell": (lambda: nn.GRUCell(3, 4), {"weight_ih", "weight_hh"}),
    "attention": (
        lambda: nn.MultiheadAttention(4, 2, add_bias_kv=True),
        {"in_proj_weight", "out_proj.weight"},
    ),
    "attention, three inputs": (
        lambda: nn.MultiheadAttention(4, 2, kdim=3, vdim=5),
        {"q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"},
    ),
    "batch norm": (lambda: nn.BatchNorm2d(3), set()),
    "instance norm": (lambda: nn.InstanceNorm1d(3, affine=True), set()),
    "layer norm of two axes": (lambda: nn.LayerNorm((3, 4)), set()),
    "group norm": (lambda: nn.GroupNorm(2, 4), set()),
    "rms norm": (lambda: nn.RMSNorm((3, 4)), set()),
    "embedding": (lambda: nn.Embedding(5, 3), set()),
    "bag": (lambda: nn.EmbeddingBag(5, 3), set()),
    "prelu": (lambda: nn.PReLU(4), set()),
    "own": (Own, {"matrix"}),
    "list": (lambda: nn.ParameterList([torch.ones(2, 2), torch.ones(2)]), {"0"}),
    "weight norm": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)),
        {"parametrizations.weight.original0"},
    ),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2)), set()),
    "orthogonal": (lambda: nn.utils.parametrizations.orthogonal(nn.Linear(3, 3)), set()),
    "transformer": (
        lambda: nn.TransformerEncoderLayer(4, 2, 8),
        {"self_attn.in_proj_weight", "self_attn.out_proj.weight", "linear1.weight", "linear2.weight"},
    ),
}


@pytest.mark.parametrize(("make", "weights"), EVERYTHING.values(), ids=EVERYTHING)
def test_the_rule_knows_torchs_modules(make, weights):
    model = make()
    inside = nn.Sequential(nn.Identity(), model)
    assert {role.name for role in roles(model) if role.role == "weight"} == weights
    assert {role.name for role in roles(inside) if role.role == "weight"} == {f"1.{name}" for name in weights}
    assert len(roles(model)) == len(list(model.parameters()))


def test_a_parametrization_of_ones_own_leaves_a_weight_a_weight():
    class Symmetric(nn.Module):
        def forward(self, w):
            return w.triu() + w.triu(1).transpose(-1, -2)

    layer = nn.Linear(3, 3)
    nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
    (row,) = (one for one in decay_groups(layer, 0.1).table if one.decayed)
    assert row.name == "parametrizations.weight.original" and "Symmetric" in row.why


def test_the_groups_are_what_torch_takes():
    model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
    groups = decay_groups(model, weight_decay=0.1, l1=0.2, l2=0.3, group=0.4, groups="inputs", lr=0.5)
    decayed, spared = groups
    assert decayed["param_names"] == ["1.weight", "3.weight"] == names(groups, decayed=True)
    assert {k: v for k, v in decayed.items() if not k.startswith("param")} == {
        "weight_decay": 0.1, "l1": 0.2, "l2": 0.3, "group": 0.4, "groups": "inputs", "lr": 0.5,
    }  # fmt: skip
    assert {spared[key] for key in ("weight_decay", "l1", "l2", "group")} == {0.0} and spared["lr"] == 0.5
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.LBFGS):
        if kind is torch.optim.LBFGS:
            with pytest.raises(ValueError, match="LBFGS"):
                kind(groups)
        else:
            assert kind(copy.copy(groups)).param_groups[0]["weight_decay"] == 0.1


def test_one_tensor_in_two_places_counts_once():
    class Language(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.out = nn.Linear(4, 6, bias=False)
            self.table = nn.Embedding(6, 4)
            self.out.weight = self.table.weight
            self.one = nn.Linear(4, 4)
            self.same = self.one

    groups = decay_groups(Language(), 0.1)
    tied, weight, bias = groups.table
    assert (tied.name, tied.also, tied.role, tied.decayed) == (
        "out.weight",
        ("table.weight",),
        "embedding",
        False,
    )
    assert "tied" in tied.why
    assert (weight.name, weight.also, weight.decayed) == ("one.weight", ("same.weight",), True)
    assert [len(group["params"]) for group in groups] == [1, 2] and not bias.decayed
    torch.optim.SGD(groups, lr=0.1)  # torch refuses a parameter that is there twice


def test_frozen_parameters_are_listed_and_left_out():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    model[0].requires_grad_(False)
    groups = decay_groups(model, 0.1)
    assert [row.frozen for row in groups.table] == [True, True, False, False]
    assert [group["param_names"] for group in groups] == [["1.weight"], ["1.bias"]]
    assert "frozen" in str(groups)


def test_names_of_compiled_models_are_those_of_the_model():
    model = nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.LayerNorm(2), nn.Linear(2, 1)))
    plain = decay_groups(model, 0.1)
    model[1] = torch.compile(model[1], backend="eager")
    for compiled in (model, torch.compile(model, backend="eager")):
        assert decay_groups(compiled, 0.1).table == plain.table


def test_neurons_of_a_transposed_convolution_are_along_its_second_axis():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 5, 3))
    groups = decay_groups(model, group=1.0)
    assert [(one["param_names"][0], one["groups"]) for one in groups] == [
        ("0.weight", "neurons"), ("1.weight", (1,)), ("0.bias", "neurons"),
    ]  # fmt: skip
    assert decay_groups(model, group=1.0, groups="inputs")[1]["groups"] == (0,)
    with torch.no_grad():
        model[1].weight[:, 2] = 1e-6
    optimizer = Proximal(torch.optim.SGD(groups, lr=1e-3))
    (model(torch.ones(1, 3, 8, 8)).sum() * 0).backward()
    optimizer.step()
    assert (model[1].weight == 0).all(dim=(0, 2, 3)).tolist() == [False, False, True, False, False]


def test_spare_and_penalize_decide_otherwise():
    model = nn.Sequential(nn.Embedding(5, 4), nn.TransformerEncoderLayer(4, 2, 8), nn.Linear(4, 1))
    groups = decay_groups(model, 0.1, spare=["2.*", nn.MultiheadAttention], penalize=nn.Embedding)
    assert names(groups, decayed=True) == ["0.weight", "1.linear1.weight", "1.linear2.weight"]
    why = {row.name: row.why for row in groups.table}
    assert why["2.weight"] == "spared by '2.*'" and why["0.weight"] == "penalized by Embedding"
    assert names(decay_groups(model, 0.1, penalize="*"), decayed=False) == []
    assert "1.self_attn.out_proj.weight" in names(
        decay_groups(model, 0.1, spare="*.linear?.weight"), decayed=True
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: decay_groups(nn.ReLU(), 0.1), "no parameters"),
        (lambda: decay_groups(nn.Linear(2, 1).requires_grad_(False), 0.1), "frozen"),
        (lambda: decay_groups([nn.Linear(2, 1)], 0.1), "torch.nn.Module"),
        (lambda: decay_groups(nn.LazyLinear(2), 0.1), "lazy"),
        (lambda: decay_groups(nn.Linear(2, 1), -0.1), "weight_decay"),
        (lambda: decay_groups(nn.Linear(2, 1), l1=-0.1), "l1"),
        (lambda: decay_groups(nn.Linear(2, 1), l2="much"), "l2"),
        (lambda: decay_groups(nn.Linear(2, 1), group=float("nan")), "group"),
        (lambda: decay_groups(nn.Linear(2, 1), groups="rows"), "rows"),
        (lambda: decay_groups(nn.Linear(2, 1), lr=-1.0), "lr"),
        (lambda: decay_groups(nn.Linear(2, 1), spare="head.*"), "head"),
        (lambda: decay_groups(nn.Linear(2, 1), penalize=nn.Embedding), "Embedding"),
        (lambda: decay_groups(nn.Linear(2, 1), spare="weight", penalize=nn.Linear), "both"),
    ],
)
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(UsageError, match=words):
        make()


def test_the_table_is_text_html_and_survives_a_pickle():
    groups = decay_groups(nn.Sequential(nn.Linear(3, 2), nn.PReLU()), 0.1)
    lines = str(groups).splitlines()
    assert len(lines) == 4 and lines[0].split() == ["parameter", "shape", "role", "decayed", "why"]
    assert repr(groups) == str(groups)
    assert groups._repr_html_().count("<tr>") == 4
    assert pickle.loads(pickle.dumps(groups)).table == groups.table
    assert isinstance(groups, list) and len(groups) == 2


# Step by step against torch, in double precision


def problem() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.LayerNorm(4), nn.Linear(4, 2)).to(DOUBLE)
    return model, torch.randn(20, 5, dtype=DOUBLE), torch.randn(20, 2, dtype=DOUBLE)


def gradients(model, X, y):
    model.zero_grad()
    nn.functional.mse_loss(model(X), y).backward()


def test_adamws_decoupled_decay_falls_on_the_weights_alone():
    """Loshchilov and Hutter's algorithm 2 in NumPy, with the decay only where the rule puts it."""
    model, X, y = problem()
    lr, decay, beta1, beta2, eps = 0.01, 0.3, 0.9, 0.99, 1e-8
    optimizer = torch.optim.AdamW(
        decay_groups(model, weight_decay=decay), lr=lr, betas=(beta1, beta2), eps=eps
    )
    own = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    first = {name: np.zeros_like(p) for name, p in own.items()}
    second = copy.deepcopy(first)
    for k in range(1, 40):
        gradients(model, X, y)
        for name, p in model.named_parameters():
            g = p.grad.numpy()
            if name in ("0.weight", "3.weight"):
                own[name] *= 1 - lr * decay
            first[name] = beta1 * first[name] + (1 - beta1) * g
            second[name] = beta2 * second[name] + (1 - beta2) * g**2
            m, v = first[name] / (1 - beta1**k), second[name] / (1 - beta2**k)
            own[name] -= lr * m / (np.sqrt(v) + eps)
        optimizer.step()
        for name, p in model.named_parameters():
            np.testing.assert_allclose(p.detach().numpy(), own[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, lr=0.1),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        lambda p: torch.optim.Adam(p, lr=0.01),
        lambda p: torch.optim.RMSprop(p, lr=0.01),
    ],
    ids=["sgd", "momentum", "adam", "rmsprop"],
)
def test_coupled_decay_is_the_penalty_written_into_the_loss(make):
    """weight_decay is the factor of half the sum of squares, over weights alone."""
    model, X, y = problem()
    written = copy.deepcopy(model)
    decay = 0.3
    optimizer, plain = make(decay_groups(model, weight_decay=decay)), make(written.parameters())
    for _ in range(40):
        gradients(model, X, y)
        optimizer.step()
        plain.zero_grad()
        squares = written[0].weight.square().sum() + written[3].weight.square().sum()
        (nn.functional.mse_loss(written(X), y) + decay / 2 * squares).backward()
        plain.step()
        for one, other in zip(model.parameters(), written.parameters()):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_under_adam_coupled_and_decoupled_decay_differ():
    """The equality that people assume does not hold."""
    found = []
    for kind in (torch.optim.Adam, torch.optim.AdamW):
        model, X, y = problem()
        optimizer = kind(decay_groups(model, weight_decay=0.3), lr=0.01)
        for _ in range(40):
            gradients(model, X, y)
            optimizer.step()
        found.append(model[0].weight.detach())
    assert (found[0] - found[1]).abs().max() > 1e-3
