"""The sub-panel Camera: the mode that the camera is asked for, and how its pictures are turned."""

from typing import ClassVar

import bpy

from . import preferences
from .drawing import Panel
from .sources import kind


class MOCAP_PT_camera(Panel, bpy.types.Panel):
    bl_label = "Camera"
    bl_parent_id = "MOCAP_PT_main"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        return kind() in ("CAMERA", "FILE")

    def draw(self, context):
        machine_settings = preferences.of(context)
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        if kind() == "CAMERA":
            for name in ("camera_size", "camera_rate", "camera_mjpg"):
                column.prop(machine_settings, name)
        column.row().prop(machine_settings, "picture_rotate", expand=True)
        column.prop(machine_settings, "picture_mirror")


CLASSES = (MOCAP_PT_camera,)
