"""A labelled person as the network gets it while it learns: the papers' changes, and one warp that makes them all.

In their order: the box's centre moves, the picture is mirrored, half of the body is shown alone, the crop grows or
shrinks and turns. Source: the official repository's data pipeline for COCO.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np

from ..vitpose.skeletons import Skeleton
from ..vitpose.transforms import crop_matrix, crop_of

#: How much larger than its keypoints half a body is shown.
HALF_PADDING = 1.5
#: Names of keypoints below the waist, and of those that are in neither half: a face's or a hand's many.
_LOWER = re.compile(r"hip|knee|ankle|paw$|toe|heel|pelvis|root of tail|asis|psis|meta|calc|l2$", re.IGNORECASE)
_UPPER_ANYWAY = re.compile(r"_f_paw$", re.IGNORECASE)
_NEITHER = re.compile(r"face-|hand_root|thumb\d|finger\d", re.IGNORECASE)


@dataclass(frozen=True)
class CropChanges:
    """Chances, and how far; the defaults are the papers'.

    flip: chance of a mirrored picture. half_body: chance to show half of a person with more than half_body_above
    labelled keypoints. scale: 1 + scale · N(0, 1), within ±scale. rotation_deg · N(0, 1), within twice that, with
    rotation_chance. shift: within this share of the person's own box, before it grows to the input's aspect, to
    each side, with shift_chance.
    """

    flip: float = 0.5
    half_body: float = 0.3
    half_body_above: int = 8
    scale: float = 0.5
    rotation_deg: float = 40.0
    rotation_chance: float = 0.6
    shift: float = 0.2
    shift_chance: float = 0.3


@dataclass(frozen=True)
class Place:
    """What of a picture is shown: centre and size (width, height) px, in the mirrored picture where mirrored."""

    centre: np.ndarray
    size: np.ndarray
    turn_rad: float = 0.0
    mirrored: bool = False


def halves(skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """(K,) bool each: keypoints above the waist, and below."""
    low = [bool(_LOWER.search(n)) and not _UPPER_ANYWAY.search(n) for n in skeleton.keypoints]
    neither = np.array([bool(_NEITHER.search(n)) for n in skeleton.keypoints])
    return ~np.array(low) & ~neither, np.array(low) & ~neither


def mirror_order(skeleton: Skeleton) -> np.ndarray:
    """(K,): which keypoint takes whose place in a mirror."""
    order = np.arange(len(skeleton.keypoints))
    for left, right in skeleton.flip_pairs:
        order[[left, right]] = right, left
    return order


def choose_place(
    rng: np.random.Generator,
    how: CropChanges,
    box: np.ndarray,
    keypoints: np.ndarray,
    width: int,
    input_size: tuple[int, int],
    upper: np.ndarray,
    lower: np.ndarray,
) -> Place:
    """box: (4,) xyxy px. keypoints: (K, 3) x, y, visibility. width: the picture's. upper, lower: as from `halves`."""
    centre, size = (value[0].astype(float) for value in crop_of(box[None], input_size))
    if rng.random() < how.shift_chance:
        centre = centre + rng.uniform(-how.shift, how.shift, 2) * (box[2:] - box[:2])
    mirrored = bool(rng.random() < how.flip)
    labelled = keypoints[:, 2] > 0
    if labelled.sum() > how.half_body_above and rng.random() < how.half_body:
        above, below = labelled & upper, labelled & lower
        first = above if rng.standard_normal() < 0.5 and above.sum() > 2 else below if below.sum() > 2 else above
        if first.sum() >= 2:
            centre = keypoints[first, :2].mean(0)
            size = HALF_PADDING * _grown(np.maximum(np.ptp(keypoints[first, :2], axis=0), 1.0), input_size)
    if mirrored:
        centre = np.array([width - 1 - centre[0], centre[1]])
    size = size * np.clip(1 + how.scale * rng.standard_normal(), 1 - how.scale, 1 + how.scale)
    turn = 0.0
    if rng.random() < how.rotation_chance:
        turn = np.clip(rng.standard_normal(), -2, 2) * np.radians(how.rotation_deg)
    return Place(centre, size, float(turn), mirrored)


def _grown(size: np.ndarray, input_size: tuple[int, int]) -> np.ndarray:
    """A width and height grown to the input's aspect."""
    aspect = input_size[0] / input_size[1]
    return np.array([max(size[0], size[1] * aspect), max(size[1], size[0] / aspect)], dtype=float)


def place_matrix(place: Place, width: int, input_size: tuple[int, int], udp: bool) -> np.ndarray:
    """(2, 3): from picture px to crop px; width: the picture's."""
    matrix = np.vstack([crop_matrix(place.centre, place.size, input_size, udp), [0, 0, 1]])
    c, s = np.cos(place.turn_rad), np.sin(place.turn_rad)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    turn[:2, 2] = place.centre - turn[:2, :2] @ place.centre
    matrix = matrix @ turn
    if place.mirrored:
        matrix = matrix @ np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1]])
    return matrix[:2]


def changed_crop(
    image: np.ndarray,
    keypoints: np.ndarray,
    place: Place,
    input_size: tuple[int, int],
    udp: bool,
    mirror: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The crop (height, width, 3) uint8, keypoints in it (K, 2) float32 px, and which are labelled (K,).

    image: (H, W, 3) uint8. keypoints: (K, 3). mirror: as from `mirror_order`.
    """
    matrix = place_matrix(place, image.shape[1], input_size, udp)
    crop = cv2.warpAffine(image, matrix, input_size, flags=cv2.INTER_LINEAR)
    found = keypoints[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    labelled = keypoints[:, 2] > 0
    if place.mirrored:
        found, labelled = found[mirror], labelled[mirror]
    return crop, found.astype(np.float32), labelled
