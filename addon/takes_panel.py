"""The sub-panel Takes: the list, what is known of the chosen one, and what can be done with it."""

from typing import ClassVar

import bpy

from . import silence, take_layers, take_list
from .drawing import Panel, sentence
from .refining import refining
from .translations import say

_ICONS = {"READY": "BLANK1", "RECORDING": "REC", "UNFINISHED": "ERROR", "READING": "SORTTIME", "UNREADABLE": "CANCEL"}


class MOCAP_UL_takes(bpy.types.UIList):
    """Star, name and length of each take."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index):
        if self.layout_type == "GRID":
            layout.label(text=item.name)
            return
        layout.prop(item, "star", text="", icon="SOLO_ON" if item.star else "SOLO_OFF", emboss=False)
        split = layout.split(factor=0.72)
        split.prop(item, "name", text="", emboss=False)
        row = split.row()
        row.alignment = "RIGHT"
        if item.state == "READY":
            row.label(text=clock(item.length_s))
        else:
            row.label(text="", icon=_ICONS[item.state])

    def filter_items(self, context, data, property):
        items = getattr(data, property)
        flags = bpy.types.UI_UL_list.filter_items_by_name(self.filter_name, self.bitflag_filter_item, items, "name")
        order = []
        if self.use_filter_sort_alpha:
            order = bpy.types.UI_UL_list.sort_items_by_name(items, "name")
        return flags, order


class MOCAP_PT_takes(Panel, bpy.types.Panel):
    bl_label = "Takes"
    bl_parent_id = "MOCAP_PT_main"
    bl_order = 0

    def draw_header_preset(self, context):
        take_list.look(context)
        if any(item.state == "UNFINISHED" for item in take_list.of(context).items):
            self.layout.label(text="", icon="ERROR")

    def draw(self, context):
        layout = self.layout
        takes = take_list.of(context)
        self._recover(layout, takes)
        row = layout.row()
        row.template_list("MOCAP_UL_takes", "", takes, "items", takes, "index", rows=5 if len(takes.items) > 3 else 4)
        side = row.column(align=True)
        chosen = take_list.chosen(context)
        one = side.column(align=True)
        one.enabled = chosen is not None
        load = one.operator("mocap.load_take", text="", icon="IMPORT")
        load.filepath = chosen.path if chosen is not None else ""
        one.operator("mocap.replay_take", text="", icon="PLAY").filepath = load.filepath
        one.operator("mocap.delete_take", text="", icon="TRASH").filepath = chosen.path if chosen is not None else ""
        side.separator()
        side.operator("mocap.load_take", text="", icon="FILE").filepath = ""
        side.operator("mocap.open_takes_folder", text="", icon="FILE_FOLDER")
        if chosen is not None:
            self._figures(layout, chosen)
        if take_list.problem:
            sentence(layout.column(align=True), take_list.problem, "ERROR")
        self._playing(context, layout)

    def _recover(self, layout, takes):
        unfinished = [item for item in takes.items if item.state == "UNFINISHED"]
        for item in unfinished[:2]:
            box = layout.box().column(align=True)
            sentence(box, f"{item.name} was cut off. What came is kept.", "ERROR")
            box.operator("mocap.recover_take", icon="RECOVER_LAST").filepath = item.path
        if len(unfinished) > 2:
            layout.label(text=say(f"and {len(unfinished) - 2} more"), icon="BLANK1")

    def _figures(self, layout, item):
        column = layout.column(align=True)
        if item.problem:
            sentence(column, item.problem, "ERROR")
        if item.state != "READY":
            return
        rows = [("Length", f"{clock(item.length_s)}, {item.frames} frames")]
        gone = [f"{item.lost} lost"] if item.lost else []
        gone += [f"{item.unseen} with nobody"] if item.unseen else []
        gone += [f"{item.damaged} damaged"] if item.damaged else []
        rows.append(("Drop-outs", ", ".join(gone) or "none"))
        if "," in item.people:
            rows.append(("People", item.people))
        rows.append(("Recorded", item.created))
        for title, value in rows:
            split = column.split(factor=0.32)
            split.label(text=title)
            split.label(text=say(value))

    def _playing(self, context, layout):
        playing = take_layers.top(context.scene.mocap.target)
        row = layout.row(align=True)
        row.label(text=say(f"Plays {playing.name}" if playing else "The character plays no take"), icon="PLAY")
        row.operator("mocap.fit_range", text="", icon="PREVIEW_RANGE")
        row.operator("mocap.remove_take", text="", icon="X")
        if playing is not None and silence.is_silent(playing):
            layout.label(text="Silent while it is captured", icon="MUTE_IPO_OFF")
        layout.operator("mocap.pose_back", icon="LOOP_BACK")


class MOCAP_PT_solve_again(Panel, bpy.types.Panel):
    bl_label = "Solve Again"
    bl_parent_id = "MOCAP_PT_takes"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context):
        item, scene = take_list.chosen(context), context.scene.mocap
        if item is None:
            self.layout.label(text="Choose a take first", icon="INFO")
            return
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        part = column.column(align=True)
        part.prop(item, "start_s", text="Start (s)")
        part.prop(item, "end_s", text="End (s)")
        column.prop(item, "frame")
        column.prop(scene, "smoothness", slider=True)
        column.prop(scene, "contact")
        column.prop(scene.record, "reduce")
        part = column.column(align=True)
        part.active = scene.record.reduce
        part.prop(scene.record, "error_deg", text="Angle (°)")
        part.prop(scene.record, "error_mm", text="Distance (mm)")
        self.layout.operator("mocap.solve_again", icon="FILE_REFRESH").filepath = item.path


class MOCAP_PT_video(Panel, bpy.types.Panel):
    bl_label = "Video"
    bl_parent_id = "MOCAP_PT_takes"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context):
        column = self.layout.column(align=True)
        item = take_list.chosen(context)
        filmed, path = item is not None and item.filmed, "" if item is None else item.path
        if not filmed:
            why = f"No video was kept with {item.name}: record with Keep Video." if item else "Choose a take first"
            sentence(column, why, "INFO")
        part = column.column(align=True)
        part.enabled = filmed
        part.operator("mocap.show_film", icon="IMAGE_REFERENCE").filepath = path
        if refining.running:
            row = column.row(align=True)
            row.progress(factor=refining.progress, text=f"{say(refining.what)} {refining.progress:.0%}")
            row.operator("mocap.cancel_refining", text="", icon="X")
        else:
            part.operator("mocap.refine_take", icon="MODIFIER").filepath = path
        if refining.problem:
            sentence(column, refining.problem, "ERROR")
        elif refining.made is not None:
            sentence(column, f"Made {refining.made.stem}.", "CHECKMARK")


def clock(seconds: float) -> str:
    """Minutes, seconds and tenths: 0:02.5, or 10:00.0."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


CLASSES = (MOCAP_UL_takes, MOCAP_PT_takes, MOCAP_PT_solve_again, MOCAP_PT_video)
