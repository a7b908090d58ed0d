"""Labelled people for training: COCO-format annotations of any skeleton, and their crops in the order of a run.

Which people a step sees, and how each is changed, follows from the seed, the epoch and the person alone: neither a
kill nor the number of processes that read changes it.
"""

from __future__ import annotations

import fnmatch
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ..evaluation import EvaluationError
from ..evaluation.annotations import checked, read_json, truth_boxes
from ..evaluation.datasets import KINDS, find_images, keypoints_in
from ..evaluation.predict import read_picture
from ..vitpose.model_config import ModelConfig
from ..vitpose.skeletons import SKELETONS
from .crops import CropChanges, changed_crop, choose_place, halves, mirror_order
from .loop import TrainingError


@dataclass(frozen=True)
class People:
    """pictures: paths; sizes: (P, 2) their width and height. Of each person: ids (N,) of the annotations, picture
    (N,) index, boxes (N, 4) xyxy px, keypoints (N, K, 3). digest: SHA-256 of the annotations. notes: sentences."""

    pictures: list[str]
    sizes: np.ndarray
    ids: np.ndarray
    picture: np.ndarray
    boxes: np.ndarray
    keypoints: np.ndarray
    digest: str
    notes: list[str]

    def __len__(self) -> int:
        return len(self.ids)


def read_people(data: Path, config: ModelConfig, images: Path | None = None) -> People:
    """The people in a dataset's folder, or in an annotation file, who can be learnt from.

    images: the folder of the pictures, None to find it. Raises EvaluationError, which says what is wrong.
    """
    if not data.exists():
        raise EvaluationError(f"There is nothing at {data}; expected a folder with annotations, or an annotation file.")
    path = data if data.is_file() else _training_file(data, config.skeleton)
    content, digest = read_json(path)
    wholebody = config.skeleton == "coco133"
    advice = f"{config.name} finds {config.keypoints} ({config.skeleton}): choose a config for what is labelled."
    annotations = checked(content, path, config.keypoints, wholebody, advice)
    rows_of = keypoints_in("wholebody" if wholebody else "coco")
    labelled = [any(v > 0 for v in rows_of(a)[2::3]) for a in annotations["annotations"]]
    boxes, _ = truth_boxes(annotations, labelled)
    people = {a["id"]: a for a in annotations["annotations"]}
    files = find_images(annotations, boxes, path, data if data.is_dir() else None, images)
    index = {number: i for i, number in enumerate(files)}
    sizes = {i["id"]: (i["width"], i["height"]) for i in annotations["images"]}
    wanted = sum(has and not a.get("iscrowd") for a, has in zip(annotations["annotations"], labelled, strict=True))
    boxless = wanted - len(boxes)
    notes = [f"{boxless} labelled people have a box without area; they are left out."] if boxless else []
    return People(
        [str(file) for file in files.values()],
        np.array([sizes[number] for number in files]),
        np.array([box.annotation_id for box in boxes]),
        np.array([index[box.image_id] for box in boxes]),
        np.array([box.xyxy for box in boxes], dtype=np.float32),
        np.array([rows_of(people[box.annotation_id]) for box in boxes], dtype=np.float32).reshape(
            len(boxes), config.keypoints, 3
        ),
        digest,
        notes,
    )


def _training_file(folder: Path, skeleton: str) -> Path:
    """The one annotation file to train on."""
    patterns = [
        pattern.lower().replace("val", "train").replace("test", "train")
        for kind in KINDS.values()
        if kind.skeleton == skeleton
        for pattern in kind.files
    ]
    places = [p for p in (folder / "annotations", folder) if p.is_dir()]
    files = [f for place in places for f in sorted(place.iterdir()) if f.suffix == ".json" and f.is_file()]
    for pattern in patterns:
        found = [f for f in files if fnmatch.fnmatch(f.name.lower(), pattern) and "val" not in f.name.lower()]
        if len(found) == 1:
            return found[0]
    raise EvaluationError(
        f"Which annotations in {folder} to train on cannot be told: expected one like "
        f"{patterns[0] if patterns else 'annotations.json'} in it or in its folder annotations; found "
        f"{', '.join(f.name for f in files[:5]) or 'no JSON'}. Give the file itself with --data."
    )


class Crops(Dataset):
    """Changed crops by (epoch, person): crop, keypoints (K, 2) px, labelled (K,), person; or a sentence about what
    is wrong with the picture."""

    def __init__(self, people: People, config: ModelConfig, how: CropChanges, seed: int) -> None:
        skeleton = SKELETONS.get(config.skeleton)
        if skeleton is None and (how.flip or how.half_body):
            raise TrainingError(
                f"{config.skeleton} is not among {', '.join(SKELETONS)}, so nothing tells left from right or above "
                "from below; set flip=0.0 and half_body=0.0 in the config's augmentation"
            )
        self.people, self.how, self.seed = people, how, seed
        self.input_size, self.udp = tuple(config.input_size), config.codec.udp
        nobody = np.zeros(config.keypoints, dtype=bool)
        self.upper, self.lower = halves(skeleton) if skeleton else (nobody, nobody)
        self.mirror = mirror_order(skeleton) if skeleton else np.arange(config.keypoints)

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, which: tuple[int, int]) -> tuple | str:
        epoch, person = which
        p = self.people
        picture = p.picture[person]
        width, height = (int(v) for v in p.sizes[picture])
        try:
            image = read_picture(Path(p.pictures[picture]), width, height)
        except EvaluationError as error:
            return str(error)
        rng = np.random.default_rng([self.seed, 2, epoch, person])
        keypoints = p.keypoints[person]
        place = choose_place(
            rng, self.how, p.boxes[person], keypoints, width, self.input_size, self.upper, self.lower
        )
        return *changed_crop(image, keypoints, place, self.input_size, self.udp, self.mirror), person


def steps_an_epoch(people: int, batch: int) -> int:
    """What is left over is dropped, as officially; fewer people than a batch are one."""
    return max(1, people // batch)


@dataclass(frozen=True)
class Order:
    """The (epoch, person) of each step's batch, from step `first` up to `end`."""

    people: int
    batch: int
    seed: int
    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        each, known, order = steps_an_epoch(self.people, self.batch), -1, np.zeros(0, int)
        for step in range(self.first, self.end):
            epoch, number = divmod(step, each)
            if epoch != known:
                order, known = np.random.default_rng([self.seed, 1, epoch]).permutation(self.people), epoch
            yield [(epoch, int(i)) for i in order[number * self.batch : (number + 1) * self.batch]]


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
