"""Between an armature and the solver's arrays: which bones are driven, their rest, poses and curves' values.

An armature is read once into a frozen `Target`. It holds names, not references: undo and file loads make
those invalid. Rotation modes stay as they are; a pose is written in the mode that each bone has.
"""

import math
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Euler, Quaternion, Vector

from .action import Channel
from .core.pipeline import Stand
from .core.skeleton import HUMANOID
from .core.solve.rig import Rig, RigPose

_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")


@dataclass(frozen=True)
class Target:
    """An armature that can be driven.

    name: the object's. rig: its humanoid bones at rest. driven: (row in the rig, bone, rotation mode) of the
    bones that poses are written to; body keypoints say nothing of fingers, so those stay the user's.
    """

    name: str
    rig: Rig
    driven: tuple[tuple[int, str, str], ...]

    @property
    def channels(self) -> list[Channel]:
        """The animated properties, in the order of `values`."""
        hips = self.driven[self.rig.index["hips"]][1]
        channels = [Channel(f'pose.bones["{hips}"].location', 3, hips)]
        for _, bone, mode in self.driven:
            name, width = _PROPERTIES.get(mode, ("rotation_euler", 3))
            channels.append(Channel(f'pose.bones["{bone}"].{name}', width, bone))
        return channels

    def values(self, rotations: np.ndarray, hips_location: np.ndarray) -> list[np.ndarray]:
        """For each channel its numbers (F, width). rotations: (F, B, 4) wxyz. hips_location: (F, 3)."""
        columns = [np.asarray(hips_location)]
        for row, _, mode in self.driven:
            quaternions = rotations[:, row]
            columns.append(quaternions if mode == "QUATERNION" else _converted(quaternions, mode))
        return columns


_PROPERTIES = {"QUATERNION": ("rotation_quaternion", 4), "AXIS_ANGLE": ("rotation_axis_angle", 4)}


def is_armature(_, candidate: bpy.types.Object) -> bool:
    return candidate.type == "ARMATURE"


def read(armature: bpy.types.Object) -> Target:
    """Read an armature with VRM 1.0's bone names. Raises RigError, which names the bones that are missing."""
    bones = armature.data.bones
    names = [name for name in HUMANOID if name in bones]
    parents, rest = [], []
    for name in names:
        parent = bones[name].parent
        while parent is not None and parent.name not in HUMANOID:
            parent = parent.parent
        parents.append(-1 if parent is None else names.index(parent.name))
        rest.append(bones[name].matrix_local)
    shape = (len(names), 4, 4)
    rig = Rig.from_matrices(
        names, parents, np.array(rest).reshape(shape), [bones[name].length for name in names]
    )
    driven = tuple(
        (row, name, armature.pose.bones[name].rotation_mode)
        for row, name in enumerate(names)
        if not any(finger in name for finger in _FINGERS)
    )
    return Target(armature.name, rig, driven)


def find(target: Target, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The target's armature, if it is still in the scene with its bones."""
    armature = scene.objects.get(target.name)
    if armature is None or armature.type != "ARMATURE" or target.driven[0][1] not in armature.pose.bones:
        return None
    return armature


def pose(armature: bpy.types.Object, target: Target, rig_pose: RigPose) -> None:
    """Write a pose: one rotation a driven bone, and the hips' location. The caller updates the view layer."""
    bones = armature.pose.bones
    rotations = rig_pose.rotations.tolist()
    for row, name, mode in target.driven:
        bone = bones[name]
        if mode == "QUATERNION":
            bone.rotation_quaternion = rotations[row]
        elif mode == "AXIS_ANGLE":
            axis, angle = Quaternion(rotations[row]).to_axis_angle()
            bone.rotation_axis_angle = (angle, *axis)
        else:
            bone.rotation_euler = Quaternion(rotations[row]).to_euler(mode, bone.rotation_euler)
    bones["hips"].location = rig_pose.hips_location.tolist()


def stand(armature: bpy.types.Object, target: Target) -> Stand:
    """Where the character stands and faces now, in armature space."""
    bone = armature.pose.bones["hips"]
    turned = bone.matrix.to_3x3() @ bone.bone.matrix_local.to_3x3().inverted()
    facing = turned @ Vector((0.0, -1.0, 0.0))
    moved = bone.matrix.translation - bone.bone.matrix_local.translation
    return Stand((moved.x, moved.y, 0.0), math.atan2(facing.x, -facing.y))


def _converted(quaternions: np.ndarray, mode: str) -> np.ndarray:
    """(F, 4) wxyz as axis-angle (F, 4) or as Euler angles (F, 3) in the order `mode`, each near the last."""
    rows = []
    if mode == "AXIS_ANGLE":
        for quaternion in quaternions:
            axis, angle = Quaternion(quaternion).to_axis_angle()
            rows.append((angle, *axis))
    else:
        before = Euler((0.0, 0.0, 0.0), mode)
        for quaternion in quaternions:
            before = Quaternion(quaternion).to_euler(mode, before)
            rows.append(tuple(before))
    return np.array(rows)
