"""What the panel says of the worker: a notice where it is not set up, and the sub-panel "Worker"."""

from typing import ClassVar

import bpy

from . import machine, preferences, setting_up, sources
from .core import systems, uv, worker_environment
from .core.background import format_bytes
from .core.outdated import Outdated
from .drawing import Panel, figures, fresh, sentence
from .session import session
from .setup_operators import BUILDS, ONLINE
from .translations import say

situation_now, _to_update, _uv = fresh(setting_up.situation), fresh(setting_up.to_update), fresh(uv.find)
_NAMED = 4  # packages
_ICONS = {"ok": "CHECKMARK", "note": "INFO", "missing": "ERROR"}


def notice(layout) -> None:
    """What keeps the worker from being started, if anything, with the button for it. What is played in Blender needs
    none."""
    situation, report = situation_now(), setting_up.report()
    if situation == "running":
        box = layout.box()
        sentence(box, "Setting up the worker", "SORTTIME")
        progress(box, report)
        row = box.row(align=True)
        row.operator("mocap.setup_cancel", icon="X")
        row.operator("mocap.setup_log", icon="TEXT")
        return
    ended = report.state in ("failed", "cancelled", "interrupted")
    if situation == "elsewhere" or not (ended or sources.needs_worker()):
        return
    if situation == "wrong":
        box = layout.box()
        program = machine.get("worker")
        sentence(box, f"The worker {program}, which the preferences name, is not there.", "ERROR")
        box.operator("mocap.forget_program", icon="VIEWZOOM")
        return
    if situation == "ready" and not ended:
        return
    box = layout.box()
    if ended:
        row = box.row()
        sentence(row, _ended(report), "INFO" if report.state == "cancelled" else "ERROR")
        row.operator("mocap.setup_dismiss", text="", icon="X", emboss=False)
    elif situation == "older":
        sentence(box, "The add-on brings a newer worker than the one that is set up.", "INFO")
    else:
        sentence(box, "The worker is not set up yet", "INFO")
        sentence(box, "It films you and finds your joints, in a Python of its own beside Blender.", "BLANK1")
        sentence(box, "Test Motion and takes play without it.", "BLANK1")
    if not bpy.app.online_access:
        sentence(box, f"Blender may not go online. {ONLINE}.", "ERROR")
        box.operator("mocap.online_preferences", icon="PREFERENCES")
    if situation == "older":
        sentence(box, to_fetch(_to_update(), _uv() is None), "BLANK1")
    row = box.row(align=True)
    row.scale_y = 1.3
    if situation == "older":
        row.operator("mocap.update_worker", icon="IMPORT")
    else:
        row.operator("mocap.setup_worker", text="Go On…" if ended else "Set Up Worker…", icon="IMPORT")
    if ended:
        row.operator("mocap.setup_log", text="", icon="TEXT")


def progress(layout, report) -> None:
    """A job's bar, with what it does and how far it is."""
    if report.progress is None:
        layout.progress(factor=0.0, text=f"{say(report.title)} …")
        return
    layout.progress(factor=report.progress, text=f"{say(report.title)} {report.progress:.0%}")
    layout.label(text=say(f"{format_bytes(report.done)} of {format_bytes(report.total)}"), icon="BLANK1")


def _ended(report) -> str:
    return {
        "cancelled": "The set-up was cancelled. It goes on from where it was.",
        "interrupted": "The set-up was cut off. It goes on from where it was.",
    }.get(report.state) or f"The set-up failed: {report.error}"


def to_fetch(found: Outdated | None, with_uv: bool) -> str:
    """What the button for an update will download, a sentence."""
    if found is None:
        return "Downloads what has changed."
    count = found.about_bytes + (uv.ABOUT_BYTES if with_uv else 0.0)
    names = [*found.changed, *found.new, *(["uv"] if with_uv else [])]
    if not names:
        return "Everything that it needs is here already: hardly anything is downloaded."
    listed = ", ".join(names[:_NAMED]) + (f" (+{len(names) - _NAMED})" if len(names) > _NAMED else "")
    if not found.changed and not with_uv:  # of what is new no size is known
        return f"Downloads what is new: {listed}."
    return f"Downloads about {format_bytes(max(count, 1e6))}: {listed}."


class MOCAP_PT_worker(Panel, bpy.types.Panel):
    bl_label = "Worker"
    bl_parent_id = "MOCAP_PT_main"
    bl_order = 20
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        settings = preferences.of(context)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "worker_address", text="Address")
        row = column.row()
        row.active = not setting_up.is_local()
        row.prop(settings, "key")
        row.operator("mocap.make_key", text="", icon="FILE_NEW")
        if setting_up.is_local():
            self._here(layout)
        else:
            self._elsewhere(layout)

    def _here(self, layout):
        made = worker_environment.made()
        column = layout.column(align=True)
        if made is not None:
            build = next((name for key, name, _ in BUILDS if key == made.backend), made.backend)
            figures(column, [("Installed", f"version {made.version}"), ("PyTorch", build)])
        else:
            column.label(text="On this machine", icon="DESKTOP")
        column = layout.column(align=True)
        if situation_now() == "older":
            column.operator("mocap.update_worker", icon="IMPORT")
        row = column.row(align=True)
        row.operator("mocap.check_worker", icon="VIEWZOOM")
        row.operator("mocap.worker_log", text="", icon="TEXT")
        row = column.row(align=True)
        row.operator_context = "INVOKE_DEFAULT"
        row.operator("mocap.setup_worker", text="Repair…" if made else "Set Up…", icon="TOOL_SETTINGS").repair = (
            made is not None
        )
        remove = row.row(align=True)
        remove.enabled = made is not None
        remove.operator("mocap.remove_worker", text="Remove…", icon="TRASH")
        self._findings(layout)
        if systems.worker_must_start_outside():
            sentence(
                layout,
                "macOS may keep the camera from what Blender starts. Then start the worker in Terminal.",
                "INFO",
            )
        layout.operator("mocap.copy_worker_command", text="Copy Command for a Terminal", icon="COPYDOWN")

    def _findings(self, layout):
        if setting_up.checking():
            layout.label(text="Looking …", icon="SORTTIME")
        for finding in setting_up.findings() or ():
            column = layout.column(align=True)
            text = f"{say(finding['subject'] + ':')} {say(finding['text'])}"
            sentence(column, text, _ICONS.get(finding["state"], "DOT"))
            if finding["remedy"]:
                sentence(column, finding["remedy"], "BLANK1")

    def _elsewhere(self, layout):
        link = session.link
        if not machine.get("key"):
            sentence(layout, "A worker on another machine needs a key: the same here and there.", "ERROR")
        elif link is not None and link.problem:
            sentence(layout, link.problem, "ERROR")
        elif link is None:
            sentence(layout, "On another machine. Start Capture connects to it.", "NETWORK_DRIVE")
        elif link.status is None:
            sentence(layout, "It has not answered yet.", "SORTTIME")
        else:
            sentence(layout, f"It answers: {link.status.state}.", "CHECKMARK")
        sentence(layout, "There, with the key in the variable MOCAP_KEY:")
        port = machine.get("worker_address").rpartition(":")[2]
        sentence(layout, f"mocap run --bind 0.0.0.0 --control-port {port}", "CONSOLE")


CLASSES = (MOCAP_PT_worker,)
