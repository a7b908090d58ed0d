"""How much keypoints move while nothing does.

A clip in which nothing moves is looked at frame by frame in one and the same box. The clip is a labelled picture
with a camera's noise, drawn anew for every frame, or a real video of somebody, or something, that keeps still.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..backends import Backend
from . import EvaluationError

#: A webcam's noise indoors: standard deviation in grey levels of 255, independent in every pixel and channel.
NOISE_LEVELS = 3.0
#: Keypoints that count: mean score over the clip.
CONFIDENT = 0.3


def noisy_frames(image: np.ndarray, frames: int, seed: int, levels: float = NOISE_LEVELS) -> Iterable[np.ndarray]:
    """The picture (H, W, 3) uint8 again and again, each time with fresh Gaussian noise."""
    rng = np.random.default_rng(seed)
    for _ in range(frames):
        noise = rng.normal(0, levels, image.shape).astype(np.float32)
        yield np.clip(image + noise + 0.5, 0, 255).astype(np.uint8)


def follow(backend: Backend, frames: Iterable[np.ndarray], box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (T, K, 2) px and scores (T, K) of one box, (4,) xyxy, in every frame."""
    found = [backend.infer(frame, box[None]) for frame in frames]
    return np.concatenate([k for k, _ in found]), np.concatenate([s for _, s in found])


def jitter(keypoints: np.ndarray, scores: np.ndarray, box: np.ndarray) -> dict[str, float]:
    """How far keypoints stray from where they are on average.

    keypoints: (T, K, 2) px. scores: (T, K). box: (4,) xyxy px. Keypoints count whose mean score is 0.3 or more and
    that were found in every frame. Returns jitter_px, the root mean square distance from each keypoint's mean place;
    jitter_percent, that in hundredths of the box's longer side; step_px_p95, the 95th percentile of how far a
    keypoint moves from one frame to the next; keypoints, how many count.
    """
    there = (scores.mean(axis=0) >= CONFIDENT) & np.isfinite(keypoints).all(axis=(0, 2))
    if len(keypoints) < 2 or not there.any():
        return dict.fromkeys(("jitter_px", "jitter_percent", "step_px_p95"), float("nan")) | {"keypoints": 0}
    still = keypoints[:, there].astype(float)
    stray = np.sqrt(((still - still.mean(axis=0)) ** 2).sum(axis=2).mean())
    steps = np.linalg.norm(np.diff(still, axis=0), axis=2)
    return {
        "jitter_px": float(stray),
        "jitter_percent": float(100 * stray / max(box[2] - box[0], box[3] - box[1])),
        "step_px_p95": float(np.percentile(steps, 95)),
        "keypoints": int(there.sum()),
    }


def mean_jitter(clips: list[dict[str, float]]) -> dict[str, float]:
    """Over several clips, each counting alike; those without a keypoint that counts do not."""
    counted = [clip for clip in clips if clip["keypoints"]]
    names = ("jitter_px", "jitter_percent", "step_px_p95")
    figures = {name: float(np.mean([c[name] for c in counted])) if counted else float("nan") for name in names}
    return figures | {"clips": len(counted)}


def video_frames(path: Path, most: int = 300) -> list[np.ndarray]:
    """The first frames of a video. Raises EvaluationError."""
    from ..cameras import CameraError
    from ..source import open_source

    try:
        source = open_source(f"file://{path}", paced=False)
    except CameraError as error:
        raise EvaluationError(f"--still: {error}") from None
    frames = []
    try:
        while len(frames) < most and not source.ended:
            frame = source.read(1.0)
            if frame is not None:
                frames.append(frame.image)
    finally:
        source.close()
    if len(frames) < 2:
        raise EvaluationError(f"--still: {path} has {len(frames)} frame; jitter needs two or more.")
    return frames


def still_box(backend: Backend, frame: np.ndarray) -> np.ndarray:
    """Where the person of a still clip is, (4,) xyxy: the whole frame, then what is confident in it, twice."""
    height, width = frame.shape[:2]
    box = np.array([0.0, 0.0, width, height])
    for _ in range(2):
        keypoints, scores = backend.infer(frame, box[None])
        sure = keypoints[0][(scores[0] >= CONFIDENT) & np.isfinite(keypoints[0]).all(axis=1)]
        if len(sure) < 3:
            raise EvaluationError(
                f"--still: nobody is found in the first frame ({len(sure)} sure keypoints); give --box X1,Y1,X2,Y2."
            )
        low, high = sure.min(axis=0), sure.max(axis=0)
        margin = 0.1 * max(high - low)
        box = np.concatenate([np.maximum(low - margin, 0), np.minimum(high + margin, [width, height])])
    return box
