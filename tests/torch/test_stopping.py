"""Early stopping: when it stops, that the best weights come back bit for bit, that it resumes, that its figure is one."""

from __future__ import annotations

import copy
import io
import math
import xml.etree.ElementTree as ET

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bridle.errors import DataError, FileError, UsageError
from bridle.torch import EarlyStopping
from bridle.torch.stopping_figure import Curves, curves_figure


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
        self.register_buffer("hidden", torch.zeros(2), persistent=False)

    def forward(self, x):
        return self.body(x)


def everything(model):
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def shake(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in everything(model).values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator) + 0.1)
            else:
                value.fill_(seed)


def by_hand(values, patience, min_delta, mode):
    """The epoch of the stop (or None) and the best epoch, said plainly: all values are known."""
    sign = 1 if mode == "min" else -1
    best = 0
    for i in range(1, len(values)):
        if sign * (values[best] - values[i]) > min_delta:
            best = i
        elif i - best >= patience:
            return i + 1, best + 1
    return None, best + 1


@given(
    st.lists(st.integers(-8, 8).map(float), min_size=1, max_size=30),
    st.integers(1, 5),
    st.sampled_from([0.0, 1.0, 2.5]),
    st.sampled_from(["min", "max"]),
)
def test_when_it_stops(values, patience, min_delta, mode):
    stopping = EarlyStopping(patience, min_delta, mode, restore=False)
    stop = None
    for epoch, value in enumerate(values, 1):
        if stopping.step(value):
            stop = epoch
            break
    assert (stop, stopping.best_epoch) == by_hand(values, patience, min_delta, mode)
    assert stopping.best_value == values[stopping.best_epoch - 1]
    assert stopping.history["validation"] == values[: stopping.epoch]
    assert stopping.stopped == (stop is not None)


def test_the_best_weights_come_back_bit_for_bit():
    model, stopping = Net(), EarlyStopping(patience=3)
    then = None
    for epoch, value in enumerate([3.0, 1.0, 2.0, 2.0, 2.0], 1):
        shake(model, epoch)
        if epoch == 2:
            then = copy.deepcopy(everything(model))
        stopping.step(value, model)
    parameters = {id(p) for p in model.parameters()}
    assert stopping.stopped
    stopping.restore(model)
    for name, value in everything(model).items():
        assert torch.equal(value, then[name]), name
    assert {id(p) for p in model.parameters()} == parameters  # an optimizer still holds them
    shake(model, 9)  # what is kept is no alias of the model
    stopping.restore(model)
    assert all(torch.equal(value, then[name]) for name, value in everything(model).items())


def test_a_compiled_model_is_the_model_inside():
    model = Net()
    compiled = torch.compile(model, backend="eager")
    stopping = EarlyStopping()
    stopping.step(1.0, compiled)
    then = copy.deepcopy(everything(model))
    shake(model, 1)
    stopping.restore(model)
    assert all(torch.equal(value, then[name]) for name, value in everything(model).items())


def test_it_resumes_in_the_middle():
    values = [5.0, 4.0, 3.0, 3.5, 2.0, 2.5, 2.5, 2.5]

    def straight(stopping, model, epochs):
        for epoch in epochs:
            shake(model, epoch)
            stopping.step(values[epoch], model, train=values[epoch] - 1)

    whole, model = EarlyStopping(patience=3), Net()
    straight(whole, model, range(8))
    first, model_two = EarlyStopping(patience=3), Net()
    straight(first, model_two, range(4))
    buffer = io.BytesIO()
    torch.save(first.state_dict(), buffer)
    buffer.seek(0)
    resumed = EarlyStopping(patience=99)
    resumed.load_state_dict(torch.load(buffer, weights_only=True))
    straight(resumed, model_two, range(4, 8))
    assert resumed.stopped and resumed.epoch == whole.epoch and resumed.history == whole.history
    whole.restore(model)
    resumed.restore(model_two)
    assert all(torch.equal(a, b) for a, b in zip(everything(model).values(), everything(model_two).values()))
    state = first.state_dict()
    first.step(9.0, model_two)
    assert len(state["history"]["validation"]) == 4  # the state is a moment, not a view


def test_bad_values_and_settings():
    stopping = EarlyStopping(restore=False)
    stopping.step(torch.tensor(1.0))
    for bad in (math.nan, math.inf, torch.tensor(math.nan)):
        with pytest.raises(DataError, match=r"epoch 2 is (nan|inf).*learning rate.*scale.*clip"):
            stopping.step(bad)
    assert stopping.epoch == 1 and stopping.best_value == 1.0
    for settings, name in (
        ({"patience": 0}, "patience"),
        ({"min_delta": -1}, "min_delta"),
        ({"mode": "up"}, "mode"),
    ):
        with pytest.raises(UsageError, match=name):
            EarlyStopping(**settings)
    with pytest.raises(UsageError, match="needs the model"):
        EarlyStopping().step(1.0)
    with pytest.raises(UsageError, match="restore=False"):
        stopping.restore(Net())
    with pytest.raises(UsageError, match="no epoch"):
        EarlyStopping().restore(Net())
    with pytest.raises(UsageError, match="lacks patience"):
        stopping.load_state_dict({})
    short = EarlyStopping(patience=1, restore=False)
    assert not short.step(1.0) and short.step(1.0)
    with pytest.raises(UsageError, match="stopped at epoch 2"):
        short.step(0.0)


def test_the_figure_stands_alone(tmp_path):
    stopping = EarlyStopping(patience=2, restore=False)
    assert stopping._repr_svg_() is None and stopping._repr_html_() is None
    for value in (3.0, 1.0, 2.0, 2.5):
        stopping.step(value, train=value / 2)
    svg = stopping.figure(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text() == svg == stopping._repr_svg_()
    root = ET.fromstring(svg)
    texts = ["".join(t.itertext()) for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"best: epoch 2", "stopped: epoch 4", "training", "validation", "epoch"} <= set(texts)
    assert "prefers-color-scheme: dark" in svg and "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert svg in stopping._repr_html_()
    # The curve goes through the values: pixels are linear in them.
    paths = {p.get("class"): p.get("d") for p in root.iter("{http://www.w3.org/2000/svg}path")}
    ys = [float(point.split()[1]) for point in paths["curve heldout"][1:].split("L")]
    assert ys[1] > ys[2] > ys[3] > ys[0]
    assert (ys[1] - ys[2]) / (ys[2] - ys[3]) == pytest.approx(2.0, rel=0.01)
    with pytest.raises(FileError, match="cannot be written"):
        stopping.figure(tmp_path / "no" / "a.svg")


def test_figures_of_odd_histories():
    nan = math.nan
    for curves in (
        Curves([1.0], [1.0], 1, None),
        Curves([nan, nan], [2.0, 2.0], 1, 2, unit="<b>&"),
        Curves([1.0, 0.5], [nan, nan], 2, None),
        Curves([], [], None, None),
        Curves([1e9, *[1.0] * 5000], [1e9, *[2.0] * 5000], 2, 5001),
        Curves([-1.0, -2.0], [-1.0, -3.0], 2, 2),
    ):
        for width in (360, 720):
            root = ET.fromstring(curves_figure(curves, width=width))
            assert root.tag.endswith("svg")
