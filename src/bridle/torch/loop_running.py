"""One training under way: the steps of an epoch, its validation, what happens at an interruption, pause and resume."""

from __future__ import annotations

import contextlib
import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..errors import DataError, UsageError, number
from .loop_batches import Batch, Batches, mean_loss, misfit, moved, tensors_in
from .stopping import EarlyStopping

Tensor = Any
Progress = Callable[[str, float], None] | None
ADVICE = "take a smaller learning rate, scale the columns to a standard deviation of 1, or clip the gradients (clip=1.0)"


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    ``train`` is the mean loss by row while the weights moved, with dropout on and without penalties that the optimizer adds;
    ``validation`` the mean metric by row of the weights at its end, NaN without validation rows; ``lr`` the learning rate of
    the first parameter group; ``seconds`` its duration.
    """

    number: int
    train: float
    validation: float
    lr: float
    seconds: float


@dataclass(frozen=True)
class Settings:
    loss: Callable[[Any, Any], Any]
    metric: Callable[[Any, Any], Any]
    epochs: int
    accumulate: int
    clip: float | None
    device: Any
    amp: Any
    progress: Progress
    callback: Callable[[Epoch, Callable[[], dict[str, Any]]], Any] | None

    def __post_init__(self) -> None:
        number("epochs", self.epochs, 0, whole=True)
        number("accumulate", self.accumulate, 1, whole=True)
        if self.clip is not None and not number("clip", self.clip, 0.0) > 0:
            raise UsageError("clip must be above 0; leave it out (None) for no clipping.")


class Run:
    """One training under way."""

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        scheduler: Any,
        stopping: EarlyStopping | None,
        batches: Batches,
        held_out: Batches | None,
        settings: Settings,
        seed: int | None,
    ) -> None:
        self.model, self.optimizer, self.scheduler, self.stopping = model, optimizer, scheduler, stopping
        self.batches, self.held_out, self.settings, self.seed = batches, held_out, settings, seed
        self.history: list[Epoch] = []
        self.steps = 0
        self.fresh = True  # no step was made yet: a batch may not fit the model
        self.place = next(iter(model.parameters())).device
        self.precision = _precision(settings.amp, self.place)
        scaled = self.precision == torch.float16 and self.place.type == "cuda"
        self.scaler = torch.amp.GradScaler(self.place.type, enabled=scaled)
        whole = not model.training
        self.learning = [m for m in model.modules() if whole or m.training]

    def go(self) -> dict[str, Any]:
        """All the epochs, and the best weights back at the end or at an interruption; the state at the end of the last."""
        try:
            while len(self.history) < self.settings.epochs and not self._stopped():
                epoch = self._epoch()
                self._tell(len(self.history) / self.settings.epochs)
                if self.settings.callback is not None and self.settings.callback(epoch, self.state):
                    break
        except (KeyboardInterrupt, DataError) as problem:
            self.model.eval()
            self.optimizer.zero_grad()
            problem.add_note(self._restored())
            raise
        self.model.eval()
        if len(self.history) < self.settings.epochs:
            self._tell(1.0)
        state = self.state()
        self._restored()
        return state

    def _stopped(self) -> bool:
        return self.stopping is not None and self.stopping.stopped

    def _tell(self, share: float) -> None:
        if self.settings.progress is not None:
            self.settings.progress("training", share)

    def _restored(self) -> str:
        """Put the best weights back where some are kept; what was done, in words."""
        if self.stopping is None or self.stopping.kept is None:
            return "The model has the weights of its last step; no best ones were kept."
        self.stopping.restore(self.model)
        return f"The model has its best weights again, of epoch {self.stopping.best_epoch}."

    def best(self) -> int | None:
        """The best epoch: what stopping says, else the lowest validation value or training loss."""
        if self.stopping is not None or not self.history:
            return None if self.stopping is None else self.stopping.best_epoch
        return min(self.history, key=lambda e: e.train if math.isnan(e.validation) else e.validation).number

    # One epoch

    def _epoch(self) -> Epoch:
        begun, epoch = time.perf_counter(), len(self.history) + 1
        rate = float(self.optimizer.param_groups[0]["lr"])
        self.model.eval()
        for module in self.learning:
            module.training = True
        loss = self._pass(epoch)
        self._check_weights(epoch)
        value = math.nan if self.held_out is None else self._validated()
        watched = loss if self.held_out is None else value
        if self.stopping is not None:
            self.stopping.step(watched, self.model, train=loss)
        elif not math.isfinite(watched):
            raise DataError(f"The validation value of epoch {epoch} is {watched}: {ADVICE}.")
        if isinstance(self.scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            self.scheduler.step(watched)
        elif self.scheduler is not None:
            self.scheduler.step()
        self.history.append(Epoch(epoch, loss, value, rate, time.perf_counter() - begun))
        return self.history[-1]

    def _pass(self, epoch: int) -> float:
        """Every row once; the mean loss by row (by weight)."""
        total = weight = 0.0
        for group in _grouped(self.batches, self.settings.accumulate):
            self.steps += 1
            group_total, group_weight = self._step(group, epoch)
            total, weight = total + group_total, weight + group_weight
        if not weight > 0:
            raise DataError(
                f"There are no rows to train on in epoch {epoch}: data must yield its batches anew in each epoch, as a "
                "DataLoader does."
            )
        return total / weight

    def _step(self, group: list[Batch], epoch: int) -> tuple[float, float]:
        """One step of the optimizer on one or more batches; their summed loss and weight."""
        group = [self._placed(batch) for batch in group]
        self.optimizer.zero_grad(set_to_none=True)
        weights = [_weight(batch) for batch in group]
        whole = sum(weights)
        if not whole > 0:
            raise DataError(f"The weights of the rows of step {self.steps} (epoch {epoch}) sum to 0.")
        total = 0.0
        for batch, weight in zip(group, weights):
            with _explained(self.model, batch, self.fresh):
                with self._cast():
                    mean = mean_loss(self.settings.loss, self.model(batch.x), batch)
                value = float(mean.detach())
                if not math.isfinite(value):
                    raise DataError(self._no_number("loss", value, epoch, batch))
                self.scaler.scale(mean * (weight / whole)).backward()
            total += value * weight
        self.fresh = False
        self._clip(epoch)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return total, whole

    def _clip(self, epoch: int) -> None:
        if self.settings.clip is None:
            return
        self.scaler.unscale_(self.optimizer)
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, self.settings.clip))
        if (
            not math.isfinite(norm) and not self.scaler.is_enabled()
        ):  # a scaler leaves such a step out by itself
            raise DataError(self._no_number("norm of the gradients", norm, epoch, None))

    def _no_number(self, what: str, value: float, epoch: int, batch: Batch | None) -> str:
        said = f"The {what} is {value} at step {self.steps} (epoch {epoch})"
        if batch is not None:
            for part, tensors in (("inputs", batch.x), ("targets", batch.y)):
                if any(
                    t.is_floating_point() and not bool(torch.isfinite(t).all()) for t in tensors_in(tensors)
                ):
                    return f"{said}: the {part} of this batch hold NaN or infinity; fill or leave out those rows."
        return f"{said}: {ADVICE}."

    def _check_weights(self, epoch: int) -> None:
        """Gradients can be NaN where the loss is not; the next loss would tell, but there may be none."""
        for name, parameter in self.model.named_parameters():
            if not bool(torch.isfinite(parameter).all()):
                raise DataError(
                    f"{name} holds NaN or infinity after epoch {epoch} (step {self.steps}): {ADVICE}."
                )

    def _validated(self) -> float:
        assert self.held_out is not None
        self.model.eval()
        total = weight = 0.0
        with torch.no_grad():
            for batch in map(self._placed, self.held_out):
                with _explained(self.model, batch, True), self._cast():
                    mean = mean_loss(self.settings.metric, self.model(batch.x), batch)
                each = _weight(batch)
                total, weight = total + float(mean) * each, weight + each
        if not weight > 0:
            raise DataError("There are no rows to validate on, or their weights sum to 0.")
        return total / weight

    def _placed(self, batch: Batch) -> Batch:
        if self.settings.device is None:
            return batch
        place = self.settings.device
        return Batch(moved(batch.x, place), moved(batch.y, place), moved(batch.weights, place))

    def _cast(self) -> Any:
        if self.precision is None:
            return contextlib.nullcontext()
        return torch.autocast(self.place.type, dtype=self.precision)

    # Pause and resume

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on, in memory of its own."""
        generator = self.batches.generator
        return copy.deepcopy(
            {
                "model": _plain(self.model).state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
                "stopping": None if self.stopping is None else self.stopping.state_dict(),
                "scaler": self.scaler.state_dict(),
                "generator": generator.get_state(),
                "random": torch.get_rng_state(),
                "device_random": _device_random(self.place),
                "history": [(e.number, e.train, e.validation, e.lr, e.seconds) for e in self.history],
                "steps": self.steps,
                "seed": self.seed,
            }
        )

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from such a state."""
        state = copy.deepcopy(dict(state))  # an optimizer works on in the tensors that it is given
        for name in ("scheduler", "stopping"):
            mine = getattr(self, name)
            if (mine is None) != (state[name] is None):
                had = "had none" if state[name] is None else "had one"
                raise UsageError(
                    f"resume: the training that was paused {had} as {name}; give the same arguments again."
                )
            if mine is not None:
                mine.load_state_dict(state[name])
        _plain(self.model).load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.batches.generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["random"].cpu())
        _set_device_random(self.place, state["device_random"])
        self.history = [Epoch(*row) for row in state["history"]]
        self.steps = state["steps"]


def _grouped(batches: Batches, size: int) -> Iterator[list[Batch]]:
    """Batches by the step that they make together; the last step may have fewer."""
    group: list[Batch] = []
    for batch in batches:
        group.append(batch)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _weight(batch: Batch) -> float:
    return float(batch.rows if batch.weights is None else batch.weights.sum())


@contextlib.contextmanager
def _explained(model: Any, batch: Batch, asked: bool) -> Iterator[None]:
    """What torch says of a batch that does not fit the model, said with both sides."""
    try:
        yield
    except (RuntimeError, TypeError, NotImplementedError) as problem:
        said = misfit(model, batch) if asked else None
        if said is None:
            raise
        raise DataError(said) from problem


@contextlib.contextmanager
def randomness(seed: int | None, place: Any) -> Iterator[None]:
    """With a seed, random numbers of its own inside, and outside as if nothing had happened."""
    if seed is None:
        yield
        return
    before, device_before = torch.get_rng_state(), _device_random(place)
    seed = int(number("seed", seed, 0, 2**63 - 1, whole=True))
    torch.default_generator.manual_seed(seed)
    if place.type != "cpu":
        torch.get_device_module(place).manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)
        _set_device_random(place, device_before)


def _device_random(place: Any) -> Any:
    if place.type == "cpu":
        return None
    module = torch.get_device_module(place)
    return module.get_rng_state() if place.type == "mps" else module.get_rng_state(place)


def _set_device_random(place: Any, state: Any) -> None:
    if place.type == "cpu" or state is None:
        return
    module = torch.get_device_module(place)
    if place.type == "mps":
        module.set_rng_state(state.cpu())
    else:
        module.set_rng_state(state.cpu(), place)


def _precision(amp: Any, place: Any) -> Any:
    """The type of automatic mixed precision; None for none."""
    if isinstance(amp, torch.dtype):
        return amp
    if not amp:
        return None
    return torch.float16 if place.type == "cuda" else torch.bfloat16


def _plain(model: Any) -> Any:
    return getattr(model, "_orig_mod", model)
