"""Trains a ViTPose on labelled people as the papers do; every number comes from the config's `training`.

Owns the losses of a batch and what a run is bound to. Xu et al., "ViTPose", NeurIPS 2022; "ViTPose++", TPAMI 2023.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..vitpose.codec import decode
from ..vitpose.transforms import normalise
from .annotated import AP_KINDS
from .coco_recipe import CocoRecipe, coco_rate
from .crops import CropChanges
from .distil import Teacher, TokenStudent, learn_token_alone
from .labelled import Crops, Labelled, Order, loader, steps_an_epoch
from .layers import freeze, parameter_groups
from .loop import Loop
from .processes import ALONE, Processes, kept_apart
from .recipe import TrainingError
from .samples import prediction_sheet
from .starting import Source, start_from
from .targets import gaussian_targets, heatmap_mse

#: What may be another when a run goes on: it changes no step that was made.
_FREE = {"epochs", "minutes", "val_every", "checkpoint_every", "log_every", "samples_every", "small_checkpoints"}
_FREE |= {"model", "compile"}
#: Steps of a run that ends by the clock.
_ENDLESS = 2**40
#: Pictures in a sample.
_SHOWN = 8


class CocoTrainer(Loop):
    """One run on labelled people; `last.pt` is where it goes on, `best.safetensors` what found people best.

    model: a ViTPose, or a SharedBackbone for several sets. workers: processes that read and crop pictures; their
    number changes no bit. teacher: for its heatmaps. token: a teacher's, for a model that has a place for one.
    Raises TrainingError.
    """

    def __init__(
        self,
        model: nn.Module,
        sets: list[Labelled],
        recipe: CocoRecipe,
        folder: Path,
        workers: int = 0,
        measure: Callable[[nn.Module], float] | None = None,
        processes: Processes = ALONE,
        teacher: Teacher | None = None,
        token: Tensor | None = None,
    ) -> None:
        self.sets, self.workers = sets, workers
        self.config, self.some_unused = sets[0].config, len(sets) > 1
        self.measured = "AP" if self.config.skeleton in AP_KINDS else "PCK"
        self.crops = Crops(sets, CropChanges(**recipe.augmentation), recipe.seed)
        self.an_epoch = steps_an_epoch(len(self.crops), recipe.batch_size)
        self.batch = min(recipe.batch_size, len(self.crops))
        if self.batch < processes.count:
            raise TrainingError(f"{len(self.crops)} people are fewer than the {processes.count} processes")
        self._batches = None
        network = model if token is None else TokenStudent(model, token)
        network.to(processes.device)
        self.teacher = teacher.to(processes.device) if teacher else None
        if recipe.learn == "token":
            learn_token_alone(model)
        else:
            freeze(model, recipe.freeze)
        super().__init__(network, model, recipe, folder, recipe.epochs * self.an_epoch, measure, processes)

    @property
    def digest(self) -> str:
        """Of all annotations, and of who of them is trained on."""
        described = "".join(f"{part.people.digest} {part.people.ids.tolist()}" for part in self.sets)
        return hashlib.sha256(described.encode()).hexdigest()

    def _put(self, source: Source) -> list[str]:
        skeleton = self.sets[0].people.skeleton
        wanted = skeleton.keypoints if skeleton else None
        return start_from(self.model, source.weights, source.name, source.keypoints, wanted, self.config.dataset)

    def _optimiser(self) -> torch.optim.AdamW:
        r = self.recipe
        groups = parameter_groups(self.network, self.model.depth, r.weight_decay, r.layer_decay)
        return torch.optim.AdamW(groups, lr=r.lr, betas=tuple(r.betas))

    def _rate(self, step: int) -> float:
        return coco_rate(self.recipe, step, self.an_epoch, self.share_done if self.recipe.minutes else None)

    def _state(self) -> dict:
        skeleton = self.sets[0].people.skeleton
        return {
            "recipe": asdict(self.recipe),
            "people": self.digest,
            "keypoints": list(skeleton.keypoints) if skeleton else None,
        }

    def _restore(self, state: dict) -> None:
        if state["people"] != self.digest:
            raise TrainingError(f"{self.checkpoint} is of a run on other annotations; choose another --out")
        now, then = asdict(self.recipe), state["recipe"]
        changed = [k for k in now if k not in _FREE and _plain(now[k]) != _plain(then.get(k))]
        if changed:
            told = ", ".join(f"{k}={then.get(k)!r}" for k in changed)
            raise TrainingError(f"{self.checkpoint} is of a run with {told}; choose another --out, or set it so")

    def _open(self) -> None:
        r = self.recipe
        end = self.step + _ENDLESS if r.minutes else self.steps
        order = Order(len(self.crops), r.batch_size, r.seed, self.step, end, self.processes)
        self._batches = iter(loader(self.crops, order, self.workers, self.device.type == "cuda"))

    def _close(self) -> None:
        self._batches = None  # ends the processes

    def _set_mode(self) -> None:
        self.network.train(self.recipe.learn != "token")  # the teacher of a token is as it will be used

    def _batch(self) -> list[Tensor]:
        try:
            batch = next(self._batches)
        except RuntimeError as error:  # a process that reads was killed
            batch = f"Pictures cannot be read: {error}."
        if isinstance(batch, str):
            self.save()
            raise TrainingError(f"{batch} Training stopped at step {self.step}; {self.checkpoint} goes on from there.")
        return batch

    def _backward(self, batch: list[Tensor]) -> float:
        parts = max(1, self.recipe.split // self.processes.count)
        parts = list(zip(*(column.chunk(parts) for column in batch), strict=True))
        total = 0.0
        for i, (crops, keypoints, labelled, persons) in enumerate(parts):
            of = torch.from_numpy(self.crops.set_of(persons.numpy()))
            moved = (column.to(self.device, non_blocking=True) for column in (crops, keypoints, labelled, of))
            with kept_apart(self.shared_network, i + 1 < len(parts)):
                loss = self._loss(*moved) * self.processes.count / self.batch
                loss.backward()
            total += float(loss.detach())
        return total

    def _loss(self, crops: Tensor, keypoints: Tensor, labelled: Tensor, of: Tensor) -> Tensor:
        """The sum over pictures of each one's loss."""
        r = self.recipe
        images = normalise(crops, self.config.mean, self.config.std)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=r.precision == "bf16"):
            if len(self.sets) > 1:
                heatmaps = self.shared_network(images, of)
            else:
                heatmaps = [self.shared_network(images)]
            taught = self.teacher(images) if self.teacher and r.teacher_weight else None
        loss = torch.zeros((), device=self.device)
        for i, (part, found) in enumerate(zip(self.sets, heatmaps, strict=True)):
            if found is None:
                continue
            own, k, found = of == i, part.config.keypoints, found.float()
            target, weight = gaussian_targets(
                keypoints[own, :k], labelled[own, :k], self.model.input_size, self.model.heatmap_size, r.sigma,
                part.config.codec.udp,
            )  # fmt: skip
            loss = loss + len(found) * heatmap_mse(found, target, weight)
            if taught is not None:
                loss = loss + len(found) * r.teacher_weight * F.mse_loss(found, taught)
        return loss

    def _after_step(self) -> None:
        if isinstance(self.network, TokenStudent):
            self.network.keep()

    def _where(self, batch: list[Tensor]) -> str:
        ids = []
        for person in batch[3][:8].tolist():
            of = int(self.crops.set_of(np.array(person)))
            ids.append(str(self.sets[of].people.ids[person - self.crops.first[of]]))
        more = ", …" if len(batch[3]) > 8 else ""
        return f" (epoch {self.step // self.an_epoch + 1}, annotations {', '.join(ids)}{more})"

    def _measures_now(self) -> bool:
        return self.step % (self.recipe.val_every * self.an_epoch) == 0

    def _described(self) -> str:
        known = "" if np.isnan(self.figure) else f"  {self.measured} {self.figure:.3f} (best {self.best:.3f})"
        of = "" if self.recipe.minutes else f"/{self.recipe.epochs}"
        return f"epoch {(self.step - 1) // self.an_epoch + 1}{of}{known}"

    def _notes(self) -> dict[str, str]:
        notes = {"config": self.recipe.model or self.config.name, "codec": "udp" if self.config.codec.udp else "msra"}
        skeleton = self.sets[0].people.skeleton
        return notes | ({"keypoints": ",".join(skeleton.keypoints)} if skeleton else {})

    def _sheet(self, batch: list[Tensor]) -> np.ndarray | None:
        own = np.flatnonzero(self.crops.set_of(batch[3].numpy()) == 0)[:_SHOWN]
        if not len(own):
            return None
        crops, keypoints, labelled = (column[own] for column in batch[:3])
        images = normalise(crops.to(self.device), self.config.mean, self.config.std)
        with torch.inference_mode():
            model = self.averaged()
            of = torch.zeros(len(own), dtype=torch.long, device=self.device)
            heatmaps = model(images, of)[0] if len(self.sets) > 1 else model(images)
            size = torch.tensor([self.model.input_size], device=self.device).float() - int(self.config.codec.udp)
            size = size.expand(len(own), 2)
            found, scores = (value.cpu().numpy() for value in decode(heatmaps, size / 2, size, self.config.codec))
        k = self.config.keypoints
        true = keypoints[:, :k].numpy(), labelled[:, :k].numpy()
        return prediction_sheet(crops.numpy(), found, scores, *true, self.sets[0].people.skeleton)


def _plain(value: object) -> object:
    """Configs may have a list where a checkpoint has a tuple."""
    return tuple(value) if isinstance(value, list) else value
