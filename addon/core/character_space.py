"""Character space, in which the solver works: z up, facing −y, about as large as a person.

Armatures have whatever axes and size they were made in: y up from many files, centimetres, a child or a giant. What
is up and where left is their own joints tell, not their object: moving, turning and scaling that moves the character
as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .rotation import cross, norm, unit

LEG_M = 0.85
_SNAP_RAD = np.radians(25)  # rest poses lean and are not quite symmetric; armatures stand along their axes


@dataclass(frozen=True, eq=False)
class CharacterSpace:
    """rotation: (3, 3) from armature space. unit_m: metres an armature's unit, a power of ten."""

    rotation: np.ndarray
    unit_m: float

    def matrices(self, armature: np.ndarray) -> np.ndarray:
        """Rest matrices (…, 4, 4) of armature space in this one."""
        out = np.array(armature, dtype=float)
        out[..., :3, :3] = self.rotation @ out[..., :3, :3]
        out[..., :3, 3] = self.points(out[..., :3, 3])
        return out

    def points(self, armature: np.ndarray) -> np.ndarray:
        """Points (…, 3) of armature space in this one, metres."""
        return np.asarray(armature) @ self.rotation.T * self.unit_m


def of(joints: Mapping[str, np.ndarray]) -> CharacterSpace | None:
    """The space of a humanoid whose bones' heads at rest are given by part; None where they show no body."""

    def middle(part):
        return (joints["left" + part] + joints["right" + part]) / 2

    up = middle("UpperArm") - middle("UpperLeg")
    across = sum(joints["left" + part] - joints["right" + part] for part in ("UpperArm", "UpperLeg"))
    legs = [norm(joints[side + "LowerLeg"] - joints[side + "UpperLeg"]) for side in ("left", "right")]
    size = 2 * float(np.mean(legs))
    if not min(norm(up), norm(across), size) > 1e-9 or norm(cross(unit(across), unit(up))) < 0.1:
        return None
    up, across = _along_axis(unit(up)), unit(across)
    across = unit(_along_axis(across) if abs(up @ _along_axis(across)) < 0.5 else across)
    across = unit(across - up * (across @ up))
    rotation = np.stack((across, cross(up, across), up))
    return CharacterSpace(rotation, 10.0 ** -round(float(np.log10(size / LEG_M))))


def _along_axis(direction: np.ndarray) -> np.ndarray:
    """The nearest axis, where it is near; else the direction itself."""
    axis = np.zeros(3)
    place = int(np.abs(direction).argmax())
    axis[place] = np.sign(direction[place])
    return axis if direction @ axis > np.cos(_SNAP_RAD) else direction
