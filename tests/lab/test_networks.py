"""The lesson "network" against networks written out with autograd, scikit-learn's scores, and the laws of its parts."""

from __future__ import annotations

import contextlib
import io
import math
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from sklearn.metrics import accuracy_score
from sklearn.metrics import log_loss as sklearns_log_loss

from bridle import UsageError
from bridle.lab import networks
from bridle.lab.frames import frames
from bridle.lab.keys import NETWORKS, Key, number_text
from bridle.lab.lessons import compute
from bridle.lab.networks import CELLS, REACH, Setting, codes, lattice, snapshots, table
from bridle.lab.static import write_folder
from bridle.lab.streaming import SLOW
from bridle.lab.wire import decode
from bridle.lab.work import Cancelled, show
from bridle.torch.network import Architecture, Network
from bridle.torch.penalty import Strengths

SMALL = {**NETWORKS[0], "hidden": "8", "extra": 3, "shape": "circles", "rate": 0.05, "lasso": 0.003}
CANCELLED_WITHIN = 0.2


def key(**changes: Any) -> str:
    return str(Key("network", {**SMALL, **changes}))


USUAL = str(Key("network", NETWORKS[0]))


def unpacked(lesson: Any, name: str, count: int) -> Any:
    """Codes as log odds, ``count`` to a picture."""
    whole = np.ascontiguousarray(lesson[name]).astype("<i4")
    return whole.view(np.uint8).reshape(*whole.shape[:-1], -1)[..., :count]


@pytest.fixture(scope="module")
def small() -> Any:
    return compute(key())


@pytest.fixture(scope="module")
def copied(small: Any) -> dict[str, Any]:
    """What the lines of "Copy as Python" leave, and what they print."""
    names: dict[str, Any] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(small["python"], names)
    return names | {"said": said.getvalue()}


# The points


@pytest.mark.parametrize("shape", ["moons", "circles", "spirals"])
def test_points_without_blur_lie_on_their_curves(shape: str, monkeypatch: Any) -> None:
    monkeypatch.setitem(networks.BLUR, shape, 0.0)
    X, y, part = table(shape, 0.0, 0, 3)
    if shape == "moons":
        centre = np.where(y[:, None] == 0, (-0.5, -0.25), (0.5, 0.25))
        assert np.hypot(*(X - centre).T) == pytest.approx(1.0, abs=1e-12)
        assert ((X[:, 1] - centre[:, 1]) * np.where(y == 0, 1, -1) >= -1e-12).all()
    else:
        radius = np.hypot(*X.T)
        if shape == "circles":
            assert radius == pytest.approx(np.where(y == 0, 1.1, 0.5), abs=1e-12)
        else:  # the angle grows with the radius, half a turn on for the other kind
            angle = np.arctan2(X[:, 1], X[:, 0]) - 1.9 * np.pi * (radius - 0.15) / 1.1 - np.pi * y
            assert np.cos(angle) == pytest.approx(1.0, abs=1e-9)
    assert np.bincount(part).tolist() == [100, 200, 2000] and abs(y.mean() - 0.5) < 1e-12
    assert (np.abs(X) < REACH).all()


def test_wrong_marks_are_as_many_as_is_said_and_change_nothing_else() -> None:
    clean, noisy, more = (table("moons", noise, extra, 1) for noise, extra in ((0.0, 0), (0.2, 0), (0.2, 3)))
    assert (clean[0] == noisy[0]).all() and (noisy[0] == more[0][:, :2]).all() and (noisy[1] == more[1]).all()
    wrong = int((clean[1] != noisy[1]).sum())
    assert abs(wrong - 460) < 4 * math.sqrt(2300 * 0.2 * 0.8)
    assert abs(np.corrcoef(more[0].T, more[1])[2:5, 5]).max() < 0.1
    assert not (table("moons", 0.0, 0, 2)[0] == clean[0]).any()


def test_the_lattice_is_the_picture_row_by_row_from_above() -> None:
    points = lattice(*CELLS, 5)
    assert points[0].tolist() == [-2, 1.5, 0, 0, 0] and points[-1].tolist() == [2, -1.5, 0, 0, 0]
    assert points[CELLS[0] - 1].tolist()[:2] == [2, 1.5] and len(points) == CELLS[0] * CELLS[1]
    kept = snapshots()
    assert kept[0] == 0 and kept[-1] == 200 and (np.diff(kept) > 0).all() and 35 <= len(kept) <= 41
    t = np.linspace(-1, 1, 255)
    assert codes(8 * t * np.abs(t)).tolist() == list(range(255))


# The trainings


def by_autograd(setting: Setting, start: Network, method: str, epochs: int) -> list[float]:
    """Held-out losses by epoch from torch's own layers, loss, autograd and Adam; the draws in the order of the engine's."""
    torch = pytest.importorskip("torch")
    X, y, part = table(setting.shape, setting.noise, setting.extra, setting.seed)
    mean, sd = X[part == 0].mean(axis=0), X[part == 0].std(axis=0)
    X, y = torch.as_tensor((X - mean) / sd), torch.as_tensor(y)
    random, own = torch.Generator().manual_seed(setting.seed), torch.Generator().manual_seed(setting.seed + 1)
    layers = []
    for inputs, outputs in pairwise([X.shape[1], *setting.hidden, 1]):
        torch.randn(
            (outputs, inputs), generator=random, dtype=torch.float64
        )  # as the engine's, from which it starts
        layers.append(torch.nn.Linear(inputs, outputs, dtype=torch.float64))
    with torch.no_grad():
        for layer, weight, bias in zip(layers, start.weights, start.biases):
            layer.weight.copy_(torch.as_tensor(weight))
            layer.bias.copy_(torch.as_tensor(bias))

    def scores(rows: Any, masked: bool) -> Any:
        h = X[rows]
        for layer in layers[:-1]:
            h = torch.tanh(layer(h))
            if masked:
                mask = torch.empty(h.shape, dtype=h.dtype).bernoulli_(1 - setting.drop, generator=own)
                h = torch.where(mask == 1, h / (1 - setting.drop), 0.0)
        return layers[-1](h)[:, 0]

    loss = torch.nn.functional.binary_cross_entropy_with_logits
    parameters = [p for layer in layers for p in layer.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=setting.rate, betas=(0.9, 0.99))
    train, held = (torch.as_tensor(np.flatnonzero(part == k)) for k in (0, 1))
    out = []
    for epoch in range(epochs):
        order = train[torch.randperm(len(train), generator=random)]
        for step, rows in enumerate((order[:50], order[50:])):
            rate = setting.rate * 0.5 * (1 + math.cos(math.pi * (epoch + step / 2) / 200))
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
            loss(scores(rows, method == "dropout"), y[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            out.append(float(loss(scores(held, False), y[held])))
    return out


@pytest.mark.parametrize("method", ["none", "dropout"])
def test_the_held_out_losses_are_those_of_torchs_own_layers(small: Any, method: str) -> None:
    """Dropout with masks on and divided in training, off at prediction."""
    setting = Setting.of(Key.parse(key()))
    film = networks._Film(setting, lambda stage, share: None, networks._loaded(lambda stage, share: None))
    start = film.run((0,), Strengths(), epochs=0).networks[0]
    found = by_autograd(setting, start, method, 60)
    m = small["methods"].index(method)
    assert small["held"][m, 1:61] == pytest.approx(found, rel=1e-7)
    if method == "dropout":
        assert abs(small["held"][m, 1:61] - small["held"][0, 1:61]).max() > 0.01


def test_all_five_begin_as_the_same_network(small: Any) -> None:
    pictures = unpacked(small, "grids", CELLS[0] * CELLS[1])
    assert (pictures[:, 0] == pictures[0, 0]).all() and (small["losses"][:, 0] == small["losses"][0, 0]).all()
    assert (small["held"][:, 0] == small["held"][0, 0]).all()
    assert not (pictures[:3, -1] == pictures[3, -1]).all()
    assert small["at"].tolist() == snapshots().tolist()


def test_early_stopping_goes_the_same_way_and_takes_the_best_back(small: Any, copied: Any) -> None:
    held, stop = small["held"], int(small["done"][4])
    assert held[4, : stop + 1] == pytest.approx(held[0, : stop + 1], rel=1e-9)
    assert np.isnan(held[4, stop + 1 :]).all() and small["done"].tolist() == [200, 200, 200, 200, stop]
    best = 1 + int(np.argmin(held[4, 1 : stop + 1]))
    assert small["restored"] == small["best"][4] == best and stop == best + 20
    X, y, part = table("circles", 0.1, 3, 0)
    kept = copied["networks"][4]
    assert networks.log_loss(kept, X[part == 1], y[part == 1]) == pytest.approx(held[4, best], rel=1e-12)
    late = small["at"] > stop
    assert late.any() and (small["losses"][4, late] == small["losses"][4, -1]).all()
    for m in range(4):
        assert small["best"][m] == 1 + np.argmin(held[m, 1:])


def test_pictures_and_scores_are_those_of_the_networks(small: Any, copied: Any) -> None:
    X, y, part = table("circles", 0.1, 3, 0)
    pictures = unpacked(small, "grids", CELLS[0] * CELLS[1])
    points = lattice(*CELLS, 5)
    for m, network in enumerate(copied["networks"]):
        odds = []
        for rows in (points, X[part == 2], X[part == 0]):  # the forward pass written out
            h = (rows - X[part == 0].mean(axis=0)) / X[part == 0].std(axis=0)
            h = np.tanh(h @ network.weights[0].T + network.biases[0])
            odds.append((h @ network.weights[1].T + network.biases[1])[:, 0])
        shown = (pictures[m, -1].astype(float) - 127) / 127  # the signed root of the log odds / 8
        root = np.sign(odds[0]) * np.sqrt(np.minimum(np.abs(odds[0]) / 8, 1))
        assert np.abs(shown - root).max() <= 0.5 / 127 + 1e-9
        chance = 1 / (1 + np.exp(-odds[1]))
        assert small["fresh_loss"][m] == pytest.approx(sklearns_log_loss(y[part == 2], chance), rel=1e-9)
        assert small["fresh_accuracy"][m] == accuracy_score(y[part == 2], chance > 0.5)
        trained = sklearns_log_loss(y[part == 0], 1 / (1 + np.exp(-odds[2])))
        assert small["losses"][m, -1] == pytest.approx(trained, rel=1e-9)
        every = np.concatenate([w.ravel() for w in network.weights])
        assert small["zeros"][m, -1] == (every == 0).sum() and small["n_weights"] == every.size == 48
        assert small["inputs"][m] == pytest.approx(np.abs(network.weights[0]).max(axis=0), rel=1e-12)
    assert small["zeros"][[0, 1, 3, 4], -1].tolist() == [0, 0, 0, 0] and small["zeros"][2, -1] > 0


def test_the_lines_of_python_say_the_same(small: Any, copied: Any) -> None:
    for m, losses in enumerate(copied["held"]):
        assert losses == pytest.approx(small["held"][m, 1 : 1 + len(losses)], rel=1e-10)
    for m, line in enumerate(copied["said"].splitlines()):
        name, right, loss, left = line.split()
        assert name == small["methods"][m] and float(right) == small["fresh_accuracy"][m]
        assert float(loss) == pytest.approx(small["fresh_loss"][m], rel=1e-10)
        assert int(left) == small["n_weights"] - small["zeros"][m, -1]


def test_stronger_penalties_leave_smaller_weights_and_fewer_of_them() -> None:
    weak, strong = (compute(key(lasso=lasso, decay=decay)) for lasso, decay in ((0.003, 0.001), (0.01, 0.03)))
    assert strong["zeros"][2, -1] > weak["zeros"][2, -1] > 0
    assert (strong["inputs"][1] < weak["inputs"][1]).all()
    assert strong["losses"][1, -1] > weak["losses"][1, -1]
    assert (strong["held"][0] == weak["held"][0]).all()  # nothing else is another one


def test_masks_average_to_the_picture_without_them() -> None:
    """With one hidden layer the log odds are linear in the masks: their mean is the prediction, nothing scaled."""
    random = np.random.default_rng(4)
    shape = Architecture(2, (12,), 1, "tanh", 0.5)
    network = Network(
        shape, "binomial", (random.standard_normal((12, 2)), random.standard_normal((1, 12))),
        (random.standard_normal(12), random.standard_normal(1)), np.zeros(2), np.ones(2), np.zeros(1), np.ones(1),
    )  # fmt: skip
    points = lattice(7, 5)
    drawn = network.sampled(points, 4000, 1)[:, :, 0]
    mean, error = drawn.mean(axis=0), drawn.std(axis=0) / math.sqrt(4000)
    assert (np.abs(mean - network.decision(points)[:, 0]) < 5 * error + 1e-12).all()
    assert (drawn.std(axis=0) > 0.1).all()


def test_the_pictures_with_masks_are_drawn_from_the_network_of_that_epoch(small: Any, copied: Any) -> None:
    across, down = small["thinned_cells"]
    thin = unpacked(small, "thinned", across * down)
    wanted = copied["networks"][3].sampled(lattice(across, down, 5), thin.shape[1], 0)[:, :, 0]
    assert np.abs(thin[-1].astype(int) - codes(wanted).astype(int)).max() <= 1
    assert len({draw.tobytes() for draw in thin[-1]}) == len(thin[-1]) > 3


# Streamed, given up, without PyTorch, recorded


class _Watching:
    def __init__(self, until: float = math.inf) -> None:
        self.parts: list[Any] = []
        self.until, self.raised = until, 0.0

    def __call__(self, stage: str, share: float) -> None:
        assert 0 <= share <= 1
        if share > self.until:
            self.raised = time.perf_counter()
            raise Cancelled

    def show(self, so_far: Any) -> None:
        self.parts.append(so_far())


def test_parts_grow_and_the_result_needs_none_of_them(small: Any) -> None:
    watching = _Watching()
    whole = compute(key(), watching)
    assert "partial" not in whole and (whole["held"][:4] == small["held"][:4]).all()
    assert len(watching.parts) > 60
    done = np.array([part["done"] for part in watching.parts])
    assert (np.diff(done, axis=0) >= 0).all() and (np.diff(done.sum(axis=1)) > 0).all()
    for part in watching.parts[::7]:
        assert part["partial"] is True
        newest = unpacked(part, "now", CELLS[0] * CELLS[1])
        for m, epoch in enumerate(part["done"]):
            assert (
                np.isfinite(part["held"][m, : epoch + 1]).all()
                and np.isnan(part["held"][m, epoch + 1 :]).all()
            )
            at = int(np.searchsorted(whole["at"], epoch, side="right")) - 1
            final = unpacked(whole, "grids", CELLS[0] * CELLS[1])
            assert (newest[m] == final[m, at]).all()


def test_a_training_given_up_ends_within_a_fifth_of_a_second() -> None:
    watching = _Watching(until=0.3)
    with pytest.raises(Cancelled):
        compute(USUAL, watching)
    assert time.perf_counter() - watching.raised < CANCELLED_WITHIN


def test_loading_pytorch_is_not_waited_for_by_who_has_left(monkeypatch: Any) -> None:
    monkeypatch.setattr(networks, "_loaded", lambda tell: time.sleep(1.5))
    began = time.perf_counter()

    def progress(stage: str, share: float) -> None:
        if time.perf_counter() - began > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        compute(key(), progress)
    assert time.perf_counter() - began < 0.3 + CANCELLED_WITHIN


def test_the_server_gives_up_a_training_nobody_waits_for(running: Any, client_of: Any) -> None:
    import http.client

    ended = threading.Event()
    when: list[float] = []

    def lessons(asked: str, progress: Any) -> Any:
        try:
            return compute(asked, progress)
        except Cancelled:
            when.append(time.perf_counter())
            ended.set()
            raise

    compute(key())  # PyTorch is loaded
    with running(lessons) as (port, secrets):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        path = "/api/lesson?key=" + quote(USUAL, safe="")
        connection.request("GET", path, headers={"cookie": f"bridle_lab_{port}={secrets.cookie}"})
        answer = connection.getresponse()
        seen = answer.read(40_000)  # some pictures have come
        assert b"BRL1" in seen
        left = time.perf_counter()
        answer.close()
        connection.close()
        assert ended.wait(10)
    assert when[0] - left < CANCELLED_WITHIN


def test_parts_are_frames_of_their_own_at_most_twenty_a_second(running: Any, client_of: Any) -> None:
    made = []

    def lessons(asked: str, progress: Any) -> Any:
        end = time.monotonic() + 0.6
        while time.monotonic() < end:
            show(progress, lambda: made.append(1) or {"partial": True, "n": len(made)})
            time.sleep(0.001)
        return {"whole": True}

    with running(lessons) as (port, secrets):
        answer = client_of(port, secrets.cookie).get("/api/lesson?key=x")
    pieces = frames(answer.content)
    parts = [decode(content) for kind, content in pieces if kind == b"S"]
    assert parts == [{"partial": True, "n": n + 1} for n in range(len(parts))]
    assert 2 <= len(parts) == len(made) <= 0.6 / SLOW + 2 and SLOW >= 0.05
    assert [kind for kind, _ in pieces][-1] == b"R" and decode(pieces[-1][1]) == {"whole": True}


def test_nothing_but_a_training_loads_pytorch() -> None:
    code = (
        "import sys\nimport bridle.lab.server, bridle.lab.lessons as lessons\n"
        "lessons.compute('corners?dataset=pair&l1_ratio=1')\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'torch']\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("stops", [False, True])
def test_a_server_loads_pytorch_while_the_screen_before_is_looked_at(stops: bool) -> None:
    """Its compiler too, which the first optimizer imports; a server that stops loads nothing any more."""
    code = f"""
import sys, threading
from bridle.lab import networks
from bridle.lab.keys import offered
from bridle.lab.work import compute_late
key = next(str(key) for key in offered() if key.kind == "wiggle")
tell, stopping = lambda stage, share: None, threading.Event()
if {stops}:
    stopping.set()
compute_late(key, tell)
assert threading.active_count() == 1  # without a server there is nothing to load for
with networks._LOADING:  # however long this takes: nothing is loaded meanwhile, and nobody waits for it
    for _ in range(2):
        compute_late(key, tell, stopping=stopping)
    assert len(ahead := [one for one in threading.enumerate() if one.name == "bridle-lab-torch"]) <= 1
    assert "torch" not in sys.modules
for one in ahead:
    one.join()
assert ("torch._dynamo" in sys.modules and "bridle.torch.training" in sys.modules) is not {stops}
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_without_pytorch_the_recorded_run_is_shown_and_the_command_said(monkeypatch: Any) -> None:
    monkeypatch.setattr(networks, "find_spec", lambda name: None)
    monkeypatch.setattr(networks, "_loaded", None)
    found = compute(USUAL)
    assert found["torch"] is False and found["recorded"] is True and found["key"] == USUAL
    with pytest.raises(UsageError, match=r'pip install "bridle\[torch\]"'):
        compute(key())


def test_the_recorded_run_is_what_training_gives() -> None:
    """Other processors round otherwise, so not to the last digit."""
    assert networks.RECORDED.stat().st_size < 300_000
    kept, made = networks.recorded(USUAL), compute(USUAL)
    assert kept is not None and set(kept) == set(made) and kept["recorded"] is True is not made["recorded"]
    for name in ("losses", "held", "met", "fresh_loss", "inputs"):
        assert kept[name] == pytest.approx(made[name], rel=1e-4, abs=1e-5, nan_ok=True), name
    for name in ("at", "done", "best", "restored", "points", "sides", "python", "methods", "n_weights"):
        assert np.array_equal(kept[name], made[name]), name
    assert np.abs(kept["fresh_accuracy"] - made["fresh_accuracy"]).max() <= 1e-3
    for name, cells in (("grids", CELLS), ("thinned", kept["thinned_cells"])):
        count = cells[0] * cells[1]
        apart = unpacked(kept, name, count).astype(int) - unpacked(made, name, count).astype(int)
        assert np.abs(apart).max() <= 2 and (apart == 0).mean() > 0.999
    assert networks.recorded(key()) is None


def test_the_folder_is_written_where_there_is_no_pytorch(tmp_path: Path, app_folder: Path) -> None:
    code = (
        "import sys, pathlib\nsys.modules['torch'] = None\n"
        "from bridle.lab.static import write_folder\nfrom bridle.lab.keys import Key\n"
        f"write_folder({str(tmp_path / 'x')!r}, app=pathlib.Path({str(app_folder)!r}), keys=[Key.parse({USUAL!r})])\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    write_folder(tmp_path / "y", app=app_folder, keys=[Key.parse(USUAL)])
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / n).rglob("*.js")} for n in "xy")
    assert one == two and max(map(len, one.values())) < 700_000


def test_keys_of_networks() -> None:
    assert str(Key.parse(USUAL)) == USUAL
    for changed, words in (
        (USUAL.replace("64x32", "64,32"), "hidden"),
        (USUAL.replace("drop=0.5", "drop=0.9"), "drop must be one of"),
        (USUAL.replace("seed=0", "seed=10"), "seed"),
        (USUAL.replace("shape=moons", "shape=iris"), "shape"),
        (USUAL.replace("&seed=0", ""), "exactly"),
    ):
        with pytest.raises(UsageError, match=words):
            Key.parse(changed)
    setting = Setting.of(Key.parse(USUAL))
    assert setting.hidden == (64, 32) and number_text(setting.lasso) == "0.001"
