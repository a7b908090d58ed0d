"""What `fit` needs to know of a rig at rest, worked out once a rig.

Everything is expressed as turns away from rest in armature space, so bone rolls and axes never enter until
the very end. Rest poses between a T and arms hanging down are alike: directions are read from the joints at
rest and hinges from anatomy (an elbow closes forwards, a knee backwards), not from the bones' axes.
"""

from dataclasses import dataclass

import numpy as np

from ..rotation import apply, cross, dot, frame, norm, swing, unit
from ..skeleton import BODY_INDEX
from . import limits
from .forward import body_joints
from .rig import RigError

UP = np.array([0.0, 0.0, 1.0])
FORWARD = np.array([0.0, -1.0, 0.0])
LATERAL = np.array([1.0, 0.0, 0.0])  # towards the character's left

# A body part's turn from rest lives in a slot; bones take theirs from the slot they belong to.
HIPS, SPINE, CHEST, UPPER_CHEST, NECK, HEAD = range(6)
CLAVICLES = slice(6, 8)
UPPERS = slice(8, 12)  # left arm, right arm, left leg, right leg
LOWERS = slice(12, 16)
ENDS = slice(16, 20)  # hands and feet
SLOTS = (
    "hips spine chest upperChest neck head leftShoulder rightShoulder "
    "leftUpperArm rightUpperArm leftUpperLeg rightUpperLeg "
    "leftLowerArm rightLowerArm leftLowerLeg rightLowerLeg "
    "leftHand rightHand leftFoot rightFoot"
).split()
SPINE_SLOTS = (SPINE, CHEST, UPPER_CHEST)


def limb_joints(*names):
    """Joint rows of the four limbs, in the order of the slots; names are (arm's joint, leg's joint)."""
    arm, leg = names
    return np.array([BODY_INDEX[f"{side}_{joint}"] for joint in (arm, leg) for side in ("left", "right")])


ROOT_JOINTS = limb_joints("shoulder", "hip")
MID_JOINTS = limb_joints("elbow", "knee")
END_JOINTS = limb_joints("wrist", "ankle")
TIP_JOINTS = limb_joints("hand", "toe")

# Where a limb points when it is at ease, and the axis its hinge turns about then (a right-handed turn
# closes it).
EASE = unit(np.array([[0.2, 0.0, -1.0], [-0.2, 0.0, -1.0], [0.0, 0.0, -1.0], [0.0, 0.0, -1.0]]))
_HINGE_REFERENCE = unit(np.array([[1.0, 0.0, -1.0], [-1.0, 0.0, -1.0], [0.0, 0.0, -1.0], [0.0, 0.0, -1.0]]))
_HINGE_AXES = np.stack(
    [unit(cross(v, FORWARD * sign)) for v, sign in zip(_HINGE_REFERENCE, (1, 1, -1, -1), strict=True)]
)
LEG_M = 0.82  # of a person 1.7 m tall
FULL_HINGE_SINE = 0.35  # bends of 20° and more show their hinge fully


def default_hinge(upper):
    """Hinge axes (…, 4, 3) of limbs whose upper segments point along `upper` (…, 4, 3) and are not
    twisted."""
    return apply(swing(_HINGE_REFERENCE, upper), _HINGE_AXES)


def hinge_weight(sine):
    """How far a bend of this sine shows the hinge: none when straight, fully from 20°."""
    return np.minimum(1.0, (sine / FULL_HINGE_SINE) ** 2)


@dataclass(frozen=True, eq=False)
class Binding:
    """Rest directions and index maps; arrays of four follow the limbs' order (left arm, right arm, left
    leg, right leg)."""

    driven: np.ndarray  # (D,) bones that turn against their parents
    slot: np.ndarray  # (D,) their slots
    parent_slot: np.ndarray  # (D,) their parents' slots, −1 for none
    upper_parent_slot: np.ndarray  # (4,)
    driven_row: np.ndarray  # (20,) slot → row in `driven`, −1 when the rig has no such bone
    rest_rotation: np.ndarray  # (D, 3, 3)
    spine_share: np.ndarray  # (3,) of the turn from pelvis to chest, for spine, chest and upperChest
    pelvis_frame: np.ndarray  # (3, 3)
    chest_frame: np.ndarray
    upper: np.ndarray  # (4, 3) unit
    hinge: np.ndarray  # (4, 3) unit, across `upper`
    upper_to_frame: np.ndarray  # (4, 3, 3) rows hinge, upper and their cross product
    lower: np.ndarray  # (4, 3) unit
    tip: np.ndarray  # (4, 3) unit, hands and feet
    bends: tuple[np.ndarray, np.ndarray]  # (4,) radians, the least flexion and the widest bend sideways
    segments_m: tuple[np.ndarray, np.ndarray]  # (4,) of the upper and the lower segments
    hips_rotation: np.ndarray  # (3, 3)
    hips_head: np.ndarray  # (3,)
    hips_from_middle: np.ndarray  # (3,) hips bone's head from the middle of the hip joints
    hip_width: float
    shoulder_width: float
    leg_length: float
    size: float  # of the character, 1 for a person
    hip_joints: np.ndarray  # (2, 3) left and right, from their middle
    thighs: np.ndarray  # (2, 3) hip to knee
    shins: np.ndarray  # (2, 3) knee to ankle
    feet: np.ndarray  # (2, 3) ankle to toe
    ankle_height: np.ndarray  # (2,)
    toe_height: np.ndarray  # (2,)
    middle: np.ndarray  # (3,) of the hip joints


def bind(rig):
    """The Binding of a rig; kept with the rig, as it never changes."""
    kept = rig.__dict__.get("_binding")
    if kept is None:
        kept = rig.__dict__["_binding"] = _bind(rig)
    return kept


def _bind(rig):
    joints = body_joints(rig, rig.rest)
    root, mid, end, tip = (joints[rows] for rows in (ROOT_JOINTS, MID_JOINTS, END_JOINTS, TIP_JOINTS))
    upper = unit(mid - root)
    lower = _directions(end - mid, upper)
    tips = _directions(tip - end, lower)

    bend = cross(upper, lower)
    hinge = default_hinge(upper)
    weight = hinge_weight(norm(bend)) * (dot(bend, hinge) > 0)
    hinge = hinge * (1 - weight)[:, None] + unit(bend) * weight[:, None]
    hinge = unit(hinge - upper * dot(hinge, upper)[:, None])

    middle_hip = (root[2] + root[3]) / 2
    spine = (root[0] + root[1]) / 2 - middle_hip

    slot_of_bone = np.empty(len(rig.bones), dtype=int)
    for i, name in enumerate(rig.bones):
        parent = rig.parents[i]
        slot_of_bone[i] = (
            SLOTS.index(name) if name in SLOTS else (slot_of_bone[parent] if parent >= 0 else -1)
        )
    driven = np.array([i for i, name in enumerate(rig.bones) if name in SLOTS])
    parents = rig.parents[driven]
    driven_row = np.full(len(SLOTS), -1)
    driven_row[slot_of_bone[driven]] = np.arange(len(driven))
    parent_slot = np.where(parents >= 0, slot_of_bone[parents], -1)

    present = [SLOTS[slot] in rig.index for slot in SPINE_SLOTS]
    spine_share = np.cumsum(present) / sum(present)

    upper_parent_slot = parent_slot[driven_row[UPPERS]]
    for name, parent in zip(SLOTS[UPPERS], upper_parent_slot.tolist(), strict=True):
        if parent >= UPPERS.start:
            raise RigError(f"{name} hangs from {SLOTS[parent]}, a limb from a limb. Map the bones anew.")
    leg_length = float((norm(mid - root) + norm(end - mid))[2:].mean())
    hips = rig.rest[rig.index["hips"]]
    return Binding(
        driven=driven,
        slot=slot_of_bone[driven],
        parent_slot=parent_slot,
        upper_parent_slot=upper_parent_slot,
        driven_row=driven_row,
        rest_rotation=rig.rest[driven, :3, :3],
        spine_share=spine_share,
        pelvis_frame=frame(root[2] - root[3], spine),
        chest_frame=frame(root[0] - root[1], spine),
        upper=upper,
        hinge=hinge,
        upper_to_frame=np.stack((hinge, upper, cross(hinge, upper)), axis=1),
        lower=lower,
        tip=tips,
        bends=limits.ranges(upper, lower, hinge),
        segments_m=(norm(mid - root), norm(np.nan_to_num(end - mid))),
        hips_rotation=hips[:3, :3],
        hips_head=hips[:3, 3],
        hips_from_middle=hips[:3, 3] - middle_hip,
        hip_width=float(norm(root[2] - root[3])),
        shoulder_width=float(norm(root[0] - root[1])),
        leg_length=leg_length,
        size=leg_length / LEG_M,
        hip_joints=root[2:] - middle_hip,
        thighs=mid[2:] - root[2:],
        shins=end[2:] - mid[2:],
        feet=np.where(np.isnan(tip[2:]), 0.0, tip[2:] - end[2:]),
        ankle_height=end[2:, 2],
        toe_height=np.where(np.isnan(tip[2:, 2]), end[2:, 2], tip[2:, 2]),
        middle=middle_hip,
    )


def _directions(v, fallback):
    """Unit vectors of v; where the rig has no such joint or it has no length, the fallback."""
    length = norm(np.nan_to_num(v))
    return np.where(length[..., None] > 1e-6, unit(np.nan_to_num(v)), fallback)
