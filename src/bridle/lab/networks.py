"""The lesson "network": five small networks from one seed, trained by bridle.torch with and without what holds them in.

None, weight decay, L1, dropout and early stopping see the same rows in the same batches and begin at the same weights.
Nothing here loads PyTorch before a training is asked for, or is about to be; the networks that it leaves predict in NumPy.

Where there is no PyTorch, and in the static folder, stands a run that was recorded (``tools/record_network.py``).
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._numerics import single_threaded_blas
from ..errors import UsageError
from .aside import aside
from .frames import frames
from .keys import Key, number_text
from .wire import decode
from .work import Lesson, Progress, show

if TYPE_CHECKING:
    from ..torch.network import Network
    from ..torch.penalty import Strengths
    from ..torch.training import Moment, Recipe, Trained

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

METHODS = ("none", "decay", "l1", "dropout", "stopping")
NONE, DROPOUT, STOPPING = 0, 3, 4
# Rows to learn from, to look at in between, and to judge by at the end.
TRAINING, HELD, FRESH = 100, 200, 2000
EPOCHS, BATCH = 200, 50
SNAPSHOTS = 40
REACH = (2.0, 1.5)  # the picture: from -2 to 2 and from -1.5 to 1.5
CELLS, THINNED_CELLS = (44, 33), (24, 18)  # points across and down, of a picture and of one with masks
DRAWS = 6  # networks with masks
TOP = 8.0  # log odds beyond which a picture tells no difference
BLUR = {"moons": 0.2, "circles": 0.15, "spirals": 0.06}
RECORDED = Path(__file__).with_name("network_run.bin")
WITHOUT_TORCH = (
    'Training these networks takes PyTorch, which is not installed here: pip install "bridle[torch]". '
    "Without it the lab shows the run that was recorded, with the settings that the screen opens with."
)
_LOADING = threading.Lock()
AHEAD = 0.5  # seconds that a screen has for itself


@dataclass(frozen=True)
class Setting:
    """What a key asks for."""

    shape: str
    noise: float
    extra: int
    hidden: tuple[int, ...]
    decay: float
    lasso: float
    drop: float
    patience: int
    rate: float
    seed: int

    @staticmethod
    def of(key: Key) -> Setting:
        """The values of a key of this kind."""
        values: dict[str, Any] = dict(key.values)
        return Setting(**values | {"hidden": tuple(int(units) for units in str(values["hidden"]).split("x"))})


def table(shape: str, noise: float, extra: int, seed: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Points of two kinds in the plane, ``noise`` of them under the other's name, and ``extra`` columns of mere noise.

    Returns
    -------
    X, y, part
        (2,300, 2 + extra), codes 0 and 1, and 0 for the rows to train on, 1 for those held out, 2 for fresh ones.

    >>> X, y, part = table("moons", 0.1, 0, 0)
    >>> X.shape, np.bincount(part).tolist(), sorted(set(y.tolist()))
    ((2300, 2), [100, 200, 2000], [0.0, 1.0])
    """
    n = TRAINING + HELD + FRESH
    random = np.random.default_rng([seed, 5])
    side, along = random.permutation(n) % 2, random.uniform(0, 1, n)
    if shape == "moons":
        angle, sign = np.pi * along, 1.0 - 2.0 * side
        X = np.column_stack([sign * (np.cos(angle) - 0.5), sign * (np.sin(angle) - 0.25)])
    else:
        spiral = shape == "spirals"
        angle = 1.9 * np.pi * along + np.pi * side if spiral else 2 * np.pi * along
        radius = 0.15 + 1.1 * along if spiral else np.where(side == 0, 1.1, 0.5)
        X = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    X = X + BLUR[shape] * random.standard_normal((n, 2))
    y = side ^ (random.uniform(size=n) < noise)
    others = np.random.default_rng([seed, 6]).standard_normal((n, extra))
    return np.column_stack([X, others]), y.astype(np.float64), np.repeat([0, 1, 2], [TRAINING, HELD, FRESH])


def lattice(across: int, down: int, p: int = 2) -> Floats:
    """(across * down, p) points of the picture, row by row from its upper left corner; other columns are 0."""
    x, y = np.linspace(-REACH[0], REACH[0], across), np.linspace(REACH[1], -REACH[1], down)
    points = np.zeros((across * down, p))
    points[:, 0], points[:, 1] = np.tile(x, down), np.repeat(y, across)
    return points


def codes(decision: Floats) -> Codes:
    """Log odds as whole numbers from 0 (-8 and less) over 127 (0) to 254 (8 and more), finest where the odds are even.

    With t = (code - 127) / 127 a code stands for 8 t |t|.

    >>> codes(np.array([-99.0, 0.0, 0.02, 2.0, 99.0])).tolist()
    [0, 127, 133, 190, 254]
    """
    share = np.clip(decision / TOP, -1.0, 1.0)
    return np.asarray(np.rint(127 + 127 * np.sign(share) * np.sqrt(np.abs(share))), dtype=np.uint8)


def snapshots(epochs: int = EPOCHS) -> NDArray[np.int64]:
    """The epochs that are kept, 0 (before the first step) to the last: closer together at the beginning."""
    return np.unique(np.rint(epochs * (np.arange(SNAPSHOTS + 1) / SNAPSHOTS) ** 2).astype(np.int64))


def log_loss(network: Network, X: Floats, y: Floats) -> float:
    """The mean log loss, in natural units, dropout off."""
    score = network.decision(X)[:, 0]
    return float(np.mean(np.logaddexp(0, score) - score * y))


def accuracy(network: Network, X: Floats, y: Floats) -> float:
    """The share of rows on whose side of even odds the network stands."""
    return float(np.mean((network.decision(X)[:, 0] > 0) == (y == 1)))


def lesson(key: Key, progress: Progress) -> Lesson:
    """Train all five, telling what there is so far; the recorded run where there is no PyTorch.

    Raises
    ------
    UsageError
        Without PyTorch, for settings that were not recorded.
    """
    if find_spec("torch") is None:
        found = recorded(str(key))
        if found is None:
            raise UsageError(WITHOUT_TORCH)
        return found | {"torch": False}
    progress("loading PyTorch", 0.0)
    train = aside(_loaded, progress, _LOADING)
    with single_threaded_blas():  # the products are small: handing them out would take longer
        return _Film(Setting.of(key), progress, train).made()


def _loaded(progress: Progress) -> Callable[..., Trained]:
    """Takes seconds the first time; nothing in it can be asked to stop."""
    try:
        from ..torch.training import train
    except ImportError as problem:
        raise UsageError(f"PyTorch cannot be loaded ({problem}). {WITHOUT_TORCH}") from problem
    return train


@cache
def load_ahead(stopping: threading.Event) -> None:
    """Load PyTorch beside whoever looks at the screen before this one; ``stopping`` ends it between its two parts.

    The second part is PyTorch's compiler, which its first optimizer imports to tell it to keep away.
    """

    def run() -> None:
        if stopping.wait(AHEAD) or find_spec("torch") is None:
            return
        with _LOADING:
            for part in ("bridle.torch.training", "torch._dynamo"):
                if not stopping.is_set():
                    with suppress(ImportError):  # said when a training is asked for
                        import_module(part)

    threading.Thread(target=run, name="bridle-lab-torch").start()


def recorded(key: str) -> Lesson | None:
    """A run that was recorded, or None."""
    return _recordings().get(key)


@cache
def _recordings() -> dict[str, Lesson]:
    runs = [decode(content) for _, content in frames(zlib.decompress(RECORDED.read_bytes()))]
    return {run["key"]: run | {"recorded": True} for run in runs}


class _Film:
    """Five trainings, and the pictures taken of them."""

    def __init__(self, setting: Setting, progress: Progress, train: Callable[..., Trained]) -> None:
        self.setting, self.progress, self.train = setting, progress, train
        self.X, self.y, part = table(setting.shape, setting.noise, setting.extra, setting.seed)
        self.rows = [part == k for k in range(3)]
        self.at = snapshots()
        count, epochs, p = len(METHODS), EPOCHS + 1, self.X.shape[1]
        self.points, self.few = lattice(*CELLS, p), lattice(*THINNED_CELLS, p)
        self.grids = np.full((count, len(self.at), len(self.points)), 127, dtype=np.uint8)
        self.thinned = np.full((len(self.at), DRAWS, len(self.few)), 127, dtype=np.uint8)
        self.losses = np.full((count, len(self.at)), np.nan)
        self.held, self.met = np.full((count, epochs), np.nan), np.full((count, epochs), np.nan)
        self.zeros = np.zeros((count, len(self.at)), dtype=np.int32)
        self.done = np.zeros(count, dtype=np.int32)
        self.finished = 0.0

    def recipe(self, **changes: Any) -> Recipe:
        """How all of them are trained."""
        from ..torch.training import Recipe

        plain = Recipe(
            learning_rate=self.setting.rate, epochs=EPOCHS, batch_size=BATCH, seed=self.setting.seed
        )
        return replace(plain, **changes)

    def run(
        self, methods: tuple[int, ...], strengths: Strengths, dropout: float = 0.0, **changes: Any
    ) -> Trained:
        """Train the networks of these methods side by side."""
        from ..torch.network import Architecture
        from ..torch.problems import problems_of

        train, held, fresh = self.rows
        seen = ~fresh
        both = [np.tile(rows[seen].astype(np.float64), (len(methods), 1)) for rows in (train, held)]
        problems = problems_of(
            self.X[seen], self.y[seen], both[0], held=both[1], family="binomial", outputs=1, dtype=np.float64
        )
        architecture = Architecture(self.X.shape[1], self.setting.hidden, 1, "tanh", dropout)
        return self.train(
            problems,
            architecture,
            strengths,
            self.recipe(**changes),
            watch=lambda now: self.look(methods, now),
        )

    def look(self, methods: tuple[int, ...], now: Moment) -> None:
        """After an epoch: the curves, and at some epochs a picture."""
        self.progress("training", self.finished + len(methods) / len(METHODS) * now.epoch / EPOCHS)
        for b, method in enumerate(methods):
            assert now.held is not None
            self.met[method, now.epoch], self.held[method, now.epoch] = now.train[b], now.held[b]
            self.done[method] = now.epoch
        s = int(np.searchsorted(self.at, now.epoch))
        if self.at[s] == now.epoch:
            for b, method in enumerate(methods):
                self.shoot(method, s, now.network(b))
            show(self.progress, lambda: self.so_far(s))

    def shoot(self, method: int, s: int, network: Network) -> None:
        """A picture of a network, and its numbers."""
        self.grids[method, s] = codes(network.decision(self.points)[:, 0])
        self.losses[method, s] = log_loss(network, self.X[self.rows[0]], self.y[self.rows[0]])
        self.zeros[method, s] = sum(w.size for w in network.weights) - network.n_nonzero
        if method == DROPOUT:
            self.thinned[s] = codes(network.sampled(self.few, DRAWS, self.setting.seed)[:, :, 0])

    def begin(self) -> None:
        """All five at epoch 0: the same network."""
        from ..torch.penalty import Strengths

        start = self.run((NONE,), Strengths(), epochs=0).networks[0]
        for method in range(len(METHODS)):
            # Masks leave out units of this network too.
            thin = replace(start.architecture, dropout=self.setting.drop)
            self.shoot(method, 0, replace(start, architecture=thin))
            self.held[method, 0] = log_loss(start, self.X[self.rows[1]], self.y[self.rows[1]])

    def made(self) -> Lesson:
        """Everything, once all are trained."""
        from ..torch.penalty import Strengths

        setting = self.setting
        self.begin()
        penalized = Strengths(l1=np.array([0.0, 0.0, setting.lasso]), l2=np.array([0.0, setting.decay, 0.0]))
        first = self.run((0, 1, 2), penalized)
        self.finished = 0.6
        second = self.run((DROPOUT,), Strengths(), setting.drop)
        self.finished = 0.8
        third = self.run((STOPPING,), Strengths(), patience=setting.patience)
        networks = (*first.networks, *second.networks, *third.networks)
        for s in np.flatnonzero(self.at > third.epochs):  # nothing moves any more
            self.shoot(STOPPING, int(s), networks[STOPPING])
        fresh = self.rows[2]
        held = self.held[:, 1:]
        return self.table_of() | {
            "grids": packed(self.grids),
            "thinned": packed(self.thinned),
            "thinned_cells": list(THINNED_CELLS),
            "losses": self.losses,
            "held": self.held,
            "met": self.met,
            "zeros": self.zeros,
            "done": self.done,
            "best": (1 + np.nanargmin(held, axis=1)).astype(np.int32),
            "restored": int(third.best_epoch[0]),
            "n_weights": sum(w.size for w in networks[0].weights),
            "fresh_loss": np.array([log_loss(net, self.X[fresh], self.y[fresh]) for net in networks]),
            "fresh_accuracy": np.array([accuracy(net, self.X[fresh], self.y[fresh]) for net in networks]),
            "inputs": np.array([np.abs(net.weights[0]).max(axis=0) for net in networks]),
            "python": "\n".join(_python(setting)),
        }

    def table_of(self) -> Lesson:
        """What is known before any training."""
        train = self.rows[0]
        return {
            "methods": list(METHODS),
            "torch": True,
            "recorded": False,
            "epochs": EPOCHS,
            "reach": list(REACH),
            "cells": list(CELLS),
            "top": TOP,
            "points": self.X[train, :2].astype(np.float32),  # to be drawn
            "sides": self.y[train].astype(np.int32),
            "at": self.at.astype(np.int32),
        }

    def so_far(self, s: int) -> Lesson:
        """The newest picture of each and the curves: NaN where they have not come to."""
        newest = [int(np.searchsorted(self.at, done, side="right")) - 1 for done in self.done]
        return self.table_of() | {
            "partial": True,
            "now": packed(np.stack([self.grids[m, k] for m, k in enumerate(newest)])),
            "losses": self.losses.copy(),
            "held": self.held.copy(),
            "done": self.done.copy(),
        }


def packed(pictures: Codes) -> NDArray[np.int32]:
    """Four codes to a whole number, along the last axis."""
    return np.ascontiguousarray(pictures).view("<i4")


def _python(setting: Setting) -> list[str]:
    """Lines that train the five again."""
    hidden = f"({', '.join(map(str, setting.hidden))}{',' * (len(setting.hidden) == 1)})"
    p = 2 + setting.extra
    lasso, decay = number_text(setting.lasso), number_text(setting.decay)
    return [
        "import numpy as np",
        "from bridle.lab.networks import accuracy, log_loss, table",
        "from bridle.torch.network import Architecture",
        "from bridle.torch.problems import problems_of",
        "from bridle.torch.training import Recipe, Strengths, train",
        f'X, y, part = table("{setting.shape}", {number_text(setting.noise)}, {setting.extra}, {setting.seed})',
        "seen = part < 2  # to train on and held out; the rest nobody looks at before the end",
        "def trained(count, strengths, dropout=0, patience=None):",
        "    rows, held = (np.tile(part[seen] == k, (count, 1)).astype(float) for k in (0, 1))",
        '    problems = problems_of(X[seen], y[seen], rows, held=held, family="binomial", outputs=1, dtype=np.float64)',
        f'    shape = Architecture({p}, {hidden}, 1, "tanh", dropout)',
        f"    recipe = Recipe(learning_rate={number_text(setting.rate)}, epochs={EPOCHS}, batch_size={BATCH}, "
        f"seed={setting.seed}, patience=patience)",
        "    return train(problems, shape, strengths, recipe)",
        "runs = [",
        f"    trained(3, Strengths(l1=np.array([0, 0, {lasso}]), l2=np.array([0, {decay}, 0]))),",
        f"    trained(1, Strengths(), dropout={number_text(setting.drop)}),",
        f"    trained(1, Strengths(), patience={setting.patience}),",
        "]",
        "networks = [network for run in runs for network in run.networks]",
        "held = [losses for run in runs for losses in run.held_history.T]",
        f"for name, network in zip({list(METHODS)}, networks):".replace("'", '"'),
        "    fresh = X[part == 2], y[part == 2]",
        "    print(name, accuracy(network, *fresh), log_loss(network, *fresh), network.n_nonzero)",
    ]


__all__ = [
    "METHODS", "RECORDED", "WITHOUT_TORCH", "Setting", "accuracy", "codes", "lattice", "lesson", "log_loss", "packed",
    "recorded", "snapshots", "table",
]  # fmt: skip
