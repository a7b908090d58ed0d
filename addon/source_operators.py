"""The operators of sources: playing a take, and finding cameras."""

from pathlib import Path
from typing import ClassVar

import bpy

from . import cameras, machine, setting_up, sources
from .core import places
from .core.take import SUFFIX
from .operators import Operator, require
from .session import session
from .worker_process import WorkerError


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


class MOCAP_OT_find_cameras(Operator, bpy.types.Operator):
    bl_idname = "mocap.find_cameras"
    bl_label = "Find Cameras"
    bl_description = "Have the worker look which cameras its computer has; Blender goes on meanwhile"

    @classmethod
    def poll(cls, context):
        here = setting_up.is_local()
        return require(cls, here or session.link is not None, "Connect first: the worker is on another machine")

    def run(self, context):
        try:
            cameras.ask(None if setting_up.is_local() else session.link)
        except WorkerError as error:
            raise sources.SourceError(str(error)) from error


CLASSES = (MOCAP_OT_replay_take, MOCAP_OT_find_cameras)
