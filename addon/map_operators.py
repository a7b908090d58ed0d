"""The operators that find, save and load a character's bone map."""

from pathlib import Path
from typing import ClassVar

import bpy

from . import bone_maps, rig
from .core import bone_map
from .core.bone_map import BoneMapError
from .core.solve.rig import RigError
from .operators import Operator, has_character, require


class MOCAP_OT_map_rig(Operator, bpy.types.Operator):
    bl_idname = "mocap.map_rig"
    bl_label = "Find Bones"
    bl_description = "Find which bone of the character is which part of the body, by names, else by shape"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return require(cls, has_character(context), "Choose a character first")

    def run(self, context):
        armature = context.scene.mocap.target
        match = bone_maps.find(armature)
        return _keep(context.scene, armature, match.bone_map, match.notes)


class MOCAP_OT_load_bone_map(Operator, bpy.types.Operator):
    bl_idname = "mocap.load_bone_map"
    bl_label = "Load Bone Map"
    bl_description = "Read the character's bone map from a file"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=f"*{bone_map.SUFFIX}", options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        return require(cls, has_character(context), "Choose a character first")

    def invoke(self, context, event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context):
        armature = context.scene.mocap.target
        mapped = bone_map.read(Path(bpy.path.abspath(self.filepath)))
        absent = [bone for bone in mapped.bones.values() if bone not in armature.data.bones]
        if mapped.bones and len(absent) == len(mapped.bones):
            raise BoneMapError(
                f"The bone map “{mapped.name}” is another rig's: {armature.name} has none of its bones, such as "
                f"{absent[0]}."
            )
        notes = (f"{armature.name} has no {', no '.join(absent)}, which the map names.",) if absent else ()
        return _keep(context.scene, armature, mapped, notes)


class MOCAP_OT_save_bone_map(Operator, bpy.types.Operator):
    bl_idname = "mocap.save_bone_map"
    bl_label = "Save Bone Map"
    bl_description = "Write the character's bone map to a file"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=f"*{bone_map.SUFFIX}", options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        return require(cls, has_character(context), "Choose a character first")

    def invoke(self, context, event):
        self.filepath = bpy.path.clean_name(context.scene.mocap.target.name) + bone_map.SUFFIX
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context):
        path = Path(bpy.path.abspath(self.filepath)).with_suffix(bone_map.SUFFIX)
        bone_map.write(path, bone_maps.of(context.scene, context.scene.mocap.target))
        return f"Saved {path}"


def _keep(scene, armature, mapped, notes) -> str:
    """Keep a map, with what there is to tell of it, which is also returned."""
    try:
        notes = (*notes, *rig.notes(armature), *rig.read(armature, mapped).driving.notes)
        problem = ""
    except RigError as error:
        problem = str(error)
    bone_maps.keep(scene, armature, mapped, notes)
    if problem:
        raise BoneMapError(problem)
    said = [f"{mapped.name}: {len(mapped.bones)} bones."]
    said += [f"No {part}: {effect}." for part, effect in bone_map.missing(mapped.bones)]
    return " ".join((*said, *notes))


CLASSES = (MOCAP_OT_map_rig, MOCAP_OT_load_bone_map, MOCAP_OT_save_bone_map)
