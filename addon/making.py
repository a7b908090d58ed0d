"""A take on its way to the Actions of all its characters: what is to be solved, and one after the other."""

import bpy

from . import action, bone_maps, masks, rig, take_layers
from .core import places
from .core.calibration import Calibration
from .core.journal import Journal
from .core.solve.rig import RigError
from .core.take import Take
from .core.take_notes import note_place, read_notes
from .driven import assigned, settings_of
from .held import pose_of, stand
from .key_reduction import Bounds
from .recording import Recording, frames_a_second, header_of, stand_in, take_name
from .solving import SolvedTake, Solving, named


class Making:
    """Goes on with each `advance`, until `solving` is None.

    waiting: one character's solve each, of one take; of nobody else's. journal: still on its way to the disk. again:
    chains follow anew. solving: the one that is under way. takes: what became of the others. problem: the last thing
    that went wrong, a sentence.
    """

    def __init__(self, waiting: list[Solving], journal: Journal | None = None, again: bool = False):
        self._all, self._next = waiting, 0
        self.journal, self.again = journal, again
        self.takes: list[SolvedTake] = []
        self.problem = ""

    @property
    def solving(self) -> Solving | None:
        return self._all[self._next] if self._next < len(self._all) else None

    @property
    def progress(self) -> float:
        """How far the take is, 0 to 1."""
        return (self._next + self.solving.progress) / len(self._all)

    def advance(self, scene: bpy.types.Scene, budget_s: float) -> None:
        """Solve on for about `budget_s` seconds, then make the Action for about as long, then go on to the next."""
        solving = self.solving
        if not solving.advance(budget_s):
            return
        armature = rig.find(solving.target, scene)
        if armature is None:
            name, path = solving.target.name, solving.path
            self.problem = f"{name} is gone. The take is kept; load {path} for another character."
            solving.discard(None)
        else:
            take_action = action.find(solving.action_uids)
            if take_action is None:
                take_action = action.new(armature, solving.name, play=not solving.track)
                solving.action_uids.append(take_action.session_uid)
            solved = solving.write(armature, take_action, budget_s)
            if solved is None:
                return
            take_layers.remember(take_action, solving.path, solving.begins, armature)
            self.takes.append(solved)
        self._next += 1

    def leave(self, scene: bpy.types.Scene | None) -> None:
        """Let all characters go of their Actions, also those that were done, and begin anew."""
        for solving in self._all:
            solving.discard(scene and rig.find(solving.target, scene))
        self._next = 0
        self.takes.clear()


def of_recording(recording: Recording, scene: bpy.types.Scene) -> tuple[list[Solving], str]:
    """What is to be solved of a recording that has ended, and a sentence on whom nothing is to be had of."""
    people = list(recording.journal.people)
    now = {armature.session_uid: person for armature, person in assigned(scene) if armature is not None}
    waiting, unseen = [], []
    for part in recording.parts:
        person = now.get(part.target.uid, part.person)
        if person not in people:
            unseen.append(person)
            part.discard(rig.find(part.target, scene))
            continue
        settings = settings_of(scene, part.calibration)
        waiting.append(
            Solving(
                recording.path, part.target, settings, part.stand, recording.packets, recording.first_frame,
                recording.fps, part.action_uids, person, part.held, part.take_name, recording.from_frame,
                end_s=recording.end_s, track=recording.on_track, bounds=bounds_of(scene),
            )
        )  # fmt: skip
    problem = unseen and (
        f"Person {unseen[0]} was not seen while recording; {named(people)}. The take is kept as {recording.path}; "
        "choose another person and load it."
    )
    return waiting, problem or ""


def of_take(take: Take, people: list[int], scene: bpy.types.Scene, again: bool) -> tuple[list[Solving], str]:
    """What is to be solved of a take from the disk that shows these people, from the playhead or, `again`, where it
    was and in place of what was made of it; and a sentence on what cannot be."""
    path, cast, notes = take.path, assigned(scene), read_notes(take.path)
    fps = frames_a_second(scene)
    first_frame = scene.frame_current - notes.start_s * fps
    if notes.frame is None and path.parent == places.takes_folder():
        note_place(path, first_frame)  # so that the list tells it, and it is solved again there
    elif notes.frame is not None and again:
        first_frame = notes.frame
    shown = [
        (number, armature, person)
        for number, (armature, person) in enumerate(cast)
        if person in people and armature is not None and armature.name in scene.objects
    ]
    if not shown:
        other = f"not person {cast[0][1]}; {named(people)}. Choose another person" if people else "nobody"
        return [], f"{path} shows {other}."
    made = take_layers.made_of(path, take.packets) if again else {}
    waiting, problem = [], ""
    for number, armature, person in shown:
        try:
            target = masks.masked(rig.read(armature, bone_maps.of(scene, armature)), scene.mocap.record.mask)
        except RigError as error:
            problem = problem or str(error)
            continue
        said = header_of(take.header, number, person)
        stood = stand_in(said) or stand(armature, target)
        settings = settings_of(scene, Calibration.from_header(said))
        waiting.append(
            Solving(
                path, target, settings, stood, take.packets, first_frame, fps,
                made.get(armature, ()), person, pose_of(armature, target),
                take_name(path, number, armature), None, notes.start_s, notes.end_s, take_layers.on_track(scene),
                bounds_of(scene),
            )
        )  # fmt: skip
    return waiting, problem


def bounds_of(scene: bpy.types.Scene) -> Bounds | None:
    """How far keys may be off, where fewer are wanted."""
    record = scene.mocap.record
    return Bounds(record.error_deg, record.error_mm) if record.reduce else None
