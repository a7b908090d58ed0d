"""A chain read from an armature: its bones at rest, what their joints allow, and, frame by frame, pose and target."""

from itertools import pairwise

import bpy
import numpy as np
from mathutils import Euler, Matrix

MOST_RAD = np.radians(120.0)  # of a joint for which the rig says nothing


class ChainError(ValueError):
    """A chain that cannot be solved; the text is a sentence for the user."""


def title(chain) -> str:
    return f"{chain.root} to {chain.tip}"


def bones_of(chain) -> list[bpy.types.PoseBone]:
    """The chain's bones, root first. Raises ChainError where it is none, or follows nothing it can."""
    armature = chain.armature
    if armature is None:
        raise ChainError(f"The armature of the chain {title(chain)} is gone. Remove the chain, or choose another.")
    pose = armature.pose.bones
    for name in (chain.root, chain.tip):
        if name not in pose:
            raise ChainError(f"{armature.name} has no bone “{name}” for the chain {title(chain)}. Choose another.")
    found = [pose[chain.tip]]
    while found[0].name != chain.root:
        if found[0].parent is None:
            raise ChainError(f"{chain.tip} does not hang from {chain.root}, so they are no chain. Choose other bones.")
        found.insert(0, found[0].parent)
    if chain.target is None:
        raise ChainError(f"The chain {title(chain)} has nothing to follow. Choose its target.")
    if chain.joint:
        if chain.target.type != "ARMATURE" or chain.joint not in chain.target.pose.bones:
            raise ChainError(f"{chain.target.name} has no joint “{chain.joint}”. Choose another.")
        if chain.target == armature:
            joint = pose[chain.joint]
            if found[0] in (joint, *joint.parent_recursive) and joint != found[0]:
                raise ChainError(f"{chain.joint} moves with the chain {title(chain)}, which cannot follow it.")
    elif chain.target == armature:
        raise ChainError(f"The chain {title(chain)} cannot follow its own armature. Choose a joint of it.")
    if not sum(bone.bone.length for bone in found) > 1e-6:
        raise ChainError(f"The bones of the chain {title(chain)} have no length.")
    return found


class Sampled:
    """A chain over the frames of a take; `take` adds the scene's frame as it is evaluated now. Raises ChainError.

    Names are kept, not references, as the user may undo meanwhile.
    """

    def __init__(self, chain):
        bones = bones_of(chain)
        self.title, self.solver = title(chain), chain.solver
        self.armature, self.bones = chain.armature.name, [bone.name for bone in bones]
        self.modes = [bone.rotation_mode for bone in bones]
        self._target, self._joint = chain.target.name, chain.joint
        self._unit_m = chain.armature.matrix_world.median_scale
        rest = [bone.bone.matrix_local for bone in bones]
        self._offsets = [Matrix.Identity(4), *(one.inverted() @ other for one, other in pairwise(rest))]
        self._tip = [0.0, bones[-1].bone.length * self._unit_m, 0.0]
        joints = [_joint(bone) for bone in bones]
        self._limits, self._free = [limits for limits, _ in joints], [free for _, free in joints]
        self._before = [Euler() for _ in bones]
        self._posed: list = []
        self._targets: list = []
        self.frames: list[int] = []

    def take(self, frame: int, depsgraph: bpy.types.Depsgraph) -> None:
        armature, target = (bpy.data.objects.get(name) for name in (self.armature, self._target))
        if armature is None or target is None:
            raise ChainError(f"{self.armature if armature is None else self._target} is gone; nothing was changed.")
        armature, target = armature.evaluated_get(depsgraph), target.evaluated_get(depsgraph)
        missing = [name for name in self.bones if name not in armature.pose.bones]
        if missing or (self._joint and self._joint not in target.pose.bones):
            raise ChainError(f"{missing[0] if missing else self._joint} is gone; nothing was changed.")
        bones = [armature.pose.bones[name] for name in self.bones]
        base = _unposed(bones[0]) @ Matrix.Translation(bones[0].location)
        place = target.matrix_world @ (target.pose.bones[self._joint].head if self._joint else Matrix().translation)
        place = base.inverted() @ (armature.matrix_world.inverted() @ place)
        posed = [bone.matrix_basis.to_euler("XYZ", near) for bone, near in zip(bones, self._before, strict=True)]
        self._before = posed
        self._posed.append([list(angles) for angles in posed])
        self._targets.append([number * self._unit_m for number in place])
        self.frames.append(frame)

    def job(self) -> dict:
        """The chain as the worker takes it, JSON values."""
        offsets = np.array(self._offsets).reshape(-1, 4, 4)
        offsets[:, :3, 3] *= self._unit_m
        return {
            "name": self.title, "solver": self.solver, "offsets": offsets.tolist(), "tip": self._tip,
            "limits": self._limits, "free": self._free, "posed": self._posed, "targets": self._targets,
        }  # fmt: skip


def _joint(bone: bpy.types.PoseBone) -> tuple[list, list]:
    """Limits [[least, most]] of x, y and z, radians, and which may turn: by IK limits and locks, and Limit Rotation.

    Bones do not twist unless a limit says how far.
    """
    limits, free = [[-MOST_RAD, MOST_RAD], [-np.pi, np.pi], [-MOST_RAD, MOST_RAD]], [True, False, True]
    told: list[tuple[int, float, float]] = []
    for row, axis in enumerate("xyz"):
        if getattr(bone, f"use_ik_limit_{axis}"):
            told.append((row, getattr(bone, f"ik_min_{axis}"), getattr(bone, f"ik_max_{axis}")))
        for constraint in bone.constraints:
            if constraint.type != "LIMIT_ROTATION" or constraint.mute or constraint.owner_space != "LOCAL":
                continue
            if getattr(constraint, f"use_limit_{axis}"):
                told.append((row, getattr(constraint, f"min_{axis}"), getattr(constraint, f"max_{axis}")))
    seen = set()
    for row, least, most in told:
        before = limits[row] if row in seen else [-np.pi, np.pi]
        limits[row] = [max(before[0], least), min(before[1], most)]
        limits[row][1] = max(limits[row])
        free[row] = limits[row][1] > limits[row][0]
        seen.add(row)
    for row, axis in enumerate("xyz"):
        if getattr(bone, f"lock_ik_{axis}"):
            free[row] = False
    return [[float(number) for number in pair] for pair in limits], free


def _unposed(bone: bpy.types.PoseBone) -> Matrix:
    """Where a bone would be in its armature without its own pose and constraints, as its parent is now."""
    rest, parent = bone.bone.matrix_local, bone.parent
    above = {"parent_matrix": parent.matrix, "parent_matrix_local": parent.bone.matrix_local} if parent else {}
    return bone.bone.convert_local_to_pose(Matrix.Identity(4), rest, **above)
