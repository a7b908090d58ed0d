"""What the live solve and the final solve of a take share: their settings and the points that they filter."""

from dataclasses import dataclass

import numpy as np

from . import filters, level
from .calibration import Calibration
from .skeleton import BODY, BODY_INDEX

# Filtered points: the body's joints; the hips' place as two, because depth is known so much worse; and where the ankles
# are. Those of a lifted pose are where they are in the picture, as if all were equally far, for what stands there
# stands, however the depth may waver.
JOINTS = len(BODY)
ACROSS, DEPTH = JOINTS, JOINTS + 1
FEET = slice(JOINTS + 2, JOINTS + 4)
FEET_DEPTH_M, LEAST_DEPTH_M = 4.0, 0.3
POINTS = JOINTS + 4
# Taken at first, as in adaptive: joints are believed sooner than where the whole person is, as depth trembles most.
# What a sender measured is believed soon altogether.
FIRST_NOISE_LIFTED = np.where(np.arange(POINTS) < JOINTS, 0.25, 0.8)
FIRST_NOISE_MEASURED = 0.25
# As in adaptive: the lifter evens noise out over frames, so that what is left of it lasts.
LIFTED_LASTS = np.where(np.arange(POINTS) < JOINTS, 16.0, 1.0)
ANKLES = [BODY_INDEX["left_ankle"], BODY_INDEX["right_ankle"]]
_KNEES = [BODY_INDEX["left_knee"], BODY_INDEX["right_knee"]]
LEGS = [*_KNEES, *ANKLES, BODY_INDEX["left_toe"], BODY_INDEX["right_toe"]]
OUT_OF_VIEW, IN_VIEW = 0.1, 0.3  # scores of knees and ankles that are gone, and that are back
SEATED_AFTER_S = 0.4
WAVERING_LIVE_M_S, WAVERING_M_S = 3.0, 1.0  # how fast a standing foot may seem in a noisy pose, live and in a take
LAG_JOINTS = [
    BODY_INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("elbow", "wrist", "knee", "ankle")
]
DEPTH_NOISE = 12.0  # times the noise across
DEPTH_LIFTS = 0.5  # of what a guess of depth says of up and down: a jump has it, and so has an error
ROOT_SCORE = 0.7
_ROOT_NOISE_M = float(filters.noise_m(np.array(ROOT_SCORE)))


@dataclass(frozen=True)
class Settings:
    """level: "AUTO" turns the camera's pitch and roll out, "OFF" does not. mirror: the character is the
    actor's mirror image. smoothness: 0 raw, 1 heavy. contact: feet that stand still are pinned. legs: "FOLLOW", "HOLD"
    keeps hips and legs as they are, "AUTO" does so while the legs are out of the picture. calibration: what is known of
    the actor and the camera, or None.
    """

    level: str = "AUTO"
    mirror: bool = False
    smoothness: float = 0.5
    contact: bool = True
    legs: str = "AUTO"
    calibration: Calibration | None = None

    @property
    def heaviness(self):
        """How noisy measurements are taken to be, in shares of what they show."""
        return (self.smoothness / 0.5) ** 2


@dataclass(frozen=True)
class Stand:
    """Where the character stands when a capture begins, in armature space.

    location: (3,) metres from its rest place. heading_rad: turn about z from facing −Y.
    """

    location: tuple[float, float, float] = (0.0, 0.0, 0.0)
    heading_rad: float = 0.0


def points_of(observation, lifted):
    """(25, 3) the points to filter, metres."""
    out = np.empty((POINTS, 3))
    out[:JOINTS] = observation.joints
    out[ACROSS] = observation.root * [1.0, 1.0, 0.0]
    out[DEPTH] = observation.root * [0.0, 0.0, 1.0]
    feet = observation.joints[ANKLES] + observation.root
    out[FEET] = feet * ([1.0, 1.0, 0.0] * (FEET_DEPTH_M / np.maximum(feet[:, 2:], LEAST_DEPTH_M)) if lifted else 1.0)
    return out


def feet_scale(root_m, lifted):
    """Metres that a metre of the filtered feet is, of a person so far (…) from the camera."""
    return root_m / FEET_DEPTH_M if lifted else 1.0


def promised_m(scores):
    """(…, 25) standard deviations to expect of the points with these scores (…, 21), metres."""
    out = np.empty((*scores.shape[:-1], POINTS))
    out[..., :JOINTS] = filters.noise_m(scores)
    out[..., ACROSS] = _ROOT_NOISE_M
    out[..., DEPTH] = _ROOT_NOISE_M * DEPTH_NOISE
    out[..., FEET] = out[..., ANKLES]
    return out


def travel(rotation, root_from, root_to):
    """Displacement (…, 3) in the world of the hips' place (…, 3) in camera axes.

    Seen by a camera that looks down, an error of depth would look like a jump, and a jump towards the camera, without
    its depth, like none: what depth says of up and down is believed by half.
    """
    moved = np.asarray(root_to) - root_from
    out = moved @ rotation.T
    out[..., 2] += depth_rise_m(rotation, root_from, root_to) - moved[..., 2] * rotation[2, 2]
    return out


def depth_rise_m(rotation, root_from, root_to):
    """How much of that goes up (…) by what depth says."""
    return DEPTH_LIFTS * (root_to - root_from)[..., 2] * rotation[2, 2]


def foot_speed(of_points, of_pose, wavering_m_s=WAVERING_M_S):
    """How fast feet are, m/s, by the filtered feet and by the pose, whose depth wavers: what is beyond that counts. Of
    feet that are not seen (NaN) the pose alone tells."""
    return np.where(np.isnan(of_points), of_pose, np.maximum(of_points, of_pose - wavering_m_s))


def seated_after(seated, waited_s, scores, dt_s):
    """Whether the legs are out of the picture, and for how long the scores (21,) have spoken against the answer."""
    best = scores[_KNEES + ANKLES].max()
    other = scores[_KNEES].min() >= IN_VIEW if seated else best < OUT_OF_VIEW
    if not other:
        return seated, 0.0
    waited_s += dt_s
    return (not seated, 0.0) if waited_s >= SEATED_AFTER_S else (seated, waited_s)


def calibrated_rotation(calibration, stand):
    """The rotation from camera axes to the world: up as it was told, and who faces as then faces as the character."""
    rotation = level.plumb(calibration.up)
    forward = rotation @ calibration.forward
    heading_rad = np.arctan2(forward[0], -forward[1])
    return level.yaw(stand.heading_rad - heading_rad) @ rotation
