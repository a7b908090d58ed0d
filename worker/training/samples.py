"""Pictures with what was found in them and what is true, to see at a glance how far a network is."""

from __future__ import annotations

import cv2
import numpy as np

from ..vitpose.skeletons import SIDES, Skeleton

_COLUMNS = 4
_LEFT, _RIGHT, _MIDDLE, _TRUE = (255, 140, 40), (60, 170, 255), (245, 245, 245), (60, 255, 60)
#: Below this score nothing is drawn, as little as the worker would follow.
_LEAST_SCORE = 0.2


def prediction_sheet(
    images: np.ndarray,
    found: np.ndarray,
    scores: np.ndarray,
    true: np.ndarray,
    labelled: np.ndarray,
    skeleton: Skeleton | None,
) -> np.ndarray:
    """Pictures side by side: limbs as they were found, left orange and right blue, true keypoints as green crosses.

    images: (N, H, W, 3) uint8. found, true: (N, K, 2) px. scores: (N, K). labelled: (N, K) bool.
    skeleton: for limbs and sides; None draws points alone. Returns (rows · H, columns · W, 3) uint8.
    """
    tiles = []
    for image, points, sure, truth, there in zip(images, found, scores, true, labelled, strict=True):
        tile = image.copy()
        shown = (sure >= _LEAST_SCORE) & np.isfinite(points).all(1)
        for a, b in skeleton.limbs if skeleton else ():
            if shown[a] and shown[b]:
                cv2.line(tile, _pixel(points[a]), _pixel(points[b]), _colour(skeleton, b), 1, cv2.LINE_AA)
        for k in np.flatnonzero(there & np.isfinite(truth).all(1)):
            cv2.drawMarker(tile, _pixel(truth[k]), _TRUE, cv2.MARKER_TILTED_CROSS, 5)
        for k in np.flatnonzero(shown):
            cv2.circle(tile, _pixel(points[k]), 2, _colour(skeleton, k), -1, cv2.LINE_AA)
        tiles.append(tile)
    columns = min(_COLUMNS, len(tiles))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    return np.concatenate([np.concatenate(tiles[i : i + columns], 1) for i in range(0, len(tiles), columns)])


def _colour(skeleton: Skeleton | None, keypoint: int) -> tuple[int, int, int]:
    name = skeleton.keypoints[keypoint] if skeleton else ""
    for left, right in SIDES:
        if name.startswith((left, right)):
            return _LEFT if name.startswith(left) else _RIGHT
    return _MIDDLE


def _pixel(point: np.ndarray) -> tuple[int, int]:
    """OpenCV takes what is far out of the picture for another place."""
    x, y = np.clip(np.round(point), -4096, 4096)
    return int(x), int(y)
