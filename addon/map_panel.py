"""The sub-panel "Bones": the character's map, what it lacks, and what else is to be known of the rig."""

from typing import ClassVar

import bpy

from . import bone_maps
from .core import bone_map
from .drawing import Panel, sentence


class MOCAP_PT_bones(Panel, bpy.types.Panel):
    bl_label = "Bones"
    bl_parent_id = "MOCAP_PT_main"
    bl_order = 0
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        armature = context.scene.mocap.target
        row = layout.row(align=True)
        row.operator("mocap.map_rig", icon="VIEWZOOM")
        row.operator("mocap.load_bone_map", text="", icon="FILE_FOLDER")
        row.operator("mocap.save_bone_map", text="", icon="FILE_TICK")
        kept = bone_maps.entry(context.scene, armature)
        if kept is None:
            return
        column = layout.column(align=True)
        column.label(text=kept.title, icon="BONE_DATA")
        for part, effect in bone_map.missing(bone_maps.bones_of(kept)):
            sentence(column, f"No {_title(part)}: {effect}.", "INFO")
        for note in bone_maps.notes(kept):
            sentence(column, note, "ERROR")
        column = layout.column(align=True)
        column.use_property_split = True
        column.use_property_decorate = False
        for item in kept.bones:
            if item.name in bone_map.BODY_PARTS or item.name in bone_map.TWIST_PARTS:
                column.prop_search(item, "bone", armature.data, "bones", text=_title(item.name).capitalize())


def _title(part: str) -> str:
    """`leftUpperArm` as "left upper arm"."""
    return "".join(f" {letter.lower()}" if letter.isupper() or letter.isdigit() else letter for letter in part).strip()


CLASSES = (MOCAP_PT_bones,)
