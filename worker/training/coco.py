"""Trains a ViTPose on labelled people as the papers do; every number comes from the config's `training`.

Owns the recipe, its rates, its loss and which weights are kept as the best. Xu et al., "ViTPose", NeurIPS 2022.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import torch

from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import normalise
from . import weights
from .crops import CropChanges
from .labelled import Crops, Order, People, loader, steps_an_epoch
from .layers import freeze, parameter_groups
from .loop import Loop, TrainingError, read_recipe
from .targets import gaussian_targets, heatmap_mse

#: What may be another when a run goes on: it changes no step that was made.
_FREE = {"epochs", "val_every", "checkpoint_every", "log_every", "model"}


@dataclass
class CocoRecipe:
    """The numbers of a run; the defaults are the papers' for COCO. model: the config that uses the weights.

    A batch goes through the network in `split` parts (batch norm sees one at a time), and one step follows.
    steps: epochs at whose end the rate is multiplied by step_factor. warmup: iterations, from warmup_from of the
    rate. layer_decay: 1.0 for none. freeze: of "attention" and "ffn". ema: decay of the averaged weights, 0 for none.
    precision: of the network's pass, "fp32" or "bf16". val_every: epochs. augmentation: CropChanges' numbers.
    """

    model: str | None = None
    epochs: int = 210
    steps: tuple[int, ...] = (170, 200)
    step_factor: float = 0.1
    batch_size: int = 512
    split: int = 1
    lr: float = 5e-4
    warmup: int = 500
    warmup_from: float = 0.001
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.999)
    layer_decay: float = 1.0
    freeze: tuple[str, ...] = ()
    clip: float = 1.0
    ema: float = 0.0
    sigma: float = 2.0
    precision: str = "fp32"
    seed: int = 0
    val_every: int = 10
    checkpoint_every: int = 500
    log_every: int = 50
    augmentation: dict = field(default_factory=dict)

    @classmethod
    def from_config(cls, table: dict) -> CocoRecipe:
        recipe = read_recipe(cls, table)
        for name in ("epochs", "batch_size", "split", "val_every", "checkpoint_every", "log_every"):
            if getattr(recipe, name) < 1:
                raise TrainingError(f"the config's training has {name}={getattr(recipe, name)}; expected 1 or more")
        if recipe.precision not in ("fp32", "bf16"):
            raise TrainingError(f"the config's training has precision={recipe.precision!r}; expected 'fp32' or 'bf16'")
        unknown = set(recipe.augmentation) - {f.name for f in fields(CropChanges)}
        if unknown:
            raise TrainingError(f"the config's augmentation has unknown settings: {', '.join(sorted(unknown))}")
        return recipe


def coco_rate(recipe: CocoRecipe, step: int, an_epoch: int) -> float:
    """The learning rate of a step, an_epoch of which are an epoch: warm-up in a straight line, then in steps."""
    passed = sum(step >= epoch * an_epoch for epoch in recipe.steps)
    rate = recipe.lr * recipe.step_factor**passed
    if step < recipe.warmup:
        rate *= recipe.warmup_from + (1 - recipe.warmup_from) * step / recipe.warmup
    return rate


class CocoTrainer(Loop):
    """One run on labelled people; `last.pt` is where it goes on, `best.safetensors` what found people best.

    workers: processes that read and crop pictures; their number changes no bit. measure: from a network to its
    AP, 0…1; None keeps no best one. Raises TrainingError.
    """

    def __init__(
        self,
        model: ViTPose,
        config: ModelConfig,
        recipe: CocoRecipe,
        people: People,
        folder: Path,
        device: str = "cpu",
        workers: int = 0,
        measure: Callable[[ViTPose], float] | None = None,
    ) -> None:
        self.config, self.people, self.workers, self.measure = config, people, workers, measure
        self.device = torch.device(device)
        self.crops = Crops(people, config, CropChanges(**recipe.augmentation), recipe.seed)
        self.an_epoch = steps_an_epoch(len(people), recipe.batch_size)
        self.best, self.measured_at, self.ap = -1.0, 0, math.nan
        self._batches = None
        freeze(model, recipe.freeze)
        super().__init__(model.to(self.device), model, recipe, folder, recipe.epochs * self.an_epoch)

    @property
    def best_file(self) -> Path:
        return self.folder / "best.safetensors"

    def averaged(self) -> ViTPose:
        """A network for use, with the averaged weights; the one that learns is left as it is."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(self.average)
        return model.eval()

    def _optimiser(self) -> torch.optim.AdamW:
        r = self.recipe
        groups = parameter_groups(self.model, self.model.depth, r.weight_decay, r.layer_decay)
        return torch.optim.AdamW(groups, lr=r.lr, betas=tuple(r.betas))

    def _rate(self, step: int) -> float:
        return coco_rate(self.recipe, step, self.an_epoch)

    def _state(self) -> dict:
        return {
            "recipe": asdict(self.recipe),
            "people": self.people.digest,
            "best": self.best,
            "measured_at": self.measured_at,
            "ap": self.ap,
        }

    def _restore(self, state: dict) -> None:
        if state["people"] != self.people.digest:
            raise TrainingError(f"{self.checkpoint} is of a run on other annotations; choose another --out")
        now, then = asdict(self.recipe), state["recipe"]
        changed = [k for k in now if k not in _FREE and now[k] != then.get(k)]
        if changed:
            told = ", ".join(f"{k}={then.get(k)!r}" for k in changed)
            raise TrainingError(f"{self.checkpoint} is of a run with {told}; choose another --out, or set it so")
        self.best, self.measured_at, self.ap = state["best"], state["measured_at"], state["ap"]

    def _open(self) -> None:
        r = self.recipe
        order = Order(len(self.people), r.batch_size, r.seed, self.step, self.steps)
        self._batches = iter(loader(self.crops, order, self.workers, self.device.type == "cuda"))

    def _close(self) -> None:
        self._batches = None  # ends the processes

    def _batch(self) -> list[torch.Tensor]:
        try:
            batch = next(self._batches)
        except RuntimeError as error:  # a process that reads was killed
            batch = f"Pictures cannot be read: {error}."
        if isinstance(batch, str):
            self.save()
            raise TrainingError(f"{batch} Training stopped at step {self.step}; {self.checkpoint} goes on from there.")
        return batch

    def _backward(self, batch: list[torch.Tensor]) -> float:
        r, total = self.recipe, 0.0
        count = len(batch[0])
        for part in zip(*(column.chunk(r.split) for column in batch[:3]), strict=True):
            crops, keypoints, labelled = (column.to(self.device, non_blocking=True) for column in part)
            target, weight = gaussian_targets(
                keypoints, labelled, self.model.input_size, self.model.heatmap_size, r.sigma, self.config.codec.udp
            )
            with torch.autocast(self.device.type, torch.bfloat16, enabled=r.precision == "bf16"):
                heatmaps = self.network(normalise(crops, self.config.mean, self.config.std))
            loss = heatmap_mse(heatmaps.float(), target, weight) * (len(crops) / count)
            loss.backward()
            total += float(loss.detach())
        return total

    def _where(self, batch: list[torch.Tensor]) -> str:
        ids = ", ".join(str(self.people.ids[i]) for i in batch[3][:8].tolist())
        return f" (epoch {self.step // self.an_epoch + 1}, annotations {ids}{', …' if len(batch[3]) > 8 else ''})"

    def _loop(self, report: Callable[[str], None], end: int, asked) -> None:
        self._after_step(report)  # a run that was broken off while it measured
        super()._loop(report, end, asked)

    def _after_step(self, report: Callable[[str], None]) -> None:
        due = self.step and (self.step % (self.recipe.val_every * self.an_epoch) == 0 or self.step == self.steps)
        if self.measure is None or not due or self.measured_at == self.step:
            return
        self.save()
        model = self.averaged()
        self.ap, self.measured_at = self.measure(model), self.step
        better = self.ap > self.best
        if better:
            self.best = self.ap
            name = self.recipe.model or self.config.name
            codec = "udp" if self.config.codec.udp else "msra"
            notes = {"codec": codec, "steps": str(self.step), "ap": f"{self.ap:.4f}"}
            weights.export(self.model, self.average, self.best_file, name, torch.float32, **notes)
        self.save()
        report(f"epoch {self.step // self.an_epoch}: AP {self.ap:.4f}{', the best so far' if better else ''}")

    def _described(self) -> str:
        known = "" if math.isnan(self.ap) else f"  AP {self.ap:.3f} (best {self.best:.3f})"
        return f"epoch {(self.step - 1) // self.an_epoch + 1}/{self.recipe.epochs}{known}"
