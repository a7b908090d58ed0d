"""A take being recorded: every packet into the journal, live poses as keys of the Action to be."""

import datetime
import os
from pathlib import Path

import bpy

from . import action
from .core import places
from .core.calibration import Calibration
from .core.pipeline import Stand
from .core.protocol import PosePacket
from .core.solve.rig import RigPose
from .core.take import SUFFIX, TakeError, TakeWriter
from .held import pose_of
from .rig import Target


class Recording:
    """Open from Record to Stop. Raises TakeError where the journal cannot be written.

    stand: where the character stood, and calibration; the header keeps both, so that loading the take gives the same
    Action. held: the character's pose, for hips and legs that do not follow.
    first_frame: the playhead's, where the take starts.
    """

    def __init__(
        self,
        target: Target,
        stand: Stand,
        armature: bpy.types.Object,
        scene: bpy.types.Scene,
        source: str,
        calibration: Calibration | None = None,
    ):
        header = {"app": "ViTPose Live Mocap for Blender", "fps": frames_a_second(scene), "source": source}
        header |= {"stand": stand_header(stand)}
        if calibration is not None:
            header |= {"calibration": calibration.as_header()}
        self.writer = TakeWriter(new_path(), header)
        self.packets: list[PosePacket] = []
        self.target, self.stand = target, stand
        self.calibration, self.held = calibration, pose_of(armature, target)
        self.first_frame = scene.frame_current
        self.fps = frames_a_second(scene)
        self.action_name = ""
        self._start_s: float | None = None
        self._make_action(armature)

    @property
    def path(self) -> Path:
        return self.writer.path

    def take(self, packets: list[PosePacket]) -> None:
        """Keep what came; raises TakeError once where the disk does not take it."""
        for packet in packets:
            if self._start_s is None:
                self._start_s = packet.timestamp
            self.packets.append(packet)
            self.writer.write(packet)

    def show(self, pose: RigPose) -> None:
        """Add a live pose to the keys on the timeline."""
        if self._start_s is None:
            return
        frame = self.first_frame + round((pose.time_s - self._start_s) * self.fps)
        values = self.target.values(pose.rotations[None], pose.hips_location[None])
        self._keys.add(frame, [numbers[0] for numbers in values])

    def write_some(self, armature: bpy.types.Object, now: float) -> None:
        """Bring a share of the waiting keys onto the timeline."""
        live = bpy.data.actions.get(self.action_name)
        if live is None:  # an undo took it away; the journal has everything, so keys simply go on
            live = self._make_action(armature)
        self._keys.write_some(live, now)

    def close(self) -> None:
        """End the journal, whatever the disk says: what could be written is kept."""
        try:
            self.writer.close()
        except TakeError:
            pass

    def discard(self, armature: bpy.types.Object | None) -> None:
        """Take the Action away again; the journal, too, where nothing came."""
        live = bpy.data.actions.get(self.action_name)
        if live is not None:
            action.remove(live, armature)
        if not self.packets:
            self.path.unlink(missing_ok=True)

    def _make_action(self, armature: bpy.types.Object) -> bpy.types.Action:
        live = action.new(armature, self.path.stem)
        self.action_name = live.name
        self._keys = action.LiveKeys(live, self.target.channels)
        return live


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
    """A take's file that does not exist yet, named after the time."""
    folder = places.takes_folder()
    name = datetime.datetime.now().strftime("Take %Y-%m-%d %H-%M-%S")
    path, number = folder / f"{name}{SUFFIX}", 2
    while os.path.lexists(path):
        path, number = folder / f"{name} ({number}){SUFFIX}", number + 1
    return path
