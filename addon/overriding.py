"""A linked character made an override, which is what Blender lets a file pose of what lies in another."""

from typing import ClassVar

import bpy

from .character import CharacterError
from .operators import Operator, require


class MOCAP_OT_make_override(Operator, bpy.types.Operator):
    bl_idname = "mocap.make_override"
    bl_label = "Make Override"
    bl_description = "The character is linked from another file. Drive an override of it, which can be posed"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return require(cls, is_linked(context.scene.mocap.target), "The character is not linked")

    def run(self, context):
        scene = context.scene.mocap
        linked = scene.target
        made = override(context, linked)
        scene.target = made
        for row in scene.characters:
            if row.armature == linked:
                row.armature = made
        return f"{made.name} is an override of the character in {linked.library.filepath}"


def is_linked(armature: bpy.types.Object | None) -> bool:
    return armature is not None and armature.library is not None


def override(context: bpy.types.Context, linked: bpy.types.Object) -> bpy.types.Object:
    """The armature's override in the scene: with all of its collection, where that is linked, too. Raises
    CharacterError."""
    scene = context.scene
    instance = next(
        (item for item in scene.objects if (of := item.instance_collection) and linked in of.all_objects[:]), None
    )
    collection = next(
        (item for item in scene.collection.children_recursive if item.library and linked in item.all_objects[:]), None
    )
    whole = instance.instance_collection if instance is not None else collection
    (whole or linked).override_hierarchy_create(scene, context.view_layer, reference=instance, do_fully_editable=True)
    made = {item.override_library.reference: item for item in scene.objects if item.override_library}
    if linked not in made:
        raise CharacterError(
            f"Blender makes no override of {linked.name}. Link its collection (File ▸ Link), and choose the armature "
            "in that."
        )
    if instance is not None:  # what it showed stands where it stood
        instance.instance_type = "NONE"
        for reference, item in made.items():
            if item.parent is None and reference in whole.all_objects[:]:
                item.parent = instance
    for holder in (scene.collection, *scene.collection.children_recursive):
        if holder.library is None and holder.override_library is None:
            if collection is not None and collection in holder.children[:]:
                holder.children.unlink(collection)
            for reference in made:
                if reference in holder.objects[:]:
                    holder.objects.unlink(reference)
    return made[linked]


CLASSES = (MOCAP_OT_make_override,)
