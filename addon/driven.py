"""A character that is driven, and what is known of the person it follows: the solver's state and the calibration.

Who follows whom is saved with the scene; `assigned` reads it.
"""

from collections.abc import Sequence

import bpy

from . import bone_maps, masks, rig
from .calibrating import Calibrating
from .core.calibration import Calibration
from .core.pipeline import Settings, State, recentred, step
from .core.protocol import PosePacket
from .core.solve.rig import RigError, RigPose
from .held import pose_of, stand

# Where ticks are rarer than packets, the last few are filtered, so that the newest is seen with its motion.
CATCH_UP = 4


class Driven:
    """What is driven, and what is known of it.

    person: who is followed. uid: the armature's, which stays; 0 where it is the scene's choice. target: the armature as
    it was read, None as long as none can be driven. problem: why it is not driven, or what of it is not, a sentence.
    state: the solver's, of this person. calibration: of this capture's actor and camera, if there was one; calibrating:
    one that is under way.
    """

    def __init__(self, person: int, uid: int = 0):
        self.person, self.uid = person, uid
        self.target: rig.Target | None = None
        self.problem = ""
        self.state: State | None = None
        self.calibration: Calibration | None = None
        self.calibrating: Calibrating | None = None
        self._mask: frozenset[str] = frozenset()
        self._refused: object = None  # an armature as it is told apart that cannot be driven

    def armature(
        self, scene: bpy.types.Scene, chosen: bpy.types.Object | None, again: bool = False, as_it_began: bool = False
    ) -> bpy.types.Object | None:
        """The chosen armature, read when it changes, or `again`; None where it cannot be driven.

        as_it_began: what is recorded goes on so, even where the map or a limb's switch is changed.
        """
        if chosen is None or chosen.name not in scene.objects:
            if self.target is not None:
                self._refused, self.problem = None, f"{self.target.name} is gone. Choose a character, or undo."
            return None
        known = self.target is not None and rig.find(self.target, scene) == chosen
        mask = frozenset(scene.mocap.record.mask)
        current = known and self._mask == mask and rig.is_current(self.target, scene, chosen)
        if known and not again and (as_it_began or current):
            lost = ", ".join(rig.gone(self.target, chosen))
            self._refused, self.problem = None, f"{lost} is gone from {chosen.name}; the rest goes on." if lost else ""
            return chosen
        told_apart = bone_maps.told_apart(scene, chosen)
        if told_apart == self._refused and not again:
            return None
        self.release(scene)
        before = self.target
        try:
            self.target = masks.masked(rig.read(chosen, bone_maps.of(scene, chosen)), mask)
            self._mask = mask
        except RigError as error:
            self.target, self._refused, self.problem = None, told_apart, str(error)
            return None
        self._refused, self.problem = None, ""
        if before is None or before.uid != self.target.uid or before.rig.bones != self.target.rig.bones:
            self._begin(chosen)
        return chosen

    def follow(self, person: int, armature: bpy.types.Object | None) -> None:
        """Follow this person from now on; another one than before begins where the character stands."""
        if person == self.person:
            return
        self.person = person
        self.calibrating = self.calibration = None
        if armature is not None:
            self._begin(armature)

    def step(self, settings: Settings, packets: Sequence[PosePacket]) -> RigPose | None:
        """The pose after the packets, all of this person's."""
        pose = None
        for packet in packets[-CATCH_UP:]:
            self.state, pose = step(self.target.rig, settings, self.state, packet)
        return pose

    def recentre(self) -> bool:
        """Put the character back where it stood, facing as it did; false where nobody has moved it yet."""
        if self.state is None or self.state.pose is None:
            return False
        self.state = recentred(self.state)
        return True

    def calibrate(self, packets: Sequence[PosePacket], now: float) -> str:
        """Go on with the calibration that is under way; what went wrong, a sentence."""
        calibrating = self.calibrating
        calibrating.take(packets, now)
        if not calibrating.done:
            return ""
        self.calibrating = None
        if calibrating.calibration is not None:
            self.calibration = calibrating.calibration
            self.recentre()
        return calibrating.error

    def forget_calibration(self) -> None:
        self.calibrating = self.calibration = None
        self.recentre()

    def release(self, scene: bpy.types.Scene | None) -> None:
        """Let the character's switches be as they were."""
        armature = rig.find(self.target, scene) if self.target is not None and scene is not None else None
        if armature is not None:
            rig.release(armature, self.target)

    def _begin(self, armature: bpy.types.Object) -> None:
        self.state = State.initial(stand(armature, self.target), pose_of(armature, self.target))


def assigned(scene: bpy.types.Scene) -> list[tuple[bpy.types.Object | None, int]]:
    """Each character with its person: the scene's character first, then the others, no armature twice."""
    chosen = scene.mocap
    pairs = [(chosen.target, chosen.person)]
    for row in chosen.characters:
        if row.armature is not None and all(row.armature != armature for armature, _ in pairs):
            pairs.append((row.armature, row.person))
    return pairs


def people_asked_for(scene: bpy.types.Scene) -> int:
    """How many people the worker is to follow: as it is set, and at least one for each character."""
    return max(scene.mocap.people, len({person for _, person in assigned(scene)}))


def settings_of(scene: bpy.types.Scene, calibration: Calibration | None) -> Settings:
    """What the scene says of how a person with this calibration is followed."""
    chosen = scene.mocap
    if calibration is not None and chosen.mirror:
        calibration = calibration.mirrored()
    return Settings(
        level=chosen.level,
        mirror=chosen.mirror,
        smoothness=chosen.smoothness,
        contact=chosen.contact,
        legs=chosen.legs,
        calibration=calibration,
    )
