"""The operators `mocap.*`: each checks, calls one function and reports."""

from pathlib import Path
from typing import ClassVar

import bpy

from . import action, character, export, rig, sources, take_layers
from .core import places
from .core.bone_map import BoneMapError
from .core.make_worker import SetupError
from .core.take import SUFFIX
from .driven import assigned
from .session import SessionError, session
from .translations import say

_ERRORS = (SessionError, character.CharacterError, export.ExportError, BoneMapError, sources.SourceError, SetupError)


class Operator:
    """Turns known errors into a report."""

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            done = self.run(context)
        except _ERRORS as error:
            self.report({"ERROR"}, say(str(error)))
            return {"CANCELLED"}
        if done:
            self.report({"INFO"}, say(done))
        return {"FINISHED"}


def require(cls, condition: bool, otherwise: str) -> bool:
    if not condition:
        cls.poll_message_set(say(otherwise))
    return condition


class MOCAP_OT_connect(Operator, bpy.types.Operator):
    bl_idname = "mocap.connect"
    bl_label = "Connect"
    bl_description = "Listen for poses, from a worker that runs already or any other sender"

    @classmethod
    def poll(cls, context):
        return require(cls, session.link is None, "Connected already")

    def run(self, context):
        session.connect(context.scene)
        if session.link.port != context.scene.mocap.port != 0:
            return f"Port {context.scene.mocap.port} is in use; listening at {session.link.port}."


class MOCAP_OT_disconnect(Operator, bpy.types.Operator):
    bl_idname = "mocap.disconnect"
    bl_label = "Disconnect"
    bl_description = "Stop listening, and end the worker if Blender started it"

    @classmethod
    def poll(cls, context):
        return require(cls, session.link is not None, "Not connected")

    def run(self, context):
        session.disconnect()


class MOCAP_OT_start_capture(Operator, bpy.types.Operator):
    bl_idname = "mocap.start_capture"
    bl_label = "Start Capture"
    bl_description = "Have the worker film the source; it is started if it does not run"

    @classmethod
    def poll(cls, context):
        return require(cls, sources.is_chosen(), "Choose a source first")

    def run(self, context):
        session.start_capture(context.scene)


class MOCAP_OT_stop_capture(Operator, bpy.types.Operator):
    bl_idname = "mocap.stop_capture"
    bl_label = "Stop Capture"
    bl_description = "Have the worker let go of the source"

    @classmethod
    def poll(cls, context):
        return require(cls, session.link is not None, "Nothing is captured")

    def run(self, context):
        session.stop_capture()


class MOCAP_OT_dismiss(Operator, bpy.types.Operator):
    bl_idname = "mocap.dismiss"
    bl_label = "Dismiss"
    bl_description = "Take this message away"

    @classmethod
    def poll(cls, context):
        return require(cls, session.can_dismiss, "There is no message, or what it says is still so")

    def run(self, context):
        session.dismiss()


class MOCAP_OT_add_default_rig(Operator, bpy.types.Operator):
    bl_idname = "mocap.add_default_rig"
    bl_label = "Add Default Character"
    bl_description = "Add the character that comes with the add-on, and drive it"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return require(cls, context.mode == "OBJECT", "Leave the current mode first")

    def run(self, context):
        context.scene.mocap.target = character.add(context)


class MOCAP_OT_recentre(Operator, bpy.types.Operator):
    bl_idname = "mocap.recentre"
    bl_label = "Recentre"
    bl_description = "Put the character back where it stood when the capture began, facing as it did"

    @classmethod
    def poll(cls, context):
        return require(cls, session.link is not None, "Start the capture first") and require(
            cls, session.recording is None, "Stop recording first: a take goes on from where it began"
        )

    def run(self, context):
        session.recentre()


class MOCAP_OT_calibrate(Operator, bpy.types.Operator):
    bl_idname = "mocap.calibrate"
    bl_label = "Calibrate"
    bl_description = (
        "After a countdown, two seconds of standing tell your height and bone lengths, the floor, which way is up and "
        "where you face. Press again to cancel"
    )

    @classmethod
    def poll(cls, context):
        return require(cls, session.link is not None, "Start the capture first") and require(
            cls, session.recording is None, "Stop recording first: a take has one calibration"
        )

    def run(self, context):
        session.calibrate()


class MOCAP_OT_forget_calibration(Operator, bpy.types.Operator):
    bl_idname = "mocap.forget_calibration"
    bl_label = "Forget Calibration"
    bl_description = "Go on from what is estimated as you move"

    @classmethod
    def poll(cls, context):
        return require(cls, session.calibration is not None, "Nothing is calibrated") and require(
            cls, session.recording is None, "Stop recording first: a take has one calibration"
        )

    def run(self, context):
        session.forget_calibration()


class MOCAP_OT_record_start(Operator, bpy.types.Operator):
    bl_idname = "mocap.record_start"
    bl_label = "Record"
    bl_description = "Record a take from the playhead on. Its key in the 3D view is Ctrl Alt R"

    @classmethod
    def poll(cls, context):
        return (
            require(cls, session.link is not None, "Start the capture first")
            and require(cls, session.recording is None and session.cues.begins_s is None, "Recording already")
            and require(cls, session.solving is None, "Wait until the last take is solved")
        )

    def run(self, context):
        session.record(context.scene)


class MOCAP_OT_record_stop(Operator, bpy.types.Operator):
    bl_idname = "mocap.record_stop"
    bl_label = "Stop Recording"
    bl_description = "End the take and make its final Action"

    @classmethod
    def poll(cls, context):
        running = session.recording is not None or session.cues.begins_s is not None
        return require(cls, running, "Nothing is being recorded")

    def run(self, context):
        if session.cues.begins_s is not None:
            session.cues.cancel()
        else:
            session.record_stop()


class MOCAP_OT_load_take(Operator, bpy.types.Operator):
    bl_idname = "mocap.load_take"
    bl_label = "Load Take"
    bl_description = "Make an Action of a take, for the character and from the playhead on"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=f"*{SUFFIX};*.jsonl", options={"HIDDEN"})

    @classmethod
    def description(cls, context, properties):
        elsewhere = "Look for a take's file, and make an Action of it for the character, from the playhead on"
        return say(cls.bl_description if properties.filepath else elsewhere)

    @classmethod
    def poll(cls, context):
        return require(cls, has_character(context), "Choose a character first")

    def invoke(self, context, event):
        if self.filepath:
            return self.execute(context)
        self.filepath = str(places.takes_folder() / "")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context):
        session.load_take(Path(bpy.path.abspath(self.filepath)), context.scene)


class MOCAP_OT_remove_take(Operator, bpy.types.Operator):
    bl_idname = "mocap.remove_take"
    bl_label = "Remove Take"
    bl_description = (
        "Delete the take's Action from the character, and from others that play the same take, and put back what was "
        "before it. The recorded file stays"
    )
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return (
            require(cls, has_character(context), "Choose a character first")
            and require(cls, take_layers.top(context.scene.mocap.target) is not None, "The character plays no take")
            and require(cls, session.recording is None and session.solving is None, "Stop recording first")
        )

    def run(self, context):
        path = action.noted(take_layers.top(context.scene.mocap.target), "path")
        for number, (armature, _) in enumerate(assigned(context.scene)):
            take = take_layers.top(armature)
            if number == 0 or (take is not None and path and action.noted(take, "path") == path):
                take_layers.remove(take, armature)


def has_character(context: bpy.types.Context) -> bool:
    target = context.scene.mocap.target
    return target is not None and rig.is_armature(None, target) and target.name in context.scene.objects


CLASSES = (
    MOCAP_OT_connect,
    MOCAP_OT_disconnect,
    MOCAP_OT_start_capture,
    MOCAP_OT_stop_capture,
    MOCAP_OT_dismiss,
    MOCAP_OT_add_default_rig,
    MOCAP_OT_recentre,
    MOCAP_OT_calibrate,
    MOCAP_OT_forget_calibration,
    MOCAP_OT_record_start,
    MOCAP_OT_record_stop,
    MOCAP_OT_load_take,
    MOCAP_OT_remove_take,
)
