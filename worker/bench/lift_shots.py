"""People to measure the lifter on: the test clips at 30 fps, on bodies of their own, before still cameras.

Owns the bodies, the cameras and what is done to the true keypoints before they are lifted. Everything is drawn from
a seed: the same seed, the same shots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mocap_core.lift import NOMINAL_HEIGHT_M
from mocap_core.lift.features import BONES, BONES_FROM_JOINTS, JOINTS_FROM_BONES
from mocap_core.skeleton import BODY_INDEX, COCO_COUNT

from ..training.lifter_cameras import camera, project
from ..training.lifter_people import FACE, head_frames
from ..training.motion import Clip, action_of

FPS = 30
#: Frames that are lifted before those that count: a lifter knows somebody's last moments, but for a capture's first.
WARM_UP = 12
_LONGEST = 45  # counted frames of one shot
_LEAST = 1500  # counted frames of an action: short actions are filmed by more cameras
SCORE = 0.9
_SIZES = np.array([[640, 480], [1280, 720], [480, 640], [720, 1280]])
_FOV_DEG = (45, 75)  # of the longer side; the lifter takes 55
_PITCH_DEG, _ROLL_DEG = (-20, 40), (-30, 30)
_SHOULDERS = [BODY_INDEX["left_shoulder"], BODY_INDEX["right_shoulder"]]
_LEGS = [BODY_INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "ankle")]
_HIPS = [BODY_INDEX["left_hip"], BODY_INDEX["right_hip"]]

#: Lengths of a grown person's bones in metres at the nominal height: the default character's.
ADULT = {
    "hip_half": 0.09, "torso": 0.485, "shoulder_half": 0.17, "neck": 0.195, "ear_half": 0.084,
    "upper_arm": 0.275, "lower_arm": 0.245, "upper_leg": 0.413, "lower_leg": 0.406,
}  # fmt: skip
_PART = {
    "hip_half": "hips", "torso": "torso", "shoulder_half": "shoulders", "neck": "head", "ear_half": "head",
    "upper_arm": "arm", "lower_arm": "arm", "upper_leg": "leg", "lower_leg": "leg",
}  # fmt: skip


@dataclass(frozen=True)
class Body:
    """height_m, and how much longer or shorter its parts are than an adult's of that height."""

    name: str
    height_m: float
    leg: float = 1.0
    arm: float = 1.0
    torso: float = 1.0
    shoulders: float = 1.0
    hips: float = 1.0
    head: float = 1.0

    def lengths_m(self) -> dict[str, float]:
        """By bone, sides alike."""
        size = self.height_m / NOMINAL_HEIGHT_M
        return {name: size * length * getattr(self, _PART[name]) for name, length in ADULT.items()}


BODIES = (
    Body("child", 1.15, leg=0.93, arm=0.94, torso=1.04, shoulders=0.97, hips=0.9, head=1.28),
    Body("youth", 1.45, leg=1.02, arm=0.98, torso=0.97, shoulders=0.92, hips=0.92, head=1.1),
    Body("woman", 1.62, leg=0.99, arm=0.96, torso=1.01, shoulders=0.92, hips=1.12),
    Body("character", 1.7),
    Body("man", 1.78, leg=1.0, arm=1.04, torso=1.0, shoulders=1.1, hips=0.95),
    Body("stocky", 1.66, leg=0.93, arm=1.0, torso=1.07, shoulders=1.18, hips=1.2, head=1.03),
    Body("lanky", 1.98, leg=1.07, arm=1.08, torso=0.95, shoulders=0.98, hips=0.9, head=0.9),
)


@dataclass(frozen=True)
class Shot:
    """A person before a still camera.

    joints_camera: (T, 17, 3) m from the camera, the truth. keypoints: (T, 17, 2) px, scores: (T, 17), what is lifted.
    size: (width, height) px. height_m: the person's. height_px: (T,) how tall they would stand in the picture.
    """

    action: str
    joints_camera: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    size: tuple[int, int]
    height_m: float
    height_px: np.ndarray


def shots(clips: list[Clip], seed: int = 0, framing: str = "whole") -> list[Shot]:
    """Shots of all clips, each with a body and a camera of its own; true keypoints.

    framing: "whole" has all joints in the picture, "upper" is a close-up of somebody who stays in
    place, with no knees or ankles to be seen and the hips on the picture's edge.
    """
    rng = np.random.default_rng([seed, framing == "upper"])
    counted: dict[str, int] = {}
    for clip in clips:
        counted[action_of(clip.name)] = counted.get(action_of(clip.name), 0) + sum(map(len, _rows(clip)))
    out = []
    for clip in clips:
        times = -(-_LEAST // max(counted[action_of(clip.name)], 1))
        for _ in range(times):
            for rows in _rows(clip):
                rows = np.concatenate([rows[0] - (clip.fps // FPS) * np.arange(WARM_UP, 0, -1), rows]).astype(int)
                out.append(_shot(rng, action_of(clip.name), clip.joints_body[rows, :COCO_COUNT], framing))
    return out


def _rows(clip: Clip) -> list[np.ndarray]:
    """The counted frames of a clip's shots, so that nearly every frame at 30 fps is in one of them."""
    step = round(clip.fps / FPS)
    rows = np.arange(WARM_UP * step, len(clip.joints_body), step)
    return np.array_split(rows, -(-len(rows) // _LONGEST)) if len(rows) >= 3 else []


def _shot(rng: np.random.Generator, action: str, joints: np.ndarray, framing: str) -> Shot:
    body = BODIES[rng.integers(len(BODIES))]
    hips = joints[:, _HIPS].mean(1)
    joints = on_body(joints, body)
    if framing == "whole":  # before a webcam people stay
        joints += (hips * body.height_m / NOMINAL_HEIGHT_M)[:, None]
    size = _SIZES[rng.integers(len(_SIZES))]
    focal = size.max() / 2 / np.tan(np.radians(rng.uniform(*_FOV_DEG) / 2))
    angles = [rng.uniform(-180, 180), rng.uniform(*_PITCH_DEG), rng.uniform(*_ROLL_DEG)]
    joints = joints @ camera(*np.radians(np.array(angles, np.float32))[:, None])[0]
    if framing == "upper":
        middle = joints[:, _SHOULDERS].mean((0, 1))
        distance = focal * rng.uniform(0.5, 0.75) * body.height_m / size[1]
        spot = rng.uniform(-0.1, 0.1) * size[0], rng.uniform(-0.15, 0.0) * size[1]
    else:
        middle = joints[:, _HIPS].mean((0, 1))
        distance = body.height_m * rng.uniform(1.3, 3)
        spot = rng.uniform(-0.3, 0.3, 2) * size
    while True:
        ray = np.array([spot[0] / focal, spot[1] / focal, 1.0])
        placed = joints - middle + ray * distance
        keypoints = _pixels(placed, focal, size)
        inside = ((keypoints > 0) & (keypoints < size)).all(-1) & (placed[..., 2] > 0.2)
        if inside.all() or (framing == "upper" and (placed[..., 2] > 0.2).all()):
            break
        distance, spot = distance * 1.05, np.multiply(spot, 0.97)
    if framing == "upper":
        inside[:, _LEGS] = False
    depth = placed[:, _HIPS, 2].mean(1)
    return Shot(
        action, placed, keypoints, np.where(inside, SCORE, 0.0), tuple(size.tolist()), body.height_m,
        body.height_m * focal / depth,
    )  # fmt: skip


def _pixels(joints: np.ndarray, focal: float, size: np.ndarray) -> np.ndarray:
    return project(joints[None], np.array([focal]), size[None])[0].astype(float)


def on_body(joints: np.ndarray, body: Body) -> np.ndarray:
    """The pose of joints (T, 17, 3) on a body: (T, 17, 3) m from the middle of the hips.

    The clips lack nose, eyes and ears; they sit on the head's axes where the character has them.
    """
    bones = with_lengths(BONES_FROM_JOINTS @ joints, body.lengths_m())
    head, size = head_frames(joints), body.head * body.height_m / NOMINAL_HEIGHT_M
    for name, offset in FACE.items():
        bones[:, BONES.index(name)] = size * offset @ head
    return JOINTS_FROM_BONES @ bones


def with_lengths(bones: np.ndarray, lengths_m: dict[str, float]) -> np.ndarray:
    """Bones (…, 16, 3) of the same directions on another body."""
    out = bones.copy()
    for name, length in lengths_m.items():
        rows = [i for i, b in enumerate(BONES) if b.endswith(name)]
        norm = np.linalg.norm(bones[..., rows, :], axis=-1, keepdims=True)
        out[..., rows, :] *= length / np.maximum(norm, 1e-6)
    return out


# What happens to true keypoints: functions of a shot and a generator that give another shot.
Spoil = Callable[[np.random.Generator, Shot], Shot]


def white(share: float) -> Spoil:
    """White noise, its standard deviation in shares of the person's height in the picture."""

    def spoil(rng: np.random.Generator, shot: Shot) -> Shot:
        error = rng.standard_normal(shot.keypoints.shape) * share * shot.height_px[:, None, None]
        return replace(shot, keypoints=shot.keypoints + error)

    return spoil


def like_a_detector(share: float) -> Spoil:
    """Noise of which half lasts about a second, and 2 % outliers of six times that."""

    def spoil(rng: np.random.Generator, shot: Shot) -> Shot:
        fresh = rng.standard_normal((2, *shot.keypoints.shape))
        slow, keep = fresh[0].copy(), np.exp(-1 / FPS)
        for i in range(1, len(slow)):
            slow[i] = keep * slow[i - 1] + np.sqrt(1 - keep * keep) * fresh[0, i]
        error = np.sqrt(0.5) * (slow + fresh[1])
        error *= np.where(rng.random(shot.scores.shape) < 0.02, 6, 1)[..., None]
        return replace(shot, keypoints=shot.keypoints + share * shot.height_px[:, None, None] * error)

    return spoil


def gaps(rng: np.random.Generator, shot: Shot) -> Shot:
    """A tenth of all joints missing and a tenth unsure, for half a second at a time, with 1 % white noise.

    An unsure joint is off by 4 % and has a score of 0.15.
    """
    shot = white(0.01)(rng, shot)
    missing, unsure = (_lasting(rng, shot.scores.shape, 0.1, 0.5 * FPS) for _ in range(2))
    error = rng.standard_normal(shot.keypoints.shape) * 0.04 * shot.height_px[:, None, None]
    return replace(
        shot,
        keypoints=shot.keypoints + np.where(unsure[..., None], error, 0.0),
        scores=np.where(missing, 0.0, np.where(unsure, 0.15, shot.scores)),
    )


def _lasting(rng: np.random.Generator, shape: tuple[int, int], share: float, frames: float) -> np.ndarray:
    """A state that holds `share` of the time, `frames` long in the mean, for each joint by itself."""
    out = np.empty(shape, bool)
    out[0] = rng.random(shape[1]) < share
    chance = rng.random(shape)
    for i in range(1, len(out)):
        out[i] = np.where(out[i - 1], chance[i] >= 1 / frames, chance[i] < share / (1 - share) / frames)
    return out
