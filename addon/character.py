"""The character that comes with the add-on: default_model.glb, imported where the 3D cursor is."""

from pathlib import Path

import bpy

from . import context_owner

_FILE = Path(__file__).parent / "assets" / "default_model.glb"


class CharacterError(Exception):
    """The character cannot be added; the text is a sentence for the user."""


def add(context: bpy.types.Context) -> bpy.types.Object:
    """Import the character and give its armature, selected and active."""
    if not hasattr(bpy.types, "IMPORT_SCENE_OT_gltf"):
        raise CharacterError("Blender's glTF add-on is off; enable “glTF 2.0 format” in the preferences.")
    context_owner.renew()
    before = set(bpy.data.objects)
    try:
        # The bones keep the axes they have in the file; without this they would get balls to look at.
        bpy.ops.import_scene.gltf(filepath=str(_FILE), bone_heuristic="BLENDER", disable_bone_shape=True)
    except RuntimeError as error:
        raise CharacterError(f"The character cannot be imported: {str(error).strip()}") from error
    added = [item for item in bpy.data.objects if item not in before]
    armature = next(item for item in added if item.type == "ARMATURE")
    armature.show_in_front = False  # so that the character is seen and not its bones
    armature.location = context.scene.cursor.location
    for item in context.selected_objects:
        item.select_set(False)
    armature.select_set(True)
    context.view_layer.objects.active = armature
    context.view_layer.update()
    return armature
