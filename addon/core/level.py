"""Which way is up and which way the actor faces, from the person alone: the rotation from camera axes to
the world.

Two things tell what is up: those who stand are about plumb, and those who walk do so on a level floor. Camera axes: x
right, y down, z forward. World: z up; without levelling, world = (x, z, −y).
"""

import math
from dataclasses import dataclass

import numpy as np

from .rotation import any_across, cross, dot, exp, log, norm, swing, unit
from .skeleton import BODY_INDEX

WORLD_FROM_CAMERA = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
CAMERA_UP = np.array([0.0, -1.0, 0.0])
MAX_TILT_RAD = np.radians(35)
STANCE_RAD = np.radians([1.5, 3.0])  # how far from plumb people stand: towards the camera, and to the side
WALK_RAD = np.radians([0.7, 1.0])  # the same of people who walk: their sway is even
# How far people lean forwards, by how fast they go: who stands does so on the middle of the feet, who runs leans.
LEAN_M_S, LEAN_RAD = np.array([0.0, 1.0, 3.0]), np.radians([1.4, -0.3, 9.0])
WALK_M = 0.4  # how far people get about who walk
DOUBT = 1.0  # frames of standing that a level camera counts as
DOUBT_LIVE_S = 0.01  # the same live, where the first frame is to say something
FRAME_S = 1 / 30  # that a first frame counts for
ENOUGH_S = 10.0  # of upright standing, after which a live estimate stays as it is
AGREEMENT_RAD = np.radians(6)
TURN_RAD_S = np.radians(10)  # how fast a live estimate may turn the world
# How far the floor is believed. Its slope counts where the lower foot got about by more than a share of its distance
# from the camera by which depth may err, and hardly where it is steeper than any mistake of the body axes.
DEPTH_ERROR = 0.07
STEP_S = 0.5  # one independent look at the floor
FLOOR_M = 0.03  # how far the lower foot is off the floor, beyond what it shows itself
FLOOR_RAD, STEEP_RAD, AXIS_RAD = np.radians([0.5, 5.0, 4.0])
FLOOR_MEMORY_S = 60.0

_SHOULDERS, _HIPS, _KNEES, _ANKLES = (
    [BODY_INDEX[f"left_{joint}"], BODY_INDEX[f"right_{joint}"]]
    for joint in ("shoulder", "hip", "knee", "ankle")
)


@dataclass(frozen=True, eq=False)
class Ground:
    """Where the lower foot was, camera axes: seconds of it, its mean (3,) m and covariance (3, 3) m²."""

    seconds: float = 0.0
    mean: np.ndarray | None = None
    covariance: np.ndarray | None = None

    @classmethod
    def of(cls, feet_camera, weights_s):
        """From the lower feet (F, 3), NaN where unknown, and the seconds (F,) that each counts for."""
        known = np.isfinite(feet_camera).all(axis=-1)
        feet, weights_s = feet_camera[known], weights_s[known]
        seconds = float(weights_s.sum())
        if seconds <= 0:
            return cls()
        mean = weights_s @ feet / seconds
        off = feet - mean
        return cls(seconds, mean, (off * weights_s[:, None]).T @ off / seconds)

    def seen(self, foot_camera, dt_s):
        """The ground dt_s later with the lower foot (3,) there."""
        if not np.isfinite(foot_camera).all() or dt_s <= 0:
            return self
        if self.mean is None:
            return Ground(dt_s, foot_camera, np.zeros((3, 3)))
        kept = min(self.seconds, FLOOR_MEMORY_S)
        share = dt_s / (kept + dt_s)
        off = foot_camera - self.mean
        covariance = (1 - share) * (self.covariance + share * off[:, None] * off)
        return Ground(kept + dt_s, self.mean + share * off, covariance)

    def spread(self, up):
        """(2,) variances m² of the two main directions across `up`, and these (2, 3)."""
        one = unit(any_across(up))
        other = cross(up, one)
        sides = np.array([one, other])
        turned = self.covariance @ sides.T
        a, b, c = float(one @ turned[:, 0]), float(one @ turned[:, 1]), float(other @ turned[:, 1])
        angle = 0.5 * math.atan2(2 * b, a - c)  # of the larger variance's direction
        middle, half = (a + c) / 2, math.hypot((a - c) / 2, b)
        turn = np.array([[-math.sin(angle), math.cos(angle)], [math.cos(angle), math.sin(angle)]])
        return np.array([max(middle - half, 0.0), max(middle + half, 0.0)]), turn @ sides


def lower_foot(ankles_camera, up):
    """The lower (…, 3) of two ankles (…, 2, 3)."""
    heights = ankles_camera @ up
    return np.where((heights[..., :1] < heights[..., 1:]), ankles_camera[..., 0, :], ankles_camera[..., 1, :])


def upright(joints_camera, speed_m_s=0.0):
    """Body axes (…, 3), unit vectors from the ankles to the shoulders, and how far each shows "up" (…), 0
    to 1.

    joints_camera: (…, 21, 3). speed_m_s: (…) of the hips. Someone who stands straight on both legs is a plumb line; the
    more the knees and the back are bent and the wider the stride, the less it counts. An axis that no camera on a
    stand would see counts nothing.
    """
    with np.errstate(invalid="ignore"):
        hips, knees, ankles = (joints_camera[..., rows, :] for rows in (_HIPS, _KNEES, _ANKLES))
        shoulders, middle, feet = (
            (pair[..., 0, :] + pair[..., 1, :]) / 2 for pair in (joints_camera[..., _SHOULDERS, :], hips, ankles)
        )
        axis = unit(shoulders - feet)
        across = joints_camera[..., [_HIPS[0], _SHOULDERS[0]], :] - joints_camera[..., [_HIPS[1], _SHOULDERS[1]], :]
        lean = np.sin(np.interp(speed_m_s, LEAN_M_S, LEAN_RAD))
        axis = unit(axis - np.asarray(lean)[..., None] * unit(cross(across.sum(axis=-2), axis)))
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
    low, high = math.cos(math.radians(none_deg)), math.cos(math.radians(full_deg))
    return np.minimum(np.maximum((cosine - low) / (high - low), 0.0), 1.0)


def up_of_take(joints_camera, speed_m_s=0.0):
    """(3,) the take's up in camera axes: where most body axes of those who stand agree (the mode, by mean
    shift).

    joints_camera: (F, 21, 3). speed_m_s: (F,) of the hips. Somebody who leans is one-sided: a mean would lean with
    them.
    """
    axis, weight = upright(joints_camera, speed_m_s)
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


def levelled(up_camera, ground=None):
    """(3, 3) rotation from camera axes to a world where `up_camera` is up, as far as the camera is tilted, and the
    ground is level.

    up_camera: (3,) as the body shows it. Most cameras stand about level and people not quite plumb, so a small tilt is
    rather the person's: of one as large as people stand off plumb half is believed, of a large one nearly all. None
    beyond MAX_TILT_RAD.
    """
    ground = ground or Ground()
    up = unit(up_camera)
    walks = 0.0
    if ground.mean is not None:
        variance, _ = ground.spread(up)
        walks = variance[1] / (variance[1] + WALK_M**2)
    pitch, roll = (
        tilt * tilt * tilt / (tilt * tilt + (stance + (walk - stance) * walks) ** 2)
        for tilt, stance, walk in zip(_tilt_rad(up), STANCE_RAD, WALK_RAD, strict=True)
    )
    turn = np.array([pitch, 0.0, roll])
    if ground.mean is not None:
        up = _on_level_ground(exp(turn).T @ CAMERA_UP, ground)
        pitch, roll = _tilt_rad(up)
        turn = np.array([pitch, 0.0, roll])
    return WORLD_FROM_CAMERA @ exp(turn * min(1.0, MAX_TILT_RAD / max(math.hypot(pitch, roll), 1e-9)))


def _tilt_rad(up_camera):
    """Of the smallest turn that brings a unit vector up to the camera's, its parts about x and z."""
    x, y, z = up_camera.tolist()
    sine = math.hypot(x, z)
    share = math.atan2(sine, -y) / max(sine, 1e-9)
    return z * share, -x * share


def _on_level_ground(up, ground):
    """(3,) up turned so that the feet got about on the level, in the directions and as far as they did.

    In each main direction the slope is the regression of heights on places, as precise as their scatter makes it.
    """
    variance, directions = ground.spread(up)
    slope = directions @ ground.covariance @ up / np.maximum(variance, 1e-9)
    off = max(float(up @ ground.covariance @ up - variance @ slope**2), 0.0) + FLOOR_M**2
    wandered = np.maximum(variance - (DEPTH_ERROR * norm(ground.mean)) ** 2, 0.0)
    precision = np.minimum(ground.seconds / STEP_S * wandered / off, FLOOR_RAD**-2)
    precision = precision / (1 + (norm(slope[wandered > 0]) / STEEP_RAD) ** 4)
    return unit(up - precision / (precision + AXIS_RAD**-2) * slope @ directions)


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
