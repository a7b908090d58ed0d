"""What every backend is and what it is given."""

from __future__ import annotations

from typing import Protocol

import numpy as np

FARTHEST_PX = 1_000_000


class BackendError(Exception):
    """A backend or device that cannot be used; the message says why and what to choose."""


class Backend(Protocol):
    """name: the model's. device: where it runs. skeleton: what the keypoints are, such as "coco17".
    input_size: (width, height) px of a crop."""

    name: str
    device: str
    skeleton: str
    input_size: tuple[int, int]

    def infer(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints of the person in each box, and how sure they are.

        image: (H, W, 3) uint8 RGB. boxes: (N, 4) xyxy px; they may reach beyond the picture.
        Returns (N, K, 2) px and (N, K), float32. A score is the heatmap's maximum, about 0…1; a keypoint that
        the heatmap does not show at all is NaN with score 0, as are all of a box that lies outside the picture.
        """
        ...


def checked(image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture and its boxes, (N, 4) float32. Raises ValueError for what is not as `infer` expects it."""
    image, boxes = np.asarray(image), np.asarray(boxes, dtype=np.float32)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(
            f"the picture is {image.shape} {image.dtype}; expected (height, width, 3) uint8, RGB: three equal channels "
            "for grey, none for alpha, 16 bits brought down to 8"
        )
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"the boxes are {boxes.shape}; expected (count, 4): x1, y1, x2, y2 in pixels")
    if not np.isfinite(boxes).all() or (boxes[:, 2:] - boxes[:, :2] < 1e-3).any():
        raise ValueError(f"a box has no area: {boxes.tolist()}; expected x1 < x2 and y1 < y2")
    if np.abs(boxes).max(initial=0) > FARTHEST_PX:
        raise ValueError(f"a box reaches beyond {FARTHEST_PX:,} px: {boxes.tolist()}; expected one in the picture")
    return image, boxes


def outside(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(N,) bool: boxes that show nothing of the picture; whatever a network finds there is made up."""
    height, width = image.shape[:2]
    return (boxes[:, 2:] <= 0).any(axis=1) | (boxes[:, :2] >= [width, height]).any(axis=1)
