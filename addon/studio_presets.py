"""Presets for the studio, as Blender's own panels have them: what a scene is captured, recorded and exported with.

Blender keeps them as files in its user folder, `scripts/presets/mocap`.
"""

from typing import ClassVar

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

_FOLDER = "mocap"
_KEPT = {
    "mocap": ("level", "mirror", "smoothness", "contact", "legs", "people"),
    "record": ("countdown_s", "length_s", "hands_free", "play", "offset_ms", "keep_video", "mask", "destination"),
    "keys": ("reduce", "error_deg", "error_mm"),
    "export": ("format", "preset", "fps", "root_motion", "deform_only", "names"),
}


class MOCAP_PT_presets(PresetPanel, bpy.types.Panel):
    bl_label = "Studio Presets"
    bl_space_type = "VIEW_3D"
    preset_subdir = _FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "mocap.preset_add"


class MOCAP_OT_preset_add(AddPresetBase, bpy.types.Operator):
    bl_idname = "mocap.preset_add"
    bl_label = "Add or Remove Studio Preset"
    bl_description = "Keep how this scene is captured, recorded and exported, for other files too"
    preset_menu = "MOCAP_PT_presets"
    preset_subdir = _FOLDER
    preset_defines: ClassVar = [
        "mocap = bpy.context.scene.mocap",
        "record = keys = mocap.record",
        "export = bpy.context.scene.mocap_export",
    ]
    preset_values: ClassVar = [f"{owner}.{name}" for owner, names in _KEPT.items() for name in names]


CLASSES = (MOCAP_PT_presets, MOCAP_OT_preset_add)
