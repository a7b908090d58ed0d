"""The sub-panel "Chains": bones that follow something, and the operators that mark and solve them."""

import time
from typing import ClassVar

import bpy

from . import chain_solving, take_layers, window
from .chain_reading import ChainError, bones_of, title
from .drawing import Panel, sentence
from .exporting import exporting
from .operators import Operator, has_character, require
from .session import SessionError, session
from .translations import say

_SLICE_S = 0.03


class MOCAP_OT_mark_chain(Operator, bpy.types.Operator):
    bl_idname = "mocap.mark_chain"
    bl_label = "Mark Chain"
    bl_description = (
        "Let the selected bones, from the first to the last of a chain, follow something in a take: a tail, an arm "
        "from its clavicle, an arm of a prop"
    )
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    root: bpy.props.StringProperty(options={"SKIP_SAVE"})
    tip: bpy.props.StringProperty(options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return require(cls, has_character(context), "Choose a character first")

    def run(self, context):
        scene, armature = context.scene.mocap, context.scene.mocap.target
        root, tip = self.root, self.tip
        if not (root and tip):
            chosen = [bone for bone in context.selected_pose_bones or () if bone.id_data == armature]
            if not chosen:
                raise SessionError(f"Select the chain's first and last bone of {armature.name} in pose mode.")
            chosen.sort(key=lambda bone: len(bone.parent_recursive))
            root, tip = chosen[0].name, chosen[-1].name
        chain = scene.chains.add()
        chain.armature, chain.root, chain.tip = armature, root, tip
        others = [item for item in context.selected_objects if item != armature]
        chain.target = others[0] if others else None
        try:
            bones_of(chain)
        except ChainError as error:
            if chain.target is not None:
                scene.chains.remove(len(scene.chains) - 1)
                raise SessionError(str(error)) from error


class MOCAP_OT_unmark_chain(Operator, bpy.types.Operator):
    bl_idname = "mocap.unmark_chain"
    bl_label = "Remove Chain"
    bl_description = "Let these bones follow nothing. What is keyed of them stays in the take"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    index: bpy.props.IntProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return require(cls, len(context.scene.mocap.chains) > 0, "There are no chains")

    def run(self, context):
        context.scene.mocap.chains.remove(self.index)


class MOCAP_OT_solve_chains(bpy.types.Operator):
    bl_idname = "mocap.solve_chains"
    bl_label = "Solve Chains"
    bl_description = (
        "Let the chains follow their targets over the whole take, and key it there. The worker's program solves it; "
        "Escape cancels"
    )
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return (
            require(cls, len(context.scene.mocap.chains) > 0, "Mark a chain first")
            and require(cls, _plays_a_take(context.scene), "Load or record a take first")
            and require(cls, session.recording is None and session.solving is None, "Stop recording first")
            and require(cls, not exporting.running, "Wait until the export is done")
        )

    def execute(self, context):
        """At once, for scripts."""
        try:
            work = chain_solving.solve(context.scene, list(context.scene.mocap.chains), patience_s=1.0)
            while True:
                next(work)
        except StopIteration as end:
            self.report({"INFO"}, say(end.value))
            return {"FINISHED"}
        except ChainError as error:
            self.report({"ERROR"}, say(str(error)))
            return {"CANCELLED"}

    def invoke(self, context, event):
        if bpy.app.background:
            return self.execute(context)
        self._work = chain_solving.solve(context.scene, list(context.scene.mocap.chains))
        self._timer = context.window_manager.event_timer_add(_SLICE_S, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type == "ESC" and event.value == "PRESS":
            self._work.close()
            return self._end(context, {"CANCELLED"})
        if event.type != "TIMER":
            return {"PASS_THROUGH"} if window.looks_around(event) else {"RUNNING_MODAL"}
        until_s = time.perf_counter() + _SLICE_S
        try:
            doing, share = next(self._work)
            while doing != chain_solving.WAITING and time.perf_counter() < until_s:
                doing, share = next(self._work)
        except StopIteration as end:
            self.report({"INFO"}, say(end.value))
            return self._end(context, {"FINISHED"})
        except ChainError as error:
            self.report({"ERROR"}, say(str(error)))
            return self._end(context, {"CANCELLED"})
        context.workspace.status_text_set(say(f"{doing}: {share:.0%} (Escape cancels)"))
        return {"RUNNING_MODAL"}

    def cancel(self, context):
        self._work.close()
        self._end(context, {"CANCELLED"})

    def _end(self, context, status):
        context.window_manager.event_timer_remove(self._timer)
        context.workspace.status_text_set(None)
        return status


def _plays_a_take(scene: bpy.types.Scene) -> bool:
    return any(chain.armature and take_layers.top(chain.armature) is not None for chain in scene.mocap.chains)


class MOCAP_PT_chains(Panel, bpy.types.Panel):
    bl_label = "Chains"
    bl_parent_id = "MOCAP_PT_main"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        return has_character(context) or len(context.scene.mocap.chains) > 0

    def draw(self, context):
        layout = self.layout
        for index, chain in enumerate(context.scene.mocap.chains):
            box = layout.box()
            row = box.row()
            row.label(text=title(chain), icon="CONSTRAINT_BONE")
            row.operator("mocap.unmark_chain", text="", icon="X").index = index
            column = box.column()
            column.use_property_split = True
            column.use_property_decorate = False
            if chain.armature is not None:
                column.prop_search(chain, "root", chain.armature.data, "bones")
                column.prop_search(chain, "tip", chain.armature.data, "bones")
            column.prop(chain, "target")
            if chain.target is not None and chain.target.type == "ARMATURE":
                column.prop_search(chain, "joint", chain.target.data, "bones")
            column.prop(chain, "solver")
            try:
                bones_of(chain)
            except ChainError as error:
                sentence(box.column(align=True), str(error), "ERROR")
        column = layout.column(align=True)
        column.operator("mocap.mark_chain", icon="ADD")
        column.operator("mocap.solve_chains", icon="CON_SPLINEIK")


CLASSES = (MOCAP_OT_mark_chain, MOCAP_OT_unmark_chain, MOCAP_OT_solve_chains, MOCAP_PT_chains)
