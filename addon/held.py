"""The pose that a character has now, for hips and legs that are to stay as they are."""

import bpy
import numpy as np

from .core.rotation import from_matrix
from .core.solve.rig import RigPose
from .rig import Target


def pose_of(armature: bpy.types.Object, target: Target) -> RigPose:
    """The driven bones' pose, whatever their rotation modes; the others are at rest."""
    rig = target.rig
    rotations = np.zeros((len(rig.bones), 4))
    rotations[:, 0] = 1.0
    for row, name, *_ in target.driven:
        basis = np.array(armature.pose.bones[name].matrix_basis.to_quaternion().to_matrix())
        rotations[row] = from_matrix(basis[None])[0]
    hips = armature.pose.bones[target.driven[rig.index["hips"]][1]]
    return RigPose(rotations, np.array(hips.location), np.eye(3), 0.0)
