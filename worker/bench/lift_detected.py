"""The lifter behind the ViTPose that ships, on the demo's clip.

It shows the character that ViTPose was trained on, in motion and surroundings that it was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mocap_core.lift import Lifter
from mocap_core.skeleton import COCO_COUNT

from .. import people
from ..backends import load_backend
from ..demo import video
from ..demo.measure import constant_pose_deg, limb_directions
from ..demo.run import Truth, clip_path
from .lift import lift_all, means
from .lift_measures import errors
from .lift_shots import WARM_UP


@dataclass(frozen=True)
class Filmed:
    """A sequence with its truth: joints_camera (T, 17, 3) m, true_keypoints (T, 17, 2) px; keypoints (T, 17, 2) px and
    scores (T, 17) as detected, NaN and 0 where nobody was found."""

    times_s: np.ndarray
    size: tuple[int, int]
    joints_camera: np.ndarray
    true_keypoints: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    constant_pose_deg: float


def measure_detected(weights: Path | None = None, device: str = "auto") -> Iterator[dict]:
    """Cases with detected and, beside them, with true keypoints. Raises LiftError, BackendError and CheckpointError."""
    lifter, clip = Lifter(weights), demo_clip(load_backend(device=device))
    for kind in ("detected", "true"):
        figures = {metric: round(value, 2) for metric, value in _figures(lifter, clip, kind).items()}
        yield {"name": f"lift/demo's clip/{kind} 2D", "keypoints": kind} | figures


def _figures(lifter: Lifter, clip: Filmed, kind: str) -> dict[str, float]:
    """Mean errors over the clip, of its "detected" or "true" keypoints."""
    given = (clip.keypoints, clip.scores)
    if kind == "true":
        given = clip.true_keypoints, np.ones_like(clip.scores)
    joints = lift_all(lifter, *given, clip.size, clip.times_s)
    off_px = np.linalg.norm(given[0] - clip.true_keypoints, axis=-1)
    found = errors(joints[WARM_UP:], clip.joints_camera[WARM_UP:]) | {"keypoint_error_px": off_px[WARM_UP:]}
    return means([found]) | {"constant_pose_deg": clip.constant_pose_deg}


def demo_clip(backend) -> Filmed:
    """The clip that ships, detected as a capture does."""
    truth = Truth.load()
    turn, shift = truth.camera_from_world[:3, :3], truth.camera_from_world[:3, 3]
    joints = truth.joints_world[:, :COCO_COUNT].astype(float)
    found = detect(backend, video.read(clip_path()), tuple(truth.size.tolist()))
    constant = constant_pose_deg(limb_directions(joints))
    size, keypoints = tuple(truth.size.tolist()), truth.keypoints.astype(float)
    return Filmed(truth.times_s, size, joints @ turn.T + shift, keypoints, *found, constant)


def detect(backend, frames: Iterable[tuple[float, np.ndarray]], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (T, 17, 2) px and scores (T, 17) of the one person in frames (time in s, picture), followed."""
    state = people.start(size)
    found = []
    for time_s, picture in frames:
        looks = people.looks(state, time_s)
        keypoints, scores = backend.infer(picture, np.array([look.box for look in looks]).reshape(-1, 4))
        state = people.follow(state, looks, keypoints, scores, time_s)
        row = state.seen.get(0)
        nobody = np.full((COCO_COUNT, 2), np.nan), np.zeros(COCO_COUNT)
        found.append(nobody if row is None else (keypoints[row, :COCO_COUNT], scores[row, :COCO_COUNT]))
    keypoints, scores = zip(*found, strict=True)
    return np.array(keypoints, float), np.array(scores, float)
