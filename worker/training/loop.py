"""What every training has in common: steps, the moving average, checkpoints, and how a run ends or goes on.

A subclass says where batches come from, what the loss is, and what else has to be kept. A run lives in one folder;
`last.pt` there holds all that it needs to go on, so that a run that was killed ends with the same bits.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ..vitpose.checkpoint import start_from
from ..vitpose.model import ViTPose

R = TypeVar("R")


class TrainingError(Exception):
    """Training cannot start or go on; what was there is kept."""


def read_recipe(kind: type[R], table: dict) -> R:
    """A recipe out of a config's `training`. Raises TrainingError for unknown names and values of another kind."""
    defaults = {f.name: getattr(kind(), f.name) for f in fields(kind)}
    if unknown := set(table) - set(defaults):
        raise TrainingError(f"the config's training has unknown settings: {', '.join(sorted(unknown))}")
    for name, value in table.items():
        expected = type(defaults[name])
        allowed = {float: (int, float), tuple: (tuple, list), type(None): (str, type(None))}.get(expected, (expected,))
        if not isinstance(value, allowed) or (isinstance(value, bool) and expected is not bool):
            raise TrainingError(f"the config's training has {name}={value!r}; expected {_SPOKEN.get(expected, 'text')}")
    return kind(**table)


_SPOKEN = {int: "a whole number", float: "a number", tuple: "a tuple", dict: "a dict", bool: "True or False"}


class Loop:
    """One run in one folder; `run()` goes on from its last checkpoint, if there is one.

    network: what is optimised; model: the ViTPose in it, whose weights are averaged with decay `ema` (0: not).
    recipe: has seed, ema, clip, batch_size, checkpoint_every and log_every. steps: how many in all.
    """

    def __init__(self, network: nn.Module, model: ViTPose, recipe: Any, folder: Path, steps: int) -> None:
        self.network, self.model, self.recipe, self.folder = network, model, recipe, Path(folder)
        self.steps, self.step = steps, 0
        self._begin()

    # What a subclass gives -----------------------------------------------------------------------------------

    def _optimiser(self) -> torch.optim.Optimizer:
        """Over the network as it is now. A group's `scale` multiplies its rate."""
        raise NotImplementedError

    def _rate(self, step: int) -> float:
        raise NotImplementedError

    def _batch(self) -> Any:
        raise NotImplementedError

    def _backward(self, batch: Any) -> float:
        """Adds the gradients of the batch's loss, and returns it."""
        raise NotImplementedError

    def _state(self) -> dict:
        """What is to be kept besides the weights and the step."""
        return {}

    def _restore(self, state: dict) -> None:
        pass

    def _open(self) -> None:
        """Before the first step, after a checkpoint was read."""

    def _close(self) -> None:
        pass

    def _after_step(self, report: Callable[[str], None]) -> None:
        pass

    def _described(self) -> str:
        """What a progress line says besides loss and speed."""
        return ""

    # The run -------------------------------------------------------------------------------------------------

    @property
    def checkpoint(self) -> Path:
        return self.folder / "last.pt"

    def _begin(self) -> None:
        """The average and the optimiser of the weights that are there now."""
        live = self.model.state_dict()
        self.average = {k: v.clone() for k, v in live.items()} if self.recipe.ema else live
        self.optimiser = self._optimiser()

    def start_from(self, state: dict[str, Tensor], hardness: float | None = None) -> None:
        """Begins with other weights; called before the run. Raises CheckpointError.

        hardness: how hard the pictures were that they were trained on, where those were drawn.
        """
        device = next(self.network.parameters()).device
        start_from(self.model, state)
        self.network.to(device)
        self._begin()  # the parameters are others now

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            **self._state(),
        }
        part = self.checkpoint.with_suffix(".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            torch.save(state, part)
            part.replace(self.checkpoint)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as the latter
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise TrainingError(f"{self.checkpoint} cannot be written: {error}; what was there is kept") from error

    def load(self) -> None:
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            self._restore(state)
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = state["step"]
            if self.recipe.ema:
                self.average = {k: v.to(self.average[k].device) for k, v in state["average"].items()}
        except TrainingError:
            raise
        except Exception as error:  # torch raises whatever the damage leads to
            what = (str(error) or type(error).__name__).splitlines()[0]
            raise TrainingError(
                f"{self.checkpoint} cannot be gone on from ({what}): it is damaged, or of another model. Choose "
                "another --out."
            ) from error

    def run(self, report: Callable[[str], None] = print, until: int | None = None) -> None:
        """Trains to the last step (or to step `until`). Ctrl-C ends it after the step that is being made."""
        if self.checkpoint.is_file():
            self.load()
            report(f"going on from step {self.step}")
        else:
            self.save()  # what cannot be written is known before anything was learnt
        end = min(until or self.steps, self.steps)
        self._open()
        try:
            with _stop_asked() as asked:
                self._loop(report, end, asked)
            self.save()
        finally:
            self._close()
        if self.step < end:
            report(f"stopped at step {self.step}; {self.checkpoint} goes on from there")

    def _loop(self, report: Callable[[str], None], end: int, asked: threading.Event) -> None:
        r, started, first, waited, kept_loss = self.recipe, time.perf_counter(), self.step, 0.0, []
        self.network.train()
        while self.step < end and not asked.is_set():
            before = time.perf_counter()
            batch = self._batch()
            waited += time.perf_counter() - before
            kept_loss.append(self._train_step(batch))
            self._after_step(report)
            if self.step % r.checkpoint_every == 0:
                self.save()
            if self.step % r.log_every == 0 or self.step == end:
                spent = time.perf_counter() - started
                speed = (self.step - first) / spent
                left = (end - self.step) / speed
                report(
                    f"step {self.step}/{end}  loss {np.mean(kept_loss):.4g}  {self._described()}  "
                    f"lr {self._rate(self.step - 1):.2e}  {speed * r.batch_size:.1f} pictures/s  "
                    f"waiting {100 * waited / spent:.0f}%  {left / 60:.1f} min left"
                )
                kept_loss = []

    def _train_step(self, batch: Any) -> float:
        # What is random in the network follows from the step alone, so that a resumed run repeats it.
        torch.manual_seed((self.recipe.seed << 32) + self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(self.step) * group.get("scale", 1.0)
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._backward(batch)
        norm = float(nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip))
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise TrainingError(
                f"the loss is {loss} and its gradient's length {norm} at step {self.step}{self._where(batch)}; "
                f"{self.checkpoint} holds the last good state. Lower lr."
            )
        self.optimiser.step()
        self.step += 1
        if self.recipe.ema:
            decay = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
            with torch.no_grad():
                for key, value in self.model.state_dict().items():
                    if value.is_floating_point():
                        self.average[key].lerp_(value, 1 - decay)
                    else:
                        self.average[key].copy_(value)
        return loss

    def _where(self, batch: Any) -> str:
        return ""


@contextmanager
def _stop_asked() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C or SIGTERM; a second Ctrl-C interrupts as usual."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def stop(*_: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
