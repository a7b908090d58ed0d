"""Joints to the rotations of a rig: analytic, on the rig's own proportions, for one frame or many at once.

Bone directions are kept, lengths are the rig's. Each part gets its turn away from rest in armature space;
a bone's own rotation is what remains against its parent: q = Mᵀ · Δparentᵀ · Δ · M, with M the bone at rest.
A part whose joints are missing (NaN) keeps what it had against its parent in the frame before; the first
frame has nothing before it: limbs hang at ease then and the rest stays at rest.
"""

import numpy as np

from ..rotation import (
    apply,
    cross,
    dot,
    exp,
    frame,
    from_matrix,
    log,
    norm,
    swing,
    to_matrix,
    transpose,
    unit,
)
from ..skeleton import BODY_INDEX
from . import hinge, limits
from .binding import (
    CHEST,
    CLAVICLES,
    EASE,
    END_JOINTS,
    ENDS,
    FORWARD,
    HEAD,
    HIPS,
    LATERAL,
    LOWERS,
    MID_JOINTS,
    NECK,
    ROOT_JOINTS,
    SLOTS,
    SPINE,
    TIP_JOINTS,
    UP,
    UPPER_CHEST,
    UPPERS,
    bind,
)

_NOSE, _EYE_L, _EYE_R, _EAR_L, _EAR_R = (
    BODY_INDEX[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
)
HALF_HEAD_M = 0.075  # ear to the middle of the head, for when one ear is hidden
CLAVICLE_LIFT_RAD = 0.45  # of a clavicle under an arm held straight up
CLAVICLE_REACH_RAD = 0.20  # of a clavicle behind an arm held straight forward
_MIDS_ENDS_TIPS = np.concatenate((MID_JOINTS, END_JOINTS, TIP_JOINTS))
_NECK_HEAD = np.array([[0.5], [1.0]])  # shares of the head's turn against the chest
MAX_HEAD_TURN_RAD = np.radians(80)
MAX_TIP_SWING_RAD = np.radians(75)


def fit(rig, joints_body, previous=None, scale=None):
    """Basis rotations (…, B, 4) wxyz and the hips' basis location (…, 3) in metres.

    joints_body: (21, 3) or (F, 21, 3) metres in armature space, z up, NaN where missing; frames in
        order of time.
    previous: (B, 4) rotations of the frame before the first, for what is missing and for continuous hinges.
    scale: metres of the rig per metre of the actor for the hips' position; by default the legs' ratio.
    """
    joints = np.asarray(joints_body, dtype=float)
    if joints.shape[-2:] != (21, 3) or joints.ndim not in (2, 3):
        raise ValueError(f"joints_body must be (21, 3) or (F, 21, 3); found {joints.shape}.")
    one = joints.ndim == 2
    rotations, location = _fit(bind(rig), len(rig.bones), joints[None] if one else joints, previous, scale)
    return (rotations[0], location[0]) if one else (rotations, location)


def _fit(b, bone_count, joints, previous, scale):
    turns, middle = turns_of(b, joints, previous)
    if scale is None:
        scale = leg_ratio(b, joints)
    return basis_of(b, turns, bone_count), location_of(b, turns, middle * scale)


def turns_of(b, joints, previous, seated=None):
    """Turns of the slots away from rest (F, 20, 3, 3) and the middle of the hip joints (F, 3), in metres.

    joints: (F, 21, 3). previous: (B, 4) basis rotations or None. seated: (F,) frames whose pelvis stays as it was, or
    None.
    """
    before = None if previous is None else _Before(b, np.asarray(previous, dtype=float))
    turns = np.empty((len(joints), len(SLOTS), 3, 3))
    middle, roots = _trunk(b, joints, before, turns, seated)
    _head(joints, before, turns)
    _limbs(b, joints, roots, before, turns)
    return turns, middle


def basis_of(b, turns, bone_count):
    """Basis rotations (F, B, 4) of turns away from rest."""
    own = turns[:, b.slot]
    parent = turns[:, np.maximum(b.parent_slot, 0)]
    parent[:, b.parent_slot < 0] = np.eye(3)
    basis = transpose(b.rest_rotation) @ (transpose(parent) @ own) @ b.rest_rotation
    rotations = np.zeros((len(turns), bone_count, 4))
    rotations[..., 0] = 1.0
    rotations[:, b.driven] = from_matrix(basis)
    return rotations


def location_of(b, turns, middle):
    """Basis location (F, 3) of the hips whose joints' middle is at `middle` (F, 3) in the rig's metres."""
    head = middle + apply(turns[:, HIPS], b.hips_from_middle)
    return (head - b.hips_head) @ b.hips_rotation


class _Before:
    """Turns of the slots against their parents' in the frame before, from its basis rotations."""

    def __init__(self, b, rotations):
        local = b.rest_rotation @ to_matrix(rotations[b.driven]) @ transpose(b.rest_rotation)
        local = np.concatenate((local, np.eye(3)[None]))  # slots without a bone (row −1) do not turn
        self.turn = local[b.driven_row]

    def against_pelvis(self):
        return self.turn[SPINE] @ self.turn[CHEST] @ self.turn[UPPER_CHEST]


def _trunk(b, joints, before, turns, seated):
    """Fills the turns of hips and spine; returns the middle of the hip joints (F, 3) and the limbs' roots."""
    roots = joints[:, ROOT_JOINTS]
    if np.isnan(roots).any():
        roots = _complete_pairs(b, roots)
    hip_line = roots[:, 2] - roots[:, 3]
    shoulder_line = roots[:, 0] - roots[:, 1]
    middle = (roots[:, 2] + roots[:, 3]) / 2
    spine = (roots[:, 0] + roots[:, 1]) / 2 - middle

    lines = np.stack((hip_line, shoulder_line), axis=1)
    axes = frame(lines, spine[:, None])
    # Both lines can be oblique to the spine, as of somebody who leans over one leg. The torso points where the middle
    # of the ends' up axes does: turned together, along the spine.
    axes = swing(unit(axes[..., 1].sum(axis=1)), unit(spine))[:, None] @ axes
    ends = axes @ transpose(np.stack((b.pelvis_frame, b.chest_frame)))
    if seated is not None:
        ends[seated, 0] = np.nan
    pelvis = _hold(ends[:, 0], np.eye(3) if before is None else before.turn[HIPS], axes=2)
    bend = _hold(
        transpose(pelvis) @ ends[:, 1], np.eye(3) if before is None else before.against_pelvis(), axes=2
    )
    turns[:, HIPS] = pelvis
    rotvec = limits.spine_within(log(bend))
    turns[:, SPINE : UPPER_CHEST + 1] = pelvis[:, None] @ exp(rotvec[:, None] * b.spine_share[:, None])
    middle = _hold(middle, b.hips_head - b.hips_from_middle)
    return middle, roots


def _complete_pairs(b, roots):
    """Shoulders and hips (F, 4, 3) with a missing one guessed from its partner and the other pair's line."""
    roots = roots.copy()
    up = UP * 0.5
    hips_seen = ~np.isnan(roots[:, 2:]).any(axis=(1, 2))
    shoulders_seen = ~np.isnan(roots[:, :2]).any(axis=(1, 2))
    for rows, other, width, other_seen in (
        (0, 2, b.shoulder_width, hips_seen),
        (2, 0, b.hip_width, shoulders_seen),
    ):
        line = unit(roots[:, other] - roots[:, other + 1]) * width
        left, right = roots[:, rows].copy(), roots[:, rows + 1].copy()
        only_right = np.isnan(left).any(axis=1) & ~np.isnan(right).any(axis=1) & other_seen
        only_left = np.isnan(right).any(axis=1) & ~np.isnan(left).any(axis=1) & other_seen
        roots[only_right, rows] = (right + line)[only_right]
        roots[only_left, rows + 1] = (left - line)[only_left]
    # A pair that is out of the picture: upright below or above the other one.
    hips_seen = ~np.isnan(roots[:, 2:]).any(axis=(1, 2))
    shoulders_seen = ~np.isnan(roots[:, :2]).any(axis=(1, 2))
    no_hips = ~hips_seen & shoulders_seen
    if no_hips.any():
        middle = roots[no_hips, :2].mean(axis=1)
        half = (roots[no_hips, 0] - middle) * (b.hip_width / b.shoulder_width)
        roots[no_hips, 2] = middle + half - up
        roots[no_hips, 3] = middle - half - up
    no_shoulders = hips_seen & ~shoulders_seen
    if no_shoulders.any():
        middle = roots[no_shoulders, 2:].mean(axis=1)
        half = (roots[no_shoulders, 2] - middle) * (b.shoulder_width / b.hip_width)
        roots[no_shoulders, 0] = middle + half + up
        roots[no_shoulders, 1] = middle - half + up
    return roots


def _head(joints, before, turns):
    """Fills the turns of neck and head: X from ear to ear, the face (eyes and nose) level with the ears."""
    face = joints[:, :5]
    left, right = face[:, [_EYE_L, _EAR_L]], face[:, [_EYE_R, _EAR_R]]
    across = left - right
    if np.isnan(face).any():
        line = np.nansum(across, axis=1)
        lateral = unit(line)
        ears = np.stack(
            (face[:, _EAR_L] - lateral * HALF_HEAD_M, face[:, _EAR_R] + lateral * HALF_HEAD_M), axis=1
        )
        ears = _nanmean(ears)
        front = _nanmean(face[:, :3]) - ears
        line[norm(line) < 1e-6] = np.nan
    else:
        line = across.sum(axis=1)
        front = (face[:, 0] + face[:, 1] + face[:, 2]) / 3 - (face[:, 3] + face[:, 4]) / 2
    chest = turns[:, UPPER_CHEST]
    turn = frame(line, front) @ _HEAD_REST.T
    held = np.eye(3) if before is None else before.turn[NECK] @ before.turn[HEAD]
    turn = _hold(transpose(chest) @ turn, held, axes=2)
    rotvec = log(turn)
    rotvec = rotvec * np.minimum(1.0, MAX_HEAD_TURN_RAD / np.maximum(norm(rotvec), 1e-9))[:, None]
    turns[:, NECK : HEAD + 1] = chest[:, None] @ exp(rotvec[:, None] * _NECK_HEAD)


_HEAD_REST = frame(LATERAL, FORWARD)


def _nanmean(points):
    """Mean over the second axis of the points that are there; NaN where none is."""
    there = ~np.isnan(points).any(axis=2)
    count = there.sum(axis=1)[:, None]
    total = np.where(there[..., None], points, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _limbs(b, joints, roots, before, turns):
    """Fills the turns of clavicles, arms, legs, hands and feet."""
    points = np.concatenate((roots, joints[:, _MIDS_ENDS_TIPS]), axis=1)
    directions = unit(points[:, 4:] - points[:, :12])
    upper, lower, tip = directions[:, :4], directions[:, 4:8], directions[:, 8:]

    chest = turns[:, UPPER_CHEST]
    arms = _hold((upper[:, :2]) @ chest, EASE[:2] if before is None else _held_arms(b, before))
    turns[:, CLAVICLES] = chest[:, None] @ _clavicles(arms)

    parents = turns[:, b.upper_parent_slot]
    previous_upper = previous_hinge = None
    if before is not None:
        held = before.turn[UPPERS]
        previous_upper, previous_hinge = apply(held, b.upper), apply(held, b.hinge)
    upper = _hold(apply(transpose(parents), upper), EASE if before is None else previous_upper)
    lower = apply(transpose(parents), lower)
    axis = hinge.track(upper, lower, previous_upper, previous_hinge)
    upper, lower, axis = limits.limited(upper, lower, axis, *b.bends, *b.segments_m)
    turn = np.stack((axis, upper, cross(axis, upper)), axis=-1) @ b.upper_to_frame
    uppers = parents @ turn
    turns[:, UPPERS] = uppers

    lower_before = b.upper if before is None else apply(before.turn[LOWERS], b.lower)
    lower = _hold(apply(transpose(turn), lower), lower_before)
    lowers = uppers @ swing(b.lower, lower)
    turns[:, LOWERS] = lowers

    tips = apply(transpose(lowers), tip)
    unseen_feet = np.isnan(tips[:, 2:, 0])
    if unseen_feet.any():
        tips[:, 2:] = np.where(unseen_feet[..., None], _level_feet(b, lowers[:, 2:]), tips[:, 2:])
    tips = _hold(tips, b.tip if before is None else apply(before.turn[ENDS], b.tip))
    turns[:, ENDS] = lowers @ swing(b.tip, _within(b.tip, tips, MAX_TIP_SWING_RAD))


def _held_arms(b, before):
    return apply(before.turn[CLAVICLES] @ before.turn[UPPERS][:2], b.upper[:2])


def _clavicles(arms):
    """Turns (F, 2, 3, 3) of the clavicles under arms (F, 2, 3) in the chest's frame.

    Up with a raised arm, forward with one that reaches; smooth, and nothing for arms that hang or are level.
    """
    lift = CLAVICLE_LIFT_RAD * np.maximum(arms[..., 2], 0.0) ** 2
    reach = CLAVICLE_REACH_RAD * np.maximum(-arms[..., 1], 0.0) ** 2
    side = np.array([1.0, -1.0])
    rotvec = np.zeros(arms.shape)
    rotvec[..., 1] = -lift * side
    rotvec[..., 2] = -reach * side
    return exp(rotvec)


def _level_feet(b, shins):
    """Directions (F, 2, 3), in the shins' frames, of feet that nobody saw.

    Level under an upright shin, as at rest under one that is lifted.
    """
    foot = apply(shins, b.tip[2:])
    heading = foot * np.array([1.0, 1.0, 0.0])
    level = unit(heading) * norm(b.tip[2:, :2])[:, None] + UP * b.tip[2:, 2:]
    upright = np.clip((-apply(shins, b.lower[2:])[..., 2] - 0.5) / 0.4, 0.0, 1.0)
    upright = upright * upright * (3 - 2 * upright)
    return apply(transpose(shins), unit(foot + (level - foot) * upright[..., None]))


def _within(reference, directions, limit_rad):
    """Directions turned back so that none is further than limit_rad from its reference."""
    cosine = dot(directions, reference)
    far = cosine < np.cos(limit_rad)
    if not far.any():
        return directions
    sideways = unit(directions - reference * cosine[..., None])
    limited = reference * np.cos(limit_rad) + sideways * np.sin(limit_rad)
    return np.where(far[..., None], limited, directions)


def _hold(values, first, axes=1):
    """values (F, …) with missing ones (a NaN in the last `axes` axes) as the one before, at first `first`."""
    if not np.isnan(values).any():
        return values
    missing = np.isnan(values).any(axis=tuple(range(-axes, 0)))
    values = np.concatenate((np.broadcast_to(first, values.shape[1:])[None], values))
    missing = np.concatenate((np.zeros_like(missing[:1]), missing))
    rows = np.arange(len(values)).reshape(-1, *([1] * (missing.ndim - 1)))
    source = np.maximum.accumulate(np.where(missing, 0, rows), axis=0)[1:]
    if missing.ndim == 1:
        return values[source]
    return np.take_along_axis(values, source[..., None], axis=0)


def leg_ratio(b, joints):
    """Rig's leg length over the actor's, the median over the frames; 1 when no leg is seen."""
    legs = norm(joints[:, MID_JOINTS[2:]] - joints[:, ROOT_JOINTS[2:]]) + norm(
        joints[:, END_JOINTS[2:]] - joints[:, MID_JOINTS[2:]]
    )
    legs = legs[np.isfinite(legs)]
    length = float(np.median(legs)) if legs.size else 0.0
    return b.leg_length / length if length > 1e-3 else 1.0
