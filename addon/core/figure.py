"""A person drawn as lines: which joints they join, in which colours, and what of them lies in a picture."""

import numpy as np

from .skeleton import COCO17

MIN_SCORE = 0.2
LEFT, RIGHT, MIDDLE = (1.0, 0.55, 0.16), (0.24, 0.67, 1.0), (0.96, 0.96, 0.96)

_PAIRS = (
    ("{}_shoulder", "{}_elbow"),
    ("{}_elbow", "{}_wrist"),
    ("{}_hip", "{}_knee"),
    ("{}_knee", "{}_ankle"),
    ("{}_shoulder", "{}_hip"),
    ("nose", "{}_eye"),
    ("{}_eye", "{}_ear"),
)
_ACROSS = (("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"))
# Rows of COCO-17 at both ends of each line, and the line's colour.
ENDS = np.array(
    [
        [COCO17.index(name.format(side)) for name in pair]
        for side, pairs in (("left", _PAIRS), ("right", _PAIRS), ("", _ACROSS))
        for pair in pairs
    ]
)
COLOURS = np.array([LEFT] * len(_PAIRS) + [RIGHT] * len(_PAIRS) + [MIDDLE] * len(_ACROSS))


def lines(points: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both ends (L, 2, D) of the lines whose joints are seen, and their colours (L, 3) RGB 0…1.

    points: (J, D) and scores (J,), COCO-17 or a skeleton that begins with it.
    """
    seen = (scores[:17] >= MIN_SCORE) & np.isfinite(points[:17]).all(axis=1)
    kept = seen[ENDS].all(axis=1)
    return points[ENDS[kept]], COLOURS[kept]


def clipped(ends: np.ndarray, size: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """What of lines (L, 2, 2) lies in a picture from (0, 0) to `size`: (K, 2, 2), and which they are (L,) bool.

    After Liang and Barsky.
    """
    start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        at = np.stack([-start / along, (np.array(size) - start) / along])  # where each border is crossed
    inside = (start >= 0) & (start <= size)
    still = along == 0  # parallel to a border: in at all times, or never
    enter = np.where(still, np.where(inside, -np.inf, np.inf), at.min(axis=0)).max(axis=1).clip(min=0.0)
    leave = np.where(still, np.inf, at.max(axis=0)).min(axis=1).clip(max=1.0)
    kept = enter < leave
    shares = np.stack([enter, leave], axis=1)[kept]
    return start[kept, None] + along[kept, None] * shares[..., None], kept
