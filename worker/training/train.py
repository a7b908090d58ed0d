"""Trains a ViTPose on pictures drawn as it goes.

Owns the rates, the losses and how hard the pictures are; pool.py has the pictures and loop.py makes the steps. Every
number comes from the config's `training`; the same config and seed give the same weights, also across a kill, where
the recipe has `reuse` and no `minutes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mocap_core.skeleton import COCO17

from ..vitpose.codec import Codec, decode
from ..vitpose.model import ViTPose
from ..vitpose.skeletons import SKELETONS
from ..vitpose.transforms import normalise
from .augment import Augmentation, augment
from .loop import Loop
from .pool import Pictures, Pool
from .processes import ALONE, Processes
from .recipe import RunSettings, TrainingError, read_recipe
from .render import PARTS
from .samples import prediction_sheet
from .starting import Source, start_from
from .stream import PictureStream
from .targets import heatmap_targets, pck, peak_loss, peaks

#: Pictures in a sample.
_SHOWN = 8


@dataclass
class Recipe(RunSettings):
    """The numbers of a run. input_size: (width, height) px, of the pictures too. schedule: "cosine", "linear" or
    "constant", from lr after warmup steps to lr_end. fade: share of the run by which the losses beside the heatmaps'
    MSE are gone; 0 keeps them.

    Pictures become harder, by hardness_step every hardness_every steps while PCK is above hardness_above, up to
    hardness_most; whatever PCK is, hardness_by is the share of the run by which they are as hard as that (0: never).
    chunk, ahead, window, first: pictures drawn at once, chunks drawn ahead, pictures that a step picks from, and how
    many there must be at first. reuse: how often each is seen; 0 takes them as they come. workers: that draw, for each
    process that trains. val_every: steps; val_pictures: how many are drawn to measure with.
    """

    batch_size: int = 32
    ema: float = 0.999
    precision: str = "bf16"
    checkpoint_every: int = 1000
    val_every: int = 1000
    val_pictures: int = 0
    input_size: tuple[int, int] = (192, 256)
    sigma: float = 2.0
    iterations: int = 1000
    lr_end: float = 0.0
    warmup: int = 300
    schedule: str = "cosine"
    mse_weight: float = 250.0
    peak_weight: float = 0.0
    part_weight: float = 0.0
    fade: float = 0.0
    hardness: float = 0.0
    hardness_step: float = 0.05
    hardness_every: int = 100
    hardness_above: float = 0.7
    hardness_most: float = 1.0
    hardness_by: float = 0.0
    chunk: int = 64
    ahead: int = 4
    window: int = 3072
    first: int = 512
    reuse: float = 3.0
    workers: int = 1
    augmentation: dict = field(default_factory=dict)
    source: dict = field(default_factory=dict)

    @classmethod
    def from_config(cls, table: dict) -> Recipe:
        recipe = read_recipe(cls, table)
        recipe.check()
        for name in ("iterations", "chunk", "ahead", "window", "workers"):
            if getattr(recipe, name) < 1:
                raise TrainingError(f"the config's training has {name}={getattr(recipe, name)}; expected 1 or more")
        if recipe.schedule not in _SHAPES:
            raise TrainingError(
                f"the config's training has schedule={recipe.schedule!r}; expected one of {', '.join(_SHAPES)}"
            )
        unknown = set(recipe.augmentation) - {f.name for f in fields(Augmentation)}
        if unknown:
            raise TrainingError(f"the config's augmentation has unknown settings: {', '.join(sorted(unknown))}")
        return recipe


#: How much of the rate is left when a share of the run is over.
_SHAPES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
    "linear": lambda done: 1 - done,
}


class Network(nn.Module):
    """ViTPose and, for training alone, a head that names the body part of each heatmap cell."""

    def __init__(self, model: ViTPose) -> None:
        super().__init__()
        self.model = model
        self.part_head = nn.Conv2d(model.dim, len(PARTS) * 16, kernel_size=1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.model.backbone(images)
        return self.model.keypoint_head(features), F.pixel_shuffle(self.part_head(features), 4)


def optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW without decay on biases, norms and positions."""
    plain = [p for name, p in network.named_parameters() if p.ndim == 1 or name.endswith("pos_embed")]
    ids = {id(p) for p in plain}
    decayed = [p for p in network.parameters() if id(p) not in ids]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    fused = next(network.parameters()).is_cuda
    return torch.optim.AdamW(groups, lr=recipe.lr, betas=tuple(recipe.betas), fused=fused or None)


def rate(recipe: Recipe, step: int, share_done: float | None = None) -> float:
    """The learning rate of a step: linear warm-up, then by the schedule to lr_end.

    share_done: how much of the run is over, where time tells and not the step.
    """
    after = (step - recipe.warmup) / max(1, recipe.iterations - recipe.warmup)
    done = min(1.0, max(0.0, after)) if share_done is None else share_done
    now = recipe.lr_end + (recipe.lr - recipe.lr_end) * _SHAPES[recipe.schedule](done)
    return now * min(1.0, (step + 1) / max(1, recipe.warmup))


def losses(
    network: nn.Module, recipe: Recipe, share_done: float, images: Tensor, target: Tensor, parts: Tensor
) -> tuple[Tensor, Tensor]:
    """The loss and the heatmaps (float32)."""
    extra = max(0.0, 1 - share_done / recipe.fade) if recipe.fade else 1.0
    bf16 = recipe.precision == "bf16"
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bf16):
        heatmaps, part_logits = network(images)
    heatmaps = heatmaps.float()
    loss = recipe.mse_weight * F.mse_loss(heatmaps, target)
    if recipe.peak_weight and extra:
        loss = loss + extra * recipe.peak_weight * peak_loss(heatmaps, target)
    if recipe.part_weight:
        loss = loss + extra * recipe.part_weight * F.cross_entropy(part_logits.float(), parts)
    else:  # without a gradient, processes that train together would wait for one
        loss = loss + 0.0 * part_logits.float().mean()
    return loss, heatmaps


class Trainer(Loop):
    """One run in one folder; `run()` goes on from its last checkpoint, if there is one.

    stream: of pictures, None to have them drawn by processes of its own. measure: from a network to its AP.
    """

    def __init__(
        self,
        model: ViTPose,
        recipe: Recipe,
        folder: Path,
        stream: PictureStream | None = None,
        measure: Callable[[nn.Module], float] | None = None,
        processes: Processes = ALONE,
    ) -> None:
        if tuple(model.input_size) != tuple(recipe.input_size):
            raise TrainingError(f"the model takes {model.input_size} px, the pictures are {recipe.input_size}")
        self.hardness, self.accuracy = recipe.hardness, 0.0
        self._stream, self._pool = stream, None
        self._kept: list[float] = []
        torch.manual_seed(recipe.seed)
        network = Network(model).to(processes.device)
        super().__init__(network, model, recipe, folder, recipe.iterations, measure, processes)

    def _put(self, source: Source) -> list[str]:
        self.hardness = max(self.hardness, source.hardness or 0.0)
        return start_from(self.model, source.weights, source.name, source.keypoints, COCO17)

    def _optimiser(self) -> torch.optim.AdamW:
        return optimiser(self.network, self.recipe)

    def _rate(self, step: int) -> float:
        return rate(self.recipe, step, self.share_done if self.recipe.minutes else None)

    def _state(self) -> dict:
        return {
            "hardness": self.hardness,
            "accuracy": self.accuracy,
            "hardness_of": self._pool.hardness_of if self._pool else self._kept,
            "recipe": asdict(self.recipe),
            "keypoints": list(COCO17),
        }

    def _restore(self, state: dict) -> None:
        self.hardness, self.accuracy = state["hardness"], state["accuracy"]
        self._kept = state["hardness_of"]

    def _open(self) -> None:
        r = self.recipe
        options = {**r.source, "size": tuple(r.input_size), "seed": r.seed}
        stream = self._stream or PictureStream(options, r.chunk, r.workers, r.ahead)
        self._pool = Pool(r, stream, self.device, self.processes)
        if self._kept:
            self._pool.restore(self.step, self._kept)

    def _close(self) -> None:
        if self._stream is None:
            self._pool.stream.close()

    def _batch(self) -> Pictures:
        return self._pool.batch(self.step, self.hardness)

    def _changed(self, pictures: Pictures) -> tuple[Tensor, ...]:
        rng = np.random.default_rng([self.recipe.seed, 3, self.step, self.processes.rank])
        return augment(rng, Augmentation(**self.recipe.augmentation), pictures)

    def _backward(self, batch: Pictures) -> float:
        r, model = self.recipe, self.model
        images, keypoints, visibility, parts = self._changed(batch)
        labelled = visibility > 0
        target = heatmap_targets(keypoints, labelled, r.input_size, model.heatmap_size, r.sigma)
        loss, heatmaps = losses(self.shared_network, r, self.share_done, normalise(images), target, parts)
        loss.backward()
        if (self.step + 1) % 5 == 0:
            self._count(heatmaps.detach(), keypoints, labelled & (target.flatten(2).amax(2) > 0))
        return float(loss.detach())

    def _count(self, heatmaps: Tensor, keypoints: Tensor, labelled: Tensor) -> None:
        """How many keypoints of a batch, of all processes', are right."""
        cells = [(h - 1) / (s - 1) for h, s in zip(self.model.heatmap_size, self.recipe.input_size, strict=True)]
        right = pck(peaks(heatmaps), keypoints * keypoints.new_tensor(cells), labelled)
        known = torch.isfinite(right)
        found, of = self.processes.sums([float(right[known].sum()), float(known.sum())])
        if of:
            self.accuracy += 0.05 * (found / of - self.accuracy)

    def _after_step(self) -> None:
        r = self.recipe
        if self.step % r.hardness_every == 0 and self.accuracy > r.hardness_above:
            self.hardness = min(r.hardness_most, self.hardness + r.hardness_step)
        if r.hardness_by:
            self.hardness = max(self.hardness, r.hardness_most * min(1.0, self.share_done / r.hardness_by))

    def _measures_now(self) -> bool:
        return self.step % self.recipe.val_every == 0

    def _figures(self) -> dict[str, float]:
        drawn = len(self._pool.hardness_of) * self.recipe.chunk * self.processes.count
        return {"pck": self.accuracy, "hardness": self.hardness, "pictures_drawn": drawn}

    def _described(self) -> str:
        known = "" if math.isnan(self.figure) else f"  AP {self.figure:.3f} (best {self.best:.3f})"
        return f"PCK {self.accuracy:.3f}  hardness {self.hardness:.2f}{known}"

    def _notes(self) -> dict[str, str]:
        return {"config": self.recipe.model or "", "codec": "udp"}

    def _sheet(self, batch: Pictures) -> np.ndarray:
        some = Pictures(*(getattr(batch, f.name)[:_SHOWN] for f in fields(Pictures)))
        images, keypoints, visibility, _ = self._changed(some)
        with torch.inference_mode():
            heatmaps = self.averaged()(normalise(images))
            size = heatmaps.new_tensor([self.model.input_size]).expand(len(images), 2) - 1
            found, scores = decode(heatmaps, size / 2, size, Codec())
        shown = [value.cpu().numpy() for value in (found, scores, keypoints, visibility > 0)]
        return prediction_sheet(images.byte().cpu().numpy(), *shown, SKELETONS["coco17"])
