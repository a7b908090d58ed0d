"""What `mocap bench motion` films: captured motion on a body of known lengths, before one camera a clip.

Owns the actors, the cameras, the three ways in which a person is reported, and the readings to compare with. Everything
is drawn from a fixed seed, so that two runs have the same packets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mocap_core.lift.features import ASSUMED_FOCAL, BONES_FROM_JOINTS, FLIP_JOINTS, JOINTS_FROM_BONES
from mocap_core.protocol import PosePacket
from mocap_core.skeleton import COCO_COUNT

from ..training.lifter_cameras import JOINT_NOISE
from ..training.lifter_people import action_of
from ..training.motion import Clip
from .lift_shots import ADULT, with_lengths

FPS = 30
SIZE = np.array([640.0, 480.0])
LEVEL = "true 3D, level camera"
NOISY = "2D with 1% noise"
REPORTS = (LEVEL, "true 3D", NOISY, "a detector's 2D")
RENDERED = "rendered video"
#: A child of 1.25 m: short legs and arms for its torso, and a large head.
CHILD = {name: length * share for (name, length), share in zip(
    ADULT.items(), (0.72, 0.78, 0.74, 0.85, 0.95, 0.70, 0.68, 0.66, 0.66), strict=True
)}  # fmt: skip
ACTORS = {"the character's proportions": ADULT, "a child": CHILD}
STILL_S = 6.0
HOW_MUCH = ("quick", "usual", "full")
QUICK_S = 4.0
FEW_WALKS = ("test/walking_1", "test/walking_12", "test/walking_18", "test/walking_7")


@dataclass(frozen=True)
class Scene:
    """One clip before its camera.

    joints: (F, 17, 3) m in the world, z up, at `FPS`; fine: (2F − 1, 17, 3) the same at twice that. camera: (4, 4) from
    the world to the camera, OpenCV axes. keypoints: (F, 17, 2) px, exact. focal_px: of the camera. leg_m: of the
    actor.
    """

    name: str
    action: str
    fine: np.ndarray
    camera: np.ndarray
    keypoints: np.ndarray
    focal_px: float
    leg_m: float

    @property
    def joints(self) -> np.ndarray:
        return self.fine[::2]


def chosen(clips: list[Clip], how_much: str = "usual") -> list[Clip]:
    """All clips, or every action and four of the walks, or one of the walks and each clip's first seconds."""
    if how_much == "full":
        return clips
    walks = FEW_WALKS if how_much == "usual" else FEW_WALKS[-1:]
    few = [c for c in clips if action_of(c.name) != "walking" or c.name in walks]
    if how_much == "usual":
        return few
    return [Clip(c.name, c.fps, c.joints_body[: round(QUICK_S * c.fps)]) for c in few]


def film(clip: Clip, lengths: dict[str, float], seed: int) -> Scene:
    """A clip of 60 fps on a body of these lengths, before a camera that does not move."""
    rng = np.random.default_rng(seed)
    body = clip.joints_body[: (len(clip.joints_body) - 1) // 2 * 2 + 1, :COCO_COUNT].astype(float)
    hips = body[:, 11:13].mean(1)
    bones = with_lengths(BONES_FROM_JOINTS @ body, lengths)
    leg_m = lengths["upper_leg"] + lengths["lower_leg"]
    own_leg_m = float(np.linalg.norm((BONES_FROM_JOINTS @ body[:1])[0, [7, 8]], axis=-1).sum())
    joints = JOINTS_FROM_BONES @ bones + (hips * leg_m / own_leg_m)[:, None]
    return before_a_camera(clip.name, action_of(clip.name), joints, leg_m, rng)


def still(clip: Clip, lengths: dict[str, float], seed: int) -> Scene:
    """Somebody who stands still for `STILL_S`, as in the first frame of a clip."""
    count = round(STILL_S * FPS) * 2 + 1
    held = Clip("standing still", clip.fps, np.repeat(clip.joints_body[:1], count, axis=0))
    scene = film(held, lengths, seed)
    return replace(scene, action="standing still")


def levelled(scene: Scene) -> Scene:
    """The same seen by a camera that is neither pitched nor rolled: what the solver does alone."""
    forward = scene.camera[2, :3] * [1.0, 1.0, 0.0]
    forward /= np.linalg.norm(forward)
    down = np.array([0.0, 0.0, -1.0])
    camera = np.eye(4)
    camera[:3, :3] = np.cross(down, forward), down, forward
    camera[:3, 3] = -camera[:3, :3] @ (-scene.camera[:3, :3].T @ scene.camera[:3, 3])
    return replace(scene, camera=camera)


def before_a_camera(name: str, action: str, joints: np.ndarray, leg_m: float, rng: np.random.Generator) -> Scene:
    """Joints (2F − 1, 17, 3) before a camera within 60° of the actor's front at the start, at a webcam's height, so far
    away that all is in view."""
    hips = joints[:, 11:13].mean(1)
    middle = (hips.min(0) + hips.max(0)) / 2
    left = joints[0, 11] - joints[0, 12]
    facing = np.arctan2(-left[0], left[1])  # of the direction that the actor looks in
    yaw = facing + np.radians(rng.uniform(-60, 60))
    spread = np.linalg.norm((hips - middle)[:, :2], axis=1).max()
    distance, height = (3.4 + 1.5 * spread) * leg_m / 0.819 + 0.3, rng.uniform(1.0, 1.6)
    aim = 0.9 * leg_m / 0.819
    place = np.array([middle[0] + distance * np.cos(yaw), middle[1] + distance * np.sin(yaw), height])
    forward = np.array([middle[0], middle[1], aim]) - place
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    roll = np.radians(rng.normal(0, 2))
    down = np.cross(forward, right)
    right, down = right * np.cos(roll) + down * np.sin(roll), down * np.cos(roll) - right * np.sin(roll)
    camera = np.eye(4)
    camera[:3, :3] = right, down, forward
    camera[:3, 3] = -camera[:3, :3] @ place
    focal = ASSUMED_FOCAL * SIZE.max() * float(np.exp(rng.normal(0, 0.1)))
    seen = joints[::2] @ camera[:3, :3].T + camera[:3, 3]
    keypoints = seen[..., :2] / seen[..., 2:] * focal + SIZE / 2
    return Scene(name, action, joints, camera, keypoints, float(focal), leg_m)


def packets_of(scene: Scene, report: str, seed: int) -> list[PosePacket]:
    """The scene as a sender would tell it, in one of the ways of `REPORTS`."""
    rng = np.random.default_rng(seed)
    camera = scene.joints @ scene.camera[:3, :3].T + scene.camera[:3, 3]
    keypoints, scores = scene.keypoints, np.ones(scene.keypoints.shape[:2])
    if report == NOISY:
        keypoints = keypoints + 0.01 * _tall(keypoints) * rng.standard_normal(keypoints.shape)
        scores = scores * 0.9
    elif report == "a detector's 2D":
        keypoints, scores = detected(rng, keypoints)
    packets = []
    for number, (points, trust) in enumerate(zip(keypoints, scores, strict=True)):
        meta = {"v": 1, "session": scene.name, "seq": number, "size": [640, 480], "skeleton": "coco17", "fps": FPS}
        joints = None
        if report in (LEVEL, "true 3D"):
            root = camera[number, 11:13].mean(0)
            joints = camera[number] - root
            meta |= {"units": "m", "measured": True, "root": root.tolist()}
        packets.append(PosePacket(np.where(trust[:, None] > 0, points, 0.0), trust, joints, number / FPS, meta))
    return packets


def detected(rng: np.random.Generator, keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (F, 17, 2) as a detector finds them, and its scores (F, 17), 0 where it finds none.

    Its error is 0.8 % of the person's height, worse at wrists and ankles; three quarters of its variance last for half
    a second. 1 % of the joints go astray by 8 %, each joint is lost for 0.1 to 0.5 s about every 10 s, and in 0.3 % of
    the frames the sides are swapped.
    """
    count = len(keypoints)
    sigma = 0.008 * JOINT_NOISE[None, :, None]
    keep = np.exp(-1 / (0.5 * FPS))
    lasting = np.empty(keypoints.shape)
    lasting[0] = rng.standard_normal(keypoints.shape[1:])
    for row in range(1, count):
        fresh = rng.standard_normal(keypoints.shape[1:])
        lasting[row] = keep * lasting[row - 1] + np.sqrt(1 - keep**2) * fresh
    error = sigma * (np.sqrt(0.75) * lasting + 0.5 * rng.standard_normal(keypoints.shape))
    error += 0.08 * (rng.random((count, 17, 1)) < 0.01) * rng.standard_normal(keypoints.shape)
    miss = np.linalg.norm(error, axis=-1)
    scores = np.clip(0.95 - 8 * miss - 0.08 * np.abs(rng.standard_normal(miss.shape)), 0.1, 1.0)
    found = keypoints + error * _tall(keypoints)
    for row, joint in zip(*np.nonzero(rng.random((count, 17)) < 1 / (10 * FPS)), strict=True):
        scores[row : row + rng.integers(3, 16), joint] = 0.0
    swapped = rng.random(count) < 0.003
    found[swapped] = found[swapped][:, FLIP_JOINTS]
    outside = ((found < 0) | (found > SIZE)).any(-1)
    return found, np.where(outside, 0.0, scores)


def _tall(keypoints: np.ndarray) -> np.ndarray:
    """The person's height in the picture, px, (F, 1, 1)."""
    span = keypoints.max(1) - keypoints.min(1)
    return np.hypot(span[:, 0], span[:, 1])[:, None, None]


def planar(keypoints: np.ndarray) -> np.ndarray:
    """The keypoints (F, 17, 2) taken for a pose as they are: (F, 17, 3) in camera axes, no depth at all."""
    return np.concatenate([keypoints, np.zeros_like(keypoints[..., :1])], -1)


def first_systems_depth(keypoints: np.ndarray) -> np.ndarray:
    """The first system's rule, (F, 17, 3) in camera axes: centred, divided by the largest radius, and the lower in the
    picture the deeper."""
    points = keypoints - keypoints.mean(1, keepdims=True)
    points = points / np.linalg.norm(points, axis=-1).max(1)[:, None, None]
    y = points[..., 1]
    low, high = y.min(1, keepdims=True), y.max(1, keepdims=True)
    return np.concatenate([points, (0.5 * (y - low) / (high - low))[..., None]], -1)
