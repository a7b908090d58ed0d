"""The sidebar's tab "Mocap": reads the session's figures and draws, changes nothing."""

from typing import ClassVar

import bpy

from . import models_panel, preferences, setup_panel, sources
from .drawing import Panel, figures, sentence
from .overriding import is_linked
from .session import session
from .studio_presets import MOCAP_PT_presets
from .translations import say

_STATES = {
    "off": ("Off", "PAUSE"),
    "connected": ("Listening", "LINKED"),
    "looking": ("Looking up the worker", "SORTTIME"),
    "waiting": ("Waiting for the worker", "SORTTIME"),
    "idle": ("Worker is ready", "LINKED"),
    "loading": ("Loading", "SORTTIME"),
    "capturing": ("Capturing", "CAMERA_DATA"),
    "nobody": ("Capturing, nobody in view", "GHOST_DISABLED"),
    "camera_lost": ("Camera lost", "ERROR"),
    "ended": ("The source has ended", "CHECKMARK"),
    "error": ("Error", "ERROR"),
    "counting": ("About to record", "TIME"),
    "recording": ("Recording", "REC"),
    "solving": ("Solving the take", "SORTTIME"),
}


class MOCAP_PT_main(Panel, bpy.types.Panel):
    bl_label = "Live Mocap"

    def draw(self, context):
        layout = self.layout
        stats = session.stats()
        setup_panel.notice(layout)
        self._character(context, layout)
        self._source(context, layout)
        self._buttons(layout, stats)
        self._motion(context, layout, stats)
        self._status(layout, stats)

    def _character(self, context, layout):
        column = layout.column(align=True)
        target = {"text": "", "icon": "OUTLINER_OB_ARMATURE"} | _hint("Character")
        column.prop(context.scene.mocap, "target", **target)
        if is_linked(context.scene.mocap.target):
            column.operator("mocap.make_override", icon="LIBRARY_DATA_OVERRIDE")
        else:
            column.operator("mocap.add_default_rig", icon="ADD")

    def _source(self, context, layout):
        machine = preferences.of(context)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        sources.draw(column, machine, preferences.holds_password(machine.source))
        for_worker = column.column()
        for_worker.active = sources.needs_worker()  # what is played in Blender has no model
        for_worker.prop(machine, "model", **_hint("Built-in"))
        for_worker.prop(machine, "device")
        models_panel.advice(layout)

    def _buttons(self, layout, stats):
        column = layout.column(align=True)
        column.scale_y = 1.3
        if stats["wanted"] and stats["state"] != "ended":  # a video can be played again
            column.operator("mocap.stop_capture", icon="SNAP_FACE")
            if stats["changed"]:
                column.operator("mocap.start_capture", text="Restart to Apply Changes", icon="FILE_REFRESH")
        else:
            column.operator("mocap.start_capture", icon="PLAY")
        row = column.row(align=True)
        row.alert = stats["state"] in ("recording", "counting")
        if stats["state"] == "counting":
            row.operator("mocap.record_stop", text=say(f"Recording in {stats['countdown_s']} …"), icon="CANCEL")
        elif stats["state"] == "recording":
            row.operator("mocap.record_stop", icon="SNAP_FACE")
        else:
            row.operator("mocap.record_start", icon="REC")

    def _motion(self, context, layout, stats):
        column = layout.column(align=True)
        row = column.row(align=True)
        row.operator("mocap.recentre", icon="PIVOT_CURSOR")
        calibrating = session.calibrating is not None
        row.operator("mocap.calibrate", text="Cancel" if calibrating else "Calibrate", icon="ARMATURE_DATA")
        if stats["calibration"]:
            row = column.row(align=True)
            row.label(text=say(stats["calibration"]), icon="TIME" if calibrating else "CHECKMARK")
            if not calibrating:
                row.operator("mocap.forget_calibration", text="", icon="X")
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        row = column.row()
        row.prop(context.scene.mocap, "smoothness", slider=True)
        row.label(text=say(f"{stats['lag_ms']:.0f} ms late"))
        row = column.row()
        row.prop(context.scene.mocap, "legs")
        if stats["seated"]:
            row.label(text="holding")

    def _status(self, layout, stats):
        box = layout.box()
        row = box.row()
        title, icon = _STATES["nobody" if _nobody(stats) else stats["state"]]
        row.label(text=title, icon=icon)
        if stats["state"] == "off":
            row.operator("mocap.connect", text="", icon="LINKED")
        else:
            row.operator("mocap.disconnect", text="", icon="UNLINKED")
        column = box.column(align=True)
        if stats["message"]:
            sentence(column, stats["message"], "NONE")
        if stats["progress"] is not None:
            column.progress(factor=stats["progress"], text=f"{stats['progress']:.0%}")
        if stats["state"] != "off":
            self._figures(column, stats)
        if stats["error"]:
            row = column.row()
            sentence(row, stats["error"], "ERROR")
            if session.can_dismiss:
                row.operator("mocap.dismiss", text="", icon="X", emboss=False)
            if stats["state"] in ("connected", "waiting"):  # the capture ended by it, or nobody answers
                box.operator("mocap.start_capture", text="Start Again", icon="FILE_REFRESH")

    def _figures(self, column, stats):
        latency = stats["latency_ms"]
        rows = [("Poses", f"{stats['fps']:.0f} a second")]
        if latency:
            rows.append(("Latency", f"{latency['p50']:.0f} ms, p95 {latency['p95']:.0f} ms"))
        if stats["received"]:
            rows.append(("Packets", f"{stats['lost']} lost, {stats['late']} late, {stats['bad']} bad"))
        if stats["state"] == "recording":
            rows.append(("Recorded", f"{stats['recorded']} packets"))
        figures(column, rows)


class MOCAP_PT_settings(Panel, bpy.types.Panel):
    bl_label = "Settings"
    bl_parent_id = "MOCAP_PT_main"
    bl_order = 9
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, context):
        MOCAP_PT_presets.draw_panel_header(self.layout)

    def draw(self, context):
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        scene, machine = context.scene.mocap, preferences.of(context)
        column.prop(scene, "level")
        column.prop(scene, "mirror")
        column.prop(scene, "people")
        column.prop(scene, "port")
        column.separator()
        column.prop(machine, "takes_folder")


def _nobody(stats: dict) -> bool:
    """True while frames come and show nobody, which is no loss."""
    return stats["state"] == "capturing" and stats["received"] > 0 and not stats["people"]


def _hint(text: str) -> dict:
    """What an empty field says, where this Blender can show it."""
    known = "placeholder" in bpy.types.UILayout.bl_rna.functions["prop"].parameters
    return {"placeholder": say(text)} if known else {}


CLASSES = (MOCAP_PT_main, MOCAP_PT_settings)
