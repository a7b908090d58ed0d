"""Changes to a drawn picture each time it is used: turn, scale and shift, light and colour, flips."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mocap_core.skeleton import COCO_FLIP_PAIRS

from .render import PARTS

_FLIP = np.arange(17)
for _left, _right in COCO_FLIP_PAIRS:
    _FLIP[[_left, _right]] = _right, _left
_FLIP_PARTS = np.array(
    [PARTS.index(name.replace("left", "#").replace("right", "left").replace("#", "right")) for name in PARTS],
    np.uint8,
)


@dataclass(frozen=True)
class Augmentation:
    """Standard deviations: turn in degrees, scale (log), shift as a share of the picture, gain (log).

    flip: its chance.
    """

    turn_deg: float = 5.0
    scale: float = 0.06
    shift: float = 0.02
    gain: float = 0.1
    flip: float = 0.0


def augment(rng: np.random.Generator, how: Augmentation, image, keypoints, visibility, parts):
    """A changed copy of one picture: image (H, W, 3), keypoints (17, 2), visibility (17,), parts (H, W)."""
    height, width = image.shape[:2]
    turn, scale = np.radians(rng.normal(0, how.turn_deg)), np.exp(rng.normal(0, how.scale))
    c, s = np.cos(turn) * scale, np.sin(turn) * scale
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.array([[c, -s, 0], [s, c, 0]])
    matrix[:, 2] = centre - matrix[:, :2] @ centre + rng.normal(0, how.shift, 2) * (width, height)
    image = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    parts = cv2.warpAffine(parts, matrix, (width, height), flags=cv2.INTER_NEAREST)
    keypoints = keypoints @ matrix[:, :2].T + matrix[:, 2]
    if rng.random() < how.flip:
        image, parts = image[:, ::-1], _FLIP_PARTS[parts[:, ::-1]]
        keypoints = (keypoints * [-1, 1] + [width - 1, 0])[_FLIP]
        visibility = visibility[_FLIP]
    gain = np.exp(rng.normal(0, how.gain) + rng.normal(0, how.gain / 3, 3))
    table = np.clip(np.arange(256)[:, None] * gain, 0, 255).astype(np.uint8)
    image = cv2.LUT(np.ascontiguousarray(image), table[None])
    return image, keypoints.astype(np.float32), visibility, np.ascontiguousarray(parts)
