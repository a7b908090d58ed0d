"""The operators of sources that need no worker."""

from pathlib import Path
from typing import ClassVar

import bpy

from . import machine, sources
from .core import places
from .core.take import SUFFIX
from .operators import Operator, require
from .session import session


class MOCAP_OT_replay_take(Operator, bpy.types.Operator):
    bl_idname = "mocap.replay_take"
    bl_label = "Replay Take"
    bl_description = "Play a take in real time as if it were captured now; it can be recorded again"
    bl_options: ClassVar = {"REGISTER"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=f"*{SUFFIX}", options={"HIDDEN"})
    loop: bpy.props.BoolProperty(name="Loop", description="Play it again and again")

    @classmethod
    def poll(cls, context):
        return require(cls, session.recording is None, "Stop recording first")

    def invoke(self, context, event):
        self.loop = machine.get("replay_loop")
        if self.filepath:
            return self.execute(context)
        self.filepath = str(places.takes_folder() / "")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context):
        path = Path(bpy.path.abspath(self.filepath))
        if path.suffix != SUFFIX or not path.is_file():
            raise sources.SourceError(f"{path} is no take; a file that ends with {SUFFIX} was expected.")
        sources.choose_kind("TAKE")
        machine.put("source", str(path))
        machine.put("replay_loop", self.loop)
        session.start_capture(context.scene)


CLASSES = (MOCAP_OT_replay_take,)
