"""What a pose packet says of a person, whoever sent it: body joints in camera axes and where they are.

Owns the choice between the sender's own 3D and lifting, the maps from wire skeletons to body joints,
mirroring, and the cleaning of numbers that no person has.
"""

import copy
from dataclasses import dataclass

import numpy as np

from .lift import ASSUMED_FOCAL, Lifter, root_translation
from .skeleton import BODY, BODY_INDEX, COCO_COUNT, FLIP_PAIRS

FARTHEST_JOINT_M = 4.0
FARTHEST_ROOT_M = 60.0
FARTHEST_PX = 1e5
LONGEST_CLOCK_S = 1e12
LEAST_SCORE = 0.05
SURE_SCORE = 0.3
SURE_JOINTS = 8

# COCO-WholeBody's 133: the tips of the body skeleton as means of its joints.
_TIPS_133 = {"left_hand": [100], "right_hand": [121], "left_toe": [17, 18], "right_toe": [20, 21]}
_TORSO = [BODY_INDEX[f"{side}_{joint}"] for joint in ("shoulder", "hip") for side in ("left", "right")]
_MIRRORED = np.arange(len(BODY))
for _left, _right in FLIP_PAIRS:
    _MIRRORED[[_left, _right]] = _right, _left


@dataclass(frozen=True, eq=False)
class Observation:
    """One person in one frame, camera axes, metres; mirrored already where that is wanted.

    joints: (21, 3) from the middle of the hips; NaN where nothing is known. scores: (21,) 0…1; a joint that
    was guessed has a low one. root: (3,) from the camera to the middle of the hips; NaN where unknown.
    sure: good enough to begin with.
    """

    joints: np.ndarray
    scores: np.ndarray
    root: np.ndarray
    sure: bool


def observe(packet, lifter, mirror=False):
    """The Observation of a packet, or None where it shows nobody; and the lifter to pass with the next
    packet.

    lifter: a Lifter, or None to start with; never changed: packets that need lifting give a new one.
    """
    scores = _scores(packet)
    if scores is None:
        return None, lifter
    keypoints = np.asarray(packet.keypoints, dtype=float)
    with np.errstate(invalid="ignore"):
        keypoints = np.where((np.abs(keypoints) < FARTHEST_PX).all(axis=1)[:, None], keypoints, np.nan)
    if packet.metric:
        joints = _body(np.asarray(packet.joints_3d, dtype=float))
        root = _root(packet, joints, keypoints, scores)
    else:
        lifter = Lifter() if lifter is None else copy.copy(lifter)
        lifted = lifter.lift(
            keypoints[:COCO_COUNT], scores[:COCO_COUNT], _size(packet, keypoints), packet.timestamp
        )
        joints = np.full((len(BODY), 3), np.nan)
        joints[:COCO_COUNT] = lifted.joints_camera
        root = lifted.root_camera
    root = np.full(3, np.nan) if root is None else root
    body_scores = _body(scores[:, None])[:, 0]
    with np.errstate(invalid="ignore"):
        known = (np.abs(joints) < FARTHEST_JOINT_M).all(axis=1)
        if not (np.abs(root) < FARTHEST_ROOT_M).all():
            root = np.full(3, np.nan)
    if not known.any():
        return None, lifter
    joints = np.where(known[:, None], joints, np.nan)
    body_scores = np.where(known, np.fmax(body_scores, LEAST_SCORE), 0.0)
    certain = body_scores >= SURE_SCORE
    sure = bool(certain[_TORSO].all() and certain.sum() >= SURE_JOINTS)
    if mirror:
        joints = joints[_MIRRORED] * np.array([-1.0, 1.0, 1.0])
        body_scores = body_scores[_MIRRORED]
        root = root * np.array([-1.0, 1.0, 1.0])
    return Observation(joints, body_scores, root, sure), lifter


def _scores(packet):
    scores = np.asarray(packet.scores, dtype=float)
    if scores.ndim != 1 or len(scores) not in (17, 133) or np.shape(packet.keypoints) != (len(scores), 2):
        return None
    if packet.metric and np.shape(packet.joints_3d) != (len(scores), 3):
        return None
    scores = np.fmin(np.fmax(scores, 0.0), 1.0)  # NaN gives 0
    on_the_clock = abs(packet.timestamp) < LONGEST_CLOCK_S  # false for NaN
    return scores if (scores >= LEAST_SCORE).any() and on_the_clock else None


def _body(values):
    """(J, C) rows of a wire skeleton as (21, C) rows of the body skeleton; NaN for tips that it lacks."""
    out = np.full((len(BODY), values.shape[1]), np.nan)
    out[:COCO_COUNT] = values[:COCO_COUNT]
    if len(values) > COCO_COUNT:
        for name, rows in _TIPS_133.items():
            out[BODY_INDEX[name]] = values[rows].mean(axis=0)
    return out


def _root(packet, joints, keypoints, scores):
    root = packet.meta.get("root")
    if root is not None:
        try:
            root = np.array(root, dtype=float)
        except (TypeError, ValueError):
            return None
        return root if root.shape == (3,) else None
    size = packet.size
    if size is None:
        return None
    body, seen = joints[:COCO_COUNT], scores[:COCO_COUNT]
    points = keypoints[:COCO_COUNT]
    seen = np.where(np.isfinite(body).all(axis=1) & np.isfinite(points).all(axis=1), seen, 0.0)
    size = np.array(size, dtype=float)
    return root_translation(body, points, seen, size, ASSUMED_FOCAL * size.max())


def _size(packet, keypoints):
    """(width, height) px; of a sender that does not say, a picture in which all keypoints lie."""
    if packet.size is not None:
        return packet.size
    sane = keypoints[np.isfinite(keypoints[:, 0])]
    farthest = sane.max(axis=0) if len(sane) else np.zeros(2)
    return max(640.0, farthest[0]), max(480.0, farthest[1])
