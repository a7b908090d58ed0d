"""What is keyed of a rig and what it hangs from, read from its bones, constraints and switches.

Each limb is driven as it stands: by its bones' rotations, by its IK controls, or, halfway between, by both. A
control's own rotation counts from where its parents are, so those are followed up to a bone whose turn is known,
through the constraints that hand on another bone's transform.
"""

from dataclasses import dataclass, field

import bpy
import numpy as np

from . import action
from .action import Held
from .core.bone_map import SEGMENTS, TWISTS, BoneMap, IkLimb
from .core.character_space import CharacterSpace
from .core.controls import Bends, Controls, Twist, limb_number
from .core.rotation import dot, norm, unit
from .core.solve.binding import bind
from .core.solve.rig import Rig

_BELOW = {"UpperArm": "LowerArm", "LowerArm": "Hand", "UpperLeg": "LowerLeg", "LowerLeg": "Foot"}
_HANDED_ON = {"COPY_TRANSFORMS", "COPY_ROTATION", "CHILD_OF"}
_HARMLESS = {"LIMIT_SCALE", "COPY_SCALE", "MAINTAIN_VOLUME", "LIMIT_LOCATION", "LIMIT_DISTANCE", "COPY_LOCATION"}


@dataclass(frozen=True)
class Keyed:
    """A control: its bone, rotation mode, and whether its location is keyed. follows: false where it is left alone."""

    bone: str
    mode: str
    located: bool
    follows: bool = True


@dataclass(frozen=True)
class Space:
    """What a bone's parents follow: two rows of turns, the second by `share`, and a turn that others gave."""

    row: int = -1
    other: int = -1
    share: float = 0.0
    offset: np.ndarray = field(default_factory=lambda: np.eye(3))


@dataclass(frozen=True, eq=False)
class Driving:
    """How an armature is driven: the arrays, and what they are about.

    held: what must have another value meanwhile. modes: (bone, property, value) of the switches that were looked at.
    notes: what the user should know, a sentence each.
    """

    controls: Controls
    keyed: tuple[Keyed, ...]
    held: tuple[Held, ...]
    modes: tuple[tuple[str, str, float], ...]
    notes: tuple[str, ...]


def bone_path(bone: str) -> str:
    """The data path of a pose bone."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'


def read(armature: bpy.types.Object, bone_map: BoneMap, rig: Rig, space: CharacterSpace) -> Driving:
    return _Reader(armature, bone_map, rig, space).read()


class _Reader:
    def __init__(self, armature, bone_map, rig, space):
        self.map, self.rig, self.space = bone_map, rig, space
        self.bones = armature.pose.bones
        # Drivers set influences, and those are up to date in the evaluated object alone.
        evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        self.evaluated = evaluated.pose.bones if evaluated.pose else self.bones
        self.armature = armature
        self.rows = {bone_map.bones[part]: row for part, row in rig.index.items()}
        self.controls: list[tuple[str, int, bool]] = []  # bone, row, located
        self.twists: list[Twist] = []
        self.swivels: list[tuple[int, ...]] = []
        self.trackers: list[np.ndarray] = []
        self.poles: list[tuple[int, ...]] = []
        self.pole_distances_m: list[float] = []
        self.held: list[Held] = []
        self.modes: list[tuple[str, str, float]] = []
        self.notes: list[str] = []

    def read(self) -> Driving:
        for part, row in self.rig.index.items():
            if self.map.keyed.get(part):
                self.rows[self.map.keyed[part]] = row
        twisted = self._read_twists()
        limbs = self._limbs()
        by_ik = {
            part
            for limb, fk in limbs
            if not fk
            for part in (limb.part, *self._below(limb.part))
        }
        for row in bind(self.rig).driven.tolist():
            part = self.rig.bones[row]
            bone = self.map.keyed.get(part, self.map.bones[part])
            if bone and part not in by_ik:
                self.controls.append((bone, self.rows[bone], part == "hips"))
        self.controls += twisted
        for limb, _ in limbs:
            self._add_ik(limb)
        self._look_for_hindrances({limb.part for limb, _ in limbs})
        return Driving(
            self._arrays(),
            tuple(Keyed(bone, self.bones[bone].rotation_mode, located) for bone, _, located in self.controls),
            tuple(self.held),
            tuple(self.modes),
            tuple(self.notes),
        )

    # Twist

    def _read_twists(self) -> list[tuple[str, int, bool]]:
        """The twist bones as controls. A segment in pieces begins with one, too."""
        out = []
        rest = self.rig.rest[:, :3, 3]
        for segment in SEGMENTS:
            names = [self.map.bones.get(f"{segment}Twist{number}", "") for number in range(1, TWISTS + 1)]
            names = [name for name in names if name in self.bones]
            end = self.rig.index.get(self._below(segment)[0])
            row = self.rig.index.get(segment)
            if not names or end is None or row is None:
                continue
            upper = segment.endswith(("UpperArm", "UpperLeg"))
            other = int(self.rig.parents[row]) if upper else end
            along = rest[end] - rest[row]
            chain = self.bones[self.map.bones[self.rig.bones[end]]].parent_recursive
            first = self.map.bones[segment]
            if upper and any(self.bones[name] in chain for name in names):
                names.insert(0, first)
            for name in names:
                head = self.space.points(self.bones[name].bone.head_local)
                place = float(np.clip(dot(head - rest[row], along) / dot(along, along), 0.0, 1.0))
                self.rows[name] = len(self.rig.bones) + len(self.twists)
                self.twists.append(Twist(row, other, unit(along), place, upper))
                if name != first:
                    out.append((name, self.rows[name], False))
        return out

    def _below(self, part: str) -> list[str]:
        """The parts of a limb below a segment."""
        out = []
        while True:
            step = next(((a, b) for a, b in _BELOW.items() if part.endswith(a)), None)
            if step is None:
                return out
            part = part.replace(*step)
            out.append(part)

    # IK

    def _limbs(self) -> list[tuple[IkLimb, bool]]:
        """The limbs that are driven by IK controls, and whether by their bones, too."""
        out = []
        for limb in self.map.limbs:
            named = [limb.end, limb.base, *limb.chain]
            if limb.part in self.rig.index and all(name in self.bones for name in named if name):
                value = self._mode(limb.switch, 0.0)
                if value < 1.0:
                    out.append((limb, value > 0.0))
        known = {limb.part for limb in self.map.limbs}
        for part in ("leftUpperArm", "rightUpperArm", "leftUpperLeg", "rightUpperLeg"):
            limb = None if part in known else self._constrained(part)
            if limb is not None:
                out.append((limb, True))
        return out

    def _mode(self, switch: tuple[str, str] | None, otherwise: float) -> float:
        """The value of a switch, which is remembered; `otherwise` where the rig has none."""
        if switch is None or switch[0] not in self.bones or switch[1] not in self.bones[switch[0]]:
            return otherwise
        value = float(self.bones[switch[0]][switch[1]])
        self.modes.append((*switch, value))
        return value

    def _constrained(self, part: str) -> IkLimb | None:
        """A limb whose lower segment has an IK constraint towards a bone of the same armature."""
        lower = self.map.bones.get(self._below(part)[0], "")
        for constraint in self.evaluated[lower].constraints if lower in self.bones else ():
            if constraint.type != "IK" or constraint.mute or not constraint.influence > 0:
                continue
            if not self._own(constraint.target) or constraint.subtarget not in self.bones:
                self.notes.append(f"{lower} follows the constraint “{constraint.name}” and not the capture.")
                continue
            pole = constraint.pole_subtarget if self._own(constraint.pole_target) else ""
            chain = (self.map.bones[part], lower) if constraint.use_stretch else ()
            return IkLimb(part, constraint.subtarget, None, "", pole if pole in self.bones else "", None, chain)
        return None

    def _own(self, target: bpy.types.Object | None) -> bool:
        return target is not None and target.name == self.armature.name

    def _add_ik(self, limb: IkLimb) -> None:
        index = self.rig.index
        lower, end = (index.get(part, -1) for part in self._below(limb.part))
        if lower < 0 or end < 0:
            return
        rows = limb_number(limb.part), index[limb.part], lower, end
        self.controls.append((limb.end, end, True))
        if limb.pole in self.bones and self._mode(limb.pole_switch, 1.0):
            elbow, head = self.rig.rest[lower, :3, 3], self.space.points(self.bones[limb.pole].bone.head_local)
            self.poles.append((len(self.controls), *rows))
            self.pole_distances_m.append(float(norm(head - elbow)))
            self.controls.append((limb.pole, end, True))
        elif limb.base:
            self.swivels.append((len(self.controls), *rows))
            self.trackers.append(self._axes(self.bones[limb.base].parent)[:, 1])
            self.controls.append((limb.base, rows[1], False))
        for bone in limb.chain:
            path = f"{bone_path(bone)}.ik_stretch"
            before = action.held_by(action.current(self.armature)).get(path, self.bones[bone].ik_stretch)
            if before > 0:
                self.held.append(Held(path, bone, 0.0, before))

    # Spaces

    def _axes(self, bone: bpy.types.PoseBone | None) -> np.ndarray:
        """(3, 3) a bone's rest axes in character space; without one the armature's."""
        axes = np.eye(3) if bone is None else np.array(bone.bone.matrix_local)[:3, :3]
        return self.space.rotation @ axes

    def _space_of(self, bone: bpy.types.PoseBone | None, seen: frozenset = frozenset()) -> Space:
        """What a bone follows, itself not keyed unless its turn is known."""
        if bone is None or bone.name in seen:
            return Space()
        if bone.name in self.rows:
            return Space(self.rows[bone.name])
        seen = seen | {bone.name}
        found = self._parents_of(bone, seen)
        basis = np.array(bone.matrix_basis.to_quaternion().to_matrix())
        if found.row >= 0 and not np.allclose(basis, np.eye(3), atol=1e-6):
            axes = self._axes(bone)
            found = Space(found.row, found.other, found.share, found.offset @ axes @ basis @ axes.T)
        for constraint in self.evaluated[bone.name].constraints:
            influence = 0.0 if constraint.mute else constraint.influence
            if constraint.type == "ARMATURE":
                weights = {item.subtarget: item.weight for item in constraint.targets if self._own(item.target)}
                name = max(weights, key=weights.get, default="")
                influence *= weights.get(name, 0.0) > 0
            elif constraint.type in _HANDED_ON and self._own(constraint.target) and constraint.owner_space != "LOCAL":
                name = constraint.subtarget
            else:
                continue
            if influence > 0 and name in self.bones:
                other = self._space_of(self.bones[name], seen)
                if influence >= 1:
                    found = other
                elif other.row != found.row:
                    found = Space(found.row, other.row, influence, found.offset)
        return found

    def _parents_of(self, bone: bpy.types.PoseBone, seen: frozenset = frozenset()) -> Space:
        if not bone.bone.use_inherit_rotation:
            return Space()
        return self._space_of(bone.parent, seen)

    def _arrays(self) -> Controls:
        bones = [self.bones[name] for name, _, _ in self.controls]
        spaces = [self._parents_of(bone) for bone in bones]
        for (name, _, located), bone in zip(self.controls, bones, strict=True):
            if located and bone.parent is not None and bone.bone.use_connect:
                self.notes.append(f"{name} is connected to its parent and cannot travel: clear Connected in edit mode.")
        return Controls(
            self.rig,
            row=np.array([row for _, row, _ in self.controls]),
            space=np.array([(space.row, space.other) for space in spaces]),
            share=np.array([space.share for space in spaces]),
            offset=np.array([space.offset for space in spaces]),
            rest=np.array([self._axes(bone) for bone in bones]),
            head=np.array([self.space.points(bone.bone.head_local) for bone in bones]),
            axes=np.array([self._axes(b if b.bone.use_local_location else b.parent) for b in bones]),
            twists=tuple(self.twists),
            swivels=Bends.of(self.swivels),
            trackers=np.array(self.trackers),
            poles=Bends.of(self.poles),
            pole_distances_m=np.array(self.pole_distances_m),
        )

    def _look_for_hindrances(self, by_ik: set[str]) -> None:
        """Note what else moves the bones that are keyed."""
        free = {self.map.bones[name] for part in by_ik for name in self._below(part) if name in self.map.bones}
        for name, _, _ in self.controls:
            for constraint in self.evaluated[name].constraints:
                active = not constraint.mute and constraint.influence > 0
                if active and constraint.type not in _HARMLESS and name not in free:
                    self.notes.append(f"{name} also follows its constraint “{constraint.name}”; mute that to free it.")
        driven = self.armature.animation_data.drivers if self.armature.animation_data else ()
        paths = {curve.data_path.rpartition(".")[0] for curve in driven if ".rotation_" in curve.data_path}
        for name, _, _ in self.controls:
            if bone_path(name) in paths:
                self.notes.append(f"{name} also follows a driver on its rotation; remove that to free it.")
