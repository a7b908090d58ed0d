"""How bodies differ: bone by bone scales of one skeleton, and the posed matrices of a scaled body.

Owns proportions and forward kinematics. A pose is every bone's rotation in the world, which does not depend on the
proportions; lengths and girths are folded into the matrices that skinning takes, so that any body costs the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .gltf import Character

#: Where a body may touch the floor: bone and offset from its head in the rest pose, metres, z up.
_TOUCHES = {
    "Foot": ((0.0, 0.045, -0.082), (0.0, -0.03, -0.082)),
    "Toes": ((0.0, 0.0, -0.024), (0.003, -0.075, -0.022)),
    "LowerLeg": ((0.0, -0.055, 0.0), (0.0, 0.06, -0.15)),
    "UpperLeg": ((0.03, 0.115, -0.02), (0.05, -0.02, 0.0)),
    "LowerArm": ((0.0, 0.0, -0.035),),
    "Hand": ((0.06, 0.0, -0.018), (0.16, 0.0, -0.01)),
    "UpperArm": ((0.02, 0.03, 0.0),),
}
_TOUCHES_MIDDLE = {
    "head": ((0.0, 0.11, 0.09), (0.0, -0.11, 0.04), (0.0, 0.01, 0.175), (0.08, 0.0, 0.06), (-0.08, 0.0, 0.06)),
    "upperChest": ((0.0, 0.10, 0.05), (0.0, -0.10, 0.04)),
    "spine": ((0.0, -0.09, 0.0),),
}


@dataclass(frozen=True)
class Physique:
    """One body's proportions. size: scale of everything; scale: (B, 3) along each bone's own axes (across, along,
    across) beyond that. forms: (8,) metres that the skin bulges by: belly, breasts, seat, hips' width, two that are 0,
    fat, chin. child, woman: what it may wear."""

    size: float
    scale: np.ndarray
    forms: np.ndarray
    child: bool = False
    woman: bool = False


class Skeleton:
    """A character's skeleton ready to be scaled and posed."""

    def __init__(self, character: Character) -> None:
        self.bones, parents, rest = character.bones, character.parents, character.rest
        self.index = {name: i for i, name in enumerate(self.bones)}
        self.rest_rotation = rest[:, :3, :3].astype(float)
        self.inverse_rest = np.linalg.inv(rest)
        self.parents = np.maximum(parents, 0)
        count = len(self.bones)
        self._above = np.eye(count)
        self._offset = np.zeros((count, 3))
        for i, parent in enumerate(parents):
            if parent >= 0:
                self._above[i] += self._above[parent]
                self._offset[i] = rest[parent, :3, :3].T @ (rest[i, :3, 3] - rest[parent, :3, 3])
        rows, offsets = [], []
        touches = dict(_TOUCHES_MIDDLE)
        for side, sign in (("left", 1), ("right", -1)):
            touches |= {side + b: [(sign * x, y, z) for x, y, z in spots] for b, spots in _TOUCHES.items()}
        for bone, spots in touches.items():
            i = self.index.get(bone)
            for spot in spots if i is not None else ():
                rows.append(i)
                offsets.append(rest[i, :3, :3].T @ np.array(spot))
        self._touch_rows, self._touch_offsets = np.array(rows), np.array(offsets)
        self.plain = Physique(1.0, np.ones((count, 3)), np.zeros(8))

    def posed(self, rotations: np.ndarray, physique: Physique, lowest: float = 0.0) -> np.ndarray:
        """Bone matrices (B, 4, 4) in the world, scales in them: the hips over the origin, the lowest point at height
        `lowest`. rotations: (B, 3, 3) of every bone in the world."""
        axes = rotations * (physique.size * physique.scale)[:, None, :]
        steps = (axes[self.parents] @ self._offset[:, :, None])[:, :, 0]
        out = np.zeros((len(axes), 4, 4))
        out[:, :3, :3], out[:, :3, 3], out[:, 3, 3] = axes, self._above @ steps, 1
        touch = out[self._touch_rows]
        heights = (touch[:, 2, :3] * self._touch_offsets).sum(1) + touch[:, 2, 3]
        out[:, 2, 3] += lowest - heights.min()
        return out


#: Classes of bodies; a body's name is one of each, and whole names are held out of training.
STATURES = ("tiny", "small", "middling", "tall", "huge")
BUILDS = ("thin", "slim", "athletic", "soft", "stout", "heavy")
FRAMES = ("short legs", "even", "long legs")
_STATURE_SHARE = (0.10, 0.24, 0.34, 0.24, 0.08)
_BUILD_SHARE = (0.12, 0.26, 0.22, 0.18, 0.14, 0.08)
_FRAME_SHARE = (0.27, 0.46, 0.27)
BODIES = tuple(f"{s}, {b}, {f}" for s in STATURES for b in BUILDS for f in FRAMES)
BODY_SHARE = tuple(a * b * c for a in _STATURE_SHARE for b in _BUILD_SHARE for c in _FRAME_SHARE)


def physique_of(rng: np.random.Generator, body: str, skeleton: Skeleton) -> Physique:
    """A body of that name: its classes bound the numbers, chance sets them."""
    stature, build, frame = body.split(", ")
    n = rng.normal(size=24)
    u = rng.random(8)
    child = stature == "tiny"
    low, high = {
        "tiny": (1.02, 1.48), "small": (1.48, 1.62), "middling": (1.62, 1.74), "tall": (1.74, 1.88),
        "huge": (1.88, 2.03),
    }[stature]  # fmt: skip
    height = low + (high - low) * u[0]
    # Fat and muscle, 0…1.
    fat, muscle = {
        "thin": (0.00, 0.05), "slim": (0.12, 0.25), "athletic": (0.10, 0.80), "soft": (0.38, 0.15),
        "stout": (0.65, 0.40), "heavy": (1.00, 0.30),
    }[build]  # fmt: skip
    fat = max(0.0, fat + 0.09 * n[0])
    muscle = max(0.0, muscle + 0.12 * n[1])
    if child:
        fat, muscle = 0.6 * fat, 0.3 * muscle
    female = u[1] < 0.5 and not child
    young = 1.0 if not child else (height - 1.02) / 0.46  # 0 a small child, 1 grown
    leg = {"short legs": 0.95, "even": 1.0, "long legs": 1.05}[frame] * (1 + 0.015 * n[2]) * (0.88 + 0.12 * young)
    torso = (2 - leg) ** 0.8 * (1 + 0.015 * n[3])
    arm = (1 + 0.035 * n[4]) * leg**0.5
    head = (1 + 0.03 * n[5]) * (1.30 - 0.30 * young) * (1.70 / max(height, 1.45)) ** 0.6
    neck = 1 + 0.10 * n[6]
    shoulders = (0.94 if female else 1.03) * (1 + 0.04 * n[7]) * (1 + 0.06 * muscle) * (0.93 + 0.07 * young)
    pelvis = (1.05 if female else 0.99) * (1 + 0.04 * n[8]) * (1 + 0.10 * fat)
    hand, foot = (1 + 0.06 * n[9]) * (0.94 if female else 1.02), (1 + 0.06 * n[10]) * (0.94 if female else 1.02)
    # A girth per part: what fat and muscle add, and chance.
    limb = 0.90 + 0.05 * n[11]
    upper_arm = limb + 0.30 * fat + 0.22 * muscle + 0.03 * n[12]
    forearm = limb + 0.16 * fat + 0.14 * muscle + 0.03 * n[13] - (0.06 if female else 0)
    thigh = limb + 0.32 * fat + 0.14 * muscle + 0.03 * n[14] + (0.05 if female else 0)
    shin = limb + 0.18 * fat + 0.12 * muscle + 0.03 * n[15]
    waist = 0.88 + 0.42 * fat + 0.05 * muscle + 0.03 * n[16] - (0.05 if female else 0)
    chest = 0.92 + 0.24 * fat + 0.13 * muscle + 0.03 * n[17] - (0.04 if female else 0)
    deep = 0.03 * n[18]
    rows = {
        "hips": (pelvis * (0.93 + 0.22 * fat), torso, 0.92 + 0.30 * fat + deep),
        "spine": (waist, torso, waist + 0.05 * fat + deep),
        "chest": ((waist + chest) / 2, torso, (waist + chest) / 2 + deep),
        "upperChest": (chest * (0.5 + 0.5 * shoulders), torso, chest + deep),
        "neck": (0.92 + 0.22 * fat + 0.16 * muscle - (0.08 if female else 0), neck, 0.92 + 0.20 * fat + 0.14 * muscle),
        "head": (head * (1 + 0.03 * n[19]), head * (1 + 0.03 * n[20]), head * (1 + 0.03 * n[21])),
    }
    for side in ("left", "right"):
        rows |= {
            f"{side}Shoulder": (0.95 + 0.15 * fat + 0.20 * muscle, shoulders, 0.95 + 0.15 * fat + 0.20 * muscle),
            f"{side}UpperArm": (upper_arm, arm, upper_arm),
            f"{side}LowerArm": (forearm, arm * (1 + 0.02 * n[22]), forearm),
            f"{side}Hand": (hand, hand, hand * (1 + 0.1 * fat)),
            f"{side}UpperLeg": (thigh, leg, thigh),
            f"{side}LowerLeg": (shin, leg * (1 + 0.02 * n[23]), shin),
            f"{side}Foot": (foot, foot, foot),
            f"{side}Toes": (foot, foot, foot),
        }
    scale = np.ones((len(skeleton.bones), 3))
    for i, bone in enumerate(skeleton.bones):
        row = rows.get(bone)
        scale[i] = row if row is not None else hand
    long = 0.50 * leg + 0.32 * torso + 0.06 * neck + 0.12 * head
    size = height / 1.70 / long
    breasts = max(0.0, (0.022 + 0.014 * u[2] + 0.02 * fat) if female else 0.022 * max(0.0, fat - 0.3))
    forms = np.array(
        [
            0.085 * max(0.0, fat - 0.15) * (0.4 + u[3]) + 0.006 * u[4],
            breasts,
            0.012 * u[5] + 0.018 * fat + (0.008 if female else 0),
            0.016 * u[6] * (1.0 if female else 0.3) + 0.012 * fat,
            0.0,
            0.0,
            0.006 * fat,
            0.012 * max(0.0, fat - 0.4),
        ]
    )
    return Physique(size, scale, forms, child, female)
