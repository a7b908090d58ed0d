"""Between an armature and the solver's arrays: its bones at rest, poses on what is keyed, and curves' values.

An armature is read once into a frozen `Target`. It holds names, not references: undo and file loads make
those invalid. Rotation modes stay as they are; a pose is written in the mode that each bone has. Which bone is
which is the map's business, what a rig's controls follow `rig_controls`'.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import bpy
import numpy as np
from mathutils import Euler, Quaternion

from . import action, bone_maps, rig_controls
from .action import Channel
from .core import character_space
from .core.bone_map import BoneMap
from .core.character_space import CharacterSpace
from .core.rotation import axis_angle, dot, norm, same_hemisphere, swing, unit
from .core.skeleton import HUMANOID, REQUIRED_BONES
from .core.solve.rig import Rig, RigError, RigPose
from .rig_controls import Driving, bone_path

_FRAMES = 500  # of a take at once
_SHORTEST_M = 0.02  # a limb's segment that is shorter is none
_SEGMENTS = tuple(
    (side + one, side + other)
    for side in ("left", "right")
    for one, other in (("UpperArm", "LowerArm"), ("LowerArm", "Hand"), ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
)
PROPERTIES = {"QUATERNION": ("rotation_quaternion", 4), "AXIS_ANGLE": ("rotation_axis_angle", 4)}


@dataclass(frozen=True, eq=False)
class Target:
    """An armature that can be driven.

    name: the object's, and uid, which stays through undo and another name. bone_map: what it was read with. rig: its
    humanoid bones at rest, in character space. driving: what is keyed.
    """

    name: str
    uid: int
    bone_map: BoneMap
    space: CharacterSpace
    rig: Rig
    driving: Driving

    @property
    def hips(self) -> str:
        """The bone that is moved as the hips are."""
        return self.bone_map.keyed.get("hips") or self.bone_map.bones["hips"]

    @property
    def channels(self) -> list[Channel]:
        """The animated properties, in the order of `values`."""
        channels = []
        for keyed in self.driving.keyed:
            if not keyed.follows:
                continue
            path = bone_path(keyed.bone)
            if keyed.located:
                channels.append(Channel(f"{path}.location", 3, keyed.bone))
            name, width = PROPERTIES.get(keyed.mode, ("rotation_euler", 3))
            channels.append(Channel(f"{path}.{name}", width, keyed.bone))
        return channels

    def values(self, rotations: np.ndarray, hips_location: np.ndarray) -> list[np.ndarray]:
        """For each channel its numbers (F, width). rotations: (F, B, 4) wxyz. hips_location: (F, 3)."""
        return _at_once(self.values_in_steps(rotations, hips_location))

    def values_in_steps(self, rotations: np.ndarray, hips_location: np.ndarray):
        """The same, as a generator that yields every few milliseconds."""
        turned = np.empty((len(rotations), len(self.driving.keyed), 4))
        moved = np.empty((len(rotations), len(self.driving.keyed), 3))
        for first in range(0, len(rotations), _FRAMES):
            rows = slice(first, first + _FRAMES)
            turned[rows], moved[rows] = self.basis(rotations[rows], hips_location[rows])
            yield
        return (yield from self._columns(turned, moved))

    def values_of(self, turned: np.ndarray, moved: np.ndarray) -> list[np.ndarray]:
        """For each channel its numbers (1, width) in a frame whose `basis` is known."""
        return _at_once(self._columns(turned, moved))

    def _columns(self, turned: np.ndarray, moved: np.ndarray):
        columns = []
        for number, keyed in enumerate(self.driving.keyed):
            if not keyed.follows:
                continue
            if keyed.located:
                columns.append(moved[:, number])
            quaternions = same_hemisphere(turned[:, number]) if len(turned) > 1 else turned[:, number]
            if keyed.mode != "QUATERNION":
                quaternions = yield from converted(quaternions, keyed.mode)
            columns.append(quaternions)
            yield
        return columns

    def basis(self, rotations: np.ndarray, hips_location: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each control its rotation (F, C, 4) wxyz and its location (F, C, 3) in the armature's units."""
        turned, moved = self.driving.controls.basis(rotations, hips_location)
        return turned, moved / self.space.unit_m


def _at_once(steps):
    """What a generator returns at its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def is_armature(_, candidate: bpy.types.Object) -> bool:
    return candidate.type == "ARMATURE"


def read(armature: bpy.types.Object, mapped: BoneMap) -> Target:
    """Read an armature by its map. Raises RigError, a sentence that says what cannot be driven and why."""
    bones, name = armature.data.bones, armature.name
    if armature.library is not None:
        raise RigError(
            f"{name} is linked from {armature.library.filepath}, so it cannot be posed here. Make an override: "
            "there is a button for it below the character."
        )
    there = {part: bone for part, bone in mapped.bones.items() if bone in bones}
    if mapped.bones and not there:
        raise RigError(f"The bone map “{mapped.name}” is another rig's: {name} has none of its bones. Map the bones.")
    lacking = [part for part in REQUIRED_BONES if part not in there]
    if lacking:
        found = f"{len(there)} bones are" if there else "no bone is"
        raise RigError(
            f"{name} is no humanoid that can be driven: {found} recognised, and there is none for "
            f"{', '.join(lacking)}. Choose them under Bones, or another character."
        )
    absent = [control for control in mapped.keyed.values() if control and control not in bones]
    if absent:
        raise RigError(
            f"{name} has no {absent[0]}, which its bone map “{mapped.name}” moves it by. Find its bones again, or load "
            "its own map."
        )
    parts = sorted(there, key=lambda part: (there[part], part))
    for one, other in pairwise(parts):
        if there[one] == there[other]:
            raise RigError(f"{there[one]} is mapped to {one} and to {other}. Choose another bone for one of them.")
    space = character_space.of({part: np.array(bones[bone].head_local) for part, bone in there.items()})
    if space is None:
        raise RigError(f"{name} cannot be driven: its arms and legs are at one place. Choose other bones under Bones.")
    given, mapped = mapped, replace(mapped, bones=there)
    rig = _rig(armature, mapped, space)
    return Target(name, armature.session_uid, given, space, rig, rig_controls.read(armature, mapped, rig, space))


def notes(armature: bpy.types.Object) -> tuple[str, ...]:
    """What of the object itself keeps it from moving as it should, a sentence each."""
    out = []
    scale = armature.matrix_world.to_3x3()
    lengths = [axis.length for axis in scale.col]
    if scale.determinant() < 0:
        out.append(f"{armature.name} is mirrored by a negative scale, so left is on the right: apply its scale.")
    if max(lengths) > 1.01 * min(lengths):
        out.append(f"{armature.name} is scaled unevenly, so its limbs point elsewhere: apply its scale.")
    if armature.data.pose_position == "REST":
        out.append(f"{armature.name} is shown in rest position: choose Pose Position in its armature's properties.")
    return tuple(out)


def find(target: Target, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The target's armature, if it is still in the scene."""
    armature = bpy.data.objects.get((target.name, None))
    if armature is None or armature.session_uid != target.uid:
        armature = next((item for item in scene.objects if item.session_uid == target.uid), None)
    there = armature is not None and armature.type == "ARMATURE" and scene in armature.users_scene
    return armature if there else None


def is_current(target: Target, scene: bpy.types.Scene, armature: bpy.types.Object) -> bool:
    """Whether name, map, switches and rotation modes are still as they were when the target was read."""
    kept = bone_maps.entry(scene, armature)
    if armature.name != target.name or (kept is not None and bone_maps.bones_of(kept) != target.bone_map.bones):
        return False
    bones = armature.pose.bones
    for bone, switch, value in target.driving.modes:
        if bone not in bones or bones[bone].get(switch) != value:
            return False
    there = ((bones.get(keyed.bone), keyed.mode) for keyed in target.driving.keyed)
    return all(bone is None or bone.rotation_mode == mode for bone, mode in there)


def gone(target: Target, armature: bpy.types.Object) -> list[str]:
    """The bones that are keyed and no longer there."""
    return [keyed.bone for keyed in target.driving.keyed if keyed.bone not in armature.pose.bones]


def pose(armature: bpy.types.Object, target: Target, rig_pose: RigPose) -> tuple[np.ndarray, np.ndarray]:
    """Write a pose: each control's rotation, and where it moves its location; its `Target.basis`, a frame of it.

    The caller updates the view layer. Bones that are gone are passed over.
    """
    bones = armature.pose.bones
    for held in target.driving.held:
        action.set_value(armature, held.data_path, held.value)
    turned, moved = target.basis(rig_pose.rotations[None], rig_pose.hips_location[None])
    for keyed, rotation, location in zip(target.driving.keyed, turned[0].tolist(), moved[0].tolist(), strict=True):
        bone = bones.get(keyed.bone) if keyed.follows else None
        if bone is None:
            continue
        if keyed.mode == "QUATERNION":
            bone.rotation_quaternion = rotation
        elif keyed.mode == "AXIS_ANGLE":
            axis, angle = Quaternion(rotation).to_axis_angle()
            bone.rotation_axis_angle = (angle, *axis)
        else:
            bone.rotation_euler = Quaternion(rotation).to_euler(keyed.mode, bone.rotation_euler)
        if keyed.located:
            bone.location = location
    return turned, moved


def release(armature: bpy.types.Object, target: Target) -> None:
    """Put back what driving it needed otherwise, but for what a take on it holds."""
    taken = action.held_by(action.current(armature))
    for held in target.driving.held:
        if held.data_path not in taken:
            action.set_value(armature, held.data_path, held.before)


def _rig(armature: bpy.types.Object, mapped: BoneMap, space: CharacterSpace) -> Rig:
    """The humanoid bones as the solver has them."""
    bones, names = armature.data.bones, mapped.bones
    above = {part: _above(part, bones, mapped) for part in HUMANOID if part in names}
    depth = {None: 0}
    waiting = list(above)
    while waiting:  # the map's order need not be the armature's
        part = waiting.pop(0)
        if above[part] in depth:
            depth[part] = depth[above[part]] + 1
        else:
            waiting.append(part)
    parts = sorted(above, key=depth.get)
    rest = np.array([bones[names[part]].matrix_local for part in parts]).reshape(-1, 4, 4)
    rest = space.matrices(rest)
    lengths = np.array([bones[names[part]].length for part in parts]) * space.unit_m
    heads = dict(zip(parts, rest[:, :3, 3], strict=True))
    for one, other in _SEGMENTS:
        if other in heads and norm(heads[other] - heads[one]) < _SHORTEST_M:
            raise RigError(
                f"{armature.name} cannot be driven: {names[one]} ({one}) and {names[other]} ({other}) are at one "
                "place. Choose other bones under Bones."
            )
    _mend_tips(parts, rest, lengths)
    parents = [-1 if above[part] is None else parts.index(above[part]) for part in parts]
    return Rig.from_matrices(parts, parents, rest, lengths)


def _above(part: str, bones: bpy.types.ArmatureBones, mapped: BoneMap) -> str | None:
    """The part that a part hangs from: in the armature, or, where controls lie between, in a body."""
    if mapped.keyed:
        above = HUMANOID[part]
        while above is not None and above not in mapped.bones:
            above = HUMANOID[above]
        return above
    part_of = {bone: part for part, bone in mapped.bones.items() if part in HUMANOID}
    bone = bones[mapped.bones[part]].parent
    while bone is not None and bone.name not in part_of:
        bone = bone.parent
    if bone is None and part != "hips":
        name, hips = mapped.bones[part], mapped.bones["hips"]
        raise RigError(
            f"{name} ({part}) does not hang from {hips} (hips), so it would stay behind. Choose a bone above both as "
            "the hips."
        )
    return part_of[bone.name] if bone is not None else None


def _mend_tips(parts: list[str], rest: np.ndarray, lengths: np.ndarray) -> None:
    """Let hands and feet that end nowhere in particular end where hands and feet do.

    Files without ends give bones any direction: toes lie in front, and hands go on as forearms do.
    """
    for side in ("left", "right"):
        for tip, beyond, above in (("Hand", "MiddleProximal", "LowerArm"), ("Foot", "Toes", "LowerLeg")):
            if side + tip not in parts or side + beyond in parts:
                continue
            row = parts.index(side + tip)
            limb = rest[row, :3, 3] - rest[parts.index(side + above), :3, 3]
            aim = unit(np.array([0.0, -1.0, -0.3]) if tip == "Foot" else limb)
            if dot(rest[row, :3, 1], aim) < 0.5:
                rest[row, :3, :3] = swing(rest[row, :3, 1], aim) @ rest[row, :3, :3]
                lengths[row] = 0.3 * norm(limb)


def converted(quaternions: np.ndarray, mode: str) -> np.ndarray:
    """(F, 4) wxyz as axis-angle (F, 4) or as Euler angles (F, 3) in the order `mode`, each near the last.
    A generator that yields every few milliseconds."""
    if mode == "AXIS_ANGLE":
        return axis_angle(quaternions)
    rows = []
    before = Euler((0.0, 0.0, 0.0), mode)
    for first in range(0, len(quaternions), _FRAMES):
        for quaternion in quaternions[first : first + _FRAMES].tolist():
            before = Quaternion(quaternion).to_euler(mode, before)
            rows.append(tuple(before))
        yield
    return np.array(rows)
