"""The pose that a character has now: where it stands, and for hips and legs that are to stay as they are."""

import math

import bpy
import numpy as np

from .core.rotation import apply, from_matrix, to_matrix, transpose
from .core.solve.binding import bind
from .core.solve.rig import RigPose
from .core.stages import Stand
from .rig import Target


def pose_of(armature: bpy.types.Object, target: Target) -> RigPose:
    """The humanoid bones' pose as Blender evaluates it, whatever moves them; bones that are gone are at rest."""
    rig = target.rig
    bones = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    turns, hips = np.repeat(np.eye(3)[None], len(rig.bones), axis=0), rig.head("hips")
    below = _moved(bones.get(target.hips).parent if target.hips in bones else None)
    for row, part in enumerate(rig.bones):
        bone = bones.get(target.bone_map.bones[part])
        if bone is not None:
            moved = np.linalg.inv(below) @ _moved(bone)
            turns[row] = target.space.rotation @ moved[:3, :3] @ target.space.rotation.T
            if part == "hips":
                hips = turns[row] @ hips + target.space.points(moved[:3, 3])
    parents = np.where((rig.parents < 0)[:, None, None], np.eye(3), turns[rig.parents])
    rest = rig.rest[:, :3, :3]
    rotations = from_matrix(transpose(rest) @ transpose(parents) @ turns @ rest)
    row = rig.index["hips"]
    return RigPose(rotations, apply(rest[row].T, hips - rig.head("hips")), np.eye(3), 0.0)


def stand(armature: bpy.types.Object, target: Target) -> Stand:
    """Where the character stands and faces now, in character space."""
    pose, rig = pose_of(armature, target), target.rig
    row = rig.index["hips"]
    rest = rig.rest[row, :3, :3]
    turn = rest @ to_matrix(pose.rotations[row]) @ rest.T
    from_head = bind(rig).middle - rig.head("hips")
    moved = rest @ pose.hips_location + turn @ from_head - from_head
    facing = -turn[:, 1]
    return Stand((*moved[:2].tolist(), 0.0), math.atan2(facing[0], -facing[1]))


def _moved(bone: bpy.types.PoseBone | None) -> np.ndarray:
    """(4, 4) how a bone is moved from rest, in armature space and without scale."""
    if bone is None:
        return np.eye(4)
    location, turn, _ = (bone.matrix @ bone.bone.matrix_local.inverted()).decompose()
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = turn.to_matrix(), location
    return out
