"""Object keypoint similarity, and what is made of it: scores of people, duplicates removed.

OKS is COCO's measure of how near a pose is to the true one (Ronchi and Perona, "Benchmarking and Error
Diagnosis in Multi-Instance Pose Estimation", ICCV 2017): the mean over keypoints of exp(−d² / (2 s² k²)) with d
the distance, s² the person's area and k = 2σ.
"""

from __future__ import annotations

import numpy as np

SCORE_THRESHOLD = 0.2
NMS_THRESHOLD = 0.9


def keypoint_similarity(
    predicted: np.ndarray, truth: np.ndarray, area: np.ndarray | float, sigmas: np.ndarray
) -> np.ndarray:
    """exp(−d² / (2 s² k²)) of each keypoint, 0…1; a keypoint that is NaN is similar to nothing.

    predicted, truth: (…, K, 2) px. area: (…) px². sigmas: (K,). Returns (…, K).
    """
    squared = ((np.asarray(predicted, float) - np.asarray(truth, float)) ** 2).sum(axis=-1)
    spread = (2 * sigmas) ** 2 * (np.asarray(area, float)[..., None] + np.spacing(1))
    return np.nan_to_num(np.exp(-squared / spread / 2), nan=0.0)


def oks(
    predicted: np.ndarray,
    truth: np.ndarray,
    labelled: np.ndarray,
    area: np.ndarray | float,
    sigmas: np.ndarray,
) -> np.ndarray:
    """The mean similarity over the labelled keypoints, (…), 0 where none is. labelled: (…, K) bool."""
    similar = keypoint_similarity(predicted, truth, area, sigmas) * labelled
    return similar.sum(axis=-1) / np.maximum(np.sum(labelled, axis=-1), 1)


def person_score(box_score: float, scores: np.ndarray, threshold: float = SCORE_THRESHOLD) -> float:
    """How sure a person is: the box's score times the mean of the keypoints' scores above `threshold`."""
    sure = scores[scores > threshold]
    return float(box_score * sure.mean()) if len(sure) else 0.0


def oks_nms(
    keypoints: np.ndarray,
    scores: np.ndarray,
    areas: np.ndarray,
    sigmas: np.ndarray,
    threshold: float = NMS_THRESHOLD,
) -> list[int]:
    """Which people of one picture stay, best first: none that is nearer than `threshold` to a better one.

    keypoints: (N, K, 2) px. scores: (N,). areas: (N,) px², of which the mean of two is taken. All keypoints
    count, found or not. As mmpose and the official repository do it, with the crop's area.
    """
    keypoints, scores, areas = np.asarray(keypoints, float), np.asarray(scores), np.asarray(areas, float)
    left = np.argsort(scores)[::-1]  # with equal scores in mmpose's order, too
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        area = (areas[left] + areas[best]) / 2
        similar = keypoint_similarity(keypoints[left], keypoints[best], area, sigmas).mean(axis=-1)
        left = left[~(similar > threshold)]
    return kept
