"""Labelled people as a training sees them: changed crops in the order of a run, of one data set or several.

Which people a step sees, and how each is changed, follows from the seed, the epoch and the person alone: neither a
kill nor the number of processes that read changes it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ..evaluation import EvaluationError
from ..evaluation.predict import read_picture
from ..opencv import cv2
from ..vitpose.model_config import ModelConfig
from .annotated import People
from .crops import CropChanges, changed_crop, choose_place, halves, mirror_order
from .processes import ALONE, Processes
from .recipe import TrainingError


@dataclass(frozen=True)
class Labelled:
    """One data set: its name, the model that its head makes, its people."""

    name: str
    config: ModelConfig
    people: People


class Crops(Dataset):
    """Changed crops by (epoch, person), people counted through all data sets: crop, keypoints (K, 2) px, labelled
    (K,), person; or a sentence about what is wrong with the picture. K is that of the largest set."""

    def __init__(self, sets: list[Labelled], how: CropChanges, seed: int) -> None:
        for part in sets:
            if part.people.skeleton is None and (how.flip or how.half_body):
                raise TrainingError(
                    f"Nothing tells left from right or above from below of the {part.config.keypoints} keypoints of "
                    f"{part.config.name}: name them in the annotations' category, or set flip=0.0 and half_body=0.0 in "
                    "the config's augmentation"
                )
        self.sets, self.how, self.seed = sets, how, seed
        self.keypoints = max(part.config.keypoints for part in sets)
        #: Where each set's people begin.
        self.first = np.cumsum([0, *(len(part.people) for part in sets)])
        self._sides = [_sides(part) for part in sets]

    def __len__(self) -> int:
        return int(self.first[-1])

    def set_of(self, persons: np.ndarray) -> np.ndarray:
        """Which set each person is of."""
        return np.searchsorted(self.first, persons, side="right") - 1

    def __getitem__(self, which: tuple[int, int]) -> tuple | str:
        epoch, number = which
        of = int(self.set_of(np.array(number)))
        part, p = self.sets[of], self.sets[of].people
        person = number - int(self.first[of])
        picture = p.picture[person]
        width, height = (int(v) for v in p.sizes[picture])
        try:
            image = read_picture(Path(p.pictures[picture]), width, height)
        except EvaluationError as error:
            return str(error)
        upper, lower, mirror = self._sides[of]
        rng = np.random.default_rng([self.seed, 2, epoch, number])
        keypoints, size = p.keypoints[person], tuple(part.config.input_size)
        place = choose_place(rng, self.how, p.boxes[person], keypoints, width, size, upper, lower)
        crop, found, labelled = changed_crop(image, keypoints, place, size, part.config.codec.udp, mirror)
        more = self.keypoints - part.config.keypoints
        return crop, np.pad(found, ((0, more), (0, 0))), np.pad(labelled, (0, more)), number


def _sides(part: Labelled) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which keypoints are above the waist, which below, and which takes whose place in a mirror."""
    if part.people.skeleton is None:
        nobody = np.zeros(part.config.keypoints, dtype=bool)
        return nobody, nobody, np.arange(part.config.keypoints)
    return *halves(part.people.skeleton), mirror_order(part.people.skeleton)


def steps_an_epoch(people: int, batch: int) -> int:
    """What is left over is dropped, as officially; fewer people than a batch are one."""
    return max(1, people // batch)


@dataclass(frozen=True)
class Order:
    """The (epoch, person) of each step's batch, from step `first` up to `end`; of several processes each has its
    part."""

    people: int
    batch: int
    seed: int
    first: int
    end: int
    processes: Processes = ALONE

    def __len__(self) -> int:
        return self.end - self.first

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        each, known, order = steps_an_epoch(self.people, self.batch), -1, np.zeros(0, int)
        for step in range(self.first, self.end):
            epoch, number = divmod(step, each)
            if epoch != known:
                order, known = np.random.default_rng([self.seed, 1, epoch]).permutation(self.people), epoch
            batch = order[number * self.batch : (number + 1) * self.batch]
            own = np.array_split(batch, self.processes.count)[self.processes.rank]
            yield [(epoch, int(i)) for i in own]


def together(samples: list[tuple | str]) -> list[torch.Tensor] | str:
    """A batch: crops, keypoints, labelled, persons; or what is wrong with one of its pictures."""
    wrong = next((s for s in samples if isinstance(s, str)), None)
    return wrong or [torch.from_numpy(np.stack(column)) for column in zip(*samples, strict=True)]


def loader(crops: Crops, order: Order, workers: int, pinned: bool) -> DataLoader:
    """Batches in order, made by `workers` processes; by this one for 0."""
    return DataLoader(
        crops,
        batch_sampler=order,
        num_workers=workers,
        collate_fn=together,
        pin_memory=pinned,
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_start,
    )


def _start(_number: int) -> None:
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains; it ends this one
