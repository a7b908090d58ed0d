"""Whether, how large and where the preview and the ghost are shown: the preferences' part, kept by `machine`."""

import bpy

from . import machine
from .ghost import ghost
from .preview import CORNERS, WIDTHS, preview


def _chosen(name: str, choices: tuple[str, ...]):
    """A getter and a setter of an enumeration."""

    def get(_) -> int:
        value = machine.get(name)
        return choices.index(value if value in choices else machine.DEFAULTS[name])

    def put(_, number: int) -> None:
        machine.put(name, choices[number])
        preview.follow()

    return {"get": get, "set": put, "options": {"SKIP_SAVE"}}


def _switch(name: str, shown):
    def put(_, on: bool) -> None:
        machine.put(name, on)
        shown.follow()

    return {"get": lambda _: machine.get(name), "set": put, "options": {"SKIP_SAVE"}}


class PreviewSettings:
    """Mixed into the preferences; nothing is stored in Blender."""

    preview: bpy.props.BoolProperty(
        name="Preview",
        description="Show what the camera sees and whom the model sees in it, in a corner of the 3D view. The picture "
        "stays on this computer and is kept nowhere",
        **_switch("preview", preview),
    )
    preview_size: bpy.props.EnumProperty(
        name="Size",
        description="How large the preview is",
        items=[(name, name.capitalize(), f"{width} pixels wide") for name, width in WIDTHS.items()],
        **_chosen("preview_size", tuple(WIDTHS)),
    )
    preview_corner: bpy.props.EnumProperty(
        name="Corner",
        description="Where the preview is",
        items=[(name, name.replace("_", " ").title(), "") for name in CORNERS],
        **_chosen("preview_corner", CORNERS),
    )
    ghost: bpy.props.BoolProperty(
        name="Ghost",
        description="Draw the joints that come in over the character, before they are smoothed",
        **_switch("ghost", ghost),
    )
