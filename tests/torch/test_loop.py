"""The loop against loops written out, bit for bit; its averages; its interruptions; dropout's facts."""

from __future__ import annotations

import copy
import io
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from torch.utils.data import DataLoader, TensorDataset

from bridle.errors import DataError, FileError, UsageError
from bridle.torch import EarlyStopping, train


def rows(n=50, p=3, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, p, generator=generator, dtype=dtype)
    return X, X.sum(dim=1, keepdim=True) + 0.5 * torch.randn(n, 1, generator=generator, dtype=dtype)


def net(seed=0, p=3, drop=0.5):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(p, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(drop), nn.Linear(8, 1))


def linear(p=3):
    model = nn.Linear(p, 1)
    nn.init.constant_(model.weight, 0.1)
    nn.init.zeros_(model.bias)
    return model


def sgd(model, lr=0.05, **settings):
    return torch.optim.SGD(model.parameters(), lr=lr, **settings)


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, two):
    return all(torch.equal(one[name], two[name]) for name in one)


def replay(model, optimizer, loader, epochs, held_out=None, seed=None, clip=None):
    """The loop written out; weights, training losses and validation losses after each epoch."""
    if seed is not None:
        torch.manual_seed(seed)
    states, losses, values = [], [], []
    for _ in range(epochs):
        model.train()
        total = count = 0
        for X, y in loader:
            optimizer.zero_grad()
            loss = F.mse_loss(model(X), y)
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            total, count = total + loss.item() * len(X), count + len(X)
        losses.append(total / count)
        model.eval()
        if held_out is not None:
            with torch.no_grad():
                values.append(F.mse_loss(model(held_out[0]), held_out[1]).item())
        states.append(state(model))
    return states, losses, values


@pytest.mark.parametrize("clip", [None, 0.3])
def test_it_is_the_loop_written_out_bit_for_bit(clip):
    data, held_out = TensorDataset(*rows()), rows(30, seed=1)
    loader = DataLoader(data, batch_size=16, shuffle=True)
    model, other = net(), net()
    states, losses, values = replay(
        model, torch.optim.Adam(model.parameters(), 0.02), loader, 6, held_out, 7, clip
    )
    torch.manual_seed(7)
    done = train(
        other, loader, loss=F.mse_loss, optimizer=torch.optim.Adam(other.parameters(), 0.02), epochs=6,
        validation=held_out, clip=clip,
    )  # fmt: skip
    assert same(state(other), states[-1])
    assert [e.train for e in done.history] == pytest.approx(losses, rel=1e-12)
    assert [e.validation for e in done.history] == values
    assert done.best_epoch == values.index(min(values)) + 1
    assert done.epochs == 6 and done.seconds > 0 and done.stopping is None
    assert not other.training


def test_early_stopping_is_the_best_epoch_of_the_loop_written_out():
    data, held_out = TensorDataset(*rows(20, 10)), rows(30, 10, seed=1)
    loader = DataLoader(data, batch_size=7, shuffle=True)

    def fresh():
        model = net(p=10, drop=0.0)
        return model, torch.optim.Adam(model.parameters(), 0.1)

    model, optimizer = fresh()
    states, _, values = replay(model, optimizer, loader, 60, held_out, 3)
    best = stop = 0
    for stop in range(1, 60):
        if values[stop] < values[best]:
            best = stop
        elif stop - best >= 5:
            break
    assert best < stop < 59, "the example must stop early"
    model, optimizer = fresh()
    torch.manual_seed(3)
    stopping = EarlyStopping(patience=5)
    done = train(
        model, loader, loss=F.mse_loss, optimizer=optimizer, epochs=60, validation=held_out, stopping=stopping
    )
    assert (done.best_epoch, done.epochs, stopping.stopped) == (best + 1, stop + 1, True)
    assert same(state(model), states[best])
    assert stopping.history["validation"] == values[: stop + 1]
    assert not same(state(model), states[stop])
    svg = done.figure()
    assert f"best: epoch {best + 1}" in svg and f"stopped: epoch {stop + 1}" in svg
    assert done._repr_svg_() == svg and svg in done._repr_html_()


@pytest.mark.parametrize("kind", ["tensors", "loader", "own generator"])
@pytest.mark.parametrize("scheduled", [None, "step", "plateau"])
@pytest.mark.parametrize("seed", [5, None])
def test_a_pause_leaves_no_trace(kind, scheduled, seed):
    X, y = rows()
    held_out = rows(30, seed=1)

    def fresh():
        model = net()
        optimizer = torch.optim.Adam(model.parameters(), 0.05)
        schedule = {
            None: lambda: None,
            "step": lambda: StepLR(optimizer, 3, 0.5),
            "plateau": lambda: ReduceLROnPlateau(optimizer, patience=0),
        }
        data = (X, y)
        if kind != "tensors":
            generator = torch.Generator().manual_seed(2) if kind != "loader" else None
            data = DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True, generator=generator)
        settings = {
            "loss": F.mse_loss, "optimizer": optimizer, "scheduler": schedule[scheduled](), "validation": held_out,
            "stopping": EarlyStopping(patience=50), "batch_size": 16, "clip": 1.0, "seed": seed,
        }  # fmt: skip
        return model, data, settings

    model, data, settings = fresh()
    torch.manual_seed(11)
    whole = train(model, data, epochs=10, **settings)
    part_model, data, settings = fresh()
    torch.manual_seed(11)
    part = train(part_model, data, epochs=4, **settings)
    buffer = io.BytesIO()
    torch.save(part.state_dict(), buffer)
    buffer.seek(0)
    part_model, data, settings = fresh()
    torch.manual_seed(99)
    loaded = torch.load(buffer, weights_only=True)
    again = train(part_model, data, epochs=10, resume=loaded, **settings)
    assert same(state(model), state(part_model))
    one, two = whole.state_dict(), again.state_dict()
    assert same(one["model"], two["model"])
    for a, b in zip(one["optimizer"]["state"].values(), two["optimizer"]["state"].values()):
        assert same(a, b)
    assert torch.equal(one["random"], two["random"])
    assert [(e.train, e.validation, e.lr) for e in whole.history] == [
        (e.train, e.validation, e.lr) for e in again.history
    ]
    # The state that was resumed from is not used up.
    fresh_model, data, settings = fresh()
    train(fresh_model, data, epochs=10, resume=loaded, **settings)
    assert same(state(fresh_model), state(model))


def test_a_seed_reproduces_and_leaves_outside_alone():
    def once(seed, before):
        model = net()
        torch.manual_seed(before)
        outside = torch.get_rng_state()
        train(model, rows(), loss=F.mse_loss, optimizer=sgd(model), epochs=2, seed=seed)
        assert torch.equal(torch.get_rng_state(), outside)
        return state(model)

    assert same(once(1, 10), once(1, 20))
    assert not same(once(1, 10), once(2, 10))


def test_losses_are_averaged_by_rows():
    X, y = rows(10)
    model = linear()
    with torch.no_grad():
        want = F.mse_loss(model(X), y).item()
    loader = DataLoader(TensorDataset(X, y), batch_size=4)
    for data, together in (((X, y), 1), (loader, 1), (loader, 3)):  # batches of 4, 4 and 2
        done = train(
            model, data, loss=F.mse_loss, optimizer=sgd(model, 0.0), epochs=1, batch_size=4, validation=data,
            accumulate=together,
        )  # fmt: skip
        assert done.history[0].train == pytest.approx(want, rel=1e-6)
        assert done.history[0].validation == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_accumulated_steps_are_steps_on_the_rows_together(weighted):
    X, y = rows(23, dtype=torch.float64)
    weights = torch.rand(23, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    model, other = linear().double(), linear().double()
    optimizer = sgd(other, momentum=0.9)
    for _ in range(3):
        for start in range(0, 23, 12):  # four batches of 3 a step; the last has 3, 3, 3 and 2 rows
            part = slice(start, start + 12)
            optimizer.zero_grad()
            each = (other(X[part]) - y[part]).square().ravel()
            w = weights[part] if weighted else torch.ones_like(each)
            ((each * w).sum() / w.sum()).backward()
            optimizer.step()
    loss = (lambda out, y: F.mse_loss(out, y, reduction="none")) if weighted else F.mse_loss
    train(
        model, (X, y, weights) if weighted else (X, y), loss=loss, optimizer=sgd(model, momentum=0.9), epochs=3,
        batch_size=3, accumulate=4, shuffle=False,
    )  # fmt: skip
    torch.testing.assert_close(model.weight, other.weight, rtol=0, atol=1e-14)
    torch.testing.assert_close(model.bias, other.bias, rtol=0, atol=1e-14)


def test_a_weight_of_two_is_a_row_that_is_there_twice():
    X, y = rows(6, dtype=torch.float64)
    w = torch.tensor([2.0, 1, 0, 3, 1, 1], dtype=torch.float64)
    twice = torch.repeat_interleave(torch.arange(6), w.long())
    model, other = linear().double(), linear().double()

    def loss(out, y):
        return F.mse_loss(out, y, reduction="none")

    one = train(model, (X, y, w), loss=loss, optimizer=sgd(model), epochs=5, validation=(X, y, w))
    two = train(
        other,
        (X[twice], y[twice]),
        loss=loss,
        optimizer=sgd(other),
        epochs=5,
        validation=(X[twice], y[twice]),
    )
    torch.testing.assert_close(model.weight, other.weight, rtol=0, atol=1e-14)
    assert [e.validation for e in one.history] == pytest.approx(
        [e.validation for e in two.history], rel=1e-12
    )
    with pytest.raises(UsageError, match="reduction='none'"):
        train(model, (X, y, w), loss=F.mse_loss, optimizer=sgd(model))


def test_schedulers():
    X, y = rows()
    model = linear()
    optimizer = sgd(model, 0.08)
    done = train(
        model, (X, y), loss=F.mse_loss, optimizer=optimizer, epochs=4, scheduler=StepLR(optimizer, 2, 0.5)
    )
    assert [e.lr for e in done.history] == [0.08, 0.08, 0.04, 0.04]
    model = linear()
    optimizer = sgd(model, 0.08)
    plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    values = iter([3.0, 2.0, 2.5, 1.0])
    done = train(
        model, (X, y), loss=F.mse_loss, optimizer=optimizer, epochs=4, scheduler=plateau, validation=(X, y),
        metric=lambda out, y: torch.tensor(next(values)), batch_size=50,
    )  # fmt: skip
    assert [e.lr for e in done.history] == [0.08, 0.08, 0.08, 0.04]


def test_a_metric_to_maximize():
    X, y = rows()
    model, values = linear(), iter([0.1, 0.5, 0.4, 0.3, 0.2])
    stopping = EarlyStopping(patience=2, mode="max")
    done = train(
        model, (X, y), loss=F.mse_loss, optimizer=sgd(model), validation=(X, y), stopping=stopping,
        metric=lambda out, y: torch.tensor(next(values), dtype=torch.float64), batch_size=50,
    )  # fmt: skip
    assert (done.best_epoch, done.epochs) == (2, 4)


def test_a_loss_that_is_no_number_stops_with_the_step_and_advice():
    X, y = rows(64)
    model = linear()
    stopping = EarlyStopping(patience=50)
    with pytest.raises(
        DataError, match=r"loss is (inf|nan) at step \d+ \(epoch \d+\): take a smaller"
    ) as caught:
        train(model, (X, y), loss=F.mse_loss, optimizer=sgd(model, 1e3), epochs=99, stopping=stopping)
    assert "best weights again, of epoch" in caught.value.__notes__[0]
    assert same(state(model), stopping.kept["state"]) and not model.training

    seen = []

    def spoiled(out, y):
        seen.append(1)
        return F.mse_loss(out, y) * (math.nan if len(seen) == 7 else 1.0)

    model = linear()
    with pytest.raises(DataError, match=r"loss is nan at step 7 \(epoch 4\)"):
        train(model, (X, y), loss=spoiled, optimizer=sgd(model), epochs=99, seed=0)
    assert torch.isfinite(model.weight).all()  # the step was not made
    holes = X.clone()
    holes[3, 1] = math.nan
    with pytest.raises(DataError, match="inputs of this batch hold NaN"):
        train(model, (holes, y), loss=F.mse_loss, optimizer=sgd(model))
    for clip, said in ((None, "weight holds NaN"), (1.0, "norm of the gradients is nan")):
        model = linear()
        with pytest.raises(DataError, match=said):  # the root of 0 has no gradient
            train(
                model, (X, y), clip=clip, epochs=1, optimizer=sgd(model), batch_size=64,
                loss=lambda out, y: (out - y).mean() + (out * 0).sum().sqrt(),
            )  # fmt: skip
    model = linear()
    with pytest.raises(DataError, match="validation value of epoch 1 is nan"):
        train(model, (X, y), loss=F.mse_loss, optimizer=sgd(model), validation=(holes, y))


def test_a_batch_that_does_not_fit_the_model_is_named_with_both_sides():
    X, y = rows()
    for bad_X, bad_y, said in (
        (X.double(), y, r"inputs are torch\.float64, the model is torch\.float32"),
        (X.long(), y, r"inputs are torch\.int64, the model is torch\.float32"),
        (X.to("meta"), y.to("meta"), r"inputs are on meta, the model is on cpu: give device="),
    ):
        model = linear()
        before = state(model)
        with pytest.raises(DataError, match=said):
            train(model, (bad_X, bad_y), loss=F.mse_loss, optimizer=sgd(model), shuffle=False)
        assert same(state(model), before)
    with pytest.raises(DataError, match=r"targets are torch\.int32, losses of classes take torch\.int64"):
        classes = nn.Linear(3, 2)
        train(classes, (X, (y > 0).ravel().int()), loss=F.cross_entropy, optimizer=sgd(classes))
    model = linear()
    with pytest.raises(DataError, match=r"inputs are torch\.float64"):
        train(model, (X, y), loss=F.mse_loss, optimizer=sgd(model), validation=(X.double(), y))
    cast = nn.Sequential(nn.Flatten(), linear())
    cast.register_forward_pre_hook(lambda module, args: (args[0].float(),))
    assert train(cast, (X.double(), y), loss=F.mse_loss, optimizer=sgd(cast), epochs=1).epochs == 1
    model = linear()
    with pytest.raises(RuntimeError, match="shapes"):  # not about devices or types: torch says it best
        train(model, (X[:, :2], y), loss=F.mse_loss, optimizer=sgd(model))
    done = train(model, (X, y), loss=F.mse_loss, optimizer=sgd(model), device="cpu", epochs=1)
    assert done.epochs == 1


def test_an_interruption_restores_the_best_weights_and_is_passed_on():
    X, y = rows()
    held_out = rows(30, seed=1)
    for restore in (True, False):
        model, kept = linear(), []

        def interrupt(epoch, pause, kept=kept, model=model):
            kept.append((epoch, state(model), pause()))
            if epoch.number == 4:
                raise KeyboardInterrupt

        values = iter([3.0, 1.0, 2.0, 2.0])
        stopping = EarlyStopping(restore=restore)
        with pytest.raises(KeyboardInterrupt) as caught:
            train(
                model, (X, y), loss=F.mse_loss, optimizer=sgd(model), validation=held_out, stopping=stopping,
                metric=lambda out, y, values=values: torch.tensor(next(values)), callback=interrupt,
            )  # fmt: skip
        assert same(state(model), kept[1 if restore else 3][1])
        assert ("best weights again, of epoch 2" in caught.value.__notes__[0]) == restore
        assert not model.training
        # The state that the callback was given goes on from there.
        other = linear()
        on = train(
            other, (X, y), loss=F.mse_loss, optimizer=sgd(other), validation=held_out, stopping=EarlyStopping(),
            resume=kept[2][2], epochs=3,
        )  # fmt: skip
        assert on.epochs == 3 and same(on.state_dict()["model"], kept[2][1])


def test_progress_and_callback():
    X, y = rows()
    told, model = [], linear()
    done = train(
        model, (X, y), loss=F.mse_loss, optimizer=sgd(model), epochs=5,
        progress=lambda stage, share: told.append((stage, share)), callback=lambda epoch, pause: epoch.number == 3,
    )  # fmt: skip
    assert done.epochs == 3
    assert told == [("training", 0.2), ("training", 0.4), ("training", 0.6), ("training", 1.0)]


def test_layers_frozen_in_evaluation_mode_stay_so():
    X, y = rows()
    model = net().train()
    model[1].eval()
    before = model[1].running_mean.clone()
    train(model, (X, y), loss=F.mse_loss, optimizer=sgd(model), epochs=2)
    assert torch.equal(model[1].running_mean, before)
    assert not model.training
    train(
        model, (X, y), loss=F.mse_loss, optimizer=sgd(model), epochs=1
    )  # as a whole in evaluation mode: all learn
    assert not torch.equal(model[1].running_mean, before)


def test_mixed_precision_and_compiled_models_train():
    X, y = rows(200)
    for wrap in (lambda m: m, lambda m: torch.compile(m, backend="eager")):
        model = net(drop=0.0)
        wrapped = wrap(model)
        done = train(
            wrapped, (X, y), loss=F.mse_loss, optimizer=torch.optim.Adam(model.parameters(), 0.02), epochs=20,
            amp=True, stopping=EarlyStopping(), validation=(X, y), seed=0,
        )  # fmt: skip
        assert done.history[-1].train < 0.5 * done.history[0].train
        assert model[0].weight.dtype == torch.float32


def test_bad_arguments():
    X, y = rows()
    model = linear()
    good = {"loss": F.mse_loss, "optimizer": sgd(model)}
    stopped = EarlyStopping(restore=False)
    stopped.step(1.0)
    for settings, said in (
        ({"optimizer": torch.optim.LBFGS(model.parameters())}, "LBFGS"),
        ({"optimizer": sgd(linear())}, "none of the model's parameters"),
        ({"optimizer": 3}, "torch optimizer"),
        ({"epochs": -1}, "epochs"), ({"accumulate": 0}, "accumulate"), ({"clip": 0}, "clip"), ({"batch_size": 0}, "batch"),
        ({"seed": -1}, "seed"),
        ({"stopping": 5}, "EarlyStopping"), ({"stopping": stopped}, "counted 1 epochs"),
        ({"resume": {}}, "resume must be"),
        ({"validation": 3}, "validation must be"),
        ({"loss": lambda out, y: 1.0}, "must return a tensor"),
        ({"loss": lambda out, y: torch.zeros(3)}, "one for each row"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            train(model, (X, y), **{**good, **settings})
    with pytest.raises(UsageError, match="with parameters"):
        train(nn.ReLU(), (X, y), **good)
    for data, said in (
        ((X, y[:3]), "same number of rows"), ((X[:0], y[:0]), "at least one"), ([X], r"must yield \(X, y\)"),
        ([(1, 2)], "hold no tensors"), ([], "no rows"),
        ((X, y, torch.zeros(50)), "sum to 0"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=said):
            train(model, data, loss=lambda out, y: (out - y).square(), optimizer=sgd(model))
    once = iter([(X, y)])
    with pytest.raises(DataError, match="epoch 2: data must yield"):
        train(model, once, **good)
    paused = train(model, (X, y), epochs=1, **good)
    with pytest.raises(UsageError, match="had none as stopping"):
        train(model, (X, y), resume=paused, stopping=EarlyStopping(), **good)
    with pytest.raises(FileError):
        paused.figure("/nowhere/at/all.svg")
    assert train(model, (X, y), epochs=1, resume=paused, **good).epochs == 1


def test_inputs_may_be_dicts():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 1), nn.Linear(1, 1)

        def forward(self, x):
            return self.a(x["left"]) + self.b(x["right"])

    X, y = rows()
    batches = [
        ({"left": X[i : i + 10, :2], "right": X[i : i + 10, 2:]}, y[i : i + 10]) for i in range(0, 50, 10)
    ]
    model = Two()
    done = train(model, batches, loss=F.mse_loss, optimizer=sgd(model), epochs=3, device="cpu")
    assert done.history[-1].train < done.history[0].train


# Dropout


def test_the_mean_over_masks_of_a_linear_network_is_its_prediction():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(4, 6), nn.Dropout(0.4), nn.Linear(6, 5), nn.Dropout(0.25), nn.Linear(5, 2)
    )
    X = torch.randn(3, 4)
    with torch.no_grad():
        want = model.eval()(X)
        many = model.train()(X.repeat(40_000, 1)).reshape(-1, 3, 2)
    standard_error = many.std(0) / math.sqrt(len(many))
    assert ((many.mean(0) - want).abs() < 5 * standard_error).all()
    assert (standard_error > 0).all() and float(standard_error.max()) < 0.02
    assert torch.equal(model.eval()(X), model(X))  # no masks in evaluation


def test_training_sees_dropout_and_validation_never_does():
    class Witness(nn.Module):
        def __init__(self):
            super().__init__()
            self.drop, self.out = nn.Dropout(0.5), nn.Linear(3, 1)
            self.seen = []

        def forward(self, x):
            dropped = self.drop(x)
            self.seen.append((self.training, torch.is_grad_enabled(), bool((dropped == 0).any())))
            return self.out(dropped)

    X, y = rows()
    model = Witness()
    done = train(
        model,
        (X, y),
        loss=F.mse_loss,
        optimizer=sgd(model, 0.0),
        epochs=3,
        batch_size=50,
        validation=(X, y),
        seed=0,
    )
    assert model.seen == [(True, True, True), (False, False, False)] * 3
    with torch.no_grad():
        want = F.mse_loss(model.out(X), y).item()
    assert [e.validation for e in done.history] == [want] * 3
    assert len({e.train for e in done.history}) == 3
    assert copy.deepcopy(model).training is False
