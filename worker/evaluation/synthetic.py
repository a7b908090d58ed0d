"""Drawn pictures of the default character as a dataset: what `mocap eval --data synthetic` measures on.

Poses of the test clips, little changed, in scenes of a seed that no training uses. Each picture is a crop as the
network gets it, so no box is involved; a keypoint counts where it is within the picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mocap_core.skeleton import BODY_INDEX

from ..training.pictures import Picture, PictureSource
from ..training.sheet import annotation_of
from ..vitpose.transforms import PADDING
from .annotations import Box
from .datasets import Dataset

NAMES = {"opengl": "OpenGL", "blender": "Blender"}
SEED, MIX, POSES = 1_000_003, 0.3, 2000
TORSO = [BODY_INDEX["left_shoulder"], BODY_INDEX["right_hip"]]


def draw(
    character: Path,
    motion: Path | None,
    size: tuple[int, int],
    count: int,
    hardness: float,
    progress: Callable[[int, int], None] = lambda done, of: None,
    split: str = "test",
    renderer: str = "opengl",
) -> Dataset:
    """`count` pictures of `size` (width, height) px, drawn. Raises what PictureSource raises."""
    source = PictureSource(
        character,
        character.with_suffix(".landmarks.json"),
        size,
        poses=POSES,
        split=split,
        mix=MIX,
        seed=SEED,
        motion=motion,
        renderer=renderer,
    )
    pictures = []
    for index in range(count):
        pictures.append(source.draw(index, hardness))
        progress(index + 1, count)
    return dataset_of(pictures, f"{count} pictures drawn by {NAMES[renderer]}, hardness {hardness:g}")


def dataset_of(pictures: list[Picture], source: str) -> Dataset:
    """Drawn pictures as a dataset; torso_px of a person is the distance from left shoulder to right hip.

    Where nobody was drawn there is a box all the same: what is found there is a false person.
    """
    images, annotations, boxes, digest = [], [], [], hashlib.sha256()
    for i, picture in enumerate(pictures):
        height, width = picture.image.shape[:2]
        images.append({"id": i, "file_name": f"{i:06d}.png", "width": width, "height": height})
        digest.update(picture.image.tobytes())
        annotation = annotation_of(picture, i)
        if annotation is not None:
            torso = np.linalg.norm(np.subtract(*picture.keypoints[TORSO]))
            annotations.append({**annotation, "torso_px": max(float(torso), 1.0)})
        digest.update(repr(annotation).encode())
        labelled = annotation is not None and annotation["num_keypoints"] > 0
        boxes.append(Box(i, 1, _whole(width, height), 1.0, i if labelled else None))
    described = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    return Dataset(
        "synthetic",
        "coco17",
        described,
        boxes,
        {i: p.image for i, p in enumerate(pictures)},
        digest.hexdigest(),
        source,
    )


def _whole(width: int, height: int) -> tuple[float, float, float, float]:
    """The box whose crop is the picture itself, from the middle of its first pixel to that of its last."""
    centre, half = np.array([width - 1, height - 1]) / 2, np.array([width - 1, height - 1]) / PADDING / 2
    return (*(centre - half), *(centre + half))
