"""How good a model is on pictures it was not trained on: PCK by joint, average precision as COCO counts it.

One person a picture, so precision is over pictures ranked by score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mocap_core.skeleton import COCO17

from ..vitpose.codec import Codec, decode
from ..vitpose.model import ViTPose
from ..vitpose.transforms import normalise
from .pictures import Picture
from .targets import pck

#: COCO's per-keypoint falloff.
SIGMAS = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000

#: Pictures for measuring: poses of the test clips, little changed, in scenes of a seed that no training uses.
HELD_OUT_SEED, HELD_OUT_MIX = 1_000_003, 0.3


@dataclass(frozen=True)
class Result:
    """pck: (17,) share of labelled keypoints within 0.2 of the torso. error_px: (17,) median. swapped: of the
    left-right pairs that fit better exchanged. absent_score: mean score of keypoints that are not in the
    picture."""

    pck: np.ndarray
    error_px: np.ndarray
    ap: float
    ar: float
    swapped: float
    present_score: float
    absent_score: float

    def table(self) -> str:
        """Lines for a terminal."""
        rows = [f"{n:15s} {p:6.3f} {e:6.2f}" for n, p, e in zip(COCO17, self.pck, self.error_px, strict=True)]
        rows.append(
            f"PCK {np.nanmean(self.pck):.3f}  AP {100 * self.ap:.1f}  AR {100 * self.ar:.1f}"
            f"  swapped {self.swapped:.3f}"
            f"  score {self.present_score:.2f} where there, {self.absent_score:.2f} where not"
        )
        return "\n".join(rows)


@torch.inference_mode()
def predict(model: ViTPose, images: np.ndarray, bf16: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (N, 17, 2) px of the crops and scores (N, 17); images: (N, H, W, 3) uint8."""
    model.eval()
    found = []
    for start in range(0, len(images), 32):
        batch = normalise(torch.from_numpy(images[start : start + 32]))
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            heatmaps = model(batch).float()
        size = torch.tensor(model.input_size).float() - 1
        size = size.expand(len(batch), 2)
        found.append(decode(heatmaps, size / 2, size, Codec()))
    return tuple(torch.cat(column).numpy() for column in zip(*found, strict=True))


def evaluate(model: ViTPose, pictures: list[Picture], bf16: bool = False) -> Result:
    """Measures on drawn pictures."""
    truth = np.stack([p.keypoints for p in pictures])
    visibility = np.stack([p.visibility for p in pictures])
    height, width = pictures[0].image.shape[:2]
    inside = (truth > -0.5).all(2) & (truth < (width - 0.5, height - 0.5)).all(2)
    labelled = (visibility > 0) & inside
    predicted, scores = predict(model, np.stack([p.image for p in pictures]), bf16)
    area = np.array([(p.parts > 0).sum() for p in pictures])
    return measure(predicted, scores, truth, labelled, area)


def measure(predicted, scores, truth, labelled, area) -> Result:
    """predicted, truth: (N, 17, 2) px; scores (N, 17); labelled (N, 17) bool; area (N,) px² of the person."""
    predicted = np.nan_to_num(predicted, nan=-1e4)
    right = pck(torch.from_numpy(predicted), torch.from_numpy(truth), torch.from_numpy(labelled)).numpy()
    distance = np.linalg.norm(predicted - truth, axis=2)
    with np.errstate(all="ignore"):
        error = np.array(
            [np.median(distance[labelled[:, k], k]) if labelled[:, k].any() else np.nan for k in range(17)]
        )
        per_joint = np.nanmean(right, 0)
    ap, ar = average_precision(oks(distance, labelled, area), scores.mean(1), labelled.any(1))
    swaps, pairs = 0, 0
    for k in range(5, 17, 2):
        both = labelled[:, k] & labelled[:, k + 1]
        straight = distance[both, k] + distance[both, k + 1]
        crossed = np.linalg.norm(predicted[both, k] - truth[both, k + 1], axis=1)
        crossed = crossed + np.linalg.norm(predicted[both, k + 1] - truth[both, k], axis=1)
        gap = np.linalg.norm(truth[both, k] - truth[both, k + 1], axis=1)
        swaps, pairs = swaps + ((crossed < straight) & (gap > 4)).sum(), pairs + (gap > 4).sum()
    return Result(
        per_joint, error, ap, ar, swaps / max(pairs, 1), float(scores[labelled].mean()),
        float(scores[~labelled].mean()) if (~labelled).any() else float("nan"),
    )  # fmt: skip


def oks(distance: np.ndarray, labelled: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Object keypoint similarity (N,), 0 where nothing is labelled."""
    e = distance**2 / ((2 * SIGMAS) ** 2 * 2 * (area[:, None] + 1e-9))
    return (np.exp(-e) * labelled).sum(1) / np.maximum(labelled.sum(1), 1)


def average_precision(similarity: np.ndarray, score: np.ndarray, there: np.ndarray) -> tuple[float, float]:
    """AP and AR over OKS 0.50…0.95: one detection and at most one person a picture."""
    order = np.argsort(-score, kind="stable")
    precisions, recalls = [], []
    for threshold in np.arange(0.5, 0.96, 0.05):
        hit = ((similarity >= threshold) & there)[order]
        recall = np.cumsum(hit) / max(there.sum(), 1)
        precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
        precisions.append(np.append(precision, 0.0)[at].mean())
        recalls.append(recall[-1])
    return float(np.mean(precisions)), float(np.mean(recalls))
