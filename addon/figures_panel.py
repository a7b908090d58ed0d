"""The sub-panel "Figures": how fast, how late and how well, while something is captured."""

from typing import ClassVar

import bpy

from .drawing import Panel, figures, sentence
from .session import session
from .translations import say

_STAGES = (
    ("worker", "In the worker"),
    ("travel", "On the way"),
    ("blender", "In Blender"),
)


class MOCAP_PT_figures(Panel, bpy.types.Panel):
    bl_label = "Figures"
    bl_parent_id = "MOCAP_PT_main"
    bl_order = 10
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        stats = session.stats()
        if stats["state"] == "off":
            layout.label(text="Start a capture first", icon="INFO")
            return
        worker = stats["worker"]
        rows = [("Poses", f"{stats['fps']:.0f} a second")]
        if worker.get("model"):
            rows.append(("Model", f"{worker['model']} on {worker.get('device', '')}"))
        figures(layout.column(align=True), rows)
        self._latency(layout, stats)
        self._packets(layout, stats)
        self._quality(layout, stats)

    def _latency(self, layout, stats):
        column = layout.column(align=True)
        _line(column, "Latency, ms", "p50", "p95")
        total = stats["latency_ms"]
        if total is None:
            column.label(text="not known yet", icon="BLANK1")
            return
        _line(column, "Grab to pose", *_pair(total))
        for name, title in _STAGES:
            if stats["latency_stages_ms"][name]:
                _line(column, title, *_pair(stats["latency_stages_ms"][name]), inside=True)
            if name == "worker" and "inference_ms_p50" in stats["worker"]:
                pair = {name: stats["worker"][f"inference_ms_{name}"] for name in ("p50", "p95")}
                _line(column, "of it the model", *_pair(pair), inside=True)
        sentence(column, "From the frame's grab until the bones are posed; drawing it comes on top.", "INFO")

    def _packets(self, layout, stats):
        names = ("received", "lost", "late", "reordered", "bad")
        figures(layout.column(align=True), [(name.capitalize(), f"{stats[name]:,}") for name in names])

    def _quality(self, layout, stats):
        column = layout.column(align=True)
        column.label(text="How well each limb is seen")
        quality = stats["quality"]
        if quality is None:
            nobody = stats["state"] in ("capturing", "recording")
            column.label(text="Nobody in view" if nobody else "Nothing comes in", icon="GHOST_DISABLED")
            return
        for limb, score in quality.items():
            column.progress(factor=score, text=f"{say(limb)} {score:.0%}")


def _pair(times: dict) -> tuple[str, str]:
    return f"{times['p50']:.1f}", f"{times['p95']:.1f}"


def _line(column, title: str, *values: str, inside: bool = False) -> None:
    row = column.row(align=True)
    split = row.split(factor=0.56)
    split.label(text=title, icon="BLANK1" if inside else "NONE")
    right = split.row(align=True)
    for value in values:
        cell = right.row()
        cell.alignment = "RIGHT"
        cell.label(text=say(value))


CLASSES = (MOCAP_PT_figures,)
