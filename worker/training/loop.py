"""What every training has in common: steps, the moving average, checkpoints, and how a run ends or goes on.

A subclass says where batches come from, what the loss is, and what else has to be kept. A run lives in one folder;
`last.pt` there holds all that it needs to go on, so that a run that was killed ends with the same bits;
`best.safetensors` is what measured best on the way.
"""

from __future__ import annotations

import copy
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from . import kept, starting, weights
from .curves import Curves
from .processes import ALONE, Processes
from .progress import Progress
from .recipe import RunSettings, TrainingError, read_recipe
from .starting import Source
from .stopping import stop_asked

__all__ = ["Loop", "TrainingError", "read_recipe"]

Report = Callable[[str], None]


class Loop(ABC):
    """One run in one folder; `run()` goes on from its last checkpoint, if there is one.

    network: what is optimised; model: the ViTPose in it, whose weights are averaged. steps: how many in all, where
    the recipe has no minutes. measure: from a network to how good it is, 0…1, by the first process; None keeps no best.
    processes: those that train together; each has a loop of its own.
    """

    #: What `measure` gives.
    measured = "AP"
    #: Whether a step may leave parameters without a gradient.
    some_unused = False

    def __init__(
        self,
        network: nn.Module,
        model: nn.Module,
        recipe: RunSettings,
        folder: Path,
        steps: int,
        measure: Callable[[nn.Module], float] | None = None,
        processes: Processes = ALONE,
    ) -> None:
        if recipe.batch_size % processes.count:
            raise TrainingError(f"a batch of {recipe.batch_size} cannot be shared among {processes.count} processes")
        self.network, self.model, self.recipe, self.folder = network, model, recipe, Path(folder)
        self.measure, self.processes, self.device = measure, processes, next(network.parameters()).device
        self.steps, self.step, self.spent_s = steps, 0, 0.0
        self.best, self.figure, self.measured_at = -1.0, math.nan, -1
        self._whole_at_first = self._measures = False
        self._begin()

    # What a subclass gives -----------------------------------------------------------------------------------

    @abstractmethod
    def _optimiser(self) -> torch.optim.Optimizer:
        """Over the network as it is now. A group's `scale` multiplies its rate."""

    @abstractmethod
    def _rate(self, step: int) -> float:
        """The learning rate of a step."""

    @abstractmethod
    def _put(self, source: Source) -> list[str]:
        """Fills the model with weights to start from; sentences about what is new."""

    @abstractmethod
    def _batch(self) -> Any:
        """This process's part of the step's batch."""

    @abstractmethod
    def _backward(self, batch: Any) -> float:
        """Adds the gradients of the batch's loss, by way of `self.shared_network`, and returns it."""

    def _state(self) -> dict:
        """What is to be kept besides the weights and the step."""
        return {}

    def _restore(self, state: dict) -> None:
        pass

    def _open(self) -> None:
        """Before the first step, after a checkpoint was read."""

    def _close(self) -> None:
        pass

    def _after_step(self) -> None:
        pass

    def _measures_now(self) -> bool:
        """Whether it is time to measure, besides at the end."""
        return False

    def _figures(self) -> dict[str, float]:
        """What curves show besides loss, rate and speed."""
        return {}

    def _described(self) -> str:
        """What a progress line says besides loss and speed."""
        return ""

    def _sheet(self, batch: Any) -> np.ndarray | None:
        """(H, W, 3) uint8: some of the batch's pictures with what the network finds in them."""
        return None

    def _notes(self) -> dict[str, str]:
        """What is written into a file of weights: its config and others."""
        return {}

    # The run -------------------------------------------------------------------------------------------------

    @property
    def checkpoint(self) -> Path:
        return self.folder / "last.pt"

    @property
    def best_file(self) -> Path:
        return self.folder / "best.safetensors"

    @property
    def share_done(self) -> float:
        """How much of the run is over, 0…1."""
        minutes = self.recipe.minutes
        return min(1.0, self.spent_s / (60 * minutes) if minutes else self.step / self.steps)

    def averaged(self) -> nn.Module:
        """A network for use, with the averaged weights; the one that learns is left as it is."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(self.average)
        return model.eval()

    def export(self, path: Path, dtype: torch.dtype = torch.float16) -> None:
        """Writes the averaged weights. Raises TrainingError."""
        notes = {"config": self.recipe.model, "steps": str(self.step), **self._notes()}
        weights.export(self.model, self.average, path, dtype=dtype, **notes)

    def _begin(self) -> None:
        """The average and the optimiser of the weights that are there now."""
        live = self.model.state_dict()
        self.average = {k: v.clone() for k, v in live.items()} if self.recipe.ema else live
        self.shared_network = self.network
        self.optimiser = self._optimiser()

    def start_from(self, source: Source) -> list[str]:
        """Begins with other weights; called before the run. Sentences about what is new. Raises CheckpointError."""
        notes = self._put(source)
        self.network.to(self.device)
        self._begin()  # the parameters may be others now
        self._whole_at_first = not notes
        return notes

    def save(self) -> None:
        if not self.processes.first:
            return
        state = {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "spent_s": self.spent_s,
            "best": self.best,
            "figure": self.figure,
            "measured_at": self.measured_at,
            **self._state(),
        }
        if self.recipe.small_checkpoints:
            kept.made_small(state)
        kept.write(state, self.checkpoint)

    def load(self) -> bool:
        """Whether the checkpoint is of a run that goes on. One that has made no step binds nobody: its recipe may be
        what could not run."""
        with kept.read(self.checkpoint) as state:
            if not state["step"]:
                return False
            self._restore(state)
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.spent_s = state["step"], state.get("spent_s", 0.0)
            for name in ("best", "figure", "measured_at"):
                setattr(self, name, state.get(name, getattr(self, name)))
            if self.recipe.ema:
                for key, value in state["average"].items():
                    self.average[key].copy_(value)
        return True

    def run(self, report: Report = print, until: int | None = None, init: str | Path | None = None) -> None:
        """Trains to the end (or to step `until`). Ctrl-C ends it after the step that is being made.

        init: weights that a new run begins with, as for `starting.read`. Raises TrainingError and CheckpointError.
        """
        report = report if self.processes.first else lambda line: None
        self._measures = bool(self.processes.firsts(float(self.measure is not None)))
        if self.processes.firsts(float(self.checkpoint.is_file())) and self.load():
            self._check_together()
            report(f"going on from step {self.step}")
            if init is not None:
                report(f"--init {init} is not used, as the run in {self.folder} goes on; another --out begins with it")
        else:
            if init is not None:
                for note in self.start_from(starting.read(init)):
                    report(note)
            self.save()  # what cannot be written is known before anything was learnt
        if self.recipe.compile:
            self.network.compile()
        self.shared_network = self.processes.wrap(self.network, self.some_unused)
        curves = Curves(self.folder, self.step, report) if self.processes.first else None
        self._open()
        try:
            with stop_asked() as asked:
                self._loop(report, until, asked, curves)
            self.save()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            what = (str(error) or type(error).__name__).splitlines()[0]
            if what.startswith("DataLoader worker"):  # torch's handler of SIGCHLD raises it wherever this process is
                told = f"A process that reads pictures has ended ({what}); {self.checkpoint} goes on"
                raise TrainingError(told) from error
            if self.processes.count == 1:
                raise
            raise TrainingError(f"the processes lost each other ({what}); {self.checkpoint} goes on") from error
        finally:
            self._close()
            if curves is not None:
                curves.close()
        if not self._over(until):
            report(f"stopped at step {self.step}; {self.checkpoint} goes on from there")

    def _check_together(self) -> None:
        mean = self.processes.sums([float(self.step)])[0] / self.processes.count
        if mean != self.step:
            raise TrainingError(
                f"{self.checkpoint} is of step {self.step} here and of another elsewhere; --out must be one folder "
                "that all machines share"
            )

    @property
    def finished(self) -> bool:
        return self.share_done >= 1.0

    def _over(self, until: int | None) -> bool:
        return self.finished or (until is not None and self.step >= until)

    def _loop(self, report: Report, until: int | None, asked: threading.Event, curves: Curves | None) -> None:
        r, progress, last = self.recipe, Progress(self.step, self.recipe.batch_size), None
        self._set_mode()
        self._measure(report, curves)  # a run that was broken off while it measured
        stop, alone = 0.0, self.processes.count == 1
        while not self._over(until) and not (asked.is_set() if alone else stop):
            before = time.perf_counter()
            batch = self._batch()
            progress.waited(time.perf_counter() - before)
            loss = self._train_step(batch)
            now = time.perf_counter()
            # The first step of a call, which waits for painters and may compile, does not count: calls may be many.
            spent_s = self.spent_s + (now - last if last else 0.0) if self.processes.first else 0.0
            loss, stop, self.spent_s = self.processes.sums([loss, float(asked.is_set()), spent_s])
            progress.loss(loss / self.processes.count)
            self._after_step()
            if self.step % r.checkpoint_every == 0:
                self.save()
            if curves and (self.step % r.log_every == 0 or self._over(until)):
                figures = progress.figures(self.step) | {"rate": self._rate(self.step - 1)}
                curves.figures(self.step, figures | self._figures())
                report(self._line(figures, progress, min(self.steps, until or self.steps)))
            if curves and r.samples_every and self.step % r.samples_every == 0:
                sheet = self._sheet(batch)
                if sheet is not None:
                    curves.picture(self.step, sheet)
            self._measure(report, curves)
            if last is None:
                progress.restart(self.step)
            last = now

    def _line(self, figures: dict[str, float], progress: Progress, end: int) -> str:
        minutes = self.recipe.minutes
        at = f"{self.step} ({self.spent_s / 60:.1f} of {minutes:g} min)" if minutes else f"{self.step}/{end}"
        left_s = max(0.0, 60 * minutes - self.spent_s) if minutes else progress.left_s(self.step, end)
        return (
            f"step {at}  loss {figures['loss']:.4g}  {self._described()}  lr {figures['rate']:.2e}  "
            f"{figures['pictures_per_s']:.1f} pictures/s  waiting {100 * progress.waiting():.0f}%  "
            f"{left_s / 60:.1f} min left"
        )

    def _set_mode(self) -> None:
        """As the network is while it learns."""
        self.network.train()

    def _train_step(self, batch: Any) -> float:
        # What is random in the network follows from the step alone, so that a resumed run repeats it.
        seed = np.random.SeedSequence([self.recipe.seed, self.step, self.processes.rank])
        torch.manual_seed(int(seed.generate_state(1, np.uint64)[0]))
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(self.step) * group.get("scale", 1.0)
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._backward(batch)
        norm = float(nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip))
        if not math.isfinite(norm) or (self.processes.count == 1 and not math.isfinite(loss)):
            raise TrainingError(
                f"the loss is {loss} and its gradient's length {norm} at step {self.step}{self._where(batch)}; "
                f"{self.checkpoint} holds the last good state. Lower lr, and begin with it in another folder: "
                f"--init {self.checkpoint} --out OTHER"
            )
        self.optimiser.step()
        self.step += 1
        if self.recipe.ema:
            self._follow()
        return loss

    @torch.no_grad()
    def _follow(self) -> None:
        """Moves the average towards the weights; at first faster, as they are far from where they began."""
        decay = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        live = self.model.state_dict()
        moving = [key for key, value in live.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.average[k] for k in moving], [live[k] for k in moving], 1 - decay)
        for key in live.keys() - set(moving):
            self.average[key].copy_(live[key])

    def _where(self, batch: Any) -> str:
        return ""

    def _measure(self, report: Report, curves: Curves | None) -> None:
        due = self.finished or self._measures_now() if self.step else self._whole_at_first
        if not self._measures or not due or self.measured_at == self.step:
            return
        self.save()
        figure = 0.0
        if self.processes.first:
            figure = self.measure(self.averaged())
        self.figure, self.measured_at = self.processes.firsts(figure), self.step
        better = self.figure > self.best
        if better:
            self.best = self.figure
            if self.processes.first:
                self.export(self.best_file, torch.float32)
        self.save()
        if curves:
            curves.figures(self.step, {self.measured.lower(): self.figure})
        report(f"step {self.step}: {self.measured} {self.figure:.4f}{', the best so far' if better else ''}")
