"""Names and index maps of the joints that come in and the bones that are driven.

Owns: COCO-17 and BODY joint names, left-right pairs, limbs, and the VRM 1.0 humanoid bones with their
parents. How bones follow joints is `solve`'s.
"""

from itertools import pairwise

COCO17 = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)

# hand = base of the middle finger, toe = base of the toes.
BODY = (*COCO17, "left_hand", "right_hand", "left_toe", "right_toe")

BODY_INDEX = {name: index for index, name in enumerate(BODY)}
COCO_COUNT = len(COCO17)


def swap_sides(name):
    """The name of the other side's."""
    if name.startswith("left"):
        return "right" + name[4:]
    if name.startswith("right"):
        return "left" + name[5:]
    return name


def _flip_pairs(names):
    index = {name: i for i, name in enumerate(names)}
    return tuple((i, index[swap_sides(name)]) for name, i in index.items() if name.startswith("left"))


# Pairs (left, right) of joint indices; the first eight are COCO-17's.
FLIP_PAIRS = _flip_pairs(BODY)
COCO_FLIP_PAIRS = _flip_pairs(COCO17)

# The eight limb segments that bone angles are measured on: (bone, joint at its head, joint at its tail).
LIMBS = tuple(
    (side + bone, BODY_INDEX[f"{side}_{head}"], BODY_INDEX[f"{side}_{tail}"])
    for side in ("left", "right")
    for bone, head, tail in (
        ("UpperArm", "shoulder", "elbow"),
        ("LowerArm", "elbow", "wrist"),
        ("UpperLeg", "hip", "knee"),
        ("LowerLeg", "knee", "ankle"),
    )
)
ARM_LIMBS = tuple(i for i, limb in enumerate(LIMBS) if "Arm" in limb[0])
LEG_LIMBS = tuple(i for i, limb in enumerate(LIMBS) if "Leg" in limb[0])


def _humanoid():
    bones = {
        "hips": None,
        "spine": "hips",
        "chest": "spine",
        "upperChest": "chest",
        "neck": "upperChest",
        "head": "neck",
    }
    for side in ("left", "right"):
        chain = ("upperChest", "Shoulder", "UpperArm", "LowerArm", "Hand")
        for parent, bone in pairwise(chain):
            bones[side + bone] = parent if parent == "upperChest" else side + parent
        for finger, joints in (
            ("Thumb", ("Metacarpal", "Proximal", "Distal")),
            *(
                (name, ("Proximal", "Intermediate", "Distal"))
                for name in ("Index", "Middle", "Ring", "Little")
            ),
        ):
            parent = side + "Hand"
            for joint in joints:
                bones[side + finger + joint] = parent
                parent = side + finger + joint
        parent = "hips"
        for bone in ("UpperLeg", "LowerLeg", "Foot", "Toes"):
            bones[side + bone] = parent
            parent = side + bone
    return bones


# VRM 1.0 humanoid bone → its parent, parents first.
HUMANOID = _humanoid()

# Without these a rig cannot be driven; the rest is optional.
REQUIRED_BONES = (
    "hips",
    "spine",
    "head",
    *(side + bone for side in ("left", "right") for bone in ("UpperArm", "LowerArm", "UpperLeg", "LowerLeg")),
)
