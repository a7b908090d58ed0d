"""What the panels of the tab "Mocap" share: where they are, and text in lines."""

import time
from collections.abc import Callable

import bpy

from .translations import say

TAB = "Mocap"
_LETTER_PX, _BESIDE = 6.8, 8  # of the interface's font at scale 1; letters that icon and margins take


_FRESH_S = 0.25


def fresh(read: Callable) -> Callable:
    """The same function, which for a quarter of a second answers as it did: a panel asks many times a redraw."""
    kept: dict[tuple, tuple[float, object]] = {}

    def asked(*arguments):
        now = time.monotonic()
        if arguments not in kept or now - kept[arguments][0] > _FRESH_S:
            kept[arguments] = now, read(*arguments)
        return kept[arguments][1]

    return asked


class Panel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = TAB
    bl_order = 1


def sentence(column, text: str, icon: str = "NONE", width: int = 0) -> None:
    """A sentence in lines that fit. width: letters a line, by default those that the sidebar has room for."""
    width = width or letters()
    lines = [""]
    for word in say(text).split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    column = column.column(align=True)
    for number, line in enumerate(lines):
        column.label(text=line, icon=icon if number == 0 else ("BLANK1" if icon != "NONE" else "NONE"))


def letters() -> int:
    region, scale = bpy.context.region, bpy.context.preferences.system.ui_scale
    return max(18, int(region.width / (_LETTER_PX * scale)) - _BESIDE) if region and region.width > 1 else 34


def figures(column, rows: list[tuple[str, str]]) -> None:
    """Names and values in two columns."""
    for title, value in rows:
        split = column.split(factor=0.36)
        split.label(text=title)
        split.label(text=say(value))
