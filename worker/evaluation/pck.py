"""Shares of correct keypoints: PCK, MPII's PCKh, and InterHand's AUC and end-point error.

Predicted and true keypoints are (N, K, 2) px, `labelled` is (N, K) bool, in the same pixels (MPII's files count
from 1: take 1 off). A keypoint that was not found is NaN and far from everything.
A distance that equals the threshold is within it, as in MPII's own evaluation.
"""

from __future__ import annotations

import numpy as np

AUC_PX, AUC_STEPS = 30.0, 20

#: MPII's groups, by the indices of mpii16; pelvis and thorax, 6 and 7, do not count.
PCKH_GROUPS = {
    "head": (9,),
    "shoulder": (12, 13),
    "elbow": (11, 14),
    "wrist": (10, 15),
    "hip": (2, 3),
    "knee": (1, 4),
    "ankle": (0, 5),
}


def pck_by_keypoint(
    predicted: np.ndarray, truth: np.ndarray, labelled: np.ndarray, sizes: np.ndarray | float, threshold: float
) -> np.ndarray:
    """The share of each keypoint within `threshold` sizes of the truth, (K,), NaN for one nobody has.

    sizes: (N,) px or one for all; people whose size is 0 do not count.
    """
    distance, counted = _relative(predicted, truth, labelled, sizes)
    with np.errstate(invalid="ignore"):
        return ((distance <= threshold) & counted).sum(axis=0) / counted.sum(axis=0)


def pck(
    predicted: np.ndarray, truth: np.ndarray, labelled: np.ndarray, sizes: np.ndarray | float, threshold: float = 0.2
) -> float:
    """The mean of `pck_by_keypoint`: every keypoint counts alike, however many people have it."""
    return _mean(pck_by_keypoint(predicted, truth, labelled, sizes, threshold))


def pckh(predicted: np.ndarray, truth: np.ndarray, labelled: np.ndarray, head_sizes: np.ndarray) -> dict[str, float]:
    """MPII's figures, 0…1: within half a head, by joint and over all joints (pckh), and within a tenth (pckh_0_1).

    head_sizes: (N,) px, 0.6 of the head box's diagonal. Over all, a joint counts as often as it is labelled.
    (Andriluka et al., "2D Human Pose Estimation: New Benchmark and State of the Art Analysis", CVPR 2014.)
    """
    half = pck_by_keypoint(predicted, truth, labelled, head_sizes, 0.5)
    tenth = pck_by_keypoint(predicted, truth, labelled, head_sizes, 0.1)
    figures = {name: _mean(half[list(joints)]) for name, joints in PCKH_GROUPS.items()}
    counted = np.array([*(k for joints in PCKH_GROUPS.values() for k in joints), 8])
    weight = (np.asarray(labelled, bool) & (np.asarray(head_sizes) > 0)[:, None]).sum(axis=0)[counted]
    if not weight.any():
        return figures | {"pckh": float("nan"), "pckh_0_1": float("nan")}
    for name, share in (("pckh", half), ("pckh_0_1", tenth)):
        figures[name] = float(np.nansum(share[counted] * weight) / weight.sum())
    return figures


def auc(
    predicted: np.ndarray,
    truth: np.ndarray,
    labelled: np.ndarray,
    size_px: float = AUC_PX,
    steps: int = AUC_STEPS,
) -> float:
    """The area under the curve of PCK over thresholds from 0 up to `size_px`, in `steps` equal steps."""
    return float(np.mean([pck(predicted, truth, labelled, size_px, i / steps) for i in range(steps)]))


def epe(predicted: np.ndarray, truth: np.ndarray, labelled: np.ndarray) -> float:
    """End-point error: the mean distance of the labelled keypoints that were found, px."""
    distance, counted = _relative(predicted, truth, labelled, 1.0)
    return _mean(distance[counted])


def _relative(predicted, truth, labelled, sizes) -> tuple[np.ndarray, np.ndarray]:
    """Distances in sizes, (N, K), inf where nothing was found, and which count."""
    # Networks answer in float32: rounded alike, the very same place is at the distance 0.
    predicted, truth = (np.asarray(places, np.float32).astype(float) for places in (predicted, truth))
    sizes = np.broadcast_to(np.asarray(sizes, float), len(predicted))[:, None]
    counted = np.asarray(labelled, bool) & (sizes > 0)
    distance = np.linalg.norm(predicted - truth, axis=2) / np.where(sizes > 0, sizes, 1.0)
    return np.where(np.isfinite(distance), distance, np.inf), counted


def _mean(values: np.ndarray) -> float:
    """Of the finite ones; NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")
