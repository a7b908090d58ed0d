"""The sub-panel "Export": which takes, as what, under which names."""

from typing import ClassVar

import bpy

from . import export
from .drawing import Panel, sentence
from .export_operator import chosen, draw_settings, of_character
from .exporting import exporting
from .translations import say


class MOCAP_PT_export(Panel, bpy.types.Panel):
    bl_label = "Export"
    bl_parent_id = "MOCAP_PT_main"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        target, settings = context.scene.mocap.target, context.scene.mocap_export
        takes = of_character(target) if target is not None else []
        playing = export.action_of(target) if target is not None else None
        column = layout.column(align=True)
        for take in takes:
            row = column.row(align=True)
            row.prop(take, "mocap_export", text="")
            row.label(text=take.name, icon="PLAY" if take == playing else "ACTION")
        ticked = chosen(context) if takes else []
        if not ticked:
            column.label(
                text=say(f"What plays: {playing.name}" if playing else "No take on the character"), icon="INFO"
            )
        draw_settings(layout, settings)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "names")
        text = say(f"Export {len(ticked)} Takes…") if len(ticked) > 1 else "Export…"
        layout.operator("mocap.export", text=text, icon="EXPORT")
        if exporting.running:
            column = layout.column(align=True)
            column.progress(factor=exporting.share, text=f"{say(exporting.doing)} {exporting.share:.0%}")
            if exporting.doing != export.BLENDER_WRITES:
                column.label(text="Escape cancels", icon="EVENT_ESC")
        elif exporting.problem:
            sentence(layout, exporting.problem, "ERROR")


CLASSES = (MOCAP_PT_export,)
