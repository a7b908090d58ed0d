"""A person who is not there: waves, does jumping jacks, marches and squats in front of a camera, for trying things out.

Made from formulas, so that it is the same everywhere; `packets` gives it as a worker would send it.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np

from .protocol import VERSION, PosePacket

FPS = 30.0
PERIOD_S = 16.0  # four moves, each a quarter
SIZE = (640, 360)
FOCAL_PX, CAMERA_M, _DISTANCE_M = 430.0, 1.0, 3.4  # a level camera, this high
_HIPS_M, _THIGH_M, _SHIN_M, _ANKLE_M = 0.90, 0.43, 0.42, 0.08
_UPPER_ARM_M, _FOREARM_M = 0.29, 0.26
_FACE = ((0.0, -0.66, -0.12), (0.03, -0.69, -0.1), (-0.03, -0.69, -0.1), (0.075, -0.68, 0.0), (-0.075, -0.68, 0.0))


def packets() -> Iterator[PosePacket]:
    """The motion without end, 30 packets a second: keypoints, and joints in metres."""
    for number in count():
        yield packet(number)


def packet(number: int) -> PosePacket:
    """The packet of a frame, from 0."""
    joints, root = pose(number / FPS)
    keypoints = project(joints + root)
    meta = {"v": VERSION, "session": "sample", "seq": number, "person": 0, "size": list(SIZE), "skeleton": "coco17"}
    meta |= {"units": "m", "measured": True, "root": [round(float(value), 4) for value in root], "fps": FPS}
    return PosePacket(keypoints, np.full(17, 0.9), joints, number / FPS, meta)


def project(points_camera: np.ndarray) -> np.ndarray:
    """Where points (N, 3) in camera axes, metres, are in the picture: (N, 2) px."""
    return points_camera[:, :2] / points_camera[:, 2:] * FOCAL_PX + np.array(SIZE) / 2


def pose(time_s: float) -> tuple[np.ndarray, np.ndarray]:
    """COCO-17 joints (17, 3) in camera axes, metres, hip-centred, and the hips' place (3,) before the camera."""
    wave, jack, march, squat = _shares(time_s)
    beat = 2 * np.pi * time_s
    apart = jack * (0.5 - 0.5 * np.cos(beat * 0.75))
    down = squat * (0.5 - 0.5 * np.cos(beat * 0.5))
    steps = march * np.sin(beat * 0.75)
    sway = 0.05 * np.sin(beat / 8)

    floor = CAMERA_M - _ANKLE_M
    hips = np.array([sway, CAMERA_M - _HIPS_M + 0.03 * apart + 0.36 * down, _DISTANCE_M + 0.12 * down])
    lean, twist = 0.45 * down, 0.3 * steps + 0.1 * np.sin(beat / 4)
    trunk = _turn_y(twist) @ _turn_x(-lean)
    joints = np.zeros((17, 3))
    joints[:5] = np.array(_FACE) @ (trunk @ _turn_x(0.6 * lean)).T
    for column, side in ((0, 1.0), (1, -1.0)):  # left, which is to the right in the picture
        raised = np.radians(14 + 135 * apart + (95 * wave if side < 0 else 8 * wave))
        ahead = np.radians(6 + 74 * down) + 0.5 * side * steps
        bend = 0.3 + (wave * (0.75 + 0.45 * np.sin(beat * 1.5)) if side < 0 else 0.0) + 0.5 * march
        shoulder = trunk @ [0.185 * side, -0.48, 0.0]
        upper = trunk @ _turn_x(-ahead) @ [side * np.sin(raised), np.cos(raised), 0.0]
        # A raised arm bends upwards, one that hangs forwards.
        towards = trunk @ ([0.0, -1.0, -0.2] if raised > 1.0 else [0.0, -0.25, -1.0])
        joints[5 + column], joints[7 + column] = shoulder, shoulder + _UPPER_ARM_M * upper
        joints[9 + column] = joints[7 + column] + _FOREARM_M * _bent(upper, towards, bend)
        hip = _turn_y(0.4 * twist) @ [0.1 * side, 0.0, 0.0]
        lift = max(0.0, side * steps)
        foot = [(0.11 + 0.22 * apart) * side, floor - 0.22 * lift, _DISTANCE_M - 0.12 * lift]
        ankle = np.array(foot) - hips
        joints[11 + column], joints[13 + column], joints[15 + column] = hip, *_leg(hip, ankle)
    return joints, hips


def _shares(time_s: float) -> np.ndarray:
    """(4,) how much of each move is done now, 0…1; each fades in and out."""
    quarter = PERIOD_S / 4
    into = (time_s - quarter * np.arange(4)) % PERIOD_S
    edge = np.clip(np.minimum(into, quarter - into) / 0.8, 0.0, 1.0)
    return edge * edge * (3 - 2 * edge)


def _leg(hip: np.ndarray, ankle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knee and ankle (3,) of a leg that stands at `ankle`, its knee towards the camera."""
    along = ankle - hip
    reach = float(np.linalg.norm(along))
    longest = _THIGH_M + _SHIN_M - 1e-3
    along, ankle = (along / reach, ankle) if reach <= longest else (along / reach, hip + along / reach * longest)
    reach = min(reach, longest)
    before = (reach * reach + _THIGH_M**2 - _SHIN_M**2) / (2 * reach)
    forward = np.array([0.0, 0.0, -1.0])
    forward -= along * (along @ forward)
    out = np.sqrt(max(_THIGH_M**2 - before**2, 0.0))
    return hip + along * before + forward / np.linalg.norm(forward) * out, ankle


def _bent(direction: np.ndarray, towards: np.ndarray, angle_rad: float) -> np.ndarray:
    """The unit direction, turned by an angle towards another one."""
    across = towards - direction * (direction @ towards)
    return np.cos(angle_rad) * direction + np.sin(angle_rad) * across / np.linalg.norm(across)


def _turn_x(angle_rad: float) -> np.ndarray:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def _turn_y(angle_rad: float) -> np.ndarray:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
