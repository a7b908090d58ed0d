"""The sub-panel Recording: when takes begin and end, and what of the body they are of."""

from typing import ClassVar

import bpy

from . import filming, masks
from .drawing import Panel, sentence
from .session import session


class MOCAP_PT_recording(Panel, bpy.types.Panel):
    bl_label = "Recording"
    bl_parent_id = "MOCAP_PT_main"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}
    bl_order = 0

    def draw(self, context):
        record = context.scene.mocap.record
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(record, "countdown_s")
        column.prop(record, "length_s")
        column.prop(record, "hands_free")
        column.prop(record, "play")
        row = column.row()
        row.active = record.play
        row.prop(record, "offset_ms", text="Offset (ms)")
        column.prop(record, "keep_video")
        if session.filming is not None:
            problem = session.filming.problem
        else:
            problem = filming.hindrance(session.link) if record.keep_video else ""
        if problem:
            sentence(self.layout.column(align=True), problem, "INFO")
        self.layout.label(text="Parts that Follow")
        flow = self.layout.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
        flow.prop(record, "mask", expand=True)
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        row = column.row()
        row.active = masks.whole(record.mask)
        row.prop(record, "destination")


CLASSES = (MOCAP_PT_recording,)
