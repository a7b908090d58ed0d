"""From what the network found in each box to COCO's results: people with a score, duplicates removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .oks import NMS_THRESHOLD, oks_nms, person_score

#: Where a keypoint goes that was not found: so far away that it is like none.
NOWHERE = -1e6


@dataclass(frozen=True)
class Prediction:
    """What was found in one box.

    keypoints: (K, 2) px, NaN where not found. scores: (K,). box_score: how sure the box is. crop_area: px² of
    the part of the picture that the network saw. annotation_id: whose box it was, None for a detector's.
    """

    image_id: int
    category_id: int
    keypoints: np.ndarray
    scores: np.ndarray
    box_score: float
    crop_area: float
    annotation_id: int | None = None


def coco_results(
    predictions: Iterable[Prediction], sigmas: np.ndarray | None, nms: float = NMS_THRESHOLD
) -> list[dict]:
    """COCO results, image by image, the best person of each first.

    Each has image_id, category_id, score (see `oks.person_score`), keypoints as x, y, score in a row, and the
    annotation_id of its box. sigmas: (K,), or None to remove no duplicates.
    """
    of_image = defaultdict(list)
    for prediction in predictions:
        of_image[prediction.image_id].append(prediction)
    results = []
    for people in of_image.values():
        scores = np.array([person_score(p.box_score, p.scores) for p in people])
        keypoints = np.stack([found_or_nowhere(p.keypoints) for p in people])
        if sigmas is None:
            kept = np.argsort(-scores, kind="stable")
        else:
            kept = oks_nms(keypoints, scores, np.array([p.crop_area for p in people]), sigmas, nms)
        for i in kept:
            rows = np.column_stack([keypoints[i], people[i].scores])
            results.append(
                {
                    "image_id": people[i].image_id,
                    "category_id": people[i].category_id,
                    "keypoints": [float(v) for v in rows.reshape(-1)],
                    "score": float(scores[i]),
                    "annotation_id": people[i].annotation_id,
                }
            )
    return results


def found_or_nowhere(keypoints: np.ndarray) -> np.ndarray:
    """The keypoints with NaN replaced: a comparison with NaN is false, which matching would take for a hit."""
    return np.where(np.isfinite(keypoints), keypoints, NOWHERE)
