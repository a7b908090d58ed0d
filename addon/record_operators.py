"""Recording at a key, what Stop offers, and the scene's range."""

from typing import ClassVar

import bpy

from . import take_layers
from .operators import Operator, has_character, require
from .session import SessionError, session


class MOCAP_OT_record(Operator, bpy.types.Operator):
    bl_idname = "mocap.record"
    bl_label = "Record or Stop"
    bl_description = "Begin a take, or end the one that is recorded, or its countdown"

    @classmethod
    def poll(cls, context):
        return require(cls, session.link is not None, "Start the capture first") and require(
            cls, session.solving is None, "Wait until the last take is solved"
        )

    def run(self, context):
        if session.cues.begins_s is not None:
            session.cues.cancel()
        elif session.recording is not None:
            session.record_stop()
        else:
            session.record(context.scene)


class Telling:
    """Does nothing but end, and says `text` in the status bar as it does: Blender shows what is reported by an operator
    that it ends itself, not by one that a timer calls."""

    text: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, event):
        wm = context.window_manager
        self._timer = wm.event_timer_add(0.01, window=context.window)
        wm.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        self.cancel(context)
        if self.text:
            self.report({self.kind}, self.text)
        return {"FINISHED", "PASS_THROUGH"}

    def cancel(self, context):
        context.window_manager.event_timer_remove(self._timer)


class MOCAP_OT_keep_take(Telling, bpy.types.Operator):
    """So that Blender makes an undo step."""

    bl_idname = "mocap.keep_take"
    bl_label = "Record Take"
    bl_options: ClassVar = {"UNDO", "INTERNAL"}
    kind = "INFO"


class MOCAP_OT_warn(Telling, bpy.types.Operator):
    """Something went wrong while nobody pressed a button."""

    bl_idname = "mocap.warn"
    bl_label = "Live Mocap"
    bl_options: ClassVar = {"INTERNAL"}
    kind = "WARNING"


class MOCAP_OT_pose_back(Operator, bpy.types.Operator):
    bl_idname = "mocap.pose_back"
    bl_label = "Pose Back"
    bl_description = (
        "Give the characters the pose that they had before the last recording. Where an Action moves them, it does so "
        "again with the next frame"
    )
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return require(cls, bool(session.before), "Nothing was recorded yet") and require(
            cls, session.recording is None and session.solving is None, "Stop recording first"
        )

    def run(self, context):
        if not any([before.put_back(context.scene) for before in session.before]):
            raise SessionError("The character that was recorded is gone.")


class MOCAP_OT_fit_range(Operator, bpy.types.Operator):
    bl_idname = "mocap.fit_range"
    bl_label = "Fit Range"
    bl_description = "Let the scene's frame range be that of the take which the character plays"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return require(cls, has_character(context), "Choose a character first") and require(
            cls, take_layers.top(context.scene.mocap.target) is not None, "The character plays no take"
        )

    def run(self, context):
        scene = context.scene
        first, last = take_layers.span(scene.mocap.target, take_layers.top(scene.mocap.target))
        scene.frame_end = max(round(last), round(first))
        scene.frame_start = max(round(first), 0)
        scene.frame_end = max(round(last), scene.frame_start)


CLASSES = (MOCAP_OT_record, MOCAP_OT_keep_take, MOCAP_OT_warn, MOCAP_OT_pose_back, MOCAP_OT_fit_range)
