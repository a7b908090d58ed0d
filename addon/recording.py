"""A take being recorded: every packet into the journal, live poses as keys of the Action to be."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np

from . import action, take_layers
from .core import places
from .core.journal import Journal
from .core.pipeline import Stand
from .core.playhead import taken_s
from .core.protocol import PosePacket
from .core.solve.rig import RigPose
from .core.take import SUFFIX
from .core.take_clock import runs
from .driven import Driven
from .held import pose_of, stand
from .playing import Playing
from .pose_before import PoseBefore
from .silence import Silence

_NUMBERED = re.compile(r"Take (\d{1,6})\b(?!-)")  # and no date, which once named takes
_TELLING = 2000  # packets that tell when their pictures were taken


class Part:
    """What one character does in a recording: where it stood, whom it followed, and its keys so far.

    held: the character's pose, for hips and legs that do not follow. action_uids: of the Action with the live keys, the
    last; an undo step that was made meanwhile may bring back one before. over: some parts of the body alone follow,
    over what the character plays. before: the pose that it had.
    """

    def __init__(self, driven: Driven, armature: bpy.types.Object, path: Path, take_name: str):
        self.target, self.person, self.calibration = driven.target, driven.person, driven.calibration
        self.stand, self.held = stand(armature, driven.target), pose_of(armature, driven.target)
        self.over = not all(keyed.follows for keyed in driven.target.driving.keyed)
        self.before = PoseBefore(armature, driven.target)
        self._path, self.take_name = path, take_name
        self.action_uids: list[int] = []
        self._silence: Silence | None = None

    def add(self, frame: int, basis: tuple[np.ndarray, np.ndarray]) -> None:
        """Add a live pose, as `rig.pose` has written it, to the keys that wait."""
        values = self.target.values_of(*basis)
        self._keys.add(frame, [numbers[0] for numbers in values])

    def write_some(self, armature: bpy.types.Object, now: float) -> None:
        """Bring a share of the waiting keys onto the timeline."""
        live = action.find(self.action_uids)
        if live is None or self._silence is None:  # after an undo; the journal has everything, so keys simply go on
            self.discard(armature)
            live = self.begin(armature)
        self._keys.write_some(live, now)

    def discard(self, armature: bpy.types.Object | None) -> None:
        """Take the Action away again."""
        self.end()
        live = action.find(self.action_uids)
        if live is not None:
            action.remove(live, armature)

    def header(self) -> dict:
        """What loading the take needs to give the same Action."""
        out = {"stand": stand_header(self.stand)}
        return out if self.calibration is None else out | {"calibration": self.calibration.as_header()}

    def begin(self, armature: bpy.types.Object) -> bpy.types.Action:
        """Make the Action that keys appear in. What the character plays is silent where the capture moves it."""
        self.end()
        self._silence = Silence(armature, self.target)
        live = action.new(armature, self.take_name, play=not self.over)
        self.action_uids.append(live.session_uid)
        take_layers.remember(live, self._path, "", armature)  # so that it is replaced, should Blender crash
        self._keys = action.LiveKeys(live, self.target.channels)
        return live

    def end(self) -> None:
        """Let what the character plays be heard again."""
        if self._silence is not None:
            self._silence.end()
            self._silence = None


class Recording:
    """Open from Record to Stop: one journal, and a part for each character. Raises TakeError where the journal cannot
    be written.

    cast: the characters that are driven, the scene's first. first_frame: where on the timeline the first picture lies;
    the playhead's frame, and once `end`ed, where it was then if the timeline played. from_frame: where keys begin.
    """

    def __init__(self, cast: Sequence[tuple[Driven, bpy.types.Object]], scene: bpy.types.Scene, source: str):
        self.first_frame: float = scene.frame_current
        self.from_frame, self.fps = scene.frame_current, frames_a_second(scene)
        self.end_s: float | None = None
        self.on_track = take_layers.on_track(scene)
        self._offset_s = scene.mocap.record.offset_ms / 1e3
        path = new_path()
        self.parts = [Part(*one, path, take_name(path, number, one[1])) for number, one in enumerate(cast)]
        header = {"app": "ViTPose Live Mocap for Blender", "fps": self.fps, "source": source}
        header |= take_header(self.parts)
        self.packets: list[PosePacket] = []
        self._start_s: float | None = None
        self.journal = Journal(path, header, float(self.first_frame))
        for part, (_, armature) in zip(self.parts, cast, strict=True):
            part.begin(armature)
        self._playing = Playing(scene, self.fps) if scene.mocap.record.play else None

    @property
    def path(self) -> Path:
        return self.journal.path

    @property
    def length_s(self) -> float:
        """How long it has been going on, by what came."""
        ends = self.packets[:1] + self.packets[-1:]
        return ends[-1].meta["received"] - ends[0].meta["received"] if ends else 0.0

    @property
    def played_out(self) -> bool:
        """Whether the timeline played along and does no more."""
        return self._playing is not None and self._playing.ended

    def ends_at(self, time_s: float) -> None:
        """What was captured later is in the journal and not in the take."""
        if self._start_s is not None:
            self.end_s = max(time_s - self._start_s, 0.0)

    def take(self, packets: list[PosePacket]) -> None:
        """Keep what came; raises TakeError once where the disk does not take it."""
        for packet in packets:
            if self._start_s is None:
                self._start_s = packet.timestamp
            self.packets.append(packet)
            self.journal.write(packet)

    def show(self, driven: Driven, armature: bpy.types.Object, pose: RigPose | None, basis, now: float) -> None:
        """Add a character's live pose to its keys, and bring some of them onto the timeline.

        basis: what `rig.pose` gave for it.
        """
        part = next((part for part in self.parts if part.target.uid == driven.target.uid), None)
        if part is None:
            return
        part.person = driven.person
        if pose is not None and self._start_s is not None:
            part.add(self.first_frame + round((pose.time_s - self._start_s) * self.fps), basis)
        part.write_some(armature, now)

    def end(self, clock_offset_s: float | None = None) -> None:
        """Stop: the journal is ended, whatever the disk says, and characters and timeline are as before.

        clock_offset_s: the sender's clock minus ours, if it is known.
        """
        for part in self.parts:
            part.end()
        if self._playing is not None:
            self._playing.stop()
            if self.packets and self._playing.playhead.known:
                taken = taken_s(runs(self.packets[:_TELLING])[0], clock_offset_s) + self._offset_s
                self.first_frame = self._playing.playhead.frame_at(taken)
        early_s = max(self.from_frame - self.first_frame, 0.0) / self.fps  # captured before it began to play
        self.journal.end(frame=float(self.first_frame), start_s=early_s, end_s=self.end_s)


def take_name(path: Path, number: int, armature: bpy.types.Object) -> str:
    """The name of a take's Action: the take's, and of all characters but the first also theirs."""
    return path.stem if number == 0 else f"{path.stem} {armature.name}"


def take_header(parts: Sequence[Part]) -> dict:
    """Where the first character stood, with its calibration, and of all parts by person."""
    out = parts[0].header()
    if len(parts) > 1:
        out["people"] = {str(part.person): part.header() for part in reversed(parts)}
    return out


def header_of(header: dict, number: int, person: int) -> dict:
    """What a take's header says of the person of the character `number`; the first has all that is said of nobody."""
    people = header.get("people")
    own = people.get(str(person)) if isinstance(people, dict) else None
    return own if isinstance(own, dict) else ({} if number else header)


def stand_header(stand: Stand) -> dict:
    return {"location": [float(number) for number in stand.location], "heading_rad": float(stand.heading_rad)}


def stand_in(header: dict) -> Stand | None:
    """Where the character stood when the take was recorded, if the header says so."""
    try:
        x, y, z = (float(number) for number in header["stand"]["location"])
        return Stand((x, y, z), float(header["stand"]["heading_rad"]))
    except (KeyError, TypeError, ValueError):
        return None


def frames_a_second(scene: bpy.types.Scene) -> float:
    return scene.render.fps / scene.render.fps_base


def new_path() -> Path:
    """A take's file that does not exist yet: its number is one more than those of the folder and of the file's
    Actions."""
    folder = places.takes_folder()
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except OSError:  # it is made with the take, or the journal says why not
        names = []
    names += [one.name for one in bpy.data.actions]
    numbers = [int(found[1]) for found in map(_NUMBERED.match, names) if found]
    return folder / f"Take {max(numbers, default=0) + 1}{SUFFIX}"
