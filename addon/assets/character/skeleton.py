"""The default character's bones and landmarks, in metres, z up, facing −Y, the character's left on +X.

Names are those of VRM 1.0's humanoid. Lengths follow Winter's body segment table for a height of 1.7 m.
"""

from typing import NamedTuple

import numpy as np

HEIGHT_M = 1.70


class Bone(NamedTuple):
    """A bone at rest: `head` and `tail` in armature space, `z_axis` the side that its local Z leans to."""

    name: str
    parent: str | None
    head: tuple[float, float, float]
    tail: tuple[float, float, float]
    z_axis: tuple[float, float, float]


BACK = (0.0, 1.0, 0.0)
FRONT = (0.0, -1.0, 0.0)
UP = (0.0, 0.0, 1.0)

HIPS = (0.0, 0.005, 0.925)
SPINE = (0.0, 0.010, 1.000)
CHEST = (0.0, 0.016, 1.120)
UPPER_CHEST = (0.0, 0.020, 1.250)
NECK = (0.0, 0.024, 1.430)
HEAD = (0.0, 0.010, 1.520)
CROWN = (0.0, 0.010, 1.700)

CLAVICLE = (0.022, 0.012, 1.400)
SHOULDER = (0.170, 0.018, 1.385)
ELBOW = (0.445, 0.018, 1.385)
WRIST = (0.690, 0.018, 1.385)
HIP = (0.090, 0.005, 0.900)
KNEE = (0.092, -0.003, 0.487)
ANKLE = (0.095, 0.022, 0.082)
BALL = (0.100, -0.105, 0.024)
TOE_TIP = (0.103, -0.180, 0.022)

# The left hand's fingers: knuckle, direction in the palm's plane and lengths. They fan out a little, so that
# the gaps between them stay open when the skin is polygonised.
FINGERS = {
    "Index": ((0.781, -0.013, 1.388), (1.0, -0.10, 0.0), (0.042, 0.024, 0.021)),
    "Middle": ((0.784, 0.010, 1.390), (1.0, 0.00, 0.0), (0.046, 0.028, 0.022)),
    "Ring": ((0.779, 0.032, 1.388), (1.0, 0.09, 0.0), (0.042, 0.026, 0.022)),
    "Little": ((0.769, 0.052, 1.384), (1.0, 0.20, 0.0), (0.033, 0.019, 0.019)),
}
# The thumb points forwards and outwards, half below the palm.
THUMB = ((0.712, -0.006, 1.378), (0.742, -0.040, 1.368), (0.768, -0.062, 1.362), (0.790, -0.078, 1.358))

FINGER_SEGMENTS = ("Proximal", "Intermediate", "Distal")
THUMB_SEGMENTS = ("Metacarpal", "Proximal", "Distal")


def finger_joints(finger: str) -> np.ndarray:
    """The four joints of a left finger from knuckle to tip. (4, 3) metres."""
    if finger == "Thumb":
        return np.array(THUMB)
    knuckle, direction, lengths = FINGERS[finger]
    direction = np.array(direction) / np.linalg.norm(direction)
    return np.array(knuckle) + np.concatenate([[0.0], np.cumsum(lengths)])[:, None] * direction


def _left_side() -> list[Bone]:
    middle = tuple(finger_joints("Middle")[0])
    bones = [
        Bone("leftShoulder", "upperChest", CLAVICLE, SHOULDER, UP),
        Bone("leftUpperArm", "leftShoulder", SHOULDER, ELBOW, UP),
        Bone("leftLowerArm", "leftUpperArm", ELBOW, WRIST, UP),
        Bone("leftHand", "leftLowerArm", WRIST, middle, UP),
        Bone("leftUpperLeg", "hips", HIP, KNEE, FRONT),
        Bone("leftLowerLeg", "leftUpperLeg", KNEE, ANKLE, FRONT),
        Bone("leftFoot", "leftLowerLeg", ANKLE, BALL, UP),
        Bone("leftToes", "leftFoot", BALL, TOE_TIP, UP),
    ]
    for finger in ("Thumb", *FINGERS):
        joints = finger_joints(finger)
        parent = "leftHand"
        for i, segment in enumerate(THUMB_SEGMENTS if finger == "Thumb" else FINGER_SEGMENTS):
            name = f"left{finger}{segment}"
            bones.append(Bone(name, parent, tuple(joints[i]), tuple(joints[i + 1]), UP))
            parent = name
    return bones


def _mirrored(bone: Bone) -> Bone:
    def flip(v):
        return (-v[0], v[1], v[2])

    def other(name):
        return name.replace("left", "right", 1)

    return Bone(other(bone.name), other(bone.parent), flip(bone.head), flip(bone.tail), flip(bone.z_axis))


def bones() -> list[Bone]:
    """All bones, parents first."""
    spine = [
        Bone("hips", None, HIPS, SPINE, FRONT),
        Bone("spine", "hips", SPINE, CHEST, FRONT),
        Bone("chest", "spine", CHEST, UPPER_CHEST, FRONT),
        Bone("upperChest", "chest", UPPER_CHEST, NECK, FRONT),
        Bone("neck", "upperChest", NECK, HEAD, FRONT),
        Bone("head", "neck", HEAD, CROWN, FRONT),
    ]
    left = _left_side()
    return spine + left + [_mirrored(b) for b in left]


# Facial landmarks on the skin, left side where there are two; the eyes lie on the front of the eyeballs.
NOSE = (0.0, -0.106, 1.559)
EYE = (0.031, -0.081, 1.593)
EAR = (0.084, 0.014, 1.580)


def landmarks() -> dict[str, tuple[str, np.ndarray]]:
    """Each COCO keypoint, hand and toe: its bone and its rest position (3,) in metres."""

    def right(p):
        return (-p[0], p[1], p[2])

    points = {
        "nose": ("head", NOSE),
        "left_eye": ("head", EYE),
        "right_eye": ("head", right(EYE)),
        "left_ear": ("head", EAR),
        "right_ear": ("head", right(EAR)),
    }
    joints = {
        "shoulder": ("UpperArm", SHOULDER),
        "elbow": ("LowerArm", ELBOW),
        "wrist": ("Hand", WRIST),
        "hip": ("UpperLeg", HIP),
        "knee": ("LowerLeg", KNEE),
        "ankle": ("Foot", ANKLE),
        "hand": ("MiddleProximal", FINGERS["Middle"][0]),
        "toe": ("Toes", BALL),
    }
    for joint, (bone, position) in joints.items():
        points[f"left_{joint}"] = (f"left{bone}", position)
        points[f"right_{joint}"] = (f"right{bone}", right(position))
    return {name: (bone, np.array(position)) for name, (bone, position) in points.items()}
