"""The sub-panel "Models" and its operators, and the advice where the built-in model is too weak."""

from typing import ClassVar

import bpy

from . import machine, models, setting_up, setup_panel
from .core.background import format_bytes
from .core.published import (
    BUILT_IN,
    BUILT_IN_AP,
    BUILT_IN_BYTES,
    BUILT_IN_LICENCE,
    BUILT_IN_REAL_PCK,
    PUBLISHED,
)
from .drawing import Panel, fresh, sentence
from .operators import Operator, require
from .setup_operators import ONLINE
from .translations import say

_suggestion, _report, _speed = fresh(models.suggestion), fresh(models.report), fresh(models.speed)
_is_here, _is_begun = fresh(lambda model: model.is_here), fresh(models.is_begun)


_LEGEND = (
    "AP is COCO val2017's, as published, and of drawn people the built-in model's own, so these two do not compare. "
    "Right is within a fifth of the torso's length. fps is what one person took here when last used."
)


def _model_name():
    return bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})


class MOCAP_OT_fetch_model(Operator, bpy.types.Operator):
    bl_idname = "mocap.fetch_model"
    bl_label = "Download Model"
    bl_description = (
        "Download its weights into your data folder and check them. Goes on from what there is, in the background, and "
        "when Blender is closed"
    )

    model: _model_name()

    @classmethod
    def poll(cls, context):
        return require(cls, bpy.app.online_access, ONLINE) and require(
            cls, setup_panel.situation_now() in ("ready", "older"), "Set up the worker first: it downloads models"
        )

    def run(self, context):
        models.fetch(PUBLISHED[self.model])


class MOCAP_OT_cancel_model(Operator, bpy.types.Operator):
    bl_idname = "mocap.cancel_model"
    bl_label = "Cancel Download"
    bl_description = "End the download. What has come stays, and the next one goes on from there"

    model: _model_name()

    def run(self, context):
        models.cancel(PUBLISHED[self.model])


class MOCAP_OT_delete_model(Operator, bpy.types.Operator):
    bl_idname = "mocap.delete_model"
    bl_label = "Delete Model"
    bl_description = "Delete its downloaded weights, or what has come of them"
    bl_options: ClassVar = {"REGISTER"}

    model: _model_name()

    def invoke(self, context, event):
        model = PUBLISHED[self.model]
        message = say(f"{format_bytes(model.about_bytes)} would have to be downloaded again.")
        return context.window_manager.invoke_confirm(
            self, event, title=say(f"Delete {model.title}?"), message=message, confirm_text="Delete", icon="WARNING"
        )

    def run(self, context):
        models.delete(PUBLISHED[self.model])


class MOCAP_OT_use_model(Operator, bpy.types.Operator):
    bl_idname = "mocap.use_model"
    bl_label = "Use"
    bl_description = "Choose this model for captures"

    model: _model_name()

    def run(self, context):
        machine.put("model", self.model)


class MOCAP_PT_models(Panel, bpy.types.Panel):
    bl_label = "Models"
    bl_parent_id = "MOCAP_PT_main"
    bl_order = 15
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        if not setting_up.is_local():
            sentence(layout, "Models lie on the worker's machine; there, `mocap models` fetches them.", "INFO")
            return
        chosen = machine.get("model")
        column = layout.column(align=True)
        self._row(column, "Built-in", "", not chosen, True)
        size = format_bytes(BUILT_IN_BYTES)
        self._facts(column, [f"{BUILT_IN_AP} AP of drawn people", size, _speed(BUILT_IN), BUILT_IN_LICENCE])
        self._facts(column, [f"{BUILT_IN_REAL_PCK}% of the joints right on a clip of a real person"])
        for model in models.listed():
            report = _report(model)
            column = layout.column(align=True)
            here = _is_here(model)
            self._row(column, model.title, model.name, chosen == model.name, here, report.state, _is_begun(model))
            size = format_bytes(model.about_bytes)
            self._facts(column, [f"{model.ap} AP", size, _speed(model.config), model.licence])
            if report.state == "running":
                setup_panel.progress(column, report)
            elif report.state == "failed":
                sentence(column, report.error, "ERROR")
            elif report.state in ("cancelled", "interrupted") and not _is_here(model):
                sentence(column, "Begun; the download goes on from there.", "INFO")
        sentence(layout, _LEGEND, "INFO")

    def _row(self, column, title, name, chosen, here, state="none", begun=False):
        row = column.row(align=True)
        row.label(text=say(title), icon="RADIOBUT_ON" if chosen else "RADIOBUT_OFF")
        buttons = row.row(align=True)
        buttons.alignment = "RIGHT"
        if state == "running":
            buttons.operator("mocap.cancel_model", text="", icon="X").model = name
        elif here:
            use = buttons.row(align=True)
            use.enabled = not chosen
            use.operator("mocap.use_model").model = name
            if name:
                buttons.operator("mocap.delete_model", text="", icon="TRASH").model = name
        else:
            buttons.operator("mocap.fetch_model", text="", icon="IMPORT").model = name
            if begun:
                buttons.operator("mocap.delete_model", text="", icon="TRASH").model = name

    def _facts(self, column, facts):
        row = column.row()
        row.active = False
        sentence(row, " · ".join(say(fact) for fact in facts if fact), "BLANK1")


def advice(layout) -> None:
    """Why another model would do better for a real person, and the button for it."""
    model = _suggestion()
    if model is None:
        return
    report = _report(model)
    box = layout.box()
    why = f"The built-in model learnt from drawn people and is weak on real ones. {model.title} is not."
    sentence(box, why, "INFO")
    if report.state == "running":
        setup_panel.progress(box, report)
        box.operator("mocap.cancel_model", icon="X").model = model.name
    elif _is_here(model):
        box.operator("mocap.use_model", text=say(f"Use {model.title}"), icon="CHECKMARK").model = model.name
    else:
        if report.state == "failed":
            sentence(box, report.error, "ERROR")
        title = say(f"Download {model.title}, {format_bytes(model.about_bytes)}")
        box.operator("mocap.fetch_model", text=title, icon="IMPORT").model = model.name


CLASSES = (
    MOCAP_OT_fetch_model,
    MOCAP_OT_cancel_model,
    MOCAP_OT_delete_model,
    MOCAP_OT_use_model,
    MOCAP_PT_models,
)
