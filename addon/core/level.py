"""Which way is up and which way the actor faces, from the person alone: the rotation from camera axes to
the world.

Camera axes: x right, y down, z forward. World: z up; without levelling, world = (x, z, −y).
"""

import numpy as np

from .rotation import cross, dot, exp, log, norm, swing, unit
from .skeleton import BODY_INDEX

WORLD_FROM_CAMERA = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
CAMERA_UP = np.array([0.0, -1.0, 0.0])
MAX_TILT_RAD = np.radians(35)
STANCE_RAD = np.radians(2)  # how far from plumb people stand for long
LEAN = np.sin(np.radians(0.8))  # forwards: 1.6° in who stands, on the middle of the feet; none in who walks
DOUBT = 1.0  # frames of standing that a level camera counts as
ENOUGH_S = 10.0  # of upright standing, after which a live estimate stays as it is
AGREEMENT_RAD = np.radians(6)
TURN_RAD_S = np.radians(10)  # how fast a live estimate may turn the world

_SHOULDERS, _HIPS, _KNEES, _ANKLES = (
    [BODY_INDEX[f"left_{joint}"], BODY_INDEX[f"right_{joint}"]]
    for joint in ("shoulder", "hip", "knee", "ankle")
)


def upright(joints_camera):
    """Body axes (…, 3), unit vectors from the ankles to the shoulders, and how far each shows "up" (…), 0
    to 1.

    joints_camera: (…, 21, 3). Someone who stands straight on both legs is a plumb line; the more the knees
    and the back are bent and the wider the stride, the less it counts. An axis that no camera on a stand
    would see counts nothing.
    """
    with np.errstate(invalid="ignore"):
        shoulders = joints_camera[..., _SHOULDERS, :].mean(axis=-2)
        hips, knees, ankles = (joints_camera[..., rows, :] for rows in (_HIPS, _KNEES, _ANKLES))
        feet = ankles.mean(axis=-2)
        middle = hips.mean(axis=-2)
        axis = unit(shoulders - feet)
        across = joints_camera[..., [_HIPS[0], _SHOULDERS[0]], :] - joints_camera[..., [_HIPS[1], _SHOULDERS[1]], :]
        axis = unit(axis - LEAN * unit(cross(across.sum(axis=-2), axis)))
        legs = unit(ankles - hips)
        straight = dot(unit(knees - hips), unit(ankles - knees)).min(axis=-1)
        together = dot(legs[..., 0, :], legs[..., 1, :])
        back = dot(unit(shoulders - middle), unit(middle - feet))
        weight = (
            _between(straight, 80, 20)
            * _between(together, 70, 20)
            * _between(back, 30, 5)
            * _between(dot(axis, CAMERA_UP), 50, 40)
        )
    unseen = np.isnan(weight)
    return np.where(unseen[..., None], CAMERA_UP, axis), np.where(unseen, 0.0, weight**2)


def _between(cosine, none_deg, full_deg):
    low, high = np.cos(np.radians(none_deg)), np.cos(np.radians(full_deg))
    return np.clip((cosine - low) / (high - low), 0.0, 1.0)


def up_of_take(joints_camera):
    """(3,) the take's up in camera axes: where most body axes of those who stand agree (the mode, by mean
    shift).

    Somebody who leans is one-sided: a mean would lean with them.
    """
    axis, weight = upright(joints_camera)
    if weight.sum() < 0.5:
        return CAMERA_UP
    up = unit((axis * weight[:, None]).sum(axis=0))
    for _ in range(20):
        near = weight * np.exp(-0.5 * (_apart_rad(axis, up) / AGREEMENT_RAD) ** 2)
        up = unit((axis * near[:, None]).sum(axis=0) + CAMERA_UP * DOUBT)
    return up


def agreement(axis, up):
    """How far a body axis supports an estimate of up, 0 to 1; never quite 0, as the estimate may be the
    wrong one."""
    return float(1.0 / (1.0 + (_apart_rad(axis, unit(up)) / AGREEMENT_RAD) ** 2))


def _apart_rad(a, b):
    return np.arccos(np.clip(dot(a, b), -1.0, 1.0))


def levelled(up_camera):
    """(3, 3) rotation from camera axes to a world where `up_camera` is up, as far as the camera is tilted.

    Most cameras stand about level and people not quite plumb, so a small tilt is rather the person's: of one as large
    as STANCE_RAD half is believed, of a large one nearly all. None beyond MAX_TILT_RAD.
    """
    rotvec = log(swing(unit(up_camera), CAMERA_UP))
    tilt_rad = float(norm(rotvec))
    believed = tilt_rad**2 / (tilt_rad**2 + STANCE_RAD**2)
    rotvec = rotvec * min(believed, MAX_TILT_RAD / max(tilt_rad, 1e-9))
    return WORLD_FROM_CAMERA @ exp(rotvec)


def plumb(up_camera):
    """(3, 3) rotation from camera axes to a world where `up_camera` is up."""
    return WORLD_FROM_CAMERA @ swing(unit(np.asarray(up_camera)), CAMERA_UP)


def towards(rotation, target, dt_s):
    """`rotation` (3, 3) turned towards `target`, by no more than a live estimate may."""
    rotvec = log(target @ rotation.T)
    return exp(rotvec * min(1.0, TURN_RAD_S * dt_s / max(float(norm(rotvec)), 1e-9))) @ rotation


def heading_rad(joints_world):
    """Which way a person faces, radians about z from −Y; joints_world: (21, 3), z up."""
    lines = unit(joints_world[[_HIPS[0], _SHOULDERS[0]]] - joints_world[[_HIPS[1], _SHOULDERS[1]]])
    across = lines.sum(axis=0)
    return float(np.arctan2(across[1], across[0]))


def yaw(angle_rad):
    """(3, 3) rotation about z."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
