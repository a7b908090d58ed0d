"""Trains a ViTPose on pictures drawn as it goes.

Owns which pictures a step sees, the rates and the losses; loop.py makes the steps. Every number comes from the
config's `training`; the same config and seed give the same weights, also across a kill.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..vitpose.model import ViTPose
from ..vitpose.transforms import normalise
from .augment import Augmentation, augment
from .loop import Loop, TrainingError, read_recipe
from .render import PARTS
from .stream import Chunk, PictureStream
from .targets import heatmap_targets, pck, peak_loss, peaks


@dataclass
class Recipe:
    """The numbers of a run. Sizes are (width, height) px. model: the config that uses the weights."""

    model: str | None = None
    input_size: tuple[int, int] = (192, 256)
    sigma: float = 2.0
    iterations: int = 1000
    batch_size: int = 32
    lr: float = 1e-3
    lr_end: float = 0.0
    warmup: int = 300
    schedule: str = "cosine"
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    ema: float = 0.999
    mse_weight: float = 250.0
    peak_weight: float = 0.0
    part_weight: float = 0.0
    fade: float = 0.0  # share of the run by which the two extra losses are gone; 0 keeps them
    precision: str = "bf16"
    hardness: float = 0.0
    hardness_step: float = 0.05
    hardness_every: int = 100
    hardness_above: float = 0.7
    hardness_most: float = 1.0
    chunk: int = 64
    ahead: int = 4
    window: int = 3072
    first: int = 512
    reuse: float = 3.0
    workers: int = 1
    seed: int = 0
    checkpoint_every: int = 1000
    log_every: int = 50
    augmentation: dict = field(default_factory=dict)
    source: dict = field(default_factory=dict)

    @classmethod
    def from_config(cls, table: dict) -> Recipe:
        return read_recipe(cls, table)


class Network(nn.Module):
    """ViTPose and, for training alone, a head that names the body part of each heatmap cell."""

    def __init__(self, model: ViTPose) -> None:
        super().__init__()
        self.model = model
        self.part_head = nn.Conv2d(model.dim, len(PARTS) * 16, kernel_size=1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.model.backbone(images)
        return self.model.keypoint_head(features), F.pixel_shuffle(self.part_head(features), 4)


class Pool:
    """The latest pictures drawn: a step picks from a window that moves on as training does."""

    def __init__(self, recipe: Recipe, stream: PictureStream) -> None:
        self.recipe, self.stream = recipe, stream
        self.chunks: dict[int, Chunk] = {}
        self.hardness_of: list[float] = []

    def _drawn_by(self, step: int) -> int:
        """How many pictures a step may pick from, counted from the first."""
        r = self.recipe
        return max(r.first, r.chunk) + int(step * r.batch_size / r.reuse)

    def restore(self, step: int, hardness_of: list[float]) -> None:
        """Has the window that a resumed run needs drawn again."""
        self.hardness_of = list(hardness_of)
        oldest = max(0, self._drawn_by(step) - self.recipe.window) // self.recipe.chunk
        for number in range(oldest, len(self.hardness_of)):
            self.stream.ask(number, self.hardness_of[number])

    def batch(self, step: int, hardness: float) -> list[tuple]:
        """The step's pictures, each (image, keypoints, visibility, parts), augmented."""
        r = self.recipe
        newest = self._drawn_by(step)
        last_chunk = newest // r.chunk
        while len(self.hardness_of) < last_chunk + r.ahead:
            self.stream.ask(len(self.hardness_of), hardness)
            self.hardness_of.append(hardness)
        oldest = max(0, newest - r.window)
        for number in range(oldest // r.chunk, last_chunk):
            if number not in self.chunks:
                self.chunks[number] = self.stream.get(number)
        for number in [n for n in self.chunks if n < oldest // r.chunk]:
            del self.chunks[number]
        rng = np.random.default_rng([r.seed, 2, step])
        how = Augmentation(**r.augmentation)
        out = []
        for index in rng.integers(oldest, last_chunk * r.chunk, r.batch_size):
            chunk, row = self.chunks[index // r.chunk], index % r.chunk
            out.append(
                augment(rng, how, chunk.images[row], chunk.keypoints[row], chunk.visibility[row], chunk.parts[row])
            )
        return out


def optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW without decay on biases, norms and positions."""
    plain = [p for name, p in network.named_parameters() if p.ndim == 1 or name.endswith("pos_embed")]
    ids = {id(p) for p in plain}
    decayed = [p for p in network.parameters() if id(p) not in ids]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.lr, betas=tuple(recipe.betas))


def rate(recipe: Recipe, step: int) -> float:
    """The learning rate of a step: linear warm-up, then constant or a cosine or a straight line to lr_end."""
    if step < recipe.warmup:
        return recipe.lr * (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, recipe.iterations - recipe.warmup)
    shape = {"constant": 1.0, "cosine": 0.5 * (1 + math.cos(math.pi * done)), "linear": 1 - done}[recipe.schedule]
    return recipe.lr_end + (recipe.lr - recipe.lr_end) * shape


def tensors(batch: list[tuple], recipe: Recipe, heatmap_size: tuple[int, int]) -> tuple[Tensor, ...]:
    """Normalised images, keypoints, labelled (visibility > 0), target heatmaps, parts by heatmap cell."""
    images, keypoints, visibility, parts = (torch.from_numpy(np.stack(column)) for column in zip(*batch, strict=True))
    labelled = visibility > 0
    target = heatmap_targets(keypoints, labelled, recipe.input_size, heatmap_size, recipe.sigma)
    return normalise(images), keypoints, labelled, target, parts[:, 2::4, 2::4].long()


def losses(network: Network, recipe: Recipe, step: int, images, target, parts) -> tuple[Tensor, Tensor]:
    """The loss and the heatmaps (float32)."""
    extra = max(0.0, 1 - step / (recipe.fade * recipe.iterations)) if recipe.fade else 1.0
    bf16 = recipe.precision == "bf16"
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bf16):
        heatmaps, part_logits = network(images)
    heatmaps = heatmaps.float()
    loss = recipe.mse_weight * F.mse_loss(heatmaps, target)
    if recipe.peak_weight and extra:
        loss = loss + extra * recipe.peak_weight * peak_loss(heatmaps, target)
    if recipe.part_weight and extra:
        loss = loss + extra * recipe.part_weight * F.cross_entropy(part_logits.float(), parts)
    return loss, heatmaps


class Trainer(Loop):
    """One run in one folder; `run()` goes on from its last checkpoint, if there is one."""

    def __init__(self, model: ViTPose, recipe: Recipe, folder: Path, stream=None) -> None:
        if tuple(model.input_size) != tuple(recipe.input_size):
            raise TrainingError(f"the model takes {model.input_size} px, the pictures are {recipe.input_size}")
        self.hardness, self.accuracy = recipe.hardness, 0.0
        self._stream, self._pool = stream, None
        self._kept: list[float] = []
        torch.manual_seed(recipe.seed)
        super().__init__(Network(model), model, recipe, folder, recipe.iterations)

    def start_from(self, state: dict[str, Tensor], hardness: float | None = None) -> None:
        """Begins with other weights, and no easier than they were trained."""
        super().start_from(state, hardness)
        self.hardness = max(self.hardness, hardness or 0.0)

    def _optimiser(self) -> torch.optim.AdamW:
        return optimiser(self.network, self.recipe)

    def _rate(self, step: int) -> float:
        return rate(self.recipe, step)

    def _state(self) -> dict:
        return {
            "hardness": self.hardness,
            "accuracy": self.accuracy,
            "hardness_of": self._pool.hardness_of if self._pool else self._kept,
            "recipe": asdict(self.recipe),
        }

    def _restore(self, state: dict) -> None:
        self.hardness, self.accuracy = state["hardness"], state["accuracy"]
        self._kept = state["hardness_of"]

    def _open(self) -> None:
        r = self.recipe
        stream = self._stream or PictureStream({**r.source, "size": r.input_size, "seed": r.seed}, r.chunk, r.workers)
        self._pool = Pool(r, stream)
        if self._kept:
            self._pool.restore(self.step, self._kept)

    def _close(self) -> None:
        if self._stream is None:
            self._pool.stream.close()

    def _batch(self) -> list[tuple]:
        return self._pool.batch(self.step, self.hardness)

    def _backward(self, batch: list[tuple]) -> float:
        r, model = self.recipe, self.model
        images, keypoints, labelled, target, parts = tensors(batch, r, model.heatmap_size)
        loss, heatmaps = losses(self.network, r, self.step, images, target, parts)
        loss.backward()
        if (self.step + 1) % 5 == 0:
            cells = keypoints.new_tensor(
                [(h - 1) / (s - 1) for h, s in zip(model.heatmap_size, r.input_size, strict=True)]
            )
            right = pck(peaks(heatmaps.detach()), keypoints * cells, labelled & (target.flatten(2).amax(2) > 0))
            if torch.isfinite(right).any():
                self.accuracy += 0.05 * (float(right.nanmean()) - self.accuracy)
        return float(loss.detach())

    def _after_step(self, report: Callable[[str], None]) -> None:
        r = self.recipe
        if self.step % r.hardness_every == 0 and self.accuracy > r.hardness_above:
            self.hardness = min(r.hardness_most, self.hardness + r.hardness_step)

    def _described(self) -> str:
        return f"PCK {self.accuracy:.3f}  hardness {self.hardness:.2f}"
