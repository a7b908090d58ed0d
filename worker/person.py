"""The box around the one person that is followed, from frame to frame. Pure: no pictures, no clock."""

from dataclasses import dataclass, replace

import numpy as np

# Indices of COCO-17.
_SHOULDERS, _HIPS = [5, 6], [11, 12]
_CHAINS = (
    (5, 7, 9),
    (6, 8, 10),
    (11, 13, 15),
    (12, 14, 16),
)  # shoulder or hip, elbow or knee, wrist or ankle

CONFIDENT = 0.3  # of a keypoint's score
_LEAST = 5  # confident keypoints that make a person
_MARGIN = 1.25
_SHRINK = 0.2  # how much of the way an edge goes inwards in a frame; outwards it goes at once
_SMALLEST = 0.05  # of the picture's shorter side


@dataclass(frozen=True)
class Follower:
    """size: (width, height) px. homes: boxes to look in by turns while nobody is followed, (n, 4) xyxy px.

    box: (4,) xyxy px, where to look in the next frame. present: whether somebody was seen in the last one.
    turn: which of the homes was looked in last.
    """

    size: tuple[int, int]
    homes: np.ndarray
    box: np.ndarray
    present: bool = False
    turn: int = 0


def start(size: tuple[int, int], home: np.ndarray | None = None) -> Follower:
    """Begins with a given box, or the whole frame and then upright parts of it.

    In a wide picture's whole a standing person is small in the network's crop; a part shows the person larger.
    """
    width, height = size
    if home is not None:
        homes = inside(np.asarray(home, float), size)[None]
    else:
        homes = [[0.0, 0.0, width, height], *_upright_parts(width, height)]
        homes = np.array([inside(np.array(box), size) for box in homes])
    return Follower(size, homes, homes[0])


def follow(follower: Follower, keypoints: np.ndarray, scores: np.ndarray) -> Follower:
    """The follower after a frame. keypoints: (17 or more, 2) px. scores: (17 or more,).

    Only confident keypoints count: a guess would blow the box up. Where too few are, nobody is there and
    the next look goes to the next home box.
    """
    keypoints, scores = np.asarray(keypoints, float)[:17], np.asarray(scores, float)[:17]
    sure = (scores >= CONFIDENT) & np.isfinite(keypoints).all(axis=1)
    if sure.sum() < _LEAST:
        turn = 0 if follower.present else (follower.turn + 1) % len(follower.homes)
        return replace(follower, box=follower.homes[turn], present=False, turn=turn)
    points = np.concatenate([keypoints[sure], _unseen_ends(keypoints, sure)])
    low, high = points.min(axis=0), points.max(axis=0)
    centre, half = (low + high) / 2, (high - low) / 2 * _MARGIN
    half = np.maximum(half, _SMALLEST / 2 * min(follower.size))
    box = inside(np.concatenate([centre - half, centre + half]), follower.size)
    if follower.present:
        step = box - follower.box
        outwards = step * [-1, -1, 1, 1] > 0
        box = np.where(outwards, box, follower.box + _SHRINK * step)
    return replace(follower, box=box, present=True)


def _upright_parts(width: int, height: int) -> list[list[float]]:
    """Boxes whose crops are as high as the picture, the middle one first; none where the picture is upright."""
    part_height = height / _MARGIN  # a crop is this much larger than its box
    part_width = part_height * 3 / 4
    spare = width - part_width * _MARGIN
    if spare <= 0:
        return []
    steps = int(np.ceil(spare / (part_width * _MARGIN / 2)))
    centres = sorted(part_width * _MARGIN / 2 + spare * np.arange(steps + 1) / steps, key=lambda x: abs(x - width / 2))
    top = (height - part_height) / 2
    return [[x - part_width / 2, top, x + part_width / 2, top + part_height] for x in centres]


def inside(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The part of a box within the picture, at least a pixel wide and high."""
    width, height = size
    low = np.clip(box[:2], 0, [width - 1, height - 1])
    high = np.clip(box[2:], low + 1, [width, height])
    return np.concatenate([low, high])


def _unseen_ends(keypoints: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Where the ends of limbs may be that are not seen, (n, 2) px.

    Without room for them the box would close on what is seen, and they would never be.
    """
    ends = []
    torso = 0.0
    if sure[_SHOULDERS].any() and sure[_HIPS].any():
        shoulder = keypoints[_SHOULDERS][sure[_SHOULDERS]].mean(axis=0)
        torso = float(np.linalg.norm(keypoints[_HIPS][sure[_HIPS]].mean(axis=0) - shoulder))
    for root, middle, end in _CHAINS:
        if sure[end]:
            continue
        if sure[root] and sure[middle]:  # as if the limb were straight
            ends.append(2 * keypoints[middle] - keypoints[root])
        elif sure[root] and root in _HIPS:  # as if the leg hung down, about 1.6 torsos long
            ends.append(keypoints[root] + [0.0, 1.6 * torso])
    return np.array(ends).reshape(-1, 2)
