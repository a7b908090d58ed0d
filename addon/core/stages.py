"""What the live solve and the final solve of a take share: their settings and the points that they filter."""

from dataclasses import dataclass

import numpy as np

from . import filters
from .skeleton import BODY

# Filtered points: the body's joints, and the hips' place as two, because depth is known so much worse.
JOINTS = len(BODY)
ACROSS, DEPTH = JOINTS, JOINTS + 1
POINTS = JOINTS + 2
DEPTH_NOISE = 12.0  # times the noise across
ROOT_SCORE = 0.7


@dataclass(frozen=True)
class Settings:
    """level: "AUTO" turns the camera's pitch and roll out, "OFF" does not. mirror: the character is the
    actor's mirror image. smoothness: 0 raw, 1 heavy. contact: feet that stand still are pinned."""

    level: str = "AUTO"
    mirror: bool = False
    smoothness: float = 0.5
    contact: bool = True


@dataclass(frozen=True)
class Stand:
    """Where the character stands when a capture begins, in armature space.

    location: (3,) metres from its rest place. heading_rad: turn about z from facing −Y.
    """

    location: tuple[float, float, float] = (0.0, 0.0, 0.0)
    heading_rad: float = 0.0


def points_of(observation):
    out = np.empty((POINTS, 3))
    out[:JOINTS] = observation.joints
    out[ACROSS] = observation.root * [1.0, 1.0, 0.0]
    out[DEPTH] = observation.root * [0.0, 0.0, 1.0]
    return out


def noise_of(scores, smoothness):
    """(N, 23) metres, of scores (N, 21)."""
    out = np.empty((len(scores), POINTS))
    out[:, :JOINTS] = filters.noise_m(scores, smoothness)
    out[:, ACROSS] = filters.noise_m(np.array(ROOT_SCORE), smoothness)
    out[:, DEPTH] = out[:, ACROSS] * DEPTH_NOISE
    return out


def travel(rotation, root_from, root_to):
    """Displacement (…, 3) in the world of the hips' place (…, 3) in camera axes.

    Depth moves nobody up or down: seen by a camera that looks down, an error of depth would look like a jump.
    """
    moved = np.asarray(root_to) - root_from
    out = moved @ rotation.T
    out[..., 2] -= moved[..., 2] * rotation[2, 2]
    return out
