"""The sub-panel Preview."""

from typing import ClassVar

import bpy

from . import preferences
from .drawing import Panel, sentence
from .ghost import ghost
from .preview import preview


class MOCAP_PT_preview(Panel, bpy.types.Panel):
    bl_label = "Preview"
    bl_parent_id = "MOCAP_PT_main"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw_header(self, context):
        self.layout.prop(preferences.of(context), "preview", text="")

    def draw(self, context):
        machine = preferences.of(context)
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        rows = column.column()
        rows.active = machine.preview
        rows.prop(machine, "preview_size")
        rows.prop(machine, "preview_corner")
        column.prop(machine, "ghost")
        if preview.says:
            sentence(self.layout.column(align=True), preview.says, "INFO")


def register() -> None:
    preview.follow()
    ghost.follow()


def unregister() -> None:
    preview.end()
    ghost.end()


CLASSES = (MOCAP_PT_preview,)
