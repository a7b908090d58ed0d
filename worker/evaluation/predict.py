"""Runs a backend over a dataset's boxes: pictures are read and cropped by threads while the network runs.

OpenCV lets go of Python's lock while it decodes and warps, so threads are enough, on every system.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..backends import Backend
from ..opencv import cv2
from ..vitpose.transforms import crop, crop_of
from . import EvaluationError
from .datasets import Dataset
from .journal import Journal

#: Boxes of one picture that are cropped at once: a crowd's crops would fill the memory.
MOST = 64


@dataclass
class Timing:
    """What this run did, of what was left to do. network_s: in the backend; whole_s: from the first to the last."""

    boxes: int = 0
    pictures: int = 0
    network_s: float = 0.0
    whole_s: float = 0.0


@dataclass
class Crops:
    """Some boxes of one picture: their indices, and either their crops or, for a backend that crops, the picture."""

    indices: list[int]
    boxes: np.ndarray
    image: np.ndarray | None = None
    crops: np.ndarray | None = None
    centres: np.ndarray | None = None
    sizes: np.ndarray | None = None


def predict(
    backend: Backend,
    dataset: Dataset,
    journal: Journal,
    chosen: np.ndarray,
    flip: bool,
    batch: int = 32,
    workers: int = 4,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Timing:
    """Fills the journal with what the backend finds in the boxes that it does not have yet.

    chosen: which of the model's keypoints are the dataset's. flip: average with the mirrored crop. batch: boxes
    through the network at once. progress: boxes done and of how many. Raises EvaluationError.
    """
    left = [i for i in range(len(dataset.boxes)) if i not in journal.done]
    timing, start = Timing(), time.perf_counter()
    progress(len(journal.done), len(dataset.boxes))
    crops_itself = not hasattr(backend, "infer_crops")
    try:
        for group in _batches(_read(backend, dataset, left, workers, crops_itself), 1 if crops_itself else batch):
            before = time.perf_counter()
            keypoints, scores = _infer(backend, group, flip, batch)
            timing.network_s += time.perf_counter() - before
            indices = [i for part in group for i in part.indices]
            for i, place, score in zip(indices, keypoints, scores, strict=True):
                journal.add(i, place[chosen], score[chosen])
            journal.flush()
            timing.boxes += len(indices)
            progress(len(journal.done), len(dataset.boxes))
    finally:
        journal.flush()
    timing.pictures = len({dataset.boxes[i].image_id for i in left})
    timing.whole_s = time.perf_counter() - start
    return timing


def read_picture(path: Path, width: int | None = None, height: int | None = None) -> np.ndarray:
    """A picture (H, W, 3) uint8 RGB; grey, alpha and 16 bits are turned into that. Raises EvaluationError.

    width, height: what the annotations say; another size would put every keypoint elsewhere.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)  # imread does not take every path that Windows does
    except OSError as error:
        raise EvaluationError(f"The picture {path} cannot be read: {error.strerror}.") from None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise EvaluationError(f"The picture {path} cannot be decoded; it is damaged or no picture.")
    if width is not None and image.shape[:2] != (height, width):
        raise EvaluationError(
            f"The picture {path} is {image.shape[1]}×{image.shape[0]}, the annotations say {width}×{height}. "
            "Was it scaled or turned?"
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _read(backend: Backend, dataset: Dataset, left: list[int], workers: int, crops_itself: bool) -> Iterator[Crops]:
    """Boxes with their crops, picture by picture; threads read a few pictures ahead."""
    of_image = defaultdict(list)
    for i in left:
        of_image[dataset.boxes[i].image_id].append(i)
    parts = [
        (image_id, found[k : k + MOST]) for image_id, found in of_image.items() for k in range(0, len(found), MOST)
    ]
    sizes = {image["id"]: (image.get("width"), image.get("height")) for image in dataset.annotations["images"]}

    def read(image_id: int, indices: list[int]) -> Crops:
        image = dataset.images[image_id]
        if isinstance(image, Path):
            image = read_picture(image, *sizes[image_id])
        elif image.shape[1::-1] == tuple(backend.input_size) and not crops_itself:
            steps = np.array([backend.input_size], dtype=np.float32) - (1 if backend.config.codec.udp else 0)
            return Crops(indices, steps, None, image[None], steps / 2, steps)  # drawn as the network gets it
        boxes = np.array([dataset.boxes[i].xyxy for i in indices], dtype=np.float32)
        if crops_itself:
            return Crops(indices, boxes, image)
        centres, spans = crop_of(boxes, backend.input_size)
        crops = crop(image, centres, spans, backend.input_size, backend.config.codec.udp)
        return Crops(indices, boxes, None, crops, centres, spans)

    with ThreadPoolExecutor(max(workers, 1)) as pool:
        waiting, todo = deque(), iter(parts)
        try:
            while True:
                for image_id, indices in todo:
                    waiting.append(pool.submit(read, image_id, indices))
                    if len(waiting) > 2 * max(workers, 1):
                        break
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _batches(parts: Iterator[Crops], batch: int) -> Iterator[list[Crops]]:
    """Parts put together to at least `batch` boxes."""
    group, count = [], 0
    for part in parts:
        group.append(part)
        count += len(part.indices)
        if count >= batch:
            yield group
            group, count = [], 0
    if group:
        yield group


def _infer(backend: Backend, group: list[Crops], flip: bool, batch: int) -> tuple[np.ndarray, np.ndarray]:
    if group[0].crops is None:
        found = [backend.infer(part.image, part.boxes, flip_test=flip) for part in group]
    else:
        columns = [np.concatenate([getattr(part, name) for part in group]) for name in ("crops", "centres", "sizes")]
        found = [
            backend.infer_crops(*(column[start : start + batch] for column in columns), flip_test=flip)
            for start in range(0, len(columns[0]), batch)
        ]
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))
