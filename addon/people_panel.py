"""The sub-panel "People": which person drives which character. It is not there for one person alone."""

from typing import ClassVar

import bpy

from . import rig
from .driven import assigned
from .operators import Operator, has_character, require
from .panels import Panel, sentence
from .session import session
from .translations import say


class MOCAP_OT_assign_character(Operator, bpy.types.Operator):
    bl_idname = "mocap.assign_character"
    bl_label = "Add Character"
    bl_description = "Let another character be driven, by the next person: the selected armature, or one to be chosen"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return require(cls, has_character(context), "Choose a character first") and require(
            cls, session.recording is None, "Stop recording first"
        )

    def run(self, context):
        taken = assigned(context.scene)
        followed = [person for _, person in taken]
        seen = [person for person in session.stats()["people"] if person not in followed]
        row = context.scene.mocap.characters.add()
        row.person = seen[0] if seen else next(person for person in range(100) if person not in followed)
        driven = [armature for armature, _ in taken]
        free = [item for item in context.selected_objects if rig.is_armature(None, item) and item not in driven]
        if free:
            row.armature = free[0]


class MOCAP_OT_unassign_character(Operator, bpy.types.Operator):
    bl_idname = "mocap.unassign_character"
    bl_label = "Remove Character"
    bl_description = "Drive this character no longer. It stays as it is, with its takes"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    index: bpy.props.IntProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return require(cls, len(context.scene.mocap.characters) > 0, "There are no further characters") and require(
            cls, session.recording is None, "Stop recording first"
        )

    def run(self, context):
        context.scene.mocap.characters.remove(self.index)


class MOCAP_PT_people(Panel, bpy.types.Panel):
    bl_label = "People"
    bl_parent_id = "MOCAP_PT_main"
    bl_order = 0

    @classmethod
    def poll(cls, context):
        scene = context.scene.mocap
        return scene.people > 1 or scene.person > 0 or len(scene.characters) > 0 or len(session.stats()["people"]) > 1

    def draw(self, context):
        layout, scene, seen = self.layout, context.scene.mocap, session.stats()["people"]
        column = layout.column(align=True)
        _row(column, scene, "target", seen)
        for index, character in enumerate(scene.characters):
            row = _row(column, character, "armature", seen)
            row.operator("mocap.unassign_character", text="", icon="REMOVE").index = index
            given = [scene.target, *(each.armature for each in scene.characters[:index])]
            if character.armature is not None and character.armature in given:
                sentence(column, f"{character.armature.name} is driven by the person above already.", "ERROR")
        layout.operator("mocap.assign_character", icon="ADD")
        layout.label(text=say(f"In the picture: {', '.join(map(str, seen)) or say('nobody')}"), icon="COMMUNITY")


def _row(column, owner, armature, seen):
    row = column.row(align=True)
    part = row.row(align=True)
    part.scale_x = 0.45
    part.prop(owner, "person", text="")
    row.prop(owner, armature, text="", icon="OUTLINER_OB_ARMATURE")
    return row


CLASSES = (MOCAP_OT_assign_character, MOCAP_OT_unassign_character, MOCAP_PT_people)
